/*
 * format (of export alone): the table of functions that each format is.
 */
#ifndef FLEXSYNC_EXPORT_FORMAT_H
#define FLEXSYNC_EXPORT_FORMAT_H

#include "flexsync/buffer.h"
#include "flexsync/export.h"
#include "flexsync/outfile.h"

#include <stdio.h>

/* Bytes of what one contact becomes: twice the largest answer. */
#define EXPORT_TEXT_LIMIT (64 * 1024 * 1024)

struct export
{
    struct export_options options;
    struct outfile *file;
    FILE *out;             /* of `file` */
    struct buffer scratch; /* for the format; limit EXPORT_TEXT_LIMIT */
    void *state;           /* the format's own */
    int64_t rows, shortened;
};

struct export_format {
    const char *name;   /* and the ending of its files */
    const char *people; /* for messages: "an Excel file" */
    const char *const
        *own;     /* the columns that it needs, ended by NULL, and no others; NULL: those asked for */
    bool active;  /* only the Active, unless all are asked for */
    bool by_name; /* a library writes the file, and it is nothing for a terminal */
    int (*begin)(struct export *export, struct error *err); /* any of these two may be NULL */
    int (*end)(struct export *export, struct error *err);
    int (*row)(struct export *export, const struct value *values, struct error *err);
    void (*abandon)(struct export *export); /* frees `state`, also after end(); or NULL */
};

extern const struct export_format export_csv, export_jsonl, export_xlsx, export_vcf;

/* Appends a value that is no text, or nothing for NULL, as it is written everywhere; errors as
 * buffer_append(). */
int export_append_number(struct buffer *out, const struct value *value);

#endif
