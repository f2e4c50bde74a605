/* What `flexsync status` knows, and the ways to print it. Inside of cli only. */
#ifndef FLEXSYNC_STATUS_H
#define FLEXSYNC_STATUS_H

#include "command.h"
#include "flexsync/facts.h"
#include "flexsync/health.h"
#include "flexsync/lock.h"
#include "flexsync/overview.h"

#include <jansson.h>
#include <stdio.h>

struct summary {
    const struct config *config; /* not owned */
    struct health health;
    struct error unread; /* why `copy` is empty; ERROR_NONE: it is not */
    struct overview copy;
    struct lock_holder holder;
    int held;          /* as lock_holder() says */
    int64_t filled_at; /* wall; 0: everybody's whole record is there, or the ledger cannot be read */
    struct facts daemon;
    char line[FACTS_LINE_MAX]; /* what the daemon says of itself */
    int asked;                 /* 1: the daemon told both; -1: it could not be asked, as `asking` says */
    struct error asking;
    struct quota quota;
    struct quota_limits limits;
    bool counted; /* the quota's ledger could be read; else `ledger` says why not */
    struct error ledger;
};

/*
 * Everything anew; `max_age` is how old the last success may be (usec), 0 for the default: four times
 * sync.interval, an hour at least. Fails where the database cannot be read, and then has all but the copy.
 */
int summary_read(struct summary *ret, const struct config *config, int64_t max_age, struct error *err);

/* A few lines for people, as wide and as coloured as stdout may be. */
void summary_print(FILE *out, const struct summary *summary);

/* A new reference; NULL without memory. */
json_t *summary_json(const struct summary *summary);

/* Does what fetches records wait for the quota? Until when (wall, usec), and which window holds it up; 0: no.
 */
int64_t summary_pause(const struct summary *summary, enum quota_window *ret_window);

/* The classes of read_counts.waiting_for: their names in JSON, and for people. */
struct waiting_name {
    const char *key, *text;
};
extern const struct waiting_name waiting_names[WAITING_CLASSES];

/* Prints it on the terminal again and again until Ctrl-C; returns the exit status. */
int status_watch(const struct config *config);

#endif
