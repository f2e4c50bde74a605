# What goes, what comes back, what changes: nothing is believed too soon and nothing is asked for in vain.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

inactive() { sql "SELECT count(*) FROM contacts WHERE status = 'Inactive'"; }

contacts_of() {
    start_sim --contacts "$1" --deleted-share 0
    write_conf "$NO_FEED"
    sync
    expect_status 0
    sim reset-stats >/dev/null
}

test_twelve_renamed_and_five_added_cost_one_listing_and_17_records() {
    contacts_of 1699
    sim 'edit?n=12&kind=rename&seed=4' >renamed.json
    sim 'add?n=5' >added.json
    sync
    expect_status 0
    expect_equal "listings" "$(stat_of by_kind.list)" 1
    expect_equal "records" "$(stat_of by_kind.detail)" 17
    expect_equal "all requests" "$(stat_of total)" 18
    expect_log 'requests, records_listed, records_fetched, records_inserted, records_updated, records_failed' '18|1704|17|5|12|0'
    local sync_id
    sync_id=$(log_row id)
    expect_sql "changes of this sync" "SELECT kind, count(*) FROM contact_changes WHERE sync_id = $sync_id GROUP BY kind ORDER BY kind" $'changed|12\ninserted|5'
    sql "SELECT contact_id FROM contact_changes WHERE sync_id = $sync_id AND kind = 'changed' ORDER BY 1" >changed.ids
    sqlite3 :memory: "SELECT value FROM json_each(CAST(readfile('renamed.json') AS TEXT), '\$.ids') ORDER BY 1" >renamed.ids
    cmp changed.ids renamed.ids || fail "others changed than were renamed"
    expect_sql "only the fields that differ, before and after" "SELECT count(*) FROM contact_changes WHERE sync_id = $sync_id AND kind = 'changed' AND json_extract(before, '\$.name') IS NOT NULL AND json_extract(after, '\$.name') <> json_extract(before, '\$.name') AND json_extract(after, '\$.addresses') IS NULL" 12
    expect_sql "updated_at of nobody else moved" "SELECT count(*) FROM contacts c WHERE updated_at > (SELECT sync_completed_at FROM sync_log WHERE id = 1) AND contact_id NOT IN (SELECT contact_id FROM contact_changes WHERE sync_id = $sync_id)" 0
    expect_complete
    expect_columns_follow_flex_data
    expect_second_sync_changes_nothing
}

test_edits_that_no_listing_shows_are_found_by_a_full_sync() {
    contacts_of 80
    sim 'edit?n=9&kind=hidden&seed=3' >/dev/null
    sync
    expect_status 0
    expect_log 'records_fetched, records_updated' '0|0'
    sync --full
    expect_status 0
    expect_log 'records_fetched, records_updated, records_unchanged' '80|9|71'
    expect_complete
    expect_columns_follow_flex_data
    expect_second_sync_changes_nothing
}

test_a_visible_edit_and_its_revert_are_two_changes() {
    contacts_of 40
    local id
    id=$(some_id 3)
    sim "edit?id=$id&kind=rename" >/dev/null
    sync
    expect_status 0
    sim "edit?id=$id&kind=revert" >/dev/null
    sync
    expect_status 0
    expect_sql "changes" "SELECT count(*) FROM contact_changes WHERE kind = 'changed' AND contact_id = '$id'" 2
    expect_complete
    expect_second_sync_changes_nothing
}

test_removed_contacts_become_inactive_and_stay_in_the_table() {
    contacts_of 200
    sim 'remove?n=5&seed=2' >removed.json
    sync
    expect_status 0
    expect_log 'status, records_listed, records_expected, records_deleted' 'success|195|195|5'
    expect_equal "records asked for" "$(stat_of by_kind.detail)" 5
    sqlite3 :memory: "SELECT value FROM json_each(CAST(readfile('removed.json') AS TEXT), '\$.ids') ORDER BY 1" >removed.ids
    sql "SELECT contact_id FROM contacts WHERE status = 'Inactive' AND deleted_at IS NOT NULL ORDER BY 1" >inactive.ids
    cmp removed.ids inactive.ids || fail "others are Inactive than were removed"
    expect_sql "rows" "SELECT count(*) FROM contacts" 200
    expect_sql "changes" "SELECT count(*) FROM contact_changes WHERE kind = 'deactivated'" 5
    expect_all_as_the_server_has_them
    expect_second_sync_changes_nothing

    # They come back.
    sim 'restore?n=5' >/dev/null
    sync
    expect_status 0
    expect_equal "Inactive" "$(inactive)" 0
    expect_sql "deleted_at" "SELECT count(*) FROM contacts WHERE deleted_at IS NOT NULL" 0
    expect_sql "changes" "SELECT count(*) FROM contact_changes WHERE kind = 'returned'" 5
    expect_log 'records_updated, records_inserted' '5|0'
    expect_complete
    expect_second_sync_changes_nothing
}

test_contacts_flagged_as_deleted_become_inactive_and_return() {
    contacts_of 100
    sim 'flag-deleted?n=4&seed=2' >/dev/null
    sync
    expect_status 0
    expect_equal "Inactive" "$(inactive)" 4
    expect_log 'records_deleted' 4
    expect_complete
    expect_columns_follow_flex_data
    expect_second_sync_changes_nothing
    sim 'restore?n=4&kind=flagged' >/dev/null
    sync
    expect_status 0
    expect_equal "Inactive" "$(inactive)" 0
    expect_sql "changes" "SELECT kind, count(*) FROM contact_changes WHERE kind <> 'inserted' GROUP BY kind ORDER BY kind" $'deactivated|4\nreturned|4'
    expect_complete
    expect_second_sync_changes_nothing
}

test_900_of_1700_gone_at_once_are_not_believed() {
    start_sim --contacts 1700 --deleted-share 0
    write_conf limits.hourly=10000 "$NO_FEED"
    sync
    expect_status 0
    sim reset-stats >/dev/null
    sim 'remove?n=900&seed=9' >/dev/null
    local before
    before=$(contents)
    sync
    expect_status 2
    expect_log 'status, records_listed, records_deleted' 'partial|800|0'
    expect_match "error_message" "$(log_row error_message)" 'too many are gone at once.*flexsync sync --accept-vanished'
    expect_match "stderr" "$(cat "$ERR")" '900 of 1,700 active contacts are gone at once.*not believed'
    expect_equal "the database" "$(contents)" "$before"
    expect_equal "records asked for" "$(stat_of by_kind.detail)" 0
    sync
    expect_status 2
    expect_equal "the database, once more" "$(contents)" "$before"

    sync --accept-vanished
    expect_status 0
    expect_log 'status, records_deleted' 'success|900'
    expect_equal "Inactive" "$(inactive)" 900
    expect_sql "rows" "SELECT count(*) FROM contacts" 1700
    expect_complete
    expect_second_sync_changes_nothing

    sim 'restore?n=900' >/dev/null
    sync
    expect_status 0
    expect_equal "Inactive" "$(inactive)" 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_max_vanished_is_a_percentage_and_five_may_always_go() {
    contacts_of 100
    sim 'remove?n=6&seed=1' >/dev/null
    write_conf sync.max_vanished=5
    sync
    expect_status 2
    expect_equal "Inactive" "$(inactive)" 0
    write_conf sync.max_vanished=6
    sync
    expect_status 0
    expect_equal "Inactive" "$(inactive)" 6
    sim 'remove?n=5&seed=2' >/dev/null
    write_conf sync.max_vanished=0
    sync
    expect_status 0
    expect_equal "Inactive" "$(inactive)" 11
    expect_second_sync_changes_nothing
}

test_a_server_that_knows_no_record_any_more_is_not_believed() {
    contacts_of 60
    local before
    before=$(contents)
    script 'detail => status 404'
    sync --full
    expect_status 65
    expect_match "the summary" "$(cat "$OUT")" 'does not know most of the contacts that it lists'
    expect_equal "the database" "$(contents)" "$before"
    script
    sync
    expect_status 0
    expect_equal "the database" "$(contents)" "$before"
    expect_complete
}

test_an_empty_listing_is_not_believed() {
    contacts_of 60
    local before
    before=$(contents)
    script 'list => json {"content": [], "totalElements": 0, "totalPages": 0, "first": true, "last": true, "number": 0, "size": 2000}'
    sync
    expect_status 2
    expect_equal "the database" "$(contents)" "$before"
    script 'list => json []'
    sync
    expect_status 2
    expect_equal "the database" "$(contents)" "$before"
    script
    sync
    expect_status 0
    expect_equal "the database" "$(contents)" "$before"
}

test_one_that_a_whole_listing_lacks_and_that_answers_for_itself_stays_active() {
    contacts_of 60
    local before
    before=$(contents)
    script 'list => drop-row 7' 'list => wrong-total -1'
    sync
    expect_status 0
    expect_log 'status, records_listed, records_expected, records_fetched, records_deleted' 'success|59|59|1|0'
    expect_equal "the database" "$(contents)" "$before"
    sync # and is not asked for again at once
    expect_status 0
    expect_log 'records_fetched' 0
    script
    sync
    expect_status 0
    expect_equal "the database" "$(contents)" "$before"
    expect_complete
}

test_one_that_vanished_and_answers_503_stays_active_for_ever() {
    contacts_of 60
    local id
    id=$(some_id 8)
    sim "remove?id=$id" >/dev/null
    script "detail id=$id => status 503"
    sync
    expect_status 0
    expect_log 'status, records_failed, records_deleted' 'success|0|0'
    expect_sql "it waits" "SELECT reason, attempts FROM detail_queue" 'missing|1'
    expect_equal "Inactive" "$(inactive)" 0
    script
    sync
    expect_status 0
    expect_equal "Inactive" "$(inactive)" 1
    expect_second_sync_changes_nothing
}

test_a_vanished_one_that_fails_and_comes_back_is_asked_for_no_more_for_ever() {
    contacts_of 60
    local id before
    before=$(contents)
    id=$(some_id 8)
    sim "remove?id=$id" >/dev/null
    script "detail id=$id => status 503"
    sync
    expect_status 0
    script
    sim 'restore?n=1' >/dev/null
    sync
    expect_status 0
    expect_complete
    expect_equal "Inactive" "$(inactive)" 0
    expect_sql "nobody was deactivated" "SELECT count(*) FROM contact_changes WHERE kind = 'deactivated'" 0
    expect_second_sync_changes_nothing
}
