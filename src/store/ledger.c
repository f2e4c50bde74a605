#include "flexsync/ledger.h"

#include "flexsync/blocker.h"
#include "flexsync/cleanup.h"
#include "flexsync/ownfile.h"
#include "statement.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define APPLICATION_ID 0x466c7851 /* "FlxQ" */
#define FORM           1
#define BUSY_MS        1000

#define DAY_TEXT         "86400000000" /* usec */
#define TEXT_OF_(number) #number
#define TEXT_OF(number)  TEXT_OF_(number)

static const char schema_sql[] =
    "CREATE TABLE ledger (id INTEGER, version INTEGER, time INTEGER, date INTEGER, unsure INTEGER,"
    " fresh INTEGER, jumps INTEGER, wall INTEGER, closed_until INTEGER, closed_window INTEGER,"
    " refusals INTEGER, probed_wall INTEGER);"
    "CREATE TABLE windows (window INTEGER PRIMARY KEY, newest INTEGER, others INTEGER, others_at INTEGER,"
    " sure INTEGER, learnt INTEGER, learnt_at INTEGER);"
    "CREATE TABLE usage (window INTEGER, bucket INTEGER, used INTEGER, PRIMARY KEY (window, bucket))"
    " WITHOUT ROWID;"
    "PRAGMA application_id = " TEXT_OF(APPLICATION_ID) "; PRAGMA user_version = " TEXT_OF(FORM);

/*
 * How each version of this program wrote it, newest first, as what is selected of each table. All have the
 * same application_id and user_version: the columns tell which it is.
 *
 * The one before entered what it sent before the first answer of a run at the time at which the run before
 * had ended, and did not note that it did. So the last day is in doubt: it counts from the next date on,
 * which is more than was sent, never less. What is older is not moved, or a month could not age.
 */
static const struct form {
    const char *column; /* of `ledger`, which tells it from the one that follows; NULL: the oldest */
    const char *ledger, *windows;
} forms[] = {
    {"unsure",
     "SELECT id, version, time, date, unsure, fresh, jumps, wall, closed_until, closed_window, refusals,"
     " probed_wall FROM ledger",
     "SELECT window, newest, others, others_at, sure, learnt, learnt_at FROM windows"},
    {NULL,
     "SELECT id, version, time, date, max(time - " DAY_TEXT ", 1), max(time - " DAY_TEXT ", 1), 0, wall,"
     " closed_until, closed_window, refusals, probed_wall FROM ledger",
     "SELECT window, newest, others, others_at, 0, learnt, learnt_at FROM windows"},
};

static int fail(sqlite3 *db, const char *path, struct error *err)
{
    static const struct {
        int class;
        enum error_code code;
        const char *remedy;
    } kinds[] = {
        {SQLITE_BUSY, ERROR_STORE_BUSY, "another program keeps it locked; end that program's transaction"},
        {SQLITE_LOCKED, ERROR_STORE_BUSY, "another program keeps it locked; end that program's transaction"},
        {SQLITE_FULL, ERROR_STORE_FULL, "make room on its disk"},
        {SQLITE_NOTADB, ERROR_STORE_CORRUPT, "it was left as it is; correct limits.ledger, or move it away"},
        {SQLITE_CORRUPT, ERROR_STORE_CORRUPT, "it was left as it is; move it away, and counting begins anew"},
        {0, ERROR_STORE, "check the rights on the file and on its folder"},
    };
    size_t i = 0;
    if (store_machine(db, err) < 0)
        return -1;
    if (sqlite3_extended_errcode(db) == SQLITE_READONLY_ROLLBACK)
        return error_set(
            err, ERROR_STORE_BUSY, RETRY_LATER,
            "the last change of the quota's ledger %.200s did not end, since its program was killed; "
            "the next sync takes it back, and so does its owner: sudo -u flexsync flexsync quota",
            path);
    while (kinds[i].class && kinds[i].class != (sqlite3_errcode(db) & 0xff))
        i++;
    return error_set(err, kinds[i].code, kinds[i].code == ERROR_STORE_CORRUPT ? RETRY_NEVER : RETRY_LATER,
                     "cannot use the quota's ledger %.200s: %.100s; %s", path, sqlite3_errmsg(db),
                     kinds[i].remedy);
}

/*
 * Runs a statement with whole numbers bound; 1 with a row in *ret, 0 without, -1. One that is over is reset:
 * to finalize it would put its success in the place of what another one failed for.
 */
static int run(sqlite3_stmt *s, const int64_t *values, int count)
{
    (void)sqlite3_reset(s);
    for (int i = 0; i < count; i++)
        (void)sqlite3_bind_int64(s, i + 1, values[i]);
    int r = sqlite3_step(s);
    if (r == SQLITE_DONE)
        (void)sqlite3_reset(s);
    return r == SQLITE_ROW ? 1 : r == SQLITE_DONE ? 0 : -1;
}

static void finalize(sqlite3_stmt **s)
{
    (void)sqlite3_finalize(*s);
}

#define CLEANUP_STATEMENT CLEANUP(finalize)

static int number_of(sqlite3 *db, const char *sql, int64_t *ret)
{
    CLEANUP_STATEMENT sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK || run(s, NULL, 0) <= 0)
        return -1;
    *ret = sqlite3_column_int64(s, 0);
    return 0;
}

/* 1 for a ledger of ours, 0 for an empty file, -1 with *err for anything else. */
static int recognise(sqlite3 *db, const char *path, struct error *err)
{
    int64_t application = 0, form = 0, objects = 0;
    if (number_of(db, "PRAGMA application_id", &application) < 0 ||
        number_of(db, "PRAGMA user_version", &form) < 0 ||
        number_of(db, "SELECT count(*) FROM sqlite_schema", &objects) < 0)
        return fail(db, path, err);
    if (application == APPLICATION_ID && form == FORM)
        return 1;
    if (application == 0 && objects == 0)
        return 0;
    return error_set(err, ERROR_STORE_CORRUPT, RETRY_NEVER,
                     "%.300s is %s; it was left as it is: correct limits.ledger", path,
                     application == APPLICATION_ID ? "a ledger of a newer version of this program"
                                                   : "a database of another program");
}

/* --- reading --- */

/* 1, 0, or -1 when that cannot be read. */
static int has_column(sqlite3 *db, const char *column)
{
    CLEANUP_STATEMENT sqlite3_stmt *s = NULL;
    static const char sql[] = "SELECT 1 FROM pragma_table_info('ledger') WHERE name = ?1";
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK ||
        sqlite3_bind_text(s, 1, column, -1, SQLITE_STATIC) != SQLITE_OK)
        return -1;
    int r = sqlite3_step(s);
    return r == SQLITE_ROW ? 1 : r == SQLITE_DONE ? 0 : -1;
}

/* NULL when that cannot be read. */
static const struct form *form_of(sqlite3 *db)
{
    const struct form *form = forms;
    int there = 0;
    while (form->column && (there = has_column(db, form->column)) == 0)
        form++;
    return there < 0 ? NULL : form;
}

static int read_usage(sqlite3 *db, struct quota *ret)
{
    CLEANUP_STATEMENT sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(db, "SELECT window, bucket, used FROM usage", -1, &s, NULL) != SQLITE_OK)
        return -1;
    int r;
    while ((r = sqlite3_step(s)) == SQLITE_ROW)
        quota_set(ret, sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2));
    return r == SQLITE_DONE ? 0 : -1;
}

static int read_windows(sqlite3 *db, const struct form *form, struct quota *ret)
{
    CLEANUP_STATEMENT sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(db, form->windows, -1, &s, NULL) != SQLITE_OK)
        return -1;
    int r;
    while ((r = sqlite3_step(s)) == SQLITE_ROW) {
        int64_t window = sqlite3_column_int64(s, 0);
        if (window < 0 || window >= QUOTA_WINDOWS)
            continue;
        struct quota_count *c = &ret->counts[window];
        c->newest = sqlite3_column_int64(s, 1);
        c->foreign = sqlite3_column_int64(s, 2);
        c->foreign_at = sqlite3_column_int64(s, 3);
        c->sure = sqlite3_column_int64(s, 4);
        c->learnt = sqlite3_column_int64(s, 5);
        c->learnt_at = sqlite3_column_int64(s, 6);
    }
    return r == SQLITE_DONE ? 0 : -1;
}

static int read_ledger(sqlite3 *db, const struct form *form, struct quota *ret)
{
    CLEANUP_STATEMENT sqlite3_stmt *s = NULL;
    int64_t *const fields[] = {&ret->id,           &ret->version,       &ret->time,     &ret->date,
                               &ret->unsure,       &ret->fresh,         &ret->jumps,    &ret->wall,
                               &ret->closed_until, &ret->closed_window, &ret->refusals, &ret->probed_wall};
    *ret = (struct quota){0};
    if (!form || sqlite3_prepare_v2(db, form->ledger, -1, &s, NULL) != SQLITE_OK || run(s, NULL, 0) <= 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
        *fields[i] = sqlite3_column_int64(s, (int)i);
    return 0;
}

static int read_all(sqlite3 *db, const struct form *form, struct quota *ret)
{
    if (read_ledger(db, form, ret) < 0 || read_windows(db, form, ret) < 0 || read_usage(db, ret) < 0)
        return -1;
    return quota_usable(ret) ? 0 : -1;
}

/* Where SQLite has nothing against it, or misses a table or column, it is not what we wrote. */
static int fail_reading(sqlite3 *db, const char *path, struct error *err)
{
    int code = sqlite3_errcode(db) & 0xff;
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE && code != SQLITE_ERROR)
        return fail(db, path, err);
    return error_set(err, ERROR_STORE_CORRUPT, RETRY_NEVER,
                     "the quota's ledger %.300s is damaged; it was left as it is: move it away, and counting "
                     "begins anew",
                     path);
}

/* --- writing --- */

static int write_usage(sqlite3 *db, const struct quota *quota)
{
    CLEANUP_STATEMENT sqlite3_stmt *window = NULL, *usage = NULL;
    if (sqlite3_prepare_v2(db, "INSERT INTO windows VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", -1, &window,
                           NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "INSERT INTO usage VALUES (?1, ?2, ?3)", -1, &usage, NULL) != SQLITE_OK)
        return -1;
    for (int w = 0; w < QUOTA_WINDOWS; w++) {
        const struct quota_count *c = &quota->counts[w];
        const int64_t row[] = {w, c->newest, c->foreign, c->foreign_at, c->sure, c->learnt, c->learnt_at};
        if (run(window, row, ARRAY_LENGTH(row)) < 0)
            return -1;
        for (int64_t back = 0; back < QUOTA_BUCKETS_MAX; back++) {
            const int64_t bucket[] = {w, c->newest - back, quota_get(quota, w, c->newest - back)};
            if (bucket[2] > 0 && run(usage, bucket, ARRAY_LENGTH(bucket)) < 0)
                return -1;
        }
    }
    return 0;
}

static int write_all(sqlite3 *db, const struct quota *quota)
{
    CLEANUP_STATEMENT sqlite3_stmt *s = NULL;
    const int64_t values[] = {quota->id,           quota->version,       quota->time,     quota->date,
                              quota->unsure,       quota->fresh,         quota->jumps,    quota->wall,
                              quota->closed_until, quota->closed_window, quota->refusals, quota->probed_wall};
    if (sqlite3_exec(db, "DELETE FROM ledger; DELETE FROM windows; DELETE FROM usage", NULL, NULL, NULL) !=
            SQLITE_OK ||
        sqlite3_prepare_v2(db,
                           "INSERT INTO ledger VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                           -1, &s, NULL) != SQLITE_OK ||
        run(s, values, ARRAY_LENGTH(values)) < 0)
        return -1;
    return write_usage(db, quota);
}

/* --- transactions --- */

static void close_ledger(struct ledger *ledger)
{
    (void)sqlite3_close(ledger->db);
    ledger->db = NULL;
}

/* Made before SQLite does, so that the group may read it whatever the umask. */
static int make_file(const char *path, struct error *err)
{
    if (store_regular(path, ERROR_CREATE, err) < 0)
        return -1;
    CLEANUP_CLOSE int fd = ownfile_open(path, O_RDWR);
    if (fd >= 0)
        return 0;
    if (error_is_machine(errno))
        return error_machine(err, errno);
    return error_set(err, errno == ENOSPC ? ERROR_STORE_FULL : ERROR_CREATE, RETRY_LATER,
                     "cannot make the quota's ledger %.200s: %s%s", path, ownfile_reason(errno),
                     errno == ELOOP ? ""
                                    : "; make its folder, with the right to write there, or correct "
                                      "limits.ledger");
}

static int open_ledger(sqlite3 **ret, const char *path, int flags, struct error *err)
{
    if (sqlite3_open_v2(path, ret, flags | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
        sqlite3_busy_timeout(*ret, BUSY_MS) == SQLITE_OK &&
        sqlite3_db_config(*ret, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) == SQLITE_OK &&
        sqlite3_db_config(*ret, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) == SQLITE_OK)
        return 0;
    return fail(*ret, path, err);
}

static int begin_new(struct ledger *ledger, struct quota *ret, struct error *err)
{
    quota_init(ret, clock_wall(ledger->clock));
    if (getrandom(&ret->id, sizeof ret->id, GRND_NONBLOCK) != (ssize_t)sizeof ret->id)
        ret->id = clock_monotonic(ledger->clock);
    return sqlite3_exec(ledger->db, schema_sql, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : fail(ledger->db, ledger->path, err);
}

/* What was read of an older form is written by ledger_end() as the newest one has it, in the transaction that
 * is open. */
static int bring_up_to_date(struct ledger *ledger, const struct form *form, struct error *err)
{
    static const char sql[] = "DROP TABLE ledger; DROP TABLE windows; DROP TABLE usage;";
    if (form == forms || (sqlite3_exec(ledger->db, sql, NULL, NULL, NULL) == SQLITE_OK &&
                          sqlite3_exec(ledger->db, schema_sql, NULL, NULL, NULL) == SQLITE_OK))
        return 0;
    return fail(ledger->db, ledger->path, err);
}

static int begin(struct ledger *ledger, struct quota *ret, struct error *err)
{
    if (make_file(ledger->path, err) < 0)
        return -1;
    /* A link that takes its place meanwhile is not followed. */
    CLEANUP_FREE char *real = realpath(ledger->path, NULL);
    if (open_ledger(&ledger->db, real ? real : ledger->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW,
                    err) < 0)
        return -1;
    if (sqlite3_exec(ledger->db, "PRAGMA synchronous = EXTRA; BEGIN IMMEDIATE", NULL, NULL, NULL) !=
        SQLITE_OK)
        return fail(ledger->db, ledger->path, err);
    int there = recognise(ledger->db, ledger->path, err);
    if (there <= 0)
        return there < 0 ? -1 : begin_new(ledger, ret, err);
    const struct form *form = form_of(ledger->db);
    if (read_all(ledger->db, form, ret) < 0)
        return fail_reading(ledger->db, ledger->path, err);
    return bring_up_to_date(ledger, form, err);
}

/* A lock that is in the way is told with the process that has it. The file is closed, as blocker_of() wants.
 */
static int name_blocker(const char *path, struct error *err)
{
    char who[BLOCKER_MAX];
    if (err->code == ERROR_STORE_BUSY && blocker_of(path, who))
        return error_set(err, ERROR_STORE_BUSY, RETRY_LATER,
                         "cannot use the quota's ledger %.200s: %s keeps it locked; end that program", path,
                         who);
    return -1;
}

int ledger_begin(struct ledger *ledger, struct quota *ret, struct error *err)
{
    if (begin(ledger, ret, err) == 0)
        return 0;
    close_ledger(ledger); /* which rolls back */
    return name_blocker(ledger->path, err);
}

int ledger_end(struct ledger *ledger, const struct quota *quota, struct error *err)
{
    int r = 0;
    if (write_all(ledger->db, quota) < 0 || sqlite3_exec(ledger->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        r = fail(ledger->db, ledger->path, err);
    close_ledger(ledger);
    return r < 0 ? name_blocker(ledger->path, err) : 0;
}

/*
 * A journal that a killed program left is to be applied first, which takes the right to write: the owner's
 * look does it, as the next change would.
 */
static int flags_to_look(const char *path)
{
    CLEANUP_FREE char *journal = NULL;
    bool left = asprintf(&journal, "%s-journal", path) >= 0 && access(journal, F_OK) == 0;
    return left && access(path, W_OK) == 0 ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
}

static int look(const char *path, struct quota *ret, struct error *err)
{
    sqlite3 *db = NULL;
    if (access(path, F_OK) < 0)
        return 0;
    if (store_regular(path, ERROR_STORE, err) < 0)
        return -1;
    int r = open_ledger(&db, path, flags_to_look(path), err);
    if (r == 0)
        r = recognise(db, path, err);
    if (r > 0 && read_all(db, form_of(db), ret) < 0)
        r = fail_reading(db, path, err);
    (void)sqlite3_close(db);
    return r < 0 ? name_blocker(path, err) : r;
}

int ledger_look(const char *path, int64_t wall, struct quota *ret, struct error *err)
{
    int there = look(path, ret, err);
    if (there == 0)
        quota_init(ret, wall);
    else if (there > 0)
        quota_advance(ret, wall - ret->wall, 0, wall);
    return there;
}

static int book_begin(void *self, struct quota *ret, struct error *err)
{
    return ledger_begin(self, ret, err);
}

static int book_end(void *self, const struct quota *quota, struct error *err)
{
    return ledger_end(self, quota, err);
}

struct limiter_book ledger_book(struct ledger *ledger)
{
    return (struct limiter_book){.self = ledger, .begin = book_begin, .end = book_end};
}
