/*
 * policies: what ours is measured against, over the same sites: an hour a step, in memory, without daemon,
 * store and limiter, each with the whole of its budget (freshness.md section 4).
 */
#ifndef SIMULATION_POLICIES_H
#define SIMULATION_POLICIES_H

#include "site.h"

enum policy {
    POLICY_REFETCH_ALL,  /* everybody again and again, as fast as the hour allows, until the month is spent */
    POLICY_OLDEST_FIRST, /* at an even pace */
    POLICY_BOUND         /* the planner's index with the true rates in place of estimated ones */
};

struct policy_options {
    enum policy policy;
    size_t people;
    uint64_t seed;
    double budget;         /* requests a day */
    int64_t hourly;        /* and in an hour at the most */
    int burn_in, measured; /* days */
};

struct policy_result {
    double freshness, age; /* of the measured days; age in days */
};

struct policy_result policy_run(const struct policy_options *options);

#endif
