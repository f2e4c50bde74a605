/*
 * `flexsync metrics`: OpenMetrics text, which node_exporter's textfile collector reads too, since no type is
 * used that it does not know. A family whose figures are not known now has no samples.
 */
#include "command.h"
#include "flexsync/cleanup.h"
#include "flexsync/clock.h"
#include "status.h"

#include <string.h>

struct family {
    const char *name; /* without the _total of a counter; ends with its unit */
    const char *type, *unit, *help;
};

struct metrics {
    FILE *out;
    const struct summary *summary;
    const struct family *family;
};

static void print_escaped(FILE *out, const char *text)
{
    for (; *text; text++)
        if (*text == '\n')
            (void)fputs("\\n", out);
        else
            (void)fprintf(out, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
}

/* Several sites on one machine are told apart by their databases. `label` may be NULL. */
static void sample(const struct metrics *metrics, const char *label, const char *value, double number)
{
    bool counter = metrics->family->type[0] == 'c';
    (void)fprintf(metrics->out, "%s%s{database=\"", metrics->family->name, counter ? "_total" : "");
    print_escaped(metrics->out, metrics->summary->config->database.path);
    (void)fputc('"', metrics->out);
    if (label)
        (void)fprintf(metrics->out, ",%s=\"%s\"", label, value);
    (void)fprintf(metrics->out, "} %.17g\n", number);
}

static void seconds(const struct metrics *metrics, int64_t usec)
{
    sample(metrics, NULL, NULL, (double)usec / (double)USEC_PER_SEC);
}

/* --- the families --- */

static void print_version(const struct metrics *metrics)
{
    sample(metrics, "version", FLEXSYNC_VERSION, 1);
}

static void print_level(const struct metrics *metrics)
{
    sample(metrics, NULL, NULL, metrics->summary->health.level);
}

static void print_state(const struct metrics *metrics)
{
    for (enum health_state state = STATE_OK; state < STATE_COUNT; state++)
        sample(metrics, "state", health_kinds[state].name, metrics->summary->health.state == state);
}

static void print_up(const struct metrics *metrics)
{
    const struct summary *summary = metrics->summary;
    if (summary->held >= 0)
        sample(metrics, NULL, NULL, summary->held > 0 && strcmp(summary->holder.program, "flexsyncd") == 0);
}

static void print_success(const struct metrics *metrics)
{
    seconds(metrics, metrics->summary->health.success_at);
}

static void print_end(const struct metrics *metrics)
{
    if (metrics->summary->copy.ended)
        seconds(metrics, metrics->summary->copy.end.completed_at);
}

static void print_duration(const struct metrics *metrics)
{
    const struct sync_row *end = &metrics->summary->copy.end;
    if (metrics->summary->copy.ended && end->completed_at >= end->started_at)
        seconds(metrics, end->completed_at - end->started_at);
}

static void print_requests(const struct metrics *metrics)
{
    if (metrics->summary->copy.ended && metrics->summary->copy.end.cost.requests != SYNC_UNKNOWN)
        sample(metrics, NULL, NULL, (double)metrics->summary->copy.end.cost.requests);
}

static void print_failed(const struct metrics *metrics)
{
    if (metrics->summary->copy.ended && metrics->summary->copy.end.counts.failed != SYNC_UNKNOWN)
        sample(metrics, NULL, NULL, (double)metrics->summary->copy.end.counts.failed);
}

static void print_syncs(const struct metrics *metrics)
{
    sample(metrics, NULL, NULL, metrics->summary->copy.any ? (double)metrics->summary->copy.last.id : 0);
}

static void print_changes(const struct metrics *metrics)
{
    sample(metrics, NULL, NULL, (double)metrics->summary->copy.changes);
}

static void print_contacts(const struct metrics *metrics)
{
    const struct read_counts *counts = &metrics->summary->copy.counts;
    sample(metrics, "status", "active", (double)counts->active);
    sample(metrics, "status", "inactive", (double)(counts->total - counts->active));
}

static void print_whole(const struct metrics *metrics)
{
    sample(metrics, NULL, NULL, (double)metrics->summary->copy.counts.whole);
}

static void print_waiting(const struct metrics *metrics)
{
    for (int i = 0; i < WAITING_CLASSES; i++)
        sample(metrics, "reason", waiting_names[i].key, (double)metrics->summary->copy.counts.waiting_for[i]);
}

static void print_kept(const struct metrics *metrics)
{
    sample(metrics, "reason", "denied", (double)metrics->summary->copy.denied.count);
    sample(metrics, "reason", "contradicted", (double)metrics->summary->copy.contradicted.count);
}

static void print_complete(const struct metrics *metrics)
{
    const struct overview *copy = &metrics->summary->copy;
    if (copy->listed)
        sample(metrics, NULL, NULL, copy->listing.listed == copy->listing.expected);
}

static void print_fresh(const struct metrics *metrics)
{
    const struct freshness *fresh = &metrics->summary->copy.fresh;
    if (!fresh->known)
        return;
    sample(metrics, "bound", "estimate", fresh->share);
    sample(metrics, "bound", "low", fresh->low);
    sample(metrics, "bound", "high", fresh->high);
}

static void print_oldest(const struct metrics *metrics)
{
    if (metrics->summary->copy.oldest_look)
        seconds(metrics, metrics->summary->copy.oldest_look);
}

static void print_used(const struct metrics *metrics)
{
    for (int w = 0; metrics->summary->counted && w < QUOTA_WINDOWS; w++)
        sample(metrics, "window", quota_window_names[w],
               (double)quota_used(&metrics->summary->quota, (enum quota_window)w));
}

static void print_limit(const struct metrics *metrics)
{
    for (int w = 0; metrics->summary->counted && w < QUOTA_WINDOWS; w++)
        sample(
            metrics, "window", quota_window_names[w],
            (double)quota_limit(&metrics->summary->quota, &metrics->summary->limits, (enum quota_window)w));
}

static const struct {
    struct family family;
    void (*print)(const struct metrics *metrics);
    bool copied; /* out of the database: not known where that cannot be read */
} families[] = {
    {{"flexsync_version", "gauge", "", "The version of flexsync, as a label."}, print_version, false},
    {{"flexsync_health_level", "gauge", "",
      "As flexsync health ends: 0 OK, 1 warning, 2 critical, 3 not known."},
     print_level,
     false},
    {{"flexsync_state", "gauge", "", "1 for the state that flexsync health names, 0 for all others."},
     print_state,
     false},
    {{"flexsync_up", "gauge", "", "Whether flexsyncd runs."}, print_up, false},
    {{"flexsync_last_success_timestamp_seconds", "gauge", "seconds",
      "End of the last sync of all contacts that was a success; 0 for none."},
     print_success,
     true},
    {{"flexsync_last_sync_timestamp_seconds", "gauge", "seconds",
      "End of the last sync of all contacts, whatever it came to."},
     print_end,
     true},
    {{"flexsync_last_sync_duration_seconds", "gauge", "seconds", "How long that one took."},
     print_duration,
     true},
    {{"flexsync_last_sync_requests", "gauge", "", "Requests that it sent."}, print_requests, true},
    {{"flexsync_last_sync_failed_records", "gauge", "", "Records that it could not have."},
     print_failed,
     true},
    {{"flexsync_syncs", "counter", "", "Syncs begun, of all kinds of records."}, print_syncs, true},
    {{"flexsync_changes", "counter", "", "Changes of contacts that were recorded."}, print_changes, true},
    {{"flexsync_contacts", "gauge", "", "Contacts in the database."}, print_contacts, true},
    {{"flexsync_whole_contacts", "gauge", "", "Contacts with their whole record."}, print_whole, true},
    {{"flexsync_waiting_records", "gauge", "", "Records that are to be fetched, by reason."},
     print_waiting,
     true},
    {{"flexsync_kept_records", "gauge", "",
      "Records that stay as they are: denied to the key's user, or listed and yet unknown to the server."},
     print_kept,
     true},
    {{"flexsync_complete", "gauge", "",
      "Whether the last listing brought everybody that the server announced."},
     print_complete,
     true},
    {{"flexsync_fresh_ratio", "gauge", "ratio",
      "Part of the records that is as the server has it, estimated; low and high hold the truth in 95 of 100 "
      "cases."},
     print_fresh,
     true},
    {{"flexsync_oldest_look_timestamp_seconds", "gauge", "seconds",
      "When the record was fetched that was looked at longest ago."},
     print_oldest,
     true},
    {{"flexsync_quota_used_requests", "gauge", "requests",
      "Requests of the account within the last hour, day, month."},
     print_used,
     false},
    {{"flexsync_quota_limit_requests", "gauge", "requests", "Requests that the account may send in it."},
     print_limit,
     false},
};

static void print_family(struct metrics *metrics, size_t i)
{
    const struct family *family = metrics->family = &families[i].family;
    (void)fprintf(metrics->out, "# TYPE %s %s\n", family->name, family->type);
    if (*family->unit)
        (void)fprintf(metrics->out, "# UNIT %s %s\n", family->name, family->unit);
    (void)fprintf(metrics->out, "# HELP %s %s\n", family->name, family->help);
    if (!families[i].copied || metrics->summary->unread.code == ERROR_NONE)
        families[i].print(metrics);
}

/* A copy that is not well is no failure of this command: its metrics say so. */
int command_metrics(struct call *call)
{
    struct error err;
    struct summary summary;
    struct metrics metrics = {.out = stdout, .summary = &summary};
    (void)summary_read(&summary, call->config, 0, &err);
    for (size_t i = 0; i < ARRAY_LENGTH(families); i++)
        print_family(&metrics, i);
    (void)fputs("# EOF\n", stdout);
    return EXIT_STATUS_DONE;
}
