/*
 * A name that stands twice in a group: libconfig stops there and gives the line alone. The name is found as
 * one that the line gives a value to and that an open group of the tree has already.
 */
#include "config_private.h"

#include <libconfig.h>
#include <string.h>

#define NAME_SHOWN 40 /* longer names are none of ours */

/* A name and the `=` after it, somewhere on a line. */
struct name {
    const char *at;
    size_t length;
};

static const char *line_of(const char *text, unsigned line)
{
    while (--line > 0 && (text = strchr(text, '\n')))
        text++;
    return text ? text : "";
}

/* The first at or after `from` on its line; length 0 when there is no more. */
static struct name next_name(const char *from)
{
    size_t length = 0;
    for (const char *p = from; *p && *p != '\n'; p += length ? length : 1) {
        length = config_source_name_length(p);
        const char *after = p + length + strspn(p + length, " \t");
        if (length && (*after == '=' || *after == ':'))
            return (struct name){p, length};
    }
    return (struct name){NULL, 0};
}

static bool is_same_name(struct name a, struct name b)
{
    return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

static bool stands_before(const char *line, struct name name)
{
    for (struct name n = next_name(line); n.length && n.at < name.at; n = next_name(n.at + n.length))
        if (is_same_name(n, name))
            return true;
    return false;
}

/* In the groups that were open when parsing stopped: the root, the last of its members, the last of that, …
 */
static const config_setting_t *find_open(const config_setting_t *group, const char *name)
{
    unsigned count = (unsigned)config_setting_length(group);
    const config_setting_t *last = count ? config_setting_get_elem(group, count - 1) : NULL;
    const config_setting_t *found = last && config_setting_is_group(last) ? find_open(last, name) : NULL;
    return found ? found : config_setting_get_member(group, name);
}

static const config_setting_t *find_first(const config_t *parsed, const char *line, struct name name)
{
    char text[NAME_SHOWN + 1];
    if (name.length > NAME_SHOWN)
        return NULL;
    (void)snprintf(text, sizeof text, "%.*s", (int)name.length, name.at);
    const config_setting_t *first = find_open(config_root_setting(parsed), text);
    bool earlier = first && config_setting_source_line(first) < (unsigned)config_error_line(parsed);
    return earlier || stands_before(line, name) ? first : NULL;
}

void config_duplicate_report(struct loading *loading, const struct config_t *parsed, const char *text)
{
    unsigned at = (unsigned)config_error_line(parsed);
    const char *line = line_of(text, at);
    for (struct name n = next_name(line); n.length; n = next_name(n.at + n.length)) {
        const config_setting_t *first = find_first(parsed, line, n);
        if (!first)
            continue;
        char full[2 * NAME_SHOWN + 2];
        const char *group = config_setting_name(config_setting_parent(first));
        (void)snprintf(full, sizeof full, "%.*s%s%s", NAME_SHOWN, group ? group : "", group ? "." : "",
                       config_setting_name(first));
        config_mistake_in_file(loading, at, full,
                               "stands here for the second time, after line %u; keep one of the two",
                               config_setting_source_line(first));
        return;
    }
    config_mistake_in_file(loading, at, NULL,
                           "a name stands here for the second time in its group; keep one of the two");
}
