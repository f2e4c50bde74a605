/*
 * Bytes that many answers share while they are being sent: counted references, never changed after they are
 * made. So a contact can be edited while its former record is still on the wire.
 */
#ifndef FLEXSIM_BLOB_H
#define FLEXSIM_BLOB_H

#include <stdatomic.h>
#include <stddef.h>

#include "buf.h"

struct blob {
    atomic_uint references;
    size_t len;
    char data[];
};

/* NULL where there is no memory. blob_from_buf() empties the buffer in any case. */
struct blob *blob_new(const void *data, size_t len);
struct blob *blob_from_buf(struct buf *b);
struct blob *blob_from_text(const char *text);

struct blob *blob_ref(struct blob *blob);
struct blob *blob_unref(struct blob *blob); /* takes NULL, returns NULL */

/* The same content for a browser that takes gzip; NULL where there is no memory. */
struct blob *blob_gzip(const struct blob *blob);

/* For an endless gzip stream: a header, then a block of `size` blanks that may be repeated for ever. */
int blob_gzip_bomb(size_t size, struct blob **ret_head, struct blob **ret_block);

#endif
