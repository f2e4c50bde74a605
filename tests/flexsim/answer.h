/*
 * An answer on its way: what it says, and how it is handed over.
 */
#ifndef FLEXSIM_ANSWER_H
#define FLEXSIM_ANSWER_H

#include <microhttpd.h>

#include "blob.h"
#include "sim.h"

enum delivery {
    DELIVER_WHOLE,
    DELIVER_CUT,          /* Content-Length of the whole, then only `bytes` of it and the connection closed */
    DELIVER_CUT_UNFRAMED, /* no length; the end of the connection is the end of the body, after `bytes` */
    DELIVER_RESET,        /* as cut, but by RST; with bytes = -1 before anything is sent */
    DELIVER_STALL,        /* as cut, but the connection stays open and silent */
    DELIVER_FLOOD,        /* `bytes` of a listing that does not end; -1: without end */
    DELIVER_FLOOD_GZIP,   /* the same, but blanks, a thousand times smaller on the wire */
};

struct answer {
    unsigned status;
    struct blob *body;                                       /* owned */
    const char *type;                                        /* of the content; NULL: application/json */
    char retry_after[128], refreshed[SETTINGS_KEY_MAX + 32]; /* empty: not sent */
    const char *location;                                    /* borrowed; NULL: none */
    bool allow_get, gzip, chunked;
    enum delivery delivery;
    int64_t bytes;
    int64_t now;                   /* for the Date */
    struct MHD_Response *response; /* owned; where it is given, it is the body, and all is delivered */
};

/* {"exceptionMessage": …, "httpStatusCode": …} */
void answer_error(struct answer *a, unsigned status, const char *message);
/* 401 or 403 to one record: it says nothing about the key. */
void answer_denied(struct answer *a, unsigned status);
/* A page for people, by what stands before the site. */
void answer_gateway(struct answer *a, unsigned status, const char *title);
/* Replaces the body; NULL (no memory) becomes a bare 500. */
void answer_body(struct answer *a, struct blob *body);
void answer_clear(struct answer *a);

/*
 * Hands it to the connection; `parked` is of the request, for answers that stop in the middle. Without the
 * lock. MHD_NO where the connection is to be closed.
 */
enum MHD_Result answer_send(struct sim *s, struct MHD_Connection *connection, struct parked *parked,
                            const struct answer *a);

/* Ends a TCP connection by RST, at once. */
void answer_reset(struct MHD_Connection *connection);

#endif
