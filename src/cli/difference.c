#include "difference.h"

#include "flexsync/cleanup.h"
#include "flexsync/text.h"
#include "render.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX   6   /* what lies deeper is shown as JSON */
#define PATH_LENGTH 200 /* bytes of "list[entry].field" */
#define TEXT_SHOWN  120

static void walk(FILE *out, const char *path, const json_t *a, const json_t *b, int depth);

static void print_value(FILE *out, const json_t *value)
{
    char shown[TEXT_SHOWN];
    CLEANUP_FREE char *json = NULL;
    const char *text = json_string_value(value);
    if (!value || json_is_null(value)) {
        (void)fputs("(nothing)", out);
        return;
    }
    if (!text)
        text = json = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    int length = snprintf(shown, sizeof shown, "%s", text ? text : "");
    text_drop_half(shown);
    render_cell(out, shown, 0);
    if (length >= (int)sizeof shown)
        (void)fputs("...", out);
}

/* Flex names points in time "lastEditDate", "createdDate". Without a zone they are UTC. */
static const char *zone_of(const char *path, const json_t *value)
{
    static const char ending[] = "Date";
    size_t length = strlen(path), least = sizeof ending - 1;
    const char *text = json_string_value(value);
    bool is_date = length >= least && strcmp(path + length - least, ending) == 0;
    return is_date && text && text_lacks_zone(text) ? " UTC" : "";
}

static void print_line(FILE *out, const char *path, const json_t *a, const json_t *b)
{
    (void)fputs("        ", out);
    render_cell(out, path, 0);
    (void)fputs(": ", out);
    print_value(out, a);
    (void)fprintf(out, "%s -> ", zone_of(path, a));
    print_value(out, b);
    (void)fprintf(out, "%s\n", zone_of(path, b));
}

static void walk_field(FILE *out, const char *path, const char *name, const json_t *a, const json_t *b,
                       int depth)
{
    char longer[PATH_LENGTH];
    (void)snprintf(longer, sizeof longer, *path ? "%s.%s" : "%s%s", path, name);
    text_drop_half(longer);
    walk(out, longer, a, b, depth + 1);
}

static void walk_objects(FILE *out, const char *path, const json_t *a, const json_t *b, int depth)
{
    const char *name;
    json_t *value; /* jansson's macros take no const */
    json_object_foreach((json_t *)(uintptr_t)a, name, value)
        walk_field(out, path, name, value, json_object_get(b, name), depth);
    json_object_foreach((json_t *)(uintptr_t)b, name, value) if (!json_object_get(a, name))
        walk_field(out, path, name, NULL, value, depth);
}

static const json_t *entry_with(const json_t *list, const json_t *id)
{
    size_t i;
    const json_t *entry;
    json_array_foreach(list, i, entry) if (json_equal(json_object_get(entry, "id"), id)) return entry;
    return NULL;
}

static void walk_entry(FILE *out, const char *path, const json_t *a, const json_t *b, int depth)
{
    char longer[PATH_LENGTH];
    const json_t *any = b ? b : a;
    const char *name = json_string_value(json_object_get(any, "name"));
    if (!name)
        name = json_string_value(json_object_get(any, "id"));
    (void)snprintf(longer, sizeof longer, "%s[%s]", path, name);
    text_drop_half(longer);
    walk(out, longer, a, b, depth + 1);
}

/* Are all entries objects with an id? */
static bool has_ids(const json_t *list)
{
    size_t i;
    const json_t *entry;
    json_array_foreach(list, i, entry) if (!json_is_string(json_object_get(entry, "id"))) return false;
    return true;
}

static void walk_lists(FILE *out, const char *path, const json_t *a, const json_t *b, int depth)
{
    size_t i;
    const json_t *entry;
    json_array_foreach(a, i, entry)
        walk_entry(out, path, entry, entry_with(b, json_object_get(entry, "id")), depth);
    json_array_foreach(b, i, entry) if (!entry_with(a, json_object_get(entry, "id")))
        walk_entry(out, path, NULL, entry, depth);
}

static bool is_nothing(const json_t *value)
{
    return !value || json_is_null(value);
}

static void walk(FILE *out, const char *path, const json_t *a, const json_t *b, int depth)
{
    bool lists = (json_is_array(a) || is_nothing(a)) && (json_is_array(b) || is_nothing(b)) && has_ids(a) &&
                 has_ids(b);
    if (json_equal(a, b) || (is_nothing(a) && is_nothing(b)))
        return;
    if (depth < DEPTH_MAX && json_is_object(a) && json_is_object(b))
        walk_objects(out, path, a, b, depth);
    else if (depth < DEPTH_MAX && lists && (json_array_size(a) || json_array_size(b)))
        walk_lists(out, path, a, b, depth);
    else
        print_line(out, path, a, b);
}

void difference_print(FILE *out, const json_t *before, const json_t *after)
{
    walk_objects(out, "", before, after, 0);
}
