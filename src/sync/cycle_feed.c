/* The phase that reads the listing in the order of edits, and finds out whether there is such an order. */
#include "cycle_internal.h"

#include "flexsync/probe.h"

#include <stdlib.h>

#define FEED_PAGES_MAX 16                 /* of one reading: more edits than these hold are the planner's */
#define ZONE_MAX       (15 * 3600)        /* seconds: no zone's time is so far from UTC */
#define LAG_MAX        (ZONE_MAX + 86400) /* a clock may be wrong by a day besides */
#define PROBE_LISTED   20                 /* contacts that a site must have, to be worth a probe */

static int64_t seconds_now(const struct cycle *cycle)
{
    return cycle_wall(cycle) / USEC_PER_SEC;
}

static enum feeding choose_feeding(const struct cycle *cycle, bool wanted)
{
    const struct cycle_options *options = &cycle->options;
    const struct stats *stats = &cycle->stats;
    int64_t now = seconds_now(cycle);
    if (options->strategy != STRATEGY_AUTO || stats->listed_total < PROBE_LISTED)
        return FEEDING_NOT;
    if (stats->verdict == FEED_HONOURED && !options->full)
        return wanted || stats_feed_is_due(stats, options->budget, STATS_FEED_COST, now) ? FEEDING_READ
                                                                                         : FEEDING_NOT;
    if (stats->verdict == FEED_HONOURED || !wanted)
        return FEEDING_NOT;
    return options->full || stats_probe_is_due(stats, now) ? FEEDING_PROBE : FEEDING_NOT;
}

/* From when on edits may be missing in the copy: the last reading, or the earliest look at a record. */
static int begin_feed(struct cycle *cycle, struct error *err)
{
    int64_t read_at = cycle->stats.feed_read_at;
    if ((read_at == 0 || read_at > seconds_now(cycle)) &&
        cycle->sink.oldest_check(cycle->sink.self, cycle->options.entity, &read_at, err) < 0)
        return -1;
    if (read_at > seconds_now(cycle))
        read_at = 0; /* the clock went back: nothing is known of when anybody was looked at */
    feed_end(&cycle->feed);
    feed_begin(&cycle->feed, read_at, FEED_PAGES_MAX);
    cycle->feed.by_instant = cycle->stats.feed_by_instant;
    cycle->feed_page = cycle->stats.zero_based ? 0 : 1;
    return 0;
}

int cycle_choose_reading(struct cycle *cycle, struct error *err)
{
    enum sync_trigger trigger = cycle->options.trigger;
    bool wanted = cycle->options.full || cycle->options.strategy == STRATEGY_FULL ||
                  trigger == TRIGGER_START || trigger == TRIGGER_SIGNAL || trigger == TRIGGER_MANUAL;
    cycle->lists = true;
    if (!cycle->options.entity->queue_table)
        return 0;
    if (cycle->options.id_count > 0) {
        cycle->lists = cycle_count_unknown(cycle) > 0;
        return 0;
    }
    cycle->feeding = choose_feeding(cycle, wanted);
    cycle->by_edits = cycle->feeding != FEEDING_NOT && cycle->stats.listed_pages == 1;
    cycle->lists = wanted || cycle->by_edits ||
                   stats_listing_is_due(&cycle->stats, cycle->options.budget, seconds_now(cycle));
    return cycle->feeding == FEEDING_NOT ? 0 : begin_feed(cycle, err);
}

void cycle_demote_feed(struct cycle *cycle, const char *why)
{
    bool before = cycle->stats.verdict == FEED_HONOURED;
    cycle->feeding = FEEDING_NOT;
    cycle->demoted = before;
    cycle->stats.verdict = FEED_IGNORED;
    cycle->stats.judged_at = seconds_now(cycle);
    cycle->stats.feed_read_at = cycle->stats.feed_newest = cycle->stats.feed_by_instant = 0;
    cycle_report(cycle, EVENT_FEED, "%s: the server does not list in the order of edits%s: %s",
                 cycle->options.entity->name, before ? " any more" : "", why);
}

/*
 * Since when at the latest a record had its date. By the time alone when it was first had, nothing could be
 * told from anything after a quick fill, in which every record was had in the same second. A date may be of
 * any zone, and says less the nearer it is; one from after it was had, in any zone, was had by a wrong clock.
 */
static int64_t seen_at(const struct store_dated *dated)
{
    int64_t latest = dated->edited + LAG_MAX;
    bool wrong = dated->stored < dated->edited - ZONE_MAX;
    return dated->edited && (wrong || latest < dated->stored) ? latest : dated->stored;
}

/* The rows as the feed sees them, without those that are not stored yet: nothing is known of their dates. */
static size_t date_rows(const struct cycle *cycle, const struct store_dated *dated, struct feed_row *rows)
{
    size_t count = 0;
    int64_t now = seconds_now(cycle);
    for (size_t i = 0; i < cycle->page->row_count; i++)
        if (dated[i].id)
            rows[count++] = (struct feed_row){
                .id = dated[i].id,
                .date = probe_date(&dated[i]),
                .checked = dated[i].checked > now ? 0 : dated[i].checked, /* by a clock that was wrong */
                .seen = seen_at(&dated[i])};
    return count;
}

/* Is a page the last of the listing, as far as it can be seen? */
static bool ends_listing(const struct page *page)
{
    return page->array || page->last == 1 || page->row_count == 0;
}

static int take_rows(struct cycle *cycle, const struct store_dated *dated, struct error *err)
{
    struct feed_row *rows = calloc(cycle->page->row_count + 1, sizeof *rows);
    int r = rows && feed_take_page(&cycle->feed, rows, date_rows(cycle, dated, rows)) == 0
                ? 0
                : error_memory(err);
    cycle->feed.over = ends_listing(cycle->page);
    free(rows);
    return r;
}

/* Every row of both pages counts: the same contacts stand in both. */
static int take_probe(struct cycle *cycle, enum feed_direction direction, const struct store_dated *dated,
                      struct error *err)
{
    if (!cycle->probe && !(cycle->probe = malloc(sizeof *cycle->probe)))
        return error_memory(err);
    probe_take_page(cycle->probe, direction, !cycle->fed[FEED_DESC] && !cycle->fed[FEED_ASC], cycle->page,
                    dated);
    return 0;
}

int cycle_feed_page(struct cycle *cycle, enum feed_direction direction, struct error *err)
{
    struct store_dated *dated = calloc(cycle->page->row_count + 1, sizeof *dated);
    int r = dated ? cycle->sink.dates(cycle->sink.self, cycle->options.entity, cycle->page, dated, err)
                  : error_memory(err);
    if (r == 0 && cycle->feeding == FEEDING_PROBE)
        r = take_probe(cycle, direction, dated, err);
    if (r == 0 && direction == FEED_DESC)
        r = take_rows(cycle, dated, err);
    if (r == 0)
        cycle->fed[direction] = true;
    free(dated);
    return r;
}

/* The pages of a probe are here. */
static void judge_probe(struct cycle *cycle)
{
    struct stats *stats = &cycle->stats;
    enum feed_verdict verdict = feed_probe_verdict(cycle->probe);
    if (verdict == FEED_IGNORED) {
        cycle_demote_feed(cycle, "it was asked in both directions");
        return;
    }
    stats->verdict = verdict;
    stats->judged_at = seconds_now(cycle);
    /* A full pass looks at everybody anyhow. */
    cycle->feeding = verdict == FEED_HONOURED && !cycle->options.full ? FEEDING_READ : FEEDING_NOT;
    if (verdict == FEED_HONOURED)
        cycle_report(cycle, EVENT_FEED,
                     "%s: the server lists in the order of edits; from now on that tells who was edited",
                     cycle->options.entity->name);
}

/* A page of the feed is part of the listing too: it shows who is new, and what changed in it. */
static int stage_feed(struct cycle *cycle, struct error *err)
{
    size_t unused;
    if (cycle->sink.stage_page(cycle->sink.self, cycle->options.entity, cycle->page, cycle->listing.reading,
                               &unused, err) < 0)
        return -1;
    if (!cycle->lists) { /* else the listing has counted them */
        cycle->row.counts.failed += (int64_t)cycle->page->unusable;
        cycle->findings.other_case += (int64_t)cycle->page->respelt;
        cycle_note_odd_rows(cycle, cycle->feed_page);
    }
    cycle->staged = true;
    return 0;
}

static enum feed_direction wanted_direction(const struct cycle *cycle)
{
    return cycle->fed[FEED_DESC] && cycle->feeding == FEEDING_PROBE ? FEED_ASC : FEED_DESC;
}

static int take_page(struct cycle *cycle, struct error *err)
{
    enum feed_direction direction = wanted_direction(cycle);
    cycle->feed_over = direction == FEED_DESC && ends_listing(cycle->page);
    if (cycle->page->row_count == 0) {
        if (!cycle->fed[FEED_DESC])
            cycle->feeding = FEEDING_NOT; /* there is no such listing */
    } else if (cycle_feed_page(cycle, direction, err) < 0 ||
               (direction == FEED_DESC && stage_feed(cycle, err) < 0)) {
        return -1;
    } else if (direction == FEED_DESC) {
        cycle->feed_page++;
    }
    cycle->page = page_free(cycle->page);
    return 0;
}

/* No further page comes. What was fetched for the pages before is judged; without any, the listing ends. */
static int end_reading(struct cycle *cycle, struct error *err)
{
    if (!cycle->further)
        return cycle_end_listing(cycle, err);
    cycle->phase = CYCLE_RECONCILE;
    return 0;
}

/* Without the feed a cycle goes on; without leave to send, a key or the network it does not. */
static int take_answer(struct cycle *cycle, struct error *err)
{
    int r = 0;
    cycle->page_done = false;
    switch (cycle->outcome) {
    case FETCH_OK:
        r = take_page(cycle, err);
        cycle->page_done = r < 0; /* a failing sink: the same answer again */
        break;
    case FETCH_REJECTED:
    case FETCH_GONE:
        cycle_demote_feed(cycle, "it refuses to sort by the last edit");
        break;
    case FETCH_DENIED:
    case FETCH_FAILED:
        cycle->feeding = FEEDING_NOT;
        break;
    case FETCH_THROTTLED:
    case FETCH_REFUSED:
    case FETCH_UNAVAILABLE:
    case FETCH_CANCELLED:
        cycle_halt(cycle, cycle->outcome, &cycle->page_error);
        r = end_reading(cycle, err);
        break;
    }
    return r;
}

static void ask(struct cycle *cycle, enum feed_direction direction)
{
    unsigned first = cycle->stats.zero_based ? 0 : 1;
    const struct source_page wanted = {.page = direction == FEED_DESC ? cycle->feed_page : first,
                                       .size = cycle->listing.size,
                                       .order =
                                           direction == FEED_DESC ? ORDER_EDITED_LAST : ORDER_EDITED_FIRST};
    if (direction == FEED_DESC && !cycle->fed[FEED_DESC])
        cycle->feed_asked_at = seconds_now(cycle);
    cycle_ask_page(cycle, &wanted);
}

/* Are the pages that were taken the whole listing? */
static bool has_everybody(const struct cycle *cycle)
{
    return cycle->feed_over || (cycle->by_edits && cycle->whole);
}

static bool wants_page(const struct cycle *cycle)
{
    if (cycle->feeding != FEEDING_READ)
        return cycle->feeding == FEEDING_PROBE;
    return !cycle->fed[FEED_DESC] || (!has_everybody(cycle) && feed_wants_more(&cycle->feed));
}

bool cycle_read_further(struct cycle *cycle)
{
    if (cycle->feeding != FEEDING_READ || cycle->tight || !wants_page(cycle))
        return false;
    cycle->further = true;
    cycle->cursor[0] = '\0';
    cycle->phase = CYCLE_FEED;
    return true;
}

int cycle_do_feed(struct cycle *cycle, enum cycle_advance *ret, int64_t *ret_at, struct error *err)
{
    (void)ret_at;
    if (cycle->page_done)
        return take_answer(cycle, err);
    if (cycle->listing_asked) {
        *ret = CYCLE_STEP_WAIT;
        return 0;
    }
    if (cycle->halt != HALT_NOT)
        return end_reading(cycle, err);
    if (cycle->feeding == FEEDING_PROBE && cycle->fed[FEED_DESC] && cycle->fed[FEED_ASC])
        judge_probe(cycle);
    if (wants_page(cycle))
        ask(cycle, wanted_direction(cycle));
    else
        cycle->phase = CYCLE_NEW;
    return 0;
}

/* --- what the answers to records tell of the feed --- */

void cycle_feed_answered(struct cycle *cycle, int64_t id, int64_t date)
{
    if (cycle->feeding == FEEDING_READ && !feed_fetched(&cycle->feed, id, date))
        cycle_demote_feed(cycle, "it told of an edit where there was none");
}

void cycle_feed_fetched(struct cycle *cycle, const struct task *task, int64_t before, int64_t after)
{
    const struct stats *stats = &cycle->stats;
    if (cycle->feeding == FEEDING_READ) /* now or later the feed wants it: the plan made room */
        (void)idmap_add(&cycle->answers, task->id, after);
    cycle_feed_answered(cycle, task->id, after);
    /* One that was shown and could not be had at once, or was gone meanwhile, is no edit that was not shown.
     */
    bool shown = task->known.figures.signalled || task->known.attempts > 0 || task->known.returned;
    if (stats->verdict == FEED_HONOURED && stats->feed_newest && !shown &&
        task->known.figures.checked < stats->feed_read_at &&
        feed_should_have_shown(before, after, stats->feed_newest))
        cycle_demote_feed(cycle, "it did not tell of an edit");
}

static void settle_feed(struct cycle *cycle)
{
    if (cycle->feeding != FEEDING_READ || !cycle->fed[FEED_DESC])
        return;
    cycle->stats.feed_at = seconds_now(cycle);
    cycle->stats.feed_by_instant = cycle->feed.by_instant;
    if (cycle->row.status == SYNC_FAILED || !feed_is_complete(&cycle->feed, has_everybody(cycle)))
        return;
    cycle->stats.feed_read_at = cycle->feed_asked_at;
    cycle->stats.feed_newest = cycle->feed.newest > 0 ? cycle->feed.newest : 0;
}

static void settle_listing(struct cycle *cycle)
{
    if (cycle->whole || (cycle->shrunk && cycle->staged))
        stats_paged(&cycle->stats, cycle->asked_size, cycle->options.page_size, seconds_now(cycle));
    if (!cycle->whole)
        return;
    cycle->stats.zero_based = cycle->listing.zero_based;
    /* What was added and removed again before the place of a pause was not seen. */
    stats_listed(&cycle->stats, cycle->listing.pages, cycle->row.counts.listed, cycle->edits_listed,
                 cycle->walk_began ? cycle->walk_began : seconds_now(cycle));
}

/* What a person asks for is not held against the background's pace, nor what is new. */
static void settle_pace(struct cycle *cycle)
{
    int64_t spent = cycle->options.person ? cycle->chosen : cycle->row.cost.requests - cycle->unpaced;
    if (spent > 0)
        stats_spend(&cycle->stats, cycle->options.budget, spent);
    /* What no fetch was worth is not saved up: audits would grow with it. */
    if (cycle->told && !cycle->tight && cycle->stats.tokens > 0)
        cycle->stats.tokens = 0;
}

void cycle_settle(struct cycle *cycle)
{
    if (!cycle->options.entity->queue_table)
        return;
    settle_feed(cycle);
    settle_listing(cycle);
    if (cycle->disproved && !cycle->relisted && !cycle->storm)
        cycle->stats.doubted = 1;
    if (cycle->storm)
        cycle->stats.storms += !cycle->options.person; /* who asks again and again makes nobody wait longer */
    else if (cycle->answered > 0)
        cycle->stats.storms = 0;
    settle_pace(cycle);
}
