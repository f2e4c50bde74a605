/*
 * fetch: the words that those who send requests and those who ask for them have in common.
 *
 * A request ends exactly once, by one call of `done`, and never inside the call that asked for it. What an
 * answer means is not known here: a body of a 200 is shown to `accept`, which says usable, try again, or
 * never.
 */
#ifndef FLEXSYNC_FETCH_H
#define FLEXSYNC_FETCH_H

#include "flexsync/error.h"

#include <stddef.h>
#include <stdint.h>

/* The order of a listing: by id; or by the time of the last edit, which the server may honour or not. */
enum source_order { ORDER_NONE, ORDER_ID, ORDER_EDITED_LAST, ORDER_EDITED_FIRST };

enum fetch_outcome {
    FETCH_OK,        /* accept() took the body */
    FETCH_GONE,      /* the server says that there is no such record: 404, 410, or 400 with such a message */
    FETCH_REJECTED,  /* any other 400 */
    FETCH_DENIED,    /* 401, 403 to this request alone: a second question was answered, so the key is good */
    FETCH_THROTTLED, /* 429, here or to an earlier request: sending has stopped */
    FETCH_REFUSED,   /* 401, 403, and the second question was refused too: sending has stopped */
    FETCH_FAILED,    /* no usable answer, after all tries that were worth it; RETRY_NEVER: asking again is
                        answered the same */
    FETCH_UNAVAILABLE, /* too many passing failures in a row: an outage, sending has stopped */
    FETCH_CANCELLED,   /* we stopped it ourselves */
};

struct fetch_handler {
    /*
     * Looks at the whole body of a 200: 0 usable, -1 with *err and its retry set. `body` is valid during the
     * call only and is followed by a NUL. Called once for each attempt that has one.
     */
    int (*accept)(void *arg, const char *body, size_t length, struct error *err);

    /* The request is over. `err` says why for every outcome but FETCH_OK; valid during the call only. */
    void (*done)(void *arg, enum fetch_outcome outcome, const struct error *err);

    unsigned tries; /* attempts at most; 0: BACKOFF_TRIES */
};

/* What sending has cost since the fetcher was made. Attempts, not requests: every one of them counts to the
 * quota. */
struct fetch_stats {
    int64_t requests;  /* attempts sent */
    int64_t retries;   /* of them, repetitions */
    int64_t throttled; /* 429s */
    int64_t bytes;     /* received, as they came over the wire */
    int64_t waited_ms; /* held back by the limiter */
};

#endif
