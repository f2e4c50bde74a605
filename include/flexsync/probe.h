/*
 * probe: the pages of a feed_probe, as they come from the server and with the dates that the store has of
 * their rows.
 *
 * A cycle and `flexsync check` ask the same question and are to get the same answer.
 */
#ifndef FLEXSYNC_PROBE_H
#define FLEXSYNC_PROBE_H

#include "flexsync/feed.h"
#include "flexsync/page.h"
#include "flexsync/store.h"

/* The date of a stored row as feed.h has dates: FEED_UNKNOWN, FEED_NONE, or the server's in seconds. */
int64_t probe_date(const struct store_dated *dated);

/*
 * Takes the first page of a direction, every row of it; `dated` is what store_dates() says of its rows. The
 * first of the two pages begins the probe, `first` says that this is it.
 */
void probe_take_page(struct feed_probe *probe, enum feed_direction direction, bool first,
                     const struct page *page, const struct store_dated *dated);

#endif
