/*
 * What the site says about itself and about the user of the key, for `flexsync check`. Inside of cli only.
 */
#ifndef FLEXSYNC_CLI_ABOUT_H
#define FLEXSYNC_CLI_ABOUT_H

#include "flexsync/config.h"
#include "flexsync/exchange.h"

#include <stdio.h>

#define ABOUT_TEXT_MAX 640

struct about;

/* Settings and limiter must outlive it. Errors as exchange_new(). */
int about_new(struct about **ret, const struct config *config, struct limiter *limiter, struct error *err);

/*
 * /user-profile/current-user: one sentence for the terminal alone, since it has names. ERROR_KEY for a user
 * that is locked; no answer, 429 and 5xx are errors; a site that does not say it is not.
 */
int about_user(struct about *about, char text[static ABOUT_TEXT_MAX], struct error *err);

/* The specification, in one sentence; the same errors. */
int about_docs(struct about *about, char text[static ABOUT_TEXT_MAX], struct error *err);

/* Which endpoints the site has, a line each; nothing where it has no specification. */
void about_print_endpoints(const struct about *about, FILE *out);

/*
 * Makes the folder of --save, mode 0700, or takes an empty one that is there; *ret is its descriptor.
 * ERROR_CREATE.
 */
int about_folder(int *ret, const char *path, struct error *err);

/*
 * Writes what the site answered to profile and specification, and what it answers to four further requests:
 * a page of the listing, a record, an unknown id, the resource types. *ret_files is how many files there are
 * now; an answer that did not come is left out. ERROR_CREATE, ERROR_STORE_FULL, or why the last one did not
 * come.
 */
int about_save(struct about *about, int folder, int *ret_files, struct error *err);

int64_t about_requests(const struct about *about);

/* NULL is allowed; returns NULL. */
struct about *about_free(struct about *about);

#endif
