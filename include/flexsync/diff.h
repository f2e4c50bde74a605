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

/*
 * Does `whole` say already what `part` says: has it every field of `part`, with the same content (one that is
 * null in `part` may be missing)? Returns 1, 0, or -1 without memory, with *err set.
 */
int diff_contains(const char *whole, const char *part, struct error *err);

#endif
