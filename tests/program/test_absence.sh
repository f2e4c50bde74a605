# Records that the key's user may not see, and records that are gone, in all the words that sites have for it.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

test_denied_records_are_kept_and_named_and_the_sync_is_a_success() {
    start_sim --contacts 80 --deleted-share 0
    write_conf 'log.file="'"$T/app.log"'"'
    sim 'deny?n=3' >/dev/null
    sync
    expect_status 0
    expect_log 'status, records_listed, records_fetched, records_failed, records_denied' 'success|80|77|0|3'
    expect_sql "whole records" "SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL" 77
    expect_sql "kept" "SELECT count(*), min(c.status) FROM contacts c JOIN detail_queue q USING (id) WHERE q.reason = 'denied'" '3|Active'
    expect_match "the log" "$(cat "$T/app.log")" '3 records are not for the user of this API key'
    cli status
    expect_status 0
    expect_match "status" "$(tr -s ' \n' ' ' <"$OUT")" 'Denied 3 records that the user of the API key may not see'
    local name
    while read -r name; do
        expect_match "status names" "$(tr -s ' \n' ' ' <"$OUT")" "$(tr -s ' ' <<<"${name//[^a-zA-Z0-9 ]/.}")"
    done < <(sql "SELECT coalesce(nullif(c.name, ''), c.preferred_display_string) FROM contacts c JOIN detail_queue q USING (id)")
    cli status --json
    expect_schema status
    expect_equal "denied" "$(json "$OUT" denied.count)" 3
    expect_second_sync_changes_nothing
    expect_log 'records_denied' 3
    expect_at_most "requests of the second sync" "$(log_row requests)" 3
}

test_denied_records_come_when_they_are_allowed() {
    start_sim --contacts 80 --deleted-share 0
    write_conf
    sim 'deny?n=3' >/dev/null
    sync
    expect_log 'status, records_denied' 'success|3'
    sim allow >/dev/null
    sync
    expect_log 'status, records_denied' 'success|3' # they are asked for again after days
    copy_ages $((4 * 86400))
    sync
    expect_status 0
    expect_log 'status, records_denied' 'success|0'
    expect_complete
}

test_a_forbidden_record_is_denied_like_an_unauthorized_one() {
    start_sim --contacts 80 --deleted-share 0 --denied-status 403
    write_conf
    sim 'deny?n=3' >/dev/null
    sync --full
    expect_status 0
    expect_log 'status, records_fetched, records_denied' 'success|77|3'
}

# The user's own rights may hide their profile too: then the listing decides about the key.
test_where_the_profile_is_refused_or_missing_the_listing_decides() {
    local profile
    for profile in no denied; do
        rm -f "$DB"*
        start_sim --contacts 80 --deleted-share 0 --profile $profile
        write_conf
        sim 'deny?n=3' >/dev/null
        sync
        expect_status 0
        expect_log 'status, records_fetched, records_denied' 'success|77|3'
        stop_sim
    done
}

test_a_key_that_is_refused_in_the_middle_stops_within_four_requests() {
    start_sim --contacts 300 --deleted-share 0
    write_conf limits.concurrent=1
    script 'detail from=41 => status 401' 'profile => status 401' 'list from=2 => status 401'
    sync
    expect_status 77
    expect_log status failed
    expect_log records_fetched 40
    expect_at_most "requests" "$(log_row requests)" $((1 + 40 + 4))
    expect_sql "no contact is denied" "SELECT count(*) FROM detail_queue WHERE reason = 'denied'" 0
    script
    sync
    expect_status 0
    expect_complete
}

# gone_as KIND SYNCS: three contacts leave the listing, and their addresses answer so.
gone_as() {
    start_sim --contacts 60 --deleted-share 0 --unknown "$1"
    write_conf
    sync
    expect_status 0
    sim 'remove?n=3' >/dev/null
    local day
    for ((day = 1; day <= $2; day++)); do
        sync
        expect_status 0
        expect_log 'status, records_failed' 'success|0'
        [ $day -eq "$2" ] || copy_ages 86400
        [ $day -eq "$2" ] || sqlite3 "$DB" "UPDATE contact_state SET missing_at = missing_at - 86400 WHERE missing > 0"
    done
    expect_sql "$1: Inactive" "SELECT count(*) FROM contacts WHERE status = 'Inactive' AND deleted_at IS NOT NULL" 3
    expect_sql "$1: waiting" "SELECT count(*) FROM detail_queue" 0
    expect_sql "$1: change records" "SELECT count(*) FROM contact_changes WHERE kind = 'deactivated'" 3
    cli forget "$(sql "SELECT id FROM contacts WHERE status = 'Inactive' LIMIT 1")"
    expect_status 0
    expect_second_sync_changes_nothing
    stop_sim
    rm -f "$DB"*
}

test_what_the_server_calls_unknown_is_inactive_after_one_sync() {
    local kind
    for kind in 404 400 410; do gone_as $kind 1; done
}

test_what_has_no_usable_answer_is_inactive_after_three_days() {
    local kind
    for kind in null 204 redirect; do gone_as $kind 3; done
}

test_what_answers_500_or_a_gateways_page_is_inactive_after_three_days_too() {
    gone_as 500 3
    gone_as html 3
}

test_three_that_answer_400_404_and_410_are_inactive_after_two_syncs() {
    start_sim --contacts 60 --deleted-share 0
    write_conf
    sync
    local ids
    mapfile -t ids < <(sim ids | head -n 3)
    script "detail id=${ids[0]} => status 400 body={\"exceptionMessage\":\"Unable to find contact with id: ${ids[0]}\",\"httpStatusCode\":400}" \
        "detail id=${ids[1]} => status 404" "detail id=${ids[2]} => status 410"
    local id
    for id in "${ids[@]}"; do sim "remove?id=$id" >/dev/null; done
    sync
    sync
    expect_status 0
    expect_log status success
    expect_sql "Inactive" "SELECT count(*) FROM contacts WHERE status = 'Inactive'" 3
}

test_a_merged_contact_is_inactive_and_names_its_survivor() {
    start_sim --contacts 60 --deleted-share 0
    write_conf
    sync
    local ids
    mapfile -t ids < <(sim ids | head -n 2)
    sim "merge?id=${ids[0]}&into=${ids[1]}" >/dev/null
    sync
    expect_status 0
    expect_log 'status, records_deleted' 'success|1'
    expect_sql "the survivor" "SELECT t.merged_into, c.status FROM contacts c JOIN contact_state t USING (id) WHERE c.contact_id = '${ids[0]}'" "${ids[1]}|Inactive"
    cli show "${ids[0]}"
    expect_status 0
    expect_match "show" "$(cat "$OUT")" "Merged +${ids[1]}"
    cli changes "${ids[0]}"
    expect_status 0
    expect_match "changes" "$(cat "$OUT")" "mergedInto"
    expect_second_sync_changes_nothing
}

# A gateway in front of the site answers for some seconds: no contact becomes inactive, and nothing waits for a day.
test_a_gateway_that_answers_404_for_a_moment_changes_nothing() {
    start_sim --contacts 200 --deleted-share 0
    write_conf
    sync
    expect_status 0
    local before
    before=$(contents)
    script 'detail times=30 => status 404 body=<html>not here</html>'
    sync --full
    expect_sql "Inactive" "SELECT count(*) FROM contacts WHERE status = 'Inactive'" 0
    expect_equal "the database" "$(contents)" "$before"
    sync
    expect_status 0
    expect_sql "waiting" "SELECT count(*) FROM detail_queue" 0
    expect_equal "the database" "$(contents)" "$before"
}

test_a_server_that_does_not_know_its_own_records_is_asked_again_within_minutes() {
    start_sim --contacts 200 --deleted-share 0
    write_conf limits.concurrent=5
    sync
    expect_status 0
    local before
    before=$(contents)
    script 'detail => status 404'
    sync --full
    expect_status 65
    expect_match "error_message" "$(log_row error_message)" 'does not know most of the contacts that it lists'
    expect_at_most "requests" "$(log_row requests)" 30
    expect_sql "resumes within minutes" "SELECT (julianday(resumes_at) - julianday(sync_completed_at)) * 1440 <= 6 FROM sync_log ORDER BY id DESC LIMIT 1" 1
    expect_equal "the database" "$(contents)" "$before"
    script
    sync
    expect_status 0
    expect_complete
}

# 250 contacts in pages of 100; before page 2 is read one of page 1 goes and another one comes at the end.
test_rows_that_move_between_pages_are_not_lost() {
    start_sim --contacts 250 --deleted-share 0 --max-size 100
    write_conf "$NO_FEED"
    script 'list page=2 times=1 => delay 10000'
    "$SYNC" -c "$CONF" sync >"$T/sync.out" 2>"$T/sync.err" &
    local pid=$! id
    wait_until "page 2 is asked for" sim_stat_is by_kind.list 2
    id=$(some_id 3)
    sim "remove?id=$id" >/dev/null
    sim 'add?n=1' >/dev/null
    STATUS=0 && wait $pid || STATUS=$?
    ERR=$T/sync.err
    expect_status 0
    expect_complete
}

sim_stat_is() { [ "$(stat_of "$1")" = "$2" ]; }

test_a_site_too_slow_for_large_pages_is_asked_for_smaller_ones() {
    start_sim --contacts 300 --deleted-share 0 --list-slow 100
    write_conf sync.page_size=1000 "$NO_FEED" 'log.file="'"$T/app.log"'"'
    sync
    expect_status 0
    expect_complete
    expect_match "the log" "$(cat "$T/app.log")" 'cannot give 1000 rows a page in time; .* sync.page_size'
    expect_second_sync_changes_nothing
    expect_at_most "requests of the second sync" "$(log_row requests)" 6
}

test_empty_pages_before_the_announced_end_are_walked_through() {
    start_sim --contacts 400 --deleted-share 0 --max-size 50
    write_conf "$NO_FEED"
    script 'list page=3 => replace-field content []' 'list page=4 => replace-field content []'
    sync
    expect_log records_listed 300
    script
    sync
    expect_status 0
    expect_complete
}
