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

/* The questions of fetcher_options: who the key belongs to, and the listing of contacts in its smallest form.
 * To be freed; NULL without memory. */
char *flex_profile_url(const char *base_url);
char *flex_listing_url(const char *base_url);

#endif
