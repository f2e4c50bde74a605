/* Which site a database is the copy of. Inside of engine only. */
#ifndef FLEXSYNC_SITE_H
#define FLEXSYNC_SITE_H

#include "flexsync/config.h"
#include "flexsync/store.h"

/*
 * Claims the database for the site of these settings. ERROR_CONFIG where it is the copy of another one: two
 * sites in one would mix, and the contacts of one would be gone from the other.
 */
int site_claim(struct store *store, const struct config *config, int64_t now, struct error *err);

#endif
