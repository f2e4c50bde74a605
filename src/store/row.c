#include "flexsync/cleanup.h"
#include "flexsync/diff.h"
#include "flexsync/text.h"
#include "statement.h"

#include <string.h>

static void bind_columns(sqlite3_stmt *s, const struct entity *entity, const struct record *record)
{
    for (size_t i = 0; i < entity->column_count; i++)
        bind_value(s, (int)i + 10, &record->values[i]); /* {values} begin at ?10 */
}

/* FTS5 has no triggers here: they doubled the time of a batch. */
static int search(struct store *store, enum statement id, const struct entity *entity, int64_t row,
                  struct error *err)
{
    if (!entity->search)
        return 0;
    sqlite3_stmt *s = statement_get(store, id, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, row);
    return statement_run(store, s, err);
}

int64_t row_insert(struct store *store, const struct entity *entity, const struct record *record,
                   const char *json, int64_t now, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_INSERT, entity, err);
    if (!s)
        return -1;
    bind_text(s, 1, record->id);
    bind_text(s, 2, json);
    bind_utc(s, 3, now);
    bind_utc(s, 4, record->deleted ? now : 0);
    bind_columns(s, entity, record);
    if (statement_run(store, s, err) < 0)
        return -1;
    int64_t id = sqlite3_last_insert_rowid(store->db);
    return search(store, SQL_SEARCH_ADD, entity, id, err) < 0 ? -1 : id;
}

int row_change(struct store *store, const struct entity *entity, const char *key, const struct sync_row *row,
               const char *kind, const char *before, const char *after, int64_t now, struct error *err)
{
    if (!entity->changes_table)
        return 0;
    sqlite3_stmt *s = statement_get(store, SQL_CHANGE, entity, err);
    if (!s)
        return -1;
    bind_text(s, 1, key);
    (void)sqlite3_bind_int64(s, 2, row->id);
    bind_utc(s, 3, now);
    bind_text(s, 4, kind);
    bind_text(s, 5, before);
    bind_text(s, 6, after);
    return statement_run(store, s, err);
}

int queue_put(struct store *store, const struct entity *entity, int64_t id, const char *reason, int64_t now,
              struct error *err)
{
    if (!entity->queue_table)
        return 0;
    sqlite3_stmt *s = statement_get(store, SQL_QUEUE_PUT, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, id);
    bind_text(s, 2, reason);
    bind_utc(s, 3, now);
    return statement_run(store, s, err);
}

int row_current(struct store *store, const struct entity *entity, int64_t id, struct row_current *ret,
                struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_CURRENT, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, id);
    int r = statement_step(store, s, err);
    if (r <= 0)
        return r;
    struct row_current current = {.active = false};
    const char *key = (const char *)sqlite3_column_text(s, 0),
               *status = (const char *)sqlite3_column_text(s, 1);
    const char *deleted_at = (const char *)sqlite3_column_text(s, 2),
               *json = (const char *)sqlite3_column_text(s, 3);
    (void)snprintf(current.key, sizeof current.key, "%s", key ? key : "");
    current.active = !status || strcmp(status, "Inactive") != 0;
    if (deleted_at && text_parse_utc(deleted_at, &current.deleted_at) < 0)
        current.deleted_at = 0;
    current.content_hash = sqlite3_column_int64(s, 4);
    current.presence = (enum presence)sqlite3_column_int(s, 5);
    current.json = strdup(json ? json : "{}");
    (void)sqlite3_reset(s);
    if (!current.json)
        return error_memory(err);
    *ret = current;
    return 1;
}

void row_current_free(struct row_current *current)
{
    free(take_pointer(current->json));
}

/* When a row with this record became Inactive; 0 for an Active one. */
static int64_t deleted_since(const struct row_current *current, const struct record *record, int64_t now)
{
    if (!record->deleted)
        return 0;
    return current->deleted_at ? current->deleted_at : now;
}

static int update(struct store *store, const struct entity *entity, int64_t id, const struct record *record,
                  const char *json, int64_t deleted_at, int64_t now, struct error *err)
{
    if (search(store, SQL_SEARCH_DROP, entity, id, err) < 0)
        return -1;
    sqlite3_stmt *s = statement_get(store, SQL_UPDATE, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, id);
    bind_text(s, 2, json);
    bind_utc(s, 3, now);
    bind_utc(s, 4, deleted_at);
    bind_columns(s, entity, record);
    if (statement_run(store, s, err) < 0)
        return -1;
    return search(store, SQL_SEARCH_ADD, entity, id, err);
}

int row_complete(struct store *store, const struct entity *entity, int64_t id,
                 const struct row_current *current, const struct record *record, const char *json,
                 int64_t now, struct error *err)
{
    return update(store, entity, id, record, json, deleted_since(current, record, now), now, err);
}

int row_replace(struct store *store, const struct entity *entity, int64_t id,
                const struct row_current *current, const struct record *record, const char *json,
                struct sync_row *row, int64_t now, struct error *err)
{
    CLEANUP_FREE char *before = NULL, *after = NULL;
    const char *kind = current->active == !record->deleted ? "changed"
                       : current->active                   ? "deactivated"
                                                           : "returned";
    if (diff_json(current->json, json, &before, &after, err) < 0 ||
        update(store, entity, id, record, json, deleted_since(current, record, now), now, err) < 0 ||
        row_change(store, entity, current->key, row, kind, before, after, now, err) < 0)
        return -1;
    if (current->active && record->deleted)
        row->counts.deleted++;
    else
        row->counts.updated++;
    return 0;
}

int queue_drop(struct store *store, const struct entity *entity, int64_t id, struct error *err)
{
    if (!entity->queue_table)
        return 0;
    sqlite3_stmt *s = statement_get(store, SQL_QUEUE_DROP, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, id);
    return statement_run(store, s, err);
}

/* The hash of its bytes is forgotten: if it comes back, the same bytes are news. */
static int mark_gone(struct store *store, const struct entity *entity, int64_t id, const char *merged_into,
                     int64_t now, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_GONE, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, id);
    bind_utc(s, 2, now);
    bind_text(s, 3, merged_into);
    return statement_run(store, s, err);
}

/* An id that can stand in an address needs no escaping in JSON. */
static const char *survivor_json(char text[static RECORD_ID_MAX + 32], const char *merged_into)
{
    if (!merged_into)
        return NULL;
    (void)snprintf(text, RECORD_ID_MAX + 32, "{\"mergedInto\":\"%s\"}", merged_into);
    return text;
}

static int deactivate(struct store *store, const struct entity *entity, int64_t id,
                      const struct row_current *current, const char *merged_into, struct sync_row *row,
                      int64_t now, struct error *err)
{
    char after[RECORD_ID_MAX + 32];
    sqlite3_stmt *s = statement_get(store, SQL_DEACTIVATE, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, id);
    bind_utc(s, 2, now);
    if (statement_run(store, s, err) < 0)
        return -1;
    row->counts.deleted++;
    return row_change(store, entity, current->key, row, "deactivated", NULL,
                      survivor_json(after, merged_into), now, err);
}

int row_deactivate(struct store *store, const struct entity *entity, int64_t id, const char *merged_into,
                   struct sync_row *row, int64_t now, struct error *err)
{
    struct row_current current = {0};
    int r = row_current(store, entity, id, &current, err);
    if (r <= 0)
        return r;
    r = current.active ? deactivate(store, entity, id, &current, merged_into, row, now, err) : 0;
    if (r == 0)
        r = mark_gone(store, entity, id, merged_into, now, err);
    if (r == 0)
        r = queue_drop(store, entity, id, err);
    row_current_free(&current);
    return r;
}
