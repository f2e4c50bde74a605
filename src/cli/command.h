/* What the commands share. Inside of cli only. */
#ifndef FLEXSYNC_COMMAND_H
#define FLEXSYNC_COMMAND_H

#include "flexsync/config.h"
#include "flexsync/read.h"

#include <stdbool.h>

#define COMMAND_JSON_VERSION 1 /* of every object that --json prints */

struct command;

/* One call of the program. */
struct call {
    const struct command *command;
    const char *file;      /* -c, or NULL */
    struct config *config; /* in force; without a key until command_needs_site() */
    bool online;           /* libcurl is set up, by command_needs_site() */
    bool json;
    bool full, accept_vanished, dry_run;   /* sync */
    bool active, all;                      /* list, search, export */
    bool raw;                              /* show, export */
    bool watch, exit_code;                 /* status */
    const char *max_age;                   /* status, health */
    const char *output, *format, *columns; /* export */
    const char *since;                     /* changes, export, list */
    const char *save;                      /* check: a folder */
    bool quick;                            /* check */
    const char *type, *has;                /* list, export */
    unsigned limit;                        /* -n; 0: not given */
    char **argv;                           /* of the command */
    char **words;                          /* what is no option */
    int word_count;
};

struct command {
    const char *name;
    const char *arguments; /* for the usage line */
    const char *help;      /* one line */
    const char *example;
    const char *letters;           /* of its options, out of option_table in cli.c */
    int words_min, words_max;      /* how many of them it takes */
    int (*run)(struct call *call); /* returns the exit status */
};

int command_sync(struct call *call);
int command_status(struct call *call);
int command_health(struct call *call);
int command_metrics(struct call *call);
int command_history(struct call *call);
int command_list(struct call *call);
int command_show(struct call *call);
int command_check(struct call *call);
int command_quota(struct call *call);
int command_search(struct call *call);
int command_changes(struct call *call);
int command_export(struct call *call);
int command_backup(struct call *call);
int command_restore(struct call *call);
int command_forget(struct call *call);
int command_help(struct call *call);

/* Says something on stderr, as "flexsync: …", one sentence without a line end. */
void command_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says on stderr what went wrong and returns the exit status for it. */
int command_failed(const struct error *err);

/* What the program ends with where it could not do what was asked: `status`, or HEALTH_UNKNOWN where the exit
 * status is a verdict, as monitoring expects it. */
int command_verdict(const struct call *call, int status);

/* Reads the settings again, with the site and the key this time. Every mistake goes to `mistakes`. */
int command_needs_site(struct call *call, FILE *mistakes, struct error *err);

/* Opens the database of the settings for reading; ERROR_STORE_MISSING says who makes it, if someone does. */
int command_store(const struct config *config, struct store **ret, struct error *err);

/* The same; NULL after command_failed(), with *ret_status set. */
struct store *command_open(struct call *call, int *ret_status);

/* One and the same file, by whatever names. False where one is not there, or cannot be looked at. */
bool command_is_same_file(const char *a, const char *b);

/*
 * May a command write to the file of that name (NULL or "-": the standard output)? ERROR_USAGE where the
 * program lives on it: database, ledger, settings, key, logs, and what belongs to them, by whatever name.
 */
int command_output(const struct call *call, const char *target, struct error *err);

/* Takes the lock of the database for a command that writes; ERROR_LOCKED says what to type. A descriptor. */
int command_lock(const struct call *call, struct error *err);

/* The moment that --since names, 0 without it; ERROR_USAGE when it names none. */
int command_since(const struct call *call, int64_t *ret_wall_usec, struct error *err);

/* Which contacts the options name. */
int command_filter(const struct call *call, struct read_filter *ret, struct error *err);

/* ERROR_USAGE for an ID that nobody has; returns -1. */
int command_nobody(const char *id, struct error *err);

/* Ends a command that wrote to stdout: a full disk or a closed pipe is an error like others. */
int command_end(int status);

#endif
