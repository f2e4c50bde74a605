/* A private copy of the database, and what came to its queue. */
#include "flexsync/trial.h"

#include "flexsync/cleanup.h"
#include "read_parts.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Who waits before the trial begins. */
#define BEFORE_SQL "CREATE TEMP TABLE {queue}_before AS SELECT id, reason FROM {queue}"

#define FOUND_SQL                                                                                            \
    "SELECT CASE WHEN q.attempts = 0 AND q.reason IN ('overdue', 'audit', 'benefit') THEN 'chosen'"          \
    " WHEN q.reason = 'asked' THEN 'asked' WHEN b.reason = q.reason THEN 'waiting'"                          \
    " WHEN q.reason = 'feed' AND t.signalled IS NULL THEN 'doubted' ELSE q.reason END,"                      \
    " count(*) FROM {queue} q JOIN {state} t ON t.id = q.id LEFT JOIN temp.{queue}_before b ON b.id = q.id"  \
    " GROUP BY 1"

/* The pages as they are at one moment: a single step reads them, whoever writes meanwhile. */
static int copy_pages(const struct store *from, struct store *to, struct error *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(to->db, "main", from->db, "main");
    if (!backup)
        return store_error(to, "copy", err);
    (void)sqlite3_backup_step(backup, -1);
    return sqlite3_backup_finish(backup) == SQLITE_OK ? 0 : store_error(to, "copy", err);
}

int trial_copy(struct store *store, struct error *err)
{
    struct store from = {.path = store->path, .mode = STORE_READ, .shm = -1};
    if (access(from.path, F_OK) < 0 && errno == ENOENT)
        return 0;
    int r = still_open(from.path, &from.db);
    r = r == SQLITE_OK ? copy_pages(&from, store, err) : store_error(&from, "read", err);
    (void)sqlite3_close(from.db);
    return r;
}

static int mark(struct store *store, const struct entity *entity, struct error *err)
{
    struct buffer sql;
    buffer_init(&sql, READ_SQL_MAX);
    int r =
        statement_expand(&sql, BEFORE_SQL, entity) < 0 ? error_memory(err) : store_exec(store, sql.data, err);
    buffer_free(&sql);
    return r;
}

int trial_mark(struct store *store, struct error *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && entities[i]; i++)
        if (entities[i]->queue_table)
            r = mark(store, entities[i], err);
    return r;
}

static void count(struct trial_found *found, const char *class, int64_t records)
{
    static const struct {
        const char *name;
        enum trial_class class;
    } classes[] = {{"asked", TRIAL_ASKED},       {"new", TRIAL_NEW},         {"changed", TRIAL_CHANGED},
                   {"feed", TRIAL_CHANGED},      {"doubted", TRIAL_DOUBTED}, {"vanished", TRIAL_VANISHED},
                   {"returned", TRIAL_RETURNED}, {"waiting", TRIAL_WAITING}, {"chosen", TRIAL_CHOSEN},
                   {"full", TRIAL_FULL}};
    for (size_t i = 0; class && i < ARRAY_LENGTH(classes); i++)
        if (strcmp(classes[i].name, class) == 0)
            found->of[classes[i].class] += records;
}

int trial_read(struct store *store, const struct entity *entity, struct trial_found *ret, struct error *err)
{
    struct buffer sql;
    buffer_init(&sql, READ_SQL_MAX);
    CLEANUP_STATEMENT sqlite3_stmt *s =
        read_prepare_buffer(store, &sql, statement_expand(&sql, FOUND_SQL, entity), err);
    buffer_free(&sql);
    struct trial_found found = {0};
    int r = s ? 1 : -1;
    while (r > 0 && (r = statement_step(store, s, err)) > 0)
        count(&found, read_text(s, 0), sqlite3_column_int64(s, 1));
    if (r == 0)
        *ret = found;
    return r;
}
