/*
 * Changes in JSON as text, so that what a parser would not let through can be put in and every other byte
 * stays as it is. Paths name members and (from 0) elements: `name`, `content.3.id`,
 * `phoneNumbers.0.dialNumber`.
 */
#ifndef FLEXSIM_JSONEDIT_H
#define FLEXSIM_JSONEDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/* Each says whether there was such a place; otherwise nothing is changed. */

/* The value there becomes this one; a member that is not there is added at the end of its object. */
bool jsonedit_set(struct buf *json, const char *path, const char *value, size_t len);
/* One more member of that name at the end of its object, whether there is one or not. */
bool jsonedit_append(struct buf *json, const char *path, const char *value, size_t len);
/* The member or the element is gone. */
bool jsonedit_remove(struct buf *json, const char *path);

#endif
