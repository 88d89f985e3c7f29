"""The flags of the studies in benchmarks/, and where their tables and pictures go.

Nouns:
    study: one question to one set of samples, answered by a table and a picture.
    row: one line of a study's table, a dict.
"""

from __future__ import annotations

import json
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from inr_jax.files import write_csv, write_text


def flags(question: str, name: str) -> ArgumentParser:
    """The flags that all studies share.

    Args:
        question: Shown by --help.
        name: Of the folder in the current one, where none is given.
    """
    parser = ArgumentParser(description=question)
    parser.add_argument("--path", default="", help="an Allen export; else the phantom")
    parser.add_argument("--out", default="", help=f"folder to write; else {name}")
    parser.add_argument("--json", default="", help="a file for the table, too")
    parser.add_argument("--tiny", action="store_true", help="seconds, for the tests")
    parser.set_defaults(name=name)
    return parser


def folder(given: Namespace) -> Path:
    """Where a study writes; a tiny one leaves the current folder alone."""
    tiny = tempfile.mkdtemp(prefix=f"{given.name}-") if given.tiny else given.name
    out = Path(given.out or tiny)
    out.mkdir(parents=True, exist_ok=True)
    return out


def write_table(given: Namespace, out: Path, rows: list[dict]) -> None:
    """Write rows as NAME.csv, and as JSON where it is asked for; print where."""
    write_csv(out / f"{given.name}.csv", rows[0].keys(), rows)
    if given.json:
        write_text(given.json, json.dumps(rows, indent=2))
    print(f"{out / given.name}.csv and .png")
