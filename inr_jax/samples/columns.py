"""What a frame of samples holds in which column, checked cell by cell.

A row is a well; some columns say where it lies and what it is, each other column is a
gene. Axis letters: N wells (rows), G genes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from inr_jax.errors import InputError, first_line, shortlist
from inr_jax.files.cell_text import clean
from inr_jax.samples import cells
from inr_jax.samples.checks import pick_genes, repeated
from inr_jax.samples.column_names import aliases_in, is_no_gene, kind_of

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("inr_jax")


class TableColumns(NamedTuple):
    """Names of the columns that hold no expression; "" for one not to look for.

    Attributes:
        x, y, z: MNI mm; must be there.
        well: Whole numbers, each once; rows are counted from 0 when absent.
        donor: Names; one donor when absent.
        structure: Names; blank where a well has none.
        parent: Names of the top-level structures, likewise.
        grey, white: Probabilities of tissue, 0 to 1; both or neither.
    """

    x: str = "x"
    y: str = "y"
    z: str = "z"
    well: str = "well"
    donor: str = "donor"
    structure: str = "structure"
    parent: str = "parent"
    grey: str = "grey"
    white: str = "white"

    def is_text(self, name: str) -> bool:
        """Whether a column of this name keeps its cells as text."""
        texts = ("donor", "structure", "parent")
        return name in (self.donor, self.structure, self.parent) or (
            kind_of(name) in texts
        )


DEFAULT = TableColumns()
ENOUGH_ROWS = 10  # of whole numbers that are no accident
FEW_VALUES = 8  # as of donors or batches


def as_frame(table: pd.DataFrame | dict, where: object) -> pd.DataFrame:
    """A frame, or a dict of columns of equal length, as a frame with names of text.

    Raises:
        InputError: It is neither.
    """
    import pandas as pd

    try:
        return pd.DataFrame(table).rename(columns=lambda name: clean(str(name)))
    except (TypeError, ValueError, AttributeError) as error:
        fix = "give a frame, or a dict of columns of equal length"
        found = first_line(error)
        raise InputError(where, expected="a frame", found=found, fix=fix) from error


def parts_of(
    frame: pd.DataFrame, columns: TableColumns, genes: tuple[str, ...], where: object
) -> dict[str, Any]:
    """What `samples.make_samples` takes, out of a frame.

    Args:
        frame: A row a well.
        columns: What is in which column; an optional one may be absent, unless its
            name is another than the default.
        genes: Columns to keep as genes; none keeps every other column.
        where: The file to name in an error.

    Raises:
        InputError: A column is missing, without a name or of another's name, or a
            cell is no number.
    """
    check_names(list(frame.columns), where)
    used = used_columns(list(frame.columns), columns, where)
    rest = [name for name in frame.columns if name not in used.values()]
    if not genes:
        rest = [name for name in rest if not is_no_gene(name)]
    kept = pick_genes(rest, map(clean, genes), where)
    if not genes:
        _refuse_text(frame[kept], where)
        _refuse_identifiers(frame[kept], where)
    _tell(list(frame.columns), used, columns, set(kept) if not genes else None, where)
    return {
        "x_mm": cells.stack(frame, [used[axis] for axis in "xyz"], where),
        "values": cells.stack(frame, kept, where),
        "genes": kept,
        "well": cells.wells(frame, used.get("well"), where),
        "donor": cells.donors(frame, used.get("donor"), where),
        "structure": cells.names(frame, used.get("structure")),
        "parent": cells.names(frame, used.get("parent")),
        "tissue": cells.tissue(frame, used, where),
    }


def check_names(header: list[str], where: object) -> None:
    """Refuse a column without a name, and two of one name.

    Raises:
        InputError: There is one.
    """
    twice = repeated(header)
    if "" in header:
        found = f"none for column {header.index('') + 1} of {len(header)}"
        fix = "name it, or write the table without its index"
        raise InputError(where, expected="a name in each column", found=found, fix=fix)
    if twice:
        raise InputError(
            where,
            expected="each column name once",
            found=f"{len(twice)} more than once ({shortlist(twice)})",
            fix="keep or rename one of each",
        )


def used_columns(
    header: list[str], columns: TableColumns, where: object
) -> dict[str, str]:
    """What a column holds to its name, of those that are there.

    Raises:
        InputError: A column is missing, or named for two things.
    """
    names = columns._asdict()
    twice = repeated(name for name in names.values() if name)
    if twice:
        found = f"{twice[0]!r} for several"
        fix = "change one of them"
        expected = "a column of its own each"
        raise InputError(where, expected=expected, found=found, fix=fix)
    used = {key: name for key, name in names.items() if name in header}
    # A column of another name that is known for the same.
    for key, name in names.items():
        near = aliases_in(header, key)
        if key not in used and name == DEFAULT._asdict()[key] and near:
            used[key] = next((n for n in near if n not in used.values()), near[0])
    # An optional column is looked for by its default name, but must be there when
    # the user names it.
    for key, name in names.items():
        asked = key in ("x", "y", "z") or name not in ("", DEFAULT._asdict()[key])
        if asked and key not in used:
            fix = f"name the right one with --config.source.{key}=NAME"
            found = f"columns {shortlist(header, 12)}"
            raise InputError(where, expected=f"a column {name!r}", found=found, fix=fix)
    if ("grey" in used) != ("white" in used):
        here, lacking = ("grey", "white") if "grey" in used else ("white", "grey")
        raise InputError(
            where,
            expected="both grey and white, or neither",
            found=f"a column {used[here]!r} but none for {lacking}",
            fix=f"add it, or ignore the other with --config.source.{here}=",
        )
    return used


def _tell(
    header: list[str],
    used: dict[str, str],
    columns: TableColumns,
    genes: set[str] | None,
    where: object,
) -> None:
    """Say what was taken for what, and that no column says whose a well is."""
    near = [f"{k} is {n!r}" for k, n in used.items() if n != columns._asdict()[k]]
    if near:
        log.info("%s: %s", where, ", ".join(near))
    left = (
        []
        if genes is None
        else [n for n in header if n not in {*genes, *used.values()}]
    )
    if left:
        log.warning("%s: no genes, left out: %s", where, shortlist(map(repr, left), 12))
    if "donor" not in used and columns.donor:
        log.warning(
            "%s: no column of donors, so all wells are taken as one donor's and scores "
            "say nothing about another brain; whose is each? --config.source.donor=NAME"
            " says it, --config.source.donor= that there is one",
            where,
        )


def _refuse_identifiers(frame: pd.DataFrame, where: object) -> None:
    """Whole numbers among fractions, or numbers that count rows, are no expression."""
    if len(frame) < ENOUGH_ROWS:
        return
    values = {name: cells.numbers(frame[name]) for name in frame.columns}
    whole = [name for name, v in values.items() if (v == np.round(v)).all()]
    fractions = len(values) - len(whole)

    def is_identifier(name: str) -> bool:
        steps = np.diff(values[name])
        if (abs(steps) == 1).all() and (steps == steps[0]).all():
            return True
        few = len(np.unique(values[name])) <= FEW_VALUES
        varied = np.ptp(values[name]) > 0  # a constant has a line of its own
        return varied and (fractions >= len(whole) or (fractions > 0 and few))

    identifiers = [name for name in whole if is_identifier(name)]
    if identifiers:
        raise InputError(
            where,
            expected="expression in every column that the settings do not name",
            found=f"whole numbers, as identifiers are, in "
            f"{shortlist(map(repr, identifiers))}",
            fix=f"drop it, or say what it is with --config.source.donor="
            f"{identifiers[0]} (well, structure), or name the genes to keep with "
            "--config.source.genes=A,B",
        )


def _refuse_text(frame: pd.DataFrame, where: object) -> None:
    """A column that is mostly text is no gene with a slip in it."""
    text = [
        name
        for name in frame.columns
        if frame[name].dtype.kind not in "iuf"
        and 2 * np.isnan(cells.numbers(frame[name])).sum() > len(frame)
    ]
    if text:
        raise InputError(
            where,
            expected="numbers in every column that the settings do not name",
            found=f"text in {shortlist(map(repr, text))}",
            fix=f"drop it, or say what it is with --config.source.donor={text[0]} "
            "(structure, parent), or name the genes to keep with "
            "--config.source.genes=A,B",
        )
