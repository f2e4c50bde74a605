/* A cycle in which nothing has changed: what it sends is little, and what it writes of the contacts is
 * nothing. */
#include "flexsync/feed.h"
#include "sync_bench.h"

#define PEOPLE 60

struct writes {
    int contacts, changes, search;
};

static void note_write(void *arg, int kind, const char *database, const char *table, sqlite3_int64 id)
{
    struct writes *writes = arg;
    (void)kind, (void)database, (void)id;
    writes->contacts += strcmp(table, "contacts") == 0;
    writes->changes += strcmp(table, "contact_changes") == 0;
    writes->search += strncmp(table, "contacts_fts", strlen("contacts_fts")) == 0;
}

/* People who were edited a day after one another, the last of them two days ago. */
static void fill_dated(struct lab *lab)
{
    lab->options.strategy = STRATEGY_AUTO;
    lab->site.size_max = lab->options.page_size = 100;
    add_people(lab, PEOPLE);
    for (size_t i = 0; i < PEOPLE; i++)
        lab->site.people[i].edited = (lab->b->now - (int64_t)(i + 2) * USEC_PER_DAY) / USEC_PER_SEC;
    run(lab);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    assert_truth(lab);
}

/* A quarter of an hour later. Returns what it sent. */
static int64_t run_watched(struct lab *lab, enum sync_trigger trigger, struct writes *writes)
{
    *writes = (struct writes){0};
    lab->b->now += 15 * USEC_PER_MIN;
    lab->options.trigger = trigger;
    lab->options.person = trigger == TRIGGER_SIGNAL || trigger == TRIGGER_MANUAL;
    (void)sqlite3_update_hook(lab->b->store->db, note_write, writes);
    run(lab);
    (void)sqlite3_update_hook(lab->b->store->db, NULL, NULL);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    return lab->row.cost.requests;
}

/* Whatever begins the cycle. `most`: requests of one of them, beyond what the planner has to spend. */
static void assert_idle(struct lab *lab, int64_t most)
{
    char *before = dump_contents(lab->b);
    for (enum sync_trigger trigger = 0; trigger < TRIGGER_COUNT; trigger++) {
        struct writes writes;
        int64_t sent = run_watched(lab, trigger, &writes);
        if (sent > most)
            fail_msg("a cycle of %s sends %" PRId64 " requests", sync_trigger_names[trigger], sent);
        assert_int_equal(writes.contacts + writes.changes + writes.search, 0);
        assert_contents(lab->b, before);
    }
    free(before);
}

static int64_t verdict(struct lab *lab)
{
    return number(lab->b, "SELECT coalesce(max(value), 0) FROM meta WHERE key = 'feed.verdict'");
}

static void nothing_changed_writes_no_row_where_the_feed_is_honoured(void **state)
{
    struct lab *lab = *state;
    lab->site.orders_by_edits = true;
    fill_dated(lab);
    assert_idle(lab, 4);
    assert_int_equal(verdict(lab), FEED_HONOURED);
    assert_idle(lab, 2);
}

static void nothing_changed_writes_no_row_where_it_is_not(void **state)
{
    struct lab *lab = *state;
    fill_dated(lab);
    assert_idle(lab, 2);
    assert_int_equal(verdict(lab), FEED_IGNORED);
    assert_idle(lab, 1);
}

static void what_the_planner_looks_at_writes_no_row_either(void **state)
{
    struct lab *lab = *state;
    struct writes writes;
    lab->options.budget = 2000; /* some 20 in a quarter of an hour */
    lab->allowed = FOR_EVER;
    fill_dated(lab);
    char *before = dump_contents(lab->b);
    assert_true(run_watched(lab, TRIGGER_TIMER, &writes) >= 8);
    assert_true(lab->row.counts.unchanged >= 8);
    assert_int_equal(writes.contacts + writes.changes + writes.search, 0);
    assert_contents(lab->b, before);
    free(before);
}

static void a_full_pass_that_finds_nothing_writes_no_row(void **state)
{
    struct lab *lab = *state;
    struct writes writes;
    lab->site.orders_by_edits = true;
    fill_dated(lab);
    char *before = dump_contents(lab->b);
    lab->options.full = true;
    (void)run_watched(lab, TRIGGER_MANUAL, &writes);
    assert_int_equal(lab->row.counts.unchanged, PEOPLE);
    assert_int_equal(writes.contacts + writes.changes + writes.search, 0);
    assert_contents(lab->b, before);
    free(before);
}

/* That the hook sees something at all; and that of one edit nobody else is written. */
static void one_hidden_edit_writes_one_row_and_one_change(void **state)
{
    struct lab *lab = *state;
    struct writes writes;
    lab->site.orders_by_edits = true;
    fill_dated(lab);
    assert_idle(lab, 4);
    lab->site.people[41].hidden++;
    lab->site.people[41].edited = lab->b->now / USEC_PER_SEC;
    assert_true(run_watched(lab, TRIGGER_START, &writes) <= 4);
    assert_int_equal(lab->row.counts.updated, 1);
    assert_int_equal(writes.contacts, 1);
    assert_int_equal(writes.changes, 1);
    assert_true(writes.search > 0);
    assert_truth(lab);
    assert_int_equal(verdict(lab), FEED_HONOURED);
}

/* The listing is read a second time beside the feed, and what the feed promises holds afterwards. */
static void a_listing_that_is_read_again_leaves_the_feed_as_it_is(void **state)
{
    struct lab *lab = *state;
    struct writes writes;
    lab->site.orders_by_edits = true;
    fill_dated(lab);
    assert_idle(lab, 4);
    assert_int_equal(verdict(lab), FEED_HONOURED);

    lab->site.size_max = lab->options.page_size = 20;
    lab->site.people[7].answers = false; /* listed, and yet unknown */
    lab->options.full = true;
    lab->reports[EVENT_LISTING_ODD] = 0;
    (void)run_watched(lab, TRIGGER_MANUAL, &writes);
    assert_int_equal(lab->reports[EVENT_LISTING_ODD], 1);
    lab->options.full = false;
    assert_int_equal(verdict(lab), FEED_HONOURED);

    lab->site.people[41].hidden++;
    lab->site.people[41].edited = lab->b->now / USEC_PER_SEC;
    assert_true(run_watched(lab, TRIGGER_START, &writes) <= 6);
    assert_int_equal(lab->row.counts.updated, 1);
    assert_truth(lab);
    assert_int_equal(verdict(lab), FEED_HONOURED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_changed_writes_no_row_where_the_feed_is_honoured),
        TEST(nothing_changed_writes_no_row_where_it_is_not),
        TEST(what_the_planner_looks_at_writes_no_row_either),
        TEST(a_full_pass_that_finds_nothing_writes_no_row),
        TEST(one_hidden_edit_writes_one_row_and_one_change),
        TEST(a_listing_that_is_read_again_leaves_the_feed_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
