#include "flexsync/config.h"

#include "config_private.h"

#include "flexsync/cleanup.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEDGER_NAME "quota.db"

/* Requests a month; the plans give a tenth of it a day and a fiftieth an hour. */
static const int64_t plan_requests[] = {
    [PLAN_ENTERPRISE] = 100000,
    [PLAN_ENTERPRISE_PLUS] = 250000,
    [PLAN_LITE] = 1000,
};
#define DAYS_A_PLAN  10
#define HOURS_A_PLAN 50

static void free_texts(struct config *config)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (config_schema_is_text(config_schema[i].type))
            free(*(char **)config_value_place(&config_schema[i], config));
}

struct config *config_free(struct config *config)
{
    if (!config)
        return NULL;
    free_texts(config);
    if (config->api_key)
        explicit_bzero(config->api_key, strlen(config->api_key));
    free(config->api_key);
    free(config);
    return NULL;
}

static void free_config(struct config **config)
{
    (void)config_free(*config);
}

static int set_defaults(struct config *config, struct error *err)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (config_value_set_default(&config_schema[i], config, err) < 0)
            return -1;
    return 0;
}

/* 0 stands for "not set": the table refuses it in the file. */
static void apply_plan(struct config *config)
{
    int64_t requests = plan_requests[config->limits.plan];
    if (!config->limits.monthly)
        config->limits.monthly = requests;
    if (!config->limits.daily)
        config->limits.daily = requests / DAYS_A_PLAN;
    if (!config->limits.hourly)
        config->limits.hourly = requests / HOURS_A_PLAN;
}

static void place_ledger(struct loading *loading)
{
    struct config *config = loading->config;
    const char *slash = strrchr(config->database.path, '/');
    int directory = slash ? (int)(slash + 1 - config->database.path) : 0;
    if (config->limits.ledger)
        return;
    if (asprintf(&config->limits.ledger, "%.*s" LEDGER_NAME, directory, config->database.path) < 0) {
        config->limits.ledger = NULL;
        loading->out_of_memory = true;
    }
}

/* Two names may lead to one file; /dev/null and its like may be shared. */
static bool is_same_file(const char *a, const char *b)
{
    struct stat sa, sb;
    if (stat(a, &sa) < 0 || stat(b, &sb) < 0)
        return strcmp(a, b) == 0;
    return S_ISREG(sa.st_mode) && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static void check_pair(struct loading *loading, enum setting_id first, enum setting_id second)
{
    const char *a = *(char *const *)config_value_of(&config_schema[first], loading->config);
    const char *b = *(char *const *)config_value_of(&config_schema[second], loading->config);
    if (!a || !b || !is_same_file(a, b))
        return;
    bool second_is_set = loading->set[second].origin != ORIGIN_DEFAULT;
    const struct setting *other = &config_schema[second_is_set ? first : second];
    config_mistake_in_setting(loading, second_is_set ? second : first,
                              "is the same file as %s.%s; each needs a file of its own", other->group,
                              other->name);
}

/* A log in the database, or the ledger in it, would destroy both. */
static void check_files_differ(struct loading *loading)
{
    for (enum setting_id second = 0; second < SETTING_COUNT; second++)
        for (enum setting_id first = 0; first < second; first++)
            if (config_schema[first].type == SETTING_PATH && config_schema[second].type == SETTING_PATH)
                check_pair(loading, first, second);
}

static void check_site(struct loading *loading)
{
    if (loading->config->flex.base_url || loading->set[SETTING_BASE_URL].refused || loading->incomplete)
        return;
    config_mistake_in_setting(loading, SETTING_BASE_URL,
                              "is missing; set it, or the variable %s, to the address of your site, e.g. %s",
                              config_schema[SETTING_BASE_URL].environment,
                              config_schema[SETTING_BASE_URL].example);
}

/* The template's place for the name of the site, uncommented and not filled in. */
static void check_placeholder(struct loading *loading)
{
    const char *url = loading->config->flex.base_url;
    if (url && strstr(url, "://SITE."))
        config_mistake_in_setting(loading, SETTING_BASE_URL,
                                  "still has the template's SITE; put the name of your site in its place");
}

/* Else every request would fail by it. */
static void check_ca_file(struct loading *loading)
{
    struct stat st;
    const char *path = loading->config->flex.ca_file;
    int error = !path || access(path, R_OK) == 0 ? 0 : errno;
    if (error == 0 && path && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        error = EISDIR;
    if (error)
        config_mistake_in_setting(
            loading, SETTING_CA_FILE,
            "cannot be read: %s; name a file with certificates, readable for all (0644)", strerror(error));
}

static void load(struct loading *loading, bool required, enum config_need need)
{
    config_dropin_load(loading, required);
    config_environment_load(loading);
    apply_plan(loading->config);
    place_ledger(loading);
    if (loading->out_of_memory || loading->machine)
        return;
    check_files_differ(loading);
    if (need == CONFIG_WITHOUT_KEY)
        return;
    check_site(loading);
    check_placeholder(loading);
    if (need == CONFIG_TEST)
        check_ca_file(loading);
    config_key_load(loading, need);
}

static int summarize(const struct loading *loading, struct error *err)
{
    size_t count = loading->file_mistakes + loading->environment_mistakes;
    char shown[64] = "";
    if (count > CONFIG_MISTAKES_MAX)
        (void)snprintf(shown, sizeof shown, ", of which the first %d are shown", CONFIG_MISTAKES_MAX);
    return error_set(err, ERROR_CONFIG, RETRY_NEVER, "%zu mistake%s in %s%s%s%s%s", count,
                     count == 1 ? "" : "s", loading->file_mistakes ? loading->mistaken : "",
                     loading->mistaken_in_others ? " and other files" : "",
                     loading->file_mistakes && loading->environment_mistakes ? " and " : "",
                     loading->environment_mistakes ? "the environment" : "", shown);
}

int config_load(struct config **ret, const char *path, enum config_need need, FILE *mistakes,
                struct error *err)
{
    struct config *config CLEANUP(free_config) = calloc(1, sizeof *config);
    struct loading loading = {
        .config = config, .path = path ? path : CONFIG_DEFAULT_FILE, .mistakes = mistakes};
    if (!config)
        return error_memory(err);
    if (set_defaults(config, err) < 0)
        return -1;
    load(&loading, path != NULL, need);
    int r = loading.machine                                         ? error_machine(err, loading.machine)
            : loading.out_of_memory                                 ? error_memory(err)
            : loading.file_mistakes || loading.environment_mistakes ? summarize(&loading, err)
                                                                    : 0;
    config_dropin_free(&loading);
    if (r == 0)
        *ret = take_pointer(config);
    return r;
}

int config_load_told(struct config **ret, const char *path, enum config_need need, config_tell *tell,
                     void *arg, struct error *err)
{
    CLEANUP_FREE char *mistakes = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&mistakes, &size);
    if (!stream)
        return error_memory(err);
    int r = config_load(ret, path, need, stream, err);
    if (fclose(stream) != 0 || r == 0)
        return r;
    char *rest = NULL;
    for (char *line = strtok_r(mistakes, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        tell(arg, line);
    return r;
}

static bool is_equal_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool config_needs_restart(const struct config *now, const struct config *next,
                          char ret_names[static CONFIG_NAMES_MAX])
{
    size_t length = 0;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *s = &config_schema[i];
        if (!s->needs_restart ||
            is_equal_text(*(char *const *)config_value_of(s, now), *(char *const *)config_value_of(s, next)))
            continue;
        int n = snprintf(ret_names + length, CONFIG_NAMES_MAX - length, "%s%s.%s", length ? ", " : "",
                         s->group, s->name);
        length += n > 0 && (size_t)n < CONFIG_NAMES_MAX - length ? (size_t)n : 0;
    }
    return length > 0;
}
