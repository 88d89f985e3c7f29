"""Where samples come from: a table, a web export, the atlas as downloaded.

A new source is a module with `load(path, *, genes=(), **settings) -> Source` and
`fits(path) -> bool`, and a line in `SOURCES`. Its settings are its loader's keywords.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from inr_jax.errors import InputError, shortlist, unknown_name
from inr_jax.samples.ahba.options import AbagenOptions
from inr_jax.samples.source import Source, existing
from inr_jax.samples.sources import ahba, allen_export, table


class Loader(NamedTuple):
    """How one kind of source is read and told from the others.

    Attributes:
        load: `load(path, *, genes=(), **settings) -> Source`.
        fits: Whether a path that exists is of this kind; reads little.
        options: Settings that `load` takes as `**options`.
    """

    load: Callable[..., Source]
    fits: Callable[[Path], bool]
    options: tuple[str, ...] = ()


# A path is of the first kind that it fits.
SOURCES = {
    "table": Loader(table.load, table.fits),
    "allen_export": Loader(allen_export.load, allen_export.fits),
    "ahba": Loader(ahba.load, ahba.fits, AbagenOptions._fields),
}
KINDS = (
    "a table (.csv, .tsv, .parquet), a web export (a folder or zip with "
    "Expression.csv) or the atlas's folder (with normalized_microarray_donor...)"
)


def read(
    path: str | Path,
    source: str | None = None,
    *,
    genes: str | Iterable[str] = (),
    **settings: object,
) -> Source:
    """Read samples from a path.

    Args:
        path: A table, a web export or the atlas's folder.
        source: A name in `SOURCES`; None tells it from the path.
        genes: Symbols to keep, or a single one; none keeps all.
        **settings: Keywords of that source's loader, see `settings_of`.

    Raises:
        InputError: The path is of no kind, a setting is unknown, or as the loader.
    """
    name = kind_of(path) if source is None else source
    known = ("genes", *settings_of(name))
    for setting in settings:
        if setting not in known:
            raise unknown_name(f"settings of source {name!r}", setting, known)
    wanted = (genes,) if isinstance(genes, str) else tuple(map(str, genes))
    return SOURCES[name].load(path, genes=wanted, **settings)


def settings_of(name: str) -> tuple[str, ...]:
    """The settings that a source's loader takes besides `genes`.

    Raises:
        InputError: No such source.
    """
    if name not in SOURCES:
        raise unknown_name("source", name, SOURCES)
    loader = SOURCES[name]
    parameters = inspect.signature(loader.load).parameters.values()
    keywords = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    return (*(k for k in keywords if k != "genes"), *loader.options)


def kind_of(path: str | Path) -> str:
    """The name in `SOURCES` of what lies at a path.

    Raises:
        InputError: Nothing lies there, or nothing that any source reads.
    """
    path = existing(path, KINDS)
    for name, loader in SOURCES.items():
        if loader.fits(path):
            return name
    found = f"a file {path.name!r}"
    if path.is_dir():
        inside = sorted(item.name for item in path.iterdir())
        found = f"a folder with {shortlist(inside) or 'nothing in it'}"
    fix = "give another path, or name its kind: " + ", ".join(SOURCES)
    raise InputError(path, expected=KINDS, found=found, fix=fix)
