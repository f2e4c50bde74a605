/*
 * page: one answer of a listing, in any shape that the server is known to give (flex-api.md, Listing).
 *
 * A Spring page (an object with `content`) or a plain array. Of a page's figures each may be missing;
 * PAGE_UNKNOWN stands for them, and nothing here trusts one: what they prove is the business of sync/listing.
 * They stand beside `content`, or in an object `page` there (newer versions of Spring). A row is cut out of
 * the answer as it stands there, so that no digit, escape or order is lost. Pure.
 */
#ifndef FLEXSYNC_PAGE_H
#define FLEXSYNC_PAGE_H

#include "flexsync/entity.h"
#include "flexsync/error.h"
#include "flexsync/record.h"

#include <stddef.h>
#include <stdint.h>

#define PAGE_UNKNOWN  (-1)
#define PAGE_ROWS_MAX 250000 /* in one answer; more are refused, for ever */

struct page_row {
    char id[RECORD_ID_MAX + 1];
    char *json; /* owned; as received, but for the white space between its tokens */
    size_t length;
    int64_t hash; /* of the canonical form: the content_hash of record_parse() for this json */
};

struct page {
    bool array;          /* a plain array: no figures */
    int64_t total;       /* totalElements */
    int64_t total_pages; /* totalPages */
    int64_t number;      /* as the server counts */
    int64_t size;        /* granted */
    int first, last;     /* 0, 1 or PAGE_UNKNOWN */
    struct page_row *rows;
    size_t row_count;
    size_t unusable; /* rows that are no object or have no usable id: counted as failed */
    struct findings findings;
};

/*
 * Reads one answer. ERROR_ANSWER with RETRY_NOW when it is no whole JSON, or neither a page nor an array of
 * rows. A figure of the wrong type, negative or with a fraction is unknown (1699.0 is a figure). Free with
 * page_free().
 */
int page_parse(struct page **ret, const char *body, size_t length, struct error *err);

/* NULL is allowed; returns NULL. */
struct page *page_free(struct page *page);

#endif
