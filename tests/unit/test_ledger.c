/* quota.db: made, shared, lost, damaged, and what the limiter makes of that. */
#include "quota_bench.h"
#include "trouble_bench.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const struct quota_limits limits = {.most = {200, 2000, 10000}, .share = 50};

struct lab {
    struct bench b;
    struct ledger ledger;
    struct error err;
};

static int set_up(void **state)
{
    struct lab *lab = calloc(1, sizeof *lab);
    assert_non_null(lab);
    bench_set_up(&lab->b);
    lab->ledger = (struct ledger){.path = lab->b.path, .clock = &lab->b.clock};
    *state = lab;
    return 0;
}

static int tear_down(void **state)
{
    struct lab *lab = *state;
    bench_tear_down(&lab->b);
    free(lab);
    return 0;
}

static void read_ledger(struct lab *lab, struct quota *ret)
{
    assert_int_equal(ledger_look(lab->b.path, 0, ret, &lab->err), 1);
}

static void change(struct lab *lab, int64_t count)
{
    struct quota q;
    assert_int_equal(ledger_begin(&lab->ledger, &q, &lab->err), 0);
    quota_enter(&q, q.time, count);
    q.version++;
    assert_int_equal(ledger_end(&lab->ledger, &q, &lab->err), 0);
    assert_null(lab->ledger.db);
}

static int64_t used(struct lab *lab)
{
    struct quota q;
    read_ledger(lab, &q);
    return quota_used(&q, QUOTA_MONTH);
}

static sqlite3 *open_raw(const struct lab *lab)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(lab->b.path, &db), SQLITE_OK);
    return db;
}

static void exec_raw(const struct lab *lab, const char *sql)
{
    sqlite3 *db = open_raw(lab);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void assert_fails(struct lab *lab, enum error_code code, const char *word)
{
    struct quota q;
    assert_int_equal(ledger_begin(&lab->ledger, &q, &lab->err), -1);
    assert_int_equal(lab->err.code, code);
    assert_int_equal(lab->err.retry, code == ERROR_STORE_CORRUPT ? RETRY_NEVER : RETRY_LATER);
    assert_non_null(strstr(lab->err.text, word));
    assert_null(lab->ledger.db);
}

/* Refused for both, and not a byte of it is another. */
static void assert_left_alone(struct lab *lab, const char *word)
{
    char before[65536], after[65536];
    struct quota q;
    FILE *file = fopen(lab->b.path, "r");
    size_t length = fread(before, 1, sizeof before, file);
    (void)fclose(file);
    assert_fails(lab, ERROR_STORE_CORRUPT, word);
    assert_int_equal(ledger_look(lab->b.path, 0, &q, &lab->err), -1);
    assert_int_equal(lab->err.code, ERROR_STORE_CORRUPT);
    file = fopen(lab->b.path, "r");
    assert_int_equal(fread(after, 1, sizeof after, file), length);
    (void)fclose(file);
    assert_memory_equal(before, after, length);
}

/* --- a file --- */

static void a_missing_file_is_made_whatever_the_umask(void **state)
{
    struct lab *lab = *state;
    struct stat st;
    mode_t mask = umask(0);
    change(lab, 3);
    (void)umask(mask);
    assert_int_equal(stat(lab->b.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(used(lab), 3);
}

static void a_missing_file_is_not_made_by_reading(void **state)
{
    struct lab *lab = *state;
    struct quota q;
    assert_int_equal(ledger_look(lab->b.path, 0, &q, &lab->err), 0);
    assert_int_equal(access(lab->b.path, F_OK), -1);
    FILE *file = fopen(lab->b.path, "w");
    assert_int_equal(fclose(file), 0);
    assert_int_equal(ledger_look(lab->b.path, 0, &q, &lab->err), 0);
    change(lab, 1);
    assert_int_equal(used(lab), 1);
}

static void everything_is_there_when_it_is_opened_again(void **state)
{
    struct lab *lab = *state;
    struct quota q, again;
    const struct quota_refusal refusal = {.named = true, .window = QUOTA_DAY, .limit = 100};
    assert_int_equal(ledger_begin(&lab->ledger, &q, &lab->err), 0);
    quota_advance(&q, 0, NOW, NOW);
    for (int i = 0; i < 200; i++) {
        quota_advance(&q, 17 * USEC_PER_MIN, 0, NOW + i);
        quota_enter(&q, q.time, i);
    }
    quota_refuse(&q, &limits, &refusal, -1, 0.5);
    quota_doubt(&q);
    q.probed_wall = -5;
    q.refusals = 3;
    q.version = 77;
    assert_int_equal(ledger_end(&lab->ledger, &q, &lab->err), 0);
    assert_int_equal(ledger_begin(&lab->ledger, &again, &lab->err), 0);
    assert_memory_equal(&again, &q, sizeof q);
    assert_int_equal(ledger_end(&lab->ledger, &again, &lab->err), 0);
}

static void what_a_dead_program_did_not_end_is_not_there(void **state)
{
    struct lab *lab = *state;
    struct quota q;
    change(lab, 3);
    pid_t child = fork();
    if (child == 0) {
        if (ledger_begin(&lab->ledger, &q, &lab->err) == 0 &&
            sqlite3_exec(lab->ledger.db, "DELETE FROM usage", NULL, NULL, NULL) == SQLITE_OK)
            (void)kill(getpid(), SIGKILL);
        _exit(1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    change(lab, 2);
    assert_int_equal(used(lab), 5);
}

/* --- not ours, not whole, not to be had --- */

static void a_database_of_another_program_is_left_alone(void **state)
{
    struct lab *lab = *state;
    exec_raw(lab, "CREATE TABLE ledger (id, version, time)");
    assert_left_alone(lab, "another program");
    assert_non_null(strstr(lab->err.text, "limits.ledger"));
    exec_raw(lab, "PRAGMA application_id = 252006673");
    assert_left_alone(lab, "another program");
}

static void a_ledger_of_a_newer_version_is_left_alone(void **state)
{
    struct lab *lab = *state;
    change(lab, 1);
    exec_raw(lab, "PRAGMA user_version = 99");
    assert_left_alone(lab, "newer");
}

/* --- of an older version --- */

/* As commit d24c3c1 made and filled it, at 2025-06-15 12:00 of its time. */
#define OLD_SQL                                                                                              \
    "CREATE TABLE ledger (id INTEGER, version INTEGER, time INTEGER, date INTEGER, wall INTEGER,"            \
    " closed_until INTEGER, closed_window INTEGER, refusals INTEGER, probed_wall INTEGER);"                  \
    "CREATE TABLE windows (window INTEGER PRIMARY KEY, newest INTEGER, others INTEGER, others_at INTEGER,"   \
    " learnt INTEGER, learnt_at INTEGER);"                                                                   \
    "CREATE TABLE usage (window INTEGER, bucket INTEGER, used INTEGER, PRIMARY KEY (window, bucket))"        \
    " WITHOUT ROWID;"                                                                                        \
    "PRAGMA application_id = 0x466c7851; PRAGMA user_version = 1;"                                           \
    "INSERT INTO ledger VALUES (4711, 9, 1749988800000000, 1749988801000000, 1749988802000000,"              \
    " 1749988900000000, 1, 2, 1749988700000000);"                                                            \
    "INSERT INTO windows VALUES (0, 29166480, 0, 0, 0, 0), (1, 1944432, 40, 1944431, 900, "                  \
    "1749988000000000),"                                                                                     \
    " (2, 81018, 0, 0, 0, 0);"                                                                               \
    "INSERT INTO usage VALUES (0, 29166480, 7), (0, 29166470, 5), (1, 1944432, 12), (1, 1944400, 30),"       \
    " (2, 81018, 42), (2, 80950, 300)"

static void assert_old_figures(const struct quota *q)
{
    assert_int_equal(q->id, 4711);
    assert_int_equal(q->version, 9);
    assert_int_equal(q->time, INT64_C(1749988800000000));
    assert_int_equal(q->date, INT64_C(1749988801000000));
    assert_int_equal(q->wall, INT64_C(1749988802000000));
    assert_int_equal(q->closed_until, INT64_C(1749988900000000));
    assert_int_equal(q->closed_window, QUOTA_DAY);
    assert_int_equal(q->refusals, 2);
    assert_int_equal(q->probed_wall, INT64_C(1749988700000000));
    assert_int_equal(q->counts[QUOTA_DAY].learnt, 900);
    assert_int_equal(quota_used(q, QUOTA_HOUR), 12);
    assert_int_equal(quota_used(q, QUOTA_DAY), 12 + 30 + 40);
    assert_int_equal(quota_used(q, QUOTA_MONTH), 342);
}

static void a_ledger_of_the_first_version_is_taken_over_with_its_counts(void **state)
{
    struct lab *lab = *state;
    struct quota q;
    exec_raw(lab, OLD_SQL);
    assert_int_equal(ledger_begin(&lab->ledger, &q, &lab->err), 0);
    assert_old_figures(&q);
    q.version++;
    assert_int_equal(ledger_end(&lab->ledger, &q, &lab->err), 0);
    struct quota again;
    assert_int_equal(ledger_begin(&lab->ledger, &again, &lab->err), 0);
    assert_memory_equal(&again, &q, sizeof q);
    assert_int_equal(ledger_end(&lab->ledger, &again, &lab->err), 0);
    exec_raw(lab, "SELECT unsure, fresh, jumps FROM ledger; SELECT sure FROM windows");
}

static void one_who_only_looks_reads_the_first_version_and_leaves_it(void **state)
{
    struct lab *lab = *state;
    struct quota q;
    exec_raw(lab, OLD_SQL);
    assert_int_equal(ledger_look(lab->b.path, INT64_C(1749988802000000), &q, &lab->err), 1);
    assert_old_figures(&q);
    exec_raw(lab, "INSERT INTO windows VALUES (9, 0, 0, 0, 0, 0)"); /* six columns, as it was */
}

/* What was sent before the first answer of a run was entered too early, and nothing says how much that was.
 */
static void the_last_day_of_the_first_version_counts_from_the_next_date_on(void **state)
{
    struct lab *lab = *state;
    struct quota q;
    exec_raw(lab, OLD_SQL);
    assert_int_equal(ledger_begin(&lab->ledger, &q, &lab->err), 0);
    quota_date(&q, q.date + 2 * USEC_PER_HOUR, true, q.time, q.wall + 2 * USEC_PER_HOUR);
    assert_int_equal(quota_used(&q, QUOTA_HOUR), 12);
    assert_int_equal(quota_used(&q, QUOTA_DAY), 82);
    assert_int_equal(quota_get(&q, QUOTA_DAY, q.counts[QUOTA_DAY].newest), 42);
    assert_int_equal(quota_used(&q, QUOTA_MONTH), 342);
    assert_int_equal(quota_get(&q, QUOTA_MONTH, 80950), 300);
    assert_int_equal(ledger_end(&lab->ledger, &q, &lab->err), 0);
}

static void what_did_not_end_leaves_the_first_version_as_it_was(void **state)
{
    struct lab *lab = *state;
    struct quota q;
    exec_raw(lab, OLD_SQL);
    pid_t child = fork();
    if (child == 0) {
        if (ledger_begin(&lab->ledger, &q, &lab->err) == 0)
            (void)kill(getpid(), SIGKILL);
        _exit(1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    exec_raw(lab, "INSERT INTO windows VALUES (9, 0, 0, 0, 0, 0)");
}

static void a_damaged_ledger_of_the_first_version_is_left_alone(void **state)
{
    static const char *const damages[] = {"UPDATE usage SET used = -1", "UPDATE ledger SET time = -1",
                                          "DELETE FROM ledger", "DROP TABLE usage",
                                          "ALTER TABLE windows DROP COLUMN learnt"};
    struct lab *lab = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(damages); i++) {
        (void)unlink(lab->b.path);
        exec_raw(lab, OLD_SQL);
        exec_raw(lab, damages[i]);
        assert_left_alone(lab, "damaged");
    }
}

/* --- */

static void a_file_that_is_no_database_is_left_alone(void **state)
{
    struct lab *lab = *state;
    FILE *file = fopen(lab->b.path, "w");
    for (int i = 0; i < 2000; i++)
        (void)fprintf(file, "%d garbage ", i * 7919);
    assert_int_equal(fclose(file), 0);
    assert_left_alone(lab, "left as it is");
}

static void a_damaged_ledger_is_left_alone(void **state)
{
    static const char *const damages[] = {
        "UPDATE usage SET used = -1",
        "UPDATE ledger SET time = -1",
        "UPDATE ledger SET time = 9223372036854775807",
        "UPDATE ledger SET version = -7",
        "UPDATE ledger SET closed_window = 3",
        "UPDATE ledger SET probed_wall = 9223372036854775807",
        "UPDATE windows SET newest = 9223372036854775807",
        "UPDATE windows SET others = 1e300",
        "DELETE FROM ledger",
        "DROP TABLE usage",
        "ALTER TABLE windows DROP COLUMN learnt",
    };
    struct lab *lab = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(damages); i++) {
        (void)unlink(lab->b.path);
        change(lab, 5);
        exec_raw(lab, damages[i]);
        assert_left_alone(lab, "damaged");
    }
}

static void a_page_that_was_overwritten_is_found(void **state)
{
    struct lab *lab = *state;
    change(lab, 5);
    int fd = open(lab->b.path, O_WRONLY | O_CLOEXEC);
    char bytes[4096];
    memset(bytes, 0x5a, sizeof bytes);
    for (off_t at = 4096; at < 16384; at += 4096)
        assert_int_equal(pwrite(fd, bytes, sizeof bytes, at), sizeof bytes);
    assert_int_equal(close(fd), 0);
    assert_left_alone(lab, "left as it is");
}

static void a_directory_or_no_directory_is_told(void **state)
{
    struct lab *lab = *state;
    assert_int_equal(mkdir(lab->b.path, 0700), 0);
    assert_fails(lab, ERROR_CREATE, "limits.ledger");
    assert_int_equal(rmdir(lab->b.path), 0);
    lab->ledger.path = "/dev/null/quota.db";
    assert_fails(lab, ERROR_CREATE, "make its folder");
}

static void a_folder_that_may_not_be_written_is_told(void **state)
{
    struct lab *lab = *state;
    uid_t user = geteuid();
    assert_int_equal(chmod(lab->b.directory, 0555), 0);
    if (user == 0)
        assert_int_equal(seteuid(65534), 0); /* root may do anything */
    assert_fails(lab, ERROR_CREATE, "right to write");
    if (user == 0)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(lab->b.directory, 0700), 0);
    change(lab, 1);
    assert_int_equal(chmod(lab->b.path, 0666) | chmod(lab->b.directory, 0555), 0);
    if (user == 0)
        assert_int_equal(seteuid(65534), 0);
    struct quota q;
    int r = ledger_begin(&lab->ledger, &q, &lab->err); /* SQLite may begin without its journal */
    if (r == 0)
        r = ledger_end(&lab->ledger, &q, &lab->err);
    if (user == 0)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(lab->b.directory, 0700), 0);
    assert_int_equal(r, -1);
    assert_int_equal(lab->err.code, ERROR_STORE);
    assert_non_null(strstr(lab->err.text, "rights"));
    assert_int_equal(used(lab), 1);
}

static struct limiter start(struct lab *lab)
{
    const struct limiter_book book = ledger_book(&lab->ledger);
    struct limiter limiter;
    limiter_init(&limiter, 0, 1, lab->b.mono);
    limiter_keep(&limiter, &book, &limits);
    return limiter;
}

static int take(struct lab *lab, struct limiter *limiter)
{
    return limiter_take(limiter, lab->b.mono, bench_wall(&lab->b), &lab->err);
}

static void while_another_program_keeps_it_locked_nothing_is_sent(void **state)
{
    struct lab *lab = *state;
    struct limiter limiter = start(lab);
    change(lab, 1);
    sqlite3 *other = open_raw(lab);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(take(lab, &limiter), -1); /* after a second */
    assert_int_equal(lab->err.code, ERROR_STORE_BUSY);
    assert_in_range(limiter_paused(&limiter, lab->b.mono), 1, USEC_PER_MIN);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    bench_pass(&lab->b, limiter_paused(&limiter, lab->b.mono));
    assert_int_equal(take(lab, &limiter), 0);
    assert_int_equal(used(lab), 3);
}

static void who_keeps_it_locked_is_told(void **state)
{
    struct lab *lab = *state;
    char who[32];
    change(lab, 1);
    pid_t pid = start_lock_holder(lab->b.path, F_RDLCK); /* all that a member of the group may do */
    struct quota q;
    (void)snprintf(who, sizeof who, "process %d (", pid);
    assert_int_equal(ledger_begin(&lab->ledger, &q, &lab->err), -1); /* after a second */
    assert_int_equal(lab->err.code, ERROR_STORE_BUSY);
    assert_non_null(strstr(lab->err.text, who));
    end_holder(pid);
    change(lab, 1);
    assert_int_equal(used(lab), 2);
}

/* --- a machine in trouble --- */

static void a_pipe_in_its_place_is_not_waited_for(void **state)
{
    struct lab *lab = *state;
    struct quota q;
    assert_int_equal(mkfifo(lab->b.path, 0600), 0);
    assert_fails(lab, ERROR_CREATE, "is no file, but a pipe");
    assert_int_equal(ledger_look(lab->b.path, 0, &q, &lab->err), -1);
    assert_non_null(strstr(lab->err.text, "is no file, but a pipe"));
}

/* 0, or -1 with ERROR_SYSTEM and nothing else. */
static int try_change(struct lab *lab)
{
    struct quota q;
    lab->err = (struct error){0};
    int r = ledger_begin(&lab->ledger, &q, &lab->err);
    if (r == 0)
        r = ledger_end(&lab->ledger, &q, &lab->err);
    if (r == 0)
        r = ledger_look(lab->b.path, 0, &q, &lab->err) < 0 ? -1 : 0;
    assert_int_equal(lab->err.code, r < 0 ? ERROR_SYSTEM : ERROR_NONE);
    return r;
}

static void a_lack_of_descriptors_is_no_fault_of_the_file(void **state)
{
    struct lab *lab = *state;
    int refused = 0, r = -1;
    change(lab, 1);
    for (unsigned more = 0; r < 0; more++) {
        leave_descriptors(more);
        r = try_change(lab);
        leave_descriptors(UINT_MAX);
        refused += r < 0;
        assert_true(r == 0 || strstr(lab->err.text, "too many files are open"));
    }
    assert_in_range(refused, 2, 8); /* the file, its journal */
    assert_int_equal(used(lab), 1);
}

static void a_lack_of_memory_is_no_damage(void **state)
{
    struct lab *lab = *state;
    int refused = 0, r = -1;
    change(lab, 1);
    for (sqlite3_int64 more = 1024; r < 0; more += 1024) {
        (void)sqlite3_hard_heap_limit64(sqlite3_memory_used() + more);
        r = try_change(lab);
        (void)sqlite3_hard_heap_limit64(0);
        refused += r < 0;
    }
    assert_in_range(refused, 10, 1000);
    assert_int_equal(used(lab), 1);
}

/* As a kill leaves it: part of a change in the file, and the journal that takes it back. */
static void leave_a_hot_journal(const struct lab *lab)
{
    static const char sql[] =
        "PRAGMA cache_size = 1; BEGIN IMMEDIATE; UPDATE usage SET used = used + 100;"
        " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
        " INSERT INTO usage SELECT 9, i, 1 FROM n";
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        sqlite3 *db = NULL;
        if (sqlite3_open(lab->b.path, &db) == SQLITE_OK &&
            sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
            (void)kill(getpid(), SIGKILL);
        _exit(1);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static void what_a_kill_left_is_taken_back_by_the_first_who_looks(void **state)
{
    struct lab *lab = *state;
    struct quota q;
    change(lab, 3);
    leave_a_hot_journal(lab);
    if (geteuid() == 0) { /* else nobody here may read and not write */
        assert_int_equal(chmod(lab->b.directory, 0755) | chmod(lab->b.path, 0644), 0);
        assert_int_equal(seteuid(65534), 0);
        assert_int_equal(ledger_look(lab->b.path, 0, &q, &lab->err), -1);
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(lab->err.code, ERROR_STORE_BUSY);
        assert_non_null(strstr(lab->err.text, "its program was killed; the next sync takes it back"));
    }
    assert_int_equal(used(lab), 3);
}

/* --- a power loss --- */

static int unsynced; /* removals that the folder may lose */

static int remove_and_note(const char *path)
{
    unsynced++;
    return unlink(path);
}

static int open_and_note(const char *path, int *ret)
{
    unsynced = 0;
    *ret = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)path;
    return SQLITE_OK;
}

static void no_power_loss_brings_back_the_journal_of_a_change(void **state)
{
    struct lab *lab = *state;
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    assert_int_equal(vfs->xSetSystemCall(vfs, "unlink", (sqlite3_syscall_ptr)remove_and_note), SQLITE_OK);
    assert_int_equal(vfs->xSetSystemCall(vfs, "openDirectory", (sqlite3_syscall_ptr)open_and_note),
                     SQLITE_OK);
    unsynced = -1;
    change(lab, 1);
    change(lab, 1);
    assert_int_equal(vfs->xSetSystemCall(vfs, NULL, NULL), SQLITE_OK);
    assert_int_equal(unsynced, 0);
}

/* --- lost --- */

static int take_all(struct lab *lab, struct limiter *limiter)
{
    int sent = 0;
    while (take(lab, limiter) == 0)
        sent++;
    assert_int_equal(lab->err.code, ERROR_QUOTA);
    return sent;
}

static void a_ledger_that_is_deleted_in_between_is_entered_again(void **state)
{
    struct lab *lab = *state;
    struct limiter limiter = start(lab);
    int sent = 0;
    for (; sent < 101; sent++)
        assert_int_equal(take(lab, &limiter), 0);
    assert_int_equal(unlink(lab->b.path), 0);
    bench_pass(&lab->b, 10 * USEC_PER_MIN);
    assert_int_equal(sent + take_all(lab, &limiter), 198);
    assert_int_equal(unlink(lab->b.path), 0);
    limiter_dated(&limiter, NOW, lab->b.mono);
    lab->b.offset = 3650 * USEC_PER_DAY; /* and the local clock is another */
    assert_int_equal(take_all(lab, &limiter), 0);
    assert_int_equal(used(lab), 198);
}

static void a_ledger_that_an_older_copy_replaces_gets_what_is_missing(void **state)
{
    struct lab *lab = *state;
    struct limiter limiter = start(lab);
    int sent = 0;
    for (; sent < 50; sent++)
        assert_int_equal(take(lab, &limiter), 0);
    bench_save(&lab->b, true);
    for (; sent < 100; sent++)
        assert_int_equal(take(lab, &limiter), 0);
    assert_true(bench_restore(&lab->b, true));
    for (; sent < 150; sent++)
        assert_int_equal(take(lab, &limiter), 0);
    assert_true(bench_restore(&lab->b, true)); /* and once more */
    assert_int_equal(sent + take_all(lab, &limiter), 198);
    assert_int_equal(used(lab), 198);
}

/* --- shared --- */

static void two_programs_that_take_turns_never_exceed_it_together(void **state)
{
    struct lab *lab = *state;
    struct ledger second = lab->ledger;
    struct limiter a = start(lab), b = start(lab);
    b.book.self = &second;
    int sent = 0, left = 2;
    while (left > 0) {
        left = 0;
        for (int i = 0; i < 3; i++)
            left += take(lab, &a) == 0;
        left += take(lab, &b) == 0;
        sent += left;
    }
    assert_in_range(sent, 196, 198);
    limiter_rest(&a, lab->b.mono, NOW);
    limiter_rest(&b, lab->b.mono, NOW);
    assert_int_equal(used(lab), sent);
}

/* Takes what it can get and writes a byte for each before it is sent. */
static pid_t fork_greedy(struct lab *lab, int fd)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    struct limiter limiter = start(lab);
    for (;;) {
        int r = take(lab, &limiter);
        if (r < 0 && lab->err.code != ERROR_STORE_BUSY)
            _exit(lab->err.code == ERROR_QUOTA ? 0 : 1);
        if (r == 0 && write(fd, "x", 1) != 1)
            _exit(2);
    }
}

static int count_bytes(int fd, int most)
{
    char byte;
    int count = 0;
    while (count < most && read(fd, &byte, 1) == 1)
        count++;
    return count;
}

static void processes_that_share_a_file_never_exceed_it_together(void **state)
{
    struct lab *lab = *state;
    pid_t children[3];
    int fds[2], status = 0;
    assert_int_equal(pipe(fds), 0);
    for (int i = 0; i < 3; i++)
        children[i] = fork_greedy(lab, fds[1]);
    assert_int_equal(close(fds[1]), 0);
    assert_in_range(count_bytes(fds[0], 1000), 190, 198); /* their last leases are lost */
    assert_int_equal(close(fds[0]), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(used(lab), 198);
}

static void eight_kills_leave_more_than_60_percent_of_what_is_allowed(void **state)
{
    struct lab *lab = *state;
    int sent = 0, status = 0;
    for (int i = 0; i <= 8; i++) {
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        pid_t child = fork_greedy(lab, fds[1]);
        assert_int_equal(close(fds[1]), 0);
        sent += count_bytes(fds[0], i < 8 ? 3 + i : 1000);
        if (i < 8)
            assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        sent += count_bytes(fds[0], 1000); /* what it sent before the signal came */
        assert_int_equal(close(fds[0]), 0);
    }
    assert_in_range(sent, 120, 198);
    assert_int_equal(used(lab), 198);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_missing_file_is_made_whatever_the_umask),
        TEST(a_missing_file_is_not_made_by_reading),
        TEST(everything_is_there_when_it_is_opened_again),
        TEST(what_a_dead_program_did_not_end_is_not_there),
        TEST(a_database_of_another_program_is_left_alone),
        TEST(a_ledger_of_a_newer_version_is_left_alone),
        TEST(a_ledger_of_the_first_version_is_taken_over_with_its_counts),
        TEST(one_who_only_looks_reads_the_first_version_and_leaves_it),
        TEST(the_last_day_of_the_first_version_counts_from_the_next_date_on),
        TEST(what_did_not_end_leaves_the_first_version_as_it_was),
        TEST(a_damaged_ledger_of_the_first_version_is_left_alone),
        TEST(a_file_that_is_no_database_is_left_alone),
        TEST(a_damaged_ledger_is_left_alone),
        TEST(a_page_that_was_overwritten_is_found),
        TEST(a_directory_or_no_directory_is_told),
        TEST(a_folder_that_may_not_be_written_is_told),
        TEST(while_another_program_keeps_it_locked_nothing_is_sent),
        TEST(who_keeps_it_locked_is_told),
        TEST(a_pipe_in_its_place_is_not_waited_for),
        TEST(a_lack_of_descriptors_is_no_fault_of_the_file),
        TEST(a_lack_of_memory_is_no_damage),
        TEST(what_a_kill_left_is_taken_back_by_the_first_who_looks),
        TEST(no_power_loss_brings_back_the_journal_of_a_change),
        TEST(a_ledger_that_is_deleted_in_between_is_entered_again),
        TEST(a_ledger_that_an_older_copy_replaces_gets_what_is_missing),
        TEST(two_programs_that_take_turns_never_exceed_it_together),
        TEST(processes_that_share_a_file_never_exceed_it_together),
        TEST(eight_kills_leave_more_than_60_percent_of_what_is_allowed),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
