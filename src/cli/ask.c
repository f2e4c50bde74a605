#include "ask.h"

#include "flexsync/cleanup.h"
#include "flexsync/control.h"
#include "flexsync/text.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define REPLY_MAX CONTROL_OUTPUT_MAX /* no longer one can come */
#define CALL_MAX  CONTROL_MESSAGE_MAX

static int refuse(const struct ask *ask, int why, struct error *err)
{
    const struct lock_holder *holder = ask->holder;
    if (why == EACCES || why == EPERM)
        return error_set(err, ERROR_LOCKED, RETRY_LATER,
                         "flexsyncd (process %d) can be asked only by those who may write to %s: become a "
                         "member of its group (adduser YOU " CONTROL_GROUP "), then log in anew",
                         holder->pid, holder->socket);
    return error_set(err, ERROR_LOCKED, RETRY_LATER, "flexsyncd (process %d) cannot be asked by %s: %s",
                     holder->pid, holder->socket, strerror(why));
}

static int connect_to(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval time = {.tv_sec = ASK_QUICK / USEC_PER_SEC};
    _Static_assert(LOCK_SOCKET_MAX < sizeof address.sun_path, "the name fits, its NUL too");
    memcpy(address.sun_path, path, strlen(path));
    /* The time that a full backlog may hold us up. */
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time) < 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return -errno;
    return 0;
}

int ask_open(struct ask *ret, const struct lock_holder *holder, struct error *err)
{
    struct ask ask = {.holder = holder};
    if (!holder->socket[0])
        return 0;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int r = fd < 0 ? -errno : connect_to(fd, holder->socket);
    if (r < 0) {
        if (fd >= 0)
            (void)close(fd);
        return r == -ENOENT || r == -ECONNREFUSED ? 0 : refuse(&ask, -r, err);
    }
    wire_init(&ask.wire, fd, REPLY_MAX, CALL_MAX);
    *ret = ask;
    return 1;
}

int ask_send(struct ask *ask, const char *method, json_t *parameters, bool more, struct error *err)
{
    int r = wire_send(&ask->wire, varlink_call(method, parameters, more));
    return r < 0 ? refuse(ask, -r, err) : 0;
}

int ask_read(struct ask *ask, struct error *err)
{
    int r = wire_flush(&ask->wire);
    if (r == 0)
        r = wire_read(&ask->wire);
    if (r == 0)
        return error_set(err, ERROR_LOCKED, RETRY_LATER,
                         "flexsyncd (process %d) has hung up; flexsync status shows how it is",
                         ask->holder->pid);
    return r < 0 && r != -EAGAIN ? refuse(ask, -r, err) : 0;
}

int ask_next(struct ask *ask, struct varlink_reply *ret, struct error *err)
{
    size_t length = 0;
    const char *text = wire_next(&ask->wire, &length);
    if (!text)
        return 0;
    return varlink_parse_reply(ret, text, length, err) < 0 ? -1 : 1;
}

int ask_refused(const struct ask *ask, const struct varlink_reply *reply, struct error *err)
{
    const char *reason = json_string_value(json_object_get(reply->parameters, "reason"));
    if (strcmp(reply->error, "io.flexsync.Stopping") == 0)
        return error_set(err, ERROR_LOCKED, RETRY_LATER,
                         "flexsyncd (process %d) is ending; what it received is stored: ask again",
                         ask->holder->pid);
    return error_set(err, ERROR_LOCKED, RETRY_LATER, "flexsyncd (process %d) refuses: %s", ask->holder->pid,
                     reason ? reason : reply->error);
}

void ask_close(struct ask *ask)
{
    wire_close(&ask->wire);
}

static int64_t time_of(const json_t *object, const char *name)
{
    int64_t wall = 0;
    const char *text = json_string_value(json_object_get(object, name));
    return text && text_parse_utc(text, &wall) == 0 ? wall : 0;
}

static int64_t count_of(const json_t *object, const char *name)
{
    int64_t count = json_integer_value(json_object_get(object, name));
    return count > 0 ? count : 0;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static int word_of(const json_t *object, const char *name, const char *const *words, int count, int otherwise)
{
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], text_of(object, name)) == 0)
            return i;
    return otherwise;
}

void ask_progress(const json_t *progress, struct facts *ret, char line[static FACTS_LINE_MAX])
{
    const json_t *left = json_object_get(progress, "quota_left_hour");
    const char *entity = text_of(progress, "entity");
    *ret = (struct facts){
        .state =
            (enum facts_state)word_of(progress, "state", control_state_names, FACTS_STATE_COUNT, FACTS_IDLE),
        .now = clock_wall(&clock_system),
        .entity = "contacts",
        .done = (size_t)count_of(progress, "done"),
        .planned = (size_t)count_of(progress, "planned"),
        .rate = json_number_value(json_object_get(progress, "rate")),
        .contacts = count_of(progress, "contacts"),
        .requests = count_of(progress, "requests"),
        .left_hour = json_is_integer(left) ? count_of(progress, "quota_left_hour") : SYNC_UNKNOWN,
        .resumes_at = time_of(progress, "resumes_at"),
        .next_at = time_of(progress, "next_at"),
    };
    for (size_t i = 0; entities[i]; i++)
        if (strcmp(entities[i]->name, entity) == 0)
            ret->entity = entities[i]->name;
    ret->cause =
        (enum error_code)word_of(progress, "cause", control_cause_names, ERROR_CODE_COUNT, ERROR_NONE);
    (void)snprintf(ret->trouble, sizeof ret->trouble, "%s", text_of(progress, "trouble"));
    text_disarm(ret->trouble);
    (void)snprintf(line, FACTS_LINE_MAX, "%s", text_of(progress, "line"));
    text_disarm(line);
}

static void take_unknown(const json_t *array, struct engine_result *result)
{
    size_t i;
    const json_t *value;
    const char **unknown = calloc(json_array_size(array) + 1, sizeof *unknown);
    json_array_foreach(array, i, value) if (unknown && json_is_string(value))
        unknown[result->unknown_count++] = json_string_value(value);
    result->unknown = unknown;
}

void ask_result(const json_t *result, struct engine_result *ret_result)
{
    int64_t status = count_of(result, "exit_status");
    *ret_result = (struct engine_result){
        .status =
            (enum sync_status)word_of(result, "status", sync_status_names, SYNC_STATUS_COUNT, SYNC_FAILED),
        .exit_status = status <= UINT8_MAX ? (int)status : error_exit_status(ERROR_SYSTEM),
        .resumes_at = time_of(result, "resumes_at"),
    };
    ret_result->error.code =
        (enum error_code)word_of(result, "cause", control_cause_names, ERROR_CODE_COUNT, ERROR_NONE);
    (void)snprintf(ret_result->error.text, sizeof ret_result->error.text, "%s", text_of(result, "error"));
    (void)snprintf(ret_result->summary, sizeof ret_result->summary, "%s", text_of(result, "summary"));
    text_disarm(ret_result->error.text);
    text_disarm(ret_result->summary);
    take_unknown(json_object_get(result, "unknown"), ret_result);
}

/* The one reply to a call that needs no work. */
static int await_reply(struct ask *ask, struct varlink_reply *ret, struct error *err)
{
    int64_t now = clock_monotonic(&clock_system), end = now + ASK_QUICK;
    int r;
    while ((r = ask_next(ask, ret, err)) == 0) {
        struct pollfd fd = {.fd = ask->wire.fd, .events = POLLIN};
        now = clock_monotonic(&clock_system);
        if (now >= end || poll(&fd, 1, (int)((end - now) / USEC_PER_MSEC) + 1) == 0)
            return refuse(ask, ETIMEDOUT, err);
        if (ask_read(ask, err) < 0)
            return -1;
    }
    return r;
}

/* A call that needs no work: 1 and *ret, whose root the caller releases; otherwise as ask_open(). */
static int ask_quickly(const struct lock_holder *holder, const char *method, json_t *parameters,
                       struct varlink_reply *ret, struct error *err)
{
    struct ask ask;
    int r = ask_open(&ask, holder, err);
    if (r <= 0) {
        json_decref(parameters);
        return r;
    }
    r = ask_send(&ask, method, parameters, false, err);
    if (r == 0)
        r = await_reply(&ask, ret, err);
    if (r > 0 && ret->error) {
        r = ask_refused(&ask, ret, err);
        json_decref(ret->root);
    }
    ask_close(&ask);
    return r;
}

int ask_status(const struct lock_holder *holder, struct facts *ret, char line[static FACTS_LINE_MAX],
               struct error *err)
{
    struct varlink_reply reply = {0};
    int r = ask_quickly(holder, "io.flexsync.Status", json_object(), &reply, err);
    if (r <= 0)
        return r;
    ask_progress(json_object_get(reply.parameters, "progress"), ret, line);
    json_decref(reply.root);
    return r;
}

int ask_same_key(const struct lock_holder *holder, const char *proof, bool *ret_same, struct error *err)
{
    struct varlink_reply reply = {0};
    int r = ask_quickly(holder, "io.flexsync.CompareKey", json_pack("{s:s}", "proof", proof), &reply, err);
    if (r <= 0)
        return r;
    *ret_same = json_is_true(json_object_get(reply.parameters, "same"));
    json_decref(reply.root);
    return r;
}
