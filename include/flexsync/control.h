/*
 * control: the daemon's socket. A Varlink service (varlink.org) by which people and programs ask for a sync,
 * follow it, and ask how things stand. `control_description` says what can be asked.
 *
 * Who may ask is a matter of the file's mode: 0660, the group flexsync where there is one. Nobody who may can
 * do harm by it: clients, sizes, waiting output and idle time have the caps below, and nothing here ever
 * waits. A client that reads too slowly misses reports of progress first, and then loses its connection. The
 * calls of one connection are answered one after the other.
 *
 * The control knows nothing of schedules and signals: what it is asked for goes to the functions of its
 * owner.
 */
#ifndef FLEXSYNC_CONTROL_H
#define FLEXSYNC_CONTROL_H

#include "flexsync/check.h"
#include "flexsync/engine.h"

#define CONTROL_CLIENTS_MAX  32           /* at a time; who comes then is hung up on */
#define CONTROL_MESSAGE_MAX  (128 * 1024) /* bytes of a call; the connection ends where it is more */
#define CONTROL_OUTPUT_MAX   (256 * 1024) /* bytes that may wait for a client; likewise */
#define CONTROL_PROGRESS_MAX (16 * 1024)  /* while so many wait, progress is left out, and calls wait */
#define CONTROL_IDLE         (30 * USEC_PER_SEC)   /* without a call, or without reading what waits */
#define CONTROL_PROGRESS     (200 * USEC_PER_MSEC) /* from one report of progress to the next */

#define CONTROL_GROUP "flexsync"

/* The interface io.flexsync, as GetInterfaceDescription answers it. */
extern const char control_description[];

/* As the description has them, for both ends: Progress.state and Result.cause. */
extern const char *const control_state_names[FACTS_STATE_COUNT];
extern const char *const control_cause_names[ERROR_CODE_COUNT];

struct control;

struct control_options {
    sd_event *event;
    const struct clock *clock;
    const char *path;     /* of the socket */
    const char *database; /* for Status() */
    /* What there is to tell now. */
    void (*facts)(void *arg, struct facts *ret);
    /* As engine_sync(). What ends the run is told by control_finished(), also from within this call. */
    int (*sync)(void *arg, const struct engine_request *request, uint64_t *ret_run, struct error *err);
    /* Begins a check, unless one is under way; its findings are told by control_checked(). */
    int (*check)(void *arg, struct error *err);
    /* Has the daemon this key in use, as config_key_matches()? */
    bool (*same_key)(void *arg, const char *proof);
    void *arg; /* not owned */
};

/*
 * Where the daemon of this database listens: `control` in $RUNTIME_DIRECTORY, else flexsync.sock beside the
 * database. The caller frees it; NULL without memory.
 */
char *control_path(const char *database);

/*
 * Listens. A socket that nobody listens on any more is replaced. ERROR_CREATE where somebody does, where
 * something else has the name, and where it cannot be made. Free with control_free().
 */
int control_new(struct control **ret, const struct control_options *options, struct error *err);

/* A run has ended: who waits for it is answered. */
void control_finished(struct control *control, const struct engine_result *result);

/* A check has ended: who waits for one is answered. */
void control_checked(struct control *control, const struct check_finding *findings, size_t count);

/* The daemon is about to end: no more syncs are taken on. */
void control_stop(struct control *control);

/* Whoever still waits is told that the daemon ends. Removes the socket. NULL is allowed; returns NULL. */
struct control *control_free(struct control *control);

#endif
