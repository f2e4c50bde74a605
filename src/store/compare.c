/* The staged listing and its comparison with the table. */
#include "flexsync/cleanup.h"
#include "flexsync/clock.h"
#include "flexsync/diff.h"
#include "statement.h"

#include <string.h>

#define STAGED_SQL                                                                                           \
    "CREATE TEMP TABLE IF NOT EXISTS staged (key TEXT PRIMARY KEY, pass INTEGER, hash INTEGER, json TEXT)"   \
    " WITHOUT ROWID; DELETE FROM temp.staged"

int store_stage_begin(struct store *store, struct error *err)
{
    store->compared[0] = '\0';
    return store_exec(store, STAGED_SQL, err);
}

/*
 * Puts an id that is a UUID into the case in which it is stored, or else staged; one that is neither stays as
 * it is. Look-ups by index alone. 1 if that changed it, 0 if not, or -1.
 */
static int stage_respell(struct store *store, const struct entity *entity, char id[static RECORD_ID_MAX + 1],
                         struct error *err)
{
    if (!record_id_is_uuid(id))
        return 0;
    sqlite3_stmt *s = statement_get(store, SQL_SPELLING, entity, err);
    if (!s)
        return -1;
    bind_text(s, 1, id);
    if (statement_step(store, s, err) < 0)
        return -1;
    const char *known = (const char *)sqlite3_column_text(s, 0);
    bool differs = known && record_id_same(known, id) && strcmp(known, id) != 0;
    if (differs)
        memcpy(id, known, strlen(known) + 1);
    (void)sqlite3_reset(s);
    return differs;
}

static int stage_row(struct store *store, const struct page_row *row, unsigned pass, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_STAGE_ROW, NULL, err);
    if (!s)
        return -1;
    bind_text(s, 1, row->id);
    (void)sqlite3_bind_int64(s, 2, pass);
    (void)sqlite3_bind_int64(s, 3, row->hash);
    (void)sqlite3_bind_text64(s, 4, row->json, row->length, SQLITE_STATIC, SQLITE_UTF8);
    int r = statement_run(store, s, err) < 0 ? -1 : sqlite3_changes(store->db);
    (void)sqlite3_clear_bindings(s); /* the row's text goes with the page */
    return r;
}

int store_stage_page(struct store *store, const struct entity *entity, struct page *page, unsigned pass,
                     size_t *ret_new, struct error *err)
{
    size_t new = 0, respelt = 0;
    store->compared[0] = '\0'; /* what comes now may stand before what was compared */
    /* A plain BEGIN: the staging table is ours alone, and needs no lock on the database. */
    if (store_exec(store, "BEGIN", err) < 0)
        return -1;
    for (size_t i = 0; i < page->row_count; i++) {
        int other = stage_respell(store, entity, page->rows[i].id, err);
        int r = other < 0 ? -1 : stage_row(store, &page->rows[i], pass, err);
        if (r < 0)
            return store_abandon(store);
        new += (size_t)r;
        respelt += (size_t)other;
    }
    if (store_end(store, err) < 0)
        return -1;
    *ret_new = new;
    page->respelt += respelt; /* when it is staged again, they have the right case */
    return 0;
}

int store_stage_drop(struct store *store, unsigned first_pass, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_STAGE_DROP, NULL, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, first_pass);
    return statement_run(store, s, err);
}

int store_stage_count(struct store *store, unsigned first_pass, int64_t *ret, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_STAGE_COUNT, NULL, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, first_pass);
    if (statement_step(store, s, err) < 0)
        return -1;
    *ret = sqlite3_column_int64(s, 0);
    (void)sqlite3_reset(s);
    return 0;
}

/* Runs a statement whose one value is the entity's name. */
static int run_named(struct store *store, enum statement id, const struct entity *entity, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, id, NULL, err);
    if (!s)
        return -1;
    bind_text(s, 1, entity->name);
    return statement_run(store, s, err);
}

int store_stage_keep(struct store *store, const struct entity *entity, struct error *err)
{
    if (store_begin(store, err) < 0)
        return -1;
    if (run_named(store, SQL_STAGE_FORGET, entity, err) < 0 ||
        run_named(store, SQL_STAGE_KEEP, entity, err) < 0)
        return store_abandon(store);
    return store_end(store, err);
}

int store_stage_restore(struct store *store, const struct entity *entity, struct error *err)
{
    return run_named(store, SQL_STAGE_RESTORE, entity, err);
}

int store_stage_forget(struct store *store, const struct entity *entity, struct error *err)
{
    return run_named(store, SQL_STAGE_FORGET, entity, err);
}

/* A staged row, copied out, so that the table can be written while the rest is still to be read. */
struct staged {
    int64_t id;
    char *key;
    char *json;
    int64_t hash;
    bool whole; /* the table holds more of it than a listing tells */
    int64_t presence;
    bool same; /* the listing says what it said before */
};

struct staged_list {
    struct staged *rows;
    size_t count;
};

static void staged_list_free(struct staged_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->rows[i].key);
        free(list->rows[i].json);
    }
    free(list->rows);
}

#define CLEANUP_STAGED CLEANUP(staged_list_free)

static char *column_copy(sqlite3_stmt *s, int column)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    return strdup(text ? text : "");
}

/* The next rows that SQL_NEW_ROWS or SQL_CHANGED_ROWS selects, behind the cursor; both select the same
 * columns. */
static int read_staged(struct store *store, enum statement id, const struct entity *entity, unsigned limit,
                       const char *cursor, struct staged_list *list, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, id, entity, err);
    list->rows = calloc(limit, sizeof *list->rows);
    if (!s || !list->rows)
        return s ? error_memory(err) : -1;
    (void)sqlite3_bind_int64(s, 1, limit);
    bind_text(s, 2, cursor);
    int r = 0;
    while (list->count < limit && (r = statement_step(store, s, err)) > 0) {
        struct staged *row = &list->rows[list->count++];
        *row = (struct staged){.id = sqlite3_column_int64(s, 0),
                               .key = column_copy(s, 1),
                               .hash = sqlite3_column_int64(s, 2),
                               .json = column_copy(s, 3),
                               .whole = sqlite3_column_int(s, 4) != 0,
                               .presence = sqlite3_column_int64(s, 5),
                               .same = sqlite3_column_int(s, 6) != 0};
        if (!row->key || !row->json)
            r = error_memory(err);
        if (r < 0)
            break;
    }
    (void)sqlite3_reset(s);
    return r < 0 ? -1 : 0;
}

static int put_state(struct store *store, const struct entity *entity, int64_t id, int64_t hash, int64_t now,
                     struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_INSERT_STATE, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, id);
    (void)sqlite3_bind_int64(s, 2, hash);
    bind_utc(s, 3, now);
    return statement_run(store, s, err);
}

static int insert_new(struct store *store, const struct entity *entity, struct sync_row *row,
                      const struct staged *staged, int64_t now, struct error *err)
{
    struct record *record = NULL;
    if (record_parse(&record, entity, staged->json, strlen(staged->json), err) < 0) {
        row->counts.failed++;
        return err->code == ERROR_ANSWER ? 0 : -1;
    }
    (void)snprintf(record->id, sizeof record->id, "%s", staged->key); /* of two spellings, the first one */
    int64_t id = row_insert(store, entity, record, staged->json, now, err);
    int r = id < 0 ? -1 : put_state(store, entity, id, staged->hash, now, err);
    if (r == 0)
        r = row_change(store, entity, staged->key, row, "inserted", NULL, staged->json, now, err);
    if (r == 0)
        r = queue_put(store, entity, id, "new", now, err);
    (void)record_free(record);
    row->counts.inserted += r == 0;
    return r;
}

typedef int take_fn(struct store *store, const struct entity *entity, struct sync_row *row,
                    const struct staged *staged, int64_t now, struct error *err);

/* Takes the rows of a list in one transaction with the counters, and moves the cursor behind them. */
static int take_list(struct store *store, const struct entity *entity, struct sync_row *row, int64_t now,
                     const struct staged_list *list, take_fn *take, char cursor[static RECORD_ID_MAX + 1],
                     struct error *err)
{
    const struct sync_row before = *row;
    if (list->count == 0)
        return 0;
    if (store_begin(store, err) < 0)
        return -1;
    int r = 0;
    for (size_t i = 0; r == 0 && i < list->count; i++)
        r = take(store, entity, row, &list->rows[i], now, err);
    if (cycle_end(store, row, &before, r, err) < 0)
        return -1;
    (void)snprintf(cursor, RECORD_ID_MAX + 1, "%s", list->rows[list->count - 1].key);
    return (int)list->count;
}

int store_compare_new(struct store *store, const struct entity *entity, struct sync_row *row, int64_t now,
                      unsigned limit, struct error *err)
{
    CLEANUP_STAGED struct staged_list list = {0};
    if (read_staged(store, SQL_NEW_ROWS, entity, limit, store->compared, &list, err) < 0)
        return -1;
    return take_list(store, entity, row, now, &list, insert_new, store->compared, err);
}

/* The listed row is all that is known of it, so the columns follow it. */
static int follow_listing(struct store *store, const struct entity *entity, struct sync_row *row,
                          const struct staged *staged, int64_t now, struct error *err)
{
    struct record *record = NULL;
    struct row_current current = {0};
    if (record_parse(&record, entity, staged->json, strlen(staged->json), err) < 0) {
        row->counts.failed++;
        return err->code == ERROR_ANSWER ? 0 : -1;
    }
    int r = row_current(store, entity, staged->id, &current, err) <= 0 ? -1 : 0;
    if (r == 0)
        r = row_replace(store, entity, staged->id, &current, record, staged->json, row, now, err);
    row_current_free(&current);
    (void)record_free(record);
    return r;
}

/* One that is gone may be back, unless the listing itself says that it is deleted. */
static int ask_returned(struct store *store, const struct entity *entity, const struct staged *staged,
                        int64_t now, struct error *err)
{
    struct record *record = NULL;
    bool deleted = false;
    if (record_parse(&record, entity, staged->json, strlen(staged->json), err) == 0)
        deleted = record->deleted;
    else if (err->code != ERROR_ANSWER)
        return -1;
    (void)record_free(record);
    return deleted ? 0 : queue_put(store, entity, staged->id, "returned", now, err);
}

/*
 * The listed row differs from the one before. That is news only if the record, which may have been fetched
 * since, says something else; then it is queued, and counted as an edit that the listing showed.
 */
static int note_edit(struct store *store, const struct entity *entity, const struct staged *staged,
                     int64_t now, struct error *err)
{
    struct row_current current = {0};
    if (row_current(store, entity, staged->id, &current, err) <= 0)
        return -1;
    int known = diff_contains(current.json, staged->json, err);
    row_current_free(&current);
    if (known != 0)
        return known < 0 ? -1 : 0;
    sqlite3_stmt *s = statement_get(store, SQL_LISTED_EDIT, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, staged->id);
    (void)sqlite3_bind_int64(s, 2, now / USEC_PER_SEC);
    if (statement_run(store, s, err) < 0)
        return -1;
    return queue_put(store, entity, staged->id, "changed", now, err);
}

/* One that was queued because it was missing, and is listed now, is asked for as any other. */
static int note_relisted(struct store *store, const struct entity *entity, const struct staged *staged,
                         int64_t now, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_RELISTED, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, staged->id);
    bind_text(s, 2, staged->whole ? "changed" : "new");
    bind_utc(s, 3, now);
    return statement_run(store, s, err);
}

static int take_changed(struct store *store, const struct entity *entity, struct sync_row *row,
                        const struct staged *staged, int64_t now, struct error *err)
{
    bool gone = staged->presence == PRESENCE_GONE;
    int r = 0;
    if (gone && entity->queue_table)
        r = ask_returned(store, entity, staged, now, err);
    else if (!staged->whole && (!staged->same || gone))
        r = follow_listing(store, entity, row, staged, now, err);
    else if (!staged->same)
        r = note_edit(store, entity, staged, now, err);
    if (r < 0)
        return -1;
    sqlite3_stmt *s = statement_get(store, SQL_LISTED, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, staged->id);
    (void)sqlite3_bind_int64(s, 2, staged->hash);
    bind_utc(s, 3, now);
    /* One that is believed to be gone is so until its record says otherwise. */
    (void)sqlite3_bind_int64(s, 4, gone && entity->queue_table ? PRESENCE_GONE : PRESENCE_LISTED);
    if (statement_run(store, s, err) < 0)
        return -1;
    return entity->queue_table ? note_relisted(store, entity, staged, now, err) : 0;
}

int store_compare_changed(struct store *store, const struct entity *entity, struct sync_row *row, int64_t now,
                          unsigned limit, char cursor[static RECORD_ID_MAX + 1], struct error *err)
{
    CLEANUP_STAGED struct staged_list list = {0};
    if (read_staged(store, SQL_CHANGED_ROWS, entity, limit, cursor, &list, err) < 0)
        return -1;
    return take_list(store, entity, row, now, &list, take_changed, cursor, err);
}

static void bind_vanished(sqlite3_stmt *s, unsigned first_pass, int64_t now)
{
    (void)sqlite3_bind_int64(s, 1, first_pass);
    bind_utc(s, 2, now - USEC_PER_DAY);
    bind_utc(s, 3, now);
}

static int note_missing(struct store *store, const struct entity *entity, unsigned first_pass, int64_t now,
                        struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_MISSING_NOTE, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, first_pass);
    (void)sqlite3_bind_int64(s, 2, now / USEC_PER_SEC);
    return statement_run(store, s, err);
}

static int queue_vanished(struct store *store, const struct entity *entity, unsigned first_pass, int64_t now,
                          struct error *err)
{
    if (store_begin(store, err) < 0)
        return -1;
    sqlite3_stmt *s = statement_get(store, SQL_VANISHED_QUEUE, entity, err);
    if (s)
        bind_vanished(s, first_pass, now);
    if (!s || statement_run(store, s, err) < 0 || note_missing(store, entity, first_pass, now, err) < 0)
        return store_abandon(store);
    return store_end(store, err);
}

int store_count_vanished(struct store *store, const struct entity *entity, unsigned first_pass, int64_t now,
                         int64_t *ret_vanished, int64_t *ret_active, struct error *err)
{
    sqlite3_stmt *vanished = statement_get(store, SQL_VANISHED_COUNT, entity, err);
    sqlite3_stmt *active = statement_get(store, SQL_ACTIVE_COUNT, entity, err);
    if (!vanished || !active)
        return -1;
    bind_vanished(vanished, first_pass, now);
    if (statement_step(store, vanished, err) < 0 || statement_step(store, active, err) < 0) {
        (void)sqlite3_reset(vanished);
        return -1;
    }
    *ret_vanished = sqlite3_column_int64(vanished, 0);
    *ret_active = sqlite3_column_int64(active, 0);
    (void)sqlite3_reset(vanished);
    (void)sqlite3_reset(active);
    return 0;
}

int store_take_vanished(struct store *store, const struct entity *entity, struct sync_row *row,
                        unsigned first_pass, int64_t now, struct error *err)
{
    if (entity->queue_table)
        return queue_vanished(store, entity, first_pass, now, err);
    const struct sync_row before = *row;
    if (store_begin(store, err) < 0)
        return -1;
    int r = 0;
    sqlite3_stmt *s;
    /* One at a time: the row leaves the selection by becoming Inactive. */
    while (r == 0 && (s = statement_get(store, SQL_VANISHED_LIST, entity, err))) {
        bind_vanished(s, first_pass, now);
        r = statement_step(store, s, err);
        if (r <= 0)
            break;
        int64_t id = sqlite3_column_int64(s, 0);
        (void)sqlite3_reset(s);
        r = row_deactivate(store, entity, id, NULL, row, now, err);
    }
    return cycle_end(store, row, &before, s ? r : -1, err);
}
