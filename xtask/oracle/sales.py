#!/usr/bin/env python3
"""Works out the usages of download reports, independently of the converter.

usage: sales.py AGREEMENT FILE...

Prints JSON: `usages`, each with territory, item, price without tax, quantity and returns, sorted; `paid` and `read`, what was paid in
all rows and in those that are reported, by currency; `rows` by what becomes of them. The agreement gives shops, rounding, period and
cut-off. Times are in UTC, periods are months. Everything is worked out with fractions, and only the Python standard library is used.
"""

import collections
import csv
import datetime
import fractions
import json
import sys
import tomllib

UTC = datetime.timezone.utc


def moment(text):
    """A time as microseconds since 1970."""
    time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (time - datetime.datetime(1970, 1, 1, tzinfo=UTC)) // datetime.timedelta(microseconds=1)


def month(micros):
    """The year and month of a moment."""
    time = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=micros)
    return time.year, time.month


def next_month(year, number):
    """The month after another."""
    return (year + number // 12, number % 12 + 1)


def begins(year, number, day=1, hour=0):
    """A moment of a month."""
    days = datetime.date(year, number, day) - datetime.date(1970, 1, 1)
    return (days.days * 24 + hour) * 3_600_000_000


def rounded(value, places, mode):
    """A fraction that is not negative, rounded."""
    scaled = value * 10**places
    whole, rest = scaled.numerator // scaled.denominator, scaled - scaled.numerator // scaled.denominator
    half = fractions.Fraction(1, 2)
    up = {"half-even": rest > half or (rest == half and whole % 2 == 1), "half-up": rest >= half, "down": False,
          "up": rest > 0}[mode]
    return fractions.Fraction(whole + up, 10**places)


def plain(value):
    """A fraction with a finite decimal notation."""
    places = 0
    while value * 10**places % 1:
        places += 1
    digits = str(abs(int(value * 10**places))).rjust(places + 1, "0")
    text = digits[:-places] + "." + digits[-places:] if places else digits
    return ("-" if value < 0 else "") + text


def main():
    with open(sys.argv[1], "rb") as file:
        agreement = tomllib.load(file)
    refunds = agreement.get("refunds", {})
    day, hour = refunds.get("cut-off-day", 4), refunds.get("cut-off-hour", 0)
    year, number = map(int, agreement["message"]["period"].split("-"))
    start, end = begins(year, number), begins(*next_month(year, number))
    opens, closes = begins(year, number, day, hour), begins(*next_month(year, number), day, hour)

    rows = []
    for path in sys.argv[2:]:
        with open(path, newline="", encoding="utf-8") as file:
            rows += csv.DictReader(file)
    by_id, by_basket = {}, collections.defaultdict(list)
    for row in rows:
        row["at"] = moment(row["Sale Date"])
        if row["Transaction Type"] == "sale":
            by_id.setdefault(row["Sale ID"], row)
            by_basket[row["Basket ID"], row["Item Identifier Code"]].append(row)
    taken, id_taken = collections.Counter(), collections.Counter()
    fates = collections.Counter()
    usages = collections.defaultdict(lambda: [0, 0])
    paid = {"read": collections.Counter(), "converted": collections.Counter()}
    for row in rows:
        refund = row["Transaction Type"] == "refund"
        sale = row
        if refund:
            name = row["Basket ID"], row["Item Identifier Code"]
            copies = by_basket[name]
            copy = copies[min(taken[name], len(copies) - 1)] if copies else None
            sale = by_id.get(row["Sale ID"], copy)
            # One sale has an identifier, several may have a basket and an item.
            beyond = id_taken[row["Sale ID"]] >= 1 if row["Sale ID"] in by_id else taken[name] >= len(copies)
            taken[name] += 1
            id_taken[row["Sale ID"]] += 1
        shop_at = sale["at"] if sale else row["at"]
        date = (datetime.date(1970, 1, 1) + datetime.timedelta(days=shop_at // 86_400_000_000)).isoformat()
        [shop] = [shop for shop in agreement["shop"] if shop["name"] == row["Shop Name"]
                  and shop.get("valid-from", "0") <= date <= shop.get("valid-until", "9")]
        amount = abs(fractions.Fraction(row["Revenue Including Tax"]))
        signed = -amount if refund else amount
        paid["read"][shop["currency"]] += signed
        adjusted = ""
        if not refund:
            fate = "converted" if start <= row["at"] < end else "outside"
        elif sale is None:
            fate = "unmatched" if opens <= row["at"] < closes or start <= row["at"] < end else "outside"
        elif start <= sale["at"] < end:
            fate = "converted" if row["at"] < closes else "too-late"
        elif sale["at"] >= end:
            fate = "outside"
        elif row["at"] < begins(*next_month(*month(sale["at"])), day, hour):
            fate = "earlier"
        elif opens <= row["at"] < closes:
            fate, adjusted = "converted", "%d-%d" % month(sale["at"])
        else:
            fate = "outside"
        if refund and sale is not None and fate == "converted" and beyond:
            fate = "beyond"
        fates[fate] += 1
        if fate != "converted":
            continue
        paid["converted"][shop["currency"]] += signed
        price = agreement["price"]
        price = rounded(amount / (1 + fractions.Fraction(shop["tax"]) / 100), price["places"], price["rounding"])
        usage = usages[shop["territory"], row["Item Identifier Code"], plain(price), adjusted]
        usage[refund] += 1
    told = sorted([territory, item, price, str(sold), str(back)]
                  for (territory, item, price, _), (sold, back) in usages.items())
    money = {part: {currency: plain(amount) for currency, amount in sorted(sums.items())} for part, sums in paid.items()}
    json.dump({"usages": told, "paid": money, "rows": fates}, sys.stdout)


if __name__ == "__main__":
    main()
