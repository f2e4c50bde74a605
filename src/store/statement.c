#include "statement.h"

#include "flexsync/cleanup.h"
#include "flexsync/text.h"

#include <assert.h>
#include <string.h>

#define SQL_MAX (64 * 1024)

/* Active ones that the listing lacks; ?1 is the first pass that counts. */
#define MISSING                                                                                              \
    " FROM {table} c JOIN {state} t ON t.id = c.id WHERE c.status IS NOT 'Inactive' AND t.presence <> 2"     \
    " AND NOT EXISTS (SELECT 1 FROM temp.staged s WHERE s.key = c.{key} AND s.pass >= ?1)"

/*
 * Those of them that are to be asked for. One that answered although it is not listed (presence 1) is asked
 * again a day later: ?2 is the moment a day ago, ?3 is now.
 */
#define VANISHED MISSING " AND (t.presence = 0 OR t.checked_at NOT BETWEEN ?2 AND ?3)"

/*
 * Seconds until a record of the queue is asked for again, after its last attempt: the first repetition is the
 * next cycle's, the delay then doubles. A denied record waits 3 days to a month, one that is listed and yet
 * unknown an hour to a week, one that is missing an hour to a day, any other a quarter of an hour to a day.
 */
#define DELAY                                                                                                \
    "CASE q.reason WHEN 'denied' THEN min(2592000, 259200 << min(q.attempts - 1, 16))"                       \
    " WHEN 'contradicted' THEN min(604800, 3600 << min(q.attempts - 1, 16))"                                 \
    " WHEN 'missing' THEN iif(q.attempts < 2, 0, min(86400, 3600 << min(q.attempts - 2, 16)))"               \
    " ELSE iif(q.attempts < 2, 0, min(86400, 900 << min(q.attempts - 2, 16))) END"

/* ?1 is now. A time that lies further ahead than the rule allows was written by a clock that was wrong. */
#define DUE "(q.due_at <= ?1 OR q.attempts = 0 OR q.due_at > datetime(?1, '+' || (" DELAY ") || ' seconds'))"

/* Presence after an answer: the given one, or, where the answer says nothing about it, as before but for
 * gone. */
#define PRESENCE(value) " presence = coalesce(" value ", CASE presence WHEN 1 THEN 1 ELSE 0 END)"

/* Bound and read by figures_bind() and figures_read(), in this order. */
#define FIGURES                                                                                              \
    "checked, edited, first_changed, first_watched, watched_since, hidden_watched, hidden_edits,"            \
    " listed_edits, signalled"

/* Queued because the listing or the feed shows an edit, and not because an attempt failed. */
#define SIGNALLED "q.attempts = 0 AND q.reason IN ('changed', 'feed')"

/* Queued by the feed alone. */
#define FED "q.attempts = 0 AND q.reason = 'feed'"

/* Queued because the planner chose it. */
#define CHOSEN "q.attempts = 0 AND q.reason IN ('overdue', 'audit', 'benefit')"

#define CYCLE_FIGURES                                                                                        \
    "records_fetched, records_inserted, records_updated, records_unchanged, records_deleted, "               \
    "records_failed, records_denied,"                                                                        \
    " records_listed, records_expected, requests, retries, throttled, bytes, waited_ms, quota_left_hour,"    \
    " quota_left_day, quota_left_month, resumes_at, status, error_message, sync_completed_at, exit_status"

static const char *const templates[STATEMENT_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_META_GET] = "SELECT value FROM meta WHERE key = ?1",
    [SQL_META_SET] =
        "INSERT INTO meta (key, value, updated_at) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET"
        " value = excluded.value, updated_at = excluded.updated_at WHERE value IS NOT excluded.value",
    [SQL_CYCLE_INSERT] =
        "INSERT INTO sync_log (sync_started_at, created_at, entity, \"trigger\", strategy, status)"
        " VALUES (?1, ?1, ?2, ?3, ?4, ?5)",
    [SQL_CYCLE_UPDATE] =
        "UPDATE sync_log SET (" CYCLE_FIGURES ") = (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
        " ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23) WHERE id = ?1",
    [SQL_CYCLE_INTERRUPTED] = "UPDATE sync_log SET status = 'failed', error_message = 'interrupted',"
                              " sync_completed_at = ?1 WHERE status = 'running'",
    [SQL_LOG_FORGET] = "DELETE FROM sync_log WHERE sync_started_at < ?1",
    [SQL_SPELLING] =
        "SELECT coalesce((SELECT {key} FROM {table} WHERE {key} = ?1),"
        " (SELECT {key} FROM {table} WHERE {key} = lower(?1)),"
        " (SELECT {key} FROM {table} WHERE {key} = upper(?1)),"
        " (SELECT key FROM temp.staged WHERE key = ?1), (SELECT key FROM temp.staged WHERE key = lower(?1)),"
        " (SELECT key FROM temp.staged WHERE key = upper(?1)), ?1)",
    [SQL_STAGE_ROW] = "INSERT INTO temp.staged (key, pass, hash, json) VALUES (?1, ?2, ?3, ?4)"
                      " ON CONFLICT (key) DO UPDATE SET pass = excluded.pass, hash = excluded.hash,"
                      " json = excluded.json WHERE pass <> excluded.pass",
    [SQL_STAGE_KEEP] = "INSERT INTO listing_kept (entity, key, pass, hash, json)"
                       " SELECT ?1, key, pass, hash, json FROM temp.staged",
    [SQL_STAGE_RESTORE] = "INSERT INTO temp.staged (key, pass, hash, json)"
                          " SELECT key, pass, hash, json FROM listing_kept WHERE entity = ?1",
    [SQL_STAGE_FORGET] = "DELETE FROM listing_kept WHERE entity = ?1",
    [SQL_STAGE_DROP] = "DELETE FROM temp.staged WHERE pass < ?1",
    [SQL_STAGE_COUNT] = "SELECT count(*) FROM temp.staged WHERE pass >= ?1",
    [SQL_NEW_ROWS] =
        "SELECT 0, s.key, s.hash, s.json, 0, 0, 0 FROM temp.staged s WHERE s.key > ?2 AND NOT EXISTS"
        " (SELECT 1 FROM {table} c WHERE c.{key} = s.key) ORDER BY s.key LIMIT ?1",
    [SQL_INSERT] = "INSERT INTO {table} ({key}, {columns}, flex_data, created_at, updated_at, deleted_at)"
                   " VALUES (?1, {values}, ?2, ?3, ?3, ?4)",
    [SQL_INSERT_STATE] = "INSERT INTO {state} (id, listed_hash, listed_at) VALUES (?1, ?2, ?3)",
    [SQL_CHANGED_ROWS] =
        "SELECT c.id, s.key, s.hash, s.json, t.content_hash IS NOT NULL, t.presence,"
        " t.listed_hash IS NULL OR t.listed_hash IS s.hash"
        " FROM temp.staged s CROSS JOIN {table} c ON c.{key} = s.key CROSS JOIN {state} t ON t.id = c.id"
        " WHERE s.key > ?2 AND (t.listed_hash IS NOT s.hash OR t.presence <> 0 OR t.missing <> 0)"
        " ORDER BY s.key LIMIT ?1",
    [SQL_LISTED] = "UPDATE {state} SET listed_hash = ?2, listed_at = ?3, presence = ?4, missing = 0,"
                   " missing_at = NULL WHERE id = ?1",
    [SQL_LISTED_EDIT] = "UPDATE {state} SET listed_edits = listed_edits + 1,"
                        " signalled = coalesce(signalled, ?2) WHERE id = ?1",
    [SQL_ACTIVE_COUNT] = "SELECT count(*) FROM {table} WHERE status IS NOT 'Inactive'",
    [SQL_VANISHED_COUNT] = "SELECT count(*)" VANISHED,
    [SQL_VANISHED_QUEUE] =
        "INSERT INTO {queue} (id, reason, due_at) SELECT c.id, 'vanished', ?3" VANISHED
        " ON CONFLICT (id) DO UPDATE SET reason = 'vanished', due_at = excluded.due_at, attempts = 0"
        " WHERE reason NOT IN ('vanished', 'missing')",
    /* Once in 20 hours at most, so that three of them are three days. ?2 is now in seconds. */
    [SQL_MISSING_NOTE] =
        "UPDATE {state} SET missing = missing + 1, missing_at = ?2 WHERE id IN (SELECT c.id" MISSING ")"
        " AND coalesce(missing_at NOT BETWEEN ?2 - 72000 AND ?2, 1)",
    [SQL_RELISTED] = "UPDATE {queue} SET reason = ?2, due_at = ?3, attempts = 0 WHERE id = ?1"
                     " AND reason IN ('vanished', 'missing')",
    [SQL_VANISHED_LIST] = "SELECT c.id" VANISHED " LIMIT 1",
    [SQL_FIND] = "SELECT id FROM {table} WHERE id = " FIND_ROW("{table}", "{key}"),
    [SQL_QUEUE_PUT] =
        "INSERT INTO {queue} (id, reason, due_at) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET"
        " reason = excluded.reason, due_at = excluded.due_at, attempts = 0, last_error = NULL"
        " WHERE reason <> 'returned' OR excluded.reason <> 'returned'", /* that is said in every cycle */
    [SQL_QUEUE_ALL] =
        "INSERT INTO {queue} (id, reason, due_at) SELECT t.id, 'full', ?1 FROM {state} t"
        " JOIN {table} c ON c.id = t.id WHERE t.presence <> 2"
        " OR EXISTS (SELECT 1 FROM temp.staged s WHERE s.key = c.{key}) ON CONFLICT (id) DO NOTHING",
    [SQL_QUEUE_POSTPONE] = "UPDATE {queue} SET attempts = iif(?2 IS NULL OR reason = ?2, attempts, 0) + 1,"
                           " reason = coalesce(?2, reason), last_error = ?3 WHERE id = ?1",
    [SQL_QUEUE_DUE] =
        "UPDATE {queue} AS q SET due_at = datetime(?2, '+' || (" DELAY ") || ' seconds') WHERE id = ?1",
    [SQL_QUEUE_DROP] = "DELETE FROM {queue} WHERE id = ?1",
    [SQL_CONTRADICTED_COUNT] = "SELECT count(*) FROM {state} t JOIN {table} c ON c.id = t.id"
                               " JOIN temp.staged s ON s.key = c.{key} WHERE t.presence = 2"
                               " AND NOT coalesce(json_extract(s.json, '$.deleted'), 0)",
    /* That a record is gone is known of it. */
    [SQL_WAITING] =
        "SELECT count(*) FILTER (WHERE q.attempts > 0 AND q.reason NOT IN " QUEUE_ANSWERED
        " AND t.presence <> 2), count(*) FILTER (WHERE q.attempts = 0"
        " AND q.reason IN ('new', 'returned', 'changed', 'feed')),"
        " count(*) FILTER (WHERE q.reason = 'denied'), count(*) FILTER (WHERE q.reason = 'contradicted'),"
        " count(*) FILTER (WHERE q.reason = 'missing') FROM {queue} q JOIN {state} t ON t.id = q.id",
    /* A full pass that the quota cuts in parts goes on where it was: who was not looked at longest is next.
     */
    [SQL_SIGNALLED_COUNT] = "SELECT count(*) FROM {queue} q WHERE q.due_at <= ?1 AND " SIGNALLED,
    [SQL_PLAN] =
        "SELECT q.id FROM {queue} q JOIN {state} t ON t.id = q.id WHERE (?4 OR (?2 AND q.reason NOT "
        "IN " QUEUE_ANSWERED ") OR " DUE ") AND (?3 OR NOT (" SIGNALLED
        ")) ORDER BY q.attempts > 0 AND q.reason <> 'asked', CASE q.reason WHEN 'asked' THEN 0 WHEN 'new' "
        "THEN 1"
        " WHEN 'returned' THEN 2 WHEN 'changed' THEN 3 WHEN 'feed' THEN 4 WHEN 'vanished' THEN 5 ELSE 6 END,"
        " CASE q.reason WHEN 'full' THEN coalesce(t.checked_at, '') END, q.id DESC",
    [SQL_SCAN] =
        "SELECT t.id, q.id IS NOT NULL AND (NOT ?1 OR NOT (" SIGNALLED
        ")), t.checked, t.edited, t.first_changed,"
        " t.first_watched, t.watched_since, t.hidden_watched, t.hidden_edits, t.listed_edits, t.signalled"
        " FROM {state} t NOT INDEXED LEFT JOIN {queue} q ON q.id = t.id"
        " WHERE t.presence <> 2 AND t.watched_since IS NOT NULL", /* the index would ask for row by row */
    [SQL_CHOICES_DROP] = "DELETE FROM {queue} AS q WHERE " CHOSEN,
    [SQL_CHOOSE] = "INSERT INTO {queue} (id, reason, due_at) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO NOTHING",
    [SQL_SIGNAL] = "UPDATE {state} SET hidden_edits = hidden_edits + 1,"
                   " hidden_watched = hidden_watched + max(?2 - checked, 0), signalled = ?2"
                   " WHERE id = ?1 AND signalled IS NULL",
    [SQL_UNSIGNAL] =
        "UPDATE {state} SET hidden_edits = max(hidden_edits - 1, 0),"
        " hidden_watched = max(hidden_watched - max(signalled - checked, 0), 0), signalled = NULL"
        " WHERE signalled IS NOT NULL AND id IN (SELECT id FROM {queue} q WHERE " FED ")",
    [SQL_FED_DROP] = "DELETE FROM {queue} AS q WHERE " FED,
    [SQL_DATES] =
        "SELECT c.id, t.watched_since IS NOT NULL, coalesce(t.edited, 0), t.checked,"
        " CAST(strftime('%s', t.fetched_at) AS INTEGER) FROM {table} c JOIN {state} t ON t.id = c.id"
        " WHERE c.{key} IN (?1, iif(?2, lower(?1), ?1), iif(?2, upper(?1), ?1)) LIMIT 1",
    [SQL_OLDEST_CHECK] = "SELECT min(checked) FROM {state} WHERE watched_since IS NOT NULL AND presence <> 2",
    [SQL_LOOKUP] = "SELECT c.{key}, q.reason IN ('vanished', 'missing')"
                   " AND NOT EXISTS (SELECT 1 FROM temp.staged s WHERE s.key = c.{key}), q.attempts, "
                   "coalesce(t.bytes_hash, 0),"
                   " c.status IS NOT 'Inactive', q.reason = 'returned'"
                   " AND EXISTS (SELECT 1 FROM temp.staged s WHERE s.key = c.{key}),"
                   " coalesce(t.content_hash, 0), " SIGNALLED ", " CHOSEN ", t.presence, t.missing,"
                   " q.reason = 'contradicted', EXISTS (SELECT 1 FROM temp.staged s WHERE s.key = c.{key}"
                   " AND coalesce(json_extract(s.json, '$.deleted'), 0)), " FIGURES " FROM {queue} q"
                   " JOIN {table} c ON c.id = q.id JOIN {state} t ON t.id = q.id WHERE q.id = ?1",
    [SQL_CURRENT] = "SELECT c.{key}, c.status, c.deleted_at, c.flex_data, t.content_hash, t.presence"
                    " FROM {table} c JOIN {state} t ON t.id = c.id WHERE c.id = ?1",
    [SQL_UPDATE] =
        "UPDATE {table} SET ({columns}, flex_data, updated_at, deleted_at) = ({values}, ?2, ?3, ?4)"
        " WHERE id = ?1",
    [SQL_DEACTIVATE] =
        "UPDATE {table} SET status = 'Inactive', deleted_at = ?2, updated_at = ?2 WHERE id = ?1",
    [SQL_FETCHED] =
        "UPDATE {state} SET bytes_hash = ?2, content_hash = ?3, fetched_at = ?4, checked_at = ?4,"
        " missing = 0, missing_at = NULL, merged_into = NULL,"
        " (" FIGURES ") = (?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)," PRESENCE("?5") " WHERE id = ?1",
    [SQL_CHECKED] =
        "UPDATE {state} SET bytes_hash = coalesce(?2, bytes_hash), checked_at = ?4,"
        " missing = 0, missing_at = NULL, merged_into = NULL,"
        " (" FIGURES ") = (?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)," PRESENCE("?5") " WHERE id = ?1",
    [SQL_GONE] = "UPDATE {state} SET bytes_hash = NULL, checked_at = ?2, presence = 2, merged_into = ?3"
                 " WHERE id = ?1",
    /* One that is denied and missing answered, in its way. */
    [SQL_DENIED] = "UPDATE {state} SET checked_at = ?2, presence = 1, missing = 0, missing_at = NULL"
                   " WHERE id = ?1",
    [SQL_CHANGE] = "INSERT INTO {changes} (contact_id, sync_id, changed_at, kind, before, after)"
                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_CHANGES_FORGET] = "DELETE FROM {changes} WHERE changed_at < ?1",
    [SQL_AUDIT] =
        "INSERT INTO {audits} ({key}, checked_at, stale) SELECT {key}, ?2, ?3 FROM {table} WHERE id = ?1",
    [SQL_AUDITS_FORGET] = "DELETE FROM {audits} WHERE checked_at < ?1",
    [SQL_SEARCH_DROP] = "INSERT INTO {table}_fts ({table}_fts, rowid, {search}) SELECT 'delete', id, {search}"
                        " FROM {table} WHERE id = ?1",
    [SQL_SEARCH_ADD] =
        "INSERT INTO {table}_fts (rowid, {search}) SELECT id, {search} FROM {table} WHERE id = ?1",
};

static int append_columns(struct buffer *out, const struct entity *entity)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < entity->column_count; i++)
        r = buffer_printf(out, "%s%s", i ? ", " : "", entity->columns[i].name);
    return r;
}

/* ?10 and on: below 10 are the places that a template names itself. */
static int append_values(struct buffer *out, const struct entity *entity)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < entity->column_count; i++)
        r = buffer_printf(out, "%s?%zu", i ? ", " : "", i + 10);
    return r;
}

static int append_search(struct buffer *out, const struct entity *entity)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < entity->search_count; i++)
        r = buffer_printf(out, "%s%s", i ? ", " : "", entity->search[i]);
    return r;
}

static int append_name(struct buffer *out, const char *name, size_t length, const struct entity *entity)
{
    const struct {
        const char *name, *value;
    } names[] = {
        {"table", entity->table},           {"key", entity->key},           {"state", entity->state_table},
        {"changes", entity->changes_table}, {"queue", entity->queue_table}, {"audits", entity->audits_table},
        {"counts", entity->counts_table},   {"created", entity->created},   {"edited", entity->edited}};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (strlen(names[i].name) == length && memcmp(names[i].name, name, length) == 0)
            return buffer_append_text(out, names[i].value);
    const struct {
        const char *name;
        int (*append)(struct buffer *, const struct entity *);
    } lists[] = {{"columns", append_columns}, {"values", append_values}, {"search", append_search}};
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++)
        if (strlen(lists[i].name) == length && memcmp(lists[i].name, name, length) == 0)
            return lists[i].append(out, entity);
    assert(false); /* a template names something that no entity has */
    return -1;
}

int statement_expand(struct buffer *out, const char *template, const struct entity *entity)
{
    int r = 0;
    while (r == 0 && *template) {
        size_t plain = strcspn(template, "{");
        r = buffer_append(out, template, plain);
        template += plain;
        if (r == 0 && *template) {
            size_t length = strcspn(++template, "}");
            r = append_name(out, template, length, entity);
            template += length + 1;
        }
    }
    return r;
}

static size_t entity_index(const struct entity *entity)
{
    size_t i = 0;
    while (entity && entities[i] != entity)
        i++;
    assert(i < STORE_ENTITIES_MAX);
    return i;
}

sqlite3_stmt *statement_get(struct store *store, enum statement id, const struct entity *entity,
                            struct error *err)
{
    sqlite3_stmt **statement = &store->statements[entity_index(entity)][id];
    if (*statement) {
        (void)sqlite3_reset(*statement);
        (void)sqlite3_clear_bindings(*statement);
        return *statement;
    }
    struct buffer sql;
    buffer_init(&sql, SQL_MAX);
    if (statement_expand(&sql, templates[id], entity) < 0)
        (void)error_memory(err);
    else if (sqlite3_prepare_v3(store->db, sql.data, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) !=
             SQLITE_OK)
        (void)store_error(store, "prepare a statement", err);
    buffer_free(&sql);
    return *statement;
}

int statement_step(struct store *store, sqlite3_stmt *statement, struct error *err)
{
    int r = sqlite3_step(statement);
    if (r == SQLITE_ROW)
        return 1;
    if (r != SQLITE_DONE)
        (void)store_error(store, sqlite3_stmt_readonly(statement) ? "read" : "write", err);
    (void)sqlite3_reset(statement);
    return r == SQLITE_DONE ? 0 : -1;
}

int statement_run(struct store *store, sqlite3_stmt *statement, struct error *err)
{
    int r = statement_step(store, statement, err);
    (void)sqlite3_reset(statement);
    return r < 0 ? -1 : 0;
}

void statement_finalize_all(struct store *store)
{
    for (size_t e = 0; e < STORE_ENTITIES_MAX; e++)
        for (size_t i = 0; i < STATEMENT_COUNT; i++)
            (void)sqlite3_finalize(take_pointer(store->statements[e][i]));
}

void bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    (void)sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
}

void bind_utc(sqlite3_stmt *statement, int index, int64_t wall)
{
    char text[TEXT_MAX];
    if (wall)
        bind_text(statement, index, text_format_utc(text, wall));
    else
        (void)sqlite3_bind_null(statement, index);
}

void bind_count(sqlite3_stmt *statement, int index, int64_t count)
{
    if (count == SYNC_UNKNOWN)
        (void)sqlite3_bind_null(statement, index);
    else
        (void)sqlite3_bind_int64(statement, index, count);
}

void bind_value(sqlite3_stmt *statement, int index, const struct value *value)
{
    switch (value->type) {
    case VALUE_NULL:
        (void)sqlite3_bind_null(statement, index);
        break;
    case VALUE_TEXT:
        bind_text(statement, index, value->text);
        break;
    case VALUE_INTEGER:
        (void)sqlite3_bind_int64(statement, index, value->integer);
        break;
    case VALUE_REAL:
        (void)sqlite3_bind_double(statement, index, value->real);
        break;
    }
}
