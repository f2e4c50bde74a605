#include "flexsync/buffer.h"

#include "flexsync/cleanup.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_FIRST_CAPACITY 256

void buffer_init(struct buffer *buffer, size_t limit)
{
    *buffer = (struct buffer){.limit = limit < SIZE_MAX / 2 ? limit : SIZE_MAX / 2};
}

/* Makes room for `length` more bytes and the NUL. */
static int reserve(struct buffer *buffer, size_t length)
{
    if (length > buffer->limit - buffer->length)
        return -EFBIG;
    size_t needed = buffer->length + length + 1;
    if (needed <= buffer->capacity)
        return 0;
    size_t capacity = buffer->capacity ? buffer->capacity * 2 : BUFFER_FIRST_CAPACITY;
    if (capacity > buffer->limit + 1)
        capacity = buffer->limit + 1;
    if (capacity < needed)
        capacity = needed;
    char *data = realloc(buffer->data, capacity);
    if (!data)
        return -ENOMEM;
    buffer->data = data;
    buffer->capacity = capacity;
    return 0;
}

int buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
    int r = reserve(buffer, length);
    if (r < 0)
        return r;
    if (length)
        memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
    return 0;
}

int buffer_append_text(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, text, strlen(text));
}

int buffer_printf(struct buffer *buffer, const char *format, ...)
{
    CLEANUP_FREE char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0) {
        text = NULL;
        return -ENOMEM;
    }
    return buffer_append(buffer, text, (size_t)length);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->length = 0;
    if (buffer->data)
        buffer->data[0] = '\0';
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer, buffer->limit);
}

char *buffer_take(struct buffer *buffer)
{
    if (buffer_append(buffer, "", 0) < 0)
        return NULL;
    char *data = buffer->data;
    buffer_init(buffer, buffer->limit);
    return data;
}
