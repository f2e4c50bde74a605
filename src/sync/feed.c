#include "flexsync/feed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_date(int64_t date)
{
    return date != FEED_UNKNOWN && date != FEED_NONE;
}

static bool is_steady(const struct feed_seen *seen)
{
    return seen->answered && is_date(seen->row.date) && seen->found == seen->row.date;
}

void feed_probe_begin(struct feed_probe *probe, bool whole)
{
    probe->whole = whole;
    memset(probe->count, 0, sizeof probe->count);
    memset(probe->cut, 0, sizeof probe->cut);
}

void feed_probe_add(struct feed_probe *probe, enum feed_direction direction, int64_t date)
{
    if (!is_date(date))
        return;
    if (probe->count[direction] == FEED_PROBE_ROWS)
        probe->cut[direction] = true;
    else
        probe->dates[direction][probe->count[direction]++] = date;
}

/* The i-th known date of a direction, counted from its oldest end. */
static int64_t from_oldest(const struct feed_probe *probe, enum feed_direction direction, size_t i)
{
    return probe->dates[direction][direction == FEED_ASC ? i : probe->count[direction] - 1 - i];
}

/* How well an order agrees with the dates. */
struct agreement {
    size_t reach;        /* rows from the oldest end over which it holds */
    size_t distinct;     /* dates there */
    size_t rises, falls; /* neighbours of the whole page, seen from the oldest end */
};

static struct agreement agree(const struct feed_probe *probe, enum feed_direction direction)
{
    struct agreement agreement = {.reach = 1, .distinct = 1};
    int64_t newest = from_oldest(probe, direction, 0);
    size_t distinct = 1;
    for (size_t i = 1; i < probe->count[direction]; i++) {
        int64_t before = from_oldest(probe, direction, i - 1), date = from_oldest(probe, direction, i);
        agreement.rises += date > before;
        agreement.falls += date < before;
        if (date > newest) {
            newest = date;
            distinct++;
        }
        if (agreement.falls * FEED_PROBE_PAIRS <= agreement.rises + agreement.falls) {
            agreement.reach = i + 1;
            agreement.distinct = distinct;
        }
    }
    return agreement;
}

static int compare_dates(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static size_t count_distinct(const struct feed_probe *probe, enum feed_direction direction)
{
    int64_t dates[FEED_PROBE_ROWS];
    size_t count = probe->count[direction], distinct = count > 0;
    memcpy(dates, probe->dates[direction], count * sizeof *dates);
    qsort(dates, count, sizeof *dates, compare_dates);
    for (size_t i = 1; i < count; i++)
        distinct += dates[i] != dates[i - 1];
    return distinct;
}

static bool is_one_order(const struct feed_probe *probe)
{
    return probe->count[FEED_DESC] == probe->count[FEED_ASC] &&
           memcmp(probe->dates[FEED_DESC], probe->dates[FEED_ASC],
                  probe->count[FEED_DESC] * sizeof probe->dates[0][0]) == 0;
}

/* Where there is more than a page, the newest page must lack the oldest rows and the oldest one the newest.
 */
static bool are_two_ends(const struct feed_probe *probe)
{
    if (probe->whole && !probe->cut[FEED_DESC] && !probe->cut[FEED_ASC])
        return true;
    return from_oldest(probe, FEED_ASC, 0) < from_oldest(probe, FEED_DESC, 0);
}

enum feed_verdict feed_probe_verdict(const struct feed_probe *probe)
{
    if (count_distinct(probe, FEED_DESC) < FEED_PROBE_MIN || count_distinct(probe, FEED_ASC) < FEED_PROBE_MIN)
        return FEED_UNKNOWN_YET;
    if (is_one_order(probe))
        return FEED_IGNORED;
    struct agreement desc = agree(probe, FEED_DESC), asc = agree(probe, FEED_ASC);
    bool desc_holds = 2 * desc.reach > probe->count[FEED_DESC];
    bool asc_holds = 2 * asc.reach > probe->count[FEED_ASC];
    bool enough = desc.distinct >= FEED_PROBE_MIN && asc.distinct >= FEED_PROBE_MIN;
    if (desc_holds && asc_holds)
        return enough && are_two_ends(probe) ? FEED_HONOURED : FEED_UNKNOWN_YET;
    /* Among edited ones the stored dates rise and fall alike; in the opposite order they hardly ever rise. */
    bool undecided = asc_holds && asc.distinct >= FEED_PROBE_MIN && 2 * desc.rises >= desc.falls;
    return undecided ? FEED_UNKNOWN_YET : FEED_IGNORED;
}

void feed_begin(struct feed *feed, int64_t read_at, unsigned pages_max)
{
    *feed = (struct feed){.read_at = read_at, .newest = FEED_UNKNOWN, .pages_max = pages_max};
}

void feed_end(struct feed *feed)
{
    free(feed->rows);
    idmap_free(&feed->places);
    *feed = (struct feed){0};
}

/* The rows without a date that stand above all with one. */
static size_t count_dateless_top(const struct feed *feed)
{
    size_t top = 0;
    while (top < feed->count && !is_date(feed->rows[top].row.date))
        top++;
    return top;
}

static void mark(struct feed *feed, size_t i)
{
    struct feed_seen *seen = &feed->rows[i];
    seen->why = FEED_MARKED;
    feed->marked++;
    feed->unfounded += seen->answered && seen->found == seen->row.date;
    if (!seen->given && i < feed->marks_from)
        feed->marks_from = i;
}

static void mark_from_below(struct feed *feed)
{
    size_t top = count_dateless_top(feed);
    int64_t latest = FEED_UNKNOWN; /* below, less the slack */
    for (size_t i = feed->count; i-- > top;) {
        const struct feed_seen *seen = &feed->rows[i];
        int64_t date = seen->row.date;
        if (seen->why != FEED_MARKED && date != FEED_UNKNOWN && date < latest)
            mark(feed, i);
        if (is_date(date) && date - FEED_SLACK > latest)
            latest = date - FEED_SLACK;
        if (is_date(date) && date > feed->newest)
            feed->newest = date;
    }
}

/* Its date may be true: it is not marked, and not found to be another one. */
static bool may_be_true(const struct feed_seen *seen)
{
    return is_date(seen->row.date) && seen->why != FEED_MARKED && (!seen->answered || is_steady(seen));
}

static void suspect_from_below(struct feed *feed)
{
    size_t latest = 0;
    for (size_t i = feed->count; i-- > 0;) {
        struct feed_seen *seen = &feed->rows[i];
        seen->later = 0;
        if (!may_be_true(seen))
            continue;
        if (latest && seen->row.date < feed->rows[latest].row.date)
            seen->later = latest;
        else
            latest = i;
    }
    feed->settled = 0;
}

static bool are_of_one_page(const struct feed *feed, size_t above, size_t below)
{
    while (below > above && !feed->rows[below].heads)
        below--;
    return below <= above;
}

static bool was_edited(const struct feed *feed, size_t i)
{
    const struct feed_seen *seen = &feed->rows[i];
    return i < feed->count && seen->answered && is_date(seen->row.date) && is_date(seen->found) &&
           !is_steady(seen);
}

/* Beside one that was edited another one may have been, to a date next to it. */
static bool is_suspect(const struct feed *feed, size_t i)
{
    const struct feed_seen *seen = &feed->rows[i];
    return may_be_true(seen) &&
           (seen->later || was_edited(feed, i + 1) || (i > 0 && was_edited(feed, i - 1)));
}

/*
 * Settles suspects from the top down, as far as their answers are here. One above a later date was edited; or
 * it was not, then the later one was; or neither was, and the server goes by instant.
 */
static void settle_suspects(struct feed *feed)
{
    while (feed->settled < feed->count && !feed->by_instant) {
        const struct feed_seen *seen = &feed->rows[feed->settled];
        size_t later = seen->later;
        if (later && !may_be_true(&feed->rows[later])) {
            suspect_from_below(feed);
            continue;
        }
        if (is_suspect(feed, feed->settled)) {
            feed->suspect = seen->answered ? later : feed->settled;
            if (!seen->answered || (later && !feed->rows[later].answered))
                return;
            feed->by_instant = later && are_of_one_page(feed, feed->settled, later);
        }
        feed->settled++;
    }
    feed->suspect = feed->count;
}

static int make_room(struct feed *feed, size_t more)
{
    if (idmap_reserve(&feed->places, more) < 0)
        return -ENOMEM;
    if (more <= feed->room - feed->count)
        return 0;
    size_t room = feed->count + more;
    struct feed_seen *rows = reallocarray(feed->rows, room, sizeof *rows);
    if (!rows)
        return -ENOMEM;
    feed->rows = rows;
    feed->room = room;
    return 0;
}

int feed_take_page(struct feed *feed, const struct feed_row *rows, size_t count)
{
    if (feed->pages >= feed->pages_max)
        return -E2BIG;
    if (make_room(feed, count) < 0)
        return -ENOMEM;
    feed->pages++;
    size_t head = feed->count;
    for (size_t i = 0; i < count; i++) {
        if (idmap_add(&feed->places, rows[i].id, (int64_t)feed->count)) {
            feed->rows[feed->count] = (struct feed_seen){.row = rows[i], .heads = feed->count == head};
            feed->count++;
        }
    }
    mark_from_below(feed);
    suspect_from_below(feed);
    feed->walk.begun = feed->mark.begun = false; /* the page may have marked rows above */
    settle_suspects(feed);
    return 0;
}

/*
 * Is one time certainly later, by so much that the seconds of the dates do not matter? Either is cut to whole
 * seconds, and what has the same date may have been edited a second later.
 */
static bool is_later(int64_t time, int64_t than)
{
    return time > than && time - 1 > than;
}

enum walk_end { WALK_WAITS, WALK_ENDED, WALK_PASSED };

/*
 * Where the server puts those without a date is not known: a block of them at the top are such, or just got
 * one. The lowest that still has none shows that those above it have none either.
 */
static bool waits_in_dateless_top(const struct feed *feed, size_t top, size_t *ret)
{
    for (size_t i = top; i-- > 0;) {
        const struct feed_seen *seen = &feed->rows[i];
        if (seen->row.date == FEED_UNKNOWN)
            continue;
        *ret = i;
        if (!seen->answered)
            return true;
        if (seen->found == FEED_NONE)
            return false;
    }
    return false;
}

/* At the first mark that waited for its answer, else at the top. False: it waits there, at walk->at. */
static bool begin_walk(const struct feed *feed, struct feed_walk *walk, struct feed_walk *mark)
{
    if (mark->begun) {
        *walk = *mark;
        mark->begun = false;
        return true;
    }
    size_t top = count_dateless_top(feed);
    if (waits_in_dateless_top(feed, top, &walk->at))
        return false;
    *walk = (struct feed_walk){.begun = true, .at = top, .lowest = INT64_MAX, .bound = INT64_MAX};
    return true;
}

/* Is it not known yet whether its stored date is true? */
static bool is_open(const struct feed *feed, const struct feed_seen *seen)
{
    return !seen->answered && (seen->why == FEED_MARKED || (seen->later && !feed->by_instant));
}

/*
 * Walks down as far as is known; where it waits, the row is walk->at. On a later page may stand who was
 * edited after the page before it was asked for. It is not promised, but its stored date is not true, and
 * must not lower the bound, however late it was checked: so those with dates have the bound of their page.
 */
static enum walk_end go_on(const struct feed *feed, struct feed_walk *walk, struct feed_walk *mark)
{
    if (!walk->begun && !begin_walk(feed, walk, mark))
        return WALK_WAITS;
    for (; walk->at < feed->count; walk->at++) {
        const struct feed_seen *seen = &feed->rows[walk->at];
        bool dated = is_date(seen->row.date);
        if (seen->heads)
            walk->bound = INT64_MAX;
        bool known = !seen->answered && is_later(seen->row.checked, dated ? walk->bound : walk->lowest);
        bool waits = is_open(feed, seen);
        if (waits && !mark->begun)
            *mark = *walk;
        if (waits || seen->row.date == FEED_UNKNOWN)
            continue;
        if (!seen->answered && !known)
            return WALK_WAITS;
        bool true_date = dated && (known || seen->found == seen->row.date);
        int64_t bound = true_date && seen->row.seen < walk->bound ? seen->row.seen : walk->bound;
        if (is_later(feed->read_at, bound))
            return WALK_ENDED;
        walk->bound = bound;
        if (bound < walk->lowest)
            walk->lowest = bound;
    }
    return WALK_PASSED;
}

static enum walk_end end_of_walk(const struct feed *feed)
{
    struct feed_walk walk = feed->walk, mark = feed->mark;
    return go_on(feed, &walk, &mark);
}

/*
 * By instants, what the walk ended above is known. By local dates an edit since `read_at` may stand lower,
 * but above all rows from an hour before that: a row that turns out to be one shows that no such edit is on a
 * later page. The row that shows it, or is to be asked whether it does; `count`: none of those that were
 * taken.
 */
static size_t reach_back(const struct feed *feed)
{
    size_t ask = feed->count;
    for (size_t i = 0; i < feed->count; i++) {
        const struct feed_seen *seen = &feed->rows[i];
        if (!may_be_true(seen) || !is_later(feed->read_at, seen->row.seen + FEED_STEP))
            continue;
        if (is_steady(seen))
            return i;
        if (ask == feed->count && !seen->answered && !is_open(feed, seen))
            ask = i;
    }
    return ask;
}

/* At the cap too: a reading that could never be complete would be made again and again. */
static bool reaches_back(const struct feed *feed)
{
    if (feed->by_instant || feed->over || feed->pages == feed->pages_max)
        return true;
    size_t row = reach_back(feed);
    return row < feed->count && feed->rows[row].answered;
}

/* Is a later page needed to find such a row? */
static bool falls_short(const struct feed *feed)
{
    return !feed->by_instant && !feed->over && reach_back(feed) == feed->count;
}

/* Do edits reach beyond the last page? Then the walk cannot end on it, whatever its marks turn out to be. */
static bool ends_in_marks(const struct feed *feed)
{
    size_t marked = 0;
    for (size_t i = feed->count; i-- > 0 && feed->count - i <= FEED_TAIL;)
        marked += feed->rows[i].why == FEED_MARKED;
    return feed->count >= FEED_TAIL && marked > FEED_TAIL / 2;
}

bool feed_wants_more(const struct feed *feed)
{
    return feed->pages < feed->pages_max &&
           (ends_in_marks(feed) || falls_short(feed) || end_of_walk(feed) == WALK_PASSED);
}

bool feed_is_complete(const struct feed *feed, bool over)
{
    for (size_t i = feed->marks_from; i < feed->count; i++)
        if (feed->rows[i].why == FEED_MARKED && !feed->rows[i].given)
            return false;
    if (feed->pages == 0 || feed->open > 0 || feed->suspect < feed->count)
        return false;
    enum walk_end end = end_of_walk(feed);
    return end != WALK_WAITS && (over || (end == WALK_ENDED && reaches_back(feed)));
}

static size_t next_mark(struct feed *feed)
{
    size_t *i = &feed->marks_from;
    while (*i < feed->count && (feed->rows[*i].why != FEED_MARKED || feed->rows[*i].given))
        ++*i;
    return *i;
}

static bool can_give(const struct feed *feed, size_t i)
{
    return i < feed->count && !feed->rows[i].given;
}

/* The next row to give out, and why; `count`: none. */
static size_t choose_next(struct feed *feed, enum feed_why *ret)
{
    size_t next = next_mark(feed);
    enum walk_end end = go_on(feed, &feed->walk, &feed->mark);
    *ret = FEED_MARKED;
    if (can_give(feed, feed->suspect) && feed->suspect < next) {
        next = feed->suspect;
        *ret = FEED_SUSPECT;
    }
    if (end == WALK_WAITS && can_give(feed, feed->walk.at) && feed->walk.at <= next) {
        next = feed->walk.at;
        *ret = FEED_CHECK;
    }
    if (next == feed->count && end == WALK_ENDED && feed->open == 0 && !reaches_back(feed)) {
        next = reach_back(feed);
        *ret = FEED_CHECK;
    }
    return next;
}

bool feed_next(struct feed *feed, int64_t *id, enum feed_why *why)
{
    enum feed_why reason;
    size_t next = choose_next(feed, &reason);
    if (next == feed->count)
        return false;
    struct feed_seen *seen = &feed->rows[next];
    if (seen->why == FEED_NO)
        seen->why = reason;
    seen->given = true;
    feed->open++;
    *id = seen->row.id;
    if (why)
        *why = seen->why;
    return true;
}

/* What an answer says of other rows. */
static void take_answer(struct feed *feed, size_t place)
{
    if (place < feed->walk.at)
        feed->walk.begun = false;
    if (place < feed->mark.at)
        feed->mark.begun = false;

    if (place > 0 && place <= feed->settled && was_edited(feed, place) && !feed->rows[place - 1].answered)
        feed->settled = 0;
    bool before = feed->by_instant;
    settle_suspects(feed);
    if (feed->by_instant != before)
        feed->walk.begun = feed->mark.begun = false; /* what was suspect may be known */
}

bool feed_fetched(struct feed *feed, int64_t id, int64_t date)
{
    int64_t place;
    if (!idmap_find(&feed->places, id, &place))
        return true;
    struct feed_seen *seen = &feed->rows[place];
    if (!seen->given || seen->answered)
        return true;
    seen->answered = true;
    seen->found = date;
    feed->open--;
    take_answer(feed, (size_t)place);
    bool unfounded = seen->why == FEED_MARKED && date == seen->row.date;
    feed->unfounded += unfounded;
    return !unfounded;
}

bool feed_should_have_shown(int64_t before, int64_t after, int64_t newest)
{
    if (!is_date(before) || !is_date(after) || !is_date(newest))
        return false;
    return before < after && after < newest - FEED_SLACK;
}
