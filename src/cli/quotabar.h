/* A window of the quota as a bar, and as an object. Inside of cli only. */
#ifndef FLEXSYNC_QUOTABAR_H
#define FLEXSYNC_QUOTABAR_H

#include "flexsync/quota.h"

#include <jansson.h>
#include <stdio.h>

#define QUOTABAR_LEGEND "# used by all, | as far as background work may go; flexsync quota"

/*
 * "Quota       hour  [####....|.......]  512 of 2,000": what is used, however little, shows, and only a full
 * window is shown as full.
 */
void quotabar_print(FILE *out, const char *label, const struct quota *quota,
                    const struct quota_limits *limits, enum quota_window window);

/* Requests of a window that are left for anybody. */
int64_t quotabar_left(const struct quota *quota, const struct quota_limits *limits, enum quota_window window);

/* A new reference; NULL without memory. */
json_t *quotabar_json(const struct quota *quota, const struct quota_limits *limits, enum quota_window window);

#endif
