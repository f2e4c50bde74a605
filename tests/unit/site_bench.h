/*
 * site_bench: a site in memory whose contacts a test edits, with the pages and records that it answers.
 */
#ifndef SITE_BENCH_H
#define SITE_BENCH_H

#include "flexsync/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define PEOPLE_MAX 320
#define WINDOW     8
#define FOR_EVER   1000000

enum shape { SHAPE_FROM_ONE, SHAPE_FROM_ZERO, SHAPE_ARRAY };
enum oddity { ODD_NOT, ODD_FAILS, ODD_OTHER_ID, ODD_HTML, ODD_REJECTED, ODD_USELESS, ODD_DENIED, ODD_COUNT };

struct person {
    char name[32];
    unsigned hidden; /* counts the edits that no listing shows */
    int64_t edited;  /* lastEditDate, seconds; 0: it has none */
    bool listed, answers, deleted;
    bool missing; /* counted in the total, and on no page */
    enum oddity odd;
    bool known; /* some listing has shown it */
};

struct asked {
    bool listing, cancelled;
    const struct entity *entity;
    struct source_page page;
    char id[RECORD_ID_MAX + 1];
    struct fetch_handler handler;
    void *arg;
};

struct site {
    struct person people[PEOPLE_MAX];
    size_t count;
    enum shape shape;
    unsigned size_max;
    bool orders_by_edits, reorders, refuses_sort, refuses_key, fails_listing;
    int left;          /* requests until a 429 */
    const char *types; /* the array of resource types */
    struct asked waiting[WINDOW + 1];
    size_t waiting_count;
    enum fetch_outcome halted; /* FETCH_OK: not */
    struct fetch_stats stats;
    unsigned sorted, most_waiting;
    unsigned slow_above;  /* rows: a larger page is not given in time; 0: none is */
    unsigned listed_size; /* that the last page was asked for with */
    int64_t clock_offset; /* of the site's clock, usec */
    bool no_date;         /* it does not tell the time */
    uint64_t seed;
};

static inline uint64_t draw(struct site *site)
{
    site->seed = site->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return site->seed >> 33;
}

static inline void id_text(char id[static 32], size_t person)
{
    (void)snprintf(id, 32, "p-%03zu", person);
}

/* The text of lastEditDate's member, or nothing. */
static inline void edited_text(char text[static 64], int64_t edited)
{
    const time_t seconds = (time_t)edited;
    struct tm t;
    text[0] = '\0';
    if (edited)
        assert_int_not_equal(
            strftime(text, 64, "\"lastEditDate\":\"%Y-%m-%dT%H:%M:%S\",", gmtime_r(&seconds, &t)), 0);
}

/* The caller frees it. */
static inline char *record_of(const struct site *site, size_t i)
{
    const struct person *p = &site->people[i];
    char *text = NULL, id[32], edited[64];
    id_text(id, i);
    edited_text(edited, p->edited);
    assert_true(
        asprintf(
            &text,
            "{\"id\":\"%s\",%s\"name\":\"%s\",\"deleted\":%s,\"organization\":false,\"company\":\"Co %u\","
            "\"internetAddresses\":[{\"id\":\"m\",\"url\":\"%s@x.example\"}]}",
            id, edited, p->name, p->deleted ? "true" : "false", p->hidden, id) > 0);
    return text;
}

static inline void print_row(FILE *out, struct site *site, size_t i)
{
    char id[32];
    id_text(id, i);
    (void)fprintf(out, "{\"id\":\"%s\",\"name\":\"%s\",\"deleted\":%s}", id, site->people[i].name,
                  site->people[i].deleted ? "true" : "false");
    site->people[i].known = true;
}

/* Who is listed, in the order of this request; returns how many have a place on a page. */
static inline size_t order_of(struct site *site, bool sorted, size_t order[static PEOPLE_MAX],
                              size_t *ret_total)
{
    size_t n = 0, total = 0;
    for (size_t i = 0; i < site->count; i++) {
        total += site->people[i].listed;
        if (site->people[i].listed && !site->people[i].missing)
            order[n++] = i;
    }
    for (size_t i = n; site->reorders && !sorted && i > 1; i--) {
        size_t j = draw(site) % i, other = order[i - 1];
        order[i - 1] = order[j];
        order[j] = other;
    }
    *ret_total = total;
    return n;
}

/* Newest edit first; who has the same date stays in the order of ids. */
static inline void order_by_edits(const struct site *site, bool last_first, size_t *order, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j > 0; j--) {
            int64_t above = site->people[order[j - 1]].edited, below = site->people[order[j]].edited;
            if (last_first ? above >= below : above <= below)
                break;
            size_t other = order[j - 1];
            order[j - 1] = order[j];
            order[j] = other;
        }
}

static inline char *page_of(struct site *site, const struct source_page *page)
{
    size_t order[PEOPLE_MAX], total, n = order_of(site, page->order != ORDER_NONE, order, &total);
    if (site->orders_by_edits && page->order >= ORDER_EDITED_LAST)
        order_by_edits(site, page->order == ORDER_EDITED_LAST, order, n);
    bool array = site->shape == SHAPE_ARRAY;
    size_t size = array ? n : page->size < site->size_max ? page->size : site->size_max;
    size_t index = site->shape == SHAPE_FROM_ZERO || page->page == 0 ? page->page : page->page - 1;
    if (array)
        index = 0;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    (void)fputs(array ? "[" : "{\"content\":[", out);
    for (size_t i = index * size; i < n && i < (index + 1) * size; i++) {
        (void)fputs(i > index * size ? "," : "", out);
        print_row(out, site, order[i]);
    }
    if (array)
        (void)fputc(']', out);
    else
        (void)fprintf(out, "],\"totalElements\":%zu,\"size\":%zu,\"number\":%zu,\"first\":%s,\"last\":%s}",
                      total, size, index, index ? "false" : "true",
                      (index + 1) * size >= total ? "true" : "false");
    assert_int_equal(fclose(out), 0);
    return text;
}

static inline size_t person_of(const char *id)
{
    size_t i = 0;
    assert_int_equal(sscanf(id, "p-%zu", &i), 1);
    return i;
}

static inline enum fetch_outcome give(const struct asked *asked, char *body, struct error *err)
{
    int r = asked->handler.accept(asked->arg, body, strlen(body), err);
    free(body);
    return r < 0 ? FETCH_FAILED : FETCH_OK;
}

static inline enum fetch_outcome fail_with(enum fetch_outcome outcome, enum error_code code,
                                           struct error *err)
{
    (void)error_set(err, code, RETRY_LATER, "the site answers so");
    return outcome;
}

static inline enum fetch_outcome answer_listing(struct site *site, const struct asked *asked,
                                                struct error *err)
{
    site->listed_size = asked->page.size;
    if (site->fails_listing || (site->slow_above && asked->page.size > site->slow_above))
        return fail_with(FETCH_FAILED, ERROR_UNREACHABLE, err);
    if (!asked->entity->paged)
        return give(asked, strdup(site->types), err);
    site->sorted += asked->page.order != ORDER_NONE;
    if (site->refuses_sort && asked->page.order != ORDER_NONE)
        return fail_with(FETCH_REJECTED, ERROR_ANSWER, err);
    return give(asked, page_of(site, &asked->page), err);
}

static inline enum fetch_outcome answer_record(struct site *site, const struct asked *asked,
                                               struct error *err)
{
    size_t i = person_of(asked->id);
    assert_true(i < site->count);
    if (!site->people[i].answers)
        return fail_with(FETCH_GONE, ERROR_ANSWER, err);
    switch (site->people[i].odd) {
    case ODD_REJECTED:
        return fail_with(FETCH_REJECTED, ERROR_ANSWER, err);
    case ODD_USELESS:
        return fail_with(FETCH_FAILED, ERROR_ANSWER, err);
    case ODD_DENIED:
        return fail_with(FETCH_DENIED, ERROR_KEY, err);
    case ODD_FAILS:
        return fail_with(FETCH_FAILED, ERROR_UNREACHABLE, err);
    case ODD_OTHER_ID:
        return give(asked, record_of(site, i ? i - 1 : 1), err);
    case ODD_HTML:
        return give(asked, strdup("<html>"), err);
    case ODD_NOT:
    case ODD_COUNT:
        break;
    }
    return give(asked, record_of(site, i), err);
}

#endif
