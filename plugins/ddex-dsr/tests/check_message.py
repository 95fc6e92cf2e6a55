#!/usr/bin/env python3
"""Checks DSR messages of any profile and variant, of one file or several, without any code of this project.

usage: check_message.py [--tabs] FOLDER...

Each folder holds the files of one message and nothing else. Uses only the facts in ../spec and says what is wrong, one line each; exit code 1 if
anything is. With --tabs, text may hold escaped tabs; with --announced, delimiters
inside data are in the notation of the edition that the header announces, and in the current one otherwise; with --tiers, summary records may be of
tiers of the service that the header names, and blocks have any different ids. The rules are those of DSR named V-... and ARCH-...; of check_dsr.py, which checks one
profile, only the notation of cells is taken.
"""
import os
import re
import sys
from collections import Counter
from decimal import Decimal

# The folder of the sources stays as it is.
sys.dont_write_bytecode = True

from check_dsr import GENERATIONS, definitions, load, is_older, records_of, split, split_older, values, values_older

SINGLE = "single-record-block"
QUANTITIES = {"SU": ["Usages", "NumberOfStreams", "NumberOfBroadcasts"],
              "SR": ["Usages", "NumberOfStreams", "Downloads", "TotalUsages"]}
TOTALS = ["TotalUsages", "Usages", "TotalUsagesInReportingPeriod", "UsagesInReportingPeriod", "NumberOfBroadcasts"]
DATE = r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?"
TYPES = {
    "Integer": r"-?(0|[1-9]\d*)",
    "Decimal": r"-?(0|[1-9]\d*)(\.\d*[1-9])?",
    "Boolean": r"true|false",
    "Date": DATE,
    "Datetime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)",
    "Duration": r"PT((\d+H)?\d+M)?\d+(\.\d+)?S",
    "Time": r"T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?",
    "DPID": r"PADPIDA\d{10}[0-9A-Z]",
    "PartyId": r"[A-Za-z]+::[^:]+",
    "NamespacedString": r"[^:]+::.+",
}
SHAPES = [
    (r"ISRC$", r"[A-Z]{2}[A-Z0-9]{3}\d{7}"),
    (r"ISWC$", r"T\d{10}"),
    (r"(ICPN|Icpn)$", r"\d{12,14}"),
    (r"ISAN$", r"([0-9A-F]{4}-){4}[0-9A-Z]-([0-9A-F]{4}-){2}[0-9A-Z]"),
    (r"EIDR$", r"10\.5240/([0-9A-F]{4}-){5}[0-9A-Z]"),
    (r"Reference$", r"[A-Za-z0-9]+"),
]
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def mod_37_36(text):
    """Whether letters and digits end in their check character."""
    product, total = 36, 0
    for char in text:
        total = (product + ALPHABET.index(char)) % 36
        product = (total or 36) * 2 % 37
    return total == 1


def right_check(name, value):
    """Whether the check character of an identifier is right; identifiers without one always are."""
    if name.endswith("ISWC"):
        return (1 + sum(place * int(digit) for place, digit in enumerate(value[1:-1], 1)) + int(value[-1])) % 10 == 0
    if re.search("ICPN$|Icpn$", name):
        return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(value))) % 10 == 0
    if name.endswith("GRid"):
        return len(value) == 18 and mod_37_36(value)
    if name.endswith("ISAN"):
        text = value.replace("-", "")
        return mod_37_36(text[:17]) and mod_37_36(text[:16] + text[17:])
    if name.endswith("EIDR"):
        return mod_37_36(value.split("/")[1].replace("-", ""))
    if value.startswith("PADPIDA") and len(value) == 18:
        return mod_37_36(value)
    if value.startswith("ISNI::"):
        number = value[6:]
        total = 0
        for digit in number[:-1]:
            total = (total + int(digit)) * 2
        return len(number) == 16 and (12 - total % 11) % 11 == (10 if number[-1] == "X" else int(number[-1]))
    return True


def pattern(node):
    """A structure as a regular expression over names of records, each followed by a space."""
    kind = node["kind"]
    if kind == "record":
        body = "DE[0-9][0-9] " if node["record"] == "DExx" else re.escape(node["record"]) + " "
    elif kind == "sequence":
        body = "".join(map(pattern, node["items"]))
    elif kind == "choice":
        # A choice of nothing is how the schema of one profile reads; it stands for nothing.
        body = "|".join(map(pattern, node["items"]))
    else:
        body = pattern(node["body"])
    low, high = node.get("min", 1), node.get("max", 1)
    return "(?:%s){%s,%s}" % (body, low, "" if high is None else high)


def stem_of(name, record, multi):
    """What the names of cells have in common whose lists run side by side."""
    for start in ("Calculation", "Deduction", "UsageIndependentFee"):
        if name.startswith(start):
            return start
    if record.startswith("RU01") and name in ("DspReleaseId", "Usages"):
        return "releases"
    if name in ("SubscriberType", "Subscribers") and multi:
        return "Subscriber"
    if re.fullmatch("Work(Publisher|Producer)Id", name):
        return name[:-2]
    return re.sub("(PartyI[dD]|Name|Role)$", "", name)


class Facts:
    """The facts, with what is assumed where they are silent."""

    def __init__(self):
        self.sets = load("avs.json")["sets"]
        self.profiles = {}
        assumed = {(a["profile"], a["version"], a["variant"]): a for a in load("assumed.json")["profiles"]}
        for profile in load("profiles.json")["profiles"]:
            also = assumed[profile["profile"], profile["version"], profile["variant"]]
            name, version = also.get("name", profile["profile"]), also.get("as_version", profile["version"])
            for name in {name, also.get("written", name)}:
                self.profiles[name, version] = profile
        self.known = {(r["type"], r["generation"]): r for r in definitions()}
        self.bound = {}

    def of(self, name, version):
        """A profile, its records, and the order of its records."""
        key = (name, version)
        if key in self.profiles and key not in self.bound:
            profile = self.profiles[key]
            records = {name: self.record(name, profile) for name in set(records_of(profile["structure"]))}
            self.bound[key] = (profile, records, re.compile(pattern(profile["structure"])))
        return self.bound.get(key)

    def record(self, name, profile):
        order = [profile["generation"]] + [g for g in GENERATIONS if g != profile["generation"]]
        record = next(self.known[name, g] for g in order if (name, g) in self.known)
        cells = [dict(cell, name=cell["name"].strip()) for cell in record["cells"]]
        if name not in ("HEAD", "FOOT", "SRFO"):
            for change in record.get("profile_overrides", []):
                if (change["profile"], change["version"]) == (profile["profile"], profile["version"]):
                    for cell in change["cells"]:
                        cells[cell["n"] - 1].update(cell)
        for cell in cells:
            kind = TYPES.get(cell["type"])
            cell["shapes"] = [re.compile(kind)] if kind else []
            cell["shapes"] += [re.compile(shape) for end, shape in SHAPES if re.search(end, cell["name"])]
            cell["share"] = bool(re.search("Percentage|RightShare$|MarketShare", cell["name"]))
            cell["stem"] = stem_of(cell["name"], name, cell["multi"])
        return cells


class Row:
    """One record: its cells by name, as lists of values."""

    def __init__(self, number, name, facts, cells):
        self.number, self.name, self.family = number, name, name[:4]
        self.facts, self.cells = facts, cells
        self.by_name = {}
        for fact, cell in zip(facts, cells):
            self.by_name.setdefault(fact["name"], cell)

    def __contains__(self, name):
        return name in self.by_name

    def all(self, name):
        cell = self.by_name.get(name, [""])
        return [] if cell == [""] else cell

    def get(self, *names):
        return next((self.by_name[n][0] for n in names if self.by_name.get(n, [""])[0]), "")

    def number_in(self, *names):
        return Decimal(self.get(*names) or 0)


class Message:
    def __init__(self, facts, tabs, announced, tiers=False):
        self.facts, self.tabs, self.announced, self.tiers, self.wrong = facts, tabs, announced, tiers, []

    def say(self, row, text):
        place = "line %d %s: " % (row.number, row.name) if isinstance(row, Row) else ""
        self.wrong.append(place + text)

    # Lines and cells.

    def read(self, path, specs):
        with open(path, "rb") as file:
            text = file.read().decode("utf-8")
        if not text.endswith("\n") or "\r" in text or text.startswith("\ufeff"):
            self.say(None, "lines do not end in a line feed, or begin with a byte order mark")
        rows = []
        older = self.announced and is_older(text)
        divide, undo = (split_older, values_older) if older else (split, values)
        for number, line in enumerate(text.split("\n")[:-1], 1):
            cells = divide(line) if "\\" in line else line.split("\t")
            name = cells[0]
            if re.fullmatch("DE[0-9][0-9]", name):
                rows.append(Row(number, name, [], []))
                if len(cells) < 2:
                    self.say(rows[-1], "nothing was agreed")
                continue
            if name not in specs:
                self.wrong.append("line %d: %s is not in the profile" % (number, name))
                continue
            spec = specs[name]
            if len(cells) != len(spec):
                self.wrong.append("line %d: %s has %d cells, not %d" % (number, name, len(cells), len(spec)))
                continue
            try:
                row = Row(number, name, spec, [undo(cell) if "\\" in cell else cell.split("|") for cell in cells])
            except ValueError as error:
                self.wrong.append("line %d: %s" % (number, error))
                continue
            rows.append(row)
            for fact, raw, cell in zip(spec, cells, row.cells):
                self.cell(row, fact, raw, cell)
            self.lists(row)
        return rows, text.count("\n")

    def cell(self, row, fact, raw, cell):
        name = fact["name"]
        say = lambda text: self.say(row, "%s %s" % (name, text))
        if raw == "":
            if fact["mandatory"] == "M":
                say("is empty")
            return
        if name.startswith("Deprecated"):
            say("is filled")
        if len(cell) > 1 and not fact["multi"]:
            say("holds a list")
        if not any(cell):
            say("is a list of nothing")
        known = self.facts.sets[fact["avs"]] if fact.get("avs") else None
        for value in filter(None, cell):
            if value != value.strip():
                say("has spaces around")
            if any(ord(char) < 32 and not (char == "\t" and self.tabs) for char in value):
                say("holds a control character")
            if not all(shape.fullmatch(value) for shape in fact["shapes"]):
                say("is %s" % value)
                continue
            if known and (value not in known["values"] or value in known["deprecated"]):
                if fact["avs"] != "ProfileId":
                    say("is %s, not in %s" % (value, fact["avs"]))
            if not right_check(name, value):
                say("is %s, whose check character is wrong" % value)
            if fact["share"] and not 1 < Decimal(value) <= 100:
                say("is %s" % value)
            if name == "ServiceDescription" and re.search("[ _]", value):
                say("is %s" % value)

    def lists(self, row):
        """Lists that run side by side have the same length (V-CELL-14), and ids go with names."""
        stems = {}
        for fact, cell in zip(row.facts, row.cells):
            stems.setdefault(fact["stem"], []).append((fact["name"], cell))
        for stem, cells in stems.items():
            filled = [cell for _, cell in cells if cell != [""]]
            if len({len(cell) for cell in filled}) > 1:
                self.say(row, "lists of %s differ in length" % stem)
            if len(cells) > 1 and any(n.endswith("PartyId") and c != [""] for n, c in cells) and all(
                    c == [""] for n, c in cells if not n.endswith("Id")):
                self.say(row, "%s has ids and no names" % stem)

    # Conditions inside a record.

    def conditions(self, row, context):
        say = lambda text: self.say(row, text)
        together = [("DistributionChannel", "DistributionChannelDPID"), ("DistributionChannelName", "DistributionChannelDPID"),
                    ("RecipientPartyId", "RecipientName")]
        if row.family in ("LI01", "RC01", "SR03", "SR06", "SY09"):
            together += [("RightsType", "RightSharePercentage"), ("RightsType", "RightShare"),
                         ("RightsType", "RightsTypePercentage")]
        for one, other in together:
            if one in row and other in row and bool(row.all(one)) != bool(row.all(other)):
                say("%s without %s or the reverse" % (one, other))
        if row.get("RightsTypePercentage") and not row.get("RightsType"):
            say("a percentage without a type of right")
        if row.get("IsSubjectToOwnershipConflict") == "true" and "LastConflictCheck" in row and not row.get("LastConflictCheck"):
            say("no LastConflictCheck")
        if "Returns" in row and not row.get("Returns"):
            say("no Returns")
        base, paid = row.get("CurrencyOfReporting", "CurrencyOfAccounting"), row.get("CurrencyOfTransaction")
        if base and paid and base != paid and not row.get("ExchangeRate"):
            say("no ExchangeRate")
        if row.get("ExchangeRate") and not paid and not row.get("ExchangeRateBaseCurrency"):
            say("a rate without currencies")
        for start, end in (("ValidityPeriodStart", "ValidityPeriodEnd"), ("OfferStartDate", "OfferEndDate"),
                           ("SubPeriodStartDate", "SubPeriodEndDate"), ("UsageStartDate", "UsageEndDate"),
                           ("ReportingPeriodStartDate", "ReportingPeriodEndDate")):
            if bool(row.get(start)) != bool(row.get(end)) or row.get(start) > row.get(end):
                say("%s and %s do not fit" % (start, end))
        if context is not None:
            if "UseType" in row or row.family[:2] in ("SU", "SR"):
                if bool(row.get("UseType")) == bool(context.get("UseType")):
                    say("the use type stands on both or on neither")
            if context.get("CommercialModel") == "PayAsYouGoModel":
                prices = [n for n in row.by_name if re.match("Price(EndUser|Consumer)Paid", n)]
                if prices and not all(row.get(n) for n in prices):
                    say("no price")

    # The message.

    def check(self, paths):
        with open(paths[0], encoding="utf-8") as file:
            head = file.readline().rstrip("\n").split("\t")
        bound = self.facts.of(head[2], head[3])
        if bound is None:
            self.wrong.append("%s %s is not known" % (head[2], head[3]))
            return
        profile, specs, order = bound
        single = profile["variant"] == SINGLE
        files = [self.read(path, specs) for path in paths]
        if self.wrong:
            return
        if single and len(files) > 1:
            self.wrong.append("a message of single records is split")
        summaries, sales, blocks = {}, set(), 0
        total_lines = sum(lines for _, lines in files)
        sums, used, returns = Counter(), Counter(), Counter()
        for index, (rows, lines) in enumerate(files):
            self.file(profile, rows, lines, index, len(files), single, paths[index])
            tops = [row for row in rows if row.name.startswith("SY")]
            if index == 0:
                summaries = self.summaries(tops)
            elif [row.cells for row in tops] != [row.cells for row in files[0][0] if row.name.startswith("SY")]:
                self.wrong.append("file %d has other summary records" % (index + 1))
            body = [row for row in rows if row.name[:2] != "SY" and row.name not in ("HEAD", "FOOT", "SRFO")]
            text = "".join(row.name + " " for row in rows)
            nil = not body
            if not nil and not order.fullmatch(text):
                self.wrong.append("file %d: the order is %s" % (index + 1, text[:400]))
            for row in rows[:1] + tops:
                self.conditions(row, None)
            if single:
                groups = [[row] for row in body if not row.name.startswith("DE")]
            else:
                groups = []
                for row in body:
                    if not groups or row.get("BlockId") != groups[-1][0].get("BlockId"):
                        groups.append([])
                    groups[-1].append(row)
            ids = [group[0].get("BlockId") for group in groups]
            if not single and len(set(ids)) != len(ids):
                self.wrong.append("file %d has a block twice" % (index + 1))
            for group in groups:
                blocks += 1
                if not single and not self.tiers and group[0].get("BlockId") != str(blocks):
                    self.say(group[0], "block %s is number %d" % (group[0].get("BlockId"), blocks))
                self.block(group, summaries, sales, sums, used, returns, single)
            foot = rows[-1]
            last = index == len(files) - 1
            counts = [("NumberOfLinesInFile", lines), ("NumberOfSummaryRecords", len(tops)), ("NumberOfBlocksInFile", len(groups)),
                      ("NumberOfLinesInReport", total_lines if last else ""), ("NumberOfBlocksInReport", blocks if last else ""),
                      ("NumberOfBlocksInRecord", blocks if last else "")]
            for name, count in counts:
                if name in foot and foot.get(name) != str(count):
                    self.say(foot, "%s is %s, counted %s" % (name, foot.get(name), count))
        for key, row in summaries.items():
            for name in TOTALS:
                # SY05 details the record of the whole, at which usages may point instead.
                if row.family == "SY05" and not sums[key]:
                    continue
                if row.get(name) and row.number_in(name) != sums[key]:
                    self.say(row, "%s is %s, usages sum to %s" % (name, row.get(name), sums[key]))
            if row.get("Returns") and row.number_in("Returns") != returns[key]:
                self.say(row, "Returns is %s, counted %s" % (row.get("Returns"), returns[key]))
            if blocks and not used[key]:
                self.say(row, "nothing points at it")

    def file(self, profile, rows, lines, index, files, single, path):
        names = [row.name for row in rows]
        foot = "SRFO" if single else "FOOT"
        if names[0] != "HEAD" or names[-1] != foot or names.count("HEAD") != 1 or names.count(foot) != 1:
            self.wrong.append("header and footer do not enclose file %d" % (index + 1))
        head = rows[0]
        if head.get("FileNumber") != str(index + 1) or head.get("NumberOfFiles") != str(files):
            self.say(head, "it is file %d of %d" % (index + 1, files))
        if not re.fullmatch(r"dsrf/(30|[\d.]+/[\d.]+/[\d.]+)", head.get("MessageVersion")):
            self.say(head, "MessageVersion is %s" % head.get("MessageVersion"))
        created = re.sub("[-:Z]", "", head.get("MessageCreatedDateTime"))
        territories = {row.get("Territory") for row in rows if row.name.startswith("SY")}
        expected = "_".join(["DSR", head.get("RecipientPartyId"), head.get("SenderPartyId"), head.get("ServiceDescription"),
                             head.get("UsageStartDate")[:7], territories.pop() if len(territories) == 1 else "multi",
                             "%dof%d" % (index + 1, files), created]) + ".tsv"
        if os.path.basename(path) != expected:
            self.say(head, "the file is %s, not %s" % (os.path.basename(path), expected))
        services = {row.get("ServiceDescription") for row in rows if row.name.startswith("SY")} - {""}
        if services - {head.get("ServiceDescription")} and not self.tiers:
            self.say(head, "summary records are of other services")

    def summaries(self, tops):
        found, families, parents = {}, [], set()
        for row in tops:
            key = row.get("SummaryRecordId")
            if key in found:
                self.say(row, "%s again" % key)
            found[key] = row
            if row.family in families[:-1]:
                self.say(row, "types do not stand together")
            if row.family not in families:
                families.append(row.family)
            if row.family == "SY04":
                parents.add(key)
            if row.family == "SY05" and "SY04" not in families:
                self.say(row, "no SY04 before it")
            if "ParentSummaryRecordId" in row and row.get("ParentSummaryRecordId") not in parents:
                self.say(row, "it has no parent")
        if not tops:
            self.wrong.append("no summary record")
        return found

    def block(self, group, summaries, sales, sums, used, returns, single):
        releases, resources, works, dsp_ids, parents = set(), {}, set(), set(), {}
        shares, splits, categories = Counter(), {}, set()
        families = {row.family for row in group}
        if {"RU01", "RU02"} <= families:
            self.say(group[0], "RU01 and RU02 in one block")
        if not single and not families & {"RE01", "RE03", "RE04"} and len([r for r in group if r.name.startswith("AS")]) != 1:
            self.say(group[0], "a block without release has not one resource")
        above, target = None, None
        for place, row in enumerate(group):
            family = row.family[:2]
            context = None
            key = row.get("SummaryRecordId")
            following = group[place + 1].family if place + 1 < len(group) else ""
            if key and key not in summaries:
                self.say(row, "no summary record %s" % key)
                continue
            counts_for = key
            if row.family == "SU03" and any(f["name"] == "SummaryRecordId" and f["mandatory"] == "C" for f in row.facts):
                if bool(key) == (following == "LI01"):
                    self.say(row, "SummaryRecordId and LI01 on both or neither")
                counts_for = key or group[place + 1].get("SummaryRecordId")
            if above is None and row.family in ("LI01", "ST01"):
                self.say(row, "no usage above")
                continue
            if family in ("SU", "SR") or row.family == "ML01":
                used[counts_for] += 1
                context = summaries.get(counts_for)
                if context is None:
                    self.say(row, "it belongs to no summary record")
                    continue
            self.conditions(row, context)
            if family == "RE":
                self.unique(row, "ReleaseReference", releases)
                for used_resource in row.all("UsedResources"):
                    if used_resource not in resources:
                        self.say(row, "no resource %s" % used_resource)
            elif family == "AS":
                reference = row.get("ResourceReference")
                if reference in resources:
                    self.say(row, "%s again" % reference)
                resources[reference] = row
                dsp_ids.add(row.get("DspResourceId"))
                target = ("resource", reference)
            elif family == "MW":
                if "MusicalWorkReference" in row:
                    self.unique(row, "MusicalWorkReference", works)
                    target = ("work", row.get("MusicalWorkReference"))
                last = list(resources.values())[-1]
                told = [n for n in last.by_name if re.match("MusicalWork|ISWC|ComposerAuthor|MusicPublisher", n) and last.get(n)]
                if told:
                    self.say(row, "the resource tells %s already" % told)
            elif row.family == "RC01":
                both = bool(row.get("ResourceReference")) + bool(row.get("MusicalWorkReference"))
                if both == 0 or both == 2 and row.facts[2]["mandatory"] != "M":
                    self.say(row, "it names %d things" % both)
                if row.get("MusicalWorkReference") and row.get("MusicalWorkReference") not in works:
                    self.say(row, "no work %s" % row.get("MusicalWorkReference"))
                if row.get("RightsType"):
                    shares[target] += row.number_in("RightSharePercentage", "RightShare")
            elif family in ("SU", "SR"):
                if "SalesTransactionId" in row:
                    self.unique(row, "SalesTransactionId", sales)
                count = row.number_in(*QUANTITIES[family])
                if row.name != "SR07" and count <= 0:
                    self.say(row, "no usages")
                sums[counts_for] += count
                returns[counts_for] += row.number_in("Returns")
                above, splits[row.number] = row, count
                parents[row.get("SalesTransactionId")] = row
                release = row.get("TransactedReleaseReference", "TransactedRelease")
                resource = row.get("TransactedResourceReference", "TransactedResource")
                if family == "SU" and row.family != "SU03" and bool(release) == bool(resource):
                    self.say(row, "not exactly one of release and resource")
                if release and release not in releases:
                    self.say(row, "no release %s" % release)
                if resource and resource not in resources:
                    self.say(row, "no resource %s" % resource)
                if row.family == "SU03" and "DspResourceId" in row and row.get("DspResourceId") not in dsp_ids:
                    self.say(row, "no resource with id %s" % row.get("DspResourceId"))
            elif row.family == "LI01":
                if key in summaries and summaries[key].family == "SY05":
                    used[key] += 1
                if row.get("RightsType"):
                    shares[above.number] += row.number_in("RightSharePercentage", "RightShare")
                if not key and above.get("SummaryRecordId") == "":
                    self.say(row, "neither it nor the usage names a summary record")
                if "ParentSalesTransactionId" in row and row.get("ParentSalesTransactionId") not in (above.get("SalesTransactionId"),):
                    self.say(row, "it does not belong to the usage above")
            elif row.family == "ST01":
                if parents.get(row.get("ParentSalesTransactionId")) is not above:
                    self.say(row, "it does not belong to the usage above")
                splits.setdefault((above.number, "parts"), [])
                splits[above.number, "parts"].append((key, row.number_in("Usages")))
            elif row.family == "RU01":
                if row.get("ContentCategory") in categories and row.get("ContentCategory"):
                    self.say(row, "one record for each category")
                categories.add(row.get("ContentCategory"))
            for name in ("ResourceReference", "ParentResourceReference", "CueResourceReference"):
                if row.get(name) and row.get(name) not in resources:
                    self.say(row, "no resource %s" % row.get(name))
        for key, share in shares.items():
            if share > 100:
                self.say(group[0], "shares of %s sum to %s" % (key, share))
        for key, parts in splits.items():
            if isinstance(key, tuple):
                if sum(part for _, part in parts) != splits[key[0]] or len({id for id, _ in parts}) != len(parts):
                    self.say(group[0], "the parts of a usage are not the whole")

    def unique(self, row, name, seen):
        if row.get(name) in seen or not row.get(name):
            self.say(row, "%s %s again" % (name, row.get(name)))
        seen.add(row.get(name))


def main():
    arguments = sys.argv[1:]
    tabs = "--tabs" in arguments
    facts = Facts()
    failed = 0
    announced = "--announced" in arguments
    for folder in (argument for argument in arguments if not argument.startswith("--")):
        message = Message(facts, tabs, announced, "--tiers" in arguments)
        paths = sorted(os.path.join(folder, name) for name in os.listdir(folder))
        message.check(sorted(paths, key=lambda path: int(re.search(r"_(\d+)of\d+_", path).group(1))))
        for text in message.wrong[:20]:
            print("%s: %s" % (folder, text))
            failed = 1
    sys.exit(failed)


if __name__ == "__main__":
    main()
