/*
 * concurrency: how many requests may be under way at a time.
 *
 * A server that refuses one and names no quota means that there are too many at once. Then half as many are
 * sent, and one more again for every 100 answers: additive increase and multiplicative decrease (Chiu and
 * Jain, Analysis of the increase and decrease algorithms for congestion avoidance, Computer Networks 1989).
 *
 * Pure.
 */
#ifndef FLEXSYNC_CONCURRENCY_H
#define FLEXSYNC_CONCURRENCY_H

#include <stdbool.h>

#define CONCURRENCY_ANSWERS 100 /* for one more at a time */

struct concurrency {
    unsigned most;     /* by the settings, 1 or more */
    unsigned allowed;  /* now: 1 to most */
    unsigned answers;  /* since it changed */
    unsigned halvings; /* so far */
};

void concurrency_init(struct concurrency *concurrency, unsigned most);

/* The server answered, and did not refuse. */
void concurrency_answered(struct concurrency *concurrency);

/*
 * The server refused a request, without a reason, that was sent after so many halvings (concurrency.halvings
 * then); `alone`: there was no other under way. Those that were under way with the one that halved do not
 * halve again. False: it cannot be about too many at once.
 */
bool concurrency_refused(struct concurrency *concurrency, unsigned halvings, bool alone);

#endif
