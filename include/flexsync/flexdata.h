/*
 * flexdata: stored JSON (flex_data; before and after of a change) for those who show or export it.
 *
 * It is stored as the server wrote it, and not every reader takes what map takes: jansson, SQLite and many
 * others refuse half a surrogate pair, or make bytes of it that are no UTF-8. Read through these two, it is
 * what the columns were made of. Pure.
 */
#ifndef FLEXSYNC_FLEXDATA_H
#define FLEXSYNC_FLEXDATA_H

#include "flexsync/buffer.h"

#include <jansson.h>

/*
 * The text as a value; half a surrogate pair is U+FFFD, and of a name that comes twice the last one counts.
 * NULL if `text` is NULL or no JSON, if a number in it is beyond what jansson holds (its digits would be
 * lost), or without memory. The caller releases it.
 */
json_t *flexdata_read(const char *text);

/*
 * Appends the text in one line, every number as it was written, half a surrogate pair as \ufffd. Returns 1; 0
 * with nothing appended if it is no JSON; or -1 without memory.
 */
int flexdata_append(struct buffer *out, const char *text);

#endif
