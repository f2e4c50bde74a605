# What hinders attacks: https with certificates that are verified, always, and how the programs are built.
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

test_tls_below_1_2_is_refused_whatever_the_machine_allows() {
    certificate site IP:127.0.0.1
    printf '%s\n' 'openssl_conf = c' '[c]' 'ssl_conf = s' '[s]' 'system_default = d' '[d]' 'MinProtocol = TLSv1' \
        'CipherString = DEFAULT@SECLEVEL=0' >openssl.cnf
    export OPENSSL_CONF=$T/openssl.cnf
    openssl s_server -accept 127.0.0.1:0 -tls1_1 -www -cert site.pem -key secret/site.key >server.out 2>&1 <&"$NOTHING" &
    STARTED+=($!)
    wait_until "the server listens" grep -q '^ACCEPT 127' server.out
    SIM=https://$(sed -n 's/^ACCEPT //p' server.out)
    write_conf flex.ca_file="\"$T/site.pem\""
    sync
    expect_status 69
    expect_match "error_message" "$(log_row error_message)" 'protocol'
}

test_the_programs_are_built_with_what_hinders_attacks() {
    if grep -qa __asan_init "$SYNC"; then skip_impossible "the sanitizer's build has other checks"; fi
    local program LC_ALL=C
    for program in "$SYNC" "$DAEMON_PROGRAM"; do
        expect_match "${program##*/}: dynamic section" "$(readelf -d "$program")" 'BIND_NOW'
        expect_match "${program##*/}: segments" "$(readelf -lW "$program")" 'GNU_RELRO'
        expect_match "${program##*/}: symbols" "$(readelf --dyn-syms -W "$program")" '__[a-z]+_chk'
        if [ "$(uname -m)" = x86_64 ]; then # endbr64: where an indirect call may arrive; the note lacks Debian's crt1.o
            expect_at_least "${program##*/}: places of CET" "$(grep -aoP '\xf3\x0f\x1e\xfa' "$program" | wc -l)" 100
        fi
    done
}
