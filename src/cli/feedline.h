/* What is remembered of the edit-ordered feed, as a sentence. Inside of cli only. */
#ifndef FLEXSYNC_FEEDLINE_H
#define FLEXSYNC_FEEDLINE_H

#include "flexsync/stats.h"

#define FEEDLINE_MAX 160

/* "honoured since 22 Nov 14:00, last read 14:15"; `now` wall, usec. Returns `text`. */
char *feedline(char text[static FEEDLINE_MAX], const struct stats *stats, int64_t now);

/* "honoured", "not honoured", "not known yet". */
const char *feedline_verdict(const struct stats *stats);

#endif
