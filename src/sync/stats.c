#include "flexsync/stats.h"

#include "flexsync/cleanup.h"
#include "flexsync/text.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY            86400.0
#define TOKENS_MIN     8.0     /* may always be sent at once */
#define SIGNALS_WEIGHT 7.0     /* days over which the rate of signals is averaged */
#define THETA_WEIGHT   0.1     /* of the latest plan in the running mean */
#define LISTING_SHARE  0.2     /* of the budget, for listings and the feed */
#define PROBE_UNKNOWN  3600    /* seconds between two probes that found nothing out */
#define PROBE_AGAIN    2592000 /* after a no: servers are upgraded */
#define SIZE_AGAIN     259200  /* after which larger pages are tried again */

struct figure {
    const char *key;
    size_t offset;
    bool real;
};

#define REAL(key, member)                                                                                    \
    {                                                                                                        \
        key, offsetof(struct stats, member), true                                                            \
    }
#define WHOLE(key, member)                                                                                   \
    {                                                                                                        \
        key, offsetof(struct stats, member), false                                                           \
    }

static const struct figure kept[] = {
    REAL("planner.a", prior.a),
    REAL("planner.b", prior.b),
    REAL("planner.shown", prior.shown),
    WHOLE("planner.fitted", fitted),
    WHOLE("planner.fitted_at", fitted_at),
    REAL("planner.theta", theta),
    REAL("planner.edits", edits),
    WHOLE("planner.tight", tight),
    WHOLE("listing.at", listed_at),
    WHOLE("listing.total", listed_total),
    WHOLE("listing.pages", listed_pages),
    WHOLE("listing.zero_based", zero_based),
    WHOLE("listing.doubted", doubted),
    WHOLE("listing.storms", storms),
    WHOLE("listing.page_size", page_size),
    WHOLE("listing.page_size_at", page_size_at),
    REAL("listing.signals", signals),
    REAL("pace.tokens", tokens),
    WHOLE("pace.at", paced_at),
    WHOLE("feed.verdict", verdict),
    WHOLE("feed.judged_at", judged_at),
    WHOLE("feed.at", feed_at),
    WHOLE("feed.read_at", feed_read_at),
    WHOLE("feed.newest", feed_newest),
    WHOLE("feed.by_instant", feed_by_instant),
};

static double *real_of(struct stats *stats, const struct figure *figure)
{
    return (double *)(void *)((char *)stats + figure->offset);
}

static int64_t *whole_of(struct stats *stats, const struct figure *figure)
{
    return (int64_t *)(void *)((char *)stats + figure->offset);
}

/* What somebody wrote there by hand is not taken for more than a number. */
static void read_figure(struct stats *stats, const struct figure *figure, const char *text)
{
    char *end;
    if (figure->real) {
        double value = strtod(text, &end);
        if (end != text && !*end && isfinite(value))
            *real_of(stats, figure) = value;
    } else {
        long long value = strtoll(text, &end, 10);
        if (end != text && !*end && value >= 0 && value < INT64_MAX / 2)
            *whole_of(stats, figure) = value;
    }
}

static void print_figure(char text[static TEXT_MAX], const struct stats *stats, const struct figure *figure)
{
    struct stats copy = *stats;
    if (figure->real)
        (void)snprintf(text, TEXT_MAX, "%.9g", *real_of(&copy, figure));
    else
        (void)snprintf(text, TEXT_MAX, "%" PRId64, *whole_of(&copy, figure));
}

static void make_sane(struct stats *stats)
{
    if (!(stats->prior.a > 0 && stats->prior.b > 0 && stats->prior.shown > 0 && stats->prior.shown < 1))
        stats->prior = planner_prior_start;
    if (stats->verdict > FEED_IGNORED)
        stats->verdict = FEED_UNKNOWN_YET;
}

int stats_load(struct stats *stats, const struct sink *sink, struct error *err)
{
    *stats = (struct stats){.prior = planner_prior_start};
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++) {
        CLEANUP_FREE char *text = NULL;
        if (sink->meta_get(sink->self, kept[i].key, &text, err) < 0)
            return -1;
        if (text)
            read_figure(stats, &kept[i], text);
    }
    make_sane(stats);
    return 0;
}

int stats_save(const struct stats *stats, const struct stats *before, const struct sink *sink, int64_t now,
               struct error *err)
{
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++) {
        char text[TEXT_MAX], old[TEXT_MAX];
        print_figure(text, stats, &kept[i]);
        print_figure(old, before, &kept[i]);
        if (strcmp(text, old) != 0 && sink->meta_set(sink->self, kept[i].key, text, now, err) < 0)
            return -1;
    }
    return 0;
}

double stats_accrue(struct stats *stats, double budget, double most, int64_t now)
{
    double room = most > TOKENS_MIN ? most : TOKENS_MIN;
    if (stats->paced_at > 0 && now > stats->paced_at)
        stats->tokens += budget * (double)(now - stats->paced_at) / DAY;
    stats->paced_at = now; /* a clock that went back costs what would have accrued meanwhile, no more */
    if (stats->tokens > room)
        stats->tokens = room;
    return stats->tokens;
}

void stats_spend(struct stats *stats, double budget, int64_t requests)
{
    stats->tokens -= (double)requests;
    if (stats->tokens < -budget)
        stats->tokens = -budget;
}

void stats_listed(struct stats *stats, int64_t pages, int64_t total, int64_t signals, int64_t now)
{
    double days = (double)(now - stats->listed_at) / DAY;
    if (stats->listed_at > 0 && days > 0) {
        double rate = (double)signals / days, weight = 1 - exp(-days / SIGNALS_WEIGHT);
        stats->signals += weight * (rate - stats->signals);
    }
    stats->listed_at = now;
    stats->listed_pages = pages;
    stats->listed_total = total;
    stats->doubted = 0;
}

unsigned stats_page_size(const struct stats *stats, unsigned wanted, int64_t now)
{
    int64_t age = now - stats->page_size_at, size = stats->page_size;
    if (size <= 0 || size >= wanted)
        return wanted;
    if (age < 0 || age >= SIZE_AGAIN)
        size *= 2;
    return size < wanted ? (unsigned)size : wanted;
}

void stats_paged(struct stats *stats, unsigned size, unsigned wanted, int64_t now)
{
    int64_t found = size < wanted ? size : 0, age = now - stats->page_size_at;
    if (found == stats->page_size && (found == 0 || (age >= 0 && age < SIZE_AGAIN)))
        return;
    stats->page_size = found;
    stats->page_size_at = now;
}

static double listing_interval(const struct stats *stats, double budget)
{
    return planner_listing_interval((double)stats->listed_pages, stats->theta, stats->signals, budget);
}

void stats_readings(const struct stats *stats, double budget, int64_t *ret_requests, int64_t *ret_every)
{
    *ret_requests = stats->listed_pages + (stats->verdict == FEED_HONOURED ? STATS_FEED_COST : 0);
    *ret_every = (int64_t)(listing_interval(stats, budget) * DAY);
}

bool stats_listing_is_due(const struct stats *stats, double budget, int64_t now)
{
    double days = listing_interval(stats, budget);
    return stats->listed_at == 0 || stats->doubted || stats->listed_at > now ||
           (double)(now - stats->listed_at) >= days * DAY;
}

bool stats_feed_is_due(const struct stats *stats, double budget, int64_t cost, int64_t now)
{
    double days = (double)cost / (LISTING_SHARE * budget);
    if (stats->tight && stats->edits > 0)
        days = fmax(days, sqrt(2 * (double)cost * fmax(stats->theta, 0) / stats->edits));
    return stats->feed_at > now || (double)(now - stats->feed_at) >= days * DAY;
}

bool stats_probe_is_due(const struct stats *stats, int64_t now)
{
    int64_t wait = stats->verdict == FEED_UNKNOWN_YET ? PROBE_UNKNOWN : PROBE_AGAIN;
    return stats->verdict != FEED_HONOURED && (stats->judged_at > now || now - stats->judged_at >= wait);
}

void stats_theta(struct stats *stats, double theta)
{
    stats->theta += (stats->theta > 0 ? THETA_WEIGHT : 1) * (theta - stats->theta);
}
