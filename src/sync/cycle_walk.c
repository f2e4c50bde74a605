/* A listing that more than one cycle reads, and one that a cycle reads twice. */
#include "cycle_internal.h"

#include "flexsync/cleanup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define WALK_MAX  (3 * 86400) /* seconds after which a listing that was interrupted is begun again */
#define WALK_TEXT (LISTING_TEXT_MAX + 32)

static void walk_key(char key[static 64], const struct cycle *cycle)
{
    (void)snprintf(key, 64, "%s.listing.walk", cycle->options.entity->name);
}

static int set_walk(struct cycle *cycle, const char *text, struct error *err)
{
    char key[64];
    walk_key(key, cycle);
    return cycle->sink.meta_set(cycle->sink.self, key, text, cycle_wall(cycle), err);
}

int cycle_forget_walk(struct cycle *cycle, struct error *err)
{
    if (set_walk(cycle, "", err) < 0 ||
        cycle->sink.stage_forget(cycle->sink.self, cycle->options.entity, err) < 0)
        return -1;
    cycle->resumed = false; /* only now: a busy database is tried again */
    return 0;
}

int cycle_keep_walk(struct cycle *cycle, struct error *err)
{
    char text[WALK_TEXT], walk[LISTING_TEXT_MAX];
    if (cycle->whole || cycle->by_edits || cycle->relisted || !listing_can_pause(&cycle->listing))
        return 0;
    if (cycle->walk_began == 0)
        cycle->walk_began = cycle->row.started_at / USEC_PER_SEC;
    listing_print(walk, &cycle->listing);
    (void)snprintf(text, sizeof text, "%" PRId64 " %s", cycle->walk_began, walk);
    if (cycle->sink.stage_keep(cycle->sink.self, cycle->options.entity, err) < 0)
        return -1;
    return set_walk(cycle, text, err);
}

int cycle_resume_listing(struct cycle *cycle, struct error *err)
{
    char key[64], *rest = NULL;
    CLEANUP_FREE char *text = NULL;
    if (!cycle->options.entity->paged || cycle->options.id_count > 0)
        return 0;
    walk_key(key, cycle);
    if (cycle->sink.meta_get(cycle->sink.self, key, &text, err) < 0)
        return -1;
    if (!text || !*text)
        return 0;

    int64_t began = strtoll(text, &rest, 10), age = cycle_wall(cycle) / USEC_PER_SEC - began;
    cycle->resumed = true;
    if (age < 0 || age > WALK_MAX || !listing_resume(&cycle->listing, rest))
        return cycle_forget_walk(cycle, err);
    cycle->walk_began = began;
    cycle->asked_size = cycle->listing.size;
    cycle->lists = true;
    cycle->by_edits = false;
    return cycle->sink.stage_restore(cycle->sink.self, cycle->options.entity, err);
}

int cycle_list_again(struct cycle *cycle, struct error *err)
{
    bool moved = cycle->lists && cycle->whole && cycle->listing.pages > 1;
    bool asked = !cycle->lists && cycle->options.id_count > 0; /* only a listing can tell that it is gone */
    if (!cycle->disproved || cycle->relisted || cycle->halt != HALT_NOT || (!moved && !asked))
        return 0;
    if (cycle->sink.stage_begin(cycle->sink.self, err) < 0)
        return -1;
    if (moved) {
        listing_read_again(&cycle->listing);
        cycle_report(cycle, EVENT_LISTING_ODD,
                     "%s: rows moved from page to page while the listing was read; it is read again",
                     cycle->options.entity->name);
    }
    cycle->lists = true;
    cycle->relisted = true;
    cycle->whole = cycle->further = false;
    cycle->cursor[0] = '\0';
    cycle->absent_count = cycle->absent_next = 0; /* all of them are settled */
    cycle->phase = CYCLE_LIST;
    return 1;
}
