/*
 * The address of a site: https, or http to this machine alone, because every request carries the key.
 *
 * Nothing here repeats the address in a message: it may hold a password.
 * libcurl's parser judges, since libcurl will read it.
 */
#include "config_private.h"

#include "flexsync/cleanup.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

static int refuse(struct error *err, const char *why)
{
    return error_set(err, ERROR_CONFIG, RETRY_NEVER, "%s; write it like %s", why,
                     config_schema[SETTING_BASE_URL].example);
}

static void free_url(CURLU **url)
{
    curl_url_cleanup(*url);
}

static void free_part(char **part)
{
    curl_free(*part);
}

static bool has_part(CURLU *url, CURLUPart which)
{
    char *part CLEANUP(free_part) = NULL;
    return curl_url_get(url, which, &part, 0) == CURLUE_OK;
}

/* 127.0.0.0/8, [::1] and localhost: where no other machine can listen to what is sent without encryption. */
static bool is_this_machine(const char *host)
{
    struct in_addr v4;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    struct in6_addr v6;
    char inner[INET6_ADDRSTRLEN];
    size_t length = strlen(host);
    if (host[0] == '[' && length - 2 < sizeof inner) {
        memcpy(inner, host + 1, length - 2);
        inner[length - 2] = '\0';
        return inet_pton(AF_INET6, inner, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    }
    return strcasecmp(host, "localhost") == 0;
}

static int check_transport(CURLU *parsed, struct error *err)
{
    char *scheme CLEANUP(free_part) = NULL;
    char *host CLEANUP(free_part) = NULL;
    if (curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return refuse(err, "has no https:// in front");
    if (curl_url_get(parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK || !host[0])
        return refuse(err, "names no host");
    if (strcasecmp(scheme, "https") == 0)
        return 0;
    if (strcasecmp(scheme, "http") != 0)
        return refuse(err, "is not an https address");
    if (!is_this_machine(host))
        return refuse(
            err,
            "is http, which would send the key for all to read; only 127.0.0.1, [::1] and localhost may be");
    return 0;
}

int config_url_check(const char *url, struct error *err)
{
    CURLU *parsed CLEANUP(free_url) = curl_url();
    if (!parsed)
        return error_memory(err);
    CURLUcode code = curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);
    if (code == CURLUE_OUT_OF_MEMORY)
        return error_memory(err);
    const char *slashes = strstr(url, "://");
    if (code == CURLUE_BAD_SCHEME || !slashes)
        return refuse(err, "has no https:// in front");
    if (code == CURLUE_NO_HOST || slashes[3] == '/') /* curl takes the next part of :///part for the host */
        return refuse(err, "names no host");
    if (code != CURLUE_OK)
        return refuse(err, "is not an address");
    if (has_part(parsed, CURLUPART_USER) || has_part(parsed, CURLUPART_PASSWORD))
        return refuse(err,
                      "holds a user or a password; the API knows only the key, which has a place of its own");
    if (strpbrk(url, "?#"))
        return refuse(err, "has a part after ? or #");
    return check_transport(parsed, err);
}
