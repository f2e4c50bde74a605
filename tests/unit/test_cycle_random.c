/*
 * Anything may happen to a site, and to a cycle: in the end the copy is the site. Each seed is a story of its
 * own; FLEXSYNC_SEED=N tells one alone, FLEXSYNC_SEEDS=N so many.
 */
#include "sync_bench.h"

#define SEEDS  250
#define ROUNDS 10

static bool chance(struct lab *lab, unsigned percent)
{
    return draw(&lab->site) % 100 < percent;
}

/* In every second story each edit shows in the listing, and no full cycle is needed to find it in the end. */
static bool open_story(const struct lab *lab)
{
    return lab->seed % 2;
}

/* No row is ever as it was before: a listing cannot show what was edited and edited back between two of its
 * readings. */
static void touch(struct lab *lab, size_t i)
{
    struct person *p = &lab->site.people[i];
    char name[32];
    p->hidden++;
    (void)snprintf(name, sizeof name, "Name %zu.%u", i, p->hidden);
    if (open_story(lab))
        rename_person(lab, i, name);
}

static void edit_one(struct lab *lab, size_t i)
{
    struct person *p = &lab->site.people[i];
    switch (draw(&lab->site) % 10) {
    case 0:
    case 1:
    case 2:
    case 3:
        touch(lab, i);
        break;
    case 4:
        remove_person(lab, i);
        break;
    case 5:
        restore_person(lab, i);
        break;
    case 6:
        p->deleted = !p->deleted;
        touch(lab, i);
        break;
    case 7:
        p->listed = !p->listed;
        break;
    case 8:
        p->answers = !p->answers;
        break;
    case 9:
        p->odd = (enum oddity)(draw(&lab->site) % ODD_COUNT);
        break;
    }
    p->missing = chance(lab, 3);
}

static void edit_site(struct lab *lab)
{
    struct site *site = &lab->site;
    if (site->count < 30)
        add_people(lab, draw(site) % 6);
    for (size_t edits = draw(site) % 5; site->count > 0 && edits > 0; edits--)
        edit_one(lab, draw(site) % site->count);
    site->shape = (enum shape)(draw(site) % 3);
    site->size_max = 1 + (unsigned)(draw(site) % 12);
    site->reorders = chance(lab, 20);
    site->refuses_sort = chance(lab, 20);
    site->refuses_key = chance(lab, 5);
    site->fails_listing = chance(lab, 5);
    site->left = chance(lab, 30) ? (int)(draw(site) % 20) : FOR_EVER;
}

static void choose_options(struct lab *lab)
{
    default_options(lab);
    lab->options.full = chance(lab, 20);
    lab->options.person = chance(lab, 20);
    lab->options.accept_vanished = chance(lab, 20);
    lab->fail_from = lab->fail_to = 0;
    if (chance(lab, 20)) {
        lab->fail_code = chance(lab, 50) ? ERROR_STORE_BUSY : ERROR_STORE_FULL;
        lab->fail_from = 1 + (int)(draw(&lab->site) % 40);
        lab->fail_to = lab->fail_from + (int)(draw(&lab->site) % 8);
    }
}

/* To its end, or stopped, or killed after some steps. */
static void run_somehow(struct lab *lab)
{
    size_t limit = chance(lab, 30) ? draw(&lab->site) % 60 : SIZE_MAX, steps = 0;
    bool over = false;
    begin_cycle(lab);
    while (!over && steps++ < limit)
        over = !go_on(lab);
    if (!over && chance(lab, 50)) {
        kill_lab(lab);
        return;
    }
    if (!over)
        cycle_stop(lab->cycle);
    while (!over)
        over = !go_on(lab);
    end_cycle(lab);
    (void)store_close_interrupted(lab->b->store, lab->b->now, &lab->b->err);
}

static bool is_stored(struct lab *lab, size_t i, const char *where)
{
    char id[32], sql[SQL_TEXT];
    id_text(id, i);
    (void)snprintf(
        sql, sizeof sql,
        "SELECT count(*) FROM contacts JOIN contact_state USING (id) WHERE contact_id = '%s' AND %s", id,
        where);
    return number(lab->b, sql) > 0;
}

/*
 * The site comes to rest; whoever exists is listed, since of others nobody could know. Those who were gone
 * and are listed as deleted are not asked for, and so would be as they were.
 */
static void calm_down(struct lab *lab)
{
    struct site *site = &lab->site;
    for (size_t i = 0; i < site->count; i++) {
        struct person *p = &site->people[i];
        p->odd = ODD_NOT;
        p->missing = false;
        p->listed = p->answers || /* that one is gone shows when it is not listed */
                    (p->listed && !open_story(lab) && !is_stored(lab, i, "presence = 2"));
        if (p->deleted && is_stored(lab, i, "presence = 2")) {
            p->deleted = false;
            touch(lab, i);
        }
        p->known = is_stored(lab, i, "1"); /* a page that a cycle read and then died with tells nothing */
    }
    site->reorders = site->refuses_sort = site->refuses_key = site->fails_listing = false;
    site->left = FOR_EVER;
    default_options(lab);
    lab->fail_from = lab->fail_to = 0;
    lab->options.full = !open_story(lab);
    lab->options.person = lab->options.accept_vanished = true;
    lab->b->now += 31 * USEC_PER_DAY; /* whatever waits for another try is due */
}

static void tell(struct lab *lab, uint64_t seed)
{
    start_anew(lab);
    lab->site.seed = seed;
    lab->b->now = NOW;
    for (int i = 0; i < ROUNDS; i++) {
        edit_site(lab);
        choose_options(lab);
        run_somehow(lab);
        lab->b->now += (int64_t)(draw(&lab->site) % 3000) * USEC_PER_MIN / (chance(lab, 50) ? 1 : 60);
    }
    calm_down(lab);
    run(lab);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    assert_truth(lab);
    assert_settled(lab);
    default_options(lab);
    assert_settled(lab);
    assert_int_equal(lab->row.status, SYNC_SUCCESS);
    /* Only what the site lists and says 404 for may wait: it is asked for as long as that is so. */
    assert_answer(
        lab->b,
        "SELECT q.reason FROM detail_queue q JOIN contact_state t USING (id) JOIN contacts c USING (id)"
        " WHERE q.reason <> iif(t.presence = 2, 'returned', 'contradicted')"
        " OR c.contact_id NOT IN (SELECT key FROM temp.staged)",
        "");
    assert_int_equal(number(lab->b, "SELECT count(*) FROM sync_log WHERE status = 'running'"), 0);
}

/* The story of a contact's change records: it is inserted once, and goes and comes by turns. */
static void assert_history(struct lab *lab)
{
    assert_answer(lab->b,
                  "SELECT contact_id FROM contact_changes WHERE kind = 'inserted' GROUP BY contact_id"
                  " HAVING count(*) > 1",
                  "");
    assert_answer(lab->b,
                  "SELECT contact_id FROM (SELECT contact_id, kind, lag(kind) OVER (PARTITION BY contact_id"
                  " ORDER BY id) AS before FROM contact_changes WHERE kind IN ('deactivated', 'returned'))"
                  " WHERE kind = before",
                  "");
}

static void whatever_happens_the_copy_becomes_the_site(void **state)
{
    struct lab *lab = *state;
    const char *only = getenv("FLEXSYNC_SEED"), *many = getenv("FLEXSYNC_SEEDS");
    uint64_t first = only ? strtoull(only, NULL, 10) : 1;
    uint64_t last = only ? first : many ? strtoull(many, NULL, 10) : SEEDS;
    for (lab->seed = first; lab->seed <= last; lab->seed++) {
        tell(lab, lab->seed);
        assert_history(lab);
    }
}

/* Which one it was that failed. */
static int name_seed(void **state)
{
    const struct lab *lab = *state;
    print_message("the last seed was %" PRIu64 "\n", lab->seed); /* if it failed, of the one that failed */
    return tear_down_lab(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whatever_happens_the_copy_becomes_the_site, set_up_lab, name_seed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
