#!/usr/bin/env python3
"""Checks a DSR file of the Basic Audio Profile without any code of this project.

usage: check_dsr.py FILE VERSION

Uses only the facts in ../spec/records and ../spec/profiles.json: number of cells of each record, mandatory cells, escapes, references,
unique identifiers, footer counts, and the sum of usages against TotalUsages. Prints what is wrong, one line each; exit code 1 if anything is.
"""
import json
import os
import re
import sys
from decimal import Decimal

HERE = os.path.dirname(os.path.abspath(__file__))
SPEC = os.path.join(HERE, "..", "spec")
GENERATIONS = ["current", "part8-1.4", "xsd"]


def load(name):
    with open(os.path.join(SPEC, name), encoding="utf-8") as file:
        return json.load(file)


def definitions():
    """Every version of every record."""
    for name in sorted(os.listdir(os.path.join(SPEC, "records"))):
        yield from load(os.path.join("records", name))["versions"]


def records_of(node):
    if node["kind"] == "record":
        yield node["record"]
    for item in node.get("items", []):
        yield from records_of(item)
    if "body" in node:
        yield from records_of(node["body"])


def tables(version):
    profile = next(p for p in load("profiles.json")["profiles"]
                   if p["profile"] == "BasicAudioProfile" and p["version"] == version
                   and p["variant"] == "multi-record-block")
    known = {(r["type"], r["generation"]): r for r in definitions()}
    order = [profile["generation"]] + [g for g in GENERATIONS if g != profile["generation"]]
    found = {}
    for name in set(records_of(profile["structure"])):
        found[name] = next(known[name, g] for g in order if (name, g) in known)
    return found


def split_older(line):
    """Divides a line at tabs that no backslash keeps, as Part 1 v1.1 has it: a backslash keeps what follows."""
    cells, cell, chars = [], "", iter(line)
    for char in chars:
        if char == "\\":
            cell += char + next(chars)
        elif char == "\t":
            cells, cell = cells + [cell], ""
        else:
            cell += char
    return cells + [cell]


def values_older(cell):
    """Divides a cell at bare pipes and undoes the escapes of Part 1 v1.1: a backslash before what it keeps."""
    out, value, chars = [], "", iter(cell)
    for char in chars:
        if char == "\\":
            value += next(chars)
        elif char == "|":
            out, value = out + [value], ""
        else:
            value += char
    return out + [value]


def is_older(head):
    """Whether a header announces an edition of Part 1 before v1.2."""
    part_1 = head.split("\t")[1].split("/")[1]
    return part_1 == "30" or part_1 in ("1.0", "1.1") or part_1.startswith("1.1.")


def split(line):
    """Divides a line at tabs that are not preceded by one backslash more than a multiple of three."""
    cells, cell = [], ""
    for char in line:
        if char == "\t":
            run = len(cell) - len(cell.rstrip("\\"))
            if run % 3 == 0:
                cells.append(cell)
                cell = ""
                continue
            if run % 3 == 2:
                raise ValueError("two backslashes before a tab")
        cell += char
    return cells + [cell]


def values(cell):
    """Divides a cell at bare pipes and undoes the escapes."""
    out, value, at = [], "", 0
    while at < len(cell):
        match = re.compile(r"\\+").match(cell, at)
        if match:
            run, after = len(match.group()), cell[match.end():match.end() + 1]
            rest = {"\t": 1, "|": 2}.get(after, 0)
            if run % 3 == rest and rest:
                value, at = value + "\\" * (run // 3) + after, match.end() + 1
            elif run % 3 == 0:
                value, at = value + "\\" * (run // 3), match.end()
            else:
                raise ValueError("%d backslashes mean nothing" % run)
        elif cell[at] == "|":
            out, value, at = out + [value], "", at + 1
        else:
            value, at = value + cell[at], at + 1
    return out + [value]


def check(path, version):
    wrong = []
    spec = tables(version)
    with open(path, "rb") as file:
        data = file.read()
    text = data.decode("utf-8")
    if not text.endswith("\n") or "\r" in text:
        wrong.append("lines do not end in a line feed")
    lines = text.split("\n")[:-1]
    rows = []
    for number, line in enumerate(lines, 1):
        if line.startswith("#") or not line:
            continue
        try:
            cells = split(line)
        except ValueError as error:
            wrong.append("line %d: %s" % (number, error))
            continue
        record = spec.get(cells[0])
        if record is None:
            wrong.append("line %d: %s is not in the profile" % (number, cells[0]))
            continue
        if len(cells) != len(record["cells"]):
            wrong.append("line %d: %s has %d cells, not %d" % (number, cells[0], len(cells), len(record["cells"])))
            continue
        row = {}
        for cell, fact in zip(cells, record["cells"]):
            name = fact["name"]
            try:
                found = values(cell)
            except ValueError as error:
                wrong.append("line %d: %s: %s" % (number, name, error))
                continue
            if len(found) > 1 and not fact["multi"]:
                wrong.append("line %d: %s holds a list" % (number, name))
            if cell == "" and fact["mandatory"] == "M":
                wrong.append("line %d: %s is empty" % (number, name))
            if any(ord(char) < 32 and char != "\t" for value in found for char in value):
                wrong.append("line %d: %s holds a control character" % (number, name))
            if cell and fact["type"] in ("Integer", "Decimal"):
                for value in found:
                    if not re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?", value) or value == "-0":
                        wrong.append("line %d: %s is %s" % (number, name, value))
            row[name] = found
        rows.append((number, cells[0], row))
    names = [name for _, name, _ in rows]
    if names[:1] != ["HEAD"] or names[-1:] != ["FOOT"] or names.count("HEAD") != 1 or names.count("FOOT") != 1:
        wrong.append("HEAD and FOOT do not enclose the message")
        return wrong
    summaries, sums, sales = {}, {}, set()
    blocks, seen, current = [], set(), None
    in_body = False
    for number, name, row in rows[1:-1]:
        if name.startswith("SY"):
            if in_body:
                wrong.append("line %d: a summary record in the body" % number)
            key = row["SummaryRecordId"][0]
            if key in summaries:
                wrong.append("line %d: SummaryRecordId %s again" % (number, key))
            summaries[key] = (name, row)
            sums[key] = Decimal(0)
            continue
        in_body = True
        block = row["BlockId"][0]
        if block != current:
            if block in seen:
                wrong.append("line %d: block %s goes on after another" % (number, block))
            seen.add(block)
            blocks.append({"RE": {}, "AS": {}})
            current = block
        family, here = name[:2], blocks[-1]
        if family in ("RE", "AS"):
            key = row["ReleaseReference" if family == "RE" else "ResourceReference"][0]
            if key in here[family]:
                wrong.append("line %d: reference %s again" % (number, key))
            here[family][key] = row
        for used in row.get("UsedResources", []):
            if used not in here["AS"]:
                wrong.append("line %d: no resource %s" % (number, used))
        if family == "MW" and "ResourceReference" in row and row["ResourceReference"][0] not in here["AS"]:
            wrong.append("line %d: no resource %s" % (number, row["ResourceReference"][0]))
        if family == "SU":
            release = (row.get("TransactedReleaseReference") or row.get("TransactedRelease"))[0]
            resource = (row.get("TransactedResourceReference") or row.get("TransactedResource"))[0]
            if bool(release) == bool(resource):
                wrong.append("line %d: not exactly one of release and resource" % number)
            if release and release not in here["RE"]:
                wrong.append("line %d: no release %s" % (number, release))
            if resource and resource not in here["AS"]:
                wrong.append("line %d: no resource %s" % (number, resource))
            key = row["SalesTransactionId"][0]
            if key in sales:
                wrong.append("line %d: SalesTransactionId %s again" % (number, key))
            sales.add(key)
            key = row["SummaryRecordId"][0]
            if key not in summaries:
                wrong.append("line %d: no summary record %s" % (number, key))
                continue
            sums[key] += Decimal((row.get("Usages") or row.get("NumberOfStreams"))[0])
            own, above = row.get("UseType", [""])[0], summaries[key][1]["UseType"][0]
            if bool(own) == bool(above):
                wrong.append("line %d: the use type stands on both or on neither" % number)
    for key, (name, row) in summaries.items():
        for cell in ("TotalUsages", "Usages", "TotalUsagesInReportingPeriod", "UsagesInReportingPeriod"):
            if row.get(cell, [""])[0] and Decimal(row[cell][0]) != sums[key]:
                wrong.append("summary %s: %s is %s, usages sum to %s" % (key, cell, row[cell][0], sums[key]))
    number, _, foot = rows[-1]
    last = [cell for cell in foot if cell.startswith("NumberOfBlocksInRe")][0]
    for cell, count in (("NumberOfLinesInFile", len(lines)), ("NumberOfLinesInReport", len(lines)),
                        ("NumberOfSummaryRecords", len(summaries)), ("NumberOfBlocksInFile", len(blocks)),
                        (last, len(blocks))):
        if foot[cell][0] != str(count):
            wrong.append("FOOT: %s is %s, counted %d" % (cell, foot[cell][0], count))
    return wrong


def main():
    wrong = check(sys.argv[1], sys.argv[2])
    for line in wrong:
        print(line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
