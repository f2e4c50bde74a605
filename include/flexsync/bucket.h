/*
 * bucket: a token bucket, to spread requests over time.
 *
 * The bucket holds up to `burst` tokens and gains `rate` of them a second; a request takes one. After a
 * silence `burst` requests may go at once, in the long run `rate` a second, and in any time t never more than
 * burst + rate * t. It only smooths: what a site's quota allows is counted elsewhere, exactly (bucket.h knows
 * nothing of hours and days).
 *
 * Pure: no clock in here, every function takes the monotonic time in microseconds. Time that runs backwards
 * is ignored.
 *
 * Source: J. Turner, "New directions in communications (or which way to the information age?)", IEEE
 * Communications Magazine 24(10), 1986; RFC 2697 section 3 counts alike.
 */
#ifndef FLEXSYNC_BUCKET_H
#define FLEXSYNC_BUCKET_H

#include <stdint.h>

struct bucket {
    double rate;  /* tokens a second; 0: the bucket never empties */
    double burst; /* tokens at the most; at least 1 */
    double tokens;
    int64_t filled_at; /* monotonic, usec */
};

/* A full bucket. rate >= 0; a burst below 1 counts as 1. */
void bucket_init(struct bucket *bucket, double rate, double burst, int64_t now);

/* Another rate and burst from now on; the tokens in it stay, as far as they fit. */
void bucket_change(struct bucket *bucket, double rate, double burst, int64_t now);

/* Microseconds until a token is there; 0 when there is one. Takes none. */
int64_t bucket_wait(struct bucket *bucket, int64_t now);

/* Takes a token. Call it after bucket_wait() said 0; the count may pass below zero otherwise and is waited
 * for. */
void bucket_take(struct bucket *bucket, int64_t now);

#endif
