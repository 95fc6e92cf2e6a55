"""Reads a workbook and prints its sheets as JSON: [[name, [[cell, ...], ...]], ...]; a number is ["n", text], any other cell a text.

    read.py biff FILE       by the records themselves, with the standard library only, checking their structure
    read.py xlrd FILE       by xlrd
    read.py openpyxl FILE   by openpyxl
"""

import json
import struct
import sys
from decimal import Decimal


def number(value):
    text = format(Decimal(repr(value)), "f")
    return ["n", text[:-2] if text.endswith(".0") else text]


# ---- The compound file: sectors of 512 bytes, chained by a table of sectors ([MS-CFB]). ----

FREE, END, FATSECT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def stream(data, wanted):
    assert data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "no compound file"
    minor, major, order, shift, small_shift = struct.unpack_from("<5H", data, 24)
    assert (major, order, shift, small_shift) == (3, 0xFFFE, 9, 6), (major, order, shift, small_shift)
    fats, first_dir, _, cutoff, first_small, smalls, first_difat, difats = struct.unpack_from("<8I", data, 44)
    assert len(data) % 512 == 0

    def sector(number):
        place = 512 + number * 512
        assert place + 512 <= len(data), "a sector lies behind the end"
        return data[place : place + 512]

    difat = list(struct.unpack_from("<109I", data, 76))
    for _ in range(difats):
        part = struct.unpack("<128I", sector(first_difat))
        difat += part[:127]
        first_difat = part[127]
    difat = [place for place in difat if place != FREE]
    assert len(difat) == fats
    fat = []
    for place in difat:
        fat += struct.unpack("<128I", sector(place))
    assert all(fat[place] == FATSECT for place in difat)

    def chain(first, table, read):
        parts, seen = [], set()
        while first != END:
            assert first not in seen, "a chain bites its tail"
            seen.add(first)
            parts.append(read(first))
            first = table[first]
        return b"".join(parts)

    directory = chain(first_dir, fat, sector)
    entries = {}
    for place in range(0, len(directory), 128):
        entry = directory[place : place + 128]
        length = struct.unpack_from("<H", entry, 64)[0]
        if entry[66]:
            first, size = struct.unpack_from("<IQ", entry, 116)
            created, changed = struct.unpack_from("<QQ", entry, 100)
            assert (created, changed) == (0, 0), "a file with a clock in it differs from run to run"
            entries[entry[: length - 2].decode("utf-16-le")] = (first, size)
    assert set(entries) == {"Root Entry", wanted}, entries
    first, size = entries[wanted]
    if size >= cutoff:
        return chain(first, fat, sector)[:size]
    small = chain(entries["Root Entry"][0], fat, sector)
    small_fat = chain(first_small, fat, sector)
    small_fat = struct.unpack("<%dI" % (len(small_fat) // 4), small_fat)
    return chain(first, small_fat, lambda place: small[place * 64 : place * 64 + 64])[:size]


# ---- The records in it ([MS-XLS]). ----

BOF, EOF, CONTINUE, BOUNDSHEET, SST, XF = 0x809, 0xA, 0x3C, 0x85, 0xFC, 0xE0
DIMENSIONS, LABELSST, NUMBER, RK, WINDOW2 = 0x200, 0xFD, 0x203, 0x27E, 0x23E
KNOWN = {BOF, EOF, CONTINUE, BOUNDSHEET, SST, XF, DIMENSIONS, LABELSST, NUMBER, RK, WINDOW2}
KNOWN |= {0x42, 0x3D, 0x22, 0x31, 0x293, 0x55, 0x7D}


def records(data):
    place = 0
    while place < len(data):
        kind, length = struct.unpack_from("<HH", data, place)
        assert length <= 8224, "a record is too long"
        body = data[place + 4 : place + 4 + length]
        assert len(body) == length, "a record is cut off"
        assert kind in KNOWN, "an unexpected record, such as a formula: %#x" % kind
        yield place, kind, body
        place += 4 + length


def strings(parts):
    total, unique = struct.unpack_from("<II", parts[0], 0)
    part, place, found = 0, 8, []
    while len(found) < unique:
        if place == len(parts[part]):
            part, place = part + 1, 0
        left, flags = struct.unpack_from("<HB", parts[part], place)
        place += 3
        text = ""
        while True:
            assert flags in (0, 1), "a string has what is never written"
            width = 1 + flags
            here = min(left, (len(parts[part]) - place) // width)
            raw = parts[part][place : place + here * width]
            text += raw.decode("utf-16-le" if flags else "latin-1")
            left, place = left - here, place + here * width
            if not left:
                break
            assert place == len(parts[part]), "a string goes on although its record does not end"
            part, place = part + 1, 1
            flags = parts[part][0]
        found.append(text)
    assert part == len(parts) - 1 and place == len(parts[part]), "something follows the strings"
    return total, found


def biff(path):
    data = stream(open(path, "rb").read(), "Workbook")
    offsets, names, table, formats, used, where, sheets, cells = [], [], [], 0, 0, None, [], None
    for place, kind, body in records(data):
        if kind == BOF:
            version, what = struct.unpack_from("<HH", body)
            assert version == 0x600 and where is None
            where = what
            if what == 5:
                assert place == 0
            else:
                assert what == 16 and place == offsets[len(sheets)], "a sheet is not where the list says"
                cells, last, size = {}, (-1, -1), None
        elif kind == EOF:
            if where == 16:
                rows, columns = size
                assert max((row + 1 for row, _ in cells), default=0) <= rows
                assert all(column < columns for _, column in cells)
                grid = [[cells.get((row, column), "") for column in range(columns)] for row in range(rows)]
                sheets.append([names[len(sheets)], grid])
            where = None
        elif kind == BOUNDSHEET:
            offset, hidden, length, wide = struct.unpack_from("<IHBB", body)
            assert hidden == 0 and wide == 1 and len(body) == 8 + 2 * length
            offsets.append(offset)
            names.append(body[8:].decode("utf-16-le"))
        elif kind == XF:
            formats += 1
        elif kind in (SST, CONTINUE):
            assert where == 5 and (kind == SST) == (not table)
            table.append(body)
            shared = None
        elif kind == DIMENSIONS:
            first, rows, left, columns, _ = struct.unpack("<IIHHH", body)
            assert (first, left) == (0, 0) and rows <= 65536 and columns <= 256
            size = (rows, columns)
        elif kind in (LABELSST, NUMBER, RK):
            if shared is None:
                total, shared = strings(table)
            row, column, look = struct.unpack_from("<HHH", body)
            assert (row, column) > last and look < formats
            last = (row, column)
            if kind == LABELSST:
                assert look == 16, "a text without the format of texts"
                used += 1
                cells[row, column] = shared[struct.unpack_from("<I", body, 6)[0]]
            elif kind == NUMBER:
                cells[row, column] = number(struct.unpack_from("<d", body, 6)[0])
            else:
                raw = struct.unpack_from("<i", body, 6)[0]
                assert raw & 3 == 2, "only whole numbers are written so"
                cells[row, column] = number(raw >> 2)
    assert where is None and len(sheets) == len(names)
    assert used == total, "the number of cells with strings is wrong"
    return sheets


def by_xlrd(path):
    import xlrd

    def cell(cell):
        return number(cell.value) if cell.ctype == xlrd.XL_CELL_NUMBER else text(cell, xlrd)

    def text(cell, xlrd):
        assert cell.ctype in (xlrd.XL_CELL_TEXT, xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK), cell
        return cell.value

    book = xlrd.open_workbook(path)
    return [[sheet.name, [[cell(c) for c in sheet.row(row)] for row in range(sheet.nrows)]] for sheet in book.sheets()]


def by_openpyxl(path):
    import openpyxl
    from openpyxl.utils.escape import unescape

    def cell(cell):
        if cell.data_type == "n" and cell.value is not None:
            return number(cell.value)
        assert cell.value is None or cell.data_type in ("s", "inlineStr"), cell.data_type
        # Strings that stand in their cell are handed over as they are written, escapes included.
        return unescape(cell.value or "")

    book = openpyxl.load_workbook(path, read_only=True)
    return [[sheet.title, [[cell(c) for c in row] for row in sheet.rows]] for sheet in book.worksheets]


if __name__ == "__main__":
    readers = {"biff": biff, "xlrd": by_xlrd, "openpyxl": by_openpyxl}
    json.dump(readers[sys.argv[1]](sys.argv[2]), sys.stdout)
