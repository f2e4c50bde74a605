#include "job.h"

#include <stdlib.h>
#include <string.h>

struct job *job_new(enum job_kind kind, const char *url, const struct fetch_handler *handler, void *arg)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    *job = (struct job){.kind = kind, .url = url ? strdup(url) : NULL, .handler = *handler, .arg = arg};
    if (job->url)
        return job;
    free(job);
    return NULL;
}

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

void queue_push_front(struct queue *queue, struct job *job)
{
    job->next = queue->head;
    queue->head = job;
    if (!job->next)
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
