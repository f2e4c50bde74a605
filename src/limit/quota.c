#include "flexsync/quota.h"

#include "flexsync/clock.h"

#include <math.h>
#include <time.h>

#define JITTER        (2 * USEC_PER_MIN) /* between the clocks of servers that answer in turn */
#define PERSON_SHARE  99                 /* the rest is for probes */
#define FILL_SHARE    90
#define REOPEN_LEAST  USEC_PER_MIN /* after a boundary */
#define REOPEN_SPREAD (4 * USEC_PER_MIN)
#define TIME_MAX      (INT64_MAX / 4)
#define NUMBER_MAX    INT64_C(1000000000)

static const struct {
    int64_t bucket; /* usec */
    int64_t length; /* usec, what the server means by it at the most */
    int buckets;
} windows[QUOTA_WINDOWS] = {
    [QUOTA_HOUR] = {USEC_PER_MIN, USEC_PER_HOUR, 61},
    [QUOTA_DAY] = {15 * USEC_PER_MIN, USEC_PER_DAY, 97},
    [QUOTA_MONTH] = {6 * USEC_PER_HOUR, 31 * USEC_PER_DAY, 125},
};

const char *const quota_window_names[QUOTA_WINDOWS] = {"hour", "day", "month"};

static int64_t *bucket_at(struct quota_count *count, enum quota_window window, int64_t index)
{
    return &count->used[index % windows[window].buckets];
}

static void turn_window(struct quota_count *count, enum quota_window window, int64_t time)
{
    int64_t newest = time / windows[window].bucket;
    int64_t steps = newest - count->newest;
    if (steps > windows[window].buckets)
        steps = windows[window].buckets;
    for (int64_t i = 0; i < steps; i++)
        *bucket_at(count, window, newest - i) = 0;
    if (newest > count->newest)
        count->newest = newest;
    if (count->newest - count->foreign_at >= windows[window].buckets)
        count->foreign = 0;
    if (time - count->learnt_at > windows[QUOTA_MONTH].length)
        count->learnt = 0;
}

/* Takes out what was entered at or after `from`, but for `sure` in the first bucket. */
static int64_t take_since(struct quota_count *count, enum quota_window window, int64_t from, int64_t sure)
{
    int64_t oldest = count->newest - windows[window].buckets + 1, taken = 0;
    int64_t first = from > 0 ? from / windows[window].bucket : 0;
    for (int64_t i = first > oldest ? first : oldest; i <= count->newest; i++) {
        if (i < 0)
            continue;
        int64_t *used = bucket_at(count, window, i), stays = i > first ? 0 : sure < *used ? sure : *used;
        taken += *used - stays;
        *used = stays;
    }
    if (count->foreign_at >= first)
        count->foreign_at = INT64_MAX;
    return taken;
}

/* Moves the time; what was entered at or after `from` comes along. */
static void move_time(struct quota *quota, int64_t by, int64_t from)
{
    quota->time += by;
    quota->jumps++;
    for (int i = 0; i < QUOTA_WINDOWS; i++) {
        enum quota_window window = (enum quota_window)i;
        struct quota_count *c = &quota->counts[i];
        int64_t taken = take_since(c, window, from, from == quota->unsure ? c->sure : 0);
        turn_window(c, window, quota->time);
        *bucket_at(c, window, c->newest) += taken;
        if (c->foreign_at == INT64_MAX)
            c->foreign_at = c->newest;
    }
}

void quota_init(struct quota *quota, int64_t wall)
{
    *quota = (struct quota){.time = wall > 0 ? wall : 0, .wall = wall};
    for (int w = 0; w < QUOTA_WINDOWS; w++)
        quota->counts[w].newest = quota->time / windows[w].bucket;
}

void quota_doubt(struct quota *quota)
{
    int64_t time = quota->time > 0 ? quota->time : 1;
    if (!quota->fresh)
        quota->fresh = time;
    if (quota->unsure)
        return;
    quota->unsure = time;
    for (int w = 0; w < QUOTA_WINDOWS; w++)
        quota->counts[w].sure = quota_get(quota, w, quota->counts[w].newest);
}

void quota_date(struct quota *quota, int64_t date, bool certain, int64_t from, int64_t wall)
{
    int64_t ahead = quota->date ? date - quota->date : 0;
    if (ahead > 0) {
        move_time(quota, ahead, quota->unsure && quota->unsure < from ? quota->unsure : from);
        quota->date = date;
    }
    if (!certain)
        return;
    if (quota->date) /* else it tells nothing of what was before */
        quota->fresh = quota->unsure = 0;
    if (!quota->date || ahead < -JITTER)
        quota->date = date;
    quota->wall = wall;
}

void quota_advance(struct quota *quota, int64_t elapsed, int64_t date, int64_t wall)
{
    if (elapsed < 0)
        elapsed = 0;
    quota->time += elapsed;
    if (quota->date)
        quota->date += elapsed;
    for (int w = 0; w < QUOTA_WINDOWS; w++)
        turn_window(&quota->counts[w], (enum quota_window)w, quota->time);
    quota->wall += elapsed;
    if (date > 0)
        quota_date(quota, date, true, quota->time - USEC_PER_MIN, wall);
    /* A local clock that was put back would else keep a probe waiting for as long as it was ahead. */
    if (quota->wall > wall)
        quota->wall = wall;
    if (quota->probed_wall > wall)
        quota->probed_wall = wall;
}

void quota_catch_up(struct quota *quota, int64_t elapsed, int64_t from)
{
    quota->fresh = 0;
    if (elapsed <= 0)
        return;
    move_time(quota, elapsed, from);
    quota->wall += elapsed;
    if (quota->date)
        quota->date += elapsed;
}

void quota_merge(struct quota *quota, const struct quota *known, int64_t time)
{
    for (int i = 0; i < QUOTA_WINDOWS; i++) {
        enum quota_window window = (enum quota_window)i;
        struct quota_count *c = &quota->counts[i], old = known->counts[i];
        int64_t shift = c->newest - time / windows[i].bucket;
        for (int64_t n = c->newest - windows[i].buckets + 1; n <= old.newest + shift; n++) {
            int64_t *used = n < 0 || n < shift ? NULL : bucket_at(c, window, n);
            if (used && old.newest + shift - n < windows[i].buckets &&
                *used < *bucket_at(&old, window, n - shift))
                *used = *bucket_at(&old, window, n - shift);
        }
        if (c->foreign < old.foreign && c->newest - shift - old.foreign_at < windows[i].buckets) {
            c->foreign = old.foreign;
            c->foreign_at = old.foreign_at + shift;
        }
        if (c->learnt == 0 || (old.learnt > 0 && old.learnt < c->learnt)) {
            c->learnt = old.learnt;
            c->learnt_at = old.learnt_at < quota->time ? old.learnt_at : quota->time;
        }
    }
    if (known->fresh && (!quota->fresh || quota->fresh > known->fresh))
        quota->fresh = known->fresh;
    if (known->unsure && (!quota->unsure || quota->unsure > known->unsure)) {
        quota->unsure = known->unsure;
        for (int w = 0; w < QUOTA_WINDOWS; w++)
            quota->counts[w].sure = known->counts[w].sure;
    }
    if (quota->jumps < known->jumps)
        quota->jumps = known->jumps;
    if (quota->probed_wall < known->probed_wall)
        quota->probed_wall = known->probed_wall;
    if (quota->closed_until >= known->closed_until)
        return;
    quota->closed_until = known->closed_until + quota->time - time;
    quota->closed_window = known->closed_window;
    quota->refusals = known->refusals;
}

static bool within(const struct quota *quota, enum quota_window window, int64_t index)
{
    int64_t newest = quota->counts[window].newest;
    return index >= 0 && index <= newest && newest - index < windows[window].buckets;
}

int64_t quota_get(const struct quota *quota, int window, int64_t index)
{
    enum quota_window w = (enum quota_window)window;
    return within(quota, w, index) ? quota->counts[w].used[index % windows[w].buckets] : 0;
}

void quota_set(struct quota *quota, int64_t window, int64_t index, int64_t used)
{
    if (window < 0 || window >= QUOTA_WINDOWS || !within(quota, (enum quota_window)window, index))
        return;
    *bucket_at(&quota->counts[window], (enum quota_window)window, index) = used;
}

bool quota_usable(const struct quota *quota)
{
    bool usable = quota->time >= 0 && quota->time < TIME_MAX && quota->date >= 0 && quota->date < TIME_MAX &&
                  quota->fresh >= 0 && quota->unsure >= 0 && quota->unsure <= quota->time + 1 &&
                  quota->fresh <= quota->time + 1 && quota->wall > -TIME_MAX && quota->wall < TIME_MAX &&
                  quota->probed_wall > -TIME_MAX && quota->probed_wall < TIME_MAX &&
                  quota->closed_until >= 0 && quota->closed_until < TIME_MAX && quota->closed_window >= 0 &&
                  quota->closed_window < QUOTA_WINDOWS && quota->refusals >= 0 &&
                  quota->refusals <= NUMBER_MAX && quota->version >= 0 && quota->version < TIME_MAX &&
                  quota->jumps >= 0 && quota->jumps < TIME_MAX;
    for (int w = 0; usable && w < QUOTA_WINDOWS; w++) {
        const struct quota_count *c = &quota->counts[w];
        usable = c->newest >= 0 && c->newest <= quota->time / windows[w].bucket && c->foreign >= 0 &&
                 c->foreign <= NUMBER_MAX && c->sure >= 0 && c->foreign_at >= 0 &&
                 c->foreign_at <= c->newest && c->learnt >= 0 && c->learnt_at >= 0 &&
                 c->learnt_at <= quota->time;
        for (int i = 0; usable && i < windows[w].buckets; i++)
            usable = c->used[i] >= 0 && c->used[i] <= NUMBER_MAX;
    }
    return usable;
}

int64_t quota_used(const struct quota *quota, enum quota_window window)
{
    int64_t used = quota->counts[window].foreign;
    for (int i = 0; i < windows[window].buckets; i++)
        used += quota->counts[window].used[i];
    return used;
}

int64_t quota_limit(const struct quota *quota, const struct quota_limits *limits, enum quota_window window)
{
    int64_t learnt = quota->counts[window].learnt;
    return learnt > 0 && learnt < limits->most[window] ? learnt : limits->most[window];
}

int64_t quota_allowance(const struct quota *quota, const struct quota_limits *limits, enum quota_work work,
                        enum quota_window window)
{
    int64_t percent = limits->share;
    if (work == QUOTA_PERSON)
        percent = PERSON_SHARE;
    else if (work == QUOTA_FILL && window != QUOTA_MONTH)
        percent = FILL_SHARE;
    int64_t allowance = quota_limit(quota, limits, window) * percent / 100;
    return allowance > 0 ? allowance : 1;
}

double quota_budget(const struct quota *quota, const struct quota_limits *limits)
{
    double least = INFINITY;
    for (int w = 0; w < QUOTA_WINDOWS; w++) {
        double days = (double)(windows[w].buckets * windows[w].bucket) / (double)USEC_PER_DAY;
        int64_t most = quota_allowance(quota, limits, QUOTA_BACKGROUND, (enum quota_window)w);
        least = fmin(least, (double)most / days);
    }
    return least;
}

int64_t quota_left(const struct quota *quota, const struct quota_limits *limits, enum quota_work work)
{
    int64_t left = INT64_MAX;
    if (quota->closed_until)
        return 0;
    for (int i = 0; i < QUOTA_WINDOWS; i++) {
        enum quota_window window = (enum quota_window)i;
        int64_t here = quota_allowance(quota, limits, work, window) - quota_used(quota, window);
        if (here < left)
            left = here;
    }
    return left > 0 ? left : 0;
}

void quota_enter(struct quota *quota, int64_t at, int64_t count)
{
    for (int i = 0; i < QUOTA_WINDOWS; i++) {
        enum quota_window window = (enum quota_window)i;
        struct quota_count *c = &quota->counts[i];
        int64_t index = at / windows[i].bucket;
        if (index > c->newest || index <= c->newest - windows[i].buckets)
            continue; /* forgotten meanwhile */
        int64_t *used = bucket_at(c, window, index);
        *used = *used + count > 0 ? *used + count : 0;
    }
}

/* Ledger time from which bucket `index` counts no more. */
static int64_t forgotten_at(enum quota_window window, int64_t index)
{
    return (index + windows[window].buckets) * windows[window].bucket;
}

/* Ledger time at which no more than `most` are counted in a window, with what others used or without it. */
static int64_t below_at(const struct quota *quota, enum quota_window window, int64_t most, bool others)
{
    const struct quota_count *c = &quota->counts[window];
    int64_t foreign = others ? c->foreign : 0, at = quota->time;
    int64_t used = quota_used(quota, window) - c->foreign + foreign;
    for (int64_t i = c->newest - windows[window].buckets + 1; used > most && i <= c->newest; i++) {
        int64_t here = i < 0 ? 0 : c->used[i % windows[window].buckets];
        if (i == c->foreign_at)
            here += foreign;
        if (here > 0)
            at = forgotten_at(window, i);
        used -= here;
    }
    return at;
}

int64_t quota_until(const struct quota *quota, enum quota_window window, int64_t most)
{
    return below_at(quota, window, most, true) - quota->time;
}

int64_t quota_wait(const struct quota *quota, const struct quota_limits *limits, enum quota_work work,
                   enum quota_window *ret_window)
{
    int64_t latest = quota->time;
    enum quota_window holds = QUOTA_HOUR;
    bool closed = quota->closed_until > 0;
    if (closed)
        holds = (enum quota_window)quota->closed_window;
    if (quota->closed_until > latest)
        latest = quota->closed_until;
    for (int i = 0; i < QUOTA_WINDOWS; i++) {
        enum quota_window window = (enum quota_window)i;
        int64_t most =
            closed ? quota_limit(quota, limits, window) : quota_allowance(quota, limits, work, window);
        int64_t at = below_at(quota, window, most - 1, !closed);
        if (at <= latest)
            continue;
        latest = at;
        holds = window;
    }
    if (ret_window)
        *ret_window = holds;
    return latest - quota->time;
}

/* --- refusals --- */

/* Microseconds from `date` to the next boundary of a window in the server's clock (UTC, as the header is). */
static int64_t until_boundary(enum quota_window window, int64_t date)
{
    if (window != QUOTA_MONTH)
        return windows[window].length - date % windows[window].length;
    time_t now = (time_t)(date / USEC_PER_SEC);
    struct tm t;
    if (!gmtime_r(&now, &t))
        return USEC_PER_DAY;
    t.tm_mon++;
    t.tm_mday = 1;
    t.tm_hour = t.tm_min = t.tm_sec = 0;
    return (int64_t)timegm(&t) * USEC_PER_SEC - date;
}

static int64_t again_after(enum quota_window window, int64_t refusals)
{
    if (window != QUOTA_HOUR)
        return USEC_PER_DAY;
    int64_t delay = 15 * USEC_PER_MIN;
    while (--refusals > 0 && delay < USEC_PER_HOUR)
        delay *= 2;
    return delay;
}

static int64_t closed_for(const struct quota *quota, enum quota_window window, int64_t retry_after,
                          double draw)
{
    if (retry_after >= 0) {
        if (retry_after < USEC_PER_SEC)
            return USEC_PER_SEC;
        return retry_after < windows[window].length ? retry_after : windows[window].length;
    }
    if (quota->refusals > 0)
        return again_after(window, quota->refusals);
    int64_t date = quota->date ? quota->date : quota->time;
    return until_boundary(window, date) + REOPEN_LEAST + (int64_t)(draw * (double)REOPEN_SPREAD);
}

static void note_foreign(struct quota *quota, const struct quota_limits *limits, enum quota_window window)
{
    struct quota_count *c = &quota->counts[window];
    int64_t foreign = quota_limit(quota, limits, window) - quota_used(quota, window);
    if (foreign <= 0)
        return;
    c->foreign += foreign;
    c->foreign_at = c->newest;
}

void quota_refuse(struct quota *quota, const struct quota_limits *limits, const struct quota_refusal *refusal,
                  int64_t retry_after, double draw)
{
    enum quota_window window = refusal->window;
    if (refusal->limit > 0 && refusal->limit < limits->most[window]) {
        quota->counts[window].learnt = refusal->limit;
        quota->counts[window].learnt_at = quota->time;
    }
    note_foreign(quota, limits, window);
    if (quota->closed_until > quota->time)
        return; /* in flight with the one that closed it */
    bool again = quota->closed_until != 0 && quota->closed_window == (int64_t)window;
    quota->refusals = again ? quota->refusals + 1 : 0;
    quota->closed_window = window;
    quota->closed_until = quota->time + closed_for(quota, window, retry_after, draw);
}

void quota_accept(struct quota *quota)
{
    if (quota->closed_until == 0)
        return;
    quota->counts[quota->closed_window].foreign = 0;
    quota->closed_until = 0;
    quota->refusals = 0;
}

int64_t quota_wait_probe(const struct quota *quota, const struct quota_limits *limits, enum quota_work work,
                         bool confirmed, int64_t wall)
{
    int64_t wait = quota_wait(quota, limits, work, NULL);
    int64_t since = quota->probed_wall > quota->wall ? quota->probed_wall : quota->wall;
    if (confirmed || wall <= since)
        return wait;
    return wait > wall - since ? wait - (wall - since) : 0;
}
