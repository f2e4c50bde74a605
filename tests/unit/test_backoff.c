#include "flexsync/backoff.h"

#include "flexsync/clock.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const double almost_one = 1 - 1.0 / 4294967296.0; /* the largest draw of 32 random bits */

static void the_ceiling_doubles_with_every_failure_up_to_a_minute(void **state)
{
    (void)state;
    static const int64_t seconds[] = {2, 4, 8, 16, 32, 60, 60, 60};
    for (unsigned tries = 1; tries <= 8; tries++) {
        int64_t ceiling = seconds[tries - 1] * USEC_PER_SEC;
        assert_in_range(backoff_delay(tries, almost_one), ceiling - 1, ceiling);
        assert_int_equal(backoff_delay(tries, 0.5), ceiling / 2);
        assert_int_equal(backoff_delay(tries, 0), 0);
    }
}

static void absurdly_many_failures_wait_no_longer_than_a_minute(void **state)
{
    (void)state;
    assert_in_range(backoff_delay(63, almost_one), 0, USEC_PER_MIN);
    assert_in_range(backoff_delay(64, almost_one), 0, USEC_PER_MIN);
    assert_in_range(backoff_delay(UINT_MAX, almost_one), USEC_PER_MIN - 1, USEC_PER_MIN);
}

static void an_even_draw_makes_an_even_delay_over_the_whole_range(void **state)
{
    (void)state;
    enum { TENTHS = 10, EACH = 1000 };
    unsigned counts[TENTHS + 1] = {0};
    for (unsigned i = 0; i < TENTHS * EACH; i++) {
        int64_t delay = backoff_delay(3, (i + 0.5) / (TENTHS * EACH));
        assert_in_range(delay, 0, 8 * USEC_PER_SEC - 1);
        counts[delay * TENTHS / (8 * USEC_PER_SEC)]++;
    }
    for (unsigned i = 0; i < TENTHS; i++)
        assert_in_range(counts[i], EACH - 1, EACH + 1);
}

static void a_request_is_tried_five_times_in_all(void **state)
{
    (void)state;
    assert_true(backoff_allowed(1, 1000, 0));
    assert_true(backoff_allowed(4, 1000, 0));
    assert_false(backoff_allowed(5, 1000, 0));
    assert_false(backoff_allowed(UINT_MAX, 1000, 0));
}

static void twenty_retries_are_free_and_then_one_in_ten_requests(void **state)
{
    (void)state;
    assert_true(backoff_allowed(1, 0, 19));
    assert_false(backoff_allowed(1, 0, 20));
    assert_false(backoff_allowed(1, 9, 20));
    assert_true(backoff_allowed(1, 10, 20));
    assert_true(backoff_allowed(1, 1699, 20 + 168));
    assert_false(backoff_allowed(1, 1699, 20 + 169));
}

/* Every request fails for ever: what a server in trouble is asked in addition stays bounded. */
static void a_dead_server_is_asked_little_more_than_once_for_each_request(void **state)
{
    (void)state;
    int64_t requests = 0, retries = 0;
    for (int i = 0; i < 10000; i++) {
        requests++;
        for (unsigned tries = 1; backoff_allowed(tries, requests, retries); tries++) {
            requests++;
            retries++;
        }
    }
    assert_in_range(retries, 0, BACKOFF_FREE_RETRIES + requests / 10);
    assert_in_range(requests, 10000, 11200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ceiling_doubles_with_every_failure_up_to_a_minute),
        cmocka_unit_test(absurdly_many_failures_wait_no_longer_than_a_minute),
        cmocka_unit_test(an_even_draw_makes_an_even_delay_over_the_whole_range),
        cmocka_unit_test(a_request_is_tried_five_times_in_all),
        cmocka_unit_test(twenty_retries_are_free_and_then_one_in_ten_requests),
        cmocka_unit_test(a_dead_server_is_asked_little_more_than_once_for_each_request),
    };
    return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
