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

#endif
