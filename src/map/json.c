#include "json.h"

#include "flexsync/cleanup.h"
#include "flexsync/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* U+001A SUBSTITUTE before the digits of a number that jansson cannot hold; see json.h. */
#define BIG_NUMBER_MARK        '\x1a'
#define BIG_NUMBER_MARK_QUOTED "\"\\u001a"
#define NUMBER_CHARACTERS      "0123456789+-.eE"
#define NUMBER_ALWAYS_FITS     18 /* digits that 64 bits hold, whatever they are */
#define ESCAPE_LENGTH          6  /* \uXXXX */

/* Jansson's own sentences quote what they stumbled over; these do not. */
static const char *const reasons[] = {
    [json_error_stack_overflow] = "it is nested too deeply",
    [json_error_invalid_utf8] = "it is not UTF-8",
    [json_error_premature_end_of_input] = "it ends too early",
    [json_error_end_of_input_expected] = "something follows its end",
    [json_error_invalid_syntax] = "its syntax is wrong",
    [json_error_null_byte_in_key] = "a field's name has a NUL",
};

int map_json_refuse(const char *reason, size_t position, struct error *err)
{
    return error_set(err, ERROR_ANSWER, RETRY_NOW, "the answer is not one whole JSON text: %s (at byte %zu)",
                     reason, position);
}

static int refuse(struct map_json_fault *ret, const char *reason, size_t position, struct slice text)
{
    *ret = (struct map_json_fault){reason, position, slice_is_container(text)};
    return -1;
}

static int refuse_memory(struct map_json_fault *ret)
{
    *ret = (struct map_json_fault){0};
    return -1;
}

/*
 * A string that was scanned to its end and yet is no token: jansson had no memory to keep it, and says that
 * the syntax is wrong.
 */
static bool is_lost_string(const json_error_t *e, struct slice read)
{
    size_t end = e->position > 0 ? (size_t)e->position : 0;
    bool no_token = strncmp(e->text, "invalid token", 13) == 0 || strncmp(e->text, "string or '}'", 13) == 0;
    return no_token && end > 0 && end <= read.length && read.start[end - 1] == '"';
}

static int refuse_like_jansson(struct map_json_fault *ret, const json_error_t *e, struct slice read,
                               struct slice text)
{
    enum json_error_code code = json_error_code(e);
    if (code == json_error_unknown || code == json_error_out_of_memory || is_lost_string(e, read))
        return refuse_memory(ret); /* jansson gives no code to most of its refused allocations */
    const char *reason = code < ARRAY_LENGTH(reasons) ? reasons[code] : NULL;
    if (strncmp(e->text, "control character", 17) == 0 || strncmp(e->text, "unexpected newline", 18) == 0)
        reason = "it has a raw control character";
    return refuse(ret, reason ? reason : reasons[json_error_invalid_syntax], (size_t)e->position, text);
}

static bool is_number_character(char c)
{
    return c && strchr(NUMBER_CHARACTERS, c);
}

/* Asks jansson itself, so that there is no second opinion about it. */
static bool is_big_number(const char *token, size_t length)
{
    if (length <= NUMBER_ALWAYS_FITS && !memchr(token, 'e', length) && !memchr(token, 'E', length))
        return false;
    json_error_t e = {0};
    json_auto_t *number = json_loadb(token, length, JSON_DECODE_ANY, &e);
    return !number && json_error_code(&e) == json_error_numeric_overflow;
}

/* The bytes from `text` on that are one string, one number, or one byte of anything else. */
static size_t token_length(const char *text, size_t length)
{
    if (*text == '"')
        return slice_string(text, length);
    size_t n = 1;
    if (is_number_character(*text))
        while (n < length && is_number_character(text[n]))
            n++;
    return n;
}

/* A number in a name's place must stay a number: as a string it would be a name, and the text be accepted. */
static bool is_name_place(const char *text, size_t length)
{
    size_t spaces = 0;
    while (spaces < length && memchr(" \t\r\n", text[spaces], 4))
        spaces++;
    return spaces < length && text[spaces] == ':';
}

/* The code unit of the escape \uXXXX that starts here; -1 if none does. */
static long code_unit(const char *text, size_t length)
{
    char digits[ESCAPE_LENGTH - 1] = "";
    if (length < ESCAPE_LENGTH || text[0] != '\\' || text[1] != 'u')
        return -1;
    memcpy(digits, text + 2, sizeof digits - 1);
    return strspn(digits, "0123456789abcdefABCDEF") == sizeof digits - 1 ? strtol(digits, NULL, 16) : -1;
}

int64_t map_json_replace_surrogates(char *text, size_t length)
{
    int64_t count = 0;
    for (size_t at = 0, n; at < length; at += n) {
        long unit = code_unit(text + at, length - at);
        n = text[at] != '\\' ? 1 : unit < 0 ? 2 : ESCAPE_LENGTH; /* of two backslashes neither begins one */
        if (unit < 0xD800 || unit > 0xDFFF)
            continue;
        long next = code_unit(text + at + n, length - at - n);
        if (unit < 0xDC00 && next >= 0xDC00 && next <= 0xDFFF) {
            n += ESCAPE_LENGTH;
        } else {
            memcpy(text + at, "\\ufffd", ESCAPE_LENGTH);
            count++;
        }
    }
    return count;
}

/* Copies the text with every number that is too big made a string behind the mark, and without half
 * surrogates. */
static int make_readable(struct buffer *out, struct slice text, struct findings *found)
{
    for (size_t at = 0, n; at < text.length; at += n) {
        const char *token = text.start + at;
        size_t left = text.length - at;
        n = token_length(token, left);
        bool big =
            is_number_character(*token) && is_big_number(token, n) && !is_name_place(token + n, left - n);
        if ((big && buffer_append_text(out, BIG_NUMBER_MARK_QUOTED) < 0) ||
            buffer_append(out, token, n) < 0 || (big && buffer_append_text(out, "\"") < 0))
            return -1;
        found->big_numbers += big;
        if (*token == '"')
            found->half_surrogates += map_json_replace_surrogates(out->data + out->length - n, n);
    }
    return 0;
}

/* At most three times: as it is, made readable, with duplicate names allowed. */
static int load(json_t **ret, struct findings *found, struct slice text, struct map_json_fault *fault)
{
    CLEANUP(buffer_free) struct buffer readable;
    buffer_init(&readable, SIZE_MAX);
    struct slice read = text;
    size_t flags = JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
    json_error_t e = {0};
    json_t *root;
    while (!(root = json_loadb(read.start, read.length, flags, &e))) {
        enum json_error_code code = json_error_code(&e);
        bool unreadable = code == json_error_numeric_overflow || code == json_error_invalid_syntax;
        if (code == json_error_duplicate_key && !found->duplicate_keys) {
            found->duplicate_keys = 1;
            flags &= ~(size_t)JSON_REJECT_DUPLICATES;
        } else if (unreadable && !readable.data) {
            if (make_readable(&readable, text, found) < 0)
                return refuse_memory(fault);
            if (!found->big_numbers && !found->half_surrogates)
                return refuse_like_jansson(fault, &e, read, text);
            read = (struct slice){readable.data, readable.length};
        } else {
            return refuse_like_jansson(fault, &e, read, text);
        }
        e = (json_error_t){0};
    }
    *ret = root;
    return 0;
}

/* Counted too high rather than too low: commas in strings count too. */
static bool has_too_many_values(struct slice text)
{
    size_t values = 0;
    if (text.length <= MAP_JSON_VALUES_MAX)
        return false; /* each takes a byte at least */
    for (size_t i = 0; i < text.length; i++)
        values += text.start[i] == ',' || text.start[i] == '{' || text.start[i] == '[';
    return values > MAP_JSON_VALUES_MAX;
}

int map_json_read(json_t **ret, struct findings *ret_findings, struct slice text,
                  struct map_json_fault *ret_fault)
{
    struct findings found = {0};
    if (!text.length)
        return refuse(ret_fault, "a value is missing", 0, text);
    const char *nul = memchr(text.start, '\0', text.length);
    if (nul)
        return refuse(ret_fault, "it has a NUL byte", (size_t)(nul - text.start), text);
    if (has_too_many_values(text))
        return refuse(ret_fault, "it has too many values", 0, text);
    if (load(ret, &found, text, ret_fault) < 0)
        return -1;
    *ret_findings = found;
    return 0;
}

int map_json_load(json_t **ret, struct findings *ret_findings, struct slice text, size_t offset,
                  struct error *err)
{
    struct map_json_fault fault;
    if (map_json_read(ret, ret_findings, text, &fault) == 0)
        return 0;
    if (!fault.reason)
        return error_memory(err);
    if (!fault.lasting)
        return map_json_refuse(fault.reason, offset + fault.position, err);
    return error_set(err, ERROR_ANSWER, RETRY_NEVER, "the answer cannot be read: %s (at byte %zu)",
                     fault.reason, offset + fault.position);
}

json_t *map_json_name(struct slice text)
{
    json_auto_t *name = NULL;
    struct findings unused;
    struct map_json_fault fault;
    if (!text.length || *text.start != '"' || map_json_read(&name, &unused, text, &fault) < 0)
        return NULL;
    bool has_nul = strlen(json_string_value(name)) != json_string_length(name);
    return has_nul ? NULL : take_pointer(name);
}

const char *map_json_big_number(const json_t *value, const struct findings *findings)
{
    const char *text = findings->big_numbers ? json_string_value(value) : NULL;
    if (!text || text[0] != BIG_NUMBER_MARK)
        return NULL;
    size_t digits = strspn(text + 1, NUMBER_CHARACTERS);
    return digits && digits + 1 == json_string_length(value) ? text + 1 : NULL;
}

bool map_json_id(char ret[static RECORD_ID_MAX + 1], const json_t *object)
{
    const json_t *id = json_object_get(object, "id");
    const char *text = json_string_value(id);
    if (!text || strlen(text) != json_string_length(id) || !record_id_usable(text))
        return false;
    memcpy(ret, text, json_string_length(id) + 1);
    return true;
}

int map_json_fold_id(json_t *object)
{
    char id[RECORD_ID_MAX + 1];
    if (!map_json_id(id, object) || !record_id_is_uuid(id))
        return 0;
    bool folded = false;
    for (char *c = id; *c; c++)
        if (*c >= 'A' && *c <= 'F') {
            *c = (char)(*c - 'A' + 'a');
            folded = true;
        }
    return folded ? json_object_set_new(object, "id", json_string(id)) : 0;
}

bool map_json_integer(const json_t *number, int64_t *ret)
{
    double real = json_real_value(number);
    if (json_is_real(number) && fabs(real) <= (double)MAP_JSON_EXACT && real == trunc(real))
        *ret = (int64_t)real;
    else if (json_is_integer(number))
        *ret = json_integer_value(number);
    else
        return false;
    return true;
}

int map_json_format_real(char ret[static MAP_JSON_NUMBER_MAX], const json_t *real)
{
    for (size_t precision = 15; precision <= 17; precision++) {
        size_t flags = JSON_ENCODE_ANY | JSON_REAL_PRECISION(precision);
        size_t length = json_dumpb(real, ret, MAP_JSON_NUMBER_MAX - 1, flags);
        if (!length || length >= MAP_JSON_NUMBER_MAX)
            return -1;
        ret[length] = '\0';
        json_auto_t *again = json_loadb(ret, length, JSON_DECODE_ANY, NULL);
        if (!again)
            return -1;
        if (json_equal(again, real))
            break;
    }
    return 0;
}

struct canonical {
    struct buffer *out;
    bool failed; /* jansson overlooks a failure while it writes a field's name */
};

static int append(const char *bytes, size_t length, void *data)
{
    struct canonical *canonical = data;
    if (!canonical->failed && buffer_append(canonical->out, bytes, length) < 0)
        canonical->failed = true;
    return canonical->failed ? -1 : 0;
}

int map_json_canonical(const json_t *value, struct buffer *out)
{
    struct canonical canonical = {.out = out};
    int r = json_dump_callback(value, append, &canonical, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    return r < 0 || canonical.failed ? -1 : 0;
}

int map_json_hash(const json_t *value, struct buffer *scratch, int64_t *ret)
{
    buffer_clear(scratch);
    if (map_json_canonical(value, scratch) < 0)
        return -1;
    *ret = hash_bytes(scratch->data, scratch->length);
    return 0;
}
