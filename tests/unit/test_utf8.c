#include "flexsync/utf8.h"

#include "flexsync/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void takes_characters_of_every_length(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t c;
        size_t length;
    } cases[] = {{"a", 'a', 1},
                 {"\xC3\xBC", 0xFC, 2},
                 {"\xE2\x82\xAC", 0x20AC, 3},
                 {"\xF0\x9F\x8E\xAD", 0x1F3AD, 4},
                 {"\xC2\x80", 0x80, 2},
                 {"\xF4\x8F\xBF\xBF", 0x10FFFF, 4},
                 {"\xEF\xBF\xBF", 0xFFFF, 3}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint32_t c = 0;
        assert_int_equal(utf8_next(cases[i].text, &c), cases[i].length);
        assert_int_equal(c, cases[i].c);
    }
}

static void a_byte_that_begins_none_is_replaced_alone(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "\x80",             /* in the middle of one */
        "\xC3",             /* cut */
        "\xE2\x82",         /* cut */
        "\xC0\x80",         /* overlong NUL */
        "\xE0\x9F\xBF",     /* overlong */
        "\xED\xA0\x80",     /* surrogate */
        "\xF4\x90\x80\x80", /* beyond the last one */
        "\xFF",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint32_t c = 0;
        assert_int_equal(utf8_next(cases[i], &c), 1);
        assert_int_equal(c, UTF8_REPLACEMENT);
    }
}

static void a_byte_order_mark_is_three_bytes_at_the_beginning(void **state)
{
    (void)state;
    assert_int_equal(utf8_bom("\xEF\xBB\xBF{}", 5), 3);
    assert_int_equal(utf8_bom("\xEF\xBB\xBF", 3), 3);
    assert_int_equal(utf8_bom("\xEF\xBB\xBF", 2), 0);
    assert_int_equal(utf8_bom(" \xEF\xBB\xBF", 4), 0);
    assert_int_equal(utf8_bom("", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_characters_of_every_length),
        cmocka_unit_test(a_byte_that_begins_none_is_replaced_alone),
        cmocka_unit_test(a_byte_order_mark_is_three_bytes_at_the_beginning),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
