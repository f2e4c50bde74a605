#include "flexsync/entity.h"

#include "flexsync/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* design.md section 3, in its order; flex_data, created_at and updated_at stand after the first six in the
 * table. */
static const struct {
    const char *name, *field;
    enum column_type type;
    enum column_rule rule;
} contact_design[] = {
    {"first_name", "firstName", COLUMN_TEXT, RULE_STRING},
    {"last_name", "lastName", COLUMN_TEXT, RULE_STRING},
    {"contact_type", "organization", COLUMN_TEXT, RULE_CHOICE},
    {"status", "deleted", COLUMN_TEXT, RULE_CHOICE},
    {"default_bill_to_contact_id", "defaultBillToContactId", COLUMN_TEXT, RULE_STRING},
    {"pricing_model_id", "defaultPricingModelId", COLUMN_TEXT, RULE_STRING},
    {"name", "name", COLUMN_TEXT, RULE_STRING},
    {"middle_name", "middleName", COLUMN_TEXT, RULE_STRING},
    {"salutation", "salutation", COLUMN_TEXT, RULE_STRING},
    {"birthday", "birthday", COLUMN_TEXT, RULE_STRING},
    {"company", "company", COLUMN_TEXT, RULE_STRING},
    {"job_title", "jobTitle", COLUMN_TEXT, RULE_STRING},
    {"email", "url", COLUMN_TEXT, RULE_LISTED},
    {"phone", "dialNumber", COLUMN_TEXT, RULE_LISTED},
    {"city", "city", COLUMN_TEXT, RULE_LISTED},
    {"country", "country", COLUMN_TEXT, RULE_LISTED},
    {"short_name", "shortName", COLUMN_TEXT, RULE_STRING},
    {"preferred_display_string", "preferredDisplayString", COLUMN_TEXT, RULE_STRING},
    {"code", "code", COLUMN_TEXT, RULE_STRING_NUMBER},
    {"barcode", "barcode", COLUMN_TEXT, RULE_STRING_NUMBER},
    {"rfid_tag", "rfidTag", COLUMN_TEXT, RULE_STRING_NUMBER},
    {"external_number", "externalNumber", COLUMN_TEXT, RULE_STRING_NUMBER},
    {"assigned_number", "assignedNumber", COLUMN_TEXT, RULE_STRING_NUMBER},
    {"employer_id", "employerId", COLUMN_TEXT, RULE_STRING},
    {"credit_limit", "creditLimit", COLUMN_REAL, RULE_NUMBER},
    {"default_bill_to_contact", "defaultBillToContact", COLUMN_INTEGER, RULE_BOOLEAN},
    {"currency_id", "currencyId", COLUMN_TEXT, RULE_STRING},
    {"standard_discount_id", "standardDiscountId", COLUMN_TEXT, RULE_STRING},
    {"standard_terms_id", "standardTermsId", COLUMN_TEXT, RULE_STRING},
    {"standard_tax_rule_id", "standardTaxRuleId", COLUMN_TEXT, RULE_STRING},
    {"discountable", "discountable", COLUMN_INTEGER, RULE_BOOLEAN},
    {"max_discount", "maxDiscount", COLUMN_REAL, RULE_NUMBER},
    {"homebase_location_id", "homebaseLocationId", COLUMN_TEXT, RULE_STRING},
    {"corporate_entity_id", "corporateEntityId", COLUMN_TEXT, RULE_STRING},
    {"associated_user_id", "associatedUserId", COLUMN_TEXT, RULE_STRING},
    {"flex_created_date", "createdDate", COLUMN_TEXT, RULE_STRING},
    {"flex_last_edit_date", "lastEditDate", COLUMN_TEXT, RULE_STRING},
    {"created_by_user_id", "createdByUserId", COLUMN_TEXT, RULE_STRING},
    {"last_edit_user_id", "lastEditUserId", COLUMN_TEXT, RULE_STRING},
};

static void contacts_have_the_columns_of_the_design_in_its_order(void **state)
{
    (void)state;
    assert_int_equal(entity_contacts.column_count, ARRAY_LENGTH(contact_design));
    for (size_t i = 0; i < ARRAY_LENGTH(contact_design); i++) {
        assert_string_equal(entity_contacts.columns[i].name, contact_design[i].name);
        assert_string_equal(entity_contacts.columns[i].field, contact_design[i].field);
        assert_int_equal(entity_contacts.columns[i].type, contact_design[i].type);
        assert_int_equal(entity_contacts.columns[i].rule, contact_design[i].rule);
    }
}

static void the_old_tools_six_columns_come_first(void **state)
{
    (void)state;
    assert_int_equal(entity_contacts.legacy_columns, 6);
    assert_string_equal(entity_contacts.columns[0].name, "first_name");
    assert_string_equal(entity_contacts.columns[5].name, "pricing_model_id");
}

static void every_entity_fits_a_record_and_names_no_column_twice(void **state)
{
    (void)state;
    static const char *const kept_by_store[] = {"id", "flex_data", "created_at", "updated_at", "deleted_at"};
    for (const struct entity *const *e = entities; *e; e++) {
        assert_true((*e)->column_count <= ENTITY_COLUMNS_MAX);
        assert_true((*e)->legacy_columns <= (*e)->column_count);
        for (size_t i = 0; i < (*e)->column_count; i++) {
            assert_int_equal(entity_column(*e, (*e)->columns[i].name), i);
            assert_string_not_equal((*e)->columns[i].name, (*e)->key);
            for (size_t k = 0; k < ARRAY_LENGTH(kept_by_store); k++)
                assert_string_not_equal((*e)->columns[i].name, kept_by_store[k]);
        }
    }
}

static void every_rule_has_what_it_needs(void **state)
{
    (void)state;
    for (const struct entity *const *e = entities; *e; e++) {
        for (size_t i = 0; i < (*e)->column_count; i++) {
            const struct column *c = &(*e)->columns[i];
            assert_non_null(c->field);
            assert_int_equal(c->rule == RULE_LISTED, c->from.list != NULL);
            assert_int_equal(c->rule == RULE_CHOICE, c->when_true && c->when_false);
            if (c->rule == RULE_NUMBER)
                assert_int_not_equal(c->type, COLUMN_TEXT);
            else
                assert_int_equal(c->type, c->rule == RULE_BOOLEAN ? COLUMN_INTEGER : COLUMN_TEXT);
        }
    }
}

static void every_searched_column_exists_and_is_text(void **state)
{
    (void)state;
    assert_int_equal(entity_contacts.search_count, 12);
    for (const struct entity *const *e = entities; *e; e++) {
        for (size_t i = 0; i < (*e)->search_count; i++) {
            int column = entity_column(*e, (*e)->search[i]);
            assert_true(column >= 0);
            assert_int_equal((*e)->columns[column].type, COLUMN_TEXT);
        }
    }
}

static void contacts_are_asked_for_and_kept_where_the_design_says(void **state)
{
    (void)state;
    const struct entity *e = &entity_contacts;
    assert_string_equal(e->name, "contacts");
    assert_string_equal(e->noun, "contact");
    assert_string_equal(e->table, "contacts");
    assert_string_equal(e->key, "contact_id");
    assert_string_equal(e->state_table, "contact_state");
    assert_string_equal(e->changes_table, "contact_changes");
    assert_string_equal(e->queue_table, "detail_queue");
    assert_string_equal(e->list_path, "/contact");
    assert_string_equal(e->detail_path, "/contact/");
    assert_true(e->paged);
}

static void resource_types_are_a_plain_listing_without_details(void **state)
{
    (void)state;
    static const char *const names[] = {"name",         "name_plural", "venue",
                                        "discountable", "domain_id",   "status"};
    const struct entity *e = &entity_resource_types;
    assert_string_equal(e->name, "resource_types");
    assert_string_equal(e->table, "resource_types");
    assert_string_equal(e->key, "resource_type_id");
    assert_string_equal(e->state_table, "resource_type_state");
    assert_string_equal(e->list_path, "/resource-type");
    assert_null(e->changes_table);
    assert_null(e->queue_table);
    assert_null(e->detail_path);
    assert_null(e->search);
    assert_false(e->paged);
    assert_int_equal(e->legacy_columns, 0);
    assert_int_equal(e->column_count, ARRAY_LENGTH(names));
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        assert_string_equal(e->columns[i].name, names[i]);
}

static void a_cycle_asks_for_contacts_first(void **state)
{
    (void)state;
    assert_ptr_equal(entities[0], &entity_contacts);
    assert_ptr_equal(entities[1], &entity_resource_types);
    assert_null(entities[2]);
}

static void an_unknown_column_has_no_index(void **state)
{
    (void)state;
    assert_int_equal(entity_column(&entity_contacts, "nobody"), -1);
    assert_int_equal(entity_column(&entity_contacts, ""), -1);
    assert_int_equal(entity_column(&entity_contacts, "deleted_at"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contacts_have_the_columns_of_the_design_in_its_order),
        cmocka_unit_test(the_old_tools_six_columns_come_first),
        cmocka_unit_test(every_entity_fits_a_record_and_names_no_column_twice),
        cmocka_unit_test(every_rule_has_what_it_needs),
        cmocka_unit_test(every_searched_column_exists_and_is_text),
        cmocka_unit_test(contacts_are_asked_for_and_kept_where_the_design_says),
        cmocka_unit_test(resource_types_are_a_plain_listing_without_details),
        cmocka_unit_test(a_cycle_asks_for_contacts_first),
        cmocka_unit_test(an_unknown_column_has_no_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
