#include "about.h"

#include "flexsync/anonymize.h"
#include "flexsync/answer.h"
#include "flexsync/cleanup.h"
#include "flexsync/endpoints.h"
#include "flexsync/flex.h"
#include "flexsync/page.h"
#include "flexsync/profile.h"
#include "flexsync/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define USER_PATH    "/user-profile/current-user"
#define LISTING_PATH "/contact?page=1&size=10"
#define UNKNOWN_ID   "00000000-0000-4000-8000-000000000000"
#define SAVED_MAX                                                                                            \
    ((size_t)256 * 1024)               /* bytes of an answer that are written; the rest is more of the same  \
                                        */
#define SAVED_FILE_MAX (4 * SAVED_MAX) /* a byte may become two; the head comes before it */
#define TYPE_MAX       64

struct about {
    const struct config *config;
    struct exchange *exchange;
    struct exchange_answer profile, docs; /* without a body: not answered */
    const char *docs_path;
    bool read; /* `found` says what the specification has */
    struct endpoints_found found;
};

int about_new(struct about **ret, const struct config *config, struct limiter *limiter, struct error *err)
{
    struct about *about = calloc(1, sizeof *about);
    if (!about)
        return error_memory(err);
    about->config = config;
    if (exchange_new(&about->exchange, config, &clock_system, limiter, err) < 0) {
        (void)about_free(about);
        return -1;
    }
    *ret = about;
    return 0;
}

struct about *about_free(struct about *about)
{
    if (!about)
        return NULL;
    exchange_clear(&about->profile);
    exchange_clear(&about->docs);
    (void)exchange_free(about->exchange);
    free(about);
    return NULL;
}

int64_t about_requests(const struct about *about)
{
    return exchange_requests(about->exchange);
}

static int about_ask(struct about *about, const char *path, struct exchange_answer *ret, struct error *err)
{
    CLEANUP_FREE char *url = flex_url(about->config->flex.base_url, path);
    *ret = (struct exchange_answer){0};
    return url ? exchange_get(about->exchange, url, ret, err) : error_memory(err);
}

/* A server that is used up or in trouble says nothing about what was asked. */
static int about_judge(const struct exchange_answer *answer, struct error *err)
{
    const struct answer judged = {.status = answer->status, .body = answer->body, .length = answer->length};
    enum fetch_outcome outcome = answer_judge(&judged, err);
    return outcome == FETCH_THROTTLED || answer->status >= 500 ? -1 : 0;
}

static const char *joint(const char *a, const char *b)
{
    return *a && *b ? " " : "";
}

int about_user(struct about *about, char text[static ABOUT_TEXT_MAX], struct error *err)
{
    char facts[160];
    struct profile profile;
    struct exchange_answer *answer = &about->profile;
    if (about_ask(about, USER_PATH, answer, err) < 0 || about_judge(answer, err) < 0)
        return -1;
    if (answer->status != 200) {
        (void)snprintf(text, ABOUT_TEXT_MAX, "not known: the site does not say who the key belongs to (%ld)",
                       answer->status);
        return 0;
    }
    if (profile_read(&profile, answer->body, answer->length, err) < 0) {
        (void)snprintf(text, ABOUT_TEXT_MAX, "not known: %s", err->text);
        return 0;
    }
    if (profile_judge(&profile, err) < 0)
        return -1;
    profile_describe(&profile, facts, sizeof facts);
    (void)snprintf(text, ABOUT_TEXT_MAX, "%s%s%s%s%s, %s%s%s", profile.name,
                   joint(profile.name, profile.login), profile.login[0] ? "(" : "", profile.login,
                   profile.login[0] ? ")" : "", facts, profile.home[0] ? "; home is " : "", profile.home);
    return 0;
}

static int about_ask_docs(struct about *about, enum flex_docs where, struct error *err)
{
    CLEANUP_FREE char *url = flex_docs_url(about->config->flex.base_url, where);
    exchange_clear(&about->docs);
    about->docs_path = where == FLEX_DOCS_V3 ? "/f5/v3/api-docs" : "/f5/api/api-docs";
    if (!url)
        return error_memory(err);
    return exchange_get(about->exchange, url, &about->docs, err) < 0 ? -1 : about_judge(&about->docs, err);
}

int about_docs(struct about *about, char text[static ABOUT_TEXT_MAX], struct error *err)
{
    int r = about_ask_docs(about, FLEX_DOCS_V3, err);
    if (r == 0 && about->docs.status != 200)
        r = about_ask_docs(about, FLEX_DOCS_OLD, err);
    if (r < 0)
        return -1;
    if (about->docs.status != 200) {
        (void)snprintf(text, ABOUT_TEXT_MAX,
                       "the site has no specification that says which endpoints it has");
        return 0;
    }
    about->read = endpoints_read(&about->found, about->docs.body, about->docs.length, err) == 0;
    if (about->read)
        (void)snprintf(text, ABOUT_TEXT_MAX, "%zu of %d known endpoints, %zu in all, says %s",
                       about->found.known, ENDPOINTS_COUNT, about->found.paths, about->docs_path);
    else
        (void)snprintf(text, ABOUT_TEXT_MAX, "not known: %s", err->text);
    return 0;
}

void about_print_endpoints(const struct about *about, FILE *out)
{
    for (size_t i = 0; about->read && i < ENDPOINTS_COUNT; i++)
        (void)fprintf(out, "      %-3s  %-43s %s\n", about->found.has[i] ? "yes" : "no", endpoints[i].path,
                      endpoints[i].purpose);
}

/* --- --save --- */

static int folder_refused(const char *path, const char *why, struct error *err)
{
    return error_set(err, ERROR_CREATE, RETRY_NEVER, "cannot save to %s: %s; name a new folder", path, why);
}

static bool folder_is_empty(int fd)
{
    int copy = dup(fd);
    DIR *folder = copy < 0 ? NULL : fdopendir(copy);
    if (!folder) {
        if (copy >= 0)
            (void)close(copy);
        return false;
    }
    const struct dirent *entry;
    bool empty = true;
    while (empty && (entry = readdir(folder)) != NULL)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    (void)closedir(folder);
    return empty;
}

int about_folder(int *ret, const char *path, struct error *err)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return folder_refused(path, strerror(errno), err);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return folder_refused(path, strerror(errno), err);
    if (!folder_is_empty(fd)) {
        (void)close(fd);
        return folder_refused(path, "it is not empty", err);
    }
    *ret = fd;
    return 0;
}

/* Where the answers of one run go. */
struct saving {
    struct about *about;
    int folder, files;
    struct anonymizer ids;
    struct buffer file; /* the one being made */
    int r;              /* of `file` */
};

/* Media type and charset, and nothing that could be more than that. */
static void put_type(struct saving *s, const char *type)
{
    char text[TYPE_MAX];
    (void)snprintf(text, sizeof text, "%.*s", TYPE_MAX - 1, type);
    for (char *p = text; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/+-=;. ", *p))
            *p = '?';
    s->r |= buffer_printf(&s->file, "Content-Type: %s\n", *text ? text : "none");
}

static void put_head(struct saving *s, const char *asked, const struct exchange_answer *answer)
{
    buffer_clear(&s->file);
    s->r = buffer_printf(&s->file, "GET %s\nStatus: %ld\n", asked, answer->status);
    put_type(s, answer->content_type);
    s->r |= buffer_printf(&s->file, "Date: %s\nRetry-After: ", answer->dated ? "sent" : "none");
    s->r |= answer->retry_after[0]
                ? anonymize(&s->ids, answer->retry_after, strlen(answer->retry_after), &s->file)
                : buffer_append_text(&s->file, "none");
    s->r |= buffer_printf(&s->file, "\nBytes: %zu%s\n\n", answer->length,
                          answer->length > SAVED_MAX ? ", cut below" : "");
}

static int write_file(struct saving *s, const char *name, struct error *err)
{
    if (s->r < 0)
        return error_memory(err);
    CLEANUP_CLOSE int fd =
        openat(s->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(err, ERROR_CREATE, RETRY_NEVER, "cannot make %s: %s", name, strerror(errno));
    for (size_t done = 0; done < s->file.length;) {
        ssize_t n = write(fd, s->file.data + done, s->file.length - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(err, errno == ENOSPC ? ERROR_STORE_FULL : ERROR_CREATE, RETRY_NEVER,
                             "cannot write %s: %s", name, strerror(errno));
        done += (size_t)n;
    }
    s->files++;
    return 0;
}

static int save_answer(struct saving *s, const char *name, const char *asked,
                       const struct exchange_answer *answer, struct error *err)
{
    put_head(s, asked, answer);
    size_t length = answer->length < SAVED_MAX ? answer->length : SAVED_MAX;
    s->r |= anonymize(&s->ids, answer->body, length, &s->file);
    s->r |= buffer_append_text(&s->file, "\n");
    return write_file(s, name, err);
}

static void put_path(void *arg, const char *path)
{
    struct saving *s = arg;
    s->r |= buffer_printf(&s->file, "%s\n", path);
}

/* Of a specification the paths alone; of what is none, as of any answer. */
static int save_docs(struct saving *s, struct error *err)
{
    const struct about *about = s->about;
    if (!about->read)
        return save_answer(s, "specification.txt", about->docs_path, &about->docs, err);
    put_head(s, about->docs_path, &about->docs);
    if (endpoints_list(about->docs.body, about->docs.length, put_path, s, err) < 0)
        return -1;
    return write_file(s, "specification.txt", err);
}

/* Asks, and saves; `ret` (may be NULL) gets the answer. */
static int save_asked(struct saving *s, const char *name, const char *asked, const char *path,
                      struct exchange_answer *ret, struct error *err)
{
    struct exchange_answer answer;
    if (about_ask(s->about, path, &answer, err) < 0)
        return -1;
    int r = save_answer(s, name, asked, &answer, err);
    if (r == 0 && ret)
        *ret = answer;
    else
        exchange_clear(&answer);
    return r;
}

/* The record of the first row that the listing has. */
static int save_record(struct saving *s, const struct exchange_answer *listing, struct error *err)
{
    char path[256] = "";
    struct page *page = NULL;
    struct error unusable; /* of a listing that shows no id: there is no record to ask for */
    if (listing->status == 200 && page_parse(&page, listing->body, listing->length, &unusable) == 0) {
        if (page->row_count && record_id_usable(page->rows[0].id))
            (void)snprintf(path, sizeof path, "/contact/%s", page->rows[0].id);
        (void)page_free(page);
    }
    return *path ? save_asked(s, "record.txt", "/contact/{id}", path, NULL, err) : 0;
}

static int save_all(struct saving *s, struct error *err)
{
    struct exchange_answer listing = {0};
    const struct about *about = s->about;
    int r = 0;
    if (about->profile.body)
        r = save_answer(s, "profile.txt", USER_PATH, &about->profile, err);
    else
        r = save_asked(s, "profile.txt", USER_PATH, USER_PATH, NULL, err);
    if (r == 0 && about->docs.body)
        r = save_docs(s, err);
    if (r == 0)
        r = save_asked(s, "listing.txt", LISTING_PATH, LISTING_PATH, &listing, err);
    if (r == 0)
        r = save_record(s, &listing, err);
    if (r == 0)
        r = save_asked(s, "unknown-id.txt", "/contact/{unknown id}", "/contact/" UNKNOWN_ID, NULL, err);
    if (r == 0)
        r = save_asked(s, "resource-types.txt", "/resource-type", "/resource-type", NULL, err);
    exchange_clear(&listing);
    return r;
}

int about_save(struct about *about, int folder, int *ret_files, struct error *err)
{
    struct saving saving = {.about = about, .folder = folder};
    buffer_init(&saving.file, SAVED_FILE_MAX);
    int r = save_all(&saving, err);
    buffer_free(&saving.file);
    anonymizer_free(&saving.ids);
    *ret_files = saving.files;
    return r;
}
