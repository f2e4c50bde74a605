#include "flexsync/lock.h"

#include "flexsync/cleanup.h"
#include "trouble_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

/* A folder of its own for each test. */
struct bench {
    char folder[32];
    char database[64];
};

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    strcpy(bench->folder, "/tmp/test_lock.XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    (void)snprintf(bench->database, sizeof bench->database, "%s/contacts.db", bench->folder);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    char command[64];
    (void)snprintf(command, sizeof command, "rm -rf %s", bench->folder);
    assert_int_equal(system(command), 0);
    free(bench);
    return 0;
}

static void touch(const char *path)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
}

static int take(const char *database, const char *program)
{
    struct error err = {0};
    int fd = lock_take(database, program, &err);
    if (fd < 0)
        fail_msg("%s", err.text);
    return fd;
}

static struct error assert_refused(const char *database, enum error_code code)
{
    struct error err = {0};
    assert_int_equal(lock_take(database, "flexsync", &err), -1);
    assert_int_equal(err.code, code);
    assert_int_equal(err.retry, RETRY_LATER);
    return err;
}

/* Another process that holds the lock until it is killed. */
static pid_t start_holder(const char *database, const char *program)
{
    int ready[2];
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct error err;
        char said = lock_take(database, program, &err) < 0 ? 'n' : 'y';
        if (write(ready[1], &said, 1) == 1)
            for (;;)
                (void)pause();
        _exit(1);
    }
    char said = '?';
    assert_int_equal(read(ready[0], &said, 1), 1);
    assert_int_equal(said, 'y');
    (void)close(ready[0]);
    (void)close(ready[1]);
    return pid;
}

static void crash(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_second_process_is_told_who_holds_it_and_what_to_do(void **state)
{
    struct bench *bench = *state;
    char name[32];
    pid_t pid = start_holder(bench->database, "flexsyncd");
    struct error err = assert_refused(bench->database, ERROR_LOCKED);
    crash(pid);
    (void)snprintf(name, sizeof name, "process %d", pid);
    assert_non_null(strstr(err.text, "flexsyncd"));
    assert_non_null(strstr(err.text, name));
    assert_non_null(strstr(err.text, bench->database));
    assert_non_null(strstr(err.text, "systemctl reload flexsyncd"));
}

static void a_command_that_holds_it_is_named_as_such(void **state)
{
    struct bench *bench = *state;
    pid_t pid = start_holder(bench->database, "flexsync");
    struct error err = assert_refused(bench->database, ERROR_LOCKED);
    crash(pid);
    assert_non_null(strstr(err.text, "wait for it"));
    assert_null(strstr(err.text, "systemctl"));
}

static void a_crash_releases_it(void **state)
{
    struct bench *bench = *state;
    crash(start_holder(bench->database, "flexsyncd"));
    struct lock_holder holder;
    assert_int_equal(lock_holder(bench->database, &holder), 0);
    (void)close(take(bench->database, "flexsync"));
}

static void two_takers_in_one_process_exclude_each_other_too(void **state)
{
    struct bench *bench = *state;
    int fd = take(bench->database, "flexsync");
    (void)assert_refused(bench->database, ERROR_LOCKED);
    (void)close(fd);
    (void)close(take(bench->database, "flexsync"));
}

static void the_holder_is_seen_without_taking_anything(void **state)
{
    struct bench *bench = *state;
    struct lock_holder holder = {.pid = -7};
    assert_int_equal(lock_holder(bench->database, &holder), 0);
    assert_int_equal(holder.pid, -7);
    assert_int_equal(access(bench->database, F_OK), -1);
    int fd = take(bench->database, "flexsyncd");
    assert_int_equal(lock_holder(bench->database, &holder), 1);
    assert_int_equal(holder.pid, getpid());
    assert_string_equal(holder.program, "flexsyncd");
    (void)close(fd);
    assert_int_equal(lock_holder(bench->database, &holder), 0);
}

static void a_shorter_name_leaves_nothing_of_a_longer_one_behind(void **state)
{
    struct bench *bench = *state;
    (void)close(take(bench->database, "a-name-of-thirty-one-characters"));
    int fd = take(bench->database, "x");
    struct lock_holder holder;
    assert_int_equal(lock_holder(bench->database, &holder), 1);
    assert_string_equal(holder.program, "x");
    (void)close(fd);
}

static void a_lock_file_full_of_nonsense_still_excludes(void **state)
{
    struct bench *bench = *state;
    char path[80];
    int held = take(bench->database, "flexsync");
    (void)snprintf(path, sizeof path, "%s.lock", bench->database);
    CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_int_equal(write(fd, "\xff\xff garbage \n\n", 12), 12);
    struct error err = assert_refused(bench->database, ERROR_LOCKED);
    assert_non_null(strstr(err.text, "another sync"));
    struct lock_holder holder;
    assert_int_equal(lock_holder(bench->database, &holder), -1);
    (void)close(held);
}

static void a_symbolic_link_to_the_database_shares_its_lock(void **state)
{
    struct bench *bench = *state;
    char link[80];
    touch(bench->database);
    (void)snprintf(link, sizeof link, "%s/link.db", bench->folder);
    assert_int_equal(symlink(bench->database, link), 0);
    int fd = take(link, "flexsyncd");
    (void)assert_refused(bench->database, ERROR_LOCKED);
    struct lock_holder holder;
    assert_int_equal(lock_holder(link, &holder), 1);
    (void)close(fd);
}

/* Neither lock nor database is made where it points, nor where one that leads to itself stands. */
static void a_link_to_a_file_that_is_not_there_is_refused(void **state)
{
    struct bench *bench = *state;
    char victim[80], lock[96];
    (void)snprintf(victim, sizeof victim, "%s/victim", bench->folder);
    (void)snprintf(lock, sizeof lock, "%s.lock", victim);
    const char *const targets[] = {victim, "contacts.db"};
    for (size_t i = 0; i < ARRAY_LENGTH(targets); i++) {
        assert_int_equal(symlink(targets[i], bench->database), 0);
        struct error err = assert_refused(bench->database, ERROR_CREATE);
        assert_non_null(strstr(err.text, "symbolic link"));
        assert_int_equal(unlink(bench->database), 0);
    }
    assert_int_equal(access(victim, F_OK), -1);
    assert_int_equal(access(lock, F_OK), -1);
}

static void a_lock_file_that_is_a_link_is_not_followed(void **state)
{
    struct bench *bench = *state;
    char path[80], victim[80];
    (void)snprintf(path, sizeof path, "%s.lock", bench->database);
    (void)snprintf(victim, sizeof victim, "%s/victim", bench->folder);
    assert_int_equal(symlink(victim, path), 0);
    (void)assert_refused(bench->database, ERROR_CREATE);
    assert_int_equal(access(victim, F_OK), -1);
}

static void a_folder_that_is_not_there_is_said_with_a_remedy(void **state)
{
    struct bench *bench = *state;
    char database[80];
    (void)snprintf(database, sizeof database, "%s/nowhere/contacts.db", bench->folder);
    struct error err = assert_refused(database, ERROR_CREATE);
    assert_non_null(strstr(err.text, database));
    assert_non_null(strstr(err.text, strerror(ENOENT)));
    assert_non_null(strstr(err.text, "make the folder"));
}

static void a_folder_without_the_right_to_write_is_said_with_a_remedy(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(chmod(bench->folder, 0555), 0);
    bool almighty = geteuid() == 0;
    if (almighty)
        assert_int_equal(seteuid(65534), 0);
    struct error err = {0};
    int fd = lock_take(bench->database, "flexsync", &err);
    if (almighty)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(fd, -1);
    assert_int_equal(err.code, ERROR_CREATE);
    assert_non_null(strstr(err.text, strerror(EACCES)));
    assert_non_null(strstr(err.text, "with the right to write"));
}

static void nobody_but_owner_and_group_reads_the_lock_file(void **state)
{
    struct bench *bench = *state;
    struct stat st;
    int fd = take(bench->database, "flexsync");
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 07137, 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    (void)close(fd);
}

static void the_holder_says_where_it_can_be_asked(void **state)
{
    struct bench *bench = *state;
    struct lock_holder holder;
    char socket[LOCK_SOCKET_MAX + 2];
    int fd = take(bench->database, "flexsyncd");
    assert_int_equal(lock_holder(bench->database, &holder), 1);
    assert_string_equal(holder.socket, "");
    lock_tell(fd, "flexsyncd", "/run/with a space/control");
    assert_int_equal(lock_holder(bench->database, &holder), 1);
    assert_string_equal(holder.program, "flexsyncd");
    assert_int_equal(holder.pid, getpid());
    assert_string_equal(holder.socket, "/run/with a space/control");
    memset(socket, 's', sizeof socket);
    socket[LOCK_SOCKET_MAX] = '\0';
    lock_tell(fd, "flexsyncd", socket);
    assert_int_equal(lock_holder(bench->database, &holder), 1);
    assert_string_equal(holder.socket, socket);
    lock_tell(fd, "flexsyncd", ""); /* and takes it back, to the last byte */
    assert_int_equal(lock_holder(bench->database, &holder), 1);
    assert_string_equal(holder.socket, "");
    (void)close(fd);
}

static void a_lock_is_in_place_until_its_file_is_removed_or_replaced(void **state)
{
    struct bench *bench = *state;
    char path[96], moved[96];
    (void)snprintf(path, sizeof path, "%s.lock", bench->database);
    (void)snprintf(moved, sizeof moved, "%s.moved", bench->database);
    int fd = take(bench->database, "flexsyncd");
    assert_true(lock_in_place(fd, bench->database));
    touch(bench->database);
    assert_true(lock_in_place(fd, bench->database)); /* the database is found by another way now */
    assert_int_equal(rename(path, moved), 0);
    assert_false(lock_in_place(fd, bench->database));
    touch(path);
    assert_false(lock_in_place(fd, bench->database));
    assert_int_equal(rename(moved, path), 0);
    assert_true(lock_in_place(fd, bench->database));
    assert_int_equal(close(fd), 0);
}

static void a_lock_is_not_in_place_where_a_link_leads_to_another_database(void **state)
{
    struct bench *bench = *state;
    char one[96], two[96];
    (void)snprintf(one, sizeof one, "%s/one.db", bench->folder);
    (void)snprintf(two, sizeof two, "%s/two.db", bench->folder);
    touch(one);
    touch(two);
    assert_int_equal(symlink(one, bench->database), 0);
    int fd = take(bench->database, "flexsyncd");
    assert_true(lock_in_place(fd, bench->database));
    assert_int_equal(unlink(bench->database) | symlink(two, bench->database), 0);
    assert_false(lock_in_place(fd, bench->database));
    int other = take(bench->database, "flexsync");
    assert_true(lock_in_place(other, bench->database));
    assert_int_equal(close(fd) | close(other), 0);
}

static char *lock_file(const struct bench *bench, char path[static 96])
{
    (void)snprintf(path, 96, "%s.lock", bench->database);
    return path;
}

static void a_pipe_in_its_place_is_not_waited_for(void **state)
{
    const struct bench *bench = *state;
    char path[96];
    struct lock_holder holder;
    assert_int_equal(mkfifo(lock_file(bench, path), 0600), 0);
    struct error err = assert_refused(bench->database, ERROR_CREATE);
    assert_non_null(strstr(err.text, "is no file, but a pipe"));
    assert_int_equal(lock_holder(bench->database, &holder), 0);
}

static void one_who_may_only_read_it_and_locks_it_is_named(void **state)
{
    const struct bench *bench = *state;
    char path[96], who[32];
    (void)close(take(bench->database, "flexsyncd"));
    pid_t pid = start_lock_holder(lock_file(bench, path), F_RDLCK);
    (void)snprintf(who, sizeof who, "process %d (", pid);
    struct error err = assert_refused(bench->database, ERROR_LOCKED);
    assert_non_null(strstr(err.text, who));
    assert_null(strstr(err.text, "flexsyncd"));
    end_holder(pid);
    (void)close(take(bench->database, "flexsync"));
}

/* Its process ended, and one that it started has the descriptor still. */
static void a_process_that_is_gone_is_not_to_be_killed(void **state)
{
    const struct bench *bench = *state;
    int fd = take(bench->database, "flexsync");
    pid_t gone = fork();
    assert_true(gone >= 0);
    if (gone == 0) {
        lock_tell(fd, "flexsync", "");
        _exit(0);
    }
    assert_int_equal(waitpid(gone, NULL, 0), gone);
    struct error err = assert_refused(bench->database, ERROR_LOCKED);
    assert_non_null(strstr(err.text, "another sync of"));
    assert_null(strstr(err.text, "kill"));
    (void)close(fd);
}

static void a_lack_of_descriptors_is_no_fault_of_the_folder(void **state)
{
    const struct bench *bench = *state;
    leave_descriptors(0);
    struct error err = assert_refused(bench->database, ERROR_SYSTEM);
    leave_descriptors(UINT_MAX);
    assert_non_null(strstr(err.text, "too many files are open"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pipe_in_its_place_is_not_waited_for),
        TEST(one_who_may_only_read_it_and_locks_it_is_named),
        TEST(a_process_that_is_gone_is_not_to_be_killed),
        TEST(a_lack_of_descriptors_is_no_fault_of_the_folder),
        TEST(the_holder_says_where_it_can_be_asked),
        TEST(a_second_process_is_told_who_holds_it_and_what_to_do),
        TEST(a_command_that_holds_it_is_named_as_such),
        TEST(a_crash_releases_it),
        TEST(two_takers_in_one_process_exclude_each_other_too),
        TEST(the_holder_is_seen_without_taking_anything),
        TEST(a_shorter_name_leaves_nothing_of_a_longer_one_behind),
        TEST(a_lock_file_full_of_nonsense_still_excludes),
        TEST(a_symbolic_link_to_the_database_shares_its_lock),
        TEST(a_link_to_a_file_that_is_not_there_is_refused),
        TEST(a_lock_file_that_is_a_link_is_not_followed),
        TEST(a_folder_that_is_not_there_is_said_with_a_remedy),
        TEST(a_folder_without_the_right_to_write_is_said_with_a_remedy),
        TEST(nobody_but_owner_and_group_reads_the_lock_file),
        TEST(a_lock_is_in_place_until_its_file_is_removed_or_replaced),
        TEST(a_lock_is_not_in_place_where_a_link_leads_to_another_database),
    };
    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
