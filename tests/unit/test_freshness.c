#include "flexsync/freshness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_near(double value, double expected)
{
    if (!(fabs(value - expected) < 5e-5))
        fail_msg("%.6f is not %.6f", value, expected);
}

static void below_twenty_audits_nothing_is_known(void **state)
{
    (void)state;
    struct freshness fresh = freshness_of(19, 0);
    assert_false(fresh.known);
    assert_int_equal(fresh.audits, 19);
    assert_false(freshness_of(0, 0).known);
    assert_true(freshness_of(20, 0).known);
}

/* Newcombe, Statistics in Medicine 17 (1998), table I, gives Wilson's interval for these. */
static void the_interval_is_that_of_the_literature(void **state)
{
    (void)state;
    struct freshness fresh = freshness_of(263, 263 - 81);
    assert_near(fresh.share, 81.0 / 263);
    assert_near(fresh.low, 0.2553);
    assert_near(fresh.high, 0.3662);
    fresh = freshness_of(148, 148 - 15);
    assert_near(fresh.low, 0.0624);
    assert_near(fresh.high, 0.1605);
    fresh = freshness_of(20, 20);
    assert_near(fresh.low, 0);
    assert_near(fresh.high, 0.1611);
    fresh = freshness_of(29, 28);
    assert_near(fresh.low, 0.0061);
    assert_near(fresh.high, 0.1718);
}

static void where_nothing_was_stale_the_lower_end_still_tells_the_doubt(void **state)
{
    (void)state;
    struct freshness fresh = freshness_of(20, 0);
    assert_near(fresh.share, 1);
    assert_near(fresh.high, 1);
    assert_near(fresh.low, 1 - 0.1611);
    assert_true(freshness_of(2000, 0).low > 0.998);
}

static void counts_that_make_no_sense_say_nothing(void **state)
{
    (void)state;
    assert_false(freshness_of(100, 101).known);
    assert_false(freshness_of(100, -1).known);
    assert_false(freshness_of(-100, -100).known);
}

static void more_audits_say_more(void **state)
{
    (void)state;
    double width = 1;
    for (int64_t n = 20; n < 100000; n *= 2) {
        struct freshness fresh = freshness_of(n, n / 20);
        assert_true(fresh.low <= fresh.share && fresh.share <= fresh.high);
        assert_true(fresh.high - fresh.low < width);
        width = fresh.high - fresh.low;
    }
}

static void assert_text(double share, bool up, const char *expected)
{
    char text[FRESHNESS_TEXT_MAX];
    assert_ptr_equal(freshness_format(text, share, up), text);
    assert_string_equal(text, expected);
}

static void only_what_is_a_hundred_percent_is_called_that(void **state)
{
    (void)state;
    assert_text(1, false, "100");
    assert_text(0.9999, false, "99.9");
    assert_text(0.9999, true, "100");
    assert_text(0.997, false, "99.7");
    assert_text(0.997, true, "99.7");
    assert_text(0.5, false, "50.0");
    assert_text(0, false, "0");
    assert_text(0.0001, true, "0.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(below_twenty_audits_nothing_is_known),
        cmocka_unit_test(the_interval_is_that_of_the_literature),
        cmocka_unit_test(where_nothing_was_stale_the_lower_end_still_tells_the_doubt),
        cmocka_unit_test(counts_that_make_no_sense_say_nothing),
        cmocka_unit_test(more_audits_say_more),
        cmocka_unit_test(only_what_is_a_hundred_percent_is_called_that),
    };
    return cmocka_run_group_tests_name("freshness", tests, NULL, NULL);
}
