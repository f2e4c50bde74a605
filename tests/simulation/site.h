/*
 * site: a made-up site under a virtual clock, as freshness.md section 4 describes it: people who are edited
 * in Poisson processes of very different rates, some of whose edits show in the listing.
 *
 * It answers listings and records as text, and knows the truth: how many people a copy has as they are, and
 * for how long the others have been out of date. Times are microseconds of the simulation.
 */
#ifndef SIMULATION_SITE_H
#define SIMULATION_SITE_H

#include "flexsync/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SITE_ID_MAX 16

/* What the address of a record answers. */
enum site_way {
    SITE_ANSWERS,
    SITE_UNKNOWN, /* the server says that there is no such record */
    SITE_USELESS, /* something that is no record, for ever */
    SITE_FAILS,   /* 500, for ever */
    SITE_MERGED,  /* another record */
    SITE_DENIED,  /* the key's user may not see it */
    SITE_WAYS
};

struct person {
    double rate;            /* edits a day */
    double shown;           /* share of them that the listing shows */
    int64_t created;        /* seconds */
    int64_t edited;         /* seconds: lastEditDate */
    unsigned hidden, named; /* edits of either kind */
    bool listed;            /* false: deleted */
    enum site_way way;
    size_t survivor;     /* SITE_MERGED */
    bool poisoned;       /* its row in the listing is no JSON */
    size_t newer, older; /* neighbours in the order of edits; SITE_END */
    int64_t missed;      /* since when the copy is out of date; 0: it is as here */
};

#define SITE_END SIZE_MAX

struct site {
    struct person *people; /* owned */
    size_t count, room, listed;
    size_t newest, oldest; /* ends of the order of edits */
    double *cumulative;    /* of the rates, for drawing one; owned */
    int64_t next_edit;     /* INT64_MAX: nobody edits any more */
    uint64_t seed;

    unsigned size_max;         /* rows that a page may have */
    bool honours_edits;        /* sort=lastEditDate */
    bool reorders;             /* without a sort that it honours, every page in another order */
    double births, deaths;     /* a day */
    enum site_way removed_way; /* what the address of those who are removed answers */

    /* What is measured since site_measure(). */
    int64_t measured_from, counted_at;
    size_t current;     /* people whose copy is as here */
    double current_sum; /* of it over time, person microseconds */
    double all_sum;
    double age_sum; /* of the ages of those out of date, microseconds squared */
};

/* So many people, the last edit of each drawn from its past. Nobody was copied yet. */
void site_make(struct site *site, size_t count, uint64_t seed, int64_t now);
void site_free(struct site *site);

/* Edits, births and deaths up to `now`. */
void site_advance(struct site *site, int64_t now);

/* Nothing happens any more. */
void site_rest(struct site *site);

/* A change by hand. */
size_t site_add(struct site *site, int64_t now);
void site_edit(struct site *site, size_t person, bool named, int64_t now);
void site_remove(struct site *site, size_t person, enum site_way way, int64_t now);
void site_restore(struct site *site, size_t person, int64_t now);

/* Number of an id, or SITE_END. */
size_t site_find(const struct site *site, const char *id);

/* The answer to a listing and to a record, NULL for one that does not answer; the caller frees it. */
char *site_page(struct site *site, const struct source_page *page);
char *site_record(const struct site *site, size_t person);

/* The copy has this person as it is now. */
void site_copied(struct site *site, size_t person, int64_t now);

/* Measures from now on. */
void site_measure(struct site *site, int64_t now);

/* Share of people whose copy was current, and mean age of all, days, since site_measure(). */
double site_freshness(struct site *site, int64_t now);
double site_age(struct site *site, int64_t now);

/* The standard exponential and normal distributions. */
double site_draw_exponential(uint64_t *seed);
double site_draw_normal(uint64_t *seed);

#endif
