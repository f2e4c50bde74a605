# The service starts: with all that it needs, and with something missing.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153
. /system-tests/system/lib.sh

test_with_a_good_key_it_syncs_and_says_so() {
    fresh
    start_sim --contacts 30
    settings
    start
    hear_done
    wait_until "STATUS" status_matches "^idle: 30 contacts.*, next sync $CLOCK"
    expect_match "systemctl status" "$(systemctl status --no-pager $UNIT)" 'Status: "idle: 30 contacts'
    expect_complete
    expect_equal "user" "$(ps -o user= -p "$(show MainPID)")" flexsync
    expect_equal "capabilities and filter" "$(awk '/^(CapBnd|NoNewPrivs|Seccomp):/ {printf "%s ", $2}' "/proc/$(show MainPID)/status")" \
        "0000000000000000 1 2 "
    expect_equal "files that others may read" "$(find $STATE -mindepth 1 -perm /o=rwx)" ""
    expect_equal "runtime folder" "$(stat -c '%U:%G %a' /run/flexsync)" "flexsync:flexsync 750"
}

# The journal keeps the fields apart, of a sync of contacts.
test_its_messages_are_native_records_with_fields() {
    fresh
    start_sim --contacts 30
    settings
    start
    hear_done
    journal -o json "$(event cycle-done)" FLEXSYNC_ENTITY=contacts >record.json
    expect_equal "records" "$(wc -l <record.json)" 1
    local field
    while IFS='|' read -r field value; do
        expect_equal "$field" "$(json record.json "$field")" "$value"
    done <<EOF
PRIORITY|6
FLEXSYNC_ENTITY|contacts
FLEXSYNC_CYCLE|1
FLEXSYNC_STATUS|success
FLEXSYNC_LISTED|30
FLEXSYNC_FETCHED|30
FLEXSYNC_INSERTED|30
FLEXSYNC_FAILED|0
FLEXSYNC_REQUESTS|$(sql "SELECT requests FROM sync_log WHERE id = 1")
SYSLOG_IDENTIFIER|flexsyncd
_TRANSPORT|journal
_SYSTEMD_UNIT|flexsyncd.service
EOF
    journal -o json "$(event cycle-begun)" FLEXSYNC_ENTITY=contacts >record.json
    expect_equal "the beginning: records, priority, cycle" "$(wc -l <record.json) $(json record.json PRIORITY) $(json record.json FLEXSYNC_CYCLE)" "1 6 1"
    expect_match "journalctl -x" "$(journal -o short -x "$(event cycle-done)")" 'A sync of contacts is complete'
    expect_equal "messages that came twice" "$(journal "$(event started)" | wc -l)" 1
}

test_with_a_wrong_key_it_stays_up_and_says_what_to_do() {
    fresh
    start_sim --contacts 30
    settings
    put_key not-this-one
    start
    hear "the key is refused" "$(event key-refused)" PRIORITY=3
    wait_until "STATUS" status_matches '^trouble: the server answered 401: the API key is invalid or revoked'
    expect_running
    expect_equal "restarts" "$(show NRestarts)" 0
    put_key "$KEY"
    systemctl restart $UNIT
    hear_done
}

test_without_a_key_it_ends_with_78_once() {
    fresh
    start_sim --contacts 30
    settings
    rm $ETC/api-key
    timed systemctl start $UNIT
    [ "$STATUS" != 0 ] || fail "it started"
    expect_equal "how it ended" "$(show ActiveState) $(show Result) $(show ExecMainStatus) $(show NRestarts)" "failed exit-code 78 0"
    expect_match "the journal" "$(said)" 'no API key; set this or the credential flex-api-key'
}

test_a_key_in_an_environment_file_does_as_well() {
    fresh
    start_sim --contacts 30
    settings flex.base_url=
    rm $ETC/api-key
    printf 'FLEX_API_KEY=%s\nFLEX_BASE_URL=%s/f5/api\n' "$KEY" "$SIM" >$ETC/flexsync.env
    chmod 600 $ETC/flexsync.env
    drop_in $UNIT '[Service]' "EnvironmentFile=$ETC/flexsync.env"
    start
    hear_done
    expect_match "the journal" "$(said)" 'key from FLEX_API_KEY'
    rm $ETC/flexsync.env
}

test_with_bad_settings_it_ends_with_78_once_and_names_each_mistake() {
    fresh
    start_sim --contacts 30
    settings limits.concurrent=99 sync.interval=5 flex.tiemout='"3s"'
    timed systemctl start $UNIT
    [ "$STATUS" != 0 ] || fail "it started"
    expect_equal "how it ended" "$(show ActiveState) $(show ExecMainStatus) $(show NRestarts)" "failed 78 0"
    local name
    for name in concurrent interval tiemout; do
        expect_match "the journal" "$(journal -u $UNIT PRIORITY=3)" "flexsync.conf:[0-9]+: [a-z.]*$name"
    done
    expect_equal "what flexsyncd says without a priority of its own" "$(journal -u $UNIT PRIORITY=6 _COMM=flexsyncd)" ""
    expect_equal "requests" "$(stat_of total)" 0
}

# Without a route, and with a resolver that never answers: two instances, so that their retries pass side by side.
test_without_network_or_names_it_starts_at_once_and_says_what_is_wrong() {
    fresh
    SIM=none
    socat -u UDP-RECV:53,bind=127.0.0.1 OPEN:/dev/null &
    STARTED+=($!)
    instance route flex.base_url='"https://192.0.2.1/f5/api"'
    instance names flex.base_url='"https://site.example.com/f5/api"' flex.connect_timeout='"1s"'
    start flexsyncd@route.service
    start flexsyncd@names.service
    COUNT=2 DEADLINE=60 hear "both syncs fail" "$(event cycle-failed)" FLEXSYNC_ENTITY=contacts
    expect_running flexsyncd@route.service
    expect_running flexsyncd@names.service
    wait_until "STATUS without a route" status_matches '^trouble: no answer from the server.*, next sync' flexsyncd@route.service
    wait_until "STATUS without names" status_matches '^trouble: .*, next sync' flexsyncd@names.service
    mark
    systemctl reload flexsyncd@names.service
    hear "it asks again" "$(event cycle-begun)"
    timed systemctl stop flexsyncd@names.service flexsyncd@route.service
    expect_at_most "milliseconds of systemctl stop" "$MS" 4999
}

# instance NAME SETTING…: settings and key of flexsyncd@NAME.
instance() {
    CONF=$ETC/$1.conf write_conf flex.api_key_file= database.path="\"$STATE/$1/contacts.db\"" "${@:2}"
    put_key "${INSTANCE_KEY:-$KEY}" "$ETC/$1.api-key"
}

# A server with a certificate of an authority that only the settings name, found by a name that only DNS knows.
test_it_resolves_names_and_trusts_a_private_authority() {
    fresh
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=Private Authority" \
        -keyout ca.key -out $ETC/ca.pem 2>openssl.err || fail "$(cat openssl.err)"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=site.test" -keyout secret/site.key -out site.csr 2>openssl.err
    openssl x509 -req -in site.csr -CA $ETC/ca.pem -CAkey ca.key -days 2 -out site.pem \
        -extfile <(echo "subjectAltName=DNS:site.test") 2>openssl.err || fail "$(cat openssl.err)"
    start_sim --contacts 30 --tls-cert "$T/site.pem" --tls-key "$T/secret/site.key"
    socat UDP-RECVFROM:53,bind=127.0.0.1,fork EXEC:/system-tests/system/answer-dns &
    STARTED+=($!)
    settings flex.base_url="\"https://site.test:$SIM_PORT/f5/api\"" flex.ca_file="\"$ETC/ca.pem\""
    wait_until "names are answered" getent ahosts site.test
    start
    hear_done
    SIM=https://127.0.0.1:$SIM_PORT
    expect_complete
}

# The control requests of a server with https.
curl() { command curl --insecure "$@"; }
