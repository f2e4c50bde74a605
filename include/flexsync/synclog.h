/*
 * synclog: one row of `sync_log`, as the cycle fills it, the store writes it and people read it.
 */
#ifndef FLEXSYNC_SYNCLOG_H
#define FLEXSYNC_SYNCLOG_H

#include "flexsync/error.h"
#include "flexsync/fetch.h"

#include <stdint.h>

enum sync_trigger {
    TRIGGER_START,
    TRIGGER_TIMER,
    TRIGGER_SIGNAL,
    TRIGGER_MANUAL,
    TRIGGER_RESUME,
    TRIGGER_COUNT
};
enum sync_status { SYNC_RUNNING, SYNC_SUCCESS, SYNC_PARTIAL, SYNC_FAILED, SYNC_STATUS_COUNT };

/* As in the database: "start", …; "running", …; "auto", … */
extern const char *const sync_trigger_names[TRIGGER_COUNT];
extern const char *const sync_status_names[SYNC_STATUS_COUNT];

/* What error_message says of a sync that did not end as it should: from these words it is known later why. */
#define SYNC_SAYS_STOPPED     "stopped before the end"
#define SYNC_SAYS_INTERRUPTED "interrupted"
#define SYNC_SAYS_UNPROVEN    "the listing could not be proven whole"
#define SYNC_SAYS_GONE        "too many are gone at once to be believed"

#define SYNC_UNKNOWN INT64_C(-1) /* a figure that is not known: NULL in the database */

struct sync_counts {
    int64_t fetched;   /* whole records received */
    int64_t inserted;  /* contacts seen for the first time */
    int64_t updated;   /* contacts whose content changed, returns included */
    int64_t unchanged; /* records received that say what is stored */
    int64_t deleted;   /* contacts that became Inactive */
    int64_t failed;    /* records that could not be had */
    int64_t denied;    /* records that the key's user may not see, by the end of the cycle */
    int64_t listed;    /* distinct ids of the listing */
    int64_t expected;  /* totalElements, or SYNC_UNKNOWN */
};

struct sync_row {
    int64_t id;
    const char *entity;   /* static text: the entity's name */
    const char *strategy; /* static text */
    enum sync_trigger trigger;
    enum sync_status status;
    int64_t started_at;   /* wall, usec */
    int64_t completed_at; /* wall, usec; 0 while running */
    struct sync_counts counts;
    struct fetch_stats cost;
    int64_t quota_left_hour, quota_left_day, quota_left_month; /* or SYNC_UNKNOWN */
    int64_t resumes_at;                                        /* wall, usec; 0: nothing to resume */
    int64_t exit_status; /* of a program that did this alone; SYNC_UNKNOWN: nobody was there to say */
    char error_message[ERROR_TEXT_MAX]; /* "" for none */
};

/* What a program ends with that did this cycle alone; `error` is what ended it or is to be told of it. */
int sync_exit_status(const struct sync_row *row, const struct error *error);

#endif
