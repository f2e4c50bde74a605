/* What an answer leads to: the end of its job, another attempt, or a stop. */
#include "fetcher_private.h"

#include "flexsync/answer.h"
#include "flexsync/backoff.h"

#include <sys/random.h>

#define UNSENT_OF_JOB 2 /* attempts that did not arrive are not charged to a job more often */

static double draw(void)
{
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
        return 0.5; /* the middle is a good delay too */
    return random / 4294967296.0;
}

static unsigned tries_of(const struct job *job)
{
    return job->handler.tries ? job->handler.tries : BACKOFF_TRIES;
}

/*
 * While the breaker is open nothing is sent, so that a job that failed costs nothing more and is not charged
 * to the budget. It goes behind those that have not been tried.
 */
bool fetcher_again(struct fetcher *fetcher, struct job *job, const struct error *err, bool outage)
{
    if (job->tries >= tries_of(job))
        return false;
    bool open = fetcher->stop == STOP_UNAVAILABLE ||
                (fetcher->stop == STOP_NOT && breaker_is_open(&fetcher->breaker));
    if (open && outage) {
        queue_push(&fetcher->ready, job);
        return true;
    }

    bool record = job->kind == JOB_ASKED && !job->handler.tries; /* not a page, which all others wait for */
    if (err->retry != RETRY_NOW || (record && breaker_is_tried(&fetcher->breaker)))
        return false;
    int64_t requests = fetcher->stats.requests - fetcher->begin_requests;
    if (fetcher->stop != STOP_NOT || !backoff_allowed(job->tries, requests, fetcher->granted))
        return false;
    fetcher->granted++;
    job->due = fetcher_now(fetcher) + backoff_delay(job->tries, draw());
    queue_push(&fetcher->delayed, job);
    return true;
}

/*
 * The server had closed the connection that it was sent on. It goes again at once, on a new one, without
 * being charged to its tries; what is sent is counted all the same, since the server may have counted it.
 */
static bool repeat_unsent(struct fetcher *fetcher, struct job *job)
{
    fetcher->unsent++;
    if (fetcher->stop != STOP_NOT || job->unsent >= UNSENT_OF_JOB)
        return false;
    job->unsent++;
    job->tries--;
    job->fresh = true;
    queue_push_front(job->kind == JOB_ASKED ? &fetcher->ready : &fetcher->urgent, job);
    return true;
}

/* A refusal that names neither a quota nor a delay, while others are under way, is about too many at once:
 * fewer go on, and this one goes again. */
static bool is_crowded(struct fetcher *fetcher, const struct transfer *transfer,
                       const struct quota_refusal *refusal, int64_t retry_after)
{
    if (refusal->named || retry_after >= 0 || fetcher->stop != STOP_NOT || transfer->job->kind != JOB_ASKED)
        return false;
    bool alone = transfer->alone && fetcher->in_flight == 1;
    return concurrency_refused(&fetcher->concurrency, transfer->halvings, alone);
}

/* True when the request goes again. */
static bool take_throttled(struct fetcher *fetcher, const struct transfer *transfer, struct job *job)
{
    struct quota_refusal refusal;
    int64_t now = fetcher_now(fetcher), wall = clock_wall(fetcher->clock);
    int64_t retry_after = transfer_retry_after(transfer, wall);
    quota_read_refusal(transfer->body.data, transfer->body.length, &fetcher->limiter->limits, &refusal);
    if (is_crowded(fetcher, transfer, &refusal, retry_after)) {
        job->due = now + backoff_delay(1, draw());
        queue_push(&fetcher->delayed, job);
        return true;
    }
    limiter_refused(fetcher->limiter, &refusal, retry_after, draw(), now, wall);
    return false;
}

/* Is the server well? */
static void note_health(struct fetcher *fetcher, const struct transfer *transfer, enum fetch_outcome outcome,
                        const struct error *err)
{
    struct breaker *breaker = &fetcher->breaker;
    bool outage = answer_is_outage(transfer_status(transfer), outcome, err);
    int64_t now = fetcher_now(fetcher);
    int64_t retry_after = outage ? transfer_retry_after(transfer, clock_wall(fetcher->clock)) : -1;
    if (outage)
        fetcher->trouble = *err;

    if (transfer->probe && outage)
        breaker_probe_failed(breaker, retry_after, now);
    else if (transfer->probe)
        breaker_probe_answered(breaker);
    else if (outage)
        breaker_failed(breaker, transfer->epoch, retry_after, now);
    else
        breaker_answered(breaker, transfer->epoch);
}

static void note_answer(struct fetcher *fetcher, const struct transfer *transfer, enum fetch_outcome outcome,
                        const struct error *err)
{
    fetcher->stats.bytes += transfer_bytes(transfer);
    fetcher->stats.throttled += outcome == FETCH_THROTTLED;
    if (outcome != FETCH_REFUSED) /* what comes with a refusal is no reason to ask again */
        credentials_refresh(&fetcher->credentials, transfer_header(transfer, "X-Auth-Token-Refreshed"));
    limiter_dated(fetcher->limiter, transfer_date(transfer), fetcher_now(fetcher));
    note_health(fetcher, transfer, outcome, err);
    if (outcome == FETCH_THROTTLED || outcome == FETCH_FAILED)
        return;
    concurrency_answered(&fetcher->concurrency);
    if (fetcher->stop == STOP_NOT)
        limiter_answered(fetcher->limiter, fetcher_now(fetcher), clock_wall(fetcher->clock));
}

/* True when the job is not over. */
static bool take_outcome(struct fetcher *fetcher, struct transfer *transfer, enum fetch_outcome outcome,
                         const struct error *err)
{
    struct job *job = transfer->job;
    switch (outcome) {
    case FETCH_FAILED:
        job->failure = *err;
        return fetcher_again(fetcher, job, err, answer_is_outage(transfer_status(transfer), outcome, err));
    case FETCH_THROTTLED:
        return take_throttled(fetcher, transfer, job);
    case FETCH_REFUSED:
        return doubt_refused(fetcher, transfer, job, err);
    case FETCH_OK:
    case FETCH_GONE:
    case FETCH_REJECTED:
    case FETCH_DENIED:
    case FETCH_UNAVAILABLE:
    case FETCH_CANCELLED:
        break;
    }
    return false;
}

void fetcher_on_done(void *arg, CURL *easy, CURLcode result)
{
    struct fetcher *fetcher = arg;
    struct transfer *transfer = transfer_of(easy);
    struct job *job = transfer->job;
    struct error err = {0};
    if (transfer->probe)
        fetcher->probing = false;
    enum fetch_outcome outcome = transfer_judge(transfer, result, &err);
    bool waits = transfer_unsent(transfer, result) && repeat_unsent(fetcher, job);
    if (!waits) {
        note_answer(fetcher, transfer, outcome, &err);
        waits = take_outcome(fetcher, transfer, outcome, &err);
    }
    transfer_reset(transfer);
    fetcher->in_flight--;
    if (!waits) {
        if (outcome == FETCH_THROTTLED)
            fetcher_stop(fetcher, STOP_THROTTLED, &err);
        if (outcome == FETCH_REFUSED && job->kind == JOB_ASKED)
            fetcher_stop(fetcher, STOP_REFUSED, &err);
        fetcher_finish(fetcher, job, outcome, &err);
    }
    doubt_settle(fetcher);
    fetcher_pump(fetcher);
}
