#include "flexsync/log.h"

#include "flexsync/cleanup.h"

#include <ctype.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define TEXT_SIZE 16384

/* A folder for the files, and standard error caught in a pipe. */
struct bench {
    char folder[32], file[64], error_file[64], text[TEXT_SIZE];
    int saved, caught;
    unsigned times; /* of the lines of said() */
    struct log *log;
};

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    int ends[2];
    assert_non_null(bench);
    strcpy(bench->folder, "/tmp/test_log.XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    (void)snprintf(bench->file, sizeof bench->file, "%s/app.log", bench->folder);
    (void)snprintf(bench->error_file, sizeof bench->error_file, "%s/error.log", bench->folder);
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    bench->caught = ends[0];
    bench->saved = dup(STDERR_FILENO);
    assert_true(bench->saved >= 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    (void)close(ends[1]);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    char command[64];
    bench->log = log_free(bench->log);
    (void)dup2(bench->saved, STDERR_FILENO);
    (void)close(bench->saved);
    (void)close(bench->caught);
    (void)snprintf(command, sizeof command, "rm -rf %s", bench->folder);
    assert_int_equal(system(command), 0);
    free(bench);
    return 0;
}

static struct log *open_log(struct bench *bench, const struct log_options *options)
{
    struct error err;
    if (log_new(&bench->log, options, &err) < 0)
        fail_msg("%s", err.text);
    return bench->log;
}

static bool is_stamp(const char *text)
{
    for (const char *p = "2026-11-28 10:00:00Z "; *p; p++, text++)
        if (isdigit(*p) ? !isdigit(*text) : *p != *text)
            return false;
    return true;
}

/* Cuts out the times that follow a priority; returns how many there were. */
static unsigned cut_times(char *text)
{
    unsigned count = 0;
    for (char *p = text; (p = strchr(p, '<')) != NULL; p++) {
        char *time = p + strlen("<6>");
        if (p[1] < '0' || p[1] > '7' || p[2] != '>' || !is_stamp(time))
            continue;
        const char *after = strchr(time, 'Z') + 2;
        memmove(time, after, strlen(after) + 1);
        count++;
    }
    return count;
}

/* What has come on standard error since the last time. */
static const char *said(struct bench *bench)
{
    ssize_t n = read(bench->caught, bench->text, sizeof bench->text - 1);
    bench->text[n > 0 ? n : 0] = '\0';
    bench->times = cut_times(bench->text);
    return bench->text;
}

static const char *content(struct bench *bench, const char *path)
{
    CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, bench->text, sizeof bench->text - 1);
    bench->text[n > 0 ? n : 0] = '\0';
    return bench->text;
}

static unsigned lines_of(const char *text)
{
    unsigned lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static void say_at_all_levels(struct log *log)
{
    log_line(log, LOG_LEVEL_ERROR, "of error");
    log_line(log, LOG_LEVEL_WARN, "of warn");
    log_line(log, LOG_LEVEL_INFO, "of %s", "info");
    log_line(log, LOG_LEVEL_DEBUG, "of debug");
}

static void a_pipe_gets_the_priorities_of_sd_daemon_and_the_time(void **state)
{
    struct bench *bench = *state;
    say_at_all_levels(open_log(bench, &(struct log_options){.level = LOG_LEVEL_DEBUG}));
    assert_string_equal(said(bench), "<3>of error\n<4>of warn\n<6>of info\n<7>of debug\n");
    assert_int_equal(bench->times, LOG_LEVEL_COUNT);
}

static void nothing_less_urgent_than_the_level_is_written(void **state)
{
    static const char *const expected[] = {"<3>of error\n", "<3>of error\n<4>of warn\n",
                                           "<3>of error\n<4>of warn\n<6>of info\n"};
    struct bench *bench = *state;
    struct log *log = open_log(bench, &(struct log_options){.level = LOG_LEVEL_ERROR});
    for (enum log_level level = LOG_LEVEL_ERROR; level < LOG_LEVEL_DEBUG; level++) {
        struct error err;
        assert_int_equal(log_reconfigure(log, &(struct log_options){.level = level}, &err), 0);
        say_at_all_levels(log);
        assert_string_equal(said(bench), expected[level]);
        assert_true(log_enabled(log, level));
        assert_false(log_enabled(log, level + 1));
    }
}

static void people_are_told_warnings_and_errors_in_plain_words(void **state)
{
    struct bench *bench = *state;
    say_at_all_levels(open_log(bench, &(struct log_options){.level = LOG_LEVEL_DEBUG, .people = true}));
    assert_string_equal(said(bench), "flexsync: of error\nflexsync: of warn\n");
}

static void one_file_gets_every_line_and_the_other_errors_only(void **state)
{
    struct bench *bench = *state;
    const struct log_options options = {
        .level = LOG_LEVEL_INFO, .file = bench->file, .error_file = bench->error_file};
    say_at_all_levels(open_log(bench, &options));
    const char *text = content(bench, bench->file);
    assert_int_equal(lines_of(text), 3);
    assert_non_null(strstr(text, "Z error of error\n"));
    assert_non_null(strstr(text, "Z warn  of warn\n"));
    assert_non_null(strstr(text, "Z info  of info\n"));
    assert_int_equal(strspn(text, "0123456789-: "), strlen("2026-11-23 12:00:00"));
    text = content(bench, bench->error_file);
    assert_int_equal(lines_of(text), 1);
    assert_non_null(strstr(text, "Z error of error\n"));
}

static void files_are_added_to_and_closed_to_strangers(void **state)
{
    struct bench *bench = *state;
    const struct log_options options = {.level = LOG_LEVEL_INFO, .file = bench->file};
    mode_t mask = umask(0);
    log_line(open_log(bench, &options), LOG_LEVEL_INFO, "one");
    (void)umask(mask);
    bench->log = log_free(bench->log);
    log_line(open_log(bench, &options), LOG_LEVEL_INFO, "two");
    assert_int_equal(lines_of(content(bench, bench->file)), 2);
    struct stat st;
    assert_int_equal(stat(bench->file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
}

static void reconfiguring_opens_anew_what_logrotate_renamed(void **state)
{
    struct bench *bench = *state;
    char renamed[80];
    struct error err;
    const struct log_options options = {.level = LOG_LEVEL_INFO, .file = bench->file};
    struct log *log = open_log(bench, &options);
    log_line(log, LOG_LEVEL_INFO, "before");
    (void)snprintf(renamed, sizeof renamed, "%s.1", bench->file);
    assert_int_equal(rename(bench->file, renamed), 0);
    log_line(log, LOG_LEVEL_INFO, "between");
    assert_int_equal(log_reconfigure(log, &options, &err), 0);
    log_line(log, LOG_LEVEL_INFO, "after");
    assert_int_equal(lines_of(content(bench, renamed)), 2);
    assert_int_equal(lines_of(content(bench, bench->file)), 1);
    assert_non_null(strstr(bench->text, "after"));
}

static void a_file_that_cannot_be_opened_is_said_and_the_old_ones_stay(void **state)
{
    struct bench *bench = *state;
    char nowhere[80];
    struct error err;
    const struct log_options options = {.level = LOG_LEVEL_INFO, .file = bench->file};
    (void)snprintf(nowhere, sizeof nowhere, "%s/nowhere/app.log", bench->folder);
    struct log *log = open_log(bench, &options);
    const struct log_options bad[] = {
        {.level = LOG_LEVEL_ERROR, .file = nowhere},
        {.level = LOG_LEVEL_ERROR, .file = bench->error_file, .error_file = nowhere}};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(log_reconfigure(log, &bad[i], &err), -1);
        assert_int_equal(err.code, ERROR_CREATE);
        assert_non_null(strstr(err.text, nowhere));
    }
    log_line(log, LOG_LEVEL_INFO, "still here");
    assert_non_null(strstr(content(bench, bench->file), "still here"));
    struct log *untouched = NULL;
    assert_int_equal(log_new(&untouched, &bad[0], &err), -1);
    assert_null(untouched);
}

static void a_file_that_is_no_longer_wanted_is_left_alone(void **state)
{
    struct bench *bench = *state;
    struct error err;
    struct log *log = open_log(bench, &(struct log_options){.level = LOG_LEVEL_INFO, .file = bench->file});
    assert_int_equal(log_reconfigure(log, &(struct log_options){.level = LOG_LEVEL_INFO}, &err), 0);
    log_line(log, LOG_LEVEL_INFO, "not there");
    assert_string_equal(content(bench, bench->file), "");
}

static void nothing_from_outside_forges_a_line_or_drives_a_terminal(void **state)
{
    struct bench *bench = *state;
    struct log *log = open_log(bench, &(struct log_options){.level = LOG_LEVEL_INFO, .file = bench->file});
    log_line(log, LOG_LEVEL_INFO, "%s",
             "a\nb\rc\td\033[2Je\x7f"
             "f\x01g");
    assert_string_equal(said(bench), "<6>a?b?c?d?[2Je?f?g\n");
    assert_non_null(strstr(content(bench, bench->file), " a?b?c?d?[2Je?f?g\n"));
    assert_int_equal(lines_of(bench->text), 1);
}

/* U+009B is the same to a terminal as escape and bracket. */
static void control_characters_of_two_bytes_are_replaced_as_well(void **state)
{
    struct bench *bench = *state;
    struct log *log = open_log(bench, &(struct log_options){.level = LOG_LEVEL_INFO});
    log_line(log, LOG_LEVEL_INFO, "%s",
             "a\xc2\x9b"
             "2Jb\xc2\x80"
             "c\xc2\x9f");
    assert_string_equal(said(bench), "<6>a??2Jb??c??\n");
    log_line(log, LOG_LEVEL_INFO, "%s", "Łódź \xc2\xa0 ÄÖ 山田 🎭");
    assert_string_equal(said(bench), "<6>Łódź \xc2\xa0 ÄÖ 山田 🎭\n");
}

static void percent_signs_in_an_argument_are_only_text(void **state)
{
    struct bench *bench = *state;
    log_line(open_log(bench, &(struct log_options){.level = LOG_LEVEL_INFO}), LOG_LEVEL_INFO, "%s",
             "100 %s %n");
    assert_string_equal(said(bench), "<6>100 %s %n\n");
}

static void a_long_line_is_cut_and_still_ended(void **state)
{
    struct bench *bench = *state;
    char text[2 * LOG_LINE_MAX];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct log *log = open_log(bench, &(struct log_options){.level = LOG_LEVEL_INFO, .file = bench->file});
    log_line(log, LOG_LEVEL_INFO, "%s", text);
    log_line(log, LOG_LEVEL_INFO, "next");
    assert_int_equal(strcspn(said(bench), "\n"), 3 + LOG_LINE_MAX - 1);
    assert_string_equal(bench->text + 3 + LOG_LINE_MAX, "<6>next\n");
    assert_int_equal(lines_of(content(bench, bench->file)), 2);
}

static void a_cut_leaves_no_half_of_a_character(void **state)
{
    struct bench *bench = *state;
    struct log *log = open_log(bench, &(struct log_options){.level = LOG_LEVEL_INFO});
    for (size_t before = 0; before < 4; before++) {
        char text[LOG_LINE_MAX + 8] = "";
        memset(text, 'x', LOG_LINE_MAX - 1 - before);
        strcpy(text + LOG_LINE_MAX - 1 - before, "\xf0\x9f\x8e\xad");
        log_line(log, LOG_LEVEL_INFO, "%s", text);
        assert_int_equal(strcspn(said(bench), "\n"), 3 + LOG_LINE_MAX - 1 - before);
    }
}

/* What a service was given as a stream, and a shell then redirected, is no journal any more. */
static void a_journal_stream_of_another_file_is_none(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(setenv("JOURNAL_STREAM", "8:12345", 1), 0);
    log_line(open_log(bench, &(struct log_options){.level = LOG_LEVEL_INFO}), LOG_LEVEL_INFO, "here");
    assert_string_equal(said(bench), "<6>here\n");
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
}

static void claim_stderr_as_journal(void)
{
    struct stat st;
    char stream[64];
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    (void)snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
}

/* One transport only: what goes to the journal as a record must not come as a line too. */
static void a_stderr_that_is_the_journal_gets_records_and_no_lines(void **state)
{
    struct bench *bench = *state;
    claim_stderr_as_journal();
    struct log_field fields[LOG_FIELDS_MAX + 5];
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
        fields[i] = (struct log_field){"FLEXSYNC_TEST", "value"};
    const struct log_record record = {.level = LOG_LEVEL_INFO,
                                      .message_id = "76e9497557d676576edf764edd0f5702",
                                      .fields = fields,
                                      .field_count = ARRAY_LENGTH(fields)};
    log_write(open_log(bench, &(struct log_options){.level = LOG_LEVEL_INFO, .file = bench->file}), &record,
              "test");
    assert_string_equal(said(bench), "");
    assert_int_equal(lines_of(content(bench, bench->file)), 1);
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
}

static void last_words_are_lines_also_where_stderr_is_the_journal(void **state)
{
    struct bench *bench = *state;
    claim_stderr_as_journal();
    log_line(open_log(bench, &(struct log_options){.level = LOG_LEVEL_INFO}), LOG_LEVEL_ERROR,
             "cannot go on");
    assert_string_equal(said(bench), "<3>cannot go on\n");
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
}

static void words_before_there_is_a_log_have_a_priority_for_the_journal_alone(void **state)
{
    struct bench *bench = *state;
    log_early(LOG_LEVEL_ERROR, "%s: a %s", "flexsync.conf:3", "mistake\033");
    assert_string_equal(said(bench), "flexsync.conf:3: a mistake?\n");
    claim_stderr_as_journal();
    log_early(LOG_LEVEL_ERROR, "a mistake");
    log_early(LOG_LEVEL_WARN, "a doubt");
    assert_string_equal(said(bench), "<3>a mistake\n<4>a doubt\n");
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    assert_null(log_free(NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pipe_gets_the_priorities_of_sd_daemon_and_the_time),
        TEST(nothing_less_urgent_than_the_level_is_written),
        TEST(people_are_told_warnings_and_errors_in_plain_words),
        TEST(one_file_gets_every_line_and_the_other_errors_only),
        TEST(files_are_added_to_and_closed_to_strangers),
        TEST(reconfiguring_opens_anew_what_logrotate_renamed),
        TEST(a_file_that_cannot_be_opened_is_said_and_the_old_ones_stay),
        TEST(a_file_that_is_no_longer_wanted_is_left_alone),
        TEST(nothing_from_outside_forges_a_line_or_drives_a_terminal),
        TEST(control_characters_of_two_bytes_are_replaced_as_well),
        TEST(percent_signs_in_an_argument_are_only_text),
        TEST(a_long_line_is_cut_and_still_ended),
        TEST(a_cut_leaves_no_half_of_a_character),
        TEST(a_journal_stream_of_another_file_is_none),
        TEST(a_stderr_that_is_the_journal_gets_records_and_no_lines),
        TEST(words_before_there_is_a_log_have_a_priority_for_the_journal_alone),
        TEST(last_words_are_lines_also_where_stderr_is_the_journal),
        TEST(freeing_nothing_is_fine),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
