#include "flexsync/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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

#define CATALOG_MAX 65536

static char *catalog(void)
{
    static char text[CATALOG_MAX];
    FILE *in = fopen(SOURCE_DIR "/systemd/flexsync.catalog", "r");
    assert_non_null(in);
    size_t length = fread(text, 1, sizeof text - 1, in);
    assert_int_equal(fclose(in), 0);
    assert_true(length < sizeof text - 1);
    text[length] = '\0';
    return text;
}

/* The entry that begins at `at`, with an end of its own; NULL when it is the last. */
static char *cut_entry(char *at)
{
    char *next = strstr(at, "\n-- ");
    if (next)
        *next = '\0';
    return next ? next + 1 : NULL;
}

static bool is_kind(const char *id)
{
    for (size_t i = 0; i < EVENT_COUNT; i++)
        if (strncmp(event_kinds[i].id, id, 32) == 0)
            return true;
    return false;
}

static void every_kind_stands_in_the_catalog_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        char head[40];
        (void)snprintf(head, sizeof head, "\n-- %s\n", event_kinds[i].id);
        const char *entry = strstr(catalog(), head);
        if (!entry)
            fail_msg("the catalog knows nothing of %s", event_kinds[i].name);
        assert_null(strstr(entry + 1, head));
    }
}

/* A subject, who it is from, where to read more, what happened, and after an empty line what to do. */
static void every_entry_of_the_catalog_is_of_a_kind_and_complete(void **state)
{
    (void)state;
    size_t count = 0;
    for (char *entry = strstr(catalog(), "\n-- ") + 1, *next; entry; entry = next, count++) {
        next = cut_entry(entry);
        if (!is_kind(entry + 3))
            fail_msg("no kind has this id: %.40s", entry);
        assert_int_equal(strncmp(entry + 35, "\nSubject: ", 10), 0);
        assert_non_null(strstr(entry, "\nDefined-By: flex-contacts-sync\n"));
        assert_non_null(strstr(entry, "\nDocumentation: man:flexsync"));
        const char *happened = strstr(entry, "\n\n");
        assert_non_null(happened);
        const char *to_do = strstr(happened + 2, "\n\n");
        assert_non_null(to_do);
        assert_true(strlen(to_do) > 10);
    }
    assert_int_equal(count, EVENT_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_an_id_of_32_lower_case_hex_digits),
        cmocka_unit_test(no_id_is_all_zeros),
        cmocka_unit_test(no_two_kinds_share_an_id_or_a_name),
        cmocka_unit_test(every_kind_has_a_name_of_small_words_and_a_level),
        cmocka_unit_test(only_the_details_are_at_debug),
        cmocka_unit_test(every_kind_stands_in_the_catalog_once),
        cmocka_unit_test(every_entry_of_the_catalog_is_of_a_kind_and_complete),
    };
    return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
