#include "flexsync/idmap.h"

#include "flexsync/random.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

#define MANY      32000 /* rows of the longest reading of the feed */
#define TIME_MOST 1.0   /* seconds for all of them: under valgrind and sanitizers too */

static void assert_value(const struct idmap *map, int64_t id, int64_t value)
{
    int64_t found;
    assert_true(idmap_find(map, id, &found));
    assert_int_equal(found, value);
}

static void an_empty_map_has_nobody(void **state)
{
    (void)state;
    struct idmap map = {0};
    assert_false(idmap_find(&map, 0, NULL));
    assert_int_equal(idmap_reserve(&map, 0), 0);
    assert_false(idmap_find(&map, 0, NULL));
    assert_false(idmap_find(&map, IDMAP_NO_ID, NULL));
    idmap_free(&map);
    assert_false(idmap_find(&map, 0, NULL));
}

static void the_first_value_of_an_id_stays(void **state)
{
    (void)state;
    struct idmap map = {0};
    int64_t untouched = 5;
    assert_int_equal(idmap_reserve(&map, 1), 0);
    assert_true(idmap_add(&map, 7, 70));
    assert_false(idmap_add(&map, 7, 71));
    assert_value(&map, 7, 70);
    assert_false(idmap_find(&map, 8, &untouched));
    assert_int_equal(untouched, 5);
    assert_int_equal(map.count, 1);
    idmap_free(&map);
}

static void any_other_number_is_an_id(void **state)
{
    (void)state;
    static const int64_t ids[] = {0, -1, 1, INT64_MAX, INT64_MIN + 1, INT64_C(1) << 32, -(INT64_C(1) << 32)};
    const size_t count = sizeof ids / sizeof ids[0];
    struct idmap map = {0};
    assert_int_equal(idmap_reserve(&map, count), 0);
    for (size_t i = 0; i < count; i++)
        assert_true(idmap_add(&map, ids[i], INT64_MIN + (int64_t)i));
    for (size_t i = 0; i < count; i++)
        assert_value(&map, ids[i], INT64_MIN + (int64_t)i);
    idmap_free(&map);
}

/* Ids that follow each other from that bit on, with room for `step` more at a time. */
static void add_many(struct idmap *map, unsigned shift, size_t step)
{
    for (size_t i = 0; i < MANY; i++) {
        if (i % step == 0)
            assert_int_equal(idmap_reserve(map, step), 0);
        assert_true(idmap_add(map, (int64_t)i << shift, (int64_t)i));
    }
    for (size_t i = 0; i < MANY; i++) {
        assert_value(map, (int64_t)i << shift, (int64_t)i);
        assert_false(idmap_find(map, -1 - (int64_t)i, NULL));
    }
    assert_int_equal(map->count, MANY);
}

static void it_grows_and_forgets_nobody(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 7, 2000, MANY};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct idmap map = {0};
        add_many(&map, 0, steps[i]);
        idmap_free(&map);
    }
}

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* A table that clusters would take MANY * MANY / 2 looks, which is more than a second anywhere. */
static void ids_of_any_pattern_are_found_in_no_time(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift <= 40; shift += 8) {
        struct idmap map = {0};
        double began = cpu_seconds();
        add_many(&map, shift, 2000);
        double took = cpu_seconds() - began;
        if (took >= TIME_MOST)
            fail_msg("ids that differ from bit %u on: %.2f s", shift, took);
        idmap_free(&map);
    }
}

static void it_does_as_a_plain_list_does(void **state)
{
    (void)state;
    enum { IDS = 50, TRIES = 300 };
    for (uint64_t trial = 1; trial <= 50; trial++) {
        uint64_t seed = trial;
        int64_t values[IDS];
        bool there[IDS] = {false};
        struct idmap map = {0};
        for (int i = 0; i < TRIES; i++) {
            size_t id = random_next(&seed) % IDS;
            int64_t value = (int64_t)random_next(&seed), found = 0;
            assert_int_equal(idmap_find(&map, (int64_t)id - 20, &found), there[id]);
            if (there[id])
                assert_int_equal(found, values[id]);
            assert_int_equal(idmap_reserve(&map, 1), 0);
            assert_int_equal(idmap_add(&map, (int64_t)id - 20, value), !there[id]);
            values[id] = there[id] ? values[id] : value;
            there[id] = true;
        }
        idmap_free(&map);
    }
}

static void without_memory_it_stays_as_it_was(void **state)
{
    (void)state;
    struct idmap map = {0};
    assert_int_equal(idmap_reserve(&map, SIZE_MAX), -ENOMEM);
    assert_int_equal(idmap_reserve(&map, 1), 0);
    assert_true(idmap_add(&map, 3, 33));
    assert_int_equal(idmap_reserve(&map, SIZE_MAX / 2), -ENOMEM);
    assert_value(&map, 3, 33);
    idmap_free(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_has_nobody),
        cmocka_unit_test(the_first_value_of_an_id_stays),
        cmocka_unit_test(any_other_number_is_an_id),
        cmocka_unit_test(it_grows_and_forgets_nobody),
        cmocka_unit_test(ids_of_any_pattern_are_found_in_no_time),
        cmocka_unit_test(it_does_as_a_plain_list_does),
        cmocka_unit_test(without_memory_it_stays_as_it_was),
    };
    return cmocka_run_group_tests_name("idmap", tests, NULL, NULL);
}
