/*
 * A request of the API, as the server understands it: what it asks for, and what was decided when it arrived.
 */
#ifndef FLEXSIM_CALL_H
#define FLEXSIM_CALL_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "contact.h"
#include "quota.h"

enum call_kind {
    CALL_LIST,
    CALL_SEARCH,
    CALL_DETAIL,
    CALL_RESOURCE_TYPE,
    CALL_PROFILE,
    CALL_API_DOCS,
    CALL_OTHER,
    CALL_KINDS,
};

enum sort_field {
    SORT_NONE,
    SORT_ID,
    SORT_NAME,
    SORT_EDITED,
    SORT_EDITED_INSTANT,
    SORT_CREATED,
    SORT_UNKNOWN
};

/* The words of statistics and scripts: list, search, detail, resource-type, profile, api-docs, other. */
const char *call_kind_name(enum call_kind kind);

#define CALL_NO_PAGE INT64_C(-1)
#define CALL_ID_MAX  (UUID_TEXT + 3)

struct call {
    enum call_kind kind;
    bool get;             /* the method is GET; else the kind is other */
    bool exists;          /* something of the API has this path */
    bool old_docs;        /* of a specification: asked for where older sites have it */
    bool gzip;            /* the client takes it */
    char id[CALL_ID_MAX]; /* longer ones are cut, so that they are nobody's */
    int64_t page;         /* as asked for; CALL_NO_PAGE where it was not, or was no number */
    int64_t size;
    bool sort_given, descending;
    enum sort_field sort;
    const char *search; /* the connection's; NULL for none */
    bool only_organizations;
};

/* What is asked for; texts stay the connection's, valid as long as the request. */
void call_read(struct MHD_Connection *connection, const char *path, const char *method, struct call *ret);

#endif
