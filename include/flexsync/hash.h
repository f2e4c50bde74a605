/*
 * hash: SipHash-2-4, 64 bits, to recognise bytes that were seen before.
 *
 * Used to compare one answer with the stored answer to the same question, never as proof against an
 * adversary: the key is fixed, so that hashes in the database stay comparable for ever. Two different texts
 * collide once in 2^64.
 *
 * Source: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012.
 */
#ifndef FLEXSYNC_HASH_H
#define FLEXSYNC_HASH_H

#include <stddef.h>
#include <stdint.h>

/* The hash as SQLite keeps it: a signed 64-bit integer. Never 0, which stands for "none". */
int64_t hash_bytes(const void *bytes, size_t length);

/* The function of the paper itself, key as two little-endian halves; for its test vectors. */
uint64_t hash_siphash24(uint64_t k0, uint64_t k1, const void *bytes, size_t length);

#endif
