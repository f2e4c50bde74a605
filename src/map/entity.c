#include "flexsync/entity.h"

#include "flexsync/cleanup.h"

#include <string.h>

#define STRING(column, from)                                                                                 \
    {                                                                                                        \
        .name = column, .type = COLUMN_TEXT, .rule = RULE_STRING, .field = from                              \
    }
#define ANY(column, from)                                                                                    \
    {                                                                                                        \
        .name = column, .type = COLUMN_TEXT, .rule = RULE_STRING_NUMBER, .field = from                       \
    }
#define NUMBER(column, from)                                                                                 \
    {                                                                                                        \
        .name = column, .type = COLUMN_REAL, .rule = RULE_NUMBER, .field = from                              \
    }
#define BOOLEAN(column, from)                                                                                \
    {                                                                                                        \
        .name = column, .type = COLUMN_INTEGER, .rule = RULE_BOOLEAN, .field = from                          \
    }
#define CHOICE(column, from, yes, no, none)                                                                  \
    {                                                                                                        \
        .name = column, .type = COLUMN_TEXT, .rule = RULE_CHOICE, .field = from, .when_true = yes,           \
        .when_false = no, .absent = none                                                                     \
    }
#define LISTED(column, from_field, ...)                                                                      \
    {                                                                                                        \
        .name = column, .type = COLUMN_TEXT, .rule = RULE_LISTED, .field = from_field, .from = {             \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }
#define MAILING .list = "addresses", .named_by = "defaultMailingAddressId", .flag = "defaultMailing"

/* In the order of the table: the old tool's six, then the others. */
static const struct column contact_columns[] = {
    STRING("first_name", "firstName"),
    STRING("last_name", "lastName"),
    CHOICE("contact_type", "organization", "Company", "Individual", NULL),
    CHOICE("status", "deleted", "Inactive", "Active", "Active"),
    STRING("default_bill_to_contact_id", "defaultBillToContactId"),
    STRING("pricing_model_id", "defaultPricingModelId"),
#define LEGACY_CONTACT_COLUMNS 6
    STRING("name", "name"),
    STRING("middle_name", "middleName"),
    STRING("salutation", "salutation"),
    STRING("birthday", "birthday"),
    STRING("company", "company"),
    STRING("job_title", "jobTitle"),
    LISTED("email", "url", .list = "internetAddresses", .named_by = "defaultEmailId", .flag = "defaultEmail",
           .must_have = '@'),
    LISTED("phone", "dialNumber", .list = "phoneNumbers", .named_by = "defaultPhoneId",
           .flag = "defaultPhone", .prefix = "countryCode"),
    LISTED("city", "city", MAILING),
    LISTED("country", "country", MAILING),
    STRING("short_name", "shortName"),
    STRING("preferred_display_string", "preferredDisplayString"),
    ANY("code", "code"),
    ANY("barcode", "barcode"),
    ANY("rfid_tag", "rfidTag"),
    ANY("external_number", "externalNumber"),
    ANY("assigned_number", "assignedNumber"),
    STRING("employer_id", "employerId"),
    NUMBER("credit_limit", "creditLimit"),
    BOOLEAN("default_bill_to_contact", "defaultBillToContact"),
    STRING("currency_id", "currencyId"),
    STRING("standard_discount_id", "standardDiscountId"),
    STRING("standard_terms_id", "standardTermsId"),
    STRING("standard_tax_rule_id", "standardTaxRuleId"),
    BOOLEAN("discountable", "discountable"),
    NUMBER("max_discount", "maxDiscount"),
    STRING("homebase_location_id", "homebaseLocationId"),
    STRING("corporate_entity_id", "corporateEntityId"),
    STRING("associated_user_id", "associatedUserId"),
    STRING("flex_created_date", "createdDate"),
    STRING("flex_last_edit_date", "lastEditDate"),
    STRING("created_by_user_id", "createdByUserId"),
    STRING("last_edit_user_id", "lastEditUserId"),
};
_Static_assert(ARRAY_LENGTH(contact_columns) <= ENTITY_COLUMNS_MAX,
               "struct record has no room for so many columns");

static const char *const contact_search[] = {
    "name",  "first_name",      "last_name", "company",    "job_title",
    "email", "phone",           "city",      "short_name", "preferred_display_string",
    "code",  "external_number",
};

static const struct entity_view contact_views[] = {
    {.name = "contact_emails", /* a web address stands among them, an e-mail has an '@' */
     .list = "internetAddresses",
     .named_by = "defaultEmailId",
     .flag = "defaultEmail",
     .only = "url",
     .columns = {{"name", "name", NULL}, {"email", "url", NULL}}},
    {.name = "contact_phones",
     .list = "phoneNumbers",
     .named_by = "defaultPhoneId",
     .flag = "defaultPhone",
     .columns = {{"name", "name", NULL},
                 {"country_code", "countryCode", NULL},
                 {"area_code", "areaCode", NULL},
                 {"dial_number", "dialNumber", NULL}}},
    {.name = "contact_addresses",
     .list = "addresses",
     .named_by = "defaultMailingAddressId",
     .flag = "defaultMailing",
     .columns = {{"name", "name", NULL},
                 {"line1", "line1", NULL},
                 {"line2", "line2", NULL},
                 {"line3", "line3", NULL},
                 {"city", "city", NULL},
                 {"state", "stateOrProvince", "state"},
                 {"postal_code", "postalCode", "zip"},
                 {"country", "country", NULL}}},
    {.name = "contact_resource_types",
     .list = "resourceTypes",
     .columns = {{"resource_type_id", "id", NULL}, {"name", "name", NULL}}},
};

const struct entity entity_contacts = {
    .name = "contacts",
    .noun = "contact",
    .table = "contacts",
    .key = "contact_id",
    .state_table = "contact_state",
    .changes_table = "contact_changes",
    .queue_table = "detail_queue",
    .audits_table = "contact_audits",
    .counts_table = "contact_counts",
    .created = "flex_created_date",
    .edited = "flex_last_edit_date",
    .list_path = "/contact",
    .paged = true,
    .detail_path = "/contact/",
    .columns = contact_columns,
    .column_count = ARRAY_LENGTH(contact_columns),
    .legacy_columns = LEGACY_CONTACT_COLUMNS,
    .search = contact_search,
    .search_count = ARRAY_LENGTH(contact_search),
    .views = contact_views,
    .view_count = ARRAY_LENGTH(contact_views),
};

static const struct column resource_type_columns[] = {
    STRING("name", "name"),          STRING("name_plural", "namePlural"),
    BOOLEAN("venue", "venue"),       BOOLEAN("discountable", "discountable"),
    STRING("domain_id", "domainId"), CHOICE("status", "deleted", "Inactive", "Active", "Active"),
};

const struct entity entity_resource_types = {
    .name = "resource_types",
    .noun = "resource type",
    .table = "resource_types",
    .key = "resource_type_id",
    .state_table = "resource_type_state",
    .list_path = "/resource-type",
    .columns = resource_type_columns,
    .column_count = ARRAY_LENGTH(resource_type_columns),
};

const struct entity *const entities[] = {&entity_contacts, &entity_resource_types, NULL};

int entity_column(const struct entity *entity, const char *name)
{
    for (size_t i = 0; i < entity->column_count; i++)
        if (strcmp(entity->columns[i].name, name) == 0)
            return (int)i;
    return -1;
}
