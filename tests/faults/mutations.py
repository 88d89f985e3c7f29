"""Seeded damage to bytes, as disks, networks, editors and spreadsheets do it.

A mutation is a function of (rng, data) to other data; text mutations keep the rest of a
table as it is, so that a reader gets past its first check.
"""

from __future__ import annotations

import gzip

import numpy as np

CELLS = (
    "", "n/a", "NaN", "inf", "-inf", "1e39", "1e300", "1e-320", "1_5", "\uff11", "0x1F",
    "TRUE", "1,5", "'", '"', '"a', "a\nb", "\0", "\u200b", "\ufeff", "=1+1", "-1",
    "99999999999999999999", "1.5", "x" * 300, "x" * 200_000, "\ud7ff", "../../etc", "~",
)  # fmt: skip
PREFIXES = (
    b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"PK\x03\x04", b"\x1f\x8b", b"<html>\n",
    b"# a comment\n", b"sep=,\n", b"A title\n", b"\n" * 5000, b"\0" * 64, b"PAR1",
)  # fmt: skip
ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "cp037", "utf-7")


def flip_bit(rng, data):
    return _with(data, _place(rng, data), lambda byte: byte ^ (1 << rng.integers(8)))


def set_byte(rng, data):
    return _with(data, _place(rng, data), lambda _: int(rng.choice([0, 255, 10, 44])))


def set_word(rng, data):
    """Four bytes of a header to an extreme."""
    at = int(rng.integers(0, min(len(data), 400) + 1))
    word = (b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\0\0\x80\x7f", b"\0\0\0\0")
    return data[:at] + word[rng.integers(4)] + data[at + 4 :]


def cut_end(rng, data):
    return data[: _place(rng, data)]


def cut_start(rng, data):
    return data[_place(rng, data) :]


def cut_middle(rng, data):
    first, last = sorted((_place(rng, data), _place(rng, data)))
    return data[:first] + data[last:]


def append(rng, data):
    tails = (b"\0" * 4096, b"\n" * 4096, data, rng.bytes(512), b",,,,", b"\x1f\x8b")
    return data + tails[rng.integers(len(tails))]


def prefix(rng, data):
    return PREFIXES[rng.integers(len(PREFIXES))] + data


def noise(rng, data):
    return rng.bytes(int(rng.integers(0, 3000)))


def empty(rng, data):
    return b""


def zip_again(rng, data):
    return gzip.compress(data)


def set_cell(rng, data):
    rows = _cells(data)
    row = rows[rng.integers(len(rows))]
    row[rng.integers(len(row))] = CELLS[rng.integers(len(CELLS))]
    return _text(rows)


def set_column(rng, data):
    rows = _cells(data)
    column = int(rng.integers(len(rows[0])))
    for row in rows[1:]:
        row[column % len(row)] = CELLS[rng.integers(len(CELLS))]
    return _text(rows)


def double_row(rng, data):
    rows = _cells(data)
    return _text([*rows, rows[rng.integers(len(rows))]])


def double_column(rng, data):
    rows = _cells(data)
    column = int(rng.integers(len(rows[0])))
    return _text([[*row, row[column % len(row)]] for row in rows])


def drop_column(rng, data):
    rows = _cells(data)
    column = int(rng.integers(len(rows[0])))
    return _text([row[:column] + row[column + 1 :] for row in rows])


def shuffle_header(rng, data):
    rows = _cells(data)
    return _text([list(rng.permutation(rows[0])), *rows[1:]])


def no_rows(rng, data):
    return _text(_cells(data)[:1])


def other_separator(rng, data):
    return data.replace(b",", (b";", b"\t", b"|", b" ")[rng.integers(4)])


def other_lines(rng, data):
    return data.replace(b"\n", (b"\r", b"\r\n", b"\n\n", b" \n")[rng.integers(4)])


def other_encoding(rng, data):
    text = data.decode("utf-8", "replace")
    return text.encode(ENCODINGS[rng.integers(len(ENCODINGS))], "replace")


def scaled(rng, data):
    """Numbers in the first rows times a power of ten."""
    factor = float(rng.choice([1e-3, 0.1, 10, 1e3, 1e40]))

    def times(cell):
        try:
            return repr(float(cell) * factor)
        except ValueError:
            return cell

    return _text([[times(cell) for cell in row] for row in _cells(data)])


BYTES = (
    flip_bit, set_byte, set_word, cut_end, cut_start, cut_middle, append, prefix, noise,
    empty, zip_again,
)  # fmt: skip
TEXT = (
    *BYTES, set_cell, set_cell, set_column, double_row, double_column, drop_column,
    shuffle_header, no_rows, other_separator, other_lines, other_encoding, scaled,
)  # fmt: skip


def _place(rng: np.random.Generator, data: bytes) -> int:
    return int(rng.integers(0, max(len(data), 1)))


def _with(data: bytes, at: int, change) -> bytes:
    changed = bytearray(data)
    if changed:
        changed[at] = change(changed[at])
    return bytes(changed)


def _cells(data: bytes) -> list[list[str]]:
    lines = data.decode("utf-8", "replace").strip("\n").split("\n")
    return [line.split(",") for line in lines]


def _text(rows: list[list[str]]) -> bytes:
    text = "\n".join(",".join(map(str, row)) for row in rows) + "\n"
    return text.encode("utf-8", "replace")
