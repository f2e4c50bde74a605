/* CSV as RFC 4180 has it, safe to open in a spreadsheet. */
#include "format.h"

#include <ctype.h>
#include <string.h>

#define FORMULA_BEGINS "=+-@\t\r"
#define QUOTED         "\",;\t\r\n" /* the semicolon and the tab are separators to some readers */
#define PHONE_DIGITS   5            /* with fewer, a plus is more likely the beginning of a sum */
#define PHONE_MAX      24           /* characters */

/* "-12.50", "+3", "1e9": it stays the number that it is. */
static bool is_number(const char *text)
{
    text += *text == '-' || *text == '+';
    size_t whole = strspn(text, "0123456789");
    text += whole;
    size_t part = *text == '.' ? strspn(text + 1, "0123456789") : 0;
    text += part ? part + 1 : 0;
    if (whole && (*text == 'e' || *text == 'E')) {
        const char *power = text + 1 + (text[1] == '-' || text[1] == '+');
        if (isdigit((unsigned char)*power))
            text = power + strspn(power, "0123456789");
    }
    return (whole || part) && !*text;
}

/* "+41 (44) 555 01-01": a plus and digits, with nothing in it that a formula could call or refer to. */
static bool is_phone(const char *text)
{
    size_t digits = 0;
    const char *p = text + 1;
    if (*text != '+')
        return false;
    for (; *p && strchr("0123456789 ().-/", *p); p++)
        digits += isdigit((unsigned char)*p) != 0;
    return !*p && digits >= PHONE_DIGITS && p - text <= PHONE_MAX;
}

static bool looks_like_formula(const char *text)
{
    return *text && strchr(FORMULA_BEGINS, *text) && !is_number(text) && !is_phone(text);
}

/* A space at an end would be lost in some readers; an empty text would be taken for none. */
static bool needs_quotes(const char *text)
{
    size_t length = strlen(text);
    return length == 0 || text[0] == ' ' || text[length - 1] == ' ' || strpbrk(text, QUOTED);
}

static int append_text(struct buffer *out, const char *text, bool raw)
{
    bool guarded = !raw && looks_like_formula(text);
    if (!needs_quotes(text))
        return guarded && buffer_append_text(out, "'") < 0 ? -1 : buffer_append_text(out, text);
    int r = buffer_append_text(out, guarded ? "\"'" : "\"");
    while (r == 0 && *text) {
        size_t plain = strcspn(text, "\"");
        r = buffer_append(out, text, plain);
        text += plain;
        if (r == 0 && *text++)
            r = buffer_append_text(out, "\"\"");
        else
            break;
    }
    return r < 0 ? r : buffer_append_text(out, "\"");
}

/* A line with nothing in it would be no row, so that a lone NULL has quotes. */
static int append_value(const struct export *export, struct buffer *out, const struct value *value,
                        enum export_kind kind)
{
    char zoned[EXPORT_ZONED_MAX];
    if (value->type == VALUE_TEXT)
        return append_text(out, kind == EXPORT_TIME ? export_zoned(zoned, value->text) : value->text,
                           export->options.raw);
    if (value->type == VALUE_NULL && export->options.columns->count == 1)
        return buffer_append_text(out, "\"\"");
    return export_append_number(out, value);
}

static int write_line(struct export *export, const struct value *values, struct error *err)
{
    const struct export_columns *columns = export->options.columns;
    struct buffer *line = &export->scratch;
    buffer_clear(line);
    for (size_t i = 0; i < columns->count; i++)
        if ((i && buffer_append_text(line, ",") < 0) ||
            append_value(export, line, &values[i], columns->columns[i].kind) < 0)
            return error_memory(err);
    if (buffer_append_text(line, "\r\n") < 0)
        return error_memory(err);
    return fwrite(line->data, 1, line->length, export->out) == line->length
               ? 0
               : outfile_failed(export->file, err);
}

static int begin(struct export *export, struct error *err)
{
    struct value names[EXPORT_COLUMNS_MAX];
    const struct export_columns *columns = export->options.columns;
    for (size_t i = 0; i < columns->count; i++)
        names[i] = (struct value){.type = VALUE_TEXT, .text = (char *)(uintptr_t)columns->names[i]};
    return write_line(export, names, err);
}

const struct export_format export_csv = {
    .name = "csv", .people = "a CSV file", .begin = begin, .row = write_line};
