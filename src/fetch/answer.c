#include "flexsync/answer.h"

#include "complaint.h"
#include "flexsync/cleanup.h"
#include "flexsync/clock.h"
#include "flexsync/utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define RETRY_AFTER_MAX (366 * 86400L) /* seconds; beyond it the number is not worth believing */

/* How the body takes part in the decision. */
enum body_part {
    BODY_IGNORED,
    BODY_OWN,     /* counts in Flex's own words only; in others it is a gateway's */
    BODY_UNKNOWN, /* is FETCH_GONE when Flex says that the record is unknown */
};

#define ELSEWHERE                                                                                            \
    "it sends us elsewhere, which is not followed because the key would go there too; correct "              \
    "flex.base_url"
#define NEW_KEY "make a new one in Flex under Main Menu > Integrations > API"
#define NO_USE  "which this program has no use for; check flex.base_url"
#define EMPTY   "which brings no record; check flex.base_url"
#define TROUBLE "it is in trouble; try again later"
#define NO_SUCH "there is no such thing; check flex.base_url (it ends in /f5/api)"
#define FOREIGN                                                                                              \
    "which does not look like Flex's own answer, but like that of a gateway or a maintenance page; try "     \
    "again later, and check flex.base_url (it ends in /f5/api)"

/* The first row that fits counts. NEVER: the same request is answered the same tomorrow. */
static const struct rule {
    long from, to;
    enum fetch_outcome outcome;
    enum error_code code;
    enum error_retry retry;
    enum body_part body;
    const char *text; /* after "the server answered 503: " */
} rules[] = {
    /* 1xx: one that stays the only answer is half an answer. 101: an upgrade that was not asked for. */
    {101, 101, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER, BODY_IGNORED, NO_USE},
    {100, 199, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW, BODY_IGNORED,
     "which announces an answer that did not come; try again later"},

    /* 2xx: the body decides, but where there is none by definition (204, 205), or a part of one (206). 203 is
     * a 200 that a proxy has changed; 202, 207, 208, 226 are for others, and bring what they bring. */
    {204, 205, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER, BODY_IGNORED, EMPTY},
    {206, 206, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER, BODY_IGNORED,
     "a part only, which was not asked for; check flex.base_url"},
    {200, 299, FETCH_OK, ERROR_NONE, RETRY_NEVER, BODY_IGNORED, ""},

    {300, 399, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER, BODY_IGNORED, ELSEWHERE},

    /* 4xx: our fault, so NEVER, but where RFC 9110 or the name says that time or another connection helps. */
    {400, 400, FETCH_REJECTED, ERROR_ANSWER, RETRY_NEVER, BODY_UNKNOWN, "it does not understand the request"},
    {401, 401, FETCH_REFUSED, ERROR_KEY, RETRY_LATER, BODY_IGNORED,
     "the API key is invalid or revoked; " NEW_KEY},
    {402, 402, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER, BODY_IGNORED,
     "it wants to be paid; ask Flex about the site's subscription"},
    {403, 403, FETCH_REFUSED, ERROR_KEY, RETRY_LATER, BODY_IGNORED,
     "the API key lacks the right to read this listing; give it that right, or " NEW_KEY},
    {404, 404, FETCH_GONE, ERROR_ANSWER, RETRY_NEVER, BODY_OWN, NO_SUCH},
    {407, 407, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NEVER, BODY_IGNORED,
     "the proxy wants to know who asks; put its user and password into flex.proxy"},
    {408, 408, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW, BODY_IGNORED,
     "it waited too long for the request; try again later"},
    {409, 409, FETCH_FAILED, ERROR_ANSWER, RETRY_LATER, BODY_IGNORED,
     "something else is changing it; try again later"},
    {410, 410, FETCH_GONE, ERROR_ANSWER, RETRY_NEVER, BODY_OWN, NO_SUCH},
    {421, 421, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW, BODY_IGNORED,
     "the connection leads to another site; try again later"},
    {423, 424, FETCH_FAILED, ERROR_ANSWER, RETRY_LATER, BODY_IGNORED, "it is locked; try again later"},
    {425, 425, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW, BODY_IGNORED,
     "it was too early for it; try again later"},
    {429, 429, FETCH_THROTTLED, ERROR_QUOTA, RETRY_LATER, BODY_IGNORED,
     "the request quota is used up for now"},
    {451, 451, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER, BODY_IGNORED, "a law forbids the answer; ask Flex"},
    {400, 499, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER, BODY_IGNORED, NO_USE},

    /* 5xx: trouble that passes, but where it is a lasting "I cannot". */
    {501, 501, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER, BODY_IGNORED, NO_USE},
    {505, 506, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER, BODY_IGNORED, NO_USE},
    {508, 508, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER, BODY_IGNORED, NO_USE},
    {510, 510, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER, BODY_IGNORED, NO_USE},
    {511, 511, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER, BODY_IGNORED,
     "the network wants a login of its own; log in there, or use another network"},
    {520, 599, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW, BODY_IGNORED,
     "what stands before it is in trouble; try again later"},
    {500, 599, FETCH_FAILED, ERROR_UNREACHABLE, RETRY_NOW, BODY_IGNORED, TROUBLE},

    {0, 999999, FETCH_FAILED, ERROR_ANSWER, RETRY_NEVER, BODY_IGNORED, NO_USE},
};

static const struct rule foreign = {
    .outcome = FETCH_FAILED, .code = ERROR_UNREACHABLE, .retry = RETRY_NOW, .text = FOREIGN};
static const struct rule unknown = {
    .outcome = FETCH_GONE, .code = ERROR_ANSWER, .retry = RETRY_NEVER, .text = NO_SUCH};

static const struct rule *answer_rule(const struct answer *answer)
{
    const struct rule *rule = rules;
    while (answer->status < rule->from || answer->status > rule->to)
        rule++; /* the last one fits all */
    if (rule->body == BODY_IGNORED)
        return rule;

    struct complaint complaint;
    bool own = complaint_read(answer->body, answer->length, &complaint);
    if (rule->body == BODY_OWN)
        return own ? rule : &foreign;
    return own && complaint.unknown ? &unknown : rule;
}

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

enum fetch_outcome answer_judge(const struct answer *answer, struct error *err)
{
    const struct rule *rule = answer_rule(answer);
    if (rule->outcome == FETCH_OK)
        return FETCH_OK;

    char to[256] = "", host[224];
    if (answer->target) {
        host_of(answer->target, host, sizeof host);
        (void)snprintf(to, sizeof to, " (to %s)", host);
    }
    /* These are the words of proxies too. */
    bool by_proxy = answer->proxied && answer->status >= 502 && answer->status <= 504;
    (void)error_set(err, rule->code, rule->retry, "the server%s answered %ld%s: %s",
                    by_proxy ? " or the proxy of flex.proxy" : "", answer->status, to, rule->text);
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
    {CURLE_COULDNT_RESOLVE_PROXY, ERROR_UNREACHABLE, RETRY_NOW,
     "the proxy of flex.proxy cannot be found; check the network and flex.proxy"},
    {CURLE_PROXY, ERROR_UNREACHABLE, RETRY_NOW,
     "the proxy of flex.proxy does not let us through; check flex.proxy"},
};

/* A proxy refused to connect us: what is wrong with our request stays so. */
static void judge_connect(long status, struct error *err)
{
    bool login = status == 407, lasting = status >= 400 && status < 500 && status != 408 && status != 429;
    (void)error_set(err, ERROR_UNREACHABLE, lasting ? RETRY_NEVER : RETRY_NOW,
                    "the proxy of flex.proxy answered %ld and does not connect us to the server; %s", status,
                    login     ? "put its user and password into flex.proxy"
                    : lasting ? "check flex.proxy and what the proxy allows"
                              : "try again later, and check flex.proxy");
}

void answer_judge_curl(CURLcode code, long connect, bool proxied, const char *detail, struct error *err)
{
    if (proxied && connect >= 300) {
        judge_connect(connect, err);
        return;
    }
    if (!detail || !*detail)
        detail = curl_easy_strerror(code);
    for (size_t i = 0; i < ARRAY_LENGTH(special); i++) {
        if (special[i].code == code) {
            (void)error_set(err, special[i].meaning, special[i].retry, "%s (%s)", special[i].text, detail);
            return;
        }
    }
    (void)error_set(err, ERROR_UNREACHABLE, RETRY_NOW,
                    "no answer from the server: %s; check the network and flex.base_url%s", detail,
                    proxied ? ", and the proxy of flex.proxy" : "");
}

bool answer_is_outage(long status, enum fetch_outcome outcome, const struct error *err)
{
    bool elsewhere = (status >= 300 && status < 400) || status == 511;
    bool unreachable = err->code == ERROR_UNREACHABLE && err->retry != RETRY_LATER;
    bool unlike = err->code == ERROR_ANSWER && err->retry == RETRY_NOW; /* no JSON, or cut */
    return outcome == FETCH_FAILED && (elsewhere || unreachable || unlike);
}

int answer_accept_json(void *arg, const char *body, size_t length, struct error *err)
{
    (void)arg;
    static const char space[] = " \t\r\n";
    size_t at = utf8_bom(body, length);
    while (at < length && strchr(space, body[at]))
        at++;
    while (length > at && strchr(space, body[length - 1]))
        length--;

    char first = at < length ? body[at] : '\0', last = at < length ? body[length - 1] : '\0';
    if ((first == '{' && last == '}') || (first == '[' && last == ']'))
        return 0;
    return error_set(err, ERROR_ANSWER, RETRY_NOW, "the answer is no JSON, but perhaps a maintenance page");
}

void answer_deny(long status, struct error *err)
{
    (void)error_set(err, ERROR_KEY, RETRY_LATER,
                    "the server answered %ld: the API key is good, but its user may not read this; give that "
                    "user the right in Flex, or use the key of another user",
                    status);
}

/* --- Retry-After --- */

/* A number of seconds, with a sign and a fraction or not, from *text up to a comma or the end. */
static bool read_seconds(const char **text, double *ret)
{
    const char *p = *text + strspn(*text, " \t");
    bool negative = *p == '-';
    p += *p == '-' || *p == '+';
    if (!isdigit((unsigned char)*p))
        return false;

    double seconds = 0, unit = 1;
    while (isdigit((unsigned char)*p))
        seconds = seconds * 10 + (*p++ - '0');
    if (*p == '.')
        for (p++; isdigit((unsigned char)*p); p++)
            seconds += (*p - '0') * (unit /= 10);
    p += strspn(p, " \t");
    if (*p && *p != ',')
        return false;

    *text = *p ? p + 1 : p;
    *ret = negative ? 0 : seconds < (double)RETRY_AFTER_MAX ? seconds : (double)RETRY_AFTER_MAX;
    return true;
}

int64_t answer_retry_after(const char *value, int64_t now)
{
    double longest = -1, seconds = 0;
    const char *p = value;
    while (p && *p && read_seconds(&p, &seconds))
        if (seconds > longest)
            longest = seconds;
    if (p && !*p && longest >= 0)
        return (int64_t)(longest * (double)USEC_PER_SEC);

    time_t then = value ? curl_getdate(value, NULL) : (time_t)-1;
    if (then == (time_t)-1)
        return -1;
    int64_t left = (int64_t)then - now / USEC_PER_SEC;
    return left < 0 ? 0 : left > RETRY_AFTER_MAX ? RETRY_AFTER_MAX * USEC_PER_SEC : left * USEC_PER_SEC;
}
