/* The runs of the engine: one cycle over each entity that is due. */
#include "engine_internal.h"

#include "flexsync/answer.h"
#include "flexsync/cleanup.h"
#include "flexsync/read.h"
#include "flexsync/site.h"
#include "flexsync/text.h"
#include "result.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#define ENTITY_AGAIN USEC_PER_DAY /* an entity without details is listed again after this */

void engine_step_soon(struct engine *engine)
{
    (void)sd_event_source_set_enabled(engine->soon, SD_EVENT_ONESHOT);
}

static void on_wake(void *arg)
{
    struct engine *engine = arg;
    engine->progress_at = engine_now(engine);
    engine_step_soon(engine);
}

static void on_report(void *arg, enum event event, const char *text)
{
    struct engine *engine = arg;
    if (event == EVENT_CYCLE_BEGUN)
        report_cycle_begin(&engine->report, cycle_row(engine->cycle), text);
    else
        engine_log(engine, event, text);
}

/* --- the end of a cycle --- */

static void note_listed(struct engine *engine, const struct entity *entity)
{
    struct error err;
    char key[64], now[TEXT_MAX];
    (void)snprintf(key, sizeof key, "%s.listed", entity->name);
    if (store_meta_set(engine->store, key, text_format_utc(now, engine_wall(engine)), engine_wall(engine),
                       &err) < 0)
        engine_log(engine, EVENT_STORE_TROUBLE, err.text);
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

/* What was written went with the file, or beside what another process writes: that is no success. */
static void end_upset(struct engine *engine, const struct sync_row *row)
{
    struct engine_result *result = &engine->result;
    result->status = SYNC_FAILED;
    result->error = engine->upset;
    result->exit_status = error_exit_status(engine->upset.code);
    result->resumes_at = 0;
    result->moved = engine->upset.code == ERROR_STORE;
    result->over = files_are_fatal(&engine->upset);
    (void)snprintf(result->summary, sizeof result->summary, "%s: failed: %.450s", row->entity,
                   engine->upset.text);
    engine_log(engine, EVENT_CYCLE_FAILED, result->summary);
}

static void end_cycle(struct engine *engine)
{
    files_watch(engine, true);
    const struct sync_row *row = cycle_row(engine->cycle);
    const struct error *error = cycle_error(engine->cycle);
    char line[FACTS_LINE_MAX];
    (void)facts_cycle_line(line, sizeof line, row);
    result_add(&engine->result, engine->entity == 0, row, error, line);
    note_unknown(engine);
    if (engine->upset.code) {
        end_upset(engine, row);
        engine->cycle = cycle_free(engine->cycle);
        return;
    }
    /* What failed for the daemon is left for a day like the rest; who asks by hand may ask again. */
    if (!entities[engine->entity]->queue_table &&
        (row->status == SYNC_SUCCESS || !wish_by_person(row->trigger)))
        note_listed(engine, entities[engine->entity]);
    static const enum event events[ERROR_CODE_COUNT] = {[ERROR_KEY] = EVENT_KEY_REFUSED,
                                                        [ERROR_QUOTA] = EVENT_THROTTLED,
                                                        [ERROR_STORE_CORRUPT] = EVENT_STORE_CORRUPT};
    if (events[error->code] != EVENT_STARTED) /* 0: nothing of its own to say */
        engine_log(engine, events[error->code], error->text);
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
    return engine_wall(engine) - then >= ENTITY_AGAIN || then > engine_wall(engine);
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
        .seed = (uint64_t)engine_wall(engine),
        .wake = on_wake,
        .report = on_report,
        .arg = engine,
    };
    fetcher_begin(engine->fetcher);
    engine->fetch_began = 0;
    engine->progress_at = engine_now(engine);
    if (cycle_new(&engine->cycle, &options, err) < 0)
        return -1;
    engine_step_soon(engine);
    return 0;
}

/* What holds the sending up, should this run have ended for that. */
static void note_pause(struct engine *engine)
{
    int64_t left[QUOTA_WINDOWS];
    engine->pause = FACTS_PAUSE_SERVER;
    if (!limiter_spent(&engine->limiter, engine_now(engine), &engine->window))
        return;
    limiter_left(&engine->limiter, left);
    bool share = left[engine->window] > 0 && !wish_by_person(engine->wish.request.trigger);
    engine->pause = share ? FACTS_PAUSE_SHARE : FACTS_PAUSE_QUOTA;
}

/* A run that failed for an outage goes on when the server may be asked again. */
static void note_outage(struct engine *engine)
{
    struct engine_result *result = &engine->result;
    enum error_code code = result->error.code;
    bool passes = code == ERROR_UNREACHABLE || code == ERROR_QUOTA || code == ERROR_ANSWER;
    int64_t paused = limiter_paused(&engine->limiter, engine_now(engine));
    int64_t pause = fetcher_pause(engine->fetcher);
    if (result->status == SYNC_FAILED && passes && !result->resumes_at && fetcher_in_outage(engine->fetcher))
        result->resumes_at = engine_wall(engine) + (paused > pause ? paused : pause);
}

static void end_run(struct engine *engine)
{
    static const enum facts_state rests[ERROR_CODE_COUNT] = {
        [ERROR_KEY] = FACTS_REFUSED, [ERROR_QUOTA] = FACTS_PAUSED};
    struct error err;
    engine->running = false;
    note_outage(engine);
    note_pause(engine);
    limiter_rest(&engine->limiter, engine_now(engine), engine_wall(engine));
    engine->rest = rests[engine->result.error.code];
    if (engine->rest == FACTS_IDLE && (engine->result.status == SYNC_FAILED || engine->result.resumes_at))
        engine->rest = FACTS_TROUBLED;
    engine->last = engine->rest == FACTS_IDLE ? (struct error){0} : engine->result.error;
    if (engine->store && !engine->upset.code) {
        (void)engine_note_copy(engine, &err); /* else the old stays; the run has said what is wrong */
        if (store_rest(engine->store, &err) < 0)
            engine_log(engine, EVENT_WAL_GROWS, err.text);
    }
    (void)malloc_trim(0); /* a cycle needs much more than the hours between two of them */
    engine->telling = true;
    engine->options.finished(engine->options.arg, &engine->result);
    engine->telling = false;
    if (engine_next(engine))
        engine_step_soon(engine);
}

static void fail_run(struct engine *engine, const struct error *err)
{
    engine->result.status = SYNC_FAILED;
    engine->result.error = *err;
    engine->result.exit_status = error_exit_status(err->code);
    (void)snprintf(engine->result.summary, sizeof engine->result.summary, "%.500s", err->text);
    engine_log(engine, EVENT_CYCLE_FAILED, err->text);
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

/* A person asks now: what the server was in trouble with may be over. */
static void engine_forgive(struct engine *engine)
{
    limiter_forgive(&engine->limiter);
    fetcher_forgive(engine->fetcher);
}

/* Whose requests a run's are: until everybody was fetched once it is the first fill. */
static int choose_work(struct engine *engine, struct error *err)
{
    struct read_counts counts;
    enum quota_work work = QUOTA_PERSON;
    if (!wish_by_person(engine->wish.request.trigger)) {
        if (read_counts(engine->store, entities[0], &counts, err) < 0)
            return -1;
        work = counts.whole + counts.out_of_reach < counts.active || counts.total == 0 ? QUOTA_FILL
                                                                                       : QUOTA_BACKGROUND;
    }
    limiter_work(&engine->limiter, work);
    return 0;
}

/* --- the probe of a run that resumes in an outage --- */

static void probe_is_done(void *arg, enum fetch_outcome outcome, const struct error *err)
{
    struct engine *engine = arg;
    engine->probing = false;
    engine->probe_error = *err;
    if (outcome == FETCH_OK)
        engine->probe_error = (struct error){0};
    engine_step_soon(engine);
}

/* An outage of hours is not a cycle, and a row of sync_log, each minute. */
static int begin_probe(struct engine *engine, struct error *err)
{
    static const struct fetch_handler handler = {
        .accept = answer_accept_json, .done = probe_is_done, .tries = 1};
    fetcher_begin(engine->fetcher);
    if (fetcher_probe(engine->fetcher, &handler, engine, err) < 0)
        return -1;
    engine->probing = true;
    return 0;
}

/* In an outage a run that resumes asks first whether it is over. */
static int begin_work(struct engine *engine, struct error *err)
{
    bool resumes = engine->wish.request.trigger == TRIGGER_RESUME;
    return resumes && fetcher_in_outage(engine->fetcher) ? begin_probe(engine, err)
                                                         : begin_cycle(engine, err);
}

/* The probe is home: the cycle begins, unless the outage goes on. */
static void end_probe(struct engine *engine)
{
    struct error err;
    if (engine->stopping)
        end_run(engine);
    else if (fetcher_in_outage(engine->fetcher))
        fail_run(engine, &engine->probe_error);
    else if (begin_cycle(engine, &err) < 0)
        fail_run(engine, &err);
}

void engine_begin_run(struct engine *engine)
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
        engine_forgive(engine);
    if (files_settle(engine, &err) < 0) {
        engine->result.over = files_are_fatal(&err);
        fail_run(engine, &err);
    } else if (engine_take_config(engine, &err) < 0 || choose_work(engine, &err) < 0 ||
               begin_work(engine, &err) < 0) {
        fail_run(engine, &err);
    }
}

static void note_rate(struct engine *engine)
{
    struct cycle_progress progress;
    cycle_progress(engine->cycle, &progress);
    if (progress.phase == CYCLE_FETCH && !engine->fetch_began)
        engine->fetch_began = engine_now(engine);
}

/* A listing was accepted, and nothing of it is stored yet. Where it fails, the next run does it. */
static void claim_site(struct engine *engine)
{
    struct cycle_progress progress;
    struct error ignored;
    cycle_progress(engine->cycle, &progress);
    if (progress.phase == CYCLE_NEW)
        (void)site_claim(engine->store, engine->config, engine_wall(engine), &ignored);
}

void engine_step(struct engine *engine)
{
    int64_t at = INT64_MAX;
    if (engine->probing)
        return;
    if (!engine->cycle && engine->running)
        end_probe(engine);
    else if (!engine->cycle && engine_next(engine))
        engine_begin_run(engine);
    if (!engine->cycle)
        return;
    files_watch(engine, false);
    claim_site(engine);
    enum cycle_advance advance = cycle_step(engine->cycle, &at);
    note_rate(engine);
    if (advance == CYCLE_STEP_AGAIN) {
        engine->progress_at = engine_now(engine);
        engine_step_soon(engine);
    } else if (advance == CYCLE_STEP_OVER) {
        end_cycle(engine);
        next_entity(engine);
    } else if (at != INT64_MAX) {
        int64_t delay = at - engine_now(engine);
        (void)sd_event_source_set_time_relative(engine->timer, delay > 0 ? (uint64_t)delay : 0);
        (void)sd_event_source_set_enabled(engine->timer, SD_EVENT_ONESHOT);
    }
}
