/*
 * figures: what is known of how often one record changes. The store keeps them beside each record, the
 * planner computes with them.
 *
 * Edits come in two kinds: those that the listing shows, and hidden ones, which only a fetch finds. Each kind
 * is counted over the time in which it was watched for.
 *
 * All times are whole seconds on one scale (UTC since 1970); 0 in a point in time means that there is none.
 * One in the future was written by a clock that was ahead: it is not believed (planner.h).
 */
#ifndef FLEXSYNC_FIGURES_H
#define FLEXSYNC_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

struct figures {
    int64_t checked;        /* the record was last answered for; 0: it never was */
    int64_t edited;         /* its lastEditDate then; 0: it has none */
    bool first_changed;     /* at its first fetch it had been edited since it was made */
    int64_t first_watched;  /* seconds that its last edit lay back at its first fetch */
    int64_t watched_since;  /* since when its edits in the listing are watched for */
    int64_t hidden_watched; /* seconds for which its hidden edits were watched for */
    int64_t hidden, listed; /* edits found by either kind since the first fetch */
    int64_t signalled;      /* the listing or the feed showed an edit then that is not fetched yet; 0: none */
};

#endif
