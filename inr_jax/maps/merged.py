"""Stores of shards of the genes as one store: each gene from the shard that has it.

    store.json          kind "merged", how many shards, names of genes in their order
    shards/001/...      the store of a shard; features that are alike are one file,
                        linked, so that they take their place on a disk once

Axis letters: V voxels, G genes, K some of them, L regions.
"""

from __future__ import annotations

import contextlib
import filecmp
import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from inr_jax.errors import InputError
from inr_jax.files import make_folder, whole_file, write_json
from inr_jax.files.stored import signed
from inr_jax.maps.bids import gene_desc
from inr_jax.maps.factored import Factored
from inr_jax.maps.store import FORMAT, Told

FIX = "merge again into a new folder"


class Merged(NamedTuple):
    """Maps of G genes in several stores of the same voxels.

    Attributes:
        parts: Maps of each shard; gene g is g // n of shard g % n.
    """

    parts: tuple[Factored, ...]

    def genes(
        self, columns: Sequence[int], *, std: bool = True
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Mean and standard deviation `(V, K)` of the genes in `columns`."""
        rows, count = np.asarray(columns), len(self.parts)
        voxels = len(self.parts[0].row)
        mean = np.empty((voxels, len(rows)), np.float32)
        sd = np.empty_like(mean) if std else None
        for number in np.unique(rows % count):
            at = rows % count == number
            values, spread = self.parts[number].genes(rows[at] // count, std=std)
            mean[:, at] = values
            if sd is not None and spread is not None:
                sd[:, at] = spread
        return mean, sd

    def voxel(self, voxel: int) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation `(G,)` at one of the V voxels."""
        mean, sd = zip(*(part.voxel(voxel) for part in self.parts), strict=True)
        return woven(list(mean)), woven(list(sd))

    def region_means(self, label: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """Mean over the voxels of each region, of every gene, `(L, G)` float64."""
        return woven([p.region_means(label, ids).T for p in self.parts]).T


def woven(parts: list[np.ndarray]) -> np.ndarray:
    """Rows of n shards, `(G_k, ...)` each, in the order of all genes `(G, ...)`."""
    total, count = sum(map(len, parts)), len(parts)
    whole = np.empty((total, *parts[0].shape[1:]), parts[0].dtype)
    for number, part in enumerate(parts):
        whole[number::count] = part
    return whole


def join_told(parts: list[Told]) -> Told:
    """What is said of the maps of all shards, in the order of all genes."""

    def joined(key: str) -> tuple:
        return tuple(woven([np.array(getattr(p, key), object) for p in parts]))

    genes, made = joined("genes"), "".join(part.made_from for part in parts)
    return parts[0]._replace(
        genes=genes,
        desc=tuple(gene_desc(genes).values()),  # of a shard alone two could be alike
        r=joined("r"),
        r2=joined("r2"),
        made_from=hashlib.sha256(made.encode()).hexdigest(),
    )


def merge_stores(folder: Path, sources: list[Path]) -> None:
    """Copy the stores of shards into one folder; whole files stay where they are.

    Raises:
        InputError: A file cannot be written.
    """
    for number, source in enumerate(sources):
        target = _part(folder, number)
        make_folder(target / "features", fix="check that the workdir is yours")
        try:
            for path in (*sorted(source.rglob("*.np[yz]")), source / "store.json"):
                _put(path, target / path.relative_to(source), _part(folder, 0))
        except OSError as error:
            found = error.strerror or str(error)
            fix = "free some space and run again"
            raise InputError(target, expected="room", found=found, fix=fix) from error
    head = {"format": FORMAT, "kind": "merged", "shards": len(sources)}
    write_json(folder / "store.json", signed(head))


def _part(folder: Path, number: int) -> Path:
    return folder / "shards" / f"{number + 1:03d}"


def _put(path: Path, target: Path, first: Path) -> None:
    """Copy a file; or link it to the first shard's, where that is the same."""
    if target.exists() and filecmp.cmp(path, target, shallow=False):
        return
    same = first / target.relative_to(target.parents[1])
    alike = target.parent.name == "features" and same != target and same.exists()
    with whole_file(target, path.stat().st_size) as temporary:
        if alike and filecmp.cmp(path, same, shallow=False):
            with contextlib.suppress(OSError):  # of file systems without links
                os.link(same, temporary)
        if not temporary.exists():
            shutil.copyfile(path, temporary)


def part_folders(folder: Path, count: int) -> list[Path]:
    """The stores of all shards in a merged one.

    Raises:
        InputError: One is missing.
    """
    folders = [_part(folder, number) for number in range(count)]
    for path in folders:
        if not (path / "store.json").exists():
            raise InputError(path, expected="a shard", found="none", fix=FIX)
    return folders
