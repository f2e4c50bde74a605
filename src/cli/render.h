/* How values are printed for people and programs. Inside of cli only. */
#ifndef FLEXSYNC_RENDER_H
#define FLEXSYNC_RENDER_H

#include "flexsync/read.h"
#include "flexsync/record.h"
#include "flexsync/synclog.h"
#include "flexsync/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/*
 * Prints text in `width` columns of a terminal, cut or filled with spaces; width 0: as it is. Control
 * characters are printed as spaces, since what is in a contact must not drive the terminal. NULL prints as
 * empty.
 */
void render_cell(FILE *out, const char *text, int width);

/*
 * Prints "label  text" in lines of 80 columns, or as wide as the terminal that stdout is (120 at the most),
 * broken between words and indented under the text; a word that is longer stays whole. The text is cut at
 * RENDER_TEXT_MAX bytes.
 */
#define RENDER_TEXT_MAX 2048
void render_fact(FILE *out, const char *label, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same, of a text of any length; one from outside has been through text_disarm(). */
void render_text(FILE *out, const char *label, const char *text);

/*
 * Prints a sentence and ends the line, of which `used` columns are taken: on a terminal in lines of 80
 * columns, broken between words and indented as far, else in one.
 */
void render_sentence(FILE *out, int used, const char *text);

/* How good or bad something is: a colour on a terminal; the words say it too. */
enum render_tone { RENDER_PLAIN, RENDER_GOOD, RENDER_WARN, RENDER_BAD, RENDER_TONES };

/* As render_fact(); what stands before the first ; or ( of the text has the tone. */
void render_fact_tone(FILE *out, enum render_tone tone, const char *label, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The label alone, for what is not a text. */
void render_label(FILE *out, const char *label);

/* Columns of those lines. */
int render_fact_width(void);

/* What begins and ends a tone on stdout; "" where there is no colour. */
const char *render_tone_begin(enum render_tone tone);
const char *render_tone_end(enum render_tone tone);

/* When something will be: local time, or, for what is two days and more away, the day alone. Returns `text`.
 */
char *render_when(char text[static TEXT_MAX], int64_t wall, int64_t now);

/* A value as text for people; an empty line for NULL. */
void render_value(FILE *out, const struct value *value);

/* Columns of the terminal that stdout is, 40 at least; RENDER_WIDE where it is none. */
#define RENDER_WIDE 200
int render_width(void);

/* May stdout be coloured: a terminal, and no NO_COLOR? */
bool render_colour(void);

/* A line of a listing: number, name, e-mail, phone and city share the width that there is; a cell that is
 * empty lends its columns to the one before it. */
void render_contact(FILE *out, const struct read_contact *contact, int width);

/* The same as an object; a new reference, NULL without memory. */
json_t *render_json_contact(const struct read_contact *contact);

/* New references; NULL without memory. */
json_t *render_json_text(const char *text);
json_t *render_json_value(const struct value *value);
json_t *render_json_count(int64_t count); /* SYNC_UNKNOWN: null */
json_t *render_json_time(int64_t wall);   /* 0: null; "YYYY-MM-DD HH:MM:SS" UTC */
json_t *render_json_cycle(const struct sync_row *row);

/* Prints an object and frees it; 0, or -1 without memory or when the output fails. */
int render_json(FILE *out, json_t *object);

#endif
