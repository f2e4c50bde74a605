#include "flexsync/answer.h"

#include "flexsync/cleanup.h"

#include <stdbool.h>
#include <stdio.h>

/* The first row that fits counts. */
static const struct rule {
    long from, to;
    enum fetch_outcome outcome;
    enum error_code code;
    enum error_retry retry;
    const char *text; /* after "the server answered 503: " */
} rules[] = {
    {200, 200, FETCH_OK, ERROR_NONE, RETRY_NEVER, ""},
    {300, 399, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER,
     "it sends us elsewhere, which is not followed because the key would go there too; correct "
     "flex.base_url"},
    {400, 400, FETCH_REJECTED, ERROR_ANSWER, RETRY_NEVER, "it does not understand the request"},
    {401, 401, FETCH_REFUSED, ERROR_KEY, RETRY_LATER,
     "the API key is invalid or revoked; make a new one in Flex under Main Menu > Integrations > API"},
    {403, 403, FETCH_REFUSED, ERROR_KEY, RETRY_LATER,
     "the API key lacks the right to read this listing; give it that right, or make a new one in Flex under "
     "Main "
     "Menu > "
     "Integrations > API"},
    {404, 404, FETCH_GONE, ERROR_ANSWER, RETRY_NEVER,
     "there is no such thing; check flex.base_url (it ends in /f5/api)"},
    {429, 429, FETCH_THROTTLED, ERROR_QUOTA, RETRY_LATER, "the request quota is used up for now"},
    {500, 500, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW, "it is in trouble; try again later"},
    {502, 504, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW, "it is in trouble; try again later"},
    {520, 599, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW,
     "what stands before it is in trouble; try again later"},
    {0, 999999, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER,
     "which this program has no use for; check flex.base_url"},
};

static void host_of(const char *url, char *host, size_t size)
{
    char *found = NULL;
    CURLU *u = curl_url();
    if (u && url && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK)
        (void)curl_url_get(u, CURLUPART_HOST, &found, 0);
    (void)snprintf(host, size, "%.200s", found ? found : "an address that cannot be read");
    curl_free(found);
    curl_url_cleanup(u);
}

enum fetch_outcome answer_judge_status(long status, const char *target, struct error *err)
{
    const struct rule *rule = rules;
    while (status < rule->from || status > rule->to)
        rule++; /* the last one fits all */
    if (rule->outcome == FETCH_OK)
        return FETCH_OK;
    char to[256] = "", host[224];
    if (target) {
        host_of(target, host, sizeof host);
        (void)snprintf(to, sizeof to, " (to %s)", host);
    }
    (void)error_set(err, rule->code, rule->retry, "the server answered %ld%s: %s", status, to, rule->text);
    return rule->outcome;
}

/*
 * Everything else of libcurl's is taken for a passing fault of the network. So is CURLE_UNSUPPORTED_PROTOCOL:
 * the scheme was checked with the settings, and libcurl says it of bytes that are no HTTP.
 */
static const struct {
    CURLcode code;
    enum error_code meaning;
    enum error_retry retry;
    const char *text;
} special[] = {
    {CURLE_PEER_FAILED_VERIFICATION, ERROR_UNREACHABLE, RETRY_NEVER,
     "the server's certificate is not trusted; if it is signed by an authority of your own, name that in "
     "flex.ca_file"},
    {CURLE_SSL_CACERT_BADFILE, ERROR_CONFIG, RETRY_NEVER,
     "the file of flex.ca_file cannot be read as certificates"},
    {CURLE_SSL_ISSUER_ERROR, ERROR_UNREACHABLE, RETRY_NEVER,
     "the server's certificate has an issuer that is not trusted"},
    {CURLE_URL_MALFORMAT, ERROR_CONFIG, RETRY_NEVER, "flex.base_url cannot be read as an address"},
    {CURLE_OUT_OF_MEMORY, ERROR_SYSTEM, RETRY_NEVER, "out of memory"},
    {CURLE_BAD_CONTENT_ENCODING, ERROR_ANSWER, RETRY_NOW, "the server's answer cannot be unpacked"},
};

void answer_judge_curl(CURLcode code, const char *detail, struct error *err)
{
    if (!detail || !*detail)
        detail = curl_easy_strerror(code);
    for (size_t i = 0; i < ARRAY_LENGTH(special); i++) {
        if (special[i].code == code) {
            (void)error_set(err, special[i].meaning, special[i].retry, "%s (%s)", special[i].text, detail);
            return;
        }
    }
    (void)error_set(err, ERROR_UNREACHABLE, RETRY_NOW,
                    "no answer from the server: %s; check the network and flex.base_url", detail);
}
