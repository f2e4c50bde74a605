# flexsync health and status --exit-code: what each fault looks like to those who watch.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

HERE=$(dirname "${BASH_SOURCE[0]}")

# plain: what differs from one run to the next has a word of its own.
plain() {
    sed -E "s#$T#DIR#g; s/127\.0\.0\.1:[0-9]+/SITE/g; s/process [0-9]+/process N/g; s/kill [0-9]+/kill N/g
        s/Failed to connect [^;]*;/Failed to connect ...;/; s/<[0-9]>([0-9-]+ [0-9:]+Z )?//; s/$CLOCK/TIME/g
        s/(listed), [^;]*; [^;]* in [0-9]+ m?s/\1, ...; .../
        s/(success|is) ([0-9]+ (ms|s|min|h|d) ?)+(ago|behind)/\1 SPAN \4/g"
}

# fault NAME JOURNAL [ended]: adds to the table what everything says now; JOURNAL fits the line of the daemon's that is
# about it; `ended`: its end is waited for.
fault() {
    local late how=runs
    if [ "${3:-}" = ended ]; then
        daemon_ended
        how="has ended with $STATUS"
    fi
    {
        echo "$1"
        cli status --exit-code
        echo "  status --exit-code  $STATUS"
        cli health
        echo "  health              $STATUS, $(cat "$OUT")"
        expect_equal "lines of health" "$(wc -l <"$OUT")" 1
        late=0
        "$SYNC" -c "$CONF" health --max-age 1ms >late.out 2>/dev/null || late=$?
        echo "    an hour later     $late"
        cli status --json
        if [ -s "$OUT" ]; then
            expect_schema status
            echo "  status --json       $STATUS, $(json "$OUT" state), healthy: $(json "$OUT" healthy), $(json "$OUT" 'problem.remedy')"
        else
            echo "  status --json       $STATUS, $(tail -n 1 "$ERR")"
        fi
        cli metrics
        if [ -s "$OUT" ]; then
            expect_metrics
            echo "  metrics             $STATUS, level $(metric health_level), state $(metric_state), up $(metric up)"
        else
            echo "  metrics             $STATUS"
        fi
        echo "  the daemon          $how"
        echo "  the journal         $(grep -E -- "$2" daemon.err | tail -n 1)"
        echo
    } | plain >>faults.txt
}

expect_metrics() {
    /usr/bin/python3 "$SCHEMAS/openmetrics.py" "$OUT" "$HERE"/../../contrib/monitoring/{dashboard.json,alerts.yml} >metrics.out 2>&1 ||
        fail "what flexsync metrics prints: $(cat metrics.out)"
}

metric() { sed -nE "s/^flexsync_$1\{[^ ]*\} //p" "$OUT"; }
metric_state() { sed -nE 's/^flexsync_state\{.*state="([a-z]+)"\} 1$/\1/p' "$OUT"; }

state_is() { [[ $("$SYNC" -c "$CONF" health) == *": $1: "* ]]; }
reload() { kill -HUP "$DAEMON"; }
successes() { local n; n=$(grep -cs "contacts: success" daemon.err || true); echo "${n:-0}"; }
more_successes_than() { [ "$(successes)" -gt "$1" ]; }

# back_to_normal COMMAND…: brings a sync that is a success.
back_to_normal() {
    local before
    before=$(successes)
    "$@"
    wait_until "a success" more_successes_than "$before"
    wait_until "health" state_is ok
}

# occurs STATE COMMAND…: brings the fault about.
occurs() {
    "${@:2}"
    wait_until "$1" state_is "$1"
}

# settings_change SETTING…: with a reload.
settings_change() {
    write_conf "$@"
    reload
}

test_ten_faults_are_told_apart_by_all_that_watch() {
    start_sim --contacts 60
    mkdir disk
    mount -t tmpfs -o size=8m tmpfs "$T/disk" 2>/dev/null || skip_impossible "no tmpfs can be mounted here (not root?)"
    echo "$T/disk" >"$T/mounted.disk"
    DB=$T/disk/contacts.db
    write_conf
    back_to_normal start_daemon
    fault "none" 'contacts: success'
    local words
    for words in 'health --max-age 3' 'health --bogus' 'health too much' 'status --exit-code --max-age nonsense'; do
        # shellcheck disable=SC2086
        cli $words
        [ "$STATUS" = 3 ] || fail "'$words' ends with $STATUS"
    done

    script 'any => status 401'
    occurs refused reload
    fault "key refused" 'API key'
    script
    back_to_normal reload

    sim 'advance?seconds=86400' >/dev/null
    occurs clock reload
    fault "clock wrong" 'contacts: success'
    sim 'advance?seconds=-86400' >/dev/null
    back_to_normal reload

    occurs paused settings_change limits.hourly=20
    fault "quota spent" 'quota'
    back_to_normal settings_change

    settings_change limits.concurrent=99
    wait_until "word of it" daemon_said 'the old settings stay'
    fault "settings wrong" 'concurrent'
    back_to_normal settings_change

    dd if=/dev/zero of=disk/full bs=64k status=none 2>/dev/null || true
    dd if=/dev/zero of=disk/fuller bs=512 status=none 2>/dev/null || true
    sim "edit?id=$(some_id)&kind=rename" >/dev/null
    occurs full reload
    fault "disk full" 'make room'
    rm disk/full disk/fuller
    back_to_normal reload

    stop_sim
    occurs unreachable reload
    fault "server gone" 'contacts: failed.*no answer'

    kill -KILL "$DAEMON"
    fault "daemon dead" 'contacts: failed' ended

    rm secret/key
    start_daemon
    fault "key missing" 'api_key_file' ended
    printf '%s\n' "$KEY" >secret/key

    start_sim --contacts 60 --latency 200
    write_conf limits.concurrent=1
    "$SYNC" -c "$CONF" sync --full >writer.out 2>&1 &
    STARTED+=($!)
    wait_until "another writer" state_is writer
    start_daemon
    fault "another writer" 'is syncing' ended
    kill -KILL "${STARTED[-2]}"
    wait "${STARTED[-2]}" 2>/dev/null || true

    dd if=/dev/urandom of="$DB" bs=4096 count=1 conv=notrunc status=none
    rm "$DB"-*
    start_daemon
    fault "database damaged" 'not a database' ended

    cat faults.txt # for those who run it alone
    [ "${FAULTS_UPDATE:-}" != 1 ] || cp faults.txt "$HERE/faults.txt"
    diff -u "$HERE/faults.txt" faults.txt >faults.out || fail "the table differs: $(cat faults.out); if it is right: FAULTS_UPDATE=1 tests/program/run BUILD ten_faults"
}

# expect_refused WHAT SED-SCRIPT: the validator sees what is wrong with the last metrics.
expect_refused() {
    sed -E "$2" "$OUT" >broken.prom
    ! /usr/bin/python3 "$SCHEMAS/openmetrics.py" broken.prom >broken.out 2>&1 || fail "the validator takes $1"
}

test_metrics_are_strict_openmetrics_text() {
    start_sim --contacts 20
    mkdir 'o"d\d'
    write_conf 'database.path="'"$T"'/o\"d\\d/contacts.db"' 'limits.ledger="'"$T"'/quota.db"'
    cli sync
    expect_status 0
    cli metrics
    expect_status 0
    expect_metrics
    expect_equal "contacts" "$(sed -nE 's/^flexsync_contacts\{database="([^,]*)",status="active"\} /\1 /p' "$OUT")" "$T/o\\\"d\\\\d/contacts.db 20"
    expect_equal "the limit" "$(metric 'quota_limit_requests' | head -n 1)" 2000
    expect_equal "age of the last success" "$(($(metric last_success_timestamp_seconds) >= EPOCHSECONDS - 60))" 1
    expect_equal "counters" "$(grep -cE '^flexsync_(syncs|changes)_total\{' "$OUT")" 2
    expect_refused "no end" '/^# EOF/d'
    expect_refused "a family twice" '$s/.*/# TYPE flexsync_up gauge\n# EOF/'
    expect_refused "a series twice" 's/^flexsync_up.*/&\n&/'
    expect_refused "a counter without _total" 's/^flexsync_syncs_total/flexsync_syncs/'
    expect_refused "a unit that is not in the name" 's/^# UNIT (flexsync_fresh_ratio) .*/# UNIT \1 seconds/'
    expect_refused "a type that node_exporter refuses" 's/^(# TYPE flexsync_state) gauge/\1 stateset/'
    expect_refused "a time" 's/^(flexsync_up.*)/\1 1700000000/'
    expect_refused "an unescaped quote" 's/\\"/"/'
}
