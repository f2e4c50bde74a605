/*
 * Opening a database to read it where its -wal and -shm are not there, and this user may not make them.
 *
 * A plain `sqlite3 contacts.db` of root, with the daemon stopped, removes them at its end. Without them
 * nobody has the database open, so for the short time of a command it can be read as a file that does not
 * change. A writer that starts meanwhile writes into a new -wal first, and into the file not before its next
 * checkpoint.
 */
#include "flexsync/cleanup.h"
#include "statement.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAL_FORMAT_AT 18 /* in the file's header: 2 where it is read by way of a -wal */

static bool still_is_wal(const char *path)
{
    char format = 0;
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return fd >= 0 && pread(fd, &format, 1, WAL_FORMAT_AT) == 1 && format == 2;
}

/* Is there no such file, or, where that will do, an empty one? */
static bool still_lacks(const char *path, const char *suffix, bool empty)
{
    struct stat st;
    CLEANUP_FREE char *name = NULL;
    if (asprintf(&name, "%s%s", path, suffix) < 0)
        return false;
    return stat(name, &st) < 0 ? errno == ENOENT : empty && st.st_size == 0;
}

static bool still_is(const char *path)
{
    CLEANUP_FREE char *folder = strdup(path);
    return folder && still_lacks(path, "-shm", false) && still_lacks(path, "-wal", true) &&
           access(dirname(folder), W_OK) < 0 && still_is_wal(path);
}

/* The path as a URI has it. NULL without memory. */
static char *still_uri(const char *path)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-";
    struct buffer uri;
    buffer_init(&uri, 4 * PATH_MAX);
    int r = buffer_append_text(&uri, "file:");
    for (const char *p = path; r == 0 && *p; p++)
        r = buffer_printf(&uri, strchr(plain, *p) ? "%c" : "%%%02x", (unsigned char)*p);
    if (r == 0)
        r = buffer_append_text(&uri, "?immutable=1");
    if (r == 0)
        return buffer_take(&uri);
    buffer_free(&uri);
    return NULL;
}

int still_open(const char *path, sqlite3 **ret)
{
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    CLEANUP_FREE char *real = realpath(path, NULL);
    if (!real || !still_is(real))
        return sqlite3_open_v2(path, ret, flags, NULL);
    CLEANUP_FREE char *uri = still_uri(real);
    return uri ? sqlite3_open_v2(uri, ret, flags | SQLITE_OPEN_URI, NULL) : SQLITE_NOMEM;
}
