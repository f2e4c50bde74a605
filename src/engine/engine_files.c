/*
 * The files under the engine, the lock and the database: other programs may remove or replace them while they
 * are open, and what is written then is written for no one.
 */
#include "engine_internal.h"

#include "flexsync/lock.h"
#include "flexsync/site.h"
#include "flexsync/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOK_EVERY USEC_PER_SEC /* during a cycle, which may take hours */

/* Another process that took the lock while its file was gone is the one that writes from now on. */
static int files_lock_again(struct engine *engine, struct error *err)
{
    struct lock_holder holder;
    int lock = lock_take(engine->database, engine->options.program, err);
    if (lock < 0 && err->code == ERROR_LOCKED && lock_holder(engine->database, &holder) > 0)
        return error_set(
            err, ERROR_LOCKED, RETRY_LATER,
            "another sync of %.200s is running: the lock file beside it was removed or replaced, "
            "and %s (process %d) has taken it; this one writes nothing more and ends",
            engine->database, holder.program, holder.pid);
    if (lock < 0)
        return -1;
    (void)close(engine->lock);
    engine->lock = lock;
    if (engine->socket)
        lock_tell(lock, engine->options.program, engine->socket);
    engine_log(engine, EVENT_MOVED,
               "the lock file beside the database was removed or replaced; it is taken again");
    return 0;
}

/* -1 with ERROR_LOCKED: another process writes; with ERROR_STORE: the database is not where it was. */
static int files_look(struct engine *engine, struct error *err)
{
    if (engine->options.trial)
        return 0;
    if (!lock_in_place(engine->lock, engine->database) && files_lock_again(engine, err) < 0)
        return -1;
    if (!engine->store || store_in_place(engine->store, err) == 0)
        return 0;
    bool daemon = strcmp(engine->options.program, "flexsyncd") == 0;
    char text[ERROR_TEXT_MAX];
    (void)snprintf(text, sizeof text, "%.380s", err->text);
    return error_set(err, ERROR_STORE, RETRY_NEVER, "%s; %s", text,
                     daemon ? "what is there now is opened and synced"
                            : "to sync what is there now: flexsync sync");
}

/* What happened to the database before it was opened. */
static int files_tell_past(struct engine *engine, int64_t migrated, struct error *err)
{
    char text[FACTS_LINE_MAX], n[TEXT_MAX];
    if (migrated > 0) {
        (void)snprintf(text, sizeof text, "took over %s contacts of the old tool's database %.300s",
                       text_format_count(n, migrated), engine->database);
        engine_log(engine, EVENT_MIGRATED, text);
    }
    int interrupted = store_close_interrupted(engine->store, engine_wall(engine), err);
    if (interrupted > 0 && !engine->options.trial) /* there, what another process runs is no matter */
        engine_log(engine, EVENT_INTERRUPTED,
                   "the last sync was interrupted; its work up to then is stored, this one goes on");
    return interrupted < 0 ? -1 : 0;
}

int files_open(struct engine *engine, struct error *err)
{
    int64_t migrated = 0;
    enum store_mode mode = engine->options.trial ? STORE_TRIAL : STORE_WRITE;
    if (store_open_watched(&engine->store, engine->database, mode, engine_wall(engine), &migrated,
                           engine->options.opening, engine->options.arg, err) < 0)
        return -1;
    if (site_check(engine->store, engine->config, err) == 0 && files_tell_past(engine, migrated, err) == 0 &&
        engine_note_copy(engine, err) == 0)
        return 0;
    engine->store = store_close(engine->store);
    return -1;
}

bool files_are_fatal(const struct error *err)
{
    return err->code == ERROR_LOCKED || err->code == ERROR_STORE_CORRUPT || err->code == ERROR_CONFIG;
}

int files_settle(struct engine *engine, struct error *err)
{
    bool told = engine->upset.code != ERROR_NONE;
    engine->upset = (struct error){0};
    if (files_look(engine, err) == 0)
        return engine->store ? 0 : files_open(engine, err);
    if (err->code != ERROR_STORE || !engine->store) /* the lock's */
        return -1;
    if (!told)
        engine_log(engine, EVENT_MOVED, err->text);
    engine->store = store_leave(engine->store);
    return files_open(engine, err);
}

void files_watch(struct engine *engine, bool at_end)
{
    struct error err = {0};
    int64_t now = engine_now(engine);
    if (engine->upset.code || (!at_end && now - engine->looked_at < LOOK_EVERY))
        return;
    engine->looked_at = now;
    if (files_look(engine, &err) == 0)
        return;
    engine->upset = err;
    engine_log(engine, EVENT_MOVED, err.text);
    if (!at_end)
        cycle_stop(engine->cycle);
}

bool engine_look(struct engine *engine)
{
    struct error err = {0};
    return !engine->running && files_look(engine, &err) < 0;
}
