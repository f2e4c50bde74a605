#include "flexsync/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The key 00 01 … 0f of the paper, as two little-endian halves. */
#define K0 UINT64_C(0x0706050403020100)
#define K1 UINT64_C(0x0f0e0d0c0b0a0908)

/* Input 00 01 02 …, by its length; from the vectors of the reference implementation. */
static const struct {
    size_t length;
    uint64_t hash;
} vectors[] = {
    {0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},  {2, UINT64_C(0x0d6c8009d9a94f5a)},
    {3, UINT64_C(0x85676696d7fb7e2d)},  {4, UINT64_C(0xcf2794e0277187b7)},  {5, UINT64_C(0x18765564cd99a68d)},
    {6, UINT64_C(0xcbc9466e58fee3ce)},  {7, UINT64_C(0xab0200f58b01d137)},  {8, UINT64_C(0x93f5f5799a932462)},
    {15, UINT64_C(0xa129ca6149be45e5)}, {63, UINT64_C(0x958a324ceb064572)},
};

static void gives_the_vectors_of_the_paper(void **state)
{
    (void)state;
    unsigned char input[64];
    for (size_t i = 0; i < sizeof input; i++)
        input[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        assert_int_equal(hash_siphash24(K0, K1, input, vectors[i].length), vectors[i].hash);
}

static void does_not_depend_on_where_the_bytes_lie(void **state)
{
    (void)state;
    char memory[40] = {0};
    for (size_t offset = 0; offset < 8; offset++) {
        memcpy(memory + offset, "the same bytes, moved", 21);
        assert_int_equal(hash_bytes(memory + offset, 21), hash_bytes("the same bytes, moved", 21));
    }
}

static void tells_texts_apart_that_differ_in_one_bit_or_in_length(void **state)
{
    (void)state;
    assert_true(hash_bytes("a", 1) != hash_bytes("c", 1));
    assert_true(hash_bytes("a", 1) != hash_bytes("a\0", 2));
    assert_true(hash_bytes("", 0) != hash_bytes("\0", 1));
}

static void is_never_zero_and_stable_for_ever(void **state)
{
    (void)state;
    assert_true(hash_bytes("", 0) != 0);
    assert_int_equal(hash_bytes("", 0), (int64_t)hash_siphash24(0, 0, "", 0));
    assert_int_equal(hash_bytes("", 0), (int64_t)UINT64_C(0x1e924b9d737700d7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_vectors_of_the_paper),
        cmocka_unit_test(does_not_depend_on_where_the_bytes_lie),
        cmocka_unit_test(tells_texts_apart_that_differ_in_one_bit_or_in_length),
        cmocka_unit_test(is_never_zero_and_stable_for_ever),
    };
    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
