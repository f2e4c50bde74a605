#include "flexsync/overview.h"

#include "flexsync/clock.h"
#include "flexsync/forecast.h"

#define CYCLES_SEEN 50 /* so far back a listing is looked for that was read to its end */

static int each_cycle(void *arg, const struct sync_row *row)
{
    struct overview *overview = arg;
    if (!overview->any) {
        overview->any = true;
        overview->last = *row;
        overview->last.entity = entity_contacts.name; /* the row's own texts end with the callback */
        overview->last.strategy = "";
    }
    overview->listed = row->counts.expected != SYNC_UNKNOWN && row->counts.listed != SYNC_UNKNOWN;
    overview->listing = row->counts;
    return overview->listed; /* the newest one tells */
}

int overview_freshness(struct freshness *ret, struct store *store, int64_t now, struct error *err)
{
    int64_t audits = 0, stale = 0;
    if (read_audits(store, &entity_contacts, now - FRESHNESS_DAYS * USEC_PER_DAY, &audits, &stale, err) < 0)
        return -1;
    *ret = freshness_of(audits, stale);
    return 0;
}

static int meta_get(void *self, const char *key, char **ret, struct error *err)
{
    return store_meta_get(self, key, ret, err);
}

int overview_stats(struct stats *ret, struct store *store, struct error *err)
{
    const struct sink sink = {.self = store, .meta_get = meta_get}; /* all that loading asks for */
    return stats_load(ret, &sink, err);
}

int overview_read(struct overview *ret, struct store *store, int64_t now, struct error *err)
{
    *ret = (struct overview){.now = now};
    if (read_counts(store, &entity_contacts, &ret->counts, err) < 0 ||
        read_waiting(store, &entity_contacts, &ret->waiting, err) < 0 ||
        overview_freshness(&ret->fresh, store, now, err) < 0 ||
        store_oldest_check(store, &entity_contacts, &ret->oldest_look, err) < 0 ||
        overview_stats(&ret->stats, store, err) < 0)
        return -1;
    ret->oldest_look *= USEC_PER_SEC;
    return read_cycles(store, &entity_contacts, CYCLES_SEEN, each_cycle, ret, err);
}

int64_t overview_filled_at(const struct overview *overview, const struct quota *quota,
                           const struct quota_limits *limits, double rate)
{
    struct forecast_toll toll;
    int64_t count = overview->waiting.unfetched;
    stats_readings(&overview->stats, quota_budget(quota, limits), &toll.requests, &toll.every);
    toll.every *= USEC_PER_SEC;
    int64_t pass = forecast_pass(quota, limits, QUOTA_FILL, count, &toll);
    int64_t sending = rate > 0 ? (int64_t)((double)count / rate * (double)USEC_PER_SEC) : 0;
    return overview->now + (pass > sending ? pass : sending);
}
