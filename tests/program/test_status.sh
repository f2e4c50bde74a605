# flexsync status at a glance: the quota as bars, the last problem with its remedy, live on a terminal.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

# status_is_well_formed: for people it fits, for programs it is as its schema says.
status_is_well_formed() {
    cli status --json
    expect_status 0
    expect_schema status
    cli history --json
    expect_schema history
    cli status
    expect_status 0
    expect_fits
}

# on_a_terminal ROWS COLUMNS ARGUMENTS…: starts a command on one; what it draws is in screen, its process in TERMINAL.
on_a_terminal() {
    local rows=$1 columns=$2
    shift 2
    rm -f screen terminal.pid
    command script -qefc "stty rows $rows cols $columns -echo; echo \$\$ >terminal.pid; exec '$SYNC' -c '$CONF' $*" screen >script.out 2>&1 &
    SCRIPT=$!
    STARTED+=("$SCRIPT")
    wait_until "a terminal" test -s terminal.pid
    TERMINAL=$(cat terminal.pid)
}

terminal_ended() {
    STATUS=0
    wait_until "the end of it" process_is_gone "$SCRIPT"
    wait "$SCRIPT" || STATUS=$?
}

process_is_gone() { ! kill -0 "$1" 2>/dev/null; }

# frames PATTERN: how many lines were drawn that fit.
frames() { grep -acE -- "$1" screen || true; }
drawn() { [ "$(frames "$1")" -ge "${2:-1}" ]; }

test_the_last_problem_is_named_with_its_remedy_until_a_sync_goes_well() {
    start_sim --contacts 20
    write_conf
    script 'any => status 401'
    sync
    expect_status 77
    expect_log exit_status 77
    status_is_well_formed
    expect_match "status" "$(cat "$OUT")" 'Problem +[0-9:]{5}, contacts: failed; .*API key'
    expect_match "status" "$(cat "$OUT")" 'To do +make a new key in Flex and put it in place'
    cli status --json
    expect_equal "problem" "$(json "$OUT" problem.sync.exit_status)" 77
    expect_match "remedy" "$(json "$OUT" problem.remedy)" '^make a new key'

    script 'detail nth=3 => status 418'
    sync
    expect_status 2
    expect_log exit_status 2
    status_is_well_formed
    expect_match "status" "$(cat "$OUT")" 'Problem +[0-9:]{5}, contacts: partial; 1 record could not be had'
    expect_match "status" "$(cat "$OUT")" 'To do +nothing; the next sync asks for what is missing'

    stop_sim
    sync
    expect_status 69
    expect_log exit_status 69
    cli status
    expect_match "status" "$(cat "$OUT")" 'To do +check the network'
}

test_what_went_well_in_the_end_is_no_problem() {
    start_sim --contacts 20
    write_conf
    script 'list => status 418'
    sync
    expect_status 65
    script
    sync 1 2>/dev/null || true
    cli status
    expect_match "status" "$(cat "$OUT")" 'Problem +[0-9:]{5}, contacts: failed'
    sync
    expect_status 0
    expect_log exit_status 0
    status_is_well_formed
    expect_match "status" "$(cat "$OUT")" $'\nProblem +none\n'
    cli status --json
    expect_equal "problem" "$(json "$OUT" problem.sync)" ""
}

test_a_killed_sync_has_no_exit_status_and_a_pause_is_no_problem() {
    start_sim --contacts 60 --latency 200
    write_conf limits.concurrent=1
    start_daemon
    wait_until "some records" sql_says "SELECT count(*) > 3 FROM contact_state WHERE content_hash IS NOT NULL" 1
    status_is_well_formed
    expect_log 'status, exit_status' 'running|'
    kill -KILL "$DAEMON"
    wait "$DAEMON" 2>/dev/null || true
    start_daemon
    wait_until "another sync" cycles_are 2
    stop_daemon
    cli status
    expect_match "after a plain stop" "$(cat "$OUT")" 'Problem +[0-9:]{5}, contacts: partial; stopped before.*To do +nothing; the next sync goes on'
    expect_no_match "after a plain stop" "$(cat "$OUT")" 'accept-vanished'
    sim 'config?latency=0' >/dev/null
    rm "$T/quota.db"
    write_conf limits.hourly=20
    sync # runs out of quota
    expect_status 2
    expect_sql "the killed one" "SELECT status, error_message, exit_status FROM sync_log WHERE entity = 'contacts' ORDER BY id LIMIT 1" 'failed|interrupted|'
    expect_log 'status, exit_status, resumes_at IS NOT NULL' 'partial|2|1'
    status_is_well_formed
    expect_match "status" "$(cat "$OUT")" $'\nProblem +none\n'
    expect_match "status" "$(cat "$OUT")" 'Goes on +[0-9]'
    expect_match "status" "$(cat "$OUT")" 'Waiting +[0-9]+ records to fetch: .*; held[[:space:]]+up[[:space:]]+by the[[:space:]]+quota[[:space:]]+of'
    cli status --json
    expect_match "held up" "$(json "$OUT" held_up_until)" '^20'
}

test_the_quota_is_shown_as_bars() {
    start_sim --contacts 20
    write_conf limits.hourly=44 limits.daily=440 limits.monthly=4400 limits.share=50
    sync
    expect_status 0
    local used
    used=$(sqlite3 "$T/quota.db" "SELECT sum(used) FROM usage WHERE window = 0")
    status_is_well_formed
    expect_match "hour" "$(cat "$OUT")" "Quota +hour  \\[#{12}\\|\\.{11}\\] +$used of 44"
    expect_match "day" "$(cat "$OUT")" "\\[#\\.{11}\\|\\.{11}\\] +$used of 440"
    expect_match "month" "$(cat "$OUT")" "month \\[#\\.{11}\\|\\.{11}\\] +$used of 4,400"
    cli status --json
    expect_equal "used" "$(json "$OUT" 'quota[0].used')" "$used"
    expect_equal "background" "$(json "$OUT" 'quota[2].background')" 2200
    echo nonsense >"$T/quota.db"
    status_is_well_formed
    expect_match "status" "$(cat "$OUT")" 'Quota +not known: cannot use'
    cli status --json
    expect_equal "quota" "$(json "$OUT" quota)" ""
}

test_status_has_colour_on_a_terminal_alone_and_not_where_none_is_wanted() {
    start_sim --contacts 20
    write_conf
    sync
    cli status
    expect_equal "colour in a file" "$(grep -c $'\e' "$OUT" || true)" 0
    on_a_terminal 30 80 status
    terminal_ended
    expect_status 0
    drawn $'Complete    \e\\[32myes: 20 of 20' || fail "no colour: $(cat -v screen)"
    [ "$(sed 's/\x1b\[[0-9;]*m//g; s/\r//g' screen | grep -vE '^(Site|Database|Script) ' | grep -cE '.{80}')" = 0 ] ||
        fail "a line that takes all of 80 columns or more: $(cat screen)"
    NO_COLOR=1 on_a_terminal 30 80 status
    terminal_ended
    drawn $'Complete    yes: 20 of 20' || fail "nothing was shown: $(cat -v screen)"
    expect_equal "colour where none is wanted" "$(frames $'\e\\[[0-9;]*m')" 0
    on_a_terminal 60 200 status
    terminal_ended
    drawn 'hour  \[.*[#|.]{48}' || fail "no wider bars: $(cat -v screen)"
    drawn 'looked at again at random in 31 days, and it takes 20 to tell' || fail "broken at 80: $(cat -v screen)"
}

test_watch_draws_in_place_what_is_new_and_ends_cleanly() {
    start_sim --contacts 20
    write_conf
    sync
    local signal
    for signal in INT TERM; do
        on_a_terminal 40 80 status --watch
        wait_until "a frame" drawn 'Contacts +20, of them'
        named_in_the_database "$signal"
        wait_until "what is new" drawn "Problem +.*$signal"
        drawn $'\e\\[[0-9]+A.*(Health|Daemon)' || fail "not drawn over the frame before: $(cat -v screen)"
        kill -"$signal" "$TERMINAL"
        terminal_ended
        expect_status 0
        # Nothing is left switched: lines break again, and the cursor was never hidden.
        expect_equal "the last of wrapping" "$(grep -ao $'\e\\[?7[hl]' screen | tail -n 1)" $'\e[?7h'
        expect_equal "a hidden cursor" "$(frames $'\e\\[\\?25l')" 0
    done
}

# named_in_the_database TEXT: as if a sync had failed for this reason.
named_in_the_database() {
    sqlite3 -cmd '.timeout 5000' "$DB" "INSERT INTO sync_log (sync_started_at, sync_completed_at, status, error_message, entity, \"trigger\",
        strategy, exit_status) VALUES (datetime('now'), datetime('now'), 'failed', '$1', 'contacts', 'timer', 'auto', 69)"
}

test_watch_is_cut_to_the_screen_and_survives_a_database_that_goes_away() {
    start_sim --contacts 20
    write_conf
    sync
    on_a_terminal 8 80 status --watch
    wait_until "a frame" drawn 'Contacts +20, of them'
    expect_equal "what has no room" "$(frames '^.{0,9}Database ')" 0
    mv "$DB" "$DB.away"
    wait_until "word of it" drawn 'Database .*there is no database'
    mv "$DB.away" "$DB"
    wait_until "the copy again" drawn 'Contacts +20, of them' 2
    kill -TERM "$TERMINAL"
    terminal_ended
    expect_status 0
}

test_watch_is_for_terminals() {
    start_sim --contacts 20
    write_conf
    sync
    cli status --watch
    expect_status 64
    expect_match "stderr" "$(cat "$ERR")" 'flexsync status --json'
    expect_equal "stdout" "$(cat "$OUT")" ""
    on_a_terminal 30 80 status --watch --json
    terminal_ended
    expect_status 64
}
