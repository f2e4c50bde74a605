/*
 * Do tables, views, indexes and triggers of the owner have names that the schema is about to use?
 *
 * What it uses is not listed a second time: the schema is made in memory, and asked.
 */
#include "flexsync/cleanup.h"
#include "statement.h"

#include <string.h>

/* Makes in `model` what `store` has, of its version; then notes the names, and makes what it will have. */
static int names_model(struct store *model, struct store *store, int version, struct error *err)
{
    if (version > 0 && schema_make_common(model, 0, version, err) < 0)
        return -1;
    for (size_t i = 0; version > 0 && entities[i]; i++) {
        int there = schema_has(store, entities[i]->state_table, NULL, err);
        if (there < 0 || (there && schema_make_entity(model, entities[i], 0, version, err) < 0))
            return -1;
    }
    if (store_exec(model, "CREATE TEMP TABLE known AS SELECT name FROM main.sqlite_schema", err) < 0 ||
        schema_make_common(model, version, SCHEMA_VERSION, err) < 0)
        return -1;
    for (size_t i = 0; entities[i]; i++) {
        int there = schema_has(model, entities[i]->state_table, NULL, err);
        if (there < 0 || schema_make_entity(model, entities[i], there ? version : 0, SCHEMA_VERSION, err) < 0)
            return -1;
    }
    return version > 0 ? 0 : store_exec(model, LEGACY_TABLES_SQL, err);
}

static int names_refuse(const struct store *store, const char *type, const char *name, struct error *err)
{
    char remedy[160];
    if (strcmp(type, "table") == 0)
        (void)snprintf(remedy, sizeof remedy, "ALTER TABLE %.50s RENAME TO my_%.50s", name, name);
    else
        (void)snprintf(remedy, sizeof remedy, "DROP %.10s %.50s", type, name);
    return error_set(err, ERROR_STORE_CORRUPT, RETRY_NEVER,
                     "the database %.130s has a %s of its own, %.50s, and this program needs that name; "
                     "nothing was changed: %s: sqlite3 %.130s \"%s\"",
                     store->path, type, name,
                     strcmp(type, "table") == 0 ? "rename it" : "make it again under another name after",
                     store->path, remedy);
}

/* -1 if the file has an object of that name that will not make room for ours. */
static int names_check_one(struct store *store, bool legacy, const char *name, struct error *err)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(store->db,
                           "SELECT type, name, tbl_name FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE",
                           -1, &s, NULL) != SQLITE_OK)
        return store_error(store, "read", err);
    bind_text(s, 1, name);
    int r = statement_step(store, s, err);
    if (r > 0) {
        const char *type = (const char *)sqlite3_column_text(s, 0),
                   *own = (const char *)sqlite3_column_text(s, 1),
                   *table = (const char *)sqlite3_column_text(s, 2);
        if (!type || !own || !table)
            r = error_memory(err);
        else if (legacy && legacy_makes_room(store, type, table))
            r = 0;
        else
            r = names_refuse(store, type, own, err);
    }
    (void)sqlite3_finalize(s);
    return r;
}

static int names_compare(struct store *model, struct store *store, bool legacy, struct error *err)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(model->db,
                           "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
                           " AND name NOT IN (SELECT name FROM temp.known) ORDER BY rowid",
                           -1, &s, NULL) != SQLITE_OK)
        return store_error(model, "read", err);
    int r;
    while ((r = statement_step(model, s, err)) > 0) {
        const char *name = (const char *)sqlite3_column_text(s, 0);
        if (!name || names_check_one(store, legacy, name, err) < 0) {
            r = name ? -1 : error_memory(err);
            break;
        }
    }
    (void)sqlite3_finalize(s);
    return r;
}

int schema_check_names(struct store *store, int version, bool legacy, struct error *err)
{
    struct store model = {.path = store->path, .mode = STORE_TRIAL, .shm = -1};
    int r = sqlite3_open_v2(":memory:", &model.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    r = r == SQLITE_OK ? names_model(&model, store, version, err) : store_error(&model, "set up", err);
    if (r == 0)
        r = names_compare(&model, store, legacy, err);
    statement_finalize_all(&model);
    (void)sqlite3_close(model.db);
    return r;
}
