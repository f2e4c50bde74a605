/* The listing compared with the table: new, changed, vanished, returned. */
#include "store_bench.h"

#define LIST(rows) list_rows(b, &entity_contacts, rows)

#define A  "{\"id\":\"a\",\"name\":\"Ada\",\"deleted\":false}"
#define A2 "{\"id\":\"a\",\"name\":\"Ada B\",\"deleted\":false}"
#define AX "{\"id\":\"a\",\"name\":\"Ada\",\"deleted\":true}"
#define B  "{\"id\":\"b\",\"name\":\"Bob\",\"deleted\":false}"

#define A_WHOLE                                                                                              \
    "{\"id\":\"a\",\"name\":\"Ada\",\"deleted\":false,\"organization\":false,\"company\":\"Lumen\"}"

static int open_bench(void **state)
{
    int r = set_up(state);
    open_store(*state);
    return r;
}

static void queue_is(struct bench *b, const char *expected)
{
    assert_answer(
        b, "SELECT contact_id, reason FROM detail_queue q JOIN contacts c ON c.id = q.id ORDER BY contact_id",
        expected);
}

static void status_is(struct bench *b, const char *expected)
{
    assert_answer(b, "SELECT contact_id, status FROM contacts ORDER BY contact_id", expected);
}

static void assert_counts(struct bench *b, int64_t inserted, int64_t updated, int64_t deleted)
{
    assert_int_equal(b->row.counts.inserted, inserted);
    assert_int_equal(b->row.counts.updated, updated);
    assert_int_equal(b->row.counts.deleted, deleted);
    char sql[SQL_TEXT], expected[128];
    (void)snprintf(
        sql, sizeof sql,
        "SELECT records_inserted, records_updated, records_deleted FROM sync_log WHERE id = %" PRId64,
        b->row.id);
    (void)snprintf(expected, sizeof expected, "%" PRId64 "|%" PRId64 "|%" PRId64, inserted, updated, deleted);
    if (inserted || updated || deleted) /* nothing done, nothing written */
        assert_answer(b, sql, expected);
}

static void later(struct bench *b, int64_t by)
{
    b->now += by;
}

static void rows_staged_twice_count_once_a_reading(void **state)
{
    struct bench *b = *state;
    int64_t count = 0;
    stage(b, "[]");
    assert_int_equal(stage_more(b, 1, "[" A "," B "]"), 2);
    assert_int_equal(stage_more(b, 1, "[" B "," B "]"), 0);
    assert_int_equal(stage_more(b, 2, "[" B "," B "]"), 1);
    assert_done(b, store_stage_count(b->store, 1, &count, &b->err));
    assert_int_equal(count, 2);
    assert_done(b, store_stage_count(b->store, 2, &count, &b->err));
    assert_int_equal(count, 1);
    assert_done(b, store_stage_begin(b->store, &b->err));
    assert_done(b, store_stage_count(b->store, 0, &count, &b->err));
    assert_int_equal(count, 0);
}

#define UUID_LOWER "9fa53da2-07fa-4a84-aed6-01683fffffd7"
#define UUID_UPPER "9FA53DA2-07FA-4A84-AED6-01683FFFFFD7"
#define UUID_OTHER "9fa53da2-07fa-4a84-aed6-01683fffffd8"
#define ROW(id)    "{\"id\":\"" id "\",\"name\":\"Ada\"}"

static void a_uuid_in_another_case_is_staged_as_it_is_stored(void **state)
{
    struct bench *b = *state;
    LIST("[" ROW(UUID_UPPER) "," ROW("abc") "]");
    assert_answer(b, "SELECT contact_id FROM contacts ORDER BY contact_id", UUID_UPPER "\nabc");
    LIST("[" ROW(UUID_LOWER) "," ROW("ABC") "]");
    assert_answer(b, "SELECT contact_id FROM contacts ORDER BY contact_id", UUID_UPPER "\nABC\nabc");
    assert_answer(b, "SELECT group_concat(kind) FROM contact_changes", "inserted,inserted,inserted");
    assert_counts(b, 1, 0, 0);
}

static void one_uuid_in_both_cases_is_one_new_contact(void **state)
{
    struct bench *b = *state;
    struct page *page = NULL;
    size_t new_ids = SIZE_MAX;
    const char *rows = "[" ROW(UUID_LOWER) "," ROW(UUID_OTHER) "," ROW(UUID_UPPER) "]";
    stage(b, "[]");
    assert_done(b, page_parse(&page, rows, strlen(rows), &b->err));
    assert_done(b, store_stage_page(b->store, &entity_contacts, page, 1, &new_ids, &b->err));
    assert_int_equal(new_ids, 2);
    assert_int_equal(page->respelt, 1);
    assert_string_equal(page->rows[2].id, UUID_LOWER);
    (void)page_free(page);
    assert_int_equal(stage_more(b, 2, "[" ROW(UUID_UPPER) "]"), 1); /* the last reading's text counts */
    assert_true(store_compare_new(b->store, &entity_contacts, &b->row, b->now, 100, &b->err) == 2);
    assert_answer(b, "SELECT contact_id FROM contacts ORDER BY contact_id", UUID_LOWER "\n" UUID_OTHER);
    assert_answer(b, "SELECT contact_id FROM contact_changes ORDER BY contact_id",
                  UUID_LOWER "\n" UUID_OTHER);
}

static void the_dates_of_a_page_are_found_in_any_case(void **state)
{
    struct bench *b = *state;
    struct page *page = NULL;
    struct store_dated dated[2];
    const char *rows = "[" ROW(UUID_UPPER) "," ROW(UUID_OTHER) "]";
    LIST("[" ROW(UUID_LOWER) "]");
    assert_done(b, page_parse(&page, rows, strlen(rows), &b->err));
    assert_done(b, store_dates(b->store, &entity_contacts, page, dated, &b->err));
    assert_true(dated[0].id > 0);
    assert_int_equal(dated[1].id, 0);
    (void)page_free(page);
}

static void the_row_of_the_last_reading_counts(void **state)
{
    struct bench *b = *state;
    begin_row(b, &entity_contacts);
    stage(b, "[" A "]");
    (void)stage_more(b, 2, "[" A2 "]");
    compare_new(b, &entity_contacts);
    assert_answer(b, "SELECT name, flex_data FROM contacts", "Ada B|" A2);
}

static void a_new_row_is_stored_at_once_and_queued(void **state)
{
    struct bench *b = *state;
    LIST("[" A "," B "]");
    assert_counts(b, 2, 0, 0);
    queue_is(b, "a|new\nb|new");
    assert_answer(b,
                  "SELECT contact_id, name, status, contact_type, flex_data, created_at, updated_at, "
                  "deleted_at FROM contacts",
                  "a|Ada|Active|-|" A "|" NOW_TEXT "|" NOW_TEXT "|-\n"
                  "b|Bob|Active|-|" B "|" NOW_TEXT "|" NOW_TEXT "|-");
    assert_answer(
        b, "SELECT contact_id, sync_id, changed_at, kind, before, after FROM contact_changes ORDER BY id",
        "a|1|" NOW_TEXT "|inserted|-|" A "\nb|1|" NOW_TEXT "|inserted|-|" B);
    assert_sound(b);
}

static void a_row_that_is_listed_as_deleted_is_inactive_from_the_start(void **state)
{
    struct bench *b = *state;
    LIST("[" AX "]");
    assert_answer(b, "SELECT status, deleted_at FROM contacts", "Inactive|" NOW_TEXT);
    assert_counts(b, 1, 0, 0);
}

static void the_same_listing_again_changes_nothing(void **state)
{
    struct bench *b = *state;
    LIST("[" A "," B "]");
    char *before = dump_contents(b);
    later(b, USEC_PER_HOUR);
    LIST("[" B "," A "]");
    assert_counts(b, 0, 0, 0);
    assert_contents(b, before);
    free(before);
}

static void comparing_goes_on_where_a_kill_left_it(void **state)
{
    struct bench *b = *state;
    begin_row(b, &entity_contacts);
    stage(b, "[{\"id\":\"1\"},{\"id\":\"2\"},{\"id\":\"3\"},{\"id\":\"4\"}]");
    assert_int_equal(store_compare_new(b->store, &entity_contacts, &b->row, b->now, 3, &b->err), 3);
    kill_store(b);
    open_store(b);
    LIST("[{\"id\":\"1\"},{\"id\":\"2\"},{\"id\":\"3\"},{\"id\":\"4\"}]");
    assert_counts(b, 1, 0, 0);
    queue_is(b, "1|new\n2|new\n3|new\n4|new");
    assert_int_equal(number(b, "SELECT count(*) FROM contact_changes"), 4);
}

static void a_changed_row_of_a_whole_contact_is_queued_and_touches_no_column(void **state)
{
    struct bench *b = *state;
    LIST("[" A "]");
    answer(b, "a", A_WHOLE);
    char *before = dump_contents(b);
    LIST("[" A2 "]");
    queue_is(b, "a|changed");
    assert_counts(b, 0, 0, 0);
    assert_contents(b, before); /* a column never runs ahead of flex_data */
    free(before);
}

static void a_changed_row_of_one_never_fetched_is_taken_over(void **state)
{
    struct bench *b = *state;
    LIST("[" A "]");
    later(b, USEC_PER_HOUR);
    LIST("[" A2 "]");
    queue_is(b, "a|new");
    assert_counts(b, 0, 1, 0);
    assert_answer(b, "SELECT name, flex_data, updated_at FROM contacts", "Ada B|" A2 "|2025-06-15 16:06:40");
    assert_answer(b, "SELECT kind, before, after FROM contact_changes ORDER BY id DESC LIMIT 1",
                  "changed|{\"name\":\"Ada\"}|{\"name\":\"Ada B\"}");
    assert_sound(b);
}

static void a_row_written_in_another_way_is_no_change(void **state)
{
    struct bench *b = *state;
    LIST("[" A "]");
    answer(b, "a", A_WHOLE);
    LIST("[ { \"deleted\" : false, \"name\":\"\\u0041da\", \"id\":\"a\"} ]");
    queue_is(b, "");
}

static void a_vanished_one_is_asked_for_and_stays_active_until_then(void **state)
{
    struct bench *b = *state;
    int64_t vanished = -1, active = -1;
    LIST("[" A "," B "]");
    answer(b, "a", A_WHOLE);
    stage(b, "[" B "]");
    assert_done(b, store_count_vanished(b->store, &entity_contacts, 1, b->now, &vanished, &active, &b->err));
    assert_int_equal(vanished, 1);
    assert_int_equal(active, 2);
    LIST("[" B "]");
    queue_is(b, "a|vanished\nb|new");
    status_is(b, "a|Active\nb|Active");
    assert_true(known_of(b, "a").vanished);
    assert_false(known_of(b, "b").vanished);
}

static void one_that_only_an_earlier_reading_brought_has_vanished(void **state)
{
    struct bench *b = *state;
    int64_t vanished = -1, active = -1;
    LIST("[" A "," B "]");
    stage(b, "[" A "," B "]");
    (void)stage_more(b, 2, "[" B "]");
    assert_done(b, store_count_vanished(b->store, &entity_contacts, 1, b->now, &vanished, &active, &b->err));
    assert_int_equal(vanished, 0);
    assert_done(b, store_count_vanished(b->store, &entity_contacts, 2, b->now, &vanished, &active, &b->err));
    assert_int_equal(vanished, 1);
}

static void one_never_fetched_that_vanished_is_asked_for_as_vanished(void **state)
{
    struct bench *b = *state;
    LIST("[" A "," B "]");
    LIST("[" B "]");
    queue_is(b, "a|vanished\nb|new");
    answer_gone(b, "a");
    status_is(b, "a|Inactive\nb|Active");
    assert_counts(b, 0, 0, 1);
    queue_is(b, "b|new");
}

static void a_vanished_one_that_is_gone_becomes_inactive_once(void **state)
{
    struct bench *b = *state;
    LIST("[" A "]");
    answer(b, "a", A_WHOLE);
    LIST("[]");
    later(b, USEC_PER_MIN);
    answer_gone(b, "a");
    assert_counts(b, 0, 0, 1);
    assert_answer(b, "SELECT status, deleted_at, updated_at, flex_data FROM contacts",
                  "Inactive|2025-06-15 15:07:40|2025-06-15 15:07:40|" A_WHOLE);
    assert_answer(b, "SELECT kind, before, after FROM contact_changes ORDER BY id DESC LIMIT 1",
                  "deactivated|-|-");
    char *before = dump_contents(b);
    later(b, 3 * USEC_PER_DAY);
    LIST("[]");
    queue_is(b, "");
    assert_contents(b, before);
    free(before);
}

/* With the very bytes of before: they say nothing new, and yet it is there again. */
static void one_that_comes_back_unchanged_is_active_again(void **state)
{
    struct bench *b = *state;
    LIST("[" A "]");
    answer(b, "a", A_WHOLE);
    LIST("[]");
    answer_gone(b, "a");
    later(b, USEC_PER_HOUR);
    LIST("[" A "]");
    queue_is(b, "a|returned");
    status_is(b, "a|Inactive"); /* until its record says so */
    answer(b, "a", A_WHOLE);
    assert_answer(b, "SELECT status, deleted_at, updated_at FROM contacts", "Active|-|2025-06-15 16:06:40");
    assert_answer(b, "SELECT kind FROM contact_changes ORDER BY id DESC LIMIT 1", "returned");
    assert_counts(b, 0, 1, 0);
    char *before = dump_contents(b);
    later(b, USEC_PER_HOUR);
    LIST("[" A "]");
    queue_is(b, "");
    assert_contents(b, before);
    free(before);
}

/* Unlisted, and its record says `deleted`; then it is listed again as it was. */
static void one_that_was_deleted_and_is_restored_is_active_again(void **state)
{
    struct bench *b = *state;
    LIST("[{\"id\":\"a\"}]");
    answer(b, "a", "{\"id\":\"a\",\"deleted\":false}");
    LIST("[]");
    answer(b, "a", "{\"id\":\"a\",\"deleted\":true}");
    assert_counts(b, 0, 0, 1);
    status_is(b, "a|Inactive");
    LIST("[]");
    queue_is(b, "");
    LIST("[{\"id\":\"a\"}]");
    queue_is(b, "a|returned");
    answer(b, "a", "{\"id\":\"a\",\"deleted\":false}");
    assert_answer(b, "SELECT status, deleted_at FROM contacts", "Active|-");
    assert_answer(b, "SELECT kind, before, after FROM contact_changes ORDER BY id DESC LIMIT 1",
                  "returned|{\"deleted\":true}|{\"deleted\":false}");
    LIST("[{\"id\":\"a\"}]");
    queue_is(b, "");
}

static void one_that_comes_back_changed_says_what_changed(void **state)
{
    struct bench *b = *state;
    LIST("[" A "]");
    answer(b, "a", A_WHOLE);
    LIST("[]");
    answer_gone(b, "a");
    LIST("[" A2 "]");
    answer(
        b, "a",
        "{\"id\":\"a\",\"name\":\"Ada B\",\"deleted\":false,\"organization\":false,\"company\":\"Lumen\"}");
    status_is(b, "a|Active");
    assert_answer(b, "SELECT kind, before, after FROM contact_changes ORDER BY id DESC LIMIT 1",
                  "returned|{\"name\":\"Ada\"}|{\"name\":\"Ada B\"}");
}

static void one_never_fetched_that_comes_back_counts_as_returned(void **state)
{
    struct bench *b = *state;
    LIST("[" A "]");
    LIST("[]");
    answer_gone(b, "a");
    LIST("[" A "]");
    queue_is(b, "a|returned");
    answer(b, "a", A_WHOLE);
    status_is(b, "a|Active");
    assert_answer(b, "SELECT group_concat(kind) FROM contact_changes", "inserted,deactivated,returned");
    assert_counts(b, 0, 1, 0);
}

static void one_that_may_have_come_back_is_postponed_like_any(void **state)
{
    struct bench *b = *state;
    LIST("[" A "]");
    LIST("[]");
    answer_gone(b, "a");
    later(b, 2 * USEC_PER_DAY);
    LIST("[" A "]");
    const struct store_item failed = {.finding = FOUND_FAILED, .id = id_of(b, "a"), .error = "no"};
    for (int i = 0; i < 4; i++)
        assert_done(b, commit_item(b, &failed));
    LIST("[" A "]");
    assert_answer(b, "SELECT reason, attempts, due_at, last_error FROM detail_queue",
                  "returned|4|2025-06-17 16:06:40|no");
}

/* A listing that is slow to forget must not cost a request in every cycle. */
static void one_that_is_listed_and_yet_gone_stays_queued_and_is_asked_ever_more_rarely(void **state)
{
    struct bench *b = *state;
    LIST("[" A "]");
    answer(b, "a", A_WHOLE);
    assert_done(b, store_queue_all(b->store, &entity_contacts, b->now, &b->err));
    answer_gone(b, "a");
    status_is(b, "a|Inactive");
    LIST("[" A "]");
    queue_is(b, "a|returned"); /* it may have been a slip of the server */
    char *before = dump_contents(b);
    struct store_item item = {.finding = FOUND_DOUBTED, .id = 1};
    for (int i = 0; i < 4; i++)
        assert_done(b, store_commit(b->store, &entity_contacts, &b->row, &item, 1, b->now, &b->err));
    later(b, USEC_PER_MIN);
    LIST("[" A "]");
    queue_is(b, "a|returned");
    assert_answer(b, "SELECT attempts, due_at FROM detail_queue",
                  "4|2025-06-15 16:06:40"); /* as it was put off */
    assert_contents(b, before);
    free(before);
    LIST("[" A2 "]"); /* somebody edits it: it is there */
    queue_is(b, "a|returned");
    int64_t contradicted = 0;
    assert_done(b, store_count_contradicted(b->store, &entity_contacts, &contradicted, &b->err));
    assert_int_equal(contradicted, 1);
}

/* The listing says itself that it is deleted, and its record is not given out any more. */
static void one_that_is_gone_and_listed_as_deleted_is_not_asked_for(void **state)
{
    struct bench *b = *state;
    LIST("[" AX "]");
    answer_gone(b, "a");
    assert_int_equal(number(b, "SELECT count(*) FROM contact_changes"), 1);
    later(b, 3 * USEC_PER_DAY);
    LIST("[" AX "]");
    queue_is(b, "");
    LIST("[" A "]");
    queue_is(b, "a|returned");
}

static void one_that_answers_although_it_is_not_listed_is_asked_again_a_day_later(void **state)
{
    struct bench *b = *state;
    LIST("[" A "]");
    answer(b, "a", A_WHOLE);
    LIST("[]");
    answer(b, "a", A_WHOLE);
    status_is(b, "a|Active");
    char *before = dump_contents(b);
    later(b, USEC_PER_DAY - USEC_PER_SEC);
    LIST("[]");
    queue_is(b, "");
    later(b, 2 * USEC_PER_SEC);
    LIST("[]");
    queue_is(b, "a|vanished");
    answer(b, "a", A_WHOLE);
    LIST("[]");
    queue_is(b, "");
    assert_contents(b, before);
    free(before);
}

static void a_full_pass_does_not_forget_that_one_is_not_listed(void **state)
{
    struct bench *b = *state;
    LIST("[" A "]");
    answer(b, "a", A_WHOLE);
    LIST("[]");
    answer(b, "a", A_WHOLE);
    assert_done(b, store_queue_all(b->store, &entity_contacts, b->now, &b->err));
    queue_is(b, "a|full");
    answer(b, "a", "{\"id\":\"a\",\"name\":\"Ada\",\"company\":\"Other\"}");
    LIST("[]");
    queue_is(b, "");
    assert_done(b, store_queue_all(b->store, &entity_contacts, b->now, &b->err));
    answer(b, "a", "{\"id\":\"a\",\"name\":\"Ada\",\"company\":\"Other\"}");
    LIST("[]");
    queue_is(b, "");
}

static void one_that_answers_and_is_listed_again_is_as_any_other(void **state)
{
    struct bench *b = *state;
    LIST("[" A "]");
    answer(b, "a", A_WHOLE);
    LIST("[]");
    answer(b, "a", A_WHOLE);
    LIST("[" A "]");
    queue_is(b, "");
    LIST("[]");
    queue_is(b, "a|vanished"); /* at once, not after a day */
}

static void one_that_is_listed_again_with_another_row_is_queued(void **state)
{
    struct bench *b = *state;
    LIST("[" A "]");
    answer(b, "a", A_WHOLE);
    LIST("[]");
    answer(b, "a", A_WHOLE);
    LIST("[" A2 "]");
    queue_is(b, "a|changed");
}

static void one_queued_for_a_change_that_vanishes_is_asked_for_as_vanished(void **state)
{
    struct bench *b = *state;
    LIST("[" A "]");
    answer(b, "a", A_WHOLE);
    LIST("[" A2 "]");
    LIST("[]");
    queue_is(b, "a|vanished");
    LIST("[]"); /* and is queued once */
    queue_is(b, "a|vanished");
}

static void a_full_pass_queues_everyone_but_those_gone_and_not_listed(void **state)
{
    struct bench *b = *state;
    LIST("[" A "," B ","
         "{\"id\":\"c\",\"deleted\":true}"
         "]");
    answer(b, "a", A_WHOLE);
    answer(b, "c", "{\"id\":\"c\",\"deleted\":true}");
    answer_gone(b, "b");
    assert_done(b, store_queue_all(b->store, &entity_contacts, b->now, &b->err));
    queue_is(b, "a|full\nb|full\nc|full");
    exec(b, "DELETE FROM detail_queue");
    LIST("[" A "]");
    assert_done(b, store_queue_all(b->store, &entity_contacts, b->now, &b->err));
    queue_is(b, "a|full\nc|full");
}

/* A further page of the feed comes after the first was compared, and brings an id that stands before it. */
static void what_is_staged_later_is_news_wherever_it_stands(void **state)
{
    struct bench *b = *state;
    begin_row(b, &entity_contacts);
    stage(b, "[" B "]");
    compare_new(b, &entity_contacts);
    assert_int_equal(stage_more(b, 2, "[" A "]"), 1);
    compare_new(b, &entity_contacts);
    status_is(b, "a|Active\nb|Active");
}

static void the_plan_is_most_urgent_first_and_newest_within(void **state)
{
    struct bench *b = *state;
    LIST("[{\"id\":\"1\"},{\"id\":\"2\"},{\"id\":\"3\"},{\"id\":\"4\"},{\"id\":\"5\"},{\"id\":\"6\"},{\"id\":"
         "\"7\"}]");
    exec(b,
         "UPDATE detail_queue SET reason = (SELECT value FROM json_each('[\"full\",\"changed\",\"vanished\","
         "\"returned\",\"new\",\"asked\",\"new\"]') WHERE key = detail_queue.id - 1)");
    exec(b, "UPDATE detail_queue SET due_at = '2025-06-15 15:06:41', attempts = 2 WHERE id = 5");
    int64_t *ids = NULL;
    size_t count = 0;
    assert_done(b, store_plan(b->store, &entity_contacts, b->now, DUE_SOON, true, &ids, &count, &b->err));
    const int64_t all[] = {6, 7, 4, 2, 3, 1, 5}; /* what failed before holds up no other one */
    assert_int_equal(count, 7);
    assert_memory_equal(ids, all, sizeof all);
    free(ids);
    assert_done(b, store_plan(b->store, &entity_contacts, b->now, DUE_NOW, true, &ids, &count, &b->err));
    assert_int_equal(count, 6); /* one is not due yet */
    assert_int_equal(ids[1], 7);
    assert_int_equal(ids[2], 4);
    free(ids);
}

static void resource_types_take_everything_from_their_listing(void **state)
{
    struct bench *b = *state;
    const struct entity *types = &entity_resource_types;
    list_rows(b, types,
              "[{\"id\":\"r\",\"name\":\"Client\"},{\"id\":\"s\",\"name\":\"Venue\",\"venue\":true}]");
    assert_counts(b, 2, 0, 0);
    char *before = dump_contents(b);
    later(b, USEC_PER_HOUR);
    list_rows(b, types,
              "[{\"id\":\"s\",\"venue\":true,\"name\":\"Venue\"},{\"id\":\"r\",\"name\":\"Client\"}]");
    assert_counts(b, 0, 0, 0);
    assert_contents(b, before);
    free(before);
    list_rows(b, types,
              "[{\"id\":\"r\",\"name\":\"Customer\"},{\"id\":\"s\",\"name\":\"Venue\",\"venue\":true}]");
    assert_counts(b, 0, 1, 0);
    list_rows(b, types, "[{\"id\":\"r\",\"name\":\"Customer\"}]");
    assert_counts(b, 0, 0, 1);
    assert_answer(b, "SELECT resource_type_id, name, status, deleted_at FROM resource_types",
                  "r|Customer|Active|-\ns|Venue|Inactive|2025-06-15 16:06:40");
    list_rows(b, types, "[{\"id\":\"r\",\"name\":\"Customer\"}]");
    assert_counts(b, 0, 0, 0);
    list_rows(b, types,
              "[{\"id\":\"r\",\"name\":\"Customer\"},{\"id\":\"s\",\"name\":\"Venue\",\"venue\":true}]");
    assert_counts(b, 0, 1, 0);
    assert_answer(b, "SELECT status, deleted_at FROM resource_types WHERE resource_type_id = 's'",
                  "Active|-");
    list_rows(b, types, "[{\"id\":\"r\",\"deleted\":true}]");
    assert_counts(b, 0, 0, 2);
    assert_int_equal(number(b, "SELECT count(*) FROM contact_changes"), 0);
}

static void entities_do_not_see_each_other(void **state)
{
    struct bench *b = *state;
    LIST("[" A "," B "]");
    list_rows(b, &entity_resource_types, "[{\"id\":\"a\",\"name\":\"Client\"}]");
    LIST("[" A "," B "]");
    assert_counts(b, 0, 0, 0);
    queue_is(b, "a|new\nb|new");
    assert_answer(b, "SELECT resource_type_id, status FROM resource_types", "a|Active");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_staged_twice_count_once_a_reading),
        TEST(the_row_of_the_last_reading_counts),
        TEST(a_new_row_is_stored_at_once_and_queued),
        TEST(a_row_that_is_listed_as_deleted_is_inactive_from_the_start),
        TEST(the_same_listing_again_changes_nothing),
        TEST(comparing_goes_on_where_a_kill_left_it),
        TEST(a_changed_row_of_a_whole_contact_is_queued_and_touches_no_column),
        TEST(a_changed_row_of_one_never_fetched_is_taken_over),
        TEST(a_row_written_in_another_way_is_no_change),
        TEST(a_vanished_one_is_asked_for_and_stays_active_until_then),
        TEST(one_that_only_an_earlier_reading_brought_has_vanished),
        TEST(one_never_fetched_that_vanished_is_asked_for_as_vanished),
        TEST(a_vanished_one_that_is_gone_becomes_inactive_once),
        TEST(one_that_comes_back_unchanged_is_active_again),
        TEST(one_that_was_deleted_and_is_restored_is_active_again),
        TEST(one_that_comes_back_changed_says_what_changed),
        TEST(one_never_fetched_that_comes_back_counts_as_returned),
        TEST(one_that_may_have_come_back_is_postponed_like_any),
        TEST(one_that_is_listed_and_yet_gone_stays_queued_and_is_asked_ever_more_rarely),
        TEST(one_that_is_gone_and_listed_as_deleted_is_not_asked_for),
        TEST(one_that_answers_although_it_is_not_listed_is_asked_again_a_day_later),
        TEST(a_full_pass_does_not_forget_that_one_is_not_listed),
        TEST(one_that_answers_and_is_listed_again_is_as_any_other),
        TEST(one_that_is_listed_again_with_another_row_is_queued),
        TEST(one_queued_for_a_change_that_vanishes_is_asked_for_as_vanished),
        TEST(a_full_pass_queues_everyone_but_those_gone_and_not_listed),
        TEST(a_uuid_in_another_case_is_staged_as_it_is_stored),
        TEST(one_uuid_in_both_cases_is_one_new_contact),
        TEST(the_dates_of_a_page_are_found_in_any_case),
        TEST(what_is_staged_later_is_news_wherever_it_stands),
        TEST(the_plan_is_most_urgent_first_and_newest_within),
        TEST(resource_types_take_everything_from_their_listing),
        TEST(entities_do_not_see_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
