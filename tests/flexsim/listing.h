/*
 * Listings and searches: which rows a request gets, and the page or the array around them.
 */
#ifndef FLEXSIM_LISTING_H
#define FLEXSIM_LISTING_H

#include "sim.h"

/*
 * The answer to a listing or a search as JSON, with the rows and totals that the verdict wants changed. 0, or
 * the status of a refusal. With the lock held.
 */
unsigned listing_render(struct sim *s, const struct call *call, const struct verdict *v, struct buf *b);

#endif
