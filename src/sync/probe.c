#include "flexsync/probe.h"

int64_t probe_date(const struct store_dated *dated)
{
    if (!dated->fetched)
        return FEED_UNKNOWN;
    return dated->edited ? dated->edited : FEED_NONE;
}

void probe_take_page(struct feed_probe *probe, enum feed_direction direction, bool first,
                     const struct page *page, const struct store_dated *dated)
{
    if (first)
        feed_probe_begin(probe, page->total == (int64_t)page->row_count);
    for (size_t i = 0; i < page->row_count; i++)
        feed_probe_add(probe, direction, probe_date(&dated[i]));
}
