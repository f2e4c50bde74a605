/*
 * diff: what changed between two states of a record, field by field. Pure.
 */
#ifndef FLEXSYNC_DIFF_H
#define FLEXSYNC_DIFF_H

#include "flexsync/error.h"

#include <stddef.h>

/*
 * Compares two JSON objects by their top-level fields. *ret_before and *ret_after become compact JSON objects
 * of the fields that differ alone (a field that one side lacks is left out there), sorted by name and each
 * value as it was written; both "{}" exactly when the canonical forms, and so the content hashes, are equal.
 * A text that cannot be read as an object, or NULL, counts as one without fields. The caller frees both.
 * Fails without memory only.
 */
int diff_json(const char *before, const char *after, char **ret_before, char **ret_after, struct error *err);

#endif
