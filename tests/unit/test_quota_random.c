/*
 * Whatever happens to the programs, to their ledger and to the clock of the machine: no hour, no day and no
 * 31 days of the server's see more requests of ours than the account has. The server here counts what was
 * sent by a clock of its own. Each seed is a story; FLEXSYNC_SEED=N tells one alone, FLEXSYNC_SEEDS=N so
 * many.
 *
 * Left out is what no ledger can hold: that quota.db is deleted, or replaced by an older one, while no
 * program runs that knows what was in it; that a program which does not know it opens the new file first; and
 * what a local clock that lies buys after a start with a full ledger: one request for each lie. And what this
 * one does not hold: that the first date that a ledger ever hears comes to a program which does not know how
 * late it is, while another one runs that does; and what is sent after the machine has slept until a date was
 * entered, a lease or what is in flight, if the program is killed or another one is faster.
 */
#include "quota_bench.h"

#define MEMORY_SEEDS 1000
#define FILE_SEEDS   20
#define STEPS        60
#define PROGRAMS     2
#define CALLS_MAX    30 /* in flight */
#define TIMEOUT      (30 * USEC_PER_SEC)
#define JITTER       (85 * USEC_PER_SEC) /* that and TIMEOUT are below two minutes */
#define SENT_MAX     100000

struct call {
    int64_t sent;
    bool refused, dated;
    struct quota_refusal refusal;
};

struct program {
    bool runs;
    struct limiter limiter;
    struct ledger ledger;
    int64_t version; /* of the ledger, as it wrote it last */
    struct call calls[CALLS_MAX];
    unsigned in_flight;
    bool slept; /* and sent nothing since */
};

struct story {
    struct bench bench;
    uint64_t random;
    bool on_disk;
    struct program programs[PROGRAMS];
    struct program *last; /* that wrote the ledger: it knows all that is in it */
    struct quota_limits limits;

    bool refuses;  /* others use the account as well, and the server answers 429 */
    int64_t shift; /* of the server's windows against UTC */
    int64_t index[QUOTA_WINDOWS], count[QUOTA_WINDOWS]; /* the server's */
    bool timeless;                                      /* it never sends a Date */
    bool dates;                                         /* its answers carry one */
    bool exact;                                         /* to the microsecond, else as dates are */
    int64_t jitter;                                     /* of it */

    int64_t *sent; /* when, by the server's clock */
    size_t sents;
    size_t lies; /* requests that a local clock which lied bought */
};

static uint64_t draw(struct story *s)
{
    uint64_t z = (s->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int64_t below(struct story *s, int64_t most)
{
    return (int64_t)(draw(s) % (uint64_t)most);
}

static bool chance(struct story *s, int64_t percent)
{
    return below(s, 100) < percent;
}

/* --- the server --- */

static int64_t server_index(const struct story *s, int window)
{
    int64_t now = s->bench.now - s->shift;
    return now / (window == QUOTA_HOUR  ? USEC_PER_HOUR
                  : window == QUOTA_DAY ? USEC_PER_DAY
                                        : 31 * USEC_PER_DAY);
}

static void server_count(struct story *s, int64_t requests)
{
    for (int w = 0; w < QUOTA_WINDOWS; w++) {
        if (s->index[w] != server_index(s, w))
            s->count[w] = 0;
        s->index[w] = server_index(s, w);
        s->count[w] += requests;
    }
}

static void server_judge(struct story *s, struct call *call)
{
    *call = (struct call){.sent = s->bench.now, .dated = s->dates && chance(s, 95)};
    server_count(s, 1);
    for (int w = 0; w < QUOTA_WINDOWS && s->refuses; w++) {
        if (s->count[w] <= s->limits.most[w])
            continue;
        call->refused = true;
        call->refusal =
            (struct quota_refusal){.named = true, .window = (enum quota_window)w, .limit = s->limits.most[w]};
    }
}

/* It is stamped when the request comes in; the answer may be under way for as long as we wait. */
static int64_t server_date(struct story *s, const struct call *call)
{
    if (s->exact)
        return s->bench.now;
    int64_t date = call->sent + (s->jitter ? below(s, s->jitter) - s->jitter / 2 : 0);
    return date / USEC_PER_SEC * USEC_PER_SEC;
}

/* --- the programs --- */

static void note_writing(struct story *s, struct program *p)
{
    if (p->version != p->limiter.quota.version)
        s->last = p;
    p->version = p->limiter.quota.version;
}

/* A probe although the ledger is full: the local clock says that it is not any more. */
static bool is_lie(const struct story *s, const struct limiter *limiter)
{
    bool full = false;
    for (int w = 0; w < QUOTA_WINDOWS; w++)
        full = full || quota_used(&limiter->quota, (enum quota_window)w) - limiter->quota.counts[w].foreign >
                           s->limits.most[w];
    return limiter->probing && full;
}

static void answer(struct story *s, struct program *p)
{
    struct call call = p->calls[--p->in_flight];
    int64_t retry_after = chance(s, 20) ? below(s, 2 * USEC_PER_HOUR) : LIMITER_UNNAMED;
    if (!p->slept && (s->bench.now - call.sent > TIMEOUT || chance(s, 3))) /* or cut, or a 500 */
        return;
    limiter_dated(&p->limiter, call.dated ? server_date(s, &call) : 0, s->bench.mono);
    if (call.refused)
        limiter_refused(&p->limiter, &call.refusal, retry_after, (double)below(s, 1000) / 1000, s->bench.mono,
                        bench_wall(&s->bench));
    else
        limiter_answered(&p->limiter, s->bench.mono, bench_wall(&s->bench));
    note_writing(s, p);
}

static void answer_all(struct story *s, struct program *p)
{
    while (p->in_flight > 0)
        answer(s, p);
}

/* What is under way is waited for, and what is not used of a lease is given back. */
static void end_cycle(struct story *s, struct program *p)
{
    answer_all(s, p);
    limiter_rest(&p->limiter, s->bench.mono, bench_wall(&s->bench));
    note_writing(s, p);
}

static bool send_one(struct story *s, struct program *p)
{
    struct error err;
    if (p->in_flight == CALLS_MAX)
        answer(s, p);
    bool taken = limiter_take(&p->limiter, s->bench.mono, bench_wall(&s->bench), &err) == 0;
    note_writing(s, p);
    if (!taken) {
        assert_int_equal(err.code, ERROR_QUOTA);
        return false;
    }
    if (is_lie(s, &p->limiter)) {
        s->lies++;
    } else {
        assert_true(s->sents < SENT_MAX);
        s->sent[s->sents++] = s->bench.now;
    }
    server_judge(s, &p->calls[p->in_flight++]);
    if (p->slept) {
        p->calls[p->in_flight - 1].dated = true;
        end_cycle(s, p);
    }
    p->slept = false;
    return true;
}

/* As the fetcher does: until the limiter says no, or the demand is over. */
static void send_many(struct story *s, struct program *p, int64_t most)
{
    if (limiter_paused(&p->limiter, s->bench.mono) > 0 && chance(s, 90))
        return;
    while (most > 0 && send_one(s, p)) {
        most--;
        if (chance(s, 30) && p->in_flight > 0)
            answer(s, p);
    }
    if (chance(s, 50))
        end_cycle(s, p);
}

static void start(struct story *s, struct program *p)
{
    const struct limiter_book book = s->on_disk ? ledger_book(&p->ledger) : bench_book(&s->bench);
    p->runs = true;
    p->in_flight = 0;
    p->slept = false;
    p->version = 0;
    p->ledger = (struct ledger){.path = s->bench.path, .clock = &s->bench.clock};
    limiter_init(&p->limiter, 0, 1, s->bench.mono);
    limiter_keep(&p->limiter, &book, &s->limits);
    limiter_work(&p->limiter, chance(s, 70) ? QUOTA_PERSON : chance(s, 50) ? QUOTA_FILL : QUOTA_BACKGROUND);
}

/* A clean end, or a kill that loses what it holds. */
static void stop(struct story *s, struct program *p)
{
    if (chance(s, 50))
        end_cycle(s, p);
    p->runs = false;
    if (s->last == p)
        s->last = NULL;
}

/* --- what happens --- */

static int64_t some_time(struct story *s)
{
    switch (below(s, 8)) {
    case 0:
        return below(s, 3 * USEC_PER_SEC);
    case 1:
    case 2:
        return below(s, 3 * USEC_PER_MIN);
    case 3:
    case 4:
        return below(s, 20 * USEC_PER_MIN);
    case 5:
        return below(s, 65 * USEC_PER_MIN);
    case 6:
        return below(s, 26 * USEC_PER_HOUR);
    default:
        return chance(s, 30) ? below(s, 32 * USEC_PER_DAY) : below(s, USEC_PER_MIN);
    }
}

static int64_t some_offset(struct story *s)
{
    static const int64_t units[] = {USEC_PER_SEC, USEC_PER_MIN, USEC_PER_HOUR, USEC_PER_DAY,
                                    31 * USEC_PER_DAY};
    int64_t unit = units[below(s, 5)];
    return (below(s, 5) - 2) * unit;
}

/* To the moment at which it may go on: what is forgotten too early shows there. */
static void wait_out(struct story *s, struct program *p)
{
    int64_t pause = limiter_paused(&p->limiter, s->bench.mono);
    bench_pass(&s->bench, pause > 0 && pause < 40 * USEC_PER_DAY ? pause : some_time(s));
}

/* Deleted, or an older copy put back, while the program that wrote it last is alive and opens it next. */
static void lose_ledger(struct story *s)
{
    if (!s->last || !s->last->runs)
        return;
    answer_all(s, s->last);
    if (chance(s, 50) || !bench_restore(&s->bench, s->on_disk))
        bench_delete(&s->bench, s->on_disk);
    (void)limiter_allowed(&s->last->limiter, s->bench.mono, bench_wall(&s->bench));
    note_writing(s, s->last);
}

static void change_server(struct story *s)
{
    s->dates = !s->timeless && chance(s, 75);
    s->jitter = chance(s, 50) ? 0 : below(s, JITTER);
    if (s->refuses && chance(s, 50))
        server_count(s, below(s, s->limits.most[below(s, QUOTA_WINDOWS)] + 1));
}

/* Between two cycles; and the first request after it gets an answer with a date. */
static void sleep_some_time(struct story *s)
{
    if (s->timeless)
        return;
    for (int i = 0; i < PROGRAMS; i++) {
        if (s->programs[i].runs)
            end_cycle(s, &s->programs[i]);
        s->programs[i].slept = true;
    }
    bench_sleep(&s->bench, some_time(s));
}

static void hear_first_date(struct story *s, struct program *p)
{
    start(s, p);
    assert_true(send_one(s, p));
    limiter_dated(&p->limiter, server_date(s, &p->calls[0]), s->bench.mono);
    end_cycle(s, p);
    (void)limiter_allowed(&p->limiter, s->bench.mono, bench_wall(&s->bench));
    note_writing(s, p);
}

static void step(struct story *s)
{
    struct program *p = &s->programs[chance(s, 70) ? 0 : 1];
    int64_t what = below(s, 100);
    if (!p->runs) {
        start(s, p);
        return;
    }
    if (what < 40)
        send_many(s, p, chance(s, 60) ? 1000 : 1 + below(s, 20));
    else if (what < 50)
        answer_all(s, p);
    else if (what < 62)
        wait_out(s, p);
    else if (what < 74)
        bench_pass(&s->bench, some_time(s));
    else if (what < 84)
        stop(s, p);
    else if (what < 88)
        s->bench.offset = chance(s, 30) ? 0 : s->bench.offset + some_offset(s);
    else if (what < 91)
        bench_save(&s->bench, s->on_disk);
    else if (what < 94)
        lose_ledger(s);
    else if (what < 96)
        sleep_some_time(s);
    else
        change_server(s);
}

/* --- what must be so --- */

/* The busiest span of that length, wherever it begins. */
static int64_t busiest(const struct story *s, int64_t length)
{
    size_t first = 0, most = 0;
    for (size_t i = 0; i < s->sents; i++) {
        while (s->sent[i] - s->sent[first] >= length)
            first++;
        if (i - first + 1 > most)
            most = i - first + 1;
    }
    return (int64_t)most;
}

/* Windows are exact to what the dates are off by. */
static void assert_never_more(const struct story *s)
{
    int64_t noise = s->exact ? 0 : JITTER + TIMEOUT + USEC_PER_SEC;
    assert_in_range(busiest(s, USEC_PER_HOUR - noise), 0, s->limits.most[QUOTA_HOUR]);
    assert_in_range(busiest(s, USEC_PER_DAY - noise), 0, s->limits.most[QUOTA_DAY]);
    assert_in_range(busiest(s, 31 * USEC_PER_DAY - noise), 0, s->limits.most[QUOTA_MONTH]);
}

/* All is well from now on: what a window holds up goes on when that has turned. */
static void assert_goes_on(struct story *s)
{
    struct program *p = &s->programs[0];
    s->refuses = false;
    s->dates = true;
    s->jitter = s->bench.offset = 0;
    for (int i = 0; i < PROGRAMS; i++)
        s->programs[i].runs = false;
    start(s, p);
    limiter_work(&p->limiter, QUOTA_PERSON);
    for (int sent = 0; sent < 3; sent++) {
        int64_t until = s->bench.now + 33 * USEC_PER_DAY;
        while (!send_one(s, p)) {
            assert_in_range(s->bench.now, 0, until);
            end_cycle(s, p);
            wait_out(s, p);
        }
    }
}

static void choose_limits(struct story *s)
{
    static const struct quota_limits some[] = {
        {{20, 100, 1000}, 50}, {{200, 2000, 10000}, 50}, {{12, 30, 70}, 50}, {{50, 60, 65}, 90},
        {{7, 1000, 1000}, 20}, {{1000, 100, 300}, 99},   {{1, 1, 1}, 1},     {{400, 450, 500}, 50},
    };
    s->limits = some[below(s, ARRAY_LENGTH(some))];
}

static void begin(struct story *s, uint64_t seed)
{
    *s = (struct story){.bench = s->bench, .on_disk = s->on_disk, .sent = s->sent, .random = seed};
    bench_begin(&s->bench, s->on_disk, below(s, 1000 * USEC_PER_DAY));
}

static void tell(struct story *s, uint64_t seed)
{
    begin(s, seed);
    s->bench.offset = chance(s, 50) ? 0 : some_offset(s);
    choose_limits(s);
    s->exact = chance(s, 60);
    s->refuses = chance(s, 50);
    s->shift = chance(s, 50) ? 0 : below(s, 31 * USEC_PER_DAY);
    s->timeless = chance(s, 15);
    if (!s->timeless)
        hear_first_date(s, &s->programs[0]);
    change_server(s);
    for (int i = 0; i < STEPS; i++)
        step(s);
    assert_never_more(s);
    assert_goes_on(s);
    assert_never_more(s);
}

static void tell_stories(struct story *s, uint64_t seeds)
{
    const char *only = getenv("FLEXSYNC_SEED"), *many = getenv("FLEXSYNC_SEEDS");
    uint64_t first = only ? strtoull(only, NULL, 10) : 1;
    uint64_t last = only ? first : many ? strtoull(many, NULL, 10) : seeds;
    for (s->bench.seed = first; s->bench.seed <= last; s->bench.seed++)
        tell(s, s->bench.seed);
}

static void no_window_is_exceeded_whatever_happens(void **state)
{
    tell_stories(*state, MEMORY_SEEDS);
}

/* Two days of greed, in which programs are killed all the time; the server knows the time to a minute. */
static void most_of_what_is_allowed_is_used(void **state)
{
    struct story *s = *state;
    const struct quota_limits hourly = {{200, 100000, 1000000}, 50};
    for (s->bench.seed = 1; s->bench.seed <= 10; s->bench.seed++) {
        begin(s, s->bench.seed);
        s->limits = hourly;
        s->dates = true;
        s->jitter = USEC_PER_MIN;
        for (int64_t until = s->bench.now + 48 * USEC_PER_HOUR; s->bench.now < until;) {
            struct program *p = &s->programs[below(s, PROGRAMS)];
            if (!p->runs)
                start(s, p);
            limiter_work(&p->limiter, QUOTA_PERSON);
            send_many(s, p, 1 + below(s, 300));
            if (chance(s, 15))
                p->runs = false;
            bench_pass(&s->bench, below(s, 12 * USEC_PER_MIN));
        }
        assert_never_more(s);
        assert_in_range(s->sents, 48 * 120, 48 * 200);
    }
}

static void nor_with_a_ledger_on_the_disk(void **state)
{
    struct story *s = *state;
    s->on_disk = true;
    tell_stories(s, FILE_SEEDS);
}

static int set_up(void **state)
{
    struct story *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->sent = calloc(SENT_MAX, sizeof *s->sent);
    assert_non_null(s->sent);
    bench_set_up(&s->bench);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct story *s = *state;
    print_message("the last seed was %" PRIu64 "\n",
                  s->bench.seed); /* if it failed, of the one that failed */
    bench_tear_down(&s->bench);
    free(s->sent);
    free(s);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_window_is_exceeded_whatever_happens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(most_of_what_is_allowed_is_used, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nor_with_a_ledger_on_the_disk, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("quota_random", tests, NULL, NULL);
}
