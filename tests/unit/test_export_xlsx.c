#include "export_bench.h"

#include <jansson.h>

#define CELL_UNITS 32767 /* what Excel has room for */

/* What another program reads in the file; the caller releases it. */
static json_t *read_back(const struct bench *b)
{
    char command[300];
    (void)snprintf(command, sizeof command, "/usr/bin/python3 '" SOURCE_DIR "/tests/unit/read_xlsx.py' '%s'",
                   b->path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    json_error_t why;
    json_t *sheets = json_loadf(pipe, 0, &why);
    if (pclose(pipe) != 0 || !sheets)
        fail_msg("python3 with openpyxl cannot read the file: %s", why.text);
    return sheets;
}

static json_t *end_and_read(struct bench *b)
{
    (void)snprintf(b->path, sizeof b->path, "%s/out.xlsx", b->folder); /* openpyxl looks at the ending */
    free(end_export(b, NULL));
    return read_back(b);
}

static void begin_xlsx(struct bench *b, const char *columns)
{
    (void)snprintf(b->path, sizeof b->path, "%s/out.xlsx", b->folder);
    begin_export(b, "xlsx", columns);
}

static const json_t *at(const json_t *sheets, size_t sheet, const char *what, size_t row, size_t column)
{
    const json_t *rows = json_object_get(json_array_get(sheets, sheet), what);
    return json_array_get(json_array_get(rows, row), column);
}

static const char *cell(const json_t *sheets, size_t row, size_t column)
{
    return json_string_value(at(sheets, 0, "rows", row, column));
}

/* Line ends are LF in a cell, and control characters spaces. */
static char *as_in_a_cell(const char *text)
{
    char *copy = strdup(text), *to = copy;
    assert_non_null(copy);
    for (const char *p = copy; *p; p++) {
        if (*p == '\r' && p[1] == '\n')
            continue;
        *to++ = *p == '\r' ? '\n' : (unsigned char)*p < ' ' && *p != '\n' && *p != '\t' ? ' ' : *p;
    }
    *to = '\0';
    return copy;
}

static void every_text_comes_back_but_for_control_characters(void **state)
{
    struct bench *b = *state;
    begin_xlsx(b, "name,phone");
    for (size_t i = 0; i < ARRAY_LENGTH(awkward); i++)
        add_row(b, (struct value[]){text_value(awkward[i]), text_value(awkward[i])});
    json_t *sheets = end_and_read(b);
    for (size_t i = 0; i < ARRAY_LENGTH(awkward); i++)
        for (size_t c = 0; c < 2; c++) {
            const char *text = cell(sheets, i + 1, c);
            CLEANUP_FREE char *expected = as_in_a_cell(awkward[i]);
            assert_string_equal(text ? text : "", expected);
            if (text) /* and is no formula */
                assert_string_equal(json_string_value(at(sheets, 0, "types", i + 1, c)), "s");
        }
    json_decref(sheets);
}

static void the_line_of_names_is_frozen_and_can_be_filtered(void **state)
{
    struct bench *b = *state;
    begin_xlsx(b, "name,phone");
    add_row(b, (struct value[]){text_value("Ada"), text_value("555 0100")});
    json_t *sheets = end_and_read(b);
    const json_t *sheet = json_array_get(sheets, 0);
    assert_string_equal(json_string_value(json_object_get(sheet, "name")), "Contacts");
    assert_string_equal(cell(sheets, 0, 0), "name");
    assert_string_equal(cell(sheets, 0, 1), "phone");
    assert_string_equal(json_string_value(json_object_get(sheet, "frozen")), "A2");
    assert_string_equal(json_string_value(json_object_get(sheet, "filter")), "A1:B2");
    assert_true(json_number_value(json_object_get(sheet, "width")) > 20);
    json_decref(sheets);
}

static void phone_numbers_and_codes_stay_text(void **state)
{
    struct bench *b = *state;
    begin_xlsx(b, "phone,barcode");
    add_row(b, (struct value[]){text_value("0041445550101"), text_value("000123")});
    json_t *sheets = end_and_read(b);
    assert_string_equal(cell(sheets, 1, 0), "0041445550101");
    assert_string_equal(cell(sheets, 1, 1), "000123");
    assert_string_equal(json_string_value(at(sheets, 0, "formats", 1, 0)), "@");
    assert_string_equal(json_string_value(at(sheets, 0, "formats", 1, 1)), "@");
    json_decref(sheets);
}

static void dates_are_dates_and_what_is_none_stays_text(void **state)
{
    struct bench *b = *state;
    begin_xlsx(b, "birthday,updated_at,flex_created_date");
    add_row(b, (struct value[]){text_value("1979-02-28"), text_value("2025-06-15 15:06:40"),
                                text_value("2024-03-05T23:23:37")});
    add_row(b,
            (struct value[]){text_value("1879-03-14"), text_value("2025-02-31 00:00:00"), text_value(NULL)});
    add_row(b, (struct value[]){text_value("1979-02-28T00:00:00+02:00"), text_value(NULL),
                                text_value("2024-03-05T23:23:37+02:00")});
    json_t *sheets = end_and_read(b);
    assert_string_equal(cell(sheets, 0, 0), "birthday"); /* a day has no zone, a cell cannot say one */
    assert_string_equal(cell(sheets, 0, 1), "updated_at (UTC)");
    assert_string_equal(cell(sheets, 0, 2), "flex_created_date (UTC)");
    assert_string_equal(cell(sheets, 1, 0), "1979-02-28T00:00:00");
    assert_string_equal(cell(sheets, 1, 1), "2025-06-15T15:06:40");
    assert_string_equal(cell(sheets, 1, 2), "2024-03-05T23:23:37");
    for (size_t c = 0; c < 3; c++)
        assert_string_equal(json_string_value(at(sheets, 0, "types", 1, c)), "d");
    assert_string_equal(cell(sheets, 2, 0), "1879-03-14");
    assert_string_equal(cell(sheets, 2, 1), "2025-02-31 00:00:00");
    assert_string_equal(cell(sheets, 3, 0), "1979-02-28T00:00:00");
    assert_string_equal(cell(sheets, 3, 2), "2024-03-05T21:23:37");
    json_decref(sheets);
}

static void numbers_are_numbers_and_flags_are_flags(void **state)
{
    struct bench *b = *state;
    begin_xlsx(b, "id,credit_limit,discountable");
    add_row(b, (struct value[]){integer_value(17), real_value(2500.75), integer_value(1)});
    json_t *sheets = end_and_read(b);
    assert_int_equal(json_integer_value(at(sheets, 0, "rows", 1, 0)), 17);
    assert_true(json_real_value(at(sheets, 0, "rows", 1, 1)) == 2500.75);
    assert_true(json_is_true(at(sheets, 0, "rows", 1, 2)));
    json_decref(sheets);
}

static void past_the_row_limit_it_goes_on_on_another_sheet(void **state)
{
    struct bench *b = *state;
    char name[20];
    b->options.sheet_rows = 4;
    begin_xlsx(b, "name");
    for (int i = 1; i <= 7; i++) {
        (void)snprintf(name, sizeof name, "person %d", i);
        add_row(b, (struct value[]){text_value(name)});
    }
    json_t *sheets = end_and_read(b);
    assert_int_equal(json_array_size(sheets), 3);
    static const size_t rows[] = {4, 4, 2};
    static const char *const filters[] = {"A1:A4", "A1:A4", "A1:A2"}, *const last[] = {"person 3", "person 6",
                                                                                       "person 7"};
    for (size_t i = 0; i < 3; i++) {
        const json_t *sheet = json_array_get(sheets, i);
        assert_int_equal(json_array_size(json_object_get(sheet, "rows")), rows[i]);
        assert_string_equal(json_string_value(json_object_get(sheet, "filter")), filters[i]);
        assert_string_equal(json_string_value(json_object_get(sheet, "frozen")), "A2");
        assert_string_equal(json_string_value(at(sheets, i, "rows", 0, 0)), "name");
        assert_string_equal(json_string_value(at(sheets, i, "rows", rows[i] - 1, 0)), last[i]);
    }
    assert_string_equal(json_string_value(json_object_get(json_array_get(sheets, 1), "name")), "Contacts 2");
    json_decref(sheets);
}

static void a_text_longer_than_a_cell_is_cut_and_counted(void **state)
{
    struct bench *b = *state;
    char *text = malloc(4 * CELL_UNITS + 8);
    assert_non_null(text);
    for (size_t i = 0; i < CELL_UNITS; i++)
        memcpy(text + 4 * i, "\xF0\x9F\x8E\xAD", 5); /* each counts twice to Excel */
    begin_xlsx(b, "name");
    add_row(b, (struct value[]){text_value(text)});
    memset(text, 'x', CELL_UNITS);
    text[CELL_UNITS] = '\0';
    add_row(b, (struct value[]){text_value(text)});
    text[CELL_UNITS] = 'y';
    text[CELL_UNITS + 1] = '\0';
    add_row(b, (struct value[]){text_value(text)});
    assert_int_equal(export_shortened(b->export), 2);
    assert_int_equal(export_rows(b->export), 3);
    json_t *sheets = end_and_read(b);
    assert_int_equal(json_string_length(at(sheets, 0, "rows", 1, 0)), 4 * (CELL_UNITS / 2));
    assert_int_equal(json_string_length(at(sheets, 0, "rows", 2, 0)), CELL_UNITS);
    assert_int_equal(json_string_length(at(sheets, 0, "rows", 3, 0)), CELL_UNITS);
    json_decref(sheets);
    free(text);
}

static void characters_that_xml_lacks_are_replaced(void **state)
{
    struct bench *b = *state;
    begin_xlsx(b, "name");
    add_row(b, (struct value[]){text_value("a\xEF\xBF\xBF"
                                           "b\xEF\xBF\xBE"
                                           "c\xff")});
    add_row(b, (struct value[]){text_value("_x0041_ & <b>, _x_ _x004")});
    json_t *sheets = end_and_read(b);
    assert_string_equal(cell(sheets, 1, 0), "a\xEF\xBF\xBD"
                                            "b\xEF\xBF\xBD"
                                            "c\xEF\xBF\xBD");
    assert_string_equal(cell(sheets, 2, 0), "_x005F_x0041_ & <b>, _x_ _x004"); /* openpyxl decodes none */
    json_decref(sheets);
}

static void nobody_is_a_sheet_with_names_alone(void **state)
{
    struct bench *b = *state;
    begin_xlsx(b, NULL);
    json_t *sheets = end_and_read(b);
    assert_int_equal(json_array_size(json_object_get(json_array_get(sheets, 0), "rows")), 1);
    json_decref(sheets);
}

static void one_that_does_not_end_leaves_nothing(void **state)
{
    struct bench *b = *state;
    begin_xlsx(b, "name");
    add_row(b, (struct value[]){text_value("Ada")});
    b->export = export_free(b->export);
    assert_int_equal(empty_folder(b), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_text_comes_back_but_for_control_characters),
        TEST(the_line_of_names_is_frozen_and_can_be_filtered),
        TEST(phone_numbers_and_codes_stay_text),
        TEST(dates_are_dates_and_what_is_none_stays_text),
        TEST(numbers_are_numbers_and_flags_are_flags),
        TEST(past_the_row_limit_it_goes_on_on_another_sheet),
        TEST(a_text_longer_than_a_cell_is_cut_and_counted),
        TEST(characters_that_xml_lacks_are_replaced),
        TEST(nobody_is_a_sheet_with_names_alone),
        TEST(one_that_does_not_end_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
