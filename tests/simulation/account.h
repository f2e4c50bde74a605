/*
 * account: the quota as the server counts it, and the judge of ours. Every request that arrives is entered;
 * it fails the test when any interval of an hour, a day or 31 days, however aligned, holds more of ours than
 * the limit.
 *
 * The server itself counts in windows of its clock, other people's requests included, and refuses beyond.
 */
#ifndef SIMULATION_ACCOUNT_H
#define SIMULATION_ACCOUNT_H

#include "flexsync/quota.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct account {
    int64_t limits[QUOTA_WINDOWS];
    int64_t *sent; /* times of all of our requests, in order; owned */
    size_t count, room;
    size_t tails[QUOTA_WINDOWS]; /* the first that still is within the interval that ends now */
    bool breached;
    int64_t most[QUOTA_WINDOWS]; /* the fullest interval so far */

    bool refuses; /* beyond the limits of its own windows; false: it only counts */
    int64_t windows[QUOTA_WINDOWS], used[QUOTA_WINDOWS];
    int64_t refused;
};

void account_make(struct account *account, const int64_t limits[static QUOTA_WINDOWS]);
void account_free(struct account *account);

/*
 * One of our requests arrives at `now` (true time, usec), when the server's clock says `date`. False: it is
 * refused for *ret_window.
 */
bool account_send(struct account *account, int64_t now, int64_t date, enum quota_window *ret_window);

/* Others send so many. */
void account_use(struct account *account, int64_t date, int64_t requests);

#endif
