#include "flexsync/record.h"

#include "data_contact.h"
#include "flexsync/cleanup.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct record *parse_bytes(const char *body, size_t length)
{
    struct record *record = NULL;
    struct error err = {0};
    if (record_parse(&record, &entity_contacts, body, length, &err) < 0)
        fail_msg("refused: %s", err.text);
    return record;
}

static struct record *parse(const char *body)
{
    return parse_bytes(body, strlen(body));
}

/* A contact with an id and these fields. */
static struct record *parse_fields(const char *fields)
{
    char *body = NULL;
    assert_true(asprintf(&body, "{\"id\":\"c-1\",%s}", fields) > 0);
    struct record *record = parse(body);
    free(body);
    return record;
}

static void assert_refused_bytes(const char *body, size_t length, enum error_retry retry)
{
    struct record *untouched = (struct record *)&length, *record = untouched;
    struct error err = {0};
    assert_int_equal(record_parse(&record, &entity_contacts, body, length, &err), -1);
    assert_ptr_equal(record, untouched);
    assert_int_equal(err.code, ERROR_ANSWER);
    assert_int_equal(err.retry, retry);
    assert_true(err.text[0] && err.text[strlen(err.text) - 1] != '.');
}

static void assert_refused(const char *body, enum error_retry retry)
{
    assert_refused_bytes(body, strlen(body), retry);
}

static const struct value *value_of(const struct record *record, const char *column)
{
    int i = entity_column(record->entity, column);
    assert_true(i >= 0);
    return &record->values[i];
}

static void assert_text(const struct record *record, const char *column, const char *text)
{
    const struct value *value = value_of(record, column);
    if (!text) {
        assert_int_equal(value->type, VALUE_NULL);
        return;
    }
    assert_int_equal(value->type, VALUE_TEXT);
    assert_string_equal(value->text, text);
}

static void assert_integer(const struct record *record, const char *column, int64_t integer)
{
    const struct value *value = value_of(record, column);
    assert_int_equal(value->type, VALUE_INTEGER);
    assert_true(value->integer == integer);
}

static void assert_real(const struct record *record, const char *column, double real)
{
    const struct value *value = value_of(record, column);
    assert_int_equal(value->type, VALUE_REAL);
    assert_true(fabs(value->real - real) < 1e-12);
}

/* The column that these fields give, and how many of them were ill-typed. */
static void assert_fields_give(const char *fields, const char *column, const char *text, int64_t ill_typed)
{
    struct record *r = parse_fields(fields);
    assert_text(r, column, text);
    assert_int_equal(r->findings.ill_typed, ill_typed);
    (void)record_free(r);
}

static void assert_no_findings(const struct findings *f)
{
    assert_int_equal(f->ill_typed, 0);
    assert_int_equal(f->duplicate_keys, 0);
    assert_int_equal(f->nul_characters, 0);
    assert_int_equal(f->half_surrogates, 0);
    assert_int_equal(f->big_numbers, 0);
}

static int64_t hash_of(const char *body)
{
    struct record *r = parse(body);
    int64_t hash = r->content_hash;
    (void)record_free(r);
    return hash;
}

static void a_whole_contact_fills_every_column(void **state)
{
    (void)state;
    static const struct {
        const char *column, *text;
    } texts[] = {
        {"first_name", "Ada"},
        {"last_name", "Abbott"},
        {"contact_type", "Individual"},
        {"status", "Active"},
        {"default_bill_to_contact_id", "9a1b0c2d-0002-4000-8000-000000000002"},
        {"pricing_model_id", "9a1b0c2d-0004-4000-8000-000000000004"},
        {"name", "Ada Abbott"},
        {"middle_name", "Berenice"},
        {"salutation", "Dr."},
        {"birthday", "1979-02-28"},
        {"company", "Lumen Stagecraft"},
        {"job_title", "Head of Lighting"},
        {"email", "ada@lumen.example"},
        {"phone", "+41 44 555 0101"},
        {"city", "Z\xC3\xBCrich"},
        {"country", "Switzerland"},
        {"short_name", "AA"},
        {"preferred_display_string", "Ada Abbott (Lumen)"},
        {"code", "C-0042"},
        {"barcode", "0004711"},
        {"rfid_tag", "E200-3412"},
        {"external_number", "CRM-9001"},
        {"assigned_number", "K 17"},
        {"employer_id", "9a1b0c2d-0001-4000-8000-000000000001"},
        {"currency_id", "9a1b0c2d-0003-4000-8000-000000000003"},
        {"standard_discount_id", "9a1b0c2d-0005-4000-8000-000000000005"},
        {"standard_terms_id", "9a1b0c2d-0006-4000-8000-000000000006"},
        {"standard_tax_rule_id", "9a1b0c2d-0007-4000-8000-000000000007"},
        {"homebase_location_id", "9a1b0c2d-0008-4000-8000-000000000008"},
        {"corporate_entity_id", "9a1b0c2d-0009-4000-8000-000000000009"},
        {"associated_user_id", "9a1b0c2d-0010-4000-8000-000000000010"},
        {"flex_created_date", "2019-06-23T10:11:12"},
        {"flex_last_edit_date", "2024-03-05T23:23:37"},
        {"created_by_user_id", "0c6d5a1e-95d6-11e9-9c2a-0030489e8f64"},
        {"last_edit_user_id", "0c6d5a1e-95d6-11e9-9c2a-0030489e8f65"},
    };
    struct record *r = parse(DATA_CONTACT);
    assert_string_equal(r->id, DATA_CONTACT_ID);
    assert_ptr_equal(r->entity, &entity_contacts);
    assert_false(r->deleted);
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        assert_text(r, texts[i].column, texts[i].text);
    assert_real(r, "credit_limit", 2500.75);
    assert_real(r, "max_discount", 12.5);
    assert_integer(r, "default_bill_to_contact", 1);
    assert_integer(r, "discountable", 1);
    assert_int_equal(ARRAY_LENGTH(texts) + 4, entity_contacts.column_count);
    assert_no_findings(&r->findings);
    (void)record_free(r);
}

static void a_contact_with_an_id_alone_is_active_and_otherwise_null(void **state)
{
    (void)state;
    struct record *r = parse("{\"id\":\"c-1\"}");
    for (size_t i = 0; i < ENTITY_COLUMNS_MAX; i++)
        if ((int)i != entity_column(&entity_contacts, "status"))
            assert_int_equal(r->values[i].type, VALUE_NULL);
    assert_text(r, "status", "Active");
    assert_no_findings(&r->findings);
    (void)record_free(r);
}

static void null_is_like_no_field_and_is_no_finding(void **state)
{
    (void)state;
    for (size_t i = 0; i < entity_contacts.column_count; i++) {
        const struct column *c = &entity_contacts.columns[i];
        char fields[128];
        (void)snprintf(fields, sizeof fields, "\"%s\":null",
                       c->rule == RULE_LISTED ? c->from.list : c->field);
        assert_fields_give(fields, c->name, c->rule == RULE_CHOICE ? c->absent : NULL, 0);
    }
}

static void a_field_of_any_other_type_makes_its_column_null_and_is_counted(void **state)
{
    (void)state;
    static const char *const values[] = {"\"text\"", "7", "7.5", "true", "[]", "{}"};
    static const char fits[][7] = {
        [RULE_STRING] = "s",  [RULE_STRING_NUMBER] = "sir", [RULE_NUMBER] = "ir",
        [RULE_BOOLEAN] = "b", [RULE_CHOICE] = "b",          [RULE_LISTED] = "a",
    };
    for (size_t i = 0; i < entity_contacts.column_count; i++) {
        const struct column *c = &entity_contacts.columns[i];
        for (size_t k = 0; k < ARRAY_LENGTH(values); k++) {
            if (strchr(fits[c->rule], "sirbao"[k]))
                continue;
            const char *field = c->rule == RULE_LISTED ? c->from.list : c->field;
            char fields[128];
            (void)snprintf(fields, sizeof fields, "\"%s\":%s,\"salutation\":\"Ms\"", field, values[k]);
            if (strcmp(field, "salutation") == 0)
                continue;
            /* two columns come from `addresses` */
            assert_fields_give(fields, c->name, NULL, strcmp(field, "addresses") == 0 ? 2 : 1);
            assert_fields_give(fields, "salutation", "Ms", strcmp(field, "addresses") == 0 ? 2 : 1);
        }
    }
}

static void organization_and_deleted_become_words(void **state)
{
    (void)state;
    assert_fields_give("\"organization\":true", "contact_type", "Company", 0);
    assert_fields_give("\"organization\":false", "contact_type", "Individual", 0);
    assert_fields_give("\"deleted\":true", "status", "Inactive", 0);
    assert_fields_give("\"deleted\":false", "status", "Active", 0);
    struct record *r = parse_fields("\"deleted\":true");
    assert_true(r->deleted);
    (void)record_free(r);
    r = parse_fields("\"deleted\":\"true\"");
    assert_false(r->deleted);
    (void)record_free(r);
}

static void a_code_is_the_same_text_whether_sent_as_string_or_number(void **state)
{
    (void)state;
    assert_fields_give("\"code\":\"0042\"", "code", "0042", 0);
    assert_fields_give("\"code\":42", "code", "42", 0);
    assert_fields_give("\"code\":-9223372036854775808", "code", "-9223372036854775808", 0);
    assert_fields_give("\"code\":0.1", "code", "0.1", 0);
    assert_fields_give("\"code\":12.50", "code", "12.5", 0);
    assert_fields_give("\"code\":0.30000000000000004", "code", "0.30000000000000004", 0);
    assert_fields_give("\"code\":\"\"", "code", "", 0);
}

static void numbers_and_booleans_keep_their_value(void **state)
{
    (void)state;
    struct record *r = parse_fields("\"creditLimit\":5000,\"maxDiscount\":-0.5,\"discountable\":false");
    assert_real(r, "credit_limit", 5000);
    assert_real(r, "max_discount", -0.5);
    assert_integer(r, "discountable", 0);
    (void)record_free(r);
}

static void an_integer_that_a_double_cannot_hold_is_null_and_counted(void **state)
{
    (void)state;
    struct record *r = parse_fields("\"creditLimit\":9007199254740993,\"maxDiscount\":9007199254740992");
    assert_text(r, "credit_limit", NULL);
    assert_real(r, "max_discount", 9007199254740992.0);
    assert_int_equal(r->findings.ill_typed, 1);
    (void)record_free(r);
}

static void an_integer_of_20_digits_is_counted_and_loses_no_digit(void **state)
{
    (void)state;
    struct record *r =
        parse_fields("\"creditLimit\":12345678901234567890,\"code\":12345678901234567891,"
                     "\"name\":12345678901234567892,\"maxDiscount\":7,\"barcode\":9007199254740993");
    assert_text(r, "credit_limit", NULL);
    assert_text(r, "code", "12345678901234567891");
    assert_text(r, "name", NULL);
    assert_real(r, "max_discount", 7);
    assert_text(r, "barcode", "9007199254740993"); /* its neighbours did not make a real of it */
    assert_int_equal(r->findings.big_numbers, 3);
    assert_int_equal(r->findings.ill_typed, 1); /* the name */
    (void)record_free(r);
}

static void a_big_number_anywhere_spoils_nothing_else(void **state)
{
    (void)state;
    struct record *r =
        parse_fields("\"referenceData\":{\"x\":[-99999999999999999999,1e999,-1E+999]},"
                     "\"name\":\"12345678901234567890, 1e999 \\\" 2e999\",\"code\":\"\\u001ax\"");
    assert_text(r, "name", "12345678901234567890, 1e999 \" 2e999");
    assert_text(r, "code", "\x1ax");
    assert_int_equal(r->findings.big_numbers, 3);
    assert_int_equal(r->findings.ill_typed, 0);
    (void)record_free(r);
}

static void big_numbers_that_differ_in_the_last_digit_hash_differently(void **state)
{
    (void)state;
    assert_true(hash_of("{\"id\":\"c\",\"n\":12345678901234567890}") !=
                hash_of("{\"id\":\"c\",\"n\":12345678901234567891}"));
    assert_true(hash_of("{\"id\":\"c\",\"n\":12345678901234567890}") ==
                hash_of("{\"n\":12345678901234567890,\"id\":\"c\"}"));
}

static void the_mark_of_big_numbers_in_a_usual_record_is_text_like_any(void **state)
{
    (void)state;
    assert_fields_give("\"name\":\"\\u001a12\"", "name",
                       "\x1a"
                       "12",
                       0);
    assert_fields_give("\"code\":\"\\u001a12\"", "code",
                       "\x1a"
                       "12",
                       0);
}

#define MAILS(entries) "\"defaultEmailId\":\"m2\",\"internetAddresses\":[" entries "]"
#define MAIL(id, url)  "{\"id\":\"" id "\",\"url\":" url "}"

static void the_email_is_the_one_that_the_record_names(void **state)
{
    (void)state;
    assert_fields_give(MAILS(MAIL("m1", "\"a@x.example\"") "," MAIL("m2", "\"b@x.example\"")), "email",
                       "b@x.example", 0);
    assert_fields_give(
        MAILS("{\"id\":\"m1\",\"url\":\"a@x.example\",\"defaultEmail\":true}," MAIL("m2", "\"b@x.example\"")),
        "email", "b@x.example", 0);
}

static void without_a_named_email_the_flagged_one_counts_and_then_the_first(void **state)
{
    (void)state;
    assert_fields_give("\"internetAddresses\":[" MAIL(
                           "m1", "\"a@x.example\"") ",{\"url\":\"b@x.example\",\"defaultEmail\":true}]",
                       "email", "b@x.example", 0);
    assert_fields_give(
        "\"internetAddresses\":[" MAIL("m1", "\"a@x.example\"") "," MAIL("m2", "\"b@x.example\"") "]",
        "email", "a@x.example", 0);
    assert_fields_give(MAILS(MAIL("m1", "\"a@x.example\"") "," MAIL("m3", "\"b@x.example\"")), "email",
                       "a@x.example", 0);
    assert_fields_give("\"internetAddresses\":[{\"url\":\"a@x.example\",\"defaultEmail\":\"true\"}]", "email",
                       "a@x.example", 0);
}

static void a_web_address_is_never_the_email(void **state)
{
    (void)state;
    assert_fields_give(MAILS(MAIL("m1", "\"a@x.example\"") "," MAIL("m2", "\"https://x.example\"")), "email",
                       "a@x.example", 0);
    assert_fields_give(MAILS(MAIL("m2", "\"https://x.example\"")), "email", NULL, 0);
}

static void an_entry_that_is_empty_or_odd_leaves_the_place_to_the_next(void **state)
{
    (void)state;
    assert_fields_give(MAILS(MAIL("m2", "\"\"") "," MAIL("m1", "\"a@x.example\"")), "email", "a@x.example",
                       0);
    assert_fields_give(MAILS(MAIL("m2", "null") "," MAIL("m1", "\"a@x.example\"")), "email", "a@x.example",
                       0);
    assert_fields_give(MAILS(MAIL("m2", "[]") ",null,7," MAIL("m1", "\"a@x.example\"")), "email",
                       "a@x.example", 0);
    assert_fields_give(MAILS(MAIL("m2", "{}")), "email", NULL, 1);
    assert_fields_give(MAILS("7"), "email", NULL, 1);
    assert_fields_give(MAILS("null"), "email", NULL, 0);
    assert_fields_give(MAILS(""), "email", NULL, 0);
    assert_fields_give("\"addresses\":[{\"city\":\"  \"},{\"city\":\"Bern\"}]", "city", "Bern", 0);
}

#define PHONE(code, number)                                                                                  \
    "\"phoneNumbers\":[{\"id\":\"p\",\"countryCode\":" code ",\"dialNumber\":" number "}]"

static void the_phone_has_its_country_code_once(void **state)
{
    (void)state;
    assert_fields_give(PHONE("\"49\"", "\"30 1234567\""), "phone", "+49 30 1234567", 0);
    assert_fields_give(PHONE("\"+49\"", "\"30 1234567\""), "phone", "+49 30 1234567", 0);
    assert_fields_give(PHONE("\" +49 \"", "\" 30 1234567\""), "phone", "+49 30 1234567", 0);
    assert_fields_give(PHONE("49", "\"30 1234567\""), "phone", "+49 30 1234567", 0);
    assert_fields_give(PHONE("\"49\"", "\"+49 30 1234567\""), "phone", "+49 30 1234567", 0);
    assert_fields_give(PHONE("\"\"", "\"030 1234567\""), "phone", "030 1234567", 0);
    assert_fields_give(PHONE("\"+\"", "\"030 1234567\""), "phone", "030 1234567", 0);
    assert_fields_give(PHONE("null", "\"030 1234567\""), "phone", "030 1234567", 0);
    assert_fields_give(PHONE("{}", "\"030 1234567\""), "phone", "030 1234567", 0);
    assert_fields_give(PHONE("\"49\"", "301234567"), "phone", "+49 301234567", 0);
    assert_fields_give(PHONE("\"49\"", "\"\""), "phone", NULL, 0);
    assert_fields_give("\"phoneNumbers\":[{\"dialNumber\":\"1\"}]", "phone", "1", 0);
}

static void city_and_country_come_from_the_mailing_address(void **state)
{
    (void)state;
    const char *fields = "\"defaultMailingAddressId\":\"b\",\"defaultShippingAddressId\":\"a\","
                         "\"addresses\":[{\"id\":\"a\",\"city\":\"Bern\",\"country\":\"CH\"},"
                         "{\"id\":\"b\",\"city\":\"Oslo\",\"country\":null}]";
    assert_fields_give(fields, "city", "Oslo", 0);
    assert_fields_give(fields, "country", "CH", 0); /* of those alone that have one */
    assert_fields_give("\"addresses\":[{\"city\":\"Bern\"},{\"city\":\"Oslo\",\"defaultMailing\":true}]",
                       "city", "Oslo", 0);
}

static void a_nul_becomes_the_replacement_character_and_is_counted(void **state)
{
    (void)state;
    struct record *r =
        parse_fields("\"name\":\"A\\u0000b\\u0000\",\"code\":\"\\u0000\",\"unknown\":\"\\u0000\"");
    assert_text(r, "name",
                "A\xEF\xBF\xBD"
                "b\xEF\xBF\xBD");
    assert_text(r, "code", "\xEF\xBF\xBD");
    assert_int_equal(r->findings.nul_characters, 3);
    (void)record_free(r);
}

static void a_name_twice_is_counted_and_the_last_one_counts(void **state)
{
    (void)state;
    struct record *r = parse("{\"id\":\"first\",\"name\":\"A\",\"id\":\"last\",\"name\":\"B\"}");
    assert_string_equal(r->id, "last");
    assert_text(r, "name", "B");
    assert_int_equal(r->findings.duplicate_keys, 1);
    (void)record_free(r);
    r = parse("{\"id\":\"c\",\"x\":{\"a\":1,\"a\":12345678901234567890},\"code\":\"\\u0000\"}");
    assert_int_equal(r->findings.duplicate_keys, 1);
    assert_int_equal(r->findings.big_numbers, 1);
    assert_int_equal(r->findings.nul_characters, 1);
    (void)record_free(r);
}

static void the_hash_knows_content_and_not_the_way_of_writing(void **state)
{
    (void)state;
    int64_t hash = hash_of("{\"id\":\"c\",\"name\":\"\xC3\xA9\",\"o\":{\"a\":1,\"b\":[1,2]}}");
    assert_true(hash == hash_of("{\"o\":{\"b\":[1,2],\"a\":1},\"name\":\"\xC3\xA9\",\"id\":\"c\"}"));
    assert_true(
        hash ==
        hash_of(" {\n\t\"id\" : \"c\" , \"name\" : \"\\u00e9\", \"o\":{ \"a\":1,\"b\":[ 1,2 ] } }\r\n"));
    assert_true(hash != hash_of("{\"id\":\"c\",\"name\":\"\xC3\xA9\",\"o\":{\"a\":1,\"b\":[2,1]}}"));
    assert_true(hash != hash_of("{\"id\":\"c\",\"name\":\"e\",\"o\":{\"a\":1,\"b\":[1,2]}}"));
    assert_true(hash !=
                hash_of("{\"id\":\"c\",\"name\":\"\xC3\xA9\",\"o\":{\"a\":1,\"b\":[1,2]},\"x\":null}"));
    assert_true(hash_of("{\"id\":\"c\",\"n\":1}") != hash_of("{\"id\":\"c\",\"n\":\"1\"}"));
}

static void an_id_that_would_change_the_url_is_refused_for_ever(void **state)
{
    (void)state;
    static const char *const ids[] = {
        "\"\"",     "\".\"",         "\"..\"",      "\"a/b\"",      "\"../x\"",
        "\"a b\"",  "\"a?b\"",       "\"a#b\"",     "\"a%2fb\"",    "\"a\\\\b\"",
        "\"a\\n\"", "\"a\\u0000b\"", "\"\\u007f\"", "\"\xC3\xA9\"", "7",
        "null",     "true",          "[]",          "{}",           "12345678901234567890",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
        char body[128];
        (void)snprintf(body, sizeof body, "{\"name\":\"A\",\"id\":%s}", ids[i]);
        assert_refused(body, RETRY_NEVER);
    }
    assert_refused("{}", RETRY_NEVER);
}

static void an_id_has_at_most_128_characters(void **state)
{
    (void)state;
    char id[201], body[256];
    memset(id, 'x', 200);
    id[200] = '\0';
    (void)snprintf(body, sizeof body, "{\"id\":\"%s\"}", id);
    assert_refused(body, RETRY_NEVER);
    (void)snprintf(body, sizeof body, "{\"id\":\"%.129s\"}", id);
    assert_refused(body, RETRY_NEVER);
    (void)snprintf(body, sizeof body, "{\"id\":\"%.128s\"}", id);
    struct record *r = parse(body);
    assert_int_equal(strlen(r->id), RECORD_ID_MAX);
    (void)record_free(r);
}

static void ids_of_other_shapes_than_today_are_usable(void **state)
{
    (void)state;
    static const char *const ids[] = {"1",   "...",           ".a",
                                      "a.b", DATA_CONTACT_ID, "~a_b-c:d@e,f;g=h!$&'()*+\"<>[]^`{|}"};
    for (size_t i = 0; i < ARRAY_LENGTH(ids); i++)
        assert_true(record_id_usable(ids[i]));
}

static void an_error_object_is_no_record(void **state)
{
    (void)state;
    assert_refused("{\"exceptionMessage\":\"Maximum API request limit of 2,000 reached for this hour.\","
                   "\"httpStatusCode\":429}",
                   RETRY_NEVER);
}

static void what_is_not_one_whole_json_object_is_asked_for_again(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        " ",
        "null",
        "7",
        "\"id\"",
        "[]",
        "[{\"id\":\"c\"}]",
        "{",
        "}",
        "{\"id\":\"c\"}}",
        "{\"id\":\"c\"} x",
        "{\"id\":\"c\"}{\"id\":\"c\"}",
        "{\"id\":\"c\",}",
        "{id:\"c\"}",
        "{'id':'c'}",
        "{\"id\":\"c\",\"s\":\"a\"b\"}",
        "{\"id\":\"c\",\"s\":\"C:\\\"}",
        "{\"id\":\"c\",\"s\":\xE9}",
        "{\"id\":\"c\",\"s\":[1 2]}",
        "{\"id\":\"c\",\"s\":[1}]",
        "{\"id\":\"c\",\"s\"}",
        "{\"id\":\"c\",7:1}",
        "<html><body>502</body></html>",
        "busy",
        "\"busy\xE9\"",
        "\xEF\xBB\xBF",
        "{\xEF\xBB\xBF\"id\":\"c\"}",
        "{\"id\":\"c\"} // done",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++)
        assert_refused(bodies[i], RETRY_NOW);
}

/* Complete, so that nothing was cut: to ask again is of no use. */
static void what_can_never_be_read_is_not_asked_for_again(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"id\":\"c\",\"n\":NaN}",
        "{\"id\":\"c\",\"n\":-Infinity}",
        "{\"id\":\"c\",\"n\":01}",
        "{\"id\":\"c\",\"n\":+1}",
        "{\"id\":\"c\",\"n\":1e}",
        "{\"id\":\"c\",\"n\":0x10}",
        "{\"id\":\"c\",\"s\":\"a\nb\"}",
        "{\"id\":\"c\",\"s\":\"a\tb\"}",
        "{\"id\":\"c\",\"s\":\"\\x\"}",
        "{\"id\":\"c\",\"s\":\"\\ud80\"}",
        "{\"id\":\"c\",\"a\\u0000b\":1}",
        "{\"id\":\"c\",\"s\":\"],}{[\\\"\xE9\"}",
        "[\"\xE9\"]",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++)
        assert_refused(bodies[i], RETRY_NEVER);
}

static void a_record_of_more_than_4_mib_is_not_read(void **state)
{
    (void)state;
    size_t length = RECORD_BYTES_MAX;
    char *body = malloc(length + 1);
    assert_non_null(body);
    memset(body, ' ', length + 1);
    memcpy(body, "{\"id\":\"c\"}", 10);
    struct record *r = NULL;
    struct error err;
    assert_int_equal(record_parse(&r, &entity_contacts, body, length, &err), 0);
    r = record_free(r);
    assert_int_equal(record_parse(&r, &entity_contacts, body, length + 1, &err), -1);
    assert_int_equal(err.code, ERROR_ANSWER);
    assert_int_equal(err.retry, RETRY_NEVER);
    assert_non_null(strstr(err.text, "longer than 4 MiB"));
    free(body);
}

static void half_surrogates_become_replacement_characters_and_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *json, *text;
        int64_t count;
    } cases[] = {
        {"\\ud800", "\uFFFD", 1},
        {"a\\uDC00b", "a\uFFFDb", 1},
        {"\\ud800\\u0041", "\uFFFDA", 1},
        {"\\ud800\\ud800\\udc00", "\uFFFD\U00010000", 1},
        {"\\udc00\\ud800", "\uFFFD\uFFFD", 2},
        {"\\ud800\\", NULL, 0}, /* no end of the string */
        {"\\uD83D\\uDE00", "\U0001F600", 0},
        {"\\ud83d\\ude00\\udbff!", "\U0001F600\uFFFD!", 1},
        {"\\\\ud800", "\\ud800", 0},
        {"\\\\\\ud800", "\\\uFFFD", 1},
        {"\\\\\\\\ud800 \\udfff", "\\\\ud800 \uFFFD", 1},
        {"\\ud800\\\\udc00", "\uFFFD\\udc00", 1},
        {"\\ud800udc00", "\uFFFDudc00", 1},
        {"\\\"\\ud800\\\"", "\"\uFFFD\"", 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char fields[128];
        (void)snprintf(fields, sizeof fields, "\"name\":\"%s\"", cases[i].json);
        if (!cases[i].text) {
            char body[160];
            (void)snprintf(body, sizeof body, "{\"id\":\"c-1\",%s}", fields);
            assert_refused(body, RETRY_NOW);
            continue;
        }
        struct record *r = parse_fields(fields);
        assert_text(r, "name", cases[i].text);
        assert_int_equal(r->findings.half_surrogates, cases[i].count);
        (void)record_free(r);
    }
}

static void half_surrogates_big_numbers_and_names_twice_go_together(void **state)
{
    (void)state;
    static const char *const fields[] = {
        "\"name\":\"\\ud800\",\"creditLimit\":1e999,\"code\":\"1\",\"code\":\"2\"",
        "\"creditLimit\":1e999,\"code\":\"1\",\"code\":\"2\",\"name\":\"\\ud800\"",
        "\"code\":\"1\",\"code\":\"2\",\"name\":\"\\ud800\",\"creditLimit\":1e999",
        "\"code\":\"1\",\"name\":\"\\ud800\",\"code\":\"2\",\"creditLimit\":123456789012345678901234567890",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        struct record *r = parse_fields(fields[i]);
        assert_text(r, "name", "\uFFFD");
        assert_text(r, "code", "2");
        assert_int_equal(r->findings.half_surrogates, 1);
        assert_int_equal(r->findings.big_numbers, 1);
        assert_int_equal(r->findings.duplicate_keys, 1);
        (void)record_free(r);
    }
}

static void half_surrogates_in_names_are_read_too(void **state)
{
    (void)state;
    struct record *r = parse_fields("\"\\udfff\":{\"\\ud800x\":1},\"nam\\u0065\":\"Ada\"");
    assert_text(r, "name", "Ada");
    assert_int_equal(r->findings.half_surrogates, 2);
    assert_int_equal(r->findings.duplicate_keys, 0);
    (void)record_free(r);
    r = parse_fields("\"\\udfff\":1,\"\\ud800\":2"); /* now the same name */
    assert_int_equal(r->findings.duplicate_keys, 1);
    (void)record_free(r);
}

static void a_byte_order_mark_before_a_record_is_passed_over(void **state)
{
    (void)state;
    struct record *r = parse("\xEF\xBB\xBF" DATA_CONTACT);
    assert_true(r->content_hash == hash_of(DATA_CONTACT));
    assert_no_findings(&r->findings);
    (void)record_free(r);
}

static void the_case_of_an_id_counts_unless_it_is_a_uuid(void **state)
{
    (void)state;
    const char *lower = "9fa53da2-07fa-4a84-aed6-01683fffffd7",
               *upper = "9FA53DA2-07FA-4A84-AED6-01683FFFFFD7";
    assert_true(record_id_is_uuid(lower) && record_id_is_uuid(upper));
    assert_true(record_id_same(lower, upper) && record_id_same(upper, lower) && record_id_same("x", "x"));
    assert_false(record_id_same("c-a", "C-A"));
    static const char *const others[] = {"",
                                         "9fa53da2-07fa-4a84-aed6-01683fffffd",
                                         "9fa53da2-07fa-4a84-aed6-01683fffffd70",
                                         "9fa53da2-07fa-4a84-aed6-01683fffffdg",
                                         "9fa53da207fa-4a84--aed6-01683fffffd7",
                                         "9fa53da2_07fa-4a84-aed6-01683fffffd7"};
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        assert_false(record_id_is_uuid(others[i]));
        assert_false(record_id_same(others[i], lower));
    }
    char a[128], b[128];
    (void)snprintf(a, sizeof a, "{\"id\":\"%s\",\"x\":\"A\"}", lower);
    (void)snprintf(b, sizeof b, "{\"id\":\"%s\",\"x\":\"A\"}", upper);
    assert_true(hash_of(a) == hash_of(b));
    assert_true(hash_of("{\"id\":\"abc\"}") != hash_of("{\"id\":\"ABC\"}"));
    struct record *r = parse(b);
    assert_string_equal(r->id, upper);
    (void)record_free(r);
}

static void a_big_number_in_place_of_a_name_is_refused_like_any_number(void **state)
{
    (void)state; /* found by fuzz_record */
    assert_refused("{\"id\":\"c\",12345678901234567890:1}", RETRY_NOW);
    assert_refused("{\"id\":\"c\",\"n\":1e999,12345678901234567890 \n: 1}", RETRY_NOW);
    assert_refused("{\"id\":\"c\",12345678901234567890}", RETRY_NOW);
}

static bool is_within_string(const char *json, size_t at)
{
    size_t quotes = 0;
    for (size_t i = 0; i < at; i++)
        quotes += json[i] == '"';
    return quotes % 2 == 1;
}

static void a_raw_nul_byte_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    static const char body[] = "{\"id\":\"c\",\"n\":1,\"t\":true}";
    for (size_t i = 0; i < sizeof body; i++) {
        char with_nul[sizeof body + 1];
        memcpy(with_nul, body, i);
        with_nul[i] = '\0';
        memcpy(with_nul + i + 1, body + i, sizeof body - i);
        assert_refused_bytes(with_nul, sizeof body, is_within_string(body, i) ? RETRY_NEVER : RETRY_NOW);
    }
}

static void bytes_that_are_no_utf8_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"\xFF", "\xC3",     "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80",
                                      "\x80", "\xE9t\xE9"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        char body[64];
        (void)snprintf(body, sizeof body, "{\"id\":\"c\",\"name\":\"%s\"}", bad[i]);
        assert_refused(body, RETRY_NEVER);
    }
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    size_t depth = 100000;
    char *body = malloc(depth);
    assert_non_null(body);
    memset(body, '[', depth);
    assert_refused_bytes(body, depth, RETRY_NOW);
    free(body);
    char deep[6000] = "{\"id\":\"c\",\"x\":";
    size_t at = strlen(deep);
    memset(deep + at, '[', 2000);
    memset(deep + at + 2000, ']', 2000);
    deep[at + 4000] = '}';
    struct record *r = parse_bytes(deep, at + 4001);
    (void)record_free(r);

    char *whole = malloc(2 * depth + 64), *p = whole;
    assert_non_null(whole);
    p = stpcpy(p, "{\"id\":\"c\",\"x\":");
    memset(p, '[', depth);
    memset(p + depth, ']', depth);
    (void)strcpy(p + 2 * depth, "}");
    assert_refused(whole, RETRY_NEVER);
    free(whole);
}

static void a_record_cut_anywhere_is_never_accepted(void **state)
{
    (void)state;
    size_t length = strlen(DATA_CONTACT);
    for (size_t i = 0; i < length; i++) {
        char *cut = malloc(i + 1); /* of its exact size, so that a sanitizer sees a step too far */
        assert_non_null(cut);
        memcpy(cut, DATA_CONTACT, i);
        assert_refused_bytes(cut, i, RETRY_NOW);
        free(cut);
    }
}

static void an_error_never_quotes_the_person(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"id\":\"c\",\"name\":Abbott}",
        "{\"id\":\"Abbott/x\"}",
        "{\"id\":\"c\",\"Abbott\":1,\"Abbott\":Abbott}",
        "{\"id\":\"c\"} Abbott",
        "[\"Abbott\"]",
        "{\"Abbott\":\"\\u12Abbott\"}",
        "{\"Abbott\\u0000\":1}",
        "{\"name\":\"Abbott",
        "{\"name\":\"Abbott\xFF\"}",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
        struct record *r = NULL;
        struct error err = {0};
        assert_int_equal(record_parse(&r, &entity_contacts, bodies[i], strlen(bodies[i]), &err), -1);
        assert_null(strstr(err.text, "Abbott"));
    }
}

static void an_error_says_what_is_wrong_and_where(void **state)
{
    (void)state;
    struct record *r = NULL;
    struct error err = {0};
    assert_int_equal(record_parse(&r, &entity_contacts, "{\"id\":\"c\"} x", 12, &err), -1);
    assert_string_equal(err.text,
                        "the answer is not one whole JSON text: something follows its end (at byte 12)");
    assert_int_equal(record_parse(&r, &entity_contacts, "{\"id\":\"c\",\"a\":", 14, &err), -1);
    assert_string_equal(err.text, "the answer is not one whole JSON text: it ends too early (at byte 14)");
    assert_int_equal(record_parse(&r, &entity_contacts, "{}", 2, &err), -1);
    assert_string_equal(err.text, "the contact in the answer has no usable id");
    const char *latin1 = "{\"id\":\"c\",\"name\":\"Jos\xE9\"}";
    assert_int_equal(record_parse(&r, &entity_contacts, latin1, strlen(latin1), &err), -1);
    assert_string_equal(
        err.text, "its answer cannot be read: it is not UTF-8 (at byte 21); correct the contact in Flex");
    assert_int_equal(record_parse(&r, &entity_contacts, "[]", 2, NULL), -1); /* nobody need listen */
}

static void a_column_has_no_cap_of_its_own(void **state)
{
    (void)state;
    size_t length = 2u << 20;
    char *name = malloc(length + 1), *body = NULL;
    assert_non_null(name);
    memset(name, 'n', length);
    name[length] = '\0';
    assert_true(asprintf(&body, "{\"id\":\"c\",\"name\":\"%s\"}", name) > 0);
    struct record *r = parse(body);
    assert_text(r, "name", name);
    (void)record_free(r);
    free(body);
    free(name);
}

static void a_resource_type_is_mapped_by_its_own_table(void **state)
{
    (void)state;
    const char *body =
        "{\"id\":\"rt-1\",\"name\":\"Client\",\"namePlural\":\"Clients\",\"venue\":false,\"deleted\":true,"
        "\"discountable\":true,\"domainId\":\"contact\"}";
    struct record *r = NULL;
    struct error err = {0};
    assert_int_equal(record_parse(&r, &entity_resource_types, body, strlen(body), &err), 0);
    assert_text(r, "name", "Client");
    assert_text(r, "name_plural", "Clients");
    assert_integer(r, "venue", 0);
    assert_integer(r, "discountable", 1);
    assert_text(r, "domain_id", "contact");
    assert_text(r, "status", "Inactive");
    (void)record_free(r);
}

static void findings_add_up(void **state)
{
    (void)state;
    struct findings sum = {1, 2, 3, 4, 5, 6}, more = {10, 20, 30, 40, 50, 60};
    findings_add(&sum, &more);
    assert_int_equal(sum.ill_typed, 11);
    assert_int_equal(sum.duplicate_keys, 22);
    assert_int_equal(sum.nul_characters, 33);
    assert_int_equal(sum.half_surrogates, 44);
    assert_int_equal(sum.big_numbers, 55);
    assert_int_equal(sum.other_case, 66);
}

static void freeing_nothing_is_allowed(void **state)
{
    (void)state;
    assert_null(record_free(NULL));
}

static long allocations_left; /* before jansson is refused one, and all after it */

static void *scarce_malloc(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void without_memory_no_record_is_made(void **state)
{
    (void)state;
    struct record *r = NULL, *whole = parse(DATA_CONTACT);
    struct error err = {0};
    json_set_alloc_funcs(scarce_malloc, free);
    int refused = 0, result = -1;
    for (; result < 0 && refused < 10000; refused++) {
        allocations_left = refused;
        result = record_parse(&r, &entity_contacts, DATA_CONTACT, strlen(DATA_CONTACT), &err);
    }
    json_set_alloc_funcs(malloc, free);
    assert_int_equal(result, 0);
    assert_true(refused > 100);
    assert_true(r->content_hash == whole->content_hash);
    (void)record_free(r);
    (void)record_free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_contact_fills_every_column),
        cmocka_unit_test(a_contact_with_an_id_alone_is_active_and_otherwise_null),
        cmocka_unit_test(null_is_like_no_field_and_is_no_finding),
        cmocka_unit_test(a_field_of_any_other_type_makes_its_column_null_and_is_counted),
        cmocka_unit_test(organization_and_deleted_become_words),
        cmocka_unit_test(a_code_is_the_same_text_whether_sent_as_string_or_number),
        cmocka_unit_test(numbers_and_booleans_keep_their_value),
        cmocka_unit_test(an_integer_that_a_double_cannot_hold_is_null_and_counted),
        cmocka_unit_test(an_integer_of_20_digits_is_counted_and_loses_no_digit),
        cmocka_unit_test(a_big_number_anywhere_spoils_nothing_else),
        cmocka_unit_test(big_numbers_that_differ_in_the_last_digit_hash_differently),
        cmocka_unit_test(the_mark_of_big_numbers_in_a_usual_record_is_text_like_any),
        cmocka_unit_test(the_email_is_the_one_that_the_record_names),
        cmocka_unit_test(without_a_named_email_the_flagged_one_counts_and_then_the_first),
        cmocka_unit_test(a_web_address_is_never_the_email),
        cmocka_unit_test(an_entry_that_is_empty_or_odd_leaves_the_place_to_the_next),
        cmocka_unit_test(the_phone_has_its_country_code_once),
        cmocka_unit_test(city_and_country_come_from_the_mailing_address),
        cmocka_unit_test(a_nul_becomes_the_replacement_character_and_is_counted),
        cmocka_unit_test(a_name_twice_is_counted_and_the_last_one_counts),
        cmocka_unit_test(the_hash_knows_content_and_not_the_way_of_writing),
        cmocka_unit_test(an_id_that_would_change_the_url_is_refused_for_ever),
        cmocka_unit_test(an_id_has_at_most_128_characters),
        cmocka_unit_test(ids_of_other_shapes_than_today_are_usable),
        cmocka_unit_test(an_error_object_is_no_record),
        cmocka_unit_test(what_is_not_one_whole_json_object_is_asked_for_again),
        cmocka_unit_test(a_big_number_in_place_of_a_name_is_refused_like_any_number),
        cmocka_unit_test(what_can_never_be_read_is_not_asked_for_again),
        cmocka_unit_test(a_record_of_more_than_4_mib_is_not_read),
        cmocka_unit_test(half_surrogates_become_replacement_characters_and_are_counted),
        cmocka_unit_test(half_surrogates_big_numbers_and_names_twice_go_together),
        cmocka_unit_test(half_surrogates_in_names_are_read_too),
        cmocka_unit_test(a_byte_order_mark_before_a_record_is_passed_over),
        cmocka_unit_test(the_case_of_an_id_counts_unless_it_is_a_uuid),
        cmocka_unit_test(a_raw_nul_byte_is_refused_wherever_it_stands),
        cmocka_unit_test(bytes_that_are_no_utf8_are_refused),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(a_record_cut_anywhere_is_never_accepted),
        cmocka_unit_test(an_error_never_quotes_the_person),
        cmocka_unit_test(an_error_says_what_is_wrong_and_where),
        cmocka_unit_test(a_column_has_no_cap_of_its_own),
        cmocka_unit_test(a_resource_type_is_mapped_by_its_own_table),
        cmocka_unit_test(findings_add_up),
        cmocka_unit_test(freeing_nothing_is_allowed),
        cmocka_unit_test(without_memory_no_record_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
