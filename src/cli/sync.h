/* `flexsync sync`, in the foreground and by the daemon. Inside of cli only. */
#ifndef FLEXSYNC_SYNC_H
#define FLEXSYNC_SYNC_H

#include "flexsync/engine.h"
#include "flexsync/lock.h"

struct call;

/* Asks the daemon that holds the database for the sync of `call`, and follows it. 1 with *ret_status; 0 when
 * there is nobody to ask. */
int sync_follow(const struct call *call, const struct lock_holder *holder, int *ret_status);

/* Says how it ended: the result on stdout, what else is to be said on stderr. */
void sync_tell(const struct engine_result *result);

#endif
