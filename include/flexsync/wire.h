/*
 * wire: messages that end in a NUL byte, over a stream socket that never blocks.
 *
 * Both ends of the control socket use it. What a stranger can make long is capped: the message that comes,
 * and the output that waits until the other side reads it.
 */
#ifndef FLEXSYNC_WIRE_H
#define FLEXSYNC_WIRE_H

#include "flexsync/buffer.h"

#include <jansson.h>
#include <stdbool.h>

struct wire {
    int fd;           /* owned; non-blocking; -1: closed */
    struct buffer in; /* what came, of it `taken` bytes handed out */
    size_t taken;
    struct buffer out; /* what waits to be written, of it `sent` bytes gone */
    size_t sent;
};

/* Takes over `fd`. A message of at most in_max bytes, its NUL included; at most out_max bytes that wait. */
void wire_init(struct wire *wire, int fd, size_t in_max, size_t out_max);

/*
 * Reads a piece of what came. 1: something; 0: the other side will send no more. -EAGAIN: nothing now;
 * -EFBIG: a message is too long; -ENOMEM, or what recv(2) says. Ends the life of the last message.
 */
int wire_read(struct wire *wire);

/* Is there room to read more before a message is taken? */
bool wire_has_room(const struct wire *wire);

/* The next message that is here as a whole, or NULL; it lives until wire_read(). */
const char *wire_next(struct wire *wire, size_t *ret_length);

/* Queues a message (released; NULL: -ENOMEM) and writes what can be written. Errors as wire_flush(), -EFBIG
 * where too much waits. */
int wire_send(struct wire *wire, json_t *message);

/* Writes what can be written. 0, -ENOMEM, or what send(2) says; that some of it has to wait is no error. */
int wire_flush(struct wire *wire);

/* Bytes that wait to be written. */
size_t wire_waiting(const struct wire *wire);

/* Closes and frees; may be called twice. */
void wire_close(struct wire *wire);

#endif
