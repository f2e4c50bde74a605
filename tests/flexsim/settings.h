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
/* How the address of an unknown or deleted contact answers. */
enum unknown {
    UNKNOWN_404,
    UNKNOWN_404_CODE, /* with the code of Flex instead of a sentence */
    UNKNOWN_400,
    UNKNOWN_410,
    UNKNOWN_500,
    UNKNOWN_204,
    UNKNOWN_NULL,
    UNKNOWN_REDIRECT,
    UNKNOWN_HTML, /* of a gateway */
};
enum denied_status { DENIED_401, DENIED_403 };
enum profile { PROFILE_YES, PROFILE_LOCKED, PROFILE_NO, PROFILE_DENIED };
enum api_docs { API_DOCS_V3, API_DOCS_OLD, API_DOCS_NONE };
enum edit_order { EDIT_ORDER_LOCAL, EDIT_ORDER_INSTANT };
enum search_empty { SEARCH_EMPTY_ALL, SEARCH_EMPTY_NONE };

struct settings {
    char listen[64], port_file[PATH_MAX], tls_cert[PATH_MAX], tls_key[PATH_MAX], script[PATH_MAX];
    int64_t port, threads;
    char key[SETTINGS_KEY_MAX];
    int64_t refresh_token;

    int64_t contacts, seed;
    double deleted_share;
    int64_t unknown; /* enum unknown */
    int64_t denied, denied_status;

    int64_t paging, shape, order, sort, edit_order, search_empty; /* the enums above */
    int64_t max_size, list_slow;

    int64_t hourly, daily, monthly, concurrent; /* 0: none */
    int64_t window;                             /* enum window_kind */
    bool count_refused, no_window_text;
    char retry_after[128];
    int64_t date_offset, utc_offset;

    double edit_rate, add_rate, delete_rate; /* an hour */
    double visible_share;
    int64_t delete_how;

    int64_t profile, api_docs; /* the enums above */
    char api_docs_without[512];

    int64_t latency;
    bool gzip, chunked;
};

#endif
