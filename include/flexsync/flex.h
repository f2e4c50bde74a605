/*
 * flex: the server's side of an entity. Makes the URLs of the Flex5 API and hands them to the fetcher.
 */
#ifndef FLEXSYNC_FLEX_H
#define FLEXSYNC_FLEX_H

#include "flexsync/entity.h"
#include "flexsync/fetcher.h"

struct flex_listing {
    unsigned page;           /* as the server counts, whatever that is */
    unsigned size;           /* 0: ask for neither page, size nor sort */
    enum source_order order; /* by edits only for an entity whose records have their date */
};

/* GET base/contact?page=1&size=2000&sort=id,asc. Errors and handler as fetcher_get(). */
int flex_list(struct fetcher *fetcher, const char *base_url, const struct entity *entity,
              const struct flex_listing *listing, const struct fetch_handler *handler, void *arg,
              struct error *err);

/* GET base/contact/ID. ERROR_ANSWER for an id that is not record_id_usable(): it would need escaping. */
int flex_get(struct fetcher *fetcher, const char *base_url, const struct entity *entity, const char *id,
             const struct fetch_handler *handler, void *arg, struct error *err);

/* GET base/user-profile/current-user: who the key belongs to. Errors and handler as fetcher_get(). */
int flex_profile(struct fetcher *fetcher, const char *base_url, const struct fetch_handler *handler,
                 void *arg, struct error *err);

/* The address of a path below base_url; the caller frees. NULL without memory. */
char *flex_url(const char *base_url, const char *path);

/* Where a site has its own specification, an OpenAPI document: beside base_url or, at older sites, below it.
 */
enum flex_docs { FLEX_DOCS_V3, FLEX_DOCS_OLD };

/* base_url without its /api, and the path; the caller frees. NULL without memory. */
char *flex_docs_url(const char *base_url, enum flex_docs docs);

/* The questions that decide about a key (fetcher_options): who it belongs to, and the smallest listing. */
#define FLEX_PROFILE          "/user-profile/current-user"
#define FLEX_SMALLEST_LISTING "/contact?page=1&size=1"

#endif
