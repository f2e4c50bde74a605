#include "buf.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool buf_reserve(struct buf *b, size_t more)
{
    if (b->failed)
        return false;
    if (b->cap - b->len >= more)
        return true;
    size_t cap = b->cap ? b->cap : 256;
    while (cap - b->len < more) {
        if (cap > SIZE_MAX / 2) {
            b->failed = true;
            return false;
        }
        cap *= 2;
    }
    char *data = realloc(b->data, cap);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
    if (!len || !buf_reserve(b, len))
        return;
    memcpy(b->data + b->len, data, len);
    b->len += len;
}

void buf_puts(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_int(struct buf *b, int64_t value)
{
    buf_printf(b, "%lld", (long long)value);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    char small[512];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(small, sizeof(small), format, args);
    if (n < 0) {
        b->failed = true;
    } else if ((size_t)n < sizeof(small)) {
        buf_add(b, small, (size_t)n);
    } else if (buf_reserve(b, (size_t)n + 1)) {
        (void)vsnprintf(b->data + b->len, (size_t)n + 1, format, again);
        b->len += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

static void json_escape(struct buf *b, unsigned char c)
{
    switch (c) {
    case '"':
        buf_puts(b, "\\\"");
        return;
    case '\\':
        buf_puts(b, "\\\\");
        return;
    case '\n':
        buf_puts(b, "\\n");
        return;
    case '\r':
        buf_puts(b, "\\r");
        return;
    case '\t':
        buf_puts(b, "\\t");
        return;
    }
    buf_printf(b, "\\u%04X", c);
}

void buf_json(struct buf *b, const char *text)
{
    if (!text) {
        buf_puts(b, "null");
        return;
    }
    buf_char(b, '"');
    const char *run = text;
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(b, run, (size_t)(p - run));
        json_escape(b, c);
        run = p + 1;
    }
    buf_puts(b, run);
    buf_char(b, '"');
}

void buf_bool(struct buf *b, bool value)
{
    buf_puts(b, value ? "true" : "false");
}

char *buf_take(struct buf *b)
{
    buf_char(b, '\0');
    if (b->failed) {
        buf_free(b);
        return NULL;
    }
    char *text = b->data;
    *b = (struct buf){0};
    return text;
}

void buf_free(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}

bool parse_int(const char *text, int64_t min, int64_t max, int64_t *ret)
{
    const char *digits = *text == '-' ? text + 1 : text;
    if (*digits < '0' || *digits > '9')
        return false;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || *end || value < min || value > max)
        return false;
    *ret = value;
    return true;
}

bool parse_double(const char *text, double min, double max, double *ret)
{
    if (*text < '0' || *text > '9')
        return false;
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (errno || *end || !isfinite(value) || value < min || value > max)
        return false;
    *ret = value;
    return true;
}

void format_thousands(int64_t value, char ret[static 32])
{
    char plain[24];
    int n = snprintf(plain, sizeof(plain), "%lld", (long long)value);
    int first = plain[0] == '-';
    char *out = ret;
    for (int i = 0; i < n; i++) {
        if (i > first && (n - i) % 3 == 0)
            *out++ = ',';
        *out++ = plain[i];
    }
    *out = '\0';
}

int buf_read_file(struct buf *b, const char *path, size_t max)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return -errno;
    int error = 0;
    char part[16384];
    size_t n, total = 0;
    errno = 0;
    while ((n = fread(part, 1, sizeof(part), file)) > 0) {
        total += n;
        if (total > max) {
            error = -EFBIG;
            break;
        }
        buf_add(b, part, n);
    }
    if (!error && ferror(file))
        error = errno ? -errno : -EIO;
    if (!error && b->failed)
        error = -ENOMEM;
    (void)fclose(file);
    return error;
}
