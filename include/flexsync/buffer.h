/*
 * buffer: bytes that grow, up to a cap.
 *
 * Everything that a stranger can make long goes through one of these. The bytes are always followed by a NUL
 * that is not counted, so `data` can be read as a string wherever the bytes have none of their own.
 */
#ifndef FLEXSYNC_BUFFER_H
#define FLEXSYNC_BUFFER_H

#include <stddef.h>

struct buffer {
    char *data; /* owned; NULL until the first byte */
    size_t length;
    size_t capacity;
    size_t limit; /* bytes at the most */
};

/* An empty buffer of at most `limit` bytes. Allocates nothing. */
void buffer_init(struct buffer *buffer, size_t limit);

/* Appends; -EFBIG past the limit, -ENOMEM without memory, the buffer unchanged in both cases. */
int buffer_append(struct buffer *buffer, const void *bytes, size_t length);

/* Appends a NUL-terminated string; errors as buffer_append(). */
int buffer_append_text(struct buffer *buffer, const char *text);

/* Appends formatted text; errors as buffer_append(). */
int buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Forgets the bytes and keeps the memory for the next use. */
void buffer_clear(struct buffer *buffer);

/* Releases the memory; the buffer is empty and usable afterwards. */
void buffer_free(struct buffer *buffer);

/* The bytes as a string that the caller frees; the buffer is empty afterwards. NULL without memory. */
char *buffer_take(struct buffer *buffer);

#endif
