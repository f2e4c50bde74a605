/*
 * Asking the daemon, by its control socket (control.h). Inside of cli only.
 *
 * Nothing here waits longer than the times below, whatever the other side does; what it sends is capped.
 */
#ifndef FLEXSYNC_ASK_H
#define FLEXSYNC_ASK_H

#include "flexsync/engine.h"
#include "flexsync/lock.h"
#include "flexsync/varlink.h"
#include "flexsync/wire.h"

#define ASK_QUICK   (3 * USEC_PER_SEC)  /* for a connection, and for an answer that needs no work */
#define ASK_SILENCE (60 * USEC_PER_SEC) /* between two reports of progress */

struct ask {
    struct wire wire;
    const struct lock_holder *holder; /* not owned */
};

/*
 * Connects to the daemon that holds the database. Returns 1; 0 when there is no socket, or nobody behind it:
 * the daemon is just beginning or ending. -1 with ERROR_LOCKED when it may not or cannot be asked: the text
 * says what to do. End with ask_close().
 */
int ask_open(struct ask *ret, const struct lock_holder *holder, struct error *err);

/* Sends a call; takes over `parameters`. */
int ask_send(struct ask *ask, const char *method, json_t *parameters, bool more, struct error *err);

/* Reads what came; -1 when the daemon has hung up, or sends nonsense. */
int ask_read(struct ask *ask, struct error *err);

/* The next reply that is here: 1 and *ret (release its root), 0 when there is none yet, -1 when it is none.
 */
int ask_next(struct ask *ask, struct varlink_reply *ret, struct error *err);

/* What an error that the daemon answered means for a person; returns -1. */
int ask_refused(const struct ask *ask, const struct varlink_reply *reply, struct error *err);

void ask_close(struct ask *ask);

/* Fill what a Progress, a Result says; what is missing or odd is as if there was nothing. `line` is the
 * daemon's own sentence about it. The texts of *ret_result live as long as the object. The caller frees
 * ret_result->unknown. */
void ask_progress(const json_t *progress, struct facts *ret, char line[static FACTS_LINE_MAX]);
void ask_result(const json_t *result, struct engine_result *ret_result);

/* What the daemon does now: 1 and *ret; otherwise as ask_open(). */
int ask_status(const struct lock_holder *holder, struct facts *ret, char line[static FACTS_LINE_MAX],
               struct error *err);

/* Whether it uses the key of which config_key_prove() made the proof; the same returns. */
int ask_same_key(const struct lock_holder *holder, const char *proof, bool *ret_same, struct error *err);

#endif
