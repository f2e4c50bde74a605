#include "data_contact.h"
#include "export_bench.h"

#define LINE_OCTETS 75

/* In the order that the format asks for. */
struct person {
    const char *contact_id, *name, *first_name, *middle_name, *last_name, *salutation, *display, *type,
        *company, *title, *mail, *birthday, *updated, *data;
};

static struct value value_of(const struct person *p, const char *column)
{
    const struct {
        const char *name, *text;
    } all[] = {{"contact_id", p->contact_id},
               {"name", p->name},
               {"first_name", p->first_name},
               {"middle_name", p->middle_name},
               {"last_name", p->last_name},
               {"salutation", p->salutation},
               {"company", p->company},
               {"preferred_display_string", p->display},
               {"contact_type", p->type},
               {"job_title", p->title},
               {"email", p->mail},
               {"birthday", p->birthday},
               {"updated_at", p->updated},
               {"flex_data", p->data}};
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
        if (strcmp(all[i].name, column) == 0)
            return text_value(all[i].text);
    fail_msg("the format asks for %s", column);
    return text_value(NULL);
}

static char *card_of(struct bench *b, const struct person *person)
{
    struct value values[EXPORT_COLUMNS_MAX];
    begin_export(b, "vcf", NULL);
    for (size_t i = 0; i < b->columns.count; i++)
        values[i] = value_of(person, b->columns.names[i]);
    add_row(b, values);
    return end_export(b, NULL);
}

static bool is_whole_utf8(const char *line, size_t length)
{
    for (size_t i = 0; i < length;) {
        unsigned char c = (unsigned char)line[i];
        size_t size = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 0;
        if (size == 0 || i + size > length)
            return false;
        i += size;
    }
    return true;
}

/* Checks every physical line, and returns the logical ones with a line feed behind each. */
static char *unfold(const char *card)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    for (const char *p = card; *p;) {
        const char *end = strstr(p, "\r\n");
        assert_non_null(end);
        size_t length = (size_t)(end - p);
        assert_true(length > 0 && length <= LINE_OCTETS);
        assert_true(is_whole_utf8(p, length));
        assert_null(memchr(p, '\n', length));
        bool more = *p == ' ';
        (void)fprintf(out, "%s%.*s", more || p == card ? "" : "\n", (int)(length - more), p + more);
        p = end + 2;
    }
    (void)fputc('\n', out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void assert_has(struct bench *b, const struct person *person, const char *line)
{
    CLEANUP_FREE char *card = card_of(b, person);
    CLEANUP_FREE char *lines = unfold(card);
    char *whole = NULL;
    assert_true(asprintf(&whole, "\n%s\n", line) > 0);
    if (!strstr(lines, whole))
        fail_msg("there is no line\n%s\nin\n%s", line, lines);
    free(whole);
}

static void assert_lacks(struct bench *b, const struct person *person, const char *property)
{
    CLEANUP_FREE char *card = card_of(b, person);
    CLEANUP_FREE char *lines = unfold(card);
    char *begin = NULL;
    assert_true(asprintf(&begin, "\n%s", property) > 0);
    if (strstr(lines, begin))
        fail_msg("there is a line %s in\n%s", property, lines);
    free(begin);
}

static const struct person ada = {.contact_id = DATA_CONTACT_ID,
                                  .name = "Ada Abbott",
                                  .first_name = "Ada",
                                  .middle_name = "Berenice",
                                  .last_name = "Abbott",
                                  .salutation = "Dr.",
                                  .type = "Individual",
                                  .company = "Lumen Stagecraft",
                                  .title = "Head of Lighting",
                                  .mail = "ada@lumen.example",
                                  .birthday = "1979-02-28",
                                  .updated = "2025-06-15 15:06:40",
                                  .data = DATA_CONTACT};

static void a_whole_contact_becomes_this_card(void **state)
{
    CLEANUP_FREE char *card = card_of(*state, &ada);
    CLEANUP_FREE char *lines = unfold(card);
    assert_string_equal(lines,
                        "BEGIN:VCARD\n"
                        "VERSION:4.0\n"
                        "PRODID:-//flex-contacts-sync//" FLEXSYNC_VERSION "//EN\n"
                        "UID;VALUE=text:" DATA_CONTACT_ID "\n"
                        "KIND:individual\n"
                        "FN:Ada Abbott\n"
                        "N:Abbott;Ada;Berenice;Dr.;\n"
                        "ORG:Lumen Stagecraft\n"
                        "TITLE:Head of Lighting\n"
                        "URL:https://lumen.example\n"
                        "EMAIL;TYPE=work;PREF=1:ada@lumen.example\n"
                        "TEL;TYPE=home:555 0100\n"
                        "TEL;TYPE=work;PREF=1:+41 44 555 0101\n"
                        "ADR:;;1 Dock Road;Bristol;Avon;BS1 1AA;UK\n"
                        "ADR;TYPE=work;PREF=1:;;Caf\xC3\xA9 L\xC3\xA4ne 2;Z\xC3\xBCrich;ZH;8001;Switzerland\n"
                        "BDAY:19790228\n"
                        "CATEGORIES:Client\n"
                        "REV:20250615T150640Z\n"
                        "END:VCARD\n");
}

static void what_the_grammar_uses_is_escaped(void **state)
{
    struct person p = ada;
    p.company = "Smith, Sons; & \"Co\" \\ Ltd: x";
    assert_has(*state, &p, "ORG:Smith\\, Sons\\; & \"Co\" \\\\ Ltd: x");
    p.title = "one\r\ntwo\nthree\rfour";
    assert_has(*state, &p, "TITLE:one\\ntwo\\nthree\\nfour");
    p.title = "bell\x07here";
    assert_has(*state, &p, "TITLE:bell here");
}

static void long_lines_are_folded_and_no_character_is_cut(void **state)
{
    char text[400];
    for (size_t shift = 0; shift < 5; shift++) {
        size_t n = shift;
        memset(text, 'x', n);
        while (n + 4 < sizeof text) {
            memcpy(text + n, "\xF0\x9F\x8E\xAD", 4);
            n += 4;
        }
        text[n] = '\0';
        struct person p = ada;
        char line[sizeof text + 10];
        p.title = text;
        (void)snprintf(line, sizeof line, "TITLE:%s", text);
        assert_has(*state, &p, line);
    }
}

static void a_text_of_every_alphabet_comes_back(void **state)
{
    for (size_t i = 0; i < ARRAY_LENGTH(awkward); i++) {
        struct person p = ada;
        p.title = awkward[i];
        CLEANUP_FREE char *card = card_of(*state, &p);
        CLEANUP_FREE char *lines = unfold(card);
        assert_non_null(strstr(lines, "\nEND:VCARD\n"));
    }
}

static void a_company_is_an_organization(void **state)
{
    const struct person p = {.contact_id = "c-1", .name = "Big Crane", .type = "Company", .data = "{}"};
    assert_has(*state, &p, "KIND:org");
    assert_has(*state, &p, "N:;;;;");
    assert_has(*state, &p, "ORG:Big Crane");
}

static void there_is_a_full_name_in_any_case(void **state)
{
    struct person p = {.contact_id = "c-1", .first_name = "Ada", .last_name = "Abbott", .data = "{}"};
    assert_has(*state, &p, "FN:Ada Abbott");
    p.first_name = NULL;
    assert_has(*state, &p, "FN:Abbott");
    p.last_name = "  ";
    assert_has(*state, &p, "FN:c-1");
    p.mail = "ada@lumen.example";
    assert_has(*state, &p, "FN:ada@lumen.example");
}

static void of_a_contact_that_only_the_listing_told_of_there_is_a_short_card(void **state)
{
    const struct person p = {
        .contact_id = "c-1", .name = "Ada", .updated = "2025-06-15 15:06:40", .data = "no json"};
    assert_has(*state, &p, "UID;VALUE=text:c-1");
    assert_lacks(*state, &p, "TEL");
    assert_lacks(*state, &p, "ORG");
}

static void a_birthday_that_is_no_date_is_text(void **state)
{
    struct person p = ada;
    p.birthday = "in May";
    assert_has(*state, &p, "BDAY;VALUE=text:in May");
    p.birthday = "1979-02-28T00:00:00";
    assert_has(*state, &p, "BDAY:19790228");
    p.birthday = NULL;
    assert_lacks(*state, &p, "BDAY");
}

static void phones_tell_what_they_are(void **state)
{
    struct person p = ada;
    p.data =
        "{\"phoneNumbers\":[{\"id\":\"1\",\"name\":\"Mobile (private)\",\"dialNumber\":\"555 0100\"},"
        "{\"id\":\"2\",\"name\":\"Fax\",\"dialNumber\":555010},{\"id\":\"3\",\"name\":\"x\",\"dialNumber\":"
        "\" "
        "\"},{\"id\":\"4\",\"name\":\"Reception\",\"dialNumber\":\"+1 555 0102\",\"countryCode\":\"1\"}]}";
    assert_has(*state, &p, "TEL;TYPE=home:555 0100");
    assert_has(*state, &p, "TEL;TYPE=fax:555010");
    assert_has(*state, &p, "TEL:+1 555 0102");
}

static void a_street_of_several_lines_is_a_list_and_other_names_of_fields_are_read(void **state)
{
    struct person p = ada;
    p.data =
        "{\"addresses\":[{\"id\":\"1\",\"line1\":\"Dock 1, left\",\"line2\":\"Gate B\",\"city\":\"Bristol\","
        "\"state\":\"Avon\",\"zip\":12345},{\"id\":\"2\",\"name\":\"empty\"}]}";
    assert_has(*state, &p, "ADR:;;Dock 1\\, left,Gate B;Bristol;Avon;12345;");
}

static void a_web_address_is_an_uri(void **state)
{
    struct person p = ada;
    p.data = "{\"internetAddresses\":[{\"id\":\"1\",\"url\":\"www.lumen.example/a b?x=1,2;3\"}]}";
    assert_has(*state, &p, "URL:http://www.lumen.example/a%20b?x=1,2;3");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_whole_contact_becomes_this_card),
        TEST(what_the_grammar_uses_is_escaped),
        TEST(long_lines_are_folded_and_no_character_is_cut),
        TEST(a_text_of_every_alphabet_comes_back),
        TEST(a_company_is_an_organization),
        TEST(there_is_a_full_name_in_any_case),
        TEST(of_a_contact_that_only_the_listing_told_of_there_is_a_short_card),
        TEST(a_birthday_that_is_no_date_is_text),
        TEST(phones_tell_what_they_are),
        TEST(a_street_of_several_lines_is_a_list_and_other_names_of_fields_are_read),
        TEST(a_web_address_is_an_uri),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
