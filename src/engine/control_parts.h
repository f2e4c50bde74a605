/* What the parts of the control socket share. Inside of engine only. */
#ifndef FLEXSYNC_CONTROL_PARTS_H
#define FLEXSYNC_CONTROL_PARTS_H

#include "flexsync/control.h"
#include "flexsync/varlink.h"
#include "flexsync/wire.h"

#include <sys/stat.h>

/* What the call of a client that is under way waits for. */
enum waits { WAITS_NOT, WAITS_RUN, WAITS_CHECK };

struct client {
    struct control *control; /* NULL: the place is free */
    struct wire wire;
    sd_event_source *io;
    int64_t deadline; /* monotonic: hung up on then, unless it does something; INT64_MAX: it may wait */
    enum waits waits;
    uint64_t run;      /* WAITS_RUN */
    bool more, oneway; /* of the call under way */
    bool serving;      /* its calls are being taken */
    bool ended;        /* it will send no more */
    bool broken;       /* to be hung up on as soon as nobody uses this struct */
};

struct control {
    struct control_options options;
    char *path; /* owned */
    struct stat file;
    int fd;
    sd_event_source *listener;
    sd_event_source *tick; /* progress and deadlines, while there are clients */
    bool stopping;
    struct client clients[CONTROL_CLIENTS_MAX];
};

/* A listening socket of that name, for the owner and the group; *ret_file tells it from another. Errors as
 * control_new(). */
int control_listen(const char *path, struct stat *ret_file, struct error *err);

/* Removes the socket, if it is still that one. */
void control_unlink(const char *path, const struct stat *file);

/* Answers the call under way, unless nobody wants to hear it; takes over `message`. The last answer if the
 * call does not wait any more. */
void client_send(struct client *client, json_t *message);

/* Answers a call, or makes the client wait; never frees it. What is no call breaks the connection. */
void service_call(struct client *client, const char *text, size_t length);

/* The answers to those who wait. */
json_t *service_progress(const struct facts *facts);
json_t *service_result(const struct engine_result *result);
json_t *service_findings(const struct check_finding *findings, size_t count);
json_t *service_stopping(void);

#endif
