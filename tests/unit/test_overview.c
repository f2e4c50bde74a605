/* What `flexsync status` is told, read from a database that the store wrote. */
#include "store_bench.h"

#include "flexsync/overview.h"

static int open_bench(void **state)
{
    int r = set_up(state);
    open_store(*state);
    return r;
}

#define ROWS                                                                                                 \
    "[{\"id\":\"a\",\"name\":\"Ada\"},{\"id\":\"b\",\"name\":\"Bob\"},{\"id\":\"c\",\"name\":\"Cyd\"}]"

static const struct quota_limits small = {.most = {20, 100, 1000}, .share = 50};
static const struct quota_limits large = {.most = {2000, 10000, 100000}, .share = 50};

static struct overview read_all(struct bench *b)
{
    struct overview overview;
    assert_done(b, overview_read(&overview, b->store, b->now, &b->err));
    return overview;
}

static void requeue(struct bench *b, const char *key, const char *reason, int attempts)
{
    char sql[SQL_TEXT];
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO detail_queue (id, reason, due_at, attempts)"
                   " SELECT id, '%s', '" NOW_TEXT "', %d FROM contacts WHERE contact_id = '%s'"
                   " ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, attempts = excluded.attempts",
                   reason, attempts, key);
    exec(b, sql);
}

static void an_empty_database_tells_that_nothing_is_known(void **state)
{
    struct bench *b = *state;
    struct overview overview = read_all(b);
    assert_int_equal(overview.counts.total, 0);
    assert_int_equal(overview.counts.unfetched, 0);
    assert_int_equal(overview.oldest_look, 0);
    assert_int_equal(overview.stats.verdict, FEED_UNKNOWN_YET);
    assert_int_equal(overview.stats.listed_at, 0);
    assert_false(overview.fresh.known || overview.any || overview.listed);
}

static void those_that_wait_are_told_by_their_reason(void **state)
{
    struct bench *b = *state;
    list_rows(b, &entity_contacts, ROWS);
    struct overview overview = read_all(b);
    assert_int_equal(overview.counts.waiting_for[WAITING_NEW], 3);
    assert_int_equal(overview.counts.unfetched, 3);
    answer(b, "a", "{\"id\":\"a\",\"name\":\"Ada\",\"organization\":false}");
    static const struct {
        const char *reason;
        enum read_class class;
    } reasons[] = {{"changed", WAITING_CHANGED}, {"feed", WAITING_CHANGED},    {"overdue", WAITING_PLANNED},
                   {"audit", WAITING_PLANNED},   {"benefit", WAITING_PLANNED}, {"asked", WAITING_OTHER},
                   {"vanished", WAITING_OTHER},  {"returned", WAITING_OTHER},  {"full", WAITING_OTHER}};
    for (size_t i = 0; i < ARRAY_LENGTH(reasons); i++) {
        requeue(b, "a", reasons[i].reason, 0);
        overview = read_all(b);
        for (int class = 0; class < WAITING_CLASSES; class ++)
            assert_int_equal(overview.counts.waiting_for[class],
                             class == WAITING_NEW ? 2 : class == (int)reasons[i].class);
        assert_int_equal(overview.counts.unfetched, 2);
    }
    requeue(b, "a", "changed", 1);
    requeue(b, "b", "new", 2);
    overview = read_all(b);
    assert_int_equal(overview.counts.waiting_for[WAITING_FAILED], 2);
    assert_int_equal(overview.counts.waiting_for[WAITING_NEW], 1);
    assert_int_equal(overview.counts.waiting_for[WAITING_CHANGED], 0);
    assert_int_equal(overview.counts.unfetched, 2);
    assert_int_equal(overview.counts.waiting, 3);
}

static void audit(struct bench *b, int64_t at, int count, int stale)
{
    char sql[SQL_TEXT], text[TEXT_MAX];
    (void)snprintf(sql, sizeof sql,
                   "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
                   " INSERT INTO contact_audits (contact_id, checked_at, stale)"
                   " SELECT 'a', '%s', i <= %d FROM n",
                   count, text_format_utc(text, at), stale);
    exec(b, sql);
}

static void freshness_is_that_of_the_audits_of_31_days(void **state)
{
    struct bench *b = *state;
    audit(b, b->now - 32 * USEC_PER_DAY, 100, 100); /* long ago */
    audit(b, b->now - 30 * USEC_PER_DAY, 10, 0);
    assert_false(read_all(b).fresh.known);
    audit(b, b->now, 10, 1);
    struct overview overview = read_all(b);
    assert_true(overview.fresh.known);
    assert_int_equal(overview.fresh.audits, 20);
    assert_int_equal(overview.fresh.stale, 1);
    assert_true(overview.fresh.share == 0.95);
}

static void the_oldest_look_is_that_at_a_record_which_was_fetched_and_is_not_gone(void **state)
{
    struct bench *b = *state;
    list_rows(b, &entity_contacts, ROWS);
    exec(b, "UPDATE contact_state SET checked = 1000 + id, watched_since = 1, presence = 0");
    assert_int_equal(read_all(b).oldest_look, 1001 * USEC_PER_SEC);
    exec(b, "UPDATE contact_state SET presence = 2 WHERE checked = 1001");
    exec(b, "UPDATE contact_state SET watched_since = NULL WHERE checked = 1002");
    assert_int_equal(read_all(b).oldest_look, 1003 * USEC_PER_SEC);
}

static void what_is_remembered_of_feed_and_listing_is_told(void **state)
{
    struct bench *b = *state;
    static const char *const kept[][2] = {{"feed.verdict", "1"},
                                          {"feed.judged_at", "1749990000"},
                                          {"feed.read_at", "1749999999"},
                                          {"listing.at", "1749999000"}};
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
        assert_done(b, store_meta_set(b->store, kept[i][0], kept[i][1], b->now, &b->err));
    struct overview overview = read_all(b);
    assert_int_equal(overview.stats.verdict, FEED_HONOURED);
    assert_int_equal(overview.stats.judged_at, 1749990000);
    assert_int_equal(overview.stats.feed_read_at, 1749999999);
    assert_int_equal(overview.stats.listed_at, 1749999000);
}

static void end_cycle(struct bench *b, int64_t listed, int64_t expected)
{
    begin_row(b, &entity_contacts);
    b->row.status = SYNC_SUCCESS;
    b->row.completed_at = b->now;
    b->row.counts.listed = listed;
    b->row.counts.expected = expected;
    assert_done(b, store_cycle_finish(b->store, &b->row, &keep_all, &b->err));
}

static void completeness_is_that_of_the_last_cycle_that_listed(void **state)
{
    struct bench *b = *state;
    end_cycle(b, 7, 8);
    end_cycle(b, 9, 9);
    end_cycle(b, SYNC_UNKNOWN, SYNC_UNKNOWN);
    struct overview overview = read_all(b);
    assert_true(overview.any && overview.listed);
    assert_int_equal(overview.listing.listed, 9);
    assert_int_equal(overview.listing.expected, 9);
    assert_int_equal(overview.last.counts.listed, SYNC_UNKNOWN);
}

/* A cycle of an entity that ended like that; asked: for certain contacts alone. */
static void end_so(struct bench *b, const struct entity *entity, enum sync_status status, int64_t resumes_at,
                   bool asked, const char *message)
{
    begin_row(b, entity);
    b->row.status = status;
    b->row.completed_at = b->now;
    b->row.resumes_at = resumes_at;
    b->row.exit_status = status == SYNC_SUCCESS ? EXIT_STATUS_DONE : EXIT_STATUS_PARTIAL;
    (void)snprintf(b->row.error_message, sizeof b->row.error_message, "%s", message);
    assert_done(b, store_cycle_finish(b->store, &b->row, &keep_all, &b->err));
    if (asked)
        exec(b, "UPDATE sync_log SET strategy = 'asked' WHERE id = (SELECT max(id) FROM sync_log)");
}

static void assert_problem(struct bench *b, const char *message)
{
    struct overview overview = read_all(b);
    assert_string_equal(overview.troubled ? overview.problem.error_message : "", message);
}

static void a_problem_is_what_the_last_sync_of_everybody_ended_with(void **state)
{
    struct bench *b = *state;
    assert_problem(b, "");
    end_so(b, &entity_contacts, SYNC_FAILED, 0, false, "no answer");
    assert_problem(b, "no answer");
    end_so(b, &entity_contacts, SYNC_SUCCESS, 0, true, ""); /* one contact: nothing is proven of the rest */
    assert_problem(b, "no answer");
    begin_row(b, &entity_contacts); /* one that runs has not ended well yet */
    assert_problem(b, "no answer");
    end_so(b, &entity_contacts, SYNC_PARTIAL, 0, false, "2 records could not be had");
    assert_problem(b, "2 records could not be had");
    assert_int_equal(read_all(b).problem.exit_status, EXIT_STATUS_PARTIAL);
    assert_string_equal(read_all(b).problem.entity, "contacts");
    assert_string_equal(read_all(b).problem.strategy, "auto");
    end_so(b, &entity_contacts, SYNC_PARTIAL, b->now + 1000, false, "the quota is used up");
    assert_problem(b, ""); /* goes on by itself */
    end_so(b, &entity_contacts, SYNC_FAILED, 0, true, "nobody has this id");
    assert_problem(b, "");
    end_so(b, &entity_resource_types, SYNC_FAILED, 0, false, "no list");
    end_so(b, &entity_contacts, SYNC_SUCCESS, 0, false, "");
    assert_problem(b, "no list");
    end_so(b, &entity_resource_types, SYNC_SUCCESS, 0, false, "");
    assert_problem(b, "");
}

static void a_listing_is_found_however_long_ago_it_was(void **state)
{
    struct bench *b = *state;
    end_cycle(b, 8, 8);
    for (int i = 0; i < 200; i++)
        end_cycle(b, SYNC_UNKNOWN, SYNC_UNKNOWN);
    assert_int_equal(read_all(b).listing.listed, 8);
}

static void one_that_went_before_it_was_fetched_is_not_waited_for(void **state)
{
    struct bench *b = *state;
    list_rows(b, &entity_contacts, ROWS);
    answer_gone(b, "a");
    struct overview overview = read_all(b);
    assert_int_equal(overview.counts.total, 3);
    assert_int_equal(overview.counts.active, 2);
    assert_int_equal(overview.counts.unfetched, 2);
    assert_int_equal(overview.counts.whole, 0);
    assert_int_equal(overview.counts.waiting, 2);
}

static int64_t days_to_fill(int64_t unfetched, const struct quota_limits *limits, double rate)
{
    struct quota quota;
    quota_init(&quota, NOW);
    const struct overview overview = {
        .now = NOW,
        .counts = {.unfetched = unfetched},
        .stats = {.listed_pages = 1, .listed_at = 1, .listed_total = unfetched}};
    return (overview_filled_at(&overview, &quota, limits, rate) - NOW) / USEC_PER_DAY;
}

static void the_date_of_the_first_fill_is_that_of_quota_and_rate(void **state)
{
    (void)state;
    assert_in_range(days_to_fill(1699, &small, 10), 93, 110);
    assert_int_equal(days_to_fill(1699, &large, 10), 0);
    assert_int_equal(days_to_fill(1699, &large, 0), 0);
    assert_int_equal(
        days_to_fill(86400, &(struct quota_limits){.most = {1000000, 1000000, 1000000}, .share = 50}, 0.5),
        2);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_bench, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(an_empty_database_tells_that_nothing_is_known),
        CASE(those_that_wait_are_told_by_their_reason),
        CASE(freshness_is_that_of_the_audits_of_31_days),
        CASE(the_oldest_look_is_that_at_a_record_which_was_fetched_and_is_not_gone),
        CASE(what_is_remembered_of_feed_and_listing_is_told),
        CASE(completeness_is_that_of_the_last_cycle_that_listed),
        CASE(a_problem_is_what_the_last_sync_of_everybody_ended_with),
        CASE(a_listing_is_found_however_long_ago_it_was),
        CASE(one_that_went_before_it_was_fetched_is_not_waited_for),
        cmocka_unit_test(the_date_of_the_first_fill_is_that_of_quota_and_rate),
    };
    return cmocka_run_group_tests_name("overview", tests, NULL, NULL);
}
