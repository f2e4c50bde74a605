# What people type to look at contacts: lists, search, cards, changes, copies, erasing.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

# filled N: a server of N contacts and a copy of it.
filled() {
    start_sim --contacts "$1"
    write_conf
    sync
    expect_status 0
}

# named ID NAME: the server has this name for that contact, and the copy too.
named() {
    script "detail id=$1 => replace-field name \"$2\""
    sync --full
    expect_status 0
    script
}

test_every_listing_has_json_as_its_schema_says() {
    filled 60
    sim 'edit?n=5&kind=rename' >/dev/null
    sim 'remove?n=2' >/dev/null
    sync --full
    expect_status 0
    local words
    for words in 'list' 'list --active --type Vendor' 'list --type nothing' 'search a' 'search nobodyatall' 'show 1' 'show 2' \
        'changes' 'changes 1' 'changes --since 1d' 'history' 'status' 'quota'; do
        # shellcheck disable=SC2086
        cli $words --json
        expect_status 0
        expect_schema "${words%% *}"
    done
    # A schema that takes anything would be none.
    echo '{"version": 1, "contacts": [{"id": 1}]}' >"$OUT"
    /usr/bin/python3 "$SCHEMAS/validate.py" "$SCHEMAS/list.json" "$OUT" >schema.out 2>&1 && fail "half a contact is taken for one"
    for words in status quota history; do
        cli "$words" --json
        sed -i '2i "more": 1,' "$OUT"
        expect_json "$OUT"
        /usr/bin/python3 "$SCHEMAS/validate.py" "$SCHEMAS/$words.json" "$OUT" >schema.out 2>&1 && fail "$words may say anything"
    done
    return 0
}

test_the_list_can_be_narrowed() {
    filled 300
    cli list --type company --has email,phone
    expect_status 0
    expect_equal "companies with both" "$(wc -l <"$OUT")" \
        "$(sql "SELECT count(*) FROM contacts WHERE contact_type = 'Company' AND email IS NOT NULL AND phone IS NOT NULL")"
    cli list --type vendors --active
    expect_equal "vendors" "$(wc -l <"$OUT")" \
        "$(sql "SELECT count(DISTINCT contact_id) FROM contacts JOIN contact_resource_types t USING (contact_id) WHERE t.name = 'Vendor' AND status = 'Active'")"
    cli list --has address
    expect_equal "with an address" "$(wc -l <"$OUT")" "$(sql "SELECT count(DISTINCT contact_id) FROM contact_addresses")"
    cli list --since 1d
    expect_equal "changed today" "$(wc -l <"$OUT")" 300
    cli list --type Nobody
    expect_status 0
    expect_equal "lines" "$(wc -l <"$OUT")" 0
    expect_match "stderr" "$(cat "$ERR")" 'no contact is of the kind "Nobody"; the kinds that there are: .*Company, .*Individual.*, Vendor'
    sql "SELECT DISTINCT name FROM contact_resource_types UNION SELECT DISTINCT contact_type FROM contacts ORDER BY 1" | paste -sd, | sed 's/,/, /g' >kinds
    cli list --type Firma --json
    expect_equal "what is said" "$(cat "$ERR")" "flexsync: no contact is of the kind \"Firma\"; the kinds that there are: $(cat kinds)"
    cli list --type company --since 2099-01-01
    expect_match "stderr" "$(cat "$ERR")" 'no contact fits these options; all contacts: flexsync list'
    cli list --has emial
    expect_status 64
    expect_match "stderr" "$(cat "$ERR")" 'did you mean email\?'
}

test_the_search_finds_mueller_without_the_accent_and_shows_what_matched() {
    filled 60
    named "$(some_id 7)" 'Änne Müller'
    local words
    for words in muller MÜLLER 'müll anne' 'mul ann'; do
        # shellcheck disable=SC2086
        cli search $words
        expect_status 0
        expect_match "search $words" "$(cat "$OUT")" 'Änne Müller .*name: .*\[Müller\]'
    done
    cli search muller --json
    expect_equal "total" "$(json "$OUT" total)" 1
    expect_equal "matched" "$(json "$OUT" contacts[0].matched.name)" 'Änne [Müller]'
    cli search xyznobody
    expect_status 0
    expect_equal "stdout" "$(cat "$OUT")" ""
    expect_match "stderr" "$(cat "$ERR")" 'nobody matches'
    cli search -n 2 a
    expect_equal "contacts shown" "$(grep -cE '^ +[0-9]+  ' "$OUT")" 2
    expect_match "stderr" "$(cat "$ERR")" 'the best 2 of [0-9]+; add a word'
    NO_COLOR=1 cli search muller
    grep -q $'\x1b' "$OUT" && fail "escape sequences in a file"
    return 0
}

test_no_text_to_search_for_is_a_syntax_error() {
    filled 20
    local words
    for words in '"' '""' '*' 'a OR' 'NEAR(' 'NEAR(a b, 2)' 'name:x' '^a' '(' '{name} : a' "'" "; DROP TABLE contacts" 'a"b' 'NOT'; do
        cli search -- "$words"
        expect_status 0
        expect_no_match "stderr of $words" "$(cat "$ERR")" 'syntax|cannot'
    done
    cli search -- ''
    expect_status 64
    expect_match "stderr" "$(cat "$ERR")" 'there is nothing to look for'
}

test_show_is_a_card_for_a_person() {
    filled 60
    local id
    id=$(sql "SELECT contact_id FROM contact_phones JOIN contact_emails USING (contact_id) JOIN contact_addresses USING (contact_id) GROUP BY 1 HAVING count(*) > 1 LIMIT 1")
    cli show "$id"
    expect_status 0
    local card phone mail
    card=$(cat "$OUT")
    expect_match "card" "$card" "contact_id +$id  \(number [0-9]+\)"
    expect_match "card" "$card" $'\n'"Checked +$CLOCK "
    while read -r phone; do expect_match "card" "$card" "$phone"; done \
        < <(sql "SELECT replace(replace(replace(dial_number, '(', '\\('), ')', '\\)'), '+', '\\+') FROM contact_phones WHERE contact_id = '$id'")
    while read -r mail; do expect_match "card" "$card" "$mail"; done < <(sql "SELECT email FROM contact_emails WHERE contact_id = '$id'")
    while read -r mail; do expect_match "card" "$card" "$mail"; done < <(sql "SELECT line1 FROM contact_addresses WHERE contact_id = '$id' AND line1 IS NOT NULL")
    cli show "$(sql "SELECT id FROM contacts WHERE contact_id = '$id'")"
    expect_equal "by its number" "$(cat "$OUT")" "$card"
    cli show nobody
    expect_status 64
    expect_equal "stderr" "$(cat "$ERR")" "flexsync: there is no contact nobody; flexsync search NAME finds it, flexsync list shows all"
}

test_changes_are_told_field_by_field() {
    filled 40
    local id old
    id=$(some_id 9)
    old=$(sql "SELECT name FROM contacts WHERE contact_id = '$id'")
    sqlite3 "$DB" "UPDATE contact_changes SET changed_at = datetime('now', '-30 days')"
    named "$id" 'Bea Brightly'
    cli changes --since 1d
    expect_status 0
    expect_match "changes" "$(cat "$OUT")" "changed +Bea Brightly"$'\n'
    grep -qF "        name: $old -> Bea Brightly" "$OUT" || fail "the name is not told: $(cat "$OUT")"
    expect_equal "lines" "$(wc -l <"$OUT")" 2
    cli changes "$id"
    expect_match "all changes of one" "$(cat "$OUT")" 'changed .*inserted'
    cli changes "$id" --json
    expect_equal "before" "$(json "$OUT" changes[0].before.name)" "$old"
    expect_equal "after" "$(json "$OUT" changes[0].after.name)" 'Bea Brightly'
    cli changes -n 3
    expect_equal "changes shown" "$(grep -cE '^[^ ]' "$OUT")" 3
    sim "edit?id=$id&kind=hidden" >/dev/null
    sync
    cli changes -n 1
    local date='[0-9-]{10}T[0-9:]{8} UTC'
    expect_match "a date of Flex" "$(cat "$OUT")" "        lastEditDate: $date -> $date"$'\n'
    cli changes nobody
    expect_status 64
    cli changes --since tomorrow
    expect_status 64
    expect_match "stderr" "$(cat "$ERR")" '7d, 24h'
}

test_a_backup_is_taken_while_the_daemon_writes_and_can_be_used() {
    start_sim --contacts 400 --latency 5
    write_conf limits.concurrent=2
    start_daemon
    wait_until "records are stored" sql_says "SELECT count(*) > 20 FROM contact_state WHERE content_hash IS NOT NULL" 1
    mkdir copies
    cli backup copies/one.db
    expect_status 0
    expect_match "stdout" "$(cat "$OUT")" '^400 contacts in copies/one.db, .*, checked; to use it: flexsync restore copies/one.db$'
    expect_equal "files" "$(ls copies)" one.db
    expect_equal "rights" "$(stat -c %a copies/one.db)" 600
    expect_equal "integrity" "$(sqlite3 copies/one.db 'PRAGMA integrity_check')" ok
    wait_until "success" cycles_are 1 "status = 'success'"
    stop_daemon
    cli backup copies/one.db # in the place of the other
    expect_status 0
    expect_equal "contacts in the copy" "$(sqlite3 copies/one.db "SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL")" 400
    "$SYNC" -c "$CONF" backup - >copies/two.db
    expect_equal "integrity" "$(sqlite3 copies/two.db 'PRAGMA integrity_check')" ok
    cli backup "$DB"
    expect_status 64
    expect_match "stderr" "$(cat "$ERR")" 'is the database, or a file beside it that this program needs'
    cli backup none/one.db
    expect_status 73
    cli backup copies
    expect_status 64
    rm "$DB"*
    cp copies/one.db "$DB"
    sync
    expect_status 0
    expect_complete
}

test_forget_erases_an_inactive_contact_and_no_active_one() {
    filled 40
    local id name
    id=$(some_id 11)
    named "$id" 'Xanthippe Unforgettable'
    cli forget "$id"
    expect_status 64
    expect_match "stderr" "$(cat "$ERR")" 'is Active, .*delete it in Flex'
    sim "remove?id=$id" >/dev/null
    sync
    expect_status 0
    start_daemon
    wait_until "a cycle" daemon_said '<6>contacts: success'
    cli forget "$id"
    expect_status 75
    expect_match "stderr" "$(cat "$ERR")" "flexsyncd \(process $DAEMON\) is writing .*systemctl stop flexsyncd && flexsync forget $id"
    stop_daemon
    expect_sql "it is there" "SELECT count(*) FROM contacts WHERE contact_id = '$id'" 1
    reader_begins
    cli forget "$id"
    expect_status 74
    expect_match "stderr" "$(cat "$ERR")" "process $READER \(sqlite3\) reads .*nothing is erased while it does; end that program"
    reader_ends
    expect_sql "it is there" "SELECT count(*) FROM contacts WHERE contact_id = '$id'" 1
    cli forget "$id"
    expect_status 0
    expect_match "stdout" "$(cat "$OUT")" 'Xanthippe Unforgettable is erased'
    expect_sql "contacts and changes" "SELECT (SELECT count(*) FROM contacts WHERE contact_id = '$id') + (SELECT count(*) FROM contact_changes WHERE contact_id = '$id')" 0
    grep -qaiF unforgettable "$DB" "$DB-wal" && fail "there are traces of it in the file"
    expect_whole_database
    cli forget "$id"
    expect_status 64
    cli search unforgettable
    expect_equal "found" "$(cat "$OUT")" ""
    sync
    expect_status 0
    expect_complete
}

test_slips_of_the_pen_are_told_what_was_meant() {
    filled 3
    local typed meant
    while read -r typed meant; do
        cli "$typed"
        expect_status 64
        expect_equal "stderr" "$(cat "$ERR")" "flexsync: there is no command $typed; did you mean $meant? Try: flexsync --help"
    done <<'CASES'
lits list
serch search
exprot export
stauts status
chagnes changes
bakcup backup
CASES
    cli bogus
    expect_equal "stderr" "$(cat "$ERR")" "flexsync: there is no command bogus; try: flexsync --help"
    cli list --jsno
    expect_match "stderr" "$(cat "$ERR")" '--jsno; did you mean --json\? Try: flexsync list --help'
    local command
    cli help
    expect_status 0
    for command in sync status history list search show changes export quota check backup forget help; do
        grep -qE "^  $command +[a-z]" "$OUT" || fail "help does not name $command"
    done
    for command in sync status history list search show changes export quota check backup forget help; do
        cli help $command
        expect_status 0
        expect_match "help $command" "$(cat "$OUT")" "^Usage: flexsync \[-c FILE\] $command .*Example: flexsync $command"
        cp "$OUT" help.first
        cli $command --help
        cmp "$OUT" help.first || fail "help $command and $command --help differ"
    done
    cli help lits
    expect_status 64
}

# as_member WORDS…: flexsync as somebody who is in the group of the database and owns nothing.
as_member() {
    STATUS=0 OUT=$T/member.out ERR=$T/member.err
    (cd "$T/own" && setpriv --reuid 4712 --regid 4712 --groups 4711 "$SYNC" -c "$CONF" "$@") >"$OUT" 2>"$ERR" || STATUS=$?
}

member_can_do_everything_but_write() {
    local words
    for words in status history list 'search a' 'show 1' changes quota 'list --json' 'export -o x.csv' 'export -o x.xlsx' \
        'export -o x.vcf' 'export -o x.jsonl' 'backup x.db' help; do
        # shellcheck disable=SC2086
        as_member $words
        [ "$STATUS" = 0 ] || fail "'$words' ends with $STATUS: $(cat "$ERR")"
    done
    expect_equal "integrity of the copy" "$(sqlite3 -readonly "$T/own/x.db" 'PRAGMA integrity_check')" ok
    rm -f "$T"/own/x.*
}

test_a_member_of_the_group_can_use_every_reading_command() {
    [ "$(id -u)" = 0 ] || skip_impossible "only root can be somebody else"
    chmod 711 "$T" "$T/.." "$T/../.."
    mkdir data own
    chgrp 4711 data
    chmod 2750 data
    chown 4712 own
    chmod 700 secret
    DB=$T/data/contacts.db
    start_sim --contacts 200 --latency 10
    write_conf limits.concurrent=2 database.path="\"$DB\""
    chmod 644 "$CONF"
    setpriv --reuid 4712 --regid 4712 --groups 4711 "$SYNC" --version >/dev/null 2>&1 || skip_impossible "the programs are not readable for others"
    start_daemon
    wait_until "records are stored" sql_says "SELECT count(*) > 5 FROM contact_state WHERE content_hash IS NOT NULL" 1
    member_can_do_everything_but_write # while it writes
    sim 'config?latency=0' >/dev/null
    wait_until "success" cycles_are 1 "status = 'success'"
    member_can_do_everything_but_write # while it waits
    stop_daemon
    member_can_do_everything_but_write # when it is stopped
    as_member forget 1
    expect_status 74
    expect_match "stderr" "$(cat "$ERR")" 'its owner alone erases: sudo -u flexsync flexsync forget 1'
    kill -0 "$SIM_PID"
}
