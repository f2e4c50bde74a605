#include "report.h"

#include "flexsync/cleanup.h"
#include "flexsync/text.h"

#include <inttypes.h>
#include <stdio.h>

/* What a command that syncs for a person says itself, at its end. */
static bool is_result(enum event event)
{
    return event == EVENT_CYCLE_FAILED || event == EVENT_KEY_REFUSED || event == EVENT_THROTTLED ||
           event == EVENT_STORE_CORRUPT;
}

void report_event(struct log *log, enum event event, const char *entity, int64_t cycle, const char *text)
{
    char id[TEXT_MAX];
    (void)snprintf(id, sizeof id, "%" PRId64, cycle);
    const struct log_field fields[] = {{"FLEXSYNC_ENTITY", entity}, {"FLEXSYNC_CYCLE", id}};
    const struct log_record record = {.level = event_kinds[event].level,
                                      .message_id = event_kinds[event].id,
                                      .fields = fields,
                                      .field_count = ARRAY_LENGTH(fields),
                                      .told = is_result(event)};
    log_write(log, &record, "%s", text);
}

void report_cycle_end(struct log *log, const struct sync_row *row, const char *line)
{
    static const enum event events[] = {[SYNC_RUNNING] = EVENT_CYCLE_FAILED,
                                        [SYNC_SUCCESS] = EVENT_CYCLE_DONE,
                                        [SYNC_PARTIAL] = EVENT_CYCLE_PARTIAL,
                                        [SYNC_FAILED] = EVENT_CYCLE_FAILED};
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
    const struct event_kind *kind = &event_kinds[events[row->status]];
    const struct log_record record = {
        .level = kind->level, .message_id = kind->id, .fields = fields, .field_count = n, .told = true};
    log_write(log, &record, "%s", line);
}
