#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caltime.h"
#include "record.h"

#define FLOOD_BLOCK ((size_t)1024 * 1024)
#define SCRIPT_MAX  ((size_t)16 * 1024 * 1024)

void sim_lock(struct sim *s)
{
    (void)pthread_mutex_lock(&s->lock);
}

void sim_unlock(struct sim *s)
{
    (void)pthread_mutex_unlock(&s->lock);
}

int64_t sim_now(const struct sim *s)
{
    return caltime_real_ms() + s->set.date_offset * 1000;
}

int64_t sim_local_now(const struct sim *s)
{
    return sim_now(s) + s->set.utc_offset * 1000;
}

void sim_catch_up(struct sim *s)
{
    drift_run(&s->drift, &s->set, s->people, sim_now(s));
}

static void set_token(struct sim *s)
{
    (void)snprintf(s->token, sizeof(s->token), "%s", s->set.key);
}

void sim_set(struct sim *s, const struct settings *set)
{
    struct settings before = s->set;
    s->set = *set;
    if (strcmp(before.key, set->key) != 0)
        set_token(s);
    if (before.refresh_token != set->refresh_token)
        s->accepted = 0;
    if (before.edit_rate != set->edit_rate || before.add_rate != set->add_rate ||
        before.delete_rate != set->delete_rate)
        drift_start(&s->drift, &s->set, sim_now(s));
}

static int load_script(struct sim *s, char error[static SCRIPT_ERROR_MAX])
{
    if (!s->set.script[0])
        return 0;
    struct buf text = {0};
    int status = buf_read_file(&text, s->set.script, SCRIPT_MAX);
    if (status < 0)
        (void)snprintf(error, SCRIPT_ERROR_MAX, "%.300s: %s", s->set.script, strerror(-status));
    else
        status = script_parse(s->set.script, text.len ? text.data : "", text.len, error, &s->script);
    buf_free(&text);
    return status;
}

/* Those whose record is refused from the beginning: the same ones for the same seed. */
static int deny_some(struct sim *s)
{
    uint32_t n = (uint32_t)s->set.denied, *places = calloc((size_t)n + 1, sizeof(*places));
    if (!places)
        return -1;
    struct rng r = {.state = rng_mix((uint64_t)s->set.seed, 0x53)};
    n = population_pick(s->people, PICK_LIVE, &r, n, places);
    for (uint32_t i = 0; i < n; i++)
        population_at(s->people, places[i])->denied = true;
    free(places);
    return 0;
}

static int make_parts(struct sim *s)
{
    struct buf types = {0};
    record_render_types(&types);
    s->types = blob_from_buf(&types);
    s->orders = orders_new();
    s->quota = quota_new();
    s->stats = stats_new();
    if (!s->types || !s->orders || !s->quota || !s->stats)
        return -1;
    if (blob_gzip_bomb(FLOOD_BLOCK, &s->flood_head, &s->flood_block) < 0)
        return -1;
    if (population_new((uint64_t)s->set.seed, (uint32_t)s->set.contacts, s->set.deleted_share, &s->people) <
        0)
        return -1;
    return deny_some(s);
}

int sim_new(const struct settings *set, char error[static SCRIPT_ERROR_MAX], struct sim **ret)
{
    struct sim *s = calloc(1, sizeof(*s));
    (void)snprintf(error, SCRIPT_ERROR_MAX, "no memory");
    if (!s)
        return -1;
    (void)pthread_mutex_init(&s->lock, NULL);
    s->set = *set;
    set_token(s);
    s->rng.state = rng_mix((uint64_t)set->seed, 0x51);
    s->drift.rng.state = rng_mix((uint64_t)set->seed, 0x52);
    drift_start(&s->drift, &s->set, sim_now(s));
    if (make_parts(s) < 0 || load_script(s, error) < 0) {
        sim_free(s);
        return -1;
    }
    *ret = s;
    return 0;
}

struct sim *sim_free(struct sim *s)
{
    if (!s)
        return NULL;
    population_free(s->people);
    orders_free(s->orders);
    quota_free(s->quota);
    stats_free(s->stats);
    script_unref(s->script);
    blob_unref(s->types);
    blob_unref(s->flood_head);
    blob_unref(s->flood_block);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
    return NULL;
}
