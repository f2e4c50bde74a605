/* An outage: what it costs, how it ends, and what only looks like one. */
#include "fetch_bench.h"

#include "flexsync/backoff.h"
#include "flexsync/breaker.h"

static bool listing_works, records_work; /* set by each test */
static const char *headers;

static int outage_set_up(void **state)
{
    listing_works = records_work = false;
    headers = "";
    (void)bench_set_up(state);
    ((struct bench *)*state)->questions = true;
    return 0;
}

static void be_in_trouble(struct bench *bench, struct connection *connection, const char *path,
                          const char *token)
{
    (void)bench, (void)token;
    bool works = strcmp(path, "/listing") == 0 ? listing_works : records_work;
    if (strstr(path, "poison"))
        works = false;
    reply_status(connection, works ? 200 : 503, works ? "" : headers);
}

static void ask_times(struct bench *bench, unsigned times, const char *path)
{
    for (unsigned i = 0; i < times; i++)
        (void)ask_for(bench, path);
}

static unsigned ended_so(const struct bench *bench, enum fetch_outcome outcome)
{
    unsigned count = 0;
    for (unsigned i = 0; i < bench->ask_count; i++)
        count += bench->asks[i].done && bench->asks[i].outcome == outcome;
    return count;
}

/* `nudge` is asked for once, and answered when the breaker closes. */
static void move_clock(struct bench *bench, int64_t usec)
{
    bench->now += usec;
    ask_into(bench, &bench->nudge, bench->port, "/nudge");
    bench_settle(bench);
}

static void an_outage_ends_the_cycle_after_five_probes_and_nothing_has_failed(void **state)
{
    struct bench *bench = *state;
    bench->behave = be_in_trouble;
    bench->config.limits.concurrent = 30;
    ask_times(bench, 60, "/contact/1");
    bench_see(bench, 30);
    unsigned sent = bench->requests; /* the first four that failed have made room for others */
    assert_in_range(sent, 30, 30 + BREAKER_FAILURES - 1);
    assert_true(fetcher_in_outage(bench->fetcher));
    assert_int_equal(fetcher_pause(bench->fetcher), BREAKER_DELAY);
    for (unsigned probes = 1; probes <= BREAKER_PROBES; probes++) {
        assert_int_equal(bench_done(bench), 0);
        move_clock(bench, fetcher_pause(bench->fetcher));
        assert_int_equal(bench->requests, sent + probes);
        assert_int_equal(bench_seen(bench, "/listing"), probes);
    }
    assert_int_equal(ended_so(bench, FETCH_UNAVAILABLE), 60);
    const struct error *err = &bench->asks[0].err;
    assert_int_equal(err->code, ERROR_UNREACHABLE);
    assert_int_equal(err->retry, RETRY_LATER);
    assert_non_null(strstr(err->text, "the server is in trouble, and is asked again within a minute"));
    assert_non_null(strstr(err->text, "answered 503"));
    assert_int_equal(fetcher_stats(bench->fetcher)->retries, 0);
}

static void the_next_cycle_sends_one_probe(void **state)
{
    struct bench *bench = *state;
    an_outage_ends_the_cycle_after_five_probes_and_nothing_has_failed(state);
    unsigned before = bench->requests;
    bench->now += fetcher_pause(bench->fetcher);
    fetcher_begin(bench->fetcher);
    ask_times(bench, 60, "/contact/2");
    bench_settle(bench);
    assert_int_equal(bench->requests, before + 1);
    assert_int_equal(ended_so(bench, FETCH_UNAVAILABLE), 120);

    listing_works = records_work = true;
    bench->now += fetcher_pause(bench->fetcher);
    fetcher_begin(bench->fetcher);
    ask_times(bench, 60, "/contact/3");
    bench_run(bench);
    assert_int_equal(ended_so(bench, FETCH_OK), 60);
    assert_int_equal(bench->requests, before + 2 + 60);
}

static void a_person_closes_it(void **state)
{
    struct bench *bench = *state;
    an_outage_ends_the_cycle_after_five_probes_and_nothing_has_failed(state);
    unsigned before = bench_seen(bench, "/listing");
    records_work = true;
    fetcher_begin(bench->fetcher);
    fetcher_forgive(bench->fetcher);
    ask_times(bench, 10, "/contact/2");
    bench_run(bench);
    assert_int_equal(ended_so(bench, FETCH_OK), 10);
    assert_int_equal(bench_seen(bench, "/listing"), before);
}

static void a_short_outage_is_survived_within_the_cycle(void **state)
{
    struct bench *bench = *state;
    bench->behave = be_in_trouble;
    ask_times(bench, 40, "/contact/1");
    bench_see(bench, BREAKER_FAILURES - 1);
    while (!fetcher_in_outage(bench->fetcher)) /* the first four wait for their retries */
        bench_pass(bench, USEC_PER_SEC);
    unsigned before = bench->requests;
    listing_works = records_work = true;
    bench->open_peak = 0;
    bench_run(bench);
    assert_int_equal(ended_so(bench, FETCH_OK), 40);
    assert_int_equal(bench->requests, before + 1 + 40);
}

static void a_retry_after_of_ten_minutes_ends_the_cycle_at_once(void **state)
{
    struct bench *bench = *state;
    bench->behave = be_in_trouble;
    bench->config.limits.concurrent = 30;
    listing_works = true;
    headers = "Retry-After: 600\r\n";
    ask_times(bench, 300, "/contact/1");
    bench_see(bench, 30);
    assert_int_equal(bench_done(bench), 300); /* without the clock */
    assert_int_equal(ended_so(bench, FETCH_UNAVAILABLE), 300);
    assert_in_range(bench->requests, 30, 34);
    assert_int_equal(fetcher_pause(bench->fetcher), 600 * USEC_PER_SEC);
    assert_non_null(strstr(bench->asks[299].err.text, "is asked again at "));

    fetcher_begin(bench->fetcher); /* too early: nothing is sent */
    unsigned before = bench->requests;
    ask_times(bench, 1, "/contact/1");
    bench_settle(bench);
    assert_ended(&bench->asks[300], FETCH_UNAVAILABLE, ERROR_UNREACHABLE);
    assert_int_equal(bench->requests, before);
}

/* The listing is answered, so that it is no outage; yet one record after the other would be asked for in
 * vain. */
static void where_all_records_fail_the_few_that_were_tried_have_failed(void **state)
{
    struct bench *bench = *state;
    bench->behave = be_in_trouble;
    bench->config.limits.concurrent = 30;
    listing_works = true;
    ask_times(bench, 300, "/contact/1");
    bench_run(bench);
    assert_in_range(bench->requests, 41, 50);
    assert_in_range(ended_so(bench, FETCH_FAILED), 40, 46);
    assert_int_equal(ended_so(bench, FETCH_FAILED) + ended_so(bench, FETCH_UNAVAILABLE), 300);
}

/* A few records that always fail are the last of a cycle: they fail as they always did, and all others come.
 */
static void poison_records_do_not_pass_for_an_outage(void **state)
{
    struct bench *bench = *state;
    bench->behave = be_in_trouble;
    listing_works = records_work = true;
    for (int i = 0; i < 60; i++)
        (void)ask_for(bench, i % 20 == 0 ? "/poison" : "/contact/1");
    bench_run(bench);
    assert_int_equal(ended_so(bench, FETCH_OK), 57);
    assert_int_equal(ended_so(bench, FETCH_FAILED), 3);
    assert_in_range(bench_seen(bench, "/poison"), 6, 3 * BACKOFF_TRIES);
}

static void fail_each_by_itself(struct bench *bench, struct connection *connection, const char *path,
                                const char *token)
{
    (void)bench, (void)token;
    if (strcmp(path, "/listing") == 0)
        reply_status(connection, 200, "");
    else
        reply_status(connection, strstr(path, "odd") ? 500 : 503, "");
}

/* A relapse ends all that were tried; each with what it was told itself. */
static void who_has_failed_says_why_itself(void **state)
{
    struct bench *bench = *state;
    bench->behave = fail_each_by_itself;
    bench->config.limits.concurrent = 1;
    for (int i = 0; i < 60; i++)
        (void)ask_for(bench, i % 2 ? "/odd/1" : "/contact/1");
    bench_run(bench);
    assert_in_range(ended_so(bench, FETCH_FAILED), 10, 20);
    for (unsigned i = 0; i < 60; i++)
        if (bench->asks[i].outcome == FETCH_FAILED)
            assert_non_null(strstr(bench->asks[i].err.text, i % 2 ? "answered 500" : "answered 503"));
        else
            assert_int_equal(bench->asks[i].outcome, FETCH_UNAVAILABLE);
}

static void fail_one_page(struct bench *bench, struct connection *connection, const char *path,
                          const char *token)
{
    (void)token;
    bool fails = strstr(path, "page") ? bench_seen(bench, "/page/1") == 1 : !listing_works;
    reply_status(connection, fails ? 503 : 200, "");
}

/* All others wait for it: one failure of it behind an answered probe is not its end. */
static void a_page_has_its_second_try_behind_a_probe_too(void **state)
{
    static const struct fetch_handler page_handler = {
        .accept = on_accept_body, .done = on_ask_done, .tries = 2};
    struct bench *bench = *state;
    char url[64];
    struct error err;
    bench->behave = fail_one_page;
    ask_times(bench, 20, "/contact/1");
    bench_see(bench, BREAKER_FAILURES - 1);
    while (!fetcher_in_outage(bench->fetcher))
        move_clock(bench, USEC_PER_SEC);
    fetcher_cancel(bench->fetcher);
    bench_settle(bench);

    listing_works = true;
    bench->now += fetcher_pause(bench->fetcher);
    fetcher_begin(bench->fetcher);
    struct ask *page_ask = &bench->asks[bench->ask_count++];
    page_ask->bench = bench;
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/page/1", bench->port);
    (void)ask_for(bench, "/contact/1"); /* or the page would be the probe itself */
    assert_int_equal(fetcher_get(bench->fetcher, url, &page_handler, page_ask, &err), 0);
    bench_run(bench);
    assert_ended(page_ask, FETCH_OK, ERROR_NONE);
    assert_int_equal(bench_seen(bench, "/page/1"), 2);
}

static void what_may_be_tried_once_is_tried_once(void **state)
{
    static const struct fetch_handler once = {.accept = on_accept_body, .done = on_ask_done, .tries = 1};
    struct bench *bench = *state;
    bench->behave = be_in_trouble;
    char url[64];
    struct error err;
    struct ask *ask = &bench->asks[bench->ask_count++];
    ask->bench = bench;
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/contact/1", bench->port);
    assert_int_equal(fetcher_get(bench_fetcher(bench), url, &once, ask, &err), 0);
    bench_run(bench);
    assert_ended(ask, FETCH_FAILED, ERROR_UNREACHABLE);
    assert_int_equal(bench->requests, 1);
}

static void fetcher_probe_is_the_probe_of_an_open_breaker(void **state)
{
    struct bench *bench = *state;
    struct error err;
    bench->behave = be_in_trouble;
    ask_times(bench, BREAKER_FAILURES, "/contact/1");
    bench_see(bench, BREAKER_FAILURES);
    fetcher_cancel(bench->fetcher);
    bench_settle(bench);
    assert_true(fetcher_in_outage(bench->fetcher));
    for (int i = 0; i < 2; i++) {
        static const struct fetch_handler once = {.accept = on_accept_body, .done = on_ask_done, .tries = 1};
        struct ask *ask = &bench->asks[bench->ask_count++];
        unsigned before = bench->requests;
        ask->bench = bench;
        listing_works = i == 1;
        bench->now += fetcher_pause(bench->fetcher);
        fetcher_begin(bench->fetcher);
        assert_int_equal(fetcher_probe(bench->fetcher, &once, ask, &err), 0);
        bench_settle(bench);
        assert_ended(ask, listing_works ? FETCH_OK : FETCH_FAILED, ERROR_UNREACHABLE);
        assert_int_equal(bench->requests, before + 1);
        assert_int_equal(fetcher_in_outage(bench->fetcher), !listing_works);
    }
}

static void without_questions_the_next_request_is_the_probe(void **state)
{
    struct bench *bench = *state;
    bench->questions = false;
    bench->behave = be_in_trouble;
    bench->config.limits.concurrent = 5;
    ask_times(bench, 10, "/contact/1");
    bench_see(bench, 5);
    assert_true(fetcher_in_outage(bench->fetcher));
    records_work = true;
    bench_run(bench);
    assert_int_equal(ended_so(bench, FETCH_OK), 10);
    assert_in_range(bench->requests, 15, 15 + BREAKER_FAILURES - 1);
}

/* What stands before a site under maintenance: every path is answered so. */
static const struct {
    int status;
    const char *headers, *body;
} pages[] = {{302, "Location: http://127.0.0.1:1/maintenance\r\n", ""},
             {200, "", "again: <html>back soon</html>"},
             {511, "", "<html>log in</html>"},
             {200, "Content-Encoding: gzip\r\n", "no gzip at all"}};
static size_t page;

static void be_under_maintenance(struct bench *bench, struct connection *connection, const char *path,
                                 const char *token)
{
    (void)bench, (void)path, (void)token;
    reply_with(connection, pages[page].status, pages[page].headers, pages[page].body);
}

static void an_outage_has_many_faces(void **state)
{
    struct bench *bench = *state;
    bench->behave = be_under_maintenance;
    bench->config.limits.concurrent = 5;
    for (page = 0; page < ARRAY_LENGTH(pages); page++) {
        unsigned asked = bench->ask_count, before = bench->requests;
        fetcher_begin(bench_fetcher(bench));
        fetcher_forgive(bench->fetcher);
        ask_times(bench, 60, "/contact/1");
        bench_run(bench);
        assert_in_range(bench->requests - before, 10, 5 + 4 + BREAKER_PROBES);
        assert_int_equal(bench->asks[asked + 59].outcome, FETCH_UNAVAILABLE);
        assert_int_equal(bench->asks[asked + 59].err.code, ERROR_UNREACHABLE);
    }
    assert_in_range(ended_so(bench, FETCH_UNAVAILABLE), 4 * 60 - 3 * (BREAKER_FAILURES - 1), 4 * 60);
}

static void be_throttled_unreadably(struct bench *bench, struct connection *connection, const char *path,
                                    const char *token)
{
    (void)bench, (void)path, (void)token;
    reply_with(connection, 429, "Content-Encoding: gzip\r\nRetry-After: 30\r\n", "no gzip at all");
}

static void a_429_whose_text_cannot_be_unpacked_is_heeded(void **state)
{
    struct bench *bench = *state;
    bench->behave = be_throttled_unreadably;
    ask_times(bench, 1, "/contact/1");
    bench_run(bench);
    assert_ended(&bench->asks[0], FETCH_THROTTLED, ERROR_QUOTA);
    assert_int_equal(bench->requests, 1);
    assert_true(limiter_paused(&bench->limiter, bench->now) >= 30 * USEC_PER_SEC);
}

static void be_a_gateway(struct bench *bench, struct connection *connection, const char *path,
                         const char *token)
{
    (void)path, (void)token;
    bool over = bench->requests > 4;
    reply_with(connection, 404, "", over ? "{\"exceptionMessage\":\"x\"}" : "<html>404</html>");
}

static void a_404_of_a_gateway_is_asked_again_and_flexs_own_is_believed(void **state)
{
    struct bench *bench = *state;
    bench->behave = be_a_gateway;
    ask_times(bench, 4, "/contact/1");
    bench_run(bench);
    assert_int_equal(ended_so(bench, FETCH_GONE), 4);
    assert_int_equal(bench->requests, 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, outage_set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_outage_ends_the_cycle_after_five_probes_and_nothing_has_failed),
        TEST(the_next_cycle_sends_one_probe),
        TEST(a_person_closes_it),
        TEST(a_short_outage_is_survived_within_the_cycle),
        TEST(a_retry_after_of_ten_minutes_ends_the_cycle_at_once),
        TEST(where_all_records_fail_the_few_that_were_tried_have_failed),
        TEST(poison_records_do_not_pass_for_an_outage),
        TEST(who_has_failed_says_why_itself),
        TEST(a_page_has_its_second_try_behind_a_probe_too),
        TEST(what_may_be_tried_once_is_tried_once),
        TEST(fetcher_probe_is_the_probe_of_an_open_breaker),
        TEST(without_questions_the_next_request_is_the_probe),
        TEST(an_outage_has_many_faces),
        TEST(a_429_whose_text_cannot_be_unpacked_is_heeded),
        TEST(a_404_of_a_gateway_is_asked_again_and_flexs_own_is_believed),
    };
    return cmocka_run_group_tests_name("fetcher_outage", tests, NULL, NULL);
}
