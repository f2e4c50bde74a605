# What a sync costs where little changed, and what the listing in the order of edits tells: counted by the server.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

# Every block of the contacts, their index and their changes: an index that is written again has other blocks.
evidence() {
    sqlite3 -readonly "$DB" "SELECT * FROM contacts ORDER BY id" "SELECT * FROM contact_changes ORDER BY id" \
        "SELECT id, hex(block) FROM contacts_fts_data ORDER BY id" "SELECT * FROM contacts_fts_idx" \
        "SELECT id, sz FROM contacts_fts_docsize ORDER BY id" | sha256sum
}

copied() { # N [OPTION…]: that many contacts, synced once, and enough of the hour left for the daemon
    start_sim --contacts "$1" --deleted-share 0 "${@:2}"
    write_conf limits.hourly=10000
    sync
    expect_status 0
    sim reset-stats >/dev/null
}

verdict() { sql "SELECT value FROM meta WHERE key = 'feed.verdict'"; }
HONOURED=1 IGNORED=2

# The ids that the server answered with, sorted, against those of changes of a kind since a sync.
expect_changes_of() { # FILE KIND SINCE
    sqlite3 :memory: "SELECT value FROM json_each(CAST(readfile('$1') AS TEXT), '\$.ids') ORDER BY 1" >expected.ids
    sql "SELECT contact_id FROM contact_changes WHERE kind = '$2' AND sync_id > $3 ORDER BY 1" >actual.ids
    cmp expected.ids actual.ids || fail "not those of ${1##*/} are '$2'"
}

test_nothing_changed_costs_two_requests_by_hand_at_start_and_on_the_timer() {
    copied 1699
    local before
    before=$(evidence)
    sync
    expect_status 0
    expect_at_most "requests of the second sync, which finds the feed" "$(stat_of total)" 4
    expect_equal "the database" "$(evidence)" "$before"

    sim reset-stats >/dev/null
    sync
    expect_status 0
    expect_equal "requests of the third" "$(stat_of total)" 2
    expect_log 'status, requests, records_listed, records_unchanged, records_updated' 'success|2|1699|1|0'
    expect_equal "the database" "$(evidence)" "$before"

    sim reset-stats >/dev/null
    start_daemon
    wait_until "the sync of the start" cycles_are 1 "\"trigger\" = 'start' AND status = 'success'"
    stop_daemon
    expect_equal "requests of a start" "$(stat_of total)" 2
    expect_equal "the database" "$(evidence)" "$before"

    # A quarter of an hour later the pace allows an audit besides.
    copy_ages 900
    sim reset-stats >/dev/null
    write_conf limits.hourly=10000 sync.on_start=false 'sync.interval="1s"'
    start_daemon
    wait_until "a sync of the timer" cycles_are_at_least 1 "\"trigger\" = 'timer' AND status = 'success'"
    stop_daemon
    expect_at_least "requests of the timer" "$(stat_of total)" 2
    expect_at_most "requests of the timer" "$(stat_of total)" 4
    expect_equal "the database" "$(evidence)" "$before"
    expect_whole_database
}

test_nothing_changed_costs_a_listing_where_sort_is_ignored_and_no_record() {
    copied 1699 --sort ignore
    local before
    before=$(evidence)
    sync
    expect_status 0
    expect_equal "requests of the second sync, which asks in both directions" "$(stat_of total)" 2
    expect_equal "verdict" "$(verdict)" $IGNORED
    sync
    expect_status 0
    expect_equal "requests of the third" "$(stat_of total)" 3
    expect_equal "records asked for" "$(stat_of by_kind.detail)" 0
    expect_equal "the database" "$(evidence)" "$before"
}

test_a_timer_that_has_nothing_to_spend_sends_nothing() {
    copied 200
    sync
    sim reset-stats >/dev/null
    write_conf limits.hourly=10000 sync.on_start=false 'sync.interval="1s"'
    start_daemon
    wait_until "some syncs" cycles_are_at_least 2 "\"trigger\" = 'timer' AND status = 'success'"
    stop_daemon
    expect_equal "requests" "$(stat_of total)" 0
    expect_sql "what they say" "SELECT DISTINCT records_listed IS NULL, requests FROM sync_log WHERE \"trigger\" = 'timer'" "1|0"
}

test_12_renamed_and_5_new_cost_at_most_60_requests_with_the_feed() {
    copied 1699
    sync
    expect_equal "verdict" "$(verdict)" $HONOURED
    sim reset-stats >/dev/null
    local last
    last=$(log_row id)
    sim 'edit?n=12&kind=rename&seed=4' >renamed.json
    sim 'add?n=5' >/dev/null
    sync
    expect_status 0
    expect_equal "listings" "$(stat_of by_kind.list)" 1
    expect_at_least "records" "$(stat_of by_kind.detail)" 17
    expect_at_most "all requests" "$(stat_of total)" 60
    expect_log 'requests, records_listed, records_inserted, records_updated, records_failed' "$(stat_of total)|1704|5|12|0"
    expect_changes_of renamed.json changed "$last"
    expect_sql "insertions" "SELECT count(*) FROM contact_changes WHERE kind = 'inserted' AND sync_id > $last" 5
    expect_complete
    expect_columns_follow_flex_data
    sim reset-stats >/dev/null
    expect_second_sync_changes_nothing
    expect_at_most "requests afterwards" "$(stat_of total)" 40
}

hidden_edits_are_seen() { # of a site that was synced
    sync
    expect_equal "verdict" "$(verdict)" $HONOURED
    sim reset-stats >/dev/null
    local last
    last=$(log_row id)
    sim 'edit?n=6&kind=hidden&seed=7' >edited.json
    sync
    expect_status 0
    [ "$(log_row records_updated)" = 6 ] || sync
    expect_at_most "requests" "$(stat_of total)" 80
    expect_changes_of edited.json changed "$last"
    expect_all_as_the_server_has_them
    expect_columns_follow_flex_data
    expect_second_sync_changes_nothing
}

test_6_hidden_edits_are_seen_within_80_requests() {
    copied 1699
    hidden_edits_are_seen
    expect_at_most "in one sync" "$(cycles)" 4
}

test_6_hidden_edits_are_seen_where_the_listing_has_18_pages() {
    start_sim --contacts 1699 --deleted-share 0 --max-size 100
    write_conf limits.hourly=10000
    sync
    expect_status 0
    hidden_edits_are_seen
}

test_hidden_edits_are_seen_whatever_zone_the_dates_of_the_server_are_in() {
    local offset
    for offset in -39600 50400; do
        rm -f "$DB"* quota.db*
        copied 200 --utc-offset "$offset"
        sim 'edit?n=1&kind=hidden&seed=1' >/dev/null # so that there is a date of today
        sync
        expect_log 'status, records_updated' 'success|1'
        hidden_edits_are_seen
        stop_sim
    done
}

test_what_was_edited_while_the_first_sync_ran_is_seen_by_the_next() {
    start_sim --contacts 120 --deleted-share 0 --latency 20
    write_conf limits.concurrent=2
    "$SYNC" -c "$CONF" sync >sync.out 2>sync.err &
    local running=$!
    STARTED+=("$running")
    wait_until "half of them" records_are_stored 40
    sim 'edit?n=30&kind=hidden&seed=5' >/dev/null
    wait $running
    sim 'config?latency=0' >/dev/null
    sync
    expect_status 0
    expect_at_least "edits found" "$(log_row records_updated)" 1
    sync
    expect_all_as_the_server_has_them
}

records_are_stored() { [ "$(stat_of by_kind.detail)" -ge "$1" ]; }

test_a_feed_that_stops_is_demoted_at_the_cost_of_what_was_in_flight() {
    copied 1699
    sync
    expect_equal "verdict" "$(verdict)" $HONOURED
    copy_ages 3600
    sim 'config?sort=ignore' >/dev/null
    sim reset-stats >/dev/null
    sync
    expect_status 0
    expect_equal "verdict" "$(verdict)" $IGNORED
    expect_at_most "requests" "$(stat_of total)" 80
    # What was marked and not asked for is as if it had not been.
    expect_at_most "watched longer than looked at" "$(sql 'SELECT count(*) FROM contact_state WHERE hidden_watched <> first_watched')" 80
    expect_at_most "edits that were none" "$(sql 'SELECT sum(hidden_edits) FROM contact_state')" 80
    expect_sql "what the feed is said to have promised" "SELECT group_concat(value, ' ') FROM meta WHERE key IN ('feed.newest', 'feed.read_at')" "0 0"
    expect_sql "what waits" "SELECT count(*) FROM detail_queue" 0
    expect_sql "signals without an edit" "SELECT count(*) FROM contact_state WHERE signalled IS NOT NULL" 0
    sim reset-stats >/dev/null
    expect_second_sync_changes_nothing
    expect_at_most "requests afterwards" "$(stat_of total)" 2

    # It is asked again a month later.
    sim 'config?sort=honour' >/dev/null
    sync
    expect_equal "verdict, the same day" "$(verdict)" $IGNORED
    copy_ages 2600000
    sync
    expect_status 0
    expect_equal "verdict, a month later" "$(verdict)" $HONOURED
    expect_complete
}

test_a_feed_that_is_refused_is_demoted_and_the_listing_is_read_all_the_same() {
    copied 300
    sync
    expect_equal "verdict" "$(verdict)" $HONOURED
    script 'list sort=yes times=1 => status 400'
    sim 'edit?n=3&kind=rename&seed=2' >/dev/null
    sync
    expect_status 0
    expect_equal "verdict" "$(verdict)" $IGNORED
    expect_log 'records_listed, records_updated' '300|3'
    expect_complete
}

test_a_feed_that_conceals_an_edit_is_demoted_when_a_fetch_finds_it() {
    copied 300
    sync
    expect_equal "verdict" "$(verdict)" $HONOURED
    sim 'edit?n=1&kind=concealed&seed=3' >edited.json
    sim 'advance?seconds=90000' >/dev/null
    copy_ages 90000
    sim 'edit?n=3&kind=hidden&seed=9' >/dev/null
    sync
    expect_log 'status, records_updated' 'success|3'
    sync # a whole reading, of which the concealed one is older
    expect_equal "verdict" "$(verdict)" $HONOURED
    sync --full
    expect_status 0
    expect_log 'records_updated' 1
    expect_equal "verdict" "$(verdict)" $IGNORED
    expect_complete
}

test_the_strategy_incremental_never_reads_the_feed() {
    copied 200
    write_conf "$NO_FEED"
    sim 'edit?n=6&kind=hidden&seed=7' >/dev/null
    sync
    expect_status 0
    expect_log 'strategy, requests, records_updated' 'incremental|1|0'
    expect_equal "listings in the order of edits" "$(sim requests | grep -c 'lastEditDate' || true)" 0
    expect_equal "verdict" "$(verdict)" ""
}

# Five minutes: for the site, and for the copy.
five_minutes_pass() {
    time_passes 300
    copy_ages 300
}

# The dates of the server step back by an hour, after edits of half an hour that fill two pages. Then come more than a page
# of them: by their dates those fit between the first ones.
dates_step_back() { # RECORDS [OPTION…]: that an idle sync of that hour asks for, and options of the server
    local idle=$1
    shift
    start_sim --contacts 400 --deleted-share 0 --max-size 25 --utc-offset 7200 "$@"
    write_conf limits.hourly=10000
    sync
    sync
    expect_equal "verdict" "$(verdict)" $HONOURED
    local i
    for i in 1 2 3 4 5 6; do
        sim "edit?n=10&kind=hidden&seed=$i" >/dev/null
        sync
        five_minutes_pass
    done
    sync
    expect_all_as_the_server_has_them

    sim 'config?utc-offset=3600' >/dev/null
    sim 'edit?n=30&kind=hidden&seed=11' >/dev/null
    sync
    expect_log 'status, records_updated' 'success|30'
    expect_all_as_the_server_has_them
    five_minutes_pass
    sim 'edit?n=30&kind=hidden&seed=12' >/dev/null
    sync
    expect_log 'status, records_updated' 'success|30'
    expect_all_as_the_server_has_them

    # What was had in one second is asked for once more, as after any edits; then it is as it was.
    for i in 1 2 3; do
        five_minutes_pass
        sync
        expect_log 'status, records_updated' 'success|0'
    done
    sim reset-stats >/dev/null
    sync
    expect_at_most "records of an idle sync" "$(stat_of by_kind.detail)" "$idle"
    expect_equal "verdict" "$(verdict)" $HONOURED
}

test_edits_of_the_hour_that_is_repeated_are_seen_where_the_server_sorts_by_local_dates() {
    dates_step_back 2 --edit-order local # the second one shows that an hour of edits was read
}

test_edits_of_the_hour_that_is_repeated_are_seen_where_the_server_sorts_by_instants() {
    dates_step_back 1 --edit-order instant
}
