#include "slice.h"

#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct slice slice_whole(const char *text, size_t length)
{
    while (length && is_space(*text)) {
        text++;
        length--;
    }
    while (length && is_space(text[length - 1]))
        length--;
    return (struct slice){text, length};
}

size_t slice_string(const char *text, size_t length)
{
    size_t n = 1;
    while (n < length && text[n] != '"')
        n += text[n] == '\\' ? 2 : 1;
    return n < length ? n + 1 : length;
}

/* Bytes up to the comma or colon that ends the value or name that starts here. */
static size_t member_length(struct slice rest)
{
    size_t depth = 0;
    for (size_t n = 0; n < rest.length;) {
        char c = rest.start[n];
        if (c == '"') {
            n += slice_string(rest.start + n, rest.length - n);
            continue;
        }
        if (depth == 0 && (c == ',' || c == ':'))
            return n;
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && depth)
            depth--;
        n++;
    }
    return rest.length;
}

struct slice_walk slice_walk(struct slice container)
{
    if (container.length < 2)
        return (struct slice_walk){.rest = container};
    struct slice inside = slice_whole(container.start + 1, container.length - 2);
    return (struct slice_walk){.rest = inside, .more = inside.length > 0};
}

/* Cuts one part off the front, up to the separator, which stays. */
static struct slice cut(struct slice *rest)
{
    size_t length = member_length(*rest);
    struct slice part = slice_whole(rest->start, length);
    rest->start += length;
    rest->length -= length;
    return part;
}

static bool take_separator(struct slice *rest, char separator)
{
    if (!rest->length || *rest->start != separator)
        return false;
    rest->start++;
    rest->length--;
    return true;
}

bool slice_next(struct slice_walk *walk, struct slice *ret_name, struct slice *ret_value)
{
    if (!walk->more)
        return false;
    struct slice part = cut(&walk->rest);
    *ret_name = (struct slice){NULL, 0};
    if (take_separator(&walk->rest, ':')) {
        *ret_name = part;
        part = cut(&walk->rest);
    }
    walk->more = take_separator(&walk->rest, ',');
    *ret_value = part;
    return true;
}

int slice_compact(struct slice slice, struct buffer *out)
{
    size_t from = 0, at = 0;
    while (at < slice.length) {
        if (slice.start[at] == '"') {
            at += slice_string(slice.start + at, slice.length - at);
        } else if (is_space(slice.start[at])) {
            int r = buffer_append(out, slice.start + from, at - from);
            if (r < 0)
                return r;
            from = ++at;
        } else {
            at++;
        }
    }
    return buffer_append(out, slice.start + from, at - from);
}
