/* What the parts of the fetcher share: fetcher.c sends, outcome.c decides what an answer leads to, doubt.c
 * asks whether the key is good. Inside of fetch only. */
#ifndef FLEXSYNC_FETCHER_PRIVATE_H
#define FLEXSYNC_FETCHER_PRIVATE_H

#include "flexsync/fetcher.h"

#include "flexsync/breaker.h"
#include "flexsync/concurrency.h"
#include "flexsync/loop.h"
#include "job.h"
#include "transfer.h"

enum stop { STOP_NOT, STOP_THROTTLED, STOP_REFUSED, STOP_UNAVAILABLE, STOP_CANCELLED };

struct fetcher {
    const struct clock *clock;
    struct limiter *limiter;
    struct loop *loop;
    sd_event_source *timer;          /* when the limiter, the breaker or a backoff delay allows more */
    sd_event_source *kick;           /* something to do, asked for from outside of our handlers */
    char *profile_url, *listing_url; /* of the questions of our own; NULL: there are none */
    struct credentials credentials;
    struct transfer *transfers; /* one for each request in flight */
    unsigned concurrent, in_flight, active;
    struct concurrency concurrency; /* how many of them may be in flight */
    struct breaker breaker;
    bool probing;         /* the probe is under way */
    struct error trouble; /* the last failure that the breaker has counted */
    size_t room;          /* bytes that the bodies of all transfers may still take */
    struct queue ready, delayed;
    struct queue urgent;           /* questions of our own: they go first */
    struct queue suspended;        /* refused: by another token, a question or a stop it will be decided */
    unsigned suspended_generation; /* of the credentials that were refused */
    struct error suspended_error;
    bool asking;     /* a question about the key waits or is under way */
    bool doubts_key; /* the token was refused and forgotten; the key was not asked about yet */
    enum stop stop;
    struct error stop_error;
    struct fetch_stats stats;
    int64_t begin_requests; /* of stats, when this cycle began */
    int64_t granted;        /* retries of this cycle, sent or still delayed */
    int64_t unsent;         /* attempts of this cycle that did not arrive */
    int64_t held_since;     /* monotonic; 0: the limiter holds nothing back */
};

int64_t fetcher_now(const struct fetcher *fetcher); /* monotonic */

/* The end of a job. `done` may ask for more, and begin a new cycle. */
void fetcher_finish(struct fetcher *fetcher, struct job *job, enum fetch_outcome outcome,
                    const struct error *err);

/* The first reason stays, except that our own wish to end beats them all. */
void fetcher_stop(struct fetcher *fetcher, enum stop why, const struct error *err);

/* Puts a question of our own at the head of everything. -1 without memory or without an URL. */
int fetcher_ask(struct fetcher *fetcher, enum job_kind kind, const char *url,
                const struct fetch_handler *handler);

/* Sends what may be sent now, and sets the timer for what may be sent later. */
void fetcher_pump(struct fetcher *fetcher);

/* A transfer ended, for loop_new(). */
void fetcher_on_done(void *arg, CURL *easy, CURLcode result);

/*
 * Back into a queue if this failure passes and something is left of the tries; false when it is final.
 * `outage`: it may be the server's, so that the job waits while the breaker is open.
 */
bool fetcher_again(struct fetcher *fetcher, struct job *job, const struct error *err, bool outage);

/* --- doubt.c: is it the key? --- */

/* True when the refused job waits, by another token or by a question. */
bool doubt_refused(struct fetcher *fetcher, const struct transfer *transfer, struct job *job,
                   const struct error *err);

/* Goes on with what is suspended, if it can. */
void doubt_settle(struct fetcher *fetcher);

#endif
