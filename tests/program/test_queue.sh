# What waits survives everything, with its reason and its attempts; and what comes of it is one change record each.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

slow_site() { # N
    start_sim --contacts "$1" --deleted-share 0
    write_conf limits.concurrent=2 "$NO_FEED"
}

queued() { sql "SELECT reason, count(*), sum(attempts) FROM detail_queue GROUP BY reason ORDER BY reason"; }

# kill_when N [OPTION…]: a sync is killed when the server was asked for so many records, counted from now.
kill_when() {
    sim reset-stats >/dev/null
    sim 'config?latency=30' >/dev/null
    "$SYNC" -c "$CONF" sync "${@:2}" >kill.out 2>kill.err &
    local running=$!
    STARTED+=("$running")
    wait_until "$1 records asked for" asked_for "$1"
    kill -KILL "$running"
    wait "$running" 2>/dev/null || true
    sim 'config?latency=0' >/dev/null
}

asked_for() { [ "$(stat_of by_kind.detail)" -ge "$1" ]; }

test_the_queue_of_new_ones_survives_kills() {
    slow_site 120
    local i
    for i in 10 20 15; do
        kill_when $i
        expect_sql "everybody is either whole or queued" "SELECT count(*) FROM contact_state WHERE (content_hash IS NULL) IS NOT (id IN (SELECT id FROM detail_queue))" 0
        expect_match "the queue" "$(queued)" '^new\|[0-9]+\|0$'
    done
    sync
    expect_status 0
    expect_complete
    expect_sql "insertions" "SELECT count(*), count(DISTINCT contact_id) FROM contact_changes WHERE kind = 'inserted'" "120|120"
    expect_sql "other changes" "SELECT count(*) FROM contact_changes WHERE kind <> 'inserted'" 0
    expect_sql "interrupted" "SELECT count(*) FROM sync_log WHERE status = 'failed' AND error_message = 'interrupted'" 3
}

test_reasons_and_attempts_survive_a_kill() {
    slow_site 90
    sync
    expect_status 0
    local broken
    broken=$(some_id 8)
    sim "edit?id=$broken&kind=rename" >/dev/null
    script "detail id=$broken => status 405"
    sync
    expect_status 2
    sync
    expect_status 2
    expect_equal "after two failures" "$(queued)" 'changed|1|2'
    sim "edit?id=$(sim ids | sed -n 21,40p | paste -sd,)&kind=rename" >/dev/null
    sim "remove?id=$(sim ids | sed -n 61,63p | paste -sd,)" >/dev/null
    sim 'add?n=4' >/dev/null
    kill_when 2
    expect_sql "reasons" "SELECT group_concat(DISTINCT reason) FROM (SELECT reason FROM detail_queue ORDER BY reason)" 'changed,new,vanished'
    expect_sql "the attempts" "SELECT attempts >= 2, last_error LIKE '%405%' FROM detail_queue JOIN contacts USING (id) WHERE contact_id = '$broken'" '1|1'
    start_daemon # that it is due later is no reason to forget it
    wait_until "a sync of the daemon" cycles_are_at_least 1 "\"trigger\" = 'start' AND status <> 'running'"
    stop_daemon
    expect_equal "what is left" "$(queued)" 'changed|1|2'
    script
    sync
    expect_status 0
    expect_complete
    expect_sql "changes" "SELECT kind, count(*) FROM contact_changes WHERE kind <> 'inserted' GROUP BY kind ORDER BY kind" $'changed|21\ndeactivated|3'
}

test_a_full_pass_that_is_killed_goes_on_where_it_was() {
    slow_site 150
    sync
    expect_status 0
    kill_when 90 --full
    expect_match "the queue" "$(queued)" '^full\|[0-9]+\|0$'
    sync
    expect_status 0
    expect_equal "the queue" "$(queued)" ""
    # Only those of the last second before the kill are asked for again, since that is how old a batch may be.
    expect_at_least "records asked for" "$(stat_of by_kind.detail)" 150
    expect_at_most "records asked for" "$(stat_of by_kind.detail)" 215
    expect_complete
}

test_every_insert_change_deactivation_and_return_is_one_record_of_the_changed_fields() {
    slow_site 60
    sync
    expect_status 0
    expect_sql "insertions: nothing before, what was listed after" "SELECT count(*), count(before), sum(json_extract(after, '\$.id') = contact_id), sum(json_type(after, '\$.phoneNumbers') IS NULL) FROM contact_changes WHERE kind = 'inserted'" '60|0|60|60'
    local id last
    last=$(log_row id)
    id=$(some_id 9)
    sim "edit?id=$id&kind=rename" >/dev/null
    sync
    expect_sql "a change: the fields that differ, on either side, and no other" "SELECT group_concat(kind), (SELECT group_concat(key) FROM json_each(before)) = (SELECT group_concat(key) FROM json_each(after)), (SELECT count(*) FROM json_each(before) b JOIN json_each(after) a USING (key) WHERE a.value IS b.value), json_extract(after, '\$.name') = (SELECT name FROM contacts WHERE contact_id = '$id') FROM contact_changes WHERE sync_id > $last" 'changed|1|0|1'
    expect_sql "and what a field was is what it had become" "SELECT json_extract(c.before, '\$.name') = json_extract(i.after, '\$.name') FROM contact_changes c JOIN contact_changes i ON i.contact_id = c.contact_id AND i.kind = 'inserted' WHERE c.kind = 'changed'" 1
    last=$(log_row id)
    sim "remove?id=$id" >/dev/null
    sync
    expect_sql "a deactivation" "SELECT kind, count(*) FROM contact_changes WHERE sync_id > $last AND contact_id = '$id'" 'deactivated|1'
    last=$(log_row id)
    sim "restore?id=$id" >/dev/null
    sync
    expect_sql "a return" "SELECT kind, count(*) FROM contact_changes WHERE sync_id > $last AND contact_id = '$id'" 'returned|1'
    last=$(log_row id)
    sim "edit?id=$id&kind=hidden" >/dev/null
    sync --full
    expect_sql "a hidden one" "SELECT kind, count(*), json_extract(after, '\$.name') IS NULL FROM contact_changes WHERE sync_id > $last" 'changed|1|1'
    expect_complete
}

test_4_removed_are_inactive_within_two_syncs_with_the_feed() {
    start_sim --contacts 1699 --deleted-share 0
    write_conf limits.hourly=10000
    sync
    sync
    sim reset-stats >/dev/null
    sim 'remove?n=4&seed=3' >removed.json
    sync
    [ "$(log_row records_deleted)" = 4 ] || sync
    expect_status 0
    sqlite3 :memory: "SELECT value FROM json_each(CAST(readfile('removed.json') AS TEXT), '\$.ids') ORDER BY 1" >removed.ids
    sql "SELECT contact_id FROM contacts WHERE status = 'Inactive' AND deleted_at IS NOT NULL ORDER BY 1" >inactive.ids
    cmp removed.ids inactive.ids || fail "others are Inactive than were removed"
    expect_at_most "requests" "$(stat_of total)" 40
    expect_complete
}

test_900_of_1700_gone_at_once_are_not_believed_by_the_daemon_either() {
    start_sim --contacts 1700 --deleted-share 0
    write_conf limits.hourly=20000
    sync
    expect_status 0
    sim 'remove?n=900&seed=9' >/dev/null
    start_daemon
    wait_until "it is said" daemon_said '<3>900 of 1,700 active contacts are gone at once.*not believed'
    wait_until "the sync's end" cycles_are 1 "\"trigger\" = 'start' AND status = 'partial'"
    stop_daemon
    expect_sql "Inactive" "SELECT count(*) FROM contacts WHERE status = 'Inactive'" 0
    expect_log 'error_message LIKE "%gone at once%--accept-vanished"' 1
    sync --accept-vanished
    expect_status 0
    expect_sql "Inactive" "SELECT count(*) FROM contacts WHERE status = 'Inactive'" 900
    sim 'restore?n=900' >/dev/null
    sync
    expect_status 0
    expect_sql "Inactive, when they are back" "SELECT count(*) FROM contacts WHERE status = 'Inactive'" 0
    expect_sql "changes" "SELECT kind, count(*) FROM contact_changes WHERE kind <> 'inserted' GROUP BY kind ORDER BY kind" $'deactivated|900\nreturned|900'
    expect_all_as_the_server_has_them
}

# Whoever reorders at every request and ignores `sort` loses nobody, not even beside those who are really gone.
test_an_order_that_changes_at_every_request_makes_nobody_vanish_who_is_there() {
    start_sim --contacts 500 --deleted-share 0 --max-size 300 --order shuffle --sort ignore
    write_conf limits.hourly=100000
    local i
    for i in 1 2 3 4 5 6 7 8; do
        [ $i = 4 ] && sim 'remove?n=4&seed=3' >/dev/null
        sync
        if [ "$STATUS" = 0 ]; then
            expect_log 'status, records_listed, records_expected' "success|$(sim ids | wc -l)|$(sim ids | wc -l)"
        else
            expect_match "status" "$STATUS|$(log_row 'status, error_message')" '^2\|partial\|.*(not be proven whole|could not be had)'
        fi
        expect_sql "Inactive ones that are there" "SELECT count(*) FROM contacts WHERE status = 'Inactive' AND contact_id IN ($(sim ids | sed "s/.*/'&'/" | paste -sd,))" 0
    done
    expect_sql "nobody is missing" "SELECT count(*) FROM contacts" 500
}
