"""Reads label reports by the public facts alone and compares them with what Transpose made of them. Shares no code with Transpose.

usage: labels.py read LAYOUT REPORT CANONICAL    a report, and the flat table that it was converted to
       labels.py same LAYOUT REPORT REPORT       two reports that say the same, cell by cell
       labels.py made LAYOUT REPORT USAGE        a report, and the client usage report that it was made of
"""

import csv
import json
import re
import sys
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

SPEC = Path(__file__).parent.parent / "spec" / "layouts.json"
FACTS = {layout["id"]: layout for layout in json.loads(SPEC.read_text(encoding="utf-8"))["layouts"]}

# Names of countries in the inputs of the tests.
COUNTRIES = {"France": "FR", "Germany": "DE", "Spain": "ES", "United Kingdom": "GB", "United States": "US", "United States of America": "US"}
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def number(text):
    text = text.strip().replace(",", ".")
    assert re.fullmatch(r"-?\d*\.?\d*", text) and text, text
    return Decimal(text)


def american(text):
    month, day, year = text.split("/")
    return date(int(year), int(month), int(day)).isoformat()


def month(text):
    for pattern, order in [(r"(\d{4})[/-](\d\d)[/-]01", "ym"), (r"01/(\d\d)/(\d{4})", "my"), (r"(\d{4})-(\d\d)", "ym"), (r"(\d{4})M(\d\d?)", "ym")]:
        found = re.fullmatch(pattern, text)
        if found:
            year, count = found.groups() if order == "ym" else reversed(found.groups())
            return date(int(year), int(count), 1).isoformat()
    name, year = text.split()
    return date(int(year), MONTHS.index(name) + 1, 1).isoformat()


def hours(text):
    return Decimal(text.strip())


def country(text):
    return COUNTRIES.get(text, text)


def percent(text):
    return Decimal(text.rstrip("%"))


def fraction(text):
    return number(text) * 100


def text(value):
    return value


def compact(value):
    return f"{value[:4]}-{value[4:6]}-{value[6:]}"


# For each layout: what divides cells, and which cell is which field. What is not named is compared only between reports of the layout.
REPORT_OF_USE = {
    "NAME_OF_SERVICE": ("context.service", text),
    "FEATURED_ARTIST": ("recording.artist", text),
    "SOUND_RECORDING_TITLE": ("recording.title", text),
    "ISRC": ("recording.isrc", text),
    "ALBUM_TITLE": ("release.title", text),
    "MARKETING_LABEL": ("release.label", text),
    "ACTUAL_TOTAL_PERFORMANCES": ("usage.quantity", number),
    "AGGREGATE_TUNING_HOURS": ("context.tuning-hours", hours),
    "CHANNEL_OR_PROGRAM_NAME": ("context.channel", text),
    "PLAY_FREQUENCY": ("usage.transmissions", number),
}
ORCHARD = {
    "Period": ("header.period-start", month),
    "Activity Period": ("usage.validity-start", month),
    "Retailer": ("context.service", text),
    "DMS": ("context.service", text),
    "Territory": ("context.territory", country),
    "Imprint Label": ("release.label", text),
    "Artist Name": ("release.artist", text),
    "Product Name": ("release.title", text),
    "Release Name": ("release.title", text),
    "Track Name": ("recording.title", text),
    "Track Artist": ("recording.artist", text),
    "ISRC": ("recording.isrc", text),
    "Quantity": ("quantity", number),
    "Total": ("usage.gross-amount", number),
    "Label Share Net Receipts": ("usage.amount", number),
    "Preferred Currency": ("context.currency", text),
}
LAYOUTS = {
    "apple.financial": ("\t", None, {
        "Start Date": ("header.period-start", american),
        "End Date": ("header.period-end", american),
        "UPC": ("release.icpn", text),
        "ISRC/ISBN": ("recording.isrc", text),
        "Quantity": ("quantity", number),
        "Partner Share": ("usage.rate", number),
        "Extended Partner Share": ("usage.amount", number),
        "Partner Share Currency": ("context.currency", text),
        "Artist/Show/Developer/Author": ("item.artist", text),
        "Title": ("item.title", text),
        "Label/Studio/Network/Developer/Publisher": ("release.label", text),
        "Country Of Sale": ("context.territory", text),
        "Customer Price": ("usage.retail-price", number),
        "Customer Currency": ("usage.retail-currency", text),
    }),
    "apple.music.s1": ("\t", None, {
        "Storefront Name": ("context.territory", text),
        "Apple Identifier": ("recording.id", text),
        "Membership Type": ("context.plan", text),
        "Quantity": ("usage.quantity", number),
        "Net Royalty": ("usage.rate", number),
        "Net Royalty Total": ("usage.amount", number),
        "ISRC": ("recording.isrc", text),
        "Item_Title": ("recording.title", text),
        "Item_Artist": ("recording.artist", text),
        "Label/Studio/Network": ("release.label", text),
    }),
    "apple.sales.music": ("\t", None, {
        "UPC": ("release.icpn", text),
        "ISRC": ("recording.isrc", text),
        "Artist / Show": ("item.artist", text),
        "Title / Episode / Season": ("item.title", text),
        "Units": ("quantity", number),
        "Royalty Price": ("usage.rate", number),
        "Begin Date": ("header.period-start", american),
        "End Date": ("header.period-end", american),
        "Country Code": ("context.territory", text),
        "Royalty Currency": ("context.currency", text),
        "Customer Price": ("usage.retail-price", number),
    }),
    "believe.statement": (";", '"', {
        "Reporting month": ("header.period-start", month),
        "Sales Month": ("usage.validity-start", month),
        "Platform": ("context.service", text),
        "Country / Region": ("context.territory", country),
        "Label Name": ("release.label", text),
        "Artist Name": ("item.artist", text),
        "Release title": ("release.title", text),
        "Track title": ("recording.title", text),
        "UPC": ("release.icpn", text),
        "ISRC": ("recording.isrc", text),
        "Quantity": ("quantity", number),
        "Client Payment Currency": ("context.currency", text),
        "Unit Price": ("usage.price", number),
        "Gross Revenue": ("usage.gross-amount", number),
        "Client share rate": ("usage.share", fraction),
        "Net Revenue": ("usage.amount", number),
    }),
    "orchard.statement": ("\t", '"', ORCHARD),
    "orchard.statement-older": (";", '"', ORCHARD),
    "cargo.digital": (",", '"', {
        "Royalty ID": ("usage.id", text),
        "Asset ISRC": ("recording.isrc", text),
        "Asset Title": ("recording.title", text),
        "Asset Version": ("recording.subtitle", text),
        "Sale net receipts": ("usage.gross-amount", number),
        "Contract deal term": ("usage.share", percent),
        "Reported Royalty": ("usage.amount", number),
        "Territory": ("context.territory", text),
        "Quantity": ("quantity", number),
        "Sale Start date": ("usage.validity-start", text),
        "Sale End date": ("usage.validity-end", text),
        "Sale Store Name": ("context.service", text),
        "Exchange Rate": ("context.exchange-rate", number),
        "Currency": ("context.currency", text),
        "Product UPC": ("release.icpn", text),
        "Product Label": ("release.label", text),
    }),
    "tunecore.statement": (",", '"', {
        "Sales Period": ("usage.validity-start", text),
        "Store Name": ("context.service", text),
        "Country Of Sale": ("context.territory", text),
        "Artist": ("item.artist", text),
        "UPC": ("release.icpn", text),
        "Optional ISRC": ("recording.isrc", text),
        "# Units Sold": ("quantity", number),
        "Total Earned": ("usage.amount", number),
        "Currency": ("context.currency", text),
    }),
    "distrokid.statement": ("\t", '"', {
        "Sale Month": ("usage.validity-start", month),
        "Store": ("context.service", text),
        "Artist": ("item.artist", text),
        "Title": ("item.title", text),
        "ISRC": ("recording.isrc", text),
        "UPC": ("release.icpn", text),
        "Quantity": ("quantity", number),
        "Team Percentage": ("usage.share", number),
        "Earnings (USD)": ("usage.amount", number),
    }),
    "sddigital.statement": (",", '"', {
        "UPC": ("release.icpn", text),
        "Product ID": ("recording.isrc", text),
        "Artist": ("recording.artist", text),
        "Digital Service Provider_Subdescription": ("context.service", text),
        "Country Code": ("context.territory", text),
        "Quantity": ("quantity", number),
        "Total Gross Income": ("usage.gross-amount", number),
        "Label Net Total": ("usage.amount", number),
    }),
    "youtube.red.summary": (",", '"', {
        "month": ("usage.validity-start", month),
        "country": ("context.territory", text),
        "monetized_views": ("usage.quantity", number),
        "partner_revenue": ("usage.amount", number),
    }),
    "youtube.audiotier.summary": (",", '"', {
        "country": ("context.territory", text),
        "start_date": ("usage.validity-start", text),
        "currency": ("context.currency", text),
        "partner_playbacks": ("usage.quantity", number),
        "total_playbacks": ("context.total-usages", number),
        "audio_royalties": ("usage.amount", number),
    }),
    "soundexchange.rou.plain": ("|", "^", REPORT_OF_USE),
    "soundexchange.rou.plain-ath": ("|", "^", REPORT_OF_USE),
    "soundexchange.rou.headed": ("|", "^", REPORT_OF_USE),
    "soundexchange.rou.headed-ath": ("|", "^", REPORT_OF_USE),
    "soundexchange.rou.template": ("|", "^", REPORT_OF_USE),
    "soundexchange.rou.template-ath": (",", '"', REPORT_OF_USE),
}


def headings(layout):
    """The columns of the facts, for the variant of the layout."""
    base, _, variant = layout.partition("-")
    facts = FACTS[base]
    if layout == "orchard.statement-older":
        return facts["older_layout"]
    names = [column["name"] for column in facts["columns"]]
    if "variants" in facts:
        names = [names[place - 1] for place in facts["variants"][variant or "atp"]["columns"]]
    return names


def cells(line, delimiter, quote):
    """The cells of a line in which no cell holds a line end."""
    if quote is None:
        return line.split(delimiter)
    if quote == "^":
        # Whatever stands between two carets is text; neither caret nor pipe may be in it.
        found = []
        for cell in line.split(delimiter):
            if cell.startswith(quote):
                assert len(cell) >= 2 and cell.endswith(quote), line
                cell = cell[1:-1]
            assert quote not in cell, line
            found.append(cell)
        return found
    return next(csv.reader([line], delimiter=delimiter, quotechar=quote))


def parse(layout, path):
    """The rows of a report as dictionaries, and the lines before and after them."""
    delimiter, quote, _ = LAYOUTS[layout]
    data = Path(path).read_bytes()
    body = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    lines = body.split("\n")
    assert lines.pop() == "", "the last line does not end"
    lines = [line.removesuffix("\r") for line in lines]
    names = headings(layout)
    before, after = [], []
    if layout.startswith("soundexchange.rou.headed"):
        before, lines = lines[:13], lines[13:]
        assert before[10:13] == ["^", "|", ""], before
        assert int(before[9]) == len(lines) - 1, before
        assert all(len(line) <= 255 for line in before), before
    if layout == "apple.music.s1":
        before, lines = [line.split("\t") for line in lines[:4]], lines[4:]
        assert [line[0] for line in before] == ["Start Date", "End Date", "Report Type", "Currency"], before
        assert before[2][1] == "Apple Music", before
    if layout.startswith("soundexchange.rou.plain"):
        lines = [delimiter.join(quote + name + quote for name in names)] + lines
    found = cells(lines[0], delimiter, quote)
    folded = [re.sub(r"\s", "", name).lower() for name in found]
    assert sorted(folded) == sorted(re.sub(r"\s", "", name).lower() for name in names), found
    in_order = {re.sub(r"\s", "", name).lower(): name for name in names}
    names = [in_order[name] for name in folded]
    rows = [cells(line, delimiter, quote) for line in lines[1:]]
    if layout == "apple.financial":
        rows, after = rows[:-3], rows[-3:]
    for row in rows:
        assert len(row) == len(names), row
    rows = [dict(zip(names, row)) for row in rows]
    if after:
        expected = [
            ["Total_Rows", str(len(rows))],
            ["Total_Amount", sum(number(row["Extended Partner Share"]) for row in rows)],
            ["Total_Units", str(sum(int(row["Quantity"]) for row in rows))],
        ]
        assert [name for name, _ in after] == [name for name, _ in expected], after
        assert after[0] == expected[0] and after[2] == expected[2], (after, expected)
        total = after[1][1]
        assert Decimal(total) == expected[1][1], (after, expected)
        assert "." not in total or not total.endswith("0"), total
    return rows, before


def facts_of(layout, rows, before):
    """What each row says, by the field of the model."""
    table = LAYOUTS[layout][2]
    for row in rows:
        said = {}
        for name, cell in row.items():
            field, convert = table.get(name, (None, None))
            if field and cell != "":
                said[field] = convert(cell)
        if layout == "apple.music.s1":
            said["header.period-start"], said["header.period-end"] = american(before[0][1]), american(before[1][1])
            said["context.currency"] = before[3][1]
        if layout.startswith("soundexchange.rou.headed"):
            said["header.period-start"], said["header.period-end"] = compact(before[6]), compact(before[7])
        yield said


def product_code(text):
    return all(map(str.isdigit, text)) and sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(text))) % 10 == 0


def read(layout, report, canonical):
    rows, before = parse(layout, report)
    with open(canonical, encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == len(rows) > 0, (len(table), len(rows))
    compared = 0
    for said, row in zip(facts_of(layout, rows, before), table):
        for field, value in said.items():
            if field == "quantity":
                returned = Decimal(row.get("usage.returns") or 0)
                found = Decimal(row["usage.quantity"]) - returned
                assert (returned > 0) == (value < 0), (said, row)
            elif field == "usage.retail-price":
                # The price of one has no sign in the model, whatever was taken back.
                found, value = Decimal(row[field]), abs(value)
            elif field.startswith("item."):
                found = row.get("recording." + field[5:]) or row.get("release." + field[5:])
            elif field == "release.icpn" and not product_code(value):
                # A number that fails its check digit would name somebody else's release.
                assert row[field] == "", (said, row)
                continue
            else:
                found = row[field]
                found = Decimal(found) if isinstance(value, Decimal) else found
            assert found == value, (field, value, found, row)
            compared += 1
    print(f"{len(rows)} rows, {compared} cells")


def same(layout, a, b):
    left, right = parse(layout, a), parse(layout, b)
    assert list(facts_of(layout, *left)) == list(facts_of(layout, *right)), (left, right)
    for one, other in zip(left[0], right[0]):
        # What the table above knows was compared by its meaning: `1` and `1.00` are one number.
        told = LAYOUTS[layout][2]
        assert all(cell == other[name] for name, cell in one.items() if name not in told), (one, other)
    print(f"{len(left[0])} rows")


def made(layout, report, usage):
    """Every play and sale of the usage report is in the report, under its recording or release, once, and is paid for at the rate that stands there."""
    rows, before = parse(layout, report)
    with open(usage, encoding="utf-8", newline="") as file:
        plays = list(csv.DictReader(file))
    wanted, qualified, titles = Counter(), Counter(), defaultdict(set)
    for play in plays:
        key = play["Item Identifier Code"] or play["Item Name"]
        count = -1 if play.get("Transaction Type") == "refund" else 1
        wanted[key] += count
        # A play of thirty seconds or more is paid for; a sale always.
        long = float(play.get("Duration played") or play.get("Duration Played") or 30) >= 30
        qualified[key] += count if long else 0
        titles[key].add((play["Item Artist"], play["Item Name"], play["Label Group Name"]))
    found, amounts = Counter(), defaultdict(Decimal)
    for said in facts_of(layout, rows, before):
        title = said.get("recording.title") or said.get("item.title")
        artist = said.get("recording.artist") or said.get("item.artist")
        key = said.get("recording.isrc") or said.get("release.icpn") or title
        quantity = said["usage.quantity"] if "usage.quantity" in said else said["quantity"]
        found[key] += int(quantity)
        assert any(same_text(artist, known[0]) and same_text(said["release.label"], known[2]) for known in titles[key]), said
        if "recording.isrc" in said:
            assert any(same_text(title, known[1]) for known in titles[key]), said
        if "usage.amount" in said:
            amounts[key, said.get("usage.rate", said.get("usage.price"))] += said["usage.amount"]
    assert +found == +wanted, (found - wanted, wanted - found)
    for key in {key for key, _ in amounts}:
        # How many plays the amounts stand for, by the rates of the rows; amounts are rounded in each row, and rates have six places.
        counted = sum(amount / rate for (other, rate), amount in amounts.items() if other == key)
        assert abs(counted - qualified[key]) < Decimal("0.01"), (key, counted, qualified[key])
    print(f"{len(rows)} rows, {sum(found.values())} plays, {sum(amounts.values(), Decimal(0))}")


def same_text(found, wanted):
    """Whether a text is another one, or what is left of it in ASCII and without the characters that divide cells."""
    if found == wanted:
        return True
    ascii_text = all(ord(char) < 128 for char in found)
    plain = [char for char in wanted if ord(char) < 128 and char not in "^|"]
    places = iter(found)
    return ascii_text and (any(ord(char) > 127 for char in wanted) or "^" in wanted or "|" in wanted) and all(char in places for char in plain)


if __name__ == "__main__":
    {"read": read, "same": same, "made": made}[sys.argv[1]](*sys.argv[2:])
