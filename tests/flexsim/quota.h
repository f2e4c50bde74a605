/*
 * How many requests the account has spent in the hour, the day and the month. Aligned windows turn with the
 * (virtual, UTC) clock, rolling ones hold the last 3,600 seconds, 24 hours, 31 days. Every request is kept
 * with its second for three months, so limits and kinds of window can be changed at any time. When the clock
 * jumps back, what was spent in the future does not count until it is reached again.
 */
#ifndef FLEXSIM_QUOTA_H
#define FLEXSIM_QUOTA_H

#include <stdint.h>

#include "settings.h"

enum quota_window { QUOTA_HOUR, QUOTA_DAY, QUOTA_MONTH, QUOTA_WINDOWS };

struct quota;

struct quota *quota_new(void); /* NULL: no memory */
struct quota *quota_free(struct quota *q);

const char *quota_window_name(enum quota_window window); /* hour, day, month */
int64_t quota_limit(const struct settings *set, enum quota_window window);

/* How many were entered in the window that this second belongs to. */
int64_t quota_used(struct quota *q, enum window_kind kind, enum quota_window window, int64_t now);
/* Enters so many. -1: no memory. */
int quota_spend(struct quota *q, int64_t now, int64_t count);
/* The smallest window that has no room for one more; QUOTA_WINDOWS where all have. */
enum quota_window quota_full(struct quota *q, const struct settings *set, int64_t now);

#endif
