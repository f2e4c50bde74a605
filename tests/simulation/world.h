/*
 * world: a daemon's life under a virtual clock. The real cycle, planner, feed, limiter, schedule, store and
 * ledger; the network, the server's quota, time and death are made up.
 *
 * Requests are sent as the fetcher sends them (counted in the ledger first, smoothed, at most `concurrent` in
 * flight, repeated when an answer is lost) and come back in any order. Nothing waits: where the daemon would,
 * the clock is moved on.
 */
#ifndef SIMULATION_WORLD_H
#define SIMULATION_WORLD_H

#include "account.h"
#include "flexsync/breaker.h"
#include "flexsync/cycle.h"
#include "flexsync/ledger.h"
#include "flexsync/limiter.h"
#include "site.h"

/* What the daemon's schedule and adapters offer to the engine alone. */
#include "../../src/daemon/schedule.h"
#include "../../src/engine/adapters.h"
/* And what of the store a killed daemon leaves open, and a test asks. */
#include "../../src/store/statement.h"

#define WORLD_CONCURRENT 30
#define WORLD_WINDOW     (2 * WORLD_CONCURRENT)

struct world_options {
    size_t people;
    uint64_t seed;
    struct quota_limits limits;
    enum config_strategy strategy;
    int64_t interval, max_age; /* usec */
    bool own_ledger;           /* in memory: faster, and it dies with the world */
};

/* Shares of what happens, 0 to 1. */
struct world_faults {
    double lost;    /* of the answers */
    double failing; /* of the answers: 500 */
    double crash;   /* at each step of a cycle */
    double stop;    /* likewise: a wish to end */
    bool storm;     /* the server does not know its records */
};

struct flight {
    bool sent, listing, probe;
    unsigned tries, epoch; /* epoch: of the breaker, when it was sent */
    const struct entity *entity;
    struct source_page page;
    size_t person;
    bool refused; /* 429 */
    enum quota_window window;
    struct fetch_handler handler;
    void *arg;
};

struct world {
    struct world_options options;
    struct world_faults faults;
    struct site site;
    struct account account;
    uint64_t seed;

    int64_t now;                         /* true time, usec; the monotonic clock too */
    int64_t outage_from, outage_until;   /* between them no request is answered */
    int64_t local_offset, server_offset; /* of the clocks of the machine and the server */
    bool names_date, names_window;       /* what the server's answers have */
    struct clock clock;

    char directory[64], database[96], ledger_path[96];
    struct store *store; /* NULL: the daemon is not running */
    struct ledger ledger;
    struct quota memory; /* own_ledger */
    bool memory_known;
    struct limiter limiter;
    struct breaker breaker;
    struct schedule schedule;

    bool accept_vanished; /* in the cycles from now on */
    struct cycle *cycle;
    struct flight flights[WORLD_WINDOW + 1];
    size_t flight_count, in_flight;
    enum fetch_outcome stopped; /* FETCH_OK: sending goes on */
    struct error stop_error;
    struct fetch_stats stats;

    /* Of the last cycle. */
    struct sync_row row;
    struct error error;
    bool died;
    int64_t cycles, events; /* so far; an event is a step of a cycle */
};

/* A site of so many people and an empty directory; nothing runs yet. */
void world_make(struct world *world, const struct world_options *options, int64_t now);
void world_free(struct world *world);

/* The daemon starts, or has died, or ends by itself. */
void world_start(struct world *world);
void world_kill(struct world *world);
void world_end(struct world *world);

/* Time passes for the site; the daemon waits. */
void world_wait(struct world *world, int64_t usec);

/* One cycle, to its end, its stop or the death of the daemon (which is started again then). */
void world_cycle(struct world *world, enum sync_trigger trigger, bool full);

/* The daemon does what its schedule says until then. */
void world_run_until(struct world *world, int64_t until);

/* The first copy, for nothing: as many requests as it takes, before anything is counted. */
void world_fill(struct world *world);

/* One number out of the database. */
int64_t world_number(struct world *world, const char *sql);

/* Evenly in [0, 1); and whether something of that share happens. */
double world_draw(struct world *world);
bool world_chance(struct world *world, double share);

/* Says what is wrong, with the seed, and ends the program. */
void world_fail(const struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

#endif
