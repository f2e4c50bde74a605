/*
 * statement: every SQL text that runs more than once, in one table, prepared on first use for each entity.
 *
 * Inside of store only.
 */
#ifndef FLEXSYNC_STATEMENT_H
#define FLEXSYNC_STATEMENT_H

#include "flexsync/blocker.h"
#include "flexsync/buffer.h"
#include "flexsync/entity.h"
#include "flexsync/store.h"

#include <sqlite3.h>

enum statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_META_GET,
    SQL_META_SET,
    SQL_CYCLE_INSERT,
    SQL_CYCLE_UPDATE,
    SQL_CYCLE_INTERRUPTED,
    SQL_LOG_FORGET,
    SQL_SPELLING,
    SQL_STAGE_ROW,
    SQL_STAGE_DROP,
    SQL_STAGE_COUNT,
    SQL_STAGE_KEEP,
    SQL_STAGE_RESTORE,
    SQL_STAGE_FORGET,
    SQL_NEW_ROWS,
    SQL_INSERT,
    SQL_INSERT_STATE,
    SQL_CHANGED_ROWS,
    SQL_LISTED,
    SQL_LISTED_EDIT,
    SQL_ACTIVE_COUNT,
    SQL_VANISHED_COUNT,
    SQL_VANISHED_QUEUE,
    SQL_MISSING_NOTE,
    SQL_RELISTED,
    SQL_VANISHED_LIST,
    SQL_FIND,
    SQL_QUEUE_PUT,
    SQL_QUEUE_ALL,
    SQL_QUEUE_POSTPONE,
    SQL_QUEUE_DUE,
    SQL_QUEUE_DROP,
    SQL_CONTRADICTED_COUNT,
    SQL_WAITING,
    SQL_SIGNALLED_COUNT,
    SQL_PLAN,
    SQL_SCAN,
    SQL_CHOICES_DROP,
    SQL_CHOOSE,
    SQL_SIGNAL,
    SQL_UNSIGNAL,
    SQL_FED_DROP,
    SQL_DATES,
    SQL_OLDEST_CHECK,
    SQL_LOOKUP,
    SQL_CURRENT,
    SQL_UPDATE,
    SQL_DEACTIVATE,
    SQL_FETCHED,
    SQL_CHECKED,
    SQL_GONE,
    SQL_DENIED,
    SQL_CHANGE,
    SQL_CHANGES_FORGET,
    SQL_AUDIT,
    SQL_AUDITS_FORGET,
    SQL_SEARCH_DROP,
    SQL_SEARCH_ADD,
    STATEMENT_COUNT
};

#define STORE_ENTITIES_MAX 8

/* The files of a database. */
enum place_file { PLACE_MAIN, PLACE_WAL, PLACE_SHM, PLACE_FILES };

struct place {
    uint64_t device, inode; /* inode 0: not known */
};

/* The row that ?1 means: its key, or else its number as people type it. */
#define FIND_ROW(table, key)                                                                                 \
    "coalesce((SELECT id FROM " table " WHERE " key " = ?1),"                                                \
    " (SELECT id FROM " table " WHERE id = CAST(?1 AS INTEGER) AND CAST(id AS TEXT) = ?1))"

struct store {
    sqlite3 *db;
    char *path;
    enum store_mode mode;
    char compared[RECORD_ID_MAX + 1]; /* staged rows up to this key are no news any more */
    void (*tick)(void *arg);          /* while it is being opened; or NULL */
    void *tick_arg;                   /* not owned */
    bool damaged;                     /* SQLite said so: nothing more is written */
    struct place places[PLACE_FILES]; /* of one that is written: what was opened */
    int shm;                          /* its -shm, to ask for locks; -1: not open */
    sqlite3_stmt *statements[STORE_ENTITIES_MAX][STATEMENT_COUNT];
};

/*
 * The statement, reset and without values, or NULL with *err set. `entity` NULL for those without an entity's
 * names.
 */
sqlite3_stmt *statement_get(struct store *store, enum statement id, const struct entity *entity,
                            struct error *err);

/* Runs a statement that returns no row; resets it in any case. */
int statement_run(struct store *store, sqlite3_stmt *statement, struct error *err);

/* Steps: 1 a row is there, 0 no more (then it is reset), -1 failed (then too). */
int statement_step(struct store *store, sqlite3_stmt *statement, struct error *err);

/* Replaces {table}, {key}, {columns}, … of a template by the entity's names. */
int statement_expand(struct buffer *out, const char *template, const struct entity *entity);

void statement_finalize_all(struct store *store);

/* sqlite3_bind_…; what they answer is seen by the step that follows (SQLITE_NOMEM, SQLITE_TOOBIG leave NULL).
 */
void bind_text(sqlite3_stmt *statement, int index, const char *text);
void bind_utc(sqlite3_stmt *statement, int index, int64_t wall);    /* 0: NULL */
void bind_count(sqlite3_stmt *statement, int index, int64_t count); /* SYNC_UNKNOWN: NULL */
void bind_value(sqlite3_stmt *statement, int index, const struct value *value);

/* Fills *err from the connection's last failure and classes it; returns -1. */
int store_error(struct store *store, const char *doing, struct error *err);

/* -1 with ERROR_SYSTEM if the connection's last failure was for memory or descriptors, which says nothing
 * about its file; else 0, and *err is left alone. NULL is one that there was no memory for. */
int store_machine(sqlite3 *db, struct error *err);

/* Is what an integrity check found a page that there was no memory for? That is no damage. */
bool store_lacked_memory(const char *found);

/* -1 with `code` if something is there under that name that is no file, and would be waited for (a FIFO);
 * else 0, also where there is nothing, or a folder. */
int store_regular(const char *path, enum error_code code, struct error *err);

/* Runs SQL without values; for schemas. */
int store_exec(struct store *store, const char *sql, struct error *err);

int store_begin(struct store *store, struct error *err);
int store_end(struct store *store, struct error *err);

/* Rolls back if a transaction is open; keeps *err. Returns -1, to end a failing function. */
int store_abandon(struct store *store);

/* The folder that SQLite's temporary files go to; NULL: there is none. */
const char *temporary_folder(void);

/* What to do about a full disk: names the file system that is full, the database's or the temporary files'.
 */
void temporary_remedy(const struct store *store, char text[static ERROR_TEXT_MAX]);

/* Outside of a transaction: drops all temporary tables, and keeps what follows in memory until it is allowed
 * to go to files again. */
void temporary_forget(struct store *store);
void temporary_allow(struct store *store);

/* sqlite3_open_v2() for reading, also where -wal and -shm are not there and cannot be made. */
int still_open(const char *path, sqlite3 **ret);

/* Notes which files are open, once they are. */
void place_remember(struct store *store);

/* Describes who else writes, or reads, as blocker_find() does. */
bool place_writer(const struct store *store, char ret[static BLOCKER_MAX]);
bool place_reader(const struct store *store, char ret[static BLOCKER_MAX]);

/* Marks a clean end, closes and frees. Returns NULL. */
struct store *store_shut(struct store *store);

/* Closes and frees; with `checkpoint`, the WAL is brought into the database before. Returns NULL. */
struct store *store_release(struct store *store, bool checkpoint);

/* Fills an empty store from the database of its path, if there is one. */
int trial_copy(struct store *store, struct error *err);

/* Remembers, for trial_read(), who is queued now. */
int trial_mark(struct store *store, struct error *err);

/* Begins the schema of a new database, or brings an older one up to date, in one transaction. */
int schema_prepare(struct store *store, int64_t now, int64_t *ret_migrated, struct error *err);

/* The version of a file, 0 for one that is to be made or taken over; fails on a newer one or something else.
 * Looks only. */
int schema_check(struct store *store, int *ret_version, struct error *err);

bool schema_is_current(int version);

#define SCHEMA_VERSION 4

/* What each version from 2 on added, NULL for nothing: once, to each entity, and to each with a queue. */
struct schema_step {
    const char *common, *entity, *queued;
};
extern const struct schema_step schema_steps[SCHEMA_VERSION + 1];

/* Make what version `to` has and `from` had not (0: there is nothing yet): what all entities share, and an
 * entity's. */
int schema_make_common(struct store *store, int from, int to, struct error *err);
int schema_make_entity(struct store *store, const struct entity *entity, int from, int to, struct error *err);

/*
 * -1 with ERROR_STORE_CORRUPT if the file, of that version, has a table, view, index or trigger of the owner
 * whose name is about to be used: the text says which and what to do. `legacy`: what the old tool's tables
 * make room for does not count.
 */
int schema_check_names(struct store *store, int version, bool legacy, struct error *err);

/* The names that legacy_set_aside() uses. */
#define LEGACY_CONTACTS   "contacts_of_the_old_tool"
#define LEGACY_LOG        "sync_log_of_the_old_tool"
#define LEGACY_TABLES_SQL "CREATE TABLE " LEGACY_CONTACTS " (id); CREATE TABLE " LEGACY_LOG " (id)"

/* Is an object of that type and table one that legacy_set_aside() moves out of the way? */
bool legacy_makes_room(struct store *store, const char *type, const char *table);

/* Takes over the old tool's tables; inside of the schema's transaction. Returns the rows taken over. */
int legacy_adopt(struct store *store, int64_t now, int64_t *ret_rows, struct error *err);

/* Is there a table `contacts` of either form of the old tool? 1, 0, or -1. */
int legacy_present(struct store *store, struct error *err);

/* Moves the old tool's tables out of the way, before the new ones are made. */
int legacy_set_aside(struct store *store, struct error *err);

/* Does the table have that column (column NULL: does it exist)? 1, 0, or -1. */
int schema_has(struct store *store, const char *table, const char *column, struct error *err);

/* {counts}.what; what begins with COUNTS_WAITING is of the queue, all else of the state. */
#define COUNTS_WHOLE     "whole"
#define COUNTS_UNFETCHED "unfetched"
#define COUNTS_GONE      "gone"
#define COUNTS_WAITING   "waiting: "

/* Reasons in {queue} that an answer gave: such a record is no failure, and waits for its time. */
#define QUEUE_ANSWERED "('denied', 'contradicted', 'missing')"

/* {state}.presence */
enum presence {
    PRESENCE_LISTED,
    PRESENCE_ANSWERING, /* not listed any more, and yet it answers */
    PRESENCE_GONE,
};

/* A row as it stands before it is written. */
struct row_current {
    char key[RECORD_ID_MAX + 1];
    bool active;
    int64_t deleted_at;
    char *json;           /* owned */
    int64_t content_hash; /* 0: never fetched whole */
    enum presence presence;
};

/* All of these are parts of the caller's transaction. */

/* Reads a row: 1, 0 when there is none, or -1. Release with row_current_free(). */
int row_current(struct store *store, const struct entity *entity, int64_t id, struct row_current *ret,
                struct error *err);
void row_current_free(struct row_current *current);

/* Inserts a mapped row and its search index; returns its new id, or -1. */
int64_t row_insert(struct store *store, const struct entity *entity, const struct record *record,
                   const char *json, int64_t now, struct error *err);

/* Columns, flex_data, change record and counter of a row whose content changed. */
int row_replace(struct store *store, const struct entity *entity, int64_t id,
                const struct row_current *current, const struct record *record, const char *json,
                struct sync_row *row, int64_t now, struct error *err);

/* The first whole record of one that only the listing told of: neither an update nor a change. */
int row_complete(struct store *store, const struct entity *entity, int64_t id,
                 const struct row_current *current, const struct record *record, const char *json,
                 int64_t now, struct error *err);

/*
 * It is gone: Inactive, not queued, with a change record. One that is Inactive already stays as it is.
 * `merged_into`: the id of the record that it became part of, or NULL.
 */
int row_deactivate(struct store *store, const struct entity *entity, int64_t id, const char *merged_into,
                   struct sync_row *row, int64_t now, struct error *err);

/* A row of changes_table; nothing where the entity has none. before and after may be NULL. */
int row_change(struct store *store, const struct entity *entity, const char *key, const struct sync_row *row,
               const char *kind, const char *before, const char *after, int64_t now, struct error *err);

/*
 * Ends a transaction of a cycle: if r is 0 its counters are written and all is committed; if not, or if that
 * fails, all is rolled back and *row is as `before`.
 */
int cycle_end(struct store *store, struct sync_row *row, const struct sync_row *before, int r,
              struct error *err);

/* Takes it out of the queue, if the entity has one. */
int queue_drop(struct store *store, const struct entity *entity, int64_t id, struct error *err);

/* Queues it for this reason, due at once; one that is queued for another gets this one. */
int queue_put(struct store *store, const struct entity *entity, int64_t id, const char *reason, int64_t now,
              struct error *err);

#endif
