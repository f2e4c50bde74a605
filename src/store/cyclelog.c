#include "flexsync/clock.h"
#include "statement.h"

#include <string.h>

const char *const sync_trigger_names[TRIGGER_COUNT] = {"start", "timer", "signal", "manual", "resume"};
const char *const sync_status_names[SYNC_STATUS_COUNT] = {"running", "success", "partial", "failed"};

int store_close_interrupted(struct store *store, int64_t now, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_CYCLE_INTERRUPTED, NULL, err);
    if (!s)
        return -1;
    bind_utc(s, 1, now);
    return statement_run(store, s, err) < 0 ? -1 : sqlite3_changes(store->db);
}

static int insert_running(struct store *store, const struct sync_row *row, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_CYCLE_INSERT, NULL, err);
    if (!s)
        return -1;
    bind_utc(s, 1, row->started_at);
    bind_text(s, 2, row->entity);
    bind_text(s, 3, sync_trigger_names[row->trigger]);
    bind_text(s, 4, row->strategy);
    bind_text(s, 5, sync_status_names[SYNC_RUNNING]);
    return statement_run(store, s, err);
}

int store_cycle_begin(struct store *store, struct sync_row *row, struct error *err)
{
    if (store_begin(store, err) < 0)
        return -1;
    /* There is one writer: whatever else runs is a row that could not be closed when its time was. */
    if (store_close_interrupted(store, row->started_at, err) < 0 || insert_running(store, row, err) < 0)
        return store_abandon(store);
    int64_t id = sqlite3_last_insert_rowid(store->db);
    if (store_end(store, err) < 0)
        return -1;
    row->id = id;
    return 0;
}

/* Writes the figures of the row. Part of the caller's transaction. */
static int cycle_update(struct store *store, const struct sync_row *row, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_CYCLE_UPDATE, NULL, err);
    if (!s)
        return -1;
    const int64_t figures[] = {
        row->counts.fetched,   row->counts.inserted, row->counts.updated,  row->counts.unchanged,
        row->counts.deleted,   row->counts.failed,   row->counts.denied,   row->counts.listed,
        row->counts.expected,  row->cost.requests,   row->cost.retries,    row->cost.throttled,
        row->cost.bytes,       row->cost.waited_ms,  row->quota_left_hour, row->quota_left_day,
        row->quota_left_month,
    };
    int index = 1;
    (void)sqlite3_bind_int64(s, index++, row->id);
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        bind_count(s, index++, figures[i]);
    bind_utc(s, index++, row->resumes_at);
    bind_text(s, index++, sync_status_names[row->status]);
    bind_text(s, index++, row->error_message[0] ? row->error_message : NULL);
    bind_utc(s, index++, row->completed_at);
    bind_count(s, index, row->status == SYNC_RUNNING ? SYNC_UNKNOWN : row->exit_status);
    return statement_run(store, s, err);
}

int cycle_end(struct store *store, struct sync_row *row, const struct sync_row *before, int r,
              struct error *err)
{
    if (r == 0)
        r = cycle_update(store, row, err);
    r = r < 0 ? store_abandon(store) : store_end(store, err);
    if (r < 0)
        *row = *before;
    return r;
}

static int forget_before(struct store *store, enum statement id, const struct entity *entity, int64_t before,
                         struct error *err)
{
    if (before <= 0)
        return 0;
    sqlite3_stmt *s = statement_get(store, id, entity, err);
    if (!s)
        return -1;
    bind_utc(s, 1, before);
    return statement_run(store, s, err);
}

static int cycle_finish(struct store *store, const struct sync_row *row,
                        const struct store_retention *retention, struct error *err)
{
    if (store_begin(store, err) < 0)
        return -1;
    if (cycle_update(store, row, err) < 0 ||
        forget_before(store, SQL_LOG_FORGET, NULL, retention->log_before, err) < 0)
        return store_abandon(store);
    for (size_t i = 0; entities[i]; i++)
        if (entities[i]->changes_table &&
            forget_before(store, SQL_CHANGES_FORGET, entities[i], retention->changes_before, err) < 0)
            return store_abandon(store);
    for (size_t i = 0; entities[i]; i++)
        if (entities[i]->audits_table &&
            forget_before(store, SQL_AUDITS_FORGET, entities[i], retention->audits_before, err) < 0)
            return store_abandon(store);
    return store_end(store, err);
}

int store_cycle_finish(struct store *store, const struct sync_row *row,
                       const struct store_retention *retention, struct error *err)
{
    int r = cycle_finish(store, row, retention, err);
    if (r == 0 || err->code != ERROR_STORE_FULL)
        return r;
    /* What was staged takes room, and every transaction writes there; it is of no use any more, but the row
     * is. */
    temporary_forget(store);
    r = cycle_finish(store, row, retention, err);
    temporary_allow(store);
    return r;
}
