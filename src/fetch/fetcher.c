#include "fetcher_private.h"

#include "flexsync/answer.h"
#include "flexsync/cleanup.h"
#include "flexsync/text.h"

#include <stdlib.h>
#include <string.h>

#define UNSENT_MAX 3 /* in a cycle; then no connection is used twice */

int64_t fetcher_now(const struct fetcher *fetcher)
{
    return clock_monotonic(fetcher->clock);
}

void fetcher_finish(struct fetcher *fetcher, struct job *job, enum fetch_outcome outcome,
                    const struct error *err)
{
    fetcher->active--;
    job->handler.done(job->arg, outcome, err);
    job_free(job);
}

void fetcher_stop(struct fetcher *fetcher, enum stop why, const struct error *err)
{
    if (fetcher->stop != STOP_NOT && why != STOP_CANCELLED)
        return;
    fetcher->stop = why;
    fetcher->stop_error = *err;
}

/* --- the end of what waits --- */

static enum fetch_outcome stop_outcome(enum stop why)
{
    static const enum fetch_outcome outcomes[] = {[STOP_THROTTLED] = FETCH_THROTTLED,
                                                  [STOP_REFUSED] = FETCH_REFUSED,
                                                  [STOP_UNAVAILABLE] = FETCH_UNAVAILABLE,
                                                  [STOP_CANCELLED] = FETCH_CANCELLED};
    return outcomes[why];
}

/*
 * `done` may begin a new cycle, which answers none of those that were stopped. After a relapse the server
 * answers, so that what failed has failed by itself; else a few records that always fail would keep a cycle
 * from its end for ever.
 */
static void finish_waiting(struct fetcher *fetcher, struct queue *queue, enum stop why)
{
    const struct error err = fetcher->stop_error;
    bool relapsed = why == STOP_UNAVAILABLE && fetcher->breaker.relapsed;
    while (queue->head) {
        struct job *job = queue_take(queue, &queue->head);
        const struct error failure = job->failure;
        if (relapsed && failure.code != ERROR_NONE)
            fetcher_finish(fetcher, job, FETCH_FAILED, &failure);
        else
            fetcher_finish(fetcher, job, stop_outcome(why), &err);
    }
}

static void end_waiting(struct fetcher *fetcher)
{
    const enum stop why = fetcher->stop;
    finish_waiting(fetcher, &fetcher->urgent, why);
    finish_waiting(fetcher, &fetcher->suspended, why);
    finish_waiting(fetcher, &fetcher->ready, why);
    finish_waiting(fetcher, &fetcher->delayed, why);
}

static bool is_waited_for(const struct fetcher *fetcher)
{
    return fetcher->ready.head || fetcher->delayed.head || fetcher->suspended.head || fetcher->urgent.head;
}

/* No time of day within the next minute: a message that is the same each time is logged once. */
static void stop_unavailable(struct fetcher *fetcher, int64_t now)
{
    struct error err;
    char at[TEXT_MAX];
    int64_t wait = breaker_wait(&fetcher->breaker, now), wall = clock_wall(fetcher->clock);
    bool soon = wait <= BREAKER_PATIENCE;
    (void)error_set(&err, ERROR_UNREACHABLE, RETRY_LATER,
                    "the server is in trouble, and is asked again %s%s; the last failure: %.300s",
                    soon ? "" : "at ", soon ? "within a minute" : text_format_local(at, wall + wait, wall),
                    fetcher->trouble.text);
    fetcher_stop(fetcher, STOP_UNAVAILABLE, &err);
}

/* --- sending --- */

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
    bool single = fetcher->unsent >= UNSENT_MAX;
    fetcher->stats.requests++;
    fetcher->stats.retries += job->tries > 0;
    job->tries++;
    if (transfer_prepare(transfer, job->url, &fetcher->credentials, single || job->fresh, single, &err) < 0 ||
        loop_add(fetcher->loop, transfer->easy, &err) < 0) {
        breaker_probe_failed(&fetcher->breaker, -1, fetcher_now(fetcher)); /* or it would be sent for ever */
        fetcher_finish(fetcher, job, FETCH_FAILED, &err);
        return;
    }
    transfer->job = job;
    transfer->halvings = fetcher->concurrency.halvings;
    transfer->epoch = fetcher->breaker.epoch;
    transfer->probe = breaker_is_open(&fetcher->breaker);
    transfer->alone = fetcher->in_flight == 0;
    fetcher->probing |= transfer->probe;
    fetcher->in_flight++;
}

int fetcher_ask(struct fetcher *fetcher, enum job_kind kind, const char *url,
                const struct fetch_handler *handler)
{
    struct job *job = url ? job_new(kind, url, handler, fetcher) : NULL;
    if (!job)
        return -1;
    queue_push(&fetcher->urgent, job);
    fetcher->active++;
    return 0;
}

static void probe_is_done(void *arg, enum fetch_outcome outcome, const struct error *err)
{
    (void)arg, (void)outcome, (void)err; /* the breaker has heard of it */
}

/* The first and only request of a cycle, which may as well be the probe itself. */
static bool is_alone(const struct fetcher *fetcher)
{
    const struct job *job = fetcher->ready.head;
    return job && job->tries == 0 && !job->next && !fetcher->delayed.head && !fetcher->suspended.head;
}

/*
 * While the breaker is open: the listing, in its smallest form, so that no record that always fails can keep
 * it open. Where there is no URL for it, the next request of all.
 */
static struct queue *next_probe(struct fetcher *fetcher, int64_t now, int64_t *next)
{
    static const struct fetch_handler handler = {
        .accept = answer_accept_json, .done = probe_is_done, .tries = 1};
    int64_t wait = breaker_wait(&fetcher->breaker, now);
    if (wait > 0 && now + wait < *next)
        *next = now + wait;
    if (fetcher->probing || wait > 0)
        return NULL;
    bool ready = fetcher->ready.head, own = ready && fetcher->ready.head->kind == JOB_PROBE;
    if (!own && !is_alone(fetcher) && fetcher_ask(fetcher, JOB_PROBE, fetcher->listing_url, &handler) == 0)
        return &fetcher->urgent;
    return ready ? &fetcher->ready : NULL;
}

/* The queue whose head may be sent now, or NULL; *next is brought forward to when there is one, if that is a
 * matter of time. */
static struct queue *next_queue(struct fetcher *fetcher, int64_t now, int64_t *next)
{
    if (fetcher->in_flight >= fetcher->concurrent)
        return NULL;
    if (fetcher->urgent.head)
        return &fetcher->urgent;
    if (breaker_is_open(&fetcher->breaker))
        return is_waited_for(fetcher) ? next_probe(fetcher, now, next) : NULL;
    if (fetcher->suspended.head || !fetcher->ready.head)
        return NULL;
    bool room = fetcher->in_flight < fetcher->concurrency.allowed &&
                fetcher->in_flight < breaker_window(&fetcher->breaker);
    return room ? &fetcher->ready : NULL;
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

void fetcher_pump(struct fetcher *fetcher)
{
    struct error err;
    int64_t now = fetcher_now(fetcher), held = 0;
    if (fetcher->stop == STOP_NOT && is_waited_for(fetcher) && breaker_gives_up(&fetcher->breaker, now))
        stop_unavailable(fetcher, now);
    if (fetcher->stop != STOP_NOT)
        end_waiting(fetcher);

    int64_t next = wake_delayed(fetcher, now);
    struct queue *from;
    while ((from = next_queue(fetcher, now, &next))) {
        held = limiter_wait(fetcher->limiter, now);
        if (held > 0)
            break;
        if (limiter_take(fetcher->limiter, now, clock_wall(fetcher->clock), &err) < 0) {
            fetcher_stop(fetcher, STOP_THROTTLED, &err); /* used up before the server had to say so */
            end_waiting(fetcher);
            break;
        }
        start(fetcher, idle_transfer(fetcher), queue_take(from, &from->head));
    }

    note_held(fetcher, held > 0, now);
    if (held > 0 && now + held < next)
        next = now + held;
    if (next != INT64_MAX)
        arm(fetcher, next - now);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
    (void)source, (void)usec;
    struct fetcher *fetcher = user;
    doubt_settle(fetcher);
    fetcher_pump(fetcher);
    return 0;
}

static void cancel_in_flight(struct fetcher *fetcher)
{
    for (unsigned i = 0; i < fetcher->concurrent; i++) {
        struct transfer *transfer = &fetcher->transfers[i];
        struct job *job = transfer->job;
        if (!job)
            continue;
        fetcher->probing &= !transfer->probe;
        loop_remove(fetcher->loop, transfer->easy);
        transfer_reset(transfer);
        fetcher->in_flight--;
        fetcher_finish(fetcher, job, FETCH_CANCELLED, &fetcher->stop_error);
    }
}

static int on_kick(sd_event_source *source, void *user)
{
    (void)source;
    struct fetcher *fetcher = user;
    if (fetcher->stop == STOP_CANCELLED)
        cancel_in_flight(fetcher);
    doubt_settle(fetcher);
    fetcher_pump(fetcher);
    return 0;
}

static int copy_urls(struct fetcher *fetcher, const struct fetcher_options *options, struct error *err)
{
    if (!options->profile_url || !options->listing_url)
        return 0;
    fetcher->profile_url = strdup(options->profile_url);
    fetcher->listing_url = strdup(options->listing_url);
    return fetcher->profile_url && fetcher->listing_url ? 0 : error_memory(err);
}

static int set_up(struct fetcher *fetcher, const struct fetcher_options *options, struct error *err)
{
    const struct config *config = options->config;
    fetcher->concurrent = (unsigned)config->limits.concurrent;
    concurrency_init(&fetcher->concurrency, fetcher->concurrent);
    fetcher->transfers = calloc(fetcher->concurrent, sizeof *fetcher->transfers);
    if (!fetcher->transfers)
        return error_memory(err);
    if (credentials_init(&fetcher->credentials, config->api_key, err) < 0 ||
        copy_urls(fetcher, options, err) < 0)
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
    return loop_new(&fetcher->loop, options->event, fetcher->concurrent + 2, fetcher_on_done, fetcher, err);
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
    queue_init(&fetcher->urgent);
    if (set_up(fetcher, options, err) < 0) {
        (void)fetcher_free(fetcher);
        return -1;
    }
    *ret = fetcher;
    return 0;
}

static int add_job(struct fetcher *fetcher, struct job *job, struct error *err)
{
    if (!job)
        return error_memory(err);
    if (sd_event_source_set_enabled(fetcher->kick, SD_EVENT_ONESHOT) < 0) {
        job_free(job);
        return error_memory(err);
    }
    queue_push(&fetcher->ready, job);
    fetcher->active++;
    return 0;
}

int fetcher_get(struct fetcher *fetcher, const char *url, const struct fetch_handler *handler, void *arg,
                struct error *err)
{
    return add_job(fetcher, job_new(JOB_ASKED, url, handler, arg), err);
}

int fetcher_probe(struct fetcher *fetcher, const struct fetch_handler *handler, void *arg, struct error *err)
{
    return add_job(fetcher, job_new(JOB_PROBE, fetcher->listing_url, handler, arg), err);
}

void fetcher_begin(struct fetcher *fetcher)
{
    fetcher->stop = STOP_NOT;
    fetcher->begin_requests = fetcher->stats.requests;
    fetcher->granted = 0;
    fetcher->unsent = 0;
    breaker_begin(&fetcher->breaker);
}

void fetcher_forgive(struct fetcher *fetcher)
{
    breaker_forgive(&fetcher->breaker);
}

bool fetcher_in_outage(const struct fetcher *fetcher)
{
    return breaker_is_open(&fetcher->breaker);
}

int64_t fetcher_pause(const struct fetcher *fetcher)
{
    return breaker_wait(&fetcher->breaker, fetcher_now(fetcher));
}

void fetcher_cancel(struct fetcher *fetcher)
{
    struct error err;
    (void)error_set(&err, ERROR_NONE, RETRY_LATER, "stopped on request");
    fetcher_stop(fetcher, STOP_CANCELLED, &err);
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
    drop(&fetcher->urgent);
    (void)loop_free(fetcher->loop);
    (void)sd_event_source_disable_unref(fetcher->timer);
    (void)sd_event_source_disable_unref(fetcher->kick);
    credentials_free(&fetcher->credentials);
    free(fetcher->profile_url);
    free(fetcher->listing_url);
    free(fetcher);
    return NULL;
}
