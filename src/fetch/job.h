/* job: a request from when it is asked for until it ends, and the queues in which it waits. Inside of fetch
 * only. */
#ifndef FLEXSYNC_JOB_H
#define FLEXSYNC_JOB_H

#include "flexsync/fetch.h"

#include <stdbool.h>
#include <stdint.h>

enum job_kind {
    JOB_ASKED,    /* by fetcher_get() */
    JOB_PROBE,    /* whether the server is in trouble still */
    JOB_QUESTION, /* whether the key is good */
};

struct job {
    struct job *next;
    enum job_kind kind;
    char *url;
    struct fetch_handler handler;
    void *arg;
    unsigned tries;
    unsigned tokens;      /* that were refused to it */
    unsigned unsent;      /* attempts that are not in `tries`, since they most likely did not arrive */
    bool fresh;           /* it wants a new connection */
    long refusal;         /* status, while suspended */
    int64_t due;          /* while delayed: monotonic */
    struct error failure; /* the last one of its own; ERROR_NONE: none yet */
};

/* NULL without memory or URL. */
struct job *job_new(enum job_kind kind, const char *url, const struct fetch_handler *handler, void *arg);

/* Singly linked, first in first out. */
struct queue {
    struct job *head, **tail;
};

void queue_init(struct queue *queue);
void queue_push(struct queue *queue, struct job *job);
void queue_push_front(struct queue *queue, struct job *job);

/* Takes out the job that `link` points to. */
struct job *queue_take(struct queue *queue, struct job **link);

void job_free(struct job *job);

#endif
