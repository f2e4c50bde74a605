/*
 * Seeded randomness (splitmix64). Every stream starts from a number mixed out of what it belongs to (seed,
 * contact, facet, version), so nothing depends on the order in which things are asked for.
 */
#ifndef FLEXSIM_RNG_H
#define FLEXSIM_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

static inline uint64_t rng_hash(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint64_t rng_mix(uint64_t a, uint64_t b)
{
    return rng_hash(a + UINT64_C(0x9e3779b97f4a7c15) * (b + 1));
}

static inline uint64_t rng_next(struct rng *r)
{
    r->state += UINT64_C(0x9e3779b97f4a7c15);
    return rng_hash(r->state);
}

/* 0 … n - 1; 0 for n = 0 */
static inline uint32_t rng_below(struct rng *r, uint32_t n)
{
    return (uint32_t)(((rng_next(r) >> 32) * n) >> 32);
}

static inline bool rng_chance(struct rng *r, uint32_t per_mille)
{
    return rng_below(r, 1000) < per_mille;
}

/* 0 <= x < 1 */
static inline double rng_unit(struct rng *r)
{
    return (double)(rng_next(r) >> 11) * 0x1.0p-53;
}

#endif
