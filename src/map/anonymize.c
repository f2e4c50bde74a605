#include "flexsync/anonymize.h"

#include "flexsync/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_LENGTH   (ANONYMIZE_ID - 1)
#define MEMBER_MAX  40 /* bytes of a member's name that is kept */
#define DIGITS_MAX  3  /* in a row, in such a name */
#define HEX_MIN     12 /* a name of nothing but so many hexadecimal digits is an id */
#define BEYOND      "\xc3\xbc"
#define NOT_UTF8    "\xff"
#define DATE_LENGTH 11 /* 2024-03-05T */

struct anonymous {
    struct anonymizer *ids;
    const char *at, *end;
    struct buffer *out;
    char before; /* the last character of the structure */
    bool date;   /* within a text that begins like a date */
    int r;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return isxdigit((unsigned char)c) != 0;
}

static void anonymous_put(struct anonymous *a, const char *bytes, size_t length)
{
    if (a->r == 0)
        a->r = buffer_append(a->out, bytes, length);
}

static void anonymous_keep(struct anonymous *a, size_t length)
{
    anonymous_put(a, a->at, length);
    a->at += length;
}

static bool anonymous_is_id(const struct anonymous *a)
{
    if (a->end - a->at < ID_LENGTH || (a->end - a->at > ID_LENGTH && is_hex(a->at[ID_LENGTH])))
        return false;
    for (size_t i = 0; i < ID_LENGTH; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? a->at[i] != '-' : !is_hex(a->at[i]))
            return false;
    }
    return true;
}

/* 0 where there is no room for another one. */
static size_t anonymous_number(struct anonymous *a, const char *id)
{
    struct anonymizer *ids = a->ids;
    for (size_t i = 0; i < ids->count; i++)
        if (memcmp(ids->ids[i], id, ID_LENGTH) == 0)
            return i + 1;
    if (ids->count == ANONYMIZE_IDS_MAX)
        return 0;
    void *more = reallocarray(ids->ids, ids->count + 1, sizeof *ids->ids);
    if (!more) {
        a->r = -ENOMEM;
        return 0;
    }
    ids->ids = more;
    memcpy(ids->ids[ids->count], id, ANONYMIZE_ID);
    return ++ids->count;
}

static void anonymous_id(struct anonymous *a)
{
    char id[ANONYMIZE_ID] = "", text[64];
    bool upper = false;
    for (size_t i = 0; i < ID_LENGTH; i++) {
        upper |= a->at[i] >= 'A' && a->at[i] <= 'F';
        id[i] = (char)tolower((unsigned char)a->at[i]);
    }
    int length = snprintf(text, sizeof text, "%s-0000-4000-8000-%012zu", upper ? "AAAAAAAA" : "00000000",
                          anonymous_number(a, id));
    anonymous_put(a, text, (size_t)length);
    a->at += ID_LENGTH;
}

/* One character, of a text or of what is no JSON. */
static void anonymous_character(struct anonymous *a)
{
    char c = *a->at;
    uint32_t code;
    size_t length = c ? utf8_next(a->at, &code) : 1;
    if (anonymous_is_id(a)) {
        anonymous_id(a);
        return;
    }
    if (is_digit(c))
        anonymous_put(a, "9", 1);
    else if (is_letter(c) && !(a->date && (c == 'T' || c == 'Z')))
        anonymous_put(a, c >= 'a' ? "x" : "X", 1);
    else if (!((unsigned char)c & 0x80))
        anonymous_put(a, &c, 1);
    else if (length > 1)
        anonymous_put(a, BEYOND, strlen(BEYOND));
    else
        anonymous_put(a, NOT_UTF8, strlen(NOT_UTF8));
    a->at += length;
}

static bool anonymous_is_date(const struct anonymous *a)
{
    static const char form[] = "9999-99-99T";
    if (a->end - a->at < DATE_LENGTH)
        return false;
    for (size_t i = 0; i < DATE_LENGTH; i++)
        if (form[i] == '9' ? !is_digit(a->at[i]) : a->at[i] != form[i])
            return false;
    return true;
}

/* \uXXXX: control characters and surrogates stay what they are, the others become one of their kind. */
static void anonymous_unicode(struct anonymous *a)
{
    char digits[5] = "", *end;
    size_t length = 2;
    while (length < 6 && a->at + length < a->end && is_hex(a->at[length])) {
        digits[length - 2] = a->at[length];
        length++;
    }
    unsigned long code = strtoul(digits, &end, 16);
    if (length < 6)
        anonymous_put(a, "\\u", 2); /* a broken one stays broken */
    else if (code < 0x20)
        anonymous_put(a, a->at, length);
    else if (code >= 0xd800 && code < 0xe000)
        anonymous_put(a, code < 0xdc00 ? "\\ud800" : "\\udc00", length);
    else
        anonymous_put(a, "\\u00fc", length);
    a->at += length;
}

static void anonymous_escape(struct anonymous *a)
{
    if (a->end - a->at < 2)
        anonymous_keep(a, 1);
    else if (a->at[1] == 'u')
        anonymous_unicode(a);
    else if (strchr("\"\\/bfnrt", a->at[1]))
        anonymous_keep(a, 2);
    else
        anonymous_keep(a, 1);
}

/* The place of the quotation mark that ends the text, or the end of all. */
static const char *anonymous_text_end(const struct anonymous *a)
{
    const char *p = a->at;
    while (p < a->end && *p != '"')
        p += *p == '\\' && a->end - p > 1 ? 2 : 1;
    return p;
}

static bool anonymous_is_name(const struct anonymous *a, const char *end)
{
    size_t length = (size_t)(end - a->at), hex = 0;
    unsigned digits = 0;
    const char *after = end + 1;
    while (after < a->end && isspace((unsigned char)*after))
        after++;
    if (after >= a->end || *after != ':' || !strchr("{,", a->before))
        return false;
    if (!length || length > MEMBER_MAX || *a->at < 'a' || *a->at > 'z')
        return false;
    for (const char *p = a->at; p < end; p++) {
        digits = is_digit(*p) ? digits + 1 : 0;
        hex += is_hex(*p);
        if (digits > DIGITS_MAX || !(is_letter(*p) || is_digit(*p)))
            return false;
    }
    return hex < length || length < HEX_MIN;
}

static void anonymous_text(struct anonymous *a)
{
    anonymous_keep(a, 1);
    const char *end = anonymous_text_end(a);
    if (anonymous_is_name(a, end))
        anonymous_keep(a, (size_t)(end - a->at));
    a->date = anonymous_is_date(a);
    while (a->at < end && a->r == 0) {
        if (*a->at == '\\')
            anonymous_escape(a);
        else
            anonymous_character(a);
    }
    a->date = false;
    if (a->at < a->end)
        anonymous_keep(a, 1);
}

static void anonymous_digits(struct anonymous *a)
{
    while (a->at < a->end && (is_digit(*a->at) || strchr("+-.eE", *a->at))) {
        if (!*a->at)
            break;
        anonymous_put(a, is_digit(*a->at) ? "1" : a->at, 1);
        a->at++;
    }
}

static bool anonymous_literal(struct anonymous *a)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t length = strlen(words[i]), left = (size_t)(a->end - a->at);
        if (left < length || memcmp(a->at, words[i], length) != 0 ||
            (left > length && isalnum((unsigned char)a->at[length])))
            continue;
        anonymous_keep(a, length);
        return true;
    }
    return false;
}

static void anonymous_json(struct anonymous *a)
{
    while (a->at < a->end && a->r == 0) {
        char c = *a->at;
        if (c == '"') {
            anonymous_text(a);
        } else if (c && strchr("{}[],:", c)) {
            a->before = c;
            anonymous_keep(a, 1);
        } else if (is_digit(c) || c == '-') {
            anonymous_digits(a);
        } else if (!anonymous_literal(a)) {
            anonymous_character(a);
        }
    }
}

static bool looks_like_json(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length && (isspace((unsigned char)text[at]) || (unsigned char)text[at] >= 0x80)) /* a BOM */
        at++;
    return at < length && strchr("{[\"", text[at]) && text[at];
}

int anonymize(struct anonymizer *anonymizer, const char *text, size_t length, struct buffer *ret)
{
    struct anonymous a = {.ids = anonymizer, .at = text, .end = text + length, .out = ret, .before = ' '};
    if (looks_like_json(text, length) || (length == 4 && memcmp(text, "null", length) == 0)) {
        anonymous_json(&a);
        return a.r;
    }
    while (a.at < a.end && a.r == 0)
        anonymous_character(&a);
    return a.r;
}

void anonymizer_free(struct anonymizer *anonymizer)
{
    free(anonymizer->ids);
    *anonymizer = (struct anonymizer){0};
}
