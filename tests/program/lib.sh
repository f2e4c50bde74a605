# What the cases have in common. Sourced by case, with CASE_FOLDER as current folder.
# shellcheck shell=bash

SYNC=$BUILD/flexsync
DAEMON_PROGRAM=$BUILD/flexsyncd
SIM_PROGRAM=$(command -v "$BUILD/tests/flexsim/flexsim" "$BUILD/flexsim" 2>/dev/null | head -n 1)
KEY='Zq7-this.key+must/never_show=Wv3'
T=${CASE_FOLDER:-$PWD}
CONF=$T/flexsync.conf
DB=$T/contacts.db
CLOCK='([0-9]{2} [A-Z][a-z]{2} )?[0-9]{2}:[0-9]{2}' # a time not far from now, as people are told it: after midnight with the day
DEADLINE=${DEADLINE:-60} # seconds that a condition may take to come true
STARTED=()               # processes to be ended
exec {NOTHING}<> <(:)    # nothing ever comes out of it: see pause

# ---------------------------------------------------------------------------------------------------- outcome

case_begin() {
    trap 'case_failed $LINENO' ERR
    trap case_clean EXIT
    trap 'exit 143' TERM INT
    mkdir -p secret sims
    printf '%s\n' "$KEY" >secret/key
    unset FLEX_API_KEY FLEX_API_KEY_FILE FLEX_BASE_URL DB_PATH LOG_LEVEL LOG_FILE CREDENTIALS_DIRECTORY NOTIFY_SOCKET WATCHDOG_USEC \
        WATCHDOG_PID JOURNAL_STREAM NO_COLOR http_proxy https_proxy all_proxy no_proxy
    export LC_ALL=C.UTF-8 TZ=UTC
    # A report goes to stderr and the exit status tells. Leaks are findings too, but to look for them takes longer than
    # most commands do: it is done where they would add up, in the daemon, and in the unit tests.
    export ASAN_OPTIONS=exitcode=99:detect_leaks=0:quarantine_size_mb=16 UBSAN_OPTIONS=halt_on_error=1:exitcode=99:print_stacktrace=1
}

case_end() {
    expect_no_key_anywhere
    expect_no_sanitizer_report
}

case_failed() {
    echo "failed at line $1 of the case (${FUNCNAME[1]:-?}): $BASH_COMMAND" >&2
}

case_clean() {
    local status=$? pid file
    trap - ERR
    if [ $status -ne 0 ] && [ $status -ne 77 ]; then
        for file in "$T"/*.out "$T"/*.err; do
            [ -s "$file" ] && { echo "--- ${file##*/}"; tail -n 25 "$file"; }
        done
        if [ -s "$DB" ]; then
            echo "--- sync_log"
            sqlite3 -readonly "$DB" 'SELECT id, entity, "trigger", status, records_listed, records_expected, records_fetched,
                records_failed, requests, error_message FROM sync_log ORDER BY id DESC LIMIT 8' 2>&1 || true
        fi
    fi
    exec 2>/dev/null # bash tells of what is killed
    for pid in "${STARTED[@]}"; do kill -CONT "$pid" && kill -KILL "$pid"; done
    for file in "$T"/mounted.*; do
        [ -e "$file" ] && umount -l "$(cat "$file")"
    done
    exit $status
}

fail() {
    echo "FAILED: $*" >&2
    local i
    for ((i = 1; i < ${#FUNCNAME[@]} - 1; i++)); do
        echo "  in ${FUNCNAME[i]}, ${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}" >&2
    done
    exit 1
}

# A case that this machine lacks something for. Under CI that is a failure.
skip() {
    echo "$*"
    [ "${CI:-}" = true ] && exit 1
    exit 77
}

# A case that nobody could run here.
skip_impossible() {
    echo "$*"
    exit 77
}

# ------------------------------------------------------------------------------------------------ expectations

# expect_equal WHAT ACTUAL EXPECTED
expect_equal() {
    [ "$2" = "$3" ] || fail "$1: is '$2', expected '$3'"
}

# expect_match WHAT TEXT REGEX
expect_match() {
    [[ $2 =~ $3 ]] || fail "$1: '$2' does not match '$3'"
}

expect_no_match() {
    [[ ! $2 =~ $3 ]] || fail "$1: '$2' matches '$3'"
}

# expect_at_most WHAT NUMBER LIMIT, expect_at_least WHAT NUMBER LIMIT
expect_at_most() { [ "$2" -le "$3" ] || fail "$1: is $2, expected at most $3"; }
expect_at_least() { [ "$2" -ge "$3" ] || fail "$1: is $2, expected at least $3"; }

# expect_fits: what the last cli printed fits a terminal of 80 columns, but for paths and addresses.
expect_fits() {
    local long
    long=$(grep -vE '^(Site|Database|Ledger) ' "$OUT" | grep -E '.{81}' || true)
    [ -z "$long" ] || fail "longer than 80 columns: $long"
}

# expect_status N: of the last sync, cli, or daemon that was waited for.
expect_status() {
    [ "$STATUS" = "$1" ] || fail "exit status is $STATUS, expected $1; stderr: $(tail -n 3 "$ERR" 2>/dev/null)"
}

# expect_sql WHAT QUERY EXPECTED
expect_sql() {
    expect_equal "$1" "$(sql "$2")" "$3"
}

# pause SECONDS: as sleep, without a process of its own; a dozen cases that poll would keep the machine busy with these.
pause() { read -r -t "$1" -u "$NOTHING" || true; }

# wait_until WHAT COMMAND…: polls until the command succeeds, ever more rarely; fails at the deadline.
wait_until() {
    local what=$1 end=$((SECONDS + DEADLINE)) ms=20 interval
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "waited ${DEADLINE} s in vain: $what"
        printf -v interval 0.%03d $ms
        pause "$interval"
        ms=$((ms < 200 ? ms * 5 / 4 : ms))
    done
}

# holds_for_a_moment COMMAND…: nothing to wait for can tell that something does NOT happen; a second has to do.
holds_for_a_moment() {
    local end=$((SECONDS + 2))
    while [ $SECONDS -lt $end ]; do
        "$@" || return 1
        pause 0.1
    done
}

# In nothing that a program wrote: outputs, logs, database, WAL, lock.
expect_no_key_anywhere() {
    local found
    found=$(grep -rlaF --exclude-dir=secret --exclude-dir=sims -e "$KEY" "$T" || true)
    [ -z "$found" ] || fail "the key stands in $found"
}

expect_no_sanitizer_report() {
    local found
    found=$(grep -rlaE --include='*.err' -e 'AddressSanitizer|LeakSanitizer|runtime error:' "$T" || true)
    [ -z "$found" ] || { cat "$found" >&2; fail "a sanitizer reports in $found"; }
}

# -------------------------------------------------------------------------------------------------- the server

# start_sim OPTIONS…: SIM is its address, SIM_PID its process, SIM_PORT its port. Without limits of requests.
start_sim() {
    local n
    n=$(find sims -name '*.port' | wc -l)
    local port_file=$T/sims/$n.port
    "$SIM_PROGRAM" --port 0 --port-file "$port_file" --key "$KEY" --hourly 0 --daily 0 --monthly 0 "$@" \
        >"sims/$n.log" 2>&1 &
    SIM_PID=$!
    STARTED+=("$SIM_PID")
    wait_until "flexsim listens" sim_listens "$port_file"
    SIM_PORT=$(cat "$port_file")
    SIM=http://127.0.0.1:$SIM_PORT
}

sim_listens() {
    [ -s "$1" ] || { kill -0 "$SIM_PID" || exit 1; return 1; }
}

stop_sim() {
    kill -KILL "$SIM_PID"
    wait "$SIM_PID" 2>/dev/null || true
}

sim() { # sim REQUEST: a control request
    curl -sS --fail --max-time 20 "$SIM/__$1"
}

# script LINE…: the server misbehaves by these rules from now on; none: behaves.
script() {
    local text
    text=$(printf '%s\n' "$@")
    [ $# -gt 0 ] || text=
    local answer
    answer=$(curl -sS --max-time 20 -X POST --data-binary "$text" "$SIM/__script")
    [ "$answer" = "{}" ] || fail "flexsim does not take the script: $answer"
}

# stat_of KEY: total, by_kind.detail, by_status.\"429\", …
stat_of() {
    sim stats | sqlite3_stdin_json "$1"
}

sqlite3_stdin_json() { # the value at a JSON path of what comes in
    local file
    file=$(mktemp "$T/sims/json.XXXXXX")
    cat >"$file"
    sqlite3 :memory: "SELECT json_extract(CAST(readfile('$file') AS TEXT), '\$.$1')"
    rm -f "$file"
}

# some_id [N]: the Nth id of the listing.
some_id() { sim ids | sed -n "${1:-5}p"; }

# ------------------------------------------------------------------------------------------------ the programs

# write_conf [GROUP.NAME=VALUE…]: settings of the case; later ones win, an empty value leaves a setting out.
write_conf() {
    local -A value=([flex.base_url]="\"$SIM/f5/api\"" [flex.api_key_file]="\"$T/secret/key\"" [limits.rate]=0.0
        [database.path]="\"$DB\"")
    local setting group
    for setting in "$@"; do value[${setting%%=*}]=${setting#*=}; done
    for group in flex limits sync database log; do
        echo "$group = {"
        for setting in "${!value[@]}"; do
            [ "${setting%%.*}" = $group ] && [ -n "${value[$setting]}" ] &&
                echo "  ${setting#*.} = ${value[$setting]};"
        done
        echo "};"
    done >"$CONF"
}

# Without the feed, where a case counts requests that are about something else: what it costs is in test_feed.sh.
NO_FEED='sync.strategy="incremental"'

# time_passes SECONDS: for the site, and, as far as the ledger can tell, for this machine.
time_passes() {
    sim "advance?seconds=$1" >/dev/null
    if [ -e "$T/quota.db" ]; then
        sqlite3 "$T/quota.db" "UPDATE ledger SET wall = wall - $1 * 1000000, probed_wall = probed_wall - $1 * 1000000"
    fi
}

# copy_ages SECONDS: as if what is in the database had been written so much earlier. Nobody may have it open.
copy_ages() {
    sqlite3 "$DB" "UPDATE meta SET value = max(value - $1, 0) WHERE key IN ('listing.at', 'pace.at', 'feed.at', 'feed.read_at',
            'feed.judged_at', 'planner.fitted_at') AND value > 0" \
        "UPDATE contact_state SET checked = checked - $1, signalled = signalled - $1, watched_since = watched_since - $1,
            checked_at = datetime(checked_at, '-$1 seconds'), fetched_at = datetime(fetched_at, '-$1 seconds'),
            listed_at = datetime(listed_at, '-$1 seconds')" \
        "UPDATE detail_queue SET due_at = datetime(due_at, '-$1 seconds')"
}

# A larger plan: the site counts no more, and what was learnt of the smaller one is forgotten.
quota_ends() {
    sim 'config?hourly=0' >/dev/null
    rm -f "$T/quota.db"
}

# cli ARGUMENTS…: STATUS, OUT and ERR (files) of a flexsync command.
cli() {
    STATUS=0 OUT=$T/cli.out ERR=$T/cli.err
    "$SYNC" -c "$CONF" "$@" >"$OUT" 2>"$ERR" || STATUS=$?
}

# sync [OPTIONS…]: one sync in the foreground.
sync() {
    STATUS=0 OUT=$T/sync.out ERR=$T/sync.err
    "$SYNC" -c "$CONF" sync "$@" >"$OUT" 2>"$ERR" || STATUS=$?
}

# start_daemon [OPTIONS…]: DAEMON is its process, its stderr in daemon.err; DAEMON_ENV=(NAME=VALUE…) before it.
DAEMON_ENV=()
start_daemon() {
    ERR=$T/daemon.err
    env "ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=1" "${DAEMON_ENV[@]}" "$DAEMON_PROGRAM" -c "$CONF" "$@" >"$T/daemon.out" 2>>"$ERR" &
    DAEMON=$!
    STARTED+=("$DAEMON")
}

# daemon_ended: STATUS of a daemon that is expected to end.
daemon_ended() {
    STATUS=0
    local end=$((SECONDS + DEADLINE))
    while kill -0 "$DAEMON" 2>/dev/null; do
        [ $SECONDS -lt $end ] || fail "the daemon does not end"
        pause 0.05
    done
    wait "$DAEMON" || STATUS=$?
}

stop_daemon() {
    kill -TERM "$DAEMON"
    daemon_ended
    expect_status 0
}

daemon_said() { set_pattern "$1" && grep -qE -- "$PATTERN" "$T/daemon.err"; }

# set_pattern REGEX: PATTERN is the same with the time that follows a priority.
set_pattern() {
    local n
    PATTERN=$1
    for n in 3 4 6 7; do PATTERN=${PATTERN//"<$n>"/"<$n>[0-9-]{10} [0-9:]{8}Z "}; done
}

# How many lines of the daemon's fit.
daemon_said_times() { set_pattern "$1" && grep -cE -- "$PATTERN" "$T/daemon.err" || true; }

# listen_to_notifications: what sd_notify sends, from now on, in order; one message a line, its lines joined by " & ".
listen_to_notifications() {
    socat -u -v "UNIX-RECV:$T/notify" /dev/null 2>"$T/notify.raw" &
    STARTED+=($!)
    wait_until "socat listens" test -S "$T/notify"
    DAEMON_ENV+=("NOTIFY_SOCKET=$T/notify")
}

# socat puts a line "> DATE TIME  length=…" before each message, at once after the last byte of the one before.
notified() {
    sed -E 's/> [0-9]{4}\/[0-9]{2}\/[0-9]{2} [0-9:.]+ +length=[0-9]+ from=[0-9]+ to=[0-9]+/\n@/g' "$T/notify.raw" |
        awk '/^@/ { if (n++) print text; text = ""; next } $0 != "" { text = text (text == "" ? "" : " & ") $0 } END { if (n) print text }'
}

notified_match() { notified | grep -qE -- "$1"; }
notified_times() { notified | grep -cE -- "$1" || true; }
last_notification_matches() { notified | tail -n 1 | grep -qE -- "$1"; }
notified_at_least() { [ "$(notified_times "$2")" -ge "$1" ]; }

# ------------------------------------------------------------------------------------------------ the database

sql() { sqlite3 -readonly -cmd '.timeout 5000' "$DB" "$1"; }

# reader_begins: a process READER reads the database, and does not end before reader_ends.
reader_begins() {
    rm -f reader.in && mkfifo reader.in && : >reader.out
    sqlite3 "$DB" <reader.in >reader.out &
    READER=$!
    STARTED+=("$READER")
    exec {READER_IN}>reader.in
    echo 'BEGIN; SELECT count(*) FROM contacts;' >&"$READER_IN"
    wait_until "the reader reads" test -s reader.out
}

reader_ends() {
    exec {READER_IN}>&-
    wait "$READER" || true
}

sql_says() { [ "$(sql "$1" 2>/dev/null)" = "$2" ]; }

# expect_json FILE: is JSON as a whole.
expect_json() {
    expect_equal "json_valid of ${1##*/}" "$(sqlite3 :memory: "SELECT json_valid(CAST(readfile('$1') AS TEXT))")" 1
}

SCHEMAS=$(realpath -m "$(dirname "${BASH_SOURCE[0]}")/../schema") # the tests under systemd have none

# expect_schema COMMAND: the last output is of the form that tests/schema says.
expect_schema() {
    /usr/bin/python3 "$SCHEMAS/validate.py" "$SCHEMAS/$1.json" "$OUT" >schema.out 2>&1 ||
        fail "the JSON of $1 is not as its schema says: $(cat schema.out)"
}

# json FILE PATH: a value out of it.
json() { sqlite3 :memory: "SELECT json_extract(CAST(readfile('$1') AS TEXT), '\$.$2')"; }

# The newest row of sync_log over contacts: log_row COLUMN[, COLUMN…]
log_row() { sql "SELECT $1 FROM sync_log WHERE entity = 'contacts' ORDER BY id DESC LIMIT 1"; }

# expect_log 'COLUMNS' VALUES
expect_log() { expect_equal "sync_log: $1" "$(log_row "$1")" "$2"; }

cycles() { sql "SELECT count(*) FROM sync_log WHERE entity = 'contacts' AND ${1:-1}"; }

cycles_are() { [ "$(cycles "${2:-1}" 2>/dev/null)" = "$1" ]; }
cycles_are_at_least() { [ "$(cycles "${2:-1}" 2>/dev/null || echo 0)" -ge "$1" ]; }

# Every record that the server has, byte for byte.
expect_all_as_the_server_has_them() {
    sim truth >truth.jsonl
    sim ids >truth.ids
    sqlite3 -readonly "$DB" "CREATE TEMP TABLE ids (id TEXT PRIMARY KEY)" ".import $T/truth.ids ids" \
        "SELECT flex_data FROM contacts WHERE contact_id IN (SELECT id FROM temp.ids) ORDER BY contact_id" >stored.jsonl
    expect_equal "contacts stored of those that the server lists" "$(wc -l <stored.jsonl)" "$(wc -l <truth.ids)"
    cmp -s truth.jsonl stored.jsonl || fail "flex_data differs: $(cmp truth.jsonl stored.jsonl 2>&1)"
}

# Columns say what flex_data says, in every row.
expect_columns_follow_flex_data() {
    local wrong
    wrong=$(sqlite3 -readonly "$DB" <"$(dirname "${BASH_SOURCE[0]}")/columns.sql")
    [ -z "$wrong" ] || fail "columns that differ from flex_data: $wrong"
}

expect_whole_database() {
    expect_sql "integrity" "PRAGMA integrity_check" ok
    expect_sql "foreign keys" "SELECT count(*) FROM pragma_foreign_key_check" 0
    expect_sql "rows and their state" "SELECT count(*) FROM contacts LEFT JOIN contact_state USING (id) WHERE contact_state.id IS NULL" 0
}

# All that must not move when nothing changed: every column of the contacts, the changes, the resource types.
contents() {
    sqlite3 -readonly "$DB" "SELECT * FROM contacts ORDER BY id" "SELECT * FROM contact_changes ORDER BY id" \
        "SELECT * FROM resource_types ORDER BY id" | sha256sum
}

# The second sync: nothing changes, nothing is written, and hardly a record is asked for: the topmost of the feed, and
# those that its reading finds checked in the same second.
expect_second_sync_changes_nothing() {
    local before after details
    before=$(contents)
    details=$(stat_of by_kind.detail)
    sync "$@"
    expect_status 0
    expect_log 'status, records_inserted, records_updated, records_deleted, records_failed' 'success|0|0|0|0'
    after=$(contents)
    expect_equal "the database after a second sync" "$after" "$before"
    expect_at_most "records asked for by a second sync" "$(stat_of by_kind.detail)" $((details + 18))
}

# The listing, where the last sync read it, and every record, all well.
expect_complete() {
    local n
    n=$(sim ids | wc -l)
    expect_log "status, coalesce(records_listed, $n), records_failed" "success|$n|0"
    expect_sql "records still waiting" "SELECT count(*) FROM detail_queue" 0
    expect_all_as_the_server_has_them
    expect_whole_database
}
