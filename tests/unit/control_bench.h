/*
 * control_bench: the control socket on a loop of its own, with an owner that the test plays, and clients that
 * are plain sockets. The clock is the test's.
 */
#ifndef CONTROL_BENCH_H
#define CONTROL_BENCH_H

#include "../../src/engine/control_parts.h"
#include "flexsync/buffer.h"
#include "flexsync/cleanup.h"
#include "flexsync/control.h"
#include "flexsync/text.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

#define HEARD_MAX (4 * 1024 * 1024)
#define TURNS_MAX 100000

struct bench {
    char folder[40], path[64];
    sd_event *event;
    struct clock clock;
    int64_t now; /* monotonic */
    struct facts facts;
    struct control *control;

    /* What the owner was asked. */
    struct engine_request request;
    char ids[512]; /* joined by spaces */
    uint64_t run;  /* of the last request; each gets another one, unless `fold` */
    int syncs, checks;
    bool fold, refuses, ends_at_once;
};

struct peer {
    int fd;
    struct buffer heard;
    size_t taken;
};

static inline int64_t bench_now(void *arg)
{
    return ((struct bench *)arg)->now;
}

static inline void bench_facts(void *arg, struct facts *ret)
{
    *ret = ((struct bench *)arg)->facts;
}

static inline void end_run(struct bench *b, uint64_t run, const char *summary)
{
    struct engine_result result = {.run = run, .status = SYNC_SUCCESS};
    (void)snprintf(result.summary, sizeof result.summary, "%s", summary);
    control_finished(b->control, &result);
}

static inline int bench_sync(void *arg, const struct engine_request *request, uint64_t *ret_run,
                             struct error *err)
{
    struct bench *b = arg;
    b->syncs++;
    if (b->refuses)
        return error_set(err, ERROR_LOCKED, RETRY_LATER, "not now");
    b->request = *request;
    b->ids[0] = '\0';
    for (size_t i = 0; i < request->id_count; i++) {
        size_t n = strlen(b->ids);
        (void)snprintf(b->ids + n, sizeof b->ids - n, "%s%s", n ? " " : "", request->ids[i]);
    }
    if (!b->fold || b->run == 0)
        b->run++;
    *ret_run = b->run;
    if (b->ends_at_once)
        end_run(b, b->run, "at once");
    return 0;
}

static inline int bench_check(void *arg, struct error *err)
{
    struct bench *b = arg;
    b->checks++;
    return b->refuses ? error_set(err, ERROR_SYSTEM, RETRY_LATER, "no memory") : 0;
}

static inline bool bench_same_key(void *arg, const char *proof)
{
    (void)arg;
    return strcmp(proof, "the right one") == 0;
}

static inline int listen_again(struct bench *b, struct error *err)
{
    const struct control_options options = {.event = b->event,
                                            .clock = &b->clock,
                                            .path = b->path,
                                            .database = "/var/lib/x/contacts.db",
                                            .facts = bench_facts,
                                            .sync = bench_sync,
                                            .check = bench_check,
                                            .same_key = bench_same_key,
                                            .arg = b};
    return control_new(&b->control, &options, err);
}

static inline int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    struct error err = {0};
    assert_non_null(b);
    strcpy(b->folder, "/tmp/test_control.XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    (void)snprintf(b->path, sizeof b->path, "%s/control", b->folder);
    b->clock = (struct clock){.wall = bench_now, .monotonic = bench_now, .arg = b};
    b->now = USEC_PER_DAY;
    b->facts = (struct facts){.state = FACTS_IDLE, .now = b->now, .contacts = 1699};
    assert_true(sd_event_new(&b->event) >= 0);
    if (listen_again(b, &err) < 0)
        fail_msg("%s", err.text);
    *state = b;
    return 0;
}

static inline int tear_down(void **state)
{
    struct bench *b = *state;
    char command[80];
    (void)control_free(b->control);
    (void)sd_event_unref(b->event);
    (void)snprintf(command, sizeof command, "rm -rf %s", b->folder);
    assert_int_equal(system(command), 0);
    free(b);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Lets the control do all that it has to do now. */
static inline void pump(struct bench *b)
{
    int turns = 0;
    while (sd_event_run(b->event, 0) > 0)
        if (++turns > TURNS_MAX)
            fail_msg("the loop does not come to rest");
}

/* And what its timer would have to do by now. */
static inline void tick(struct bench *b)
{
    pump(b);
    assert_true(sd_event_source_set_time(b->control->tick, 0) >= 0);
    assert_true(sd_event_source_set_enabled(b->control->tick, SD_EVENT_ONESHOT) >= 0);
    pump(b);
}

static inline struct peer join(struct bench *b)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct peer peer = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    strcpy(address.sun_path, b->path);
    assert_true(peer.fd >= 0);
    assert_int_equal(connect(peer.fd, (struct sockaddr *)&address, sizeof address), 0);
    buffer_init(&peer.heard, HEARD_MAX);
    pump(b);
    return peer;
}

static inline void leave(struct bench *b, struct peer *peer)
{
    if (peer->fd >= 0)
        (void)close(peer->fd);
    peer->fd = -1;
    buffer_free(&peer->heard);
    pump(b);
}

static inline void say_bytes(struct peer *peer, const void *bytes, size_t length)
{
    assert_int_equal(send(peer->fd, bytes, length, MSG_NOSIGNAL), (ssize_t)length);
}

/* A message, its NUL too. */
static inline void say(struct bench *b, struct peer *peer, const char *text)
{
    say_bytes(peer, text, strlen(text) + 1);
    pump(b);
}

/* Reads all that is there. True: the control has hung up. */
static inline bool listen_to(struct peer *peer)
{
    char piece[65536];
    ssize_t n;
    while ((n = recv(peer->fd, piece, sizeof piece, 0)) > 0)
        assert_int_equal(buffer_append(&peer->heard, piece, (size_t)n), 0);
    return n == 0 || errno == ECONNRESET;
}

static inline bool is_hung_up(struct bench *b, struct peer *peer)
{
    pump(b);
    return listen_to(peer);
}

/* The next message, or NULL; the caller releases it. */
static inline json_t *hear(struct bench *b, struct peer *peer)
{
    pump(b);
    (void)listen_to(peer);
    size_t left = peer->heard.length - peer->taken;
    const char *text = left ? peer->heard.data + peer->taken : NULL;
    const char *end = text ? memchr(text, 0, left) : NULL;
    if (!end)
        return NULL;
    peer->taken += (size_t)(end - text) + 1;
    json_t *message = json_loads(text, 0, NULL);
    assert_true(json_is_object(message));
    return message;
}

static inline json_t *ask(struct bench *b, struct peer *peer, const char *text)
{
    say(b, peer, text);
    return hear(b, peer);
}

static inline void assert_silence(struct bench *b, struct peer *peer)
{
    json_t *message = hear(b, peer);
    if (message)
        fail_msg("heard %s", json_dumps(message, 0));
}

static inline const char *text_at(const json_t *message, const char *outer, const char *inner)
{
    const char *text = json_string_value(json_object_get(json_object_get(message, outer), inner));
    return text ? text : "";
}

static inline void assert_error(json_t *message, const char *error, const char *field, const char *value)
{
    assert_non_null(message);
    assert_string_equal(json_string_value(json_object_get(message, "error")), error);
    if (field)
        assert_string_equal(text_at(message, "parameters", field), value);
    json_decref(message);
}

/* The last reply to a Sync. */
static inline void assert_result(json_t *message, const char *summary)
{
    assert_non_null(message);
    assert_null(json_object_get(message, "continues"));
    const json_t *parameters = json_object_get(message, "parameters");
    assert_string_equal(text_at(parameters, "result", "summary"), summary);
    json_decref(message);
}

#endif
