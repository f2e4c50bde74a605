/*
 * The settings file: read whole, looked at (config_source.c), parsed by libconfig, walked against the table.
 *
 * libconfig's own getters are not used: they convert without a word. What a number says is read from its
 * source text, which each setting of libconfig's tree gets as its hook.
 */
#include "config_private.h"

#include "flexsync/buffer.h"

#include <libconfig.h>
#include <string.h>

#define TOKEN_MAX 64 /* bytes of a number that are looked at; all longer ones are out of range */

/* Gives each number of the tree its source text: both are in the order of the file. */
static void attach_numbers(config_setting_t *setting, const struct config_source *source, size_t *next)
{
    if (config_setting_is_number(setting) && *next < source->number_count)
        config_setting_set_hook(setting, (void *)(uintptr_t)source->numbers[(*next)++]);
    if (!config_setting_is_aggregate(setting))
        return;
    unsigned count = (unsigned)config_setting_length(setting);
    for (unsigned i = 0; i < count; i++)
        attach_numbers(config_setting_get_elem(setting, i), source, next);
}

static struct raw raw_of(const config_setting_t *setting, char token[static TOKEN_MAX])
{
    static const enum raw_kind kinds[] = {
        [CONFIG_TYPE_NONE] = RAW_OTHER,    [CONFIG_TYPE_GROUP] = RAW_OTHER, [CONFIG_TYPE_INT] = RAW_INTEGER,
        [CONFIG_TYPE_INT64] = RAW_INTEGER, [CONFIG_TYPE_FLOAT] = RAW_REAL,  [CONFIG_TYPE_STRING] = RAW_TEXT,
        [CONFIG_TYPE_BOOL] = RAW_BOOLEAN,  [CONFIG_TYPE_ARRAY] = RAW_OTHER, [CONFIG_TYPE_LIST] = RAW_OTHER,
    };
    struct raw raw = {.kind = kinds[config_setting_type(setting)]};
    const char *written = config_setting_get_hook(setting);
    size_t length = written ? config_source_number_length(written) : 0;
    (void)snprintf(token, TOKEN_MAX, "%.*s", (int)(length < TOKEN_MAX ? length : TOKEN_MAX),
                   written ? written : "");
    if (raw.kind == RAW_TEXT)
        raw.text = config_setting_get_string(setting);
    else
        raw.text = token;
    if (raw.kind == RAW_REAL)
        raw.real = config_setting_get_float(setting);
    if (raw.kind == RAW_BOOLEAN)
        raw.boolean = config_setting_get_bool(setting) == CONFIG_TRUE;
    return raw;
}

static void apply(struct loading *loading, const struct setting *known, const config_setting_t *setting)
{
    char token[TOKEN_MAX];
    struct raw raw = raw_of(setting, token);
    enum setting_id id = (enum setting_id)(known - config_schema);
    loading->set[id].origin = ORIGIN_FILE;
    loading->set[id].path = loading->path;
    loading->set[id].line = config_setting_source_line(setting);
    config_value_apply(loading, id, &raw);
}

static void report_unknown(struct loading *loading, const char *group, const config_setting_t *setting)
{
    const char *name = config_setting_name(setting);
    unsigned line = config_setting_source_line(setting);
    const struct setting *meant = config_schema_suggest(group, name);
    char full[TOKEN_MAX];
    (void)snprintf(full, sizeof full, "%s%s%.40s", group, *group ? "." : "", name);
    if (meant && strcmp(meant->group, group) == 0)
        config_mistake_in_file(loading, line, full, "is not known; did you mean %s?", meant->name);
    else if (meant)
        config_mistake_in_file(loading, line, full, "is not known here; did you mean %s in %s = { … }?",
                               meant->name, meant->group);
    else
        config_mistake_in_file(loading, line, full, "is not known; remove it");
}

static void walk_group(struct loading *loading, const config_setting_t *group)
{
    unsigned count = (unsigned)config_setting_length(group);
    for (unsigned i = 0; i < count; i++) {
        const config_setting_t *member = config_setting_get_elem(group, i);
        if (config_setting_type(member) == CONFIG_TYPE_NONE)
            continue; /* a syntax error cut it off */
        const struct setting *known =
            config_schema_find(config_setting_name(group), config_setting_name(member));
        if (known)
            apply(loading, known, member);
        else
            report_unknown(loading, config_setting_name(group), member);
    }
}

/* Something at the top of the file that is no group of ours. */
static void report_stray(struct loading *loading, const config_setting_t *setting)
{
    const char *name = config_setting_name(setting);
    unsigned line = config_setting_source_line(setting);
    const char *meant = config_schema_suggest_group(name);
    if (config_schema_has_group(name))
        config_mistake_in_file(loading, line, name, "is a group; write %s = { … };", name);
    else if (meant && config_setting_is_group(setting))
        config_mistake_in_file(loading, line, name, "is not known; did you mean %s?", meant);
    else
        report_unknown(loading, "", setting);
}

static void walk(struct loading *loading, const config_setting_t *root)
{
    unsigned count = (unsigned)config_setting_length(root);
    for (unsigned i = 0; i < count; i++) {
        const config_setting_t *member = config_setting_get_elem(root, i);
        if (config_setting_type(member) == CONFIG_TYPE_NONE)
            continue;
        if (config_setting_is_group(member) && config_schema_has_group(config_setting_name(member)))
            walk_group(loading, member);
        else
            report_stray(loading, member);
    }
}

static void report_syntax(struct loading *loading, const config_t *parsed, const struct config_source *source)
{
    loading->incomplete = true;
    if (source->unterminated)
        return; /* said, and better */
    if (strstr(config_error_text(parsed), "duplicate"))
        config_duplicate_report(loading, parsed, source->text);
    else
        config_mistake_in_file(
            loading, (unsigned)config_error_line(parsed), NULL,
            "%s; write NAME = VALUE; with texts and times in quotes, or look at the line above",
            config_error_text(parsed));
}

/* The numbers of a tree that is whole must be those of the text, or a wrong one would be taken for right. */
static void check_numbers(struct loading *loading, const struct config_source *source, size_t attached)
{
    if (!loading->incomplete && attached != source->number_count)
        config_mistake_in_file(
            loading, 0, NULL, "has numbers that cannot be told apart; put each setting on a line of its own");
}

static void parse(struct loading *loading, const struct config_source *source)
{
    config_t parsed;
    size_t attached = 0;
    config_init(&parsed);
    config_set_auto_convert(&parsed, CONFIG_FALSE);
    if (config_read_string(&parsed, source->text) != CONFIG_TRUE)
        report_syntax(loading, &parsed, source);
    attach_numbers(config_root_setting(&parsed), source, &attached);
    check_numbers(loading, source, attached);
    walk(loading, config_root_setting(&parsed));
    config_destroy(&parsed);
}

void config_file_load(struct loading *loading, bool required)
{
    struct buffer text;
    struct config_source source = {0};
    buffer_init(&text, CONFIG_FILE_MAX + 1);
    if (config_read_settings(loading, required, &text) == 0) {
        config_source_scan(&source, text.data, loading);
        if (!loading->out_of_memory)
            parse(loading, &source);
    }
    config_source_free(&source);
    buffer_free(&text);
}
