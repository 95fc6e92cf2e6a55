"""How many rows of a report are damaged: damage.py WHOLE DAMAGED prints how many rows of two generated reports differ.

A row begins with a line that begins as rows of `cargo xtask sample` do; both reports have the same rows in the same order.
"""

import itertools
import sys

START = b"2026-11-10,4021,"


def rows(path):
    row = b""
    with open(path, "rb") as lines:
        for line in lines:
            if line.startswith(START) and row:
                yield row
                row = b""
            row += line
    yield row


print(sum(whole != damaged for whole, damaged in itertools.zip_longest(rows(sys.argv[1]), rows(sys.argv[2]))))
