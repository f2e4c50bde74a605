/*
 * exchange: one request and its answer as it came, whatever its status, for `flexsync check`, which wants to
 * know how a site answers. No retries, but for one where the kept connection had been closed. Waits for its
 * turn and for the answer, up to flex.timeout.
 *
 * Each request is counted by the limiter, and a refreshed token is used for the next, as in fetcher.
 */
#ifndef FLEXSYNC_EXCHANGE_H
#define FLEXSYNC_EXCHANGE_H

#include "flexsync/clock.h"
#include "flexsync/config.h"
#include "flexsync/limiter.h"

#include <stdbool.h>
#include <stdint.h>

struct exchange;

#define EXCHANGE_HEADER_MAX 128

struct exchange_answer {
    long status;
    char *body; /* owned; never NULL after exchange_get(); a NUL follows */
    size_t length;
    char content_type[EXCHANGE_HEADER_MAX], retry_after[EXCHANGE_HEADER_MAX]; /* "": not sent */
    bool dated;                                                               /* with a Date */
};

/* Clock, limiter and settings must outlive it. Errors as fetcher_new(). Free with exchange_free(). */
int exchange_new(struct exchange **ret, const struct config *config, const struct clock *clock,
                 struct limiter *limiter, struct error *err);

/*
 * GET of an URL. 0 with the answer (free with exchange_clear()) for every status; -1 with *err where there
 * was none: ERROR_QUOTA and what limiter_take() says where nothing was sent, ERROR_ANSWER for one longer than
 * FETCHER_BODY_MAX or that cannot be unpacked, else as answer_judge_curl().
 */
int exchange_get(struct exchange *exchange, const char *url, struct exchange_answer *ret, struct error *err);

/* Requests sent. */
int64_t exchange_requests(const struct exchange *exchange);

void exchange_clear(struct exchange_answer *answer);

/* NULL is allowed; returns NULL. */
struct exchange *exchange_free(struct exchange *exchange);

#endif
