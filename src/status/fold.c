#include "flexsync/fold.h"

#include <stdio.h>
#include <string.h>

static bool is_same(const struct fold_fault *fault, enum event event, const char *entity, const char *text)
{
    return fault->entity && fault->event == event && strcmp(fault->entity, entity) == 0 &&
           strncmp(fault->text, text, sizeof fault->text - 1) == 0;
}

static struct fold_fault *find(struct fold *fold, enum event event, const char *entity, const char *text)
{
    for (size_t i = 0; i < FOLD_FAULTS; i++)
        if (is_same(&fold->faults[i], event, entity, text))
            return &fold->faults[i];
    return NULL;
}

static int64_t last_of(const struct fold_fault *fault)
{
    return fault->times ? fault->last_at : fault->told_at;
}

/* A free place, or that of the fault that did not occur for longest. */
static struct fold_fault *make_room(struct fold *fold)
{
    struct fold_fault *oldest = &fold->faults[0];
    for (size_t i = 0; i < FOLD_FAULTS; i++) {
        struct fold_fault *fault = &fold->faults[i];
        if (!fault->entity)
            return fault;
        if (last_of(fault) < last_of(oldest))
            oldest = fault;
    }
    return oldest;
}

static void count(struct fold_fault *fault, int64_t now)
{
    if (fault->times++ == 0)
        fault->first_at = now;
    fault->last_at = now;
}

enum fold_word fold_take(struct fold *fold, enum event event, const char *entity, const char *text,
                         int64_t cycle, int64_t now, struct fold_fault *ret)
{
    struct fold_fault *fault = find(fold, event, entity, text);
    if (!fault) {
        fault = make_room(fold);
        *ret = *fault;
        *fault = (struct fold_fault){.event = event, .entity = entity, .cycle = cycle, .told_at = now};
        (void)snprintf(fault->text, sizeof fault->text, "%s", text);
        return FOLD_TELL;
    }
    count(fault, now);
    fault->cycle = cycle;
    if (now - fault->told_at < FOLD_REMIND && now >= fault->told_at)
        return FOLD_KEEP;
    *ret = *fault;
    fault->times = 0;
    fault->told_at = now;
    return FOLD_COUNT;
}

bool fold_over(struct fold *fold, const char *entity, int64_t cycle, struct fold_fault *ret)
{
    for (size_t i = 0; i < FOLD_FAULTS; i++) {
        struct fold_fault *fault = &fold->faults[i];
        if (!fault->entity || (entity && (strcmp(fault->entity, entity) != 0 || fault->cycle == cycle)))
            continue;
        *ret = *fault;
        *fault = (struct fold_fault){0};
        if (ret->times > 0)
            return true;
    }
    return false;
}

bool fold_goes_on(const struct fold *fold, enum event event, const char *entity)
{
    for (size_t i = 0; i < FOLD_FAULTS; i++)
        if (fold->faults[i].entity && fold->faults[i].event == event &&
            strcmp(fold->faults[i].entity, entity) == 0)
            return true;
    return false;
}
