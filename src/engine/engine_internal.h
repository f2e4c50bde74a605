/* What the engine's settings and its runs share. Inside of engine only. */
#ifndef FLEXSYNC_ENGINE_INTERNAL_H
#define FLEXSYNC_ENGINE_INTERNAL_H

#include "adapters.h"
#include "flexsync/engine.h"
#include "flexsync/fetcher.h"
#include "flexsync/ledger.h"
#include "report.h"
#include "wishes.h"

struct engine {
    struct engine_options options;
    struct report report;
    struct config *config, *next_config; /* next_config: for the next run, or NULL */
    char *database;                      /* of the start: a new one needs a restart */
    char *socket; /* as engine_reachable() said, for a lock that is taken again; or NULL */
    int lock;
    struct store *store; /* NULL: what is at its path now could not be opened */
    struct ledger ledger;
    char *ledger_path; /* of the start: a new one needs a restart */
    struct limiter limiter;
    struct fetcher *fetcher;
    struct flex_source flex;
    sd_event_source *soon;  /* a step is due */
    sd_event_source *timer; /* a step is due later */

    struct cycle *cycle; /* NULL: idle */
    size_t entity;       /* of the run: index in entities[] */
    bool running, stopping;
    bool probing;             /* the run asks whether the outage is over, before its first cycle */
    struct error probe_error; /* of that */
    bool telling;             /* finished() is being called: its result must stay as it is */
    struct wish wish;         /* of the run, or of the last one */
    struct wishes wishes;     /* of those that follow */
    struct engine_result result;
    int64_t looked_at;     /* monotonic: at the files, during a cycle */
    struct error upset;    /* what happened to the files under the run; ERROR_NONE: nothing */
    const char **unknown;  /* owned; of the result */
    int64_t progress_at;   /* monotonic: when something last moved */
    int64_t fetch_began;   /* monotonic: for the rate; 0: not yet */
    enum facts_state rest; /* state between runs */
    struct error last;     /* what brought the last run to another state than idle */
    int64_t contacts;      /* rows, as of the end of the last run */
    struct freshness fresh;
    enum facts_pause pause;
    enum quota_window window; /* of a pause that the quota makes */
};

int64_t engine_now(const struct engine *engine); /* monotonic */
int64_t engine_wall(const struct engine *engine);

/* One sentence, with the entity and the cycle that run, if any. */
void engine_log(struct engine *engine, enum event event, const char *text);

/* Between two runs: the new settings, with connections of their own. */
int engine_take_config(struct engine *engine, struct error *err);

/* What a run has left behind, for those who ask before the next one ends. */
int engine_note_copy(struct engine *engine, struct error *err);

/* Opens the database, makes or migrates it, checks whose it is, and says what happened to it before. On
 * failure there is none. */
int files_open(struct engine *engine, struct error *err);

/*
 * Before a run: takes the lock again where its file is gone, and opens what is at the database's path now if
 * that is another file. ERROR_LOCKED where another process has the lock, else as files_open().
 */
int files_settle(struct engine *engine, struct error *err);

/* Is that failure one with which a program does not start? */
bool files_are_fatal(const struct error *err);

/* During a cycle, now and then: notes in engine->upset that the files are not where they were, and stops the
 * cycle. `at_end`: now, and the cycle is over. */
void files_watch(struct engine *engine, bool at_end);

/* The wish that is next becomes the run; there must be one. It may have ended when this returns. */
void engine_begin_run(struct engine *engine);

/* Begins the next run, or does a bounded piece of the one that goes on. */
void engine_step(struct engine *engine);

/* The same, when the event loop turns. */
void engine_step_soon(struct engine *engine);

#endif
