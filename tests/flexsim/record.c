#include "record.h"

#include <stdio.h>
#include <string.h>

#include "caltime.h"
#include "record_parts.h"

/* clang-format off */
enum field {
    ID, NAME, CREATED_BY, CREATED, EDITED_BY, EDITED, CODE, SHORT_NAME, DISPLAY, SHORT_OR_NAME, NARRATIVE,
    BARCODE, BARCODE_LABEL, RFID, NUMBER, SEQUENCE, EXTERNAL, ASSIGNED, DELETED, DELETED_BY, DELETED_DATE,
    MISSING, LINE_MUTE, NOTE_MUTE, CATALOGUE, PUBLIC_CATALOGUE, DISCOUNTABLE, MAX_DISCOUNT, IMPORTED,
    FIRST_NAME, MIDDLE_NAME, LAST_NAME, SALUTATION, BIRTHDAY, ORGANIZATION, COMPANY, JOB, EMPLOYER, MAIL_ID,
    PHONE_ID, FAX_ID, MAILING_ID, SHIPPING_ID, CREDIT, BILL_TO, BILL_TO_ID, TERMS_INHERITED, CURRENCY,
    PRICING, DISCOUNT, TERMS, TAX_RULE, HOMEBASE, CORPORATE, USER, DOMAIN, CLASS, ADDRESSES, MAILS, PHONES,
    TYPES, CONTACT_TYPES, TAGS, REFERENCE, FIELD_COUNT,
};

static const char *const field_names[] = {
    "id", "name", "createdByUserId", "createdDate", "lastEditUserId", "lastEditDate", "code", "shortName",
    "preferredDisplayString", "shortNameOrName", "narrativeDescription", "barcode", "barcodeLabel",
    "rfidTag", "number", "numberSequence", "externalNumber", "assignedNumber", "deleted", "deletedByUserId",
    "deletedByDate", "presumedMissing", "lineMuteByDefault", "noteMuteByDefault", "catalogueItem",
    "publicCatalogueItem", "discountable", "maxDiscount", "imported", "firstName", "middleName", "lastName",
    "salutation", "birthday", "organization", "company", "jobTitle", "employerId", "defaultEmailId",
    "defaultPhoneId", "defaultFaxId", "defaultMailingAddressId", "defaultShippingAddressId", "creditLimit",
    "defaultBillToContact", "defaultBillToContactId", "defaultTermsInherited", "currencyId",
    "defaultPricingModelId", "standardDiscountId", "standardTermsId", "standardTaxRuleId",
    "homebaseLocationId", "corporateEntityId", "associatedUserId", "domainId", "className", "addresses",
    "internetAddresses", "phoneNumbers", "resourceTypes", "contactTypes", "tagIds", "referenceData",
};
/* clang-format on */
_Static_assert(sizeof(field_names) / sizeof(field_names[0]) == FIELD_COUNT && FIELD_COUNT <= 64,
               "a name for each");

/* Never left out: without them nobody could tell what a test is about. */
#define BIT(field) (UINT64_C(1) << (field))
#define ALWAYS                                                                                               \
    (BIT(ID) | BIT(NAME) | BIT(CREATED) | BIT(EDITED_BY) | BIT(EDITED) | BIT(DELETED) | BIT(ORGANIZATION) |  \
     BIT(FIRST_NAME) | BIT(LAST_NAME))

struct writer {
    const struct contact *c;
    const struct persona *p;
    struct buf *b;
    uint64_t missing;
    struct rng r; /* for what is never edited, in the order of the fields */
};

static bool key(struct writer *w, enum field field)
{
    if (w->missing & BIT(field))
        return false;
    buf_char(w->b, field == ID ? '{' : ',');
    buf_char(w->b, '"');
    buf_puts(w->b, field_names[field]);
    buf_puts(w->b, "\":");
    return true;
}

static void put_text(struct writer *w, enum field field, const char *text)
{
    if (key(w, field))
        buf_json(w->b, text && *text ? text : NULL);
}

static void put_bool(struct writer *w, enum field field, bool value)
{
    if (key(w, field))
        buf_bool(w->b, value);
}

static void put_date(struct writer *w, enum field field, int64_t ms)
{
    char text[CALTIME_TEXT];
    caltime_local(ms, text);
    if (key(w, field))
        buf_json(w->b, ms ? text : NULL);
}

/* One of `count` things that the instance has, or null so many times out of 1,000. */
static void put_reference(struct writer *w, enum field field, uint32_t count, unsigned null_per_mille)
{
    char id[UUID_TEXT];
    uuid_format(rng_mix(rng_mix(w->c->seed, 0x9000U + (unsigned)field), rng_below(&w->r, count)), id);
    put_text(w, field, rng_chance(&w->r, null_per_mille) ? NULL : id);
}

static void put_user(struct writer *w, enum field field, unsigned user)
{
    char id[UUID_TEXT];
    uuid_format(rng_mix(rng_mix(w->c->seed, 0xa0), user), id);
    put_text(w, field, id);
}

static void put_entry(struct writer *w, enum field field, enum list list, int entry)
{
    char id[UUID_TEXT] = "";
    if (entry >= 0)
        contact_entry_id(w->c, list, (unsigned)entry, id);
    put_text(w, field, id);
}

/* An earlier contact, an organization where that is asked for; null so many times out of 1,000. */
static void put_contact(struct writer *w, enum field field, bool organization, unsigned null_per_mille)
{
    char id[UUID_TEXT] = "";
    bool none = rng_chance(&w->r, null_per_mille) || !w->c->index;
    for (int tries = 0; tries < 12 && !none && !*id; tries++) {
        struct contact other = {.key = contact_key(w->c->seed, rng_below(&w->r, w->c->index))};
        if (!organization || contact_is_organization(&other))
            uuid_format(other.key, id);
    }
    put_text(w, field, id);
}

static void put_identity(struct writer *w)
{
    const struct contact *c = w->c;
    const struct persona *p = w->p;
    put_text(w, ID, c->id);
    put_text(w, NAME, p->name);
    put_user(w, CREATED_BY, c->created_by);
    put_date(w, CREATED, c->created);
    put_user(w, EDITED_BY, c->edited_by);
    put_date(w, EDITED, c->edited);
    put_text(w, CODE, rng_chance(&w->r, 60) ? names_awkward(&w->r) : NULL);
    put_text(w, SHORT_NAME, p->short_name);
    put_text(w, DISPLAY, p->short_name[0] && c->key % 4 == 0 ? p->short_name : NULL);
    put_text(w, SHORT_OR_NAME, p->short_name[0] ? p->short_name : p->name);
    if (key(w, NARRATIVE))
        part_narrative(c, p->alphabet, w->b);
}

static void put_numbers(struct writer *w)
{
    char text[64];
    put_text(w, BARCODE, w->p->barcode);
    put_text(w, BARCODE_LABEL, NULL);
    (void)snprintf(text, sizeof(text), "E200%08X", rng_below(&w->r, UINT32_MAX));
    put_text(w, RFID, rng_chance(&w->r, 50) ? text : NULL);
    (void)snprintf(text, sizeof(text), "C-%06u", w->c->index + 1000);
    put_text(w, NUMBER, rng_chance(&w->r, 900) ? text : NULL);
    if (key(w, SEQUENCE))
        buf_printf(w->b, "%u", w->c->index + 1000);
    (void)snprintf(text, sizeof(text), "00%u", rng_below(&w->r, 100000));
    bool odd = rng_chance(&w->r, 40), present = rng_chance(&w->r, 300);
    put_text(w, EXTERNAL, odd ? names_awkward(&w->r) : present ? text : NULL);
    put_text(w, ASSIGNED, NULL);
}

static void put_flags(struct writer *w)
{
    const struct contact *c = w->c;
    put_bool(w, DELETED, c->flagged);
    if (c->flagged)
        put_user(w, DELETED_BY, c->flagged_by);
    else
        put_text(w, DELETED_BY, NULL);
    put_date(w, DELETED_DATE, c->flagged ? c->flagged_at : 0);
    for (enum field f = MISSING; f <= PUBLIC_CATALOGUE; f++)
        put_bool(w, f, rng_chance(&w->r, 30));
    put_bool(w, DISCOUNTABLE, rng_chance(&w->r, 800));
    bool limited = rng_chance(&w->r, 200);
    unsigned discount = rng_below(&w->r, 40);
    if (key(w, MAX_DISCOUNT)) {
        if (limited)
            buf_printf(w->b, "%u.5", discount);
        else
            buf_puts(w->b, "null");
    }
    put_bool(w, IMPORTED, rng_chance(&w->r, 100));
}

static void put_person(struct writer *w)
{
    static const char *const salutations[] = {"Ms", "Mr.", "Dr.", "Frau", "Mx", "様"};
    const struct persona *p = w->p;
    char birthday[CALTIME_TEXT];
    put_text(w, FIRST_NAME, p->first);
    put_text(w, MIDDLE_NAME, p->middle);
    put_text(w, LAST_NAME, p->last);
    const char *salutation = salutations[rng_below(&w->r, 6)];
    put_text(w, SALUTATION, !p->organization && rng_chance(&w->r, 150) ? salutation : NULL);
    caltime_local(-INT64_C(630720000000) + (int64_t)rng_below(&w->r, 18000) * 86400000, birthday);
    put_text(w, BIRTHDAY, !p->organization && rng_chance(&w->r, 60) ? birthday : NULL);
    put_bool(w, ORGANIZATION, p->organization);
    put_text(w, COMPANY, p->company);
    put_text(w, JOB, p->job);
    put_contact(w, EMPLOYER, true, p->organization ? 1000 : 750);
}

static void put_defaults(struct writer *w)
{
    struct entries phones = contact_phones(w->c), addresses = contact_addresses(w->c);
    put_entry(w, MAIL_ID, LIST_MAILS, contact_mails(w->c).named);
    put_entry(w, PHONE_ID, LIST_PHONES, phones.named);
    put_entry(w, FAX_ID, LIST_PHONES, phones.count > 2 ? 2 : -1);
    put_entry(w, MAILING_ID, LIST_ADDRESSES, addresses.named);
    put_entry(w, SHIPPING_ID, LIST_ADDRESSES, addresses.flagged);
}

static void put_money(struct writer *w)
{
    struct rng r = contact_stream(w->c, FACET_CREDIT);
    unsigned version = w->c->version[FACET_CREDIT], dice = rng_below(&r, 100);
    if (key(w, CREDIT)) {
        if (version)
            buf_printf(w->b, "%u.%02u", 500 + version, dice);
        else
            buf_puts(w->b, dice < 55 ? "null" : dice < 75 ? "0.00" : dice < 95 ? "2500.00" : "1.2E+6");
    }
    bool other = rng_chance(&w->r, 120);
    put_bool(w, BILL_TO, !other && rng_chance(&w->r, 700));
    put_contact(w, BILL_TO_ID, false, other ? 0 : 1000);
    put_bool(w, TERMS_INHERITED, rng_chance(&w->r, 500));
    put_reference(w, CURRENCY, 3, 200);
    put_reference(w, PRICING, 4, 600);
    put_reference(w, DISCOUNT, 5, 900);
    put_reference(w, TERMS, 4, 800);
    put_reference(w, TAX_RULE, 3, 700);
    put_reference(w, HOMEBASE, 6, 800);
    put_reference(w, CORPORATE, 2, 700);
    put_reference(w, USER, 12, 950);
    put_text(w, DOMAIN, "contact");
    put_text(w, CLASS, "CONTACT");
}

static void put_structures(struct writer *w)
{
    if (key(w, ADDRESSES))
        part_addresses(w->c, w->p->alphabet, w->b);
    if (key(w, MAILS))
        part_mails(w->c, w->b);
    if (key(w, PHONES))
        part_phones(w->c, w->b);
    if (key(w, TYPES))
        part_types(w->c, w->b);
    unsigned dice = rng_below(&w->r, 100);
    if (key(w, CONTACT_TYPES))
        buf_puts(w->b, dice < 90 ? "null" : "[]");
    if (key(w, TAGS))
        buf_puts(w->b, dice < 80 ? "null" : "[\"vip\",\"net 30\"]");
    if (key(w, REFERENCE))
        part_reference(w->c, w->b);
    part_unknown(w->c, w->b);
}

/* Two of the lesser fields are never sent by an instance; two records of a hundred miss up to three others.
 */
static uint64_t missing_fields(const struct contact *c)
{
    static const enum field lesser[] = {BARCODE_LABEL, ASSIGNED, MISSING,      LINE_MUTE,
                                        NOTE_MUTE,     SEQUENCE, CONTACT_TYPES};
    uint64_t instance = rng_mix(c->seed, 0xb0);
    uint64_t missing = BIT(lesser[instance % 7]) | BIT(lesser[(instance / 7) % 7]);
    struct rng r = contact_stream(c, FACET_SHAPE);
    if (rng_chance(&r, 20))
        for (unsigned i = 1 + rng_below(&r, 3); i; i--)
            missing |= BIT(rng_below(&r, FIELD_COUNT));
    return missing & ~ALWAYS;
}

void record_render(const struct contact *c, struct buf *b)
{
    struct persona p;
    contact_persona(c, &p);
    struct writer w = {.c = c, .p = &p, .b = b, .missing = missing_fields(c)};
    w.r = (struct rng){contact_stream(c, FACET_FIXED).state + 77};
    put_identity(&w);
    put_numbers(&w);
    put_flags(&w);
    put_person(&w);
    put_defaults(&w);
    put_money(&w);
    put_structures(&w);
    buf_char(b, '}');
}

static void row_text(struct buf *b, const char *lead, const char *text)
{
    buf_puts(b, lead);
    buf_json(b, *text ? text : NULL);
}

void record_render_row(const struct contact *c, const struct persona *p, struct buf *b)
{
    row_text(b, "{\"id\":", c->id);
    row_text(b, ",\"name\":", p->name);
    row_text(b, ",\"preferredDisplayString\":", c->key % 4 == 0 ? p->short_name : "");
    row_text(b, ",\"barcode\":", p->barcode);
    buf_puts(b, c->flagged ? ",\"deleted\":true" : ",\"deleted\":false");
    row_text(b, ",\"shortName\":", p->short_name);
    buf_puts(b, ",\"domainId\":\"contact\",\"className\":\"CONTACT\"");
    row_text(b, ",\"shortNameOrName\":", p->short_name[0] ? p->short_name : p->name);
    buf_char(b, '}');
}

/* What stands in `url` of the default e-mail address. */
static void found_mail(const struct contact *c, char ret[static 2 * NAMES_WORD_MAX])
{
    struct entries e = contact_mails(c);
    int chosen = e.named >= 0 ? e.named : e.flagged >= 0 ? e.flagged : e.count ? 0 : -1;
    ret[0] = '\0';
    if (chosen >= 0)
        contact_mail(c, (unsigned)chosen, ret);
}

void record_render_found(const struct contact *c, const struct persona *p, struct buf *b)
{
    char mail[2 * NAMES_WORD_MAX];
    found_mail(c, mail);
    row_text(b, "{\"id\":", c->id);
    row_text(b, ",\"name\":", p->name);
    row_text(b, ",\"company\":", p->company);
    row_text(b, ",\"jobTitle\":", p->job);
    row_text(b, ",\"email\":", mail);
    buf_puts(b, ",\"resourceTypes\":");
    part_type_names(c, b);
    buf_puts(b, p->organization ? ",\"organization\":true}" : ",\"organization\":false}");
}
