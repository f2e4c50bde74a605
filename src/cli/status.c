#include "status.h"

#include "ask.h"
#include "flexsync/clock.h"
#include "flexsync/engine.h"
#include "flexsync/ledger.h"
#include "render.h"

#include <unistd.h>

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

int summary_read(struct summary *ret, const struct config *config, struct error *err)
{
    *ret = (struct summary){.config = config, .limits = engine_quota(config)};
    ret->held = lock_holder(config->database.path, &ret->holder);
    if (ret->held > 0)
        ret->asked = ask_status(&ret->holder, &ret->daemon, ret->line, &ret->asking);
    if (read_copy(ret, err) < 0)
        return -1;
    ret->counted = ledger_look(config->limits.ledger, ret->copy.now, &ret->quota, &ret->ledger) >= 0;
    if (ret->copy.counts.unfetched > 0 && ret->counted)
        ret->filled_at = overview_filled_at(&ret->copy, &ret->quota, &ret->limits, config->limits.rate);
    return 0;
}

int64_t summary_pause(const struct summary *summary, enum quota_window *ret_window)
{
    const struct overview *copy = &summary->copy;
    enum quota_work work = copy->counts.unfetched > 0 ? QUOTA_FILL : QUOTA_BACKGROUND;
    int64_t wait = summary->counted ? quota_wait(&summary->quota, &summary->limits, work, ret_window) : 0;
    return wait > 0 ? copy->now + wait : 0;
}

static int show_once(const struct call *call)
{
    struct error err;
    struct summary summary;
    if (summary_read(&summary, call->config, &err) < 0)
        return command_failed(&err);
    if (call->json)
        (void)render_json(stdout, summary_json(&summary));
    else
        summary_print(stdout, &summary);
    if (summary.asked < 0) /* what the database says was said */
        (void)fprintf(stderr, "flexsync: %s\n", summary.asking.text);
    return EXIT_STATUS_DONE;
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
