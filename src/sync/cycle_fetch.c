/* The phases that fetch records and write what they say. */
#include "cycle_internal.h"

#include "flexsync/hash.h"
#include "flexsync/text.h"
#include "flexsync/utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MISSING_DAYS 3 /* after which a record without a usable answer is gone, if the listing lacks it */

static void item_free(struct store_item *item)
{
    (void)record_free(item->record);
    free((char *)item->body);
    free((char *)item->error);
    free((char *)item->merged_into);
}

static void batch_clear(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        item_free(&batch->items[i]);
    batch->count = 0;
    batch->bytes = 0;
}

void batch_free(struct batch *batch)
{
    batch_clear(batch);
    free(batch->items);
    *batch = (struct batch){0};
}

/* Takes over what the item owns, or frees it when there is no memory; the record then stays queued. */
static void batch_add(struct cycle *cycle, struct store_item *item)
{
    struct batch *batch = &cycle->batch;
    if (batch->count == batch->capacity) {
        size_t capacity = batch->capacity ? batch->capacity * 2 : CYCLE_BATCH_MAX;
        struct store_item *items = realloc(batch->items, capacity * sizeof *items);
        if (!items) {
            cycle->row.counts.failed++;
            item_free(item);
            return;
        }
        batch->items = items;
        batch->capacity = capacity;
    }
    if (batch->count == 0)
        batch->since = cycle_now(cycle);
    batch->bytes += item->body ? strlen(item->body) : 0;
    batch->items[batch->count++] = *item;
}

static int by_id(const void *a, const void *b)
{
    int64_t left = ((const struct store_item *)a)->id, right = ((const struct store_item *)b)->id;
    return (left > right) - (left < right);
}

int cycle_flush(struct cycle *cycle, struct error *err)
{
    struct batch *batch = &cycle->batch;
    if (batch->count == 0)
        return 0;
    qsort(batch->items, batch->count, sizeof *batch->items,
          by_id); /* neighbours share pages, FTS5 likes the order */
    cycle_count_cost(cycle);
    if (cycle->sink.commit(cycle->sink.self, cycle->options.entity, &cycle->row, batch->items, batch->count,
                           cycle_wall(cycle), err) < 0)
        return -1;
    batch_clear(batch);
    return 0;
}

static int remember_absent(struct cycle *cycle, const struct task *task, bool listed)
{
    if (cycle->absent_count == cycle->absent_capacity) {
        size_t capacity = cycle->absent_capacity ? cycle->absent_capacity * 2 : 64;
        struct absent *absent = realloc(cycle->absent, capacity * sizeof *absent);
        if (!absent)
            return -1;
        cycle->absent = absent;
        cycle->absent_capacity = capacity;
    }
    char *merged_into = task->merged_into[0] ? strdup(task->merged_into) : NULL;
    if (task->merged_into[0] && !merged_into)
        return -1;
    cycle->absent[cycle->absent_count++] = (struct absent){
        .id = task->id, .listed = listed, .attempts = task->known.attempts, .merged_into = merged_into};
    return 0;
}

static int accept_record(void *arg, const char *body, size_t length, struct error *err)
{
    struct task *task = arg;
    size_t bom = utf8_bom(body, length); /* SQLite takes no JSON that begins with one */
    body += bom;
    length -= bom;
    task->bytes_hash = hash_bytes(body, length);
    task->same = task->bytes_hash == task->known.bytes_hash;
    if (task->same)
        return 0; /* the bytes were checked when they came for the first time */
    struct record *record = NULL;
    if (record_parse(&record, task->cycle->options.entity, body, length, err) < 0)
        return -1;
    if (!record_id_same(record->id, task->known.key)) {
        (void)snprintf(task->merged_into, sizeof task->merged_into, "%s", record->id);
        (void)record_free(record);
        return error_set(err, ERROR_ANSWER, RETRY_NEVER,
                         "the server answered with another record than the one asked for");
    }
    char *copy = strndup(body, length);
    if (!copy) {
        (void)record_free(record);
        return error_memory(err);
    }
    record->findings.other_case = strcmp(record->id, task->known.key) != 0;
    task->record = record;
    task->body = copy;
    return 0;
}

/* A record that did not come, and stays queued; why is kept beside it. */
static void note_kept(struct cycle *cycle, const struct task *task, enum store_finding finding,
                      const struct error *err, const char *why)
{
    struct store_item item = {
        .finding = finding, .id = task->id, .vanished = task->known.vanished, .error = strdup(why)};
    cycle_feed_fetched(cycle, task, FEED_UNKNOWN, FEED_UNKNOWN);
    cycle_report(cycle, EVENT_CYCLE_DETAIL, "%s %s: %s", cycle->options.entity->noun, task->known.key,
                 err->text);
    batch_add(cycle, &item);
}

/* What will not pass is for people to correct, so its message names the record. */
static void note_failed(struct cycle *cycle, const struct task *task, const struct error *why)
{
    struct error named = *why;
    bool lasting = why->code == ERROR_ANSWER && why->retry == RETRY_NEVER;
    if (lasting)
        (void)error_set(&named, why->code, why->retry, "%s %s: %.350s", cycle->options.entity->noun,
                        task->known.key, why->text);
    if (cycle->error.code == ERROR_NONE || (lasting && cycle->error.retry != RETRY_NEVER))
        cycle->error = named;
    note_kept(cycle, task, FOUND_FAILED, why, named.text);
}

/* A date of the server's in a column, in seconds as if it were UTC; 0 where there is none. */
static int64_t date_in(const struct record *record, const char *column)
{
    const struct value *value = &record->values[entity_column(record->entity, column)];
    int64_t seconds = 0;
    if (value->type == VALUE_TEXT && text_parse_iso(value->text, &seconds) < 0)
        seconds = 0;
    return seconds;
}

/* What this answer tells of how often the record changes. */
static void update_figures(const struct task *task, struct figures *figures)
{
    const struct record *record = task->record;  /* NULL: the same bytes as before */
    int64_t now = task->asked_at / USEC_PER_SEC; /* the answer may be older than its arrival */
    int64_t edited = record ? date_in(record, record->entity->edited) : figures->edited;
    if (figures->watched_since == 0 && record)
        planner_first_fetch(figures, date_in(record, record->entity->created), edited, now);
    else
        planner_later_fetch(figures, record && record->content_hash != task->known.content_hash, edited, now);
}

static int64_t feed_date(int64_t edited)
{
    return edited ? edited : FEED_NONE;
}

static void note_record(struct cycle *cycle, struct task *task)
{
    struct figures figures = task->known.figures;
    bool first = figures.watched_since == 0;
    update_figures(task, &figures);
    cycle_feed_fetched(cycle, task, first ? FEED_UNKNOWN : feed_date(task->known.figures.edited),
                       feed_date(figures.edited));
    struct store_item item = {.finding = task->same ? FOUND_SAME : FOUND_RECORD,
                              .id = task->id,
                              .vanished = task->known.vanished,
                              .figures = figures,
                              .audit = task->audit,
                              .record = task->record,
                              .body = task->body,
                              .bytes_hash = task->bytes_hash};
    if (task->record)
        findings_add(&cycle->findings, &task->record->findings);
    task->record = NULL;
    task->body = NULL;
    cycle->answered++;
    /* A page that was read before it lacked this one, and it is there: rows moved from one page to another.
     */
    cycle->disproved |= task->known.vanished && task->known.was_listed;
    batch_add(cycle, &item);
}

/* The server lists it, and does not know it. That is believed of some records, and not of most of them. */
static void note_contradiction(struct cycle *cycle, const struct task *task)
{
    if (task->known.contradicted) /* that is known, and no news about the server */
        return;
    cycle->contradictions++;
    cycle->disproved = true;
    bool listed = cycle->lists || cycle->options.id_count == 0; /* else no listing says so yet */
    if (listed && cycle->contradictions > CYCLE_STORM_LEAST && cycle->contradictions > cycle->answered)
        cycle_halt_storm(cycle);
}

/*
 * The server says that there is no such record. One that was taken for gone before and is listed all the same
 * stays queued: it may come back. One that is Inactive for another reason loses nothing. The others wait
 * until it is known how many they are.
 */
static void note_gone(struct cycle *cycle, const struct task *task, const struct error *err)
{
    const struct store_known *known = &task->known;
    bool listed = !known->vanished && !known->flagged;
    struct store_item item = {
        .finding = known->returned ? FOUND_DOUBTED : FOUND_GONE, .id = task->id, .audit = task->audit};
    cycle_feed_fetched(cycle, task, FEED_UNKNOWN, FEED_UNKNOWN);
    if (known->returned || !known->active)
        batch_add(cycle, &item);
    else if (remember_absent(cycle, task, listed) < 0)
        note_failed(cycle, task, err);
    else if (listed)
        note_contradiction(cycle, task);
}

/*
 * There is no usable answer. Where complete listings lack the record too, that is no failure: it was merged
 * into another one, or, after some days of this, it is gone whatever its address answers.
 */
static void note_unusable(struct cycle *cycle, const struct task *task, const struct error *err)
{
    const struct store_known *known = &task->known;
    /* Our machine, network or settings say nothing about the record. */
    bool ours = err->code == ERROR_SYSTEM || err->code == ERROR_CONFIG ||
                (err->code == ERROR_UNREACHABLE && err->retry == RETRY_NEVER);
    /* As many days without a place in a listing as asked for in vain, this time included. */
    bool proven = known->missing >= MISSING_DAYS && known->attempts + 1 >= MISSING_DAYS;
    if (!known->vanished || !known->active || ours)
        note_failed(cycle, task, err);
    else if (!task->merged_into[0] && !proven)
        note_kept(cycle, task, FOUND_MISSING, err, err->text);
    else if (remember_absent(cycle, task, false) < 0)
        note_failed(cycle, task, err);
    else
        cycle_feed_fetched(cycle, task, FEED_UNKNOWN, FEED_UNKNOWN);
}

static void note_denied(struct cycle *cycle, const struct task *task, const struct error *err)
{
    cycle->denied++;
    note_kept(cycle, task, FOUND_DENIED, err, err->text);
}

static void record_is_done(void *arg, enum fetch_outcome outcome, const struct error *err)
{
    struct task *task = arg;
    struct cycle *cycle = task->cycle;
    switch (outcome) {
    case FETCH_OK:
        note_record(cycle, task);
        break;
    case FETCH_GONE:
        note_gone(cycle, task, err);
        break;
    case FETCH_DENIED:
        note_denied(cycle, task, err);
        break;
    case FETCH_REJECTED:
    case FETCH_FAILED:
        note_unusable(cycle, task, err);
        break;
    case FETCH_THROTTLED:
    case FETCH_REFUSED:
    case FETCH_UNAVAILABLE:
    case FETCH_CANCELLED:
        cycle_halt(cycle, outcome, err); /* it stays queued */
        break;
    }
    task->cycle = NULL;
    cycle->done++;
    cycle->under_way--;
    cycle->options.wake(cycle->options.arg);
}

static const struct fetch_handler record_handler = {.accept = accept_record, .done = record_is_done};

static struct task *free_task(struct cycle *cycle)
{
    struct task *task = cycle->tasks;
    while (task->cycle)
        task++; /* there is one: under_way is below the window */
    return task;
}

static int ask_record(struct cycle *cycle, struct error *err)
{
    const struct plan_entry *entry = &cycle->plan[cycle->next];
    struct task *task = free_task(cycle);
    struct error refused;
    *task = (struct task){.id = entry->id, .asked_at = cycle_wall(cycle), .audit = entry->audit};
    int r = cycle->sink.lookup(cycle->sink.self, cycle->options.entity, entry->id, &task->known, err);
    if (r <= 0)
        return r;
    task->cycle = cycle;
    if (cycle->source.get(cycle->source.self, cycle->options.entity, task->known.key, &record_handler, task,
                          &refused) < 0) {
        task->cycle = NULL;
        cycle_fail(cycle, &refused);
        return 0;
    }
    cycle->under_way++;
    cycle->unpaced += !task->known.paced;
    cycle->chosen += task->known.chosen;
    return 0;
}

static int ask_records(struct cycle *cycle, struct error *err)
{
    while (cycle->phase == CYCLE_FETCH && cycle->halt == HALT_NOT && cycle->next < cycle->planned &&
           cycle->under_way < cycle->source.window) {
        if (ask_record(cycle, err) < 0)
            return -1;
        cycle->next++;
    }
    return 0;
}

/* A listing in disorder marks everybody; the first that was not edited tells, and the others are not asked.
 */
static int forget_feed(struct cycle *cycle, struct error *err)
{
    if (!cycle->demoted)
        return 0;
    if (cycle->sink.forget_feed(cycle->sink.self, cycle->options.entity, err) < 0)
        return -1;
    cycle->demoted = false;
    return 0;
}

int cycle_do_fetch(struct cycle *cycle, enum cycle_advance *ret, int64_t *ret_at, struct error *err)
{
    const struct batch *batch = &cycle->batch;
    bool over = cycle->under_way == 0 && (cycle->next >= cycle->planned || cycle->halt != HALT_NOT);
    bool full = batch->count >= CYCLE_BATCH_MAX || batch->bytes >= CYCLE_BATCH_BYTES ||
                (batch->count > 0 && cycle_now(cycle) - batch->since >= CYCLE_BATCH_AGE);
    if (((over || full) && cycle_flush(cycle, err) < 0) || forget_feed(cycle, err) < 0)
        return -1;
    int more = over && cycle->halt == HALT_NOT ? cycle_plan_feed(cycle, err) : !over;
    if (more < 0)
        return -1;
    if (!more) {
        if (cycle->halt != HALT_NOT || !cycle_read_further(cycle))
            cycle->phase = CYCLE_RECONCILE;
        return 0;
    }
    if (ask_records(cycle, err) < 0)
        return -1;
    if (cycle->phase != CYCLE_FETCH || cycle->under_way == 0)
        return 0; /* failed, or everything left of the plan has left the queue meanwhile */
    *ret = CYCLE_STEP_WAIT;
    if (batch->count > 0)
        *ret_at = batch->since + CYCLE_BATCH_AGE;
    return 0;
}

static void doubt_gone(struct cycle *cycle, int64_t gone, int64_t active)
{
    const char *name = cycle->options.entity->name;
    cycle->believed = false;
    cycle_report(cycle, EVENT_VANISHED_DOUBTED,
                 "the server does not know %" PRId64 " of %" PRId64 " active %s any more, more than %" PRId64
                 " %% at once: ignored, no row of %s was changed; if it is true: flexsync sync "
                 "--accept-vanished",
                 gone, active, name, cycle->options.max_vanished, name);
}

/*
 * How many the server would have us take for gone: those of this cycle that it does not list, and those taken
 * for gone before that it still lists. Counted cycle by cycle, a server that forgets its records would take
 * everybody, a few at a time.
 */
static int judge_gone(struct cycle *cycle, struct error *err)
{
    int64_t vanished = 0, active = 0, contradicted = 0, gone = 0;
    const struct entity *entity = cycle->options.entity;
    for (size_t i = 0; i < cycle->absent_count; i++)
        gone += !cycle->absent[i].listed;
    if (cycle->sink.count_vanished(cycle->sink.self, entity, cycle->listing.first_reading, cycle_wall(cycle),
                                   &vanished, &active, err) < 0 ||
        cycle->sink.count_contradicted(cycle->sink.self, entity, &contradicted, err) < 0)
        return -1;
    if (gone > 0 && cycle_too_many(cycle, gone + contradicted, active + contradicted))
        doubt_gone(cycle, gone + contradicted, active + contradicted);
    return 0;
}

/* What is believed of it goes into the batch. In a storm that is next to nothing. */
static void settle_absent(struct cycle *cycle, struct absent *absent)
{
    if (cycle->storm && absent->attempts >= CYCLE_STORM_ATTEMPTS)
        return;

    struct store_item item = {.finding = cycle->believed && !cycle->storm ? FOUND_GONE : FOUND_DOUBTED,
                              .id = absent->id,
                              .merged_into = absent->merged_into};
    absent->merged_into = NULL;
    if (absent->listed) {
        item.finding = cycle->storm ? FOUND_DOUBTED : FOUND_CONTRADICTED;
        item.error = strdup("the server lists it, and says that it does not know it");
    }
    batch_add(cycle, &item);
}

static int end_reconcile(struct cycle *cycle, struct error *err)
{
    int again = cycle_list_again(cycle, err);
    if (again == 0)
        cycle->phase = CYCLE_FINISH;
    return again < 0 ? -1 : 0;
}

int cycle_do_reconcile(struct cycle *cycle, enum cycle_advance *ret, int64_t *ret_at, struct error *err)
{
    (void)ret, (void)ret_at;
    if (cycle_flush(cycle, err) < 0)
        return -1;
    if (cycle->absent_next >= cycle->absent_count)
        return end_reconcile(cycle, err);
    if (cycle->absent_next == 0 && judge_gone(cycle, err) < 0)
        return -1;
    for (size_t i = 0; i < CYCLE_BATCH_MAX && cycle->absent_next < cycle->absent_count; i++)
        settle_absent(cycle, &cycle->absent[cycle->absent_next++]);
    return 0;
}
