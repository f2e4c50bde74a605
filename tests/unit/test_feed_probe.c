/* The probe of the feed, on sites at random and with pages made for it. */
#include "feed_bench.h"

#define PEOPLE_MAX 2000

struct person {
    int64_t id, created, edited, stored, key; /* key: what a server sorts by, ascending */
};

struct site {
    struct person people[PEOPLE_MAX];
    size_t count;
    uint64_t seed;
};

static int compare_people(const void *a, const void *b)
{
    const struct person *left = a, *right = b;
    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return (left->id > right->id) - (left->id < right->id);
}

/* `edited_ever` percent of the people were edited after they were created; `since` percent after our fetch.
 */
static void fill(struct site *site, size_t count, int64_t edited_ever, int64_t since, int64_t unknown)
{
    site->count = count;
    for (size_t i = 0; i < count; i++) {
        struct person *one = &site->people[i];
        one->id = (int64_t)i + 1;
        one->created = draw_between(&site->seed, 0, NOW - 11 * DAY);
        one->edited = draw_chance(&site->seed, edited_ever)
                          ? draw_between(&site->seed, one->created, NOW - 10 * DAY)
                          : one->created;
        one->stored = draw_chance(&site->seed, unknown) ? FEED_UNKNOWN : one->edited;
        if (draw_chance(&site->seed, since))
            one->edited = draw_between(&site->seed, NOW - 10 * DAY + 1, NOW);
    }
}

/* Draws in a row, since arguments are evaluated in no certain order. */
static void fill_randomly(struct site *site, size_t count, int64_t edited_ever_min)
{
    int64_t ever = draw_between(&site->seed, edited_ever_min, 100);
    int64_t since = draw_between(&site->seed, 0, 10);
    fill(site, count, ever, since, draw_between(&site->seed, 0, 30));
}

enum server {
    HONEST,
    BY_ID,
    BY_CREATION,
    BY_CREATION_NEWEST_FIRST,
    BY_EDIT_NEWEST_FIRST,
    BY_EDIT_OLDEST_FIRST,
    CREATION_OBEYED,
    OPPOSITE,
    SHUFFLED_ONCE,
    SHUFFLED,
    SORTS_ITS_PAGE,
    SERVER_COUNT
};

static int64_t key_of(struct site *site, enum server server, bool desc, const struct person *one)
{
    switch (server) {
    case HONEST:
        return desc ? -one->edited : one->edited;
    case OPPOSITE:
        return desc ? one->edited : -one->edited;
    case BY_CREATION:
        return one->created;
    case BY_CREATION_NEWEST_FIRST:
        return -one->created;
    case BY_EDIT_NEWEST_FIRST:
        return -one->edited;
    case BY_EDIT_OLDEST_FIRST:
        return one->edited;
    case CREATION_OBEYED:
        return desc ? -one->created : one->created;
    case SHUFFLED:
        return draw_between(&site->seed, 0, 1 << 30);
    default:
        return one->id * 2654435761 % 1000003; /* the ids of a site are random */
    }
}

static void sort_site(struct site *site, enum server server, bool desc, size_t page)
{
    if (server == SORTS_ITS_PAGE) {
        sort_site(site, BY_ID, desc, page);
        for (size_t i = 0; i < page; i++)
            site->people[i].key = key_of(site, HONEST, desc, &site->people[i]);
        qsort(site->people, page, sizeof *site->people, compare_people);
        return;
    }
    for (size_t i = 0; i < site->count; i++)
        site->people[i].key = key_of(site, server, desc, &site->people[i]);
    qsort(site->people, site->count, sizeof *site->people, compare_people);
}

static size_t probe_page(struct site *site, struct feed_probe *probe, enum server server,
                         enum feed_direction direction, size_t page)
{
    sort_site(site, server, direction == FEED_DESC, page);
    for (size_t i = 0; i < page; i++)
        feed_probe_add(probe, direction, site->people[i].stored);
    return probe->count[direction];
}

static enum feed_verdict probe_site(struct site *site, enum server server, size_t page, size_t *ret_known)
{
    struct feed_probe probe;
    feed_probe_begin(&probe, page == site->count);
    size_t desc = probe_page(site, &probe, server, FEED_DESC, page);
    size_t asc = probe_page(site, &probe, server, FEED_ASC, page);
    if (ret_known)
        *ret_known = desc < asc ? desc : asc;
    return feed_probe_verdict(&probe);
}

/* Mostly small sites: it is there that chance can deceive. */
static size_t draw_size(uint64_t *seed)
{
    int64_t largest = draw_chance(seed, 70) ? 60 : draw_chance(seed, 80) ? 300 : PEOPLE_MAX;
    return (size_t)draw_between(seed, 12, largest);
}

static size_t draw_page(struct site *site)
{
    if (draw_chance(&site->seed, 50))
        return site->count;
    return (size_t)draw_between(&site->seed, (int64_t)site->count * 4 / 10, (int64_t)site->count);
}

static void ignore_the_sort(struct site *site, enum server server)
{
    size_t ignored = 0, large = 0;
    struct trials all = trials(TRIALS / 2);
    for (uint64_t seed = all.first; seed <= all.last; seed++) {
        site->seed = seed << 8 | server;
        size_t count = draw_size(&site->seed), known;
        fill_randomly(site, count, server == CREATION_OBEYED ? 50 : 0);
        size_t page = server == SORTS_ITS_PAGE ? count / 2 : draw_page(site);
        enum feed_verdict verdict = probe_site(site, server, page, &known);
        if (verdict == FEED_HONOURED)
            fail_msg("seed %" PRIu64 ", server %d: %zu of %zu rows", seed, (int)server, page, count);
        large += known >= 30;
        ignored += known >= 30 && verdict == FEED_IGNORED;
    }
    assert_true(!is_many(large) || ignored * 10 >= large * 9 || server == SORTS_ITS_PAGE);
}

static void a_server_that_ignores_the_sort_is_never_believed(void **state)
{
    static struct site site;
    (void)state;
    for (enum server server = BY_ID; server < SERVER_COUNT; server++)
        ignore_the_sort(&site, server);
}

static void a_server_that_honours_the_sort_is_believed(void **state)
{
    (void)state;
    static struct site site;
    size_t large = 0, honoured = 0, ignored = 0;
    struct trials all = trials(2 * TRIALS);
    for (uint64_t seed = all.first; seed <= all.last; seed++) {
        site.seed = seed << 8;
        size_t count = draw_size(&site.seed), known;
        fill_randomly(&site, count, 0);
        enum feed_verdict verdict = probe_site(&site, HONEST, draw_page(&site), &known);
        ignored += verdict == FEED_IGNORED;
        large += known >= 30;
        honoured += known >= 30 && verdict == FEED_HONOURED;
    }
    assert_true(!is_many(large) || honoured * 100 >= large * 99);
    assert_true(!is_many(large) || ignored * 1000 <= 2 * TRIALS);
}

static void an_edit_order_needs_dates_that_differ(void **state)
{
    (void)state;
    struct feed_probe probe;
    feed_probe_begin(&probe, true);
    assert_int_equal(feed_probe_verdict(&probe), FEED_UNKNOWN_YET);
    for (int64_t i = 0; i < 500; i++) {
        feed_probe_add(&probe, FEED_DESC, (499 - i) / 50);
        feed_probe_add(&probe, FEED_ASC, i / 50);
    }
    assert_int_equal(feed_probe_verdict(&probe), FEED_UNKNOWN_YET);
}

static void a_newest_page_of_edited_ones_only_decides_nothing(void **state)
{
    (void)state;
    static struct site site;
    site.seed = 3;
    fill(&site, PEOPLE_MAX, 50, 10, 0);
    assert_int_equal(probe_site(&site, HONEST, 100, NULL), FEED_UNKNOWN_YET);
    assert_int_equal(probe_site(&site, SHUFFLED, 100, NULL), FEED_IGNORED);
}

/* Adds dates that rise (or fall) by one. */
static void add_run(struct feed_probe *probe, enum feed_direction direction, int64_t from, int64_t to)
{
    for (int64_t date = from; date != to; date += from < to ? 1 : -1)
        feed_probe_add(probe, direction, date);
}

static void rows_beyond_those_that_are_judged_change_little(void **state)
{
    (void)state;
    struct feed_probe probe;
    for (int64_t apart = 0; apart < 2; apart++) {
        feed_probe_begin(&probe, true);
        add_run(&probe, FEED_DESC, apart + FEED_PROBE_ROWS, apart);
        feed_probe_add(&probe, FEED_DESC, FEED_UNKNOWN);
        feed_probe_add(&probe, FEED_ASC, FEED_NONE);
        add_run(&probe, FEED_ASC, 1, 3 * FEED_PROBE_ROWS);
        assert_int_equal(probe.count[FEED_DESC], FEED_PROBE_ROWS);
        assert_int_equal(probe.count[FEED_ASC], FEED_PROBE_ROWS);
        /* The judged ones of the newest page reach as far back as those of the oldest one, or do not. */
        assert_int_equal(feed_probe_verdict(&probe), apart ? FEED_HONOURED : FEED_UNKNOWN_YET);
    }
}

static void one_inversion_in_a_hundred_pairs_is_let_pass(void **state)
{
    (void)state;
    struct feed_probe probe;
    for (int inversions = 2; inversions <= 3; inversions++) {
        feed_probe_begin(&probe, true);
        add_run(&probe, FEED_DESC, 200, 0);
        add_run(&probe, FEED_ASC, 1, 11);
        for (int i = 0; i < inversions; i++) {
            feed_probe_add(&probe, FEED_ASC, 5);
            feed_probe_add(&probe, FEED_ASC, 10);
        }
        add_run(&probe, FEED_ASC, 11, 201);
        assert_int_equal(feed_probe_verdict(&probe), inversions == 2 ? FEED_HONOURED : FEED_IGNORED);
    }
}

static void one_order_twice_is_no_sort_whatever_it_looks_like(void **state)
{
    (void)state;
    struct feed_probe probe;
    feed_probe_begin(&probe, true);
    for (enum feed_direction direction = FEED_DESC; direction <= FEED_ASC; direction++) {
        add_run(&probe, direction, 0, 30);
        for (int i = 0; i < 100; i++)
            feed_probe_add(&probe, direction, 30);
        add_run(&probe, direction, 29, -1);
    }
    assert_int_equal(feed_probe_verdict(&probe), FEED_IGNORED);
    feed_probe_begin(&probe, true);
    add_run(&probe, FEED_ASC, 0, 50);
    add_run(&probe, FEED_DESC, 1, 50);
    assert_int_equal(feed_probe_verdict(&probe), FEED_IGNORED);
}

static void an_order_must_hold_over_half_of_the_rows(void **state)
{
    (void)state;
    struct feed_probe probe;
    for (enum feed_direction bad = FEED_DESC; bad <= FEED_ASC; bad++) {
        feed_probe_begin(&probe, true);
        for (int64_t i = 70; i-- > 0;) /* the newest end in disorder: these were edited, or not */
            feed_probe_add(&probe, FEED_DESC, bad == FEED_DESC ? i * 37 % 70 : 30 + i);
        add_run(&probe, FEED_DESC, 29, -1);
        add_run(&probe, FEED_ASC, 0, 30);
        for (int64_t i = 0; i < 70; i++)
            feed_probe_add(&probe, FEED_ASC, bad == FEED_ASC ? i * 37 % 70 : 30 + i);
        assert_int_equal(feed_probe_verdict(&probe), bad == FEED_ASC ? FEED_IGNORED : FEED_UNKNOWN_YET);
    }
}

static void an_order_must_hold_over_enough_dates(void **state)
{
    (void)state;
    struct feed_probe probe;
    for (int64_t edited = 0; edited <= 5; edited += 5) { /* of 24 */
        feed_probe_begin(&probe, true);
        for (int64_t i = 0; i < edited; i++)
            feed_probe_add(&probe, FEED_DESC, -i - 1);
        add_run(&probe, FEED_DESC, 24 - edited, 0);
        add_run(&probe, FEED_ASC, 1, 25 - edited);
        for (int64_t i = edited; i > 0; i--)
            feed_probe_add(&probe, FEED_ASC, -i);
        assert_int_equal(feed_probe_verdict(&probe), edited == 0 ? FEED_HONOURED : FEED_UNKNOWN_YET);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_ignores_the_sort_is_never_believed),
        cmocka_unit_test(a_server_that_honours_the_sort_is_believed),
        cmocka_unit_test(an_edit_order_needs_dates_that_differ),
        cmocka_unit_test(a_newest_page_of_edited_ones_only_decides_nothing),
        cmocka_unit_test(rows_beyond_those_that_are_judged_change_little),
        cmocka_unit_test(one_inversion_in_a_hundred_pairs_is_let_pass),
        cmocka_unit_test(one_order_twice_is_no_sort_whatever_it_looks_like),
        cmocka_unit_test(an_order_must_hold_over_half_of_the_rows),
        cmocka_unit_test(an_order_must_hold_over_enough_dates),
    };
    return cmocka_run_group_tests_name("feed probe", tests, NULL, NULL);
}
