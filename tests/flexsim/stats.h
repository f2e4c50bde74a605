/*
 * What the server saw. Requests of the API are counted when they arrive (kind, page, in flight, rate) and
 * once more when they are answered (status); control requests never. A request is in flight until its answer
 * is handed to the socket, so a client that waits for every answer can never be counted with one more than it
 * really sent.
 */
#ifndef FLEXSIM_STATS_H
#define FLEXSIM_STATS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "call.h"

struct stats;

struct stats *stats_new(void); /* NULL: no memory */
struct stats *stats_free(struct stats *s);
/* Counts from nothing; what is in flight stays in flight. */
void stats_reset(struct stats *s);

/* How many are in flight now, this one included; the place of the request in the log. */
int64_t stats_arrived(struct stats *s, const struct call *call, int64_t now_ms, uint64_t *ret_place);
void stats_left(struct stats *s); /* no longer in flight */
void stats_answered(struct stats *s, uint64_t place, unsigned status);
/* No whole answer was given: connection cut, reset, or left by the client. */
void stats_unanswered(struct stats *s);
void stats_refused(struct stats *s, enum quota_window window); /* QUOTA_WINDOWS: too many at a time */

int64_t stats_in_flight(const struct stats *s);
int64_t stats_peak_in_flight(const struct stats *s);
/* Contacts marked with this number are the details fetched since the last reset. */
uint64_t stats_epoch(const struct stats *s);
void stats_distinct_detail(struct stats *s);

/* Members of /__stats into `object`; -1: no memory. */
int stats_to_json(const struct stats *s, json_t *object);
/* One JSON line a request, oldest first, as far as they are kept (the last 100,000). */
void stats_log(const struct stats *s, struct buf *b);
/* One line for people. */
void stats_summary(const struct stats *s, struct buf *b);

#endif
