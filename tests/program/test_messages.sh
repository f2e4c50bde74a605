# Each exit status, provoked: the message says what happened, and names the command to type next.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

README=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/README.md

# STATUS, MEANS and NEXT of every row that --help has, with "|" between.
exit_table() { "$SYNC" --help | sed -nE 's/^  +([0-9]+)  ([^ ]+( [^ ]+)*)( +([^ ].*))?$/\1|\2|\5/p'; }

# A command that can be typed: one of ours, or of the system's.
COMMANDS='(flexsync (-c [^ ]+ )?(--help|[a-z]+)|flexsyncd -[-a-zA-Z]|systemctl [a-z]|journalctl |adduser |mkdir |sqlite3 |df -h|free -h|namei -l|kill [-0-9])'

# expect_advice STATUS WHAT: the last cli ended so, said WHAT, and what to type.
expect_advice() {
    expect_status "$1"
    expect_match "stderr" "$(cat "$ERR")" "$2"
    expect_match "the command to type next" "$(tail -n 1 "$ERR")" "$COMMANDS"
    expect_no_match "stderr" "$(cat "$ERR")" 'next: .*next: '
}

test_the_table_of_exit_statuses_is_one_in_help_and_readme() {
    local status means next row
    expect_equal "rows" "$(exit_table | wc -l)" 11
    while IFS='|' read -r status means next; do
        row=$(grep -E "^\| $status \| " "$README") || fail "README has no exit status $status"
        [[ $row == "| $status | $means"* ]] || fail "README says '$row', --help says '$means'"
        [[ -z $next || $row == *"\`$next\`"* ]] || fail "README's row of $status does not name '$next'"
    done < <(exit_table)
}

test_a_partial_sync_is_2_and_names_the_command_to_type() {
    start_sim --contacts 20
    write_conf
    script "detail id=$(some_id 3) => status 404"
    script "detail id=$(some_id 3) => status 418"
    cli sync
    expect_advice 2 'partial: .*; the next sync goes on; why: flexsync history'
}

test_a_wrong_command_line_is_64_and_names_the_command_to_type() {
    start_sim --contacts 5
    write_conf
    sync
    local words
    for words in 'statsu' 'sync --fulll' 'list -n 0' 'show' 'show nobody' 'changes nobody' 'sync nobody' 'sync --full 3' 'help lits' \
        'list --has emial' 'export --columns nmae' 'export --columns name,name' 'export --format x' 'export -o x.doc' \
        'export --all --active' 'changes --since tomorrow' 'search' 'forget 1' "backup $DB" "backup $T"; do
        # shellcheck disable=SC2086
        cli $words
        expect_advice 64 .
    done
    STATUS=0 ERR=$T/daemon.err
    "$DAEMON_PROGRAM" --nonsense 2>"$ERR" || STATUS=$?
    expect_advice 64 nonsense
}

test_an_answer_of_no_use_is_65_and_names_the_command_to_type() {
    start_sim --contacts 5
    write_conf flex.base_url="\"$SIM/nowhere\""
    cli sync
    expect_advice 65 'the server answered 404: .*; next: flexsync check'
    write_conf
    script 'list => redirect http://127.0.0.1:9/'
    cli sync
    expect_advice 65 'the server answered 302'
}

test_no_answer_is_69_and_names_the_command_to_type() {
    start_sim --contacts 5
    write_conf flex.timeout='"2s"'
    stop_sim
    cli sync
    expect_advice 69 'no answer from the server: .*; next: flexsync check'
}

test_no_descriptors_is_71_and_names_the_command_to_type() {
    start_sim --contacts 5
    write_conf
    STATUS=0 ERR=$T/cli.err
    local limit
    for limit in 5 6 7 8; do # what the shell and the sanitizers hold open differs
        STATUS=0
        (ulimit -n $limit; exec "$SYNC" -c "$CONF" sync) >cli.out 2>"$ERR" || STATUS=$?
        [ $STATUS -ne 71 ] || break
    done
    expect_advice 71 'cannot set up'
}

test_a_file_that_cannot_be_made_is_73_and_names_the_command_to_type() {
    start_sim --contacts 5
    write_conf
    sync
    cli export -o none/x.csv
    expect_advice 73 'cannot make none/x.csv: No such file or directory; make its folder: mkdir -p none$'
    write_conf database.path="\"$T/none/contacts.db\""
    cli sync
    expect_advice 73 "mkdir -p $T/none"
    write_conf log.file="\"$T/none/app.log\""
    cli sync
    expect_advice 73 'cannot open the log file'
}

test_trouble_with_disk_or_database_is_74_and_names_the_command_to_type() {
    start_sim --contacts 5
    write_conf
    cli status
    expect_advice 74 'there is no database .*flexsync sync'
    echo 'this is no database, whoever looks at it; and longer than the header of a database, which is a hundred bytes' >"$DB"
    cli sync
    expect_advice 74 'not a database|damaged'
    [ -w /dev/full ] || return 0
    rm -f "$DB"
    sync
    STATUS=0 ERR=$T/cli.err
    "$SYNC" -c "$CONF" list 2>"$ERR" >/dev/full || STATUS=$?
    expect_advice 74 'cannot write the output'
}

test_a_used_up_quota_or_a_lock_is_75_and_names_the_command_to_type() {
    start_sim --contacts 30 --latency 200
    write_conf limits.concurrent=1
    "$SYNC" -c "$CONF" sync >/dev/null 2>&1 &
    local pid=$!
    STARTED+=("$pid")
    wait_until "the lock" grep -q "^$pid " "$DB.lock"
    cli sync
    expect_advice 75 "flexsync .process $pid. is syncing"
    kill -TERM $pid
    wait $pid || true
    sim 'config?latency=0' >/dev/null
    write_conf limits.hourly=1
    cli sync
    expect_advice 75 'the request quota is used up|hourly request quota'
}

test_a_refused_key_is_77_and_names_the_command_to_type() {
    start_sim --contacts 5
    sim 'config?key=another' >/dev/null
    write_conf
    cli sync
    expect_advice 77 'the server answered 401: .*; next: flexsync check'
}

test_wrong_settings_are_78_and_name_the_command_to_type() {
    start_sim --contacts 5
    write_conf limits.rat=3
    cli sync
    expect_advice 78 'did you mean'
    write_conf flex.api_key_file=
    cli sync
    expect_advice 78 'no API key'
    cli sync --dry-run
    expect_advice 78 'no API key'
    STATUS=0 ERR=$T/daemon.err
    "$DAEMON_PROGRAM" -c "$CONF" 2>"$ERR" || STATUS=$?
    expect_advice 78 'no API key'
    write_conf
    sync
    sqlite3 "$DB" "UPDATE meta SET value = 'https://other.example/f5/api' WHERE key = 'site'"
    cli sync
    expect_advice 78 'is a copy of https://other.example'
}

test_help_on_every_command_has_an_example_that_is_taken() {
    start_sim --contacts 20
    write_conf
    sync
    local name example
    while read -r name; do
        cli "$name" --help
        expect_status 0
        example=$(sed -n 's/^Example: flexsync //p' "$OUT")
        [ -n "$example" ] || fail "help on $name has no example"
        [ "$name" = forget ] && continue # is for an Inactive contact
        # shellcheck disable=SC2086
        cli $example
        # No contact has that id; and no daemon runs, which is what health is asked about.
        [ "$STATUS" = 0 ] || [ "$name" = show ] || [ "$name $STATUS" = "health 2" ] || fail "the example of $name, '$example', ends with $STATUS: $(cat "$ERR")"
    done < <("$SYNC" --help | sed -nE 's/^  ([a-z]+) +[^ ].*$/\1/p')
}
