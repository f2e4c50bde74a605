#include "flexsync/exchange.h"

#include "flexsync/answer.h"
#include "flexsync/fetcher.h"
#include "flexsync/loop.h"
#include "transfer.h"

#include <stdlib.h>
#include <string.h>

#define THROTTLED 429
#define REFUSED   401

struct exchange {
    const struct clock *clock;
    struct limiter *limiter;
    sd_event *event;
    struct loop *loop;
    struct credentials credentials;
    struct transfer transfer;
    size_t room;
    int64_t requests;
    bool over;
    CURLcode result;
};

static void exchange_ended(void *arg, CURL *easy, CURLcode result)
{
    (void)easy;
    struct exchange *exchange = arg;
    exchange->over = true;
    exchange->result = result;
}

int exchange_new(struct exchange **ret, const struct config *config, const struct clock *clock,
                 struct limiter *limiter, struct error *err)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return error_memory(err);
    exchange->clock = clock;
    exchange->limiter = limiter;
    exchange->room = FETCHER_BODIES_MAX;
    int r = sd_event_new(&exchange->event);
    if (r < 0)
        r = error_set(err, ERROR_SYSTEM, RETRY_LATER, "cannot set up the event loop: %s", strerror(-r));
    else
        r = credentials_init(&exchange->credentials, config->api_key, err);
    if (r == 0)
        r = transfer_init(&exchange->transfer, config, FETCHER_BODY_MAX, &exchange->room, err);
    if (r == 0)
        r = loop_new(&exchange->loop, exchange->event, 1, exchange_ended, exchange, err);
    if (r < 0) {
        (void)exchange_free(exchange);
        return -1;
    }
    *ret = exchange;
    return 0;
}

static int exchange_turn(struct exchange *exchange, int64_t usec, struct error *err)
{
    int r = sd_event_run(exchange->event, usec < 0 ? UINT64_MAX : (uint64_t)usec);
    return r < 0 ? error_set(err, ERROR_SYSTEM, RETRY_LATER, "the event loop failed: %s", strerror(-r)) : 0;
}

/* Until it may be sent: the rate alone makes it wait here, a used-up quota is an error. */
static int exchange_wait(struct exchange *exchange, struct error *err)
{
    int64_t wait;
    while ((wait = limiter_wait(exchange->limiter, clock_monotonic(exchange->clock))) > 0)
        if (exchange_turn(exchange, wait, err) < 0)
            return -1;
    return limiter_take(exchange->limiter, clock_monotonic(exchange->clock), clock_wall(exchange->clock),
                        err);
}

static int exchange_send(struct exchange *exchange, const char *url, bool fresh, struct error *err)
{
    struct transfer *transfer = &exchange->transfer;
    exchange->requests++;
    exchange->over = false;
    if (transfer_prepare(transfer, url, &exchange->credentials, fresh, false, err) < 0 ||
        loop_add(exchange->loop, transfer->easy, err) < 0)
        return -1;
    while (!exchange->over)
        if (exchange_turn(exchange, -1, err) < 0) {
            loop_remove(exchange->loop, transfer->easy);
            return -1;
        }
    return transfer_check(transfer, exchange->result, err);
}

/* What every answer means to the requests after it. */
static void exchange_heed(struct exchange *exchange)
{
    const struct transfer *transfer = &exchange->transfer;
    int64_t now = clock_monotonic(exchange->clock), wall = clock_wall(exchange->clock);
    long status = transfer_status(transfer);
    struct quota_refusal refusal;
    limiter_dated(exchange->limiter, transfer_date(transfer), now);
    if (status != REFUSED)
        credentials_refresh(&exchange->credentials, transfer_header(transfer, "X-Auth-Token-Refreshed"));
    if (status != THROTTLED) {
        limiter_answered(exchange->limiter, now, wall);
        return;
    }
    quota_read_refusal(transfer->body.data, transfer->body.length, &exchange->limiter->limits, &refusal);
    limiter_refused(exchange->limiter, &refusal, transfer_retry_after(transfer, wall), 0.5, now, wall);
}

static void exchange_header(const struct exchange *exchange, const char *name,
                            char ret[static EXCHANGE_HEADER_MAX])
{
    const char *value = transfer_header(&exchange->transfer, name);
    (void)snprintf(ret, EXCHANGE_HEADER_MAX, "%s", value ? value : "");
}

static int exchange_take(struct exchange *exchange, struct exchange_answer *ret, struct error *err)
{
    const struct buffer *body = &exchange->transfer.body;
    ret->body = malloc(body->length + 1);
    if (!ret->body)
        return error_memory(err);
    if (body->length)
        memcpy(ret->body, body->data, body->length);
    ret->body[body->length] = '\0';
    ret->length = body->length;
    ret->status = transfer_status(&exchange->transfer);
    ret->dated = transfer_header(&exchange->transfer, "Date") != NULL;
    exchange_header(exchange, "Content-Type", ret->content_type);
    exchange_header(exchange, "Retry-After", ret->retry_after);
    return 0;
}

int exchange_get(struct exchange *exchange, const char *url, struct exchange_answer *ret, struct error *err)
{
    struct transfer *transfer = &exchange->transfer;
    *ret = (struct exchange_answer){0};
    int r = exchange_wait(exchange, err);
    if (r < 0)
        return r;

    r = exchange_send(exchange, url, false, err);
    if (r < 0 && exchange->over && transfer_unsent(transfer, exchange->result)) { /* once more, anew */
        transfer_reset(transfer);
        r = exchange_wait(exchange, err);
        if (r == 0)
            r = exchange_send(exchange, url, true, err);
    }
    if (r == 0 || (exchange->over && transfer_status(transfer) == THROTTLED))
        exchange_heed(exchange);
    if (r == 0)
        r = exchange_take(exchange, ret, err);
    transfer_reset(transfer);
    return r;
}

int64_t exchange_requests(const struct exchange *exchange)
{
    return exchange->requests;
}

void exchange_clear(struct exchange_answer *answer)
{
    free(answer->body);
    *answer = (struct exchange_answer){0};
}

struct exchange *exchange_free(struct exchange *exchange)
{
    if (!exchange)
        return NULL;
    transfer_free(&exchange->transfer);
    (void)loop_free(exchange->loop);
    credentials_free(&exchange->credentials);
    (void)sd_event_unref(exchange->event);
    free(exchange);
    return NULL;
}
