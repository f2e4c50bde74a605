# The key refused, the request refused, the quota used up.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

contacts_60() {
    start_sim --contacts 60 --deleted-share 0 "$@"
    write_conf
}

test_a_wrong_key_costs_three_requests_at_most_and_says_what_to_do() {
    contacts_60
    printf 'another-key\n' >secret/key
    sync
    expect_status 77
    expect_log status failed
    expect_match "error_message" "$(log_row error_message)" 'answered 401.*make a new one in Flex under Main Menu > Integrations > API'
    expect_match "stderr" "$(cat "$ERR")" 'make a new one'
    expect_at_most "requests" "$(stat_of total)" 3
    printf '%s\n' "$KEY" >secret/key
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_key_refused_for_the_listing_ends_the_sync() {
    contacts_60
    script 'any => status 403'
    sync
    expect_status 77
    expect_log "status, requests" "failed|3"
    expect_match "error_message" "$(log_row error_message)" 'lacks the right to read this listing'
    script
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_key_refused_in_the_midst_of_records_ends_the_sending_and_keeps_what_came() {
    local status
    for status in 401 403; do
        rm -f "$DB"*
        contacts_60 --latency 5
        write_conf limits.concurrent=2
        script "any from=22 => status $status"
        sync
        expect_status 77
        expect_log status failed
        expect_at_most "requests after the refusal" "$(stat_of by_kind.detail)" 24
        expect_at_least "whole ones" "$(sql "SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL")" 15
        expect_sql "all are listed" "SELECT count(*) FROM contacts" 60
        script
        sync
        expect_status 0
        expect_complete
        expect_at_most "records asked for in all" "$(stat_of by_kind.detail)" 66
    done
    expect_second_sync_changes_nothing
}

test_a_400_is_asked_again_without_sort_and_then_believed() {
    contacts_60
    script 'list => status 400'
    sync
    expect_status 65
    expect_log "status, requests" "failed|2"
    expect_equal "with sort" "$(stat_of sorted_lists)" 1
    script
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_400_of_a_record_is_final_in_this_cycle() {
    contacts_60
    script "detail id=$(some_id 4) => status 400"
    sync
    expect_status 2
    expect_log "status, requests, retries, records_failed, records_fetched" "partial|61|0|1|59"
    script
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_404_of_the_listing_says_what_address_is_wanted() {
    contacts_60
    write_conf flex.base_url="\"$SIM/f5/wrong\""
    sync
    expect_status 65
    expect_log "status, requests" "failed|2" # once without sort
    expect_match "error_message" "$(log_row error_message)" 'answered 404.*check flex.base_url .it ends in /f5/api'
    write_conf
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_server_that_is_not_there_is_69_and_nothing_is_lost() {
    contacts_60
    sync
    expect_status 0
    local before
    before=$(contents)
    stop_sim
    sync
    expect_status 69
    expect_log "status, requests, retries" "failed|5|3" # the third one asks for less
    expect_match "error_message" "$(log_row error_message)" 'no answer from the server.*check the network'
    expect_equal "the database" "$(contents)" "$before"
    start_sim --contacts 60 --deleted-share 0 --port "$SIM_PORT"
    expect_second_sync_changes_nothing
}

test_a_name_that_does_not_resolve_is_69() {
    start_sim --contacts 1
    write_conf flex.base_url='"https://no-such-site.invalid/f5/api"' flex.timeout='"2s"'
    sync
    expect_status 69
    expect_log status failed
    expect_match "error_message" "$(log_row error_message)" 'no answer from the server: .*no-such-site.invalid'
}

# seconds_until_resume: of the newest row.
seconds_until_resume() {
    log_row "CAST(round((julianday(resumes_at) - julianday(sync_completed_at)) * 86400) AS INTEGER)"
}

test_a_429_of_the_listing_is_75_and_says_when_it_goes_on() {
    contacts_60
    script 'list => status 429'
    sync
    expect_status 75
    expect_log 'status, requests, throttled, retries' 'partial|1|1|0'
    expect_match "error_message" "$(log_row error_message)" 'answered 429: the request quota is used up'
    expect_equal "seconds until it goes on" "$(seconds_until_resume)" 900
    expect_match "stderr" "$(cat "$ERR")" 'sync again after'
    expect_equal "requests" "$(stat_of total)" 1
    script
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_429_names_its_delay_and_is_believed_within_reason() {
    contacts_60
    local delay
    while read -r delay want; do
        script "list => status 429 retry-after=$delay"
        sync
        expect_status 75
        expect_equal "seconds until it goes on after Retry-After: $delay" "$(seconds_until_resume)" "$want"
    done <<'EOF'
120 120
0 1
-5 1
99999999999999999999 3600
86400 3600
nonsense 900
EOF
    script
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_429_among_the_records_stops_the_sending_and_keeps_the_rest_queued() {
    contacts_60
    write_conf limits.concurrent=2 "$NO_FEED"
    script 'detail from=31 => status 429 retry-after=60'
    sync
    expect_status 2
    expect_log 'status, records_fetched, records_listed, records_failed' 'partial|30|60|0'
    expect_at_most "requests after the refusal" "$(stat_of by_kind.detail)" 32
    expect_sql "what waits" "SELECT count(*), sum(attempts) FROM detail_queue" "30|0"
    expect_sql "all are listed" "SELECT count(*) FROM contacts" 60
    expect_equal "seconds until it goes on" "$(seconds_until_resume)" 60
    script
    sync
    expect_status 0
    expect_complete
    expect_log 'records_fetched' 30
    expect_second_sync_changes_nothing
}

test_a_real_quota_is_met_without_a_breach_of_more_than_the_window() {
    start_sim --contacts 100 --hourly 45
    write_conf
    sync
    expect_status 2
    expect_log 'status, records_listed, records_fetched' 'partial|100|44'
    expect_at_most "refused requests" "$(stat_of quota_breaches)" 30
    sync
    expect_status 75
    expect_log 'status, requests, records_fetched' 'partial|0|0'
    expect_match "error" "$(log_row error_message)" 'hourly request quota is used up; goes on'
    time_passes 7200
    sync
    expect_status 2
    quota_ends
    sync
    expect_status 0
    expect_complete
    expect_equal "every record was had once" "$(stat_of distinct_details)" 100
    expect_second_sync_changes_nothing
}

test_never_more_than_30_requests_are_in_flight_and_28_are_reached() {
    start_sim --latency 60
    write_conf
    sync
    expect_status 0
    expect_complete
    expect_at_most "in flight" "$(stat_of peak_in_flight)" 30
    expect_at_least "in flight" "$(stat_of peak_in_flight)" 28
    expect_at_most "requests" "$(stat_of total)" 1705
    expect_equal "refused" "$(stat_of quota_breaches)" 0
    expect_second_sync_changes_nothing
}

test_limits_concurrent_is_kept() {
    start_sim --contacts 60 --latency 20
    write_conf limits.concurrent=3
    sync
    expect_status 0
    expect_equal "in flight" "$(stat_of peak_in_flight)" 3
    expect_complete
    expect_second_sync_changes_nothing
}

test_rate_and_burst_are_kept() {
    start_sim --contacts 60
    write_conf limits.rate=20 limits.burst=5
    sync
    expect_status 0
    expect_complete
    expect_at_most "requests in the busiest second" "$(stat_of peak_rate)" 26
    expect_at_least "waited_ms" "$(log_row waited_ms)" 2000
    expect_second_sync_changes_nothing
}
