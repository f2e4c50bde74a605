# What a sync would do: told, and not done.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

# All of the database, the times of meta and the counters of sync_log included, and its files byte for byte.
dump() { sqlite3 -readonly "$DB" .dump | sha256sum; }
bytes() { cat "$DB" "$DB-wal" | sha256sum; }

# dry_run [OPTIONS…]: one that must leave everything as it is.
dry_run() {
    local before_dump before_bytes
    before_dump=$(dump) before_bytes=$(bytes)
    cli sync --dry-run "$@"
    expect_equal "the database after a dry run" "$(dump)" "$before_dump"
    expect_equal "its files after a dry run" "$(bytes)" "$before_bytes"
    expect_fits
}

# told LABEL: the number behind it.
told() { sed -nE "s/^$1 +([0-9,]+).*/\1/p" "$OUT" | tr -d ,; }

test_a_dry_run_tells_what_the_sync_after_it_does_and_changes_nothing() {
    start_sim --contacts 120
    write_conf
    sync
    expect_status 0
    sim 'edit?n=7&kind=rename' >/dev/null
    sim 'add?n=4' >/dev/null
    sim 'remove?n=3' >/dev/null
    local counted cost
    counted=$(stat_of total)
    dry_run
    expect_status 0
    expect_equal "stderr" "$(cat "$ERR")" ""
    expect_equal "new" "$(told New)" 4
    expect_at_least "changed" "$(told Changed)" 7 # the feed shows the new ones as well, and others of that second
    expect_equal "vanished" "$(told Vanished)" 3
    expect_equal "waiting" "$(told Waiting)" 0
    expect_match "stdout" "$(cat "$OUT")" 'Quota +allows it now: [0-9,]+ requests are left'
    expect_match "stdout" "$(cat "$OUT")" "Dry run +nothing was changed; it took $(($(stat_of total) - counted)) requests"
    expect_equal "records asked for" "$(stat_of by_kind.detail)" "$(log_row records_fetched)"
    expect_equal "in the ledger" "$(sqlite3 -readonly quota.db 'SELECT sum(used) FROM usage WHERE "window" = 0')" "$(stat_of total)"
    cost=$(told Cost)
    sync
    expect_status 0
    expect_equal "what the sync cost" "$(log_row requests)" "$cost"
    expect_log 'records_inserted, records_updated, records_deleted' '4|7|3'
    expect_complete
}

test_a_dry_run_of_a_full_pass_and_of_certain_contacts() {
    start_sim --contacts 50 --deleted-share 0
    write_conf "$NO_FEED"
    sync
    expect_status 0
    dry_run --full
    expect_status 0
    expect_equal "all others" "$(told 'All others')" 50
    expect_equal "cost" "$(told Cost)" 52 # with listing and resource types
    dry_run 3 "$(some_id 5)" 3
    expect_status 0
    expect_equal "asked for" "$(told 'Asked for')" 2
    expect_equal "cost" "$(told Cost)" 2
    expect_no_match "stdout" "$(cat "$OUT")" 'New|Waiting'
    dry_run 3 nobody
    expect_status 64
    expect_match "stderr" "$(cat "$ERR")" 'there is no contact nobody; flexsync list shows them'
}

test_a_dry_run_before_the_first_sync_makes_no_database() {
    start_sim --contacts 80
    write_conf "$NO_FEED"
    cli sync --dry-run
    expect_status 0
    expect_equal "new" "$(told New)" 80
    expect_equal "cost" "$(told Cost)" 82
    [ ! -e "$DB" ] || fail "there is a database"
    sync
    expect_log 'requests' 81
}

test_a_dry_run_of_a_database_of_the_old_tool_leaves_it_as_it_is() {
    start_sim --contacts 30 --deleted-share 0
    write_conf "$NO_FEED"
    sqlite3 "$DB" "CREATE TABLE contacts (id INTEGER PRIMARY KEY AUTOINCREMENT, contact_id TEXT UNIQUE NOT NULL, first_name TEXT,
        last_name TEXT, contact_type TEXT, status TEXT, default_bill_to_contact_id TEXT, pricing_model_id TEXT,
        created_at DATETIME, updated_at DATETIME, flex_data TEXT)" \
        "INSERT INTO contacts (contact_id, first_name, flex_data) VALUES ('$(some_id 3)', 'Kept', '{\"id\": \"$(some_id 3)\"}')"
    local before
    before=$(sha256sum <"$DB")
    cli sync --dry-run
    expect_status 0
    expect_equal "new" "$(told New)" 29
    expect_equal "cost" "$(told Cost)" 32
    expect_equal "the file" "$(sha256sum <"$DB")" "$before"
}

test_a_dry_run_goes_beside_the_daemon_and_its_sync() {
    start_sim --contacts 200 --latency 20
    write_conf limits.concurrent=2
    start_daemon
    wait_until "records are stored" sql_says "SELECT count(*) > 5 FROM contact_state WHERE content_hash IS NOT NULL" 1
    cli sync --dry-run
    expect_status 0
    expect_equal "stderr" "$(cat "$ERR")" ""
    expect_equal "new" "$(told New)" 0
    expect_at_least "waiting" "$(told Waiting)" 1
    sim 'config?latency=0' >/dev/null
    wait_until "success" cycles_are 1 "status = 'success'"
    cli sync --dry-run
    expect_status 0
    expect_equal "waiting" "$(told Waiting)" 0
    expect_equal "cycles" "$(cycles)" 1
    expect_complete
    stop_daemon
}

test_a_dry_run_says_when_the_quota_does_not_allow_it() {
    start_sim --contacts 60
    write_conf limits.hourly=40 "$NO_FEED"
    cli sync --dry-run
    expect_status 0
    expect_match "stdout" "$(tr -s ' \n' ' ' <"$OUT")" 'Quota not all of it now: 3[0-9] requests are left; .* all would be done .* at the earliest'
    sync
    expect_status 2
    dry_run # nothing is left for its listing
    expect_status 75
    expect_match "stderr" "$(cat "$ERR")" 'the request quota is used up; sync again after'
}

test_a_dry_run_believes_no_server_that_has_lost_everybody() {
    start_sim --contacts 60 --deleted-share 0
    write_conf "$NO_FEED"
    sync
    expect_status 0
    sim 'remove?n=20' >/dev/null
    dry_run
    expect_status 2
    expect_equal "vanished" "$(told Vanished)" 0
    expect_match "stderr" "$(cat "$ERR")" 'flexsync sync --accept-vanished'
    dry_run --accept-vanished
    expect_status 0
    expect_equal "vanished" "$(told Vanished)" 20
}

test_a_dry_run_without_a_server_or_with_a_refused_key_ends_as_a_sync_would() {
    start_sim --contacts 20
    write_conf
    sync
    expect_status 0
    sim 'config?key=other' >/dev/null
    dry_run
    expect_status 77
    expect_equal "stdout" "$(cat "$OUT")" ""
    expect_match "stderr" "$(cat "$ERR")" 'key'
    expect_equal "cycles" "$(cycles)" 1
}
