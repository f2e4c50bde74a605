/*
 * export: contacts as files that other programs open, one format a table of functions.
 *
 * Rows go in one after the other, so that memory does not grow with them, and the file appears as a whole or
 * not at all (outfile). What a format cannot hold is never a broken file: it is put right and counted, or it
 * is an error.
 *
 * Points in time are UTC, and say so: a Z behind them in csv and jsonl, "(UTC)" in the heading in xlsx. Days
 * have no zone.
 *
 *   csv    RFC 4180: UTF-8, CRLF, a line of names. NULL is an empty cell, an empty text is "". A text that a
 *          spreadsheet would take for a formula gets a ' in front, unless `raw`; plain numbers and phone
 *          numbers do not.
 *   jsonl  one object a line, in the order of the columns; flex_data as the object it is.
 *   xlsx   Excel: dates as dates, digits that are no number as text, further sheets past the row limit. Lines
 *          end with LF in a cell, other control characters are spaces.
 *   vcf    vCard 4.0 (RFC 6350), one card a contact, with all mails, phones and addresses.
 */
#ifndef FLEXSYNC_EXPORT_H
#define FLEXSYNC_EXPORT_H

#include "flexsync/error.h"
#include "flexsync/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT_COLUMNS_MAX (ENTITY_COLUMNS_MAX + 8)
#define EXPORT_SHEET_ROWS  1048576 /* Excel's own limit, the line of names included */

#define EXPORT_ZONED_MAX 64 /* bytes of a time with its Z; longer ones are no times */

/* What the texts of a column mean to a spreadsheet. */
enum export_kind {
    EXPORT_TEXT,
    EXPORT_DIGITS, /* a phone number, a barcode: never a number */
    EXPORT_FLAG,   /* 0 or 1 */
    EXPORT_NUMBER,
    EXPORT_DAY,  /* has no zone */
    EXPORT_TIME, /* UTC, unless it says another zone */
    EXPORT_JSON,
};

struct export_column {
    const char *name; /* of the table */
    enum export_kind kind;
    unsigned width; /* characters, in a spreadsheet */
};

struct export_columns {
    struct export_column columns[EXPORT_COLUMNS_MAX];
    const char *names[EXPORT_COLUMNS_MAX]; /* the same ones, for read_rows() */
    size_t count;
};

struct export_format;

/* The format of that name, or that the ending of a file's name says; ERROR_USAGE where there is none. */
const struct export_format *export_format(const char *name, struct error *err);
const struct export_format *export_format_of_file(const char *path, struct error *err);

/* Is it a column of points in time, Flex's or our own, of EXPORT_TIME? */
bool export_is_time(const char *name);

/* A time as people and programs read it elsewhere: one without a zone is UTC, and gets a Z behind. What has a
 * zone, and what is no time, stays as it is. */
const char *export_zoned(char zoned[static EXPORT_ZONED_MAX], const char *text);

/* Are only the Active meant, unless somebody asks for all? */
bool export_active_only(const struct export_format *format);

/*
 * The columns that "name,email" stands for, in that order. NULL: all but flex_data, those that people look at
 * first; for a format that has columns of its own, these. ERROR_USAGE for an unknown one, one named twice, or
 * any where the format has its own.
 */
int export_columns(struct export_columns *ret, const struct export_format *format, const char *list,
                   struct error *err);

struct export_options {
    const struct export_format *format;
    const char *path;                     /* NULL or "-": the standard output */
    const struct export_columns *columns; /* must outlive the export */
    bool raw;                             /* csv: guard no formula */
    unsigned sheet_rows;                  /* xlsx: 2 or more; 0: EXPORT_SHEET_ROWS */
};

struct export;

/*
 * Opens the file and writes what stands before the rows. ERROR_USAGE when the target is a folder, or a
 * terminal that the format is not for; ERROR_CREATE when it cannot be made. Free with export_free().
 */
int export_begin(struct export **ret, const struct export_options *options, struct error *err);

/* Values in the order of the columns. ERROR_STORE, ERROR_STORE_FULL when they cannot be written. */
int export_row(struct export *export, const struct value *values, struct error *err);

/* Ends the file and puts it in its place; errors as export_row(), with the target as it was. */
int export_end(struct export *export, struct error *err);

/* Rows written, and texts that had to be shortened because the format has no room for them. */
int64_t export_rows(const struct export *export);
int64_t export_shortened(const struct export *export);

/* Without export_end() nothing remains of the file. NULL is allowed; returns NULL. */
struct export *export_free(struct export *export);

#endif
