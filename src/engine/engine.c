#include "flexsync/engine.h"

#include "adapters.h"
#include "flexsync/cleanup.h"
#include "flexsync/fetcher.h"
#include "flexsync/ledger.h"
#include "flexsync/lock.h"
#include "flexsync/overview.h"
#include "flexsync/read.h"
#include "flexsync/text.h"
#include "report.h"
#include "result.h"
#include "site.h"
#include "wishes.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTITY_AGAIN    USEC_PER_DAY /* an entity without details is listed again after this */
#define STUCK_AFTER_MIN (2 * USEC_PER_MIN)

struct engine {
    struct engine_options options;
    struct report report;
    struct config *config, *next_config; /* next_config: for the next run, or NULL */
    int lock;
    struct store *store;
    struct ledger ledger;
    char *ledger_path; /* of the start: a new one needs a restart */
    struct limiter limiter;
    struct fetcher *fetcher;
    struct flex_source flex;
    sd_event_source *soon;  /* a step is due */
    sd_event_source *timer; /* a step is due later */

    struct cycle *cycle; /* NULL: idle */
    size_t entity;       /* of the run: index in entities[] */
    bool running, stopping;
    bool telling;         /* finished() is being called: its result must stay as it is */
    struct wish wish;     /* of the run, or of the last one */
    struct wishes wishes; /* of those that follow */
    struct engine_result result;
    const char **unknown;  /* owned; of the result */
    int64_t progress_at;   /* monotonic: when something last moved */
    int64_t fetch_began;   /* monotonic: for the rate; 0: not yet */
    enum facts_state rest; /* state between runs */
    int64_t contacts;      /* rows, as of the end of the last run */
    struct freshness fresh;
    enum facts_pause pause;
    enum quota_window window; /* of a pause that the quota makes */
};

static int64_t now_of(const struct engine *engine)
{
    return clock_monotonic(engine->options.clock);
}

static int64_t wall_of(const struct engine *engine)
{
    return clock_wall(engine->options.clock);
}

static void step_soon(struct engine *engine)
{
    (void)sd_event_source_set_enabled(engine->soon, SD_EVENT_ONESHOT);
}

static void on_wake(void *arg)
{
    struct engine *engine = arg;
    engine->progress_at = now_of(engine);
    step_soon(engine);
}

static void log_event(struct engine *engine, enum event event, const char *text)
{
    report_event(&engine->report, event, engine->running ? entities[engine->entity]->name : "-",
                 engine->cycle ? cycle_row(engine->cycle)->id : 0, text);
}

static void on_report(void *arg, enum event event, const char *text)
{
    log_event(arg, event, text);
}

/* --- the end of a cycle --- */

static void note_listed(struct engine *engine, const struct entity *entity)
{
    struct error err;
    char key[64], now[TEXT_MAX];
    (void)snprintf(key, sizeof key, "%s.listed", entity->name);
    if (store_meta_set(engine->store, key, text_format_utc(now, wall_of(engine)), wall_of(engine), &err) < 0)
        log_event(engine, EVENT_STORE_TROUBLE, err.text);
}

/* Which of the ids that were asked for are nobody's; without memory the number of them is still told. */
static void note_unknown(struct engine *engine)
{
    const struct engine_request *request = &engine->wish.request;
    size_t count = 0;
    if (request->id_count == 0 || !(engine->unknown = calloc(request->id_count, sizeof *engine->unknown)))
        return;
    for (size_t i = 0; i < request->id_count; i++)
        if (cycle_is_unknown(engine->cycle, i))
            engine->unknown[count++] = request->ids[i];
    engine->result.unknown = engine->unknown;
    engine->result.unknown_count = count;
}

static void end_cycle(struct engine *engine)
{
    const struct sync_row *row = cycle_row(engine->cycle);
    const struct error *error = cycle_error(engine->cycle);
    char line[FACTS_LINE_MAX];
    (void)facts_cycle_line(line, sizeof line, row);
    result_add(&engine->result, engine->entity == 0, row, error, line);
    note_unknown(engine);
    /* What failed for the daemon is left for a day like the rest; who asks by hand may ask again. */
    if (!entities[engine->entity]->queue_table &&
        (row->status == SYNC_SUCCESS || !wish_by_person(row->trigger)))
        note_listed(engine, entities[engine->entity]);
    static const enum event events[ERROR_CODE_COUNT] = {[ERROR_KEY] = EVENT_KEY_REFUSED,
                                                        [ERROR_QUOTA] = EVENT_THROTTLED,
                                                        [ERROR_STORE_CORRUPT] = EVENT_STORE_CORRUPT};
    if (events[error->code] != EVENT_STARTED) /* 0: nothing of its own to say */
        log_event(engine, events[error->code], error->text);
    report_cycle_end(&engine->report, row, line);
    engine->cycle = cycle_free(engine->cycle);
}

/* --- the runs --- */

/* One that says everything in its listing changes rarely, and is asked for once a day, whatever the answer
 * was. */
static bool entity_is_due(struct engine *engine, const struct entity *entity)
{
    struct error err;
    char key[64];
    CLEANUP_FREE char *text = NULL;
    int64_t then = 0;
    if (entity->queue_table || engine->wish.request.full)
        return true;
    (void)snprintf(key, sizeof key, "%s.listed", entity->name);
    if (store_meta_get(engine->store, key, &text, &err) <= 0 || text_parse_utc(text, &then) < 0)
        return true;
    return wall_of(engine) - then >= ENTITY_AGAIN || then > wall_of(engine);
}

static int begin_cycle(struct engine *engine, struct error *err)
{
    const struct config *config = engine->config;
    const struct quota_limits limits = engine_quota(config);
    const struct source source = adapter_source(&engine->flex, (unsigned)config->limits.concurrent);
    const struct sink sink = adapter_sink(engine->store);
    const struct cycle_options options = {
        .entity = entities[engine->entity],
        .source = &source,
        .sink = &sink,
        .clock = engine->options.clock,
        .trigger = engine->wish.request.trigger,
        .strategy = (enum config_strategy)config->sync.strategy,
        .full = engine->wish.request.full,
        .person = wish_by_person(engine->wish.request.trigger),
        .accept_vanished = engine->wish.request.accept_vanished,
        .plan_only = engine->options.trial,
        .ids = engine->wish.request.ids,
        .id_count = engine->wish.request.id_count,
        .page_size = (unsigned)config->sync.page_size,
        .max_vanished = config->sync.max_vanished,
        .keep_changes = config->database.keep_changes,
        .keep_log = config->database.keep_log,
        .budget = quota_budget(&engine->limiter.quota, &limits),
        .interval = config->sync.interval,
        .max_age = config->sync.max_age,
        .seed = (uint64_t)wall_of(engine),
        .wake = on_wake,
        .report = on_report,
        .arg = engine,
    };
    fetcher_begin(engine->fetcher);
    engine->fetch_began = 0;
    engine->progress_at = now_of(engine);
    if (cycle_new(&engine->cycle, &options, err) < 0)
        return -1;
    char line[FACTS_LINE_MAX];
    (void)snprintf(line, sizeof line, "%s: sync begins (%s%s%s)", options.entity->name,
                   sync_trigger_names[options.trigger], options.full ? ", full" : "",
                   options.id_count ? ", asked for" : "");
    report_cycle_begin(&engine->report, options.entity->name, options.trigger, line);
    step_soon(engine);
    return 0;
}

static int make_fetcher(struct engine *engine, struct error *err)
{
    const struct fetcher_options options = {.event = engine->options.event,
                                            .clock = engine->options.clock,
                                            .limiter = &engine->limiter,
                                            .config = engine->config};
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

/* The file stays the one that it was at the start; the limits may change. */
static void keep_ledger(struct engine *engine)
{
    const struct quota_limits limits = engine_quota(engine->config);
    const struct limiter_book book = ledger_book(&engine->ledger);
    limiter_keep(&engine->limiter, &book, &limits);
}

/* Between two runs: the new settings, with connections of their own. */
static int take_config(struct engine *engine, struct error *err)
{
    if (!engine->next_config)
        return 0;
    if (site_claim(engine->store, engine->next_config, wall_of(engine), err) < 0) {
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
                   now_of(engine));
    keep_ledger(engine);
    return 0;
}

/* What the run has left behind, for those who ask between two of them. */
static int note_copy(struct engine *engine, struct error *err)
{
    struct read_counts counts;
    if (read_counts(engine->store, entities[0], &counts, err) < 0 ||
        overview_freshness(&engine->fresh, engine->store, wall_of(engine), err) < 0)
        return -1;
    engine->contacts = counts.total;
    return 0;
}

/* What holds the sending up, should this run have ended for that. */
static void note_pause(struct engine *engine)
{
    int64_t left[QUOTA_WINDOWS];
    engine->pause = FACTS_PAUSE_SERVER;
    if (!limiter_spent(&engine->limiter, now_of(engine), &engine->window))
        return;
    limiter_left(&engine->limiter, left);
    bool share = left[engine->window] > 0 && !wish_by_person(engine->wish.request.trigger);
    engine->pause = share ? FACTS_PAUSE_SHARE : FACTS_PAUSE_QUOTA;
}

static void end_run(struct engine *engine)
{
    static const enum facts_state rests[ERROR_CODE_COUNT] = {
        [ERROR_KEY] = FACTS_REFUSED, [ERROR_QUOTA] = FACTS_PAUSED};
    struct error err;
    engine->running = false;
    note_pause(engine);
    limiter_rest(&engine->limiter, now_of(engine), wall_of(engine));
    engine->rest = rests[engine->result.error.code];
    if (engine->rest == FACTS_IDLE && (engine->result.status == SYNC_FAILED || engine->result.resumes_at))
        engine->rest = FACTS_TROUBLED;
    (void)note_copy(engine, &err); /* else what was known before stays; the run has said what is wrong */
    store_rest(engine->store);
    (void)malloc_trim(0); /* a cycle needs much more than the hours between two of them */
    engine->telling = true;
    engine->options.finished(engine->options.arg, &engine->result);
    engine->telling = false;
    if (engine_next(engine))
        step_soon(engine);
}

static void fail_run(struct engine *engine, const struct error *err)
{
    engine->result.status = SYNC_FAILED;
    engine->result.error = *err;
    engine->result.exit_status = error_exit_status(err->code);
    (void)snprintf(engine->result.summary, sizeof engine->result.summary, "%.500s", err->text);
    log_event(engine, EVENT_CYCLE_FAILED, err->text);
    end_run(engine);
}

/* The next entity of the run that is due; the run ends after the last, and where asking further makes no
 * sense. */
static void next_entity(struct engine *engine)
{
    struct error err;
    if (engine->stopping || engine->result.status == SYNC_FAILED || engine->result.resumes_at ||
        engine->result.asked) {
        end_run(engine);
        return;
    }
    do
        engine->entity++;
    while (entities[engine->entity] && !entity_is_due(engine, entities[engine->entity]));
    if (!entities[engine->entity]) {
        engine->entity = 0;
        end_run(engine);
    } else if (begin_cycle(engine, &err) < 0) {
        fail_run(engine, &err);
    }
}

/* Whose requests a run's are: until everybody was fetched once it is the first fill. */
static int choose_work(struct engine *engine, struct error *err)
{
    struct read_counts counts;
    enum quota_work work = QUOTA_PERSON;
    if (!wish_by_person(engine->wish.request.trigger)) {
        if (read_counts(engine->store, entities[0], &counts, err) < 0)
            return -1;
        work = counts.whole < counts.active || counts.total == 0 ? QUOTA_FILL : QUOTA_BACKGROUND;
    }
    limiter_work(&engine->limiter, work);
    return 0;
}

static void begin_run(struct engine *engine)
{
    struct error err;
    free(engine->unknown);
    engine->unknown = NULL;
    wish_free(&engine->wish);
    engine->wish = wishes_take(&engine->wishes);
    engine->running = true;
    engine->entity = 0;
    engine->result =
        (struct engine_result){.run = engine->wish.run, .asked = engine->wish.request.id_count > 0};
    if (wish_by_person(engine->wish.request.trigger))
        limiter_forgive(&engine->limiter);
    if (take_config(engine, &err) < 0 || choose_work(engine, &err) < 0 || begin_cycle(engine, &err) < 0)
        fail_run(engine, &err);
}

static void note_rate(struct engine *engine)
{
    struct cycle_progress progress;
    cycle_progress(engine->cycle, &progress);
    if (progress.phase == CYCLE_FETCH && !engine->fetch_began)
        engine->fetch_began = now_of(engine);
}

static void step(struct engine *engine)
{
    int64_t at = INT64_MAX;
    if (!engine->cycle && engine_next(engine))
        begin_run(engine);
    if (!engine->cycle)
        return;
    enum cycle_advance advance = cycle_step(engine->cycle, &at);
    note_rate(engine);
    if (advance == CYCLE_STEP_AGAIN) {
        engine->progress_at = now_of(engine);
        step_soon(engine);
    } else if (advance == CYCLE_STEP_OVER) {
        end_cycle(engine);
        next_entity(engine);
    } else if (at != INT64_MAX) {
        int64_t delay = at - now_of(engine);
        (void)sd_event_source_set_time_relative(engine->timer, delay > 0 ? (uint64_t)delay : 0);
        (void)sd_event_source_set_enabled(engine->timer, SD_EVENT_ONESHOT);
    }
}

static int on_soon(sd_event_source *source, void *user)
{
    (void)source;
    step(user);
    return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
    (void)source, (void)usec;
    step(user);
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
        begin_run(engine);
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

void engine_reachable(struct engine *engine, const char *socket)
{
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
    if (!engine->cycle)
        return;
    cycle_stop(engine->cycle);
    step_soon(engine);
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
           now_of(engine) - engine->progress_at > deadline;
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
                          .now = wall_of(engine),
                          .contacts = engine->contacts,
                          .fresh = engine->fresh,
                          .left_hour = left[QUOTA_HOUR],
                          .pause = engine->pause,
                          .window = engine->window};
    (void)snprintf(ret->trouble, sizeof ret->trouble, "%s", engine->result.error.text);
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
    int64_t elapsed = engine->fetch_began ? now_of(engine) - engine->fetch_began : 0;
    if (elapsed > USEC_PER_SEC)
        ret->rate = (double)progress.done * (double)USEC_PER_SEC / (double)elapsed;
}

/* What happened to the database before this start. */
static int tell_past(struct engine *engine, int64_t migrated, struct error *err)
{
    char text[FACTS_LINE_MAX], n[TEXT_MAX];
    if (migrated > 0) {
        (void)snprintf(text, sizeof text, "took over %s contacts of the old tool's database %.300s",
                       text_format_count(n, migrated), engine->config->database.path);
        log_event(engine, EVENT_MIGRATED, text);
    }
    int interrupted = store_close_interrupted(engine->store, wall_of(engine), err);
    if (interrupted > 0 && !engine->options.trial) /* there, what somebody else runs is no matter */
        log_event(engine, EVENT_INTERRUPTED,
                  "the last sync was interrupted; its work up to then is stored, this one goes on");
    return interrupted < 0 ? -1 : 0;
}

static int set_up_store(struct engine *engine, struct error *err)
{
    const struct config *config = engine->config;
    int64_t migrated = 0;
    enum store_mode mode = engine->options.trial ? STORE_TRIAL : STORE_WRITE;
    if (mode == STORE_WRITE &&
        (engine->lock = lock_take(config->database.path, engine->options.program, err)) < 0)
        return -1;
    if (store_open_watched(&engine->store, config->database.path, mode, wall_of(engine), &migrated,
                           engine->options.opening, engine->options.arg, err) < 0 ||
        site_claim(engine->store, config, wall_of(engine), err) < 0 || tell_past(engine, migrated, err) < 0)
        return -1;
    return note_copy(engine, err);
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
    limiter_init(&engine->limiter, config->limits.rate, (double)config->limits.burst, now_of(engine));
    engine->ledger_path = strdup(config->limits.ledger);
    if (!engine->ledger_path)
        return error_memory(err);
    engine->ledger = (struct ledger){.path = engine->ledger_path, .clock = engine->options.clock};
    keep_ledger(engine);
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
    free(engine->unknown);
    wish_free(&engine->wish);
    wishes_forget(&engine->wishes);
    free(engine);
    return NULL;
}
