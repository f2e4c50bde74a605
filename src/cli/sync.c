#include "sync.h"
#include "command.h"
#include "dryrun.h"
#include "flexsync/cleanup.h"
#include "flexsync/engine.h"
#include "flexsync/lock.h"
#include "flexsync/text.h"
#include "progress.h"
#include "render.h"

#include <signal.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

struct sync {
    struct log *log;
    sd_event *event;
    struct engine *engine;
    sd_event_source *timer;
    sd_event_source *signals[2];
    bool terminal, stopped;
    struct engine_result result;
};

static void on_finished(void *arg, const struct engine_result *result)
{
    struct sync *sync = arg;
    sync->result = *result;
    (void)sd_event_exit(sync->event, 0);
}

static void arm(struct sync *sync)
{
    (void)sd_event_source_set_time_relative(sync->timer,
                                            (uint64_t)(sync->terminal ? PROGRESS_REDRAW : PROGRESS_LINE));
    (void)sd_event_source_set_enabled(sync->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
    (void)source, (void)usec;
    struct sync *sync = user;
    struct facts facts;
    engine_facts(sync->engine, &facts);
    char line[FACTS_LINE_MAX];
    progress_show(&facts, facts_line(line, sizeof line, &facts), sync->terminal);
    arm(sync);
    return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *user)
{
    (void)source, (void)info;
    struct sync *sync = user;
    if (!sync->stopped) {
        progress_clear(sync->terminal);
        command_say("stopping; what has come is being stored");
    }
    sync->stopped = true;
    engine_stop(sync->engine);
    return 0;
}

static int add_sources(struct sync *sync, struct error *err)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    int r = sd_event_new(&sync->event);
    for (size_t i = 0; r >= 0 && i < ARRAY_LENGTH(numbers); i++)
        r = sd_event_add_signal(sync->event, &sync->signals[i], numbers[i] | SD_EVENT_SIGNAL_PROCMASK,
                                on_signal, sync);
    if (r >= 0)
        r = sd_event_add_time_relative(sync->event, &sync->timer, CLOCK_MONOTONIC, 0, 1, on_timer, sync);
    if (r >= 0)
        r = sd_event_source_set_enabled(sync->timer, SD_EVENT_OFF);
    return r < 0 ? error_set(err, ERROR_SYSTEM, RETRY_LATER, "cannot set up the event loop: %s", strerror(-r))
                 : 0;
}

static int set_up(struct sync *sync, struct call *call, struct error *err)
{
    struct log_options log_options = {.level = (enum log_level)call->config->log.level,
                                      .file = call->config->log.file,
                                      .error_file = call->config->log.error_file,
                                      .people = true};
    if (call->dry_run) /* a log of what did not happen would mislead */
        log_options.file = log_options.error_file = NULL;
    if (log_new(&sync->log, &log_options, err) < 0 || add_sources(sync, err) < 0)
        return -1;
    const struct engine_options options = {.event = sync->event,
                                           .clock = &clock_system,
                                           .log = sync->log,
                                           .program = "flexsync",
                                           .trial = call->dry_run,
                                           .finished = on_finished,
                                           .arg = sync};
    sync->terminal = isatty(STDERR_FILENO) != 0;
    return engine_new(&sync->engine, take_pointer(call->config), &options, err);
}

static void tell_summary(const struct engine_result *result)
{
    char line[ERROR_LINE_MAX];
    if (result->status == SYNC_FAILED) /* nothing to hand on, but something to say */
        command_say("%s", error_line(line, result->error.code, result->summary));
    else
        render_sentence(stdout, 0, result->summary);
}

/* Ids that are nobody's, and a quota that is used up. Returns whether there was such a thing. */
static bool tell_causes(const struct engine_result *result)
{
    char at[TEXT_MAX];
    bool spent = result->resumes_at && result->error.code == ERROR_QUOTA;
    for (size_t i = 0; i < result->unknown_count; i++)
        command_say("there is no contact %.80s; flexsync list shows them", result->unknown[i]);
    if (spent)
        command_say("the request quota is used up; sync again after %s; how it is used: flexsync "
                    "quota",
                    text_format_local(at, result->resumes_at, clock_wall(&clock_system)));
    return spent || result->unknown_count > 0;
}

void sync_tell(const struct engine_result *result)
{
    const struct exit_kind *partial = exit_kind_of(EXIT_STATUS_PARTIAL);
    char line[ERROR_LINE_MAX];
    tell_summary(result);
    bool told = tell_causes(result);
    if (!told && result->exit_status == EXIT_STATUS_PARTIAL)
        command_say("%s; the next sync goes on; why: %s", partial->means, partial->next);
    else if (!told && result->status == SYNC_PARTIAL)
        command_say("%s", error_line(line, result->error.code,
                                     result->error.text[0] ? result->error.text : result->summary));
}

/* What the run leaves for the next one, for who has just stopped it. */
static void tell_stopped(struct sync *sync, const struct call *call)
{
    struct read_counts counts;
    struct error err;
    char n[TEXT_MAX];
    tell_summary(&sync->result);
    if (call->dry_run)
        command_say("stopped; nothing was changed");
    else if (read_counts(engine_store(sync->engine), &entity_contacts, &counts, &err) < 0)
        command_say("stopped; everything received is stored");
    else
        command_say("stopped; everything received is stored, %s record%s still to be fetched; to go "
                    "on: flexsync sync",
                    text_format_count(n, counts.waiting), counts.waiting == 1 ? " is" : "s are");
}

/* What a dry run found, if it found anything. */
static int tell_found(struct sync *sync, const struct dryrun *dryrun, const struct call *call)
{
    struct error err;
    if (dryrun_tell(dryrun, engine_store(sync->engine), engine_config(sync->engine), call->word_count > 0,
                    &err) < 0)
        return command_failed(&err);
    return sync->result.exit_status;
}

static int run(struct sync *sync, const struct call *call)
{
    struct dryrun dryrun;
    const struct engine_request request = {.trigger = TRIGGER_MANUAL,
                                           .full = call->full,
                                           .accept_vanished = call->accept_vanished,
                                           .ids = (const char *const *)call->words,
                                           .id_count = (size_t)call->word_count};
    struct error err;
    if ((call->dry_run && dryrun_begin(&dryrun, engine_store(sync->engine), &err) < 0) ||
        engine_sync(sync->engine, &request, NULL, &err) < 0)
        return command_failed(&err);
    arm(sync);
    if (sd_event_loop(sync->event) < 0)
        return error_exit_status(ERROR_SYSTEM);
    progress_clear(sync->terminal);
    bool found = call->dry_run && !sync->stopped && sync->result.status != SYNC_FAILED;
    int status = found ? tell_found(sync, &dryrun, call) : sync->result.exit_status;
    if (sync->stopped)
        tell_stopped(sync, call);
    else if (found)
        (void)tell_causes(&sync->result);
    else
        sync_tell(&sync->result);
    return status;
}

/* Who holds the database is said before a key is asked for, which here only the daemon may have. */
static int prepare(struct call *call, struct error *err)
{
    struct lock_holder holder;
    int lock = -1;
    if (!call->dry_run && lock_holder(call->config->database.path, &holder) > 0 &&
        (lock = lock_take(call->config->database.path, "flexsync", err)) < 0)
        return -1;
    if (lock >= 0)
        (void)close(lock); /* the holder has just ended */
    return command_needs_site(call, stderr, err);
}

static int sync_here(struct call *call)
{
    struct sync sync = {0};
    struct error err;
    int status =
        prepare(call, &err) < 0 || set_up(&sync, call, &err) < 0 ? command_failed(&err) : run(&sync, call);
    (void)engine_free(sync.engine);
    for (size_t i = 0; i < ARRAY_LENGTH(sync.signals); i++)
        (void)sd_event_source_disable_unref(sync.signals[i]);
    (void)sd_event_source_disable_unref(sync.timer);
    (void)sd_event_unref(sync.event);
    (void)log_free(sync.log);
    return status;
}

int command_sync(struct call *call)
{
    struct lock_holder holder;
    int status = EXIT_STATUS_DONE;
    if (call->full && call->word_count > 0) {
        command_say("--full fetches everybody: leave it out, or the ids; try: flexsync sync --help");
        return error_exit_status(ERROR_USAGE);
    }
    /* A dry run needs no lock, and so nobody who has it. */
    if (!call->dry_run && lock_holder(call->config->database.path, &holder) > 0 &&
        sync_follow(call, &holder, &status) > 0)
        return status;
    return sync_here(call);
}
