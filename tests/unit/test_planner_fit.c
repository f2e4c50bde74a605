/* The prior, and how often what is due. */
#include "flexsync/cleanup.h"
#include "planner_bench.h"

#include <stdlib.h>

static double draw_normal(uint64_t *seed)
{
    double radius = sqrt(-2 * log1p(-random_unit(seed)));
    return radius * cos(6.283185307179586 * random_unit(seed));
}

/* Marsaglia and Tsang, TOMS 2000. */
static double draw_gamma(uint64_t *seed, double shape)
{
    if (shape < 1)
        return draw_gamma(seed, shape + 1) * pow(1 - random_unit(seed), 1 / shape);
    double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = draw_normal(seed), v = pow(1 + c * x, 3);
        if (v > 0 && log1p(-random_unit(seed)) < x * x / 2 + d - d * v + d * log(v))
            return d * v;
    }
}

/* --- the fit --- */

struct population {
    double a, b;
    size_t count;
    struct figures *figures;
};

static struct figures first_look(uint64_t *seed, double lambda)
{
    struct figures figures;
    double made = 1 + 1824 * random_unit(seed), edit = -log1p(-random_unit(seed)) / lambda;
    int64_t created = NOW - (int64_t)(made * DAY);
    planner_first_fetch(&figures, created, edit < made ? NOW - (int64_t)(edit * DAY) : created, NOW);
    return figures;
}

static struct population populate(double a, double b, size_t count, uint64_t seed)
{
    struct population all = {.a = a, .b = b, .count = count, .figures = calloc(count, sizeof *all.figures)};
    assert_non_null(all.figures);
    for (size_t i = 0; i < count; i++)
        all.figures[i] = first_look(&seed, draw_gamma(&seed, a) / b);
    return all;
}

static bool fit(const struct population *all, struct planner_prior *prior)
{
    struct planner_fit fit;
    planner_fit_begin(&fit);
    for (size_t i = 0; i < all->count; i++)
        planner_fit_add(&fit, &all->figures[i]);
    return planner_fit_solve(&fit, prior);
}

/* `X ln a - a*sum ln(1+T/b) - sum over x=1 of ln(b+T)`, and the a that is best for b where a is 0. */
static double likelihood(const struct population *all, double a, double b)
{
    double logs = 0, late = 0, x = 0;
    for (size_t i = 0; i < all->count; i++) {
        double t = (double)all->figures[i].first_watched / DAY;
        logs += t > 0 ? log(1 + t / b) : 0;
        x += t > 0 && all->figures[i].first_changed;
        late += t > 0 && all->figures[i].first_changed ? log(b + t) : 0;
    }
    a = a > 0 ? a : x / logs;
    return x * log(a) - a * logs - late;
}

#define B_MOST 20.0 /* days: the planner's */

static const double gammas[][2] = {{0.5, 11}, {1, 10}, {0.3, 15}, {2, 6}, {0.8, 2}, {1, 300}, {2, 40}};
#define WITHIN 5 /* of them have a b that the planner believes */

static void the_fit_finds_the_mean_rate_of_a_population(void **state)
{
    (void)state;
    for (size_t i = 0; i < WITHIN; i++) {
        struct planner_prior prior = {.shown = 0.4};
        struct population all = populate(gammas[i][0], gammas[i][1], 4000, 10 + i);
        assert_true(fit(&all, &prior));
        assert_near(prior.a / prior.b, all.a / all.b, 0.15);
        assert_near(prior.a, all.a, 0.25);
        assert_true(prior.shown == 0.4);
        free(all.figures);
    }
}

static void the_fit_is_the_most_likely_prior_of_a_fine_grid(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(gammas); i++) {
        struct planner_prior prior = {0};
        struct population all = populate(gammas[i][0], gammas[i][1], 1000, 20 + i);
        assert_true(fit(&all, &prior));
        double is = likelihood(&all, prior.a, prior.b), best = -INFINITY;
        assert_near(is, likelihood(&all, 0, prior.b), 1e-9);
        for (double b = B_MOST; b > 0.3; b /= 1.02)
            best = fmax(best, likelihood(&all, 0, b));
        assert_between(is, best - 1, best + 1e-6 * fabs(best)); /* of a grid of its own, a quarter apart */
        for (double a = 0.5; a < 2; a *= 1.1)
            assert_true(likelihood(&all, a * prior.a, prior.b) <= is + 1e-9 * fabs(is));
        free(all.figures);
    }
}

/* A site that nobody has edited for 500 days: nobody looks any busier than anybody else. */
static struct population rested(size_t count, uint64_t seed)
{
    struct population all = {.count = count, .figures = calloc(count, sizeof *all.figures)};
    assert_non_null(all.figures);
    for (size_t i = 0; i < count; i++) {
        double made = 1 + 1824 * random_unit(&seed), edit = made * pow(random_unit(&seed), 2);
        int64_t until = NOW - 500 * DAY, created = until - (int64_t)(made * DAY);
        int64_t edited = random_unit(&seed) < 0.7 ? until - (int64_t)(edit * DAY) : created;
        planner_first_fetch(&all.figures[i], created, edited, NOW);
    }
    return all;
}

/* By the likelihood alone b would be 30,000 days and more: no edit would ever tell a record from another. */
static void first_looks_never_outweigh_what_is_seen_of_a_record(void **state)
{
    (void)state;
    struct planner_prior prior = {.shown = 0.3};
    struct population all = rested(1700, 3);
    assert_true(fit(&all, &prior));
    assert_true(likelihood(&all, 0, 30000) > likelihood(&all, 0, B_MOST));
    assert_true(prior.b <= B_MOST * (1 + 1e-9));
    struct figures quiet = {.first_watched = 600 * DAY, .hidden_watched = 630 * DAY}, busy = quiet;
    busy.hidden = 20; /* of the last month */
    assert_true(planner_hidden_rate(&prior, &busy) > 10 * planner_hidden_rate(&prior, &quiet));
    free(all.figures);
}

static void assert_left_alone(size_t count, int64_t watched, size_t changed)
{
    struct planner_prior prior = {.a = 3, .b = 5, .shown = 0.7};
    struct planner_fit fit;
    planner_fit_begin(&fit);
    for (size_t i = 0; i < count; i++) {
        const struct figures figures = {.first_watched = watched, .first_changed = i < changed};
        planner_fit_add(&fit, &figures);
    }
    assert_false(planner_fit_solve(&fit, &prior));
    assert_true(prior.a == 3 && prior.b == 5 && prior.shown == 0.7);
}

static void too_little_known_leaves_the_prior_as_it_was(void **state)
{
    (void)state;
    assert_left_alone(0, DAY, 0);
    assert_left_alone(19, DAY, 19);
    assert_left_alone(1000, DAY, 0);
    assert_left_alone(1000, 0, 1000);
    assert_left_alone(1000, -DAY, 1000);
}

static void twenty_records_of_which_one_changed_are_enough(void **state)
{
    (void)state;
    struct planner_prior prior = {0};
    struct population all = {.count = 20, .figures = calloc(20, sizeof *all.figures)};
    assert_non_null(all.figures);
    for (size_t i = 0; i < all.count; i++)
        all.figures[i] = (struct figures){.first_watched = 100 * DAY, .first_changed = i == 0};
    assert_true(fit(&all, &prior));
    double changed = 1 - pow(prior.b / (prior.b + 100), prior.a); /* in 100 days */
    assert_between(changed, 0.04, 0.06);
    free(all.figures);
}

static void the_fit_is_finite_over_any_times(void **state)
{
    (void)state;
    for (int64_t watched = 1; watched < INT64_MAX / 4; watched *= 3) {
        struct planner_prior prior = {0};
        struct planner_fit fit;
        const struct figures figures = {.first_watched = watched, .first_changed = true};
        planner_fit_begin(&fit);
        for (int i = 0; i < 30; i++)
            planner_fit_add(&fit, &figures);
        assert_true(planner_fit_solve(&fit, &prior));
        assert_true(isfinite(prior.a) && prior.a > 0 && isfinite(prior.b) && prior.b > 0);
    }
}

static double shown_after(double hidden_rate, double listed_rate)
{
    struct planner_prior prior = {.a = 1, .b = 2, .shown = 0.3};
    planner_fit_shown(&prior, hidden_rate, listed_rate);
    assert_true(prior.a == 1 && prior.b == 2);
    return prior.shown;
}

static void the_share_that_the_listing_shows_is_that_of_the_rates(void **state)
{
    (void)state;
    assert_near(shown_after(6, 4), 0.4, 1e-12);
    assert_near(shown_after(0, 0), 0.3, 1e-12); /* nobody was offered */
}

static void neither_kind_of_edit_is_ever_given_up(void **state)
{
    (void)state;
    assert_between(shown_after(1e9, 0), 0.01, 0.05);
    assert_between(shown_after(0, 1e9), 0.95, 0.99);
}

/* One edit a month each, 60 % of them listed, watched for ten years: repeated, the share comes to that. */
static void the_share_comes_to_what_the_edits_show(void **state)
{
    (void)state;
    struct planner_prior prior = planner_prior_start;
    const struct figures figures = {.checked = NOW,
                                    .watched_since = NOW - 3650 * DAY,
                                    .hidden_watched = 3650 * DAY,
                                    .hidden = 48,
                                    .listed = 72};
    for (int i = 0; i < 50; i++)
        planner_fit_shown(&prior, planner_hidden_rate(&prior, &figures),
                          planner_listed_rate(&prior, &figures, NOW));
    assert_near(prior.shown, 0.6, 1e-3);
}

/* --- bounds --- */

static void overdue_is_max_age_or_what_so_many_requests_carry(void **state)
{
    (void)state;
    assert_int_equal(planner_overdue_after(30 * DAY, 450, 1700), 30 * DAY);
    assert_near((double)planner_overdue_after(30 * DAY, 4.5, 1700), 1700 / 4.5 * DAY, 1e-9); /* 378 days */
    assert_int_equal(planner_overdue_after(400 * DAY, 4.5, 1700), 400 * DAY);
    assert_near((double)planner_overdue_after(0, 450, 1700), 1700 / 450.0 * DAY, 1e-5);
}

static void without_a_budget_hardly_anybody_is_ever_overdue(void **state)
{
    (void)state;
    assert_true(planner_overdue_after(30 * DAY, 0, 1700) > INT64_C(1000000) * DAY);
    assert_int_equal(planner_overdue_after(30 * DAY, 0, 0), 30 * DAY);
    assert_int_equal(planner_overdue_after(INT64_C(365000) * DAY, 3000, 1700), INT64_C(365000) * DAY);
    assert_true(planner_overdue_after(30 * DAY, 1e-300, INT64_MAX) > 0);
}

static void listings_come_where_one_is_worth_the_fetches_it_costs(void **state)
{
    (void)state;
    assert_near(planner_listing_interval(1, 0.8, 10, 3000), 0.4, 1e-9);
    assert_near(planner_listing_interval(50, 0.09, 4, 3000), 1.5, 1e-9);
    for (double pages = 1; pages < 100; pages *= 2)
        assert_near(planner_listing_interval(pages, 0.5, 90, 1e6), fmax(sqrt(pages / 90), 1.0 / 24), 1e-9);
}

static void listings_come_between_an_hour_and_a_week(void **state)
{
    (void)state;
    assert_near(planner_listing_interval(1, 1e-9, 1000, 1e6), 1.0 / 24, 1e-9);
    assert_near(planner_listing_interval(1, 0, 10, 1e6), 1.0 / 24, 1e-9);
    assert_near(planner_listing_interval(1, -1, 10, 1e6), 1.0 / 24, 1e-9);
    assert_near(planner_listing_interval(50, 1e6, 0.01, 1e6), 7, 1e-9);
    assert_near(planner_listing_interval(1, 0.5, 0, 1e6), 7, 1e-9);
    assert_near(planner_listing_interval(1, 0.5, -1, 1e6), 7, 1e-9);
}

static void listings_take_a_fifth_of_the_budget_at_the_most(void **state)
{
    (void)state;
    for (double budget = 1; budget < 4000; budget *= 1.3)
        for (double pages = 1; pages <= 6 * budget; pages *= 1.7) {
            double days = planner_listing_interval(pages, 0.01, 100, budget);
            assert_true(pages / days <= 0.2 * budget * (1 + 1e-9));
        }
    assert_near(planner_listing_interval(50, 0.01, 100, 30), 50 / 6.0, 1e-9); /* beyond the week too */
}

static void without_a_budget_there_is_still_a_listing_a_month(void **state)
{
    (void)state;
    assert_near(planner_listing_interval(1, 0.5, 10, 0), 31, 1e-9);
    assert_true(isfinite(planner_listing_interval(0, 0, 0, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fit_finds_the_mean_rate_of_a_population),
        cmocka_unit_test(the_fit_is_the_most_likely_prior_of_a_fine_grid),
        cmocka_unit_test(first_looks_never_outweigh_what_is_seen_of_a_record),
        cmocka_unit_test(too_little_known_leaves_the_prior_as_it_was),
        cmocka_unit_test(twenty_records_of_which_one_changed_are_enough),
        cmocka_unit_test(the_fit_is_finite_over_any_times),
        cmocka_unit_test(the_share_that_the_listing_shows_is_that_of_the_rates),
        cmocka_unit_test(the_share_comes_to_what_the_edits_show),
        cmocka_unit_test(neither_kind_of_edit_is_ever_given_up),
        cmocka_unit_test(overdue_is_max_age_or_what_so_many_requests_carry),
        cmocka_unit_test(without_a_budget_hardly_anybody_is_ever_overdue),
        cmocka_unit_test(listings_come_where_one_is_worth_the_fetches_it_costs),
        cmocka_unit_test(listings_come_between_an_hour_and_a_week),
        cmocka_unit_test(listings_take_a_fifth_of_the_budget_at_the_most),
        cmocka_unit_test(without_a_budget_there_is_still_a_listing_a_month),
    };
    return cmocka_run_group_tests_name("planner: the fit", tests, NULL, NULL);
}
