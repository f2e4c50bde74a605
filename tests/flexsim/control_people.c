#include <stdlib.h>
#include <string.h>

#include "control_parts.h"
#include "options.h"

#define TRUTH_BLOCK ((size_t)256 * 1024)

/* Those that a request is about, as places in the population. */
struct choice {
    uint32_t *places, count;
};

static void no_memory(struct control *c)
{
    answer_body(c->answer, NULL);
}

static void answer_choice(struct control *c, const struct choice *choice)
{
    struct buf b = {0};
    buf_printf(&b, "{\"n\": %u, \"ids\": [", choice->count);
    for (uint32_t i = 0; i < choice->count; i++) {
        buf_puts(&b, i ? ", " : "");
        buf_json(&b, population_at(c->sim->people, choice->places[i])->id);
    }
    buf_puts(&b, "]}\n");
    answer_body(c->answer, blob_from_buf(&b));
}

/* ID[,ID…]; each must be there. */
static bool choose_named(struct control *c, const char *ids, struct choice *ret)
{
    char *list = strdup(ids), *rest = list;
    size_t room = strlen(ids) / 2 + 1;
    ret->places = calloc(room, sizeof(*ret->places));
    bool good = list && ret->places;
    if (!good)
        no_memory(c);
    for (char *id; good && (id = strsep(&rest, ",")) != NULL;) {
        const struct contact *contact = *id ? population_find(c->sim->people, id) : NULL;
        if (contact)
            ret->places[ret->count++] = contact->index;
        else
            answer_error(c->answer, MHD_HTTP_NOT_FOUND, "No contact with this id exists.");
        good = contact != NULL;
    }
    free(list);
    return good;
}

static struct rng *stream_of(struct control *c, int64_t seed, struct rng *room)
{
    if (!control_argument(c, "seed"))
        return &c->sim->rng;
    room->state = rng_mix((uint64_t)seed, 0xc7);
    return room;
}

/* By id, or so many at random. False where the answer is already a refusal. */
static bool choose(struct control *c, enum pick what, struct rng *r, struct choice *ret)
{
    const char *ids = control_argument(c, "id");
    int64_t n = 1;
    if (ids)
        return choose_named(c, ids, ret);
    if (!control_number(c, "n", 0, POPULATION_MAX, &n))
        return false;
    ret->places = calloc((size_t)n + 1, sizeof(*ret->places));
    if (!ret->places) {
        no_memory(c);
        return false;
    }
    ret->count = population_pick(c->sim->people, what, r, (uint32_t)n, ret->places);
    return true;
}

static bool read_seed(struct control *c, struct rng *room, struct rng **ret)
{
    int64_t seed = 0;
    if (!control_number(c, "seed", INT64_MIN, INT64_MAX, &seed))
        return false;
    *ret = stream_of(c, seed, room);
    return true;
}

/* Which of the words the argument `kind` is; the first where it is not given; -1 and a refusal where it is
 * none. */
static int read_kind(struct control *c, const char *const *words, const char *refusal)
{
    const char *kind = control_argument(c, "kind");
    for (int i = 0; words[i]; i++)
        if (!kind || !strcmp(kind, words[i]))
            return i;
    answer_error(c->answer, MHD_HTTP_BAD_REQUEST, refusal);
    return -1;
}

void control_edit(struct control *c)
{
    static const char *const kinds[] = {"visible", "hidden",    "rename",
                                        "revert",  "concealed", NULL}; /* as enum edit_kind */
    struct rng room, *r;
    struct choice choice = {0};
    int kind = read_kind(c, kinds, "kind: visible, hidden, rename, revert or concealed.");
    if (kind < 0 || !read_seed(c, &room, &r))
        return;
    if (choose(c, kind == EDIT_REVERT ? PICK_EDITED : PICK_LIVE, r, &choice)) {
        for (uint32_t i = 0; i < choice.count; i++)
            population_edit(c->sim->people, population_at(c->sim->people, choice.places[i]),
                            (enum edit_kind)kind, r, sim_local_now(c->sim));
        answer_choice(c, &choice);
    }
    free(choice.places);
}

void control_add(struct control *c)
{
    int64_t n = 1;
    if (!control_number(c, "n", 0, POPULATION_MAX, &n))
        return;
    struct choice choice = {.places = calloc((size_t)n + 1, sizeof(uint32_t))};
    for (int64_t i = 0; choice.places && i < n; i++) {
        const struct contact *contact = population_add(c->sim->people, sim_local_now(c->sim));
        if (contact)
            choice.places[choice.count++] = contact->index;
    }
    if (choice.places)
        answer_choice(c, &choice);
    else
        no_memory(c);
    free(choice.places);
}

static void remove_one(struct control *c, struct contact *contact, struct rng *r)
{
    (void)r;
    population_remove(c->sim->people, contact);
    contact->own_way = c->unknown >= 0;
    contact->unknown = contact->own_way ? (uint8_t)c->unknown : 0;
}

static void deny_one(struct control *c, struct contact *contact, struct rng *r)
{
    (void)c;
    (void)r;
    contact->denied = true;
}

static void allow_one(struct control *c, struct contact *contact, struct rng *r)
{
    (void)c;
    (void)r;
    contact->denied = false;
}

static void flag_one(struct control *c, struct contact *contact, struct rng *r)
{
    population_flag(c->sim->people, contact, r, sim_local_now(c->sim));
}

static void restore_one(struct control *c, struct contact *contact, struct rng *r)
{
    population_restore(c->sim->people, contact, r, sim_local_now(c->sim));
}

static void for_each(struct control *c, enum pick what,
                     void (*one)(struct control *, struct contact *, struct rng *))
{
    struct rng room, *r;
    struct choice choice = {0};
    if (!read_seed(c, &room, &r))
        return;
    if (choose(c, what, r, &choice)) {
        for (uint32_t i = 0; i < choice.count; i++)
            one(c, population_at(c->sim->people, choice.places[i]), r);
        answer_choice(c, &choice);
    }
    free(choice.places);
}

/* How the addresses of those that are removed now will answer: -1 as the settings say, -2 a refusal. */
static int read_unknown(struct control *c)
{
    char error[OPTIONS_ERROR_MAX];
    const char *word = control_argument(c, "unknown");
    if (!word)
        return -1;
    struct settings *scratch = malloc(sizeof(*scratch));
    int unknown = -2;
    if (!scratch) {
        no_memory(c);
    } else {
        *scratch = c->sim->set;
        if (options_assign(scratch, "unknown", word, true, error) == 0)
            unknown = (int)scratch->unknown;
        else
            answer_error(c->answer, MHD_HTTP_BAD_REQUEST, error);
    }
    free(scratch);
    return unknown;
}

void control_remove(struct control *c)
{
    int unknown = read_unknown(c);
    if (unknown == -2)
        return;
    c->unknown = unknown;
    for_each(c, PICK_LIVE, remove_one);
}

static struct contact *read_listed(struct control *c, const char *name)
{
    const char *id = control_argument(c, name);
    struct contact *contact = id ? population_find(c->sim->people, id) : NULL;
    if (contact && !contact->removed)
        return contact;
    answer_error(c->answer, MHD_HTTP_NOT_FOUND, "id and into: two contacts that are listed.");
    return NULL;
}

void control_merge(struct control *c)
{
    struct contact *gone = read_listed(c, "id"), *into = gone ? read_listed(c, "into") : NULL;
    if (!into)
        return;
    if (gone == into) {
        answer_error(c->answer, MHD_HTTP_BAD_REQUEST, "id and into: two different contacts.");
        return;
    }
    population_remove(c->sim->people, gone);
    gone->merged_into = into->index + 1;
    uint32_t place = gone->index;
    answer_choice(c, &(struct choice){.places = &place, .count = 1});
}

void control_deny(struct control *c)
{
    for_each(c, PICK_LIVE, deny_one);
}

void control_allow(struct control *c)
{
    for (uint32_t i = 0; !control_argument(c, "id") && i < population_count(c->sim->people); i++)
        population_at(c->sim->people, i)->denied = false;
    if (control_argument(c, "id"))
        for_each(c, PICK_LIVE, allow_one);
    else
        answer_body(c->answer, blob_from_text("{}\n"));
}

void control_flag(struct control *c)
{
    for_each(c, PICK_LIVE, flag_one);
}

void control_restore(struct control *c)
{
    static const char *const kinds[] = {"removed", "flagged", NULL};
    int kind = read_kind(c, kinds, "kind: removed or flagged.");
    if (kind >= 0)
        for_each(c, kind ? PICK_FLAGGED : PICK_REMOVED, restore_one);
}

void control_ids(struct control *c)
{
    const uint32_t *order = orders_sorted(c->sim->orders, c->sim->people, SORT_ID, false);
    struct buf b = {0};
    for (uint32_t i = 0; order && i < population_listed(c->sim->people); i++) {
        buf_puts(&b, population_at(c->sim->people, order[i])->id);
        buf_char(&b, '\n');
    }
    b.failed |= !order;
    c->answer->type = "text/plain";
    answer_body(c->answer, blob_from_buf(&b));
}

/* The records of one moment, sent one after the other: they may be hundreds of megabytes. */
struct truth {
    uint32_t count, at;
    size_t offset; /* within the one at `at`, its line end included */
    struct blob *records[];
};

static ssize_t truth_read(void *cls, uint64_t pos, char *to, size_t max)
{
    (void)pos; /* it is read once, from the beginning to the end */
    struct truth *t = cls;
    size_t done = 0;
    while (t->at < t->count && done < max) {
        const struct blob *record = t->records[t->at];
        size_t n = record->len - t->offset < max - done ? record->len - t->offset : max - done;
        memcpy(to + done, record->data + t->offset, n);
        t->offset += n;
        done += n;
        if (t->offset == record->len && done < max) {
            to[done++] = '\n';
            t->offset = 0;
            t->at++;
        }
    }
    return done ? (ssize_t)done : MHD_CONTENT_READER_END_OF_STREAM;
}

static void truth_free(void *cls)
{
    struct truth *t = cls;
    for (uint32_t i = 0; i < t->count; i++)
        blob_unref(t->records[i]);
    free(t);
}

void control_truth(struct control *c)
{
    const uint32_t *order = orders_sorted(c->sim->orders, c->sim->people, SORT_ID, false);
    uint32_t listed = population_listed(c->sim->people);
    struct truth *t = order ? calloc(1, sizeof(*t) + listed * sizeof(struct blob *)) : NULL;
    bool good = t != NULL;
    for (uint32_t i = 0; good && i < listed; i++) {
        struct blob *record = population_record(population_at(c->sim->people, order[i]));
        good = record != NULL;
        if (good)
            t->records[t->count++] = blob_ref(record);
    }
    if (good)
        c->answer->response =
            MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, TRUTH_BLOCK, truth_read, t, truth_free);
    if (!c->answer->response) {
        if (t)
            truth_free(t);
        no_memory(c);
    }
}
