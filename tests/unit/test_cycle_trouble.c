/* A cycle in which something fails: it ends, it says what is missing, and the next one goes on. */
#include "sync_bench.h"

static int64_t queued(struct lab *lab)
{
    return number(lab->b, "SELECT count(*) FROM detail_queue");
}

static void a_429_in_the_listing_ends_the_cycle_as_partial(void **state)
{
    struct lab *lab = *state;
    fill(lab, 30);
    char *before = dump_contents(lab->b);
    rename_person(lab, 3, "Other");
    lab->site.left = 1;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_PARTIAL, .listed = 10});
    assert_int_equal(lab->error.code, ERROR_QUOTA);
    assert_true(lab->row.resumes_at == lab->row.completed_at + PAUSE);
    assert_int_equal(lab->row.cost.throttled, 1);
    assert_contents(lab->b, before);
    assert_settled(lab);
    lab->site.left = FOR_EVER;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 30, .fetched = 1, .updated = 1});
    assert_truth(lab);
    free(before);
}

static void a_429_among_the_records_leaves_the_rest_for_the_next_cycle(void **state)
{
    struct lab *lab = *state;
    add_people(lab, 40);
    lab->site.left = 4 + 15;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_PARTIAL, .listed = 40, .fetched = 15, .inserted = 40});
    assert_int_equal(lab->error.code, ERROR_QUOTA);
    assert_true(lab->row.resumes_at == lab->row.completed_at + PAUSE);
    assert_int_equal(queued(lab), 25);
    assert_int_equal(number(lab->b, "SELECT count(*) FROM detail_queue WHERE attempts > 0"), 0);
    lab->site.left = 10;
    lab->options.trigger = TRIGGER_RESUME; /* the listing is known: no request for it again */
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_PARTIAL, .listed = SYNC_UNKNOWN, .fetched = 10});
    lab->site.left = FOR_EVER;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = SYNC_UNKNOWN, .fetched = 15});
    assert_int_equal(lab->row.resumes_at, 0);
    assert_truth(lab);
    assert_settled(lab);
}

static void a_refused_key_fails_the_cycle(void **state)
{
    struct lab *lab = *state;
    add_people(lab, 30);
    lab->site.refuses_key = true;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_FAILED, .listed = 0});
    assert_int_equal(lab->error.code, ERROR_KEY);
    assert_int_equal(lab->row.cost.requests, 1);
    assert_int_equal(lab->row.resumes_at, 0);
    lab->site.refuses_key = false;
    run(lab);
    assert_truth(lab);
    assert_settled(lab);
}

static void a_key_refused_among_the_records_keeps_what_came(void **state)
{
    struct lab *lab = *state;
    int64_t had = 0;
    add_people(lab, 30);
    begin_cycle(lab);
    while (go_on(lab)) {
        struct cycle_progress progress;
        cycle_progress(lab->cycle, &progress);
        lab->site.refuses_key = progress.done >= 10;
    }
    end_cycle(lab);
    had = number(lab->b, "SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL");
    assert_int_equal(had, 10);
    assert_outcome(lab, (struct outcome){SYNC_FAILED, .listed = 30, .fetched = had, .inserted = 30});
    assert_int_equal(lab->error.code, ERROR_KEY);
    lab->site.refuses_key = false;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 30, .fetched = 30 - had});
    assert_truth(lab);
    assert_settled(lab);
}

static void a_listing_that_cannot_be_had_fails_the_cycle(void **state)
{
    struct lab *lab = *state;
    fill(lab, 20);
    lab->site.fails_listing = true;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_FAILED, .listed = 0});
    assert_int_equal(lab->error.code, ERROR_UNREACHABLE);
    assert_settled(lab);
    lab->site.fails_listing = false;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 20});
}

static void one_record_that_fails_waits_longer_with_every_attempt(void **state)
{
    struct lab *lab = *state;
    add_people(lab, 20);
    lab->site.people[6].odd = ODD_FAILS;
    run(lab);
    assert_outcome(lab,
                   (struct outcome){SYNC_PARTIAL, .listed = 20, .fetched = 19, .inserted = 20, .failed = 1});
    assert_answer(lab->b, "SELECT attempts, due_at FROM detail_queue", "1|2025-06-15 15:06:40");
    assert_int_equal(lab->error.code, ERROR_UNREACHABLE);
    run(lab); /* the next cycle tries again */
    assert_outcome(lab, (struct outcome){SYNC_PARTIAL, .listed = 20, .failed = 1});
    assert_settled(lab); /* and then it is not due for a while, which is no success */
    assert_outcome(lab, (struct outcome){SYNC_PARTIAL, .listed = 20});
    lab->b->now += 20 * USEC_PER_MIN;
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_PARTIAL, .listed = 20, .failed = 1});
    assert_answer(lab->b, "SELECT attempts, due_at FROM detail_queue", "3|2025-06-15 15:57:40");
    lab->site.people[6].odd = ODD_NOT;
    lab->options.person = true; /* somebody who asks does not wait */
    run(lab);
    assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 20, .fetched = 1});
    assert_truth(lab);
    assert_settled(lab);
}

static void an_answer_that_is_no_record_is_a_failed_one(void **state)
{
    struct lab *lab = *state;
    fill(lab, 20);
    lab->site.people[6].odd = ODD_HTML;
    lab->options.full = true;
    run(lab);
    assert_outcome(lab,
                   (struct outcome){SYNC_PARTIAL, .listed = 20, .fetched = 19, .unchanged = 19, .failed = 1});
    assert_settled(lab);
    lab->site.people[6].odd = ODD_NOT;
    run(lab);
    assert_truth(lab);
}

/* Steps until it is in that phase and has so many records. */
static void go_to(struct lab *lab, enum cycle_phase phase, size_t done)
{
    struct cycle_progress progress;
    cycle_progress(lab->cycle, &progress);
    while (progress.phase != phase || progress.done < done) {
        assert_true(go_on(lab));
        cycle_progress(lab->cycle, &progress);
    }
}

static void a_stop_in_any_phase_closes_the_cycle_as_partial(void **state)
{
    struct lab *lab = *state;
    for (enum cycle_phase phase = CYCLE_BEGIN; phase <= CYCLE_FETCH; phase++) {
        size_t count = lab->site.count;
        for (size_t i = 0; i < count; i += 3)
            lab->site.people[i].hidden++;
        add_people(lab, 12);
        if (count)
            remove_person(lab, count - 1);
        lab->options.full = true;
        begin_cycle(lab);
        go_to(lab, phase, phase == CYCLE_FETCH ? 5 : 0);
        cycle_stop(lab->cycle);
        while (go_on(lab))
            continue;
        end_cycle(lab);
        assert_int_equal(lab->row.status, SYNC_PARTIAL);
        assert_int_equal(lab->row.resumes_at, 0);
        assert_answer(lab->b,
                      "SELECT status, sync_completed_at IS NOT NULL FROM sync_log ORDER BY id DESC LIMIT 1",
                      "partial|1");
        if (phase == CYCLE_FETCH)
            assert_true(lab->row.counts.fetched >= 4); /* what had come is there */
        assert_sound(lab->b);
        run(lab);
        assert_int_equal(lab->row.status, SYNC_SUCCESS);
        assert_truth(lab);
        assert_settled(lab);
    }
}

static void a_stop_keeps_every_record_that_came(void **state)
{
    struct lab *lab = *state;
    add_people(lab, 40);
    begin_cycle(lab);
    go_to(lab, CYCLE_FETCH, 17);
    cycle_stop(lab->cycle);
    while (go_on(lab))
        continue;
    end_cycle(lab);
    assert_outcome(lab, (struct outcome){SYNC_PARTIAL, .listed = 40, .fetched = 17, .inserted = 40});
    assert_int_equal(queued(lab), 23);
    assert_int_equal(lab->error.code, ERROR_NONE);
}

/* Everything that a cycle can have to do. */
static void disturb(struct lab *lab)
{
    rename_person(lab, 1, "Renamed");
    lab->site.people[2].hidden++;
    lab->site.people[3].deleted = true;
    remove_person(lab, 4);
    lab->site.people[5].listed = false;
    (void)add_person(lab);
    restore_person(lab, 6);
    lab->options.full = true;
}

static void prepare(struct lab *lab)
{
    fill(lab, 14);
    remove_person(lab, 6);
    run(lab);
    assert_truth(lab);
    lab->b->now += USEC_PER_HOUR;
    disturb(lab);
}

/* How many calls of the sink a disturbed cycle makes. */
static int count_calls(struct lab *lab)
{
    prepare(lab);
    run(lab);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    int calls = lab->calls;
    assert_true(calls > 15);
    start_anew(lab);
    return calls;
}

static void a_sink_that_fails_once_anywhere_costs_nothing(void **state)
{
    struct lab *lab = *state;
    int calls = count_calls(lab);
    for (int n = 1; n <= calls; n++) {
        prepare(lab);
        lab->fail_code = n % 2 ? ERROR_STORE_BUSY : ERROR_STORE_FULL;
        lab->fail_from = lab->fail_to = n;
        run(lab);
        if (lab->row.status != SYNC_SUCCESS)
            fail_msg("call %d of %d: %s", n, calls, lab->row.error_message);
        assert_int_equal(lab->reports[EVENT_STORE_TROUBLE], 1);
        assert_outcome(lab, (struct outcome){SYNC_SUCCESS, .listed = 13, .fetched = 14, .inserted = 1,
                                             .updated = 3, .unchanged = 9, .deleted = 2});
        lab->fail_from = lab->fail_to = 0;
        assert_truth(lab);
        assert_settled(lab);
        start_anew(lab);
    }
}

static void a_sink_that_fails_for_good_ends_the_cycle_and_the_next_one_repairs(void **state)
{
    struct lab *lab = *state;
    static const enum error_code codes[] = {ERROR_STORE_BUSY, ERROR_STORE_FULL, ERROR_STORE_CORRUPT};
    int calls = count_calls(lab);
    for (int n = 1; n <= calls; n++) {
        prepare(lab);
        lab->fail_code = codes[n % 3];
        lab->fail_from = n;
        lab->fail_to = FOR_EVER;
        run(lab);
        assert_int_equal(lab->row.status, SYNC_FAILED);
        if (lab->error.code != lab->fail_code)
            fail_msg("call %d of %d: the error is %s", n, calls, lab->error.text);
        lab->fail_from = lab->fail_to = 0;
        assert_true(store_close_interrupted(lab->b->store, lab->b->now, &lab->b->err) <= 1);
        run(lab);
        assert_int_equal(lab->row.status, SYNC_SUCCESS);
        assert_truth(lab);
        assert_settled(lab);
        start_anew(lab);
    }
}

/* It fails long enough for the cycle to fail, and then works again: the row says why. */
static void a_cycle_that_its_sink_failed_says_so_in_the_log(void **state)
{
    struct lab *lab = *state;
    add_people(lab, 30);
    begin_cycle(lab);
    go_to(lab, CYCLE_FETCH, 5);
    lab->fail_code = ERROR_STORE_FULL;
    lab->fail_from = lab->calls + 1;
    lab->fail_to = lab->calls + 5;
    while (go_on(lab))
        continue;
    end_cycle(lab);
    assert_int_equal(lab->row.status, SYNC_FAILED);
    assert_int_equal(lab->error.code, ERROR_STORE_FULL);
    assert_string_equal(lab->row.error_message, "the store fails so");
    assert_answer(lab->b, "SELECT status, error_message FROM sync_log", "failed|the store fails so");
    lab->fail_from = lab->fail_to = 0;
    run(lab);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    assert_truth(lab);
}

/* Answers that come in while the disk is full must not use up the tries. */
static void the_sink_is_tried_again_after_a_second_and_no_sooner(void **state)
{
    struct lab *lab = *state;
    int64_t at = 0;
    add_people(lab, 30);
    begin_cycle(lab);
    go_to(lab, CYCLE_FETCH, 3);
    lab->monotonic += USEC_PER_SEC; /* the batch is due */
    lab->fail_code = ERROR_STORE_FULL;
    lab->fail_from = lab->calls + 1;
    lab->fail_to = FOR_EVER;
    int64_t then = lab->monotonic;
    assert_int_equal(cycle_step(lab->cycle, &at), CYCLE_STEP_WAIT);
    assert_true(at == then + USEC_PER_SEC);
    int calls = lab->calls;
    while (lab->site.waiting_count > 0) {
        deliver(lab);
        assert_int_equal(cycle_step(lab->cycle, &at), CYCLE_STEP_WAIT);
        assert_true(at == then + USEC_PER_SEC);
    }
    assert_int_equal(lab->calls, calls);
    lab->fail_to = 0;
    while (go_on(lab))
        continue;
    end_cycle(lab);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    assert_truth(lab);
}

static void rare_failures_of_a_long_cycle_do_not_add_up(void **state)
{
    struct lab *lab = *state;
    int failures = 0;
    bool over = false;
    add_people(lab, 60);
    begin_cycle(lab);
    lab->fail_code = ERROR_STORE_BUSY;
    while (!over) {
        if (lab->calls % 6 == 5) { /* every sixth call, and never its repetition */
            lab->fail_from = lab->fail_to = lab->calls + 1;
            failures++;
        }
        over = !go_on(lab);
    }
    end_cycle(lab);
    assert_true(failures > 5);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    assert_truth(lab);
}

/* After every step there is a point at which a process can die. */
static void a_cycle_killed_after_any_step_is_repaired_by_the_next(void **state)
{
    struct lab *lab = *state;
    bool over = false;
    int steps = 0;
    for (; !over; steps++) {
        prepare(lab);
        begin_cycle(lab);
        for (int i = 0; i < steps && !over; i++)
            over = !go_on(lab);
        kill_lab(lab);
        assert_int_equal(number(lab->b, "SELECT count(*) FROM sync_log WHERE status = 'running'"), 0);
        run(lab);
        assert_int_equal(lab->row.status, SYNC_SUCCESS);
        assert_truth(lab);
        assert_settled(lab);
        assert_int_equal(number(lab->b, "SELECT count(*) - count(DISTINCT contact_id) FROM contact_changes"
                                        " WHERE kind = 'inserted'"),
                         0);
        start_anew(lab);
    }
    assert_true(steps > 25);
}

static void a_first_cycle_killed_after_any_step_is_repaired_by_the_next(void **state)
{
    struct lab *lab = *state;
    bool over = false;
    for (int steps = 0; !over; steps++) {
        add_people(lab, 12);
        begin_cycle(lab);
        for (int i = 0; i < steps && !over; i++)
            over = !go_on(lab);
        kill_lab(lab);
        run(lab);
        assert_int_equal(lab->row.status, SYNC_SUCCESS);
        assert_truth(lab);
        assert_settled(lab);
        start_anew(lab);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_429_in_the_listing_ends_the_cycle_as_partial),
        TEST(a_429_among_the_records_leaves_the_rest_for_the_next_cycle),
        TEST(a_refused_key_fails_the_cycle),
        TEST(a_key_refused_among_the_records_keeps_what_came),
        TEST(a_listing_that_cannot_be_had_fails_the_cycle),
        TEST(one_record_that_fails_waits_longer_with_every_attempt),
        TEST(an_answer_that_is_no_record_is_a_failed_one),
        TEST(a_stop_in_any_phase_closes_the_cycle_as_partial),
        TEST(a_stop_keeps_every_record_that_came),
        TEST(a_sink_that_fails_once_anywhere_costs_nothing),
        TEST(a_sink_that_fails_for_good_ends_the_cycle_and_the_next_one_repairs),
        TEST(a_cycle_that_its_sink_failed_says_so_in_the_log),
        TEST(the_sink_is_tried_again_after_a_second_and_no_sooner),
        TEST(rare_failures_of_a_long_cycle_do_not_add_up),
        TEST(a_cycle_killed_after_any_step_is_repaired_by_the_next),
        TEST(a_first_cycle_killed_after_any_step_is_repaired_by_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
