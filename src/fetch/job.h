/* job: a request from when it is asked for until it ends, and the queues in which it waits. Inside of fetch
 * only. */
#ifndef FLEXSYNC_JOB_H
#define FLEXSYNC_JOB_H

#include "flexsync/fetch.h"

#include <stdint.h>

struct job {
    struct job *next;
    char *url;
    struct fetch_handler handler;
    void *arg;
    unsigned tries;
    unsigned tokens; /* that were refused to it */
    int64_t due;     /* while delayed: monotonic */
};

/* Singly linked, first in first out. */
struct queue {
    struct job *head, **tail;
};

void queue_init(struct queue *queue);
void queue_push(struct queue *queue, struct job *job);

/* Takes out the job that `link` points to. */
struct job *queue_take(struct queue *queue, struct job **link);

void job_free(struct job *job);

#endif
