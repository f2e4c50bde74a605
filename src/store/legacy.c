/*
 * The old tool's database, taken over in place: its rows, their ids and their dates stay; what the new
 * columns hold is read from its flex_data. Both of its forms are known: the key is `contact_id` in the first,
 * `flex_id` in the later.
 */
#include "flexsync/buffer.h"
#include "flexsync/cleanup.h"
#include "statement.h"

#include <inttypes.h>
#include <string.h>

#define OLD_CONTACTS LEGACY_CONTACTS
#define OLD_LOG      LEGACY_LOG
#define SQL_MAX      (64 * 1024)

int legacy_present(struct store *store, struct error *err)
{
    /* Many programs have contacts; with flex_data it is the old tool's. */
    int data = schema_has(store, "contacts", "flex_data", err);
    if (data <= 0)
        return data;
    int first = schema_has(store, "contacts", "contact_id", err);
    return first != 0 ? first : schema_has(store, "contacts", "flex_id", err);
}

bool legacy_makes_room(struct store *store, const char *type, const char *table)
{
    struct error ignored;
    bool contacts = sqlite3_stricmp(table, "contacts") == 0, log = sqlite3_stricmp(table, "sync_log") == 0;
    if (strcmp(type, "index") == 0)
        return contacts || log;
    if (strcmp(type, "table") != 0)
        return false;
    /* One that only has the name is the owner's. */
    return schema_has(store, table, "id", &ignored) > 0 &&
           (contacts || (log && schema_has(store, table, "sync_started_at", &ignored) > 0));
}

/* SQL that drops one of the indexes on the old tables, to be freed by sqlite3_free(); 1, 0 when there is
 * none, -1. */
static int find_index(struct store *store, char **ret_drop, struct error *err)
{
    sqlite3_stmt *s = NULL;
    static const char sql[] = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
                              " AND tbl_name COLLATE NOCASE IN ('contacts', 'sync_log') LIMIT 1";
    if (sqlite3_prepare_v2(store->db, sql, -1, &s, NULL) != SQLITE_OK)
        return store_error(store, "migrate", err);
    int r = statement_step(store, s, err);
    if (r > 0 && !(*ret_drop = sqlite3_mprintf("DROP INDEX \"%w\"", sqlite3_column_text(s, 0))))
        r = error_memory(err);
    (void)sqlite3_finalize(s);
    return r;
}

/*
 * Indexes keep their names when their table is renamed, and could stand in the way of ours. They are made
 * again in the end; not so what makes rules (UNIQUE), which a record of the server may break.
 */
static int drop_indexes(struct store *store, struct error *err)
{
    static const char keep[] =
        "CREATE TEMP TABLE kept_indexes AS SELECT sql FROM main.sqlite_schema WHERE type = 'index'"
        " AND sql NOT LIKE 'CREATE UNIQUE%' AND tbl_name COLLATE NOCASE IN ('contacts', 'sync_log')";
    char *drop = NULL;
    int r = store_exec(store, keep, err);
    if (r < 0)
        return r;
    while ((r = find_index(store, &drop, err)) > 0) {
        r = store_exec(store, drop, err);
        sqlite3_free(drop);
        if (r < 0)
            break;
    }
    return r;
}

static int rename_tables(struct store *store, struct error *err)
{
    int log = schema_has(store, "sync_log", NULL, err);
    if (log < 0 || store_exec(store, "ALTER TABLE contacts RENAME TO " OLD_CONTACTS, err) < 0)
        return -1;
    return log ? store_exec(store, "ALTER TABLE sync_log RENAME TO " OLD_LOG, err) : 0;
}

int legacy_set_aside(struct store *store, struct error *err)
{
    if (drop_indexes(store, err) < 0)
        return -1;
    /* The owner's views mean the tables of that name, and must not follow the renaming. */
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 1, NULL);
    int r = rename_tables(store, err);
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 0, NULL);
    return r;
}

/* So that no id is given twice, even one whose row the old tool had deleted. */
static int continue_ids(struct store *store, struct error *err)
{
    static const char sql[] =
        "INSERT INTO sqlite_sequence (name, seq) SELECT n.value, 0 FROM"
        " json_each('[\"contacts\",\"sync_log\"]') n WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence s WHERE "
        "s.name = n.value);"
        "UPDATE sqlite_sequence SET seq = max(seq, coalesce((SELECT o.seq FROM sqlite_sequence o"
        " WHERE o.name = sqlite_sequence.name || '_of_the_old_tool'), 0)) WHERE name IN"
        " ('contacts', 'sync_log')";
    return store_exec(store, sql, err);
}

/*
 * Copies the columns that both tables have, besides those in `given`, a list of "column", "expression" pairs
 * ended by NULL, where `where` holds.
 */
static int copy_common(struct store *store, const char *from, const char *to, const char *const *given,
                       const char *where, struct error *err)
{
    struct buffer names, values;
    buffer_init(&names, SQL_MAX);
    buffer_init(&values, SQL_MAX);
    int r = 0;
    for (size_t i = 0; r == 0 && given[i]; i += 2)
        if ((r = buffer_printf(&names, "%s%s", i ? ", " : "", given[i])) == 0)
            r = buffer_printf(&values, "%s%s", i ? ", " : "", given[i + 1]);
    sqlite3_stmt *s = NULL;
    static const char common[] =
        "SELECT n.name FROM pragma_table_info(?1) n JOIN pragma_table_info(?2) o USING (name)";
    if (r == 0 && sqlite3_prepare_v2(store->db, common, -1, &s, NULL) == SQLITE_OK) {
        bind_text(s, 1, to);
        bind_text(s, 2, from);
        while (r == 0 && sqlite3_step(s) == SQLITE_ROW) {
            const char *name = (const char *)sqlite3_column_text(s, 0);
            bool is_given = false;
            for (size_t i = 0; given[i]; i += 2)
                is_given = is_given || strcmp(given[i], name) == 0;
            if (!is_given && (r = buffer_printf(&names, ", \"%s\"", name)) == 0)
                r = buffer_printf(&values, ", \"%s\"", name);
        }
    }
    (void)sqlite3_finalize(s);
    struct buffer sql;
    buffer_init(&sql, SQL_MAX);
    if (r == 0 && names.data)
        r = buffer_printf(&sql, "INSERT INTO %s (%s) SELECT %s FROM %s WHERE %s", to, names.data, values.data,
                          from, where);
    r = r < 0 || !sql.data ? error_memory(err) : store_exec(store, sql.data, err);
    buffer_free(&names);
    buffer_free(&values);
    buffer_free(&sql);
    return r;
}

static int copy_contacts(struct store *store, struct error *err)
{
    int first = schema_has(store, OLD_CONTACTS, "contact_id", err);
    int status = schema_has(store, OLD_CONTACTS, "status", err);
    int created = schema_has(store, OLD_CONTACTS, "created_at", err);
    int updated = schema_has(store, OLD_CONTACTS, "updated_at", err);
    if (first < 0 || status < 0 || created < 0 || updated < 0)
        return -1;
    const char *const given[] = {
        "id",         "id",
        "contact_id", first ? "contact_id" : "flex_id",
        "status",     status ? "coalesce(status, 'Active')" : "'Active'",
        "created_at", created ? "coalesce(created_at, CURRENT_TIMESTAMP)" : "CURRENT_TIMESTAMP",
        "updated_at", updated ? "coalesce(updated_at, CURRENT_TIMESTAMP)" : "CURRENT_TIMESTAMP",
        NULL};
    /* A row without an id cannot be asked for, nor can one id be there twice: the old table is then kept. */
    return copy_common(
        store, OLD_CONTACTS, "contacts", given,
        first ? "contact_id <> '' AND id IN (SELECT max(id) FROM " OLD_CONTACTS " GROUP BY contact_id)"
              : "flex_id <> '' AND id IN (SELECT max(id) FROM " OLD_CONTACTS " GROUP BY flex_id)",
        err);
}

static int copy_log(struct store *store, struct error *err)
{
    int there = schema_has(store, OLD_LOG, NULL, err);
    if (there <= 0)
        return there;
    const char *const given[] = {"id",       "id",       "entity", "'contacts'", "\"trigger\"",
                                 "'manual'", "strategy", "'full'", NULL};
    return copy_common(store, OLD_LOG, "sync_log", given, "1", err);
}

/* Writes the columns anew from flex_data, without moving a date. */
static int remap(struct store *store, int64_t id, const struct record *record, struct error *err)
{
    const struct entity *entity = &entity_contacts;
    struct buffer sql;
    buffer_init(&sql, SQL_MAX);
    sqlite3_stmt *s = NULL;
    if (statement_expand(&sql, "UPDATE {table} SET ({columns}) = ({values}) WHERE id = ?1", entity) < 0)
        (void)error_memory(err);
    else if (sqlite3_prepare_v2(store->db, sql.data, -1, &s, NULL) != SQLITE_OK)
        (void)store_error(store, "migrate", err);
    buffer_free(&sql);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, id);
    for (size_t i = 0; i < entity->column_count; i++)
        bind_value(s, (int)i + 10, &record->values[i]);
    int r = statement_run(store, s, err);
    (void)sqlite3_finalize(s);
    return r;
}

/* Rows of a listing do not say what kind of contact it is; whole records do. */
static bool is_whole(const struct record *record, const char *key)
{
    int type = entity_column(record->entity, "contact_type");
    return strcmp(record->id, key) == 0 && record->values[type].type != VALUE_NULL;
}

/* Where the row holds a record, its columns follow that; its hash if it is a whole one, else 0. */
static int adopt_json(struct store *store, int64_t id, const char *key, const char *json, int64_t *ret_hash,
                      struct error *err)
{
    struct record *record = NULL;
    *ret_hash = 0;
    if (!json || record_parse(&record, &entity_contacts, json, strlen(json), err) < 0)
        return json && err->code != ERROR_ANSWER ? -1 : 0;
    int r = strcmp(record->id, key) == 0 ? remap(store, id, record, err) : 0;
    if (is_whole(record, key))
        *ret_hash = record->content_hash;
    (void)record_free(record);
    return r;
}

/* State and queue of an adopted row: it is of unknown age, and so is asked for once. */
static int adopt_row(struct store *store, int64_t id, const char *key, const char *json, int64_t now,
                     struct error *err)
{
    int64_t hash = 0;
    if (adopt_json(store, id, key, json, &hash, err) < 0)
        return -1;
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(store->db, "INSERT INTO contact_state (id, content_hash) VALUES (?1, ?2)", -1, &s,
                           NULL) != SQLITE_OK)
        return store_error(store, "migrate", err);
    (void)sqlite3_bind_int64(s, 1, id);
    if (hash)
        (void)sqlite3_bind_int64(s, 2, hash);
    int r = statement_run(store, s, err);
    (void)sqlite3_finalize(s);
    return r < 0 ? -1 : queue_put(store, &entity_contacts, id, hash ? "full" : "new", now, err);
}

/* An id that cannot stand in an address cannot be asked for. Its row stays where it was, in the old table. */
static int leave_row(struct store *store, int64_t id, struct error *err)
{
    char sql[64];
    (void)snprintf(sql, sizeof sql, "DELETE FROM contacts WHERE id = %" PRId64, id);
    return store_exec(store, sql, err);
}

static int adopt_rows(struct store *store, int64_t now, int64_t *ret_rows, struct error *err)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(store->db,
                           "SELECT id, contact_id, flex_data FROM contacts WHERE id > ?1 ORDER BY id LIMIT 1",
                           -1, &s, NULL) != SQLITE_OK)
        return store_error(store, "migrate", err);
    int64_t id = INT64_MIN, rows = 0;
    int r;
    for (;;) {
        (void)sqlite3_bind_int64(s, 1, id);
        if ((r = statement_step(store, s, err)) <= 0)
            break;
        id = sqlite3_column_int64(s, 0);
        const char *key = (const char *)sqlite3_column_text(s, 1),
                   *json = (const char *)sqlite3_column_text(s, 2);
        CLEANUP_FREE char *key_copy = strdup(key ? key : "");
        CLEANUP_FREE char *json_copy = json ? strdup(json) : NULL;
        (void)sqlite3_reset(s);
        bool usable = key_copy && record_id_usable(key_copy);
        if (!key_copy || (json && !json_copy))
            r = error_memory(err);
        else
            r = usable ? adopt_row(store, id, key_copy, json_copy, now, err) : leave_row(store, id, err);
        if (r < 0)
            break;
        rows += usable;
    }
    (void)sqlite3_finalize(s);
    *ret_rows = rows;
    return r < 0 ? -1 : 0;
}

/* Since when an Inactive one is so, the old tool did not say; at the latest since it was last touched. */
static int date_inactive(struct store *store, struct error *err)
{
    return store_exec(
        store,
        "UPDATE contacts SET deleted_at = CASE status WHEN 'Inactive' THEN"
        " coalesce(deleted_at, updated_at) END WHERE deleted_at IS NOT NULL OR status = 'Inactive'",
        err);
}

/* One that cannot be made, as a column or its name is taken, is left out: it only made queries faster. */
static int restore_indexes(struct store *store, struct error *err)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(store->db, "SELECT sql FROM temp.kept_indexes", -1, &s, NULL) != SQLITE_OK)
        return store_error(store, "migrate", err);
    int r;
    while ((r = statement_step(store, s, err)) > 0) {
        const char *sql = (const char *)sqlite3_column_text(s, 0);
        int code = sql ? sqlite3_exec(store->db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
        if (code != SQLITE_OK && (code & 0xff) != SQLITE_ERROR) {
            r = store_error(store, "migrate", err);
            break;
        }
    }
    (void)sqlite3_finalize(s);
    return r < 0 ? -1 : store_exec(store, "DROP TABLE temp.kept_indexes", err);
}

/* What could not be taken over is not thrown away. */
static int drop_old(struct store *store, struct error *err)
{
    sqlite3_stmt *s = NULL;
    if (store_exec(store, "DROP TABLE IF EXISTS " OLD_LOG, err) < 0)
        return -1;
    if (sqlite3_prepare_v2(store->db,
                           "SELECT (SELECT count(*) FROM " OLD_CONTACTS ") = (SELECT count(*) FROM contacts)",
                           -1, &s, NULL) != SQLITE_OK)
        return store_error(store, "migrate", err);
    int r = statement_step(store, s, err);
    bool all = r > 0 && sqlite3_column_int(s, 0);
    (void)sqlite3_finalize(s);
    if (r < 0)
        return -1;
    return all ? store_exec(store, "DROP TABLE " OLD_CONTACTS, err) : 0;
}

int legacy_adopt(struct store *store, int64_t now, int64_t *ret_rows, struct error *err)
{
    if (copy_contacts(store, err) < 0 || copy_log(store, err) < 0 || continue_ids(store, err) < 0 ||
        adopt_rows(store, now, ret_rows, err) < 0 || date_inactive(store, err) < 0)
        return -1;
    struct buffer sql;
    buffer_init(&sql, SQL_MAX);
    int r =
        statement_expand(&sql, "INSERT INTO {table}_fts ({table}_fts) VALUES ('rebuild')", &entity_contacts);
    r = r < 0 ? error_memory(err) : store_exec(store, sql.data, err);
    buffer_free(&sql);
    return r < 0 || drop_old(store, err) < 0 ? -1 : restore_indexes(store, err);
}
