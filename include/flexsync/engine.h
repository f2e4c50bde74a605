/*
 * engine: puts settings, limiter, fetcher, mapper, store and cycle together and runs cycles on an event loop.
 *
 * The daemon and the command share it. It owns the lock, the database and the connections. A run is one cycle
 * over each entity (resource types once a day at most, or with `full`); or, where contacts are named, one
 * cycle that asks for them alone. Requests for a run fold: while one runs, any number of them make one that
 * follows, and those that name contacts make one before it. New settings are taken over between runs, so that
 * a cycle never sees two of them.
 *
 * Lock and database are looked after: where one was removed or replaced under a run, that run fails, and the
 * next one takes the lock again and works on what is there then.
 */
#ifndef FLEXSYNC_ENGINE_H
#define FLEXSYNC_ENGINE_H

#include "flexsync/clock.h"
#include "flexsync/config.h"
#include "flexsync/cycle.h"
#include "flexsync/facts.h"
#include "flexsync/ledger.h"
#include "flexsync/limiter.h"
#include "flexsync/log.h"
#include "flexsync/quota.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

#define ENGINE_IDS_MAX     1000                 /* of one request */
#define ENGINE_IDS_WAITING (8 * ENGINE_IDS_MAX) /* of all that fold into one run */

struct engine;

struct engine_request {
    enum sync_trigger trigger;
    bool full;
    bool accept_vanished;
    const char *const *ids; /* these contacts alone: contact_id, or the number in column id; not owned */
    size_t id_count;        /* 0: everybody */
};

struct engine_result {
    uint64_t run; /* as engine_sync() said */
    bool asked;   /* for certain contacts alone */
    enum sync_status status;
    int exit_status;              /* of a program that did only this run */
    struct error error;           /* ERROR_NONE with a partial one that only its counters explain */
    int64_t resumes_at;           /* wall, usec; 0: nothing to resume */
    char summary[FACTS_LINE_MAX]; /* of the contacts */
    const char *const *unknown;   /* ids that are nobody's; valid until the next run begins */
    size_t unknown_count;
    bool moved; /* it failed because its database was removed or replaced: the next run has another one */
    bool over;  /* the program cannot go on: another one writes, or the database is none of ours */
};

struct engine_options {
    sd_event *event;
    const struct clock *clock;
    struct log *log;     /* must outlive the engine */
    const char *program; /* for the lock: "flexsyncd" or "flexsync" */
    bool trial; /* runs end where records would be fetched; nothing lasts (trial.h), nothing is locked */
    /* A run has ended; engine_sync() may be called from here. */
    void (*finished)(void *arg, const struct engine_result *result);
    void (*opening)(void *arg); /* as store_open() has it; NULL: nobody wants to know */
    void *arg;                  /* not owned */
};

/*
 * Locks and opens the database (made, migrated, checked), closes what a crash left running. Takes over
 * `config` in any case. Errors: those of lock_take(), store_open(), fetcher_new().
 */
int engine_new(struct engine **ret, struct config *config, const struct engine_options *options,
               struct error *err);

/* The quota that the settings name. */
struct quota_limits engine_quota(const struct config *config);

/* Sets up a limiter as the settings have it, that counts in the ledger at `path`. Ledger, path and clock must
 * outlive it. */
void engine_limit(struct limiter *limiter, struct ledger *ledger, const char *path,
                  const struct config *config, const struct clock *clock);

/*
 * Asks for a run: at once, or after the one that runs. *ret_run (may be NULL) is its number, also of those
 * that it folds with; it is set before finished() can be called, which may be within this call. ERROR_SYSTEM
 * without memory; ERROR_LOCKED where too many ids wait already.
 */
int engine_sync(struct engine *engine, const struct engine_request *request, uint64_t *ret_run,
                struct error *err);

/* The run that begins after the one that goes on, or has just ended; NULL: none. */
const struct engine_request *engine_next(const struct engine *engine);

/* What the runs work on, for reading between two of them. Lives as long as the engine. */
struct store *engine_store(const struct engine *engine);

/*
 * Between two runs: is a run wanted, because the database was removed or replaced, or because another process
 * took the lock? A lock whose file is gone is taken again.
 */
bool engine_look(struct engine *engine);

/* The path of the database: that of the start, whatever the settings say by now. Lives as long as the engine.
 */
const char *engine_database(const struct engine *engine);

/* Tells those who find the database locked where the program that has it can be asked (lock.h). */
void engine_reachable(struct engine *engine, const char *socket);

/* Takes over `config` for the next run. */
void engine_configure(struct engine *engine, struct config *config);

/* The settings in force, or those that the next run takes over. Valid until engine_configure() or a run's
 * end. */
const struct config *engine_config(const struct engine *engine);

/* Ends a run that is under way: what has come is committed. Forgets those that were to follow. */
void engine_stop(struct engine *engine);

/* Does a run go on, or is one about to begin? */
bool engine_busy(const struct engine *engine);

/* Does a run hang: is there work that has made no progress within its deadline? */
bool engine_stuck(const struct engine *engine);

/* next_at stays 0: the daemon knows it. */
void engine_facts(struct engine *engine, struct facts *ret);

/* NULL is allowed; returns NULL. */
struct engine *engine_free(struct engine *engine);

#endif
