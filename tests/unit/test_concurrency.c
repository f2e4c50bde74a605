#include "flexsync/concurrency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct concurrency of(unsigned most)
{
    struct concurrency c;
    concurrency_init(&c, most);
    return c;
}

static void answer(struct concurrency *c, unsigned times)
{
    while (times--)
        concurrency_answered(c);
}

static void at_first_as_many_as_the_settings_say(void **state)
{
    (void)state;
    struct concurrency c = of(30);
    answer(&c, 1000);
    assert_int_equal(c.allowed, 30);
}

static void a_refusal_halves_and_a_hundred_answers_allow_one_more(void **state)
{
    (void)state;
    struct concurrency c = of(30);
    assert_true(concurrency_refused(&c, c.halvings, false));
    assert_int_equal(c.allowed, 15);
    answer(&c, 99);
    assert_int_equal(c.allowed, 15);
    answer(&c, 1);
    assert_int_equal(c.allowed, 16);
    answer(&c, 1400);
    assert_int_equal(c.allowed, 30);
    answer(&c, 100);
    assert_int_equal(c.allowed, 30);
}

static void those_under_way_with_the_first_do_not_halve_again(void **state)
{
    (void)state;
    struct concurrency c = of(30);
    unsigned then = c.halvings;
    for (int i = 0; i < 30; i++)
        assert_true(concurrency_refused(&c, then, i == 29));
    assert_int_equal(c.allowed, 15);
    assert_true(concurrency_refused(&c, c.halvings, false));
    assert_int_equal(c.allowed, 7);
}

static void one_that_was_alone_is_refused_for_another_reason(void **state)
{
    (void)state;
    struct concurrency c = of(30);
    assert_false(concurrency_refused(&c, c.halvings, true));
    assert_int_equal(c.allowed, 30);
}

static void a_server_that_always_refuses_is_asked_less_and_less_and_then_not_any_more(void **state)
{
    (void)state;
    struct concurrency c = of(30);
    unsigned sent = 0, rounds = 0;
    for (bool go_on = true; go_on; rounds++) {
        unsigned then = c.halvings, flight = c.allowed;
        for (unsigned i = 0; i < flight; i++)
            go_on = concurrency_refused(&c, then, flight == 1);
        sent += flight;
    }
    assert_int_equal(rounds, 5);
    assert_int_equal(sent, 30 + 15 + 7 + 3 + 1);
    assert_int_equal(c.allowed, 1);
}

static void a_refusal_begins_the_count_of_answers_anew(void **state)
{
    (void)state;
    struct concurrency c = of(8);
    assert_true(concurrency_refused(&c, c.halvings, false));
    answer(&c, 99);
    assert_true(concurrency_refused(&c, c.halvings, false));
    answer(&c, 99);
    assert_int_equal(c.allowed, 2);
    answer(&c, 1);
    assert_int_equal(c.allowed, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_first_as_many_as_the_settings_say),
        cmocka_unit_test(a_refusal_halves_and_a_hundred_answers_allow_one_more),
        cmocka_unit_test(those_under_way_with_the_first_do_not_halve_again),
        cmocka_unit_test(one_that_was_alone_is_refused_for_another_reason),
        cmocka_unit_test(a_server_that_always_refuses_is_asked_less_and_less_and_then_not_any_more),
        cmocka_unit_test(a_refusal_begins_the_count_of_answers_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
