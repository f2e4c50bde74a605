/*
 * sync_bench: the site of site_bench, a clock that the test moves, and the real cycle over the real store in
 * between. Nothing waits and nothing is sent.
 */
#ifndef SYNC_BENCH_H
#define SYNC_BENCH_H

#include "../../src/engine/adapters.h"
#include "flexsync/cycle.h"
#include "site_bench.h"
#include "store_bench.h"

#define PAUSE (10 * USEC_PER_MIN)

struct lab {
    struct bench *b;
    struct site site;
    struct clock clock;
    int64_t monotonic;
    struct cycle *cycle;
    struct cycle_options options;
    struct source source;
    struct sink real, sink;
    int calls, fail_from, fail_to; /* calls of the sink that fail, counted from 1 */
    enum error_code fail_code;
    struct sync_row row; /* of the last cycle */
    struct error error;
    unsigned reports[EVENT_COUNT];
    int64_t allowed; /* requests that the quota has left for the planner: none, unless a test wants it */
    uint64_t seed;   /* of the story that is told; for test_cycle_random */
};

/* --- the site --- */

static inline size_t add_person(struct lab *lab)
{
    struct site *site = &lab->site;
    assert_true(site->count < PEOPLE_MAX);
    struct person *person = &site->people[site->count];
    *person = (struct person){.listed = true, .answers = true};
    (void)snprintf(person->name, sizeof person->name, "Name %zu", site->count);
    return site->count++;
}

static inline void add_people(struct lab *lab, size_t count)
{
    while (count--)
        (void)add_person(lab);
}

static inline void rename_person(struct lab *lab, size_t i, const char *name)
{
    (void)snprintf(lab->site.people[i].name, sizeof lab->site.people[i].name, "%s", name);
}

static inline void remove_person(struct lab *lab, size_t i)
{
    lab->site.people[i].listed = lab->site.people[i].answers = false;
}

static inline void restore_person(struct lab *lab, size_t i)
{
    lab->site.people[i].listed = lab->site.people[i].answers = true;
}

/* Ends one of the requests that wait, as the fetcher would: after a 429 or a refused key nothing more is
 * sent. */
static inline void deliver(struct lab *lab)
{
    struct site *site = &lab->site;
    struct error err = {0};
    size_t place = draw(site) % site->waiting_count;
    const struct asked asked = site->waiting[place];
    site->waiting[place] = site->waiting[--site->waiting_count];
    enum fetch_outcome outcome = asked.cancelled ? FETCH_CANCELLED : site->halted;
    if (outcome != FETCH_OK) {
        (void)fail_with(outcome, outcome == FETCH_REFUSED ? ERROR_KEY : ERROR_QUOTA, &err);
    } else {
        site->stats.requests++;
        if (site->refuses_key)
            outcome = site->halted = fail_with(FETCH_REFUSED, ERROR_KEY, &err);
        else if (site->left-- <= 0)
            outcome = site->halted = fail_with(FETCH_THROTTLED, ERROR_QUOTA, &err);
        else
            outcome = asked.listing ? answer_listing(site, &asked, &err) : answer_record(site, &asked, &err);
        site->stats.throttled += outcome == FETCH_THROTTLED;
    }
    lab->monotonic += 5 * USEC_PER_MSEC;
    asked.handler.done(asked.arg, outcome, &err);
}

static inline void wait_for(struct lab *lab, const struct asked *asked)
{
    assert_true(lab->site.waiting_count <= WINDOW);
    lab->site.waiting[lab->site.waiting_count++] = *asked;
    if (lab->site.waiting_count > lab->site.most_waiting)
        lab->site.most_waiting = (unsigned)lab->site.waiting_count;
}

static inline int site_list(void *self, const struct entity *entity, const struct source_page *page,
                            const struct fetch_handler *handler, void *arg, struct error *err)
{
    (void)err;
    const struct asked asked = {
        .listing = true, .entity = entity, .page = *page, .handler = *handler, .arg = arg};
    wait_for(self, &asked);
    return 0;
}

static inline int site_get(void *self, const struct entity *entity, const char *id,
                           const struct fetch_handler *handler, void *arg, struct error *err)
{
    (void)err;
    struct asked asked = {.entity = entity, .handler = *handler, .arg = arg};
    (void)snprintf(asked.id, sizeof asked.id, "%s", id);
    wait_for(self, &asked);
    return 0;
}

static inline int64_t site_pause(void *self)
{
    (void)self;
    return PAUSE;
}

static inline void site_left(const void *self, int64_t ret[static QUOTA_WINDOWS])
{
    (void)self;
    ret[QUOTA_HOUR] = ret[QUOTA_DAY] = ret[QUOTA_MONTH] = -1;
}

static inline void site_cancel(void *self)
{
    struct lab *lab = self;
    for (size_t i = 0; i < lab->site.waiting_count; i++)
        lab->site.waiting[i].cancelled = true;
}

static inline int64_t site_allowed(void *self)
{
    return ((const struct lab *)self)->allowed;
}

static inline int64_t site_date(const void *self)
{
    const struct lab *lab = self;
    return lab->site.no_date ? 0 : lab->b->now + lab->site.clock_offset;
}

static inline const struct fetch_stats *site_stats(const void *self)
{
    return &((const struct lab *)self)->site.stats;
}

/* --- a sink that fails when told to --- */

static inline bool fault(struct lab *lab, struct error *err)
{
    lab->calls++;
    if (lab->calls < lab->fail_from || lab->calls > lab->fail_to)
        return false;
    (void)error_set(err, lab->fail_code, lab->fail_code == ERROR_STORE_CORRUPT ? RETRY_NEVER : RETRY_LATER,
                    "the store fails so");
    return true;
}

#define FAULTY(name, parameters, ...)                                                                        \
    static inline int faulty_##name parameters                                                               \
    {                                                                                                        \
        struct lab *lab = self;                                                                              \
        return fault(lab, err) ? -1 : lab->real.name(lab->real.self, __VA_ARGS__);                           \
    }

FAULTY(cycle_begin, (void *self, struct sync_row *row, struct error *err), row, err)
FAULTY(cycle_finish,
       (void *self, const struct sync_row *row, const struct store_retention *retention, struct error *err),
       row, retention, err)
FAULTY(stage_page,
       (void *self, const struct entity *e, struct page *page, unsigned pass, size_t *ret, struct error *err),
       e, page, pass, ret, err)
FAULTY(stage_count, (void *self, unsigned first, int64_t *ret, struct error *err), first, ret, err)
FAULTY(stage_drop, (void *self, unsigned first, struct error *err), first, err)
FAULTY(stage_keep, (void *self, const struct entity *e, struct error *err), e, err)
FAULTY(stage_restore, (void *self, const struct entity *e, struct error *err), e, err)
FAULTY(stage_forget, (void *self, const struct entity *e, struct error *err), e, err)
FAULTY(compare_new,
       (void *self, const struct entity *e, struct sync_row *row, int64_t now, unsigned limit,
        struct error *err),
       e, row, now, limit, err)
FAULTY(compare_changed,
       (void *self, const struct entity *e, struct sync_row *row, int64_t now, unsigned limit, char *cursor,
        struct error *err),
       e, row, now, limit, cursor, err)
FAULTY(count_vanished,
       (void *self, const struct entity *e, unsigned first, int64_t now, int64_t *gone, int64_t *active,
        struct error *err),
       e, first, now, gone, active, err)
FAULTY(take_vanished,
       (void *self, const struct entity *e, struct sync_row *row, unsigned first, int64_t now,
        struct error *err),
       e, row, first, now, err)
FAULTY(ask,
       (void *self, const struct entity *e, const char *const *keys, size_t count, int64_t now, int64_t *ret,
        struct error *err),
       e, keys, count, now, ret, err)
FAULTY(count_contradicted, (void *self, const struct entity *e, int64_t *ret, struct error *err), e, ret, err)
FAULTY(count_waiting, (void *self, const struct entity *e, struct store_waiting *ret, struct error *err), e,
       ret, err)
FAULTY(queue_all, (void *self, const struct entity *e, int64_t now, struct error *err), e, now, err)
FAULTY(plan,
       (void *self, const struct entity *e, int64_t now, enum store_due due, bool signalled, int64_t **ret,
        size_t *count, struct error *err),
       e, now, due, signalled, ret, count, err)
FAULTY(count_signalled, (void *self, const struct entity *e, int64_t now, int64_t *ret, struct error *err), e,
       now, ret, err)
FAULTY(scan,
       (void *self, const struct entity *e, bool signalled, store_scan_fn *each, void *arg,
        struct error *err),
       e, signalled, each, arg, err)
FAULTY(choose,
       (void *self, const struct entity *e, const struct store_choice *choices, size_t count, bool more,
        int64_t now, struct error *err),
       e, choices, count, more, now, err)
FAULTY(forget_feed, (void *self, const struct entity *e, struct error *err), e, err)
FAULTY(dates,
       (void *self, const struct entity *e, const struct page *page, struct store_dated *ret,
        struct error *err),
       e, page, ret, err)
FAULTY(oldest_check, (void *self, const struct entity *e, int64_t *ret, struct error *err), e, ret, err)
FAULTY(lookup, (void *self, const struct entity *e, int64_t id, struct store_known *ret, struct error *err),
       e, id, ret, err)
FAULTY(commit,
       (void *self, const struct entity *e, struct sync_row *row, const struct store_item *items,
        size_t count, int64_t now, struct error *err),
       e, row, items, count, now, err)
FAULTY(meta_get, (void *self, const char *key, char **ret, struct error *err), key, ret, err)
FAULTY(meta_set, (void *self, const char *key, const char *value, int64_t now, struct error *err), key, value,
       now, err)

static inline int faulty_stage_begin(void *self, struct error *err)
{
    struct lab *lab = self;
    return fault(lab, err) ? -1 : lab->real.stage_begin(lab->real.self, err);
}

static inline struct sink faulty_sink(struct lab *lab)
{
    return (struct sink){.self = lab,
                         .cycle_begin = faulty_cycle_begin,
                         .cycle_finish = faulty_cycle_finish,
                         .stage_begin = faulty_stage_begin,
                         .stage_page = faulty_stage_page,
                         .stage_count = faulty_stage_count,
                         .stage_drop = faulty_stage_drop,
                         .stage_keep = faulty_stage_keep,
                         .stage_restore = faulty_stage_restore,
                         .stage_forget = faulty_stage_forget,
                         .compare_new = faulty_compare_new,
                         .compare_changed = faulty_compare_changed,
                         .count_vanished = faulty_count_vanished,
                         .take_vanished = faulty_take_vanished,
                         .ask = faulty_ask,
                         .count_contradicted = faulty_count_contradicted,
                         .count_waiting = faulty_count_waiting,
                         .queue_all = faulty_queue_all,
                         .count_signalled = faulty_count_signalled,
                         .plan = faulty_plan,
                         .scan = faulty_scan,
                         .choose = faulty_choose,
                         .forget_feed = faulty_forget_feed,
                         .dates = faulty_dates,
                         .oldest_check = faulty_oldest_check,
                         .lookup = faulty_lookup,
                         .commit = faulty_commit,
                         .meta_get = faulty_meta_get,
                         .meta_set = faulty_meta_set};
}

/* --- the lab --- */

static inline int64_t lab_wall(void *arg)
{
    return ((struct lab *)arg)->b->now;
}

static inline int64_t lab_monotonic(void *arg)
{
    return ((struct lab *)arg)->monotonic;
}

static inline void lab_wake(void *arg)
{
    (void)arg; /* the loop steps after every delivery */
}

static inline void lab_report(void *arg, enum event event, const char *text)
{
    struct lab *lab = arg;
    assert_true(text[0] != '\0');
    lab->reports[event]++;
    assert_true(event != EVENT_CYCLE_BEGUN || cycle_row(lab->cycle)->id > 0);
}

static inline void default_options(struct lab *lab)
{
    lab->options = (struct cycle_options){.entity = &entity_contacts,
                                          .source = &lab->source,
                                          .sink = &lab->sink,
                                          .clock = &lab->clock,
                                          .trigger = TRIGGER_START,
                                          .strategy = STRATEGY_INCREMENTAL,
                                          .page_size = 10,
                                          .max_vanished = 10,
                                          .keep_changes = 730 * USEC_PER_DAY,
                                          .keep_log = 365 * USEC_PER_DAY,
                                          .budget = 1e6,
                                          .interval = 15 * USEC_PER_MIN,
                                          .max_age = 31 * USEC_PER_DAY,
                                          .wake = lab_wake,
                                          .report = lab_report,
                                          .arg = lab};
}

/* A new database is made once in a process: to make one takes longer than most cycles here. */
static inline void open_new_store(struct bench *b)
{
    static char made[1 << 19];
    static size_t length;
    if (length == 0) {
        open_store(b);
        b->store = store_close(b->store);
        FILE *file = fopen(b->path, "r");
        assert_non_null(file);
        length = fread(made, 1, sizeof made, file);
        assert_int_equal(fclose(file), 0);
        assert_in_range(length, 1, sizeof made - 1);
    } else {
        FILE *file = fopen(b->path, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(made, 1, length, file), length);
        assert_int_equal(fclose(file), 0);
    }
    open_store(b);
}

static inline int set_up_lab(void **state)
{
    struct lab *lab = calloc(1, sizeof *lab);
    void *b = NULL;
    assert_non_null(lab);
    assert_int_equal(set_up(&b), 0);
    lab->b = b;
    lab->clock = (struct clock){.wall = lab_wall, .monotonic = lab_monotonic, .arg = lab};
    lab->source = (struct source){.self = lab,
                                  .window = WINDOW,
                                  .list = site_list,
                                  .get = site_get,
                                  .cancel = site_cancel,
                                  .pause = site_pause,
                                  .left = site_left,
                                  .allowed = site_allowed,
                                  .date = site_date,
                                  .stats = site_stats};
    lab->site = (struct site){.size_max = 10, .left = FOR_EVER, .seed = 1, .types = "[]"};
    lab->sink = faulty_sink(lab);
    default_options(lab);
    open_new_store(lab->b);
    *state = lab;
    return 0;
}

static inline int tear_down_lab(void **state)
{
    struct lab *lab = *state;
    void *b = lab->b;
    (void)cycle_free(lab->cycle);
    free(lab);
    return tear_down(&b);
}

static inline void begin_cycle(struct lab *lab)
{
    lab->site.halted = FETCH_OK;
    lab->site.waiting_count = 0;
    lab->calls = 0;
    lab->real = adapter_sink(lab->b->store);
    memset(lab->reports, 0, sizeof lab->reports);
    assert_done(lab->b, cycle_new(&lab->cycle, &lab->options, &lab->b->err));
}

/* One step, and what it waits for. False when the cycle is over. */
static inline bool go_on(struct lab *lab)
{
    int64_t at = 0;
    switch (cycle_step(lab->cycle, &at)) {
    case CYCLE_STEP_AGAIN:
        return true;
    case CYCLE_STEP_OVER:
        return false;
    case CYCLE_STEP_WAIT:
        break;
    }
    if (lab->site.waiting_count > 0)
        deliver(lab);
    else if (at == INT64_MAX)
        fail_msg("the cycle waits for nothing");
    else if (at > lab->monotonic)
        lab->monotonic = at;
    return true;
}

static inline void end_cycle(struct lab *lab)
{
    lab->row = *cycle_row(lab->cycle);
    lab->error = *cycle_error(lab->cycle);
    assert_int_equal(lab->site.waiting_count, 0);
    assert_int_equal(lab->reports[EVENT_CYCLE_BEGUN], lab->row.id != 0); /* once, and with its row */
    lab->cycle = cycle_free(lab->cycle);
}

static inline void run(struct lab *lab)
{
    begin_cycle(lab);
    while (go_on(lab))
        continue;
    end_cycle(lab);
}

/* As if the process had died: what was not committed is lost. */
static inline void kill_lab(struct lab *lab)
{
    lab->site.waiting_count = 0;
    lab->cycle = cycle_free(lab->cycle);
    kill_store(lab->b);
    open_store(lab->b);
    assert_true(store_close_interrupted(lab->b->store, lab->b->now, &lab->b->err) >= 0);
}

/* --- what must be so afterwards --- */

static inline void assert_person(struct lab *lab, size_t i)
{
    const struct person *p = &lab->site.people[i];
    char id[32], sql[SQL_TEXT], expected[SQL_TEXT];
    char *record = record_of(&lab->site, i);
    bool whole = p->known && p->answers, gone = (!p->answers && !p->listed) || p->deleted;
    id_text(id, i);
    (void)snprintf(sql, sizeof sql,
                   "SELECT status, deleted_at IS NOT NULL%s FROM contacts WHERE contact_id = '%s'",
                   whole ? ", name, flex_data" : "", id);
    (void)snprintf(expected, sizeof expected, "%s%s%s%s%s", gone ? "Inactive|1" : "Active|0",
                   whole ? "|" : "", whole ? p->name : "", whole ? "|" : "", whole ? record : "");
    assert_answer(lab->b, sql, p->known ? expected : "");
    free(record);
}

/* Every contact that the site ever listed is there and as the site has it. */
static inline void assert_truth(struct lab *lab)
{
    int64_t known = 0;
    for (size_t i = 0; i < lab->site.count; i++) {
        known += lab->site.people[i].known;
        assert_person(lab, i);
    }
    assert_int_equal(number(lab->b, "SELECT count(*) FROM contacts"), known);
    assert_sound(lab->b);
}

struct outcome {
    enum sync_status status;
    int64_t listed, fetched, inserted, updated, unchanged, deleted, failed;
};

/* The cycle's row and that of sync_log; SYNC_UNKNOWN listed: it did not list. */
static inline void assert_outcome(struct lab *lab, struct outcome o)
{
    char sql[SQL_TEXT], expected[256], listed[24] = "-";
    if (o.listed != SYNC_UNKNOWN)
        (void)snprintf(listed, sizeof listed, "%" PRId64, o.listed);
    (void)snprintf(
        sql, sizeof sql,
        "SELECT status, records_listed, records_fetched, records_inserted, records_updated,"
        " records_unchanged, records_deleted, records_failed, requests FROM sync_log WHERE id = %" PRId64,
        lab->row.id);
    (void)snprintf(expected, sizeof expected,
                   "%s|%s|%" PRId64 "|%" PRId64 "|%" PRId64 "|%" PRId64 "|%" PRId64 "|%" PRId64 "|%" PRId64,
                   sync_status_names[o.status], listed, o.fetched, o.inserted, o.updated, o.unchanged,
                   o.deleted, o.failed, lab->row.cost.requests);
    assert_answer(lab->b, sql, expected);
    assert_int_equal(lab->row.status, o.status);
    assert_int_equal(lab->row.counts.fetched, o.fetched);
    assert_true(lab->row.status == SYNC_SUCCESS ? !lab->row.error_message[0] : lab->row.error_message[0]);
}

/* Once more, and nothing moves. */
static inline void assert_settled(struct lab *lab)
{
    char *before = dump_contents(lab->b);
    lab->b->now += USEC_PER_MIN;
    run(lab);
    assert_contents(lab->b, before);
    assert_int_equal(lab->row.counts.inserted + lab->row.counts.updated + lab->row.counts.deleted, 0);
    free(before);
}

/* A site of so many, filled by a first cycle an hour ago. */
static inline void fill(struct lab *lab, size_t count)
{
    add_people(lab, count);
    run(lab);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    assert_truth(lab);
    lab->b->now += USEC_PER_HOUR;
}

/* Another site, and a database without anything. */
static inline void start_anew(struct lab *lab)
{
    const struct site clean = {.size_max = 10, .left = FOR_EVER, .seed = lab->site.seed, .types = "[]"};
    lab->b->store = store_close(lab->b->store);
    remove_files(lab->b->directory);
    open_new_store(lab->b);
    lab->site = clean;
    default_options(lab);
    lab->fail_from = lab->fail_to = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_lab, tear_down_lab)

#endif
