#include "flexsync/idmap.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define BITS_LEAST 6  /* a smaller map is not worth making anew */
#define BITS_MOST  40 /* beyond any memory */

static size_t size_of(const struct idmap *map)
{
    return map->entries ? (size_t)1 << map->bits : 0;
}

/* Where the id is, or else the free place where it belongs. Ids that follow each other are spread (Knuth,
 * TAOCP 3, 6.4). There is always a free place. */
static size_t place_of(const struct idmap *map, int64_t id)
{
    size_t mask = size_of(map) - 1;
    size_t place = (size_t)((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> (64 - map->bits));
    while (map->entries[place].id != id && map->entries[place].id != IDMAP_NO_ID)
        place = (place + 1) & mask;
    return place;
}

static int grow(struct idmap *map, unsigned bits)
{
    struct idmap larger = {.bits = bits, .count = map->count};
    size_t size = (size_t)1 << bits, old = size_of(map);
    larger.entries = reallocarray(NULL, size, sizeof *larger.entries);
    if (!larger.entries)
        return -ENOMEM;
    for (size_t i = 0; i < size; i++)
        larger.entries[i].id = IDMAP_NO_ID;
    for (size_t i = 0; i < old; i++)
        if (map->entries[i].id != IDMAP_NO_ID)
            larger.entries[place_of(&larger, map->entries[i].id)] = map->entries[i];
    free(map->entries);
    *map = larger;
    return 0;
}

int idmap_reserve(struct idmap *map, size_t more)
{
    unsigned bits = BITS_LEAST;
    if (more > ((size_t)1 << BITS_MOST) - map->count)
        return -ENOMEM;
    while ((size_t)1 << bits < 2 * (map->count + more))
        bits++;
    return map->entries && bits <= map->bits ? 0 : grow(map, bits);
}

bool idmap_add(struct idmap *map, int64_t id, int64_t value)
{
    assert(id != IDMAP_NO_ID && map->entries);
    struct idmap_entry *entry = &map->entries[place_of(map, id)];
    if (entry->id == id)
        return false;
    assert(2 * map->count < size_of(map));
    *entry = (struct idmap_entry){.id = id, .value = value};
    map->count++;
    return true;
}

bool idmap_find(const struct idmap *map, int64_t id, int64_t *ret)
{
    if (!map->entries || id == IDMAP_NO_ID)
        return false;
    const struct idmap_entry *entry = &map->entries[place_of(map, id)];
    if (entry->id != id)
        return false;
    if (ret)
        *ret = entry->value;
    return true;
}

void idmap_free(struct idmap *map)
{
    free(map->entries);
    *map = (struct idmap){0};
}
