#!/usr/bin/env python3
"""Makes the files of this folder with foreign programs: pip install pyarrow openpyxl xlwt odfpy"""
import datetime as dt
import decimal
import os
import sys
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

here = os.path.dirname(os.path.abspath(__file__))
path = lambda name: os.path.join(here, name)
utc = dt.timezone.utc

# Every type that has a text, with an absent value in each column.
columns = {
    "text": pa.array(["a,b", "", None]),
    "i32": pa.array([1, -2147483648, None], pa.int32()),
    "u32": pa.array([1, 4294967295, None], pa.uint32()),
    "u64": pa.array([1, 18446744073709551615, None], pa.uint64()),
    "i64": pa.array([1, -9223372036854775808, None], pa.int64()),
    "yes": pa.array([True, False, None]),
    "d9": pa.array([decimal.Decimal("1.50"), decimal.Decimal("-0.05"), None], pa.decimal128(9, 2)),
    "d38": pa.array([decimal.Decimal("12345678901234567890123456.789"), decimal.Decimal("-0.001"), None], pa.decimal128(38, 3)),
    "day": pa.array([dt.date(2026, 10, 31), dt.date(1969, 12, 31), None]),
    "ms": pa.array([dt.datetime(2026, 10, 31, 23, 59, 0, 5000), dt.datetime(1969, 12, 31, 23, 59, 59), None], pa.timestamp("ms")),
    "us": pa.array([dt.datetime(2026, 10, 31, 23, 59, 0, 5, utc), dt.datetime(1970, 1, 1, tzinfo=utc), None], pa.timestamp("us", "UTC")),
    "ns": pa.array([1, -1, None], pa.timestamp("ns")),
    "clock": pa.array([dt.time(1, 2, 3, 500), dt.time(0, 0), None], pa.time64("us")),
    "f32": pa.array([0.1, 1e10, None], pa.float32()),
    "f64": pa.array([0.1, float("nan"), None], pa.float64()),
    "list": pa.array([[1], [], None], pa.list_(pa.int32())),
    "struct": pa.array([{"x": 1, "y": "z"}, {"x": None, "y": ""}, None], pa.struct([("x", pa.int32()), ("y", pa.string())])),
    "uuid": pa.array([uuid.UUID(int=1).bytes, uuid.UUID("f81d4fae-7dec-11d0-a765-00a0c91e6bf6").bytes, None], pa.uuid()),
    "fixed": pa.array([b"ABCD", b"\xff\xfe\xfd\xfc", None], pa.binary(4)),
}
pq.write_table(pa.table(columns), path("types.parquet"), store_decimal_as_integer=True)

# A log in two row groups, packed in two ways.
rows = 3000
log = pa.table({
    "id": [f"00000000-0000-4000-8000-{n:012}" for n in range(rows)],
    "trackid": pa.array([n % 50 + 1 for n in range(rows)], pa.int32()),
    "useragent": [f"agent/{n}" for n in range(rows)],
    "totaltimeplayed": pa.array([n % 240 for n in range(rows)], pa.int32()),
})
pq.write_table(log, path("log.parquet"), row_group_size=2000, compression="snappy", use_dictionary=["trackid"])
pq.write_table(log.slice(0, 20), path("gzip.parquet"), compression="gzip")
pq.write_table(log.slice(0, 20), path("zstd.parquet"), compression="zstd")
