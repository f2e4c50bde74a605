#include "flexsync/loop.h"

#include "flexsync/cleanup.h"
#include "flexsync/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 64

struct loop {
    CURLM *multi;
    sd_event *event;
    sd_event_source *io;    /* readable when any socket of curl is ready */
    sd_event_source *timer; /* curl's timeout */
    sd_event_source *soon;  /* curl asked for 0 ms from outside of our handlers */
    int epoll_fd;
    bool timeout_now; /* curl asked for 0 ms inside of one */
    bool inside;
    loop_done_fn *done;
    void *arg;
};

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *known)
{
    (void)easy;
    struct loop *loop = user;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL); /* a closed one is gone already */
        return 0;
    }
    struct epoll_event e = {.data.fd = fd};
    if (what & CURL_POLL_IN)
        e.events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        e.events |= EPOLLOUT;
    if (epoll_ctl(loop->epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e) < 0)
        return -1; /* curl fails the transfer */
    (void)curl_multi_assign(loop->multi, fd, loop);
    return 0;
}

static int on_curl_timeout(CURLM *multi, long ms, void *user)
{
    (void)multi;
    struct loop *loop = user;
    if (ms < 0)
        return sd_event_source_set_enabled(loop->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
    if (ms == 0) {
        loop->timeout_now = true;
        if (loop->inside)
            return 0;
        return sd_event_source_set_enabled(loop->soon, SD_EVENT_ONESHOT) < 0 ? -1 : 0;
    }
    uint64_t now = 0, armed = 0;
    int enabled = SD_EVENT_OFF;
    if (sd_event_now(loop->event, CLOCK_MONOTONIC, &now) < 0 ||
        sd_event_source_get_enabled(loop->timer, &enabled) < 0 ||
        sd_event_source_get_time(loop->timer, &armed) < 0)
        return -1;
    uint64_t wanted = now + (uint64_t)ms * 1000;
    if (enabled != SD_EVENT_OFF && armed > now && armed <= wanted)
        return 0; /* rings early; curl then says what it wants */
    if (sd_event_source_set_time(loop->timer, wanted) < 0)
        return -1;
    return sd_event_source_set_enabled(loop->timer, SD_EVENT_ONESHOT) < 0 ? -1 : 0;
}

/* Hands out what is finished; the handlers may add transfers, which may finish at once. */
static void drain(struct loop *loop)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(loop->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result; /* the message dies with the removal */
        (void)curl_multi_remove_handle(loop->multi, easy);
        loop->done(loop->arg, easy, result);
    }
}

static void turn(struct loop *loop, const struct epoll_event *events, int count)
{
    int running;
    loop->inside = true;
    for (int i = 0; i < count; i++) {
        int mask = 0;
        if (events[i].events & EPOLLIN)
            mask |= CURL_CSELECT_IN;
        if (events[i].events & EPOLLOUT)
            mask |= CURL_CSELECT_OUT;
        if (events[i].events & (EPOLLERR | EPOLLHUP))
            mask |= CURL_CSELECT_ERR;
        (void)curl_multi_socket_action(loop->multi, events[i].data.fd, mask, &running);
    }
    drain(loop);
    while (loop->timeout_now) {
        loop->timeout_now = false;
        (void)curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        drain(loop);
    }
    loop->inside = false;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *user)
{
    (void)source, (void)revents;
    struct epoll_event events[EVENTS_AT_ONCE];
    int count = epoll_wait(fd, events, EVENTS_AT_ONCE, 0);
    turn(user, events, count < 0 ? 0 : count);
    return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
    (void)source, (void)usec;
    struct loop *loop = user;
    loop->timeout_now = true;
    turn(loop, NULL, 0);
    return 0;
}

static int on_soon(sd_event_source *source, void *user)
{
    (void)source;
    turn(user, NULL, 0);
    return 0;
}

static int add_sources(struct loop *loop)
{
    int r = sd_event_add_io(loop->event, &loop->io, loop->epoll_fd, EPOLLIN, on_io, loop);
    if (r >= 0)
        r = sd_event_add_time(loop->event, &loop->timer, CLOCK_MONOTONIC, 0, 1, on_timer, loop);
    if (r >= 0)
        r = sd_event_source_set_enabled(loop->timer, SD_EVENT_OFF);
    if (r >= 0)
        r = sd_event_add_defer(loop->event, &loop->soon, on_soon, loop);
    if (r >= 0)
        r = sd_event_source_set_enabled(loop->soon, SD_EVENT_OFF);
    return r;
}

static bool set_options(struct loop *loop, unsigned connections)
{
    CURLM *m = loop->multi;
    return curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_SOCKETDATA, loop) == CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, on_curl_timeout) == CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_TIMERDATA, loop) == CURLM_OK &&
           curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, (long)connections) == CURLM_OK;
}

int loop_new(struct loop **ret, sd_event *event, unsigned connections, loop_done_fn *done, void *arg,
             struct error *err)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return error_memory(err);
    loop->event = sd_event_ref(event);
    loop->done = done;
    loop->arg = arg;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->multi = curl_multi_init();
    int r = loop->epoll_fd < 0 ? -errno : add_sources(loop);
    if (r < 0 || !loop->multi || !set_options(loop, connections)) {
        (void)loop_free(loop);
        return error_set(err, ERROR_SYSTEM, RETRY_LATER, "cannot set up the event loop: %s",
                         r < 0 ? strerror(-r) : "libcurl refuses");
    }
    *ret = loop;
    return 0;
}

int loop_add(struct loop *loop, CURL *easy, struct error *err)
{
    CURLMcode code = curl_multi_add_handle(loop->multi, easy);
    if (code != CURLM_OK)
        return error_set(err, ERROR_SYSTEM, RETRY_LATER, "libcurl cannot begin a request: %s",
                         curl_multi_strerror(code));
    return 0;
}

void loop_remove(struct loop *loop, CURL *easy)
{
    (void)curl_multi_remove_handle(loop->multi, easy);
}

struct loop *loop_free(struct loop *loop)
{
    if (!loop)
        return NULL;
    if (loop->multi)
        (void)curl_multi_cleanup(loop->multi); /* calls on_socket for what is still open */
    (void)sd_event_source_disable_unref(loop->io);
    (void)sd_event_source_disable_unref(loop->timer);
    (void)sd_event_source_disable_unref(loop->soon);
    if (loop->epoll_fd >= 0)
        (void)close(loop->epoll_fd);
    (void)sd_event_unref(loop->event);
    free(loop);
    return NULL;
}
