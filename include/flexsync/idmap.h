/*
 * idmap: a number for each of many ids, found in the time of one look however many there are.
 *
 * For the ids of rows, which nobody outside chooses: it is not hardened against ids that are made to collide.
 * A map of zeros is an empty one. Room is made first, for so many at once, so that adding cannot fail in the
 * midst of a piece of work. (Open addressing, at most half full.)
 */
#ifndef FLEXSYNC_IDMAP_H
#define FLEXSYNC_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IDMAP_NO_ID INT64_MIN /* the one id that cannot be added */

struct idmap_entry {
    int64_t id; /* IDMAP_NO_ID: the place is free */
    int64_t value;
};

struct idmap {
    struct idmap_entry *entries; /* owned */
    unsigned bits;               /* there are 2^bits places, if any */
    size_t count;
};

/* Makes room for `more` ids beside those that are there. 0 or -ENOMEM; then the map is as it was. */
int idmap_reserve(struct idmap *map, size_t more);

/* Adds an id for which there is room. False: it is there already, and its value stays. */
bool idmap_add(struct idmap *map, int64_t id, int64_t value);

/* Is the id there? Then *ret (may be NULL) is its value. */
bool idmap_find(const struct idmap *map, int64_t id, int64_t *ret);

/* Frees what it holds; it is empty again. */
void idmap_free(struct idmap *map);

#endif
