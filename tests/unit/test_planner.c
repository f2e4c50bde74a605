#include "flexsync/planner.h"

#include "flexsync/cleanup.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define DAY       86400
#define NOW       (INT64_C(20000) * DAY)
#define NEVER     INT64_MAX /* as overdue_after */
#define STEPS     4000      /* of a quadrature */
#define TIME_MOST 1.0       /* seconds to plan 100,000 records: under valgrind and sanitizers too */

/* splitmix64 (Steele, Lea, Flood: OOPSLA 2014): the same records for the same seed, everywhere. */
static uint64_t draw(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static double draw_unit(uint64_t *seed)
{
    return (double)(draw(seed) >> 11) * 0x1p-53;
}

static int64_t draw_below(uint64_t *seed, int64_t below)
{
    return (int64_t)(draw(seed) % (uint64_t)below);
}

static double draw_normal(uint64_t *seed)
{
    double radius = sqrt(-2 * log1p(-draw_unit(seed)));
    return radius * cos(6.283185307179586 * draw_unit(seed));
}

/* Marsaglia and Tsang, TOMS 2000. */
static double draw_gamma(uint64_t *seed, double shape)
{
    if (shape < 1)
        return draw_gamma(seed, shape + 1) * pow(1 - draw_unit(seed), 1 / shape);
    double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = draw_normal(seed), v = pow(1 + c * x, 3);
        if (v > 0 && log1p(-draw_unit(seed)) < x * x / 2 + d - d * v + d * log(v))
            return d * v;
    }
}

static void assert_near(double is, double should, double relative)
{
    if (!(fabs(is - should) <= relative * fabs(should)))
        fail_msg("%.12g is not within %g of %.12g", is, relative, should);
}

static void assert_between(double is, double least, double most)
{
    if (!(is >= least && is <= most))
        fail_msg("%.12g is not in %.12g to %.12g", is, least, most);
}

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
    return (struct planner_prior){.a = 0.05 + 3 * draw_unit(seed),
                                  .b = 0.5 + 400 * draw_unit(seed),
                                  .shown = 0.02 + 0.96 * draw_unit(seed)};
}

static struct figures some_figures(uint64_t *seed)
{
    int64_t first = NOW - DAY - draw_below(seed, 500 * DAY), back = draw_below(seed, 1800 * DAY);
    int64_t checked = first + draw_below(seed, NOW - first);
    struct figures figures = {
        .checked = checked,
        .edited = first - back,
        .first_changed = draw_below(seed, 2),
        .first_watched = back,
        .watched_since = first - back,
        .hidden_watched = back + draw_below(seed, checked - first + 1),
        .hidden = draw_below(seed, 4) ? 0 : draw_below(seed, 20),
        .listed = draw_below(seed, 4) ? 0 : draw_below(seed, 20),
    };
    return figures;
}

/* Fetched so many days ago, and nothing else known. */
static struct figures aged(double days)
{
    int64_t checked = NOW - (int64_t)(days * DAY);
    return (struct figures){.checked = checked, .watched_since = checked};
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
        double kappa = draw_unit(&seed) * 3;
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
        double kappa = draw_unit(&seed) * 3;
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
    assert_int_equal(figures.first_watched, 400 * DAY);
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
    assert_int_equal(later_watched(true, NOW - 400 * DAY, NOW - DAY), 0);
    assert_int_equal(later_watched(true, NOW - 2 * DAY, NOW - DAY), 0); /* the clock went back */
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
    planner_fed(&figures, NOW + DAY);
    planner_fed(&figures, NOW + 2 * DAY);
    assert_int_equal(figures.hidden, 1);
    assert_int_equal(figures.signalled, NOW + DAY);
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
    planner_first_fetch(&figures, INT64_MIN, INT64_MIN, NOW);
    assert_int_equal(figures.first_watched, INT64_MAX);
    planner_later_fetch(&figures, true, INT64_MAX, INT64_MAX);
    assert_int_equal(figures.hidden_watched, INT64_MAX);
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
    double made = 1 + 1824 * draw_unit(seed), edit = -log1p(-draw_unit(seed)) / lambda;
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

static const double gammas[][2] = {{0.5, 11}, {1, 300}, {0.3, 20}, {2, 40}, {0.8, 2}};

static void the_fit_finds_the_mean_rate_of_a_population(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(gammas); i++) {
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
        for (double b = 0.3; b < 30000; b *= 1.02)
            best = fmax(best, likelihood(&all, 0, b));
        assert_between(is, best - 1, best + 1e-6 * fabs(best)); /* of a grid of its own, a quarter apart */
        for (double a = 0.5; a < 2; a *= 1.1)
            assert_true(likelihood(&all, a * prior.a, prior.b) <= is + 1e-9 * fabs(is));
        free(all.figures);
    }
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
    assert_between(prior.a / prior.b, 1.0 / 4000, 1.0 / 1000); /* an edit in 2,000 days */
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

static void overdue_is_max_age_or_what_a_part_of_the_budget_carries(void **state)
{
    (void)state;
    assert_int_equal(planner_overdue_after(30 * DAY, 3000, 1700), 30 * DAY);
    double small = 1700 / (0.15 * 30); /* 378 days */
    assert_near((double)planner_overdue_after(30 * DAY, 30, 1700), small * DAY, 1e-9);
    assert_int_equal(planner_overdue_after(400 * DAY, 30, 1700), 400 * DAY);
    assert_near((double)planner_overdue_after(0, 3000, 1700), 1700 / 450.0 * DAY, 1e-5);
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

/* --- the choice --- */

struct crowd {
    size_t count;
    struct figures *figures; /* of the ids 1, 2, … */
    bool *excluded;
};

struct run {
    struct planner *planner;
    const struct planner_choice *choices;
    size_t count, of[PLANNER_REASONS];
    struct planner_census census;
};

static struct crowd make_crowd(size_t count, uint64_t seed)
{
    struct crowd crowd = {.count = count,
                          .figures = calloc(count, sizeof *crowd.figures),
                          .excluded = calloc(count, sizeof *crowd.excluded)};
    assert_true(crowd.figures && crowd.excluded);
    for (size_t i = 0; i < count; i++)
        crowd.figures[i] = some_figures(&seed);
    return crowd;
}

static void free_crowd(struct crowd *crowd)
{
    free(crowd->figures);
    free(crowd->excluded);
}

static struct planner_options plan_of(size_t room)
{
    return (struct planner_options){
        .prior = planner_prior_start, .kappa = 0.9, .now = NOW, .room = room, .overdue_after = NEVER};
}

/* Offers everybody, by `step` around the circle (which must be prime to their number), and chooses. */
static struct run run(const struct crowd *crowd, const struct planner_options *options, size_t step)
{
    struct run run = {0};
    assert_int_equal(planner_new(&run.planner, options), 0);
    for (size_t i = 0, at = 0; i < crowd->count; i++, at = (at + step) % crowd->count)
        planner_offer(run.planner, (int64_t)at + 1, &crowd->figures[at], crowd->excluded[at]);
    run.choices = planner_choose(run.planner, &run.count, &run.census);
    assert_non_null(run.choices);
    assert_true(run.count <= options->room);
    for (size_t i = 0; i < run.count; i++)
        run.of[run.choices[i].reason]++;
    return run;
}

static void end(struct run *run)
{
    run->planner = planner_free(run->planner);
    assert_null(run->planner);
}

/* Each id once, and all of them of the crowd; only audits are of those who are excluded. */
static void assert_each_once(const struct crowd *crowd, const struct run *run)
{
    CLEANUP_FREE bool *seen = calloc(crowd->count + 1, sizeof *seen);
    assert_non_null(seen);
    for (size_t i = 0; i < run->count; i++) {
        const struct planner_choice *choice = &run->choices[i];
        assert_in_range(choice->id, 1, crowd->count);
        assert_false(seen[choice->id]);
        assert_true(choice->reason == PLANNER_AUDIT || !crowd->excluded[choice->id - 1]);
        seen[choice->id] = true;
    }
}

struct ranked {
    int64_t id;
    double benefit;
};

static int by_benefit(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;
    if (left->benefit != right->benefit)
        return left->benefit < right->benefit ? 1 : -1;
    return (left->id > right->id) - (left->id < right->id);
}

static struct ranked *rank(const struct crowd *crowd, const struct planner_options *options, size_t *ret)
{
    struct ranked *ranked = calloc(crowd->count, sizeof *ranked);
    assert_non_null(ranked);
    *ret = 0;
    for (size_t i = 0; i < crowd->count; i++)
        if (!crowd->excluded[i])
            ranked[(*ret)++] = (struct ranked){.id = (int64_t)i + 1,
                                               .benefit = planner_benefit(&options->prior, &crowd->figures[i],
                                                                          options->kappa, options->now)};
    qsort(ranked, *ret, sizeof *ranked, by_benefit);
    return ranked;
}

static bool is_chosen(const struct run *run, size_t count, int64_t id)
{
    for (size_t i = 0; i < count; i++)
        if (run->choices[i].id == id)
            return true;
    return false;
}

/* What is chosen for its benefit is the top of all who are not chosen before for another reason, in order. */
static void assert_is_top(const struct crowd *crowd, const struct planner_options *options,
                          const struct run *run)
{
    size_t others = run->of[PLANNER_AUDIT] + run->of[PLANNER_OVERDUE], count, at = 0;
    CLEANUP_FREE struct ranked *ranked = rank(crowd, options, &count);
    for (size_t i = others; i < run->count; i++) {
        while (is_chosen(run, others, ranked[at].id))
            at++;
        assert_int_equal(run->choices[i].reason, PLANNER_BENEFIT);
        assert_int_equal(run->choices[i].id, ranked[at].id);
        assert_true(run->choices[i].benefit == ranked[at].benefit);
        at++;
    }
}

static size_t excluded_audits(const struct crowd *crowd, const struct run *run)
{
    size_t count = 0;
    for (size_t i = 0; i < run->count; i++)
        count += crowd->excluded[run->choices[i].id - 1];
    return count;
}

static void the_choice_is_the_top_of_a_full_sort(void **state)
{
    (void)state;
    const size_t rooms[] = {1, 2, 7, 60, 200, 499};
    for (size_t i = 0; i < 4 * ARRAY_LENGTH(rooms); i++) {
        struct crowd crowd = make_crowd(500, 30 + i);
        struct planner_options options = plan_of(rooms[i % ARRAY_LENGTH(rooms)]);
        options.seed = i;
        options.overdue_after = i % 2 ? NEVER : 100 * DAY;
        options.draw = i % 3 ? 0.2 : 0.99;
        for (size_t k = 0; k < crowd.count; k++)
            crowd.excluded[k] = k % 5 == i % 5;
        struct run plan = run(&crowd, &options, 1);
        assert_each_once(&crowd, &plan);
        assert_is_top(&crowd, &options, &plan);
        size_t all = 400 + excluded_audits(&crowd, &plan);
        assert_int_equal(plan.count, options.room < all ? options.room : all);
        end(&plan);
        free_crowd(&crowd);
    }
}

static void the_choice_does_not_depend_on_the_order_of_offers(void **state)
{
    (void)state;
    const size_t steps[] = {1, 1008, 5, 400, 777}; /* prime to 1009; 1008: backwards */
    struct crowd crowd = make_crowd(1009, 40);
    struct planner_options options = plan_of(60); /* no place for an audit */
    options.overdue_after = 300 * DAY;
    struct run first = run(&crowd, &options, 1);
    assert_int_equal(first.of[PLANNER_AUDIT], 0);
    for (size_t i = 1; i < ARRAY_LENGTH(steps); i++) {
        struct run again = run(&crowd, &options, steps[i]);
        assert_int_equal(again.count, first.count);
        for (size_t k = 0; k < first.count; k++)
            assert_int_equal(again.choices[k].id, first.choices[k].id);
        end(&again);
    }
    end(&first);
    free_crowd(&crowd);
}

static void of_equals_the_smaller_id_wins(void **state)
{
    (void)state;
    struct crowd crowd = make_crowd(101, 41);
    struct planner_options options = plan_of(20);
    for (size_t i = 1; i < crowd.count; i++)
        crowd.figures[i] = crowd.figures[0];
    for (int overdue = 0; overdue < 2; overdue++) {
        options.overdue_after = overdue ? 0 : NEVER;
        for (size_t step = 1; step < 101; step += 9) {
            struct run plan = run(&crowd, &options, step);
            for (size_t i = 0; i < plan.count; i++)
                assert_int_equal(plan.choices[i].id, i + 1);
            end(&plan);
        }
    }
    free_crowd(&crowd);
}

static double mean_of(size_t records, size_t room, enum planner_reason reason, int64_t overdue_after)
{
    int trials = room < 50 ? 20000 : 40000 / (int)room * 10;
    struct crowd crowd = make_crowd(records, 50);
    struct planner_options options = plan_of(room);
    uint64_t seed = 51;
    double sum = 0;
    options.overdue_after = overdue_after;
    for (int i = 0; i < trials; i++) {
        options.draw = draw_unit(&seed);
        options.seed = draw(&seed);
        struct run plan = run(&crowd, &options, 1);
        double share = reason == PLANNER_AUDIT ? 0.015 : 0.15;
        assert_true((double)plan.of[reason] < (double)room * share + 1);
        assert_int_equal(plan.count, room);
        sum += (double)plan.of[reason];
        end(&plan);
    }
    free_crowd(&crowd);
    return sum / trials;
}

static void audits_have_their_share_on_average_however_small_the_room(void **state)
{
    (void)state;
    assert_near(mean_of(10, 1, PLANNER_AUDIT, NEVER), 0.015, 0.15);
    assert_near(mean_of(20, 8, PLANNER_AUDIT, NEVER), 0.12, 0.08);
    assert_near(mean_of(60, 50, PLANNER_AUDIT, NEVER), 0.75, 0.03);
    assert_near(mean_of(1100, 1000, PLANNER_AUDIT, NEVER), 15, 1e-9);
}

static void overdue_ones_have_their_share_at_the_most_on_average(void **state)
{
    (void)state;
    assert_near(mean_of(10, 1, PLANNER_OVERDUE, 0), 0.15, 0.05);
    assert_near(mean_of(20, 8, PLANNER_OVERDUE, 0), 1.2, 0.03);
    assert_near(mean_of(60, 50, PLANNER_OVERDUE, 0), 7.5, 0.03);
    assert_near(mean_of(1100, 1000, PLANNER_OVERDUE, 0), 150, 0.02); /* audits are of them as well */
    assert_true(mean_of(20, 8, PLANNER_OVERDUE, 1000 * DAY) == 0);
}

static void overdue_ones_are_the_oldest_that_are(void **state)
{
    (void)state;
    struct crowd crowd = make_crowd(300, 60);
    struct planner_options options = plan_of(40); /* six of them */
    for (size_t i = 0; i < crowd.count; i++) {
        crowd.figures[i].checked = NOW - (int64_t)i * DAY;
        crowd.excluded[i] = i >= 290;
    }
    options.overdue_after = 286 * DAY;
    struct run plan = run(&crowd, &options, 7);
    assert_int_equal(plan.of[PLANNER_OVERDUE], 3); /* the ages 287, 288, 289: 286 is not over it */
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(plan.choices[i].id, 290 - i);
    assert_int_equal(plan.census.overdue, 13);
    options.overdue_after = 100 * DAY;
    end(&plan);
    plan = run(&crowd, &options, 7);
    assert_int_equal(plan.of[PLANNER_OVERDUE], 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(plan.choices[i].id, 290 - i);
    end(&plan);
    free_crowd(&crowd);
}

/* Draws audits from 100 records and returns the chi-square of their evenness, 99 degrees of freedom. */
static double unevenness(size_t excluded, size_t room, int trials)
{
    struct crowd crowd = make_crowd(100, 70);
    struct planner_options options = plan_of(room);
    double hits[100] = {0}, all = 0, sum = 0;
    uint64_t seed = 71;
    for (size_t i = 0; i < crowd.count; i++)
        crowd.excluded[i] = i < excluded;
    for (int n = 0; n < trials; n++) {
        options.draw = draw_unit(&seed);
        options.seed = draw(&seed);
        struct run plan = run(&crowd, &options, 1);
        for (size_t i = 0; i < plan.of[PLANNER_AUDIT]; i++, all++)
            hits[plan.choices[i].id - 1]++;
        end(&plan);
    }
    for (size_t i = 0; i < crowd.count; i++)
        sum += pow(hits[i] - all / 100, 2) / (all / 100);
    free_crowd(&crowd);
    return sum;
}

static void audits_are_drawn_evenly_among_all_excluded_ones_too(void **state)
{
    (void)state;
    assert_between(unevenness(50, 100, 20000), 50, 155); /* beyond 155: once in 4,000 */
    assert_between(unevenness(0, 1000, 2000), 50, 155);
}

static void a_room_of_nothing_chooses_nobody(void **state)
{
    (void)state;
    struct crowd crowd = make_crowd(50, 80);
    struct planner_options options = plan_of(0);
    options.draw = 1;
    options.overdue_after = 0;
    struct run plan = run(&crowd, &options, 1);
    assert_int_equal(plan.count, 0);
    assert_int_equal(plan.census.records, 50);
    assert_true(plan.census.theta == 0);
    end(&plan);
    free_crowd(&crowd);
}

static void a_room_for_more_than_there_are_takes_everybody_once(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct crowd crowd = make_crowd(50, 81);
        struct planner_options options = plan_of(i < 2 ? 51 : 5000);
        options.draw = 0.5;
        options.overdue_after = i % 2 ? NEVER : 0;
        crowd.excluded[49] = true;
        struct run plan = run(&crowd, &options, 1);
        assert_each_once(&crowd, &plan);
        assert_int_equal(plan.count, 49 + excluded_audits(&crowd, &plan));
        end(&plan);
        free_crowd(&crowd);
    }
}

static void nobody_offered_is_nobody_chosen(void **state)
{
    (void)state;
    struct crowd crowd = make_crowd(1, 82);
    struct planner_options options = plan_of(10);
    crowd.count = 0;
    struct run plan = run(&crowd, &options, 1);
    assert_int_equal(plan.count, 0);
    assert_int_equal(plan.census.records, 0);
    assert_int_equal(plan.census.oldest, 0);
    end(&plan);
    crowd.count = 1;
    crowd.excluded[0] = true;
    plan = run(&crowd, &options, 1);
    assert_int_equal(plan.count, 0);
    end(&plan);
    free_crowd(&crowd);
    assert_null(planner_free(NULL));
}

static void huge_ids_are_told_apart(void **state)
{
    (void)state;
    struct planner_options options = plan_of(1000);
    struct planner *planner;
    struct planner_census census;
    struct figures figures = aged(3);
    size_t count;
    options.draw = 0.99;
    options.overdue_after = 0;
    assert_int_equal(planner_new(&planner, &options), 0);
    for (int64_t i = 0; i < 500; i++)
        planner_offer(planner, i % 2 ? INT64_MAX - i : (i + 1) << 40, &figures, false);
    assert_non_null(planner_choose(planner, &count, &census));
    assert_int_equal(count, 500);
    (void)planner_free(planner);
}

static void the_census_counts_everybody_who_was_offered(void **state)
{
    (void)state;
    struct crowd crowd = make_crowd(400, 90);
    struct planner_options options = plan_of(30);
    int64_t overdue = 0, oldest = NOW;
    double hidden = 0, listed = 0;
    options.overdue_after = 50 * DAY;
    for (size_t i = 0; i < crowd.count; i++) {
        struct figures *f = &crowd.figures[i];
        crowd.excluded[i] = i % 3 == 0;
        f->signalled = i % 10 == 0 ? NOW - 5 : 0;
        f->hidden = i == 5 ? -1 : f->hidden; /* below 0 counts as none */
        hidden += planner_hidden_rate(&options.prior, f);
        listed += planner_listed_rate(&options.prior, f, NOW);
        overdue += NOW - f->checked > 50 * DAY;
        oldest = f->checked < oldest ? f->checked : oldest;
    }
    struct run plan = run(&crowd, &options, 3);
    assert_int_equal(plan.census.records, 400);
    assert_near(plan.census.hidden_rate, hidden, 1e-9);
    assert_near(plan.census.listed_rate, listed, 1e-9);
    assert_int_equal(plan.census.signalled, 40);
    assert_int_equal(plan.census.overdue, overdue);
    assert_int_equal(plan.census.oldest, oldest);
    end(&plan);
    free_crowd(&crowd);
}

static void where_the_feed_tells_only_signals_are_worth_a_fetch(void **state)
{
    (void)state;
    struct crowd crowd = make_crowd(400, 92);
    struct planner_options options = plan_of(100);
    options.told = true;
    options.overdue_after = 3650 * DAY;
    options.draw = 0;
    for (size_t i = 0; i < crowd.count; i++)
        crowd.figures[i].signalled = i % 20 == 0 ? NOW - 5 : 0;
    struct run plan = run(&crowd, &options, 1);
    assert_int_equal(plan.of[PLANNER_BENEFIT] + plan.of[PLANNER_AUDIT], plan.count);
    assert_between((double)plan.of[PLANNER_BENEFIT], 18, 20); /* an audit may have drawn one of them */
    for (size_t i = 0; i < plan.count; i++)
        assert_true(plan.choices[i].reason == PLANNER_AUDIT || (plan.choices[i].id - 1) % 20 == 0);
    end(&plan);
    free_crowd(&crowd);
}

/* Checked in the future: the clock was wrong then, and nobody knows how old it is. */
static void what_was_checked_in_the_future_is_overdue(void **state)
{
    (void)state;
    struct crowd crowd = make_crowd(400, 93);
    struct planner_options options = plan_of(100);
    options.overdue_after = 3650 * DAY;
    for (size_t i = 0; i < crowd.count; i++)
        crowd.figures[i].checked = i == 7 ? NOW + DAY : NOW - 10;
    struct run plan = run(&crowd, &options, 1);
    assert_int_equal(plan.census.overdue, 1);
    assert_int_equal(plan.of[PLANNER_OVERDUE], 1);
    for (size_t i = 0; i < plan.count; i++)
        assert_true(plan.choices[i].reason != PLANNER_OVERDUE || plan.choices[i].id == 8);
    end(&plan);
    free_crowd(&crowd);
}

static void theta_is_the_mean_benefit_of_those_chosen_for_it(void **state)
{
    (void)state;
    struct crowd crowd = make_crowd(400, 91);
    struct planner_options options = plan_of(100);
    options.overdue_after = 50 * DAY;
    options.draw = 0.9;
    struct run plan = run(&crowd, &options, 1);
    double sum = 0;
    for (size_t i = 0; i < plan.count; i++)
        sum += plan.choices[i].reason == PLANNER_BENEFIT ? plan.choices[i].benefit : 0;
    assert_true(plan.of[PLANNER_AUDIT] > 0 && plan.of[PLANNER_OVERDUE] > 0);
    assert_near(plan.census.theta, sum / (double)plan.of[PLANNER_BENEFIT], 1e-12);
    end(&plan);
    free_crowd(&crowd);
}

/* --- the time it takes --- */

static double cpu_seconds(void)
{
    struct timespec ts;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts), 0);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void a_hundred_thousand_records_are_planned_in_no_time(void **state)
{
    (void)state;
    const size_t rooms[] = {31, 3000};
    struct crowd crowd = make_crowd(100000, 95);
    for (size_t i = 0; i < ARRAY_LENGTH(rooms); i++) {
        struct planner_options options = plan_of(rooms[i]);
        double since = cpu_seconds();
        options.overdue_after = 200 * DAY;
        struct run plan = run(&crowd, &options, 1);
        double took = cpu_seconds() - since;
        print_message("           planned 100,000 records, room %zu: %.1f ms\n", rooms[i], took * 1000);
        assert_true(took < TIME_MOST);
        assert_int_equal(plan.count, rooms[i]);
        end(&plan);
    }
    free_crowd(&crowd);
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
        cmocka_unit_test(a_date_ahead_that_did_not_move_shortens_nothing),
        cmocka_unit_test(a_change_that_nobody_announced_is_a_hidden_one),
        cmocka_unit_test(a_change_that_the_listing_announced_is_not_a_hidden_one_too),
        cmocka_unit_test(a_change_that_the_feed_announced_is_counted_once),
        cmocka_unit_test(time_watched_never_overflows),
        cmocka_unit_test(the_fit_finds_the_mean_rate_of_a_population),
        cmocka_unit_test(the_fit_is_the_most_likely_prior_of_a_fine_grid),
        cmocka_unit_test(too_little_known_leaves_the_prior_as_it_was),
        cmocka_unit_test(twenty_records_of_which_one_changed_are_enough),
        cmocka_unit_test(the_fit_is_finite_over_any_times),
        cmocka_unit_test(the_share_that_the_listing_shows_is_that_of_the_rates),
        cmocka_unit_test(the_share_comes_to_what_the_edits_show),
        cmocka_unit_test(neither_kind_of_edit_is_ever_given_up),
        cmocka_unit_test(overdue_is_max_age_or_what_a_part_of_the_budget_carries),
        cmocka_unit_test(without_a_budget_hardly_anybody_is_ever_overdue),
        cmocka_unit_test(listings_come_where_one_is_worth_the_fetches_it_costs),
        cmocka_unit_test(listings_come_between_an_hour_and_a_week),
        cmocka_unit_test(listings_take_a_fifth_of_the_budget_at_the_most),
        cmocka_unit_test(without_a_budget_there_is_still_a_listing_a_month),
        cmocka_unit_test(the_choice_is_the_top_of_a_full_sort),
        cmocka_unit_test(the_choice_does_not_depend_on_the_order_of_offers),
        cmocka_unit_test(of_equals_the_smaller_id_wins),
        cmocka_unit_test(audits_have_their_share_on_average_however_small_the_room),
        cmocka_unit_test(overdue_ones_have_their_share_at_the_most_on_average),
        cmocka_unit_test(overdue_ones_are_the_oldest_that_are),
        cmocka_unit_test(audits_are_drawn_evenly_among_all_excluded_ones_too),
        cmocka_unit_test(a_room_of_nothing_chooses_nobody),
        cmocka_unit_test(a_room_for_more_than_there_are_takes_everybody_once),
        cmocka_unit_test(nobody_offered_is_nobody_chosen),
        cmocka_unit_test(huge_ids_are_told_apart),
        cmocka_unit_test(the_census_counts_everybody_who_was_offered),
        cmocka_unit_test(where_the_feed_tells_only_signals_are_worth_a_fetch),
        cmocka_unit_test(what_was_checked_in_the_future_is_overdue),
        cmocka_unit_test(theta_is_the_mean_benefit_of_those_chosen_for_it),
        cmocka_unit_test(a_hundred_thousand_records_are_planned_in_no_time),
    };
    return cmocka_run_group_tests_name("planner", tests, NULL, NULL);
}
