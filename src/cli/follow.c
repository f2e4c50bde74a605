/* `flexsync sync` where the daemon runs: asks it, and shows what it does. */
#include "ask.h"
#include "command.h"
#include "flexsync/cleanup.h"
#include "progress.h"
#include "sync.h"

#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <unistd.h>

struct follow {
    struct ask ask;
    sd_event *event;
    sd_event_source *io;
    sd_event_source *silence; /* the daemon has not said a word for long */
    sd_event_source *signals[2];
    bool terminal, interrupted;
    int64_t shown_at; /* monotonic: the last line of progress */
    int r;            /* 1: ended with a result, -1: with the error */
    struct varlink_reply reply;
    struct error error;
};

static void end(struct follow *follow, int r)
{
    follow->r = r;
    (void)sd_event_exit(follow->event, 0);
}

static void show(struct follow *follow, const json_t *progress)
{
    struct facts facts;
    char line[FACTS_LINE_MAX];
    int64_t now = clock_monotonic(&clock_system);
    if (!json_is_object(progress) || (!follow->terminal && now - follow->shown_at < PROGRESS_LINE))
        return;
    follow->shown_at = now;
    ask_progress(progress, &facts, line);
    progress_show(&facts, line, follow->terminal);
}

/* 1: the result is here, 0: there is more to come, -1: there is none. */
static int take_replies(struct follow *follow)
{
    struct varlink_reply reply;
    int r;
    while ((r = ask_next(&follow->ask, &reply, &follow->error)) > 0) {
        if (!reply.continues) {
            follow->reply = reply;
            return reply.error ? ask_refused(&follow->ask, &reply, &follow->error) : 1;
        }
        show(follow, json_object_get(reply.parameters, "progress"));
        json_decref(reply.root);
    }
    return r;
}

static void arm_silence(struct follow *follow)
{
    (void)sd_event_source_set_time_relative(follow->silence, (uint64_t)ASK_SILENCE);
    (void)sd_event_source_set_enabled(follow->silence, SD_EVENT_ONESHOT);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *user)
{
    (void)source, (void)fd, (void)revents;
    struct follow *follow = user;
    int hung_up = ask_read(&follow->ask, &follow->error);
    int r = take_replies(follow);
    arm_silence(follow);
    if (r != 0 || hung_up < 0)
        end(follow, r > 0 ? 1 : -1);
    return 0;
}

static int on_silence(sd_event_source *source, uint64_t usec, void *user)
{
    (void)source, (void)usec;
    struct follow *follow = user;
    (void)error_set(
        &follow->error, ERROR_LOCKED, RETRY_LATER,
        "flexsyncd (process %d) has not said a word for a minute; journalctl -u flexsyncd tells more",
        follow->ask.holder->pid);
    end(follow, -1);
    return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *user)
{
    (void)source, (void)info;
    struct follow *follow = user;
    follow->interrupted = true;
    end(follow, 0);
    return 0;
}

static int set_up(struct follow *follow)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    int r = sd_event_new(&follow->event);
    for (size_t i = 0; r >= 0 && i < ARRAY_LENGTH(numbers); i++)
        r = sd_event_add_signal(follow->event, &follow->signals[i], numbers[i] | SD_EVENT_SIGNAL_PROCMASK,
                                on_signal, follow);
    if (r >= 0)
        r = sd_event_add_io(follow->event, &follow->io, follow->ask.wire.fd, EPOLLIN, on_io, follow);
    if (r >= 0)
        r = sd_event_add_time_relative(follow->event, &follow->silence, CLOCK_MONOTONIC, 0, 1, on_silence,
                                       follow);
    if (r >= 0)
        arm_silence(follow);
    return r < 0 ? error_set(&follow->error, ERROR_SYSTEM, RETRY_LATER, "cannot set up the event loop: %s",
                             strerror(-r))
                 : 0;
}

static json_t *parameters_of(const struct call *call)
{
    json_t *parameters =
        json_pack("{s:b, s:b}", "full", call->full, "accept_vanished", call->accept_vanished);
    json_t *ids = call->word_count > 0 ? json_array() : NULL;
    for (int i = 0; i < call->word_count; i++)
        (void)json_array_append_new(ids, varlink_text(call->words[i]));
    if (ids)
        (void)json_object_set_new(parameters, "ids", ids);
    return parameters;
}

static int tell(struct follow *follow)
{
    struct engine_result result;
    progress_clear(follow->terminal);
    if (follow->interrupted) {
        command_say("not followed any more; flexsyncd (process %d) goes on with the sync, and "
                    "stores what it brings; how it is: flexsync status",
                    follow->ask.holder->pid);
        return EXIT_STATUS_PARTIAL;
    }
    if (follow->r < 0)
        return command_failed(&follow->error);
    ask_result(json_object_get(follow->reply.parameters, "result"), &result);
    sync_tell(&result);
    free((void *)result.unknown);
    return result.exit_status;
}

static int run(struct follow *follow, const struct call *call)
{
    follow->terminal = isatty(STDERR_FILENO) != 0;
    follow->shown_at = clock_monotonic(&clock_system);
    if (set_up(follow) < 0 ||
        ask_send(&follow->ask, "io.flexsync.Sync", parameters_of(call), true, &follow->error) < 0)
        follow->r = -1;
    else if (sd_event_loop(follow->event) < 0)
        follow->r = error_set(&follow->error, ERROR_SYSTEM, RETRY_LATER, "the event loop failed");
    return tell(follow);
}

int sync_follow(const struct call *call, const struct lock_holder *holder, int *ret_status)
{
    struct follow follow = {0};
    int r = ask_open(&follow.ask, holder, &follow.error);
    if (r == 0)
        return 0;
    *ret_status = r < 0 ? command_failed(&follow.error) : run(&follow, call);
    json_decref(follow.reply.root);
    (void)sd_event_source_disable_unref(follow.io);
    (void)sd_event_source_disable_unref(follow.silence);
    for (size_t i = 0; i < ARRAY_LENGTH(follow.signals); i++)
        (void)sd_event_source_disable_unref(follow.signals[i]);
    (void)sd_event_unref(follow.event);
    if (r > 0)
        ask_close(&follow.ask);
    return 1;
}
