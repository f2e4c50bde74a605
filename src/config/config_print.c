#include "config_private.h"

#include "flexsync/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define INDENT "    "

static const char *const key_places[] = {
    [KEY_NONE] = "not looked for",
    [KEY_CREDENTIAL] = "from the credential flex-api-key",
    [KEY_ENVIRONMENT] = "from the variable FLEX_API_KEY",
    [KEY_FILE] = "from the file of flex.api_key_file",
};

/* A text as libconfig reads it. Control characters need no escape: none gets past config_value_set(). */
static void print_quoted(const char *text, FILE *out)
{
    (void)fputc('"', out);
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\')
            (void)fputc('\\', out);
        (void)fputc(*p, out);
    }
    (void)fputc('"', out);
}

/* The shortest form that is read back as the same number. */
static void print_real(double number, FILE *out)
{
    char text[TEXT_MAX];
    for (int precision = 6; precision <= 17; precision++) {
        (void)snprintf(text, sizeof text, "%.*g", precision, number);
        if (strtod(text, NULL) == number)
            break;
    }
    (void)fprintf(out, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

static void print_value(const struct setting *setting, const void *value, FILE *out)
{
    char text[TEXT_MAX];
    switch (setting->type) {
    case SETTING_STRING:
    case SETTING_PATH:
    case SETTING_SITE:
        print_quoted(*(char *const *)value ? *(char *const *)value : "", out);
        break;
    case SETTING_DURATION:
        print_quoted(text_format_duration(text, *(const int64_t *)value), out);
        break;
    case SETTING_INTEGER:
        (void)fprintf(out, "%" PRId64, *(const int64_t *)value);
        break;
    case SETTING_REAL:
        print_real(*(const double *)value, out);
        break;
    case SETTING_BOOLEAN:
        (void)fputs(*(const bool *)value ? "true" : "false", out);
        break;
    case SETTING_CHOICE:
        print_quoted(setting->choices[*(const int64_t *)value], out);
        break;
    case SETTING_TYPE_COUNT:
        break;
    }
}

/* Opens and closes the groups around the settings that `print_one` prints. */
static int print_groups(FILE *out, void (*print_one)(const struct setting *, const struct config *, FILE *),
                        const struct config *config)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *s = &config_schema[i];
        if (i == 0 || strcmp(s->group, s[-1].group) != 0)
            (void)fprintf(out, "\n%s = {\n", s->group);
        print_one(s, config, out);
        if (i + 1 == SETTING_COUNT || strcmp(s->group, s[1].group) != 0)
            (void)fputs("};\n", out);
    }
    return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}

static void print_setting(const struct setting *setting, const struct config *config, FILE *out)
{
    (void)fprintf(out, INDENT "%s = ", setting->name);
    print_value(setting, config_value_of(setting, config), out);
    (void)fputs(";\n", out);
}

int config_print(const struct config *config, FILE *out)
{
    (void)fprintf(out, "# The effective settings of flexsync.\n# key: %s\n", key_places[config->key_source]);
    return print_groups(out, print_setting, config);
}

static void print_help(const char *help, FILE *out)
{
    (void)fputs(INDENT "# ", out);
    for (const char *p = help; *p; p++) {
        (void)fputc(*p, out);
        if (*p == '\n')
            (void)fputs(INDENT "# ", out);
    }
    (void)fputc('\n', out);
}

/* What holds if nothing is written, what may be, and which variable wins. */
static void print_facts(const struct setting *setting, FILE *out)
{
    char range[CONFIG_SCHEMA_TEXT_MAX];
    const char *quote = setting->fallback && config_schema_is_quoted(setting->type) ? "\"" : "";
    const char *value = setting->fallback   ? setting->fallback
                        : setting->computed ? setting->computed
                                            : "none";
    (void)fprintf(out, INDENT "# Default: %s%s%s.", quote, value, quote);
    if (!config_schema_is_text(setting->type))
        (void)fprintf(out, " Possible: %s.", config_schema_range(setting, range, sizeof range));
    if (setting->environment)
        (void)fprintf(out, " The variable %s wins.", setting->environment);
    if (setting->needs_restart)
        (void)fputs(" Changes need a restart.", out);
    (void)fputc('\n', out);
}

static void print_commented(const struct setting *setting, const struct config *config, FILE *out)
{
    (void)config;
    const char *quote = config_schema_is_quoted(setting->type) ? "\"" : "";
    print_help(setting->help, out);
    print_facts(setting, out);
    (void)fprintf(out, INDENT "#%s = %s%s%s;\n", setting->name, quote,
                  setting->fallback ? setting->fallback : setting->example, quote);
    if (setting + 1 < config_schema + SETTING_COUNT && strcmp(setting->group, setting[1].group) == 0)
        (void)fputc('\n', out);
}

int config_print_template(FILE *out)
{
    (void)fputs("# Settings of flexsync and flexsyncd.\n"
                "#\n"
                "# Every setting stands here with its default or an example: remove the # in front of its "
                "name to change it.\n"
                "# Times have a unit: ms, s, min, h, d or w. Test with `flexsyncd -t`, see what holds with "
                "`flexsyncd -T`, take\n"
                "# over with `systemctl reload flexsyncd`. Files of conf.d beside this one are read after "
                "it; variables "
                "of the\n"
                "# environment win over both: FLEXSYNC_LIMITS_PLAN is limits.plan, and so on.\n",
                out);
    return print_groups(out, print_commented, NULL);
}
