"""Tables of regions: labels x genes, from a map and a label image or by abagen.

Axis letters: V voxels, L labels, G genes. Frames: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inr_jax.brain.parcellation import Labels
from inr_jax.files import write_bytes
from inr_jax.samples.ahba.abagen import borrowed
from inr_jax.samples.ahba.cache import Atlas
from inr_jax.samples.ahba.options import CORRECTED, OF_REGIONS, AbagenOptions

if TYPE_CHECKING:
    import pandas as pd


def abagen_tables(
    atlas: Atlas, labels: Labels, genes: list[str]
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
    if path.exists():
        tables = pd.read_parquet(path)
    else:
        tables = _abagen(atlas, labels)
        write_bytes(path, tables.to_parquet())
    picked = tables.reindex(genes)
    by_donor = {
        donor: picked[[f"{donor} {label}" for label in labels.info.index]].to_numpy().T
        for donor in dict.fromkeys(name.split()[0] for name in tables.columns)
    }
    if "all" in by_donor:
        return by_donor["all"], {}
    stack = pd.concat([pd.DataFrame(table) for table in by_donor.values()])
    return stack.groupby(level=0).agg(atlas.options.agg_metric).to_numpy(), by_donor


def _abagen(atlas: Atlas, labels: Labels) -> pd.DataFrame:
    """A row a gene, a column for each donor (or "all") and label."""
    import pandas as pd

    place = atlas.coordinates.stand_in()
    pooled = atlas.options.region_agg == "samples"
    with borrowed(files=atlas.files, update_coords=place) as abagen:
        tables = abagen.get_expression_data(
            str(labels.path),
            labels.info.reset_index(),
            **abagen_keywords(atlas.options),
            return_donors=not pooled,
            verbose=1,
        )
    tables = {"all": tables} if pooled else tables
    for donor, table in tables.items():
        table = table.reindex(labels.info.index).T
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


def _regions_path(atlas: Atlas, labels: Labels) -> Path:
    given = {name: getattr(atlas.options, name) for name in OF_REGIONS}
    digest = hashlib.sha256(json.dumps(given, sort_keys=True).encode())
    digest.update(labels.path.read_bytes())
    digest.update(labels.info.to_csv().encode())
    return atlas.path.with_suffix(f".regions-{digest.hexdigest()[:12]}.parquet")
