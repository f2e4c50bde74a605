/* Rates, the benefit of a fetch, and what an answer tells. */
#include "flexsync/cleanup.h"
#include "planner_bench.h"

#include <string.h>

#define STEPS 4000 /* of a quadrature */

/* --- section 2 of the specification, computed anew: days, and integrals where it has closed forms --- */

static double spec_days(int64_t then, int64_t now)
{
    return now > then ? (double)(now - then) / DAY : 0;
}

static double spec_l(const struct planner_prior *p, const struct figures *f)
{
    double e = f->first_changed ? 1 : 0, xh = (1 - p->shown) * e + (double)f->hidden;
    double th = spec_days(0, f->hidden_watched);
    return ((1 - p->shown) * p->a + xh) / (p->b + th);
}

static double spec_v(const struct planner_prior *p, const struct figures *f, int64_t now)
{
    double e = f->first_changed ? 1 : 0, xv = p->shown * e + (double)f->listed;
    return (p->shown * p->a + xv) / (p->b + spec_days(f->watched_since, now));
}

/* Simpson's: of x*exp(-l*x), or of x*(1-exp(-l*x)), from 0 to s. */
static double integral(double l, double s, bool complement)
{
    double sum = 0, step = s / STEPS;
    for (int i = 0; i <= STEPS; i++) {
        double x = step * i, weight = i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2;
        sum += weight * x * (complement ? -expm1(-l * x) : exp(-l * x));
    }
    return sum * step / 3;
}

static double spec_benefit(const struct planner_prior *p, const struct figures *f, double kappa, int64_t now)
{
    double l = spec_l(p, f), v = spec_v(p, f, now), t = spec_days(f->checked, now);
    double s = f->signalled ? spec_days(f->checked, f->signalled) : t;
    double gain = f->signalled ? 1 / (l + v) : l * integral(l, s, false);
    return gain + kappa * ((t * t - s * s) / 2 + integral(l, s, true));
}

/* --- made-up records --- */

static struct planner_prior some_prior(uint64_t *seed)
{
    return (struct planner_prior){.a = 0.05 + 3 * random_unit(seed),
                                  .b = 0.5 + 400 * random_unit(seed),
                                  .shown = 0.02 + 0.96 * random_unit(seed)};
}

/* The prior of which such records have l hidden edits a day. */
static struct planner_prior rate(double l)
{
    return (struct planner_prior){.a = 2 * l, .b = 1, .shown = 0.5};
}

/* --- rates --- */

static void rates_are_those_of_the_specification(void **state)
{
    (void)state;
    for (uint64_t seed = 1, i = 0; i < 2000; i++) {
        struct planner_prior prior = some_prior(&seed);
        struct figures figures = some_figures(&seed);
        assert_near(planner_hidden_rate(&prior, &figures), spec_l(&prior, &figures), 1e-12);
        assert_near(planner_listed_rate(&prior, &figures, NOW), spec_v(&prior, &figures, NOW), 1e-12);
    }
}

static void a_record_of_which_nothing_is_known_has_the_priors_rate(void **state)
{
    (void)state;
    const struct planner_prior prior = {.a = 0.6, .b = 12, .shown = 0.25};
    const struct figures figures = {.checked = NOW, .watched_since = NOW};
    assert_near(planner_hidden_rate(&prior, &figures), 0.75 * 0.05, 1e-12);
    assert_near(planner_listed_rate(&prior, &figures, NOW), 0.25 * 0.05, 1e-12);
}

static void spans_and_counts_below_zero_count_as_none(void **state)
{
    (void)state;
    const struct planner_prior prior = {.a = 0.5, .b = 10, .shown = 0.3};
    const struct figures figures = {
        .watched_since = NOW + DAY, .hidden_watched = -DAY, .hidden = -3, .listed = -3};
    assert_near(planner_hidden_rate(&prior, &figures), 0.035, 1e-12);
    assert_near(planner_listed_rate(&prior, &figures, NOW), 0.015, 1e-12);
}

static void assert_sane(const struct figures *figures, int64_t now)
{
    double rates[] = {planner_hidden_rate(&planner_prior_start, figures),
                      planner_listed_rate(&planner_prior_start, figures, now)};
    assert_between(rates[0], 0, 1e20);
    assert_between(rates[1], 0, 1e20);
    assert_between(planner_benefit(&planner_prior_start, figures, 1, now), 0, 1e30);
}

static void whatever_the_figures_are_rates_and_benefit_are_finite_and_not_negative(void **state)
{
    (void)state;
    const int64_t wild[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, NOW, NOW + 1, INT64_MAX - 1, INT64_MAX};
    for (uint64_t seed = 2, i = 0; i < 20000; i++) {
        int64_t pick[7];
        for (size_t k = 0; k < ARRAY_LENGTH(pick); k++)
            pick[k] = wild[draw_below(&seed, ARRAY_LENGTH(wild))];
        const struct figures figures = {.checked = pick[0],
                                        .watched_since = pick[1],
                                        .hidden_watched = pick[2],
                                        .hidden = pick[3],
                                        .listed = pick[4],
                                        .signalled = pick[5]};
        assert_sane(&figures, pick[6]);
    }
}

/* --- benefit --- */

static void the_benefit_without_a_signal_is_that_of_the_specification(void **state)
{
    (void)state;
    for (uint64_t seed = 3, i = 0; i < 2000; i++) {
        struct planner_prior prior = some_prior(&seed);
        struct figures figures = some_figures(&seed);
        double kappa = random_unit(&seed) * 3;
        assert_near(planner_benefit(&prior, &figures, 0, NOW), spec_benefit(&prior, &figures, 0, NOW), 1e-5);
        assert_near(planner_benefit(&prior, &figures, kappa, NOW), spec_benefit(&prior, &figures, kappa, NOW),
                    5e-4);
    }
}

static void the_benefit_with_a_signal_is_that_of_the_specification(void **state)
{
    (void)state;
    for (uint64_t seed = 4, i = 0; i < 2000; i++) {
        struct planner_prior prior = some_prior(&seed);
        struct figures figures = some_figures(&seed);
        double kappa = random_unit(&seed) * 3;
        figures.signalled = figures.checked + draw_below(&seed, NOW - figures.checked + 1);
        double is = planner_benefit(&prior, &figures, kappa, NOW);
        assert_near(is, spec_benefit(&prior, &figures, kappa, NOW), 5e-4);
        double l = spec_l(&prior, &figures), v = spec_v(&prior, &figures, NOW);
        assert_near(planner_benefit(&prior, &figures, 0, NOW), 1 / (l + v), 1e-12);
    }
}

static void the_benefit_runs_on_where_the_series_ends(void **state)
{
    (void)state;
    struct planner_prior prior = rate(1e-3); /* so z is 1e-3 at an age of a day */
    double below[2] = {0}, step = 1.0 / DAY;
    for (int i = -300; i <= 300; i++) {
        struct figures figures = aged(1);
        figures.checked -= i;
        double t = 1 + i * step, z = 1e-3 * t;
        double is[] = {planner_benefit(&prior, &figures, 0, NOW), planner_benefit(&prior, &figures, 1, NOW)};
        assert_near(is[0], z * t / 2 - z * z * t / 3 + z * z * z * t / 8, 1e-6);
        assert_near(is[1] - is[0], z * t * t / 3 - z * z * t * t / 8, 5e-4);
        assert_true(i == -300 || is[0] > below[0]);
        assert_true(i == -300 || fabs(is[1] / below[1] - 1) < 5e-4);
        memcpy(below, is, sizeof is);
    }
}

static void with_a_signal_the_series_runs_on_as_well(void **state)
{
    (void)state;
    struct planner_prior prior = rate(1e-3);
    double before = 0;
    for (int i = -300; i <= 300; i++) {
        struct figures figures = aged(40);
        figures.signalled = figures.checked + DAY + i;
        double is = planner_benefit(&prior, &figures, 1, NOW);
        assert_near(is, spec_benefit(&prior, &figures, 1, NOW), 1e-6);
        assert_true(i == -300 || fabs(is / before - 1) < 1e-6);
        before = is;
    }
}

static void a_record_just_fetched_is_worth_nothing_and_an_older_one_ever_more(void **state)
{
    (void)state;
    struct planner_prior prior = rate(0.02);
    double before = 0;
    for (int i = 0; i < 3000; i += 7) {
        struct figures figures = aged(i);
        double is = planner_benefit(&prior, &figures, 0.5, NOW);
        assert_true(i == 0 ? is == 0 : is > before);
        before = is;
    }
}

static void freshness_alone_is_worth_no_more_than_the_mean_time_between_edits(void **state)
{
    (void)state;
    struct planner_prior prior = rate(0.1);
    struct figures figures = aged(1e5);
    assert_near(planner_benefit(&prior, &figures, 0, NOW), 10, 1e-9);
}

static void a_signal_makes_a_fetch_worth_more(void **state)
{
    (void)state;
    for (uint64_t seed = 5, i = 0; i < 2000; i++) {
        struct planner_prior prior = some_prior(&seed);
        struct figures figures = some_figures(&seed), silent = figures;
        prior.shown = 0.02;
        figures.listed = silent.listed = 0;
        figures.signalled = figures.checked + 1;
        assert_true(planner_benefit(&prior, &figures, 1, NOW) > planner_benefit(&prior, &silent, 1, NOW));
    }
}

static void a_signal_from_before_the_last_check_counts_from_the_check(void **state)
{
    (void)state;
    struct planner_prior prior = rate(0.02);
    struct figures figures = aged(10);
    figures.signalled = figures.checked - 5 * DAY;
    double l = 0.02, v = 0.02 / (1 + 10), t = 10;
    assert_near(planner_benefit(&prior, &figures, 1, NOW), 1 / (l + v) + t * t / 2, 1e-12);
}

static void a_signal_from_after_now_counts_as_one_of_now(void **state)
{
    (void)state;
    struct planner_prior prior = rate(0.02);
    struct figures figures = aged(1), now = figures;
    figures.signalled = NOW + 300 * DAY; /* the clock went back */
    now.signalled = NOW;
    assert_near(planner_benefit(&prior, &figures, 1, NOW), planner_benefit(&prior, &now, 1, NOW), 1e-12);
}

static void kappa_is_half_the_budget_by_the_records(void **state)
{
    (void)state;
    assert_near(planner_kappa(3000, 1500), 1, 1e-12);
    assert_near(planner_kappa(30, 1700), 0.5 * 30 / 1700, 1e-12);
    assert_true(planner_kappa(3000, 0) == 0);
    assert_true(planner_kappa(3000, -1) == 0);
    assert_true(planner_kappa(0, 1700) == 0);
}

/* --- what is learnt --- */

static void assert_first(int64_t created, int64_t edited, bool changed, int64_t watched)
{
    struct figures f = {.hidden = 7, .listed = 7, .signalled = 7};
    planner_first_fetch(&f, created, edited, NOW);
    assert_int_equal(f.checked, NOW);
    assert_int_equal(f.edited, edited);
    assert_int_equal(f.first_changed, changed);
    assert_int_equal(f.first_watched, watched);
    assert_int_equal(f.hidden_watched, watched);
    assert_int_equal(f.watched_since, NOW - watched);
    assert_int_equal(f.hidden + f.listed + f.signalled, 0);
}

static void the_first_fetch_looks_back_to_the_last_edit(void **state)
{
    (void)state;
    assert_first(NOW - 900, NOW - 400, true, 400);
    assert_first(NOW - 900, NOW - 900, false, 900); /* never edited since it was made */
    assert_first(NOW - 900, 0, false, 900);
    assert_first(0, NOW - 400, false, 400);
    assert_first(0, 0, false, 0);
}

static void dates_of_a_zone_ahead_count_as_now(void **state)
{
    (void)state;
    assert_first(NOW - 900, NOW + 7200, true, 0);
    assert_first(NOW + 7200, NOW + 7200, false, 0);
    assert_first(NOW + 7200, 0, false, 0);
}

static struct figures fetched(void)
{
    struct figures figures;
    planner_first_fetch(&figures, NOW - 900 * DAY, NOW - 400 * DAY, NOW);
    return figures;
}

static int64_t later_watched(bool changed, int64_t edited, int64_t now)
{
    struct figures figures = fetched();
    int64_t before = figures.hidden_watched;
    planner_later_fetch(&figures, changed, edited, now);
    assert_int_equal(figures.checked, now);
    assert_int_equal(figures.watched_since, NOW - 400 * DAY);
    assert_int_equal(figures.first_watched, now < NOW ? 400 * DAY - (NOW - now) : 400 * DAY);
    return figures.hidden_watched - before;
}

static void a_later_fetch_watched_since_the_last_or_since_the_edit(void **state)
{
    (void)state;
    int64_t edited = NOW - 400 * DAY, now = NOW + 10 * DAY;
    assert_int_equal(later_watched(false, edited, now), 10 * DAY);
    assert_int_equal(later_watched(true, edited, now), 10 * DAY); /* changed, but not by an edit */
    assert_int_equal(later_watched(true, NOW + 7 * DAY, now), 3 * DAY);
    assert_int_equal(later_watched(false, NOW + 7 * DAY, now), 3 * DAY);
    assert_int_equal(later_watched(false, 0, now), 10 * DAY);
}

static void a_later_fetch_watched_no_longer_than_since_the_last_and_never_less_than_nothing(void **state)
{
    (void)state;
    int64_t now = NOW + 10 * DAY;
    assert_int_equal(later_watched(true, NOW - 3600, now), 10 * DAY); /* a zone behind */
    assert_int_equal(later_watched(true, now + 7200, now), 0);        /* a zone ahead */
}

/* A clock that was ahead for one fetch: as much is watched as if it had been right. */
static void a_clock_that_was_ahead_is_taken_back(void **state)
{
    (void)state;
    assert_int_equal(later_watched(true, NOW - 400 * DAY, NOW - DAY), -DAY);
    const int64_t ahead[] = {3600, 31 * DAY, 3 * 365 * DAY};
    for (size_t i = 0; i < sizeof ahead / sizeof ahead[0]; i++) {
        struct figures right = fetched(), wrong = right;
        planner_later_fetch(&right, false, 0, NOW + DAY);
        planner_later_fetch(&wrong, false, 0, NOW + DAY + ahead[i]);
        planner_later_fetch(&right, false, 0, NOW + 2 * DAY);
        planner_later_fetch(&wrong, false, 0, NOW + 2 * DAY);
        assert_memory_equal(&wrong, &right, sizeof right);
    }
    struct figures never = {
        .checked = NOW + DAY, .watched_since = NOW + DAY, .signalled = NOW + DAY, .hidden_watched = 5};
    planner_later_fetch(&never, true, 0, NOW);
    assert_int_equal(never.hidden_watched, 0);
    assert_int_equal(never.watched_since, NOW);
}

static void a_date_ahead_that_did_not_move_shortens_nothing(void **state)
{
    (void)state;
    struct figures figures = {.checked = NOW, .edited = NOW + 7200, .watched_since = NOW};
    planner_later_fetch(&figures, false, NOW + 7200, NOW + DAY);
    assert_int_equal(figures.hidden_watched, DAY);
}

static void a_change_that_nobody_announced_is_a_hidden_one(void **state)
{
    (void)state;
    struct figures figures = fetched();
    planner_later_fetch(&figures, true, NOW + DAY, NOW + 2 * DAY);
    assert_int_equal(figures.hidden, 1);
    assert_int_equal(figures.listed, 0);
    assert_int_equal(figures.edited, NOW + DAY);
    planner_later_fetch(&figures, false, NOW + DAY, NOW + 3 * DAY);
    assert_int_equal(figures.hidden, 1);
    planner_later_fetch(&figures, false, 0, NOW + 4 * DAY);
    assert_int_equal(figures.edited, NOW + DAY); /* the same bytes tell no date */
}

static void a_change_that_the_listing_announced_is_not_a_hidden_one_too(void **state)
{
    (void)state;
    struct figures figures = fetched();
    planner_listed(&figures, NOW + DAY);
    planner_listed(&figures, NOW + 2 * DAY);
    assert_int_equal(figures.listed, 2);
    assert_int_equal(figures.signalled, NOW + DAY); /* the first one */
    planner_later_fetch(&figures, true, NOW + DAY, NOW + 3 * DAY);
    assert_int_equal(figures.hidden, 0);
    assert_int_equal(figures.signalled, 0);
    planner_later_fetch(&figures, true, NOW + 4 * DAY, NOW + 5 * DAY);
    assert_int_equal(figures.hidden, 1);
}

static void a_change_that_the_feed_announced_is_counted_once(void **state)
{
    (void)state;
    struct figures figures = fetched();
    int64_t before = figures.hidden_watched;
    planner_fed(&figures, NOW + DAY);
    planner_fed(&figures, NOW + 2 * DAY);
    assert_int_equal(figures.hidden, 1);
    assert_int_equal(figures.signalled, NOW + DAY);
    assert_int_equal(figures.hidden_watched, before + DAY); /* it was watched until the edit */
    planner_later_fetch(&figures, true, NOW + DAY, NOW + 3 * DAY);
    assert_int_equal(figures.hidden, 1);
    planner_listed(&figures, NOW + 4 * DAY);
    planner_fed(&figures, NOW + 5 * DAY);
    assert_int_equal(figures.hidden, 1);
    assert_int_equal(figures.listed, 1);
}

static void time_watched_never_overflows(void **state)
{
    (void)state;
    struct figures figures = {.checked = 1, .hidden_watched = INT64_MAX - 1};
    planner_later_fetch(&figures, false, 0, NOW);
    assert_int_equal(figures.hidden_watched, INT64_MAX);
    figures = (struct figures){.checked = 1, .hidden_watched = INT64_MAX - 1};
    planner_fed(&figures, NOW);
    assert_int_equal(figures.hidden_watched, INT64_MAX);
    planner_first_fetch(&figures, INT64_MIN, INT64_MIN, NOW);
    assert_int_equal(figures.first_watched, INT64_MAX);
    planner_later_fetch(&figures, true, INT64_MAX, INT64_MAX);
    assert_int_equal(figures.hidden_watched, INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_those_of_the_specification),
        cmocka_unit_test(a_record_of_which_nothing_is_known_has_the_priors_rate),
        cmocka_unit_test(spans_and_counts_below_zero_count_as_none),
        cmocka_unit_test(whatever_the_figures_are_rates_and_benefit_are_finite_and_not_negative),
        cmocka_unit_test(the_benefit_without_a_signal_is_that_of_the_specification),
        cmocka_unit_test(the_benefit_with_a_signal_is_that_of_the_specification),
        cmocka_unit_test(the_benefit_runs_on_where_the_series_ends),
        cmocka_unit_test(with_a_signal_the_series_runs_on_as_well),
        cmocka_unit_test(a_record_just_fetched_is_worth_nothing_and_an_older_one_ever_more),
        cmocka_unit_test(freshness_alone_is_worth_no_more_than_the_mean_time_between_edits),
        cmocka_unit_test(a_signal_makes_a_fetch_worth_more),
        cmocka_unit_test(a_signal_from_before_the_last_check_counts_from_the_check),
        cmocka_unit_test(a_signal_from_after_now_counts_as_one_of_now),
        cmocka_unit_test(kappa_is_half_the_budget_by_the_records),
        cmocka_unit_test(the_first_fetch_looks_back_to_the_last_edit),
        cmocka_unit_test(dates_of_a_zone_ahead_count_as_now),
        cmocka_unit_test(a_later_fetch_watched_since_the_last_or_since_the_edit),
        cmocka_unit_test(a_later_fetch_watched_no_longer_than_since_the_last_and_never_less_than_nothing),
        cmocka_unit_test(a_clock_that_was_ahead_is_taken_back),
        cmocka_unit_test(a_date_ahead_that_did_not_move_shortens_nothing),
        cmocka_unit_test(a_change_that_nobody_announced_is_a_hidden_one),
        cmocka_unit_test(a_change_that_the_listing_announced_is_not_a_hidden_one_too),
        cmocka_unit_test(a_change_that_the_feed_announced_is_counted_once),
        cmocka_unit_test(time_watched_never_overflows),
    };
    return cmocka_run_group_tests_name("planner", tests, NULL, NULL);
}
