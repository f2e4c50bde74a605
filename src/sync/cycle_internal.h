/* What the phases of a cycle share. Inside of sync only. */
#ifndef FLEXSYNC_CYCLE_INTERNAL_H
#define FLEXSYNC_CYCLE_INTERNAL_H

#include "flexsync/cycle.h"
#include "flexsync/feed.h"
#include "flexsync/listing.h"
#include "flexsync/stats.h"

#define CYCLE_BATCH_MAX   200                /* records of one transaction */
#define CYCLE_BATCH_AGE   USEC_PER_SEC       /* and how long one may wait for it */
#define CYCLE_BATCH_BYTES (8 * 1024 * 1024)  /* of JSON, after which it waits for no other */
#define CYCLE_STOP_GRACE  (3 * USEC_PER_SEC) /* for what came in before a wish to end */
#define CYCLE_COMPARE_MAX 500                /* rows of one step of a comparison */

#define CYCLE_STORM_LEAST 5 /* records that may be listed and yet unknown in any cycle */

/* Until a server that knows none of its records is asked again; twice as long each time it still does not. */
#define CYCLE_STORM_PAUSE     (5 * USEC_PER_MIN)
#define CYCLE_STORM_DOUBLINGS 4 /* up to 80 min */

/* Attempts of a record that are counted in storms: when one is over, none waits longer than half an hour. */
#define CYCLE_STORM_ATTEMPTS 3

/* Why sending has ended, strongest last. HALT_STORM: the server does not know most of what it lists. */
enum halt { HALT_NOT, HALT_STORM, HALT_UNAVAILABLE, HALT_THROTTLED, HALT_REFUSED, HALT_STOPPED };

/* What this cycle does with the order of edits. */
enum feeding { FEEDING_NOT, FEEDING_PROBE, FEEDING_READ };

struct plan_entry {
    int64_t id;
    bool audit; /* drawn at random */
};

/* A record that was asked for. */
struct task {
    struct cycle *cycle; /* NULL: the place is free */
    int64_t id;
    int64_t asked_at; /* wall */
    bool audit;
    struct store_known known;
    bool same;             /* the bytes are those of last time */
    struct record *record; /* owned, until the batch has it */
    char *body;            /* owned, likewise */
    int64_t bytes_hash;
    char merged_into[RECORD_ID_MAX + 1]; /* the id of another record that came in its place; or "" */
};

/* A record that the server does not know, until it is decided what to believe. */
struct absent {
    int64_t id;
    bool listed;       /* and yet it is listed */
    int64_t attempts;  /* before this one */
    char *merged_into; /* owned; or NULL */
};

/* Findings that wait for their transaction. They own record, body and error. */
struct batch {
    struct store_item *items;
    size_t count, capacity;
    size_t bytes;  /* of JSON, in all items */
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
    bool lists;    /* this cycle reads the whole listing */
    bool by_edits; /* and that in the order of edits: its one page is the feed as well */
    bool sorted, listing_asked, whole, believed;
    bool sort_refused; /* not yet confirmed by an answer without */
    bool staged;       /* something of the listing came */
    bool resumed;      /* it goes on where an earlier cycle had to leave it */
    bool shrunk;       /* the server could not give as large a page as was asked for */
    bool probes_size;  /* it is asked for the smallest one: is it the size, or the server? */
    unsigned too_large;
    bool disproved; /* an answer contradicts that the listing is whole */
    bool relisted;  /* it was read again for that */
    unsigned asked_size;
    int64_t walk_began;           /* seconds: of a listing that more than one cycle reads */
    bool sink_failed;             /* what the batch holds is lost; the queue still has it */
    int64_t stop_at;              /* monotonic: a wish to end is obeyed by then */
    struct page *page;            /* an answer to be staged; owned */
    int64_t odd_rows;             /* of the listing and the feed: rows that could not be used */
    char odd_row[ERROR_TEXT_MAX]; /* the first of them, as it is reported; "" */
    bool page_done;
    enum fetch_outcome outcome; /* of that answer */
    struct error page_error;
    char cursor[RECORD_ID_MAX + 1];

    struct stats stats, stats_before;
    enum feeding feeding;
    struct feed feed;
    struct feed_probe *probe; /* owned; while probing */
    bool fed[2];              /* a page of that direction was taken */
    bool feed_over;           /* and the last one is the listing's last */
    bool further;             /* this cycle has fetched what the pages so far showed, and asks for more */
    unsigned feed_page;       /* to ask for next */
    int64_t feed_asked_at;    /* seconds: when the first page was asked for */
    bool demoted;             /* the feed turned out to be none: what it queued is to be forgotten */
    unsigned checks;          /* records that the feed wants looked at, without a sign of an edit */
    int64_t edits_listed;     /* rows of the listing that differ, and new ones */

    struct store_choice *choices; /* to be queued; owned */
    size_t choice_count, choice_capacity;
    bool told;               /* the feed tells of every edit: no other record is worth a fetch */
    bool tight;              /* signals do not go before all others: see cycle_do_plan() */
    int64_t unpaced, chosen; /* records asked for: beyond the pace; by the planner's choice */

    int64_t *asked;    /* owned; of options.ids: what store_ask() says */
    bool asked_of_all; /* the listing, if one was needed, has had its say */

    struct plan_entry *plan; /* owned */
    size_t planned, next, done;
    struct idmap answers; /* while the feed is read: dates of those asked for, as feed.h has dates */
    struct task *tasks;   /* source.window of them */
    unsigned under_way;
    struct batch batch;
    struct absent *absent; /* owned */
    size_t absent_count, absent_capacity;
    size_t absent_next;
    size_t answered;       /* records that came */
    bool storm;            /* it does not know most of what it lists: none of its absences is believed */
    size_t contradictions; /* records that are listed and did not */
    size_t denied;         /* records that this cycle was not allowed to see */
};

typedef int phase_fn(struct cycle *cycle, enum cycle_advance *ret, int64_t *ret_at, struct error *err);

/* Each does a bounded piece of work and may move cycle->phase; -1 for a failure of the sink. */
phase_fn cycle_do_list, cycle_do_feed, cycle_do_new, cycle_do_changed, cycle_do_vanished;
phase_fn cycle_do_plan, cycle_do_fetch, cycle_do_reconcile;

/* Asks for a page; the answer wakes the cycle, with page_done, outcome, and page or page_error. */
void cycle_ask_page(struct cycle *cycle, const struct source_page *wanted);

/* Counts and reports the unusable rows of cycle->page, which was asked for by this number. */
void cycle_note_odd_rows(struct cycle *cycle, unsigned number);

/* No page will come any more in this cycle; what came is compared, or the cycle ends. */
int cycle_end_listing(struct cycle *cycle, struct error *err);

/* Decides what this cycle reads: the listing, the feed, both, or neither. */
int cycle_choose_reading(struct cycle *cycle, struct error *err);

/* Queues the contacts that were asked for, as far as they are stored. */
int cycle_ask(struct cycle *cycle, struct error *err);

/* How many of them are not. */
size_t cycle_count_unknown(const struct cycle *cycle);

/* Takes a page of that direction for the feed or its probe, with the dates as they are stored now. */
int cycle_feed_page(struct cycle *cycle, enum feed_direction direction, struct error *err);

/* The server does not order by edits, as it turned out; says so. */
void cycle_demote_feed(struct cycle *cycle, const char *why);

/* A record was asked for: its lastEditDate was `before` and is `after`, as feed.h has dates. */
void cycle_feed_fetched(struct cycle *cycle, const struct task *task, int64_t before, int64_t after);

/* The feed wants one that this cycle has asked for already: that it has this date does for an answer. */
void cycle_feed_answered(struct cycle *cycle, int64_t id, int64_t date);

/* After the fetches: does the reading need a further page? Then the cycle goes back to the phase FEED. */
bool cycle_read_further(struct cycle *cycle);

/* Queues what the feed wants fetched by now. Returns how many were added to the plan, or -1. */
int cycle_plan_feed(struct cycle *cycle, struct error *err);

/* The cycle's end: what is known of the feed, the pace, the listing. */
void cycle_settle(struct cycle *cycle);

/* Commits the batch; on failure it stays as it is. */
int cycle_flush(struct cycle *cycle, struct error *err);

void batch_free(struct batch *batch);

void cycle_report(const struct cycle *cycle, enum event event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sending has ended for this reason; a stronger one replaces a weaker. */
void cycle_halt(struct cycle *cycle, enum fetch_outcome outcome, const struct error *err);
void cycle_halt_storm(struct cycle *cycle);

/*
 * Keeps what this cycle has of the listing, so that one that costs more than the quota has at a time is read
 * to its end all the same; nothing where there is no page to go on from.
 */
int cycle_keep_walk(struct cycle *cycle, struct error *err);
int cycle_forget_walk(struct cycle *cycle, struct error *err);

/* Goes on with a listing that an earlier cycle had to leave, if there is one that is worth it. */
int cycle_resume_listing(struct cycle *cycle, struct error *err);

/* Is the listing to be read again, because of what records answered? Then the phase is LIST. 1, 0, or -1. */
int cycle_list_again(struct cycle *cycle, struct error *err);

/* The cycle has failed: nothing more is asked, the row is closed. */
void cycle_fail(struct cycle *cycle, const struct error *err);

int64_t cycle_wall(const struct cycle *cycle);
int64_t cycle_now(const struct cycle *cycle);

/* Is `count` of `active` more than max_vanished allows to go at once? */
bool cycle_too_many(const struct cycle *cycle, int64_t count, int64_t active);

/* Brings row.cost up to date with the source. */
void cycle_count_cost(struct cycle *cycle);

#endif
