#include "misbehave.h"

#include <stdio.h>
#include <string.h>

#include "jsonedit.h"

#define HUGE_NUMBER  "123456789012345678901234567890123456789012345678901234567890"
#define INVALID_UTF8 "\"bad \xff\xfe \xc3\x28 \xed\xa0\x80 \xc0\xaf text\""
#define PATH_ROOM    512
#define LATIN1_TYPE  "application/json;charset=ISO-8859-1"

/* A field of the record, or of the first row of a listing, where the rule names none. */
static const char *path_of(const struct rule *r, const struct call *call, int64_t shape, const char *preset,
                           char room[static PATH_ROOM])
{
    if (r->path)
        return r->path;
    const char *prefix = "";
    if (call->kind == CALL_LIST || call->kind == CALL_SEARCH)
        prefix = shape == SHAPE_PAGE ? "content.0." : "0.";
    if (call->kind == CALL_RESOURCE_TYPE)
        prefix = "0.";
    (void)snprintf(room, PATH_ROOM, "%s%s", prefix, preset);
    return room;
}

static void set_text(struct buf *json, const char *path, const char *value)
{
    (void)jsonedit_set(json, path, value, strlen(value));
}

static void nest(struct buf *json, const char *path, int64_t levels)
{
    struct buf value = {0};
    for (int64_t i = 0; i < levels; i++)
        buf_char(&value, '[');
    for (int64_t i = 0; i < levels; i++)
        buf_char(&value, ']');
    if (!value.failed)
        (void)jsonedit_set(json, path, value.data, value.len);
    buf_free(&value);
}

/* What has no place in the other charset becomes a question mark. */
static void to_latin1(struct buf *json)
{
    struct buf out = {0};
    const unsigned char *p = (const unsigned char *)json->data, *end = p + json->len;
    while (p < end) {
        unsigned size = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
        unsigned char c = *p;
        if (size == 2 && p + 1 < end && *p <= 0xc3)
            c = (unsigned char)((*p & 3) << 6 | (p[1] & 0x3f));
        else if (size > 1)
            c = '?';
        buf_add(&out, &c, 1);
        p += size;
    }
    buf_free(json);
    *json = out;
}

static void add_bom(struct buf *json)
{
    struct buf out = {0};
    buf_puts(&out, "\xef\xbb\xbf");
    buf_add(&out, json->data, json->len);
    buf_free(json);
    *json = out;
}

static void change_charset(const struct rule *r, const struct call *call, int64_t shape, struct buf *json,
                           struct answer *a)
{
    char room[PATH_ROOM];
    switch (r->charset) {
    case CHARSET_LATIN1:
        to_latin1(json);
        a->type = LATIN1_TYPE;
        break;
    case CHARSET_INVALID:
        set_text(json, path_of(r, call, shape, "name", room), INVALID_UTF8);
        break;
    case CHARSET_BOM:
        add_bom(json);
        break;
    }
}

static size_t string_end(const struct buf *json, size_t at)
{
    for (at++; at < json->len && json->data[at] != '"'; at++)
        at += json->data[at] == '\\';
    return at;
}

/* The `id` of a record, or of the rows of a listing (of one of them, from 1): not those of what they hold. */
static void upper_ids(struct buf *json, const struct call *call, int64_t shape, int64_t row)
{
    int wanted = call->kind == CALL_DETAIL ? 1 : shape == SHAPE_PAGE ? 3 : 2, depth = 0;
    int64_t seen = 0;
    for (size_t at = 0; at < json->len; at++) {
        char c = json->data[at];
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        if (c != '"')
            continue;
        size_t end = string_end(json, at);
        if (depth == wanted && end + 2 < json->len && !memcmp(json->data + at, "\"id\":\"", 6)) {
            size_t last = string_end(json, end + 2);
            seen++;
            for (size_t i = end + 2; i < last && (!row || row == seen); i++)
                if (json->data[i] >= 'a' && json->data[i] <= 'f')
                    json->data[i] = (char)(json->data[i] - 'a' + 'A');
            end = last;
        }
        at = end;
    }
}

static void change(const struct rule *r, const struct call *call, int64_t shape, struct buf *json,
                   struct answer *a)
{
    char room[PATH_ROOM];
    switch (r->action) {
    case ACTION_REPLACE_FIELD:
        (void)jsonedit_set(json, r->path, r->body->data, r->body->len);
        break;
    case ACTION_REMOVE_FIELD:
        (void)jsonedit_remove(json, r->path);
        break;
    case ACTION_HUGE_NUMBER:
        set_text(json, path_of(r, call, shape, "creditLimit", room), HUGE_NUMBER);
        break;
    case ACTION_NUL:
        set_text(json, path_of(r, call, shape, "name", room), "\"before\\u0000after\"");
        break;
    case ACTION_DUPLICATE_KEY:
        (void)jsonedit_append(json, path_of(r, call, shape, "name", room), "\"second value\"", 14);
        break;
    case ACTION_DEEP:
        nest(json, path_of(r, call, shape, "deep", room), r->number);
        break;
    case ACTION_CHARSET:
        change_charset(r, call, shape, json, a);
        break;
    case ACTION_UPPER_IDS:
        upper_ids(json, call, shape, r->number);
        break;
    default:
        break; /* rows and totals are the listing's business */
    }
}

void misbehave_change(const struct verdict *v, const struct call *call, int64_t shape, struct answer *a)
{
    if (!v->change_count || !a->body || a->status != MHD_HTTP_OK)
        return;
    struct buf json = {0};
    buf_add(&json, a->body->data, a->body->len);
    for (unsigned i = 0; i < v->change_count; i++)
        change(v->changes[i], call, shape, &json, a);
    answer_body(a, blob_from_buf(&json));
}

bool misbehave_needs_normal(const struct rule *r)
{
    if (!r)
        return true;
    switch (r->action) {
    case ACTION_CUT:
    case ACTION_CUT_UNFRAMED:
    case ACTION_STALL:
    case ACTION_TRUNCATE:
    case ACTION_NORMAL:
        return true;
    case ACTION_RESET:
        return r->bytes >= 0;
    default:
        return false;
    }
}

static void answer_with(struct answer *a, const struct rule *r, const char *type, const char *text)
{
    a->status = (unsigned)r->number;
    a->type = type;
    answer_body(a, r->body ? blob_ref(r->body) : blob_from_text(text));
}

static void answer_status(struct answer *a, const struct rule *r)
{
    if (r->retry_after)
        (void)snprintf(a->retry_after, sizeof(a->retry_after), "%s", r->retry_after);
    bool html = r->body && r->body->len && r->body->data[0] == '<';
    if (r->body)
        answer_with(a, r, html ? "text/html" : NULL, NULL);
    else
        answer_error(a, (unsigned)r->number, "The script says so.");
}

static void truncate_body(struct answer *a, const struct rule *r)
{
    if (!a->body)
        return;
    size_t len = r->bytes < 0                        ? a->body->len / 2
                 : (uint64_t)r->bytes < a->body->len ? (size_t)r->bytes
                                                     : a->body->len;
    answer_body(a, blob_new(a->body->data, len));
}

static void deliver(struct answer *a, const struct rule *r, enum delivery delivery)
{
    a->delivery = delivery;
    a->bytes = r->bytes;
    if (!a->body) {
        answer_body(a, blob_from_text(""));
        a->status = MHD_HTTP_OK;
    }
}

void misbehave_decide(const struct rule *r, struct answer *a)
{
    switch (r->action) {
    case ACTION_STATUS:
        answer_status(a, r);
        break;
    case ACTION_RESET:
        deliver(a, r, DELIVER_RESET);
        break;
    case ACTION_CUT:
        deliver(a, r, DELIVER_CUT);
        break;
    case ACTION_CUT_UNFRAMED:
        deliver(a, r, DELIVER_CUT_UNFRAMED);
        break;
    case ACTION_STALL:
        deliver(a, r, DELIVER_STALL);
        break;
    case ACTION_FLOOD:
        deliver(a, r, r->gzip ? DELIVER_FLOOD_GZIP : DELIVER_FLOOD);
        break;
    case ACTION_TRUNCATE:
        truncate_body(a, r);
        break;
    case ACTION_GARBAGE:
        answer_with(a, r, NULL, "\x7f\x45LF\x02 no JSON at all \xfe\xed\xfa\xce }{][ ,,, \x01\x02\x03");
        break;
    case ACTION_HTML:
        answer_with(a, r, "text/html;charset=UTF-8",
                    "<!DOCTYPE html>\n<html><head><title>Gateway</title></head>"
                    "<body><h1>Please sign in</h1></body></html>\n");
        break;
    case ACTION_EMPTY:
        answer_with(a, r, NULL, "");
        break;
    case ACTION_REDIRECT:
        a->location = r->path;
        answer_with(a, r, "text/html", "<html><body>Moved</body></html>\n");
        break;
    case ACTION_BODY:
    case ACTION_JSON:
        answer_with(a, r, NULL, "");
        break;
    default:
        break;
    }
}
