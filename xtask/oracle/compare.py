#!/usr/bin/env python3
"""What differs between two play logs, found by looking at every pair: an independent answer for `transpose compare`.

    compare.py A.csv B.csv WINDOW-IN-SECONDS

The files have the columns Play, Played, Track, User, Seconds and Where, and no cell with a line break. Printed is a JSON list of
[class, line, line of the other row, fields that differ], in the order in which differences are told.
"""

import csv
import json
import sys
from datetime import datetime

FIELDS = {"Track": "recording.id", "User": "event.user", "Where": "context.territory"}


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        found = []
        for line, row in enumerate(csv.DictReader(file), start=2):
            row["line"] = line
            row["time"] = round(datetime.fromisoformat(row["Played"]).timestamp() * 1000)
            found.append(row)
        return found


def differing(a, b, window):
    names = [name for column, name in FIELDS.items() if a[column] != b[column]]
    if float(a["Seconds"]) != float(b["Seconds"]):
        names.append("event.duration")
    if abs(a["time"] - b["time"]) > window:
        names.append("event.time")
    return sorted(names)


def first_of_each(rows, letter, window, told):
    first, rest = {}, []
    for row in rows:
        before = first.get(row["Play"]) if row["Play"] else None
        if before:
            told.append((letter, row["line"], f"repeated-in-{letter}", before["line"], differing(row, before, window)))
            continue
        if row["Play"]:
            first[row["Play"]] = row
        rest.append(row)
    return first, rest


def main():
    window = int(float(sys.argv[3]) * 1000)
    told, pairs = [], []
    by_id, rest = zip(*(first_of_each(rows(path), letter, window, told) for path, letter in zip(sys.argv[1:3], "ab")))
    both = by_id[0].keys() & by_id[1].keys()
    pairs += [(by_id[0][play], by_id[1][play]) for play in both]
    left = [[row for row in part if row["Play"] not in both] for part in rest]
    near = []
    for a in left[0]:
        for b in left[1]:
            apart = abs(a["time"] - b["time"])
            if a["Track"] and (a["Track"], a["User"]) == (b["Track"], b["User"]) and apart <= window:
                near.append((apart, min(a["time"], b["time"]), a["line"], b["line"], a, b))
    used = set()
    for *_, a_line, b_line, a, b in sorted(near, key=lambda pair: pair[:4]):
        if ("a", a_line) not in used and ("b", b_line) not in used:
            used |= {("a", a_line), ("b", b_line)}
            pairs.append((a, b))
    for a, b in pairs:
        names = differing(a, b, window)
        if names:
            told.append(("a", a["line"], "different", b["line"], names))
    for letter, part in zip("ab", left):
        told += [(letter, row["line"], f"only-in-{letter}", None, []) for row in part if (letter, row["line"]) not in used]
    print(json.dumps([[name, line, other, fields] for _, line, name, other, fields in sorted(told, key=lambda told: told[:2])]))


if __name__ == "__main__":
    main()
