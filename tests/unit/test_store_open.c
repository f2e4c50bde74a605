/* Opening: what is ours, what is not, and what a dead process leaves. */
#include "flexsync/read.h"
#include "store_bench.h"

#include <grp.h>
#include <sys/wait.h>

#include <errno.h>

static char *read_file(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long length = ftell(file);
    rewind(file);
    char *bytes = malloc((size_t)length + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)length, file), (size_t)length);
    assert_int_equal(fclose(file), 0);
    *ret_length = (size_t)length;
    return bytes;
}

static void write_file(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* Files in the directory besides the database itself. */
static int companions(const struct bench *b)
{
    int count = 0;
    DIR *d = opendir(b->directory);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        count += e->d_name[0] != '.' && strcmp(e->d_name, "contacts.db") != 0;
    assert_int_equal(closedir(d), 0);
    return count;
}

static void assert_refused(struct bench *b, enum store_mode mode, enum error_code code)
{
    struct store *untouched = (struct store *)b, *store = untouched;
    assert_failed(b, store_open(&store, b->path, mode, b->now, NULL, &b->err), code);
    assert_ptr_equal(store, untouched);
}

/* Refused in both modes, and not a byte of it is another. */
static void assert_left_alone(struct bench *b, enum error_code code)
{
    size_t before_length, after_length;
    char *before = read_file(b->path, &before_length);
    assert_refused(b, STORE_WRITE, code);
    assert_refused(b, STORE_READ, code);
    char *after = read_file(b->path, &after_length);
    assert_int_equal(before_length, after_length);
    assert_memory_equal(before, after, before_length);
    free(before);
    free(after);
}

static void a_missing_file_is_made_for_writing(void **state)
{
    struct bench *b = *state;
    open_store(b);
    assert_int_equal(b->migrated, 0);
    assert_int_equal(number(b, "SELECT count(*) FROM contacts"), 0);
    struct stat st;
    assert_int_equal(stat(b->path, &st), 0);
    assert_int_equal(st.st_mode & 07007, 0); /* the group may read, nobody else */
    assert_sound(b);
}

static void a_missing_file_is_not_made_for_reading(void **state)
{
    struct bench *b = *state;
    assert_refused(b, STORE_READ, ERROR_STORE_MISSING);
    assert_int_equal(access(b->path, F_OK), -1);
}

static void a_missing_folder_is_told(void **state)
{
    struct bench *b = *state;
    (void)snprintf(b->path, sizeof b->path, "%s/no/contacts.db", b->directory);
    assert_refused(b, STORE_WRITE, ERROR_CREATE);
    assert_non_null(strstr(b->err.text, "folder"));
}

static void what_was_written_is_there_when_opened_again(void **state)
{
    struct bench *b = *state;
    open_store(b);
    list_rows(b, &entity_contacts, "[{\"id\":\"a\",\"name\":\"Ada\"}]");
    reopen_store(b);
    assert_int_equal(b->migrated, 0);
    assert_answer(b, "SELECT contact_id, name FROM contacts", "a|Ada");
    assert_answer(b,
                  "SELECT contact_id FROM contacts_fts JOIN contacts ON contacts.id = contacts_fts.rowid"
                  " WHERE contacts_fts MATCH 'ada'",
                  "a");
}

static void opening_again_changes_no_table(void **state)
{
    struct bench *b = *state;
    open_store(b);
    char *before = answer_of(b->store->db, "SELECT sql FROM sqlite_schema ORDER BY name");
    reopen_store(b);
    assert_answer(b, "SELECT sql FROM sqlite_schema ORDER BY name", before);
    free(before);
}

static void an_empty_file_becomes_a_database(void **state)
{
    struct bench *b = *state;
    write_file(b->path, "", 0);
    open_store(b);
    assert_int_equal(number(b, "SELECT count(*) FROM contacts"), 0);
}

static void the_connection_is_set_as_promised(void **state)
{
    struct bench *b = *state;
    open_store(b);
    assert_answer(b, "PRAGMA journal_mode", "wal");
    assert_answer(b, "PRAGMA foreign_keys", "1");
    assert_answer(b, "PRAGMA synchronous", "2");
    assert_answer(b, "PRAGMA trusted_schema", "0");
    assert_answer(b, "PRAGMA busy_timeout", "250");
    assert_int_equal(number(b, "PRAGMA application_id"), 0x466c7853);
    assert_int_equal(number(b, "PRAGMA user_version"), SCHEMA_VERSION);
    int defensive = 0;
    assert_int_equal(sqlite3_db_config(b->store->db, SQLITE_DBCONFIG_DEFENSIVE, -1, &defensive), SQLITE_OK);
    assert_int_equal(defensive, 1);
}

static void readers_work_beside_a_writer_and_cannot_write(void **state)
{
    struct bench *b = *state;
    open_store(b);
    struct store *reader = NULL;
    assert_done(b, store_open(&reader, b->path, STORE_READ, b->now, NULL, &b->err));
    list_rows(b, &entity_contacts, "[{\"id\":\"a\"}]");
    assert_int_equal(number_raw(reader->db, "SELECT count(*) FROM contacts"), 1);
    assert_failed(b, store_meta_set(reader, "clean", "9", b->now, &b->err), ERROR_STORE);
    reader = store_close(reader);
    assert_null(reader);
    assert_answer(b, "SELECT value FROM meta WHERE key = 'clean'", "0");
}

static void the_wal_stays_for_readers_after_a_clean_end(void **state)
{
    struct bench *b = *state;
    char wal[128];
    open_store(b);
    b->store = store_close(b->store);
    (void)snprintf(wal, sizeof wal, "%s-wal", b->path);
    assert_int_equal(access(wal, F_OK), 0);
}

static void closing_nothing_is_allowed(void **state)
{
    (void)state;
    assert_null(store_close(NULL));
}

static void a_newer_version_is_left_alone(void **state)
{
    struct bench *b = *state;
    open_store(b);
    b->store = store_close(b->store);
    make_raw(b, "PRAGMA user_version = 99");
    assert_left_alone(b, ERROR_STORE_CORRUPT);
    assert_non_null(strstr(b->err.text, "newer"));
    assert_int_equal(b->err.retry, RETRY_NEVER);
}

/* Its WAL is not brought into it either: that is the business of the program that it belongs to. */
static void a_newer_version_with_a_wal_is_left_alone(void **state)
{
    struct bench *b = *state;
    open_store(b);
    b->store = store_close(b->store);
    sqlite3 *newer = open_raw(b->path);
    exec_raw(newer, "PRAGMA wal_autocheckpoint = 0; PRAGMA user_version = 99; CREATE TABLE more (x)");
    assert_int_equal(sqlite3_db_config(newer, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL), SQLITE_OK);
    close_raw(newer);
    assert_left_alone(b, ERROR_STORE_CORRUPT);
    newer = open_raw(b->path);
    assert_int_equal(number_raw(newer, "PRAGMA user_version"), 99);
    assert_int_equal(number_raw(newer, "SELECT count(*) FROM more"), 0);
    close_raw(newer);
}

static void the_database_of_another_program_is_left_alone(void **state)
{
    struct bench *b = *state;
    make_raw(b,
             "CREATE TABLE places (id INTEGER PRIMARY KEY, url TEXT); INSERT INTO places (url) VALUES ('x')");
    assert_left_alone(b, ERROR_STORE_CORRUPT);
    assert_non_null(strstr(b->err.text, "database.path"));
    assert_int_equal(companions(b), 0);
}

static void the_database_of_another_program_with_an_id_is_left_alone(void **state)
{
    struct bench *b = *state;
    make_raw(b, "PRAGMA application_id = 252006673; CREATE TABLE contacts (contact_id, flex_data)");
    assert_left_alone(b, ERROR_STORE_CORRUPT);
}

static void a_wal_of_another_program_is_left_alone(void **state)
{
    struct bench *b = *state;
    sqlite3 *other = open_raw(b->path);
    exec_raw(other, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE places (x);"
                    "INSERT INTO places VALUES (1)");
    assert_int_equal(sqlite3_db_config(other, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL), SQLITE_OK);
    close_raw(other);
    assert_left_alone(b, ERROR_STORE_CORRUPT);
    other = open_raw(b->path);
    assert_int_equal(number_raw(other, "SELECT count(*) FROM places"), 1);
    close_raw(other);
}

/* Many programs have a table of that name; it takes the old tool's columns to be the old tool's. */
static void contacts_of_another_program_are_left_alone(void **state)
{
    struct bench *b = *state;
    make_raw(b, "CREATE TABLE contacts (id INTEGER PRIMARY KEY, contact_id TEXT, number TEXT);"
                "INSERT INTO contacts (contact_id) VALUES ('x')");
    assert_left_alone(b, ERROR_STORE_CORRUPT);
}

static void a_file_that_is_no_database_is_left_alone(void **state)
{
    struct bench *b = *state;
    char bytes[8192];
    memset(bytes, 'x', sizeof bytes);
    write_file(b->path, bytes, sizeof bytes);
    assert_left_alone(b, ERROR_STORE_CORRUPT);
    assert_int_equal(companions(b), 0);
}

static void a_directory_is_no_database(void **state)
{
    struct bench *b = *state;
    assert_int_equal(mkdir(b->path, 0700), 0);
    assert_refused(b, STORE_WRITE, ERROR_CREATE);
    assert_int_equal(store_open(&b->store, b->path, STORE_READ, b->now, NULL, &b->err), -1);
    assert_null(b->store);
}

static void a_file_without_our_tables_is_not_read(void **state)
{
    struct bench *b = *state;
    write_file(b->path, "", 0);
    assert_refused(b, STORE_READ, ERROR_STORE_MISSING);
    assert_non_null(strstr(b->err.text, "flexsync sync"));
}

/* A database with enough pages that some of them are only read when asked for. */
static void fill(struct bench *b)
{
    char *rows = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&rows, &length);
    assert_non_null(out);
    for (int i = 0; i < 300; i++)
        (void)fprintf(out, "%c{\"id\":\"c-%03d\",\"name\":\"Name %d\",\"more\":\"%0200d\"}", i ? ',' : '[', i,
                      i, i);
    (void)fputc(']', out);
    assert_int_equal(fclose(out), 0);
    list_rows(b, &entity_contacts, rows);
    free(rows);
}

/* Overwrites the root page of contacts. */
static void damage(struct bench *b)
{
    sqlite3 *db = open_raw(b->path);
    exec_raw(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    int64_t root = number_raw(db, "SELECT rootpage FROM sqlite_schema WHERE name = 'contacts'");
    int64_t size = number_raw(db, "PRAGMA page_size");
    close_raw(db);
    int fd = open(b->path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    char bytes[512];
    memset(bytes, 0x5a, sizeof bytes);
    assert_int_equal(pwrite(fd, bytes, sizeof bytes, (root - 1) * size), sizeof bytes);
    assert_int_equal(close(fd), 0);
}

static void damage_is_found_after_an_unclean_end(void **state)
{
    struct bench *b = *state;
    open_store(b);
    fill(b);
    kill_store(b);
    damage(b);
    size_t before_length, after_length;
    char *before = read_file(b->path, &before_length);
    assert_refused(b, STORE_WRITE, ERROR_STORE_CORRUPT);
    assert_int_equal(b->err.retry, RETRY_NEVER);
    assert_refused(b, STORE_WRITE, ERROR_STORE_CORRUPT); /* and again: nothing was marked as clean */
    char *after = read_file(b->path, &after_length);
    assert_int_equal(before_length, after_length);
    assert_memory_equal(before, after, before_length);
    free(before);
    free(after);
}

static void damage_that_comes_to_light_in_use_is_told_and_checked_at_the_next_start(void **state)
{
    struct bench *b = *state;
    open_store(b);
    fill(b);
    reopen_store(b);
    b->store = store_close(b->store);
    damage(b);
    open_store(b); /* a clean end is believed */
    begin_row(b, &entity_contacts);
    stage(b, "[{\"id\":\"c-001\",\"name\":\"Other\"}]");
    char cursor[RECORD_ID_MAX + 1] = "";
    assert_failed(b, store_compare_changed(b->store, &entity_contacts, &b->row, b->now, 3, cursor, &b->err),
                  ERROR_STORE_CORRUPT);
    assert_int_equal(b->err.retry, RETRY_NEVER);
    assert_failed(b, store_cycle_finish(b->store, &b->row, &keep_all, &b->err),
                  ERROR_STORE_CORRUPT); /* no more writing */
    b->store = store_close(b->store);
    assert_refused(b, STORE_WRITE, ERROR_STORE_CORRUPT);
}

static void an_unclean_end_without_damage_opens_as_ever(void **state)
{
    struct bench *b = *state;
    open_store(b);
    fill(b);
    kill_store(b);
    open_store(b);
    assert_int_equal(number(b, "SELECT count(*) FROM contacts"), 300);
    assert_sound(b);
}

static void cycles_that_a_crash_left_running_are_closed_once(void **state)
{
    struct bench *b = *state;
    open_store(b);
    begin_row(b, &entity_contacts);
    begin_row(
        b, &entity_resource_types); /* there is one writer: the row before could not be closed in its time */
    assert_answer(b, "SELECT status, error_message, sync_completed_at FROM sync_log ORDER BY id",
                  "failed|interrupted|" NOW_TEXT "\nrunning|-|-");
    kill_store(b);
    open_store(b);
    b->now += USEC_PER_HOUR;
    assert_int_equal(store_close_interrupted(b->store, b->now, &b->err), 1);
    assert_int_equal(store_close_interrupted(b->store, b->now, &b->err), 0);
    assert_answer(b, "SELECT status, error_message, sync_started_at, sync_completed_at FROM sync_log",
                  "failed|interrupted|" NOW_TEXT "|" NOW_TEXT "\n"
                  "failed|interrupted|" NOW_TEXT "|2025-06-15 16:06:40");
}

static void meta_keeps_what_it_is_told(void **state)
{
    struct bench *b = *state;
    char *text = NULL;
    open_store(b);
    assert_int_equal(store_meta_get(b->store, "a", &text, &b->err), 0);
    assert_null(text);
    assert_done(b, store_meta_set(b->store, "a", "1", b->now, &b->err));
    assert_done(b, store_meta_set(b->store, "a", "2", b->now + USEC_PER_SEC, &b->err));
    assert_done(b, store_meta_set(b->store, "a", "2", b->now + USEC_PER_HOUR, &b->err));
    assert_int_equal(store_meta_get(b->store, "a", &text, &b->err), 1);
    assert_string_equal(text, "2");
    free(text);
    assert_answer(b, "SELECT updated_at FROM meta WHERE key = 'a'", "2025-06-15 15:06:41");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* --- files that move while they are open --- */

static void beside(const struct bench *b, const char *suffix, char path[static 128])
{
    (void)snprintf(path, 128, "%s%s", b->path, suffix);
}

static void assert_moved(struct bench *b, const char *words)
{
    assert_failed(b, store_in_place(b->store, &b->err), ERROR_STORE);
    if (!strstr(b->err.text, words))
        fail_msg("\"%s\" is not in: %s", words, b->err.text);
}

static void each_file_of_a_database_that_is_not_where_it_was_is_named(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    struct bench *b = *state;
    char path[128], moved[128], words[160];
    beside(b, ".moved", moved);
    open_store(b);
    assert_done(b, store_in_place(b->store, &b->err));
    for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
        beside(b, suffixes[i], path);
        assert_int_equal(rename(path, moved), 0);
        (void)snprintf(words, sizeof words, "%s was removed", path);
        assert_moved(b, words);
        assert_int_equal(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
        (void)snprintf(words, sizeof words, "%s was replaced", path);
        assert_moved(b, words);
        assert_int_equal(rename(moved, path), 0);
        assert_done(b, store_in_place(b->store, &b->err));
    }
}

static void a_trial_has_no_files_that_could_move(void **state)
{
    struct bench *b = *state;
    open_store(b);
    b->store = store_close(b->store);
    assert_done(b, store_open(&b->store, b->path, STORE_TRIAL, b->now, NULL, &b->err));
    assert_int_equal(unlink(b->path), 0);
    assert_done(b, store_in_place(b->store, &b->err));
}

/* What only the WAL holds goes to the file that was moved away, and not to the one in its place. */
static void leaving_a_replaced_database_spares_the_new_file_and_completes_the_old_one(void **state)
{
    struct bench *b = *state;
    char old[128], fresh[128], wal[128], shm[128];
    beside(b, ".old", old);
    beside(b, ".fresh", fresh);
    beside(b, "-wal", wal);
    beside(b, "-shm", shm);
    open_store(b);
    list_rows(b, &entity_contacts, "[{\"id\":\"a\"},{\"id\":\"b\"}]");
    sqlite3 *db = open_raw(fresh);
    exec_raw(db, "CREATE TABLE mine (text); INSERT INTO mine VALUES ('precious')");
    close_raw(db);
    assert_int_equal(rename(b->path, old) | rename(fresh, b->path), 0);
    b->store = store_leave(b->store);
    assert_int_equal(access(wal, F_OK), -1);
    assert_int_equal(access(shm, F_OK), -1);
    db = open_raw(b->path);
    char *text = answer_of(db, "PRAGMA integrity_check");
    assert_string_equal(text, "ok");
    free(text);
    assert_int_equal(number_raw(db, "SELECT count(*) FROM mine"), 1);
    close_raw(db);
    db = open_raw(old);
    assert_int_equal(number_raw(db, "SELECT count(*) FROM contacts"), 2);
    close_raw(db);
}

/* --- temporary files --- */

static void temporary_files_go_beside_the_database_unless_another_folder_is_named(void **state)
{
    struct bench *b = *state;
    char text[ERROR_TEXT_MAX];
    assert_int_equal(unsetenv("SQLITE_TMPDIR"), 0);
    store_temporary_beside(b->path); /* which is not there yet */
    assert_string_equal(temporary_folder(), b->directory);
    assert_int_equal(setenv("SQLITE_TMPDIR", "/", 1), 0);
    store_temporary_beside(b->path);
    assert_string_equal(temporary_folder(), "/");
    assert_int_equal(setenv("SQLITE_TMPDIR", "/dev/null/nowhere", 1) | setenv("TMPDIR", b->directory, 1), 0);
    assert_string_equal(temporary_folder(), b->directory);
    assert_int_equal(unsetenv("SQLITE_TMPDIR") | unsetenv("TMPDIR"), 0);
    open_store(b);
    assert_int_equal(setenv("SQLITE_TMPDIR", b->directory, 1), 0);
    temporary_remedy(b->store, text); /* one file system: it is the database's */
    assert_non_null(strstr(text, "room on its disk (df -h "));
    assert_non_null(strstr(text, b->directory));
    assert_int_equal(unsetenv("SQLITE_TMPDIR"), 0);
}

/* As a member of the group: who may read, and not write into the folder. 0, or the error's code. */
static int open_as_reader(const struct bench *b, char text[static ERROR_TEXT_MAX])
{
    int pipes[2], status = 0;
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(chmod(b->path, 0644) | chmod(b->directory, 0555), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store *store = NULL;
        struct error err = {0};
        struct read_counts counts;
        if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0))
            _exit(99);
        int r = store_open(&store, b->path, STORE_READ, b->now, NULL, &err);
        if (r == 0)
            r = read_counts(store, &entity_contacts, &counts, &err);
        (void)!write(pipes[1], err.text, sizeof err.text);
        (void)store_close(store);
        _exit(r < 0 ? (int)err.code : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(read(pipes[0], text, ERROR_TEXT_MAX), ERROR_TEXT_MAX);
    assert_int_equal(close(pipes[0]) | close(pipes[1]) | chmod(b->directory, 0755), 0);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* What a plain `sqlite3 contacts.db` of root leaves. */
static void without_wal_and_shm_it_is_still_read_by_who_may_not_write(void **state)
{
    struct bench *b = *state;
    char name[128], text[ERROR_TEXT_MAX];
    open_store(b);
    b->store = store_close(b->store);
    make_raw(b, "SELECT count(*) FROM meta");
    (void)snprintf(name, sizeof name, "%s-wal", b->path);
    assert_int_equal(access(name, F_OK), -1);
    if (open_as_reader(b, text) != 0)
        fail_msg("%s", text);

    /* What only a -wal holds would be missing. */
    sqlite3 *db = open_raw(b->path);
    int on = 1;
    (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    exec_raw(db, "UPDATE meta SET value = value || '1'");
    close_raw(db);
    (void)snprintf(name, sizeof name, "%s-shm", b->path);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(open_as_reader(b, text), ERROR_STORE);
    assert_non_null(strstr(text, "this user may not make its -wal and -shm; start flexsyncd, or type once"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_missing_file_is_made_for_writing),
        TEST(a_missing_file_is_not_made_for_reading),
        TEST(a_missing_folder_is_told),
        TEST(what_was_written_is_there_when_opened_again),
        TEST(opening_again_changes_no_table),
        TEST(an_empty_file_becomes_a_database),
        TEST(the_connection_is_set_as_promised),
        TEST(readers_work_beside_a_writer_and_cannot_write),
        TEST(the_wal_stays_for_readers_after_a_clean_end),
        TEST(closing_nothing_is_allowed),
        TEST(a_newer_version_is_left_alone),
        TEST(a_newer_version_with_a_wal_is_left_alone),
        TEST(the_database_of_another_program_is_left_alone),
        TEST(the_database_of_another_program_with_an_id_is_left_alone),
        TEST(a_wal_of_another_program_is_left_alone),
        TEST(contacts_of_another_program_are_left_alone),
        TEST(a_file_that_is_no_database_is_left_alone),
        TEST(a_directory_is_no_database),
        TEST(a_file_without_our_tables_is_not_read),
        TEST(damage_is_found_after_an_unclean_end),
        TEST(damage_that_comes_to_light_in_use_is_told_and_checked_at_the_next_start),
        TEST(an_unclean_end_without_damage_opens_as_ever),
        TEST(cycles_that_a_crash_left_running_are_closed_once),
        TEST(meta_keeps_what_it_is_told),
        TEST(temporary_files_go_beside_the_database_unless_another_folder_is_named),
        TEST(each_file_of_a_database_that_is_not_where_it_was_is_named),
        TEST(a_trial_has_no_files_that_could_move),
        TEST(leaving_a_replaced_database_spares_the_new_file_and_completes_the_old_one),
        TEST(without_wal_and_shm_it_is_still_read_by_who_may_not_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
