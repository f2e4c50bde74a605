/* What people ask: filters, the search, changes, rows. */
#include "flexsync/read.h"

#include "store_bench.h"

#define ADA                                                                                                  \
    "{\"id\":\"a\",\"name\":\"Ada M\xC3\xBCller\",\"firstName\":\"Ada\",\"lastName\":\"M\xC3\xBCller\","     \
    "\"organization\":false,\"company\":\"Lumen\",\"phoneNumbers\":[{\"id\":\"1\",\"dialNumber\":\"555 "     \
    "0100\"}],\"addresses\":[{\"id\":\"1\",\"city\":\"Z\xC3\xBCrich\"}],\"resourceTypes\":[{\"id\":\"1\","   \
    "\"name\":\"Vendor\",\"namePlural\":\"Vendors\"}]}"
#define BEA                                                                                                  \
    "{\"id\":\"b\",\"name\":\"bea\",\"organization\":true,\"internetAddresses\":[{\"id\":\"1\",\"url\":"     \
    "\"bea@mueller.example\"}],\"resourceTypes\":[\"odd\",null,{\"name\":\"Venue\"}],"                       \
    "\"narrativeDescription\":\"x\"}"
#define CAI "{\"id\":\"c\",\"name\":\"Cai \\\"=1+1\\\" OR NEAR\",\"organization\":false,\"deleted\":true}"

static int open_bench(void **state)
{
    int r = set_up(state);
    struct bench *b = *state;
    open_store(b);
    list_rows(b, &entity_contacts,
              "[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"},{\"id\":\"d\",\"name\":\"Dov\"}]");
    answer(b, "a", ADA);
    answer(b, "b", BEA);
    b->now += USEC_PER_DAY;
    answer(b, "c", CAI);
    return r;
}

/* Names and the like, one after another. */
struct heard {
    char text[1000];
    unsigned count, end_after;
};

static void hear(struct heard *heard, const char *text)
{
    size_t length = strlen(heard->text);
    (void)snprintf(heard->text + length, sizeof heard->text - length, "%s%s", length ? "|" : "",
                   text ? text : "-");
    heard->count++;
}

static int hear_contact(void *arg, const struct read_contact *contact)
{
    struct heard *heard = arg;
    hear(heard, contact->contact_id);
    return heard->count == heard->end_after;
}

static void assert_listed(struct bench *b, const struct read_filter *filter, unsigned limit,
                          const char *expected)
{
    struct heard heard = {.count = 0};
    assert_done(b, read_contacts(b->store, filter, limit, hear_contact, &heard, &b->err));
    assert_string_equal(heard.text, expected);
}

static void contacts_are_listed_by_name_without_regard_to_case(void **state)
{
    struct bench *b = *state;
    assert_listed(b, &(struct read_filter){.active = false}, 0, "a|b|c|d");
    assert_listed(b, &(struct read_filter){.active = true}, 0, "a|b|d");
    assert_listed(b, &(struct read_filter){.active = false}, 2, "a|b");
}

static void a_callback_can_end_the_list(void **state)
{
    struct bench *b = *state;
    struct heard heard = {.end_after = 2};
    assert_done(
        b, read_contacts(b->store, &(struct read_filter){.active = false}, 0, hear_contact, &heard, &b->err));
    assert_string_equal(heard.text, "a|b");
}

static void a_type_is_a_company_or_what_the_contact_is(void **state)
{
    struct bench *b = *state;
    assert_listed(b, &(struct read_filter){.type = "company"}, 0, "b");
    assert_listed(b, &(struct read_filter){.type = "Individual"}, 0, "a|c");
    assert_listed(b, &(struct read_filter){.type = "vendor"}, 0, "a");
    assert_listed(b, &(struct read_filter){.type = "Vendors"}, 0, "a");
    assert_listed(b, &(struct read_filter){.type = "Venue"}, 0, "b");
    assert_listed(b, &(struct read_filter){.type = "x' OR 1"}, 0, "");
}

static void what_they_must_have_is_a_column_or_a_list(void **state)
{
    struct bench *b = *state;
    assert_listed(b, &(struct read_filter){.has = "email"}, 0, "b");
    assert_listed(b, &(struct read_filter){.has = "phone,address"}, 0, "a");
    assert_listed(b, &(struct read_filter){.has = "note"}, 0, "b");
    assert_listed(b, &(struct read_filter){.has = "email,phone"}, 0, "");
    struct heard heard = {.count = 0};
    assert_failed(
        b, read_contacts(b->store, &(struct read_filter){.has = "emial"}, 0, hear_contact, &heard, &b->err),
        ERROR_USAGE);
    assert_non_null(strstr(b->err.text, "did you mean email?"));
    assert_failed(
        b,
        read_contacts(b->store, &(struct read_filter){.has = "1) OR (1"}, 0, hear_contact, &heard, &b->err),
        ERROR_USAGE);
}

static void since_is_the_last_change_here(void **state)
{
    struct bench *b = *state;
    assert_listed(b, &(struct read_filter){.since = b->now}, 0, "c");
    assert_listed(b, &(struct read_filter){.since = b->now + USEC_PER_SEC}, 0, "");
    assert_listed(b, &(struct read_filter){.since = NOW}, 0, "a|b|c|d");
}

static int hear_row(void *arg, const struct value *values)
{
    hear(arg, values[0].type == VALUE_TEXT ? values[0].text : NULL);
    hear(arg, values[1].type == VALUE_INTEGER ? "number" : "other");
    return 0;
}

static void rows_have_the_columns_asked_for(void **state)
{
    struct bench *b = *state;
    struct heard heard = {.count = 0};
    assert_done(b, read_rows(b->store, (const char *const[]){"company", "id"}, 2,
                             &(struct read_filter){.active = true}, hear_row, &heard, &b->err));
    assert_string_equal(heard.text, "Lumen|number|-|number|-|number");
}

static int hear_match(void *arg, const struct read_match *match)
{
    hear(arg, match->contact.contact_id);
    return 0;
}

static void assert_found(struct bench *b, const char *text, const char *expected, int64_t expected_total)
{
    struct heard heard = {.count = 0};
    int64_t total = -1;
    char *texts[] = {(char *)(uintptr_t)text};
    assert_done(b, read_search(b->store, texts, 1, false, 10, hear_match, &heard, &total, &b->err));
    assert_string_equal(heard.text, expected);
    assert_int_equal(total, expected_total);
}

static void the_search_knows_neither_case_nor_accents_and_takes_beginnings(void **state)
{
    struct bench *b = *state;
    assert_found(b, "muller", "a", 1);
    assert_found(b, "M\xC3\x9CLL", "a", 1);
    assert_found(b, "zurich", "a", 1);
    assert_found(b, "m", "a|b", 2);
    assert_found(b, "ada lum", "a", 1);
    assert_found(b, "ada mueller", "", 0);
    assert_found(b, "bea@mueller", "b", 1);
    assert_found(b, "555 0100", "a", 1);
}

static void no_text_is_an_error_of_syntax(void **state)
{
    struct bench *b = *state;
    static const char *const texts[] = {
        "\"",       "\"\"",      "*",          "a*",    "a OR", "NEAR(", "NEAR(a b, 2)", "name:",
        "name : x", "-name : x", "^a",         "a + b", "(",    ")",     "a AND",        "NOT",
        "NOT a",    "{name}",    "{name} : a", "'",     "a'b",  ";",     "--",           "\xff\xfe",
        "\x01",     "+",         "\\",         "a\"b",  "=1+1"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct heard heard = {.count = 0};
        int64_t total = -1;
        char *words[] = {(char *)(uintptr_t)texts[i], (char *)(uintptr_t) "cai"};
        assert_done(b, read_search(b->store, words, 2, false, 10, hear_match, &heard, &total, &b->err));
        assert_true(total >= 0);
    }
    assert_found(b, "OR near", "c", 1);
    assert_found(b, "\"=1+1\"", "c", 1);
    assert_found(b, "- cai", "c", 1); /* what has no letter is passed over */
}

static void nothing_and_too_much_to_look_for_are_refused(void **state)
{
    struct bench *b = *state;
    struct heard heard = {.count = 0};
    int64_t total = 0;
    char *nothing[] = {(char *)(uintptr_t) "", (char *)(uintptr_t) " \t"};
    assert_failed(b, read_search(b->store, nothing, 2, false, 10, hear_match, &heard, &total, &b->err),
                  ERROR_USAGE);
    char text[READ_SEARCH_TEXT_MAX + 2];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    char *texts[] = {text};
    assert_failed(b, read_search(b->store, texts, 1, false, 10, hear_match, &heard, &total, &b->err),
                  ERROR_USAGE);
    for (size_t i = 1; i < sizeof text - 1; i += 2)
        text[i] = ' ';
    assert_failed(b, read_search(b->store, texts, 1, false, 10, hear_match, &heard, &total, &b->err),
                  ERROR_USAGE);
    text[2 * READ_SEARCH_WORDS_MAX] = '\0';
    assert_done(b, read_search(b->store, texts, 1, false, 10, hear_match, &heard, &total, &b->err));
    assert_int_equal(heard.count, 0);
}

static int hear_marks(void *arg, const struct read_match *match)
{
    for (size_t i = 0; i < entity_contacts.search_count; i++)
        if (match->matched[i]) {
            hear(arg, entity_contacts.search[i]);
            hear(arg, match->matched[i]);
        }
    return 0;
}

static void it_tells_what_matched(void **state)
{
    struct bench *b = *state;
    struct heard heard = {.count = 0};
    int64_t total = 0;
    char *texts[] = {(char *)(uintptr_t) "mull"};
    assert_done(b, read_search(b->store, texts, 1, false, 10, hear_marks, &heard, &total, &b->err));
    assert_string_equal(heard.text, "name|Ada \x01M\xC3\xBCller\x02|last_name|\x01M\xC3\xBCller\x02");
}

static void names_come_before_other_matches_and_the_inactive_can_be_left_out(void **state)
{
    struct bench *b = *state;
    list_rows(
        b, &entity_contacts,
        "[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"},{\"id\":\"d\",\"name\":\"Dov\"},{\"id\":\"e\"}]");
    answer(b, "e", "{\"id\":\"e\",\"name\":\"Eva\",\"jobTitle\":\"Cai\",\"company\":\"Cairn\"}");
    assert_found(b, "cai", "c|e", 2);
    struct heard heard = {.count = 0};
    int64_t total = 0;
    char *texts[] = {(char *)(uintptr_t) "cai"};
    assert_done(b, read_search(b->store, texts, 1, true, 10, hear_match, &heard, &total, &b->err));
    assert_string_equal(heard.text, "e");
    assert_int_equal(total, 1);
    assert_done(b, read_search(b->store, texts, 1, false, 1, hear_match, &heard, &total, &b->err));
    assert_int_equal(total, 2);
}

static void of_too_many_those_with_the_word_in_their_name_are_shown(void **state)
{
    struct bench *b = *state;
    exec(b, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
            " INSERT INTO contacts (contact_id, city, name) SELECT 'n' || i, 'Castle', iif(i = 1999, "
            "'Castle', 'x')"
            " FROM n");
    exec(b, "INSERT INTO contact_state (id) SELECT id FROM contacts WHERE contact_id GLOB 'n*'");
    exec(b, "INSERT INTO contacts_fts (contacts_fts) VALUES ('rebuild')");
    assert_found(b, "castle", "n1999|n1|n2|n3|n4|n5|n6|n7|n8|n9", 2000);
    exec(b, "INSERT INTO contacts (contact_id, city) VALUES ('m', 'Castle')");
    exec(b, "INSERT INTO contacts_fts (contacts_fts) VALUES ('rebuild')");
    assert_found(b, "castle", "n1999", SYNC_UNKNOWN);
    exec(b, "UPDATE contacts SET name = NULL WHERE contact_id = 'n1999'");
    exec(b, "INSERT INTO contacts_fts (contacts_fts) VALUES ('rebuild')");
    assert_found(b, "castle", "n1|n2|n3|n4|n5|n6|n7|n8|n9|n10", SYNC_UNKNOWN);
}

static int hear_change(void *arg, const struct read_change *change)
{
    hear(arg, change->contact_id);
    hear(arg, change->kind);
    return 0;
}

static void assert_changes(struct bench *b, const char *id, int64_t since, unsigned limit,
                           const char *expected)
{
    struct heard heard = {.count = 0};
    assert_done(b, read_changes(b->store, id, since, limit, hear_change, &heard, &b->err));
    assert_string_equal(heard.text, expected);
}

static void changes_come_newest_first_of_all_or_of_one(void **state)
{
    struct bench *b = *state;
    b->now += USEC_PER_DAY;
    begin_row(b, &entity_contacts);
    assert_done(b, store_queue_all(b->store, &entity_contacts, b->now, &b->err));
    answer(b, "a", "{\"id\":\"a\",\"name\":\"Ada\"}");
    assert_changes(b, NULL, 0, 2, "a|changed|d|inserted");
    assert_changes(b, "a", 0, 0, "a|changed|a|inserted");
    assert_changes(b, "1", 0, 0, "a|changed|a|inserted"); /* by its number */
    assert_changes(b, NULL, b->now, 0, "a|changed");
    assert_changes(b, "nobody", 0, 0, "");
}

static int hear_state(void *arg, const struct read_state *s)
{
    hear(arg, s->checked_at ? "checked" : "not checked");
    hear(arg, s->waiting);
    hear(arg, s->employer);
    return 0;
}

static void the_state_tells_when_it_was_checked_and_who_the_employer_is(void **state)
{
    struct bench *b = *state;
    struct heard heard = {.count = 0};
    exec(b, "UPDATE contacts SET employer_id = 'b' WHERE contact_id = 'a'");
    assert_int_equal(read_state(b->store, id_of(b, "a"), hear_state, &heard, &b->err), 1);
    assert_int_equal(read_state(b->store, id_of(b, "d"), hear_state, &heard, &b->err), 1);
    assert_int_equal(read_state(b->store, 4711, hear_state, &heard, &b->err), 0);
    assert_string_equal(heard.text, "checked|-|bea|not checked|new|-");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(contacts_are_listed_by_name_without_regard_to_case),
        TEST(a_callback_can_end_the_list),
        TEST(a_type_is_a_company_or_what_the_contact_is),
        TEST(what_they_must_have_is_a_column_or_a_list),
        TEST(since_is_the_last_change_here),
        TEST(rows_have_the_columns_asked_for),
        TEST(the_search_knows_neither_case_nor_accents_and_takes_beginnings),
        TEST(no_text_is_an_error_of_syntax),
        TEST(nothing_and_too_much_to_look_for_are_refused),
        TEST(it_tells_what_matched),
        TEST(names_come_before_other_matches_and_the_inactive_can_be_left_out),
        TEST(of_too_many_those_with_the_word_in_their_name_are_shown),
        TEST(changes_come_newest_first_of_all_or_of_one),
        TEST(the_state_tells_when_it_was_checked_and_who_the_employer_is),
    };
    return cmocka_run_group_tests_name("read", tests, NULL, NULL);
}
