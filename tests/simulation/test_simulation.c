/*
 * Whatever happens to the site, the network, the clocks and the daemon: the quota holds in every interval of
 * any alignment, nothing that was stored is lost, and when everything calms down the copy is the site.
 *
 * Each seed is a story of its own. FLEXSYNC_SEED=N tells one alone, FLEXSYNC_SEEDS=N so many, both so many
 * from that seed on.
 */
#include "world.h"

#include "flexsync/cleanup.h"
#include "flexsync/clock.h"
#include "flexsync/random.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW        (INT64_C(1750000000) * USEC_PER_SEC)
#define STORIES    200
#define SECOND     USEC_PER_SEC
#define HOUR       USEC_PER_HOUR
#define DAY        USEC_PER_DAY
#define PEOPLE_MAX 400

/* What is remembered of a person's row from one look to the next. */
struct seen {
    bool there, whole, removed; /* removed: at any time */
    unsigned named, hidden;
};

struct story {
    struct world world;
    struct seen seen[PEOPLE_MAX];
    char copy[128]; /* of the ledger's file */
};

static size_t draw_between(struct world *world, size_t least, size_t most)
{
    return least + (size_t)(world_draw(world) * (double)(most - least + 1));
}

/* --- what must always be so --- */

static void assert_none(struct world *world, const char *what, const char *sql)
{
    int64_t number = world_number(world, sql);
    if (number != 0)
        world_fail(world, "%s: %" PRId64, what, number);
}

static void look_at_row(struct story *story, sqlite3_stmt *s)
{
    struct world *world = &story->world;
    size_t i = site_find(&world->site, (const char *)sqlite3_column_text(s, 0));
    unsigned named = 0, hidden = 0;
    bool whole = sqlite3_column_int(s, 2) != 0, active = sqlite3_column_int(s, 1) != 0;
    if (i == SITE_END || i >= PEOPLE_MAX)
        world_fail(world, "a contact that the site does not know");
    struct seen *seen = &story->seen[i];
    seen->there = true;
    if (!active && !seen->removed)
        world_fail(world, "c-%06zu is Inactive and was never removed", i);
    if (seen->whole && !whole)
        world_fail(world, "the whole record of c-%06zu is lost", i);
    if (!whole)
        return;
    if (sscanf((const char *)sqlite3_column_text(s, 3), "Name %u", &named) != 1 ||
        sscanf((const char *)sqlite3_column_text(s, 4), "Company %u", &hidden) != 1)
        world_fail(world, "c-%06zu is not as the site ever had it", i);
    if (seen->whole && (named < seen->named || hidden < seen->hidden))
        world_fail(world, "c-%06zu went back from %u,%u to %u,%u", i, seen->named, seen->hidden, named,
                   hidden);
    *seen = (struct seen){
        .there = true, .whole = true, .removed = seen->removed, .named = named, .hidden = hidden};
}

/* Who was there stays, and no content ever gets older. */
static void look_at_rows(struct story *story)
{
    struct world *world = &story->world;
    sqlite3_stmt *s = NULL;
    int64_t rows = 0, known = 0;
    if (sqlite3_prepare_v2(world->store->db,
                           "SELECT c.contact_id, c.status = 'Active', t.content_hash IS NOT NULL, c.name,"
                           " c.company FROM contacts c JOIN contact_state t ON t.id = c.id",
                           -1, &s, NULL) != SQLITE_OK)
        world_fail(world, "%s", sqlite3_errmsg(world->store->db));
    for (size_t i = 0; i < PEOPLE_MAX; i++)
        known += story->seen[i].there;
    while (sqlite3_step(s) == SQLITE_ROW) {
        look_at_row(story, s);
        rows++;
    }
    (void)sqlite3_finalize(s);
    if (rows < known)
        world_fail(world, "%" PRId64 " of %" PRId64 " contacts are lost", known - rows, known);
}

static void check(struct story *story)
{
    struct world *world = &story->world;
    for (size_t i = 0; i < world->site.count && i < PEOPLE_MAX; i++)
        story->seen[i].removed |= !world->site.people[i].listed;
    look_at_rows(story);
    assert_none(
        world, "neither fetched nor queued",
        "SELECT count(*) FROM contacts c JOIN contact_state t ON t.id = c.id WHERE t.content_hash IS NULL"
        " AND c.status = 'Active' AND c.id NOT IN (SELECT id FROM detail_queue)");
    assert_none(world, "cycles without an end", "SELECT count(*) FROM sync_log WHERE status = 'running'");
    assert_none(
        world, "a success that did not list everybody",
        "SELECT count(*) FROM sync_log WHERE status = 'success' AND records_listed <> records_expected");
    assert_none(
        world, "rows without their text",
        "SELECT count(*) FROM contacts WHERE flex_data IS NULL OR name IS NOT flex_data ->> '$.name'");
}

static void check_truth(struct story *story)
{
    struct world *world = &story->world;
    for (size_t i = 0; i < world->site.count; i++) {
        const struct person *p = &world->site.people[i];
        char sql[1024], *record = site_record(&world->site, i);
        if (!p->listed && !story->seen[i].there)
            continue; /* came and went between two listings */
        (void)snprintf(
            sql, sizeof sql,
            "SELECT count(*) FROM contacts WHERE contact_id = 'c-%06zu' AND status = '%s' AND (%d OR"
            " flex_data = '%s')",
            i, p->listed ? "Active" : "Inactive", !p->listed, record ? record : "");
        if (world_number(world, sql) != 1)
            world_fail(world, "in the end c-%06zu is not as the site has it", i);
        free(record);
    }
}

/* --- stories --- */

static struct world_options draw_options(uint64_t seed)
{
    uint64_t s = seed ^ UINT64_C(0x0dd5);
    struct world_options options = {.people = 10 + (size_t)(random_unit(&s) * 140),
                                    .seed = seed,
                                    .limits.share = 30 + (int64_t)(random_unit(&s) * 70),
                                    .strategy = random_unit(&s) < 0.7 ? STRATEGY_AUTO : STRATEGY_INCREMENTAL,
                                    .interval = (int64_t)((0.25 + 3 * random_unit(&s)) * (double)HOUR),
                                    .max_age = (int64_t)((1 + 2 * random_unit(&s)) * (double)DAY)};
    /* Mostly too little for everybody at once. */
    double hourly = 10 + (double)options.people * (0.3 + random_unit(&s));
    options.limits.most[QUOTA_HOUR] = (int64_t)hourly;
    options.limits.most[QUOTA_DAY] = (int64_t)(hourly * (3 + 3 * random_unit(&s)));
    options.limits.most[QUOTA_MONTH] = (int64_t)(hourly * (30 + 40 * random_unit(&s)));
    return options;
}

/* Mostly the server says so, when a record is gone. */
static enum site_way draw_way(struct world *world)
{
    static const enum site_way ways[] = {SITE_UNKNOWN, SITE_UNKNOWN, SITE_UNKNOWN,
                                         SITE_USELESS, SITE_FAILS,   SITE_MERGED};
    return ways[draw_between(world, 0, ARRAY_LENGTH(ways) - 1)];
}

static void draw_site(struct world *world)
{
    struct site *site = &world->site;
    site->size_max = (unsigned)draw_between(world, 8, 2000);
    site->honours_edits = world_chance(world, 0.5);
    site->reorders = world_chance(world, 0.3);
    site->births = world_draw(world) * 6;
    site->removed_way = draw_way(world);
    site->deaths = world_draw(world) * 2;
    world->names_date = world_chance(world, 0.85);
    world->names_window = world_chance(world, 0.8);
    world->account.refuses = world_chance(world, 0.6);
    world->server_offset = world_chance(world, 0.3) ? (int64_t)draw_between(world, 0, 40) * HOUR : 0;
}

static void draw_faults(struct world *world)
{
    world->faults = (struct world_faults){0};
    if (world_chance(world, 0.5))
        world->faults.lost = world_draw(world) * 0.4;
    if (world_chance(world, 0.3))
        world->faults.failing = world_draw(world) * 0.3;
    if (world_chance(world, 0.3))
        world->faults.crash = 0.01 * world_draw(world);
    if (world_chance(world, 0.2))
        world->faults.stop = 0.01 * world_draw(world);
    world->faults.storm = world_chance(world, 0.05);
}

/* A record is denied, or its row is poisoned, or it is as it should be again. */
static void spoil_record(struct world *world)
{
    struct site *site = &world->site;
    struct person *p = &site->people[site->count ? draw_between(world, 0, site->count - 1) : 0];
    if (site->count == 0 || !p->listed)
        return;
    p->poisoned = world_chance(world, 0.3);
    p->way = world_chance(world, 0.5) ? SITE_DENIED : world_chance(world, 0.3) ? SITE_UNKNOWN : SITE_ANSWERS;
}

static void mend_records(struct site *site)
{
    for (size_t i = 0; i < site->count; i++) {
        struct person *p = &site->people[i];
        p->poisoned = false;
        if (p->listed || p->way == SITE_DENIED)
            p->way = p->listed ? SITE_ANSWERS : SITE_UNKNOWN;
    }
}

/* The database is deleted while the daemon is down: it is made again. */
static void delete_database(struct story *story)
{
    struct world *world = &story->world;
    char wal[128], shm[128];
    world_end(world);
    (void)snprintf(wal, sizeof wal, "%s-wal", world->database);
    (void)snprintf(shm, sizeof shm, "%s-shm", world->database);
    (void)unlink(world->database);
    (void)unlink(wal);
    (void)unlink(shm);
    memset(story->seen, 0, sizeof story->seen);
    world_start(world);
}

/* The local clock jumps by a second to a month, or is right again. */
static void jump(struct world *world)
{
    static const int64_t spans[] = {SECOND, 10 * 60 * SECOND, HOUR, DAY, 31 * DAY};
    int64_t span = spans[draw_between(world, 0, 4)];
    world->local_offset = world_chance(world, 0.4) ? 0 : world_chance(world, 0.5) ? span : -span;
}

static void copy_file(const char *from, const char *to)
{
    char buffer[64 * 1024];
    FILE *in = fopen(from, "re"), *out = fopen(to, "we");
    size_t length;
    while (in && out && (length = fread(buffer, 1, sizeof buffer, in)) > 0)
        if (fwrite(buffer, 1, length, out) != length)
            break;
    if (in)
        (void)fclose(in);
    if (out)
        (void)fclose(out);
}

/*
 * The ledger is deleted, or an old copy put in its place, while the daemon runs: what the daemon knows is
 * entered again with its next request. (Nobody knows it if the daemon dies before.)
 */
static void spoil_ledger(struct story *story)
{
    struct world *world = &story->world;
    if (world->limiter.seen && world_chance(world, 0.5)) {
        copy_file(world->ledger_path, story->copy);
        return;
    }
    if (world_chance(world, 0.5) || access(story->copy, F_OK) != 0)
        (void)unlink(world->ledger_path);
    else
        copy_file(story->copy, world->ledger_path);
    world->faults.crash = 0;
    (void)limiter_allowed(&world->limiter, world->now, world->now + world->local_offset);
}

static void happen(struct story *story)
{
    struct world *world = &story->world;
    switch (draw_between(world, 0, 12)) {
    case 0:
        jump(world);
        break;
    case 1:
        account_use(&world->account, world->now + world->server_offset,
                    (int64_t)draw_between(world, 0, (size_t)world->options.limits.most[QUOTA_HOUR]));
        break;
    case 2:
        world_end(world);
        world_wait(world, (int64_t)(world_draw(world) * 20) * HOUR);
        world_start(world);
        break;
    case 3:
        spoil_ledger(story);
        break;
    case 4:
        world_cycle(world, world_chance(world, 0.5) ? TRIGGER_SIGNAL : TRIGGER_MANUAL,
                    world_chance(world, 0.1));
        break;
    case 5:
        world->site.honours_edits = world_chance(world, 0.5);
        break;
    case 6:
        if (world->site.count > 0)
            site_restore(&world->site, draw_between(world, 0, world->site.count - 1), world->now);
        break;
    case 7:
        world->site.removed_way = draw_way(world);
        break;
    case 8:
        spoil_record(world);
        break;
    case 10:
        world->outage_until = world->now + (int64_t)(world_draw(world) * 5 * (double)HOUR);
        break;
    case 9:
        if (world_chance(world, 0.2))
            delete_database(story);
        break;
    default:
        draw_faults(world);
        break;
    }
}

static void go_on(struct story *story, int64_t until)
{
    struct world *world = &story->world;
    while (world->now < until && world->site.count < PEOPLE_MAX - 20) {
        if (world->schedule.next > world->now)
            world_wait(world, world->schedule.next - world->now);
        world_cycle(world, world->schedule.trigger, false);
        check(story);
        if (world_chance(world, 0.15))
            happen(story);
        check(story);
    }
}

/* Everything is well again; whatever the quota needs to get over it is waited for. */
static void calm_down(struct story *story)
{
    struct world *world = &story->world;
    world->faults = (struct world_faults){0};
    world->names_date = true;
    world->outage_until = 0;
    site_rest(&world->site);
    mend_records(&world->site);
    world->options.interval = 8 * HOUR; /* a month in few cycles */
    schedule_change(&world->schedule, world->options.interval, world->now);
    world_run_until(world, world->now + 32 * DAY);
    world->accept_vanished = true;
    world_cycle(world, TRIGGER_MANUAL, false);
    world->accept_vanished = false;
    double budget = quota_budget(&world->limiter.quota, &world->options.limits);
    double carried = (double)world->site.count / (0.15 * budget);
    world_run_until(world,
                    world->now + world->options.max_age + (int64_t)(2 * carried * (double)DAY) + 2 * DAY);
    check(story);
    check_truth(story);
}

static void tell(uint64_t seed)
{
    struct story *story = calloc(1, sizeof *story);
    assert_non_null(story);
    struct world *world = &story->world;
    const struct world_options options = draw_options(seed);
    world_make(world, &options, NOW);
    (void)snprintf(story->copy, sizeof story->copy, "%s/quota.copy", world->directory);
    draw_site(world);
    draw_faults(world);
    world_start(world);
    go_on(story, NOW + (int64_t)((1 + 3 * world_draw(world)) * (double)DAY));
    calm_down(story);
    world_free(world);
    free(story);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void whatever_happens_the_copy_becomes_the_site_within_the_quota(void **state)
{
    (void)state;
    uint64_t first = number_from("FLEXSYNC_SEED", 0);
    uint64_t count = number_from("FLEXSYNC_SEEDS", first ? 1 : STORIES);
    for (uint64_t i = 0; i < count; i++)
        tell((first ? first : 1) + i);
}

/* --- a large and a small site, as freshness.md has them --- */

static struct world *make_site(size_t people, const struct quota_limits *limits, bool feed)
{
    const struct world_options options = {.people = people,
                                          .seed = 1,
                                          .limits = *limits,
                                          .strategy = STRATEGY_AUTO,
                                          .interval = HOUR,
                                          .max_age = 31 * DAY,
                                          .own_ledger = true};
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world_make(world, &options, NOW);
    world->site.honours_edits = feed;
    world_start(world);
    return world;
}

static void free_site(struct world *world)
{
    world_free(world);
    free(world);
}

static const struct quota_limits large = {.most = {2000, 10000, 100000}, .share = 90};
static const struct quota_limits small = {.most = {20, 100, 1000}, .share = 90};

/* From one day to another. */
static double freshness_of(struct world *world, int from, int until)
{
    world_run_until(world, NOW + from * DAY);
    site_measure(&world->site, world->now);
    world_run_until(world, NOW + until * DAY);
    return site_freshness(&world->site, world->now);
}

/* A month of 1,700 contacts, from its 20th day on. */
static double month_of(bool feed)
{
    struct world *world = make_site(1700, &large, feed);
    world_fill(world);
    double freshness = freshness_of(world, 20, 30);
    assert_true(world->account.most[QUOTA_MONTH] <= 90000);
    assert_true(world->account.most[QUOTA_HOUR] <= 1800);
    free_site(world);
    return freshness;
}

static void a_month_without_the_feed_is_fresh(void **state)
{
    (void)state;
    double freshness = month_of(false);
    print_message("           1,700 contacts without the feed: %.4f fresh\n", freshness);
    assert_true(freshness > 0.99);
}

static void a_month_with_the_feed_is_fresher(void **state)
{
    (void)state;
    double freshness = month_of(true);
    print_message("           1,700 contacts with the feed: %.4f fresh\n", freshness);
    assert_true(freshness > 0.998);
}

/* The listing shows half as many edits as the quota has requests: who changes all the time does not take
 * them. */
static void where_edits_outrun_the_quota_what_is_listed_competes(void **state)
{
    (void)state;
    static const struct quota_limits scarce = {.most = {40, 200, 2000}, .share = 90};
    struct world *world = make_site(2000, &scarce, false);
    world_fill(world);
    double freshness = freshness_of(world, 60, 80);
    print_message("           2,000 contacts, 2,000 requests a month: %.4f fresh\n", freshness);
    assert_true(freshness > 0.854);
    free_site(world);
}

/* Nobody edits: a page, the record on its top, now and then an audit. */
static void idle_cycles_with_the_feed_cost_two_to_four_requests(void **state)
{
    (void)state;
    struct world *world = make_site(1700, &large, true);
    site_rest(&world->site);
    world_fill(world);
    world_run_until(world, NOW + DAY);
    int64_t requests = world->stats.requests, cycles = world->cycles;
    world_run_until(world, NOW + 8 * DAY);
    double cost = (double)(world->stats.requests - requests) / (double)(world->cycles - cycles);
    print_message("           %.2f requests a cycle\n", cost);
    assert_true(cost >= 2 && cost <= 4);
    free_site(world);
}

/* While the daemon was away more people were edited than a page holds, and no listing shows it. */
static void a_reading_goes_on_over_as_many_pages_as_were_edited(void **state)
{
    (void)state;
    struct world *world = make_site(100, &large, true);
    site_rest(&world->site);
    world->site.size_max = 20;
    world_fill(world);
    world_run_until(world, NOW + DAY);
    world_end(world);
    world_wait(world, DAY);
    for (size_t i = 0; i < 70; i++)
        site_edit(&world->site, i, false, world->now);
    world_wait(world, HOUR);
    world_start(world);
    int64_t requests = world->stats.requests;
    world_cycle(world, TRIGGER_START, false);
    assert_int_equal(world->site.current, 100);
    assert_int_equal(world->row.counts.updated, 70);
    /* The listing, five pages of the feed, the edited, and one below them on each page. */
    assert_true(world->stats.requests - requests <= 5 + 5 + 70 + 6);
    assert_true(world_number(world, "SELECT value FROM meta WHERE key = 'feed.read_at'") >=
                (NOW + 2 * DAY) / SECOND);
    free_site(world);
}

/* The same where the quota cannot fetch them all: who is on a later page is not forgotten until then. */
static void a_reading_goes_on_where_the_edited_must_wait(void **state)
{
    (void)state;
    struct world *world = make_site(1000, &small, true);
    world->site.size_max = 100;
    world_fill(world);
    world_run_until(world, NOW + 2 * DAY);
    world_end(world);
    for (size_t i = 0; i < 250; i++)
        site_edit(&world->site, i, false, world->now);
    world_wait(world, HOUR);
    world_start(world);
    world_cycle(world, TRIGGER_START, false);
    int64_t known = world_number(world, "SELECT count(*) FROM contact_state WHERE signalled IS NOT NULL");
    print_message("           %d of them are queued\n", (int)known);
    assert_true(known > 230);
    free_site(world);
}

/* It begins in the middle of a first fill: what it costs, and when all records are there after it. */
static void an_outage_of_ten_minutes_costs_little_and_is_over_soon(void **state)
{
    (void)state;
    struct world *world = make_site(1699, &large, false);
    site_rest(&world->site);
    limiter_change(&world->limiter, 30, 30, world->now);
    world->outage_from = NOW + 3 * SECOND;
    world->outage_until = world->outage_from + 600 * SECOND;
    do {
        assert_true(world->schedule.next <= world->outage_until + 60 * SECOND);
        if (world->schedule.next > world->now)
            world_wait(world, world->schedule.next - world->now);
        world_cycle(world, world->schedule.trigger, false);
    } while (world_number(world, "SELECT count(*) FROM contact_state WHERE content_hash IS NULL") > 0);
    double after = (double)(world->now - world->outage_until) / (double)SECOND;
    int wasted = (int)(world->stats.requests - 1 - 1699);
    print_message("           %d requests, all whole %.0f s after its end\n", wasted, after);
    assert_in_range(wasted, 1, 60);
    assert_true(after > 0 && after <= 120);
    free_site(world);
}

/* On 20 requests an hour: everybody is listed at once, and records trickle, the newest first. */
static void a_first_fill_on_the_small_plan_trickles_newest_first(void **state)
{
    (void)state;
    struct world *world = make_site(1699, &small, false);
    site_rest(&world->site);
    world_cycle(world, TRIGGER_START, false);
    assert_int_equal(world_number(world, "SELECT count(*) FROM contacts"), 1699);
    assert_int_equal(world->row.status, SYNC_PARTIAL);
    assert_true(world->row.resumes_at > world->now);
    world_run_until(world, NOW + 5 * DAY);
    int64_t fetched =
        world_number(world, "SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL");
    assert_true(fetched > 300 &&
                fetched < 500); /* a day's quota and a bit at once, the month's share later */
    assert_int_equal(world_number(world,
                                  "SELECT count(*) FROM contact_state a WHERE a.content_hash IS NULL AND"
                                  " a.id > (SELECT min(b.id) FROM contact_state b WHERE b.content_hash"
                                  " IS NOT NULL)"),
                     0);
    world_run_until(world, NOW + 75 * DAY);
    assert_int_equal(world_number(world, "SELECT count(*) FROM contact_state WHERE content_hash IS NULL"), 0);
    free_site(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_the_copy_becomes_the_site_within_the_quota),
        cmocka_unit_test(a_month_without_the_feed_is_fresh),
        cmocka_unit_test(a_month_with_the_feed_is_fresher),
        cmocka_unit_test(where_edits_outrun_the_quota_what_is_listed_competes),
        cmocka_unit_test(idle_cycles_with_the_feed_cost_two_to_four_requests),
        cmocka_unit_test(a_reading_goes_on_over_as_many_pages_as_were_edited),
        cmocka_unit_test(a_reading_goes_on_where_the_edited_must_wait),
        cmocka_unit_test(an_outage_of_ten_minutes_costs_little_and_is_over_soon),
        cmocka_unit_test(a_first_fill_on_the_small_plan_trickles_newest_first),
    };
    if (number_from("FLEXSYNC_SEED", 0)) /* stories alone */
        cmocka_set_test_filter("whatever_*");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
