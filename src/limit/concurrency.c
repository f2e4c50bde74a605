#include "flexsync/concurrency.h"

void concurrency_init(struct concurrency *concurrency, unsigned most)
{
    *concurrency = (struct concurrency){.most = most, .allowed = most};
}

void concurrency_answered(struct concurrency *concurrency)
{
    if (concurrency->allowed == concurrency->most || ++concurrency->answers < CONCURRENCY_ANSWERS)
        return;
    concurrency->allowed++;
    concurrency->answers = 0;
}

bool concurrency_refused(struct concurrency *concurrency, unsigned halvings, bool alone)
{
    if (halvings != concurrency->halvings)
        return true;
    if (alone || concurrency->allowed == 1)
        return false;
    concurrency->allowed /= 2;
    concurrency->answers = 0;
    concurrency->halvings++;
    return true;
}
