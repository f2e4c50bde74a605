/*
 * trial: a sync in which nothing lasts.
 *
 * A store that is opened as STORE_TRIAL is a private copy of the database, or a new one where there is none
 * yet. Everything is done in it as it would be done in the database, by the same functions, and it is gone
 * when it is closed; the database itself is only read, and may be written by others meanwhile. So what a sync
 * would do is found out by doing it, and not by a second opinion about it.
 */
#ifndef FLEXSYNC_TRIAL_H
#define FLEXSYNC_TRIAL_H

#include "flexsync/store.h"

/* Why a record would be fetched. */
enum trial_class {
    TRIAL_ASKED,    /* somebody named it */
    TRIAL_NEW,      /* the database has not got it */
    TRIAL_CHANGED,  /* the listing or the feed shows an edit */
    TRIAL_DOUBTED,  /* the feed alone does not tell whether it was edited */
    TRIAL_VANISHED, /* the listing lacks it */
    TRIAL_RETURNED, /* it is listed, and was taken for gone */
    TRIAL_WAITING,  /* it was queued before, for the same reason as now */
    TRIAL_CHOSEN,   /* the planner wants it */
    TRIAL_FULL,     /* it is one of all */
    TRIAL_CLASSES
};

struct trial_found {
    int64_t of[TRIAL_CLASSES]; /* records in the queue */
};

/* What the queue of a STORE_TRIAL holds by now, for an entity that has one. */
int trial_read(struct store *store, const struct entity *entity, struct trial_found *ret, struct error *err);

#endif
