# Contacts as files that other programs open; those programs read them back.
# shellcheck shell=bash disable=SC2317,SC2034,SC2153

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PYTHON=/usr/bin/python3 # Debian's, with Debian's modules

# python SCRIPT ARGUMENTS…: what it says goes to python.out.
python() { "$PYTHON" "$HERE/$1" "${@:2}" >python.out 2>&1 || fail "$1: $(tail -n 15 python.out)"; }

# filled N: a server of N contacts and a copy of it; some are Inactive.
filled() {
    start_sim --contacts "$1"
    write_conf
    sync
    expect_status 0
}

# No file but those named is in the folder.
expect_only() {
    expect_equal "files in $1" "$(cd "$1" && find . -type f | sort | tr '\n' ' ')" "${*:2}"
}

test_csv_and_json_lines_hold_every_contact_and_every_value() {
    filled 1699
    mkdir out
    local name
    for name in out/a.csv out/a.jsonl; do
        cli export -o $name
        expect_status 0
        expect_equal "stdout" "$(cat "$OUT")" "1,699 contacts in $name"
        expect_equal "rights of $name" "$(stat -c %a $name)" 600
        python compare_export.py "$DB" $name
        expect_match "compared" "$(cat python.out)" '^1699 contacts, 4[0-9] columns$'
    done
    cli export -o out/raw.csv --raw
    expect_status 0
    python compare_export.py "$DB" out/raw.csv raw
    cli export --format jsonl
    cmp "$OUT" out/a.jsonl || fail "the standard output has something else than the file"
    cli export
    cmp "$OUT" out/a.csv || fail "without a format it is not CSV"
    expect_only out ./a.csv ./a.jsonl ./raw.csv ''
}

test_no_csv_cell_begins_a_formula() {
    filled 1699
    expect_at_least "names that are formulas" "$(sql "SELECT count(*) FROM contacts WHERE name GLOB '[=@+-]*'")" 1
    cli export
    expect_status 0
    "$PYTHON" - "$OUT" <<'PY' || fail "a cell begins a formula"
import csv, re, sys
harmless = re.compile(r"^[-+]?[0-9.]+(e[-+]?[0-9]+)?$|^\+[0-9 ().\-/]{5,}$")
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    bad = [cell for row in csv.reader(file) for cell in row if cell[:1] in tuple("=+-@\t\r") and not harmless.match(cell)]
print(bad[:5])
sys.exit(1 if bad else 0)
PY
    LC_ALL=C grep -qaP '[^\r]\n' <(head -n 1 "$OUT") && fail "a line ends without CR"
    expect_equal "names" "$(head -c 15 "$OUT")" "contact_id,name"
}

test_an_excel_file_has_801_rows_for_800_contacts() {
    filled 800
    cli export -o contacts.xlsx
    expect_status 0
    expect_equal "rights" "$(stat -c %a contacts.xlsx)" 600
    "$PYTHON" - contacts.xlsx >python.out 2>&1 <<'PY' || fail "$(cat python.out)"
import datetime, sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
(sheet,) = book.worksheets
assert sheet.max_row == 801, sheet.max_row
assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref.endswith("801")
names = [cell.value for cell in sheet[1]]
assert names[:2] == ["contact_id", "name"], names
dates = phones = 0
for row in sheet.iter_rows(min_row=2):
    cells = dict(zip(names, row, strict=True))
    assert cells["phone"].value is None or isinstance(cells["phone"].value, str)
    phones += cells["phone"].value is not None
    assert isinstance(cells["updated_at (UTC)"].value, datetime.datetime)
    dates += isinstance(cells["flex_created_date (UTC)"].value, datetime.datetime)
    assert all(cell.data_type != "f" for cell in row)
assert dates > 700 and phones > 300, (dates, phones)
PY
}

# Whatever the zone of this machine is. A zone that Flex says stays, and a day has none.
test_times_say_their_zone_in_every_format() {
    filled 30
    export TZ=Asia/Tokyo
    local id stored
    id=$(some_id 3)
    stored=$(sql "SELECT flex_last_edit_date FROM contacts WHERE contact_id = '$id'")
    sqlite3 "$DB" "UPDATE contacts SET flex_created_date = '2024-03-05T23:23:37+02:00', birthday = '1979-02-28',
        updated_at = '2024-03-05 23:23:37', deleted_at = NULL WHERE contact_id = '$id'"
    local columns=contact_id,flex_created_date,flex_last_edit_date,updated_at,deleted_at,birthday
    cli export --columns "$columns"
    expect_equal "csv" "$(grep "^$id" "$OUT")" \
        "$id,2024-03-05T23:23:37+02:00,${stored}Z,2024-03-05 23:23:37Z,,1979-02-28"$'\r'
    cli export --columns "$columns" --format jsonl
    grep "$id" "$OUT" >row.json
    expect_equal "jsonl" "$(json row.json flex_created_date) $(json row.json flex_last_edit_date) $(json row.json updated_at)" \
        "2024-03-05T23:23:37+02:00 ${stored}Z 2024-03-05 23:23:37Z"
    cli show "$id"
    expect_match "card" "$(cat "$OUT")" $'\n'"Created +2024-03-05T23:23:37\+02:00"$'\n'
    expect_match "card" "$(cat "$OUT")" $'\n'"Edited +$stored UTC"$'\n'
    expect_match "card" "$(cat "$OUT")" $'\n'"Birthday +1979-02-28"$'\n'
    expect_match "card" "$(cat "$OUT")" $'\n'"Changed +06 Mar 2024 08:23 JST  "
    expect_match "card" "$(cat "$OUT")" $'\n'"Checked +$CLOCK JST  "
    cli show "$id" --json
    expect_schema show
    expect_equal "JSON" "$(json "$OUT" contact.flex_last_edit_date) $(json "$OUT" contact.updated_at)" \
        "${stored}Z 2024-03-05 23:23:37Z"
}

test_vcards_are_parsed_by_another_program_and_nobody_is_missing() {
    filled 800
    cli export -o active.vcf
    expect_status 0
    python check_vcards.py "$DB" active.vcf
    expect_equal "cards" "$(cat python.out)" "$(sql "SELECT count(*) FROM contacts WHERE status = 'Active'") cards"
    expect_equal "rights" "$(stat -c %a active.vcf)" 600
    cli export -o all.vcf --all
    expect_status 0
    python check_vcards.py "$DB" all.vcf all
    expect_equal "cards" "$(cat python.out)" "800 cards"
}

test_columns_and_contacts_can_be_chosen() {
    filled 300
    cli export --columns phone,name,contact_id
    expect_status 0
    expect_equal "names" "$(head -n 1 "$OUT")" $'phone,name,contact_id\r'
    cli export --active --columns contact_id
    expect_equal "active ones" "$(($(wc -l <"$OUT") - 1))" "$(sql "SELECT count(*) FROM contacts WHERE status = 'Active'")"
    cli export --type Vendor --has email --columns contact_id
    expect_equal "vendors with an e-mail" "$(($(wc -l <"$OUT") - 1))" \
        "$(sql "SELECT count(DISTINCT contact_id) FROM contacts JOIN contact_resource_types t USING (contact_id) WHERE t.name = 'Vendor' AND email IS NOT NULL")"
    sqlite3 "$DB" "UPDATE contacts SET updated_at = '2020-01-01 00:00:00' WHERE id > 10"
    cli export --since 1d --columns id
    expect_equal "changed since yesterday" "$(($(wc -l <"$OUT") - 1))" 10
    cli export --since 2019-12-31Z --columns id
    expect_equal "changed since 2019" "$(($(wc -l <"$OUT") - 1))" 300
}

test_wrong_words_are_told_before_a_file_is_touched() {
    filled 5
    mkdir out
    echo old >out/x.csv
    local case
    while IFS='|' read -r case says; do
        # shellcheck disable=SC2086
        cli export $case
        expect_status 64
        expect_match "stderr of '$case'" "$(cat "$ERR")" "$says"
        expect_equal "lines on stderr" "$(wc -l <"$ERR")" 1
    done <<'CASES'
-o out/x.csv --columns name,nmae|did you mean name\?
-o out/x.csv --columns name,name|named twice
-o out/x.csv --format cvs|did you mean csv\?
-o out/x.xls|let it end in \.csv
-o out/x.csv --since soon|--since takes
-o out/x.csv --has emial|did you mean email\?
-o out/x.csv --all --active|exclude each other
-o out/x.vcf --columns name|fields of its own
-o out --format csv|is a folder
-o out/x.csv --colums name|did you mean --columns\?
CASES
    expect_only out ./x.csv ''
    expect_equal "the old file" "$(cat out/x.csv)" old
    cli export -o none/x.csv
    expect_status 73
    expect_match "stderr" "$(cat "$ERR")" 'cannot make none/x.csv: No such file or directory; make its folder'
}

test_a_full_disk_is_74_and_leaves_the_old_file() {
    filled 1699
    mkdir -p disk
    mount -t tmpfs -o size=1m tmpfs disk 2>/dev/null || skip_impossible "no tmpfs can be mounted here (not root?)"
    echo "$T/disk" >mounted.disk
    local format
    for format in csv jsonl xlsx vcf; do
        echo old >disk/x.$format
        head -c 650000 /dev/zero >disk/ballast
        cli export -o disk/x.$format
        expect_status 74
        expect_match "stderr" "$(cat "$ERR")" 'cannot write .*make room'
        expect_equal "the old $format" "$(cat disk/x.$format)" old
        expect_only disk ./ballast "./x.$format" ''
        rm disk/ballast disk/x.$format
    done
    STATUS=0
    "$SYNC" -c "$CONF" export --format xlsx >/dev/full 2>full.err || STATUS=$?
    expect_equal "status of Excel to a full device" $STATUS 74
    STATUS=0
    "$SYNC" -c "$CONF" export >/dev/full 2>full.err || STATUS=$?
    expect_equal "status of CSV to a full device" $STATUS 74
}

# The library that writes Excel files looks at no write to its temporary ones: wherever the disk becomes full, the file
# must be whole or the old one.
test_an_excel_file_is_whole_or_not_there_however_full_the_disk_is() {
    filled 300
    mkdir -p disk
    mount -t tmpfs -o size=8m tmpfs disk 2>/dev/null || skip_impossible "no tmpfs can be mounted here (not root?)"
    echo "$T/disk" >mounted.disk
    local kb refused=0 whole=0
    for kb in 8200 8100 8000 7900 7800 7700 7600 7500 7400 7300 7200 7100 7000 6500 6000 5000; do
        echo old >disk/x.xlsx
        head -c "${kb}000" /dev/zero >disk/ballast 2>/dev/null || true
        cli export -o disk/x.xlsx
        if [ "$STATUS" = 0 ]; then
            whole=$((whole + 1))
            "$PYTHON" -c "import openpyxl; assert openpyxl.load_workbook('disk/x.xlsx').worksheets[0].max_row == 301" ||
                fail "the file is broken, and nothing was said ($kb kB of 8 MB used)"
        else
            expect_status 74
            refused=$((refused + 1))
            expect_equal "the old file" "$(cat disk/x.xlsx)" old
        fi
        rm -f disk/ballast
        expect_only disk ./x.xlsx ''
    done
    expect_at_least "refused" $refused 3
    expect_at_least "whole" $whole 2
}

test_a_reader_that_goes_away_is_no_error_and_leaves_nothing() {
    filled 1699
    mkdir out
    local format
    for format in csv jsonl vcf xlsx; do
        (trap '' PIPE; TMPDIR=$T/out "$SYNC" -c "$CONF" export --format $format 2>pipe.err; echo $? >pipe.status) | head -c 10 >/dev/null
        expect_equal "status of $format" "$(cat pipe.status)" 0
        expect_equal "stderr of $format" "$(cat pipe.err)" ""
        (TMPDIR=$T/out "$SYNC" -c "$CONF" export --format $format 2>pipe.err || true) | head -c 10 >/dev/null
    done
    expect_only out ''
}

test_ctrl_c_leaves_the_old_file_and_nothing_else() {
    filled 1699
    mkdir out
    local i format pid status
    for i in 1 2 3 4 5 6 7 8; do
        for format in xlsx vcf; do
            echo old >out/x.$format
            env --default-signal=INT "$SYNC" -c "$CONF" export -o out/x.$format >int.out 2>int.err &
            pid=$!
            STARTED+=("$pid")
            pause "0.0$((i * 2))"
            kill -INT $pid 2>/dev/null || true
            status=0
            wait $pid || status=$?
            expect_only out "./x.$format" ''
            if [ $status = 130 ]; then expect_equal "the old file" "$(head -c 4 out/x.$format)" old; fi
            if [ $status = 0 ]; then expect_no_match "the new file" "$(head -c 3 out/x.$format)" old; fi
            rm out/x.$format
        done
    done
}

test_devices_are_written_to_and_never_replaced() {
    filled 20
    mkfifo pipe.csv pipe.xlsx
    cat pipe.csv >got.csv &
    cli export -o pipe.csv
    expect_status 0
    wait $!
    cli export
    cmp "$OUT" got.csv
    cat pipe.xlsx >got.xlsx &
    cli export -o pipe.xlsx
    expect_status 0
    wait $!
    expect_equal "an Excel file begins" "$(head -c 2 got.xlsx)" PK
    [ -p pipe.csv ] && [ -p pipe.xlsx ] || fail "a pipe was replaced"
}
