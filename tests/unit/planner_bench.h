/* What the tests of the planner share: numbers drawn by a seed, and records made up of them. */
#ifndef PLANNER_BENCH_H
#define PLANNER_BENCH_H

#include "flexsync/planner.h"
#include "flexsync/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DAY 86400
#define NOW (INT64_C(20000) * DAY)

static inline int64_t draw_below(uint64_t *seed, int64_t below)
{
    return (int64_t)(random_next(seed) % (uint64_t)below);
}

static inline void assert_near(double is, double should, double relative)
{
    if (!(fabs(is - should) <= relative * fabs(should)))
        fail_msg("%.12g is not within %g of %.12g", is, relative, should);
}

static inline void assert_between(double is, double least, double most)
{
    if (!(is >= least && is <= most))
        fail_msg("%.12g is not in %.12g to %.12g", is, least, most);
}

static inline struct figures some_figures(uint64_t *seed)
{
    int64_t first = NOW - DAY - draw_below(seed, 500 * DAY), back = draw_below(seed, 1800 * DAY);
    int64_t checked = first + draw_below(seed, NOW - first);
    struct figures figures = {
        .checked = checked,
        .edited = first - back,
        .first_changed = draw_below(seed, 2),
        .first_watched = back,
        .watched_since = first - back,
        .hidden_watched = back + draw_below(seed, checked - first + 1),
        .hidden = draw_below(seed, 4) ? 0 : draw_below(seed, 20),
        .listed = draw_below(seed, 4) ? 0 : draw_below(seed, 20),
    };
    return figures;
}

/* Fetched so many days ago, and nothing else known. */
static inline struct figures aged(double days)
{
    int64_t checked = NOW - (int64_t)(days * DAY);
    return (struct figures){.checked = checked, .watched_since = checked};
}

#endif
