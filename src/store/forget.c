/* Erasing somebody. */
#include "flexsync/cleanup.h"
#include "statement.h"

#include <string.h>

#define FORGET_SQL_MAX 4096

static int run_one(struct store *store, const char *template, const struct entity *entity, int64_t id,
                   const char *key, int64_t *ret_rows, struct error *err)
{
    CLEANUP(buffer_free) struct buffer sql;
    buffer_init(&sql, FORGET_SQL_MAX);
    if (statement_expand(&sql, template, entity) < 0)
        return error_memory(err);
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(store->db, sql.data, -1, &s, NULL) != SQLITE_OK)
        return store_error(store, "write", err);
    if (sqlite3_bind_parameter_count(s) > 0)
        (void)sqlite3_bind_int64(s, 1, id);
    if (sqlite3_bind_parameter_count(s) > 1)
        bind_text(s, 2, key);
    int r = statement_run(store, s, err);
    (void)sqlite3_finalize(s);
    if (r == 0)
        *ret_rows = sqlite3_changes64(store->db);
    return r;
}

/* All of it in one transaction; the state and the queue go with the row. */
static int erase(struct store *store, const struct entity *entity, int64_t id, const char *key,
                 int64_t *ret_changes, struct error *err)
{
    int64_t rows = 0;
    sqlite3_stmt *search = entity->search ? statement_get(store, SQL_SEARCH_DROP, entity, err) : NULL;
    if (entity->search) {
        if (!search)
            return -1;
        (void)sqlite3_bind_int64(search, 1, id);
        if (statement_run(store, search, err) < 0)
            return -1;
    }
    if (run_one(store, "DELETE FROM {changes} WHERE contact_id = ?2", entity, id, key, ret_changes, err) <
            0 ||
        run_one(store, "DELETE FROM {audits} WHERE {key} = ?2", entity, id, key, &rows, err) < 0 ||
        run_one(store, "DELETE FROM listing_kept WHERE key = ?2 AND ?1 > 0", entity, id, key, &rows, err) < 0)
        return -1;
    return run_one(store, "DELETE FROM {table} WHERE id = ?1", entity, id, key, &rows, err);
}

/* The index keeps deleted terms until its parts are merged. */
static int scrub_index(struct store *store, const struct entity *entity, struct error *err)
{
    int64_t rows = 0;
    return entity->search ? run_one(store, "INSERT INTO {table}_fts ({table}_fts) VALUES ('optimize')",
                                    entity, 0, NULL, &rows, err)
                          : 0;
}

/*
 * What was written before stands in the WAL until all of it is in the database and no reader needs it there.
 * `outcome` says what a reader makes of it.
 */
static int empty_wal(struct store *store, const char *outcome, struct error *err)
{
    char who[BLOCKER_MAX];
    if (sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK)
        return 0;
    if ((sqlite3_errcode(store->db) & 0xff) != SQLITE_BUSY)
        return store_error(store, "write", err);
    (void)place_reader(store, who);
    return error_set(err, ERROR_STORE_BUSY, RETRY_LATER, "%s reads %.150s, and %s", who, store->path,
                     outcome);
}

/*
 * Whatever was deleted, or replaced by an edit, would stay readable in free pages and in the free parts of
 * others, so all of them are written anew.
 */
static int scrub(struct store *store, struct error *err)
{
    struct error why;
    if (store_exec(store, "VACUUM", &why) < 0)
        return error_set(
            err, why.code, why.retry,
            "it is erased, but the file may still hold traces of it (%.200s); then type: sqlite3 %.100s "
            "VACUUM",
            why.text, store->path);
    return empty_wal(store,
                     "so what is erased can still be read in its -wal file; end that program, then type: "
                     "flexsync sync",
                     err);
}

static int forget(struct store *store, const struct entity *entity, int64_t id, int64_t *ret_changes,
                  struct error *err)
{
    struct row_current current = {0};
    int r = row_current(store, entity, id, &current, err);
    if (r <= 0)
        return r;
    if (current.active)
        r = error_set(err, ERROR_USAGE, RETRY_NEVER,
                      "the %s %s is Active, and the next sync would bring it back; delete it in Flex, let "
                      "flexsync sync see that, then forget it",
                      entity->noun, current.key);
    else
        r = erase(store, entity, id, current.key, ret_changes, err) < 0 || scrub_index(store, entity, err) < 0
                ? -1
                : 1;
    row_current_free(&current);
    return r;
}

int store_forget(struct store *store, const struct entity *entity, int64_t id, int64_t *ret_changes,
                 struct error *err)
{
    int64_t changes = 0;
    if (empty_wal(store, "nothing is erased while it does; end that program, then type the same again", err) <
            0 ||
        store_exec(store, "PRAGMA secure_delete = ON", err) < 0 || store_begin(store, err) < 0)
        return -1;
    int r = forget(store, entity, id, &changes, err);
    if (r <= 0) {
        (void)store_abandon(store);
        return r;
    }
    if (store_end(store, err) < 0)
        return -1;
    *ret_changes = changes;
    return scrub(store, err) < 0 ? -1 : 1;
}
