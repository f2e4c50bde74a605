# What the start of a command takes.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

# loads LIBRARY COMMAND…: is it mapped while the command runs?
loads() {
    local library=$1
    shift
    LD_DEBUG=files LD_DEBUG_OUTPUT=$T/loaded "$SYNC" -c "$CONF" "$@" >"$OUT" 2>"$ERR" || fail "$*: $(cat "$ERR")"
    cat "$T"/loaded.* >"$T/all-loaded"
    rm -f "$T"/loaded.*
    grep -q libsqlite3 "$T/all-loaded" || fail "$*: the loader tells nothing"
    grep -q "$library" "$T/all-loaded"
}

# It takes longer to load than all that these do (contrib/bench).
test_libcurl_is_loaded_by_those_who_talk_to_the_site() {
    start_sim --contacts 30
    write_conf
    OUT=$T/out ERR=$T/err
    loads libcurl sync || fail "sync does without libcurl"
    loads libcurl check || fail "check does without libcurl"
    local words
    for words in --version help status quota history list 'search a' 'show 1' changes export; do
        # shellcheck disable=SC2086
        loads libcurl $words && fail "$words loads libcurl"
    done
    ldd "$SYNC" >"$T/linked"
    grep -q libsqlite3 "$T/linked" || fail "ldd says nothing"
    if grep libcurl "$T/linked"; then fail "flexsync is linked with libcurl"; fi
}
