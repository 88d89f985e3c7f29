"""Tables of regions by abagen: labels x genes.

Axis letters: L labels, G genes.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inr_jax.brain import atlas as brain_atlas
from inr_jax.brain.atlas_tables import OF_ABAGEN
from inr_jax.brain.label_images import LabelImage
from inr_jax.errors import InputError
from inr_jax.files import write_bytes
from inr_jax.files.stored_frames import frame_bytes, read_frame
from inr_jax.samples.ahba.abagen import borrowed
from inr_jax.samples.ahba.cache import Atlas
from inr_jax.samples.ahba.options import CORRECTED, OF_REGIONS, AbagenOptions

if TYPE_CHECKING:
    import pandas as pd


def read_labels(atlas: str, atlas_info: str = "") -> LabelImage:
    """A label image that abagen can use.

    Args:
        atlas: "desikan_killiany" or a NIfTI file of whole numbers on MNI mm.
        atlas_info: A CSV with id, label, hemisphere (L, R, B) and structure (cortex,
            subcortex/brainstem, cerebellum, white matter, other), as abagen's.

    Raises:
        InputError: One of the files is missing or is no such thing, or the axes of
            the grid are not those of space.
    """
    if atlas != brain_atlas.DESIKAN_KILLIANY and not atlas_info:
        raise InputError(
            "config.compare.atlas_info",
            expected=f"a CSV with {', '.join(OF_ABAGEN)} for {atlas}",
            found="none",
            fix="samples are matched to regions of their own side and structure; "
            "write such a table",
        )
    path, table = brain_atlas.atlas_files(atlas, atlas_info)
    labels = brain_atlas.read_labels(path, table, whole=True)
    # abagen takes the axes of the grid for those of space (matching.AtlasTree).
    turned = abs(labels.grid.affine[:3, :3])
    if ((turned > 1e-6 * turned.max()).sum(0) != 1).any():
        expected = "a label image on a grid along the axes of MNI mm"
        fix = "resample it to MNI152 space"
        raise InputError(path, expected=expected, found="an oblique grid", fix=fix)
    return labels


def abagen_tables(
    atlas: Atlas, labels: LabelImage, genes: list[str]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """abagen.get_expression_data on the atlas's files, with the atlas's options.

    All genes take part in its normalisation; the table of all is kept beside the
    preprocessed atlas for the next time.

    Returns:
        `(L, G)` over all donors; and donor to `(L, G)`, empty where the options pool
        samples. NaN for a region without a value.
    """
    import pandas as pd

    path = _regions_path(atlas, labels)
    try:
        tables = read_frame(path)
    except (OSError, ValueError):  # not made yet, or damaged
        tables = _abagen(atlas, labels)
        write_bytes(path, frame_bytes(tables))
    picked = tables.reindex(genes)
    by_donor = {
        donor: picked[[f"{donor} {label}" for label in labels.labels[1:]]].to_numpy().T
        for donor in dict.fromkeys(name.split()[0] for name in tables.columns)
    }
    if "all" in by_donor:
        return by_donor["all"], {}
    stack = pd.concat([pd.DataFrame(table) for table in by_donor.values()])
    return stack.groupby(level=0).agg(atlas.options.agg_metric).to_numpy(), by_donor


def _abagen(atlas: Atlas, labels: LabelImage) -> pd.DataFrame:
    """A row a gene, a column for each donor (or "all") and label."""
    import pandas as pd

    place = atlas.coordinates.stand_in()
    pooled = atlas.options.region_agg == "samples"
    with borrowed(files=atlas.files, update_coords=place) as abagen:
        tables = abagen.get_expression_data(
            str(labels.path),
            labels.table().reset_index(),
            **abagen_keywords(atlas.options),
            return_donors=not pooled,
            verbose=1,
        )
    tables = {"all": tables} if pooled else tables
    for donor, table in tables.items():
        table = table.reindex(list(labels.labels[1:])).T
        table.columns = [f"{donor} {label}" for label in table.columns]
        tables[donor] = table
    return pd.concat(tables.values(), axis=1).astype(float)


def abagen_keywords(options: AbagenOptions) -> dict[str, object]:
    """The options as abagen.get_expression_data takes them."""
    given = options._asdict()
    # The coordinates themselves come in through `borrowed`; this is for the report.
    given["corrected_mni"] = given.pop("coordinates") == CORRECTED
    empty = ("sim_threshold", "lr_mirror", "missing", "sample_norm", "gene_norm")
    return given | {name: given[name] or None for name in empty}


def _regions_path(atlas: Atlas, labels: LabelImage) -> Path:
    given = {name: getattr(atlas.options, name) for name in OF_REGIONS}
    digest = hashlib.sha256(json.dumps(given, sort_keys=True).encode())
    digest.update(labels.path.read_bytes() if labels.path else b"")
    digest.update(labels.table().to_csv().encode())
    return atlas.path.with_suffix(f".regions-{digest.hexdigest()[:12]}.parquet")
