/* Copies while others write, and erasing. */
#include "store_bench.h"

#define ADA "{\"id\":\"a\",\"name\":\"Ada Unforgettable\",\"company\":\"Lumen\"}"
#define BEA "{\"id\":\"b\",\"name\":\"Bea Remembered\",\"company\":\"Lumen\"}"

static int open_bench(void **state)
{
    int r = set_up(state);
    struct bench *b = *state;
    open_store(b);
    list_rows(b, &entity_contacts, "[{\"id\":\"a\"},{\"id\":\"b\"}]");
    answer(b, "a", ADA);
    answer(b, "b", BEA);
    return r;
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

/* Makes the empty file that the copy goes into. */
static void make_empty(const struct bench *b, char path[static 96])
{
    (void)snprintf(path, 96, "%s/copy.db", b->directory);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

static void a_copy_is_whole_and_one_file(void **state)
{
    struct bench *b = *state;
    char path[96];
    make_empty(b, path);
    assert_done(b, store_backup(b->store, path, never, NULL, &b->err));
    sqlite3 *copy = open_raw(path);
    CLEANUP_FREE char *rows = answer_of(copy, "SELECT contact_id, flex_data FROM contacts ORDER BY id");
    assert_string_equal(rows, "a|" ADA "\nb|" BEA);
    CLEANUP_FREE char *mode = answer_of(copy, "PRAGMA journal_mode");
    assert_string_equal(mode, "delete");
    close_raw(copy);
    /* and can be used in the place of the other */
    struct store *store = NULL;
    assert_done(b, store_open(&store, path, STORE_WRITE, b->now, NULL, &b->err));
    (void)store_close(store);
}

/* Somebody writes in the middle of it. */
struct writer {
    sqlite3 *db;
    int writes;
};

static bool write_now(void *arg)
{
    struct writer *writer = arg;
    exec_raw(writer->db, "UPDATE meta SET value = 'changed' WHERE key = 'marked'");
    writer->writes++;
    return false;
}

static void a_writer_in_the_middle_neither_waits_nor_is_seen(void **state)
{
    struct bench *b = *state;
    char path[96];
    make_empty(b, path);
    exec(b, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)"
            " INSERT INTO meta SELECT 'fill' || i, hex(zeroblob(500)), NULL FROM n");
    exec(b, "INSERT INTO meta VALUES ('marked', 'before', NULL)");
    struct store *reader = NULL;
    assert_done(b, store_open(&reader, b->path, STORE_READ, b->now, NULL, &b->err));
    struct writer writer = {.db = b->store->db};
    assert_done(b, store_backup(reader, path, write_now, &writer, &b->err));
    (void)store_close(reader);
    assert_in_range(writer.writes, 1, 100);
    sqlite3 *copy = open_raw(path);
    CLEANUP_FREE char *value = answer_of(copy, "SELECT value FROM meta WHERE key = 'marked'");
    assert_string_equal(value, "before");
    close_raw(copy);
    assert_answer(b, "SELECT value FROM meta WHERE key = 'marked'", "changed");
}

/* Neither when it is whole, nor in the midst of it, where it may be killed. */
static bool copy_is_one_file(void *arg)
{
    const struct bench *b = arg;
    int files = 0;
    DIR *d = opendir(b->directory);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        files += strncmp(e->d_name, "copy.db", 7) == 0;
    assert_int_equal(closedir(d), 0);
    assert_int_equal(files, 1);
    return false;
}

static void a_copy_has_no_file_beside_it_at_any_time(void **state)
{
    struct bench *b = *state;
    char path[96];
    make_empty(b, path);
    exec(b, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)"
            " INSERT INTO meta SELECT 'fill' || i, hex(zeroblob(500)), NULL FROM n");
    assert_done(b, store_backup(b->store, path, copy_is_one_file, b, &b->err));
    (void)copy_is_one_file(b);
    assert_failed(b, store_backup(b->store, "/dev/full", never, NULL, &b->err), ERROR_STORE_FULL);
}

static bool at_once(void *arg)
{
    (void)arg;
    return true;
}

static void it_ends_when_it_is_told_to(void **state)
{
    struct bench *b = *state;
    char path[96];
    make_empty(b, path);
    exec(b, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)"
            " INSERT INTO meta SELECT 'fill' || i, hex(zeroblob(500)), NULL FROM n");
    assert_done(b, store_backup(b->store, path, at_once, NULL, &b->err));
    assert_sound(b);
}

static void a_copy_that_cannot_be_written_is_an_error(void **state)
{
    struct bench *b = *state;
    assert_failed(b, store_backup(b->store, "/nowhere/copy.db", never, NULL, &b->err), ERROR_STORE);
    assert_sound(b);
}

static bool file_has(const char *path, const char *text)
{
    FILE *in = fopen(path, "r");
    size_t at = 0, length = strlen(text);
    int c;
    if (!in)
        return false;
    while (at < length && (c = fgetc(in)) != EOF)
        at = c == text[at] ? at + 1 : c == text[0];
    assert_int_equal(fclose(in), 0);
    return at == length;
}

static void assert_no_trace(const struct bench *b)
{
    static const char *const traces[] = {"Unforgettable", "unforgettable"};
    char wal[128];
    (void)snprintf(wal, sizeof wal, "%s-wal", b->path);
    for (size_t i = 0; i < ARRAY_LENGTH(traces); i++) {
        assert_false(file_has(b->path, traces[i]));
        assert_false(file_has(wal, traces[i]));
    }
}

static void an_inactive_contact_is_erased_without_a_trace(void **state)
{
    struct bench *b = *state;
    int64_t changes = -1, id = id_of(b, "a");
    char wal[128];
    (void)snprintf(wal, sizeof wal, "%s-wal", b->path);
    /* An edit leaves pages free, and what stood there, unless SQLite was built as Debian builds it. */
    exec(b, "PRAGMA secure_delete = OFF");
    exec(b, "UPDATE contacts SET flex_data = replace(hex(zeroblob(20000)), '00', 'Unforgettable') WHERE"
            " contact_id = 'a'");
    exec(b, "UPDATE contacts SET flex_data = '{}' WHERE contact_id = 'a'");
    list_rows(b, &entity_contacts, "[{\"id\":\"b\"}]");
    answer_gone(b, "a");
    exec(b, "INSERT INTO contact_audits (contact_id, checked_at, stale) VALUES ('a', '2025-01-01', 0)");
    assert_true(file_has(b->path, "Unforgettable") || file_has(wal, "Unforgettable"));
    assert_int_equal(store_forget(b->store, &entity_contacts, id, &changes, &b->err), 1);
    assert_int_equal(changes, 2); /* inserted, deactivated */
    assert_answer(b, "SELECT contact_id FROM contacts", "b");
    assert_answer(b, "SELECT DISTINCT contact_id FROM contact_changes", "b");
    assert_answer(b, "SELECT count(*) FROM contact_state", "1");
    assert_answer(b, "SELECT count(*) FROM contact_audits", "0");
    assert_answer(b, "SELECT count(*) FROM contacts_fts WHERE contacts_fts MATCH 'unforgettable'", "0");
    assert_answer(b, "SELECT count(*) FROM contacts_fts WHERE contacts_fts MATCH 'remembered'", "1");
    assert_sound(b);
    assert_no_trace(b);
    reopen_store(b);
    assert_no_trace(b);
    assert_true(file_has(b->path, "Remembered"));
}

static void while_a_reader_keeps_the_wal_nothing_is_erased(void **state)
{
    struct bench *b = *state;
    int64_t changes = -1, id = id_of(b, "a");
    list_rows(b, &entity_contacts, "[{\"id\":\"b\"}]");
    answer_gone(b, "a");
    sqlite3 *reader = open_raw(b->path);
    exec_raw(reader, "BEGIN; SELECT count(*) FROM contacts");
    char *before = dump_contents(b);
    assert_failed(b, store_forget(b->store, &entity_contacts, id, &changes, &b->err), ERROR_STORE_BUSY);
    assert_non_null(strstr(b->err.text, "nothing is erased"));
    assert_contents(b, before);
    free(before);
    exec_raw(reader, "COMMIT");
    assert_int_equal(store_forget(b->store, &entity_contacts, id, &changes, &b->err), 1);
    close_raw(reader);
    assert_no_trace(b);
}

static void an_active_one_is_kept(void **state)
{
    struct bench *b = *state;
    int64_t changes = -1;
    char *before = dump_contents(b);
    assert_failed(b, store_forget(b->store, &entity_contacts, id_of(b, "a"), &changes, &b->err), ERROR_USAGE);
    assert_int_equal(changes, -1);
    assert_contents(b, before);
    free(before);
}

static void one_that_there_is_not_is_none(void **state)
{
    struct bench *b = *state;
    int64_t changes = -1;
    assert_int_equal(store_forget(b->store, &entity_contacts, 4711, &changes, &b->err), 0);
    assert_int_equal(changes, -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_copy_is_whole_and_one_file),
        TEST(a_writer_in_the_middle_neither_waits_nor_is_seen),
        TEST(a_copy_has_no_file_beside_it_at_any_time),
        TEST(it_ends_when_it_is_told_to),
        TEST(a_copy_that_cannot_be_written_is_an_error),
        TEST(an_inactive_contact_is_erased_without_a_trace),
        TEST(while_a_reader_keeps_the_wal_nothing_is_erased),
        TEST(an_active_one_is_kept),
        TEST(one_that_there_is_not_is_none),
    };
    return cmocka_run_group_tests_name("store keep", tests, NULL, NULL);
}
