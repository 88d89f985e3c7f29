"""The Allen Human Brain Atlas as downloaded, preprocessed by abagen's functions.

Values are normalised over all genes, then the wanted ones are picked, so that a
gene's values do not depend on the company it is asked for in.
"""

from __future__ import annotations

import logging
from pathlib import Path

from inr_jax.errors import InputError, shortlist
from inr_jax.samples.ahba.cache import Atlas, open_atlas
from inr_jax.samples.ahba.dropped_genes import missing_genes
from inr_jax.samples.ahba.folders import present
from inr_jax.samples.ahba.options import AUTO, abagen_options
from inr_jax.samples.checks import pick_genes
from inr_jax.samples.samples import make_samples
from inr_jax.samples.source import Source, counts

log = logging.getLogger("inr_jax")


def fits(path: Path) -> bool:
    """Whether the files of a donor lie in a folder, a zip, or up to two below."""
    return bool(present(path))


def load(
    path: str | Path,
    *,
    genes: tuple[str, ...] = (),
    skip_absent: bool = False,
    wells: str | Path = "",
    **options: object,
) -> Source:
    """Read the atlas.

    Args:
        path: Its folder or a zip; "" looks where abagen keeps its data.
        genes: Symbols to keep; none keeps all.
        skip_absent: Whether to go on without wanted genes that are not in the data.
        wells: A folder with a table of the atlas's wells; "" looks into the cache.
        **options: Fields of `AbagenOptions` that are not as they are by default;
            coordinates are "auto" where not given.

    Returns:
        A `Source`; donors in numerical order, genes in alphabetical order, mirrored
        copies marked. A structure is named by its acronym, the same on both sides.

    Raises:
        InputError: As `open_atlas`, or a wanted gene is not in the data.
    """
    chosen = abagen_options(**({"coordinates": AUTO} | options))
    return from_atlas(open_atlas(path, chosen, wells), genes, skip_absent)


def from_atlas(atlas: Atlas, genes: tuple[str, ...], skip_absent: bool) -> Source:
    """The source that an opened atlas makes; see `load`."""
    absent = missing_genes(atlas, genes) if genes else {}
    wanted = [gene for gene in genes if gene not in absent]
    warnings = _warnings(absent, genes, skip_absent and bool(wanted))
    kept = pick_genes(atlas.genes, wanted, "config.source.genes")
    rows = atlas.samples
    samples = make_samples(
        x_mm=rows[["mni_x", "mni_y", "mni_z"]].to_numpy(),
        values=atlas.values(kept),
        genes=kept,
        where=atlas.path,
        well=rows.well_id.to_numpy(),
        donor=rows.donor.tolist(),
        structure=rows.structure_acronym.tolist(),
        parent=rows.top_level.tolist(),
        mirrored=rows.mirrored.to_numpy(),
    )
    notes = {
        "warnings": warnings,
        **counts(samples),
        "options": atlas.options._asdict(),
        "filters": atlas.counts,
        "genes_absent": absent,
        "n_mirrored": int(rows.mirrored.sum()),
        "value_is": "one sample's, normalised by abagen's functions",
    }
    return Source(samples, atlas.sums, atlas.coordinates.name, notes)


def _warnings(absent: dict[str, str], genes: tuple[str, ...], go_on: bool) -> list[str]:
    """Sentences on the genes that are not there; an error where they are needed."""
    if not absent:
        return []
    reasons = shortlist(f"{gene}: {why}" for gene, why in absent.items())
    if not go_on:
        raise InputError(
            "config.source.genes",
            expected="genes that the filters keep",
            found=f"{len(absent)} of {len(genes)} that are not there ({reasons})",
            fix="leave them out or change what drops them; "
            f"inr-jax genes --why={next(iter(absent))} says more",
        )
    warning = f"{len(absent)} of {len(genes)} genes are not in the data ({reasons})"
    log.warning("ahba: %s", warning)
    return [warning]
