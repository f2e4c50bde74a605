#include "flexsync/breaker.h"

#include "flexsync/cleanup.h"
#include "flexsync/clock.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOTHING INT64_C(-1) /* no Retry-After */

static void fail_times(struct breaker *breaker, unsigned times, int64_t now)
{
    while (times-- > 0)
        breaker_failed(breaker, breaker->epoch, NOTHING, now);
}

static void five_failures_in_a_row_open_it(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    for (int i = 0; i < 10; i++) {
        fail_times(&breaker, BREAKER_FAILURES - 1, 0);
        breaker_answered(&breaker, breaker.epoch);
    }
    assert_false(breaker_is_open(&breaker));
    assert_int_equal(breaker_window(&breaker), UINT_MAX);
    fail_times(&breaker, BREAKER_FAILURES, 0);
    assert_true(breaker_is_open(&breaker));
    assert_int_equal(breaker_window(&breaker), 0);
    assert_false(breaker_gives_up(&breaker, 0));
}

static void probes_go_after_a_delay_that_doubles_up_to_45_seconds(void **state)
{
    (void)state;
    static const int64_t seconds[] = {1, 2, 4, 8, 16, 32, 45, 45, 45};
    struct breaker breaker = {0};
    int64_t now = 7 * USEC_PER_DAY;
    fail_times(&breaker, BREAKER_FAILURES, now);
    for (size_t i = 0; i < ARRAY_LENGTH(seconds); i++) {
        assert_int_equal(breaker_wait(&breaker, now), seconds[i] * USEC_PER_SEC);
        assert_int_equal(breaker_gives_up(&breaker, now), i >= BREAKER_PROBES);
        now += seconds[i] * USEC_PER_SEC;
        assert_int_equal(breaker_wait(&breaker, now), 0);
        breaker_probe_failed(&breaker, NOTHING, now);
    }
}

static void what_was_sent_before_it_opened_says_nothing(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    unsigned before = breaker.epoch;
    fail_times(&breaker, BREAKER_FAILURES, 0);
    int64_t wait = breaker_wait(&breaker, 0);
    breaker_answered(&breaker, before);
    for (int i = 0; i < 25; i++)
        breaker_failed(&breaker, before, NOTHING, 0);
    assert_true(breaker_is_open(&breaker));
    assert_int_equal(breaker_wait(&breaker, 0), wait);
    breaker_probe_answered(&breaker);
    for (int i = 0; i < 25; i++)
        breaker_failed(&breaker, before, NOTHING, 0);
    assert_false(breaker_is_open(&breaker));
}

static void after_an_answered_probe_it_is_closed_by_five_answers_in_a_slow_start(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    fail_times(&breaker, BREAKER_FAILURES, 0);
    breaker_probe_answered(&breaker);
    for (unsigned i = 1; i <= BREAKER_FAILURES; i++) {
        assert_int_equal(breaker_window(&breaker), i);
        breaker_answered(&breaker, breaker.epoch);
    }
    assert_int_equal(breaker_window(&breaker), UINT_MAX);
    fail_times(&breaker, BREAKER_FAILURES - 1, 0);
    assert_false(breaker_is_open(&breaker));
    fail_times(&breaker, 1, 0);
    assert_int_equal(breaker_wait(&breaker, 0), BREAKER_DELAY); /* the delays begin again */
}

static void ten_failures_behind_an_answered_probe_are_a_relapse_and_end_the_cycle(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    fail_times(&breaker, BREAKER_FAILURES, 0);
    assert_false(breaker.relapsed);
    breaker_probe_answered(&breaker);
    fail_times(&breaker, BREAKER_RELAPSE - 1, 0);
    assert_true(breaker_is_tried(&breaker) && breaker_window(&breaker) == 1);
    breaker_answered(&breaker, breaker.epoch); /* one good one among them, and they are counted again */
    fail_times(&breaker, BREAKER_RELAPSE, 0);
    assert_true(breaker.relapsed && breaker_gives_up(&breaker, 0));
    assert_int_equal(breaker_wait(&breaker, 0), 2 * BREAKER_DELAY); /* the delays go on */
    breaker_begin(&breaker);
    assert_false(breaker_gives_up(&breaker, 0));
    breaker_probe_failed(&breaker, NOTHING, 2 * BREAKER_DELAY);
    assert_false(breaker.relapsed); /* it is an outage */
}

static void the_next_cycle_may_fail_one_probe(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    fail_times(&breaker, BREAKER_FAILURES, 0);
    breaker_begin(&breaker);
    assert_true(breaker_is_open(&breaker));
    assert_false(breaker_gives_up(&breaker, 0));
    breaker_probe_failed(&breaker, NOTHING, BREAKER_DELAY);
    assert_true(breaker_gives_up(&breaker, BREAKER_DELAY));
    breaker_begin(&breaker);
    breaker_probe_answered(&breaker);
    assert_false(breaker_is_open(&breaker));
}

static void failures_of_two_cycles_are_not_in_a_row(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    fail_times(&breaker, BREAKER_FAILURES - 1, 0);
    breaker_begin(&breaker);
    fail_times(&breaker, BREAKER_FAILURES - 1, 0);
    assert_false(breaker_is_open(&breaker));
}

static void retry_after_is_honoured_up_to_an_hour(void **state)
{
    (void)state;
    static const int64_t minute = USEC_PER_MIN;
    const struct {
        int64_t asked, wait;
        bool gives_up;
    } cases[] = {{NOTHING, BREAKER_DELAY, false},  {0, BREAKER_DELAY, false},
                 {minute, minute, false},          {minute + 1, minute + 1, true},
                 {10 * minute, 10 * minute, true}, {600 * minute, 60 * minute, true}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct breaker breaker = {0};
        breaker_failed(&breaker, 0, cases[i].asked, 0); /* only the first of them names it */
        fail_times(&breaker, BREAKER_FAILURES - 1, 0);
        assert_int_equal(breaker_wait(&breaker, 0), cases[i].wait);
        assert_int_equal(breaker_gives_up(&breaker, 0), cases[i].gives_up);
        breaker_begin(&breaker); /* that it was asked to wait holds for the next cycle too */
        assert_int_equal(breaker_gives_up(&breaker, 0), cases[i].gives_up);
        assert_false(breaker_gives_up(&breaker, cases[i].wait));
    }
    struct breaker breaker = {0};
    breaker_failed(&breaker, 0, 10 * minute, 0);
    breaker_answered(&breaker, 0); /* it was about that one request */
    fail_times(&breaker, BREAKER_FAILURES, 0);
    assert_int_equal(breaker_wait(&breaker, 0), BREAKER_DELAY);
}

static void a_person_is_not_kept_waiting(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    fail_times(&breaker, BREAKER_FAILURES, 0);
    unsigned before = breaker.epoch;
    breaker_forgive(&breaker);
    assert_false(breaker_is_open(&breaker));
    for (int i = 0; i < 25; i++)
        breaker_failed(&breaker, before, NOTHING, 0);
    assert_false(breaker_is_open(&breaker));
}

/*
 * A daemon with 30 requests under way when everything begins to answer 503, for `outage`. Returns the
 * requests until the first answer; *ret_late is how long after the end of the outage that was.
 */
static unsigned live_through(int64_t outage, int64_t retry_after, int64_t *ret_late)
{
    struct breaker breaker = {0};
    unsigned requests = 30;
    int64_t now = 0;
    for (int i = 0; i < 30; i++)
        breaker_failed(&breaker, 0, retry_after, now);
    while (breaker_is_open(&breaker)) {
        if (breaker_gives_up(&breaker, now)) { /* the daemon resumes when it is time */
            now += breaker_wait(&breaker, now);
            breaker_begin(&breaker);
        }
        now += breaker_wait(&breaker, now);
        requests++;
        if (now < outage)
            breaker_probe_failed(&breaker, retry_after, now);
        else
            breaker_probe_answered(&breaker);
    }
    *ret_late = now - outage;
    return requests;
}

static void an_outage_costs_tens_of_requests_and_its_end_is_noticed_within_a_minute(void **state)
{
    (void)state;
    int64_t late = 0;
    assert_in_range(live_through(10 * USEC_PER_MIN, NOTHING, &late), 36, 60);
    assert_in_range(late, 0, USEC_PER_MIN);
    for (int64_t outage = 0; outage < USEC_PER_HOUR; outage += 7 * USEC_PER_SEC) {
        assert_in_range(live_through(outage, NOTHING, &late), 31, 40 + outage / (45 * USEC_PER_SEC));
        assert_in_range(late, 0, USEC_PER_MIN);
    }
    assert_in_range(live_through(10 * USEC_PER_MIN, 600 * USEC_PER_SEC, &late), 31, 40);
    assert_int_equal(late, 0);
}

/* A server that gives its listing and no record: what a day of that costs, and one answer ends it. */
static void relapses_in_a_row_cost_ever_less(void **state)
{
    (void)state;
    struct breaker breaker = {0};
    unsigned requests = BREAKER_FAILURES;
    int64_t now = 0;
    fail_times(&breaker, BREAKER_FAILURES, 0);
    while (now < 24 * USEC_PER_HOUR) {
        now += breaker_wait(&breaker, now);
        breaker_begin(&breaker);
        breaker_probe_answered(&breaker);
        for (requests++; !breaker_is_open(&breaker); requests++)
            breaker_failed(&breaker, breaker.epoch, NOTHING, now);
        assert_true(breaker_gives_up(&breaker, now));
        assert_in_range(breaker_wait(&breaker, now), BREAKER_DELAY, BREAKER_RELAPSE_DELAY_MAX);
    }
    assert_in_range(requests, 300, 2 * 24 * 12 + 60);

    now += breaker_wait(&breaker, now);
    breaker_probe_answered(&breaker);
    breaker_answered(&breaker, breaker.epoch);
    fail_times(&breaker, BREAKER_RELAPSE - 1, now);
    assert_false(breaker_is_open(&breaker));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_failures_in_a_row_open_it),
        cmocka_unit_test(probes_go_after_a_delay_that_doubles_up_to_45_seconds),
        cmocka_unit_test(what_was_sent_before_it_opened_says_nothing),
        cmocka_unit_test(after_an_answered_probe_it_is_closed_by_five_answers_in_a_slow_start),
        cmocka_unit_test(ten_failures_behind_an_answered_probe_are_a_relapse_and_end_the_cycle),
        cmocka_unit_test(the_next_cycle_may_fail_one_probe),
        cmocka_unit_test(failures_of_two_cycles_are_not_in_a_row),
        cmocka_unit_test(retry_after_is_honoured_up_to_an_hour),
        cmocka_unit_test(a_person_is_not_kept_waiting),
        cmocka_unit_test(relapses_in_a_row_cost_ever_less),
        cmocka_unit_test(an_outage_costs_tens_of_requests_and_its_end_is_noticed_within_a_minute),
    };
    return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
