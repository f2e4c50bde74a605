#include "flexsync/suggest.h"

#include "flexsync/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *nearest(const char *name)
{
    static const char *const names[] = {"list",    "search", "show",    "status",
                                        "history", "export", "changes", "forget"};
    struct suggest suggest = {.name = name};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        suggest_try(&suggest, names[i]);
    return suggest.best;
}

static void slips_of_the_pen_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *written, *meant;
    } cases[] = {{"lits", "list"},      {"LIST", "list"},     {"serch", "search"},    {"shwo", "show"},
                 {"stauts", "status"},  {"exprot", "export"}, {"histroy", "history"}, {"change", "changes"},
                 {"forgett", "forget"}, {"searchh", "search"}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_non_null(nearest(cases[i].written));
        assert_string_equal(nearest(cases[i].written), cases[i].meant);
    }
}

static void another_word_is_not_taken_for_one(void **state)
{
    (void)state;
    static const char *const cases[] = {"", "x", "bogus", "everything",
                                        "a word that is much longer than any name that there could be"};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_null(nearest(cases[i]));
}

static void the_text_stands_at_the_end_of_a_message_or_is_empty(void **state)
{
    (void)state;
    char text[SUGGEST_TEXT_MAX];
    assert_string_equal(suggest_text(text, &(struct suggest){.best = "list"}), "; did you mean list?");
    assert_string_equal(suggest_text(text, &(struct suggest){.best = NULL}), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slips_of_the_pen_are_understood),
        cmocka_unit_test(another_word_is_not_taken_for_one),
        cmocka_unit_test(the_text_stands_at_the_end_of_a_message_or_is_empty),
    };
    return cmocka_run_group_tests_name("suggest", tests, NULL, NULL);
}
