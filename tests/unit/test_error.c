#include "flexsync/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void setting_an_error_fills_it_and_fails(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(error_set(&err, ERROR_QUOTA, RETRY_LATER, "%d left of %s", 3, "all"), -1);
    assert_int_equal(err.code, ERROR_QUOTA);
    assert_int_equal(err.retry, RETRY_LATER);
    assert_string_equal(err.text, "3 left of all");
}

static void nobody_need_want_the_error(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, ERROR_QUOTA, RETRY_LATER, "%d", 3), -1);
    assert_int_equal(error_memory(NULL), -1);
}

static void a_long_sentence_is_cut_and_ended(void **state)
{
    (void)state;
    struct error err = {0};
    char text[2 * ERROR_TEXT_MAX];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    (void)error_set(&err, ERROR_STORE, RETRY_NEVER, "%s", text);
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
}

static void an_error_may_be_made_of_its_own_text(void **state)
{
    (void)state;
    struct error err = {0};
    (void)error_set(&err, ERROR_STORE, RETRY_NEVER, "disk full");
    (void)error_set(&err, ERROR_CREATE, RETRY_LATER, "cannot write FILE: %s", err.text);
    assert_string_equal(err.text, "cannot write FILE: disk full");
}

static void a_refused_allocation_can_be_tried_again(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(error_memory(&err), -1);
    assert_int_equal(err.code, ERROR_SYSTEM);
    assert_int_equal(err.retry, RETRY_LATER);
    assert_string_equal(err.text, "out of memory");
}

static void every_code_has_its_documented_exit_status(void **state)
{
    (void)state;
    static const int statuses[ERROR_CODE_COUNT] = {
        [ERROR_NONE] = 0,         [ERROR_USAGE] = 64,         [ERROR_ANSWER] = 65,
        [ERROR_UNREACHABLE] = 69, [ERROR_SYSTEM] = 71,        [ERROR_CREATE] = 73,
        [ERROR_STORE] = 74,       [ERROR_STORE_MISSING] = 74, [ERROR_STORE_BUSY] = 74,
        [ERROR_STORE_FULL] = 74,  [ERROR_STORE_CORRUPT] = 74, [ERROR_QUOTA] = 75,
        [ERROR_LOCKED] = 75,      [ERROR_KEY] = 77,           [ERROR_CONFIG] = 78,
    };
    for (enum error_code code = ERROR_NONE; code < ERROR_CODE_COUNT; code++)
        assert_int_equal(error_exit_status(code), statuses[code]);
}

static void the_table_has_every_exit_status_with_a_command_to_type(void **state)
{
    (void)state;
    for (enum error_code code = ERROR_USAGE; code < ERROR_CODE_COUNT; code++) {
        const struct exit_kind *kind = exit_kind_of(error_exit_status(code));
        assert_int_equal(kind->status, error_exit_status(code));
        assert_true(kind->means[0] && kind->next[0]);
    }
    assert_string_equal(exit_kind_of(EXIT_STATUS_DONE)->next, "");
}

static void a_line_ends_with_the_command_to_type_unless_the_sentence_names_one(void **state)
{
    (void)state;
    char line[ERROR_LINE_MAX];
    assert_string_equal(error_line(line, ERROR_UNREACHABLE, "no answer"), "no answer; next: flexsync check");
    assert_string_equal(error_line(line, ERROR_USAGE, "nobody; flexsync list shows all"),
                        "nobody; flexsync list shows all");
    assert_string_equal(error_line(line, ERROR_LOCKED, "flexsync (process 3) is syncing; stop it: kill 3"),
                        "flexsync (process 3) is syncing; stop it: kill 3");
    assert_string_equal(error_line(line, ERROR_LOCKED, "flexsync (process 3) is syncing"),
                        "flexsync (process 3) is syncing; next: flexsync quota");
    assert_string_equal(error_line(line, ERROR_NONE, "all is well"), "all is well");
}

static void a_message_with_text_from_outside_cannot_drive_a_terminal(void **state)
{
    (void)state;
    struct error err;
    (void)error_set(&err, ERROR_ANSWER, RETRY_NEVER, "to %s",
                    "\033[31m\xc2\x9b"
                    "31m\nflexsync: all is well");
    assert_string_equal(err.text, "to ?[31m??31m?flexsync: all is well");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_with_text_from_outside_cannot_drive_a_terminal),
        cmocka_unit_test(setting_an_error_fills_it_and_fails),
        cmocka_unit_test(nobody_need_want_the_error),
        cmocka_unit_test(a_long_sentence_is_cut_and_ended),
        cmocka_unit_test(an_error_may_be_made_of_its_own_text),
        cmocka_unit_test(a_refused_allocation_can_be_tried_again),
        cmocka_unit_test(the_table_has_every_exit_status_with_a_command_to_type),
        cmocka_unit_test(a_line_ends_with_the_command_to_type_unless_the_sentence_names_one),
        cmocka_unit_test(every_code_has_its_documented_exit_status),
    };
    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
