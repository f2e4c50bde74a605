/* A store in which nothing lasts. */
#include "store_bench.h"

#include "flexsync/read.h"
#include "flexsync/trial.h"

#define ADA "{\"id\":\"a\",\"name\":\"Ada Lumen\"}"

static int open_bench(void **state)
{
    int r = set_up(state);
    struct bench *b = *state;
    open_store(b);
    list_rows(b, &entity_contacts, "[{\"id\":\"a\",\"name\":\"Ada Lumen\"},{\"id\":\"b\",\"name\":\"Bea\"}]");
    answer(b, "a", ADA);
    return r;
}

/* Opened as a trial, with the listing compared. */
static struct store *trial_of(struct bench *b, const char *listing)
{
    struct store *before = b->store;
    b->store = NULL;
    assert_done(b, store_open(&b->store, b->path, STORE_TRIAL, b->now, &b->migrated, &b->err));
    list_rows(b, &entity_contacts, listing);
    struct store *trial = b->store;
    b->store = before;
    return trial;
}

static struct trial_found found_in(struct bench *b, struct store *trial)
{
    struct trial_found found = {0};
    assert_done(b, trial_read(trial, &entity_contacts, &found, &b->err));
    return found;
}

static void what_is_written_in_a_trial_is_nowhere_else(void **state)
{
    struct bench *b = *state;
    sqlite3 *raw = open_raw(b->path);
    CLEANUP_FREE char *before = answer_of(raw, "SELECT group_concat(contact_id || updated_at) FROM contacts");
    struct store *trial = trial_of(b, "[{\"id\":\"c\"},{\"id\":\"d\"}]");
    struct read_counts counts;
    assert_done(b, read_counts(trial, &entity_contacts, &counts, &b->err));
    assert_int_equal(counts.total, 4);
    assert_done(b, read_counts(b->store, &entity_contacts, &counts, &b->err));
    assert_int_equal(counts.total, 2);
    trial = store_close(trial);
    CLEANUP_FREE char *after = answer_of(raw, "SELECT group_concat(contact_id || updated_at) FROM contacts");
    assert_string_equal(after, before);
    close_raw(raw);
}

static void others_may_write_while_a_trial_goes_on(void **state)
{
    struct bench *b = *state;
    struct store *trial =
        trial_of(b, "[{\"id\":\"a\",\"name\":\"Ada Lumen\"},{\"id\":\"b\",\"name\":\"Bea\"}]");
    answer(b, "b", "{\"id\":\"b\",\"name\":\"Bea Written\"}");
    struct trial_found found = found_in(b, trial);
    assert_int_equal(found.of[TRIAL_WAITING], 1); /* as it was when the trial began */
    (void)store_close(trial);
}

static void what_waits_is_told_from_what_came(void **state)
{
    struct bench *b = *state;
    struct store *trial = trial_of(
        b, "[{\"id\":\"a\",\"name\":\"Ada Renamed\"},{\"id\":\"b\",\"name\":\"Bea\"},{\"id\":\"c\"}]");
    struct trial_found found = found_in(b, trial);
    assert_int_equal(found.of[TRIAL_NEW], 1);
    assert_int_equal(found.of[TRIAL_CHANGED], 1);
    assert_int_equal(found.of[TRIAL_WAITING], 1); /* b was never fetched */
    assert_int_equal(found.of[TRIAL_VANISHED], 0);
    (void)store_close(trial);
}

static void without_a_database_a_trial_begins_with_nothing_and_makes_none(void **state)
{
    struct bench *b = *state;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/other.db", b->directory);
    struct store *trial = NULL;
    assert_done(b, store_open(&trial, path, STORE_TRIAL, b->now, NULL, &b->err));
    struct read_counts counts;
    assert_done(b, read_counts(trial, &entity_contacts, &counts, &b->err));
    assert_int_equal(counts.total, 0);
    (void)store_close(trial);
    assert_int_equal(access(path, F_OK), -1);
}

static void a_database_of_somebody_else_is_refused_as_ever(void **state)
{
    struct bench *b = *state;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/other.db", b->directory);
    sqlite3 *other = open_raw(path);
    exec_raw(other, "PRAGMA application_id = 77; CREATE TABLE t (a)");
    close_raw(other);
    struct store *trial = NULL;
    assert_failed(b, store_open(&trial, path, STORE_TRIAL, b->now, NULL, &b->err), ERROR_STORE_CORRUPT);
    FILE *nonsense = fopen(path, "w");
    assert_non_null(nonsense);
    (void)fputs("this is no database, however long one looks at it, and it is longer than a header is wide: "
                "nothing of it makes sense",
                nonsense);
    assert_int_equal(fclose(nonsense), 0);
    assert_failed(b, store_open(&trial, path, STORE_TRIAL, b->now, NULL, &b->err), ERROR_STORE_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_in_a_trial_is_nowhere_else, open_bench, tear_down),
        cmocka_unit_test_setup_teardown(others_may_write_while_a_trial_goes_on, open_bench, tear_down),
        cmocka_unit_test_setup_teardown(what_waits_is_told_from_what_came, open_bench, tear_down),
        cmocka_unit_test_setup_teardown(without_a_database_a_trial_begins_with_nothing_and_makes_none,
                                        open_bench, tear_down),
        cmocka_unit_test_setup_teardown(a_database_of_somebody_else_is_refused_as_ever, open_bench,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
