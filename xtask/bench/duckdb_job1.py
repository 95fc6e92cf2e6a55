"""Job 1 in DuckDB: duckdb_job1.py INPUT OUTPUT all|keys. `all` groups by every descriptive column, `keys` by the identifiers."""

import sys

import duckdb

source, target, variant = sys.argv[1:]
keys = ["Release UPC", "Track ID", "Country", "Service", "Plan Code"]
facts = ["Item Identifier Code", "Total Duration", "Release Artist", "Label Group Name", "GRID", "Release Name", "Item Artist", "Item Name"]
quoted = lambda names: ", ".join(f'"{name}"' for name in names)
described = quoted(facts) if variant == "all" else ", ".join(f'any_value("{name}") AS "{name}"' for name in facts)
grouped = quoted(keys + facts) if variant == "all" else quoted(keys)
duckdb.sql("SET threads = 2")
duckdb.sql(
    f"""COPY (SELECT {quoted(keys)}, {described}, count(*) AS plays, sum("Duration played"::BIGINT) AS seconds
    FROM read_csv('{source}', header = true, all_varchar = true, delim = ',', quote = '"', escape = '"')
    GROUP BY {grouped} ORDER BY {quoted(keys)}) TO '{target}' (HEADER, DELIMITER ',')"""
)
