/*
 * config_schema: one table of all settings.
 *
 * Reading, checking, printing, the template of etc/flexsync.conf and the suggestions for misspelt names
 * follow from it. A new setting is a member of struct config, an id and a row.
 */
#ifndef FLEXSYNC_CONFIG_SCHEMA_H
#define FLEXSYNC_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of printing; the settings of a group stand together. */
enum setting_id {
    SETTING_BASE_URL,
    SETTING_API_KEY_FILE,
    SETTING_TIMEOUT,
    SETTING_CONNECT_TIMEOUT,
    SETTING_CA_FILE,
    SETTING_PROXY,
    SETTING_PLAN,
    SETTING_HOURLY,
    SETTING_DAILY,
    SETTING_MONTHLY,
    SETTING_CONCURRENT,
    SETTING_RATE,
    SETTING_BURST,
    SETTING_SHARE,
    SETTING_LEDGER,
    SETTING_INTERVAL,
    SETTING_ON_START,
    SETTING_STRATEGY,
    SETTING_PAGE_SIZE,
    SETTING_MAX_AGE,
    SETTING_MAX_VANISHED,
    SETTING_DATABASE_PATH,
    SETTING_KEEP_CHANGES,
    SETTING_KEEP_LOG,
    SETTING_LOG_LEVEL,
    SETTING_LOG_FILE,
    SETTING_LOG_ERROR_FILE,
    SETTING_COUNT
};

enum setting_type {
    SETTING_STRING,   /* char *; NULL = not set */
    SETTING_PATH,     /* char *; no two paths may name one file */
    SETTING_SITE,     /* char *; an address of the API, see config_url.c */
    SETTING_DURATION, /* int64_t, microseconds; a text with a unit */
    SETTING_INTEGER,  /* int64_t */
    SETTING_REAL,     /* double; a whole number will do */
    SETTING_BOOLEAN,  /* bool */
    SETTING_CHOICE,   /* int64_t, index into choices */
    SETTING_TYPE_COUNT
};

struct setting {
    const char *group;
    const char *name;
    enum setting_type type;
    size_t offset; /* in struct config */
    const char
        *fallback; /* the default as the file has it, without quotes; NULL: not set, or found out later */
    const char *computed; /* in words, where the default is found out later; else NULL */
    const char *example;  /* for the template where there is no fallback */
    int64_t min, max;     /* of numbers and durations */
    const char *unit;     /* of numbers, in words */
    const char *const *choices;
    size_t choice_count;
    const char *environment; /* a second, shorter name of its variable; NULL for none */
    bool needs_restart;      /* SIGHUP does not take it over */
    const char *help;        /* lines for the template */
};

/* One row an id. */
extern const struct setting config_schema[SETTING_COUNT];

/* The row, or NULL; an id for the row is (row - config_schema). */
const struct setting *config_schema_find(const char *group, const char *name);

bool config_schema_has_group(const char *group);

/* The setting that somebody who wrote group.name may have meant, or NULL. `group` may be "" and need not
 * exist. */
const struct setting *config_schema_suggest(const char *group, const char *name);

/* The group that somebody may have meant, or NULL. */
const char *config_schema_suggest_group(const char *group);

#define CONFIG_VARIABLE_MAX 64 /* bytes of the name of a variable, its NUL included */

/* The variable that wins over the file: FLEXSYNC_LIMITS_PLAN for limits.plan. Returns buffer. */
char *config_schema_variable(const struct setting *setting, char buffer[static CONFIG_VARIABLE_MAX]);

/* Whether the type is written in quotes. */
bool config_schema_is_quoted(enum setting_type type);

/* Whether the type is a char * in struct config. */
bool config_schema_is_text(enum setting_type type);

#define CONFIG_SCHEMA_TEXT_MAX 256 /* bytes enough for the two functions below */

/* The range: `"1s" to "1h"`, `1 to 30 requests`; "" for texts. Returns buffer. */
char *config_schema_range(const struct setting *setting, char *buffer, size_t size);

/* What may be written, for a message: `a whole number, 1 to 30 requests`. Returns buffer. */
char *config_schema_expected(const struct setting *setting, char *buffer, size_t size);

#endif
