#include "config_private.h"

#include <stdarg.h>
#include <string.h>

/* What comes from the file or the environment must not drive the terminal that shows it. */
static void write_line(const struct loading *loading, const char *format, va_list args)
{
    char text[ERROR_TEXT_MAX];
    (void)vsnprintf(text, sizeof text, format, args);
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
    (void)fprintf(loading->mistakes, "%s\n", text);
}

static bool is_shown(const struct loading *loading)
{
    return loading->file_mistakes + loading->environment_mistakes <= CONFIG_MISTAKES_MAX;
}

static void write_in_file(struct loading *loading, const char *path, unsigned line, const char *group,
                          const char *name, const char *format, va_list args)
{
    loading->file_mistakes++;
    if (!loading->mistaken)
        loading->mistaken = path;
    else if (strcmp(loading->mistaken, path) != 0)
        loading->mistaken_in_others = true;
    if (!is_shown(loading))
        return;

    (void)fprintf(loading->mistakes, "%s:", path);
    if (line)
        (void)fprintf(loading->mistakes, "%u:", line);
    if (name)
        (void)fprintf(loading->mistakes, " %s%s%.80s:", group, *group ? "." : "", name);
    (void)fputc(' ', loading->mistakes);
    write_line(loading, format, args);
}

static void write_in_environment(struct loading *loading, const char *name, const char *format, va_list args)
{
    loading->environment_mistakes++;
    if (!is_shown(loading))
        return;
    (void)fprintf(loading->mistakes, "%s: ", name);
    write_line(loading, format, args);
}

void config_mistake_in_file(struct loading *loading, unsigned line, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_in_file(loading, loading->path, line, "", name, format, args);
    va_end(args);
}

void config_mistake_in_environment(struct loading *loading, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_in_environment(loading, name, format, args);
    va_end(args);
}

void config_mistake_in_setting(struct loading *loading, enum setting_id id, const char *format, ...)
{
    const struct setting *s = &config_schema[id];
    va_list args;
    va_start(args, format);
    if (loading->set[id].origin == ORIGIN_ENVIRONMENT)
        write_in_environment(loading, loading->set[id].variable, format, args);
    else
        write_in_file(loading, loading->set[id].path ? loading->set[id].path : loading->path,
                      loading->set[id].line, s->group, s->name, format, args);
    va_end(args);
}
