"""What killed writers leave in a workdir, and how it goes."""

from __future__ import annotations

import re

from inr_jax.files import remove_temporary
from inr_jax.run.workdir import Workdir

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
MAPS = r"source-(inrjax|phantom)_desc-[A-Za-z0-9]+_.*\.(nii\.gz|json)$"
PICTURES = r"[a-z_]+.*\.(png|svg|gif)$"
TABLES = (".func.gii", ".csv", ".parquet", ".json")  # of surfaces/ and regions/


def remove_leftovers(workdir: Workdir) -> None:
    """Delete what killed writers left of our own files; nobody else's."""
    remove_temporary(workdir.root, _is_ours)
    remove_temporary(workdir.maps, lambda name: bool(re.match(MAPS, name)))
    for folder in (workdir.surfaces, workdir.regions):
        remove_temporary(folder, lambda name: name.endswith(TABLES))
    remove_temporary(workdir.figures, lambda name: bool(re.match(PICTURES, name)))
    for folder in (workdir.sweep, workdir.evaluating):
        remove_temporary(folder, _is_ours)


def _is_ours(name: str) -> bool:
    return bool(re.fullmatch(OURS, name))
