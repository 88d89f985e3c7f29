"""A donor's files as frames that abagen's functions take, checked on the way.

pandas fills a short row with NaN and abagen never looks again; here a file that is
cut short, or that disagrees with its neighbours, is an error.
Axis letters: P probes, S samples of a donor.
"""

from __future__ import annotations

import types
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inr_jax.errors import InputError, first_line, shortlist
from inr_jax.files.reading import SMALL, too_large
from inr_jax.samples.ahba.folders import AGAIN, Files

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "probes": ("probe_id", "probe_name", "gene_symbol", "entrez_id"),
    "annotation": ("structure_id", "well_id", "structure_acronym", "structure_name"),
    "ontology": ("id", "acronym", "name", "hemisphere", "structure_id_path"),
}

MOST_LOG2 = 100  # intensities have 16 bits, so log2 of them is at most 16 or so
# Top-level structures of the Allen Institute's web search (top_level_structure_id of
# its exports, human.brain-map.org), by id in Ontology.csv:
# the lobes and gyri of the cortex, nuclei, thalami, cerebellum, pons, medulla,
# white matter, sulci.
TOP_LEVEL = {4009, 4084, 4132, 4180, 4220, 4242, 4249, 4268, 4277, 4293, 4300, 4321}
TOP_LEVEL |= {4327, 4393, 4504, 4517, 4520, 4540, 4697, 4780, 9001, 9132, 9135, 9218}
TOP_LEVEL |= {9352, 9512}


def read_probes(abagen: types.ModuleType, files: Files) -> pd.DataFrame:
    """Probes.csv, once it is seen to be the same for all donors.

    Returns:
        P rows by probe id.

    Raises:
        InputError: Two donors' files differ, or one is damaged.
    """
    first, *others = files.values()
    probes = _table(abagen.io.read_probes, first["probes"], "probes")
    for paths in others:
        ids = _table(abagen.io.read_probes, paths["probes"], "probes").index
        if not ids.equals(probes.index):
            raise InputError(
                paths["probes"],
                expected=f"the {len(probes)} probes of {first['probes']}",
                found=f"{len(ids)}, not the same",
                fix=AGAIN,
            )
    if probes.index.has_duplicates:
        twice = probes.index[probes.index.duplicated()]
        found = f"{len(twice)} more than once ({shortlist(twice)})"
        raise InputError(
            first["probes"], expected="each probe once", found=found, fix=AGAIN
        )
    return probes


def read_annotation(abagen: types.ModuleType, paths: dict) -> pd.DataFrame:
    """SampleAnnot.csv, S rows by sample number, 1 to S.

    Raises:
        InputError: It is damaged, or a structure is not in Ontology.csv.
    """
    annotation = _table(abagen.io.read_annotation, paths["annotation"], "annotation")
    known = read_ontology(abagen, paths).id
    strange = sorted(set(annotation.structure_id) - set(known))
    if strange:
        raise InputError(
            paths["annotation"],
            expected="structures that Ontology.csv has",
            found=f"{len(strange)} others ({shortlist(strange)})",
            fix=AGAIN,
        )
    return annotation


def read_ontology(abagen: types.ModuleType, paths: dict) -> pd.DataFrame:
    """Ontology.csv."""
    return _table(abagen.io.read_ontology, paths["ontology"], "ontology")


def top_level(ontology: pd.DataFrame, structure: pd.Series) -> np.ndarray:
    """Names of the top-level structures that structures lie in; None outside all.

    Args:
        ontology: Ontology.csv.
        structure: `(S,)` ids.
    """
    name = dict(zip(ontology.id, ontology.name.astype(str), strict=True))
    path = dict(zip(ontology.id, ontology.structure_id_path, strict=True))
    return np.array(
        [
            next((name[n] for n in reversed(_numbers(path[s])) if n in TOP_LEVEL), None)
            for s in structure
        ],
        object,
    )


def _numbers(path: str) -> list[int]:
    return [int(part) for part in str(path).split("/") if part.isdigit()]


def _table(read, path: str, kind: str) -> pd.DataFrame:
    try:
        if Path(path).stat().st_size > SMALL:
            raise too_large(path, "a CSV", Path(path).stat().st_size, SMALL)
        frame = read(path)
    except InputError:
        raise
    except (ValueError, TypeError, KeyError, OSError, MemoryError) as error:
        found = f"one that cannot be read ({first_line(error)})"
        raise InputError(path, expected="a CSV", found=found, fix=AGAIN) from error
    have = {*frame.columns, frame.index.name}
    missing = [name for name in COLUMNS[kind] if name not in have]
    if missing:
        raise InputError(
            path,
            expected=f"columns {', '.join(COLUMNS[kind])}",
            found=f"no {', '.join(missing)}",
            fix=AGAIN,
        )
    return frame


def read_matrix(
    path: str, *, probes: pd.Index, samples: int, dtype: type
) -> pd.DataFrame:
    """MicroarrayExpression.csv or PACall.csv.

    Args:
        path: The file.
        probes: The P probe ids that it must have, in this order.
        samples: S, the columns that it must have.
        dtype: Of the numbers.

    Returns:
        `(P, S)` by probe id and sample number, as `abagen.io.read_microarray`.

    Raises:
        InputError: It is cut short, has other probes or samples, or a blank.
    """
    import pandas as pd

    table = _parsed(path, samples, dtype)
    ids = table.column(0).to_numpy()
    if len(ids) != len(probes) or (ids != probes.to_numpy()).any():
        fewer = len(ids) < len(probes)
        found = f"{len(ids)}{', cut short' if fewer else ', not the same'}"
        expected = f"the {len(probes)} probes of Probes.csv"
        raise InputError(path, expected=expected, found=found, fix=AGAIN)
    values: np.ndarray = np.empty((len(ids), samples), dtype)
    for sample in range(samples):
        values[:, sample] = table.column(sample + 1).to_numpy()
        _check_range(values[:, sample], path, ids, sample)
    columns = pd.RangeIndex(1, samples + 1, name="sample_id")
    return pd.DataFrame(values, index=probes, columns=columns)


def _check_range(
    values: np.ndarray, path: str, probes: np.ndarray, sample: int
) -> None:
    """Refuse a sample's values `(P,)` that are no log2 intensity, or no 0 or 1."""
    whole = values.dtype.kind == "i"
    low, high = (0, 1) if whole else (-MOST_LOG2, MOST_LOG2)
    bad = np.flatnonzero(~((values >= low) & (values <= high)))
    if len(bad):
        raise InputError(
            path,
            expected="0 or 1" if whole else f"log2 intensities within {high}",
            found=f"{values[bad[0]]:g} at probe {probes[bad[0]]}, sample {sample + 1}",
            fix=AGAIN,
        )


def _parsed(path: str, samples: int, dtype: type):
    import pyarrow as pa
    from pyarrow import csv

    names = [str(number) for number in range(samples + 1)]
    kinds = dict.fromkeys(names[1:], pa.from_numpy_dtype(dtype)) | {"0": pa.int64()}
    try:
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(column_names=names, block_size=8 << 20),
            convert_options=csv.ConvertOptions(column_types=kinds),
        )
    except (pa.ArrowInvalid, OSError) as error:
        found = " ".join(str(error).split())[:160]
        expected = f"a probe id and {samples} numbers in each row, as SampleAnnot.csv"
        expected += " has samples"
        raise InputError(path, expected=expected, found=found, fix=AGAIN) from error
    blank = sum(column.null_count for column in table.columns)
    if blank:
        found = f"{blank} blanks, {Path(path).stat().st_size} bytes in all"
        raise InputError(path, expected="no blank cell", found=found, fix=AGAIN)
    return table
