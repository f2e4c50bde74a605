"""check_vcards.py DATABASE FILE [all]: are the vCards what RFC 6350 wants, and is nobody and nothing missing?

Looks at the bytes itself (line ends, folding) and lets vobject, another program, parse them.
"""

import json
import sqlite3
import sys

import vobject

LINE_OCTETS = 75


def check_lines(data):
    assert data.endswith(b"\r\n"), "the last line has no end"
    for line in data[:-2].split(b"\r\n"):
        assert b"\n" not in line and b"\r" not in line, f"a line end that is none: {line!r}"
        assert len(line) <= LINE_OCTETS, f"{len(line)} octets: {line!r}"
        line.decode("utf-8")  # no character is cut


def lines(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")


def texts(card, name):
    return [item.value for item in card.contents.get(name, [])]


def check_card(card, contact_id, flex_data):
    record = json.loads(flex_data)
    assert texts(card, "version") == ["4.0"], contact_id
    assert len(texts(card, "fn")) == 1 and texts(card, "fn")[0].strip(), contact_id
    mails = [m["url"] for m in record.get("internetAddresses") or [] if "@" in (m.get("url") or "")]
    assert texts(card, "email") == mails, (contact_id, texts(card, "email"), mails)
    phones = [p["dialNumber"] for p in record.get("phoneNumbers") or [] if (p.get("dialNumber") or "").strip()]
    assert len(texts(card, "tel")) == len(phones), (contact_id, texts(card, "tel"), phones)
    for shown, dialled in zip(texts(card, "tel"), phones, strict=True):
        assert shown.endswith(dialled.strip()), (contact_id, shown, dialled)
    places = [a for a in record.get("addresses") or [] if a.get("line1") or a.get("city")]
    assert len(texts(card, "adr")) == len(places), (contact_id, places)
    for shown, place in zip(texts(card, "adr"), places, strict=True):
        assert shown.city == (place.get("city") or ""), (contact_id, shown.city, place)
    if (record.get("jobTitle") or "").strip():
        assert texts(card, "title") == [lines(record["jobTitle"])], (contact_id, texts(card, "title"), record["jobTitle"])
    if (record.get("company") or "").strip():
        assert texts(card, "org")[0] == [lines(record["company"])], (contact_id, texts(card, "org"))
    assert len(texts(card, "rev")) == 1, contact_id


def main(database, path, whom=""):
    with open(path, "rb") as file:
        data = file.read()
    check_lines(data)
    where = "" if whom == "all" else "WHERE status = 'Active'"
    stored = dict(
        sqlite3.connect(f"file:{database}?mode=ro", uri=True).execute(f"SELECT contact_id, flex_data FROM contacts {where}")
    )
    count = 0
    for card in vobject.readComponents(data.decode("utf-8")):
        (contact_id,) = texts(card, "uid")
        check_card(card, contact_id, stored.pop(contact_id))
        count += 1
    assert not stored, f"without a card: {list(stored)[:5]}"
    print(f"{count} cards")


main(*sys.argv[1:])
