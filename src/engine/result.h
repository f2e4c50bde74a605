/* What a run of cycles comes to. Inside of engine only. */
#ifndef FLEXSYNC_RESULT_H
#define FLEXSYNC_RESULT_H

#include "flexsync/engine.h"

/*
 * Adds a cycle that has ended. The result of a run is that of the contacts. What else could not be had makes
 * it partial, and no more: it says nothing of the key or the site that the contacts did not say.
 */
void result_add(struct engine_result *result, bool contacts, const struct sync_row *row,
                const struct error *error, const char *line);

#endif
