/*
 * text: numbers as people write and read them. Durations, times, counts, sizes; pure functions, no locale.
 *
 * Every text_format_… function writes into the caller's buffer, always ends it with a NUL, and returns that
 * buffer, so that it can stand among the arguments of a printf.
 */
#ifndef FLEXSYNC_TEXT_H
#define FLEXSYNC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_MAX 40 /* enough for every text_format_… function */

/*
 * Reads a duration: a whole number and one of ms, s, min, h, d, w, with or without a space between ("15min",
 * "31 d"). Sets microseconds, 0 or more. -EINVAL when it is not of this form (a bare number is not: its unit
 * would be a guess), -ERANGE beyond a thousand years.
 */
int text_parse_duration(const char *text, int64_t *ret_usec);

/* The shortest exact form that text_parse_duration() reads back: "15min", "90s", "1500ms". usec >= 0, whole
 * ms. */
char *text_format_duration(char buffer[static TEXT_MAX], int64_t usec);

/* A duration for people, two units at the most: "3 s", "4 min 10 s", "2 h 5 min", "61 d". */
char *text_format_span(char buffer[static TEXT_MAX], int64_t usec);

/* "1,699"; thousands grouped by commas. */
char *text_format_count(char buffer[static TEXT_MAX], int64_t number);

/* "812 B", "4.2 MB"; powers of 1000. */
char *text_format_size(char buffer[static TEXT_MAX], int64_t bytes);

/* UTC as the database holds it, "YYYY-MM-DD HH:MM:SS", from microseconds since 1970. */
char *text_format_utc(char buffer[static TEXT_MAX], int64_t wall_usec);

/* The same as ISO 8601 has it: "YYYY-MM-DDTHH:MM:SSZ". */
char *text_format_instant(char buffer[static TEXT_MAX], int64_t wall_usec);

/* The inverse of text_format_utc(); microseconds since 1970. -EINVAL when it is not of that form. */
int text_parse_utc(const char *text, int64_t *ret_wall_usec);

/*
 * A date as ISO 8601 has it, `2024-03-05T23:23:37`: seconds since 1970. A fraction of the second may follow
 * and is passed over. Without a zone it is UTC, as dates of Flex probably are; with an offset from UTC
 * (`+02:00`) that is taken off. -EINVAL when it is not of that form.
 */
int text_parse_iso(const char *text, int64_t *ret_seconds);

/* Is it such a date without a zone? */
bool text_lacks_zone(const char *text);

/*
 * A day, `1979-02-28`, or a date as text_parse_iso() reads it: seconds since 1970 as if it were UTC, and
 * whether a time of day was given. A zone is passed over: a birthday is the same day everywhere. -EINVAL when
 * it is of neither form.
 */
int text_parse_day(const char *text, int64_t *ret_seconds, bool *ret_time);

/*
 * A moment as people type it: how long ago ("7d", "24h"), a day ("2025-06-15") or a time ("2025-06-15 12:30",
 * with or without seconds, with a space or a T), local, or UTC with a Z behind. Sets wall microseconds.
 * -EINVAL when it is of none of these forms, -ERANGE when it is too long ago.
 */
int text_parse_moment(const char *text, int64_t now_usec, int64_t *ret_wall_usec);

/* The fewest digits that read back as the same number: "12.5", "1e+300". */
char *text_format_real(char buffer[static TEXT_MAX], double number);

/* Local time for people: "15:01" on the day of now_usec, "23 Nov 15:01" within a year, else with the year. */
char *text_format_local(char buffer[static TEXT_MAX], int64_t wall_usec, int64_t now_usec);

/* The same with the zone behind: "15:01 CEST". */
char *text_format_zoned(char buffer[static TEXT_MAX], int64_t wall_usec, int64_t now_usec);

/* The day alone, for what is too far away for a time of day: "23 Nov" within a year, else with the year. */
char *text_format_day(char buffer[static TEXT_MAX], int64_t wall_usec, int64_t now_usec);

/* Takes away the beginning of a UTF-8 character that was cut at the end of a text. */
void text_drop_half(char *text);

/* Makes a message of text from outside, which may neither forge a line nor drive a terminal, nor end in half
 * a character. */
void text_disarm(char *text);

#endif
