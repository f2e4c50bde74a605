/* JSON lines: one object a line. */
#include "flexsync/flexdata.h"
#include "flexsync/utf8.h"
#include "format.h"

#include <math.h>
#include <string.h>

static int append_escaped(struct buffer *out, uint32_t c, const char *bytes, size_t length)
{
    static const char names[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    if (c == '"' || c == '\\')
        return buffer_printf(out, "\\%c", (int)c);
    if (c < sizeof names && names[c])
        return buffer_printf(out, "\\%c", names[c]);
    if (c < ' ' || c == 0x7f)
        return buffer_printf(out, "\\u%04x", (unsigned)c);
    if (c == UTF8_REPLACEMENT) /* it may stand for a byte that is no UTF-8 */
        return buffer_append_text(out, UTF8_REPLACEMENT_TEXT);
    return buffer_append(out, bytes, length);
}

static int append_string(struct buffer *out, const char *text)
{
    int r = buffer_append_text(out, "\"");
    while (r == 0 && *text) {
        uint32_t c;
        size_t length = utf8_next(text, &c);
        r = append_escaped(out, c, text, length);
        text += length;
    }
    return r < 0 ? r : buffer_append_text(out, "\"");
}

/* A whole JSON text as it is: no digit is lost. What is no JSON is a string. */
static int append_json(struct buffer *out, const char *text)
{
    int r = flexdata_append(out, text);
    return r == 0 ? append_string(out, text) : r;
}

static int append_value(struct buffer *out, const struct value *value, enum export_kind kind)
{
    char zoned[EXPORT_ZONED_MAX];
    if (value->type == VALUE_TEXT && kind == EXPORT_JSON)
        return append_json(out, value->text);
    if (value->type == VALUE_TEXT)
        return append_string(out, kind == EXPORT_TIME ? export_zoned(zoned, value->text) : value->text);
    if (value->type == VALUE_NULL || (value->type == VALUE_REAL && !isfinite(value->real)))
        return buffer_append_text(out, "null");
    return export_append_number(out, value);
}

static int row(struct export *export, const struct value *values, struct error *err)
{
    const struct export_columns *columns = export->options.columns;
    struct buffer *line = &export->scratch;
    buffer_clear(line);
    for (size_t i = 0; i < columns->count; i++)
        if (buffer_printf(line, "%s\"%s\":", i ? "," : "{", columns->names[i]) < 0 ||
            append_value(line, &values[i], columns->columns[i].kind) < 0)
            return error_memory(err);
    if (buffer_append_text(line, "}\n") < 0)
        return error_memory(err);
    return fwrite(line->data, 1, line->length, export->out) == line->length
               ? 0
               : outfile_failed(export->file, err);
}

const struct export_format export_jsonl = {.name = "jsonl", .people = "a file of JSON lines", .row = row};
