# The smallest plan, 20 requests an hour: everybody is there at once, and the details come one after the other.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

lite() {
    start_sim --contacts 1699 --deleted-share 0 --hourly 20 --daily 100 --monthly 1000
    write_conf 'limits.plan="lite"'
}

whole() { sql "SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL"; }
refused() { stat_of quota_breaches; }

test_on_the_small_plan_all_1699_are_listed_by_the_first_sync_and_details_trickle_newest_first() {
    lite
    sync
    expect_status 2
    expect_equal "refused" "$(refused)" 0
    expect_at_most "requests" "$(stat_of total)" 20
    expect_sql "contacts" "SELECT count(*), sum(status = 'Active') FROM contacts" "1699|1699"
    expect_log 'status, records_listed, records_expected, records_inserted, records_failed, resumes_at > created_at' 'partial|1699|1699|1699|0|1'
    local had
    had=$(whole)
    expect_at_least "whole records" "$had" 15
    expect_sql "those that wait" "SELECT count(*), group_concat(DISTINCT reason), sum(attempts) FROM detail_queue" "$((1699 - had))|new|0"
    expect_sql "they are the newest" "SELECT count(*) FROM contact_state WHERE content_hash IS NULL AND id > (SELECT min(id) FROM contact_state WHERE content_hash IS NOT NULL)" 0
    cli status
    expect_status 0

    # Hour for hour, never one more than the site allows, until the day is used up.
    local hour
    for hour in 1 2 3 4 5; do
        time_passes 3660
        sync
        expect_match "status" "$STATUS" '^(2|75)$'
    done
    expect_equal "refused" "$(refused)" 0
    expect_at_most "requests of the day" "$(stat_of total)" 100
    expect_at_least "requests of the day" "$(stat_of total)" 90
    expect_at_least "whole records" "$(whole)" $((had + 60))
    expect_sql "still the newest" "SELECT count(*) FROM contact_state WHERE content_hash IS NULL AND id > (SELECT min(id) FROM contact_state WHERE content_hash IS NOT NULL)" 0
    expect_log 'status, resumes_at > datetime(created_at, "+5 hours")' 'partial|1'
    expect_whole_database
    expect_columns_follow_flex_data
}

test_on_the_small_plan_a_listing_is_not_read_again_while_details_are_missing() {
    lite
    write_conf 'limits.plan="lite"' 'sync.interval="1s"'
    start_daemon
    wait_until "a first sync" cycles_are_at_least 1 "status = 'partial'"
    stop_daemon
    local listings
    listings=$(stat_of by_kind.list)
    time_passes 3660
    copy_ages 3660
    write_conf 'limits.plan="lite"' 'sync.interval="1s"' sync.on_start=false
    start_daemon
    wait_until "another one" cycles_are_at_least 1 "\"trigger\" = 'timer' AND records_fetched > 0"
    stop_daemon
    expect_equal "listings" "$(stat_of by_kind.list)" "$listings"
    expect_equal "refused" "$(refused)" 0
    expect_sql "the newest first" "SELECT count(*) FROM contact_state WHERE content_hash IS NULL AND id > (SELECT min(id) FROM contact_state WHERE content_hash IS NOT NULL)" 0
}

test_on_the_small_plan_a_contact_that_is_new_meanwhile_comes_first() {
    lite
    sync
    sim 'add?n=2' >new.json
    time_passes 3660
    sync
    expect_sql "they are whole" "SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL AND id IN (SELECT id FROM contacts ORDER BY id DESC LIMIT 2)" 2
    expect_sql "and there" "SELECT count(*) FROM contacts" 1701
    expect_equal "refused" "$(refused)" 0
}

test_a_row_that_changes_before_its_details_came_is_followed_and_is_a_change() {
    lite
    sync
    local id
    id=$(sql "SELECT contact_id FROM contacts ORDER BY id LIMIT 1") # the last in the queue
    sim "edit?id=$id&kind=rename" >/dev/null
    time_passes 3660
    sync
    expect_sql "whole" "SELECT content_hash IS NOT NULL FROM contact_state JOIN contacts USING (id) WHERE contact_id = '$id'" 0
    expect_sql "its name is the new one" "SELECT json_extract(after, '\$.name') = name FROM contact_changes JOIN contacts USING (contact_id) WHERE contact_id = '$id' AND kind = 'changed'" 1
    expect_sql "changes" "SELECT count(*) FROM contact_changes WHERE kind = 'changed'" 1
}
