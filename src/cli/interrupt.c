#include "interrupt.h"

#include "flexsync/cleanup.h"

#include <stddef.h>

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

void interrupt_defer(struct interrupt *interrupt)
{
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
        (void)sigaddset(&set, numbers[i]);
    (void)sigprocmask(SIG_BLOCK, &set, &interrupt->before);
}

bool interrupt_asked(void)
{
    sigset_t pending;
    if (sigpending(&pending) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
        if (sigismember(&pending, numbers[i]) > 0)
            return true;
    return false;
}

void interrupt_allow(const struct interrupt *interrupt)
{
    (void)sigprocmask(SIG_SETMASK, &interrupt->before, NULL);
}
