#include "flexsync/ownfile.h"

#include "flexsync/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

void ownfile_settle(int fd, const char *path)
{
    struct stat folder, file;
    CLEANUP_FREE char *copy = strdup(path);
    bool known = copy && stat(dirname(copy), &folder) == 0 && fstat(fd, &file) == 0;

    /* Before the mode: a change of owner may take bits away. */
    if (known && geteuid() == 0 && (file.st_uid != folder.st_uid || file.st_gid != folder.st_gid))
        (void)!fchown(fd, folder.st_uid, folder.st_gid);
    (void)fchmod(fd, OWNFILE_MODE);
}

bool ownfile_may_follow(const char *path)
{
    struct stat link;
    if (lstat(path, &link) < 0 || !S_ISLNK(link.st_mode))
        return true;
    return access(path, F_OK) == 0 && (geteuid() != 0 || link.st_uid == 0);
}

int ownfile_open(const char *path, int flags)
{
    flags |= O_CLOEXEC | O_NOCTTY;
    int fd = open(path, flags | O_CREAT | O_EXCL, OWNFILE_MODE); /* O_EXCL follows no link */
    if (fd < 0 && errno == EEXIST) {
        if (ownfile_may_follow(path))
            return open(path, flags);
        errno = ELOOP;
    }
    if (fd >= 0)
        ownfile_settle(fd, path);
    return fd;
}

const char *ownfile_reason(int number)
{
    return number == ELOOP
               ? "it is a symbolic link that is not followed, to a file that is not there or, for "
                 "root, one that another user made; name the file itself"
               : strerror(number);
}
