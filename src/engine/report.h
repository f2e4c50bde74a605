/* What the engine writes to the log, with the fields of the journal. Inside of engine only. */
#ifndef FLEXSYNC_REPORT_H
#define FLEXSYNC_REPORT_H

#include "flexsync/event.h"
#include "flexsync/synclog.h"

/* One sentence about an entity and a cycle (0: none). */
void report_event(struct log *log, enum event event, const char *entity, int64_t cycle, const char *text);

/* The line about the end of a cycle, with its counters as fields. */
void report_cycle_end(struct log *log, const struct sync_row *row, const char *line);

#endif
