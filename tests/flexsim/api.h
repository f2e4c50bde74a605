/*
 * The API: what happens to a request when it arrives (counted, key, quota, script) and, when its time has
 * come, what it is answered.
 */
#ifndef FLEXSIM_API_H
#define FLEXSIM_API_H

#include "answer.h"
#include "sim.h"

/* A request from its arrival to its answer. */
struct ticket {
    struct call call;
    uint64_t place; /* in the log of requests */
    bool in_flight; /* counted as such */
    bool answered;
    unsigned refused;         /* status decided at arrival; 0: none */
    enum quota_window window; /* of a 429 */
    bool refresh;             /* its answer brings a new token */
    struct verdict verdict;
    int64_t wait_ms; /* before it is answered; -1: never */
};

/* Wants the lock. `token` is what the client sent, or NULL. */
void api_arrive(struct sim *s, struct ticket *t, const char *token);
/* Takes the lock itself. The caller clears the answer. */
void api_answer(struct sim *s, struct ticket *t, struct answer *ret);
/* With the lock: it is no longer in flight. */
void api_leave(struct sim *s, struct ticket *t);
/* With the lock: the end of a ticket, whatever became of it; may come twice. Lets go of the script. */
void api_close(struct sim *s, struct ticket *t);

#endif
