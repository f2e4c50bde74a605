/*
 * error: what went wrong, said once, where it is understood.
 *
 * Every fallible function returns 0 (or a count) on success and a negative number on failure, and then has
 * filled the caller's `struct error`: a code from the table below, whether trying again can help, and one
 * sentence for a person without a final full stop. The code alone decides the exit status, so that a program
 * has no second opinion about it.
 */
#ifndef FLEXSYNC_ERROR_H
#define FLEXSYNC_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#define ERROR_TEXT_MAX 512  /* bytes of an error's sentence, its NUL included; longer ones are cut */
#define ERROR_LINE_MAX 1200 /* and of the line that tells it */

enum error_code {
    ERROR_NONE,
    ERROR_USAGE,         /* 64: the command line is wrong */
    ERROR_ANSWER,        /* 65: the server's answer is of no use */
    ERROR_UNREACHABLE,   /* 69: no answer from the server */
    ERROR_SYSTEM,        /* 71: memory, descriptors: the machine refuses */
    ERROR_CREATE,        /* 73: an output file cannot be made */
    ERROR_STORE,         /* 74: the database fails in a way of no class below */
    ERROR_STORE_MISSING, /* 74: there is none yet, or it is not set up; only for one who reads */
    ERROR_STORE_BUSY,    /* 74: somebody else holds its lock */
    ERROR_STORE_FULL,    /* 74: no space left */
    ERROR_STORE_CORRUPT, /* 74: damaged, or not a database of ours */
    ERROR_QUOTA,         /* 75: the request quota is used up */
    ERROR_LOCKED,        /* 75: another sync of this database is running */
    ERROR_KEY,           /* 77: the server refuses the key */
    ERROR_CONFIG,        /* 78: the settings are wrong */
    ERROR_CODE_COUNT
};

/* Exit statuses that no error carries (BSD sysexits.h has no word for "partial"). */
#define EXIT_STATUS_DONE    0
#define EXIT_STATUS_PARTIAL 2

enum error_retry {
    RETRY_NEVER, /* the same again fails the same */
    RETRY_LATER, /* in a later cycle */
    RETRY_NOW,   /* after a short delay */
};

struct error {
    enum error_code code;
    enum error_retry retry;
    char text[ERROR_TEXT_MAX];
};

/* Fills *err (which may be NULL) and returns -1, so that `return error_set(…)` fails in one line. */
int error_set(struct error *err, enum error_code code, enum error_retry retry, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* ERROR_SYSTEM for a refused allocation; returns -1. Formats nothing that would need memory. */
int error_memory(struct error *err);

/* Is an errno about this machine, its memory or descriptors, and not about the file that was asked for? */
bool error_is_machine(int number);

/* ERROR_SYSTEM for such an errno; returns -1. */
int error_machine(struct error *err, int number);

/*
 * What each exit status means, and what to type next. One table: messages, --help, man pages and the README
 * follow it.
 */
struct exit_kind {
    int status;
    const char *means;
    const char *next; /* a command; "" for none */
};

#define EXIT_KINDS 11
extern const struct exit_kind exit_kinds[EXIT_KINDS];

/* The row of a status; NULL for one that no program of ours ends with. */
const struct exit_kind *exit_kind_of(int64_t status);

/*
 * The line that tells a person what went wrong: `text`, and, unless it names a command itself, the one to
 * type next. Returns `line`.
 */
char *error_line(char line[static ERROR_LINE_MAX], enum error_code code, const char *text);

/* The exit status of a program that ends because of this error: one of sysexits.h, 0 for ERROR_NONE. */
int error_exit_status(enum error_code code);

#endif
