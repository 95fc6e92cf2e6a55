"""Counts the rows on the sheets of a workbook, headings included, and prints `SHEETS ROWS`. Standard library only; reads no cell."""

import struct
import sys
import zipfile


def counted(pieces, end):
    rows, rest = 0, b""
    for piece in pieces:
        piece = rest + piece
        rows += piece.count(end)
        rest = piece[-len(end) + 1 :]
    return rows


def pieces(file):
    return iter(lambda: file.read(1 << 20), b"")


def xlsx(path):
    archive = zipfile.ZipFile(path)
    sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
    return len(sheets), sum(counted(pieces(archive.open(name)), b"</row>") for name in sheets)


def xml(path):
    with open(path, "rb") as file:
        rows = counted(pieces(file), b"</Row>")
    with open(path, "rb") as file:
        return counted(pieces(file), b"</Worksheet>"), rows


def xls(path):
    file = open(path, "rb")

    def sector(number):
        file.seek(512 + number * 512)
        return file.read(512)

    head = file.read(512)
    first_dir, first_difat, difats = struct.unpack_from("<I", head, 48)[0], *struct.unpack_from("<II", head, 68)
    difat = list(struct.unpack_from("<109I", head, 76))
    for _ in range(difats):
        part = struct.unpack("<128I", sector(first_difat))
        difat += part[:127]
        first_difat = part[127]
    fat = []
    for place in difat:
        if place != 0xFFFFFFFF:
            fat += struct.unpack("<128I", sector(place))
    entry = next(
        entry for at in range(0, 512, 128) if (entry := sector(first_dir)[at : at + 128]).startswith("Workbook".encode("utf-16-le"))
    )
    chain, place = [], struct.unpack_from("<I", entry, 116)[0]
    while place != 0xFFFFFFFE:
        chain.append(place)
        place = fat[place]

    def at(offset, length):
        first = offset // 512
        data = b"".join(sector(number) for number in chain[first : (offset + length) // 512 + 1])
        return data[offset - first * 512 :][:length]

    def records(offset):
        while True:
            kind, length = struct.unpack("<HH", at(offset, 4))
            yield kind, at(offset + 4, length)
            offset += 4 + length

    sheets = []
    for kind, body in records(0):
        if kind == 0x85:
            sheets.append(struct.unpack_from("<I", body)[0])
        elif sheets:
            break
    sizes = [next(body for kind, body in records(start) if kind == 0x200) for start in sheets]
    return len(sheets), sum(struct.unpack_from("<I", size, 4)[0] for size in sizes)


if __name__ == "__main__":
    path = sys.argv[1]
    print(*{"xlsx": xlsx, "xml": xml, "xls": xls}[path.rsplit(".", 1)[1]](path))
