#include "flexsync/overview.h"

#include "flexsync/clock.h"
#include "flexsync/forecast.h"
#include "flexsync/text.h"

#include <stdio.h>

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

static int read_last(struct overview *ret, struct store *store, struct error *err)
{
    struct sync_row listing, success;
    int any = read_cycle(store, &entity_contacts, READ_CYCLE_LAST, &ret->last, err);
    int listed = any < 0 ? -1 : read_cycle(store, &entity_contacts, READ_CYCLE_LISTED, &listing, err);
    int ended = listed < 0 ? -1 : read_cycle(store, &entity_contacts, READ_CYCLE_ENDED, &ret->end, err);
    int done = ended < 0 ? -1 : read_cycle(store, &entity_contacts, READ_CYCLE_DONE, &success, err);
    if (done < 0)
        return -1;
    ret->ended = ended > 0;
    ret->success_at = done > 0 ? success.completed_at : 0;
    ret->any = any > 0;
    ret->listed = listed > 0;
    if (listed > 0)
        ret->listing = listing.counts;
    return 0;
}

/* One that ran out of quota goes on by itself, and shows that the server answers; so does one that had to
 * leave a server in trouble, once that answers again. */
static bool is_problem(const struct sync_row *row)
{
    return row->status == SYNC_FAILED || (row->status != SYNC_SUCCESS && row->resumes_at == 0);
}

static int read_problem(struct overview *ret, struct store *store, struct error *err)
{
    for (size_t i = 0; entities[i] && !ret->troubled; i++) {
        int r = read_cycle(store, entities[i], READ_CYCLE_ENDED, &ret->problem, err);
        if (r < 0)
            return -1;
        ret->troubled = r > 0 && is_problem(&ret->problem);
    }
    return 0;
}

static int add_kept(void *arg, const struct read_kept *kept)
{
    struct overview_kept *ret = arg;
    size_t i = ret->named++;
    ret->first[i].id = kept->id;
    (void)snprintf(ret->first[i].contact_id, sizeof ret->first[i].contact_id, "%s",
                   kept->contact_id ? kept->contact_id : "");
    (void)snprintf(ret->first[i].name, sizeof ret->first[i].name, "%s", kept->name ? kept->name : "");
    text_drop_half(ret->first[i].name);
    return 0;
}

static int read_all_kept(struct overview *ret, struct store *store, struct error *err)
{
    ret->denied.count = ret->counts.denied;
    ret->contradicted.count = ret->counts.contradicted;
    if (read_kept(store, &entity_contacts, "denied", OVERVIEW_KEPT_MAX, add_kept, &ret->denied, err) < 0)
        return -1;
    return read_kept(store, &entity_contacts, "contradicted", OVERVIEW_KEPT_MAX, add_kept, &ret->contradicted,
                     err);
}

/* Their numbers are given once. */
static int take_newest(void *arg, const struct read_change *change)
{
    *(int64_t *)arg = change->id;
    return 1;
}

int overview_read(struct overview *ret, struct store *store, int64_t now, struct error *err)
{
    *ret = (struct overview){.now = now};
    if (read_counts(store, &entity_contacts, &ret->counts, err) < 0 ||
        overview_freshness(&ret->fresh, store, now, err) < 0 ||
        store_oldest_check(store, &entity_contacts, &ret->oldest_look, err) < 0 ||
        overview_stats(&ret->stats, store, err) < 0 || read_all_kept(ret, store, err) < 0 ||
        read_last(ret, store, err) < 0 ||
        read_changes(store, NULL, 0, 1, take_newest, &ret->changes, err) < 0)
        return -1;
    ret->oldest_look *= USEC_PER_SEC;
    return read_problem(ret, store, err);
}

int64_t overview_filled_at(const struct overview *overview, const struct quota *quota,
                           const struct quota_limits *limits, double rate)
{
    struct forecast_toll toll;
    int64_t count = overview->counts.unfetched - overview->counts.out_of_reach;
    stats_readings(&overview->stats, quota_budget(quota, limits), &toll.requests, &toll.every);
    toll.every *= USEC_PER_SEC;
    int64_t pass = forecast_pass(quota, limits, QUOTA_FILL, count, &toll);
    int64_t sending = rate > 0 ? (int64_t)((double)count / rate * (double)USEC_PER_SEC) : 0;
    return overview->now + (pass > sending ? pass : sending);
}
