/*
 * Requests that wait: for a delay to pass, or for ever. Their connections are suspended, so no thread is
 * kept. A waiting request comes back when its time is over or as soon as its client has hung up, whichever is
 * first: a client that gives up does not count as being in flight any longer.
 *
 * A thread of its own watches the time. All functions but new, run and free want the lock of the simulation
 * held.
 */
#ifndef FLEXSIM_PARKING_H
#define FLEXSIM_PARKING_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define PARKING_FOREVER UINT64_MAX

struct parking;

/* Part of a request; all zero at first. */
struct parked {
    struct MHD_Connection *connection;
    uint64_t until; /* monotonic nanoseconds */
    uint32_t ticket, place;
    bool waiting;
    bool left; /* the client has hung up */
};

/* `left` is called, with the lock held, for a request whose client has hung up. */
int parking_new(pthread_mutex_t *lock, void (*left)(struct parked *), struct parking **ret);
struct parking *parking_free(struct parking *p); /* ends the thread */

/* Suspends the connection. Refused (false) while the server ends, and where there is no memory. */
bool parking_add(struct parking *p, struct parked *parked, struct MHD_Connection *connection, uint64_t until);
/* For a request that ends in another way. */
void parking_remove(struct parking *p, struct parked *parked);
/* Lets go those whose clients have hung up, now and not when the thread gets to it. */
void parking_reap(struct parking *p);
/* Lets go all and takes no more: what has to be done before the daemon is stopped. */
void parking_close(struct parking *p);

#endif
