/* A cycle for certain contacts: these, at once, for as little as they cost. */
#include "sync_bench.h"

static void ask_for(struct lab *lab, const char *const *ids, size_t count)
{
    lab->options.ids = ids;
    lab->options.id_count = count;
    lab->options.trigger = TRIGGER_MANUAL;
    lab->options.person = true;
    run(lab);
    default_options(lab);
}

static void those_who_are_named_are_fetched_without_a_listing(void **state)
{
    struct lab *lab = *state;
    static const char *const ids[] = {"p-003", "p-007"};
    fill(lab, 20);
    lab->site.people[3].hidden++;
    lab->site.people[4].hidden++; /* nobody asks for this one */
    ask_for(lab, ids, 2);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = SYNC_UNKNOWN, .fetched = 2, .updated = 1,
                                         .unchanged = 1});
    assert_int_equal(lab->row.cost.requests, 2);
    assert_person(lab, 3);
    assert_answer(lab->b, "SELECT strategy, \"trigger\" FROM sync_log ORDER BY id DESC LIMIT 1",
                  "asked|manual");
    assert_answer(lab->b, "SELECT count(*) FROM detail_queue", "0");
}

static void a_contact_has_two_names_and_is_fetched_once(void **state)
{
    struct lab *lab = *state;
    fill(lab, 20);
    char number_of[24];
    (void)snprintf(number_of, sizeof number_of, "%" PRId64, id_of(lab->b, "p-003"));
    const char *const ids[] = {"p-003", number_of, "p-003"};
    ask_for(lab, ids, 3);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = SYNC_UNKNOWN, .fetched = 1, .unchanged = 1});
    assert_int_equal(lab->row.cost.requests, 1);
}

static void one_who_is_not_stored_yet_is_looked_for_in_the_listing(void **state)
{
    struct lab *lab = *state;
    static const char *const ids[] = {"p-020", "p-001"};
    fill(lab, 20);
    (void)add_person(lab);
    (void)add_person(lab); /* new as well, and not asked for: stored as listed, fetched by the next cycle */
    ask_for(lab, ids, 2);
    assert_outcome(lab,
                   (struct outcome){SYNC_SUCCESS, .listed = 22, .fetched = 2, .inserted = 2, .unchanged = 1});
    assert_person(lab, 20);
    assert_answer(lab->b, "SELECT reason FROM detail_queue", "new");
    run(lab);
    assert_truth(lab);
}

static void ids_that_are_nobodys_are_told_and_the_others_fetched(void **state)
{
    struct lab *lab = *state;
    static const char *const ids[] = {"nobody", "p-001", "999", "1x", "01"};
    fill(lab, 20);
    lab->options.ids = ids;
    lab->options.id_count = 5;
    begin_cycle(lab);
    assert_false(cycle_is_unknown(lab->cycle, 0)); /* that is not known before the listing */
    while (go_on(lab))
        continue;
    static const bool unknown[] = {true, false, true, true, true};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(cycle_is_unknown(lab->cycle, i), unknown[i]);
    end_cycle(lab);
    assert_outcome(lab, (struct outcome){SYNC_PARTIAL, .listed = 20, .fetched = 1, .unchanged = 1});
    assert_int_equal(lab->error.code, ERROR_USAGE);
    assert_null(strstr(lab->row.error_message, "nobody ")); /* the log names no id */
}

static void one_who_is_gone_becomes_inactive_and_one_who_is_back_active(void **state)
{
    struct lab *lab = *state;
    static const char *const ids[] = {"p-003"};
    fill(lab, 20);
    remove_person(lab, 3);
    ask_for(lab, ids, 1);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 19, .deleted = 1});
    assert_int_equal(lab->row.cost.requests, 1 + 2 + 1); /* the listing decides */
    assert_person(lab, 3);
    restore_person(lab, 3);
    ask_for(lab, ids, 1);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = SYNC_UNKNOWN, .fetched = 1, .updated = 1});
    assert_truth(lab);
    assert_settled(lab);
}

static void what_the_quota_forbids_is_first_in_the_next_cycle(void **state)
{
    struct lab *lab = *state;
    static const char *const ids[] = {"p-003", "p-007"};
    fill(lab, 20);
    lab->site.left = 1;
    ask_for(lab, ids, 2);
    assert_int_equal(lab->row.status, SYNC_PARTIAL);
    assert_true(lab->row.resumes_at > 0);
    assert_answer(lab->b, "SELECT reason FROM detail_queue", "asked");
    lab->site.left = FOR_EVER;
    rename_person(lab, 11, "Other");
    run(lab);
    assert_outcome(lab,
                   (struct outcome){SYNC_SUCCESS, .listed = 20, .fetched = 2, .updated = 1, .unchanged = 1});
    assert_truth(lab);
}

static void a_failure_of_others_is_not_the_askers(void **state)
{
    struct lab *lab = *state;
    static const char *const good[] = {"p-003"}, *const bad[] = {"p-005"};
    fill(lab, 20);
    lab->site.people[5].odd = ODD_FAILS;
    ask_for(lab, bad, 1);
    assert_outcome(lab, (struct outcome){SYNC_PARTIAL, .listed = SYNC_UNKNOWN, .failed = 1});
    ask_for(lab, good, 1);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = SYNC_UNKNOWN, .fetched = 1, .unchanged = 1});
}

static void a_store_that_is_busy_at_any_call_costs_nothing(void **state)
{
    struct lab *lab = *state;
    static const char *const ids[] = {"p-010", "p-003"};
    int calls = 1;
    for (int at = 1; at <= calls; at++) {
        start_anew(lab);
        fill(lab, 10);
        (void)add_person(lab);
        lab->site.people[3].hidden++;
        lab->fail_from = at;
        lab->fail_to = at;
        lab->fail_code = ERROR_STORE_BUSY;
        ask_for(lab, ids, 2);
        calls = lab->calls;
        lab->fail_from = lab->fail_to = 0;
        assert_int_equal(lab->row.status, SYNC_SUCCESS); /* it was tried again */
        assert_truth(lab);
    }
    assert_in_range(calls, 10, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(those_who_are_named_are_fetched_without_a_listing),
        TEST(a_contact_has_two_names_and_is_fetched_once),
        TEST(one_who_is_not_stored_yet_is_looked_for_in_the_listing),
        TEST(ids_that_are_nobodys_are_told_and_the_others_fetched),
        TEST(one_who_is_gone_becomes_inactive_and_one_who_is_back_active),
        TEST(what_the_quota_forbids_is_first_in_the_next_cycle),
        TEST(a_failure_of_others_is_not_the_askers),
        TEST(a_store_that_is_busy_at_any_call_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
