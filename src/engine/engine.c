#include "flexsync/engine.h"

#include "engine_internal.h"
#include "flexsync/cleanup.h"
#include "flexsync/flex.h"
#include "flexsync/lock.h"
#include "flexsync/overview.h"
#include "flexsync/read.h"
#include "flexsync/site.h"
#include "flexsync/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STUCK_AFTER_MIN (2 * USEC_PER_MIN)

int64_t engine_now(const struct engine *engine)
{
    return clock_monotonic(engine->options.clock);
}

int64_t engine_wall(const struct engine *engine)
{
    return clock_wall(engine->options.clock);
}

void engine_log(struct engine *engine, enum event event, const char *text)
{
    report_event(&engine->report, event, engine->running ? entities[engine->entity]->name : "-",
                 engine->cycle ? cycle_row(engine->cycle)->id : 0, text);
}

static int make_fetcher(struct engine *engine, struct error *err)
{
    CLEANUP_FREE char *profile = flex_url(engine->config->flex.base_url, FLEX_PROFILE);
    CLEANUP_FREE char *listing = flex_url(engine->config->flex.base_url, FLEX_SMALLEST_LISTING);
    if (!profile || !listing)
        return error_memory(err);
    const struct fetcher_options options = {.event = engine->options.event,
                                            .clock = engine->options.clock,
                                            .limiter = &engine->limiter,
                                            .config = engine->config,
                                            .profile_url = profile,
                                            .listing_url = listing};
    struct fetcher *fetcher = NULL;
    if (fetcher_new(&fetcher, &options, err) < 0)
        return -1;
    (void)fetcher_free(engine->fetcher);
    engine->fetcher = fetcher;
    engine->flex = (struct flex_source){.fetcher = fetcher,
                                        .limiter = &engine->limiter,
                                        .clock = engine->options.clock,
                                        .base_url = engine->config->flex.base_url};
    return 0;
}

struct quota_limits engine_quota(const struct config *config)
{
    return (struct quota_limits){.most = {[QUOTA_HOUR] = config->limits.hourly,
                                          [QUOTA_DAY] = config->limits.daily,
                                          [QUOTA_MONTH] = config->limits.monthly},
                                 .share = config->limits.share};
}

void engine_limit(struct limiter *limiter, struct ledger *ledger, const char *path,
                  const struct config *config, const struct clock *clock)
{
    const struct quota_limits limits = engine_quota(config);
    *ledger = (struct ledger){.path = path, .clock = clock};
    const struct limiter_book book = ledger_book(ledger);
    limiter_init(limiter, config->limits.rate, (double)config->limits.burst, clock_monotonic(clock));
    limiter_keep(limiter, &book, &limits);
}

/* The file stays the one that it was at the start; the limits may change. */
static void keep_ledger(struct engine *engine)
{
    const struct quota_limits limits = engine_quota(engine->config);
    const struct limiter_book book = ledger_book(&engine->ledger);
    limiter_keep(&engine->limiter, &book, &limits);
}

int engine_take_config(struct engine *engine, struct error *err)
{
    if (!engine->next_config)
        return 0;
    if (site_check(engine->store, engine->next_config, err) < 0) {
        engine->next_config = config_free(engine->next_config); /* the old ones stay */
        return -1;
    }
    struct config *old = engine->config;
    engine->config = engine->next_config;
    if (make_fetcher(engine, err) < 0) {
        engine->config = old;
        return -1;
    }
    engine->next_config = NULL;
    (void)config_free(old);
    limiter_change(&engine->limiter, engine->config->limits.rate, (double)engine->config->limits.burst,
                   engine_now(engine));
    keep_ledger(engine);
    return 0;
}

int engine_note_copy(struct engine *engine, struct error *err)
{
    struct read_counts counts;
    if (read_counts(engine->store, entities[0], &counts, err) < 0 ||
        overview_freshness(&engine->fresh, engine->store, engine_wall(engine), err) < 0)
        return -1;
    engine->contacts = counts.total;
    return 0;
}

/* --- from outside --- */

int engine_sync(struct engine *engine, const struct engine_request *request, uint64_t *ret_run,
                struct error *err)
{
    uint64_t run = 0;
    if (wishes_add(&engine->wishes, request, &run, err) < 0)
        return -1;
    if (ret_run)
        *ret_run = run;
    if (!engine->running && !engine->telling)
        engine_begin_run(engine);
    return 0;
}

const struct engine_request *engine_next(const struct engine *engine)
{
    const struct wish *wish = engine->stopping ? NULL : wishes_first(&engine->wishes);
    return wish ? &wish->request : NULL;
}

struct store *engine_store(const struct engine *engine)
{
    return engine->store;
}

const char *engine_database(const struct engine *engine)
{
    return engine->database;
}

void engine_reachable(struct engine *engine, const char *socket)
{
    free(engine->socket);
    engine->socket = strdup(socket); /* without memory, a lock that is taken again does not name it */
    lock_tell(engine->lock, engine->options.program, socket);
}

void engine_configure(struct engine *engine, struct config *config)
{
    (void)config_free(engine->next_config);
    engine->next_config = config;
}

const struct config *engine_config(const struct engine *engine)
{
    return engine->next_config ? engine->next_config : engine->config;
}

void engine_stop(struct engine *engine)
{
    engine->stopping = true;
    wishes_forget(&engine->wishes);
    if (engine->probing)
        fetcher_cancel(engine->fetcher);
    if (!engine->cycle)
        return;
    cycle_stop(engine->cycle);
    engine_step_soon(engine);
}

bool engine_busy(const struct engine *engine)
{
    return engine->running || engine_next(engine);
}

bool engine_stuck(const struct engine *engine)
{
    int64_t deadline = 2 * engine->config->flex.timeout;
    if (deadline < STUCK_AFTER_MIN)
        deadline = STUCK_AFTER_MIN;
    return engine->cycle && !fetcher_waiting(engine->fetcher) &&
           engine_now(engine) - engine->progress_at > deadline;
}

static enum facts_state state_of_phase(enum cycle_phase phase)
{
    if (phase < CYCLE_PLAN)
        return FACTS_LISTING;
    return phase <= CYCLE_FETCH ? FACTS_FETCHING : FACTS_FINISHING;
}

void engine_facts(struct engine *engine, struct facts *ret)
{
    int64_t left[QUOTA_WINDOWS];
    limiter_left(&engine->limiter, left);
    *ret = (struct facts){.state = engine->rest,
                          .now = engine_wall(engine),
                          .contacts = engine->contacts,
                          .fresh = engine->fresh,
                          .left_hour = left[QUOTA_HOUR],
                          .cause = engine->last.code,
                          .pause = engine->pause,
                          .window = engine->window};
    (void)snprintf(ret->trouble, sizeof ret->trouble, "%s", engine->last.text);
    ret->resumes_at = engine->result.resumes_at;
    if (!engine->cycle)
        return;
    struct cycle_progress progress;
    cycle_progress(engine->cycle, &progress);
    ret->state = state_of_phase(progress.phase);
    ret->entity = entities[engine->entity]->name;
    ret->done = progress.done;
    ret->planned = progress.planned;
    ret->requests = cycle_row(engine->cycle)->cost.requests;
    int64_t elapsed = engine->fetch_began ? engine_now(engine) - engine->fetch_began : 0;
    if (elapsed > USEC_PER_SEC)
        ret->rate = (double)progress.done * (double)USEC_PER_SEC / (double)elapsed;
}

/* --- set-up --- */

static int set_up_store(struct engine *engine, struct error *err)
{
    if (!engine->options.trial &&
        (engine->lock = lock_take(engine->database, engine->options.program, err)) < 0)
        return -1;
    return files_open(engine, err);
}

static int on_soon(sd_event_source *source, void *user)
{
    (void)source;
    engine_step(user);
    return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
    (void)source, (void)usec;
    engine_step(user);
    return 0;
}

static int set_up_loop(struct engine *engine, struct error *err)
{
    sd_event *event = engine->options.event;
    int r = sd_event_add_defer(event, &engine->soon, on_soon, engine);
    if (r >= 0)
        r = sd_event_source_set_enabled(engine->soon, SD_EVENT_OFF);
    if (r >= 0)
        r = sd_event_add_time_relative(event, &engine->timer, CLOCK_MONOTONIC, 0, 1, on_timer, engine);
    if (r >= 0)
        r = sd_event_source_set_enabled(engine->timer, SD_EVENT_OFF);
    if (r < 0)
        return error_set(err, ERROR_SYSTEM, RETRY_LATER, "cannot set up the event loop: %s", strerror(-r));
    return 0;
}

static int set_up(struct engine *engine, struct error *err)
{
    const struct config *config = engine->config;
    engine->ledger_path = strdup(config->limits.ledger);
    engine->database = strdup(config->database.path);
    if (!engine->ledger_path || !engine->database)
        return error_memory(err);
    engine_limit(&engine->limiter, &engine->ledger, engine->ledger_path, config, engine->options.clock);
    if (set_up_store(engine, err) < 0 || set_up_loop(engine, err) < 0)
        return -1;
    return make_fetcher(engine, err);
}

int engine_new(struct engine **ret, struct config *config, const struct engine_options *options,
               struct error *err)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (!engine) {
        (void)config_free(config);
        return error_memory(err);
    }
    engine->options = *options;
    engine->report = (struct report){.log = options->log, .clock = options->clock};
    engine->config = config;
    engine->lock = -1;
    if (set_up(engine, err) < 0) {
        (void)engine_free(engine);
        return -1;
    }
    *ret = engine;
    return 0;
}

struct engine *engine_free(struct engine *engine)
{
    if (!engine)
        return NULL;
    report_end(&engine->report);
    (void)fetcher_free(engine->fetcher);
    (void)cycle_free(engine->cycle);
    (void)store_close(engine->store);
    (void)sd_event_source_disable_unref(engine->soon);
    (void)sd_event_source_disable_unref(engine->timer);
    if (engine->lock >= 0)
        (void)close(engine->lock);
    (void)config_free(engine->config);
    (void)config_free(engine->next_config);
    free(engine->ledger_path);
    free(engine->database);
    free(engine->socket);
    free(engine->unknown);
    wish_free(&engine->wish);
    wishes_forget(&engine->wishes);
    free(engine);
    return NULL;
}
