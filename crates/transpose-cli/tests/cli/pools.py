"""Adds up what all labels of a job are paid and what nobody is paid, and compares it with the pool.

Standard library only, and nothing of the program under test but the explanations it wrote. Usage: pools.py MODEL FIGURES.csv EXPLANATION...
"""

import csv
import json
import sys
from fractions import Fraction


def pool(model, row):
    """What there is to share in one territory; the shares are those of the test."""
    value = lambda heading: Fraction(row[heading])
    if model == "revenue-share":
        return value("net-revenue") * Fraction(60, 100)
    if model == "subscriber-minimum":
        return value("subscribers") * Fraction(3, 2)
    if model == "subscriber-price-share":
        return value("subscribers") * value("unit-price") / Fraction(12, 10) * Fraction(55, 100)
    if model == "minima-waterfall":
        shares = max(value("net-revenue") * Fraction(153, 1000), value("content-cost") * Fraction(262, 1000))
        return max(shares - value("performance-royalties"), value("subscribers") / 2)
    if model == "per-performance":
        return value("tuning-hours") * Fraction(25, 2) / 100
    return value("subscribers") * value("unit-price") * Fraction(70, 100)


def main(model, figures, *explanations):
    with open(figures, encoding="utf-8") as lines:
        whole = sum(pool(model, row) for row in csv.DictReader(lines))
    paid, unallocated = Fraction(0), {}
    for path in explanations:
        with open(path, encoding="utf-8") as lines:
            for line in map(json.loads, lines):
                if line["step"] == "kind":
                    paid += Fraction(line["amount"]["fraction"])
                elif line["step"] == "unallocated":
                    amount = Fraction(line["amount"]["fraction"])
                    if unallocated.setdefault(line["territory"], amount) != amount:
                        sys.exit(f"{line['territory']} has {unallocated[line['territory']]} and {amount} unallocated")
    found = paid + sum(unallocated.values())
    if found != whole:
        sys.exit(f"{model}: {paid} paid and {dict(unallocated)} unallocated, of {whole}")


main(*sys.argv[1:])
