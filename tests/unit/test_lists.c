#include "flexsync/lists.h"

#include "data_contact.h"
#include "flexsync/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct lists *parse(const char *json)
{
    struct lists *lists = NULL;
    struct error err;
    if (lists_parse(&lists, &entity_contacts, json, &err) < 0)
        fail_msg("failed: %s", err.text);
    return lists;
}

static const struct list_entry *entries(const struct lists *lists, const char *view, size_t expected)
{
    size_t count = SIZE_MAX;
    const struct list_entry *list = lists_entries(lists, view, &count);
    assert_int_equal(count, expected);
    return list;
}

static void assert_phone(const struct list_entry *entry, const char *expected)
{
    char *phone = NULL;
    assert_int_equal(lists_phone(&phone, entry, NULL), 0);
    if (expected)
        assert_string_equal(phone, expected);
    else
        assert_null(phone);
    free(phone);
}

static void a_whole_contact_has_all_its_lists(void **state)
{
    (void)state;
    struct lists *lists = parse(DATA_CONTACT);
    const struct list_entry *mails = entries(lists, "contact_emails", 2);
    assert_string_equal(mails[0].values[EMAIL_TEXT], "https://lumen.example");
    assert_true(mails[0].outside && !mails[0].is_default);
    assert_string_equal(mails[1].values[EMAIL_LABEL], "Work");
    assert_string_equal(mails[1].values[EMAIL_TEXT], "ada@lumen.example");
    assert_true(!mails[1].outside && mails[1].is_default);
    const struct list_entry *phones = entries(lists, "contact_phones", 2);
    assert_phone(&phones[0], "555 0100");
    assert_phone(&phones[1], "+41 44 555 0101");
    assert_true(phones[1].is_default);
    const struct list_entry *places = entries(lists, "contact_addresses", 2);
    assert_string_equal(places[0].values[ADDRESS_STATE], "Avon");
    assert_string_equal(places[1].values[ADDRESS_POSTAL_CODE], "8001");
    assert_true(places[1].is_default);
    assert_string_equal(entries(lists, "contact_resource_types", 1)[0].values[KIND_NAME], "Client");
    (void)entries(lists, "contact_nothing", 0);
    assert_null(lists_note(lists));
    (void)lists_free(lists);
}

static void the_flag_counts_where_no_entry_is_named(void **state)
{
    (void)state;
    struct lists *lists =
        parse("{\"defaultPhoneId\":\"gone\",\"phoneNumbers\":[{\"id\":\"1\",\"dialNumber\":\"1\","
              "\"defaultPhone\":true},{\"id\":\"2\",\"dialNumber\":\"2\"}]}");
    const struct list_entry *phones = entries(lists, "contact_phones", 2);
    assert_true(phones[0].is_default && !phones[1].is_default);
    (void)lists_free(lists);
    lists = parse("{\"defaultPhoneId\":\"2\",\"phoneNumbers\":[{\"id\":\"1\",\"dialNumber\":\"1\","
                  "\"defaultPhone\":true},{\"id\":\"2\",\"dialNumber\":\"2\"}]}");
    phones = entries(lists, "contact_phones", 2);
    assert_true(!phones[0].is_default && phones[1].is_default);
    (void)lists_free(lists);
}

static void odd_entries_break_nothing(void **state)
{
    (void)state;
    struct lists *lists =
        parse("{\"phoneNumbers\":[null,5,\"x\",[],{},{\"dialNumber\":5550100},{\"dialNumber\":\"  \"},"
              "{\"dialNumber\":\"a\\u0000b\"},{\"dialNumber\":true}],\"addresses\":\"x\","
              "\"narrativeDescription\":\" \"}");
    const struct list_entry *phones = entries(lists, "contact_phones", 5);
    assert_phone(&phones[0], NULL);
    assert_phone(&phones[1], "5550100");
    assert_phone(&phones[2], NULL);
    assert_phone(&phones[3], "a\xEF\xBF\xBD"
                             "b");
    assert_phone(&phones[4], NULL);
    (void)entries(lists, "contact_addresses", 0);
    assert_null(lists_note(lists));
    (void)lists_free(lists);
}

static void what_is_no_object_has_empty_lists(void **state)
{
    (void)state;
    static const char *const cases[] = {NULL, "", "no json", "[]", "5", "{\"a\":"};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct lists *lists = parse(cases[i]);
        (void)entries(lists, "contact_phones", 0);
        assert_null(lists_note(lists));
        (void)lists_free(lists);
    }
    assert_null(lists_free(NULL));
}

static void the_note_is_what_is_written_about_the_contact(void **state)
{
    (void)state;
    struct lists *lists = parse("{\"narrativeDescription\":\"Rings twice\"}");
    assert_string_equal(lists_note(lists), "Rings twice");
    (void)lists_free(lists);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_contact_has_all_its_lists),
        cmocka_unit_test(the_flag_counts_where_no_entry_is_named),
        cmocka_unit_test(odd_entries_break_nothing),
        cmocka_unit_test(what_is_no_object_has_empty_lists),
        cmocka_unit_test(the_note_is_what_is_written_about_the_contact),
    };
    return cmocka_run_group_tests_name("lists", tests, NULL, NULL);
}
