#include "flexsync/anonymize.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OUT_MAX (1024 * 1024)

static char *anonymized(struct anonymizer *ids, const char *text, size_t length)
{
    struct buffer out;
    buffer_init(&out, OUT_MAX);
    assert_int_equal(anonymize(ids, text, length, &out), 0);
    char *result = buffer_take(&out);
    assert_non_null(result);
    return result;
}

static void expect(const char *text, const char *expected)
{
    struct anonymizer ids = {0};
    char *result = anonymized(&ids, text, strlen(text));
    assert_string_equal(result, expected);
    free(result);
    anonymizer_free(&ids);
}

static const char record[] =
    "{\"id\":\"9f1c2d3e-5672-4222-8333-944445555566\",\"name\":\"Korla Zandro-Öster\",\"nested\":{\"mail\":"
    "\"k.zandro@pelqua.example\",\"phones\":[{\"dialNumber\":\"+49 555 "
    "0123\",\"since\":\"2024-03-05T23:23:37\"},"
    "\"extension 77\"]},\"limit\":1250.75,\"count\":-48213,\"big\":123456789012345678901234567890,"
    "\"flag\":true,\"none\":null,\"note\":\"line\\nZweite \\\"Zeile\\\" \\u0041\\u00e9 C:\\\\temp\","
    "\"korla@pelqua.example\":{\"role\":\"admin\"},\"9f1c2d3e-5672-4222-8333-944445555566\":[1942],"
    "\"Zandro\":\"by hand\",\"user4711\":\"x1\",\"deadbeefcafe\":\"hex\"}";

/* Every value, and every part of one that is longer than a syllable, is gone. */
static void expect_none_of(const json_t *value, const char *result)
{
    const char *key;
    const json_t *member;
    size_t i;
    if (json_is_object(value))
        json_object_foreach((json_t *)(uintptr_t)value, key, member) expect_none_of(member, result);
    json_array_foreach(value, i, member) expect_none_of(member, result);
    if (!json_is_string(value))
        return;
    assert_null(strstr(result, json_string_value(value)));
    char *copy = strdup(json_string_value(value)), *rest = copy;
    for (char *word; (word = strsep(&rest, " -.@\n\"\\:+")) != NULL;)
        if (strlen(word) > 2)
            assert_null(strstr(result, word));
    free(copy);
}

static void no_value_of_an_answer_is_left(void **state)
{
    (void)state;
    static const char big[] = "123456789012345678901234567890", *const gone[] = {
                                                                    big,        "korla",        "Zandro",
                                                                    "user4711", "deadbeefcafe", "9f1c",
                                                                    "1942",     "1250",         "75",
                                                                    "48213"};
    struct anonymizer ids = {0};
    char *result = anonymized(&ids, record, strlen(record));
    json_t *value = json_loads(record, JSON_DECODE_INT_AS_REAL, NULL);
    assert_non_null(value);
    expect_none_of(value, result);
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
        if (strstr(result, gone[i]))
            fail_msg("%s is left in %s", gone[i], result);
    json_decref(value);
    free(result);
    anonymizer_free(&ids);
}

static void the_shape_stays(void **state)
{
    (void)state;
    expect("{\"firstName\":\"Korla\",\"dialNumber\":\"+49 555 0123\"}",
           "{\"firstName\":\"Xxxxx\",\"dialNumber\":\"+99 999 9999\"}");
    expect("{\"a\" : [ 0, -12.50, 1e5, 3E-7 ] , \"b\":\n{ } }",
           "{\"a\" : [ 1, -11.11, 1e1, 1E-1 ] , \"b\":\n{ } }");
    expect("[true,false,null,\"true\"]", "[true,false,null,\"xxxx\"]");
    expect("null", "null");
    expect("", "");
}

static void a_date_is_still_one(void **state)
{
    (void)state;
    expect("[\"2024-03-05T23:23:37\"]", "[\"9999-99-99T99:99:99\"]");
    expect("[\"2024-03-05T23:23:37.120Z\"]", "[\"9999-99-99T99:99:99.999Z\"]");
    expect("[\"Tom Zed\"]", "[\"Xxx Xxx\"]");
}

static void an_id_is_the_same_number_in_every_answer(void **state)
{
    (void)state;
    struct anonymizer ids = {0};
    static const char
        first[] = "[\"9F1c2d3e-1111-4222-8333-944445555566\",\"0a1c2d3e-1111-4222-8333-944445555566\"]",
        second[] = "[\"no 0a1c2d3e-1111-4222-8333-944445555566!\",\"9f1c2d3e-1111-4222-8333-944445555566\"]";
    char *a = anonymized(&ids, first, strlen(first)), *b = anonymized(&ids, second, strlen(second));
    assert_string_equal(
        a, "[\"AAAAAAAA-0000-4000-8000-000000000001\",\"00000000-0000-4000-8000-000000000002\"]");
    assert_string_equal(
        b, "[\"xx 00000000-0000-4000-8000-000000000002!\",\"00000000-0000-4000-8000-000000000001\"]");
    free(a);
    free(b);
    anonymizer_free(&ids);
}

static void names_of_members_stay_and_data_in_their_place_does_not(void **state)
{
    (void)state;
    expect("{\"customField10Value\":1,\"id\":2}", "{\"customField10Value\":1,\"id\":1}");
    expect("{\"k@pelqua.example\":1}", "{\"x@xxxxxx.xxxxxxx\":1}");
    expect("{\"Zandro\":1,\"two words\":2,\"user12345\":3}",
           "{\"Xxxxxx\":1,\"xxx xxxxx\":1,\"xxxx99999\":1}");
    expect("{\"9f1c2d3e-1111-4222-8333-944445555566\":{}}", "{\"00000000-0000-4000-8000-000000000001\":{}}");
    expect("{\"deadbeefcafe12\":1,\"dead\":2}", "{\"xxxxxxxxxxxx99\":1,\"dead\":1}");
    expect("{\"a\":\"name\" :1}", "{\"a\":\"xxxx\" :1}"); /* a value, whatever comes after it */
}

/* What is wrong with an answer can be seen in what is sent. */
static void faults_of_an_answer_stay(void **state)
{
    (void)state;
    expect("[\"a\\ud83dz\",\"\\ud83d\\ude00\",\"\\u0000\",\"\\u00e9\"]",
           "[\"x\\ud800x\",\"\\ud800\\udc00\",\"\\u0000\",\"\\u00fc\"]");
    expect("[\"a\tb\"]", "[\"x\tx\"]");
    expect("[\"M\xfcller \xed\xa0\x80\"]", "[\"X\xffxxxx \xff\xff\xff\"]");
    expect("[\"M\xc3\xbcller \xf0\x9f\x8e\xad\"]", "[\"X\xc3\xbcxxxx \xc3\xbc\"]");
    expect("{\"name\":\"Kor", "{\"name\":\"Xxx");
    expect("{\"name\":\"Kor\\", "{\"name\":\"Xxx\\");
    expect("{\"name\":\"Kor\\u00", "{\"name\":\"Xxx\\u");
    expect("{\"name\":Korla,12a}", "{\"name\":Xxxxx,11x}");
    expect("\xef\xbb\xbf{\"name\":1}", "\xc3\xbc{\"name\":1}");
}

static void what_is_no_json_is_nothing_but_letters(void **state)
{
    (void)state;
    expect("<html title=\"site\": 12>Acme</html>", "<xxxx xxxxx=\"xxxx\": 99>Xxxx</xxxx>");
    expect("{\"a\":<b>Acme</b>}", "{\"a\":<x>Xxxx</x>}");
}

static void bytes_after_the_end_are_not_read(void **state)
{
    (void)state;
    struct anonymizer ids = {0};
    static const char text[] = "[\"Korla\"]secret";
    for (size_t length = 0; length <= 9; length++) {
        char *cut = calloc(length + 1, 1);
        memcpy(cut, text, length);
        char *result = anonymized(&ids, cut, length);
        assert_int_equal(strlen(result), length);
        free(result);
        free(cut);
    }
    anonymizer_free(&ids);
}

static void a_full_buffer_is_said(void **state)
{
    (void)state;
    struct anonymizer ids = {0};
    struct buffer out;
    buffer_init(&out, 5);
    assert_int_equal(anonymize(&ids, "[\"Korla\"]", 9, &out), -EFBIG);
    buffer_free(&out);
    anonymizer_free(&ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_value_of_an_answer_is_left),
        cmocka_unit_test(the_shape_stays),
        cmocka_unit_test(a_date_is_still_one),
        cmocka_unit_test(an_id_is_the_same_number_in_every_answer),
        cmocka_unit_test(names_of_members_stay_and_data_in_their_place_does_not),
        cmocka_unit_test(faults_of_an_answer_stay),
        cmocka_unit_test(what_is_no_json_is_nothing_but_letters),
        cmocka_unit_test(bytes_after_the_end_are_not_read),
        cmocka_unit_test(a_full_buffer_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
