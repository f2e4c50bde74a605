#include "quota.h"

#include <stdlib.h>
#include <string.h>

#include "caltime.h"

#define MONTH_SECONDS (INT64_C(31) * 86400)
#define KEPT_SECONDS  (3 * MONTH_SECONDS) /* more than a window, for clocks that go back */

struct spent {
    int64_t second, count;
};

/* What one window holds: the entries from `from` up to before `to`. */
struct tail {
    bool valid;
    size_t from, to;
    int64_t used, start, now;
};

struct quota {
    struct spent *all; /* in the order of time */
    size_t count, room;
    struct tail tails[QUOTA_WINDOWS];
    enum window_kind kind;
};

struct quota *quota_new(void)
{
    return calloc(1, sizeof(struct quota));
}

struct quota *quota_free(struct quota *q)
{
    if (q)
        free(q->all);
    free(q);
    return NULL;
}

const char *quota_window_name(enum quota_window window)
{
    switch (window) {
    case QUOTA_HOUR:
        return "hour";
    case QUOTA_DAY:
        return "day";
    case QUOTA_MONTH:
        return "month";
    case QUOTA_WINDOWS:
        break;
    }
    return "concurrent";
}

int64_t quota_limit(const struct settings *set, enum quota_window window)
{
    switch (window) {
    case QUOTA_HOUR:
        return set->hourly;
    case QUOTA_DAY:
        return set->daily;
    case QUOTA_MONTH:
        return set->monthly;
    case QUOTA_WINDOWS:
        break;
    }
    return 0;
}

static int64_t floor_to(int64_t value, int64_t step)
{
    int64_t rest = value % step;
    return value - (rest < 0 ? rest + step : rest);
}

/* The first second that counts. */
static int64_t window_start(enum window_kind kind, enum quota_window window, int64_t now)
{
    switch (window) {
    case QUOTA_HOUR:
        return kind == WINDOW_ROLLING ? now - 3599 : floor_to(now, 3600);
    case QUOTA_DAY:
        return kind == WINDOW_ROLLING ? now - 86399 : floor_to(now, 86400);
    case QUOTA_MONTH:
        return kind == WINDOW_ROLLING ? now - MONTH_SECONDS + 1 : caltime_month_start(now);
    case QUOTA_WINDOWS:
        break;
    }
    return now;
}

/* The first entry later than this second. */
static size_t after(const struct quota *q, int64_t second)
{
    size_t low = 0, high = q->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (q->all[middle].second <= second)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void forget_tails(struct quota *q)
{
    for (int i = 0; i < QUOTA_WINDOWS; i++)
        q->tails[i].valid = false;
}

/* Entries older than any window are dropped, half of the array at a time. */
static void forget_old(struct quota *q, int64_t now)
{
    size_t old = after(q, now - KEPT_SECONDS);
    if (old < 1024 || old < q->count / 2)
        return;
    memmove(q->all, q->all + old, (q->count - old) * sizeof(*q->all));
    q->count -= old;
    forget_tails(q);
}

int64_t quota_used(struct quota *q, enum window_kind kind, enum quota_window window, int64_t now)
{
    int64_t start = window_start(kind, window, now);
    struct tail *t = &q->tails[window];
    if (kind != q->kind)
        forget_tails(q);
    q->kind = kind;
    if (!t->valid || start < t->start || now < t->now) {
        size_t first = after(q, start - 1);
        *t = (struct tail){.valid = true, .from = first, .to = first};
    }
    t->start = start;
    t->now = now;
    while (t->to < q->count && q->all[t->to].second <= now)
        t->used += q->all[t->to++].count;
    while (t->from < t->to && q->all[t->from].second < start)
        t->used -= q->all[t->from++].count;
    return t->used;
}

static int make_room(struct quota *q)
{
    if (q->count < q->room)
        return 0;
    size_t room = q->room ? q->room * 2 : 1024;
    struct spent *all = realloc(q->all, room * sizeof(*all));
    if (!all)
        return -1;
    q->all = all;
    q->room = room;
    return 0;
}

int quota_spend(struct quota *q, int64_t now, int64_t count)
{
    forget_old(q, now);
    size_t at = after(q, now);
    if (at && q->all[at - 1].second == now) {
        q->all[at - 1].count += count;
        for (int i = 0; i < QUOTA_WINDOWS; i++)
            if (q->tails[i].from < at && at <= q->tails[i].to)
                q->tails[i].used += count;
        return 0;
    }
    if (make_room(q) < 0)
        return -1;
    if (at < q->count)
        forget_tails(q);
    memmove(q->all + at + 1, q->all + at, (q->count - at) * sizeof(*q->all));
    q->all[at] = (struct spent){now, count};
    q->count++;
    return 0;
}

enum quota_window quota_full(struct quota *q, const struct settings *set, int64_t now)
{
    for (int i = 0; i < QUOTA_WINDOWS; i++) {
        enum quota_window window = (enum quota_window)i;
        int64_t limit = quota_limit(set, window);
        if (limit > 0 && quota_used(q, (enum window_kind)set->window, window, now) >= limit)
            return window;
    }
    return QUOTA_WINDOWS;
}
