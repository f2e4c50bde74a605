/*
 * export_bench: what the tests of export share: a folder of its own, columns by name, rows written to a file
 * and read back as bytes.
 */
#ifndef EXPORT_BENCH_H
#define EXPORT_BENCH_H

#include "flexsync/cleanup.h"
#include "flexsync/export.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct bench {
    char folder[64];
    char path[96];
    struct export_columns columns;
    struct export_options options;
    struct export *export;
    struct error err;
};

static inline int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    (void)snprintf(b->folder, sizeof b->folder, "/tmp/test_export.XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    (void)snprintf(b->path, sizeof b->path, "%s/out", b->folder);
    *state = b;
    return 0;
}

/* How many files are in the folder; they are removed. */
static inline int empty_folder(struct bench *b)
{
    int count = 0;
    DIR *d = opendir(b->folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.') {
            assert_int_equal(unlinkat(dirfd(d), e->d_name, 0), 0);
            count++;
        }
    assert_int_equal(closedir(d), 0);
    return count;
}

static inline int tear_down(void **state)
{
    struct bench *b = *state;
    b->export = export_free(b->export);
    (void)empty_folder(b);
    assert_int_equal(rmdir(b->folder), 0);
    free(b);
    return 0;
}

static inline void assert_done(const struct bench *b, int r)
{
    if (r < 0)
        fail_msg("failed: %s", b->err.text);
}

static inline void begin_export(struct bench *b, const char *format, const char *columns)
{
    b->options.format = export_format(format, &b->err);
    assert_non_null(b->options.format);
    assert_done(b, export_columns(&b->columns, b->options.format, columns, &b->err));
    b->options.columns = &b->columns;
    b->options.path = b->path;
    assert_done(b, export_begin(&b->export, &b->options, &b->err));
}

static inline void add_row(struct bench *b, const struct value *values)
{
    assert_done(b, export_row(b->export, values, &b->err));
}

/* The bytes of the file, with a NUL behind; the caller frees them. */
static inline char *read_file(const char *path, size_t *ret_length)
{
    struct stat s;
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    assert_int_equal(fstat(fileno(in), &s), 0);
    size_t length = (size_t)s.st_size;
    char *text = malloc(length + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, length, in), length);
    assert_int_equal(fclose(in), 0);
    text[length] = '\0';
    if (ret_length)
        *ret_length = length;
    return text;
}

static inline char *end_export(struct bench *b, size_t *ret_length)
{
    assert_done(b, export_end(b->export, &b->err));
    b->export = export_free(b->export);
    return read_file(b->path, ret_length);
}

static inline struct value text_value(const char *text)
{
    return text ? (struct value){.type = VALUE_TEXT, .text = (char *)(uintptr_t)text}
                : (struct value){.type = VALUE_NULL};
}

static inline struct value integer_value(int64_t number)
{
    return (struct value){.type = VALUE_INTEGER, .integer = number};
}

static inline struct value real_value(double number)
{
    return (struct value){.type = VALUE_REAL, .real = number};
}

/* Texts that trip whoever writes or reads files carelessly. */
static const char *const awkward[] = {
    "",
    " ",
    "plain",
    " spaces at both ends ",
    "comma, semicolon; tab\there",
    "\"quoted\"",
    "\"",
    "a\"b\"\"c",
    "two\nlines",
    "two\r\nlines",
    "a\rb",
    "\n",
    "back\\slash \\n \\, \\;",
    "Z\xC3\xBCrich \xE2\x80\x93 \xD0\x9C\xD0\xBE\xD1\x81\xD0\xBA\xD0\xB2\xD0\xB0 \xE6\x9D\xB1\xE4\xBA\xAC",
    "\xF0\x9F\x8E\xAD\xF0\x9F\x8E\xAA",
    "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D \xD9\x85\xD8\xB1\xD8\xAD\xD8\xA8\xD8\xA7",
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "'quote in front",
    "=cmd|' /C calc'!A0",
    "-",
    "+",
    "NULL",
    "null",
    "true",
    "0049301234",
    "1e5",
    "\x01\x1b[31m\x7f",
};

#endif
