#include "flexsync/buffer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void an_empty_buffer_allocates_nothing(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 10);
    assert_null(buffer.data);
    assert_int_equal(buffer.length, 0);
    buffer_free(&buffer);
}

static void bytes_are_followed_by_a_nul_that_is_not_counted(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100);
    assert_int_equal(buffer_append(&buffer, "a\0b", 3), 0);
    assert_int_equal(buffer_append_text(&buffer, "cd"), 0);
    assert_int_equal(buffer_printf(&buffer, "%d-%s", 7, "e"), 0);
    assert_int_equal(buffer.length, 8);
    assert_memory_equal(buffer.data, "a\0bcd7-e", 9);
    buffer_free(&buffer);
}

static void grows_to_its_limit_and_not_a_byte_further(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buffer_append(&buffer, "x", 1), 0);
    assert_int_equal(buffer_append(&buffer, "y", 1), -EFBIG);
    assert_int_equal(buffer_append_text(&buffer, "y"), -EFBIG);
    assert_int_equal(buffer_printf(&buffer, "%d", 1), -EFBIG);
    assert_int_equal(buffer_append(&buffer, "", 0), 0);
    assert_int_equal(buffer.length, 1000);
    assert_int_equal(strlen(buffer.data), 1000);
    assert_int_equal(buffer.data[999], 'x');
    buffer_free(&buffer);
}

static void one_append_past_the_limit_changes_nothing(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 4);
    assert_int_equal(buffer_append(&buffer, "abc", 3), 0);
    assert_int_equal(buffer_append(&buffer, "de", 2), -EFBIG);
    assert_string_equal(buffer.data, "abc");
    assert_int_equal(buffer_append(&buffer, "d", 1), 0);
    assert_string_equal(buffer.data, "abcd");
    buffer_free(&buffer);
}

static void a_limit_of_nothing_and_a_limit_of_everything_are_limits(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 0);
    assert_int_equal(buffer_append(&buffer, "a", 1), -EFBIG);
    assert_int_equal(buffer_append(&buffer, NULL, 0), 0);
    buffer_free(&buffer);
    buffer_init(&buffer, SIZE_MAX);
    assert_int_equal(buffer_append(&buffer, "a", 1), 0);
    assert_int_equal(buffer_append(&buffer, "a", SIZE_MAX), -EFBIG);
    assert_string_equal(buffer.data, "a");
    buffer_free(&buffer);
}

static void clearing_keeps_the_memory(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 100);
    buffer_clear(&buffer);
    assert_int_equal(buffer_append_text(&buffer, "abc"), 0);
    const char *before = buffer.data;
    buffer_clear(&buffer);
    assert_int_equal(buffer.length, 0);
    assert_string_equal(buffer.data, "");
    assert_int_equal(buffer_append_text(&buffer, "de"), 0);
    assert_ptr_equal(buffer.data, before);
    assert_string_equal(buffer.data, "de");
    buffer_free(&buffer);
}

static void a_freed_buffer_can_be_used_again(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 5);
    assert_int_equal(buffer_append_text(&buffer, "abc"), 0);
    buffer_free(&buffer);
    buffer_free(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer_append_text(&buffer, "abcde"), 0);
    assert_int_equal(buffer_append_text(&buffer, "f"), -EFBIG);
    buffer_free(&buffer);
}

static void taking_leaves_an_empty_buffer_with_the_same_limit(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 3);
    char *nothing = buffer_take(&buffer);
    assert_string_equal(nothing, "");
    assert_int_equal(buffer_append_text(&buffer, "abc"), 0);
    char *text = buffer_take(&buffer);
    assert_string_equal(text, "abc");
    assert_null(buffer.data);
    assert_int_equal(buffer_append_text(&buffer, "abcd"), -EFBIG);
    free(nothing);
    free(text);
    buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_allocates_nothing),
        cmocka_unit_test(bytes_are_followed_by_a_nul_that_is_not_counted),
        cmocka_unit_test(grows_to_its_limit_and_not_a_byte_further),
        cmocka_unit_test(one_append_past_the_limit_changes_nothing),
        cmocka_unit_test(a_limit_of_nothing_and_a_limit_of_everything_are_limits),
        cmocka_unit_test(clearing_keeps_the_memory),
        cmocka_unit_test(a_freed_buffer_can_be_used_again),
        cmocka_unit_test(taking_leaves_an_empty_buffer_with_the_same_limit),
    };
    return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
