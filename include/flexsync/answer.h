/*
 * answer: what an answer of HTTP and a result of libcurl mean to us, and nothing else. The table of design.md
 * section 3, by the classes of RFC 9110, from the status and the body: a gateway, a proxy or a captive portal
 * answers with the same numbers as the site and knows nothing about its records, so that "gone" counts only
 * in Flex's own words.
 */
#ifndef FLEXSYNC_ANSWER_H
#define FLEXSYNC_ANSWER_H

#include "flexsync/fetch.h"

#include <curl/curl.h>
#include <stdbool.h>

struct answer {
    long status;
    const char *body; /* decoded and followed by a NUL; NULL for none */
    size_t length;
    const char *target; /* of a 3xx, or NULL; its host is named, nothing else of it */
    bool proxied;       /* flex.proxy is set */
};

/*
 * FETCH_OK for a 2xx whose body is still to be looked at; *err is left alone. Otherwise *err is filled;
 * FETCH_FAILED with RETRY_NOW is worth another try. FETCH_REFUSED is what the answer says; whether it is
 * about the key or about this one request is not known yet.
 */
enum fetch_outcome answer_judge(const struct answer *answer, struct error *err);

/*
 * The same for a transfer that ended with an error of libcurl. `detail` is curl's own sentence, may be NULL
 * or empty; `connect` is what a proxy answered to CONNECT, 0 for nothing.
 */
void answer_judge_curl(CURLcode code, long connect, bool proxied, const char *detail, struct error *err);

/*
 * May this be the failure of a server or a network in trouble, which counts for the breaker? A redirect to a
 * maintenance page, its text with a 200, and an expired certificate may. Something locked, an answer without
 * a body, or another record in its place is about one record. `status` is 0 where none came.
 */
bool answer_is_outage(long status, enum fetch_outcome outcome, const struct error *err);

/*
 * Accepts what is JSON by its first and its last character, for fetch_handler: enough to tell it from a page
 * for people. What is wrong within is for those who read it: one odd row is no outage.
 */
int answer_accept_json(void *arg, const char *body, size_t length, struct error *err);

/* FETCH_REFUSED turned out to be about this request alone: the same refusal in other words. */
void answer_deny(long status, struct error *err);

/*
 * Retry-After in microseconds, 0 to a year; -1 for NULL and for what cannot be read. Seconds (whole or not,
 * in a list the longest) or a date of HTTP, which is compared with `now`: wall microseconds by the server's
 * clock. Past dates and negative numbers are 0. RFC 9110 10.2.3.
 */
int64_t answer_retry_after(const char *value, int64_t now);

#endif
