#include "flexsync/endpoints.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

#define DIGITS_MAX      3   /* in a row, in a path that is shown: an id has more */
#define PATH_MAX_LISTED 200 /* bytes of it */

const struct endpoint endpoints[ENDPOINTS_COUNT] = {
    {"/contact", "contacts, by page"},
    {"/contact/search", "contacts, by a text"},
    {"/contact/{id}", "one contact"},
    {"/contact/{id}/key-info", "its essentials"},
    {"/element-definition/enabled-definitions", "kinds of documents in use"},
    {"/element-definition/identity", "kinds of documents"},
    {"/element/search", "documents, by page"},
    {"/element-list/row-data", "documents of one kind"},
    {"/element-list/total-data", "their count and sums"},
    {"/element/{id}", "one document"},
    {"/element/{id}/identity", "its name and number"},
    {"/element/{id}/tree", "what is below it"},
    {"/element/{id}/header-data", "its header"},
    {"/element/current-workflow-state", "statuses of documents"},
    {"/element-status-change/{id}", "its past statuses"},
    {"/equipment-list/{id}", "pull sheet or manifest"},
    {"/financial-document/{id}", "one quote or invoice"},
    {"/financial-document/{id}/key-info", "its status"},
    {"/financial-document/{id}/document-total", "its total"},
    {"/financial-document/{id}/total-row-data", "its sums"},
    {"/line-item/{id}/row-data", "lines of a document"},
    {"/financial-document-line-item/{id}/row-data", "lines with prices"},
    {"/managed-resource/{id}/identity", "what a resource is"},
    {"/inventory-group/list", "groups of models"},
    {"/inventory-group/search", "groups, by a text"},
    {"/inventory-worksheet", "models, by page"},
    {"/inventory-model/search", "models, by a text"},
    {"/inventory-model/{id}", "one model"},
    {"/inventory-model/{id}/key-info", "its quantities"},
    {"/inventory-model-storage-location", "where models are stored"},
    {"/serial-unit/node-list", "serial units of a model"},
    {"/serial-unit/grid-node", "serial units, by page"},
    {"/scan-log/scan-history", "scans, newest first"},
    {"/resource-type", "resource types"},
    {"/payment-term", "payment terms"},
    {"/maintenance-procedure", "maintenance procedures"},
    {"/business-location/identity", "locations"},
    {"/business-location/{id}", "one location"},
    {"/currency/identity", "currencies"},
    {"/referral-source/identity", "referral sources"},
    {"/pricing-model/{id}", "one pricing model"},
    {"/standard-discount/{id}", "one discount"},
    {"/unit-of-measure/{id}", "one unit of measure"},
    {"/user-profile/current-user", "the user of the key"},
    {"/user-profile/{id}", "one user"},
};

static const char *endpoint_below(const char *path, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(path, prefix, length) == 0 && path[length] == '/' ? path + length : path;
}

/* Segment by segment: a parameter is like any other parameter, and a word like the same word alone. */
static bool endpoint_fits(const char *known, const char *path)
{
    while (*known == '/' && *path == '/') {
        known++, path++;
        size_t a = strcspn(known, "/"), b = strcspn(path, "/");
        bool parameters = *known == '{' && *path == '{';
        if (!parameters && (a != b || memcmp(known, path, a) != 0))
            return false;
        known += a, path += b;
    }
    return !*known && (!*path || strcmp(path, "/") == 0);
}

static void endpoint_take(struct endpoints_found *found, const char *path, const json_t *methods)
{
    path = endpoint_below(endpoint_below(path, "/f5"), "/api");
    found->paths++;
    for (size_t i = 0; i < ENDPOINTS_COUNT && json_object_get(methods, "get"); i++) {
        if (found->has[i] || !endpoint_fits(endpoints[i].path, path))
            continue;
        found->has[i] = true;
        found->known++;
    }
}

static json_t *endpoint_document(const char *body, size_t length, json_t **ret_paths, struct error *err)
{
    json_t *document = json_loadb(body, length, 0, NULL);
    *ret_paths = json_object_get(document, "paths");
    if (json_is_object(*ret_paths))
        return document;
    json_decref(document);
    (void)error_set(err, ERROR_ANSWER, RETRY_NEVER, "the specification of the site is no OpenAPI document");
    return NULL;
}

int endpoints_read(struct endpoints_found *ret, const char *body, size_t length, struct error *err)
{
    json_t *paths, *methods, *document = endpoint_document(body, length, &paths, err);
    const char *path;
    *ret = (struct endpoints_found){0};
    if (!document)
        return -1;
    json_object_foreach(paths, path, methods) endpoint_take(ret, path, methods);
    json_decref(document);
    return 0;
}

static bool endpoint_harmless(const char *path)
{
    unsigned digits = 0;
    for (const char *p = path; *p; p++) {
        digits = isdigit((unsigned char)*p) ? digits + 1 : 0;
        if (digits > DIGITS_MAX || (!isalnum((unsigned char)*p) && !strchr("/{}._-", *p)))
            return false;
    }
    return strlen(path) <= PATH_MAX_LISTED;
}

int endpoints_list(const char *body, size_t length, void (*each)(void *arg, const char *path), void *arg,
                   struct error *err)
{
    json_t *paths, *methods, *document = endpoint_document(body, length, &paths, err);
    const char *path;
    if (!document)
        return -1;
    json_object_foreach(paths, path, methods) if (endpoint_harmless(path)) each(arg, path);
    json_decref(document);
    return 0;
}
