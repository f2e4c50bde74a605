/*
 * A growing byte buffer. Failure to allocate is sticky: everything may be written without looking, and
 * `failed` says at the end whether the whole is there.
 */
#ifndef FLEXSIM_BUF_H
#define FLEXSIM_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data; /* not terminated */
    size_t len, cap;
    bool failed;
};

void buf_add(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
void buf_int(struct buf *b, int64_t value);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A JSON string, or null for NULL. Bytes from 0x80 up go through as they are, as Jackson does it. */
void buf_json(struct buf *b, const char *text);
void buf_bool(struct buf *b, bool value);

/* The text as a C string, owned by the caller; NULL where an allocation failed. Empties the buffer. */
char *buf_take(struct buf *b);
void buf_free(struct buf *b);

/* A whole decimal number within bounds and nothing else. */
bool parse_int(const char *text, int64_t min, int64_t max, int64_t *ret);
bool parse_double(const char *text, double min, double max, double *ret);

/* 1699 -> "1,699" */
void format_thousands(int64_t value, char ret[static 32]);

/* The whole file, up to `max` bytes, added to the buffer; 0 or a negative errno. */
int buf_read_file(struct buf *b, const char *path, size_t max);

#endif
