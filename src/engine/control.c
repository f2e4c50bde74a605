/* The clients of the control socket: who they are, how long they may stay, what waits for them. */
#include "flexsync/control.h"

#include "control_parts.h"
#include "flexsync/cleanup.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define ACCEPT_MAX 8 /* connections taken at a time */

static int64_t now_of(const struct control *control)
{
    return clock_monotonic(control->options.clock);
}

static void hang_up(struct client *client)
{
    (void)sd_event_source_disable_unref(client->io);
    wire_close(&client->wire);
    *client = (struct client){.wire.fd = -1};
}

/* It did something: its time begins anew. Who waits for an answer and has read all others has time. */
static void refresh(struct client *client)
{
    bool patient = client->waits != WAITS_NOT && wire_waiting(&client->wire) == 0;
    client->deadline = patient ? INT64_MAX : now_of(client->control) + CONTROL_IDLE;
}

void client_send(struct client *client, json_t *message)
{
    if (client->broken || client->oneway) {
        json_decref(message);
        return;
    }
    bool stuck = wire_waiting(&client->wire) > 0;
    if (wire_send(&client->wire, message) < 0)
        client->broken = true;
    else if (!stuck) /* else only reading buys time */
        refresh(client);
}

/* Calls are taken one at a time, and only as fast as their answers are read. */
static void serve(struct client *client)
{
    size_t length = 0;
    const char *text;
    client->serving = true;
    while (!client->broken && client->waits == WAITS_NOT &&
           wire_waiting(&client->wire) < CONTROL_PROGRESS_MAX && (text = wire_next(&client->wire, &length))) {
        service_call(client, text, length);
        if (wire_waiting(&client->wire) == 0)
            refresh(client);
    }
    client->serving = false;
}

/* What is to be watched for now; hangs up where nothing is. */
static void settle(struct client *client)
{
    size_t waiting = wire_waiting(&client->wire);
    uint32_t events =
        (waiting > 0 ? EPOLLOUT : 0u) | (!client->ended && wire_has_room(&client->wire) ? EPOLLIN : 0u);
    bool done = client->ended && client->waits == WAITS_NOT && waiting == 0;
    if (client->broken || done || sd_event_source_set_io_events(client->io, events) < 0)
        hang_up(client);
}

static void take_input(struct client *client)
{
    int r = wire_read(&client->wire);
    if (r == 0)
        client->ended = true;
    else if (r < 0 && r != -EAGAIN)
        client->broken = true;
}

static void give_output(struct client *client)
{
    size_t before = wire_waiting(&client->wire);
    if (wire_flush(&client->wire) < 0)
        client->broken = true;
    else if (wire_waiting(&client->wire) < before)
        refresh(client);
}

static int on_client(sd_event_source *source, int fd, uint32_t revents, void *user)
{
    (void)source, (void)fd;
    struct client *client = user;
    if (revents & EPOLLIN)
        take_input(client);
    if (revents & EPOLLOUT)
        give_output(client);
    serve(client);
    /* It is gone for good. What it asked for before is done; who would hear the answer? */
    if ((revents & (EPOLLHUP | EPOLLERR)) && (!(revents & EPOLLIN) || client->ended))
        client->broken = true;
    settle(client);
    return 0;
}

static struct client *free_place(struct control *control)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (!control->clients[i].control)
            return &control->clients[i];
    return NULL;
}

static void welcome(struct control *control, int fd)
{
    struct client *client = free_place(control);
    if (!client) {
        (void)close(fd);
        return;
    }
    *client = (struct client){.control = control};
    wire_init(&client->wire, fd, CONTROL_MESSAGE_MAX, CONTROL_OUTPUT_MAX);
    refresh(client);
    if (sd_event_add_io(control->options.event, &client->io, fd, EPOLLIN, on_client, client) < 0)
        hang_up(client);
}

static void arm_tick(struct control *control)
{
    (void)sd_event_source_set_time_relative(control->tick, (uint64_t)CONTROL_PROGRESS);
    (void)sd_event_source_set_enabled(control->tick, SD_EVENT_ONESHOT);
}

static int on_listener(sd_event_source *source, int fd, uint32_t revents, void *user)
{
    (void)revents;
    struct control *control = user;
    int client = 0;
    for (int i = 0; i < ACCEPT_MAX && client >= 0; i++) {
        client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client >= 0)
            welcome(control, client);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            (void)sd_event_source_set_enabled(source, SD_EVENT_OFF); /* the tick tries again */
    }
    int ticking = SD_EVENT_OFF;
    (void)sd_event_source_get_enabled(control->tick, &ticking);
    if (ticking == SD_EVENT_OFF)
        arm_tick(control);
    return 0;
}

static bool wants_progress(const struct client *client)
{
    return client->control && client->waits == WAITS_RUN && client->more && !client->broken &&
           wire_waiting(&client->wire) < CONTROL_PROGRESS_MAX;
}

static int on_tick(sd_event_source *source, uint64_t usec, void *user)
{
    (void)source, (void)usec;
    struct control *control = user;
    struct facts facts;
    size_t clients = 0;
    control->options.facts(control->options.arg, &facts);
    (void)sd_event_source_set_enabled(control->listener, SD_EVENT_ON);
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct client *client = &control->clients[i];
        if (wants_progress(client))
            client_send(client, service_progress(&facts));
        if (client->control && now_of(control) >= client->deadline)
            client->broken = true;
        if (client->control)
            settle(client);
        clients += client->control != NULL;
    }
    if (clients > 0)
        arm_tick(control);
    return 0;
}

/* The last answer to a call; the next one may have come already. What ends while it is being asked for is
 * answered from within serve(), which goes on by itself. */
static void answer(struct client *client, json_t *message)
{
    client->waits = WAITS_NOT;
    client_send(client, message);
    if (client->serving)
        return;
    serve(client);
    settle(client);
}

void control_finished(struct control *control, const struct engine_result *result)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct client *client = &control->clients[i];
        if (client->control && client->waits == WAITS_RUN && client->run == result->run)
            answer(client, service_result(result));
    }
}

void control_checked(struct control *control, const struct check_finding *findings, size_t count)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct client *client = &control->clients[i];
        if (client->control && client->waits == WAITS_CHECK)
            answer(client, service_findings(findings, count));
    }
}

void control_stop(struct control *control)
{
    control->stopping = true;
}

static int add_sources(struct control *control)
{
    sd_event *event = control->options.event;
    int r = sd_event_add_io(event, &control->listener, control->fd, EPOLLIN, on_listener, control);
    if (r >= 0)
        r = sd_event_add_time_relative(event, &control->tick, CLOCK_MONOTONIC, 0, 1, on_tick, control);
    return r < 0 ? r : sd_event_source_set_enabled(control->tick, SD_EVENT_OFF);
}

int control_new(struct control **ret, const struct control_options *options, struct error *err)
{
    struct control *control = calloc(1, sizeof *control);
    if (!control || !(control->path = strdup(options->path))) {
        free(control);
        return error_memory(err);
    }
    control->options = *options;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        control->clients[i].wire.fd = -1;
    control->fd = control_listen(control->path, &control->file, err);
    int r = control->fd < 0 ? 0 : add_sources(control);
    if (r < 0)
        (void)error_set(err, ERROR_SYSTEM, RETRY_LATER, "cannot set up the control socket: %s", strerror(-r));
    if (control->fd < 0 || r < 0) {
        (void)control_free(control);
        return -1;
    }
    *ret = control;
    return 0;
}

struct control *control_free(struct control *control)
{
    if (!control)
        return NULL;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct client *client = &control->clients[i];
        if (client->control && client->waits != WAITS_NOT)
            client_send(client, service_stopping());
        if (client->control)
            hang_up(client);
    }
    (void)sd_event_source_disable_unref(control->listener);
    (void)sd_event_source_disable_unref(control->tick);
    if (control->fd >= 0) {
        control_unlink(control->path, &control->file);
        (void)close(control->fd);
    }
    free(control->path);
    free(control);
    return NULL;
}
