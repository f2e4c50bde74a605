/*
 * quota_bench: what the tests of the quota's ledger share: a folder for the file, a machine whose clocks the
 * test moves, and a book that is kept in memory, for stories by the thousand.
 */
#ifndef QUOTA_BENCH_H
#define QUOTA_BENCH_H

#include "flexsync/cleanup.h"
#include "flexsync/ledger.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW (INT64_C(1750000000) * USEC_PER_SEC) /* 2025-06-15 15:06:40 */

struct bench {
    char directory[64];
    char path[96];
    char copy[96];
    struct clock clock;
    int64_t now;    /* the server's time, which is the true one */
    int64_t mono;   /* stands still while the machine sleeps */
    int64_t offset; /* of the local clock */
    uint64_t seed;
    bool there, copied;          /* in memory */
    struct quota memory, backup; /* what the book holds, and a copy of it */
    int64_t files;               /* made, for their ids */
};

static inline int64_t bench_wall(const struct bench *b)
{
    return b->now + b->offset;
}

static inline int64_t read_wall(void *arg)
{
    return bench_wall(arg);
}

static inline int64_t read_mono(void *arg)
{
    const struct bench *b = arg;
    return b->mono;
}

static inline void bench_pass(struct bench *b, int64_t usec)
{
    b->now += usec;
    b->mono += usec;
}

/* The machine is suspended. */
static inline void bench_sleep(struct bench *b, int64_t usec)
{
    b->now += usec;
}

/* --- the book in memory --- */

static inline int bench_open(void *self, struct quota *ret, struct error *err)
{
    struct bench *b = self;
    (void)err;
    *ret = b->memory;
    if (b->there)
        return 0;
    quota_init(ret, bench_wall(b));
    ret->id = ++b->files;
    return 0;
}

static inline int bench_close(void *self, const struct quota *quota, struct error *err)
{
    struct bench *b = self;
    (void)err;
    assert_true(quota_usable(quota));
    b->memory = *quota;
    b->there = true;
    return 0;
}

static inline struct limiter_book bench_book(struct bench *b)
{
    return (struct limiter_book){.self = b, .begin = bench_open, .end = bench_close};
}

/* --- the file --- */

static inline bool copy_file(const char *from, const char *to)
{
    char bytes[65536];
    FILE *in = fopen(from, "r"), *out = in ? fopen(to, "w") : NULL;
    if (!in)
        return false;
    assert_non_null(out);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, in)) > 0;)
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    assert_int_equal(fclose(out) | fclose(in), 0);
    return true;
}

static inline void bench_save(struct bench *b, bool on_disk)
{
    b->copied = on_disk ? copy_file(b->path, b->copy) : b->there;
    b->backup = b->memory;
}

/* Puts the copy back; false where there is none. */
static inline bool bench_restore(struct bench *b, bool on_disk)
{
    if (!b->copied)
        return false;
    if (on_disk)
        return copy_file(b->copy, b->path);
    b->memory = b->backup;
    return b->there = true;
}

static inline void bench_delete(struct bench *b, bool on_disk)
{
    if (on_disk)
        (void)unlink(b->path);
    b->there = false;
}

/* --- a test --- */

static inline void bench_begin(struct bench *b, bool on_disk, int64_t after)
{
    b->now = NOW + after;
    b->mono = USEC_PER_HOUR;
    b->offset = 0;
    b->copied = false;
    b->files = 0;
    bench_delete(b, on_disk);
}

static inline void bench_set_up(struct bench *b)
{
    (void)snprintf(b->directory, sizeof b->directory, "%s/test_quota.XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(b->directory));
    (void)snprintf(b->path, sizeof b->path, "%s/quota.db", b->directory);
    (void)snprintf(b->copy, sizeof b->copy, "%s/copy.db", b->directory);
    b->clock = (struct clock){.wall = read_wall, .monotonic = read_mono, .arg = b};
    bench_begin(b, false, 0);
}

static inline void bench_tear_down(const struct bench *b)
{
    DIR *d = opendir(b->directory);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            assert_int_equal(unlinkat(dirfd(d), e->d_name, e->d_type == DT_DIR ? AT_REMOVEDIR : 0), 0);
    assert_int_equal(closedir(d), 0);
    assert_int_equal(rmdir(b->directory), 0);
}

#endif
