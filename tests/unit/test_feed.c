/* The walk of the feed, its marks, pages and watch. */
#include "flexsync/feed.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* --- the walk --- */

#define HAD   1000  /* when the rows of these cases were fetched */
#define READ  20000 /* when the last complete reading began */
#define ASKED 50000

#define DAY       86400
#define LONG      2000 /* rows of a page */
#define LONGEST   16   /* pages */
#define TIME_MOST 1.0  /* seconds for so many: under valgrind and sanitizers too */

/* Takes a page of rows whose ids are their places, from `first` on. */
static void take(struct feed *feed, int64_t first, const int64_t *dates, size_t count)
{
    struct feed_row rows[2 * FEED_TAIL];
    assert_true(count <= sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct feed_row){.id = first + (int64_t)i, .date = dates[i], .checked = HAD, .seen = HAD};
    assert_int_equal(feed_take_page(feed, rows, count), 0);
}

static void assert_next(struct feed *feed, int64_t id, enum feed_why why)
{
    int64_t next;
    enum feed_why reason;
    assert_true(feed_next(feed, &next, &reason));
    assert_int_equal(next, id);
    assert_int_equal(reason, why);
}

static void assert_nothing_next(struct feed *feed)
{
    int64_t next;
    assert_false(feed_next(feed, &next, NULL));
}

/* The next one is that, and it is fetched. */
static void check(struct feed *feed, int64_t id, int64_t found)
{
    assert_next(feed, id, FEED_CHECK);
    assert_nothing_next(feed);
    assert_false(feed_is_complete(feed, true));
    assert_true(feed_fetched(feed, id, found));
}

static void assert_over(struct feed *feed)
{
    assert_nothing_next(feed);
    assert_false(feed_wants_more(feed));
    assert_true(feed_is_complete(feed, false));
    feed_end(feed);
}

static void an_idle_reading_costs_one_fetch(void **state)
{
    (void)state;
    struct feed feed;
    feed_begin(&feed, READ, 3);
    assert_true(feed_wants_more(&feed));
    assert_false(feed_is_complete(&feed, true)); /* of no page */
    take(&feed, 0, (int64_t[]){90, 90, 80, 70, 60, 50, 40, 30, 20}, 9);
    check(&feed, 0, 90);
    assert_int_equal(feed.newest, 90);
    assert_over(&feed);
}

/* Each of them was the newest one before, or next to it: no date is out of order. */
static void edits_cost_a_fetch_each_and_one_more(void **state)
{
    (void)state;
    for (int64_t edits = 0; edits <= 5; edits++) {
        struct feed feed;
        feed_begin(&feed, READ, 1);
        take(&feed, 0, (int64_t[]){90, 80, 70, 60, 50, 40, 30, 20}, 8);
        for (int64_t i = 0; i < edits; i++)
            check(&feed, i, 100 - i);
        check(&feed, edits, 90 - 10 * edits);
        assert_over(&feed);
    }
}

/* Rows of edits that the last reading found: its page was asked for at ASKED, its fetches came after that. */
static struct feed_row fetched_after(int64_t id, int64_t seconds)
{
    return (struct feed_row){.id = id, .date = 90 - id, .checked = ASKED + seconds, .seen = ASKED + seconds};
}

static void the_next_reading_pays_for_the_gap_between_page_and_fetches_once(void **state)
{
    (void)state;
    const struct feed_row rows[] = {fetched_after(0, 1), fetched_after(1, 2), fetched_after(2, 3),
                                    fetched_after(3, 9), fetched_after(4, HAD - ASKED)};
    for (int64_t later = 0; later <= 100; later += 100) {
        struct feed feed;
        feed_begin(&feed, ASKED + later, 1);
        assert_int_equal(feed_take_page(&feed, rows, 5), 0);
        feed.over = true;
        check(&feed, 0, 90);
        if (later == 0) {
            check(&feed, 1, 89);
            check(&feed, 4, 86);
        }
        assert_over(&feed);
    }
}

static void a_second_between_two_times_proves_nothing(void **state)
{
    (void)state;
    for (int64_t apart = 0; apart <= 3; apart++) {
        struct feed feed;
        struct feed_row rows[] = {fetched_after(0, 0), fetched_after(1, apart),
                                  fetched_after(2, HAD - ASKED)};
        feed_begin(&feed, READ, 1);
        assert_int_equal(feed_take_page(&feed, rows, 3), 0);
        check(&feed, 0, 90);
        if (apart < 2)
            check(&feed, 1, 89);
        check(&feed, 2, 88);
        assert_over(&feed);
        feed_begin(&feed, ASKED + apart, 1);
        assert_int_equal(feed_take_page(&feed, rows, 1), 0);
        feed.over = true;
        check(&feed, 0, 90);
        assert_int_equal(feed_is_complete(&feed, false), apart >= 2);
        feed_end(&feed);
    }
}

static void what_is_gone_or_cannot_be_had_proves_nothing(void **state)
{
    (void)state;
    struct feed feed;
    feed_begin(&feed, READ, 1);
    take(&feed, 0, (int64_t[]){90, 80, 70}, 3);
    check(&feed, 0, FEED_UNKNOWN);
    check(&feed, 1, FEED_NONE);
    check(&feed, 2, 70);
    assert_over(&feed);
}

static void who_was_not_given_out_is_no_concern(void **state)
{
    (void)state;
    struct feed feed;
    feed_begin(&feed, READ, 1);
    take(&feed, 0, (int64_t[]){90, 80, 70}, 3);
    assert_true(feed_fetched(&feed, 7, 90));
    assert_true(feed_fetched(&feed, 0, 90));
    check(&feed, 0, 95);
    assert_true(feed_fetched(&feed, 0, 90)); /* it has its answer */
    check(&feed, 1, 80);
    assert_over(&feed);
}

static void a_reading_goes_on_where_a_broken_off_one_was(void **state)
{
    (void)state;
    struct feed feed;
    struct feed_row rows[8];
    for (int64_t i = 0; i < 8; i++) /* the earlier one fetched five of seven, a minute each */
        rows[i] = fetched_after(i, i < 5 ? 60 * i : HAD - ASKED);
    feed_begin(&feed, READ, 1);
    assert_int_equal(feed_take_page(&feed, rows, 8), 0);
    check(&feed, 0, 90);
    check(&feed, 5, 1000);
    assert_next(&feed, 4, FEED_SUSPECT); /* the neighbour of one that was edited, above it */
    assert_true(feed_fetched(&feed, 4, 86));
    check(&feed, 6, 900);
    assert_false(feed_is_complete(&feed, false));
    check(&feed, 7, 83);
    assert_over(&feed);
}

static void never_fetched_ones_are_left_to_the_caller(void **state)
{
    (void)state;
    struct feed feed;
    feed_begin(&feed, READ, 1);
    take(&feed, 0, (int64_t[]){FEED_UNKNOWN, 90, FEED_UNKNOWN, 80, FEED_UNKNOWN}, 5);
    assert_int_equal(feed.marked, 0);
    check(&feed, 1, 95);
    check(&feed, 3, 80);
    assert_over(&feed);
    feed_begin(&feed, READ, 1);
    take(&feed, 0, (int64_t[]){FEED_UNKNOWN, FEED_UNKNOWN}, 2);
    assert_nothing_next(&feed);
    assert_int_equal(feed.newest, FEED_UNKNOWN);
    assert_true(feed_is_complete(&feed, true));
    feed_end(&feed);
}

static void dateless_ones_on_top_are_asked_for_from_the_lowest_up(void **state)
{
    (void)state;
    for (int64_t edited = 0; edited <= 3; edited++) { /* it stands below those that still have none */
        struct feed feed;
        feed_begin(&feed, READ, 1);
        take(&feed, 0, (int64_t[]){FEED_NONE, FEED_NONE, FEED_UNKNOWN, FEED_NONE, 90, 80}, 6);
        assert_int_equal(feed.marked, 0);
        const int64_t dateless[] = {3, 1, 0};
        for (int64_t i = 0; i < 3 && i <= edited; i++)
            check(&feed, dateless[i], i < edited ? 100 : FEED_NONE);
        check(&feed, 4, 90);
        assert_over(&feed);
    }
}

static void dateless_ones_at_the_end_are_passed_over_if_they_are_known(void **state)
{
    (void)state;
    struct feed feed;
    const struct feed_row first[] = {{.id = 0, .date = 90, .checked = HAD, .seen = HAD},
                                     {.id = 1, .date = FEED_NONE, .checked = HAD + 2, .seen = HAD},
                                     {.id = 2, .date = FEED_NONE, .checked = HAD + 1, .seen = 0}};
    const struct feed_row second[] = {{.id = 3, .date = FEED_NONE, .checked = HAD + 2, .seen = 0},
                                      {.id = 4, .date = FEED_NONE, .checked = HAD + 2, .seen = 0}};
    feed_begin(&feed, HAD, 3);
    assert_int_equal(feed_take_page(&feed, first, 3), 0);
    check(&feed, 0, 90);
    check(&feed, 2, FEED_NONE);
    assert_int_equal(feed_take_page(&feed, second, 2), 0);
    assert_nothing_next(&feed);
    assert_true(feed_wants_more(&feed));
    assert_false(feed_is_complete(&feed, false));
    assert_true(feed_is_complete(&feed, true));
    assert_int_equal(feed.marked, 0);
    feed_end(&feed);
}

/* --- marks --- */

static void what_stands_above_a_later_date_is_marked(void **state)
{
    (void)state;
    struct feed feed;
    feed_begin(&feed, READ, 1);
    const int64_t late = 9 * FEED_SLACK, edge = late - FEED_SLACK;
    take(&feed, 0, (int64_t[]){edge - 1, edge, 5, FEED_UNKNOWN, 4, late, 3, 2}, 8);
    assert_int_equal(feed.marked, 3);
    assert_next(&feed, 0, FEED_MARKED);
    assert_next(&feed, 1, FEED_SUSPECT); /* as late as the slack allows, and above a later one */
    assert_next(&feed, 2, FEED_MARKED);
    assert_next(&feed, 4, FEED_MARKED);
    assert_next(&feed, 5, FEED_CHECK); /* the walk waits there */
    assert_nothing_next(&feed);
    assert_true(feed_fetched(&feed, 1, edge));
    assert_true(feed_fetched(&feed, 5, late));
    assert_false(feed_is_complete(&feed, false)); /* three are not answered */
    assert_true(feed_fetched(&feed, 0, late + 9));
    assert_false(feed_fetched(&feed, 2, 5)); /* it must have been edited, and was not */
    assert_true(feed_fetched(&feed, 4, FEED_UNKNOWN));
    assert_int_equal(feed.unfounded, 1);
    assert_int_equal(feed.newest, late);
    assert_over(&feed);
}

static void one_without_a_date_between_two_with_dates_is_marked(void **state)
{
    (void)state;
    struct feed feed;
    feed_begin(&feed, READ, 1);
    take(&feed, 0, (int64_t[]){FEED_NONE, 90, FEED_NONE, 80, FEED_NONE}, 5);
    assert_int_equal(feed.marked, 1);
    assert_next(&feed, 0, FEED_CHECK);
    assert_next(&feed, 2, FEED_MARKED);
    assert_true(feed_fetched(&feed, 0, FEED_NONE));
    assert_next(&feed, 1, FEED_CHECK);
    assert_true(feed_fetched(&feed, 1, 90));
    assert_false(feed_is_complete(&feed, false));
    assert_false(feed_fetched(&feed, 2, FEED_NONE));
    assert_over(&feed);
}

static void a_reading_is_not_complete_before_each_mark_is_given_out(void **state)
{
    (void)state;
    struct feed feed;
    feed_begin(&feed, READ, 1);
    take(&feed, 0, (int64_t[]){5 * FEED_SLACK, 5, 3 * FEED_SLACK}, 3);
    assert_next(&feed, 0, FEED_CHECK);
    assert_true(feed_fetched(&feed, 0, 5 * FEED_SLACK));
    assert_false(feed_is_complete(&feed, false));
    assert_next(&feed, 1, FEED_MARKED);
    assert_false(feed_is_complete(&feed, false));
    assert_true(feed_fetched(&feed, 1, 4 * FEED_SLACK));
    assert_over(&feed);
}

static void a_later_page_marks_rows_of_an_earlier_one(void **state)
{
    (void)state;
    struct feed feed;
    const struct feed_row rows[] = {{.id = 0, .date = 9, .checked = HAD, .seen = HAD},
                                    {.id = 1, .date = 5, .checked = HAD, .seen = HAD},
                                    {.id = 2, .date = 4, .checked = HAD + 2, .seen = HAD}};
    feed_begin(&feed, 0, 2);
    assert_int_equal(feed_take_page(&feed, rows, 3), 0);
    assert_int_equal(feed.marked, 0);
    check(&feed, 0, 9);
    check(&feed, 1, 5);
    assert_true(feed_wants_more(&feed));
    take(&feed, 3, (int64_t[]){7 + FEED_SLACK, 6}, 2);
    assert_int_equal(feed.marked, 2);
    assert_int_equal(feed.unfounded, 1);
    assert_next(&feed, 2, FEED_MARKED); /* each once: 1 was given out before */
    assert_next(&feed, 3, FEED_CHECK);
    assert_nothing_next(&feed);
    feed_end(&feed);
}

/* --- dates that step back --- */

static void assert_answer(struct feed *feed, int64_t id, enum feed_why why, int64_t found)
{
    assert_next(feed, id, why);
    assert_true(feed_fetched(feed, id, found));
}

/* The upper three were edited in the hour that came again. */
static void two_that_were_not_edited_show_that_the_server_goes_by_instant(void **state)
{
    (void)state;
    const int64_t dates[] = {1030, 1020, 1010, 4020, 4010, 4000, 90};
    for (int known = 0; known <= 1; known++) {
        struct feed feed;
        feed_begin(&feed, READ, 1);
        feed.by_instant = known;
        take(&feed, 0, dates, 7);
        assert_answer(&feed, 0, known ? FEED_CHECK : FEED_SUSPECT, 1030);
        if (!known)
            assert_answer(&feed, 3, FEED_SUSPECT, 4020);
        assert_true(feed.by_instant);
        assert_int_equal(feed.marked, 0);
        assert_over(&feed);
    }
}

static void by_local_date_those_above_a_later_date_are_asked_for_however_late_they_were_checked(void **state)
{
    (void)state;
    struct feed feed;
    struct feed_row rows[] = {fetched_after(0, 0), fetched_after(1, 9), fetched_after(2, 0),
                              fetched_after(3, HAD - ASKED)};
    rows[1].date = rows[2].date - 50; /* it passed the third one, and was checked after all of them */
    feed_begin(&feed, ASKED, 1);
    assert_int_equal(feed_take_page(&feed, rows, 4), 0);
    feed.over = true;
    assert_answer(&feed, 0, FEED_CHECK, 90);
    assert_answer(&feed, 1, FEED_SUSPECT, 89);
    assert_answer(&feed, 2, FEED_CHECK, 88);
    assert_answer(&feed, 3, FEED_CHECK, 87);
    assert_false(feed.by_instant);
    assert_over(&feed);
}

/* The fourth one sank below the two in the middle: neither of those was edited. */
static void one_whose_date_stepped_back_is_found_below(void **state)
{
    (void)state;
    struct feed feed;
    feed_begin(&feed, READ, 1);
    take(&feed, 0, (int64_t[]){4000, 2000, 1900, 3000, 90}, 5);
    assert_answer(&feed, 0, FEED_CHECK, 4000);
    assert_answer(&feed, 1, FEED_SUSPECT, 2000);
    assert_answer(&feed, 3, FEED_SUSPECT, 1800);
    assert_answer(&feed, 2, FEED_SUSPECT, 1900); /* its neighbours */
    assert_answer(&feed, 4, FEED_SUSPECT, 90);
    assert_false(feed.by_instant);
    assert_over(&feed);
}

/* All rows of the page were seen in the hour before the last reading: an edit may stand on the next one. */
static void by_local_date_pages_are_taken_until_one_is_older_than_an_hour(void **state)
{
    (void)state;
    struct feed feed;
    const struct feed_row first[] = {fetched_after(0, -600), fetched_after(1, -900)};
    const struct feed_row second[] = {{.id = 2, .date = 30, .checked = HAD, .seen = HAD},
                                      {.id = 3, .date = 20, .checked = HAD, .seen = HAD}};
    feed_begin(&feed, ASKED, 3);
    assert_int_equal(feed_take_page(&feed, first, 2), 0);
    assert_true(feed_wants_more(&feed));
    assert_answer(&feed, 0, FEED_CHECK, 90);
    assert_false(feed_is_complete(&feed, false));
    assert_int_equal(feed_take_page(&feed, second, 2), 0);
    assert_false(feed_wants_more(&feed));
    assert_false(feed_is_complete(&feed, false));
    assert_answer(&feed, 2, FEED_CHECK, 88); /* edited after all */
    assert_false(feed_is_complete(&feed, false));
    assert_answer(&feed, 1, FEED_SUSPECT, 89);
    assert_answer(&feed, 3, FEED_SUSPECT, 20);
    assert_over(&feed);
}

/* Of an hour that holds more pages than a reading may take, none could be complete. */
static void by_local_date_the_cap_ends_the_hour(void **state)
{
    (void)state;
    struct feed feed;
    const struct feed_row rows[] = {fetched_after(0, -600), fetched_after(1, -900), fetched_after(2, -900)};
    feed_begin(&feed, ASKED, 2);
    assert_int_equal(feed_take_page(&feed, rows, 1), 0);
    assert_answer(&feed, 0, FEED_CHECK, 90);
    assert_true(feed_wants_more(&feed));
    assert_int_equal(feed_take_page(&feed, &rows[1], 2), 0);
    assert_over(&feed);
}

/* --- pages --- */

/* 200 rows that were fetched long ago in any order, and below them some that stand as they were edited. */
static void a_page_that_ends_in_marks_wants_the_next_one_at_once(void **state)
{
    (void)state;
    struct feed feed;
    int64_t dates[2 * FEED_TAIL];
    feed_begin(&feed, READ, 2);
    for (int64_t i = 0; i < 2 * FEED_TAIL; i++)
        dates[i] = 4 * FEED_SLACK * ((i * 77) % 200);
    take(&feed, 0, dates, sizeof dates / sizeof dates[0]);
    assert_true(feed.marked > 180);
    assert_true(feed_wants_more(&feed));
    for (int64_t i = 0; i < FEED_TAIL; i++)
        dates[i] = 1000 * FEED_SLACK - i;
    take(&feed, 2 * FEED_TAIL, dates, FEED_TAIL);
    assert_int_equal(feed.marked, 2 * FEED_TAIL);
    assert_false(feed_wants_more(&feed));
    feed_end(&feed);
    feed_begin(&feed, READ, 2); /* half of the end in order is enough */
    for (int64_t i = 0; i < FEED_TAIL; i++)
        dates[i] = i < FEED_TAIL / 2 ? 0 : 1000 * FEED_SLACK - i;
    take(&feed, 0, dates, FEED_TAIL);
    assert_int_equal(feed.marked, FEED_TAIL / 2);
    assert_false(feed_wants_more(&feed));
    feed_end(&feed);
}

static void pages_are_wanted_until_what_follows_is_known_or_the_cap(void **state)
{
    (void)state;
    struct feed feed;
    feed_begin(&feed, HAD, 2);
    feed.by_instant = true;
    take(&feed, 0, (int64_t[]){90, 80}, 2);
    assert_false(feed_wants_more(&feed)); /* the walk waits */
    check(&feed, 0, 99);
    assert_false(feed_wants_more(&feed));
    check(&feed, 1, 98);
    assert_true(feed_wants_more(&feed));
    assert_false(feed_is_complete(&feed, false));
    assert_true(feed_is_complete(&feed, true));
    take(&feed, 2, (int64_t[]){70}, 1);
    check(&feed, 2, 97);
    assert_false(feed_wants_more(&feed));
    assert_false(feed_is_complete(&feed, false));
    assert_int_equal(feed_take_page(&feed, NULL, 0), -E2BIG);
    assert_int_equal(feed.count, 3);
    assert_true(feed_is_complete(&feed, true));
    feed_end(&feed);
}

/* Somebody above was edited between two pages, and moved them down. */
static void rows_that_a_page_before_had_are_dropped(void **state)
{
    (void)state;
    struct feed feed;
    struct feed_row again[] = {fetched_after(1, 0), fetched_after(2, 0), fetched_after(3, 0),
                               fetched_after(3, 0)};
    feed_begin(&feed, HAD, 3);
    take(&feed, 0, (int64_t[]){90, 89, 88}, 3);
    assert_int_equal(feed_take_page(&feed, again, 4), 0);
    assert_int_equal(feed.count, 4);
    assert_int_equal(feed.rows[3].row.id, 3);
    assert_true(feed.rows[3].heads); /* the first that is left is the first of its page */
    assert_int_equal(feed_take_page(&feed, again, 4), 0);
    assert_int_equal(feed.count, 4);
    feed_end(&feed);
}

/* On the second page stands one that was edited meanwhile; its last check came before that. */
static void each_page_needs_a_proof_of_its_own(void **state)
{
    (void)state;
    struct feed feed;
    const struct feed_row stale = {.id = 1, .date = 30, .checked = ASKED, .seen = HAD};
    const struct feed_row rows[] = {stale, {.id = 2, .date = 60, .checked = READ, .seen = READ}};
    for (int proofs = 0; proofs < 2; proofs++) { /* of two pages, or of one */
        feed_begin(&feed, HAD + 2, 2);
        feed.by_instant = true;
        assert_int_equal(feed_take_page(&feed, (struct feed_row[]){fetched_after(0, -9)}, 1), 0);
        check(&feed, 0, 90);
        assert_true(feed_wants_more(&feed));
        assert_int_equal(feed_take_page(&feed, rows, 2), 0);
        check(&feed, 1, proofs ? 30 : 99);
        if (proofs == 0)
            check(&feed, 2, 97);
        assert_int_equal(feed_is_complete(&feed, false), proofs);
        feed_end(&feed);
    }
}

static void an_empty_page_ends_nothing(void **state)
{
    (void)state;
    struct feed feed;
    feed_begin(&feed, READ, 2);
    assert_int_equal(feed_take_page(&feed, NULL, 0), 0);
    assert_nothing_next(&feed);
    assert_true(feed_wants_more(&feed));
    assert_false(feed_is_complete(&feed, false));
    assert_true(feed_is_complete(&feed, true));
    feed_end(&feed);
}

/* A page of `count` rows, each of which must be asked for: half of them marked, or one after the other. */
static void take_long_page(struct feed *feed, size_t count, bool marked)
{
    struct feed_row rows[LONG];
    for (size_t i = 0; i < count; i++) {
        int64_t id = (int64_t)(feed->count + i), date = 10 * DAY * (int64_t)(LONGEST * LONG) - id * DAY;
        rows[i] = (struct feed_row){
            .id = id, .date = marked && i % 2 ? date / 2 : date, .checked = HAD, .seen = 10 * READ};
    }
    assert_int_equal(feed_take_page(feed, rows, count), 0);
}

/* Scanning for each id, or walking from the top for each, took seconds. */
static void the_longest_reading_takes_no_time(void **state)
{
    (void)state;
    for (int marked = 0; marked <= 1; marked++) {
        struct feed feed;
        size_t asked = 0;
        clock_t began = clock();
        feed_begin(&feed, HAD, LONGEST);
        for (unsigned page = 0; page < LONGEST; page++) {
            take_long_page(&feed, LONG, marked);
            for (int64_t id; feed_next(&feed, &id, NULL); asked++)
                (void)feed_fetched(&feed, id, INT64_MAX);
        }
        double took = (double)(clock() - began) / CLOCKS_PER_SEC;
        assert_int_equal(asked, LONGEST * LONG);
        if (took >= TIME_MOST)
            fail_msg("a reading of %d rows took %.2f s", LONGEST * LONG, took);
        feed_end(&feed);
    }
}

static void the_watch_demands_what_a_reading_must_have_shown(void **state)
{
    (void)state;
    const int64_t newest = 90000, edge = newest - FEED_SLACK;
    assert_true(feed_should_have_shown(100, edge - 1, newest));
    assert_false(feed_should_have_shown(100, edge, newest));
    assert_false(feed_should_have_shown(100, newest + 1, newest)); /* edited afterwards */
    assert_false(feed_should_have_shown(100, 100, newest));        /* not edited */
    assert_false(feed_should_have_shown(5000, 100, newest));
    assert_false(feed_should_have_shown(FEED_UNKNOWN, 5000, newest));
    assert_false(feed_should_have_shown(FEED_NONE, 5000, newest));
    assert_false(feed_should_have_shown(100, FEED_UNKNOWN, newest));
    assert_false(feed_should_have_shown(100, 5000, FEED_UNKNOWN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_reading_costs_one_fetch),
        cmocka_unit_test(edits_cost_a_fetch_each_and_one_more),
        cmocka_unit_test(the_next_reading_pays_for_the_gap_between_page_and_fetches_once),
        cmocka_unit_test(a_second_between_two_times_proves_nothing),
        cmocka_unit_test(what_is_gone_or_cannot_be_had_proves_nothing),
        cmocka_unit_test(who_was_not_given_out_is_no_concern),
        cmocka_unit_test(a_reading_goes_on_where_a_broken_off_one_was),
        cmocka_unit_test(never_fetched_ones_are_left_to_the_caller),
        cmocka_unit_test(dateless_ones_on_top_are_asked_for_from_the_lowest_up),
        cmocka_unit_test(dateless_ones_at_the_end_are_passed_over_if_they_are_known),
        cmocka_unit_test(what_stands_above_a_later_date_is_marked),
        cmocka_unit_test(one_without_a_date_between_two_with_dates_is_marked),
        cmocka_unit_test(a_reading_is_not_complete_before_each_mark_is_given_out),
        cmocka_unit_test(a_later_page_marks_rows_of_an_earlier_one),
        cmocka_unit_test(two_that_were_not_edited_show_that_the_server_goes_by_instant),
        cmocka_unit_test(by_local_date_those_above_a_later_date_are_asked_for_however_late_they_were_checked),
        cmocka_unit_test(one_whose_date_stepped_back_is_found_below),
        cmocka_unit_test(by_local_date_pages_are_taken_until_one_is_older_than_an_hour),
        cmocka_unit_test(by_local_date_the_cap_ends_the_hour),
        cmocka_unit_test(a_page_that_ends_in_marks_wants_the_next_one_at_once),
        cmocka_unit_test(pages_are_wanted_until_what_follows_is_known_or_the_cap),
        cmocka_unit_test(each_page_needs_a_proof_of_its_own),
        cmocka_unit_test(rows_that_a_page_before_had_are_dropped),
        cmocka_unit_test(an_empty_page_ends_nothing),
        cmocka_unit_test(the_longest_reading_takes_no_time),
        cmocka_unit_test(the_watch_demands_what_a_reading_must_have_shown),
    };
    return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
