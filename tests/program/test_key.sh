# A refused request is a refused key only if a second question is refused too.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

DENIED='body={"exceptionCode":"FLEX_5000","exceptionMessage":"Access Denied"}'

test_a_key_refused_in_the_middle_ends_with_77_within_four_requests() {
    start_sim --contacts 80 --deleted-share 0
    write_conf limits.concurrent=1
    script 'any from=31 => status 401'
    sync
    expect_status 77
    expect_at_least "requests" "$(stat_of total)" 31
    expect_at_most "requests" "$(stat_of total)" 34
    expect_match "error_message" "$(log_row error_message)" 'the API key is invalid or revoked'
    script
    sync
    expect_status 0
    expect_complete
}

test_three_records_that_the_key_may_not_read_leave_the_others_alone() {
    start_sim --contacts 80 --deleted-share 0
    write_conf "$NO_FEED"
    local status
    for status in 401 403; do
        rm -f "$DB"*
        sim reset-stats >/dev/null
        script "detail id=$(some_id 3) => status $status $DENIED" "detail id=$(some_id 40) => status $status $DENIED" \
            "detail id=$(some_id 41) => status $status $DENIED"
        sync
        [ "$STATUS" != 77 ] || fail "the key is condemned for three records"
        expect_sql "whole ones" "SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL" 77
        expect_log "retries, records_listed" "0|80"
        # A listing, 80 records, two questions for each of three refusals at most, and the resource types.
        expect_at_most "requests" "$(stat_of total)" 88
    done
    script
    sync --full
    expect_status 0
    expect_complete
}

test_a_check_that_meets_an_outage_condemns_nothing() {
    start_sim --contacts 30 --deleted-share 0
    write_conf limits.concurrent=1 "$NO_FEED"
    script "detail nth=5 => status 401" 'profile times=1 => status 503' 'list size=1 times=1 => status 503'
    sync
    expect_status 0
    expect_log "status, retries, records_failed" "success|1|0"
    expect_complete
}
