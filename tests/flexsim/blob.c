#include "blob.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct blob *blob_new(const void *data, size_t len)
{
    struct blob *blob = malloc(sizeof(*blob) + len);
    if (!blob)
        return NULL;
    atomic_init(&blob->references, 1);
    blob->len = len;
    if (len && data)
        memcpy(blob->data, data, len);
    return blob;
}

struct blob *blob_from_buf(struct buf *b)
{
    struct blob *blob = b->failed ? NULL : blob_new(b->data, b->len);
    buf_free(b);
    return blob;
}

struct blob *blob_from_text(const char *text)
{
    return blob_new(text, strlen(text));
}

struct blob *blob_ref(struct blob *blob)
{
    if (blob)
        atomic_fetch_add_explicit(&blob->references, 1, memory_order_relaxed);
    return blob;
}

struct blob *blob_unref(struct blob *blob)
{
    if (blob && atomic_fetch_sub_explicit(&blob->references, 1, memory_order_acq_rel) == 1)
        free(blob);
    return NULL;
}

/* One deflate pass over `len` bytes into a new blob. */
static struct blob *deflate_all(const void *data, size_t len, int window_bits, int level, int flush)
{
    z_stream z = {0};
    if (len > UINT32_MAX / 2 ||
        deflateInit2(&z, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return NULL;
    size_t room = deflateBound(&z, (uLong)len) + 64;
    struct blob *out = blob_new(NULL, room);
    if (out) {
        z.next_in = (Bytef *)(uintptr_t)data;
        z.avail_in = (uInt)len;
        z.next_out = (Bytef *)out->data;
        z.avail_out = (uInt)room;
        int status = deflate(&z, flush);
        if (status == Z_STREAM_END || (status == Z_OK && flush != Z_FINISH && !z.avail_in))
            out->len = room - z.avail_out;
        else
            out = blob_unref(out);
    }
    (void)deflateEnd(&z);
    return out;
}

struct blob *blob_gzip(const struct blob *blob)
{
    return deflate_all(blob->data, blob->len, 15 + 16, 1, Z_FINISH);
}

int blob_gzip_bomb(size_t size, struct blob **ret_head, struct blob **ret_block)
{
    static const unsigned char header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    char *blanks = malloc(size);
    if (!blanks)
        return -1;
    memset(blanks, ' ', size);
    /* A full flush ends at a byte boundary and forgets its history: the block can follow itself. */
    struct blob *block = deflate_all(blanks, size, -15, 9, Z_FULL_FLUSH);
    struct blob *head = blob_new(header, sizeof(header));
    free(blanks);
    if (!block || !head) {
        blob_unref(block);
        blob_unref(head);
        return -1;
    }
    *ret_head = head;
    *ret_block = block;
    return 0;
}
