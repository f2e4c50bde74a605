/*
 * freshness: what part of the copy is up to date, measured and not assumed.
 *
 * The planner looks again at a few records that it draws at random (audits). The part of those that had
 * changed estimates the stale part of the copy; how far the estimate may be off is told by Wilson's score
 * interval, which stays honest where hardly anything is stale (E. B. Wilson, Probable inference, the law of
 * succession, and statistical inference, JASA 22, 1927). It is about records that were fetched once; how many
 * never were is another figure.
 *
 * Pure.
 */
#ifndef FLEXSYNC_FRESHNESS_H
#define FLEXSYNC_FRESHNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRESHNESS_DAYS     31 /* audits older than this say nothing about today */
#define FRESHNESS_LEAST    20 /* audits below which nothing is said */
#define FRESHNESS_TEXT_MAX 16

struct freshness {
    int64_t audits, stale; /* of them; 0 <= stale <= audits */
    bool known;            /* there were enough of them */
    double share;          /* 0 to 1, as are the ends of the interval of 95 % */
    double low, high;
};

/* What so many audits say. Counts that make no sense (negative, more stale ones than audits) say nothing. */
struct freshness freshness_of(int64_t audits, int64_t stale);

/*
 * "99.4": percent with a digit, rounded down, so that only a copy in which nothing was stale is "100". `up`
 * rounds up, for the upper end. Returns `text`.
 */
char *freshness_format(char text[static FRESHNESS_TEXT_MAX], double share, bool up);

#endif
