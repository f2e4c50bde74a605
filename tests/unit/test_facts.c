#include "flexsync/facts.h"

#include "flexsync/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NOON INT64_C(1795435200000000) /* 2026-11-23 12:00 UTC */

static int use_utc(void **state)
{
    (void)state;
    int r = setenv("TZ", "UTC", 1);
    tzset();
    return r;
}

static void assert_says(const struct facts *facts, const char *expected)
{
    char line[FACTS_LINE_MAX];
    assert_ptr_equal(facts_line(line, sizeof line, facts), line);
    assert_string_equal(line, expected);
}

static void idle_tells_how_many_and_when_next(void **state)
{
    (void)state;
    struct facts facts = {.state = FACTS_IDLE, .now = NOON, .contacts = 1699};
    assert_says(&facts, "idle: 1,699 contacts");
    facts.next_at = NOON + 15 * USEC_PER_MIN;
    assert_says(&facts, "idle: 1,699 contacts, next sync 12:15");
    facts.contacts = 0;
    assert_says(&facts, "idle: 0 contacts, next sync 12:15");
    facts.contacts = 1;
    assert_says(&facts, "idle: 1 contact, next sync 12:15");
}

static void idle_tells_a_freshness_that_is_known(void **state)
{
    (void)state;
    struct facts facts = {.state = FACTS_IDLE, .now = NOON, .contacts = 1699, .fresh = freshness_of(19, 0)};
    facts.next_at = NOON + 135 * USEC_PER_MIN;
    assert_says(&facts, "idle: 1,699 contacts, next sync 14:15");
    facts.fresh = freshness_of(500, 1);
    assert_says(&facts, "idle: 1,699 contacts, 99.8 % fresh, next sync 14:15");
    facts.fresh = freshness_of(20000, 1); /* rounded down: not everybody is */
    assert_says(&facts, "idle: 1,699 contacts, 99.9 % fresh, next sync 14:15");
    facts.fresh = freshness_of(500, 0);
    assert_says(&facts, "idle: 1,699 contacts, 100 % fresh, next sync 14:15");
}

static void a_listing_tells_its_requests_in_the_right_number(void **state)
{
    (void)state;
    struct facts facts = {.state = FACTS_LISTING, .now = NOON, .entity = "contacts"};
    assert_says(&facts, "syncing contacts: reading the listing, 0 requests");
    facts.requests = 1;
    assert_says(&facts, "syncing contacts: reading the listing, 1 request");
    facts.requests = 1017;
    assert_says(&facts, "syncing contacts: reading the listing, 1,017 requests");
}

static void fetching_tells_share_and_rate(void **state)
{
    (void)state;
    struct facts facts = {.state = FACTS_FETCHING,
                          .now = NOON,
                          .entity = "contacts",
                          .done = 812,
                          .planned = 1699,
                          .rate = 11.2,
                          .left_hour = SYNC_UNKNOWN};
    assert_says(&facts, "syncing contacts: 812 of 1,699 (47 %), 11/s");
    facts.rate = 0.5;
    assert_says(&facts, "syncing contacts: 812 of 1,699 (47 %), 0.5/s");
    facts.rate = 9.96;
    assert_says(&facts, "syncing contacts: 812 of 1,699 (47 %), 10/s");
    facts.rate = 0;
    assert_says(&facts, "syncing contacts: 812 of 1,699 (47 %)");
    facts.done = 1699;
    assert_says(&facts, "syncing contacts: 1,699 of 1,699 (100 %)");
    facts.rate = 11;
    facts.left_hour = 1107;
    assert_says(&facts, "syncing contacts: 1,699 of 1,699 (100 %), 11/s, quota left 1,107 this hour");
    facts.left_hour = 0;
    assert_says(&facts, "syncing contacts: 1,699 of 1,699 (100 %), 11/s, quota left 0 this hour");
}

static void nothing_planned_is_all_done(void **state)
{
    (void)state;
    const struct facts facts = {
        .state = FACTS_FETCHING, .now = NOON, .entity = "contacts", .left_hour = SYNC_UNKNOWN};
    assert_says(&facts, "syncing contacts: 0 of 0 (100 %)");
}

static void all_but_one_is_not_yet_everybody(void **state)
{
    (void)state;
    const struct facts facts = {.state = FACTS_FETCHING,
                                .now = NOON,
                                .entity = "contacts",
                                .done = 99999,
                                .planned = 100000,
                                .left_hour = SYNC_UNKNOWN};
    assert_says(&facts, "syncing contacts: 99,999 of 100,000 (99 %)");
}

static void finishing_says_so(void **state)
{
    (void)state;
    const struct facts facts = {.state = FACTS_FINISHING, .now = NOON, .entity = "resource_types"};
    assert_says(&facts, "syncing resource_types: finishing");
}

static void a_pause_tells_when_it_goes_on_if_that_is_known(void **state)
{
    (void)state;
    struct facts facts = {.state = FACTS_PAUSED,
                          .now = NOON,
                          .resumes_at = NOON + 181 * USEC_PER_MIN,
                          .pause = FACTS_PAUSE_QUOTA};
    assert_says(&facts, "paused: hourly quota used up, goes on 15:01");
    facts.resumes_at = 0;
    assert_says(&facts, "paused: hourly quota used up");
    facts.next_at = NOON + USEC_PER_MIN;
    assert_says(&facts, "paused: hourly quota used up, next sync 12:01");
}

static void a_pause_tells_what_holds_it_up(void **state)
{
    (void)state;
    struct facts facts = {
        .state = FACTS_PAUSED, .now = NOON, .pause = FACTS_PAUSE_SHARE, .window = QUOTA_MONTH};
    assert_says(&facts, "paused: monthly quota for background work used up");
    facts.window = QUOTA_DAY;
    assert_says(&facts, "paused: daily quota for background work used up");
    facts.pause = FACTS_PAUSE_SERVER;
    assert_says(&facts, "paused: the server takes no more requests for now");
}

static void trouble_tells_what_and_when_it_is_tried_again(void **state)
{
    (void)state;
    struct facts facts = {.state = FACTS_TROUBLED, .now = NOON, .trouble = "disk full"};
    assert_says(&facts, "trouble: disk full");
    facts.next_at = NOON + USEC_PER_HOUR;
    assert_says(&facts, "trouble: disk full, next sync 13:00");
    facts.state = FACTS_REFUSED;
    assert_says(&facts, "trouble: disk full, next sync 13:00");
}

static void a_long_line_is_cut_where_the_buffer_ends_and_between_two_characters(void **state)
{
    (void)state;
    struct facts facts = {.state = FACTS_TROUBLED, .now = NOON};
    for (size_t i = 0; i + 3 < sizeof facts.trouble; i += 2)
        memcpy(facts.trouble + i, "ä", 3);
    for (size_t size = 1; size < 40; size++) {
        char line[48];
        memset(line, 'x', sizeof line);
        (void)facts_line(line, size, &facts);
        assert_true(strlen(line) < size);
        for (size_t i = size; i < sizeof line; i++)
            assert_int_equal(line[i], 'x');
        assert_int_equal(strlen(line), size <= 10 ? size - 1 : 9 + (size - 10) / 2 * 2);
    }
}

static struct sync_row make_row(void)
{
    return (struct sync_row){.entity = "contacts",
                             .status = SYNC_SUCCESS,
                             .started_at = NOON,
                             .completed_at = NOON + 170 * USEC_PER_SEC,
                             .counts = {.listed = 1699, .expected = 1699, .fetched = 1699, .inserted = 1699},
                             .cost = {.requests = 1700, .bytes = 4200000}};
}

static void assert_cycle_says(const struct sync_row *row, const char *expected)
{
    char line[FACTS_LINE_MAX];
    assert_ptr_equal(facts_cycle_line(line, sizeof line, row), line);
    assert_string_equal(line, expected);
}

static void a_cycle_tells_what_it_found_and_what_it_cost(void **state)
{
    (void)state;
    struct sync_row row = make_row();
    assert_cycle_says(&row,
                      "contacts: success; 1,699 of 1,699 listed, 1,699 fetched, 1,699 new; 1,700 requests, "
                      "4.2 MB in 2 min 50 s");
}

static void figures_that_are_zero_are_left_out_and_the_others_told_in_order(void **state)
{
    (void)state;
    struct sync_row row = make_row();
    row.status = SYNC_PARTIAL;
    row.counts = (struct sync_counts){.fetched = 20,
                                      .inserted = 1,
                                      .updated = 2,
                                      .unchanged = 3,
                                      .deleted = 4,
                                      .failed = 5,
                                      .listed = 1000,
                                      .expected = 1001};
    row.cost = (struct fetch_stats){.requests = 30, .retries = 7, .throttled = 1, .bytes = 812};
    (void)snprintf(row.error_message, sizeof row.error_message, "the request quota is used up for now");
    assert_cycle_says(&row,
                      "contacts: partial; 1,000 of 1,001 listed, 20 fetched, 1 new, 2 changed, 3 unchanged, "
                      "4 now inactive, 5 failed; 30 requests, 7 retries, 1 answered 429, 812 B in "
                      "2 min 50 s; the request quota is used up for now");
}

static void one_of_something_is_told_in_the_singular(void **state)
{
    (void)state;
    struct sync_row row = make_row();
    row.counts = (struct sync_counts){.listed = 1, .expected = 1, .fetched = 1};
    row.cost = (struct fetch_stats){.requests = 1, .retries = 1, .bytes = 1};
    row.completed_at = NOON + USEC_PER_SEC;
    assert_cycle_says(&row, "contacts: success; 1 of 1 listed, 1 fetched; 1 request, 1 retry, 1 B in 1 s");
}

static void what_the_server_did_not_announce_is_not_invented(void **state)
{
    (void)state;
    struct sync_row row = make_row();
    row.entity = "resource_types";
    row.counts = (struct sync_counts){.listed = 12, .expected = SYNC_UNKNOWN};
    row.cost = (struct fetch_stats){.requests = 1, .bytes = 0};
    assert_cycle_says(&row, "resource_types: success; 12 listed, 0 fetched; 1 request, 0 B in 2 min 50 s");
    row.entity = "contacts";
    row.counts.listed = SYNC_UNKNOWN; /* this cycle read no listing */
    assert_cycle_says(&row, "contacts: success; listing not read, 0 fetched; 1 request, 0 B in 2 min 50 s");
}

static void a_cycle_that_is_not_closed_yet_has_taken_no_time(void **state)
{
    (void)state;
    struct sync_row row = make_row();
    row.status = SYNC_RUNNING;
    row.completed_at = 0;
    char line[FACTS_LINE_MAX];
    assert_non_null(strstr(facts_cycle_line(line, sizeof line, &row), " in 0 s"));
}

static void a_long_reason_is_cut_where_the_buffer_ends(void **state)
{
    (void)state;
    struct sync_row row = make_row();
    memset(row.error_message, 'e', sizeof row.error_message - 1);
    char line[FACTS_LINE_MAX];
    assert_int_equal(strlen(facts_cycle_line(line, sizeof line, &row)), sizeof line - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_tells_how_many_and_when_next),
        cmocka_unit_test(idle_tells_a_freshness_that_is_known),
        cmocka_unit_test(a_listing_tells_its_requests_in_the_right_number),
        cmocka_unit_test(fetching_tells_share_and_rate),
        cmocka_unit_test(nothing_planned_is_all_done),
        cmocka_unit_test(all_but_one_is_not_yet_everybody),
        cmocka_unit_test(finishing_says_so),
        cmocka_unit_test(a_pause_tells_when_it_goes_on_if_that_is_known),
        cmocka_unit_test(a_pause_tells_what_holds_it_up),
        cmocka_unit_test(trouble_tells_what_and_when_it_is_tried_again),
        cmocka_unit_test(a_long_line_is_cut_where_the_buffer_ends_and_between_two_characters),
        cmocka_unit_test(a_cycle_tells_what_it_found_and_what_it_cost),
        cmocka_unit_test(figures_that_are_zero_are_left_out_and_the_others_told_in_order),
        cmocka_unit_test(one_of_something_is_told_in_the_singular),
        cmocka_unit_test(what_the_server_did_not_announce_is_not_invented),
        cmocka_unit_test(a_cycle_that_is_not_closed_yet_has_taken_no_time),
        cmocka_unit_test(a_long_reason_is_cut_where_the_buffer_ends),
    };
    return cmocka_run_group_tests_name("facts", tests, use_utc, NULL);
}
