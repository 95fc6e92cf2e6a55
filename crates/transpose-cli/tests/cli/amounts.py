"""Works out every amount of the example job again, and compares it with what stands in the reports.

Standard library only, and nothing of the program under test: plays are counted from the client usage report, figures are read from their CSV, the terms of
the deals are written down here once more, amounts are fractions. Usage: amounts.py EXAMPLES OUT
"""

import csv
import glob
import os
import sys
from collections import Counter
from decimal import Decimal
from fractions import Fraction

TIERS = {
    "northwind-premium": "NorthwindPremium",
    "northwind-family": "NorthwindFamily",
    "northwind-student": "NorthwindStudent",
    "northwind-free": "NorthwindFree",
}


# As ISO 3166-1 has them.
NAMES = {
    "Brazil": "BR",
    "Egypt": "EG",
    "France": "FR",
    "Germany": "DE",
    "Japan": "JP",
    "Sweden": "SE",
    "United Kingdom of Great Britain and Northern Ireland": "GB",
    "United States of America": "US",
}


def fail(message):
    sys.exit("amounts.py: " + message)


def half_up(value, places):
    """A fraction in units of the last place, halves away from zero."""
    units = abs(value) * 10**places
    whole = (units.numerator * 2 + units.denominator) // (units.denominator * 2)
    return whole if value >= 0 else -whole


def half_even(value, places):
    return round(value * 10**places)


def units(text, places):
    """Decimal text in units of the last place; it must have no more places."""
    scaled = Decimal(text).scaleb(places)
    if scaled != scaled.to_integral_value():
        fail(f"{text} has more than {places} decimal places")
    return int(scaled)


def largest_remainder(total, exact):
    """Parts that add up to a total in units: whole units first, the rest to the largest remainders, of equal ones to the first."""
    parts = [share.numerator // share.denominator for share in exact]
    order = sorted(range(len(exact)), key=lambda place: (parts[place] - exact[place], place))
    left = total - sum(parts)
    if not 0 <= left <= len(parts):
        fail(f"{left} units are left over for {len(parts)} rows")
    for place in order[:left]:
        parts[place] += 1
    return parts


class Month:
    """The plays and the figures of the example."""

    def __init__(self, folder):
        with open(os.path.join(folder, "subscription-2026-10.csv"), encoding="utf-8", newline="") as file:
            self.plays = list(csv.DictReader(file))
        for play in self.plays:
            play["tier"] = TIERS[play["Plan Code"]]
            play["long"] = Fraction(play["Duration played"]) >= 30
        self.figures = {}
        with open(os.path.join(folder, "figures.csv"), encoding="utf-8", newline="") as file:
            for row in csv.DictReader(line for line in file if not line.startswith("#")):
                self.figures[row["territory"], TIERS[row["plan"]]] = row
        self.territories = sorted({territory for territory, _ in self.figures})
        self.tiers = sorted({tier for _, tier in self.figures})

    def revenue(self, territory, tier):
        return Fraction(self.figures[territory, tier]["net-revenue"] or 0)

    def subscribers(self, territory, tier):
        return Fraction(self.figures[territory, tier]["subscribers"] or 0)

    def count(self, label=None, territory=None, tier=None, short=False):
        """Plays, of a label or of the whole service; without `short` those of 30 seconds and more."""
        return sum(
            1
            for play in self.plays
            if (label is None or play["Label Group Name"] == label)
            and (territory is None or play["Country"] == territory)
            and (tier is None or play["tier"] == tier)
            and (play["long"] or short)
        )


def fjordlight(month):
    """A rate for each play, by tier."""
    rates = {"NorthwindPremium": "0.0072", "NorthwindFamily": "0.0048", "NorthwindStudent": "0.0036", "NorthwindFree": "0.0009"}
    return {(territory, tier): Fraction(rates[tier]) for territory in month.territories for tier in month.tiers}


def hatoba(month):
    """In each territory the greatest of a share of the revenue, a minimum for each subscriber, and a rate."""
    label = "波止場レコード"
    minimum = {"NorthwindFree": Fraction(0), "NorthwindStudent": Fraction("2.10")}
    unit = {}
    for territory in month.territories:
        candidates = []
        for model in ("revenue-share", "subscriber-minimum", "per-play"):
            worth, total = {}, Fraction(0)
            for tier in month.tiers:
                all_plays = month.count(territory=territory, tier=tier)
                own = month.count(label, territory, tier)
                if model == "per-play":
                    worth[tier] = Fraction("0.0041")
                elif all_plays == 0:
                    worth[tier] = Fraction(0)
                elif model == "revenue-share":
                    worth[tier] = month.revenue(territory, tier) * Fraction(52, 100) / all_plays
                else:
                    each = minimum.get(tier, Fraction("4.50"))
                    worth[tier] = month.subscribers(territory, tier) * each / all_plays
                total += worth[tier] * own
            candidates.append((total, worth))
        best = max(total for total, _ in candidates)
        worth = next(worth for total, worth in candidates if total == best)
        unit.update({(territory, tier): worth[tier] for tier in month.tiers})
    return unit


def tin_lantern(month):
    """A share of the revenue, shared by territory."""
    unit = {}
    for territory in month.territories:
        revenue = sum(month.revenue(territory, tier) for tier in month.tiers)
        for tier in month.tiers:
            unit[territory, tier] = revenue * Fraction(55, 100) / month.count(territory=territory)
    return unit


def kestrel(month):
    """A minimum in dollars for each subscriber by market share of all plays, of which 85 per cent are the label's."""
    pool = sum(
        month.subscribers(territory, tier) * (0 if tier == "NorthwindFree" else Fraction("3.90"))
        for territory, tier in month.figures
    )
    worth = pool / Fraction("1.0827") / month.count(short=True) * Fraction(85, 100)
    return {place: worth for place in month.figures}


def sandglass(month):
    """Half of the revenue by market share, less five per cent withheld."""
    pool = sum(month.revenue(*place) for place in month.figures)
    worth = pool * Fraction(50, 100) / month.count() * Fraction(95, 100)
    return {place: worth for place in month.figures}


def table(path, delimiter, heading):
    """The rows of a table by heading, and the lines before and after it."""
    with open(path, encoding="utf-8", newline="") as file:
        quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
        lines = [row for row in csv.reader(file, delimiter=delimiter, quoting=quoting)]
    start = next(place for place, row in enumerate(lines) if heading in row)
    head = lines[start]
    full = [row for row in lines[start + 1 :] if len(row) == len(head)]
    after = [row for row in lines[start + 1 :] if len(row) != len(head)]
    return [dict(zip(head, row)) for row in full], lines[:start], after


def fixed(path):
    """The records of the fixed-width file: its header, its rows, its trailer."""
    with open(path, encoding="ascii", newline="") as file:
        lines = file.read().split("\r\n")
    if lines.pop() != "" or any(len(line) != 96 for line in lines):
        fail("records of the accounting file are not of 96 characters")
    head, *rows, last = lines
    if head[:25] != "H000047112026100120261031" or last[0] != "T":
        fail("the accounting file has another frame")
    cut = lambda line: {
        "Country": line[51:53],
        "Tier": line[53:71].strip(),
        "Plays": line[71:80],
        "Amount": line[80:94].strip(),
    }
    if int(last[1:10]) != len(rows):
        fail("the trailer counts other rows")
    return [cut(row) for row in rows], last


def check(name, unit, rows, label, month, at, places, mode, short=False):
    """Compares the rows of a report; each is (key of a play, territory, tier, plays that are paid for, amount as text)."""
    plays = Counter()
    for play in month.plays:
        if play["Label Group Name"] == label and (play["long"] or short):
            plays[play["Country"], play["tier"]] += 1
    stated = Counter()
    exact = []
    for territory, tier, paid, _ in rows:
        stated[territory, tier] += paid
        exact.append(unit[territory, tier] * paid * 10**places)
    if +stated != +plays:
        fail(f"{name}: plays that are paid for differ: {stated - plays} {plays - stated}")
    rounded = half_up if mode == "half-up" else half_even
    found = [units(row[3], places) for row in rows]
    if at == "row":
        expected = [rounded(share / 10**places, places) for share in exact]
    else:
        # One currency is one block, and the whole statement.
        expected = largest_remainder(rounded(sum(exact) / 10**places, places), exact)
    for place, (one, other) in enumerate(zip(found, expected)):
        if one != other:
            fail(f"{name}: row {place + 1} {rows[place]} should be {other} units")
    print(f"{name}: {len(rows)} rows, {sum(found)} units of 10^-{places}")
    return sum(found)


def summaries(month, path):
    """The allocated revenue of summary records: twelve per cent of the revenue, or a minimum, whichever is more in the territory; US shares nothing."""
    with open(path, encoding="utf-8", newline="") as file:
        records = [line.rstrip("\n").split("\t") for line in file if line.startswith("SY")]
    own = [play for play in month.plays if play["Country"] in ("BR", "EG", "JP", "US")]
    total, stated = Fraction(0), Decimal(0)
    for territory in ("BR", "EG", "JP", "US"):
        played = {tier: sum(play["long"] for play in own if (play["Country"], play["tier"]) == (territory, tier)) for tier in month.tiers}
        share = sum(month.revenue(territory, tier) * Fraction(12, 100) for tier in month.tiers if played[tier] and territory != "US")
        least = sum(month.subscribers(territory, tier) * Fraction("0.35") for tier in month.tiers if played[tier] and tier != "NorthwindFree")
        total += max(share, least)
        for record in records:
            if record[6] == territory:
                tier = record[7]
                exact = month.revenue(territory, tier) * Fraction(12, 100) if share >= least else month.subscribers(territory, tier) * (0 if tier == "NorthwindFree" else Fraction("0.35"))
                allocated = Decimal(record[15] or 0)
                if abs(Fraction(allocated) - exact) >= Fraction(1, 100):
                    fail(f"overseas: {territory} {tier} is allocated {allocated}, not {float(exact)}")
                if record[14] != str(played[tier]):
                    fail(f"overseas: {territory} {tier} has {record[14]} allocated usages, not {played[tier]}")
                stated += allocated
    if units(str(stated), 2) != half_up(total, 2):
        fail(f"overseas: {stated} is allocated, not {float(total)}")
    print(f"overseas: {len(records)} summaries, {stated}")


def main(examples, out):
    month = Month(examples)
    labels = lambda name: os.path.join(out, "labels", name)
    rows, _, _ = table(labels("fjordlight-2026-10.csv"), ",", "Qualified plays")
    rows = [(row["Territory"], row["Service"], int(row["Qualified plays"]), row["Amount"]) for row in rows if row["Amount"]]
    check("fjordlight", fjordlight(month), rows, "Fjordlight Records", month, "statement", 2, "half-up")
    rows, _, _ = table(labels("hatoba-2026-10.csv"), ";", "Net Revenue")
    rows = [(NAMES[row["Country / Region"]], row["Platform"], int(row["Quantity"]), row["Net Revenue"]) for row in rows]
    check("hatoba", hatoba(month), rows, "波止場レコード", month, "statement", 2, "half-even")
    rows, before, _ = table(labels("tin-lantern-2026-10.txt"), "\t", "Net Royalty Total")
    if [row[1] for row in before] != ["10/01/2026", "10/31/2026", "Apple Music", "EUR"]:
        fail(f"tin-lantern: the lines before the table are {before}")
    rows = [(row["Storefront Name"], row["Membership Type"], int(row["Quantity"]), row["Net Royalty Total"]) for row in rows]
    check("tin-lantern", tin_lantern(month), rows, "Tin Lantern Music", month, "row", 6, "half-up")
    rows, _, after = table(labels("kestrel-2026-10.csv"), ";", "Streams")
    rows = [(row["Country"], row["Plan"], int(row["Streams"]), row["EUR"].replace(",", ".")) for row in rows]
    total = check("kestrel", kestrel(month), rows, "Kestrel, Vane & Daughters", month, "statement", 2, "half-up", short=True)
    ends = {row[0]: row[1] for row in after}
    if ends != {"Lines": str(len(rows)), "Streams": str(sum(row[2] for row in rows)), "Total EUR": f"{total // 100},{total % 100:02}"}:
        fail(f"kestrel: the last lines are {ends}")
    rows, last = fixed(labels("sandglass-2026-10.txt"))
    rows = [(row["Country"], row["Tier"], int(row["Plays"]), row["Amount"]) for row in rows]
    total = check("sandglass", sandglass(month), rows, "Sandglass/Nile Audio", month, "statement", 2, "half-up")
    if (int(last[10:22]), units(last[22:38].strip(), 2)) != (sum(row[2] for row in rows), total):
        fail("sandglass: the control sums are others")
    [message] = glob.glob(os.path.join(out, "DSR_PADPIDA2026100108E_*.tsv"))
    summaries(month, message)


main(*sys.argv[1:])
