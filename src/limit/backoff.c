#include "flexsync/backoff.h"

#include "flexsync/clock.h"

#define BACKOFF_BASE    USEC_PER_SEC
#define BACKOFF_CEILING USEC_PER_MIN

int64_t backoff_delay(unsigned tries, double draw)
{
    int64_t ceiling = BACKOFF_BASE;
    while (tries-- > 0 && ceiling < BACKOFF_CEILING)
        ceiling *= 2;
    if (ceiling > BACKOFF_CEILING)
        ceiling = BACKOFF_CEILING;
    return (int64_t)((double)ceiling * draw);
}

bool backoff_allowed(unsigned tries, int64_t requests, int64_t retries)
{
    return tries < BACKOFF_TRIES && retries < BACKOFF_FREE_RETRIES + requests * BACKOFF_BUDGET_PERCENT / 100;
}
