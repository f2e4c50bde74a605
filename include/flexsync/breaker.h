/*
 * breaker: a circuit breaker. Is the server in an outage, and when may it be asked again?
 *
 *            5 passing failures in a row                  a probe is answered
 *     CLOSED ---------------------------> OPEN ----------------------------------> TRIED
 *        ^                                 ^  one probe at a time,                  |  |
 *        |                                 |  after 1, 2, 4, … 45 s                 |  |
 *        |                                 +----------------------------------------+  |
 *        |                                    10 failures in a row: a relapse          |
 *        +-----------------------------------------------------------------------------+
 *                             5 answers in a row, of 1, 2, 3, … at a time
 *
 * What failed in passing is for the caller to say: see answer_is_outage(). Any other answer counts as
 * answered. What was sent before the breaker opened says nothing about what is true now, so
 * its result is ignored: each request carries the `epoch` in which it was sent.
 *
 * A cycle is given up after BREAKER_PROBES failed probes in a row, or when the wait is longer than
 * BREAKER_PATIENCE, as a Retry-After may want. The breaker outlives cycles: the next one may fail one probe
 * only, so that an outage costs a request in 45 s and its end is noticed as soon.
 *
 * A failure behind an answered probe is no outage, but the fault of what is asked for: that request has
 * failed, without another try, and the next one goes. Ten of them in a row are a relapse, and the cycle is
 * given up at once. Until something is answered, fewer make the next relapse (5, 2, then 1), and the wait for
 * its probe grows up to five minutes: a server that gives its listing and no record costs little.
 *
 * Pure: monotonic microseconds are passed in. All zero is closed.
 *
 * Source: M. Nygard, Release It!, 2007, "Circuit Breaker"; the slow start is that of TCP.
 */
#ifndef FLEXSYNC_BREAKER_H
#define FLEXSYNC_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_FAILURES          5                /* in a row, until it opens */
#define BREAKER_RELAPSE           10               /* in a row behind an answered probe */
#define BREAKER_PROBES            5                /* failed in a row, until a cycle is given up */
#define BREAKER_DELAY             INT64_C(1000000) /* before the first probe, doubled with each */
#define BREAKER_DELAY_MAX         (45 * INT64_C(1000000))
#define BREAKER_RELAPSE_DELAY_MAX (300 * INT64_C(1000000))
#define BREAKER_PATIENCE          (60 * INT64_C(1000000)) /* no cycle waits longer for a probe */
#define BREAKER_RETRY_AFTER_MAX   (3600 * INT64_C(1000000))

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_TRIED };

struct breaker {
    enum breaker_state state;
    unsigned failures; /* in a row while closed or tried */
    unsigned answers;  /* while tried */
    unsigned step;     /* doublings of the next delay */
    unsigned left;     /* probes that may still fail in this cycle */
    unsigned epoch;    /* moves whenever it opens */
    unsigned relapses; /* since the last answer */
    bool relapsed;     /* it opened by the failure of what was asked for after an answered probe */
    int64_t until;     /* monotonic: no probe before that */
};

/*
 * A request that was sent in `epoch` failed in passing. `retry_after` is what the answer asks for in
 * microseconds, less than 0 for nothing; more than BREAKER_RETRY_AFTER_MAX is cut to that.
 */
void breaker_failed(struct breaker *breaker, unsigned epoch, int64_t retry_after, int64_t now);

/* A request that was sent in `epoch` was answered. */
void breaker_answered(struct breaker *breaker, unsigned epoch);

/* The probe was answered, or failed as above. */
void breaker_probe_answered(struct breaker *breaker);
void breaker_probe_failed(struct breaker *breaker, int64_t retry_after, int64_t now);

bool breaker_is_open(const struct breaker *breaker);

/* Was a probe answered, and too little else since? Then a request that fails does so by itself. */
bool breaker_is_tried(const struct breaker *breaker);

/* Requests that may be under way at a time, probes aside: 0 while open, UINT_MAX while closed. */
unsigned breaker_window(const struct breaker *breaker);

/* Microseconds until a probe may be sent; 0 for now, and while it is not open. */
int64_t breaker_wait(const struct breaker *breaker, int64_t now);

/* Does this cycle wait in vain? */
bool breaker_gives_up(const struct breaker *breaker, int64_t now);

/* A new cycle begins. */
void breaker_begin(struct breaker *breaker);

/* A person asks now: as if nothing had happened. */
void breaker_forgive(struct breaker *breaker);

#endif
