/* What the phases of a cycle share. Inside of sync only. */
#ifndef FLEXSYNC_CYCLE_INTERNAL_H
#define FLEXSYNC_CYCLE_INTERNAL_H

#include "flexsync/cycle.h"
#include "flexsync/listing.h"

#define CYCLE_BATCH_MAX   200                /* records of one transaction */
#define CYCLE_BATCH_AGE   USEC_PER_SEC       /* and how long one may wait for it */
#define CYCLE_STOP_GRACE  (3 * USEC_PER_SEC) /* for what came in before a wish to end */
#define CYCLE_COMPARE_MAX 500                /* rows of one step of a comparison */

/* Why sending has ended, strongest last. */
enum halt { HALT_NOT, HALT_THROTTLED, HALT_REFUSED, HALT_STOPPED };

/* A record that was asked for. */
struct task {
    struct cycle *cycle; /* NULL: the place is free */
    int64_t id;
    struct store_known known;
    bool same;             /* the bytes are those of last time */
    struct record *record; /* owned, until the batch has it */
    char *body;            /* owned, likewise */
    int64_t bytes_hash;
};

/* Findings that wait for their transaction. They own record, body and error. */
struct batch {
    struct store_item *items;
    size_t count, capacity;
    int64_t since; /* monotonic: when the oldest came */
};

struct cycle {
    struct cycle_options options;
    struct source source;
    struct sink sink;
    enum cycle_phase phase;
    struct sync_row row;
    struct error error;         /* what ended it, or made it partial */
    struct fetch_stats cost_at; /* of the source, when the cycle began */
    struct findings findings;
    enum halt halt;
    unsigned store_tries;   /* failures of the sink in a row */
    int64_t store_again_at; /* monotonic: not before */

    struct listing listing;
    bool sorted, listing_asked, whole, believed;
    bool sort_refused; /* not yet confirmed by an answer without */
    bool staged;       /* something of the listing came */
    bool sink_failed;  /* what the batch holds is lost; the queue still has it */
    int64_t stop_at;   /* monotonic: a wish to end is obeyed by then */
    struct page *page; /* an answer to be staged; owned */
    bool page_done;
    enum fetch_outcome outcome; /* of that answer */
    struct error page_error;
    char cursor[RECORD_ID_MAX + 1];

    int64_t *plan; /* owned */
    size_t planned, next, done;
    struct task *tasks; /* source.window of them */
    unsigned under_way;
    struct batch batch;
    int64_t *gone; /* owned */
    size_t gone_count, gone_capacity;
    size_t gone_next;
};

typedef int phase_fn(struct cycle *cycle, enum cycle_advance *ret, int64_t *ret_at, struct error *err);

/* Each does a bounded piece of work and may move cycle->phase; -1 for a failure of the sink. */
phase_fn cycle_do_list, cycle_do_new, cycle_do_changed, cycle_do_vanished;
phase_fn cycle_do_plan, cycle_do_fetch, cycle_do_reconcile;

/* Commits the batch; on failure it stays as it is. */
int cycle_flush(struct cycle *cycle, struct error *err);

void batch_free(struct batch *batch);

void cycle_report(const struct cycle *cycle, enum event event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sending has ended for this reason; a stronger one replaces a weaker. */
void cycle_halt(struct cycle *cycle, enum fetch_outcome outcome, const struct error *err);

/* The cycle has failed: nothing more is asked, the row is closed. */
void cycle_fail(struct cycle *cycle, const struct error *err);

int64_t cycle_wall(const struct cycle *cycle);
int64_t cycle_now(const struct cycle *cycle);

/* Is `count` of `active` more than max_vanished allows to go at once? */
bool cycle_too_many(const struct cycle *cycle, int64_t count, int64_t active);

/* Brings row.cost up to date with the source. */
void cycle_count_cost(struct cycle *cycle);

#endif
