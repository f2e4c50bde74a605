# The table of answers in design.md section 2: each fault of the listing and of one record, passing and lasting.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

# name | what flexsim does | exit when the listing stays so | tries | error_message
# One record that stays so is always counted as failed: exit 2. `tries` is 5 for what may pass, 1 for what does not.
# What spoils one row of the listing, and nothing else of it, is in test_odd_answers.sh.
FAULTS='
status_500          | status 500                          | 69 | 5 | answered 500
status_502          | status 502 body=<html>bad</html>    | 69 | 5 | answered 502
status_503          | status 503                          | 69 | 5 | answered 503
status_503_with_a_retry_after | status 503 retry-after=1 | 69 | 5 | answered 503
status_504          | status 504                          | 69 | 5 | answered 504
a_delay_beyond_the_timeout | delay 1500                   | 69 | 5 | [Tt]ime
no_answer_at_all    | hang                                | 69 | 5 | [Tt]ime
an_answer_that_stalls | stall                             | 69 | 5 | [Tt]ime
an_answer_that_stalls_at_its_head | stall bytes=0         | 69 | 5 | [Tt]ime
a_cut_answer        | cut                                 | 69 | 5 | no answer from the server
an_answer_cut_within_its_first_row | cut-unframed bytes=300| 65 | 5 | JSON
a_cut_answer_without_length | cut-unframed                | 65 | 5 | JSON
a_reset             | reset                               | 69 | 5 | no answer from the server
a_reset_within_the_body | reset bytes=200                 | 69 | 5 | no answer from the server
garbage             | garbage                             | 65 | 5 | JSON
a_page_for_people   | html                                | 65 | 5 | JSON
an_empty_answer     | empty                               | 65 | 5 | JSON|empty
half_an_answer_with_the_right_length | truncate           | 65 | 5 | JSON
a_flood             | flood                               | 65 | 1 | longer than 32 MiB
a_bomb_of_gzip      | flood gzip                          | 65 | 1 | longer than 32 MiB
json_of_another_kind | json 42                            | 65 | 5 | .
a_redirect          | redirect http://127.0.0.1:9/elsewhere | 65 | 1 | answered 302 .to 127.0.0.1.: .*not followed
a_lasting_redirect  | redirect http://127.0.0.1:9/ status=308 | 65 | 1 | answered 308
status_405          | status 405                          | 65 | 1 | answered 405
status_418          | status 418                          | 65 | 1 | answered 418
status_204          | status 204                          | 65 | 1 | answered 204
'

# A row of the table as variables.
fault() {
    local row
    row=$(grep -E "^$1 +\|" <<<"$FAULTS")
    IFS='|' read -r NAME ACTION LISTING_EXIT TRIES MESSAGE <<<"$row"
    local v
    for v in NAME ACTION LISTING_EXIT TRIES MESSAGE; do
        declare -g "$v=$(sed -E 's/^ +| +$//g' <<<"${!v}")"
    done
    UNSENT=0
    [ "$ACTION" != reset ] || UNSENT=2
}

# What hangs hangs not for long; what is only slow on a busy machine is no fault.
sixty_contacts() {
    local timeout=20s
    [[ ! $ACTION =~ ^(delay|hang|stall) ]] || timeout=1s
    start_sim --contacts 60 --deleted-share 0
    write_conf "flex.timeout=\"$timeout\"" 'flex.connect_timeout="1s"' "$NO_FEED"
}

fault_of_the_listing_once() {
    fault "$1"
    sixty_contacts
    script "list times=1 => $ACTION"
    sync
    if [ "$TRIES" -gt 1 ]; then
        expect_status 0
        expect_log "retries" 1
    else
        expect_status "$LISTING_EXIT"
        expect_log "status, requests, retries" "failed|1|0"
        sync
        expect_status 0
    fi
    expect_complete
    expect_second_sync_changes_nothing
}

fault_of_the_listing_for_ever() {
    fault "$1"
    sixty_contacts
    sync
    expect_status 0
    sim 'edit?n=3&kind=rename' >/dev/null
    sim 'add?n=2' >/dev/null
    sim reset-stats >/dev/null
    script "list => $ACTION"
    local before
    before=$(contents)
    sync
    expect_status "$LISTING_EXIT"
    local retries=$((TRIES > 1 ? TRIES - 2 : 0)) # the third one asks for less
    expect_log "status, requests, retries, records_fetched, records_inserted, records_updated, records_deleted" \
        "failed|$TRIES|$retries|0|0|0|0"
    expect_match "error_message" "$(log_row error_message)" "$MESSAGE"
    expect_match "summary" "$(cat "$ERR")" "flexsync: contacts: failed; .*"
    expect_equal "requests that the server saw" "$(stat_of total)" "$TRIES"
    expect_equal "the database" "$(contents)" "$before"
    script
    sync
    expect_status 0
    expect_log "records_inserted, records_updated" "2|3"
    expect_complete
    expect_second_sync_changes_nothing
}

fault_of_a_record_once() {
    fault "$1"
    sixty_contacts
    script "detail nth=10 => $ACTION"
    sync
    if [ "$TRIES" -gt 1 ]; then
        expect_status 0
        expect_log "retries" 1
    else
        expect_status 2
        expect_log "status, requests, retries, records_fetched, records_failed" "partial|61|0|59|1"
        sync
        expect_status 0
        expect_log "requests, records_fetched" "2|1"
    fi
    expect_complete
    expect_second_sync_changes_nothing
}

fault_of_a_record_for_ever() {
    fault "$1"
    sixty_contacts
    local id
    id=$(some_id 20)
    script "detail id=$id => $ACTION"
    sync
    expect_status 2
    expect_log "status, retries, records_listed, records_expected, records_fetched, records_inserted, records_failed" \
        "partial|$((TRIES - 1))|60|60|59|60|1"
    # A reset of a kept connection is an attempt that did not arrive, twice at most: not charged, but counted.
    expect_at_least "requests" "$(log_row requests)" $((60 + TRIES))
    expect_at_most "requests" "$(log_row requests)" $((60 + TRIES + UNSENT))
    expect_equal "requests that the server saw, of those counted" "$(($(stat_of total) - 1))" "$(log_row requests)"
    expect_match "error_message" "$(log_row error_message)" "^1 records? could not be had: .*($MESSAGE)"
    expect_sql "all are there" "SELECT count(*), sum(status = 'Active') FROM contacts" "60|60"
    expect_sql "whole ones" "SELECT count(*) FROM contact_state WHERE content_hash IS NOT NULL" 59
    expect_sql "what waits" "SELECT contact_id, attempts, due_at > datetime('now') FROM detail_queue JOIN contacts USING (id)" "$id|1|0"
    expect_match "why it waits" "$(sql "SELECT last_error FROM detail_queue")" "$MESSAGE"
    expect_match "the broken one shows what the listing says" \
        "$(sql "SELECT name FROM contacts WHERE contact_id = '$id'")" .
    sim truth | grep -vF "{\"id\":\"$id\"" >others.truth
    sql "SELECT flex_data FROM contacts WHERE contact_id <> '$id' ORDER BY contact_id" >others.stored
    cmp others.truth others.stored || fail "the others are not whole"
    expect_columns_follow_flex_data
    script
    sync
    expect_status 0
    expect_log "requests, records_fetched, records_inserted, records_updated" "2|1|0|0"
    expect_complete
    expect_second_sync_changes_nothing
}

while IFS='|' read -r name _; do
    name=${name// /}
    [ -n "$name" ] || continue
    eval "
    test_${name}_in_the_listing_once_is_survived() { fault_of_the_listing_once $name; }
    test_${name}_in_a_record_once_is_survived() { fault_of_a_record_once $name; }
    test_the_listing_answers_${name}_for_ever() { fault_of_the_listing_for_ever $name; }
    test_a_record_answers_${name}_for_ever() { fault_of_a_record_for_ever $name; }"
done <<<"$FAULTS"
