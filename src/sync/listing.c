#include "flexsync/listing.h"

#include <inttypes.h>
#include <stdio.h>

static void begin_reading(struct listing *listing)
{
    listing->page = 1;
    listing->step = LISTING_FIRST;
    listing->next = 2;
    listing->pages = listing->empty = 0;
    listing->asked_zero = listing->looked_beyond = listing->last_seen = false;
    listing->moved = listing->disorder = false;
    listing->seen = listing->unusable = listing->page_rows = 0;
}

void listing_begin(struct listing *listing, bool paged, unsigned size)
{
    *listing = (struct listing){
        .paged = paged, .size = size, .total = PAGE_UNKNOWN, .reading = 1, .began = 1, .first_reading = 1};
    begin_reading(listing);
}

/* Begins this reading again, united with none before it. */
static void begin_alone(struct listing *listing)
{
    listing->first_reading = ++listing->reading;
    listing->began++;
    begin_reading(listing);
}

void listing_read_again(struct listing *listing)
{
    begin_alone(listing);
    listing->began = listing->reading;
}

void listing_resize(struct listing *listing, unsigned size)
{
    listing->size = size > LISTING_SIZE_MIN ? size : LISTING_SIZE_MIN;
    begin_alone(listing);
}

unsigned listing_smaller(unsigned size, int64_t total)
{
    do
        size /= 2;
    while (size > LISTING_SIZE_MIN && total != PAGE_UNKNOWN && (int64_t)size >= total);
    return size > LISTING_SIZE_MIN ? size : LISTING_SIZE_MIN;
}

/* Does this answer to page 1 say that nothing comes before it? */
static bool says_first(const struct page *page)
{
    return page->first == 1 || (page->first == PAGE_UNKNOWN && page->number == 0);
}

/* Readings with another total tell of another time: their ids are not united. */
static void note_total(struct listing *listing, const struct page *page)
{
    if (listing->pages > 1) {
        listing->moved = listing->moved || page->total != listing->total;
        return;
    }
    if (listing->reading > 1 && page->total != listing->total)
        listing->first_reading = listing->reading;
    listing->total = page->total;
}

/* Rows without anything new that are no sign of disorder: page 0 as an alias, and everybody once more. */
static bool is_repetition(const struct listing *listing, size_t usable, size_t new_ids)
{
    return new_ids == 0 && (listing->step == LISTING_ZERO || (int64_t)usable == listing->seen);
}

/* Duplicates are only those of the walk: that page 0 repeats page 1 is known, and no fault. */
static void note_rows(struct listing *listing, const struct page *page, size_t new_ids)
{
    size_t usable = page->row_count;
    listing->seen += (int64_t)new_ids;
    if (listing->step == LISTING_FIRST || listing->step == LISTING_ON)
        if (new_ids > 0 || listing->total != PAGE_UNKNOWN)
            listing->duplicates += (int64_t)(usable - new_ids);
    if (new_ids < usable && !is_repetition(listing, usable, new_ids))
        listing->disorder = true;
    if (listing->step != LISTING_ZERO || new_ids > 0)
        listing->unusable += (int64_t)page->unusable;
    if (listing->step == LISTING_ZERO && new_ids > 0)
        listing->zero_based = true;
}

/* An empty page before the end that the server announces is a gap, not the end. */
static bool is_gap(const struct listing *listing, const struct page *page)
{
    int64_t pages = page->total_pages;
    if (listing->empty == 0 || listing->empty > LISTING_GAP_MAX || page->last == 1 ||
        listing->total == PAGE_UNKNOWN)
        return false;
    if (pages == PAGE_UNKNOWN)
        pages = (listing->total + listing->rows - 1) / listing->rows;
    return listing->seen + listing->unusable < listing->total && listing->next <= pages;
}

/*
 * Is this the end of the walk? A page without anything new is, unless it is a gap: it could go on for ever.
 * That a page calls itself the last is only believed where a total can confirm it; without such a word a full
 * page has another one behind it.
 */
static bool is_last(const struct listing *listing, const struct page *page, size_t new_ids)
{
    if (new_ids == 0)
        return !is_gap(listing, page);
    if (listing->total == PAGE_UNKNOWN)
        return false;
    if (page->last != PAGE_UNKNOWN)
        return page->last == 1;
    return listing->seen >= listing->total && page->row_count + page->unusable < listing->size;
}

static void ask(struct listing *listing, enum listing_step step, unsigned page)
{
    listing->step = step;
    listing->page = page;
}

static void walk_on(struct listing *listing)
{
    ask(listing, LISTING_ON, listing->next++);
}

/* Do ids seem to be missing that a further page may bring? */
static bool lacks_ids(const struct listing *listing)
{
    if (listing->total == PAGE_UNKNOWN)
        return listing->disorder || listing->unusable > 0;
    return listing->seen + listing->unusable < listing->total;
}

/* The walk came to its end. Where ids are missing, two places are left where a server may hide them. */
static void end_walk(struct listing *listing)
{
    bool missing = lacks_ids(listing);
    if (missing && !listing->looked_beyond && listing->last_seen) {
        listing->looked_beyond = true;
        ask(listing, LISTING_BEYOND, listing->next++);
    } else if (missing && !listing->asked_zero) {
        listing->asked_zero = true;
        ask(listing, LISTING_ZERO, 0);
    } else {
        listing->step = LISTING_OVER;
    }
}

/* What was granted is what to ask for from now on; a listing that turns out to have pages is asked for by
 * page. */
static void note_size(struct listing *listing, const struct page *page)
{
    if (page->size > 0 && (page->size < listing->size || !listing->paged))
        listing->size = (unsigned)(page->size < LISTING_SIZE_MAX ? page->size : LISTING_SIZE_MAX);
    if (!page->array)
        listing->paged = true;
}

/* What a page holds: as the server says, else as the first one shows. */
static int64_t rows_of_page(const struct listing *listing, const struct page *page)
{
    if (page->size > 0)
        return page->size;
    return page->row_count > 0 ? (int64_t)page->row_count : listing->size;
}

/*
 * Pages enough for a server in its senses, each half full. A site whose pages never end would be asked until
 * the quota is gone.
 */
static unsigned pages_max(const struct listing *listing)
{
    if (listing->total == PAGE_UNKNOWN)
        return LISTING_PAGES_MAX;
    int64_t pages = 2 * (listing->total / listing->rows) + LISTING_PAGES_MORE;
    return (unsigned)(pages < LISTING_SIZE_MAX ? pages : LISTING_SIZE_MAX);
}

static void choose_next(struct listing *listing, const struct page *page, size_t new_ids)
{
    enum listing_step step = listing->step;
    if (step == LISTING_BEYOND && new_ids > 0) /* it was not the end after all */
        listing->looked_beyond = listing->last_seen = false;
    else if (step != LISTING_ZERO && is_last(listing, page, new_ids))
        listing->last_seen = true;
    if (step == LISTING_FIRST && !says_first(page)) {
        listing->asked_zero = true;
        ask(listing, LISTING_ZERO, 0);
    } else if (listing->last_seen || listing->pages >= pages_max(listing)) {
        end_walk(listing);
    } else {
        walk_on(listing);
    }
}

/*
 * The last page that came before the pause, once more. If it is the same, no row before it was added or
 * removed meanwhile: the rows are in order, and each of these changes would have moved them.
 */
static void take_overlap(struct listing *listing, const struct page *page, size_t new_ids)
{
    int64_t rows = (int64_t)(page->row_count + page->unusable);
    if (new_ids == 0 && rows == listing->page_rows && page->total == listing->total)
        walk_on(listing);
    else
        begin_alone(listing);
}

void listing_answer(struct listing *listing, const struct page *page, size_t new_ids)
{
    if (listing->step == LISTING_OVERLAP) {
        take_overlap(listing, page, new_ids);
        return;
    }
    listing->page_rows = (int64_t)(page->row_count + page->unusable);
    if (listing->page_rows == 0)
        listing->empty++;
    else if (listing->empty <= LISTING_GAP_MAX) /* beyond it the walk is given up, whatever page 0 brings */
        listing->empty = 0;
    if (listing->pages++ == 0)
        listing->rows = rows_of_page(listing, page);
    note_total(listing, page);
    note_rows(listing, page, new_ids);
    note_size(listing, page);
    if (listing->paged) {
        choose_next(listing, page, new_ids);
        return;
    }
    listing->last_seen = true; /* an array that has no pages is all there is */
    listing->step = LISTING_OVER;
}

static bool is_whole(const struct listing *listing, int64_t distinct)
{
    if (!listing->last_seen || listing->moved || listing->unusable > 0)
        return false;
    if (listing->total == PAGE_UNKNOWN)
        return !listing->disorder;
    return distinct == listing->total;
}

/* A walk that found no end finds none the next time, and no reading makes an unusable row usable. */
static bool is_hopeless(const struct listing *listing)
{
    if (!listing->last_seen || listing->empty > LISTING_GAP_MAX)
        return true;
    bool explained = listing->total == PAGE_UNKNOWN || listing->seen + listing->unusable == listing->total;
    return listing->unusable > 0 && !listing->moved && !listing->disorder && explained;
}

/* Whoever is in the union and too many has left meanwhile: earlier readings tell of another time. */
static void forget_earlier(struct listing *listing, int64_t distinct)
{
    if (listing->total != PAGE_UNKNOWN && (listing->seen == listing->total || distinct > listing->total))
        listing->first_reading = listing->reading;
}

enum listing_verdict listing_judge(struct listing *listing, int64_t distinct)
{
    forget_earlier(listing, distinct);
    bool alone = listing->first_reading == listing->reading;
    if (is_whole(listing, alone ? listing->seen : distinct))
        return LISTING_WHOLE;
    if (listing->reading - listing->began + 1 >= LISTING_READINGS_MAX || is_hopeless(listing))
        return LISTING_INCOMPLETE;
    listing->reading++;
    if (listing->moved)
        listing->first_reading = listing->reading;
    begin_reading(listing);
    return LISTING_AGAIN;
}

/* --- a walk that is interrupted --- */

/* What is kept of it, in this order; flags are 0 and 1. */
#define KEPT_FORMAT                                                                                          \
    "%u %u %u %u %u %u %u %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %d %d %d"
#define KEPT_FIELDS 16

bool listing_can_pause(const struct listing *listing)
{
    return listing->paged && listing->step == LISTING_ON && listing->pages > 0;
}

void listing_print(char text[static LISTING_TEXT_MAX], const struct listing *listing)
{
    (void)snprintf(text, LISTING_TEXT_MAX, KEPT_FORMAT, listing->size, listing->reading,
                   listing->first_reading, listing->began, listing->next, listing->pages, listing->empty,
                   listing->rows, listing->total, listing->seen, listing->unusable, listing->duplicates,
                   listing->page_rows, listing->asked_zero, listing->moved, listing->disorder);
}

/* Could this be a walk? The text may be anything. */
static bool is_sane(const struct listing *l)
{
    return l->size >= 1 && l->size <= LISTING_SIZE_MAX && l->reading >= l->began && l->began >= 1 &&
           l->first_reading >= 1 && l->first_reading <= l->reading && l->next >= 2 &&
           l->next <= LISTING_SIZE_MAX && l->pages >= 1 && l->empty <= l->pages && l->rows >= 1 &&
           l->total >= PAGE_UNKNOWN && l->seen >= 0 && l->unusable >= 0 && l->duplicates >= 0 &&
           l->page_rows >= 0;
}

bool listing_resume(struct listing *listing, const char *text)
{
    struct listing kept = {.paged = true, .step = LISTING_OVERLAP};
    int zero = 0, moved = 0, disorder = 0;
    if (sscanf(text, KEPT_FORMAT, &kept.size, &kept.reading, &kept.first_reading, &kept.began, &kept.next,
               &kept.pages, &kept.empty, &kept.rows, &kept.total, &kept.seen, &kept.unusable,
               &kept.duplicates, &kept.page_rows, &zero, &moved, &disorder) != KEPT_FIELDS ||
        !is_sane(&kept))
        return false;

    kept.asked_zero = zero != 0;
    kept.moved = moved != 0;
    kept.disorder = disorder != 0;
    kept.next--; /* the page that was to be asked for next was not answered */
    kept.page = kept.next - 1;
    *listing = kept;
    return true;
}
