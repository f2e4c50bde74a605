/* The state of the copy: counts and past cycles. */
#include "flexsync/text.h"
#include "read_parts.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX 4096

void read_finalize(sqlite3_stmt **s)
{
    (void)sqlite3_finalize(*s);
}

sqlite3_stmt *read_prepare(struct store *store, const char *sql, struct error *err)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(store->db, sql, -1, &s, NULL) != SQLITE_OK)
        (void)store_error(store, "read", err);
    return s;
}

sqlite3_stmt *read_prepare_buffer(struct store *store, const struct buffer *sql, int r, struct error *err)
{
    if (r < 0) {
        (void)error_memory(err);
        return NULL;
    }
    return read_prepare(store, sql->data, err);
}

const char *read_text(sqlite3_stmt *s, int column)
{
    return (const char *)sqlite3_column_text(s, column);
}

struct value read_value(sqlite3_stmt *s, int column)
{
    switch (sqlite3_column_type(s, column)) {
    case SQLITE_INTEGER:
        return (struct value){.type = VALUE_INTEGER, .integer = sqlite3_column_int64(s, column)};
    case SQLITE_FLOAT:
        return (struct value){.type = VALUE_REAL, .real = sqlite3_column_double(s, column)};
    case SQLITE_NULL:
        return (struct value){.type = VALUE_NULL};
    default:
        return (struct value){.type = VALUE_TEXT, .text = (char *)(uintptr_t)read_text(s, column)};
    }
}

/* A statement with an entity's names, or NULL with *err set. */
static sqlite3_stmt *prepare_for(struct store *store, const char *template, const struct entity *entity,
                                 struct error *err)
{
    struct buffer sql;
    buffer_init(&sql, SQL_MAX);
    sqlite3_stmt *s = read_prepare_buffer(store, &sql, statement_expand(&sql, template, entity), err);
    buffer_free(&sql);
    return s;
}

static enum read_class class_of(const char *reason)
{
    static const struct {
        const char *reason;
        enum read_class class;
    } classes[] = {{"new", WAITING_NEW},         {"changed", WAITING_CHANGED}, {"feed", WAITING_CHANGED},
                   {"overdue", WAITING_PLANNED}, {"audit", WAITING_PLANNED},   {"benefit", WAITING_PLANNED},
                   {"failed", WAITING_FAILED}};
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++)
        if (strcmp(classes[i].reason, reason) == 0)
            return classes[i].class;
    return WAITING_OTHER;
}

/* A row of {counts}. */
static void add_count(struct read_counts *counts, const char *what, int64_t count)
{
    size_t prefix = strlen(COUNTS_WAITING);
    if (what && strcmp(what, COUNTS_WAITING "denied") == 0) {
        counts->denied += count;
        return;
    }
    if (what && strcmp(what, COUNTS_WAITING "contradicted") == 0) {
        counts->contradicted += count;
        return;
    }
    if (what && strncmp(what, COUNTS_WAITING, prefix) == 0) {
        counts->waiting += count;
        counts->waiting_for[class_of(what + prefix)] += count;
        return;
    }
    counts->total += count;
    if (what && strcmp(what, COUNTS_WHOLE) == 0)
        counts->whole += count;
    if (what && strcmp(what, COUNTS_UNFETCHED) == 0)
        counts->unfetched += count;
}

int read_counts(struct store *store, const struct entity *entity, struct read_counts *ret, struct error *err)
{
    /* Kept by triggers: with 100,000 rows counting anew would take longer than all the rest of a status. */
    CLEANUP_STATEMENT sqlite3_stmt *s = prepare_for(
        store,
        "SELECT what, count, (SELECT count(*) FROM {table} WHERE status = 'Inactive'),"
        " (SELECT count(*) FROM {queue} q JOIN {state} t ON t.id = q.id WHERE q.reason IN " QUEUE_ANSWERED
        " AND t.content_hash IS NULL) FROM {counts}",
        entity, err);
    struct read_counts counts = {0};
    int64_t inactive = 0;
    int r = s ? 1 : -1;
    while (r > 0 && (r = statement_step(store, s, err)) > 0) {
        add_count(&counts, read_text(s, 0), sqlite3_column_int64(s, 1));
        inactive = sqlite3_column_int64(s, 2);
        counts.out_of_reach = sqlite3_column_int64(s, 3);
    }
    counts.active = counts.total - inactive;
    if (r == 0)
        *ret = counts;
    return r;
}

int read_kept(struct store *store, const struct entity *entity, const char *reason, unsigned limit,
              read_kept_fn *each, void *arg, struct error *err)
{
    CLEANUP_STATEMENT sqlite3_stmt *s = prepare_for(
        store,
        "SELECT c.id, c.{key}, coalesce(nullif(c.name, ''), c.preferred_display_string) FROM {queue} q"
        " JOIN {table} c ON c.id = q.id WHERE q.reason IN " QUEUE_ANSWERED " AND q.reason = ?1"
        " ORDER BY q.id LIMIT ?2",
        entity, err);
    if (!s)
        return -1;
    bind_text(s, 1, reason);
    (void)sqlite3_bind_int64(s, 2, limit);
    int r;
    while ((r = statement_step(store, s, err)) > 0) {
        const struct read_kept kept = {
            .id = sqlite3_column_int64(s, 0), .contact_id = read_text(s, 1), .name = read_text(s, 2)};
        if (each(arg, &kept) != 0)
            return 0;
    }
    return r;
}

int read_audits(struct store *store, const struct entity *entity, int64_t since, int64_t *ret_audits,
                int64_t *ret_stale, struct error *err)
{
    CLEANUP_STATEMENT sqlite3_stmt *s =
        prepare_for(store, "SELECT count(*), total(stale) FROM {audits} WHERE checked_at >= ?1", entity, err);
    if (!s)
        return -1;
    bind_utc(s, 1, since);
    if (statement_step(store, s, err) < 0)
        return -1;
    *ret_audits = sqlite3_column_int64(s, 0);
    *ret_stale = sqlite3_column_int64(s, 1);
    return 0;
}

static int64_t column_count(sqlite3_stmt *s, int column)
{
    return sqlite3_column_type(s, column) == SQLITE_NULL ? SYNC_UNKNOWN : sqlite3_column_int64(s, column);
}

int64_t read_utc(sqlite3_stmt *s, int column)
{
    int64_t wall = 0;
    const char *text = read_text(s, column);
    return text && text_parse_utc(text, &wall) == 0 ? wall : 0;
}

static int index_of(const char *const *names, int count, const char *name, int otherwise)
{
    for (int i = 0; name && i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return otherwise;
}

static void fill_cycle(sqlite3_stmt *s, struct sync_row *row)
{
    *row = (struct sync_row){
        .id = sqlite3_column_int64(s, 0),
        .entity = read_text(s, 1),
        .trigger =
            (enum sync_trigger)index_of(sync_trigger_names, TRIGGER_COUNT, read_text(s, 2), TRIGGER_MANUAL),
        .strategy = read_text(s, 3),
        .status =
            (enum sync_status)index_of(sync_status_names, SYNC_STATUS_COUNT, read_text(s, 4), SYNC_FAILED),
        .started_at = read_utc(s, 5),
        .completed_at = read_utc(s, 6),
        .counts = {.fetched = column_count(s, 7),
                   .inserted = column_count(s, 8),
                   .updated = column_count(s, 9),
                   .unchanged = column_count(s, 10),
                   .deleted = column_count(s, 11),
                   .failed = column_count(s, 12),
                   .denied = column_count(s, 26),
                   .listed = column_count(s, 13),
                   .expected = column_count(s, 14)},
        .cost = {.requests = column_count(s, 15),
                 .retries = column_count(s, 16),
                 .throttled = column_count(s, 17),
                 .bytes = column_count(s, 18),
                 .waited_ms = column_count(s, 19)},
        .quota_left_hour = column_count(s, 20),
        .quota_left_day = column_count(s, 21),
        .quota_left_month = column_count(s, 22),
        .resumes_at = read_utc(s, 23),
    };
    row->exit_status = column_count(s, 25);
    const char *message = read_text(s, 24);
    (void)snprintf(row->error_message, sizeof row->error_message, "%s", message ? message : "");
}

#define CYCLE_COLUMNS                                                                                        \
    "SELECT id, entity, \"trigger\", strategy, status, sync_started_at, sync_completed_at,"                  \
    " records_fetched, records_inserted, records_updated, records_unchanged, records_deleted,"               \
    " records_failed, records_listed, records_expected, requests, retries, throttled, bytes, waited_ms,"     \
    " quota_left_hour, quota_left_day, quota_left_month, resumes_at, error_message, exit_status,"            \
    " coalesce(records_denied, 0)"                                                                           \
    " FROM sync_log"

int read_cycles(struct store *store, const struct entity *entity, unsigned limit, read_cycle_fn *each,
                void *arg, struct error *err)
{
    CLEANUP_STATEMENT sqlite3_stmt *s =
        read_prepare(store, CYCLE_COLUMNS " WHERE ?1 IS NULL OR entity = ?1 ORDER BY id DESC LIMIT ?2", err);
    if (!s)
        return -1;
    bind_text(s, 1, entity ? entity->name : NULL);
    (void)sqlite3_bind_int64(s, 2, limit ? (sqlite3_int64)limit : -1);
    int r;
    while ((r = statement_step(store, s, err)) > 0) {
        struct sync_row row;
        fill_cycle(s, &row);
        if (each(arg, &row) != 0)
            return 0;
    }
    return r;
}

/* The row's own text ends with its statement. */
static const char *known_strategy(const char *text)
{
    static const char *const names[] = {"auto", "incremental", "full", "asked"};
    int i = index_of(names, ARRAY_LENGTH(names), text, -1);
    return i < 0 ? "" : names[i];
}

int read_cycle(struct store *store, const struct entity *entity, enum read_cycle which, struct sync_row *ret,
               struct error *err)
{
    static const char *const queries[READ_CYCLE_KINDS] = {
        [READ_CYCLE_LAST] = CYCLE_COLUMNS " WHERE entity = ?1 ORDER BY id DESC LIMIT 1",
        [READ_CYCLE_LISTED] = CYCLE_COLUMNS " WHERE entity = ?1 AND records_listed IS NOT NULL"
                                            " AND records_expected IS NOT NULL ORDER BY id DESC LIMIT 1",
        [READ_CYCLE_ENDED] = CYCLE_COLUMNS " WHERE entity = ?1 AND status <> 'running'"
                                           " AND strategy IS NOT 'asked' ORDER BY id DESC LIMIT 1",
        [READ_CYCLE_DONE] = CYCLE_COLUMNS " WHERE entity = ?1 AND status = 'success'"
                                          " AND strategy IS NOT 'asked' ORDER BY id DESC LIMIT 1"};
    CLEANUP_STATEMENT sqlite3_stmt *s = read_prepare(store, queries[which], err);
    if (!s)
        return -1;
    bind_text(s, 1, entity->name);
    int r = statement_step(store, s, err);
    if (r <= 0)
        return r;
    fill_cycle(s, ret);
    ret->entity = entity->name;
    ret->strategy = known_strategy(ret->strategy);
    return 1;
}
