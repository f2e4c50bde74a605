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

void limiter_refused(struct limiter *limiter, int64_t retry_after, int64_t now)
{
    int64_t pause = retry_after;
    if (retry_after < 0)
        pause = LIMITER_PAUSE;
    else if (retry_after < LIMITER_PAUSE_MIN)
        pause = LIMITER_PAUSE_MIN;
    else if (retry_after > LIMITER_PAUSE_MAX)
        pause = LIMITER_PAUSE_MAX;
    if (now + pause > limiter->paused_until)
        limiter->paused_until = now + pause;
}

void limiter_forgive(struct limiter *limiter)
{
    limiter->paused_until = 0;
}
