/*
 * A contact is a key, from which everything random about it follows, and a version number for each group of
 * fields that can be edited. So an edit is a new number, undoing it is the old one, and a record is rendered
 * from nothing but this struct. Nothing here depends on the clock of the machine.
 */
#ifndef FLEXSIM_CONTACT_H
#define FLEXSIM_CONTACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blob.h"
#include "names.h"
#include "rng.h"

#define UUID_TEXT 37

enum facet {
    FACET_NAME, /* the first three show in a listed row */
    FACET_SHORT_NAME,
    FACET_BARCODE,
    FACET_VISIBLE_COUNT,
    FACET_PHONE = FACET_VISIBLE_COUNT,
    FACET_EMAIL,
    FACET_ADDRESS,
    FACET_JOB,
    FACET_NARRATIVE,
    FACET_CREDIT,
    FACET_REFERENCE,
    FACET_EDITABLE_COUNT,
    FACET_FIXED = FACET_EDITABLE_COUNT, /* what nobody edits */
    FACET_SHAPE,                        /* which fields are sent */
};

struct contact {
    uint64_t seed; /* of the whole population: what this instance sends, who its users are */
    uint64_t key;
    uint32_t index;
    char id[UUID_TEXT];
    bool flagged; /* deleted: true, but still there */
    bool removed; /* gone: not listed, and its address answers as enum unknown says */
    bool denied;  /* listed, but its record is refused */
    bool own_way; /* its address answers by `unknown`, not as the settings say */
    uint8_t unknown;
    uint32_t merged_into; /* where it is removed: the place of the survivor, plus one; 0: none */
    uint8_t created_by, edited_by, flagged_by;
    uint16_t edits;
    uint16_t version[FACET_EDITABLE_COUNT];
    int64_t created, edited, flagged_at; /* milliseconds, local time */
    int64_t placed;                      /* its place in the order of edits; 0: where `edited` belongs */
    uint64_t edit_order;                 /* tells edits of one millisecond apart */
    uint64_t details_epoch;              /* of the statistics that saw it fetched */
    struct blob *record;                 /* rendered; NULL when an edit made them stale */
    struct blob *row;
    char *name;
};

/* The contact that a population of this seed has at this place. `deleted_share` in percent. */
void contact_init(struct contact *c, uint64_t seed, uint32_t index, double deleted_share);
/* Forgets what was rendered. */
void contact_stale(struct contact *c);

struct rng contact_stream(const struct contact *c, enum facet facet);
bool contact_is_organization(const struct contact *c);

/* What the names come to. Texts are empty where there is none. */
struct persona {
    const struct alphabet *alphabet;
    bool organization;
    char first[NAMES_WORD_MAX], middle[NAMES_WORD_MAX], last[NAMES_WORD_MAX];
    char name[3 * NAMES_WORD_MAX]; /* as listed; empty: null */
    char company[3 * NAMES_WORD_MAX];
    char job[2 * NAMES_WORD_MAX];
    char short_name[2 * NAMES_WORD_MAX];
    char barcode[32];
};

void contact_persona(const struct contact *c, struct persona *ret);

/* Which of the e-mail addresses, phone numbers and postal addresses there are, and which is the default. */
struct entries {
    unsigned count;
    int flagged; /* the one with the default flag, -1: none */
    int named;   /* the one that default…Id names, -1: none */
};

struct entries contact_phones(const struct contact *c);
struct entries contact_addresses(const struct contact *c);
/* Web addresses stand in the same list; only an e-mail address is ever a default one. */
struct entries contact_mails(const struct contact *c);
bool contact_mail_is_web(const struct contact *c, unsigned entry);
void contact_mail(const struct contact *c, unsigned entry, char ret[static 2 * NAMES_WORD_MAX]);

/* Ids: of a contact by its place, of things that belong to one, of things of the whole instance. */
void uuid_format(uint64_t key, char ret[static UUID_TEXT]);
uint64_t contact_key(uint64_t seed, uint32_t index);
enum list { LIST_PHONES = 1, LIST_MAILS, LIST_ADDRESSES };
void contact_entry_id(const struct contact *c, enum list list, unsigned entry, char ret[static UUID_TEXT]);

#endif
