# A DSR message as one flat CSV, with awk: what `transpose convert MESSAGE --to canonical.csv -o OUT` does.
#
# mawk -f dsr_flat.awk MESSAGE > OUT
#
# It shares no code with the program and serves as its competitor. It reads messages of the Basic Audio Profile 1.4 as `transpose convert`
# writes them, and checks nothing. What usages share is made once; a line without quotes, commas and escapes is written as it is.

# Undoes the escapes of the line and quotes its cells, references too: they are the same text wherever they stand. A pipe that is data keeps a backslash in the cells of a list.
function prepare(    i, s, marked, lists) {
    lists = LISTS[$1]
    marked = index($0, "\\")
    if (marked) {
        # The longest first: a run of backslashes is read from its left.
        gsub(/\\\\\\/, "\001")
        gsub(/\\\\\|/, "\002")
        gsub(/\\\t/, "\003")
    }
    for (i = 2; i <= NF; i++) {
        s = $i
        if (marked && s ~ /[\001-\003]/) {
            if (index(lists, " " i " ")) {
                gsub(/\001/, "\\\\\\\\", s)
                gsub(/\002/, "\\\\|", s)
            } else {
                gsub(/\001/, "\\\\", s)
                gsub(/\002/, "|", s)
            }
            gsub(/\003/, "\t", s)
        }
        if (s ~ /[",]/) {
            gsub(/"/, "\"\"", s)
            s = "\"" s "\""
        }
        $i = s
    }
}

# The columns of the message and its sales contexts: those for which a summary record of the message has a cell.
function begin(    i, n, all, names, record, fields, place, known, columns, id, part) {
    for (record in SUMMARY) if (seen[record]) {
        n = split(SUMMARY[record], fields, " ")
        for (i = 1; i <= n; i++) { place[record, fields[i]] = i; known[fields[i]] = 1 }
    }
    columns = 0
    n = split(CONTEXT, all, " ")
    names = HEADER
    for (i = 1; i <= n; i++) if (all[i] in known) { names = names ",context." all[i]; fields[++columns] = all[i] }
    print names "," REST
    for (id in summary) {
        split(summary[id], cell, "\t")
        part = header
        for (i = 1; i <= columns; i++) part = part "," cell[place[cell[1], fields[i]]]
        top[id] = part
    }
    begun = 1
}

BEGIN {
    FS = "\t"
    # Arguments of `print` with a comma between them are quicker than one joined text.
    OFS = ","
    HEADER = "header.message-id,header.created,header.period-start,header.period-end,header.sender.party-id,header.sender.name,header.service,header.recipient.party-id,header.recipient.name,header.repertoire"
    CONTEXT = "id channel channel.party-id commercial-model use-type territory service total-usages subscribers users currency net-revenue indirect-value transaction-currency exchange-rate exchange-rate-source exchange-rate-date total-duration rights-controller.name rights-controller.party-id allocated-usages allocated-revenue allocated-net-revenue rights-type rights-share content-category market-share unit-price trial-subscribers subscriber-type sub-period-start sub-period-end sub-period-usages music-share parent-id content-cost performance-royalties"
    REST = "release.reference,release.id,release.proprietary-id,release.catalogue-number,release.icpn,release.grid,release.artist,release.artist.party-id,release.title,release.subtitle,release.type,release.label,release.p-line,release.data-provider,release.date,release.display-artists,release.used-resources,recording.reference,recording.id,recording.isrc,recording.title,recording.subtitle,recording.artist,recording.artist.party-id,recording.duration,recording.type,recording.is-master,recording.ownership-conflict,recording.conflict-checked,recording.display-artists,work.id,work.iswc,work.title,work.subtitle,work.composer-author.name,work.composer-author.party-id,work.arranger.name,work.arranger.party-id,work.publisher.name,work.publisher.party-id,work.contributor.name,work.contributor.party-id,work.data-provider,work.proprietary-id,work.parent-record-id,work.parent-masterlist-id,usage.id,usage.royalty-bearing,usage.upgrade,usage.quantity,usage.returns,usage.price,usage.promotion,usage.use-type,usage.duration"
    SUMMARY["SY01.03"] = "- id channel channel.party-id commercial-model use-type territory service total-usages subscribers currency net-revenue indirect-value transaction-currency exchange-rate exchange-rate-source exchange-rate-date total-duration"
    SUMMARY["SY02.04"] = "- id channel channel.party-id commercial-model use-type territory service total-usages users currency net-revenue rights-controller.name rights-controller.party-id allocated-usages allocated-revenue allocated-net-revenue rights-type content-category transaction-currency exchange-rate rights-share"
    SUMMARY["SY03.02"] = "- id channel channel.party-id commercial-model use-type territory service total-usages subscribers currency net-revenue rights-controller.name rights-controller.party-id allocated-usages allocated-revenue allocated-net-revenue market-share unit-price trial-subscribers transaction-currency exchange-rate subscriber-type"
    SUMMARY["SY04.03"] = "- id channel channel.party-id commercial-model use-type territory service subscriber-type subscribers sub-period-start sub-period-end sub-period-usages total-usages currency transaction-currency exchange-rate unit-price net-revenue music-share"
    SUMMARY["SY05.04"] = "- id channel channel.party-id commercial-model use-type territory service rights-controller.name rights-controller.party-id rights-type total-usages allocated-usages music-share allocated-net-revenue allocated-revenue market-share currency transaction-currency exchange-rate - sub-period-start sub-period-end content-category rights-share parent-id"
    SUMMARY["SY12.01"] = "- id channel channel.party-id commercial-model use-type territory service total-usages subscribers currency net-revenue indirect-value transaction-currency exchange-rate content-cost performance-royalties"
    LISTS["HEAD"] = " 16 "
    LISTS["SY01.03"] = LISTS["SY12.01"] = " 10 "
    LISTS["SY02.04"] = " 15 16 17 "
    LISTS["SY03.02"] = " 10 15 16 17 23 "
    LISTS["SY04.03"] = " 9 10 "
    LISTS["SY05.04"] = " 13 15 16 "
    LISTS["RE01.03"] = " 5 9 17 "
    LISTS["RE02"] = " 5 6 "
    LISTS["AS01.03"] = " 5 9 15 "
    LISTS["AS02.04"] = " 5 9 13 14 15 16 17 18 19 20 21 25 "
    LISTS["MW01.03"] = " 7 8 9 10 11 12 13 14 16 "
    NO_RELEASE = ",,,,,,,,,,,,,,,,"
    NO_RECORDING = ",,,,,,,,,,,,"
    NO_WORK = ",,,,,,,,,,,,,,,"
    release = NO_RELEASE
}

/[\\",]/ { prepare() }

$1 == "SU02.03" {
    if ($6 != "") print top[$3], release, recordings[$6], $4, $7, "", $8, "", $9, $10, $11, $12
    else print top[$3], releases[$5], NO_RECORDING, NO_WORK, $4, $7, "", $8, "", $9, $10, $11, $12
    next
}

$1 == "SU01.03" {
    if ($6 != "") print top[$3], release, recordings[$6], $4, $7, $8, $9, $10, $11, $12, $13, ""
    else print top[$3], releases[$5], NO_RECORDING, NO_WORK, $4, $7, $8, $9, $10, $11, $12, $13, ""
    next
}

$1 == "HEAD" {
    header = $5 "," $6 "," $9 "," $10 "," $11 "," $12 "," $13 "," $14 "," $15 "," $16
    next
}

/^SY/ {
    seen[$1] = 1
    summary[$2] = $1
    for (i = 2; i <= NF; i++) summary[$2] = summary[$2] "\t" $i
    next
}

!begun { begin() }

$1 == "FOOT" { exit }

$2 != block {
    block = $2
    release = NO_RELEASE
    split("", releases)
    split("", recordings)
    split("", worked)
}

$1 == "AS02.04" {
    recordings[$3] = $3 "," $4 "," $5 "," $6 "," $7 "," $8 "," $9 "," $10 "," $11 "," $22 "," $23 "," $24 "," $25 ",," $12 ",,," $13 "," $14 "," $15 "," $16 "," $17 "," $18 "," $19 "," $20 ",," $21 ",,"
    next
}

$1 == "AS01.03" {
    plain[$3] = $3 "," $4 "," $5 "," $6 "," $7 "," $8 "," $9 "," $10 "," $11 "," $12 "," $13 "," $14 "," $15
    recordings[$3] = plain[$3] "," NO_WORK
    next
}

$1 == "MW01.03" {
    if (!($17 in worked)) {
        worked[$17] = 1
        recordings[$17] = plain[$17] "," $3 "," $4 "," $5 "," $6 "," $7 "," $8 "," $9 "," $10 "," $11 "," $12 "," $13 "," $14 "," $15 "," $16 "," $18 "," $19
    }
    next
}

$1 == "RE01.03" {
    grid = ""
    if (index($5, "::")) {
        n = split($5, ids, "|")
        for (i = 1; i <= n; i++) if (toupper(substr(ids[i], 1, 6)) == "GRID::") grid = substr(ids[i], 7)
    }
    release = $3 "," $4 "," $5 "," $6 "," $7 "," grid "," $8 "," $9 "," $10 "," $11 "," $12 "," $13 "," $14 "," $15 "," $16 "," $17 ","
    releases[$3] = release
    next
}

$1 == "RE02" { releases[$3] = $3 "," $4 "," $5 ",,,,,,,,,,,,,," $6 }
