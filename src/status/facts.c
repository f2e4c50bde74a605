#include "flexsync/facts.h"

#include "flexsync/clock.h"
#include "flexsync/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Appends to a line as far as it has room. */
__attribute__((format(printf, 3, 4))) static void add(char *line, size_t size, const char *format, ...)
{
    size_t length = strlen(line);
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(line + length, size - length, format, args);
    va_end(args);
    if (wanted >= 0 && (size_t)wanted >= size - length)
        text_drop_half(line); /* a STATUS that is not UTF-8 is refused by systemd as a whole */
}

/* "1 request", "1,017 requests" */
static void add_number(char *line, size_t size, int64_t count, const char *one, const char *many)
{
    char n[TEXT_MAX];
    add(line, size, "%s %s", text_format_count(n, count), count == 1 ? one : many);
}

static void add_next(char *line, size_t size, const struct facts *facts)
{
    char at[TEXT_MAX];
    if (facts->next_at)
        add(line, size, ", next sync %s", text_format_local(at, facts->next_at, facts->now));
}

static void say_idle(char *line, size_t size, const struct facts *facts)
{
    char share[FRESHNESS_TEXT_MAX];
    add(line, size, "idle: ");
    add_number(line, size, facts->contacts, "contact", "contacts");
    if (facts->fresh.known)
        add(line, size, ", %s %% fresh", freshness_format(share, facts->fresh.share, false));
    add_next(line, size, facts);
}

static void say_listing(char *line, size_t size, const struct facts *facts)
{
    add(line, size, "syncing %s: reading the listing, ", facts->entity);
    add_number(line, size, facts->requests, "request", "requests");
}

static void say_fetching(char *line, size_t size, const struct facts *facts)
{
    char done[TEXT_MAX], planned[TEXT_MAX], left[TEXT_MAX];
    size_t percent = facts->planned ? facts->done * 100 / facts->planned : 100;
    add(line, size, "syncing %s: %s of %s (%zu %%)", facts->entity,
        text_format_count(done, (int64_t)facts->done), text_format_count(planned, (int64_t)facts->planned),
        percent);
    if (facts->rate > 0)
        add(line, size, facts->rate < 9.95 ? ", %.1f/s" : ", %.0f/s", facts->rate);
    if (facts->left_hour != SYNC_UNKNOWN)
        add(line, size, ", quota left %s this hour", text_format_count(left, facts->left_hour));
}

static void say_finishing(char *line, size_t size, const struct facts *facts)
{
    add(line, size, "syncing %s: finishing", facts->entity);
}

static void say_paused(char *line, size_t size, const struct facts *facts)
{
    static const char *const windows[QUOTA_WINDOWS] = {"hourly", "daily", "monthly"};
    char at[TEXT_MAX];
    if (facts->pause == FACTS_PAUSE_SERVER)
        add(line, size, "paused: the server takes no more requests for now");
    else
        add(line, size, "paused: %s quota%s used up", windows[facts->window],
            facts->pause == FACTS_PAUSE_SHARE ? " for background work" : "");
    if (facts->resumes_at)
        add(line, size, ", goes on %s", text_format_local(at, facts->resumes_at, facts->now));
    else
        add_next(line, size, facts);
}

static void say_trouble(char *line, size_t size, const struct facts *facts)
{
    add(line, size, "trouble: %s", facts->trouble);
    add_next(line, size, facts);
}

static void (*const sayings[])(char *, size_t, const struct facts *) = {
    [FACTS_IDLE] = say_idle,           [FACTS_LISTING] = say_listing, [FACTS_FETCHING] = say_fetching,
    [FACTS_FINISHING] = say_finishing, [FACTS_PAUSED] = say_paused,   [FACTS_REFUSED] = say_trouble,
    [FACTS_TROUBLED] = say_trouble,
};

char *facts_line(char *line, size_t size, const struct facts *facts)
{
    line[0] = '\0';
    sayings[facts->state](line, size, facts);
    return line;
}

static void add_count(char *line, size_t size, int64_t count, const char *one, const char *many)
{
    if (count <= 0)
        return;
    add(line, size, ", ");
    add_number(line, size, count, one, many);
}

char *facts_cycle_line(char *line, size_t size, const struct sync_row *row)
{
    char a[TEXT_MAX], b[TEXT_MAX];
    const struct sync_counts *c = &row->counts;
    line[0] = '\0';
    add(line, size, "%s: %s; ", row->entity, sync_status_names[row->status]);
    if (c->listed == SYNC_UNKNOWN)
        add(line, size, "listing not read");
    else if (c->expected == SYNC_UNKNOWN)
        add(line, size, "%s listed", text_format_count(a, c->listed));
    else
        add(line, size, "%s of %s listed", text_format_count(a, c->listed),
            text_format_count(b, c->expected));
    add(line, size, ", %s fetched", text_format_count(a, c->fetched));
    add_count(line, size, c->inserted, "new", "new");
    add_count(line, size, c->updated, "changed", "changed");
    add_count(line, size, c->unchanged, "unchanged", "unchanged");
    add_count(line, size, c->deleted, "now inactive", "now inactive");
    add_count(line, size, c->failed, "failed", "failed");
    add_count(line, size, c->denied, "denied", "denied");
    add(line, size, "; ");
    add_number(line, size, row->cost.requests, "request", "requests");
    add_count(line, size, row->cost.retries, "retry", "retries");
    add_count(line, size, row->cost.throttled, "answered 429", "answered 429");
    add(line, size, ", %s in %s", text_format_size(a, row->cost.bytes),
        text_format_span(b, row->completed_at - row->started_at));
    if (row->error_message[0])
        add(line, size, "; %s", row->error_message);
    return line;
}
