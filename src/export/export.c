#include "flexsync/export.h"

#include "flexsync/cleanup.h"
#include "flexsync/suggest.h"
#include "flexsync/text.h"
#include "format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct export_format *const formats[] = {&export_csv, &export_jsonl, &export_xlsx, &export_vcf};

#define FORMAT_NAMES "csv, jsonl, xlsx or vcf"

const struct export_format *export_format(const char *name, struct error *err)
{
    char meant[SUGGEST_TEXT_MAX];
    struct suggest suggest = {.name = name};
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++) {
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
        suggest_try(&suggest, formats[i]->name);
    }
    (void)error_set(err, ERROR_USAGE, RETRY_NEVER,
                    "there is no format \"%.40s\"%s (--format " FORMAT_NAMES ")", name,
                    suggest_text(meant, &suggest));
    return NULL;
}

const struct export_format *export_format_of_file(const char *path, struct error *err)
{
    const char *name = strrchr(path, '/');
    const char *dot = strrchr(name ? name : path, '.');
    for (size_t i = 0; dot && i < ARRAY_LENGTH(formats); i++)
        if (strcasecmp(formats[i]->name, dot + 1) == 0)
            return formats[i];
    (void)error_set(
        err, ERROR_USAGE, RETRY_NEVER,
        "the name %.200s does not say which format is meant; let it end in .csv, .jsonl, .xlsx or "
        ".vcf, or add --format " FORMAT_NAMES,
        path);
    return NULL;
}

bool export_active_only(const struct export_format *format)
{
    return format->active;
}

int export_append_number(struct buffer *out, const struct value *value)
{
    char text[TEXT_MAX];
    switch (value->type) {
    case VALUE_INTEGER:
        return buffer_printf(out, "%" PRId64, value->integer);
    case VALUE_REAL:
        return buffer_append_text(out, text_format_real(text, value->real));
    case VALUE_NULL:
    case VALUE_TEXT:
        break;
    }
    return 0;
}

static int open_file(struct export *export, struct error *err)
{
    const struct export_format *format = export->options.format;
    const char *path = export->options.path;
    if (format->by_name && (!path || strcmp(path, "-") == 0) && isatty(STDOUT_FILENO))
        return error_set(err, ERROR_USAGE, RETRY_NEVER,
                         "%s is nothing for a terminal; name a file: flexsync export -o contacts.%s",
                         format->people, format->name);
    if (outfile_open(&export->file, path, format->by_name, err) < 0)
        return -1;
    export->out = outfile_stream(export->file);
    return format->begin ? format->begin(export, err) : 0;
}

int export_begin(struct export **ret, const struct export_options *options, struct error *err)
{
    struct export *export = calloc(1, sizeof *export);
    if (!export)
        return error_memory(err);
    export->options = *options;
    buffer_init(&export->scratch, EXPORT_TEXT_LIMIT);
    if (open_file(export, err) < 0) {
        (void)export_free(export);
        return -1;
    }
    *ret = export;
    return 0;
}

int export_row(struct export *export, const struct value *values, struct error *err)
{
    if (export->options.format->row(export, values, err) < 0)
        return -1;
    export->rows++;
    return 0;
}

int export_end(struct export *export, struct error *err)
{
    const struct export_format *format = export->options.format;
    if (format->end && format->end(export, err) < 0)
        return -1;
    return outfile_commit(export->file, err);
}

int64_t export_rows(const struct export *export)
{
    return export->rows;
}

int64_t export_shortened(const struct export *export)
{
    return export->shortened;
}

struct export *export_free(struct export *export)
{
    if (!export)
        return NULL;
    if (export->options.format->abandon)
        export->options.format->abandon(export);
    buffer_free(&export->scratch);
    (void)outfile_free(export->file);
    free(export);
    return NULL;
}
