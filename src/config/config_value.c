/* From a value as it was written to a member of struct config: type, form and range by the table. */
#include "config_private.h"

#include "flexsync/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 60 /* bytes of a wrong value that a message repeats */

static const char *const kind_names[RAW_KIND_COUNT] = {
    [RAW_TEXT] = "a text in quotes", [RAW_INTEGER] = "a number",        [RAW_REAL] = "a number with a point",
    [RAW_BOOLEAN] = "true or false", [RAW_OTHER] = "a group or a list",
};

void *config_value_place(const struct setting *setting, struct config *config)
{
    return (char *)config + setting->offset;
}

const void *config_value_of(const struct setting *setting, const struct config *config)
{
    return (const char *)config + setting->offset;
}

static int wrong(const struct setting *setting, struct error *err, const char *is)
{
    char expected[CONFIG_SCHEMA_TEXT_MAX];
    return error_set(err, ERROR_CONFIG, RETRY_NEVER, "%s; write %s", is,
                     config_schema_expected(setting, expected, sizeof expected));
}

static int wrong_kind(const struct setting *setting, const struct raw *raw, struct error *err)
{
    char is[SHOWN_MAX];
    (void)snprintf(is, sizeof is, "is %s", kind_names[raw->kind]);
    return wrong(setting, err, is);
}

static int wrong_value(const struct setting *setting, const struct raw *raw, struct error *err,
                       const char *why)
{
    char is[2 * SHOWN_MAX];
    const char *quote = raw->kind == RAW_TEXT ? "\"" : "";
    (void)snprintf(is, sizeof is, "%s%.*s%s %s", quote, SHOWN_MAX, raw->text, quote, why);
    return wrong(setting, err, is);
}

static int check_text(const char *text, struct error *err)
{
    size_t length = strlen(text);
    if (length > CONFIG_TEXT_MAX)
        return error_set(err, ERROR_CONFIG, RETRY_NEVER, "is %zu bytes long; write %d at the most", length,
                         CONFIG_TEXT_MAX);
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return error_set(err, ERROR_CONFIG, RETRY_NEVER,
                             "holds a line end or another control character; is a closing quote missing?");
    return 0;
}

/* Messages about the key's file never repeat the text: somebody may have put the key itself there. */
static int check_path(const struct setting *setting, const char *path, struct error *err)
{
    if (setting == &config_schema[SETTING_API_KEY_FILE] && path[0] != '/')
        return error_set(
            err, ERROR_CONFIG, RETRY_NEVER,
            "is not a whole path; write one that begins with /, and put the key into that file, not here");
    if (path[0] == '~')
        return error_set(err, ERROR_CONFIG, RETRY_NEVER,
                         "begins with ~, which only a shell knows; write the whole path");
    if (path[strlen(path) - 1] == '/')
        return error_set(err, ERROR_CONFIG, RETRY_NEVER,
                         "ends with /, so names a directory; add the name of the file");
    return 0;
}

static int set_text(const struct setting *setting, const struct raw *raw, struct config *config,
                    struct error *err)
{
    if (raw->kind != RAW_TEXT)
        return wrong_kind(setting, raw, err);
    if (!raw->text[0])
        return 0; /* not set: the default stays */
    if (check_text(raw->text, err) < 0)
        return -1;
    if (setting->type == SETTING_PATH && check_path(setting, raw->text, err) < 0)
        return -1;
    if (setting->type == SETTING_SITE && config_url_check(raw->text, err) < 0)
        return -1;
    size_t length = strlen(raw->text);
    while (setting->type == SETTING_SITE && raw->text[length - 1] == '/')
        length--; /* never down to nothing: a scheme and a host are there */
    char *copy = strndup(raw->text, length);
    if (!copy)
        return error_memory(err);
    char **place = config_value_place(setting, config);
    free(*place);
    *place = copy;
    return 0;
}

static int set_duration(const struct setting *setting, const struct raw *raw, struct config *config,
                        struct error *err)
{
    if (raw->kind == RAW_INTEGER || raw->kind == RAW_REAL)
        return wrong_value(setting, raw, err, "has no unit");
    if (raw->kind != RAW_TEXT)
        return wrong_kind(setting, raw, err);
    int64_t usec = 0;
    int r = text_parse_duration(raw->text, &usec);
    if (r == -EINVAL)
        return wrong_value(setting, raw, err, "is not a time with a unit");
    if (r < 0 || usec < setting->min || usec > setting->max)
        return wrong_value(setting, raw, err, "is out of range");
    *(int64_t *)config_value_place(setting, config) = usec;
    return 0;
}

/*
 * The number as it was written. libconfig itself cuts what is longer than 32 bits, saturates at 64, and reads
 * a leading zero as decimal in one version and as octal in the next.
 */
static int parse_integer(const char *text, int64_t *ret)
{
    const char *digits = text + (*text == '-' || *text == '+');
    if (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9')
        return -EINVAL;
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno == ERANGE)
        return -ERANGE;
    if (end == digits || end[strspn(end, "L")])
        return -EINVAL;
    *ret = number;
    return 0;
}

static int set_integer(const struct setting *setting, const struct raw *raw, struct config *config,
                       struct error *err)
{
    if (raw->kind == RAW_REAL)
        return wrong_value(setting, raw, err, "is not a whole number");
    if (raw->kind != RAW_INTEGER)
        return wrong_kind(setting, raw, err);
    int64_t number = 0;
    int r = parse_integer(raw->text, &number);
    if (r == -EINVAL)
        return wrong_value(setting, raw, err, "is not a plain decimal number");
    if (r < 0 || number < setting->min || number > setting->max)
        return wrong_value(setting, raw, err, "is out of range");
    *(int64_t *)config_value_place(setting, config) = number;
    return 0;
}

static int set_real(const struct setting *setting, const struct raw *raw, struct config *config,
                    struct error *err)
{
    double number = raw->real;
    if (raw->kind == RAW_INTEGER) {
        int64_t whole = 0;
        int r = parse_integer(raw->text, &whole);
        if (r < 0)
            return wrong_value(setting, raw, err,
                               r == -ERANGE ? "is out of range" : "is not a plain decimal number");
        number = (double)whole;
    } else if (raw->kind != RAW_REAL) {
        return wrong_kind(setting, raw, err);
    }
    if (!strpbrk(raw->text, "0123456789"))
        return wrong_value(setting, raw, err, "is not a number"); /* libconfig reads "." as 0 */
    if (!(number >= (double)setting->min && number <= (double)setting->max))
        return wrong_value(setting, raw, err, "is out of range");
    *(double *)config_value_place(setting, config) = number + 0.0; /* no negative zero */
    return 0;
}

static int set_boolean(const struct setting *setting, const struct raw *raw, struct config *config,
                       struct error *err)
{
    if (raw->kind != RAW_BOOLEAN)
        return wrong_kind(setting, raw, err);
    *(bool *)config_value_place(setting, config) = raw->boolean;
    return 0;
}

static int set_choice(const struct setting *setting, const struct raw *raw, struct config *config,
                      struct error *err)
{
    if (raw->kind != RAW_TEXT)
        return wrong_kind(setting, raw, err);
    for (size_t i = 0; i < setting->choice_count; i++)
        if (strcmp(setting->choices[i], raw->text) == 0) {
            *(int64_t *)config_value_place(setting, config) = (int64_t)i;
            return 0;
        }
    return wrong_value(setting, raw, err, "is not known");
}

static const struct {
    int (*set)(const struct setting *setting, const struct raw *raw, struct config *config,
               struct error *err);
    enum raw_kind default_kind; /* of the table's text */
} types[SETTING_TYPE_COUNT] = {
    [SETTING_STRING] = {set_text, RAW_TEXT},        [SETTING_PATH] = {set_text, RAW_TEXT},
    [SETTING_SITE] = {set_text, RAW_TEXT},          [SETTING_DURATION] = {set_duration, RAW_TEXT},
    [SETTING_INTEGER] = {set_integer, RAW_INTEGER}, [SETTING_REAL] = {set_real, RAW_REAL},
    [SETTING_BOOLEAN] = {set_boolean, RAW_BOOLEAN}, [SETTING_CHOICE] = {set_choice, RAW_TEXT},
};

int config_value_set(const struct setting *setting, const struct raw *raw, struct config *config,
                     struct error *err)
{
    return types[setting->type].set(setting, raw, config, err);
}

int config_value_set_default(const struct setting *setting, struct config *config, struct error *err)
{
    if (!setting->fallback)
        return 0;
    struct raw raw = {.kind = types[setting->type].default_kind, .text = setting->fallback};
    if (raw.kind == RAW_REAL)
        raw.real = strtod(raw.text, NULL);
    if (raw.kind == RAW_BOOLEAN)
        raw.boolean = strcmp(raw.text, "true") == 0;
    return config_value_set(setting, &raw, config, err);
}

void config_value_apply(struct loading *loading, enum setting_id id, const struct raw *raw)
{
    struct error err = {0};
    if (config_value_set(&config_schema[id], raw, loading->config, &err) == 0)
        return;
    loading->set[id].refused = true;
    if (err.code == ERROR_SYSTEM)
        loading->out_of_memory = true;
    else
        config_mistake_in_setting(loading, id, "%s", err.text);
}
