#include "record_parts.h"

#include "record.h"

#include <stdio.h>
#include <stdlib.h>

struct resource_type {
    const char *name, *plural;
    bool venue, deleted, discountable;
};

static const struct resource_type resource_types[] = {
    {"Client", "Clients", false, false, true},
    {"Vendor", "Vendors", false, false, false},
    {"Venue", "Venues", true, false, false},
    {"Employee", "Employees", false, false, false},
    {"Freelance Labor", "Freelance Labor", false, false, true},
    {"Shipper", "Shippers", false, false, false},
    {"Manufacturer", "Manufacturers", false, false, false},
    {"Prospect", "Prospects", false, false, true},
    {"Künstler & Bühne", "Künstler & Bühnen", false, false, true},
    {"Old \"Agency\"", "Old Agencies", false, true, false},
};
#define RESOURCE_TYPES (sizeof(resource_types) / sizeof(resource_types[0]))

static void member(struct buf *b, const char *name)
{
    if (b->len && b->data[b->len - 1] != '{')
        buf_char(b, ',');
    buf_json(b, name);
    buf_char(b, ':');
}

static void text_member(struct buf *b, const char *name, const char *value)
{
    member(b, name);
    buf_json(b, value);
}

static void bool_member(struct buf *b, const char *name, bool value)
{
    member(b, name);
    buf_bool(b, value);
}

static void open_entry(const struct contact *c, enum list list, unsigned entry, const char *name,
                       struct buf *b)
{
    char id[UUID_TEXT];
    contact_entry_id(c, list, entry, id);
    buf_puts(b, entry ? ",{" : "{");
    text_member(b, "id", id);
    text_member(b, "name", name);
}

/* Some instances say state and zip instead. */
static void address_place(const struct alphabet *a, bool other_names, struct rng *r, struct buf *b)
{
    char city[NAMES_WORD_MAX], state[NAMES_WORD_MAX], code[32];
    names_word(a, r, 2, city);
    names_word(a, r, 1, state);
    bool stateless = rng_chance(r, 600);
    (void)snprintf(code, sizeof(code), "%05u", rng_below(r, 100000));
    text_member(b, "city", city);
    text_member(b, other_names ? "state" : "stateOrProvince", stateless ? NULL : state);
    text_member(b, other_names ? "zip" : "postalCode", code);
    text_member(b, "country", rng_chance(r, 150) ? NULL : names_country(r));
}

void part_addresses(const struct contact *c, const struct alphabet *a, struct buf *b)
{
    static const char *const kinds[] = {"Office", "Warehouse", "Billing"};
    struct entries e = contact_addresses(c);
    bool other_names = rng_mix(c->key, 0x41) % 100 < 3;
    buf_char(b, '[');
    for (unsigned i = 0; i < e.count; i++) {
        struct rng r = {rng_mix(contact_stream(c, FACET_ADDRESS).state, i)};
        char street[NAMES_WORD_MAX], line[NAMES_WORD_MAX + 16];
        names_word(a, &r, 3, street);
        (void)snprintf(line, sizeof(line), "%s %u", street,
                       rng_below(&r, 200) + 1 + c->version[FACET_ADDRESS]);
        open_entry(c, LIST_ADDRESSES, i, kinds[i % 3], b);
        text_member(b, "line1", line);
        text_member(b, "line2", rng_chance(&r, 150) ? names_awkward(&r) : NULL);
        text_member(b, "line3", NULL);
        address_place(a, other_names, &r, b);
        bool_member(b, "defaultShipping", (int)i == e.flagged);
        bool_member(b, "defaultMailing", (int)i == e.flagged);
        buf_char(b, '}');
    }
    buf_char(b, ']');
}

void part_mails(const struct contact *c, struct buf *b)
{
    struct entries e = contact_mails(c);
    buf_char(b, '[');
    for (unsigned i = 0; i < e.count; i++) {
        char url[2 * NAMES_WORD_MAX];
        contact_mail(c, i, url);
        open_entry(c, LIST_MAILS, i, contact_mail_is_web(c, i) ? "Website" : i ? "Private" : "Work", b);
        text_member(b, "url", url);
        bool_member(b, "defaultEmail", (int)i == e.flagged);
        bool_member(b, "defaultWebsite", contact_mail_is_web(c, i));
        buf_char(b, '}');
    }
    buf_char(b, ']');
}

void part_phones(const struct contact *c, struct buf *b)
{
    static const char *const kinds[] = {"Work", "Mobile", "Fax", "Home", "Dock", "Night"};
    static const char *const countries[] = {"1", "44", "49", "+33", "81", ""};
    struct entries e = contact_phones(c);
    buf_char(b, '[');
    for (unsigned i = 0; i < e.count; i++) {
        struct rng r = {rng_mix(contact_stream(c, FACET_PHONE).state, i)};
        char dial[64], area[16];
        (void)snprintf(area, sizeof(area), "%03u", 200 + rng_below(&r, 700));
        bool has_area = rng_chance(&r, 500), has_country = rng_chance(&r, 700);
        unsigned number = rng_below(&r, 10000), tail = rng_below(&r, 100);
        (void)snprintf(dial, sizeof(dial), has_area ? "555-%04u %02u" : "(555) 01%05u %02u", number, tail);
        open_entry(c, LIST_PHONES, i, kinds[i % 6], b);
        text_member(b, "dialNumber", dial);
        text_member(b, "countryCode", has_country ? countries[rng_below(&r, 6)] : NULL);
        text_member(b, "areaCode", has_area ? area : NULL);
        bool_member(b, "defaultPhone", (int)i == e.flagged);
        bool_member(b, "defaultFax", false);
        buf_char(b, '}');
    }
    buf_char(b, ']');
}

/* Client for most, now and then two, seldom none. */
static unsigned types_of(const struct contact *c, size_t ret[static 2])
{
    uint64_t dice = rng_mix(c->key, 0x51);
    ret[0] = dice % 100 < 60 ? 0 : dice / 100 % RESOURCE_TYPES;
    ret[1] = (ret[0] + 1 + dice / 1000 % (RESOURCE_TYPES - 1)) % RESOURCE_TYPES;
    return dice / 100000 % 100 < 5 ? 0 : dice / 100000 % 100 < 80 ? 1 : 2;
}

static void resource_type(size_t number, struct buf *b)
{
    const struct resource_type *t = &resource_types[number];
    char id[UUID_TEXT];
    uuid_format(rng_mix(0x7e50, number), id);
    buf_char(b, '{');
    text_member(b, "id", id);
    text_member(b, "name", t->name);
    text_member(b, "namePlural", t->plural);
    bool_member(b, "venue", t->venue);
    bool_member(b, "deleted", t->deleted);
    bool_member(b, "discountable", t->discountable);
    text_member(b, "domainId", "resource-type");
    buf_char(b, '}');
}

void record_render_types(struct buf *b)
{
    for (size_t i = 0; i < RESOURCE_TYPES; i++) {
        buf_char(b, i ? ',' : '[');
        resource_type(i, b);
    }
    buf_char(b, ']');
}

void part_types(const struct contact *c, struct buf *b)
{
    size_t types[2];
    unsigned n = types_of(c, types);
    buf_char(b, '[');
    for (unsigned i = 0; i < n; i++) {
        if (i)
            buf_char(b, ',');
        resource_type(types[i], b);
    }
    buf_char(b, ']');
}

void part_type_names(const struct contact *c, struct buf *b)
{
    size_t types[2];
    char text[128] = "";
    unsigned n = types_of(c, types);
    if (n)
        (void)snprintf(text, sizeof(text), "%s%s%s", resource_types[types[0]].name, n > 1 ? ", " : "",
                       n > 1 ? resource_types[types[1]].name : "");
    buf_json(b, text);
}

void part_reference(const struct contact *c, struct buf *b)
{
    struct rng r = contact_stream(c, FACET_REFERENCE);
    unsigned version = c->version[FACET_REFERENCE], dice = rng_below(&r, 100);
    if (!version && dice < 40) {
        buf_puts(b, dice < 10 ? "null" : "{}");
        return;
    }
    buf_char(b, '{');
    member(b, "revision");
    buf_int(b, version);
    member(b, "score");
    unsigned whole = rng_below(&r, 100), tenth = rng_below(&r, 10);
    buf_printf(b, "%u.%u0", whole, tenth);
    if (dice % 3 == 0)
        text_member(b, "note", names_awkward(&r));
    if (dice % 4 == 0)
        buf_printf(b, ",\"tags\":[\"%u\",null,{\"deep\":[[1.0E+3],[-0]]}],\"\":\"no name\"", dice);
    buf_char(b, '}');
}

/* None for most; a sentence or a page for some; some 10 kB for a few. */
static unsigned narrative_length(const struct contact *c, struct rng *r)
{
    unsigned dice = rng_below(r, 1000);
    if (dice < 600 && !c->version[FACET_NARRATIVE])
        return 0;
    if (dice < 950)
        return 40 + rng_below(r, 300);
    return dice < 990 ? 500 + rng_below(r, 1500) : 4000 + rng_below(r, 8000);
}

void part_narrative(const struct contact *c, const struct alphabet *a, struct buf *b)
{
    static const char *const marks[] = {" ",  " ",  " ",   " ",  " ",         ", ",
                                        ". ", "; ", " – ", "\n", ".\r\n\r\n", "\t"};
    struct rng r = contact_stream(c, FACET_NARRATIVE);
    unsigned length = narrative_length(c, &r);
    if (!length) {
        buf_puts(b, "null");
        return;
    }
    struct buf text = {0};
    if (c->version[FACET_NARRATIVE])
        buf_printf(&text, "[%u] ", (unsigned)c->version[FACET_NARRATIVE]);
    while (text.len < length && !text.failed) {
        char word[NAMES_WORD_MAX];
        names_word(a, &r, rng_below(&r, 4), word);
        buf_puts(&text, rng_chance(&r, 8) ? names_awkward(&r) : word);
        buf_puts(&text, marks[rng_below(&r, sizeof(marks) / sizeof(marks[0]))]);
    }
    char *plain = buf_take(&text);
    b->failed |= !plain;
    buf_json(b, plain);
    free(plain);
}

void part_unknown(const struct contact *c, struct buf *b)
{
    uint64_t dice = rng_mix(c->key, 0x61);
    unsigned kind = (unsigned)(dice % 100);
    if (kind < 3)
        buf_printf(b, ",\"loyaltyPoints\":%llu", (unsigned long long)(dice >> 40));
    if (kind == 3 || kind == 4)
        buf_puts(b, ",\"pronouns\":\"they/them\",\"consent\":{\"newsletter\":false,\"since\":null}");
    if (kind == 5)
        buf_puts(b, ",\"extension.v2\":[{\"key\":\"a b\",\"value\":[true,null,1.50]}],\"größe\":\"XL\"");
    if (kind == 6)
        buf_printf(b, ",\"legacyNumber\":%llu%llu", (unsigned long long)(dice >> 20),
                   (unsigned long long)(dice | 1) % 10000);
}
