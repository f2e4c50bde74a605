/* The old tool's database, in both of its forms, taken over in place. */
#include "store_bench.h"

#include "data_contact.h"

#define FIRST_FORM                                                                                           \
    "CREATE TABLE contacts (id INTEGER PRIMARY KEY AUTOINCREMENT, contact_id TEXT UNIQUE NOT NULL, "         \
    "first_name TEXT,"                                                                                       \
    " last_name TEXT, contact_type TEXT, status TEXT, default_bill_to_contact_id TEXT, pricing_model_id "    \
    "TEXT,"                                                                                                  \
    " created_at DATETIME DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME DEFAULT CURRENT_TIMESTAMP, "        \
    "flex_data TEXT);"                                                                                       \
    "CREATE TABLE sync_log (id INTEGER PRIMARY KEY AUTOINCREMENT, sync_started_at DATETIME,"                 \
    " sync_completed_at DATETIME, records_fetched INTEGER DEFAULT 0, records_inserted INTEGER DEFAULT 0,"    \
    " records_updated INTEGER DEFAULT 0, status TEXT, error_message TEXT,"                                   \
    " created_at DATETIME DEFAULT CURRENT_TIMESTAMP);"

/* The later form: another name of the key, and columns of all sorts, some of which are ours by name. */
#define LATER_FORM                                                                                           \
    "CREATE TABLE contacts (id INTEGER PRIMARY KEY AUTOINCREMENT, flex_id TEXT UNIQUE, name TEXT, "          \
    "short_name TEXT,"                                                                                       \
    " company TEXT, first_name TEXT, last_name TEXT, email TEXT, phone TEXT, status TEXT, deleted INTEGER,"  \
    " \"order\" TEXT, \"group\" TEXT, \"select\" TEXT, \"a \"\"quoted\"\" name\" TEXT, \"it's\" TEXT, "      \
    "\"[x]\" TEXT,"                                                                                          \
    " \"\xC3\xBCmlaut\" TEXT, \"semi;colon\" TEXT, \"-- comment\" TEXT, \"name2\" TEXT,"

#define WHOLE(id, name)                                                                                      \
    "{\"id\":\"" id "\",\"name\":\"" name "\",\"firstName\":\"F\",\"organization\":false,\"deleted\":false}"
#define LISTED(id, name)                                                                                     \
    "{\"id\":\"" id "\",\"name\":\"" name "\",\"deleted\":false,\"domainId\":\"contact\"}"

static void make_first(struct bench *b, const char *more)
{
    char *sql = NULL;
    assert_true(asprintf(&sql, FIRST_FORM "%s", more) > 0);
    make_raw(b, sql);
    free(sql);
}

static void make_later(struct bench *b, const char *more)
{
    char *sql = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&sql, &length);
    assert_non_null(out);
    (void)fputs(LATER_FORM, out);
    for (int i = 0; i < 40; i++)
        (void)fprintf(out, " extra_%d %s,", i, i % 2 ? "TEXT" : "REAL DEFAULT 1.5");
    (void)fprintf(out, " created_at TEXT, updated_at TEXT, flex_data TEXT);%s", more);
    assert_int_equal(fclose(out), 0);
    make_raw(b, sql);
    free(sql);
}

static void no_trace_of_the_old_tables(struct bench *b)
{
    assert_answer(b, "SELECT name FROM sqlite_schema WHERE name LIKE '%old_tool%' OR sql LIKE '%old_tool%'",
                  "");
    assert_answer(b, "SELECT name FROM sqlite_sequence WHERE name LIKE '%old_tool%'", "");
    assert_sound(b);
}

static void the_first_form_keeps_rows_ids_and_dates(void **state)
{
    struct bench *b = *state;
    make_first(
        b, "INSERT INTO contacts VALUES (3, 'c', 'Ada', 'Abbott', 'Individual', 'Active', 'bill', 'price',"
           " '2020-01-02 03:04:05', '2021-02-03 04:05:06', NULL),"
           " (7, '" DATA_CONTACT_ID "', 'old', NULL, NULL, NULL, NULL, NULL,"
           " '2020-01-02 03:04:06', '2021-02-03 04:05:07', '" DATA_CONTACT "')");
    open_store(b);
    assert_int_equal(b->migrated, 2);
    assert_answer(
        b,
        "SELECT id, contact_id, first_name, last_name, contact_type, status, default_bill_to_contact_id,"
        " pricing_model_id, created_at, updated_at, flex_data FROM contacts WHERE id = 3",
        "3|c|Ada|Abbott|Individual|Active|bill|price|2020-01-02 03:04:05|2021-02-03 04:05:06|-");
    assert_answer(
        b,
        "SELECT id, contact_id, first_name, email, status, created_at, updated_at FROM contacts WHERE id = 7",
        "7|" DATA_CONTACT_ID "|Ada|ada@lumen.example|Active|2020-01-02 03:04:06|2021-02-03 04:05:07");
    assert_int_equal(number(b, "SELECT count(*) FROM contact_changes"), 0);
    assert_int_equal(number(b, "PRAGMA user_version"), SCHEMA_VERSION);
    no_trace_of_the_old_tables(b);
}

static void the_later_form_keeps_rows_ids_and_dates(void **state)
{
    struct bench *b = *state;
    make_later(
        b, "INSERT INTO contacts (id, flex_id, name, company, email, status, \"order\", extra_1, created_at,"
           " updated_at, flex_data) VALUES (5, 'x', 'Old Name', 'Old Co', 'o@x.example', NULL, 'y', 'z',"
           " '2020-01-02 03:04:05', NULL, NULL),"
           " (6, 'y', 'Stale', 'Stale', 's@x.example', 'Inactive', NULL, NULL, '2020-01-02 03:04:05',"
           " '2021-01-01 00:00:00', '" WHOLE("y", "New") "')");
    open_store(b);
    assert_int_equal(b->migrated, 2);
    assert_answer(
        b, "SELECT id, contact_id, name, company, email, status, created_at FROM contacts ORDER BY id",
        "5|x|Old Name|Old Co|o@x.example|Active|2020-01-02 03:04:05\n"
        "6|y|New|-|-|Active|2020-01-02 03:04:05"); /* columns come from the JSON that the row holds */
    assert_answer(b, "SELECT group_concat(name, ' ') FROM pragma_table_info('contacts') WHERE cid < 3",
                  "id contact_id first_name");
    no_trace_of_the_old_tables(b);
}

static void an_old_database_without_rows_or_log_is_taken_over(void **state)
{
    struct bench *b = *state;
    make_later(b, "");
    open_store(b);
    assert_int_equal(b->migrated, 0);
    list_rows(b, &entity_contacts, "[{\"id\":\"a\"}]");
    no_trace_of_the_old_tables(b);
}

static void the_history_of_syncs_is_kept(void **state)
{
    struct bench *b = *state;
    make_first(b,
               "INSERT INTO sync_log VALUES (1, '2020-01-01 00:00:00', '2020-01-01 00:01:00', 1700, 1600, 4,"
               " 'success', NULL, '2020-01-01 00:00:00'), (9, '2020-01-02 00:00:00', NULL, 0, 0, 0, 'failed',"
               " 'no answer', '2020-01-02 00:00:00')");
    open_store(b);
    assert_answer(
        b,
        "SELECT id, sync_started_at, sync_completed_at, records_fetched, records_inserted, records_updated,"
        " status, error_message, created_at, entity FROM sync_log ORDER BY id",
        "1|2020-01-01 00:00:00|2020-01-01 00:01:00|1700|1600|4|success|-|2020-01-01 00:00:00|contacts\n"
        "9|2020-01-02 00:00:00|-|0|0|0|failed|no answer|2020-01-02 00:00:00|contacts");
    begin_row(b, &entity_contacts);
    assert_int_equal(b->row.id, 10);
}

static void opening_again_takes_nothing_over_again(void **state)
{
    struct bench *b = *state;
    make_first(b, "INSERT INTO contacts (contact_id, flex_data) VALUES ('a', '" WHOLE("a", "Ada") "')");
    open_store(b);
    assert_int_equal(b->migrated, 1);
    char *before = dump_contents(b);
    reopen_store(b);
    assert_int_equal(b->migrated, 0);
    assert_contents(b, before);
    free(before);
}

static void everyone_taken_over_is_asked_for_once(void **state)
{
    struct bench *b = *state;
    make_first(
        b, "INSERT INTO contacts (contact_id, flex_data) VALUES ('a', '" WHOLE("a", "Ada") "'), ('b', NULL)");
    open_store(b);
    assert_answer(b, "SELECT id, reason FROM detail_queue", "1|full\n2|new");
    list_rows(b, &entity_contacts, "[" LISTED("a", "Ada") "," LISTED("b", "Bob") "]");
    assert_answer(b, "SELECT id, reason FROM detail_queue", "1|full\n2|new");
    assert_int_equal(b->row.counts.inserted + b->row.counts.updated, 0);
}

/* What the old tool stored as text of its own is the same record, and no change. */
static void a_whole_record_that_is_still_so_is_unchanged(void **state)
{
    struct bench *b = *state;
    make_first(b, "INSERT INTO contacts (contact_id, status, updated_at, flex_data) VALUES ('a', 'Active',"
                  " '2021-02-03 04:05:06', '{ \"name\": \"Ada\", \"id\": \"a\", \"organization\": false }')");
    open_store(b);
    begin_row(b, &entity_contacts);
    answer(b, "a", "{\"id\":\"a\",\"name\":\"Ada\",\"organization\":false}");
    assert_int_equal(b->row.counts.unchanged, 1);
    assert_answer(b, "SELECT updated_at FROM contacts", "2021-02-03 04:05:06");
}

static void a_whole_record_that_is_another_now_has_changed(void **state)
{
    struct bench *b = *state;
    make_first(b, "INSERT INTO contacts (contact_id, flex_data) VALUES ('a', '" WHOLE("a", "Ada") "')");
    open_store(b);
    begin_row(b, &entity_contacts);
    answer(b, "a", WHOLE("a", "Eda"));
    assert_int_equal(b->row.counts.updated, 1);
    assert_answer(b, "SELECT kind, before, after FROM contact_changes",
                  "changed|{\"name\":\"Ada\"}|{\"name\":\"Eda\"}");
}

/* It was not fetched yet, whatever the old tool called it: neither whole, nor changed when it comes. */
static void one_without_a_whole_record_is_completed_by_its_first(void **state)
{
    struct bench *b = *state;
    static const char *const data[] = {
        "NULL", "''", "'not JSON'", "'[1]'", "'{\"id\":\"other\"}'", "'" LISTED("a", "Ada") "'"};
    for (size_t i = 0; i < ARRAY_LENGTH(data); i++) {
        char sql[SQL_TEXT];
        (void)snprintf(
            sql, sizeof sql,
            "INSERT INTO contacts (contact_id, first_name, status, flex_data) VALUES ('a', 'Old', NULL, %s)",
            data[i]);
        make_first(b, sql);
        open_store(b);
        assert_int_equal(b->migrated, 1);
        assert_answer(b, "SELECT status, content_hash FROM contacts JOIN contact_state USING (id)",
                      "Active|-");
        begin_row(b, &entity_contacts);
        answer(b, "a", WHOLE("a", "Ada"));
        assert_int_equal(b->row.counts.updated, 0);
        assert_int_equal(b->row.counts.fetched, 1);
        assert_answer(b, "SELECT first_name, name, flex_data FROM contacts", "F|Ada|" WHOLE("a", "Ada"));
        assert_int_equal(number(b, "SELECT count(*) FROM contact_changes"), 0);
        assert_sound(b);
        b->store = store_close(b->store);
        remove_files(b->directory);
    }
}

static void an_inactive_one_has_a_date_of_that(void **state)
{
    struct bench *b = *state;
    make_first(b,
               "INSERT INTO contacts (contact_id, status, updated_at, flex_data) VALUES"
               " ('a', NULL, '2021-02-03 04:05:06', '{\"id\":\"a\",\"deleted\":true,\"organization\":true}'),"
               " ('b', 'Inactive', '2021-02-03 04:05:07', NULL),"
               " ('c', 'Active', '2021-02-03 04:05:08', NULL)");
    open_store(b);
    assert_answer(b, "SELECT contact_id, status, deleted_at FROM contacts ORDER BY id",
                  "a|Inactive|2021-02-03 04:05:06\nb|Inactive|2021-02-03 04:05:07\nc|Active|-");
}

static void rows_without_an_id_stay_in_the_old_table(void **state)
{
    struct bench *b = *state;
    make_later(b,
               "INSERT INTO contacts (id, flex_id, name) VALUES (1, 'a', 'A'), (2, NULL, 'B'), (3, '', 'C')");
    open_store(b);
    assert_int_equal(b->migrated, 1);
    assert_answer(b, "SELECT id, contact_id FROM contacts", "1|a");
    assert_answer(b, "SELECT name FROM contacts_of_the_old_tool WHERE id > 1 ORDER BY id", "B\nC");
    reopen_store(b);
    assert_int_equal(b->migrated, 0);
    assert_sound(b);
}

/* A form without a promise of uniqueness. */
static void an_id_twice_is_taken_over_once_and_the_other_kept(void **state)
{
    struct bench *b = *state;
    make_raw(b, "CREATE TABLE contacts (id INTEGER PRIMARY KEY, flex_id TEXT, name TEXT, flex_data TEXT);"
                "INSERT INTO contacts (id, flex_id, name) VALUES (1, 'a', 'older'), (2, 'b', 'B'), (3, 'a', "
                "'newer')");
    open_store(b);
    assert_int_equal(b->migrated, 2);
    assert_answer(b, "SELECT id, contact_id, name FROM contacts ORDER BY id", "2|b|B\n3|a|newer");
    assert_int_equal(number(b, "SELECT count(*) FROM contacts_of_the_old_tool"), 3);
}

static void no_id_of_the_old_table_is_given_again(void **state)
{
    struct bench *b = *state;
    make_first(b, "INSERT INTO contacts (id, contact_id) VALUES (5, 'a'), (90, 'b'); DELETE FROM contacts "
                  "WHERE id = 90");
    open_store(b);
    list_rows(b, &entity_contacts, "[{\"id\":\"a\"},{\"id\":\"n\"}]");
    assert_answer(b, "SELECT id FROM contacts ORDER BY id", "5\n91");
}

/* A trigger would fire at what a sync writes, a rule could refuse it; an index only makes queries faster. */
static void indexes_of_the_owner_stay_and_triggers_go_with_the_old_table(void **state)
{
    struct bench *b = *state;
    make_first(b, "CREATE INDEX contacts_status ON contacts (status); CREATE INDEX idx_contact_id ON "
                  "contacts (contact_id);"
                  "CREATE INDEX sync_log_started ON sync_log (status);"
                  "CREATE UNIQUE INDEX one_name ON contacts (last_name);"
                  "CREATE INDEX \"a \"\"name\" ON contacts (lower(last_name)) WHERE status = 'Active';"
                  "CREATE INDEX recent ON SYNC_LOG (created_at DESC);"
                  "CREATE TRIGGER touch AFTER UPDATE ON contacts BEGIN UPDATE contacts SET updated_at ="
                  " CURRENT_TIMESTAMP WHERE id = new.id; END;"
                  "INSERT INTO contacts (contact_id, updated_at) VALUES ('a', '2020-01-01 00:00:00')");
    open_store(b);
    assert_answer(b, "SELECT updated_at FROM contacts", "2020-01-01 00:00:00");
    assert_answer(
        b,
        "SELECT name, tbl_name FROM sqlite_schema WHERE name IN ('idx_contact_id', 'touch', 'recent',"
        " 'one_name', 'a \"name') ORDER BY name",
        "a \"name|contacts\nidx_contact_id|contacts\nrecent|sync_log");
    assert_answer(b, "SELECT name FROM pragma_index_info('sync_log_started')", "sync_started_at"); /* ours */
    no_trace_of_the_old_tables(b);
}

static void an_index_on_a_column_that_is_gone_goes_with_it(void **state)
{
    struct bench *b = *state;
    make_later(b, "CREATE INDEX by_key ON contacts (flex_id); CREATE INDEX by_name ON contacts (name);"
                  "INSERT INTO contacts (flex_id) VALUES ('a')");
    open_store(b);
    assert_int_equal(b->migrated, 1);
    assert_answer(b, "SELECT name FROM sqlite_schema WHERE name LIKE 'by%'", "by_name");
    no_trace_of_the_old_tables(b);
}

static void tables_of_the_owner_stay_with_what_refers_to_contacts(void **state)
{
    struct bench *b = *state;
    make_first(
        b, "CREATE TABLE notes (contact INTEGER REFERENCES contacts (id), text TEXT);"
           "CREATE INDEX notes_of ON notes (contact);"
           "CREATE VIEW noted AS SELECT c.last_name, n.text FROM contacts c JOIN notes n ON n.contact = c.id;"
           "CREATE TRIGGER shout AFTER INSERT ON notes BEGIN UPDATE notes SET text = upper(text)"
           " WHERE rowid = new.rowid; END;"
           "INSERT INTO contacts (id, contact_id, last_name) VALUES (4, 'a', 'Abbott');"
           "INSERT INTO notes VALUES (4, 'tall')");
    open_store(b);
    exec(b, "INSERT INTO notes VALUES (4, 'kind')");
    assert_answer(b, "SELECT * FROM noted", "Abbott|TALL\nAbbott|KIND");
    assert_answer(b, "SELECT name FROM sqlite_schema WHERE tbl_name = 'notes' ORDER BY 1",
                  "notes\nnotes_of\nshout");
    no_trace_of_the_old_tables(b);
}

static void views_of_the_owner_go_on_working(void **state)
{
    struct bench *b = *state;
    make_first(b, "CREATE VIEW active AS SELECT contact_id, last_name FROM contacts WHERE status = 'Active';"
                  "CREATE VIEW syncs AS SELECT id FROM sync_log; CREATE VIEW broken AS SELECT * FROM nowhere;"
                  "INSERT INTO contacts (contact_id, last_name, status) VALUES ('a', 'Abbott', 'Active')");
    open_store(b);
    assert_answer(b, "SELECT * FROM active", "a|Abbott");
    assert_answer(b, "SELECT * FROM syncs", "");
}

static void the_search_index_knows_those_taken_over(void **state)
{
    struct bench *b = *state;
    make_first(b, "INSERT INTO contacts (contact_id, last_name, flex_data) VALUES ('a', 'Abbott', NULL),"
                  " ('b', 'x', '" WHOLE("b", "Bertha") "')");
    open_store(b);
    assert_answer(b, "SELECT rowid FROM contacts_fts WHERE contacts_fts MATCH 'abb*'", "1");
    assert_answer(b, "SELECT rowid FROM contacts_fts WHERE contacts_fts MATCH 'bertha'", "2");
    assert_sound(b);
}

static char *file_text(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t length = 0;
    assert_non_null(file);
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    for (int c; (c = fgetc(file)) != EOF;)
        (void)fputc(c, out);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(fclose(out), 0);
    *ret_length = length;
    return text;
}

/* Each of these names stands in the way of another step. */
/* Refused, with these words, and not a byte of the file is another. */
static void assert_names_refused(struct bench *b, const char *words)
{
    struct store *none = NULL;
    size_t before_length, after_length;
    char *before = file_text(b->path, &before_length);
    assert_failed(b, store_open(&none, b->path, STORE_WRITE, b->now, NULL, &b->err), ERROR_STORE_CORRUPT);
    assert_null(none);
    if (!strstr(b->err.text, words))
        fail_msg("\"%s\" is not in: %s", words, b->err.text);
    assert_non_null(strstr(b->err.text, "nothing was changed"));
    char *after = file_text(b->path, &after_length);
    assert_int_equal(before_length, after_length);
    assert_memory_equal(before, after, before_length);
    free(before);
    free(after);
}

static void what_has_a_name_that_is_needed_is_named_and_every_byte_stays(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *sql, *words;
    } obstacles[] = {
        {"CREATE TABLE contacts_of_the_old_tool (x)", "a table of its own, contacts_of_the_old_tool,"},
        {"CREATE TABLE sync_log_of_the_old_tool (x)", "a table of its own, sync_log_of_the_old_tool,"},
        {"CREATE TABLE Meta (x)", "\"ALTER TABLE Meta RENAME TO my_Meta\""},
        {"CREATE TABLE contact_state (id, x)", "\"ALTER TABLE contact_state RENAME TO my_contact_state\""},
        {"CREATE TABLE resource_type_state (id, x)", "a table of its own, resource_type_state,"},
        {"CREATE TABLE contact_state_2 (x); CREATE INDEX contact_changes_time ON contact_state_2 (x)",
         "\"DROP index contact_changes_time\""},
        {"CREATE TABLE detail_queue (x)", "RENAME TO my_detail_queue"},
        {"CREATE TABLE contact_counts (x)", "RENAME TO my_contact_counts"},
        {"CREATE TABLE contacts_fts_data (x)", "RENAME TO my_contacts_fts_data"},
        {"CREATE VIEW contact_phones AS SELECT 1", "a view of its own, contact_phones,"},
        {"CREATE VIEW contact_state AS SELECT 1 AS id", "\"DROP view contact_state\""},
        {"CREATE TRIGGER detail_queue_inserted AFTER INSERT ON contacts BEGIN SELECT 1; END",
         "a trigger of its own, detail_queue_inserted,"},
        {"CREATE TABLE resource_types (x)", "RENAME TO my_resource_types"},
        {"DROP TABLE sync_log; CREATE TABLE sync_log (day TEXT, text TEXT)", "RENAME TO my_sync_log"},
        {"DROP TABLE sync_log; CREATE VIEW sync_log AS SELECT 1 AS id", "\"DROP view sync_log\""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(obstacles); i++) {
        make_first(b, "INSERT INTO contacts (contact_id, last_name) VALUES ('a', 'Abbott')");
        make_raw(b, obstacles[i].sql);
        assert_names_refused(b, obstacles[i].words);
        remove_files(b->directory);
    }
}

static void what_the_message_says_helps(void **state)
{
    struct bench *b = *state;
    make_first(b, "INSERT INTO contacts (contact_id, last_name) VALUES ('a', 'Abbott');"
                  "CREATE TABLE contact_state (mine); INSERT INTO contact_state VALUES ('precious')");
    assert_names_refused(b, "ALTER TABLE contact_state RENAME TO my_contact_state");
    make_raw(b, "ALTER TABLE contact_state RENAME TO my_contact_state");
    open_store(b);
    assert_int_equal(b->migrated, 1);
    assert_answer(b, "SELECT mine FROM my_contact_state", "precious");
    no_trace_of_the_old_tables(b);
}

static void make_of_version_2(struct bench *b, const char *more)
{
    struct store old = {.path = b->path, .mode = STORE_WRITE, .db = open_raw(b->path)};
    assert_done(b, schema_make_common(&old, 0, 2, &b->err));
    for (size_t i = 0; entities[i]; i++)
        assert_done(b, schema_make_entity(&old, entities[i], 0, 2, &b->err));
    exec_raw(old.db, "PRAGMA application_id = 0x466c7853; PRAGMA user_version = 2");
    exec_raw(old.db, more);
    close_raw(old.db);
}

static void our_own_database_keeps_what_the_owner_added_when_it_is_brought_up_to_date(void **state)
{
    struct bench *b = *state;
    make_of_version_2(b,
                      "CREATE TABLE notes (contact, text); CREATE INDEX notes_of ON notes (contact);"
                      "CREATE INDEX mine ON contacts (city); CREATE VIEW towns AS SELECT city FROM contacts;"
                      "CREATE TRIGGER note AFTER INSERT ON contacts BEGIN INSERT INTO notes VALUES (new.id,"
                      " 'new'); END");
    open_store(b);
    assert_int_equal(number(b, "PRAGMA user_version"), SCHEMA_VERSION);
    list_rows(b, &entity_contacts, "[{\"id\":\"a\"}]");
    assert_answer(b, "SELECT text FROM notes", "new");
    assert_answer(b, "SELECT count(*) FROM sqlite_schema WHERE name IN ('notes_of', 'mine', 'towns', 'note')",
                  "4");
    assert_sound(b);
}

static void what_the_owner_added_to_our_own_database_is_named_if_a_later_version_needs_its_name(void **state)
{
    struct bench *b = *state;
    make_of_version_2(b, "CREATE TABLE contact_counts (mine)");
    assert_names_refused(b, "\"ALTER TABLE contact_counts RENAME TO my_contact_counts\"");
    make_raw(b, "ALTER TABLE contact_counts RENAME TO my_contact_counts; CREATE INDEX sync_log_entity ON"
                " my_contact_counts (mine)");
    assert_names_refused(b, "\"DROP index sync_log_entity\"");
    make_raw(b, "DROP INDEX sync_log_entity");
    open_store(b);
    assert_sound(b);
}

static void one_who_reads_the_old_tables_makes_us_wait(void **state)
{
    struct bench *b = *state;
    struct store *none = NULL;
    make_first(b, "INSERT INTO contacts (contact_id, last_name) VALUES ('a', 'Abbott')");
    sqlite3 *other = open_raw(b->path);
    exec_raw(other, "BEGIN");
    assert_int_equal(number_raw(other, "SELECT count(*) FROM contacts"), 1);
    assert_failed(b, store_open(&none, b->path, STORE_WRITE, b->now, NULL, &b->err), ERROR_STORE_BUSY);
    exec_raw(other, "COMMIT");
    assert_int_equal(number_raw(other, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"), 3);
    close_raw(other);
    open_store(b);
    assert_int_equal(b->migrated, 1);
}

static void many_rows_are_taken_over(void **state)
{
    struct bench *b = *state;
    make_first(
        b, "INSERT INTO contacts (contact_id, status, flex_data) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
           " SELECT i + 1 FROM n WHERE i < 5000) SELECT 'c-' || i, 'Active', json_object('id', 'c-' || i, "
           "'name',"
           " 'Name ' || i, 'organization', 0 = 1) FROM n");
    open_store(b);
    assert_int_equal(b->migrated, 5000);
    assert_int_equal(number(b, "SELECT count(*) FROM contacts WHERE name = 'Name ' || id"), 5000);
    assert_int_equal(number(b, "SELECT count(*) FROM detail_queue"), 5000);
}

static void count_tick(void *arg)
{
    ++*(int *)arg;
}

static void an_opening_that_takes_long_says_that_it_goes_on(void **state)
{
    struct bench *b = *state;
    int ticks = 0;
    make_first(
        b, "INSERT INTO contacts (contact_id, status, flex_data) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
           " SELECT i + 1 FROM n WHERE i < 5000) SELECT 'c-' || i, 'Active', json_object('id', 'c-' || i, "
           "'name', 'Name') FROM n");
    assert_done(b, store_open_watched(&b->store, b->path, STORE_WRITE, b->now, &b->migrated, count_tick,
                                      &ticks, &b->err));
    assert_int_equal(b->migrated, 5000);
    assert_in_range(ticks, 3, 10000);
    int before = ticks;
    assert_int_equal(number(b, "SELECT sum(a.id * b.id) > 0 FROM contacts a, contacts b"), 1);
    assert_int_equal(ticks, before); /* that is no opening any more */
    b->store = store_close(b->store);
    ticks = 0;
    assert_done(b, store_open_watched(&b->store, b->path, STORE_WRITE, b->now, &b->migrated, count_tick,
                                      &ticks, &b->err));
    assert_int_equal(ticks, 0); /* there was nothing to do */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_form_keeps_rows_ids_and_dates),
        TEST(the_later_form_keeps_rows_ids_and_dates),
        TEST(an_old_database_without_rows_or_log_is_taken_over),
        TEST(the_history_of_syncs_is_kept),
        TEST(opening_again_takes_nothing_over_again),
        TEST(everyone_taken_over_is_asked_for_once),
        TEST(a_whole_record_that_is_still_so_is_unchanged),
        TEST(a_whole_record_that_is_another_now_has_changed),
        TEST(one_without_a_whole_record_is_completed_by_its_first),
        TEST(an_inactive_one_has_a_date_of_that),
        TEST(rows_without_an_id_stay_in_the_old_table),
        TEST(an_id_twice_is_taken_over_once_and_the_other_kept),
        TEST(no_id_of_the_old_table_is_given_again),
        TEST(indexes_of_the_owner_stay_and_triggers_go_with_the_old_table),
        TEST(an_index_on_a_column_that_is_gone_goes_with_it),
        TEST(tables_of_the_owner_stay_with_what_refers_to_contacts),
        TEST(views_of_the_owner_go_on_working),
        TEST(the_search_index_knows_those_taken_over),
        TEST(what_has_a_name_that_is_needed_is_named_and_every_byte_stays),
        TEST(what_the_message_says_helps),
        TEST(our_own_database_keeps_what_the_owner_added_when_it_is_brought_up_to_date),
        TEST(what_the_owner_added_to_our_own_database_is_named_if_a_later_version_needs_its_name),
        TEST(one_who_reads_the_old_tables_makes_us_wait),
        TEST(many_rows_are_taken_over),
        TEST(an_opening_that_takes_long_says_that_it_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
