#define _XOPEN_SOURCE 700 /* wcwidth */
#include "render.h"

#include "flexsync/clock.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define FACT_INDENT 12
#define FACT_WIDTH  80
#define WIDTH_LEAST  40
#define WIDTH_USUAL  79
#define NUMBER_WIDTH 6

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

void render_fact(FILE *out, const char *label, const char *format, ...)
{
    char text[RENDER_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text_drop_half(text);
    (void)fprintf(out, "%-*s", FACT_INDENT, label);
    int used = FACT_INDENT;
    const char *word = text;
    for (bool first = true; *word; first = false) {
        size_t length = chunk_length(word);
        int columns = columns_of(word, length);
        if (!first && used + 1 + columns > FACT_WIDTH) {
            (void)fprintf(out, "\n%*s", FACT_INDENT, "");
            used = FACT_INDENT;
        } else if (!first) {
            (void)fputc(' ', out);
            used++;
        }
        (void)fwrite(word, 1, length, out);
        used += columns;
        word += length + (word[length] == ' ');
    }
    (void)fputc('\n', out);
}

char *render_when(char text[static TEXT_MAX], int64_t wall, int64_t now)
{
    if (wall - now >= 2 * USEC_PER_DAY)
        return text_format_day(text, wall, now);
    return text_format_local(text, wall, now);
}

void render_value(FILE *out, const struct value *value)
{
    char number[TEXT_MAX];
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
        (void)fputs(text_format_real(number, value->real), out);
        break;
    }
}

int render_width(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO))
        return RENDER_WIDE;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < WIDTH_LEAST)
        return WIDTH_USUAL;
    return size.ws_col - 1;
}

bool render_colour(void)
{
    const char *no = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(no && *no);
}

/* Some have no name but those of a person. */
static const char *name_of(char *buffer, size_t size, const struct read_contact *c)
{
    const char *first = c->first_name ? c->first_name : "", *last = c->last_name ? c->last_name : "";
    if (c->name && *c->name)
        return c->name;
    (void)snprintf(buffer, size, "%s%s%s", first, *first && *last ? " " : "", last);
    text_drop_half(buffer);
    return *buffer ? buffer : c->contact_id;
}

void render_contact(FILE *out, const struct read_contact *c, int width)
{
    char both[200];
    int rest = width - NUMBER_WIDTH - 8;
    int name = rest * 2 / 6, email = rest * 2 / 6, phone = rest / 6;
    (void)fprintf(out, "%*" PRId64 "  ", NUMBER_WIDTH, c->id);
    render_cell(out, name_of(both, sizeof both, c), name);
    (void)fputs("  ", out);
    render_cell(out, c->email, email);
    (void)fputs("  ", out);
    render_cell(out, c->phone, phone);
    (void)fputs("  ", out);
    render_cell(out,
                c->status && strcmp(c->status, "Inactive") == 0 ? "inactive"
                : c->whole                                      ? c->city
                                                                : "(waiting)",
                rest - name - email - phone);
    (void)fputc('\n', out);
}

json_t *render_json_contact(const struct read_contact *c)
{
    return json_pack("{s:I, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:b}", "id",
                     (json_int_t)c->id, "contact_id", c->contact_id, "name", c->name, "first_name",
                     c->first_name, "last_name", c->last_name, "contact_type", c->contact_type, "status",
                     c->status, "company", c->company, "email", c->email, "phone", c->phone, "city", c->city,
                     "updated_at", c->updated_at, "whole", c->whole);
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
        " s:o, s:s?}",
        "id", (json_int_t)row->id, "entity", row->entity, "trigger", sync_trigger_names[row->trigger],
        "strategy", row->strategy, "status", sync_status_names[row->status], "sync_started_at",
        render_json_time(row->started_at), "sync_completed_at", render_json_time(row->completed_at),
        "records_listed", render_json_count(c->listed), "records_expected", render_json_count(c->expected),
        "records_fetched", render_json_count(c->fetched), "records_inserted", render_json_count(c->inserted),
        "records_updated", render_json_count(c->updated), "records_unchanged",
        render_json_count(c->unchanged), "records_deleted", render_json_count(c->deleted), "records_failed",
        render_json_count(c->failed), "requests", render_json_count(f->requests), "retries",
        render_json_count(f->retries), "throttled", render_json_count(f->throttled), "bytes",
        render_json_count(f->bytes), "waited_ms", render_json_count(f->waited_ms), "resumes_at",
        render_json_time(row->resumes_at), "error_message",
        row->error_message[0] ? row->error_message : NULL);
}

int render_json(FILE *out, json_t *object)
{
    int r = object ? json_dumpf(object, out, JSON_INDENT(2)) : -1;
    json_decref(object);
    return r < 0 || fputc('\n', out) == EOF ? -1 : 0;
}
