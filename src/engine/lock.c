#include "flexsync/lock.h"

#include "flexsync/blocker.h"
#include "flexsync/cleanup.h"
#include "flexsync/ownfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_SIZE (LOCK_PROGRAM_MAX + LOCK_SOCKET_MAX + 64) /* of what stands in the file */

/* The file itself, so that two names of one database (a symbolic link) share a lock. */
static char *real_path(const char *database)
{
    char *real = realpath(database, NULL);
    return real ? real : strdup(database);
}

static char *lock_path(const char *database)
{
    CLEANUP_FREE char *real = real_path(database);
    char *path = NULL;
    if (!real || asprintf(&path, "%s.lock", real) < 0)
        return NULL;
    return path;
}

static bool read_holder(int fd, struct lock_holder *ret)
{
    char text[TEXT_SIZE];
    ssize_t length = pread(fd, text, sizeof text - 1, 0);
    if (length <= 0)
        return false;
    text[length] = '\0';
    struct lock_holder holder = {0};
    if (sscanf(text, "%d %31s %107[^\n]", &holder.pid, holder.program, holder.socket) < 2)
        return false;
    *ret = holder;
    return true;
}

/* Nobody of ours takes a read lock, nor one that has a process: then what stands in the file is of another.
 */
static bool is_stranger(int fd, char who[static BLOCKER_MAX])
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    (void)snprintf(who, BLOCKER_MAX, "another program");
    if (fcntl(fd, F_OFD_GETLK, &lock) < 0 || lock.l_type == F_UNLCK ||
        (lock.l_type == F_WRLCK && lock.l_pid <= 0))
        return false;
    if (lock.l_pid > 0)
        blocker_describe(lock.l_pid, who);
    return true;
}

static int refuse(int fd, const char *database, struct error *err)
{
    char who[BLOCKER_MAX];
    struct lock_holder holder;
    if (is_stranger(fd, who))
        return error_set(
            err, ERROR_LOCKED, RETRY_LATER,
            "%s has a lock on %.200s.lock, and no sync can begin; end that program (lslocks shows "
            "it)",
            who, database);
    if (!read_holder(fd, &holder) || (kill(holder.pid, 0) < 0 && errno == ESRCH))
        return error_set(err, ERROR_LOCKED, RETRY_LATER,
                         "another sync of %s is running; flexsync status shows how far it is", database);
    if (strcmp(holder.program, "flexsyncd") == 0)
        return error_set(
            err, ERROR_LOCKED, RETRY_LATER,
            "flexsyncd (process %d) keeps %s up to date; for a sync now: systemctl reload flexsyncd, or "
            "kill -HUP %d",
            holder.pid, database, holder.pid);
    return error_set(err, ERROR_LOCKED, RETRY_LATER,
                     "%s (process %d) is syncing %s; wait for it, or stop it: kill %d", holder.program,
                     holder.pid, database, holder.pid);
}

void lock_tell(int fd, const char *program, const char *socket)
{
    char text[TEXT_SIZE];
    int length = snprintf(text, sizeof text, "%d %s%s%s\n", getpid(), program, *socket ? " " : "", socket);
    /* A full disk keeps the names out of the file, and nothing else. */
    if (length > 0 && (size_t)length < sizeof text && ftruncate(fd, 0) == 0)
        (void)!pwrite(fd, text, (size_t)length, 0);
}

/* It stands beside the database, so this is said of that folder. */
static int cannot_make(char *path, int number, struct error *err)
{
    char text[ERROR_TEXT_MAX];
    if (error_is_machine(number))
        return error_machine(err, number);
    (void)snprintf(text, sizeof text, "cannot make the lock file %.200s: %s", path, strerror(number));
    if (number == ENOENT)
        return error_set(err, ERROR_CREATE, RETRY_LATER, "%s; make the folder of the database: mkdir -p %s",
                         text, dirname(path));
    return error_set(err, ERROR_CREATE, RETRY_LATER,
                     "%s; make the folder of the database, with the right to write there", text);
}

int lock_take(const char *database, const char *program, struct error *err)
{
    CLEANUP_FREE char *path = lock_path(database);
    if (!path)
        return error_memory(err);
    struct stat st;
    if (!ownfile_may_follow(database)) /* nor is a lock made where it points */
        return error_set(err, ERROR_CREATE, RETRY_LATER, "cannot use the database %.200s: %s", database,
                         ownfile_reason(ELOOP));
    CLEANUP_CLOSE int fd = ownfile_open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
        return error_set(err, ERROR_CREATE, RETRY_LATER,
                         "%s is no file, but a pipe or a device; move it away", path);
    if (fd < 0)
        return cannot_make(path, errno, err);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
        if (errno == EAGAIN || errno == EACCES)
            return refuse(fd, database, err);
        return error_set(err, ERROR_CREATE, RETRY_LATER,
                         "cannot lock %s: %s; put the database on a file system that can lock", path,
                         strerror(errno));
    }
    lock_tell(fd, program, "");
    int taken = fd;
    fd = -1;
    return taken;
}

bool lock_in_place(int fd, const char *database)
{
    CLEANUP_FREE char *path = lock_path(database);
    struct stat ours, there;
    if (!path || fstat(fd, &ours) < 0)
        return true;
    if (lstat(path, &there) < 0)
        return errno != ENOENT && errno != ENOTDIR;
    return ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

int lock_holder(const char *database, struct lock_holder *ret)
{
    CLEANUP_FREE char *path = lock_path(database);
    CLEANUP_CLOSE int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK) : -1;
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    if (fd < 0)
        return path && errno == ENOENT ? 0 : -1;
    if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
        return -1;
    if (lock.l_type == F_UNLCK)
        return 0;
    return read_holder(fd, ret) ? 1 : -1;
}
