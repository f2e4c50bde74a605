/*
 * feed: what the order of a listing tells about edits. The rows of GET /contact?sort=lastEditDate,desc have
 * no dates; that one stands before another says that it was edited later, or in the same second.
 *
 * Two scales that are never compared with each other: DATES are the server's lastEditDate in seconds, as it
 * is written: probably UTC, perhaps local time of an unknown zone, and then an hour of them comes twice a
 * year; TIMES are seconds of the caller's own clock. A server may go BY INSTANT, and show those in any zone,
 * or BY LOCAL DATE, by what it shows. Which one it is shows only when dates step back; where they are UTC,
 * both are the same.
 *
 * Probe. Is the sort honoured at all? The first page is asked for descending and ascending and compared with
 * the stored dates. Whoever was edited since stands at the newest end of both orders, wherever the stored
 * date belongs; below them the stored dates are true, and there an order by date has no inversion.
 * So what counts is how far from the oldest end the order holds (one inversion is let pass in a hundred
 * pairs: an hour that was repeated in autumn). An order by creation comes close, but each contact that was
 * edited later stands wrong in it. What no order can show: where hardly any of the old contacts was ever
 * edited (one in a hundred; of twenty, one in ten), an order by creation that obeys the direction is the
 * order by edits. The watch finds that.
 *
 * Reading: a walk down the rows. A record whose date did not change was edited before that date was first
 * seen; so was, in this order, everybody below it. The earliest such time so far is the BOUND. Whoever was
 * checked after the bound is known and costs nothing; whoever was not is fetched. Once the bound lies before
 * `read_at`, what follows is known from the last reading, and the walk ends. So an idle reading costs the
 * page and the first row, and one with k edits the page and k + 1 records. A later page may hold who was
 * edited after the first was asked for: so each page has a bound of its own, which costs one more record. The
 * next reading pays for the gap between a page and its fetches, once: a first row, the row below the k, and
 * those of the k that were fetched within a second or two of the topmost.
 *
 * Marks. A row whose date is more than FEED_SLACK before the date of one further down must have been edited,
 * and so must one without a date between two with dates. Marks add nothing to the promise: they let fetches
 * run side by side where the walk waits for each, hold where the promise is off, and show by false ones that
 * the server does not sort any more. (Or that about a whole page of rows was edited between two pages, and
 * others fetched one of them meanwhile.) Where there are more edits than can be fetched, marks are all that a
 * reading gives: so it takes pages until their end is in order.
 *
 * Suspects. A row above a later date, by FEED_SLACK or less, was edited; or the later one was, and its date
 * stepped back; or neither was, and the server goes by instant. Both are asked for, first the upper one. If
 * neither was edited and both stand on one page, `by_instant` is set, which the caller keeps for further
 * readings: no row is suspect any more. Suspect are the neighbours of a row that was edited too, which at the
 * top the walk asks for anyway. All this wherever they stand, and whenever they were checked.
 * By local date an edit of the hour that comes twice stands among the rows of an hour before. So, unless the
 * server is known to go by instant or the listing is over, a reading takes pages until one has a row that was
 * seen an hour before `read_at`, and asks for it: if that was not edited, no such edit stands on a later
 * page. Where a page holds more than an hour's edits, that costs one record at the most, and only in the hour
 * after an edit: later the first row shows it.
 *
 * Promise. If the server honours the order, and every edit from before `read_at` is in the copy or queued,
 * then after a reading that feed_is_complete() every edit from before its first page was asked for was given
 * out or is in the copy, or was followed by another one after that. `read_at` is then the time when that page
 * was asked for. Until there was one: the earliest `checked` of the copy, never fetched ones left out. A
 * reading that was broken off changes nothing: `read_at` stays, what was fetched counts, and the next one
 * goes on where this one was.
 * Whatever the zone of the dates is: where the server goes by instant, no change of the zone hides an edit
 * (one by more than FEED_SLACK makes false marks). Where it goes by local date, the promise holds for all
 * edits but those of the hour that comes twice, after a step back by FEED_STEP at most. Of these it holds for
 * each that moved its row past another row, up or down, that has a date, is not marked and was not edited
 * since; and for each beside a row that is found to be edited.
 * Not promised: of that hour, an edit that leaves its row between the same rows, none of which was edited;
 * one to the very second that the record had before; and one below `pages_max` pages. Who slipped up over the
 * edge of a page, because another row above left the listing between two pages, or because the server does
 * not order those of one second by the same rule each time.
 *
 * Pure: no network, no disk, no clock. Memory: all rows that were taken, until feed_end().
 */
#ifndef FLEXSYNC_FEED_H
#define FLEXSYNC_FEED_H

#include "flexsync/idmap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FEED_UNKNOWN     INT64_MIN       /* no date: never fetched */
#define FEED_NONE        (INT64_MIN + 1) /* no date: fetched, and the record has none */
#define FEED_PROBE_ROWS  2000 /* known rows of a direction that are judged; further ones are not needed */
#define FEED_PROBE_MIN   20   /* distinct dates in order at the oldest end, in either direction, for a yes */
#define FEED_PROBE_PAIRS 100  /* one inversion is let pass in so many pairs */
#define FEED_TAIL        100  /* rows at the end of a page: if most are marked, edits reach beyond it */
#define FEED_STEP        3600 /* seconds by which dates step back when daylight saving ends */
#define FEED_SLACK       7200 /* seconds of a date that prove nothing: a step, and another one to be sure */

enum feed_direction { FEED_DESC, FEED_ASC };
enum feed_verdict { FEED_UNKNOWN_YET, FEED_HONOURED, FEED_IGNORED };

/* The known dates of either first page, as they came. 32 KB; nothing to free. */
struct feed_probe {
    bool whole; /* a page holds everybody */
    size_t count[2];
    bool cut[2]; /* there were more than FEED_PROBE_ROWS */
    int64_t dates[2][FEED_PROBE_ROWS];
};

/* `whole`: each of the two pages is the whole listing. */
void feed_probe_begin(struct feed_probe *probe, bool whole);

/* The stored date of the next row of that page, top down. One without a date is passed over. */
void feed_probe_add(struct feed_probe *probe, enum feed_direction direction, int64_t date);

/*
 * FEED_HONOURED: both orders hold over FEED_PROBE_MIN distinct dates and over half of the known rows, counted
 * from the oldest end; they are not one order; and where there is more than a page, the newest page lacks the
 * oldest date. FEED_IGNORED: one order twice, or the oldest page contradicts the dates, or the newest one
 * runs the other way. FEED_UNKNOWN_YET: too few dates; or the newest page is in such disorder as edits make;
 * or both pages have the same oldest date although there are more: ask again when more was fetched.
 */
enum feed_verdict feed_probe_verdict(const struct feed_probe *probe);

/*
 * A row as listed, and what was stored of it before the page was asked for (what was fetched later may be an
 * edit that the page does not know).
 */
struct feed_row {
    int64_t id;
    int64_t date;
    int64_t checked; /* when its record was last asked for: not later than the request was sent */
    int64_t seen;    /* when it was first had with this date: not earlier than the answer came */
};

enum feed_why { FEED_NO, FEED_CHECK, FEED_SUSPECT, FEED_MARKED }; /* why an id is to be fetched */

/* What is remembered of a row. */
struct feed_seen {
    struct feed_row row;
    enum feed_why why;
    bool heads, given, answered; /* heads: the first of its page */
    int64_t found;               /* the date, once answered */
    size_t later; /* it stands above this one, whose date is later, and that by less than a mark needs; 0:
                     none */
};

/* How far the walk has come: what it knows of the rows above `at`. */
struct feed_walk {
    bool begun;
    size_t at;
    int64_t lowest, bound; /* of all rows above, of those of the page */
};

struct feed {
    int64_t read_at;
    bool over;       /* the last page that was taken ends the listing: may be set after feed_take_page() */
    bool by_instant; /* the server goes by instant: may be set after feed_begin(), where a reading found it */
    size_t suspect, settled; /* that is asked for; `count`: none. Those above are settled */
    int64_t newest;          /* of the dates stored; FEED_UNKNOWN: none. For the watch */
    unsigned pages, pages_max;
    size_t count, room, marks_from, open; /* no mark waits before marks_from; open: given, not answered */
    unsigned marked, unfounded;           /* rows marked; of them fetched, with the date as stored */
    struct feed_seen *rows;
    struct idmap places;   /* of the ids in rows */
    struct feed_walk walk; /* not begun: from `mark` on, or else from the top */
    struct feed_walk mark; /* as it was at the first mark that is not answered */
};

/* Begins a reading of at most `pages_max` pages, 1 or more. See the promise for `read_at`. */
void feed_begin(struct feed *feed, int64_t read_at, unsigned pages_max);

/*
 * Takes the next page of the descending order. A row that an earlier page (or this one) had is dropped:
 * somebody was edited between the two. 0, -E2BIG for a page beyond the cap, or -ENOMEM; then nothing was
 * taken.
 */
int feed_take_page(struct feed *feed, const struct feed_row *rows, size_t count);

/*
 * The next id to fetch, topmost first, each once; `why` may be NULL. False: none for now, until
 * feed_fetched() or feed_take_page() brings another one. Never fetched ones are not given out: the caller
 * knows them.
 */
bool feed_next(struct feed *feed, int64_t *id, enum feed_why *why);

/*
 * The record of an id was fetched and has this date; FEED_NONE: it has none; FEED_UNKNOWN: it is gone, or
 * could not be had and stays in the caller's queue until it is. False if that contradicts the feed: the row
 * was marked, and its date is still the stored one. Ids that were not given out are no concern of the feed:
 * true.
 */
bool feed_fetched(struct feed *feed, int64_t id, int64_t date);

/*
 * May another page be taken, and did the walk pass the end of what was taken, or is most of the end marked,
 * so that it will? Changes with feed_fetched().
 */
bool feed_wants_more(const struct feed *feed);

/* See the promise. `over`: the pages taken are the whole listing. */
bool feed_is_complete(const struct feed *feed, bool over);

/* Frees what was remembered. */
void feed_end(struct feed *feed);

/*
 * The watch. A fetch that no feed asked for found the date `after` where `before` was stored. Should the last
 * complete reading have shown it? Then the feed is to be demoted. `newest`: of that reading, so everything
 * that was edited before that date, FEED_SLACK excused, was edited before that reading.
 */
bool feed_should_have_shown(int64_t before, int64_t after, int64_t newest);

#endif
