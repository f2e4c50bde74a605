#include "status.h"

#include "ask.h"
#include "flexsync/clock.h"
#include "flexsync/engine.h"
#include "flexsync/ledger.h"
#include "flexsync/text.h"
#include "render.h"

#include <unistd.h>

#define MAX_AGE_INTERVALS 4 /* of sync.interval: syncs that may go wrong before somebody is called */
#define MAX_AGE_LEAST     USEC_PER_HOUR

const struct waiting_name waiting_names[WAITING_CLASSES] = {
    [WAITING_NEW] = {"new", "new"},
    [WAITING_CHANGED] = {"changed", "changed"},
    [WAITING_PLANNED] = {"planned", "chosen to be looked at again"},
    [WAITING_OTHER] = {"other", "asked for, or missing in a listing"},
    [WAITING_FAILED] = {"failed", "after a failure"},
};

static int read_copy(struct summary *summary, struct error *err)
{
    struct store *store = NULL;
    if (command_store(summary->config, &store, err) < 0)
        return -1;
    int r = overview_read(&summary->copy, store, clock_wall(&clock_system), err);
    (void)store_close(store);
    return r;
}

static void judge(struct summary *summary, int64_t max_age)
{
    const struct overview *copy = &summary->copy;
    const int64_t usual = MAX_AGE_INTERVALS * summary->config->sync.interval;
    const bool dated = summary->counted && summary->quota.date;
    const struct health_input input = {
        .now = copy->now,
        .max_age = max_age                 ? max_age
                   : usual > MAX_AGE_LEAST ? usual
                                           : MAX_AGE_LEAST,
        .unread = summary->unread.code ? &summary->unread : NULL,
        .held = summary->held,
        .program = summary->holder.program,
        .process = summary->holder.pid,
        .daemon = summary->asked > 0 ? &summary->daemon : NULL,
        .ended = copy->ended ? &copy->end : NULL,
        .success_at = copy->success_at,
        .clock_ahead = dated ? summary->quota.wall - summary->quota.date : 0,
    };
    health_judge(&summary->health, &input);
}

int summary_read(struct summary *ret, const struct config *config, int64_t max_age, struct error *err)
{
    *ret = (struct summary){.config = config, .limits = engine_quota(config)};
    ret->held = lock_holder(config->database.path, &ret->holder);
    if (ret->held > 0)
        ret->asked = ask_status(&ret->holder, &ret->daemon, ret->line, &ret->asking);
    if (read_copy(ret, &ret->unread) == 0)
        ret->unread.code = ERROR_NONE;
    else
        ret->copy = (struct overview){.now = clock_wall(&clock_system)};
    ret->counted = ledger_look(config->limits.ledger, ret->copy.now, &ret->quota, &ret->ledger) >= 0;
    if (ret->copy.counts.unfetched > 0 && ret->counted)
        ret->filled_at = overview_filled_at(&ret->copy, &ret->quota, &ret->limits, config->limits.rate);
    judge(ret, max_age);
    if (ret->unread.code == ERROR_NONE)
        return 0;
    *err = ret->unread;
    return -1;
}

int64_t summary_pause(const struct summary *summary, enum quota_window *ret_window)
{
    const struct overview *copy = &summary->copy;
    enum quota_work work = copy->counts.unfetched > 0 ? QUOTA_FILL : QUOTA_BACKGROUND;
    int64_t wait = summary->counted ? quota_wait(&summary->quota, &summary->limits, work, ret_window) : 0;
    return wait > 0 ? copy->now + wait : 0;
}

static int read_max_age(const struct call *call, int64_t *ret, struct error *err)
{
    *ret = 0;
    if (!call->max_age || (text_parse_duration(call->max_age, ret) == 0 && *ret > 0))
        return 0;
    return error_set(err, ERROR_USAGE, RETRY_NEVER,
                     "--max-age takes a time with its unit (1h, 90min, 2d), not \"%.80s\"", call->max_age);
}

static int show_once(const struct call *call)
{
    struct error err;
    struct summary summary;
    int64_t max_age = 0;
    if (read_max_age(call, &max_age, &err) < 0)
        return command_verdict(call, command_failed(&err));
    int status = EXIT_STATUS_DONE, r = summary_read(&summary, call->config, max_age, &err);
    if (r < 0)
        status = command_failed(&err);
    if (call->json)
        (void)render_json(stdout, summary_json(&summary));
    else if (r == 0)
        summary_print(stdout, &summary);
    if (summary.asked < 0) /* what the database says was said */
        (void)fprintf(stderr, "flexsync: %s\n", summary.asking.text);
    return call->exit_code ? (int)summary.health.level : status;
}

/* One line, for those who read nothing else: Nagios takes stdout and the exit status. */
int command_health(struct call *call)
{
    struct error err;
    struct summary summary;
    int64_t max_age = 0;
    if (read_max_age(call, &max_age, &err) < 0)
        return command_verdict(call, command_failed(&err));
    (void)summary_read(&summary, call->config, max_age, &err); /* the verdict has what is wrong */
    const struct health *health = &summary.health;
    (void)printf("%s: %s: %s\n", health_level_names[health->level], health_kinds[health->state].name,
                 health->text);
    return (int)health->level;
}

int command_status(struct call *call)
{
    struct error err;
    if (!call->watch)
        return show_once(call);
    if (isatty(STDOUT_FILENO) && !call->json)
        return status_watch(call->config);
    (void)error_set(&err, ERROR_USAGE, RETRY_NEVER,
                    "--watch draws on a terminal; a program asks again by flexsync status --json");
    return command_failed(&err);
}
