/* A refusal never condemns the key by itself: the question that decides, and what it costs. */
#include "fetch_bench.h"

#define ACCESS_DENIED "{\"exceptionCode\":\"FLEX_5000\",\"exceptionMessage\":\"Access Denied\"}"

static int profile_status, listing_status, record_status; /* set by each test */
static const char *profile_body;

static int key_set_up(void **state)
{
    profile_status = listing_status = 200;
    record_status = 401;
    profile_body = "{\"userId\":\"1\"}";
    (void)bench_set_up(state);
    ((struct bench *)*state)->questions = true;
    return 0;
}

static void deny_some(struct bench *bench, struct connection *connection, const char *path, const char *token)
{
    (void)bench, (void)token;
    if (strcmp(path, "/profile") == 0)
        reply_with(connection, profile_status, "", profile_body);
    else if (strcmp(path, "/listing") == 0)
        reply_with(connection, listing_status, "",
                   listing_status == 200 ? "{\"content\":[]}" : ACCESS_DENIED);
    else if (strstr(path, "denied"))
        reply_with(connection, record_status, "", ACCESS_DENIED);
    else
        reply(connection, OK_HEAD);
}

static unsigned ended_so(const struct bench *bench, enum fetch_outcome outcome)
{
    unsigned count = 0;
    for (unsigned i = 0; i < bench->ask_count; i++)
        count += bench->asks[i].outcome == outcome;
    return count;
}

static void a_denied_record_is_denied_alone_and_the_others_come(void **state)
{
    struct bench *bench = *state;
    bench->behave = deny_some;
    for (record_status = 401; record_status <= 403; record_status += 2) {
        struct ask *denied = ask_for(bench, "/denied/1");
        for (int i = 0; i < 20; i++)
            (void)ask_for(bench, "/contact/1");
        bench_run(bench);
        assert_ended(denied, FETCH_DENIED, ERROR_KEY);
        assert_int_equal(denied->err.retry, RETRY_LATER);
        assert_non_null(strstr(denied->err.text, record_status == 401 ? "answered 401" : "answered 403"));
        assert_non_null(strstr(denied->err.text, "the API key is good"));
    }
    assert_int_equal(ended_so(bench, FETCH_OK), 40);
    assert_int_equal(bench_seen(bench, "/profile"), 2);
    assert_int_equal(bench_seen(bench, "/listing"), 0);
    assert_int_equal(bench_counted(bench), bench->requests);
    assert_int_equal(fetcher_stats(bench->fetcher)->retries, 0);
}

static void where_the_site_has_no_profile_the_listing_decides(void **state)
{
    static const struct {
        int status;
        const char *body;
    } profiles[] = {{404, "{\"exceptionMessage\":\"no\"}"},
                    {404, "<html>"},
                    {200, "<html>"},
                    {200, ""},
                    {204, ""},
                    {500, "{}"},
                    {403, "{}"},
                    {401, "{}"}};
    struct bench *bench = *state;
    bench->behave = deny_some;
    for (size_t i = 0; i < ARRAY_LENGTH(profiles); i++) {
        profile_status = profiles[i].status;
        profile_body = profiles[i].body;
        struct ask *ask = ask_for(bench, "/denied/1");
        bench_run(bench);
        assert_ended(ask, FETCH_DENIED, ERROR_KEY);
        assert_int_equal(bench->requests, 3 * (i + 1));
    }
}

static void a_key_that_nothing_accepts_is_refused_within_four_requests(void **state)
{
    struct bench *bench = *state;
    bench->behave = deny_some;
    bench->config.limits.concurrent = 1;
    profile_status = 401;
    for (listing_status = 401; listing_status <= 403; listing_status += 2) {
        unsigned before = bench->requests, asked = bench->ask_count;
        for (int i = 0; i < 20; i++)
            (void)ask_for(bench, "/denied/1");
        fetcher_begin(bench->fetcher);
        bench_settle(bench);
        assert_int_equal(bench_done(bench), asked + 20);
        assert_int_equal(bench->requests - before, 3);
        const struct ask *ask = &bench->asks[asked];
        assert_non_null(
            strstr(ask->err.text, listing_status == 401 ? "invalid or revoked" : "lacks the right"));
    }
    for (unsigned i = 0; i < bench->ask_count; i++)
        assert_ended(&bench->asks[i], FETCH_REFUSED, ERROR_KEY);
    struct ask *late = ask_for(bench, "/contact/1");
    bench_settle(bench);
    assert_ended(late, FETCH_REFUSED, ERROR_KEY);
}

static void the_listing_itself_is_denied_to_a_good_key(void **state)
{
    struct bench *bench = *state;
    bench->behave = deny_some;
    listing_status = 403;
    struct ask *ask = ask_for(bench, "/listing");
    bench_run(bench);
    assert_ended(ask, FETCH_DENIED, ERROR_KEY);
    assert_int_equal(bench->requests, 2);
}

/* 100 of 400, ten at a time, one behind the other. */
static void a_burst_of_denied_records_costs_one_question(void **state)
{
    struct bench *bench = *state;
    bench->behave = deny_some;
    bench->config.limits.concurrent = 10;
    for (int i = 0; i < 400; i++)
        (void)ask_for(bench, i / 10 % 4 == 0 ? "/denied/1" : "/contact/1");
    bench_run(bench);
    assert_int_equal(ended_so(bench, FETCH_DENIED), 100);
    assert_int_equal(ended_so(bench, FETCH_OK), 300);
    assert_in_range(bench_seen(bench, "/profile"), 10, 20); /* a burst may be cut in two */
    assert_int_equal(bench->requests, 400 + bench_seen(bench, "/profile"));
}

static void hold_the_profile(struct bench *bench, struct connection *connection, const char *path,
                             const char *token)
{
    if (strcmp(path, "/profile") == 0)
        bench->held[bench->held_count++] = connection;
    else
        deny_some(bench, connection, path, token);
}

static void while_the_question_is_open_nothing_else_is_sent(void **state)
{
    struct bench *bench = *state;
    bench->behave = hold_the_profile;
    for (int i = 0; i < 50; i++)
        (void)ask_for(bench, i == 0 ? "/denied/1" : "/contact/1");
    while (bench->held_count == 0)
        bench_see(bench, bench->requests + 1);
    bench_settle(bench);
    assert_int_equal(bench->open, 1);
    assert_in_range(bench->requests, 2, 6);
    reply(bench->held[0], OK_HEAD);
    bench_run(bench);
    assert_int_equal(bench->requests, 51);
}

static void recover(struct bench *bench, struct connection *connection, const char *path, const char *token)
{
    listing_status = bench_seen(bench, "/listing") > 1 ? 200 : 503;
    deny_some(bench, connection, path, token);
}

static void a_question_that_ends_in_trouble_is_a_passing_failure(void **state)
{
    struct bench *bench = *state;
    bench->behave = recover;
    profile_status = 503;
    struct ask *denied = ask_for(bench, "/denied/1"), *other = ask_for(bench, "/contact/1");
    bench_run(bench);
    assert_ended(denied, FETCH_DENIED, ERROR_KEY);
    assert_ended(other, FETCH_OK, ERROR_NONE);
    assert_int_equal(bench_seen(bench, "/denied/1"), 2);
    assert_int_equal(fetcher_stats(bench->fetcher)->retries, 1);
}

static void a_question_that_meets_the_quota_stops_as_usual(void **state)
{
    struct bench *bench = *state;
    bench->behave = deny_some;
    profile_status = 429;
    for (int i = 0; i < 10; i++)
        (void)ask_for(bench, "/denied/1");
    bench_settle(bench);
    for (unsigned i = 0; i < 10; i++)
        assert_ended(&bench->asks[i], FETCH_THROTTLED, ERROR_QUOTA);
    assert_int_equal(bench_seen(bench, "/profile"), 1);
    assert_int_equal(limiter_paused(&bench->limiter, bench->now), 15 * USEC_PER_MIN);
}

static void a_cancelled_question_cancels_what_waits_for_it(void **state)
{
    struct bench *bench = *state;
    bench->behave = hold_the_profile;
    struct ask *ask = ask_for(bench, "/denied/1");
    bench_see(bench, 2);
    fetcher_cancel(bench->fetcher);
    bench_settle(bench);
    assert_ended(ask, FETCH_CANCELLED, ERROR_NONE);
    assert_int_equal(fetcher_active(bench->fetcher), 0);
    bench->behave = deny_some;
    fetcher_begin(bench->fetcher);
    struct ask *next = ask_for(bench, "/denied/1");
    bench_run(bench);
    assert_ended(next, FETCH_DENIED, ERROR_KEY);
}

static void freeing_with_an_open_question_is_fine(void **state)
{
    struct bench *bench = *state;
    bench->behave = hold_the_profile;
    (void)ask_for(bench, "/denied/1");
    bench_see(bench, 2);
    bench->fetcher = fetcher_free(bench->fetcher);
    bench_settle(bench);
    assert_int_equal(bench_done(bench), 0);
}

/* As the API may do it: the key is refused from the moment on that a token was given for it. */
static void refuse_the_key_after_the_token(struct bench *bench, struct connection *connection,
                                           const char *path, const char *token)
{
    if (bench->requests > 1 && strcmp(token, "token-1") != 0)
        reply_with(connection, 401, "", ACCESS_DENIED);
    else if (bench->requests == 1)
        reply_status(connection, 200, "X-Auth-Token-Refreshed: token-1\r\n");
    else
        deny_some(bench, connection, path, token);
}

static void a_token_is_not_thrown_away_for_a_denied_record(void **state)
{
    struct bench *bench = *state;
    bench->behave = refuse_the_key_after_the_token;
    bench->config.limits.concurrent = 1;
    (void)ask_for(bench, "/contact/1");
    struct ask *denied = ask_for(bench, "/denied/1");
    (void)ask_for(bench, "/contact/2");
    bench_run(bench);
    assert_ended(denied, FETCH_DENIED, ERROR_KEY);
    assert_int_equal(ended_so(bench, FETCH_OK), 2);
    assert_int_equal(bench->requests, 4);
    for (unsigned i = 1; i < bench->requests; i++)
        assert_string_equal(bench->tokens[i], "token-1");
}

static void let_the_token_expire(struct bench *bench, struct connection *connection, const char *path,
                                 const char *token)
{
    if (bench->requests == 1)
        reply_status(connection, 200, "X-Auth-Token-Refreshed: token-1\r\n");
    else if (strcmp(token, KEY) != 0)
        reply_with(connection, 401, "", ACCESS_DENIED);
    else
        deny_some(bench, connection, path, token);
}

static void an_expired_token_gives_way_to_the_key(void **state)
{
    struct bench *bench = *state;
    bench->behave = let_the_token_expire;
    bench->config.limits.concurrent = 1;
    (void)ask_for(bench, "/contact/1");
    (void)ask_for(bench, "/contact/2");
    struct ask *denied = ask_for(bench, "/denied/1");
    bench_run(bench);
    assert_int_equal(ended_so(bench, FETCH_OK), 2);
    assert_ended(denied, FETCH_DENIED, ERROR_KEY);
    assert_int_equal(bench->requests, 2 + 2 + 1 + 1 + 2);
    assert_string_equal(bench->tokens[bench->requests - 1], KEY);
}

static void refuse_all_but_the_first(struct bench *bench, struct connection *connection, const char *path,
                                     const char *token)
{
    (void)path, (void)token;
    if (bench->requests == 1)
        reply_status(connection, 200, "X-Auth-Token-Refreshed: token-1\r\n");
    else
        reply_with(connection, 401, "", ACCESS_DENIED);
}

/* Those that were refused with the token wait until the key was asked about. */
static void a_key_revoked_behind_a_token_costs_one_more_pair_of_questions(void **state)
{
    struct bench *bench = *state;
    bench->behave = refuse_all_but_the_first;
    bench->config.limits.concurrent = 10;
    (void)ask_for(bench, "/contact/1");
    bench_see(bench, 1);
    bench_settle(bench);
    for (int i = 0; i < 40; i++)
        (void)ask_for(bench, "/contact/1");
    bench_run(bench);
    assert_int_equal(ended_so(bench, FETCH_OK), 1);
    assert_int_equal(ended_so(bench, FETCH_REFUSED), 40);
    assert_in_range(bench->requests, 1 + 1 + 4, 1 + 10 + 4);
}

static void hold_records(struct bench *bench, struct connection *connection, const char *path,
                         const char *token)
{
    if (strstr(path, "/denied") || strstr(path, "/contact"))
        bench->held[bench->held_count++] = connection;
    else
        deny_some(bench, connection, path, token);
}

/* The profile is the fifth failure in a row. */
static void a_question_does_not_pass_an_open_breaker(void **state)
{
    struct bench *bench = *state;
    bench->behave = hold_records;
    bench->config.limits.concurrent = 5;
    profile_status = 503;
    struct ask *denied = ask_for(bench, "/denied/1");
    for (int i = 0; i < 4; i++)
        (void)ask_for(bench, "/contact/1");
    bench_see(bench, 5);
    reply_with(bench->held[0], 401, "", ACCESS_DENIED);
    bench_settle(bench);
    for (int i = 1; i < 5; i++)
        reply_status(bench->held[i], 503, "");
    bench_settle(bench);
    assert_true(fetcher_in_outage(bench->fetcher));
    assert_int_equal(bench->requests, 6);
    assert_int_equal(bench_seen(bench, "/listing"), 0);

    bench->behave = deny_some;
    profile_status = 200;
    bench_run(bench);
    assert_ended(denied, FETCH_DENIED, ERROR_KEY);
    assert_int_equal(ended_so(bench, FETCH_OK), 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, key_set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_denied_record_is_denied_alone_and_the_others_come),
        TEST(where_the_site_has_no_profile_the_listing_decides),
        TEST(a_key_that_nothing_accepts_is_refused_within_four_requests),
        TEST(the_listing_itself_is_denied_to_a_good_key),
        TEST(a_burst_of_denied_records_costs_one_question),
        TEST(while_the_question_is_open_nothing_else_is_sent),
        TEST(a_question_that_ends_in_trouble_is_a_passing_failure),
        TEST(a_question_that_meets_the_quota_stops_as_usual),
        TEST(a_token_is_not_thrown_away_for_a_denied_record),
        TEST(an_expired_token_gives_way_to_the_key),
        TEST(a_key_revoked_behind_a_token_costs_one_more_pair_of_questions),
        TEST(a_question_does_not_pass_an_open_breaker),
        TEST(a_cancelled_question_cancels_what_waits_for_it),
        TEST(freeing_with_an_open_question_is_fine),
    };
    return cmocka_run_group_tests_name("fetcher_key", tests, NULL, NULL);
}
