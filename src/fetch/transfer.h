/*
 * transfer: one reusable libcurl handle with its header list and its body; credentials: the key that goes
 * with it.
 *
 * Inside of fetch only.
 */
#ifndef FLEXSYNC_TRANSFER_H
#define FLEXSYNC_TRANSFER_H

#include "flexsync/buffer.h"
#include "flexsync/config.h"
#include "flexsync/fetch.h"
#include "inflate.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

struct job;

/* The key, and the token that the server gave instead, if it did. `generation` moves with every change of it.
 */
struct credentials {
    char *key;
    char *token; /* NULL: the key is used */
    unsigned generation;
};

int credentials_init(struct credentials *credentials, const char *key, struct error *err);

/* Takes over a token from a header; NULL and what could not stand in a header are ignored. */
void credentials_refresh(struct credentials *credentials, const char *token);

/* Back to the key; false when that is what is sent already. */
bool credentials_forget_token(struct credentials *credentials);

void credentials_free(struct credentials *credentials);

struct transfer {
    CURL *easy;
    struct job *job; /* NULL: idle */
    struct curl_slist *headers;
    unsigned generation; /* of the credentials in `headers` */
    unsigned halvings;   /* of concurrency, when it was sent */
    bool alone;          /* nothing else was under way then */
    unsigned epoch;      /* of the breaker, then */
    bool probe;          /* it is the one that an open breaker lets through */
    bool proxied;        /* flex.proxy is set */
    struct buffer body;
    size_t *room;   /* bytes that all bodies together may still take; not owned */
    unsigned sends; /* of the request, by libcurl; more than 1: it was not allowed to send again by itself */
    size_t head;    /* bytes of headers and trailers that came */
    int body_error; /* what buffer_append() or the unpacking said when it refused; -E2BIG: the headers */
    enum { BODY_NEW, BODY_PLAIN, BODY_PACKED } packing; /* new: no byte of it has come */
    struct inflater inflater;
    char detail[CURL_ERROR_SIZE];
};

int transfer_init(struct transfer *transfer, const struct config *config, size_t body_max, size_t *room,
                  struct error *err);

/* `fresh`: on a new connection; `single`: which is not kept. */
int transfer_prepare(struct transfer *transfer, const char *url, const struct credentials *credentials,
                     bool fresh, bool single, struct error *err);
struct transfer *transfer_of(CURL *easy);
long transfer_status(const struct transfer *transfer);
const char *transfer_redirect(const struct transfer *transfer); /* of a 3xx, else NULL */
int64_t transfer_bytes(const struct transfer *transfer);

/* A header of the last answer, or NULL; valid until the transfer is prepared again. */
const char *transfer_header(const struct transfer *transfer, const char *name);

/* Retry-After as microseconds, -1 where there is none that can be read. A date is compared with that of the
 * answer, or with `wall` where it has none. */
int64_t transfer_retry_after(const struct transfer *transfer, int64_t wall);

/* Date as microseconds since 1970; 0 where there is none that can be read. */
int64_t transfer_date(const struct transfer *transfer);

/* A kept connection ended without a byte of an answer, so that the request most likely did not arrive. */
bool transfer_unsent(const struct transfer *transfer, CURLcode result);

/* Has a whole answer come? 0, or -1 with *err. */
int transfer_check(struct transfer *transfer, CURLcode result, struct error *err);

/* What the transfer brought, as an outcome with its *err. The body is shown to accept() of its job. */
enum fetch_outcome transfer_judge(struct transfer *transfer, CURLcode result, struct error *err);

void transfer_reset(struct transfer *transfer);
void transfer_free(struct transfer *transfer);

#endif
