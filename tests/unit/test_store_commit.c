/* What records say, written in one transaction or not at all. */
#include "store_bench.h"

#include "data_contact.h"

#define LIST(rows) list_rows(b, &entity_contacts, rows)

#define A       "{\"id\":\"a\",\"name\":\"Ada\"}"
#define A_WHOLE "{\"id\":\"a\",\"name\":\"Ada\",\"organization\":false,\"company\":\"Lumen\",\"code\":1}"

static int open_bench(void **state)
{
    int r = set_up(state);
    open_store(*state);
    return r;
}

static void later(struct bench *b)
{
    b->now += USEC_PER_HOUR;
}

/* Asks for everyone again. */
static void ask_all(struct bench *b)
{
    later(b);
    begin_row(b, &entity_contacts);
    assert_done(b, store_queue_all(b->store, &entity_contacts, b->now, &b->err));
}

static void put_whole(struct bench *b, const char *key, const char *body)
{
    char *rows = NULL;
    assert_true(asprintf(&rows, "[{\"id\":\"%s\"}]", key) > 0);
    begin_row(b, &entity_contacts);
    stage(b, rows);
    compare_new(b, &entity_contacts);
    answer(b, key, body);
    free(rows);
}

struct writes {
    int contacts, changes, search;
};

static void note_write(void *arg, int kind, const char *database, const char *table, sqlite3_int64 id)
{
    struct writes *writes = arg;
    (void)kind, (void)database, (void)id;
    writes->contacts += strcmp(table, "contacts") == 0;
    writes->changes += strcmp(table, "contact_changes") == 0;
    writes->search += strncmp(table, "contacts_fts", strlen("contacts_fts")) == 0;
}

static void watch(struct bench *b, struct writes *writes)
{
    *writes = (struct writes){0};
    (void)sqlite3_update_hook(b->store->db, note_write, writes);
}

static void the_first_whole_record_completes_the_insert(void **state)
{
    struct bench *b = *state;
    LIST("[" A "]");
    later(b);
    answer(b, "a", A_WHOLE);
    assert_int_equal(b->row.counts.fetched, 1);
    assert_int_equal(b->row.counts.inserted, 1);
    assert_int_equal(b->row.counts.updated, 0);
    assert_int_equal(b->row.counts.unchanged, 0);
    assert_answer(b, "SELECT flex_data, contact_type, company, status, created_at, updated_at FROM contacts",
                  A_WHOLE "|Individual|Lumen|Active|" NOW_TEXT "|2025-06-15 16:06:40");
    assert_answer(b, "SELECT kind FROM contact_changes", "inserted");
    assert_answer(b, "SELECT count(*) FROM detail_queue", "0");
    assert_answer(b, "SELECT records_fetched, records_inserted, records_updated FROM sync_log", "1|1|0");
    assert_sound(b);
}

static void a_whole_contact_fills_its_columns(void **state)
{
    struct bench *b = *state;
    put_whole(b, DATA_CONTACT_ID, DATA_CONTACT);
    assert_answer(
        b,
        "SELECT email, phone, city, country, credit_limit, max_discount, discountable, code, contact_type"
        " FROM contacts",
        "ada@lumen.example|+41 44 555 0101|Z\xC3\xBCrich|Switzerland|2500.75|12.5|1|C-0042|Individual");
    sqlite3_stmt *s = ask(b->store->db, "SELECT flex_data FROM contacts");
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(s, 0), DATA_CONTACT); /* byte for byte */
    (void)sqlite3_finalize(s);
}

static void the_same_bytes_write_no_contact(void **state)
{
    struct bench *b = *state;
    struct writes writes;
    put_whole(b, "a", A_WHOLE);
    ask_all(b);
    char *before = dump_contents(b);
    watch(b, &writes);
    assert_true(known_of(b, "a").bytes_hash == hash_bytes(A_WHOLE, strlen(A_WHOLE)));
    answer(b, "a", A_WHOLE);
    assert_int_equal(writes.contacts + writes.changes + writes.search, 0);
    assert_contents(b, before);
    assert_int_equal(b->row.counts.fetched, 1);
    assert_int_equal(b->row.counts.unchanged, 1);
    assert_int_equal(number(b, "SELECT count(*) FROM detail_queue"), 0);
    assert_answer(b, "SELECT records_fetched, records_unchanged FROM sync_log WHERE id = 2", "1|1");
    assert_answer(b, "SELECT fetched_at < checked_at FROM contact_state", "1");
    free(before);
}

static void the_same_fields_in_another_order_write_no_contact(void **state)
{
    struct bench *b = *state;
    struct writes writes;
    static const char other[] =
        "{\"code\":1, \"company\":\"\\u004cumen\",\"organization\":false,\"name\":\"Ada\",\"id\":\"a\"}";
    put_whole(b, "a", A_WHOLE);
    ask_all(b);
    char *before = dump_contents(b);
    watch(b, &writes);
    answer(b, "a", other);
    assert_int_equal(writes.contacts + writes.changes + writes.search, 0);
    assert_contents(b, before);
    assert_int_equal(b->row.counts.unchanged, 1);
    ask_all(b);
    assert_true(known_of(b, "a").bytes_hash ==
                hash_bytes(other, strlen(other))); /* need not be parsed again */
    free(before);
}

static void a_change_writes_the_row_and_tells_the_changed_fields_alone(void **state)
{
    struct bench *b = *state;
    put_whole(b, "a", A_WHOLE);
    ask_all(b);
    answer(b, "a", "{\"id\":\"a\",\"name\":\"Ada\",\"organization\":true,\"city\":null,\"code\":1}");
    assert_int_equal(b->row.counts.fetched, 1);
    assert_int_equal(b->row.counts.updated, 1);
    assert_answer(b, "SELECT contact_type, company, created_at, updated_at FROM contacts",
                  "Company|-|" NOW_TEXT "|2025-06-15 16:06:40");
    assert_answer(
        b, "SELECT contact_id, sync_id, changed_at, kind, before, after FROM contact_changes WHERE id = 2",
        "a|2|2025-06-15 16:06:40|changed|{\"company\":\"Lumen\",\"organization\":false}|"
        "{\"city\":null,\"organization\":true}");
    assert_answer(b, "SELECT records_fetched, records_updated, records_unchanged FROM sync_log WHERE id = 2",
                  "1|1|0");
    assert_int_equal(number(b, "SELECT count(*) FROM detail_queue"), 0);
    assert_sound(b);
}

static void a_deleted_record_is_inactive_since_its_first_sight(void **state)
{
    struct bench *b = *state;
    put_whole(b, "a", "{\"id\":\"a\",\"deleted\":false}");
    ask_all(b);
    answer(b, "a", "{\"id\":\"a\",\"deleted\":true}");
    assert_int_equal(b->row.counts.deleted, 1);
    assert_int_equal(b->row.counts.updated, 0);
    ask_all(b);
    answer(b, "a", "{\"id\":\"a\",\"deleted\":true,\"name\":\"Ada\"}");
    assert_int_equal(b->row.counts.deleted, 0);
    assert_int_equal(b->row.counts.updated, 1);
    assert_answer(b, "SELECT status, deleted_at, updated_at FROM contacts",
                  "Inactive|2025-06-15 16:06:40|2025-06-15 17:06:40");
    ask_all(b);
    answer(b, "a", "{\"id\":\"a\",\"deleted\":false,\"name\":\"Ada\"}");
    assert_answer(b, "SELECT status, deleted_at FROM contacts", "Active|-");
    assert_answer(b, "SELECT group_concat(kind) FROM contact_changes",
                  "inserted,deactivated,changed,returned");
}

/* The column is NULL then, and the contact counts as active; that must not look like a change for ever. */
static void an_ill_typed_deleted_is_no_change_at_every_fetch(void **state)
{
    struct bench *b = *state;
    static const char odd[] = "{\"id\":\"a\",\"deleted\":\"no\",\"name\":\"Ada\"}";
    put_whole(b, "a", odd);
    assert_answer(b, "SELECT status FROM contacts", "-");
    ask_all(b);
    char *before = dump_contents(b);
    answer(b, "a", odd);
    assert_int_equal(b->row.counts.unchanged, 1);
    ask_all(b);
    answer(b, "a", "{\"name\":\"Ada\",\"deleted\":\"no\",\"id\":\"a\"}");
    assert_int_equal(b->row.counts.unchanged, 1);
    assert_contents(b, before);
    free(before);
}

static void a_failed_one_waits_and_counts_its_attempts(void **state)
{
    struct bench *b = *state;
    LIST("[" A "]");
    for (int i = 1; i <= 2; i++) {
        const struct store_item item = {.finding = FOUND_FAILED, .id = id_of(b, "a"), .error = "503"};
        assert_done(b, commit_item(b, &item));
    }
    assert_int_equal(b->row.counts.failed, 2);
    assert_int_equal(b->row.counts.fetched, 0);
    assert_int_equal(known_of(b, "a").attempts, 2);
    assert_answer(b, "SELECT reason, due_at, attempts, last_error FROM detail_queue",
                  "new|2025-06-15 15:21:40|2|503");
    assert_answer(b, "SELECT records_failed FROM sync_log", "2");
    answer(b, "a", A_WHOLE);
    assert_int_equal(number(b, "SELECT count(*) FROM detail_queue"), 0);
}

static void a_doubted_one_waits_and_is_no_failure(void **state)
{
    struct bench *b = *state;
    put_whole(b, "a", A_WHOLE);
    ask_all(b);
    char *before = dump_contents(b);
    const struct store_item item = {.finding = FOUND_DOUBTED, .id = id_of(b, "a")};
    assert_done(b, commit_item(b, &item));
    assert_done(b, commit_item(b, &item));
    assert_contents(b, before);
    assert_int_equal(b->row.counts.failed + b->row.counts.deleted, 0);
    assert_answer(b, "SELECT due_at FROM detail_queue", "2025-06-15 16:21:40");
    free(before);
}

/* The reasons that an answer gives, and the times after which a record is asked for again. */
static void what_an_answer_says_decides_when_a_record_is_asked_for_again(void **state)
{
    struct bench *b = *state;
    static const struct {
        enum store_finding finding;
        const char *reason;
        int64_t hours[9]; /* after so many attempts */
    } rules[] = {{FOUND_DENIED, "denied", {72, 144, 288, 576, 720, 720, 720, 720, 720}},
                 {FOUND_CONTRADICTED, "contradicted", {1, 2, 4, 8, 16, 32, 64, 128, 168}},
                 {FOUND_MISSING, "missing", {0, 1, 2, 4, 8, 16, 24, 24, 24}}};
    put_whole(b, "a", A_WHOLE);
    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++) {
        ask_all(b);
        for (size_t n = 0; n < ARRAY_LENGTH(rules[i].hours); n++) {
            char expected[128], due[TEXT_MAX];
            const struct store_item item = {.finding = rules[i].finding, .id = id_of(b, "a"), .error = "so"};
            assert_done(b, commit_item(b, &item));
            (void)snprintf(expected, sizeof expected, "%s|%zu|%s|so", rules[i].reason, n + 1,
                           text_format_utc(due, b->now + rules[i].hours[n] * USEC_PER_HOUR));
            assert_answer(b, "SELECT reason, attempts, due_at, last_error FROM detail_queue", expected);
        }
        assert_int_equal(b->row.counts.failed, 0);
        answer(b, "a", A_WHOLE);
        assert_int_equal(number(b, "SELECT count(*) FROM detail_queue"), 0);
    }
}

static void plan_is(struct bench *b, int64_t now, enum store_due due, size_t expected)
{
    int64_t *ids = NULL;
    size_t count = 0;
    assert_done(b, store_plan(b->store, &entity_contacts, now, due, true, &ids, &count, &b->err));
    assert_int_equal(count, expected);
    free(ids);
}

/* A clock that was ahead by a month, and is right again. */
static void what_a_wrong_clock_put_off_is_due_now(void **state)
{
    struct bench *b = *state;
    const int64_t right = b->now;
    b->now += 31 * USEC_PER_DAY;
    LIST("[" A ",{\"id\":\"b\"},{\"id\":\"c\"}]");
    const struct store_item failed = {.finding = FOUND_FAILED, .id = id_of(b, "b"), .error = "no"};
    const struct store_item denied = {.finding = FOUND_DENIED, .id = id_of(b, "c"), .error = "no"};
    for (int i = 0; i < 3; i++)
        assert_done(b, commit_item(b, &failed));
    assert_done(b, commit_item(b, &denied));
    plan_is(b, b->now, DUE_NOW, 1);
    plan_is(b, b->now, DUE_SOON, 2);
    plan_is(b, b->now, DUE_ALL, 3);
    plan_is(b, right, DUE_NOW, 3);
}

static void a_batch_is_one_transaction(void **state)
{
    struct bench *b = *state;
    LIST("[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"},{\"id\":\"d\"}]");
    struct record *whole = NULL;
    assert_done(b, record_parse(&whole, &entity_contacts, A_WHOLE, strlen(A_WHOLE), &b->err));
    const struct store_item items[] = {
        {.finding = FOUND_RECORD, .id = id_of(b, "a"), .record = whole, .body = A_WHOLE, .bytes_hash = 5},
        {.finding = FOUND_GONE, .id = id_of(b, "b")},
        {.finding = FOUND_FAILED, .id = id_of(b, "c"), .error = "no"},
        {.finding = FOUND_RECORD,
         .id = 99,
         .record = whole,
         .body = A_WHOLE,
         .bytes_hash = 5}, /* not there */
    };
    /* The third step of four fails: nothing of the others must be seen. */
    exec(b, "CREATE TEMP TRIGGER no BEFORE UPDATE ON main.detail_queue BEGIN SELECT raise(ABORT, 'no'); END");
    char *before = dump_contents(b);
    const struct sync_row row = b->row;
    assert_failed(
        b, store_commit(b->store, &entity_contacts, &b->row, items, ARRAY_LENGTH(items), b->now, &b->err),
        ERROR_STORE);
    assert_memory_equal(&row, &b->row, sizeof row);
    assert_contents(b, before);
    assert_int_equal(number(b, "SELECT count(*) FROM detail_queue"), 4);
    exec(b, "DROP TRIGGER no");
    assert_done(
        b, store_commit(b->store, &entity_contacts, &b->row, items, ARRAY_LENGTH(items), b->now, &b->err));
    assert_answer(b, "SELECT records_fetched, records_deleted, records_failed FROM sync_log", "1|1|1");
    assert_answer(b, "SELECT contact_id, status FROM contacts ORDER BY contact_id",
                  "a|Active\nb|Inactive\nc|Active\nd|Active");
    assert_int_equal(number(b, "SELECT count(*) FROM detail_queue"), 2);
    (void)record_free(whole);
    free(before);
}

static void an_empty_batch_writes_the_counters(void **state)
{
    struct bench *b = *state;
    begin_row(b, &entity_contacts);
    b->row.cost.requests = 7;
    assert_done(b, store_commit(b->store, &entity_contacts, &b->row, NULL, 0, b->now, &b->err));
    assert_answer(b, "SELECT requests, status FROM sync_log", "7|running");
}

static void one_that_is_not_queued_is_not_looked_up(void **state)
{
    struct bench *b = *state;
    struct store_known known;
    put_whole(b, "a", A_WHOLE);
    assert_int_equal(store_lookup(b->store, &entity_contacts, 1, &known, &b->err), 0);
    assert_int_equal(store_lookup(b->store, &entity_contacts, 99, &known, &b->err), 0);
}

static void a_finished_cycle_says_everything(void **state)
{
    struct bench *b = *state;
    begin_row(b, &entity_contacts);
    assert_answer(b,
                  "SELECT status, entity, trigger, strategy, sync_started_at, created_at, sync_completed_at "
                  "FROM sync_log",
                  "running|contacts|timer|auto|" NOW_TEXT "|" NOW_TEXT "|-");
    b->row.counts = (struct sync_counts){1, 2, 3, 4, 5, 6, 18, 7, 8};
    b->row.cost = (struct fetch_stats){9, 10, 11, 12, 13};
    b->row.quota_left_hour = 14;
    b->row.quota_left_month = 16;
    b->row.resumes_at = b->now + USEC_PER_HOUR;
    b->row.completed_at = b->now + USEC_PER_MIN;
    b->row.status = SYNC_PARTIAL;
    b->row.exit_status = 17;
    strcpy(b->row.error_message, "why");
    assert_done(b, store_cycle_finish(b->store, &b->row, &keep_all, &b->err));
    assert_answer(b, "SELECT * FROM sync_log",
                  "1|" NOW_TEXT "|2025-06-15 15:07:40|1|2|3|partial|why|" NOW_TEXT
                  "|contacts|timer|auto|7|8|4|5|6|9|10|11|12|13|14|-|16|2025-06-15 16:06:40|17|18");
}

static void what_is_older_than_it_is_kept_is_forgotten(void **state)
{
    struct bench *b = *state;
    for (int day = 0; day < 4; day++) {
        char body[64];
        (void)snprintf(body, sizeof body, "[{\"id\":\"c-%d\"}]", day);
        begin_row(b, &entity_contacts);
        stage(b, body);
        compare_new(b, &entity_contacts);
        b->now += USEC_PER_DAY;
    }
    exec(b, "INSERT INTO sync_log (sync_started_at, status) VALUES (NULL, 'success')");
    begin_row(b, &entity_contacts);
    b->row.completed_at = b->now;
    assert_done(b, store_cycle_finish(b->store, &b->row, &keep_all, &b->err));
    assert_int_equal(number(b, "SELECT count(*) FROM contact_changes"), 4);
    const struct store_retention retention = {.changes_before = b->now - 3 * USEC_PER_DAY,
                                              .log_before = b->now - 2 * USEC_PER_DAY};
    assert_done(b, store_cycle_finish(b->store, &b->row, &retention, &b->err));
    assert_answer(b, "SELECT contact_id FROM contact_changes ORDER BY id", "c-1\nc-2\nc-3");
    assert_answer(b, "SELECT id FROM sync_log ORDER BY id", "3\n4\n5\n6");
    assert_int_equal(number(b, "SELECT count(*) FROM contacts"), 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_whole_record_completes_the_insert),
        TEST(a_whole_contact_fills_its_columns),
        TEST(the_same_bytes_write_no_contact),
        TEST(the_same_fields_in_another_order_write_no_contact),
        TEST(a_change_writes_the_row_and_tells_the_changed_fields_alone),
        TEST(a_deleted_record_is_inactive_since_its_first_sight),
        TEST(an_ill_typed_deleted_is_no_change_at_every_fetch),
        TEST(a_failed_one_waits_and_counts_its_attempts),
        TEST(a_doubted_one_waits_and_is_no_failure),
        TEST(what_an_answer_says_decides_when_a_record_is_asked_for_again),
        TEST(what_a_wrong_clock_put_off_is_due_now),
        TEST(a_batch_is_one_transaction),
        TEST(an_empty_batch_writes_the_counters),
        TEST(one_that_is_not_queued_is_not_looked_up),
        TEST(a_finished_cycle_says_everything),
        TEST(what_is_older_than_it_is_kept_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
