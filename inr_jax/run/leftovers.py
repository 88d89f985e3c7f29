"""What killed writers leave in a workdir, and how it goes."""

from __future__ import annotations

import functools
import re

from inr_jax.files import remove_temporary
from inr_jax.run.workdir import LOCK, Workdir

# Final names that we write, as patterns.
OURS = (
    r"(config|provenance|summary|sweep|made_from)\.json|methods\.md|references\.bib"
    r"|report\.html"
    r"|(scores|losses|adapted|sweep|crosswalk|phantom_uncertainty|dropped_genes)\.csv"
    r"|(abagen_comparison|donor_comparison)\.csv|abagen_report\.md"
    r"|(wells|calibration|calibration_structure|group\d+_without[\d-]+"
    r"|fold-[0-9a-f]{16})\.npz"
    r"|(held_out|latents)\.parquet|latents\.npz"
)
FOLDERS = r"checkpoints(_structure)?|maps|figures|regions|surfaces|store|export|sweep"
FOLDERS += r"|associate|evaluating"
MAPS = (
    r"source-(inrjax|phantom)_desc-[A-Za-z0-9]+_.*\.(nii\.gz|json)"
    r"|dataset_description\.json|\.bidsignore"
)
PICTURES = r"[a-z_]+.*\.(png|svg|gif)"
TABLES = r".*\.(func\.gii|csv|parquet|json)"  # of surfaces/ and regions/
EXPORTED = r"regions\.(parquet|names\.csv|h5ad)"
ASSOCIATED = (
    r"(genesets|associations)\.csv|ranked\.rnk|background\.txt|nulls\.json"
    r"|methods\.md|(variogram|best_genes)\.png"
)
STORED = r"(voxels|genes)\.npz|store\.json|\d{4}\.npy"


def remove_leftovers(workdir: Workdir) -> None:
    """Delete what killed writers left of our own files; nobody else's."""
    export, store = workdir.root / "export", workdir.store
    ours = [
        (workdir.root, OURS),
        (workdir.maps, MAPS),
        (workdir.surfaces, TABLES),
        (workdir.regions, TABLES),
        (workdir.figures, PICTURES),
        *((folder, OURS) for folder in (workdir.sweep, workdir.evaluating)),
        (export, EXPORTED),
        (export / "maps.zarr", r"zarr\.json"),
        *((folder, ASSOCIATED) for folder in workdir.associate.glob("*")),
        *((folder, STORED) for folder in (store, store / "features")),
        *((folder, STORED) for folder in store.glob("shards/*")),
        *((folder, STORED) for folder in store.glob("shards/*/features")),
    ]
    for folder, names in ours:
        remove_temporary(folder, functools.partial(_matches, re.compile(names)))


def _matches(pattern: re.Pattern[str], name: str) -> bool:
    return bool(pattern.fullmatch(name))


def is_of_a_run(workdir: Workdir) -> bool:
    """Whether a folder holds what a run left, if only a part of it; or nothing."""
    names = {path.name for path in workdir.root.iterdir()}
    known = re.compile(rf"{OURS}|{FOLDERS}|\.({OURS})\.\d+\.tmp")
    begun = LOCK in names and all(known.fullmatch(name) for name in names - {LOCK})
    return not names or begun or workdir.wells.name in names
