/*
 * What the random tests of the feed share. FLEXSYNC_SEED=N runs that trial of each kind alone,
 * FLEXSYNC_SEEDS=N so many.
 */
#ifndef FEED_BENCH_H
#define FEED_BENCH_H

#include "flexsync/feed.h"
#include "flexsync/random.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TRIALS 3000
#define DAY    86400
#define NOW    (2000 * (int64_t)DAY)

static int64_t draw_between(uint64_t *seed, int64_t from, int64_t to)
{
    return from + (int64_t)(random_next(seed) % (uint64_t)(to - from + 1));
}

static bool draw_chance(uint64_t *seed, int64_t percent)
{
    return draw_between(seed, 0, 99) < percent;
}

struct trials {
    uint64_t first, last;
};

static struct trials trials(uint64_t count)
{
    const char *only = getenv("FLEXSYNC_SEED"), *many = getenv("FLEXSYNC_SEEDS");
    if (only)
        return (struct trials){strtoull(only, NULL, 10), strtoull(only, NULL, 10)};
    uint64_t wanted = many ? strtoull(many, NULL, 10) : count;
    return (struct trials){1, wanted < count ? wanted : count};
}

/* What a share is told from. */
static bool is_many(size_t count)
{
    return count >= 100;
}

#endif
