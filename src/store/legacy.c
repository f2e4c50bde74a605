/*
 * The old tool's database, taken over in place: its rows, their ids and their dates stay; what the new columns hold is
 * read from its flex_data. Both of its forms are known: the key is `contact_id` in the first, `flex_id` in the later.
 */
#include "flexsync/buffer.h"
#include "flexsync/cleanup.h"
#include "statement.h"

#include <string.h>

#define OLD_CONTACTS "contacts_of_the_old_tool"
#define OLD_LOG      "sync_log_of_the_old_tool"
#define SQL_MAX      (64 * 1024)

/* In place of the hash of a text that is no record: whole, and different from whatever the server says. */
#define CONTENT_UNREADABLE 1

int legacy_present(struct store *store, struct error *err)
{
    int first = schema_has(store, "contacts", "contact_id", err);
    return first != 0 ? first : schema_has(store, "contacts", "flex_id", err);
}

int legacy_set_aside(struct store *store, struct error *err)
{
    int log = schema_has(store, "sync_log", NULL, err);
    if (log < 0 || store_exec(store, "ALTER TABLE contacts RENAME TO " OLD_CONTACTS, err) < 0)
        return -1;
    return log ? store_exec(store, "ALTER TABLE sync_log RENAME TO " OLD_LOG, err) : 0;
}

/*
 * Copies the columns that both tables have, besides those in `given`, a list of "column", "expression" pairs ended by
 * NULL, where `where` holds.
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
    static const char common[] = "SELECT n.name FROM pragma_table_info(?1) n JOIN pragma_table_info(?2) o USING (name)";
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
        r = buffer_printf(&sql, "INSERT INTO %s (%s) SELECT %s FROM %s WHERE %s", to, names.data, values.data, from, where);
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
    const char *const given[] = {"id", "id",
                                 "contact_id", first ? "contact_id" : "flex_id",
                                 "status", status ? "coalesce(status, 'Active')" : "'Active'",
                                 "created_at", created ? "coalesce(created_at, CURRENT_TIMESTAMP)" : "CURRENT_TIMESTAMP",
                                 "updated_at", updated ? "coalesce(updated_at, CURRENT_TIMESTAMP)" : "CURRENT_TIMESTAMP",
                                 NULL};
    /* A row without an id cannot be asked for; it stays in the old table, which is then kept. */
    return copy_common(store, OLD_CONTACTS, "contacts", given,
                       first ? "contact_id IS NOT NULL AND contact_id <> ''" : "flex_id IS NOT NULL AND flex_id <> ''",
                       err);
}

static int copy_log(struct store *store, struct error *err)
{
    int there = schema_has(store, OLD_LOG, NULL, err);
    if (there <= 0)
        return there;
    const char *const given[] = {"id", "id", "entity", "'contacts'", "\"trigger\"", "'manual'", "strategy", "'full'",
                                 NULL};
    if (copy_common(store, OLD_LOG, "sync_log", given, "1", err) < 0)
        return -1;
    return store_exec(store, "DROP TABLE " OLD_LOG, err);
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

/* State and queue of an adopted row: it is whole, of unknown age, and so is asked for once. */
static int adopt_row(struct store *store, int64_t id, const char *key, const char *json, int64_t now,
                     struct error *err)
{
    struct record *record = NULL;
    int64_t hash = CONTENT_UNREADABLE;
    struct error ignored;
    int r = 0;
    if (json && record_parse(&record, &entity_contacts, json, strlen(json), &ignored) == 0 &&
        strcmp(record->id, key) == 0) {
        hash = record->content_hash;
        r = remap(store, id, record, err);
    }
    (void)record_free(record);
    if (r < 0)
        return -1;
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(store->db, "INSERT INTO contact_state (id, content_hash) VALUES (?1, ?2)", -1, &s, NULL) !=
        SQLITE_OK)
        return store_error(store, "migrate", err);
    (void)sqlite3_bind_int64(s, 1, id);
    (void)sqlite3_bind_int64(s, 2, hash);
    r = statement_run(store, s, err);
    (void)sqlite3_finalize(s);
    return r < 0 ? -1 : queue_put(store, &entity_contacts, id, "full", now, err);
}

static int adopt_rows(struct store *store, int64_t now, int64_t *ret_rows, struct error *err)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(store->db, "SELECT id, contact_id, flex_data FROM contacts WHERE id > ?1 ORDER BY id LIMIT 1",
                           -1, &s, NULL) != SQLITE_OK)
        return store_error(store, "migrate", err);
    int64_t id = INT64_MIN, rows = 0;
    int r;
    for (;;) {
        (void)sqlite3_bind_int64(s, 1, id);
        if ((r = statement_step(store, s, err)) <= 0)
            break;
        id = sqlite3_column_int64(s, 0);
        const char *key = (const char *)sqlite3_column_text(s, 1), *json = (const char *)sqlite3_column_text(s, 2);
        CLEANUP_FREE char *key_copy = strdup(key ? key : "");
        CLEANUP_FREE char *json_copy = json ? strdup(json) : NULL;
        (void)sqlite3_reset(s);
        if (!key_copy || (json && !json_copy))
            r = error_memory(err);
        else
            r = adopt_row(store, id, key_copy, json_copy, now, err);
        if (r < 0)
            break;
        rows++;
    }
    (void)sqlite3_finalize(s);
    *ret_rows = rows;
    return r < 0 ? -1 : 0;
}

int legacy_adopt(struct store *store, int64_t now, int64_t *ret_rows, struct error *err)
{
    if (copy_contacts(store, err) < 0 || copy_log(store, err) < 0 || adopt_rows(store, now, ret_rows, err) < 0)
        return -1;
    struct buffer sql;
    buffer_init(&sql, SQL_MAX);
    int r = statement_expand(&sql, "INSERT INTO {table}_fts ({table}_fts) VALUES ('rebuild')", &entity_contacts);
    r = r < 0 ? error_memory(err) : store_exec(store, sql.data, err);
    buffer_free(&sql);
    if (r < 0)
        return -1;
    /* What could not be taken over is not thrown away. */
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(store->db, "SELECT (SELECT count(*) FROM " OLD_CONTACTS ") - (SELECT count(*) FROM contacts)",
                           -1, &s, NULL) != SQLITE_OK ||
        sqlite3_step(s) != SQLITE_ROW) {
        (void)sqlite3_finalize(s);
        return store_error(store, "migrate", err);
    }
    bool all = sqlite3_column_int64(s, 0) == 0;
    (void)sqlite3_finalize(s);
    return all ? store_exec(store, "DROP TABLE " OLD_CONTACTS, err) : 0;
}
