#include "export_bench.h"

#include <ctype.h>

#define CELL_MAX 256

/* One cell of RFC 4180; the place behind it, and whether a line ends there. */
static const char *read_cell(const char *p, char cell[static CELL_MAX], bool *ret_end)
{
    size_t n = 0;
    if (*p == '"') {
        for (p++; *p != '"' || p[1] == '"'; p++) {
            assert_true(*p && n + 1 < CELL_MAX);
            cell[n++] = *p;
            p += *p == '"';
        }
        p++;
    } else {
        while (*p && !strchr(",\r\n\"", *p))
            cell[n++] = *p++;
    }
    cell[n] = '\0';
    *ret_end = strncmp(p, "\r\n", 2) == 0;
    assert_true(*ret_end || *p == ',');
    return p + (*ret_end ? 2 : 1);
}

/* What a reader who knows of the guard makes of a cell. */
static const char *unguard(const char *cell)
{
    return cell[0] == '\'' && cell[1] && strchr("=+-@\t\r", cell[1]) ? cell + 1 : cell;
}

static void assert_round_trip(struct bench *b, bool raw)
{
    b->options.raw = raw;
    begin_export(b, "csv", "name,company");
    for (size_t i = 0; i < ARRAY_LENGTH(awkward); i++)
        add_row(b, (struct value[]){text_value(awkward[i]), text_value("next")});
    CLEANUP_FREE char *csv = end_export(b, NULL);
    char cell[CELL_MAX];
    bool end;
    const char *p = csv + strlen("name,company\r\n");
    assert_memory_equal(csv, "name,company\r\n", strlen("name,company\r\n"));
    for (size_t i = 0; i < ARRAY_LENGTH(awkward); i++) {
        p = read_cell(p, cell, &end);
        assert_false(end);
        assert_string_equal(raw ? cell : unguard(cell), awkward[i]);
        p = read_cell(p, cell, &end);
        assert_true(end);
        assert_string_equal(cell, "next");
    }
    assert_int_equal(*p, '\0');
}

static void every_text_comes_back_as_it_was(void **state)
{
    assert_round_trip(*state, true);
}

static void every_text_comes_back_when_the_guard_is_taken_off(void **state)
{
    assert_round_trip(*state, false);
}

/* The lines of one column, with what stands in them. */
static char *csv_of(struct bench *b, const char *text)
{
    begin_export(b, "csv", "phone");
    add_row(b, (struct value[]){text_value(text)});
    CLEANUP_FREE char *csv = end_export(b, NULL);
    assert_memory_equal(csv, "phone\r\n", 7);
    char *line = strdup(csv + 7);
    assert_non_null(line);
    assert_true(strlen(line) >= 2 && strcmp(line + strlen(line) - 2, "\r\n") == 0);
    line[strlen(line) - 2] = '\0';
    return line;
}

static void assert_line(struct bench *b, const char *text, const char *expected)
{
    CLEANUP_FREE char *line = csv_of(b, text);
    assert_string_equal(line, expected);
}

static void what_a_spreadsheet_would_run_gets_a_quote_in_front(void **state)
{
    struct bench *b = *state;
    assert_line(b, "=1+1", "'=1+1");
    assert_line(b, "=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\"");
    assert_line(b, "@SUM(A1)", "'@SUM(A1)");
    assert_line(b, "-2+3", "'-2+3");
    assert_line(b, "+A1", "'+A1");
    assert_line(b, "+1+1", "'+1+1");
    assert_line(b, "-", "'-");
    assert_line(b, "\tx", "\"'\tx\"");
    assert_line(b, "\rx", "\"'\rx\"");
    assert_line(b, "- note", "'- note");
    assert_line(b, "+1 555 0100 ext=2", "'+1 555 0100 ext=2");
}

static void numbers_and_phone_numbers_are_left_alone(void **state)
{
    struct bench *b = *state;
    assert_line(b, "+41 44 555 01 01", "+41 44 555 01 01");
    assert_line(b, "+1 (555) 010-0100", "+1 (555) 010-0100");
    assert_line(b, "+49.30/5550100", "+49.30/5550100");
    assert_line(b, "-12.50", "-12.50");
    assert_line(b, "-.5", "-.5");
    assert_line(b, "+3", "+3");
    assert_line(b, "-1e-9", "-1e-9");
    assert_line(b, "0049 30 5550100", "0049 30 5550100");
}

static void with_raw_nothing_is_put_in_front(void **state)
{
    struct bench *b = *state;
    b->options.raw = true;
    assert_line(b, "=1+1", "=1+1");
}

static void no_cell_begins_a_formula(void **state)
{
    struct bench *b = *state;
    begin_export(b, "csv", "name,company");
    for (size_t i = 0; i < ARRAY_LENGTH(awkward); i++)
        add_row(b, (struct value[]){text_value(awkward[i]), text_value(awkward[i])});
    CLEANUP_FREE char *csv = end_export(b, NULL);
    char cell[CELL_MAX];
    bool end;
    for (const char *p = csv; *p;) {
        p = read_cell(p, cell, &end);
        assert_false(cell[0] && strchr("=+-@\t\r", cell[0]));
    }
}

static void no_value_and_an_empty_text_are_told_apart(void **state)
{
    struct bench *b = *state;
    begin_export(b, "csv", "name,phone");
    add_row(b, (struct value[]){text_value(NULL), text_value("")});
    CLEANUP_FREE char *csv = end_export(b, NULL);
    assert_string_equal(csv, "name,phone\r\n,\"\"\r\n");
}

static void a_row_of_one_column_without_a_value_is_a_row_all_the_same(void **state)
{
    assert_line(*state, NULL, "\"\"");
}

static void numbers_have_the_digits_that_they_need(void **state)
{
    struct bench *b = *state;
    begin_export(b, "csv", "id,credit_limit,max_discount,discountable");
    add_row(b,
            (struct value[]){integer_value(INT64_MIN), real_value(0.1), real_value(1e300), integer_value(1)});
    CLEANUP_FREE char *csv = end_export(b, NULL);
    assert_string_equal(csv,
                        "id,credit_limit,max_discount,discountable\r\n-9223372036854775808,0.1,1e+300,1\r\n");
}

static void times_are_utc_and_say_so_and_days_do_not(void **state)
{
    static const struct {
        const char *text, *cell;
    } times[] = {
        {"2024-03-05T23:23:37", "2024-03-05T23:23:37Z"},
        {"2025-06-15 15:06:40", "2025-06-15 15:06:40Z"},
        {"2024-03-05T23:23:37,5", "\"2024-03-05T23:23:37,5Z\""},
        {"2024-03-05T23:23:37Z", "2024-03-05T23:23:37Z"},
        {"2024-03-05T23:23:37+02:00", "2024-03-05T23:23:37+02:00"},
        {"2024-03-05", "2024-03-05"},
        {"yesterday", "yesterday"},
        {"", "\"\""},
        {"2024-03-05T23:23:37.00000000000000000000000000000000000000000000000000",
         "2024-03-05T23:23:37.00000000000000000000000000000000000000000000000000"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++) {
        struct bench *b = *state;
        char expected[200];
        begin_export(b, "csv", "flex_created_date,birthday,name");
        add_row(b, (struct value[]){text_value(times[i].text), text_value("1979-02-28T00:00:00"),
                                    text_value("2024-03-05T23:23:37")});
        CLEANUP_FREE char *csv = end_export(b, NULL);
        (void)snprintf(expected, sizeof expected,
                       "flex_created_date,birthday,name\r\n%s,1979-02-28T00:00:00,2024-03-05T23:23:37\r\n",
                       times[i].cell);
        assert_string_equal(csv, expected);
    }
}

static void only_the_owner_may_read_the_file(void **state)
{
    struct bench *b = *state;
    struct stat s;
    mode_t before = umask(0);
    free(csv_of(b, "x"));
    (void)umask(before);
    assert_int_equal(stat(b->path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    assert_int_equal(empty_folder(b), 1);
}

static void an_export_that_does_not_end_leaves_what_was_there(void **state)
{
    struct bench *b = *state;
    free(csv_of(b, "first"));
    begin_export(b, "csv", "phone");
    add_row(b, (struct value[]){text_value("second")});
    b->export = export_free(b->export);
    CLEANUP_FREE char *csv = read_file(b->path, NULL);
    assert_string_equal(csv, "phone\r\nfirst\r\n");
    assert_int_equal(empty_folder(b), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_text_comes_back_as_it_was),
        TEST(every_text_comes_back_when_the_guard_is_taken_off),
        TEST(what_a_spreadsheet_would_run_gets_a_quote_in_front),
        TEST(numbers_and_phone_numbers_are_left_alone),
        TEST(with_raw_nothing_is_put_in_front),
        TEST(no_cell_begins_a_formula),
        TEST(no_value_and_an_empty_text_are_told_apart),
        TEST(a_row_of_one_column_without_a_value_is_a_row_all_the_same),
        TEST(numbers_have_the_digits_that_they_need),
        TEST(times_are_utc_and_say_so_and_days_do_not),
        TEST(only_the_owner_may_read_the_file),
        TEST(an_export_that_does_not_end_leaves_what_was_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
