#include "flexsync/planner.h"

#include "flexsync/idmap.h"
#include "flexsync/random.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAY           86400.0
#define AUDIT_SHARE   0.015
#define SERIES_BELOW  1e-3 /* of l*s: the closed forms would cancel */
#define FIT_MIN       20   /* records, to fit a prior to */
#define B_LEAST       0.3
#define B_MOST        20.0
#define SHOWN_LEAST   0.02 /* at 0 no edit in a listing could ever raise it */
#define LISTING_SHARE 0.2

/* About 0.045 edits a day, as in a rental company of some thousand contacts (freshness.md). */
const struct planner_prior planner_prior_start = {.a = 0.5, .b = 11, .shown = 0.3};

static double days(int64_t seconds)
{
    return seconds > 0 ? (double)seconds / DAY : 0;
}

/* From `then` to `now`, never negative: clocks go back. */
static int64_t span(int64_t then, int64_t now)
{
    int64_t difference;
    if (__builtin_sub_overflow(now, then, &difference))
        return now > then ? INT64_MAX : 0;
    return difference > 0 ? difference : 0;
}

static double counted(int64_t count)
{
    return count > 0 ? (double)count : 0;
}

double planner_hidden_rate(const struct planner_prior *prior, const struct figures *f)
{
    return ((1 - prior->shown) * (prior->a + f->first_changed) + counted(f->hidden)) /
           (prior->b + days(f->hidden_watched));
}

double planner_listed_rate(const struct planner_prior *prior, const struct figures *f, int64_t now)
{
    return (prior->shown * (prior->a + f->first_changed) + counted(f->listed)) /
           (prior->b + days(span(f->watched_since, now)));
}

/* --- the fit --- */

/*
 * b is how many days the prior counts as having been watched. Most records are edited rarely, so the
 * likeliest one b for all is some 50 days; and those few that are edited every other day, and need most of
 * the fetches, are recognised as such only after as long. Measured (freshness.md section 4, 100,000 records,
 * no feed): freshness .0011 more with 20 days at the most than with 365, the same at 20,000 and 1,700, and
 * some .002 less where all records are alike.
 */
static double grid_value(int i)
{
    return B_LEAST * pow(B_MOST / B_LEAST, (double)i / (PLANNER_GRID - 1));
}

void planner_fit_begin(struct planner_fit *fit)
{
    *fit = (struct planner_fit){0};
}

void planner_fit_add(struct planner_fit *fit, const struct figures *figures)
{
    double watched = days(figures->first_watched);
    if (watched <= 0)
        return;
    fit->count++;
    fit->changed += figures->first_changed;
    for (int i = 0; i < PLANNER_GRID; i++) {
        double b = grid_value(i);
        fit->logs[i] += log1p(watched / b);
        if (figures->first_changed)
            fit->logs_changed[i] += log(b + watched);
    }
}

bool planner_fit_solve(const struct planner_fit *fit, struct planner_prior *prior)
{
    double best = -INFINITY, changed = (double)fit->changed;
    if (fit->count < FIT_MIN || fit->changed == 0)
        return false;
    for (int i = 0; i < PLANNER_GRID; i++) {
        double a = changed / fit->logs[i];
        double likelihood = changed * log(a) - a * fit->logs[i] - fit->logs_changed[i];
        if (!(likelihood > best))
            continue;
        best = likelihood;
        prior->a = a;
        prior->b = grid_value(i);
    }
    return isfinite(best);
}

void planner_fit_shown(struct planner_prior *prior, double hidden_rate, double listed_rate)
{
    double all = hidden_rate + listed_rate;
    if (all > 0)
        prior->shown = fmin(fmax(listed_rate / all, SHOWN_LEAST), 1 - SHOWN_LEAST);
}

/* --- what is learnt --- */

void planner_first_fetch(struct figures *figures, int64_t created, int64_t edited, int64_t now)
{
    int64_t since = edited ? edited : created ? created : now;
    int64_t watched = span(since, now);
    *figures = (struct figures){
        .checked = now,
        .edited = edited,
        .first_changed = edited > created && created != 0,
        .first_watched = watched,
        .watched_since = now - watched,
        .hidden_watched = watched,
    };
}

static void add_watched(struct figures *figures, int64_t seconds)
{
    if (__builtin_add_overflow(figures->hidden_watched, seconds, &figures->hidden_watched))
        figures->hidden_watched = INT64_MAX;
}

/*
 * What was checked after `now` was checked by a clock that was ahead, which counted the time until then as
 * watched: it is taken back, so that it is not counted twice when it comes. A record counts as checked `age`
 * seconds ago.
 */
static struct figures put_right(const struct figures *figures, int64_t age, int64_t now)
{
    struct figures right = *figures;
    int64_t ahead = span(now, figures->checked);
    if (ahead > 0) {
        bool fetched_once = figures->first_watched == figures->hidden_watched;
        right.hidden_watched = figures->hidden_watched > ahead ? figures->hidden_watched - ahead : 0;
        right.first_watched = fetched_once ? right.hidden_watched : figures->first_watched;
        right.checked = now - age;
    }
    if (right.watched_since > now)
        right.watched_since = now;
    if (right.signalled > now)
        right.signalled = now;
    return right;
}

void planner_later_fetch(struct figures *figures, bool changed, int64_t edited, int64_t now)
{
    *figures = put_right(figures, 0, now);
    int64_t watched = span(figures->checked, now);
    if (edited && edited != figures->edited && span(edited, now) < watched)
        watched = span(edited, now);
    add_watched(figures, watched);
    figures->hidden += changed && !figures->signalled;
    figures->checked = now;
    figures->signalled = 0;
    if (edited)
        figures->edited = edited;
}

void planner_listed(struct figures *figures, int64_t now)
{
    figures->listed++;
    if (!figures->signalled)
        figures->signalled = now;
}

void planner_fed(struct figures *figures, int64_t now)
{
    if (figures->signalled)
        return;
    figures->hidden++;
    add_watched(figures, span(figures->checked, now));
    figures->signalled = now;
}

/* --- the benefit --- */

double planner_kappa(double budget, int64_t records)
{
    return records > 0 ? 0.5 * budget / (double)records : 0;
}

double planner_benefit(const struct planner_prior *prior, const struct figures *f, double kappa, int64_t now)
{
    double l = planner_hidden_rate(prior, f), t = days(span(f->checked, now));
    double s = f->signalled ? fmin(days(span(f->checked, f->signalled)), t) : t, z = l * s;
    bool series = z < SERIES_BELOW;
    double q = series ? z * z / 2 - z * z * z / 3 : 1 - (1 + z) * exp(-z);
    double gain = f->signalled ? 1 / (l + planner_listed_rate(prior, f, now)) : q / l;
    double age = series ? (t * t - s * s) / 2 + l * s * s * s / 3 : t * t / 2 - q / (l * l);
    double benefit = gain + kappa * age;
    return benefit > 0 ? benefit : 0;
}

int64_t planner_overdue_after(int64_t max_age, double requests, int64_t records)
{
    double carried = (double)records / requests * DAY;
    return carried > (double)max_age ? (int64_t)fmin(carried, 1e15) : max_age;
}

double planner_listing_interval(double pages, double theta, double signals_a_day, double budget)
{
    double best = signals_a_day > 0 ? sqrt(2 * pages * fmax(theta, 0) / signals_a_day) : 7;
    double least = fmin(pages / (LISTING_SHARE * budget), 31);
    return fmax(fmin(fmax(best, 1.0 / 24), 7), least);
}

/* --- the choice --- */

/* A bounded heap: the least urgent of those kept is on top, and leaves for a more urgent one. */
struct kept {
    int64_t id;
    double urgency;
};

struct heap {
    struct kept *items;
    size_t count, room;
};

struct planner {
    struct planner_options options;
    struct heap benefit, overdue;
    int64_t *audits; /* drawn so far, a reservoir (Vitter 1985) */
    size_t audit_room, audit_count;
    int64_t drawn_from; /* records that the reservoir was drawn from */
    uint64_t seed;
    struct planner_census census;
    struct planner_choice *choices;
};

static bool is_less_urgent(const struct kept *a, const struct kept *b)
{
    return a->urgency < b->urgency || (a->urgency == b->urgency && a->id > b->id);
}

static void sift_down(struct heap *heap, size_t i)
{
    struct kept item = heap->items[i];
    for (size_t child; (child = 2 * i + 1) < heap->count; i = child) {
        if (child + 1 < heap->count && is_less_urgent(&heap->items[child + 1], &heap->items[child]))
            child++;
        if (!is_less_urgent(&heap->items[child], &item))
            break;
        heap->items[i] = heap->items[child];
    }
    heap->items[i] = item;
}

static void sift_up(struct heap *heap, size_t i)
{
    struct kept item = heap->items[i];
    for (size_t parent; i > 0 && is_less_urgent(&item, &heap->items[parent = (i - 1) / 2]); i = parent)
        heap->items[i] = heap->items[parent];
    heap->items[i] = item;
}

static void keep(struct heap *heap, int64_t id, double urgency)
{
    const struct kept item = {.id = id, .urgency = urgency};
    if (heap->count < heap->room) {
        heap->items[heap->count++] = item;
        sift_up(heap, heap->count - 1);
    } else if (heap->room > 0 && is_less_urgent(&heap->items[0], &item)) {
        heap->items[0] = item;
        sift_down(heap, 0);
    }
}

static int compare_urgency(const void *a, const void *b)
{
    return is_less_urgent(a, b) ? 1 : -1;
}

/* So many places of the room that the share holds on average, also where it is less than one. */
static size_t share_of(size_t room, double share, double chance)
{
    return (size_t)((double)room * share + chance);
}

int planner_new(struct planner **ret, const struct planner_options *options)
{
    struct planner *planner = calloc(1, sizeof *planner);
    if (!planner)
        return -ENOMEM;
    planner->options = *options;
    planner->seed = options->seed;
    size_t room = options->room;
    double chance = fmod(options->draw * 1024, 1); /* not the one that rounded the audits */
    planner->audit_room = share_of(room, AUDIT_SHARE, options->draw);
    planner->overdue.room = share_of(room, options->overdue_share, chance);
    planner->benefit.room = room;
    planner->audits = calloc(planner->audit_room + 1, sizeof *planner->audits);
    planner->overdue.items = calloc(planner->overdue.room + 1, sizeof *planner->overdue.items);
    planner->benefit.items = calloc(room + 1, sizeof *planner->benefit.items);
    planner->choices = calloc(room + 1, sizeof *planner->choices);
    if (!planner->audits || !planner->overdue.items || !planner->benefit.items || !planner->choices) {
        (void)planner_free(planner);
        return -ENOMEM;
    }
    *ret = planner;
    return 0;
}

static void draw_audit(struct planner *planner, int64_t id)
{
    planner->drawn_from++;
    if (planner->audit_count < planner->audit_room) {
        planner->audits[planner->audit_count++] = id;
        return;
    }
    uint64_t place = random_next(&planner->seed) % (uint64_t)planner->drawn_from;
    if (place < planner->audit_room)
        planner->audits[place] = id;
}

static void count_record(struct planner *planner, const struct figures *figures)
{
    struct planner_census *census = &planner->census;
    census->records++;
    census->hidden_rate += planner_hidden_rate(&planner->options.prior, figures);
    census->listed_rate += planner_listed_rate(&planner->options.prior, figures, planner->options.now);
    census->signalled += figures->signalled != 0;
    if (census->oldest == 0 || figures->checked < census->oldest)
        census->oldest = figures->checked;
}

void planner_offer(struct planner *planner, int64_t id, const struct figures *figures, bool excluded)
{
    const struct planner_options *options = &planner->options;
    const struct figures right = put_right(figures, options->overdue_after, options->now);
    int64_t age = span(right.checked, options->now);
    if (figures->checked > options->now) /* it is not known how old it is */
        age = INT64_MAX;
    figures = &right;
    count_record(planner, figures);
    planner->census.overdue += age > options->overdue_after;
    draw_audit(planner, id);
    if (excluded)
        return;
    if (!options->told || figures->signalled)
        keep(&planner->benefit, id, planner_benefit(&options->prior, figures, options->kappa, options->now));
    if (age > options->overdue_after)
        keep(&planner->overdue, id, (double)age);
}

static size_t add(struct planner *planner, struct idmap *taken, size_t count, int64_t id,
                  enum planner_reason reason, double benefit)
{
    if (count >= planner->options.room || !idmap_add(taken, id, 0))
        return count;
    planner->choices[count] = (struct planner_choice){.id = id, .reason = reason, .benefit = benefit};
    return count + 1;
}

static size_t add_all(struct planner *planner, struct idmap *taken)
{
    struct heap *overdue = &planner->overdue, *benefit = &planner->benefit;
    size_t count = 0, before;
    double sum = 0;
    qsort(overdue->items, overdue->count, sizeof *overdue->items, compare_urgency);
    qsort(benefit->items, benefit->count, sizeof *benefit->items, compare_urgency);
    for (size_t i = 0; i < planner->audit_count; i++)
        count = add(planner, taken, count, planner->audits[i], PLANNER_AUDIT, 0);
    for (size_t i = 0; i < overdue->count; i++)
        count = add(planner, taken, count, overdue->items[i].id, PLANNER_OVERDUE, 0);
    before = count;
    for (size_t i = 0; i < benefit->count; i++) {
        size_t more =
            add(planner, taken, count, benefit->items[i].id, PLANNER_BENEFIT, benefit->items[i].urgency);
        sum += more > count ? benefit->items[i].urgency : 0;
        count = more;
    }
    planner->census.theta = count > before ? sum / (double)(count - before) : 0;
    return count;
}

const struct planner_choice *planner_choose(struct planner *planner, size_t *ret_count,
                                            struct planner_census *ret_census)
{
    size_t most = planner->audit_count + planner->overdue.count + planner->benefit.count;
    struct idmap taken = {0};
    if (idmap_reserve(&taken, most) < 0)
        return NULL;
    *ret_count = add_all(planner, &taken);
    *ret_census = planner->census;
    idmap_free(&taken);
    return planner->choices;
}

struct planner *planner_free(struct planner *planner)
{
    if (planner) {
        free(planner->audits);
        free(planner->overdue.items);
        free(planner->benefit.items);
        free(planner->choices);
    }
    free(planner);
    return NULL;
}
