#include "policies.h"

#include "flexsync/clock.h"
#include "flexsync/planner.h"
#include "flexsync/random.h"

#include <math.h>
#include <stdlib.h>

#define NOW        (INT64_C(1750000000) * USEC_PER_SEC)
#define PAGE       2000
#define FEED_COST  2
#define FEED_SHARE 0.2
#define STEP_DAYS  (1.0 / 24)

struct copy {
    struct figures figures;
    unsigned named, hidden; /* as copied */
    unsigned listed;        /* `named` as last listed */
};

struct run {
    const struct policy_options *options;
    struct site site;
    struct copy *copies;
    struct planner_prior prior;
    double tokens, theta, signals; /* a day */
    int64_t listed_at, now;        /* seconds */
    size_t next;                   /* refetch all, oldest first: whose turn it is */
    uint64_t draws;
    int64_t spent, month; /* refetch all */
};

static double pages(const struct run *run)
{
    return ceil((double)run->options->people / PAGE);
}

static void fetch(struct run *run, size_t i)
{
    struct copy *copy = &run->copies[i];
    const struct person *p = &run->site.people[i];
    bool changed = copy->named != p->named || copy->hidden != p->hidden;
    planner_later_fetch(&copy->figures, changed, p->edited, run->now);
    copy->named = copy->listed = p->named;
    copy->hidden = p->hidden;
    site_copied(&run->site, i, run->now * USEC_PER_SEC);
}

static void list(struct run *run)
{
    double days = (double)(run->now - run->listed_at) / 86400;
    int64_t found = 0;
    for (size_t i = 0; i < run->options->people; i++) {
        struct copy *copy = &run->copies[i];
        if (copy->listed == run->site.people[i].named)
            continue;
        found++;
        copy->listed = run->site.people[i].named;
        planner_listed(&copy->figures, run->now);
    }
    if (days > 0)
        run->signals += (1 - exp(-days / 7)) * ((double)found / days - run->signals);
    run->listed_at = run->now;
    run->tokens -= pages(run);
}

static void learn(struct run *run, const struct planner_census *census)
{
    planner_fit_shown(&run->prior, census->hidden_rate, census->listed_rate);
    if (census->theta > 0)
        run->theta += (run->theta > 0 ? 0.1 : 1) * (census->theta - run->theta);
}

/* The true rates in place of the estimated ones. */
static struct figures true_figures(const struct person *p, const struct figures *known,
                                   const struct planner_prior *prior)
{
    struct figures figures = *known;
    double long_time = 1e6; /* days */
    figures.first_changed = false;
    figures.hidden = (int64_t)(p->rate * (1 - p->shown) * long_time - (1 - prior->shown) * prior->a);
    figures.hidden_watched = (int64_t)((long_time - prior->b) * 86400);
    figures.listed = (int64_t)(p->rate * p->shown * long_time);
    return figures;
}

static void plan(struct run *run)
{
    const struct policy_options *o = run->options;
    struct planner *planner = NULL;
    struct planner_census census = {0};
    size_t count = 0;
    const struct planner_options options = {
        .prior = run->prior,
        .kappa = planner_kappa(o->budget, (int64_t)o->people),
        .now = run->now,
        .room = run->tokens >= 1 ? (size_t)run->tokens : 0,
        .overdue_after =
            planner_overdue_after(31 * 86400, PLANNER_OVERDUE_SHARE * o->budget, (int64_t)o->people),
        .overdue_share = PLANNER_OVERDUE_SHARE,
        .draw = random_unit(&run->draws),
        .seed = run->draws,
    };
    if (options.room == 0 || planner_new(&planner, &options) < 0)
        return;
    for (size_t i = 0; i < o->people; i++) {
        struct figures figures = run->copies[i].figures;
        if (o->policy == POLICY_BOUND) {
            figures = true_figures(&run->site.people[i], &figures, &run->prior);
            figures.watched_since = run->now - (int64_t)1e6 * 86400;
        }
        planner_offer(planner, (int64_t)i + 1, &figures, false);
    }
    const struct planner_choice *choices = planner_choose(planner, &count, &census);
    for (size_t i = 0; choices && i < count; i++)
        fetch(run, (size_t)choices[i].id - 1);
    run->tokens -= (double)count;
    learn(run, &census);
    (void)planner_free(planner);
}

static void take_turns(struct run *run)
{
    for (; run->tokens >= 1; run->tokens--) {
        fetch(run, run->next);
        run->next = (run->next + 1) % run->options->people;
    }
}

/* As the old tool, but without its loss: a pass whenever the hour allows, until the month is spent. */
static void refetch_all(struct run *run)
{
    int64_t month = run->now / (30 * 86400), most = run->options->hourly;
    if (month != run->month)
        run->spent = 0;
    run->month = month;
    int64_t left = (int64_t)(run->options->budget * 30) - run->spent;
    run->tokens = (double)(most < left ? most : left);
    run->spent += (int64_t)run->tokens;
    take_turns(run);
}

static void step(struct run *run)
{
    const struct policy_options *o = run->options;
    if (o->policy == POLICY_REFETCH_ALL) {
        refetch_all(run);
        return;
    }
    run->tokens += o->budget * STEP_DAYS;
    if (o->policy == POLICY_OLDEST_FIRST) {
        take_turns(run);
        return;
    }
    double interval = planner_listing_interval(pages(run), run->theta, run->signals, o->budget);
    if ((double)(run->now - run->listed_at) >= interval * 86400)
        list(run);
    plan(run);
}

static void copy_all(struct run *run)
{
    struct planner_fit fit;
    planner_fit_begin(&fit);
    for (size_t i = 0; i < run->options->people; i++) {
        const struct person *p = &run->site.people[i];
        planner_first_fetch(&run->copies[i].figures, p->created, p->edited, run->now);
        planner_fit_add(&fit, &run->copies[i].figures);
        run->copies[i].named = run->copies[i].listed = p->named;
        site_copied(&run->site, i, run->now * USEC_PER_SEC);
    }
    run->prior = planner_prior_start;
    (void)planner_fit_solve(&fit, &run->prior);
}

struct policy_result policy_run(const struct policy_options *options)
{
    struct run run = {.options = options, .now = NOW / USEC_PER_SEC, .draws = options->seed};
    run.listed_at = run.now;
    site_make(&run.site, options->people, options->seed, NOW);
    run.copies = calloc(options->people, sizeof *run.copies);
    if (!run.copies)
        abort();
    copy_all(&run);
    for (int hour = 0; hour < (options->burn_in + options->measured) * 24; hour++) {
        run.now += 3600;
        site_advance(&run.site, run.now * USEC_PER_SEC);
        if (hour == options->burn_in * 24)
            site_measure(&run.site, run.now * USEC_PER_SEC);
        step(&run);
    }
    const struct policy_result result = {.freshness = site_freshness(&run.site, run.now * USEC_PER_SEC),
                                         .age = site_age(&run.site, run.now * USEC_PER_SEC)};
    free(run.copies);
    site_free(&run.site);
    return result;
}
