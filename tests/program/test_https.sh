# https: certificates are verified, always.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

# certificate NAME ADDRESS: NAME.pem and NAME.key, signed by themselves.
certificate() {
    command -v openssl >/dev/null || skip "openssl is missing: apt-get install openssl"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
        -addext "subjectAltName=$2" -keyout "secret/$1.key" -out "$1.pem" 2>openssl.err || fail "$(cat openssl.err)"
}

# The control requests of a server with https.
curl() { command curl --insecure "$@"; }

start_https_sim() {
    start_sim --contacts 30 --tls-cert "$T/$1.pem" --tls-key "$T/secret/$1.key"
    SIM=https://127.0.0.1:$SIM_PORT
}

test_https_with_an_authority_of_our_own_is_synced_from() {
    certificate site IP:127.0.0.1
    start_https_sim site
    write_conf flex.ca_file="\"$T/site.pem\""
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_certificate_that_nobody_trusts_is_69_at_once_and_the_key_is_not_sent() {
    certificate site IP:127.0.0.1
    start_https_sim site
    write_conf
    sync
    expect_status 69
    expect_log "status, requests" "failed|1"
    expect_match "error_message" "$(log_row error_message)" 'certificate is not trusted.*flex.ca_file'
    expect_equal "requests that the server saw" "$(stat_of total)" 0
}

test_a_certificate_of_another_host_is_69_and_the_key_is_not_sent() {
    certificate other DNS:other.example.com
    start_https_sim other
    write_conf flex.ca_file="\"$T/other.pem\""
    sync
    expect_status 69
    expect_equal "requests that the server saw" "$(stat_of total)" 0
}
