"""Works out the amounts of the rows of a statement from its explanation: the sum, cut to whole units by the largest remainder.

Standard library only. Usage: cents.py STATEMENT.csv EXPLANATION.jsonl
"""

import csv
import json
import sys
from fractions import Fraction


def main(statement, explanation):
    with open(explanation, encoding="utf-8") as lines:
        steps = [json.loads(line) for line in lines]
    rounding = next(step for step in steps if step["step"] == "rounding")
    if rounding["at"] != "statement" or len(rounding["sums"]) != 1:
        return
    # What one play is worth, by the text of the rate that the row has.
    units = {}
    for kind in (step for step in steps if step["step"] == "kind"):
        units.setdefault(kind["unit"]["decimal"], Fraction(kind["unit"]["fraction"]))
    with open(statement, encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["Rate"]]
    # Of a row with plays that count and others the former are paid.
    deal = steps[0]
    all_count = lambda row: deal["counts"] in (None, "all") or row["Service"] in (deal["previews"] or [])
    column = lambda row: "Plays" if all_count(row) or not row["Qualified plays"] else "Qualified plays"
    plays = [int(row[column(row)]) - int(row["Returns"] or 0) for row in rows]
    exact = [units[row["Rate"]] * count for row, count in zip(rows, plays)]
    scale = 10 ** rounding["places"]
    whole = Fraction(rounding["sums"][0]["rounded"]) * scale
    sign = -1 if whole < 0 else 1
    parts = [amount * scale * sign for amount in exact]
    cents = [part.numerator // part.denominator for part in parts]
    left = int(whole * sign - sum(cents))
    order = sorted(range(len(parts)), key=lambda at: (cents[at] - parts[at], at))
    for at in order[:left]:
        cents[at] += 1
    for row, wanted in zip(rows, cents):
        if Fraction(row["Amount"]) != Fraction(wanted * sign, scale):
            sys.exit(f"{row['ISRC']}: {row['Amount']} instead of {wanted * sign}/{scale}")


main(*sys.argv[1:])
