#include "wishes.h"

#include "flexsync/cleanup.h"

#include <stdlib.h>
#include <string.h>

bool wish_by_person(enum sync_trigger trigger)
{
    return trigger == TRIGGER_MANUAL || trigger == TRIGGER_SIGNAL;
}

static int add_ids(struct wish *wish, const struct engine_request *request, struct error *err)
{
    size_t count = wish->request.id_count;
    if (request->id_count == 0)
        return 0;
    if (request->id_count > ENGINE_IDS_WAITING - count)
        return error_set(
            err, ERROR_LOCKED, RETRY_LATER,
            "%zu contacts wait to be synced already, as many as may; ask again when they are done", count);
    char **ids = realloc(wish->ids, (count + request->id_count) * sizeof *ids);
    if (!ids)
        return error_memory(err);
    wish->ids = ids;
    for (size_t i = 0; i < request->id_count; i++) {
        if (!(ids[count + i] = strdup(request->ids[i]))) {
            while (i > 0)
                free(ids[count + --i]);
            return error_memory(err);
        }
    }
    wish->request.id_count = count + request->id_count;
    return 0;
}

int wishes_add(struct wishes *wishes, const struct engine_request *request, uint64_t *ret_run,
               struct error *err)
{
    struct wish *wish = request->id_count > 0 ? &wishes->asked : &wishes->plain;
    if (add_ids(wish, request, err) < 0)
        return -1;
    if (!wish->run) {
        wish->run = ++wishes->last;
        wish->request.trigger = request->trigger;
    }
    wish->request.ids = (const char *const *)wish->ids;
    wish->request.full |= request->full;
    wish->request.accept_vanished |= request->accept_vanished;
    if (wish_by_person(request->trigger))
        wish->request.trigger = request->trigger;
    *ret_run = wish->run;
    return 0;
}

const struct wish *wishes_first(const struct wishes *wishes)
{
    if (wishes->asked.run)
        return &wishes->asked;
    return wishes->plain.run ? &wishes->plain : NULL;
}

struct wish wishes_take(struct wishes *wishes)
{
    struct wish *place = wishes->asked.run ? &wishes->asked : &wishes->plain;
    struct wish wish = *place;
    *place = (struct wish){0};
    return wish;
}

void wish_free(struct wish *wish)
{
    for (size_t i = 0; i < wish->request.id_count; i++)
        free(wish->ids[i]);
    free(wish->ids);
    *wish = (struct wish){0};
}

void wishes_forget(struct wishes *wishes)
{
    wish_free(&wishes->asked);
    wish_free(&wishes->plain);
}
