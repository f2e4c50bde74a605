/* `flexsync status` for people: the questions that they have, in the order in which they have them. */
#include "feedline.h"
#include "flexsync/clock.h"
#include "flexsync/text.h"
#include "quotabar.h"
#include "render.h"
#include "status.h"

#include <inttypes.h>
#include <string.h>

/* The unit is for what is in its folder; a copy elsewhere, as that of the quick start, has none. */
static const char *start_advice(const struct config *config)
{
    static const char service[] = "/var/lib/flexsync/";
    return strncmp(config->database.path, service, strlen(service)) == 0 ? "systemctl start flexsyncd"
                                                                         : "flexsyncd, with these settings";
}

static void print_running(FILE *out, const struct summary *summary)
{
    static const enum render_tone tones[FACTS_STATE_COUNT] = {
        [FACTS_PAUSED] = RENDER_WARN, [FACTS_REFUSED] = RENDER_BAD, [FACTS_TROUBLED] = RENDER_BAD};
    enum render_tone tone = summary->asked > 0 ? tones[summary->daemon.state] : RENDER_PLAIN;
    if (summary->held < 0)
        render_fact_tone(out, RENDER_WARN, "Daemon",
                         "cannot be seen from here: the lock of the database may not be read, or names "
                         "nobody");
    else if (!summary->held)
        render_fact_tone(out, RENDER_WARN, "Daemon", "not running; to start it: %s",
                         start_advice(summary->config));
    else if (strcmp(summary->holder.program, "flexsyncd") == 0)
        render_fact_tone(out, tone == RENDER_PLAIN ? RENDER_GOOD : tone, "Daemon", "running, process %d%s%s",
                         summary->holder.pid, summary->asked > 0 ? "; " : "",
                         summary->asked > 0 ? summary->line : "");
    else
        render_fact_tone(out, RENDER_WARN, "Daemon", "not running; %s (process %d) is syncing",
                         summary->holder.program, summary->holder.pid);
}

static void print_complete(FILE *out, const struct overview *copy)
{
    char a[TEXT_MAX], b[TEXT_MAX], at[TEXT_MAX];
    const struct sync_counts *c = &copy->listing;
    const int64_t whole_at = copy->stats.listed_at * USEC_PER_SEC;
    if (!copy->listed)
        render_fact_tone(out, RENDER_WARN, "Complete",
                         "not known: no listing with a total was read to its end yet");
    else if (c->listed == c->expected && whole_at)
        render_fact_tone(out, RENDER_GOOD, "Complete", "yes: %s of %s that the server lists, as of %s",
                         text_format_count(a, c->listed), text_format_count(b, c->expected),
                         text_format_local(at, whole_at, copy->now));
    else if (c->listed == c->expected)
        render_fact_tone(out, RENDER_GOOD, "Complete", "yes: %s of %s that the server lists",
                         text_format_count(a, c->listed), text_format_count(b, c->expected));
    else
        render_fact_tone(out, RENDER_BAD, "Complete",
                         "no: the last listing brought %s of %s; last whole one: %s",
                         text_format_count(a, c->listed), text_format_count(b, c->expected),
                         whole_at ? text_format_local(at, whole_at, copy->now) : "none yet");
}

/* Measured, or not known yet: never what is hoped for. */
static void print_fresh(FILE *out, const struct overview *copy)
{
    char share[FRESHNESS_TEXT_MAX], low[FRESHNESS_TEXT_MAX], high[FRESHNESS_TEXT_MAX], n[TEXT_MAX];
    const struct freshness *fresh = &copy->fresh;
    if (!fresh->known)
        render_fact(out, "Fresh",
                    "not known yet: %s looked at again at random in %d days, and it takes %d to tell",
                    text_format_count(n, fresh->audits), FRESHNESS_DAYS, FRESHNESS_LEAST);
    else
        render_fact(out, "Fresh", "%s %% (%s to %s, of %s looked at again at random in %d days)",
                    freshness_format(share, fresh->share, false), freshness_format(low, fresh->low, false),
                    freshness_format(high, fresh->high, true), text_format_count(n, fresh->audits),
                    FRESHNESS_DAYS);
}

static void print_contacts(FILE *out, const struct overview *copy)
{
    char a[TEXT_MAX], b[TEXT_MAX], c[TEXT_MAX];
    render_fact(out, "Contacts", "%s, of them %s active, %s with their whole record",
                text_format_count(a, copy->counts.total), text_format_count(b, copy->counts.active),
                text_format_count(c, copy->counts.whole));
    if (copy->oldest_look)
        render_fact(out, "Oldest look", "%s, %s ago: nobody's record was looked at longer ago",
                    text_format_local(a, copy->oldest_look, copy->now),
                    text_format_span(b, copy->now - copy->oldest_look));
}

/* "3 records: 12 Name (…), …": those that stay as they are, and why. */
static void print_kept(FILE *out, const char *label, const struct overview_kept *kept, const char *why)
{
    char text[RENDER_TEXT_MAX] = "", n[TEXT_MAX];
    size_t length = 0;
    if (kept->count == 0)
        return;
    for (size_t i = 0; i < kept->named; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%" PRId64 " %s", i ? ", " : "",
                                   kept->first[i].id,
                                   kept->first[i].name[0] ? kept->first[i].name : kept->first[i].contact_id);
    if (kept->count > (int64_t)kept->named)
        (void)snprintf(text + length, sizeof text - length, ", ...");
    text_disarm(text);
    render_fact_tone(out, RENDER_WARN, label, "%s record%s %s: %s", text_format_count(n, kept->count),
                     kept->count == 1 ? "" : "s", why, text);
}

static void print_all_kept(FILE *out, const struct overview *copy)
{
    print_kept(out, "Denied", &copy->denied,
               "that the user of the API key may not see, kept as the listing shows them");
    print_kept(out, "Unknown", &copy->contradicted, "listed, and yet unknown to the server, kept");
}

static void print_last(FILE *out, const struct overview *copy)
{
    static const enum render_tone tones[SYNC_STATUS_COUNT] = {
        [SYNC_SUCCESS] = RENDER_GOOD, [SYNC_PARTIAL] = RENDER_WARN, [SYNC_FAILED] = RENDER_BAD};
    char at[TEXT_MAX], line[FACTS_LINE_MAX];
    if (!copy->any)
        render_fact(out, "Last sync", "none yet; to sync now: flexsync sync");
    else if (copy->last.status == SYNC_RUNNING)
        render_fact(out, "Last sync", "running since %s",
                    text_format_local(at, copy->last.started_at, copy->now));
    else
        render_fact_tone(out, tones[copy->last.status], "Last sync", "%s, %s",
                         text_format_local(at, copy->last.started_at, copy->now),
                         facts_cycle_line(line, sizeof line, &copy->last));
}

/* A time to come. */
static void print_when(FILE *out, const char *label, int64_t wall, int64_t now)
{
    char at[TEXT_MAX], span[TEXT_MAX];
    if (wall > now)
        render_fact(out, label, "%s, in %s", text_format_local(at, wall, now),
                    text_format_span(span, wall - now));
    else
        render_fact(out, label, "at once");
}

static void print_next(FILE *out, const struct summary *summary)
{
    char at[TEXT_MAX];
    const struct overview *copy = &summary->copy;
    int64_t resumes_at = copy->any ? copy->last.resumes_at : 0;
    if (resumes_at > copy->now) { /* by itself, where the daemon runs */
        print_when(out, "Goes on", resumes_at, copy->now);
        return;
    }
    if (summary->asked > 0 && summary->daemon.next_at)
        print_when(out, "Next sync", summary->daemon.next_at, copy->now);
    else if (!summary->held)
        render_fact(out, "Next sync", "none while the daemon does not run; to sync now: flexsync sync");
    if (resumes_at)
        render_fact(out, "Goes on", "with the next sync: the quota allows it since %s",
                    text_format_local(at, resumes_at, copy->now));
}

static void print_health(FILE *out, const struct health *health)
{
    static const enum render_tone tones[HEALTH_LEVELS] = {RENDER_GOOD, RENDER_WARN, RENDER_BAD, RENDER_WARN};
    render_fact_tone(out, tones[health->level], "Health", "%s; %s: %s", health_level_names[health->level],
                     health_kinds[health->state].name, health->text);
}

static void print_problem(FILE *out, const struct overview *copy)
{
    char at[TEXT_MAX];
    const struct sync_row *row = &copy->problem;
    if (!copy->troubled) {
        if (copy->any)
            render_fact(out, "Problem", "none");
        return;
    }
    render_fact_tone(out, row->status == SYNC_FAILED ? RENDER_BAD : RENDER_WARN, "Problem", "%s, %s: %s; %s",
                     text_format_local(at, row->started_at, copy->now), row->entity,
                     sync_status_names[row->status], row->error_message);
    render_fact(out, "To do", "%s", health_kinds[health_of_cycle(row)].advice);
}

/* What, and why it was not fetched yet. */
static void print_waiting(FILE *out, const struct summary *summary)
{
    char text[RENDER_TEXT_MAX] = "", n[TEXT_MAX];
    size_t length = 0;
    const struct read_counts *counts = &summary->copy.counts;
    enum quota_window window = QUOTA_HOUR;
    for (int i = 0; i < WAITING_CLASSES; i++)
        if (counts->waiting_for[i] > 0)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%s %s", length ? ", " : "",
                                       text_format_count(n, counts->waiting_for[i]), waiting_names[i].text);
    if (length == 0)
        return;
    int64_t until = summary_pause(summary, &window);
    if (until)
        length += (size_t)snprintf(text + length, sizeof text - length, "; held up by the quota of the %s",
                                   quota_window_names[window]);
    if (until)
        (void)snprintf(text + length, sizeof text - length, " until %s",
                       text_format_local(n, until, summary->copy.now));
    else if (!summary->held)
        (void)snprintf(text + length, sizeof text - length, "; nobody fetches them at the moment");
    render_fact(out, "Waiting", "%s record%s to fetch: %s", text_format_count(n, counts->waiting),
                counts->waiting == 1 ? "" : "s", text);
}

static void print_fill(FILE *out, const struct summary *summary)
{
    char n[TEXT_MAX], total[TEXT_MAX], at[TEXT_MAX];
    const struct overview *copy = &summary->copy;
    if (!summary->filled_at)
        return;
    render_fact(out, "First fill",
                "%s of %s without their whole record yet; all of them by about %s, if the daemon runs and "
                "nobody else uses up the quota",
                text_format_count(n, copy->counts.unfetched), text_format_count(total, copy->counts.total),
                render_when(at, summary->filled_at, copy->now));
}

static void print_quota(FILE *out, const struct summary *summary)
{
    if (!summary->counted) {
        render_fact_tone(out, RENDER_BAD, "Quota", "not known: %s", summary->ledger.text);
        return;
    }
    for (int w = 0; w < QUOTA_WINDOWS; w++)
        quotabar_print(out, w ? "" : "Quota", &summary->quota, &summary->limits, (enum quota_window)w);
    render_fact(out, "", QUOTABAR_LEGEND);
}

static void print_feed(FILE *out, const struct summary *summary)
{
    char text[FEEDLINE_MAX];
    if (summary->config->sync.strategy == STRATEGY_AUTO)
        render_fact(out, "Edit order", "%s", feedline(text, &summary->copy.stats, summary->copy.now));
    else
        render_fact(out, "Edit order", "not used: sync.strategy is not auto");
}

void summary_print(FILE *out, const struct summary *summary)
{
    const struct config *config = summary->config;
    print_health(out, &summary->health);
    print_running(out, summary);
    print_complete(out, &summary->copy);
    print_fresh(out, &summary->copy);
    print_contacts(out, &summary->copy);
    print_all_kept(out, &summary->copy);
    print_last(out, &summary->copy);
    print_next(out, summary);
    print_problem(out, &summary->copy);
    print_waiting(out, summary);
    print_fill(out, summary);
    print_quota(out, summary);
    print_feed(out, summary);
    (void)fprintf(out, "Site        %s\n", /* neither is broken: they are to be copied */
                  config->flex.base_url ? config->flex.base_url : "not set; set flex.base_url");
    (void)fprintf(out, "Database    %s\n", config->database.path);
}
