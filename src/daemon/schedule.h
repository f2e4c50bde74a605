/* When the next cycle is due. Pure; monotonic time in usec. Inside of daemon only. */
#ifndef FLEXSYNC_SCHEDULE_H
#define FLEXSYNC_SCHEDULE_H

#include "flexsync/error.h"
#include "flexsync/synclog.h"

#define SCHEDULE_KEY_REFUSED (6 * INT64_C(3600000000)) /* until a refused key is tried again by itself */

struct schedule {
    int64_t interval;
    int64_t began; /* monotonic: the last cycle of the schedule */
    int64_t next;  /* monotonic */
    enum sync_trigger trigger;
};

/* The first cycle: now with on_start, else an interval later. */
void schedule_start(struct schedule *schedule, int64_t interval, int on_start, int64_t now);

/* Another interval; a pause stays what it is. */
void schedule_change(struct schedule *schedule, int64_t interval, int64_t now);

/* A cycle of whatever origin begins. */
void schedule_begun(struct schedule *schedule, int64_t now);

/* It ended: with an error or none, and going on after `pause` usec (0: not asked for). */
void schedule_ended(struct schedule *schedule, enum error_code code, int64_t pause, int64_t now);

/*
 * A run beside the schedule ended, for contacts that somebody named. It changes the schedule only by what it
 * shows: that sending is forbidden, or that a refused key is accepted again.
 */
void schedule_ended_beside(struct schedule *schedule, enum error_code code, int64_t pause, int64_t now);

#endif
