#include "control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caltime.h"
#include "control_parts.h"
#include "options.h"

const char *control_argument(const struct control *c, const char *name)
{
    return MHD_lookup_connection_value(c->connection, MHD_GET_ARGUMENT_KIND, name);
}

bool control_number(struct control *c, const char *name, int64_t min, int64_t max, int64_t *value)
{
    const char *text = control_argument(c, name);
    if (!text || parse_int(text, min, max, value))
        return true;
    char message[160];
    (void)snprintf(message, sizeof(message), "%s: a number from %lld to %lld is wanted.", name,
                   (long long)min, (long long)max);
    answer_error(c->answer, MHD_HTTP_BAD_REQUEST, message);
    return false;
}

static json_t *quota_json(struct sim *s)
{
    json_t *object = json_object();
    for (int i = 0; object && i < QUOTA_WINDOWS; i++) {
        enum quota_window w = (enum quota_window)i;
        int64_t used = quota_used(s->quota, (enum window_kind)s->set.window, w, sim_now(s) / 1000);
        (void)json_object_set_new(
            object, quota_window_name(w),
            json_pack("{sI sI}", "limit", (json_int_t)quota_limit(&s->set, w), "used", (json_int_t)used));
    }
    return object;
}

static json_t *stats_json(struct sim *s)
{
    char now[CALTIME_TEXT];
    caltime_utc(sim_now(s), now);
    uint32_t listed = population_listed(s->people);
    json_t *object =
        json_pack("{ss sI sI sI sI sI so so}", "now", now, "contacts", (json_int_t)listed, "flagged",
                  (json_int_t)population_flagged(s->people), "removed",
                  (json_int_t)(population_count(s->people) - listed), "edits",
                  (json_int_t)population_edits(s->people), "token_refreshes", (json_int_t)s->refreshes,
                  "quota", quota_json(s), "script", script_to_json(s->script));
    if (object && stats_to_json(s->stats, object) < 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

void control_stats(struct control *c)
{
    json_t *object = stats_json(c->sim);
    char *text = object ? json_dumps(object, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
    struct buf b = {0};
    buf_puts(&b, text ? text : "");
    buf_char(&b, '\n');
    b.failed |= !text;
    answer_body(c->answer, blob_from_buf(&b));
    free(text);
    json_decref(object);
}

void control_reset_stats(struct control *c)
{
    stats_reset(c->sim->stats);
    answer_body(c->answer, blob_from_text("{}\n"));
}

void control_requests(struct control *c)
{
    struct buf b = {0};
    stats_log(c->sim->stats, &b);
    answer_body(c->answer, blob_from_buf(&b));
}

void control_advance(struct control *c)
{
    struct settings set = c->sim->set;
    int64_t seconds = 0;
    if (!control_number(c, "seconds", -OPTIONS_OFFSET_MAX, OPTIONS_OFFSET_MAX, &seconds))
        return;
    set.date_offset += seconds;
    if (set.date_offset > OPTIONS_OFFSET_MAX || set.date_offset < -OPTIONS_OFFSET_MAX) {
        answer_error(c->answer, MHD_HTTP_BAD_REQUEST, "seconds: the clock does not go that far.");
        return;
    }
    sim_set(c->sim, &set);
    sim_catch_up(c->sim);
    char now[CALTIME_TEXT];
    struct buf b = {0};
    caltime_utc(sim_now(c->sim), now);
    buf_printf(&b, "{\"now\": \"%s\", \"date-offset\": %lld}\n", now, (long long)set.date_offset);
    answer_body(c->answer, blob_from_buf(&b));
}

void control_spend(struct control *c)
{
    int64_t n = 1;
    if (!control_number(c, "n", 1, 1000000000, &n))
        return;
    (void)quota_spend(c->sim->quota, sim_now(c->sim) / 1000, n);
    answer_body(c->answer, blob_from_text("{}\n"));
}

void control_script(struct control *c)
{
    char error[SCRIPT_ERROR_MAX];
    struct script *script = NULL;
    const struct buf *body = c->body;
    if (body->len && script_parse("script", body->data, body->len, error, &script) < 0) {
        answer_error(c->answer, MHD_HTTP_BAD_REQUEST, error);
        return;
    }
    script_unref(c->sim->script);
    c->sim->script = script;
    answer_body(c->answer, blob_from_text("{}\n"));
}

struct assignment {
    struct settings set;
    char error[OPTIONS_ERROR_MAX];
};

static enum MHD_Result assign(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct assignment *a = cls;
    (void)kind;
    return options_assign(&a->set, name, value ? value : "", true, a->error) < 0 ? MHD_NO : MHD_YES;
}

void control_config(struct control *c)
{
    struct assignment *a = calloc(1, sizeof(*a));
    if (!a) {
        answer_body(c->answer, NULL);
        return;
    }
    a->set = c->sim->set;
    (void)MHD_get_connection_values(c->connection, MHD_GET_ARGUMENT_KIND, assign, a);
    if (a->error[0]) {
        answer_error(c->answer, MHD_HTTP_BAD_REQUEST, a->error);
    } else {
        sim_set(c->sim, &a->set);
        struct buf b = {0};
        options_render(&a->set, &b);
        answer_body(c->answer, blob_from_buf(&b));
    }
    free(a);
}

static const struct command {
    const char *name;
    void (*run)(struct control *);
    const char *arguments; /* NULL: run looks at them itself */
    bool body;
    const char *help;
} commands[] = {
    {"stats", control_stats, "", false, "what was seen, as JSON"},
    {"reset-stats", control_reset_stats, "", false, "count from nothing (quotas stay as they are)"},
    {"requests", control_requests, "", false, "JSON lines, one a request of the API, the last 100,000"},
    {"truth", control_truth, "", false, "JSON lines, one a contact by id: the bytes that its record has now"},
    {"ids", control_ids, "", false, "one id a line, by id, of all that are listed"},
    {"edit", control_edit, "n kind seed id", false,
     "[n=N] [kind=visible|hidden|rename|revert|concealed] [seed=S] | id=ID[,ID…]; answers {\"n\", \"ids\"}"},
    {"add", control_add, "n", false, "[n=N] new contacts"},
    {"remove", control_remove, "n seed id unknown", false,
     "[n=N] [seed=S] [unknown=HOW] | id=…: gone from the listing; HOW its address answers, as --unknown"},
    {"merge", control_merge, "id into", false,
     "id=A into=B: A is gone from the listing, its address answers B's record"},
    {"deny", control_deny, "n seed id", false,
     "[n=N] [seed=S] | id=…: still listed, their record is refused"},
    {"allow", control_allow, "id", false, "[id=…]: their record, or every record, is no longer refused"},
    {"flag-deleted", control_flag, "n seed id", false, "[n=N] [seed=S] | id=…: deleted: true, still listed"},
    {"restore", control_restore, "n kind seed id", false,
     "[n=N] [kind=removed|flagged] [seed=S] | id=…: they are back"},
    {"advance", control_advance, "seconds", false, "seconds=N of virtual time, also backwards"},
    {"spend", control_spend, "n", false, "[n=N] requests of other integrations of the account"},
    {"script", control_script, "", true, "the body is the new script; an empty one is none"},
    {"config", control_config, NULL, false, "NAME=VALUE&…: settings marked * above; answers them all"},
};

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (!strcmp(commands[i].name, name))
            return &commands[i];
    return NULL;
}

/* Whether the name stands among the words. */
static bool is_among(const char *words, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = words; len && (p = strstr(p, name)); p++)
        if ((p == words || p[-1] == ' ') && (!p[len] || p[len] == ' '))
            return true;
    return false;
}

struct check {
    const char *allowed;
    char unknown[64];
};

static enum MHD_Result check_argument(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct check *check = cls;
    (void)kind;
    (void)value;
    if (is_among(check->allowed, name))
        return MHD_YES;
    (void)snprintf(check->unknown, sizeof(check->unknown), "Unknown argument: %.40s", name);
    return MHD_NO;
}

void control_answer(struct sim *s, struct MHD_Connection *connection, const char *path, const char *method,
                    const struct buf *body, struct answer *ret)
{
    const struct command *command = find_command(path + strlen(CONTROL_PREFIX));
    struct control c = {.sim = s, .connection = connection, .body = body, .answer = ret};
    struct check check = {.allowed = command && command->arguments ? command->arguments : ""};
    if (command && command->arguments)
        (void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, check_argument, &check);
    sim_lock(s);
    ret->now = sim_now(s);
    ret->status = MHD_HTTP_OK;
    if (!command)
        answer_error(ret, MHD_HTTP_NOT_FOUND, "No such control request (see flexsim --help).");
    else if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_POST) != 0)
        answer_error(ret, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or POST.");
    else if (check.unknown[0])
        answer_error(ret, MHD_HTTP_BAD_REQUEST, check.unknown);
    else if (body->len && !command->body)
        answer_error(ret, MHD_HTTP_BAD_REQUEST,
                     "No body is wanted: arguments go into the address, after the '?'.");
    else if (body->failed)
        answer_body(ret, NULL);
    else {
        sim_catch_up(s);
        command->run(&c);
    }
    sim_unlock(s);
}

void control_help(struct buf *b)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        buf_printf(b, "  /__%-13s %s\n", commands[i].name, commands[i].help);
}
