# What a short script can check of a DSR message: as many cells in each record as in the first of its kind, summary records that are there,
# usages that add up to their totals, and the counts of the footer.
#
# mawk -f dsr_check.awk MESSAGE
#
# Prints lines, blocks, usages and faults. It shares no code with the program and checks a small part of what `transpose validate` does.

BEGIN { FS = "\t" }

# The longest escape first: a run of backslashes is read from its left.
index($0, "\\") {
    gsub(/\\\\\\/, " ")
    gsub(/\\\\\|/, " ")
    gsub(/\\\t/, " ")
}

{
    name = $1
    if (name in cells) { if (NF != cells[name]) faults++ } else cells[name] = NF
}

/^SU/ {
    usages++
    # The cell of the quantity follows from the record.
    if (!($3 in total)) faults++
    sum[$3] += $(QUANTITY[substr(name, 1, 4)])
}

/^SY/ { total[$2] = $(TOTAL[substr(name, 1, 4)]); summaries++; next }

/^HEAD|^FOOT/ { if (name == "FOOT" && ($2 != NR || $4 != summaries || $5 != blocks)) faults++; next }

$2 != block { block = $2; blocks++ }

BEGIN {
    QUANTITY["SU01"] = 9; QUANTITY["SU02"] = 8; QUANTITY["SU03"] = 6
    TOTAL["SY01"] = 9; TOTAL["SY02"] = 9; TOTAL["SY03"] = 9; TOTAL["SY04"] = 14; TOTAL["SY05"] = 12; TOTAL["SY09"] = 11; TOTAL["SY12"] = 9
}

END {
    for (id in sum) if (total[id] != "" && sum[id] != total[id]) faults++
    print NR, blocks + 0, usages + 0, faults + 0
}
