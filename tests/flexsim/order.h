/*
 * In which order the contacts are listed. Without a sort it is the order in which they came (or, shuffled,
 * another one at every request); sorted orders are kept until an edit. Ties go by id. The caller holds the
 * lock.
 */
#ifndef FLEXSIM_ORDER_H
#define FLEXSIM_ORDER_H

#include "call.h"
#include "population.h"

struct orders;

struct orders *orders_new(void); /* NULL: no memory */
struct orders *orders_free(struct orders *o);

/* The places of all that are listed, population_listed() of them; borrowed until the next call. NULL: no
 * memory. */
const uint32_t *orders_unsorted(struct orders *o, struct population *p);
const uint32_t *orders_shuffled(struct orders *o, struct population *p, struct rng *r);
const uint32_t *orders_sorted(struct orders *o, struct population *p, enum sort_field field, bool descending);

#endif
