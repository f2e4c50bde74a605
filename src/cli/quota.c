#include "command.h"
#include "flexsync/clock.h"
#include "flexsync/engine.h"
#include "flexsync/forecast.h"
#include "flexsync/ledger.h"
#include "flexsync/text.h"
#include "render.h"

/* The ledger as it is to be told: what was counted, moved on to now by the clock of this machine. */
struct view {
    struct quota quota;
    struct quota_limits limits;
    int64_t now;  /* wall */
    int64_t pass; /* requests of a full pass; 0: there is no database yet */
};

static int read_view(struct view *view, const struct config *config, struct error *err)
{
    view->now = clock_wall(&clock_system);
    view->limits = engine_quota(config);
    int there = ledger_read(config->limits.ledger, &view->quota, err);
    if (there < 0)
        return -1;
    if (!there)
        quota_init(&view->quota, view->now);
    quota_advance(&view->quota, view->now - view->quota.wall, 0, view->now);
    return 0;
}

/* A full pass is a request for every contact and one for every page of the listing. */
static int64_t full_pass(const struct config *config)
{
    struct store *store = NULL;
    struct read_counts counts;
    struct error err;
    int64_t pass = 0;
    if (store_open(&store, config->database.path, STORE_READ, 0, NULL, &err) == 0 &&
        read_counts(store, &entity_contacts, &counts, &err) == 0)
        pass = counts.active + counts.active / config->sync.page_size + 1;
    (void)store_close(store);
    return pass;
}

static int64_t left_of(const struct view *view, enum quota_window window)
{
    int64_t left = quota_limit(&view->quota, &view->limits, window) - quota_used(&view->quota, window);
    return left > 0 ? left : 0;
}

static void print_window(const struct view *view, enum quota_window window)
{
    char used[TEXT_MAX], limit[TEXT_MAX], left[TEXT_MAX], share[TEXT_MAX], at[TEXT_MAX];
    int64_t free = quota_until(&view->quota, window, 0);
    (void)printf(
        "%-6s %9s of %9s  %9s left  %9s for background work  %s%s\n", quota_window_names[window],
        text_format_count(used, quota_used(&view->quota, window)),
        text_format_count(limit, quota_limit(&view->quota, &view->limits, window)),
        text_format_count(left, left_of(view, window)),
        text_format_count(share, quota_allowance(&view->quota, &view->limits, QUOTA_BACKGROUND, window)),
        free > 0 ? "all free " : "all free",
        free > 0 ? text_format_local(at, view->now + free, view->now) : "");
}

static void print_text(const struct view *view, const struct config *config)
{
    char at[TEXT_MAX], n[TEXT_MAX];
    enum quota_window window = QUOTA_HOUR;
    int64_t wait = quota_wait(&view->quota, &view->limits, QUOTA_PERSON, &window);
    (void)printf("Ledger  %s\n", config->limits.ledger);
    for (int w = 0; w < QUOTA_WINDOWS; w++)
        print_window(view, (enum quota_window)w);
    if (wait > 0)
        (void)printf("The quota of this %s is used up; goes on %s\n", quota_window_names[window],
                     text_format_local(at, view->now + wait, view->now));
    if (view->pass == 0)
        return;
    (void)printf("A full pass needs %s requests; ", text_format_count(n, view->pass));
    wait = forecast_pass(&view->quota, &view->limits, QUOTA_PERSON, view->pass, NULL);
    if (wait > 0)
        (void)printf("begun now it would end by %s\n", text_format_local(at, view->now + wait, view->now));
    else
        (void)printf("the quota allows it now\n");
}

static json_t *window_json(const struct view *view, enum quota_window window)
{
    int64_t free = quota_until(&view->quota, window, 0);
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "window", quota_window_names[window], "used",
                     (json_int_t)quota_used(&view->quota, window), "limit",
                     (json_int_t)quota_limit(&view->quota, &view->limits, window), "left",
                     (json_int_t)left_of(view, window), "background",
                     (json_int_t)quota_allowance(&view->quota, &view->limits, QUOTA_BACKGROUND, window),
                     "all_free_at", render_json_time(free > 0 ? view->now + free : 0));
}

static void print_json(const struct view *view, const struct config *config)
{
    int64_t wait = quota_wait(&view->quota, &view->limits, QUOTA_PERSON, NULL);
    int64_t pass = forecast_pass(&view->quota, &view->limits, QUOTA_PERSON, view->pass, NULL);
    (void)render_json(stdout,
                      json_pack("{s:i, s:s, s:[o, o, o], s:o, s:I, s:o}", "version", COMMAND_JSON_VERSION,
                                "ledger", config->limits.ledger, "windows", window_json(view, QUOTA_HOUR),
                                window_json(view, QUOTA_DAY), window_json(view, QUOTA_MONTH), "goes_on_at",
                                render_json_time(wait > 0 ? view->now + wait : 0), "full_pass",
                                (json_int_t)view->pass, "full_pass_by", render_json_time(view->now + pass)));
}

int command_quota(struct call *call)
{
    struct view view = {0};
    struct error err;
    if (read_view(&view, call->config, &err) < 0)
        return command_failed(&err);
    view.pass = full_pass(call->config);
    if (call->json)
        print_json(&view, call->config);
    else
        print_text(&view, call->config);
    return EXIT_STATUS_DONE;
}
