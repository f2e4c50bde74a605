#include "flexsync/text.h"

#include "flexsync/cleanup.h"
#include "flexsync/clock.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DURATION_MAX (365 * 1000 * USEC_PER_DAY)
#define DAY_LENGTH   (sizeof "YYYY-MM-DD" - 1)

struct unit {
    const char *name;
    int64_t usec;
};

/* Largest first: text_format_duration() takes the first that divides evenly. */
static const struct unit units[] = {
    {"d", USEC_PER_DAY}, {"h", USEC_PER_HOUR},  {"min", USEC_PER_MIN},
    {"s", USEC_PER_SEC}, {"ms", USEC_PER_MSEC}, {"w", 7 * USEC_PER_DAY},
};
#define UNITS_WRITTEN 5 /* "w" is read, but never written */

int text_parse_duration(const char *text, int64_t *ret_usec)
{
    if (!isdigit((unsigned char)text[0]))
        return -EINVAL;
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno == ERANGE)
        return -ERANGE;
    while (*end == ' ')
        end++;
    for (size_t i = 0; i < ARRAY_LENGTH(units); i++) {
        if (strcmp(end, units[i].name) != 0)
            continue;
        if (number > DURATION_MAX / units[i].usec)
            return -ERANGE;
        *ret_usec = number * units[i].usec;
        return 0;
    }
    return -EINVAL;
}

char *text_format_duration(char buffer[static TEXT_MAX], int64_t usec)
{
    size_t i = 0;
    while (i + 1 < UNITS_WRITTEN && (usec == 0 ? strcmp(units[i].name, "s") != 0 : usec % units[i].usec != 0))
        i++;
    (void)snprintf(buffer, TEXT_MAX, "%" PRId64 "%s", usec / units[i].usec, units[i].name);
    return buffer;
}

char *text_format_span(char buffer[static TEXT_MAX], int64_t usec)
{
    int64_t s = usec < 0 ? 0 : usec / USEC_PER_SEC + (usec % USEC_PER_SEC >= USEC_PER_SEC / 2);
    int64_t min = s / 60, h = min / 60, d = h / 24;
    if (s < 60)
        (void)snprintf(buffer, TEXT_MAX, "%" PRId64 " s", s);
    else if (min < 60 && s % 60)
        (void)snprintf(buffer, TEXT_MAX, "%" PRId64 " min %" PRId64 " s", min, s % 60);
    else if (min < 60)
        (void)snprintf(buffer, TEXT_MAX, "%" PRId64 " min", min);
    else if (h < 24 && min % 60)
        (void)snprintf(buffer, TEXT_MAX, "%" PRId64 " h %" PRId64 " min", h, min % 60);
    else if (h < 24)
        (void)snprintf(buffer, TEXT_MAX, "%" PRId64 " h", h);
    else if (d < 7 && h % 24)
        (void)snprintf(buffer, TEXT_MAX, "%" PRId64 " d %" PRId64 " h", d, h % 24);
    else
        (void)snprintf(buffer, TEXT_MAX, "%" PRId64 " d", d);
    return buffer;
}

char *text_format_count(char buffer[static TEXT_MAX], int64_t number)
{
    char digits[TEXT_MAX];
    int length = snprintf(digits, sizeof digits, "%" PRId64, number);
    int sign = number < 0;
    size_t out = 0;
    for (int i = 0; i < length; i++) {
        if (i > sign && (length - i) % 3 == 0)
            buffer[out++] = ',';
        buffer[out++] = digits[i];
    }
    buffer[out] = '\0';
    return buffer;
}

char *text_format_size(char buffer[static TEXT_MAX], int64_t bytes)
{
    static const char *const names[] = {"B", "kB", "MB", "GB", "TB"};
    double size = (double)bytes;
    size_t i = 0;
    while (size >= 999.5 && i + 1 < ARRAY_LENGTH(names)) {
        size /= 1000;
        i++;
    }
    (void)snprintf(buffer, TEXT_MAX, i && size < 9.95 ? "%.1f %s" : "%.0f %s", size, names[i]);
    return buffer;
}

__attribute__((format(strftime, 2, 0))) static char *text_format_gmt(char buffer[static TEXT_MAX],
                                                                     const char *format, int64_t wall_usec)
{
    time_t seconds = (time_t)(wall_usec / USEC_PER_SEC);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm) || !strftime(buffer, TEXT_MAX, format, &tm))
        (void)snprintf(buffer, TEXT_MAX, "?");
    return buffer;
}

char *text_format_utc(char buffer[static TEXT_MAX], int64_t wall_usec)
{
    return text_format_gmt(buffer, "%Y-%m-%d %H:%M:%S", wall_usec);
}

char *text_format_instant(char buffer[static TEXT_MAX], int64_t wall_usec)
{
    return text_format_gmt(buffer, "%Y-%m-%dT%H:%M:%SZ", wall_usec);
}

int text_parse_utc(const char *text, int64_t *ret_wall_usec)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
    if (!end || *end)
        return -EINVAL;
    int64_t wall_usec = (int64_t)timegm(&tm) * USEC_PER_SEC;
    char again[TEXT_MAX];
    if (strcmp(text_format_utc(again, wall_usec), text) != 0)
        return -EINVAL; /* strptime() takes 31 February and digits left out for right */
    *ret_wall_usec = wall_usec;
    return 0;
}

/* Date and time of day of an ISO date, as if UTC; `ret_rest` is what follows the seconds. */
static int parse_head(const char *text, int64_t *ret_seconds, const char **ret_rest)
{
    char head[sizeof "YYYY-MM-DD HH:MM:SS"];
    int64_t usec;
    size_t length = strlen(text);
    if (length < sizeof head - 1 || (length > sizeof head - 1 && !strchr(".,Zz+-", text[sizeof head - 1])))
        return -EINVAL;
    memcpy(head, text, sizeof head - 1);
    head[sizeof head - 1] = '\0';
    if (head[10] != 'T' && head[10] != ' ')
        return -EINVAL;
    head[10] = ' ';
    if (text_parse_utc(head, &usec) < 0)
        return -EINVAL;
    *ret_seconds = usec / USEC_PER_SEC;
    *ret_rest = text + sizeof head - 1;
    return 0;
}

/* What follows the fraction of a second, if there is one. */
static const char *skip_fraction(const char *rest)
{
    if (*rest == '.' || *rest == ',')
        rest += 1 + strspn(rest + 1, "0123456789");
    return rest;
}

/* "+02:00", "-0530", "+02" in seconds; 0 for anything else. */
static int64_t parse_offset(const char *zone)
{
    static const char digits[] = "0123456789";
    if ((*zone != '+' && *zone != '-') || strspn(zone + 1, digits) < 2)
        return 0;
    const char *minutes = zone + 3 + (zone[3] == ':');
    int64_t offset = ((zone[1] - '0') * 10 + zone[2] - '0') * INT64_C(3600);
    if (strspn(minutes, digits) >= 2)
        offset += ((minutes[0] - '0') * 10 + minutes[1] - '0') * INT64_C(60);
    return *zone == '-' ? -offset : offset;
}

int text_parse_iso(const char *text, int64_t *ret_seconds)
{
    const char *rest;
    int64_t seconds;
    if (parse_head(text, &seconds, &rest) < 0)
        return -EINVAL;
    *ret_seconds = seconds - parse_offset(skip_fraction(rest));
    return 0;
}

bool text_lacks_zone(const char *text)
{
    const char *rest;
    int64_t seconds;
    return parse_head(text, &seconds, &rest) == 0 && !*skip_fraction(rest);
}

int text_parse_day(const char *text, int64_t *ret_seconds, bool *ret_time)
{
    char whole[sizeof "YYYY-MM-DDTHH:MM:SS"];
    const char *rest;
    *ret_time = strlen(text) != DAY_LENGTH;
    if (*ret_time)
        return parse_head(text, ret_seconds, &rest);
    (void)snprintf(whole, sizeof whole, "%sT00:00:00", text);
    return parse_head(whole, ret_seconds, &rest);
}

/* Local or, with a Z, UTC. False if the calendar has no such moment, as in 31 February. */
static bool wall_of(const struct tm *given, bool utc, int64_t *ret_wall_usec)
{
    struct tm tm = *given;
    tm.tm_isdst = -1;
    time_t seconds = utc ? timegm(&tm) : mktime(&tm);
    *ret_wall_usec = (int64_t)seconds * USEC_PER_SEC;
    return tm.tm_mday == given->tm_mday && tm.tm_mon == given->tm_mon;
}

int text_parse_moment(const char *text, int64_t now_usec, int64_t *ret_wall_usec)
{
    static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M",
                                        "%Y-%m-%dT%H:%M:%S"};
    int64_t usec;
    int r = text_parse_duration(text, &usec);
    if (r == 0)
        *ret_wall_usec = now_usec - usec;
    if (r == 0 || r == -ERANGE)
        return r;
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
        struct tm tm = {0};
        const char *end = strptime(text, forms[i], &tm);
        bool utc = end && strcmp(end, "Z") == 0;
        if (end && (!*end || utc) && tm.tm_year >= 0 && wall_of(&tm, utc, &usec)) {
            *ret_wall_usec = usec;
            return 0;
        }
    }
    return -EINVAL;
}

char *text_format_real(char buffer[static TEXT_MAX], double number)
{
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(buffer, TEXT_MAX, "%.*g", digits, number);
        if (strtod(buffer, NULL) == number)
            break;
    }
    return buffer;
}

/* Local time by the format for the same day, the same year, or another year. */
static void format_near(char buffer[static TEXT_MAX], int64_t wall_usec, int64_t now_usec,
                        const char *const formats[static 3])
{
    time_t then = (time_t)(wall_usec / USEC_PER_SEC), now = (time_t)(now_usec / USEC_PER_SEC);
    struct tm a, b;
    if (!localtime_r(&then, &a) || !localtime_r(&now, &b)) {
        (void)snprintf(buffer, TEXT_MAX, "?");
        return;
    }
    const char *format = a.tm_year != b.tm_year   ? formats[2]
                         : a.tm_yday != b.tm_yday ? formats[1]
                                                  : formats[0];
    if (!strftime(buffer, TEXT_MAX, format, &a))
        buffer[0] = '\0';
}

char *text_format_local(char buffer[static TEXT_MAX], int64_t wall_usec, int64_t now_usec)
{
    static const char *const formats[] = {"%H:%M", "%d %b %H:%M", "%d %b %Y %H:%M"};
    format_near(buffer, wall_usec, now_usec, formats);
    return buffer;
}

char *text_format_zoned(char buffer[static TEXT_MAX], int64_t wall_usec, int64_t now_usec)
{
    static const char *const formats[] = {"%H:%M %Z", "%d %b %H:%M %Z", "%d %b %Y %H:%M %Z"};
    format_near(buffer, wall_usec, now_usec, formats);
    return buffer;
}

char *text_format_day(char buffer[static TEXT_MAX], int64_t wall_usec, int64_t now_usec)
{
    static const char *const formats[] = {"%d %b", "%d %b", "%d %b %Y"};
    format_near(buffer, wall_usec, now_usec, formats);
    return buffer;
}

/* Control characters. U+0080 to U+009F are two bytes of UTF-8. */
static void replace_controls(char *text)
{
    for (unsigned char *p = (unsigned char *)text; *p; p++) {
        if (*p < ' ' || *p == 0x7f)
            *p = '?';
        if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
            p[0] = p[1] = '?';
    }
}

void text_disarm(char *text)
{
    text_drop_half(text);
    replace_controls(text);
}

void text_drop_half(char *text)
{
    size_t length = strlen(text), start = length;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0 || (unsigned char)text[start - 1] < 0xc0)
        return;
    unsigned char first = (unsigned char)text[start - 1];
    size_t needed = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (length - start < needed)
        text[start - 1] = '\0';
}
