/*
 * answer: what a status of HTTP and a result of libcurl mean to us. The table of design.md section 2, and
 * nothing else.
 */
#ifndef FLEXSYNC_ANSWER_H
#define FLEXSYNC_ANSWER_H

#include "flexsync/fetch.h"

#include <curl/curl.h>

/*
 * Judges a status: FETCH_OK for a 200, whose body is still to be looked at. Otherwise *err is filled;
 * FETCH_FAILED with RETRY_NOW is worth another try. `target` is where a 3xx points to, or NULL; its host is
 * named, nothing else of it.
 */
enum fetch_outcome answer_judge_status(long status, const char *target, struct error *err);

/* The same for a transfer that ended with an error of libcurl; `detail` is curl's own sentence, may be empty.
 */
void answer_judge_curl(CURLcode code, const char *detail, struct error *err);

#endif
