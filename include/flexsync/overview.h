/*
 * overview: how the copy of the contacts is, as its database tells. What `flexsync status` shows, whoever
 * asks.
 */
#ifndef FLEXSYNC_OVERVIEW_H
#define FLEXSYNC_OVERVIEW_H

#include "flexsync/freshness.h"
#include "flexsync/quota.h"
#include "flexsync/read.h"
#include "flexsync/stats.h"

#define OVERVIEW_KEPT_MAX 5
#define OVERVIEW_NAME_MAX 64

/* Records that stay as they are because of what the server answers, and the first of them. */
struct overview_kept {
    int64_t count;
    size_t named; /* of `first` */
    struct {
        int64_t id;
        char contact_id[RECORD_ID_MAX + 1];
        char name[OVERVIEW_NAME_MAX]; /* "" for none; a longer one is cut */
    } first[OVERVIEW_KEPT_MAX];
};

struct overview {
    int64_t now; /* wall, usec */
    struct read_counts counts;
    struct freshness fresh; /* of those fetched once */
    int64_t oldest_look;    /* wall, usec; 0: nobody was fetched yet */
    struct stats stats;     /* of the feed and of listings */
    struct overview_kept denied, contradicted;
    bool any;             /* there was a sync */
    struct sync_row last; /* and this was the last one */
    bool listed;          /* there was one whose listing named a total */
    struct sync_counts listing;
    bool ended;              /* there was one of all contacts that ended */
    struct sync_row end;     /* and this was the last one */
    int64_t success_at;      /* end of the last of them that was a success; wall, usec; 0: none */
    int64_t changes;         /* recorded ever, also those that were forgotten since */
    bool troubled;           /* the last sync of everybody that ended was no success, and no pause */
    struct sync_row problem; /* and this is it */
};

/* Works beside a writer. */
int overview_read(struct overview *ret, struct store *store, int64_t now, struct error *err);

/* Only how fresh the contacts are. */
int overview_freshness(struct freshness *ret, struct store *store, int64_t now, struct error *err);

/* Only what one sync leaves to the next; the store is read. */
int overview_stats(struct stats *ret, struct store *store, struct error *err);

/*
 * When everybody's whole record will be there, if the daemon runs and nobody else spends the quota: wall
 * time, usec. `quota` is the ledger now, `rate` the requests a second (0: no limit).
 */
int64_t overview_filled_at(const struct overview *overview, const struct quota *quota,
                           const struct quota_limits *limits, double rate);

#endif
