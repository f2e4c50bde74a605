/*
 * sink: where records go, as a cycle sees it: the functions of store.h, whose promises hold here. The other
 * seam.
 */
#ifndef FLEXSYNC_SINK_H
#define FLEXSYNC_SINK_H

#include "flexsync/store.h"

struct sink {
    void *self; /* not owned */
    int (*cycle_begin)(void *self, struct sync_row *row, struct error *err);
    int (*cycle_finish)(void *self, const struct sync_row *row, const struct store_retention *retention,
                        struct error *err);
    int (*stage_begin)(void *self, struct error *err);
    int (*stage_page)(void *self, const struct entity *entity, struct page *page, unsigned pass,
                      size_t *ret_new, struct error *err);
    int (*stage_drop)(void *self, unsigned first_pass, struct error *err);
    int (*stage_count)(void *self, unsigned first_pass, int64_t *ret, struct error *err);
    int (*stage_keep)(void *self, const struct entity *entity, struct error *err);
    int (*stage_restore)(void *self, const struct entity *entity, struct error *err);
    int (*stage_forget)(void *self, const struct entity *entity, struct error *err);
    int (*compare_new)(void *self, const struct entity *entity, struct sync_row *row, int64_t now,
                       unsigned limit, struct error *err);
    int (*compare_changed)(void *self, const struct entity *entity, struct sync_row *row, int64_t now,
                           unsigned limit, char *cursor, struct error *err);
    int (*count_vanished)(void *self, const struct entity *entity, unsigned first_pass, int64_t now,
                          int64_t *ret_vanished, int64_t *ret_active, struct error *err);
    int (*take_vanished)(void *self, const struct entity *entity, struct sync_row *row, unsigned first_pass,
                         int64_t now, struct error *err);
    int (*ask)(void *self, const struct entity *entity, const char *const *keys, size_t count, int64_t now,
               int64_t *ret_ids, struct error *err);
    int (*count_contradicted)(void *self, const struct entity *entity, int64_t *ret, struct error *err);
    int (*count_waiting)(void *self, const struct entity *entity, struct store_waiting *ret,
                         struct error *err);
    int (*queue_all)(void *self, const struct entity *entity, int64_t now, struct error *err);
    int (*count_signalled)(void *self, const struct entity *entity, int64_t now, int64_t *ret,
                           struct error *err);
    int (*plan)(void *self, const struct entity *entity, int64_t now, enum store_due due, bool signalled,
                int64_t **ret, size_t *ret_count, struct error *err);
    int (*scan)(void *self, const struct entity *entity, bool signalled, store_scan_fn *each, void *arg,
                struct error *err);
    int (*choose)(void *self, const struct entity *entity, const struct store_choice *choices, size_t count,
                  bool more, int64_t now, struct error *err);
    int (*forget_feed)(void *self, const struct entity *entity, struct error *err);
    int (*dates)(void *self, const struct entity *entity, const struct page *page, struct store_dated *ret,
                 struct error *err);
    int (*oldest_check)(void *self, const struct entity *entity, int64_t *ret, struct error *err);
    int (*lookup)(void *self, const struct entity *entity, int64_t id, struct store_known *ret,
                  struct error *err);
    int (*commit)(void *self, const struct entity *entity, struct sync_row *row,
                  const struct store_item *items, size_t count, int64_t now, struct error *err);
    int (*meta_get)(void *self, const char *key, char **ret, struct error *err);
    int (*meta_set)(void *self, const char *key, const char *value, int64_t now, struct error *err);
};

#endif
