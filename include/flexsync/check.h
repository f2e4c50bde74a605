/*
 * check: does it work? Asks the server for the beginning of the listing and for the user of the key, and says
 * what that showed.
 *
 * It runs on an event loop beside whatever else runs there. What it sends is counted like everything else
 * that is sent, as a person's request, in the ledger that the settings name.
 */
#ifndef FLEXSYNC_CHECK_H
#define FLEXSYNC_CHECK_H

#include "flexsync/clock.h"
#include "flexsync/config.h"
#include "flexsync/fetch.h"
#include "flexsync/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

struct check;

struct check_finding {
    const char *what;          /* "settings", "connection", "key", "quota", "user" */
    enum error_code code;      /* ERROR_NONE: it is well */
    char text[ERROR_TEXT_MAX]; /* one sentence; where it is not well, with what to do */
};

/*
 * What the end of a request for a listing shows of connection, key and quota: returns how many findings, 1 or
 * 2. `sent`: whether anything was sent at all, since the quota may have forbidden it. `total` is what the
 * answer names, or PAGE_UNKNOWN.
 */
size_t check_judge(struct check_finding ret[static 2], enum fetch_outcome outcome, bool sent, int64_t total,
                   const struct error *err);

/*
 * The same for the question who the key belongs to, without a name. A site that does not say is well; a
 * locked user is a finding about the key, ERROR_KEY.
 */
void check_judge_user(struct check_finding *ret, enum fetch_outcome outcome, const struct profile *profile,
                      const struct error *err);

struct check_options {
    sd_event *event;
    const struct clock *clock;   /* must outlive the check */
    const struct config *config; /* what is needed of it is copied */
    /* It is over; once, from the event loop. check_free() may be called from here. */
    void (*done)(void *arg, const struct check_finding *findings, size_t count);
    void *arg; /* not owned */
};

/* Begins one. ERROR_SYSTEM without memory or descriptors, ERROR_CONFIG as fetcher_new(). Free with
 * check_free(). */
int check_new(struct check **ret, const struct check_options *options, struct error *err);

/* Ends it, without a call of done if that is still to come. NULL is allowed; returns NULL. */
struct check *check_free(struct check *check);

#endif
