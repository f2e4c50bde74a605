#include "flexsync/hash.h"

#include <endian.h>
#include <string.h>

static uint64_t rotate_left(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate_left(v[1], 13) ^ v[0];
    v[0] = rotate_left(v[0], 32);
    v[2] += v[3];
    v[3] = rotate_left(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate_left(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate_left(v[1], 17) ^ v[2];
    v[2] = rotate_left(v[2], 32);
}

static void compress(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    sip_round(v);
    v[0] ^= word;
}

/* Up to eight bytes as a little-endian number. */
static uint64_t load(const unsigned char *bytes, size_t length)
{
    uint64_t word = 0;
    memcpy(&word, bytes, length);
    return le64toh(word);
}

uint64_t hash_siphash24(uint64_t k0, uint64_t k1, const void *bytes, size_t length)
{
    uint64_t v[4] = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
                     k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
    const unsigned char *p = bytes;
    size_t whole = length / 8;
    for (size_t i = 0; i < whole; i++, p += 8)
        compress(v, load(p, 8));
    uint64_t tail = (uint64_t)(length & 0xff) << 56;
    if (length % 8)
        tail |= load(p, length % 8);
    compress(v, tail);
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

int64_t hash_bytes(const void *bytes, size_t length)
{
    uint64_t hash = hash_siphash24(0, 0, bytes, length);
    return hash ? (int64_t)hash : 1;
}
