/*
 * slice (of map alone): the parts of a JSON text as they stand in it.
 *
 * A tree of jansson's has forgotten how a number was written, which name came twice and how a character was
 * escaped. What is stored or shown is therefore cut out of the text itself. Only for texts that
 * map_json_load() has accepted: only slice_is_container() checks syntax, though nothing reads beyond the end
 * either.
 */
#ifndef FLEXSYNC_MAP_SLICE_H
#define FLEXSYNC_MAP_SLICE_H

#include "flexsync/buffer.h"

#include <stdbool.h>
#include <stddef.h>

struct slice {
    const char *start; /* borrowed from the text */
    size_t length;
};

/*
 * Is the text one object or array by its structure: brackets, quotes, commas and colons are where JSON has
 * them? What a string or a word (a number, true, NaN) is made of does not matter, nor how deep it is or how
 * much it has. A text that was cut has no such structure; one that has it and cannot be read is the same the
 * next time. False without memory as well.
 */
bool slice_is_container(struct slice text);

/* Bytes of the string that starts here, its quotes included. */
size_t slice_string(const char *text, size_t length);

/* The text without white space around it. */
struct slice slice_whole(const char *text, size_t length);

/* A walk through the members of an object or an array. */
struct slice_walk {
    struct slice rest; /* nothing is left at the end of a sound container; what is not sound ends the walk */
    bool more;
};

struct slice_walk slice_walk(struct slice container);

/*
 * The next member; false at the end. The name has its quotes and escapes as they stand; its start is NULL
 * where there is none. A member that is missing between two commas comes as an empty value, which is no JSON.
 */
bool slice_next(struct slice_walk *walk, struct slice *ret_name, struct slice *ret_value);

/* Appends the slice without the white space between its tokens; errors as buffer_append(). */
int slice_compact(struct slice slice, struct buffer *out);

#endif
