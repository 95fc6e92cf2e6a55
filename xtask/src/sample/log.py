"""Makes the log and the catalogue of examples/northwind of its client usage report, as the platform's logger would have written them.

Needs DuckDB for Python, and is run by hand when the report changes: `python3 xtask/src/sample/log.py`, in the root. That both fit the report
is checked by the tests of the command line (`premium.py`).
"""

import csv

import duckdb

FOLDER = "examples/northwind"
COLUMNS = {
    "trackId": "Track ID",
    "releaseId": None,
    "isrc": "Item Identifier Code",
    "title": "Item Name",
    "artist": "Item Artist",
    "duration": "Total Duration",
    "label": "Label Group Name",
    "upc": "Release UPC",
    "grid": "GRID",
    "releaseTitle": "Release Name",
    "releaseArtist": "Release Artist",
}

with open(f"{FOLDER}/subscription-2026-10.csv", encoding="utf-8", newline="") as file:
    report = list(csv.DictReader(file))

releases, catalogue, plays = {}, {}, []
for row in report:
    key = (row["Release UPC"], row["Release Name"], row["Release Artist"])
    release = releases.setdefault(key, 7_700_001 + len(releases))
    facts = {name: row[heading] if heading else release for name, heading in COLUMNS.items()}
    catalogue.setdefault((int(row["Track ID"]), release), facts)
    if row["Plan Code"] == "northwind-premium":
        plays.append(
            (
                row["Stream ID"],
                int(row["Track ID"]),
                release,
                row["Format ID"],
                row["Logged Date Time"],
                int(row["Duration played"]),
                row["Play Mode"],
                row["Device Name"],
                row["User ID"],
                row["Country"],
            )
        )

with open(f"{FOLDER}/catalogue.csv", "w", encoding="utf-8", newline="") as file:
    writer = csv.DictWriter(file, list(COLUMNS), lineterminator="\n")
    writer.writeheader()
    writer.writerows(facts for _, facts in sorted(catalogue.items()))

connection = duckdb.connect()
connection.execute(
    "create table plays (id varchar, trackid integer, releaseid integer, formatid varchar, datetimeplayed varchar,"
    " totaltimeplayed integer, playmode varchar, useragent varchar, userid varchar, country varchar)"
)
connection.executemany("insert into plays values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", plays)
connection.execute(
    f"copy plays to '{FOLDER}/premium-plays-2026-10.parquet' (format parquet, codec 'gzip', row_group_size 1000)"
)
