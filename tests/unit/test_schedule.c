#include "../../src/daemon/schedule.h"

#include "flexsync/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOW   (3 * USEC_PER_DAY)
#define EVERY (15 * USEC_PER_MIN)

static struct schedule idle(void)
{
    struct schedule schedule;
    schedule_start(&schedule, EVERY, 0, NOW);
    return schedule;
}

static void assert_next(const struct schedule *schedule, int64_t at, enum sync_trigger trigger)
{
    assert_int_equal(schedule->next, at);
    assert_int_equal(schedule->trigger, trigger);
}

static void with_on_start_the_first_cycle_is_at_once(void **state)
{
    (void)state;
    struct schedule schedule;
    schedule_start(&schedule, EVERY, 1, NOW);
    assert_next(&schedule, NOW, TRIGGER_START);
}

static void without_it_an_interval_later(void **state)
{
    (void)state;
    struct schedule schedule = idle();
    assert_next(&schedule, NOW + EVERY, TRIGGER_TIMER);
}

static void the_interval_counts_from_beginning_to_beginning(void **state)
{
    (void)state;
    struct schedule schedule = idle();
    schedule_begun(&schedule, NOW + EVERY);
    schedule_ended(&schedule, ERROR_NONE, 0, NOW + EVERY + 3 * USEC_PER_MIN);
    assert_next(&schedule, NOW + 2 * EVERY, TRIGGER_TIMER);
}

static void a_year_of_short_cycles_does_not_drift(void **state)
{
    (void)state;
    struct schedule schedule = idle();
    for (int64_t i = 1; i <= 365 * 96; i++) {
        assert_next(&schedule, NOW + i * EVERY, TRIGGER_TIMER);
        schedule_begun(&schedule, schedule.next);
        schedule_ended(&schedule, ERROR_NONE, 0, schedule.next + i % 600 * USEC_PER_SEC);
    }
}

static void a_cycle_longer_than_the_interval_is_followed_at_once_and_once(void **state)
{
    (void)state;
    struct schedule schedule = idle();
    int64_t begun = NOW + EVERY, ended = begun + 10 * EVERY + 1;
    schedule_begun(&schedule, begun);
    schedule_ended(&schedule, ERROR_NONE, 0, ended);
    assert_next(&schedule, ended, TRIGGER_TIMER);
    schedule_begun(&schedule, ended);
    schedule_ended(&schedule, ERROR_NONE, 0, ended + USEC_PER_SEC);
    assert_next(&schedule, ended + EVERY, TRIGGER_TIMER);
}

static void a_persons_cycle_moves_the_next_one_too(void **state)
{
    (void)state;
    struct schedule schedule = idle();
    schedule_begun(&schedule, NOW + 5 * USEC_PER_MIN);
    schedule_ended(&schedule, ERROR_NONE, 0, NOW + 6 * USEC_PER_MIN);
    assert_next(&schedule, NOW + 20 * USEC_PER_MIN, TRIGGER_TIMER);
}

static void a_refused_key_is_tried_again_after_six_hours(void **state)
{
    (void)state;
    struct schedule schedule = idle();
    schedule_begun(&schedule, NOW);
    schedule_ended(&schedule, ERROR_KEY, 0, NOW + USEC_PER_SEC);
    assert_next(&schedule, NOW + USEC_PER_SEC + 6 * USEC_PER_HOUR, TRIGGER_TIMER);
    schedule_begun(&schedule, NOW);
    schedule_ended(&schedule, ERROR_KEY, USEC_PER_MIN, NOW);
    assert_next(&schedule, NOW + 6 * USEC_PER_HOUR, TRIGGER_TIMER);
}

static void a_refused_key_is_tried_after_six_hours_even_where_the_interval_is_longer(void **state)
{
    (void)state;
    struct schedule schedule;
    schedule_start(&schedule, USEC_PER_DAY, 0, NOW);
    schedule_begun(&schedule, NOW);
    schedule_ended(&schedule, ERROR_KEY, 0, NOW);
    assert_next(&schedule, NOW + 6 * USEC_PER_HOUR, TRIGGER_TIMER); /* as design.md has it: or every 6 h */
}

static void other_failures_wait_for_the_interval(void **state)
{
    (void)state;
    struct schedule schedule = idle();
    schedule_begun(&schedule, NOW);
    schedule_ended(&schedule, ERROR_UNREACHABLE, 0, NOW + USEC_PER_SEC);
    assert_next(&schedule, NOW + EVERY, TRIGGER_TIMER);
}

static void a_pause_is_resumed_when_it_is_over_be_it_short_or_long(void **state)
{
    (void)state;
    struct schedule schedule = idle();
    schedule_begun(&schedule, NOW);
    schedule_ended(&schedule, ERROR_QUOTA, USEC_PER_SEC, NOW + USEC_PER_SEC);
    assert_next(&schedule, NOW + 2 * USEC_PER_SEC, TRIGGER_RESUME);
    schedule_begun(&schedule, schedule.next);
    schedule_ended(&schedule, ERROR_QUOTA, USEC_PER_HOUR, NOW);
    assert_next(&schedule, NOW + USEC_PER_HOUR, TRIGGER_RESUME);
}

static void after_a_resumed_cycle_the_interval_is_back(void **state)
{
    (void)state;
    struct schedule schedule = idle();
    schedule_begun(&schedule, NOW);
    schedule_ended(&schedule, ERROR_QUOTA, USEC_PER_HOUR, NOW);
    schedule_begun(&schedule, schedule.next);
    schedule_ended(&schedule, ERROR_NONE, 0, NOW + USEC_PER_HOUR + USEC_PER_MIN);
    assert_next(&schedule, NOW + USEC_PER_HOUR + EVERY, TRIGGER_TIMER);
}

static void a_reload_shortens_or_lengthens_what_is_left(void **state)
{
    (void)state;
    struct schedule schedule = idle();
    schedule_change(&schedule, USEC_PER_HOUR, NOW + USEC_PER_MIN);
    assert_next(&schedule, NOW + USEC_PER_HOUR, TRIGGER_TIMER);
    schedule_change(&schedule, 5 * USEC_PER_MIN, NOW + 2 * USEC_PER_MIN);
    assert_next(&schedule, NOW + 5 * USEC_PER_MIN, TRIGGER_TIMER);
    schedule_change(&schedule, USEC_PER_SEC, NOW + 3 * USEC_PER_MIN);
    assert_next(&schedule, NOW + 3 * USEC_PER_MIN, TRIGGER_TIMER);
}

static void a_reload_during_a_cycle_counts_when_it_ends(void **state)
{
    (void)state;
    struct schedule schedule = idle();
    schedule_begun(&schedule, NOW + EVERY);
    schedule_change(&schedule, USEC_PER_HOUR, NOW + EVERY + USEC_PER_SEC);
    schedule_ended(&schedule, ERROR_NONE, 0, NOW + EVERY + USEC_PER_MIN);
    assert_next(&schedule, NOW + EVERY + USEC_PER_HOUR, TRIGGER_TIMER);
}

static void a_reload_does_not_end_a_pause(void **state)
{
    (void)state;
    struct schedule schedule = idle();
    schedule_begun(&schedule, NOW);
    schedule_ended(&schedule, ERROR_QUOTA, USEC_PER_HOUR, NOW);
    schedule_change(&schedule, USEC_PER_MIN, NOW + USEC_PER_SEC);
    assert_next(&schedule, NOW + USEC_PER_HOUR, TRIGGER_RESUME);
}

static void a_run_beside_the_schedule_leaves_it_as_it_is(void **state)
{
    (void)state;
    struct schedule schedule = idle();
    schedule_ended_beside(&schedule, ERROR_NONE, 0, NOW + USEC_PER_MIN);
    assert_next(&schedule, NOW + EVERY, TRIGGER_TIMER);
    schedule_ended_beside(&schedule, ERROR_UNREACHABLE, 0, NOW + 2 * EVERY);
    assert_next(&schedule, NOW + EVERY, TRIGGER_TIMER); /* overdue by now, and not forgotten */
    schedule_ended(&schedule, ERROR_QUOTA, USEC_PER_HOUR, NOW);
    schedule_ended_beside(&schedule, ERROR_NONE, 0, NOW + USEC_PER_MIN);
    assert_next(&schedule, NOW + USEC_PER_HOUR, TRIGGER_RESUME); /* a person may use more of the quota */
}

static void what_it_shows_of_the_key_and_the_quota_counts(void **state)
{
    (void)state;
    struct schedule schedule = idle();
    schedule_ended_beside(&schedule, ERROR_KEY, 0, NOW + USEC_PER_MIN);
    assert_next(&schedule, NOW + USEC_PER_MIN + SCHEDULE_KEY_REFUSED, TRIGGER_TIMER);
    schedule_ended_beside(&schedule, ERROR_NONE, 0, NOW + 2 * USEC_PER_MIN);
    assert_next(&schedule, NOW + EVERY, TRIGGER_TIMER); /* it is accepted again */
    schedule_ended_beside(&schedule, ERROR_QUOTA, USEC_PER_HOUR, NOW);
    assert_next(&schedule, NOW + USEC_PER_HOUR, TRIGGER_RESUME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_on_start_the_first_cycle_is_at_once),
        cmocka_unit_test(without_it_an_interval_later),
        cmocka_unit_test(the_interval_counts_from_beginning_to_beginning),
        cmocka_unit_test(a_year_of_short_cycles_does_not_drift),
        cmocka_unit_test(a_cycle_longer_than_the_interval_is_followed_at_once_and_once),
        cmocka_unit_test(a_persons_cycle_moves_the_next_one_too),
        cmocka_unit_test(a_refused_key_is_tried_again_after_six_hours),
        cmocka_unit_test(a_refused_key_is_tried_after_six_hours_even_where_the_interval_is_longer),
        cmocka_unit_test(other_failures_wait_for_the_interval),
        cmocka_unit_test(a_pause_is_resumed_when_it_is_over_be_it_short_or_long),
        cmocka_unit_test(after_a_resumed_cycle_the_interval_is_back),
        cmocka_unit_test(a_reload_shortens_or_lengthens_what_is_left),
        cmocka_unit_test(a_reload_during_a_cycle_counts_when_it_ends),
        cmocka_unit_test(a_reload_does_not_end_a_pause),
        cmocka_unit_test(a_run_beside_the_schedule_leaves_it_as_it_is),
        cmocka_unit_test(what_it_shows_of_the_key_and_the_quota_counts),
    };
    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
