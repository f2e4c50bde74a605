#include "flexsync/breaker.h"

#include <limits.h>

static void breaker_hold(struct breaker *breaker, int64_t wait, int64_t now)
{
    if (wait > BREAKER_RETRY_AFTER_MAX)
        wait = BREAKER_RETRY_AFTER_MAX;
    if (wait > 0 && now + wait > breaker->until)
        breaker->until = now + wait;
}

static int64_t breaker_next_delay(struct breaker *breaker, int64_t longest)
{
    int64_t delay = BREAKER_DELAY;
    for (unsigned i = 0; i < breaker->step && delay < longest; i++)
        delay *= 2;
    if (delay >= longest)
        return longest;
    breaker->step++;
    return delay;
}

/* Failures in a row behind an answered probe that are a relapse: fewer with each relapse in a row. */
static unsigned breaker_patience(const struct breaker *breaker)
{
    unsigned most = breaker->relapses < 4 ? (unsigned)BREAKER_RELAPSE >> breaker->relapses : 0;
    return most > 0 ? most : 1;
}

static void breaker_open(struct breaker *breaker, int64_t now)
{
    breaker->relapsed = breaker->state == BREAKER_TRIED;
    breaker->relapses += breaker->relapsed;
    breaker->left = breaker->relapsed ? 0 : BREAKER_PROBES;
    breaker->state = BREAKER_OPEN;
    breaker->epoch++;
    int64_t longest = breaker->relapsed ? BREAKER_RELAPSE_DELAY_MAX : BREAKER_DELAY_MAX;
    breaker_hold(breaker, breaker_next_delay(breaker, longest), now);
}

void breaker_failed(struct breaker *breaker, unsigned epoch, int64_t retry_after, int64_t now)
{
    if (breaker->state == BREAKER_TRIED && epoch != breaker->epoch)
        return;

    breaker_hold(breaker, retry_after, now); /* which a straggler may know better than the first ones */
    if (breaker->state == BREAKER_OPEN || epoch != breaker->epoch)
        return;

    unsigned most = breaker->state == BREAKER_TRIED ? breaker_patience(breaker) : BREAKER_FAILURES;
    breaker->answers = 0;
    if (++breaker->failures >= most)
        breaker_open(breaker, now);
}

void breaker_answered(struct breaker *breaker, unsigned epoch)
{
    if (epoch != breaker->epoch || breaker->state == BREAKER_OPEN)
        return;
    breaker->failures = breaker->relapses = 0;
    breaker->until = 0;
    if (breaker->state == BREAKER_TRIED && ++breaker->answers >= BREAKER_FAILURES) {
        breaker->state = BREAKER_CLOSED;
        breaker->step = 0;
    }
}

void breaker_probe_answered(struct breaker *breaker)
{
    if (breaker->state != BREAKER_OPEN)
        return;
    breaker->state = BREAKER_TRIED;
    breaker->failures = breaker->answers = 0;
    breaker->until = 0;
}

void breaker_probe_failed(struct breaker *breaker, int64_t retry_after, int64_t now)
{
    if (breaker->state != BREAKER_OPEN)
        return;
    if (breaker->left > 0)
        breaker->left--;
    breaker->relapsed = false;
    breaker_hold(breaker, breaker_next_delay(breaker, BREAKER_DELAY_MAX), now);
    breaker_hold(breaker, retry_after, now);
}

bool breaker_is_open(const struct breaker *breaker)
{
    return breaker->state == BREAKER_OPEN;
}

bool breaker_is_tried(const struct breaker *breaker)
{
    return breaker->state == BREAKER_TRIED;
}

unsigned breaker_window(const struct breaker *breaker)
{
    switch (breaker->state) {
    case BREAKER_OPEN:
        return 0;
    case BREAKER_TRIED:
        return breaker->answers + 1;
    case BREAKER_CLOSED:
        break;
    }
    return UINT_MAX;
}

int64_t breaker_wait(const struct breaker *breaker, int64_t now)
{
    return breaker_is_open(breaker) && breaker->until > now ? breaker->until - now : 0;
}

bool breaker_gives_up(const struct breaker *breaker, int64_t now)
{
    return breaker_is_open(breaker) && (breaker->left == 0 || breaker_wait(breaker, now) > BREAKER_PATIENCE);
}

void breaker_begin(struct breaker *breaker)
{
    breaker->left = 1;
    if (breaker->state == BREAKER_CLOSED) {
        breaker->failures = 0;
        breaker->until = 0;
    }
}

void breaker_forgive(struct breaker *breaker)
{
    *breaker = (struct breaker){.epoch = breaker->epoch + 1};
}
