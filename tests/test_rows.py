"""Rows of tables: what is read in any spelling, and the cause named of what is none."""

from __future__ import annotations

import re

import pytest
from given import input_error

from inr_jax.errors import InputError
from inr_jax.files import rows


def test_a_table_of_names_is_read_with_any_mark_case_order_and_separator(tmp_path):
    path = tmp_path / "t.csv"
    expected = [{"id": "1", "label": "a, b", "note": "x"}]
    for text in ('id,label,note\n1,"a, b",x\n', "Note\t ID\tLabel\nx\t1 \ta, b\n\n"):
        for mark in (b"", b"\xef\xbb\xbf"):
            path.write_bytes(mark + text.encode())
            assert rows.read_csv(path, ("id", "label"), "fix it") == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "expected a CSV, found an empty file; fix it"),
        (b"id,x\n1,2\n", "columns id, label, found no label (but id, x); fix it"),
        (b"id,label\n1\n", "2 cells in each row, as in the first, found 1 in line 2"),
        (b"id,label\n1,\xff\n", "byte 0xff in line 2"),
        (b'id,label\n1,"a\n', "line 2: unexpected end of data"),
    ],
)
def test_what_is_no_such_table_is_refused_in_one_line(tmp_path, text, message):
    path = tmp_path / "t.csv"
    path.write_bytes(text)
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        rows.read_csv(path, ("id", "label"), "fix it")
    assert str(caught.value).startswith(f"{path}: ")


NO_TABLES = {
    "semicolons": (b"a;b\n1;2,5\n", "separated by semicolons"),
    "tabs": (b"a\tb\n1\t2,5\n", "separated by tabs"),
    "decimal commas": (b"a;b\n1,5;2,5\n", "--config.source.decimal=,"),
    "more commas": (b"a,b\n1,5,2,5\n", "decimal commas?"),
    "comment": (b"# by abagen\na,b\n1,2\n", "delete the comment"),
    "title": (b"My table\na,b\n1,2\n", "delete the title"),
    "sep": (b"sep=,\na,b\n1,2\n", "delete its first line, 'sep=,'"),
    "workbook": (b"PK\x03\x04\x14\0\0\0", "a zip or an Excel workbook"),
    "latin-1": (b"a,Gr\xfc\xdfe\n1,2\n", "byte 0xfc in line 1"),
    "page": (b"<html>\n", "a web page"),
    "newlines": (b"\n" * 3_000_000, "at most 2,000,000 lines"),
    "commas": (b"," * 600_000, "at most 500,000 columns"),
}


@pytest.mark.parametrize("name", NO_TABLES)
def test_the_likely_cause_is_named(name):
    data, words = NO_TABLES[name]
    assert words in str(input_error(lambda: list(rows.csv_rows(data, "t.csv"))))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_says_the_encoding(encoding):
    data = "a,é\n1,2\n".encode(encoding)
    assert list(rows.csv_rows(data, "t.csv")) == [["a", "é"], ["1", "2"]]
