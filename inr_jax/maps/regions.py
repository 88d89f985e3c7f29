"""Tables of regions: labels x genes, from a map and a label image.

Axis letters: V voxels, L labels, G genes. Frames: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inr_jax.files import neutral, write_bytes, write_text
from inr_jax.files.stored_frames import frame_bytes

if TYPE_CHECKING:
    import pandas as pd


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
    import pandas as pd

    inside = np.isin(label, ids)
    regions = pd.DataFrame(values[inside], dtype=np.float64).groupby(label[inside])
    means = regions.mean().reindex(ids).to_numpy()
    return means, regions.size().reindex(ids, fill_value=0).to_numpy()


def write_table(
    stem: Path, values: np.ndarray, genes: list[str], info: pd.DataFrame
) -> None:
    """Write a table in abagen's shape: index `label`, a column a gene.

    Writes STEM.csv and STEM.parquet, and STEM.names.csv with the regions' names.

    Args:
        stem: The files' path without an ending.
        values: `(L, G)`.
        genes: G symbols.
        info: L rows by id, as `LabelImage.table`.

    Raises:
        InputError: A file cannot be written.
    """
    import pandas as pd

    index = pd.Index(info.index, name="label")
    table = pd.DataFrame(
        values, index=index, columns=pd.Index(genes, name="gene_symbol")
    )
    text = table.rename(columns=neutral).to_csv(float_format="%.8g")
    write_text(stem.with_name(f"{stem.name}.csv"), text)
    write_bytes(stem.with_name(f"{stem.name}.parquet"), frame_bytes(table))
    names = info.map(neutral).rename_axis("id").to_csv()
    write_text(stem.with_name(f"{stem.name}.names.csv"), names)
