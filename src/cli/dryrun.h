/* What a dry run of `flexsync sync` has to tell. Inside of cli only. */
#ifndef FLEXSYNC_DRYRUN_H
#define FLEXSYNC_DRYRUN_H

#include "flexsync/engine.h"
#include "flexsync/store.h"

struct dryrun {
    int64_t last_cycle; /* of the database, in sync_log; 0: none */
};

/* Before the run: remembers where the copy of the database stood. */
int dryrun_begin(struct dryrun *ret, struct store *copy, struct error *err);

/* After it: prints what came to the queue of the copy, what a sync would cost, and whether the quota has it.
 */
int dryrun_tell(const struct dryrun *dryrun, struct store *copy, const struct config *config, bool asked,
                struct error *err);

#endif
