#include "flexsync/answer.h"

#include "flexsync/cleanup.h"
#include "flexsync/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FLEX_BODY "{\"exceptionMessage\":\"Words\",\"httpStatusCode\":404}"

static enum fetch_outcome judge(long status, const char *body, struct error *err)
{
    const struct answer answer = {.status = status, .body = body, .length = body ? strlen(body) : 0};
    return answer_judge(&answer, err);
}

/* Each code that RFC 9110 or the registry of IANA knows, and those of gateways. With an error body of Flex.
 */
static const struct row {
    long from, to;
    enum fetch_outcome outcome;
    enum error_code code;
    enum error_retry retry;
} rows[] = {
    {0, 99, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {100, 100, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW},
    {101, 101, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {102, 199, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW},
    {200, 203, FETCH_OK, ERROR_NONE, RETRY_NEVER},
    {204, 206, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {207, 299, FETCH_OK, ERROR_NONE, RETRY_NEVER},
    {300, 399, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {400, 400, FETCH_REJECTED, ERROR_ANSWER, RETRY_NEVER},
    {401, 401, FETCH_REFUSED, ERROR_KEY, RETRY_LATER},
    {402, 402, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {403, 403, FETCH_REFUSED, ERROR_KEY, RETRY_LATER},
    {404, 404, FETCH_GONE, ERROR_ANSWER, RETRY_NEVER},
    {405, 406, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {407, 407, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NEVER},
    {408, 408, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW},
    {409, 409, FETCH_FAILED, ERROR_ANSWER, RETRY_LATER},
    {410, 410, FETCH_GONE, ERROR_ANSWER, RETRY_NEVER},
    {411, 420, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {421, 421, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW},
    {422, 422, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {423, 424, FETCH_FAILED, ERROR_ANSWER, RETRY_LATER},
    {425, 425, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW},
    {426, 428, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {429, 429, FETCH_THROTTLED, ERROR_QUOTA, RETRY_LATER},
    {430, 499, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {500, 500, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW},
    {501, 501, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {502, 504, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW},
    {505, 506, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {507, 507, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW},
    {508, 508, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {509, 509, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW},
    {510, 511, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {512, 599, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW},
    {600, 999, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
};

static void every_status_means_what_the_table_of_answers_says(void **state)
{
    (void)state;
    long next = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_int_equal(rows[i].from, next);
        next = rows[i].to + 1;
        for (long status = rows[i].from; status <= rows[i].to; status++) {
            struct error err = {0};
            char number[24];
            (void)snprintf(number, sizeof number, "answered %ld", status);
            enum fetch_outcome outcome = judge(status, FLEX_BODY, &err);
            if (outcome != rows[i].outcome || err.code != rows[i].code || err.retry != rows[i].retry)
                fail_msg("%ld: outcome %d, code %d, retry %d", status, outcome, err.code, err.retry);
            if (outcome == FETCH_OK)
                continue;
            assert_non_null(strstr(err.text, number));
            assert_true(strlen(err.text) > 40 && err.text[strlen(err.text) - 1] != '.');
        }
    }
    assert_int_equal(next, 1000);
}

static void a_2xx_is_no_error_and_leaves_the_error_alone(void **state)
{
    (void)state;
    struct error err = {.code = ERROR_USAGE, .text = "as it was"};
    assert_int_equal(judge(200, NULL, &err), FETCH_OK);
    assert_int_equal(judge(203, "null", &err), FETCH_OK);
    assert_int_equal(err.code, ERROR_USAGE);
    assert_string_equal(err.text, "as it was");
}

static void gone_is_said_by_flex_alone(void **state)
{
    (void)state;
    static const char *const own[] = {
        FLEX_BODY,
        "{\"exceptionCode\":\"FLEX_5000\"}",
        "{\"httpStatusCode\":404}",
        "{\"status\":404,\"message\":\"No contact\"}",
        "{\"timestamp\":1,\"status\":404,\"error\":\"Not Found\",\"path\":\"/f5/api/contact/1\"}",
    };
    static const char *const others[] = {
        "",
        "{}",
        "[]",
        "null",
        "404",
        "\"not found\"",
        "{\"status\":404}",
        "{\"message\":\"no Route matched with those values\"}",
        "{\"error\":\"not found\"}",
        "[{\"exceptionMessage\":\"not found\"}]",
        "{\"exceptionMessage\":\"not found\"",
        "<html><body>404 Not Found</body></html>",
        "default backend - 404",
    };
    for (long status = 404; status <= 410; status += 6) {
        struct error err;
        for (size_t i = 0; i < ARRAY_LENGTH(own); i++)
            assert_int_equal(judge(status, own[i], &err), FETCH_GONE);
        for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
            enum fetch_outcome outcome = judge(status, others[i], &err);
            if (!answer_is_outage(status, outcome, &err) ||
                !strstr(err.text, "does not look like Flex's own"))
                fail_msg("%ld with %s: outcome %d, %s", status, others[i], outcome, err.text);
        }
        assert_true(answer_is_outage(status, judge(status, NULL, &err), &err));
    }
}

static void a_400_is_gone_when_flex_says_that_the_record_is_unknown(void **state)
{
    (void)state;
    static const char *const unknown[] = {
        "Unable to find contact with id: 1",
        "unable to FIND it",
        "Contact not found.",
        "The contact does not exist",
        "There is no contact with id 1",
        "No contact with this id exists.",
    };
    static const char *const others[] = {
        "This listing cannot be sorted so.",
        "Text '2026' could not be parsed",
        "No property lastEdit found for type Contact",
        "piano with id 1",
        "",
    };
    char body[256];
    struct error err;
    for (size_t i = 0; i < ARRAY_LENGTH(unknown); i++) {
        (void)snprintf(body, sizeof body, "{\"exceptionMessage\":\"%s\"}", unknown[i]);
        assert_int_equal(judge(400, body, &err), FETCH_GONE);
        assert_int_equal(judge(400, unknown[i], &err), FETCH_REJECTED);   /* not in JSON */
        assert_true(answer_is_outage(500, judge(500, body, &err), &err)); /* the cycle decides in time */
    }
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        (void)snprintf(body, sizeof body, "{\"exceptionMessage\":\"%s\"}", others[i]);
        assert_int_equal(judge(400, body, &err), FETCH_REJECTED);
    }
    assert_int_equal(judge(400, "{\"exceptionMessage\":17}", &err), FETCH_REJECTED);
}

static void a_refused_key_says_where_to_make_a_new_one(void **state)
{
    (void)state;
    struct error err;
    (void)judge(401, NULL, &err);
    assert_non_null(strstr(err.text, "invalid or revoked"));
    assert_non_null(strstr(err.text, "Main Menu > Integrations > API"));
    (void)judge(403, NULL, &err);
    assert_non_null(strstr(err.text, "lacks the right"));
    assert_non_null(strstr(err.text, "Main Menu > Integrations > API"));
    answer_deny(401, &err);
    assert_int_equal(err.code, ERROR_KEY);
    assert_int_equal(err.retry, RETRY_LATER);
    assert_non_null(strstr(err.text, "answered 401: the API key is good"));
}

static void a_redirect_names_the_host_and_nothing_else_of_the_target(void **state)
{
    (void)state;
    static const char *const targets[] = {
        "https://login.example.org/secret-path?secret-query=1#secret-fragment",
        "https://secret-user:secret-password@login.example.org:8443/secret-path",
        "http://login.example.org?secret-query",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(targets); i++) {
        struct error err;
        const struct answer answer = {.status = 302, .target = targets[i]};
        assert_int_equal(answer_judge(&answer, &err), FETCH_FAILED);
        assert_non_null(strstr(err.text, "login.example.org"));
        assert_null(strstr(err.text, "secret"));
        assert_non_null(strstr(err.text, "flex.base_url"));
    }
}

static void a_redirect_to_nonsense_is_told_without_it(void **state)
{
    (void)state;
    char absurd[8192] = "https://";
    memset(absurd + 8, 'h', sizeof absurd - 9);
    absurd[sizeof absurd - 1] = '\0';
    const char *const targets[] = {"", "::::", "secret://login/", "/secret", "https://[::1/secret", absurd};
    for (size_t i = 0; i < ARRAY_LENGTH(targets); i++) {
        struct error err;
        const struct answer answer = {.status = 301, .target = targets[i]};
        assert_int_equal(answer_judge(&answer, &err), FETCH_FAILED);
        assert_null(strstr(err.text, "secret"));
        assert_non_null(strstr(err.text, "flex.base_url"));
    }
}

static void what_the_network_does_is_tried_again(void **state)
{
    (void)state;
    static const CURLcode passing[] = {
        CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_OPERATION_TIMEDOUT,
        CURLE_PARTIAL_FILE,    CURLE_GOT_NOTHING,          CURLE_RECV_ERROR,
        CURLE_SEND_ERROR,      CURLE_SSL_CONNECT_ERROR,    CURLE_WEIRD_SERVER_REPLY,
        CURLE_PROXY,           CURLE_COULDNT_RESOLVE_PROXY};
    struct error err;
    for (size_t i = 0; i < ARRAY_LENGTH(passing); i++) {
        answer_judge_curl(passing[i], 0, false, "", &err);
        assert_true(answer_is_outage(0, FETCH_FAILED, &err));
        assert_true(strlen(err.text) > 20);
    }
    answer_judge_curl(CURLE_COULDNT_CONNECT, 0, false, "Connection refused by 127.0.0.1", &err);
    assert_non_null(strstr(err.text, "Connection refused by 127.0.0.1"));
    assert_null(strstr(err.text, "proxy"));
}

static void what_no_try_can_mend_is_not_tried_again(void **state)
{
    (void)state;
    static const struct {
        CURLcode code;
        enum error_code meaning;
        const char *remedy;
    } lasting[] = {{CURLE_PEER_FAILED_VERIFICATION, ERROR_UNREACHABLE, "flex.ca_file"},
                   {CURLE_SSL_CACERT_BADFILE, ERROR_CONFIG, "flex.ca_file"},
                   {CURLE_URL_MALFORMAT, ERROR_CONFIG, "flex.base_url"},
                   {CURLE_OUT_OF_MEMORY, ERROR_SYSTEM, "memory"}};
    for (size_t i = 0; i < ARRAY_LENGTH(lasting); i++) {
        struct error err;
        answer_judge_curl(lasting[i].code, 0, false, NULL, &err);
        assert_int_equal(err.retry, RETRY_NEVER);
        assert_int_equal(err.code, lasting[i].meaning);
        assert_non_null(strstr(err.text, lasting[i].remedy));
    }
}

static void what_a_proxy_may_have_answered_names_flex_proxy(void **state)
{
    (void)state;
    struct error err;
    for (long status = 502; status <= 504; status++) {
        const struct answer answer = {.status = status, .proxied = true};
        assert_true(answer_is_outage(status, answer_judge(&answer, &err), &err));
        assert_non_null(strstr(err.text, "flex.proxy"));
        (void)judge(status, "", &err);
        assert_null(strstr(err.text, "proxy"));
    }
    const struct answer login = {.status = 407, .proxied = true};
    (void)answer_judge(&login, &err);
    assert_non_null(strstr(err.text, "flex.proxy"));
    static const struct {
        long status;
        enum error_retry retry;
    } connects[] = {{407, RETRY_NEVER}, {403, RETRY_NEVER}, {502, RETRY_NOW}, {429, RETRY_NOW}};
    for (size_t i = 0; i < ARRAY_LENGTH(connects); i++) {
        answer_judge_curl(CURLE_RECV_ERROR, connects[i].status, true, "CONNECT tunnel failed", &err);
        assert_int_equal(err.code, ERROR_UNREACHABLE);
        assert_int_equal(err.retry, connects[i].retry);
        assert_non_null(strstr(err.text, "the proxy of flex.proxy answered"));
    }
    answer_judge_curl(CURLE_COULDNT_RESOLVE_PROXY, 0, true, "", &err);
    assert_non_null(strstr(err.text, "flex.proxy"));
    answer_judge_curl(CURLE_RECV_ERROR, 200, true, "", &err); /* the tunnel stood */
    assert_null(strstr(err.text, "answered"));
}

/* libcurl says CURLE_UNSUPPORTED_PROTOCOL of a server that does not speak HTTP; the base_url was checked long
 * before. */
static void a_server_that_does_not_speak_http_is_no_mistake_in_the_settings(void **state)
{
    (void)state;
    struct error err;
    answer_judge_curl(CURLE_UNSUPPORTED_PROTOCOL, 0, false, "Received HTTP/0.9 when not allowed", &err);
    assert_true(answer_is_outage(0, FETCH_FAILED, &err));
}

static void retry_after_is_seconds_or_a_date_by_the_servers_clock(void **state)
{
    (void)state;
    const int64_t second = USEC_PER_SEC, year = 366 * USEC_PER_DAY;
    const int64_t now = 784111777 * USEC_PER_SEC; /* Sun, 06 Nov 1994 08:49:37 GMT */
    const struct {
        const char *value;
        int64_t wait;
    } cases[] = {
        {"0", 0},
        {"120", 120 * second},
        {" 120 ", 120 * second},
        {"+5", 5 * second},
        {"1.5", second + second / 2},
        {"1.", second},
        {"30, 30", 30 * second},
        {"30,60,1", 60 * second},
        {"-5", 0},
        {"-99999999999999999999", 0},
        {"99999999999999999999", year},
        {"9223372036854775807", year},
        {"Sun, 06 Nov 1994 08:50:37 GMT", 60 * second},
        {"Sunday, 06-Nov-94 08:49:47 GMT", 10 * second},
        {"Sun Nov  6 08:49:38 1994", second},
        {"Sun, 06 Nov 1994 08:49:36 GMT", 0},
        {"Fri, 06 Nov 2099 08:49:37 GMT", year},
        {"soon", -1},
        {"", -1},
        {" ", -1},
        {"1e9", -1},
        {"5 s", -1},
        {"30, soon", -1},
        {".5", -1},
        {"-", -1},
        {NULL, -1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t wait = answer_retry_after(cases[i].value, now);
        if (wait != cases[i].wait)
            fail_msg("'%s': %ld", cases[i].value ? cases[i].value : "NULL", (long)wait);
    }
}

static void what_is_said_of_one_record_is_no_outage(void **state)
{
    (void)state;
    struct error err;
    static const long facts[] = {204, 205, 206, 402, 405, 409, 423, 451, 501};
    for (size_t i = 0; i < ARRAY_LENGTH(facts); i++)
        if (answer_is_outage(facts[i], judge(facts[i], "", &err), &err))
            fail_msg("%ld is taken for an outage", facts[i]);
    static const long outages[] = {302, 307, 408, 500, 503, 511, 522};
    for (size_t i = 0; i < ARRAY_LENGTH(outages); i++)
        if (!answer_is_outage(outages[i], judge(outages[i], "", &err), &err))
            fail_msg("%ld is taken for no outage", outages[i]);

    (void)error_set(&err, ERROR_ANSWER, RETRY_NEVER, "another record");
    assert_false(answer_is_outage(200, FETCH_FAILED, &err));
    (void)error_set(&err, ERROR_SYSTEM, RETRY_NOW, "too much under way");
    assert_false(answer_is_outage(200, FETCH_FAILED, &err));
    (void)error_set(&err, ERROR_ANSWER, RETRY_NOW, "no whole JSON");
    assert_true(answer_is_outage(200, FETCH_FAILED, &err));
}

static void what_has_the_ends_of_json_is_not_for_people(void **state)
{
    (void)state;
    struct error err;
    static const char *const good[] = {"{}", " [1]\r\n", "\xef\xbb\xbf{\"a\":\"\\ud800\"}",
                                       "{\"a\":\"\xe9\t\"}"};
    static const char *const bad[] = {"",  " ", "\xef\xbb\xbf", "null", "<html>{}</html>", "{\"a\":", "[1}",
                                      "{", "]"};
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
        assert_int_equal(answer_accept_json(NULL, good[i], strlen(good[i]), &err), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        if (answer_accept_json(NULL, bad[i], strlen(bad[i]), &err) == 0)
            fail_msg("accepted: %s", bad[i]);
        assert_true(answer_is_outage(200, FETCH_FAILED, &err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_of_one_record_is_no_outage),
        cmocka_unit_test(what_has_the_ends_of_json_is_not_for_people),
        cmocka_unit_test(every_status_means_what_the_table_of_answers_says),
        cmocka_unit_test(a_2xx_is_no_error_and_leaves_the_error_alone),
        cmocka_unit_test(gone_is_said_by_flex_alone),
        cmocka_unit_test(a_400_is_gone_when_flex_says_that_the_record_is_unknown),
        cmocka_unit_test(a_refused_key_says_where_to_make_a_new_one),
        cmocka_unit_test(a_redirect_names_the_host_and_nothing_else_of_the_target),
        cmocka_unit_test(a_redirect_to_nonsense_is_told_without_it),
        cmocka_unit_test(what_the_network_does_is_tried_again),
        cmocka_unit_test(what_no_try_can_mend_is_not_tried_again),
        cmocka_unit_test(what_a_proxy_may_have_answered_names_flex_proxy),
        cmocka_unit_test(a_server_that_does_not_speak_http_is_no_mistake_in_the_settings),
        cmocka_unit_test(retry_after_is_seconds_or_a_date_by_the_servers_clock),
    };
    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
