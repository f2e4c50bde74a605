#include "order.h"

#include <stdlib.h>
#include <string.h>

/* One order that was made; `generation` of the population that it belongs to. */
struct kept {
    uint32_t *places;
    uint64_t generation;
    enum sort_field field;
    bool descending;
};

struct orders {
    struct kept unsorted, sorted;
    uint32_t *shuffled;
};

struct orders *orders_new(void)
{
    return calloc(1, sizeof(struct orders));
}

struct orders *orders_free(struct orders *o)
{
    if (o) {
        free(o->unsorted.places);
        free(o->sorted.places);
        free(o->shuffled);
    }
    free(o);
    return NULL;
}

static uint32_t *new_places(const struct population *p)
{
    return malloc(((size_t)population_listed(p) + 1) * sizeof(uint32_t));
}

const uint32_t *orders_unsorted(struct orders *o, struct population *p)
{
    struct kept *k = &o->unsorted;
    if (k->places && k->generation == population_generation(p))
        return k->places;
    uint32_t *places = new_places(p), n = 0;
    if (!places)
        return NULL;
    for (uint32_t i = 0; i < population_count(p); i++)
        if (!population_at(p, i)->removed)
            places[n++] = i;
    free(k->places);
    *k = (struct kept){.places = places, .generation = population_generation(p)};
    return places;
}

static uint32_t *copy_unsorted(struct orders *o, struct population *p)
{
    const uint32_t *from = orders_unsorted(o, p);
    uint32_t *places = from ? new_places(p) : NULL;
    if (places)
        memcpy(places, from, population_listed(p) * sizeof(*places));
    return places;
}

const uint32_t *orders_shuffled(struct orders *o, struct population *p, struct rng *r)
{
    free(o->shuffled);
    o->shuffled = copy_unsorted(o, p);
    for (uint32_t i = population_listed(p); o->shuffled && i > 1; i--) {
        uint32_t other = rng_below(r, i), place = o->shuffled[i - 1];
        o->shuffled[i - 1] = o->shuffled[other];
        o->shuffled[other] = place;
    }
    return o->shuffled;
}

struct comparison {
    struct population *p;
    enum sort_field field;
    bool descending;
};

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int64_t placed(const struct contact *c)
{
    return c->placed ? c->placed : c->edited;
}

static int compare_contacts(struct contact *a, struct contact *b, enum sort_field field)
{
    int result = 0;
    switch (field) {
    case SORT_NAME: {
        const char *x = population_name(a), *y = population_name(b);
        result = strcmp(x ? x : "", y ? y : "");
        break;
    }
    case SORT_EDITED_INSTANT: /* what was never edited here was edited before */
        result = compare_numbers((int64_t)a->edit_order, (int64_t)b->edit_order);
        if (result)
            break;
        result = compare_numbers(placed(a), placed(b));
        break;
    case SORT_EDITED:
        result = compare_numbers(placed(a), placed(b));
        if (!result)
            result = compare_numbers((int64_t)a->edit_order, (int64_t)b->edit_order);
        break;
    case SORT_CREATED:
        result = compare_numbers(a->created, b->created);
        break;
    case SORT_ID:
    case SORT_NONE:
    case SORT_UNKNOWN:
        break;
    }
    return result ? result : strcmp(a->id, b->id);
}

static int compare_places(const void *a, const void *b, void *cls)
{
    const struct comparison *c = cls;
    struct contact *x = population_at(c->p, *(const uint32_t *)a),
                   *y = population_at(c->p, *(const uint32_t *)b);
    int result = compare_contacts(x, y, c->field);
    return c->descending ? -result : result;
}

const uint32_t *orders_sorted(struct orders *o, struct population *p, enum sort_field field, bool descending)
{
    struct kept *k = &o->sorted;
    if (k->places && k->generation == population_generation(p) && k->field == field &&
        k->descending == descending)
        return k->places;
    uint32_t *places = copy_unsorted(o, p);
    if (!places)
        return NULL;
    struct comparison c = {p, field, descending};
    qsort_r(places, population_listed(p), sizeof(*places), compare_places, &c);
    free(k->places);
    *k = (struct kept){places, population_generation(p), field, descending};
    return places;
}
