#include "column.h"

#include "flexsync/buffer.h"
#include "flexsync/cleanup.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

#define REPLACEMENT_CHARACTER "\xEF\xBF\xBD" /* U+FFFD */
#define WHITE_SPACE           " \t\r\n"

enum { FAILED = -1, NO_TEXT = 0, TEXT = 1 };

static int ill_typed(struct findings *findings)
{
    findings->ill_typed++;
    return 0; /* the column stays NULL, the record is used */
}

/* Is there nothing to read: no such field, or null? */
static bool is_absent(const json_t *field)
{
    return !field || json_is_null(field);
}

/* SQLite's text functions end at a NUL, so that none must get into a column. */
static int replace_nuls(char **ret, const char *text, size_t length, struct findings *findings)
{
    CLEANUP(buffer_free) struct buffer out;
    buffer_init(&out, SIZE_MAX);
    for (const char *nul; (nul = memchr(text, '\0', length));) {
        size_t before = (size_t)(nul - text);
        if (buffer_append(&out, text, before) < 0 || buffer_append_text(&out, REPLACEMENT_CHARACTER) < 0)
            return FAILED;
        findings->nul_characters++;
        text += before + 1;
        length -= before + 1;
    }
    if (buffer_append(&out, text, length) < 0)
        return FAILED;
    *ret = buffer_take(&out);
    return *ret ? TEXT : FAILED;
}

static int string_text(char **ret, const json_t *string, struct findings *findings)
{
    const char *text = json_string_value(string);
    size_t length = json_string_length(string);
    if (memchr(text, '\0', length))
        return replace_nuls(ret, text, length, findings);
    *ret = strndup(text, length);
    return *ret ? TEXT : FAILED;
}

int column_text(char **ret, const json_t *field, struct findings *findings)
{
    const char *digits = map_json_big_number(field, findings);
    char number[MAP_JSON_NUMBER_MAX];
    if (!digits && json_is_string(field))
        return string_text(ret, field, findings);
    if (!digits && json_is_real(field)) {
        if (map_json_format_real(number, field) < 0)
            return FAILED;
        digits = number;
    }
    if (!digits && json_is_integer(field)) {
        (void)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(field));
        digits = number;
    }
    if (!digits)
        return NO_TEXT;
    *ret = strdup(digits);
    return *ret ? TEXT : FAILED;
}

static int take_text(struct value *value, int r, char *text)
{
    if (r == TEXT) {
        value->type = VALUE_TEXT;
        value->text = text;
    }
    return r < 0 ? -1 : 0;
}

static int read_string(struct value *value, struct findings *findings, const struct column *column,
                       const json_t *object)
{
    const json_t *field = json_object_get(object, column->field);
    char *text = NULL;
    if (is_absent(field))
        return 0;
    if (!json_is_string(field) || map_json_big_number(field, findings))
        return ill_typed(findings);
    int r = string_text(&text, field, findings);
    return take_text(value, r, text);
}

static int read_string_number(struct value *value, struct findings *findings, const struct column *column,
                              const json_t *object)
{
    const json_t *field = json_object_get(object, column->field);
    char *text = NULL;
    if (is_absent(field))
        return 0;
    int r = column_text(&text, field, findings);
    return r == NO_TEXT ? ill_typed(findings) : take_text(value, r, text);
}

/* Only the same number in the column's type will do; the nearest one would be a silent change. */
static bool convert_number(struct value *value, enum column_type type, const json_t *number)
{
    if (type == COLUMN_REAL) {
        json_int_t whole = json_integer_value(number); /* 0 of a real */
        if (whole > MAP_JSON_EXACT || whole < -MAP_JSON_EXACT)
            return false;
        *value = (struct value){.type = VALUE_REAL, .real = json_number_value(number)};
        return true;
    }
    int64_t integer;
    if (!map_json_integer(number, &integer))
        return false;
    *value = (struct value){.type = VALUE_INTEGER, .integer = integer};
    return true;
}

static int read_number(struct value *value, struct findings *findings, const struct column *column,
                       const json_t *object)
{
    const json_t *field = json_object_get(object, column->field);
    if (is_absent(field) || map_json_big_number(field, findings))
        return 0; /* the big one is counted already */
    if (!json_is_number(field) || !convert_number(value, column->type, field))
        return ill_typed(findings);
    return 0;
}

static int read_boolean(struct value *value, struct findings *findings, const struct column *column,
                        const json_t *object)
{
    const json_t *field = json_object_get(object, column->field);
    if (is_absent(field))
        return 0;
    if (!json_is_boolean(field))
        return ill_typed(findings);
    *value = (struct value){.type = VALUE_INTEGER, .integer = json_is_true(field)};
    return 0;
}

static int read_choice(struct value *value, struct findings *findings, const struct column *column,
                       const json_t *object)
{
    const json_t *field = json_object_get(object, column->field);
    if (!is_absent(field) && !json_is_boolean(field))
        return ill_typed(findings);
    const char *word = is_absent(field)      ? column->absent
                       : json_is_true(field) ? column->when_true
                                             : column->when_false;
    if (!word)
        return 0;
    char *text = strdup(word);
    return take_text(value, text ? TEXT : FAILED, text);
}

int column_put_prefix(char **text, const char *prefix)
{
    const char *value = *text + strspn(*text, WHITE_SPACE);
    const char *code = prefix ? prefix + strspn(prefix, WHITE_SPACE "+") : "";
    int code_length = (int)strcspn(code, WHITE_SPACE);
    if (!code_length || *value == '+')
        return TEXT;
    char *both = NULL;
    if (asprintf(&both, "+%.*s %s", code_length, code, value) < 0)
        return FAILED;
    free(*text);
    *text = both;
    return TEXT;
}

static int add_prefix(char **text, const json_t *entry, const char *name, struct findings *findings)
{
    CLEANUP_FREE char *prefix = NULL;
    if (column_text(&prefix, json_object_get(entry, name), findings) < 0)
        return FAILED;
    return column_put_prefix(text, prefix);
}

/* The value of one entry; NO_TEXT if it has none that this column can use. */
static int entry_text(char **ret, struct findings *findings, const struct column *column, const json_t *entry)
{
    CLEANUP_FREE char *text = NULL;
    int r = column_text(&text, json_object_get(entry, column->field), findings);
    if (r != TEXT)
        return r;
    char must_have = column->from.must_have;
    if (!text[strspn(text, WHITE_SPACE)] || (must_have && !strchr(text, must_have)))
        return NO_TEXT;
    if (column->from.prefix && add_prefix(&text, entry, column->from.prefix, findings) < 0)
        return FAILED;
    *ret = take_pointer(text);
    return TEXT;
}

/* Who is preferred, in this order; see struct column_list. */
enum preference { NAMED, FLAGGED, FIRST, PREFERENCE_COUNT };

static bool is_preferred(enum preference preference, const struct column_list *from, const json_t *object,
                         const json_t *entry)
{
    const json_t *id = from->named_by ? json_object_get(object, from->named_by) : NULL;
    switch (preference) {
    case NAMED:
        return json_is_string(id) && json_equal(id, json_object_get(entry, "id"));
    case FLAGGED:
        return from->flag && json_is_true(json_object_get(entry, from->flag));
    case FIRST:
    case PREFERENCE_COUNT:
        break;
    }
    return true;
}

static bool is_ill_typed_entry(const json_t *entry, const char *field)
{
    const json_t *value = json_object_get(entry, field);
    bool text = is_absent(value) || json_is_string(value) || json_is_number(value);
    return !is_absent(entry) && (!json_is_object(entry) || !text);
}

static int read_listed(struct value *value, struct findings *findings, const struct column *column,
                       const json_t *object)
{
    const json_t *list = json_object_get(object, column->from.list), *entry;
    bool odd = !is_absent(list) && !json_is_array(list);
    size_t i;
    for (enum preference preference = NAMED; preference < PREFERENCE_COUNT; preference++) {
        json_array_foreach(list, i, entry)
        {
            if (!is_preferred(preference, &column->from, object, entry))
                continue;
            char *text = NULL;
            struct findings found = *findings; /* what an entry that is not used has in it does not count */
            int r = entry_text(&text, &found, column, entry);
            if (r != NO_TEXT) {
                *findings = found;
                return take_text(value, r, text);
            }
            odd = odd || is_ill_typed_entry(entry, column->field);
        }
    }
    return odd ? ill_typed(findings) : 0;
}

typedef int read_rule(struct value *value, struct findings *findings, const struct column *column,
                      const json_t *object);

static read_rule *const rules[] = {
    [RULE_STRING] = read_string, [RULE_STRING_NUMBER] = read_string_number,
    [RULE_NUMBER] = read_number, [RULE_BOOLEAN] = read_boolean,
    [RULE_CHOICE] = read_choice, [RULE_LISTED] = read_listed,
};

int column_read(struct value *value, struct findings *findings, const struct column *column,
                const json_t *object)
{
    return rules[column->rule](value, findings, column, object);
}
