/* The queue of records to be fetched: who is in it, and who else would be worth it. */
#include "flexsync/cleanup.h"
#include "flexsync/clock.h"
#include "statement.h"

#include <string.h>

int store_queue_all(struct store *store, const struct entity *entity, int64_t now, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_QUEUE_ALL, entity, err);
    if (!s)
        return -1;
    bind_utc(s, 1, now);
    return statement_run(store, s, err);
}

static int ask(struct store *store, const struct entity *entity, const char *key, int64_t now,
               int64_t *ret_id, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_FIND, entity, err);
    if (!s)
        return -1;
    bind_text(s, 1, key);
    int r = statement_step(store, s, err);
    *ret_id = r > 0 ? sqlite3_column_int64(s, 0) : 0;
    (void)sqlite3_reset(s);
    return r > 0 ? queue_put(store, entity, *ret_id, "asked", now, err) : r;
}

int store_ask(struct store *store, const struct entity *entity, const char *const *keys, size_t count,
              int64_t now, int64_t *ret_ids, struct error *err)
{
    if (store_begin(store, err) < 0)
        return -1;
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = ask(store, entity, keys[i], now, &ret_ids[i], err);
    return r < 0 ? store_abandon(store) : store_end(store, err);
}

/* The one number of a statement whose values are bound. */
static int step_number(struct store *store, sqlite3_stmt *s, int64_t *ret, struct error *err)
{
    if (statement_step(store, s, err) < 0)
        return -1;
    *ret = sqlite3_column_int64(s, 0);
    (void)sqlite3_reset(s);
    return 0;
}

static int count(struct store *store, enum statement id, const struct entity *entity, int64_t *ret,
                 struct error *err)
{
    sqlite3_stmt *s = statement_get(store, id, entity, err);
    return s ? step_number(store, s, ret, err) : -1;
}

int store_count_contradicted(struct store *store, const struct entity *entity, int64_t *ret,
                             struct error *err)
{
    return count(store, SQL_CONTRADICTED_COUNT, entity, ret, err);
}

int store_count_waiting(struct store *store, const struct entity *entity, struct store_waiting *ret,
                        struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_WAITING, entity, err);
    if (!s || statement_step(store, s, err) < 0)
        return -1;
    *ret = (struct store_waiting){.troubled = sqlite3_column_int64(s, 0),
                                  .unfetched = sqlite3_column_int64(s, 1),
                                  .denied = sqlite3_column_int64(s, 2),
                                  .contradicted = sqlite3_column_int64(s, 3),
                                  .missing = sqlite3_column_int64(s, 4)};
    (void)sqlite3_reset(s);
    return 0;
}

/* As FIGURES in statement.c has them. NULL is 0. */
static void read_figures(sqlite3_stmt *s, int column, struct figures *ret)
{
    *ret = (struct figures){
        .checked = sqlite3_column_int64(s, column),
        .edited = sqlite3_column_int64(s, column + 1),
        .first_changed = sqlite3_column_int(s, column + 2) != 0,
        .first_watched = sqlite3_column_int64(s, column + 3),
        .watched_since = sqlite3_column_int64(s, column + 4),
        .hidden_watched = sqlite3_column_int64(s, column + 5),
        .hidden = sqlite3_column_int64(s, column + 6),
        .listed = sqlite3_column_int64(s, column + 7),
        .signalled = sqlite3_column_int64(s, column + 8),
    };
}

int store_count_signalled(struct store *store, const struct entity *entity, int64_t now, int64_t *ret,
                          struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_SIGNALLED_COUNT, entity, err);
    if (!s)
        return -1;
    bind_utc(s, 1, now);
    return step_number(store, s, ret, err);
}

int store_oldest_check(struct store *store, const struct entity *entity, int64_t *ret, struct error *err)
{
    return count(store, SQL_OLDEST_CHECK, entity, ret, err);
}

int store_plan(struct store *store, const struct entity *entity, int64_t now, enum store_due due,
               bool signalled, int64_t **ret, size_t *ret_count, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_PLAN, entity, err);
    if (!s)
        return -1;
    bind_utc(s, 1, now);
    (void)sqlite3_bind_int(s, 2, due != DUE_NOW);
    (void)sqlite3_bind_int(s, 3, signalled);
    (void)sqlite3_bind_int(s, 4, due == DUE_ALL);
    CLEANUP_FREE int64_t *ids = NULL;
    size_t count = 0, capacity = 0;
    int r;
    while ((r = statement_step(store, s, err)) > 0) {
        if (count == capacity) {
            capacity = capacity ? capacity * 2 : 256;
            int64_t *more = realloc(ids, capacity * sizeof *ids);
            if (!more) {
                (void)sqlite3_reset(s);
                return error_memory(err);
            }
            ids = more;
        }
        ids[count++] = sqlite3_column_int64(s, 0);
    }
    if (r < 0)
        return -1;
    *ret = take_pointer(ids);
    *ret_count = count;
    return 0;
}

int store_lookup(struct store *store, const struct entity *entity, int64_t id, struct store_known *ret,
                 struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_LOOKUP, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, id);
    int r = statement_step(store, s, err);
    if (r <= 0)
        return r;
    const char *key = (const char *)sqlite3_column_text(s, 0);
    (void)snprintf(ret->key, sizeof ret->key, "%s", key ? key : "");
    ret->vanished = sqlite3_column_int(s, 1) != 0;
    ret->attempts = sqlite3_column_int64(s, 2);
    ret->bytes_hash = sqlite3_column_int64(s, 3);
    ret->active = sqlite3_column_int(s, 4) != 0;
    ret->returned = sqlite3_column_int(s, 5) != 0;
    ret->content_hash = sqlite3_column_int64(s, 6);
    ret->chosen = sqlite3_column_int(s, 8) != 0;
    ret->paced = ret->chosen || sqlite3_column_int(s, 7) != 0;
    ret->was_listed = sqlite3_column_int(s, 9) == PRESENCE_LISTED;
    ret->missing = sqlite3_column_int64(s, 10);
    ret->contradicted = sqlite3_column_int(s, 11) != 0;
    ret->flagged = sqlite3_column_int(s, 12) != 0;
    read_figures(s, 13, &ret->figures);
    (void)sqlite3_reset(s);
    return 1;
}

int store_scan(struct store *store, const struct entity *entity, bool signalled, store_scan_fn *each,
               void *arg, struct error *err)
{
    sqlite3_stmt *s = statement_get(store, SQL_SCAN, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int(s, 1, signalled);
    int r;
    while ((r = statement_step(store, s, err)) > 0) {
        struct figures figures;
        read_figures(s, 2, &figures);
        if (each(arg, sqlite3_column_int64(s, 0), &figures, sqlite3_column_int(s, 1) != 0) != 0)
            break;
    }
    (void)sqlite3_reset(s);
    return r < 0 ? -1 : 0;
}

static int choose(struct store *store, const struct entity *entity, const struct store_choice *choice,
                  int64_t now, struct error *err)
{
    static const char *const reasons[REASON_COUNT] = {[REASON_OVERDUE] = "overdue",
                                                      [REASON_AUDIT] = "audit",
                                                      [REASON_BENEFIT] = "benefit",
                                                      [REASON_FEED] = "feed"};
    sqlite3_stmt *s = statement_get(store, SQL_CHOOSE, entity, err);
    if (!s)
        return -1;
    (void)sqlite3_bind_int64(s, 1, choice->id);
    bind_text(s, 2, reasons[choice->reason]);
    bind_utc(s, 3, now);
    if (statement_run(store, s, err) < 0)
        return -1;
    if (choice->reason != REASON_FEED || !choice->signalled)
        return 0;
    if (!(s = statement_get(store, SQL_SIGNAL, entity, err)))
        return -1;
    (void)sqlite3_bind_int64(s, 1, choice->id);
    (void)sqlite3_bind_int64(s, 2, now / USEC_PER_SEC);
    return statement_run(store, s, err);
}

int store_choose(struct store *store, const struct entity *entity, const struct store_choice *choices,
                 size_t count, bool more, int64_t now, struct error *err)
{
    sqlite3_stmt *drop = more ? NULL : statement_get(store, SQL_CHOICES_DROP, entity, err);
    if ((!more && !drop) || store_begin(store, err) < 0)
        return -1;
    int r = drop ? statement_run(store, drop, err) : 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = choose(store, entity, &choices[i], now, err);
    return r < 0 ? store_abandon(store) : store_end(store, err);
}

int store_forget_feed(struct store *store, const struct entity *entity, struct error *err)
{
    static const enum statement steps[] = {SQL_UNSIGNAL, SQL_FED_DROP};
    if (store_begin(store, err) < 0)
        return -1;
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(steps); i++) {
        sqlite3_stmt *s = statement_get(store, steps[i], entity, err);
        r = s ? statement_run(store, s, err) : -1;
    }
    return r < 0 ? store_abandon(store) : store_end(store, err);
}

int store_dates(struct store *store, const struct entity *entity, const struct page *page,
                struct store_dated *ret, struct error *err)
{
    for (size_t i = 0; i < page->row_count; i++) {
        sqlite3_stmt *s = statement_get(store, SQL_DATES, entity, err);
        if (!s)
            return -1;
        bind_text(s, 1, page->rows[i].id);
        (void)sqlite3_bind_int(s, 2, record_id_is_uuid(page->rows[i].id));
        int r = statement_step(store, s, err);
        if (r < 0)
            return -1;
        ret[i] = (struct store_dated){0};
        if (r > 0)
            ret[i] = (struct store_dated){.id = sqlite3_column_int64(s, 0),
                                          .fetched = sqlite3_column_int(s, 1) != 0,
                                          .edited = sqlite3_column_int64(s, 2),
                                          .checked = sqlite3_column_int64(s, 3),
                                          .stored = sqlite3_column_int64(s, 4)};
        (void)sqlite3_reset(s);
    }
    return 0;
}
