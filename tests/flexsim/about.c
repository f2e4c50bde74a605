#include "about.h"

#include <string.h>

#include "contact.h"

#define LOCATIONS 3

/* An id of the instance, the same for the same seed. */
static void put_id(const struct settings *set, unsigned number, struct buf *b)
{
    char id[UUID_TEXT];
    uuid_format(rng_mix((uint64_t)set->seed, 0x9000 + number), id);
    buf_json(b, id);
}

static void put_named(const struct settings *set, const char *member, unsigned number, const char *name,
                      struct buf *b)
{
    buf_printf(b, ",\"%s\":{\"id\":", member);
    put_id(set, number, b);
    buf_puts(b, ",\"name\":");
    buf_json(b, name);
    buf_char(b, '}');
}

static void render_profile(const struct settings *set, struct buf *b)
{
    buf_puts(b, "{\"id\":");
    put_id(set, 0, b);
    buf_puts(b,
             ",\"name\":\"Korla Zandro\",\"userName\":\"kzandro\",\"emailAddress\":\"kzandro@example.com\","
             "\"createdDate\":\"2024-01-02T03:04:05\",\"deleted\":false,\"systemUser\":false,"
             "\"supportUser\":false,\"locked\":");
    buf_bool(b, set->profile == PROFILE_LOCKED);
    buf_puts(b, ",\"passwordChangeRequired\":false,\"defaultGroup\":null,\"groupMembershipIds\":[]");
    put_named(set, "contact", 1, "Korla Zandro", b);
    put_named(set, "homebaseLocation", 2, "Depot Nord", b);
    buf_puts(b, ",\"corporateIdentity\":null,\"enabledLocationIds\":[");
    for (unsigned i = 0; i < LOCATIONS; i++) {
        buf_puts(b, i ? "," : "");
        put_id(set, 2 + i, b);
    }
    buf_puts(b, "]}");
}

void about_profile(const struct settings *set, struct answer *a)
{
    struct buf b = {0};
    switch ((enum profile)set->profile) {
    case PROFILE_NO:
        answer_error(a, MHD_HTTP_NOT_FOUND, "No such resource.");
        break;
    case PROFILE_DENIED:
        answer_denied(a, MHD_HTTP_UNAUTHORIZED);
        break;
    case PROFILE_YES:
    case PROFILE_LOCKED:
        render_profile(set, &b);
        answer_body(a, blob_from_buf(&b));
        break;
    }
}

/* Every endpoint that flex-api.md knows, below /api; parameters have the names that a site gives them. */
static const char *const endpoints[] = {
    "/contact",
    "/contact/search",
    "/contact/{id}",
    "/contact/{id}/key-info/",
    "/element-definition/enabled-definitions",
    "/element-definition/identity",
    "/element/search",
    "/element-list/row-data",
    "/element-list/total-data",
    "/element/{elementId}",
    "/element/{elementId}/identity",
    "/element/{elementId}/tree",
    "/element/{elementId}/header-data",
    "/equipment-list/{id}",
    "/financial-document/{id}",
    "/financial-document/{id}/key-info",
    "/financial-document/{id}/document-total",
    "/financial-document/{id}/total-row-data/",
    "/element-status-change/{elementId}",
    "/element/current-workflow-state",
    "/line-item/{elementId}/row-data/",
    "/financial-document-line-item/{elementId}/row-data/",
    "/managed-resource/{id}/identity",
    "/inventory-group/list",
    "/inventory-group/search",
    "/inventory-worksheet",
    "/inventory-model/search",
    "/inventory-model/{id}",
    "/inventory-model/{id}/key-info",
    "/inventory-model-storage-location",
    "/serial-unit/node-list",
    "/serial-unit/grid-node",
    "/scan-log/scan-history",
    "/resource-type",
    "/payment-term",
    "/maintenance-procedure",
    "/business-location/identity",
    "/business-location/{id}",
    "/currency/identity",
    "/referral-source/identity",
    "/pricing-model/{id}",
    "/standard-discount/{id}",
    "/unit-of-measure/{id}",
    "/user-profile/current-user",
    "/user-profile/{id}",
};
#define ENDPOINTS (sizeof(endpoints) / sizeof(endpoints[0]))

static bool is_left_out(const struct settings *set, const char *path)
{
    size_t length = strlen(path);
    for (const char *at = set->api_docs_without; *at; at += strspn(at, ",")) {
        size_t word = strcspn(at, ",");
        if (word == length && !memcmp(at, path, length))
            return true;
        at += word;
    }
    return false;
}

static void render_operation(unsigned number, struct buf *b)
{
    buf_printf(b, "{\"tags\":[\"controller\"],\"summary\":\"operation %u\",\"operationId\":\"get_%u\",",
               number, number);
    buf_puts(b, "\"responses\":{\"200\":{\"description\":\"OK\",\"content\":{\"*/*\":{\"schema\":"
                "{\"type\":\"object\"}}}}}}");
}

static void render_docs(const struct settings *set, struct buf *b)
{
    bool first = true;
    buf_puts(
        b, "{\"openapi\":\"3.0.1\",\"info\":{\"title\":\"Flex5 API\",\"version\":\"v0\"},"
           "\"servers\":[{\"url\":\"https://site.example.com/f5\",\"description\":\"Generated server url\"}],"
           "\"paths\":{");
    for (unsigned i = 0; i < ENDPOINTS; i++) {
        if (is_left_out(set, endpoints[i]))
            continue;
        buf_printf(b, "%s\"/api%s\":{\"get\":", first ? "" : ",", endpoints[i]);
        render_operation(i, b);
        buf_char(b, '}');
        first = false;
    }
    buf_puts(b, "},\"components\":{\"schemas\":{\"Contact\":{\"type\":\"object\"}}}}");
}

void about_api_docs(const struct settings *set, bool old, struct answer *a)
{
    struct buf b = {0};
    if (set->api_docs != (old ? API_DOCS_OLD : API_DOCS_V3)) {
        answer_error(a, MHD_HTTP_NOT_FOUND, "No such resource.");
        return;
    }
    render_docs(set, &b);
    answer_body(a, blob_from_buf(&b));
}
