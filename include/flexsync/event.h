/*
 * event: the kinds of things worth a line in the journal, each with the MESSAGE_ID by which it is found
 * again.
 *
 * The ids are for ever: `journalctl MESSAGE_ID=…` and the catalog rest on them. A new kind gets a new one
 * (`systemd-id128 new`).
 */
#ifndef FLEXSYNC_EVENT_H
#define FLEXSYNC_EVENT_H

#include "flexsync/log.h"

enum event {
    EVENT_STARTED,          /* the daemon is ready */
    EVENT_STOPPED,          /* and ends */
    EVENT_CYCLE_BEGUN,      /* a cycle begins */
    EVENT_CYCLE_DONE,       /* and ended: success */
    EVENT_CYCLE_PARTIAL,    /* with something missing */
    EVENT_CYCLE_FAILED,     /* without a result */
    EVENT_CYCLE_DETAIL,     /* one page or record, at debug */
    EVENT_LISTING_ODD,      /* duplicated, missing or unusable rows, totals that move, a sort refused */
    EVENT_VANISHED_DOUBTED, /* too many gone at once to be believed */
    EVENT_FINDINGS,         /* ill-typed fields and the like */
    EVENT_THROTTLED,        /* the server refuses for its quota */
    EVENT_KEY_REFUSED,      /* the server refuses the key */
    EVENT_STORE_TROUBLE,    /* disk full, database busy */
    EVENT_STORE_CORRUPT,    /* the database cannot be written any more */
    EVENT_MIGRATED,         /* the old tool's database was taken over */
    EVENT_INTERRUPTED,      /* cycles that a crash left running were closed */
    EVENT_RELOADED,         /* new settings */
    EVENT_RELOAD_REFUSED,   /* bad settings: the old ones stay */
    EVENT_STATUS,           /* asked for by SIGUSR1 */
    EVENT_CONTROL_TROUBLE,  /* the control socket cannot be had */
    EVENT_DENIED,           /* records that the key's user may not see */
    EVENT_CONTRADICTED,     /* records that are listed, and yet unknown to the server */
    EVENT_FEED,             /* whether the server lists in the order of edits */
    EVENT_MOVED,            /* the database or its lock was removed or replaced under the program */
    EVENT_WAL_GROWS,        /* a reader that never ends keeps the WAL from being emptied */
    EVENT_COUNT
};

struct event_kind {
    const char *id;   /* MESSAGE_ID */
    const char *name; /* for the catalog and tests */
    enum log_level level;
};

extern const struct event_kind event_kinds[EVENT_COUNT];

#endif
