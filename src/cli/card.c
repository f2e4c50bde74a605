#include "card.h"

#include "flexsync/cleanup.h"
#include "flexsync/clock.h"
#include "flexsync/export.h"
#include "flexsync/text.h"
#include "render.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_WIDTH 12

int card_add(struct card *card, const char *column, const struct value *value)
{
    char *name = strdup(column), *text = NULL;
    if (card->count == CARD_COLUMNS_MAX || !name ||
        (value->type == VALUE_TEXT && !(text = strdup(value->text)))) {
        free(name);
        return card->count == CARD_COLUMNS_MAX ? 0 : -1;
    }
    card->columns[card->count].name = name;
    card->columns[card->count].value = *value;
    if (value->type == VALUE_TEXT)
        card->columns[card->count].value.text = text;
    card->count++;
    return 0;
}

static const struct value *find(const struct card *card, const char *column)
{
    static const struct value none = {.type = VALUE_NULL};
    for (size_t i = 0; i < card->count; i++)
        if (strcmp(card->columns[i].name, column) == 0)
            return &card->columns[i].value;
    return &none;
}

const char *card_text(const struct card *card, const char *column)
{
    const struct value *value = find(card, column);
    return value->type == VALUE_TEXT && value->text[0] ? value->text : NULL;
}

int64_t card_integer(const struct card *card, const char *column)
{
    const struct value *value = find(card, column);
    return value->type == VALUE_INTEGER ? value->integer : 0;
}

/* The label stands before the first line alone of what belongs together; *label is "" from then on. */
static void begin_line(const char **label)
{
    (void)printf("%-*s", LABEL_WIDTH, *label);
    *label = "";
}

static void print_text(const char *text)
{
    render_cell(stdout, text, 0);
}

/* "label  text  (more)". */
static void print_line(const char **label, const char *text, const char *more)
{
    if (!text)
        return;
    begin_line(label);
    print_text(text);
    if (more) {
        (void)fputs("  (", stdout);
        print_text(more);
        (void)fputc(')', stdout);
    }
    (void)fputc('\n', stdout);
}

/* What an entry is called, and whether it is the default; NULL for nothing to say. */
static const char *note_of(char *buffer, size_t size, const char *label, bool is_default)
{
    (void)snprintf(buffer, size, "%s%s%s", label ? label : "", label && is_default ? ", " : "",
                   is_default ? "default" : "");
    text_drop_half(buffer);
    return buffer[0] ? buffer : NULL;
}

static void print_phones(const struct card *card)
{
    size_t count;
    const char *label = "Phone";
    const struct list_entry *entries = lists_entries(card->lists, "contact_phones", &count);
    for (size_t i = 0; i < count; i++) {
        CLEANUP_FREE char *phone = NULL;
        char note[80];
        if (lists_phone(&phone, &entries[i], NULL) == 0)
            print_line(&label, phone,
                       note_of(note, sizeof note, entries[i].values[PHONE_LABEL], entries[i].is_default));
    }
}

static void print_mails(const struct card *card, bool web)
{
    size_t count;
    const char *label = web ? "Web" : "Mail";
    const struct list_entry *entries = lists_entries(card->lists, "contact_emails", &count);
    for (size_t i = 0; i < count; i++) {
        const struct list_entry *e = &entries[i];
        char note[80];
        if (e->outside == web)
            print_line(&label, e->values[EMAIL_TEXT],
                       note_of(note, sizeof note, e->values[EMAIL_LABEL], e->is_default));
    }
}

static void print_address(const char **label, const struct list_entry *e)
{
    const char *city = e->values[ADDRESS_CITY], *code = e->values[ADDRESS_POSTAL_CODE];
    char note[80], place[200];
    const char *more = note_of(note, sizeof note, e->values[ADDRESS_LABEL], e->is_default);
    (void)snprintf(place, sizeof place, "%s%s%s%s%s", code ? code : "", code && city ? " " : "",
                   city ? city : "", (code || city) && e->values[ADDRESS_STATE] ? ", " : "",
                   e->values[ADDRESS_STATE] ? e->values[ADDRESS_STATE] : "");
    text_drop_half(place);
    const char *const lines[] = {e->values[ADDRESS_LINE1], e->values[ADDRESS_LINE2], e->values[ADDRESS_LINE3],
                                 place[0] ? place : NULL, e->values[ADDRESS_COUNTRY]};
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        print_line(label, lines[i], more);
        more = lines[i] ? NULL : more;
    }
}

static void print_addresses(const struct card *card)
{
    size_t count;
    const struct list_entry *entries = lists_entries(card->lists, "contact_addresses", &count);
    for (size_t i = 0; i < count; i++) {
        const char *label = i ? "" : "Address";
        print_address(&label, &entries[i]);
    }
}

static void print_kinds(const struct card *card)
{
    size_t count;
    const char *before = "";
    const struct list_entry *entries = lists_entries(card->lists, "contact_resource_types", &count);
    for (size_t i = 0; i < count; i++) {
        if (!entries[i].values[KIND_NAME])
            continue;
        (void)printf("%-*s", *before ? 0 : LABEL_WIDTH, *before ? ", " : "Is");
        print_text(entries[i].values[KIND_NAME]);
        before = ", ";
    }
    if (*before)
        (void)fputc('\n', stdout);
}

/* Columns that stand for themselves, with what is said before and after their value. */
static const struct {
    const char *label, *column, *before, *after;
} rows[] = {
    {"Numbers", "code", "code ", ""},
    {"Numbers", "barcode", "barcode ", ""},
    {"Numbers", "rfid_tag", "RFID tag ", ""},
    {"Numbers", "external_number", "external ", ""},
    {"Numbers", "assigned_number", "assigned ", ""},
    {"Birthday", "birthday", "", ""},
    {"Terms", "credit_limit", "credit limit ", ""},
    {"Terms", "max_discount", "discount up to ", " %"},
    {"Terms", "standard_terms_id", "payment terms ", ""},
    {"Terms", "standard_discount_id", "discount ", ""},
    {"Terms", "standard_tax_rule_id", "tax rule ", ""},
    {"Terms", "pricing_model_id", "pricing model ", ""},
    {"Terms", "currency_id", "currency ", ""},
    {"Created", "flex_created_date", "", ""},
    {"Edited", "flex_last_edit_date", "", ""},
};

static void print_rows(const struct card *card)
{
    const char *last = "";
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const struct value *value = find(card, rows[i].column);
        if (value->type == VALUE_NULL || (value->type == VALUE_TEXT && !value->text[0]))
            continue;
        const char *label = strcmp(last, rows[i].label) == 0 ? "" : rows[i].label;
        last = rows[i].label;
        begin_line(&label);
        (void)fputs(rows[i].before, stdout);
        render_value(stdout, value);
        bool is_utc =
            value->type == VALUE_TEXT && export_is_time(rows[i].column) && text_lacks_zone(value->text);
        (void)printf("%s%s\n", is_utc ? " UTC" : "", rows[i].after);
    }
}

/* In bold, as a headline. */
static void print_title(const struct card *card)
{
    const char *name = card_text(card, "name"), *type = card_text(card, "contact_type");
    const char *status = card_text(card, "status");
    bool colour = render_colour();
    (void)fputs(colour ? "\x1b[1m" : "", stdout);
    print_text(name ? name : "(no name)");
    (void)printf("%s  (%s%s%s)\n", colour ? "\x1b[0m" : "", type ? type : "", type ? ", " : "",
                 status ? status : "Active");
}

static void print_names(const struct card *card)
{
    static const char *const parts[] = {"salutation", "first_name", "middle_name", "last_name"};
    const char *label = "Name";
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        if (!card_text(card, parts[i]))
            continue;
        if (*label)
            begin_line(&label);
        else
            (void)fputc(' ', stdout);
        print_text(card_text(card, parts[i]));
    }
    if (!*label)
        (void)fputc('\n', stdout);
}

static void print_head(const struct card *card, const struct read_state *state)
{
    const char *company = card_text(card, "company"), *job = card_text(card, "job_title");
    print_title(card);
    print_names(card);
    print_line(&(const char *){"Company"}, company, job);
    print_line(&(const char *){"Job"}, company ? NULL : job, NULL);
    print_line(&(const char *){"Employer"}, state->employer, NULL);
    print_line(&(const char *){"Bills go to"}, state->bill_to, NULL);
}

static void print_time(const char *label, int64_t wall, const char *more)
{
    char at[TEXT_MAX];
    if (wall)
        print_line(&label, text_format_zoned(at, wall, clock_wall(&clock_system)), more);
}

static void print_foot(const struct card *card, const struct read_state *state)
{
    char number[TEXT_MAX + 16];
    int64_t wall = 0;
    const char *updated = card_text(card, "updated_at"), *gone = card_text(card, "deleted_at");
    if (gone && text_parse_utc(gone, &wall) == 0)
        print_time("Gone", wall, "deleted in Flex, or not listed any more");
    print_time("Checked", state->checked_at, "when the server last said what it has");
    if (updated && text_parse_utc(updated, &wall) == 0)
        print_time("Changed", wall, "here");
    print_line(&(const char *){"Merged"}, state->merged_into, "the contact that this one became part of");
    if (state->waiting && strcmp(state->waiting, "denied") == 0)
        print_line(&(const char *){"Denied"}, "the user of the API key may not see its record",
                   state->trouble);
    else if (state->waiting && strcmp(state->waiting, "contradicted") == 0)
        print_line(&(const char *){"Unknown"}, "listed, and yet unknown to the server; kept", NULL);
    else if (!state->fetched_at)
        print_line(&(const char *){"Waiting"}, "only what the listing says is known yet",
                   state->trouble ? state->trouble : "the next sync fetches the rest");
    else if (state->waiting)
        print_line(&(const char *){"Waiting"}, "to be fetched again",
                   state->trouble ? state->trouble : state->waiting);
    (void)snprintf(number, sizeof number, "number %" PRId64, card_integer(card, "id"));
    print_line(&(const char *){"contact_id"}, card_text(card, "contact_id"), number);
}

/* A note may be long, and of several lines. */
static void print_note(const char *note)
{
    CLEANUP_FREE char *text = note ? strdup(note) : NULL;
    if (!text)
        return;
    for (char *p = text; *p; p++)
        if (isspace((unsigned char)*p))
            *p = ' ';
    text_disarm(text);
    render_text(stdout, "Note", text);
}

void card_print(const struct card *card, const struct read_state *state)
{
    print_head(card, state);
    print_phones(card);
    print_mails(card, false);
    print_mails(card, true);
    print_addresses(card);
    print_kinds(card);
    print_rows(card);
    print_note(lists_note(card->lists));
    print_foot(card, state);
}

void card_free(struct card *card)
{
    for (size_t i = 0; i < card->count; i++) {
        free(card->columns[i].name);
        if (card->columns[i].value.type == VALUE_TEXT)
            free(card->columns[i].value.text);
    }
    card->lists = lists_free(card->lists);
    card->count = 0;
}
