#include "jsonedit.h"

#include <stdlib.h>
#include <string.h>

/* Where a path leads: the container of its last part, and what that part names if it is there. */
struct place {
    size_t container; /* of its bracket */
    bool is_object, found, is_first;
    size_t member, value, end; /* of the member: its key; `end` is behind the value */
    const char *name;
    size_t name_len;
};

static size_t skip_blanks(const struct buf *json, size_t at)
{
    while (at < json->len && strchr(" \t\r\n", json->data[at]) && json->data[at])
        at++;
    return at;
}

/* `at` is on the quotation mark; behind the closing one, or the end. */
static size_t skip_string(const struct buf *json, size_t at)
{
    for (at++; at < json->len && json->data[at] != '"'; at++)
        if (json->data[at] == '\\')
            at++;
    return at < json->len ? at + 1 : json->len;
}

/* Behind any value, without recursion: it may be nested as deeply as it likes. */
static size_t skip_value(const struct buf *json, size_t at)
{
    size_t depth = 0;
    while (at < json->len) {
        char c = json->data[at];
        if (c == '"') {
            at = skip_string(json, at);
        } else if (c == '{' || c == '[') {
            depth++;
            at++;
            continue;
        } else if (c == '}' || c == ']') {
            if (!depth)
                return at;
            depth--;
            at++;
        } else if (c == ',' && !depth) {
            return at;
        } else {
            at++;
            continue;
        }
        if (!depth)
            return at;
    }
    return at;
}

/* Goes through one container for what the first `len` bytes of `name` name. */
static void look_up(const struct buf *json, size_t container, const char *name, size_t len, struct place *ret)
{
    *ret = (struct place){.container = container, .name = name, .name_len = len};
    ret->is_object = json->data[container] == '{';
    size_t wanted = ret->is_object ? 0 : strtoul(name, NULL, 10);
    size_t at = skip_blanks(json, container + 1);
    for (size_t i = 0; at < json->len && json->data[at] != '}' && json->data[at] != ']'; i++) {
        size_t key = at, key_end = at;
        if (ret->is_object) {
            key_end = skip_string(json, at);
            at = skip_blanks(json, key_end);
            at = skip_blanks(json, at + 1);
        }
        size_t end = skip_value(json, at);
        bool same = ret->is_object ? key_end - key == len + 2 && !memcmp(json->data + key + 1, name, len)
                                   : i == wanted;
        if (same) {
            ret->found = true;
            ret->is_first = i == 0;
            ret->member = key;
            ret->value = at;
            ret->end = end;
            return;
        }
        at = skip_blanks(json, end);
        if (at < json->len && json->data[at] == ',')
            at = skip_blanks(json, at + 1);
    }
}

static bool find(const struct buf *json, const char *path, struct place *ret)
{
    size_t at = skip_blanks(json, 0);
    for (;;) {
        if (json->failed || at >= json->len || (json->data[at] != '{' && json->data[at] != '['))
            return false;
        size_t len = strcspn(path, ".");
        look_up(json, at, path, len, ret);
        if (!path[len])
            return true;
        if (!ret->found)
            return false;
        at = ret->value;
        path += len + 1;
    }
}

static void splice(struct buf *json, size_t from, size_t to, const char *value, size_t len)
{
    struct buf out = {0};
    buf_add(&out, json->data, from);
    buf_add(&out, value, len);
    buf_add(&out, json->data + to, json->len - to);
    buf_free(json);
    *json = out;
}

static bool append_member(struct buf *json, const struct place *p, const char *value, size_t len)
{
    size_t close = skip_value(json, p->container);
    if (!p->is_object || close > json->len || !close)
        return false;
    struct buf member = {0};
    bool empty = skip_blanks(json, p->container + 1) >= close - 1;
    buf_puts(&member, empty ? "\"" : ",\"");
    buf_add(&member, p->name, p->name_len);
    buf_puts(&member, "\":");
    buf_add(&member, value, len);
    bool made = !member.failed;
    if (made)
        splice(json, close - 1, close - 1, member.data, member.len);
    buf_free(&member);
    return made;
}

bool jsonedit_set(struct buf *json, const char *path, const char *value, size_t len)
{
    struct place p;
    if (!find(json, path, &p))
        return false;
    if (!p.found)
        return append_member(json, &p, value, len);
    splice(json, p.value, p.end, value, len);
    return true;
}

bool jsonedit_append(struct buf *json, const char *path, const char *value, size_t len)
{
    struct place p;
    return find(json, path, &p) && append_member(json, &p, value, len);
}

bool jsonedit_remove(struct buf *json, const char *path)
{
    struct place p;
    if (!find(json, path, &p) || !p.found)
        return false;
    size_t from = p.member, to = skip_blanks(json, p.end);
    if (to < json->len && json->data[to] == ',')
        to++;
    else if (!p.is_first)
        while (from > 0 && json->data[from] != ',')
            from--;
    splice(json, from, to, "", 0);
    return true;
}
