#include "site.h"

#include "flexsync/clock.h"
#include "flexsync/random.h"
#include "flexsync/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY            ((double)USEC_PER_DAY)
#define CREATED_MOST   1825 /* days ago */
#define EDITS_ARE_REAL 1e-9

static void *must(void *memory)
{
    if (!memory)
        abort(); /* a test program without memory has nothing to say */
    return memory;
}

double site_draw_exponential(uint64_t *seed)
{
    return -log1p(-random_unit(seed));
}

double site_draw_normal(uint64_t *seed)
{
    double radius = sqrt(2 * site_draw_exponential(seed)), angle = 2 * M_PI * random_unit(seed);
    return radius * cos(angle);
}

/* freshness.md section 4: three kinds of people, rates lognormal within each. */
static double draw_rate(uint64_t *seed)
{
    static const struct {
        double share, median, sigma;
    } kinds[] = {{0.70, 1.0 / 365, 1.2}, {0.25, 1.0 / 45, 0.8}, {0.05, 1.0 / 2, 0.8}};
    double place = random_unit(seed);
    size_t i = 0;
    while (i < 2 && place >= kinds[i].share)
        place -= kinds[i++].share;
    return kinds[i].median * exp(kinds[i].sigma * site_draw_normal(seed));
}

/* --- the order of edits --- */

static void unlink_person(struct site *site, size_t i)
{
    struct person *p = &site->people[i];
    *(p->newer == SITE_END ? &site->newest : &site->people[p->newer].older) = p->older;
    *(p->older == SITE_END ? &site->oldest : &site->people[p->older].newer) = p->newer;
}

static void push_newest(struct site *site, size_t i)
{
    struct person *p = &site->people[i];
    p->newer = SITE_END;
    p->older = site->newest;
    *(site->newest == SITE_END ? &site->oldest : &site->people[site->newest].newer) = i;
    site->newest = i;
}

static int by_edit(const void *a, const void *b, void *arg)
{
    const struct site *site = arg;
    const struct person *left = &site->people[*(const size_t *)a];
    const struct person *right = &site->people[*(const size_t *)b];
    return (left->edited > right->edited) - (left->edited < right->edited);
}

static void link_all(struct site *site)
{
    size_t *order = must(calloc(site->count + 1, sizeof *order));
    for (size_t i = 0; i < site->count; i++)
        order[i] = i;
    qsort_r(order, site->count, sizeof *order, by_edit, site);
    for (size_t i = 0; i < site->count; i++)
        push_newest(site, order[i]);
    free(order);
}

/* --- what is measured --- */

static void count_up_to(struct site *site, int64_t now)
{
    double span = (double)(now - site->counted_at);
    site->current_sum += span * (double)site->current;
    site->all_sum += span * (double)site->listed;
    site->counted_at = now;
}

/* The age of one that was out of date until now, integrated over the time that is measured. */
static void count_age(struct site *site, const struct person *p, int64_t now)
{
    int64_t from = p->missed > site->measured_from ? p->missed : site->measured_from;
    double end = (double)(now - p->missed), begin = (double)(from - p->missed);
    site->age_sum += (end * end - begin * begin) / 2;
}

static void outdate(struct site *site, size_t i, int64_t now)
{
    struct person *p = &site->people[i];
    if (p->missed)
        return;
    count_up_to(site, now);
    p->missed = now;
    site->current--;
}

void site_copied(struct site *site, size_t person, int64_t now)
{
    struct person *p = &site->people[person];
    if (!p->missed || !p->listed)
        return;
    count_up_to(site, now);
    count_age(site, p, now);
    p->missed = 0;
    site->current++;
}

void site_measure(struct site *site, int64_t now)
{
    site->measured_from = site->counted_at = now;
    site->current_sum = site->all_sum = site->age_sum = 0;
}

double site_freshness(struct site *site, int64_t now)
{
    count_up_to(site, now);
    return site->all_sum > 0 ? site->current_sum / site->all_sum : 1;
}

double site_age(struct site *site, int64_t now)
{
    count_up_to(site, now);
    double before = site->age_sum;
    for (size_t i = 0; i < site->count; i++)
        if (site->people[i].listed && site->people[i].missed)
            count_age(site, &site->people[i], now);
    double age = site->all_sum > 0 ? site->age_sum / site->all_sum / DAY : 0;
    site->age_sum = before;
    return age;
}

/* --- what happens --- */

/* Someone with that rate, as if there from `created` seconds on; nobody has copied it. */
static size_t new_person(struct site *site, int64_t created, int64_t now)
{
    if (site->count == site->room) {
        site->room = site->room ? site->room * 2 : 64;
        site->people = must(realloc(site->people, site->room * sizeof *site->people));
        site->cumulative = must(realloc(site->cumulative, site->room * sizeof *site->cumulative));
    }
    size_t i = site->count++;
    struct person *p = &site->people[i];
    double u = random_unit(&site->seed);
    *p = (struct person){.rate = draw_rate(&site->seed),
                         .shown = u * u, /* Beta(0.5, 1) */
                         .created = created,
                         .edited = created,
                         .listed = true,
                         .missed = now};
    site->cumulative[i] = (i > 0 ? site->cumulative[i - 1] : 0) + p->rate;
    site->listed++;
    return i;
}

static double happenings(const struct site *site)
{
    return site->births + site->deaths + (site->count > 0 ? site->cumulative[site->count - 1] : 0);
}

static void plan_next(struct site *site, int64_t now)
{
    double rate = happenings(site);
    double wait = rate > EDITS_ARE_REAL ? site_draw_exponential(&site->seed) / rate * DAY : 1e18;
    site->next_edit = wait < 1e17 ? now + 1 + (int64_t)wait : INT64_MAX;
}

void site_make(struct site *site, size_t count, uint64_t seed, int64_t now)
{
    *site = (struct site){.seed = seed,
                          .newest = SITE_END,
                          .oldest = SITE_END,
                          .size_max = 2000,
                          .honours_edits = true,
                          .removed_way = SITE_UNKNOWN};
    site->counted_at = site->measured_from = now;
    for (size_t n = 0; n < count; n++) {
        double days = 1 + random_unit(&site->seed) * (CREATED_MOST - 1);
        size_t i = new_person(site, (now - (int64_t)(days * DAY)) / USEC_PER_SEC, now);
        double back = site_draw_exponential(&site->seed) / site->people[i].rate;
        if (back < days) /* the last of its edits */
            site->people[i].edited = (now - (int64_t)(back * DAY)) / USEC_PER_SEC;
    }
    link_all(site);
    plan_next(site, now);
}

void site_free(struct site *site)
{
    free(site->people);
    free(site->cumulative);
    *site = (struct site){0};
}

size_t site_add(struct site *site, int64_t now)
{
    count_up_to(site, now);
    size_t i = new_person(site, now / USEC_PER_SEC, now);
    push_newest(site, i);
    return i;
}

void site_edit(struct site *site, size_t person, bool named, int64_t now)
{
    struct person *p = &site->people[person];
    p->edited = now / USEC_PER_SEC;
    p->named += named;
    p->hidden += !named;
    unlink_person(site, person);
    push_newest(site, person);
    if (p->listed)
        outdate(site, person, now);
}

/* Any other one that is there; without one it is simply unknown. */
static void merge(struct site *site, size_t person)
{
    struct person *p = &site->people[person];
    for (size_t n = 1; n < site->count; n++) {
        p->survivor = (person + n) % site->count;
        if (site->people[p->survivor].listed)
            return;
    }
    p->way = SITE_UNKNOWN;
}

void site_remove(struct site *site, size_t person, enum site_way way, int64_t now)
{
    struct person *p = &site->people[person];
    if (!p->listed)
        return;
    count_up_to(site, now);
    site->current -= p->missed == 0;
    site->listed--;
    p->missed = now;
    p->listed = p->poisoned = false;
    p->way = way;
    if (way == SITE_MERGED)
        merge(site, person);
}

void site_restore(struct site *site, size_t person, int64_t now)
{
    struct person *p = &site->people[person];
    if (p->listed)
        return;
    count_up_to(site, now);
    site->listed++;
    p->missed = now;
    p->listed = true;
    p->way = SITE_ANSWERS;
}

static size_t draw_by_rate(struct site *site)
{
    double place = random_unit(&site->seed) * site->cumulative[site->count - 1];
    size_t low = 0, high = site->count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (site->cumulative[middle] > place)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void happen(struct site *site, int64_t now)
{
    double place = random_unit(&site->seed) * happenings(site);
    if (place < site->births) {
        (void)site_add(site, now);
    } else if (place < site->births + site->deaths) {
        if (site->count > 0)
            site_remove(site, random_next(&site->seed) % site->count, site->removed_way, now);
    } else {
        size_t i = draw_by_rate(site);
        if (site->people[i].listed)
            site_edit(site, i, random_unit(&site->seed) < site->people[i].shown, now);
    }
}

void site_advance(struct site *site, int64_t now)
{
    while (site->next_edit <= now) {
        int64_t at = site->next_edit;
        happen(site, at);
        plan_next(site, at);
    }
}

void site_rest(struct site *site)
{
    site->next_edit = INT64_MAX;
}

/* --- what it answers --- */

size_t site_find(const struct site *site, const char *id)
{
    size_t i;
    if (sscanf(id, "c-%zu", &i) != 1 || i >= site->count)
        return SITE_END;
    return i;
}

static void print_date(char text[static TEXT_MAX], int64_t seconds)
{
    (void)text_format_utc(text, seconds * USEC_PER_SEC);
    text[10] = 'T';
}

char *site_record(const struct site *site, size_t person)
{
    const struct person *p = &site->people[person];
    char created[TEXT_MAX], edited[TEXT_MAX], *text = NULL;
    if (p->way == SITE_MERGED)
        return site_record(site, p->survivor);
    if (p->way != SITE_ANSWERS)
        return NULL;
    print_date(created, p->created);
    print_date(edited, p->edited);
    if (asprintf(&text,
                 "{\"id\":\"c-%06zu\",\"name\":\"Name %u\",\"createdDate\":\"%s\",\"lastEditDate\":\"%s\","
                 "\"deleted\":false,\"organization\":false,\"company\":\"Company %u\"}",
                 person, p->named, created, edited, p->hidden) < 0)
        return must(NULL);
    return text;
}

/* Rows of a page on their way into its text. */
struct walk {
    struct site *site;
    const struct source_page *page;
    size_t skip, left; /* rows that other pages have; that this page may have */
    FILE *out;
};

static void visit(struct walk *walk, size_t i)
{
    const struct person *p = &walk->site->people[i];
    if (!p->listed)
        return;
    if (walk->skip > 0) {
        walk->skip--;
        return;
    }
    walk->left--;
    (void)fprintf(walk->out, "{\"id\":\"c-%06zu\",\"name\":\"Name %u%s\",\"deleted\":false}%s", i, p->named,
                  p->poisoned ? "\t" : "", walk->left ? "," : "");
}

static void walk_edits(struct walk *walk, bool newest_first)
{
    const struct site *site = walk->site;
    size_t i = newest_first ? site->newest : site->oldest;
    while (i != SITE_END && walk->left > 0) {
        visit(walk, i);
        i = newest_first ? site->people[i].older : site->people[i].newer;
    }
}

/* By id; or, where it is not asked to sort by what it knows, from anywhere on. */
static void walk_ids(struct walk *walk, bool shuffled)
{
    struct site *site = walk->site;
    size_t from = shuffled && site->count > 0 ? random_next(&site->seed) % site->count : 0;
    for (size_t n = 0; n < site->count && walk->left > 0; n++)
        visit(walk, (from + n) % site->count);
}

static void walk_rows(struct walk *walk)
{
    const struct site *site = walk->site;
    enum source_order order = walk->page->order;
    if (site->honours_edits && (order == ORDER_EDITED_LAST || order == ORDER_EDITED_FIRST))
        walk_edits(walk, order == ORDER_EDITED_LAST);
    else
        walk_ids(walk, site->reorders && order != ORDER_ID);
}

/* Numbered from one, page 0 an alias of page 1, as the real ones are. */
char *site_page(struct site *site, const struct source_page *page)
{
    char *text = NULL;
    size_t length = 0, size = page->size < site->size_max ? page->size : site->size_max;
    size_t number = page->page > 0 ? page->page - 1 : 0;
    size_t rows = number * size < site->listed ? site->listed - number * size : 0;
    struct walk walk = {.site = site, .page = page, .skip = number * size, .left = rows < size ? rows : size};
    bool last = rows <= size;
    walk.out = must(open_memstream(&text, &length));
    (void)fputs("{\"content\":[", walk.out);
    walk_rows(&walk);
    (void)fprintf(walk.out, "],\"totalElements\":%zu,\"size\":%zu,\"number\":%zu,\"first\":%s,\"last\":%s}",
                  site->listed, size, number, number ? "false" : "true", last ? "true" : "false");
    if (fclose(walk.out) != 0)
        return must(NULL);
    return text;
}
