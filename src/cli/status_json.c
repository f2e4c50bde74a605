/* `flexsync status --json`; its form is in tests/schema/status.json. */
#include "feedline.h"
#include "flexsync/clock.h"
#include "quotabar.h"
#include "render.h"
#include "status.h"

static json_t *waiting_json(const struct read_counts *counts)
{
    json_t *object = json_object();
    for (int i = 0; i < WAITING_CLASSES; i++)
        (void)json_object_set_new(object, waiting_names[i].key, json_integer(counts->waiting_for[i]));
    return object;
}

static json_t *contacts_json(const struct read_counts *n)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "total", (json_int_t)n->total, "active",
                     (json_int_t)n->active, "whole", (json_int_t)n->whole, "waiting", (json_int_t)n->waiting,
                     "troubled", (json_int_t)n->waiting_for[WAITING_FAILED], "unfetched",
                     (json_int_t)n->unfetched, "waiting_for", waiting_json(n));
}

static json_t *complete_json(const struct overview *copy)
{
    const struct sync_counts *c = &copy->listing;
    json_t *complete = copy->listed ? json_boolean(c->listed == c->expected) : json_null();
    return json_pack("{s:o, s:o, s:o, s:o}", "complete", complete, "listed",
                     render_json_count(copy->listed ? c->listed : SYNC_UNKNOWN), "expected",
                     render_json_count(copy->listed ? c->expected : SYNC_UNKNOWN), "whole_listing_at",
                     render_json_time(copy->stats.listed_at * USEC_PER_SEC));
}

static json_t *share_json(const struct freshness *fresh, double share)
{
    return fresh->known ? json_real(share) : json_null();
}

static json_t *fresh_json(const struct overview *copy)
{
    const struct freshness *f = &copy->fresh;
    return json_pack("{s:o, s:o, s:o, s:I, s:I, s:i, s:o}", "share", share_json(f, f->share), "low",
                     share_json(f, f->low), "high", share_json(f, f->high), "looked_at",
                     (json_int_t)f->audits, "stale", (json_int_t)f->stale, "days", FRESHNESS_DAYS,
                     "oldest_look_at", render_json_time(copy->oldest_look));
}

static json_t *feed_json(const struct summary *summary)
{
    const struct stats *stats = &summary->copy.stats;
    return json_pack("{s:b, s:s, s:o, s:o}", "used", summary->config->sync.strategy == STRATEGY_AUTO,
                     "verdict", feedline_verdict(stats), "judged_at",
                     render_json_time(stats->judged_at * USEC_PER_SEC), "read_at",
                     render_json_time(stats->feed_read_at * USEC_PER_SEC));
}

/* The sentence that says what the daemon does; null where that is not known. */
static json_t *daemon_json(const struct summary *summary)
{
    return summary->asked > 0 ? json_string(summary->line) : json_null();
}

/* Why the copy may not be up to date; `sync` is the last one that ended, where that was no success, and then
 * the remedy is for what it failed of: a start of the daemon alone would not help. */
static json_t *problem_json(const struct summary *summary)
{
    const struct overview *copy = &summary->copy;
    enum health_state state = summary->health.state;
    bool quiet = state == STATE_OK || state == STATE_DOWN || state == STATE_WRITER;
    if (copy->troubled && quiet)
        state = health_of_cycle(&copy->problem);
    if (state == STATE_OK)
        return json_null();
    return json_pack("{s:s, s:s, s:o}", "text", summary->health.text, "remedy", health_kinds[state].advice,
                     "sync", copy->troubled ? render_json_cycle(&copy->problem) : json_null());
}

static json_t *kept_json(const struct overview_kept *kept)
{
    json_t *first = json_array();
    for (size_t i = 0; i < kept->named; i++)
        (void)json_array_append_new(
            first, json_pack("{s:I, s:o, s:o}", "id", (json_int_t)kept->first[i].id, "contact_id",
                             render_json_text(kept->first[i].contact_id), "name",
                             render_json_text(kept->first[i].name[0] ? kept->first[i].name : NULL)));
    return json_pack("{s:I, s:o}", "count", (json_int_t)kept->count, "first", first);
}

static json_t *quota_json(const struct summary *summary)
{
    if (!summary->counted)
        return json_null();
    json_t *windows = json_array();
    for (int w = 0; w < QUOTA_WINDOWS; w++)
        (void)json_array_append_new(windows,
                                    quotabar_json(&summary->quota, &summary->limits, (enum quota_window)w));
    return windows;
}

/* What is in the database: all of it null where that cannot be read. */
static json_t *known_json(const struct summary *summary, json_t *value)
{
    if (summary->unread.code == ERROR_NONE)
        return value;
    json_decref(value);
    return json_null();
}

static json_t *instant_json(int64_t wall)
{
    char text[TEXT_MAX];
    return wall ? json_string(text_format_instant(text, wall)) : json_null();
}

json_t *summary_json(const struct summary *summary)
{
    const struct overview *copy = &summary->copy;
    const struct config *config = summary->config;
    const struct health *health = &summary->health;
    return json_pack(
        "{s:i, s:s, s:b, s:s, s:o, s:s?, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o, s:o, s:o}",
        "version", COMMAND_JSON_VERSION, "state", health_kinds[health->state].name, "healthy",
        health->level == HEALTH_OK, "level", health_level_names[health->level], "last_success_at",
        instant_json(health->success_at), "site", config->flex.base_url, "database", config->database.path,
        "running", summary->held > 0, "process",
        summary->held > 0 ? json_integer(summary->holder.pid) : json_null(), "daemon", daemon_json(summary),
        "next_sync", render_json_time(summary->asked > 0 ? summary->daemon.next_at : 0), "contacts",
        known_json(summary, contacts_json(&copy->counts)), "listing",
        known_json(summary, complete_json(copy)), "fresh", known_json(summary, fresh_json(copy)), "filled_by",
        render_json_time(summary->filled_at), "held_up_until",
        render_json_time(copy->counts.waiting > 0 ? summary_pause(summary, NULL) : 0), "denied",
        known_json(summary, kept_json(&copy->denied)), "contradicted",
        known_json(summary, kept_json(&copy->contradicted)), "quota", quota_json(summary), "edit_order",
        known_json(summary, feed_json(summary)), "last_sync",
        copy->any ? render_json_cycle(&copy->last) : json_null(), "problem", problem_json(summary));
}
