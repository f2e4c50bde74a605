/*
 * quota: how many requests an account may still send this hour, this day and this month.
 *
 * Used requests are counted in sliding windows of buckets, and the oldest bucket counts whole: 61 of 60 s for
 * the hour, 97 of 15 min for the day, 125 of 6 h for the month of 31 days. So no window of the server's can
 * be exceeded, however it is aligned: every interval of an hour lies within 61 whole minutes. That is exact
 * as far as the dates are by which the time moves on after a start: with dates that are off by some seconds,
 * it is exact but for so many seconds of a window.
 *
 * The time in here is the ledger's own: it starts as the local clock's, runs with the monotonic clock, is
 * moved on by the server's Date where that has moved further, and never runs backwards. A program that starts
 * cannot know how long nobody looked at the clock; so what was entered since a date was heard last counts
 * from the moment at which the next one moves the time on. What the local wall clock says is believed in one
 * thing only: after a start with a full ledger, where no answer can tell the date, it may allow one probe.
 *
 * Pure data: store/ledger keeps it in quota.db, and it may be copied.
 */
#ifndef FLEXSYNC_QUOTA_H
#define FLEXSYNC_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUOTA_BUCKETS_MAX 125

enum quota_window { QUOTA_HOUR, QUOTA_DAY, QUOTA_MONTH, QUOTA_WINDOWS };

/* Whose requests; how much of each window they may use is in quota_limits. */
enum quota_work { QUOTA_PERSON, QUOTA_FILL, QUOTA_BACKGROUND, QUOTA_WORKS };

extern const char *const quota_window_names[QUOTA_WINDOWS]; /* "hour", "day", "month" */

struct quota_limits {
    int64_t most[QUOTA_WINDOWS]; /* requests, 1 or more */
    int64_t share;               /* percent of each for background work, 1 to 100 */
};

struct quota_count {
    int64_t newest;                  /* index of the newest bucket: ledger time / its length */
    int64_t used[QUOTA_BUCKETS_MAX]; /* requests; bucket i stands at i modulo the number of buckets */
    int64_t foreign;                 /* what others used, learnt from a refusal */
    int64_t foreign_at;              /* index of the bucket in which that was learnt */
    int64_t sure;                    /* in the bucket of quota.unsure, entered before */
    int64_t learnt;                  /* a limit that the server named, smaller than ours; 0: none */
    int64_t learnt_at;               /* ledger time; believed for a month, plans change */
};

struct quota {
    int64_t version; /* counts the changes that were persisted; an older one is a copy that was put back */
    int64_t id;      /* of the file, random; another one is another file */
    int64_t time;    /* the ledger's: usec */
    int64_t date;    /* the server's at that time: usec since 1970; 0: no answer yet */
    int64_t unsure;  /* ledger time from which entries may be later than they look; 0: none, a date came */
    int64_t fresh;   /* the same; 0: one that knew the time came */
    int64_t jumps;   /* how often the time was moved by more than it took: who saw less of them is late */
    int64_t wall;    /* the local clock at that time, for the probe of a full ledger */
    struct quota_count counts[QUOTA_WINDOWS];
    int64_t closed_until;  /* ledger time: nothing but a probe before it is sent; 0: open */
    int64_t closed_window; /* enum quota_window of the refusal */
    int64_t refusals;      /* probes in a row that were refused too */
    int64_t probed_wall;   /* the local clock at the last probe of a full ledger */
};

/* An empty ledger. */
void quota_init(struct quota *quota, int64_t wall);

/* Who enters something next does not know how much time has passed since the ledger was written. */
void quota_doubt(struct quota *quota);

/*
 * Moves the ledger's time on by `elapsed` monotonic microseconds, and to where the server's `date` (0: none)
 * has moved since; what is older than its window is forgotten.
 */
void quota_advance(struct quota *quota, int64_t elapsed, int64_t date, int64_t wall);

/*
 * The server's date is `date` now, or not before it if that is not `certain`: the time moves to where it has
 * moved. What was entered at or after `from`, or in doubt, was perhaps sent that much later, and counts from
 * now. A date that jumps back moves nothing, and if it is certain, time goes on from there. Below two minutes
 * that is the jitter of a farm of servers: the latest of them counts.
 */
void quota_date(struct quota *quota, int64_t date, bool certain, int64_t from, int64_t wall);

/*
 * Moves the ledger's time on by `elapsed`, of which those who entered something at or after `from` did not
 * know: that counts from now.
 */
void quota_catch_up(struct quota *quota, int64_t elapsed, int64_t from);

/*
 * Enters what `known`, an earlier state of the ledger whose time would be `time` now, has beyond *quota,
 * which an older one replaced meanwhile, or another one. The time of *quota is not before `time`.
 */
void quota_merge(struct quota *quota, const struct quota *known, int64_t time);

/* One bucket by its index, for who keeps them; 0 for one that is not within the window. */
int64_t quota_get(const struct quota *quota, int window, int64_t index);

/* Enters what was kept; what is not within the window, or no window, is ignored. */
void quota_set(struct quota *quota, int64_t window, int64_t index, int64_t used);

/* Can these figures be a ledger? What was read from a file may hold anything. */
bool quota_usable(const struct quota *quota);

/* Requests in a window, those of others included; oldest bucket whole. */
int64_t quota_used(const struct quota *quota, enum quota_window window);

/* What holds in a window: ours, or what the server named if that is less. */
int64_t quota_limit(const struct quota *quota, const struct quota_limits *limits, enum quota_window window);

/*
 * How much of a window this kind of work may fill: a person 99 %, the first fill 90 % of hour and day and
 * `share` of the month, background `share`. At least one request of a window, else nothing ever moved.
 */
int64_t quota_allowance(const struct quota *quota, const struct quota_limits *limits, enum quota_work work,
                        enum quota_window window);

/*
 * Requests a day that background work may send for ever: what the window that allows the fewest lets through
 * at an even pace. Above 0.
 */
double quota_budget(const struct quota *quota, const struct quota_limits *limits);

/* Requests that this kind of work may send now; 0 when a window is used up or a refusal closed the quota. */
int64_t quota_left(const struct quota *quota, const struct quota_limits *limits, enum quota_work work);

/* Enters `count` requests as used, before they are sent; a negative count gives back what was not sent in the
 * bucket of ledger time `at`. */
void quota_enter(struct quota *quota, int64_t at, int64_t count);

/*
 * Microseconds of ledger time until quota_left() is 1 again if nothing more is sent, or, where a refusal
 * closed the quota, until a probe may be sent; 0 for now. A probe does not heed what others used, but our own
 * requests stay below the limit with it. *ret_window (may be NULL) is the window that holds it up longest.
 */
int64_t quota_wait(const struct quota *quota, const struct quota_limits *limits, enum quota_work work,
                   enum quota_window *ret_window);

/* Microseconds until a window counts no more than `most`, if nothing more is sent. */
int64_t quota_until(const struct quota *quota, enum quota_window window, int64_t most);

/* What a 429 says. */
struct quota_refusal {
    bool named;               /* it names a window: else it is about too many at the same time */
    enum quota_window window; /* of `named` */
    int64_t limit;            /* requests; 0: none named */
};

/*
 * Reads `limit of 2,000 reached for this hour` out of an answer's body, of at most `length` bytes. A number
 * that is one of `limits` names its window where the words do not.
 */
void quota_read_refusal(const char *body, size_t length, const struct quota_limits *limits,
                        struct quota_refusal *ret);

/*
 * A window was refused: the smaller of the server's limit and ours holds from now on, what the server counted
 * beyond us is entered as other people's, and the quota is closed until the server's next boundary of that
 * window plus 60 to 300 s (`draw`, 0 to 1), or for `retry_after` (negative: none named), honoured between 1 s
 * and the window's length. Where a probe was refused for the same window: for 15, 30, 60 min, then hourly;
 * the larger windows daily.
 */
void quota_refuse(struct quota *quota, const struct quota_limits *limits, const struct quota_refusal *refusal,
                  int64_t retry_after, double draw);

/* The probe after a refusal was answered: the window has turned, and what others used in it is forgotten. */
void quota_accept(struct quota *quota);

/*
 * Microseconds until one request may be sent although quota_left() is 0: what quota_wait() says, or less
 * where no answer has confirmed the date yet (`confirmed` false) and the local clock says that much of it has
 * passed. Where that is 0 and quota_left() too, the request is a probe: the caller sets probed_wall, enters
 * it as used and persists that before it sends.
 */
int64_t quota_wait_probe(const struct quota *quota, const struct quota_limits *limits, enum quota_work work,
                         bool confirmed, int64_t wall);

#endif
