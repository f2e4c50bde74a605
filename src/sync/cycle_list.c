/* The phases that read the listing and compare it with what is stored. */
#include "cycle_internal.h"

#include "flexsync/backoff.h"
#include "flexsync/text.h"

#include <inttypes.h>
#include <stdio.h>

#define PAGE_TRIES 2 /* of a page that may be too large */

static int accept_page(void *arg, const char *body, size_t length, struct error *err)
{
    struct cycle *cycle = arg;
    struct page *page = NULL;
    if (page_parse(&page, body, length, err) < 0)
        return -1;
    (void)page_free(cycle->page);
    cycle->page = page;
    return 0;
}

static void page_is_done(void *arg, enum fetch_outcome outcome, const struct error *err)
{
    struct cycle *cycle = arg;
    cycle->listing_asked = false;
    cycle->page_done = true;
    cycle->outcome = outcome;
    cycle->page_error = *err;
    cycle->options.wake(cycle->options.arg);
}

/* A page that is too much for the server is not asked for five times: a smaller one may do. */
static unsigned tries_of(const struct cycle *cycle, const struct source_page *wanted)
{
    if (cycle->probes_size)
        return BACKOFF_TRIES - PAGE_TRIES;
    if (wanted->size <= LISTING_SIZE_MIN || cycle->phase == CYCLE_FEED)
        return 0;
    return cycle->shrunk ? 1 : PAGE_TRIES;
}

void cycle_ask_page(struct cycle *cycle, const struct source_page *wanted)
{
    struct error err;
    const struct fetch_handler handler = {
        .accept = accept_page, .done = page_is_done, .tries = tries_of(cycle, wanted)};
    cycle->listing_asked = true;
    if (cycle->source.list(cycle->source.self, cycle->options.entity, wanted, &handler, cycle, &err) < 0) {
        cycle->listing_asked = false;
        cycle_fail(cycle, &err);
    }
}

static void ask_page(struct cycle *cycle)
{
    const struct listing *listing = &cycle->listing;
    if (cycle->by_edits && cycle->feed_asked_at == 0)
        cycle->feed_asked_at = cycle_wall(cycle) / USEC_PER_SEC;
    const struct source_page wanted = {.page = listing->page,
                                       .size = listing->paged ? listing->size : 0,
                                       .order = cycle->by_edits ? ORDER_EDITED_LAST
                                                : cycle->sorted ? ORDER_ID
                                                                : ORDER_NONE};
    cycle_ask_page(cycle, &wanted);
}

/* A reading is over. Odd findings are told once, at the end, not at every reading. */
static int judge_reading(struct cycle *cycle, struct error *err)
{
    const char *name = cycle->options.entity->name;
    struct listing *listing = &cycle->listing;
    int64_t distinct = 0, ids = 0;
    if (cycle->sink.stage_count(cycle->sink.self, listing->first_reading, &distinct, err) < 0 ||
        cycle->sink.stage_count(cycle->sink.self, 0, &ids, err) < 0)
        return -1;
    enum listing_verdict verdict = listing_judge(listing, distinct);
    if (verdict == LISTING_AGAIN)
        return 0;
    bool counted = listing->total != PAGE_UNKNOWN;
    cycle->whole = verdict == LISTING_WHOLE;
    if (cycle->whole && cycle->sink.stage_drop(cycle->sink.self, listing->first_reading, err) < 0)
        return -1;
    /* What earlier readings brought and is not part of the whole any more is not listed. */
    cycle->row.counts.listed = cycle->whole && counted ? listing->total : ids;
    cycle->row.counts.expected = counted ? listing->total : SYNC_UNKNOWN;
    unsigned readings = listing->reading - listing->began + 1;
    if (readings > 1 || listing->duplicates > 0 || !cycle->whole)
        cycle_report(cycle, EVENT_LISTING_ODD,
                     "%s: the listing was read %u times; %" PRId64 " rows came twice, %" PRId64
                     " ids came, %" PRId64 " were announced: %s",
                     name, readings, listing->duplicates, distinct, listing->total,
                     cycle->whole ? "whole" : "not proven whole, so no contact is taken for gone");
    if (cycle->shrunk && cycle->whole)
        cycle_report(
            cycle, EVENT_LISTING_ODD,
            "%s: the server cannot give %u rows a page in time; it is asked for %u at a time for some "
            "days; sync.page_size sets the size",
            name, cycle->options.page_size, cycle->asked_size);
    if (cycle->resumed && cycle_forget_walk(cycle, err) < 0)
        return -1;
    cycle->phase = cycle->relisted ? CYCLE_NEW : CYCLE_FEED;
    return 0;
}

/*
 * The first page in the order of edits: it is the feed. If it turns out not to be everybody, the listing
 * begins again in the order of ids, in which no edit moves anybody from one page to another.
 */
static int take_by_edits(struct cycle *cycle, struct error *err)
{
    struct listing *listing = &cycle->listing;
    const struct page *page = cycle->page;
    bool everybody = page->total == (int64_t)page->row_count;
    if (cycle->fed[FEED_DESC] || page->row_count == 0)
        return 0;
    if (cycle_feed_page(cycle, FEED_DESC, err) < 0)
        return -1;
    if (everybody)
        return 0;
    cycle->by_edits = false;
    cycle->feed_page++;
    listing_begin(listing, listing->paged, listing->size);
    return 1;
}

/* Is this a passing failure, and the page perhaps too large? */
static bool is_too_large(const struct cycle *cycle)
{
    const struct error *err = &cycle->page_error;
    return cycle->outcome == FETCH_FAILED && err->retry != RETRY_NEVER &&
           (err->code == ERROR_UNREACHABLE || err->retry == RETRY_NOW);
}

/*
 * The same question again would fail again, so a smaller one is asked; first the smallest, which tells
 * whether it is the size at all, or a server that gives no page.
 */
static bool ask_for_less(struct cycle *cycle)
{
    unsigned size = cycle->listing.size;
    if (!is_too_large(cycle) || !cycle->listing.paged || size <= LISTING_SIZE_MIN)
        return false;
    cycle->by_edits = false; /* less than all of it is no feed */
    cycle->walk_began = 0;   /* what a pause had kept is of no use */
    cycle->probes_size = !cycle->shrunk;
    cycle->shrunk = true;
    cycle->too_large = size;
    cycle->asked_size = cycle->probes_size ? LISTING_SIZE_MIN : listing_smaller(size, PAGE_UNKNOWN);
    listing_resize(&cycle->listing, cycle->asked_size);
    cycle_report(cycle, EVENT_CYCLE_DETAIL,
                 "%s: a page of %u rows failed (%s); asking for %u; sync.page_size sets the size",
                 cycle->options.entity->name, size, cycle->page_error.text, cycle->asked_size);
    return true;
}

/* The smallest page came: it is the size. True if a larger one is to be asked for. */
static bool take_probe(struct cycle *cycle)
{
    const struct page *page = cycle->page;
    if (!cycle->probes_size)
        return false;
    cycle->probes_size = false;
    cycle->asked_size = listing_smaller(cycle->too_large, page->total);
    if (cycle->asked_size <= LISTING_SIZE_MIN)
        return false;
    listing_resize(&cycle->listing, cycle->asked_size);
    return true;
}

/* What it says is about a person, and is not reported: the row is named by its place, and its id. */
static void name_odd_row(const struct cycle *cycle, const struct page_odd *odd, unsigned number,
                         char ret[static ERROR_TEXT_MAX])
{
    char id[RECORD_ID_MAX + 8] = "";
    if (odd->id[0])
        (void)snprintf(id, sizeof id, " (id %s)", odd->id);
    if (odd->legible)
        (void)snprintf(ret, ERROR_TEXT_MAX, "page %u, row %zu cannot be used: %s", number, odd->position,
                       odd->reason);
    else
        (void)snprintf(ret, ERROR_TEXT_MAX, "page %u, row %zu%s cannot be read: %s; correct the %s in Flex",
                       number, odd->position, id, odd->reason, cycle->options.entity->noun);
}

void cycle_note_odd_rows(struct cycle *cycle, unsigned number)
{
    char text[ERROR_TEXT_MAX];
    const struct page *page = cycle->page;
    for (size_t i = 0; i < page->odd_count && cycle->odd_rows + (int64_t)i < PAGE_ODD_MAX; i++) {
        name_odd_row(cycle, &page->odd[i], number, text);
        cycle_report(cycle, EVENT_LISTING_ODD, "%s: %s", cycle->options.entity->name, text);
        if (!cycle->odd_row[0])
            (void)snprintf(cycle->odd_row, sizeof cycle->odd_row, "%s", text);
    }
    cycle->odd_rows += (int64_t)page->unusable;
}

static int stage(struct cycle *cycle, struct error *err)
{
    struct listing *listing = &cycle->listing;
    size_t new_ids = 0;
    int again = cycle->by_edits ? take_by_edits(cycle, err) : take_probe(cycle);
    if (again != 0) {
        cycle->page = page_free(cycle->page);
        return again < 0 ? -1 : 0;
    }
    if (cycle->sink.stage_page(cycle->sink.self, cycle->options.entity, cycle->page, listing->reading,
                               &new_ids, err) < 0)
        return -1;
    if (listing->reading == listing->began) {
        cycle->row.counts.failed += (int64_t)cycle->page->unusable;
        cycle->findings.other_case += (int64_t)cycle->page->respelt;
        cycle_note_odd_rows(cycle, listing->page);
    }
    findings_add(&cycle->findings, &cycle->page->findings);
    cycle_report(cycle, EVENT_CYCLE_DETAIL, "%s: page %u brought %zu rows, %zu ids new",
                 cycle->options.entity->name, listing->page, cycle->page->row_count, new_ids);
    listing_answer(listing, cycle->page, new_ids);
    if (listing->pages == 0) /* it begins again: what a pause had kept is of no use */
        cycle->walk_began = 0;
    cycle->page = page_free(cycle->page);
    cycle->staged = true;
    cycle_count_cost(cycle); /* for those who look on */
    return 0;
}

/* 400: the server may not know `sort`. Believed when it answers without, and remembered until somebody syncs
 * in full. */
static int remember_sort(struct cycle *cycle, struct error *err)
{
    if (cycle->sink.meta_set(cycle->sink.self, "listing.sort", "refused", cycle_wall(cycle), err) < 0)
        return -1;
    cycle->sort_refused = false;
    cycle_report(cycle, EVENT_LISTING_ODD,
                 "%s: the server refuses to sort its listing; asked without from now on",
                 cycle->options.entity->name);
    return 0;
}

/*
 * The listing ends before its end. What came of it is stored, so that a site whose listing costs more than
 * the quota has left is not read for nothing; but nobody is taken for gone.
 */
int cycle_end_listing(struct cycle *cycle, struct error *err)
{
    cycle->feeding = FEEDING_NOT;
    if (!cycle->staged) {
        cycle->phase = CYCLE_FINISH;
        return 0;
    }
    if (cycle->lists && cycle_keep_walk(cycle, err) < 0)
        return -1;
    if (cycle->lists && !cycle->whole &&
        cycle->sink.stage_count(cycle->sink.self, 0, &cycle->row.counts.listed, err) < 0)
        return -1;
    cycle->phase = CYCLE_NEW; /* only now: what failed is tried again */
    return 0;
}

static int fail(struct cycle *cycle, struct error *err)
{
    cycle_fail(cycle, &cycle->page_error);
    return cycle_end_listing(cycle, err);
}

/* A page that need not be there: page 0, and the one beyond the end. Refused, it is empty. */
static bool is_extra(const struct cycle *cycle)
{
    enum listing_step step = cycle->listing.step;
    return (step == LISTING_ZERO || step == LISTING_BEYOND) && cycle->page_error.retry == RETRY_NEVER;
}

static int take_nothing(struct cycle *cycle)
{
    const struct page empty = {.total = cycle->listing.total,
                               .total_pages = PAGE_UNKNOWN,
                               .number = PAGE_UNKNOWN,
                               .size = PAGE_UNKNOWN,
                               .first = PAGE_UNKNOWN,
                               .last = PAGE_UNKNOWN};
    listing_answer(&cycle->listing, &empty, 0);
    return 0;
}

static int take_refusal(struct cycle *cycle, struct error *err)
{
    if (is_extra(cycle))
        return take_nothing(cycle);
    if (ask_for_less(cycle))
        return 0;
    /* "Not found" may mean the field to sort by. */
    bool rejected = cycle->outcome == FETCH_REJECTED || cycle->outcome == FETCH_GONE;
    if (rejected && cycle->by_edits) {
        cycle->by_edits = false;
        cycle_demote_feed(cycle, "it refuses to sort by the last edit");
        return 0;
    }
    if (!rejected || !cycle->sorted || !cycle->listing.paged || cycle->listing.step != LISTING_FIRST)
        return fail(cycle, err);
    cycle->sorted = false;
    cycle->sort_refused = true;
    return 0;
}

static int take_answer(struct cycle *cycle, struct error *err)
{
    int r = 0;
    switch (cycle->outcome) {
    case FETCH_OK:
        r = cycle->sort_refused ? remember_sort(cycle, err) : 0;
        if (r == 0)
            r = stage(cycle, err);
        break;
    case FETCH_REJECTED:
    case FETCH_GONE:
    case FETCH_DENIED:
    case FETCH_FAILED:
        r = take_refusal(cycle, err);
        break;
    case FETCH_THROTTLED:
    case FETCH_REFUSED:
    case FETCH_UNAVAILABLE:
    case FETCH_CANCELLED:
        cycle_halt(cycle, cycle->outcome, &cycle->page_error);
        r = cycle_end_listing(cycle, err);
        break;
    }
    if (r == 0)
        cycle->page_done = false;
    else
        cycle->phase = CYCLE_LIST; /* a failing sink: the same answer again */
    return r;
}

int cycle_do_list(struct cycle *cycle, enum cycle_advance *ret, int64_t *ret_at, struct error *err)
{
    (void)ret_at;
    if (!cycle->lists) {
        cycle->phase = CYCLE_FEED;
        return 0;
    }
    if (cycle->page_done)
        return take_answer(cycle, err);
    if (cycle->listing_asked) {
        *ret = CYCLE_STEP_WAIT;
        return 0;
    }
    if (cycle->halt != HALT_NOT)
        return cycle_end_listing(cycle, err);
    if (cycle->listing.step == LISTING_OVER)
        return judge_reading(cycle, err);
    ask_page(cycle);
    return 0;
}

/* A wish to end is heard between any two steps of a comparison, if it takes too long to end by itself. */
static bool stopped(struct cycle *cycle)
{
    if (cycle->halt != HALT_STOPPED || cycle_now(cycle) < cycle->stop_at)
        return false;
    cycle->phase = CYCLE_FINISH;
    return true;
}

int cycle_do_new(struct cycle *cycle, enum cycle_advance *ret, int64_t *ret_at, struct error *err)
{
    (void)ret, (void)ret_at;
    if (stopped(cycle))
        return 0;
    cycle_count_cost(cycle);
    int r = cycle->sink.compare_new(cycle->sink.self, cycle->options.entity, &cycle->row, cycle_wall(cycle),
                                    CYCLE_COMPARE_MAX, err);
    cycle->edits_listed += r > 0 ? r : 0;
    if (r == 0)
        cycle->phase = CYCLE_CHANGED;
    return r < 0 ? -1 : 0;
}

int cycle_do_changed(struct cycle *cycle, enum cycle_advance *ret, int64_t *ret_at, struct error *err)
{
    (void)ret, (void)ret_at;
    if (stopped(cycle))
        return 0;
    int r = cycle->sink.compare_changed(cycle->sink.self, cycle->options.entity, &cycle->row,
                                        cycle_wall(cycle), CYCLE_COMPARE_MAX, cycle->cursor, err);
    cycle->edits_listed += r > 0 ? r : 0;
    if (r != 0)
        return r < 0 ? -1 : 0;
    if (cycle->further) /* the whole listing was compared before */
        cycle->phase = CYCLE_PLAN;
    else /* without a whole listing nothing is planned from it */
        cycle->phase =
            cycle->halt == HALT_NOT && cycle->row.status != SYNC_FAILED ? CYCLE_VANISHED : CYCLE_FINISH;
    return 0;
}

static void doubt(struct cycle *cycle, int64_t gone, int64_t active)
{
    char a[TEXT_MAX], b[TEXT_MAX];
    cycle->believed = false;
    cycle_report(cycle, EVENT_VANISHED_DOUBTED,
                 "%s of %s active %s are gone at once, more than %" PRId64
                 " %%: not believed, nobody was touched; if it is true: flexsync sync --accept-vanished",
                 text_format_count(a, gone), text_format_count(b, active), cycle->options.entity->name,
                 cycle->options.max_vanished);
}

int cycle_do_vanished(struct cycle *cycle, enum cycle_advance *ret, int64_t *ret_at, struct error *err)
{
    (void)ret, (void)ret_at;
    const struct entity *entity = cycle->options.entity;
    int64_t gone = 0, active = 0, wall = cycle_wall(cycle);
    unsigned since = cycle->listing.first_reading;
    cycle->phase = CYCLE_PLAN;
    if (!cycle->whole) /* only a whole listing can say that a row is not in it */
        return 0;
    if (cycle->sink.count_vanished(cycle->sink.self, entity, since, wall, &gone, &active, err) < 0)
        goto failed;
    if (cycle_too_many(cycle, gone, active))
        doubt(cycle, gone, active);
    else if (gone > 0 &&
             cycle->sink.take_vanished(cycle->sink.self, entity, &cycle->row, since, wall, err) < 0)
        goto failed;
    return 0;
failed:
    cycle->phase = CYCLE_VANISHED;
    return -1;
}
