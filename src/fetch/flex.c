#include "flexsync/flex.h"

#include "flexsync/buffer.h"
#include "flexsync/record.h"

#define URL_MAX 8192

int flex_list(struct fetcher *fetcher, const char *base_url, const struct entity *entity,
              const struct flex_listing *listing, const struct fetch_handler *handler, void *arg,
              struct error *err)
{
    struct buffer url;
    buffer_init(&url, URL_MAX);
    int r = buffer_printf(&url, "%s%s", base_url, entity->list_path);
    if (r == 0 && listing->size)
        r = buffer_printf(&url, "?page=%u&size=%u", listing->page, listing->size);
    if (r == 0 && listing->size && listing->sort)
        r = buffer_printf(&url, "&sort=%s", listing->sort);
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
