/* Requests fold, and whoever asked knows which run is theirs. */
#include "../../src/engine/wishes.h"

#include "flexsync/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint64_t add(struct wishes *wishes, const struct engine_request *request)
{
    uint64_t run = 0;
    struct error err = {0};
    if (wishes_add(wishes, request, &run, &err) < 0)
        fail_msg("%s", err.text);
    assert_true(run > 0);
    return run;
}

static void any_number_of_requests_for_everybody_are_one(void **state)
{
    (void)state;
    struct wishes wishes = {0};
    assert_null(wishes_first(&wishes));
    uint64_t run = add(&wishes, &(struct engine_request){.trigger = TRIGGER_TIMER});
    assert_int_equal(add(&wishes, &(struct engine_request){.trigger = TRIGGER_MANUAL, .full = true}), run);
    assert_int_equal(add(&wishes, &(struct engine_request){.trigger = TRIGGER_TIMER}), run);
    assert_int_equal(
        add(&wishes, &(struct engine_request){.trigger = TRIGGER_RESUME, .accept_vanished = true}), run);
    struct wish wish = wishes_take(&wishes);
    assert_int_equal(wish.run, run);
    assert_int_equal(wish.request.trigger, TRIGGER_MANUAL); /* a person's counts for more than a timer's */
    assert_true(wish.request.full && wish.request.accept_vanished);
    wish_free(&wish);
    assert_null(wishes_first(&wishes));
    assert_int_not_equal(add(&wishes, &(struct engine_request){.trigger = TRIGGER_TIMER}), run);
    assert_false(wishes_first(&wishes)->request.full); /* nothing is left of the one before */
    wishes_forget(&wishes);
}

static void named_contacts_are_a_run_of_their_own_and_go_first(void **state)
{
    (void)state;
    struct wishes wishes = {0};
    char first[] = "a";
    const char *const one[] = {first}, *const two[] = {"b", "c"};
    uint64_t plain = add(&wishes, &(struct engine_request){.trigger = TRIGGER_SIGNAL});
    uint64_t asked =
        add(&wishes, &(struct engine_request){.trigger = TRIGGER_MANUAL, .ids = one, .id_count = 1});
    assert_int_not_equal(plain, asked);
    assert_int_equal(
        add(&wishes, &(struct engine_request){.trigger = TRIGGER_MANUAL, .ids = two, .id_count = 2}), asked);
    first[0] = 'x'; /* they were copied */
    struct wish wish = wishes_take(&wishes);
    assert_int_equal(wish.run, asked);
    assert_int_equal(wish.request.id_count, 3);
    assert_string_equal(wish.request.ids[0], "a");
    assert_string_equal(wish.request.ids[2], "c");
    wish_free(&wish);
    wish = wishes_take(&wishes);
    assert_int_equal(wish.run, plain);
    assert_int_equal(wish.request.id_count, 0);
    assert_int_equal(wish.request.trigger, TRIGGER_SIGNAL);
    wish_free(&wish);
}

static void more_ids_than_may_wait_are_refused_and_change_nothing(void **state)
{
    (void)state;
    struct wishes wishes = {0};
    const char *ids[ENGINE_IDS_MAX];
    struct error err = {0};
    uint64_t run = 0;
    for (size_t i = 0; i < ENGINE_IDS_MAX; i++)
        ids[i] = "id";
    const struct engine_request request = {.trigger = TRIGGER_MANUAL, .ids = ids, .id_count = ENGINE_IDS_MAX};
    for (int i = 0; i < ENGINE_IDS_WAITING / ENGINE_IDS_MAX; i++)
        (void)add(&wishes, &request);
    assert_int_equal(wishes_add(&wishes, &(struct engine_request){.ids = ids, .id_count = 1}, &run, &err),
                     -1);
    assert_int_equal(err.code, ERROR_LOCKED);
    assert_int_equal(run, 0);
    assert_int_equal(wishes_first(&wishes)->request.id_count, ENGINE_IDS_WAITING);
    wishes_forget(&wishes);
    assert_null(wishes_first(&wishes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_requests_for_everybody_are_one),
        cmocka_unit_test(named_contacts_are_a_run_of_their_own_and_go_first),
        cmocka_unit_test(more_ids_than_may_wait_are_refused_and_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
