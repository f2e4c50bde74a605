/*
 * freshness: how much of a copy is up to date for the requests that a quota allows, over simulated months,
 * one policy beside the other: the table of freshness.md section 4.
 *
 *     freshness [-n SEEDS] [-s SCENARIO] [-j JOBS]
 *
 * Prints a line for every run as it ends, then the means. Ours are the real cycle, planner, limiter and
 * store.
 */
#include "policies.h"
#include "world.h"

#include "flexsync/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW       (INT64_C(1750000000) * USEC_PER_SEC)
#define SHARE     90 /* percent of the quota, of a month of 30 days */
#define SEEDS_MAX 100
#define JOBS_MAX  64

static const struct scenario {
    const char *name;
    size_t people;
    int64_t quota[QUOTA_WINDOWS];
    int burn_in, measured; /* days */
} scenarios[] = {
    {"1,700, large plan", 1700, {2000, 10000, 100000}, 180, 360},
    {"20,000, large plan", 20000, {2000, 10000, 100000}, 180, 180},
    {"100,000, large plan", 100000, {2000, 10000, 100000}, 180, 180},
    {"1,700, small plan", 1700, {20, 100, 1000}, 720, 720},
};

#define SCENARIOS (sizeof scenarios / sizeof scenarios[0])

struct result {
    double freshness, age; /* age in days */
};

typedef struct result run_fn(const struct scenario *scenario, int which, uint64_t seed);

static struct result run_policy(const struct scenario *scenario, int which, uint64_t seed)
{
    const struct policy_options options = {.policy = (enum policy)which,
                                           .people = scenario->people,
                                           .seed = seed,
                                           .budget = (double)scenario->quota[QUOTA_MONTH] * SHARE / 100 / 30,
                                           .hourly = scenario->quota[QUOTA_HOUR],
                                           .burn_in = scenario->burn_in,
                                           .measured = scenario->measured};
    const struct policy_result result = policy_run(&options);
    return (struct result){.freshness = result.freshness, .age = result.age};
}

/* `which`: does the server list in the order of edits? */
static struct result run_ours(const struct scenario *scenario, int which, uint64_t seed)
{
    struct world_options options = {.people = scenario->people,
                                    .seed = seed,
                                    .limits.share = SHARE,
                                    .strategy = STRATEGY_AUTO,
                                    .interval = USEC_PER_HOUR,
                                    .max_age = 31 * USEC_PER_DAY,
                                    .own_ledger = true};
    memcpy(options.limits.most, scenario->quota, sizeof scenario->quota);
    struct world *world = malloc(sizeof *world);
    if (!world)
        abort();
    world_make(world, &options, NOW);
    world->site.honours_edits = which != 0;
    world_start(world);
    world_fill(world);
    world_run_until(world, NOW + scenario->burn_in * USEC_PER_DAY);
    site_measure(&world->site, world->now);
    world_run_until(world, world->now + scenario->measured * USEC_PER_DAY);
    const struct result result = {.freshness = site_freshness(&world->site, world->now),
                                  .age = site_age(&world->site, world->now)};
    world_free(world);
    free(world);
    return result;
}

static const struct contestant {
    const char *name;
    run_fn *run;
    int which;
} contestants[] = {
    {"refetch all", run_policy, POLICY_REFETCH_ALL},
    {"oldest first", run_policy, POLICY_OLDEST_FIRST},
    {"ours", run_ours, false},
    {"bound", run_policy, POLICY_BOUND},
    {"ours, with feed", run_ours, true},
};

#define COLUMNS (sizeof contestants / sizeof contestants[0])

/* --- the runs, some at a time --- */

struct job {
    size_t scenario, column;
    uint64_t seed;
};

struct report {
    struct job job;
    struct result result;
};

static void work(const struct job *job, int out)
{
    const struct contestant *contestant = &contestants[job->column];
    struct report report = {.job = *job};
    report.result = contestant->run(&scenarios[job->scenario], contestant->which, job->seed);
    /* Shorter than PIPE_BUF: whole or not at all, whoever else writes. */
    _exit(write(out, &report, sizeof report) == (ssize_t)sizeof report ? EXIT_SUCCESS : EXIT_FAILURE);
}

struct table {
    struct result sums[SCENARIOS][COLUMNS];
    int counts[SCENARIOS][COLUMNS];
};

/* Takes one result that has come. False when there is none because its worker died. */
static bool collect(struct table *table, int in)
{
    struct report report;
    if (read(in, &report, sizeof report) != (ssize_t)sizeof report)
        return false;
    const struct job *job = &report.job;
    struct result *sum = &table->sums[job->scenario][job->column];
    sum->freshness += report.result.freshness;
    sum->age += report.result.age;
    table->counts[job->scenario][job->column]++;
    (void)printf("%-20s %-16s seed %2d: freshness %.4f, mean age %.3f days\n", scenarios[job->scenario].name,
                 contestants[job->column].name, (int)job->seed, report.result.freshness, report.result.age);
    (void)fflush(stdout);
    return true;
}

static bool run_all(struct table *table, const struct job *jobs, size_t count, size_t at_a_time)
{
    int ends[2];
    bool well = pipe(ends) == 0;
    size_t begun = 0, ended = 0;
    while (well && ended < count) {
        for (; begun < count && begun - ended < at_a_time; begun++)
            if (fork() == 0)
                work(&jobs[begun], ends[1]);
        int status = 0;
        well = wait(&status) > 0 && status == 0 && collect(table, ends[0]);
        ended++;
    }
    return well;
}

static void print_table(const struct table *table)
{
    (void)printf("\n%-20s", "freshness");
    for (size_t c = 0; c < COLUMNS; c++)
        (void)printf(" %16s", contestants[c].name);
    for (size_t s = 0; s < SCENARIOS; s++) {
        if (table->counts[s][0] == 0)
            continue;
        (void)printf("\n%-20s", scenarios[s].name);
        for (size_t c = 0; c < COLUMNS; c++)
            (void)printf(" %16.4f", table->sums[s][c].freshness / table->counts[s][c]);
        (void)printf("\n%-20s", "  mean age, days");
        for (size_t c = 0; c < COLUMNS; c++)
            (void)printf(" %16.3f", table->sums[s][c].age / table->counts[s][c]);
    }
    (void)putchar('\n');
}

/* A number of an option, within its range. */
static bool read_number(const char *text, long least, long most, long *ret)
{
    char *end;
    errno = 0;
    *ret = strtol(text, &end, 10);
    return errno == 0 && end != text && !*end && *ret >= least && *ret <= most;
}

static int usage(void)
{
    (void)fputs("usage: freshness [-n SEEDS] [-s SCENARIO] [-j JOBS]\n", stderr);
    for (size_t s = 0; s < SCENARIOS; s++)
        (void)fprintf(stderr, "  scenario %zu: %s\n", s + 1, scenarios[s].name);
    return 64;
}

int main(int argc, char **argv)
{
    static struct job list[SCENARIOS * COLUMNS * SEEDS_MAX];
    struct table table = {0};
    long seeds = 3, only = 0, at_a_time = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = 0;
    for (int c; (c = getopt(argc, argv, "n:s:j:")) != -1;)
        if ((c != 'n' || !read_number(optarg, 1, SEEDS_MAX, &seeds)) &&
            (c != 's' || !read_number(optarg, 1, (long)SCENARIOS, &only)) &&
            (c != 'j' || !read_number(optarg, 1, JOBS_MAX, &at_a_time)))
            return usage();
    for (size_t s = 0; s < SCENARIOS; s++)
        for (size_t c = 0; c < COLUMNS; c++)
            for (uint64_t seed = 1; (only == 0 || only == (long)s + 1) && seed <= (uint64_t)seeds; seed++)
                list[count++] = (struct job){.scenario = s, .column = c, .seed = seed};
    if (!run_all(&table, list, count, (size_t)(at_a_time > 0 ? at_a_time : 1))) {
        (void)fputs("freshness: a run did not come to its end\n", stderr);
        return EXIT_FAILURE;
    }
    print_table(&table);
    return EXIT_SUCCESS;
}
