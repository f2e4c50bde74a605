/* Bucket, pause and ledger together; the ledger's file is in test_ledger.c, stories in test_quota_random.c.
 */
#include "quota_bench.h"

static struct limiter fresh(void)
{
    struct limiter limiter;
    limiter_init(&limiter, 10, 3, NOW);
    return limiter;
}

static void refuse(struct limiter *limiter, int64_t retry_after, int64_t now)
{
    const struct quota_refusal unnamed = {0};
    limiter_refused(limiter, &unnamed, retry_after, 0, now, now);
}

static int64_t pause_after(int64_t retry_after)
{
    struct limiter limiter = fresh();
    refuse(&limiter, retry_after, NOW);
    return limiter_paused(&limiter, NOW);
}

static void a_new_limiter_lets_the_burst_go_and_then_spreads(void **state)
{
    (void)state;
    struct limiter limiter = fresh();
    assert_int_equal(limiter_paused(&limiter, NOW), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(limiter_wait(&limiter, NOW), 0);
        assert_int_equal(limiter_take(&limiter, NOW, NOW, NULL), 0);
    }
    assert_int_equal(limiter_wait(&limiter, NOW), USEC_PER_SEC / 10);
    assert_int_equal(limiter_wait(&limiter, NOW + USEC_PER_SEC / 10), 0);
}

static void retry_after_is_honoured_between_a_second_and_an_hour(void **state)
{
    (void)state;
    assert_int_equal(pause_after(0), USEC_PER_SEC);
    assert_int_equal(pause_after(1), USEC_PER_SEC);
    assert_int_equal(pause_after(USEC_PER_SEC - 1), USEC_PER_SEC);
    assert_int_equal(pause_after(USEC_PER_SEC), USEC_PER_SEC);
    assert_int_equal(pause_after(120 * USEC_PER_SEC), 120 * USEC_PER_SEC);
    assert_int_equal(pause_after(USEC_PER_HOUR), USEC_PER_HOUR);
    assert_int_equal(pause_after(USEC_PER_HOUR + 1), USEC_PER_HOUR);
    assert_int_equal(pause_after(INT64_MAX), USEC_PER_HOUR);
}

static void without_a_named_delay_it_is_a_quarter_of_an_hour(void **state)
{
    (void)state;
    assert_int_equal(pause_after(LIMITER_UNNAMED), 15 * USEC_PER_MIN);
    assert_int_equal(pause_after(INT64_MIN), 15 * USEC_PER_MIN);
}

static void a_second_refusal_lengthens_a_pause_and_never_shortens_it(void **state)
{
    (void)state;
    struct limiter limiter = fresh();
    refuse(&limiter, 30 * USEC_PER_MIN, NOW);
    refuse(&limiter, USEC_PER_SEC, NOW + USEC_PER_MIN);
    assert_int_equal(limiter_paused(&limiter, NOW + USEC_PER_MIN), 29 * USEC_PER_MIN);
    refuse(&limiter, USEC_PER_HOUR, NOW + USEC_PER_MIN);
    assert_int_equal(limiter_paused(&limiter, NOW + USEC_PER_MIN), USEC_PER_HOUR);
}

static void a_pause_runs_out_to_the_microsecond(void **state)
{
    (void)state;
    struct limiter limiter = fresh();
    refuse(&limiter, 10 * USEC_PER_SEC, NOW);
    assert_int_equal(limiter_paused(&limiter, NOW + 10 * USEC_PER_SEC - 1), 1);
    assert_int_equal(limiter_paused(&limiter, NOW + 10 * USEC_PER_SEC), 0);
    assert_int_equal(limiter_paused(&limiter, NOW + USEC_PER_DAY), 0);
}

static void a_person_may_try_in_spite_of_the_pause_and_one_refusal_begins_it_again(void **state)
{
    (void)state;
    struct limiter limiter = fresh();
    refuse(&limiter, LIMITER_UNNAMED, NOW);
    limiter_forgive(&limiter);
    assert_int_equal(limiter_paused(&limiter, NOW), 0);
    refuse(&limiter, 5 * USEC_PER_SEC, NOW);
    assert_int_equal(limiter_paused(&limiter, NOW), 5 * USEC_PER_SEC);
}

static void forgiving_fills_no_bucket(void **state)
{
    (void)state;
    struct limiter limiter = fresh();
    for (int i = 0; i < 3; i++)
        assert_int_equal(limiter_take(&limiter, NOW, NOW, NULL), 0);
    limiter_forgive(&limiter);
    assert_true(limiter_wait(&limiter, NOW) > 0);
}

static void new_settings_leave_a_pause_as_it_is(void **state)
{
    (void)state;
    struct limiter limiter = fresh();
    refuse(&limiter, USEC_PER_MIN, NOW);
    limiter_change(&limiter, 0, 1, NOW);
    assert_int_equal(limiter_paused(&limiter, NOW), USEC_PER_MIN);
    for (int i = 0; i < 100; i++)
        assert_int_equal(limiter_take(&limiter, NOW, NOW, NULL), 0);
    assert_int_equal(limiter_wait(&limiter, NOW), 0);
}

static void a_server_that_says_one_second_for_ever_is_asked_ever_more_rarely(void **state)
{
    (void)state;
    struct limiter limiter;
    int64_t now = 0, refusals = 0;
    limiter_init(&limiter, 0, 1, now);
    while (now < 24 * USEC_PER_HOUR) {
        refuse(&limiter, USEC_PER_SEC, now);
        refuse(&limiter, USEC_PER_SEC, now); /* what was under way with it is no refusal of its own */
        int64_t pause = limiter_paused(&limiter, now);
        assert_in_range(pause, refusals == 0 ? USEC_PER_SEC : 2 * USEC_PER_SEC, LIMITER_PAUSE);
        now += pause;
        refusals++;
    }
    assert_in_range(refusals, 96, 110); /* four an hour, and the first doublings */
    limiter_answered(&limiter, now, now);
    refuse(&limiter, USEC_PER_SEC, now);
    assert_int_equal(limiter_paused(&limiter, now), USEC_PER_SEC);
}

/* --- with a ledger --- */

static const struct quota_limits limits = {.most = {200, 2000, 10000}, .share = 50};
static const struct quota_refusal hourly = {.named = true, .window = QUOTA_HOUR, .limit = 200};

static int make_bench(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    bench_begin(b, false, 0);
    *state = b;
    return 0;
}

static int free_bench(void **state)
{
    free(*state);
    return 0;
}

static struct limiter start(struct bench *b)
{
    const struct limiter_book book = bench_book(b);
    struct limiter limiter;
    limiter_init(&limiter, 0, 1, b->mono);
    limiter_keep(&limiter, &book, &limits);
    return limiter;
}

static bool take(struct bench *b, struct limiter *limiter)
{
    struct error err = {0};
    int r = limiter_take(limiter, b->mono, bench_wall(b), &err);
    assert_int_equal(err.code, r < 0 ? ERROR_QUOTA : ERROR_NONE);
    return r == 0;
}

static int take_all(struct bench *b, struct limiter *limiter)
{
    int sent = 0;
    while (take(b, limiter))
        sent++;
    return sent;
}

static void answer(struct bench *b, struct limiter *limiter, bool dated)
{
    limiter_dated(limiter, dated ? b->now : 0, b->mono);
    limiter_answered(limiter, b->mono, bench_wall(b));
}

/* A program that has used up the hour, heard the date and ended. */
static void fill(struct bench *b)
{
    struct limiter limiter = start(b);
    assert_true(take(b, &limiter));
    answer(b, &limiter, true);
    assert_int_equal(take_all(b, &limiter), 197);
    limiter_rest(&limiter, b->mono, bench_wall(b));
}

static int64_t counted(const struct bench *b)
{
    return quota_used(&b->memory, QUOTA_MONTH);
}

static void each_kind_of_work_stops_at_its_share(void **state)
{
    struct bench *b = *state;
    struct limiter limiter = start(b);
    limiter_work(&limiter, QUOTA_BACKGROUND);
    assert_int_equal(take_all(b, &limiter), 100);
    limiter_work(&limiter, QUOTA_FILL);
    assert_int_equal(take_all(b, &limiter), 80);
    limiter_work(&limiter, QUOTA_PERSON);
    assert_int_equal(take_all(b, &limiter), 18);
    assert_int_equal(counted(b), 198);
}

static void a_lease_is_one_percent_and_what_is_not_sent_of_it_is_given_back(void **state)
{
    struct bench *b = *state;
    struct limiter limiter = start(b);
    assert_true(take(b, &limiter));
    assert_int_equal(counted(b), 2);
    limiter_rest(&limiter, b->mono, bench_wall(b));
    assert_int_equal(counted(b), 1);
    assert_int_equal(limiter_allowed(&limiter, b->mono, bench_wall(b)), 197);
    int64_t left[QUOTA_WINDOWS];
    limiter_left(&limiter, left);
    assert_int_equal(left[QUOTA_HOUR], 199);
}

static void a_lease_ends_with_its_minute(void **state)
{
    struct bench *b = *state;
    struct limiter limiter = start(b);
    assert_true(take(b, &limiter));
    bench_pass(b, USEC_PER_MIN);
    assert_true(take(b, &limiter));
    assert_int_equal(counted(b), 3); /* one was given back */
    assert_int_equal(quota_get(&b->memory, QUOTA_HOUR, NOW / USEC_PER_MIN), 1);
}

static void a_crash_counts_a_lease_too_many_and_none_too_few(void **state)
{
    struct bench *b = *state;
    int sent = 0;
    for (int i = 0; i < 8; i++) {
        struct limiter limiter = start(b);
        for (int n = 0; n < 2 * i + 1; n++)
            sent += take(b, &limiter);
    }
    assert_int_equal(counted(b), sent + 8);
    struct limiter limiter = start(b);
    sent += take_all(b, &limiter);
    assert_int_equal(sent, 190);
}

static void nothing_expires_after_a_start_until_the_date_is_known(void **state)
{
    struct bench *b = *state;
    fill(b);
    b->offset = -30 * USEC_PER_DAY; /* and the local clock tells nothing */
    bench_pass(b, 5 * USEC_PER_HOUR);
    struct limiter limiter = start(b);
    assert_false(take(b, &limiter));
    assert_int_equal(limiter_paused(&limiter, b->mono), 61 * USEC_PER_MIN - NOW % USEC_PER_MIN);
    limiter_dated(&limiter, b->now, b->mono); /* of an answer to anything */
    assert_int_equal(take_all(b, &limiter), 198);
}

static void a_full_ledger_frees_itself_by_one_probe_when_the_window_has_turned(void **state)
{
    struct bench *b = *state;
    fill(b);
    bench_pass(b, 2 * USEC_PER_HOUR);
    struct limiter limiter = start(b);
    assert_int_equal(take_all(b, &limiter), 1);
    answer(b, &limiter, true);
    assert_int_equal(take_all(b, &limiter), 197);
}

static void a_probe_without_a_date_is_the_only_one(void **state)
{
    struct bench *b = *state;
    fill(b);
    bench_pass(b, 2 * USEC_PER_HOUR);
    for (int i = 0; i < 5; i++) {
        struct limiter limiter = start(b);
        assert_int_equal(take_all(b, &limiter), i == 0);
        if (i == 0)
            answer(b, &limiter, false);
        assert_int_equal(take_all(b, &limiter), 0);
    }
}

static void a_start_waits_no_longer_than_the_window_still_takes(void **state)
{
    struct bench *b = *state;
    fill(b);
    bench_pass(b, 40 * USEC_PER_MIN);
    struct limiter limiter = start(b);
    assert_int_equal(take_all(b, &limiter), 0);
    int64_t pause = limiter_paused(&limiter, b->mono);
    assert_in_range(pause, 20 * USEC_PER_MIN, 21 * USEC_PER_MIN);
    bench_pass(b, pause);
    assert_int_equal(take_all(b, &limiter), 1);
    answer(b, &limiter, true);
    assert_int_equal(take_all(b, &limiter), 197);
}

static void a_server_without_dates_is_waited_for_by_monotonic_time(void **state)
{
    struct bench *b = *state;
    struct limiter limiter = start(b);
    for (int i = 0; i < 5; i++) {
        assert_in_range(take_all(b, &limiter), 197, 198); /* one may be a probe */
        while (limiter.probing)
            answer(b, &limiter, false);
        bench_pass(b, limiter_paused(&limiter, b->mono));
    }
}

static void a_429_stops_everything_and_one_probe_follows(void **state)
{
    struct bench *b = *state;
    struct limiter limiter = start(b);
    assert_true(take(b, &limiter));
    limiter_dated(&limiter, b->now, b->mono);
    limiter_refused(&limiter, &hourly, LIMITER_UNNAMED, 0, b->mono, bench_wall(b));
    assert_int_equal(limiter_paused(&limiter, b->mono), USEC_PER_HOUR - NOW % USEC_PER_HOUR + USEC_PER_MIN);
    limiter_forgive(&limiter); /* a person's wish changes nothing in it */
    assert_false(take(b, &limiter));
    bench_pass(b, limiter_paused(&limiter, b->mono));
    assert_int_equal(take_all(b, &limiter), 1);
    limiter_refused(&limiter, &hourly, LIMITER_UNNAMED, 0, b->mono, bench_wall(b));
    assert_int_equal(limiter_paused(&limiter, b->mono), 15 * USEC_PER_MIN);
    bench_pass(b, 15 * USEC_PER_MIN);
    assert_int_equal(take_all(b, &limiter), 1);
    answer(b, &limiter, true);
    assert_int_equal(take_all(b, &limiter), 196); /* the first one is forgotten by now */
}

static void a_429_outlives_the_program(void **state)
{
    struct bench *b = *state;
    struct limiter limiter = start(b);
    assert_true(take(b, &limiter));
    limiter_dated(&limiter, b->now, b->mono);
    limiter_refused(&limiter, &hourly, LIMITER_UNNAMED, 1, b->mono, bench_wall(b));
    int64_t pause = limiter_paused(&limiter, b->mono);
    bench_pass(b, USEC_PER_MIN);
    limiter = start(b);
    assert_int_equal(take_all(b, &limiter), 0);
    assert_int_equal(limiter_paused(&limiter, b->mono), pause - USEC_PER_MIN);
    bench_pass(b, pause - USEC_PER_MIN);
    assert_int_equal(take_all(b, &limiter), 1);
}

static int refuse_to_end(void *self, const struct quota *quota, struct error *err)
{
    (void)self, (void)quota;
    return error_set(err, ERROR_STORE_FULL, RETRY_LATER, "no room");
}

static void a_429_that_cannot_be_written_down_is_a_pause(void **state)
{
    struct bench *b = *state;
    struct limiter limiter = start(b);
    struct error err;
    assert_true(take(b, &limiter));
    limiter.book.end = refuse_to_end;
    limiter_refused(&limiter, &hourly, LIMITER_UNNAMED, 0, b->mono, bench_wall(b));
    assert_int_equal(limiter_paused(&limiter, b->mono), LIMITER_PAUSE);
    bench_pass(b, LIMITER_PAUSE);
    assert_int_equal(limiter_take(&limiter, b->mono, NOW, &err), -1);
    assert_int_equal(err.code, ERROR_STORE_FULL);
    assert_in_range(limiter_paused(&limiter, b->mono), 1, USEC_PER_MIN);
}

/* The folder cannot be synced: the change is there, and the disk says that it failed. */
static int end_and_fail(void *self, const struct quota *quota, struct error *err)
{
    (void)bench_close(self, quota, err);
    return error_set(err, ERROR_STORE, RETRY_LATER, "disk I/O error");
}

static void what_a_failed_write_has_given_back_is_not_given_back_again(void **state)
{
    struct bench *b = *state;
    struct limiter limiter = start(b);
    struct error err;
    int sent = take(b, &limiter);
    limiter.book.end = end_and_fail;
    limiter_rest(&limiter, b->mono, NOW);
    limiter_rest(&limiter, b->mono, NOW);
    (void)limiter_allowed(&limiter, b->mono, NOW);
    assert_int_equal(counted(b), sent);

    assert_int_equal(limiter_take(&limiter, b->mono, NOW, &err), -1); /* not counted for sure, so not sent */
    limiter.book.end = bench_close;
    sent += take(b, &limiter);
    limiter_rest(&limiter, b->mono, NOW);
    assert_int_equal(counted(b), sent + 2); /* the lease of which nobody knows */
}

/* The answer to one of two programs that slept with the machine must not be taken for a jump of the clock. */
static void a_date_is_not_counted_twice_after_the_machine_has_slept(void **state)
{
    struct bench *b = *state;
    struct limiter first = start(b), second = start(b);
    assert_true(take(b, &first));
    assert_true(take(b, &second));
    answer(b, &first, true);
    answer(b, &second, true);
    limiter_rest(&first, b->mono, NOW);
    bench_sleep(b, 5 * USEC_PER_HOUR);
    assert_true(take(b, &first));
    answer(b, &first, true);
    limiter_rest(&first, b->mono, NOW);
    for (int i = 0; i < 3; i++) {
        assert_true(take(b, &second));
        answer(b, &second, true);
        limiter_rest(&second, b->mono, NOW);
        assert_int_equal(b->memory.time - NOW, 5 * USEC_PER_HOUR);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_bench, free_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_says_one_second_for_ever_is_asked_ever_more_rarely),
        cmocka_unit_test(a_new_limiter_lets_the_burst_go_and_then_spreads),
        cmocka_unit_test(retry_after_is_honoured_between_a_second_and_an_hour),
        cmocka_unit_test(without_a_named_delay_it_is_a_quarter_of_an_hour),
        cmocka_unit_test(a_second_refusal_lengthens_a_pause_and_never_shortens_it),
        cmocka_unit_test(a_pause_runs_out_to_the_microsecond),
        cmocka_unit_test(a_person_may_try_in_spite_of_the_pause_and_one_refusal_begins_it_again),
        cmocka_unit_test(forgiving_fills_no_bucket),
        cmocka_unit_test(new_settings_leave_a_pause_as_it_is),
        TEST(each_kind_of_work_stops_at_its_share),
        TEST(a_lease_is_one_percent_and_what_is_not_sent_of_it_is_given_back),
        TEST(a_lease_ends_with_its_minute),
        TEST(a_crash_counts_a_lease_too_many_and_none_too_few),
        TEST(nothing_expires_after_a_start_until_the_date_is_known),
        TEST(a_full_ledger_frees_itself_by_one_probe_when_the_window_has_turned),
        TEST(a_probe_without_a_date_is_the_only_one),
        TEST(a_start_waits_no_longer_than_the_window_still_takes),
        TEST(a_server_without_dates_is_waited_for_by_monotonic_time),
        TEST(a_429_stops_everything_and_one_probe_follows),
        TEST(a_429_outlives_the_program),
        TEST(a_429_that_cannot_be_written_down_is_a_pause),
        TEST(what_a_failed_write_has_given_back_is_not_given_back_again),
        TEST(a_date_is_not_counted_twice_after_the_machine_has_slept),
    };
    return cmocka_run_group_tests_name("limiter", tests, NULL, NULL);
}
