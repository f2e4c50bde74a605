# An outage costs tens of requests, and its end is noticed within a minute.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

whole_ones() { sql "SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL" 2>/dev/null || echo 0; }
whole_at_least() { [ "$(whole_ones)" -ge "$1" ]; }
total_at_least() { [ "$(stat_of total)" -ge "$1" ]; }

test_a_daemon_survives_an_outage_of_twelve_seconds_for_tens_of_requests() {
    start_sim --contacts 400 --deleted-share 0
    write_conf limits.rate=50.0 'sync.interval="1h"' "$NO_FEED"
    start_daemon
    wait_until "a part is there" whole_at_least 60
    script 'any => status 503'
    local before
    before=$(stat_of total)
    local end=$((SECONDS + 12))
    while [ $SECONDS -lt $end ]; do pause 0.2; done
    expect_at_most "requests during the outage" "$(($(stat_of total) - before))" 45
    script
    wait_until "everything is there" whole_at_least 400
    wait_until "it is done" cycles_are_at_least 1 "status = 'success'"
    expect_sql "failed ones" "SELECT sum(records_failed) FROM sync_log" 0
    stop_daemon
    expect_all_as_the_server_has_them
}

# begins_in_outage RULE EXIT-STATUS WORDS
begins_in_outage() {
    start_sim --contacts 40 --deleted-share 0
    write_conf 'sync.interval="1h"'
    script "any => $1"
    start_daemon
    wait_until "the cycle fails" cycles_are_at_least 1 "status = 'failed'"
    expect_log 'exit_status, requests' "$2|5"
    wait_until "probes" total_at_least 8
    expect_equal "rows" "$(cycles)" 1
    script
    wait_until "it goes on by itself" cycles_are 1 "status = 'success' AND \"trigger\" = 'resume'"
    expect_equal "rows" "$(cycles)" 2
    expect_equal "lines about the outage" "$(daemon_said_times "^<3>.*$3")" 2
    stop_daemon
    expect_complete
}

test_a_daemon_that_starts_in_an_outage_probes_until_it_is_over_and_writes_one_row() {
    begins_in_outage 'status 503' 69 'answered 503'
}

test_an_outage_may_be_a_page_for_people_with_status_200() {
    begins_in_outage 'html status=200' 65 '(contacts: failed.*not one whole JSON|more times?, .*no JSON)'
}

test_an_odd_row_at_the_top_of_the_listing_keeps_no_outage_going() {
    start_sim --contacts 120 --deleted-share 0
    write_conf "$NO_FEED" limits.concurrent=5
    script 'detail times=8 => status 503' 'list => replace-field content.0.name "row \ud800"'
    sync
    expect_log 'records_fetched, records_failed' '120|0'
}

test_ninety_merged_contacts_are_no_outage() {
    start_sim --contacts 200 --deleted-share 0
    write_conf "$NO_FEED"
    sync
    local ids i
    mapfile -t ids < <(sim ids | head -n 91)
    for i in {1..90}; do sim "merge?id=${ids[i]}&into=${ids[0]}" >/dev/null; done
    sync --accept-vanished
    expect_sql "merged" "SELECT count(*) FROM contacts WHERE status = 'Inactive'" 90
}

test_a_daemon_stops_at_once_during_a_probe() {
    start_sim --contacts 5
    write_conf 'sync.interval="1h"'
    script 'any to=5 => status 503' 'any => hang'
    start_daemon
    wait_until "a probe hangs" total_at_least 6
    stop_daemon
    expect_equal "rows" "$(cycles)" 1
}

test_records_that_ask_for_ten_minutes_of_peace_get_them() {
    start_sim
    write_conf "$NO_FEED"
    script 'detail => status 503 retry-after=600'
    sync
    expect_status 2
    expect_log 'status, records_listed, records_fetched, records_failed' 'partial|1699|0|0'
    expect_at_most "requests" "$(stat_of total)" 40
    local seconds
    seconds=$(log_row "CAST(round((julianday(resumes_at) - julianday(sync_completed_at)) * 86400) AS INTEGER)")
    expect_at_least "seconds until it goes on" "$seconds" 590
    expect_at_most "seconds until it goes on" "$seconds" 601
    expect_match "error_message" "$(log_row error_message)" 'the server is in trouble, and is asked again at .*answered 503'
    script
    sync
    expect_status 0
    expect_complete
}

test_a_gateway_that_answers_404_for_a_while_makes_no_record_inactive() {
    start_sim --contacts 60 --deleted-share 0
    write_conf "$NO_FEED"
    sync
    expect_status 0
    script 'detail to=12 => html status=404'
    sync --full
    expect_status 0
    expect_sql "Inactive" "SELECT count(*) FROM contacts WHERE status = 'Inactive' OR deleted_at IS NOT NULL" 0
    expect_complete
}
