#include "flexsync/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* As the authors' own program gives them. */
static void the_sequence_is_that_of_the_paper(void **state)
{
    (void)state;
    static const uint64_t first[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                     UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
                                     UINT64_C(16408922859458223821)};
    uint64_t seed = 1234567;
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++)
        assert_true(random_next(&seed) == first[i]);
}

static void units_fill_the_interval_evenly(void **state)
{
    (void)state;
    uint64_t seed = 1;
    unsigned tenths[10] = {0};
    for (int i = 0; i < 100000; i++) {
        double unit = random_unit(&seed);
        assert_true(unit >= 0 && unit < 1);
        tenths[(int)(unit * 10)]++;
    }
    for (int i = 0; i < 10; i++) /* 5 standard deviations */
        assert_in_range(tenths[i], 10000 - 475, 10000 + 475);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sequence_is_that_of_the_paper),
        cmocka_unit_test(units_fill_the_interval_evenly),
    };
    return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
