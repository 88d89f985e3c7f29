"""The flags of studies, and the files of their tables and pictures.

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
from lib.machine import PATH, flags_of


def study_flags(
    docstring: str, name: str, **more: tuple[type, object, str]
) -> ArgumentParser:
    """The flags of a study: those of a benchmark, a path to read, a folder to write.

    Args:
        docstring: Of the study; --help shows its first line, the question.
        name: Of the study's files, and of the folder where --out is not given.
        **more: Further flags: name -> (type, default, help).
    """
    out = {"out": (str, "", f"folder to write; else {name}")}
    parser = flags_of(docstring, **PATH, **out, **more)
    parser.set_defaults(name=name)
    return parser


def study_folder(given: Namespace) -> Path:
    """The folder that a study writes to; a tiny one leaves the current folder alone."""
    tiny = tempfile.mkdtemp(prefix=f"{given.name}-") if given.tiny else given.name
    out = Path(given.out or tiny)
    out.mkdir(parents=True, exist_ok=True)
    return out


def write_table(given: Namespace, out: Path, rows: list[dict]) -> None:
    """Write rows as NAME.csv, and as JSON for --json; print the path."""
    write_csv(out / f"{given.name}.csv", rows[0].keys(), rows)
    if given.json:
        write_text(given.json, json.dumps(rows, indent=2))
    print(f"{out / given.name}.csv and .png")
