#include "card.h"
#include "command.h"
#include "flexsync/cleanup.h"
#include "flexsync/export.h"
#include "flexsync/flexdata.h"
#include "render.h"

#include <stdlib.h>
#include <string.h>

struct show {
    struct call *call;
    json_t *fields;
    struct card card;
    bool failed;
};

static int each_column(void *arg, const char *column, const struct value *value)
{
    struct show *show = arg;
    bool is_raw = strcmp(column, "flex_data") == 0;
    if (show->call->raw) {
        if (is_raw && value->type == VALUE_TEXT)
            (void)printf("%s\n", value->text);
        return 0;
    }
    if (show->call->json && is_raw && value->type == VALUE_TEXT) {
        json_t *data = flexdata_read(value->text);
        return json_object_set_new(show->fields, column, data ? data : json_string(value->text));
    }
    if (show->call->json && value->type == VALUE_TEXT && export_is_time(column)) {
        char zoned[EXPORT_ZONED_MAX];
        return json_object_set_new(show->fields, column, json_string(export_zoned(zoned, value->text)));
    }
    if (show->call->json)
        return json_object_set_new(show->fields, column, render_json_value(value));
    show->failed = card_add(&show->card, column, value) < 0;
    return show->failed;
}

static int each_state(void *arg, const struct read_state *state)
{
    const struct show *show = arg;
    card_print(&show->card, state);
    return 0;
}

static int print(struct show *show, struct store *store, struct error *err)
{
    if (show->failed)
        return error_memory(err);
    if (show->call->raw)
        return 0;
    if (show->call->json) {
        (void)render_json(stdout,
                          json_pack("{s:i, s:O}", "version", COMMAND_JSON_VERSION, "contact", show->fields));
        return 0;
    }
    if (lists_parse(&show->card.lists, &entity_contacts, card_text(&show->card, "flex_data"), err) < 0)
        return -1;
    return read_state(store, card_integer(&show->card, "id"), each_state, show, err);
}

int command_show(struct call *call)
{
    int status = EXIT_STATUS_DONE;
    struct error err;
    struct show show = {.call = call, .fields = json_object()};
    struct store *store = command_open(call, &status);
    if (store) {
        int r = read_contact(store, call->words[0], each_column, &show, &err);
        if (r == 0)
            r = command_nobody(call->words[0], &err);
        if (r < 0 || print(&show, store, &err) < 0)
            status = command_failed(&err);
    }
    json_decref(show.fields);
    card_free(&show.card);
    (void)store_close(store);
    return status;
}
