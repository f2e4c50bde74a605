# Files that are removed, replaced or moved away while the daemon has them open.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

# daemon_of_a_copy [OPTIONS OF THE SERVER…]: a daemon that has synced once and waits.
daemon_of_a_copy() {
    start_sim --contacts 60 --deleted-share 0 "$@"
    write_conf "${SETTINGS[@]}"
    start_daemon
    wait_until "a sync" daemon_said 'contacts: success'
    wait_until "it is idle" idle
}
SETTINGS=()

idle() { "$SYNC" -c "$CONF" status --json >status.json && grep -q '"daemon": *"idle' status.json; }

# The daemon begins a run by itself or by this, and both are seen.
next_sync() {
    local n
    n=$(daemon_said_times 'contacts: success')
    kill -HUP "$DAEMON"
    wait_until "another sync" successes_are_more_than "$n"
    wait_until "it is idle" idle
}
successes_are_more_than() { [ "$(daemon_said_times 'contacts: success')" -gt "$1" ]; }

inode() { stat -c %d:%i "$1"; }

test_a_database_that_is_removed_between_two_syncs_is_made_again_and_filled() {
    daemon_of_a_copy
    rm "$DB"
    next_sync
    daemon_said 'contacts.db was removed while it was in use; what is there now is opened and synced' ||
        fail "the journal does not say what happened"
    expect_log 'status, records_inserted' 'success|60'
    expect_complete
    stop_daemon
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_database_that_is_removed_with_all_its_files_is_made_again_and_filled() {
    daemon_of_a_copy
    rm "$DB" "$DB-wal" "$DB-shm" "$DB.lock"
    next_sync
    expect_complete
    stop_daemon
}

# slow_fill: a daemon in the midst of its first fill.
slow_fill() {
    start_sim --contacts 120 --deleted-share 0 --latency 60
    write_conf limits.concurrent=1
    start_daemon
    wait_until "records are stored" stored_at_least 10
}
stored_at_least() { [ "$(sql 'SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL')" -ge "$1" ]; }

test_a_database_that_is_removed_during_a_sync_fails_that_sync_with_74_and_another_one_begins() {
    slow_fill
    rm "$DB"
    wait_until "the sync fails" daemon_said 'contacts: failed: the database .*contacts.db was removed'
    sim 'config?latency=0' >/dev/null
    wait_until "the next one is whole" cycles_are_at_least 1 "status = 'success'"
    expect_equal "syncs that ended well" "$(daemon_said_times 'contacts: success')" 1
    expect_complete
    stop_daemon
}

test_a_sync_by_hand_whose_database_is_removed_ends_with_74_and_what_to_type() {
    start_sim --contacts 120 --deleted-share 0 --latency 60
    write_conf limits.concurrent=1
    "$SYNC" -c "$CONF" sync >sync.out 2>sync.err &
    local pid=$!
    OUT=sync.out ERR=sync.err STATUS=0
    wait_until "records are stored" stored_at_least 10
    rm "$DB"
    wait $pid || STATUS=$?
    expect_status 74
    expect_match "stderr" "$(cat "$ERR")" 'contacts.db was removed while it was in use; to sync what is there now: flexsync sync'
    [ ! -e "$DB" ] || fail "something made it again"
    sim 'config?latency=0' >/dev/null
    write_conf
    sync
    expect_status 0
    expect_complete
}

# The old -wal stays beside the file that takes the place: SQLite would apply it to that.
test_a_backup_that_is_moved_into_place_is_taken_as_it_is_and_its_predecessor_s_wal_is_not_applied() {
    daemon_of_a_copy
    cli backup "$T/backup.db"
    expect_status 0
    sim 'edit?n=20' >/dev/null
    sim 'add?n=30' >/dev/null
    next_sync
    # What only the WAL holds: a reader keeps it from being emptied.
    exec 8> >(exec sqlite3 "$DB" >reader.out)
    echo "BEGIN; SELECT count(*) FROM contacts;" >&8
    wait_until "the reader reads" test -s reader.out
    sim 'edit?n=20' >/dev/null
    next_sync
    expect_at_least "bytes in the WAL" "$(stat -c %s "$DB-wal")" 4096
    local wal
    wal=$(inode "$DB-wal")
    mv "$T/backup.db" "$DB"
    next_sync
    daemon_said 'contacts.db was replaced by another file while it was in use' || fail "nothing is said of it"
    [ "$(inode "$DB-wal")" != "$wal" ] || fail "the WAL of the file that was replaced is still there"
    exec 8>&-
    expect_complete
    expect_whole_database
    expect_sql "contacts" "SELECT count(*) FROM contacts" 90
    stop_daemon
    expect_second_sync_changes_nothing
}

test_a_backup_that_is_moved_into_place_during_a_sync_is_whole_afterwards() {
    slow_fill
    cli backup "$T/backup.db"
    expect_status 0
    wait_until "more records are stored" stored_at_least 30
    mv "$T/backup.db" "$DB"
    wait_until "the sync fails" daemon_said 'contacts: failed: the database .*contacts.db was replaced'
    sim 'config?latency=0' >/dev/null
    wait_until "the next one is whole" cycles_are_at_least 1 "status = 'success'"
    expect_complete
    expect_sql "syncs that the backup knew as running" "SELECT count(*) FROM sync_log WHERE status = 'running'" 0
    stop_daemon
    expect_second_sync_changes_nothing
}

test_a_backup_that_is_moved_into_place_before_the_daemon_stops_is_not_spoilt_by_the_next_start() {
    daemon_of_a_copy
    cli backup "$T/backup.db"
    expect_status 0
    exec 8> >(exec sqlite3 "$DB" >reader.out)
    echo "BEGIN; SELECT count(*) FROM contacts;" >&8
    wait_until "the reader reads" test -s reader.out
    sim 'edit?n=20' >/dev/null
    sim 'add?n=30' >/dev/null
    next_sync
    expect_at_least "bytes in the WAL" "$(stat -c %s "$DB-wal")" 4096
    mv "$T/backup.db" "$DB"
    stop_daemon
    exec 8>&-
    [ ! -s "$DB-wal" ] || fail "the WAL of the file that was replaced is still there"
    expect_sql "what the backup has" "SELECT count(*) FROM contacts" 60
    expect_sql "integrity" "PRAGMA integrity_check" ok
    sync
    expect_status 0
    expect_complete
}

test_a_backup_that_is_moved_into_place_during_a_sync_by_hand_is_not_spoilt_by_the_next_one() {
    start_sim --contacts 120 --deleted-share 0 --latency 60
    write_conf limits.concurrent=1
    "$SYNC" -c "$CONF" sync >sync.out 2>sync.err &
    local pid=$!
    OUT=sync.out ERR=sync.err STATUS=0
    wait_until "records are stored" stored_at_least 5
    cli backup "$T/backup.db"
    expect_status 0
    wait_until "more records are stored" stored_at_least 30
    mv "$T/backup.db" "$DB"
    wait $pid || STATUS=$?
    OUT=sync.out ERR=sync.err
    expect_status 74
    expect_match "stderr" "$(cat "$ERR")" 'contacts.db was replaced by another file'
    [ ! -s "$DB-wal" ] || fail "the WAL of the file that was replaced is still there"
    sim 'config?latency=0' >/dev/null
    write_conf
    sync
    expect_status 0
    expect_complete
}

test_a_database_that_is_moved_away_is_whole_where_it_went() {
    daemon_of_a_copy
    exec 8> >(exec sqlite3 "$DB" >reader.out)
    echo "BEGIN; SELECT count(*) FROM contacts;" >&8
    wait_until "the reader reads" test -s reader.out
    sim 'add?n=7' >/dev/null
    next_sync
    exec 8>&-
    mv "$DB" "$T/old.db"
    next_sync
    expect_complete
    stop_daemon
    expect_equal "integrity of the old one" "$(sqlite3 "$T/old.db" 'PRAGMA integrity_check')" ok
    expect_equal "its contacts" "$(sqlite3 "$T/old.db" 'SELECT count(*) FROM contacts')" 67
}

test_a_restored_set_keeps_the_wal_that_came_with_it() {
    daemon_of_a_copy
    mkdir set
    sqlite3 "$DB" ".backup set/contacts.db"
    sqlite3 set/contacts.db "PRAGMA journal_mode = WAL" >/dev/null
    # A copy of both while the last change is only in the WAL.
    sqlite3 -cmd 'PRAGMA wal_autocheckpoint = 0' set/contacts.db "CREATE TABLE mine (text)" "INSERT INTO mine VALUES ('precious')" \
        ".shell cp set/contacts.db set/new.db; cp set/contacts.db-wal set/new.db-wal" >/dev/null
    mv set/new.db-wal "$DB-wal"
    mv set/new.db "$DB"
    next_sync
    expect_sql "what only its WAL held" "SELECT text FROM mine" precious
    expect_complete
    stop_daemon
}

test_a_wal_that_is_removed_loses_nothing() {
    daemon_of_a_copy
    exec 8> >(exec sqlite3 "$DB" >reader.out)
    echo "BEGIN; SELECT count(*) FROM contacts;" >&8
    wait_until "the reader reads" test -s reader.out
    sim 'add?n=7' >/dev/null
    next_sync
    exec 8>&-
    rm "$DB-wal" "$DB-shm"
    local n
    n=$(cycles)
    next_sync
    # Readers make an empty one.
    daemon_said 'contacts.db-wal was (removed|replaced by another file) while the database was in use' || fail "nothing is said of it"
    expect_at_least "rows of sync_log" "$(cycles)" $((n + 1))
    expect_complete
    stop_daemon
    expect_complete
}

test_a_link_that_leads_to_another_database_is_followed_and_the_first_one_is_left_whole() {
    mkdir one two
    ln -s one "$T/current"
    DB=$T/current/contacts.db
    mkdir run
    DAEMON_ENV=("RUNTIME_DIRECTORY=$T/run") # for the socket, which is else beside the database
    daemon_of_a_copy
    ln -sfn two "$T/current"
    next_sync
    daemon_said 'lock file .* is taken again' || fail "nothing is said of the lock"
    expect_complete
    stop_daemon
    expect_equal "the first one" "$(sqlite3 -readonly one/contacts.db 'PRAGMA integrity_check; SELECT count(*) FROM contacts')" $'ok\n60'
}

test_what_is_put_in_place_and_is_not_ours_ends_the_daemon_with_74_and_stays_untouched() {
    daemon_of_a_copy
    sqlite3 "$T/other.db" "CREATE TABLE invoices (id INTEGER PRIMARY KEY, text TEXT)"
    local before
    before=$(sha256sum <other.db)
    mv other.db "$DB"
    kill -HUP "$DAEMON"
    daemon_ended
    expect_status 74
    expect_match "stderr" "$(cat "$T/daemon.err")" 'database of another program'
    expect_equal "the file" "$(sha256sum <"$DB")" "$before"
}

test_noise_that_is_put_in_place_ends_the_daemon_with_74_and_stays_untouched() {
    daemon_of_a_copy
    head -c 50000 /dev/urandom >noise
    local before
    before=$(sha256sum <noise)
    mv noise "$DB"
    kill -HUP "$DAEMON"
    daemon_ended
    expect_status 74
    expect_equal "the file" "$(sha256sum <"$DB")" "$before"
}

test_a_copy_of_another_site_that_is_put_in_place_ends_the_daemon_with_78() {
    daemon_of_a_copy
    cli backup "$T/other.db"
    sqlite3 "$T/other.db" "UPDATE meta SET value = 'https://other.example/f5/api' WHERE key = 'site'"
    mv other.db "$DB"
    kill -HUP "$DAEMON"
    daemon_ended
    expect_status 78
    expect_match "stderr" "$(cat "$T/daemon.err")" 'is a copy of https://other.example'
}

test_a_folder_that_is_gone_fails_the_syncs_and_the_daemon_goes_on_when_it_is_back() {
    mkdir data
    DB=$T/data/contacts.db
    daemon_of_a_copy
    mv data elsewhere
    kill -HUP "$DAEMON"
    wait_until "the sync fails" daemon_said 'cannot make the (lock file|database)'
    kill -0 "$DAEMON" || fail "the daemon ended"
    mv elsewhere data
    next_sync
    expect_complete
    stop_daemon
}

test_status_does_not_say_start_flexsyncd_while_it_runs() {
    daemon_of_a_copy
    rm "$DB"
    for words in status list "check"; do
        # shellcheck disable=SC2086
        cli $words
        expect_no_match "flexsync $words" "$(cat "$OUT" "$ERR" | tr '\n' ' ')" 'start flexsyncd'
        expect_match "flexsync $words" "$(cat "$OUT" "$ERR" | tr -s '\n ' ' ')" "flexsyncd \(process $DAEMON\) runs"
    done
    sync
    expect_status 0
    cli status
    expect_status 0
    stop_daemon
    rm "$DB"
    cli status
    expect_status 74
    expect_match "stderr" "$(cat "$ERR")" 'start flexsyncd'
}

# --- the lock

test_a_lock_that_is_removed_is_taken_again_and_names_its_holder_and_the_socket() {
    daemon_of_a_copy
    local before
    before=$(cat "$DB.lock")
    rm "$DB.lock"
    next_sync
    daemon_said 'lock file beside the database was removed or replaced; it is taken again' || fail "nothing is said"
    expect_equal "the lock file" "$(cat "$DB.lock")" "$before"
    expect_match "it" "$before" "^$DAEMON flexsyncd /"
    cli status
    expect_match "status" "$(cat "$OUT")" "running, process $DAEMON; idle"
    stop_daemon
}

test_a_lock_that_is_removed_during_a_sync_is_taken_again_within_it() {
    slow_fill
    rm "$DB.lock"
    wait_until "it is taken again" daemon_said 'it is taken again'
    "$SYNC" -c "$CONF" forget 1 >forget.out 2>&1 || true
    grep -q "flexsyncd (process $DAEMON)" forget.out || fail "another writer could begin: $(cat forget.out)"
    sim 'config?latency=0' >/dev/null
    wait_until "the sync is whole" cycles_are_at_least 1 "status = 'success'"
    stop_daemon
    expect_complete
}

# hold_lock: another program has the lock, at another file of that name.
hold_lock() {
    rm -f "$DB.lock"
    /usr/bin/python3 -c '
import fcntl, os, struct, sys, time
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o640)
fcntl.fcntl(fd, 37, struct.pack("hhlli4x", fcntl.F_WRLCK, 0, 0, 0, 0))
os.write(fd, b"%d flexsync\n" % os.getpid())
open("held", "w").close()
sys.stdin.read()' "$DB.lock" < <(sleep 100) &
    HOLDER=$!
    STARTED+=("$HOLDER")
    wait_until "the lock is taken" test -e held
}

test_a_lock_that_another_process_took_meanwhile_ends_the_daemon_with_75() {
    daemon_of_a_copy
    hold_lock
    local before
    before=$(cycles)
    kill -HUP "$DAEMON"
    daemon_ended
    expect_status 75
    expect_match "stderr" "$(cat "$T/daemon.err")" "another sync of .* is running: the lock file .* was removed or replaced, and flexsync \(process $HOLDER\) has taken it"
    expect_equal "rows of sync_log" "$(cycles)" "$before"
    expect_match "the lock file" "$(cat "$DB.lock")" "^$HOLDER flexsync"
}

test_a_lock_that_another_process_took_during_a_sync_ends_the_daemon_with_75() {
    slow_fill
    hold_lock
    daemon_ended
    expect_status 75
    expect_equal "syncs that ended well" "$(daemon_said_times 'contacts: success')" 0
    expect_equal "integrity" "$(sqlite3 -readonly "$DB" 'PRAGMA integrity_check')" ok
}

# --- an idle daemon looks each minute; `for ever` is the lane of those that wait

test_an_idle_daemon_notices_within_a_minute_that_its_database_was_replaced_and_syncs_for_ever() {
    daemon_of_a_copy
    cli backup "$T/backup.db"
    mv "$T/backup.db" "$DB"
    DEADLINE=80 wait_until "it notices" daemon_said 'contacts.db was replaced by another file while it was in use'
    wait_until "it syncs" successes_are_more_than 1
    wait_until "it is idle" idle
    expect_complete
    stop_daemon
}

test_an_idle_daemon_takes_a_removed_lock_again_within_a_minute_and_syncs_for_that_no_more_for_ever() {
    daemon_of_a_copy
    rm "$DB.lock"
    DEADLINE=80 wait_until "it notices" daemon_said 'lock file .* it is taken again'
    expect_match "the lock file" "$(cat "$DB.lock")" "^$DAEMON flexsyncd /"
    expect_equal "syncs" "$(cycles)" 1
    stop_daemon
}
