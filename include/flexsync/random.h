/*
 * random: a sequence of numbers that a seed decides. For choices that a test is to repeat, never for secrets.
 *
 * Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (SplitMix64), OOPSLA 2014.
 */
#ifndef FLEXSYNC_RANDOM_H
#define FLEXSYNC_RANDOM_H

#include <stdint.h>

/* The next number, any of 64 bits; moves the seed on. */
uint64_t random_next(uint64_t *seed);

/* The next number of 0 to below 1, all equally likely, in steps of 2^-53. */
double random_unit(uint64_t *seed);

#endif
