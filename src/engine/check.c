#include "flexsync/check.h"

#include "flexsync/cleanup.h"
#include "flexsync/engine.h"
#include "flexsync/fetcher.h"
#include "flexsync/flex.h"
#include "flexsync/page.h"
#include "flexsync/profile.h"
#include "flexsync/text.h"

#include <string.h>

#define ROWS         1 /* are enough to see that there is an answer */
#define FINDINGS_MAX 4

struct check {
    struct check_options options; /* config is not kept */
    char *ledger_path;            /* owned */
    struct ledger ledger;
    struct limiter limiter;
    struct fetcher *fetcher;
    char *base_url; /* owned */
    struct profile profile;
    sd_event_source *soon; /* the answer is here, and the fetcher has returned */
    int64_t total;         /* that the answer names, or PAGE_UNKNOWN */
    struct check_finding findings[FINDINGS_MAX];
    size_t count;
};

static void find(struct check_finding *ret, const char *what, enum error_code code, const char *text)
{
    *ret = (struct check_finding){.what = what, .code = code};
    (void)snprintf(ret->text, sizeof ret->text, "%s", text);
}

/* A refusal shows that there is a connection; what is not refused shows that the key is right. */
size_t check_judge(struct check_finding ret[static 2], enum fetch_outcome outcome, bool sent, int64_t total,
                   const struct error *err)
{
    char text[64], n[TEXT_MAX];
    size_t count = 0;
    bool key = outcome == FETCH_REFUSED || outcome == FETCH_DENIED;
    bool refused = key || outcome == FETCH_THROTTLED;
    if (sent && (outcome == FETCH_OK || refused))
        find(&ret[count++], "connection", ERROR_NONE, "the server answers");
    if (outcome != FETCH_OK) {
        const char *what = key ? "key" : refused ? "quota" : "connection";
        find(&ret[count++], what, err->code, err->text);
        return count;
    }
    (void)snprintf(text, sizeof text, "accepted; the server lists %s contacts", text_format_count(n, total));
    find(&ret[count++], "key", ERROR_NONE, total == PAGE_UNKNOWN ? "accepted" : text);
    return count;
}

/* A site that does not say is no problem; the user's name stays out of it, since this may be logged. */
void check_judge_user(struct check_finding *ret, enum fetch_outcome outcome, const struct profile *profile,
                      const struct error *err)
{
    char text[ERROR_TEXT_MAX];
    struct error locked;
    bool trouble = outcome == FETCH_THROTTLED || (outcome == FETCH_FAILED && err->code != ERROR_ANSWER);
    find(ret, trouble && outcome == FETCH_THROTTLED ? "quota" : "user", ERROR_NONE,
         "the site does not say who the key belongs to");
    if (trouble) {
        find(ret, ret->what, err->code, err->text);
    } else if (outcome == FETCH_OK && profile_judge(profile, &locked) < 0) {
        find(ret, "key", locked.code, locked.text);
    } else if (outcome == FETCH_OK) {
        profile_describe(profile, text, sizeof text);
        find(ret, "user", ERROR_NONE, text);
    }
}

static int accept_page(void *arg, const char *body, size_t length, struct error *err)
{
    struct check *check = arg;
    struct page *page = NULL;
    if (page_parse(&page, body, length, err) < 0)
        return -1;
    check->total = page->total;
    (void)page_free(page);
    return 0;
}

static int accept_profile(void *arg, const char *body, size_t length, struct error *err)
{
    struct check *check = arg;
    return profile_read(&check->profile, body, length, err);
}

static void profile_is_done(void *arg, enum fetch_outcome outcome, const struct error *err)
{
    struct check *check = arg;
    check_judge_user(&check->findings[check->count++], outcome, &check->profile, err);
    (void)sd_event_source_set_enabled(check->soon, SD_EVENT_ONESHOT);
}

static void page_is_done(void *arg, enum fetch_outcome outcome, const struct error *err)
{
    static const struct fetch_handler handler = {
        .accept = accept_profile, .done = profile_is_done, .tries = 1};
    struct check *check = arg;
    struct error memory;
    bool sent = fetcher_stats(check->fetcher)->requests > 0;
    check->count += check_judge(&check->findings[check->count], outcome, sent, check->total, err);
    if (outcome == FETCH_OK && flex_profile(check->fetcher, check->base_url, &handler, check, &memory) == 0)
        return; /* it goes on in profile_is_done() */
    (void)sd_event_source_set_enabled(check->soon, SD_EVENT_ONESHOT);
}

static int on_soon(sd_event_source *source, void *user)
{
    (void)source;
    struct check *check = user;
    int64_t now = clock_monotonic(check->options.clock);
    limiter_rest(&check->limiter, now, clock_wall(check->options.clock));
    check->options.done(check->options.arg, check->findings, check->count);
    return 0;
}

static int set_up_loop(struct check *check, struct error *err)
{
    int r = sd_event_add_defer(check->options.event, &check->soon, on_soon, check);
    if (r >= 0)
        r = sd_event_source_set_enabled(check->soon, SD_EVENT_OFF);
    return r < 0 ? error_set(err, ERROR_SYSTEM, RETRY_LATER, "cannot set up a check: %s", strerror(-r)) : 0;
}

static int set_up_limiter(struct check *check, const struct config *config, struct error *err)
{
    if (!(check->ledger_path = strdup(config->limits.ledger)) ||
        !(check->base_url = strdup(config->flex.base_url)))
        return error_memory(err);
    engine_limit(&check->limiter, &check->ledger, check->ledger_path, config, check->options.clock);
    limiter_work(&check->limiter, QUOTA_PERSON);
    return 0;
}

static int send_request(struct check *check, const struct config *config, struct error *err)
{
    static const struct fetch_handler handler = {.accept = accept_page, .done = page_is_done};
    static const struct flex_listing listing = {.page = 1, .size = ROWS};
    struct config alone = *config; /* a single connection will do */
    alone.limits.concurrent = 1;
    const struct fetcher_options options = {.event = check->options.event,
                                            .clock = check->options.clock,
                                            .limiter = &check->limiter,
                                            .config = &alone};
    if (fetcher_new(&check->fetcher, &options, err) < 0)
        return -1;
    return flex_list(check->fetcher, config->flex.base_url, &entity_contacts, &listing, &handler, check, err);
}

int check_new(struct check **ret, const struct check_options *options, struct error *err)
{
    const struct config *config = options->config;
    struct check *check = calloc(1, sizeof *check);
    if (!check)
        return error_memory(err);
    check->options = *options;
    check->options.config = NULL;
    check->total = PAGE_UNKNOWN;
    find(&check->findings[check->count++], "settings", ERROR_NONE, config->flex.base_url);
    if (set_up_loop(check, err) < 0 || set_up_limiter(check, config, err) < 0 ||
        send_request(check, config, err) < 0) {
        (void)check_free(check);
        return -1;
    }
    *ret = check;
    return 0;
}

struct check *check_free(struct check *check)
{
    if (!check)
        return NULL;
    (void)fetcher_free(check->fetcher);
    (void)sd_event_source_disable_unref(check->soon);
    free(check->ledger_path);
    free(check->base_url);
    free(check);
    return NULL;
}
