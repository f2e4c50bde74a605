#include "flexsync/stats.h"

#include "flexsync/cleanup.h"
#include "flexsync/error.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR     3600
#define DAY      86400
#define NOW      (INT64_C(20000) * DAY)
#define KEYS_MAX 40

/* --- a sink that has nothing but meta, in memory --- */

struct meta {
    char key[40], value[64];
};

struct memory {
    struct meta rows[KEYS_MAX];
    size_t count, gets, sets;
    size_t get_fails, set_fails; /* the so many-th; 0: none */
    int64_t now;                 /* of the last set */
};

static struct meta *find(struct memory *memory, const char *key)
{
    for (size_t i = 0; i < memory->count; i++)
        if (strcmp(memory->rows[i].key, key) == 0)
            return &memory->rows[i];
    return NULL;
}

static void put(struct memory *memory, const char *key, const char *value)
{
    struct meta *row = find(memory, key);
    if (!row) {
        assert_true(memory->count < KEYS_MAX);
        row = &memory->rows[memory->count++];
    }
    (void)snprintf(row->key, sizeof row->key, "%s", key);
    (void)snprintf(row->value, sizeof row->value, "%s", value);
}

static int meta_get(void *self, const char *key, char **ret, struct error *err)
{
    struct memory *memory = self;
    const struct meta *row = find(memory, key);
    if (++memory->gets == memory->get_fails)
        return error_set(err, ERROR_STORE_BUSY, RETRY_LATER, "get");
    if (!row)
        return 0;
    *ret = strdup(row->value);
    assert_non_null(*ret);
    return 1;
}

static int meta_set(void *self, const char *key, const char *value, int64_t now, struct error *err)
{
    struct memory *memory = self;
    if (++memory->sets == memory->set_fails)
        return error_set(err, ERROR_STORE_FULL, RETRY_LATER, "set");
    put(memory, key, value);
    memory->now = now;
    return 0;
}

static struct sink sink_of(struct memory *memory)
{
    return (struct sink){.self = memory, .meta_get = meta_get, .meta_set = meta_set};
}

static struct stats load(struct memory *memory)
{
    struct sink sink = sink_of(memory);
    struct stats stats;
    struct error err = {0};
    memset(&stats, 0x5a, sizeof stats);
    assert_int_equal(stats_load(&stats, &sink, &err), 0);
    assert_int_equal(err.code, ERROR_NONE);
    return stats;
}

static void save(struct memory *memory, const struct stats *stats, const struct stats *before)
{
    struct sink sink = sink_of(memory);
    struct error err = {0};
    memory->sets = 0;
    assert_int_equal(stats_save(stats, before, &sink, NOW, &err), 0);
}

static struct stats start(void)
{
    struct memory memory = {0};
    return load(&memory);
}

static struct stats some_stats(void)
{
    return (struct stats){.prior = {.a = 0.75, .b = 12.5, .shown = 0.4},
                          .fitted = 1699,
                          .fitted_at = NOW - 1,
                          .theta = 0.0123456789,
                          .listed_at = NOW - 2,
                          .listed_total = 1700,
                          .listed_pages = 3,
                          .zero_based = 1,
                          .signals = 12.25,
                          .tokens = -1234.5,
                          .paced_at = NOW - 3,
                          .verdict = FEED_HONOURED,
                          .judged_at = NOW - 4,
                          .feed_at = NOW - 5,
                          .feed_read_at = NOW - 6,
                          .feed_newest = NOW - 7};
}

static void assert_near(double is, double should, double within)
{
    if (!(fabs(is - should) <= within))
        fail_msg("%.12g is not within %g of %.12g", is, within, should);
}

static void assert_same(const struct stats *is, const struct stats *should)
{
    assert_near(is->prior.a, should->prior.a, 1e-8 * should->prior.a);
    assert_near(is->prior.b, should->prior.b, 1e-8 * should->prior.b);
    assert_near(is->prior.shown, should->prior.shown, 1e-8);
    assert_int_equal(is->fitted, should->fitted);
    assert_int_equal(is->fitted_at, should->fitted_at);
    assert_near(is->theta, should->theta, 1e-8 * fabs(should->theta));
    assert_int_equal(is->listed_at, should->listed_at);
    assert_int_equal(is->listed_total, should->listed_total);
    assert_int_equal(is->listed_pages, should->listed_pages);
    assert_int_equal(is->zero_based, should->zero_based);
    assert_near(is->signals, should->signals, 1e-8 * fabs(should->signals));
    assert_near(is->tokens, should->tokens, 1e-8 * fabs(should->tokens));
    assert_int_equal(is->paced_at, should->paced_at);
    assert_int_equal(is->verdict, should->verdict);
    assert_int_equal(is->judged_at, should->judged_at);
    assert_int_equal(is->feed_at, should->feed_at);
    assert_int_equal(is->feed_read_at, should->feed_read_at);
    assert_int_equal(is->feed_newest, should->feed_newest);
}

/* --- meta --- */

static void without_a_row_there_are_start_values(void **state)
{
    (void)state;
    struct stats is = start(), should = {.prior = planner_prior_start};
    assert_same(&is, &should);
}

static void what_is_saved_is_loaded_again(void **state)
{
    (void)state;
    struct memory memory = {0};
    struct stats before = start(), stats = some_stats();
    save(&memory, &stats, &before);
    struct stats is = load(&memory);
    assert_same(&is, &stats);
    assert_int_equal(memory.now, NOW);
    assert_int_equal(memory.count, 18);
}

static void the_least_and_the_largest_come_back_as_well(void **state)
{
    (void)state;
    struct memory memory = {0};
    struct stats before = start(), stats = some_stats();
    stats.prior = (struct planner_prior){.a = 1e-7, .b = 3e4, .shown = 0.02};
    stats.theta = 1e-12;
    stats.tokens = 1e9;
    stats.signals = 123456.7;
    stats.feed_newest = INT64_C(1) << 40;
    save(&memory, &stats, &before);
    struct stats is = load(&memory);
    assert_same(&is, &stats);
}

static void what_did_not_change_is_not_written(void **state)
{
    (void)state;
    struct memory memory = {0};
    struct stats before = some_stats(), stats = before;
    save(&memory, &stats, &before);
    assert_int_equal(memory.sets, 0);
    stats.listed_at++;
    stats.theta *= 2;
    save(&memory, &stats, &before);
    assert_int_equal(memory.sets, 2);
    assert_int_equal(memory.count, 2);
    assert_string_equal(find(&memory, "planner.theta")->value, "0.0246913578");
    assert_non_null(find(&memory, "listing.at"));
}

static void what_was_loaded_and_left_alone_is_not_written_back(void **state)
{
    (void)state;
    struct memory memory = {0};
    struct stats before = start(), stats = some_stats();
    stats.theta = 1.0 / 3; /* no text holds it exactly */
    save(&memory, &stats, &before);
    stats = before = load(&memory);
    save(&memory, &stats, &before);
    assert_int_equal(memory.sets, 0);
}

static const char *const keys[] = {
    "planner.a",       "planner.b",    "planner.shown", "planner.fitted", "planner.fitted_at",
    "planner.theta",   "listing.at",   "listing.total", "listing.pages",  "listing.zero_based",
    "listing.signals", "pace.tokens",  "pace.at",       "feed.verdict",   "feed.judged_at",
    "feed.at",         "feed.read_at", "feed.newest"};

static void what_cannot_be_read_has_its_start_value(void **state)
{
    (void)state;
    static const char *const garbage[] = {"",    " ",    "x",     "12x", "1 2", "nan",  "-nan",
                                          "inf", "-inf", "1e999", "--1", "1,5", "0.5.1"};
    struct stats should = start();
    for (size_t i = 0; i < ARRAY_LENGTH(garbage); i++) {
        struct memory memory = {0};
        for (size_t k = 0; k < ARRAY_LENGTH(keys); k++)
            put(&memory, keys[k], garbage[i]);
        struct stats is = load(&memory);
        assert_same(&is, &should);
    }
}

static void one_that_cannot_be_read_leaves_the_others_alone(void **state)
{
    (void)state;
    struct stats before = start(), stats = some_stats();
    for (size_t k = 3; k < ARRAY_LENGTH(keys); k++) {
        struct memory memory = {0};
        save(&memory, &stats, &before);
        put(&memory, keys[k], "?");
        struct stats is = load(&memory);
        assert_near(is.prior.a, stats.prior.a, 1e-8);
        put(&memory, keys[k], "0");
        struct stats zero = load(&memory);
        assert_same(&is, &zero);
    }
}

static int64_t listed_at(const char *text)
{
    struct memory memory = {0};
    put(&memory, "listing.at", text);
    return load(&memory).listed_at;
}

static void points_in_time_are_whole_and_not_negative_and_no_overflow(void **state)
{
    (void)state;
    assert_int_equal(listed_at("1700000000"), 1700000000);
    assert_int_equal(listed_at("-1"), 0);
    assert_int_equal(listed_at("1700000000.5"), 0);
    assert_int_equal(listed_at("1e9"), 0);
    assert_int_equal(listed_at("9223372036854775807"), 0);
    assert_int_equal(listed_at("99999999999999999999999"), 0);
    assert_int_equal(listed_at("-99999999999999999999999"), 0);
}

static void assert_no_prior(const char *key, const char *value)
{
    struct memory memory = {0};
    struct stats before = start(), stats = some_stats();
    save(&memory, &stats, &before);
    put(&memory, key, value);
    struct stats is = load(&memory);
    assert_true(is.prior.a == planner_prior_start.a);
    assert_true(is.prior.b == planner_prior_start.b);
    assert_true(is.prior.shown == planner_prior_start.shown);
    assert_int_equal(is.fitted, 1699);
}

static void a_prior_that_is_none_is_the_start_value_as_a_whole(void **state)
{
    (void)state;
    assert_no_prior("planner.a", "0");
    assert_no_prior("planner.a", "-1");
    assert_no_prior("planner.b", "0");
    assert_no_prior("planner.b", "-11");
    assert_no_prior("planner.shown", "0");
    assert_no_prior("planner.shown", "1");
    assert_no_prior("planner.shown", "-0.3");
}

static void a_verdict_that_there_is_not_is_unknown(void **state)
{
    (void)state;
    for (int verdict = 0; verdict < 9; verdict++) {
        struct memory memory = {0};
        char text[] = {(char)('0' + verdict), 0};
        put(&memory, "feed.verdict", text);
        assert_int_equal(load(&memory).verdict, verdict <= FEED_IGNORED ? verdict : FEED_UNKNOWN_YET);
    }
}

static void a_sink_that_fails_to_read_is_passed_on(void **state)
{
    (void)state;
    for (size_t n = 1; n <= ARRAY_LENGTH(keys); n++) {
        struct memory memory = {.get_fails = n};
        struct sink sink = sink_of(&memory);
        struct stats stats;
        struct error err = {0};
        for (size_t k = 0; k < ARRAY_LENGTH(keys); k++)
            put(&memory, keys[k], "1");
        assert_int_equal(stats_load(&stats, &sink, &err), -1);
        assert_int_equal(err.code, ERROR_STORE_BUSY);
        assert_int_equal(memory.gets, n);
    }
}

static void a_sink_that_fails_to_write_is_passed_on(void **state)
{
    (void)state;
    for (size_t n = 1; n <= ARRAY_LENGTH(keys); n++) {
        struct memory memory = {.set_fails = n};
        struct sink sink = sink_of(&memory);
        struct stats before = start(), stats = some_stats();
        struct error err = {0};
        assert_int_equal(stats_save(&stats, &before, &sink, NOW, &err), -1);
        assert_int_equal(err.code, ERROR_STORE_FULL);
        assert_int_equal(memory.count, n - 1); /* what was written before is true by itself */
        assert_int_equal(stats_save(&stats, &before, &sink, NOW, &err), 0);
        assert_int_equal(memory.count, ARRAY_LENGTH(keys));
    }
}

/* --- the pace --- */

static void requests_accrue_with_time_up_to_the_most(void **state)
{
    (void)state;
    struct stats stats = start();
    assert_near(stats_accrue(&stats, 2400, 100, NOW), 0, 0); /* nothing before the first call */
    assert_near(stats_accrue(&stats, 2400, 100, NOW + 36), 1, 1e-9);
    assert_near(stats_accrue(&stats, 2400, 100, NOW + 36), 1, 1e-9);
    assert_near(stats_accrue(&stats, 2400, 100, NOW + HOUR), 100, 1e-9);
    assert_near(stats_accrue(&stats, 2400, 100, NOW + 30 * DAY), 100, 1e-9);
    assert_near(stats_accrue(&stats, 2400, 50, NOW + 30 * DAY), 50, 1e-9); /* other settings */
}

static void eight_may_always_be_saved_up(void **state)
{
    (void)state;
    struct stats stats = start();
    (void)stats_accrue(&stats, 24, 0.25, NOW);
    assert_near(stats_accrue(&stats, 24, 0.25, NOW + 3 * HOUR), 3, 1e-9);
    assert_near(stats_accrue(&stats, 24, 0.25, NOW + 30 * DAY), 8, 1e-9);
}

static void a_debt_is_paid_before_anything_is_sent(void **state)
{
    (void)state;
    struct stats stats = start();
    (void)stats_accrue(&stats, 2400, 25, NOW);
    stats_spend(&stats, 2400, 150);
    assert_near(stats.tokens, -150, 1e-9);
    assert_near(stats_accrue(&stats, 2400, 25, NOW + HOUR), -50, 1e-9);
    assert_near(stats_accrue(&stats, 2400, 25, NOW + 2 * HOUR), 25, 1e-9);
}

static void a_debt_is_of_a_days_budget_at_the_most(void **state)
{
    (void)state;
    struct stats stats = start();
    stats_spend(&stats, 2400, 2399);
    assert_near(stats.tokens, -2399, 1e-9);
    for (int i = 0; i < 5; i++)
        stats_spend(&stats, 2400, 2000);
    assert_near(stats.tokens, -2400, 1e-9);
    stats_spend(&stats, 24, 1); /* smaller settings */
    assert_near(stats.tokens, -24, 1e-9);
}

static void a_clock_that_goes_back_costs_no_more_than_it_took_back(void **state)
{
    (void)state;
    struct stats stats = start();
    (void)stats_accrue(&stats, 2400, 100, NOW);
    assert_near(stats_accrue(&stats, 2400, 100, NOW + 36), 1, 1e-9);
    assert_near(stats_accrue(&stats, 2400, 100, NOW - 365 * DAY), 1, 1e-9);
    assert_near(stats_accrue(&stats, 2400, 100, NOW - 365 * DAY + 36), 2, 1e-9);
}

static void a_clock_that_jumps_forth_and_back_gives_no_more_than_the_most(void **state)
{
    (void)state;
    struct stats stats = start();
    int64_t now = NOW;
    double sent = 0;
    for (int i = 0; i < 24; i++, now += HOUR) {
        double tokens = stats_accrue(&stats, 2400, 100, i % 2 ? now + 40 * DAY : now);
        int64_t spend = tokens > 0 ? (int64_t)tokens : 0;
        stats_spend(&stats, 2400, spend);
        sent += (double)spend;
    }
    assert_true(sent <= 2400);
}

struct month {
    double sent, busiest, idlest; /* in all; and in a day after the first */
};

/* 31 days of cycles that spend whatever they may. */
static struct month spend_month(double budget, int64_t interval)
{
    struct stats stats = start();
    struct month month = {.idlest = INFINITY};
    double days[32] = {0}, most = budget * (double)interval / DAY;
    for (int64_t now = NOW; now < NOW + 31 * DAY; now += interval) {
        double tokens = stats_accrue(&stats, budget, most, now);
        int64_t spend = tokens >= 1 ? (int64_t)tokens : 0;
        stats_spend(&stats, budget, spend);
        days[(now - NOW) / DAY] += (double)spend;
        month.sent += (double)spend;
    }
    for (int i = 1; i < 31; i++) {
        month.busiest = fmax(month.busiest, days[i]);
        month.idlest = fmin(month.idlest, days[i]);
    }
    return month;
}

static void a_month_is_spent_evenly_and_never_more_than_the_budget(void **state)
{
    (void)state;
    const double budgets[] = {1, 30, 300, 700, 2880, 3000, 30000};
    for (size_t i = 0; i < ARRAY_LENGTH(budgets); i++)
        for (int64_t interval = 300; interval <= 6 * HOUR; interval *= 3) {
            double budget = budgets[i], burst = fmax(8, budget * (double)interval / DAY) + 1;
            struct month month = spend_month(budget, interval);
            assert_true(month.sent <= 31 * budget + 1e-6);
            assert_true(month.busiest <= budget + burst);
            assert_true(month.idlest >= 0.88 * budget - burst);
        }
}

/* --- listings --- */

static void a_listing_that_was_never_whole_is_due(void **state)
{
    (void)state;
    struct stats stats = start();
    assert_true(stats_listing_is_due(&stats, 3000, NOW));
    stats_listed(&stats, 1, 1699, 0, NOW);
    assert_false(stats_listing_is_due(&stats, 3000, NOW));
    assert_int_equal(stats.listed_at, NOW);
    assert_int_equal(stats.listed_pages, 1);
    assert_int_equal(stats.listed_total, 1699);
}

static void a_listing_is_due_when_its_interval_is_over(void **state)
{
    (void)state;
    struct stats stats = start();
    stats.listed_at = NOW;
    stats.listed_pages = 1;
    stats.theta = 0.5;
    stats.signals = 16; /* sqrt(2 * 1 * 0.5 / 16): six hours */
    assert_false(stats_listing_is_due(&stats, 3000, NOW + 6 * HOUR - 1));
    assert_true(stats_listing_is_due(&stats, 3000, NOW + 6 * HOUR));
    assert_false(stats_listing_is_due(&stats, 10, NOW + DAY / 2 - 1)); /* a fifth of ten a day */
    assert_true(stats_listing_is_due(&stats, 10, NOW + DAY / 2));
    assert_true(stats_listing_is_due(&stats, 3000, NOW - 1)); /* the clock went back */
}

static void what_listings_show_is_averaged_over_a_week(void **state)
{
    (void)state;
    struct stats stats = start();
    stats_listed(&stats, 1, 100, 50, NOW); /* since when is not known */
    assert_near(stats.signals, 0, 0);
    stats_listed(&stats, 1, 100, 70, NOW + 7 * DAY);
    assert_near(stats.signals, 10 * (1 - exp(-1)), 1e-9);
    for (int64_t i = 1; i < 100 * 24; i++)
        stats_listed(&stats, 1, 100, i % 24 ? 0 : 24, NOW + 7 * DAY + i * HOUR);
    assert_near(stats.signals, 24, 2.5);
}

static void how_often_it_is_listed_does_not_change_the_average(void **state)
{
    (void)state;
    struct stats often = start(), rarely = start();
    often.signals = rarely.signals = 5;
    often.listed_at = rarely.listed_at = NOW;
    for (int64_t i = 1; i <= 100; i++)
        stats_listed(&often, 1, 100, 2, NOW + i * HOUR);
    stats_listed(&rarely, 1, 100, 200, NOW + 100 * HOUR);
    assert_near(often.signals, rarely.signals, 1e-9);
}

static void a_listing_from_after_now_teaches_nothing_and_is_replaced(void **state)
{
    (void)state;
    struct stats stats = start();
    stats.signals = 5;
    stats_listed(&stats, 1, 100, 9, NOW);
    stats.signals = 5;
    stats_listed(&stats, 2, 101, 9, NOW);
    stats_listed(&stats, 2, 101, 9, NOW - DAY);
    assert_near(stats.signals, 5, 0);
    assert_int_equal(stats.listed_at, NOW - DAY);
    assert_int_equal(stats.listed_pages, 2);
}

/* --- the feed --- */

static void the_feed_is_due_when_a_fifth_of_the_budget_carries_it(void **state)
{
    (void)state;
    struct stats stats = start();
    assert_true(stats_feed_is_due(&stats, 3000, 2, NOW));
    stats.feed_at = NOW;
    assert_false(stats_feed_is_due(&stats, 100, 2, NOW + DAY / 10 - 1));
    assert_true(stats_feed_is_due(&stats, 100, 2, NOW + DAY / 10));
    assert_false(stats_feed_is_due(&stats, 100, 4, NOW + DAY / 10));
    assert_true(stats_feed_is_due(&stats, 100, 4, NOW + DAY / 5));
    assert_true(stats_feed_is_due(&stats, 100, 2, NOW - 1)); /* the clock went back */
    assert_false(stats_feed_is_due(&stats, 0, 2, NOW + 1000 * DAY));
}

static void a_probe_is_repeated_hourly_until_it_tells_and_monthly_after_a_no(void **state)
{
    (void)state;
    struct stats stats = start();
    assert_true(stats_probe_is_due(&stats, NOW));
    stats.judged_at = NOW;
    assert_false(stats_probe_is_due(&stats, NOW + HOUR - 1));
    assert_true(stats_probe_is_due(&stats, NOW + HOUR));
    stats.verdict = FEED_IGNORED;
    assert_false(stats_probe_is_due(&stats, NOW + 30 * DAY - 1));
    assert_true(stats_probe_is_due(&stats, NOW + 30 * DAY));
    assert_true(stats_probe_is_due(&stats, NOW - 1)); /* the clock went back */
}

static void an_order_that_is_honoured_is_not_probed_again(void **state)
{
    (void)state;
    struct stats stats = start();
    stats.verdict = FEED_HONOURED;
    stats.judged_at = NOW;
    assert_false(stats_probe_is_due(&stats, NOW + 1000 * DAY));
    assert_false(stats_probe_is_due(&stats, NOW - 1000 * DAY));
}

/* --- theta --- */

static void theta_begins_with_the_first_plan_and_follows_slowly(void **state)
{
    (void)state;
    struct stats stats = start();
    stats_theta(&stats, 4);
    assert_near(stats.theta, 4, 1e-12);
    stats_theta(&stats, 14);
    assert_near(stats.theta, 5, 1e-12);
    for (int i = 0; i < 200; i++)
        stats_theta(&stats, 1);
    assert_near(stats.theta, 1, 1e-6);
}

static void a_theta_that_is_none_is_replaced(void **state)
{
    (void)state;
    struct stats stats = start();
    stats.theta = -7; /* by hand */
    stats_theta(&stats, 2);
    assert_near(stats.theta, 2, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_row_there_are_start_values),
        cmocka_unit_test(what_is_saved_is_loaded_again),
        cmocka_unit_test(the_least_and_the_largest_come_back_as_well),
        cmocka_unit_test(what_did_not_change_is_not_written),
        cmocka_unit_test(what_was_loaded_and_left_alone_is_not_written_back),
        cmocka_unit_test(what_cannot_be_read_has_its_start_value),
        cmocka_unit_test(one_that_cannot_be_read_leaves_the_others_alone),
        cmocka_unit_test(points_in_time_are_whole_and_not_negative_and_no_overflow),
        cmocka_unit_test(a_prior_that_is_none_is_the_start_value_as_a_whole),
        cmocka_unit_test(a_verdict_that_there_is_not_is_unknown),
        cmocka_unit_test(a_sink_that_fails_to_read_is_passed_on),
        cmocka_unit_test(a_sink_that_fails_to_write_is_passed_on),
        cmocka_unit_test(requests_accrue_with_time_up_to_the_most),
        cmocka_unit_test(eight_may_always_be_saved_up),
        cmocka_unit_test(a_debt_is_paid_before_anything_is_sent),
        cmocka_unit_test(a_debt_is_of_a_days_budget_at_the_most),
        cmocka_unit_test(a_clock_that_goes_back_costs_no_more_than_it_took_back),
        cmocka_unit_test(a_clock_that_jumps_forth_and_back_gives_no_more_than_the_most),
        cmocka_unit_test(a_month_is_spent_evenly_and_never_more_than_the_budget),
        cmocka_unit_test(a_listing_that_was_never_whole_is_due),
        cmocka_unit_test(a_listing_is_due_when_its_interval_is_over),
        cmocka_unit_test(what_listings_show_is_averaged_over_a_week),
        cmocka_unit_test(how_often_it_is_listed_does_not_change_the_average),
        cmocka_unit_test(a_listing_from_after_now_teaches_nothing_and_is_replaced),
        cmocka_unit_test(the_feed_is_due_when_a_fifth_of_the_budget_carries_it),
        cmocka_unit_test(a_probe_is_repeated_hourly_until_it_tells_and_monthly_after_a_no),
        cmocka_unit_test(an_order_that_is_honoured_is_not_probed_again),
        cmocka_unit_test(theta_begins_with_the_first_plan_and_follows_slowly),
        cmocka_unit_test(a_theta_that_is_none_is_replaced),
    };
    return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
