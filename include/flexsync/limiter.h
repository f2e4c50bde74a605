/*
 * limiter: may the next request go now? The one place that fetch asks, and the one that hears of a 429.
 *
 * Two reasons hold a request back: the token bucket (limits.rate, limits.burst), which delays it by moments,
 * and a pause, which a 429 begins and which ends the sending for this cycle. Pure: monotonic microseconds are
 * passed in.
 */
#ifndef FLEXSYNC_LIMITER_H
#define FLEXSYNC_LIMITER_H

#include "flexsync/bucket.h"

#include <stdint.h>

#define LIMITER_PAUSE     (15 * INT64_C(60000000)) /* after a 429 that names no delay */
#define LIMITER_PAUSE_MIN INT64_C(1000000)
#define LIMITER_PAUSE_MAX (60 * INT64_C(60000000))
#define LIMITER_UNNAMED   INT64_C(-1)

struct limiter {
    struct bucket bucket;
    int64_t paused_until; /* monotonic; 0: not paused */
    unsigned refusals;    /* pauses in a row, without an answer between them */
};

void limiter_init(struct limiter *limiter, double rate, double burst, int64_t now);

/* Another rate and burst; a pause goes on. */
void limiter_change(struct limiter *limiter, double rate, double burst, int64_t now);

/* Microseconds until a pause is over; 0 when there is none. */
int64_t limiter_paused(const struct limiter *limiter, int64_t now);

/* Microseconds until the next request may go, 0 for now; what a pause forbids is not looked at. */
int64_t limiter_wait(struct limiter *limiter, int64_t now);

/* Counts one attempt; to be called before it is sent. */
void limiter_count(struct limiter *limiter, int64_t now);

/*
 * The server answered 429. `retry_after` is what its header asks for in microseconds (LIMITER_UNNAMED without
 * one); it is honoured between LIMITER_PAUSE_MIN and LIMITER_PAUSE_MAX. The pause is never shortened by a
 * second 429. Each further pause without an answer between them is at least twice as long as the least one
 * before, up to LIMITER_PAUSE, because a server that says "one second" for an hour would be asked, and would
 * count, 3,600 times.
 */
void limiter_refused(struct limiter *limiter, int64_t retry_after, int64_t now);

/* The server answered something else than 429. */
void limiter_answered(struct limiter *limiter);

/* A person asks now: try in spite of the pause. One refused request begins it again. */
void limiter_forgive(struct limiter *limiter);

#endif
