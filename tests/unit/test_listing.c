#include "flexsync/listing.h"

#include "flexsync/cleanup.h"
#include "flexsync/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE         100  /* what the sites here grant */
#define ASKED        2000 /* what we ask for */
#define REQUESTS_MAX (16 * LISTING_READINGS_MAX * LISTING_PAGES_MAX)
#define MORE_EVER    1000 /* ids that may be added to a site while it is read */
#define READINGS     16   /* of one run, those that were begun again included */
#define NOT_SAID     (-2) /* a figure that the site leaves out */
#define HONEST       (-3)

static size_t draw_below(uint64_t *seed, size_t below)
{
    return (size_t)(random_next(seed) % below);
}

/* Every figure of a page: HONEST, NOT_SAID, or what is said instead. */
struct figures {
    int64_t first, last, number, total, total_pages, size;
};

static const struct figures honest = {HONEST, HONEST, HONEST, HONEST, HONEST, HONEST};

/* A server: answers page and size from a list of ids. */
struct site {
    int *ids;
    size_t count, ever; /* in the list; the next id that nobody had */
    size_t room;        /* for so many ids ever */
    size_t granted;     /* rows of a page at the most */
    bool zero_based;    /* else counted from one, page 0 an alias of page 1 */
    bool array;         /* answers a plain array */
    bool ignores_pages; /* answers everything to every request */
    bool reorders;      /* at every request */
    size_t swaps;       /* neighbours that change places at every request */
    uint64_t seed;
    struct figures says;
    size_t unusable_from, unusable_to; /* places in the list whose rows have no usable id */
    size_t gap_from, gap_to;           /* pages that are empty, before others that are not */
    unsigned requests;
    const struct listing *reader;      /* who asks */
    void (*before)(struct site *site); /* what others do between two requests, or NULL */
};

/* One run: what came, by reading, and how it was judged. */
struct run {
    struct listing listing;
    enum listing_verdict verdict;
    unsigned char (*readings)[READINGS + 1]; /* of each id: the readings that brought it */
    int64_t distinct;                        /* since first_reading, at the last judgement */
};

static struct site make_site(size_t count, size_t granted)
{
    struct site site = {
        .count = count, .ever = count, .room = count + MORE_EVER, .granted = granted, .says = honest};
    site.ids = malloc(site.room * sizeof *site.ids);
    assert_non_null(site.ids);
    for (size_t i = 0; i < count; i++)
        site.ids[i] = (int)i;
    return site;
}

static void swap(struct site *site, size_t a, size_t b)
{
    int id = site->ids[a];
    site->ids[a] = site->ids[b];
    site->ids[b] = id;
}

static void reorder(struct site *site)
{
    for (size_t i = site->count; site->reorders && i > 1; i--)
        swap(site, i - 1, draw_below(&site->seed, i));
    for (size_t n = 0; n < site->swaps && site->count > 1; n++) {
        size_t i = draw_below(&site->seed, site->count - 1);
        swap(site, i, i + 1);
    }
}

static void delete_at(struct site *site, size_t place)
{
    site->count--;
    memmove(site->ids + place, site->ids + place + 1, (site->count - place) * sizeof *site->ids);
}

static void add_one(struct site *site)
{
    assert_true(site->ever < site->room);
    site->ids[site->count++] = (int)site->ever++;
}

static int64_t figure(int64_t says, int64_t truth)
{
    return says == HONEST ? truth : says == NOT_SAID ? PAGE_UNKNOWN : says;
}

static void fill_figures(const struct site *site, size_t place, size_t size, struct page *page)
{
    const struct figures *says = &site->says;
    size_t pages = (site->count + size - 1) / size + site->gap_to - site->gap_from;
    page->total = figure(says->total, (int64_t)site->count);
    page->total_pages = figure(says->total_pages, (int64_t)pages);
    page->number = figure(says->number, (int64_t)place);
    page->size = figure(says->size, (int64_t)size);
    page->first = (int)figure(says->first, place == 0);
    page->last = (int)figure(says->last, place + 1 >= pages);
}

/* Answers a request and counts the ids that are new in this reading. */
static size_t answer(struct site *site, struct run *run, struct page *page)
{
    const struct listing *listing = &run->listing;
    site->requests++;
    site->reader = listing;
    if (site->before)
        site->before(site);
    reorder(site);
    size_t size = listing->paged ? listing->size : SIZE;
    size = site->ignores_pages    ? (site->count ? site->count : 1)
           : size < site->granted ? size
                                  : site->granted;
    size_t place = site->ignores_pages || !listing->paged ? 0 : listing->page;
    if (!site->ignores_pages && listing->paged && !site->zero_based && place > 0)
        place--;
    *page = (struct page){.array = site->array,
                          .total = PAGE_UNKNOWN,
                          .total_pages = PAGE_UNKNOWN,
                          .number = PAGE_UNKNOWN,
                          .size = PAGE_UNKNOWN,
                          .first = PAGE_UNKNOWN,
                          .last = PAGE_UNKNOWN};
    if (!site->array)
        fill_figures(site, place, size, page);
    if (place >= site->gap_from && place < site->gap_to)
        return 0;
    if (place >= site->gap_to)
        place -= site->gap_to - site->gap_from;
    size_t new_ids = 0;
    for (size_t i = place * size; i < site->count && i < (place + 1) * size; i++) {
        if (i >= site->unusable_from && i < site->unusable_to) {
            page->unusable++;
            continue;
        }
        page->row_count++;
        unsigned char *brought = &run->readings[site->ids[i]][listing->reading];
        new_ids += !*brought;
        *brought = 1;
    }
    return new_ids;
}

static bool came(const struct run *run, int id, unsigned first_reading)
{
    for (unsigned r = first_reading; r <= READINGS; r++)
        if (run->readings[id][r])
            return true;
    return false;
}

static int64_t distinct_since(const struct site *site, const struct run *run, unsigned first_reading)
{
    int64_t distinct = 0;
    for (size_t id = 0; id < site->ever; id++)
        distinct += came(run, (int)id, first_reading);
    return distinct;
}

static void begin_run(struct site *site, struct run *run, bool paged, unsigned size)
{
    *run = (struct run){.verdict = LISTING_AGAIN};
    run->readings = calloc(site->room, sizeof *run->readings);
    assert_non_null(run->readings);
    listing_begin(&run->listing, paged, size);
}

static void ask_once(struct site *site, struct run *run)
{
    struct page page;
    assert_true(site->requests < REQUESTS_MAX);
    assert_true(run->listing.reading <= READINGS);
    size_t new_ids = answer(site, run, &page);
    listing_answer(&run->listing, &page, new_ids);
}

/* Goes on until it is judged. Never ending is a failure of its own. */
static void finish_run(struct site *site, struct run *run)
{
    run->verdict = LISTING_AGAIN;
    while (run->verdict == LISTING_AGAIN) {
        while (run->listing.step != LISTING_OVER)
            ask_once(site, run);
        run->distinct = distinct_since(site, run, run->listing.first_reading);
        run->verdict = listing_judge(&run->listing, run->distinct);
    }
}

/* Reads the site as a cycle does. */
static struct run read_site(struct site *site, bool paged, unsigned size)
{
    struct run run;
    begin_run(site, &run, paged, size);
    finish_run(site, &run);
    return run;
}

static size_t missing(const struct site *site, const struct run *run, unsigned first_reading)
{
    size_t absent = 0;
    for (size_t i = 0; i < site->count; i++)
        absent += !came(run, site->ids[i], first_reading);
    return absent;
}

static void end_run(struct site *site, struct run *run)
{
    free(site->ids);
    free(run->readings);
}

/* Reads, and asserts that everybody came and that it was known, in exactly so many requests. */
static void assert_whole_in(struct site *site, bool paged, unsigned requests)
{
    struct run run = read_site(site, paged, ASKED);
    if (run.verdict != LISTING_WHOLE || missing(site, &run, run.listing.first_reading) ||
        site->requests != requests)
        fail_msg("%zu ids: verdict %d, %zu missing, %u requests instead of %u, reading %u", site->count,
                 run.verdict, missing(site, &run, 1), site->requests, requests, run.listing.reading);
    end_run(site, &run);
}

static unsigned pages_of(size_t count, size_t size)
{
    return (unsigned)((count + size - 1) / size);
}

static unsigned at_least(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

static const size_t counts[] = {0, 1, 2, 99, 100, 101, 199, 200, 201, 1600, 1699, 1700, 1701};

static void pages_counted_from_one_need_a_request_each(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
        struct site site = make_site(counts[i], SIZE);
        assert_whole_in(&site, true, at_least(pages_of(counts[i], SIZE), 1));
    }
}

static void pages_counted_from_zero_need_no_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
        struct site site = make_site(counts[i], SIZE);
        site.zero_based = true;
        assert_whole_in(&site, true, at_least(pages_of(counts[i], SIZE), 2));
    }
}

/* It asked for the pages 0 to 16, stored 1,600 of 1,699 contacts and reported success. */
static void the_old_tools_mistake_is_not_made_again(void **state)
{
    (void)state;
    struct site site = make_site(1699, ASKED);
    struct run run = read_site(&site, true, 100);
    assert_int_equal(run.verdict, LISTING_WHOLE);
    assert_int_equal(run.distinct, 1699);
    assert_int_equal(site.requests, 17);
    assert_int_equal(run.listing.duplicates, 0);
    assert_false(run.listing.zero_based);
    end_run(&site, &run);
}

static void everybody_on_one_page_costs_one_request(void **state)
{
    (void)state;
    struct site site = make_site(1699, ASKED);
    assert_whole_in(&site, true, 1);
    site = make_site(ASKED, ASKED);
    assert_whole_in(&site, true, 1);
}

static void what_was_granted_is_what_is_asked_for_from_then_on(void **state)
{
    (void)state;
    struct site site = make_site(250, SIZE);
    struct run run = read_site(&site, true, ASKED);
    assert_int_equal(run.listing.size, SIZE);
    end_run(&site, &run);
    site = make_site(250, ASKED);
    run = read_site(&site, true, 50);
    assert_int_equal(run.listing.size, 50);
    assert_int_equal(site.requests, 5);
    end_run(&site, &run);
}

static void absurd_sizes_in_an_answer_are_not_taken_over(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0, INT64_MAX, UINT32_MAX, (int64_t)UINT32_MAX + 1};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++)
        for (int paged = 0; paged < 2; paged++) {
            struct site site = make_site(30, ASKED);
            site.says.size = sizes[i];
            struct run run = read_site(&site, paged, ASKED);
            assert_int_equal(run.verdict, LISTING_WHOLE);
            assert_in_range(run.listing.size, 1, LISTING_SIZE_MAX);
            end_run(&site, &run);
        }
}

static void a_size_that_is_clamped_only_later_is_found_by_reading_again(void **state)
{
    (void)state;
    struct site site = make_site(1000, SIZE);
    struct run run = {.readings = calloc(site.room, sizeof *run.readings)};
    struct page page;
    assert_non_null(run.readings);
    listing_begin(&run.listing, true, ASKED);
    while (run.verdict == LISTING_AGAIN) {
        while (run.listing.step != LISTING_OVER) {
            site.granted = site.requests < 3 ? 100 : 30;
            size_t new_ids = answer(&site, &run, &page);
            listing_answer(&run.listing, &page, new_ids);
        }
        run.verdict = listing_judge(&run.listing, distinct_since(&site, &run, run.listing.first_reading));
    }
    assert_int_equal(run.verdict, LISTING_WHOLE);
    assert_int_equal(missing(&site, &run, run.listing.first_reading), 0);
    end_run(&site, &run);
}

static void leave_out(struct figures *says, unsigned which)
{
    int64_t *const figures[] = {&says->first, &says->last,        &says->number,
                                &says->total, &says->total_pages, &says->size};
    for (size_t i = 0; i < ARRAY_LENGTH(figures); i++)
        if (which & (1u << i))
            *figures[i] = NOT_SAID;
}

static void whatever_figures_are_missing_everybody_comes_and_it_is_known(void **state)
{
    (void)state;
    for (unsigned which = 0; which < 64; which++)
        for (int zero_based = 0; zero_based < 2; zero_based++)
            for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
                struct site site = make_site(counts[i], SIZE);
                site.zero_based = zero_based;
                leave_out(&site.says, which);
                struct run run = read_site(&site, true, ASKED);
                if (run.verdict != LISTING_WHOLE || missing(&site, &run, run.listing.first_reading) ||
                    site.requests > pages_of(counts[i], SIZE) + 2)
                    fail_msg("without %x, base %d, %zu ids: verdict %d, %zu missing, %u requests", which,
                             !zero_based, counts[i], run.verdict, missing(&site, &run, 1), site.requests);
                end_run(&site, &run);
            }
}

static const struct lie {
    const char *name;
    struct figures says;
    int64_t total_off; /* added to the true total; 0 for none */
    bool provable;     /* the proof is possible in spite of it */
} lies[] = {
    {"always first", {1, HONEST, HONEST, HONEST, HONEST, HONEST}, 0, true},
    {"never first", {0, HONEST, HONEST, HONEST, HONEST, HONEST}, 0, true},
    {"always number 0", {HONEST, HONEST, 0, HONEST, HONEST, HONEST}, 0, true},
    {"always number 0, no first", {NOT_SAID, HONEST, 0, HONEST, HONEST, HONEST}, 0, true},
    {"always number 7, no first", {NOT_SAID, HONEST, 7, HONEST, HONEST, HONEST}, 0, true},
    {"always last", {HONEST, 1, HONEST, HONEST, HONEST, HONEST}, 0, true},
    {"never last", {HONEST, 0, HONEST, HONEST, HONEST, HONEST}, 0, true},
    {"first and last", {1, 1, 0, HONEST, 1, HONEST}, 0, true},
    {"always last, no total", {HONEST, 1, HONEST, NOT_SAID, HONEST, HONEST}, 0, true},
    {"no pages", {HONEST, HONEST, HONEST, HONEST, 0, HONEST}, 0, true},
    {"many pages", {HONEST, HONEST, HONEST, HONEST, 1000000, HONEST}, 0, true},
    {"half the size", {HONEST, HONEST, HONEST, HONEST, HONEST, SIZE / 2}, 0, true},
    {"more in total", {HONEST, HONEST, HONEST, HONEST, HONEST, HONEST}, 10, false},
    {"far more in total", {HONEST, HONEST, HONEST, HONEST, HONEST, HONEST}, 1000000, false},
    {"less in total", {HONEST, HONEST, HONEST, HONEST, HONEST, HONEST}, -10, false},
    {"a page less in total", {HONEST, HONEST, HONEST, HONEST, HONEST, HONEST}, -SIZE, false},
    {"a page less in total, no last", {HONEST, NOT_SAID, HONEST, HONEST, HONEST, HONEST}, -SIZE, false},
    {"less in total, no last", {HONEST, NOT_SAID, HONEST, HONEST, HONEST, HONEST}, -10, false},
};

static void whatever_figure_lies_everybody_comes_and_nothing_wrong_is_proven(void **state)
{
    (void)state;
    static const size_t many[] = {150, 200, 1600, 1699, 1700};
    for (size_t l = 0; l < ARRAY_LENGTH(lies); l++)
        for (int zero_based = 0; zero_based < 2; zero_based++)
            for (size_t i = 0; i < ARRAY_LENGTH(many); i++) {
                struct site site = make_site(many[i], SIZE);
                site.zero_based = zero_based;
                site.says = lies[l].says;
                if (lies[l].total_off)
                    site.says.total = (int64_t)many[i] + lies[l].total_off;
                struct run run = read_site(&site, true, ASKED);
                unsigned limit = LISTING_READINGS_MAX * (2 * pages_of(many[i], SIZE) + 4);
                if (missing(&site, &run, 1) || site.requests > limit ||
                    (run.verdict == LISTING_WHOLE) != lies[l].provable)
                    fail_msg("%s, base %d, %zu ids: verdict %d, %zu missing, %u requests", lies[l].name,
                             !zero_based, many[i], run.verdict, missing(&site, &run, 1), site.requests);
                end_run(&site, &run);
            }
}

static void an_array_asked_for_without_pages_is_whole_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
        struct site site = make_site(counts[i], SIZE);
        site.array = site.ignores_pages = true;
        assert_whole_in(&site, false, 1);
    }
}

static void an_array_that_ignores_pages_is_proven_by_its_repetition(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
        struct site site = make_site(counts[i], SIZE);
        site.array = site.ignores_pages = true;
        assert_whole_in(&site, true, counts[i] ? 3 : 2);
        site = make_site(counts[i], SIZE);
        site.array = site.ignores_pages = site.reorders = true;
        assert_whole_in(&site, true, counts[i] ? 3 : 2);
    }
}

static void arrays_with_pages_are_read_to_an_empty_one_whatever_their_base(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++)
        for (int zero_based = 0; zero_based < 2; zero_based++) {
            struct site site = make_site(counts[i], SIZE);
            site.array = true;
            site.zero_based = zero_based;
            unsigned pages = pages_of(counts[i], SIZE);
            assert_whole_in(&site, true, zero_based ? at_least(pages + 1, 2) : at_least(pages + 2, 2));
        }
}

static void a_listing_asked_for_without_pages_that_has_some_is_read_by_page(void **state)
{
    (void)state;
    for (unsigned which = 0; which < 2; which++) {
        struct site site = make_site(450, ASKED);
        if (which == 1)
            site.says.total = NOT_SAID; /* a Slice of Spring: it has pages and does not know how many */
        struct run run = read_site(&site, false, ASKED);
        assert_int_equal(run.verdict, LISTING_WHOLE);
        assert_int_equal(missing(&site, &run, 1), 0);
        assert_true(run.listing.paged);
        end_run(&site, &run);
    }
}

/* Over thousands of seeds: what is called whole has everybody; and it is called so often enough to be of use.
 */
static void a_site_that_reorders_is_never_called_whole_when_somebody_is_missing(void **state)
{
    (void)state;
    unsigned whole = 0, united = 0;
    for (uint64_t seed = 0; seed < 4000; seed++) {
        uint64_t s = seed;
        size_t count = draw_below(&s, 60);
        struct site site = make_site(count, 1 + draw_below(&s, 40));
        site.seed = seed;
        site.reorders = seed % 2;
        site.swaps = 1 + draw_below(&s, 8);
        site.zero_based = draw_below(&s, 2);
        leave_out(&site.says, (unsigned)draw_below(&s, 64) & ~8u);
        struct run run = read_site(&site, true, 1 + (unsigned)draw_below(&s, 50));
        if (run.verdict == LISTING_WHOLE && missing(&site, &run, run.listing.first_reading))
            fail_msg("seed %lu: whole, but %zu are missing", (unsigned long)seed, missing(&site, &run, 1));
        whole += run.verdict == LISTING_WHOLE;
        united += run.verdict == LISTING_WHOLE && run.listing.seen < (int64_t)count;
        assert_in_range(site.requests, 1, LISTING_READINGS_MAX * (2 * count + 5));
        end_run(&site, &run);
    }
    assert_in_range(whole, 2000, 4000);
    assert_in_range(united, 100, 4000);
}

static void an_array_that_reorders_is_not_called_whole_when_somebody_is_missing(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 4000; seed++) {
        uint64_t s = seed;
        struct site site = make_site(40 + draw_below(&s, 60), 15 + draw_below(&s, 10));
        site.seed = seed;
        site.array = true;
        site.reorders = seed % 2;
        site.swaps = 1 + draw_below(&s, 8);
        site.zero_based = draw_below(&s, 2);
        struct run run = read_site(&site, true, ASKED);
        if (run.verdict == LISTING_WHOLE && missing(&site, &run, run.listing.first_reading))
            fail_msg("seed %lu: whole, but %zu are missing", (unsigned long)seed, missing(&site, &run, 1));
        end_run(&site, &run);
    }
}

static void add_before_the_fourth_request(struct site *site)
{
    if (site->requests == 4)
        add_one(site);
}

static void a_total_that_moves_between_pages_makes_another_reading_of_its_own(void **state)
{
    (void)state;
    struct site site = make_site(1650, SIZE);
    site.before = add_before_the_fourth_request;
    struct run run = read_site(&site, true, ASKED);
    assert_int_equal(run.verdict, LISTING_WHOLE);
    assert_int_equal(run.listing.reading, 2);
    assert_int_equal(run.listing.first_reading, 2);
    assert_int_equal(run.distinct, 1651);
    assert_int_equal(site.requests, 34);
    end_run(&site, &run);
}

static void add_before_every_second_request(struct site *site)
{
    if (site->requests % 2 == 0)
        add_one(site);
}

static void a_total_that_never_rests_ends_after_three_readings_unproven(void **state)
{
    (void)state;
    struct site site = make_site(450, SIZE);
    site.before = add_before_every_second_request;
    struct run run = read_site(&site, true, ASKED);
    assert_int_equal(run.verdict, LISTING_INCOMPLETE);
    assert_int_equal(run.listing.reading, LISTING_READINGS_MAX);
    assert_in_range(site.requests, 15, 30);
    end_run(&site, &run);
}

/* The first reading gets somebody twice and lacks somebody: as if a row had moved between two requests. */
static void move_a_row_in_the_first_reading(struct site *site)
{
    if (site->requests == 3)
        swap(site, 120, 250);
}

static void move_a_row_and_then_lose_one(struct site *site)
{
    move_a_row_in_the_first_reading(site);
    if (site->requests ==
        8) /* the second reading begins, after five pages and two in search of the missing */
        delete_at(site, 400);
}

static void readings_with_another_total_are_not_united(void **state)
{
    (void)state;
    struct site site = make_site(450, SIZE);
    site.before = move_a_row_and_then_lose_one;
    struct run run = read_site(&site, true, ASKED);
    assert_int_equal(run.verdict, LISTING_WHOLE);
    assert_false(came(&run, 400, run.listing.first_reading));
    assert_int_equal(missing(&site, &run, run.listing.first_reading), 0);
    end_run(&site, &run);
}

static void what_one_reading_lacks_another_brings(void **state)
{
    (void)state;
    struct site site = make_site(450, SIZE);
    site.before = move_a_row_in_the_first_reading;
    struct run run = read_site(&site, true, ASKED);
    assert_int_equal(run.verdict, LISTING_WHOLE);
    assert_int_equal(run.listing.reading, 2);
    assert_int_equal(run.listing.duplicates, 1);
    end_run(&site, &run);
}

static void move_a_row_and_then_exchange_one(struct site *site)
{
    move_a_row_in_the_first_reading(site);
    if (site->requests == 8) { /* the second reading begins */
        delete_at(site, 300);
        add_one(site);
    }
}

/*
 * One is deleted and one added between two readings, so that the total stays. The union then has one more
 * than there are; a reading that has everybody by itself must not be spoilt by it, and who is gone must not
 * count as seen.
 */
static void an_exchange_between_readings_neither_proves_nor_spoils_anything(void **state)
{
    (void)state;
    struct site site = make_site(450, SIZE);
    site.before = move_a_row_and_then_exchange_one;
    struct run run = read_site(&site, true, ASKED);
    assert_int_equal(run.verdict, LISTING_WHOLE);
    assert_int_equal(missing(&site, &run, run.listing.first_reading), 0);
    assert_false(came(&run, 300, run.listing.first_reading));
    assert_int_equal(run.listing.reading, 2);
    end_run(&site, &run);
}

static void exchange_between_readings(struct site *site)
{
    if (site->reader->reading > 1 && site->reader->pages == 0) {
        delete_at(site, draw_below(&site->seed, site->count));
        add_one(site);
    }
}

static void a_union_across_exchanges_is_not_called_whole_wrongly(void **state)
{
    (void)state;
    unsigned wrong = 0;
    for (uint64_t seed = 0; seed < 4000; seed++) {
        uint64_t s = seed;
        struct site site = make_site(200 + draw_below(&s, 200), SIZE);
        site.seed = seed;
        site.swaps = 1 + draw_below(&s, 3);
        site.before = exchange_between_readings;
        struct run run = read_site(&site, true, ASKED);
        wrong += run.verdict == LISTING_WHOLE && missing(&site, &run, run.listing.first_reading);
        end_run(&site, &run);
    }
    assert_int_equal(wrong, 0);
}

static void a_site_that_never_ends_is_left_after_so_many_pages(void **state)
{
    (void)state;
    for (int shape = 0; shape < 3; shape++) {
        struct site site = make_site(REQUESTS_MAX, 1);
        site.count = site.ever = 0;
        site.array = shape == 0;
        site.says.last = 0;
        site.says.total = shape == 1 ? NOT_SAID : 1699;
        site.before = add_one; /* every page has one more behind it */
        struct run run = read_site(&site, true, ASKED);
        assert_int_equal(run.verdict, LISTING_INCOMPLETE);
        unsigned most = shape == 2 ? 2 * 1699 + LISTING_PAGES_MORE : LISTING_PAGES_MAX; /* pages of one row */
        assert_in_range(site.requests, most, most + 5);
        end_run(&site, &run);
    }
}

static void a_page_that_repeats_itself_for_ever_ends_the_walk(void **state)
{
    (void)state;
    for (int shape = 0; shape < 3; shape++) {
        struct site site = make_site(SIZE, SIZE);
        site.ignores_pages = true;
        site.says.last = 0;
        site.says.first = shape == 0 ? HONEST : 0;
        site.says.total = 1699;
        site.says.total_pages = 17;
        struct run run = read_site(&site, true, SIZE);
        assert_int_equal(run.verdict, LISTING_INCOMPLETE);
        assert_in_range(site.requests, 3, 4 * LISTING_READINGS_MAX);
        end_run(&site, &run);
    }
}

static void rows_without_a_usable_id_are_never_proven_to_be_there(void **state)
{
    (void)state;
    struct site site = make_site(450, SIZE);
    site.unusable_from = 120;
    site.unusable_to = 123;
    struct run run = read_site(&site, true, ASKED);
    assert_int_equal(run.verdict, LISTING_INCOMPLETE);
    assert_int_equal(run.distinct, 447);
    assert_int_equal(run.listing.duplicates, 0);
    assert_int_equal(site.requests, 5);
    end_run(&site, &run);
}

static void a_page_full_of_unusable_rows_is_not_the_end(void **state)
{
    (void)state;
    for (int array = 0; array < 2; array++) {
        struct site site = make_site(450, SIZE);
        site.array = array;
        site.unusable_from = 100;
        site.unusable_to = 200;
        struct run run = read_site(&site, true, ASKED);
        assert_int_equal(run.verdict, LISTING_INCOMPLETE);
        assert_int_equal(distinct_since(&site, &run, 1), 350);
        end_run(&site, &run);
    }
}

static void empty_pages_before_the_announced_end_are_not_the_end(void **state)
{
    (void)state;
    for (int unsaid = 0; unsaid < 2; unsaid++) {
        struct site site = make_site(400, 50);
        site.gap_from = 2;
        site.gap_to = 4;
        site.says.last = unsaid ? NOT_SAID : HONEST;
        struct run run = read_site(&site, true, 50);
        assert_int_equal(run.verdict, LISTING_WHOLE);
        assert_int_equal(missing(&site, &run, run.listing.first_reading), 0);
        assert_int_equal(site.requests, 10 + unsaid); /* a full page may have another one behind it */
        end_run(&site, &run);
    }
}

static void a_site_of_empty_pages_is_left_at_its_announced_end(void **state)
{
    (void)state;
    struct site site = make_site(400, 50);
    site.gap_from = 1;
    site.gap_to = 1000;
    site.says.total_pages = 8;
    site.says.last = 0;
    struct run run = read_site(&site, true, 50);
    assert_int_equal(run.verdict, LISTING_INCOMPLETE);
    assert_in_range(site.requests, 8, LISTING_READINGS_MAX * (8 + 3));
    end_run(&site, &run);
}

static void a_total_that_lies_costs_a_hundred_pages(void **state)
{
    (void)state;
    struct site site = make_site(1000000, 20);
    site.gap_from = 1;
    site.gap_to = 100000;
    site.says.last = NOT_SAID;
    struct run run = read_site(&site, true, 20);
    assert_int_equal(run.verdict, LISTING_INCOMPLETE);
    assert_in_range(site.requests, LISTING_GAP_MAX, LISTING_GAP_MAX + 5);
    end_run(&site, &run);
}

/* 250 ids in pages of 100: one of page 1 leaves and one comes at the end before page 2 is asked for. */
static void exchange_before_the_second_page(struct site *site)
{
    if (site->requests == 2) {
        delete_at(site, 3);
        add_one(site);
    }
}

static void what_is_contradicted_later_is_read_again_alone(void **state)
{
    (void)state;
    struct site site = make_site(250, SIZE);
    site.before = exchange_before_the_second_page;
    struct run run = read_site(&site, true, ASKED);
    assert_int_equal(run.verdict, LISTING_WHOLE); /* no count shows it */
    assert_int_equal(missing(&site, &run, run.listing.first_reading), 1);
    listing_read_again(&run.listing);
    finish_run(&site, &run);
    assert_int_equal(run.verdict, LISTING_WHOLE);
    assert_int_equal(missing(&site, &run, run.listing.first_reading), 0);
    assert_int_equal(run.distinct, 250);
    end_run(&site, &run);
}

static void pages_shrink_by_half_down_to_the_least(void **state)
{
    (void)state;
    struct site site = make_site(450, ASKED);
    struct run run;
    begin_run(&site, &run, true, ASKED);
    static const unsigned sizes[] = {2000, 1000, 500, 250, 125, 62, 31, LISTING_SIZE_MIN, LISTING_SIZE_MIN};
    for (size_t i = 0; i + 1 < ARRAY_LENGTH(sizes); i++) {
        assert_int_equal(listing_smaller(sizes[i], PAGE_UNKNOWN), sizes[i + 1]);
        listing_resize(&run.listing, sizes[i + 1]);
        assert_int_equal(run.listing.size, sizes[i + 1]);
        assert_int_equal(run.listing.page, 1);
    }
    assert_int_equal(listing_smaller(2000, 450), 250);
    assert_int_equal(listing_smaller(2000, 250), 125);
    assert_int_equal(listing_smaller(2000, 0), LISTING_SIZE_MIN);
    finish_run(&site, &run);
    assert_int_equal(run.verdict, LISTING_WHOLE);
    assert_int_equal(site.requests, pages_of(450, LISTING_SIZE_MIN));
    end_run(&site, &run);
}

/* So many pages, a pause in which `meanwhile` happens, and the rest. */
static struct run read_in_two(struct site *site, unsigned pages, void (*meanwhile)(struct site *site))
{
    struct run run;
    char text[LISTING_TEXT_MAX];
    begin_run(site, &run, true, ASKED);
    while (site->requests < pages)
        ask_once(site, &run);
    assert_true(listing_can_pause(&run.listing));
    listing_print(text, &run.listing);
    memset(&run.listing, 0x5a, sizeof run.listing);
    if (meanwhile)
        meanwhile(site);
    assert_true(listing_resume(&run.listing, text));
    finish_run(site, &run);
    assert_int_equal(run.verdict, LISTING_WHOLE);
    assert_int_equal(missing(site, &run, run.listing.first_reading), 0);
    assert_int_equal(run.distinct, site->count);
    return run;
}

static void a_walk_goes_on_where_it_was_for_one_page_more(void **state)
{
    (void)state;
    for (int zero_based = 0; zero_based < 2; zero_based++)
        for (unsigned pages = 3; pages < 17; pages++) {
            struct site site = make_site(1701, SIZE);
            site.zero_based = zero_based;
            struct run run = read_in_two(&site, pages, NULL);
            assert_int_equal(site.requests, 18 + 1);
            end_run(&site, &run);
        }
}

static void delete_one_of_page_one(struct site *site)
{
    delete_at(site, 7);
}

static void exchange_one_of_page_one(struct site *site)
{
    delete_at(site, 7);
    add_one(site);
}

static void a_walk_whose_rows_moved_meanwhile_begins_again(void **state)
{
    (void)state;
    void (*const happenings[])(struct site *) = {delete_one_of_page_one, exchange_one_of_page_one, add_one};
    for (size_t i = 0; i < ARRAY_LENGTH(happenings); i++) {
        struct site site = make_site(1701, SIZE);
        struct run run = read_in_two(&site, 9, happenings[i]);
        assert_in_range(site.requests, 9 + 1 + 17, 9 + 1 + 19);
        end_run(&site, &run);
    }
}

static void what_is_no_walk_is_not_resumed(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "x",
                                        "1 2 3",
                                        "0 1 1 1 5 4 0 100 1701 400 0 0 100 0 0 0",
                                        "100 1 2 1 5 4 0 100 1701 400 0 0 100 0 0 0",
                                        "100 1 1 1 1 4 0 100 1701 400 0 0 100 0 0 0",
                                        "100 1 1 1 5 4 0 0 1701 400 0 0 100 0 0 0",
                                        "100 1 1 1 5 4 0 100 1701 -4 0 0 100 0 0 0",
                                        "100 1 1 1 5 4 5 100 1701 400 0 0 100 0 0 0",
                                        "100 1 1 1 5 4 100 1701 400 0 0 100 0 0 0"}; /* by an older one */
    struct listing listing = {.size = 7};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        assert_false(listing_resume(&listing, texts[i]));
    assert_int_equal(listing.size, 7);
    assert_true(listing_resume(&listing, "100 1 1 1 5 4 0 100 1701 400 0 0 100 0 0 0"));
    listing_begin(&listing, true, ASKED);
    assert_false(listing_can_pause(&listing)); /* nothing came yet */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_counted_from_one_need_a_request_each),
        cmocka_unit_test(pages_counted_from_zero_need_no_more),
        cmocka_unit_test(the_old_tools_mistake_is_not_made_again),
        cmocka_unit_test(everybody_on_one_page_costs_one_request),
        cmocka_unit_test(what_was_granted_is_what_is_asked_for_from_then_on),
        cmocka_unit_test(absurd_sizes_in_an_answer_are_not_taken_over),
        cmocka_unit_test(a_size_that_is_clamped_only_later_is_found_by_reading_again),
        cmocka_unit_test(whatever_figures_are_missing_everybody_comes_and_it_is_known),
        cmocka_unit_test(whatever_figure_lies_everybody_comes_and_nothing_wrong_is_proven),
        cmocka_unit_test(an_array_asked_for_without_pages_is_whole_at_once),
        cmocka_unit_test(an_array_that_ignores_pages_is_proven_by_its_repetition),
        cmocka_unit_test(arrays_with_pages_are_read_to_an_empty_one_whatever_their_base),
        cmocka_unit_test(a_listing_asked_for_without_pages_that_has_some_is_read_by_page),
        cmocka_unit_test(a_site_that_reorders_is_never_called_whole_when_somebody_is_missing),
        cmocka_unit_test(an_array_that_reorders_is_not_called_whole_when_somebody_is_missing),
        cmocka_unit_test(a_total_that_moves_between_pages_makes_another_reading_of_its_own),
        cmocka_unit_test(a_total_that_never_rests_ends_after_three_readings_unproven),
        cmocka_unit_test(readings_with_another_total_are_not_united),
        cmocka_unit_test(what_one_reading_lacks_another_brings),
        cmocka_unit_test(an_exchange_between_readings_neither_proves_nor_spoils_anything),
        cmocka_unit_test(a_union_across_exchanges_is_not_called_whole_wrongly),
        cmocka_unit_test(a_site_that_never_ends_is_left_after_so_many_pages),
        cmocka_unit_test(a_page_that_repeats_itself_for_ever_ends_the_walk),
        cmocka_unit_test(rows_without_a_usable_id_are_never_proven_to_be_there),
        cmocka_unit_test(a_page_full_of_unusable_rows_is_not_the_end),
        cmocka_unit_test(empty_pages_before_the_announced_end_are_not_the_end),
        cmocka_unit_test(a_site_of_empty_pages_is_left_at_its_announced_end),
        cmocka_unit_test(a_total_that_lies_costs_a_hundred_pages),
        cmocka_unit_test(what_is_contradicted_later_is_read_again_alone),
        cmocka_unit_test(pages_shrink_by_half_down_to_the_least),
        cmocka_unit_test(a_walk_goes_on_where_it_was_for_one_page_more),
        cmocka_unit_test(a_walk_whose_rows_moved_meanwhile_begins_again),
        cmocka_unit_test(what_is_no_walk_is_not_resumed),
    };
    return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
