#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "caltime.h"
#include "control.h"

#define PEM_MAX            ((size_t)1024 * 1024)
#define CONNECTIONS_MAX    4096U
#define IDLE_SECONDS       120U
#define DISCARDED_BODY_MAX ((size_t)1024 * 1024)

struct server {
    struct sim *sim;
    struct MHD_Daemon *daemon;
    unsigned port;
};

/* One HTTP request, from its headers to its end. */
struct request {
    struct parked parked; /* first: what hangs up is found by it */
    struct sim *sim;
    bool control, waited;
    struct ticket ticket;
    struct buf body; /* of control requests */
    size_t discarded;
};

static void on_left(struct parked *parked)
{
    struct request *r = (struct request *)(void *)parked;
    api_close(r->sim, &r->ticket);
}

static enum MHD_Result send_control(struct server *v, struct request *r, struct MHD_Connection *connection,
                                    const char *path, const char *method)
{
    struct answer a = {0};
    control_answer(v->sim, connection, path, method, &r->body, &a);
    enum MHD_Result result = answer_send(v->sim, connection, &r->parked, &a);
    answer_clear(&a);
    return result;
}

static enum MHD_Result send_answer(struct server *v, struct request *r, struct MHD_Connection *connection)
{
    const struct rule *final = r->ticket.verdict.final;
    if (final && final->action == ACTION_RESET && final->bytes < 0) {
        answer_reset(connection);
        return MHD_NO;
    }
    struct answer a;
    api_answer(v->sim, &r->ticket, &a);
    /* The count goes down before the client can know: it may send the next one at once. */
    sim_lock(v->sim);
    api_leave(v->sim, &r->ticket);
    r->ticket.answered = a.body != NULL;
    if (a.body)
        stats_answered(v->sim->stats, r->ticket.place, a.status);
    sim_unlock(v->sim);
    enum MHD_Result result = answer_send(v->sim, connection, &r->parked, &a);
    answer_clear(&a);
    return result;
}

static void arrive(struct server *v, struct request *r, struct MHD_Connection *connection, const char *path,
                   const char *method)
{
    const char *token = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Auth-Token");
    call_read(connection, path, method, &r->ticket.call);
    r->ticket.answered = false;
    sim_lock(v->sim);
    api_arrive(v->sim, &r->ticket, token);
    sim_unlock(v->sim);
}

/* Whether the request waits now; then nothing more is to be done until it comes back. */
static bool park(struct server *v, struct request *r, struct MHD_Connection *connection)
{
    int64_t ms = r->ticket.wait_ms;
    if (!ms)
        return false;
    uint64_t until = ms < 0 ? PARKING_FOREVER : caltime_monotonic_ns() + (uint64_t)ms * 1000000U;
    sim_lock(v->sim);
    bool parked = parking_add(v->sim->parking, &r->parked, connection, until);
    sim_unlock(v->sim);
    return parked;
}

/* The request is here with all of its body. */
static enum MHD_Result on_whole(struct server *v, struct request *r, struct MHD_Connection *connection,
                                const char *path, const char *method)
{
    if (r->control)
        return send_control(v, r, connection, path, method);
    if (!r->waited) {
        r->waited = true;
        arrive(v, r, connection, path, method);
        if (park(v, r, connection))
            return MHD_YES;
    }
    if (r->ticket.wait_ms < 0 || r->parked.left)
        return MHD_NO;
    return send_answer(v, r, connection);
}

/* Whether the headers announce a body larger than anybody will read. */
static bool too_large(struct MHD_Connection *connection, bool control)
{
    const char *text =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    int64_t length;
    int64_t max = (int64_t)(control ? CONTROL_BODY_MAX : DISCARDED_BODY_MAX);
    return text && !parse_int(text, 0, max, &length);
}

static enum MHD_Result refuse_size(struct server *v, struct request *r, struct MHD_Connection *connection)
{
    struct answer a = {.now = caltime_real_ms()};
    answer_error(&a, MHD_HTTP_CONTENT_TOO_LARGE, "Too large.");
    enum MHD_Result result = answer_send(v->sim, connection, &r->parked, &a);
    answer_clear(&a);
    return result;
}

/* The first call, headers only. What is no GET is answered at once: its body may be of any size. */
static enum MHD_Result on_headers(struct server *v, struct MHD_Connection *connection, const char *path,
                                  const char *method, void **request)
{
    struct request *r = calloc(1, sizeof(*r));
    if (!r)
        return MHD_NO;
    *request = r;
    r->sim = v->sim;
    r->control = !strncmp(path, CONTROL_PREFIX, strlen(CONTROL_PREFIX));
    r->ticket.answered = true; /* until it is counted, nobody misses an answer */
    if (too_large(connection, r->control))
        return refuse_size(v, r, connection);
    if (r->control || !strcmp(method, MHD_HTTP_METHOD_GET))
        return MHD_YES;
    arrive(v, r, connection, path, method);
    return send_answer(v, r, connection);
}

static enum MHD_Result on_body(struct request *r, const char *data, size_t *size)
{
    if (r->control)
        buf_add(&r->body, data, *size);
    r->discarded += *size;
    *size = 0;
    return r->discarded > (r->control ? CONTROL_BODY_MAX : DISCARDED_BODY_MAX) ? MHD_NO : MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data, size_t *size,
                                  void **request)
{
    (void)version;
    if (!*request)
        return on_headers(cls, connection, path, method, request);
    return *size ? on_body(*request, data, size) : on_whole(cls, *request, connection, path, method);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode code)
{
    (void)connection;
    (void)code;
    struct server *v = cls;
    struct request *r = *request;
    if (!r)
        return;
    sim_lock(v->sim);
    parking_remove(v->sim->parking, &r->parked);
    if (!r->control)
        api_close(v->sim, &r->ticket);
    sim_unlock(v->sim);
    buf_free(&r->body);
    free(r);
    *request = NULL;
}

/* 127.0.0.0/8 and ::1 only. */
static bool read_address(const struct settings *set, struct sockaddr_storage *ret, bool *ret_ipv6)
{
    struct sockaddr_in *four = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
    const char *text = strcmp(set->listen, "localhost") == 0 ? "127.0.0.1" : set->listen;
    memset(ret, 0, sizeof(*ret));
    *ret_ipv6 = false;
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)set->port);
        return ntohl(four->sin_addr.s_addr) >> 24 == 127;
    }
    if (inet_pton(AF_INET6, text, &six->sin6_addr) != 1 || !IN6_IS_ADDR_LOOPBACK(&six->sin6_addr))
        return false;
    six->sin6_family = AF_INET6;
    six->sin6_port = htons((uint16_t)set->port);
    return *ret_ipv6 = true;
}

bool server_may_listen(const struct settings *set)
{
    struct sockaddr_storage address;
    bool ipv6;
    return read_address(set, &address, &ipv6);
}

/* A PEM file as a text; NULL, and why. */
static char *read_pem(const char *path, char error[static SCRIPT_ERROR_MAX])
{
    struct buf b = {0};
    int status = buf_read_file(&b, path, PEM_MAX);
    if (status < 0) {
        buf_free(&b);
        (void)snprintf(error, SCRIPT_ERROR_MAX, "%.300s: %s", path, strerror(-status));
        return NULL;
    }
    return buf_take(&b);
}

static struct MHD_Daemon *start_daemon(struct server *v, const struct sockaddr_storage *address, bool ipv6,
                                       char *cert, char *key)
{
    unsigned flags =
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK;
    if (ipv6)
        flags |= MHD_USE_IPv6;
    if (cert)
        flags |= MHD_USE_TLS;
    unsigned threads = (unsigned)v->sim->set.threads;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, cert}, {MHD_OPTION_HTTPS_MEM_KEY, 0, key}, {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem pool[] = {{MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)threads, NULL},
                                    {MHD_OPTION_END, 0, NULL}};
    return MHD_start_daemon(flags, (uint16_t)v->sim->set.port, NULL, NULL, on_request, v,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, v, MHD_OPTION_SOCK_ADDR,
                            (const struct sockaddr *)address, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
                            MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_ARRAY,
                            threads > 1 ? pool : none, MHD_OPTION_ARRAY, cert ? tls : none, MHD_OPTION_END);
}

static void explain(const struct settings *set, int number, char error[static SCRIPT_ERROR_MAX])
{
    const char *why = number             ? strerror(number)
                      : set->tls_cert[0] ? "is the certificate good, and the key the one that belongs to it?"
                                         : "the HTTP library refused";
    (void)snprintf(error, SCRIPT_ERROR_MAX, "cannot listen on %s, port %lld: %s", set->listen,
                   (long long)set->port, why);
}

static int start(struct server *v, char error[static SCRIPT_ERROR_MAX])
{
    const struct settings *set = &v->sim->set;
    struct sockaddr_storage address;
    bool ipv6;
    char *cert = NULL, *key = NULL;
    if (!read_address(set, &address, &ipv6))
        return -1;
    if (set->tls_cert[0]) {
        cert = read_pem(set->tls_cert, error);
        key = cert ? read_pem(set->tls_key, error) : NULL;
    }
    if (!set->tls_cert[0] || key) {
        errno = 0;
        v->daemon = start_daemon(v, &address, ipv6, cert, key);
        if (!v->daemon) /* else the settings are no longer ours to read */
            explain(set, errno, error);
    }
    free(cert);
    free(key);
    return v->daemon ? 0 : -1;
}

int server_new(struct sim *s, char error[static SCRIPT_ERROR_MAX], struct server **ret)
{
    struct server *v = calloc(1, sizeof(*v));
    (void)snprintf(error, SCRIPT_ERROR_MAX, "no memory");
    if (!v)
        return -1;
    v->sim = s;
    if (parking_new(&s->lock, on_left, &s->parking) < 0 || start(v, error) < 0) {
        server_free(v);
        return -1;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(v->daemon, MHD_DAEMON_INFO_BIND_PORT);
    v->port = info ? info->port : 0;
    *ret = v;
    return 0;
}

struct server *server_free(struct server *v)
{
    if (!v)
        return NULL;
    if (v->sim->parking) {
        sim_lock(v->sim);
        parking_close(v->sim->parking);
        sim_unlock(v->sim);
    }
    if (v->daemon)
        MHD_stop_daemon(v->daemon);
    v->sim->parking = parking_free(v->sim->parking);
    free(v);
    return NULL;
}

unsigned server_port(const struct server *v)
{
    return v->port;
}
