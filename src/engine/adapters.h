/* Source and sink made of fetch and store. Inside of engine only. */
#ifndef FLEXSYNC_ADAPTERS_H
#define FLEXSYNC_ADAPTERS_H

#include "flexsync/clock.h"
#include "flexsync/fetcher.h"
#include "flexsync/sink.h"
#include "flexsync/source.h"

/* What the source's functions get as `self`. */
struct flex_source {
    struct fetcher *fetcher;
    struct limiter *limiter;
    const struct clock *clock;
    const char *base_url;
};

struct source adapter_source(struct flex_source *flex, unsigned concurrent);
struct sink adapter_sink(struct store *store);

#endif
