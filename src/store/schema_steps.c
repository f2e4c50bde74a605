/*
 * What each version of the database added: to all, and to the entities whose records are fetched one by one.
 * A new database is made as version 1 and brought up to date like an old one, so that both come out alike.
 */
#include "statement.h"

/*
 * Version 2: figures.h, in seconds since 1970, for the planner; reasons to fetch that it gives; audits. What
 * was fetched before is taken as fetched for the first time when its content was last stored.
 */
static const char figures_sql[] =
    "ALTER TABLE {state} ADD COLUMN checked INTEGER;"
    "ALTER TABLE {state} ADD COLUMN edited INTEGER;"
    "ALTER TABLE {state} ADD COLUMN first_changed INTEGER;"
    "ALTER TABLE {state} ADD COLUMN first_watched INTEGER;"
    "ALTER TABLE {state} ADD COLUMN watched_since INTEGER;"
    "ALTER TABLE {state} ADD COLUMN hidden_watched INTEGER;"
    "ALTER TABLE {state} ADD COLUMN hidden_edits INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE {state} ADD COLUMN listed_edits INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE {state} ADD COLUMN signalled INTEGER;"
    "UPDATE {state} SET checked = CAST(strftime('%s', checked_at) AS INTEGER),"
    " edited = (SELECT CAST(strftime('%s', c.{edited}) AS INTEGER) FROM {table} c WHERE c.id = {state}.id),"
    " first_changed = (SELECT coalesce(strftime('%s', c.{edited}) > strftime('%s', c.{created}), 0)"
    " FROM {table} c WHERE c.id = {state}.id) WHERE fetched_at IS NOT NULL;"
    "UPDATE {state} SET first_watched = max(0, CAST(strftime('%s', fetched_at) AS INTEGER)"
    " - coalesce(edited, CAST(strftime('%s', fetched_at) AS INTEGER))) WHERE fetched_at IS NOT NULL;"
    "UPDATE {state} SET watched_since = CAST(strftime('%s', fetched_at) AS INTEGER) - first_watched,"
    " hidden_watched = first_watched + max(0, checked - CAST(strftime('%s', fetched_at) AS INTEGER))"
    " WHERE fetched_at IS NOT NULL;"
    "CREATE TEMP TABLE queued AS SELECT * FROM {queue};"
    "DROP TABLE {queue};"
    "CREATE TABLE {queue} ("
    " id INTEGER PRIMARY KEY REFERENCES {table} (id) ON DELETE CASCADE,"
    " reason TEXT NOT NULL CHECK (reason IN ('asked', 'new', 'returned', 'vanished', 'changed', 'feed',"
    " 'full', 'overdue', 'audit', 'benefit')),"
    " due_at DATETIME NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, last_error TEXT);"
    "INSERT INTO {queue} SELECT * FROM temp.queued;"
    "DROP TABLE temp.queued;"
    "CREATE TABLE {audits} ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, {key} TEXT NOT NULL, checked_at DATETIME NOT NULL,"
    " stale INTEGER NOT NULL);"
    "CREATE INDEX {audits}_time ON {audits} (checked_at);";

/* What a row of the state, or of the queue, is counted as. */
#define STATE_COUNTED(row)                                                                                   \
    "CASE WHEN " row "content_hash IS NOT NULL THEN '" COUNTS_WHOLE "' WHEN " row "presence = 2"             \
    " THEN '" COUNTS_GONE "' ELSE '" COUNTS_UNFETCHED "' END"
#define QUEUE_COUNTED(row) "'" COUNTS_WAITING "' || iif(" row "attempts > 0, 'failed', " row "reason)"

/* Counts a table's rows, from now on too: by triggers, so whoever writes, and in the same transaction. */
/* clang-format off */
#define COUNT_TABLE(table, counted, columns)                                                                 \
    "INSERT OR REPLACE INTO {counts} SELECT " counted("") ", count(*) FROM " table " GROUP BY 1;"            \
    "CREATE TRIGGER " table "_inserted AFTER INSERT ON " table " BEGIN"                                      \
    " UPDATE {counts} SET count = count + 1 WHERE what = " counted("new.") "; END;"                          \
    "CREATE TRIGGER " table "_deleted AFTER DELETE ON " table " BEGIN"                                       \
    " UPDATE {counts} SET count = count - 1 WHERE what = " counted("old.") "; END;"                          \
    "CREATE TRIGGER " table "_updated AFTER UPDATE OF " columns " ON " table                                 \
    " WHEN " counted("old.") " <> " counted("new.") " BEGIN"                                                 \
    " UPDATE {counts} SET count = count - 1 WHERE what = " counted("old.") ";"                               \
    " UPDATE {counts} SET count = count + 1 WHERE what = " counted("new.") "; END;"
/* clang-format on */

/*
 * Version 3: what a status asks of 100,000 rows is a look at a few. Of {state}, {counts} has "whole",
 * "unfetched" and "gone" (before it was ever fetched), of {queue} "waiting: REASON" and "waiting: failed".
 */
static const char counts_sql[] =
    "CREATE TABLE {counts} (what TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO {counts} SELECT value, 0 FROM json_each('[\"" COUNTS_WHOLE "\", \"" COUNTS_UNFETCHED
    "\", \"" COUNTS_GONE "\"]');"
    "INSERT INTO {counts} SELECT '" COUNTS_WAITING "' || value, 0 FROM json_each('[\"asked\", \"new\","
    " \"returned\", \"vanished\", \"changed\", \"feed\", \"full\", \"overdue\", \"audit\", \"benefit\","
    " \"failed\"]');"
    /* clang-format off */
    COUNT_TABLE("{state}", STATE_COUNTED, "content_hash, presence")
    COUNT_TABLE("{queue}", QUEUE_COUNTED, "reason, attempts")
    /* clang-format on */
    "CREATE INDEX {state}_checked ON {state} (checked) WHERE watched_since IS NOT NULL AND presence <> 2;";

/* The exit status that a sync of this entity alone would have had: flexsync(1). */
static const char log_sql[] = "ALTER TABLE sync_log ADD COLUMN exit_status INTEGER;"
                              "CREATE INDEX sync_log_entity ON sync_log (entity);"
                              "CREATE INDEX sync_log_listed ON sync_log (entity)"
                              " WHERE records_listed IS NOT NULL AND records_expected IS NOT NULL;";

/*
 * Reasons that an answer gives, and not the plan: the key's user may not see the record; it is listed, and
 * yet the server does not know it; it is missing from complete listings, and gives no usable answer.
 */
#define QUEUE_COUNTED_4(row)                                                                                 \
    "'" COUNTS_WAITING "' || iif(" row "attempts > 0 AND " row "reason NOT IN " QUEUE_ANSWERED               \
    ", 'failed', " row "reason)"

/*
 * Version 4: what is known of records that are denied, missing or merged, and a listing that was interrupted.
 * The queue loses its list of reasons, which made a new table of every new reason; the code has the only one.
 */
static const char missing_sql[] = "ALTER TABLE {state} ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;"
                                  "ALTER TABLE {state} ADD COLUMN missing_at INTEGER;"
                                  "ALTER TABLE {state} ADD COLUMN merged_into TEXT;";

static const char answers_sql[] =
    "CREATE TEMP TABLE queued AS SELECT * FROM {queue};"
    "DROP TABLE {queue};"
    "CREATE TABLE {queue} ("
    " id INTEGER PRIMARY KEY REFERENCES {table} (id) ON DELETE CASCADE, reason TEXT NOT NULL,"
    " due_at DATETIME NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, last_error TEXT);"
    "INSERT INTO {queue} SELECT * FROM temp.queued;"
    "DROP TABLE temp.queued;"
    "CREATE INDEX {queue}_answered ON {queue} (reason) WHERE reason IN " QUEUE_ANSWERED ";"
    "INSERT INTO {counts} SELECT '" COUNTS_WAITING "' || value, 0"
    " FROM json_each('[\"denied\", \"contradicted\", \"missing\"]');"
    /* clang-format off */
    COUNT_TABLE("{queue}", QUEUE_COUNTED_4, "reason, attempts")
    /* clang-format on */
    ;

static const char kept_sql[] =
    "ALTER TABLE sync_log ADD COLUMN records_denied INTEGER;"
    "CREATE TABLE listing_kept (entity TEXT NOT NULL, key TEXT NOT NULL, pass INTEGER, hash INTEGER,"
    " json TEXT, PRIMARY KEY (entity, key)) WITHOUT ROWID;";

const struct schema_step schema_steps[SCHEMA_VERSION + 1] = {
    [2] = {.queued = figures_sql},
    [3] = {.common = log_sql, .queued = counts_sql},
    [4] = {.common = kept_sql, .entity = missing_sql, .queued = answers_sql},
};
