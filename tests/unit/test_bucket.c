#include "flexsync/bucket.h"

#include "flexsync/clock.h"
#include "flexsync/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TAKEN_MAX 600

static int64_t draw_below(uint64_t *seed, int64_t below)
{
    return (int64_t)(random_next(seed) % (uint64_t)below);
}

static unsigned take_all(struct bucket *bucket, int64_t now)
{
    unsigned taken = 0;
    for (; bucket_wait(bucket, now) == 0 && taken < 100000; taken++)
        bucket_take(bucket, now);
    return taken;
}

static void a_new_bucket_gives_its_burst_at_once_and_no_more(void **state)
{
    (void)state;
    struct bucket bucket;
    bucket_init(&bucket, 10, 30, 0);
    assert_int_equal(take_all(&bucket, 0), 30);
    assert_int_equal(bucket_wait(&bucket, 0), USEC_PER_SEC / 10);
}

static void asking_how_long_to_wait_takes_nothing(void **state)
{
    (void)state;
    struct bucket bucket;
    bucket_init(&bucket, 1, 1, 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(bucket_wait(&bucket, 0), 0);
    assert_int_equal(take_all(&bucket, 0), 1);
}

/* Any two takings of one schedule bound a window; none may hold more than burst + rate * t. */
static void check_windows(const int64_t *taken, size_t count, double rate, double burst)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = i; j < count; j++) {
            double t = (double)(taken[j] - taken[i]) / (double)USEC_PER_SEC;
            if ((double)(j - i + 1) > burst + rate * t + 1e-6)
                fail_msg("%zu tokens within %.6f s at %g/s, burst %g", j - i + 1, t, rate, burst);
        }
}

static void in_no_window_are_more_than_burst_and_rate_times_time_taken(void **state)
{
    (void)state;
    static const double rates[] = {0.2, 1, 3.7, 10, 333.3, 1000};
    static const int64_t gaps[] = {2, 1000, 100000, 10000000};
    int64_t taken[TAKEN_MAX];
    for (uint64_t number = 0; number < 200; number++) {
        uint64_t seed = number;
        double rate = rates[random_next(&seed) % 6], burst = 1 + (double)draw_below(&seed, 60);
        int64_t now = draw_below(&seed, USEC_PER_DAY);
        size_t count = 0;
        struct bucket bucket;
        bucket_init(&bucket, rate, burst, now);
        for (int i = 0; i < 4 * TAKEN_MAX && count < TAKEN_MAX; i++) {
            int64_t wait = bucket_wait(&bucket, now);
            if (wait == 0) {
                bucket_take(&bucket, now);
                taken[count++] = now;
            }
            now += random_next(&seed) % 2 ? wait : draw_below(&seed, gaps[random_next(&seed) % 4]);
        }
        check_windows(taken, count, rate, burst);
    }
}

static void the_wait_is_enough_and_a_microsecond_less_is_not(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 2000; seed++) {
        uint64_t s = seed;
        struct bucket bucket, early;
        int64_t now = draw_below(&s, USEC_PER_DAY);
        bucket_init(&bucket, 0.01 + (double)draw_below(&s, 100000) / 100, 1 + (double)draw_below(&s, 5), now);
        (void)take_all(&bucket, now);
        int64_t wait = bucket_wait(&bucket, now);
        assert_true(wait > 0);
        early = bucket;
        assert_true(bucket_wait(&early, now + wait - 1) > 0);
        assert_int_equal(bucket_wait(&bucket, now + wait), 0);
    }
}

static void in_the_long_run_the_whole_rate_is_given(void **state)
{
    (void)state;
    struct bucket bucket;
    int64_t now = 0;
    unsigned taken = 0;
    bucket_init(&bucket, 3, 5, now);
    while (now < 1000 * USEC_PER_SEC) {
        int64_t wait = bucket_wait(&bucket, now);
        now += wait;
        bucket_take(&bucket, now);
        taken++;
    }
    assert_in_range(taken, 3 * 1000 + 5, 3 * 1000 + 6);
}

static void a_long_silence_saves_up_no_more_than_the_burst(void **state)
{
    (void)state;
    struct bucket bucket;
    bucket_init(&bucket, 10, 30, 0);
    (void)take_all(&bucket, 0);
    assert_int_equal(take_all(&bucket, 100 * 365 * USEC_PER_DAY), 30);
}

static void time_that_runs_backwards_gives_no_tokens_twice(void **state)
{
    (void)state;
    struct bucket bucket;
    int64_t now = USEC_PER_HOUR;
    bucket_init(&bucket, 1, 10, now);
    (void)take_all(&bucket, now);
    assert_int_equal(take_all(&bucket, 0), 0);
    assert_int_equal(take_all(&bucket, now), 0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(take_all(&bucket, now - (i % 7) * USEC_PER_SEC), 0);
        assert_int_equal(take_all(&bucket, now), 0);
    }
    assert_int_equal(take_all(&bucket, now + 3 * USEC_PER_SEC), 3);
}

static void rate_zero_never_makes_anybody_wait(void **state)
{
    (void)state;
    struct bucket bucket;
    bucket_init(&bucket, 0, 1, 0);
    assert_int_equal(take_all(&bucket, 0), 100000);
    bucket_change(&bucket, 2, 4, USEC_PER_SEC);
    assert_int_equal(take_all(&bucket, USEC_PER_SEC), 1);
}

static void a_burst_below_one_counts_as_one(void **state)
{
    (void)state;
    struct bucket bucket;
    bucket_init(&bucket, 1, 0, 0);
    assert_int_equal(take_all(&bucket, 0), 1);
    assert_int_equal(take_all(&bucket, USEC_PER_HOUR), 1);
    bucket_change(&bucket, 1, -3, USEC_PER_HOUR);
    assert_int_equal(take_all(&bucket, 2 * USEC_PER_HOUR), 1);
}

static void taking_without_asking_is_waited_for_afterwards(void **state)
{
    (void)state;
    struct bucket bucket;
    bucket_init(&bucket, 2, 1, 0);
    for (int i = 0; i < 5; i++)
        bucket_take(&bucket, 0);
    assert_int_equal(bucket_wait(&bucket, 0), 5 * USEC_PER_SEC / 2);
    assert_int_equal(bucket_wait(&bucket, 5 * USEC_PER_SEC / 2), 0);
}

static void another_rate_holds_from_now_on_and_not_for_the_time_before(void **state)
{
    (void)state;
    struct bucket bucket;
    bucket_init(&bucket, 1, 100, 0);
    (void)take_all(&bucket, 0);
    bucket_change(&bucket, 50, 100, USEC_PER_SEC);
    assert_int_equal(take_all(&bucket, USEC_PER_SEC), 1);
    assert_int_equal(take_all(&bucket, 2 * USEC_PER_SEC), 50);
}

static void a_smaller_burst_takes_away_what_no_longer_fits_and_a_larger_one_gives_nothing(void **state)
{
    (void)state;
    struct bucket bucket;
    bucket_init(&bucket, 1, 30, 0);
    bucket_change(&bucket, 1, 3, 0);
    assert_int_equal(take_all(&bucket, 0), 3);
    bucket_change(&bucket, 1, 30, 0);
    assert_int_equal(take_all(&bucket, 0), 0);
}

/* The settings allow any rate above 0: its wait must still be a number of microseconds that can be added to a
 * time. */
static void a_rate_of_almost_nothing_waits_long_but_not_beyond_numbers(void **state)
{
    (void)state;
    struct bucket bucket;
    bucket_init(&bucket, 1e-300, 1, 0);
    bucket_take(&bucket, 0);
    int64_t wait = bucket_wait(&bucket, 0);
    assert_true(wait > 365 * USEC_PER_DAY && wait < INT64_MAX / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_bucket_gives_its_burst_at_once_and_no_more),
        cmocka_unit_test(asking_how_long_to_wait_takes_nothing),
        cmocka_unit_test(in_no_window_are_more_than_burst_and_rate_times_time_taken),
        cmocka_unit_test(the_wait_is_enough_and_a_microsecond_less_is_not),
        cmocka_unit_test(in_the_long_run_the_whole_rate_is_given),
        cmocka_unit_test(a_long_silence_saves_up_no_more_than_the_burst),
        cmocka_unit_test(time_that_runs_backwards_gives_no_tokens_twice),
        cmocka_unit_test(rate_zero_never_makes_anybody_wait),
        cmocka_unit_test(a_burst_below_one_counts_as_one),
        cmocka_unit_test(taking_without_asking_is_waited_for_afterwards),
        cmocka_unit_test(another_rate_holds_from_now_on_and_not_for_the_time_before),
        cmocka_unit_test(a_smaller_burst_takes_away_what_no_longer_fits_and_a_larger_one_gives_nothing),
        cmocka_unit_test(a_rate_of_almost_nothing_waits_long_but_not_beyond_numbers),
    };
    return cmocka_run_group_tests_name("bucket", tests, NULL, NULL);
}
