#include "job.h"

#include <stdlib.h>

void queue_init(struct queue *queue)
{
    queue->head = NULL;
    queue->tail = &queue->head;
}

void queue_push(struct queue *queue, struct job *job)
{
    job->next = NULL;
    *queue->tail = job;
    queue->tail = &job->next;
}

struct job *queue_take(struct queue *queue, struct job **link)
{
    struct job *job = *link;
    *link = job->next;
    if (!*link)
        queue->tail = link;
    return job;
}

void job_free(struct job *job)
{
    free(job->url);
    free(job);
}
