# The quota's ledger: counted before it is sent, shared, and kept through everything.
# shellcheck shell=bash

# spent: requests that the ledger has counted in the last hour
spent() { sqlite3 "$T/quota.db" "SELECT coalesce(sum(used), 0) FROM usage WHERE window = 0"; }

test_200_an_hour_and_eight_kills_never_make_201() {
    start_sim --contacts 600 --hourly 200 --latency 20
    write_conf limits.hourly=200
    local i before
    for i in 1 2 3 4 5 6 7 8; do
        before=$(stat_of total)
        "$SYNC" -c "$CONF" sync >"$T/kill.out" 2>"$T/kill.err" &
        STARTED+=($!)
        wait_until "some requests of round $i" more_than_or_ended "$((before + 2 * i))" $!
        kill -KILL $! 2>/dev/null || true
        wait $! 2>/dev/null || true
    done
    sync
    expect_match "status" "$STATUS" '^(2|75)$'
    expect_equal "refused" "$(stat_of quota_breaches)" 0
    expect_at_most "requests" "$(stat_of total)" 200
    expect_at_least "requests" "$(stat_of total)" 120
    expect_at_least "counted" "$(spent)" "$(stat_of total)"
    expect_sql "all are there" "SELECT count(*) FROM contacts" 600
    expect_log 'status, resumes_at > created_at' 'partial|1'
}

more_than_or_ended() { [ "$(stat_of total)" -gt "$1" ] || ! kill -0 "$2" 2>/dev/null; }

test_what_was_sent_is_what_was_counted() {
    start_sim --contacts 100
    write_conf
    sync
    expect_status 0
    expect_equal "counted" "$(spent)" "$(stat_of total)"
    expect_log 'quota_left_hour' "$((2000 - $(log_row requests)))"
    cli check
    expect_status 0
    expect_equal "with the check" "$(spent)" "$(stat_of total)"
}

test_two_databases_share_one_ledger() {
    start_sim --contacts 60 --hourly 100
    write_conf limits.hourly=100
    sync
    expect_status 0
    write_conf limits.hourly=100 database.path="\"$T/other.db\"" limits.ledger="\"$T/quota.db\""
    DB=$T/other.db
    sync
    expect_status 2
    expect_equal "refused" "$(stat_of quota_breaches)" 0
    expect_at_most "requests" "$(stat_of total)" 99
}

test_a_429_is_followed_by_silence_until_the_window_turns() {
    start_sim --contacts 100 --hourly 45
    write_conf
    sync
    expect_status 2
    expect_at_most "refused" "$(stat_of quota_breaches)" 30
    expect_match "what others used" "$(sqlite3 "$T/quota.db" "SELECT learnt FROM windows WHERE window = 0")" '^45$'
    sim reset-stats >/dev/null
    sync
    expect_status 75
    sync
    expect_status 75
    expect_equal "requests of two more" "$(stat_of total)" 0
}

test_a_full_ledger_frees_itself_by_one_probe_when_the_clock_says_so() {
    start_sim --contacts 100 --hourly 45
    write_conf limits.hourly=45
    sync
    expect_status 2
    expect_equal "refused" "$(stat_of quota_breaches)" 0
    sim reset-stats >/dev/null
    sync
    expect_equal "before the hour is over" "$(stat_of total)" 0
    time_passes 3800
    sync
    expect_equal "refused" "$(stat_of quota_breaches)" 0
    expect_at_least "after it" "$(stat_of total)" 40
}

test_a_local_clock_that_is_a_month_wrong_buys_one_request() {
    start_sim --contacts 100 --hourly 45
    write_conf limits.hourly=45
    sync
    expect_status 2
    sim reset-stats >/dev/null
    sqlite3 "$T/quota.db" "UPDATE ledger SET wall = wall - 2678400000000"
    sync
    sync
    expect_at_most "requests" "$(stat_of total)" 1
    sqlite3 "$T/quota.db" "UPDATE ledger SET wall = wall + 26784000000000, probed_wall = probed_wall + 26784000000000"
    sync
    sync
    expect_at_most "requests, with the clock turned back" "$(stat_of total)" 1
}

test_a_deleted_ledger_is_made_anew_and_a_damaged_one_stops_the_sending() {
    start_sim --contacts 30
    write_conf "$NO_FEED"
    sync
    expect_status 0
    rm "$T/quota.db"
    sync
    expect_status 0
    expect_equal "counted" "$(spent)" 1
    head -c 4096 /dev/urandom >"$T/quota.db"
    local before
    before=$(sha256sum <"$T/quota.db")
    sim reset-stats >/dev/null
    sync
    expect_match "error" "$(log_row error_message)" "cannot use the quota's ledger .*; correct limits.ledger, or move it away"
    expect_status 74
    expect_equal "sent" "$(stat_of total)" 0
    expect_equal "the file" "$(sha256sum <"$T/quota.db")" "$before"
    # One that nobody writes into holds up no command, and the reason is told where errors are.
    rm "$T/quota.db"
    mkfifo "$T/quota.db"
    cli quota
    expect_status 74
    sync
    expect_status 73
    expect_match "stderr" "$(cat "$ERR")" "$T/quota.db is no file, but a pipe, a socket or a device; move it away"
}

test_quota_tells_what_is_used_and_left() {
    start_sim --contacts 30
    write_conf
    cli quota
    expect_status 0
    expect_match "heading" "$(head -n 1 "$OUT")" '^ +used +of +left +background +all free$'
    expect_match "before anything" "$(cat "$OUT")" 'hour +0 +2,000 +2,000 +1,000  now'
    expect_match "pace" "$(cat "$OUT")" 'Paced +background work: about a request every 5[0-9] s \(1,[56][0-9][0-9] a day\)'
    sync
    cli quota
    expect_match "hour" "$(cat "$OUT")" 'hour +32 +2,000 +1,968 +1,000  [0-9]'
    expect_match "month" "$(cat "$OUT")" 'month +32 +100,000 +99,968 +50,000  [0-9]'
    expect_match "full pass" "$(cat "$OUT")" 'Full pass +needs [0-9]+ requests; the quota allows it now'
    expect_fits
    cli quota --json
    expect_equal "json" "$(sqlite3 :memory: "SELECT json_extract(readfile('$OUT'), '$.windows[0].used', '$.full_pass_by') IS NOT NULL")" 1
    expect_equal "pace in json" "$(sqlite3 :memory: "SELECT json_extract(CAST(readfile('$OUT') AS TEXT), '$.background_a_day') BETWEEN 1500 AND 1613")" 1
    write_conf limits.plan='"lite"'
    cli quota
    expect_match "lite" "$(cat "$OUT")" 'Used up +the quota of this hour; goes on '
    expect_match "lite" "$(cat "$OUT")" 'Paced +background work: about a request every 1 h 3[0-9] min'
    expect_match "lite" "$(cat "$OUT")" 'Full pass +needs [0-9]+ requests; begun now it would end '
    expect_fits
}
