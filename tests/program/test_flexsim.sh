# The stand-in server itself: what it answers where the other cases rely on it.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

# ask PATH [CURL-OPTION…]: STATUS and body.txt of a request of the API.
ask() {
    local path=$1
    shift
    STATUS=$(curl -sS --max-time 20 -o body.txt -w '%{http_code}' -H "X-Auth-Token: $KEY" "$@" "$SIM/f5$path")
}

test_flexsim_answers_for_unknown_contacts_as_it_is_set() {
    start_sim --contacts 5 --unknown 400
    local id how status body
    id=$(some_id 2)
    ask "/api/contact/$id"
    expect_status 200
    sim "remove?id=$id" >/dev/null
    while read -r how status body; do
        sim "config?unknown=$how" >/dev/null
        ask "/api/contact/$id"
        expect_equal "status of unknown=$how" "$STATUS" "$status"
        expect_match "body of unknown=$how" "$(cat body.txt)" "$body"
        ask "/api/contact/00000000-0000-4000-8000-00000000000a"
        expect_equal "status of an id that never was, unknown=$how" "$STATUS" "$status"
    done <<'EOF'
404 404 "httpStatusCode":404
404-code 404 "exceptionCode":"FLEX_5000"
400 400 to.find.contact.with.id:.*"httpStatusCode":400
410 410 "httpStatusCode":410
500 500 "httpStatusCode":500
204 204 ^$
null 200 ^null$
redirect 302 <html>
html 404 <html>
EOF
}

test_flexsim_lets_each_contact_be_gone_in_its_own_way() {
    start_sim --contacts 6
    local a b
    a=$(some_id 1) b=$(some_id 2)
    sim "remove?id=$a&unknown=410" >/dev/null
    sim "remove?id=$b" >/dev/null
    ask "/api/contact/$a"
    expect_status 410
    ask "/api/contact/$b"
    expect_status 404
    sim "restore?id=$a" >/dev/null
    ask "/api/contact/$a"
    expect_status 200
    sim "remove?id=$a" >/dev/null
    ask "/api/contact/$a"
    expect_status 404
    ! sim "remove?id=$a&unknown=perhaps" 2>/dev/null || fail "an unknown way of being gone is taken"
}

test_flexsim_merges_a_contact_into_another() {
    start_sim --contacts 6
    local a b c
    a=$(some_id 1) b=$(some_id 2) c=$(some_id 3)
    sim "merge?id=$a&into=$b" >/dev/null
    expect_no_match "the listing" "$(sim ids)" "$a"
    ask "/api/contact/$a"
    expect_status 200
    expect_equal "id in the answer" "$(json body.txt id)" "$b"
    sim "merge?id=$b&into=$c" >/dev/null
    ask "/api/contact/$a"
    expect_equal "id after a second merge" "$(json body.txt id)" "$c"
    ! sim "merge?id=$a&into=$c" 2>/dev/null || fail "one that is gone is merged"
    ! sim "merge?id=$c&into=$c" 2>/dev/null || fail "one is merged into itself"
}

test_flexsim_denies_records_that_it_lists() {
    start_sim --contacts 10 --denied 3
    local id denied=0
    for id in $(sim ids); do
        ask "/api/contact/$id"
        [ "$STATUS" = 200 ] && continue
        expect_status 401
        expect_match "body" "$(cat body.txt)" 'FLEX_5000.*Access Denied'
        denied=$((denied + 1))
    done
    expect_equal "records denied" $denied 3
    sim allow >/dev/null
    sim "deny?id=$(some_id 4)" >/dev/null
    sim 'config?denied-status=403' >/dev/null
    ask "/api/contact/$(some_id 4)"
    expect_status 403
    sim "allow?id=$(some_id 4)" >/dev/null
    ask "/api/contact/$(some_id 4)"
    expect_status 200
    expect_equal "records listed" "$(sim ids | wc -l)" 10
}

test_flexsim_is_too_slow_for_large_pages() {
    start_sim --contacts 50 --list-slow 20
    ask "/api/contact?page=1&size=21"
    expect_status 504
    expect_match "body" "$(cat body.txt)" '<html>'
    ask "/api/contact?page=1&size=20"
    expect_status 200
    ask "/api/contact"
    expect_status 200
}

test_flexsim_says_whose_key_it_is() {
    start_sim --contacts 1
    ask /api/user-profile/current-user
    expect_status 200
    expect_equal "locked" "$(json body.txt locked)" 0
    expect_equal "locations" "$(json body.txt 'enabledLocationIds[#-1]' | wc -l)" 1
    sim 'config?profile=locked' >/dev/null
    ask /api/user-profile/current-user
    expect_equal "locked" "$(json body.txt locked)" 1
    sim 'config?profile=no' >/dev/null
    ask /api/user-profile/current-user
    expect_status 404
    sim 'config?profile=denied' >/dev/null
    ask /api/user-profile/current-user
    expect_status 401
    script 'profile => status 503'
    ask /api/user-profile/current-user
    expect_status 503
    expect_equal "counted" "$(stat_of by_kind.profile)" 5
}

test_flexsim_has_its_specification_where_it_is_set() {
    start_sim --contacts 1
    ask /v3/api-docs
    expect_status 200
    expect_json body.txt
    expect_equal "an endpoint" "$(json body.txt 'paths."/api/contact/{id}".get.operationId')" get_2
    ask /api/api-docs
    expect_status 404
    sim 'config?api-docs=old&api-docs-without=/contact/search,/resource-type' >/dev/null
    ask /v3/api-docs
    expect_status 404
    ask /api/api-docs
    expect_status 200
    expect_no_match "the specification" "$(cat body.txt)" '"/api/(contact/search|resource-type)"'
    expect_match "the specification" "$(cat body.txt)" '"/api/contact"'
    script 'api-docs => status 500'
    ask /api/api-docs
    expect_status 500
    expect_equal "counted" "$(stat_of by_kind.api-docs)" 5
}
