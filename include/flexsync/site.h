/*
 * site: which site a database is the copy of.
 *
 * Two sites in one would mix, and the contacts of one would be gone from the other. The database belongs to a
 * site from its first accepted listing on: an address with a mistake in it, which brings none, claims
 * nothing.
 */
#ifndef FLEXSYNC_SITE_H
#define FLEXSYNC_SITE_H

#include "flexsync/config.h"
#include "flexsync/store.h"

/* ERROR_CONFIG where the database has contacts of another site than that of these settings. */
int site_check(struct store *store, const struct config *config, struct error *err);

/* After site_check(), and a listing: from now on it is the copy of the site of these settings. */
int site_claim(struct store *store, const struct config *config, int64_t now, struct error *err);

#endif
