/*
 * utf8: text from outside, character by character. Pure, no locale.
 */
#ifndef FLEXSYNC_UTF8_H
#define FLEXSYNC_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT      0xFFFD /* stands for what is no character */
#define UTF8_REPLACEMENT_TEXT "\xEF\xBF\xBD"

/*
 * The character that begins at `text`, which is not at its NUL. Returns its bytes, 1 to 4. A byte that begins
 * none (no UTF-8, an overlong form, a surrogate) is one of UTF8_REPLACEMENT, 1 byte long.
 */
size_t utf8_next(const char *text, uint32_t *ret);

/* Bytes of the byte order mark that the text begins with: 3 or 0. */
size_t utf8_bom(const char *text, size_t length);

#endif
