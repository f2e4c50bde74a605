#include "cycle_internal.h"

#include "flexsync/cleanup.h"
#include "flexsync/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORE_TRIES_MAX     5
#define STORE_TRIES_STOPPED 2 /* somebody waits for the end */
#define STORE_RETRY_DELAY   USEC_PER_SEC
#define VANISHED_ALWAYS     5                   /* so many may go at once in any site */
#define AUDITS_KEEP         (92 * USEC_PER_DAY) /* three times what the freshness is measured over */

int64_t cycle_wall(const struct cycle *cycle)
{
    return clock_wall(cycle->options.clock);
}

int64_t cycle_now(const struct cycle *cycle)
{
    return clock_monotonic(cycle->options.clock);
}

void cycle_report(const struct cycle *cycle, enum event event, const char *format, ...)
{
    char text[LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cycle->options.report(cycle->options.arg, event, text);
}

bool cycle_too_many(const struct cycle *cycle, int64_t count, int64_t active)
{
    return !cycle->options.accept_vanished && count > VANISHED_ALWAYS &&
           count * 100 > cycle->options.max_vanished * active;
}

void cycle_count_cost(struct cycle *cycle)
{
    const struct fetch_stats *now = cycle->source.stats(cycle->source.self), *then = &cycle->cost_at;
    cycle->row.cost = (struct fetch_stats){
        .requests = now->requests - then->requests,
        .retries = now->retries - then->retries,
        .throttled = now->throttled - then->throttled,
        .bytes = now->bytes - then->bytes,
        .waited_ms = now->waited_ms - then->waited_ms,
    };
}

void cycle_halt(struct cycle *cycle, enum fetch_outcome outcome, const struct error *err)
{
    enum halt why = outcome == FETCH_UNAVAILABLE ? HALT_UNAVAILABLE
                    : outcome == FETCH_THROTTLED ? HALT_THROTTLED
                    : outcome == FETCH_REFUSED   ? HALT_REFUSED
                                                 : HALT_STOPPED;
    if (why <= cycle->halt)
        return;
    cycle->halt = why;
    if (cycle->row.status != SYNC_FAILED) /* else the failure has cancelled it, and is what to tell */
        cycle->error = *err;
}

void cycle_halt_storm(struct cycle *cycle)
{
    cycle->storm = true;
    if (cycle->halt != HALT_NOT)
        return;
    cycle->halt = HALT_STORM;
    (void)error_set(&cycle->error, ERROR_ANSWER, RETRY_LATER,
                    "the server does not know most of the %s that it lists: that is taken for a fault of "
                    "the server, no row was changed; flexsync check shows what it answers",
                    cycle->options.entity->name);
}

void cycle_fail(struct cycle *cycle, const struct error *err)
{
    cycle->error = *err;
    cycle->row.status = SYNC_FAILED;
    if (cycle->under_way > 0 || cycle->listing_asked)
        cycle->source.cancel(cycle->source.self);
    cycle->phase = CYCLE_FINISH;
}

/* Did the server refuse to sort? A full cycle forgets it, and so finds out again. */
static int recall_sort(struct cycle *cycle, bool *ret_refused, struct error *err)
{
    CLEANUP_FREE char *text = NULL;
    if (cycle->sink.meta_get(cycle->sink.self, "listing.sort", &text, err) < 0)
        return -1;
    bool refused = text && strcmp(text, "refused") == 0;
    if (refused && cycle->options.full) {
        refused = false;
        if (cycle->sink.meta_set(cycle->sink.self, "listing.sort", "", cycle_wall(cycle), err) < 0)
            return -1;
    }
    *ret_refused = refused;
    return 0;
}

static void begin_listing(struct cycle *cycle)
{
    const struct cycle_options *options = &cycle->options;
    cycle->asked_size = stats_page_size(&cycle->stats, options->page_size, cycle_wall(cycle) / USEC_PER_SEC);
    listing_begin(&cycle->listing, options->entity->paged, cycle->asked_size);
}

static int do_begin(struct cycle *cycle, enum cycle_advance *ret, int64_t *ret_at, struct error *err)
{
    (void)ret, (void)ret_at;
    bool refused = false;
    if (recall_sort(cycle, &refused, err) < 0 || stats_load(&cycle->stats, &cycle->sink, err) < 0 ||
        cycle_ask(cycle, err) < 0 || cycle_choose_reading(cycle, err) < 0 ||
        cycle->sink.stage_begin(cycle->sink.self, err) < 0)
        return -1;
    begin_listing(cycle);
    if (cycle_resume_listing(cycle, err) < 0 ||
        cycle->sink.cycle_begin(cycle->sink.self, &cycle->row, err) < 0)
        return -1;
    cycle->stats_before = cycle->stats;
    cycle->sorted = !refused;
    if (!cycle->lists)
        cycle->row.counts.listed = SYNC_UNKNOWN;
    cycle->phase = CYCLE_LIST;
    const struct cycle_options *options = &cycle->options;
    cycle_report(cycle, EVENT_CYCLE_BEGUN, "%s: sync begins (%s%s%s)", options->entity->name,
                 sync_trigger_names[options->trigger], options->full ? ", full" : "",
                 options->id_count ? ", asked for" : "");
    return 0;
}

/* Ids that are nobody's are a mistake of who asked. */
static void say_unknown(struct cycle *cycle)
{
    (void)error_set(&cycle->error, ERROR_USAGE, RETRY_NEVER,
                    "of the ids that were asked for %zu of %zu are nobody's; flexsync list shows them",
                    cycle_count_unknown(cycle), cycle->options.id_count);
    (void)snprintf(cycle->row.error_message, sizeof cycle->row.error_message, "%s", cycle->error.text);
}

/* A server that has lost its records may take days to find them: that is not worth the quota of a month. */
static int64_t storm_pause(const struct cycle *cycle)
{
    int64_t pause = CYCLE_STORM_PAUSE;
    for (int64_t i = 0; i < cycle->stats.storms && i < CYCLE_STORM_DOUBLINGS; i++)
        pause *= 2;
    return pause;
}

/* When a cycle whose sending has ended goes on by itself; 0: it does not. */
static int64_t resumes_at(struct cycle *cycle)
{
    switch (cycle->halt) {
    case HALT_STORM:
        return cycle->row.completed_at + storm_pause(cycle);
    case HALT_UNAVAILABLE:
    case HALT_THROTTLED:
        return cycle->row.completed_at + cycle->source.pause(cycle->source.self);
    case HALT_NOT:
    case HALT_REFUSED:
    case HALT_STOPPED:
        break;
    }
    return 0;
}

/* Which rows of the listing could not be used, behind what that led to. */
static void append_odd_rows(struct cycle *cycle)
{
    char *message = cycle->row.error_message, more[64] = "", count[TEXT_MAX];
    size_t length = strlen(message), room = sizeof cycle->row.error_message - length;
    if (cycle->odd_rows > 1)
        (void)snprintf(more, sizeof more, "; and %s more", text_format_count(count, cycle->odd_rows - 1));
    if (cycle->odd_row[0])
        (void)snprintf(message + length, room, "; %.300s%s", cycle->odd_row, more);
}

/*
 * Success is a whole listing and every record; anything less says what is missing. What is `waiting` was not
 * asked for in this cycle, or failed in this one or an earlier one.
 */
static void judge(struct cycle *cycle, const struct store_waiting *waiting)
{
    struct sync_row *row = &cycle->row;
    char a[TEXT_MAX], b[TEXT_MAX];
    row->resumes_at = resumes_at(cycle);
    if (row->status == SYNC_FAILED) {
        (void)snprintf(row->error_message, sizeof row->error_message, "%s", cycle->error.text);
        return;
    }
    row->status = SYNC_PARTIAL;
    if (cycle->halt == HALT_REFUSED || (cycle->halt == HALT_UNAVAILABLE && cycle->lists && !cycle->staged))
        row->status = SYNC_FAILED;
    if (cycle->halt != HALT_NOT)
        (void)snprintf(row->error_message, sizeof row->error_message, "%s", cycle->error.text);
    else if (cycle->lists && !cycle->whole && row->counts.expected != SYNC_UNKNOWN)
        (void)snprintf(row->error_message, sizeof row->error_message,
                       SYNC_SAYS_UNPROVEN ": %s ids came of %s", text_format_count(a, row->counts.listed),
                       text_format_count(b, row->counts.expected));
    else if (cycle->lists && !cycle->whole)
        (void)snprintf(row->error_message, sizeof row->error_message,
                       SYNC_SAYS_UNPROVEN ": its pages overlap, and it names no total");
    else if (!cycle->believed)
        (void)snprintf(row->error_message, sizeof row->error_message,
                       SYNC_SAYS_GONE "; if it is true: flexsync sync --accept-vanished");
    else if (row->counts.failed > 0)
        (void)snprintf(row->error_message, sizeof row->error_message, "%s record%s could not be had%s%.400s",
                       text_format_count(a, row->counts.failed), row->counts.failed == 1 ? "" : "s",
                       cycle->error.text[0] ? ": " : "", cycle->error.text);
    else if (cycle_count_unknown(cycle) > 0)
        say_unknown(cycle);
    else if (waiting->troubled > 0 && cycle->options.id_count == 0 && !cycle->options.plan_only)
        (void)snprintf(
            row->error_message, sizeof row->error_message,
            "%s record%s of an earlier sync still missing, to be asked for later; flexsync sync asks at once",
            text_format_count(a, waiting->troubled), waiting->troubled == 1 ? "" : "s");
    else if (waiting->unfetched > 0 && cycle->options.id_count == 0 && !cycle->options.plan_only)
        (void)snprintf(row->error_message, sizeof row->error_message,
                       "%s new or edited record%s still to be fetched; flexsync sync asks at once",
                       text_format_count(a, waiting->unfetched), waiting->unfetched == 1 ? "" : "s");
    else
        row->status = SYNC_SUCCESS;
    if (row->status == SYNC_PARTIAL && cycle->halt == HALT_NOT)
        append_odd_rows(cycle);
}

/* What is kept for reasons that only the people of the site can change. */
static void report_kept(const struct cycle *cycle, const struct store_waiting *waiting)
{
    const struct entity *entity = cycle->options.entity;
    if (cycle->denied > 0)
        cycle_report(cycle, EVENT_DENIED,
                     "%s: %" PRId64 " records are not for the user of this API key, and are kept as the "
                     "listing shows them; if they should be copied, give that user the right in Flex",
                     entity->name, waiting->denied);
    if (cycle->contradictions > 0 && !cycle->storm)
        cycle_report(cycle, EVENT_CONTRADICTED,
                     "%s: %" PRId64
                     " records are listed, and yet the server does not know them; they are kept",
                     entity->name, waiting->contradicted);
}

static void report_findings(const struct cycle *cycle)
{
    const struct findings *f = &cycle->findings;
    const char *name = cycle->options.entity->name;
    if (f->ill_typed || f->duplicate_keys || f->nul_characters || f->half_surrogates || f->big_numbers)
        cycle_report(cycle, EVENT_FINDINGS,
                     "%s: kept, though unusual: %" PRId64 " fields of an unexpected type, %" PRId64
                     " objects with a name twice, %" PRId64 " NUL characters, %" PRId64
                     " numbers beyond 64 bits, %" PRId64 " halves of a character (surrogates)",
                     name, f->ill_typed, f->duplicate_keys, f->nul_characters, f->big_numbers,
                     f->half_surrogates);
    if (f->other_case)
        cycle_report(cycle, EVENT_FINDINGS,
                     "%s: %" PRId64 " ids came in another case than they are stored in; they are the same %s",
                     name, f->other_case, name);
}

static void count_left(struct cycle *cycle)
{
    int64_t left[QUOTA_WINDOWS];
    cycle->source.left(cycle->source.self, left);
    cycle->row.quota_left_hour = left[QUOTA_HOUR];
    cycle->row.quota_left_day = left[QUOTA_DAY];
    cycle->row.quota_left_month = left[QUOTA_MONTH];
}

/* By the earlier of the server's clock and this machine's: either may be wrong by years. */
static struct store_retention retention_of(const struct cycle *cycle)
{
    int64_t date = cycle->source.date(cycle->source.self), wall = cycle_wall(cycle);
    if (date == 0)
        return (struct store_retention){0};
    if (date > wall)
        date = wall;
    return (struct store_retention){.changes_before = date - cycle->options.keep_changes,
                                    .log_before = date - cycle->options.keep_log,
                                    .audits_before = date - AUDITS_KEEP};
}

static int do_finish(struct cycle *cycle, enum cycle_advance *ret, int64_t *ret_at, struct error *err)
{
    (void)ret_at;
    if (cycle->under_way > 0 || cycle->listing_asked) { /* what was cancelled is still coming home */
        *ret = CYCLE_STEP_WAIT;
        return 0;
    }
    if (!cycle->sink_failed && cycle->row.id && cycle_flush(cycle, err) < 0)
        return -1;
    struct store_waiting waiting = {0};
    if (!cycle->sink_failed && cycle->options.entity->queue_table && cycle->row.id &&
        cycle->sink.count_waiting(cycle->sink.self, cycle->options.entity, &waiting, err) < 0)
        return -1;
    if (cycle->row.completed_at == 0) {
        cycle->row.completed_at = cycle_wall(cycle);
        cycle_count_cost(cycle);
        count_left(cycle);
        cycle->row.counts.denied = waiting.denied;
        judge(cycle, &waiting);
        cycle->row.exit_status = sync_exit_status(&cycle->row, &cycle->error);
        report_findings(cycle);
        report_kept(cycle, &waiting);
        cycle_settle(cycle);
    }
    const struct store_retention retention = retention_of(cycle);
    if (!cycle->sink_failed && cycle->options.entity->queue_table && cycle->row.id &&
        stats_save(&cycle->stats, &cycle->stats_before, &cycle->sink, cycle->row.completed_at, err) < 0)
        return -1;
    if (cycle->row.id && cycle->sink.cycle_finish(cycle->sink.self, &cycle->row, &retention, err) < 0)
        return -1;
    cycle->phase = CYCLE_OVER;
    return 0;
}

static phase_fn *const phases[] = {
    [CYCLE_BEGIN] = do_begin,     [CYCLE_LIST] = cycle_do_list,       [CYCLE_FEED] = cycle_do_feed,
    [CYCLE_NEW] = cycle_do_new,   [CYCLE_CHANGED] = cycle_do_changed, [CYCLE_VANISHED] = cycle_do_vanished,
    [CYCLE_PLAN] = cycle_do_plan, [CYCLE_FETCH] = cycle_do_fetch,     [CYCLE_RECONCILE] = cycle_do_reconcile,
    [CYCLE_FINISH] = do_finish,
};

/* The sink failed. What may pass is tried again; in the end the cycle fails, and so may its row. */
static enum cycle_advance store_failed(struct cycle *cycle, const struct error *err, int64_t *ret_at)
{
    unsigned most = cycle->halt == HALT_STOPPED ? STORE_TRIES_STOPPED : STORE_TRIES_MAX;
    if (err->retry == RETRY_LATER && ++cycle->store_tries < most) {
        if (cycle->store_tries == 1)
            cycle_report(cycle, EVENT_STORE_TROUBLE, "%s; trying again", err->text);
        *ret_at = cycle->store_again_at = cycle_now(cycle) + STORE_RETRY_DELAY;
        return CYCLE_STEP_WAIT;
    }
    cycle->store_tries = 0;
    if (cycle->phase == CYCLE_FINISH) { /* not even the row: the next start closes it */
        cycle->row.status = SYNC_FAILED;
        if (cycle->error.code == ERROR_NONE)
            cycle->error = *err;
        cycle->phase = CYCLE_OVER;
    } else {
        cycle->sink_failed = true;
        batch_free(&cycle->batch);
        cycle_fail(cycle, err);
    }
    return CYCLE_STEP_AGAIN;
}

enum cycle_advance cycle_step(struct cycle *cycle, int64_t *ret_at)
{
    struct error err = {0};
    enum cycle_advance advance = CYCLE_STEP_AGAIN;
    *ret_at = INT64_MAX;
    if (cycle->phase == CYCLE_OVER)
        return CYCLE_STEP_OVER;
    /* An answer that wakes us meanwhile must not use up a try. */
    if (cycle->store_tries > 0 && cycle_now(cycle) < cycle->store_again_at) {
        *ret_at = cycle->store_again_at;
        return CYCLE_STEP_WAIT;
    }
    if (phases[cycle->phase](cycle, &advance, ret_at, &err) < 0)
        return store_failed(cycle, &err, ret_at);
    cycle->store_tries = 0;
    return advance;
}

void cycle_stop(struct cycle *cycle)
{
    struct error err;
    (void)error_set(&err, ERROR_NONE, RETRY_LATER, SYNC_SAYS_STOPPED "; the next cycle goes on");
    cycle_halt(cycle, FETCH_CANCELLED, &err);
    cycle->stop_at = cycle_now(cycle) + CYCLE_STOP_GRACE;
    cycle->source.cancel(cycle->source.self);
}

int cycle_new(struct cycle **ret, const struct cycle_options *options, struct error *err)
{
    static const char *const strategies[] = {
        [STRATEGY_AUTO] = "auto", [STRATEGY_INCREMENTAL] = "incremental", [STRATEGY_FULL] = "full"};
    struct cycle *cycle = calloc(1, sizeof *cycle);
    if (!cycle || !(cycle->tasks = calloc(options->source->window, sizeof *cycle->tasks))) {
        free(cycle);
        return error_memory(err);
    }
    cycle->options = *options;
    cycle->source = *options->source;
    cycle->sink = *options->sink;
    cycle->believed = true;
    cycle->cost_at = *cycle->source.stats(cycle->source.self);
    cycle->row = (struct sync_row){
        .entity = options->entity->name,
        .strategy =
            options->id_count ? "asked" : strategies[options->full ? STRATEGY_FULL : options->strategy],
        .trigger = options->trigger,
        .started_at = clock_wall(options->clock),
        .counts.expected = SYNC_UNKNOWN,
        .quota_left_hour = SYNC_UNKNOWN,
        .quota_left_day = SYNC_UNKNOWN,
        .quota_left_month = SYNC_UNKNOWN,
    };
    *ret = cycle;
    return 0;
}

void cycle_progress(const struct cycle *cycle, struct cycle_progress *ret)
{
    *ret = (struct cycle_progress){.phase = cycle->phase, .done = cycle->done, .planned = cycle->planned};
}

const struct sync_row *cycle_row(const struct cycle *cycle)
{
    return &cycle->row;
}

const struct error *cycle_error(const struct cycle *cycle)
{
    return &cycle->error;
}

bool cycle_is_unknown(const struct cycle *cycle, size_t i)
{
    return cycle->asked_of_all && cycle->asked[i] == 0;
}

struct cycle *cycle_free(struct cycle *cycle)
{
    if (!cycle)
        return NULL;
    for (unsigned i = 0; i < cycle->source.window; i++) {
        (void)record_free(cycle->tasks[i].record);
        free(cycle->tasks[i].body);
    }
    free(cycle->tasks);
    batch_free(&cycle->batch);
    (void)page_free(cycle->page);
    feed_end(&cycle->feed);
    free(cycle->probe);
    free(cycle->choices);
    free(cycle->asked);
    free(cycle->plan);
    idmap_free(&cycle->answers);
    for (size_t i = 0; i < cycle->absent_count; i++)
        free(cycle->absent[i].merged_into);
    free(cycle->absent);
    free(cycle);
    return NULL;
}
