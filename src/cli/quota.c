#include "command.h"
#include "flexsync/clock.h"
#include "flexsync/engine.h"
#include "flexsync/forecast.h"
#include "flexsync/ledger.h"
#include "flexsync/text.h"
#include "quotabar.h"
#include "render.h"

/* The ledger as it is to be told: what was counted, moved on to now by the clock of this machine. */
struct view {
    struct quota quota;
    struct quota_limits limits;
    int64_t now;     /* wall */
    int64_t pass;    /* requests of a full pass; 0: there is no database yet */
    int64_t records; /* of them, those of contacts */
    double budget;   /* requests a day of background work */
};

static int read_view(struct view *view, const struct config *config, struct error *err)
{
    view->now = clock_wall(&clock_system);
    view->limits = engine_quota(config);
    if (ledger_look(config->limits.ledger, view->now, &view->quota, err) < 0)
        return -1;
    view->budget = quota_budget(&view->quota, &view->limits);
    return 0;
}

/* A full pass is a request for every contact and one for every page of the listing. */
static void read_pass(struct view *view, const struct config *config)
{
    struct store *store = NULL;
    struct read_counts counts;
    struct error err;
    if (store_open(&store, config->database.path, STORE_READ, 0, NULL, &err) == 0 &&
        read_counts(store, &entity_contacts, &counts, &err) == 0) {
        view->records = counts.active;
        view->pass = counts.active + counts.active / config->sync.page_size + 1;
    }
    (void)store_close(store);
}

static int64_t free_at(const struct view *view, enum quota_window window)
{
    int64_t wait = quota_until(&view->quota, window, 0);
    return wait > 0 ? view->now + wait : 0;
}

static void print_window(const struct view *view, enum quota_window window)
{
    char used[TEXT_MAX], limit[TEXT_MAX], left[TEXT_MAX], share[TEXT_MAX], at[TEXT_MAX];
    int64_t free = free_at(view, window);
    (void)printf(
        "%-8s%9s%10s%10s%13s  %s\n", quota_window_names[window],
        text_format_count(used, quota_used(&view->quota, window)),
        text_format_count(limit, quota_limit(&view->quota, &view->limits, window)),
        text_format_count(left, quotabar_left(&view->quota, &view->limits, window)),
        text_format_count(share, quota_allowance(&view->quota, &view->limits, QUOTA_BACKGROUND, window)),
        free ? text_format_local(at, free, view->now) : "now");
}

/* How fast background work goes, and how soon it has looked at everybody: all that the quota can buy. */
static void print_pace(const struct view *view)
{
    char every[TEXT_MAX], n[TEXT_MAX], records[TEXT_MAX], round[TEXT_MAX];
    (void)text_format_span(every, (int64_t)((double)USEC_PER_DAY / view->budget));
    (void)text_format_count(n, (int64_t)view->budget);
    if (view->records > 0)
        render_fact(
            stdout, "Paced",
            "background work: about a request every %s (%s a day); all %s active contacts once in %s", every,
            n, text_format_count(records, view->records),
            text_format_span(round, (int64_t)((double)USEC_PER_DAY * (double)view->records / view->budget)));
    else
        render_fact(stdout, "Paced", "background work: about a request every %s (%s a day)", every, n);
}

static void print_pass(const struct view *view)
{
    char n[TEXT_MAX], at[TEXT_MAX];
    (void)text_format_count(n, view->pass);
    int64_t pass = forecast_pass(&view->quota, &view->limits, QUOTA_PERSON, view->pass, NULL);
    if (pass == 0)
        render_fact(stdout, "Full pass", "needs %s requests; the quota allows it now", n);
    else
        render_fact(stdout, "Full pass", "needs %s requests; begun now it would end %s", n,
                    render_when(at, view->now + pass, view->now));
}

static void print_text(const struct view *view, const struct config *config)
{
    char at[TEXT_MAX];
    enum quota_window window = QUOTA_HOUR;
    int64_t wait = quota_wait(&view->quota, &view->limits, QUOTA_PERSON, &window);
    (void)printf("%-8s%9s%10s%10s%13s  %s\n", "", "used", "of", "left", "background", "all free");
    for (int w = 0; w < QUOTA_WINDOWS; w++)
        print_window(view, (enum quota_window)w);
    if (wait > 0)
        render_fact(stdout, "Used up", "the quota of this %s; goes on %s", quota_window_names[window],
                    text_format_local(at, view->now + wait, view->now));
    print_pace(view);
    if (view->pass > 0)
        print_pass(view);
    (void)printf("Ledger      %s\n", config->limits.ledger);
}

static json_t *window_json(const struct view *view, enum quota_window window)
{
    json_t *object = quotabar_json(&view->quota, &view->limits, window);
    (void)json_object_set_new(object, "all_free_at", render_json_time(free_at(view, window)));
    return object;
}

static void print_json(const struct view *view, const struct config *config)
{
    int64_t wait = quota_wait(&view->quota, &view->limits, QUOTA_PERSON, NULL);
    int64_t pass = forecast_pass(&view->quota, &view->limits, QUOTA_PERSON, view->pass, NULL);
    (void)render_json(stdout, json_pack("{s:i, s:s, s:[o, o, o], s:o, s:f, s:I, s:o}", "version",
                                        COMMAND_JSON_VERSION, "ledger", config->limits.ledger, "windows",
                                        window_json(view, QUOTA_HOUR), window_json(view, QUOTA_DAY),
                                        window_json(view, QUOTA_MONTH), "goes_on_at",
                                        render_json_time(wait > 0 ? view->now + wait : 0), "background_a_day",
                                        view->budget, "full_pass", (json_int_t)view->pass, "full_pass_by",
                                        render_json_time(view->now + pass)));
}

int command_quota(struct call *call)
{
    struct view view = {0};
    struct error err;
    if (read_view(&view, call->config, &err) < 0)
        return command_failed(&err);
    read_pass(&view, call->config);
    if (call->json)
        print_json(&view, call->config);
    else
        print_text(&view, call->config);
    return EXIT_STATUS_DONE;
}
