# The database on a full disk, locked, damaged, or somebody else's.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

# small_disk SIZE: a tmpfs at $T/disk, where the database is from now on.
small_disk() {
    mkdir -p "$T/disk"
    mount -t tmpfs -o "size=$1" tmpfs "$T/disk" 2>/dev/null || skip_impossible "no tmpfs can be mounted here (not root?)"
    echo "$T/disk" >"$T/mounted.disk"
    DB=$T/disk/contacts.db
}

test_a_disk_that_fills_up_is_74_and_nothing_is_corrupt_for_ever() {
    start_sim --contacts 900 --deleted-share 0
    small_disk 3m
    write_conf
    sync
    expect_status 74
    expect_match "stderr" "$(cat "$ERR")" 'make room on its disk'
    expect_sql "integrity" "PRAGMA integrity_check" ok
    mount -o remount,size=64m "$T/disk"
    sync
    expect_status 0
    expect_complete
    expect_columns_follow_flex_data
    expect_second_sync_changes_nothing
}

# small_tmp SIZE: a tmpfs at $T/tmp.
small_tmp() {
    mkdir -p "$T/tmp"
    mount -t tmpfs -o "size=$1" tmpfs "$T/tmp" 2>/dev/null || skip_impossible "no tmpfs can be mounted here (not root?)"
    echo "$T/tmp" >"$T/mounted.tmp"
}

test_a_full_TMPDIR_holds_up_no_sync() {
    start_sim --contacts 6000 --deleted-share 0
    small_tmp 64k
    write_conf limits.hourly=20000 limits.daily=40000 limits.monthly=80000
    TMPDIR=$T/tmp sync
    expect_status 0
    expect_log 'status, records_listed' 'success|6000'
}

test_a_file_system_of_temporary_files_that_is_full_is_named_and_the_row_says_failed_for_ever() {
    start_sim --contacts 6000 --deleted-share 0
    small_tmp 64k
    write_conf limits.hourly=20000 limits.daily=40000 limits.monthly=80000
    SQLITE_TMPDIR=$T/tmp sync
    expect_status 74
    expect_match "stderr" "$(cat "$ERR")" "file system of the temporary files: make room there \(df -h $T/tmp\), or set SQLITE_TMPDIR"
    expect_no_match "stderr" "$(cat "$ERR")" 'make room on its disk'
    expect_log 'status, exit_status' 'failed|74'
    expect_match "its row" "$(log_row error_message)" 'the temporary files'
    sync
    expect_status 0
    expect_complete
}

test_the_file_system_of_the_database_that_is_full_is_named_and_the_row_says_failed_for_ever() {
    start_sim --contacts 900 --deleted-share 0
    small_disk 3m
    write_conf
    SQLITE_TMPDIR=/tmp sync
    expect_status 74
    expect_match "stderr" "$(cat "$ERR")" "make room on its disk \(df -h $T/disk\)"
    mount -o remount,size=64m "$T/disk"
    expect_log 'status, exit_status' 'failed|74'
}

test_a_disk_that_is_full_before_the_first_byte_is_74() {
    start_sim --contacts 20
    small_disk 64k
    write_conf
    head -c 100000 /dev/zero >"$T/disk/ballast" 2>/dev/null || true
    sync
    expect_status 74
    expect_match "stderr" "$(cat "$ERR")" 'make room on its disk'
    rm "$T/disk/ballast"
    mount -o remount,size=16m "$T/disk"
    sync
    expect_status 0
    expect_complete
}

test_the_daemon_outlives_a_full_disk_and_goes_on_when_there_is_room_for_ever() {
    start_sim --contacts 900 --deleted-share 0
    small_disk 3m
    write_conf sync.interval='"1s"'
    start_daemon
    DEADLINE=90 wait_until "trouble is told" daemon_said 'make room on its disk'
    DEADLINE=90 wait_until "a cycle failed" daemon_said 'contacts: failed'
    kill -0 "$DAEMON" || fail "the daemon ended"
    expect_equal "integrity" "$(sqlite3 -readonly "$DB" 'PRAGMA integrity_check')" ok
    mount -o remount,size=64m "$T/disk"
    wait_until "a whole sync" cycles_are_at_least 1 "status = 'success'"
    stop_daemon
    expect_all_as_the_server_has_them
    expect_whole_database
}

# lock_database: another connection has it for itself until unlock_database.
lock_database() {
    : >"$T/locked"
    exec 7> >(exec stdbuf -oL sqlite3 -cmd '.timeout 10000' "$DB" >"$T/locked" 2>&1)
    echo "BEGIN IMMEDIATE; SELECT 'locked';" >&7
    wait_until "it is locked" grep -q '^locked' "$T/locked"
}

unlock_database() {
    echo "COMMIT;" >&7
    exec 7>&-
    wait_until "the database is free" sqlite3 "$DB" 'BEGIN IMMEDIATE; ROLLBACK'
}

test_a_database_that_is_locked_from_the_beginning_is_74_for_ever() {
    start_sim --contacts 40
    write_conf
    sync
    expect_status 0
    local before
    before=$(contents)
    lock_database
    sync
    expect_status 74
    expect_match "stderr" "$(cat "$ERR")" 'keeps it locked; end that program'
    unlock_database
    expect_equal "the database" "$(contents)" "$before"
    expect_second_sync_changes_nothing
}

test_a_database_that_stays_locked_from_the_midst_of_a_cycle_is_74_for_ever() {
    start_sim --contacts 40 --latency 100
    write_conf limits.concurrent=1
    "$SYNC" -c "$CONF" sync >sync.out 2>sync.err &
    local pid=$!
    OUT=sync.out ERR=sync.err STATUS=0
    wait_until "records are asked for" records_asked_for 3
    lock_database
    wait $pid || STATUS=$?
    expect_status 74
    expect_match "stderr" "$(cat "$ERR")" 'keeps it locked; end that program'
    unlock_database
    expect_sql "integrity" "PRAGMA integrity_check" ok
    sim 'config?latency=0' >/dev/null
    write_conf
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

records_asked_for() { [ "$(stat_of by_kind.detail)" -ge "$1" ]; }

test_a_lock_that_passes_is_waited_for() {
    start_sim --contacts 40 --latency 30
    write_conf limits.concurrent=2
    "$SYNC" -c "$CONF" sync >sync.out 2>sync.err &
    local pid=$!
    OUT=sync.out ERR=sync.err STATUS=0
    wait_until "records are asked for" records_asked_for 5
    lock_database
    wait_until "all have been asked for, or it waits" records_or_trouble
    unlock_database
    wait $pid || STATUS=$?
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

records_or_trouble() { records_asked_for 40 || grep -q 'keeps it locked' sync.err; }

test_the_daemon_outlives_a_locked_database_for_ever() {
    start_sim --contacts 40
    write_conf sync.interval='"1s"'
    start_daemon
    wait_until "a sync" cycles_are_at_least 1 "status = 'success'"
    lock_database
    wait_until "trouble is told" daemon_said 'keeps it locked; end that program'
    wait_until "a cycle failed" daemon_said '<3>contacts: failed|<3>cannot'
    unlock_database
    local n
    n=$(cycles)
    wait_until "it goes on" cycles_are_at_least 1 "status = 'success' AND id > $n"
    sim 'add?n=2' >/dev/null
    kill -HUP "$DAEMON" # that lists, whether it is worth it or not
    wait_until "new ones arrive" sql_says 'SELECT count(*) FROM contacts' 42
    stop_daemon
    expect_whole_database
}

test_sigterm_ends_the_daemon_soon_while_the_database_is_locked() {
    start_sim --contacts 40 --latency 50
    write_conf limits.concurrent=1
    start_daemon
    wait_until "records are asked for" records_asked_for 3
    lock_database
    wait_until "trouble is told" daemon_said 'keeps it locked; end that program'
    kill -TERM "$DAEMON"
    DEADLINE=15 daemon_ended
    expect_status 0
    unlock_database
    expect_sql "integrity" "PRAGMA integrity_check" ok
}

# refused_and_untouched MESSAGE: by command and daemon, exit 74, not a byte of the file changed.
refused_and_untouched() {
    local before
    before=$(sha256sum <"$DB")
    sync
    expect_status 74
    expect_match "stderr of flexsync" "$(cat "$ERR")" "$1"
    expect_equal "the file" "$(sha256sum <"$DB")" "$before"
    start_daemon
    daemon_ended
    expect_status 74
    expect_match "stderr of flexsyncd" "$(cat "$ERR")" "$1"
    expect_equal "the file" "$(sha256sum <"$DB")" "$before"
    expect_equal "requests" "$(stat_of total)" 0
}

test_a_file_that_is_no_database_is_74_and_untouched() {
    start_sim --contacts 5
    write_conf
    head -c 50000 /dev/urandom >"$DB"
    refused_and_untouched 'not a database; restore a backup: flexsync restore FILE, or move it away'
}

test_a_database_of_another_program_is_74_and_untouched() {
    start_sim --contacts 5
    write_conf
    sqlite3 "$DB" "CREATE TABLE invoices (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO invoices VALUES (1, 'precious')"
    refused_and_untouched 'database of another program'
    expect_equal "files beside it" "$(find "$T" -name 'contacts.db-*' | wc -l)" 0
}

test_a_database_of_another_program_that_has_contacts_too_is_untouched() {
    start_sim --contacts 5
    write_conf
    sqlite3 "$DB" "PRAGMA application_id = 1234; CREATE TABLE contacts (id INTEGER PRIMARY KEY, contact_id TEXT, text TEXT)"
    refused_and_untouched 'database of another program'
}

test_a_database_of_a_newer_version_is_74_and_untouched() {
    start_sim --contacts 5
    write_conf
    sync
    expect_status 0
    sqlite3 "$DB" 'PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE' >/dev/null
    sim reset-stats >/dev/null
    refused_and_untouched 'newer version'
}

test_a_damaged_database_is_found_after_an_unclean_end_and_untouched() {
    start_sim --contacts 300
    write_conf
    sync
    expect_status 0
    # As a crash leaves it, with pages of noise in its middle.
    sqlite3 "$DB" "UPDATE meta SET value = '0' WHERE key = 'clean'; PRAGMA wal_checkpoint(TRUNCATE)" >/dev/null
    dd if=/dev/urandom of="$DB" bs=4096 seek=40 count=60 conv=notrunc status=none
    sim reset-stats >/dev/null
    refused_and_untouched 'damaged|malformed|corrupt'
}

test_a_folder_that_is_missing_is_73_with_a_remedy() {
    start_sim --contacts 5
    write_conf database.path="\"$T/no/such/folder/contacts.db\""
    sync
    expect_status 73
    expect_match "stderr" "$(cat "$ERR")" 'make the folder of the database'
    start_daemon
    daemon_ended
    expect_status 73
    expect_no_match "stderr of the daemon" "$(cat "$ERR")" 'ReadWritePaths'
    DAEMON_ENV=(INVOCATION_ID=0123456789abcdef) # as systemd sets it
    start_daemon
    daemon_ended
    expect_status 73
    expect_match "under systemd" "$(cat "$ERR")" 'make the folder of the database.*; the unit must allow it too: systemctl edit flexsyncd, \[Service\], ReadWritePaths='
}

test_a_table_of_the_owner_with_a_name_that_is_needed_is_named_with_what_to_do() {
    start_sim --contacts 5 --deleted-share 0
    write_conf
    sqlite3 "$DB" "CREATE TABLE contacts (id INTEGER PRIMARY KEY AUTOINCREMENT, contact_id TEXT UNIQUE NOT NULL, first_name TEXT,
        flex_data TEXT); INSERT INTO contacts (contact_id) VALUES ('$(some_id 1)');
        CREATE TABLE contact_state (mine TEXT); INSERT INTO contact_state VALUES ('precious')"
    sim reset-stats >/dev/null
    refused_and_untouched 'has a table of its own, contact_state, and this program needs that name; nothing was changed'
    local remedy
    remedy=$(sed -nE 's/.*sqlite3 [^"]*"([^"]*)".*/\1/p' "$ERR" | head -n 1)
    expect_equal "what to do" "$remedy" 'ALTER TABLE contact_state RENAME TO my_contact_state'
    sqlite3 "$DB" "$remedy"
    sync
    expect_status 0
    expect_complete
    expect_sql "the owner's table" "SELECT mine FROM my_contact_state" precious
}

test_a_database_with_nothing_of_ours_is_told_by_what_it_has() {
    start_sim --contacts 5
    write_conf
    sqlite3 "$DB" "CREATE VIEW contact_emails AS SELECT 1 AS email"
    refused_and_untouched 'database of another program \(it has a view contact_emails\)'
}
