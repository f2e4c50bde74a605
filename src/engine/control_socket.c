/* The file that is the control socket. */
#include "control_parts.h"
#include "flexsync/cleanup.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG     16
#define SOCKET_MODE 0660

/* The folder of the database, as who has another current folder must call it. */
static char *beside(const char *database)
{
    const char *slash = strrchr(database, '/');
    int length = slash ? (int)(slash - database + 1) : 0;
    CLEANUP_FREE char *here = database[0] == '/' ? NULL : getcwd(NULL, 0);
    char *path = NULL;
    if (database[0] != '/' && !here)
        return NULL;
    return asprintf(&path, "%s%s%.*sflexsync.sock", here ? here : "", here ? "/" : "", length, database) < 0
               ? NULL
               : path;
}

char *control_path(const char *database)
{
    char *path = NULL;
    const char *folder = getenv("RUNTIME_DIRECTORY");
    if (!folder || folder[0] != '/')
        return beside(database);
    /* Several are parted by colons. */
    return asprintf(&path, "%.*s/control", (int)strcspn(folder, ":"), folder) < 0 ? NULL : path;
}

static int refuse(struct error *err, const char *path, const char *why)
{
    return error_set(err, ERROR_CREATE, RETRY_LATER,
                     "there is no control socket %.200s: %s; syncs can be asked for by signal only", path,
                     why);
}

/* 1: there is nobody behind that name, and it may be taken; 0: it is free; -1: it is in use. */
static int look_behind(const char *path, const struct sockaddr_un *address, struct error *err)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : refuse(err, path, strerror(errno));
    if (!S_ISSOCK(st.st_mode))
        return refuse(err, path, "something else has this name; move it away");
    CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return refuse(err, path, strerror(errno));
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0) {
        if (errno == ECONNREFUSED)
            return 1;
        if (errno != EAGAIN)
            return refuse(err, path, strerror(errno));
    }
    return refuse(err, path, "another program listens on it; set RUNTIME_DIRECTORY to a folder of its own");
}

/* By name, since only the file's owner and group count; what cannot be had is left as it is. */
static void open_to_group(const char *path)
{
    const struct group *group = getgrnam(CONTROL_GROUP);
    if (group)
        (void)!lchown(path, (uid_t)-1, group->gr_gid);
    (void)chmod(path, SOCKET_MODE);
}

int control_listen(const char *path, struct stat *ret_file, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return refuse(err, path, "its path is too long for a socket");
    memcpy(address.sun_path, path, strlen(path));
    int stale = look_behind(path, &address, err);
    if (stale < 0)
        return -1;
    if (stale && unlink(path) < 0)
        return refuse(err, path, strerror(errno));
    CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* The mode that the file is made with: never more than it is to have, whatever the umask. */
    if (fd < 0 || fchmod(fd, SOCKET_MODE & 0600) < 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return refuse(err, path, strerror(errno));
    open_to_group(path);
    if (lstat(path, ret_file) < 0 || listen(fd, BACKLOG) < 0) {
        (void)unlink(path);
        return refuse(err, path, strerror(errno));
    }
    int listening = fd;
    fd = -1;
    return listening;
}

void control_unlink(const char *path, const struct stat *file)
{
    struct stat st;
    if (lstat(path, &st) == 0 && st.st_dev == file->st_dev && st.st_ino == file->st_ino)
        (void)unlink(path);
}
