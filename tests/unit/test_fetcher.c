#include "flexsync/fetcher.h"

#include "fetch_bench.h"

#include "flexsync/backoff.h"

static void one_connection_serves_one_request_after_the_other(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < 10; i++) {
        struct ask *ask = ask_for(bench, "/contact/1");
        bench_run(bench);
        assert_ended(ask, FETCH_OK, ERROR_NONE);
    }
    assert_int_equal(bench->requests, 10);
    assert_int_equal(bench->connection_count, 1);
}

static void hold(struct bench *bench, struct connection *connection, const char *path, const char *token)
{
    (void)path, (void)token;
    bench->held[bench->held_count++] = connection;
}

static void never_more_are_in_flight_than_allowed(void **state)
{
    struct bench *bench = *state;
    bench->behave = hold;
    bench->config.limits.concurrent = 3;
    for (int i = 0; i < 20; i++)
        (void)ask_for(bench, "/contact/1");
    for (unsigned i = 0; i < 20; i++) {
        bench_see(bench, i + 3 < 20 ? i + 3 : 20);
        assert_int_equal(bench->open, i < 18 ? 3 : 20 - i);
        assert_int_equal(bench->held_count, i + 3 < 20 ? i + 3 : 20);
        assert_false(fetcher_waiting(bench->fetcher));
        reply(bench->held[i], OK_HEAD);
    }
    bench_run(bench);
    assert_int_equal(bench->open_peak, 3);
    assert_int_equal(bench->connection_count, 3);
    assert_int_equal(fetcher_active(bench->fetcher), 0);
}

static void every_request_carries_the_key_and_what_it_accepts(void **state)
{
    struct bench *bench = *state;
    bench->behave = hold;
    (void)ask_for(bench, "/contact/1?page=1");
    bench_see(bench, 1);
    const char *request = bench->held[0]->request;
    assert_string_equal(bench->paths[0], "/contact/1?page=1");
    assert_string_equal(bench->tokens[0], KEY);
    assert_non_null(strstr(request, "\r\nAccept: application/json\r\n"));
    assert_non_null(strstr(request, "\r\nAccept-Encoding: gzip\r\n"));
    assert_non_null(strstr(request, "\r\nUser-Agent: flex-contacts-sync/"));
    assert_null(strstr(strstr(request, KEY) + 1, KEY));
}

static void an_empty_answer_is_shown_as_one(void **state)
{
    struct bench *bench = *state;
    bench->behave = hold;
    struct ask *ask = ask_for(bench, "/contact/1");
    bench_see(bench, 1);
    reply(bench->held[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    bench_run(bench);
    assert_ended(ask, FETCH_OK, ERROR_NONE);
    assert_int_equal(ask->accepted, 1);
}

/* What goes wrong, by path. */
static void go_wrong(struct bench *bench, struct connection *connection, const char *path, const char *token)
{
    (void)bench, (void)token;
    static const char half[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":";
    static const char bad_gzip[] =
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n{}{}";
    int status = 0;
    if (strcmp(path, "/cut") == 0)
        reply_bytes(connection, half, sizeof half - 1, true);
    else if (strcmp(path, "/nothing") == 0)
        reply_bytes(connection, "", 0, true);
    else if (strcmp(path, "/no-http") == 0)
        reply_bytes(connection, "SSH-2.0-OpenSSH_9.2p1\r\n", 23, true);
    else if (strcmp(path, "/bad-gzip") == 0)
        reply_bytes(connection, bad_gzip, sizeof bad_gzip - 1, true);
    else if (strcmp(path, "/no-json") == 0)
        reply(connection, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain");
    else if (strcmp(path, "/useless") == 0)
        reply(connection, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nnever");
    else if (strcmp(path, "/spent") == 0)
        reply_status(connection, 429, "Retry-After: 900\r\n");
    else if (sscanf(path, "/status/%d", &status) == 1)
        reply_status(connection, status, "");
    else
        reply(connection, OK_HEAD);
}

static void what_passes_is_tried_five_times_and_every_attempt_is_counted(void **state)
{
    static const struct {
        const char *path;
        enum error_code code;
        unsigned unsent; /* attempts at most that are not charged */
    } faults[] = {{"/status/500", ERROR_UNREACHABLE, 0}, {"/status/502", ERROR_UNREACHABLE, 0},
                  {"/status/503", ERROR_UNREACHABLE, 0}, {"/status/504", ERROR_UNREACHABLE, 0},
                  {"/status/408", ERROR_UNREACHABLE, 0}, {"/status/425", ERROR_UNREACHABLE, 0},
                  {"/cut", ERROR_UNREACHABLE, 0},        {"/nothing", ERROR_UNREACHABLE, 2},
                  {"/no-http", ERROR_UNREACHABLE, 0},    {"/no-json", ERROR_ANSWER, 0},
                  {"/bad-gzip", ERROR_ANSWER, 0}};
    struct bench *bench = *state;
    bench->behave = go_wrong;
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
        unsigned before = bench->requests;
        struct ask *ask = ask_for(bench, faults[i].path);
        fetcher_begin(bench->fetcher);
        fetcher_forgive(bench->fetcher);
        bench_run(bench);
        assert_ended(ask, FETCH_FAILED, faults[i].code);
        unsigned attempts = bench->requests - before;
        if (attempts < BACKOFF_TRIES || attempts > BACKOFF_TRIES + faults[i].unsent ||
            bench_counted(bench) != bench->requests)
            fail_msg("%s: %u attempts, %ld counted of %u", faults[i].path, attempts,
                     (long)bench_counted(bench), bench->requests);
    }
    unsigned retries = (BACKOFF_TRIES - 1) * ARRAY_LENGTH(faults);
    assert_in_range(fetcher_stats(bench->fetcher)->retries, retries, retries + 2);
}

/* libcurl sends by itself once more when a kept connection ends without a byte: the server counts that as
 * well. */
static void a_kept_connection_that_ends_costs_no_uncounted_attempt(void **state)
{
    struct bench *bench = *state;
    bench->behave = go_wrong;
    bench->config.limits.concurrent = 8;
    for (int i = 0; i < 8; i++)
        (void)ask_for(bench, "/contact/1");
    bench_run(bench);
    struct ask *ask = ask_for(bench, "/nothing");
    bench_run(bench);
    assert_ended(ask, FETCH_FAILED, ERROR_UNREACHABLE);
    assert_in_range(bench->requests, 8 + BACKOFF_TRIES + 1, 8 + BACKOFF_TRIES + 2);
    assert_int_equal(bench_counted(bench), bench->requests);
}

static void a_retry_waits_for_the_clock(void **state)
{
    struct bench *bench = *state;
    bench->behave = go_wrong;
    for (int i = 0; i < 2; i++)
        (void)ask_for(bench, "/no-json");
    bench_see(bench, 2);
    assert_int_equal(bench->requests, 2);
    assert_true(fetcher_waiting(bench->fetcher));
    bench_pass(bench, 2 * USEC_PER_SEC);
    bench_see(bench, 4);
    assert_int_equal(bench->requests, 4);
    fetcher_cancel(bench->fetcher);
    bench_run(bench);
}

static void fail_twice(struct bench *bench, struct connection *connection, const char *path,
                       const char *token)
{
    (void)path, (void)token;
    reply_status(connection, bench->requests <= 2 ? 503 : 200, "");
}

static void a_server_that_recovers_is_forgiven(void **state)
{
    struct bench *bench = *state;
    bench->behave = fail_twice;
    struct ask *ask = ask_for(bench, "/contact/1");
    bench_run(bench);
    assert_ended(ask, FETCH_OK, ERROR_NONE);
    assert_int_equal(bench->requests, 3);
    assert_int_equal(ask->accepted, 1);
}

/* Two of three, so that it does not pass for an outage. */
static void fail_often(struct bench *bench, struct connection *connection, const char *path,
                       const char *token)
{
    (void)path, (void)token;
    reply_with(connection, 200, "", bench->requests % 3 == 0 ? "{}" : "again");
}

static void retries_of_a_cycle_have_a_budget_and_a_new_cycle_a_new_one(void **state)
{
    struct bench *bench = *state;
    bench->behave = fail_often;
    for (int i = 0; i < 60; i++)
        (void)ask_for(bench, "/contact/1");
    bench_run(bench);
    int64_t retries = fetcher_stats(bench->fetcher)->retries;
    assert_in_range(retries, BACKOFF_FREE_RETRIES, BACKOFF_FREE_RETRIES + (60 + retries) / 10 + 1);
    bench->behave = go_wrong;
    fetcher_begin(bench->fetcher);
    struct ask *ask = ask_for(bench, "/no-json");
    bench_run(bench);
    assert_ended(ask, FETCH_FAILED, ERROR_ANSWER);
    assert_int_equal(fetcher_stats(bench->fetcher)->retries, retries + BACKOFF_TRIES - 1);
}

static void what_does_not_pass_is_tried_once(void **state)
{
    static const struct {
        const char *path;
        enum fetch_outcome outcome;
    } faults[] = {{"/status/404", FETCH_GONE},   {"/status/400", FETCH_REJECTED},
                  {"/status/405", FETCH_FAILED}, {"/status/501", FETCH_FAILED},
                  {"/status/204", FETCH_FAILED}, {"/useless", FETCH_FAILED}};
    struct bench *bench = *state;
    bench->behave = go_wrong;
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
        struct ask *ask = ask_for(bench, faults[i].path);
        bench_run(bench);
        assert_ended(ask, faults[i].outcome, ERROR_ANSWER);
        assert_int_equal(bench->requests, i + 1);
    }
    assert_int_equal(fetcher_stats(bench->fetcher)->retries, 0);
}

static void check_stop(struct bench *bench, const char *path, enum fetch_outcome outcome,
                       enum error_code code)
{
    bench->behave = go_wrong;
    bench->config.limits.concurrent = 2;
    struct ask *delayed = ask_for(bench, "/status/503");
    bench_see(bench, 1);
    for (int i = 0; i < 20; i++)
        (void)ask_for(bench, path);
    bench_see(bench, 2); /* without the clock: nothing waits for it any more */
    assert_int_equal(bench_done(bench), 21);
    assert_ended(delayed, outcome, code);
    for (unsigned i = 0; i < bench->ask_count; i++)
        assert_ended(&bench->asks[i], outcome, code);
    assert_in_range(bench->requests, 2, 3);
    struct ask *late = ask_for(bench, "/contact/1");
    bench_settle(bench);
    assert_ended(late, outcome, code);
    assert_in_range(bench->requests, 2, 3);
    fetcher_begin(bench->fetcher);
    struct ask *next = ask_for(bench, "/contact/1");
    bench_run(bench);
    assert_ended(next, FETCH_OK, ERROR_NONE);
}

static void a_refused_key_stops_everything_until_the_next_cycle(void **state)
{
    check_stop(*state, "/status/401", FETCH_REFUSED, ERROR_KEY);
}

static void a_key_without_the_right_stops_everything_too(void **state)
{
    check_stop(*state, "/status/403", FETCH_REFUSED, ERROR_KEY);
}

static void a_spent_quota_stops_everything_and_is_counted(void **state)
{
    struct bench *bench = *state;
    check_stop(bench, "/spent", FETCH_THROTTLED, ERROR_QUOTA);
    assert_in_range(fetcher_stats(bench->fetcher)->throttled, 1, 2);
    assert_int_equal(limiter_paused(&bench->limiter, bench->now), 15 * USEC_PER_MIN);
}

/* Neither a quota nor a delay is named while others are under way: half of them at a time, and all come. */
static void too_many_at_once_are_halved_and_nothing_is_lost(void **state)
{
    struct bench *bench = *state;
    bench->behave = hold;
    for (int i = 0; i < 8; i++)
        (void)ask_for(bench, "/contact/1");
    bench_see(bench, 4);
    for (int i = 0; i < 4; i++)
        reply_status(bench->held[i], 429, "");
    bench->behave = behave_well;
    bench->open_peak = 0;
    bench_run(bench);
    assert_in_range(bench->open_peak, 1, 2);
    assert_int_equal(bench_done(bench), 8);
    for (unsigned i = 0; i < 8; i++)
        assert_ended(&bench->asks[i], FETCH_OK, ERROR_NONE);
    assert_int_equal(bench->requests, 12);
    assert_int_equal(bench_counted(bench), 12);
    assert_int_equal(fetcher_stats(bench->fetcher)->throttled, 4);
    assert_int_equal(limiter_paused(&bench->limiter, bench->now), 0);
}

/* Not even one at a time is let pass: it is no crowd. */
static void a_server_that_refuses_whatever_is_sent_is_not_asked_for_long(void **state)
{
    struct bench *bench = *state;
    bench->behave = go_wrong;
    for (int i = 0; i < 20; i++)
        (void)ask_for(bench, "/status/429");
    bench_run(bench);
    assert_int_equal(bench_done(bench), 20);
    for (unsigned i = 0; i < 20; i++)
        assert_ended(&bench->asks[i], FETCH_THROTTLED, ERROR_QUOTA);
    assert_int_equal(bench->requests, 4 + 2 + 1);
    assert_int_equal(limiter_paused(&bench->limiter, bench->now), 15 * USEC_PER_MIN);
}

static int64_t pause_named_by(struct bench *bench, const char *retry_after)
{
    char headers[256];
    (void)snprintf(headers, sizeof headers, "Retry-After: %s\r\n", retry_after);
    limiter_forgive(&bench->limiter);
    limiter_answered(&bench->limiter, bench->now, bench->now); /* each of these is the first refusal */
    struct ask *ask = ask_for(bench, "/contact/1");
    fetcher_begin(bench->fetcher);
    bench_see(bench, bench->requests + 1);
    reply_status(bench->held[bench->held_count - 1], 429, headers);
    bench_run(bench);
    assert_ended(ask, FETCH_THROTTLED, ERROR_QUOTA);
    return limiter_paused(&bench->limiter, bench->now);
}

static void retry_after_is_read_as_seconds_or_a_date_and_kept_within_reason(void **state)
{
    static const struct {
        const char *value;
        int64_t pause;
    } cases[] = {
        {"120", 120 * USEC_PER_SEC},
        {"120 ", 120 * USEC_PER_SEC},
        {"0", USEC_PER_SEC},
        {"-5", USEC_PER_SEC},
        {"-99999999999999999999", USEC_PER_SEC},
        {"99999999999999999999", USEC_PER_HOUR},
        {"9223372036854775807", USEC_PER_HOUR},
        {"86400", USEC_PER_HOUR},
        {"1.5", 1500 * USEC_PER_MSEC},
        {"30, 30", 30 * USEC_PER_SEC},
        {"Wed, 31 Dec 1969 08:49:37 GMT", USEC_PER_SEC},
        {"Fri, 06 Nov 2099 08:49:37 GMT", USEC_PER_HOUR},
        {"Fri, 02 Jan 1970 00:10:00 GMT", 10 * USEC_PER_MIN}, /* no Date: by the clock, which says day 1 */
        {"Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Sun, 06 Nov 1994 08:49:00 GMT", 37 * USEC_PER_SEC},
        {"soon", 15 * USEC_PER_MIN},
        {"", 15 * USEC_PER_MIN},
        {"1e9", 15 * USEC_PER_MIN},
    };
    struct bench *bench = *state;
    bench->behave = hold;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t pause = pause_named_by(bench, cases[i].value);
        if (pause != cases[i].pause)
            fail_msg("Retry-After: %s: %ld s", cases[i].value, (long)(pause / USEC_PER_SEC));
    }
}

static void a_redirect_is_not_followed_and_the_key_stays_here(void **state)
{
    struct bench *bench = *state;
    unsigned elsewhere = 0;
    CLEANUP_CLOSE int fd = listen_anywhere(&elsewhere);
    bench->behave = hold;
    static const int statuses[] = {301, 302, 303, 307, 308};
    for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++) {
        char headers[256];
        fetcher_begin(bench_fetcher(bench)); /* five in a row were an outage */
        (void)snprintf(headers, sizeof headers, "Location: http://localhost:%u/secret-path?secret=1\r\n",
                       elsewhere);
        struct ask *ask = ask_for(bench, "/contact/1");
        bench_see(bench, (unsigned)i + 1);
        reply_status(bench->held[i], statuses[i], headers);
        bench_run(bench);
        assert_ended(ask, FETCH_FAILED, ERROR_ANSWER);
        assert_non_null(strstr(ask->err.text, "localhost"));
        assert_null(strstr(ask->err.text, "secret"));
    }
    assert_int_equal(bench->requests, ARRAY_LENGTH(statuses));
    assert_int_equal(accept4(fd, NULL, NULL, SOCK_NONBLOCK), -1);
}

/* --- long answers --- */

static struct ask *ask_and_get(struct bench *bench, const char *bytes, size_t length)
{
    bench->behave = hold;
    struct ask *ask = ask_for(bench, "/contact/1");
    bench_see(bench, bench->requests + 1);
    reply_bytes(bench->held[bench->held_count - 1], bytes, length, true);
    bench_run(bench);
    return ask;
}

static char *make_long_answer(const char *head, size_t body_length, const char *tail, size_t *ret_length)
{
    size_t head_length = strlen(head), tail_length = strlen(tail);
    char *bytes = malloc(head_length + body_length + tail_length);
    assert_non_null(bytes);
    memcpy(bytes, head, head_length);
    memset(bytes + head_length, ' ', body_length);
    memcpy(bytes + head_length + body_length, tail, tail_length);
    *ret_length = head_length + body_length + tail_length;
    return bytes;
}

static void check_too_long(struct bench *bench, const char *bytes, size_t length)
{
    unsigned before = bench->requests;
    struct ask *ask = ask_and_get(bench, bytes, length);
    assert_ended(ask, FETCH_FAILED, ERROR_ANSWER);
    assert_non_null(strstr(ask->err.text, "32 MiB"));
    assert_int_equal(ask->accepted, 0);
    assert_int_equal(bench->requests, before + 1);
}

static void an_answer_of_32_mib_is_taken_and_a_byte_more_is_not(void **state)
{
    struct bench *bench = *state;
    bench->config.flex.timeout = USEC_PER_MIN; /* valgrind on a busy machine */
    size_t length = 0;
    CLEANUP_FREE char *just = make_long_answer("HTTP/1.1 200 OK\r\nContent-Length: 33554432\r\n\r\n",
                                               FETCHER_BODY_MAX, "", &length);
    assert_ended(ask_and_get(bench, just, length), FETCH_OK, ERROR_NONE);
    CLEANUP_FREE char *more = make_long_answer("HTTP/1.1 200 OK\r\nContent-Length: 33554433\r\n\r\n",
                                               FETCHER_BODY_MAX + 1, "", &length);
    check_too_long(bench, more, length);
    CLEANUP_FREE char *chunked =
        make_long_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2000001\r\n",
                         FETCHER_BODY_MAX + 1, "\r\n0\r\n\r\n", &length);
    check_too_long(bench, chunked, length);
    CLEANUP_FREE char *unnamed =
        make_long_answer("HTTP/1.1 200 OK\r\n\r\n", FETCHER_BODY_MAX + 1, "", &length);
    check_too_long(bench, unnamed, length);
}

struct bits {
    unsigned char *bytes;
    size_t count;
};

static void put_bits(struct bits *bits, unsigned code, unsigned length)
{
    while (length-- > 0) {
        bits->bytes[bits->count / 8] |= (unsigned char)(((code >> length) & 1) << (bits->count % 8));
        bits->count++;
    }
}

/* RFC 1951, fixed codes: one letter, and 258 copies of it as often as need be. */
static size_t make_bomb(unsigned char *bytes, size_t copies)
{
    static const unsigned char head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    memcpy(bytes, head, sizeof head);
    struct bits bits = {.bytes = bytes + sizeof head};
    put_bits(&bits, 1, 1); /* the last block */
    put_bits(&bits, 2, 2); /* 01, lowest bit first: fixed codes */
    put_bits(&bits, 0x30 + ' ', 8);
    for (size_t i = 0; i < copies; i++) {
        put_bits(&bits, 0xc5, 8); /* length 258 */
        put_bits(&bits, 0, 5);    /* distance 1 */
    }
    put_bits(&bits, 0, 7); /* the end */
    return sizeof head + (bits.count + 7) / 8;
}

static void a_small_answer_that_unpacks_to_more_is_refused_while_it_unpacks(void **state)
{
    struct bench *bench = *state;
    CLEANUP_FREE unsigned char *bomb = calloc(1, 4096 + 4 * 131072 * 13 / 8);
    CLEANUP_FREE char *answer = malloc(8192 + 4 * 131072 * 13 / 8);
    assert_true(bomb && answer);
    size_t size = make_bomb(bomb, 4 * 131072); /* 129 MiB */
    int head =
        sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", size);
    memcpy(answer + head, bomb, size);
    check_too_long(bench, answer, (size_t)head + size);
}

/* --- tokens --- */

static void refresh_the_token(struct bench *bench, struct connection *connection, const char *path,
                              const char *token)
{
    (void)path, (void)token;
    reply_status(connection, 200, bench->requests == 1 ? "X-Auth-Token-Refreshed: token-1\r\n" : "");
}

static void a_refreshed_token_is_used_from_then_on(void **state)
{
    struct bench *bench = *state;
    bench->behave = refresh_the_token;
    for (int i = 0; i < 3; i++) {
        (void)ask_for(bench, "/contact/1");
        bench_run(bench);
    }
    assert_string_equal(bench->tokens[0], KEY);
    assert_string_equal(bench->tokens[1], "token-1");
    assert_string_equal(bench->tokens[2], "token-1");
}

static void refuse_tokens(struct bench *bench, struct connection *connection, const char *path,
                          const char *token)
{
    (void)path;
    if (strcmp(token, KEY) != 0)
        reply_status(connection, 401, "");
    else
        reply_status(connection, 200, bench->requests == 1 ? "X-Auth-Token-Refreshed: token-1\r\n" : "");
}

static void a_refused_token_gives_the_key_another_chance(void **state)
{
    struct bench *bench = *state;
    bench->behave = refuse_tokens;
    (void)ask_for(bench, "/contact/1");
    bench_run(bench);
    for (int i = 0; i < 8; i++)
        (void)ask_for(bench, "/contact/2");
    bench_run(bench);
    for (unsigned i = 0; i < bench->ask_count; i++)
        assert_ended(&bench->asks[i], FETCH_OK, ERROR_NONE);
    assert_string_equal(bench->tokens[bench->requests - 1], KEY);
    assert_in_range(bench->requests, 10, 9 + 4);
    assert_int_equal(bench_counted(bench), bench->requests);
}

/* Four requests under way, of which two have been refused. */
static void refuse_two_of_four(struct bench *bench)
{
    bench->behave = hold;
    for (int i = 0; i < 6; i++)
        (void)ask_for(bench, "/contact/1");
    bench_see(bench, 4);
    reply_status(bench->held[0], 401, "");
    reply_status(bench->held[1], 401, "");
    bench_settle(bench);
    assert_int_equal(bench_done(bench), 0); /* the answer to another may still bring a token */
    assert_int_equal(bench->requests, 4);   /* and until then nothing is sent */
    bench->behave = behave_well;
}

static void a_refusal_that_overtakes_the_new_token_refuses_nothing(void **state)
{
    struct bench *bench = *state;
    bench->config.limits.concurrent = 4;
    refuse_two_of_four(bench);
    reply_status(bench->held[2], 200, "X-Auth-Token-Refreshed: token-2\r\n");
    reply_status(bench->held[3], 200, "");
    bench_run(bench);
    for (unsigned i = 0; i < bench->ask_count; i++)
        assert_ended(&bench->asks[i], FETCH_OK, ERROR_NONE);
    assert_int_equal(bench->requests, 8);
    for (unsigned i = 4; i < 8; i++)
        assert_string_equal(bench->tokens[i], "token-2");
}

static void a_refused_key_is_refused_when_no_answer_brings_another(void **state)
{
    struct bench *bench = *state;
    bench->config.limits.concurrent = 4;
    refuse_two_of_four(bench);
    reply_status(bench->held[2], 200, "");
    reply_status(bench->held[3], 401, "");
    bench_run(bench);
    assert_ended(&bench->asks[2], FETCH_OK, ERROR_NONE);
    for (unsigned i = 0; i < bench->ask_count; i++)
        if (i != 2)
            assert_ended(&bench->asks[i], FETCH_REFUSED, ERROR_KEY);
    assert_int_equal(bench->requests, 4);
}

static void spoil_the_token(struct bench *bench, struct connection *connection, const char *path,
                            const char *token)
{
    (void)path, (void)token;
    static const char *const tokens[] = {"has blank", "h\xc3\xa4h", "", "\x7f"};
    char headers[128];
    (void)snprintf(headers, sizeof headers, "X-Auth-Token-Refreshed: %s\r\n", tokens[bench->requests % 4]);
    reply_status(connection, 200, headers);
}

static void what_could_not_stand_in_a_header_is_no_token(void **state)
{
    struct bench *bench = *state;
    bench->behave = spoil_the_token;
    for (int i = 0; i < 8; i++) {
        (void)ask_for(bench, "/contact/1");
        bench_run(bench);
    }
    for (unsigned i = 0; i < bench->requests; i++)
        assert_string_equal(bench->tokens[i], KEY);
}

static void refuse_and_refresh(struct bench *bench, struct connection *connection, const char *path,
                               const char *token)
{
    (void)path, (void)token;
    char headers[128];
    (void)snprintf(headers, sizeof headers, "X-Auth-Token-Refreshed: token-%u\r\n", bench->requests);
    reply_status(connection, 401, headers);
}

/* It would go on for ever otherwise, and every time cost a request. */
static void a_server_that_refuses_and_refreshes_at_every_answer_is_asked_a_few_times_only(void **state)
{
    struct bench *bench = *state;
    bench->behave = refuse_and_refresh;
    for (int i = 0; i < 4; i++)
        (void)ask_for(bench, "/contact/1");
    bench_run(bench);
    for (unsigned i = 0; i < 4; i++)
        assert_ended(&bench->asks[i], FETCH_REFUSED, ERROR_KEY);
    assert_in_range(bench->requests, 1, 12);
}

static void refuse_one_and_refresh_others(struct bench *bench, struct connection *connection,
                                          const char *path, const char *token)
{
    (void)token;
    char headers[128];
    (void)snprintf(headers, sizeof headers, "X-Auth-Token-Refreshed: token-%u\r\n", bench->requests);
    reply_status(connection, strcmp(path, "/refused") == 0 ? 401 : 200, headers);
}

static void one_refused_request_among_good_ones_is_not_repeated_for_ever(void **state)
{
    struct bench *bench = *state;
    bench->behave = refuse_one_and_refresh_others;
    bench->config.limits.concurrent = 2;
    struct ask *refused = ask_for(bench, "/refused");
    for (int i = 0; i < 60; i++)
        (void)ask_for(bench, "/contact/1");
    bench_run(bench);
    assert_ended(refused, FETCH_REFUSED, ERROR_KEY);
    unsigned attempts = 0;
    for (unsigned i = 0; i < bench->requests; i++)
        attempts += strcmp(bench->paths[i], "/refused") == 0;
    assert_in_range(attempts, 1, BACKOFF_TRIES);
}

/* --- ends --- */

static void cancel_ends_everything_from_the_loop(void **state)
{
    struct bench *bench = *state;
    bench->behave = go_wrong;
    (void)ask_for(bench, "/status/503"); /* one that waits for its retry */
    bench_see(bench, 1);
    bench->behave = hold;
    for (int i = 0; i < 20; i++)
        (void)ask_for(bench, "/contact/1");
    bench_see(bench, 5);
    bench->inside = true;
    fetcher_cancel(bench->fetcher);
    fetcher_cancel(bench->fetcher);
    bench->inside = false;
    assert_int_equal(bench_done(bench), 0);
    assert_int_equal(fetcher_active(bench->fetcher), 21);
    bench_settle(bench);
    assert_int_equal(bench_done(bench), 21);
    for (unsigned i = 0; i < bench->ask_count; i++)
        assert_ended(&bench->asks[i], FETCH_CANCELLED, ERROR_NONE);
    assert_int_equal(fetcher_active(bench->fetcher), 0);
    assert_int_equal(bench->requests, 5);
    bench->behave = behave_well;
    fetcher_begin(bench->fetcher);
    struct ask *next = ask_for(bench, "/contact/1");
    bench_run(bench);
    assert_ended(next, FETCH_OK, ERROR_NONE);
}

static void cancelling_with_nothing_to_cancel_is_no_event(void **state)
{
    struct bench *bench = *state;
    fetcher_cancel(bench_fetcher(bench));
    bench_settle(bench);
    fetcher_begin(bench->fetcher);
    struct ask *ask = ask_for(bench, "/contact/1");
    bench_run(bench);
    assert_ended(ask, FETCH_OK, ERROR_NONE);
}

/* The sanitizer says whether anything leaked, and done() must not be called. */
static void freeing_drops_what_is_under_way(void **state)
{
    struct bench *bench = *state;
    bench->behave = go_wrong;
    (void)ask_for(bench, "/status/503");
    bench_see(bench, 1);
    bench->behave = hold;
    for (int i = 0; i < 20; i++)
        (void)ask_for(bench, "/contact/1");
    bench_see(bench, 5);
    bench->fetcher = fetcher_free(bench->fetcher);
    bench_settle(bench);
    assert_int_equal(bench_done(bench), 0);
    assert_null(fetcher_free(NULL));
}

static void freeing_before_the_first_turn_of_the_loop_is_fine(void **state)
{
    struct bench *bench = *state;
    (void)ask_for(bench, "/contact/1");
    bench->fetcher = fetcher_free(bench->fetcher);
    bench_settle(bench);
    assert_int_equal(bench->requests, 0);
}

static void a_server_that_hangs_is_left_after_the_timeout(void **state)
{
    struct bench *bench = *state;
    bench->behave = hold;
    bench->config.flex.timeout = 60 * USEC_PER_MSEC;
    struct ask *ask = ask_for(bench, "/contact/1");
    bench_run(bench);
    assert_ended(ask, FETCH_FAILED, ERROR_UNREACHABLE);
    assert_int_equal(bench_counted(bench), BACKOFF_TRIES);
}

static void nobody_there_is_told_as_not_reachable(void **state)
{
    struct bench *bench = *state;
    unsigned port = 0;
    assert_int_equal(close(listen_anywhere(&port)), 0);
    struct ask *ask = &bench->asks[bench->ask_count++];
    ask_into(bench, ask, port, "/contact/1");
    bench_run(bench);
    assert_ended(ask, FETCH_FAILED, ERROR_UNREACHABLE);
    assert_int_equal(bench_counted(bench), BACKOFF_TRIES);
}

static void the_environments_proxy_is_not_asked(void **state)
{
    static const char *const names[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"};
    struct bench *bench = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        assert_int_equal(setenv(names[i], "http://127.0.0.1:1", 1), 0);
    struct ask *ask = ask_for(bench, "/contact/1");
    bench_run(bench);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        assert_int_equal(unsetenv(names[i]), 0);
    assert_ended(ask, FETCH_OK, ERROR_NONE);
}

static void the_limiter_spreads_what_is_sent(void **state)
{
    struct bench *bench = *state;
    limiter_init(&bench->limiter, 1, 2, bench->now);
    for (int i = 0; i < 4; i++)
        (void)ask_for(bench, "/contact/1");
    int64_t begun = clock_monotonic(&clock_system);
    while (bench_done(bench) < 2 && clock_monotonic(&clock_system) < begun + USEC_PER_SEC)
        assert_true(sd_event_run(bench->event, 10000) >= 0);
    for (int i = 0; i < 10; i++)
        assert_true(sd_event_run(bench->event, 5000) >= 0);
    assert_int_equal(bench->requests, 2);
    assert_true(fetcher_waiting(bench->fetcher));
    bench->now += 10 * USEC_PER_SEC;
    struct ask *last = ask_for(bench, "/contact/1");
    while (bench->requests < 4 && clock_monotonic(&clock_system) < begun + 2 * USEC_PER_SEC)
        assert_true(sd_event_run(bench->event, 10000) >= 0);
    assert_int_equal(bench->requests, 4);
    bench->now += 10 * USEC_PER_SEC;
    bench_run(bench);
    assert_ended(last, FETCH_OK, ERROR_NONE);
    assert_in_range(fetcher_stats(bench->fetcher)->waited_ms, 10000, 90000);
}

static void ask_once_more(void *arg, enum fetch_outcome outcome, const struct error *err)
{
    struct ask *ask = arg;
    on_ask_done(arg, outcome, err);
    if (ask->bench->ask_count < 20)
        (void)ask_for(ask->bench, "/contact/2");
}

static void the_end_of_one_request_may_ask_for_another(void **state)
{
    static const struct fetch_handler handler = {.accept = on_accept_body, .done = ask_once_more};
    struct bench *bench = *state;
    char url[64];
    struct error err;
    struct ask *ask = &bench->asks[bench->ask_count++];
    ask->bench = bench;
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/contact/1", bench->port);
    assert_int_equal(fetcher_get(bench_fetcher(bench), url, &handler, ask, &err), 0);
    bench_run(bench);
    assert_int_equal(bench->requests, 2);
}

static void begin_at_the_end(void *arg, enum fetch_outcome outcome, const struct error *err)
{
    struct ask *ask = arg;
    on_ask_done(arg, outcome, err);
    fetcher_begin(ask->bench->fetcher);
}

/* Those that waited were stopped too: they must not end as if they had been answered. */
static void a_new_cycle_begun_by_a_stopped_request_does_not_answer_the_others(void **state)
{
    static const struct fetch_handler handler = {.accept = on_accept_body, .done = begin_at_the_end};
    struct bench *bench = *state;
    char url[64];
    struct error err;
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/contact/1", bench->port);
    for (int i = 0; i < 5; i++) {
        struct ask *ask = &bench->asks[bench->ask_count++];
        ask->bench = bench;
        assert_int_equal(fetcher_get(bench_fetcher(bench), url, &handler, ask, &err), 0);
    }
    fetcher_cancel(bench->fetcher);
    bench_run(bench);
    for (unsigned i = 0; i < bench->ask_count; i++)
        assert_ended(&bench->asks[i], FETCH_CANCELLED, ERROR_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_connection_serves_one_request_after_the_other),
        TEST(never_more_are_in_flight_than_allowed),
        TEST(every_request_carries_the_key_and_what_it_accepts),
        TEST(an_empty_answer_is_shown_as_one),
        TEST(what_passes_is_tried_five_times_and_every_attempt_is_counted),
        TEST(a_kept_connection_that_ends_costs_no_uncounted_attempt),
        TEST(a_retry_waits_for_the_clock),
        TEST(a_server_that_recovers_is_forgiven),
        TEST(retries_of_a_cycle_have_a_budget_and_a_new_cycle_a_new_one),
        TEST(what_does_not_pass_is_tried_once),
        TEST(a_refused_key_stops_everything_until_the_next_cycle),
        TEST(a_key_without_the_right_stops_everything_too),
        TEST(a_spent_quota_stops_everything_and_is_counted),
        TEST(too_many_at_once_are_halved_and_nothing_is_lost),
        TEST(a_server_that_refuses_whatever_is_sent_is_not_asked_for_long),
        TEST(retry_after_is_read_as_seconds_or_a_date_and_kept_within_reason),
        TEST(a_redirect_is_not_followed_and_the_key_stays_here),
        TEST(an_answer_of_32_mib_is_taken_and_a_byte_more_is_not),
        TEST(a_small_answer_that_unpacks_to_more_is_refused_while_it_unpacks),
        TEST(a_refreshed_token_is_used_from_then_on),
        TEST(a_refused_token_gives_the_key_another_chance),
        TEST(a_refusal_that_overtakes_the_new_token_refuses_nothing),
        TEST(a_refused_key_is_refused_when_no_answer_brings_another),
        TEST(what_could_not_stand_in_a_header_is_no_token),
        TEST(a_server_that_refuses_and_refreshes_at_every_answer_is_asked_a_few_times_only),
        TEST(one_refused_request_among_good_ones_is_not_repeated_for_ever),
        TEST(cancel_ends_everything_from_the_loop),
        TEST(cancelling_with_nothing_to_cancel_is_no_event),
        TEST(freeing_drops_what_is_under_way),
        TEST(freeing_before_the_first_turn_of_the_loop_is_fine),
        TEST(a_server_that_hangs_is_left_after_the_timeout),
        TEST(nobody_there_is_told_as_not_reachable),
        TEST(the_environments_proxy_is_not_asked),
        TEST(the_limiter_spreads_what_is_sent),
        TEST(the_end_of_one_request_may_ask_for_another),
        TEST(a_new_cycle_begun_by_a_stopped_request_does_not_answer_the_others),
    };
    return cmocka_run_group_tests_name("fetcher", tests, NULL, NULL);
}
