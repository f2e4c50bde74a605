# Settings: every mistake at once, read back as printed, the environment before the file, the key from where it may.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

# daemon_with ARGUMENTS…: STATUS, OUT, ERR of a flexsyncd that ends by itself.
daemon_with() {
    STATUS=0 OUT=$T/with.out ERR=$T/with.err
    timeout 20 "$DAEMON_PROGRAM" "$@" >"$OUT" 2>"$ERR" || STATUS=$?
}

a_site() { SIM=http://127.0.0.1:9; }

test_a_bad_file_is_78_with_every_mistake_by_line_and_remedy() {
    cat >"$CONF" <<EOF
flex = { base_url = "http://site.example.com/f5/api"; timeout = "5 parsecs"; api_key_file = "$T/secret/key"; };
limits = { concurrent = 31;
           rate = "fast"; plan = "gold"; };
sync = { intervall = "1s"; on_start = "yes"; max_vanished = 5000000000L; };
databse = { path = "x"; };
EOF
    daemon_with -c "$CONF" -t
    expect_status 78
    local line
    for line in '1: flex.base_url: .*https' '1: flex.timeout: ' '2: limits.concurrent: .*30' '3: limits.rate: ' '3: limits.plan: .*enterprise' \
        '4: sync.intervall: .*interval' '4: sync.on_start: .*true' '4: sync.max_vanished: ' '5: databse: .*database'; do
        grep -qE "flexsync.conf:$line" "$ERR" || fail "no line like '$line' in: $(cat "$ERR")"
    done
    expect_equal "stdout" "$(cat "$OUT")" ""
    # The daemon itself and the command refuse it likewise, and make nothing.
    daemon_with -c "$CONF"
    expect_status 78
    cli sync
    expect_status 78
    [ ! -e "$DB" ] || fail "a database was made"
}

test_a_syntax_error_names_file_and_line() {
    printf 'flex = {\n  base_url = ;\n' >"$CONF"
    daemon_with -c "$CONF" -t
    expect_status 78
    expect_match "stderr" "$(cat "$ERR")" 'flexsync.conf:2: '
}

test_a_missing_file_that_was_asked_for_is_78() {
    daemon_with -c "$T/none.conf" -t
    expect_status 78
    expect_match "stderr" "$(cat "$ERR")" 'none.conf'
}

test_good_settings_are_tested_in_silence() {
    a_site
    write_conf
    daemon_with -c "$CONF" -t
    expect_status 0
    expect_equal "output" "$(cat "$OUT" "$ERR")" ""
    [ ! -e "$DB" ] || fail "a database was made"
}

test_printed_settings_read_back_the_same() {
    a_site
    write_conf flex.timeout='"90s"' limits.plan='"lite"' limits.rate=2.5 limits.burst=7 sync.interval='"36h"' \
        sync.on_start=false sync.strategy='"full"' sync.max_age='"2w"' log.level='"debug"' database.keep_log='"100d"'
    daemon_with -c "$CONF" -T
    expect_status 0
    cp "$OUT" once.conf
    grep -qE 'timeout = "90s"' once.conf || fail "flex.timeout is not printed: $(cat once.conf)"
    grep -qE 'hourly = 20;' once.conf || fail "the plan's numbers are not printed"
    grep -qE 'ledger = ".*/quota.db"' once.conf || fail "limits.ledger is not printed"
    daemon_with -c once.conf -T
    expect_status 0
    cmp "$OUT" once.conf || fail "not the same when read back"
    daemon_with -c once.conf -t
    expect_status 0
}

test_the_shipped_file_is_good_and_changes_nothing() {
    local shipped
    shipped=$(dirname "${BASH_SOURCE[0]}")/../../etc/flexsync.conf
    : >"$T/empty.conf"
    daemon_with -c "$T/empty.conf" -T
    cp "$OUT" defaults
    daemon_with -c "$shipped" -T
    expect_status 0
    cmp "$OUT" defaults || fail "the shipped file is not the defaults"
}

test_the_environment_wins_over_the_file() {
    start_sim --contacts 20
    write_conf flex.base_url='"http://127.0.0.1:9/wrong"' flex.api_key_file='"/nonexistent"' \
        database.path='"/nonexistent/x.db"' log.level='"error"'
    export FLEX_API_KEY=$KEY FLEX_BASE_URL=$SIM/f5/api DB_PATH=$T/env.db LOG_LEVEL=debug LOG_FILE=$T/env.log
    DB=$T/env.db
    sync
    expect_status 0
    expect_complete
    grep -q ' debug ' "$T/env.log" || fail "LOG_LEVEL or LOG_FILE was not heeded"
    daemon_with -c "$CONF" -T
    expect_match "printed" "$(cat "$OUT")" "base_url = \"$SIM/f5/api\""
    expect_second_sync_changes_nothing
    # An empty variable counts as not set.
    FLEX_BASE_URL='' daemon_with -c "$CONF" -T
    expect_match "printed" "$(cat "$OUT")" 'base_url = "http://127.0.0.1:9/wrong"'
}

test_the_environment_alone_is_enough() {
    start_sim --contacts 20
    : >"$CONF"
    FLEX_API_KEY=$KEY FLEX_BASE_URL=$SIM/f5/api DB_PATH=$DB sync
    expect_status 0
    expect_complete
    DAEMON_ENV=(FLEX_API_KEY="$KEY" FLEX_BASE_URL="$SIM/f5/api" DB_PATH="$DB")
    start_daemon
    wait_until "a cycle" daemon_said '<6>contacts: success'
    grep -qaF -e "$KEY" "/proc/$DAEMON/environ" && fail "the key can be read in the process's environment"
    kill -HUP "$DAEMON" # and it finds it again
    wait_until "a second cycle" cycles_are_at_least 3 "status = 'success'"
    stop_daemon
}

test_the_key_comes_from_the_credential_before_all_others() {
    start_sim --contacts 20
    mkdir secret/credentials
    printf '%s' "$KEY" >secret/credentials/flex-api-key
    printf 'wrong\n' >secret/key
    write_conf
    export CREDENTIALS_DIRECTORY=$T/secret/credentials FLEX_API_KEY=wrong-too
    sync
    expect_status 0
    start_daemon --once
    daemon_ended
    expect_status 0
    daemon_said 'key from the credential flex-api-key' || fail "the log does not say where the key is from"
    unset CREDENTIALS_DIRECTORY
    FLEX_API_KEY=$KEY sync
    expect_status 0
    unset FLEX_API_KEY
    sync
    expect_status 77
}

test_a_key_that_could_forge_a_header_is_refused_and_never_shown() {
    a_site
    local bad status
    for bad in "$KEY"$'\nX-Evil: 1' "$KEY"$'\r\nX-Evil: 1' "$KEY two" "${KEY}é" "$KEY"$'\t''x'; do
        printf '%s\n' "$bad" >secret/key
        write_conf
        daemon_with -c "$CONF" -t
        expect_status 78
        expect_match "stderr" "$(cat "$ERR")" 'flexsync.conf:[0-9]+: flex.api_key_file: .*write the key alone'
        FLEX_API_KEY=$bad daemon_with -c "$CONF" -t
        expect_status 78
        expect_match "stderr" "$(cat "$ERR")" 'FLEX_API_KEY: .*write the key alone'
        expect_no_key_anywhere
    done
}

test_a_key_that_is_missing_empty_or_the_placeholder_is_78() {
    a_site
    write_conf flex.api_key_file=
    daemon_with -c "$CONF" -t # a credential is seen by the service alone
    expect_status 0
    daemon_with -c "$CONF" --once
    expect_status 78
    expect_match "stderr" "$(cat "$ERR")" 'no API key.*Main Menu > Integrations > API'
    cli sync
    expect_status 78
    write_conf
    : >secret/key
    daemon_with -c "$CONF" -t
    expect_status 78
    echo your-api-key-here >secret/key
    daemon_with -c "$CONF" -t
    expect_status 78
    expect_match "stderr" "$(cat "$ERR")" 'placeholder'
    rm secret/key
    daemon_with -c "$CONF" -t
    expect_status 78
    expect_match "stderr" "$(cat "$ERR")" 'does not exist'
}

test_http_is_for_this_machine_alone() {
    a_site
    local url
    for url in http://site.example.com/f5/api http://127.0.0.1.example.com/f5/api http://10.0.0.1/f5/api \
        http://128.0.0.1/ http://localhost.example.com/ http://user@127.0.0.1@example.com/ http://0.0.0.0/ \
        'http://[::2]/' ftp://127.0.0.1/ file:///etc/passwd example.com/f5/api 'https://user:pw@example.com/f5/api'; do
        write_conf flex.base_url="\"$url\""
        daemon_with -c "$CONF" -t
        [ "$STATUS" = 78 ] || fail "$url is taken"
        grep -q 'flex.base_url' "$ERR" || fail "$url: $(cat "$ERR")"
    done
    for url in http://127.0.0.1/f5/api http://127.1.2.3:8080/f5/api 'http://[::1]:8080/f5/api' http://localhost/f5/api \
        https://site.flexrentalsolutions.com/f5/api https://site.flexrentalsolutions.com/f5/api/; do
        write_conf flex.base_url="\"$url\""
        daemon_with -c "$CONF" -t
        [ "$STATUS" = 0 ] || fail "$url is refused: $(cat "$ERR")"
    done
}

test_a_proxy_of_the_environment_is_not_heeded() {
    start_sim --contacts 10
    write_conf
    http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 all_proxy=http://127.0.0.1:9 sync
    expect_status 0
    expect_complete
}

test_wrong_command_lines_are_64() {
    local words
    for words in '' 'nonsense' 'sync --nonsense' 'sync --full word' 'list -n 0' 'list -n many' 'show' 'show one two' '-x sync' 'status --full'; do
        STATUS=0
        # shellcheck disable=SC2086
        "$SYNC" $words >usage.out 2>usage.err || STATUS=$?
        [ "$STATUS" = 64 ] || fail "'flexsync $words' ends with $STATUS"
        [ -s usage.err ] || fail "'flexsync $words' says nothing"
    done
    for words in '--nonsense' 'word' '-c'; do
        # shellcheck disable=SC2086
        daemon_with $words
        expect_status 64
    done
}

test_help_and_version_go_to_stdout() {
    local words
    for words in --help -h help 'sync --help' 'list -h' --version -V; do
        # shellcheck disable=SC2086
        "$SYNC" $words >help.out 2>help.err || fail "'flexsync $words' ends with $?"
        [ -s help.out ] || fail "'flexsync $words' prints nothing"
        [ ! -s help.err ] || fail "'flexsync $words' prints on stderr"
    done
    daemon_with --help
    expect_status 0
    grep -q 'Usage: flexsyncd' "$OUT" || fail "no usage"
    daemon_with --version
    expect_status 0
    expect_match "version" "$(cat "$OUT")" '^flexsyncd [0-9]+\.[0-9]+'
}
