#!/usr/bin/env python3
"""Counts the plays of client usage reports (subscription, catalogue, preview clips), independently of the converter.

usage: count.py FILE... [--period 2026-10] [--threshold 30]

Prints JSON. Every row is counted once: accepted, rejected (with a reason) or outside the period. The first reason
that applies is given, in this order: columns, utf-8, date, country, duration, track id. A play below the threshold
is accepted and counted apart as well. Reports without plans have one empty plan. Only the Python standard library is
used.
"""

import argparse
import collections
import csv
import datetime
import json
import re
import sys

SUBSCRIPTION = [
    "Report Generated Date", "Partner ID", "Stream ID", "Logged Date Time", "Format ID", "Country", "Play Mode",
    "User ID", "Service", "Track ID", "Duration played", "Total Duration", "Device Name", "API Key Name",
    "Plan Code", "Release UPC", "Release Artist", "Label Group Name", "GRID", "Release Name", "Item Identifier Code",
    "Item Artist", "Item Name",
]

CATALOGUE = [
    "Report Generated", "Stream ID", "User ID", "Logged Date Time", "Country", "End Reason", "Format ID", "PlayMode",
    "Service", "Track ID", "Duration Played", "Total Duration", "Device Name", "API Key Name", "Release UPC",
    "Release Artist", "Label Group Name", "GRID", "Release Name", "Item Identifier Code", "Item Artist", "Item Name",
]

PREVIEW = [
    "Report Generated", "Stream ID", "Logged Date Time", "Country", "Play Mode", "Play Type", "Service", "Track ID",
    "Duration played", "Total Duration", "Device Name", "API KEY Name", "Release UPC", "Release Artist",
    "Label Group Name", "GRID", "Release Name", "Item Identifier Code", "Item Artist", "Item Name",
]

TEMPLATES = [SUBSCRIPTION, CATALOGUE, PREVIEW]

# ISO 3166-1 alpha-2, officially assigned codes.
COUNTRIES = set("""
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD
CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF
GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI
SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI
VN VU WF WS YE YT ZA ZM ZW
""".split())

TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,9})?Z")
WHOLE = re.compile(r"[0-9]+")


def is_utf8(text):
    """Whether the cell was read without stand-ins for bytes that are not UTF-8."""
    return not any("\udc80" <= character <= "\udcff" for character in text)


def is_time(text):
    """Whether the text is a time that exists, in UTC."""
    match = TIME.fullmatch(text)
    if not match:
        return False
    try:
        datetime.datetime(*(int(part) for part in match.groups()[:6]))
    except ValueError:
        return False
    return True


def duration(row):
    """The seconds played, whose heading is written in two ways."""
    return row.get("Duration played") or row.get("Duration Played", "")


def fault(headings, cells):
    """The first reason to reject a row, or None."""
    if len(cells) != len(headings):
        return "columns"
    if not all(is_utf8(cell) for cell in cells):
        return "utf-8"
    row = dict(zip(headings, cells))
    if not is_time(row["Logged Date Time"]):
        return "date"
    if row["Country"] not in COUNTRIES:
        return "country"
    if not WHOLE.fullmatch(duration(row)):
        return "duration"
    if not row["Track ID"]:
        return "track id"
    return None


def count(paths, period, threshold):
    """The counts of all files together."""
    rows = accepted = outside = seconds = below = 0
    rejected = collections.Counter()
    groups = {}
    pairs = set()
    for path in paths:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            reader = csv.reader(file, strict=True)
            headings = next(reader, None)
            if headings not in TEMPLATES:
                raise ValueError(f"{path}: the first row is not the header of a report of plays")
            for cells in reader:
                rows += 1
                reason = fault(headings, cells)
                if reason:
                    rejected[reason] += 1
                    continue
                row = dict(zip(headings, cells))
                if period and not row["Logged Date Time"].startswith(period + "-"):
                    outside += 1
                    continue
                played = int(duration(row))
                group = groups.setdefault((row["Country"], row.get("Plan Code", "")), [0, 0, 0])
                group[0] += 1
                group[1] += played
                group[2] += played < threshold
                accepted += 1
                seconds += played
                below += played < threshold
                pairs.add((row["Release UPC"], row["Track ID"]))
    return {
        "rows": rows,
        "accepted": accepted,
        "rejected": dict(sorted(rejected.items())),
        "outside_period": outside,
        "plays": accepted,
        "seconds": seconds,
        "plays_below_threshold": below,
        "distinct_release_tracks": len(pairs),
        "groups": [
            {"country": country, "plan": plan, "plays": group[0], "seconds": group[1], "plays_below_threshold": group[2]}
            for (country, plan), group in sorted(groups.items())
        ],
    }


def main():
    parser = argparse.ArgumentParser(description="Count the plays of client usage reports.")
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--period", help="a month such as 2026-10; plays outside it are counted apart")
    parser.add_argument("--threshold", type=int, default=30, help="seconds from which a play qualifies (30)")
    arguments = parser.parse_args()
    try:
        result = count(arguments.files, arguments.period, arguments.threshold)
    except (OSError, ValueError, csv.Error) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    json.dump(result, sys.stdout, indent=2, ensure_ascii=False)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
