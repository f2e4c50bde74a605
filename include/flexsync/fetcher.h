/*
 * fetcher: sends requests, so many at a time and no faster than the limiter allows, and repeats what is worth
 * repeating.
 *
 *     fetcher_get() -> ready -> in flight -> done
 *                        ^          |
 *                        +- delayed <- a passing failure: backoff, five tries, the cycle's retry budget
 *
 * What is in flight is capped by our own counter; curl's caps count connections, not requests. A 429, a
 * refused key or an outage stops the sending: what waits ends at once with that outcome, what is in flight
 * comes home, and nothing more is sent until fetcher_begin(). Redirects are never followed, since the key
 * would follow too. An answer is at most FETCHER_BODY_MAX long, counted after decompression, and all that are
 * under way are FETCHER_BODIES_MAX together.
 *
 * A token that the server sends in X-Auth-Token-Refreshed replaces the key for what follows, in memory alone;
 * if it is refused later, the key itself gets another chance.
 *
 * A refusal (401, 403) condemns no key by itself: a question of our own, about the key's user or else the
 * listing, decides whether it is FETCH_DENIED for this request or FETCH_REFUSED for all. After five passing
 * failures in a row a breaker opens (breaker.h), whose probe is the listing as well. Both count like any
 * request. Without the URLs of the questions every refusal is FETCH_REFUSED, and the next request is the
 * probe.
 *
 * An attempt on a kept connection that the server has closed is repeated at once on a new one.
 */
#ifndef FLEXSYNC_FETCHER_H
#define FLEXSYNC_FETCHER_H

#include "flexsync/clock.h"
#include "flexsync/config.h"
#include "flexsync/fetch.h"
#include "flexsync/limiter.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

#define FETCHER_BODY_MAX (32 * 1024 * 1024) /* bytes of an answer, decoded */
#define FETCHER_BODIES_MAX                                                                                   \
    (40 * 1024 * 1024) /* and of all that are under way together: the unit allows 256 MiB */

struct fetcher;

struct fetcher_options {
    sd_event *event;           /* a reference is kept */
    const struct clock *clock; /* must outlive the fetcher, as must the limiter */
    struct limiter *limiter;
    const struct config *config;           /* flex.*, limits.concurrent and api_key are copied */
    const char *profile_url, *listing_url; /* of the questions; copied; NULL: there are none */
};

/* ERROR_SYSTEM without memory or descriptors, ERROR_CONFIG for a CA file that libcurl cannot take. */
int fetcher_new(struct fetcher **ret, const struct fetcher_options *options, struct error *err);

/*
 * Asks for an URL (copied). `handler` is copied, `arg` is not owned. Fails with ERROR_SYSTEM only; then done
 * is not called.
 */
int fetcher_get(struct fetcher *fetcher, const char *url, const struct fetch_handler *handler, void *arg,
                struct error *err);

/*
 * Asks whether the server answers, by one attempt at the listing: the probe, if the breaker is open, whose
 * failure ends as FETCH_UNAVAILABLE or FETCH_FAILED. What the answer says decides nothing; look at
 * fetcher_in_outage() then. Only with URLs of the questions. Errors as fetcher_get().
 */
int fetcher_probe(struct fetcher *fetcher, const struct fetch_handler *handler, void *arg, struct error *err);

/* A new cycle begins: sends again after a stop, with a full retry budget. With an open breaker its first
 * request is the probe, and a failure of that ends it. */
void fetcher_begin(struct fetcher *fetcher);

/* A person asks now: the breaker is closed. */
void fetcher_forgive(struct fetcher *fetcher);

/* Is the breaker open? Then the server may be asked again after so many microseconds. */
bool fetcher_in_outage(const struct fetcher *fetcher);
int64_t fetcher_pause(const struct fetcher *fetcher);

/* Ends everything that waits or is in flight with FETCH_CANCELLED; the calls of done come from the event
 * loop. */
void fetcher_cancel(struct fetcher *fetcher);

/* Requests that are not done yet. */
unsigned fetcher_active(const struct fetcher *fetcher);

/* Is everything that is not done held back by the limiter or by a backoff delay, and nothing in flight? */
bool fetcher_waiting(const struct fetcher *fetcher);

const struct fetch_stats *fetcher_stats(const struct fetcher *fetcher);

/* NULL is allowed; returns NULL. What is not done yet is dropped without a call of done. */
struct fetcher *fetcher_free(struct fetcher *fetcher);

#endif
