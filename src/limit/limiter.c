#include "flexsync/limiter.h"

void limiter_init(struct limiter *limiter, double rate, double burst, int64_t now)
{
    *limiter = (struct limiter){0};
    bucket_init(&limiter->bucket, rate, burst, now);
}

void limiter_change(struct limiter *limiter, double rate, double burst, int64_t now)
{
    bucket_change(&limiter->bucket, rate, burst, now);
}

int64_t limiter_paused(const struct limiter *limiter, int64_t now)
{
    return limiter->paused_until > now ? limiter->paused_until - now : 0;
}

int64_t limiter_wait(struct limiter *limiter, int64_t now)
{
    return bucket_wait(&limiter->bucket, now);
}

void limiter_count(struct limiter *limiter, int64_t now)
{
    bucket_take(&limiter->bucket, now);
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

void limiter_refused(struct limiter *limiter, int64_t retry_after, int64_t now)
{
    int64_t least = least_pause(limiter->refusals);
    int64_t pause = clamp(retry_after < 0 ? LIMITER_PAUSE : retry_after, least, LIMITER_PAUSE_MAX);
    if (now >= limiter->paused_until) /* those that were under way with the first one are one refusal */
        limiter->refusals++;
    if (now + pause > limiter->paused_until)
        limiter->paused_until = now + pause;
}

void limiter_answered(struct limiter *limiter)
{
    limiter->refusals = 0;
}

void limiter_forgive(struct limiter *limiter)
{
    limiter->paused_until = 0;
}
