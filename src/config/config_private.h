/* What the files of src/config share. `struct loading` is one run of config_load(); nothing outlives it. */
#ifndef FLEXSYNC_CONFIG_PRIVATE_H
#define FLEXSYNC_CONFIG_PRIVATE_H

#include "flexsync/config.h"
#include "flexsync/config_schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CONFIG_TEXT_MAX 4095 /* bytes of one text: the longest path of Linux */

enum origin { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_ENVIRONMENT };

struct loading {
    struct config *config;
    const char *path; /* of the file that is being read; once all are, of the settings file itself */
    char **drop_ins;  /* paths of conf.d, in the order of reading */
    size_t drop_in_count;
    FILE *mistakes;
    const char *mistaken;    /* the first file with a mistake */
    bool mistaken_in_others; /* and not the only one */
    size_t file_mistakes;
    size_t environment_mistakes;
    bool out_of_memory;
    int machine;     /* an errno that is no mistake in the settings; 0: none */
    bool incomplete; /* the file was not read to its end: what is missing may stand in the rest */
    struct {
        enum origin origin;
        const char *path;                   /* of ORIGIN_FILE */
        char variable[CONFIG_VARIABLE_MAX]; /* of ORIGIN_ENVIRONMENT */
        unsigned line;
        bool refused; /* a mistake in it was reported: that it has no value is none */
    } set[SETTING_COUNT];
};

/* A value before it is checked. */
enum raw_kind { RAW_TEXT, RAW_INTEGER, RAW_REAL, RAW_BOOLEAN, RAW_OTHER, RAW_KIND_COUNT };

struct raw {
    enum raw_kind kind;
    const char *text; /* of a text, or of a number as it was written */
    double real;      /* of RAW_REAL */
    bool boolean;
};

/* config_mistake.c: count a mistake and write its line. Line 0: the file as a whole. `name` may be NULL. */
void config_mistake_in_file(struct loading *loading, unsigned line, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void config_mistake_in_environment(struct loading *loading, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Where the setting was last set. */
void config_mistake_in_setting(struct loading *loading, enum setting_id id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* config_value.c: checks and stores. ERROR_CONFIG with what is wrong and would be right, or ERROR_SYSTEM. */
int config_value_set(const struct setting *setting, const struct raw *raw, struct config *config,
                     struct error *err);
/* config_value_set() into loading->config for a setting whose origin is noted; reports what is wrong. */
void config_value_apply(struct loading *loading, enum setting_id id, const struct raw *raw);
/* The default of the table. */
int config_value_set_default(const struct setting *setting, struct config *config, struct error *err);
/* The member of struct config. */
void *config_value_place(const struct setting *setting, struct config *config);
const void *config_value_of(const struct setting *setting, const struct config *config);

/* config_url.c: 0 for a usable base URL; else -1 and what is wrong, without the URL itself. */
int config_url_check(const char *url, struct error *err);

/*
 * config_source.c: a look at the text before libconfig, which says nothing of some mistakes and calls exit()
 * where a directory is included. Reports those mistakes, makes comments of the includes, and collects where
 * the numbers are.
 */
struct config_source {
    char *text; /* not owned */
    const char **numbers;
    size_t number_count;
    size_t number_capacity;
    bool unterminated; /* a text in quotes or a comment does not end; reported */
};
void config_source_scan(struct config_source *source, char *text, struct loading *loading);
void config_source_free(struct config_source *source);
/* Length of the number that starts at `text` by the rules of libconfig; 0 when none does. */
size_t config_source_number_length(const char *text);
/* Length of the name that starts at `text`; 0 when none does. */
size_t config_source_name_length(const char *text);

/*
 * config_read.c: the bytes of the file and a line end. Else -1, and a mistake was reported unless the file is
 * missing and not `required`.
 */
struct buffer;
int config_read_settings(struct loading *loading, bool required, struct buffer *text);

/* config_file.c: parses and applies loading->path. A missing one is a mistake only if it is `required`. */
void config_file_load(struct loading *loading, bool required);

/* config_dropin.c: the settings file and then those of conf.d, see config.h. */
void config_dropin_load(struct loading *loading, bool required);
void config_dropin_free(struct loading *loading);

/* config_duplicate.c: names the setting at which libconfig stopped because it is there already. */
struct config_t;
void config_duplicate_report(struct loading *loading, const struct config_t *parsed, const char *text);

/* config_environment.c: applies the variables, and reports those that are nearly ours. */
void config_environment_load(struct loading *loading);

/* config_key.c: finds the key; reports when there is none, unless the settings are only tested. */
void config_key_load(struct loading *loading, enum config_need need);

#endif
