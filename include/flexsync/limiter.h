/*
 * limiter: may the next request go now? The one place that fetch asks, and the one that hears of a 429.
 *
 * Three reasons hold a request back: the token bucket (limits.rate, limits.burst), which delays it by
 * moments; the quota, counted in a ledger before anything is sent; and a pause, which a 429 that names no
 * window begins. The last two end the sending for this cycle.
 *
 * The ledger is shared by all programs that use an account, and is reached through a book: leases of 1 % of
 * the hourly limit are entered and persisted, then used up in memory, so that a crash, or a write that
 * fails, over-counts by one lease at the most and never under-counts. A lease ends with its minute, else what
 * is sent would be counted in another window than it is sent in.
 *
 * Monotonic and wall microseconds are passed in.
 */
#ifndef FLEXSYNC_LIMITER_H
#define FLEXSYNC_LIMITER_H

#include "flexsync/bucket.h"
#include "flexsync/error.h"
#include "flexsync/quota.h"

#include <stdint.h>

#define LIMITER_PAUSE     (15 * INT64_C(60000000)) /* after a 429 that names no delay */
#define LIMITER_PAUSE_MIN INT64_C(1000000)
#define LIMITER_PAUSE_MAX (60 * INT64_C(60000000))
#define LIMITER_UNNAMED   INT64_C(-1)

/* Where the ledger is kept. What begin() gave is written by end(), in one transaction; no begin: no ledger.
 * After a failure of end() it may be written or not. */
struct limiter_book {
    void *self; /* not owned */
    int (*begin)(void *self, struct quota *ret, struct error *err);
    int (*end)(void *self, const struct quota *quota, struct error *err);
};

struct limiter {
    struct bucket bucket;
    int64_t paused_until; /* monotonic; 0: not paused */
    unsigned refusals;    /* pauses in a row, without an answer between them */

    struct limiter_book book;
    struct quota_limits limits;
    enum quota_work work;
    struct quota quota;      /* the ledger as we last saw it */
    int64_t seen_at;         /* monotonic: when that was */
    bool seen;               /* it was seen at all */
    int64_t lease, lease_at; /* requests entered and not sent; the ledger's time of their bucket */
    int64_t date, date_at;   /* the server's last word on the time, and when it came; 0: none yet */
    int64_t dated;           /* ledger time when it was last written there; 0: never yet */
    bool late;               /* it cannot tell how much time has passed since the ledger was written */
    bool heard;              /* it is not in the ledger yet */
    int64_t spent_until;     /* monotonic: the quota is used up until then; 0: it is not */
    bool probing;            /* the request in flight finds out whether a refusal still holds */
};

/* Without a ledger until limiter_keep(). */
void limiter_init(struct limiter *limiter, double rate, double burst, int64_t now);

/* Another rate and burst; a pause goes on. */
void limiter_change(struct limiter *limiter, double rate, double burst, int64_t now);

/* Counts in the ledger behind `book` (copied) from now on, or with other limits. */
void limiter_keep(struct limiter *limiter, const struct limiter_book *book,
                  const struct quota_limits *limits);

/* Whose requests come next. */
void limiter_work(struct limiter *limiter, enum quota_work work);

/* Microseconds until sending may go on after a pause or with a used-up quota; 0 when nothing holds it. */
int64_t limiter_paused(const struct limiter *limiter, int64_t now);

/* Is it the quota that holds it up, as far as this kind of work may use it? Then *ret is the window. */
bool limiter_spent(const struct limiter *limiter, int64_t now, enum quota_window *ret);

/* Microseconds until the next request may go, 0 for now; what a pause forbids is not looked at. */
int64_t limiter_wait(struct limiter *limiter, int64_t now);

/*
 * Takes leave for one attempt and counts it; to be called before it is sent. -1 when there is none:
 * ERROR_QUOTA, whose text names the window and when it goes on, or what hinders the ledger (then nothing is
 * sent either).
 */
int limiter_take(struct limiter *limiter, int64_t now, int64_t wall, struct error *err);

/*
 * The server answered 429. `retry_after` is what its header asks for in microseconds (LIMITER_UNNAMED without
 * one). Where the answer names a window, the ledger is closed as quota_refuse() says; `draw` is 0 to 1.
 * Otherwise it is a pause: the header is honoured between LIMITER_PAUSE_MIN and LIMITER_PAUSE_MAX. The pause
 * is never shortened by a second 429. Each further pause without an answer between them is at least twice as
 * long as the least one before, up to LIMITER_PAUSE, because a server that says "one second" for an hour
 * would be asked, and would count, 3,600 times.
 */
void limiter_refused(struct limiter *limiter, const struct quota_refusal *refusal, int64_t retry_after,
                     double draw, int64_t now, int64_t wall);

/* The server answered something else than 429. */
void limiter_answered(struct limiter *limiter, int64_t now, int64_t wall);

/* What the Date header of an answer said, usec since 1970; 0 and less are no date. */
void limiter_dated(struct limiter *limiter, int64_t date, int64_t now);

/* The server's date now, usec since 1970, by its last word on it; 0 where it has not said it yet. */
int64_t limiter_date(const struct limiter *limiter, int64_t now);

/* A person asks now: try in spite of the pause. One refused request begins it again. */
void limiter_forgive(struct limiter *limiter);

/* Gives back what is entered and was not sent, and writes down the date. To be called when nothing more is to
 * be sent for now. */
void limiter_rest(struct limiter *limiter, int64_t now, int64_t wall);

/*
 * Requests that this kind of work may send now, as the ledger has it; INT64_MAX without a ledger. Gives back
 * what is entered and was not sent; nothing may be in flight.
 */
int64_t limiter_allowed(struct limiter *limiter, int64_t now, int64_t wall);

/* Requests left of each window for anybody, or -1 where no ledger was seen yet. */
void limiter_left(const struct limiter *limiter, int64_t ret[static QUOTA_WINDOWS]);

#endif
