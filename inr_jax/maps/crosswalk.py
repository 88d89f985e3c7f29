"""From an atlas's regions to the structures that wells are named by.

Row r of a crosswalk are the memberships of a place that lies in region r: of the
structure of the same name, where there is one; or else the mean over wells, each
counted by how far it lies in the region, and as PSEUDO_COUNT wells of which nothing is
known, or of what the region lies in.
A table says the same with names, to be read and changed by hand.

Axis letters: N wells, L regions, A = P + S memberships (parents, then structures).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inr_jax.errors import InputError, unknown_name
from inr_jax.files import write_csv
from inr_jax.files.cell_text import number
from inr_jax.files.rows import read_csv
from inr_jax.samples.samples import Samples
from inr_jax.samples.sites import UNNAMED
from inr_jax.samples.structures import KnownStructures, memberships

PSEUDO_COUNT = 0.5  # wells
SMALLEST = 0.001  # memberships below are left out of a table
ROUNDED = 1e-3  # by which a weight in a table may be off
COLUMNS = ("region", "kind", "name", "weight")
OUTSIDE = "(outside)"  # the name in a table of what is in no region


def learn(
    samples: Samples,
    known: KnownStructures,
    regions: tuple[str, ...],
    shares: np.ndarray,
    prior: np.ndarray | None = None,
) -> np.ndarray:
    """The crosswalk `(L, A)` float32.

    Args:
        samples: N training wells.
        known: The structures they have.
        regions: L names, the first of no region.
        shares: `(N, L)` of the wells in the regions.
        prior: `(L, A)` what PSEUDO_COUNT wells say of a region; None says nothing.
    """
    nothing = np.array([UNNAMED])
    unknown = memberships(known, nothing, nothing)
    members = memberships(known, samples.structure, samples.parent)
    total = shares.sum(0)[:, None] + PSEUDO_COUNT
    crosswalk = (
        shares.T @ members + PSEUDO_COUNT * (unknown if prior is None else prior)
    ) / total
    for row, structure in by_name(regions, samples.structures).items():
        wells = np.flatnonzero(samples.structure == structure)
        if len(wells):
            crosswalk[row] = members[wells[0]]
    return crosswalk.astype(np.float32)


def by_name(regions: tuple[str, ...], structures: tuple[str, ...]) -> dict[int, int]:
    """Rows of regions to rows of structures of the same name, case and blanks aside."""
    plain = {_plain(name): row for row, name in enumerate(structures)}
    names = {row: _plain(region) for row, region in enumerate(regions)}
    return {row: plain[name] for row, name in names.items() if name in plain}


def write(
    path: str | Path, crosswalk: np.ndarray, regions: tuple[str, ...], samples: Samples
) -> None:
    """Write it as a table, a line a region and name, largest first.

    Raises:
        InputError: The file cannot be written.
    """
    names, lines = _names(samples), []
    for region, row in zip(regions, crosswalk, strict=True):
        for column in np.argsort(-row, kind="stable"):
            if row[column] >= SMALLEST:
                cells = (region or OUTSIDE, *names[column], f"{row[column]:.4f}")
                lines.append(dict(zip(COLUMNS, cells, strict=True)))
    write_csv(path, COLUMNS, lines)


def override(
    path: str | Path, crosswalk: np.ndarray, regions: tuple[str, ...], samples: Samples
) -> np.ndarray:
    """The crosswalk with the rows of all regions that a table names replaced.

    Raises:
        InputError: The file is missing or has other columns; a region or name is
            unknown; a weight is no number from 0 to 1.
    """
    rows = {name or OUTSIDE: row for row, name in enumerate(regions)}
    columns = {name: column for column, name in enumerate(_names(samples))}
    changed = np.array(crosswalk)
    lines = read_csv(path, COLUMNS, "start from the crosswalk.csv of a run")
    named = {line["region"] for line in lines}
    for region in named:
        if region not in rows:
            raise unknown_name(f"{path}: region", region, rows)
        changed[rows[region]] = 0
    read: set[tuple[str, ...]] = set()
    for line in lines:
        key = (line["kind"], line["name"])
        if (line["region"], *key) in read:
            found = f"{line['kind']} {line['name']} twice"
            raise _refused(path, line, expected="each name once", found=found)
        read.add((line["region"], *key))
        if key not in columns:
            known = [name for kind, name in columns if kind == line["kind"]]
            raise unknown_name(f"{path}: {line['kind']}", line["name"], known)
        changed[rows[line["region"]], columns[key]] = _weight(path, line)
    for region in sorted(named):
        _check_sums(path, region, changed[rows[region]], samples)
    return changed


def _check_sums(
    path: str | Path, region: str, row: np.ndarray, samples: Samples
) -> None:
    """Refuse a region `(A,)` that lies in nothing, or in more than all."""
    parents = len(samples.parents)
    expected, line = "weights that are shares", {"region": region, "name": "all"}
    if not row.any():
        raise _refused(path, line, expected=expected, found="none above 0")
    for kind, weights in (("parents", row[:parents]), ("structures", row[parents:])):
        if weights.sum() > 1 + ROUNDED * len(weights):
            found = f"{kind} that sum to {weights.sum():.3g}, more than 1"
            raise _refused(path, line, expected=expected, found=found)


def _names(samples: Samples) -> list[tuple[str, str]]:
    """Kind and name of each of the A memberships."""
    parents = [("parent", name) for name in samples.parents]
    return parents + [("structure", name) for name in samples.structures]


def _weight(path: str | Path, line: dict[str, str]) -> float:
    weight = number(line["weight"])
    if not 0 <= weight <= 1:
        found = str(line["weight"])
        raise _refused(path, line, expected="a weight from 0 to 1", found=found)
    return weight


def _refused(
    path: str | Path, line: dict[str, str], *, expected: str, found: str
) -> InputError:
    where = f"{path}: {line['region']}, {line['name']}"
    return InputError(where, expected=expected, found=found, fix="correct it")


def _plain(name: str) -> str:
    """A name without case, blanks and punctuation."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())
