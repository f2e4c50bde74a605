#include "flexsync/bucket.h"

#include "flexsync/clock.h"

#include <math.h>

/* For rates so small that the time would be beyond an int64_t. */
#define WAIT_MAX (100 * 365 * USEC_PER_DAY)

static void refill(struct bucket *bucket, int64_t now)
{
    if (now <= bucket->filled_at)
        return;
    double elapsed = (double)(now - bucket->filled_at) / (double)USEC_PER_SEC;
    bucket->tokens = fmin(bucket->burst, bucket->tokens + elapsed * bucket->rate);
    bucket->filled_at = now;
}

void bucket_init(struct bucket *bucket, double rate, double burst, int64_t now)
{
    burst = fmax(burst, 1);
    *bucket = (struct bucket){.rate = rate, .burst = burst, .tokens = burst, .filled_at = now};
}

void bucket_change(struct bucket *bucket, double rate, double burst, int64_t now)
{
    refill(bucket, now);
    bucket->rate = rate;
    bucket->burst = fmax(burst, 1);
    bucket->tokens = fmin(bucket->tokens, bucket->burst);
}

int64_t bucket_wait(struct bucket *bucket, int64_t now)
{
    if (bucket->rate <= 0)
        return 0;
    refill(bucket, now);
    double missing = 1 - bucket->tokens;
    if (missing < 1e-9) /* what floating point lost in adding up, not a thousandth of a microsecond */
        return 0;
    return (int64_t)fmin(ceil(missing / bucket->rate * (double)USEC_PER_SEC), (double)WAIT_MAX);
}

void bucket_take(struct bucket *bucket, int64_t now)
{
    if (bucket->rate <= 0)
        return;
    refill(bucket, now);
    bucket->tokens -= 1;
}
