"""openmetrics.py FILE [USER...]: is the file OpenMetrics text, as the specification demands, and of a form that
node_exporter's textfile collector takes too? Do the files that use it, a dashboard and alert rules, name nothing that it
lacks? Ends with 1 if not. Shares no code with what prints it."""

import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)?\}})? (\S+)\Z")
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\Z|[+-]Inf\Z|NaN\Z")
SUFFIXES = {"gauge": [""], "counter": ["_total"]}  # node_exporter refuses a file with info or stateset
KEYWORDS = ["TYPE", "UNIT", "HELP"]


class Broken(Exception):
    pass


def demand(condition, what):
    if not condition:
        raise Broken(what)


def read_descriptor(line, family, families):
    match = re.match(rf"# (TYPE|UNIT|HELP) ({NAME}) (.+)\Z", line)
    demand(match, "neither a descriptor nor # EOF")
    keyword, name, rest = match.groups()
    if family is None or name != family["name"]:
        demand(name not in families, "a family that comes twice")
        family = families[name] = {"name": name, "keywords": [], "type": None, "samples": set(), "values": []}
    demand(keyword not in family["keywords"], f"a second {keyword}")
    demand(not family["samples"], f"{keyword} behind samples")
    family["keywords"].append(keyword)
    if keyword == "TYPE":
        demand(rest in SUFFIXES, f"no type that both readers know: {rest}")
        demand(not name.endswith("_total"), "_total in the name of a family")
        family["type"] = rest
    elif keyword == "UNIT":
        demand(name.endswith("_" + rest), "the name does not end with the unit")
    else:
        demand(not re.search(r"\\(?![\\n\"])", rest), "a lone backslash in the help")
    return family


def read_sample(line, family):
    match = SAMPLE.match(line)
    demand(match, "no sample, or one with a time")
    name, labels, value = match.groups()
    demand(family is not None and "TYPE" in family["keywords"] and "HELP" in family["keywords"], "no TYPE and HELP before")
    demand(name in [family["name"] + suffix for suffix in SUFFIXES[family["type"]]], f"not of {family['name']}")
    names = re.findall(r'([a-zA-Z_][a-zA-Z0-9_]*)="', re.sub(r'"(?:[^"\\]|\\.)*"', '""', labels or ""))
    demand(len(names) == len(set(names)), "a label twice")
    series = (name, tuple(sorted(re.findall(LABEL, labels or ""))))
    demand(series not in family["samples"], "a series twice")
    demand(NUMBER.match(value), "no number")
    demand(family["type"] != "counter" or float(value) >= 0, "a negative counter")
    family["samples"].add(series)


def read(text):
    families, family = {}, None
    demand(text.endswith("\n# EOF\n"), "it does not end with # EOF and a line end")
    for number, line in enumerate(text[: -len("# EOF\n")].split("\n")[:-1], 1):
        try:
            if line.startswith("#"):
                family = read_descriptor(line, family, families)
            else:
                read_sample(line, family)
        except Broken as broken:
            raise Broken(f"line {number}: {broken}: {line}") from None
    return families


def main(path, *users):
    with open(path, encoding="utf-8", newline="") as file:
        families = read(file.read())
    series = {name + SUFFIXES[family["type"]][0] for name, family in families.items()}
    for user in users:
        with open(user, encoding="utf-8") as file:
            used = set(re.findall(r"\bflexsync_[a-z_]+\b", file.read()))
        demand(used, f"{user} uses no metric")
        demand(used <= series, f"{user} uses what there is not: {', '.join(sorted(used - series))}")


try:
    main(*sys.argv[1:])
except Broken as broken:
    print(broken)
    sys.exit(1)
