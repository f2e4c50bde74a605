/*
 * Runs that were asked for and have not begun: at most one for everybody, and one for certain contacts, which
 * goes first, since it is short and somebody waits for it. Inside of engine only.
 */
#ifndef FLEXSYNC_WISHES_H
#define FLEXSYNC_WISHES_H

#include "flexsync/engine.h"

struct wish {
    uint64_t run; /* its number; 0: there is none */
    struct engine_request request;
    char **ids; /* owned; request.ids are these */
};

struct wishes {
    struct wish asked, plain;
    uint64_t last; /* number */
};

/* Did a person ask? */
bool wish_by_person(enum sync_trigger trigger);

/* Adds a request to what waits; *ret_run is the number of its run. Errors as engine_sync(). */
int wishes_add(struct wishes *wishes, const struct engine_request *request, uint64_t *ret_run,
               struct error *err);

/* The one that is next, or NULL. */
const struct wish *wishes_first(const struct wishes *wishes);

/* Takes it out; there must be one. Release with wish_free(). */
struct wish wishes_take(struct wishes *wishes);

void wish_free(struct wish *wish);
void wishes_forget(struct wishes *wishes);

#endif
