/*
 * cycle: one synchronisation of one entity, as a machine of phases.
 *
 *     begin -> list -> feed -> new -> changed -> vanished -> plan -> fetch -> reconcile -> finish -> over
 *
 * and from fetch back to feed, when what was fetched shows that the feed is to be read further (its next page
 * is then compared and fetched as well).
 *
 * begin       whether this cycle lists, and reads the feed: somebody asked, or it is worth its requests
 * list        pages into the staging table, until the listing is proven whole or three readings are done
 * feed        the listing in the order of edits: is it honoured, and who was edited (feed.h)
 * new         who the table lacks is stored with what the row says, and queued
 * changed     whose row differs is queued
 * vanished    who a whole listing lacks is queued, unless too many would go at once
 * plan        the queue's order; and what else the pace of the quota buys (planner.h)
 * fetch       records, checked, compared and committed in batches of 200 or of a second
 * reconcile   those whose record is gone become Inactive, unless they are too many at once
 * finish      the row of sync_log
 *
 * A cycle that is asked for certain contacts fetches these alone, and lists only if one of them is not
 * stored.
 *
 * The machine is stepped from outside: each step does one bounded piece of work, and answers of the source
 * wake it. A failing database is tried again a few times; then the cycle fails, and what the queue holds is
 * for the next one. 429, a refused key and cycle_stop() end the sending; what has come is committed, the rest
 * stays queued.
 *
 * It knows no clock but the one it is given, no network but its source, no database but its sink.
 */
#ifndef FLEXSYNC_CYCLE_H
#define FLEXSYNC_CYCLE_H

#include "flexsync/clock.h"
#include "flexsync/config.h"
#include "flexsync/event.h"
#include "flexsync/sink.h"
#include "flexsync/source.h"

#include <stdbool.h>

struct cycle;

struct cycle_options {
    const struct entity *entity;
    const struct source *source; /* copied; what it points to must outlive the cycle */
    const struct sink *sink;     /* likewise */
    const struct clock *clock;
    enum sync_trigger trigger;
    enum config_strategy strategy;
    bool full;            /* fetch everyone's record */
    bool person;          /* somebody asked: what is not due yet is fetched too */
    bool accept_vanished; /* believe that many are gone */
    bool plan_only; /* ends where records would be fetched; for a sink in which nothing lasts (trial.h) */
    const char *const *ids; /* these contacts alone (store_ask()); must outlive the cycle */
    size_t id_count;        /* 0: everybody */
    unsigned page_size;
    int64_t max_vanished; /* percent */
    int64_t keep_changes, keep_log;
    double budget;    /* requests a day that background work may send, above 0 */
    int64_t interval; /* usec between two cycles of the timer */
    int64_t max_age;  /* usec in which everyone's record is to be looked at, as far as the budget goes */
    uint64_t seed;    /* of what is drawn at random; another one for each cycle */

    /* Something came in: step the cycle soon. Called from within the source's handlers. */
    void (*wake)(void *arg);
    /* Something is worth telling; one sentence. */
    void (*report)(void *arg, enum event event, const char *text);
    void *arg; /* not owned */
};

enum cycle_phase {
    CYCLE_BEGIN,
    CYCLE_LIST,
    CYCLE_FEED,
    CYCLE_NEW,
    CYCLE_CHANGED,
    CYCLE_VANISHED,
    CYCLE_PLAN,
    CYCLE_FETCH,
    CYCLE_RECONCILE,
    CYCLE_FINISH,
    CYCLE_OVER,
};

enum cycle_advance {
    CYCLE_STEP_AGAIN, /* there is more to do at once */
    CYCLE_STEP_WAIT,  /* until wake() or the given time */
    CYCLE_STEP_OVER,
};

/* Sends nothing yet. Free with cycle_free(). */
int cycle_new(struct cycle **ret, const struct cycle_options *options, struct error *err);

/* One bounded piece of work. *ret_at is the monotonic time of the next step at the latest; INT64_MAX: none.
 */
enum cycle_advance cycle_step(struct cycle *cycle, int64_t *ret_at);

/* Ends the cycle soon: what came in is committed, the row is closed as partial. */
void cycle_stop(struct cycle *cycle);

struct cycle_progress {
    enum cycle_phase phase;
    size_t done, planned; /* records; 0 before the plan */
};

void cycle_progress(const struct cycle *cycle, struct cycle_progress *ret);

/* The row of sync_log as it stands; final when the cycle is over. */
const struct sync_row *cycle_row(const struct cycle *cycle);

/*
 * Why the cycle is not a success: ERROR_NONE where it is, or is partial for reasons that only counters tell.
 * ERROR_QUOTA: a 429 ended it.
 */
const struct error *cycle_error(const struct cycle *cycle);

/* Did it turn out that options.ids[i] is nobody's? */
bool cycle_is_unknown(const struct cycle *cycle, size_t i);

/* NULL is allowed; returns NULL. The source must not call back any more, or have been freed. */
struct cycle *cycle_free(struct cycle *cycle);

#endif
