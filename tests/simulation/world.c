#include "world.h"

#include "flexsync/clock.h"
#include "flexsync/random.h"
#include "flexsync/read.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LATENCY   (20 * USEC_PER_MSEC) /* between two answers */
#define TRIES_MAX 5

double world_draw(struct world *world)
{
    return random_unit(&world->seed);
}

bool world_chance(struct world *world, double share)
{
    return share > 0 && world_draw(world) < share;
}

void world_fail(const struct world *world, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fprintf(stderr, "seed %" PRIu64 ", day %.3f: ", world->options.seed,
                  (double)(world->now - world->site.measured_from) / (double)USEC_PER_DAY);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(EXIT_FAILURE);
}

static void must(const struct world *world, int r, const struct error *err)
{
    if (r < 0)
        world_fail(world, "%s", err->text);
}

/* --- time --- */

static int64_t wall_of(void *arg)
{
    const struct world *world = arg;
    return world->now + world->local_offset;
}

static int64_t monotonic_of(void *arg)
{
    return ((const struct world *)arg)->now;
}

static int64_t date_of(const struct world *world)
{
    return (world->now + world->server_offset) / USEC_PER_SEC * USEC_PER_SEC;
}

static void pass(struct world *world, int64_t usec)
{
    world->now += usec;
    site_advance(&world->site, world->now);
}

void world_wait(struct world *world, int64_t usec)
{
    pass(world, usec);
}

/* --- the network --- */

static void add_flight(struct world *world, const struct flight *flight)
{
    if (world->flight_count > WORLD_WINDOW)
        world_fail(world, "more requests than the window");
    world->flights[world->flight_count++] = *flight;
}

static int source_list(void *self, const struct entity *entity, const struct source_page *page,
                       const struct fetch_handler *handler, void *arg, struct error *err)
{
    (void)err;
    add_flight(self, &(struct flight){
                         .listing = true, .entity = entity, .page = *page, .handler = *handler, .arg = arg});
    return 0;
}

static int source_get(void *self, const struct entity *entity, const char *id,
                      const struct fetch_handler *handler, void *arg, struct error *err)
{
    (void)err;
    struct world *world = self;
    size_t person = site_find(&world->site, id);
    if (person == SITE_END)
        world_fail(world, "asked for %s, whom nobody ever listed", id);
    add_flight(world, &(struct flight){.entity = entity, .person = person, .handler = *handler, .arg = arg});
    return 0;
}

static void source_cancel(void *self)
{
    struct world *world = self;
    world->stopped = FETCH_CANCELLED;
    (void)error_set(&world->stop_error, ERROR_NONE, RETRY_LATER, "cancelled");
}

static int64_t source_pause(void *self)
{
    struct world *world = self;
    int64_t paused = limiter_paused(&world->limiter, world->now);
    int64_t wait = breaker_wait(&world->breaker, world->now);
    return paused > wait ? paused : wait;
}

static void source_left(const void *self, int64_t ret[static QUOTA_WINDOWS])
{
    limiter_left(&((const struct world *)self)->limiter, ret);
}

static int64_t source_allowed(void *self)
{
    struct world *world = self;
    return limiter_allowed(&world->limiter, world->now, wall_of(world));
}

static int64_t source_date(const void *self)
{
    const struct world *world = self;
    return limiter_date(&world->limiter, world->now);
}

static const struct fetch_stats *source_stats(const void *self)
{
    return &((const struct world *)self)->stats;
}

static const struct source source_table = {.window = WORLD_WINDOW,
                                           .list = source_list,
                                           .get = source_get,
                                           .cancel = source_cancel,
                                           .pause = source_pause,
                                           .left = source_left,
                                           .allowed = source_allowed,
                                           .date = source_date,
                                           .stats = source_stats};

static void send(struct world *world, struct flight *flight)
{
    flight->sent = true;
    flight->tries++;
    flight->epoch = world->breaker.epoch;
    flight->probe = breaker_is_open(&world->breaker);
    world->in_flight++;
    world->stats.requests++;
    world->stats.retries += flight->tries > 1;
    flight->refused = !account_send(&world->account, world->now, date_of(world), &flight->window);
    if (world->account.breached)
        world_fail(world,
                   "one request over the quota: %" PRId64 " in an hour, %" PRId64 " in a day, %" PRId64
                   " in a month",
                   world->account.most[QUOTA_HOUR], world->account.most[QUOTA_DAY],
                   world->account.most[QUOTA_MONTH]);
}

static void stop(struct world *world, enum fetch_outcome why, enum error_code code, const char *text)
{
    world->stopped = why;
    (void)error_set(&world->stop_error, code, RETRY_LATER, "%s", text);
}

/* In an outage one request at a time, when the breaker says so. */
static bool passes_breaker(struct world *world)
{
    struct breaker *breaker = &world->breaker;
    if (!breaker_is_open(breaker))
        return world->in_flight < WORLD_CONCURRENT && world->in_flight < breaker_window(breaker);
    if (breaker_gives_up(breaker, world->now)) {
        stop(world, FETCH_UNAVAILABLE, ERROR_UNREACHABLE, "an outage");
        return false;
    }
    if (world->in_flight > 0)
        return false;
    pass(world, breaker_wait(breaker, world->now));
    return true;
}

/* As the fetcher does it: what may be sent is sent; where only the limiter holds something back, time passes.
 */
static void pump(struct world *world)
{
    struct error err;
    for (size_t i = 0; i < world->flight_count && world->stopped == FETCH_OK; i++) {
        struct flight *flight = &world->flights[i];
        if (flight->sent)
            continue;
        if (!passes_breaker(world))
            return;
        int64_t wait = limiter_wait(&world->limiter, world->now);
        if (wait > 0 && world->in_flight > 0)
            return;
        if (wait > 0)
            pass(world, wait);
        if (limiter_take(&world->limiter, world->now, wall_of(world), &err) < 0) {
            world->stopped = FETCH_THROTTLED;
            world->stop_error = err;
            return;
        }
        send(world, flight);
    }
}

static void refuse(struct world *world, const struct flight *flight)
{
    static const char *const words[QUOTA_WINDOWS] = {"hour", "day", "month"};
    char body[160];
    struct quota_refusal refusal;
    int length = snprintf(body, sizeof body,
                          "{\"exceptionMessage\":\"Maximum API request limit of %" PRId64
                          " reached for this %s.\",\"httpStatusCode\":429}",
                          world->account.limits[flight->window], words[flight->window]);
    if (!world->names_window)
        length = snprintf(body, sizeof body, "{\"exceptionMessage\":\"Too many requests\"}");
    quota_read_refusal(body, (size_t)length, &world->options.limits, &refusal);
    limiter_refused(&world->limiter, &refusal, LIMITER_UNNAMED, world_draw(world), world->now,
                    wall_of(world));
    world->stats.throttled++;
    if (world->stopped == FETCH_OK)
        stop(world, FETCH_THROTTLED, ERROR_QUOTA, "429");
}

static enum fetch_outcome give(const struct flight *flight, char *body, struct error *err)
{
    int r = flight->handler.accept(flight->arg, body, strlen(body), err);
    free(body);
    return r < 0 ? FETCH_FAILED : FETCH_OK;
}

static enum fetch_outcome refuse_record(const struct world *world, enum site_way way, struct error *err)
{
    static const struct {
        enum fetch_outcome outcome;
        enum error_code code;
        enum error_retry retry;
    } answers[SITE_WAYS] = {[SITE_UNKNOWN] = {FETCH_GONE, ERROR_ANSWER, RETRY_NEVER},
                            [SITE_USELESS] = {FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
                            [SITE_FAILS] = {FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW},
                            [SITE_DENIED] = {FETCH_DENIED, ERROR_KEY, RETRY_LATER}};
    if (world->faults.storm)
        way = SITE_UNKNOWN;
    (void)error_set(err, answers[way].code, answers[way].retry, "the record's address answers so");
    return answers[way].outcome;
}

static enum fetch_outcome answer_record(struct world *world, const struct flight *flight, struct error *err)
{
    char *body = world->faults.storm ? NULL : site_record(&world->site, flight->person);
    if (!body)
        return refuse_record(world, world->site.people[flight->person].way, err);
    enum fetch_outcome outcome = give(flight, body, err);
    if (outcome == FETCH_OK)
        site_copied(&world->site, flight->person, world->now);
    return outcome;
}

static enum fetch_outcome answer(struct world *world, const struct flight *flight, struct error *err)
{
    if (flight->refused) {
        refuse(world, flight);
        *err = world->stop_error;
        return FETCH_THROTTLED;
    }
    limiter_answered(&world->limiter, world->now, wall_of(world));
    if (flight->listing)
        return give(flight, site_page(&world->site, &flight->page), err);
    return answer_record(world, flight, err);
}

static void note_health(struct world *world, const struct flight *flight, bool failed)
{
    if (flight->probe && failed)
        breaker_probe_failed(&world->breaker, -1, world->now);
    else if (flight->probe)
        breaker_probe_answered(&world->breaker);
    else if (failed)
        breaker_failed(&world->breaker, flight->epoch, -1, world->now);
    else
        breaker_answered(&world->breaker, flight->epoch);
}

/* Is another try worth it, as the fetcher sees it? */
static bool goes_again(struct world *world, size_t place)
{
    struct flight *flight = &world->flights[place];
    bool lost = world_chance(world, world->faults.lost), failing = world_chance(world, world->faults.failing);
    lost |= world->now >= world->outage_from && world->now < world->outage_until;
    if (!lost && world->names_date)
        limiter_dated(&world->limiter, date_of(world), world->now);
    bool failed = !flight->refused && (lost || failing);
    note_health(world, flight, failed);
    if (!failed)
        return false;
    flight->sent = false;
    return true;
}

static void finish(struct world *world, size_t place, enum fetch_outcome outcome, const struct error *err)
{
    const struct flight flight = world->flights[place];
    world->flights[place] = world->flights[--world->flight_count];
    flight.handler.done(flight.arg, outcome, err);
}

/* One of those in flight comes home. */
static void deliver(struct world *world)
{
    struct error err = {0};
    size_t place = (size_t)(world_draw(world) * (double)world->flight_count);
    while (!world->flights[place].sent)
        place = (place + 1) % world->flight_count;
    pass(world, LATENCY);
    world->in_flight--;
    if (goes_again(world, place)) {
        if (world->flights[place].tries < TRIES_MAX && world->stopped == FETCH_OK)
            return;
        (void)error_set(&err, ERROR_UNREACHABLE, RETRY_LATER, "no answer");
        finish(world, place, FETCH_FAILED, &err);
        return;
    }
    const struct flight flight = world->flights[place];
    enum fetch_outcome outcome =
        world->stopped == FETCH_CANCELLED ? FETCH_CANCELLED : answer(world, &flight, &err);
    if (outcome == FETCH_CANCELLED)
        err = world->stop_error;
    finish(world, place, outcome, &err);
}

/* Nothing more is sent: those that were not end so. */
static void end_unsent(struct world *world)
{
    for (size_t i = world->flight_count; i-- > 0;)
        if (!world->flights[i].sent)
            finish(world, i, world->stopped, &world->stop_error);
}

/* --- the daemon --- */

static int memory_begin(void *self, struct quota *ret, struct error *err)
{
    (void)err;
    struct world *world = self;
    if (!world->memory_known)
        quota_init(&world->memory, wall_of(world));
    world->memory_known = true;
    *ret = world->memory;
    return 0;
}

static int memory_end(void *self, const struct quota *quota, struct error *err)
{
    (void)err;
    ((struct world *)self)->memory = *quota;
    return 0;
}

void world_start(struct world *world)
{
    struct error err;
    int64_t migrated = 0;
    struct limiter_book book = {.self = world, .begin = memory_begin, .end = memory_end};
    world->ledger = (struct ledger){.path = world->ledger_path, .clock = &world->clock};
    if (!world->options.own_ledger)
        book = ledger_book(&world->ledger);
    limiter_init(&world->limiter, 10, 30, world->now);
    limiter_keep(&world->limiter, &book, &world->options.limits);
    must(world, store_open(&world->store, world->database, STORE_WRITE, wall_of(world), &migrated, &err),
         &err);
    must(world, store_close_interrupted(world->store, wall_of(world), &err), &err);
    schedule_start(&world->schedule, world->options.interval, true, world->now);
}

/* What is open is rolled back, nothing is marked. */
void world_kill(struct world *world)
{
    world->flight_count = world->in_flight = 0;
    world->cycle = cycle_free(world->cycle);
    statement_finalize_all(world->store);
    if (sqlite3_close(world->store->db) != SQLITE_OK)
        world_fail(world, "the database could not be closed");
    free(world->store->path);
    free(world->store);
    world->store = NULL;
}

void world_end(struct world *world)
{
    limiter_rest(&world->limiter, world->now, wall_of(world));
    world->store = store_close(world->store);
}

static void on_wake(void *arg)
{
    (void)arg; /* the loop steps after every answer */
}

static void on_report(void *arg, enum event event, const char *text)
{
    const struct world *world = arg;
    if (getenv("WORLD_LOUD") && event_kinds[event].level <= LOG_LEVEL_INFO)
        fprintf(stderr, "%.4f %s\n", (double)(world->now - world->site.measured_from) / (double)USEC_PER_DAY,
                text);
}

static bool by_person(enum sync_trigger trigger)
{
    return trigger == TRIGGER_MANUAL || trigger == TRIGGER_SIGNAL;
}

/* As engine.c has it. */
static enum quota_work work_of(struct world *world, enum sync_trigger trigger)
{
    struct read_counts counts;
    struct error err;
    if (by_person(trigger))
        return QUOTA_PERSON;
    must(world, read_counts(world->store, &entity_contacts, &counts, &err), &err);
    return counts.whole + counts.out_of_reach < counts.active || counts.total == 0 ? QUOTA_FILL
                                                                                   : QUOTA_BACKGROUND;
}

static void begin_cycle(struct world *world, enum sync_trigger trigger, bool full)
{
    struct error err;
    struct source source = source_table;
    source.self = world;
    const struct sink sink = adapter_sink(world->store);
    const struct cycle_options options = {.entity = &entity_contacts,
                                          .source = &source,
                                          .sink = &sink,
                                          .clock = &world->clock,
                                          .trigger = trigger,
                                          .strategy = world->options.strategy,
                                          .full = full,
                                          .person = by_person(trigger),
                                          .accept_vanished = world->accept_vanished,
                                          .page_size = 2000,
                                          .max_vanished = 10,
                                          .keep_changes = 730 * USEC_PER_DAY,
                                          .keep_log = 30 * USEC_PER_DAY,
                                          .budget =
                                              quota_budget(&world->limiter.quota, &world->options.limits),
                                          .interval = world->options.interval,
                                          .max_age = world->options.max_age,
                                          .seed = (uint64_t)(world_draw(world) * 0x1p53),
                                          .wake = on_wake,
                                          .report = on_report,
                                          .arg = world};
    breaker_begin(&world->breaker);
    if (by_person(trigger)) {
        limiter_forgive(&world->limiter);
        breaker_forgive(&world->breaker);
    }
    limiter_work(&world->limiter, work_of(world, trigger));
    world->stopped = FETCH_OK;
    world->died = false;
    must(world, cycle_new(&world->cycle, &options, &err), &err);
    schedule_begun(&world->schedule, world->now);
}

/* What a waiting cycle waits for. */
static void go_on(struct world *world, int64_t at)
{
    if (world->flight_count > 0 && world->in_flight == 0 && world->stopped == FETCH_OK)
        pump(world);
    if (world->stopped != FETCH_OK)
        end_unsent(world);
    else
        pump(world);
    if (world->in_flight > 0)
        deliver(world);
    else if (world->flight_count == 0 && at != INT64_MAX && at > world->now)
        pass(world, at - world->now);
}

static bool step(struct world *world)
{
    int64_t at = 0;
    world->events++;
    switch (cycle_step(world->cycle, &at)) {
    case CYCLE_STEP_AGAIN:
        return true;
    case CYCLE_STEP_WAIT:
        if (world->flight_count == 0 && at == INT64_MAX)
            world_fail(world, "the cycle waits for nothing");
        go_on(world, at);
        return true;
    case CYCLE_STEP_OVER:
        break;
    }
    return false;
}

static void end_cycle(struct world *world)
{
    world->row = *cycle_row(world->cycle);
    world->error = *cycle_error(world->cycle);
    world->cycle = cycle_free(world->cycle);
    world->cycles++;
    if (world->flight_count > 0)
        world_fail(world, "the cycle ended before its requests");
    limiter_rest(&world->limiter, world->now, wall_of(world));
    int64_t pause = world->row.resumes_at ? world->row.resumes_at - wall_of(world) : 0;
    if (world->row.resumes_at && pause < 1)
        pause = 1;
    schedule_ended(&world->schedule, world->error.code, pause, world->now);
    (void)store_rest(world->store, NULL);
}

void world_cycle(struct world *world, enum sync_trigger trigger, bool full)
{
    begin_cycle(world, trigger, full);
    while (step(world)) {
        if (world_chance(world, world->faults.stop))
            cycle_stop(world->cycle);
        if (!world_chance(world, world->faults.crash))
            continue;
        world_kill(world);
        world_start(world);
        world->died = true;
        return;
    }
    end_cycle(world);
}

void world_run_until(struct world *world, int64_t until)
{
    while (world->schedule.next < until) {
        if (world->schedule.next > world->now)
            pass(world, world->schedule.next - world->now);
        world_cycle(world, world->schedule.trigger, false);
    }
    if (until > world->now)
        pass(world, until - world->now);
}

void world_fill(struct world *world)
{
    const struct limiter_book none = {0};
    limiter_keep(&world->limiter, &none, &world->options.limits);
    limiter_change(&world->limiter, 0, 30, world->now);
    struct account account = world->account;
    account_make(&world->account, (const int64_t[]){INT64_MAX, INT64_MAX, INT64_MAX});
    world_cycle(world, TRIGGER_START, true);
    account_free(&world->account);
    world->account = account;
    world_end(world);
    world_start(world);
}

int64_t world_number(struct world *world, const char *sql)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(world->store->db, sql, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
        world_fail(world, "%s: %s", sql, sqlite3_errmsg(world->store->db));
    int64_t number = sqlite3_column_int64(s, 0);
    (void)sqlite3_finalize(s);
    return number;
}

/* --- the beginning and the end --- */

void world_make(struct world *world, const struct world_options *options, int64_t now)
{
    *world = (struct world){.options = *options,
                            .seed = options->seed ^ UINT64_C(0x5eed),
                            .now = now,
                            .names_date = true,
                            .names_window = true};
    world->clock = (struct clock){.wall = wall_of, .monotonic = monotonic_of, .arg = world};
    (void)snprintf(world->directory, sizeof world->directory, "%s/flexsync-world.XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(world->directory))
        world_fail(world, "cannot make %s", world->directory);
    (void)snprintf(world->database, sizeof world->database, "%s/contacts.db", world->directory);
    (void)snprintf(world->ledger_path, sizeof world->ledger_path, "%s/quota.db", world->directory);
    site_make(&world->site, options->people, options->seed, now);
    account_make(&world->account, options->limits.most);
}

static void remove_directory(const char *path)
{
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory)
        (void)closedir(directory);
    (void)rmdir(path);
}

void world_free(struct world *world)
{
    if (world->store)
        world_end(world);
    remove_directory(world->directory);
    site_free(&world->site);
    account_free(&world->account);
}
