#include "flexsync/cleanup.h"
#include "statement.h"

#include <inttypes.h>
#include <string.h>

#define APPLICATION_ID 0x466c7853 /* "FlxS" */
#define SQL_MAX        (64 * 1024)

/* What every entity has in common, as version 1 had it. */
static const char common_sql[] =
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT, updated_at DATETIME) WITHOUT ROWID;"
    "CREATE TABLE sync_log ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " sync_started_at DATETIME, sync_completed_at DATETIME,"
    " records_fetched INTEGER DEFAULT 0, records_inserted INTEGER DEFAULT 0, records_updated INTEGER DEFAULT "
    "0,"
    " status TEXT, error_message TEXT, created_at DATETIME DEFAULT CURRENT_TIMESTAMP,"
    " entity TEXT, \"trigger\" TEXT, strategy TEXT,"
    " records_listed INTEGER, records_expected INTEGER, records_unchanged INTEGER, records_deleted INTEGER,"
    " records_failed INTEGER, requests INTEGER, retries INTEGER, throttled INTEGER, bytes INTEGER, waited_ms "
    "INTEGER,"
    " quota_left_hour INTEGER, quota_left_day INTEGER, quota_left_month INTEGER, resumes_at DATETIME);"
    "CREATE INDEX sync_log_started ON sync_log (sync_started_at);";

/*
 * An entity's tables. presence: 0 listed, 1 not listed and yet answering, 2 gone. flex_data stands where it
 * stood in the old tool's table.
 */
static const char state_sql[] = "CREATE TABLE {state} ("
                                " id INTEGER PRIMARY KEY REFERENCES {table} (id) ON DELETE CASCADE,"
                                " listed_hash INTEGER, bytes_hash INTEGER, content_hash INTEGER,"
                                " listed_at DATETIME, fetched_at DATETIME, checked_at DATETIME,"
                                " presence INTEGER NOT NULL DEFAULT 0);"
                                "CREATE INDEX {table}_status ON {table} (status, {key});";

static const char queue_sql[] =
    "CREATE TABLE {queue} ("
    " id INTEGER PRIMARY KEY REFERENCES {table} (id) ON DELETE CASCADE,"
    " reason TEXT NOT NULL CHECK (reason IN ('asked', 'new', 'returned', 'vanished', 'changed', 'full')),"
    " due_at DATETIME NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, last_error TEXT);";

static const char changes_sql[] =
    "CREATE TABLE {changes} ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, contact_id TEXT NOT NULL, sync_id INTEGER, changed_at DATETIME "
    "NOT NULL,"
    " kind TEXT NOT NULL CHECK (kind IN ('inserted', 'changed', 'deactivated', 'returned')),"
    " before TEXT, after TEXT);"
    "CREATE INDEX {changes}_contact ON {changes} (contact_id, changed_at);"
    "CREATE INDEX {changes}_time ON {changes} (changed_at);";

static const char search_sql[] =
    "CREATE VIRTUAL TABLE {table}_fts USING fts5 ({search}, content = '{table}', content_rowid = 'id',"
    " prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2');";

static int append_columns(struct buffer *sql, const struct entity *entity, size_t from, size_t to)
{
    static const char *const types[] = {
        [COLUMN_TEXT] = "TEXT", [COLUMN_INTEGER] = "INTEGER", [COLUMN_REAL] = "REAL"};
    int r = 0;
    for (size_t i = from; r == 0 && i < to; i++)
        r = buffer_printf(sql, " %s %s,", entity->columns[i].name, types[entity->columns[i].type]);
    return r;
}

static int append_table(struct buffer *sql, const struct entity *entity)
{
    int r =
        buffer_printf(sql, "CREATE TABLE %s ( id INTEGER PRIMARY KEY AUTOINCREMENT, %s TEXT UNIQUE NOT NULL,",
                      entity->table, entity->key);
    if (r == 0)
        r = append_columns(sql, entity, 0, entity->legacy_columns);
    if (r == 0)
        r = buffer_append_text(sql, " flex_data TEXT, created_at DATETIME DEFAULT CURRENT_TIMESTAMP,"
                                    " updated_at DATETIME DEFAULT CURRENT_TIMESTAMP,");
    if (r == 0)
        r = append_columns(sql, entity, entity->legacy_columns, entity->column_count);
    return r < 0 ? r : buffer_append_text(sql, " deleted_at DATETIME);");
}

/*
 * flex_data with \ufffd for each half of a surrogate pair: SQLite would make bytes of it that are no UTF-8.
 * From one backslash to the next, because of two neither begins an escape. Only for the few texts that have
 * such an escape at all, most of them as whole pairs.
 */
#define HEX       "[0-9a-fA-F]"
#define BACKSLASH "instr(rest, '\\')"
#define IS_PAIR   "substr(rest, " BACKSLASH ", 12) GLOB '\\u[dD][89abAB]" HEX HEX "\\u[dD][c-fC-F]" HEX HEX "'"
#define IS_HALF   "substr(rest, " BACKSLASH ", 4) GLOB '\\u[dD][89a-fA-F]'"
static const char readable_sql[] =
    "CASE WHEN t.flex_data GLOB '*\\u[dD][89a-fA-F]*' THEN (WITH RECURSIVE r (done, rest) AS ("
    "SELECT '', t.flex_data UNION ALL"
    " SELECT done || substr(rest, 1, " BACKSLASH " - 1) || CASE"
    " WHEN " IS_PAIR " THEN substr(rest, " BACKSLASH ", 12)"
    " WHEN " IS_HALF " THEN '\\ufffd' ELSE substr(rest, " BACKSLASH ", 2) END,"
    " substr(rest, " BACKSLASH " + CASE WHEN " IS_PAIR " THEN 12 WHEN " IS_HALF " THEN 6 ELSE 2 END)"
    " FROM r WHERE " BACKSLASH " > 0)"
    " SELECT done || rest FROM r WHERE " BACKSLASH " = 0) ELSE t.flex_data END";

/* The entry that the record names; where it names none of them, those that are flagged. As the columns have
 * it. */
static int append_default(struct buffer *sql, const struct entity_view *view)
{
    return buffer_printf(
        sql,
        ", CASE WHEN json_extract(t.flex_data, '$.%s') IN (SELECT json_extract(o.value, '$.id')"
        " FROM json_each(t.flex_data, '$.%s') o WHERE o.type = 'object')"
        " THEN json_extract(e.value, '$.id') IS json_extract(t.flex_data, '$.%s')"
        " ELSE coalesce(json_extract(e.value, '$.%s') = 1, 0) END AS is_default",
        view->named_by, view->list, view->named_by, view->flag);
}

/*
 * A view with a row for each entry of a list within flex_data. What is no JSON or no object is passed over,
 * so that one odd record cannot break a query over all.
 */
static int append_view(struct buffer *sql, const struct entity *entity, const struct entity_view *view)
{
    int r = buffer_printf(sql, "CREATE VIEW %s AS SELECT t.%s AS %s", view->name, entity->key, entity->key);
    for (size_t i = 0; r == 0 && i < ENTITY_VIEW_COLUMNS_MAX && view->columns[i].name; i++) {
        const struct entity_view_column *c = &view->columns[i];
        r = c->otherwise
                ? buffer_printf(sql,
                                ", coalesce(json_extract(e.value, '$.%s'), json_extract(e.value, '$.%s'))",
                                c->field, c->otherwise)
                : buffer_printf(sql, ", json_extract(e.value, '$.%s')", c->field);
        if (r == 0)
            r = buffer_printf(sql, " AS %s", c->name);
    }
    if (r == 0 && view->named_by)
        r = append_default(sql, view);
    if (r == 0)
        r = buffer_printf(
            sql,
            " FROM %s t, json_each(CASE WHEN json_valid(t.flex_data) AND json_type(t.flex_data, '$.%s')"
            " = 'array' THEN %s END, '$.%s') e WHERE e.type = 'object'",
            entity->table, view->list, readable_sql, view->list);
    if (r == 0 && view->only)
        r = buffer_printf(sql, " AND json_extract(e.value, '$.%s') LIKE '%%@%%'", view->only);
    return r;
}

static int append_entity(struct buffer *sql, const struct entity *entity)
{
    int r = append_table(sql, entity);
    if (r == 0)
        r = statement_expand(sql, state_sql, entity);
    if (r == 0 && entity->queue_table)
        r = statement_expand(sql, queue_sql, entity);
    if (r == 0 && entity->changes_table)
        r = statement_expand(sql, changes_sql, entity);
    if (r == 0 && entity->search)
        r = statement_expand(sql, search_sql, entity);
    for (size_t i = 0; r == 0 && i < entity->view_count; i++) {
        r = append_view(sql, entity, &entity->views[i]);
        if (r == 0)
            r = buffer_append_text(sql, ";");
    }
    return r;
}

static int create_entity(struct store *store, const struct entity *entity, struct error *err)
{
    struct buffer sql;
    buffer_init(&sql, SQL_MAX);
    int r = append_entity(&sql, entity) < 0 ? error_memory(err) : store_exec(store, sql.data, err);
    buffer_free(&sql);
    return r;
}

/* The one number that a PRAGMA or a count answers. */
static int query_number(struct store *store, const char *sql, int64_t *ret, struct error *err)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(store->db, sql, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW) {
        (void)store_error(store, "read", err);
        (void)sqlite3_finalize(s);
        return -1;
    }
    *ret = sqlite3_column_int64(s, 0);
    (void)sqlite3_finalize(s);
    return 0;
}

int schema_has(struct store *store, const char *table, const char *column, struct error *err)
{
    sqlite3_stmt *s = NULL;
    const char *sql = column ? "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2"
                             : "SELECT 1 FROM pragma_table_info(?1)";
    if (sqlite3_prepare_v2(store->db, sql, -1, &s, NULL) != SQLITE_OK)
        return store_error(store, "read", err);
    bind_text(s, 1, table);
    if (column)
        bind_text(s, 2, column);
    int r = sqlite3_step(s);
    if (r != SQLITE_ROW && r != SQLITE_DONE)
        (void)store_error(store, "read", err);
    (void)sqlite3_finalize(s);
    return r == SQLITE_ROW ? 1 : r == SQLITE_DONE ? 0 : -1;
}

/* Names what the file has, so that its owner knows it again. */
static int refuse_foreign(struct store *store, struct error *err)
{
    sqlite3_stmt *s = NULL;
    char found[128] = "";
    if (sqlite3_prepare_v2(store->db, "SELECT ' (it has a ' || type || ' ' || name || ')' FROM sqlite_schema",
                           -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        (void)snprintf(found, sizeof found, "%.120s", (const char *)sqlite3_column_text(s, 0));
    (void)sqlite3_finalize(s);
    return error_set(
        err, ERROR_STORE_CORRUPT, RETRY_NEVER,
        "%.250s is a database of another program%s; it was left as it is: %s", store->path, found,
        store->mode == STORE_BACKUP ? "name a file that flexsync backup made" : "correct database.path");
}

/* The tables are this program's own, as the old tool never had them: 1, 0, or -1. */
static int schema_is_ours(struct store *store, struct error *err)
{
    int meta = schema_has(store, "meta", "key", err);
    return meta <= 0 ? meta : schema_has(store, "sync_log", "entity", err);
}

/* SQL text keeps the tables, and not what says whose they are and of which version. */
static int refuse_dump(const struct store *store, struct error *err)
{
    return error_set(err, ERROR_STORE_CORRUPT, RETRY_NEVER,
                     "the database %.250s was made of the output of .dump, which lacks application_id and "
                     "user_version; it was left as it is: restore a file that flexsync backup made "
                     "(flexsync restore FILE), or move it away and sync again",
                     store->path);
}

static int refuse_version(const struct store *store, int64_t version, struct error *err)
{
    if (version > SCHEMA_VERSION)
        return error_set(err, ERROR_STORE_CORRUPT, RETRY_NEVER,
                         "the database %s was written by a newer version of this program (form %" PRId64
                         ", this one knows %d); it was left as it is: upgrade this program",
                         store->path, version, SCHEMA_VERSION);
    return error_set(err, ERROR_STORE_CORRUPT, RETRY_NEVER,
                     "the database %.250s has the user_version %" PRId64
                     ", which this program never wrote; it was left as it is: restore a backup: flexsync "
                     "restore FILE, or move it away and sync again",
                     store->path, version);
}

int schema_check(struct store *store, int *ret_version, struct error *err)
{
    int64_t application = 0, version = 0, objects = 0;
    if (query_number(store, "PRAGMA application_id", &application, err) < 0 ||
        query_number(store, "PRAGMA user_version", &version, err) < 0 ||
        query_number(store, "SELECT count(*) FROM sqlite_schema", &objects, err) < 0)
        return -1;
    bool marked = application == APPLICATION_ID;
    if (marked && (version < 0 || version > SCHEMA_VERSION))
        return refuse_version(store, version, err);
    int ours = (application == 0 || marked) && version == 0 ? schema_is_ours(store, err) : 0;
    if (ours != 0)
        return ours < 0 ? -1 : refuse_dump(store, err);

    *ret_version = marked ? (int)version : 0;
    if (marked || (application == 0 && objects == 0))
        return 0;
    int legacy = application == 0 ? legacy_present(store, err) : 0;
    if (legacy != 0)
        return legacy < 0 ? -1 : 0;
    return refuse_foreign(store, err);
}

static int run_for(struct store *store, const char *template, const struct entity *entity, struct error *err)
{
    struct buffer sql;
    if (!template)
        return 0;
    buffer_init(&sql, SQL_MAX);
    int r =
        statement_expand(&sql, template, entity) < 0 ? error_memory(err) : store_exec(store, sql.data, err);
    buffer_free(&sql);
    return r;
}

static int upgrade_entity(struct store *store, const struct entity *entity, int version, struct error *err)
{
    const struct schema_step *step = &schema_steps[version];
    if (run_for(store, step->entity, entity, err) < 0)
        return -1;
    return entity->queue_table ? run_for(store, step->queued, entity, err) : 0;
}

int schema_make_entity(struct store *store, const struct entity *entity, int from, int to, struct error *err)
{
    if (from == 0 && create_entity(store, entity, err) < 0)
        return -1;
    for (int v = from > 0 ? from + 1 : 2; v <= to; v++)
        if (upgrade_entity(store, entity, v, err) < 0)
            return -1;
    return 0;
}

int schema_make_common(struct store *store, int from, int to, struct error *err)
{
    if (from == 0 && store_exec(store, common_sql, err) < 0)
        return -1;
    for (int v = from > 0 ? from + 1 : 2; v <= to; v++)
        if (schema_steps[v].common && store_exec(store, schema_steps[v].common, err) < 0)
            return -1;
    return 0;
}

/* Is there a view of that name that is written otherwise? 1, 0, or -1. */
static int is_view_outdated(struct store *store, const struct entity_view *view, const char *sql,
                            struct error *err)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(store->db,
                           "SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = ?1 AND sql <> ?2", -1,
                           &s, NULL) != SQLITE_OK)
        return store_error(store, "read", err);
    bind_text(s, 1, view->name);
    bind_text(s, 2, sql);
    int r = sqlite3_step(s);
    if (r != SQLITE_ROW && r != SQLITE_DONE)
        (void)store_error(store, "read", err);
    (void)sqlite3_finalize(s);
    return r == SQLITE_ROW ? 1 : r == SQLITE_DONE ? 0 : -1;
}

/* Views hold no data: those of an earlier version of this program are made again. */
static int refresh_views(struct store *store, const struct entity *entity, struct error *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < entity->view_count; i++) {
        struct buffer sql, both;
        buffer_init(&sql, SQL_MAX);
        buffer_init(&both, SQL_MAX);
        r = append_view(&sql, entity, &entity->views[i]) < 0 ||
                    buffer_printf(&both, "DROP VIEW %s; %s", entity->views[i].name, sql.data) < 0
                ? error_memory(err)
                : is_view_outdated(store, &entity->views[i], sql.data, err);
        if (r > 0)
            r = store_exec(store, both.data, err);
        buffer_free(&sql);
        buffer_free(&both);
    }
    return r;
}

static int refresh_all_views(struct store *store, struct error *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && entities[i]; i++)
        r = refresh_views(store, entities[i], err);
    return r;
}

/* Entities that are new since the database was made get their tables; no version is needed for that. */
static int create_missing(struct store *store, int version, struct error *err)
{
    for (size_t i = 0; entities[i]; i++) {
        int there = schema_has(store, entities[i]->state_table, NULL, err);
        if (there < 0 ||
            schema_make_entity(store, entities[i], there ? version : 0, SCHEMA_VERSION, err) < 0 ||
            refresh_views(store, entities[i], err) < 0)
            return -1;
    }
    return 0;
}

/* 1 if there is anything to make, 0 if all is there, -1. */
static int is_incomplete(struct store *store, int version, struct error *err)
{
    if (version < SCHEMA_VERSION)
        return 1;
    int there = 1;
    for (size_t i = 0; there > 0 && entities[i]; i++)
        there = schema_has(store, entities[i]->state_table, NULL, err);
    return there < 0 ? -1 : !there;
}

static int bring_up_to_date(struct store *store, int version, int64_t now, int64_t *ret_migrated,
                            struct error *err)
{
    char sql[128];
    int incomplete = is_incomplete(store, version, err);
    if (incomplete <= 0)
        return incomplete < 0 ? -1 : refresh_all_views(store, err);
    int legacy = version == 0 ? legacy_present(store, err) : 0;
    if (legacy < 0 || schema_check_names(store, version, legacy > 0, err) < 0 ||
        (legacy && legacy_set_aside(store, err) < 0) ||
        schema_make_common(store, version, SCHEMA_VERSION, err) < 0 ||
        create_missing(store, version, err) < 0 ||
        (legacy && legacy_adopt(store, now, ret_migrated, err) < 0))
        return -1;
    if (version == SCHEMA_VERSION)
        return 0;
    (void)snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
                   SCHEMA_VERSION);
    return store_exec(store, sql, err);
}

int schema_prepare(struct store *store, int64_t now, int64_t *ret_migrated, struct error *err)
{
    int version = 0;
    if (store_begin(store, err) < 0)
        return -1;
    if (schema_check(store, &version, err) < 0 ||
        bring_up_to_date(store, version, now, ret_migrated, err) < 0)
        return store_abandon(store);
    return store_end(store, err);
}

bool schema_is_current(int version)
{
    return version == SCHEMA_VERSION;
}
