"""A DSR message as one flat CSV, with Python's csv module: what `transpose convert MESSAGE --to canonical.csv -o OUT` does.

dsr_flat.py MESSAGE OUT

It shares no code with the program and serves as its check and as its competitor. It reads messages of the Basic Audio Profile 1.4 as
`transpose convert` writes them, and checks nothing: a record that it does not know is passed over.
"""

import csv
import re
import sys

# For each record the field of every cell; `-` is a cell that is not a field.
RECORDS = {
    "HEAD": "- - - - header.message-id header.created - - header.period-start header.period-end header.sender.party-id "
    "header.sender.name header.service header.recipient.party-id header.recipient.name header.repertoire",
    "SY01.03": "- context.id context.channel context.channel.party-id context.commercial-model context.use-type "
    "context.territory context.service context.total-usages context.subscribers context.currency context.net-revenue "
    "context.indirect-value context.transaction-currency context.exchange-rate context.exchange-rate-source "
    "context.exchange-rate-date context.total-duration",
    "SY02.04": "- context.id context.channel context.channel.party-id context.commercial-model context.use-type "
    "context.territory context.service context.total-usages context.users context.currency context.net-revenue "
    "context.rights-controller.name context.rights-controller.party-id context.allocated-usages context.allocated-revenue "
    "context.allocated-net-revenue context.rights-type context.content-category context.transaction-currency "
    "context.exchange-rate context.rights-share",
    "SY03.02": "- context.id context.channel context.channel.party-id context.commercial-model context.use-type "
    "context.territory context.service context.total-usages context.subscribers context.currency context.net-revenue "
    "context.rights-controller.name context.rights-controller.party-id context.allocated-usages context.allocated-revenue "
    "context.allocated-net-revenue context.market-share context.unit-price context.trial-subscribers "
    "context.transaction-currency context.exchange-rate context.subscriber-type",
    "SY04.03": "- context.id context.channel context.channel.party-id context.commercial-model context.use-type "
    "context.territory context.service context.subscriber-type context.subscribers context.sub-period-start "
    "context.sub-period-end context.sub-period-usages context.total-usages context.currency context.transaction-currency "
    "context.exchange-rate context.unit-price context.net-revenue context.music-share",
    "SY05.04": "- context.id context.channel context.channel.party-id context.commercial-model context.use-type "
    "context.territory context.service context.rights-controller.name context.rights-controller.party-id context.rights-type "
    "context.total-usages context.allocated-usages context.music-share context.allocated-net-revenue "
    "context.allocated-revenue context.market-share context.currency context.transaction-currency context.exchange-rate - "
    "context.sub-period-start context.sub-period-end context.content-category context.rights-share context.parent-id",
    "SY12.01": "- context.id context.channel context.channel.party-id context.commercial-model context.use-type "
    "context.territory context.service context.total-usages context.subscribers context.currency context.net-revenue "
    "context.indirect-value context.transaction-currency context.exchange-rate context.content-cost "
    "context.performance-royalties",
    "RE01.03": "- - release.reference release.id release.proprietary-id release.catalogue-number release.icpn release.artist "
    "release.artist.party-id release.title release.subtitle release.type release.label release.p-line "
    "release.data-provider release.date release.display-artists",
    "RE02": "- - release.reference release.id release.proprietary-id release.used-resources",
    "AS01.03": "- - recording.reference recording.id recording.isrc recording.title recording.subtitle recording.artist "
    "recording.artist.party-id recording.duration recording.type recording.is-master recording.ownership-conflict "
    "recording.conflict-checked recording.display-artists",
    "AS02.04": "- - recording.reference recording.id recording.isrc recording.title recording.subtitle recording.artist "
    "recording.artist.party-id recording.duration recording.type work.iswc work.composer-author.name "
    "work.composer-author.party-id work.arranger.name work.arranger.party-id work.publisher.name work.publisher.party-id "
    "work.contributor.name work.contributor.party-id work.proprietary-id recording.is-master recording.ownership-conflict "
    "recording.conflict-checked recording.display-artists",
    "MW01.03": "- - work.id work.iswc work.title work.subtitle work.composer-author.name work.composer-author.party-id "
    "work.arranger.name work.arranger.party-id work.publisher.name work.publisher.party-id work.contributor.name "
    "work.contributor.party-id work.data-provider work.proprietary-id - work.parent-record-id work.parent-masterlist-id",
    "SU01.03": "- - - usage.id - - usage.royalty-bearing usage.upgrade usage.quantity usage.returns usage.price "
    "usage.promotion usage.use-type",
    "SU02.03": "- - - usage.id - - usage.royalty-bearing usage.quantity usage.price usage.promotion usage.use-type "
    "usage.duration",
}
RECORDS = {name: fields.split() for name, fields in RECORDS.items()}

# Fields that take several values: a pipe that is data keeps a backslash before it, so that it can be told from one that divides.
LISTS = set(
    "header.repertoire context.subscribers context.allocated-usages context.allocated-revenue context.allocated-net-revenue "
    "context.subscriber-type release.proprietary-id release.artist.party-id release.display-artists release.used-resources "
    "recording.isrc recording.artist.party-id recording.display-artists work.composer-author.name "
    "work.composer-author.party-id work.arranger.name work.arranger.party-id work.publisher.name work.publisher.party-id "
    "work.contributor.name work.contributor.party-id work.proprietary-id".split()
)

# The order of columns. Those of the message and its sales contexts appear when a record of the message has a cell for them.
HEADER = [field for field in RECORDS["HEAD"] if field != "-"]
CONTEXT = (
    "context.id context.channel context.channel.party-id context.commercial-model context.use-type context.territory "
    "context.service context.total-usages context.subscribers context.users context.currency context.net-revenue "
    "context.indirect-value context.transaction-currency context.exchange-rate context.exchange-rate-source "
    "context.exchange-rate-date context.total-duration context.rights-controller.name context.rights-controller.party-id "
    "context.allocated-usages context.allocated-revenue context.allocated-net-revenue context.rights-type "
    "context.rights-share context.content-category context.market-share context.unit-price context.trial-subscribers "
    "context.subscriber-type context.sub-period-start context.sub-period-end context.sub-period-usages "
    "context.music-share context.parent-id context.content-cost context.performance-royalties"
).split()
RELEASE = (
    "release.reference release.id release.proprietary-id release.catalogue-number release.icpn release.grid release.artist "
    "release.artist.party-id release.title release.subtitle release.type release.label release.p-line "
    "release.data-provider release.date release.display-artists release.used-resources"
).split()
RECORDING = [field for field in RECORDS["AS01.03"] if field != "-"]
WORK = [field for field in RECORDS["MW01.03"] if field != "-"]
USAGE = (
    "usage.id usage.royalty-bearing usage.upgrade usage.quantity usage.returns usage.price usage.promotion usage.use-type "
    "usage.duration"
).split()

# A backslash, a pipe and a tab that are data stand as one character each until the cells are divided.
ESCAPES = re.compile(r"\\\\\\|\\\\\||\\\t")
MARKS = {"\\\\\\": "\x01", "\\\\|": "\x02", "\\\t": "\x03"}
PLAIN = str.maketrans({"\x01": "\\", "\x02": "|", "\x03": "\t"})
LISTED = str.maketrans({"\x01": "\\\\", "\x02": "\\|", "\x03": "\t"})


def cells(line):
    """The cells of a line, without escapes."""
    if "\\" not in line:
        return line.split("\t")
    marked = ESCAPES.sub(lambda found: MARKS[found[0]], line).split("\t")
    fields = RECORDS.get(marked[0], [])
    lists = [field in LISTS for field in fields]
    return [
        cell.translate(LISTED if index < len(lists) and lists[index] else PLAIN) for index, cell in enumerate(marked)
    ]


def places(record, columns):
    """For each column the number of its cell in a record; one beyond the last where there is none."""
    fields = RECORDS[record]
    return [fields.index(column) if column in fields else len(fields) for column in columns]


def main(source, target):
    with open(source, encoding="utf-8", newline="\n") as message, open(target, "w", encoding="utf-8", newline="") as out:
        convert(message, csv.writer(out, lineterminator="\n"))


def convert(message, table):
    summaries = []
    for line in message:
        row = cells(line.rstrip("\n"))
        if row[0] == "HEAD":
            header = row
        elif row[0].startswith("SY"):
            summaries.append(row)
        else:
            break
    known = {field for row in summaries for field in RECORDS[row[0]]}
    contexts = [field for field in CONTEXT if field in known]
    table.writerow(HEADER + contexts + RELEASE + RECORDING + WORK + USAGE)
    header.append("")
    top = [header[place] for place in places("HEAD", HEADER)]
    tops = {}
    for row in summaries:
        row.append("")
        tops[row[1]] = top + [row[place] for place in places(row[0], contexts)]

    release_places = {name: places(name, RELEASE) for name in ("RE01.03", "RE02")}
    recording_places = {name: places(name, RECORDING + WORK) for name in ("AS01.03", "AS02.04")}
    work_places = places("MW01.03", WORK)
    grid = RELEASE.index("release.grid")
    no_release = [""] * len(RELEASE)
    no_recording = [""] * len(RECORDING + WORK)
    block, release, releases, recordings, worked = None, no_release, {}, {}, set()
    while line:
        row = cells(line.rstrip("\n"))
        name = row[0]
        if name.startswith("SU"):
            if row[5]:
                item = release + recordings[row[5]]
            else:
                item = releases[row[4]] + no_recording
            if name == "SU02.03":
                usage = [row[3], row[6], "", row[7], "", row[8], row[9], row[10], row[11]]
            else:
                usage = [row[3], *row[6:13], ""]
            table.writerow(tops[row[2]] + item + usage)
            line = next(message, "")
            continue
        if name == "FOOT":
            break
        if row[1] != block:
            block, release, releases, recordings, worked = row[1], no_release, {}, {}, set()
        row.append("")
        if name in release_places:
            found = [row[place] for place in release_places[name]]
            releases[row[2]] = found
            if name == "RE01.03":
                for identifier in row[4].split("|"):
                    if identifier.upper().startswith("GRID::"):
                        found[grid] = identifier[6:]
                release = found
        elif name in recording_places:
            recordings[row[2]] = [row[place] for place in recording_places[name]]
        elif name == "MW01.03" and row[16] not in worked:
            worked.add(row[16])
            recordings[row[16]] = recordings[row[16]][: len(RECORDING)] + [row[place] for place in work_places]
        line = next(message, "")


if __name__ == "__main__":
    main(*sys.argv[1:])
