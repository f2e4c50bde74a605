/*
 * planner: which record to fetch next, where the quota cannot buy them all.
 *
 * Every record has a rate of hidden edits and a rate of edits that the listing shows, estimated from its
 * figures and from a prior that all records share. Fetching a record is worth what it adds to the freshness
 * and takes from the age of the copy (planner_benefit()), and those with the largest benefit are fetched.
 * (Cho and Garcia-Molina, TODS 2003; Kolobov et al., NeurIPS 2019; the formulas are in the comments of
 * planner.c.)
 *
 * Beside them a share of the choice goes to those not checked for too long, so that nobody is forgotten, and
 * a few are drawn at random: the part of those that had changed is an honest measure of how stale the copy
 * is.
 *
 * Pure: no network, no disk, no clock, no random numbers of its own. Rates are edits a day, ages days;
 * points in time and figures are whole seconds, as in figures.h. Nothing but the draw of audits depends on
 * the order in which records are offered; of equals the smaller id wins.
 */
#ifndef FLEXSYNC_PLANNER_H
#define FLEXSYNC_PLANNER_H

#include "flexsync/figures.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- rates --- */

/* What all records share: the rate of edits is Gamma distributed, `shown` of them show in the listing. */
struct planner_prior {
    double a, b;  /* shape; and rate, days (a fit gives 365 at the most): a/b edits a day on average */
    double shown; /* 0 to 1 */
};

/* Before anything is known. */
extern const struct planner_prior planner_prior_start;

/*
 * Fits a and b to the first fetches: each shows whether there was an edit in the time that was looked back
 * on. The sums that the likelihood needs are kept for a grid of b, so that 100,000 records need no memory.
 */
#define PLANNER_GRID 48
struct planner_fit {
    int64_t count, changed;
    double logs[PLANNER_GRID];         /* sum of ln(1 + T/b) */
    double logs_changed[PLANNER_GRID]; /* sum of ln(b + T) over those that had changed */
};

void planner_fit_begin(struct planner_fit *fit);
void planner_fit_add(struct planner_fit *fit, const struct figures *figures);

/* Sets a and b; false where the data say nothing (fewer than 20 records, or none had changed): then the prior
 * stays as it was. */
bool planner_fit_solve(const struct planner_fit *fit, struct planner_prior *prior);

/*
 * Sets the share of edits that the listing shows from the rates of all records, as they are estimated with
 * the share so far: repeated, that comes to the likeliest share, and without any edit stays where it is.
 * (Dempster, Laird and Rubin 1977. A count of the edits found would not do: several hidden ones are found as
 * one.)
 */
void planner_fit_shown(struct planner_prior *prior, double hidden_rate, double listed_rate);

double planner_hidden_rate(const struct planner_prior *prior, const struct figures *figures);
double planner_listed_rate(const struct planner_prior *prior, const struct figures *figures, int64_t now);

/* --- what a fetch and a listing tell of a record --- */

/*
 * The first answer: it was made at `created` and edited at `edited` (0: not known). Dates of the server's
 * have no zone, so they may be after `now`; that counts as now.
 */
void planner_first_fetch(struct figures *figures, int64_t created, int64_t edited, int64_t now);

/*
 * A further answer, whose content differs (`changed`) or not. Where the last one came after `now`, by a clock
 * that was ahead, the time up to it was never watched and is taken back.
 */
void planner_later_fetch(struct figures *figures, bool changed, int64_t edited, int64_t now);

/* The listing shows that it was edited. (The store does the same in SQL.) */
void planner_listed(struct figures *figures, int64_t now);

/*
 * The feed shows that it was edited: it is to be fetched, but says nothing of the kind of the edit. It was
 * watched up to now: the fetch that follows comes because of the edit, so the time from that edit to that
 * fetch says nothing of how often there are edits. (The store does the same in SQL.)
 */
void planner_fed(struct figures *figures, int64_t now);

/* --- the choice --- */

/* What fetching the record now is worth; `kappa` weighs age against freshness. 0 or more. */
double planner_benefit(const struct planner_prior *prior, const struct figures *figures, double kappa,
                       int64_t now);

/* The weight of age: 0.5 * budget (requests a day) / records. */
double planner_kappa(double budget, int64_t records);

/*
 * The share of a choice that goes to overdue ones at the most; and the same where the feed tells of every
 * edit and more are known than can be fetched: who was only not looked at must not take much from those.
 */
#define PLANNER_OVERDUE_SHARE      0.15
#define PLANNER_OVERDUE_SHARE_TOLD 0.05

/*
 * Seconds after which a record is overdue: max_age (seconds), or as often as so many requests a day carry all
 * records.
 */
int64_t planner_overdue_after(int64_t max_age, double requests, int64_t records);

enum planner_reason { PLANNER_OVERDUE, PLANNER_AUDIT, PLANNER_BENEFIT, PLANNER_REASONS };

struct planner_choice {
    int64_t id;
    enum planner_reason reason;
    double benefit; /* PLANNER_BENEFIT: what it was chosen for */
};

struct planner_options {
    struct planner_prior prior;
    double kappa;
    int64_t now;
    size_t room;           /* records to choose, audits and overdue ones included */
    int64_t overdue_after; /* seconds */
    double overdue_share;  /* of the room */
    bool told;             /* the feed tells of every edit: who has no signal is as stored */
    double draw;           /* 0 to 1: rounds the shares of small choices, so that they hold on average */
    uint64_t seed;         /* of the draw of audits */
};

/* Facts about all that were offered. */
struct planner_census {
    int64_t records;
    double hidden_rate, listed_rate; /* edits a day of all of them together, as estimated */
    int64_t signalled;
    int64_t overdue;
    int64_t oldest; /* the earliest `checked`; 0 where there is none */
    double theta;   /* mean benefit of those chosen for it; 0: none was */
};

struct planner;

/* Memory for `room` records at most, whatever is offered. 0 or -ENOMEM. Free with planner_free(). */
int planner_new(struct planner **ret, const struct planner_options *options);

/*
 * Offers a record whose id is above 0; those never fetched are not for the planner. One that is `excluded`
 * will be fetched anyway: it is not chosen for its benefit or age, but may be drawn as an audit, since an
 * audit of those alone that nothing is known against would find the copy fresher than it is. One that was
 * checked after `now`, by a clock that was ahead, counts as overdue, and for its benefit as just so.
 */
void planner_offer(struct planner *planner, int64_t id, const struct figures *figures, bool excluded);

/*
 * The choice: audits (1.5 % of the room, drawn among all), overdue ones (overdue_share at the most, oldest
 * first), the rest by benefit; each id once. Valid until planner_free(); NULL without memory.
 */
const struct planner_choice *planner_choose(struct planner *planner, size_t *ret_count,
                                            struct planner_census *ret_census);

/* NULL is allowed; returns NULL. */
struct planner *planner_free(struct planner *planner);

/* --- listings --- */

/*
 * Days between two whole listings of so many pages: where a further listing is worth as much as the fetches
 * it costs: sqrt(2 * pages * theta / signals), between an hour and 7 days, and not so often that listings
 * take more than a fifth of the budget (requests a day).
 */
double planner_listing_interval(double pages, double theta, double signals_a_day, double budget);

#endif
