#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "caltime.h"

#define JSON_TYPE  "application/json"
#define BLOCK_SIZE ((size_t)64 * 1024)

/* The body of an answer that is not simply sent: a beginning, then a part that is repeated, up to an end. */
struct stream {
    struct sim *sim;
    struct MHD_Connection *connection;
    struct parked *parked;
    struct blob *head, *loop; /* loop: NULL for none */
    uint64_t stop_at;
    enum delivery delivery;
};

void answer_error(struct answer *a, unsigned status, const char *message)
{
    struct buf b = {0};
    buf_puts(&b, "{\"exceptionMessage\":");
    buf_json(&b, message);
    buf_printf(&b, ",\"httpStatusCode\":%u}", status);
    a->status = status;
    a->type = NULL;
    answer_body(a, blob_from_buf(&b));
}

void answer_denied(struct answer *a, unsigned status)
{
    a->status = status;
    a->type = NULL;
    answer_body(a,
                blob_from_text("{\"exceptionCode\":\"FLEX_5000\",\"exceptionMessage\":\"Access Denied\"}"));
}

void answer_gateway(struct answer *a, unsigned status, const char *title)
{
    struct buf b = {0};
    buf_printf(&b, "<!DOCTYPE html>\n<html><head><title>%u %s</title></head>", status, title);
    buf_printf(&b, "<body><h1>%u %s</h1></body></html>\n", status, title);
    a->status = status;
    a->type = "text/html;charset=UTF-8";
    answer_body(a, blob_from_buf(&b));
}

void answer_body(struct answer *a, struct blob *body)
{
    blob_unref(a->body);
    a->body = body;
    if (!body)
        a->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
}

void answer_clear(struct answer *a)
{
    a->body = blob_unref(a->body);
    if (a->response)
        MHD_destroy_response(a->response);
    a->response = NULL;
}

void answer_reset(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    /* Dissolving the association makes the kernel send a RST; the daemon closes the socket in its own time.
     */
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    if (info)
        (void)connect(info->connect_fd, &none, sizeof(none));
}

static ssize_t stream_end(struct stream *s)
{
    switch (s->delivery) {
    case DELIVER_STALL: {
        bool waits = false;
        sim_lock(s->sim);
        if (!s->parked->left)
            waits = parking_add(s->sim->parking, s->parked, s->connection, PARKING_FOREVER);
        sim_unlock(s->sim);
        return waits ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
    }
    case DELIVER_RESET:
        answer_reset(s->connection);
        return MHD_CONTENT_READER_END_WITH_ERROR;
    case DELIVER_CUT:
        return MHD_CONTENT_READER_END_WITH_ERROR;
    case DELIVER_WHOLE:
    case DELIVER_CUT_UNFRAMED:
    case DELIVER_FLOOD:
    case DELIVER_FLOOD_GZIP:
        break;
    }
    return MHD_CONTENT_READER_END_OF_STREAM;
}

static ssize_t stream_read(void *cls, uint64_t pos, char *to, size_t max)
{
    struct stream *s = cls;
    if (pos >= s->stop_at)
        return stream_end(s);
    if (max > s->stop_at - pos)
        max = (size_t)(s->stop_at - pos);
    const struct blob *from = s->head;
    size_t at = 0;
    if (pos < s->head->len) {
        at = (size_t)pos;
    } else {
        from = s->loop;
        at = (size_t)((pos - s->head->len) % from->len);
    }
    size_t n = from->len - at < max ? from->len - at : max;
    memcpy(to, from->data + at, n);
    return (ssize_t)n;
}

static void stream_free(void *cls)
{
    struct stream *s = cls;
    blob_unref(s->head);
    blob_unref(s->loop);
    free(s);
}

/* A listing that begins well and goes on for ever. */
static void flood_parts(struct sim *sim, const struct answer *a, struct stream *s)
{
    if (a->delivery == DELIVER_FLOOD_GZIP) {
        s->head = blob_ref(sim->flood_head);
        s->loop = blob_ref(sim->flood_block);
        return;
    }
    struct buf loop = {0};
    for (int i = 0; i < 256; i++)
        buf_puts(&loop, "{\"id\":\"ffffffff-ffff-4fff-bfff-ffffffffffff\",\"name\":\"Again and again\"},\n");
    s->head = blob_from_text("{\"content\":[");
    s->loop = blob_from_buf(&loop);
}

/* How long the body is said to be. */
static uint64_t promised(const struct answer *a)
{
    switch (a->delivery) {
    case DELIVER_CUT:
    case DELIVER_RESET:
    case DELIVER_STALL:
        return a->body->len;
    case DELIVER_WHOLE:
    case DELIVER_CUT_UNFRAMED:
    case DELIVER_FLOOD:
    case DELIVER_FLOOD_GZIP:
        break;
    }
    return MHD_SIZE_UNKNOWN;
}

static struct MHD_Response *stream_response(struct sim *sim, struct MHD_Connection *connection,
                                            struct parked *parked, const struct answer *a)
{
    struct stream *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->sim = sim;
    s->connection = connection;
    s->parked = parked;
    s->delivery = a->delivery;
    if (a->delivery == DELIVER_FLOOD || a->delivery == DELIVER_FLOOD_GZIP) {
        flood_parts(sim, a, s);
        s->stop_at = a->bytes < 0 ? UINT64_MAX : (uint64_t)a->bytes;
    } else {
        s->head = blob_ref(a->body);
        s->loop = blob_ref(a->body); /* never read: it stops before */
        s->stop_at = a->delivery == DELIVER_WHOLE ? a->body->len
                     : a->bytes < 0               ? a->body->len / 2
                                                  : (uint64_t)a->bytes;
        if (s->stop_at > a->body->len)
            s->stop_at = a->body->len;
    }
    struct MHD_Response *r =
        s->head && s->loop
            ? MHD_create_response_from_callback(promised(a), BLOCK_SIZE, stream_read, s, stream_free)
            : NULL;
    if (!r)
        stream_free(s);
    return r;
}

static void free_body(void *cls)
{
    blob_unref(cls);
}

static struct MHD_Response *plain_response(struct blob *body)
{
    struct MHD_Response *r = MHD_create_response_from_buffer_with_free_callback_cls(
        body->len, body->data, free_body, blob_ref(body));
    if (!r)
        blob_unref(body);
    return r;
}

static bool add_header(struct MHD_Response *r, const char *name, const char *value)
{
    return !value || !*value || MHD_add_response_header(r, name, value) == MHD_YES;
}

static bool add_headers(struct MHD_Response *r, const struct answer *a, bool gzip)
{
    char date[CALTIME_TEXT];
    caltime_http(a->now, date);
    return add_header(r, MHD_HTTP_HEADER_DATE, date) &&
           add_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, a->type ? a->type : JSON_TYPE) &&
           add_header(r, MHD_HTTP_HEADER_CONTENT_ENCODING, gzip ? "gzip" : NULL) &&
           add_header(r, MHD_HTTP_HEADER_VARY, a->gzip ? MHD_HTTP_HEADER_ACCEPT_ENCODING : NULL) &&
           add_header(r, MHD_HTTP_HEADER_RETRY_AFTER, a->retry_after) &&
           add_header(r, MHD_HTTP_HEADER_LOCATION, a->location) &&
           add_header(r, MHD_HTTP_HEADER_ALLOW, a->allow_get ? MHD_HTTP_METHOD_GET : NULL) &&
           add_header(r, "X-Auth-Token-Refreshed", a->refreshed) &&
           add_header(r, MHD_HTTP_HEADER_CONNECTION, a->delivery == DELIVER_CUT_UNFRAMED ? "close" : NULL);
}

/* The body as it goes over the wire; *ret_gzip says which of the two it is. */
static struct blob *wire_body(const struct answer *a, bool *ret_gzip)
{
    struct blob *packed = a->gzip && a->delivery == DELIVER_WHOLE && a->body->len ? blob_gzip(a->body) : NULL;
    *ret_gzip = packed || a->delivery == DELIVER_FLOOD_GZIP;
    return packed ? packed : blob_ref(a->body);
}

static enum MHD_Result queue(struct MHD_Connection *connection, const struct answer *a,
                             struct MHD_Response *r, bool gzip)
{
    if (a->delivery == DELIVER_CUT_UNFRAMED &&
        MHD_set_response_options(r, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END) != MHD_YES)
        return MHD_NO;
    return add_headers(r, a, gzip) ? MHD_queue_response(connection, a->status, r) : MHD_NO;
}

enum MHD_Result answer_send(struct sim *s, struct MHD_Connection *connection, struct parked *parked,
                            const struct answer *a)
{
    if (a->response)
        return queue(connection, a, a->response, false);
    if (!a->body)
        return MHD_NO;
    bool gzip;
    struct answer wire = *a;
    wire.body = wire_body(a, &gzip);
    struct MHD_Response *r = a->delivery == DELIVER_WHOLE && !a->chunked
                                 ? plain_response(wire.body)
                                 : stream_response(s, connection, parked, &wire);
    blob_unref(wire.body);
    if (!r)
        return MHD_NO;
    enum MHD_Result result = queue(connection, a, r, gzip);
    MHD_destroy_response(r);
    return result;
}
