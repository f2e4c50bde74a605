#include "flexsync/quota.h"

#include "flexsync/clock.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define JITTER        (2 * USEC_PER_MIN) /* between the clocks of servers that answer in turn */
#define PERSON_SHARE  99                 /* the rest is for probes */
#define FILL_SHARE    90
#define REOPEN_LEAST  USEC_PER_MIN /* after a boundary */
#define REOPEN_SPREAD (4 * USEC_PER_MIN)
#define TIME_MAX      (INT64_MAX / 4)
#define NUMBER_MAX    INT64_C(1000000000)
#define BODY_MAX      4096 /* bytes of a refusal that are looked at */

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

void quota_init(struct quota *quota, int64_t wall)
{
    *quota = (struct quota){.time = wall > 0 ? wall : 0, .wall = wall};
    for (int w = 0; w < QUOTA_WINDOWS; w++)
        quota->counts[w].newest = quota->time / windows[w].bucket;
}

void quota_advance(struct quota *quota, int64_t elapsed, int64_t date, int64_t wall)
{
    if (elapsed > 0) {
        quota->time += elapsed;
        if (quota->date)
            quota->date += elapsed;
    }
    if (date > 0) {
        int64_t ahead = quota->date ? date - quota->date : 0;
        if (ahead > JITTER)
            quota->time += ahead;
        if (!quota->date || ahead > JITTER || ahead < -JITTER)
            quota->date = date;
    }
    quota->wall = date > 0 ? wall : quota->wall + (elapsed > 0 ? elapsed : 0);
    for (int w = 0; w < QUOTA_WINDOWS; w++)
        turn_window(&quota->counts[w], (enum quota_window)w, quota->time);
}

void quota_merge(struct quota *quota, const struct quota *known)
{
    for (int i = 0; i < QUOTA_WINDOWS; i++) {
        enum quota_window window = (enum quota_window)i;
        struct quota_count *c = &quota->counts[i], old = known->counts[i];
        for (int64_t n = c->newest - windows[i].buckets + 1; n <= old.newest; n++) {
            int64_t *used = n < 0 ? NULL : bucket_at(c, window, n);
            if (used && *used < *bucket_at(&old, window, n))
                *used = *bucket_at(&old, window, n);
        }
        if (c->foreign < old.foreign && c->newest - old.foreign_at < windows[i].buckets) {
            c->foreign = old.foreign;
            c->foreign_at = old.foreign_at;
        }
        if (c->learnt == 0 || (old.learnt > 0 && old.learnt < c->learnt)) {
            c->learnt = old.learnt;
            c->learnt_at = old.learnt_at;
        }
    }
    if (quota->closed_until >= known->closed_until)
        return;
    quota->closed_until = known->closed_until;
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
                  quota->wall > -TIME_MAX && quota->wall < TIME_MAX && quota->closed_until >= 0 &&
                  quota->closed_until < TIME_MAX && quota->closed_window >= 0 &&
                  quota->closed_window < QUOTA_WINDOWS && quota->refusals >= 0;
    for (int w = 0; usable && w < QUOTA_WINDOWS; w++) {
        const struct quota_count *c = &quota->counts[w];
        usable = c->newest >= 0 && c->newest <= quota->time / windows[w].bucket && c->foreign >= 0 &&
                 c->foreign <= NUMBER_MAX && c->foreign_at >= 0 && c->foreign_at <= c->newest &&
                 c->learnt >= 0 && c->learnt_at >= 0 && c->learnt_at <= quota->time;
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

/* Ledger time at which no more than `most` are counted in a window. */
static int64_t below_at(const struct quota *quota, enum quota_window window, int64_t most)
{
    const struct quota_count *c = &quota->counts[window];
    int64_t used = quota_used(quota, window), at = quota->time;
    for (int64_t i = c->newest - windows[window].buckets + 1; used > most && i <= c->newest; i++) {
        int64_t here = i < 0 ? 0 : c->used[i % windows[window].buckets];
        if (i == c->foreign_at)
            here += c->foreign;
        if (here > 0)
            at = forgotten_at(window, i);
        used -= here;
    }
    return at;
}

int64_t quota_until(const struct quota *quota, enum quota_window window, int64_t most)
{
    return below_at(quota, window, most) - quota->time;
}

int64_t quota_wait(const struct quota *quota, const struct quota_limits *limits, enum quota_work work,
                   enum quota_window *ret_window)
{
    int64_t latest = quota->time;
    enum quota_window holds = QUOTA_HOUR;
    if (quota->closed_until > latest) {
        latest = quota->closed_until;
        holds = (enum quota_window)quota->closed_window;
    }
    for (int i = 0; i < QUOTA_WINDOWS; i++) {
        enum quota_window window = (enum quota_window)i;
        int64_t at = below_at(quota, window, quota_allowance(quota, limits, work, window) - 1);
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

/* "2,000", "2 000", "2.000" -> 2000; 0 where there is no number. */
static int64_t read_number(const char *text)
{
    int64_t number = 0;
    while (*text && !isdigit((unsigned char)*text))
        text++;
    for (; isdigit((unsigned char)*text) || (strchr(",. '", *text) && isdigit((unsigned char)text[1]));
         text++)
        if (isdigit((unsigned char)*text) && number < NUMBER_MAX)
            number = number * 10 + (*text - '0');
    return number;
}

static bool read_window(const char *text, enum quota_window *ret)
{
    static const struct {
        const char *word;
        enum quota_window window;
    } words[] = {{"hour", QUOTA_HOUR}, {"month", QUOTA_MONTH}, {"30 days", QUOTA_MONTH},
                 {"day", QUOTA_DAY},   {"today", QUOTA_DAY},   {"daily", QUOTA_DAY}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!strcasestr(text, words[i].word))
            continue;
        *ret = words[i].window;
        return true;
    }
    return false;
}

void quota_read_refusal(const char *body, size_t length, const struct quota_limits *limits,
                        struct quota_refusal *ret)
{
    char text[BODY_MAX];
    if (length > sizeof text - 1)
        length = sizeof text - 1;
    for (size_t i = 0; i < length; i++)
        text[i] = body[i] ? body[i] : ' ';
    text[length] = '\0';
    *ret = (struct quota_refusal){0};
    const char *found = strcasestr(text, "limit of ");
    if (!found)
        return;
    ret->limit = read_number(found);
    ret->named = read_window(found, &ret->window);
    for (int w = 0; w < QUOTA_WINDOWS && !ret->named; w++)
        if (ret->limit > 0 && ret->limit == limits->most[w]) {
            ret->named = true;
            ret->window = (enum quota_window)w;
        }
}

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
    bool probe = quota->closed_until != 0;
    quota->refusals = probe ? quota->refusals + 1 : 0;
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

bool quota_may_probe(const struct quota *quota, const struct quota_limits *limits, enum quota_work work,
                     bool confirmed, int64_t wall)
{
    if (quota->closed_until && quota->time >= quota->closed_until)
        return true;
    if (confirmed)
        return false;
    int64_t wait = quota_wait(quota, limits, work, NULL);
    int64_t since = quota->probed_wall > quota->wall ? quota->probed_wall : quota->wall;
    return wait > 0 && wall - since >= wait;
}
