/* Settings from the environment: FLEXSYNC_GROUP_NAME for each, and some shorter names. */
#include "config_private.h"

#include "flexsync/cleanup.h"
#include "flexsync/text.h"

#include <ctype.h>
#include <string.h>

#define PREFIX "FLEXSYNC_"

static struct raw raw_of_text(const struct setting *setting, const char *text)
{
    switch (setting->type) {
    case SETTING_INTEGER:
        return (struct raw){.kind = RAW_INTEGER, .text = text};
    case SETTING_REAL: /* without a point or with other letters the check of whole numbers judges */
        if (strpbrk(text, ".eE") && text[strspn(text, "+-.0123456789eE")] == '\0')
            return (struct raw){.kind = RAW_REAL, .text = text, .real = strtod(text, NULL)};
        return (struct raw){.kind = RAW_INTEGER, .text = text};
    case SETTING_BOOLEAN:
        if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
            return (struct raw){.kind = RAW_BOOLEAN, .text = text, .boolean = text[0] == 't'};
        return (struct raw){.kind = RAW_TEXT, .text = text};
    case SETTING_STRING:
    case SETTING_PATH:
    case SETTING_SITE:
    case SETTING_DURATION:
    case SETTING_CHOICE:
    case SETTING_TYPE_COUNT:
        break;
    }
    return (struct raw){.kind = RAW_TEXT, .text = text};
}

static void apply_variable(struct loading *loading, enum setting_id id, const char *name)
{
    const char *value = getenv(name);
    if (!value || !*value)
        return;
    loading->set[id].origin = ORIGIN_ENVIRONMENT;
    (void)snprintf(loading->set[id].variable, sizeof loading->set[id].variable, "%s", name);
    const struct raw raw = raw_of_text(&config_schema[id], value);
    config_value_apply(loading, id, &raw);
}

static bool is_of_group(const char *variable, const struct setting *setting)
{
    size_t length = strlen(setting->group);
    return strncasecmp(variable + strlen(PREFIX), setting->group, length) == 0 &&
           variable[strlen(PREFIX) + length] == '_';
}

/* A variable that looks like one of ours and is none; NAME=VALUE. */
static void check_known(struct loading *loading, const char *variable)
{
    char known[CONFIG_VARIABLE_MAX], name[CONFIG_VARIABLE_MAX];
    const struct setting *group = NULL;
    if (strncmp(variable, PREFIX, strlen(PREFIX)) != 0)
        return;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (!is_of_group(variable, &config_schema[i]))
            continue;
        group = &config_schema[i];
        size_t length = strlen(config_schema_variable(group, known));
        if (strncmp(variable, known, length) == 0 && variable[length] == '=')
            return;
    }
    if (!group)
        return; /* such as FLEXSYNC_BUILD, of our scripts */

    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(variable, "="), variable);
    char *rest = name + strlen(PREFIX) + strlen(group->group) + 1;
    for (char *p = rest; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    const struct setting *meant = config_schema_suggest(group->group, rest);
    for (char *p = rest; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    if (meant)
        config_mistake_in_environment(loading, name, "is not known; did you mean %s?",
                                      config_schema_variable(meant, known));
    else
        config_mistake_in_environment(loading, name, "is not known; remove it");
}

void config_environment_load(struct loading *loading)
{
    char name[CONFIG_VARIABLE_MAX];
    for (enum setting_id id = 0; id < SETTING_COUNT; id++) {
        if (config_schema[id].environment)
            apply_variable(loading, id, config_schema[id].environment);
        apply_variable(loading, id, config_schema_variable(&config_schema[id], name));
    }
    for (char **variable = environ; *variable; variable++)
        check_known(loading, *variable);
}
