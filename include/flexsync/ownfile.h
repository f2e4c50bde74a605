/*
 * ownfile: the files that the program makes for itself: database, ledger, lock, logs.
 *
 * Their mode does not depend on the umask, and those that root makes belong to the owner and the group of
 * their folder, so that the service can use what an administrator's command made before its first start.
 */
#ifndef FLEXSYNC_OWNFILE_H
#define FLEXSYNC_OWNFILE_H

#include <stdbool.h>

#define OWNFILE_MODE 0640 /* the group reads */

/*
 * Is it no symbolic link, or one that may be followed? Not one to a file that is not there, which would be
 * made wherever it points; and, for root, none that another user made: whoever owns the folder may point a
 * link anywhere, and root's rights are not theirs.
 */
bool ownfile_may_follow(const char *path);

/*
 * Opens the file, and makes it if it is missing. `flags`: those of open(2) for access, O_APPEND, O_NOFOLLOW.
 * Returns a descriptor, or -1 with errno; ELOOP for a link that may not be followed.
 */
int ownfile_open(const char *path, int flags);

/*
 * Gives a file that was just made as `path` the mode, and, as root, the owner and group of its folder. As far
 * as the file system has such: that it cannot is no error.
 */
void ownfile_settle(int fd, const char *path);

/* What to say of an errno of ownfile_open(). */
const char *ownfile_reason(int number);

#endif
