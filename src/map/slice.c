#include "slice.h"

#include <stdint.h>
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

/* Where the string that starts here has its closing quote; `length` where it has none. */
static size_t closing_quote(const char *text, size_t length)
{
    size_t n = 1;
    while (n < length && text[n] != '"')
        n += text[n] == '\\' ? 2 : 1;
    return n < length ? n : length;
}

size_t slice_string(const char *text, size_t length)
{
    size_t n = closing_quote(text, length);
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

/* What may come next. */
enum expected {
    EXPECT_VALUE,
    EXPECT_VALUE_OR_END,
    EXPECT_NAME,
    EXPECT_NAME_OR_END,
    EXPECT_COLON,
    EXPECT_MORE
};

struct structure {
    struct buffer open; /* the brackets around this place, innermost last */
    enum expected expected;
};

static bool is_word_character(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
           c == '-' || c == '.' || c == '_';
}

static bool structure_open(struct structure *s, char bracket)
{
    bool fits = s->expected == EXPECT_VALUE || s->expected == EXPECT_VALUE_OR_END;
    s->expected = bracket == '{' ? EXPECT_NAME_OR_END : EXPECT_VALUE_OR_END;
    return fits && buffer_append(&s->open, &bracket, 1) == 0;
}

static bool structure_close(struct structure *s, char bracket)
{
    bool is_object = bracket == '}',
         ends = s->expected == EXPECT_MORE ||
                s->expected == (is_object ? EXPECT_NAME_OR_END : EXPECT_VALUE_OR_END);
    if (!ends || !s->open.length || (s->open.data[s->open.length - 1] == '{') != is_object)
        return false;
    s->open.length--;
    s->expected = EXPECT_MORE;
    return true;
}

static bool structure_comma(struct structure *s)
{
    if (s->expected != EXPECT_MORE || !s->open.length)
        return false;
    s->expected = s->open.data[s->open.length - 1] == '{' ? EXPECT_NAME : EXPECT_VALUE;
    return true;
}

/* A string or a word; alone it is no container. */
static bool structure_scalar(struct structure *s, bool is_string)
{
    bool is_value = s->open.length && (s->expected == EXPECT_VALUE || s->expected == EXPECT_VALUE_OR_END);
    bool is_name = is_string && (s->expected == EXPECT_NAME || s->expected == EXPECT_NAME_OR_END);
    s->expected = is_name ? EXPECT_COLON : EXPECT_MORE;
    return is_value || is_name;
}

/* Takes one token. Returns its bytes, or 0 where JSON has no such token. */
static size_t structure_take(struct structure *s, const char *text, size_t length)
{
    size_t n = 1;
    switch (*text) {
    case '{':
    case '[':
        return structure_open(s, *text);
    case '}':
    case ']':
        return structure_close(s, *text);
    case ',':
        return structure_comma(s);
    case ':':
        if (s->expected != EXPECT_COLON)
            return 0;
        s->expected = EXPECT_VALUE;
        return 1;
    case '"':
        n = closing_quote(text, length);
        return n < length && structure_scalar(s, true) ? n + 1 : 0;
    default:
        if (is_space(*text))
            return 1;
        if (!is_word_character(*text) || !structure_scalar(s, false))
            return 0;
        while (n < length && is_word_character(text[n]))
            n++;
        return n;
    }
}

bool slice_is_container(struct slice text)
{
    struct structure s = {.expected = EXPECT_VALUE};
    buffer_init(&s.open, SIZE_MAX);
    size_t at = 0, n = 1;
    for (; n && at < text.length; at += n)
        n = structure_take(&s, text.start + at, text.length - at);
    bool whole = n && s.expected == EXPECT_MORE && !s.open.length;
    buffer_free(&s.open);
    return whole;
}
