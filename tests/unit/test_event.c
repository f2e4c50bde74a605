#include "flexsync/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_kind_has_an_id_of_32_lower_case_hex_digits(void **state)
{
    (void)state;
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        assert_non_null(event_kinds[i].id);
        assert_int_equal(strlen(event_kinds[i].id), 32);
        assert_int_equal(strspn(event_kinds[i].id, "0123456789abcdef"), 32);
    }
}

static void no_id_is_all_zeros(void **state)
{
    (void)state;
    for (size_t i = 0; i < EVENT_COUNT; i++)
        assert_true(strspn(event_kinds[i].id, "0") < 32);
}

static void no_two_kinds_share_an_id_or_a_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < EVENT_COUNT; i++)
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(event_kinds[i].id, event_kinds[j].id);
            assert_string_not_equal(event_kinds[i].name, event_kinds[j].name);
        }
}

static void every_kind_has_a_name_of_small_words_and_a_level(void **state)
{
    (void)state;
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        const char *name = event_kinds[i].name;
        assert_true(strlen(name) > 0);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
        assert_in_range(event_kinds[i].level, LOG_LEVEL_ERROR, LOG_LEVEL_DEBUG);
    }
}

/* At most one line a page or record, at debug only (platform.md, journal). */
static void only_the_details_are_at_debug(void **state)
{
    (void)state;
    for (size_t i = 0; i < EVENT_COUNT; i++)
        assert_int_equal(event_kinds[i].level == LOG_LEVEL_DEBUG, i == EVENT_CYCLE_DETAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_an_id_of_32_lower_case_hex_digits),
        cmocka_unit_test(no_id_is_all_zeros),
        cmocka_unit_test(no_two_kinds_share_an_id_or_a_name),
        cmocka_unit_test(every_kind_has_a_name_of_small_words_and_a_level),
        cmocka_unit_test(only_the_details_are_at_debug),
    };
    return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
