#include "command.h"
#include "difference.h"
#include "flexsync/clock.h"
#include "flexsync/flexdata.h"
#include "flexsync/text.h"
#include "render.h"

#include <string.h>

#define CHANGES_DEFAULT 50 /* shown, where neither a contact nor a time is named */

struct changes {
    bool json;
    size_t count;
    json_t *rows;
};

/* As an object where it is one; a number that jansson cannot hold leaves it text. */
static json_t *fields_of(const char *text)
{
    json_t *fields = flexdata_read(text);
    return fields ? fields : render_json_text(text);
}

static json_t *json_of(const struct read_change *c)
{
    return json_pack("{s:I, s:s, s:s?, s:s?, s:s?, s:o, s:o, s:o}", "id", (json_int_t)c->id, "contact_id",
                     c->contact_id, "name", c->name, "changed_at", c->changed_at, "kind", c->kind, "sync_id",
                     c->sync_id ? json_integer(c->sync_id) : json_null(), "before", fields_of(c->before),
                     "after", fields_of(c->after));
}

static void print_text(const struct read_change *c)
{
    char at[TEXT_MAX] = "";
    int64_t wall;
    if (c->changed_at && text_parse_utc(c->changed_at, &wall) == 0)
        (void)text_format_local(at, wall, clock_wall(&clock_system));
    (void)printf("%-12s  %-11s  ", at, c->kind);
    render_cell(stdout, c->name ? c->name : c->contact_id, 0);
    (void)fputc('\n', stdout);
    if (strcmp(c->kind, "inserted") == 0) /* flexsync show tells it better */
        return;
    json_t *before = fields_of(c->before), *after = fields_of(c->after);
    difference_print(stdout, before, after);
    json_decref(before);
    json_decref(after);
}

static int each_change(void *arg, const struct read_change *change)
{
    struct changes *changes = arg;
    changes->count++;
    if (changes->json)
        return json_array_append_new(changes->rows, json_of(change));
    print_text(change);
    return ferror(stdout);
}

static int exists(void *arg, const char *column, const struct value *value)
{
    (void)arg, (void)column, (void)value;
    return 1;
}

/* An ID without changes is somebody nothing happened to, or nobody. */
static int say_none(struct store *store, const struct call *call, struct error *err)
{
    const char *id = call->word_count ? call->words[0] : NULL;
    int r = id ? read_contact(store, id, exists, NULL, err) : 1;
    if (r <= 0)
        return r < 0 ? -1 : command_nobody(id, err);
    command_say("no change was seen; what is looked at, and how often: flexsync status");
    return 0;
}

static int run(struct call *call, struct store *store, struct changes *changes, struct error *err)
{
    const char *id = call->word_count ? call->words[0] : NULL;
    int64_t since;
    if (command_since(call, &since, err) < 0)
        return -1;
    unsigned limit = call->limit ? call->limit : id || since ? 0 : CHANGES_DEFAULT;
    if (read_changes(store, id, since, limit, each_change, changes, err) < 0 ||
        (changes->count == 0 && say_none(store, call, err) < 0))
        return -1;
    if (call->json)
        (void)render_json(stdout,
                          json_pack("{s:i, s:O}", "version", COMMAND_JSON_VERSION, "changes", changes->rows));
    return 0;
}

int command_changes(struct call *call)
{
    int status = EXIT_STATUS_DONE;
    struct error err;
    struct changes changes = {.json = call->json, .rows = json_array()};
    struct store *store = command_open(call, &status);
    if (store && run(call, store, &changes, &err) < 0)
        status = command_failed(&err);
    json_decref(changes.rows);
    (void)store_close(store);
    return status;
}
