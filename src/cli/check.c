#include "flexsync/check.h"
#include "about.h"
#include "ask.h"
#include "command.h"
#include "feedline.h"
#include "flexsync/cleanup.h"
#include "flexsync/engine.h"
#include "flexsync/fetcher.h"
#include "flexsync/flex.h"
#include "flexsync/lock.h"
#include "flexsync/overview.h"
#include "flexsync/page.h"
#include "flexsync/probe.h"
#include "flexsync/site.h"
#include "flexsync/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK_SIZE  10           /* rows are enough to tell page 0 from page 1 */
#define FEED_RECENT USEC_PER_DAY /* a feed that was read since is watched, and need not be asked about */

struct checkup {
    struct call *call;
    sd_event *event;
    struct ledger ledger;
    struct limiter limiter;
    struct fetcher *fetcher;
    struct page *pages[2]; /* page 0 and page 1 */
    struct page **into;
    struct store *store; /* NULL: store_error says why */
    struct error store_error;
    enum fetch_outcome outcome;
    bool plain; /* the server refuses to sort */
    bool sent;  /* a request, if any was allowed */
    int64_t requests;
    int folder; /* of --save; -1: none */
    struct error error;
    int status; /* of the first line that is not ok */
};

static void say_ok(const char *what, const char *text)
{
    (void)printf("ok    %-12s %s\n", what, text);
}

static void say_wrong(struct checkup *check, const char *what, const struct error *err)
{
    (void)printf("FAIL  %-12s %s\n", what, err->text);
    if (check->status == EXIT_STATUS_DONE)
        check->status = error_exit_status(err->code);
}

static int accept_page(void *arg, const char *body, size_t length, struct error *err)
{
    struct checkup *check = arg;
    return page_parse(check->into, body, length, err);
}

static void page_is_done(void *arg, enum fetch_outcome outcome, const struct error *err)
{
    struct checkup *check = arg;
    check->outcome = outcome;
    check->error = *err;
    (void)sd_event_exit(check->event, 0);
}

static int ask(struct checkup *check, const struct flex_listing *listing, struct error *err)
{
    static const struct fetch_handler handler = {.accept = accept_page, .done = page_is_done};
    if (flex_list(check->fetcher, check->call->config->flex.base_url, &entity_contacts, listing, &handler,
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
static int ask_anew(struct checkup *check, const struct flex_listing *listing, struct page **into,
                    struct error *err)
{
    check->into = into;
    check->outcome = FETCH_FAILED; /* until there is an answer */
    int r = sd_event_new(&check->event);
    if (r < 0)
        return error_set(err, ERROR_SYSTEM, RETRY_LATER, "cannot set up the event loop: %s", strerror(-r));
    const struct fetcher_options options = {.event = check->event,
                                            .clock = &clock_system,
                                            .limiter = &check->limiter,
                                            .config = check->call->config};
    r = fetcher_new(&check->fetcher, &options, err);
    if (r == 0)
        r = ask(check, listing, err);
    check->requests += check->fetcher ? fetcher_stats(check->fetcher)->requests : 0;
    check->sent = check->requests > 0;
    check->fetcher = fetcher_free(check->fetcher);
    check->event = sd_event_unref(check->event);
    return r;
}

/* A few rows, to see how pages are numbered. */
static int ask_number(struct checkup *check, unsigned number, struct error *err)
{
    const struct flex_listing listing = {
        .page = number, .size = CHECK_SIZE, .order = check->plain ? ORDER_NONE : ORDER_ID};
    return ask_anew(check, &listing, &check->pages[number], err);
}

static void say_mistake(void *arg, const char *mistake)
{
    struct error err;
    (void)error_set(&err, ERROR_CONFIG, RETRY_NEVER, "%s", mistake);
    say_wrong(arg, "settings", &err);
}

/* Every mistake on a line of its own. False: nobody can be asked with these settings. */
static bool check_settings(struct checkup *check)
{
    struct call *call = check->call;
    struct config *config = NULL;
    struct error err;
    if (config_load_told(&config, call->file, CONFIG_COMPLETE, say_mistake, check, &err) < 0) {
        if (check->status == EXIT_STATUS_DONE)
            say_wrong(check, "settings", &err);
        return false;
    }
    (void)config_free(call->config);
    call->config = config;
    say_ok("settings", config->flex.base_url);
    return true;
}

/* Both the connection and the key: an answer to a listing shows both, a refusal says which. */
static bool check_connection(struct checkup *check)
{
    struct check_finding findings[2];
    struct error err = {0};
    int r = ask_number(check, 1, &err);
    if (r < 0 && check->outcome == FETCH_REJECTED) {
        check->plain = true;
        r = ask_number(check, 1, &err);
    }
    size_t count = check_judge(findings, check->outcome, check->sent,
                               r < 0 ? PAGE_UNKNOWN : check->pages[1]->total, &err);
    for (size_t i = 0; i < count; i++) {
        if (findings[i].code == ERROR_NONE) {
            say_ok(findings[i].what, findings[i].text);
            continue;
        }
        (void)error_set(&err, findings[i].code, RETRY_LATER, "%s", findings[i].text);
        say_wrong(check, findings[i].what, &err);
    }
    return r == 0;
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

static void check_paging(struct checkup *check)
{
    struct error err;
    if (check->pages[1]->array) {
        say_ok("pages", "the server answers plain arrays; every sync reads until nothing new comes");
    } else if (ask_number(check, 0, &err) < 0) {
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

/* --- the order of edits --- */

/* What is known without a request; false: it is worth asking. */
static bool know_feed(const struct checkup *check, const struct stats *stats, int64_t dated, char *text,
                      size_t size)
{
    char line[FEEDLINE_MAX];
    int64_t now = clock_wall(&clock_system);
    if (check->call->config->sync.strategy != STRATEGY_AUTO)
        (void)snprintf(text, size, "not used: sync.strategy is not auto");
    else if (check->plain)
        (void)snprintf(text, size, "not honoured: the server refuses to sort");
    else if (check->pages[1]->array)
        (void)snprintf(text, size, "not honoured: the server answers plain arrays");
    else if (dated < FEED_PROBE_MIN)
        (void)snprintf(text, size, "not known yet: it takes %d contacts with their whole record to tell",
                       FEED_PROBE_MIN);
    else if (stats->verdict == FEED_HONOURED && now >= stats->feed_read_at * USEC_PER_SEC &&
             now - stats->feed_read_at * USEC_PER_SEC < FEED_RECENT)
        (void)snprintf(text, size, "%s (remembered, and watched with every sync; not asked now)",
                       feedline(line, stats, now));
    else
        return false;
    return true;
}

static int probe_page(struct checkup *check, const struct stats *stats, enum feed_direction direction,
                      struct feed_probe *probe, struct error *err)
{
    struct page *page = NULL;
    const struct flex_listing listing = {.page = stats->zero_based ? 0 : 1,
                                         .size = (unsigned)check->call->config->sync.page_size,
                                         .order =
                                             direction == FEED_DESC ? ORDER_EDITED_LAST : ORDER_EDITED_FIRST};
    int r = ask_anew(check, &listing, &page, err);
    CLEANUP_FREE struct store_dated *dated = r == 0 ? calloc(page->row_count + 1, sizeof *dated) : NULL;
    if (r == 0)
        r = dated ? store_dates(check->store, &entity_contacts, page, dated, err) : error_memory(err);
    if (r == 0)
        probe_take_page(probe, direction, direction == FEED_DESC, page, dated);
    (void)page_free(page);
    return r;
}

static void probe_feed(struct checkup *check, const struct stats *stats)
{
    char text[256], line[FEEDLINE_MAX];
    struct feed_probe probe;
    struct error err;
    int64_t now = clock_wall(&clock_system);
    if (probe_page(check, stats, FEED_DESC, &probe, &err) < 0 ||
        probe_page(check, stats, FEED_ASC, &probe, &err) < 0) {
        if (check->outcome == FETCH_REJECTED || check->outcome == FETCH_GONE)
            say_ok("feed", "not honoured: the server refuses to sort by the last edit (asked now)");
        else
            say_wrong(check, "feed", &err);
        return;
    }
    const struct stats found = {.verdict = feed_probe_verdict(&probe)};
    (void)snprintf(text, sizeof text, "%s (asked now, with 2 requests); remembered: %s",
                   feedline_verdict(&found), feedline(line, stats, now));
    say_ok("feed", text);
}

/* Does sort=lastEditDate tell who was edited? Asked by two requests, if that can tell more than is known. */
static void check_feed(struct checkup *check)
{
    char text[256];
    struct stats stats;
    struct read_counts counts;
    struct error err;
    if (!check->store)
        say_ok("feed", "not known yet: there is no database with dates to compare with");
    else if (overview_stats(&stats, check->store, &err) < 0 ||
             read_counts(check->store, &entity_contacts, &counts, &err) < 0)
        say_wrong(check, "feed", &err);
    else if (know_feed(check, &stats, counts.whole, text, sizeof text))
        say_ok("feed", text);
    else
        probe_feed(check, &stats);
}

/* --- what the site says about itself --- */

static void say_wrong_about(struct checkup *check, const char *what, const struct error *err)
{
    say_wrong(check, err->code == ERROR_KEY ? "key" : err->code == ERROR_QUOTA ? "quota" : what, err);
}

static void check_user(struct checkup *check, struct about *about)
{
    char text[ABOUT_TEXT_MAX];
    struct error err;
    if (about_user(about, text, &err) == 0)
        say_ok("user", text);
    else
        say_wrong_about(check, "user", &err);
}

static void check_site(struct checkup *check, struct about *about)
{
    char text[ABOUT_TEXT_MAX];
    struct error err;
    if (about_docs(about, text, &err) == 0)
        say_ok("site", text);
    else
        say_wrong_about(check, "site", &err);
    about_print_endpoints(about, stdout);
}

static void save_answers(struct checkup *check, struct about *about)
{
    char text[ERROR_TEXT_MAX];
    int files = 0;
    struct error err;
    int r = about_save(about, check->folder, &files, &err);
    (void)snprintf(
        text, sizeof text,
        "%d answers in %.300s, every value replaced by a made-up one; read them before you send them", files,
        check->call->save);
    if (files)
        say_ok("saved", text);
    if (r < 0)
        say_wrong_about(check, "saved", &err);
}

static void say_requests(const struct checkup *check)
{
    char text[80], n[TEXT_MAX];
    (void)snprintf(text, sizeof text, "%s sent, counted in the ledger",
                   text_format_count(n, check->requests));
    say_ok("requests", check->requests ? text : "none sent");
}

static void check_database(struct checkup *check)
{
    const char *path = check->call->config->database.path;
    char text[ERROR_TEXT_MAX], n[TEXT_MAX];
    struct read_counts counts;
    struct lock_holder holder;
    struct error err = check->store_error;
    if (!check->store || read_counts(check->store, &entity_contacts, &counts, &err) < 0 ||
        (!check->call->quick && store_verify(check->store, &err) < 0) ||
        (check->call->config->flex.base_url && site_check(check->store, check->call->config, &err) < 0)) {
        say_wrong(check, "database", &err);
        return;
    }
    bool held = lock_holder(path, &holder) > 0;
    (void)snprintf(text, sizeof text, "%.300s, %s contacts%s%s%s", path, text_format_count(n, counts.total),
                   check->call->quick ? "" : ", whole", held ? ", kept up to date by " : "",
                   held ? holder.program : "");
    say_ok("database", text);
}

/* A daemon that was not restarted goes on with the key that it was started with, whatever the server says of
 * the new one. */
static void check_daemon(struct checkup *check)
{
    char text[ERROR_TEXT_MAX], proof[CONFIG_PROOF_MAX];
    const struct config *config = check->call->config;
    struct lock_holder holder;
    struct error err;
    bool same = false;
    if (lock_holder(config->database.path, &holder) <= 0 || strcmp(holder.program, "flexsyncd") != 0)
        return;
    int r = config_key_prove(config, proof, &err);
    if (r == 0)
        r = ask_same_key(&holder, proof, &same, &err);
    if (r > 0 && !same) {
        (void)error_set(
            &err, ERROR_KEY, RETRY_LATER,
            "flexsyncd (process %d) uses another key than the one tested here; to make it use this one: "
            "systemctl restart flexsyncd",
            holder.pid);
        say_wrong(check, "daemon", &err);
        return;
    }
    if (r > 0)
        (void)snprintf(text, sizeof text, "process %d, uses the same key", holder.pid);
    else
        (void)snprintf(text, sizeof text, "not known whether it uses the same key: %.400s",
                       r < 0 ? err.text : "it is beginning or ending");
    say_ok("daemon", text);
}

static void check_server(struct checkup *check)
{
    const struct config *config = check->call->config;
    engine_limit(&check->limiter, &check->ledger, config->limits.ledger, config, &clock_system);
    limiter_work(&check->limiter, QUOTA_PERSON);
    struct about *about = NULL;
    struct error err;
    bool connected = check_connection(check);
    if ((connected || (check->sent && check->folder >= 0)) &&
        about_new(&about, config, &check->limiter, &err) < 0)
        say_wrong(check, "user", &err);
    if (connected && about)
        check_user(check, about);
    if (connected) {
        check_paging(check);
        check_feed(check);
    }
    if (connected && about)
        check_site(check, about);
    if (about && check->folder >= 0)
        save_answers(check, about);
    check->requests += about ? about_requests(about) : 0;
    (void)about_free(about);
    say_requests(check);
    limiter_rest(&check->limiter, clock_monotonic(&clock_system), clock_wall(&clock_system));
}

int command_check(struct call *call)
{
    struct checkup check = {.call = call, .folder = -1};
    struct error err;
    if (command_output(call, call->save, &err) < 0 ||
        (call->save && about_folder(&check.folder, call->save, &err) < 0))
        return command_failed(&err);
    bool ready = check_settings(&check);
    if (command_store(call->config, &check.store, &check.store_error) < 0)
        check.store = NULL;
    if (ready)
        check_server(&check);
    if (ready)
        check_daemon(&check);
    check_database(&check);
    (void)store_close(check.store);
    (void)page_free(check.pages[0]);
    (void)page_free(check.pages[1]);
    if (check.folder >= 0)
        (void)close(check.folder);
    return check.status;
}
