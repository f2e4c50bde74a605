# What a part of a sync leaves behind, and what must not come of it.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

sixty_people() {
    start_sim --contacts 60 --deleted-share 0
    write_conf
}

an_hour_later() { time_passes 7200; } # the server's window and ours

test_a_listing_that_costs_more_than_the_quota_is_stored_as_far_as_it_came() {
    start_sim --contacts 2100 --max-size 100 --hourly 20
    write_conf limits.hourly=10000
    sync
    expect_status 2
    expect_log 'status, requests, throttled, records_listed, records_inserted, records_deleted' 'partial|21|1|2000|2000|0'
    expect_match "resumes_at" "$(log_row resumes_at)" '^20'
    expect_sql "all that came is there" "SELECT count(*), sum(name <> '') > 1900 FROM contacts" '2000|1'
    quota_ends
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_sigterm_during_the_listing_keeps_what_came_of_it() {
    start_sim --contacts 300 --max-size 100
    write_conf
    script 'list page=3 => hang'
    start_daemon
    wait_until "page 3 is asked for" page_3_is_asked_for
    stop_daemon
    expect_log 'status, records_listed, records_inserted' 'partial|200|200'
    script
    sync
    expect_status 0
    expect_complete
}
page_3_is_asked_for() { [ "$(stat_of by_kind.list)" -ge 3 ]; }

test_a_page_zero_that_the_server_refuses_fails_nothing() {
    sixty_people
    local status
    for status in 404 400; do
        script "list page=0 => status $status" 'list => wrong-total 1'
        sync
        expect_status 2
        expect_log 'status, records_listed, records_expected, records_failed' 'partial|60|61|0'
        expect_sql "a refused sort" "SELECT count(*) FROM meta WHERE key = 'listing.sort' AND value = 'refused'" 0
    done
    script
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_sort_that_was_refused_once_by_a_server_in_trouble_is_not_given_up() {
    sixty_people
    script 'list => status 400'
    sync
    expect_status 65
    expect_log 'status, requests' 'failed|2'
    expect_sql "a refused sort" "SELECT count(*) FROM meta WHERE key = 'listing.sort' AND value = 'refused'" 0
    script
    sync
    expect_status 0
    expect_equal "sorted listings" "$(stat_of sorted_lists)" 2
    expect_complete
}

test_a_full_pass_that_the_quota_cuts_in_parts_reaches_everybody() {
    start_sim --contacts 100 --deleted-share 0
    write_conf
    sync
    expect_status 0
    sqlite3 "$DB" "UPDATE contact_state SET checked_at = '2000-01-01 00:00:00'"
    sim 'config?hourly=40' >/dev/null
    local i
    for i in 1 2 3; do
        an_hour_later
        sync --full
    done
    expect_sql "not looked at yet" "SELECT count(*) FROM contact_state WHERE checked_at < '2001'" 0
    quota_ends
    sync --full
    expect_status 0
    expect_complete
}

test_a_server_that_forgets_its_records_bit_by_bit_is_not_believed() {
    start_sim --contacts 60 --deleted-share 0
    write_conf
    sync
    expect_status 0
    script 'detail => status 404'
    sim 'config?hourly=6' >/dev/null
    local i
    for i in 1 2 3 4 5 6; do
        an_hour_later
        sync --full
    done
    expect_at_most "Inactive of 60" "$(sql "SELECT count(*) FROM contacts WHERE status = 'Inactive'")" 6
    script
    quota_ends
    sync --full
    expect_status 0
    expect_sql "Inactive" "SELECT count(*) FROM contacts WHERE status = 'Inactive' OR deleted_at IS NOT NULL" 0
    expect_complete
    expect_second_sync_changes_nothing
}

# Nothing was ever stored: the database is still free for any site.
test_an_address_with_a_mistake_at_the_first_start_claims_no_database() {
    sixty_people
    write_conf flex.base_url='"https://127.0.0.1:9/f5/api"'
    sync
    expect_status 69
    write_conf
    sync
    expect_status 0
    expect_complete
    expect_sql "whose copy it is" "SELECT value FROM meta WHERE key = 'site'" 'this machine'
}

test_a_second_site_does_not_come_into_the_database_of_the_first() {
    sixty_people
    sync
    expect_status 0
    local before
    before=$(contents)
    write_conf flex.base_url='"https://other.example.com/f5/api"'
    sync
    expect_status 78
    expect_match "stderr" "$(cat "$ERR")" 'is a copy of this machine, and flex.base_url names https://other.example.com/f5/api'
    expect_equal "the database" "$(contents)" "$before"
    cli check
    expect_match "check" "$(cat "$OUT")" 'FAIL +database +the database is a copy of this machine, and flex.base_url names'
    STATUS=0
    "$DAEMON_PROGRAM" -c "$CONF" -t 2>test.err || STATUS=$?
    expect_status 78
    expect_match "flexsyncd -t" "$(cat test.err)" 'is a copy of this machine, and flex.base_url names'
    write_conf
    "$DAEMON_PROGRAM" -c "$CONF" -t
    start_daemon
    wait_until "a cycle" cycles_are_at_least 2 "entity = 'contacts' AND status = 'success'"
    write_conf flex.base_url='"https://other.example.com/f5/api"'
    kill -HUP "$DAEMON"
    wait_until "it says so" daemon_said 'is a copy of this machine'
    write_conf
    kill -HUP "$DAEMON"
    wait_until "it goes on" cycles_are_at_least 3 "entity = 'contacts' AND status = 'success'"
    stop_daemon
    expect_equal "the database" "$(contents)" "$before"
}

test_who_holds_the_database_is_said_to_those_without_a_key() {
    sixty_people
    start_daemon
    wait_until "a cycle" cycles_are_at_least 1 "status = 'success'"
    write_conf flex.api_key_file=
    rm "$T/flexsync.sock" # else the daemon would be asked
    sync
    expect_status 75
    expect_match "stderr" "$(cat "$ERR")" "flexsyncd .process $DAEMON. keeps"
    cli check
    expect_status 78
    expect_match "what check says" "$(cat "$OUT")" 'FAIL  settings .*no API key'
    expect_match "what check says" "$(cat "$OUT")" 'ok    database .*60 contacts, whole, kept up to date by flexsyncd'
    stop_daemon
}

test_a_row_that_could_not_be_closed_is_closed_by_the_next_cycle() {
    sixty_people
    sync
    expect_status 0
    sqlite3 "$DB" "INSERT INTO sync_log (entity, status, sync_started_at) VALUES ('contacts', 'running', '2026-01-01 00:00:00')"
    start_daemon
    wait_until "a cycle" cycles_are_at_least 2 "entity = 'contacts' AND status = 'success'"
    expect_sql "the old row" "SELECT status, error_message FROM sync_log WHERE sync_started_at = '2026-01-01 00:00:00'" 'failed|interrupted'
    stop_daemon
}

test_the_group_may_read_what_a_cautious_umask_made() {
    sixty_people
    local old_mask
    old_mask=$(umask)
    umask 077
    sync
    umask "$old_mask"
    expect_status 0
    local file
    for file in contacts.db contacts.db-wal contacts.db.lock; do
        expect_equal "mode of $file" "$(stat -c %a "$(dirname "$DB")/$file")" 640
    done
}

test_rows_of_the_old_tool_that_nobody_can_ask_for_stay_in_its_table() {
    sixty_people
    sqlite3 "$DB" "CREATE TABLE contacts (id INTEGER PRIMARY KEY AUTOINCREMENT, contact_id TEXT UNIQUE NOT NULL, first_name TEXT,
        flex_data TEXT, created_at DATETIME, updated_at DATETIME);
        INSERT INTO contacts (contact_id, first_name) VALUES ('../resource-type', 'Up'), ('a/b c', 'Slash'), ('$(some_id 4)', 'Fine');
        CREATE TABLE my_notes (contact INTEGER REFERENCES contacts (id), note TEXT);
        INSERT INTO my_notes VALUES (3, 'call back');"
    sync
    expect_status 0
    expect_complete
    expect_sql "what could not be asked for" "SELECT group_concat(first_name, ' ') FROM contacts_of_the_old_tool WHERE id < 3" 'Up Slash'
    expect_sql "the note" "SELECT note, contact_id FROM my_notes JOIN contacts ON contacts.id = contact" "call back|$(some_id 4)"
    expect_equal "requests for resource types" "$(stat_of by_kind.resource-type)" 1
    expect_second_sync_changes_nothing
}
