# The SQL that the README shows.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

README=$(dirname "${BASH_SOURCE[0]}")/../../README.md

# Every statement of the README's blocks of SQL, one a file: queries/01.sql, …
extract_queries() {
    mkdir -p queries
    awk '/^```sql$/ { inside = 1; next } /^```$/ { inside = 0 }
         inside && !/^ *--/ { text = text $0 "\n"
             if ($0 ~ /;$/) { printf "%s", text >sprintf("queries/%02d.sql", ++n); text = "" } }
         END { if (text ~ /[^ \n]/) { print "a query without an end: " text >"/dev/stderr"; exit 1 } }' "$README"
}

test_every_query_of_the_readme_runs_and_finds_something() {
    start_sim --contacts 1699
    write_conf limits.hourly=100000 limits.daily=100000
    sync
    expect_status 0
    sim 'edit?n=5&kind=rename' >/dev/null
    sim 'remove?n=2' >/dev/null
    sim 'add?n=2' >/dev/null
    sync --full
    expect_status 0
    # Somebody was entered twice.
    sqlite3 "$DB" "UPDATE contacts SET flex_data = (SELECT flex_data FROM contacts JOIN contact_emails USING (contact_id) LIMIT 1)
        WHERE id = (SELECT max(id) FROM contacts)"
    extract_queries
    expect_at_least "queries in the README" "$(find queries -name '*.sql' | wc -l)" 20
    local file rows
    for file in queries/*.sql; do
        sqlite3 -readonly -bail "$DB" <"$file" >rows.out 2>rows.err || fail "$(cat "$file" rows.err)"
        [ ! -s rows.err ] || fail "$(cat "$file" rows.err)"
        rows=$(wc -l <rows.out)
        [ "$rows" -gt 0 ] || fail "finds nothing: $(cat "$file")"
    done
}
