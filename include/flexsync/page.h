/*
 * page: one answer of a listing, in any shape that the server is known to give (flex-api.md, Listing).
 *
 * A Spring page (an object with `content`) or a plain array. Of a page's figures each may be missing;
 * PAGE_UNKNOWN stands for them, and nothing here trusts one: what they prove is the business of sync/listing.
 * They stand beside `content`, or in an object `page` there (newer versions of Spring). A row is cut out of
 * the answer as it stands there, so that no digit, escape or order is lost.
 *
 * One bad row is one bad row: where the answer's structure is whole, a row that cannot be read (no UTF-8, a
 * raw control character, too deep, too many values) or has no usable id is unusable, and all others are used.
 * A row whose quotes or brackets do not pair up leaves no structure to cut the others out of, and fails the
 * whole answer. Pure.
 */
#ifndef FLEXSYNC_PAGE_H
#define FLEXSYNC_PAGE_H

#include "flexsync/entity.h"
#include "flexsync/error.h"
#include "flexsync/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_UNKNOWN  (-1)
#define PAGE_ROWS_MAX 250000 /* in one answer; more are refused, for ever */
#define PAGE_ODD_MAX  5      /* unusable rows that are named */

/* A row that cannot be used: where it is, and why. Nothing of what it says but its id. */
struct page_odd {
    size_t position;            /* in the page, from 1 */
    char id[RECORD_ID_MAX + 1]; /* "" where it has none that can be used */
    const char *reason;         /* static: "it is not UTF-8" */
    bool legible;               /* JSON, and only its id is missing */
};

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
    size_t unusable; /* rows that cannot be read, are no object or have no usable id: counted as failed */
    struct page_odd odd[PAGE_ODD_MAX]; /* the first of them */
    size_t odd_count;
    size_t respelt; /* set by store_stage_page(): ids that are stored in another case */
    struct findings findings;
};

/*
 * Reads one answer, which may begin with a byte order mark. ERROR_ANSWER with RETRY_NOW when it is no whole
 * JSON, or neither a page nor an array of rows; with RETRY_NEVER when it is whole by its structure and yet
 * cannot be read for something beside its rows, or has more than PAGE_ROWS_MAX of them. A figure of the wrong
 * type, negative or with a fraction is unknown (1699.0 is a figure). Free with page_free().
 */
int page_parse(struct page **ret, const char *body, size_t length, struct error *err);

/* NULL is allowed; returns NULL. */
struct page *page_free(struct page *page);

#endif
