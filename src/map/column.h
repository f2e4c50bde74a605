/*
 * column (of map alone): one column's value out of a record, by the rule that its entity's table names.
 */
#ifndef FLEXSYNC_MAP_COLUMN_H
#define FLEXSYNC_MAP_COLUMN_H

#include "flexsync/entity.h"
#include "flexsync/record.h"

#include <jansson.h>

/*
 * Fills *value, which the caller gives as VALUE_NULL and frees, and adds to *findings what was unusual; those
 * already tell whether the text had big numbers. -1 without memory.
 */
int column_read(struct value *value, struct findings *findings, const struct column *column,
                const json_t *object);

/*
 * A string's text or a number's digits, which the caller frees; NUL characters are replaced and counted.
 * Returns 1, 0 for a value of another type, or -1 without memory.
 */
int column_text(char **ret, const json_t *field, struct findings *findings);

/*
 * Puts "+PREFIX " before *text, unless that has a plus of its own or the prefix (which may be NULL) says
 * nothing. Returns 1, or -1 without memory, with *text kept.
 */
int column_put_prefix(char **text, const char *prefix);

#endif
