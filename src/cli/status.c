#include "ask.h"
#include "command.h"
#include "feedline.h"
#include "flexsync/clock.h"
#include "flexsync/engine.h"
#include "flexsync/facts.h"
#include "flexsync/ledger.h"
#include "flexsync/lock.h"
#include "flexsync/overview.h"
#include "flexsync/text.h"
#include "render.h"

#include <string.h>

/* The classes of read_waiting, in their order. */
static const struct {
    const char *key, *text;
} waiting_names[WAITING_CLASSES] = {
    [WAITING_NEW] = {"new", "new"},
    [WAITING_CHANGED] = {"changed", "changed"},
    [WAITING_PLANNED] = {"planned", "chosen to be looked at again"},
    [WAITING_OTHER] = {"other", "asked for, or missing in a listing"},
    [WAITING_FAILED] = {"failed", "after a failure"},
};

struct summary {
    struct overview copy;
    struct lock_holder holder;
    int held;          /* as lock_holder() says */
    int64_t filled_at; /* wall; 0: everybody's whole record is there, or the ledger cannot be read */
    bool feed_used;
    struct facts daemon;
    char line[FACTS_LINE_MAX]; /* what the daemon says of itself */
    int asked;                 /* 1: the daemon told both; -1: it could not be asked, as asking says */
    struct error asking;
};

static int read_summary(struct summary *summary, struct store *store, const struct config *config,
                        struct error *err)
{
    struct quota quota;
    struct error ignored; /* `flexsync quota` tells what is wrong with a ledger */
    *summary = (struct summary){.feed_used = config->sync.strategy == STRATEGY_AUTO};
    summary->held = lock_holder(config->database.path, &summary->holder);
    if (summary->held > 0)
        summary->asked = ask_status(&summary->holder, &summary->daemon, summary->line, &summary->asking);
    if (overview_read(&summary->copy, store, clock_wall(&clock_system), err) < 0)
        return -1;
    const struct quota_limits limits = engine_quota(config);
    if (summary->copy.waiting.unfetched > 0 &&
        ledger_look(config->limits.ledger, summary->copy.now, &quota, &ignored) >= 0)
        summary->filled_at = overview_filled_at(&summary->copy, &quota, &limits, config->limits.rate);
    return 0;
}

static void print_running(const struct summary *summary)
{
    if (summary->held < 0)
        render_fact(stdout, "Daemon",
                    "cannot be seen from here: the lock of the database may not be read, or names nobody");
    else if (!summary->held)
        render_fact(stdout, "Daemon", "not running; to start it: systemctl start flexsyncd");
    else if (strcmp(summary->holder.program, "flexsyncd") == 0)
        render_fact(stdout, "Daemon", "running, process %d%s%s", summary->holder.pid,
                    summary->asked > 0 ? "; " : "", summary->asked > 0 ? summary->line : "");
    else
        render_fact(stdout, "Daemon", "not running; %s (process %d) is syncing", summary->holder.program,
                    summary->holder.pid);
}

static void print_complete(const struct overview *copy)
{
    char a[TEXT_MAX], b[TEXT_MAX], at[TEXT_MAX];
    const struct sync_counts *c = &copy->listing;
    const int64_t whole_at = copy->stats.listed_at * USEC_PER_SEC;
    if (!copy->listed)
        render_fact(stdout, "Complete", "not known: no listing with a total was read to its end yet");
    else if (c->listed == c->expected && whole_at)
        render_fact(stdout, "Complete", "yes: %s of %s that the server lists, as of %s",
                    text_format_count(a, c->listed), text_format_count(b, c->expected),
                    text_format_local(at, whole_at, copy->now));
    else if (c->listed == c->expected)
        render_fact(stdout, "Complete", "yes: %s of %s that the server lists",
                    text_format_count(a, c->listed), text_format_count(b, c->expected));
    else
        render_fact(stdout, "Complete", "no: the last listing brought %s of %s; last whole one: %s",
                    text_format_count(a, c->listed), text_format_count(b, c->expected),
                    whole_at ? text_format_local(at, whole_at, copy->now) : "none yet");
}

/* Measured, or not known yet: never what is hoped for. */
static void print_fresh(const struct overview *copy)
{
    char share[FRESHNESS_TEXT_MAX], low[FRESHNESS_TEXT_MAX], high[FRESHNESS_TEXT_MAX], n[TEXT_MAX];
    const struct freshness *fresh = &copy->fresh;
    if (!fresh->known)
        render_fact(stdout, "Fresh",
                    "not known yet: %s looked at again at random in %d days, and it takes %d to tell",
                    text_format_count(n, fresh->audits), FRESHNESS_DAYS, FRESHNESS_LEAST);
    else
        render_fact(stdout, "Fresh", "%s %% (%s to %s, of %s looked at again at random in %d days)",
                    freshness_format(share, fresh->share, false), freshness_format(low, fresh->low, false),
                    freshness_format(high, fresh->high, true), text_format_count(n, fresh->audits),
                    FRESHNESS_DAYS);
}

static void print_oldest(const struct overview *copy)
{
    char at[TEXT_MAX], ago[TEXT_MAX];
    if (copy->oldest_look)
        render_fact(stdout, "Oldest look", "%s, %s ago: nobody's record was looked at longer ago",
                    text_format_local(at, copy->oldest_look, copy->now),
                    text_format_span(ago, copy->now - copy->oldest_look));
}

static void print_waiting(const struct overview *copy)
{
    char text[RENDER_TEXT_MAX] = "", n[TEXT_MAX];
    size_t length = 0;
    for (int i = 0; i < WAITING_CLASSES; i++) {
        int64_t count = copy->waiting.of[i];
        if (count > 0)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%s %s", length ? ", " : "",
                                       text_format_count(n, count), waiting_names[i].text);
    }
    if (length > 0)
        render_fact(stdout, "Waiting", "%s record%s to fetch: %s", text_format_count(n, copy->counts.waiting),
                    copy->counts.waiting == 1 ? "" : "s", text);
}

static void print_fill(const struct summary *summary)
{
    char n[TEXT_MAX], total[TEXT_MAX], at[TEXT_MAX];
    const struct overview *copy = &summary->copy;
    if (!summary->filled_at)
        return;
    render_fact(stdout, "First fill",
                "%s of %s without their whole record yet; all of them by about %s, if the daemon runs and "
                "nobody else uses up the quota",
                text_format_count(n, copy->waiting.unfetched), text_format_count(total, copy->counts.total),
                render_when(at, summary->filled_at, copy->now));
}

static void print_feed(const struct summary *summary)
{
    char text[FEEDLINE_MAX];
    if (summary->feed_used)
        render_fact(stdout, "Edit order", "%s", feedline(text, &summary->copy.stats, summary->copy.now));
    else
        render_fact(stdout, "Edit order", "not used: sync.strategy is not auto");
}

static void print_last(const struct overview *copy)
{
    char at[TEXT_MAX], line[FACTS_LINE_MAX];
    if (!copy->any)
        render_fact(stdout, "Last sync", "none yet; to sync now: flexsync sync");
    else if (copy->last.status == SYNC_RUNNING)
        render_fact(stdout, "Last sync", "running since %s",
                    text_format_local(at, copy->last.started_at, copy->now));
    else
        render_fact(stdout, "Last sync", "%s, %s", text_format_local(at, copy->last.started_at, copy->now),
                    facts_cycle_line(line, sizeof line, &copy->last));
    if (copy->any && copy->last.resumes_at > copy->now)
        render_fact(stdout, "Goes on", "%s", text_format_local(at, copy->last.resumes_at, copy->now));
    else if (copy->any && copy->last.resumes_at)
        render_fact(stdout, "Goes on", "with the next sync: the quota allows it since %s",
                    text_format_local(at, copy->last.resumes_at, copy->now));
}

static void print_text(const struct summary *summary, const struct config *config)
{
    char a[TEXT_MAX], b[TEXT_MAX], c[TEXT_MAX];
    const struct overview *copy = &summary->copy;
    (void)printf("Site        %s\n", /* neither is broken: they are to be copied */
                 config->flex.base_url ? config->flex.base_url : "not set; set flex.base_url");
    (void)printf("Database    %s\n", config->database.path);
    print_running(summary);
    render_fact(stdout, "Contacts", "%s, of them %s active, %s with their whole record",
                text_format_count(a, copy->counts.total), text_format_count(b, copy->counts.active),
                text_format_count(c, copy->counts.whole));
    print_complete(copy);
    print_fresh(copy);
    print_oldest(copy);
    print_waiting(copy);
    print_fill(summary);
    print_feed(summary);
    print_last(copy);
}

/* --- JSON --- */

static json_t *waiting_json(const struct overview *copy)
{
    json_t *object = json_object();
    for (int i = 0; i < WAITING_CLASSES; i++)
        (void)json_object_set_new(object, waiting_names[i].key, json_integer(copy->waiting.of[i]));
    return object;
}

static json_t *contacts_json(const struct overview *copy)
{
    const struct read_counts *n = &copy->counts;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "total", (json_int_t)n->total, "active",
                     (json_int_t)n->active, "whole", (json_int_t)n->whole, "waiting", (json_int_t)n->waiting,
                     "troubled", (json_int_t)n->troubled, "unfetched", (json_int_t)copy->waiting.unfetched,
                     "waiting_for", waiting_json(copy));
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
    return json_pack("{s:b, s:s, s:o, s:o}", "used", summary->feed_used, "verdict", feedline_verdict(stats),
                     "judged_at", render_json_time(stats->judged_at * USEC_PER_SEC), "read_at",
                     render_json_time(stats->feed_read_at * USEC_PER_SEC));
}

/* The sentence that says what the daemon does; null where that is not known. */
static json_t *daemon_json(const struct summary *summary)
{
    return summary->asked > 0 ? json_string(summary->line) : json_null();
}

static void print_json(const struct summary *summary, const struct config *config)
{
    const struct overview *copy = &summary->copy;
    (void)render_json(
        stdout, json_pack("{s:i, s:s?, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "version",
                          COMMAND_JSON_VERSION, "site", config->flex.base_url, "database",
                          config->database.path, "running", summary->held > 0, "process",
                          summary->held > 0 ? json_integer(summary->holder.pid) : json_null(), "daemon",
                          daemon_json(summary), "next_sync",
                          render_json_time(summary->asked > 0 ? summary->daemon.next_at : 0), "contacts",
                          contacts_json(copy), "listing", complete_json(copy), "fresh", fresh_json(copy),
                          "filled_by", render_json_time(summary->filled_at), "edit_order", feed_json(summary),
                          "last_sync", copy->any ? render_json_cycle(&copy->last) : json_null()));
}

int command_status(struct call *call)
{
    int status = EXIT_STATUS_DONE;
    struct error err;
    struct summary summary;
    struct store *store = command_open(call, &status);
    if (!store)
        return status;
    if (read_summary(&summary, store, call->config, &err) < 0)
        status = command_failed(&err);
    else if (call->json)
        print_json(&summary, call->config);
    else
        print_text(&summary, call->config);
    if (status == EXIT_STATUS_DONE && summary.asked < 0) /* what the database says was said */
        (void)fprintf(stderr, "flexsync: %s\n", summary.asking.text);
    (void)store_close(store);
    return status;
}
