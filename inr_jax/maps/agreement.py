"""Maps against abagen's: gene by gene, over regions, voxels and whole volumes.

Whole volumes are what arXiv 2506.11158 correlates: all voxels of the grid, those
outside the brain being 0 in both maps. Two unrelated maps that share a mask then
agree at r of .9; it is here to be read beside the paper, and is labelled so.
Axis letters: V voxels, L labels, G genes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inr_jax.maps.regions import region_means

if TYPE_CHECKING:
    import pandas as pd

REGION, VOXEL, PAPER, PAPER_REGION = "region", "voxel", "paper", "paper_region"
LABEL = {
    REGION: "means over regions",
    VOXEL: "in-brain voxels",
    PAPER: "whole volume, as in the paper (background included)",
    PAPER_REGION: "whole volume of region means, as in the paper (background included)",
}
COLUMNS = ("baseline", "over", "gene", "n", "r", "mse", "label")
# Mean r and MSE over 99 genes, donor 9861 and 10021 (arXiv 2506.11158, table).
OF_PAPER = {
    ("independent", PAPER): ("per-gene INR", 0.943, 0.0070),
    ("concat", PAPER): ("joint INR", 0.902, 0.0095),
    ("concat", PAPER_REGION): ("joint INR averaged by region", 0.983, 0.0015),
}


def agreement(
    first: np.ndarray, second: np.ndarray, zeros: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pearson's r and mean squared difference, gene by gene.

    Args:
        first: `(V, G)`; rows where either is NaN do not count for that gene.
        second: `(V, G)`.
        zeros: How many rows that are 0 in both to count as well.

    Returns:
        n, r and MSE, `(G,)` each; r is 0 where either is constant.
    """
    n, r, mse = (np.zeros(first.shape[1]) for _ in range(3))
    for gene in range(first.shape[1]):
        x, y = (np.asarray(side[:, gene], np.float64) for side in (first, second))
        both = np.isfinite(x) & np.isfinite(y)
        x, y = x[both], y[both]
        count = n[gene] = len(x) + zeros
        if not count:
            continue
        mx, my = x.sum() / count, y.sum() / count
        dx, dy = x - mx, y - my
        sxy = dx @ dy + zeros * mx * my
        sxx, syy = dx @ dx + zeros * mx**2, dy @ dy + zeros * my**2
        flat = min(sxx, syy) <= 1e-12 * count
        r[gene] = 0.0 if flat else np.clip(sxy / np.sqrt(sxx * syy), -1, 1)
        mse[gene] = ((x - y) ** 2).sum() / count
    return n.astype(int), r, mse


def painted(table: np.ndarray, label: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """A table `(L, G)` as a map: each voxel `(V,)` has its region's values."""
    row = np.searchsorted(ids, label)
    inside = np.append(ids, -1)[row] == label
    padded = np.concatenate([table, np.full((1, table.shape[1]), np.nan)])
    return padded[np.where(inside, row, len(ids))]


def against_map(
    ours: np.ndarray, theirs: np.ndarray, label: np.ndarray, ids: np.ndarray, total: int
) -> dict[str, tuple]:
    """Two maps `(V, G)` on one mask, in a grid of `total` voxels."""
    means, their_means = (region_means(v, label, ids)[0] for v in (ours, theirs))
    return {
        REGION: agreement(means, their_means),
        VOXEL: agreement(ours, theirs),
        PAPER: agreement(ours, theirs, total - len(ours)),
    }


def against_table(
    ours: np.ndarray, table: np.ndarray, label: np.ndarray, ids: np.ndarray, total: int
) -> dict[str, tuple]:
    """A map `(V, G)` and a table `(L, G)`; in volumes, voxels with a label alone."""
    means, _ = region_means(ours, label, ids)
    theirs = painted(table, label, ids)
    inside = np.isin(label, ids)
    ours, theirs = ours[inside], theirs[inside]
    outside = total - len(ours)
    return {
        REGION: agreement(means, table),
        VOXEL: agreement(ours, theirs),
        PAPER: agreement(ours, theirs, outside),
        PAPER_REGION: agreement(painted(means, label[inside], ids), theirs, outside),
    }


def joined(parts: list[dict[str, tuple]]) -> dict[str, tuple]:
    """Agreements of all genes, from those of one block of them after the other."""
    return {
        over: tuple(
            np.concatenate(n) for n in zip(*(p[over] for p in parts), strict=True)
        )
        for over in parts[0]
    }


def rows(
    baseline: str, agreements: dict[str, tuple], genes: tuple[str, ...]
) -> list[dict]:
    """Agreements as rows of abagen_comparison.csv."""
    return [
        dict(zip(COLUMNS, (baseline, over, gene, *numbers, LABEL[over]), strict=True))
        for over, n_r_mse in agreements.items()
        for gene, *numbers in zip(genes, *n_r_mse, strict=True)
    ]


def summarise(lines: list[dict]) -> dict[str, dict[str, dict[str, float]]]:
    """Rows to `{baseline: {over: {r_mean, mse_mean}}}`."""
    groups: dict[str, dict[str, list[dict]]] = {}
    for line in lines:
        groups.setdefault(line["baseline"], {}).setdefault(line["over"], []).append(
            line
        )
    return {
        baseline: {
            over: {
                f"{name}_mean": float(np.mean([line[name] for line in of_kind]))
                for name in ("r", "mse")
            }
            for over, of_kind in kinds.items()
        }
        for baseline, kinds in groups.items()
    }


def donors_table(
    first: np.ndarray, second: np.ndarray, genes: tuple[str, ...], info: pd.DataFrame
) -> list[dict]:
    """Two donors' tables `(L, G)`, gene by gene over regions, region by region."""
    by_gene, by_region = agreement(first, second), agreement(first.T, second.T)
    names = [str(name) for name in info.label]
    tables = [("gene", genes, by_gene), ("region", names, by_region)]
    return [
        {"of": of, "name": name, "n": int(n), "r": float(r), "mse": float(mse)}
        for of, names, numbers in tables
        for name, n, r, mse in zip(names, *numbers, strict=True)
    ]
