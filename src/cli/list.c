#include "command.h"
#include "render.h"

struct list {
    bool json;
    int width;
    size_t count;
};

static int each_contact(void *arg, const struct read_contact *contact)
{
    struct list *list = arg;
    if (list->json) {
        json_t *row = render_json_contact(contact);
        (void)fputs(list->count ? ",\n    " : "\n    ", stdout);
        if (row)
            (void)json_dumpf(row, stdout, JSON_COMPACT);
        json_decref(row);
    } else {
        render_contact(stdout, contact, list->width);
    }
    list->count++;
    return ferror(stdout);
}

/* An empty list may be a slip of the pen. */
static void say_nobody(const struct call *call)
{
    if (call->type || call->has || call->since)
        command_say("nobody is like that; the kinds that there are: flexsync show 1, at "
                    "\"Is\"; all contacts: flexsync list");
}

int command_list(struct call *call)
{
    int status = EXIT_STATUS_DONE;
    struct error err;
    struct read_filter filter;
    struct list list = {.json = call->json, .width = render_width()};
    if (command_filter(call, &filter, &err) < 0)
        return command_failed(&err);
    struct store *store = command_open(call, &status);
    if (!store)
        return status;
    if (call->json)
        (void)printf("{\n  \"version\": %d,\n  \"contacts\": [", COMMAND_JSON_VERSION);
    if (read_contacts(store, &filter, call->limit, each_contact, &list, &err) < 0)
        status = command_failed(&err);
    else if (list.count == 0)
        say_nobody(call);
    if (call->json)
        (void)printf("\n  ]\n}\n");
    (void)store_close(store);
    return status;
}
