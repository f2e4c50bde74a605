#include "report.h"

#include "flexsync/cleanup.h"
#include "flexsync/text.h"
#include "wishes.h"

#include <inttypes.h>
#include <stdio.h>

/* What a command that syncs for a person says itself, at its end. */
static bool is_result(enum event event)
{
    return event == EVENT_CYCLE_FAILED || event == EVENT_KEY_REFUSED || event == EVENT_THROTTLED ||
           event == EVENT_STORE_CORRUPT;
}

static void write_event(struct report *report, enum event event, enum log_level level, const char *entity,
                        int64_t cycle, const char *text)
{
    char id[TEXT_MAX];
    (void)snprintf(id, sizeof id, "%" PRId64, cycle);
    const struct log_field fields[] = {{"FLEXSYNC_ENTITY", entity}, {"FLEXSYNC_CYCLE", id}};
    const struct log_record record = {.level = level,
                                      .message_id = event_kinds[event].id,
                                      .fields = fields,
                                      .field_count = ARRAY_LENGTH(fields),
                                      .told = is_result(event)};
    log_write(report->log, &record, "%s", text);
}

/* How often a fault occurred that was not told each time. */
static void write_count(struct report *report, const struct fold_fault *fault)
{
    char times[TEXT_MAX], n[TEXT_MAX], from[TEXT_MAX], to[TEXT_MAX];
    int64_t now = clock_wall(report->clock);
    (void)snprintf(times, sizeof times, "%" PRId64, fault->times);
    const struct log_field fields[] = {{"FLEXSYNC_ENTITY", fault->entity}, {"FLEXSYNC_TIMES", times}};
    const struct log_record record = {.level = event_kinds[fault->event].level,
                                      .message_id = event_kinds[fault->event].id,
                                      .fields = fields,
                                      .field_count = ARRAY_LENGTH(fields),
                                      .told = is_result(fault->event)};
    log_write(report->log, &record, "%s: %s more time%s, from %s to %s: %s", fault->entity,
              text_format_count(n, fault->times), fault->times == 1 ? "" : "s",
              text_format_local(from, fault->first_at, now), text_format_local(to, fault->last_at, now),
              fault->text);
}

/* Is it to be told now? What is to be told beside it, is. */
static bool is_news(struct report *report, enum event event, const char *entity, int64_t cycle,
                    const char *text)
{
    struct fold_fault fault = {0};
    if (event_kinds[event].level > LOG_LEVEL_WARN)
        return true;
    enum fold_word word =
        fold_take(&report->fold, event, entity, text, cycle, clock_wall(report->clock), &fault);
    if (fault.times > 0)
        write_count(report, &fault);
    return word == FOLD_TELL;
}

void report_event(struct report *report, enum event event, const char *entity, int64_t cycle,
                  const char *text)
{
    if (is_news(report, event, entity, cycle, text))
        write_event(report, event, event_kinds[event].level, entity, cycle, text);
}

void report_cycle_begin(struct report *report, const struct sync_row *row, const char *line)
{
    bool by_itself = row->trigger == TRIGGER_TIMER || row->trigger == TRIGGER_RESUME;
    bool quiet = by_itself && fold_goes_on(&report->fold, EVENT_CYCLE_FAILED, row->entity);
    write_event(report, EVENT_CYCLE_BEGUN, quiet ? LOG_LEVEL_DEBUG : event_kinds[EVENT_CYCLE_BEGUN].level,
                row->entity, row->id, line);
}

static void write_cycle_end(struct report *report, enum event event, const struct sync_row *row,
                            const char *line)
{
    const struct {
        const char *name;
        int64_t value;
    } counts[] = {
        {"FLEXSYNC_CYCLE", row->id},
        {"FLEXSYNC_LISTED", row->counts.listed},
        {"FLEXSYNC_EXPECTED", row->counts.expected},
        {"FLEXSYNC_FETCHED", row->counts.fetched},
        {"FLEXSYNC_INSERTED", row->counts.inserted},
        {"FLEXSYNC_UPDATED", row->counts.updated},
        {"FLEXSYNC_UNCHANGED", row->counts.unchanged},
        {"FLEXSYNC_DELETED", row->counts.deleted},
        {"FLEXSYNC_FAILED", row->counts.failed},
        {"FLEXSYNC_DENIED", row->counts.denied},
        {"FLEXSYNC_REQUESTS", row->cost.requests},
        {"FLEXSYNC_RETRIES", row->cost.retries},
        {"FLEXSYNC_THROTTLED", row->cost.throttled},
        {"FLEXSYNC_BYTES", row->cost.bytes},
    };
    char values[ARRAY_LENGTH(counts)][TEXT_MAX];
    struct log_field fields[ARRAY_LENGTH(counts) + 2];
    size_t n = 0;
    fields[n++] = (struct log_field){"FLEXSYNC_ENTITY", row->entity};
    fields[n++] = (struct log_field){"FLEXSYNC_STATUS", sync_status_names[row->status]};
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
        (void)snprintf(values[i], sizeof values[i], "%" PRId64, counts[i].value);
        fields[n++] = (struct log_field){counts[i].name, values[i]};
    }
    const struct event_kind *kind = &event_kinds[event];
    const struct log_record record = {
        .level = kind->level, .message_id = kind->id, .fields = fields, .field_count = n, .told = true};
    log_write(report->log, &record, "%s", line);
}

/* Two cycles that failed for one reason are one fault, whatever each of them cost; but a person who asked
 * looks for the end of it. */
void report_cycle_end(struct report *report, const struct sync_row *row, const char *line)
{
    static const enum event events[] = {[SYNC_RUNNING] = EVENT_CYCLE_FAILED,
                                        [SYNC_SUCCESS] = EVENT_CYCLE_DONE,
                                        [SYNC_PARTIAL] = EVENT_CYCLE_PARTIAL,
                                        [SYNC_FAILED] = EVENT_CYCLE_FAILED};
    struct fold_fault fault;
    enum event event = events[row->status];
    bool told =
        is_news(report, event, row->entity, row->id, row->error_message) || wish_by_person(row->trigger);
    while (fold_over(&report->fold, row->entity, row->id, &fault))
        write_count(report, &fault);
    if (told)
        write_cycle_end(report, event, row, line);
}

void report_end(struct report *report)
{
    struct fold_fault fault;
    while (fold_over(&report->fold, NULL, 0, &fault))
        write_count(report, &fault);
}
