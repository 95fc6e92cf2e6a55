"""Totals of job 1, for comparing engines: groups.py FILE (a DSR message or a CSV of groups) prints groups, plays, seconds and a digest.

The digest is a sum over groups, so it does not depend on their order. Standard library only.
"""

import csv
import hashlib
import re
import sys


def seconds(text):
    hours, minutes, rest = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?", text).groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(rest or 0)


def from_csv(lines):
    for row in csv.DictReader(lines):
        yield row["Release UPC"], row["Track ID"], row["Country"], row["Plan Code"], int(row["plays"]), int(row["seconds"])


def from_dsr(lines, plans):
    contexts, tracks, upc = {}, {}, ""
    for line in lines:
        cells = line.rstrip("\r\n").split("\t")
        record = cells[0].split(".")[0]
        if record.startswith("SY"):
            contexts[cells[1]] = cells[6], plans.get(cells[7], cells[7])
        elif record == "RE01":
            upc = cells[6]
        elif record in ("AS01", "AS02"):
            tracks[cells[2]] = cells[3]
        elif record == "SU02":
            yield upc, tracks[cells[5]], *contexts[cells[2]], int(cells[7]), seconds(cells[11])


def main():
    path, *pairs = sys.argv[1:]
    with open(path, encoding="utf-8", newline="") as lines:
        dsr = lines.read(4) == "HEAD"
        lines.seek(0)
        groups = {}
        for *key, plays, length in from_dsr(lines, dict(pair.split("=") for pair in pairs)) if dsr else from_csv(lines):
            # Plays that bear no royalties stand apart in a message and not in the peers' tables.
            before = groups.get(tuple(key), (0, 0))
            groups[tuple(key)] = before[0] + plays, before[1] + length
    digest = 0
    for key, sums in groups.items():
        text = "\x1f".join([*key, *map(str, sums)])
        digest = (digest + int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())) % 2**64
    print(len(groups), sum(s[0] for s in groups.values()), sum(s[1] for s in groups.values()), f"{digest:016x}")


main()
