#include "command.h"
#include "flexsync/text.h"
#include "render.h"

#include <string.h>
#include <strings.h>

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

struct kinds {
    const char *wanted;
    bool found; /* it is one of them */
    char text[ERROR_TEXT_MAX];
};

static int each_kind(void *arg, const char *name)
{
    struct kinds *kinds = arg;
    size_t length = strlen(kinds->text);
    kinds->found = kinds->found || strcasecmp(name, kinds->wanted) == 0;
    (void)snprintf(kinds->text + length, sizeof kinds->text - length, "%s%.60s", length ? ", " : "", name);
    return 0;
}

/* An empty list may be a slip of the pen. */
static void say_none(const struct call *call, struct store *store)
{
    struct error err;
    struct kinds kinds = {.wanted = call->type ? call->type : ""};
    bool known = call->type && read_kinds(store, each_kind, &kinds, &err) == 0;
    text_disarm(kinds.text);
    if (known && !kinds.found && kinds.text[0])
        command_say("no contact is of the kind \"%.80s\"; the kinds that there are: %s", call->type,
                    kinds.text);
    else if (call->type || call->has || call->since)
        command_say("no contact fits these options; all contacts: flexsync list");
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
        say_none(call, store);
    if (call->json)
        (void)printf("\n  ]\n}\n");
    (void)store_close(store);
    return status;
}
