/*
 * store: the SQLite database of one site.
 *
 * Promises: every function that changes something does so in one transaction, or not at all; after a kill at
 * any moment the database is as before or as after it. Equal content writes no row. Values are bound, never
 * pasted. One process writes (engine/lock sees to that), any number read at the same time.
 *
 * A cycle over one entity calls, in this order: store_cycle_begin(), store_stage_…() for what is listed,
 * store_compare_…() until they return 0, store_plan() or store_ask(), store_lookup() and store_commit() for
 * the records, store_cycle_finish(). Times are wall microseconds. What fails says how in the error's code:
 * ERROR_STORE_BUSY and ERROR_STORE_FULL may pass (RETRY_LATER), ERROR_STORE_CORRUPT does not.
 */
#ifndef FLEXSYNC_STORE_H
#define FLEXSYNC_STORE_H

#include "flexsync/entity.h"
#include "flexsync/error.h"
#include "flexsync/figures.h"
#include "flexsync/page.h"
#include "flexsync/record.h"
#include "flexsync/synclog.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/*
 * SQLite's temporary files go into the database's folder from now on, unless SQLITE_TMPDIR names another one;
 * where that folder cannot be written SQLite goes on to TMPDIR and /var/tmp. So a small /tmp holds up no
 * sync. To be called before the first database is opened, while the program has one thread: it sets the
 * environment.
 */
void store_temporary_beside(const char *database);

enum store_mode {
    STORE_WRITE,  /* made if missing, migrated if old, checked if the last end was unclean */
    STORE_READ,   /* must exist and be of this version */
    STORE_BACKUP, /* as STORE_READ, of this version or an older one: a file to be restored */
    STORE_TRIAL,  /* a private copy that goes when it is closed (trial.h); the file itself is only read */
};

/*
 * Opens a database. ERROR_STORE_CORRUPT when it is damaged, not ours, or of a newer version (left untouched);
 * ERROR_CREATE when it cannot be made, ERROR_STORE_MISSING when it is only to be read and there is none.
 * *ret_migrated (may be NULL) says what was taken over from the old tool, 0 if nothing. Close with
 * store_close().
 */
int store_open(struct store **ret, const char *path, enum store_mode mode, int64_t now, int64_t *ret_migrated,
               struct error *err);

/*
 * The same, for one who has to say that it goes on: `tick` (NULL: nobody) is called every now and then while
 * an opening takes its time, with a database of the old tool or an older version. It must not use the store.
 */
int store_open_watched(struct store **ret, const char *path, enum store_mode mode, int64_t now,
                       int64_t *ret_migrated, void (*tick)(void *arg), void *arg, struct error *err);

/* Marks a clean end, keeps the WAL file for readers without write permission; as store_leave() where the
 * files are not where they were. NULL is allowed; returns NULL. */
struct store *store_close(struct store *store);

/*
 * Are the files of a database that is open for writing still where they were? -1 with ERROR_STORE and the
 * words which one was removed or replaced; where that cannot be seen, they are. Nothing is known of a trial.
 */
int store_in_place(const struct store *store, struct error *err);

/*
 * Closes a database whose files were removed or replaced (store_in_place()). What only its WAL holds goes
 * into the file that was open, if it is still somewhere, never into the one at the path now. Its -wal and
 * -shm are removed, so that they are not applied to that one. NULL is allowed; returns NULL.
 */
struct store *store_leave(struct store *store);

/*
 * For idle moments: forgets the listing, brings the WAL into the database as far as readers allow, without
 * waiting for them, and gives memory back. A WAL that is empty then does no harm to a file that is put in the
 * database's place. -1 with ERROR_STORE_BUSY where a reader keeps more than 16 MiB of it: the text says who.
 */
int store_rest(struct store *store, struct error *err);

/* --- the cycle's row in sync_log --- */

/* Rows that a crash left running become `failed: interrupted`. Returns how many there were. */
int store_close_interrupted(struct store *store, int64_t now, struct error *err);

/* Writes the row as running; sets row->id. */
int store_cycle_begin(struct store *store, struct sync_row *row, struct error *err);

/* What is older is forgotten: wall, usec; 0: nothing is. */
struct store_retention {
    int64_t changes_before, log_before, audits_before;
};

/* Writes the final row, and forgets what is older than `retention` says. */
int store_cycle_finish(struct store *store, const struct sync_row *row,
                       const struct store_retention *retention, struct error *err);

/* --- the listing --- */

/* An empty staging table. */
int store_stage_begin(struct store *store, struct error *err);

/*
 * Adds the rows of a page read in reading number `pass`; *ret_new counts those that this pass had not brought
 * yet. An id that is a UUID is put into the case in which the entity's table has it, in the page too, whose
 * `respelt` counts them: so a server that changes the case of its ids does not double its records.
 */
int store_stage_page(struct store *store, const struct entity *entity, struct page *page, unsigned pass,
                     size_t *ret_new, struct error *err);

/* Forgets what only readings before `first_pass` brought: that was listed, and is not any more. */
int store_stage_drop(struct store *store, unsigned first_pass, struct error *err);

/* Distinct ids that the readings since `first_pass` brought. */
int store_stage_count(struct store *store, unsigned first_pass, int64_t *ret, struct error *err);

/*
 * Inserts staged rows that the table lacks, at most `limit` of them, and queues their details. Returns how
 * many were looked at; 0 when done. A row that cannot be mapped is counted as failed. Adds to row->counts.
 */
int store_compare_new(struct store *store, const struct entity *entity, struct sync_row *row, int64_t now,
                      unsigned limit, struct error *err);

/*
 * Queues those whose listed row changed or that came back, at most `limit`; without a queue, updates them.
 * Rows never fetched whole take over what the listing says now. Returns how many were looked at; 0 when done.
 * `*cursor` is the caller's place in the work, an empty string at first.
 */
int store_compare_changed(struct store *store, const struct entity *entity, struct sync_row *row, int64_t now,
                          unsigned limit, char cursor[static RECORD_ID_MAX + 1], struct error *err);

/* Active ones that the readings since `first_pass` lack, and all Active ones: what decides whether to believe
 * it. */
int store_count_vanished(struct store *store, const struct entity *entity, unsigned first_pass, int64_t now,
                         int64_t *ret_vanished, int64_t *ret_active, struct error *err);

/* Queues those to be asked for; without a queue they become Inactive at once. Adds to row->counts. */
int store_take_vanished(struct store *store, const struct entity *entity, struct sync_row *row,
                        unsigned first_pass, int64_t now, struct error *err);

/* --- the records --- */

/* Queues everyone who is not queued yet and not gone, for a full pass. */
int store_queue_all(struct store *store, const struct entity *entity, int64_t now, struct error *err);

/*
 * Finds contacts by their key or by the number in column id, and queues them before all others, due at once.
 * ret_ids[i] is the id of keys[i], 0 where it is nobody's. One transaction.
 */
int store_ask(struct store *store, const struct entity *entity, const char *const *keys, size_t count,
              int64_t now, int64_t *ret_ids, struct error *err);

/* Those taken for gone that the staged listing names all the same, and not as deleted. */
int store_count_contradicted(struct store *store, const struct entity *entity, int64_t *ret,
                             struct error *err);

/* What the queue holds at the end of a cycle. */
struct store_waiting {
    int64_t troubled;     /* an attempt failed */
    int64_t unfetched;    /* new, returned or edited, and not asked for since */
    int64_t denied;       /* the key's user may not see it */
    int64_t contradicted; /* listed, and yet the server does not know it */
    int64_t missing;      /* not in complete listings any more, and without a usable answer */
};

int store_count_waiting(struct store *store, const struct entity *entity, struct store_waiting *ret,
                        struct error *err);

/* Those due in the queue because the listing or the feed shows an edit: what may wait where the quota is
 * tight. */
int store_count_signalled(struct store *store, const struct entity *entity, int64_t now, int64_t *ret,
                          struct error *err);

enum store_due {
    DUE_NOW,  /* those whose time has come */
    DUE_SOON, /* and those that wait for another try after a failure */
    DUE_ALL,  /* and those that are denied, missing, or listed and yet unknown */
};

/*
 * The ids (of the table) in the queue, most urgent first; those that are signalled only with `signalled`. The
 * caller frees *ret.
 */
int store_plan(struct store *store, const struct entity *entity, int64_t now, enum store_due due,
               bool signalled, int64_t **ret, size_t *ret_count, struct error *err);

/* `queued`: it is in the queue and will be fetched without being chosen. */
typedef int store_scan_fn(void *arg, int64_t id, const struct figures *figures, bool queued);

/*
 * Shows the figures of all that were fetched once and are not gone, in one pass. With `signalled`, those that
 * are queued for a signal alone count as not queued. A callback that returns non-zero ends it.
 */
int store_scan(struct store *store, const struct entity *entity, bool signalled, store_scan_fn *each,
               void *arg, struct error *err);

/* Why the planner wants a record; its place in the queue's CHECK. */
enum store_reason { REASON_OVERDUE, REASON_AUDIT, REASON_BENEFIT, REASON_FEED, REASON_COUNT };

struct store_choice {
    int64_t id;
    enum store_reason reason;
    bool signalled; /* REASON_FEED: the feed shows that it was edited */
};

/*
 * Queues what was chosen, due at once; what is queued already keeps its reason. Choices of an earlier plan
 * that were not fetched are dropped, unless `more`: this is a further part of the same plan.
 */
int store_choose(struct store *store, const struct entity *entity, const struct store_choice *choices,
                 size_t count, bool more, int64_t now, struct error *err);

/* The feed turned out to be none: what it alone queued leaves the queue, and counts as no edit. */
int store_forget_feed(struct store *store, const struct entity *entity, struct error *err);

struct store_dated {
    int64_t id;      /* 0: not stored yet */
    bool fetched;    /* its record was fetched; the rest is of it, in seconds */
    int64_t edited;  /* its lastEditDate; 0: none */
    int64_t checked; /* its last answer came */
    int64_t stored;  /* what is stored came, by the same clock */
};

/* What is stored of the rows of a page, in their order; `ret` has room for page->row_count. */
int store_dates(struct store *store, const struct entity *entity, const struct page *page,
                struct store_dated *ret, struct error *err);

/* When the record was last answered for that was not for the longest time; seconds, 0: there is none. */
int store_oldest_check(struct store *store, const struct entity *entity, int64_t *ret, struct error *err);

struct store_known {
    char key[RECORD_ID_MAX + 1]; /* the server's id */
    bool vanished;               /* queued because complete listings lack it, as does this one */
    bool flagged;                /* the listing says that it is deleted */
    bool was_listed;             /* up to now it never was missing in one */
    int64_t missing;             /* days on which a complete listing lacked it, in a row */
    bool contradicted;           /* queued because it is listed and yet unknown to the server */
    int64_t attempts;
    int64_t bytes_hash;   /* of the last answer; 0: never fetched, or gone since */
    int64_t content_hash; /* of what is stored; 0: no whole record */
    bool paced;           /* queued for a signal or by the planner: part of the background's pace */
    bool chosen;          /* by the planner */
    struct figures figures;
    bool active;
    bool returned; /* queued because it is listed although it was taken for gone */
};

/* What is known of a queued id. Returns 1, or 0 when it is not queued any more. */
int store_lookup(struct store *store, const struct entity *entity, int64_t id, struct store_known *ret,
                 struct error *err);

enum store_finding {
    FOUND_RECORD,       /* `record` and `body` */
    FOUND_SAME,         /* the bytes are those of the last answer */
    FOUND_GONE,         /* believed to be gone; `merged_into` may say what became of it */
    FOUND_DOUBTED,      /* gone, with too many others to be believed */
    FOUND_FAILED,       /* `error` */
    FOUND_DENIED,       /* likewise; the key's user may not see it */
    FOUND_CONTRADICTED, /* likewise; listed, and yet the server does not know it */
    FOUND_MISSING,      /* likewise; complete listings lack it, and it has no usable answer */
};

struct store_item {
    enum store_finding finding;
    int64_t id;
    bool vanished;         /* the listing lacked it */
    struct record *record; /* FOUND_RECORD; not owned, as are body and error */
    const char *body;
    int64_t bytes_hash;
    const char *error;
    const char *merged_into;
    struct figures figures; /* FOUND_RECORD, FOUND_SAME: as they are now */
    bool audit;             /* drawn at random: whether it was stale is recorded */
};

/*
 * Applies what was found and the counters of *row in one transaction: rows, change records, queue, full-text
 * index, sync_log. What was doubted, denied or could not be had stays queued; when it is asked for again
 * follows from the reason and the number of attempts. On failure nothing was applied and *row is unchanged.
 */
int store_commit(struct store *store, const struct entity *entity, struct sync_row *row,
                 const struct store_item *items, size_t count, int64_t now, struct error *err);

/* --- copies, and erasing --- */

/* Asked now and then during long work: is it to end? */
typedef bool store_stop_fn(void *arg);

/* Reads every page: ERROR_STORE_CORRUPT where the database is damaged. Takes long with a large one. */
int store_verify(struct store *store, struct error *err);

/*
 * Copies the database as it is at this moment into the file of that name, which exists and is empty, while
 * others may write; then checks the copy. No other file is made; the caller syncs this one. ERROR_STORE_FULL
 * when there is no room for it, ERROR_STORE_CORRUPT when it is not whole. When `stop` says so it ends early,
 * with 0 and a copy that is of no use.
 */
int store_backup(struct store *store, const char *name, store_stop_fn *stop, void *arg, struct error *err);

/*
 * Before another file takes its place: whoever holds the lock makes a second name, `aside`, for the database
 * at `path`, and removes its -wal, -shm and -journal, which SQLite would apply to the other file. What only
 * the -wal holds comes into the database before; where that is damaged, the -wal goes aside with it, as
 * `aside`-wal. Returns 1, or 0 where there is no database. ERROR_STORE_BUSY where a reader is in the way,
 * ERROR_CREATE where there can be no second name.
 */
int store_put_aside(const char *path, const char *aside, struct error *err);

/*
 * Erases an Inactive row with its history, its index and all traces in the database's files, which are
 * written anew. Returns 1 and how many change records went with it, or 0 when there is no such row.
 * ERROR_USAGE for an Active one. ERROR_STORE_BUSY while a reader keeps the WAL: then nothing is erased; or,
 * where one came meanwhile, the text says that traces are left.
 */
int store_forget(struct store *store, const struct entity *entity, int64_t id, int64_t *ret_changes,
                 struct error *err);

/* --- a listing that is interrupted --- */

/* Keeps the staged rows for store_stage_restore(), also over the end of this process. */
int store_stage_keep(struct store *store, const struct entity *entity, struct error *err);

/* Stages the rows that were kept, beside none. */
int store_stage_restore(struct store *store, const struct entity *entity, struct error *err);

/* Forgets them. */
int store_stage_forget(struct store *store, const struct entity *entity, struct error *err);

/* --- small facts --- */

/* Reads meta; returns 1 and a text that the caller frees, or 0 where there is none. */
int store_meta_get(struct store *store, const char *key, char **ret, struct error *err);

int store_meta_set(struct store *store, const char *key, const char *value, int64_t now, struct error *err);

#endif
