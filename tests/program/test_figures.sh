# The figures that people are told: freshness, what waits, the first fill's date, the order of edits.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

# audits N STALE: so many records were drawn at random and looked at again, as the planner's commits leave it.
audits() {
    sqlite3 "$DB" "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
        INSERT INTO contact_audits (contact_id, checked_at, stale) SELECT 'x', datetime('now', '-1 hour'), i <= $2 FROM n"
}

# remember KEY VALUE: in meta
remember() {
    sqlite3 "$DB" "INSERT OR REPLACE INTO meta (key, value, updated_at) VALUES ('$1', '$2', datetime('now'))"
}

test_status_tells_freshness_with_its_doubt_or_that_it_is_not_known() {
    start_sim --contacts 30
    write_conf
    sync
    expect_status 0
    cli status
    expect_status 0
    expect_match "status" "$(cat "$OUT")" 'Fresh +not known yet: 0 looked at again at random in 31 days, and it takes[[:space:]]+20 to tell'
    expect_match "status" "$(cat "$OUT")" 'Oldest look +[0-9].*, [0-9]+ s ago'
    expect_fits
    audits 120 1
    cli status
    expect_match "status" "$(cat "$OUT")" 'Fresh +99\.1 % \(95\.4 to 99\.9, of 120 looked at again at random in 31 days\)'
    expect_fits
    cli status --json
    expect_json "$OUT"
    expect_match "share" "$(json "$OUT" fresh.share)" '^0\.9916'
    expect_equal "looked at" "$(json "$OUT" fresh.looked_at)" 120
    expect_equal "stale" "$(json "$OUT" fresh.stale)" 1
    sqlite3 "$DB" "UPDATE contact_audits SET checked_at = datetime('now', '-32 days')"
    cli status
    expect_match "after a month" "$(cat "$OUT")" 'Fresh +not known yet: 0 looked at'
}

test_the_small_plan_lists_all_at_once_and_status_names_the_day_of_the_last_record() {
    start_sim --contacts 1699 --hourly 20 --daily 100 --monthly 1000
    write_conf limits.plan='"lite"'
    listen_to_notifications
    start_daemon
    wait_until "the first cycle" daemon_said 'contacts: partial'
    expect_sql "listed" "SELECT count(*) FROM contacts" 1699
    cli status
    expect_status 0
    expect_match "status" "$(cat "$OUT")" 'Complete +yes: 1,699 of 1,699 that the server lists, as of '
    expect_match "status" "$(cat "$OUT")" 'Fresh +not known yet'
    expect_match "status" "$(cat "$OUT")" 'Waiting +1,68[0-9] records to fetch: 1,68[0-9] new'
    expect_match "status" "$(cat "$OUT")" 'First fill +1,68[0-9] of 1,699 without their whole record yet; all of them'
    expect_match "status" "$(cat "$OUT")" 'Goes on +'
    expect_fits
    cli status --json
    # 500 records a month of 31 days: three of them and 199 more.
    local days
    days=$(sqlite3 :memory: "SELECT CAST(julianday('$(json "$OUT" filled_by)') - julianday('now') AS INTEGER)")
    expect_at_least "days" "$days" 93
    expect_at_most "days" "$days" 105
    expect_equal "unfetched" "$(json "$OUT" contacts.unfetched)" "$(json "$OUT" contacts.waiting_for.new)"
    wait_until "STATUS" notified_match '^STATUS=paused: hourly quota for background work used up, goes on [0-9]'
    stop_daemon
    expect_equal "refused" "$(stat_of quota_breaches)" 0
}

test_status_names_why_records_wait() {
    start_sim --contacts 40
    write_conf
    script 'detail from=21 => status 418'
    sync
    expect_status 2
    script
    sqlite3 "$DB" "INSERT INTO detail_queue (id, reason, due_at) SELECT id, 'audit', '2999-01-01 00:00:00' FROM contact_state WHERE content_hash IS NOT NULL LIMIT 3"
    cli status
    expect_match "status" "$(cat "$OUT")" 'Waiting +23 records to fetch: 3 chosen to be looked at again, 20 after a[[:space:]]+failure'
    expect_match "status" "$(cat "$OUT")" 'First fill +20 of 40 without their whole record yet'
    expect_fits
    cli status --json
    expect_equal "planned" "$(json "$OUT" contacts.waiting_for.planned)" 3
    expect_equal "failed" "$(json "$OUT" contacts.waiting_for.failed)" 20
}

test_status_and_check_tell_the_order_of_edits() {
    start_sim --contacts 60
    write_conf
    sync
    expect_status 0
    remember feed.verdict 0
    remember feed.judged_at 0
    cli status
    expect_match "status" "$(cat "$OUT")" 'Edit order +not known yet: the server was not asked yet'
    sim reset-stats >/dev/null
    cli check
    expect_status 0
    expect_match "check" "$(cat "$OUT")" 'ok +feed +honoured \(asked now, with 2 requests\); remembered: not known yet'
    expect_equal "requests" "$(stat_of total)" 6
    expect_equal "counted" "$(sqlite3 "$T/quota.db" "SELECT sum(used) FROM usage WHERE window = 0")" "$((62 + 6))"

    remember feed.verdict 1
    remember feed.judged_at "$(date -d '2 days ago' +%s)"
    remember feed.read_at "$(date -d '1 minute ago' +%s)"
    cli status
    expect_match "status" "$(cat "$OUT")" 'Edit order +honoured since [0-9]{2} [A-Z][a-z]{2} [0-9:]{5}, last[[:space:]]+read [0-9]'
    expect_fits
    cli status --json
    expect_equal "verdict" "$(json "$OUT" edit_order.verdict)" honoured
    sim reset-stats >/dev/null
    cli check
    expect_match "check" "$(cat "$OUT")" 'ok +feed +honoured since .*remembered, and watched with every sync; not asked now'
    expect_equal "requests" "$(stat_of total)" 4

    remember feed.read_at "$(date -d '2 days ago' +%s)"
    sim 'config?sort=ignore' >/dev/null
    cli check
    expect_status 0
    expect_match "check" "$(cat "$OUT")" 'ok +feed +not honoured \(asked now, with 2 requests\); remembered: honoured since'
    write_conf sync.strategy='"incremental"'
    sim reset-stats >/dev/null
    cli check
    expect_match "check" "$(cat "$OUT")" 'ok +feed +not used: sync.strategy is not auto'
    expect_equal "requests" "$(stat_of total)" 4
    cli status
    expect_match "status" "$(cat "$OUT")" 'Edit order +not used: sync.strategy is not auto'
}

test_check_asks_for_no_order_where_nothing_could_be_told() {
    start_sim --contacts 10
    write_conf
    sync
    expect_status 0
    sim reset-stats >/dev/null
    cli check
    expect_match "check" "$(cat "$OUT")" 'ok +feed +not known yet: it takes 20 contacts with their whole record to tell'
    expect_equal "requests" "$(stat_of total)" 4
    rm -f "$DB"
    cli check
    expect_match "check" "$(cat "$OUT")" 'ok +feed +not known yet: there is no database with dates to compare with'
}

test_the_daemons_status_tells_the_quota_while_it_works_and_freshness_at_rest() {
    start_sim --contacts 80 --latency 50
    write_conf limits.concurrent=2
    listen_to_notifications
    start_daemon
    wait_until "STATUS" notified_match '^STATUS=syncing contacts: [0-9]+ of 80 \([0-9]+ %\), [0-9.]+/s, quota left 1,9[0-9][0-9] this hour'
    wait_until "idle" notified_match '^STATUS=idle: 80 contacts, next sync [0-9]'
    audits 500 1
    sim 'config?latency=0' >/dev/null
    kill -HUP "$DAEMON"
    wait_until "fresh" notified_match '^STATUS=idle: 80 contacts, 99\.8 % fresh, next sync [0-9]'
    stop_daemon
}

test_a_quota_that_the_server_closes_is_named_in_the_status() {
    start_sim --contacts 60 --hourly 30
    write_conf
    listen_to_notifications
    start_daemon
    wait_until "STATUS" notified_match '^STATUS=paused: hourly quota used up, goes on [0-9]'
    stop_daemon
}
