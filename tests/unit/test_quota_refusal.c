/* 429s: what they say, and what follows from it. */
#include "flexsync/clock.h"
#include "flexsync/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW     (INT64_C(1750000200) * USEC_PER_SEC) /* 2025-06-15 15:10:00 */
#define UNNAMED INT64_C(-1)

static const struct quota_limits enterprise = {.most = {2000, 10000, 100000}, .share = 50};

static struct quota fresh(void)
{
    struct quota q;
    quota_init(&q, NOW);
    quota_advance(&q, 0, NOW, NOW);
    return q;
}

static void pass(struct quota *q, int64_t usec)
{
    quota_advance(q, usec, 0, q->wall + usec);
}

/* --- what they say --- */

static struct quota_refusal reading(const char *text)
{
    struct quota_refusal r;
    quota_read_refusal(text, strlen(text), &enterprise, &r);
    return r;
}

static void assert_reads(const char *text, enum quota_window window, int64_t limit)
{
    struct quota_refusal r = reading(text);
    assert_true(r.named);
    assert_int_equal(r.window, window);
    assert_int_equal(r.limit, limit);
}

static void it_reads_the_limit_and_the_window(void **state)
{
    (void)state;
    assert_reads("{\"message\":\"API rate limit of 2,000 reached for this hour\"}", QUOTA_HOUR, 2000);
    assert_reads("limit of 10,000 reached for this day", QUOTA_DAY, 10000);
    assert_reads("limit of 100,000 reached for this month", QUOTA_MONTH, 100000);
    assert_reads("LIMIT OF 20 REACHED FOR THIS HOUR", QUOTA_HOUR, 20);
    assert_reads("limit of 1000 requests per hour", QUOTA_HOUR, 1000);
    assert_reads("daily limit of 77 reached, today is over", QUOTA_DAY, 77);
    assert_reads("limit of 77 a month", QUOTA_MONTH, 77);
    assert_reads("limit of 77 in 30 days", QUOTA_MONTH, 77);
    assert_reads("limit of 77 in 24 hours", QUOTA_DAY, 77);
    assert_reads("limit of 77 (daily)", QUOTA_DAY, 77);
    assert_reads("limit of 77 (hourly)", QUOTA_HOUR, 77);
    assert_reads("limit of 77 (monthly)", QUOTA_MONTH, 77);
}

/* Else a 2 would be believed for a month. */
static void it_reads_digits_in_groups_of_any_country(void **state)
{
    (void)state;
    assert_reads("limit of 2.000 this hour", QUOTA_HOUR, 2000);
    assert_reads("limit of 2 000 this hour", QUOTA_HOUR, 2000);
    assert_reads("limit of 2'000 this hour", QUOTA_HOUR, 2000);
    assert_reads("limit of 2\xe2\x80\x99"
                 "000 this hour",
                 QUOTA_HOUR, 2000);
    assert_reads("limit of 2\xc2\xa0"
                 "000 this hour",
                 QUOTA_HOUR, 2000);
    assert_reads("limit of 2\xe2\x80\xaf"
                 "000 this hour",
                 QUOTA_HOUR, 2000);
    assert_reads("limit of 1,00,000 this month", QUOTA_MONTH, 100000);
    assert_reads("limit of 2, this hour", QUOTA_HOUR, 2);
    assert_reads("limit of 2,000, this hour", QUOTA_HOUR, 2000);
}

static void what_stands_behind_the_window_names_none(void **state)
{
    (void)state;
    assert_reads("limit of 100,000 reached for this month, try again in 200 hours", QUOTA_MONTH, 100000);
    assert_reads("limit of 900 reached for this day; 3 hours to go, 40 this hour", QUOTA_DAY, 900);
}

static void a_number_that_is_no_limit_is_not_taken_for_one(void **state)
{
    (void)state;
    assert_reads("limit of your plan reached for this hour, see RFC 6585", QUOTA_HOUR, 0);
    assert_reads("limit of -5 reached for this hour", QUOTA_HOUR, 0);
}

static void a_number_alone_names_the_window_of_that_limit(void **state)
{
    (void)state;
    assert_reads("limit of 2,000 reached", QUOTA_HOUR, 2000);
    assert_reads("limit of 10.000 reached", QUOTA_DAY, 10000);
    assert_reads("limit of 100000 reached", QUOTA_MONTH, 100000);
    assert_false(reading("limit of 3,000 reached").named);
    assert_false(reading("limit of requests reached").named);
}

static void what_names_no_window_is_about_too_many_at_a_time(void **state)
{
    (void)state;
    assert_false(reading("").named);
    assert_false(reading("Too many requests").named);
    assert_false(reading("too many concurrent requests, try again in an hour").named);
    assert_false(reading("limit of ").named);
    assert_false(reading("limit of").named);
    struct quota_refusal r;
    quota_read_refusal(NULL, 0, &enterprise, &r);
    assert_false(r.named);
}

static void a_huge_number_is_cut(void **state)
{
    (void)state;
    struct quota_refusal r = reading("limit of 99999999999999999999999999999999999999 this hour");
    assert_true(r.named);
    assert_true(r.limit >= 1000000000);
    assert_true(r.limit < INT64_C(100000000000));
}

static void a_nul_hides_nothing_and_the_end_is_the_end(void **state)
{
    (void)state;
    static const char text[] = "a\0b limit of\0"
                               "2,000\0reached for this hour";
    struct quota_refusal r;
    quota_read_refusal(text, sizeof text - 1, &enterprise, &r);
    assert_true(r.named);
    assert_int_equal(r.limit, 2000);
    quota_read_refusal("limit of 2,000 reached for this hour", 14, &enterprise, &r);
    assert_true(r.named); /* by its number */
    quota_read_refusal("limit of 2,000 reached for this hour", 12, &enterprise, &r);
    assert_false(r.named); /* "2,0" */
}

static void ten_kilobytes_are_no_matter(void **state)
{
    (void)state;
    static const char text[] = "limit of 2,000 reached for this hour";
    char *body = malloc(10240);
    struct quota_refusal r;
    assert_non_null(body);
    memset(body, '9', 10240);
    memcpy(body + 3000, text, sizeof text - 1);
    quota_read_refusal(body, 10240, &enterprise, &r);
    assert_true(r.named);
    assert_int_equal(r.limit, 2000);
    memset(body, '9', 10240);
    memcpy(body + 4090, "limit of 2,000", 14); /* cut where we stop reading */
    quota_read_refusal(body, 10240, &enterprise, &r);
    assert_false(r.named);
    free(body);
}

static void any_bytes_at_all_do_no_harm(void **state)
{
    (void)state;
    static const char pieces[][16] = {"limit of ", "2",    "000",     ",",    " ", "\xc2\xa0",
                                      "\xe2",      "hour", "30 days", "\xff", "-"};
    unsigned random = 1;
    for (int i = 0; i < 20000; i++) {
        char *body = malloc(256); /* of its own, for the sanitizers */
        size_t length = 0;
        assert_non_null(body);
        while (length < 200 && (random = random * 1103515245 + 12345) >> 16 & 15) {
            const char *piece = pieces[(random >> 20) % 11];
            memcpy(body + length, piece, strlen(piece));
            length += strlen(piece);
        }
        char *exact = realloc(body, length + !length);
        struct quota_refusal r;
        quota_read_refusal(exact, length, &enterprise, &r);
        assert_true(r.limit >= 0);
        free(exact);
    }
}

/* --- what follows --- */

static void refuse(struct quota *q, enum quota_window window, int64_t limit, int64_t retry_after, double draw)
{
    const struct quota_refusal r = {.named = true, .window = window, .limit = limit};
    quota_refuse(q, &enterprise, &r, retry_after, draw);
}

static int64_t closed_by(enum quota_window window, int64_t retry_after, double draw)
{
    struct quota q = fresh();
    refuse(&q, window, 0, retry_after, draw);
    assert_int_equal(quota_left(&q, &enterprise, QUOTA_PERSON), 0);
    return quota_wait(&q, &enterprise, QUOTA_PERSON, NULL);
}

static void it_is_closed_until_the_boundary_and_one_to_five_minutes(void **state)
{
    (void)state;
    assert_int_equal(closed_by(QUOTA_HOUR, UNNAMED, 0), 51 * USEC_PER_MIN);
    assert_int_equal(closed_by(QUOTA_HOUR, UNNAMED, 0.5), 53 * USEC_PER_MIN);
    assert_int_equal(closed_by(QUOTA_HOUR, UNNAMED, 1), 55 * USEC_PER_MIN);
    assert_int_equal(closed_by(QUOTA_DAY, UNNAMED, 0), 8 * USEC_PER_HOUR + 51 * USEC_PER_MIN);
    assert_int_equal(closed_by(QUOTA_MONTH, UNNAMED, 0),
                     15 * USEC_PER_DAY + 8 * USEC_PER_HOUR + 51 * USEC_PER_MIN);
}

static void the_boundary_is_that_of_the_servers_clock(void **state)
{
    (void)state;
    struct quota q;
    quota_init(&q, NOW);
    quota_advance(&q, 0, NOW + 12345 * USEC_PER_DAY + 20 * USEC_PER_MIN, NOW);
    refuse(&q, QUOTA_HOUR, 0, UNNAMED, 0);
    assert_int_equal(quota_wait(&q, &enterprise, QUOTA_PERSON, NULL), 31 * USEC_PER_MIN);
}

static void retry_after_is_honoured_between_a_second_and_the_window(void **state)
{
    (void)state;
    assert_int_equal(closed_by(QUOTA_HOUR, 0, 0), USEC_PER_SEC);
    assert_int_equal(closed_by(QUOTA_HOUR, USEC_PER_SEC - 1, 0), USEC_PER_SEC);
    assert_int_equal(closed_by(QUOTA_HOUR, 90 * USEC_PER_SEC, 0), 90 * USEC_PER_SEC);
    assert_int_equal(closed_by(QUOTA_HOUR, INT64_MAX, 0), USEC_PER_HOUR);
    assert_int_equal(closed_by(QUOTA_DAY, INT64_MAX, 0), USEC_PER_DAY);
    assert_int_equal(closed_by(QUOTA_MONTH, INT64_MAX, 0), 31 * USEC_PER_DAY);
    assert_int_equal(closed_by(QUOTA_HOUR, INT64_MIN, 0), 51 * USEC_PER_MIN); /* none named */
}

static void assert_next_probe(struct quota *q, enum quota_window window, int64_t delay)
{
    pass(q, q->closed_until - q->time);
    assert_int_equal(quota_wait(q, &enterprise, QUOTA_PERSON, NULL), 0);
    assert_int_equal(quota_left(q, &enterprise, QUOTA_PERSON), 0); /* one probe, no more */
    quota_enter(q, q->time, 1);
    refuse(q, window, 0, UNNAMED, 0);
    assert_int_equal(quota_wait(q, &enterprise, QUOTA_PERSON, NULL), delay);
}

static void probes_that_are_refused_come_again_after_15_30_60_minutes_and_hourly(void **state)
{
    (void)state;
    struct quota q = fresh();
    refuse(&q, QUOTA_HOUR, 0, UNNAMED, 0);
    assert_next_probe(&q, QUOTA_HOUR, 15 * USEC_PER_MIN);
    assert_next_probe(&q, QUOTA_HOUR, 30 * USEC_PER_MIN);
    for (int i = 0; i < 50; i++)
        assert_next_probe(&q, QUOTA_HOUR, USEC_PER_HOUR);
}

static void those_of_the_larger_windows_come_again_daily(void **state)
{
    (void)state;
    for (int w = QUOTA_DAY; w <= QUOTA_MONTH; w++) {
        struct quota q = fresh();
        refuse(&q, (enum quota_window)w, 0, UNNAMED, 0);
        for (int i = 0; i < 10; i++)
            assert_next_probe(&q, (enum quota_window)w, USEC_PER_DAY);
    }
}

static void a_probe_that_finds_another_window_waits_for_its_boundary(void **state)
{
    (void)state;
    struct quota q = fresh();
    refuse(&q, QUOTA_HOUR, 0, UNNAMED, 0);
    assert_next_probe(&q, QUOTA_DAY, 8 * USEC_PER_HOUR); /* it is 16:01 */
}

static void those_in_flight_with_the_first_are_one_refusal(void **state)
{
    (void)state;
    struct quota q = fresh();
    refuse(&q, QUOTA_HOUR, 0, UNNAMED, 0);
    int64_t until = q.closed_until;
    for (int i = 0; i < 29; i++) {
        pass(&q, USEC_PER_SEC);
        refuse(&q, QUOTA_HOUR, 0, i % 2 ? 0 : INT64_MAX, 1);
    }
    assert_int_equal(q.closed_until, until);
    assert_int_equal(q.refusals, 0);
}

static void an_accepted_probe_opens_it_and_forgets_what_others_used(void **state)
{
    (void)state;
    struct quota q = fresh();
    quota_enter(&q, q.time, 100);
    refuse(&q, QUOTA_HOUR, 2000, UNNAMED, 0);
    assert_int_equal(quota_used(&q, QUOTA_HOUR), 2000);
    assert_int_equal(quota_used(&q, QUOTA_DAY), 100);
    pass(&q, 51 * USEC_PER_MIN);
    quota_enter(&q, q.time, 1);
    quota_accept(&q);
    assert_int_equal(quota_used(&q, QUOTA_HOUR), 101);
    assert_int_equal(quota_left(&q, &enterprise, QUOTA_PERSON), 1879);
    struct quota open = q;
    quota_accept(&q);
    assert_memory_equal(&q, &open, sizeof q);
}

static void what_others_used_is_forgotten_with_its_window(void **state)
{
    (void)state;
    struct quota q = fresh();
    refuse(&q, QUOTA_HOUR, 0, UNNAMED, 0);
    assert_int_equal(quota_until(&q, QUOTA_HOUR, 0), 61 * USEC_PER_MIN);
    pass(&q, 61 * USEC_PER_MIN);
    assert_int_equal(quota_used(&q, QUOTA_HOUR), 0);
    assert_int_equal(quota_left(&q, &enterprise, QUOTA_PERSON), 0); /* the probe is due still */
}

/* However often others make it refuse: our own requests stay below the limit with every probe. */
static void probes_stay_below_the_limit_themselves(void **state)
{
    (void)state;
    struct quota q = fresh();
    quota_enter(&q, q.time, 1999);
    refuse(&q, QUOTA_HOUR, 0, 0, 0);
    pass(&q, USEC_PER_SEC);
    assert_int_equal(quota_wait(&q, &enterprise, QUOTA_PERSON, NULL), 0);
    quota_enter(&q, q.time, 1);
    refuse(&q, QUOTA_HOUR, 0, 0, 0);
    assert_int_equal(quota_wait(&q, &enterprise, QUOTA_PERSON, NULL), 61 * USEC_PER_MIN - USEC_PER_SEC);
}

static void a_smaller_limit_is_believed_for_a_month(void **state)
{
    (void)state;
    struct quota q = fresh();
    refuse(&q, QUOTA_HOUR, 45, UNNAMED, 0);
    assert_int_equal(quota_limit(&q, &enterprise, QUOTA_HOUR), 45);
    assert_int_equal(quota_allowance(&q, &enterprise, QUOTA_PERSON, QUOTA_HOUR), 44);
    assert_int_equal(quota_limit(&q, &enterprise, QUOTA_DAY), 10000);
    quota_accept(&q);
    pass(&q, 31 * USEC_PER_DAY);
    assert_int_equal(quota_limit(&q, &enterprise, QUOTA_HOUR), 45);
    pass(&q, 1);
    assert_int_equal(quota_limit(&q, &enterprise, QUOTA_HOUR), 2000);
}

static void a_larger_limit_than_ours_is_not_believed(void **state)
{
    (void)state;
    struct quota q = fresh();
    refuse(&q, QUOTA_HOUR, 1000000, UNNAMED, 0);
    assert_int_equal(quota_limit(&q, &enterprise, QUOTA_HOUR), 2000);
    const struct quota_limits lower = {.most = {30, 100, 1000}, .share = 50};
    q.counts[QUOTA_HOUR].learnt = 45; /* and the settings were changed */
    assert_int_equal(quota_limit(&q, &lower, QUOTA_HOUR), 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_reads_the_limit_and_the_window),
        cmocka_unit_test(it_reads_digits_in_groups_of_any_country),
        cmocka_unit_test(what_stands_behind_the_window_names_none),
        cmocka_unit_test(a_number_that_is_no_limit_is_not_taken_for_one),
        cmocka_unit_test(a_number_alone_names_the_window_of_that_limit),
        cmocka_unit_test(what_names_no_window_is_about_too_many_at_a_time),
        cmocka_unit_test(a_huge_number_is_cut),
        cmocka_unit_test(a_nul_hides_nothing_and_the_end_is_the_end),
        cmocka_unit_test(ten_kilobytes_are_no_matter),
        cmocka_unit_test(any_bytes_at_all_do_no_harm),
        cmocka_unit_test(it_is_closed_until_the_boundary_and_one_to_five_minutes),
        cmocka_unit_test(the_boundary_is_that_of_the_servers_clock),
        cmocka_unit_test(retry_after_is_honoured_between_a_second_and_the_window),
        cmocka_unit_test(probes_that_are_refused_come_again_after_15_30_60_minutes_and_hourly),
        cmocka_unit_test(those_of_the_larger_windows_come_again_daily),
        cmocka_unit_test(a_probe_that_finds_another_window_waits_for_its_boundary),
        cmocka_unit_test(those_in_flight_with_the_first_are_one_refusal),
        cmocka_unit_test(an_accepted_probe_opens_it_and_forgets_what_others_used),
        cmocka_unit_test(what_others_used_is_forgotten_with_its_window),
        cmocka_unit_test(probes_stay_below_the_limit_themselves),
        cmocka_unit_test(a_smaller_limit_is_believed_for_a_month),
        cmocka_unit_test(a_larger_limit_than_ours_is_not_believed),
    };
    return cmocka_run_group_tests_name("quota_refusal", tests, NULL, NULL);
}
