/*
 * diff: what changed between two states of a record, field by field. Pure.
 */
#ifndef FLEXSYNC_DIFF_H
#define FLEXSYNC_DIFF_H

#include "flexsync/error.h"

#include <stddef.h>

/*
 * Compares two JSON objects by their top-level fields. *ret_before and *ret_after become compact JSON objects of the
 * fields that differ alone (a field that one side lacks is left out there), sorted by name; both "{}" when the content
 * is equal. A text that cannot be read as an object counts as one without fields. The caller frees both.
 */
int diff_json(const char *before, const char *after, char **ret_before, char **ret_after, struct error *err);

#endif
