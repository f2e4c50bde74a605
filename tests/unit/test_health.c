#include "flexsync/health.h"

#include "flexsync/cleanup.h"
#include "flexsync/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOON INT64_C(1795435200000000) /* 2026-11-23 12:00 UTC */
#define HOUR USEC_PER_HOUR
#define MIN  USEC_PER_MIN

static const struct sync_row done = {.status = SYNC_SUCCESS};
static const struct sync_row killed = {
    .status = SYNC_FAILED, .exit_status = SYNC_UNKNOWN, .error_message = "interrupted"};
static const struct sync_row stopped = {.status = SYNC_PARTIAL,
                                        .exit_status = 2,
                                        .error_message = "stopped before the end; the next cycle goes on"};
static const struct sync_row gone = {.status = SYNC_PARTIAL,
                                     .exit_status = 2,
                                     .error_message = "too many are gone at once to be believed; if it is "
                                                      "true: flexsync sync --accept-vanished"};
static const struct sync_row unproven = {.status = SYNC_PARTIAL,
                                         .exit_status = 2,
                                         .error_message =
                                             "the listing could not be proven whole: 5 ids came of 6"};
static const struct sync_row partial = {
    .status = SYNC_PARTIAL, .exit_status = 2, .error_message = "1 record could not be had"};
static const struct sync_row paused = {
    .status = SYNC_PARTIAL,
    .exit_status = 2,
    .resumes_at = NOON + HOUR,
    .error_message = "the hourly request quota is used up as far as background work may; goes on 13:00"};
static const struct sync_row spent = {.status = SYNC_PARTIAL, .exit_status = 75};
static const struct sync_row outage = {
    .status = SYNC_FAILED, .exit_status = 69, .error_message = "no answer from the server"};
static const struct sync_row untrusted = {
    .status = SYNC_FAILED, .exit_status = 69, .error_message = "the server's certificate is not trusted"};
static const struct sync_row unusable = {
    .status = SYNC_FAILED, .exit_status = 65, .error_message = "the server answered 404"};
static const struct sync_row refused = {.status = SYNC_FAILED,
                                        .exit_status = 77,
                                        .error_message =
                                            "the server answered 401: the API key is invalid or revoked"};
static const struct sync_row locked_user = {
    .status = SYNC_FAILED,
    .exit_status = 77,
    .error_message = "the user of the API key is locked; unlock that user in Flex"};
static const struct sync_row full = {.status = SYNC_FAILED,
                                     .exit_status = 74,
                                     .error_message = "cannot write the database x: database or disk is "
                                                      "full; make room on its disk: df -h x"};
static const struct sync_row busy = {
    .status = SYNC_FAILED,
    .exit_status = 74,
    .error_message = "cannot write the database x: database is locked; another program keeps it locked"};
static const struct sync_row damaged = {
    .status = SYNC_FAILED, .exit_status = 74, .error_message = "the database x is damaged"};
static const struct sync_row unwritable = {
    .status = SYNC_FAILED, .exit_status = 74, .error_message = "cannot write the database x: readonly"};

struct expectation {
    const struct sync_row *ended; /* NULL: none */
    const char *name;
    enum health_level recent, late;
};

static const struct expectation endings[] = {
    {NULL, "starting", HEALTH_WARNING, HEALTH_WARNING},
    {&done, "ok", HEALTH_OK, HEALTH_CRITICAL},
    {&killed, "unfinished", HEALTH_OK, HEALTH_WARNING},
    {&stopped, "unfinished", HEALTH_OK, HEALTH_WARNING},
    {&gone, "gone", HEALTH_WARNING, HEALTH_WARNING},
    {&unproven, "unproven", HEALTH_OK, HEALTH_WARNING},
    {&partial, "partial", HEALTH_OK, HEALTH_WARNING},
    {&paused, "paused", HEALTH_OK, HEALTH_WARNING},
    {&spent, "paused", HEALTH_OK, HEALTH_WARNING},
    {&outage, "unreachable", HEALTH_OK, HEALTH_CRITICAL},
    {&untrusted, "untrusted", HEALTH_CRITICAL, HEALTH_CRITICAL},
    {&unusable, "unusable", HEALTH_OK, HEALTH_CRITICAL},
    {&refused, "refused", HEALTH_CRITICAL, HEALTH_CRITICAL},
    {&locked_user, "forbidden", HEALTH_CRITICAL, HEALTH_CRITICAL},
    {&full, "full", HEALTH_CRITICAL, HEALTH_CRITICAL},
    {&busy, "busy", HEALTH_OK, HEALTH_CRITICAL},
    {&damaged, "damaged", HEALTH_CRITICAL, HEALTH_CRITICAL},
    {&unwritable, "store", HEALTH_OK, HEALTH_CRITICAL},
};

/* The daemon runs, and the last success was five minutes ago. */
static struct health_input usual(void)
{
    return (struct health_input){.now = NOON,
                                 .max_age = HOUR,
                                 .held = 1,
                                 .program = "flexsyncd",
                                 .process = 7,
                                 .ended = &done,
                                 .success_at = NOON - 5 * MIN};
}

static void assert_judged(const struct health_input *input, const char *name, enum health_level level,
                          const char *says)
{
    struct health health;
    health_judge(&health, input);
    assert_string_equal(health_kinds[health.state].name, name);
    assert_int_equal(health.level, level);
    if (!strstr(health.text, says))
        fail_msg("'%s' does not say '%s'", health.text, says);
}

static void how_the_last_sync_ended_and_the_age_of_the_last_success_decide(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(endings); i++) {
        const struct expectation *e = &endings[i];
        struct health_input input = usual();
        input.ended = e->ended;
        assert_judged(&input, e->name, e->recent, "; last success 5 min ago");
        input.success_at = NOON - 61 * MIN;
        assert_judged(&input, e->ended == &done ? "stale" : e->name, e->late, "; last success 1 h 1 min ago");
        input.success_at = 0;
        assert_judged(&input, e->ended == &done ? "stale" : e->name, e->late, "; no success yet");
    }
}

static void the_limit_itself_is_recent(void **state)
{
    (void)state;
    struct health_input input = usual();
    input.success_at = NOON - HOUR;
    assert_judged(&input, "ok", HEALTH_OK, "up to date");
    input.max_age--;
    assert_judged(&input, "stale", HEALTH_CRITICAL, "no success");
}

static void what_the_daemon_says_is_newer_than_the_log(void **state)
{
    (void)state;
    struct facts facts = {
        .state = FACTS_TROUBLED, .cause = ERROR_STORE_FULL, .trouble = "make room on its disk"};
    struct health_input input = usual();
    input.daemon = &facts;
    assert_judged(&input, "full", HEALTH_CRITICAL, "make room on its disk");
    facts = (struct facts){.state = FACTS_REFUSED, .cause = ERROR_KEY, .trouble = "the server answered 401"};
    assert_judged(&input, "refused", HEALTH_CRITICAL, "401");
    facts = (struct facts){.state = FACTS_PAUSED, .cause = ERROR_QUOTA};
    assert_judged(&input, "paused", HEALTH_OK, "quota");
    facts = (struct facts){.state = FACTS_TROUBLED, .cause = ERROR_CONFIG, .trouble = "another site"};
    assert_judged(&input, "settings", HEALTH_CRITICAL, "another site");
    facts = (struct facts){.state = FACTS_IDLE};
    input.ended = &refused;
    assert_judged(&input, "refused", HEALTH_CRITICAL, "invalid or revoked");
}

static void a_daemon_that_does_not_run_is_critical_and_what_it_failed_of_is_told(void **state)
{
    (void)state;
    struct health_input input = usual();
    input.held = 0;
    assert_judged(&input, "down", HEALTH_CRITICAL, "flexsyncd does not run; last success 5 min ago");
    input.ended = &refused;
    assert_judged(&input, "down", HEALTH_CRITICAL, "its last sync failed: the server answered 401");
    input.held = 1;
    input.program = "flexsync";
    assert_judged(&input, "writer", HEALTH_CRITICAL, "flexsync (process 7)");
    input.held = -1;
    assert_judged(&input, "unreadable", HEALTH_UNKNOWN, "");
}

static void a_database_that_cannot_be_read_is_judged_by_its_error(void **state)
{
    (void)state;
    struct error err = {.code = ERROR_STORE_CORRUPT, .text = "not a database"};
    struct health_input input = usual();
    input.unread = &err;
    input.held = 0;
    assert_judged(&input, "damaged", HEALTH_CRITICAL, "not a database");
    err.code = ERROR_STORE_MISSING;
    assert_judged(&input, "missing", HEALTH_CRITICAL, "not a database");
    err.code = ERROR_STORE;
    assert_judged(&input, "unreadable", HEALTH_UNKNOWN, "not a database");
    err.code = ERROR_SYSTEM;
    assert_judged(&input, "system", HEALTH_OK, "not a database");
    input.success_at = 0;
    assert_judged(&input, "system", HEALTH_CRITICAL, "not a database");
}

static void a_wrong_clock_is_told_unless_something_worse_is_known(void **state)
{
    (void)state;
    struct health_input input = usual();
    input.clock_ahead = 5 * MIN;
    assert_judged(&input, "ok", HEALTH_OK, "up to date");
    input.clock_ahead = 2 * HOUR;
    assert_judged(&input, "clock", HEALTH_WARNING, "it is 2 h ahead of the server's");
    input.clock_ahead = -3 * HOUR;
    assert_judged(&input, "clock", HEALTH_WARNING, "it is 3 h behind the server's");
    input.ended = &refused;
    assert_judged(&input, "refused", HEALTH_CRITICAL, "401");
    input = usual();
    input.success_at = NOON + HOUR; /* set back since */
    assert_judged(&input, "clock", HEALTH_WARNING, "it is 1 h behind the time of the last sync");
}

static void every_state_has_a_name_of_its_own_words_and_advice(void **state)
{
    (void)state;
    for (int i = 0; i < STATE_COUNT; i++) {
        const struct health_kind *kind = &health_kinds[i];
        assert_true(kind->name[0] && kind->text[0] && (kind->advice[0] || i == STATE_OK));
        assert_true(kind->recent <= kind->late);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(kind->name, health_kinds[j].name);
        if (i != STATE_GONE) /* only there it is true */
            assert_null(strstr(kind->advice, "--accept-vanished"));
    }
}

static void every_error_has_a_state(void **state)
{
    (void)state;
    for (enum error_code code = ERROR_ANSWER; code < ERROR_CODE_COUNT; code++) {
        const struct error err = {.code = code};
        assert_int_not_equal(health_of_error(&err), STATE_PARTIAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(how_the_last_sync_ended_and_the_age_of_the_last_success_decide),
        cmocka_unit_test(the_limit_itself_is_recent),
        cmocka_unit_test(what_the_daemon_says_is_newer_than_the_log),
        cmocka_unit_test(a_daemon_that_does_not_run_is_critical_and_what_it_failed_of_is_told),
        cmocka_unit_test(a_database_that_cannot_be_read_is_judged_by_its_error),
        cmocka_unit_test(a_wrong_clock_is_told_unless_something_worse_is_known),
        cmocka_unit_test(every_state_has_a_name_of_its_own_words_and_advice),
        cmocka_unit_test(every_error_has_a_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
