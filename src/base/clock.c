#include "flexsync/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec t = {0};
    (void)clock_gettime(id, &t); /* cannot fail for these two ids */
    return (int64_t)t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

static int64_t system_wall(void *arg)
{
    (void)arg;
    return read_clock(CLOCK_REALTIME);
}

static int64_t system_monotonic(void *arg)
{
    (void)arg;
    return read_clock(CLOCK_MONOTONIC);
}

const struct clock clock_system = {.wall = system_wall, .monotonic = system_monotonic};

int64_t clock_wall(const struct clock *clock)
{
    return clock->wall(clock->arg);
}

int64_t clock_monotonic(const struct clock *clock)
{
    return clock->monotonic(clock->arg);
}
