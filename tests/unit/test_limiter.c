#include "flexsync/limiter.h"

#include "flexsync/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOW (7 * USEC_PER_DAY)

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
    };
    return cmocka_run_group_tests_name("limiter", tests, NULL, NULL);
}
