/*
 * Contacts that are no longer there: what their addresses answer.
 */
#ifndef FLEXSIM_ABSENCE_H
#define FLEXSIM_ABSENCE_H

#include "answer.h"
#include "population.h"

/* The contact itself, or the one that it was merged into; NULL for one that is gone or never was. */
struct contact *absence_survivor(struct population *p, struct contact *c);

/* What such an address answers; `how` is enum unknown. */
void absence_answer(int64_t how, const char *id, struct answer *a);

#endif
