/* A copy of the database while others write it. */
#include "flexsync/cleanup.h"
#include "statement.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define BACKUP_STEP_PAGES 2048 /* between two questions whether to go on */
#define JOURNAL_AT        18   /* in a database's header */

/* What the copy says when it is asked whether it is whole. */
static int check_copy(sqlite3 *copy, const char *name, struct error *err)
{
    sqlite3_stmt *s = NULL;
    int r = sqlite3_prepare_v2(copy, "PRAGMA integrity_check(1)", -1, &s, NULL);
    if (r == SQLITE_OK)
        r = sqlite3_step(s);
    const char *found = r == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : sqlite3_errmsg(copy);
    if (r == SQLITE_ROW && (!found || store_lacked_memory(found)))
        r = error_memory(err);
    else if (r != SQLITE_ROW && store_machine(copy, err) < 0)
        r = -1;
    else
        r = r == SQLITE_ROW && strcmp(found, "ok") == 0
                ? 0
                : error_set(err, ERROR_STORE_CORRUPT, RETRY_NEVER,
                            "the copy %s is not whole (%.200s), so the database or the disk may be damaged; "
                            "look with: flexsync check, and the journal of the disk",
                            name, found ? found : "it does not answer");
    (void)sqlite3_finalize(s);
    return r;
}

static int refuse(sqlite3 *copy, const char *name, struct error *err)
{
    if (store_machine(copy, err) < 0)
        return -1;
    bool full = (sqlite3_errcode(copy) & 0xff) == SQLITE_FULL;
    return error_set(err, full ? ERROR_STORE_FULL : ERROR_STORE, RETRY_LATER,
                     "cannot write the copy %s: %s; %s", name, sqlite3_errmsg(copy),
                     full ? "make room on the disk" : "write it to another folder");
}

/* The journal mode stands in the file's header: as a copy it is one file, without a WAL beside it. */
static int finish(const char *name, struct error *err)
{
    static const char plain[2] = {1, 1}; /* for writing and for reading */
    CLEANUP_CLOSE int fd = open(name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && pwrite(fd, plain, sizeof plain, JOURNAL_AT) == (ssize_t)sizeof plain)
        return 0;
    return error_set(err, ERROR_STORE, RETRY_LATER,
                     "cannot write the copy %s: %s; write it to another folder", name, strerror(errno));
}

/* 1, or 0 when it was stopped. Whoever made the file syncs it, and removes it where it is not whole. */
static int copy_pages(struct store *store, sqlite3 *copy, const char *name, store_stop_fn *stop, void *arg,
                      struct error *err)
{
    static const char alone[] = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF";
    sqlite3_backup *backup = sqlite3_exec(copy, alone, NULL, NULL, NULL) == SQLITE_OK
                                 ? sqlite3_backup_init(copy, "main", store->db, "main")
                                 : NULL;
    if (!backup)
        return refuse(copy, name, err);
    int r;
    while ((r = sqlite3_backup_step(backup, BACKUP_STEP_PAGES)) == SQLITE_OK)
        if (stop(arg))
            break;
    bool stopped = r == SQLITE_OK;
    r = sqlite3_backup_finish(backup);
    if (stopped)
        return 0;
    return r == SQLITE_OK ? 1 : refuse(copy, name, err);
}

/* Opens the file twice: only between the two can its header be written. */
static int copy_database(struct store *store, const char *name, store_stop_fn *stop, void *arg,
                         struct error *err)
{
    sqlite3 *copy = NULL;
    int r = sqlite3_open_v2(name, &copy, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK
                ? copy_pages(store, copy, name, stop, arg, err)
                : refuse(copy, name, err);
    (void)sqlite3_close(take_pointer(copy));
    if (r <= 0 || finish(name, err) < 0)
        return r <= 0 ? r : -1;
    r = sqlite3_open_v2(name, &copy, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK ? check_copy(copy, name, err)
                                                                              : refuse(copy, name, err);
    (void)sqlite3_close(copy);
    return r;
}

int store_backup(struct store *store, const char *name, store_stop_fn *stop, void *arg, struct error *err)
{
    /* The moment that is copied: without it every write of the daemon would begin the copy anew. */
    if (sqlite3_exec(store->db, "BEGIN; SELECT 1 FROM sqlite_schema", NULL, NULL, NULL) != SQLITE_OK) {
        (void)store_error(store, "read", err);
        return store_abandon(store);
    }
    int r = copy_database(store, name, stop, arg, err);
    (void)store_abandon(store);
    return r;
}
