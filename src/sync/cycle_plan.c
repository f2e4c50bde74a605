/* The phase that decides which records are asked for, and in which order. */
#include "cycle_internal.h"

#include "flexsync/cleanup.h"
#include "flexsync/random.h"

#include <stdlib.h>
#include <string.h>

#define DAY             86400
#define FIT_RECORDS     4096 /* that the prior is fitted to; more would not make it better */
#define FEED_CHECKS_MAX 16   /* in one cycle */
#define SIGNALS_SHARE   0.25 /* of the budget, where others need it too */
#define TOLD_SHARE      0.5  /* where hardly anybody else does */
#define FIT_GROWN       20   /* it is fitted again when a twentieth more records are known */

static int add_choice(struct cycle *cycle, const struct store_choice *choice, struct error *err)
{
    if (cycle->choice_count == cycle->choice_capacity) {
        size_t capacity = cycle->choice_capacity ? cycle->choice_capacity * 2 : 64;
        struct store_choice *choices = realloc(cycle->choices, capacity * sizeof *choices);
        if (!choices)
            return error_memory(err);
        cycle->choices = choices;
        cycle->choice_capacity = capacity;
    }
    cycle->choices[cycle->choice_count++] = *choice;
    return 0;
}

/*
 * What the feed gives out by now, other than what this cycle has asked for already. A reading that would look
 * at too many who were probably not edited is broken off, and the next one goes on.
 */
static int gather_feed(struct cycle *cycle, struct error *err)
{
    int64_t id, found;
    enum feed_why why;
    while (cycle->feeding == FEEDING_READ && feed_next(&cycle->feed, &id, &why)) {
        const struct store_choice choice = {.id = id, .reason = REASON_FEED, .signalled = why == FEED_MARKED};
        if (idmap_find(&cycle->answers, id, &found)) {
            cycle_feed_answered(cycle, id, found);
            continue;
        }
        if (why == FEED_CHECK && cycle->checks++ >= FEED_CHECKS_MAX)
            continue;
        if (add_choice(cycle, &choice, err) < 0)
            return -1;
    }
    return 0;
}

static int store_choices(struct cycle *cycle, bool more, struct error *err)
{
    if (cycle->sink.choose(cycle->sink.self, cycle->options.entity, cycle->choices, cycle->choice_count, more,
                           cycle_wall(cycle), err) < 0)
        return -1;
    cycle->choice_count = 0;
    return 0;
}

static struct plan_entry *make_room(struct cycle *cycle, size_t more, struct error *err)
{
    struct plan_entry *plan = realloc(cycle->plan, (cycle->planned + more + 1) * sizeof *plan);
    if (plan)
        cycle->plan = plan;
    bool answers =
        cycle->feeding != FEEDING_READ || idmap_reserve(&cycle->answers, cycle->planned + more) == 0;
    if (!plan || !answers) {
        (void)error_memory(err);
        return NULL;
    }
    return plan + cycle->planned;
}

int cycle_plan_feed(struct cycle *cycle, struct error *err)
{
    if (cycle->tight || gather_feed(cycle, err) < 0)
        return cycle->tight ? 0 : -1;
    size_t count = cycle->choice_count;
    struct plan_entry *room = count > 0 ? make_room(cycle, count, err) : NULL;
    if (count == 0)
        return 0;
    if (!room)
        return -1;
    for (size_t i = 0; i < count; i++)
        room[i] = (struct plan_entry){.id = cycle->choices[i].id};
    if (store_choices(cycle, true, err) < 0)
        return -1;
    cycle->planned += count;
    return 1;
}

static enum cycle_phase phase_after_plan(const struct cycle *cycle)
{
    return cycle->options.plan_only ? CYCLE_FINISH : CYCLE_FETCH;
}

/* What is in the queue becomes the plan. */
static int plan_queue(struct cycle *cycle, enum store_due due, struct error *err)
{
    int64_t *ids = NULL;
    size_t count = 0;
    if (cycle->sink.plan(cycle->sink.self, cycle->options.entity, cycle_wall(cycle), due, !cycle->tight, &ids,
                         &count, err) < 0)
        return -1;
    cycle->planned = 0;
    struct plan_entry *room = make_room(cycle, count, err);
    for (size_t i = 0; room && i < count; i++)
        room[i] = (struct plan_entry){.id = ids[i]};
    cycle->planned = room ? count : 0;
    free(ids);
    return room ? 0 : -1;
}

/* --- contacts that somebody named --- */

int cycle_ask(struct cycle *cycle, struct error *err)
{
    const struct cycle_options *options = &cycle->options;
    if (options->id_count == 0)
        return 0;
    if (!cycle->asked && !(cycle->asked = calloc(options->id_count, sizeof *cycle->asked)))
        return error_memory(err);
    return cycle->sink.ask(cycle->sink.self, options->entity, options->ids, options->id_count,
                           cycle_wall(cycle), cycle->asked, err);
}

size_t cycle_count_unknown(const struct cycle *cycle)
{
    size_t count = 0;
    for (size_t i = 0; cycle->asked && i < cycle->options.id_count; i++)
        count += cycle->asked[i] == 0;
    return count;
}

static int by_number(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* Each of them once, by whatever names it was asked for. */
static int plan_asked(struct cycle *cycle, struct error *err)
{
    size_t count = cycle->options.id_count;
    if (cycle_count_unknown(cycle) > 0 && cycle_ask(cycle, err) < 0) /* the listing may have brought it */
        return -1;
    CLEANUP_FREE int64_t *ids = malloc(count * sizeof *ids);
    cycle->planned = 0;
    struct plan_entry *room = ids ? make_room(cycle, count, err) : NULL;
    if (!room)
        return ids ? -1 : error_memory(err);
    memcpy(ids, cycle->asked, count * sizeof *ids);
    qsort(ids, count, sizeof *ids, by_number);
    for (size_t i = 0; i < count; i++)
        if (ids[i] != 0 && (i == 0 || ids[i] != ids[i - 1]))
            room[cycle->planned++] = (struct plan_entry){.id = ids[i]};
    cycle->asked_of_all = true;
    cycle->phase = phase_after_plan(cycle);
    return 0;
}

/* --- the planner --- */

struct offer {
    struct planner *planner;
    struct planner_fit fit;
    int64_t every; /* one of so many is fitted */
    bool fits;
};

static int offer_record(void *arg, int64_t id, const struct figures *figures, bool queued)
{
    struct offer *offer = arg;
    planner_offer(offer->planner, id, figures, queued);
    if (offer->fits && id % offer->every == 0)
        planner_fit_add(&offer->fit, figures);
    return 0;
}

static bool wants_fit(const struct stats *stats, int64_t now)
{
    int64_t grown = stats->listed_total - stats->fitted;
    return grown > stats->fitted / FIT_GROWN || now - stats->fitted_at >= DAY || now < stats->fitted_at;
}

/* What the records told in this pass is for the next plan. */
static void learn(struct cycle *cycle, const struct offer *offer, const struct planner_census *census)
{
    struct stats *stats = &cycle->stats;
    if (offer->fits) {
        (void)planner_fit_solve(&offer->fit, &stats->prior);
        stats->fitted = census->records;
        stats->fitted_at = cycle_wall(cycle) / USEC_PER_SEC;
    }
    planner_fit_shown(&stats->prior, census->hidden_rate, census->listed_rate);
    stats->edits = census->hidden_rate + census->listed_rate;
    if (stats->signals <= 0) /* the first listing had none before it to differ from */
        stats->signals = census->listed_rate;
    if (census->theta > 0)
        stats_theta(stats, census->theta);
}

/* Adds what the planner chose to the plan, and queues it. */
static int take_choices(struct cycle *cycle, const struct planner_choice *choices, size_t count,
                        struct error *err)
{
    static const enum store_reason reasons[PLANNER_REASONS] = {[PLANNER_OVERDUE] = REASON_OVERDUE,
                                                               [PLANNER_AUDIT] = REASON_AUDIT,
                                                               [PLANNER_BENEFIT] = REASON_BENEFIT};
    struct plan_entry *room = make_room(cycle, count, err);
    if (!room)
        return -1;
    cycle->choice_count = 0; /* after a failure of the sink: the same anew */
    for (size_t i = 0; i < count; i++) {
        const struct store_choice choice = {.id = choices[i].id, .reason = reasons[choices[i].reason]};
        room[i] = (struct plan_entry){.id = choices[i].id, .audit = choices[i].reason == PLANNER_AUDIT};
        if (add_choice(cycle, &choice, err) < 0)
            return -1;
    }
    if (store_choices(cycle, true, err) < 0)
        return -1;
    cycle->planned += count;
    return 0;
}

static int plan_refetches(struct cycle *cycle, size_t room, struct error *err)
{
    const struct stats *stats = &cycle->stats;
    int64_t now = cycle_wall(cycle) / USEC_PER_SEC;
    struct offer offer = {.every = 1 + stats->listed_total / FIT_RECORDS, .fits = wants_fit(stats, now)};
    double share = cycle->told && cycle->tight ? PLANNER_OVERDUE_SHARE_TOLD : PLANNER_OVERDUE_SHARE;
    const struct planner_options options = {
        .prior = stats->prior,
        .kappa = planner_kappa(cycle->options.budget, stats->listed_total),
        .now = now,
        .room = room,
        .overdue_after = planner_overdue_after(cycle->options.max_age / USEC_PER_SEC,
                                               share * cycle->options.budget, stats->listed_total),
        .overdue_share = share,
        .told = cycle->told,
        .draw = random_unit(&cycle->options.seed),
        .seed = random_next(&cycle->options.seed),
    };
    if (planner_new(&offer.planner, &options) < 0)
        return error_memory(err);
    planner_fit_begin(&offer.fit);
    size_t count = 0;
    struct planner_census census = {0};
    int r =
        cycle->sink.scan(cycle->sink.self, cycle->options.entity, cycle->tight, offer_record, &offer, err);
    if (r == 0) {
        const struct planner_choice *choices = planner_choose(offer.planner, &count, &census);
        r = choices ? take_choices(cycle, choices, count, err) : error_memory(err);
    }
    (void)planner_free(offer.planner);
    if (r == 0)
        learn(cycle, &offer, &census);
    return r;
}

/*
 * Are there lastingly so many signals that fetching them all would leave too little: for edits that nothing
 * signals, or, where the feed tells of every edit, for those who are edited rarely and stay as fetched for
 * long?
 */
static bool is_scarce(const struct cycle *cycle)
{
    const struct stats *stats = &cycle->stats;
    return cycle->told ? stats->edits > TOLD_SHARE * cycle->options.budget
                       : stats->signals > SIGNALS_SHARE * cycle->options.budget;
}

/*
 * How many records beyond the queue this cycle may fetch: what has accrued at the background's pace, and what
 * the quota has left. Signals go before, and may be ahead of the pace by a day; if there are more of them for
 * now, they compete with all others for that. Where there always are, a day ahead would not be made good
 * until the month's window is full and everything stops for a day: there they compete for what has accrued.
 */
static size_t room_of(const struct cycle *cycle, double tokens, int64_t signals)
{
    double room = tokens;
    if (cycle->tight && !is_scarce(cycle))
        room = tokens + cycle->options.budget;
    else if (!cycle->tight && !cycle->options.person)
        room = tokens - (double)signals;
    double allowed = (double)cycle->source.allowed(cycle->source.self) - (double)cycle->planned;
    if (room > allowed)
        room = allowed;
    return room >= 1 ? (size_t)room : 0;
}

/* A further page of the feed adds to the plan; what else it showed is for the next cycle. */
static int plan_further(struct cycle *cycle, struct error *err)
{
    if (cycle_plan_feed(cycle, err) < 0)
        return -1;
    cycle->phase = CYCLE_FETCH;
    return 0;
}

/* What a second listing showed; all else was planned and fetched before it. */
static int plan_relisted(struct cycle *cycle, struct error *err)
{
    cycle->next = cycle->done = 0;
    if (cycle->options.id_count > 0)
        return plan_asked(cycle, err);
    if (plan_queue(cycle, DUE_NOW, err) < 0)
        return -1;
    cycle->phase = CYCLE_FETCH;
    return 0;
}

int cycle_do_plan(struct cycle *cycle, enum cycle_advance *ret, int64_t *ret_at, struct error *err)
{
    (void)ret, (void)ret_at;
    if (cycle->further)
        return plan_further(cycle, err);
    if (cycle->relisted)
        return plan_relisted(cycle, err);
    const struct cycle_options *options = &cycle->options;
    const struct entity *entity = options->entity;
    bool full = options->full || options->strategy == STRATEGY_FULL;
    int64_t wall = cycle_wall(cycle), signals = 0;
    if (!entity->queue_table) {
        cycle->row.counts.fetched = cycle->row.counts.listed; /* a listed row is the whole record */
        cycle->phase = CYCLE_FINISH;
        return 0;
    }
    if (options->id_count > 0)
        return plan_asked(cycle, err);
    double accrues = options->budget * (double)options->interval / (double)USEC_PER_DAY;
    double tokens = stats_accrue(&cycle->stats, options->budget, 2 * accrues, wall / USEC_PER_SEC);
    if (gather_feed(cycle, err) < 0 || store_choices(cycle, false, err) < 0 ||
        (full && cycle->sink.queue_all(cycle->sink.self, entity, wall, err) < 0) ||
        cycle->sink.count_signalled(cycle->sink.self, entity, wall, &signals, err) < 0)
        return -1;
    cycle->told = cycle->stats.verdict == FEED_HONOURED && options->strategy == STRATEGY_AUTO;
    bool tight = (double)signals > tokens + options->budget || is_scarce(cycle);
    cycle->tight = tight && !options->person && !full;
    cycle->stats.tight = cycle->tight;
    if (plan_queue(cycle, full ? DUE_ALL : options->person ? DUE_SOON : DUE_NOW, err) < 0)
        return -1;
    size_t room = full ? 0 : room_of(cycle, tokens, signals);
    if (room > 0 && cycle->stats.listed_total > 0 && plan_refetches(cycle, room, err) < 0)
        return -1;
    cycle->phase = phase_after_plan(cycle);
    return 0;
}
