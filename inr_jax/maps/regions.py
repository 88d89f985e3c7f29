"""Tables of regions: labels x genes, from a map and a label image or of others.

Axis letters: V voxels, L labels, G genes. Frames: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inr_jax.files import write_bytes, write_text


def region_means(
    values: np.ndarray, label: np.ndarray, ids: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Means of a map over the voxels of each region.

    Args:
        values: `(V, G)`.
        label: `(V,)` labels of the voxels; others than `ids` do not count.
        ids: `(L,)` labels, ascending.

    Returns:
        `(L, G)` float64, NaN for a region without a voxel, and `(L,)` counts.
    """
    row = np.searchsorted(ids, label)
    row = np.where(np.append(ids, -1)[row] == label, row, len(ids))
    order = np.argsort(row, kind="stable")
    counts = np.bincount(row, minlength=len(ids) + 1)[: len(ids)]
    ends = np.cumsum(counts)
    means = np.full((len(ids), values.shape[1]), np.nan)
    for region, (end, count) in enumerate(zip(ends, counts, strict=True)):
        if count:
            voxels = order[end - count : end]
            means[region] = values[voxels].mean(0, dtype=np.float64)
    return means, counts


def write_table(stem: Path, values: np.ndarray, genes: list[str], info) -> None:
    """Write a table in abagen's shape: index `label`, a column a gene.

    Writes STEM.csv and STEM.parquet, and STEM.names.csv with the regions' names.
    """
    import pandas as pd

    index = pd.Index(info.index, name="label")
    table = pd.DataFrame(
        values, index=index, columns=pd.Index(genes, name="gene_symbol")
    )
    write_text(stem.with_name(f"{stem.name}.csv"), table.to_csv(float_format="%.8g"))
    write_bytes(stem.with_name(f"{stem.name}.parquet"), table.to_parquet())
    names = info.rename_axis("id").to_csv()
    write_text(stem.with_name(f"{stem.name}.names.csv"), names)
