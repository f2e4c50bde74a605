# Databases of the old tool, in both of its forms, taken over in place.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

# old_database contact_id|flex_id: five rows of contacts that the server has (two of them with its present record, one
# with an outdated one, one with nothing, one with nonsense), one that it has not, and three syncs.
old_database() {
    local key=$1 more
    local day1 day2 day3 # within keep_log, which forgets older ones
    day1=$(date -d "-90 days" +%F) day2=$(date -d "-60 days" +%F) day3=$(date -d "-2 days" +%F)
    FIRST_DAY=$day1 SECOND_DAY=$day2
    sim truth >truth.jsonl
    mapfile -t IDS < <(sim ids)
    more="first_name TEXT, last_name TEXT, contact_type TEXT, status TEXT, default_bill_to_contact_id TEXT, pricing_model_id TEXT"
    [ "$key" = contact_id ] || more="name TEXT, first_name TEXT, last_name TEXT, company TEXT, email TEXT, phone TEXT,
        job_title TEXT, city TEXT, is_organization INTEGER, domain_id TEXT, class_name TEXT, barcode TEXT, number TEXT, notes TEXT"
    {
        echo "CREATE TABLE contacts (id INTEGER PRIMARY KEY AUTOINCREMENT, $key TEXT UNIQUE NOT NULL, $more,
            created_at DATETIME DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME DEFAULT CURRENT_TIMESTAMP, flex_data TEXT);
            CREATE TABLE sync_log (id INTEGER PRIMARY KEY AUTOINCREMENT, sync_started_at DATETIME, sync_completed_at DATETIME,
            records_fetched INTEGER DEFAULT 0, records_inserted INTEGER DEFAULT 0, records_updated INTEGER DEFAULT 0,
            status TEXT, error_message TEXT, created_at DATETIME DEFAULT CURRENT_TIMESTAMP);
            CREATE INDEX idx_contacts_key ON contacts ($key);
            INSERT INTO sync_log VALUES
            (1, '$day1 03:04:05', '$day1 03:14:05', 1600, 1600, 0, 'success', NULL, '$day1 03:04:05'),
            (2, '$day2 03:04:05', '$day2 03:14:05', 12, 0, 0, 'failed', 'HTTP 429', '$day2 03:04:05'),
            (7, '$day3 03:04:05', NULL, 0, 0, 0, 'running', NULL, '$day3 03:04:05');"
        local i
        for i in 0 1 2 3 4; do
            local json
            json=$(sed -n "$((i + 1))p" truth.jsonl | sed "s/'/''/g")
            case $i in
            2) json='{"id":"'${IDS[2]}'","name":"Old Name","firstName":"Old","lastName":"Name","organization":false,"deleted":false}' ;;
            3) json= ;;
            4) json='no JSON at all' ;;
            esac
            echo "INSERT INTO contacts (id, $key, first_name, created_at, updated_at, flex_data)
                VALUES ($((i * 10 + 7)), '${IDS[i]}', 'Kept$i', '2024-05-0$((i + 1)) 10:00:00', '2024-06-0$((i + 1)) 11:00:00', nullif('$json', ''));"
        done
        echo "INSERT INTO contacts (id, $key, first_name, created_at, updated_at, flex_data) VALUES (99, 'gone-from-the-server',
            'Gone', '2024-05-09 10:00:00', '2024-06-09 11:00:00', '{\"id\":\"gone-from-the-server\",\"name\":\"Gone\",\"firstName\":\"Gone\"}');"
    } | sqlite3 "$DB"
}

taken_over() {
    local key=$1
    start_sim --contacts 40 --deleted-share 0
    write_conf log.file="\"$T/app.log\""
    old_database "$key"
    sync
    expect_status 0
    expect_match "the log" "$(cat "$T/app.log")" 'took over 6 contacts of the old tool'
    local i
    for i in 0 1 2 3 4; do
        expect_sql "id and date of row $i" "SELECT id, created_at FROM contacts WHERE contact_id = '${IDS[i]}'" \
            "$((i * 10 + 7))|2024-05-0$((i + 1)) 10:00:00"
    done
    expect_sql "updated_at where nothing changed" "SELECT updated_at FROM contacts WHERE id IN (7, 17) ORDER BY id" \
        $'2024-06-01 11:00:00\n2024-06-02 11:00:00'
    expect_sql "updated_at where something did" "SELECT count(*) FROM contacts WHERE id IN (27, 37, 47) AND updated_at > '2025'" 3
    expect_sql "the one that the server has not" "SELECT id, status, created_at, deleted_at IS NOT NULL FROM contacts WHERE contact_id = 'gone-from-the-server'" \
        "99|Inactive|2024-05-09 10:00:00|1"
    expect_sql "history" "SELECT id, sync_started_at, records_fetched, status FROM sync_log WHERE id IN (1, 2) ORDER BY id" \
        "1|$FIRST_DAY 03:04:05|1600|success"$'\n'"2|$SECOND_DAY 03:04:05|12|failed"
    expect_sql "the old running row" "SELECT status, error_message FROM sync_log WHERE id = 7" "failed|interrupted"
    expect_log "status" success
    expect_sql "rows" "SELECT count(*) FROM contacts" 41
    expect_all_as_the_server_has_them
    expect_columns_follow_flex_data
    expect_whole_database
    sqlite3 "$DB" "INSERT INTO contacts_fts (contacts_fts, rank) VALUES ('integrity-check', 1)" || fail "the index does not fit"
    expect_sql "the README's history" "SELECT count(*) FROM (SELECT * FROM sync_log ORDER BY sync_started_at DESC LIMIT 5)" 5
    expect_sql "old tables are gone" "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'contacts_of%'" 0
    expect_second_sync_changes_nothing
}

test_the_first_form_of_the_old_database_is_taken_over() { taken_over contact_id; }
test_the_later_form_of_the_old_database_is_taken_over() { taken_over flex_id; }

test_an_old_database_is_taken_over_without_a_server_too_for_ever() {
    start_sim --contacts 40 --deleted-share 0
    write_conf
    old_database contact_id
    stop_sim
    sync
    expect_status 69
    expect_sql "rows" "SELECT count(*) FROM contacts" 6
    expect_sql "rows with their dates" "SELECT count(*) FROM contacts WHERE created_at LIKE '2024-05-%'" 6
    start_sim --contacts 40 --deleted-share 0 --port "$SIM_PORT"
    sync
    expect_status 0
    expect_sql "rows with their dates" "SELECT count(*) FROM contacts WHERE created_at LIKE '2024-05-%'" 6
    expect_second_sync_changes_nothing
}

test_an_old_database_without_a_log_is_taken_over() {
    start_sim --contacts 40 --deleted-share 0
    write_conf
    old_database contact_id
    sqlite3 "$DB" 'DROP TABLE sync_log'
    sync
    expect_status 0
    expect_sql "rows" "SELECT count(*) FROM contacts" 41
    expect_second_sync_changes_nothing
}

# Made by the program at commit 27ee77b, from flexsim: 8 contacts, two renamed, one removed; two wait, one of them after a failure.
test_a_database_of_version_3_is_brought_up_to_date_and_goes_on() {
    gunzip -c "$(dirname "${BASH_SOURCE[0]}")/data/version-3.db.gz" >"$DB"
    start_sim --contacts 8 --deleted-share 0
    write_conf 'database.keep_changes="36500d"'
    cli status
    expect_status 74
    expect_match "a command that only reads" "$(cat "$ERR")" 'run .flexsync sync'
    sync
    expect_status 0
    expect_sql "version" 'PRAGMA user_version' 4
    expect_complete
    expect_sql "the history" "SELECT group_concat(kind || count, ' ') FROM (SELECT kind, count(*) AS count FROM contact_changes
        WHERE id <= 11 GROUP BY kind ORDER BY kind)" 'changed2 deactivated1 inserted8'
    expect_sql "counts" "SELECT count FROM contact_counts WHERE what = 'waiting: denied'" 0
    expect_second_sync_changes_nothing
    cli status --json
    expect_status 0
    expect_schema status
}
