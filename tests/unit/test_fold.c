/* A fault that recurs is told once, and then by a count. */
#include "flexsync/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define QUARTER (15 * USEC_PER_MIN)
#define EVENING (INT64_C(1700000000) * USEC_PER_SEC)

static const char network[] = "no answer from the server: could not resolve its name";

static enum fold_word fails(struct fold *fold, const char *text, int64_t cycle, int64_t now,
                            struct fold_fault *ret)
{
    return fold_take(fold, EVENT_CYCLE_FAILED, "contacts", text, cycle, now, ret);
}

static void the_first_is_told_and_the_next_is_not(void **state)
{
    (void)state;
    struct fold fold = {0};
    struct fold_fault told = {0};
    assert_int_equal(fails(&fold, network, 1, EVENING, &told), FOLD_TELL);
    assert_int_equal(told.times, 0);
    assert_int_equal(fails(&fold, network, 2, EVENING + QUARTER, &told), FOLD_KEEP);
}

static void a_thousand_times_are_one_record_with_a_count(void **state)
{
    (void)state;
    struct fold fold = {0};
    struct fold_fault told = {0};
    assert_int_equal(fails(&fold, network, 7, EVENING, &told), FOLD_TELL);
    for (int i = 1; i <= 1000; i++)
        assert_int_equal(fails(&fold, network, 7, EVENING + i * USEC_PER_SEC, &told), FOLD_KEEP);
    assert_false(fold_over(&fold, "contacts", 7, &told)); /* this cycle had it */
    assert_true(fold_over(&fold, "contacts", 8, &told));
    assert_int_equal(told.times, 1000);
    assert_int_equal(told.event, EVENT_CYCLE_FAILED);
    assert_string_equal(told.text, network);
    assert_int_equal(told.first_at, EVENING + USEC_PER_SEC);
    assert_int_equal(told.last_at, EVENING + 1000 * USEC_PER_SEC);
    assert_false(fold_over(&fold, "contacts", 8, &told));
}

static void a_night_without_network_is_told_every_six_hours(void **state)
{
    (void)state;
    struct fold fold = {0};
    struct fold_fault told = {0};
    int64_t counted = 0;
    int records = 0;
    for (int i = 0; i < 48; i++) { /* twelve hours */
        enum fold_word word = fails(&fold, network, i + 1, EVENING + i * QUARTER, &told);
        assert_int_equal(word, i == 0 ? FOLD_TELL : i % 24 == 0 ? FOLD_COUNT : FOLD_KEEP);
        records += word != FOLD_KEEP;
        counted += word == FOLD_TELL ? 1 : word == FOLD_COUNT ? told.times : 0;
    }
    assert_true(fold_over(&fold, "contacts", 49, &told));
    assert_int_equal(counted + told.times, 48); /* none is lost, none told twice */
    assert_int_equal(records, 2);
}

static void one_that_was_over_is_told_anew(void **state)
{
    (void)state;
    struct fold fold = {0};
    struct fold_fault told = {0};
    assert_int_equal(fails(&fold, network, 1, EVENING, &told), FOLD_TELL);
    assert_false(fold_over(&fold, "contacts", 2, &told)); /* it occurred once, and that was told */
    assert_int_equal(fails(&fold, network, 3, EVENING + QUARTER, &told), FOLD_TELL);
}

static void what_differs_in_event_entity_or_text_is_another_fault(void **state)
{
    (void)state;
    struct fold fold = {0};
    struct fold_fault told = {0};
    assert_int_equal(fails(&fold, network, 1, EVENING, &told), FOLD_TELL);
    assert_int_equal(fails(&fold, "the key is refused", 2, EVENING, &told), FOLD_TELL);
    assert_int_equal(fold_take(&fold, EVENT_STORE_TROUBLE, "contacts", network, 2, EVENING, &told),
                     FOLD_TELL);
    assert_int_equal(fold_take(&fold, EVENT_CYCLE_FAILED, "resource_types", network, 2, EVENING, &told),
                     FOLD_TELL);
    assert_int_equal(fails(&fold, network, 3, EVENING, &told), FOLD_KEEP); /* and the first is still known */
}

static void a_cycle_ends_the_faults_of_its_entity_alone(void **state)
{
    (void)state;
    struct fold fold = {0};
    struct fold_fault told = {0};
    for (int i = 0; i < 3; i++) {
        (void)fails(&fold, network, 1, EVENING, &told);
        (void)fold_take(&fold, EVENT_CYCLE_FAILED, "resource_types", network, 2, EVENING, &told);
    }
    assert_true(fold_over(&fold, "contacts", 3, &told));
    assert_string_equal(told.entity, "contacts");
    assert_false(fold_over(&fold, "contacts", 3, &told));
    assert_true(fold_goes_on(&fold, EVENT_CYCLE_FAILED, "resource_types"));
    assert_false(fold_goes_on(&fold, EVENT_CYCLE_FAILED, "contacts"));
    assert_true(fold_over(&fold, NULL, 0, &told)); /* the end of the program is the end of all */
    assert_string_equal(told.entity, "resource_types");
}

static void one_that_has_to_make_room_is_told_with_its_count(void **state)
{
    (void)state;
    struct fold fold = {0};
    struct fold_fault told = {0};
    char text[32];
    for (int i = 0; i < FOLD_FAULTS; i++) {
        (void)snprintf(text, sizeof text, "fault %d", i);
        assert_int_equal(fails(&fold, text, 1, EVENING + i, &told), FOLD_TELL);
        assert_int_equal(fails(&fold, text, 1, EVENING + i, &told), FOLD_KEEP);
    }
    assert_int_equal(fails(&fold, "fault 0", 1, EVENING + 100, &told), FOLD_KEEP);
    assert_int_equal(fails(&fold, "one more", 1, EVENING + 101, &told), FOLD_TELL);
    assert_string_equal(told.text, "fault 1"); /* the longest ago */
    assert_int_equal(told.times, 1);
    assert_int_equal(fails(&fold, "fault 0", 1, EVENING + 102, &told), FOLD_KEEP);
}

static void a_clock_that_is_set_back_silences_nothing(void **state)
{
    (void)state;
    struct fold fold = {0};
    struct fold_fault told = {0};
    assert_int_equal(fails(&fold, network, 1, EVENING, &told), FOLD_TELL);
    assert_int_equal(fails(&fold, network, 2, EVENING - USEC_PER_DAY, &told), FOLD_COUNT);
    assert_int_equal(told.times, 1);
}

static void texts_too_long_to_keep_are_one_by_their_beginning(void **state)
{
    (void)state;
    struct fold fold = {0};
    struct fold_fault told = {0};
    char text[2 * ERROR_TEXT_MAX];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_int_equal(fails(&fold, text, 1, EVENING, &told), FOLD_TELL);
    assert_int_equal(fails(&fold, text, 1, EVENING, &told), FOLD_KEEP);
    text[3] = 'y';
    assert_int_equal(fails(&fold, text, 1, EVENING, &told), FOLD_TELL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_told_and_the_next_is_not),
        cmocka_unit_test(a_thousand_times_are_one_record_with_a_count),
        cmocka_unit_test(a_night_without_network_is_told_every_six_hours),
        cmocka_unit_test(one_that_was_over_is_told_anew),
        cmocka_unit_test(what_differs_in_event_entity_or_text_is_another_fault),
        cmocka_unit_test(a_cycle_ends_the_faults_of_its_entity_alone),
        cmocka_unit_test(one_that_has_to_make_room_is_told_with_its_count),
        cmocka_unit_test(a_clock_that_is_set_back_silences_nothing),
        cmocka_unit_test(texts_too_long_to_keep_are_one_by_their_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
