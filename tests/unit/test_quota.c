/* Windows, shares, refusals and time, as pure figures. Stories about all of it are in test_quota_random.c. */
#include "flexsync/clock.h"
#include "flexsync/quota.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW (INT64_C(1750000200) * USEC_PER_SEC) /* 2025-06-15 15:10:00, the beginning of a minute */

static const struct quota_limits enterprise = {.most = {2000, 10000, 100000}, .share = 50};
static const struct quota_limits lite = {.most = {20, 100, 1000}, .share = 50};

/* A ledger that was told the date. */
static struct quota fresh(void)
{
    struct quota q;
    quota_init(&q, NOW);
    quota_advance(&q, 0, NOW, NOW);
    return q;
}

static void pass(struct quota *q, int64_t usec)
{
    quota_advance(q, usec, 0, q->wall + usec);
}

static void use(struct quota *q, int64_t count)
{
    quota_enter(q, q->time, count);
}

/* --- windows --- */

/* What is used now counts for so long, and not a microsecond longer. */
static void assert_counts_for(enum quota_window window, int64_t since_bucket, int64_t usec)
{
    struct quota q = fresh();
    pass(&q, since_bucket);
    use(&q, 7);
    assert_int_equal(quota_until(&q, window, 6), usec);
    pass(&q, usec - 1);
    assert_int_equal(quota_used(&q, window), 7);
    pass(&q, 1);
    assert_int_equal(quota_used(&q, window), 0);
    assert_int_equal(quota_until(&q, window, 6), 0);
}

static void an_hour_is_61_minutes(void **state)
{
    (void)state;
    assert_counts_for(QUOTA_HOUR, 0, 61 * USEC_PER_MIN);
    assert_counts_for(QUOTA_HOUR, USEC_PER_MIN - 1, 60 * USEC_PER_MIN + 1);
}

static void a_day_is_97_quarters_of_an_hour(void **state)
{
    (void)state;
    const int64_t quarter = 15 * USEC_PER_MIN, since = NOW % quarter;
    assert_counts_for(QUOTA_DAY, 0, 97 * quarter - since);
    assert_counts_for(QUOTA_DAY, quarter - since - 1, 96 * quarter + 1);
}

static void a_month_is_125_quarters_of_a_day(void **state)
{
    (void)state;
    const int64_t quarter = 6 * USEC_PER_HOUR, since = NOW % quarter;
    assert_counts_for(QUOTA_MONTH, 0, 125 * quarter - since);
    assert_counts_for(QUOTA_MONTH, quarter - since - 1, 124 * quarter + 1);
}

static void what_is_used_is_forgotten_bucket_by_bucket(void **state)
{
    (void)state;
    struct quota q = fresh();
    for (int i = 0; i < 10; i++) {
        use(&q, 1);
        pass(&q, USEC_PER_MIN);
    }
    for (int i = 0; i <= 10; i++)
        assert_int_equal(quota_until(&q, QUOTA_HOUR, 10 - i), i == 0 ? 0 : (50 + i) * USEC_PER_MIN);
    pass(&q, 51 * USEC_PER_MIN);
    assert_int_equal(quota_used(&q, QUOTA_HOUR), 9);
    assert_int_equal(quota_used(&q, QUOTA_DAY), 10);
}

static void years_of_silence_leave_nothing(void **state)
{
    (void)state;
    struct quota q = fresh();
    use(&q, 500);
    pass(&q, 3650 * USEC_PER_DAY);
    for (int w = 0; w < QUOTA_WINDOWS; w++)
        assert_int_equal(quota_used(&q, (enum quota_window)w), 0);
    assert_true(quota_usable(&q));
}

/* --- shares --- */

static void assert_allowance(const struct quota_limits *limits, enum quota_work work, int64_t hour,
                             int64_t day, int64_t month)
{
    struct quota q = fresh();
    assert_int_equal(quota_allowance(&q, limits, work, QUOTA_HOUR), hour);
    assert_int_equal(quota_allowance(&q, limits, work, QUOTA_DAY), day);
    assert_int_equal(quota_allowance(&q, limits, work, QUOTA_MONTH), month);
}

static void every_kind_of_work_has_its_share_of_the_plans(void **state)
{
    (void)state;
    const struct quota_limits plus = {.most = {5000, 25000, 250000}, .share = 90};
    assert_allowance(&enterprise, QUOTA_PERSON, 1980, 9900, 99000);
    assert_allowance(&enterprise, QUOTA_FILL, 1800, 9000, 50000);
    assert_allowance(&enterprise, QUOTA_BACKGROUND, 1000, 5000, 50000);
    assert_allowance(&plus, QUOTA_FILL, 4500, 22500, 225000);
    assert_allowance(&plus, QUOTA_BACKGROUND, 4500, 22500, 225000);
    assert_allowance(&lite, QUOTA_PERSON, 19, 99, 990);
    assert_allowance(&lite, QUOTA_FILL, 18, 90, 500);
    assert_allowance(&lite, QUOTA_BACKGROUND, 10, 50, 500);
}

static void one_request_of_a_window_is_always_allowed(void **state)
{
    (void)state;
    const struct quota_limits least = {.most = {1, 1, 1}, .share = 1};
    assert_allowance(&least, QUOTA_PERSON, 1, 1, 1);
    assert_allowance(&least, QUOTA_BACKGROUND, 1, 1, 1);
    struct quota q = fresh();
    assert_int_equal(quota_left(&q, &least, QUOTA_BACKGROUND), 1);
    use(&q, 1);
    assert_int_equal(quota_left(&q, &least, QUOTA_PERSON), 0);
}

static void what_is_left_is_left_in_every_window(void **state)
{
    (void)state;
    struct quota q = fresh();
    for (int i = 0; i < 5; i++) {
        use(&q, 19);
        assert_int_equal(quota_left(&q, &lite, QUOTA_PERSON), 0);
        pass(&q, 2 * USEC_PER_HOUR);
    }
    assert_int_equal(quota_left(&q, &lite, QUOTA_PERSON), 4); /* of the day */
    assert_int_equal(quota_left(&q, &lite, QUOTA_FILL), 0);
}

/* --- waiting --- */

static void it_waits_for_the_window_that_holds_up_longest(void **state)
{
    (void)state;
    struct quota q = fresh();
    enum quota_window window = QUOTA_MONTH;
    assert_int_equal(quota_wait(&q, &lite, QUOTA_PERSON, &window), 0);
    use(&q, 19);
    assert_int_equal(quota_wait(&q, &lite, QUOTA_PERSON, &window), 61 * USEC_PER_MIN);
    assert_int_equal(window, QUOTA_HOUR);
    pass(&q, 61 * USEC_PER_MIN);
    use(&q, 19);
    pass(&q, 61 * USEC_PER_MIN);
    use(&q, 14); /* 52 of the day: background may 50 */
    assert_in_range(quota_wait(&q, &lite, QUOTA_BACKGROUND, &window), USEC_PER_DAY - 3 * USEC_PER_HOUR,
                    USEC_PER_DAY);
    assert_int_equal(window, QUOTA_DAY);
    int64_t wait = quota_wait(&q, &lite, QUOTA_BACKGROUND, NULL);
    pass(&q, wait - 1);
    assert_int_equal(quota_left(&q, &lite, QUOTA_BACKGROUND), 0);
    pass(&q, 1);
    assert_true(quota_left(&q, &lite, QUOTA_BACKGROUND) > 0);
}

static void the_budget_of_a_day_is_that_of_the_scarcest_window(void **state)
{
    (void)state;
    struct quota q = fresh();
    double month = 50000 / 31.25;
    assert_true(quota_budget(&q, &enterprise) > month * 0.999 &&
                quota_budget(&q, &enterprise) < month * 1.001);
}

/* --- giving back --- */

static void what_was_not_sent_is_given_back_within_its_bucket(void **state)
{
    (void)state;
    struct quota q = fresh();
    use(&q, 20);
    int64_t at = q.time;
    pass(&q, 5 * USEC_PER_MIN);
    use(&q, 3);
    quota_enter(&q, at, -12);
    assert_int_equal(quota_used(&q, QUOTA_HOUR), 11);
    quota_enter(&q, at, -100); /* no bucket owes */
    assert_int_equal(quota_used(&q, QUOTA_HOUR), 3);
}

static void what_is_forgotten_cannot_be_given_back(void **state)
{
    (void)state;
    struct quota q = fresh();
    use(&q, 20);
    int64_t at = q.time;
    pass(&q, 2 * USEC_PER_HOUR);
    use(&q, 5);
    quota_enter(&q, at, -20);
    quota_enter(&q, q.time + USEC_PER_DAY, -20);
    quota_enter(&q, 0, -20);
    assert_int_equal(quota_used(&q, QUOTA_HOUR), 5);
    assert_int_equal(quota_used(&q, QUOTA_DAY), 5);
}

/* --- time --- */

static void a_date_that_is_later_moves_the_time_on(void **state)
{
    (void)state;
    struct quota q = fresh();
    use(&q, 5);
    quota_advance(&q, 10 * USEC_PER_MIN, NOW + 10 * USEC_PER_MIN, NOW);
    quota_advance(&q, 0, NOW + 2 * USEC_PER_HOUR, NOW);
    assert_int_equal(q.time, NOW + 2 * USEC_PER_HOUR);
    assert_int_equal(quota_used(&q, QUOTA_HOUR), 0);
    assert_int_equal(quota_used(&q, QUOTA_DAY), 5);
}

static void a_date_that_goes_back_moves_nothing_and_time_goes_on_from_there(void **state)
{
    (void)state;
    struct quota q = fresh();
    quota_advance(&q, 0, NOW - USEC_PER_DAY, NOW);
    assert_int_equal(q.time, NOW);
    quota_advance(&q, USEC_PER_SEC, NOW - USEC_PER_DAY + USEC_PER_SEC, NOW);
    assert_int_equal(q.time, NOW + USEC_PER_SEC);
    quota_advance(&q, 0, NOW - USEC_PER_DAY + USEC_PER_HOUR, NOW);
    assert_int_equal(q.time, NOW + USEC_PER_HOUR);
}

static void of_dates_that_differ_a_little_the_latest_counts(void **state)
{
    (void)state;
    struct quota q = fresh();
    for (int i = 0; i < 1000; i++) {
        int64_t jitter = (i * 37 % 119 - 59) * USEC_PER_SEC;
        quota_advance(&q, USEC_PER_SEC, NOW + (i + 1) * USEC_PER_SEC + jitter, NOW);
    }
    assert_int_equal(q.time, NOW + 1059 * USEC_PER_SEC);
}

static void time_does_not_go_back(void **state)
{
    (void)state;
    struct quota q = fresh();
    quota_advance(&q, -USEC_PER_HOUR, 0, NOW);
    quota_advance(&q, INT64_MIN, 0, NOW);
    assert_int_equal(q.time, NOW);
}

/* A start: nobody knows how long nothing was written, and nothing is forgotten for it. */
static void what_was_sent_before_the_first_date_of_a_start_counts_from_that_date(void **state)
{
    (void)state;
    struct quota q = fresh();
    use(&q, 11);
    pass(&q, 10 * USEC_PER_MIN);
    quota_advance(&q, 0, NOW + 10 * USEC_PER_MIN, NOW);
    quota_doubt(&q); /* 55 minutes later */
    use(&q, 2);
    pass(&q, USEC_PER_MIN);
    use(&q, 3);
    assert_int_equal(quota_used(&q, QUOTA_HOUR), 16);
    quota_advance(&q, 0, NOW + 66 * USEC_PER_MIN, NOW);
    assert_int_equal(quota_used(&q, QUOTA_HOUR), 5);
    assert_int_equal(quota_until(&q, QUOTA_HOUR, 0), 61 * USEC_PER_MIN);
}

/* Where the file's time stood still since: what was in its newest buckets before is sure. */
static void what_was_entered_before_a_start_stays_where_it_is(void **state)
{
    (void)state;
    struct quota q = fresh();
    use(&q, 11);
    quota_doubt(&q);
    use(&q, 5);
    quota_date(&q, NOW + 30 * USEC_PER_MIN, true, INT64_MAX, NOW);
    assert_int_equal(quota_until(&q, QUOTA_HOUR, 5), 31 * USEC_PER_MIN);
    assert_int_equal(quota_until(&q, QUOTA_HOUR, 0), 61 * USEC_PER_MIN);
    for (int w = 0; w < QUOTA_WINDOWS; w++)
        assert_int_equal(quota_used(&q, (enum quota_window)w), 16);
    assert_int_equal(q.unsure, 0);
}

static void a_date_that_may_be_older_than_it_looks_moves_the_time_on_and_no_more(void **state)
{
    (void)state;
    struct quota q = fresh();
    quota_doubt(&q);
    use(&q, 5);
    quota_date(&q, NOW - USEC_PER_DAY, false, INT64_MAX, NOW);
    assert_int_equal(q.date, NOW);
    quota_date(&q, NOW + USEC_PER_HOUR, false, INT64_MAX, NOW);
    assert_int_equal(q.time, NOW + USEC_PER_HOUR);
    assert_int_equal(quota_until(&q, QUOTA_HOUR, 0), 61 * USEC_PER_MIN);
    assert_true(q.unsure > 0);
}

static void another_program_that_knows_the_time_lets_it_count_from_now_too(void **state)
{
    (void)state;
    struct quota q = fresh();
    use(&q, 11);
    pass(&q, 10 * USEC_PER_MIN);
    quota_doubt(&q);
    use(&q, 5);
    quota_catch_up(&q, USEC_PER_HOUR, q.fresh);
    assert_int_equal(q.fresh, 0);
    assert_int_equal(q.time, NOW + 70 * USEC_PER_MIN);
    assert_int_equal(quota_used(&q, QUOTA_HOUR), 5);
    assert_int_equal(quota_until(&q, QUOTA_HOUR, 0), 61 * USEC_PER_MIN);
}

static void a_ledger_may_begin_before_1970(void **state)
{
    (void)state;
    struct quota q;
    quota_init(&q, -5 * USEC_PER_DAY);
    assert_true(quota_usable(&q));
    use(&q, 3);
    quota_doubt(&q);
    assert_true(quota_usable(&q));
    quota_advance(&q, 2 * USEC_PER_HOUR, NOW, NOW);
    assert_int_equal(quota_used(&q, QUOTA_HOUR), 0);
    assert_int_equal(quota_used(&q, QUOTA_DAY), 3);
}

/* --- the probe of a full ledger --- */

static int64_t probe_in(const struct quota *q, bool confirmed, int64_t wall)
{
    return quota_wait_probe(q, &lite, QUOTA_PERSON, confirmed, wall);
}

static void after_a_start_the_local_clock_allows_one_probe(void **state)
{
    (void)state;
    struct quota q = fresh();
    use(&q, 19);
    const int64_t wait = 61 * USEC_PER_MIN;
    assert_int_equal(probe_in(&q, false, NOW), wait);
    assert_int_equal(probe_in(&q, false, NOW + wait - 1), 1);
    assert_int_equal(probe_in(&q, false, NOW + wait), 0);
    assert_int_equal(probe_in(&q, true, NOW + wait), wait); /* an answer knows better */
    q.probed_wall = NOW + wait;
    assert_int_equal(probe_in(&q, false, NOW + wait), wait);
    assert_int_equal(probe_in(&q, false, NOW + 2 * wait), 0);
}

static void a_local_clock_that_went_back_delays_the_probe_by_no_more_than_the_window(void **state)
{
    (void)state;
    struct quota q = fresh();
    use(&q, 19);
    q.probed_wall = NOW + 400 * USEC_PER_DAY;
    const int64_t wall = NOW - 300 * USEC_PER_DAY, wait = 61 * USEC_PER_MIN;
    quota_advance(&q, 0, 0, wall);
    assert_int_equal(probe_in(&q, false, wall), wait);
    assert_int_equal(probe_in(&q, false, wall + wait), 0);
}

/* --- putting together --- */

static void an_older_copy_gets_what_it_lacks(void **state)
{
    (void)state;
    struct quota q = fresh();
    use(&q, 5);
    struct quota copy = q;
    pass(&q, 3 * USEC_PER_MIN);
    use(&q, 7);
    q.counts[QUOTA_DAY].learnt = 80;
    q.counts[QUOTA_DAY].learnt_at = q.time;
    q.closed_until = q.time + USEC_PER_HOUR;
    q.closed_window = QUOTA_DAY;
    quota_advance(&copy, 4 * USEC_PER_MIN, 0, NOW);
    quota_merge(&copy, &q, copy.time);
    for (int w = 0; w < QUOTA_WINDOWS; w++)
        assert_int_equal(quota_used(&copy, (enum quota_window)w), 12);
    assert_int_equal(quota_limit(&copy, &lite, QUOTA_DAY), 80);
    assert_int_equal(copy.closed_window, QUOTA_DAY);
    assert_int_equal(copy.closed_until, q.closed_until);
    assert_true(quota_usable(&copy));
}

static void what_a_copy_has_is_not_counted_twice(void **state)
{
    (void)state;
    struct quota q = fresh();
    use(&q, 5);
    struct quota copy = q;
    quota_merge(&copy, &q, q.time);
    assert_int_equal(quota_used(&copy, QUOTA_MONTH), 5);
}

static void a_ledger_with_another_time_counts_by_age(void **state)
{
    (void)state;
    struct quota q = fresh(), other;
    use(&q, 5);
    pass(&q, 30 * USEC_PER_MIN);
    quota_init(&other, NOW + 100 * USEC_PER_DAY);
    quota_merge(&other, &q, q.time);
    assert_int_equal(quota_used(&other, QUOTA_HOUR), 5);
    assert_int_equal(quota_until(&other, QUOTA_HOUR, 0), 31 * USEC_PER_MIN);
}

/* --- what a file may hold --- */

static uint64_t next(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *random >> 17 ^ *random << 31;
}

static void use_everything(struct quota *q)
{
    int64_t sum = 0;
    for (int w = 0; w < QUOTA_WORKS; w++) {
        sum ^= quota_left(q, &lite, (enum quota_work)w);
        sum ^= quota_wait(q, &lite, (enum quota_work)w, NULL);
        sum ^= quota_wait_probe(q, &lite, (enum quota_work)w, false, -1);
    }
    struct quota copy = *q;
    const struct quota_refusal refusal = {.named = true, .window = QUOTA_MONTH, .limit = 1};
    quota_refuse(&copy, &lite, &refusal, -1, 0.5);
    quota_enter(&copy, copy.time, 20);
    quota_doubt(&copy);
    quota_advance(&copy, USEC_PER_DAY, NOW, NOW);
    quota_merge(&copy, q, copy.time);
    assert_true(quota_left(&copy, &lite, QUOTA_PERSON) == 0 || sum != INT64_MIN);
}

/* Garbage in a field or two is refused, or does no harm; the sanitizers watch. */
static void garbage_is_refused_or_harmless(void **state)
{
    (void)state;
    static const int64_t odd[] = {INT64_MIN,     INT64_MIN + 1, -1,       0, 1, NOW,
                                  INT64_MAX / 4, INT64_MAX - 1, INT64_MAX};
    uint64_t random = 1;
    int refused = 0;
    for (int i = 0; i < 20000; i++) {
        struct quota q = fresh();
        int64_t fields[sizeof q / sizeof(int64_t)];
        use(&q, 5);
        memcpy(fields, &q, sizeof q);
        for (uint64_t n = next(&random) % 3 + 1; n > 0; n--) {
            size_t field = next(&random) % (n % 2 ? sizeof q / sizeof(int64_t) : 11);
            fields[field] = next(&random) % 2 ? odd[next(&random) % 9] : (int64_t)next(&random);
        }
        memcpy(&q, fields, sizeof q);
        if (quota_usable(&q))
            use_everything(&q);
        else
            refused++;
    }
    assert_in_range(refused, 10000, 19900);
}

static void what_is_not_within_a_window_is_not_kept(void **state)
{
    (void)state;
    struct quota q = fresh();
    const int64_t minute = NOW / USEC_PER_MIN;
    quota_set(&q, QUOTA_HOUR, minute, 4);
    quota_set(&q, QUOTA_HOUR, minute - 60, 3);
    quota_set(&q, QUOTA_HOUR, minute - 61, 100);
    quota_set(&q, QUOTA_HOUR, minute + 1, 100);
    quota_set(&q, QUOTA_HOUR, -1, 100);
    quota_set(&q, QUOTA_HOUR, INT64_MIN, 100);
    quota_set(&q, QUOTA_WINDOWS, minute, 100);
    quota_set(&q, -1, minute, 100);
    assert_int_equal(quota_used(&q, QUOTA_HOUR), 7);
    assert_int_equal(quota_get(&q, QUOTA_HOUR, minute - 60), 3);
    assert_int_equal(quota_get(&q, QUOTA_HOUR, minute - 61), 0);
    assert_int_equal(quota_get(&q, QUOTA_HOUR, INT64_MIN), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_hour_is_61_minutes),
        cmocka_unit_test(a_day_is_97_quarters_of_an_hour),
        cmocka_unit_test(a_month_is_125_quarters_of_a_day),
        cmocka_unit_test(what_is_used_is_forgotten_bucket_by_bucket),
        cmocka_unit_test(years_of_silence_leave_nothing),
        cmocka_unit_test(every_kind_of_work_has_its_share_of_the_plans),
        cmocka_unit_test(one_request_of_a_window_is_always_allowed),
        cmocka_unit_test(what_is_left_is_left_in_every_window),
        cmocka_unit_test(it_waits_for_the_window_that_holds_up_longest),
        cmocka_unit_test(the_budget_of_a_day_is_that_of_the_scarcest_window),
        cmocka_unit_test(what_was_not_sent_is_given_back_within_its_bucket),
        cmocka_unit_test(what_is_forgotten_cannot_be_given_back),
        cmocka_unit_test(a_date_that_is_later_moves_the_time_on),
        cmocka_unit_test(a_date_that_goes_back_moves_nothing_and_time_goes_on_from_there),
        cmocka_unit_test(of_dates_that_differ_a_little_the_latest_counts),
        cmocka_unit_test(time_does_not_go_back),
        cmocka_unit_test(what_was_sent_before_the_first_date_of_a_start_counts_from_that_date),
        cmocka_unit_test(what_was_entered_before_a_start_stays_where_it_is),
        cmocka_unit_test(a_date_that_may_be_older_than_it_looks_moves_the_time_on_and_no_more),
        cmocka_unit_test(another_program_that_knows_the_time_lets_it_count_from_now_too),
        cmocka_unit_test(a_ledger_may_begin_before_1970),
        cmocka_unit_test(after_a_start_the_local_clock_allows_one_probe),
        cmocka_unit_test(a_local_clock_that_went_back_delays_the_probe_by_no_more_than_the_window),
        cmocka_unit_test(an_older_copy_gets_what_it_lacks),
        cmocka_unit_test(what_a_copy_has_is_not_counted_twice),
        cmocka_unit_test(a_ledger_with_another_time_counts_by_age),
        cmocka_unit_test(garbage_is_refused_or_harmless),
        cmocka_unit_test(what_is_not_within_a_window_is_not_kept),
    };
    return cmocka_run_group_tests_name("quota", tests, NULL, NULL);
}
