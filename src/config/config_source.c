#include "config_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* Of the exponent that starts at `text`. */
static size_t exponent(const char *text)
{
    if (*text != 'e' && *text != 'E')
        return 0;
    size_t sign = text[1] == '-' || text[1] == '+';
    size_t length = digits(text + 1 + sign);
    return length ? 1 + sign + length : 0;
}

/* The L or LL of a 64-bit integer. */
static size_t long_suffix(const char *text)
{
    return text[0] != 'L' ? 0 : text[1] != 'L' ? 1 : 2;
}

size_t config_source_number_length(const char *text)
{
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && isxdigit((unsigned char)text[2])) {
        size_t hex = 2 + strspn(text + 2, "0123456789abcdefABCDEF");
        return hex + long_suffix(text + hex);
    }
    size_t n = text[0] == '-' || text[0] == '+';
    size_t whole = digits(text + n);
    n += whole;
    if (text[n] == '.') { /* libconfig takes the point alone for a number, too */
        n += 1 + digits(text + n + 1);
        return n + exponent(text + n);
    }
    if (!whole)
        return 0;
    size_t scientific = exponent(text + n);
    return scientific ? n + scientific : n + long_suffix(text + n);
}

size_t config_source_name_length(const char *text)
{
    if (!isalpha((unsigned char)text[0]) && text[0] != '*')
        return 0;
    size_t n = 1;
    while (isalnum((unsigned char)text[n]) || (text[n] && strchr("-_*", text[n])))
        n++;
    return n;
}

/* From one place in the text to a later one, counting lines. */
struct place {
    char *at;
    unsigned line;
};

static void advance(struct place *place, size_t length)
{
    for (; length > 0; length--)
        if (*place->at++ == '\n')
            place->line++;
}

static void end_early(struct config_source *source, struct loading *loading, unsigned line, const char *what)
{
    config_mistake_in_file(loading, line, NULL, "%s", what);
    source->unterminated = true;
    loading->incomplete = true;
}

/* At the opening quote. The escapes are those of libconfig, which drops \x00 without a word. */
static void skip_text(struct config_source *source, struct place *place, struct loading *loading)
{
    unsigned start = place->line;
    advance(place, 1);
    while (*place->at && *place->at != '"') {
        bool escaped = place->at[0] == '\\' && (place->at[1] == '\\' || place->at[1] == '"');
        if (!escaped && (strncmp(place->at, "\\x00", 4) == 0 || strncmp(place->at, "\\X00", 4) == 0))
            config_mistake_in_file(loading, place->line, NULL, "\\x00 cannot stand in a text; remove it");
        advance(place, escaped ? 2 : 1);
    }
    if (*place->at)
        advance(place, 1);
    else
        end_early(source, loading, start,
                  "the text that begins here has no closing quote; add \" to its end");
}

/* At the slash. libconfig takes the rest of the file for the comment without a word. */
static void skip_block_comment(struct config_source *source, struct place *place, struct loading *loading)
{
    unsigned start = place->line;
    const char *end = strstr(place->at + 2, "*/");
    if (!end)
        end_early(source, loading, start, "the comment that begins here does not end; add */ to its end");
    advance(place, end ? (size_t)(end + 2 - place->at) : strlen(place->at));
}

static void add_number(struct config_source *source, const char *at, struct loading *loading)
{
    if (source->number_count == source->number_capacity) {
        size_t capacity = source->number_capacity ? source->number_capacity * 2 : 32;
        const char **numbers = reallocarray(source->numbers, capacity, sizeof *numbers);
        if (!numbers) {
            loading->out_of_memory = true;
            return;
        }
        source->numbers = numbers;
        source->number_capacity = capacity;
    }
    source->numbers[source->number_count++] = at;
}

/* As a comment it is harmless, and the rest of the file is still looked at. */
static void disarm_include(struct place *place, struct loading *loading)
{
    config_mistake_in_file(loading, place->line, NULL,
                           "@include is not supported; write all settings into this file");
    *place->at = '#';
}

/* Steps over one token, or over one character that starts none. */
static void scan_token(struct config_source *source, struct place *place, struct loading *loading)
{
    char *at = place->at;
    size_t number = config_source_number_length(at);
    size_t name = config_source_name_length(at);
    if (*at == '"')
        skip_text(source, place, loading);
    else if (at[0] == '/' && at[1] == '*')
        skip_block_comment(source, place, loading);
    else if (*at == '#' || (at[0] == '/' && at[1] == '/'))
        advance(place, strcspn(at, "\n"));
    else if (strncmp(at, "@include", 8) == 0)
        disarm_include(place, loading);
    else if (number)
        add_number(source, at, loading);
    if (place->at == at && *at != '#')
        advance(place, number ? number : name ? name : 1);
}

void config_source_scan(struct config_source *source, char *text, struct loading *loading)
{
    *source = (struct config_source){.text = text};
    struct place place = {text, 1};
    while (*place.at && !loading->out_of_memory)
        scan_token(source, &place, loading);
}

void config_source_free(struct config_source *source)
{
    free(source->numbers);
    *source = (struct config_source){0};
}
