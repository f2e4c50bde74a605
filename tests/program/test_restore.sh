# Files that must not be lost: restore, and what commands may not overwrite.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

# a_copy [SETTINGS…]: one sync of 30 contacts.
a_copy() {
    start_sim --contacts 30 --deleted-share 0
    write_conf "$@"
    sync
    expect_status 0
}

contacts_are() { expect_sql "contacts" "SELECT count(*) FROM contacts" "$1"; }

# What is said, and that nothing changed.
expect_refused_restore() { # FILE STATUS TEXT
    local before
    before=$(contents)
    cli restore "$1"
    expect_status "$2"
    expect_match "restore $1" "$(cat "$ERR")" "$3"
    expect_equal "the database" "$(contents)" "$before"
    expect_equal "files beside it" "$(find . -maxdepth 1 -name 'contacts.db.*' ! -name '*.lock')" ""
}

# As after a crash: the -wal of what is replaced is there and full. A plain copy of the file would be spoilt by it.
test_a_restore_after_a_crash_does_not_apply_the_old_wal() {
    a_copy
    cli backup backup.db
    expect_status 0
    expect_match "what backup says" "$(cat "$OUT")" 'flexsync restore backup.db'
    sim 'add?n=40' >/dev/null
    sim 'edit?n=20' >/dev/null
    exec 8> >(exec sqlite3 "$DB" >reader.out)
    local reader=$!
    echo "BEGIN; SELECT count(*) FROM contacts;" >&8
    wait_until "the reader reads" test -s reader.out
    sync
    expect_status 0
    cp "$DB" crashed.db; cp "$DB-wal" crashed.db-wal
    expect_at_least "bytes in the WAL" "$(stat -c %s crashed.db-wal)" 4096

    expect_refused_restore_busy
    exec 8>&-
    wait_until "the reader is gone" sh -c "! kill -0 $reader"
    mv crashed.db "$DB"; mv crashed.db-wal "$DB-wal"; rm -f "$DB-shm"
    chmod 0644 "$DB"
    [ "$(id -u)" -ne 0 ] || chown daemon:daemon "$DB"
    cli restore backup.db
    expect_status 0
    expect_match "what restore says" "$(cat "$OUT")" "contacts.db is restored from backup.db, checked: 30 contacts; what it was before is kept in "
    contacts_are 30
    expect_whole_database
    expect_equal "its mode" "$(stat -c %a "$DB")" 644
    [ "$(id -u)" -ne 0 ] || expect_equal "its owner and group" "$(stat -c %U:%G "$DB")" daemon:daemon
    [ ! -e "$DB-wal" ] || [ ! -s "$DB-wal" ] || fail "the old WAL is still there"
    local aside
    aside=$(ls contacts.db.replaced-*)
    expect_equal "contacts in what was replaced" "$(sqlite3 "$aside" 'SELECT count(*) FROM contacts')" 70
    sync
    expect_status 0
    expect_complete
}

expect_refused_restore_busy() {
    cli restore backup.db
    expect_status 74
    expect_match "restore beside a reader" "$(cat "$ERR")" 'another program is reading'
    contacts_are 70
}

test_what_is_no_backup_is_not_restored_and_changes_nothing() {
    a_copy
    local name
    cli backup backup.db
    expect_refused_restore none.db 74 'cannot read none.db: No such file'
    expect_refused_restore "$DB" 64 'is the database itself'
    printf 'SQLite' >text.db
    expect_refused_restore text.db 74 'file is not a database'
    sqlite3 other.db 'CREATE TABLE other (x)'
    expect_refused_restore other.db 74 'a database of another program'
    : >empty.db
    expect_refused_restore empty.db 74 'empty.db holds no database of this program'
    sqlite3 backup.db .dump | sqlite3 dumped.db
    expect_refused_restore dumped.db 74 'dumped.db was made of the output of .dump'
    for name in status list sync; do
        DB_PATH=$T/dumped.db cli $name
        expect_match "$name of a dump" "$(cat "$OUT" "$ERR")" 'made of the output of .dump.*flexsync restore FILE'
        [ $name = status ] || expect_status 74
    done
    cp backup.db newer.db
    sqlite3 newer.db 'PRAGMA user_version = 99'
    expect_refused_restore newer.db 74 'newer version of this program'
    cp backup.db damaged.db
    dd if=/dev/urandom of=damaged.db bs=4096 seek=3 count=20 conv=notrunc status=none
    expect_refused_restore damaged.db 74 'damaged.db.*(damaged|malformed).*another backup'

    start_daemon
    wait_until "the daemon has it" daemon_said 'contacts: success'
    expect_refused_restore backup.db 75 'systemctl stop flexsyncd && flexsync restore backup.db'
    stop_daemon
    rm -f "$DB" "$DB-wal" "$DB-shm"
    cli restore backup.db
    expect_status 0
    contacts_are 30
    expect_equal "mode of one that is made" "$(stat -c %a "$DB")" 640
}

# A database that cannot be read any more is what a backup is for.
test_a_destroyed_database_is_replaced_and_kept() {
    a_copy
    cli backup backup.db
    dd if=/dev/urandom of="$DB" bs=4096 count=20 conv=notrunc status=none
    echo remains >"$DB-wal"
    cli list
    expect_status 74
    expect_match "what to do" "$(cat "$ERR")" 'flexsync restore FILE'
    cli restore backup.db
    expect_status 0
    contacts_are 30
    expect_whole_database
    expect_equal "the -wal of what was replaced" "$(cat contacts.db.replaced-*-wal)" remains
}

# refuses_output COMMAND…: with what is said, and every file of the program as it was.
refuses_output() {
    cli "$@"
    expect_status 64
    expect_match "$*" "$(cat "$ERR")" 'that this program needs; it was left as it is: name another file'
}
own_files() { sha256sum contacts.db quota.db flexsync.conf secret/key log.txt contacts.db.lock; ls -i contacts.db* quota.db*; }

test_no_command_writes_over_the_files_that_the_program_lives_on() {
    a_copy 'log.file="log.txt"'
    : >log.txt
    local before name
    before=$(own_files)
    refuses_output backup "$DB"
    for name in contacts.db contacts.db-wal contacts.db-shm contacts.db-journal contacts.db.lock quota.db \
        quota.db-journal flexsync.conf secret/key log.txt; do
        refuses_output export --format csv -o "$name"
    done
    ln quota.db hard.csv
    ln -s contacts.db soft.csv
    mkdir folder
    ln -s .. folder/up
    refuses_output export -o hard.csv
    refuses_output export -o soft.csv
    refuses_output export --format csv -o folder/up/contacts.db-journal
    refuses_output backup quota.db-wal
    refuses_output check --save quota.db-wal
    mkdir conf.d
    refuses_output export --format csv -o conf.d/50-mine.conf
    rm hard.csv soft.csv
    expect_equal "its own files" "$(own_files)" "$before"

    start_daemon # the same while it runs
    wait_until "the daemon has it" daemon_said 'contacts: success'
    refuses_output export --format csv -o contacts.db
    refuses_output backup contacts.db-wal
    stop_daemon
    expect_whole_database
}


# The folder of a service whose daemon never ran, and an administrator who looks first.
test_what_root_makes_belongs_to_the_owner_of_the_folder_whatever_the_umask() {
    start_sim --contacts 30 --deleted-share 0
    mkdir service
    DB=$T/service/contacts.db
    write_conf 'log.file="service/log.txt"' 'log.error_file="service/errors.txt"'
    local who
    who=$(id -un):$(id -gn)
    if [ "$(id -u)" -eq 0 ]; then
        who=daemon:daemon
        chown $who service
    fi
    umask 077
    cli check
    expect_match "files" "$(ls service)" 'quota.db'
    sync
    expect_status 0
    start_daemon --once
    daemon_ended
    expect_status 0
    sqlite3 service/quota.db 'BEGIN IMMEDIATE; DELETE FROM usage; ROLLBACK'
    local file
    for file in contacts.db contacts.db-wal contacts.db-shm contacts.db.lock quota.db log.txt errors.txt; do
        expect_equal "mode, owner and group of $file" "$(stat -c '%a %U:%G' "service/$file")" "640 $who"
    done
    umask 022

    # Neither is made where a link points, nor is one that another user made followed.
    local name
    for name in contacts.db quota.db; do
        mv "service/$name" "service/$name.kept"
        ln -s "$T/victim" "service/$name"
        sync
        expect_status 73
        expect_match "what is said" "$(cat "$OUT" "$ERR")" "$name.*it is a symbolic link that is not followed"
        expect_equal "files where the link points" "$(find . -name 'victim*')" ""
        if [ "$(id -u)" -eq 0 ]; then
            : >victim
            chown -h daemon "service/$name"
            sync
            expect_status 73
            [ ! -s victim ] || fail "root wrote where another user's link points"
            rm -f victim
        fi
        mv "service/$name.kept" "service/$name"
    done
    sync
    expect_status 0
}

# As README.md says, from the quick start to the package.
test_a_trial_is_taken_over_with_its_quota() {
    local owner=()
    mkdir trial service
    [ "$(id -u)" -ne 0 ] || { owner=(-o daemon -g daemon); chown daemon:daemon service; }
    DB=$T/trial/contacts.db
    a_copy "database.path=\"$DB\""
    DB=$T/service/contacts.db
    write_conf "database.path=\"$DB\""
    cli restore trial/contacts.db
    expect_status 0
    cli quota
    expect_match "the quota without the ledger" "$(cat "$OUT")" 'hour +0 '
    install "${owner[@]}" -m 640 trial/quota.db service/quota.db
    contacts_are 30
    [ "$(id -u)" -ne 0 ] || expect_equal "owner" "$(stat -c %U:%G "$DB")" daemon:daemon
    cli quota
    expect_match "the quota with it" "$(cat "$OUT")" 'hour +32 '
    sync
    expect_status 0
    expect_log 'status, records_inserted, records_updated' 'success|0|0'
}
