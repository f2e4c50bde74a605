#include "export_bench.h"

#include <jansson.h>

static void every_text_comes_back_as_it_was(void **state)
{
    struct bench *b = *state;
    begin_export(b, "jsonl", "name,company");
    for (size_t i = 0; i < ARRAY_LENGTH(awkward); i++)
        add_row(b, (struct value[]){text_value(awkward[i]), text_value(NULL)});
    CLEANUP_FREE char *lines = end_export(b, NULL);
    char *rest = lines;
    for (size_t i = 0; i < ARRAY_LENGTH(awkward); i++) {
        char *line = strsep(&rest, "\n");
        json_t *object = json_loads(line, 0, NULL);
        assert_non_null(object);
        assert_string_equal(json_string_value(json_object_get(object, "name")), awkward[i]);
        assert_true(json_is_null(json_object_get(object, "company")));
        json_decref(object);
    }
    assert_string_equal(rest, "");
}

/* The one line of a row with these values. */
static char *line_of(struct bench *b, const char *columns, const struct value *values)
{
    begin_export(b, "jsonl", columns);
    add_row(b, values);
    return end_export(b, NULL);
}

static void columns_stand_in_the_order_asked_for_with_their_types(void **state)
{
    CLEANUP_FREE char *line = line_of(
        *state, "id,credit_limit,name,discountable",
        (struct value[]){integer_value(17), real_value(2500.75), text_value("Ada"), integer_value(0)});
    assert_string_equal(line, "{\"id\":17,\"credit_limit\":2500.75,\"name\":\"Ada\",\"discountable\":0}\n");
}

static void times_are_utc_and_say_so_and_a_record_is_left_alone(void **state)
{
    CLEANUP_FREE char *line =
        line_of(*state, "created_at,flex_last_edit_date,birthday,flex_data",
                (struct value[]){text_value("2025-06-15 15:06:40"), text_value("2024-03-05T23:23:37"),
                                 text_value("1979-02-28"), text_value("\"2024-03-05T23:23:37\"")});
    assert_string_equal(line, "{\"created_at\":\"2025-06-15 15:06:40Z\","
                              "\"flex_last_edit_date\":\"2024-03-05T23:23:37Z\",\"birthday\":\"1979-02-28\","
                              "\"flex_data\":\"2024-03-05T23:23:37\"}\n");
}

static void a_record_stands_in_its_line_as_it_was_received(void **state)
{
    CLEANUP_FREE char *line =
        line_of(*state, "flex_data",
                (struct value[]){text_value("{\"n\":\r\n 1.10,\n\"big\":123456789012345678901234567890}")});
    assert_string_equal(line, "{\"flex_data\":{\"n\":   1.10, \"big\":123456789012345678901234567890}}\n");
}

/* Readers that refuse half a surrogate pair, or make of it what is no UTF-8, are many. */
static void half_surrogates_of_a_record_are_replaced_and_huge_numbers_kept(void **state)
{
    CLEANUP_FREE char *line =
        line_of(*state, "flex_data",
                (struct value[]){
                    text_value("{\"a\":\"\\ud800\\ud83d\\ude00\",\"\\udc00\":\"\\\\ud800\",\"n\":1E999}")});
    assert_string_equal(
        line, "{\"flex_data\":{\"a\":\"\\ufffd\\ud83d\\ude00\",\"\\ufffd\":\"\\\\ud800\",\"n\":1E999}}\n");
}

static void what_is_no_json_stands_there_as_text(void **state)
{
    CLEANUP_FREE char *line = line_of(*state, "flex_data", (struct value[]){text_value("{\"a\":")});
    assert_string_equal(line, "{\"flex_data\":\"{\\\"a\\\":\"}\n");
}

static void bytes_that_are_no_utf8_are_replaced(void **state)
{
    CLEANUP_FREE char *line = line_of(*state, "name", (struct value[]){text_value("a\xffz\xc3")});
    assert_string_equal(line, "{\"name\":\"a\xEF\xBF\xBDz\xEF\xBF\xBD\"}\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_text_comes_back_as_it_was),
        TEST(columns_stand_in_the_order_asked_for_with_their_types),
        TEST(times_are_utc_and_say_so_and_a_record_is_left_alone),
        TEST(a_record_stands_in_its_line_as_it_was_received),
        TEST(half_surrogates_of_a_record_are_replaced_and_huge_numbers_kept),
        TEST(what_is_no_json_stands_there_as_text),
        TEST(bytes_that_are_no_utf8_are_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
