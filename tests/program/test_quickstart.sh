# The scripts of contrib that a newcomer meets first.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

quickstart() {
    mkdir -p tree
    ln -sfn "$ROOT/contrib" tree/contrib
    STATUS=0
    FLEXSYNC_BUILD=$BUILD tree/contrib/quickstart >"$OUT" 2>"$ERR" || STATUS=$?
}

test_the_quick_start_names_the_variable_that_is_missing() {
    OUT=$T/quick.out ERR=$T/quick.err
    FLEX_API_KEY=$KEY quickstart
    expect_equal "status" "$STATUS" 64
    expect_match "message" "$(cat "$ERR")" 'FLEX_API_KEY is set and FLEX_BASE_URL is not'
    FLEX_BASE_URL=http://127.0.0.1:1/f5/api quickstart
    expect_equal "status" "$STATUS" 64
    expect_match "message" "$(cat "$ERR")" 'FLEX_BASE_URL is set and FLEX_API_KEY is not'
    STATUS=0
    FLEX_API_KEY=$KEY tree/contrib/dev >"$OUT" 2>"$ERR" || STATUS=$?
    expect_equal "status of dev" "$STATUS" 64
    [ ! -e tree/quickstart ] && [ ! -e tree/build ] || fail "it has begun nevertheless"
}

# A second one within the hour, too: the ledger of the first, of another flexsim, would stop it. (fresh-machine runs it twice.)
test_the_quick_start_begins_anew_and_its_next_steps_work_as_printed() {
    local line steps=0
    OUT=$T/quick.out ERR=$T/quick.err
    mkdir -p tree/quickstart/flexsim
    echo "left by the first" | tee tree/quickstart/flexsim/quota.db >tree/quickstart/flexsim/contacts.db
    quickstart
    expect_equal "status: $(cat "$ERR")" "$STATUS" 0
    expect_match "the sync" "$(cat "$OUT")" '1,699 fetched, 1,699 new'
    while read -r line; do
        steps=$((steps + 1))
        (unset FLEXSYNC_BUILD && eval "$line") >step.out 2>&1 </dev/null || fail "$line: $(cat step.out)"
        expect_at_least "lines of $line" "$(wc -l <step.out)" 3
    done < <(sed -n '/^Your database/,$ s/^  //p' "$OUT")
    expect_equal "steps" "$steps" 4
    grep -q systemctl "$OUT" && fail "a unit is named that is not installed"
    return 0
}

test_versions_follow_the_commits() {
    local before now
    mkdir -p tree/contrib
    cp "$ROOT/contrib/version" tree/contrib
    cp "$ROOT/CMakeLists.txt" tree
    expect_match "without git" "$(tree/contrib/version)" '^[0-9]+\.[0-9]+\.[0-9]+$'
    cd tree
    git init -q .
    git config user.name Test
    git config user.email test@example.org
    expect_match "without a commit" "$(contrib/version)" '^[0-9]+\.[0-9]+\.[0-9]+$'
    git add .
    GIT_COMMITTER_DATE='2026-11-28 23:59:58 +0000' git commit -qm one
    before=$(contrib/version)
    expect_match "of a commit" "$before" '^[0-9.]+~git20261128235958\.[0-9a-f]{7,}$'
    echo >new
    expect_match "with changes" "$(contrib/version)" "^$(sed 's/[.+]/\\&/g' <<<"$before")\\+edited[0-9]{14}\$"
    git add .
    GIT_COMMITTER_DATE='2026-11-28 23:59:59 +0000' git commit -qm two
    now=$(contrib/version)
    dpkg --compare-versions "$now" gt "$before" || fail "$now is not newer than $before"
    dpkg --compare-versions "$now" gt 2.0.0 || fail "$now is not newer than the packages that had no such version"
    dpkg --compare-versions "$now" lt "$(sed -nE 's/^project.* VERSION ([0-9.]+).*/\1/p' CMakeLists.txt)" ||
        fail "$now is not older than the release"
}
