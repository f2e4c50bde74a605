#include "listing.h"

#include <stdlib.h>
#include <string.h>

#include "record.h"

#define DEFAULT_SIZE 20

/* One page of a listing: the places from `offset` on, as far as they are shown. */
struct page {
    const struct call *call;
    bool sorted;
    int64_t total, size, number, offset;
    uint32_t *rows;
    size_t count;
};

static bool found(const struct contact *c, const struct persona *p, const struct call *call)
{
    if (call->only_organizations && !p->organization)
        return false;
    if (!call->search || !*call->search)
        return true;
    if (strcasestr(p->name, call->search) || strcasestr(p->company, call->search))
        return true;
    char mail[2 * NAMES_WORD_MAX];
    for (unsigned i = 0; i < contact_mails(c).count; i++) {
        contact_mail(c, i, mail);
        if (strcasestr(mail, call->search))
            return true;
    }
    return false;
}

/* All that the request is about, in order; the caller frees. */
static uint32_t *choose(struct sim *s, const struct call *call, bool sorted, int64_t *ret_total)
{
    bool instant = call->sort == SORT_EDITED && s->set.edit_order == EDIT_ORDER_INSTANT;
    enum sort_field field = instant ? SORT_EDITED_INSTANT : call->sort;
    const uint32_t *order = sorted ? orders_sorted(s->orders, s->people, field, call->descending)
                            : s->set.order == ORDER_SHUFFLE ? orders_shuffled(s->orders, s->people, &s->rng)
                                                            : orders_unsorted(s->orders, s->people);
    uint32_t listed = population_listed(s->people), n = 0;
    uint32_t *places = order ? malloc(((size_t)listed + 1) * sizeof(*places)) : NULL;
    if (!places)
        return NULL;
    bool none = call->kind == CALL_SEARCH && s->set.search_empty == SEARCH_EMPTY_NONE &&
                (!call->search || !*call->search);
    for (uint32_t i = 0; i < listed && !none; i++) {
        struct persona persona;
        const struct contact *c = population_at(s->people, order[i]);
        if (call->kind == CALL_SEARCH) {
            contact_persona(c, &persona);
            if (!found(c, &persona, call))
                continue;
        }
        places[n++] = order[i];
    }
    *ret_total = n;
    return places;
}

static void cut_page(const struct settings *set, struct page *p)
{
    int64_t asked = p->call->page == CALL_NO_PAGE ? 0 : p->call->page;
    if (set->paging == PAGING_ONE && asked > 0)
        asked--;
    p->number = asked;
    p->size = p->call->size ? p->call->size : DEFAULT_SIZE;
    if (p->size > set->max_size)
        p->size = set->max_size;
    p->offset = p->number * p->size;
    if (set->shape == SHAPE_ARRAY) {
        p->offset = 0;
        p->size = p->total;
    }
    int64_t left = p->total > p->offset ? p->total - p->offset : 0;
    p->count = (size_t)(left < p->size ? left : p->size);
    memmove(p->rows, p->rows + (left ? p->offset : 0), p->count * sizeof(*p->rows));
}

/* There is room for one more row for each change, see listing_render(). */
static void change_rows(const struct verdict *v, struct page *p)
{
    for (unsigned i = 0; i < v->change_count; i++) {
        const struct rule *r = v->changes[i];
        size_t at = (size_t)r->number - 1;
        if ((r->action != ACTION_DROP_ROW && r->action != ACTION_DUPLICATE_ROW) || at >= p->count)
            continue;
        size_t behind = p->count - at - 1;
        if (r->action == ACTION_DROP_ROW) {
            memmove(p->rows + at, p->rows + at + 1, behind * sizeof(*p->rows));
            p->count--;
        } else {
            memmove(p->rows + at + 1, p->rows + at, (behind + 1) * sizeof(*p->rows));
            p->count++;
        }
    }
}

static void render_rows(struct sim *s, const struct page *p, struct buf *b)
{
    buf_char(b, '[');
    for (size_t i = 0; i < p->count; i++) {
        struct contact *c = population_at(s->people, p->rows[i]);
        if (i)
            buf_char(b, ',');
        if (p->call->kind == CALL_SEARCH) {
            struct persona persona;
            contact_persona(c, &persona);
            record_render_found(c, &persona, b);
            continue;
        }
        const struct blob *row = population_row(c);
        if (row)
            buf_add(b, row->data, row->len);
        else
            b->failed = true;
    }
    buf_char(b, ']');
}

static void render_sort(const struct page *p, struct buf *b)
{
    buf_puts(b, p->sorted ? "\"sort\":{\"unsorted\":false,\"sorted\":true,\"empty\":false}"
                          : "\"sort\":{\"unsorted\":true,\"sorted\":false,\"empty\":true}");
}

static void render_page(struct sim *s, const struct page *p, int64_t shown_total, struct buf *b)
{
    int64_t pages = (p->total + p->size - 1) / p->size;
    buf_puts(b, "{\"content\":");
    render_rows(s, p, b);
    buf_puts(b, ",\"pageable\":{");
    render_sort(p, b);
    buf_printf(b, ",\"pageNumber\":%lld,\"pageSize\":%lld,\"offset\":%lld,\"unpaged\":false,\"paged\":true}",
               (long long)p->number, (long long)p->size, (long long)p->offset);
    buf_printf(b, ",\"totalElements\":%lld,\"totalPages\":%lld", (long long)shown_total, (long long)pages);
    buf_puts(b, p->number + 1 >= pages ? ",\"last\":true" : ",\"last\":false");
    buf_puts(b, p->number == 0 ? ",\"first\":true" : ",\"first\":false");
    buf_printf(b, ",\"numberOfElements\":%zu,\"size\":%lld,\"number\":%lld", p->count, (long long)p->size,
               (long long)p->number);
    buf_puts(b, p->count ? ",\"empty\":false," : ",\"empty\":true,");
    render_sort(p, b);
    buf_char(b, '}');
}

static int64_t shown_total(const struct page *p, const struct verdict *v)
{
    int64_t total = p->total;
    for (unsigned i = 0; i < v->change_count; i++)
        if (v->changes[i]->action == ACTION_WRONG_TOTAL)
            total += v->changes[i]->number;
    return total;
}

unsigned listing_render(struct sim *s, const struct call *call, const struct verdict *v, struct buf *b)
{
    if (call->sort_given && s->set.sort == SORTING_REJECT)
        return 400;
    if (call->sort == SORT_UNKNOWN && s->set.sort == SORTING_HONOUR)
        return 400;
    struct page p = {.call = call, .sorted = call->sort_given && s->set.sort == SORTING_HONOUR};
    p.rows = choose(s, call, p.sorted, &p.total);
    if (!p.rows)
        return 500;
    cut_page(&s->set, &p);
    uint32_t *rows = realloc(p.rows, (p.count + VERDICT_CHANGES) * sizeof(*rows));
    if (!rows) {
        free(p.rows);
        return 500;
    }
    p.rows = rows;
    change_rows(v, &p);
    if (s->set.shape == SHAPE_PAGE)
        render_page(s, &p, shown_total(&p, v), b);
    else
        render_rows(s, &p, b);
    free(p.rows);
    return 0;
}
