/*
 * inflate: unpacks the body of an answer while it comes, gzip or zlib, of any number of members one behind
 * the other (RFC 1952 2.2), which libcurl refuses. Zeros that fill up the end are ignored, as gzip(1) does;
 * anything else behind a member is an error. Inside of fetch only.
 */
#ifndef FLEXSYNC_INFLATE_H
#define FLEXSYNC_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <zlib.h>

/* Takes unpacked bytes; less than 0 ends the unpacking. */
typedef int inflate_sink_fn(void *arg, const char *bytes, size_t length);

struct inflater {
    z_stream stream;
    bool ready;   /* its memory is there */
    bool between; /* behind a whole member, or before the first */
    bool padding; /* only zeros may follow */
};

/* Another body begins. -ENOMEM. */
int inflater_begin(struct inflater *inflater);

/* Unpacks a piece. 0, -EBADMSG for what is not packed so, -ENOMEM, or what `sink` said. */
int inflater_feed(struct inflater *inflater, const char *bytes, size_t length, inflate_sink_fn *sink,
                  void *arg);

/* The body is over: is it whole? */
bool inflater_whole(const struct inflater *inflater);

void inflater_free(struct inflater *inflater);

#endif
