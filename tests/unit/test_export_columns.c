#include "export_bench.h"

static void assert_refused(struct bench *b, const char *format, const char *list, const char *says)
{
    const struct export_format *f = export_format(format, &b->err);
    assert_int_equal(export_columns(&b->columns, f, list, &b->err), -1);
    assert_int_equal(b->err.code, ERROR_USAGE);
    if (!strstr(b->err.text, says))
        fail_msg("\"%s\" does not say %s", b->err.text, says);
}

static void all_are_taken_but_the_record_once_and_known_ones_first(void **state)
{
    struct bench *b = *state;
    assert_done(b, export_columns(&b->columns, export_format("csv", &b->err), NULL, &b->err));
    assert_int_equal(b->columns.count, entity_contacts.column_count + 5);
    assert_string_equal(b->columns.names[0], "contact_id");
    assert_string_equal(b->columns.names[1], "name");
    for (size_t i = 0; i < b->columns.count; i++) {
        assert_string_not_equal(b->columns.names[i], "flex_data");
        assert_string_equal(b->columns.names[i], b->columns.columns[i].name);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(b->columns.names[i], b->columns.names[j]);
    }
    for (size_t i = 0; i < entity_contacts.column_count; i++) {
        bool found = false;
        for (size_t j = 0; j < b->columns.count; j++)
            found = found || strcmp(entity_contacts.columns[i].name, b->columns.names[j]) == 0;
        assert_true(found);
    }
}

static void those_asked_for_come_in_their_order(void **state)
{
    struct bench *b = *state;
    assert_done(b, export_columns(&b->columns, export_format("xlsx", &b->err), "phone,flex_data,employer_id",
                                  &b->err));
    assert_int_equal(b->columns.count, 3);
    assert_string_equal(b->columns.names[0], "phone");
    assert_string_equal(b->columns.names[1], "flex_data");
    assert_string_equal(b->columns.names[2], "employer_id");
    assert_int_equal(b->columns.columns[0].kind, EXPORT_DIGITS);
    assert_int_equal(b->columns.columns[1].kind, EXPORT_JSON);
}

static void wrong_ones_are_named(void **state)
{
    struct bench *b = *state;
    assert_refused(b, "csv", "name,nmae", "did you mean name?");
    assert_refused(b, "csv", "name,", "\"\"");
    assert_refused(b, "csv", "", "\"\"");
    assert_refused(b, "csv", "name,email,name", "name is named twice");
    assert_refused(b, "csv", "name; DROP TABLE contacts", "there is no column");
    assert_refused(b, "vcf", "name", "fields of its own");
}

static void formats_are_found_by_name_and_by_ending(void **state)
{
    struct bench *b = *state;
    static const char *const names[] = {"csv", "jsonl", "xlsx", "vcf"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char path[40];
        const struct export_format *format = export_format(names[i], &b->err);
        assert_non_null(format);
        (void)snprintf(path, sizeof path, "./a.b/x.%s", names[i]);
        assert_ptr_equal(export_format_of_file(path, &b->err), format);
        assert_int_equal(export_active_only(format), strcmp(names[i], "vcf") == 0);
    }
    assert_ptr_equal(export_format_of_file("X.CSV", &b->err), export_format("csv", &b->err));
    static const char *const wrong[] = {"x", "a.csv/x", "x.xls", "csv", "x."};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        assert_null(export_format_of_file(wrong[i], &b->err));
        assert_int_equal(b->err.code, ERROR_USAGE);
    }
    assert_null(export_format("cvs", &b->err));
    assert_non_null(strstr(b->err.text, "did you mean csv?"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(all_are_taken_but_the_record_once_and_known_ones_first),
        TEST(those_asked_for_come_in_their_order),
        TEST(wrong_ones_are_named),
        TEST(formats_are_found_by_name_and_by_ending),
    };
    return cmocka_run_group_tests_name("export columns", tests, NULL, NULL);
}
