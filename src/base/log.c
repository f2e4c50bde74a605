#define SD_JOURNAL_SUPPRESS_LOCATION    /* where in the source a line was written is of no use to an         \
                                           administrator */
#include "flexsync/log.h"

#include "flexsync/cleanup.h"
#include "flexsync/clock.h"
#include "flexsync/ownfile.h"
#include "flexsync/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

enum transport { TRANSPORT_JOURNAL, TRANSPORT_TERMINAL, TRANSPORT_PREFIXED, TRANSPORT_PEOPLE };

struct log {
    enum log_level level;
    enum transport transport;
    bool colour;
    FILE *file;
    FILE *error_file;
};

const char *const log_level_names[LOG_LEVEL_COUNT] = {"error", "warn", "info", "debug"};

static const struct {
    int priority; /* syslog(3) */
    const char *colour;
} levels[LOG_LEVEL_COUNT] = {
    [LOG_LEVEL_ERROR] = {LOG_ERR, "\033[1;31m"},
    [LOG_LEVEL_WARN] = {LOG_WARNING, "\033[1;33m"},
    [LOG_LEVEL_INFO] = {LOG_INFO, ""},
    [LOG_LEVEL_DEBUG] = {LOG_DEBUG, "\033[2m"},
};

/* systemd sets JOURNAL_STREAM=device:inode of the stream that it gave us; a redirected stderr no longer
 * matches. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    if (!stream || fstat(STDERR_FILENO, &st) < 0)
        return false;
    char expected[64];
    (void)snprintf(expected, sizeof expected, "%" PRIuMAX ":%" PRIuMAX, (uintmax_t)st.st_dev,
                   (uintmax_t)st.st_ino);
    return strcmp(stream, expected) == 0;
}

static FILE *open_log_file(const char *path, struct error *err)
{
    CLEANUP_CLOSE int fd = ownfile_open(path, O_WRONLY | O_APPEND);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "a");
    if (!file) {
        (void)error_set(
            err, ERROR_CREATE, RETRY_LATER,
            "cannot open the log file %s: %s; correct log.file or log.error_file, or make it writable", path,
            ownfile_reason(errno));
        return NULL;
    }
    fd = -1;
    return file;
}

int log_reconfigure(struct log *log, const struct log_options *options, struct error *err)
{
    CLEANUP_FILE FILE *file = NULL;
    CLEANUP_FILE FILE *error_file = NULL;
    if (options->file && !(file = open_log_file(options->file, err)))
        return -1;
    if (options->error_file && !(error_file = open_log_file(options->error_file, err)))
        return -1;
    if (log->file)
        (void)fclose(log->file);
    if (log->error_file)
        (void)fclose(log->error_file);
    log->file = take_pointer(file);
    log->error_file = take_pointer(error_file);
    log->level = options->level;
    return 0;
}

int log_new(struct log **ret, const struct log_options *options, struct error *err)
{
    struct log *log = calloc(1, sizeof *log);
    if (!log)
        return error_memory(err);
    log->transport = options->people         ? TRANSPORT_PEOPLE
                     : stderr_is_journal()   ? TRANSPORT_JOURNAL
                     : isatty(STDERR_FILENO) ? TRANSPORT_TERMINAL
                                             : TRANSPORT_PREFIXED;
    const char *no_colour = getenv("NO_COLOR"); /* no-color.org: set and not empty */
    log->colour = !(no_colour && *no_colour);
    if (log_reconfigure(log, options, err) < 0) {
        (void)log_free(log);
        return -1;
    }
    *ret = log;
    return 0;
}

static void write_journal(const struct log_record *record, const char *text)
{
    char lines[LOG_FIELDS_MAX + 3][LOG_LINE_MAX / 4];
    char message[LOG_LINE_MAX + 16];
    struct iovec iov[LOG_FIELDS_MAX + 3];
    int n = 0;
    (void)snprintf(message, sizeof message, "MESSAGE=%s", text);
    iov[n++] = (struct iovec){message, strlen(message)};
    (void)snprintf(lines[n], sizeof lines[n], "PRIORITY=%d", levels[record->level].priority);
    iov[n] = (struct iovec){lines[n], strlen(lines[n])};
    n++;
    if (record->message_id) {
        (void)snprintf(lines[n], sizeof lines[n], "MESSAGE_ID=%s", record->message_id);
        iov[n] = (struct iovec){lines[n], strlen(lines[n])};
        n++;
    }
    for (size_t i = 0; i < record->field_count && i < LOG_FIELDS_MAX; i++, n++) {
        (void)snprintf(lines[n], sizeof lines[n], "%s=%s", record->fields[i].name, record->fields[i].value);
        iov[n] = (struct iovec){lines[n], strlen(lines[n])};
    }
    (void)sd_journal_sendv(iov, n);
}

static void write_stderr(const struct log *log, enum log_level level, const char *text)
{
    char now[TEXT_MAX];
    int64_t wall = clock_wall(&clock_system);
    if (log->transport == TRANSPORT_JOURNAL) {
        (void)fprintf(stderr, "<%d>%s\n", levels[level].priority, text);
        return;
    }
    if (log->transport == TRANSPORT_PREFIXED) { /* whoever reads the pipe may not know when */
        (void)fprintf(stderr, "<%d>%sZ %s\n", levels[level].priority, text_format_utc(now, wall), text);
        return;
    }
    if (log->transport == TRANSPORT_PEOPLE) {
        if (level <= LOG_LEVEL_WARN)
            (void)fprintf(stderr, "%sflexsync: %s\n", isatty(STDERR_FILENO) ? "\r\033[K" : "", text);
        return;
    }
    bool colour = log->colour && levels[level].colour[0];
    (void)fprintf(stderr, "%s%s %s%s\n", colour ? levels[level].colour : "",
                  text_format_local(now, wall, wall), text, colour ? "\033[0m" : "");
}

static void write_file(FILE *file, enum log_level level, const char *text)
{
    char now[TEXT_MAX];
    (void)fprintf(file, "%sZ %-5s %s\n", text_format_utc(now, clock_wall(&clock_system)),
                  log_level_names[level], text);
    (void)fflush(file); /* a full disk must not stop the program, and the next line is tried again */
}

void log_write(struct log *log, const struct log_record *record, const char *format, ...)
{
    if (!log_enabled(log, record->level))
        return;
    char text[LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text_disarm(text);
    if (log->transport == TRANSPORT_JOURNAL && record->message_id)
        write_journal(record, text);
    else if (log->transport != TRANSPORT_PEOPLE || !record->told)
        write_stderr(log, record->level, text);
    if (log->file)
        write_file(log->file, record->level, text);
    if (log->error_file && record->level == LOG_LEVEL_ERROR)
        write_file(log->error_file, record->level, text);
}

void log_early(enum log_level level, const char *format, ...)
{
    char text[LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text_disarm(text);
    if (stderr_is_journal())
        (void)fprintf(stderr, "<%d>", levels[level].priority);
    (void)fprintf(stderr, "%s\n", text);
}

bool log_enabled(const struct log *log, enum log_level level)
{
    return level <= log->level;
}

struct log *log_free(struct log *log)
{
    if (!log)
        return NULL;
    if (log->file)
        (void)fclose(log->file);
    if (log->error_file)
        (void)fclose(log->error_file);
    free(log);
    return NULL;
}
