/*
 * trouble_bench: what tests of a machine in trouble share: no descriptors left, no memory for SQLite, and
 * another process with a lock.
 */
#ifndef TROUBLE_BENCH_H
#define TROUBLE_BENCH_H

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* From now on only `more` descriptors can be opened; UINT_MAX: as many as ever. */
static inline void leave_descriptors(unsigned more)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    int next = more == UINT_MAX ? 0 : dup(STDERR_FILENO);
    assert_true(next >= 0);
    limit.rlim_cur = more == UINT_MAX ? limit.rlim_max : (rlim_t)next + more;
    if (more != UINT_MAX)
        assert_int_equal(close(next), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* A process with a lock of that type (F_RDLCK, F_WRLCK) on all of the file, until end_holder(). */
static inline pid_t start_lock_holder(const char *path, short type)
{
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails does not end it */
        struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
        int fd = open(path, type == F_RDLCK ? O_RDONLY : O_RDWR);
        char said = fd >= 0 && fcntl(fd, F_SETLK, &lock) == 0 ? 'y' : 'n';
        if (write(ready[1], &said, 1) == 1)
            for (;;)
                (void)pause();
        _exit(1);
    }
    char said = 0;
    assert_int_equal(read(ready[0], &said, 1), 1);
    assert_int_equal(said, 'y');
    assert_int_equal(close(ready[0]) | close(ready[1]), 0);
    return pid;
}

static inline void end_holder(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

#endif
