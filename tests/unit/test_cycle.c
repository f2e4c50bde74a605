/* A cycle on a site that behaves: what it does and what it says of it. */
#include "sync_bench.h"

static void the_first_cycle_brings_everyone_whole(void **state)
{
    struct lab *lab = *state;
    add_people(lab, 63);
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 63, .fetched = 63, .inserted = 63});
    assert_int_equal(lab->row.counts.expected, 63);
    assert_int_equal(lab->row.cost.requests, 63 + 7); /* 7 pages, and none twice */
    assert_int_equal(lab->site.most_waiting, WINDOW);
    assert_truth(lab);
    assert_settled(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 63});
    assert_int_equal(lab->row.cost.requests, 7);
}

static void every_shape_of_listing_ends_in_the_same(void **state)
{
    struct lab *lab = *state;
    for (enum shape shape = SHAPE_FROM_ONE; shape <= SHAPE_ARRAY; shape++) {
        for (unsigned size = 1; size <= 12; size += 3) {
            start_anew(lab);
            lab->site.shape = shape;
            lab->site.size_max = size;
            add_people(lab, 10);
            run(lab);
            assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 10, .fetched = 10, .inserted = 10});
            assert_truth(lab);
            assert_settled(lab);
        }
    }
}

static void an_empty_site_is_a_success(void **state)
{
    struct lab *lab = *state;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 0});
    assert_settled(lab);
}

static void who_is_new_is_stored_and_fetched(void **state)
{
    struct lab *lab = *state;
    fill(lab, 20);
    (void)add_person(lab);
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 21, .fetched = 1, .inserted = 1});
    assert_truth(lab);
    assert_settled(lab);
}

static void who_was_renamed_is_fetched_and_nobody_else(void **state)
{
    struct lab *lab = *state;
    fill(lab, 20);
    rename_person(lab, 7, "Zo\xC3\xAB");
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 20, .fetched = 1, .updated = 1});
    assert_truth(lab);
    assert_answer(lab->b,
                  "SELECT contact_id, kind, before, after FROM contact_changes WHERE kind <> 'inserted'",
                  "p-007|changed|{\"name\":\"Name 7\"}|{\"name\":\"Zo\xC3\xAB\"}");
    assert_settled(lab);
}

static void what_no_listing_shows_is_found_by_a_full_cycle(void **state)
{
    struct lab *lab = *state;
    fill(lab, 20);
    lab->site.people[3].hidden++;
    lab->site.people[4].hidden++;
    assert_settled(lab);
    lab->options.full = true;
    run(lab);
    assert_outcome(
        lab, (struct outcome){SYNC_SUCCESS, .listed = 20, .fetched = 20, .updated = 2, .unchanged = 18});
    assert_truth(lab);
    assert_settled(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 20, .fetched = 20, .unchanged = 20});
    assert_answer(lab->b, "SELECT strategy FROM sync_log ORDER BY id DESC LIMIT 1", "full");
}

static void the_full_strategy_fetches_everyone_in_every_cycle(void **state)
{
    struct lab *lab = *state;
    fill(lab, 5);
    lab->options.strategy = STRATEGY_FULL;
    lab->site.people[1].hidden++;
    run(lab);
    assert_outcome(lab,
                   (struct outcome){SYNC_SUCCESS, .listed = 5, .fetched = 5, .updated = 1, .unchanged = 4});
    assert_truth(lab);
    assert_settled(lab);
}

static void who_is_flagged_as_deleted_becomes_inactive(void **state)
{
    struct lab *lab = *state;
    fill(lab, 20);
    lab->site.people[2].deleted = true;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 20, .fetched = 1, .deleted = 1});
    assert_truth(lab);
    assert_settled(lab);
    lab->site.people[2].deleted = false;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 20, .fetched = 1, .updated = 1});
    assert_truth(lab);
    assert_settled(lab);
}

static void more_than_a_batch_is_committed_in_batches(void **state)
{
    struct lab *lab = *state;
    lab->site.size_max = 100;
    lab->options.page_size = 100;
    add_people(lab, PEOPLE_MAX);
    begin_cycle(lab);
    int64_t most = 0, before = 0, rows = 0;
    while (go_on(lab)) {
        rows = number(lab->b, "SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL");
        most = rows - before > most ? rows - before : most;
        before = rows;
    }
    end_cycle(lab);
    assert_true(most > 0 && most <= 200);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = PEOPLE_MAX, .fetched = PEOPLE_MAX,
                                         .inserted = PEOPLE_MAX});
    assert_truth(lab);
    assert_settled(lab);
}

/* A record must not wait for its transaction longer than a second. */
static void what_came_is_committed_within_a_second(void **state)
{
    struct lab *lab = *state;
    struct cycle_progress progress = {0};
    int64_t at = 0;
    add_people(lab, 20);
    begin_cycle(lab);
    while (progress.phase != CYCLE_FETCH || progress.done == 0) {
        assert_true(go_on(lab));
        cycle_progress(lab->cycle, &progress);
    }
    assert_int_equal(cycle_step(lab->cycle, &at), CYCLE_STEP_WAIT);
    assert_true(at <= lab->monotonic + USEC_PER_SEC);
    assert_int_equal(number(lab->b, "SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL"), 0);
    lab->monotonic = at;
    assert_int_equal(cycle_step(lab->cycle, &at), CYCLE_STEP_WAIT);
    assert_int_equal(number(lab->b, "SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL"),
                     progress.done);
    while (go_on(lab))
        continue;
    end_cycle(lab);
    assert_truth(lab);
}

static void a_server_that_reorders_loses_nobody_in_the_end(void **state)
{
    struct lab *lab = *state;
    lab->site.reorders = true;
    lab->site.refuses_sort = true;
    add_people(lab, 40);
    int success = 0;
    for (int i = 0; i < 8; i++) {
        run(lab);
        success += lab->row.status == SYNC_SUCCESS;
        assert_true(lab->row.status == SYNC_SUCCESS ? lab->row.counts.listed == 40
                                                    : lab->row.status == SYNC_PARTIAL);
        assert_int_equal(lab->row.counts.deleted + lab->row.counts.failed, 0);
    }
    assert_true(success > 0);
    assert_int_equal(number(lab->b, "SELECT count(*) FROM contacts WHERE status = 'Active'"), 40);
    assert_truth(lab);
    assert_settled(lab);
}

static void a_refused_sort_is_remembered_until_a_full_cycle(void **state)
{
    struct lab *lab = *state;
    lab->site.refuses_sort = true;
    fill(lab, 25);
    assert_int_equal(lab->site.sorted, 1);
    assert_int_equal(lab->reports[EVENT_LISTING_ODD], 1);
    assert_int_equal(lab->row.cost.requests, 1 + 3 + 25);
    assert_settled(lab);
    assert_int_equal(lab->site.sorted, 1);
    assert_int_equal(lab->reports[EVENT_LISTING_ODD], 0);
    lab->options.full = true;
    run(lab);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    assert_int_equal(lab->site.sorted, 2);
    lab->site.refuses_sort = false; /* the server has learnt it */
    run(lab);
    assert_int_equal(lab->site.sorted, 2 + 3);
    default_options(lab);
    run(lab);
    assert_int_equal(lab->site.sorted, 2 + 3 + 3);
}

static void a_record_for_another_id_is_not_applied(void **state)
{
    struct lab *lab = *state;
    fill(lab, 10);
    rename_person(lab, 5, "Other");
    lab->site.people[5].odd = ODD_OTHER_ID;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_PARTIAL, .listed = 10, .failed = 1});
    assert_answer(lab->b, "SELECT name FROM contacts WHERE contact_id = 'p-005'", "Name 5");
    assert_settled(lab);
    lab->site.people[5].odd = ODD_NOT;
    lab->b->now += USEC_PER_HOUR;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 10, .fetched = 1, .updated = 1});
    assert_truth(lab);
    assert_settled(lab);
}

static void resource_types_follow_their_listing(void **state)
{
    struct lab *lab = *state;
    lab->options.entity = &entity_resource_types;
    lab->site.types = "[{\"id\":\"r\",\"name\":\"Client\"},{\"id\":\"s\",\"name\":\"Venue\"}]";
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 2, .fetched = 2, .inserted = 2});
    assert_int_equal(lab->row.cost.requests, 1);
    assert_settled(lab);
    lab->site.types = "[{\"id\":\"r\",\"name\":\"Customer\"},{\"id\":\"t\",\"name\":\"Vendor\"}]";
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 2, .fetched = 2, .inserted = 1, .updated = 1,
                                         .deleted = 1});
    assert_settled(lab);
    lab->site.types = "[{\"id\":\"t\",\"name\":\"Vendor\"},{\"id\":\"s\",\"name\":\"Venue\"},{\"id\":\"r\","
                      "\"name\":\"Customer\"}]";
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 3, .fetched = 3, .updated = 1});
    assert_answer(lab->b, "SELECT resource_type_id, name, status, deleted_at FROM resource_types ORDER BY 1",
                  "r|Customer|Active|-\ns|Venue|Active|-\nt|Vendor|Active|-");
    assert_settled(lab);
    assert_int_equal(number(lab->b, "SELECT count(*) FROM contacts"), 0);
}

static void rows_without_an_id_are_counted_as_failed(void **state)
{
    struct lab *lab = *state;
    lab->options.entity = &entity_resource_types;
    lab->site.types = "[{\"id\":\"r\",\"name\":\"Client\"},{\"name\":\"Venue\"},7]";
    run(lab);
    assert_outcome(lab,
                   (struct outcome){SYNC_PARTIAL, .listed = 1, .fetched = 1, .inserted = 1, .failed = 2});
    assert_settled(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_cycle_brings_everyone_whole),
        TEST(every_shape_of_listing_ends_in_the_same),
        TEST(an_empty_site_is_a_success),
        TEST(who_is_new_is_stored_and_fetched),
        TEST(who_was_renamed_is_fetched_and_nobody_else),
        TEST(what_no_listing_shows_is_found_by_a_full_cycle),
        TEST(the_full_strategy_fetches_everyone_in_every_cycle),
        TEST(who_is_flagged_as_deleted_becomes_inactive),
        TEST(more_than_a_batch_is_committed_in_batches),
        TEST(what_came_is_committed_within_a_second),
        TEST(a_server_that_reorders_loses_nobody_in_the_end),
        TEST(a_refused_sort_is_remembered_until_a_full_cycle),
        TEST(a_record_for_another_id_is_not_applied),
        TEST(resource_types_follow_their_listing),
        TEST(rows_without_an_id_are_counted_as_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
