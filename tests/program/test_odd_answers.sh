# Answers that are JSON and yet odd: kept, counted, never dropped in silence.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

contacts_60() {
    start_sim --contacts 60 --deleted-share 0 "$@"
    write_conf 'log.file="'"$T/app.log"'"'
}

not_proven_whole() { # the listing stays odd: partial, and says so
    sync
    expect_status 2
    expect_log status partial
    expect_match "error_message" "$(log_row error_message)" 'could not be proven whole'
    expect_match "the log" "$(cat "$T/app.log")" 'not proven whole'
}

test_a_total_that_is_too_high_never_counts_as_success() {
    contacts_60
    script 'list => wrong-total 1'
    not_proven_whole
    expect_log 'records_listed, records_expected, records_fetched' '60|61|60'
    expect_all_as_the_server_has_them
    sim 'remove?n=1' >/dev/null
    not_proven_whole
    expect_sql "nobody is taken for gone" "SELECT count(*) FROM contacts WHERE status = 'Inactive'" 0
    script
    sync
    expect_status 0
    expect_sql "the gone one" "SELECT count(*) FROM contacts WHERE status = 'Inactive'" 1
    expect_second_sync_changes_nothing
}

test_a_total_that_is_too_low_never_counts_as_success() {
    contacts_60
    script 'list => wrong-total -1'
    not_proven_whole
    expect_log 'records_listed, records_fetched' '60|60'
    expect_all_as_the_server_has_them
    script
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_total_that_is_wrong_once_is_read_again() {
    contacts_60 --max-size 25
    script 'list nth=2 => wrong-total 3'
    sync
    expect_status 0
    expect_complete
    expect_match "the log" "$(cat "$T/app.log")" 'the listing was read 2 times'
    expect_second_sync_changes_nothing
}

test_a_row_that_is_missing_from_its_page_is_never_taken_for_gone() {
    contacts_60
    sync
    expect_status 0
    local before
    before=$(contents)
    script 'list => drop-row 7'
    not_proven_whole
    expect_log 'records_listed, records_expected, records_deleted' '59|60|0'
    expect_equal "the database" "$(contents)" "$before"
    script
    sync
    expect_status 0
    expect_equal "the database" "$(contents)" "$before"
}

test_a_row_that_is_missing_once_is_found_by_reading_again() {
    contacts_60 --max-size 25
    script 'list nth=2 => drop-row 7'
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_row_that_comes_twice_is_one_contact_and_told_of() {
    contacts_60
    script 'list => duplicate-row 7'
    sync
    expect_status 0
    expect_complete
    expect_match "the log" "$(cat "$T/app.log")" '1 rows? came twice'
    expect_second_sync_changes_nothing
}

test_one_row_lost_and_one_twice_with_the_right_count_never_is_success() {
    contacts_60
    script 'list => drop-row 7' 'list => duplicate-row 9'
    not_proven_whole
    expect_log 'records_listed, records_expected' '59|60'
    script
    sync
    expect_status 0
    expect_complete
}

test_a_row_without_a_usable_id_is_counted_as_failed() {
    local rule
    for rule in 'replace-field content.3.id 5' 'remove-field content.3.id' 'replace-field content.3 "text"' \
        'replace-field content.3.id "../../etc/passwd"' 'replace-field content.3.id "a b?c#d"' \
        'replace-field content.3.id ""'; do
        rm -f "$DB"*
        contacts_60
        script "list => $rule"
        not_proven_whole
        expect_log 'records_listed, records_expected, records_fetched, records_failed' '59|60|59|1'
        script
        sync
        expect_status 0
        expect_complete
        expect_second_sync_changes_nothing
        stop_sim
    done
}

test_a_total_that_is_no_number_leaves_the_proof_to_the_pages() {
    contacts_60 --max-size 25
    script 'list => replace-field totalElements "many"'
    sync
    expect_status 0
    expect_log 'status, records_listed, records_expected' 'success|60|'
    expect_all_as_the_server_has_them
    expect_second_sync_changes_nothing
}

test_odd_values_in_a_listed_row_are_kept_and_change_nothing_twice() {
    contacts_60
    script 'list => replace-field content.3.name {"not": "text"}' 'list => replace-field content.4.barcode 17' \
        'list => replace-field content.5.deleted "perhaps"' 'list => nul content.6.name' \
        'list => duplicate-key content.7.name' 'list => huge-number content.8.barcode' \
        'list => deep 500'
    sync
    expect_status 0
    expect_complete
    expect_columns_follow_flex_data
    expect_second_sync_changes_nothing
}

# Every odd record is kept as it came; what a column cannot hold is NULL there.
test_ill_typed_fields_of_records_are_kept_and_their_columns_null() {
    contacts_60
    local ids
    mapfile -t ids < <(sim ids)
    script "detail id=${ids[0]} => replace-field lastName {\"not\": \"text\"}" \
        "detail id=${ids[1]} => replace-field creditLimit \"much\"" \
        "detail id=${ids[2]} => replace-field organization \"maybe\"" \
        "detail id=${ids[3]} => replace-field phoneNumbers \"none\"" \
        "detail id=${ids[4]} => replace-field phoneNumbers [1, null, \"x\", {\"dialNumber\": 5551234}]" \
        "detail id=${ids[5]} => replace-field internetAddresses {\"a\": 1}" \
        "detail id=${ids[6]} => replace-field addresses [[[]]]" \
        "detail id=${ids[7]} => replace-field discountable 1" \
        "detail id=${ids[8]} => replace-field defaultEmailId [2]" \
        "detail id=${ids[9]} => replace-field resourceTypes 3" \
        "detail id=${ids[10]} => replace-field firstName 42"
    sync
    expect_status 0
    expect_log 'status, records_fetched, records_failed' 'success|60|0'
    expect_match "findings in the log" "$(cat "$T/app.log")" 'kept, though unusual: [0-9]+ fields of an unexpected type'
    expect_sql "last_name" "SELECT last_name IS NULL, json_extract(flex_data, '\$.lastName.not') FROM contacts WHERE contact_id = '${ids[0]}'" '1|text'
    expect_sql "credit_limit" "SELECT credit_limit IS NULL, json_extract(flex_data, '\$.creditLimit') FROM contacts WHERE contact_id = '${ids[1]}'" '1|much'
    expect_sql "contact_type" "SELECT contact_type IS NULL, json_extract(flex_data, '\$.organization') FROM contacts WHERE contact_id = '${ids[2]}'" '1|maybe'
    expect_sql "phone of a text" "SELECT phone IS NULL FROM contacts WHERE contact_id = '${ids[3]}'" 1
    expect_sql "phone of the one usable entry" "SELECT phone FROM contacts WHERE contact_id = '${ids[4]}'" 5551234
    expect_sql "email of an object" "SELECT email IS NULL FROM contacts WHERE contact_id = '${ids[5]}'" 1
    expect_sql "city of nested lists" "SELECT city IS NULL FROM contacts WHERE contact_id = '${ids[6]}'" 1
    expect_sql "discountable of a number" "SELECT discountable IS NULL FROM contacts WHERE contact_id = '${ids[7]}'" 1
    expect_sql "first_name of a number" "SELECT first_name IS NULL FROM contacts WHERE contact_id = '${ids[10]}'" 1
    local view
    for view in contact_emails contact_phones contact_addresses contact_resource_types; do
        sql "SELECT * FROM $view" >/dev/null || fail "$view cannot be read"
    done
    expect_second_sync_changes_nothing
    script
    sync --full
    expect_status 0
    expect_log 'records_updated' 11
    expect_complete
    expect_columns_follow_flex_data
}

test_huge_numbers_nul_characters_and_duplicate_keys_are_kept() {
    contacts_60
    local ids
    mapfile -t ids < <(sim ids)
    script "detail id=${ids[0]} => huge-number" "detail id=${ids[1]} => nul" "detail id=${ids[2]} => duplicate-key" \
        "detail id=${ids[3]} => deep 1000" "detail id=${ids[4]} => huge-number numberSequence" \
        "detail id=${ids[5]} => replace-field brandNewField {\"any\": [1, 2.50, 1E400]}"
    sync
    expect_status 0
    expect_log 'status, records_fetched, records_failed' 'success|60|0'
    expect_match "findings" "$(cat "$T/app.log")" '1 objects? with a name twice, 1 NUL characters?, 3 numbers? beyond 64 bits'
    expect_sql "the number as it came" "SELECT flex_data LIKE '%\"creditLimit\":123456789012345678901234567890123456789012345678901234567890,%', credit_limit IS NULL FROM contacts WHERE contact_id = '${ids[0]}'" '1|1'
    expect_sql "the NUL as it came, and replaced" "SELECT instr(flex_data, 'before\\u0000after') > 0, name FROM contacts WHERE contact_id = '${ids[1]}'" "1|before�after"
    expect_sql "the last of two keys counts" "SELECT name FROM contacts WHERE contact_id = '${ids[2]}'" "second value"
    expect_sql "unknown fields stay" "SELECT instr(flex_data, '[1, 2.50, 1E400]') > 0 FROM contacts WHERE contact_id = '${ids[5]}'" 1
    expect_second_sync_changes_nothing
    cli list -n 70
    expect_status 0
    cli show "${ids[1]}"
    expect_status 0
    cli list --json
    expect_status 0
    expect_json "$OUT"
}

test_another_charset_spoils_only_what_is_not_ascii() {
    contacts_60
    local id
    sync
    id=$(sql "SELECT contact_id FROM contacts WHERE length(name) < length(CAST(name AS BLOB)) LIMIT 1")
    [ -n "$id" ] || fail "nobody with a name beyond ASCII"
    rm -f "$DB"*
    script "detail id=$id => replace-field name \"Jos\\u00e9 Ångström é\"" "detail id=$id => charset latin1"
    script "detail id=$id => replace-field name \"José é\"" "detail id=$id => charset latin1"
    sync
    expect_status 2
    expect_log 'status, records_fetched, records_failed' 'partial|59|1'
    expect_match "error_message" "$(log_row error_message)" 'UTF-8'
    script
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_record_that_is_another_one_is_never_stored() {
    contacts_60
    local ids
    mapfile -t ids < <(sim ids)
    script "detail id=${ids[0]} => replace-field id \"${ids[1]}\"" "detail id=${ids[2]} => remove-field id" \
        "detail id=${ids[3]} => replace-field id 4"
    sync
    expect_status 2
    expect_log 'status, records_fetched, records_failed, retries' 'partial|57|3|0'
    expect_sql "all are listed" "SELECT count(*) FROM contacts" 60
    script
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_listed_contact_that_is_unknown_when_asked_for_is_kept_and_rarely_asked_for() {
    contacts_60
    sync
    expect_status 0
    local id before requests
    id=$(some_id 9)
    before=$(contents)
    sim "edit?id=$id&kind=rename" >/dev/null
    script "detail id=$id => status 404"
    sync
    expect_status 0
    expect_log 'status, records_deleted, records_failed' 'success|0|0'
    expect_equal "the database" "$(contents)" "$before"
    expect_sql "the queue" "SELECT reason, attempts FROM detail_queue" 'contradicted|1'
    requests=$(stat_of by_status.404)
    sync
    expect_status 0
    expect_equal "requests for it within an hour" "$(stat_of by_status.404)" "$requests"
    cli status
    expect_match "status" "$(tr -s ' \n' ' ' <"$OUT")" 'Unknown 1 record listed, and yet unknown to the server'
    sim "remove?id=$id" >/dev/null # now the listing says so too
    sync
    expect_status 0
    expect_log 'status, records_deleted' 'success|1'
    expect_sql "the gone one" "SELECT contact_id, deleted_at IS NOT NULL FROM contacts WHERE status = 'Inactive'" "$id|1"
    sim "restore?id=$id" >/dev/null
    script
    sync
    expect_status 0
    expect_sql "Inactive" "SELECT count(*) FROM contacts WHERE status = 'Inactive' OR deleted_at IS NOT NULL" 0
    expect_sql "kinds of changes" "SELECT group_concat(kind, ' ') FROM contact_changes WHERE contact_id = '$id'" "inserted deactivated returned"
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_contact_unknown_before_it_was_ever_fetched_comes_when_the_server_knows_it() {
    contacts_60
    local id
    id=$(some_id 9)
    script "detail id=$id => status 404"
    sync
    expect_status 0
    expect_sql "it is as listed" "SELECT c.status, q.reason FROM contacts c JOIN detail_queue q USING (id) WHERE c.contact_id = '$id'" "Active|contradicted"
    script
    copy_ages 7200
    sync
    expect_status 0
    expect_complete
    expect_sql "kinds of changes" "SELECT group_concat(kind, ' ') FROM contact_changes WHERE contact_id = '$id'" inserted
}

test_resource_types_that_fail_leave_the_contacts_whole() {
    contacts_60
    script 'resource-type => status 418'
    sync
    expect_status 2
    expect_sql "contacts" "SELECT status FROM sync_log WHERE entity = 'contacts'" success
    expect_sql "resource types" "SELECT status FROM sync_log WHERE entity = 'resource_types'" failed
    expect_all_as_the_server_has_them
    script
    sync
    expect_status 0
    expect_at_least "resource types" "$(sql 'SELECT count(*) FROM resource_types')" 5
    expect_second_sync_changes_nothing
}

# Memory of a sync that meets endless answers: the highest that was seen, in KiB.
peak_memory_of_sync() {
    "$SYNC" -c "$CONF" sync >sync.out 2>sync.err &
    local pid=$! peak=0 seen
    STATUS=0 OUT=sync.out ERR=sync.err
    while kill -0 $pid 2>/dev/null; do
        seen=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' /proc/$pid/status 2>/dev/null || true)
        [ -z "$seen" ] || peak=$seen
        pause 0.01
    done
    wait $pid || STATUS=$?
    PEAK=$peak
}

no_shadow_memory() {
    if grep -qa __asan_init "$SYNC"; then skip_impossible "the sanitizer's own memory would be measured"; fi
}

test_an_endless_listing_takes_less_than_200_mb() {
    no_shadow_memory
    contacts_60
    script 'list => flood'
    peak_memory_of_sync
    expect_status 65
    expect_at_most "peak memory in KiB" "$PEAK" 200000
}

test_endless_records_all_at_once_take_less_than_200_mb() {
    no_shadow_memory
    contacts_60
    script 'detail => flood'
    peak_memory_of_sync
    expect_status 2
    expect_at_most "peak memory in KiB" "$PEAK" 200000
}

test_records_as_long_as_are_taken_fit_the_unit_and_longer_ones_are_named() {
    no_shadow_memory
    contacts_60
    local id n=0 text rules=()
    text=$(head -c 4150000 /dev/zero | tr '\0' x) # of the 4 MiB that are taken
    for id in $(sim ids | head -n 8); do # the answers under way are 40 MiB together
        n=$((n + 1))
        printf '{"id":"%s","name":"Long","note":"%s"}' "$id" "$text$([ $n = 1 ] && echo "$text")" >"long$n.json"
        rules+=("detail id=$id => body $T/long$n.json")
    done
    script "${rules[@]}"
    peak_memory_of_sync
    expect_status 2
    expect_sql "long ones" "SELECT count(*) FROM contacts WHERE length(flex_data) > 4000000" 7
    expect_log 'records_failed' 1
    expect_match "error_message" "$(log_row error_message)" "contact $(sim ids | head -n 1): its answer is longer than 4 MiB; shorten the contact in Flex"
    expect_at_most "peak memory in KiB" "$PEAK" 200000
}

test_a_redirect_is_not_followed_and_its_target_never_hears_of_us() {
    start_sim --contacts 5
    local target=$SIM
    start_sim --contacts 60 --deleted-share 0
    write_conf
    script "list => redirect $target/f5/api/contact"
    sync
    expect_status 65
    expect_match "error_message" "$(log_row error_message)" 'to 127.0.0.1.*correct flex.base_url'
    script "detail every=10 => redirect $target/f5/api/contact/x status=307"
    sync
    expect_status 2
    expect_log 'records_failed' 6
    SIM=$target expect_equal "requests that the target saw" "$(SIM=$target stat_of total)" 0
    script
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_full_sync_asks_for_what_was_unknown_at_once() {
    contacts_60
    sync
    expect_status 0
    local id
    id=$(some_id 9)
    script "detail id=$id => status 404"
    sync --full
    expect_status 0
    expect_sql "the queue" "SELECT reason FROM detail_queue" contradicted
    script
    sync --full
    expect_status 0
    expect_sql "the queue" "SELECT count(*) FROM detail_queue" 0
    expect_complete
}

# A row that differs, and every other contact: stored, fetched, kept up to date.
partial_by_one_row() { # partial_by_one_row ID REASON: the last sync
    expect_status 2
    expect_log 'status, records_expected, records_failed, records_deleted' 'partial|60|1|0'
    expect_match "error_message" "$(log_row error_message)" \
        "could not be proven whole.*; page 1, row [0-9]+ \(id $1\) cannot be read: $2; correct the contact in Flex"
    expect_match "the log" "$(cat "$T/app.log")" "page 1, row [0-9]+ \(id $1\) cannot be read: $2"
}

test_a_row_that_cannot_be_read_is_one_bad_row() {
    contacts_60
    local rule id deep
    id=$(some_id 8)
    deep=$(printf '[%.0s' {1..3000})$(printf ']%.0s' {1..3000})
    for rule in $'name "a\ttab"|it has a raw control character' $'name "Jos\xe9"|it is not UTF-8' 'x NaN|its syntax is wrong' \
        'name "\x"|its syntax is wrong' "x $deep|it is nested too deeply"; do
        rm -f "$DB"* "$T/app.log"
        script "list => replace-field content.7.${rule%|*}"
        sync
        partial_by_one_row "$id" "${rule#*|}"
        expect_log 'records_listed, records_fetched' '59|59'
        expect_sql "all others, whole" "SELECT count(*), sum(content_hash IS NOT NULL) FROM contacts JOIN contact_state USING (id)" '59|59'
        script
        sync
        expect_status 0
        expect_complete
        expect_second_sync_changes_nothing
    done
}

test_a_row_that_cannot_be_read_keeps_its_contact_and_stops_no_edit() {
    contacts_60
    sync
    expect_status 0
    local id edited before details
    id=$(some_id 8) edited=$(some_id 20)
    sim "edit?id=$edited&kind=rename" >/dev/null
    script $'list => replace-field content.7.name "a\ttab"'
    sync --full
    partial_by_one_row "$id" 'it has a raw control character'
    expect_all_as_the_server_has_them
    expect_sql "Inactive" "SELECT count(*) FROM contacts WHERE status = 'Inactive'" 0
    expect_no_match "the log" "$(cat "$T/app.log")" 'tab'
    before=$(contents)
    sim "remove?id=$(some_id 30)" >/dev/null
    sync
    expect_status 2
    expect_equal "the database of a listing that is not whole" "$(contents)" "$before"
    script
    sync
    expect_status 0
    expect_sql "the removed one" "SELECT count(*) FROM contacts WHERE status = 'Inactive'" 1
    expect_second_sync_changes_nothing
}

test_many_bad_rows_are_counted_and_five_of_them_reported() {
    contacts_60
    local i rules=()
    for i in {0..11}; do rules+=($'list => replace-field content.'"$i"$'.name "a\ttab"'); done
    script "${rules[@]}"
    sync
    expect_status 2
    expect_log 'records_listed, records_failed, records_fetched' '48|12|48'
    expect_match "error_message" "$(log_row error_message)" 'page 1, row 1 .*; and 11 more$'
    expect_equal "rows that are reported" "$(grep -c 'contacts: page 1, row' "$T/app.log")" 5
}

test_half_surrogates_are_kept_as_they_came_and_shown_as_replacements() {
    contacts_60
    local ids id format
    mapfile -t ids < <(sim ids)
    id=${ids[2]}
    script 'list => replace-field content.2.name "row \ud800"' \
        "detail id=$id => replace-field name \"Zo\\ud800\\u0041 \\\\ud800 \\ud83d\\ude00\"" \
        "detail id=$id => replace-field emptyNote\\udc00 1" \
        "detail id=$id => replace-field narrativeDescription \"note \\udfff\"" \
        "detail id=$id => replace-field creditLimit 1E999" \
        "detail id=$id => replace-field internetAddresses [{\"id\": \"e\\ud800\", \"url\": \"zo\\udc00@a.example\", \"default\": true, \"internetAddressType\": \"\\ud800\"}]" \
        "detail id=$id => replace-field phoneNumbers [{\"id\": \"p\", \"dialNumber\": \"12\\ud800\"}]"
    sync
    expect_status 0
    expect_log 'status, records_fetched, records_failed' 'success|60|0'
    expect_match "findings" "$(cat "$T/app.log")" '[1-9][0-9]* halves of a character'
    expect_sql "as it came" "SELECT instr(flex_data, 'Zo\\ud800\\u0041') > 0 FROM contacts WHERE contact_id = '$id'" 1
    expect_sql "name" "SELECT name FROM contacts WHERE contact_id = '$id'" 'Zo�A \ud800 😀'
    expect_second_sync_changes_nothing
    script "detail id=$id => replace-field name \"Zo\\udbff edited\""
    sync "$id"
    expect_status 0
    for format in "show $id" "show --json $id" "show --raw $id" "changes $id" "changes --json $id" 'list -n 70' 'list --json' \
        'search Zo' 'search --json Zo' 'export --format csv' 'export --format jsonl' 'export --format vcf' \
        'export --format jsonl --columns contact_id,name,flex_data' 'export --format csv --columns flex_data'; do
        cli $format
        expect_status 0
        iconv -f UTF-8 -t UTF-8 "$OUT" >/dev/null || fail "$format prints what is no UTF-8"
        expect_equal "$format: bytes of half a surrogate" "$(grep -c -aP '\xED[\xA0-\xBF]' "$OUT" || true)" 0
    done
    cli show --json "$id"
    expect_equal "name in flex_data" "$(json "$OUT" contact.flex_data.name)" 'Zo� edited'
    cli changes --json "$id"
    expect_match "changes" "$(cat "$OUT")" '"after": *\{'
    cli export --format xlsx -o "$T/all.xlsx" --columns contact_id,name,flex_data
    expect_status 0
    cli export --format jsonl --columns contact_id,flex_data
    expect_equal "a record in JSON lines" "$(grep "$id" "$OUT" | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["flex_data"]["name"])')" 'Zo� edited'
    script
    sync --full
    expect_status 0
    expect_complete
    expect_columns_follow_flex_data
}

test_views_give_half_surrogates_as_replacements() {
    contacts_60
    local id
    id=$(some_id 3)
    script "detail id=$id => replace-field internetAddresses [{\"id\": \"e\", \"url\": \"zo\\udc00@a.example\", \"name\": \"\\\\ud800 \\ud83d\\ude00\"}]" \
        "detail id=$id => replace-field phoneNumbers [{\"id\": \"p\", \"dialNumber\": \"12\\ud800\\u0041\"}]"
    sync
    expect_status 0
    expect_sql "phone" "SELECT dial_number FROM contact_phones WHERE contact_id = '$id'" '12�A'
    expect_sql "e-mail" "SELECT email, name FROM contact_emails WHERE contact_id = '$id'" 'zo�@a.example|\ud800 😀'
    sqlite3 "$DB" "DROP VIEW contact_phones" "CREATE VIEW contact_phones AS SELECT contact_id, 1 AS dial_number FROM contacts"
    expect_second_sync_changes_nothing
    expect_sql "phone, in a database of an earlier version" "SELECT dial_number FROM contact_phones WHERE contact_id = '$id'" '12�A'
    local view
    for view in contact_emails contact_phones contact_addresses contact_resource_types; do
        sql "SELECT * FROM $view" >view.out
        iconv -f UTF-8 -t UTF-8 view.out >/dev/null || fail "$view has what is no UTF-8"
    done
}

test_a_byte_order_mark_is_passed_over() {
    contacts_60
    script 'any => charset bom'
    sync
    expect_status 0
    expect_complete
    expect_sql "what SQLite takes for JSON" "SELECT count(*) FROM contacts WHERE json_valid(flex_data)" 60
    expect_second_sync_changes_nothing
    script
    sync --full
    expect_status 0
    expect_log 'status, records_updated' 'success|0'
    expect_complete
}

test_a_record_that_can_never_be_read_is_asked_for_once_and_named() {
    contacts_60 --max-size 25
    local ids id
    mapfile -t ids < <(sim ids)
    id=${ids[4]}
    script "detail id=$id => replace-field name \"Jos"$'\xe9"' "detail id=${ids[5]} => deep 100000" \
        "detail id=${ids[6]} => replace-field name \"a"$'\t'"b\""
    sync
    expect_status 2
    expect_log 'status, records_fetched, records_failed, retries' 'partial|57|3|0'
    expect_match "error_message" "$(log_row error_message)" \
        '3 records could not be had: contact [-0-9a-f]{36}: its answer cannot be read: it.*\(at byte [0-9]+\); correct the contact in Flex'
    expect_match "last_error" "$(sql "SELECT last_error FROM detail_queue q JOIN contacts c USING (id) WHERE c.contact_id = '$id'")" \
        "^contact $id: its answer cannot be read: it is not UTF-8 \(at byte [0-9]+\); correct the contact in Flex"
    expect_sql "all are listed" "SELECT count(*) FROM contacts" 60
    local before
    before=$(contents)
    sync
    expect_status 2
    expect_log 'records_failed, retries, records_updated' '3|0|0'
    expect_equal "the database" "$(contents)" "$before"
    script
    sync
    expect_status 0
    expect_complete
    expect_second_sync_changes_nothing
}

test_a_record_that_was_cut_is_still_asked_for_again() {
    contacts_60
    script "detail id=$(some_id 5) times=1 => truncate" "detail id=$(some_id 6) times=1 => html" "detail id=$(some_id 7) times=1 => empty"
    sync
    expect_status 0
    expect_log 'status, retries' 'success|3'
    expect_complete
}

test_ids_in_another_case_are_the_same_contacts() {
    local rule
    for rule in 'detail => upper-ids' 'list => upper-ids' 'any => upper-ids'; do
        rm -f "$DB"* "$T/app.log"
        contacts_60
        sync
        expect_status 0
        script "$rule"
        sync --full
        expect_status 0
        expect_log 'status, records_listed, records_failed, records_inserted, records_updated, records_deleted' 'success|60|0|0|0|0'
        expect_sql "contacts" "SELECT count(*), count(DISTINCT lower(contact_id)), sum(status = 'Active'), sum(contact_id GLOB '*[A-F]*') FROM contacts" '60|60|60|0'
        expect_match "the log" "$(cat "$T/app.log")" 'contacts: [1-9][0-9]* ids came in another case than they are stored in; they are the same contacts'
        expect_second_sync_changes_nothing
        stop_sim
    done
}

test_a_first_fill_whose_listing_and_records_differ_in_case_is_complete() {
    local rule
    for rule in 'detail => upper-ids' 'list => upper-ids'; do
        rm -f "$DB"* "$T/app.log"
        contacts_60 --max-size 25
        script "$rule"
        sync
        expect_status 0
        expect_log 'status, records_listed, records_fetched, records_failed' 'success|60|60|0'
        expect_match "the log" "$(cat "$T/app.log")" 'contacts: 60 ids came in another case'
        expect_second_sync_changes_nothing
        script
        sync --full
        expect_status 0
        expect_log 'records_inserted, records_updated, records_deleted' '0|0|0'
        expect_sql "contacts" "SELECT count(*) FROM contacts WHERE status = 'Active'" 60
        stop_sim
    done
}

test_one_id_in_both_cases_in_a_page_is_one_contact() {
    contacts_60
    script 'list => duplicate-row 7' 'list => upper-ids 7'
    sync
    expect_status 0
    expect_sql "contacts" "SELECT count(*), count(DISTINCT lower(contact_id)) FROM contacts" '60|60'
    expect_match "the log" "$(cat "$T/app.log")" '1 rows? came twice'
    expect_second_sync_changes_nothing
}
