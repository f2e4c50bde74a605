#include "flexsync/fetcher.h"

#include "flexsync/backoff.h"
#include "flexsync/cleanup.h"
#include "flexsync/concurrency.h"
#include "flexsync/loop.h"
#include "job.h"
#include "transfer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Tokens refused to one request; a server that makes a new one each time would be asked for ever. */
#define TOKENS_MAX 2

enum stop { STOP_NOT, STOP_THROTTLED, STOP_REFUSED, STOP_CANCELLED };

struct fetcher {
    const struct clock *clock;
    struct limiter *limiter;
    struct loop *loop;
    sd_event_source *timer; /* when the limiter or a backoff delay allows more */
    sd_event_source *kick;  /* something to do, asked for from outside of our handlers */
    struct credentials credentials;
    struct transfer *transfers; /* one for each request in flight */
    unsigned concurrent, in_flight, active;
    struct concurrency concurrency; /* how many of them may be in flight */
    size_t room;                    /* bytes that the bodies of all transfers may still take */
    struct queue ready, delayed;
    struct queue suspended;        /* refused the key while an answer may still bring another token */
    unsigned suspended_generation; /* of the credentials that were refused */
    struct error suspended_error;
    enum stop stop;
    struct error stop_error;
    struct fetch_stats stats;
    int64_t begin_requests; /* of stats, when this cycle began */
    int64_t granted;        /* retries of this cycle, sent or still delayed */
    int64_t held_since;     /* monotonic; 0: the limiter holds nothing back */
};

static int64_t now_of(const struct fetcher *fetcher)
{
    return clock_monotonic(fetcher->clock);
}

static void finish(struct fetcher *fetcher, struct job *job, enum fetch_outcome outcome,
                   const struct error *err)
{
    fetcher->active--;
    job->handler.done(job->arg, outcome, err);
    job_free(job);
}

static const enum fetch_outcome stop_outcomes[] = {
    [STOP_THROTTLED] = FETCH_THROTTLED, [STOP_REFUSED] = FETCH_REFUSED, [STOP_CANCELLED] = FETCH_CANCELLED};

/* The first reason stays, except that our own wish to end beats them all. */
static void stop(struct fetcher *fetcher, enum stop why, const struct error *err)
{
    if (fetcher->stop != STOP_NOT && why != STOP_CANCELLED)
        return;
    fetcher->stop = why;
    fetcher->stop_error = *err;
}

/* `done` may begin a new cycle, which answers none of those that were stopped. */
static void finish_waiting(struct fetcher *fetcher, struct queue *queue, enum stop why)
{
    const struct error err = fetcher->stop_error;
    while (queue->head)
        finish(fetcher, queue_take(queue, &queue->head), stop_outcomes[why], &err);
}

static void end_waiting(struct fetcher *fetcher)
{
    const enum stop why = fetcher->stop;
    finish_waiting(fetcher, &fetcher->ready, why);
    finish_waiting(fetcher, &fetcher->delayed, why);
}

/* The quota is used up before the server had to say so. */
static void stop_waiting(struct fetcher *fetcher, const struct error *err)
{
    stop(fetcher, STOP_THROTTLED, err);
    end_waiting(fetcher);
}

/* Moves what has waited long enough; returns when the next is due, INT64_MAX for none. */
static int64_t wake_delayed(struct fetcher *fetcher, int64_t now)
{
    int64_t next = INT64_MAX;
    struct job **link = &fetcher->delayed.head;
    while (*link) {
        if ((*link)->due <= now) {
            queue_push(&fetcher->ready, queue_take(&fetcher->delayed, link));
            continue;
        }
        if ((*link)->due < next)
            next = (*link)->due;
        link = &(*link)->next;
    }
    return next;
}

static struct transfer *idle_transfer(struct fetcher *fetcher)
{
    for (unsigned i = 0; i < fetcher->concurrent; i++)
        if (!fetcher->transfers[i].job)
            return &fetcher->transfers[i];
    return NULL;
}

/* What is sent was counted before: a crash may over-count, never under-count. */
static void start(struct fetcher *fetcher, struct transfer *transfer, struct job *job)
{
    struct error err;
    fetcher->stats.requests++;
    fetcher->stats.retries += job->tries > 0;
    job->tries++;
    if (transfer_prepare(transfer, job->url, &fetcher->credentials, &err) < 0 ||
        loop_add(fetcher->loop, transfer->easy, &err) < 0) {
        finish(fetcher, job, FETCH_FAILED, &err);
        return;
    }
    transfer->job = job;
    transfer->halvings = fetcher->concurrency.halvings;
    transfer->alone = fetcher->in_flight == 0;
    fetcher->in_flight++;
}

/* Adds up how long the limiter has kept something ready from being sent. */
static void note_held(struct fetcher *fetcher, bool held, int64_t now)
{
    if (!held && fetcher->held_since)
        fetcher->stats.waited_ms += (now - fetcher->held_since) / USEC_PER_MSEC;
    if (!held)
        fetcher->held_since = 0;
    else if (!fetcher->held_since)
        fetcher->held_since = now;
}

static void arm(struct fetcher *fetcher, int64_t delay)
{
    /* sd_event and our clock may differ under test; a relative time is right for both. */
    (void)sd_event_source_set_time_relative(fetcher->timer, (uint64_t)delay);
    (void)sd_event_source_set_enabled(fetcher->timer, SD_EVENT_ONESHOT);
}

/* Sends what may be sent now, and sets the timer for what may be sent later. */
static void pump(struct fetcher *fetcher)
{
    struct error err;
    if (fetcher->stop != STOP_NOT)
        end_waiting(fetcher);
    int64_t now = now_of(fetcher), held = 0;
    int64_t next = wake_delayed(fetcher, now);
    while (fetcher->ready.head && !fetcher->suspended.head &&
           fetcher->in_flight < fetcher->concurrency.allowed) {
        held = limiter_wait(fetcher->limiter, now);
        if (held > 0)
            break;
        if (limiter_take(fetcher->limiter, now, clock_wall(fetcher->clock), &err) < 0) {
            stop_waiting(fetcher, &err);
            break;
        }
        struct transfer *transfer = idle_transfer(fetcher);
        start(fetcher, transfer, queue_take(&fetcher->ready, &fetcher->ready.head));
    }
    note_held(fetcher, held > 0, now);
    if (held > 0 && now + held < next)
        next = now + held;
    if (next != INT64_MAX)
        arm(fetcher, next - now);
}

static double draw(void)
{
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
        return 0.5; /* the middle is a good delay too */
    return random / 4294967296.0;
}

/* Back into the queue if this failure passes and there is something left of the tries; false when it is
 * final. */
static bool again(struct fetcher *fetcher, struct job *job, const struct error *err)
{
    int64_t requests = fetcher->stats.requests - fetcher->begin_requests;
    if (err->retry != RETRY_NOW || fetcher->stop != STOP_NOT ||
        !backoff_allowed(job->tries, requests, fetcher->granted))
        return false;
    fetcher->granted++;
    job->due = now_of(fetcher) + backoff_delay(job->tries, draw());
    queue_push(&fetcher->delayed, job);
    return true;
}

/* A refreshed token may have expired where the key has not: the key gets one more try of its own. */
static bool fall_back_to_key(struct fetcher *fetcher, struct transfer *transfer, struct job *job)
{
    if (fetcher->stop != STOP_NOT || job->tokens >= TOKENS_MAX ||
        !credentials_forget_token(&fetcher->credentials, transfer->generation))
        return false;
    job->tokens++;
    job->due = 0;
    queue_push(&fetcher->delayed, job);
    return true;
}

/*
 * A server that gives another token refuses the old one from then on, and the refusal of one request may
 * overtake the answer to another that brings it. So a refused request waits, and nothing is sent, until what
 * is in flight is home.
 */
static bool suspend(struct fetcher *fetcher, const struct transfer *transfer, struct job *job,
                    const struct error *err)
{
    if (fetcher->stop != STOP_NOT || job->tokens >= TOKENS_MAX || fetcher->in_flight <= 1)
        return false; /* this one is the last */
    job->tokens++;
    fetcher->suspended_generation = transfer->generation;
    fetcher->suspended_error = *err;
    queue_push(&fetcher->suspended, job);
    return true;
}

/* Ends a suspension: by another token, by a stop, or because none came. */
static void settle_suspended(struct fetcher *fetcher)
{
    if (!fetcher->suspended.head)
        return;
    bool other = fetcher->credentials.generation != fetcher->suspended_generation;
    if (!other && fetcher->stop == STOP_NOT && fetcher->in_flight > 0)
        return;
    if (!other)
        stop(fetcher, STOP_REFUSED, &fetcher->suspended_error);
    while (fetcher->suspended.head)
        queue_push(&fetcher->ready, queue_take(&fetcher->suspended, &fetcher->suspended.head));
}

/* A refusal that names neither a quota nor a delay, while others are under way, is about too many at once:
 * fewer go on, and this one goes again. */
static bool is_crowded(struct fetcher *fetcher, const struct transfer *transfer,
                       const struct quota_refusal *refusal)
{
    if (refusal->named || transfer_retry_after(transfer) >= 0 || fetcher->stop != STOP_NOT)
        return false;
    bool alone = transfer->alone && fetcher->in_flight == 1;
    return concurrency_refused(&fetcher->concurrency, transfer->halvings, alone);
}

/* True when the request goes again. */
static bool take_throttled(struct fetcher *fetcher, const struct transfer *transfer, struct job *job)
{
    struct quota_refusal refusal;
    int64_t now = now_of(fetcher);
    quota_read_refusal(transfer->body.data, transfer->body.length, &fetcher->limiter->limits, &refusal);
    if (is_crowded(fetcher, transfer, &refusal)) {
        job->due = now + backoff_delay(1, draw());
        queue_push(&fetcher->delayed, job);
        return true;
    }
    limiter_refused(fetcher->limiter, &refusal, transfer_retry_after(transfer), draw(), now,
                    clock_wall(fetcher->clock));
    return false;
}

static void take_answered(struct fetcher *fetcher)
{
    concurrency_answered(&fetcher->concurrency);
    if (fetcher->stop == STOP_NOT)
        limiter_answered(fetcher->limiter, now_of(fetcher), clock_wall(fetcher->clock));
}

static void on_done(void *arg, CURL *easy, CURLcode result)
{
    struct fetcher *fetcher = arg;
    struct transfer *transfer = transfer_of(easy);
    struct job *job = transfer->job;
    struct error err = {0};
    enum fetch_outcome outcome = transfer_judge(transfer, result, &err);
    fetcher->stats.bytes += transfer_bytes(transfer);
    fetcher->stats.throttled += outcome == FETCH_THROTTLED;
    if (outcome != FETCH_REFUSED) /* what comes with a refusal is no reason to ask again */
        credentials_refresh(&fetcher->credentials, transfer_header(transfer, "X-Auth-Token-Refreshed"));
    limiter_dated(fetcher->limiter, transfer_date(transfer), now_of(fetcher));
    if (outcome != FETCH_THROTTLED && outcome != FETCH_FAILED)
        take_answered(fetcher);
    bool waits = (outcome == FETCH_FAILED && again(fetcher, job, &err)) ||
                 (outcome == FETCH_THROTTLED && take_throttled(fetcher, transfer, job)) ||
                 (outcome == FETCH_REFUSED &&
                  (fall_back_to_key(fetcher, transfer, job) || suspend(fetcher, transfer, job, &err)));
    transfer_reset(transfer);
    fetcher->in_flight--;
    if (!waits) {
        if (outcome == FETCH_THROTTLED)
            stop(fetcher, STOP_THROTTLED, &err);
        if (outcome == FETCH_REFUSED)
            stop(fetcher, STOP_REFUSED, &err);
        finish(fetcher, job, outcome, &err);
    }
    settle_suspended(fetcher);
    pump(fetcher);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
    (void)source, (void)usec;
    pump(user);
    return 0;
}

static void cancel_in_flight(struct fetcher *fetcher)
{
    for (unsigned i = 0; i < fetcher->concurrent; i++) {
        struct transfer *transfer = &fetcher->transfers[i];
        struct job *job = transfer->job;
        if (!job)
            continue;
        loop_remove(fetcher->loop, transfer->easy);
        transfer_reset(transfer);
        fetcher->in_flight--;
        finish(fetcher, job, FETCH_CANCELLED, &fetcher->stop_error);
    }
}

static int on_kick(sd_event_source *source, void *user)
{
    (void)source;
    struct fetcher *fetcher = user;
    if (fetcher->stop == STOP_CANCELLED)
        cancel_in_flight(fetcher);
    settle_suspended(fetcher);
    pump(fetcher);
    return 0;
}

static int set_up(struct fetcher *fetcher, const struct fetcher_options *options, struct error *err)
{
    const struct config *config = options->config;
    fetcher->concurrent = (unsigned)config->limits.concurrent;
    concurrency_init(&fetcher->concurrency, fetcher->concurrent);
    fetcher->transfers = calloc(fetcher->concurrent, sizeof *fetcher->transfers);
    if (!fetcher->transfers)
        return error_memory(err);
    if (credentials_init(&fetcher->credentials, config->api_key, err) < 0)
        return -1;
    for (unsigned i = 0; i < fetcher->concurrent; i++)
        if (transfer_init(&fetcher->transfers[i], config, FETCHER_BODY_MAX, &fetcher->room, err) < 0)
            return -1;
    int r =
        sd_event_add_time_relative(options->event, &fetcher->timer, CLOCK_MONOTONIC, 0, 1, on_timer, fetcher);
    if (r >= 0)
        r = sd_event_source_set_enabled(fetcher->timer, SD_EVENT_OFF);
    if (r >= 0)
        r = sd_event_add_defer(options->event, &fetcher->kick, on_kick, fetcher);
    if (r >= 0)
        r = sd_event_source_set_enabled(fetcher->kick, SD_EVENT_OFF);
    if (r < 0)
        return error_set(err, ERROR_SYSTEM, RETRY_LATER, "cannot set up the event loop: %s", strerror(-r));
    return loop_new(&fetcher->loop, options->event, fetcher->concurrent + 2, on_done, fetcher, err);
}

int fetcher_new(struct fetcher **ret, const struct fetcher_options *options, struct error *err)
{
    struct fetcher *fetcher = calloc(1, sizeof *fetcher);
    if (!fetcher)
        return error_memory(err);
    fetcher->clock = options->clock;
    fetcher->limiter = options->limiter;
    fetcher->room = FETCHER_BODIES_MAX;
    queue_init(&fetcher->ready);
    queue_init(&fetcher->delayed);
    queue_init(&fetcher->suspended);
    if (set_up(fetcher, options, err) < 0) {
        (void)fetcher_free(fetcher);
        return -1;
    }
    *ret = fetcher;
    return 0;
}

int fetcher_get(struct fetcher *fetcher, const char *url, const struct fetch_handler *handler, void *arg,
                struct error *err)
{
    struct job *job = calloc(1, sizeof *job);
    char *copy = strdup(url);
    if (!job || !copy || sd_event_source_set_enabled(fetcher->kick, SD_EVENT_ONESHOT) < 0) {
        free(job);
        free(copy);
        return error_memory(err);
    }
    job->url = copy;
    job->handler = *handler;
    job->arg = arg;
    queue_push(&fetcher->ready, job);
    fetcher->active++;
    return 0;
}

void fetcher_begin(struct fetcher *fetcher)
{
    fetcher->stop = STOP_NOT;
    fetcher->begin_requests = fetcher->stats.requests;
    fetcher->granted = 0;
}

void fetcher_cancel(struct fetcher *fetcher)
{
    struct error err;
    (void)error_set(&err, ERROR_NONE, RETRY_LATER, "stopped on request");
    stop(fetcher, STOP_CANCELLED, &err);
    (void)sd_event_source_set_enabled(fetcher->kick, SD_EVENT_ONESHOT);
}

unsigned fetcher_active(const struct fetcher *fetcher)
{
    return fetcher->active;
}

bool fetcher_waiting(const struct fetcher *fetcher)
{
    return fetcher->active > 0 && fetcher->in_flight == 0;
}

const struct fetch_stats *fetcher_stats(const struct fetcher *fetcher)
{
    return &fetcher->stats;
}

static void drop(struct queue *queue)
{
    while (queue->head)
        job_free(queue_take(queue, &queue->head));
}

struct fetcher *fetcher_free(struct fetcher *fetcher)
{
    if (!fetcher)
        return NULL;
    for (unsigned i = 0; fetcher->transfers && i < fetcher->concurrent; i++) {
        struct transfer *transfer = &fetcher->transfers[i];
        if (transfer->job) {
            loop_remove(fetcher->loop, transfer->easy);
            job_free(transfer->job);
        }
        transfer_free(transfer);
    }
    free(fetcher->transfers);
    drop(&fetcher->ready);
    drop(&fetcher->delayed);
    drop(&fetcher->suspended);
    (void)loop_free(fetcher->loop);
    (void)sd_event_source_disable_unref(fetcher->timer);
    (void)sd_event_source_disable_unref(fetcher->kick);
    credentials_free(&fetcher->credentials);
    free(fetcher);
    return NULL;
}
