#include "flexsync/utf8.h"

#include <stdbool.h>
#include <string.h>

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

/* What a first byte announces: bytes that follow, its own bits, and the least value that needs so many. */
struct lead {
    unsigned char mask, mark;
    size_t more;
    uint32_t least;
};

static const struct lead leads[] = {
    {0x80, 0x00, 0, 0}, {0xe0, 0xc0, 1, 0x80}, {0xf0, 0xe0, 2, 0x800}, {0xf8, 0xf0, 3, 0x10000}};

static bool is_character(uint32_t value)
{
    return value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
}

size_t utf8_next(const char *text, uint32_t *ret)
{
    const unsigned char *p = (const unsigned char *)text;
    *ret = UTF8_REPLACEMENT;
    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
        const struct lead *lead = &leads[i];
        if ((p[0] & lead->mask) != lead->mark)
            continue;
        uint32_t value = p[0] & (uint32_t)(unsigned char)~lead->mask;
        for (size_t n = 1; n <= lead->more; n++) {
            if ((p[n] & 0xc0) != 0x80)
                return 1;
            value = value << 6 | (p[n] & 0x3fU);
        }
        if (value < lead->least || !is_character(value))
            return 1;
        *ret = value;
        return lead->more + 1;
    }
    return 1;
}

size_t utf8_bom(const char *text, size_t length)
{
    size_t mark = sizeof BYTE_ORDER_MARK - 1;
    return length >= mark && memcmp(text, BYTE_ORDER_MARK, mark) == 0 ? mark : 0;
}
