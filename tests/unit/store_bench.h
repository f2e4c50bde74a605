/*
 * store_bench: what the tests of store and sync share: a database in a directory of its own, a time that
 * stands still until the test moves it, and questions in SQL.
 */
#ifndef STORE_BENCH_H
#define STORE_BENCH_H

#include "../../src/store/statement.h"
#include "flexsync/cleanup.h"
#include "flexsync/clock.h"
#include "flexsync/hash.h"
#include "flexsync/store.h"
#include "flexsync/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW      (INT64_C(1750000000) * USEC_PER_SEC)
#define NOW_TEXT "2025-06-15 15:06:40"
#define SQL_TEXT 4096

struct bench {
    char directory[64];
    char path[96];
    struct store *store;
    struct sync_row row;
    struct error err;
    int64_t now;
    int64_t migrated;
};

/* A file system in memory where there is one: these tests sync thousands of times. */
static const struct store_retention keep_all = {0};

static inline int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    (void)snprintf(b->directory, sizeof b->directory, "%s/test_store.XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(b->directory));
    (void)snprintf(b->path, sizeof b->path, "%s/contacts.db", b->directory);
    b->now = NOW;
    *state = b;
    return 0;
}

static inline void remove_files(const char *directory)
{
    DIR *d = opendir(directory);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            assert_int_equal(unlinkat(dirfd(d), e->d_name, e->d_type == DT_DIR ? AT_REMOVEDIR : 0), 0);
    assert_int_equal(closedir(d), 0);
}

static inline void assert_done(const struct bench *b, int r)
{
    if (r < 0)
        fail_msg("failed: %s", b->err.text);
}

static inline void assert_failed(const struct bench *b, int r, enum error_code code)
{
    assert_int_equal(r, -1);
    if (b->err.code != code)
        fail_msg("another error than %d: %d, %s", code, b->err.code, b->err.text);
    assert_true(b->err.text[0] && b->err.text[strlen(b->err.text) - 1] != '.');
}

static inline void open_store(struct bench *b)
{
    b->migrated = -1;
    assert_done(b, store_open(&b->store, b->path, STORE_WRITE, b->now, &b->migrated, &b->err));
}

static inline void reopen_store(struct bench *b)
{
    b->store = store_close(b->store);
    open_store(b);
}

/* As a process that dies: what is open is rolled back, nothing is marked. */
static inline void kill_store(struct bench *b)
{
    statement_finalize_all(b->store);
    assert_int_equal(sqlite3_close(b->store->db), SQLITE_OK);
    free(b->store->path);
    free(b->store);
    b->store = NULL;
}

/* A connection of somebody else, to any file. */
static inline sqlite3 *open_raw(const char *path)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

static inline void exec_raw(sqlite3 *db, const char *sql)
{
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
}

static inline void close_raw(sqlite3 *db)
{
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A file made by somebody else with these statements. */
static inline void make_raw(const struct bench *b, const char *sql)
{
    sqlite3 *db = open_raw(b->path);
    exec_raw(db, sql);
    close_raw(db);
}

static inline void exec(struct bench *b, const char *sql)
{
    exec_raw(b->store->db, sql);
}

static inline sqlite3_stmt *ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    return s;
}

/* Every row of an answer, "a|b" a line, NULL as "-". The caller frees it. */
static inline char *answer_of(sqlite3 *db, const char *sql)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    sqlite3_stmt *s = ask(db, sql);
    int r;
    for (size_t n = 0; (r = sqlite3_step(s)) == SQLITE_ROW; n++) {
        for (int i = 0; i < sqlite3_column_count(s); i++) {
            const char *value = (const char *)sqlite3_column_text(s, i);
            (void)fprintf(out, "%s%s", i ? "|" : n ? "\n" : "", value ? value : "-");
        }
    }
    if (r != SQLITE_DONE)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    (void)sqlite3_finalize(s);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* What contact_counts has, whatever was done before, is what there is. */
static inline void assert_counted(sqlite3 *db)
{
    static const char recount[] =
        "SELECT c.what, c.count, coalesce(n.count, 0) FROM contact_counts c FULL JOIN (SELECT CASE WHEN"
        " content_hash IS NOT NULL THEN 'whole' WHEN presence = 2 THEN 'gone' ELSE 'unfetched' END AS what,"
        " count(*) AS count FROM contact_state GROUP BY 1 UNION ALL SELECT 'waiting: ' || CASE WHEN"
        " attempts > 0 AND reason NOT IN ('denied', 'contradicted', 'missing') THEN 'failed' ELSE reason "
        "END, count(*) FROM detail_queue GROUP BY 1) n"
        " ON n.what = c.what WHERE c.count IS NOT coalesce(n.count, 0)";
    char *wrong = answer_of(db, recount);
    if (*wrong)
        fail_msg("counted and there: %s", wrong);
    free(wrong);
}

static inline int tear_down(void **state)
{
    struct bench *b = *state;
    if (b->store && b->store->mode == STORE_WRITE && !b->store->damaged)
        assert_counted(b->store->db);
    b->store = store_close(b->store);
    remove_files(b->directory);
    assert_int_equal(rmdir(b->directory), 0);
    free(b);
    return 0;
}

static inline void assert_answer(struct bench *b, const char *sql, const char *expected)
{
    char *text = answer_of(b->store->db, sql);
    if (strcmp(text, expected) != 0)
        fail_msg("%s\n--- answers\n%s\n--- instead of\n%s", sql, text, expected);
    free(text);
}

static inline int64_t number_raw(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s = ask(db, sql);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(s, 0);
    (void)sqlite3_finalize(s);
    return number;
}

static inline int64_t number(struct bench *b, const char *sql)
{
    return number_raw(b->store->db, sql);
}

/* All that must not move when nothing has changed. The caller frees it. */
static inline char *dump_contents(struct bench *b)
{
    static const char *const queries[] = {
        "SELECT * FROM contacts ORDER BY id",
        "SELECT * FROM contact_changes ORDER BY id",
        "SELECT id, hex(block) FROM contacts_fts_data ORDER BY id",
        "SELECT * FROM resource_types ORDER BY id",
    };
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    for (size_t i = 0; i < ARRAY_LENGTH(queries); i++) {
        char *part = answer_of(b->store->db, queries[i]);
        (void)fprintf(out, "%s\n\n", part);
        free(part);
    }
    assert_int_equal(fclose(out), 0);
    return text;
}

static inline void assert_contents(struct bench *b, const char *expected)
{
    char *text = dump_contents(b);
    assert_string_equal(text, expected);
    free(text);
}

/* The search index says what the table says, what is counted is there, and the file is sound. */
static inline void assert_sound(struct bench *b)
{
    exec(b, "INSERT INTO contacts_fts (contacts_fts, rank) VALUES ('integrity-check', 1)");
    assert_answer(b, "PRAGMA integrity_check", "ok");
    assert_answer(b, "SELECT * FROM pragma_foreign_key_check", "");
    assert_counted(b->store->db);
}

/* --- a cycle, by hand --- */

static inline void begin_row(struct bench *b, const struct entity *entity)
{
    b->row = (struct sync_row){.entity = entity->name,
                               .strategy = "auto",
                               .trigger = TRIGGER_TIMER,
                               .started_at = b->now,
                               .counts.expected = SYNC_UNKNOWN,
                               .quota_left_hour = SYNC_UNKNOWN,
                               .quota_left_day = SYNC_UNKNOWN,
                               .quota_left_month = SYNC_UNKNOWN};
    assert_done(b, store_cycle_begin(b->store, &b->row, &b->err));
    assert_true(b->row.id > 0);
}

/* Stages the rows of a JSON array in one reading; returns how many were new to it. */
static inline size_t stage_more(struct bench *b, unsigned pass, const char *rows)
{
    struct page *page = NULL;
    size_t new_ids = SIZE_MAX;
    assert_done(b, page_parse(&page, rows, strlen(rows), &b->err));
    assert_done(b, store_stage_page(b->store, &entity_contacts, page, pass, &new_ids, &b->err));
    (void)page_free(page);
    return new_ids;
}

static inline void stage(struct bench *b, const char *rows)
{
    assert_done(b, store_stage_begin(b->store, &b->err));
    (void)stage_more(b, 1, rows);
}

static inline void compare_new(struct bench *b, const struct entity *entity)
{
    int r;
    while ((r = store_compare_new(b->store, entity, &b->row, b->now, 3, &b->err)) > 0)
        continue;
    assert_done(b, r);
}

static inline void compare_changed(struct bench *b, const struct entity *entity)
{
    char cursor[RECORD_ID_MAX + 1] = "";
    int r;
    while ((r = store_compare_changed(b->store, entity, &b->row, b->now, 3, cursor, &b->err)) > 0)
        continue;
    assert_done(b, r);
}

/* A whole listing: compared, and those that it lacks taken. */
static inline void list_rows(struct bench *b, const struct entity *entity, const char *rows)
{
    begin_row(b, entity);
    stage(b, rows);
    compare_new(b, entity);
    compare_changed(b, entity);
    assert_done(b, store_take_vanished(b->store, entity, &b->row, 1, b->now, &b->err));
}

static inline int64_t id_of(struct bench *b, const char *key)
{
    char sql[SQL_TEXT];
    (void)snprintf(sql, sizeof sql, "SELECT coalesce(max(id), 0) FROM contacts WHERE contact_id = '%s'", key);
    int64_t id = number(b, sql);
    assert_true(id > 0);
    return id;
}

static inline struct store_known known_of(struct bench *b, const char *key)
{
    struct store_known known = {.attempts = -1};
    int r = store_lookup(b->store, &entity_contacts, id_of(b, key), &known, &b->err);
    assert_done(b, r);
    if (r == 0)
        fail_msg("%s is not queued", key);
    return known;
}

static inline int commit_item(struct bench *b, const struct store_item *item)
{
    return store_commit(b->store, &entity_contacts, &b->row, item, 1, b->now, &b->err);
}

/* What a cycle does with an answer of 200: the same bytes are not parsed. */
static inline int try_answer(struct bench *b, const char *key, const char *body)
{
    struct record *record = NULL;
    struct store_known known = known_of(b, key);
    struct store_item item = {.finding = FOUND_RECORD,
                              .id = id_of(b, key),
                              .vanished = known.vanished,
                              .body = body,
                              .bytes_hash = hash_bytes(body, strlen(body))};
    if (item.bytes_hash == known.bytes_hash)
        item.finding = FOUND_SAME;
    else
        assert_done(b, record_parse(&record, &entity_contacts, body, strlen(body), &b->err));
    item.record = record;
    int r = commit_item(b, &item);
    (void)record_free(record);
    return r;
}

static inline void answer(struct bench *b, const char *key, const char *body)
{
    assert_done(b, try_answer(b, key, body));
}

static inline void answer_gone(struct bench *b, const char *key)
{
    const struct store_item item = {.finding = FOUND_GONE, .id = id_of(b, key)};
    assert_done(b, commit_item(b, &item));
}

#endif
