"""Job 1 in Polars, streaming: polars_job1.py INPUT OUTPUT all|keys. `all` groups by every descriptive column, `keys` by the identifiers."""

import os
import sys

os.environ["POLARS_MAX_THREADS"] = "2"
import polars as pl

source, target, variant = sys.argv[1:]
keys = ["Release UPC", "Track ID", "Country", "Service", "Plan Code"]
facts = ["Item Identifier Code", "Total Duration", "Release Artist", "Label Group Name", "GRID", "Release Name", "Item Artist", "Item Name"]
sums = [pl.len().alias("plays"), pl.col("Duration played").cast(pl.Int64).sum().alias("seconds")]
if variant == "keys":
    sums += [pl.col(name).first() for name in facts]
grouped = keys + facts if variant == "all" else keys
frame = pl.scan_csv(source, infer_schema=False).group_by(grouped).agg(sums).sort(keys)
frame.sink_csv(target, engine="streaming")
