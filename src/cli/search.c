#include "command.h"
#include "flexsync/entity.h"
#include "flexsync/text.h"
#include "render.h"

#include <string.h>

#define SEARCH_DEFAULT 20 /* contacts shown */

struct search {
    bool json, colour;
    int width;
    int64_t total;
    size_t count;
    json_t *contacts;
};

/* "Ada [Müller]": what matched, with marks that do not depend on a terminal. */
static json_t *marked(const char *text)
{
    char *copy = strdup(text);
    for (char *p = copy; p && *p; p++)
        *p = *p == READ_MATCH_BEGIN ? '[' : *p == READ_MATCH_END ? ']' : *p;
    json_t *string = copy ? json_string(copy) : NULL;
    free(copy);
    return string;
}

static int add_json(struct search *search, const struct read_match *match)
{
    json_t *row = render_json_contact(&match->contact), *matched = json_object();
    for (size_t i = 0; i < entity_contacts.search_count; i++)
        if (match->matched[i])
            (void)json_object_set_new(matched, entity_contacts.search[i], marked(match->matched[i]));
    if (json_object_set_new(row, "matched", matched) < 0) {
        json_decref(row);
        return -1;
    }
    return json_array_append_new(search->contacts, row);
}

/* Bold on a terminal, in brackets elsewhere. */
static void print_marked(const struct search *search, const char *text)
{
    while (*text) {
        char part[256];
        size_t length = strcspn(text, (const char[]){READ_MATCH_BEGIN, READ_MATCH_END, '\0'});
        (void)snprintf(part, sizeof part, "%.*s", (int)(length < sizeof part ? length : sizeof part - 1),
                       text);
        text_drop_half(part);
        render_cell(stdout, part, 0);
        text += length;
        if (*text == READ_MATCH_BEGIN)
            (void)fputs(search->colour ? "\x1b[1m" : "[", stdout);
        else if (*text == READ_MATCH_END)
            (void)fputs(search->colour ? "\x1b[0m" : "]", stdout);
        text += *text != '\0';
    }
}

static void print_match(const struct search *search, const struct read_match *match)
{
    const char *comma = "        ";
    render_contact(stdout, &match->contact, search->width);
    for (size_t i = 0; i < entity_contacts.search_count; i++) {
        if (!match->matched[i])
            continue;
        (void)printf("%s%s: ", comma, entity_contacts.search[i]);
        print_marked(search, match->matched[i]);
        comma = ", ";
    }
    (void)fputc('\n', stdout);
}

static int each_match(void *arg, const struct read_match *match)
{
    struct search *search = arg;
    search->count++;
    if (search->json)
        return add_json(search, match) < 0;
    print_match(search, match);
    return ferror(stdout);
}

static void say_end(const struct search *search)
{
    char shown[TEXT_MAX], total[TEXT_MAX];
    (void)text_format_count(shown, (int64_t)search->count);
    if (search->total == 0)
        command_say("nobody matches; fewer words or letters find more");
    else if (search->total == SYNC_UNKNOWN)
        command_say("%s of more than %s; add a word or letters to have the best first", shown,
                    text_format_count(total, READ_SEARCH_RANKED_MAX));
    else if ((int64_t)search->count < search->total)
        command_say("the best %s of %s; add a word, or -n for more", shown,
                    text_format_count(total, search->total));
}

int command_search(struct call *call)
{
    int status = EXIT_STATUS_DONE;
    struct error err;
    struct search search = {
        .json = call->json, .colour = render_colour(), .width = render_width(), .contacts = json_array()};
    struct store *store = command_open(call, &status);
    unsigned limit = call->limit ? call->limit : SEARCH_DEFAULT;
    if (store && read_search(store, call->words, (size_t)call->word_count, call->active, limit, each_match,
                             &search, &search.total, &err) < 0)
        status = command_failed(&err);
    else if (store && call->json)
        (void)render_json(stdout, json_pack("{s:i, s:o, s:O}", "version", COMMAND_JSON_VERSION, "total",
                                            render_json_count(search.total), "contacts", search.contacts));
    else if (store)
        say_end(&search);
    json_decref(search.contacts);
    (void)store_close(store);
    return status;
}
