#include "adapters.h"

#include "flexsync/flex.h"

static int source_list(void *self, const struct entity *entity, const struct source_page *page,
                       const struct fetch_handler *handler, void *arg, struct error *err)
{
    const struct flex_source *flex = self;
    const struct flex_listing listing = {.page = page->page, .size = page->size, .order = page->order};
    return flex_list(flex->fetcher, flex->base_url, entity, &listing, handler, arg, err);
}

static int source_get(void *self, const struct entity *entity, const char *id,
                      const struct fetch_handler *handler, void *arg, struct error *err)
{
    const struct flex_source *flex = self;
    return flex_get(flex->fetcher, flex->base_url, entity, id, handler, arg, err);
}

static void source_cancel(void *self)
{
    const struct flex_source *flex = self;
    fetcher_cancel(flex->fetcher);
}

static int64_t source_pause(void *self)
{
    const struct flex_source *flex = self;
    int64_t limiter = limiter_paused(flex->limiter, clock_monotonic(flex->clock));
    int64_t breaker = fetcher_pause(flex->fetcher);
    return limiter > breaker ? limiter : breaker;
}

static void source_left(const void *self, int64_t ret[static QUOTA_WINDOWS])
{
    const struct flex_source *flex = self;
    limiter_left(flex->limiter, ret);
}

static int64_t source_allowed(void *self)
{
    const struct flex_source *flex = self;
    return limiter_allowed(flex->limiter, clock_monotonic(flex->clock), clock_wall(flex->clock));
}

static int64_t source_date(const void *self)
{
    const struct flex_source *flex = self;
    return limiter_date(flex->limiter, clock_monotonic(flex->clock));
}

static const struct fetch_stats *source_stats(const void *self)
{
    const struct flex_source *flex = self;
    return fetcher_stats(flex->fetcher);
}

struct source adapter_source(struct flex_source *flex, unsigned concurrent)
{
    return (struct source){
        .self = flex,
        .window = 2 * concurrent, /* those that wait for a retry hold up nobody */
        .list = source_list,
        .get = source_get,
        .cancel = source_cancel,
        .pause = source_pause,
        .left = source_left,
        .allowed = source_allowed,
        .date = source_date,
        .stats = source_stats,
    };
}

static int sink_cycle_begin(void *self, struct sync_row *row, struct error *err)
{
    return store_cycle_begin(self, row, err);
}

static int sink_cycle_finish(void *self, const struct sync_row *row, const struct store_retention *retention,
                             struct error *err)
{
    return store_cycle_finish(self, row, retention, err);
}

static int sink_stage_begin(void *self, struct error *err)
{
    return store_stage_begin(self, err);
}

static int sink_stage_page(void *self, const struct entity *entity, struct page *page, unsigned pass,
                           size_t *ret_new, struct error *err)
{
    return store_stage_page(self, entity, page, pass, ret_new, err);
}

static int sink_stage_drop(void *self, unsigned first_pass, struct error *err)
{
    return store_stage_drop(self, first_pass, err);
}

static int sink_stage_count(void *self, unsigned first_pass, int64_t *ret, struct error *err)
{
    return store_stage_count(self, first_pass, ret, err);
}

static int sink_stage_keep(void *self, const struct entity *entity, struct error *err)
{
    return store_stage_keep(self, entity, err);
}

static int sink_stage_restore(void *self, const struct entity *entity, struct error *err)
{
    return store_stage_restore(self, entity, err);
}

static int sink_stage_forget(void *self, const struct entity *entity, struct error *err)
{
    return store_stage_forget(self, entity, err);
}

static int sink_compare_new(void *self, const struct entity *entity, struct sync_row *row, int64_t now,
                            unsigned limit, struct error *err)
{
    return store_compare_new(self, entity, row, now, limit, err);
}

static int sink_compare_changed(void *self, const struct entity *entity, struct sync_row *row, int64_t now,
                                unsigned limit, char *cursor, struct error *err)
{
    return store_compare_changed(self, entity, row, now, limit, cursor, err);
}

static int sink_count_vanished(void *self, const struct entity *entity, unsigned first_pass, int64_t now,
                               int64_t *ret_vanished, int64_t *ret_active, struct error *err)
{
    return store_count_vanished(self, entity, first_pass, now, ret_vanished, ret_active, err);
}

static int sink_take_vanished(void *self, const struct entity *entity, struct sync_row *row,
                              unsigned first_pass, int64_t now, struct error *err)
{
    return store_take_vanished(self, entity, row, first_pass, now, err);
}

static int sink_ask(void *self, const struct entity *entity, const char *const *keys, size_t count,
                    int64_t now, int64_t *ret_ids, struct error *err)
{
    return store_ask(self, entity, keys, count, now, ret_ids, err);
}

static int sink_count_contradicted(void *self, const struct entity *entity, int64_t *ret, struct error *err)
{
    return store_count_contradicted(self, entity, ret, err);
}

static int sink_count_waiting(void *self, const struct entity *entity, struct store_waiting *ret,
                              struct error *err)
{
    return store_count_waiting(self, entity, ret, err);
}

static int sink_queue_all(void *self, const struct entity *entity, int64_t now, struct error *err)
{
    return store_queue_all(self, entity, now, err);
}

static int sink_count_signalled(void *self, const struct entity *entity, int64_t now, int64_t *ret,
                                struct error *err)
{
    return store_count_signalled(self, entity, now, ret, err);
}

static int sink_plan(void *self, const struct entity *entity, int64_t now, enum store_due due, bool signalled,
                     int64_t **ret, size_t *ret_count, struct error *err)
{
    return store_plan(self, entity, now, due, signalled, ret, ret_count, err);
}

static int sink_scan(void *self, const struct entity *entity, bool signalled, store_scan_fn *each, void *arg,
                     struct error *err)
{
    return store_scan(self, entity, signalled, each, arg, err);
}

static int sink_choose(void *self, const struct entity *entity, const struct store_choice *choices,
                       size_t count, bool more, int64_t now, struct error *err)
{
    return store_choose(self, entity, choices, count, more, now, err);
}

static int sink_forget_feed(void *self, const struct entity *entity, struct error *err)
{
    return store_forget_feed(self, entity, err);
}

static int sink_dates(void *self, const struct entity *entity, const struct page *page,
                      struct store_dated *ret, struct error *err)
{
    return store_dates(self, entity, page, ret, err);
}

static int sink_oldest_check(void *self, const struct entity *entity, int64_t *ret, struct error *err)
{
    return store_oldest_check(self, entity, ret, err);
}

static int sink_lookup(void *self, const struct entity *entity, int64_t id, struct store_known *ret,
                       struct error *err)
{
    return store_lookup(self, entity, id, ret, err);
}

static int sink_commit(void *self, const struct entity *entity, struct sync_row *row,
                       const struct store_item *items, size_t count, int64_t now, struct error *err)
{
    return store_commit(self, entity, row, items, count, now, err);
}

static int sink_meta_get(void *self, const char *key, char **ret, struct error *err)
{
    return store_meta_get(self, key, ret, err);
}

static int sink_meta_set(void *self, const char *key, const char *value, int64_t now, struct error *err)
{
    return store_meta_set(self, key, value, now, err);
}

struct sink adapter_sink(struct store *store)
{
    return (struct sink){
        .self = store,
        .cycle_begin = sink_cycle_begin,
        .cycle_finish = sink_cycle_finish,
        .stage_begin = sink_stage_begin,
        .stage_page = sink_stage_page,
        .stage_drop = sink_stage_drop,
        .stage_count = sink_stage_count,
        .stage_keep = sink_stage_keep,
        .stage_restore = sink_stage_restore,
        .stage_forget = sink_stage_forget,
        .compare_new = sink_compare_new,
        .compare_changed = sink_compare_changed,
        .count_vanished = sink_count_vanished,
        .take_vanished = sink_take_vanished,
        .ask = sink_ask,
        .count_contradicted = sink_count_contradicted,
        .count_waiting = sink_count_waiting,
        .queue_all = sink_queue_all,
        .count_signalled = sink_count_signalled,
        .plan = sink_plan,
        .scan = sink_scan,
        .choose = sink_choose,
        .forget_feed = sink_forget_feed,
        .dates = sink_dates,
        .oldest_check = sink_oldest_check,
        .lookup = sink_lookup,
        .commit = sink_commit,
        .meta_get = sink_meta_get,
        .meta_set = sink_meta_set,
    };
}
