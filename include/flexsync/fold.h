/*
 * fold: a fault that recurs is told once, and then by a count.
 *
 * The same sentence about the same thing is one fault. Its first occurrence is told at once; those that
 * follow are counted, and told as one record when the fault is over, when FOLD_REMIND has gone by, or when
 * there is no room to remember it. So nothing is silenced for good, and a night without a network is two
 * records. Pure: the time is an argument, wall microseconds.
 */
#ifndef FLEXSYNC_FOLD_H
#define FLEXSYNC_FOLD_H

#include "flexsync/clock.h"
#include "flexsync/event.h"

#include <stdbool.h>
#include <stdint.h>

#define FOLD_FAULTS 16                  /* remembered at a time */
#define FOLD_REMIND (6 * USEC_PER_HOUR) /* after which one that goes on is told again */

struct fold_fault {
    enum event event;
    const char *entity;        /* static text; NULL: the place is free */
    char text[ERROR_TEXT_MAX]; /* longer ones are told apart by their beginning */
    int64_t cycle;             /* that it last occurred in */
    int64_t told_at;
    int64_t times;             /* that it occurred since then, untold */
    int64_t first_at, last_at; /* of these */
};

struct fold {
    struct fold_fault faults[FOLD_FAULTS];
};

enum fold_word {
    FOLD_TELL,  /* it is new */
    FOLD_COUNT, /* it is told by its count now: *ret */
    FOLD_KEEP,  /* there is nothing to tell yet */
};

/*
 * A fault occurs. *ret is what has to be told: for FOLD_COUNT this one, for FOLD_TELL another one that made
 * room for it, if its times are not 0.
 */
enum fold_word fold_take(struct fold *fold, enum event event, const char *entity, const char *text,
                         int64_t cycle, int64_t now, struct fold_fault *ret);

/*
 * The next fault that is over, since this cycle of the entity (NULL: of any) ended without it; it is
 * forgotten. False when there is none left that has untold times.
 */
bool fold_over(struct fold *fold, const char *entity, int64_t cycle, struct fold_fault *ret);

/* Is such a fault, of whatever text, going on? */
bool fold_goes_on(const struct fold *fold, enum event event, const char *entity);

#endif
