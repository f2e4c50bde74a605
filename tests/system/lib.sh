# What the cases in the container have in common, beside tests/program/lib.sh, which `case` has sourced before.
# shellcheck shell=bash disable=SC2034

UNIT=flexsyncd.service
ETC=/etc/flexsync
STATE=/var/lib/flexsync
DB=$STATE/contacts.db
CONF=$ETC/flexsync.conf

# event NAME: a kind of event of src/base/event.c, as journalctl matches it.
event() {
    local id
    id=$(sed -nE 's/.*\{"([0-9a-f]{32})", "'"$1"'",.*/\1/p' /system-tests/event.c)
    [ -n "$id" ] || fail "there is no event $1"
    echo "MESSAGE_ID=$id"
}

# As after the installation: nothing runs, no state, no settings of another case.
fresh() {
    systemctl stop flexsync-resync.timer flexsyncd.service 'flexsyncd@*.service'
    systemctl reset-failed
    rm -rf /run/systemd/system/flexsync* "${STATE:?}"/* "${ETC:?}"/* /var/log/flexsync/*
    systemctl daemon-reload
    put_key "$KEY"
    mark
}

put_key() { # KEY [FILE]
    printf '%s\n' "$1" >"${2:-$ETC/api-key}"
    chmod 600 "${2:-$ETC/api-key}"
}

# settings [GROUP.NAME=VALUE…]: of the service; the key is in the credential.
settings() { write_conf flex.api_key_file= "$@"; }

# drop_in UNIT LINE…
drop_in() {
    mkdir -p "/run/systemd/system/$1.d"
    printf '%s\n' "${@:2}" >"/run/systemd/system/$1.d/test.conf"
    systemctl daemon-reload
}

# timed COMMAND…: MS is how long it took, STATUS how it ended.
timed() {
    local from=${EPOCHREALTIME/./}
    STATUS=0
    "$@" >"$T/timed.out" 2>&1 || STATUS=$?
    MS=$(((${EPOCHREALTIME/./} - from) / 1000))
}

# start [UNIT]: returns at once, whatever the network is like.
start() {
    timed systemctl start "${1:-$UNIT}"
    [ "$STATUS" = 0 ] || fail "systemctl start ${1:-$UNIT}: $(cat "$T/timed.out"; said)"
    expect_at_most "milliseconds of systemctl start" "$MS" 999
}

show() { systemctl show -P "$1" "${2:-$UNIT}"; }
show_is() { [ "$(show "$1" "${3:-$UNIT}")" = "$2" ]; }
status_matches() { [[ $(show StatusText "${2:-$UNIT}") =~ $1 ]]; }
expect_running() { expect_equal "state of ${1:-$UNIT}" "$(show ActiveState "${1:-$UNIT}")" active; }

# ------------------------------------------------------------------------------------------------- the journal

# What is waited for comes after this. A time and no cursor: with --after-cursor and a match journalctl 252 leaves out the
# first record.
mark() {
    journalctl --sync
    SINCE=@$EPOCHREALTIME
}

# journal [MATCH…]: messages since the mark.
journal() {
    journalctl --sync
    journalctl -q --since="$SINCE" -o cat "$@"
}

said() { journal -u "$UNIT"; }

# hear WHAT MATCH… : waits until the journal has as many such messages since the mark as COUNT (default: 1) says.
hear() {
    local what=$1 heard=0 line
    shift
    exec 6< <(exec journalctl -q -f -n all --since="$SINCE" -o cat "$@" 2>/dev/null)
    local listener=$!
    while [ "$heard" -lt "${COUNT:-1}" ] && read -r -t "$DEADLINE" line <&6; do heard=$((heard + 1)); done
    exec 6<&-
    kill "$listener" 2>/dev/null || true
    [ "$heard" -ge "${COUNT:-1}" ] || fail "the journal did not say within $DEADLINE s: $what"
}

# A whole sync of contacts, of the unit.
hear_done() { hear "a sync is complete" "$(event cycle-done)" FLEXSYNC_ENTITY=contacts "_SYSTEMD_UNIT=${1:-$UNIT}"; }

# ------------------------------------------------------------------------------------------------- a long cycle

records_asked_for() { [ "$(stat_of by_kind.detail)" -ge "$1" ]; }

# The service with a sync that takes some seconds, and in the midst of it.
service_amid_a_cycle() {
    fresh
    start_sim --contacts "${1:-60}" --deleted-share 0 --latency 100
    settings limits.concurrent=2 "${@:2}"
    start
    wait_until "records are asked for" records_asked_for 6
}

# as USER COMMAND…: as somebody who logged in.
as() { setpriv --reuid="$1" --regid="$1" --init-groups -- "${@:2}"; }
