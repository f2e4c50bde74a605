#include "flexsync/diff.h"

#include "data_contact.h"
#include "flexsync/cleanup.h"
#include "flexsync/record.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_diff(const char *before, const char *after, const char *left, const char *right)
{
    char *b = NULL, *a = NULL;
    struct error err = {0};
    assert_int_equal(diff_json(before, after, &b, &a, &err), 0);
    assert_string_equal(b, left);
    assert_string_equal(a, right);
    free(b);
    free(a);
}

static void equal_content_has_no_difference(void **state)
{
    (void)state;
    assert_diff("{}", "{}", "{}", "{}");
    assert_diff(DATA_CONTACT, DATA_CONTACT, "{}", "{}");
}

static void another_order_white_space_or_escape_is_no_difference(void **state)
{
    (void)state;
    assert_diff("{\"a\":1,\"b\":{\"x\":1,\"y\":[1,2]},\"c\":\"\xC3\xA9/\"}",
                " {\n\"c\" : \"\\u00e9\\/\", \"b\":{ \"y\":[ 1,2 ],\"x\":1 }, \"\\u0061\":1 } ", "{}", "{}");
}

static void half_surrogates_and_the_case_of_a_uuid_are_read_as_the_record_is(void **state)
{
    (void)state;
    assert_diff("{\"a\":\"\\ud800\",\"\\udc00\":1,\"b\":1}", "{\"a\":\"\uFFFD\",\"\\udc00\":2,\"b\":1}",
                "{\"\\udc00\":1}", "{\"\\udc00\":2}");
    const char *lower = "{\"id\":\"9fa53da2-07fa-4a84-aed6-01683fffffd7\",\"a\":1}",
               *upper = "{\"id\":\"9FA53DA2-07FA-4A84-AED6-01683FFFFFD7\",\"a\":1}";
    struct error err = {0};
    assert_diff(lower, upper, "{}", "{}");
    assert_int_equal(diff_contains(lower, upper, &err), 1);
}

static void only_the_fields_that_differ_are_told(void **state)
{
    (void)state;
    assert_diff("{\"id\":\"c\",\"name\":\"Ada\",\"code\":\"1\"}",
                "{\"id\":\"c\",\"name\":\"Bea\",\"code\":\"1\"}", "{\"name\":\"Ada\"}", "{\"name\":\"Bea\"}");
}

static void a_field_that_one_side_lacks_is_left_out_there(void **state)
{
    (void)state;
    assert_diff("{\"a\":1,\"b\":2}", "{\"b\":2}", "{\"a\":1}", "{}");
    assert_diff("{\"b\":2}", "{\"a\":null,\"b\":2,\"c\":3}", "{}", "{\"a\":null,\"c\":3}");
    assert_diff("{\"a\":null}", "{}", "{\"a\":null}", "{}");
}

static void fields_are_sorted_by_name(void **state)
{
    (void)state;
    assert_diff("{\"z\":1,\"a\":1,\"m\":1,\"ma\":1}", "{\"ma\":2,\"m\":2,\"z\":2,\"a\":2,\"B\":1}",
                "{\"a\":1,\"m\":1,\"ma\":1,\"z\":1}", "{\"B\":1,\"a\":2,\"m\":2,\"ma\":2,\"z\":2}");
}

static void a_nested_list_is_told_whole_and_compact(void **state)
{
    (void)state;
    assert_diff("{\"l\":[ {\"a\": 1}, 2 ]}", "{\"l\":[ {\"a\": 1}, 3 ]}", "{\"l\":[{\"a\":1},2]}",
                "{\"l\":[{\"a\":1},3]}");
    assert_diff("{\"l\":[1,2]}", "{\"l\":[2,1]}", "{\"l\":[1,2]}", "{\"l\":[2,1]}");
}

static void another_type_is_a_difference(void **state)
{
    (void)state;
    assert_diff("{\"n\":1}", "{\"n\":\"1\"}", "{\"n\":1}", "{\"n\":\"1\"}");
    assert_diff("{\"n\":null}", "{\"n\":false}", "{\"n\":null}", "{\"n\":false}");
    assert_diff("{\"n\":[]}", "{\"n\":{}}", "{\"n\":[]}", "{\"n\":{}}");
    assert_diff("{\"n\":1}", "{\"n\":1.0}", "{\"n\":1}", "{\"n\":1.0}");
}

static void numbers_are_told_as_they_were_written(void **state)
{
    (void)state;
    assert_diff("{\"a\":0.1,\"b\":1.50}", "{\"a\":0.2,\"b\":1.5}", "{\"a\":0.1}", "{\"a\":0.2}");
    assert_diff("{\"n\":12345678901234567890}", "{\"n\":12345678901234567891}",
                "{\"n\":12345678901234567890}", "{\"n\":12345678901234567891}");
    assert_diff("{\"n\":12345678901234567890,\"m\":1}", "{\"n\":12345678901234567890,\"m\":2}", "{\"m\":1}",
                "{\"m\":2}");
}

static void a_name_twice_counts_as_its_last(void **state)
{
    (void)state;
    assert_diff("{\"a\":1,\"a\":2,\"a\":3,\"b\":1}", "{\"b\":1,\"a\":3}", "{}", "{}");
    assert_diff("{\"a\":1,\"\\u0061\":2}", "{\"a\":1}", "{\"\\u0061\":2}", "{\"a\":1}");
}

static void odd_names_and_nuls_survive(void **state)
{
    (void)state;
    assert_diff("{\"\":1,\"a\\\"b\":\"\\u0000x\"}", "{\"\":2,\"a\\\"b\":\"\\u0000y\"}",
                "{\"\":1,\"a\\\"b\":\"\\u0000x\"}", "{\"\":2,\"a\\\"b\":\"\\u0000y\"}");
}

static void a_text_that_is_no_object_counts_as_one_without_fields(void **state)
{
    (void)state;
    static const char *const texts[] = {"",     "null", "7", "[{\"a\":1}]", "{\"a\":1", "{\"a\":\"\xFF\"}",
                                        "{a:1}"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        assert_diff(texts[i], "{\"a\":1}", "{}", "{\"a\":1}");
        assert_diff("{\"a\":1}", texts[i], "{\"a\":1}", "{}");
        assert_diff(texts[i], texts[i], "{}", "{}");
    }
    assert_diff(NULL, "{\"a\":1}", "{}", "{\"a\":1}");
}

static int64_t hash_of(const char *body)
{
    struct record *r = NULL;
    struct error err = {0};
    assert_int_equal(record_parse(&r, &entity_contacts, body, strlen(body), &err), 0);
    int64_t hash = r->content_hash;
    (void)record_free(r);
    return hash;
}

static void there_is_a_difference_exactly_when_the_hashes_differ(void **state)
{
    (void)state;
    static const char *const values[] = {
        "0",
        "-0",
        "0.0",
        "-0.0",
        "1",
        "1.0",
        "1e0",
        "10e-1",
        "\"1\"",
        "true",
        "null",
        "{}",
        "[]",
        "\"\"",
        "\"a\"",
        "\"\\u0061\"",
        "\"\\u0000\"",
        "12345678901234567890",
        "1e999",
        "[1,2]",
        "[2,1]",
        "{\"a\":1,\"b\":2}",
        "{\"b\":2,\"a\":1}",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        for (size_t k = 0; k < ARRAY_LENGTH(values); k++) {
            char x[128], y[128], *b = NULL, *a = NULL;
            struct error err = {0};
            (void)snprintf(x, sizeof x, "{\"id\":\"c\",\"v\":%s}", values[i]);
            (void)snprintf(y, sizeof y, "{\"v\":%s,\"id\":\"c\"}", values[k]);
            assert_int_equal(diff_json(x, y, &b, &a, &err), 0);
            assert_int_equal(strcmp(b, "{}") == 0 && strcmp(a, "{}") == 0, hash_of(x) == hash_of(y));
            free(b);
            free(a);
        }
    }
}

static void a_field_of_a_whole_contact_is_found(void **state)
{
    (void)state;
    char *later = strdup(DATA_CONTACT);
    assert_non_null(later);
    char *dial = strstr(later, "44 555 0101");
    memcpy(dial, "44 555 0199", strlen("44 555 0199"));
    char *b = NULL, *a = NULL;
    struct error err = {0};
    assert_int_equal(diff_json(DATA_CONTACT, later, &b, &a, &err), 0);
    assert_ptr_equal(strstr(b, "{\"phoneNumbers\":["), b);
    assert_non_null(strstr(b, "44 555 0101"));
    assert_non_null(strstr(a, "44 555 0199"));
    assert_null(strstr(a, "lastName"));
    free(b);
    free(a);
    free(later);
}

static void many_fields_do_not_take_for_ever(void **state)
{
    (void)state;
    size_t count = 200000;
    char *before = malloc(count * 16), *p = before, *b = NULL, *a = NULL;
    assert_non_null(before);
    for (size_t i = 0; i < count; i++)
        p += sprintf(p, "%c\"%zu\":1", i ? ',' : '{', i);
    (void)strcpy(p, "}");
    struct error err = {0};
    assert_int_equal(diff_json(before, "{}", &b, &a, &err), 0);
    assert_int_equal(strlen(b), strlen(before));
    assert_string_equal(a, "{}");
    free(b);
    free(a);
    free(before);
}

static long allocations_left; /* before jansson is refused one, and all after it */

static void *scarce_malloc(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void without_memory_both_outputs_stay_untouched(void **state)
{
    (void)state;
    char *b = NULL, *a = NULL;
    struct error err = {0};
    json_set_alloc_funcs(scarce_malloc, free);
    int refused = 0, result = -1;
    for (; result < 0 && refused < 10000; refused++) {
        assert_null(b);
        assert_null(a);
        allocations_left = refused;
        result = diff_json("{\"a\":{\"x\":1,\"y\":2}}", "{\"a\":{\"y\":2,\"x\":2}}", &b, &a, &err);
    }
    json_set_alloc_funcs(malloc, free);
    assert_int_equal(result, 0);
    free(b);
    free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_content_has_no_difference),
        cmocka_unit_test(another_order_white_space_or_escape_is_no_difference),
        cmocka_unit_test(half_surrogates_and_the_case_of_a_uuid_are_read_as_the_record_is),
        cmocka_unit_test(only_the_fields_that_differ_are_told),
        cmocka_unit_test(a_field_that_one_side_lacks_is_left_out_there),
        cmocka_unit_test(fields_are_sorted_by_name),
        cmocka_unit_test(a_nested_list_is_told_whole_and_compact),
        cmocka_unit_test(another_type_is_a_difference),
        cmocka_unit_test(numbers_are_told_as_they_were_written),
        cmocka_unit_test(a_name_twice_counts_as_its_last),
        cmocka_unit_test(odd_names_and_nuls_survive),
        cmocka_unit_test(a_text_that_is_no_object_counts_as_one_without_fields),
        cmocka_unit_test(there_is_a_difference_exactly_when_the_hashes_differ),
        cmocka_unit_test(a_field_of_a_whole_contact_is_found),
        cmocka_unit_test(many_fields_do_not_take_for_ever),
        cmocka_unit_test(without_memory_both_outputs_stay_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
