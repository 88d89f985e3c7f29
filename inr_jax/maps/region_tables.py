"""Tables of the regions of an atlas: expression, its standard deviation, evidence.

Axis letters: L regions, N wells, G genes. Frame: mm (MNI152 RAS).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inr_jax.files import neutral, write_bytes, write_json, write_text
from inr_jax.maps.group_means import GroupMeans
from inr_jax.maps.region_wells import RegionWells
from inr_jax.stats.region_errors import RegionErrors, region_sd

if TYPE_CHECKING:
    import pandas as pd

ENOUGH_WELLS, ENOUGH_DONORS = 3, 2  # in a region, to speak of it by themselves
ENDINGS = ("_sd", "_regions", "_held_out")  # of tables beside the means
IN, NEAR, NONE = "in", "near", "none"  # where the wells lie that speak of a region


class RegionTables(NamedTuple):
    """What is known of the regions of an atlas, as frames with the labels as index.

    Attributes:
        mean: A column a gene: mean of its map over the region's voxels, in the units
            of the source; NaN for a region without a voxel.
        sd: The same of its standard deviation.
        regions: A row a region: names, voxels, wells, distances, share validated.
        held_out: A row a region and gene: residuals of held-out wells in the region,
            or near it where it has too few; empty without an evaluation.
        notes: What the standard deviation is, and how it was calibrated.
    """

    mean: pd.DataFrame
    sd: pd.DataFrame
    regions: pd.DataFrame
    held_out: pd.DataFrame
    notes: dict[str, object]


class Residuals(NamedTuple):
    """Residuals of wells that folds held out.

    Attributes:
        residual: `(N, G)` measured less predicted, units of the source.
        fold: `(N,)` integers, the donor or block that was held out with the well.
        reach_mm: How far a well may be from a region that has too few of its own.
    """

    residual: np.ndarray
    fold: np.ndarray
    reach_mm: float


def gene_table(
    values: np.ndarray, labels: tuple[int, ...], genes: list[str]
) -> pd.DataFrame:
    """Values `(L, G)` in abagen's shape: index `label`, a column a gene.

    Args:
        values: `(L, G)`.
        labels: 0 and the L labels.
        genes: G symbols.
    """
    import pandas as pd

    index = pd.Index(labels[1:], name="label")
    columns = pd.Index(genes, name="gene_symbol")
    return pd.DataFrame(values, index=index, columns=columns)


def sd_of(
    values: GroupMeans, errors: RegionErrors | None
) -> tuple[np.ndarray, dict[str, object]]:
    """Standard deviation `(L, G)` of regions' means, and what it is in words."""
    if errors is None:
        return values.spread, {
            "Description": "standard deviation over the ensemble's members of the "
            "region's mean: what the fit leaves open, no error against measurements",
            "Calibrated": False,
        }
    return region_sd(errors, values.spread), {
        "Description": "standard deviation of the region's mean, for the mean of a "
        "population of donors: of the ensemble, of the model's own error and of the "
        f"{errors.donors} donors standing for all; +- 1.645 of it is a 90 % interval",
        "Calibrated": True,
    }


def evidence_table(
    regions: pd.DataFrame,
    count: dict[str, np.ndarray],
    wells: RegionWells,
    donor: np.ndarray,
) -> pd.DataFrame:
    """A row a region: names, voxels, wells.

    Args:
        regions: L regions, as `LabelImage.table` gives them.
        count: "voxels" or "vertices" to how many each region has, `(L,)`.
        wells: N wells.
        donor: `(N,)` integers.
    """
    table = regions.rename_axis("label").rename(columns={"label": "name"})
    inside = wells.inside
    for of, numbers in count.items():
        table[of] = numbers
    table["wells"] = inside.sum(0)
    table["donors"] = [len(np.unique(donor[rows])) for rows in inside.T]
    table["nearest_well_mm"] = np.round(wells.least_mm(), 2)
    return table


def held_out_table(
    labels: tuple[int, ...], wells: RegionWells, residuals: Residuals, genes: list[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Residuals of held-out wells by region and gene; and where those wells lie.

    Args:
        labels: 0 and the L labels.
        wells: The same N wells as the residuals.
        residuals: Of the wells that were held out.
        genes: G symbols.

    Returns:
        A row a region and gene: label, gene, where (in, near), wells, folds, bias (mean
        residual) and rmse; and L of in, near, none.
    """
    import pandas as pd

    parts, where = [], []
    for row, label in enumerate(labels[1:]):
        place, rows = _speakers(wells, residuals, row)
        where.append(place)
        if place == NONE:
            continue
        residual = residuals.residual[rows].astype(np.float64)
        columns = {"label": label, "gene": genes, "where": place, "wells": len(rows)}
        columns |= {
            "folds": len(np.unique(residuals.fold[rows])),
            "bias": residual.mean(0),
            "rmse": np.sqrt((residual**2).mean(0)),
        }
        parts.append(pd.DataFrame(columns))
    return (pd.concat(parts, ignore_index=True) if parts else no_held_out()), where


def no_held_out() -> pd.DataFrame:
    """The table of held-out residuals where there are none."""
    import pandas as pd

    return pd.DataFrame()


def _speakers(
    wells: RegionWells, residuals: Residuals, row: int
) -> tuple[str, np.ndarray]:
    """Where the wells lie that speak of a region, and their rows."""
    near = wells.distance_mm[:, row] <= residuals.reach_mm
    for place, rows in ((IN, wells.inside[:, row]), (NEAR, near)):
        folds = len(np.unique(residuals.fold[rows]))
        if rows.sum() >= ENOUGH_WELLS and folds >= ENOUGH_DONORS:
            return place, np.flatnonzero(rows)
    return NONE, np.zeros(0, int)


def write_tables(folder: Path, name: str, tables: RegionTables) -> None:
    """Write NAME.csv, .parquet, NAME_sd.csv, _regions.csv, _held_out.csv and .json.

    Raises:
        InputError: A file cannot be written.
    """
    for ending, table in (("", tables.mean), ("_sd", tables.sd)):
        text = table.rename(columns=neutral).to_csv(float_format="%.8g")
        write_text(folder / f"{name}{ending}.csv", text)
        write_bytes(folder / f"{name}{ending}.parquet", table.to_parquet())
    regions = tables.regions.map(neutral).to_csv(float_format="%.6g")
    write_text(folder / f"{name}_regions.csv", regions)
    held_out = folder / f"{name}_held_out.csv"
    if len(tables.held_out):
        rows = tables.held_out.map(neutral)
        write_text(held_out, rows.to_csv(index=False, float_format="%.6g"))
    else:
        held_out.unlink(missing_ok=True)  # of another evaluation
    write_json(folder / f"{name}.json", tables.notes)
