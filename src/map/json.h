/*
 * json (of map alone): the one place that reads a stranger's JSON, and the form in which contents are
 * compared.
 *
 * A text is taken whole or not at all. Refused: what ends early or goes on after its end, bytes that are no
 * UTF-8, NaN, nesting beyond jansson's 2,048, too many values, a raw NUL byte (jansson overlooks one after a
 * number), a NUL in a field's name. What is merely unusual is read and counted: a name twice in an object
 * (the last one counts), `\u0000` in a string, half a surrogate pair (`\ud800` alone: U+FFFD in its place,
 * in names too), and numbers that neither 64 bits nor a double hold. Those are read as strings of their own
 * digits behind a mark, so that no digit is lost and two of them differ in the canonical form when their
 * digits do.
 */
#ifndef FLEXSYNC_MAP_JSON_H
#define FLEXSYNC_MAP_JSON_H

#include "flexsync/buffer.h"
#include "flexsync/error.h"
#include "flexsync/record.h"
#include "slice.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Values in one text at the most: jansson takes up to 220 bytes for one, the text as few as 2. A contact has
 * about 130.
 */
#define MAP_JSON_VALUES_MAX 250000

/* Why a text was refused. Never what stands there: this goes to the log, and the text is about a person. */
struct map_json_fault {
    const char *reason; /* "it is not UTF-8"; NULL: out of memory */
    size_t position;    /* bytes into the text */
    bool lasting;       /* whole by its structure, so that it was not cut: it will be the same next time */
};

/* Reads a value of any type; -1 with *ret_fault filled. The caller releases *ret. */
int map_json_read(json_t **ret, struct findings *ret_findings, struct slice text,
                  struct map_json_fault *ret_fault);

/*
 * The same for those who report an error: ERROR_ANSWER with RETRY_NOW, or RETRY_NEVER for a lasting fault.
 * `offset` is where the text begins in the answer.
 */
int map_json_load(json_t **ret, struct findings *ret_findings, struct slice text, size_t offset,
                  struct error *err);

/* The string that a field's name in an accepted text stands for; NULL without memory, and if it is no name.
 */
json_t *map_json_name(struct slice text);

/* The error of a text that is not one whole JSON text; returns -1. */
int map_json_refuse(const char *reason, size_t position, struct error *err);

/* Overwrites each `\uXXXX` that is half a surrogate pair by `\ufffd`, in a string or a whole JSON text.
 * Returns how many there were. */
int64_t map_json_replace_surrogates(char *text, size_t length);

/* The digits of a number that was too big, as received; NULL if `value` is none. `findings` are those of its
 * text. */
const char *map_json_big_number(const json_t *value, const struct findings *findings);

/* Copies the object's `id`; false, with nothing copied, if record_id_usable() would refuse it. */
bool map_json_id(char ret[static RECORD_ID_MAX + 1], const json_t *object);

/* Puts an object's `id` that is a UUID into lower case, so that contents with it in either case are equal. -1
 * without memory. */
int map_json_fold_id(json_t *object);

#define MAP_JSON_EXACT (INT64_C(1) << 53) /* all integers up to it are doubles too */

/* The value of an integer, or of a real without fraction that is exact; false for anything else, NULL
 * included. */
bool map_json_integer(const json_t *number, int64_t *ret);

#define MAP_JSON_NUMBER_MAX 48 /* bytes of any number that jansson holds, its NUL included */

/* The fewest digits that read back as the same number, in any locale. -1 without memory. */
int map_json_format_real(char ret[static MAP_JSON_NUMBER_MAX], const json_t *real);

/* Appends the canonical form of any value: no white space, fields sorted by name. -1 without memory. */
int map_json_canonical(const json_t *value, struct buffer *out);

/* The hash of the canonical form. `scratch` is overwritten; it saves the allocation when used again. */
int map_json_hash(const json_t *value, struct buffer *scratch, int64_t *ret);

#endif
