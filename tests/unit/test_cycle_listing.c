/* Listings that are too large for the server, or for what the quota has at a time; and times that are wrong.
 */
#include "sync_bench.h"

static void assert_meta(struct lab *lab, const char *key, const char *expected)
{
    char sql[SQL_TEXT];
    (void)snprintf(sql, sizeof sql, "SELECT value FROM meta WHERE key = '%s'", key);
    assert_answer(lab->b, sql, expected);
}

/* --- pages that are too large --- */

static void pages_that_are_not_given_in_time_are_asked_for_by_halves(void **state)
{
    struct lab *lab = *state;
    add_people(lab, 300);
    lab->site.size_max = 2000;
    lab->site.slow_above = 60;
    lab->options.page_size = 200;
    run(lab);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    assert_int_equal(lab->row.counts.listed, 300);
    assert_int_equal(lab->row.cost.requests, 3 + 6 + 300); /* 200, is it the size?, 100, then 50 */
    assert_int_equal(lab->reports[EVENT_LISTING_ODD], 1);
    assert_meta(lab, "listing.page_size", "50");
    assert_truth(lab);
    assert_settled(lab);
    assert_int_equal(lab->row.cost.requests, 6); /* it is remembered */
    lab->b->now += 4 * USEC_PER_DAY;
    assert_settled(lab);
    assert_int_equal(lab->row.cost.requests, 2 + 6); /* larger ones are tried again after days */
    assert_settled(lab);
    assert_int_equal(lab->row.cost.requests, 6);
}

static void pages_grow_again_when_the_server_has_recovered(void **state)
{
    struct lab *lab = *state;
    add_people(lab, 300);
    lab->site.size_max = 2000;
    lab->site.slow_above = 60;
    lab->options.page_size = 200;
    run(lab);
    lab->site.slow_above = 0;
    static const struct {
        unsigned size;
        const char *kept;
    } days[] = {{50, "50"}, {100, "100"}, {200, "0"}, {200, "0"}};
    for (size_t i = 0; i < ARRAY_LENGTH(days); i++) {
        run(lab);
        assert_int_equal(lab->row.status, SYNC_SUCCESS);
        assert_int_equal(lab->site.listed_size, days[i].size);
        assert_meta(lab, "listing.page_size", days[i].kept);
        lab->b->now += 4 * USEC_PER_DAY;
    }
}

static void a_server_that_gives_no_page_at_all_fails_and_nothing_is_remembered(void **state)
{
    struct lab *lab = *state;
    add_people(lab, 300);
    lab->site.slow_above = 1;
    lab->options.page_size = 200;
    run(lab);
    assert_int_equal(lab->row.status, SYNC_FAILED);
    assert_int_equal(lab->error.code, ERROR_UNREACHABLE);
    assert_int_equal(lab->row.cost.requests, 2); /* 200, and whether it is the size */
    assert_meta(lab, "listing.page_size", "");
}

/* --- listings that cost more than there is at a time --- */

/* Cycles of `left` requests each until one of them has the whole listing; how many that took. */
static int list_in_parts(struct lab *lab, int left)
{
    int cycles = 0;
    lab->options.trigger = TRIGGER_RESUME;
    do {
        lab->site.left = left;
        run(lab);
        lab->b->now += USEC_PER_HOUR;
        assert_int_equal(number(lab->b, "SELECT count(*) FROM contacts WHERE status = 'Inactive'"), 0);
        assert_in_range(++cycles, 1, 60);
    } while (lab->row.counts.expected == SYNC_UNKNOWN);
    lab->site.left = FOR_EVER;
    return cycles;
}

static void a_listing_of_more_pages_than_the_quota_has_goes_on_in_the_next_cycle(void **state)
{
    struct lab *lab = *state;
    add_people(lab, 200); /* 20 pages */
    assert_int_equal(list_in_parts(lab, 4), 1 + 6);
    assert_int_equal(lab->row.counts.listed, 200);
    assert_int_equal(lab->row.counts.expected, 200);
    assert_int_equal(number(lab->b, "SELECT count(*) FROM listing_kept"), 0);
    run(lab);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    assert_truth(lab);
    assert_settled(lab);
}

static void the_end_of_the_process_does_not_matter_to_it(void **state)
{
    struct lab *lab = *state;
    add_people(lab, 200);
    lab->site.left = 12;
    run(lab);
    assert_int_equal(number(lab->b, "SELECT count(*) FROM listing_kept"), 120);
    kill_store(lab->b);
    open_store(lab->b);
    assert_int_equal(list_in_parts(lab, 12), 1);
    run(lab);
    assert_truth(lab);
    assert_settled(lab);
}

static void rows_that_move_meanwhile_are_noticed(void **state)
{
    struct lab *lab = *state;
    add_people(lab, 200);
    lab->site.left = 12;
    run(lab);
    remove_person(lab, 3);
    (void)add_person(lab);
    lab->site.left = FOR_EVER;
    run(lab);
    assert_int_equal(lab->row.counts.listed, 200);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    run(lab);
    assert_truth(lab);
    assert_settled(lab);
}

/* The pages before the pause are as they were then: the listing is as old as its beginning. */
static void what_came_and_went_before_the_pause_is_found_by_the_next_listing(void **state)
{
    struct lab *lab = *state;
    char began[32];
    add_people(lab, 200);
    remove_person(lab, 3);
    lab->site.left = 12;
    (void)snprintf(began, sizeof began, "%" PRId64, lab->b->now / USEC_PER_SEC);
    run(lab);
    restore_person(lab, 3);
    remove_person(lab, 5);
    lab->b->now += USEC_PER_HOUR;
    lab->site.left = FOR_EVER;
    run(lab);
    assert_int_equal(number(lab->b, "SELECT count(*) FROM listing_kept"), 0);
    assert_meta(lab, "listing.at", began);

    lab->b->now += USEC_PER_HOUR;
    run(lab);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    assert_truth(lab);
    assert_settled(lab);
}

static void what_lay_for_too_long_is_begun_again(void **state)
{
    struct lab *lab = *state;
    add_people(lab, 200);
    lab->site.left = 12;
    run(lab);
    lab->site.left = FOR_EVER;
    lab->b->now += 4 * USEC_PER_DAY;
    run(lab);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    assert_int_equal(lab->row.cost.requests, 20 + 200);
    assert_int_equal(number(lab->b, "SELECT count(*) FROM listing_kept"), 0);
    assert_truth(lab);
    assert_settled(lab);
}

static void what_is_no_walk_is_ignored(void **state)
{
    struct lab *lab = *state;
    static const char *const walks[] = {"x", "-5", "1750000000", "99999999999999999999 1 2",
                                        "1750000000 0 0 0"};
    fill(lab, 50);
    for (size_t i = 0; i < ARRAY_LENGTH(walks); i++) {
        assert_done(lab->b, store_meta_set(lab->b->store, "contacts.listing.walk", walks[i], lab->b->now,
                                           &lab->b->err));
        exec(lab->b, "INSERT INTO listing_kept VALUES ('contacts', 'p-999', 1, 1, '{\"id\":\"p-999\"}')");
        assert_settled(lab);
        assert_int_equal(lab->row.status, SYNC_SUCCESS);
        assert_int_equal(number(lab->b, "SELECT count(*) FROM listing_kept"), 0);
    }
}

static void a_contact_that_is_forgotten_is_not_kept_there_either(void **state)
{
    struct lab *lab = *state;
    int64_t changes = 0;
    add_people(lab, 200);
    lab->site.left = 12;
    run(lab);
    exec(lab->b, "UPDATE contacts SET status = 'Inactive' WHERE contact_id = 'p-003'");
    assert_int_equal(number(lab->b, "SELECT count(*) FROM listing_kept WHERE key = 'p-003'"), 1);
    assert_int_equal(
        store_forget(lab->b->store, &entity_contacts, id_of(lab->b, "p-003"), &changes, &lab->b->err), 1);
    assert_int_equal(number(lab->b, "SELECT count(*) FROM listing_kept WHERE key = 'p-003'"), 0);
}

/* --- time --- */

/* The clock is ahead by a month while a first fill is cut, and right afterwards. */
static void a_fill_that_a_wrong_clock_began_goes_on_at_once(void **state)
{
    struct lab *lab = *state;
    add_people(lab, 100);
    const int64_t right = lab->b->now;
    lab->b->now += 31 * USEC_PER_DAY;
    lab->site.left = 10 + 40;
    run(lab);
    assert_int_equal(lab->row.status, SYNC_PARTIAL);
    lab->site.left = FOR_EVER;
    lab->b->now = right;
    run(lab);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    assert_int_equal(number(lab->b, "SELECT count(*) FROM contact_state WHERE content_hash IS NULL"), 0);
    assert_truth(lab);
    assert_settled(lab);
}

static void a_cycle_with_new_records_that_wait_is_no_success(void **state)
{
    struct lab *lab = *state;
    fill(lab, 30);
    rename_person(lab, 7, "Other");
    begin_cycle(lab);
    struct cycle_progress progress = {0};
    while (progress.phase != CYCLE_FETCH) {
        assert_true(go_on(lab));
        cycle_progress(lab->cycle, &progress);
    }
    exec(lab->b, "INSERT INTO detail_queue (id, reason, due_at) VALUES (3, 'new', '2025-06-15 15:06:40')");
    while (go_on(lab))
        continue;
    end_cycle(lab);
    assert_int_equal(lab->row.status, SYNC_PARTIAL);
    assert_string_equal(lab->row.error_message,
                        "1 new or edited record still to be fetched; flexsync sync asks at once");
    run(lab);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
}

/* Where the quota does not suffice for what the listing shows, the copy is known to be behind. */
static void edits_that_the_quota_makes_wait_are_no_success(void **state)
{
    struct lab *lab = *state;
    fill(lab, 60);
    for (size_t i = 0; i < 40; i++)
        rename_person(lab, i, "Other");
    lab->options.budget = 8;
    lab->options.person = false;
    lab->b->now += USEC_PER_HOUR;
    run(lab);
    assert_int_equal(lab->row.status, SYNC_PARTIAL);
    int64_t left = number(lab->b, "SELECT count(*) FROM detail_queue WHERE reason = 'changed'");
    assert_in_range(left, 1, 40);
    assert_non_null(strstr(lab->row.error_message, "edited records still to be fetched"));

    lab->options.budget = 1e6;
    lab->b->now += USEC_PER_HOUR;
    run(lab);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    assert_truth(lab);
}

/* A clock that is three years ahead made one sync delete every change record, and the history. */
static void what_is_forgotten_follows_the_servers_clock(void **state)
{
    struct lab *lab = *state;
    fill(lab, 30);
    int64_t changes = number(lab->b, "SELECT count(*) FROM contact_changes");
    assert_int_equal(changes, 30);
    lab->b->now += 3 * 365 * USEC_PER_DAY;
    lab->site.clock_offset = -3 * 365 * USEC_PER_DAY;
    run(lab);
    assert_int_equal(number(lab->b, "SELECT count(*) FROM contact_changes"), 30);
    assert_in_range(number(lab->b, "SELECT count(*) FROM sync_log"), 2, 3);
    lab->site.no_date = true; /* an answer that does not tell it */
    run(lab);
    assert_int_equal(number(lab->b, "SELECT count(*) FROM contact_changes"), 30);
    lab->site.no_date = false;
    lab->site.clock_offset = 3 * 365 * USEC_PER_DAY; /* nor where the server's clock is ahead of this one */
    lab->b->now -= 3 * 365 * USEC_PER_DAY;
    run(lab);
    assert_int_equal(number(lab->b, "SELECT count(*) FROM contact_changes"), 30);
    lab->b->now += 3 * 365 * USEC_PER_DAY;
    lab->site.clock_offset = 0;
    run(lab);
    assert_int_equal(number(lab->b, "SELECT count(*) FROM contact_changes"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pages_that_are_not_given_in_time_are_asked_for_by_halves),
        TEST(pages_grow_again_when_the_server_has_recovered),
        TEST(a_server_that_gives_no_page_at_all_fails_and_nothing_is_remembered),
        TEST(a_listing_of_more_pages_than_the_quota_has_goes_on_in_the_next_cycle),
        TEST(the_end_of_the_process_does_not_matter_to_it),
        TEST(rows_that_move_meanwhile_are_noticed),
        TEST(what_came_and_went_before_the_pause_is_found_by_the_next_listing),
        TEST(what_lay_for_too_long_is_begun_again),
        TEST(what_is_no_walk_is_ignored),
        TEST(a_contact_that_is_forgotten_is_not_kept_there_either),
        TEST(a_fill_that_a_wrong_clock_began_goes_on_at_once),
        TEST(a_cycle_with_new_records_that_wait_is_no_success),
        TEST(edits_that_the_quota_makes_wait_are_no_success),
        TEST(what_is_forgotten_follows_the_servers_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
