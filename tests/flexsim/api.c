#include "api.h"

#include <stdio.h>
#include <string.h>

#include "about.h"
#include "absence.h"
#include "listing.h"
#include "misbehave.h"

static void spend(struct sim *s, int64_t now)
{
    (void)quota_spend(s->quota, now, 1);
}

static void refuse(struct sim *s, struct ticket *t, unsigned status, int64_t now)
{
    t->refused = status;
    if (s->set.count_refused)
        spend(s, now);
}

/* The token goes first, then the quota, then how many there are at a time; only then the script has its say.
 */
void api_arrive(struct sim *s, struct ticket *t, const char *token)
{
    const struct settings *set = &s->set;
    int64_t now_ms = sim_now(s), now = now_ms / 1000;
    sim_catch_up(s);
    /* Who hung up is no longer in flight, even if nobody had the time to notice. */
    int64_t in_flight = stats_in_flight(s->stats) + 1;
    if (in_flight > stats_peak_in_flight(s->stats) || (set->concurrent && in_flight > set->concurrent))
        parking_reap(s->parking);
    in_flight = stats_arrived(s->stats, &t->call, now_ms, &t->place);
    t->in_flight = true;
    t->wait_ms = set->latency;
    if (!token || strcmp(token, s->token) != 0) {
        refuse(s, t, MHD_HTTP_UNAUTHORIZED, now);
        return;
    }
    t->window = quota_full(s->quota, set, now);
    if (t->window != QUOTA_WINDOWS || (set->concurrent && in_flight > set->concurrent)) {
        stats_refused(s->stats, t->window);
        refuse(s, t, MHD_HTTP_TOO_MANY_REQUESTS, now);
        return;
    }
    spend(s, now);
    if (set->refresh_token && ++s->accepted == set->refresh_token)
        t->refresh = true;
    script_match(s->script, &t->call, &t->verdict);
    t->wait_ms += t->verdict.delay_ms;
    if (t->verdict.final && t->verdict.final->action == ACTION_HANG)
        t->wait_ms = -1;
}

static void answer_refusal(struct sim *s, const struct ticket *t, struct answer *a)
{
    char text[128], limit[32];
    if (t->refused == MHD_HTTP_UNAUTHORIZED) {
        answer_error(a, t->refused, "Invalid or missing authentication token.");
        return;
    }
    if (t->window == QUOTA_WINDOWS) {
        (void)snprintf(text, sizeof(text), "Too many concurrent API requests.");
    } else if (s->set.no_window_text) {
        (void)snprintf(text, sizeof(text), "Maximum API request limit reached.");
    } else {
        format_thousands(quota_limit(&s->set, t->window), limit);
        (void)snprintf(text, sizeof(text), "Maximum API request limit of %s reached for this %s.", limit,
                       quota_window_name(t->window));
    }
    (void)snprintf(a->retry_after, sizeof(a->retry_after), "%s", s->set.retry_after);
    answer_error(a, t->refused, text);
}

static void answer_detail(struct sim *s, const struct ticket *t, struct answer *a)
{
    const struct rule *final = t->verdict.final;
    struct contact *asked = population_find(s->people, t->call.id);
    struct contact *c = absence_survivor(s->people, asked);
    if (!c) {
        absence_answer(asked && asked->own_way ? asked->unknown : s->set.unknown, t->call.id, a);
        return;
    }
    if (c->denied) {
        answer_denied(a, s->set.denied_status == DENIED_403 ? MHD_HTTP_FORBIDDEN : MHD_HTTP_UNAUTHORIZED);
        return;
    }
    answer_body(a, blob_ref(population_record(c)));
    bool whole = !final || final->action == ACTION_NORMAL;
    if (whole && c->details_epoch != stats_epoch(s->stats)) {
        c->details_epoch = stats_epoch(s->stats);
        stats_distinct_detail(s->stats);
    }
}

static void answer_listing(struct sim *s, const struct ticket *t, struct answer *a)
{
    struct buf b = {0};
    unsigned refusal = listing_render(s, &t->call, &t->verdict, &b);
    if (refusal) {
        buf_free(&b);
        answer_error(a, refusal, refusal == 400 ? "This listing cannot be sorted so." : "Out of memory.");
        return;
    }
    answer_body(a, blob_from_buf(&b));
}

static void answer_normally(struct sim *s, const struct ticket *t, struct answer *a)
{
    a->status = MHD_HTTP_OK;
    if (!t->call.exists) {
        answer_error(a, MHD_HTTP_NOT_FOUND, "No such resource.");
    } else if (!t->call.get) {
        a->allow_get = true;
        answer_error(a, MHD_HTTP_METHOD_NOT_ALLOWED, "Request method not supported.");
    } else if (t->call.kind == CALL_DETAIL) {
        answer_detail(s, t, a);
    } else if (t->call.kind == CALL_RESOURCE_TYPE) {
        answer_body(a, blob_ref(s->types));
    } else if (t->call.kind == CALL_PROFILE) {
        about_profile(&s->set, a);
    } else if (t->call.kind == CALL_API_DOCS) {
        about_api_docs(&s->set, t->call.old_docs, a);
    } else if (t->call.kind == CALL_LIST && s->set.list_slow && t->call.size > s->set.list_slow) {
        answer_gateway(a, MHD_HTTP_GATEWAY_TIMEOUT, "Gateway Time-out");
    } else {
        answer_listing(s, t, a);
    }
}

/* From this answer on only the new token is good. */
static void refresh_token(struct sim *s, struct answer *a)
{
    (void)snprintf(s->token, sizeof(s->token), "%.*s-refreshed-%u", SETTINGS_KEY_MAX, s->set.key,
                   ++s->refreshes);
    (void)snprintf(a->refreshed, sizeof(a->refreshed), "%s", s->token);
}

void api_answer(struct sim *s, struct ticket *t, struct answer *ret)
{
    const struct rule *final = t->verdict.final;
    sim_lock(s);
    sim_catch_up(s);
    *ret = (struct answer){.now = sim_now(s), .gzip = s->set.gzip && t->call.gzip, .chunked = s->set.chunked};
    int64_t shape = s->set.shape;
    if (t->refused)
        answer_refusal(s, t, ret);
    else if (misbehave_needs_normal(final))
        answer_normally(s, t, ret);
    if (t->refresh)
        refresh_token(s, ret);
    sim_unlock(s);

    if (!t->refused)
        misbehave_change(&t->verdict, &t->call, shape, ret);
    if (final)
        misbehave_decide(final, ret);
}

void api_leave(struct sim *s, struct ticket *t)
{
    if (t->in_flight)
        stats_left(s->stats);
    t->in_flight = false;
}

void api_close(struct sim *s, struct ticket *t)
{
    api_leave(s, t);
    if (!t->answered)
        stats_unanswered(s->stats);
    t->answered = true;
    verdict_clear(&t->verdict);
}
