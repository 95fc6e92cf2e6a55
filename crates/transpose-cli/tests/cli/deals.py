"""Random months with random deals, and what each label is owed by the rules of docs/label-reports.md and docs/royalty-models.md.

Standard library only, and nothing of the program under test. Usage: deals.py write SEED FOLDER, and deals.py check FOLDER once the job has run.
"""

import csv
import json
import os
import random
import sys
from fractions import Fraction

TERRITORIES = ["GB", "DE", "FR"]
PLANS = {"prem": "Prem", "free": "Free", "clip": "Clip"}
HEADINGS = (
    "Report Generated Date,Partner ID,Stream ID,Logged Date Time,Format ID,Country,Play Mode,User ID,Service,Track ID,Duration played,Total Duration,"
    "Device Name,API Key Name,Plan Code,Release UPC,Release Artist,Label Group Name,GRID,Release Name,Item Identifier Code,Item Artist,Item Name"
)
FIGURES = [
    "net-revenue", "subscribers", "unit-price", "total-usages", "qualified-usages", "content-cost", "performance-royalties", "tuning-hours",
]
SCOPES = ["territory-and-tier", "territory", "tier", "overall"]
OUTPUTS = 20


def key(scope, context):
    """The part of a scope that a sales context is in."""
    territory, plan = context
    return (territory if scope in ("territory-and-tier", "territory") else "", plan if scope in ("territory-and-tier", "tier") else "")


def decimal(chance, most, places):
    return f"{chance.randrange(most)}.{chance.randrange(10**places):0{places}}" if places else str(chance.randrange(most))


def month(chance):
    """Plays of the service, and figures by territory and plan."""
    users = {f"u{number}": (chance.choice(TERRITORIES), chance.choice(list(PLANS))) for number in range(9)}
    plays = []
    for user, (territory, plan) in users.items():
        for _ in range(chance.randrange(12)):
            label = chance.choice(["Label X", "Label X", "Label Y"])
            plays.append({
                "user": user, "context": (territory, plan), "label": label, "track": chance.randrange(4) if label == "Label X" else 9,
                "day": chance.randrange(1, 32), "seconds": chance.choice([0, 5, 29, 30, 31, 90]), "length": chance.choice([180, 301, 605]),
            })
    # The label has a long play in any case, and the last day is after every deal has begun.
    plays.append({"user": "u0", "context": users["u0"], "label": "Label X", "track": 0, "day": 31, "seconds": 60, "length": 200})
    figures = {}
    for context in [(territory, plan) for territory in TERRITORIES for plan in PLANS]:
        of = [play for play in plays if play["context"] == context]
        subscribers = len({play["user"] for play in of}) + chance.randrange(5)
        figures[context] = {
            "net-revenue": decimal(chance, 9000, 2), "subscribers": str(subscribers), "unit-price": decimal(chance, 14, 2),
            "total-usages": str(4 * len(of) + chance.randrange(3)), "qualified-usages": str(4 * len(of) + chance.randrange(3)),
            "content-cost": decimal(chance, 4000, 2), "performance-royalties": decimal(chance, 300, 1), "tuning-hours": decimal(chance, 500, 1),
        }
    return plays, figures


def model(chance):
    word = chance.choice([
        "per-play", "revenue-share", "subscriber-minimum", "fixed-subscriber-minimum", "minima-waterfall", "per-performance", "subscriber-price-share",
        "user-centric", "length-rate",
    ])
    rates = lambda key, places: [
        {"tier": "Free", key: decimal(chance, 1, places)}, {"territory": chance.choice(TERRITORIES), key: decimal(chance, 2, places)}, {key: decimal(chance, 2, places)},
    ]
    keys = {"model": word}
    if word == "per-play":
        keys["rate"] = chance.choice([decimal(chance, 1, 4), rates("rate", 3)])
    elif word == "revenue-share":
        keys["share"] = chance.choice([decimal(chance, 70, 1), [{"tier": "Prem", "share": "57.5"}, {"share": "33"}]])
    elif word in ("subscriber-minimum", "fixed-subscriber-minimum"):
        keys["minimum"] = chance.choice([decimal(chance, 5, 2), rates("minimum", 2)])
    elif word == "minima-waterfall":
        keys |= {"revenue-share": "10.5", "content-cost-share": "21", "cap": chance.choice(["none", "1.10"]), "floor": "0.50"}
    elif word == "per-performance":
        keys |= {"rate": decimal(chance, 1, 4), "performances": chance.choice(["census", "tuning-hours", "census-above-hours"])}
        if keys["performances"] == "tuning-hours":
            keys["tracks-per-hour"] = "12.5"
        elif keys["performances"] == "census-above-hours":
            keys["free-hours"] = "150.5"
    elif word == "subscriber-price-share":
        keys |= {"share": decimal(chance, 60, 1), "tax": chance.choice(["20", "19", "0"])}
    elif word == "user-centric":
        keys |= {"share": "70", "fee": chance.choice(["unit-price", "9.99"]), "idle-users": chance.choice(["unallocated", "pro-rata"])}
    else:
        keys |= {"rate": "0.124", "rate-per-minute": "0.0239", "up-to-minutes": "5"}
    return keys


def deal(chance):
    models = []
    for _ in range(chance.choice([1, 1, 2, 3])):
        one = model(chance)
        if all(one["model"] != other["model"] for other in models):
            models.append(one)
    pool = chance.choice(SCOPES)
    wider = [scope for scope in SCOPES if scope in (pool, "overall") or pool == "territory-and-tier"]
    counts = chance.choice(["all", "qualified", "qualified-and-previews"])
    keys = {
        "territories": chance.choice(["Worldwide", "Worldwide", ["GB", "DE", "FR"]]), "pool": pool, "greater-of": chance.choice(wider), "counts": counts,
        "total": chance.choice(["service", "figures"]), "subscribers": "counted", "currency": chance.choice(["EUR", "EUR", "USD"]), "exchange": None,
    }
    if counts != "all":
        keys |= {"previews": chance.choice([["Clip"], "none"]), "missing-duration": "exclude"}
    keys |= chance.choice([{}, {"share": "85"}, {"fee": "12.5"}])
    keys |= chance.choice([
        {}, {}, {"withholding": "10"}, {"withholding": "15", "withholding-from": "payment"}, {"withholding": "12.5", "withholding-from": "gross-up"},
        {"withholding": [{"territory": "DE", "withholding": "15.825"}]},
    ])
    if chance.randrange(4) == 0:
        keys |= {"from": 12, "pro-rating": chance.choice(["days", "none"])}
    if not any(one["model"] == "user-centric" for one in models):
        keys["weights"] = chance.choice([None, None, "long", "track"])
    keys["exchange"] = {"rate": "0.9236", "direction": chance.choice(["multiply", "divide"])} if keys["currency"] == "USD" else None
    keys["rounding"] = {"places": chance.choice([0, 2, 2, 4]), "mode": chance.choice(["half-up", "half-even", "down"]), "at": "statement"}
    return {"keys": keys, "models": models}


def toml(value):
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[" + ", ".join("{ " + ", ".join(f"{key} = {toml(one)}" for key, one in row.items()) + " }" for row in value) + "]"
    return json.dumps(value)


def agreement(terms):
    lines = [
        '[sender]', 'party-id = "PADPIDA0000000001O"', 'name = "S"', '[message]', 'service = "Svc"', '[money]', 'currency = "EUR"',
        '[qualifying-play]', 'minimum-seconds = 30', 'below = "not-royalty-bearing"',
    ]
    for plan, tier in PLANS.items():
        lines += ['[[context]]', f'when = {{ plan = "{plan}" }}', 'commercial-model = "SubscriptionModel"', 'use-type = "OnDemandStream"', f'service = "{tier}"']
    lines += ['[[deal]]', 'id = "x"', 'label = "Label X"']
    for name, value in terms["keys"].items():
        if name in ("weights", "rounding", "exchange"):
            continue
        lines.append(f"from = 2026-10-{value}" if name == "from" else f"{name} = {toml(value)}")
    for one in terms["models"]:
        lines += ["[[deal.model]]"] + [f"{name} = {toml(value)}" for name, value in one.items()]
    if terms["keys"].get("weights") == "long":
        lines += ["[deal.long-plays]", "after-minutes = 5", 'more = "0.2"']
    elif terms["keys"].get("weights") == "track":
        lines += ["[[deal.weight]]", 'when = { "recording.isrc" = "GBAAX2600001" }', 'weight = "0.5"']
    if terms["keys"]["exchange"]:
        rate = terms["keys"]["exchange"]
        lines += ["[[deal.exchange]]", 'from = "USD"', f'rate = "{rate["rate"]}"', f'direction = "{rate["direction"]}"', "date = 2026-10-31", 'source = "bank"']
    rounding = terms["keys"]["rounding"]
    lines += ["[deal.rounding]", f'places = {rounding["places"]}', f'mode = "{rounding["mode"]}"', 'at = "statement"', 'allocation = "largest-remainder"']
    return "\n".join(lines) + "\n"


def rounded(value, places, mode):
    scaled = abs(value) * 10**places
    units = scaled.numerator // scaled.denominator
    rest = scaled - units
    up = mode != "down" and (rest > Fraction(1, 2) or rest == Fraction(1, 2) and (mode == "half-up" or units % 2))
    return Fraction(units + bool(up), 10**places) * (-1 if value < 0 else 1)


def found(rates, name, context):
    """A number, or the first of a list that fits the sales context."""
    if isinstance(rates, str):
        return Fraction(rates)
    territory, plan = context
    for row in rates:
        if row.get("territory", territory) == territory and row.get("tier", PLANS[plan]) == PLANS[plan]:
            return Fraction(row[name])
    return None


class Calculation:
    """What a deal comes to."""

    def __init__(self, plays, figures, terms):
        self.keys, self.models, self.figures = terms["keys"], terms["models"], figures
        first = self.keys.get("from", 1)
        self.part = Fraction(32 - first, 31) if self.keys.get("pro-rating") == "days" else Fraction(1)
        self.previews = [] if self.keys.get("previews", "none") == "none" else self.keys["previews"]
        self.counted = [play for play in plays if play["day"] >= first and self.counts(play["context"], play["seconds"] >= 30)]
        self.own = [play for play in self.counted if play["label"] == "Label X"]
        self.contexts = [context for context in figures if self.counts(context, True)]
        rate = self.keys["exchange"]
        self.factor = Fraction(1)
        if rate:
            self.factor = Fraction(rate["rate"]) if rate["direction"] == "multiply" else 1 / Fraction(rate["rate"])

    def counts(self, context, qualifies):
        preview = PLANS[context[1]] in self.previews
        counts = self.keys["counts"]
        return counts == "all" or (not preview and qualifies) or (preview and counts == "qualified-and-previews")

    def weight(self, play):
        if self.keys.get("weights") == "long":
            return 1 + Fraction(1, 5) * max(0, -(-(play["length"] - 300) // 60))
        if self.keys.get("weights") == "track":
            return Fraction(1, 2) if play["track"] == 1 else Fraction(1)
        return Fraction(1)

    def plays(self, contexts, plays=None):
        return sum((self.weight(play) for play in (self.own if plays is None else plays) if play["context"] in contexts), Fraction(0))

    def figure(self, context, heading):
        return Fraction(self.figures[context][heading])

    def total(self, contexts):
        if self.keys["total"] == "service":
            return self.plays(contexts, self.counted)
        heading = "total-usages" if self.keys["counts"] == "all" else "qualified-usages"
        return sum(self.figure(context, heading) for context in contexts) * self.part

    def pooled(self, one, contexts):
        """What there is to share in a pool."""
        word, figure = one["model"], self.figure
        if word == "revenue-share":
            return sum(figure(context, "net-revenue") * found(one["share"], "share", context) / 100 for context in contexts) * self.part
        if word == "subscriber-minimum":
            return sum(figure(context, "subscribers") * found(one["minimum"], "minimum", context) for context in contexts) * self.factor * self.part
        if word == "subscriber-price-share":
            price = lambda context: figure(context, "unit-price") / (1 + Fraction(one["tax"]) / 100)
            return sum(figure(context, "subscribers") * price(context) for context in contexts) * Fraction(one["share"]) / 100 * self.part
        if word == "minima-waterfall":
            add = lambda heading: sum(figure(context, heading) for context in contexts)
            cost = add("content-cost") * Fraction(21, 100)
            if one["cap"] != "none":
                cost = min(cost, add("subscribers") * Fraction(one["cap"]) * self.factor)
            after = max(add("net-revenue") * Fraction(105, 1000), cost) - add("performance-royalties")
            return max(after, add("subscribers") / 2 * self.factor) * self.part
        return sum(figure(context, "tuning-hours") for context in contexts) * Fraction(one["tracks-per-hour"]) * Fraction(one["rate"]) * self.factor * self.part

    def amounts(self, one):
        """What a model comes to in each sales context."""
        word, amounts = one["model"], {context: Fraction(0) for context in self.contexts}
        if word in ("revenue-share", "subscriber-minimum", "subscriber-price-share", "minima-waterfall") or one.get("performances") == "tuning-hours":
            groups = {}
            for context in self.contexts:
                groups.setdefault(key(self.keys["pool"], context), []).append(context)
            for contexts in groups.values():
                total = self.total(contexts)
                if total and self.plays(contexts):
                    worth = self.pooled(one, contexts) / total
                    for context in contexts:
                        amounts[context] = worth * self.plays([context])
        elif word == "fixed-subscriber-minimum":
            for context in self.contexts:
                amounts[context] = self.figure(context, "subscribers") * found(one["minimum"], "minimum", context) * self.factor * self.part
        elif word == "user-centric":
            for context in self.contexts:
                fee = self.figure(context, "unit-price") if one["fee"] == "unit-price" else Fraction(one["fee"]) * self.factor
                fee *= self.part * Fraction(70, 100)
                users = {}
                for play in self.counted:
                    if play["context"] == context:
                        own, all_plays = users.get(play["user"], (0, 0))
                        users[play["user"]] = (own + (play["label"] == "Label X"), all_plays + 1)
                amounts[context] = fee * sum(Fraction(own, all_plays) for own, all_plays in users.values())
                total = self.total([context])
                if one["idle-users"] == "pro-rata" and total:
                    idle = max(self.figure(context, "subscribers") - len(users), Fraction(0))
                    amounts[context] += fee * idle * self.plays([context]) / total
        else:
            for play in self.own:
                context = play["context"]
                if word == "length-rate":
                    minutes = -(-play["length"] // 60)
                    worth = Fraction("0.124") if minutes <= 5 else Fraction("0.0239") * minutes
                else:
                    worth = found(one["rate"], "rate", context)
                if one.get("performances") == "census-above-hours":
                    hours = self.figure(context, "tuning-hours")
                    worth *= max((hours - Fraction(one["free-hours"])) / hours, Fraction(0)) if hours else 0
                amounts[context] += worth * self.weight(play) * self.factor
        return amounts

    def statement(self):
        """Earned, withheld and payable."""
        candidates = [self.amounts(one) for one in self.models]
        groups = {}
        for context in self.contexts:
            groups.setdefault(key(self.keys["greater-of"], context), []).append(context)
        earned = Fraction(0)
        for contexts in groups.values():
            sums = [sum(amounts[context] for context in contexts) for amounts in candidates]
            best = candidates[sums.index(max(sums))]
            # A minimum of contexts without plays is carried by the plays of the scope, each alike.
            carried, plays = Fraction(0), self.plays(contexts)
            if plays:
                carried = sum(best[context] for context in contexts if not self.plays([context])) / plays
            for context in contexts:
                own = self.plays([context])
                amount = best[context] if own or not plays else Fraction(0)
                earned += self.kept(amount + carried * own, context)
        rounding = self.keys["rounding"]
        earned = rounded(earned, rounding["places"], rounding["mode"])
        payable, base = earned, self.keys.get("withholding-from")
        if base:
            rate = Fraction(self.keys["withholding"]) / 100
            tax = earned * rate if base == "payment" else Fraction(0)
            payable -= rounded(tax, rounding["places"], rounding["mode"])
        return earned, payable

    def kept(self, gross, context):
        own = gross * Fraction(self.keys.get("share", "100")) / 100
        own -= gross * Fraction(self.keys.get("fee", "0")) / 100
        withholding = self.keys.get("withholding")
        if withholding is None or self.keys.get("withholding-from"):
            return own
        rate = found(withholding, "withholding", context)
        return own * (1 - (rate or Fraction(0)) / 100)


def write(seed, folder):
    chance = random.Random(int(seed))
    plays, figures = month(chance)
    with open(os.path.join(folder, "log.csv"), "w", encoding="utf-8") as out:
        print(HEADINGS, file=out)
        for number, play in enumerate(plays):
            territory, plan = play["context"]
            print(
                f"2026-11-10,1,s{number},2026-10-{play['day']:02}T10:00:00Z,33,{territory},online,{play['user']},Svc,T{play['track']},{play['seconds']},"
                f"{play['length']},d,k,{plan},,A,{play['label']},,R{play['length']},GBAAX260000{play['track']},A,T{play['track']}",
                file=out,
            )
    with open(os.path.join(folder, "figures.csv"), "w", encoding="utf-8") as out:
        print("period,territory,plan," + ",".join(FIGURES), file=out)
        for (territory, plan), row in figures.items():
            print(f"2026-10,{territory},{plan}," + ",".join(row[heading] for heading in FIGURES), file=out)
    expected = []
    with open(os.path.join(folder, "job.toml"), "w", encoding="utf-8") as job:
        print('inputs = ["log.csv"]\nfigures = "figures.csv"\nperiod = "2026-10"', file=job)
        for number in range(OUTPUTS):
            terms = deal(chance)
            with open(os.path.join(folder, f"deal-{number}.toml"), "w", encoding="utf-8") as out:
                out.write(agreement(terms))
            print(
                f'[[output]]\nname = "{number}"\nwhen = {{ label = "Label X" }}\nformat = "label.standard"\nagreement = "deal-{number}.toml"\n'
                f'file = "{number}.csv"\nexplain = "{number}.jsonl"',
                file=job,
            )
            expected.append([str(amount) for amount in Calculation(plays, figures, terms).statement()])
    with open(os.path.join(folder, "expected.json"), "w", encoding="utf-8") as out:
        json.dump(expected, out)


def check(folder):
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as lines:
        expected = json.load(lines)
    wrong = []
    for number, amounts in enumerate(expected):
        with open(os.path.join(folder, "out", f"{number}.csv"), encoding="utf-8", newline="") as lines:
            states = {row["Period start"]: row["Period end"] for row in csv.DictReader(lines)}
        told = [states["Earned"], states["Payable"]]
        if [Fraction(amount) for amount in told] != [Fraction(amount) for amount in amounts]:
            wrong.append(f"deal {number}: {told} instead of {[str(float(Fraction(amount))) for amount in amounts]}")
    if wrong:
        sys.exit("\n".join(wrong))


if sys.argv[1] == "write":
    write(*sys.argv[2:])
else:
    check(*sys.argv[2:])
