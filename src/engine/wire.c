#include "flexsync/wire.h"

#include "flexsync/cleanup.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE_MAX 16384 /* bytes read at a time, so that one who sends without end holds up nobody */

void wire_init(struct wire *wire, int fd, size_t in_max, size_t out_max)
{
    *wire = (struct wire){.fd = fd};
    buffer_init(&wire->in, in_max);
    buffer_init(&wire->out, out_max);
}

/* Moves what is not used yet to the front. */
static void compact(struct buffer *buffer, size_t *used)
{
    if (*used == 0)
        return;
    memmove(buffer->data, buffer->data + *used, buffer->length - *used);
    buffer->length -= *used;
    *used = 0;
}

int wire_read(struct wire *wire)
{
    char piece[PIECE_MAX];
    compact(&wire->in, &wire->taken);
    size_t room = wire->in.limit - wire->in.length;
    if (room == 0)
        return memchr(wire->in.data, 0, wire->in.length) ? -EAGAIN : -EFBIG;
    ssize_t length = recv(wire->fd, piece, room < sizeof piece ? room : sizeof piece, MSG_DONTWAIT);
    if (length < 0)
        return errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno;
    if (length == 0)
        return 0;
    int r = buffer_append(&wire->in, piece, (size_t)length);
    if (r < 0)
        return r;
    bool full = wire->in.length == wire->in.limit;
    return full && !memchr(wire->in.data, 0, wire->in.length) ? -EFBIG : 1;
}

bool wire_has_room(const struct wire *wire)
{
    return wire->in.length - wire->taken < wire->in.limit;
}

const char *wire_next(struct wire *wire, size_t *ret_length)
{
    size_t left = wire->in.length - wire->taken;
    const char *message = left > 0 ? wire->in.data + wire->taken : NULL;
    const char *end = message ? memchr(message, 0, left) : NULL;
    if (!end)
        return NULL;
    *ret_length = (size_t)(end - message);
    wire->taken += *ret_length + 1;
    return message;
}

int wire_send(struct wire *wire, json_t *message)
{
    CLEANUP_FREE char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
    json_decref(message);
    if (!text)
        return -ENOMEM;
    compact(&wire->out, &wire->sent);
    int r = buffer_append(&wire->out, text, strlen(text) + 1);
    return r < 0 ? r : wire_flush(wire);
}

int wire_flush(struct wire *wire)
{
    while (wire_waiting(wire) > 0) {
        ssize_t length =
            send(wire->fd, wire->out.data + wire->sent, wire_waiting(wire), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (length < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -errno;
        wire->sent += (size_t)length;
    }
    wire->sent = 0;
    buffer_clear(&wire->out);
    return 0;
}

size_t wire_waiting(const struct wire *wire)
{
    return wire->out.length - wire->sent;
}

void wire_close(struct wire *wire)
{
    if (wire->fd >= 0)
        (void)close(wire->fd);
    wire->fd = -1;
    buffer_free(&wire->in);
    buffer_free(&wire->out);
    wire->taken = wire->sent = 0;
}
