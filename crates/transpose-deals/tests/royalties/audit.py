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
        if rows[0]["cap"] is not None:
            cost = min(cost, sum(number(row["subscribers"]) * number(row["cap"]) * number(row["exchange"]) for row in rows))
        floor = sum(number(row["subscribers"]) * number(row["floor"]) * number(row["exchange"]) for row in rows)
        after = max(revenue, cost) - sum(number(row["performance-royalties"]) for row in rows)
        same(steps["all-in"], max(revenue, cost), "all-in")
        same(steps["after-performance"], after, "after performance royalties")
        return max(after, floor) * days
    total = Fraction(0)
    for row in pool:
        if model == "revenue-share":
            value = number(row["net-revenue"]) * number(row["share"]) / 100
        elif model == "subscriber-price-share":
            price = number(row["price"]) / (1 + number(row["tax"]) / 100)
            value = number(row["subscribers"]) * price * number(row["share"]) / 100
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
    if model in ("flat-fee", "breakage"):
        fee, plays = number(part.get("fee") or part["breakage"]) * number(part["exchange"]) * days, number(part["of-plays"])
        return fee * number(part["plays"]) / plays if plays > 0 else number(part["amount"])
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
        share, plays = number(part["share"]) / 100, number(part["plays"])
        each = sum(Fraction(int(user["plays"]), int(user["of"])) for user in part["plays-of-users"])
        earned = number(part["fee"]) * share * each
        for user in part["plays-of-users-of-several-contexts"]:
            earned += number(user["fee"]) * share * Fraction(int(user["plays"]), int(user["of"]))
        of_users = sum(int(user["plays"]) for kind in ("", "-of-several-contexts") for user in part["plays-of-users" + kind])
        # Of returns nobody was paid more than of plays.
        return (earned / of_users if of_users else Fraction(0)) * plays + number(part["of-idle-users"]) * plays
    rate = part.get("rate", part.get("wholesale-price"))
    rate = number(rate) * number(part.get("weight", "1"))
    if "free-hours" in part:
        hours, free = number(part["tuning-hours"]), number(part["free-hours"])
        above = max((hours - free) / hours, Fraction(0)) if hours else Fraction(0)
        same(part["paid-part"], above, "paid part")
        rate *= above
    return rate * number(part["exchange"]) * number(part["plays"])


def redo(text):
    """Works one explanation out again; answers how many lines it has."""
    lines = [json.loads(line) for line in text.splitlines()]
    of = lambda step: [line for line in lines if line["step"] == step]
    deal = of("deal")[0]
    counted = deal["counted-days"]
    days = Fraction(int(counted["of-deal"]), int(counted["of-period"])) if counted else Fraction(1)
    rounding = of("rounding")[0]
    subscribers, totals = {}, {}
    for line in of("subscribers"):
        if line["by-plan"]:
            count = sum(number(plan["count"]) * number(plan["factor"]) for plan in line["by-plan"])
        else:
            count = number(line["equivalents"] or line["counted"])
        if line["partial-days"]:
            count += number(line["partial-days"]) / number(line["days"])
        if line["trials"]:
            trials = line["trials"]
            count += max(number(trials["trials"]) - number(trials["of"]) * number(trials["free"]) / 100, Fraction(0))
        same(line["subscribers"], count, "subscribers")
        subscribers[line.get("territory"), line.get("tier"), line.get("commercial-model"), line.get("use-type")] = count
    for line in of("total"):
        plays = sum(number(part["plays"]) * number(part["weight"]) for part in line["parts"])
        same(line["plays"], plays, "all plays")
        totals[line.get("territory"), line.get("tier")] = plays
    winners = Fraction(0)
    for scope in of("scope"):
        amounts = []
        for candidate in scope["candidates"]:
            total = Fraction(0)
            for part in candidate["parts"] or []:
                amount = part_amount(candidate["model"], part, days, rounding["mode"])
                for row in [part] + part.get("pool", []):
                    if "subscribers" in row:
                        key = (row.get("territory"), row.get("tier"), row.get("commercial-model"), row.get("use-type"))
                        same(row["subscribers"], subscribers[key], "subscribers of a part")
                if "pool" in part:
                    same(part["total-plays"], totals[part.get("territory"), part.get("tier")], "all plays of a pool")
                same(part["amount"], amount, candidate["model"])
                total += amount
            same(candidate["amount"], total, f"candidate {candidate['model']}")
            amounts.append(total)
        best = max(amounts)
        words = [candidate["model"] for candidate in scope["candidates"]]
        if scope["until-true-up"]:
            best = amounts[words.index(scope["winner"])]
        elif words[amounts.index(best)] != scope["winner"]:
            sys.exit(f"winner: told {scope['winner']}")
        for candidate, amount in zip(scope["candidates"], amounts):
            same(candidate["shortfall"], best - amount, "shortfall")
        winners += best
    gross = paid = withheld = Fraction(0)
    whole = True  # of a recording without any part the gross amount is not told
    for kind in of("kind"):
        plays = int(kind["plays"]) - int(kind["returns"])
        share = number(kind["gross"]) * number(kind["share"]) / 100
        unit = share * (1 - number(kind["withholding"]) / 100)
        if rounding["at"] == "unit":
            unit = rounded(unit, rounding["places"], rounding["mode"])
        same(kind["unit"], unit, "unit")
        same(kind["amount"], unit * plays, "amount")
        part = number(kind.get("rights-share", "100"))
        whole = whole and part != 0
        if kind["deal"] == deal["deal"] and part:
            gross += number(kind["gross"]) * 100 / part / number(deal["reduction"] or "1") * plays
        paid += unit * plays
        withheld += share * plays * number(kind["withholding"]) / 100
    carried = [line for line in of("unallocated") if line["why"] == "minimum-without-plays"]
    if whole and not carried and len(of("deal")) == 1:
        same(str(gross), winners, "all kinds together")
    for part in rounding["sums"]:
        same(part["rounded"], rounded(number(part["exact"]), rounding["places"], rounding["mode"]), "rounded sum")
    if rounding["sums"]:
        same(str(sum(number(part["exact"]) for part in rounding["sums"])), paid, "sums")
    to_cents = lambda amount: rounded(amount, rounding["places"], rounding["mode"])
    unreported = sum(number(line["amount"]) for line in carried)
    if rounding["at"] == "statement":
        unreported = to_cents(paid + unreported) - to_cents(paid)
    else:
        unreported = to_cents(unreported)
    for account in of("account"):
        value = lambda key: number(account[key])
        # Where rows are rounded one by one, their sum is known to the statement only.
        if rounding["at"] != "row":
            rows = sum(number(part["rounded"]) for part in rounding["sums"]) if rounding["sums"] else paid
            same(account["earned"], rows + unreported, "earned")
        elif abs(value("earned") - paid - unreported) > Fraction(1, 10) ** rounding["places"] * len(of("kind")):
            sys.exit(f"earned: {account['earned']} of {float(paid)}")
        income, opening = value("earned") + value("adjustments"), value("opening")
        recouped = min(income, opening)
        same(account["recouped"], recouped, "recouped")
        same(account["unrecouped"], opening - recouped - value("expired"), "unrecouped")
        if number(account.get("true-up", "0")) < 0 or number(account.get("breakage", "0")) < 0:
            sys.exit("a negative true-up or breakage")
        due = income - recouped + value("shortfall")
        rate, base = number(deal["withholding"] or "0") / 100, deal["withholding-from"]
        tax = {"payment": due * rate, "gross-up": due / (1 - rate) - due if rate < 1 else 0}.get(base, Fraction(0))
        tax = rounded(max(tax, Fraction(0)), rounding["places"], rounding["mode"])
        same(account["grossed-up"], tax if base == "gross-up" else Fraction(0), "grossed-up")
        same(account["payable"], due - (tax if base == "payment" else 0), "payable")
        same(account["share"], value("earned") + value("withheld") - tax, "share")
        if not carried and rounding["at"] in ("statement", "block"):
            least = Fraction(1, 10) ** rounding["places"] * (len(rounding["sums"]) + 1)
            if abs(value("withheld") - tax - withheld) > least:
                sys.exit(f"withheld: {account['withheld']} of {float(withheld + tax)}")
    return len(lines)


def main():
    """Explanations, with an empty line between them."""
    lines = 0
    for number, text in enumerate(sys.stdin.read().split("\n\n")):
        try:
            lines += redo(text)
        except SystemExit as wrong:
            sys.exit(f"explanation {number}: {wrong.code}")
    print(lines)


main()
