# Settings from the environment, as a container has them.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

test_the_daemon_runs_from_environment_variables_alone() {
    start_sim --contacts 30
    CONF=/dev/null
    DAEMON_ENV=("FLEX_BASE_URL=$SIM/f5/api" "FLEX_API_KEY_FILE=$T/secret/key" "FLEXSYNC_DATABASE_PATH=$DB"
        FLEXSYNC_LIMITS_PLAN=enterprise-plus FLEXSYNC_LIMITS_RATE=0 FLEXSYNC_SYNC_INTERVAL=7min)
    start_daemon
    wait_until "success" cycles_are 1 "status = 'success'"
    wait_until "it is said" daemon_said '<6>contacts: success; 30 of 30 listed'
    daemon_said '<6>flexsyncd .* every 7min, .* key from flex.api_key_file' || fail "$(cat "$T/daemon.err")"
    stop_daemon
    FLEXSYNC_DATABASE_PATH=$DB FLEXSYNC_LIMITS_PLAN=enterprise-plus cli quota
    expect_status 0
    expect_match "the quota of the plan" "$(cat "$OUT")" 'hour +[0-9]+ +5,000'
    STATUS=0
    FLEXSYNC_LIMITS_PLANN=lite "$DAEMON_PROGRAM" -c /dev/null -t 2>typo.err || STATUS=$?
    expect_equal "status with a typing error" "$STATUS" 78
    expect_match "a typing error" "$(cat typo.err)" 'FLEXSYNC_LIMITS_PLANN: is not known; did you mean FLEXSYNC_LIMITS_PLAN\?'
}

# It cannot be built here; what it starts and with which settings can be tried.
test_the_container_starts_the_daemon_with_settings_that_exist() {
    local folder=$ROOT/contrib/container variables=()
    [ "$(sed -n 's/^ENTRYPOINT //p' "$folder/Containerfile")" = '["/usr/sbin/flexsyncd"]' ] || fail "another entry point"
    mapfile -t variables < <(sed -nE '/^    environment:/,/^    [a-z]+: \[/ s/^      ([A-Z_]+): (.*)/\1=\2/p' "$folder/compose.yaml")
    expect_equal "variables" "${#variables[@]}" 4
    variables[0]=FLEX_BASE_URL=https://demo.flexrentalsolutions.com/f5/api
    variables[1]=FLEX_API_KEY_FILE=$T/secret/key
    env "${variables[@]}" "$DAEMON_PROGRAM" -c /dev/null -T >settings.out 2>settings.err || fail "$(cat settings.err)"
    expect_match "settings" "$(cat settings.out)" 'key: from the file of flex.api_key_file.*plan = "enterprise".*interval = "15min"'
}
