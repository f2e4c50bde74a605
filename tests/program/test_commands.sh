# flexsync as people and scripts use it.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

records_asked_for() { [ "$(stat_of by_kind.detail)" -ge "$1" ]; }

# Each command's JSON is whole, has a version, and nothing is on stderr.
all_json_is_valid() {
    local words id
    id=$(sql 'SELECT contact_id FROM contacts ORDER BY id LIMIT 1')
    for words in 'status --json' 'history --json' 'history -n 2 --json' 'list --json' 'list --active -n 5 --json' "show --json $id" 'show --json 1'; do
        # shellcheck disable=SC2086
        cli $words
        expect_status 0
        expect_json "$OUT"
        expect_equal "version of '$words'" "$(json "$OUT" version)" 1
        expect_equal "stderr of '$words'" "$(cat "$ERR")" ""
    done
}

test_commands_answer_while_a_sync_runs_and_after_it() {
    start_sim --contacts 80 --latency 400
    write_conf limits.concurrent=2
    start_daemon
    wait_until "records are stored" sql_says "SELECT count(*) > 10 FROM contact_state WHERE content_hash IS NOT NULL" 1
    all_json_is_valid
    cli status --json
    expect_equal "running" "$(json "$OUT" running)" 1
    expect_equal "process" "$(json "$OUT" process)" "$DAEMON"
    expect_equal "contacts" "$(json "$OUT" contacts.total)" 80
    expect_at_least "waiting" "$(json "$OUT" contacts.waiting)" 1
    expect_equal "last sync" "$(json "$OUT" last_sync.status)" running
    cli status
    expect_status 0
    expect_match "status" "$(cat "$OUT")" "Daemon +running, process $DAEMON"
    expect_match "status" "$(cat "$OUT")" 'Contacts +80, of them '
    expect_match "status" "$(cat "$OUT")" 'Last sync +running since '
    expect_match "status" "$(cat "$OUT")" 'Waiting +[0-9]+ records to fetch'
    cli history
    expect_status 0
    expect_match "history" "$(cat "$OUT")" 'start +contacts: running'
    cli list -n 3
    expect_status 0
    expect_equal "lines" "$(wc -l <"$OUT")" 3
    sim 'config?latency=0' >/dev/null
    wait_until "success" cycles_are 1 "status = 'success'"
    stop_daemon
    expect_complete

    all_json_is_valid
    cli status --json
    expect_equal "running" "$(json "$OUT" running)" 0
    expect_equal "whole" "$(json "$OUT" contacts.whole)" 80
    expect_equal "last sync" "$(json "$OUT" last_sync.status)" success
    expect_equal "requests" "$(json "$OUT" last_sync.requests)" "$(log_row requests)"
    cli status
    expect_match "status" "$(cat "$OUT")" 'Complete +yes: 80 of 80 that the server lists'
    expect_match "status" "$(cat "$OUT")" 'Daemon +not running; to start it: flexsyncd, with these settings'
    expect_match "status" "$(cat "$OUT")" "Last sync +$CLOCK, contacts: success; 80 of 80 listed"
    cli list
    expect_equal "lines" "$(wc -l <"$OUT")" 80
    cli list --active
    expect_equal "active lines" "$(wc -l <"$OUT")" "$(sql "SELECT count(*) FROM contacts WHERE status = 'Active'")"
    cli list --json
    expect_equal "listed in JSON" "$(sqlite3 :memory: "SELECT json_array_length(CAST(readfile('$OUT') AS TEXT), '\$.contacts')")" 80
    cli history --json
    expect_equal "cycles in JSON" "$(sqlite3 :memory: "SELECT json_array_length(CAST(readfile('$OUT') AS TEXT), '\$.cycles')")" "$(sql 'SELECT count(*) FROM sync_log')"
    cli history -n 1
    expect_equal "lines of history -n 1" "$(wc -l <"$OUT")" 1
}

test_reading_commands_change_nothing_and_need_neither_key_nor_server() {
    start_sim --contacts 20
    write_conf
    sync
    expect_status 0
    rm secret/key
    stop_sim
    local before words
    before=$(contents)
    for words in status history list 'show 3' 'status --json'; do
        # shellcheck disable=SC2086
        cli $words
        expect_status 0
    done
    expect_equal "the database" "$(contents)" "$before"
}

test_show_is_the_record_and_raw_is_byte_for_byte() {
    start_sim --contacts 30
    write_conf
    sync
    expect_status 0
    local id
    id=$(some_id 4)
    cli show --raw "$id"
    expect_status 0
    sim truth | sed -n 4p >truth.4
    cmp "$OUT" truth.4 || fail "--raw is not what the server sent"
    cli show "$id"
    expect_status 0
    expect_match "show" "$(cat "$OUT")" "contact_id +$id"
    cli show --json "$id"
    expect_equal "id" "$(json "$OUT" contact.contact_id)" "$id"
    expect_equal "the record within" "$(json "$OUT" contact.flex_data.id)" "$id"
    cli show nobody
    expect_status 64
    expect_match "stderr" "$(cat "$ERR")" 'there is no contact nobody'
}

test_a_name_with_terminal_sequences_drives_no_terminal() {
    start_sim --contacts 20
    write_conf log.file="\"$T/app.log\"" log.level='"debug"'
    local id
    id=$(some_id 4)
    script "list => replace-field content.3.name \"\\u001b]0;owned\\u0007\\u001b[31mRed\\u009b2J\\u202e\\r\\nforged\"" \
        "detail id=$id => replace-field name \"\\u001b]0;owned\\u0007\\u001b[31mRed\\u009b2J\\r\\nforged\"" \
        "detail id=$id => replace-field jobTitle \"\\u001b[2Jgone\\u0008\\u007f\""
    sync
    expect_status 0
    expect_sql "it is stored as it came" "SELECT hex(substr(name, 1, 1)) FROM contacts WHERE contact_id = '$id'" 1B
    local words
    for words in list "show $id" history status 'list --json' "show --json $id" "show --raw $id"; do
        # shellcheck disable=SC2086
        cli $words
        expect_status 0
        # C0 without line ends and tabs, DEL, and C1 as UTF-8.
        if LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$OUT"; then
            case $words in
            *json* | *raw*) LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f]' "$OUT" && fail "'$words' prints a control character" ;;
            *) fail "'$words' prints a control character" ;;
            esac
        fi
    done
    cli list
    expect_equal "lines" "$(wc -l <"$OUT")" 20
    LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]' "$T/app.log" && fail "the log has a control character"
    expect_second_sync_changes_nothing
}

test_without_a_database_reading_commands_say_what_to_do() {
    SIM=http://127.0.0.1:9
    write_conf
    local words
    for words in status history list 'show 1' 'list --json'; do
        # shellcheck disable=SC2086
        cli $words
        expect_status 74
        expect_match "stderr of '$words'" "$(cat "$ERR")" 'there is no database .*run .flexsync sync., or start flexsyncd'
    done
    [ ! -e "$DB" ] || fail "a database was made"
}

test_check_tells_settings_key_connection_pages_and_database() {
    start_sim --contacts 60
    write_conf
    sync
    expect_status 0
    sim reset-stats >/dev/null
    local before
    before=$(contents)
    cli check
    expect_status 0
    expect_equal "lines that are not ok" "$(grep -cvE '^(ok |      (yes|no) )' "$OUT" || true)" 0
    expect_match "check" "$(cat "$OUT")" 'ok +settings .*ok +connection .*ok +key +accepted; the server lists 60 contacts.*ok +pages +numbered from one.*ok +feed .*ok +database .*60 contacts'
    expect_at_most "requests" "$(stat_of total)" 6
    expect_equal "the database" "$(contents)" "$before"
    sim 'config?paging=zero' >/dev/null
    cli check
    expect_status 0
    expect_match "check" "$(cat "$OUT")" 'pages +numbered from zero'
    sim 'config?sort=reject' >/dev/null
    cli check
    expect_status 0
    sim 'config?shape=array' >/dev/null
    cli check
    expect_status 0
    printf 'not-this\n' >secret/key
    cli check
    expect_status 77
    expect_match "check" "$(cat "$OUT")" 'FAIL +key .*make a new one'
    printf '%s\n' "$KEY" >secret/key
    script 'list => status 429'
    cli check
    expect_status 75
    script 'list => redirect http://127.0.0.1:9/'
    cli check
    expect_status 65
    expect_match "check" "$(cat "$OUT")" 'FAIL +connection .*not followed'
    script
    write_conf database.path="\"$T/none.db\""
    cli check
    expect_status 74
    expect_match "check" "$(cat "$OUT")" 'FAIL +database .*run .flexsync sync.'
}

test_check_says_that_a_server_is_not_there_for_ever() {
    start_sim --contacts 1
    stop_sim
    write_conf
    cli check
    expect_status 69
    expect_match "check" "$(cat "$OUT")" 'FAIL +connection +no answer from the server'
}

test_check_claims_no_answer_where_the_quota_forbade_to_ask() {
    start_sim --contacts 30
    write_conf limits.hourly=2 limits.daily=100 limits.monthly=1000
    cli check
    expect_match "check" "$(cat "$OUT")" 'ok +connection .*ok +key '
    cli check
    expect_status 75
    expect_match "check again" "$(cat "$OUT")" 'ok +settings .*FAIL +quota '
    expect_no_match "check again" "$(cat "$OUT")" 'connection|key'
}

test_check_beside_a_daemon_says_that_it_runs() {
    start_sim --contacts 20
    write_conf
    start_daemon
    wait_until "a cycle" daemon_said '<6>resource_types: success'
    cli check
    expect_status 0
    expect_match "check" "$(cat "$OUT")" 'database .*kept up to date by flexsyncd'
    stop_daemon
}

test_an_output_that_cannot_be_written_is_74() {
    start_sim --contacts 20
    write_conf
    sync
    expect_status 0
    local words
    for words in list 'list --json' status history 'show 1' 'status --json'; do
        STATUS=0
        # shellcheck disable=SC2086
        "$SYNC" -c "$CONF" $words >/dev/full 2>full.err || STATUS=$?
        [ "$STATUS" = 74 ] || fail "'$words' to a full device ends with $STATUS"
        grep -q 'cannot write the output' full.err || fail "'$words': $(cat full.err)"
    done
}

test_a_reader_that_has_seen_enough_is_no_error() {
    start_sim --contacts 1699
    write_conf
    sync
    expect_status 0
    (trap '' PIPE; "$SYNC" -c "$CONF" list 2>pipe.err; echo $? >pipe.status) | head -n 1 >head.out
    expect_equal "status" "$(cat pipe.status)" 0
    expect_equal "stderr" "$(cat pipe.err)" ""
}

test_progress_goes_to_a_terminal_alone() {
    start_sim --contacts 60 --latency 50
    write_conf limits.concurrent=2
    STATUS=0
    # A terminal of 100 columns on stderr; stdout is a file.
    socat -u "EXEC:'$SYNC -c $CONF sync',pty,stderr,rawer,winsize-cols=100" - >terminal.out 2>socat.err ||
        socat -u "EXEC:$SYNC -c $CONF sync,pty,stderr,rawer" - >terminal.out 2>socat.err || fail "$(cat socat.err)"
    grep -qaE '\[#*\.*\] [0-9]+ of 60' terminal.out || fail "no progress bar on a terminal: $(cat -v terminal.out)"
    grep -qaE 'fetching \[.*/s, [0-9]+ s left, quota [0-9,]+, [0-9]+ requests' terminal.out || fail "rate, time or quota are missing: $(cat -v terminal.out)"
    expect_complete
    rm -f "$DB"*
    sync
    expect_status 0
    LC_ALL=C grep -qaP '[\x1b\r]' "$OUT" "$ERR" && fail "terminal sequences in a file"
    expect_equal "lines on stdout" "$(wc -l <"$OUT")" 1
}

test_a_line_of_progress_comes_every_ten_seconds_where_there_is_no_terminal() {
    start_sim --contacts 60 --latency 400
    write_conf limits.concurrent=2
    sync
    expect_status 0
    expect_match "stderr" "$(cat "$ERR")" '^syncing contacts: [0-9]+ of 60 \([0-9]+ %\), [0-9.]+/s, quota left [0-9,]+ this hour, time left [0-9]+ s$'
}

test_ctrl_c_stops_a_foreground_sync_with_everything_stored() {
    start_sim --contacts 60 --latency 100
    write_conf limits.concurrent=2
    env --default-signal=INT "$SYNC" -c "$CONF" sync >sync.out 2>sync.err &
    local pid=$!
    STARTED+=("$pid")
    STATUS=0 OUT=sync.out ERR=sync.err
    wait_until "records are asked for" records_asked_for 12
    kill -INT $pid
    wait $pid || STATUS=$?
    expect_status 2
    expect_match "stderr" "$(cat sync.err)" 'stopping; what has come is being stored'
    expect_match "stderr" "$(cat sync.err)" "stopped; everything received is stored, $(sql 'SELECT count(*) FROM detail_queue') records are still to be fetched; to go on: flexsync sync"
    expect_log status partial
    expect_at_least "whole records" "$(sql 'SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL')" 10
    sim 'config?latency=0' >/dev/null
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_the_database_is_readable_for_the_group_and_nobody_else() {
    start_sim --contacts 5
    write_conf
    (umask 0; "$SYNC" -c "$CONF" sync >sync.out 2>sync.err)
    local file
    for file in "$DB" "$DB.lock"; do
        expect_match "rights of ${file##*/}" "$(stat -c %a "$file")" '^6[04]0$'
    done
    expect_sql "journal" "PRAGMA journal_mode" wal
}

# valgrind_clean PROGRAM ARGUMENTS…
valgrind_clean() {
    STATUS=0
    OUT=$T/valgrind.out ERR=$T/valgrind.err
    valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
        --track-fds=no --error-exitcode=99 --log-file="$T/valgrind.log" "$@" >"$OUT" 2>"$ERR" || STATUS=$?
    if [ "$STATUS" = 99 ] || [ -s "$T/valgrind.log" ]; then cat "$T/valgrind.log"; fail "valgrind complains of $*"; fi
}

test_valgrind_finds_no_error_and_no_leak() {
    if grep -qa __asan_init "$SYNC"; then skip_impossible "valgrind cannot run a program built with ASan"; fi
    command -v valgrind >/dev/null || skip "valgrind is missing: apt-get install valgrind"
    start_sim --contacts 30
    write_conf
    valgrind_clean "$SYNC" -c "$CONF" sync
    expect_status 0
    expect_complete
    sim 'edit?n=3&kind=rename' >/dev/null
    sim 'remove?n=2' >/dev/null
    local id
    id=$(some_id 3)
    sim "edit?id=$id&kind=rename" >/dev/null
    script "detail id=$id => status 418" 'detail nth=3 => cut' 'list times=1 => garbage'
    valgrind_clean "$DAEMON_PROGRAM" -c "$CONF" --once
    expect_status 2
    script
    local words
    for words in status 'status --json' history 'history --json' list 'list --json' 'show 1' 'show --json 1' check; do
        # shellcheck disable=SC2086
        valgrind_clean "$SYNC" -c "$CONF" $words
        expect_status 0
    done
    write_conf limits.concurrent=99 sync.interval=5
    valgrind_clean "$DAEMON_PROGRAM" -c "$CONF" -t
    expect_status 78
    printf 'wrong\n' >secret/key
    write_conf
    valgrind_clean "$SYNC" -c "$CONF" sync
    expect_status 77
}

test_options_may_stand_behind_words_and_wrong_ones_are_named_once() {
    start_sim --contacts 3
    write_conf
    sync
    expect_status 0
    cli show 1 --raw
    expect_status 0
    expect_json "$OUT"
    cli show 1 --json
    expect_status 0
    cli list --bogus
    expect_status 64
    expect_equal "stderr" "$(cat "$ERR")" "flexsync: this is no option of the command: --bogus; try: flexsync list --help"
    local words
    for words in '-n 5' '--number 5' '-n5' '--number=5' '-Z 5' '-Zr' '--watch' '-n 5 -- x'; do
        # shellcheck disable=SC2086
        cli export $words
        expect_status 64
        expect_equal "stderr of 'export $words'" "$(cat "$ERR")" "flexsync: this is no option of the command: $(
            sed -E 's/^(-Z|[^ ]*).*/\1/' <<<"$words"); try: flexsync export --help"
    done
    cli list -n
    expect_status 64
    expect_equal "stderr" "$(cat "$ERR")" "flexsync: this option takes a value: -n; try: flexsync list --help"
    cli --bogus list
    expect_status 64
    expect_equal "lines on stderr" "$(wc -l <"$ERR")" 1
}
