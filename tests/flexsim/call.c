#include "call.h"

#include <stdio.h>
#include <string.h>

#include "buf.h"

#define BASE    "/f5/api/"
#define DOCS_V3 "/f5/v3/api-docs"

const char *call_kind_name(enum call_kind kind)
{
    switch (kind) {
    case CALL_LIST:
        return "list";
    case CALL_SEARCH:
        return "search";
    case CALL_DETAIL:
        return "detail";
    case CALL_RESOURCE_TYPE:
        return "resource-type";
    case CALL_PROFILE:
        return "profile";
    case CALL_API_DOCS:
        return "api-docs";
    case CALL_OTHER:
    case CALL_KINDS:
        break;
    }
    return "other";
}

static const char *query(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

/* Anything that is no id of ours becomes something that nobody has and that can be printed. */
static void read_id(const char *text, char ret[static CALL_ID_MAX])
{
    (void)snprintf(ret, CALL_ID_MAX, "%s", text);
    for (char *p = ret; *p; p++)
        if (*p <= ' ' || *p > '~' || *p == '"' || *p == '\\')
            *p = '?';
}

static void read_path(const char *path, struct call *ret)
{
    ret->kind = CALL_OTHER;
    if (!strcmp(path, DOCS_V3))
        ret->kind = CALL_API_DOCS;
    if (strncmp(path, BASE, strlen(BASE)) != 0)
        return;
    const char *rest = path + strlen(BASE);
    if (!strcmp(rest, "contact")) {
        ret->kind = CALL_LIST;
    } else if (!strcmp(rest, "contact/search")) {
        ret->kind = CALL_SEARCH;
    } else if (!strcmp(rest, "resource-type")) {
        ret->kind = CALL_RESOURCE_TYPE;
    } else if (!strcmp(rest, "user-profile/current-user")) {
        ret->kind = CALL_PROFILE;
    } else if (!strcmp(rest, "api-docs")) {
        ret->kind = CALL_API_DOCS;
        ret->old_docs = true;
    } else if (!strncmp(rest, "contact/", 8) && rest[8] && !strchr(rest + 8, '/')) {
        ret->kind = CALL_DETAIL;
        read_id(rest + 8, ret->id);
    }
}

/* FIELD,asc or FIELD,desc or FIELD alone */
static void read_sort(const char *text, struct call *ret)
{
    static const struct {
        const char *name;
        enum sort_field field;
    } fields[] = {
        {"id", SORT_ID}, {"name", SORT_NAME}, {"lastEditDate", SORT_EDITED}, {"createdDate", SORT_CREATED}};
    if (!text || !*text)
        return;
    size_t len = strcspn(text, ",");
    ret->sort_given = true;
    ret->sort = SORT_UNKNOWN;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (strlen(fields[i].name) == len && !memcmp(fields[i].name, text, len))
            ret->sort = fields[i].field;
    ret->descending = text[len] && !strcasecmp(text + len + 1, "desc");
}

/* Whether "gzip" is among the codings, and not forbidden by a weight of 0. */
static bool takes_gzip(const char *codings)
{
    const char *at = codings ? strcasestr(codings, "gzip") : NULL;
    if (!at)
        return false;
    at += 4;
    at += strspn(at, " \t");
    return strncmp(at, ";q=0", 4) != 0 ||
           (at[4] == '.' && strspn(at + 5, "0") != strspn(at + 5, "0123456789"));
}

void call_read(struct MHD_Connection *connection, const char *path, const char *method, struct call *ret)
{
    *ret = (struct call){.page = CALL_NO_PAGE, .get = !strcmp(method, MHD_HTTP_METHOD_GET)};
    read_path(path, ret);
    ret->exists = ret->kind != CALL_OTHER;
    if (!ret->get)
        ret->kind = CALL_OTHER;
    ret->gzip =
        takes_gzip(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING));
    if (ret->kind != CALL_LIST && ret->kind != CALL_SEARCH)
        return;
    const char *page = query(connection, "page"), *size = query(connection, "size");
    const char *organizations = query(connection, "onlyOrganizations");
    /* What is no number is as good as absent, as Spring has it. */
    if (page)
        (void)parse_int(page, 0, INT32_MAX, &ret->page);
    if (size)
        (void)parse_int(size, 1, INT32_MAX, &ret->size);
    read_sort(query(connection, "sort"), ret);
    ret->only_organizations = organizations && !strcmp(organizations, "true");
    if (ret->kind == CALL_SEARCH)
        ret->search = query(connection, "searchText");
}
