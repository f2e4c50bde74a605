/*
 * facts: all that there is to tell about a running sync, in one struct; and the sentences made of it.
 *
 * systemd's STATUS, the journal, SIGUSR1 and the command for people say the same things in the same words
 * because they come from here.
 */
#ifndef FLEXSYNC_FACTS_H
#define FLEXSYNC_FACTS_H

#include "flexsync/freshness.h"
#include "flexsync/quota.h"
#include "flexsync/synclog.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FACTS_LINE_MAX 512

enum facts_state {
    FACTS_IDLE,
    FACTS_LISTING,   /* a cycle asks who there is, or compares */
    FACTS_FETCHING,  /* a cycle fetches records */
    FACTS_FINISHING, /* a cycle writes its result */
    FACTS_PAUSED,    /* the quota is used up, or a 429 forbids sending for now */
    FACTS_REFUSED,   /* the key was refused */
    FACTS_TROUBLED,  /* the last cycle failed for another reason */
    FACTS_STATE_COUNT
};

/* What holds a pause up. */
enum facts_pause {
    FACTS_PAUSE_SERVER, /* it asked for one without naming a quota */
    FACTS_PAUSE_SHARE,  /* the share of a quota that this kind of work may use is used up */
    FACTS_PAUSE_QUOTA,  /* a quota is used up for everybody */
};

struct facts {
    enum facts_state state;
    int64_t now;                  /* wall, usec, as are all times here */
    const char *entity;           /* of the cycle that runs, or NULL */
    size_t done, planned;         /* its records */
    double rate;                  /* records a second; 0: not known yet */
    int64_t contacts;             /* rows */
    struct freshness fresh;       /* of them */
    int64_t requests;             /* of the cycle that runs */
    int64_t left_hour;            /* requests of the quota for anybody; SYNC_UNKNOWN */
    int64_t resumes_at;           /* FACTS_PAUSED */
    enum facts_pause pause;       /* likewise */
    enum quota_window window;     /* of a pause that a quota makes */
    int64_t next_at;              /* next cycle; 0: none planned */
    enum error_code cause;        /* why the last run came to that or to a pause; kept until the next ends */
    char trouble[ERROR_TEXT_MAX]; /* its sentence: FACTS_REFUSED, FACTS_TROUBLED */
};

/* One line for STATUS and for SIGUSR1. Writes at most `size` bytes, always ended; returns `line`. */
char *facts_line(char *line, size_t size, const struct facts *facts);

/* One line for the end of a cycle: what it found and what it cost. */
char *facts_cycle_line(char *line, size_t size, const struct sync_row *row);

#endif
