/*
 * Everything that can be set on the command line; most of it by /__config as well. A plain struct that is
 * copied, so that a change is either made whole or not at all. The table that fills it is in options.c.
 */
#ifndef FLEXSIM_SETTINGS_H
#define FLEXSIM_SETTINGS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define SETTINGS_KEY_MAX 200

enum paging { PAGING_ONE, PAGING_ZERO };
enum shape { SHAPE_PAGE, SHAPE_ARRAY, SHAPE_ARRAY_PAGED };
enum order { ORDER_STABLE, ORDER_SHUFFLE };
enum sorting { SORTING_HONOUR, SORTING_IGNORE, SORTING_REJECT };
enum window_kind { WINDOW_ALIGNED, WINDOW_ROLLING };
enum delete_how { DELETE_VANISH, DELETE_FLAG, DELETE_EITHER };
enum edit_order { EDIT_ORDER_LOCAL, EDIT_ORDER_INSTANT };
enum search_empty { SEARCH_EMPTY_ALL, SEARCH_EMPTY_NONE };

struct settings {
    char listen[64], port_file[PATH_MAX], tls_cert[PATH_MAX], tls_key[PATH_MAX], script[PATH_MAX];
    int64_t port, threads;
    char key[SETTINGS_KEY_MAX];
    int64_t refresh_token;

    int64_t contacts, seed;
    double deleted_share;

    int64_t paging, shape, order, sort, edit_order, search_empty; /* the enums above */
    int64_t max_size;

    int64_t hourly, daily, monthly, concurrent; /* 0: none */
    int64_t window;                             /* enum window_kind */
    bool count_refused, no_window_text;
    char retry_after[128];
    int64_t date_offset, utc_offset;

    double edit_rate, add_rate, delete_rate; /* an hour */
    double visible_share;
    int64_t delete_how;

    int64_t latency;
    bool gzip, chunked;
};

#endif
