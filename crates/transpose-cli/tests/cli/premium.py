"""Compares what was made of the log of premium plays with the report that the log was taken from. Shares no code with Transpose.

usage: premium.py REPORT MADE MESSAGE...
"""

import csv
import sys
from collections import Counter

# The log does not know these; they were given on the command line or belong to the run.
OTHER = {"Report Generated Date", "Service", "API Key Name"}


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main(report, made, messages):
    wanted = [row for row in rows(report) if row["Plan Code"] == "northwind-premium"]
    found = rows(made)
    assert len(wanted) == len(found) > 2000, (len(wanted), len(found))
    for a, b in zip(wanted, found):
        for name, value in a.items():
            assert name in OTHER or b[name] == value, (a["Stream ID"], name, value, b[name])
    plays = Counter()
    for row in wanted:
        plays[row["Country"]] += 1
    for message in messages:
        territories, total, counted = {}, Counter(), Counter()
        with open(message, encoding="utf-8", newline="") as file:
            for line in file:
                cells = line.rstrip("\r\n").split("\t")
                if cells[0] in ("SY02.04", "SY03.02"):
                    territories[cells[1]] = cells[6]
                elif cells[0] == "SU02.03":
                    counted[territories[cells[2]]] += int(cells[7])
        assert counted == plays, (message, counted, plays)
    print(f"{len(found)} plays, {len(messages)} messages")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
