#include "command.h"
#include "flexsync/clock.h"
#include "flexsync/facts.h"
#include "flexsync/lock.h"
#include "flexsync/text.h"
#include "render.h"

#include <string.h>

#define CYCLES_SEEN 50 /* so far back a listing is looked for that was read to its end */

struct summary {
    struct read_counts counts;
    bool any; /* there was a cycle */
    struct sync_row last;
    bool listed; /* and one with a listing that was compared */
    struct sync_counts listing;
    struct lock_holder holder;
    int held; /* as lock_holder() says */
};

static int each_cycle(void *arg, const struct sync_row *row)
{
    struct summary *summary = arg;
    if (!summary->any) {
        summary->any = true;
        summary->last = *row;
        summary->last.entity = entity_contacts.name; /* the row's own texts end with the callback */
        summary->last.strategy = "";
    }
    summary->listed = row->counts.expected != SYNC_UNKNOWN && row->counts.listed != SYNC_UNKNOWN;
    summary->listing = row->counts;
    return summary->listed; /* the newest one tells */
}

static int read_summary(struct summary *summary, struct store *store, const struct config *config,
                        struct error *err)
{
    *summary = (struct summary){0};
    summary->held = lock_holder(config->database.path, &summary->holder);
    if (read_counts(store, &entity_contacts, &summary->counts, err) < 0)
        return -1;
    return read_cycles(store, &entity_contacts, CYCLES_SEEN, each_cycle, summary, err);
}

static void print_running(const struct summary *summary)
{
    if (summary->held < 0)
        (void)printf("Daemon      cannot be seen from here: the lock of the database may not be read, or "
                     "names nobody\n");
    else if (!summary->held)
        (void)printf("Daemon      not running; to start it: systemctl start flexsyncd\n");
    else if (strcmp(summary->holder.program, "flexsyncd") == 0)
        (void)printf("Daemon      running, process %d\n", summary->holder.pid);
    else
        (void)printf("Daemon      not running; %s (process %d) is syncing\n", summary->holder.program,
                     summary->holder.pid);
}

static void print_complete(const struct summary *summary)
{
    char a[TEXT_MAX], b[TEXT_MAX];
    const struct sync_counts *c = &summary->listing;
    if (!summary->listed)
        (void)printf("Complete    not known: no listing with a total was read to its end yet\n");
    else if (c->listed == c->expected)
        (void)printf("Complete    yes: %s of %s that the server lists\n", text_format_count(a, c->listed),
                     text_format_count(b, c->expected));
    else
        (void)printf("Complete    no: the last listing brought %s of %s\n", text_format_count(a, c->listed),
                     text_format_count(b, c->expected));
}

static void print_text(const struct summary *summary, const struct config *config)
{
    char a[TEXT_MAX], b[TEXT_MAX], c[TEXT_MAX], line[FACTS_LINE_MAX];
    const struct read_counts *n = &summary->counts;
    int64_t now = clock_wall(&clock_system);
    (void)printf("Site        %s\n",
                 config->flex.base_url ? config->flex.base_url : "not set; set flex.base_url");
    (void)printf("Database    %s\n", config->database.path);
    print_running(summary);
    (void)printf("Contacts    %s, of them %s active, %s with their whole record\n",
                 text_format_count(a, n->total), text_format_count(b, n->active),
                 text_format_count(c, n->whole));
    print_complete(summary);
    if (n->waiting > 0)
        (void)printf("Waiting     %s records to fetch, %s of them after a failure\n",
                     text_format_count(a, n->waiting), text_format_count(b, n->troubled));
    if (!summary->any)
        (void)printf("Last sync   none yet; to sync now: flexsync sync\n");
    else if (summary->last.status == SYNC_RUNNING)
        (void)printf("Last sync   running since %s\n", text_format_local(a, summary->last.started_at, now));
    else
        (void)printf("Last sync   %s, %s\n", text_format_local(a, summary->last.started_at, now),
                     facts_cycle_line(line, sizeof line, &summary->last));
    if (summary->any && summary->last.resumes_at)
        (void)printf("Goes on     %s\n", text_format_local(a, summary->last.resumes_at, now));
}

static void print_json(const struct summary *summary, const struct config *config)
{
    const struct read_counts *n = &summary->counts;
    (void)render_json(stdout,
                      json_pack("{s:i, s:s?, s:s, s:b, s:o, s:{s:I, s:I, s:I, s:I, s:I}, s:o}", "version",
                                COMMAND_JSON_VERSION, "site", config->flex.base_url, "database",
                                config->database.path, "running", summary->held > 0, "process",
                                summary->held > 0 ? json_integer(summary->holder.pid) : json_null(),
                                "contacts", "total", (json_int_t)n->total, "active", (json_int_t)n->active,
                                "whole", (json_int_t)n->whole, "waiting", (json_int_t)n->waiting, "troubled",
                                (json_int_t)n->troubled, "last_sync",
                                summary->any ? render_json_cycle(&summary->last) : json_null()));
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
    (void)store_close(store);
    return status;
}
