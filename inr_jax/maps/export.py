"""Maps of a store in other formats: NIfTI, and tables of regions.

Axis letters: V voxels, L regions, G genes. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inr_jax.brain.label_images import LabelImage, region_at
from inr_jax.errors import InputError
from inr_jax.files import make_folder, neutral, write_bytes, write_text
from inr_jax.maps.gene_batches import Block, block_size
from inr_jax.maps.lookup import Store
from inr_jax.maps.write import write_blocks
from inr_jax.samples.gene_table import entrez_of

if TYPE_CHECKING:
    import pandas as pd

FIX = "check that the workdir is yours"


def blocks_of_store(
    store: Store, columns: list[int], *, size: int = 0
) -> Iterator[Block]:
    """Mean and std of some genes at all voxels, a block of genes after the other.

    Args:
        store: The maps.
        columns: The genes; blocks number them in this order.
        size: Genes of a block; 0 takes as many as fit the budget.
    """
    size = block_size(int(store.canvas.mask.sum()), len(columns), size)
    for first in range(0, len(columns), size):
        part = columns[first : first + size]
        mean, std = store.maps.genes(part, std=store.told.std_sidecar is not None)
        yield Block(slice(first, first + len(part)), mean, mean if std is None else std)


def export_nifti(store: Store, folder: Path, columns: list[int]) -> None:
    """Write maps of some genes as the stage `render` does."""
    make_folder(folder, fix=FIX)
    sidecars = [store.told.sidecar_of(column) for column in columns]
    blocks = blocks_of_store(store, columns)
    std = store.told.std_sidecar
    write_blocks(folder, store.canvas, sidecars, blocks, std_sidecar=std)


def region_tables(
    store: Store, labels: LabelImage, columns: list[int]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Means over regions, and what regions and genes are.

    Args:
        store: The maps.
        labels: L regions.
        columns: The genes.

    Returns:
        Regions x genes, index `label`, NaN for a region without a voxel; a row a
        region with its name, hemisphere and structure where known, voxels and centre
        in MNI mm; a row a gene with its Entrez id, "" where that is not known, and its
        held-out scores.
    """
    import pandas as pd

    x_mm = store.canvas.grid.points_mm(store.canvas.mask)
    ids = np.arange(1, len(labels.names))
    label = region_at(labels, x_mm)
    genes = pd.Index([store.genes[column] for column in columns], name="gene_symbol")
    means = store.maps.region_means(label, ids)[:, columns]
    info = labels.table()
    centres = np.full((len(ids), 3), np.nan)
    for row, region in enumerate(ids):
        if (label == region).any():
            centres[row] = x_mm[label == region].mean(0)
    info = info.assign(voxels=np.bincount(label, minlength=len(ids) + 1)[ids])
    info[["x_mm", "y_mm", "z_mm"]] = centres
    of_genes = {
        "entrez": list(entrez_of(genes).values()),
        "held_out_r": [store.told.r[column] for column in columns],
        "held_out_r2": [store.told.r2[column] for column in columns],
    }
    index = pd.Index(info.index, name="label")  # as abagen's tables
    table = pd.DataFrame(means, index=index, columns=genes)
    told = pd.DataFrame(of_genes, index=genes)
    return table, info, told.astype({"held_out_r": float, "held_out_r2": float})


def h5ad_bytes(
    table: pd.DataFrame, info: pd.DataFrame, genes: pd.DataFrame, told: dict
) -> bytes:
    """Tables of `region_tables` as AnnData: regions are obs, genes are var.

    Raises:
        InputError: anndata is not installed.
    """
    try:
        import anndata
    except ImportError as error:
        fix = "pip install 'inr_jax[h5ad]', or take --format=parquet"
        raise InputError(
            "--format=h5ad", expected="anndata", found="none", fix=fix
        ) from error
    import tempfile

    obs = info.set_axis(info.index.astype(str))
    data = anndata.AnnData(
        X=table.to_numpy(np.float32),
        obs=obs.drop(columns=["x_mm", "y_mm", "z_mm"]),
        var=genes,
        obsm={"spatial": info[["x_mm", "y_mm", "z_mm"]].to_numpy()},
        uns={key: value for key, value in told.items() if value is not None},
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "regions.h5ad"
        data.write_h5ad(path)
        return path.read_bytes()


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """A table as Parquet."""
    data = io.BytesIO()
    table.to_parquet(data)
    return data.getvalue()


def export_regions(
    store: Store, labels: LabelImage, columns: list[int], stem: Path, *, h5ad: bool
) -> Path:
    """Write means over regions as STEM.parquet, with STEM.names.csv, or STEM.h5ad.

    Raises:
        InputError: A file cannot be written, or anndata is not installed.
    """
    table, info, genes = region_tables(store, labels, columns)
    make_folder(stem.parent, fix=FIX)
    if h5ad:
        path = stem.with_name(f"{stem.name}.h5ad")
        write_bytes(path, h5ad_bytes(table, info, genes, store.told.sidecar))
        return path
    path = stem.with_name(f"{stem.name}.parquet")
    write_bytes(path, parquet_bytes(table))
    names = stem.with_name(f"{stem.name}.names.csv")
    write_text(names, info.map(neutral).to_csv())
    return path
