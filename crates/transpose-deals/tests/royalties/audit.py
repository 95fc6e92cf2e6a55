"""Works royalties out again from the explanation alone: JSON Lines on standard input. Standard library only."""

import json
import sys
from fractions import Fraction


def number(value):
    """Decimal text, or the fraction of an exact amount."""
    if isinstance(value, dict):
        return Fraction(value["fraction"])
    return Fraction(value)


def rounded(value, places, mode):
    scaled = abs(value) * 10**places
    units, rest = scaled.numerator // scaled.denominator, scaled - scaled.numerator // scaled.denominator
    half = Fraction(1, 2)
    up = mode != "down" and (rest > half or rest == half and (mode == "half-up" or units % 2 == 1))
    result = Fraction(units + up, 10**places)
    return -result if value < 0 else result


def same(told, found, what):
    if number(told) != found:
        sys.exit(f"{what}: told {number(told)}, found {found}")


def pool_value(model, pool, days):
    """What is shared in a pool."""
    if model == "minima-waterfall":
        rows, steps = pool[:-1], pool[-1]
        revenue = sum(number(row["net-revenue"]) * number(row["revenue-share"]) / 100 for row in rows)
        cost = sum(number(row["content-cost"]) * number(row["content-cost-share"]) / 100 for row in rows)
        floor = sum(number(row["subscribers"]) * number(row["floor"]) * number(row["exchange"]) for row in rows)
        after = max(revenue, cost) - sum(number(row["performance-royalties"]) for row in rows)
        same(steps["all-in"], max(revenue, cost), "all-in")
        same(steps["after-performance"], after, "after performance royalties")
        return max(after, floor) * days
    total = Fraction(0)
    for row in pool:
        if model == "revenue-share":
            value = number(row["net-revenue"]) * number(row["share"]) / 100
        elif model == "subscriber-minimum":
            value = number(row["subscribers"]) * number(row["minimum"]) * number(row["exchange"])
        else:
            value = number(row["tuning-hours"]) * number(row["tracks-per-hour"]) * number(row["rate"]) * number(row["exchange"])
        same(row["amount"], value * days, model)
        total += value * days
    return total


def part_amount(model, part, days, mode):
    """What a part of a candidate comes to."""
    if "pool" in part:
        value = pool_value(model, part["pool"], days)
        same(part["value"], value, "value of a pool")
        return value * number(part["plays"]) / number(part["total-plays"])
    if model == "fixed-subscriber-minimum":
        return number(part["minimum"]) * number(part["subscribers"]) * number(part["exchange"]) * days
    if model == "retail-share":
        net = number(part["price"]) / (1 + number(part["tax"] or "0") / 100)
        unit = net * number(part["share"]) / 100
        if part["unit-places"] is not None:
            net = rounded(net, part["unit-places"], mode)
            unit = rounded(net * number(part["share"]) / 100, part["unit-places"], mode)
        return unit * number(part["exchange"]) * number(part["plays"])
    if model == "user-centric":
        return number(part["amount"])  # what each user played is not told
    rate = part.get("rate", part.get("wholesale-price"))
    return number(rate) * number(part["exchange"]) * number(part["plays"])


def main():
    lines = [json.loads(line) for line in sys.stdin]
    of = lambda step: [line for line in lines if line["step"] == step]
    deal = of("deal")[0]
    counted = deal["counted-days"]
    days = Fraction(int(counted["of-deal"]), int(counted["of-period"])) if counted else Fraction(1)
    rounding = of("rounding")[0]
    winners = Fraction(0)
    for scope in of("scope"):
        amounts = []
        for candidate in scope["candidates"]:
            total = Fraction(0)
            for part in candidate["parts"] or []:
                amount = part_amount(candidate["model"], part, days, rounding["mode"])
                same(part["amount"], amount, candidate["model"])
                total += amount
            same(candidate["amount"], total, f"candidate {candidate['model']}")
            amounts.append(total)
        best = max(amounts)
        if scope["candidates"][amounts.index(best)]["model"] != scope["winner"]:
            sys.exit(f"winner: told {scope['winner']}")
        for candidate, amount in zip(scope["candidates"], amounts):
            same(candidate["shortfall"], best - amount, "shortfall")
        winners += best
    gross = paid = Fraction(0)
    for kind in of("kind"):
        plays = int(kind["plays"]) - int(kind["returns"])
        unit = number(kind["gross"]) * number(kind["share"]) / 100 * (1 - number(kind["withholding"]) / 100)
        if rounding["at"] == "unit":
            unit = rounded(unit, rounding["places"], rounding["mode"])
        same(kind["unit"], unit, "unit")
        same(kind["amount"], unit * plays, "amount")
        gross += number(kind["gross"]) * plays
        paid += unit * plays
    carried = [line for line in of("unallocated") if line["why"] == "minimum-without-plays"]
    if not carried:
        same(str(gross), winners, "all kinds together")
    earned = paid if rounding["at"] == "unit" else Fraction(0)
    for part in rounding["sums"]:
        earned += number(part["rounded"])
    if rounding["sums"]:
        same(str(sum(number(part["exact"]) for part in rounding["sums"])), paid, "sums")
        if len(rounding["sums"]) == 1:
            same(rounding["sums"][0]["rounded"], rounded(paid, rounding["places"], rounding["mode"]), "rounded sum")
    earned += sum(rounded(number(line["amount"]), rounding["places"], rounding["mode"]) for line in carried)
    for account in of("account"):
        same(account["earned"], earned, "earned")
        income, opening = earned + number(account["adjustments"]), number(account["opening"])
        recouped = min(income, opening)
        same(account["recouped"], recouped, "recouped")
        same(account["unrecouped"], opening - recouped, "unrecouped")
        same(account["payable"], income - recouped + number(account["shortfall"]), "payable")
    print(len(lines))


main()
