/*
 * facts: all that there is to tell about a running sync, in one struct; and the sentences made of it.
 *
 * systemd's STATUS, the journal, SIGUSR1 and the command for people say the same things in the same words
 * because they come from here.
 */
#ifndef FLEXSYNC_FACTS_H
#define FLEXSYNC_FACTS_H

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
    FACTS_PAUSED,    /* a 429 forbids sending for now */
    FACTS_REFUSED,   /* the key was refused */
    FACTS_TROUBLED,  /* the last cycle failed for another reason */
};

struct facts {
    enum facts_state state;
    int64_t now;                  /* wall, usec, as are all times here */
    const char *entity;           /* of the cycle that runs, or NULL */
    size_t done, planned;         /* its records */
    double rate;                  /* records a second; 0: not known yet */
    int64_t contacts;             /* rows */
    int64_t requests;             /* of the cycle that runs */
    int64_t resumes_at;           /* FACTS_PAUSED */
    int64_t next_at;              /* next cycle; 0: none planned */
    char trouble[ERROR_TEXT_MAX]; /* FACTS_REFUSED, FACTS_TROUBLED */
};

/* One line for STATUS and for SIGUSR1. Writes at most `size` bytes, always ended; returns `line`. */
char *facts_line(char *line, size_t size, const struct facts *facts);

/* One line for the end of a cycle: what it found and what it cost. */
char *facts_cycle_line(char *line, size_t size, const struct sync_row *row);

#endif
