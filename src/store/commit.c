/* What the records said, written in one transaction. */
#include "flexsync/cleanup.h"
#include "statement.h"

#include <string.h>

/*
 * One that answered although the listing lacks it is remembered as such; one that is `deleted` counts as
 * gone. Of the others an answer does not tell whether they are listed.
 */
static void bind_presence(sqlite3_stmt *s, int index, const struct store_item *item, bool deleted)
{
    if (item->vanished)
        (void)sqlite3_bind_int64(s, index, deleted ? PRESENCE_GONE : PRESENCE_ANSWERING);
}

static void bind_seconds(sqlite3_stmt *s, int index, int64_t seconds)
{
    if (seconds)
        (void)sqlite3_bind_int64(s, index, seconds);
    else
        (void)sqlite3_bind_null(s, index);
}

/* As FIGURES in statement.c has them. */
static void bind_figures(sqlite3_stmt *s, int index, const struct figures *figures)
{
    bind_seconds(s, index++, figures->checked);
    bind_seconds(s, index++, figures->edited);
    (void)sqlite3_bind_int(s, index++, figures->first_changed);
    (void)sqlite3_bind_int64(s, index++, figures->first_watched);
    bind_seconds(s, index++, figures->watched_since);
    (void)sqlite3_bind_int64(s, index++, figures->hidden_watched);
    (void)sqlite3_bind_int64(s, index++, figures->hidden);
    (void)sqlite3_bind_int64(s, index++, figures->listed);
    bind_seconds(s, index, figures->signalled);
}

/* `fetched`: a record with another content than is stored; else the table is not touched, only the state. */
static int mark_answered(struct store *store, const struct entity *entity, const struct store_item *item,
                         bool fetched, int64_t now, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, fetched ? SQL_FETCHED : SQL_CHECKED, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, item->id);
    if (item->bytes_hash)
        (void)sqlite3_bind_int64(s, 2, item->bytes_hash);
    if (fetched)
        (void)sqlite3_bind_int64(s, 3, item->record->content_hash);
    bind_utc(s, 4, now);
    bind_presence(s, 5, item, item->record && item->record->deleted);
    bind_figures(s, 6, &item->figures);
    return statement_run(store, s, err);
}

static int note_audit(struct store *store, const struct entity *entity, const struct store_item *item,
                      bool stale, int64_t now, struct error *err)
{
    if (!item->audit)
        return 0;
    sqlite3_stmt *s = statement_get(store, SQL_AUDIT, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, item->id);
    bind_utc(s, 2, now);
    (void)sqlite3_bind_int(s, 3, stale);
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
    if (note_audit(store, entity, item, !same, now, err) < 0)
        return -1;
    if (same)
        return mark_answered(store, entity, item, false, now, err);
    /* The first whole record completes an insert; but one that was taken for gone has come back. */
    bool known = current->content_hash || current->presence == PRESENCE_GONE;
    int r = known ? row_replace(store, entity, item->id, current, record, item->body, row, now, err)
                  : row_complete(store, entity, item->id, current, record, item->body, now, err);
    return r < 0 ? -1 : mark_answered(store, entity, item, true, now, err);
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
    if (note_audit(store, entity, item, false, now, err) < 0 ||
        mark_answered(store, entity, item, false, now, err) < 0)
        return -1;
    return queue_drop(store, entity, item->id, err);
}

static int apply_gone(struct store *store, const struct entity *entity, struct sync_row *row,
                      const struct store_item *item, int64_t now, struct error *err)
{
    if (note_audit(store, entity, item, true, now, err) < 0)
        return -1;
    return row_deactivate(store, entity, item->id, item->merged_into, row, now, err);
}

/* It stays in the queue, for `reason` (NULL: as before); when it is due follows from that and its attempts.
 */
static int postpone(struct store *store, const struct entity *entity, const struct store_item *item,
                    const char *reason, int64_t now, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_QUEUE_POSTPONE, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, item->id);
    bind_text(s, 2, reason);
    bind_text(s, 3, item->error);
    if (statement_run(store, s, err) < 0 || !(s = statement_get(store, SQL_QUEUE_DUE, entity, err)))
        return -1;
    (void)sqlite3_bind_int64(s, 1, item->id);
    bind_utc(s, 2, now);
    return statement_run(store, s, err);
}

static int apply_doubted(struct store *store, const struct entity *entity, struct sync_row *row,
                         const struct store_item *item, int64_t now, struct error *err)
{
    (void)row;
    return postpone(store, entity, item, NULL, now, err);
}

static int apply_denied(struct store *store, const struct entity *entity, struct sync_row *row,
                        const struct store_item *item, int64_t now, struct error *err)
{
    (void)row;
    sqlite3_stmt *s = item->vanished ? statement_get(store, SQL_DENIED, entity, err) : NULL;
    if (s) {
        (void)sqlite3_bind_int64(s, 1, item->id);
        bind_utc(s, 2, now);
    }
    if (item->vanished && (!s || statement_run(store, s, err) < 0))
        return -1;
    return postpone(store, entity, item, "denied", now, err);
}

static int apply_contradicted(struct store *store, const struct entity *entity, struct sync_row *row,
                              const struct store_item *item, int64_t now, struct error *err)
{
    (void)row;
    return postpone(store, entity, item, "contradicted", now, err);
}

static int apply_missing(struct store *store, const struct entity *entity, struct sync_row *row,
                         const struct store_item *item, int64_t now, struct error *err)
{
    (void)row;
    return postpone(store, entity, item, "missing", now, err);
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
                                                  [FOUND_FAILED] = apply_failed,
                                                  [FOUND_DENIED] = apply_denied,
                                                  [FOUND_CONTRADICTED] = apply_contradicted,
                                                  [FOUND_MISSING] = apply_missing};

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
