#include "flexsync/flex.h"

#include "flexsync/buffer.h"
#include "flexsync/cleanup.h"
#include "flexsync/record.h"

#include <stdio.h>
#include <string.h>

#define URL_MAX 8192

static int append_sort(struct buffer *url, const struct entity *entity, enum source_order order)
{
    static const char *const directions[] = {[ORDER_EDITED_LAST] = "desc", [ORDER_EDITED_FIRST] = "asc"};
    if (order == ORDER_NONE)
        return 0;
    if (order == ORDER_ID)
        return buffer_append_text(url, "&sort=id,asc");
    return buffer_printf(url, "&sort=%s,%s", entity->columns[entity_column(entity, entity->edited)].field,
                         directions[order]);
}

int flex_list(struct fetcher *fetcher, const char *base_url, const struct entity *entity,
              const struct flex_listing *listing, const struct fetch_handler *handler, void *arg,
              struct error *err)
{
    struct buffer url;
    buffer_init(&url, URL_MAX);
    int r = buffer_printf(&url, "%s%s", base_url, entity->list_path);
    if (r == 0 && listing->size)
        r = buffer_printf(&url, "?page=%u&size=%u", listing->page, listing->size);
    if (r == 0 && listing->size)
        r = append_sort(&url, entity, listing->order);
    r = r < 0 ? error_memory(err) : fetcher_get(fetcher, url.data, handler, arg, err);
    buffer_free(&url);
    return r;
}

int flex_get(struct fetcher *fetcher, const char *base_url, const struct entity *entity, const char *id,
             const struct fetch_handler *handler, void *arg, struct error *err)
{
    struct buffer url;
    if (!record_id_usable(id))
        return error_set(err, ERROR_ANSWER, RETRY_NEVER, "an id that cannot stand in an address");
    buffer_init(&url, URL_MAX);
    int r = buffer_printf(&url, "%s%s%s", base_url, entity->detail_path, id);
    r = r < 0 ? error_memory(err) : fetcher_get(fetcher, url.data, handler, arg, err);
    buffer_free(&url);
    return r;
}

#define FLEX_API "/api" /* where base_url ends; the specification is beside it */

int flex_profile(struct fetcher *fetcher, const char *base_url, const struct fetch_handler *handler,
                 void *arg, struct error *err)
{
    CLEANUP_FREE char *url = flex_url(base_url, FLEX_PROFILE);
    return url ? fetcher_get(fetcher, url, handler, arg, err) : error_memory(err);
}

char *flex_url(const char *base_url, const char *path)
{
    char *url = NULL;
    return asprintf(&url, "%s%s", base_url, path) < 0 ? NULL : url;
}

char *flex_docs_url(const char *base_url, enum flex_docs docs)
{
    size_t length = strlen(base_url), tail = strlen(FLEX_API);
    char *url = NULL;
    bool ends = length > tail && strcmp(base_url + length - tail, FLEX_API) == 0;
    int site = (int)(ends ? length - tail : length);
    int r = asprintf(&url, "%.*s%s", site, base_url, docs == FLEX_DOCS_V3 ? "/v3/api-docs" : "/api/api-docs");
    return r < 0 ? NULL : url;
}
