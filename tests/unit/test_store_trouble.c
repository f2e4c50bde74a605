/* A database that is locked, and a disk that is full: nothing is applied, and later everything is. */
#include "store_bench.h"
#include "trouble_bench.h"

#define ROWS 40

static int open_bench(void **state)
{
    int r = set_up(state);
    struct bench *b = *state;
    open_store(b);
    exec(b, "PRAGMA busy_timeout = 20");
    return r;
}

/* Rows with ids 0 to ROWS-1, long enough to need pages. */
static char *long_rows(char mark)
{
    char *rows = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&rows, &length);
    assert_non_null(out);
    for (int i = 0; i < ROWS; i++)
        (void)fprintf(out, "%s{\"id\":\"c-%02d\",\"name\":\"%c %01000d\"}", i ? "," : "[", i, mark, i);
    (void)fputc(']', out);
    assert_int_equal(fclose(out), 0);
    return rows;
}

/* Every way of writing, each of which must leave everything as it was. */
static void assert_nothing_can_be_written(struct bench *b, enum error_code code)
{
    const struct store_item gone = {.finding = FOUND_GONE, .id = 1};
    struct sync_row row = b->row, fresh = {.entity = "contacts", .strategy = "auto", .started_at = b->now};
    char cursor[RECORD_ID_MAX + 1] = "";
    char *before = dump_contents(b), *log = answer_of(b->store->db, "SELECT * FROM sync_log");
    char *queue = answer_of(b->store->db, "SELECT * FROM detail_queue");
    assert_failed(b, store_compare_new(b->store, &entity_contacts, &b->row, b->now, 500, &b->err), code);
    assert_failed(b, store_compare_changed(b->store, &entity_contacts, &b->row, b->now, 500, cursor, &b->err),
                  code);
    assert_string_equal(cursor, "");
    assert_int_equal(b->err.retry, RETRY_LATER);
    if (code == ERROR_STORE_BUSY) {
        assert_failed(b, commit_item(b, &gone), code);
        assert_failed(b, store_cycle_begin(b->store, &fresh, &b->err), code);
        assert_failed(b, store_cycle_finish(b->store, &b->row, &keep_all, &b->err), code);
        assert_failed(b, store_queue_all(b->store, &entity_contacts, b->now, &b->err), code);
        assert_failed(b, store_take_vanished(b->store, &entity_contacts, &b->row, 9, b->now, &b->err), code);
        assert_failed(b, store_take_vanished(b->store, &entity_resource_types, &b->row, 9, b->now, &b->err),
                      code);
        assert_failed(b, store_meta_set(b->store, "x", "y", b->now, &b->err), code);
        assert_failed(b, store_close_interrupted(b->store, b->now, &b->err), code);
    }
    assert_int_equal(fresh.id, 0);
    assert_memory_equal(&row, &b->row, sizeof row);
    assert_contents(b, before);
    assert_answer(b, "SELECT * FROM sync_log", log);
    assert_answer(b, "SELECT * FROM detail_queue", queue);
    free(before);
    free(log);
    free(queue);
}

/* Half of the rows are known and will have changed, the others are new. */
static void prepare(struct bench *b)
{
    char *rows = long_rows('a');
    begin_row(b, &entity_contacts);
    stage(b, rows);
    assert_int_equal(store_compare_new(b->store, &entity_contacts, &b->row, b->now, ROWS / 2, &b->err),
                     ROWS / 2);
    free(rows);
    rows = long_rows('b');
    stage(b, rows);
    free(rows);
}

static void finish(struct bench *b)
{
    compare_new(b, &entity_contacts);
    compare_changed(b, &entity_contacts);
    assert_int_equal(b->row.counts.inserted, ROWS);
    assert_int_equal(b->row.counts.updated, ROWS / 2);
    assert_int_equal(number(b, "SELECT count(*) FROM contacts WHERE name LIKE 'b %'"), ROWS);
    assert_sound(b);
}

static void a_locked_database_is_busy_and_nothing_is_applied(void **state)
{
    struct bench *b = *state;
    prepare(b);
    sqlite3 *other = open_raw(b->path);
    exec_raw(other, "BEGIN IMMEDIATE");
    assert_nothing_can_be_written(b, ERROR_STORE_BUSY);
    exec_raw(other, "ROLLBACK");
    close_raw(other);
    finish(b);
}

static void staging_needs_no_lock(void **state)
{
    struct bench *b = *state;
    sqlite3 *other = open_raw(b->path);
    exec_raw(other, "BEGIN IMMEDIATE");
    stage(b, "[{\"id\":\"a\"}]");
    exec_raw(other, "ROLLBACK");
    close_raw(other);
}

static void a_reader_that_holds_on_hinders_nobody(void **state)
{
    struct bench *b = *state;
    sqlite3 *other = open_raw(b->path);
    exec_raw(other, "BEGIN");
    assert_int_equal(number_raw(other, "SELECT count(*) FROM contacts"), 0);
    prepare(b);
    finish(b);
    assert_done(b, store_rest(b->store, &b->err));
    assert_int_equal(number_raw(other, "SELECT count(*) FROM contacts"), 0);
    exec_raw(other, "COMMIT");
    assert_int_equal(number_raw(other, "SELECT count(*) FROM contacts"), ROWS);
    close_raw(other);
}

static void opening_a_locked_database_is_busy(void **state)
{
    struct bench *b = *state;
    struct store *second = NULL;
    exec(b, "BEGIN IMMEDIATE");
    assert_failed(b, store_open(&second, b->path, STORE_WRITE, b->now, NULL, &b->err), ERROR_STORE_BUSY);
    assert_null(second);
    exec(b, "ROLLBACK");
}

static void limit_pages(struct bench *b, int64_t pages)
{
    char sql[64];
    (void)snprintf(sql, sizeof sql, "PRAGMA max_page_count = %" PRId64, pages);
    (void)number(b, sql);
}

static void a_full_disk_is_full_and_nothing_is_applied(void **state)
{
    struct bench *b = *state;
    prepare(b);
    limit_pages(b, 1); /* means: not a page more than there are */
    assert_nothing_can_be_written(b, ERROR_STORE_FULL);
    limit_pages(b, 1000000);
    finish(b);
}

/* However far a batch comes before the disk is full. */
static void a_disk_that_fills_up_anywhere_in_a_batch_applies_nothing_of_it(void **state)
{
    struct bench *b = *state;
    prepare(b);
    compare_new(b, &entity_contacts);
    const struct sync_row row = b->row;
    char *before = dump_contents(b);
    int64_t pages = number(b, "PRAGMA page_count");
    int failures = 0, r = -1;
    for (int64_t more = 0; r < 0; more++) {
        char cursor[RECORD_ID_MAX + 1] = "";
        limit_pages(b, pages + more);
        r = store_compare_changed(b->store, &entity_contacts, &b->row, b->now, 500, cursor, &b->err);
        if (r < 0) {
            assert_failed(b, r, ERROR_STORE_FULL);
            assert_memory_equal(&row, &b->row, sizeof row);
            assert_contents(b, before);
            failures++;
        }
    }
    assert_true(failures > 3);
    finish(b);
    free(before);
}

static void a_record_without_room_is_committed_when_there_is_room(void **state)
{
    struct bench *b = *state;
    char *body = NULL;
    list_rows(b, &entity_contacts, "[{\"id\":\"a\"}]");
    assert_true(asprintf(&body, "{\"id\":\"a\",\"name\":\"%030000d\"}", 7) > 0);
    const struct sync_row row = b->row;
    char *before = dump_contents(b);
    limit_pages(b, 1);
    assert_failed(b, try_answer(b, "a", body), ERROR_STORE_FULL);
    assert_int_equal(b->err.retry, RETRY_LATER);
    assert_memory_equal(&row, &b->row, sizeof row);
    assert_contents(b, before);
    assert_int_equal(number(b, "SELECT count(*) FROM detail_queue"), 1);
    limit_pages(b, 1000000);
    answer(b, "a", body);
    assert_int_equal(number(b, "SELECT length(name) FROM contacts"), 30000);
    assert_int_equal(b->row.counts.fetched, 1);
    assert_sound(b);
    free(before);
    free(body);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, tear_down)

static void a_reader_that_never_ends_is_told_once_the_wal_is_long(void **state)
{
    struct bench *b = *state;
    assert_done(b, store_rest(b->store, &b->err));
    sqlite3 *reader = open_raw(b->path);
    exec_raw(reader, "BEGIN; SELECT count(*) FROM contacts");
    exec(b, "INSERT INTO meta VALUES ('small', 'x', NULL)");
    assert_done(b, store_rest(b->store, &b->err));
    exec(b, "INSERT INTO meta VALUES ('large', zeroblob(17000000), NULL)");
    assert_failed(b, store_rest(b->store, &b->err), ERROR_STORE_BUSY);
    assert_non_null(strstr(b->err.text, "-wal has grown to 16 MiB: another program reads"));
    close_raw(reader);
    assert_done(b, store_rest(b->store, &b->err));
}

/* --- a machine in trouble --- */

static void a_pipe_in_its_place_is_not_waited_for(void **state)
{
    struct bench *b = *state;
    char path[96];
    struct store *store = NULL;
    (void)snprintf(path, sizeof path, "%s/pipe.db", b->directory);
    assert_int_equal(mkfifo(path, 0600), 0);
    for (enum store_mode mode = STORE_WRITE; mode <= STORE_TRIAL; mode++) {
        assert_failed(b, store_open(&store, path, mode, b->now, NULL, &b->err), ERROR_STORE);
        assert_non_null(strstr(b->err.text, "is no file, but a pipe"));
    }
}

static void a_lack_of_descriptors_is_no_fault_of_the_database(void **state)
{
    struct bench *b = *state;
    int refused = 0, r = -1;
    b->store = store_close(b->store);
    for (unsigned more = 0; r < 0; more++) {
        leave_descriptors(more);
        r = store_open(&b->store, b->path, STORE_WRITE, b->now, NULL, &b->err);
        leave_descriptors(UINT_MAX);
        refused += r < 0;
        assert_true(r == 0 || b->err.code == ERROR_SYSTEM);
    }
    assert_in_range(refused, 2, 8);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void a_lack_of_memory_is_no_damage_of_a_copy(void **state)
{
    struct bench *b = *state;
    char path[96];
    int refused = 0, r = -1;
    (void)snprintf(path, sizeof path, "%s/copy.db", b->directory);
    for (sqlite3_int64 more = 0; r < 0; more += 4096) {
        int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(close(fd), 0);
        (void)sqlite3_hard_heap_limit64(sqlite3_memory_used() + more);
        r = store_backup(b->store, path, never, NULL, &b->err);
        (void)sqlite3_hard_heap_limit64(0);
        refused += r < 0;
        if (r < 0 && b->err.code != ERROR_SYSTEM)
            fail_msg("%s", b->err.text);
        assert_true(r == 0 || b->err.code == ERROR_SYSTEM);
    }
    assert_in_range(refused, 10, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reader_that_never_ends_is_told_once_the_wal_is_long),
        TEST(a_pipe_in_its_place_is_not_waited_for),
        TEST(a_lack_of_descriptors_is_no_fault_of_the_database),
        TEST(a_lack_of_memory_is_no_damage_of_a_copy),
        TEST(a_locked_database_is_busy_and_nothing_is_applied),
        TEST(staging_needs_no_lock),
        TEST(a_reader_that_holds_on_hinders_nobody),
        TEST(opening_a_locked_database_is_busy),
        TEST(a_full_disk_is_full_and_nothing_is_applied),
        TEST(a_disk_that_fills_up_anywhere_in_a_batch_applies_nothing_of_it),
        TEST(a_record_without_room_is_committed_when_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
