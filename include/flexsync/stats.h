/*
 * stats: the few figures that one cycle leaves to the next: the planner's prior, how often a listing pays,
 * the pace of background work, and what is known of the edit-ordered feed.
 *
 * They are kept in `meta`, a row each, in plain text. One that is missing or cannot be read has its start
 * value. Points in time are whole seconds since 1970 (UTC); 0: never.
 */
#ifndef FLEXSYNC_STATS_H
#define FLEXSYNC_STATS_H

#include "flexsync/feed.h"
#include "flexsync/planner.h"
#include "flexsync/sink.h"

#include <stdint.h>

#define STATS_FEED_COST                                                                                      \
    2 /* requests of a reading of the feed that finds nothing: a page, its first record                      \
       */

struct stats {
    struct planner_prior prior;
    int64_t fitted, fitted_at; /* the prior: to how many records, and when */
    double theta;              /* running mean of the benefit of a plan's choices */
    double edits;              /* a day, of all records together, as estimated */
    int64_t tight;             /* in the last plan, signals competed with all others for the budget */

    int64_t listed_at;    /* the last listing that was whole */
    int64_t listed_total; /* and how many it named */
    int64_t listed_pages; /* answers it took */
    int64_t zero_based;   /* its pages are numbered from 0 */
    int64_t doubted;      /* an answer contradicted it since: it is to be read again */
    int64_t storms;       /* syncs in a row in which the server did not know most of what it lists */
    int64_t page_size; /* rows of a page that the server could give in time; 0: as many as were asked for */
    int64_t page_size_at; /* when that was found */
    double signals;       /* edits and new ones that listings show, a day */

    double
        tokens; /* requests that background work may send beyond what accrues; below 0: ahead of its pace */
    int64_t paced_at;

    int64_t verdict; /* enum feed_verdict */
    int64_t judged_at;
    int64_t feed_at;         /* when it was last read */
    int64_t feed_read_at;    /* when it was last read to the end, 0: nothing is promised */
    int64_t feed_newest;     /* and the latest of the server's dates then; 0: none */
    int64_t feed_by_instant; /* its order contradicted dates, and no edit did that: see feed.h */
};

/* Reads them; start values where there are none. */
int stats_load(struct stats *stats, const struct sink *sink, struct error *err);

/* Writes those that differ from `before`, in no transaction of their own: each is true by itself. */
int stats_save(const struct stats *stats, const struct stats *before, const struct sink *sink, int64_t now,
               struct error *err);

/*
 * The pace of background work: `budget` requests accrue a day, up to `most` (at least 8), since the last
 * call. Returns the tokens.
 */
double stats_accrue(struct stats *stats, double budget, double most, int64_t now);

/* So many requests were sent. The debt is a day's budget at the most. */
void stats_spend(struct stats *stats, double budget, int64_t requests);

/* A whole listing came, of so many pages and ids; it showed so many edits and new ones since the last. */
void stats_listed(struct stats *stats, int64_t pages, int64_t total, int64_t signals, int64_t now);

/*
 * Rows of a page to ask for, where the settings want `wanted`: what the server could give in time, or, some
 * days after that was found, twice as many.
 */
unsigned stats_page_size(const struct stats *stats, unsigned wanted, int64_t now);

/* A listing was read with pages of `size` rows, where the settings want `wanted`. */
void stats_paged(struct stats *stats, unsigned size, unsigned wanted, int64_t now);

/* Is another whole listing worth its pages? */
bool stats_listing_is_due(const struct stats *stats, double budget, int64_t now);

/*
 * May the feed be read again? `cost`: requests of a reading; at most a fifth of the budget is spent on it.
 * Where more edits are known than can be fetched, it is as with listings: knowing of further ones is worth
 * less than fetching.
 */
bool stats_feed_is_due(const struct stats *stats, double budget, int64_t cost, int64_t now);

/* Is it time to find out (again) whether the server honours the order of edits? */
bool stats_probe_is_due(const struct stats *stats, int64_t now);

/*
 * What listings and readings of the feed take of the quota while records are fetched: so many requests, at
 * most once in so many seconds. `budget` as above.
 */
void stats_readings(const struct stats *stats, double budget, int64_t *ret_requests, int64_t *ret_every);

/* The mean benefit of a plan's last choices. */
void stats_theta(struct stats *stats, double theta);

#endif
