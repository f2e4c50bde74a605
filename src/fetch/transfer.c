#include "transfer.h"

#include "flexsync/answer.h"
#include "flexsync/clock.h"
#include "job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define KEY_HEADER    "X-Auth-Token: "
#define BODY_KEEP_MAX (1024 * 1024)         /* a larger buffer is given back after use */
#define HEAD_MAX      (256 * 1024)          /* bytes of headers and trailers: libcurl keeps all of them */
#define DATE_MAX      INT64_C(253402300800) /* the year 10000 */

static void wipe_free(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

int credentials_init(struct credentials *credentials, const char *key, struct error *err)
{
    credentials->key = strdup(key);
    return credentials->key ? 0 : error_memory(err);
}

static bool usable_in_header(const char *token)
{
    size_t length = strlen(token);
    if (length == 0 || length > CONFIG_KEY_MAX)
        return false;
    for (const char *p = token; *p; p++)
        if (*p < 0x21 || *p > 0x7e)
            return false;
    return true;
}

void credentials_refresh(struct credentials *credentials, const char *token)
{
    const char *current = credentials->token ? credentials->token : credentials->key;
    if (!token || !usable_in_header(token) || strcmp(token, current) == 0)
        return;
    char *copy = strdup(token);
    if (!copy)
        return; /* the one we have goes on being sent */
    wipe_free(credentials->token);
    credentials->token = copy;
    credentials->generation++;
}

bool credentials_forget_token(struct credentials *credentials)
{
    if (!credentials->token)
        return false;
    wipe_free(credentials->token);
    credentials->token = NULL;
    credentials->generation++;
    return true;
}

void credentials_free(struct credentials *credentials)
{
    wipe_free(credentials->key);
    wipe_free(credentials->token);
    *credentials = (struct credentials){0};
}

static int keep_body(void *arg, const char *bytes, size_t length)
{
    struct transfer *transfer = arg;
    if (length > *transfer->room)
        return -ENOSPC;
    int r = buffer_append(&transfer->body, bytes, length);
    if (r == 0)
        *transfer->room -= length;
    return r;
}

/* libcurl shows each line of the headers here, and each of the trailers, which it does not limit itself. */
static size_t on_header(char *bytes, size_t size, size_t count, void *user)
{
    (void)bytes;
    struct transfer *transfer = user;
    transfer->head += size * count;
    if (transfer->head <= HEAD_MAX)
        return size * count;
    transfer->body_error = -E2BIG;
    return 0;
}

static int begin_body(struct transfer *transfer)
{
    const char *encoding = transfer_header(transfer, "Content-Encoding");
    bool packed = encoding && *encoding && strcasecmp(encoding, "identity") != 0;
    transfer->packing = packed ? BODY_PACKED : BODY_PLAIN;
    return packed ? inflater_begin(&transfer->inflater)
                  : 0; /* an encoding that it does not know, it says so */
}

static size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
    struct transfer *transfer = user;
    size_t length = size * count;
    int r = transfer->packing == BODY_NEW && length > 0 ? begin_body(transfer) : 0;
    if (r == 0 && transfer->packing == BODY_PACKED)
        r = inflater_feed(&transfer->inflater, bytes, length, keep_body, transfer);
    else if (r == 0)
        r = keep_body(transfer, bytes, length);
    transfer->body_error = r;
    return r == 0 ? length : 0;
}

/*
 * libcurl sends a request again by itself, up to five times, when a kept connection ends without a byte. The
 * server may have counted it all the same, so that sending again is for those to decide who count too.
 */
static int on_send(void *user, char *ip, char *local_ip, int port, int local_port)
{
    (void)ip, (void)local_ip, (void)port, (void)local_port;
    struct transfer *transfer = user;
    return ++transfer->sends > 1 ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static bool set_security(CURL *easy, const struct config *config)
{
    const char *proxy = config->flex.proxy ? config->flex.proxy : ""; /* "" shuts out the environment's */
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, proxy) == CURLE_OK &&
           (!config->flex.ca_file ||
            curl_easy_setopt(easy, CURLOPT_CAINFO, config->flex.ca_file) == CURLE_OK);
}

static bool set_times(CURL *easy, const struct config *config)
{
    long timeout = (long)(config->flex.timeout / USEC_PER_MSEC);
    long connect = (long)(config->flex.connect_timeout / USEC_PER_MSEC);
    return curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (timeout + 999) / 1000) == CURLE_OK;
}

static bool set_transfer(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    return curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->detail) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_send) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "flex-contacts-sync/" FLEXSYNC_VERSION) == CURLE_OK;
}

int transfer_init(struct transfer *transfer, const struct config *config, size_t body_max, size_t *room,
                  struct error *err)
{
    transfer->room = room;
    transfer->proxied = config->flex.proxy && *config->flex.proxy;
    buffer_init(&transfer->body, body_max);
    transfer->easy = curl_easy_init();
    if (!transfer->easy || !set_security(transfer->easy, config) || !set_times(transfer->easy, config) ||
        !set_transfer(transfer))
        return error_set(err, ERROR_SYSTEM, RETRY_LATER,
                         "libcurl refuses its options: out of memory, or built without "
                         "what is needed");
    return 0;
}

static void free_headers(struct transfer *transfer)
{
    for (struct curl_slist *h = transfer->headers; h; h = h->next)
        explicit_bzero(h->data, strlen(h->data));
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
}

/* NULL without memory; then `list` is freed. */
static struct curl_slist *add_header(struct curl_slist *list, const char *line)
{
    struct curl_slist *longer = list ? curl_slist_append(list, line) : NULL;
    if (!longer)
        curl_slist_free_all(list);
    return longer;
}

static int make_headers(struct transfer *transfer, const struct credentials *credentials)
{
    struct buffer line;
    free_headers(transfer);
    buffer_init(&line, sizeof KEY_HEADER + CONFIG_KEY_MAX);
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    headers = add_header(headers, "Accept-Encoding: gzip"); /* which we unpack ourselves */
    int r = buffer_append_text(&line, KEY_HEADER);
    if (r == 0)
        r = buffer_append_text(&line, credentials->token ? credentials->token : credentials->key);
    if (r == 0)
        headers = add_header(headers, line.data); /* the last, so that no failure leaves it behind */
    if (line.data)
        explicit_bzero(line.data, line.length);
    buffer_free(&line);
    transfer->headers = headers;
    transfer->generation = credentials->generation;
    return r == 0 && headers ? 0 : -1;
}

int transfer_prepare(struct transfer *transfer, const char *url, const struct credentials *credentials,
                     bool fresh, bool single, struct error *err)
{
    if ((!transfer->headers || transfer->generation != credentials->generation) &&
        make_headers(transfer, credentials) < 0) {
        free_headers(transfer); /* one without the key must not be taken for whole */
        return error_memory(err);
    }
    CURL *easy = transfer->easy;
    transfer->detail[0] = '\0';
    transfer->sends = 0;
    transfer->head = 0;
    transfer->packing = BODY_NEW;
    if (curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, single ? 1L : 0L) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK)
        return error_memory(err);
    return 0;
}

struct transfer *transfer_of(CURL *easy)
{
    void *transfer = NULL;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    return transfer;
}

long transfer_status(const struct transfer *transfer)
{
    long status = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

const char *transfer_redirect(const struct transfer *transfer)
{
    char *target = NULL;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_URL, &target);
    return target;
}

int64_t transfer_bytes(const struct transfer *transfer)
{
    curl_off_t body = 0;
    long head = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_DOWNLOAD_T, &body);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_HEADER_SIZE, &head);
    return body + head;
}

const char *transfer_header(const struct transfer *transfer, const char *name)
{
    struct curl_header *header = NULL;
    if (curl_easy_header(transfer->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    return header->value;
}

int64_t transfer_retry_after(const struct transfer *transfer, int64_t wall)
{
    int64_t date = transfer_date(transfer);
    return answer_retry_after(transfer_header(transfer, "Retry-After"), date ? date : wall);
}

int64_t transfer_date(const struct transfer *transfer)
{
    const char *value = transfer_header(transfer, "Date");
    time_t date = value ? curl_getdate(value, NULL) : (time_t)-1;
    return date > 0 && date < DATE_MAX ? (int64_t)date * USEC_PER_SEC : 0;
}

static void judge_body_error(int error, struct error *err)
{
    if (error == -EFBIG)
        (void)error_set(err, ERROR_ANSWER, RETRY_NEVER, "the answer is longer than 32 MiB");
    else if (error == -ENOSPC)
        (void)error_set(err, ERROR_SYSTEM, RETRY_NOW,
                        "the answers under way are longer than 40 MiB together");
    else if (error == -E2BIG)
        (void)error_set(err, ERROR_ANSWER, RETRY_NOW, "the headers of the answer are longer than 256 KiB");
    else if (error == -EBADMSG)
        (void)error_set(err, ERROR_ANSWER, RETRY_NOW, "the server's answer cannot be unpacked");
    else
        (void)error_memory(err);
}

bool transfer_unsent(const struct transfer *transfer, CURLcode result)
{
    return result != CURLE_OK && transfer->sends > 1;
}

/*
 * libcurl has the same word for a line of headers that is longer than it takes (100 KiB) and for a lack of
 * memory. While an answer comes in the first is the likely one.
 */
static bool is_long_line(const struct transfer *transfer, CURLcode result)
{
    curl_off_t first_byte = 0;
    return result == CURLE_OUT_OF_MEMORY && transfer->sends == 1 &&
           curl_easy_getinfo(transfer->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte) == CURLE_OK &&
           first_byte > 0;
}

static void judge_curl(const struct transfer *transfer, CURLcode result, struct error *err)
{
    long connect = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &connect);
    if (is_long_line(transfer, result))
        (void)error_set(
            err, ERROR_ANSWER, RETRY_NOW,
            "the answer has a header line longer than 100 KiB, or this machine has no memory left");
    else if (transfer_unsent(transfer, result))
        answer_judge_curl(CURLE_GOT_NOTHING, 0, transfer->proxied, NULL, err);
    else
        answer_judge_curl(result, connect, transfer->proxied, transfer->detail, err);
}

int transfer_check(struct transfer *transfer, CURLcode result, struct error *err)
{
    if (result == CURLE_OK && transfer->packing == BODY_PACKED && !inflater_whole(&transfer->inflater))
        transfer->body_error = -EBADMSG;
    if (transfer->body_error)
        judge_body_error(transfer->body_error, err);
    else if (result != CURLE_OK)
        judge_curl(transfer, result, err);
    return transfer->body_error || result != CURLE_OK ? -1 : 0;
}

/* A status that says all is heeded even where the body cannot be read, or is cut: above all 429. */
enum fetch_outcome transfer_judge(struct transfer *transfer, CURLcode result, struct error *err)
{
    struct job *job = transfer->job;
    long status = transfer_status(transfer);
    bool whole = transfer_check(transfer, result, err) == 0, good = status >= 200 && status < 300;
    if (!whole && status != 429 && (!transfer->body_error || good))
        return FETCH_FAILED;

    bool body = whole && transfer->body.data;
    const struct answer answer = {.status = status,
                                  .body = body ? transfer->body.data : "",
                                  .length = body ? transfer->body.length : 0,
                                  .target = transfer_redirect(transfer),
                                  .proxied = transfer->proxied};
    enum fetch_outcome outcome = answer_judge(&answer, err);
    if (outcome != FETCH_OK)
        return outcome;
    return job->handler.accept(job->arg, answer.body, answer.length, err) < 0 ? FETCH_FAILED : FETCH_OK;
}

void transfer_reset(struct transfer *transfer)
{
    transfer->job = NULL;
    transfer->body_error = 0;
    *transfer->room += transfer->body.length;
    if (transfer->body.capacity > BODY_KEEP_MAX)
        buffer_free(&transfer->body);
    else
        buffer_clear(&transfer->body);
}

void transfer_free(struct transfer *transfer)
{
    if (transfer->easy)
        curl_easy_cleanup(transfer->easy);
    free_headers(transfer);
    inflater_free(&transfer->inflater);
    buffer_free(&transfer->body);
}
