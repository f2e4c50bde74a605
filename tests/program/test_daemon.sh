# flexsyncd as the service manager and people meet it.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

records_asked_for() { [ "$(stat_of by_kind.detail)" -ge "$1" ]; }

# A cycle that takes some seconds, with the daemon in the midst of it.
daemon_amid_a_cycle() {
    start_sim --contacts "${1:-60}" --deleted-share 0 --latency 100
    write_conf limits.concurrent=2 "$NO_FEED" "${@:2}"
    start_daemon
    wait_until "records are asked for" records_asked_for 6
}

test_the_daemon_syncs_at_start_and_then_on_a_timer() {
    start_sim --contacts 30
    write_conf sync.interval='"1s"'
    start_daemon
    wait_until "three cycles" cycles_are_at_least 3 "status = 'success'"
    stop_daemon
    expect_sql "triggers" "SELECT group_concat(t, ' ') FROM (SELECT \"trigger\" t FROM sync_log WHERE entity = 'contacts' ORDER BY id LIMIT 3)" "start timer timer"
    expect_sql "cycles too early" "SELECT count(*) FROM (SELECT sync_started_at s, lag(sync_started_at) OVER (ORDER BY id) l FROM sync_log WHERE entity = 'contacts') WHERE s = l" 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_without_on_start_the_first_cycle_is_the_timers() {
    start_sim --contacts 30
    write_conf sync.interval='"2s"' sync.on_start=false
    start_daemon
    wait_until "it is ready" daemon_said 'flexsyncd [0-9.]+: http'
    pause 0.5 # an early request could only come now
    expect_equal "requests before the interval" "$(stat_of total)" 0
    wait_until "a cycle" cycles_are_at_least 1 "status = 'success'"
    expect_sql "trigger" "SELECT \"trigger\" FROM sync_log WHERE id = 1" timer
    stop_daemon
}

test_every_line_on_a_pipe_has_a_priority_and_a_time() {
    daemon_amid_a_cycle
    kill -USR1 "$DAEMON"
    wait_until "status" daemon_said 'syncing contacts'
    stop_daemon
    expect_equal "lines without priority or time" "$(grep -cvE '^<[3-7]>[0-9-]{10} [0-9:]{8}Z .' "$T/daemon.err" || true)" 0
    expect_match "start" "$(head -n 1 "$T/daemon.err")" '^<6>[0-9-]+ [0-9:]+Z flexsyncd [0-9.]+: http://127.0.0.1:[0-9]+/f5/api into .*contacts.db every 15min, at most 2 requests at a time, key from flex.api_key_file$'
    expect_equal "stdout" "$(cat "$T/daemon.out")" ""
}

test_usr1_writes_the_status_to_the_log() {
    start_sim --contacts 30
    write_conf
    start_daemon
    wait_until "a cycle" cycles_are 1 "status = 'success'"
    wait_until "idle" daemon_said '<6>contacts: success'
    kill -USR1 "$DAEMON"
    wait_until "status" daemon_said "^<6>idle: 30 contacts, next sync $CLOCK"
    stop_daemon
}

test_sigterm_amid_a_cycle_keeps_what_came_closes_the_row_and_ends_with_0() {
    daemon_amid_a_cycle
    wait_until "more records" records_asked_for 20
    local answered
    answered=$(($(stat_of by_kind.detail) - 2)) # two may be on their way
    kill -TERM "$DAEMON"
    DEADLINE=15 daemon_ended
    expect_status 0
    expect_at_least "whole records" "$(sql 'SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL')" $answered
    expect_log 'status, records_listed, records_fetched >= '$answered', records_failed, sync_completed_at IS NOT NULL' 'partial|60|1|0|1'
    expect_match "error_message" "$(log_row error_message)" 'stopped before the end; the next cycle goes on'
    expect_sql "all are listed" 'SELECT count(*) FROM contacts' 60
    expect_sql "rows left running" "SELECT count(*) FROM sync_log WHERE status = 'running'" 0
    expect_whole_database
    sim 'config?latency=0' >/dev/null
    sync
    expect_status 0
    expect_complete
    expect_at_most "records asked for in all" "$(stat_of by_kind.detail)" 62
    expect_second_sync_changes_nothing
}

test_sigint_is_like_sigterm() {
    # Of a background process of a shell without job control SIGINT is ignored; env sets it right.
    start_sim --contacts 60 --latency 100
    write_conf limits.concurrent=2
    DAEMON_ENV=(--default-signal=INT)
    start_daemon
    wait_until "records are asked for" records_asked_for 6
    kill -INT "$DAEMON"
    DEADLINE=15 daemon_ended
    expect_status 0
    expect_log status partial
}

test_sigterm_while_the_server_hangs_ends_long_before_its_timeout() {
    start_sim --contacts 60
    write_conf
    script 'list => hang'
    start_daemon
    wait_until "it hangs" stat_is by_kind.list 1
    kill -TERM "$DAEMON"
    DEADLINE=15 daemon_ended
    expect_status 0
    expect_log status partial
    script 'detail => hang'
    start_daemon
    wait_until "it hangs" stat_is by_kind.detail 30
    kill -TERM "$DAEMON"
    DEADLINE=15 daemon_ended
    expect_status 0
    expect_log 'status, records_listed' 'partial|60'
    script
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

stat_is() { [ "$(stat_of "$1")" = "$2" ]; }

test_sigterm_while_idle_ends_at_once_with_0() {
    start_sim --contacts 10
    write_conf
    start_daemon
    wait_until "a cycle" daemon_said '<6>resource_types: success'
    kill -TERM "$DAEMON"
    DEADLINE=15 daemon_ended
    expect_status 0
    expect_match "the log" "$(tail -n 1 "$T/daemon.err")" '^<6>[0-9-]+ [0-9:]+Z flexsyncd ends$'
}

test_sigkill_amid_a_cycle_costs_nothing_but_what_was_on_its_way() {
    daemon_amid_a_cycle
    wait_until "some records are stored" sql_says 'SELECT count(*) >= 5 FROM contact_state WHERE content_hash IS NOT NULL' 1
    kill -KILL "$DAEMON"
    wait "$DAEMON" 2>/dev/null || true
    expect_log status running
    local whole
    whole=$(sql 'SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL')
    expect_whole_database
    sim 'config?latency=0' >/dev/null
    sim reset-stats >/dev/null
    start_daemon
    wait_until "a whole cycle" cycles_are 1 "status = 'success'"
    expect_sql "the interrupted row" "SELECT status, error_message, sync_completed_at IS NOT NULL FROM sync_log WHERE id = 1" "failed|interrupted|1"
    wait_until "told" daemon_said '^<4>the last sync was interrupted'
    stop_daemon
    expect_complete
    expect_equal "records asked for" "$(stat_of by_kind.detail)" $((60 - whole))
    expect_second_sync_changes_nothing
}

test_a_killed_foreground_sync_is_gone_on_with() {
    start_sim --contacts 300 --latency 100
    write_conf
    local pid i
    for i in 1 2 3; do
        sim reset-stats >/dev/null
        "$SYNC" -c "$CONF" sync >sync.out 2>sync.err &
        pid=$!
        STARTED+=("$pid")
        wait_until "records are asked for" records_asked_for 40
        kill -KILL $pid
        wait $pid 2>/dev/null || true
        expect_whole_database
        expect_columns_follow_flex_data
    done
    sync
    expect_status 0
    expect_equal "rows closed as interrupted" "$(cycles "error_message = 'interrupted'")" 3
    expect_complete
    expect_second_sync_changes_nothing
}

test_hup_reads_new_settings_and_syncs_at_once() {
    start_sim --contacts 30
    write_conf
    start_daemon
    wait_until "a cycle" daemon_said '<6>resource_types: success'
    local other=$SIM
    start_sim --contacts 33 --seed 1
    write_conf sync.page_size=7 log.file="\"$T/new.log\""
    kill -HUP "$DAEMON"
    wait_until "a cycle" cycles_are 1 "\"trigger\" = 'signal' AND status = 'success'"
    expect_match "the log" "$(cat "$T/daemon.err")" 'Z settings read again'
    wait_until "the new log file" grep -q 'contacts: success' "$T/new.log"
    expect_at_least "pages of the new server" "$(stat_of by_kind.list)" 5
    expect_equal "requests of the old server" "$(SIM=$other stat_of by_kind.list)" 1
    stop_daemon
    expect_complete
}

test_three_hups_amid_a_cycle_make_exactly_one_more() {
    listen_to_notifications
    daemon_amid_a_cycle
    local i
    for i in 1 2 3; do
        kill -HUP "$DAEMON"
        wait_until "RELOADING" notified_at_least "$i" '^RELOADING=1'
        wait_until "READY" notified_at_least $((i + 1)) '^READY=1'
    done
    expect_equal "the first cycle runs on" "$(cycles "status = 'running'")" 1
    wait_until "both cycles" cycles_are 2 "status = 'success'"
    holds_for_a_moment cycles_are 2 || fail "more than one cycle followed"
    expect_sql "triggers" "SELECT group_concat(t, ' ') FROM (SELECT \"trigger\" t FROM sync_log WHERE entity = 'contacts' ORDER BY id)" "start signal"
    expect_equal "records asked for" "$(stat_of by_kind.detail)" 60
    stop_daemon
    expect_complete
}

test_a_cycle_that_follows_by_hup_starts_the_interval_anew() {
    start_sim --contacts 30 --latency 100
    write_conf limits.concurrent=1 sync.interval='"2s"'
    listen_to_notifications
    start_daemon
    wait_until "records are asked for" records_asked_for 4
    kill -HUP "$DAEMON"
    wait_until "three cycles" cycles_are_at_least 3 "status = 'success'"
    stop_daemon
    expect_sql "triggers" "SELECT group_concat(t, ' ') FROM (SELECT \"trigger\" t FROM sync_log WHERE entity = 'contacts' ORDER BY id LIMIT 3)" "start signal timer"
    expect_sql "the third begins an interval after the second" "SELECT (julianday(b.sync_started_at) - julianday(a.sync_started_at)) * 86400 > 0.9 FROM sync_log a, sync_log b WHERE a.\"trigger\" = 'signal' AND a.entity = 'contacts' AND b.id = (SELECT min(id) FROM sync_log WHERE \"trigger\" = 'timer')" 1
    # Between the first and the one that follows nobody is told that all is quiet.
    expect_at_most "times that idle was told" "$(notified_times "^STATUS=idle")" 2
}

test_bad_settings_at_hup_keep_the_old_ones_and_say_every_mistake() {
    start_sim --contacts 30
    write_conf
    start_daemon
    wait_until "a cycle" daemon_said '<6>resource_types: success'
    write_conf limits.concurrent=99 sync.interval=5 flex.tiemout='"3s"'
    kill -HUP "$DAEMON"
    wait_until "refused" daemon_said '<3>.*the old settings stay'
    local name
    for name in concurrent interval tiemout; do
        daemon_said "^<3>.*flexsync.conf:[0-9]+: .*$name" || fail "nothing is said of $name"
    done
    wait_until "a cycle with the old ones" cycles_are 1 "\"trigger\" = 'signal' AND status = 'success'"
    kill -0 "$DAEMON" || fail "the daemon ended"
    stop_daemon
}

test_a_changed_database_path_needs_a_restart_and_says_so() {
    start_sim --contacts 30
    write_conf
    start_daemon
    wait_until "a cycle" daemon_said '<6>resource_types: success'
    write_conf database.path="\"$T/other.db\""
    kill -HUP "$DAEMON"
    wait_until "told" daemon_said 'database.path.* changed in the settings: that needs a restart'
    wait_until "a cycle" cycles_are 1 "\"trigger\" = 'signal' AND status = 'success'"
    [ ! -e "$T/other.db" ] || fail "the other database was made"
    stop_daemon
}

test_ready_comes_at_once_where_the_server_hangs() {
    start_sim --contacts 30
    script 'any => hang'
    write_conf
    listen_to_notifications
    start_daemon
    DEADLINE=15 wait_until "READY" notified_match '^READY=1 & STATUS=.'
    kill -TERM "$DAEMON"
    DEADLINE=15 daemon_ended
    expect_status 0
    notified_match '^STOPPING=1' || fail "no STOPPING"
}

test_ready_comes_at_once_where_there_is_no_server() {
    start_sim --contacts 1
    stop_sim
    write_conf
    listen_to_notifications
    start_daemon
    DEADLINE=15 wait_until "READY" notified_match '^READY=1'
    kill -0 "$DAEMON" || fail "the daemon ended"
    stop_daemon
}

test_the_service_manager_hears_ready_status_reloading_and_stopping_in_order() {
    listen_to_notifications
    daemon_amid_a_cycle 80
    wait_until "STATUS of the records" notified_match '^STATUS=syncing contacts: [0-9,]+ of 80 \([0-9]+ %\)'
    kill -HUP "$DAEMON"
    wait_until "READY again" notified_at_least 2 '^READY=1'
    wait_until "both cycles" cycles_are 2 "status = 'success'"
    wait_until "idle" last_notification_matches "^STATUS=idle: 80 contacts, next sync $CLOCK"
    stop_daemon
    expect_equal "the first" "$(notified | head -n 1 | cut -d' ' -f1)" "READY=1"
    expect_match "reloading" "$(notified | grep '^RELOADING')" '^RELOADING=1 & MONOTONIC_USEC=[0-9]+$'
    expect_match "the order" "$(notified | sed -E 's/[= ].*//' | grep -v STATUS | tr '\n' ' ')" '^READY RELOADING READY STOPPING $'
    # MONOTONIC_USEC is of this machine's clock, and not later than now.
    local before now
    before=$(notified | sed -nE 's/^RELOADING.*MONOTONIC_USEC=([0-9]+)$/\1/p')
    now=$(awk '{printf "%.0f", $1 * 1000000}' /proc/uptime)
    expect_at_most "MONOTONIC_USEC" "$before" $((now + 1000000))
    expect_at_least "MONOTONIC_USEC" "$before" $((now - 120000000))
    expect_complete
}

test_the_watchdog_is_fed_while_idle_and_while_a_cycle_runs() {
    DAEMON_ENV=(WATCHDOG_USEC=300000)
    listen_to_notifications
    daemon_amid_a_cycle
    wait_until "pings amid a cycle" notified_at_least 3 '^WATCHDOG=1'
    expect_log status running
    wait_until "idle" notified_match '^STATUS=idle'
    local n
    n=$(notified_times '^WATCHDOG=1')
    wait_until "pings while idle" notified_at_least $((n + 3)) '^WATCHDOG=1'
    stop_daemon
}

test_without_a_watchdog_nobody_pings() {
    start_sim --contacts 10
    write_conf
    listen_to_notifications
    start_daemon
    wait_until "idle" notified_match '^STATUS=idle'
    stop_daemon
    expect_equal "pings" "$(notified_times WATCHDOG)" 0
}

test_a_refused_key_keeps_the_daemon_up_and_hup_with_the_right_one_mends_it() {
    start_sim --contacts 30
    printf 'not-this-one\n' >secret/key
    write_conf sync.interval='"1s"'
    listen_to_notifications
    start_daemon
    wait_until "STATUS" notified_match '^STATUS=trouble: the server answered 401: the API key is invalid or revoked'
    holds_for_a_moment stat_is total 3 || fail "asked again although the key is refused: $(stat_of total) requests"
    expect_equal "cycles" "$(cycles "status = 'failed'")" 1
    kill -0 "$DAEMON" || fail "the daemon ended"
    grep -aqF not-this-one "$T/daemon.err" "$T/notify.raw" && fail "the refused key was told"
    printf '%s\n' "$KEY" >secret/key
    kill -HUP "$DAEMON"
    wait_until "a whole cycle" cycles_are 1 "\"trigger\" = 'signal' AND status = 'success'"
    wait_until "STATUS" notified_match '^STATUS=idle: 30 contacts'
    stop_daemon
    expect_complete
}

test_a_429_pauses_the_daemon_and_it_goes_on_by_itself() {
    start_sim --contacts 30
    script 'detail from=11 to=40 => status 429 retry-after=2'
    write_conf limits.concurrent=1
    listen_to_notifications
    start_daemon
    wait_until "STATUS" notified_match "^STATUS=paused: the server takes no more requests for now, goes on $CLOCK"
    script
    wait_until "it goes on" cycles_are 1 "\"trigger\" = 'resume' AND status = 'success'"
    expect_sql "the first cycle" "SELECT status, throttled, resumes_at IS NOT NULL FROM sync_log WHERE id = 1" "partial|1|1"
    stop_daemon
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_server_that_comes_back_is_synced_from_for_ever() {
    start_sim --contacts 30
    stop_sim
    write_conf sync.interval='"1s"'
    listen_to_notifications
    start_daemon
    wait_until "STATUS" notified_match '^STATUS=trouble: no answer from the server'
    start_sim --contacts 30 --port "$SIM_PORT"
    wait_until "a whole cycle" cycles_are_at_least 1 "status = 'success'"
    stop_daemon
    expect_complete
}

test_once_is_one_cycle_with_its_exit_status() {
    start_sim --contacts 30 --deleted-share 0
    write_conf
    local rule status
    while IFS='|' read -r rule status; do
        script "$rule"
        start_daemon --once
        daemon_ended
        [ "$STATUS" = "$status" ] || fail "exit status after '$rule' is $STATUS, expected $status"
    done <<'EOF'
list => status 401|77
list => status 418|65
list => status 429|75
detail nth=3 => status 418|2
|0
EOF
    expect_equal "cycles" "$(cycles)" 5
    expect_log '"trigger"' manual
    expect_complete
    expect_second_sync_changes_nothing
    rm -f "$DB"*
    write_conf database.path="\"$T/no/folder/x.db\""
    start_daemon --once
    daemon_ended
    expect_status 73
    write_conf limits.concurrent=0
    start_daemon --once
    daemon_ended
    expect_status 78
}

test_once_is_an_unreachable_server_for_ever() {
    start_sim --contacts 1
    stop_sim
    write_conf
    start_daemon --once
    daemon_ended
    expect_status 69
}

test_a_second_process_is_told_who_holds_the_database() {
    daemon_amid_a_cycle
    local first=$DAEMON
    start_daemon
    daemon_ended
    expect_status 75
    expect_match "flexsyncd" "$(cat "$T/daemon.err")" "flexsyncd .process $first. keeps .*contacts.db up to date; for a sync now: systemctl reload flexsyncd, or kill -HUP $first"
    # A command asks it, by another name of the same file too.
    ln -s "$DB" "$T/alias.db"
    DB_PATH=$T/alias.db sync
    expect_status 0
    expect_log '"trigger", status' 'manual|success'
    kill -TERM "$first"
    DAEMON=$first daemon_ended
    expect_status 0
    rm "$T/alias.db"

    # And two commands.
    script 'list times=1 => delay 2000'
    "$SYNC" -c "$CONF" sync >first.out 2>first.err &
    first=$!
    STARTED+=("$first")
    wait_until "it runs" cycles_are 1 "status = 'running'"
    sync
    expect_status 75
    expect_match "a second command" "$(cat "$ERR")" "flexsync .process $first. is syncing"
    wait $first || fail "the first command: $?"
    expect_complete
}

test_app_and_error_log_are_files_too() {
    start_sim --contacts 30
    write_conf log.file="\"$T/app.log\"" log.error_file="\"$T/error.log\""
    script 'list times=1 => status 418'
    start_daemon --once
    daemon_ended
    expect_status 65
    expect_match "app log" "$(cat "$T/app.log")" $'Z info  flexsyncd .*\n.*Z info  contacts: sync begins .manual.\n.*Z error contacts: failed'
    expect_match "error log" "$(cat "$T/error.log")" '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}Z error contacts: failed'
    expect_equal "what is no error in the error log" "$(grep -cv ' error ' "$T/error.log" || true)" 0
    expect_equal "rights" "$(stat -c %a "$T/app.log" "$T/error.log" | sort -u)" 640
    # HUP opens them anew, as logrotate asks.
    write_conf log.file="\"$T/app.log\""
    start_daemon
    wait_until "a cycle" daemon_said '<6>contacts: success'
    mv "$T/app.log" "$T/app.log.1"
    kill -HUP "$DAEMON"
    wait_until "a new file" grep -q 'contacts: success' "$T/app.log"
    stop_daemon
}

test_a_log_level_hides_what_is_less_urgent() {
    start_sim --contacts 10
    write_conf log.level='"error"'
    start_daemon --once
    daemon_ended
    expect_status 0
    expect_equal "lines" "$(cat "$T/daemon.err")" ""
    LOG_LEVEL=debug start_daemon --once
    daemon_ended
    daemon_said '^<7>contacts: page 1 brought' || fail "nothing at debug"
}

test_nothing_about_a_person_stands_in_the_log_at_info() {
    start_sim --contacts 30 --deleted-share 0
    write_conf
    local failing id name
    failing=$(some_id 3)
    script "detail id=$failing => status 418"
    start_daemon --once
    daemon_ended
    expect_status 2
    for id in $(sim ids); do # but for the id, and no more, of the one that somebody has to look at
        [ "$id" = "$failing" ] && continue
        grep -qF "$id" "$T/daemon.err" && fail "the log names contact $id"
    done
    while read -r name; do
        grep -qF "$name" "$T/daemon.err" && fail "the log names $name"
    done < <(sql "SELECT name FROM contacts WHERE length(name) > 3")
    true
}

test_the_key_is_in_no_process_list_and_no_core_is_left() {
    start_sim --contacts 60 --latency 50
    write_conf limits.concurrent=2 log.level='"debug"' log.file="\"$T/app.log\""
    start_daemon
    wait_until "records are asked for" records_asked_for 3
    tr '\0' ' ' <"/proc/$DAEMON/cmdline" >cmdline.txt
    tr '\0' '\n' <"/proc/$DAEMON/environ" >environ.txt
    cat "/proc/$DAEMON/comm" "/proc/$DAEMON/maps" >process.txt
    expect_match "limits" "$(grep 'core file' "/proc/$DAEMON/limits")" 'Max core file size +0 +0 '
    kill -USR1 "$DAEMON"
    kill -HUP "$DAEMON"
    stop_daemon
    # case_end looks for the key in everything that was written here.
}

test_the_daemon_keeps_no_descriptors_from_cycle_to_cycle() {
    start_sim --contacts 30
    write_conf sync.interval='"1s"'
    start_daemon
    wait_until "cycles" cycles_are_at_least 2 "status = 'success'"
    kill -HUP "$DAEMON"
    wait_until "cycles" cycles_are_at_least 3 "status = 'success'"
    local before
    before=$(descriptors)
    kill -HUP "$DAEMON"
    wait_until "cycles" cycles_are_at_least 5 "status = 'success'"
    kill -HUP "$DAEMON"
    wait_until "cycles" cycles_are_at_least 7 "status = 'success'"
    expect_at_most "descriptors" "$(descriptors)" $((before + 2))
    stop_daemon
}

# Without those of connections, which come and go.
descriptors() { find "/proc/$DAEMON/fd" -type l -lname '/*' 2>/dev/null | wc -l; }
