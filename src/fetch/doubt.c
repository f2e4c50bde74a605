/*
 * Is it the key, or this one request?
 *
 * A server that gives another token refuses the old one from then on, and the refusal of one request may
 * overtake the answer to another that brings it. And a record that the key's user may not see is refused in
 * the same words as the key itself. So a refused request waits, and nothing is sent, until what is in flight
 * is home. Then one question decides about all that wait: who am I, or, where the site does not say, the
 * listing.
 */
#include "fetcher_private.h"

#include "flexsync/answer.h"

/* Tokens refused to one request; a server that makes a new one each time would be asked for ever. */
#define TOKENS_MAX 2

static bool doubt_can_ask(const struct fetcher *fetcher)
{
    return fetcher->profile_url && fetcher->listing_url;
}

/*
 * Another token may have come meanwhile. Where no question can be asked, the key itself is tried after the
 * token; elsewhere a token is kept until the question was refused with it too, since the server may refuse
 * the key from the moment on that it gave the token.
 */
static bool doubt_try_another(struct fetcher *fetcher, const struct transfer *transfer, struct job *job)
{
    struct credentials *credentials = &fetcher->credentials;
    if (job->tokens >= TOKENS_MAX)
        return false;
    if (transfer->generation == credentials->generation &&
        (doubt_can_ask(fetcher) || !credentials_forget_token(credentials)))
        return false;
    job->tokens++;
    job->due = 0;
    queue_push(&fetcher->delayed, job);
    return true;
}

bool doubt_refused(struct fetcher *fetcher, const struct transfer *transfer, struct job *job,
                   const struct error *err)
{
    if (job->kind != JOB_ASKED)
        return false;
    if (fetcher->stop != STOP_NOT) { /* no question is asked any more, so nothing is known about the key */
        queue_push(&fetcher->ready, job);
        return true;
    }
    if (doubt_try_another(fetcher, transfer, job))
        return true;
    if (!doubt_can_ask(fetcher) && (job->tokens >= TOKENS_MAX || fetcher->in_flight <= 1))
        return false; /* no answer is to come that could help */

    job->tokens++;
    job->refusal = transfer_status(transfer);
    fetcher->suspended_generation = transfer->generation;
    fetcher->suspended_error = *err;
    queue_push(&fetcher->suspended, job);
    return true;
}

/* Those that another token may help are sent again. */
static void release_suspended(struct fetcher *fetcher)
{
    if (fetcher->credentials.generation == fetcher->suspended_generation)
        return;
    struct job **link = &fetcher->suspended.head;
    while (*link) {
        if ((*link)->tokens <= TOKENS_MAX)
            queue_push(&fetcher->ready, queue_take(&fetcher->suspended, link));
        else
            link = &(*link)->next;
    }
}

/* --- the question --- */

/* The question was answered: the key is good. */
static void deny_suspended(struct fetcher *fetcher)
{
    fetcher->doubts_key = false;
    release_suspended(fetcher);
    while (fetcher->suspended.head) {
        struct job *job = queue_take(&fetcher->suspended, &fetcher->suspended.head);
        struct error err;
        answer_deny(job->refusal, &err);
        fetcher_finish(fetcher, job, FETCH_DENIED, &err);
    }
}

/* The question was not decided: as if the requests had failed so themselves. */
static void fail_suspended(struct fetcher *fetcher, const struct error *why)
{
    struct error err = *why;
    if (err.retry == RETRY_NEVER) /* that is said of the question */
        err.retry = RETRY_LATER;
    while (fetcher->suspended.head) {
        struct job *job = queue_take(&fetcher->suspended, &fetcher->suspended.head);
        if (!fetcher_again(fetcher, job, &err, true))
            fetcher_finish(fetcher, job, FETCH_FAILED, &err);
    }
}

static void listing_is_done(void *arg, enum fetch_outcome outcome, const struct error *err)
{
    struct fetcher *fetcher = arg;
    fetcher->asking = false;
    if (fetcher->stop != STOP_NOT)
        return;
    bool forgotten = outcome == FETCH_REFUSED && credentials_forget_token(&fetcher->credentials);
    fetcher->doubts_key = forgotten;
    if (outcome == FETCH_OK)
        deny_suspended(fetcher);
    else if (forgotten)
        return; /* the token has expired; the key is asked about before anything is sent with it */
    else if (outcome == FETCH_REFUSED)
        fetcher_stop(fetcher, STOP_REFUSED, err);
    else
        fail_suspended(fetcher, err);
}

static void profile_is_done(void *arg, enum fetch_outcome outcome, const struct error *err)
{
    static const struct fetch_handler handler = {
        .accept = answer_accept_json, .done = listing_is_done, .tries = 1};
    struct fetcher *fetcher = arg;
    (void)err;
    fetcher->asking = false;
    if (fetcher->stop != STOP_NOT)
        return;
    if (outcome == FETCH_OK)
        deny_suspended(fetcher);
    else if (breaker_is_open(&fetcher->breaker))
        return; /* when it is closed, the questions begin again */
    else if (fetcher_ask(fetcher, JOB_QUESTION, fetcher->listing_url, &handler) == 0)
        fetcher->asking = true; /* without memory it begins again with the profile */
}

void doubt_settle(struct fetcher *fetcher)
{
    static const struct fetch_handler handler = {
        .accept = answer_accept_json, .done = profile_is_done, .tries = 1};
    if (!fetcher->suspended.head || fetcher->asking || fetcher->stop != STOP_NOT)
        return;
    if (!fetcher->doubts_key)
        release_suspended(fetcher);
    if (!fetcher->suspended.head || fetcher->in_flight > 0 || breaker_is_open(&fetcher->breaker))
        return;
    struct error err;
    if (!doubt_can_ask(fetcher)) {
        fetcher_stop(fetcher, STOP_REFUSED, &fetcher->suspended_error);
    } else if (fetcher_ask(fetcher, JOB_QUESTION, fetcher->profile_url, &handler) < 0) {
        (void)error_memory(&err);
        fail_suspended(fetcher, &err);
    } else {
        fetcher->asking = true;
    }
}
