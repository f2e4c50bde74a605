/* Contacts as lines of a terminal, and what that terminal is like. */
#include "flexsync/cleanup.h"
#include "flexsync/text.h"
#include "render.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_LEAST  40
#define WIDTH_USUAL  79
#define NUMBER_WIDTH 6

int render_width(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO))
        return RENDER_WIDE;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < WIDTH_LEAST)
        return WIDTH_USUAL;
    return size.ws_col - 1;
}

bool render_colour(void)
{
    const char *no = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(no && *no);
}

/* Some have no name but those of a person. */
static const char *name_of(char *buffer, size_t size, const struct read_contact *c)
{
    const char *first = c->first_name ? c->first_name : "", *last = c->last_name ? c->last_name : "";
    if (c->name && *c->name)
        return c->name;
    (void)snprintf(buffer, size, "%s%s%s", first, *first && *last ? " " : "", last);
    text_drop_half(buffer);
    return *buffer ? buffer : c->contact_id;
}

/* Inactive, or not fetched yet, says more than where somebody lives. */
static const char *place_of(const struct read_contact *c)
{
    if (c->status && strcmp(c->status, "Inactive") == 0)
        return "inactive";
    return c->whole ? c->city : "(waiting)";
}

static bool is_empty(const char *text)
{
    return !text || !*text;
}

/* An empty cell lends its columns to the one before it, so that an address is seen to its end. */
void render_contact(FILE *out, const struct read_contact *c, int width)
{
    char both[200];
    int rest = width - NUMBER_WIDTH - 8;
    const struct {
        const char *text;
        int width;
    } cells[] = {{name_of(both, sizeof both, c), rest * 2 / 6},
                 {c->email, rest * 2 / 6},
                 {c->phone, rest / 6},
                 {place_of(c), rest - 2 * (rest * 2 / 6) - rest / 6}};
    (void)fprintf(out, "%*" PRId64, NUMBER_WIDTH, c->id);
    for (size_t i = 0, next; i < ARRAY_LENGTH(cells); i = next) {
        int columns = cells[i].width;
        for (next = i + 1; next < ARRAY_LENGTH(cells) && is_empty(cells[next].text); next++)
            columns += 2 + cells[next].width;
        (void)fputs("  ", out);
        render_cell(out, cells[i].text, columns);
    }
    (void)fputc('\n', out);
}

json_t *render_json_contact(const struct read_contact *c)
{
    return json_pack("{s:I, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:b}", "id",
                     (json_int_t)c->id, "contact_id", c->contact_id, "name", c->name, "first_name",
                     c->first_name, "last_name", c->last_name, "contact_type", c->contact_type, "status",
                     c->status, "company", c->company, "email", c->email, "phone", c->phone, "city", c->city,
                     "updated_at", c->updated_at, "whole", c->whole);
}
