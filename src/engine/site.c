#include "flexsync/site.h"

#include "flexsync/cleanup.h"
#include "flexsync/read.h"

#include <string.h>

/* All servers on this machine are one site: they stand in for one, at whatever port. */
static const char *site_of(const struct config *config)
{
    static const char plain[] = "http://"; /* which settings allow for loopback alone */
    return strncmp(config->flex.base_url, plain, sizeof plain - 1) == 0 ? "this machine"
                                                                        : config->flex.base_url;
}

int site_check(struct store *store, const struct config *config, struct error *err)
{
    CLEANUP_FREE char *known = NULL;
    struct read_counts counts;
    const char *site = site_of(config);
    int r = store_meta_get(store, "site", &known, err);
    if (r <= 0 || strcmp(known, site) == 0)
        return r < 0 ? -1 : 0;
    if (read_counts(store, &entity_contacts, &counts, err) < 0)
        return -1;
    if (counts.total == 0)
        return 0;
    return error_set(
        err, ERROR_CONFIG, RETRY_NEVER,
        "the database is a copy of %.100s, and flex.base_url names %.100s; set database.path to a file of "
        "its own, or, if the site only changed its name: sqlite3 %.100s \"UPDATE meta SET value = '%.100s' "
        "WHERE key = 'site'\"",
        known, site, config->database.path, site);
}

int site_claim(struct store *store, const struct config *config, int64_t now, struct error *err)
{
    CLEANUP_FREE char *known = NULL;
    int r = store_meta_get(store, "site", &known, err);
    if (r < 0 || (r > 0 && strcmp(known, site_of(config)) == 0))
        return r < 0 ? -1 : 0;
    return store_meta_set(store, "site", site_of(config), now, err);
}
