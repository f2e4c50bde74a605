#include "flexsync/answer.h"

#include "flexsync/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The table of design.md section 2. */
static const struct row {
    long status;
    enum fetch_outcome outcome;
    enum error_code code;
    enum error_retry retry;
} rows[] = {
    {201, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},    {204, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {206, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},    {301, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {302, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},    {304, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {307, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},    {399, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {400, FETCH_REJECTED, ERROR_ANSWER, RETRY_NEVER},  {401, FETCH_REFUSED, ERROR_KEY, RETRY_LATER},
    {402, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},    {403, FETCH_REFUSED, ERROR_KEY, RETRY_LATER},
    {404, FETCH_GONE, ERROR_ANSWER, RETRY_NEVER},      {405, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {410, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},    {418, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {429, FETCH_THROTTLED, ERROR_QUOTA, RETRY_LATER},  {500, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW},
    {501, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},    {502, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW},
    {503, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW}, {504, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW},
    {505, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},    {999, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
    {0, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER},
};

static void every_status_means_what_the_table_of_answers_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct error err = {0};
        char number[16];
        (void)snprintf(number, sizeof number, "%ld", rows[i].status);
        enum fetch_outcome outcome = answer_judge_status(rows[i].status, NULL, &err);
        if (outcome != rows[i].outcome || err.code != rows[i].code || err.retry != rows[i].retry)
            fail_msg("%ld: outcome %d, code %d, retry %d", rows[i].status, outcome, err.code, err.retry);
        assert_non_null(strstr(err.text, number));
        assert_true(err.text[strlen(err.text) - 1] != '.');
    }
}

static void a_200_is_no_error_and_leaves_the_error_alone(void **state)
{
    (void)state;
    struct error err = {.code = ERROR_USAGE, .text = "as it was"};
    assert_int_equal(answer_judge_status(200, NULL, &err), FETCH_OK);
    assert_int_equal(err.code, ERROR_USAGE);
    assert_string_equal(err.text, "as it was");
}

static void every_status_there_can_be_has_a_meaning(void **state)
{
    (void)state;
    for (long status = 0; status < 1000; status++) {
        struct error err = {0};
        if (answer_judge_status(status, NULL, &err) != FETCH_OK)
            assert_true(err.code != ERROR_NONE && strlen(err.text) > 20);
    }
}

static void a_refused_key_says_where_to_make_a_new_one(void **state)
{
    (void)state;
    struct error err;
    (void)answer_judge_status(401, NULL, &err);
    assert_non_null(strstr(err.text, "Main Menu > Integrations > API"));
    (void)answer_judge_status(403, NULL, &err);
    assert_non_null(strstr(err.text, "Main Menu > Integrations > API"));
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
        assert_int_equal(answer_judge_status(302, targets[i], &err), FETCH_FAILED);
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
        assert_int_equal(answer_judge_status(301, targets[i], &err), FETCH_FAILED);
        assert_null(strstr(err.text, "secret"));
        assert_non_null(strstr(err.text, "flex.base_url"));
    }
}

static void what_the_network_does_is_tried_again(void **state)
{
    (void)state;
    static const CURLcode passing[] = {
        CURLE_COULDNT_CONNECT,      CURLE_COULDNT_RESOLVE_HOST, CURLE_OPERATION_TIMEDOUT,
        CURLE_PARTIAL_FILE,         CURLE_GOT_NOTHING,          CURLE_RECV_ERROR,
        CURLE_SEND_ERROR,           CURLE_SSL_CONNECT_ERROR,    CURLE_WEIRD_SERVER_REPLY,
        CURLE_BAD_CONTENT_ENCODING, CURLE_COULDNT_RESOLVE_PROXY};
    for (size_t i = 0; i < ARRAY_LENGTH(passing); i++) {
        struct error err;
        answer_judge_curl(passing[i], "", &err);
        assert_int_equal(err.retry, RETRY_NOW);
        assert_true(strlen(err.text) > 20);
    }
    struct error err;
    answer_judge_curl(CURLE_COULDNT_CONNECT, "Connection refused by 127.0.0.1", &err);
    assert_int_equal(err.code, ERROR_UNREACHABLE);
    assert_non_null(strstr(err.text, "Connection refused by 127.0.0.1"));
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
        answer_judge_curl(lasting[i].code, NULL, &err);
        assert_int_equal(err.retry, RETRY_NEVER);
        assert_int_equal(err.code, lasting[i].meaning);
        assert_non_null(strstr(err.text, lasting[i].remedy));
    }
}

/* libcurl says CURLE_UNSUPPORTED_PROTOCOL of a server that does not speak HTTP; the base_url was checked long
 * before. */
static void a_server_that_does_not_speak_http_is_no_mistake_in_the_settings(void **state)
{
    (void)state;
    struct error err;
    answer_judge_curl(CURLE_UNSUPPORTED_PROTOCOL, "Received HTTP/0.9 when not allowed", &err);
    assert_int_equal(err.code, ERROR_UNREACHABLE);
    assert_int_equal(err.retry, RETRY_NOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_means_what_the_table_of_answers_says),
        cmocka_unit_test(a_200_is_no_error_and_leaves_the_error_alone),
        cmocka_unit_test(every_status_there_can_be_has_a_meaning),
        cmocka_unit_test(a_refused_key_says_where_to_make_a_new_one),
        cmocka_unit_test(a_redirect_names_the_host_and_nothing_else_of_the_target),
        cmocka_unit_test(a_redirect_to_nonsense_is_told_without_it),
        cmocka_unit_test(what_the_network_does_is_tried_again),
        cmocka_unit_test(what_no_try_can_mend_is_not_tried_again),
        cmocka_unit_test(a_server_that_does_not_speak_http_is_no_mistake_in_the_settings),
    };
    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
