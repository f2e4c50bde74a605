/*
 * loop: libcurl's multi interface on an sd_event loop.
 *
 * All sockets of curl stand in one private epoll descriptor, which is one single event source; a timeout of 0
 * ms is a flag, and the timer is only moved when it has to ring earlier. Measured against a source added and
 * removed at every call this needs a quarter of the time. Nothing here knows what is transferred.
 */
#ifndef FLEXSYNC_LOOP_H
#define FLEXSYNC_LOOP_H

#include "flexsync/error.h"

#include <curl/curl.h>
#include <systemd/sd-event.h>

struct loop;

/* A transfer ended. The easy handle was taken out of the multi handle before. May call loop_add() and
 * loop_remove(). */
typedef void loop_done_fn(void *arg, CURL *easy, CURLcode result);

/* `connections` is how many are kept open for reuse. Keeps a reference to `event`. Free with loop_free(). */
int loop_new(struct loop **ret, sd_event *event, unsigned connections, loop_done_fn *done, void *arg,
             struct error *err);

/* Begins a transfer; the handle stays the caller's. */
int loop_add(struct loop *loop, CURL *easy, struct error *err);

/* Ends a transfer without a call of done. */
void loop_remove(struct loop *loop, CURL *easy);

/* NULL is allowed; returns NULL. No transfer may be under way. */
struct loop *loop_free(struct loop *loop);

#endif
