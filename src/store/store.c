#include "flexsync/cleanup.h"
#include "flexsync/ownfile.h"
#include "statement.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_OPENING_MS      5000
#define BUSY_MS              250 /* the loop stands still meanwhile; the cycle tries again by its timer */
#define CACHE_KIB            16384
#define WAL_KEEP_BYTES       (16 * 1024 * 1024)
#define PAGE_BYTES           4096
#define TICK_STEPS           100000 /* of SQLite's machine, some milliseconds: below it nobody need be told */
#define WAL_CHECKPOINT_PAGES 16384  /* 64 MiB: past it a batch checkpoints although the cycle runs */

/* It was left as it is in any case. */
static const char *damage_remedy(const struct store *store)
{
    return store->mode == STORE_BACKUP ? "take another backup: flexsync restore FILE"
                                       : "restore a backup: flexsync restore FILE, or move it away and sync "
                                         "again";
}

int store_machine(sqlite3 *db, struct error *err)
{
    int code = sqlite3_extended_errcode(db), class = code & 0xff;
    if (class == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM)
        return error_memory(err);
    int number = class == SQLITE_CANTOPEN || class == SQLITE_IOERR ? sqlite3_system_errno(db) : 0;
    return error_is_machine(number) ? error_machine(err, number) : 0;
}

bool store_lacked_memory(const char *found)
{
    static const char words[] = "error code=";
    const char *at = found ? strstr(found, words) : NULL;
    long code = at ? strtol(at + sizeof words - 1, NULL, 10) : SQLITE_OK;
    return code == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM;
}

int store_regular(const char *path, enum error_code code, struct error *err)
{
    struct stat st;
    if (stat(path, &st) < 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
        return 0;
    return error_set(err, code, RETRY_LATER,
                     "%.300s is no file, but a pipe, a socket or a device; move it away", path);
}

int store_error(struct store *store, const char *doing, struct error *err)
{
    enum error_code code = ERROR_STORE;
    enum error_retry retry = RETRY_LATER;
    char full[ERROR_TEXT_MAX], who[BLOCKER_MAX];
    const char *remedy = "see the journal of the disk and the rights on its folder";
    if (store_machine(store->db, err) < 0)
        return -1;
    switch (sqlite3_errcode(store->db) & 0xff) { /* the primary class of an extended code */
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        code = ERROR_STORE_BUSY;
        (void)place_writer(store, who);
        (void)snprintf(full, sizeof full, "%s keeps it locked; end that program's transaction", who);
        remedy = full;
        break;
    case SQLITE_FULL:
        code = ERROR_STORE_FULL;
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        code = ERROR_STORE_CORRUPT;
        retry = RETRY_NEVER;
        store->damaged = true;
        remedy = damage_remedy(store);
        break;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        remedy = store->mode == STORE_READ
                     ? "this user may not make its -wal and -shm; start flexsyncd, or type once as the owner "
                       "of its folder: flexsync status"
                     : "check the rights on the file and on its folder";
        break;
    case SQLITE_IOERR:
        if (sqlite3_system_errno(store->db) == ENOSPC || sqlite3_system_errno(store->db) == EDQUOT)
            code = ERROR_STORE_FULL;
        break;
    case SQLITE_ERROR: /* a table or a column is not there */
        remedy = "its tables are not as this program made them; restore a backup: flexsync restore FILE, or "
                 "move it away and sync again";
        break;
    }
    if (code == ERROR_STORE_FULL) {
        temporary_remedy(store, full);
        remedy = full;
    }
    return error_set(err, code, retry, "cannot %s the database %s: %s; %s", doing, store->path,
                     sqlite3_errmsg(store->db), remedy);
}

int store_exec(struct store *store, const char *sql, struct error *err)
{
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return store_error(store, "set up", err);
}

static int run_plain(struct store *store, enum statement id, struct error *err)
{
    sqlite3_stmt *statement = statement_get(store, id, NULL, err);
    return statement ? statement_run(store, statement, err) : -1;
}

static int refuse_damaged(const struct store *store, struct error *err)
{
    return error_set(err, ERROR_STORE_CORRUPT, RETRY_NEVER,
                     "the database %.300s is damaged; it was left as it is; %s", store->path,
                     damage_remedy(store));
}

int store_begin(struct store *store, struct error *err)
{
    if (store->damaged)
        return refuse_damaged(store, err);
    return run_plain(store, SQL_BEGIN, err);
}

int store_abandon(struct store *store)
{
    struct error ignored;
    if (!sqlite3_get_autocommit(store->db))
        (void)run_plain(store, SQL_ROLLBACK, &ignored);
    return -1;
}

int store_end(struct store *store, struct error *err)
{
    if (run_plain(store, SQL_COMMIT, err) == 0)
        return 0;
    (void)store_error(store, "write", err); /* SQLite counts COMMIT among what only reads */
    return store_abandon(store);
}

/* SQLite would say of either that it is unable to open the file. */
static int cannot_read(const struct store *store, int number, struct error *err)
{
    if (store->mode == STORE_BACKUP)
        return error_set(err, ERROR_STORE, RETRY_NEVER,
                         "cannot read %.300s: %s; name a file that flexsync backup made", store->path,
                         strerror(number));
    if (number == EACCES)
        return error_set(err, ERROR_STORE, RETRY_LATER,
                         "the database %s is not for this user to read; members of the group of its folder "
                         "may: adduser USER flexsync, and log in again",
                         store->path);
    return error_set(err, ERROR_STORE_MISSING, RETRY_LATER,
                     "there is no database %s yet; run `flexsync sync`, or start flexsyncd", store->path);
}

/* Made before SQLite does, so that the group may read it whatever the umask of the program that made it. */
static int make_file(const char *path, struct error *err)
{
    CLEANUP_CLOSE int fd = ownfile_open(path, O_RDWR); /* also to see that there is the right to write */
    if (fd >= 0)
        return 0;
    if (error_is_machine(errno))
        return error_machine(err, errno);
    return error_set(err, errno == ENOSPC ? ERROR_STORE_FULL : ERROR_CREATE, RETRY_LATER,
                     "cannot make the database %.200s: %s%s", path, ownfile_reason(errno),
                     errno == ELOOP ? "" : "; make its folder, with the right to write there");
}

static int on_wal(void *user, sqlite3 *db, const char *name, int pages)
{
    (void)user;
    if (pages > WAL_CHECKPOINT_PAGES)
        (void)sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return SQLITE_OK;
}

/* Closing brings the WAL into the file only where that is our business: not in a damaged or a foreign one. */
static bool set_checkpoint_on_close(struct store *store, bool wanted)
{
    return sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, (int)!wanted, NULL) == SQLITE_OK;
}

static bool set_connection(struct store *store)
{
    int on = 0;
    return set_checkpoint_on_close(store, false) &&
           sqlite3_extended_result_codes(store->db, 1) == SQLITE_OK &&
           sqlite3_busy_timeout(store->db, BUSY_OPENING_MS) == SQLITE_OK &&
           sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, &on) == SQLITE_OK &&
           sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, &on) == SQLITE_OK &&
           sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_FKEY, 0, &on) == SQLITE_OK;
}

/* -1 with ERROR_STORE_CORRUPT if SQLite finds damage, with what hindered it if it cannot look. */
static int check_whole(struct store *store, const char *sql, struct error *err)
{
    sqlite3_stmt *check = NULL;
    if (sqlite3_prepare_v2(store->db, sql, -1, &check, NULL) != SQLITE_OK)
        return store_error(store, "check", err);
    int r = statement_step(store, check, err);
    const char *found = r > 0 ? (const char *)sqlite3_column_text(check, 0) : NULL;
    bool whole = found && strcmp(found, "ok") == 0, lacked = store_lacked_memory(found);
    (void)sqlite3_finalize(check);
    if (lacked)
        return error_memory(err);
    if (whole || r < 0)
        return r < 0 ? -1 : 0;
    store->damaged = true;
    return refuse_damaged(store, err);
}

int store_verify(struct store *store, struct error *err)
{
    return check_whole(store, "PRAGMA integrity_check(1)", err);
}

static int check_after_unclean_end(struct store *store, struct error *err)
{
    CLEANUP_FREE char *clean = NULL;
    if (store_meta_get(store, "clean", &clean, err) < 0)
        return -1;
    bool in_use = store->mode == STORE_TRIAL; /* by who writes it, and not from an end */
    bool ended = clean && strcmp(clean, "1") == 0;
    return ended || in_use ? 0 : check_whole(store, "PRAGMA quick_check(1)", err);
}

static int prepare_for_writing(struct store *store, int64_t now, int64_t *ret_migrated, struct error *err)
{
    int persist = 1;
    char sql[160];
    (void)snprintf(sql, sizeof sql,
                   "PRAGMA synchronous = FULL; PRAGMA cache_size = -%d; PRAGMA journal_size_limit = %d",
                   CACHE_KIB, WAL_KEEP_BYTES);
    /* WAL comes after the tables, so that an old tool's file that cannot be taken over keeps every byte. */
    if (store_exec(store, sql, err) < 0 || schema_prepare(store, now, ret_migrated, err) < 0 ||
        check_after_unclean_end(store, err) < 0 ||
        store_exec(store, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0", err) < 0)
        return -1;
    /* Without the WAL file a reader that may not write cannot open the database after a clean end. */
    (void)sqlite3_file_control(store->db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
    (void)sqlite3_wal_hook(store->db, on_wal, NULL);
    (void)set_checkpoint_on_close(store, true);
    /* Only now: tables of the owner may refer to the old tool's, which the schema replaces row by row. */
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    if (store_stage_begin(store, err) < 0)
        return -1;
    return store_meta_set(store, "clean", "0", now, err);
}

/* Called by SQLite from within its work; 0: go on. */
static int on_work(void *arg)
{
    const struct store *store = arg;
    store->tick(store->tick_arg);
    return 0;
}

static void watch(struct store *store, bool on)
{
    if (store->db && store->tick)
        sqlite3_progress_handler(store->db, on ? TICK_STEPS : 0, on ? on_work : NULL, store);
}

/* The file is there by now: SQLite makes none, and a link that takes its place meanwhile is not followed. */
static int open_for_writing(struct store *store, struct error *err)
{
    if (make_file(store->path, err) < 0)
        return -1;
    CLEANUP_FREE char *real = realpath(store->path, NULL);
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(real ? real : store->path, &store->db, flags, NULL) == SQLITE_OK)
        return 0;
    return store_error(store, "open", err);
}

/* A database without a name is SQLite's own, in memory as far as its cache goes. */
static int open_trial(struct store *store, struct error *err)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (access(store->path, R_OK) < 0 && errno != ENOENT)
        return cannot_read(store, errno, err);
    if (sqlite3_open_v2("", &store->db, flags, NULL) != SQLITE_OK)
        return store_error(store, "open", err);
    return trial_copy(store, err);
}

static int open_for_reading(struct store *store, struct error *err)
{
    if (access(store->path, R_OK) < 0)
        return cannot_read(store, errno, err);
    if (still_open(store->path, &store->db) == SQLITE_OK)
        return 0;
    return store_error(store, "open", err);
}

static int open_file(struct store *store, struct error *err)
{
    if (store_regular(store->path, ERROR_STORE, err) < 0)
        return -1;
    switch (store->mode) {
    case STORE_WRITE:
        return open_for_writing(store, err);
    case STORE_TRIAL:
        return open_trial(store, err);
    case STORE_READ:
    case STORE_BACKUP:
        break;
    }
    return open_for_reading(store, err);
}

/* Not one that is to be made or taken over. */
static int check_version(const struct store *store, int version, struct error *err)
{
    if (store->mode == STORE_BACKUP)
        return version > 0 ? 0
                           : error_set(err, ERROR_STORE_CORRUPT, RETRY_NEVER,
                                       "%.300s holds no database of this program; name a file that flexsync "
                                       "backup made",
                                       store->path);
    if (schema_is_current(version))
        return 0;
    return error_set(err, ERROR_STORE_MISSING, RETRY_LATER,
                     "the database %s is not set up yet; run `flexsync sync`, or start flexsyncd",
                     store->path);
}

static int open_database(struct store *store, int64_t now, int64_t *ret_migrated, struct error *err)
{
    if (open_file(store, err) < 0)
        return -1;
    watch(store, true);
    int version = 0;
    if (!set_connection(store))
        return store_error(store, "open", err);
    if (schema_check(store, &version, err) <
        0) /* before anything is written to a file that may not be ours */
        return -1;
    if (store->mode == STORE_READ || store->mode == STORE_BACKUP)
        return check_version(store, version, err);

    if (prepare_for_writing(store, now, ret_migrated, err) < 0)
        return -1;
    if (store->mode == STORE_TRIAL)
        return trial_mark(store, err);
    place_remember(store);
    return 0;
}

int store_open(struct store **ret, const char *path, enum store_mode mode, int64_t now, int64_t *ret_migrated,
               struct error *err)
{
    return store_open_watched(ret, path, mode, now, ret_migrated, NULL, NULL, err);
}

int store_open_watched(struct store **ret, const char *path, enum store_mode mode, int64_t now,
                       int64_t *ret_migrated, void (*tick)(void *arg), void *arg, struct error *err)
{
    int64_t migrated = 0;
    struct store *store = calloc(1, sizeof *store);
    if (!store || !(store->path = strdup(path))) {
        free(store);
        return error_memory(err);
    }
    store->mode = mode;
    store->shm = -1;
    store->tick = tick;
    store->tick_arg = arg;
    if (open_database(store, now, &migrated, err) < 0) {
        store->mode = STORE_READ; /* nothing is to be marked as clean */
        (void)store_close(store);
        return -1;
    }
    (void)sqlite3_busy_timeout(store->db, BUSY_MS);
    watch(store, false);
    if (ret_migrated)
        *ret_migrated = migrated;
    *ret = store;
    return 0;
}

int store_rest(struct store *store, struct error *err)
{
    struct error ignored;
    char who[BLOCKER_MAX];
    int pages = 0;
    (void)store_stage_begin(store, &ignored);
    (void)sqlite3_busy_timeout(store->db, 0);
    int r = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &pages, NULL);
    (void)sqlite3_busy_timeout(store->db, BUSY_MS);
    (void)sqlite3_db_release_memory(store->db);
    if (r != SQLITE_BUSY || pages <= WAL_KEEP_BYTES / PAGE_BYTES)
        return 0;
    (void)place_reader(store, who);
    return error_set(
        err, ERROR_STORE_BUSY, RETRY_LATER,
        "%.200s-wal has grown to %d MiB: %s reads the database and does not end; end that program",
        store->path, pages / (1024 * 1024 / PAGE_BYTES), who);
}

struct store *store_release(struct store *store, bool checkpoint)
{
    if (store->db && !checkpoint)
        (void)set_checkpoint_on_close(store, false);
    statement_finalize_all(store);
    (void)sqlite3_close(store->db);
    if (store->shm >= 0)
        (void)close(store->shm);
    free(store->path);
    free(store);
    return NULL;
}

struct store *store_close(struct store *store)
{
    struct error ignored;
    if (!store)
        return NULL;
    /* Else the WAL would stay, and be applied to what is there now. */
    if (store->mode == STORE_WRITE && store_in_place(store, &ignored) < 0)
        return store_leave(store);
    return store_shut(store);
}

struct store *store_shut(struct store *store)
{
    struct error ignored;
    bool checkpoint = store->mode == STORE_WRITE && !store->damaged;
    /* One that is damaged is not marked: the next start looks closely. */
    if (store->mode == STORE_WRITE && !store->damaged) {
        (void)store_abandon(store);
        (void)store_meta_set(store, "clean", "1", 0, &ignored);
    }
    return store_release(store, checkpoint);
}

int store_meta_get(struct store *store, const char *key, char **ret, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_META_GET, NULL, err);
    if (!s)
        return -1;
    bind_text(s, 1, key);
    int r = statement_step(store, s, err);
    if (r > 0) {
        const char *value = (const char *)sqlite3_column_text(s, 0);
        char *copy = strdup(value ? value : "");
        (void)sqlite3_reset(s);
        if (!copy)
            return error_memory(err);
        *ret = copy;
    }
    return r;
}

int store_meta_set(struct store *store, const char *key, const char *value, int64_t now, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_META_SET, NULL, err);
    if (!s)
        return -1;
    bind_text(s, 1, key);
    bind_text(s, 2, value);
    bind_utc(s, 3, now);
    return statement_run(store, s, err);
}
