/*
 * config: every setting of the program, read once into one immutable struct.
 *
 * Where a setting comes from, strongest first: the environment (FLEXSYNC_GROUP_NAME for each, such as
 * FLEXSYNC_LIMITS_PLAN; FLEX_API_KEY, FLEX_BASE_URL, DB_PATH, LOG_LEVEL and LOG_FILE, names that the old tool
 * had; FLEX_API_KEY_FILE), conf.d, the file, the default. The key alone comes from the systemd credential
 * `flex-api-key`, else from FLEX_API_KEY, else from the file that flex.api_key_file names.
 *
 * The table in config_schema.h is the only place that knows names, types, defaults, ranges and help; reading,
 * checking, printing and etc/flexsync.conf follow from it. Every mistake is reported, not only the first,
 * each as `file:line: setting: what is wrong and what would be right`, or with the name of the variable in
 * place of file and line. A syntax error or a setting given twice ends the reading of the file: what follows
 * it is not reported.
 *
 * Beside a file that is named flexsync.conf, the files conf.d/NAME.conf are read after it, in the order of
 * the bytes of their names; what is set later wins. Names that begin with a dot are not read. Other settings
 * files, as those of flexsyncd@NAME.service, stand alone.
 *
 * A text that is empty, in the file or in the environment, counts as not set.
 */
#ifndef FLEXSYNC_CONFIG_H
#define FLEXSYNC_CONFIG_H

#include "flexsync/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CONFIG_DEFAULT_FILE "/etc/flexsync/flexsync.conf"
#define CONFIG_FILE_MAX     (1024 * 1024) /* bytes of a settings file */
#define CONFIG_KEY_MAX      1024          /* bytes of an API key */
#define CONFIG_MISTAKES_MAX 100           /* mistakes reported at once */

#define CONFIG_NAMES_MAX 64 /* bytes of the names that config_needs_restart() gives, their NUL included */

enum config_plan { PLAN_ENTERPRISE, PLAN_ENTERPRISE_PLUS, PLAN_LITE };
enum config_strategy { STRATEGY_AUTO, STRATEGY_INCREMENTAL, STRATEGY_FULL };
enum config_key_source { KEY_NONE, KEY_CREDENTIAL, KEY_ENVIRONMENT, KEY_FILE };

/* Durations are microseconds. A string that is not set is NULL; database.path and limits.ledger never are. */
struct config {
    struct {
        char *base_url; /* without a slash at the end */
        char *api_key_file;
        int64_t timeout;
        int64_t connect_timeout;
        char *ca_file;
        char *proxy;
    } flex;
    struct {
        int64_t plan;                   /* enum config_plan */
        int64_t hourly, daily, monthly; /* requests; from the plan where the file has no number */
        int64_t concurrent;             /* requests in flight at the most */
        double rate;                    /* requests a second; 0 = no smoothing */
        int64_t burst;                  /* requests at once after a silence */
        int64_t share;                  /* percent of each quota for background work */
        char *ledger;                   /* quota.db beside the database unless set */
    } limits;
    struct {
        int64_t interval;
        bool on_start;
        int64_t strategy; /* enum config_strategy */
        int64_t page_size;
        int64_t max_age;
        int64_t max_vanished; /* percent */
    } sync;
    struct {
        char *path;
        int64_t keep_changes;
        int64_t keep_log;
    } database;
    struct {
        int64_t level; /* enum log_level of log.h */
        char *file;
        char *error_file;
    } log;
    char *api_key; /* NULL when CONFIG_WITHOUT_KEY; wiped by config_free(); printed by nothing */
    enum config_key_source key_source;
};

enum config_need {
    CONFIG_COMPLETE, /* site and key must be there: what a sync needs */
    CONFIG_TEST, /* the site must be there; a key is judged if it can be seen: a credential is the service's
                    alone */
    CONFIG_WITHOUT_KEY, /* only what reading the database needs; site may be missing, no key is looked for */
};

/*
 * Reads the settings. `path` NULL: CONFIG_DEFAULT_FILE, which may then be missing; a file that was asked for
 * may not. On failure *err is ERROR_CONFIG with a summary ("3 mistakes in FILE"), every mistake was written
 * on a line of its own to `mistakes` (a stream, not NULL), and *ret is untouched. The caller frees *ret with
 * config_free().
 */
int config_load(struct config **ret, const char *path, enum config_need need, FILE *mistakes,
                struct error *err);

/* The same; each mistake is told by itself, without a line end, once all are known. `arg` is not owned. */
typedef void config_tell(void *arg, const char *mistake);
int config_load_told(struct config **ret, const char *path, enum config_need need, config_tell *tell,
                     void *arg, struct error *err);

/*
 * What is allowed and yet probably wrong: a base URL without /f5/api, and, where `path` (as config_load() has
 * it) is the file of one of our units, paths that its sandbox forbids. A line each, with the setting.
 */
void config_notes(const struct config *config, const char *path, config_tell *tell, void *arg);

/*
 * Takes FLEX_API_KEY out of the block that the program was started with, where other processes of the same
 * user can read it (/proc/PID/environ); getenv() still finds it, for a reload. Once, at the start, while the
 * program has one thread.
 */
void config_hide_key(void);

/*
 * The effective settings as a file that config_load() reads back; the key only as a comment that says where
 * from. 0, or -EIO where the stream refuses.
 */
int config_print(const struct config *config, FILE *out);

/* The template of etc/flexsync.conf: every setting with help and default, commented out. 0 or -EIO. */
int config_print_template(FILE *out);

/*
 * Whether the two differ in a setting that only a restart takes over (database.path, limits.ledger). If so,
 * names them, separated by commas, for a person to read.
 */
bool config_needs_restart(const struct config *now, const struct config *next,
                          char ret_names[static CONFIG_NAMES_MAX]);

/*
 * Is it the same key, without saying which: a salted hash (SipHash keyed by a random number) that proves
 * nothing about any other. `proof` is salt and hash as 48 hexadecimal digits. A proof of another form, and a
 * config without a key, match nothing.
 */
#define CONFIG_PROOF_MAX 49 /* bytes, its NUL included */
int config_key_prove(const struct config *config, char ret_proof[static CONFIG_PROOF_MAX], struct error *err);
bool config_key_matches(const struct config *config, const char *proof);

/* Wipes the key and frees; NULL is allowed; returns NULL. */
struct config *config_free(struct config *config);

#endif
