/* The tables, views and index of design.md section 3: what other people's queries rest on. */
#include "store_bench.h"

static int open_bench(void **state)
{
    int r = set_up(state);
    open_store(*state);
    return r;
}

/*
 * People ask the views through connections of their own. Ours refuses them: with SQLite 3.40 a schema that is
 * not trusted may not use json_extract(), which later versions take for harmless.
 */
static void assert_view(struct bench *b, const char *sql, const char *expected)
{
    sqlite3 *db = open_raw(b->path);
    char *text = answer_of(db, sql);
    assert_string_equal(text, expected);
    free(text);
    close_raw(db);
}

/* Puts one contact with this flex_data, as a record that came. */
static void put(struct bench *b, const char *key, const char *body)
{
    char *rows = NULL;
    assert_true(asprintf(&rows, "[{\"id\":\"%s\"}]", key) > 0);
    begin_row(b, &entity_contacts);
    stage(b, rows);
    compare_new(b, &entity_contacts);
    answer(b, key, body);
    free(rows);
}

static void contacts_has_the_old_columns_first_and_in_their_order(void **state)
{
    assert_answer(
        *state, "SELECT name, type FROM pragma_table_info('contacts') WHERE cid < 11",
        "id|INTEGER\ncontact_id|TEXT\nfirst_name|TEXT\nlast_name|TEXT\ncontact_type|TEXT\nstatus|TEXT\n"
        "default_bill_to_contact_id|TEXT\npricing_model_id|TEXT\nflex_data|TEXT\ncreated_at|DATETIME\n"
        "updated_at|DATETIME");
}

static void contacts_has_the_further_columns_of_the_design(void **state)
{
    assert_answer(
        *state, "SELECT group_concat(name, ' ') FROM pragma_table_info('contacts') WHERE cid >= 11",
        "name middle_name salutation birthday company job_title email phone city country short_name "
        "preferred_display_string code barcode rfid_tag external_number assigned_number employer_id "
        "credit_limit default_bill_to_contact currency_id standard_discount_id standard_terms_id "
        "standard_tax_rule_id discountable max_discount homebase_location_id corporate_entity_id "
        "associated_user_id flex_created_date flex_last_edit_date created_by_user_id last_edit_user_id "
        "deleted_at");
}

static void the_server_s_id_is_unique_and_never_null(void **state)
{
    struct bench *b = *state;
    exec(b, "INSERT INTO contacts (contact_id) VALUES ('a')");
    assert_int_equal(sqlite3_exec(b->store->db, "INSERT INTO contacts (contact_id) VALUES ('a')", 0, 0, 0),
                     SQLITE_CONSTRAINT_UNIQUE);
    assert_int_equal(sqlite3_exec(b->store->db, "INSERT INTO contacts (contact_id) VALUES (NULL)", 0, 0, 0),
                     SQLITE_CONSTRAINT_NOTNULL);
    exec(b, "DELETE FROM contacts; INSERT INTO contacts (contact_id) VALUES ('b')");
    assert_int_equal(number(b, "SELECT id FROM contacts"), 2); /* no id is given twice */
}

static void sync_log_has_the_columns_of_the_design(void **state)
{
    assert_answer(
        *state, "SELECT group_concat(name, ' ') FROM pragma_table_info('sync_log')",
        "id sync_started_at sync_completed_at records_fetched records_inserted records_updated status "
        "error_message created_at entity trigger strategy records_listed records_expected "
        "records_unchanged records_deleted records_failed requests retries throttled bytes waited_ms "
        "quota_left_hour quota_left_day quota_left_month resumes_at exit_status records_denied");
}

static void contact_changes_has_the_columns_of_the_design(void **state)
{
    assert_answer(*state, "SELECT group_concat(name, ' ') FROM pragma_table_info('contact_changes')",
                  "id contact_id sync_id changed_at kind before after");
}

static void the_further_tables_and_views_exist(void **state)
{
    assert_answer(*state,
                  "SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE"
                  " 'contacts_fts_%' AND type IN ('table', 'view') ORDER BY type, name",
                  "table|contact_audits\ntable|contact_changes\ntable|contact_counts\ntable|contact_"
                  "state\ntable|contacts\ntable|"
                  "contacts_fts\n"
                  "table|detail_queue\ntable|listing_kept\ntable|meta\ntable|resource_type_state\ntable|"
                  "resource_types\n"
                  "table|sync_log\nview|contact_addresses\nview|contact_emails\nview|contact_phones\n"
                  "view|contact_resource_types");
}

static void the_queue_keeps_what_a_stop_must_not_cost(void **state)
{
    assert_answer(*state, "SELECT group_concat(name, ' ') FROM pragma_table_info('detail_queue')",
                  "id reason due_at attempts last_error");
}

static void the_views_have_the_columns_of_the_design(void **state)
{
    static const char *const views[][2] = {
        {"contact_emails", "contact_id name email is_default"},
        {"contact_phones", "contact_id name country_code area_code dial_number is_default"},
        {"contact_addresses", "contact_id name line1 line2 line3 city state postal_code country is_default"},
        {"contact_resource_types", "contact_id resource_type_id name"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(views); i++) {
        char sql[SQL_TEXT];
        (void)snprintf(sql, sizeof sql, "SELECT group_concat(name, ' ') FROM pragma_table_info('%s')",
                       views[i][0]);
        assert_view(*state, sql, views[i][1]);
    }
}

static void emails_are_those_with_an_at_sign(void **state)
{
    struct bench *b = *state;
    put(b, "a",
        "{\"id\":\"a\",\"defaultEmailId\":\"2\",\"internetAddresses\":["
        "{\"id\":\"1\",\"name\":\"Home\",\"url\":\"h@x.example\",\"defaultEmail\":true},"
        "{\"id\":\"2\",\"name\":\"Work\",\"url\":\"w@x.example\",\"defaultEmail\":false},"
        "{\"id\":\"3\",\"name\":\"Web\",\"url\":\"https://x.example\"},null,7,{\"id\":\"4\",\"url\":null}]}");
    assert_view(b, "SELECT * FROM contact_emails", "a|Home|h@x.example|0\na|Work|w@x.example|1");
    assert_answer(b, "SELECT email FROM contacts", "w@x.example");
}

static void without_a_named_default_the_flag_tells(void **state)
{
    struct bench *b = *state;
    put(b, "a",
        "{\"id\":\"a\",\"defaultPhoneId\":null,\"phoneNumbers\":["
        "{\"id\":\"1\",\"name\":\"Home\",\"dialNumber\":\"111\",\"countryCode\":\"49\",\"areaCode\":\"30\"},"
        "{\"id\":\"2\",\"name\":\"Work\",\"dialNumber\":\"222\",\"countryCode\":null,\"defaultPhone\":true}]"
        "}");
    assert_view(b, "SELECT * FROM contact_phones", "a|Home|49|30|111|0\na|Work|-|-|222|1");
    assert_answer(b, "SELECT phone FROM contacts", "222");
}

/* The view and the column tell of the same entry. */
static void a_default_that_names_nobody_leaves_it_to_the_flag(void **state)
{
    struct bench *b = *state;
    put(b, "a",
        "{\"id\":\"a\",\"defaultEmailId\":\"9\",\"internetAddresses\":["
        "{\"id\":\"1\",\"url\":\"h@x.example\"},{\"id\":\"2\",\"url\":\"w@x.example\",\"defaultEmail\":true}]"
        "}");
    assert_answer(b, "SELECT email FROM contacts", "w@x.example");
    assert_view(b, "SELECT email, is_default FROM contact_emails", "h@x.example|0\nw@x.example|1");
}

static void addresses_know_both_names_of_state_and_postal_code(void **state)
{
    struct bench *b = *state;
    put(b, "a",
        "{\"id\":\"a\",\"defaultMailingAddressId\":\"2\",\"addresses\":["
        "{\"id\":\"1\",\"name\":\"Old\",\"line1\":\"l1\",\"line2\":\"l2\",\"line3\":\"l3\",\"city\":\"Bern\","
        "\"state\":\"BE\",\"zip\":\"3000\",\"country\":\"CH\"},"
        "{\"id\":\"2\",\"name\":\"New\",\"city\":\"Z\xC3\xBCrich\",\"stateOrProvince\":\"ZH\","
        "\"postalCode\":\"8001\",\"state\":null}]}");
    assert_view(b, "SELECT * FROM contact_addresses",
                "a|Old|l1|l2|l3|Bern|BE|3000|CH|0\na|New|-|-|-|Z\xC3\xBCrich|ZH|8001|-|1");
}

static void resource_types_of_a_contact_are_rows(void **state)
{
    struct bench *b = *state;
    put(b, "a",
        "{\"id\":\"a\",\"resourceTypes\":[{\"id\":\"r1\",\"name\":\"Client\"},{\"id\":\"r2\",\"name\":"
        "\"Venue\"}]}");
    assert_view(b, "SELECT * FROM contact_resource_types", "a|r1|Client\na|r2|Venue");
}

static void odd_flex_data_breaks_no_view(void **state)
{
    struct bench *b = *state;
    put(b, "good",
        "{\"id\":\"good\",\"internetAddresses\":[{\"url\":\"g@x.example\"}],\"phoneNumbers\":[{"
        "\"dialNumber\":\"1\"}],"
        "\"addresses\":[{\"city\":\"Bern\"}],\"resourceTypes\":[{\"id\":\"r\"}]}");
    static const char *const odd[] = {
        "NULL",
        "''",
        "'no json'",
        "'[1,2]'",
        "'7'",
        "'null'",
        "'{'",
        "x'ff00'",
        "'{\"internetAddresses\":{\"url\":\"a@b\"},\"phoneNumbers\":\"x\",\"addresses\":1,\"resourceTypes\":"
        "null}'",
        "'{\"internetAddresses\":[[\"a@b\"],\"a@b\"],\"phoneNumbers\":[1],\"addresses\":[null],"
        "\"resourceTypes\":[[]]}'",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(odd); i++) {
        char sql[SQL_TEXT];
        (void)snprintf(sql, sizeof sql, "INSERT INTO contacts (contact_id, flex_data) VALUES ('odd-%zu', %s)",
                       i, odd[i]);
        exec(b, sql);
    }
    assert_view(b, "SELECT contact_id FROM contact_emails", "good");
    assert_view(b, "SELECT contact_id FROM contact_phones", "good");
    assert_view(b, "SELECT contact_id FROM contact_addresses", "good");
    assert_view(b, "SELECT contact_id FROM contact_resource_types", "good");
    assert_view(b, "SELECT count(*) FROM contact_emails WHERE is_default", "0");
}

static void found(struct bench *b, const char *query, const char *keys)
{
    char sql[SQL_TEXT];
    (void)snprintf(sql, sizeof sql,
                   "SELECT contact_id FROM contacts_fts f JOIN contacts c ON c.id = f.rowid WHERE "
                   "contacts_fts MATCH '%s'"
                   " ORDER BY c.id",
                   query);
    assert_answer(b, sql, keys);
}

static void the_index_finds_prefixes_and_ignores_accents_and_case(void **state)
{
    struct bench *b = *state;
    put(b, "a",
        "{\"id\":\"a\",\"name\":\"Ren\xC3\xA9 Zo\xC3\xABga\",\"company\":\"\xC3\x89"
        "clair\"}");
    put(b, "b", "{\"id\":\"b\",\"name\":\"Renate\",\"jobTitle\":\"Rigger\"}");
    found(b, "rene", "a");
    found(b, "ren*", "a\nb");
    found(b, "ECLAIR", "a");
    found(b, "rigger", "b");
    found(b, "name: rigger", "");
}

static void the_index_follows_updates(void **state)
{
    struct bench *b = *state;
    put(b, "a", "{\"id\":\"a\",\"name\":\"Before\"}");
    found(b, "before", "a");
    assert_done(b, store_queue_all(b->store, &entity_contacts, b->now, &b->err));
    answer(b, "a", "{\"id\":\"a\",\"name\":\"After\"}");
    found(b, "before", "");
    found(b, "after", "a");
    assert_sound(b);
}

static void removing_a_contact_removes_its_state_and_its_place_in_the_queue(void **state)
{
    struct bench *b = *state;
    list_rows(b, &entity_contacts, "[{\"id\":\"a\"},{\"id\":\"b\"}]");
    exec(b, "DELETE FROM contacts WHERE contact_id = 'a'");
    assert_int_equal(number(b, "SELECT count(*) FROM contact_state"), 1);
    assert_int_equal(number(b, "SELECT count(*) FROM detail_queue"), 1);
}

static int64_t counted(struct bench *b, const char *what)
{
    char sql[SQL_TEXT];
    (void)snprintf(sql, sizeof sql, "SELECT count FROM contact_counts WHERE what = '%s'", what);
    return number(b, sql);
}

static void what_is_counted_follows_whoever_writes(void **state)
{
    struct bench *b = *state;
    static const char *const writings[] = {
        "INSERT INTO contacts (id, contact_id) VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')",
        ("INSERT INTO contact_state (id, content_hash, presence) VALUES (1, NULL, 0), (2, 7, 2), (3, NULL, "
         "2),"
         " (4, NULL, 1)"),
        ("INSERT INTO detail_queue (id, reason, due_at, attempts) VALUES (1, 'new', 'x', 0), (2, 'full', 'x',"
         " 3), (4, 'feed', 'x', 0)"),
        "UPDATE contact_state SET content_hash = 5, presence = 0",
        "UPDATE contact_state SET content_hash = NULL, presence = id % 3",
        "UPDATE contact_state SET listed_at = 'x'",
        "UPDATE detail_queue SET attempts = attempts + 1",
        "UPDATE detail_queue SET attempts = 0, reason = 'audit' WHERE id <> 2",
        ("INSERT INTO detail_queue (id, reason, due_at) VALUES (1, 'asked', 'x') ON CONFLICT (id) DO UPDATE"
         " SET reason = excluded.reason"),
        "BEGIN; DELETE FROM contact_state; DELETE FROM detail_queue; ROLLBACK",
        "DELETE FROM contacts WHERE id = 1", /* its state and its place in the queue go with it */
        "DELETE FROM detail_queue",
        "DELETE FROM contact_state WHERE id > 2",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(writings); i++) {
        exec(b, writings[i]);
        assert_counted(b->store->db);
    }
    assert_int_equal(counted(b, "gone"), 1);
    exec(b, "UPDATE contact_state SET content_hash = 1");
    assert_int_equal(counted(b, "whole"), 1);
    assert_int_equal(number(b, "SELECT total(count) FROM contact_counts"), 1);
}

static void an_older_database_is_counted_when_it_is_brought_up_to_date(void **state)
{
    struct bench *b = *state;
    list_rows(b, &entity_contacts, "[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"}]");
    answer(b, "a", "{\"id\":\"a\",\"organization\":false}");
    b->store = store_close(b->store);
    static const char older[] =
        "DROP TABLE contact_counts; DROP TRIGGER contact_state_inserted; DROP TRIGGER contact_state_deleted;"
        "DROP TRIGGER contact_state_updated; DROP TRIGGER detail_queue_inserted;"
        "DROP TRIGGER detail_queue_deleted; DROP TRIGGER detail_queue_updated;"
        "DROP INDEX contact_state_checked; DROP INDEX sync_log_entity; DROP INDEX sync_log_listed;"
        "ALTER TABLE sync_log DROP COLUMN exit_status; DROP TABLE listing_kept;"
        "DROP INDEX detail_queue_answered; ALTER TABLE sync_log DROP COLUMN records_denied;"
        "ALTER TABLE contact_state DROP COLUMN missing; ALTER TABLE contact_state DROP COLUMN missing_at;"
        "ALTER TABLE contact_state DROP COLUMN merged_into;"
        "ALTER TABLE resource_type_state DROP COLUMN missing;"
        "ALTER TABLE resource_type_state DROP COLUMN missing_at;"
        "ALTER TABLE resource_type_state DROP COLUMN merged_into; PRAGMA user_version = 2";
    make_raw(b, older);
    open_store(b);
    assert_int_equal(counted(b, "whole"), 1);
    assert_int_equal(counted(b, "unfetched"), 2);
    assert_int_equal(counted(b, "waiting: new"), 2);
    answer(b, "b", "{\"id\":\"b\",\"organization\":false}");
    assert_int_equal(counted(b, "waiting: new"), 1); /* and is counted on; the end of each test looks */
}

/* What a status asks takes as long with many rows as with few. */
static void a_status_reads_through_no_table(void **state)
{
    struct bench *b = *state;
    static const char *const queries[] = {
        "SELECT min(checked) FROM contact_state WHERE watched_since IS NOT NULL AND presence <> 2",
        "SELECT count(*) FROM contacts WHERE status = 'Inactive'",
        "SELECT id FROM sync_log WHERE entity = 'contacts' AND status <> 'running' ORDER BY id DESC LIMIT 1",
        ("SELECT id FROM sync_log WHERE entity = 'contacts' AND records_listed IS NOT NULL AND"
         " records_expected IS NOT NULL ORDER BY id DESC LIMIT 1")};
    for (size_t i = 0; i < ARRAY_LENGTH(queries); i++) {
        char sql[SQL_TEXT];
        (void)snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", queries[i]);
        char *plan = answer_of(b->store->db, sql);
        if (strstr(plan, "SCAN") || strstr(plan, "TEMP B-TREE") || !strstr(plan, "SEARCH"))
            fail_msg("%s: %s", queries[i], plan);
        free(plan);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, tear_down)

/* With the database closed: what another program did to it. */
static void spoil(struct bench *b, const char *sql)
{
    b->store = store_close(b->store);
    make_raw(b, sql);
}

/* Nobody opens it, and every one says the same. */
static void assert_refused(struct bench *b, enum error_code code, const char *said)
{
    for (int mode = STORE_WRITE; mode <= STORE_TRIAL; mode++) {
        assert_failed(b, store_open(&b->store, b->path, (enum store_mode)mode, b->now, NULL, &b->err), code);
        if (!strstr(b->err.text, said))
            fail_msg("mode %d: %s", mode, b->err.text);
        assert_null(b->store);
    }
}

static void a_version_that_never_was_is_refused(void **state)
{
    static const char *const versions[] = {"PRAGMA user_version = -1", "PRAGMA user_version = -2147483648"};
    struct bench *b = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(versions); i++) {
        spoil(b, versions[i]);
        assert_refused(b, ERROR_STORE_CORRUPT, "which this program never wrote; it was left as it is");
    }
}

static void a_database_made_of_a_dump_is_known_and_left_as_it_is(void **state)
{
    struct bench *b = *state;
    spoil(b, "PRAGMA user_version = 0; PRAGMA application_id = 0");
    assert_refused(b, ERROR_STORE_CORRUPT, "was made of the output of .dump");
    make_raw(b, "PRAGMA application_id = 1181513811");
    assert_refused(b, ERROR_STORE_CORRUPT, "was made of the output of .dump");
}

/* Of every version, with a table of that name that is the owner's own: an error, and no crash. */
static void a_state_table_of_the_owner_is_an_error(void **state)
{
    static const char *const spoilt[] = {
        "DROP TABLE contact_state; CREATE TABLE contact_state (x)", "PRAGMA user_version = 3",
        "PRAGMA user_version = 2", "PRAGMA user_version = 1", "DROP TABLE meta; PRAGMA user_version = 4"};
    struct bench *b = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(spoilt); i++) {
        struct store_known known;
        spoil(b, spoilt[i]);
        int r = store_open(&b->store, b->path, STORE_WRITE, b->now, NULL, &b->err);
        if (r == 0)
            r = store_lookup(b->store, &entity_contacts, 1, &known, &b->err);
        assert_int_equal(r, -1);
        if (!strstr(b->err.text, "flexsync restore FILE") &&
            !strstr(b->err.text, "this program needs that name"))
            fail_msg("%s: %s", spoilt[i], b->err.text);
    }
    b->store = store_close(b->store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(contacts_has_the_old_columns_first_and_in_their_order),
        TEST(contacts_has_the_further_columns_of_the_design),
        TEST(the_server_s_id_is_unique_and_never_null),
        TEST(sync_log_has_the_columns_of_the_design),
        TEST(contact_changes_has_the_columns_of_the_design),
        TEST(the_further_tables_and_views_exist),
        TEST(the_queue_keeps_what_a_stop_must_not_cost),
        TEST(the_views_have_the_columns_of_the_design),
        TEST(emails_are_those_with_an_at_sign),
        TEST(without_a_named_default_the_flag_tells),
        TEST(a_default_that_names_nobody_leaves_it_to_the_flag),
        TEST(addresses_know_both_names_of_state_and_postal_code),
        TEST(resource_types_of_a_contact_are_rows),
        TEST(odd_flex_data_breaks_no_view),
        TEST(the_index_finds_prefixes_and_ignores_accents_and_case),
        TEST(the_index_follows_updates),
        TEST(removing_a_contact_removes_its_state_and_its_place_in_the_queue),
        TEST(what_is_counted_follows_whoever_writes),
        TEST(an_older_database_is_counted_when_it_is_brought_up_to_date),
        TEST(a_version_that_never_was_is_refused),
        TEST(a_database_made_of_a_dump_is_known_and_left_as_it_is),
        TEST(a_state_table_of_the_owner_is_an_error),
        TEST(a_status_reads_through_no_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
