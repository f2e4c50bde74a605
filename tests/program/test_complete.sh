# The main promise: everyone, whole, byte for byte.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

test_all_1699_contacts_arrive_byte_for_byte() {
    start_sim
    write_conf
    sync
    expect_status 0
    expect_complete
    expect_sql "contacts" "SELECT count(*) FROM contacts" 1699
    expect_log 'records_fetched, records_inserted, records_updated, records_expected, records_unchanged, retries, throttled' \
        '1699|1699|0|1699|0|0|0'
    expect_match "summary" "$(cat "$OUT")" '^contacts: success; 1,699 of 1,699 listed'
    expect_at_most "requests" "$(stat_of total)" 1705
    expect_log "requests" "$(($(stat_of total) - 1))" # one was for the resource types
    expect_second_sync_changes_nothing
    expect_at_most "requests of both" "$(stat_of total)" 1706
}

test_every_column_of_every_contact_follows_flex_data() {
    start_sim
    write_conf
    sync
    expect_status 0
    expect_columns_follow_flex_data
    # The check would see something: all kinds of values are there.
    expect_at_least "with phone" "$(sql "SELECT count(*) FROM contacts WHERE phone LIKE '+%'")" 100
    expect_at_least "with e-mail" "$(sql "SELECT count(*) FROM contacts WHERE email LIKE '%@%'")" 100
    expect_at_least "companies" "$(sql "SELECT count(*) FROM contacts WHERE contact_type = 'Company'")" 50
    expect_at_least "discounts" "$(sql "SELECT count(*) FROM contacts WHERE max_discount > 0")" 10
    expect_second_sync_changes_nothing
    expect_columns_follow_flex_data
}

test_statuses_follow_what_the_server_flags_as_deleted() {
    start_sim --deleted-share 10
    write_conf
    sync
    expect_status 0
    local flagged
    flagged=$(stat_of flagged)
    expect_at_least "flagged by the server" "$flagged" 100
    expect_sql "Inactive" "SELECT count(*) FROM contacts WHERE status = 'Inactive'" "$flagged"
    expect_sql "Inactive with a date" "SELECT count(*) FROM contacts WHERE status = 'Inactive' AND deleted_at IS NOT NULL" "$flagged"
    expect_sql "Active" "SELECT count(*) FROM contacts WHERE status = 'Active' AND deleted_at IS NULL" "$((1699 - flagged))"
    expect_second_sync_changes_nothing
}

test_times_are_utc_in_the_old_form() {
    start_sim --contacts 30
    write_conf
    TZ=Asia/Tokyo sync
    expect_status 0
    local form="'____-__-__ __:__:__'"
    expect_sql "contacts of another form" "SELECT count(*) FROM contacts WHERE created_at NOT LIKE $form OR updated_at NOT LIKE $form" 0
    expect_sql "rows of another form" "SELECT count(*) FROM sync_log WHERE sync_started_at NOT LIKE $form OR sync_completed_at NOT LIKE $form OR created_at NOT LIKE $form" 0
    expect_sql "far from now in UTC" "SELECT count(*) FROM contacts WHERE abs(julianday('now') - julianday(updated_at)) > 0.05" 0
    expect_second_sync_changes_nothing
}

test_the_views_show_every_entry_of_the_nested_lists() {
    start_sim
    write_conf
    sync
    expect_status 0
    expect_at_least "e-mails" "$(sql "SELECT count(*) FROM contact_emails")" 1000
    expect_sql "e-mails" "SELECT count(*) FROM contact_emails" \
        "$(sql "SELECT count(*) FROM contacts, json_each(flex_data, '\$.internetAddresses') e WHERE instr(json_extract(e.value, '\$.url'), '@') > 0")"
    expect_sql "phones" "SELECT count(*) FROM contact_phones" \
        "$(sql "SELECT sum(json_array_length(flex_data, '\$.phoneNumbers')) FROM contacts")"
    expect_sql "addresses" "SELECT count(*) FROM contact_addresses" \
        "$(sql "SELECT sum(json_array_length(flex_data, '\$.addresses')) FROM contacts")"
    expect_sql "what they are" "SELECT count(*) FROM contact_resource_types" \
        "$(sql "SELECT sum(json_array_length(flex_data, '\$.resourceTypes')) FROM contacts")"
    expect_sql "the default e-mail is the column's" "SELECT count(*) FROM contacts c JOIN contact_emails e ON e.contact_id = c.contact_id AND e.is_default = 1 WHERE c.email IS NOT e.email" 0
    expect_sql "columns of emails" "SELECT group_concat(name) FROM pragma_table_info('contact_emails')" "contact_id,name,email,is_default"
    expect_sql "columns of phones" "SELECT group_concat(name) FROM pragma_table_info('contact_phones')" "contact_id,name,country_code,area_code,dial_number,is_default"
    expect_sql "columns of addresses" "SELECT group_concat(name) FROM pragma_table_info('contact_addresses')" "contact_id,name,line1,line2,line3,city,state,postal_code,country,is_default"
    expect_sql "columns of resource types" "SELECT group_concat(name) FROM pragma_table_info('contact_resource_types')" "contact_id,resource_type_id,name"
    expect_second_sync_changes_nothing
}

test_full_text_search_finds_people_by_any_searched_field() {
    start_sim
    write_conf
    sync
    expect_status 0
    local name email
    name=$(sql "SELECT last_name FROM contacts WHERE last_name GLOB '[A-Z]*' AND last_name NOT GLOB '*[^a-zA-Z]*' ORDER BY id LIMIT 1")
    email=$(sql "SELECT email FROM contacts WHERE email IS NOT NULL ORDER BY id LIMIT 1")
    expect_at_least "found by name" "$(sql "SELECT count(*) FROM contacts_fts WHERE contacts_fts MATCH '\"$name\"'")" 1
    expect_at_least "found by e-mail" "$(sql "SELECT count(*) FROM contacts_fts WHERE contacts_fts MATCH 'email:\"$email\"'")" 1
    sqlite3 "$DB" "INSERT INTO contacts_fts (contacts_fts, rank) VALUES ('integrity-check', 1)" || fail "the index does not fit the table"
    # An edit moves the index with the row.
    local id
    id=$(some_id 7)
    sim "edit?id=$id&kind=rename" >/dev/null
    sync
    expect_status 0
    sqlite3 "$DB" "INSERT INTO contacts_fts (contacts_fts, rank) VALUES ('integrity-check', 1)" || fail "the index does not fit the table after an edit"
    expect_second_sync_changes_nothing
}

test_resource_types_are_a_second_entity_and_asked_for_once_a_day() {
    start_sim --contacts 20
    write_conf
    sync
    expect_status 0
    expect_at_least "resource types" "$(sql "SELECT count(*) FROM resource_types")" 5
    expect_sql "their row" "SELECT status FROM sync_log WHERE entity = 'resource_types'" success
    expect_equal "asked for" "$(stat_of 'by_kind."resource-type"')" 1
    expect_sql "columns from the data" "SELECT count(*) FROM resource_types WHERE name IS NOT json_extract(flex_data, '\$.name') OR name_plural IS NOT json_extract(flex_data, '\$.namePlural')" 0
    expect_second_sync_changes_nothing
    expect_equal "asked for again" "$(stat_of 'by_kind."resource-type"')" 1
    sync --full
    expect_status 0
    expect_equal "asked for with --full" "$(stat_of 'by_kind."resource-type"')" 2
}

test_a_full_sync_asks_for_every_record_and_writes_none_that_is_the_same() {
    start_sim --contacts 200 --deleted-share 0
    write_conf
    sync
    expect_status 0
    local before
    before=$(contents)
    sync --full
    expect_status 0
    expect_equal "records asked for" "$(stat_of by_kind.detail)" 400
    expect_log 'records_fetched, records_unchanged, records_updated, records_inserted' '200|200|0|0'
    expect_equal "the database" "$(contents)" "$before"
}

test_the_queries_of_the_old_readme_work_unchanged() {
    start_sim --contacts 60
    write_conf
    sync
    expect_status 0
    expect_sql "count" "SELECT COUNT(*) FROM contacts;" 60
    expect_equal "recent" "$(sql "SELECT contact_id, first_name, last_name, status FROM contacts ORDER BY updated_at DESC LIMIT 10;" | wc -l)" 10
    expect_at_least "history" "$(sql "SELECT * FROM sync_log ORDER BY sync_started_at DESC;" | wc -l)" 1
    expect_equal "csv" "$(sqlite3 -readonly -header -csv "$DB" "SELECT contact_id, first_name, last_name, contact_type, status, default_bill_to_contact_id, pricing_model_id, created_at, updated_at FROM contacts;" | wc -l)" 61
}
