/* Those whom a listing lacks, and how many of them are believed. */
#include "sync_bench.h"

static int64_t inactive(struct lab *lab)
{
    return number(lab->b, "SELECT count(*) FROM contacts WHERE status = 'Inactive'");
}

static void who_was_removed_is_asked_for_and_becomes_inactive(void **state)
{
    struct lab *lab = *state;
    fill(lab, 30);
    remove_person(lab, 4);
    remove_person(lab, 5);
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 28, .deleted = 2});
    assert_int_equal(lab->row.cost.requests, 3 + 2);
    assert_truth(lab);
    assert_settled(lab);
    assert_int_equal(lab->row.cost.requests, 3);
}

static void who_is_not_listed_and_yet_answers_stays_active(void **state)
{
    struct lab *lab = *state;
    fill(lab, 30);
    lab->site.people[4].listed = false;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 29, .fetched = 1, .unchanged = 1});
    assert_truth(lab);
    assert_settled(lab);
    assert_int_equal(lab->row.cost.requests, 3);
    lab->b->now += 2 * USEC_PER_DAY;
    lab->site.people[4].hidden++;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 29, .fetched = 1, .updated = 1});
    assert_truth(lab);
    assert_settled(lab);
}

static void who_is_not_listed_and_flagged_as_deleted_becomes_inactive(void **state)
{
    struct lab *lab = *state;
    fill(lab, 30);
    lab->site.people[4].listed = false;
    lab->site.people[4].deleted = true;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 29, .fetched = 1, .deleted = 1});
    assert_truth(lab);
    assert_settled(lab);
    assert_int_equal(lab->row.cost.requests, 3);
}

static void who_comes_back_is_active_again(void **state)
{
    struct lab *lab = *state;
    fill(lab, 30);
    remove_person(lab, 4);
    run(lab);
    assert_truth(lab);
    lab->b->now += USEC_PER_DAY;
    restore_person(lab, 4);
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 30, .fetched = 1, .updated = 1});
    assert_truth(lab);
    assert_settled(lab);
    assert_answer(lab->b, "SELECT kind FROM contact_changes WHERE contact_id = 'p-004' ORDER BY id",
                  "inserted\ndeactivated\nreturned");
}

static void too_many_gone_from_the_listing_are_not_believed(void **state)
{
    struct lab *lab = *state;
    fill(lab, 60);
    for (size_t i = 0; i < 7; i++) /* 11.7 % */
        remove_person(lab, i * 8);
    char *before = dump_contents(lab->b);
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_PARTIAL, .listed = 53});
    assert_int_equal(lab->row.cost.requests, 6); /* nobody is asked for */
    assert_int_equal(lab->reports[EVENT_VANISHED_DOUBTED], 1);
    assert_non_null(strstr(lab->row.error_message, "--accept-vanished"));
    assert_contents(lab->b, before);
    assert_settled(lab);
    lab->options.accept_vanished = true;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 53, .deleted = 7});
    assert_truth(lab);
    assert_settled(lab);
    free(before);
}

static void as_many_as_are_allowed_are_believed(void **state)
{
    struct lab *lab = *state;
    fill(lab, 60);
    for (size_t i = 0; i < 6; i++) /* 10 % */
        remove_person(lab, i * 8);
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 54, .deleted = 6});
    assert_truth(lab);
    assert_settled(lab);
}

static void five_may_go_from_any_site(void **state)
{
    struct lab *lab = *state;
    fill(lab, 8);
    for (size_t i = 0; i < 5; i++)
        remove_person(lab, i);
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 3, .deleted = 5});
    assert_truth(lab);
    assert_settled(lab);
}

static void an_empty_listing_is_not_believed(void **state)
{
    struct lab *lab = *state;
    fill(lab, 20);
    for (size_t i = 0; i < 20; i++)
        lab->site.people[i].listed = false;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_PARTIAL, .listed = 0});
    assert_int_equal(inactive(lab), 0);
    assert_settled(lab);
}

/* Listed, and yet the server says of each that it does not know it: the listing counts. */
static void what_is_listed_and_unknown_is_kept_and_asked_for_more_and_more_rarely(void **state)
{
    struct lab *lab = *state;
    fill(lab, 60);
    for (size_t i = 0; i < 7; i++)
        lab->site.people[i].answers = false;
    char *before = dump_contents(lab->b);
    lab->options.full = true;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 60, .fetched = 53, .unchanged = 53});
    assert_int_equal(lab->row.cost.requests, 6 + 60 + 6); /* rows may have moved: read again, once */
    assert_int_equal(lab->reports[EVENT_CONTRADICTED], 1);
    assert_contents(lab->b, before);
    assert_answer(lab->b, "SELECT DISTINCT reason FROM detail_queue", "contradicted");
    assert_int_equal(number(lab->b, "SELECT count(*) FROM detail_queue"), 7);
    assert_settled(lab);
    lab->options.full = false;
    lab->options.person = true;
    run(lab); /* none of them is due for an hour, whoever asks */
    assert_int_equal(lab->row.cost.requests, 6);
    lab->b->now += 2 * USEC_PER_HOUR;
    run(lab);
    assert_int_equal(lab->row.status, SYNC_SUCCESS); /* six of them and no other record are no storm */
    assert_int_equal(lab->row.cost.requests, 6 + 7); /* known by now, so the listing is not read again */
    lab->b->now += 2 * USEC_PER_HOUR - USEC_PER_MIN;
    run(lab);
    assert_int_equal(lab->row.cost.requests, 6);
    for (size_t i = 0; i < 6; i++)
        lab->site.people[i].listed = false;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 54, .deleted = 6});
    assert_int_equal(inactive(lab), 6);
    assert_truth(lab);
    free(before);
}

/* A gateway, or a server that lost its records: not one row is touched, and few requests are spent on it. */
static void where_most_of_what_is_listed_is_unknown_it_is_the_server(void **state)
{
    struct lab *lab = *state;
    fill(lab, 60);
    for (size_t i = 0; i < 60; i++)
        lab->site.people[i].answers = false;
    char *before = dump_contents(lab->b);
    lab->options.full = lab->options.person = true;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_PARTIAL, .listed = 60});
    assert_in_range(lab->row.cost.requests, 6 + 6, 6 + 6 + WINDOW);
    assert_int_equal(lab->row.resumes_at, lab->b->now + 5 * USEC_PER_MIN);
    assert_non_null(strstr(lab->row.error_message, "does not know most of"));
    assert_contents(lab->b, before);
    assert_int_equal(inactive(lab), 0);

    static const int minutes[] = {5, 10, 20, 40, 80, 80};
    for (size_t i = 0; i < ARRAY_LENGTH(minutes); i++) { /* the first of them was a person's */
        lab->options.trigger = TRIGGER_RESUME;
        lab->options.person = false;
        lab->b->now = lab->row.resumes_at;
        run(lab);
        assert_int_equal(lab->row.resumes_at, lab->b->now + minutes[i] * USEC_PER_MIN);
    }
    for (size_t i = 0; i < 60; i++)
        lab->site.people[i].answers = true;
    lab->options.full = false;
    lab->options.trigger = TRIGGER_RESUME;
    lab->b->now += 30 * USEC_PER_MIN;
    run(lab);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    assert_truth(lab);
    assert_settled(lab);
    free(before);
}

static void too_many_who_are_gone_already_are_no_matter_of_belief(void **state)
{
    struct lab *lab = *state;
    add_people(lab, 40);
    for (size_t i = 0; i < 20; i++) {
        lab->site.people[i].deleted = true; /* listed as deleted, and not given out any more */
        lab->site.people[i].answers = false;
    }
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 40, .fetched = 20, .inserted = 40});
    assert_int_equal(inactive(lab), 20);
    assert_truth(lab);
    assert_settled(lab);
    assert_int_equal(lab->row.cost.requests, 4); /* and are not asked for in every cycle */
    lab->b->now += 3 * USEC_PER_DAY;
    assert_settled(lab);
    assert_int_equal(lab->row.cost.requests, 4);
    for (size_t i = 0; i < 10; i++) {
        lab->site.people[i].deleted = false;
        lab->site.people[i].answers = true;
    }
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 40, .fetched = 10, .updated = 10});
    assert_truth(lab);
    assert_settled(lab);
}

static void a_slip_of_the_server_costs_nothing(void **state)
{
    struct lab *lab = *state;
    fill(lab, 30);
    lab->site.people[3].answers = false;
    lab->options.full = true;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 30, .fetched = 29, .unchanged = 29});
    lab->site.people[3].answers = true;
    lab->options.full = false;
    lab->b->now += 2 * USEC_PER_HOUR;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 30, .fetched = 1, .unchanged = 1});
    assert_truth(lab);
    assert_settled(lab);
}

/* --- absence in other words --- */

static void answers_so(struct lab *lab, size_t i, enum oddity odd)
{
    lab->site.people[i].odd = odd;
}

/* The listing lacks it on three days, and its address answers everything but the record. */
static void what_is_missing_on_several_days_without_a_usable_answer_is_gone(void **state)
{
    static const enum oddity ways[] = {ODD_FAILS, ODD_REJECTED, ODD_HTML, ODD_USELESS};
    for (size_t way = 0; way < ARRAY_LENGTH(ways); way++) {
        void *fresh = NULL;
        assert_int_equal(set_up_lab(&fresh), 0);
        struct lab *lab = fresh;
        fill(lab, 30);
        lab->site.people[4].listed = false;
        answers_so(lab, 4, ways[way]);
        for (int day = 0; day < 3; day++) {
            assert_int_equal(inactive(lab), 0);
            run(lab);
            assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 29, .deleted = day == 2});
            run(lab); /* twice a day counts once */
            lab->b->now += USEC_PER_DAY;
        }
        assert_int_equal(inactive(lab), 1);
        assert_int_equal(number(lab->b, "SELECT count(*) FROM detail_queue"), 0);
        assert_settled(lab);
        assert_int_equal(lab->row.cost.requests, 3);
        assert_int_equal(tear_down_lab(&fresh), 0);
    }
    (void)state;
}

static void what_is_listed_again_meanwhile_begins_at_no_day(void **state)
{
    struct lab *lab = *state;
    fill(lab, 30);
    answers_so(lab, 4, ODD_USELESS);
    for (int day = 0; day < 6; day++) {
        lab->site.people[4].listed = day % 3 == 2;
        run(lab);
        assert_int_equal(inactive(lab), 0);
        lab->b->now += USEC_PER_DAY;
    }
    answers_so(lab, 4, ODD_NOT);
    lab->site.people[4].listed = true;
    run(lab);
    assert_truth(lab);
    assert_answer(lab->b, "SELECT max(missing) FROM contact_state", "0");
    assert_settled(lab);
}

static void what_was_merged_is_gone_and_its_survivor_noted(void **state)
{
    struct lab *lab = *state;
    fill(lab, 30);
    lab->site.people[4].listed = false;
    answers_so(lab, 4, ODD_OTHER_ID);
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 29, .deleted = 1});
    assert_answer(lab->b,
                  "SELECT c.contact_id, c.status, t.merged_into FROM contacts c JOIN contact_state t"
                  " ON t.id = c.id WHERE t.merged_into IS NOT NULL",
                  "p-004|Inactive|p-003");
    assert_answer(lab->b,
                  "SELECT kind, after ->> '$.mergedInto' FROM contact_changes WHERE contact_id = 'p-004'"
                  " ORDER BY id DESC LIMIT 1",
                  "deactivated|p-003");
    assert_settled(lab);
    answers_so(lab, 4, ODD_NOT);
    lab->site.people[4].listed = true;
    run(lab);
    assert_truth(lab);
    assert_answer(lab->b, "SELECT count(merged_into) FROM contact_state", "0");
    assert_settled(lab);
}

/* 250 rows in pages of 100: one of page 1 leaves and one comes at the end before page 2 is asked for. */
static void rows_that_move_between_pages_are_found_by_what_records_answer(void **state)
{
    for (int known = 0; known < 2; known++) {
        void *fresh = NULL;
        assert_int_equal(set_up_lab(&fresh), 0);
        struct lab *lab = fresh;
        lab->site.size_max = lab->options.page_size = 100;
        add_people(lab, 250);
        if (known)
            run(lab);
        lab->site.stats = (struct fetch_stats){0};
        begin_cycle(lab);
        while (lab->site.stats.requests < 1)
            assert_true(go_on(lab));
        remove_person(lab, 2);
        (void)add_person(lab);
        while (go_on(lab))
            continue;
        end_cycle(lab);
        assert_int_equal(lab->row.status, SYNC_SUCCESS);
        assert_int_equal(lab->row.counts.listed, 250);
        assert_truth(lab);
        assert_settled(lab);
        assert_int_equal(tear_down_lab(&fresh), 0);
    }
    (void)state;
}

/* --- records that the key's user may not see --- */

static void denied_records_are_kept_counted_and_rarely_asked_for(void **state)
{
    struct lab *lab = *state;
    add_people(lab, 80);
    for (size_t i = 10; i < 13; i++)
        answers_so(lab, i, ODD_DENIED);
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 80, .fetched = 77, .inserted = 80});
    assert_int_equal(lab->row.counts.denied, 3);
    assert_int_equal(lab->reports[EVENT_DENIED], 1);
    assert_int_equal(number(lab->b, "SELECT records_denied FROM sync_log"), 3);
    lab->options.person = true;
    assert_settled(lab);
    assert_int_equal(lab->row.cost.requests, 8);
    assert_int_equal(lab->row.counts.denied, 3); /* still */
    assert_int_equal(lab->reports[EVENT_DENIED], 0);
    lab->b->now += 2 * USEC_PER_DAY;
    assert_settled(lab);
    assert_int_equal(lab->row.cost.requests, 8);
    for (size_t i = 10; i < 13; i++)
        answers_so(lab, i, ODD_NOT);
    lab->b->now += 2 * USEC_PER_DAY;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 80, .fetched = 3});
    assert_int_equal(lab->row.counts.denied, 0);
    assert_truth(lab);
    assert_settled(lab);
}

static void a_denied_record_that_is_not_listed_any_more_is_kept_too(void **state)
{
    struct lab *lab = *state;
    fill(lab, 30);
    lab->site.people[4].listed = false;
    answers_so(lab, 4, ODD_DENIED);
    for (int day = 0; day < 6; day++) {
        run(lab);
        assert_int_equal(lab->row.status, SYNC_SUCCESS);
        assert_int_equal(inactive(lab), 0);
        lab->b->now += USEC_PER_DAY;
    }
    answers_so(lab, 4, ODD_FAILS); /* one failure after days of that proves nothing */
    run(lab);
    assert_int_equal(inactive(lab), 0);
}

static void from_a_listing_that_is_not_whole_nobody_vanishes(void **state)
{
    struct lab *lab = *state;
    fill(lab, 30);
    lab->site.people[7].missing = lab->site.people[21].missing = true;
    (void)add_person(lab);
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_PARTIAL, .listed = 29, .fetched = 1, .inserted = 1});
    assert_int_equal(lab->row.counts.expected, 31);
    assert_int_equal(lab->reports[EVENT_LISTING_ODD], 1);
    assert_int_equal(inactive(lab), 0);
    assert_truth(lab);
    assert_settled(lab);
    lab->site.people[7].missing = lab->site.people[21].missing = false;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 31});
    assert_settled(lab);
}

/* The first reading still had somebody whom the second, which proves the listing whole, has no more. */
static void who_leaves_between_two_readings_is_not_counted_as_listed(void **state)
{
    struct lab *lab = *state;
    fill(lab, 30);
    lab->site.stats = (struct fetch_stats){0};
    begin_cycle(lab);
    while (lab->site.stats.requests < 1)
        assert_true(go_on(lab));
    remove_person(lab, 2);
    while (go_on(lab))
        continue;
    end_cycle(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 29, .deleted = 1});
    assert_int_equal(lab->row.counts.expected, 29);
    assert_truth(lab);
    assert_settled(lab);
}

static void who_was_queued_as_vanished_and_is_listed_again_is_as_ever(void **state)
{
    struct lab *lab = *state;
    fill(lab, 30);
    lab->site.people[4].listed = false;
    lab->site.left = 3; /* the quota ends after the listing */
    run(lab);
    assert_int_equal(lab->row.status, SYNC_PARTIAL);
    assert_int_equal(number(lab->b, "SELECT count(*) FROM detail_queue WHERE reason = 'vanished'"), 1);
    lab->site.left = FOR_EVER;
    lab->site.people[4].listed = true;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 30, .fetched = 1, .unchanged = 1});
    assert_truth(lab);
    assert_settled(lab);
    assert_int_equal(lab->row.cost.requests, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_was_removed_is_asked_for_and_becomes_inactive),
        TEST(who_is_not_listed_and_yet_answers_stays_active),
        TEST(who_is_not_listed_and_flagged_as_deleted_becomes_inactive),
        TEST(who_comes_back_is_active_again),
        TEST(too_many_gone_from_the_listing_are_not_believed),
        TEST(as_many_as_are_allowed_are_believed),
        TEST(five_may_go_from_any_site),
        TEST(an_empty_listing_is_not_believed),
        TEST(what_is_listed_and_unknown_is_kept_and_asked_for_more_and_more_rarely),
        TEST(where_most_of_what_is_listed_is_unknown_it_is_the_server),
        TEST(too_many_who_are_gone_already_are_no_matter_of_belief),
        TEST(a_slip_of_the_server_costs_nothing),
        TEST(what_is_missing_on_several_days_without_a_usable_answer_is_gone),
        TEST(what_is_listed_again_meanwhile_begins_at_no_day),
        TEST(what_was_merged_is_gone_and_its_survivor_noted),
        TEST(rows_that_move_between_pages_are_found_by_what_records_answer),
        TEST(denied_records_are_kept_counted_and_rarely_asked_for),
        TEST(a_denied_record_that_is_not_listed_any_more_is_kept_too),
        TEST(from_a_listing_that_is_not_whole_nobody_vanishes),
        TEST(who_leaves_between_two_readings_is_not_counted_as_listed),
        TEST(who_was_queued_as_vanished_and_is_listed_again_is_as_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
