"""Packs a file with gzip, level 6: pack.py INPUT OUTPUT [MEMBER], in one member or in members of MEMBER bytes of input each."""

import gzip
import sys

source, target, *member = sys.argv[1:]
size = int(member[0]) if member else None
with open(source, "rb") as plain, open(target, "wb") as packed:
    if size is None:
        with gzip.GzipFile("", "wb", 6, packed, mtime=0) as out:
            while part := plain.read(1 << 20):
                out.write(part)
    else:
        while part := plain.read(size):
            packed.write(gzip.compress(part, 6, mtime=0))
