#include "command.h"
#include "render.h"

#include <stdlib.h>
#include <string.h>

struct show {
    struct call *call;
    json_t *fields;
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
        json_t *data = json_loads(value->text, JSON_ALLOW_NUL, NULL);
        return json_object_set_new(show->fields, column, data ? data : json_string(value->text));
    }
    if (show->call->json)
        return json_object_set_new(show->fields, column, render_json_value(value));
    if (is_raw || value->type == VALUE_NULL)
        return 0;
    (void)printf("%-28s", column);
    render_value(stdout, value);
    (void)fputc('\n', stdout);
    return 0;
}

int command_show(struct call *call)
{
    int status = EXIT_STATUS_DONE;
    struct error err;
    struct show show = {.call = call, .fields = json_object()};
    struct store *store = command_open(call, &status);
    int found = store ? read_contact(store, call->words[0], each_column, &show, &err) : 1;
    if (found == 0)
        (void)error_set(&err, ERROR_USAGE, RETRY_NEVER, "there is no contact %.80s; flexsync list shows them",
                        call->words[0]);
    if (found <= 0)
        status = command_failed(&err);
    else if (store && call->json && !call->raw)
        (void)render_json(stdout,
                          json_pack("{s:i, s:O}", "version", COMMAND_JSON_VERSION, "contact", show.fields));
    json_decref(show.fields);
    (void)store_close(store);
    return status;
}
