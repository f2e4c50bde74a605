# Those who read, several sites on one machine, times of the calendar.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153
. /system-tests/system/lib.sh

# A member of the group reads with flexsync and sqlite3; somebody else does not, and is told.
expect_readable() { # WHEN CONTACTS
    as reader flexsync status >status.out 2>&1 || fail "flexsync status $1: $(cat status.out)"
    expect_equal "contacts that a member of the group reads $1" "$(as reader sqlite3 -readonly $DB 'SELECT count(*) FROM contacts' 2>&1)" "$2"
    as reader flexsync list -n 3 >list.out 2>&1 || fail "flexsync list $1: $(cat list.out)"
    expect_at_least "lines of flexsync list $1" "$(wc -l <list.out)" 3
    timed as stranger flexsync status
    expect_equal "flexsync status of a stranger $1" "$STATUS" 74
    expect_match "what it says" "$(cat timed.out)" "the database $DB is not for this user to read"
}

test_members_of_the_group_read_the_database_while_it_runs_after_a_stop_and_after_a_crash() {
    service_amid_a_cycle 60
    chmod 755 "$T"
    expect_readable "amid a cycle" 60
    sim 'config?latency=0' >/dev/null
    hear_done
    expect_readable "while it is idle" 60
    systemctl stop $UNIT
    expect_readable "after a clean stop" 60
    drop_in $UNIT '[Service]' 'Restart=no'
    sim 'add?n=40' >/dev/null
    sim 'config?latency=100' >/dev/null
    start
    wait_until "new ones are stored" sql_says 'SELECT count(*) FROM contacts' 100
    systemctl kill --kill-who=main --signal=KILL $UNIT
    wait_until "it is dead" show_is ActiveState failed
    expect_readable "after a crash" 100
}

# As a member of the group types it; what it says is in OUT.
as_member() {
    OUT=$T/member.out
    as reader flexsync "$@" >"$OUT" 2>member.err || fail "flexsync $* ends with $?: $(cat member.err)"
}

test_a_member_of_the_group_syncs_through_the_daemon_reads_searches_and_exports() {
    fresh
    start_sim --contacts 30
    settings
    start
    hear_done
    local before word
    before=$(sql "SELECT max(id) FROM sync_log")
    as_member sync
    expect_match "flexsync sync" "$(cat "$OUT" member.err)" 'contacts: success; 30 of 30 listed'
    expect_sql "syncs that a member asked for" "SELECT group_concat(entity || '|' || status) FROM sync_log WHERE id > $before AND \"trigger\" = 'manual' AND entity = 'contacts'" 'contacts|success'
    as_member status
    expect_match "flexsync status" "$(cat "$OUT")" "Daemon +running, process $(show MainPID); idle: 30 contacts.*, next sync $CLOCK"
    word=$(sql "SELECT name FROM contacts WHERE name NOT GLOB '*[^A-Za-z]*' ORDER BY length(name) DESC LIMIT 1")
    as_member search "${word:?}"
    expect_match "flexsync search $word" "$(cat "$OUT")" "$word"
    as_member export
    expect_equal "lines of flexsync export" "$(wc -l <"$OUT")" 31
    expect_equal "the socket" "$(stat -c '%U:%G %a' /run/flexsync/control)" "flexsync:flexsync 660"
}

test_who_syncs_by_hand_meets_the_daemon() {
    fresh
    start_sim --contacts 30
    settings
    start
    hear_done
    timed as reader flexsync sync
    expect_equal "exit status: $(cat timed.out)" "$STATUS" 0
    expect_log 'status, "trigger"' 'success|manual'
}

test_two_sites_have_settings_state_and_keys_of_their_own() {
    fresh
    local north
    start_sim --contacts 30
    north=$SIM
    CONF=$ETC/north.conf write_conf flex.api_key_file= database.path="\"$STATE/north/contacts.db\""
    put_key "$KEY" $ETC/north.api-key
    KEY=${KEY/Zq7/Yp6}
    start_sim --contacts 40 --seed 2
    CONF=$ETC/south.conf write_conf flex.api_key_file= database.path="\"$STATE/south/contacts.db\""
    put_key "$KEY" $ETC/south.api-key
    rm $ETC/api-key
    start flexsyncd@north.service
    start flexsyncd@south.service
    hear_done flexsyncd@north.service
    hear_done flexsyncd@south.service
    DB=$STATE/south/contacts.db expect_sql "contacts of the south" "SELECT count(*) FROM contacts" 40
    DB=$STATE/north/contacts.db expect_sql "contacts of the north" "SELECT count(*) FROM contacts" 30
    expect_equal "requests that the north's server refused" "$(SIM=$north stat_of 'by_status."401"')" ""
    expect_match "runtime folders" "$(ls -d /run/flexsync*)" 'north.*south'
    as reader flexsync -c $ETC/south.conf status >status.out 2>&1 || fail "$(cat status.out)"
    grep -q 40 status.out || fail "flexsync -c south.conf status: $(cat status.out)"
    systemctl stop flexsyncd@south.service
    expect_running flexsyncd@north.service
    mark
    systemctl reload flexsyncd@north.service
    hear_done flexsyncd@north.service
}

test_two_copies_of_one_account_share_its_quota() {
    fresh
    start_sim --contacts 30
    local name used
    for name in north south; do
        CONF=$ETC/$name.conf write_conf flex.api_key_file= database.path="\"$STATE/$name/contacts.db\"" \
            limits.ledger="\"$STATE/quota.db\""
        put_key "$KEY" $ETC/$name.api-key
        drop_in flexsyncd@$name.service '[Service]' "ReadWritePaths=$STATE"
        start flexsyncd@$name.service
    done
    hear_done flexsyncd@north.service
    hear_done flexsyncd@south.service
    systemctl stop 'flexsyncd@*.service'
    for name in north south; do
        used=$(as reader flexsync -c $ETC/$name.conf quota --json >quota.json && json quota.json windows[0].used)
        expect_equal "requests counted, asked of the $name" "$used" "$(stat_of total)"
    done
}

test_the_timer_asks_the_daemon_and_leaves_alone_what_does_not_run() {
    fresh
    start_sim --contacts 30
    settings sync.on_start=false
    drop_in flexsync-resync.timer '[Timer]' 'OnCalendar=' 'OnCalendar=*:*:*' 'AccuracySec=1ms'
    systemctl start flexsync-resync.timer
    hear "it leaves alone what does not run" _PID=1 UNIT=flexsync-resync.service JOB_RESULT=done
    expect_equal "daemon, service" "$(show ActiveState) $(show Result flexsync-resync.service)" "inactive exec-condition"
    start
    hear_done
    systemctl stop flexsync-resync.timer
    expect_sql "trigger" "SELECT \"trigger\" FROM sync_log WHERE id = 1" signal
    expect_equal "the service" "$(show Result flexsync-resync.service)" success
}

# is_failed WHEN UNIT EXPECTED: what systemctl is-failed prints.
is_failed() { expect_equal "systemctl is-failed $2 $1" "$(systemctl is-failed "$2" || true)" "$3"; }

# watched FAULT DAEMON HEALTH LEVEL: the states of both units, and the level in the metrics, where they can be written.
watched() {
    systemctl reset-failed flexsync-health.service 2>/dev/null || true
    rm -f /run/alerted
    timed systemctl start flexsync-health.service
    is_failed "with $1" $UNIT "$2"
    is_failed "with $1" flexsync-health.service "$3"
    if [ "$3" = failed ]; then wait_until "somebody is told of $1" test -e /run/alerted; fi
    timed systemctl start flexsync-metrics.service
    expect_match "the metrics with $1" "$(cat $METRICS)" "flexsync_health_level\{[^}]*\} $4"$'\n'".*# EOF$"
    expect_equal "rights on the metrics" "$(stat -c '%a' $METRICS)" 644
}

test_the_units_for_monitoring_tell_faults_from_health() {
    METRICS=/var/lib/prometheus/node-exporter/flexsync.prom
    fresh
    mkdir -p "${METRICS%/*}" /run/systemd/system
    rm -f $METRICS
    cp /system-tests/monitoring/*.{service,timer} /run/systemd/system/
    drop_in flexsync-alert@.service '[Service]' 'ExecStart=' 'ExecStart=/bin/touch /run/alerted'
    mkdir -p /run/systemd/system/$UNIT.d
    cp /system-tests/monitoring/flexsyncd-onfailure.conf /run/systemd/system/$UNIT.d/
    systemctl daemon-reload
    start_sim --contacts 30
    settings
    start
    hear_done
    wait_until "it is idle" status_matches '^idle: '
    watched "no fault" active inactive 0

    put_key not-this-one
    systemctl restart $UNIT
    hear "the key is refused" "$(event key-refused)"
    wait_until "STATUS" status_matches '^trouble: '
    watched "a refused key" active failed 2

    systemctl stop $UNIT
    watched "a stopped daemon" inactive failed 2

    rm $ETC/api-key /run/alerted
    timed systemctl start $UNIT
    wait_until "OnFailure= of the daemon" test -e /run/alerted
    watched "a missing key" failed failed 2

    put_key "$KEY"
    settings limits.concurrent=99
    systemctl reset-failed $UNIT
    timed systemctl start $UNIT
    watched "wrong settings" failed failed 2 # the metrics are those of before
    timed systemctl start flexsync-metrics.service
    [ "$STATUS" != 0 ] || fail "metrics were written with wrong settings"
    [ ! -e $METRICS.new ] || fail "what failed has left a file"
    rm $METRICS
}
