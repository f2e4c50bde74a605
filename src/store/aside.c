/* What is done to a database before another file takes its place. */
#include "flexsync/cleanup.h"
#include "statement.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 2000 /* for readers that are about to end */

/* Brings all of the -wal into the file. 1, 0 where damage prevents that, -1 where a reader does. */
static int aside_checkpoint(const char *path, const char *wal, struct error *err)
{
    sqlite3 *db = NULL;
    struct stat st;
    int r = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL);
    if (r == SQLITE_OK) {
        (void)sqlite3_busy_timeout(db, BUSY_MS);
        /* To close it leaves the files as they are, and only one that has read knows of a -wal. */
        (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        r = sqlite3_exec(db, "SELECT 1 FROM sqlite_schema", NULL, NULL, NULL);
    }
    if (r == SQLITE_OK)
        r = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    (void)sqlite3_close(db);
    if ((r & 0xff) != SQLITE_BUSY && (r & 0xff) != SQLITE_LOCKED)
        return r == SQLITE_OK && (stat(wal, &st) < 0 || st.st_size == 0);
    return error_set(err, ERROR_STORE_BUSY, RETRY_LATER,
                     "another program is reading %.300s; end it, and type the same again", path);
}

static int aside_failed(const char *what, const char *path, struct error *err)
{
    return error_set(err, ERROR_CREATE, RETRY_LATER, "cannot %s %.300s: %s; check the rights on its folder",
                     what, path, strerror(errno));
}

/* Renames PATH-SUFFIX to ASIDE-SUFFIX, or removes it. */
static int aside_clear(const char *path, const char *aside, const char *suffix, bool keep, struct error *err)
{
    CLEANUP_FREE char *from = NULL, *to = NULL;
    if (asprintf(&from, "%s%s", path, suffix) < 0 || asprintf(&to, "%s%s", aside, suffix) < 0)
        return error_memory(err);
    if ((keep ? rename(from, to) : unlink(from)) == 0 || errno == ENOENT)
        return 0;
    return aside_failed(keep ? "rename" : "remove", from, err);
}

int store_put_aside(const char *path, const char *aside, struct error *err)
{
    CLEANUP_FREE char *wal = NULL;
    if (asprintf(&wal, "%s-wal", path) < 0)
        return error_memory(err);
    int whole = aside_checkpoint(path, wal, err);
    if (whole < 0)
        return -1;

    /* A second name: at `path` there is a database at every moment, where the file system has such names. */
    bool there = link(path, aside) == 0;
    if (!there && errno != ENOENT) {
        if (errno == EEXIST || rename(path, aside) < 0)
            return aside_failed("make", aside, err);
        there = true;
    }
    if (aside_clear(path, aside, "-wal", !whole, err) < 0 ||
        aside_clear(path, aside, "-journal", !whole, err) < 0 ||
        aside_clear(path, aside, "-shm", false, err) < 0)
        return -1;
    return there;
}
