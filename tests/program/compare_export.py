"""compare_export.py DATABASE FILE: does a CSV or JSON lines export hold every value of every contact?

Of a CSV file the guard against formulas is taken off, unless a third argument says `raw`.
"""

import csv
import json
import re
import sqlite3
import sys

TIMES = ("created_at", "updated_at", "deleted_at", "flex_created_date", "flex_last_edit_date")
WITHOUT_ZONE = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d([.,]\d*)?"
FORMULA_BEGINS = "=+-@\t\r"


def read_csv(path, raw):
    with open(path, encoding="utf-8", newline="") as file:
        names, *rows = list(csv.reader(file))
    for row in rows:
        for i, cell in enumerate(row):
            if not raw and cell[:1] == "'" and cell[1:2] and cell[1] in FORMULA_BEGINS:
                row[i] = cell[1:]
    return names, rows


def read_jsonl(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        objects = [json.loads(line) for line in file.read().split("\n")[:-1]]
    return list(objects[0]), [list(o.values()) for o in objects]


def as_csv(value):
    return "" if value is None else str(value)


def with_zone(name, value):
    """Points in time are UTC, and say so; a day has no zone."""
    return f"{value}Z" if name in TIMES and re.fullmatch(WITHOUT_ZONE, value or "") else value


def same(stored, exported, is_csv):
    if not is_csv:
        return stored == exported
    if isinstance(stored, float):
        return float(exported) == stored
    return as_csv(stored) == exported


def main(database, path, raw=""):
    is_csv = path.endswith(".csv")
    names, rows = read_csv(path, raw == "raw") if is_csv else read_jsonl(path)
    stored = {
        row[0]: row[1:]
        for row in sqlite3.connect(f"file:{database}?mode=ro", uri=True).execute(
            f"SELECT contact_id, {', '.join(names)} FROM contacts"
        )
    }
    place = names.index("contact_id")
    wrong = 0
    for row in rows:
        expected = stored.pop(row[place])
        for name, a, b in zip(names, expected, row, strict=True):
            if not same(with_zone(name, a), b, is_csv):
                wrong += 1
                print(f"{row[place]}: {name}: stored {a!r}, exported {b!r}")
    for contact_id in stored:
        wrong += 1
        print(f"{contact_id} is not exported")
    print(f"{len(rows)} contacts, {len(names)} columns")
    return 1 if wrong else 0


sys.exit(main(*sys.argv[1:]))
