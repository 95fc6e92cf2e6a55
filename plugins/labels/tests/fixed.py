"""Reads files of fixed width, and the Shift_JIS of JASRAC, by the public facts alone and compares them with the client usage report that they
were made of. Shares no code with Transpose.

usage: fixed.py sales REPORT USAGE ACCOUNT PERIOD-END    Luminate I3, from sales of albums
       fixed.py radio REPORT USAGE STATION PERIOD        BMI EMR, from plays
       fixed.py jasrac REPORT USAGE                      J-NOTES, from plays, with the file name that it has
       fixed.py orders REPORT EVENTS                     Luminate M3, and the flat table that it was read as
"""

import csv
import json
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

SPEC = Path(__file__).parent.parent / "spec" / "layouts.json"
FACTS = {layout["id"]: layout for layout in json.loads(SPEC.read_text(encoding="utf-8"))["layouts"]}


def usage(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lines(path):
    data = Path(path).read_bytes().decode("ascii")
    assert data.endswith("\r\n") and "\n" not in data.replace("\r\n", ""), "lines end with CR LF"
    return data.split("\r\n")[:-1]


def cells(layout, record, line):
    """The cells of a line at the places that the facts give them; fixed texts are compared, what is blank is blank."""
    found = {}
    for field in FACTS[layout]["records"][record]["fields"]:
        start, width = field["start"] - 1, field["width"]
        text = line[start:start + width]
        if field["type"] == "blank":
            assert text.strip() == "", (field, line)
            continue
        assert len(text) == width, (field, line)
        assert text == field.get("fixed", text), (field, line)
        found[field["name"]] = text
    return found


def sales(report, source, account, end):
    head, *rows, tail = lines(report)
    assert all(len(line) == 20 for line in [head, *rows, tail]), "records have 20 characters"
    # The header of the current edition is the one that the facts list for mail order.
    header = cells("luminate.m3", 0, head)
    assert header["account"] == account.zfill(5) and header["sales_date"] == end, header
    found, lines_of = Counter(), 0
    for row in rows:
        cell = cells("luminate.i3", 1, row)
        assert cell["ean"].isdigit() and cell["quantity"].lstrip("-").isdigit(), cell
        sign = "-" if cell["quantity"].startswith("-") else "+"
        found[cell["ean"], sign] += abs(int(cell["quantity"]))
        lines_of += 1
    made = Counter()
    for sale in usage(source):
        sign = "-" if sale["Transaction Type"] == "refund" else "+"
        made[sale["Item Identifier Code"].zfill(13), sign] += 1
    assert found == made, (found, made)
    trailer = cells("luminate.i3", 2, tail)
    net = sum(count if sign == "+" else -count for (_, sign), count in made.items())
    assert int(trailer["sales_records"]) == lines_of and int(trailer["net_units"]) == net, trailer


def radio(report, source, station, period):
    head, *rows, tail = lines(report)
    header = cells("bmi.emr", 0, head)
    assert header["station"].rstrip() == station and header["created_and_date"][14:] == period, header
    plays = usage(source)
    assert len(rows) == len(plays)
    for row, play in zip(rows, plays):
        assert len(row) == 279, row
        cell = cells("bmi.emr", 1, row)
        moment = datetime.strptime(play["Logged Date Time"], "%Y-%m-%dT%H:%M:%SZ")
        assert cell["performed_at"] == moment.strftime("%Y%m%d%H:%M:%S"), cell
        assert cell["month"] == period[:6] + "01" and cell["station"].rstrip() == station, cell
        seconds = int(play["Duration played"])
        assert cell["duration"] == f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}", cell
        assert cell["isrc"] == play["Item Identifier Code"].rjust(12), cell
        if play["Item Name"].isascii():
            assert cell["title"] == play["Item Name"][:40].ljust(40), cell
    assert int(cells("bmi.emr", 2, tail)["records"]) == len(rows) + 2


def jasrac(report, source):
    licence, period = Path(report).name[:10], Path(report).name[10:16]
    assert Path(report).name == f"{licence}{period}.txt" and licence.isalnum()
    data = Path(report).read_bytes().decode("cp932")
    rows = [line.split("\t") for line in data.split("\r\n")[:-1]]
    columns = FACTS["jasrac.jnotes"]["columns"]
    plays = usage(source)
    assert all(play["Logged Date Time"].startswith(f"{period[:4]}-{period[4:]}") for play in plays)
    counted = Counter(play["Track ID"] for play in plays)
    titles = {play["Track ID"]: (play["Item Name"], play["Item Artist"]) for play in plays}
    for row in rows:
        assert len(row) == len(columns), row
        named = {column["label_en"]: cell for column, cell in zip(columns, row)}
        for column, cell in zip(columns, row):
            assert cell or not column["required"], (column, row)
            assert cell in column.get("allowed", [cell]) or not cell, (column, row)
        key = named["interface key"]
        assert int(named["number of requests"]) == counted.pop(key), row
        title, artist = titles[key]
        for ours, theirs in [(title, named["original title"]), (artist, named["artist"])]:
            # What the encoding lacks was replaced; everything else is as it was.
            try:
                ours.encode("cp932")
            except UnicodeEncodeError:
                continue
            assert ours == theirs, row
    assert not counted, counted


def orders(report, events):
    head, *rows, tail = lines(report)
    header = cells("luminate.m3", 0, head)
    read = usage(events)
    assert len(read) == len(rows) and set(cells("luminate.m3", 2, tail)) == {"record", "lines", "units"}
    for row, event in zip(rows, read):
        cell = cells("luminate.m3", 1, row)
        kind = {"S": "sale", "R": "refund"}[cell["sale_or_return"]]
        day = datetime.strptime(header["sales_date"], "%y%m%d").date().isoformat()
        assert event["header.period-end"] == day and event["event.transaction-type"] == kind, event
        assert event["release.icpn"] == cell["ean"] and event["event.postal-code"] == cell["zip"], event


if __name__ == "__main__":
    {"sales": sales, "radio": radio, "jasrac": jasrac, "orders": orders}[sys.argv[1]](*sys.argv[2:])
