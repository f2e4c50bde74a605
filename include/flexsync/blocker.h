/*
 * blocker: which process has a lock (fcntl(2)) that is in the way.
 *
 * A read lock needs no more than the right to read, so that whoever may look at a file can hold up its
 * writer. Nothing can be done against that but to say who it is.
 */
#ifndef FLEXSYNC_BLOCKER_H
#define FLEXSYNC_BLOCKER_H

#include <stdbool.h>
#include <stdint.h>

#define BLOCKER_MAX 64

/*
 * Looks for a lock of another process on `length` bytes (0: all) from `start` on, which keeps this one from
 * writing there, and describes that process: "process 12 (sqlite3)". False, and "another program", where
 * there is none, or one without a process.
 */
bool blocker_find(int fd, int64_t start, int64_t length, char ret[static BLOCKER_MAX]);

/*
 * The same for a whole file by its name. It is opened and closed, which ends all locks by fcntl(2) that this
 * process has on it: there must be none.
 */
bool blocker_of(const char *path, char ret[static BLOCKER_MAX]);

/* "process 12 (sqlite3)", or without the name where that cannot be seen. */
void blocker_describe(int pid, char ret[static BLOCKER_MAX]);

#endif
