# What a person sees: a terminal of 80 columns and 24 lines, from the quick start on.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)

in_terminal() { tmux -S "$T/tmux" "$@"; }

# All that was on the screen; lines that the terminal broke are whole again.
screen() { in_terminal capture-pane -p -J -S - -t session; }

# A prompt stands alone in the last line that is not empty.
is_ready() { [ "$(screen | sed '/^$/d' | tail -n 1)" = '$ ' ] || [ "$(screen | sed '/^$/d' | tail -n 1)" = '$' ]; }

prompts() { screen | grep -c '^\$'; }
has_prompts() { [ "$(prompts)" -ge "$1" ] && is_ready; }

# type_in COMMAND: as a person would, and waits for one more prompt.
type_in() {
    local before
    before=$(prompts)
    in_terminal send-keys -t session -l "$1"
    in_terminal send-keys -t session Enter
    wait_until "the prompt after '$1'" has_prompts $((before + 1))
}

# What differs from run to run: clocks, spans, sizes, processes, ports, dates of the made-up contacts, and how many records
# the order of edits leaves in doubt, which were had in the second of its reading.
normalise() {
    sed -E -e "s|$T/tree|TREE|g" -e 's/127\.0\.0\.1:[0-9]+/127.0.0.1:PORT/g' -e 's/process [0-9]+/process N/g' \
        -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}/DATE/g' -e 's/[0-9]{1,2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)( [0-9]{4})?/DATE/g' \
        -e 's/(DATE )?[0-9]{2}:[0-9]{2}(:[0-9]{2})?/TIME/g' -e 's/success [0-9]+ (ms|s)/success SPAN/g' -e 's/[0-9.]+ [kM]B/SIZE/g' -e 's/1,7[0-9]{2} of /1,7NN of /g' \
        -e 's/(in|[,;(]) [0-9]+ (s|min|h|d)\b( [0-9]+ (s|min|h)\b)?/\1 SPAN/g' -e 's/[ \t]+$//' |
        sed -zE -e 's/, [0-9]{1,2} fetched,[ \n]+([0-9]{1,2} unchanged;[ \n]+)?[0-9]{1,2} requests,[ \n]+SIZE in SPAN/, FEW fetched/g' \
            -e 's/│ [0-9]{1,2} +│ 0 +│ [0-9]{1,2} +│/│ FEW     │ 0    │ FEW      │/g'
}

test_a_terminal_session_looks_as_it_did() {
    command -v tmux >/dev/null || skip "tmux is missing: apt-get install tmux"
    mkdir tree
    ln -s "$ROOT/contrib" tree/contrib
    ln -s "$BUILD" tree/build
    unset TMUX
    echo "PS1='\$ '; alias flexsync='build/flexsync -c quickstart/flexsim/flexsync.conf'" >rc
    (cd tree && env -i PATH="$PATH" HOME="$T" TERM=screen LC_ALL=C.UTF-8 TZ=UTC FLEXSYNC_BUILD=build NO_COLOR=1 \
        tmux -S "$T/tmux" -f /dev/null new-session -d -s session -x 80 -y 24 "exec bash --rcfile '$T/rc'")
    STARTED+=("$(in_terminal display-message -p '#{pid}')")
    in_terminal set-option -g history-limit 5000
    wait_until "a prompt" is_ready
    type_in './contrib/quickstart'
    local words
    for words in status 'search -n 5 mar' 'show 17' 'changes -n 5' history 'sync --dry-rn' statsu; do type_in "flexsync $words"; done
    screen | normalise >session.txt
    in_terminal kill-server
    local long
    long=$(grep -vE 'TREE|^\$ |^  sqlite3 ' session.txt | grep -E '.{81}' || true)
    [ -z "$long" ] || fail "longer than the terminal: $long"
    if [ -n "${SESSION_UPDATE:-}" ]; then # a person has looked at it
        cp session.txt "$HERE/session.txt"
        return 0
    fi
    diff -u "$HERE/session.txt" session.txt >session.out || fail "the session differs; if it is right: SESSION_UPDATE=1 tests/program/run BUILD session"
}
