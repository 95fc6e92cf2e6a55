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
for codec in ["gzip", "zstd", "lz4", "brotli"]:
    pq.write_table(log.slice(0, 20), path(f"{codec}.parquet"), compression=codec)

# One table in every kind of workbook: text, numbers, dates, a truth, an error, a gap, a blank row, a sheet that continues it and one that does not.
import openpyxl
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

HEAD = ["Stream ID", "Logged Date Time", "Item Name", "UPC", "Duration played", "Day", "Yes"]
ROWS = {
    2: ["s-1", dt.datetime(2026, 10, 31, 23, 59, 0, 500000), 'Björk, "Jóga" 🎵', "0602557047202", 30, dt.date(2026, 10, 1), True],
    3: ["s-2", dt.datetime(2026, 11, 1, 0, 0, 0), "=1+1", "190295489328", 0.5, dt.date(1999, 12, 31), False],
    5: ["s-3", None, "line\nbreak", None, 1234567890123, None, None],
}
MORE = {2: ["s-4", dt.datetime(2026, 11, 1, 12, 0, 0), "more", "1", 7, dt.date(2026, 10, 2), True]}
SHEETS = [("First", HEAD, ROWS), ("Notes", ["Note"], {2: ["by hand"]}), ("Second", HEAD, MORE)]


def xlsx():
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, head, rows in SHEETS:
        sheet = book.create_sheet(name)
        for number, cells in {1: head, **rows}.items():
            for column, value in enumerate(cells, 1):
                if value is not None:
                    cell = sheet.cell(number, column)
                    cell.value = value
                    if isinstance(value, str):
                        cell.data_type = "s"
        if name == "First":
            sheet.cell(5, 4).value = "#N/A"
    book.save(path("table.xlsx"))


def xls():
    book = xlwt.Workbook()
    moment, day = xlwt.easyxf(num_format_str="YYYY-MM-DD HH:MM:SS"), xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for name, head, rows in SHEETS:
        sheet = book.add_sheet(name)
        for number, cells in {1: head, **rows}.items():
            for column, value in enumerate(cells):
                if value is None:
                    continue
                style = moment if isinstance(value, dt.datetime) else day if isinstance(value, dt.date) else xlwt.Style.default_style
                sheet.write(number - 1, column, value, style)
        if name == "First":
            sheet.row(4).set_cell_error(3, 42)
    book.save(path("table.xls"))


def ods():
    book = OpenDocumentSpreadsheet()
    for name, head, rows in SHEETS:
        table = Table(name=name)
        last = 0
        for number, cells in {1: head, **rows}.items():
            if number > last + 1:
                table.addElement(TableRow(numberrowsrepeated=number - last - 1))
            last = number
            row = TableRow()
            for column, value in enumerate(cells, 1):
                if name == "First" and number == 5 and column == 4:
                    cell = TableCell(valuetype="string", stringvalue="")
                    cell.setAttrNS("urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0", "value-type", "error")
                    cell.addElement(P(text="#N/A"))
                elif value is None:
                    cell = TableCell()
                elif isinstance(value, bool):
                    cell = TableCell(valuetype="boolean", booleanvalue="true" if value else "false")
                    cell.addElement(P(text=str(value).upper()))
                elif isinstance(value, (int, float)):
                    cell = TableCell(valuetype="float", value=repr(value))
                    cell.addElement(P(text="shown as it likes"))
                elif isinstance(value, dt.datetime):
                    cell = TableCell(valuetype="date", datevalue=value.isoformat())
                    cell.addElement(P(text="31.10."))
                elif isinstance(value, dt.date):
                    cell = TableCell(valuetype="date", datevalue=value.isoformat())
                    cell.addElement(P(text="01.10."))
                else:
                    cell = TableCell(valuetype="string")
                    for line in value.split("\n"):
                        cell.addElement(P(text=line))
                row.addElement(cell)
            table.addElement(row)
        table.addElement(TableRow(numberrowsrepeated=1048576 - last))
        book.spreadsheet.addElement(table)
    book.save(path("table.ods"))


def spreadsheetml():
    from xml.sax.saxutils import escape

    def cell(value, index):
        at = f' ss:Index="{index}"' if index else ""
        if isinstance(value, bool):
            kind, text = "Boolean", str(int(value))
        elif isinstance(value, (int, float)):
            kind, text = "Number", "1.234567890123E+12" if value == 1234567890123 else repr(value)
        elif isinstance(value, dt.datetime):
            kind, text = "DateTime", value.isoformat(timespec="milliseconds")
        elif isinstance(value, dt.date):
            kind, text = "DateTime", value.isoformat() + "T00:00:00.000"
        elif value == "#N/A":
            kind, text = "Error", value
        else:
            kind, text = "String", escape(value).replace("\n", "&#10;")
        return f'<Cell{at}><Data ss:Type="{kind}">{text}</Data></Cell>'

    out = ['<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">\n']
    for name, head, rows in SHEETS:
        out.append(f'<Worksheet ss:Name="{name}"><Table>\n')
        last = 0
        for number, cells in {1: head, **rows}.items():
            if name == "First" and number == 5:
                cells = cells[:3] + ["#N/A"] + cells[4:]
            at = f' ss:Index="{number}"' if number != last + 1 else ""
            last = number
            out.append(f"<Row{at}>")
            gap = False
            for column, value in enumerate(cells, 1):
                if value is not None:
                    out.append(cell(value, column if gap else None))
                gap = value is None
            out.append("</Row>\n")
        out.append("</Table></Worksheet>\n")
    out.append("</Workbook>\n")
    open(path("table.spreadsheetml.xls"), "w", encoding="utf-8").write("".join(out))


xlsx()
xls()
ods()
spreadsheetml()
