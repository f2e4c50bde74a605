/*
 * forecast: when a quota will have bought so many requests.
 *
 * A window does not empty at once: what was sent in its first minute is free again an hour later, and the
 * rest as it was sent. So a date is found by sending: everything that is left at every moment, on a copy of
 * the ledger whose time runs ahead. That is what the engine does (it goes on as soon as one request is free);
 * nobody else's requests are foreseen, and a refusal is taken to end when it says.
 *
 * Pure: no clock, no disk.
 */
#ifndef FLEXSYNC_FORECAST_H
#define FLEXSYNC_FORECAST_H

#include "flexsync/quota.h"

#include <stdint.h>

/* What has to be paid on the way: so many requests, at most once in so many microseconds (above 0). */
struct forecast_toll {
    int64_t requests, every;
};

/*
 * Microseconds until `count` requests of this kind of work will have been sent, if nobody else sends any.
 * `toll` NULL: there is none. Beyond FORECAST_STEPS moments of sending it goes on in proportion.
 */
#define FORECAST_STEPS 200000
int64_t forecast_pass(const struct quota *quota, const struct quota_limits *limits, enum quota_work work,
                      int64_t count, const struct forecast_toll *toll);

#endif
