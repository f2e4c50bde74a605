#include "command.h"
#include "render.h"

#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_NARROW 79
#define WIDTH_WIDE   200

struct list {
    bool json;
    bool first;
    int width;
    unsigned count;
};

static void print_json(struct list *list, const struct read_contact *c)
{
    json_t *row =
        json_pack("{s:I, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:b}", "id",
                  (json_int_t)c->id, "contact_id", c->contact_id, "name", c->name, "first_name",
                  c->first_name, "last_name", c->last_name, "contact_type", c->contact_type, "status",
                  c->status, "company", c->company, "email", c->email, "phone", c->phone, "city", c->city,
                  "updated_at", c->updated_at, "whole", c->whole);
    (void)fputs(list->first ? "\n    " : ",\n    ", stdout);
    if (row)
        (void)json_dumpf(row, stdout, JSON_COMPACT);
    json_decref(row);
}

/* Name, e-mail, phone and city share the width that there is. */
static void print_text(const struct list *list, const struct read_contact *c)
{
    int rest = list->width - 9;
    int name = rest * 2 / 6, email = rest * 2 / 6, phone = rest / 6;
    render_cell(stdout, c->name ? c->name : c->contact_id, name);
    (void)fputs("  ", stdout);
    render_cell(stdout, c->email, email);
    (void)fputs("  ", stdout);
    render_cell(stdout, c->phone, phone);
    (void)fputs("  ", stdout);
    render_cell(stdout,
                c->status && c->status[0] == 'I' ? "inactive"
                : c->whole                       ? c->city
                                                 : "(waiting)",
                rest - name - email - phone);
    (void)fputc('\n', stdout);
}

static int each_contact(void *arg, const struct read_contact *contact)
{
    struct list *list = arg;
    if (list->json)
        print_json(list, contact);
    else
        print_text(list, contact);
    list->first = false;
    list->count++;
    return ferror(stdout);
}

static int terminal_width(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO))
        return WIDTH_WIDE;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 40)
        return WIDTH_NARROW;
    return size.ws_col - 1;
}

int command_list(struct call *call)
{
    int status = EXIT_STATUS_DONE;
    struct error err;
    struct list list = {.json = call->json, .first = true, .width = terminal_width()};
    struct store *store = command_open(call, &status);
    if (!store)
        return status;
    if (call->json)
        (void)printf("{\n  \"version\": %d,\n  \"contacts\": [", COMMAND_JSON_VERSION);
    if (read_contacts(store, call->active, call->limit, each_contact, &list, &err) < 0)
        status = command_failed(&err);
    if (call->json)
        (void)printf("\n  ]\n}\n");
    (void)store_close(store);
    return status;
}
