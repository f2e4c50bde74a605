#include "flexsync/page.h"

#include "data_contact.h"
#include "flexsync/cleanup.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROW_ADA                                                                                              \
    "{\"id\":\"c-1\",\"name\":\"Ada "                                                                        \
    "Abbott\",\"preferredDisplayString\":null,\"barcode\":null,\"deleted\":false,"                           \
    "\"shortName\":null,\"domainId\":\"contact\",\"className\":\"CONTACT\",\"shortNameOrName\":\"Ada "       \
    "Abbott\"}"
#define ROW_BEA "{\"id\":\"c-2\",\"name\":\"Bea Bolt\"}"
#define SPRING_PAGE                                                                                          \
    "{\"content\":[" ROW_ADA "," ROW_BEA "],\"pageable\":{\"sort\":{\"unsorted\":true,\"sorted\":false,"     \
    "\"empty\":true},\"pageNumber\":3,\"pageSize\":100,\"offset\":300,\"unpaged\":false,\"paged\":true},"    \
    "\"totalElements\":1699,\"totalPages\":17,\"last\":false,\"first\":true,\"numberOfElements\":2,"         \
    "\"size\":100,"                                                                                          \
    "\"number\":3,\"empty\":false,\"sort\":{\"unsorted\":true,\"sorted\":false,\"empty\":true}}"

static struct page *parse(const char *body)
{
    struct page *page = NULL;
    struct error err = {0};
    if (page_parse(&page, body, strlen(body), &err) < 0)
        fail_msg("refused: %s", err.text);
    return page;
}

static void assert_refused_as(const char *body, size_t length, enum error_retry retry)
{
    struct page *untouched = (struct page *)&length, *page = untouched;
    struct error err = {0};
    assert_int_equal(page_parse(&page, body, length, &err), -1);
    assert_ptr_equal(page, untouched);
    assert_int_equal(err.code, ERROR_ANSWER);
    assert_int_equal(err.retry, retry);
}

static void assert_refused(const char *body, size_t length)
{
    assert_refused_as(body, length, RETRY_NOW);
}

static void assert_row(const struct page *page, size_t i, const char *id, const char *json)
{
    assert_true(i < page->row_count);
    assert_string_equal(page->rows[i].id, id);
    assert_string_equal(page->rows[i].json, json);
    assert_int_equal(page->rows[i].length, strlen(json));
}

static void assert_no_figures(const struct page *page)
{
    assert_int_equal(page->total, PAGE_UNKNOWN);
    assert_int_equal(page->total_pages, PAGE_UNKNOWN);
    assert_int_equal(page->number, PAGE_UNKNOWN);
    assert_int_equal(page->size, PAGE_UNKNOWN);
    assert_int_equal(page->first, PAGE_UNKNOWN);
    assert_int_equal(page->last, PAGE_UNKNOWN);
}

static void a_spring_page_gives_its_figures_and_rows(void **state)
{
    (void)state;
    struct page *p = parse(SPRING_PAGE);
    assert_false(p->array);
    assert_int_equal(p->total, 1699);
    assert_int_equal(p->total_pages, 17);
    assert_int_equal(p->number, 3);
    assert_int_equal(p->size, 100);
    assert_int_equal(p->first, 1);
    assert_int_equal(p->last, 0);
    assert_int_equal(p->row_count, 2);
    assert_int_equal(p->unusable, 0);
    assert_row(p, 0, "c-1", ROW_ADA);
    assert_row(p, 1, "c-2", ROW_BEA);
    (void)page_free(p);
}

static void a_plain_array_has_rows_and_no_figures(void **state)
{
    (void)state;
    struct page *p = parse("[" ROW_BEA "," ROW_ADA "]");
    assert_true(p->array);
    assert_no_figures(p);
    assert_int_equal(p->row_count, 2);
    assert_row(p, 0, "c-2", ROW_BEA);
    assert_row(p, 1, "c-1", ROW_ADA);
    (void)page_free(p);
}

static void pages_without_rows_are_pages(void **state)
{
    (void)state;
    static const char *const bodies[] = {"[]", " [ ] ", "{\"content\":[]}",
                                         "{\"content\" : [ ] , \"x\":[1]}"};
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
        struct page *p = parse(bodies[i]);
        assert_int_equal(p->row_count, 0);
        assert_int_equal(p->unusable, 0);
        assert_no_figures(p);
        (void)page_free(p);
    }
}

static void a_figure_that_is_missing_negative_or_of_another_type_is_unknown(void **state)
{
    (void)state;
    static const char *const values[] = {"null",
                                         "-1",
                                         "-0.5",
                                         "1.5",
                                         "\"7\"",
                                         "true",
                                         "[]",
                                         "{}",
                                         "1e300",
                                         "12345678901234567890",
                                         "-12345678901234567890"};
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        const char *v = values[i];
        char *body = NULL;
        assert_true(
            asprintf(&body,
                     "{\"content\":[],\"totalElements\":%s,\"totalPages\":%s,\"number\":%s,\"size\":%s}", v,
                     v, v, v) > 0);
        struct page *p = parse(body);
        assert_no_figures(p);
        (void)page_free(p);
        free(body);
    }
}

static void first_and_last_are_booleans_or_unknown(void **state)
{
    (void)state;
    struct page *p = parse("{\"content\":[],\"first\":false,\"last\":true}");
    assert_int_equal(p->first, 0);
    assert_int_equal(p->last, 1);
    (void)page_free(p);
    p = parse("{\"content\":[],\"first\":1,\"last\":\"true\"}");
    assert_no_figures(p);
    (void)page_free(p);
}

static void a_figure_as_a_real_counts_when_it_is_whole(void **state)
{
    (void)state;
    struct page *p =
        parse("{\"content\":[],\"totalElements\":1699.0,\"totalPages\":1.7e1,\"number\":0.0,\"size\":-0.0}");
    assert_int_equal(p->total, 1699);
    assert_int_equal(p->total_pages, 17);
    assert_int_equal(p->number, 0);
    assert_int_equal(p->size, 0);
    (void)page_free(p);
}

static void figures_in_an_object_beside_the_rows_are_found(void **state)
{
    (void)state;
    struct page *p = parse(
        "{\"content\":[],\"page\":{\"size\":100,\"number\":2,\"totalElements\":1699,\"totalPages\":17}}");
    assert_int_equal(p->total, 1699);
    assert_int_equal(p->total_pages, 17);
    assert_int_equal(p->number, 2);
    assert_int_equal(p->size, 100);
    (void)page_free(p);
    p = parse("{\"content\":[],\"page\":2,\"number\":1}");
    assert_int_equal(p->number, 1);
    assert_int_equal(p->total, PAGE_UNKNOWN);
    (void)page_free(p);
}

static void totals_beyond_32_bits_are_kept(void **state)
{
    (void)state;
    struct page *p = parse("{\"content\":[],\"totalElements\":5000000000}");
    assert_true(p->total == INT64_C(5000000000));
    (void)page_free(p);
}

static void an_unusable_row_is_counted_and_the_others_are_used(void **state)
{
    (void)state;
    struct page *p =
        parse("{\"content\":[null,7,\"c-0\",[],{}," ROW_ADA ",{\"id\":7},{\"id\":null},{\"id\":\"\"},"
              "{\"id\":\"../x\"},{\"id\":\"a\\u0000b\"}," ROW_BEA ",{\"name\":\"nobody\"}]}");
    assert_int_equal(p->row_count, 2);
    assert_int_equal(p->unusable, 11);
    assert_row(p, 0, "c-1", ROW_ADA);
    assert_row(p, 1, "c-2", ROW_BEA);
    (void)page_free(p);
}

static void a_row_that_comes_twice_is_listed_twice(void **state)
{
    (void)state;
    struct page *p = parse("[" ROW_ADA "," ROW_ADA "]");
    assert_int_equal(p->row_count, 2);
    assert_true(p->rows[0].hash == p->rows[1].hash);
    (void)page_free(p);
}

static void what_is_neither_a_page_nor_an_array_is_refused(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{}",
        "{\"content\":null}",
        "{\"content\":{}}",
        "{\"content\":\"[]\"}",
        "{\"content\":7}",
        "{\"totalElements\":3}",
        "{\"Content\":[]}",
        ROW_ADA,
        "{\"exceptionMessage\":\"Maximum API request limit of 2,000 reached\",\"httpStatusCode\":429}",
        "null",
        "7",
        "\"x\"",
        "",
        "<html></html>",
        "[1,]",
        "[1 2]",
        "[] []",
        "{\"content\":[]} x",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++)
        assert_refused(bodies[i], strlen(bodies[i]));
}

static void what_is_no_json_is_refused_although_its_rows_are_read_one_by_one(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "[{}{}]",
        "[{},,{}]",
        "[,{}]",
        "[{},]",
        "[,]",
        "[]]",
        "[[]",
        "[],[]",
        "[}{]",
        "[{]}]",
        "[1:2]",
        "[:2]",
        "{\"content\":[:{}]}",
        "{:1,\"content\":[]}",
        "[\"a\":{}]",
        "[\"a]",
        "[\"a\\\"]",
        "[{}] [",
        "[{\"a\":1:2}]",
        "{\"content\":[}",
        "{\"content\":[1}]}",
        "{\"content\":[[1]}",
        "{\"content\":[]]}",
        "{\"content\":[1,]}",
        "{\"content\":[] \"a\":1}",
        "{\"content\":[]:1}",
        "{\"content\":[]:}",
        "{\"content\":[],}",
        "{,\"content\":[]}",
        "{content:[]}",
        "{\"content\":[],\"a\"}",
        "{\"content\" []}",
        "{\"content\"::[]}",
        "{7:1,\"content\":[]}",
        "{\"content\":[{\"id\":\"c\"}",
        "{\"content\":[nul]}",
        "x\"content\":[]x",
        "[1,\"\xFF\"]",
        "{\"content\":[],12345678901234567890:1}",
        "[{12345678901234567890:1}]",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++)
        assert_refused(bodies[i], strlen(bodies[i]));
}

static void what_is_whole_by_its_structure_and_yet_no_json_is_never_asked_for_again(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"content\":[],\"x\":nul}",   "{\"content\":[tru],\"content\":[]}",
        "{\"content\":[],\"\xFF\":1}",  "{\"content\":[],\"x\":\"\t\"}",
        "{\"content\":[],\"x\":[NaN]}", "\xEF\xBB\xBF{\"content\":[],\"x\":\"\xE9\"}",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++)
        assert_refused_as(bodies[i], strlen(bodies[i]), RETRY_NEVER);
}

static void assert_odd(const struct page *page, size_t i, size_t position, const char *id, const char *reason)
{
    assert_true(i < page->odd_count);
    assert_int_equal(page->odd[i].position, position);
    assert_string_equal(page->odd[i].id, id);
    assert_string_equal(page->odd[i].reason, reason);
}

/* Each is one row of three, and the others are used. */
static void a_row_that_cannot_be_read_is_named_and_the_others_are_used(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        size_t length; /* 0: up to its NUL */
        const char *id, *reason;
    } cases[] = {
        {"{\"id\":\"c-0\",\"name\":\"a\tb\"}", 0, "c-0", "it has a raw control character"},
        {"{\"id\":\"c-0\",\"name\":\"a\nb\"}", 0, "c-0", "it has a raw control character"},
        {"{\"id\":\"c-0\",\"name\":\"Jos\xE9\"}", 0, "c-0", "it is not UTF-8"},
        {"{\"name\":\"\xED\xA0\x80\", \"\\u0069d\" : \"c-0\"}", 0, "c-0", "it is not UTF-8"},
        {"{\"id\":\"c-0\",\"name\":\"a\\qb\"}", 0, "c-0", "its syntax is wrong"},
        {"{\"id\":\"c-0\",\"name\":\"a\\u12\"}", 0, "c-0", "its syntax is wrong"},
        {"{\"id\":\"c-0\",\"creditLimit\":NaN}", 0, "c-0", "its syntax is wrong"},
        {"{\"id\":\"c-0\",\"creditLimit\":-Infinity}", 0, "c-0", "its syntax is wrong"},
        {"{\"id\":\"c-0\",\"creditLimit\":007}", 0, "c-0", "its syntax is wrong"},
        {"{\"id\":\"c-0\",\"a\\u0000b\":1}", 0, "c-0", "a field's name has a NUL"},
        {"{\"id\":\"c-0\",\"name\":\"a\0b\"}", 25, "c-0", "it has a NUL byte"},
        {"{\"id\":\"x\",\"name\":\"],}{[\\\\\\\"\xE9\",\"id\":\"c-0\"}", 0, "c-0", "it is not UTF-8"},
        {"{\"id\":\"../../etc\",\"name\":\"\xE9\"}", 0, "", "it is not UTF-8"},
        {"{\"id\":\"c\xE9\"}", 0, "", "it is not UTF-8"},
        {"{\"id\":7,\"name\":\"\xE9\"}", 0, "", "it is not UTF-8"},
        {"{\"id\":{\"id\":\"c-0\"},\"name\":\"\xE9\"}", 0, "", "it is not UTF-8"},
        {"[\"id\",\"\xE9\"]", 0, "", "it is not UTF-8"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char body[512];
        size_t length = cases[i].length ? cases[i].length : strlen(cases[i].row);
        char *p = stpcpy(body, "{\"content\":[" ROW_ADA ", ");
        p = mempcpy(p, cases[i].row, length);
        p = stpcpy(p, "," ROW_BEA "],\"totalElements\":3}");
        struct page *page = NULL;
        struct error err = {0};
        if (page_parse(&page, body, (size_t)(p - body), &err) < 0)
            fail_msg("case %zu is refused: %s", i, err.text);
        assert_int_equal(page->row_count, 2);
        assert_row(page, 0, "c-1", ROW_ADA);
        assert_row(page, 1, "c-2", ROW_BEA);
        assert_int_equal(page->total, 3);
        assert_int_equal(page->unusable, 1);
        assert_int_equal(page->odd_count, 1);
        assert_odd(page, 0, 2, cases[i].id, cases[i].reason);
        assert_false(page->odd[0].legible);
        (void)page_free(page);
    }
}

static void a_row_whose_quotes_do_not_pair_up_fails_the_whole_page(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"id\":\"c-0\",\"name\":\"a\"b\"}",
        "{\"id\":\"c-0\",\"name\":\"C:\\\"}",
        "{\"id\":\"c-0\",\"name\":\"a}",
        "{\"id\":\"c-0\",name:\"a\"}",
        "{\"id\":\"c-0\",\"name\":}",
        "{\"id\":\"c-0\",\"name\" \"a\"}",
        "{\"id\":\"c-0\",}",
        "{\"id\":\"c-0\"]",
        "{\"id\":\"c-0\",\"a\":\xE9}",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char body[512];
        char *end = stpcpy(stpcpy(stpcpy(body, "[" ROW_ADA ","), rows[i]), "," ROW_BEA "]");
        assert_refused(body, (size_t)(end - body));
    }
}

static void five_unusable_rows_are_named_and_all_are_counted(void **state)
{
    (void)state;
    struct page *p = parse("[{\"id\":\"\t\"},{},null," ROW_ADA ",7,{\"id\":\"c-6\",\"a\":\"\t\"},{\"id\":"
                           "\"c-7\",\"a\":\"\t\"},{\"id\":7}," ROW_BEA "]");
    assert_int_equal(p->row_count, 2);
    assert_int_equal(p->unusable, 7);
    assert_int_equal(p->odd_count, PAGE_ODD_MAX);
    assert_odd(p, 0, 1, "", "it has a raw control character");
    assert_odd(p, 1, 2, "", "it has no usable id");
    assert_odd(p, 2, 3, "", "it is no object");
    assert_odd(p, 3, 5, "", "it is no object");
    assert_odd(p, 4, 6, "c-6", "it has a raw control character");
    assert_true(p->odd[1].legible && !p->odd[4].legible);
    (void)page_free(p);
}

static void a_row_of_more_than_4_mib_is_unusable_and_named(void **state)
{
    (void)state;
    char *body = NULL, *long_text = malloc(RECORD_BYTES_MAX + 1);
    assert_non_null(long_text);
    memset(long_text, 'x', RECORD_BYTES_MAX);
    long_text[RECORD_BYTES_MAX] = '\0';
    assert_true(asprintf(&body, "[" ROW_ADA ",{\"id\":\"c-2\",\"a\":\"%s\"}," ROW_BEA "]", long_text) > 0);
    struct page *p = parse(body);
    assert_int_equal(p->row_count, 2);
    assert_int_equal(p->unusable, 1);
    assert_odd(p, 0, 2, "c-2", "it is longer than 4 MiB");
    (void)page_free(p);
    free(body);
    free(long_text);
}

static void a_byte_order_mark_before_a_page_is_passed_over(void **state)
{
    (void)state;
    struct page *p = parse("\xEF\xBB\xBF" SPRING_PAGE);
    assert_int_equal(p->total, 1699);
    assert_row(p, 0, "c-1", ROW_ADA);
    (void)page_free(p);
    p = parse("\xEF\xBB\xBF [" ROW_BEA "]");
    assert_true(p->array);
    assert_row(p, 0, "c-2", ROW_BEA);
    (void)page_free(p);
    assert_refused("\xEF\xBB\xBF\xEF\xBB\xBF[]", 8);
    assert_refused("\xEF\xBB\xBF", 3);
    assert_refused("\xEF\xBB[]", 4);
    assert_refused("[\xEF\xBB\xBF]", 5);
}

static void half_surrogates_are_kept_in_the_row_and_counted(void **state)
{
    (void)state;
    const char *row =
        "{\"id\":\"c-1\",\"name\":\"\\ud800 \\uDFFF\",\"\\udc00\":\"\\\\ud800\",\"p\":\"\\ud83d\\ude00\"}";
    char *body = NULL;
    assert_true(asprintf(&body, "{\"content\":[%s],\"x\":\"\\ud800\",\"c\\u006fntent\\ud800\":[]}", row) > 0);
    struct page *p = parse(body);
    assert_row(p, 0, "c-1", row);
    assert_int_equal(p->unusable, 0);
    assert_int_equal(p->findings.half_surrogates, 5);
    (void)page_free(p);
    free(body);
}

#define UUID_LOWER "9fa53da2-07fa-4a84-aed6-01683fffffd7"
#define UUID_UPPER "9FA53DA2-07FA-4A84-AED6-01683FFFFFD7"

static void the_case_of_a_uuid_is_kept_and_does_not_count_in_the_hash(void **state)
{
    (void)state;
    struct page *p = parse("[{\"id\":\"" UUID_LOWER "\",\"a\":1},{\"id\":\"" UUID_UPPER
                           "\",\"a\":1},{\"id\":\"abc\"},{\"id\":\"ABC\"}]");
    assert_row(p, 1, UUID_UPPER, "{\"id\":\"" UUID_UPPER "\",\"a\":1}");
    assert_true(p->rows[0].hash == p->rows[1].hash);
    assert_true(p->rows[2].hash != p->rows[3].hash);
    (void)page_free(p);
}

static void an_error_tells_the_byte_of_the_whole_answer(void **state)
{
    (void)state;
    static const struct {
        const char *body, *text;
    } cases[] = {
        {"[{\"id\":\"c\"},{\"id\":}]", "its syntax is wrong (at byte 19)"},
        {"{\"content\":[{\"id\":\"c\"}],\"a\":}", "its syntax is wrong (at byte 29)"},
        {"[{\"id\":\"c\"}", "it ends too early (at byte 11)"},
        {"[1,,2]", "a value is missing (at byte 3)"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct page *p = NULL;
        struct error err = {0};
        assert_int_equal(page_parse(&p, cases[i].body, strlen(cases[i].body), &err), -1);
        assert_string_equal(strstr(err.text, ": ") + 2, cases[i].text);
    }
}

static char *repeat(const char *first, const char *text, size_t count, const char *last)
{
    size_t length = strlen(text);
    char *all = malloc(strlen(first) + length * count + strlen(last) + 1), *p = all;
    assert_non_null(all);
    p = stpcpy(p, first);
    for (size_t i = 0; i < count; i++)
        p = stpcpy(p, text);
    (void)strcpy(p, last);
    return all;
}

static void a_page_has_at_most_250000_rows(void **state)
{
    (void)state;
    char *body = repeat("[{\"id\":\"c\"}", ",{\"id\":\"c\"}", PAGE_ROWS_MAX - 1, "]");
    struct page *p = parse(body);
    assert_int_equal(p->row_count, PAGE_ROWS_MAX);
    (void)page_free(p);
    free(body);
    body = repeat("[{\"id\":\"c\"}", ",{\"id\":\"c\"}", PAGE_ROWS_MAX, "]");
    struct error err = {0};
    assert_int_equal(page_parse(&p, body, strlen(body), &err), -1);
    assert_int_equal(err.code, ERROR_ANSWER);
    assert_int_equal(err.retry, RETRY_NEVER);
    free(body);
}

static void too_many_values_are_never_read_neither_in_a_row_nor_beside_them(void **state)
{
    (void)state;
    char *body = repeat("[{\"id\":\"c\",\"x\":[{}", ",{}", 300000, "]}," ROW_BEA "]");
    struct page *p = parse(body);
    assert_int_equal(p->row_count, 1);
    assert_odd(p, 0, 1, "c", "it has too many values");
    (void)page_free(p);
    free(body);
    body = repeat("{\"content\":[],\"x\":[{}", ",{}", 300000, "]}");
    assert_refused_as(body, strlen(body), RETRY_NEVER);
    free(body);
}

static void a_row_that_is_nested_too_deeply_is_one_bad_row(void **state)
{
    (void)state;
    char *open = repeat("[{\"x\":[", "[", 100000, ""),
         *body = repeat(open, "]", 100000, "],\"id\":\"c\"}," ROW_BEA "]");
    struct page *p = parse(body);
    assert_int_equal(p->row_count, 1);
    assert_odd(p, 0, 1, "c", "it is nested too deeply");
    (void)page_free(p);
    free(open);
    free(body);
}

static void a_page_cut_anywhere_is_never_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < strlen(SPRING_PAGE); i++) {
        char *cut = malloc(i + 1);
        assert_non_null(cut);
        memcpy(cut, SPRING_PAGE, i);
        assert_refused(cut, i);
        free(cut);
    }
}

static void a_row_keeps_its_text_but_for_white_space(void **state)
{
    (void)state;
    struct page *p = parse("[ {\"z\" : 1.10 ,\n\t\"id\":\"c-1\", \"a b\" : \"x  \\\" y\\u00e9 \\/\" , \"n\" "
                           ": [ 1E2 , { } , [ ] ] } ]\r\n");
    assert_row(p, 0, "c-1", "{\"z\":1.10,\"id\":\"c-1\",\"a b\":\"x  \\\" y\\u00e9 \\/\",\"n\":[1E2,{},[]]}");
    (void)page_free(p);
}

static void a_row_with_brackets_and_commas_in_its_texts_is_cut_where_it_ends(void **state)
{
    (void)state;
    struct page *p = parse("[{\"id\":\"c-1\",\"name\":\"],}{[:\\\\\"},{\"id\":\"c-2\",\"}\":\"\\\"]\"}]");
    assert_row(p, 0, "c-1", "{\"id\":\"c-1\",\"name\":\"],}{[:\\\\\"}");
    assert_row(p, 1, "c-2", "{\"id\":\"c-2\",\"}\":\"\\\"]\"}");
    (void)page_free(p);
}

static void numbers_beyond_64_bits_keep_every_digit_in_the_row(void **state)
{
    (void)state;
    const char *row =
        "{\"id\":\"c-1\",\"n\":123456789012345678901234567890,\"m\":9007199254740993,\"r\":1e999,\"s\":0.10}";
    char *body = NULL;
    assert_true(asprintf(&body, "{\"content\":[%s],\"totalElements\":1}", row) > 0);
    struct page *p = parse(body);
    assert_row(p, 0, "c-1", row);
    assert_int_equal(p->findings.big_numbers, 2);
    assert_int_equal(p->total, 1);
    (void)page_free(p);
    free(body);
}

static void a_name_twice_counts_as_the_last_in_page_and_row(void **state)
{
    (void)state;
    struct page *p = parse("{\"content\":[" ROW_ADA
                           "],\"content\":[{\"id\":\"x\",\"id\":\"c-2\"}],\"size\":1,\"size\":2}");
    assert_int_equal(p->row_count, 1);
    assert_row(p, 0, "c-2", "{\"id\":\"x\",\"id\":\"c-2\"}");
    assert_int_equal(p->size, 2);
    assert_int_equal(p->findings.duplicate_keys, 2);
    (void)page_free(p);
    p = parse("{\"content\":7,\"c\\u006fntent\":[" ROW_BEA "]}");
    assert_row(p, 0, "c-2", ROW_BEA);
    (void)page_free(p);
}

static void a_rows_hash_is_that_of_the_record_in_it(void **state)
{
    (void)state;
    static const char *const rows[] = {ROW_ADA, DATA_CONTACT,
                                       "{\"n\":12345678901234567890,\"id\":\"c\",\"r\":[1.10,1]}",
                                       "{ \"id\":\"c\", \"id\":\"d\", \"s\":\"\\u0000\" }"};
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char *body = NULL;
        assert_true(asprintf(&body, "[{\"id\":\"big\",\"n\":99999999999999999999}, %s]", rows[i]) > 0);
        struct page *p = parse(body);
        struct record *r = NULL;
        struct error err = {0};
        assert_int_equal(record_parse(&r, &entity_contacts, p->rows[1].json, p->rows[1].length, &err), 0);
        assert_true(r->content_hash == p->rows[1].hash);
        assert_string_equal(r->id, p->rows[1].id);
        (void)record_free(r);
        (void)page_free(p);
        free(body);
    }
}

static void a_rows_hash_does_not_know_the_order_of_fields(void **state)
{
    (void)state;
    struct page *p = parse(
        "[{\"id\":\"c\",\"a\":1,\"b\":2},{\"b\":2,\"id\":\"c\",\"a\":1},{\"id\":\"c\",\"a\":2,\"b\":1}]");
    assert_true(p->rows[0].hash == p->rows[1].hash);
    assert_true(p->rows[0].hash != p->rows[2].hash);
    (void)page_free(p);
}

static void thousands_of_rows_come_in_order(void **state)
{
    (void)state;
    size_t count = 5000;
    char *body = malloc(count * 32), *p = body;
    assert_non_null(body);
    for (size_t i = 0; i < count; i++)
        p += sprintf(p, "%s{\"id\":\"c-%zu\"}", i ? "," : "[", i);
    (void)strcpy(p, "]");
    struct page *page = parse(body);
    assert_int_equal(page->row_count, count);
    for (size_t i = 0; i < count; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "c-%zu", i);
        assert_string_equal(page->rows[i].id, id);
    }
    (void)page_free(page);
    free(body);
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    size_t depth = 100000;
    char *body = malloc(depth);
    assert_non_null(body);
    memset(body, '[', depth);
    assert_refused(body, depth);
    free(body);
}

static void freeing_nothing_is_allowed(void **state)
{
    (void)state;
    assert_null(page_free(NULL));
}

static long allocations_left; /* before jansson is refused one, and all after it */

static void *scarce_malloc(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void without_memory_no_page_is_made(void **state)
{
    (void)state;
    struct page *p = NULL;
    struct error err = {0};
    json_set_alloc_funcs(scarce_malloc, free);
    int refused = 0, result = -1;
    for (; result < 0 && refused < 10000; refused++) {
        allocations_left = refused;
        result = page_parse(&p, SPRING_PAGE, strlen(SPRING_PAGE), &err);
    }
    json_set_alloc_funcs(malloc, free);
    assert_int_equal(result, 0);
    assert_true(refused > 100);
    assert_int_equal(p->row_count, 2);
    (void)page_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spring_page_gives_its_figures_and_rows),
        cmocka_unit_test(a_plain_array_has_rows_and_no_figures),
        cmocka_unit_test(pages_without_rows_are_pages),
        cmocka_unit_test(a_figure_that_is_missing_negative_or_of_another_type_is_unknown),
        cmocka_unit_test(first_and_last_are_booleans_or_unknown),
        cmocka_unit_test(a_figure_as_a_real_counts_when_it_is_whole),
        cmocka_unit_test(figures_in_an_object_beside_the_rows_are_found),
        cmocka_unit_test(totals_beyond_32_bits_are_kept),
        cmocka_unit_test(an_unusable_row_is_counted_and_the_others_are_used),
        cmocka_unit_test(a_row_that_comes_twice_is_listed_twice),
        cmocka_unit_test(what_is_neither_a_page_nor_an_array_is_refused),
        cmocka_unit_test(what_is_no_json_is_refused_although_its_rows_are_read_one_by_one),
        cmocka_unit_test(an_error_tells_the_byte_of_the_whole_answer),
        cmocka_unit_test(a_page_has_at_most_250000_rows),
        cmocka_unit_test(what_is_whole_by_its_structure_and_yet_no_json_is_never_asked_for_again),
        cmocka_unit_test(a_row_that_cannot_be_read_is_named_and_the_others_are_used),
        cmocka_unit_test(a_row_whose_quotes_do_not_pair_up_fails_the_whole_page),
        cmocka_unit_test(a_row_of_more_than_4_mib_is_unusable_and_named),
        cmocka_unit_test(five_unusable_rows_are_named_and_all_are_counted),
        cmocka_unit_test(a_byte_order_mark_before_a_page_is_passed_over),
        cmocka_unit_test(half_surrogates_are_kept_in_the_row_and_counted),
        cmocka_unit_test(the_case_of_a_uuid_is_kept_and_does_not_count_in_the_hash),
        cmocka_unit_test(too_many_values_are_never_read_neither_in_a_row_nor_beside_them),
        cmocka_unit_test(a_row_that_is_nested_too_deeply_is_one_bad_row),
        cmocka_unit_test(a_page_cut_anywhere_is_never_accepted),
        cmocka_unit_test(a_row_keeps_its_text_but_for_white_space),
        cmocka_unit_test(a_row_with_brackets_and_commas_in_its_texts_is_cut_where_it_ends),
        cmocka_unit_test(numbers_beyond_64_bits_keep_every_digit_in_the_row),
        cmocka_unit_test(a_name_twice_counts_as_the_last_in_page_and_row),
        cmocka_unit_test(a_rows_hash_is_that_of_the_record_in_it),
        cmocka_unit_test(a_rows_hash_does_not_know_the_order_of_fields),
        cmocka_unit_test(thousands_of_rows_come_in_order),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(freeing_nothing_is_allowed),
        cmocka_unit_test(without_memory_no_page_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
