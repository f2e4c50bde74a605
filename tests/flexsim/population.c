#include "population.h"

#include <stdlib.h>
#include <string.h>

#include "record.h"

#define USERS 12

struct population {
    uint64_t seed;
    double deleted_share;
    struct contact *all;
    uint32_t count, room;
    uint32_t *slots; /* open addressing by id: place + 1 */
    uint32_t slot_mask;
    uint32_t listed, flagged;
    uint64_t edits, edit_order, generation;
};

static uint64_t id_hash(const char *id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * UINT64_C(0x100000001b3);
    return rng_hash(hash);
}

static void slot_insert(struct population *p, uint32_t place)
{
    uint32_t at = (uint32_t)id_hash(p->all[place].id) & p->slot_mask;
    while (p->slots[at])
        at = (at + 1) & p->slot_mask;
    p->slots[at] = place + 1;
}

static int grow(struct population *p, uint32_t room)
{
    uint32_t slot_count = 16;
    while (slot_count < room * 2)
        slot_count *= 2;
    uint32_t *slots = calloc(slot_count, sizeof(*slots));
    struct contact *all = slots ? realloc(p->all, (size_t)room * sizeof(*all)) : NULL;
    if (!all) {
        free(slots);
        return -1;
    }
    free(p->slots);
    p->slots = slots;
    p->slot_mask = slot_count - 1;
    p->all = all;
    p->room = room;
    for (uint32_t i = 0; i < p->count; i++)
        slot_insert(p, i);
    return 0;
}

static struct contact *append(struct population *p)
{
    if (p->count >= POPULATION_MAX || (p->count == p->room && grow(p, p->room + p->room / 2 + 64) < 0))
        return NULL;
    struct contact *c = &p->all[p->count];
    contact_init(c, p->seed, p->count, p->deleted_share);
    slot_insert(p, p->count);
    p->count++;
    p->listed++;
    p->flagged += c->flagged;
    return c;
}

int population_new(uint64_t seed, uint32_t count, double deleted_share, struct population **ret)
{
    struct population *p = calloc(1, sizeof(*p));
    if (!p)
        return -1;
    p->seed = seed;
    p->deleted_share = deleted_share;
    if (grow(p, count + 64) < 0)
        goto fail;
    for (uint32_t i = 0; i < count; i++) {
        struct contact *c = append(p);
        if (!c || !population_record(c) || !population_row(c))
            goto fail;
    }
    *ret = p;
    return 0;
fail:
    population_free(p);
    return -1;
}

struct population *population_free(struct population *p)
{
    if (!p)
        return NULL;
    for (uint32_t i = 0; i < p->count; i++)
        contact_stale(&p->all[i]);
    free(p->all);
    free(p->slots);
    free(p);
    return NULL;
}

uint32_t population_count(const struct population *p)
{
    return p->count;
}

uint32_t population_listed(const struct population *p)
{
    return p->listed;
}

uint32_t population_flagged(const struct population *p)
{
    return p->flagged;
}

uint64_t population_edits(const struct population *p)
{
    return p->edits;
}

uint64_t population_generation(const struct population *p)
{
    return p->generation;
}

struct contact *population_at(struct population *p, uint32_t place)
{
    return &p->all[place];
}

/* Ids are UUIDs, which are understood in either case. */
struct contact *population_find(struct population *p, const char *asked)
{
    char id[64];
    size_t n = 0;
    for (; asked[n] && n < sizeof(id) - 1; n++)
        id[n] = (char)(asked[n] >= 'A' && asked[n] <= 'F' ? asked[n] - 'A' + 'a' : asked[n]);
    id[n] = '\0';
    uint32_t at = (uint32_t)id_hash(id) & p->slot_mask;
    for (; p->slots[at]; at = (at + 1) & p->slot_mask) {
        struct contact *c = &p->all[p->slots[at] - 1];
        if (!strcmp(c->id, id))
            return c;
    }
    return NULL;
}

static bool is_edited(const struct contact *c)
{
    for (int i = 0; i < FACET_EDITABLE_COUNT; i++)
        if (c->version[i])
            return true;
    return false;
}

static bool fits(const struct contact *c, enum pick what)
{
    switch (what) {
    case PICK_LIVE:
        return !c->removed && !c->flagged;
    case PICK_EDITED:
        return !c->removed && !c->flagged && is_edited(c);
    case PICK_FLAGGED:
        return !c->removed && c->flagged;
    case PICK_REMOVED:
        return c->removed;
    }
    return false;
}

uint32_t population_pick(struct population *p, enum pick what, struct rng *r, uint32_t n, uint32_t *ret)
{
    /* Reservoir sampling: one pass, no list of all that would fit. */
    uint32_t seen = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        if (!fits(&p->all[i], what))
            continue;
        if (seen++ < n) {
            ret[seen - 1] = i;
            continue;
        }
        uint32_t at = rng_below(r, seen);
        if (at < n)
            ret[at] = i;
    }
    return seen < n ? seen : n;
}

struct contact *population_pick_one(struct population *p, struct rng *r)
{
    for (int tries = 0; tries < 100 && p->count; tries++) {
        struct contact *c = &p->all[rng_below(r, p->count)];
        if (fits(c, PICK_LIVE))
            return c;
    }
    return NULL;
}

/* Every edit moves the date and the user, whatever else it changes; and, unless concealed, its place. */
static void touch(struct population *p, struct contact *c, bool concealed, struct rng *r, int64_t now)
{
    if (!concealed)
        c->placed = 0;
    else if (!c->placed)
        c->placed = c->edited;
    uint8_t user = (uint8_t)rng_below(r, USERS - 1);
    c->edited_by = (uint8_t)(user + (user >= c->edited_by));
    c->edited = now;
    if (!concealed)
        c->edit_order = ++p->edit_order;
    p->edits++;
    p->generation++;
    contact_stale(c);
}

void population_edit(struct population *p, struct contact *c, enum edit_kind kind, struct rng *r, int64_t now)
{
    enum facet facet = FACET_NAME;
    if (kind == EDIT_VISIBLE)
        facet = (enum facet)rng_below(r, FACET_VISIBLE_COUNT);
    if (kind == EDIT_HIDDEN || kind == EDIT_CONCEALED)
        facet = (enum facet)(FACET_VISIBLE_COUNT + rng_below(r, FACET_EDITABLE_COUNT - FACET_VISIBLE_COUNT));
    if (facet == FACET_JOB && contact_is_organization(c))
        facet = FACET_PHONE;
    if (kind == EDIT_REVERT)
        memset(c->version, 0, sizeof(c->version));
    else
        c->version[facet] = ++c->edits ? c->edits : ++c->edits;
    touch(p, c, kind == EDIT_CONCEALED, r, now);
}

struct contact *population_add(struct population *p, int64_t now)
{
    struct contact *c = append(p);
    if (!c)
        return NULL;
    p->flagged -= c->flagged;
    c->flagged = false;
    c->created = c->edited = now;
    c->edited_by = c->created_by;
    c->edit_order = ++p->edit_order;
    p->generation++;
    return c;
}

void population_remove(struct population *p, struct contact *c)
{
    if (c->removed)
        return;
    c->removed = true;
    p->listed--;
    p->flagged -= c->flagged;
    p->generation++;
}

void population_flag(struct population *p, struct contact *c, struct rng *r, int64_t now)
{
    if (c->removed || c->flagged)
        return;
    c->flagged = true;
    c->flagged_at = now;
    p->flagged++;
    touch(p, c, false, r, now);
    c->flagged_by = c->edited_by;
}

void population_restore(struct population *p, struct contact *c, struct rng *r, int64_t now)
{
    if (c->removed) {
        c->removed = false;
        c->own_way = false;
        c->merged_into = 0;
        p->listed++;
        p->flagged += c->flagged;
        p->generation++;
    } else if (c->flagged) {
        c->flagged = false;
        p->flagged--;
        touch(p, c, false, r, now);
    }
}

struct blob *population_record(struct contact *c)
{
    if (c->record)
        return c->record;
    struct buf b = {0};
    record_render(c, &b);
    return c->record = blob_from_buf(&b);
}

static int render_row(struct contact *c)
{
    struct persona persona;
    struct buf b = {0};
    contact_persona(c, &persona);
    char *name = strdup(persona.name);
    record_render_row(c, &persona, &b);
    struct blob *row = blob_from_buf(&b);
    if (!name || !row) {
        free(name);
        blob_unref(row);
        return -1;
    }
    c->name = name;
    c->row = row;
    return 0;
}

struct blob *population_row(struct contact *c)
{
    return c->row || render_row(c) == 0 ? c->row : NULL;
}

const char *population_name(struct contact *c)
{
    return population_row(c) ? c->name : NULL;
}
