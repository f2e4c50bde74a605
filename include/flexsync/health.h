/*
 * health: is the copy kept up to date? One verdict from what lock, daemon, database and ledger say; `flexsync
 * status`, `health`, `metrics` and all that watch them share it.
 *
 * A state is a cause with its advice: how a sync ended, or why none can be seen. Its level is one of two:
 * that while the last success is recent, and that once it is older than `max_age`.
 *
 * Pure.
 */
#ifndef FLEXSYNC_HEALTH_H
#define FLEXSYNC_HEALTH_H

#include "flexsync/facts.h"
#include "flexsync/synclog.h"

#include <stdbool.h>
#include <stdint.h>

#define HEALTH_TEXT_MAX (ERROR_TEXT_MAX + 128)

/* What Nagios takes as exit statuses. */
enum health_level { HEALTH_OK, HEALTH_WARNING, HEALTH_CRITICAL, HEALTH_UNKNOWN, HEALTH_LEVELS };

extern const char *const health_level_names[HEALTH_LEVELS]; /* "OK", "WARNING", … */

enum health_state {
    STATE_OK,
    STATE_STARTING,    /* no sync has ended yet */
    STATE_UNFINISHED,  /* the last one was stopped or killed */
    STATE_PARTIAL,     /* some records are missing */
    STATE_UNPROVEN,    /* the listing could not be proven whole */
    STATE_GONE,        /* too many are gone at once */
    STATE_PAUSED,      /* the quota is used up */
    STATE_UNREACHABLE, /* no answer, or a server in trouble */
    STATE_UNTRUSTED,   /* its certificate */
    STATE_UNUSABLE,    /* the answer */
    STATE_REFUSED,     /* the key */
    STATE_FORBIDDEN,   /* the key is good, its user may not read */
    STATE_FULL,        /* the disk */
    STATE_BUSY,        /* the database, by another program's transaction */
    STATE_DAMAGED,     /* the database */
    STATE_STORE,       /* the database fails in another way */
    STATE_MISSING,     /* the database */
    STATE_CREATE,      /* a file cannot be made */
    STATE_SYSTEM,      /* memory, descriptors */
    STATE_SETTINGS,    /* are wrong */
    STATE_DOWN,        /* the daemon */
    STATE_WRITER,      /* another process has the lock, so the daemon cannot run */
    STATE_CLOCK,       /* of this machine is wrong */
    STATE_STALE,       /* nothing failed, and yet the last success is too old */
    STATE_UNREADABLE,  /* by this user: nothing can be said */
    STATE_COUNT
};

struct health_kind {
    const char *name;               /* in JSON and metrics: "ok", "refused" */
    const char *text;               /* what it is, where there is no better sentence */
    const char *advice;             /* what a person does about it; "" for nothing */
    enum health_level recent, late; /* with a recent success, and without one */
};

extern const struct health_kind health_kinds[STATE_COUNT];

/* What there is to judge by; times are wall, usec, 0 for never. */
struct health_input {
    int64_t now, max_age;
    const struct error *unread; /* why the database cannot be read; NULL: it was */
    int held;                   /* as lock_holder() says */
    const char *program;        /* that holds the lock: "flexsyncd", "flexsync" */
    int process;
    const struct facts *daemon;   /* what it says; NULL: it was not asked */
    const struct sync_row *ended; /* the last sync of all contacts that ended; NULL: none */
    int64_t success_at;           /* end of the last one that was a success */
    int64_t clock_ahead;          /* this machine's clock before the server's; 0: the same, or not known */
};

struct health {
    enum health_level level;
    enum health_state state;
    int64_t success_at;         /* as given */
    char text[HEALTH_TEXT_MAX]; /* a sentence about the state, without level and advice */
};

/* How a sync ended, by its exit status and its words: what is to be done depends on both. */
enum health_state health_of_cycle(const struct sync_row *row);

/* The state that an error is about. */
enum health_state health_of_error(const struct error *err);

void health_judge(struct health *ret, const struct health_input *input);

#endif
