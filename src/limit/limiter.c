#include "flexsync/limiter.h"

#include "flexsync/clock.h"
#include "flexsync/text.h"

#define LEASES       100                 /* of the hourly limit: a lease is 1 % of it */
#define LEDGER_PAUSE (10 * USEC_PER_SEC) /* until it is tried again: a disk may have room by then */

void limiter_init(struct limiter *limiter, double rate, double burst, int64_t now)
{
    *limiter = (struct limiter){0};
    bucket_init(&limiter->bucket, rate, burst, now);
}

void limiter_change(struct limiter *limiter, double rate, double burst, int64_t now)
{
    bucket_change(&limiter->bucket, rate, burst, now);
}

void limiter_keep(struct limiter *limiter, const struct limiter_book *book, const struct quota_limits *limits)
{
    limiter->book = *book;
    limiter->limits = *limits;
}

void limiter_work(struct limiter *limiter, enum quota_work work)
{
    limiter->work = work;
}

int64_t limiter_paused(const struct limiter *limiter, int64_t now)
{
    int64_t until = limiter->paused_until;
    if (until < limiter->spent_until)
        until = limiter->spent_until;
    return until > now ? until - now : 0;
}

bool limiter_spent(const struct limiter *limiter, int64_t now, enum quota_window *ret)
{
    if (!limiter->seen || limiter->spent_until <= now || limiter->paused_until > limiter->spent_until)
        return false;
    return quota_wait(&limiter->quota, &limiter->limits, limiter->work, ret) > 0;
}

int64_t limiter_wait(struct limiter *limiter, int64_t now)
{
    return bucket_wait(&limiter->bucket, now);
}

/* What a pause must at least be after so many in a row. */
static int64_t least_pause(unsigned refusals)
{
    int64_t pause = LIMITER_PAUSE_MIN;
    while (refusals-- > 0 && pause < LIMITER_PAUSE)
        pause *= 2;
    return pause < LIMITER_PAUSE ? pause : LIMITER_PAUSE;
}

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

static void begin_pause(struct limiter *limiter, int64_t retry_after, int64_t now)
{
    int64_t least = least_pause(limiter->refusals);
    int64_t pause = clamp(retry_after < 0 ? LIMITER_PAUSE : retry_after, least, LIMITER_PAUSE_MAX);
    if (now >= limiter->paused_until) /* those that were under way with the first one are one refusal */
        limiter->refusals++;
    if (now + pause > limiter->paused_until)
        limiter->paused_until = now + pause;
}

/* --- the ledger --- */

/* The ledger's time now, as far as this process knows. */
static int64_t ledger_time(const struct limiter *limiter, int64_t now)
{
    return limiter->quota.time + (now > limiter->seen_at ? now - limiter->seen_at : 0);
}

/* Brings a ledger up to what this process knows; false where it cannot tell how long ago that was written. */
static bool catch_up(const struct limiter *limiter, struct quota *ret, int64_t now, int64_t wall)
{
    const struct quota *known = &limiter->quota;
    if (!limiter->seen)
        return ret->version == 0;
    if (ret->version == 0) /* the file was deleted: it goes on as it was */
        *ret = *known;
    int64_t time = ledger_time(limiter, now);
    bool other = ret->id != known->id, older = ret->version < known->version;
    bool late = time < ret->time || (!other && ret->jumps > known->jumps);
    if (!late && (other || (ret->fresh && ret->version != known->version))) /* nor could those who wrote it */
        quota_catch_up(ret, time - ret->time, other ? 0 : ret->fresh);
    else if (!late)
        quota_advance(ret, time - ret->time, 0, wall);
    if (other || older)
        quota_merge(ret, known, time);
    if (older) /* another copy of that time is not to pass for what is entered from now on */
        ret->version = known->version;
    return !late;
}

/*
 * Tells it the date that it must be now; what the machine has slept since it was heard is not in it. False
 * where it knows a later one.
 */
static bool tell_date(const struct limiter *limiter, struct quota *ret, bool in_time, int64_t now,
                      int64_t wall)
{
    int64_t age = now - limiter->date_at, date = limiter->date ? limiter->date + age : 0;
    bool behind = date < ret->date;
    if (date)
        quota_date(ret, date, limiter->heard && age <= USEC_PER_MIN && (in_time || !behind),
                   limiter->heard && limiter->dated ? limiter->dated - USEC_PER_MIN : INT64_MAX, wall);
    return date && !behind;
}

/* Begins a transaction with the ledger brought up to now; *ret is to be changed and given to close_book(). */
static int open_book(struct limiter *limiter, struct quota *ret, int64_t now, int64_t wall, struct error *err)
{
    if (limiter->book.begin(limiter->book.self, ret, err) < 0)
        return -1;
    bool in_time = catch_up(limiter, ret, now, wall);
    quota_enter(ret, limiter->lease_at, -limiter->lease);
    bool dated = tell_date(limiter, ret, in_time, now, wall);
    limiter->late = (limiter->late || !in_time) && !dated;
    quota_advance(ret, 0, 0, wall);
    ret->version++;
    return 0;
}

static int close_book(struct limiter *limiter, const struct quota *quota, int64_t lease, int64_t now,
                      struct error *err)
{
    if (limiter->book.end(limiter->book.self, quota, err) < 0) {
        limiter->lease = 0; /* it may be given back already, and would be a second time */
        return -1;
    }
    if (limiter->heard)
        limiter->dated = quota->time;
    limiter->quota = *quota;
    limiter->seen_at = now;
    limiter->seen = true;
    limiter->lease = lease;
    limiter->lease_at = quota->time;
    limiter->heard = false;
    return 0;
}

static void say_spent(const struct limiter *limiter, enum quota_window window, int64_t wait, int64_t wall,
                      struct error *err)
{
    static const char *const words[QUOTA_WINDOWS] = {"hourly", "daily", "monthly"};
    char at[TEXT_MAX];
    (void)error_set(err, ERROR_QUOTA, RETRY_LATER, "the %s request quota is used up%s; goes on %s",
                    words[window], limiter->work == QUOTA_PERSON ? "" : " as far as background work may",
                    text_format_local(at, wall + wait, wall));
}

/* A new lease, entered before it is used. */
static int renew(struct limiter *limiter, int64_t now, int64_t wall, struct error *err)
{
    struct quota quota;
    if (open_book(limiter, &quota, now, wall, err) < 0)
        return -1;
    int64_t lease = quota_limit(&quota, &limiter->limits, QUOTA_HOUR) / LEASES;
    int64_t left = quota_left(&quota, &limiter->limits, limiter->work);
    if (lease < 1)
        lease = 1;
    if (lease > left)
        lease = left;
    int64_t wait = quota_wait_probe(&quota, &limiter->limits, limiter->work, limiter->date != 0, wall);
    bool probe = lease == 0 && !limiter->probing && wait == 0;
    if (probe) {
        quota.probed_wall = wall;
        lease = 1;
    }
    if (limiter->late && lease > 0)
        quota_doubt(&quota);
    quota_enter(&quota, quota.time, lease);
    if (close_book(limiter, &quota, lease, now, err) < 0)
        return -1;
    limiter->probing = limiter->probing || probe;
    if (lease > 0)
        return 0;
    enum quota_window window = QUOTA_HOUR;
    (void)quota_wait(&quota, &limiter->limits, limiter->work, &window);
    if (wait < USEC_PER_SEC)
        wait = USEC_PER_SEC;
    limiter->spent_until = now + wait;
    say_spent(limiter, window, wait, wall, err);
    return -1;
}

static bool lease_holds(const struct limiter *limiter, int64_t now)
{
    return limiter->lease > 0 && (limiter->probing || !limiter->quota.closed_until) &&
           ledger_time(limiter, now) / USEC_PER_MIN == limiter->lease_at / USEC_PER_MIN;
}

int limiter_take(struct limiter *limiter, int64_t now, int64_t wall, struct error *err)
{
    if (limiter->book.begin && !lease_holds(limiter, now) && renew(limiter, now, wall, err) < 0) {
        if (limiter->spent_until <= now) /* the ledger cannot be written: not counted, so not sent */
            limiter->spent_until = now + LEDGER_PAUSE;
        return -1;
    }
    limiter->lease -= limiter->lease > 0;
    bucket_take(&limiter->bucket, now);
    return 0;
}

/* A change of the ledger that is worth having, but no reason to fail where it cannot be written. */
static void amend(struct limiter *limiter, const struct quota_refusal *refusal, int64_t retry_after,
                  double draw, int64_t now, int64_t wall)
{
    struct error ignored;
    struct quota quota;
    if (!limiter->book.begin || open_book(limiter, &quota, now, wall, &ignored) < 0)
        return;
    if (refusal)
        quota_refuse(&quota, &limiter->limits, refusal, retry_after, draw);
    else if (limiter->probing)
        quota_accept(&quota);
    (void)close_book(limiter, &quota, 0, now, &ignored);
}

void limiter_dated(struct limiter *limiter, int64_t date, int64_t now)
{
    if (date <= 0)
        return;
    limiter->date = date;
    limiter->date_at = now;
    limiter->heard = true;
}

int64_t limiter_date(const struct limiter *limiter, int64_t now)
{
    return limiter->date > 0 ? limiter->date + (now - limiter->date_at) : 0;
}

void limiter_refused(struct limiter *limiter, const struct quota_refusal *refusal, int64_t retry_after,
                     double draw, int64_t now, int64_t wall)
{
    if (limiter->book.begin && refusal->named) {
        amend(limiter, refusal, retry_after, draw, now, wall);
        limiter->probing = false;
        int64_t wait = quota_wait(&limiter->quota, &limiter->limits, limiter->work, NULL);
        limiter->spent_until = now + wait;
        if (wait > 0) /* else the ledger could not be written */
            return;
    }
    limiter->probing = false;
    begin_pause(limiter, retry_after, now);
}

void limiter_answered(struct limiter *limiter, int64_t now, int64_t wall)
{
    limiter->refusals = 0;
    if (!limiter->probing)
        return;
    amend(limiter, NULL, 0, 0, now, wall);
    limiter->probing = false;
}

void limiter_forgive(struct limiter *limiter)
{
    limiter->paused_until = 0;
    limiter->spent_until = 0;
}

void limiter_rest(struct limiter *limiter, int64_t now, int64_t wall)
{
    limiter->probing = false; /* a probe whose answer nobody waits for is none */
    if (limiter->lease > 0 || limiter->heard)
        amend(limiter, NULL, 0, 0, now, wall);
}

void limiter_left(const struct limiter *limiter, int64_t ret[static QUOTA_WINDOWS])
{
    for (int i = 0; i < QUOTA_WINDOWS; i++) {
        enum quota_window window = (enum quota_window)i;
        int64_t left = quota_limit(&limiter->quota, &limiter->limits, window) -
                       quota_used(&limiter->quota, window) + limiter->lease;
        ret[i] = !limiter->seen ? -1 : left > 0 ? left : 0;
    }
}

int64_t limiter_allowed(struct limiter *limiter, int64_t now, int64_t wall)
{
    if (!limiter->book.begin)
        return INT64_MAX;
    limiter->probing = false;
    amend(limiter, NULL, 0, 0, now, wall);
    return limiter->seen ? quota_left(&limiter->quota, &limiter->limits, limiter->work) : 0;
}
