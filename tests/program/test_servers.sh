# Every shape that a server may have: pages from one or from zero, clamped, arrays, reordered, compressed, tiny.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

# A server with these options is copied whole by one sync, and the second changes nothing.
copied_whole() {
    start_sim "$@"
    write_conf
    sync
    expect_status 0
    expect_complete
    expect_columns_follow_flex_data
    expect_second_sync_changes_nothing
}

test_pages_counted_from_one_in_hundreds_are_all_read() { copied_whole --max-size 100; }
test_pages_counted_from_zero_in_hundreds_are_all_read() { copied_whole --max-size 100 --paging zero; }
test_pages_counted_from_one_in_thousands_are_all_read() { copied_whole --max-size 1000; }
test_pages_counted_from_zero_in_thousands_are_all_read() { copied_whole --max-size 1000 --paging zero; }
test_one_page_counted_from_zero_is_read() { copied_whole --paging zero; }
test_a_plain_array_of_all_is_read() { copied_whole --contacts 300 --shape array; }
test_plain_arrays_in_pages_are_read() { copied_whole --contacts 300 --shape array-paged --max-size 100; }
test_plain_arrays_in_pages_from_zero_are_read() { copied_whole --contacts 300 --shape array-paged --max-size 100 --paging zero; }
test_an_order_that_changes_is_no_trouble_where_sort_is_honoured() { copied_whole --max-size 100 --order shuffle --sort honour; }
test_compressed_answers_are_read() { copied_whole --gzip; }
test_chunked_answers_are_read() { copied_whole --chunked; }
test_compressed_chunked_answers_are_read() { copied_whole --gzip --chunked --max-size 100; }
test_a_site_of_one_contact_is_copied() { copied_whole --contacts 1; }
test_a_site_of_one_contact_counted_from_zero_is_copied() { copied_whole --contacts 1 --paging zero; }
test_a_site_of_exactly_one_page_is_copied() { copied_whole --contacts 100 --max-size 100; }
test_a_site_of_exactly_one_page_counted_from_zero_is_copied() { copied_whole --contacts 100 --max-size 100 --paging zero; }
test_a_site_of_one_page_and_one_contact_is_copied() { copied_whole --contacts 101 --max-size 100; }
test_a_site_of_one_page_and_one_contact_counted_from_zero_is_copied() { copied_whole --contacts 101 --max-size 100 --paging zero; }
test_an_array_of_exactly_one_page_is_copied() { copied_whole --contacts 100 --max-size 100 --shape array-paged; }
test_a_server_with_pages_of_one_row_is_copied() { copied_whole --contacts 40 --max-size 1; }
test_names_of_every_alphabet_survive_latency_and_two_threads() { copied_whole --contacts 300 --latency 5 --threads 2 --seed 77; }

test_a_small_page_size_of_ours_is_asked_for() {
    start_sim --contacts 95
    write_conf sync.page_size=10
    sync
    expect_status 0
    expect_complete
    expect_equal "pages asked for" "$(stat_of by_kind.list)" 10
    expect_second_sync_changes_nothing
}

test_an_empty_site_is_copied_as_empty() {
    local paging
    for paging in one zero; do
        rm -f "$DB"*
        start_sim --contacts 0 --paging $paging
        write_conf
        sync
        expect_status 0
        expect_log 'status, records_listed, records_expected, records_fetched' 'success|0|0|0'
        expect_sql "contacts" "SELECT count(*) FROM contacts" 0
        expect_second_sync_changes_nothing
        sim 'add?n=3' >/dev/null
        sync
        expect_status 0
        expect_complete
    done
}

test_an_empty_array_is_an_empty_site() {
    copied_whole --contacts 0 --shape array
}

test_no_contact_is_lost_where_pages_reorder_and_sort_is_ignored() {
    start_sim --contacts 350 --max-size 100 --order shuffle --sort ignore
    write_conf
    local i
    for i in 1 2 3 4 5 6 7 8; do
        sync
        if [ "$STATUS" = 0 ]; then # success only with the proof
            expect_log 'status, records_listed, records_expected' 'success|350|350'
        else
            expect_status 2
            expect_log "status" partial
            expect_match "error_message" "$(log_row error_message)" 'could not be proven whole'
        fi
        expect_sql "nobody is taken for gone" "SELECT count(*) FROM contact_changes WHERE kind = 'deactivated'" 0
        [ "$(sql 'SELECT count(*) FROM contacts')" = 350 ] && [ "$STATUS" = 0 ] && break
    done
    expect_sql "contacts after $i syncs" "SELECT count(*) FROM contacts" 350
    expect_all_as_the_server_has_them
}

test_a_refused_sort_is_given_up_and_remembered() {
    start_sim --contacts 250 --max-size 100 --sort reject
    write_conf "$NO_FEED"
    sync
    expect_status 0
    expect_complete
    expect_equal "listings with sort" "$(stat_of sorted_lists)" 1
    expect_second_sync_changes_nothing
    expect_equal "listings with sort" "$(stat_of sorted_lists)" 1
    sim 'config?sort=honour' >/dev/null
    sync --full
    expect_status 0
    expect_at_least "listings with sort, after --full" "$(stat_of sorted_lists)" 4
}

test_a_refreshed_token_is_used_from_then_on_and_kept_in_memory_only() {
    start_sim --contacts 200 --refresh-token 3
    write_conf
    sync
    expect_equal "refreshes" "$(stat_of token_refreshes)" 1
    expect_status 0
    expect_complete
    local found
    found=$(grep -rlaF --exclude-dir=secret --exclude-dir=sims -e "-refreshed-" "$T" || true)
    [ -z "$found" ] || fail "the refreshed token stands in $found"
}
