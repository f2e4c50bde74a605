/*
 * backoff: how long to wait before a request that failed for a passing reason is sent again, and how often at
 * all.
 *
 * The delay is drawn evenly from 0 to a ceiling that doubles with every attempt, which spreads the retries of
 * many clients better than any fixed delay ("full jitter"). All retries of a cycle share one budget, so that
 * a server in trouble is not asked twice as much as one in health. Pure.
 *
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
#ifndef FLEXSYNC_BACKOFF_H
#define FLEXSYNC_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#define BACKOFF_TRIES          5  /* attempts at one request, the first included */
#define BACKOFF_FREE_RETRIES   20 /* retries of a cycle that the budget always grants */
#define BACKOFF_BUDGET_PERCENT 10 /* and beyond them, of the cycle's requests */

/*
 * The delay in microseconds before attempt `tries + 1`, after `tries` of them failed (1 or more): draw times
 * min(60 s, 1 s * 2^tries). `draw` is evenly distributed in [0, 1).
 */
int64_t backoff_delay(unsigned tries, double draw);

/* May a request that failed `tries` times be sent again, after `requests` attempts and `retries` retries in
 * this cycle? */
bool backoff_allowed(unsigned tries, int64_t requests, int64_t retries);

#endif
