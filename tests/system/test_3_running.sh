# The service runs: reloaded, stopped, killed, hung, out of disk.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153
. /system-tests/system/lib.sh

test_three_reloads_amid_a_cycle_take_no_time_and_make_one_more() {
    service_amid_a_cycle
    local i
    for i in 1 2 3; do
        timed systemctl reload $UNIT
        expect_status 0
        expect_at_most "milliseconds of systemctl reload" "$MS" 999
    done
    expect_equal "the first cycle runs on" "$(cycles "status = 'running'")" 1
    COUNT=2 hear_done
    wait_until "nothing follows" status_matches '^idle: '
    expect_equal "settings taken over" "$(journal "$(event reloaded)" | wc -l)" 3
    expect_sql "cycles" "SELECT group_concat(\"trigger\" || ' ' || status, ', ') FROM sync_log WHERE entity = 'contacts'" "start success, signal success"
    expect_complete
}

test_a_reload_with_bad_settings_is_refused_and_the_old_ones_stay() {
    fresh
    start_sim --contacts 30
    settings
    start
    hear_done
    settings limits.concurrent=99
    timed systemctl reload $UNIT
    [ "$STATUS" != 0 ] || fail "systemctl reload accepted the settings"
    expect_running
    expect_match "the journal" "$(said)" 'flexsync.conf:[0-9]+: limits.concurrent'
    expect_equal "cycles" "$(cycles)" 1
}

test_a_stop_amid_a_cycle_keeps_every_record_that_came() {
    service_amid_a_cycle
    wait_until "more records" records_asked_for 20
    local answered
    answered=$(($(stat_of by_kind.detail) - 2)) # two may be on their way
    timed systemctl stop $UNIT
    expect_at_most "milliseconds of systemctl stop" "$MS" 4999
    expect_equal "how it ended" "$(show Result) $(show ExecMainStatus)" "success 0"
    expect_at_least "whole records" "$(sql 'SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL')" "$answered"
    expect_log 'status, records_failed' 'partial|0'
    [ ! -e /run/flexsync ] || fail "/run/flexsync is left"
}

test_after_sigkill_it_is_started_again_and_goes_on() {
    service_amid_a_cycle
    drop_in $UNIT '[Service]' 'RestartSec=100ms'
    wait_until "some are stored" sql_says 'SELECT count(*) >= 5 FROM contact_state WHERE content_hash IS NOT NULL' 1
    systemctl kill --kill-who=main --signal=KILL $UNIT
    hear "the interrupted sync" "$(event interrupted)" PRIORITY=4
    sim 'config?latency=0' >/dev/null
    hear_done
    expect_equal "restarts" "$(show NRestarts)" 1
    expect_complete
    expect_sql "none that was stored is fetched again" "SELECT min(records_fetched) >= 5, sum(records_fetched) FROM sync_log WHERE entity = 'contacts'" "1|60"
}

test_when_it_hangs_the_watchdog_ends_it_and_it_is_started_again() {
    fresh
    start_sim --contacts 30
    settings
    drop_in $UNIT '[Service]' 'WatchdogSec=500ms' 'RestartSec=100ms'
    start
    hear_done
    mark
    systemctl kill --kill-who=main --signal=STOP $UNIT
    hear "the daemon is ready again" "$(event started)"
    expect_match "the journal" "$(journal "_PID=1" "UNIT=$UNIT")" "Failed with result 'watchdog'"
    expect_equal "restarts" "$(show NRestarts)" 1
    hear_done
    expect_running
}

test_a_full_disk_does_not_end_it_and_room_lets_it_go_on() {
    fresh
    start_sim --contacts 900 --deleted-share 0
    mount -t tmpfs -o "size=3m,mode=750,uid=$(id -u flexsync),gid=$(id -g flexsync)" tmpfs $STATE
    echo $STATE >"$T/mounted.disk"
    settings sync.interval='"2s"'
    start
    hear "the disk is full" "$(event store-trouble)" PRIORITY=3
    hear "a cycle failed" "$(event cycle-failed)"
    expect_running
    wait_until "STATUS" status_matches 'make room on its disk'
    mount -o remount,size=64m $STATE
    hear_done
    expect_all_as_the_server_has_them
    systemctl stop $UNIT
    expect_whole_database
}

test_a_second_daemon_on_the_same_database_is_refused() {
    fresh
    start_sim --contacts 30
    settings
    start
    hear_done
    drop_in flexsyncd@twin.service '[Service]' "ReadWritePaths=$STATE" 'Restart=no'
    cp $CONF $ETC/twin.conf
    put_key "$KEY" $ETC/twin.api-key
    timed systemctl start flexsyncd@twin.service
    [ "$STATUS" != 0 ] || fail "the second one started"
    expect_equal "how it ended" "$(show ExecMainStatus flexsyncd@twin.service)" 75
    expect_match "the journal" "$(journal -u flexsyncd@twin.service)" "flexsyncd \(process $(show MainPID)\) keeps $DB up to date"
    expect_running
    expect_equal "cycles" "$(cycles)" 1
}

test_the_log_files_are_rotated() {
    fresh
    start_sim --contacts 30
    settings log.file='"/var/log/flexsync/app.log"' log.error_file='"/var/log/flexsync/error.log"'
    start
    hear_done
    expect_match "the log" "$(cat /var/log/flexsync/app.log)" 'contacts: success'
    logrotate -s "$T/logrotate.state" -f /etc/logrotate.d/flexsync || fail "logrotate"
    hear "it has opened them anew" "$(event reloaded)"
    COUNT=2 hear_done
    wait_until "the new file" grep -q 'contacts: success' /var/log/flexsync/app.log
    expect_match "the old file" "$(cat /var/log/flexsync/app.log.1)" 'flexsyncd [^ ]+: http'
    expect_equal "rights" "$(stat -c '%U:%G %a' /var/log/flexsync/app.log)" "flexsync:flexsync 640"
}
