#include "dryrun.h"

#include "flexsync/forecast.h"
#include "flexsync/ledger.h"
#include "flexsync/read.h"
#include "flexsync/text.h"
#include "flexsync/trial.h"
#include "render.h"

#include <string.h>

#define CYCLES_MAX 2 /* of one run: contacts and resource types */

/* What the run left in its copy. */
struct outcome {
    int64_t after;          /* cycles with a number above this are the run's */
    int64_t requests;       /* that it sent: a sync sends them too */
    int64_t requests_other; /* of them, those that were not for contacts */
    struct sync_row contacts;
    char trouble[sizeof((struct sync_row *)NULL)->error_message]; /* why it is not the whole truth; "": it is
                                                                   */
    struct trial_found found;
    int64_t records; /* to be fetched */
};

static int take_last(void *arg, const struct sync_row *row)
{
    struct dryrun *dryrun = arg;
    dryrun->last_cycle = row->id;
    return 1;
}

int dryrun_begin(struct dryrun *ret, struct store *copy, struct error *err)
{
    *ret = (struct dryrun){0};
    return read_cycles(copy, NULL, 1, take_last, ret, err);
}

static int take_cycle(void *arg, const struct sync_row *row)
{
    struct outcome *outcome = arg;
    if (row->id <= outcome->after)
        return 1;
    outcome->requests += row->cost.requests;
    if (strcmp(row->entity, entity_contacts.name) != 0) {
        outcome->requests_other += row->cost.requests;
        return 0;
    }
    outcome->contacts = *row;
    (void)snprintf(outcome->trouble, sizeof outcome->trouble, "%s", row->error_message);
    return 0;
}

static int read_outcome(struct outcome *outcome, const struct dryrun *dryrun, struct store *copy, bool asked,
                        struct error *err)
{
    *outcome = (struct outcome){.after = dryrun->last_cycle};
    if (read_cycles(copy, NULL, CYCLES_MAX, take_cycle, outcome, err) < 0 ||
        trial_read(copy, &entity_contacts, &outcome->found, err) < 0)
        return -1;
    for (int class = 0; class < TRIAL_CLASSES; class ++) {
        if (asked && class != TRIAL_ASKED) /* a sync of certain contacts leaves the others where they are */
            outcome->found.of[class] = 0;
        outcome->records += outcome->found.of[class];
    }
    return 0;
}

static void print_listing(const struct outcome *outcome)
{
    const struct sync_counts *counts = &outcome->contacts.counts;
    char listed[TEXT_MAX], expected[TEXT_MAX];
    if (counts->listed == SYNC_UNKNOWN)
        render_fact(stdout, "Listing", "not read: it would not be either");
    else if (counts->expected == SYNC_UNKNOWN)
        render_fact(stdout, "Listing", "%s contacts came", text_format_count(listed, counts->listed));
    else
        render_fact(stdout, "Listing", "%s of %s that the server lists",
                    text_format_count(listed, counts->listed), text_format_count(expected, counts->expected));
    if (outcome->trouble[0])
        render_fact(stdout, "But", "%s", outcome->trouble);
}

static void print_found(const struct outcome *outcome)
{
    static const struct {
        const char *label, *text;
        bool always;
    } classes[TRIAL_CLASSES] = {
        [TRIAL_ASKED] = {"Asked for", "", false},
        [TRIAL_NEW] = {"New", "", true},
        [TRIAL_CHANGED] = {"Changed", "", true},
        [TRIAL_DOUBTED] = {"Looked at", ": those of whom the order of edits does not tell", false},
        [TRIAL_VANISHED] = {"Vanished", ": asked for themselves, before they become Inactive", true},
        [TRIAL_RETURNED] = {"Back", ": listed, and Inactive here", false},
        [TRIAL_WAITING] = {"Waiting", ": left over from earlier syncs", true},
        [TRIAL_CHOSEN] = {"Chosen", ": to be looked at again, by the planner", true},
        [TRIAL_FULL] = {"All others", ": because of a full pass", false},
    };
    char n[TEXT_MAX];
    bool asked = outcome->found.of[TRIAL_ASKED] == outcome->records && outcome->records > 0;
    for (int class = 0; class < TRIAL_CLASSES; class ++) {
        int64_t count = outcome->found.of[class];
        if (count > 0 || (classes[class].always && !asked))
            render_fact(stdout, classes[class].label, "%s%s", text_format_count(n, count),
                        count > 0 ? classes[class].text : "");
    }
}

/* Each record is a request; what the dry run has sent, a sync sends as well. */
static void print_cost(const struct outcome *outcome, const struct config *config)
{
    char n[TEXT_MAX], records[TEXT_MAX], listings[TEXT_MAX], span[TEXT_MAX];
    int64_t requests = outcome->requests + outcome->records;
    char time[2 * TEXT_MAX] = "";
    if (config->limits.rate > 0)
        (void)snprintf(
            time, sizeof time, "; at limits.rate %s or more",
            text_format_span(span, (int64_t)((double)requests / config->limits.rate * (double)USEC_PER_SEC)));
    render_fact(stdout, "Cost", "%s request%s: %s record%s, and %s for %s%s%s",
                text_format_count(n, requests), requests == 1 ? "" : "s",
                text_format_count(records, outcome->records), outcome->records == 1 ? "" : "s",
                text_format_count(listings, outcome->requests),
                outcome->contacts.counts.listed == SYNC_UNKNOWN ? "the order of edits" : "the listing",
                outcome->requests_other > 0 ? " and the resource types" : "", time);
}

static int print_quota(const struct outcome *outcome, const struct config *config, struct error *err)
{
    struct quota quota;
    char at[TEXT_MAX], left[TEXT_MAX];
    const struct quota_limits limits = engine_quota(config);
    int64_t now = clock_wall(&clock_system);
    if (ledger_look(config->limits.ledger, now, &quota, err) < 0)
        return -1;
    int64_t took = forecast_pass(&quota, &limits, QUOTA_PERSON, outcome->requests + outcome->records, NULL);
    int64_t allowed = quota_left(&quota, &limits, QUOTA_PERSON);
    if (took == 0)
        render_fact(stdout, "Quota", "allows it now: %s requests are left", text_format_count(left, allowed));
    else
        render_fact(stdout, "Quota",
                    "not all of it now: %s requests are left; what does not fit waits, and all would be done "
                    "%s at the earliest",
                    text_format_count(left, allowed), render_when(at, now + took, now));
    return 0;
}

int dryrun_tell(const struct dryrun *dryrun, struct store *copy, const struct config *config, bool asked,
                struct error *err)
{
    struct outcome outcome;
    char n[TEXT_MAX];
    if (read_outcome(&outcome, dryrun, copy, asked, err) < 0)
        return -1;
    render_fact(stdout, "Dry run", "nothing was changed; it took %s request%s, which count as all do",
                text_format_count(n, outcome.requests), outcome.requests == 1 ? "" : "s");
    print_listing(&outcome);
    print_found(&outcome);
    print_cost(&outcome, config);
    return print_quota(&outcome, config, err);
}
