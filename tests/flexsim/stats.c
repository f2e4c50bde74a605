#include "stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caltime.h"

#define LOG_ROOM   100000U
#define PAGES_ROOM 4096U
#define STATUSES   600U

struct page_count {
    int64_t page;
    uint64_t count;
};

struct logged {
    int64_t at_ms;
    int64_t page, size;
    uint16_t status; /* 0: not answered, or not yet */
    uint8_t kind, sort, descending;
    char id[CALL_ID_MAX];
};

/* The monotonic times of the requests of the last second. */
struct rate {
    uint64_t *times;
    size_t first, count, room;
    size_t peak;
};

struct stats {
    uint64_t by_kind[CALL_KINDS], by_status[STATUSES], refused[QUOTA_WINDOWS + 1];
    uint64_t total, sorted, unanswered, distinct_details, epoch;
    int64_t in_flight, peak_in_flight, first_ms, last_ms;
    struct rate rate;
    struct page_count *pages;
    size_t page_count;
    struct logged *log; /* a ring: request n stands at n % LOG_ROOM */
    uint64_t logged, log_from;
};

struct stats *stats_new(void)
{
    struct stats *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->rate.room = 4096;
    s->rate.times = calloc(s->rate.room, sizeof(*s->rate.times));
    s->pages = calloc(PAGES_ROOM, sizeof(*s->pages));
    s->log = calloc(LOG_ROOM, sizeof(*s->log));
    s->epoch = 1;
    if (!s->rate.times || !s->pages || !s->log)
        return stats_free(s);
    return s;
}

struct stats *stats_free(struct stats *s)
{
    if (!s)
        return NULL;
    free(s->rate.times);
    free(s->pages);
    free(s->log);
    free(s);
    return NULL;
}

void stats_reset(struct stats *s)
{
    struct stats kept = *s;
    memset(s, 0, sizeof(*s));
    s->rate = (struct rate){.times = kept.rate.times, .room = kept.rate.room};
    s->pages = kept.pages;
    s->log = kept.log;
    s->log_from = s->logged = kept.logged; /* those still in flight keep their places */
    s->epoch = kept.epoch + 1;
    s->in_flight = s->peak_in_flight = kept.in_flight;
}

static void count_page(struct stats *s, int64_t page)
{
    size_t i = 0;
    while (i < s->page_count && s->pages[i].page != page)
        i++;
    if (i == s->page_count) {
        if (i == PAGES_ROOM)
            return;
        s->pages[s->page_count++] = (struct page_count){.page = page};
    }
    s->pages[i].count++;
}

static bool rate_grow(struct rate *r)
{
    uint64_t *times = calloc(r->room * 2, sizeof(*times));
    if (!times)
        return false;
    for (size_t i = 0; i < r->count; i++)
        times[i] = r->times[(r->first + i) % r->room];
    free(r->times);
    r->times = times;
    r->first = 0;
    r->room *= 2;
    return true;
}

static void count_rate(struct rate *r, uint64_t now)
{
    while (r->count && r->times[r->first] + 1000000000U <= now) {
        r->first = (r->first + 1) % r->room;
        r->count--;
    }
    if (r->count == r->room && !rate_grow(r))
        return;
    r->times[(r->first + r->count++) % r->room] = now;
    if (r->count > r->peak)
        r->peak = r->count;
}

int64_t stats_arrived(struct stats *s, const struct call *call, int64_t now_ms, uint64_t *ret_place)
{
    if (!s->total++)
        s->first_ms = now_ms;
    s->last_ms = now_ms;
    s->by_kind[call->kind]++;
    if (call->kind == CALL_LIST) {
        count_page(s, call->page);
        s->sorted += call->sort_given;
    }
    count_rate(&s->rate, caltime_monotonic_ns());
    if (++s->in_flight > s->peak_in_flight)
        s->peak_in_flight = s->in_flight;
    struct logged *l = &s->log[s->logged % LOG_ROOM];
    *l = (struct logged){.at_ms = now_ms,
                         .page = call->page,
                         .size = call->size,
                         .kind = (uint8_t)call->kind,
                         .sort = (uint8_t)call->sort,
                         .descending = call->descending};
    (void)snprintf(l->id, sizeof(l->id), "%s", call->id);
    *ret_place = s->logged++;
    return s->in_flight;
}

void stats_left(struct stats *s)
{
    s->in_flight--;
}

void stats_answered(struct stats *s, uint64_t place, unsigned status)
{
    s->by_status[status < STATUSES ? status : 0]++;
    if (s->logged - place <= LOG_ROOM)
        s->log[place % LOG_ROOM].status = (uint16_t)status;
}

void stats_unanswered(struct stats *s)
{
    s->unanswered++;
}

void stats_refused(struct stats *s, enum quota_window window)
{
    s->refused[window]++;
}

int64_t stats_in_flight(const struct stats *s)
{
    return s->in_flight;
}

int64_t stats_peak_in_flight(const struct stats *s)
{
    return s->peak_in_flight;
}

uint64_t stats_epoch(const struct stats *s)
{
    return s->epoch;
}

void stats_distinct_detail(struct stats *s)
{
    s->distinct_details++;
}

static json_t *counts_by_kind(const struct stats *s)
{
    json_t *object = json_object();
    for (int i = 0; object && i < CALL_KINDS; i++)
        (void)json_object_set_new(object, call_kind_name((enum call_kind)i),
                                  json_integer((json_int_t)s->by_kind[i]));
    return object;
}

static json_t *counts_by_status(const struct stats *s)
{
    json_t *object = json_object();
    for (unsigned i = 0; object && i < STATUSES; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "%u", i);
        if (s->by_status[i])
            (void)json_object_set_new(object, name, json_integer((json_int_t)s->by_status[i]));
    }
    return object;
}

static json_t *counts_by_page(const struct stats *s)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < s->page_count; i++) {
        char name[32] = "none";
        if (s->pages[i].page != CALL_NO_PAGE)
            (void)snprintf(name, sizeof(name), "%lld", (long long)s->pages[i].page);
        (void)json_object_set_new(object, name, json_integer((json_int_t)s->pages[i].count));
    }
    return object;
}

static json_t *counts_refused(const struct stats *s)
{
    json_t *object = json_object();
    for (int i = 0; object && i <= QUOTA_WINDOWS; i++)
        (void)json_object_set_new(object, quota_window_name((enum quota_window)i),
                                  json_integer((json_int_t)s->refused[i]));
    return object;
}

static json_t *moment(const struct stats *s, int64_t ms)
{
    char text[CALTIME_TEXT];
    caltime_utc(ms, text);
    return s->total ? json_string(text) : json_null();
}

int stats_to_json(const struct stats *s, json_t *object)
{
    json_t *part =
        json_pack("{sI so so so sI sI sI sI sI sI so sI so so}", "total", (json_int_t)s->total, "by_kind",
                  counts_by_kind(s), "by_status", counts_by_status(s), "by_page", counts_by_page(s),
                  "sorted_lists", (json_int_t)s->sorted, "distinct_details", (json_int_t)s->distinct_details,
                  "in_flight", (json_int_t)s->in_flight, "peak_in_flight", (json_int_t)s->peak_in_flight,
                  "peak_rate", (json_int_t)s->rate.peak, "quota_breaches", (json_int_t)s->by_status[429],
                  "refused", counts_refused(s), "unanswered", (json_int_t)s->unanswered, "first_request",
                  moment(s, s->first_ms), "last_request", moment(s, s->last_ms));
    int status = part ? json_object_update(object, part) : -1;
    json_decref(part);
    return status;
}

static const char *sort_word(const struct logged *l)
{
    static const char *const words[] = {NULL, "id", "name", "lastEditDate", "createdDate", "?"};
    return words[l->sort];
}

void stats_log(const struct stats *s, struct buf *b)
{
    uint64_t from = s->logged > LOG_ROOM ? s->logged - LOG_ROOM : 0;
    for (uint64_t i = from < s->log_from ? s->log_from : from; i < s->logged; i++) {
        const struct logged *l = &s->log[i % LOG_ROOM];
        char at[CALTIME_TEXT];
        caltime_utc(l->at_ms, at);
        buf_printf(b, "{\"at\":\"%s\",\"kind\":\"%s\",\"status\":%u", at,
                   call_kind_name((enum call_kind)l->kind), (unsigned)l->status);
        if (l->id[0]) {
            buf_puts(b, ",\"id\":");
            buf_json(b, l->id);
        }
        if (l->page != CALL_NO_PAGE)
            buf_printf(b, ",\"page\":%lld", (long long)l->page);
        if (l->size)
            buf_printf(b, ",\"size\":%lld", (long long)l->size);
        if (sort_word(l))
            buf_printf(b, ",\"sort\":\"%s,%s\"", sort_word(l), l->descending ? "desc" : "asc");
        buf_puts(b, "}\n");
    }
}

void stats_summary(const struct stats *s, struct buf *b)
{
    buf_printf(b, "flexsim: %llu requests", (unsigned long long)s->total);
    for (int i = 0; i < CALL_KINDS; i++)
        if (s->by_kind[i])
            buf_printf(b, ", %llu %s", (unsigned long long)s->by_kind[i], call_kind_name((enum call_kind)i));
    buf_printf(b, "; %llu answered 429, peak %lld in flight, %zu a second\n",
               (unsigned long long)s->by_status[429], (long long)s->peak_in_flight, s->rate.peak);
}
