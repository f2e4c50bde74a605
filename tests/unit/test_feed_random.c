/* The promise of the feed: random sites whose contacts are edited all the while. */
#include "feed_bench.h"

/* --- the promise --- */

#define TICKS    8 /* of a second: clocks and dates are cut to whole ones */
#define CONTACTS 40

enum order { IN_ORDER, FROZEN, REVERSED, BY_NUMBER, AT_RANDOM, ORDER_COUNT };

struct contact {
    int64_t edited, date; /* on the server: a tick, and the date of it */
    int version, held;    /* edits there, and those that the copy has */
    int due;              /* the version when the first page was asked for */
    size_t place;         /* in the first page, if that has all */
    bool open, queued;    /* given out; could not be had and is asked for again some time */
    struct feed_row row;  /* the copy */
};

struct world {
    uint64_t trial, seed;
    int64_t now, phase, zone, back_at; /* a tick; what makes a second of the server, and a date of that */
    int64_t pace, busy, dateless;      /* seconds between two things; percent */
    bool dateless_first,
        changes_page; /* the latter: a row that was edited meanwhile stands on a later page */
    bool by_text;     /* the order goes by the dates as they are shown, of which an hour comes twice */
    enum order order;
    size_t count, size; /* of all, of a page */
    struct contact people[CONTACTS];
    int64_t frozen[CONTACTS]; /* keys */
    struct feed feed;
    bool had_reading, over, contradicted, by_instant;
    int64_t asked, read_at, newest;
    size_t fetches;
};

/* Where the seed is told. */
static void require(const struct world *world, bool holds, const char *what)
{
    if (!holds)
        fail_msg("seed %" PRIu64 ": %s", world->trial, what);
}

static int64_t draw_upto(struct world *world, int64_t most)
{
    return draw_between(&world->seed, 0, most);
}

static struct contact *draw_contact(struct world *world)
{
    int64_t last = (int64_t)world->count - 1, few = last < 3 ? last : 3;
    return &world->people[draw_upto(world, draw_chance(&world->seed, 50) ? few : last)];
}

/* Mostly within the same seconds. */
static void pass(struct world *world)
{
    if (draw_chance(&world->seed, 60))
        world->now += draw_upto(world, draw_chance(&world->seed, 80) ? 2 * TICKS : world->pace * TICKS);
}

static int64_t server_second(const struct world *world, int64_t tick)
{
    return (tick + world->phase) / TICKS;
}

/* In local time: an hour comes twice. */
static int64_t server_date(const struct world *world, int64_t tick)
{
    int64_t second = server_second(world, tick);
    return second + world->zone - (second >= world->back_at ? 3600 : 0);
}

static void edit(struct world *world, struct contact *one)
{
    int64_t date = server_date(world, ++world->now); /* no two at once */
    if (date == one->date && server_second(world, world->now) != server_second(world, one->edited))
        return; /* the same date an hour later: no record shows that */
    one->edited = world->now;
    one->date = date;
    one->version++;
}

static void create(struct world *world)
{
    struct contact *one = &world->people[world->count];
    if (world->count == CONTACTS)
        return;
    *one = (struct contact){.edited = world->now, .date = FEED_NONE, .version = 1};
    one->row = (struct feed_row){.id = (int64_t)world->count++, .date = FEED_UNKNOWN};
    if (!draw_chance(&world->seed, world->dateless))
        one->date = server_date(world, world->now);
}

static void stir(struct world *world)
{
    pass(world);
    if (draw_chance(&world->seed, world->busy))
        edit(world, draw_contact(world));
    else if (draw_chance(&world->seed, world->busy / 10))
        create(world);
}

/* An answer with the record as it was then comes in. */
static void store(struct world *world, struct contact *one, int64_t sent, int version, int64_t date)
{
    if (one->row.date != date)
        one->row.seen = world->now / TICKS + draw_upto(world, 1);
    one->row.date = date;
    one->row.checked = sent / TICKS;
    one->held = version;
    one->queued = false;
}

static void fetch_by_others(struct world *world, struct contact *one)
{
    int64_t sent = world->now, before = one->row.date;
    bool watched = world->had_reading && !one->queued;
    stir(world);
    int version = one->version;
    int64_t date = one->date;
    stir(world);
    if (watched && feed_should_have_shown(before, date, world->newest))
        world->contradicted = true;
    store(world, one, sent, version, date);
}

static void live(struct world *world)
{
    struct contact *one = draw_contact(world);
    stir(world);
    if (draw_chance(&world->seed, world->busy / 4) && !one->open)
        fetch_by_others(world, one);
}

/* --- a reading --- */

static void fetch_given(struct world *world, int64_t id)
{
    struct contact *one = &world->people[id];
    int64_t sent = world->now, date = FEED_UNKNOWN;
    live(world);
    if (draw_chance(&world->seed, world->busy / 10)) {
        one->queued = true;
    } else {
        int version = one->version;
        date = one->date;
        live(world);
        store(world, one, sent, version, date);
    }
    one->open = false;
    world->fetches++;
    if (!feed_fetched(&world->feed, id, date))
        world->contradicted = true;
}

/*
 * By whole seconds, but where those without a date are first: there one that gets its first date would sink
 * below others of the same second, and lift them over the edge of a page.
 */
static int64_t listing_key(struct world *world, const struct contact *one)
{
    switch (world->order) {
    case FROZEN:
        return world->frozen[one->row.id];
    case REVERSED:
        return -one->edited;
    case BY_NUMBER:
        return one->row.id * 7919 % 1009;
    case AT_RANDOM:
        return draw_upto(world, 1 << 20);
    case IN_ORDER:
    case ORDER_COUNT:
        break;
    }
    if (one->date == FEED_NONE)
        return world->dateless_first ? INT64_MAX : INT64_MIN;
    if (world->by_text)
        return one->date;
    return world->dateless_first ? one->edited : server_second(world, one->edited);
}

/* The ids in the order of the listing, equal ones always alike. */
static void list(struct world *world, int64_t *ids)
{
    int64_t keys[CONTACTS];
    for (size_t i = 0; i < world->count; i++) {
        int64_t key = listing_key(world, &world->people[i]);
        size_t at = i;
        for (; at > 0 && keys[at - 1] < key; at--) {
            keys[at] = keys[at - 1];
            ids[at] = ids[at - 1];
        }
        keys[at] = key;
        ids[at] = world->people[i].row.id;
    }
}

static bool is_taken(const struct feed *feed, int64_t id)
{
    for (size_t i = 0; i < feed->count; i++)
        if (feed->rows[i].row.id == id)
            return true;
    return false;
}

static void ask_first_page(struct world *world)
{
    world->asked = world->now;
    for (size_t i = 0; i < world->count; i++)
        world->people[i].due = world->people[i].version;
}

static void take_page(struct world *world)
{
    struct feed_row stored[CONTACTS], rows[CONTACTS];
    int64_t ids[CONTACTS];
    size_t count = 0, from = world->feed.pages * world->size;
    if (from == 0)
        ask_first_page(world);
    for (size_t i = 0; i < CONTACTS; i++)
        stored[i] = i < world->count ? world->people[i].row
                                     : (struct feed_row){.id = (int64_t)i, .date = FEED_UNKNOWN};
    live(world);
    list(world, ids);
    world->over = from + world->size >= world->count;
    for (size_t i = 0; from == 0 && i < world->count; i++)
        world->people[ids[i]].place = i;
    for (size_t i = from; i < world->count && i < from + world->size; i++) {
        if (is_taken(&world->feed, ids[i]))
            continue;
        rows[count++] = stored[ids[i]];
        if (from > 0 && world->people[ids[i]].edited >= world->asked)
            world->changes_page = true;
    }
    live(world);
    require(world, feed_take_page(&world->feed, rows, count) == 0, "a page was refused");
    world->feed.over = world->over;
}

static bool give_out(struct world *world, int64_t *open, size_t *count)
{
    if (!feed_next(&world->feed, &open[*count], NULL))
        return false;
    struct contact *one = &world->people[open[*count]];
    require(world, !one->open, "given out twice");
    require(world, one->row.date != FEED_UNKNOWN, "a never fetched one was given out");
    one->open = true;
    ++*count;
    return true;
}

/* Fetches run side by side, and end in any order. False: nothing is left to do. */
static bool step(struct world *world, int64_t *open, size_t *count)
{
    if (feed_wants_more(&world->feed) && !world->over)
        take_page(world);
    else if (*count == 0 || draw_chance(&world->seed, 50) || !give_out(world, open, count)) {
        if (*count == 0)
            return give_out(world, open, count);
        size_t i = (size_t)draw_upto(world, (int64_t)*count - 1);
        int64_t id = open[i];
        open[i] = open[--*count];
        fetch_given(world, id);
    }
    return true;
}

static bool is_of_repeated_hour(const struct world *world, const struct contact *one)
{
    int64_t second = server_second(world, one->edited);
    return second >= world->back_at && second < world->back_at + 3600;
}

/* Did its edits move it past another one, which was not edited and is in the copy? */
static bool passed_another(const struct world *world, const struct contact *one)
{
    for (size_t i = 0; i < world->count; i++) {
        const struct contact *other = &world->people[i];
        bool above = one->place < other->place;
        if (other->held == other->version && other->date != FEED_NONE && other->row.date != FEED_UNKNOWN &&
            one->row.date != FEED_NONE && (above ? one->row.date < other->date : one->row.date > other->date))
            return true;
    }
    return false;
}

static bool edits_went_on(const struct world *world)
{
    for (size_t i = 0; i < world->count; i++)
        if (world->people[i].edited >= world->asked)
            return true;
    return false;
}

/* An order by text does not show all edits of the hour that comes twice. */
static bool is_excused(const struct world *world, const struct contact *one)
{
    return world->by_text && is_of_repeated_hour(world, one) &&
           (edits_went_on(world) || !passed_another(world, one) ||
            world->feed.pages == world->feed.pages_max);
}

static void assert_promise(const struct world *world)
{
    for (size_t i = 0; i < world->count; i++) {
        const struct contact *one = &world->people[i];
        bool again = world->feed.pages > 1 && one->version > one->due;
        if (one->held < one->due && one->row.date != FEED_UNKNOWN && !one->queued && !again &&
            !is_excused(world, one))
            fail_msg("seed %" PRIu64 ": an edit of %zu was missed", world->trial, i);
    }
}

static int64_t earliest_check(const struct world *world)
{
    int64_t earliest = INT64_MAX;
    for (size_t i = 0; i < world->count; i++)
        if (world->people[i].row.date != FEED_UNKNOWN && world->people[i].row.checked < earliest)
            earliest = world->people[i].row.checked;
    return earliest;
}

/* Is it complete? */
static bool settle(struct world *world, size_t open)
{
    bool complete = feed_is_complete(&world->feed, world->over);
    for (size_t i = 0; i < world->count; i++)
        world->people[i].open = false;
    require(world, !complete || open == 0, "complete before all answers");
    if (complete && world->order == IN_ORDER)
        assert_promise(world);
    if (complete) {
        world->had_reading = true;
        world->read_at = world->asked / TICKS;
        world->newest = world->feed.newest;
    }
    return complete;
}

static bool read_feed(struct world *world, int64_t breaks)
{
    int64_t open[CONTACTS];
    size_t count = 0;
    world->over = world->changes_page = false;
    world->fetches = 0;
    feed_begin(&world->feed, world->had_reading ? world->read_at : earliest_check(world),
               (unsigned)draw_between(&world->seed, 2, 20));
    world->feed.by_instant = world->by_instant;
    while (step(world, open, &count) && !draw_chance(&world->seed, breaks))
        ;
    bool complete = settle(world, count);
    world->by_instant = world->feed.by_instant;
    require(world, !world->by_instant || !world->by_text || world->order != IN_ORDER,
            "an order by text is taken for one by instant");
    if (world->order == IN_ORDER && !world->changes_page)
        require(world, world->feed.unfounded == 0 && !world->contradicted,
                "an honest server is contradicted");
    if (world->order == IN_ORDER)
        world->contradicted = false;
    feed_end(&world->feed);
    return complete;
}

/* A site with a past; the copy was made while it went on. */
static void build(struct world *world, uint64_t trial, int64_t pace, int64_t busy)
{
    *world = (struct world){.trial = trial, .seed = trial, .now = NOW * TICKS, .pace = pace, .busy = busy};
    size_t count = (size_t)draw_between(&world->seed, 3, CONTACTS);
    world->phase = draw_upto(world, TICKS - 1);
    world->zone = draw_between(&world->seed, -5 * NOW, NOW);
    world->back_at = draw_chance(&world->seed, 30) ? NOW + draw_upto(world, 40 * pace) : INT64_MAX;
    world->by_text = draw_chance(&world->seed, 40);
    world->dateless_first = draw_chance(&world->seed, 50);
    world->size = (size_t)draw_between(&world->seed, 2, draw_chance(&world->seed, 60) ? 6 : CONTACTS);
    while (world->count < count) {
        world->dateless = world->count > 0 && busy > 0 && draw_chance(&world->seed, 30) ? 30 : 0;
        world->now += draw_upto(world, pace * TICKS);
        create(world);
    }
    for (size_t i = 0; i < count; i++) {
        struct contact *one = &world->people[i];
        if (i == 0 || !draw_chance(&world->seed, 5))
            fetch_by_others(world, one);
        live(world);
    }
}

static void build_randomly(struct world *world, uint64_t trial)
{
    uint64_t seed = ~trial;
    const int64_t paces[] = {3, 60, 3600, 5 * DAY};
    int64_t pace = paces[draw_between(&seed, 0, 3)];
    build(world, trial, pace, draw_between(&seed, 0, 60));
}

static void every_edit_from_before_a_complete_reading_is_in_the_copy(void **state)
{
    static struct world world;
    size_t readings = 0, complete = 0;
    struct trials all = trials(TRIALS);
    (void)state;
    for (uint64_t trial = all.first; trial <= all.last; trial++) {
        build_randomly(&world, trial);
        for (int64_t i = draw_between(&world.seed, 2, 8); i > 0; i--) {
            for (int64_t things = draw_upto(&world, 12); things > 0; things--)
                live(&world);
            readings++;
            complete += read_feed(&world, draw_chance(&world.seed, 30) ? 10 : 0);
        }
    }
    assert_true(!is_many(readings) || complete * 2 > readings);
}

/* All fetched, no edits but these, and nobody else at work. */
static void a_quiet_reading_costs_a_fetch_for_each_edit_and_one(void **state)
{
    static struct world world;
    struct trials all = trials(TRIALS / 3);
    (void)state;
    for (uint64_t trial = all.first; trial <= all.last; trial++) {
        build(&world, trial, 3600, 0);
        world.size = CONTACTS;
        size_t edits = (size_t)draw_upto(&world, (int64_t)world.count), first = edits;
        for (int settled = 0; settled < 2; settled++) {
            world.now += DAY * TICKS;
            require(&world, read_feed(&world, 0), "a quiet reading was not complete");
        }
        for (size_t i = 0; i < edits; i++, pass(&world))
            edit(&world, &world.people[(first + i * 7) % world.count]);
        world.now += TICKS;
        require(&world, read_feed(&world, 0), "a quiet reading was not complete");
        require(&world, world.fetches <= edits + 1, "too many fetches");
    }
}

static void stop_sorting(struct world *world, enum order order)
{
    for (size_t i = 0; i < CONTACTS; i++)
        world->frozen[i] = i < world->count ? listing_key(world, &world->people[i]) : INT64_MAX;
    world->order = order;
}

static void a_server_that_stops_sorting_is_contradicted(void **state)
{
    static struct world world;
    struct trials all = trials(TRIALS / 10);
    (void)state;
    for (uint64_t trial = all.first; trial <= all.last; trial++) {
        build(&world, trial, DAY, 50);
        world.size = CONTACTS;
        while (world.count < CONTACTS / 2)
            create(&world);
        while (!read_feed(&world, 0))
            ;
        stop_sorting(&world, FROZEN + trial % (ORDER_COUNT - FROZEN));
        for (int readings = 0; readings < 20 && !world.contradicted; readings++) {
            for (int things = 0; things < 20; things++)
                live(&world);
            (void)read_feed(&world, 0);
        }
        require(&world, world.contradicted, "nothing shows that the server does not sort");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_edit_from_before_a_complete_reading_is_in_the_copy),
        cmocka_unit_test(a_quiet_reading_costs_a_fetch_for_each_edit_and_one),
        cmocka_unit_test(a_server_that_stops_sorting_is_contradicted),
    };
    return cmocka_run_group_tests_name("feed at random", tests, NULL, NULL);
}
