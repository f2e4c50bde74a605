#include "contact.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE_MS                                                                                              \
    INT64_C(1751241600000) /* 2025-06-30: the populations of all seeds were last touched before it */
#define DAY_MS INT64_C(86400000)

#define USERS 12

void uuid_format(uint64_t key, char ret[static UUID_TEXT])
{
    static const char pattern[UUID_TEXT] = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
    uint64_t bits[2] = {rng_mix(key, 1), rng_mix(key, 2)};
    for (unsigned i = 0; i < UUID_TEXT - 1; i++) {
        unsigned nibble = bits[i / 19] & 15;
        ret[i] = pattern[i];
        if (pattern[i] == 'x')
            ret[i] = "0123456789abcdef"[nibble];
        else if (pattern[i] == 'y')
            ret[i] = "89ab"[nibble & 3];
        else
            continue;
        bits[i / 19] >>= 4;
    }
    ret[UUID_TEXT - 1] = '\0';
}

uint64_t contact_key(uint64_t seed, uint32_t index)
{
    return rng_mix(rng_mix(seed, 0xc0), index);
}

void contact_entry_id(const struct contact *c, enum list list, unsigned entry, char ret[static UUID_TEXT])
{
    uuid_format(rng_mix(c->key, 0x100U * (unsigned)list + entry), ret);
}

struct rng contact_stream(const struct contact *c, enum facet facet)
{
    uint64_t version = facet < FACET_EDITABLE_COUNT ? c->version[facet] : 0;
    return (struct rng){rng_mix(rng_mix(c->key, 0x1000U + (unsigned)facet), version)};
}

/* As contact_stream(), but the same whatever was edited: for what an edit of the facet leaves alone. */
static struct rng first_stream(const struct contact *c, enum facet facet)
{
    return (struct rng){rng_mix(rng_mix(c->key, 0x2000U + (unsigned)facet), 0)};
}

bool contact_is_organization(const struct contact *c)
{
    return rng_mix(c->key, 0x7) % 100 < 25;
}

static void init_dates(struct contact *c)
{
    struct rng r = contact_stream(c, FACET_FIXED);
    int64_t age = DAY_MS + (int64_t)(rng_unit(&r) * 1824.0 * (double)DAY_MS);
    c->created = (BASE_MS - age) / 1000 * 1000;
    c->edited = c->created;
    if (rng_chance(&r, 700)) {
        double unit = rng_unit(&r);
        c->edited += (int64_t)((1.0 - unit * unit) * (double)age) / 1000 * 1000;
    }
    c->created_by = (uint8_t)rng_below(&r, USERS);
    c->edited_by = (uint8_t)rng_below(&r, USERS);
    c->flagged_by = (uint8_t)rng_below(&r, USERS);
    c->flagged_at = c->edited;
}

void contact_init(struct contact *c, uint64_t seed, uint32_t index, double deleted_share)
{
    *c = (struct contact){.seed = seed, .index = index, .key = contact_key(seed, index)};
    uuid_format(c->key, c->id);
    init_dates(c);
    /* Spread evenly, so that the share is exact and those of a larger population begin with the same ones. */
    double before = floor((double)index * deleted_share / 100.0);
    c->flagged = floor(((double)index + 1.0) * deleted_share / 100.0) > before;
}

void contact_stale(struct contact *c)
{
    c->record = blob_unref(c->record);
    c->row = blob_unref(c->row);
    free(c->name);
    c->name = NULL;
}

/* An edit of the name must always be seen: a second family name that no other version has. */
static void rename_word(const struct contact *c, const struct alphabet *a, char name[static NAMES_WORD_MAX])
{
    unsigned version = c->version[FACET_NAME];
    if (!version)
        return;
    struct rng r = contact_stream(c, FACET_NAME);
    char second[NAMES_WORD_MAX];
    names_word(a, &r, 2, second);
    size_t at = strlen(name);
    (void)snprintf(name + at, NAMES_WORD_MAX - at, "-%.80s%s", second, names_syllable(a, version));
}

static void name_individual(const struct contact *c, struct persona *p, struct rng *r)
{
    names_word(p->alphabet, r, 1 + rng_below(r, 2), p->first);
    names_word(p->alphabet, r, 1 + rng_below(r, 3), p->last);
    if (rng_chance(r, 180))
        names_word(p->alphabet, r, 1, p->middle);
    bool no_first = rng_chance(r, 15), odd = rng_chance(r, 12), nameless = rng_chance(r, 2);
    const char *awkward = names_awkward(r);
    if (no_first)
        p->first[0] = '\0';
    if (odd && *awkward)
        (void)snprintf(p->last, sizeof(p->last), "%s", awkward);
    rename_word(c, p->alphabet, p->last);
    const char *joint = p->first[0] ? names_joint(p->alphabet) : "";
    bool turned = names_family_first(p->alphabet);
    (void)snprintf(p->name, sizeof(p->name), "%s%s%s", turned ? p->last : p->first, joint,
                   turned ? p->first : p->last);
    if (nameless && !c->version[FACET_NAME])
        p->name[0] = '\0';
}

static void name_organization(const struct contact *c, struct persona *p, struct rng *r)
{
    char word[NAMES_WORD_MAX];
    names_word(p->alphabet, r, 1 + rng_below(r, 3), word);
    const char *kind = names_company_kind(r);
    bool odd = rng_chance(r, 20);
    const char *awkward = names_awkward(r);
    if (odd && *awkward)
        (void)snprintf(word, sizeof(word), "%s", awkward);
    rename_word(c, p->alphabet, word);
    (void)snprintf(p->name, sizeof(p->name), "%s %s", word, kind);
    (void)snprintf(p->company, sizeof(p->company), "%s", p->name);
}

static void name_job(const struct contact *c, struct persona *p)
{
    struct rng r = first_stream(c, FACET_JOB);
    unsigned start = rng_below(&r, 1000), version = c->version[FACET_JOB];
    bool none = rng_chance(&r, 450), odd = rng_chance(&r, 20);
    if (version)
        (void)snprintf(p->job, sizeof(p->job), "%s %u", names_job(start + version), version);
    else if (!none)
        (void)snprintf(p->job, sizeof(p->job), "%s", odd ? names_awkward(&r) : names_job(start));
}

static void name_rest(const struct contact *c, struct persona *p)
{
    struct rng r = contact_stream(c, FACET_SHORT_NAME);
    unsigned version = c->version[FACET_SHORT_NAME];
    if (version || rng_chance(&r, 200)) {
        names_word(p->alphabet, &r, 1, p->short_name);
        size_t at = strlen(p->short_name);
        if (version)
            (void)snprintf(p->short_name + at, sizeof(p->short_name) - at, " %u", version);
    }
    r = contact_stream(c, FACET_BARCODE);
    version = c->version[FACET_BARCODE];
    if (version || rng_chance(&r, 150))
        (void)snprintf(p->barcode, sizeof(p->barcode), "%05u%07u", version, rng_below(&r, 10000000));
}

void contact_persona(const struct contact *c, struct persona *ret)
{
    memset(ret, 0, sizeof(*ret));
    struct rng r = first_stream(c, FACET_NAME);
    ret->alphabet = names_alphabet(&r);
    ret->organization = contact_is_organization(c);
    if (ret->organization) {
        name_organization(c, ret, &r);
    } else {
        name_individual(c, ret, &r);
        if (rng_chance(&r, 300)) {
            char word[NAMES_WORD_MAX];
            names_word(ret->alphabet, &r, 2, word);
            (void)snprintf(ret->company, sizeof(ret->company), "%s %s", word, names_company_kind(&r));
        }
        name_job(c, ret);
    }
    name_rest(c, ret);
}

/* In most lists the first is the default and both flag and id say so; in the others something is otherwise.
 */
static struct entries draw_entries(struct rng *r, unsigned count, bool edited)
{
    if (edited && !count)
        count = 1;
    struct entries e = {.count = count, .flagged = -1, .named = -1};
    unsigned dice = rng_below(r, 1000), chosen = rng_below(r, count);
    if (!count)
        return e;
    e.named = dice < 700 ? 0 : (int)chosen;
    e.flagged = e.named;
    if (dice % 10 == 9)
        e.named = -1;
    if (dice % 10 == 8)
        e.flagged = -1;
    if (dice % 20 == 7)
        e.flagged = (int)(count - 1);
    if (dice % 50 == 6)
        e.flagged = e.named = -1;
    return e;
}

struct entries contact_phones(const struct contact *c)
{
    static const unsigned char counts[20] = {0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 6};
    struct rng r = first_stream(c, FACET_PHONE);
    unsigned count = counts[rng_below(&r, 20)];
    return draw_entries(&r, count, c->version[FACET_PHONE]);
}

struct entries contact_addresses(const struct contact *c)
{
    static const unsigned char counts[10] = {0, 0, 0, 1, 1, 1, 1, 1, 2, 3};
    struct rng r = first_stream(c, FACET_ADDRESS);
    unsigned count = counts[rng_below(&r, 10)];
    return draw_entries(&r, count, c->version[FACET_ADDRESS]);
}

bool contact_mail_is_web(const struct contact *c, unsigned entry)
{
    uint64_t dice = rng_mix(c->key, 0x3000U + entry);
    if (c->version[FACET_EMAIL] && !entry)
        return false;
    return dice % 100 < (entry ? 40 : 2);
}

struct entries contact_mails(const struct contact *c)
{
    static const unsigned char counts[10] = {0, 1, 1, 1, 1, 1, 2, 2, 3, 4};
    struct rng r = first_stream(c, FACET_EMAIL);
    unsigned count = counts[rng_below(&r, 10)];
    struct entries e = draw_entries(&r, count, c->version[FACET_EMAIL]);
    if (e.named >= 0 && contact_mail_is_web(c, (unsigned)e.named))
        e.named = -1;
    if (e.flagged >= 0 && contact_mail_is_web(c, (unsigned)e.flagged))
        e.flagged = -1;
    return e;
}

void contact_mail(const struct contact *c, unsigned entry, char ret[static 2 * NAMES_WORD_MAX])
{
    static const char *const hosts[] = {"example.com", "example.org", "mail.example.com", "sub.example.org"};
    struct rng r = {rng_mix(contact_stream(c, FACET_EMAIL).state, entry)};
    char a[NAMES_WORD_MAX], b[NAMES_WORD_MAX];
    names_ascii(&r, 2, a);
    names_ascii(&r, 2, b);
    const char *host = hosts[rng_below(&r, 4)];
    unsigned tail = rng_below(&r, 1000) + c->version[FACET_EMAIL];
    if (contact_mail_is_web(c, entry))
        (void)snprintf(ret, 2 * NAMES_WORD_MAX, "https://www.%.60s%u.%s/%.60s?lang=en&x=1", a, tail, host, b);
    else
        (void)snprintf(ret, 2 * NAMES_WORD_MAX, "%.60s.%.60s%u@%s", a, b, tail, host);
}
