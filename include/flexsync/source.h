/*
 * source: where records come from, as a cycle sees it. One of the two seams at which a test may stand in.
 *
 * Both requests end by exactly one call of handler->done, never inside the call that asked; `arg` goes back
 * to the handler and is not owned. fetch.h says what handlers are.
 */
#ifndef FLEXSYNC_SOURCE_H
#define FLEXSYNC_SOURCE_H

#include "flexsync/entity.h"
#include "flexsync/fetch.h"
#include "flexsync/quota.h"

#include <stdbool.h>

struct source_page {
    unsigned page;
    unsigned size; /* 0: ask for neither page nor size */
    enum source_order order;
};

struct source {
    void *self;      /* not owned */
    unsigned window; /* requests that are worth having under way at a time */
    int (*list)(void *self, const struct entity *entity, const struct source_page *page,
                const struct fetch_handler *handler, void *arg, struct error *err);
    int (*get)(void *self, const struct entity *entity, const char *id, const struct fetch_handler *handler,
               void *arg, struct error *err);
    void (*cancel)(void *self);   /* ends everything soon, with FETCH_CANCELLED */
    int64_t (*pause)(void *self); /* usec until sending may go on after a 429 or in an outage */
    void (*left)(const void *self,
                 int64_t ret[static QUOTA_WINDOWS]); /* requests of the quota for anybody; -1: not known */
    int64_t (*allowed)(void *self);    /* requests that this kind of work may send now; INT64_MAX: no limit */
    int64_t (*date)(const void *self); /* the server's date now, wall usec; 0: no answer told it yet */
    const struct fetch_stats *(*stats)(const void *self); /* since it was made; counts up */
};

#endif
