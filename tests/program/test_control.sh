# The daemon's control socket, and flexsync beside a daemon that runs.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

SOCKET=$T/flexsync.sock

records_asked_for() { [ "$(stat_of by_kind.detail)" -ge "$1" ]; }
socket_listens() { [ -S "$SOCKET" ] && grep -qF "$SOCKET" "$DB.lock"; }

# A daemon at rest, with a copy of so many contacts.
daemon_at_rest() {
    start_sim --contacts "${1:-30}" --deleted-share 0
    write_conf "$NO_FEED" "${@:2}"
    start_daemon
    wait_until "the first cycle" daemon_said '<6>resource_types: success'
    wait_until "the socket" socket_listens
}

# And one amid its first cycle, which takes some seconds.
daemon_amid_a_cycle() {
    start_sim --contacts "${1:-60}" --deleted-share 0 --latency 100
    write_conf limits.concurrent=2 "$NO_FEED" "${@:2}"
    start_daemon
    wait_until "records are asked for" records_asked_for 6
}

# call MESSAGE…: what is answered, one message a line.
call() {
    printf '%s\0' "$@" | socat -t 20 - "UNIX-CONNECT:$SOCKET" | tr '\0' '\n'
}

# field PATH: of the message that comes in.
field() { sqlite3_stdin_json "$1"; }

# follows PROCESS: flexsync has set itself up to follow, with the signals that end it in hand.
follows() { grep -qE '^SigBlk:[[:space:]]*0000000000004002$' "/proc/$1/status"; }

fds() { find "/proc/$DAEMON/fd" -type l | wc -l; }
daemon_lives() { kill -0 "$DAEMON"; }

test_sync_beside_a_daemon_asks_it_and_follows() {
    daemon_at_rest
    sim 'edit?n=3&kind=rename' >/dev/null
    sync
    expect_status 0
    expect_match "the result" "$(cat "$OUT")" '^contacts: success; 30 of 30 listed, 3 fetched, 3 changed; [0-9]+ requests'
    expect_equal "stderr" "$(cat "$ERR")" ""
    expect_log '"trigger", records_updated' 'manual|3'
    daemon_lives || fail "the daemon ended"
    expect_complete
    sync --full
    expect_status 0
    expect_log '"trigger", strategy, records_fetched' 'manual|full|30'
    stop_daemon
    [ ! -e "$SOCKET" ] || fail "the socket is left behind"
}

test_sync_beside_a_daemon_needs_no_key() {
    daemon_at_rest
    rm secret/key
    sync
    expect_status 0
    expect_log '"trigger", status' 'manual|success'
    mkdir -p secret && printf '%s\n' "$KEY" >secret/key
    stop_daemon
}

test_sync_of_ids_fetches_these_alone_by_the_daemon_and_in_the_foreground() {
    daemon_at_rest
    local id other
    id=$(some_id 4) other=$(sql "SELECT id FROM contacts WHERE contact_id = '$(some_id 9)'")
    sim 'edit?n=30&kind=hidden' >/dev/null
    sim reset-stats >/dev/null
    sync "$id" "$other" "$id"
    expect_status 0
    expect_equal "requests" "$(stat_of total)" 2
    expect_log '"trigger", strategy, status, records_fetched' 'manual|asked|success|2'
    stop_daemon
    sync "$id"
    expect_status 0
    expect_equal "requests" "$(stat_of total)" 3
    expect_log '"trigger", strategy, status, records_fetched, records_unchanged' 'manual|asked|success|1|1'
    sync --full
    expect_status 0
    expect_complete
}

test_an_id_that_is_nobodys_is_64_by_the_daemon_and_in_the_foreground() {
    daemon_at_rest
    local round
    for round in daemon foreground; do
        sync "$(some_id 4)" nobody-has-this
        expect_status 64
        expect_match "$round" "$(cat "$ERR")" '^flexsync: there is no contact nobody-has-this; flexsync list shows them$'
        expect_match "$round" "$(cat "$OUT")" '^contacts: partial; 30 of 30 listed, 1 fetched'
        expect_log 'strategy, records_fetched' 'asked|1'
        [ $round = foreground ] || stop_daemon
    done
    expect_equal "ids in the log" "$(grep -c nobody-has-this "$T/daemon.err" || true)" 0
}

test_a_contact_that_is_new_is_fetched_by_its_id() {
    daemon_at_rest
    sim 'add?n=2' >/dev/null
    local id
    id=$(sim ids | tail -n 1)
    while sql_says "SELECT count(*) FROM contacts WHERE contact_id = '$id'" 1; do
        id=$(sim ids | sqlite3 "$DB" -cmd "CREATE TEMP TABLE i (i)" ".import /dev/stdin i" "SELECT i FROM i WHERE i NOT IN (SELECT contact_id FROM contacts) LIMIT 1")
    done
    sync "$id"
    expect_status 0
    expect_sql "it is whole" "SELECT content_hash IS NOT NULL FROM contacts JOIN contact_state USING (id) WHERE contact_id = '$id'" 1
    sync
    expect_status 0
    expect_complete
    stop_daemon
}

test_full_and_ids_exclude_each_other() {
    start_sim --contacts 3
    write_conf
    sync --full 17
    expect_status 64
    expect_match "stderr" "$(cat "$ERR")" 'full fetches everybody'
}

# The same words and the same exit status, whoever does it.
test_what_goes_wrong_is_told_alike_by_the_daemon_and_in_the_foreground() {
    daemon_at_rest 30 sync.interval='"1h"'
    local rule status text round
    for round in daemon foreground; do
        while IFS='|' read -r rule status text; do
            script "$rule" 'profile => status 401'
            sync --full
            [ "$STATUS" = "$status" ] || fail "$round: '$rule' ends with $STATUS, expected $status: $(cat "$ERR")"
            expect_match "$round: $rule" "$(cat "$OUT" "$ERR")" "$text"
            script
        done <<'RULES'
list => status 401|77|contacts: failed.*API key is invalid or revoked
list => status 418|65|contacts: failed
detail nth=3 => status 418|2|contacts: partial.*1 failed
list => status 429 retry-after=2|75|the request quota is used up; sync again after
RULES
        daemon_lives || [ $round = foreground ] || fail "the daemon ended"
        [ $round = foreground ] || stop_daemon
    done
}

test_a_sync_asked_for_amid_another_follows_it() {
    daemon_amid_a_cycle
    wait_until "the socket" socket_listens
    "$SYNC" -c "$CONF" sync >first.out 2>first.err &
    local first=$!
    "$SYNC" -c "$CONF" sync >second.out 2>second.err &
    local second=$!
    STARTED+=("$first" "$second")
    wait $first || fail "the first: $?, $(cat first.err)"
    wait $second || fail "the second: $?, $(cat second.err)"
    expect_sql "triggers" "SELECT group_concat(t, ' ') FROM (SELECT \"trigger\" t FROM sync_log WHERE entity = 'contacts' ORDER BY id)" "start manual"
    expect_equal "both have the result of that run" "$(cat first.out)" "$(cat second.out)"
    expect_match "and not of the first" "$(cat first.out)" '60 of 60 listed, 0 fetched'
    stop_daemon
    expect_complete
}

test_hup_while_a_client_follows_leaves_it_its_result() {
    daemon_amid_a_cycle
    wait_until "the socket" socket_listens
    "$SYNC" -c "$CONF" sync >sync.out 2>sync.err &
    local client=$!
    STARTED+=("$client")
    wait_until "it follows" follows $client
    kill -HUP "$DAEMON"
    kill -HUP "$DAEMON"
    wait $client || fail "the client: $?, $(cat sync.err)"
    expect_match "the result" "$(cat sync.out)" '^contacts: success'
    wait_until "all is done" daemon_said '<6>settings read again'
    sync
    expect_status 0
    stop_daemon
    expect_complete
}

test_ctrl_c_ends_the_following_and_not_the_sync() {
    daemon_amid_a_cycle
    wait_until "the socket" socket_listens
    env --default-signal=INT "$SYNC" -c "$CONF" sync >sync.out 2>sync.err &
    local client=$!
    STARTED+=("$client")
    wait_until "it follows" follows $client
    kill -INT $client
    STATUS=0
    wait $client || STATUS=$?
    OUT=sync.out ERR=sync.err
    expect_status 2
    expect_match "stderr" "$(cat sync.err)" "^flexsync: not followed any more; flexsyncd .process $DAEMON. goes on with the sync, and stores what it brings; how it is: flexsync status$"
    expect_equal "stdout" "$(cat sync.out)" ""
    wait_until "the sync that it asked for" cycles_are 1 "\"trigger\" = 'manual' AND status = 'success'"
    stop_daemon
    expect_complete
}

test_a_terminal_shows_the_bar_of_a_sync_that_the_daemon_does() {
    daemon_amid_a_cycle
    wait_until "the socket" socket_listens
    socat -u "EXEC:'$SYNC -c $CONF sync',pty,stderr,rawer,winsize-cols=100" - >terminal.out 2>socat.err ||
        socat -u "EXEC:$SYNC -c $CONF sync,pty,stderr,rawer" - >terminal.out 2>socat.err || fail "$(cat socat.err)"
    grep -qaE '\[#*\.*\] [0-9]+ of 60' terminal.out || fail "no progress bar: $(cat -v terminal.out)"
    grep -qa 'contacts: success' terminal.out || fail "no result: $(cat -v terminal.out)"
    stop_daemon
}

test_a_daemon_that_is_stopped_tells_who_follows_it() {
    daemon_amid_a_cycle
    wait_until "the socket" socket_listens
    "$SYNC" -c "$CONF" sync >sync.out 2>sync.err &
    local client=$!
    STARTED+=("$client")
    wait_until "it follows" follows $client
    kill -TERM "$DAEMON"
    STATUS=0
    wait $client || STATUS=$?
    OUT=sync.out ERR=sync.err
    expect_status 75
    expect_match "stderr" "$(cat sync.err)" 'flexsyncd .process [0-9]+. is ending; what it received is stored: ask again'
    DEADLINE=15 daemon_ended
    expect_status 0
    sync
    expect_status 0
    expect_complete
}

test_a_daemon_that_is_killed_is_noticed_and_replaced() {
    daemon_amid_a_cycle
    wait_until "the socket" socket_listens
    "$SYNC" -c "$CONF" sync >sync.out 2>sync.err &
    local client=$!
    STARTED+=("$client")
    wait_until "it follows" follows $client
    kill -KILL "$DAEMON"
    wait "$DAEMON" 2>/dev/null || true
    STATUS=0
    wait $client || STATUS=$?
    OUT=sync.out ERR=sync.err
    expect_status 75
    expect_match "stderr" "$(cat sync.err)" 'has hung up'
    [ -S "$SOCKET" ] || fail "no socket was left behind, so nothing is shown here"
    sim 'config?latency=0' >/dev/null
    cli status
    expect_status 0
    expect_match "status" "$(cat "$OUT")" 'Daemon +not running'
    sync # in the foreground, since nobody holds the database
    expect_status 0
    start_daemon
    wait_until "a cycle" cycles_are 1 "\"trigger\" = 'start' AND status = 'success'"
    wait_until "the socket" socket_listens
    call '{"method":"io.flexsync.Status"}' >status.out
    expect_equal "process" "$(field parameters.process <status.out)" "$DAEMON"
    stop_daemon
    expect_complete
}

test_status_shows_what_only_the_daemon_knows() {
    daemon_at_rest
    cli status
    expect_status 0
    expect_match "status" "$(cat "$OUT")" "Daemon +running, process $DAEMON; idle: 30 contacts.*, next sync $CLOCK"
    cli status --json
    expect_status 0
    expect_json "$OUT"
    expect_match "daemon" "$(json "$OUT" daemon)" '^idle: 30 contacts'
    expect_match "next_sync" "$(json "$OUT" next_sync)" '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}$'
    # A daemon that says nothing holds nobody up for long.
    kill -STOP "$DAEMON"
    cli status
    expect_status 0
    expect_match "status" "$(cat "$OUT")" 'Contacts +30'
    expect_match "stderr" "$(cat "$ERR")" 'cannot be asked by'
    kill -CONT "$DAEMON"
    stop_daemon
    cli status
    expect_match "status" "$(cat "$OUT")" 'Daemon +not running'
    cli status --json
    expect_equal "daemon" "$(json "$OUT" daemon)" ""
}

test_who_may_not_ask_is_told_and_still_sees_the_database() {
    [ "$(id -u)" = 0 ] || skip "only root can be somebody else"
    daemon_at_rest
    expect_match "rights" "$(stat -c %a "$SOCKET")" '^660$'
    chmod 755 "$T" && chmod 644 "$CONF" "$DB" "$DB"-* "$DB.lock"
    local parent=$T
    while parent=$(dirname "$parent") && [ "$parent" != / ]; do chmod o+x "$parent"; done
    STATUS=0 OUT=$T/cli.out ERR=$T/cli.err
    setpriv --reuid 65534 --regid 65534 --clear-groups "$SYNC" -c "$CONF" status >"$OUT" 2>"$ERR" || STATUS=$?
    expect_status 0
    expect_match "status" "$(cat "$OUT")" "Daemon +running, process $DAEMON"$'\n'".*Contacts +30"
    expect_match "stderr" "$(cat "$ERR")" "flexsyncd .process $DAEMON. can be asked only by those who may write to $SOCKET: become a member of its group"
    STATUS=0
    setpriv --reuid 65534 --regid 65534 --clear-groups "$SYNC" -c "$CONF" sync >"$OUT" 2>"$ERR" || STATUS=$?
    expect_status 75
    expect_match "stderr" "$(cat "$ERR")" 'become a member of its group'
    chgrp 65534 "$SOCKET" # and now they are
    STATUS=0
    setpriv --reuid 65534 --regid 65534 --clear-groups "$SYNC" -c "$CONF" sync >"$OUT" 2>"$ERR" || STATUS=$?
    expect_status 0
    expect_match "the result" "$(cat "$OUT")" '^contacts: success'
    stop_daemon
}

test_the_service_introduces_itself_and_answers_check() {
    daemon_at_rest
    call '{"method":"org.varlink.service.GetInfo"}' \
        '{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"io.flexsync"}}' \
        '{"method":"io.flexsync.Check"}' '{"method":"io.flexsync.Nothing"}' >answers
    expect_equal "answers" "$(wc -l <answers)" 4
    expect_equal "interfaces" "$(sed -n 1p answers | field 'parameters.interfaces')" '["org.varlink.service","io.flexsync"]'
    expect_match "description" "$(sed -n 2p answers | field parameters.description)" 'interface io.flexsync.*method Sync\(full: \?bool, ids: \?\[\]string'
    expect_equal "check" "$(sed -n 3p answers | field 'parameters.findings[2].text')" "accepted; the server lists 30 contacts"
    expect_equal "user" "$(sed -n 3p answers | field 'parameters.findings[3].text')" "not locked, sees 3 locations"
    sim 'config?profile=locked' >/dev/null
    call '{"method":"io.flexsync.Check"}' >answers.locked
    expect_equal "locked user" "$(field 'parameters.findings[3].what' <answers.locked)" key
    expect_equal "locked user" "$(field 'parameters.findings[3].ok' <answers.locked)" 0
    sim 'config?profile=no' >/dev/null
    call '{"method":"io.flexsync.Check"}' >answers.silent
    expect_equal "no profile" "$(field 'parameters.findings[3].ok' <answers.silent)" 1
    ! grep -rqE "Korla|Zandro" answers answers.locked answers.silent "$T/daemon.err" || fail "the user is named"
    expect_equal "error" "$(sed -n 4p answers | field error)" org.varlink.service.MethodNotFound
    printf 'x\n' >secret/key # the daemon has read it; the server forgets it
    script 'list => status 401'
    call '{"method":"io.flexsync.Check"}' >answers
    expect_equal "check" "$(field 'parameters.findings[2].ok' <answers)" 0
    expect_equal "check" "$(field 'parameters.findings[2].what' <answers)" key
    printf '%s\n' "$KEY" >secret/key
    daemon_lives || fail "the daemon ended"
    stop_daemon
}

test_progress_is_streamed_to_who_wants_more() {
    daemon_amid_a_cycle
    wait_until "the socket" socket_listens
    call '{"method":"io.flexsync.Sync","more":true}' >answers
    expect_at_least "reports of progress" "$(grep -c '"continues":true' answers)" 5
    expect_equal "results" "$(grep -c '"result":' answers)" 1
    expect_match "the last one" "$(tail -n 1 answers)" '"status":"success"'
    expect_match "states" "$(grep -o '"state":"[a-z]*"' answers | sort -u | tr '\n' ' ')" 'fetching'
    stop_daemon
}

test_bad_clients_harm_neither_the_daemon_nor_others() {
    daemon_at_rest
    local before i
    before=$(fds)
    for i in 1 2 3 4 5; do
        head -c 300000 /dev/urandom | socat -t 5 - "UNIX-CONNECT:$SOCKET" >/dev/null 2>&1 || true
        head -c 300000 /dev/zero | tr '\0' '{' | socat -t 5 - "UNIX-CONNECT:$SOCKET" >/dev/null 2>&1 || true
        head -c 300000 /dev/zero | socat -t 5 - "UNIX-CONNECT:$SOCKET" >/dev/null 2>&1 || true
        printf 'GET / HTTP/1.1\r\nHost: x\r\n\r\n\0' | socat -t 5 - "UNIX-CONNECT:$SOCKET" >/dev/null 2>&1 || true
        for _ in $(seq 500); do printf '{"method":"io.flexsync.Status"}\0'; done |
            socat -u - "UNIX-CONNECT:$SOCKET" >/dev/null 2>&1 || true # and reads nothing
    done
    daemon_lives || fail "the daemon ended"
    sync
    expect_status 0
    wait_until "all descriptors are back" fds_are "$before"
    stop_daemon
    expect_complete
}

fds_are() { [ "$(fds)" -le "$1" ]; }

test_more_clients_than_may_be_are_hung_up_on_and_a_sync_goes_through() {
    daemon_at_rest
    local i before
    before=$(fds)
    for i in $(seq 40); do
        socat -u "UNIX-CONNECT:$SOCKET" - >/dev/null 2>&1 &
        STARTED+=($!)
    done
    wait_until "the places are taken" fds_are_at_least $((before + 32))
    expect_at_most "descriptors" "$(fds)" $((before + 33))
    cli status # hung up on, and says so; what the database says is there
    expect_status 0
    expect_match "stderr" "$(cat "$ERR")" 'has hung up|cannot be asked'
    daemon_lives || fail "the daemon ended"
    for i in "${STARTED[@]}"; do [ "$i" = "$DAEMON" ] || [ "$i" = "$SIM_PID" ] || kill "$i" 2>/dev/null || true; done
    wait_until "the places are free" fds_are "$before"
    sync
    expect_status 0
    stop_daemon
}

fds_are_at_least() { [ "$(fds)" -ge "$1" ]; }

test_the_runtime_directory_has_the_socket_where_there_is_one() {
    mkdir run
    SOCKET=$T/run/control
    DAEMON_ENV=("RUNTIME_DIRECTORY=$T/run:$T/other")
    daemon_at_rest
    sync
    expect_status 0
    expect_log '"trigger"' manual
    [ ! -e "$T/flexsync.sock" ] || fail "there is a second socket"
    stop_daemon
}

test_a_socket_that_cannot_be_had_is_told_and_the_daemon_works_on() {
    start_sim --contacts 20 --deleted-share 0
    write_conf
    echo precious >"$SOCKET"
    start_daemon
    wait_until "a cycle" daemon_said '<6>resource_types: success'
    daemon_said '^<4>there is no control socket .*something else has this name; move it away' || fail "nothing was said"
    expect_equal "the file" "$(cat "$SOCKET")" precious
    sync
    expect_status 75
    expect_match "stderr" "$(cat "$ERR")" "for a sync now: systemctl reload flexsyncd"
    stop_daemon
    expect_complete
}

test_a_start_that_takes_long_asks_for_more_time() {
    start_sim --contacts 5
    write_conf
    sqlite3 "$DB" "CREATE TABLE contacts (id INTEGER PRIMARY KEY AUTOINCREMENT, contact_id TEXT UNIQUE NOT NULL,
        first_name TEXT, last_name TEXT, contact_type TEXT, status TEXT, default_bill_to_contact_id TEXT,
        pricing_model_id TEXT, created_at DATETIME, updated_at DATETIME, flex_data TEXT);
        INSERT INTO contacts (contact_id, status, flex_data) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
        WHERE i < 20000) SELECT 'c-' || i, 'Active', json_object('id', 'c-' || i, 'name', 'Name ' || i) FROM n"
    socat -u "UNIX-RECV:$T/notify" "CREATE:$T/notify.raw" 2>/dev/null &
    STARTED+=($!)
    wait_until "socat listens" test -S "$T/notify"
    DAEMON_ENV=("NOTIFY_SOCKET=$T/notify")
    start_daemon
    wait_until "READY" grep -qa 'READY=1' "$T/notify.raw"
    expect_match "before READY" "$(tr '\n\0' '  ' <"$T/notify.raw" | sed 's/READY=1.*//')" '^EXTEND_TIMEOUT_USEC=60000000 STATUS=preparing the database'
    expect_sql "taken over" "SELECT count(*) FROM contacts WHERE contact_id LIKE 'c-%'" 20000
    stop_daemon
}

test_a_fault_in_every_cycle_is_one_line_and_a_count_for_ever() {
    start_sim --contacts 20 --deleted-share 0
    write_conf sync.interval='"1s"'
    script 'list => status 418'
    start_daemon
    wait_until "six cycles that failed" cycles_are_at_least 6 "status = 'failed'"
    expect_equal "lines of the fault" "$(daemon_said_times '^<3>contacts: failed')" 1
    expect_equal "lines of beginnings" "$(daemon_said_times 'contacts: sync begins')" 1
    script
    wait_until "a cycle" daemon_said '<6>contacts: success'
    local failed
    failed=$(cycles "status = 'failed'")
    expect_equal "the count" "$(daemon_said_times "^<3>contacts: $((failed - 1)) more times, from $CLOCK to $CLOCK: the server answered")" 1
    stop_daemon
    expect_complete
}
