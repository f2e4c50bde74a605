/* Who is chosen. */
#include "flexsync/cleanup.h"
#include "planner_bench.h"

#include <stdlib.h>
#include <time.h>

#define NEVER     INT64_MAX /* as overdue_after */
#define TIME_MOST 1.0       /* seconds to plan 100,000 records: under valgrind and sanitizers too */

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
    return (struct planner_options){.prior = planner_prior_start,
                                    .kappa = 0.9,
                                    .now = NOW,
                                    .room = room,
                                    .overdue_after = NEVER,
                                    .overdue_share = PLANNER_OVERDUE_SHARE};
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
        options.draw = random_unit(&seed);
        options.seed = random_next(&seed);
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
    options.overdue_share = PLANNER_OVERDUE_SHARE_TOLD;
    end(&plan);
    plan = run(&crowd, &options, 7);
    assert_int_equal(plan.of[PLANNER_OVERDUE], 2);
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
        options.draw = random_unit(&seed);
        options.seed = random_next(&seed);
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

/* The benefit for which one record is chosen, that never is as an audit or an overdue one. */
static double benefit_of(const struct figures *figures, struct planner_options *options)
{
    struct planner *planner;
    struct planner_census census;
    size_t count;
    options->room = 1;
    options->overdue_share = 0;
    assert_int_equal(planner_new(&planner, options), 0);
    planner_offer(planner, 1, figures, false);
    const struct planner_choice *choices = planner_choose(planner, &count, &census);
    assert_non_null(choices);
    assert_int_equal(count, 1);
    assert_int_equal(choices[0].reason, PLANNER_BENEFIT);
    double benefit = choices[0].benefit;
    (void)planner_free(planner);
    return benefit;
}

/* By a clock that was up to three years ahead, in any of the times that it wrote. */
static void what_was_checked_in_the_future_is_worth_as_much_as_what_is_due(void **state)
{
    (void)state;
    struct planner_options options = plan_of(1);
    uint64_t seed = 94;
    for (int i = 0; i < 20000; i++) {
        struct figures figures = some_figures(&seed), now, ahead, due;
        int64_t jump = 1 + draw_below(&seed, 3 * 365 * DAY);
        options.kappa = 3 * random_unit(&seed);
        options.overdue_after = DAY + draw_below(&seed, 60 * DAY);
        figures.signalled = draw_below(&seed, 3) ? 0 : figures.checked;
        if (draw_below(&seed, 4) == 0)
            figures.watched_since = NOW + draw_below(&seed, jump);
        if (figures.signalled && draw_below(&seed, 2))
            figures.signalled = NOW + jump;
        now = ahead = due = figures;
        now.checked = NOW;
        due.checked = NOW - options.overdue_after;
        ahead.checked = NOW + jump;
        ahead.hidden_watched += jump; /* as that clock counted */

        double is = benefit_of(&ahead, &options);
        assert_true(is > 0 && is >= benefit_of(&now, &options));
        assert_near(is, benefit_of(&due, &options), 1e-9);
    }
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
        cmocka_unit_test(what_was_checked_in_the_future_is_worth_as_much_as_what_is_due),
        cmocka_unit_test(theta_is_the_mean_benefit_of_those_chosen_for_it),
        cmocka_unit_test(a_hundred_thousand_records_are_planned_in_no_time),
    };
    return cmocka_run_group_tests_name("planner: the choice", tests, NULL, NULL);
}
