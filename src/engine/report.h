/*
 * What the engine writes to the log, with the fields of the journal. Warnings and errors that recur are
 * folded (fold.h). Inside of engine only.
 */
#ifndef FLEXSYNC_REPORT_H
#define FLEXSYNC_REPORT_H

#include "flexsync/event.h"
#include "flexsync/fold.h"
#include "flexsync/synclog.h"

struct report {
    struct log *log;           /* not owned */
    const struct clock *clock; /* likewise */
    struct fold fold;
};

/* One sentence about an entity (static text) and a cycle (0: none). */
void report_event(struct report *report, enum event event, const char *entity, int64_t cycle,
                  const char *text);

/* A cycle has begun: it has its row. Those that come by themselves are worth no line at info while the last
 * ones failed. */
void report_cycle_begin(struct report *report, const struct sync_row *row, const char *line);

/* The line about the end of a cycle, with its counters as fields; and those faults that it did not have. */
void report_cycle_end(struct report *report, const struct sync_row *row, const char *line);

/* Nothing will be reported any more: tells what was only counted up to now. */
void report_end(struct report *report);

#endif
