# The quota where the ledger or a clock is not what it was: copied, shared, spent by others, an hour or a month wrong.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

# limited N: a site that allows N requests an hour, 100 contacts, and our settings for it.
limited() {
    start_sim --contacts 100 --deleted-share 0 --hourly "$1" "${@:2}"
    write_conf limits.hourly="$1" limits.concurrent=5
}

refused() { stat_of quota_breaches; }

# What a server that is right about its own quota must see: what was in flight refused at the most, then hardly anything.
expect_hardly_anything_more() {
    sim reset-stats >/dev/null
    sync
    sync
    expect_at_most "requests of two more syncs" "$(stat_of total)" 2
}

test_a_ledger_that_was_copied_back_costs_what_was_in_flight() {
    limited 60
    cli check
    cp quota.db early.db
    sync
    expect_equal "refused" "$(refused)" 0
    expect_at_least "used" "$(stat_of total)" 50
    rm -f quota.db*
    cp early.db quota.db
    sim reset-stats >/dev/null
    sync
    expect_at_most "refused" "$(refused)" 5
    expect_hardly_anything_more
    time_passes 3900
    sim reset-stats >/dev/null
    sync
    expect_equal "refused in the next hour" "$(refused)" 0
    expect_at_least "used in the next hour" "$(stat_of total)" 40
}

test_a_deleted_ledger_costs_what_was_in_flight_and_then_there_is_silence() {
    limited 60
    sync
    rm -f quota.db*
    sim reset-stats >/dev/null
    sync
    expect_at_most "refused" "$(refused)" 5
    expect_hardly_anything_more
}

test_what_other_integrations_spend_is_learnt_and_kept_to() {
    start_sim --contacts 100 --deleted-share 0 --hourly 90
    write_conf limits.hourly=90 limits.concurrent=5
    sim 'spend?n=50' >/dev/null
    sync
    expect_status 2
    expect_at_most "refused" "$(refused)" 5
    expect_at_least "answered" "$(($(stat_of total) - $(refused)))" 40
    cli quota --json
    expect_equal "used, as the ledger has it now" "$(json "$OUT" 'windows[0].used')" 90
    expect_hardly_anything_more
    time_passes 7500
    sim reset-stats >/dev/null
    sync
    expect_equal "refused when the others are silent" "$(refused)" 0
    expect_status 0
    expect_complete
}

test_a_429_without_a_window_is_about_too_many_at_once_and_fewer_go_on() {
    start_sim --contacts 100 --deleted-share 0 --concurrent 3 --latency 10 --no-window-text
    write_conf limits.concurrent=8
    sync
    expect_status 0
    expect_complete
    local refused
    refused=$(stat_of 'by_status."429"')
    expect_at_least "refused" "$refused" 1
    expect_at_most "refused" "$refused" 16 # of 8 at a time, of 4, and of the fifth that is tried after 100 answers
}

test_two_daemons_and_a_person_never_exceed_a_quota_that_they_share() {
    start_sim --contacts 150 --deleted-share 0 --hourly 200 --latency 5
    local i
    for i in 1 2 3; do
        write_conf limits.hourly=200 limits.concurrent=8 limits.ledger="\"$T/quota.db\"" \
            database.path="\"$T/site$i.db\"" # 30 at a time are for all of them together
        cp "$CONF" "conf$i"
    done
    "$SYNC" -c conf1 sync >1.out 2>1.err & STARTED+=($!)
    local first=$!
    "$DAEMON_PROGRAM" -c conf2 --once >2.out 2>2.err & STARTED+=($!)
    local second=$!
    "$SYNC" -c conf3 sync >3.out 2>3.err & STARTED+=($!)
    wait "$first" || true
    wait "$second" || true
    wait $! || true
    expect_equal "refused" "$(refused)" 0
    expect_at_most "requests" "$(stat_of total)" 198
    expect_at_least "requests" "$(stat_of total)" 170
    for i in 1 2 3; do # who came last may have had nothing
        expect_match "contacts of site$i" "$(sqlite3 -readonly "site$i.db" 'SELECT count(*) FROM contacts')" '^(0|150)$'
    done
}

# The clock of the server jumps by so many seconds, is wrong for a while, and jumps back.
server_clock_jumps() {
    limited 45
    sync
    expect_status 2
    expect_equal "refused at first" "$(refused)" 0
    sim "advance?seconds=$1" >/dev/null
    expect_hardly_anything_more
    sim reset-stats >/dev/null
    # One that is behind is believed from its first answer on, so it may take an hour more.
    time_passes 3900
    sync
    time_passes 3900
    sync
    expect_at_most "refused" "$(refused)" 5
    expect_at_least "answered two hours later" "$(($(stat_of total) - $(refused)))" 20
    sim "advance?seconds=$((0 - $1))" >/dev/null
    sim reset-stats >/dev/null
    sync
    sync
    sync
    expect_at_most "refused when it is right again" "$(refused)" 5
    # And it does not stay so: an hour or two later everybody is there.
    local i
    for i in 1 2 3 4; do
        time_passes 5400
        sync
    done
    expect_status 0
    expect_complete
}

for jump in 3600:an_hour_ahead -3600:an_hour_behind 86400:a_day_ahead -86400:a_day_behind 2678400:a_month_ahead \
    -2678400:a_month_behind; do
    eval "test_a_server_whose_clock_is_${jump#*:}_is_not_asked_beyond_its_quota() { server_clock_jumps ${jump%%:*}; }"
done
unset jump

# The clock of this machine is wrong by so many seconds, as the ledger sees it, and then right again.
local_clock_jumps() {
    limited 45
    sync
    expect_status 2
    sqlite3 quota.db "UPDATE ledger SET wall = wall - $1 * 1000000, probed_wall = probed_wall - $1 * 1000000"
    expect_hardly_anything_more
    sqlite3 quota.db "UPDATE ledger SET wall = wall + $1 * 1000000, probed_wall = probed_wall + $1 * 1000000"
    expect_hardly_anything_more
    expect_equal "refused" "$(refused)" 0
    local i
    for i in 1 2 3; do
        time_passes 5400
        sync
    done
    expect_status 0
    expect_complete
}

for jump in 3600:an_hour_ahead -3600:an_hour_behind 86400:a_day_ahead -86400:a_day_behind 2678400:a_month_ahead \
    -2678400:a_month_behind; do
    eval "test_a_machine_whose_clock_is_${jump#*:}_sends_nothing_beyond_the_quota() { local_clock_jumps ${jump%%:*}; }"
done
unset jump

# Half of the contacts were checked while the clock of this machine was three years ahead.
test_what_was_checked_by_a_clock_that_was_ahead_is_checked_again_first() {
    start_sim --contacts 60 --deleted-share 0
    write_conf limits.hourly=10000 "$NO_FEED"
    sync
    sqlite3 "$DB" "UPDATE contact_state SET checked = checked + 94608000, hidden_watched = hidden_watched + 94608000 WHERE id % 2"
    copy_ages 3600
    sync
    expect_status 0
    local left
    left=$(sql "SELECT count(*) FROM contact_state WHERE checked > unixepoch()")
    expect_at_most "still checked in the future" "$left" 5
    expect_complete
}
