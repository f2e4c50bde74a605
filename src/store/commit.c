/* What the records said, written in one transaction. */
#include "flexsync/cleanup.h"
#include "statement.h"

#include <string.h>

int store_queue_all(struct store *store, const struct entity *entity, int64_t now, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_QUEUE_ALL, entity, err);
    if (!s)
        return -1;
    bind_utc(s, 1, now);
    return statement_run(store, s, err);
}

static int count(struct store *store, enum statement id, const struct entity *entity, int64_t *ret,
                 struct error *err)
{
    sqlite3_stmt *s = statement_get(store, id, entity, err);
    if (!s || statement_step(store, s, err) < 0)
        return -1;
    *ret = sqlite3_column_int64(s, 0);
    (void)sqlite3_reset(s);
    return 0;
}

int store_count_contradicted(struct store *store, const struct entity *entity, int64_t *ret,
                             struct error *err)
{
    return count(store, SQL_CONTRADICTED_COUNT, entity, ret, err);
}

int store_count_troubled(struct store *store, const struct entity *entity, int64_t *ret, struct error *err)
{
    return count(store, SQL_TROUBLED_COUNT, entity, ret, err);
}

int store_plan(struct store *store, const struct entity *entity, int64_t now, bool all, int64_t **ret,
               size_t *ret_count, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_PLAN, entity, err);
    if (!s)
        return -1;
    bind_utc(s, 1, now);
    (void)sqlite3_bind_int(s, 2, all);
    CLEANUP_FREE int64_t *ids = NULL;
    size_t count = 0, capacity = 0;
    int r;
    while ((r = statement_step(store, s, err)) > 0) {
        if (count == capacity) {
            capacity = capacity ? capacity * 2 : 256;
            int64_t *more = realloc(ids, capacity * sizeof *ids);
            if (!more) {
                (void)sqlite3_reset(s);
                return error_memory(err);
            }
            ids = more;
        }
        ids[count++] = sqlite3_column_int64(s, 0);
    }
    if (r < 0)
        return -1;
    *ret = take_pointer(ids);
    *ret_count = count;
    return 0;
}

int store_lookup(struct store *store, const struct entity *entity, int64_t id, struct store_known *ret,
                 struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_LOOKUP, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, id);
    int r = statement_step(store, s, err);
    if (r <= 0)
        return r;
    const char *key = (const char *)sqlite3_column_text(s, 0);
    (void)snprintf(ret->key, sizeof ret->key, "%s", key ? key : "");
    ret->vanished = sqlite3_column_int(s, 1) != 0;
    ret->attempts = sqlite3_column_int64(s, 2);
    ret->bytes_hash = sqlite3_column_int64(s, 3);
    ret->active = sqlite3_column_int(s, 4) != 0;
    ret->returned = sqlite3_column_int(s, 5) != 0;
    (void)sqlite3_reset(s);
    return 1;
}

/*
 * One that answered although the listing lacks it is remembered as such; one that is `deleted` counts as
 * gone. Of the others an answer does not tell whether they are listed.
 */
static void bind_presence(sqlite3_stmt *s, int index, const struct store_item *item, bool deleted)
{
    if (item->vanished)
        (void)sqlite3_bind_int64(s, index, deleted ? PRESENCE_GONE : PRESENCE_ANSWERING);
}

/* The answer says what is stored: the table is not touched, only the state. */
static int mark_checked(struct store *store, const struct entity *entity, const struct store_item *item,
                        bool deleted, int64_t now, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_CHECKED, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, item->id);
    if (item->bytes_hash)
        (void)sqlite3_bind_int64(s, 2, item->bytes_hash);
    bind_utc(s, 3, now);
    bind_presence(s, 4, item, deleted);
    return statement_run(store, s, err);
}

static int mark_fetched(struct store *store, const struct entity *entity, const struct store_item *item,
                        int64_t now, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_FETCHED, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, item->id);
    (void)sqlite3_bind_int64(s, 2, item->bytes_hash);
    (void)sqlite3_bind_int64(s, 3, item->record->content_hash);
    bind_utc(s, 4, now);
    bind_presence(s, 5, item, item->record->deleted);
    return statement_run(store, s, err);
}

static int take_record(struct store *store, const struct entity *entity, struct sync_row *row,
                       const struct store_item *item, const struct row_current *current, int64_t now,
                       struct error *err)
{
    const struct record *record = item->record;
    bool same = current->content_hash == record->content_hash && current->active == !record->deleted;
    row->counts.fetched++;
    row->counts.unchanged += same;
    if (same)
        return mark_checked(store, entity, item, record->deleted, now, err);
    /* The first whole record completes an insert; but one that was taken for gone has come back. */
    bool known = current->content_hash || current->presence == PRESENCE_GONE;
    int r = known ? row_replace(store, entity, item->id, current, record, item->body, row, now, err)
                  : row_complete(store, entity, item->id, current, record, item->body, now, err);
    return r < 0 ? -1 : mark_fetched(store, entity, item, now, err);
}

static int apply_record(struct store *store, const struct entity *entity, struct sync_row *row,
                        const struct store_item *item, int64_t now, struct error *err)
{
    struct row_current current = {0};
    int r = row_current(store, entity, item->id, &current, err);
    if (r <= 0)
        return r;
    r = take_record(store, entity, row, item, &current, now, err);
    row_current_free(&current);
    return r < 0 ? -1 : queue_drop(store, entity, item->id, err);
}

static int apply_same(struct store *store, const struct entity *entity, struct sync_row *row,
                      const struct store_item *item, int64_t now, struct error *err)
{
    row->counts.fetched++;
    row->counts.unchanged++;
    if (mark_checked(store, entity, item, false, now, err) < 0)
        return -1;
    return queue_drop(store, entity, item->id, err);
}

static int apply_gone(struct store *store, const struct entity *entity, struct sync_row *row,
                      const struct store_item *item, int64_t now, struct error *err)
{
    return row_deactivate(store, entity, item->id, row, now, err);
}

static int apply_doubted(struct store *store, const struct entity *entity, struct sync_row *row,
                         const struct store_item *item, int64_t now, struct error *err)
{
    (void)row, (void)now;
    sqlite3_stmt *s = statement_get(store, SQL_QUEUE_POSTPONE, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, item->id);
    bind_utc(s, 2, item->due);
    bind_text(s, 3, item->error);
    return statement_run(store, s, err);
}

static int apply_failed(struct store *store, const struct entity *entity, struct sync_row *row,
                        const struct store_item *item, int64_t now, struct error *err)
{
    row->counts.failed++;
    return apply_doubted(store, entity, row, item, now, err);
}

static int (*const appliers[])(struct store *, const struct entity *, struct sync_row *,
                               const struct store_item *, int64_t,
                               struct error *) = {[FOUND_RECORD] = apply_record,
                                                  [FOUND_SAME] = apply_same,
                                                  [FOUND_GONE] = apply_gone,
                                                  [FOUND_DOUBTED] = apply_doubted,
                                                  [FOUND_FAILED] = apply_failed};

int store_commit(struct store *store, const struct entity *entity, struct sync_row *row,
                 const struct store_item *items, size_t count, int64_t now, struct error *err)
{
    const struct sync_row before = *row;
    if (store_begin(store, err) < 0)
        return -1;
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = appliers[items[i].finding](store, entity, row, &items[i], now, err);
    return cycle_end(store, row, &before, r, err);
}
