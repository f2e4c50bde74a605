#define _XOPEN_SOURCE 700 /* wcwidth */
#include "render.h"

#include "flexsync/clock.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#define FACT_INDENT     12
#define FACT_WIDTH      80
#define FACT_WIDTH_MOST 120 /* longer lines are hard to read */
#define SENTENCE_INDENT 2

void render_cell(FILE *out, const char *text, int width)
{
    mbstate_t state = {0};
    int used = 0;
    const char *p = text ? text : "";
    while (*p) {
        wchar_t c = L' ';
        size_t length = mbrtowc(&c, p, MB_CUR_MAX, &state);
        if (length == (size_t)-1 || length == (size_t)-2) {
            memset(&state, 0, sizeof state);
            length = 1;
            c = L'?';
        }
        int columns = wcwidth(c);
        bool plain = columns >= 0 && c != L'?';
        if (columns < 0)
            columns = 1;
        if (width && used + columns > width)
            break;
        if (plain)
            (void)fwrite(p, 1, length, out);
        else
            (void)fputc(c == L'?' ? '?' : ' ', out);
        used += columns;
        p += length;
    }
    while (used++ < width)
        (void)fputc(' ', out);
}

/* Characters, which the texts of this program are as wide as. */
static int columns_of(const char *text, size_t length)
{
    int columns = 0;
    for (size_t i = 0; i < length; i++)
        columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    return columns;
}

/* Bytes that stay on one line: a word; a number with its unit. */
static size_t chunk_length(const char *text)
{
    size_t length = strcspn(text, " ");
    while (length > 0 && text[length] && isdigit((unsigned char)text[length - 1]))
        length += 1 + strcspn(text + length + 1, " ");
    return length;
}

int render_fact_width(void)
{
    int width = isatty(STDOUT_FILENO) ? render_width() : FACT_WIDTH;
    return width < FACT_WIDTH_MOST ? width : FACT_WIDTH_MOST;
}

const char *render_tone_begin(enum render_tone tone)
{
    static const char *const colours[RENDER_TONES] = {[RENDER_PLAIN] = "",
                                                      [RENDER_GOOD] = "\033[32m",
                                                      [RENDER_WARN] = "\033[33m",
                                                      [RENDER_BAD] = "\033[1;31m"};
    return render_colour() ? colours[tone] : "";
}

const char *render_tone_end(enum render_tone tone)
{
    return render_colour() && tone != RENDER_PLAIN ? "\033[0m" : "";
}

/* How words are put into lines. */
struct wrap {
    int used;   /* columns that are taken in the first line */
    int indent; /* and left free in the others */
    int width;
    enum render_tone tone; /* of what stands before the first ; or ( */
};

/* A word; at `head`, within it or at its end, the tone ends. */
static void put_word(FILE *out, enum render_tone tone, const char *word, size_t length, const char *head)
{
    size_t toned = 0;
    if (head > word && (size_t)(head - word) <= length) {
        toned = (size_t)(head - word);
        (void)fwrite(word, 1, toned, out);
        (void)fputs(render_tone_end(tone), out);
    }
    (void)fwrite(word + toned, 1, length - toned, out);
}

static void put_words(FILE *out, const char *text, const struct wrap *wrap)
{
    const char *word = text, *head = text + strcspn(text, ";(");
    int used = wrap->used;
    (void)fputs(head > text ? render_tone_begin(wrap->tone) : "", out);
    for (bool first = true; *word; first = false) {
        size_t length = chunk_length(word);
        int columns = columns_of(word, length);
        if (!first && used + 1 + columns > wrap->width) {
            (void)fprintf(out, "\n%*s", wrap->indent, "");
            used = wrap->indent;
        } else if (!first) {
            (void)fputc(' ', out);
            used++;
        }
        put_word(out, wrap->tone, word, length, head);
        used += columns;
        word += length + (word[length] == ' ');
    }
    (void)fputc('\n', out);
}

void render_label(FILE *out, const char *label)
{
    (void)fprintf(out, "%-*s", FACT_INDENT, label);
}

static void put_fact(FILE *out, enum render_tone tone, const char *label, const char *text)
{
    const struct wrap wrap = {
        .used = FACT_INDENT, .indent = FACT_INDENT, .width = render_fact_width(), .tone = tone};
    render_label(out, label);
    put_words(out, text, &wrap);
}

static void format_fact(char text[static RENDER_TEXT_MAX], const char *format, va_list args)
{
    (void)vsnprintf(text, RENDER_TEXT_MAX, format, args);
    text_drop_half(text);
}

void render_fact(FILE *out, const char *label, const char *format, ...)
{
    char text[RENDER_TEXT_MAX];
    va_list args;
    va_start(args, format);
    format_fact(text, format, args);
    va_end(args);
    put_fact(out, RENDER_PLAIN, label, text);
}

void render_fact_tone(FILE *out, enum render_tone tone, const char *label, const char *format, ...)
{
    char text[RENDER_TEXT_MAX];
    va_list args;
    va_start(args, format);
    format_fact(text, format, args);
    va_end(args);
    put_fact(out, tone, label, text);
}

void render_text(FILE *out, const char *label, const char *text)
{
    put_fact(out, RENDER_PLAIN, label, text);
}

void render_sentence(FILE *out, int used, const char *text)
{
    if (isatty(fileno(out)))
        put_words(out, text,
                  &(struct wrap){.used = used, .indent = used ? used : SENTENCE_INDENT, .width = FACT_WIDTH});
    else
        (void)fprintf(out, "%s\n", text);
}

char *render_when(char text[static TEXT_MAX], int64_t wall, int64_t now)
{
    if (wall - now >= 2 * USEC_PER_DAY)
        return text_format_day(text, wall, now);
    return text_format_local(text, wall, now);
}

void render_value(FILE *out, const struct value *value)
{
    switch (value->type) {
    case VALUE_NULL:
        break;
    case VALUE_TEXT:
        render_cell(out, value->text, 0);
        break;
    case VALUE_INTEGER:
        (void)fprintf(out, "%" PRId64, value->integer);
        break;
    case VALUE_REAL:
        (void)fputs(text_format_real((char[TEXT_MAX]){""}, value->real), out);
        break;
    }
}

json_t *render_json_text(const char *text)
{
    return text ? json_string(text) : json_null();
}

json_t *render_json_value(const struct value *value)
{
    switch (value->type) {
    case VALUE_NULL:
        return json_null();
    case VALUE_TEXT:
        return json_string(value->text);
    case VALUE_INTEGER:
        return json_integer(value->integer);
    case VALUE_REAL:
        return json_real(value->real);
    }
    return NULL;
}

json_t *render_json_count(int64_t count)
{
    return count == SYNC_UNKNOWN ? json_null() : json_integer(count);
}

json_t *render_json_time(int64_t wall)
{
    char text[TEXT_MAX];
    return wall ? json_string(text_format_utc(text, wall)) : json_null();
}

json_t *render_json_cycle(const struct sync_row *row)
{
    const struct sync_counts *c = &row->counts;
    const struct fetch_stats *f = &row->cost;
    return json_pack(
        "{s:I, s:s?, s:s, s:s?, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o,"
        " s:o, s:o, s:o, s:s?}",
        "id", (json_int_t)row->id, "entity", row->entity, "trigger", sync_trigger_names[row->trigger],
        "strategy", row->strategy, "status", sync_status_names[row->status], "sync_started_at",
        render_json_time(row->started_at), "sync_completed_at", render_json_time(row->completed_at),
        "records_listed", render_json_count(c->listed), "records_expected", render_json_count(c->expected),
        "records_fetched", render_json_count(c->fetched), "records_inserted", render_json_count(c->inserted),
        "records_updated", render_json_count(c->updated), "records_unchanged",
        render_json_count(c->unchanged), "records_deleted", render_json_count(c->deleted), "records_failed",
        render_json_count(c->failed), "records_denied", render_json_count(c->denied), "requests",
        render_json_count(f->requests), "retries", render_json_count(f->retries), "throttled",
        render_json_count(f->throttled), "bytes", render_json_count(f->bytes), "waited_ms",
        render_json_count(f->waited_ms), "resumes_at", render_json_time(row->resumes_at), "exit_status",
        render_json_count(row->exit_status), "error_message",
        row->error_message[0] ? row->error_message : NULL);
}

int render_json(FILE *out, json_t *object)
{
    int r = object ? json_dumpf(object, out, JSON_INDENT(2)) : -1;
    json_decref(object);
    return r < 0 || fputc('\n', out) == EOF ? -1 : 0;
}
