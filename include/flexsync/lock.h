/*
 * lock: one process a database.
 *
 * The lock is an open-file-description lock (fcntl(2)) on a file beside the database, so that a crash
 * releases it and what is left behind means nothing. The holder writes into it who it is.
 */
#ifndef FLEXSYNC_LOCK_H
#define FLEXSYNC_LOCK_H

#include "flexsync/error.h"

#include <stdbool.h>
#include <sys/types.h>

#define LOCK_PROGRAM_MAX 31
#define LOCK_SOCKET_MAX  107 /* as long as the name of a socket can be */

struct lock_holder {
    pid_t pid;
    char program[LOCK_PROGRAM_MAX + 1]; /* "flexsyncd" or "flexsync" */
    char socket[LOCK_SOCKET_MAX + 1];   /* where it can be asked (control.h); "": nowhere */
};

/*
 * Takes the lock of a database and returns its descriptor, to be closed to release it. ERROR_LOCKED when
 * another has it: the text says who and what to do. ERROR_CREATE when the file cannot be made.
 */
int lock_take(const char *database, const char *program, struct error *err);

/* The holder, who has `fd` of lock_take(), says where it can be asked; that it cannot be written is no error.
 */
void lock_tell(int fd, const char *program, const char *socket);

/*
 * Is the file that was locked as `fd` still the one that another process would lock? Not so where it was
 * removed or replaced, or where a link leads to another database now. True where that cannot be seen.
 */
bool lock_in_place(int fd, const char *database);

/* Who has it? 1 and *ret, 0 when nobody has it, -1 when that cannot be seen from here. */
int lock_holder(const char *database, struct lock_holder *ret);

#endif
