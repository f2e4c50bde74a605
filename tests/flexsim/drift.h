/*
 * What other people do to the contacts while time goes by: edits, additions and deletions as Poisson
 * processes in virtual time, caught up with at each request.
 */
#ifndef FLEXSIM_DRIFT_H
#define FLEXSIM_DRIFT_H

#include "population.h"
#include "settings.h"

enum drift_kind { DRIFT_EDIT, DRIFT_ADD, DRIFT_DELETE, DRIFT_KINDS };

struct drift {
    struct rng rng;
    double next[DRIFT_KINDS]; /* virtual milliseconds; infinite where the rate is 0 */
};

/* Starts anew from `now`, with the rates of the settings. */
void drift_start(struct drift *d, const struct settings *set, int64_t now);
/* Lets everything happen that is due; each at its own time. */
void drift_run(struct drift *d, const struct settings *set, struct population *p, int64_t now);

#endif
