/* How a sync in the foreground is followed. Inside of cli only. */
#ifndef FLEXSYNC_PROGRESS_H
#define FLEXSYNC_PROGRESS_H

#include "flexsync/facts.h"

#include <stdbool.h>

#define PROGRESS_REDRAW (INT64_C(200000))   /* usec between two drawings on a terminal */
#define PROGRESS_LINE   (INT64_C(10000000)) /* and between two lines elsewhere */

/*
 * A bar on a terminal while records are fetched: phase, count, rate, time left, quota, as far as they
 * fit into the line. Else `line`, the sentence of facts_line(); without a terminal with the time left. On
 * stderr.
 */
void progress_show(const struct facts *facts, const char *line, bool terminal);

/* Takes the bar away. */
void progress_clear(bool terminal);

#endif
