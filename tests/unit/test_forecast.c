#include "flexsync/forecast.h"

#include "flexsync/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define START (20000 * USEC_PER_DAY + 7 * USEC_PER_HOUR + 13 * USEC_PER_MIN + 5 * USEC_PER_SEC)

static const struct quota_limits small = {.most = {20, 100, 1000}, .share = 50};
static const struct quota_limits large = {.most = {2000, 10000, 100000}, .share = 50};

static struct quota empty(void)
{
    struct quota quota;
    quota_init(&quota, START);
    return quota;
}

/* The same by brute force: a minute at a time, all that is left is sent. Minutes until the last one is. */
static int64_t minutes_needed(struct quota quota, const struct quota_limits *limits, enum quota_work work,
                              int64_t count)
{
    for (int64_t minute = 0;; minute++) {
        int64_t left = quota_left(&quota, limits, work);
        if (left > count)
            left = count;
        quota_enter(&quota, quota.time, left);
        count -= left;
        if (count == 0)
            return minute;
        quota_advance(&quota, USEC_PER_MIN, 0, quota.wall + USEC_PER_MIN);
    }
}

static void assert_minutes(const struct quota *quota, const struct quota_limits *limits, enum quota_work work,
                           int64_t count)
{
    int64_t minutes = forecast_pass(quota, limits, work, count, NULL) / USEC_PER_MIN;
    int64_t expected = minutes_needed(*quota, limits, work, count);
    assert_in_range(minutes, expected > 0 ? expected - 1 : 0, expected + 1);
}

static void what_the_quota_has_left_takes_no_time(void **state)
{
    (void)state;
    struct quota quota = empty();
    assert_int_equal(forecast_pass(&quota, &large, QUOTA_FILL, 0, NULL), 0);
    assert_int_equal(forecast_pass(&quota, &large, QUOTA_FILL, 1800, NULL), 0);
    assert_true(forecast_pass(&quota, &large, QUOTA_FILL, 1801, NULL) > 59 * USEC_PER_MIN);
}

static void it_is_what_sending_minute_by_minute_comes_to(void **state)
{
    (void)state;
    struct quota quota = empty();
    assert_minutes(&quota, &small, QUOTA_FILL, 19);
    assert_minutes(&quota, &small, QUOTA_FILL, 91);
    assert_minutes(&quota, &small, QUOTA_FILL, 501);
    assert_minutes(&quota, &small, QUOTA_PERSON, 1700);
    assert_minutes(&quota, &small, QUOTA_BACKGROUND, 700);
    assert_minutes(&quota, &large, QUOTA_FILL, 60000);
}

/* What was sent over hours is free again over hours. */
static void a_ledger_that_was_used_over_time_is_free_over_time(void **state)
{
    (void)state;
    struct quota quota = empty();
    for (int i = 0; i < 300; i++) {
        quota_enter(&quota, quota.time, i % 3);
        quota_advance(&quota, 7 * USEC_PER_MIN, 0, quota.wall + 7 * USEC_PER_MIN);
    }
    assert_minutes(&quota, &small, QUOTA_FILL, 1);
    assert_minutes(&quota, &small, QUOTA_FILL, 250);
    assert_minutes(&quota, &small, QUOTA_PERSON, 1000);
}

static void the_first_fill_of_1699_on_the_small_plan_takes_three_months(void **state)
{
    (void)state;
    struct quota quota = empty();
    int64_t days = forecast_pass(&quota, &small, QUOTA_FILL, 1699, NULL) / USEC_PER_DAY;
    assert_in_range(days, 93, 98); /* 500 a month of 31 days and a quarter, three times, and 199 more */
    const struct quota_limits more = {.most = {20, 100, 1000}, .share = 90};
    days = forecast_pass(&quota, &more, QUOTA_FILL, 1699, NULL) / USEC_PER_DAY;
    assert_in_range(days, 37, 43); /* 900 a month */
}

static void more_takes_longer_and_never_less(void **state)
{
    (void)state;
    struct quota quota = empty();
    int64_t before = 0;
    for (int64_t count = 0; count < 1800; count += 37) {
        int64_t pass = forecast_pass(&quota, &small, QUOTA_FILL, count, NULL);
        assert_true(pass >= before);
        before = pass;
    }
}

static void a_refusal_is_waited_for(void **state)
{
    (void)state;
    struct quota quota = empty();
    const struct quota_refusal refusal = {.named = true, .window = QUOTA_HOUR, .limit = 2000};
    quota_refuse(&quota, &large, &refusal, -1, 0);
    int64_t wait = quota_wait(&quota, &large, QUOTA_PERSON, NULL);
    assert_true(wait > 0);
    int64_t pass = forecast_pass(&quota, &large, QUOTA_PERSON, 1, NULL);
    assert_in_range(pass, wait, wait + USEC_PER_SEC);
}

static void a_limit_that_the_server_named_counts(void **state)
{
    (void)state;
    struct quota quota = empty();
    quota.counts[QUOTA_MONTH].learnt = 1000;
    quota.counts[QUOTA_MONTH].learnt_at = quota.time;
    assert_true(forecast_pass(&quota, &large, QUOTA_FILL, 600, NULL) > 30 * USEC_PER_DAY);
    assert_true(quota_budget(&quota, &large) < 17);
}

static void a_toll_on_the_way_makes_it_later(void **state)
{
    (void)state;
    struct quota quota = empty();
    const struct forecast_toll toll = {.requests = 3, .every = USEC_PER_HOUR};
    const struct forecast_toll dear = {.requests = 100, .every = USEC_PER_HOUR};
    assert_int_equal(forecast_pass(&quota, &small, QUOTA_FILL, 15, &toll), 0);
    assert_true(forecast_pass(&quota, &small, QUOTA_FILL, 16, &toll) > 59 * USEC_PER_MIN);
    assert_true(forecast_pass(&quota, &small, QUOTA_FILL, 1699, &toll) >
                forecast_pass(&quota, &small, QUOTA_FILL, 1699, NULL) + 15 * USEC_PER_DAY);
    /* One that takes everything: there is an answer all the same. */
    assert_true(forecast_pass(&quota, &small, QUOTA_FILL, 10, &dear) > 0);
}

static void a_count_beyond_all_bounds_is_answered_in_proportion(void **state)
{
    (void)state;
    struct quota quota = empty();
    const struct quota_limits one = {.most = {1, 24, 800}, .share = 100};
    int64_t year = forecast_pass(&quota, &one, QUOTA_FILL, 300000, NULL);
    int64_t ten = forecast_pass(&quota, &one, QUOTA_FILL, 3000000, NULL);
    assert_true(ten / 10 > year - year / 100 && ten / 10 < year + year / 100);
    assert_true(forecast_pass(&quota, &one, QUOTA_FILL, INT64_MAX, NULL) > 0);
}

static void the_budget_is_that_of_the_tightest_window(void **state)
{
    (void)state;
    struct quota quota = empty();
    double budget = quota_budget(&quota, &large); /* 50,000 in a month with its spare buckets */
    assert_true(budget > 1550 && budget < 50000 / 31.0);
    const struct quota_limits daily = {.most = {2000, 100, 100000}, .share = 100};
    budget = quota_budget(&quota, &daily);
    assert_true(budget > 95 && budget < 100);
    const struct quota_limits hourly = {.most = {10, 10000, 100000}, .share = 100};
    budget = quota_budget(&quota, &hourly);
    assert_true(budget > 220 && budget < 240);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_quota_has_left_takes_no_time),
        cmocka_unit_test(it_is_what_sending_minute_by_minute_comes_to),
        cmocka_unit_test(a_ledger_that_was_used_over_time_is_free_over_time),
        cmocka_unit_test(the_first_fill_of_1699_on_the_small_plan_takes_three_months),
        cmocka_unit_test(more_takes_longer_and_never_less),
        cmocka_unit_test(a_refusal_is_waited_for),
        cmocka_unit_test(a_limit_that_the_server_named_counts),
        cmocka_unit_test(a_toll_on_the_way_makes_it_later),
        cmocka_unit_test(a_count_beyond_all_bounds_is_answered_in_proportion),
        cmocka_unit_test(the_budget_is_that_of_the_tightest_window),
    };
    return cmocka_run_group_tests_name("forecast", tests, NULL, NULL);
}
