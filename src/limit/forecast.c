#include "flexsync/forecast.h"

#include "flexsync/clock.h"

#include <math.h>

#define STEP_LEAST USEC_PER_SEC              /* the engine waits no less either */
#define FAR        ((double)(INT64_MAX / 4)) /* a date beyond every calendar */

/* A sending that is played through. */
struct play {
    struct quota quota; /* runs ahead */
    int64_t sent, owed; /* requests; owed: of the toll */
    int64_t toll_at;    /* ledger time when it was last due; 0: not yet */
};

static void pass_time(struct play *play, int64_t wait)
{
    if (wait < STEP_LEAST)
        wait = STEP_LEAST;
    quota_advance(&play->quota, wait, 0, play->quota.wall + wait);
    if (play->quota.closed_until && play->quota.time >= play->quota.closed_until)
        quota_accept(&play->quota);
}

static void collect_toll(struct play *play, const struct forecast_toll *toll)
{
    bool first = play->toll_at == 0;
    if (!toll || play->owed > 0 || (!first && play->quota.time - play->toll_at < toll->every))
        return;
    play->toll_at = play->quota.time;
    play->owed = toll->requests;
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Sends what is left: the toll first, as a cycle begins with its listing. */
static void send_all(struct play *play, int64_t left, int64_t count)
{
    int64_t paid = lesser(left, play->owed), records = lesser(left - paid, count - play->sent);
    play->owed -= paid;
    play->sent += records;
    quota_enter(&play->quota, play->quota.time, paid + records);
}

int64_t forecast_pass(const struct quota *quota, const struct quota_limits *limits, enum quota_work work,
                      int64_t count, const struct forecast_toll *toll)
{
    struct play play = {.quota = *quota};
    int64_t spent = 0;
    for (int step = 0; play.sent < count && step < FORECAST_STEPS; step++) {
        if (step > 0)
            pass_time(&play, quota_wait(&play.quota, limits, work, NULL));
        int64_t left = quota_left(&play.quota, limits, work);
        if (left == 0)
            continue;
        collect_toll(&play, toll);
        send_all(&play, left, count);
        spent = play.quota.time - quota->time;
    }
    if (play.sent >= count || play.sent == 0)
        return spent;
    return (int64_t)fmin((double)spent * ((double)count / (double)play.sent), FAR);
}
