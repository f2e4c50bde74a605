/*
 * fetch_bench: what the tests of the fetcher share: a server of plain sockets on the fetcher's own loop, a
 * clock that only moves when the test moves it, and what came of each request.
 *
 * Where nothing happens any more because something waits for the clock, bench_run() moves it by a minute and
 * asks for /nudge, since the fetcher looks at its clock when there is something to do.
 */
#ifndef FETCH_BENCH_H
#define FETCH_BENCH_H

#include "flexsync/cleanup.h"
#include "flexsync/fetcher.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cmocka.h>

#define KEY             "s3cret-Key-Of-The-Tests"
#define ASKS_MAX        512
#define CONNECTIONS_MAX 1024
#define REAL_LIMIT      (90 * USEC_PER_SEC) /* a test that takes longer hangs */
#define QUIET           (10 * USEC_PER_MSEC) /* server and client share a loop: nothing takes time but timers */
#define OK_HEAD         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

struct bench;

struct connection {
    struct bench *bench;
    sd_event_source *source;
    int fd;
    char request[4096];
    size_t length;
    char *out; /* owned; not written yet */
    size_t out_length, out_done;
    bool close_after;
};

/* One request of the test and its end. */
struct ask {
    struct bench *bench;
    unsigned done, accepted;
    enum fetch_outcome outcome;
    struct error err;
};

struct bench {
    sd_event *event;
    int listener;
    sd_event_source *accepting;
    unsigned port;
    struct connection *connections[CONNECTIONS_MAX];
    unsigned connection_count, requests, nudges, open, open_peak; /* open: not answered yet */
    char paths[ASKS_MAX * 4][64], tokens[ASKS_MAX * 4][64];       /* of each request */
    void (*behave)(struct bench *bench, struct connection *connection, const char *path, const char *token);
    struct connection *held[ASKS_MAX]; /* whom the test answers later */
    unsigned held_count;

    int64_t now; /* of the fetcher's clock */
    struct clock clock;
    struct limiter limiter;
    struct config config;
    bool questions; /* the fetcher may ask for /profile and /listing by itself */
    struct fetcher *fetcher;
    struct ask asks[ASKS_MAX], nudge;
    unsigned ask_count;
    bool inside;       /* a call into the fetcher is under way */
    unsigned activity; /* moves with everything that happens */
};

/* --- the server --- */

static inline void connection_end(struct connection *connection)
{
    (void)sd_event_source_disable_unref(connection->source);
    connection->source = NULL;
    if (connection->fd >= 0)
        (void)close(connection->fd);
    connection->fd = -1;
}

static inline void write_on(struct connection *connection)
{
    while (connection->out_done < connection->out_length) {
        ssize_t n = send(connection->fd, connection->out + connection->out_done,
                         connection->out_length - connection->out_done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            if (errno != EAGAIN)
                connection_end(connection);
            else
                (void)sd_event_source_set_io_events(connection->source, EPOLLIN | EPOLLOUT);
            return;
        }
        connection->out_done += (size_t)n;
    }
    (void)sd_event_source_set_io_events(connection->source, EPOLLIN);
    if (connection->close_after)
        connection_end(connection);
}

/* Answers with exactly these bytes; `close_after` ends the connection behind them. */
static inline void reply_bytes(struct connection *connection, const char *bytes, size_t length,
                               bool close_after)
{
    connection->bench->open--;
    if (connection->fd < 0)
        return;
    free(connection->out);
    connection->out = malloc(length ? length : 1);
    assert_non_null(connection->out);
    memcpy(connection->out, bytes, length);
    connection->out_length = length;
    connection->out_done = 0;
    connection->close_after = close_after;
    write_on(connection);
}

static inline void reply(struct connection *connection, const char *text)
{
    reply_bytes(connection, text, strlen(text), false);
}

static inline void reply_with(struct connection *connection, int status, const char *headers,
                              const char *body)
{
    char text[2048];
    (void)snprintf(text, sizeof text, "HTTP/1.1 %d Words\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers,
                   strlen(body), body);
    reply(connection, text);
}

/* As Flex answers. */
static inline void reply_status(struct connection *connection, int status, const char *headers)
{
    reply_with(connection, status, headers, status < 400 ? "{}" : "{\"exceptionMessage\":\"Words\"}");
}

static inline void find_header(const char *request, const char *name, char *value, size_t size)
{
    value[0] = '\0';
    const char *found = strcasestr(request, name);
    if (found)
        (void)snprintf(value, size, "%.*s", (int)strcspn(found + strlen(name), "\r\n"), found + strlen(name));
}

static inline void take_request(struct connection *connection)
{
    struct bench *bench = connection->bench;
    assert_true(bench->requests + bench->nudges < ARRAY_LENGTH(bench->paths));
    char path[64], token[64];
    assert_int_equal(sscanf(connection->request, "GET %63s HTTP/1.1", path), 1);
    find_header(connection->request, "\r\nX-Auth-Token: ", token, sizeof token);
    connection->length = 0;
    bench->open++;
    if (strcmp(path, "/nudge") == 0) {
        bench->nudges++;
        reply(connection, OK_HEAD);
        return;
    }
    memcpy(bench->paths[bench->requests], path, sizeof path);
    memcpy(bench->tokens[bench->requests], token, sizeof token);
    bench->requests++;
    if (bench->open > bench->open_peak)
        bench->open_peak = bench->open;
    bench->behave(bench, connection, path, token);
}

static inline int on_connection(sd_event_source *source, int fd, uint32_t events, void *user)
{
    (void)source;
    struct connection *connection = user;
    connection->bench->activity++;
    if (events & EPOLLOUT)
        write_on(connection);
    if (connection->fd < 0 || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return 0;
    size_t room = sizeof connection->request - 1 - connection->length;
    ssize_t n = recv(fd, connection->request + connection->length, room, MSG_DONTWAIT);
    if (n <= 0) {
        connection_end(connection);
        return 0;
    }
    connection->length += (size_t)n;
    connection->request[connection->length] = '\0';
    if (strstr(connection->request, "\r\n\r\n"))
        take_request(connection);
    return 0;
}

static inline int on_accept(sd_event_source *source, int fd, uint32_t events, void *user)
{
    (void)source, (void)events;
    struct bench *bench = user;
    assert_true(bench->connection_count < CONNECTIONS_MAX);
    struct connection *connection = calloc(1, sizeof *connection);
    assert_non_null(connection);
    connection->bench = bench;
    connection->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true(connection->fd >= 0);
    assert_true(sd_event_add_io(bench->event, &connection->source, connection->fd, EPOLLIN, on_connection,
                                connection) >= 0);
    bench->connections[bench->connection_count++] = connection;
    return 0;
}

static inline int listen_anywhere(unsigned *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 128), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

/* --- the bench --- */

static inline int64_t bench_now(void *arg)
{
    return ((struct bench *)arg)->now;
}

static inline void behave_well(struct bench *bench, struct connection *connection, const char *path,
                               const char *token)
{
    (void)bench, (void)path, (void)token;
    reply(connection, OK_HEAD);
}

static inline int bench_set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    assert_true(sd_event_new(&bench->event) >= 0);
    bench->listener = listen_anywhere(&bench->port);
    assert_true(
        sd_event_add_io(bench->event, &bench->accepting, bench->listener, EPOLLIN, on_accept, bench) >= 0);
    bench->behave = behave_well;
    bench->now = USEC_PER_DAY;
    bench->clock = (struct clock){.wall = bench_now, .monotonic = bench_now, .arg = bench};
    limiter_init(&bench->limiter, 0, 1, bench->now);
    bench->config.flex.timeout = 10 * USEC_PER_SEC;
    bench->config.flex.connect_timeout = 5 * USEC_PER_SEC;
    bench->config.limits.concurrent = 4;
    bench->config.api_key = (char *)KEY;
    *state = bench;
    return 0;
}

static inline int bench_tear_down(void **state)
{
    struct bench *bench = *state;
    bench->fetcher = fetcher_free(bench->fetcher);
    for (unsigned i = 0; i < bench->connection_count; i++) {
        connection_end(bench->connections[i]);
        free(bench->connections[i]->out);
        free(bench->connections[i]);
    }
    (void)sd_event_source_disable_unref(bench->accepting);
    (void)close(bench->listener);
    (void)sd_event_unref(bench->event);
    free(bench);
    return 0;
}

/* The fetcher is made when it is first used, so that a test can change the settings before. */
static inline struct fetcher *bench_fetcher(struct bench *bench)
{
    char profile[64], listing[64];
    (void)snprintf(profile, sizeof profile, "http://127.0.0.1:%u/profile", bench->port);
    (void)snprintf(listing, sizeof listing, "http://127.0.0.1:%u/listing", bench->port);
    const struct fetcher_options options = {.event = bench->event,
                                            .clock = &bench->clock,
                                            .limiter = &bench->limiter,
                                            .config = &bench->config,
                                            .profile_url = bench->questions ? profile : NULL,
                                            .listing_url = bench->questions ? listing : NULL};
    struct error err;
    if (!bench->fetcher && fetcher_new(&bench->fetcher, &options, &err) < 0)
        fail_msg("%s", err.text);
    return bench->fetcher;
}

/* Bodies say themselves what accept() is to say of them. */
static inline int on_accept_body(void *arg, const char *body, size_t length, struct error *err)
{
    struct ask *ask = arg;
    ask->accepted++;
    assert_int_equal(body[length], '\0');
    if (strncmp(body, "again", 5) == 0)
        return error_set(err, ERROR_ANSWER, RETRY_NOW, "no whole JSON");
    if (strncmp(body, "never", 5) == 0)
        return error_set(err, ERROR_ANSWER, RETRY_NEVER, "of no use");
    return 0;
}

static inline void on_ask_done(void *arg, enum fetch_outcome outcome, const struct error *err)
{
    struct ask *ask = arg;
    assert_false(ask->bench->inside);
    ask->done++;
    ask->bench->activity++;
    ask->outcome = outcome;
    ask->err = *err;
    assert_null(strstr(err->text, KEY));
    if (outcome != FETCH_OK)
        assert_true(err->text[0] != '\0');
}

static const struct fetch_handler ask_handler = {.accept = on_accept_body, .done = on_ask_done};

static inline void ask_into(struct bench *bench, struct ask *ask, unsigned port, const char *path)
{
    char url[128];
    struct error err;
    ask->bench = bench;
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u%s", port, path);
    struct fetcher *fetcher = bench_fetcher(bench);
    bench->inside = true;
    assert_int_equal(fetcher_get(fetcher, url, &ask_handler, ask, &err), 0);
    bench->inside = false;
}

static inline struct ask *ask_for(struct bench *bench, const char *path)
{
    assert_true(bench->ask_count < ASKS_MAX);
    struct ask *ask = &bench->asks[bench->ask_count++];
    ask_into(bench, ask, bench->port, path);
    return ask;
}

static inline unsigned bench_done(const struct bench *bench)
{
    unsigned done = 0;
    for (unsigned i = 0; i < bench->ask_count; i++) {
        assert_in_range(bench->asks[i].done, 0, 1);
        done += bench->asks[i].done;
    }
    return done;
}

/*
 * Lets everything happen that happens without the clock. A timer that rings for a clock that stands still is
 * nothing that happens.
 */
static inline void bench_settle(struct bench *bench)
{
    int64_t now = clock_monotonic(&clock_system), begun = now, quiet_since = now;
    while (now < quiet_since + QUIET) {
        unsigned before = bench->activity;
        assert_true(now < begun + REAL_LIMIT);
        assert_true(sd_event_run(bench->event, QUIET / 4) >= 0);
        now = clock_monotonic(&clock_system);
        if (bench->activity != before)
            quiet_since = now;
    }
}

/* Until the server has seen so many requests in all; then whatever else happens without the clock. */
static inline void bench_see(struct bench *bench, unsigned requests)
{
    int64_t until = clock_monotonic(&clock_system) + REAL_LIMIT;
    while (bench->requests < requests) {
        if (clock_monotonic(&clock_system) > until)
            fail_msg("%u of %u requests were seen", bench->requests, requests);
        assert_true(sd_event_run(bench->event, QUIET / 4) >= 0);
    }
    bench_settle(bench);
}

/* A minute or so goes by. What that sets free comes before the nudge is answered. */
static inline void bench_pass(struct bench *bench, int64_t usec)
{
    bench->now += usec;
    unsigned before = bench->nudge.done;
    int64_t until = clock_monotonic(&clock_system) + USEC_PER_SEC;
    ask_into(bench, &bench->nudge, bench->port, "/nudge");
    while (bench->nudge.done == before && clock_monotonic(&clock_system) < until)
        assert_true(sd_event_run(bench->event, QUIET / 4) >= 0);
    bench_settle(bench);
}

/* Until every request is done; the clock moves when nothing else does. */
static inline void bench_run(struct bench *bench)
{
    int64_t until = clock_monotonic(&clock_system) + REAL_LIMIT;
    while (bench_done(bench) < bench->ask_count) {
        if (clock_monotonic(&clock_system) > until)
            fail_msg("%u of %u requests are done, %u attempts", bench_done(bench), bench->ask_count,
                     bench->requests);
        unsigned before = bench->activity;
        assert_true(sd_event_run(bench->event, QUIET / 4) >= 0);
        if (bench->activity == before && fetcher_waiting(bench->fetcher))
            bench_pass(bench, USEC_PER_MIN);
    }
    bench_settle(bench);
}

/* How many requests for this path the server has seen. */
static inline unsigned bench_seen(const struct bench *bench, const char *path)
{
    unsigned seen = 0;
    for (unsigned i = 0; i < bench->requests; i++)
        seen += strcmp(bench->paths[i], path) == 0;
    return seen;
}

/* Attempts as the fetcher counted them, without ours. */
static inline int64_t bench_counted(const struct bench *bench)
{
    return fetcher_stats(bench->fetcher)->requests - bench->nudges;
}

static inline void assert_ended(const struct ask *ask, enum fetch_outcome outcome, enum error_code code)
{
    if (ask->done != 1 || ask->outcome != outcome || (outcome != FETCH_OK && ask->err.code != code))
        fail_msg("done %u times, outcome %d instead of %d, code %d instead of %d: %s", ask->done,
                 ask->outcome, outcome, ask->err.code, code, ask->err.text);
}

#endif
