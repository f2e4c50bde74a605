#include "inflate.h"

#include <errno.h>

#define WINDOW_ANY 47 /* 15 bits of window, and 32 for "gzip or zlib, as its head says" */
#define CHUNK      (16 * 1024)

int inflater_begin(struct inflater *inflater)
{
    if (!inflater->ready && inflateInit2(&inflater->stream, WINDOW_ANY) != Z_OK)
        return -ENOMEM;
    inflater->ready = true;
    (void)inflateReset(&inflater->stream);
    inflater->between = true;
    inflater->padding = false;
    return 0;
}

/* Unpacks one chunk of what is at hand. */
static int inflate_chunk(struct inflater *inflater, inflate_sink_fn *sink, void *arg)
{
    char chunk[CHUNK];
    z_stream *stream = &inflater->stream;
    stream->next_out = (Bytef *)chunk;
    stream->avail_out = sizeof chunk;
    int result = inflate(stream, Z_NO_FLUSH);
    if (result == Z_MEM_ERROR)
        return -ENOMEM;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return -EBADMSG;

    size_t length = sizeof chunk - stream->avail_out;
    int r = length > 0 ? sink(arg, chunk, length) : 0;
    if (r == 0 && result == Z_STREAM_END) {
        (void)inflateReset(stream);
        inflater->between = true;
    }
    return r;
}

int inflater_feed(struct inflater *inflater, const char *bytes, size_t length, inflate_sink_fn *sink,
                  void *arg)
{
    z_stream *stream = &inflater->stream;
    stream->next_in = (Bytef *)bytes;
    stream->avail_in = (uInt)length; /* of libcurl, 16 KiB at most */
    int r = 0;
    bool full = false; /* there may be more to come of what zlib has swallowed */
    while (r == 0 && (stream->avail_in > 0 || full)) {
        if (inflater->between && *stream->next_in == 0)
            inflater->padding = true;
        if (inflater->padding) {
            if (*stream->next_in != 0)
                return -EBADMSG;
            stream->next_in++;
            stream->avail_in--;
            continue;
        }
        inflater->between = false;
        r = inflate_chunk(inflater, sink, arg);
        full = stream->avail_out == 0 && !inflater->between;
    }
    return r;
}

bool inflater_whole(const struct inflater *inflater)
{
    return inflater->between;
}

void inflater_free(struct inflater *inflater)
{
    if (inflater->ready)
        (void)inflateEnd(&inflater->stream);
    inflater->ready = false;
}
