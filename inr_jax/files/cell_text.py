"""Text, names and numbers out of bytes that users give, each of one meaning.

Text has one encoding, a name no letters that nobody sees, a number ASCII digits alone.
"""

from __future__ import annotations

import codecs
import unicodedata

from inr_jax.errors import InputError

BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
KINDS = {
    b"PK\x03\x04": "a zip or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy file",
    b"<": "a web page or XML",
    b"{\\rtf": "a document",
}
# Missing values in lower case, by whoever wrote them: R, BIDS, pandas, databases,
# spreadsheets. One list for the names of all readers.
MISSING = ("", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "nat", "none", "null")


def encoding_of(data: bytes, where: object, expected: str, given: str = "") -> str:
    """The encoding in which a file's text is to be read.

    Args:
        data: Its bytes.
        where: The file to name in an error.
        expected: What it ought to be.
        given: What the user says; "" for UTF-8, or what its byte-order mark says.

    Raises:
        InputError: It is no text in that encoding, or there is no such encoding.
    """
    mark = next((name for mark, name in BOMS.items() if data.startswith(mark)), None)
    kind = next((kind for head, kind in KINDS.items() if data.startswith(head)), "")
    if kind and not given:
        fix = "export it as CSV" if "Excel" in kind else "is this the right file?"
        raise InputError(where, expected=expected, found=kind, fix=fix)
    name = given or mark or "utf-8"
    try:
        if not codecs.lookup(name)._is_text_encoding:
            raise LookupError(name)
        if not (data.isascii() and name.startswith("utf-8")):
            data.decode(name)
    except LookupError as error:
        fix = "as utf-8, latin-1, cp1252 or utf-16"
        expected, found = "the name of an encoding", repr(name)
        raise InputError(where, expected=expected, found=found, fix=fix) from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        found = f"byte 0x{byte:02x} in line {line}, which is none in {name}"
        fix = "name its encoding with --config.source.encoding=latin-1 (cp1252, utf-16)"
        fix += ", or save it as UTF-8"
        expected += " in UTF-8" if not given else ""
        raise InputError(where, expected=expected, found=found, fix=fix) from error
    return name


def clean(text: str) -> str:
    """A name without blanks around it and without letters that nobody sees.

    Zero-width and control characters (Unicode's Cf and Cc) are left out, runs of
    blanks are one.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    kept = [" " if c.isspace() else c for c in text]
    visible = [c for c in kept if unicodedata.category(c) not in ("Cf", "Cc")]
    return " ".join("".join(visible).split())


def listed(text: str | None) -> list[str]:
    """Comma separated names, as flags and settings have them."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def is_missing(cell: object) -> bool:
    """Whether a cell says that there is nothing."""
    return cell is None or str(cell).strip().casefold() in MISSING


def number(text: object) -> float:
    """A cell as a number, written in ASCII without underscores; NaN for another."""
    plain = str(text).strip()
    if not plain.isascii() or "_" in plain:
        return float("nan")
    try:
        return float(plain)
    except ValueError:
        return float("nan")
