#include "export_bench.h"
#include "flexsync/outfile.h"

#include <errno.h>

static struct outfile *open_file(struct bench *b, const char *path, bool by_name)
{
    struct outfile *file = NULL;
    assert_done(b, outfile_open(&file, path, by_name, &b->err));
    return file;
}

static void write_file(struct bench *b, const char *path, const char *text)
{
    struct outfile *file = open_file(b, path, false);
    assert_true(fputs(text, outfile_stream(file)) >= 0);
    assert_done(b, outfile_commit(file, &b->err));
    (void)outfile_free(file);
}

static void assert_content(const char *path, const char *expected)
{
    CLEANUP_FREE char *text = read_file(path, NULL);
    assert_string_equal(text, expected);
}

static void a_file_appears_when_it_is_whole(void **state)
{
    struct bench *b = *state;
    struct outfile *file = open_file(b, b->path, false);
    assert_true(fputs("whole", outfile_stream(file)) >= 0);
    assert_int_equal(access(b->path, F_OK), -1);
    assert_done(b, outfile_commit(file, &b->err));
    (void)outfile_free(file);
    assert_content(b->path, "whole");
    assert_int_equal(empty_folder(b), 1);
}

static void without_a_commit_the_old_one_stays_and_nothing_else(void **state)
{
    struct bench *b = *state;
    write_file(b, b->path, "old");
    struct outfile *file = open_file(b, b->path, false);
    assert_true(fputs("new", outfile_stream(file)) >= 0);
    (void)outfile_free(file);
    assert_content(b->path, "old");
    assert_int_equal(empty_folder(b), 1);
}

static void one_that_is_replaced_keeps_mode_owner_and_group(void **state)
{
    struct bench *b = *state;
    struct stat s;
    write_file(b, b->path, "old");
    assert_int_equal(stat(b->path, &s), 0);
    assert_int_equal(s.st_mode & 07777, 0600);
    if (geteuid() == 0)
        assert_int_equal(chown(b->path, 1, 2), 0);
    assert_int_equal(chmod(b->path, 0664), 0);
    write_file(b, b->path, "new");
    assert_content(b->path, "new");
    assert_int_equal(stat(b->path, &s), 0);
    assert_int_equal(s.st_mode & 07777, 0664);
    assert_int_equal(s.st_uid, geteuid() == 0 ? 1 : geteuid());
    assert_int_equal(s.st_gid, geteuid() == 0 ? 2 : getegid());
}

static void touch(const struct bench *b, const char *name)
{
    CLEANUP_FREE char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", b->folder, name) > 0);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

/* What is being written is locked; all that ends likewise and is not was left by a program that was killed.
 */
static void what_a_killed_one_left_is_removed_and_what_another_one_writes_is_not(void **state)
{
    struct bench *b = *state;
    CLEANUP_FREE char *other_path = NULL;
    assert_true(asprintf(&other_path, "%s/other", b->folder) > 0);
    struct outfile *other = open_file(b, other_path, true);
    touch(b, "out.flexsync-abcdef");
    touch(b, "out.flexsync-abcdef-wal");
    touch(b, "out.flexsync-abcdef-shm");
    touch(b, "out.flexsync-abcdef-journal");
    touch(b, "mine.flexsync-text");
    write_file(b, b->path, "whole");
    assert_int_equal(access(outfile_name(other), F_OK), 0);
    assert_done(b, outfile_commit(other, &b->err));
    (void)outfile_free(other);
    assert_int_equal(empty_folder(b), 3); /* two files, and the one that only has a like name */
}

static void through_a_symbolic_link_the_file_behind_it_is_replaced(void **state)
{
    struct bench *b = *state;
    char name[100];
    struct stat s;
    (void)snprintf(name, sizeof name, "%s/link", b->folder);
    write_file(b, b->path, "old");
    assert_int_equal(symlink(b->path, name), 0);
    write_file(b, name, "new");
    assert_int_equal(lstat(name, &s), 0);
    assert_true(S_ISLNK(s.st_mode));
    assert_content(b->path, "new");
}

static void what_is_no_regular_file_is_written_to_and_never_replaced(void **state)
{
    struct bench *b = *state;
    assert_int_equal(mkfifo(b->path, 0600), 0);
    int reader = open(b->path, O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    write_file(b, b->path, "through");
    char text[20] = "";
    assert_int_equal(read(reader, text, sizeof text), 7);
    assert_string_equal(text, "through");
    struct outfile *file =
        open_file(b, b->path, true); /* one that a library writes by name is copied there */
    assert_non_null(outfile_name(file));
    assert_true(fputs("copied", outfile_stream(file)) >= 0);
    assert_done(b, outfile_commit(file, &b->err));
    (void)outfile_free(file);
    assert_int_equal(read(reader, text, sizeof text), 6);
    assert_int_equal(close(reader), 0);
    struct stat s;
    assert_int_equal(stat(b->path, &s), 0);
    assert_true(S_ISFIFO(s.st_mode));
}

static void assert_refused(struct bench *b, const char *path, enum error_code code)
{
    struct outfile *file = NULL;
    assert_int_equal(outfile_open(&file, path, false, &b->err), -1);
    assert_null(file);
    assert_int_equal(b->err.code, code);
    assert_true(b->err.text[0] && b->err.text[strlen(b->err.text) - 1] != '.');
}

static void a_folder_and_a_place_that_is_not_there_are_refused(void **state)
{
    struct bench *b = *state;
    char path[200];
    assert_refused(b, b->folder, ERROR_USAGE);
    (void)snprintf(path, sizeof path, "%s/none/out", b->folder);
    assert_refused(b, path, ERROR_CREATE);
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    char *longer = NULL;
    assert_true(asprintf(&longer, "%s/%s%s", b->folder, path, path) > 0);
    assert_refused(b, longer, ERROR_CREATE);
    free(longer);
}

static void a_full_device_is_an_error(void **state)
{
    struct bench *b = *state;
    struct outfile *file = open_file(b, "/dev/full", false);
    assert_true(fputs("x", outfile_stream(file)) >= 0);
    assert_int_equal(outfile_commit(file, &b->err), -1);
    assert_int_equal(b->err.code, ERROR_STORE_FULL);
    (void)outfile_free(file);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_file_appears_when_it_is_whole),
        TEST(without_a_commit_the_old_one_stays_and_nothing_else),
        TEST(one_that_is_replaced_keeps_mode_owner_and_group),
        TEST(what_a_killed_one_left_is_removed_and_what_another_one_writes_is_not),
        TEST(through_a_symbolic_link_the_file_behind_it_is_replaced),
        TEST(what_is_no_regular_file_is_written_to_and_never_replaced),
        TEST(a_folder_and_a_place_that_is_not_there_are_refused),
        TEST(a_full_device_is_an_error),
    };
    return cmocka_run_group_tests_name("outfile", tests, NULL, NULL);
}
