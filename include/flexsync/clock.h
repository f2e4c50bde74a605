/*
 * clock: the two times that this program knows, as a table, so that a test can be the clock.
 *
 * Wall time is what people read and what the database holds; it may jump. Monotonic time is what delays and
 * limits are counted in; it never does. Both are microseconds in int64_t: wall since 1970-01-01 UTC,
 * monotonic since any moment.
 */
#ifndef FLEXSYNC_CLOCK_H
#define FLEXSYNC_CLOCK_H

#include <stdint.h>

#define USEC_PER_MSEC INT64_C(1000)
#define USEC_PER_SEC  INT64_C(1000000)
#define USEC_PER_MIN  (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MIN)
#define USEC_PER_DAY  (24 * USEC_PER_HOUR)

struct clock {
    int64_t (*wall)(void *arg);
    int64_t (*monotonic)(void *arg);
    void *arg; /* not owned */
};

/* CLOCK_REALTIME and CLOCK_MONOTONIC of this machine. */
extern const struct clock clock_system;

int64_t clock_wall(const struct clock *clock);
int64_t clock_monotonic(const struct clock *clock);

#endif
