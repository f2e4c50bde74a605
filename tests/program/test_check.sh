# flexsync check: whose key it is, which endpoints the site has, and answers that can be sent to others.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

forty() {
    start_sim --contacts 40 "$@"
    write_conf
    sync
    expect_status 0
    sim reset-stats >/dev/null
}

# What the user's names are made of: they are in no file that a program wrote, but for what check prints.
expect_no_name_outside_the_terminal() {
    local found
    found=$(grep -rlaE --exclude-dir=sims --exclude=cli.out -e 'Korla|Zandro|kzandro|Depot' "$T" || true)
    [ -z "$found" ] || fail "the user of the key is named in $found"
}

test_check_says_whose_key_it_is() {
    forty
    cli check
    expect_status 0
    expect_match "check" "$(cat "$OUT")" 'ok +user +Korla Zandro .kzandro., not locked, sees 3 locations; home is Depot Nord'
    expect_equal "requests" "$(stat_of by_kind.profile)" 1
    expect_no_name_outside_the_terminal
}

test_check_fails_where_the_user_of_the_key_is_locked() {
    forty --profile locked
    cli check
    expect_status 77
    expect_match "check" "$(cat "$OUT")" 'FAIL +key +the user of the API key is locked; unlock'
    expect_match "and goes on" "$(cat "$OUT")" 'ok +pages .*ok +site .*ok +database '
    expect_no_match "check" "$(cat "$OUT")" 'Korla'
}

test_check_asks_the_daemon_whether_it_uses_the_same_key() {
    start_sim --contacts 20
    write_conf
    DAEMON_ENV=(FLEX_API_KEY=an-old-key-that-was-revoked)
    start_daemon
    wait_until "the old key is refused" daemon_said 'API key'
    cli check
    expect_status 77
    expect_match "check" "$(cat "$OUT")" 'ok +key +accepted'
    expect_match "check" "$(cat "$OUT")" "FAIL +daemon +flexsyncd .process $DAEMON. uses another key .*systemctl restart flexsyncd"
    stop_daemon
    DAEMON_ENV=()
    start_daemon
    wait_until "the new key is used" daemon_said 'contacts: success'
    cli check
    expect_status 0
    expect_match "check" "$(cat "$OUT")" "ok +daemon +process $DAEMON, uses the same key"
}

test_check_goes_on_where_the_site_does_not_say_whose_key_it_is() {
    forty
    local how
    for how in no denied; do
        sim "config?profile=$how" >/dev/null
        cli check
        expect_status 0
        expect_match "check, profile $how" "$(cat "$OUT")" 'ok +user +not known: the site does not say who .*ok +pages '
    done
    script 'profile => html'
    cli check
    expect_status 0
    expect_match "check" "$(cat "$OUT")" 'ok +user +not known: .* no profile'
    script 'profile => status 503'
    cli check
    expect_status 69
    expect_match "check" "$(cat "$OUT")" 'FAIL +user .*503.*ok +pages '
    script 'profile => status 429'
    cli check
    expect_status 75
    expect_match "check" "$(cat "$OUT")" 'FAIL +quota '
}

test_check_names_the_endpoints_that_the_site_has() {
    forty
    cli check
    expect_match "check" "$(cat "$OUT")" 'ok +site +45 of 45 known endpoints, 45 in all, says /f5/v3/api-docs'
    expect_equal "endpoints" "$(grep -c '^      yes  /' "$OUT")" 45
    sim 'config?api-docs-without=/element/search,/contact/%7Bid%7D' >/dev/null
    cli check
    expect_status 0
    expect_match "check" "$(cat "$OUT")" 'ok +site +43 of 45 known endpoints'
    expect_equal "missing ones" "$(sed -nE 's/^      no   ([^ ]+) .*/\1/p' "$OUT" | tr '\n' ' ')" '/contact/{id} /element/search '
    sim 'config?api-docs=old' >/dev/null
    cli check
    expect_match "check" "$(cat "$OUT")" 'ok +site +43 of 45 known endpoints.* says /f5/api/api-docs'
    expect_fits_but_for_findings
    sim 'config?api-docs=none' >/dev/null
    cli check
    expect_status 0
    expect_match "check" "$(cat "$OUT")" 'ok +site +the site has no specification'
    expect_no_match "check" "$(cat "$OUT")" '(yes|no) +/contact'
    script 'api-docs => html'
    cli check
    expect_status 0
    expect_match "check" "$(cat "$OUT")" 'ok +site +not known: .*no OpenAPI document'
    script 'api-docs => flood'
    cli check
    expect_status 65
    expect_match "check" "$(cat "$OUT")" 'FAIL +site +the answer is longer than 32 MiB'
}

expect_fits_but_for_findings() {
    local long
    long=$(grep '^ ' "$OUT" | grep -E '.{81}' || true)
    [ -z "$long" ] || fail "longer than 80 columns: $long"
}

test_check_says_how_many_requests_it_sent() {
    forty
    local before sent
    before=$(sqlite3 "$T/quota.db" "SELECT sum(used) FROM usage WHERE window = 0")
    cli check --save saved
    expect_status 0
    sent=$(sed -nE 's/^ok +requests +([0-9]+) sent, .*/\1/p' "$OUT")
    expect_equal "sent" "$sent" "$(stat_of total)"
    expect_equal "counted" "$(sqlite3 "$T/quota.db" "SELECT sum(used) FROM usage WHERE window = 0")" $((before + sent))
    expect_at_most "requests" "$sent" 10
}

# values_of FILE: texts and numbers of this JSON that could be told from made-up ones, a line each.
values_of() {
    sqlite3 :memory: "SELECT DISTINCT replace(replace(value, char(10), ' '), char(13), ' ')
        FROM json_tree(CAST(readfile('$1') AS TEXT)) WHERE type IN ('text', 'integer', 'real') AND length(value) > 1
        AND value GLOB '*[a-wyzA-WYZ02-8]*'" | sort
}

# expect_nothing_saved_of FILE: none of its values is a value of the saved answers, and none is within their text.
expect_nothing_saved_of() {
    local word same
    same=$(values_of "$1" | comm -12 - sims/saved.values)
    [ -z "$same" ] || fail "values of ${1##*/} are in the saved answers: $same"
    while read -r word; do
        ! grep -rqF -e "$word" saved || fail "'$word' of ${1##*/} is in $(grep -rlF -e "$word" saved | head -n 1)"
    done < <(values_of "$1" | grep -E '.{4,}' | grep -E '[ @0-9A-Z]')
}

test_saved_answers_have_the_shape_and_no_value() {
    forty --unknown 400
    cli check --save saved
    expect_status 0
    expect_match "check" "$(cat "$OUT")" 'ok +saved +6 answers in saved'
    expect_equal "files" "$(cd saved && echo *)" 'listing.txt profile.txt record.txt resource-types.txt specification.txt unknown-id.txt'
    expect_equal "modes" "$(stat -c %a saved saved/* | sort | uniq -c | xargs)" '6 600 1 700'
    curl -sS -H "X-Auth-Token: $KEY" "$SIM/f5/api/contact?page=1&size=10" >sims/listing
    curl -sS -H "X-Auth-Token: $KEY" "$SIM/f5/api/contact/$(json sims/listing 'content[0].id')" >sims/record
    curl -sS -H "X-Auth-Token: $KEY" "$SIM/f5/api/user-profile/current-user" >sims/profile
    curl -sS -H "X-Auth-Token: $KEY" "$SIM/f5/api/resource-type" >sims/types
    local name
    for name in listing record profile resource-types unknown-id; do
        sed '1,/^$/d' "saved/$name.txt" >sims/body
        expect_json "$T/sims/body"
        values_of sims/body
    done | sort >sims/saved.values
    for name in listing record profile types; do
        expect_at_least "values of $name" "$(values_of "sims/$name" | wc -l)" 5
        expect_nothing_saved_of "sims/$name"
    done
    ! grep -rqE "127.0.0.1|$SIM_PORT|flexsim" saved || fail "the host is named in the saved answers"
    expect_match "the error" "$(cat saved/unknown-id.txt)" 'Status: 400.*"exceptionMessage":"Xxxxxx xx xxxx .*"httpStatusCode":111'
    expect_match "the specification" "$(cat saved/specification.txt)" $'\n''/api/contact/\{id\}'
    expect_match "a date" "$(cat saved/profile.txt)" '"createdDate":"9999-99-99T99:99:99"'
}

test_saved_answers_join_by_their_ids() {
    forty
    cli check --save saved
    local first
    first=$(sed '1,/^$/d' saved/listing.txt >sims/body; json "$T/sims/body" 'content[0].id')
    expect_equal "id of the record" "$(sed '1,/^$/d' saved/record.txt >sims/body; json "$T/sims/body" id)" "$first"
    expect_equal "a location twice" "$(sed '1,/^$/d' saved/profile.txt >sims/body; json "$T/sims/body" 'homebaseLocation.id')" \
        "$(json "$T/sims/body" 'enabledLocationIds[0]')"
}

test_answers_are_saved_into_a_new_or_an_empty_folder_only() {
    forty
    mkdir full empty
    echo mine >full/mine
    cli check --save full
    expect_status 73
    expect_match "stderr" "$(cat "$ERR")" 'cannot save to full: it is not empty'
    expect_equal "the folder" "$(ls full)" mine
    expect_equal "requests" "$(stat_of total)" 0
    cli check --save full/mine
    expect_status 73
    cli check --save none/deeper
    expect_status 73
    cli check --save empty
    expect_status 0
    cli check --save empty
    expect_status 73
    cli check --save
    expect_status 64
}

test_what_a_site_refuses_is_saved_too() {
    forty --profile no --api-docs none --unknown redirect
    sim "deny?n=40" >/dev/null
    cli check --save saved
    expect_status 0
    expect_match "profile" "$(cat saved/profile.txt)" 'Status: 404'
    expect_match "specification" "$(cat saved/specification.txt)" 'GET /f5/api/api-docs.Status: 404'
    expect_match "unknown id" "$(cat saved/unknown-id.txt)" 'Status: 302'
    expect_match "record" "$(cat saved/record.txt)" 'Status: 401.*"exceptionCode":"XXXX_9999"'
    printf 'not-this\n' >secret/key
    cli check --save refused
    expect_status 77
    expect_match "listing" "$(cat refused/listing.txt)" 'Status: 401'
    printf '%s\n' "$KEY" >secret/key
    [ ! -e refused/record.txt ] || fail "a record was asked for without an id"
}

# Pages in the midst of a table, which no query of `check` itself comes across.
test_check_reads_every_page_of_the_database_and_ends_with_74_where_some_are_destroyed() {
    forty
    cli check
    expect_status 0
    expect_match "check" "$(cat "$OUT")" 'ok +database .* 4[0-9] contacts, whole'
    sqlite3 "$DB" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
    local page
    page=$(sql "SELECT pageno FROM dbstat WHERE name = 'contacts' AND pagetype = 'leaf' ORDER BY pageno DESC LIMIT 1")
    dd if=/dev/urandom of="$DB" bs=4096 seek=$((page - 1)) count=1 conv=notrunc status=none
    cli check --quick
    expect_status 0
    expect_match "a quick check" "$(cat "$OUT")" 'ok +database .* contacts$'
    cli check
    expect_status 74
    expect_match "check" "$(cat "$OUT")" 'FAIL +database .*is damaged; it was left as it is; restore a backup: flexsync restore FILE'
}
