#include "command.h"
#include "flexsync/cleanup.h"
#include "flexsync/engine.h"
#include "flexsync/fetcher.h"
#include "flexsync/flex.h"
#include "flexsync/ledger.h"
#include "flexsync/lock.h"
#include "flexsync/page.h"
#include "flexsync/text.h"

#include <stdio.h>
#include <string.h>

#define CHECK_SIZE 10 /* rows are enough to tell page 0 from page 1 */

struct check {
    struct call *call;
    sd_event *event;
    struct ledger ledger;
    struct limiter limiter;
    struct fetcher *fetcher;
    struct page *pages[2]; /* page 0 and page 1 */
    struct page **into;
    enum fetch_outcome outcome;
    bool plain; /* the server refuses to sort */
    struct error error;
    int status; /* of the first line that is not ok */
};

static void say_ok(const char *what, const char *text)
{
    (void)printf("ok    %-12s %s\n", what, text);
}

static void say_wrong(struct check *check, const char *what, const struct error *err)
{
    (void)printf("FAIL  %-12s %s\n", what, err->text);
    if (check->status == EXIT_STATUS_DONE)
        check->status = error_exit_status(err->code);
}

static int accept_page(void *arg, const char *body, size_t length, struct error *err)
{
    struct check *check = arg;
    return page_parse(check->into, body, length, err);
}

static void page_is_done(void *arg, enum fetch_outcome outcome, const struct error *err)
{
    struct check *check = arg;
    check->outcome = outcome;
    check->error = *err;
    (void)sd_event_exit(check->event, 0);
}

static int ask(struct check *check, unsigned number, struct error *err)
{
    static const struct fetch_handler handler = {.accept = accept_page, .done = page_is_done};
    const struct flex_listing listing = {
        .page = number, .size = CHECK_SIZE, .sort = check->plain ? NULL : "id,asc"};
    check->into = &check->pages[number];
    if (flex_list(check->fetcher, check->call->config->flex.base_url, &entity_contacts, &listing, &handler,
                  check, err) < 0)
        return -1;
    int r = sd_event_loop(check->event);
    if (r < 0)
        return error_set(err, ERROR_SYSTEM, RETRY_LATER, "the event loop failed: %s", strerror(-r));
    if (check->outcome == FETCH_OK)
        return 0;
    *err = check->error;
    return -1;
}

/* A loop that has ended does not run again: each request gets its own, and the fetcher with it. */
static int ask_anew(struct check *check, unsigned number, struct error *err)
{
    int r = sd_event_new(&check->event);
    if (r < 0)
        return error_set(err, ERROR_SYSTEM, RETRY_LATER, "cannot set up the event loop: %s", strerror(-r));
    const struct fetcher_options options = {.event = check->event,
                                            .clock = &clock_system,
                                            .limiter = &check->limiter,
                                            .config = check->call->config};
    r = fetcher_new(&check->fetcher, &options, err);
    if (r == 0)
        r = ask(check, number, err);
    check->fetcher = fetcher_free(check->fetcher);
    check->event = sd_event_unref(check->event);
    return r;
}

/* Every mistake on a line of its own. False: nobody can be asked with these settings. */
static bool check_settings(struct check *check)
{
    char text[ERROR_TEXT_MAX];
    CLEANUP_FREE char *mistakes = NULL;
    size_t size = 0;
    struct error err;
    FILE *stream = open_memstream(&mistakes, &size);
    int r = stream ? command_needs_site(check->call, stream, &err) : error_memory(&err);
    if (stream && fclose(stream) != 0)
        r = error_memory(&err);
    if (r == 0) {
        (void)snprintf(text, sizeof text, "%.400s", check->call->config->flex.base_url);
        say_ok("settings", text);
        return true;
    }
    char *rest = NULL;
    for (char *line = mistakes ? strtok_r(mistakes, "\n", &rest) : NULL; line;
         line = strtok_r(NULL, "\n", &rest)) {
        struct error mistake;
        (void)error_set(&mistake, err.code, RETRY_NEVER, "%s", line);
        say_wrong(check, "settings", &mistake);
    }
    if (check->status == EXIT_STATUS_DONE)
        say_wrong(check, "settings", &err);
    return false;
}

/* Both the connection and the key: an answer to a listing shows both, a refusal says which. */
static bool check_connection(struct check *check)
{
    char text[128], n[TEXT_MAX];
    struct error err;
    int r = ask_anew(check, 1, &err);
    if (r < 0 && check->outcome == FETCH_REJECTED) {
        check->plain = true;
        r = ask_anew(check, 1, &err);
    }
    if (r < 0) {
        if (err.code == ERROR_KEY || err.code == ERROR_QUOTA)
            say_ok("connection", "the server answers");
        say_wrong(check,
                  err.code == ERROR_KEY     ? "key"
                  : err.code == ERROR_QUOTA ? "quota"
                                            : "connection",
                  &err);
        return false;
    }
    say_ok("connection", "the server answers");
    const struct page *page = check->pages[1];
    if (page->total == PAGE_UNKNOWN)
        (void)snprintf(text, sizeof text, "accepted");
    else
        (void)snprintf(text, sizeof text, "accepted; the server lists %s contacts",
                       text_format_count(n, page->total));
    say_ok("key", text);
    return true;
}

static bool same_rows(const struct page *a, const struct page *b)
{
    if (a->row_count != b->row_count)
        return false;
    for (size_t i = 0; i < a->row_count; i++)
        if (strcmp(a->rows[i].id, b->rows[i].id) != 0)
            return false;
    return true;
}

static void check_paging(struct check *check)
{
    struct error err;
    if (check->pages[1]->array) {
        say_ok("pages", "the server answers plain arrays; every sync reads until nothing new comes");
    } else if (ask_anew(check, 0, &err) < 0) {
        if (check->outcome == FETCH_REJECTED || check->outcome == FETCH_GONE)
            say_ok("pages", "numbered from one; there is no page 0");
        else
            say_wrong(check, "pages", &err);
    } else if (same_rows(check->pages[0], check->pages[1])) {
        say_ok("pages", "numbered from one; page 0 is page 1 again");
    } else if (check->pages[0]->first == 1) {
        say_ok("pages", "numbered from zero");
    } else {
        say_ok("pages",
               "the order differs from one request to the next; every sync reads until nobody is missing");
    }
}

static void check_database(struct check *check)
{
    const char *path = check->call->config->database.path;
    char text[ERROR_TEXT_MAX], n[TEXT_MAX];
    struct store *store = NULL;
    struct read_counts counts;
    struct lock_holder holder;
    struct error err;
    if (store_open(&store, path, STORE_READ, 0, NULL, &err) < 0 ||
        read_counts(store, &entity_contacts, &counts, &err) < 0) {
        say_wrong(check, "database", &err);
    } else {
        bool held = lock_holder(path, &holder) > 0;
        (void)snprintf(text, sizeof text, "%.300s, %s contacts%s%s", path, text_format_count(n, counts.total),
                       held ? ", kept up to date by " : "", held ? holder.program : "");
        say_ok("database", text);
    }
    (void)store_close(store);
}

int command_check(struct call *call)
{
    struct check check = {.call = call};
    if (check_settings(&check)) {
        limiter_init(&check.limiter, call->config->limits.rate, (double)call->config->limits.burst,
                     clock_monotonic(&clock_system));
        check.ledger = (struct ledger){.path = call->config->limits.ledger, .clock = &clock_system};
        const struct quota_limits limits = engine_quota(call->config);
        const struct limiter_book book = ledger_book(&check.ledger);
        limiter_keep(&check.limiter, &book, &limits);
        limiter_work(&check.limiter, QUOTA_PERSON);
        if (check_connection(&check))
            check_paging(&check);
        limiter_rest(&check.limiter, clock_monotonic(&clock_system), clock_wall(&clock_system));
    }
    check_database(&check);
    (void)page_free(check.pages[0]);
    (void)page_free(check.pages[1]);
    return check.status;
}
