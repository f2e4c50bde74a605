#include "drift.h"

#include <math.h>

static double rate_of(const struct settings *set, enum drift_kind kind)
{
    switch (kind) {
    case DRIFT_EDIT:
        return set->edit_rate;
    case DRIFT_ADD:
        return set->add_rate;
    case DRIFT_DELETE:
        return set->delete_rate;
    case DRIFT_KINDS:
        break;
    }
    return 0;
}

static double wait_ms(struct drift *d, double rate)
{
    return rate > 0 ? -log(1.0 - rng_unit(&d->rng)) * 3600000.0 / rate : (double)INFINITY;
}

void drift_start(struct drift *d, const struct settings *set, int64_t now)
{
    for (int kind = 0; kind < DRIFT_KINDS; kind++)
        d->next[kind] = (double)now + wait_ms(d, rate_of(set, (enum drift_kind)kind));
}

static void one_edit(struct drift *d, const struct settings *set, struct population *p, int64_t local)
{
    struct contact *c = population_pick_one(p, &d->rng);
    bool visible = rng_unit(&d->rng) * 100.0 < set->visible_share;
    if (c)
        population_edit(p, c, visible ? EDIT_VISIBLE : EDIT_HIDDEN, &d->rng, local);
}

static void one_deletion(struct drift *d, const struct settings *set, struct population *p, int64_t local)
{
    struct contact *c = population_pick_one(p, &d->rng);
    bool either = rng_chance(&d->rng, 500);
    if (!c)
        return;
    if (set->delete_how == DELETE_FLAG || (set->delete_how == DELETE_EITHER && either))
        population_flag(p, c, &d->rng, local);
    else
        population_remove(p, c);
}

void drift_run(struct drift *d, const struct settings *set, struct population *p, int64_t now)
{
    for (;;) {
        int soonest = 0;
        for (int kind = 1; kind < DRIFT_KINDS; kind++)
            if (d->next[kind] < d->next[soonest])
                soonest = kind;
        if (d->next[soonest] > (double)now)
            return;
        int64_t local = (int64_t)d->next[soonest] + set->utc_offset * 1000;
        switch ((enum drift_kind)soonest) {
        case DRIFT_EDIT:
            one_edit(d, set, p, local);
            break;
        case DRIFT_ADD:
            (void)population_add(p, local);
            break;
        case DRIFT_DELETE:
            one_deletion(d, set, p, local);
            break;
        case DRIFT_KINDS:
            break;
        }
        d->next[soonest] += wait_ms(d, rate_of(set, (enum drift_kind)soonest));
    }
}
