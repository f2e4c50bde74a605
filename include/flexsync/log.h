/*
 * log: where the program says what it does.
 *
 * One event, one transport: native journal records where the service manager gave us the journal
 * (JOURNAL_STREAM names the device and inode of stderr; sd_journal_send() itself reports success even where
 * no journal is), coloured lines on a terminal, lines with `<n>` priorities of sd-daemon(3)
 * and the time (UTC) elsewhere. In
 * addition to it, files: all lines in one, errors in another, as the old tool had them.
 *
 * Modules do not log: they return errors. Whoever decides what an error means logs it.
 */
#ifndef FLEXSYNC_LOG_H
#define FLEXSYNC_LOG_H

#include "flexsync/error.h"

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_COUNT };

/* "error", "warn", "info", "debug". */
extern const char *const log_level_names[LOG_LEVEL_COUNT];

#define LOG_LINE_MAX   2048 /* bytes of one message; longer ones are cut */
#define LOG_FIELDS_MAX 32   /* journal fields of one record */

struct log;

struct log_options {
    enum log_level level;   /* nothing less urgent is written */
    const char *file;       /* every line; NULL for none */
    const char *error_file; /* error lines alone; NULL for none */
    bool people;            /* stderr is read by a person who typed a command: warnings and errors, plain */
};

/* A journal field: NAME in capitals, value without a NUL. Seen only by the journal. */
struct log_field {
    const char *name;
    const char *value;
};

struct log_record {
    enum log_level level;
    const char *message_id; /* 32 hex digits, or NULL */
    const struct log_field *fields;
    size_t field_count;
    bool told; /* a person who typed a command is told in another way: not on their stderr */
};

/* Opens the files (made 0640). ERROR_CREATE when one cannot be opened. Free with log_free(). */
int log_new(struct log **ret, const struct log_options *options, struct error *err);

/* Other options from now on; files are opened anew, which is what logrotate asks for. On failure the old ones
 * stay. */
int log_reconfigure(struct log *log, const struct log_options *options, struct error *err);

/* Writes one message, without a line end of its own. Control characters in it are replaced by '?'. */
void log_write(struct log *log, const struct log_record *record, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * A message without id and fields. It goes to stderr also where that is the journal, which knows whose stream
 * it is, while the unit of a record from a program that has ended meanwhile is not found out any more: right
 * for last words.
 */
#define log_line(log, at, ...) log_write((log), &(const struct log_record){.level = (at)}, __VA_ARGS__)

/*
 * Before there is a log: a line for stderr, as it is for people and pipes; where stderr is the journal, with
 * its priority. Control characters are replaced as by log_write().
 */
void log_early(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool log_enabled(const struct log *log, enum log_level level);

/* NULL is allowed; returns NULL. */
struct log *log_free(struct log *log);

#endif
