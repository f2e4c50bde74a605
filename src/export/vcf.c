/* vCard 4.0, RFC 6350. */
#include "flexsync/cleanup.h"
#include "flexsync/lists.h"
#include "flexsync/text.h"
#include "flexsync/utf8.h"
#include "format.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LINE_OCTETS 75 /* a line's without its end; those that continue one begin with a space */
#define LABEL_MAX   64

enum {
    ID,
    NAME,
    FIRST,
    MIDDLE,
    LAST,
    SALUTATION,
    DISPLAY,
    TYPE,
    COMPANY,
    TITLE,
    MAIL,
    BIRTHDAY,
    UPDATED,
    DATA
};

static const char *const columns[] = {
    [ID] = "contact_id",      [NAME] = "name",
    [FIRST] = "first_name",   [MIDDLE] = "middle_name",
    [LAST] = "last_name",     [SALUTATION] = "salutation",
    [TYPE] = "contact_type",  [DISPLAY] = "preferred_display_string",
    [COMPANY] = "company",    [TITLE] = "job_title",
    [MAIL] = "email",         [BIRTHDAY] = "birthday",
    [UPDATED] = "updated_at", [DATA] = "flex_data",
    [DATA + 1] = NULL,
};

/* A card that is being made; `failed` once memory was refused. */
struct card {
    const struct value *values;
    struct buffer *out;
    struct buffer line; /* before it is folded */
    bool failed;
};

static const char *text_of(const struct card *card, int column)
{
    const struct value *value = &card->values[column];
    return value->type == VALUE_TEXT && value->text[strspn(value->text, " \t\r\n")] ? value->text : NULL;
}

static void put(struct card *card, const char *text)
{
    if (buffer_append_text(&card->line, text) < 0)
        card->failed = true;
}

static const char *escape_of(uint32_t c)
{
    switch (c) {
    case '\\':
        return "\\\\";
    case ',':
        return "\\,";
    case ';':
        return "\\;";
    case '\n':
        return "\\n";
    case '\t':
        return "\t";
    case UTF8_REPLACEMENT:
        return UTF8_REPLACEMENT_TEXT;
    default:
        return c < ' ' || c == 0x7f ? " " : NULL; /* the grammar has no room for controls */
    }
}

/* A line end of any kind is \n; NULL is nothing. */
static void put_value(struct card *card, const char *text)
{
    while (text && *text) {
        uint32_t c;
        size_t length = utf8_next(text, &c);
        if (c == '\r' && text[1] == '\n') {
            text++;
            continue;
        }
        const char *escaped = escape_of(c == '\r' ? '\n' : c);
        int r = escaped ? buffer_append_text(&card->line, escaped) : buffer_append(&card->line, text, length);
        card->failed = card->failed || r < 0;
        text += length;
    }
}

/* Folds at an octet that begins a character. */
static void end_line(struct card *card)
{
    const char *line = card->line.data ? card->line.data : "";
    size_t length = card->line.length, room = LINE_OCTETS;
    int r = 0;
    while (r == 0 && length > room) {
        size_t cut = room;
        while (((unsigned char)line[cut] & 0xc0) == 0x80)
            cut--;
        r = buffer_append(card->out, line, cut);
        if (r == 0)
            r = buffer_append_text(card->out, "\r\n ");
        line += cut;
        length -= cut;
        room = LINE_OCTETS - 1;
    }
    if (r < 0 || buffer_append(card->out, line, length) < 0 || buffer_append_text(card->out, "\r\n") < 0)
        card->failed = true;
    buffer_clear(&card->line);
}

static void put_line(struct card *card, const char *property, const char *value)
{
    if (!value)
        return;
    put(card, property);
    put_value(card, value);
    end_line(card);
}

/* What people call an entry, and the TYPE that it is. */
static const struct {
    const char *word, *type;
} types[] = {{"work", "work"}, {"office", "work"},  {"business", "work"},
             {"home", "home"}, {"private", "home"}, {"mobile", "cell"},
             {"cell", "cell"}, {"fax", "fax"},      {"pager", "pager"}};

/* ";TYPE=work;PREF=1"; cell, fax and pager are for phones alone. */
static void put_parameters(struct card *card, const char *label, bool is_default, bool phone)
{
    char word[LABEL_MAX];
    size_t length = 0;
    for (const char *p = label; p && *p && length + 1 < sizeof word; p++)
        word[length++] = (char)tolower((unsigned char)*p);
    word[length] = '\0';
    bool done = false;
    for (size_t i = 0; !done && i < ARRAY_LENGTH(types); i++) {
        bool any = strcmp(types[i].type, "work") == 0 || strcmp(types[i].type, "home") == 0;
        done = strstr(word, types[i].word) && (phone || any);
        if (done) {
            put(card, ";TYPE=");
            put(card, types[i].type);
        }
    }
    if (is_default)
        put(card, ";PREF=1");
}

static void put_phones(struct card *card, const struct lists *lists)
{
    size_t count;
    const struct list_entry *entries = lists_entries(lists, "contact_phones", &count);
    for (size_t i = 0; i < count; i++) {
        CLEANUP_FREE char *phone = NULL;
        if (lists_phone(&phone, &entries[i], NULL) < 0)
            card->failed = true;
        if (!phone)
            continue;
        put(card, "TEL");
        put_parameters(card, entries[i].values[PHONE_LABEL], entries[i].is_default, true);
        put_line(card, ":", phone);
    }
}

/* A web address is an URI: none of our escapes, and what it cannot hold as the RFC for it has it. */
static void put_url(struct card *card, const char *url)
{
    put(card, strstr(url, "://") ? "URL:" : "URL:http://");
    for (const unsigned char *p = (const unsigned char *)url; *p; p++) {
        bool never = *p <= ' ' || *p == 0x7f;
        if (buffer_printf(&card->line, never ? "%%%02X" : "%c", *p) < 0)
            card->failed = true;
    }
    end_line(card);
}

static void put_mails(struct card *card, const struct lists *lists)
{
    size_t count;
    const struct list_entry *entries = lists_entries(lists, "contact_emails", &count);
    for (size_t i = 0; i < count; i++) {
        const struct list_entry *entry = &entries[i];
        if (!entry->values[EMAIL_TEXT])
            continue;
        if (entry->outside) {
            put_url(card, entry->values[EMAIL_TEXT]);
            continue;
        }
        put(card, "EMAIL");
        put_parameters(card, entry->values[EMAIL_LABEL], entry->is_default, false);
        put_line(card, ":", entry->values[EMAIL_TEXT]);
    }
}

/* Box and extension stay empty, as the RFC has it; a street of several lines is a list. */
static void put_address(struct card *card, const struct list_entry *entry)
{
    static const int parts[] = {ADDRESS_CITY, ADDRESS_STATE, ADDRESS_POSTAL_CODE, ADDRESS_COUNTRY};
    const char *comma = "";
    put(card, "ADR");
    put_parameters(card, entry->values[ADDRESS_LABEL], entry->is_default, false);
    put(card, ":;;");
    for (int line = ADDRESS_LINE1; line <= ADDRESS_LINE3; line++) {
        if (!entry->values[line])
            continue;
        put(card, comma);
        put_value(card, entry->values[line]);
        comma = ",";
    }
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        put(card, ";");
        put_value(card, entry->values[parts[i]]);
    }
    end_line(card);
}

static bool says_something(const struct list_entry *entry)
{
    for (int i = ADDRESS_LINE1; i <= ADDRESS_COUNTRY; i++)
        if (entry->values[i])
            return true;
    return false;
}

static void put_addresses(struct card *card, const struct lists *lists)
{
    size_t count;
    const struct list_entry *entries = lists_entries(lists, "contact_addresses", &count);
    for (size_t i = 0; i < count; i++)
        if (says_something(&entries[i]))
            put_address(card, &entries[i]);
}

static void put_kinds(struct card *card, const struct lists *lists)
{
    size_t count;
    const struct list_entry *entries = lists_entries(lists, "contact_resource_types", &count);
    const char *before = "CATEGORIES:";
    for (size_t i = 0; i < count; i++) {
        if (!entries[i].values[KIND_NAME])
            continue;
        put(card, before);
        put_value(card, entries[i].values[KIND_NAME]);
        before = ",";
    }
    if (card->line.length)
        end_line(card);
}

/* FN must be there: the best name that there is. */
static void put_full_name(struct card *card)
{
    static const int order[] = {NAME, DISPLAY, FIRST, LAST, COMPANY, MAIL, ID};
    size_t i = 0;
    while (i + 1 < ARRAY_LENGTH(order) && !text_of(card, order[i]))
        i++;
    put(card, "FN:");
    put_value(card, text_of(card, order[i]));
    if (order[i] == FIRST && text_of(card, LAST)) {
        put(card, " ");
        put_value(card, text_of(card, LAST));
    }
    end_line(card);
}

static void put_names(struct card *card, bool organization)
{
    static const int parts[] = {LAST, FIRST, MIDDLE, SALUTATION};
    put_full_name(card);
    put(card, "N:");
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        put_value(card, organization ? NULL : text_of(card, parts[i]));
        put(card, ";");
    }
    end_line(card);
    bool unnamed = organization && !text_of(card, COMPANY);
    put_line(card, "ORG:", text_of(card, unnamed ? NAME : COMPANY));
    put_line(card, "TITLE:", text_of(card, TITLE));
}

/* The digits of a date alone, as the basic form of ISO 8601 has it. */
static void put_digits(struct card *card, const char *text, size_t length)
{
    for (size_t i = 0; i < length && text[i]; i++)
        if (isdigit((unsigned char)text[i]) && buffer_append(&card->line, &text[i], 1) < 0)
            card->failed = true;
}

static void put_birthday(struct card *card)
{
    const char *text = text_of(card, BIRTHDAY);
    int64_t seconds;
    bool has_time;
    if (text && text_parse_day(text, &seconds, &has_time) == 0) {
        put(card, "BDAY:");
        put_digits(card, text, sizeof "YYYY-MM-DD" - 1);
        end_line(card);
    } else {
        put_line(card, "BDAY;VALUE=text:", text);
    }
}

/* "2025-06-15 15:06:40" is 20250615T150640Z. */
static void put_revision(struct card *card)
{
    const char *text = text_of(card, UPDATED);
    int64_t wall;
    if (!text || text_parse_utc(text, &wall) < 0)
        return;
    put(card, "REV:");
    put_digits(card, text, sizeof "YYYY-MM-DD" - 1);
    put(card, "T");
    put_digits(card, text + sizeof "YYYY-MM-DD", sizeof "HH:MM:SS" - 1);
    put(card, "Z");
    end_line(card);
}

static void put_card(struct card *card, const struct lists *lists)
{
    const char *type = text_of(card, TYPE);
    bool organization = type && strcmp(type, "Company") == 0;
    put_line(card, "BEGIN:", "VCARD");
    put_line(card, "VERSION:", "4.0");
    put_line(card, "PRODID:", "-//flex-contacts-sync//" FLEXSYNC_VERSION "//EN");
    put_line(card, "UID;VALUE=text:", text_of(card, ID));
    put_line(card, "KIND:", organization ? "org" : "individual");
    put_names(card, organization);
    put_mails(card, lists);
    put_phones(card, lists);
    put_addresses(card, lists);
    put_birthday(card);
    put_kinds(card, lists);
    put_line(card, "NOTE:", lists_note(lists));
    put_revision(card);
    put_line(card, "END:", "VCARD");
}

static void free_lists(struct lists **lists)
{
    (void)lists_free(*lists);
}

static int row(struct export *export, const struct value *values, struct error *err)
{
    CLEANUP(free_lists) struct lists *lists = NULL;
    struct card card = {.values = values, .out = &export->scratch};
    const char *json = values[DATA].type == VALUE_TEXT ? values[DATA].text : NULL;
    if (lists_parse(&lists, &entity_contacts, json, err) < 0)
        return -1;
    buffer_clear(card.out);
    buffer_init(&card.line, EXPORT_TEXT_LIMIT);
    put_card(&card, lists);
    buffer_free(&card.line);
    if (card.failed)
        return error_memory(err);
    return fwrite(card.out->data, 1, card.out->length, export->out) == card.out->length
               ? 0
               : outfile_failed(export->file, err);
}

const struct export_format export_vcf = {
    .name = "vcf", .people = "a file of vCards", .own = columns, .active = true, .row = row};
