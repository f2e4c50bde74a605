/*
 * All contacts there are, were and have become: found by id or place, edited, added, taken away and brought
 * back. Records and rows are rendered once and kept until an edit. Not thread-safe: the caller holds the
 * lock, and refers to blobs that outlive it by blob_ref().
 */
#ifndef FLEXSIM_POPULATION_H
#define FLEXSIM_POPULATION_H

#include "contact.h"

#define POPULATION_MAX 5000000

struct population;

enum edit_kind {
    EDIT_VISIBLE, /* the listed row changes too */
    EDIT_HIDDEN,  /* only the record does */
    EDIT_RENAME,
    EDIT_REVERT,    /* the content is as it was at first; the date of the edit is not */
    EDIT_CONCEALED, /* hidden, and the order of edits does not show it either */
};

enum pick {
    PICK_LIVE, /* listed and not flagged as deleted */
    PICK_EDITED,
    PICK_FLAGGED,
    PICK_REMOVED,
};

/* All records rendered beforehand. 0 or -1: no memory. */
int population_new(uint64_t seed, uint32_t count, double deleted_share, struct population **ret);
struct population *population_free(struct population *p);

uint32_t population_count(const struct population *p);  /* places, removed ones included */
uint32_t population_listed(const struct population *p); /* those that the listing has */
uint32_t population_flagged(const struct population *p);
uint64_t population_edits(const struct population *p);
/* Moves whenever a listing could be another one than before. */
uint64_t population_generation(const struct population *p);

struct contact *population_at(struct population *p, uint32_t place);
struct contact *population_find(struct population *p, const char *id); /* removed ones too */

/* Up to `n` different ones at random into `ret`; how many there were. */
uint32_t population_pick(struct population *p, enum pick what, struct rng *r, uint32_t n, uint32_t *ret);
/* One live one, or NULL. */
struct contact *population_pick_one(struct population *p, struct rng *r);

/* Times are milliseconds of local time; `r` says what is changed and by whom. */
void population_edit(struct population *p, struct contact *c, enum edit_kind kind, struct rng *r,
                     int64_t now);
struct contact *population_add(struct population *p, int64_t now); /* NULL: no memory or full */
void population_remove(struct population *p, struct contact *c);
void population_flag(struct population *p, struct contact *c, struct rng *r, int64_t now);
/* Removed ones come back as they were; the flag of flagged ones is taken away by an edit. */
void population_restore(struct population *p, struct contact *c, struct rng *r, int64_t now);

/* Borrowed, valid until the next edit; NULL: no memory. */
struct blob *population_record(struct contact *c);
struct blob *population_row(struct contact *c);
const char *population_name(struct contact *c);

#endif
