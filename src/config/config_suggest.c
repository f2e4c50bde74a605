/* "Did you mean …": the name of the table that is nearest to what somebody wrote. */
#include "flexsync/config_schema.h"
#include "flexsync/suggest.h"

#include <string.h>

#define OTHER_COST 1 /* a name of another group must be nearer by this to be suggested */

const struct setting *config_schema_suggest(const char *group, const char *name)
{
    const struct setting *best = NULL;
    size_t best_cost = SUGGEST_NEVER;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *s = &config_schema[i];
        size_t letters = suggest_slip(name, s->name);
        size_t cost =
            letters == SUGGEST_NEVER || strcmp(group, s->group) == 0 ? letters : letters + OTHER_COST;
        if (cost >= best_cost)
            continue;
        best = s;
        best_cost = cost;
    }
    return best;
}

const char *config_schema_suggest_group(const char *group)
{
    const char *best = NULL;
    size_t best_cost = SUGGEST_NEVER;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        size_t cost = suggest_slip(group, config_schema[i].group);
        if (cost >= best_cost)
            continue;
        best = config_schema[i].group;
        best_cost = cost;
    }
    return best;
}
