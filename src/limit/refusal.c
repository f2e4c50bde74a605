/* What a 429 says. */
#include "flexsync/quota.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define NUMBER_MAX INT64_C(1000000000)
#define BODY_MAX   4096 /* bytes of a refusal that are looked at */

/* Bytes of what groups digits, where that stands at `text`: one of ",. '", an apostrophe, a space that does
 * not break. */
static size_t separator(const char *text)
{
    static const char *const spaces[] = {"\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x99", "\xe2\x80\x89"};
    if (*text && strchr(",. '", *text))
        return 1;
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
        if (strncmp(text, spaces[i], strlen(spaces[i])) == 0)
            return strlen(spaces[i]);
    return 0;
}

/* "2,000", "2 000", "2.000" -> 2000; 0 where there is no number. */
static int64_t read_number(const char *text)
{
    int64_t number = 0;
    while (isdigit((unsigned char)*text)) {
        if (number < NUMBER_MAX)
            number = number * 10 + (*text - '0');
        text++;
        size_t gap = separator(text);
        if (isdigit((unsigned char)text[gap]))
            text += gap;
    }
    return number;
}

/* The first word that names one: what stands behind it may be about when to come again. */
static bool read_window(const char *text, enum quota_window *ret)
{
    static const struct {
        const char *word;
        enum quota_window window;
    } words[] = {{"24 hours", QUOTA_DAY}, {"hour", QUOTA_HOUR}, {"30 days", QUOTA_MONTH},
                 {"month", QUOTA_MONTH},  {"day", QUOTA_DAY},   {"daily", QUOTA_DAY}};
    const char *first = NULL;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const char *found = strcasestr(text, words[i].word);
        if (!found || (first && first <= found))
            continue;
        first = found;
        *ret = words[i].window;
    }
    return first != NULL;
}

void quota_read_refusal(const char *body, size_t length, const struct quota_limits *limits,
                        struct quota_refusal *ret)
{
    char text[BODY_MAX];
    if (length > sizeof text - 1)
        length = sizeof text - 1;
    for (size_t i = 0; i < length; i++)
        text[i] = body[i] ? body[i] : ' ';
    text[length] = '\0';
    *ret = (struct quota_refusal){0};
    static const char before[] = "limit of ";
    const char *found = strcasestr(text, before);
    if (!found)
        return;
    found += sizeof before - 1;
    ret->limit = read_number(found);
    ret->named = read_window(found, &ret->window);
    for (int w = 0; w < QUOTA_WINDOWS && !ret->named; w++)
        if (ret->limit > 0 && ret->limit == limits->most[w]) {
            ret->named = true;
            ret->window = (enum quota_window)w;
        }
}
