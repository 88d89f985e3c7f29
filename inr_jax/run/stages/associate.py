"""The stage `associate`: which genes go with a user's map."""

from __future__ import annotations

import functools
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inr_jax.errors import InputError, printable
from inr_jax.files.cell_text import listed
from inr_jax.files.reading import user_path
from inr_jax.report import association as pictures
from inr_jax.report import tables
from inr_jax.run.association import (
    Asked,
    Compared,
    as_frame,
    begin,
    compare,
    compare_regions,
    curves_of,
    describe_nulls,
    finish,
    labels_of,
    make_stage,
    no_atlas,
    numbered,
    printed,
    read_maps,
    sets_frame,
    write_tables,
)
from inr_jax.run.consistency import read_scores_of
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.images import blocks_of
from inr_jax.run.provenance import timed
from inr_jax.run.run import Run
from inr_jax.run.stages.render import expression_model
from inr_jax.run.surface_maps import surface_of
from inr_jax.run.wells import has_values
from inr_jax.samples.gene_sets import GeneSets, entrez_of_export, read_gene_sets
from inr_jax.samples.region_values import read_region_values

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("inr_jax")
BEST = 3  # genes that are drawn


def associate_stage(
    run: Run,
    map: str | None = None,
    *,
    table: str | None = None,
    mask: str | None = None,
    zeros: str | None = None,
    atlas: str | None = None,
    atlas_info: str | None = None,
    genesets: str | None = None,
) -> None:
    """Compare maps with all genes of a run; a folder in `associate/` for each.

    Args:
        run: With the checkpoint of the model.
        map: Paths of NIfTI images in MNI mm, or of GIFTI files of values of the
            vertices of `render.surface`, comma separated.
        table: A CSV of values of regions of the atlas, a map a column.
        mask: A NIfTI mask; where maps are looked at.
        zeros: What zeros mean: "auto", "values" or "outside".
        atlas: A NIfTI of labels of regions; the Desikan-Killiany atlas where absent.
        atlas_info: Its table.
        genesets: A GMT of symbols, or of Entrez ids where the source has them.

    Raises:
        InputError: No map, a bad one, a bad GMT, or no checkpoint.
        KeyboardInterrupt: It was stopped; what was done by then is written.
    """
    paths = listed(map)
    if not paths and not table:
        fix = "as --map=PET.nii.gz, or --table=REGIONS.csv"
        raise InputError("--map", expected="a NIfTI in MNI mm", found="none", fix=fix)
    cortex = functools.partial(surface_of, run.config)
    maps = read_maps(paths, cortex, mask=mask or "", zeros=zeros or "auto")
    asked, genes = asked_of(run, atlas, atlas_info), run.source.samples.genes
    sets = (
        read_gene_sets(user_path(genesets), genes, _entrez(run)) if genesets else None
    )
    labels = labels_of(asked)
    columns = {}
    if table:
        if labels is None:
            raise no_atlas()
        columns = read_region_values(user_path(table), labels)
    with timed(run.workdir, "associate"):
        model, samples = expression_model(run), run.source.samples
        scenery = make_stage(model, samples, run.canvas, asked, labels)
        names = [value_map.name for value_map in maps]
        folders = _folders(run, [*names, *columns])
        leave = functools.partial(_leave, run, model, asked=asked, sets=sets)
        for value_map in maps:
            log.info("%s: %s", value_map.name, value_map.rule)
            compared = compare(scenery, value_map, asked, sets)
            leave(compared, folders.pop(0))
        for name, values in columns.items():
            compared = compare_regions(scenery, name, values, asked, sets)
            leave(compared, folders.pop(0))


def _leave(
    run: Run,
    model: ExpressionModel,
    compared: Compared,
    folder: Path,
    *,
    asked: Asked,
    sets: GeneSets | None,
) -> None:
    """Write and print what a map comes to.

    Raises:
        KeyboardInterrupt: Fewer null maps were done than were asked for.
    """
    frame = as_frame(compared, run.source.samples.genes, _scores(run), _entrez(run))
    by_set = sets_frame(compared, sets) if sets else None
    nulls = describe_nulls(compared, asked)
    begin(folder, fix="check the workdir")
    write_tables(folder, frame, nulls, by_set)
    pictures.draw_variograms(folder / "variogram.png", curves_of(compared))
    _draw_best(model, compared, frame, folder)
    finish(folder, nulls)
    print(printable_lines(printed(frame, compared, by_set)), flush=True)
    log.info("associations of %d genes in %s", len(frame), folder)
    done = compared.levels[compared.main].tally.done
    if done < asked.nulls:
        raise KeyboardInterrupt(f"stopped; {done} null maps are in {folder}")


def _draw_best(
    model: ExpressionModel, compared: Compared, frame: pd.DataFrame, folder: Path
) -> None:
    """The genes of least p beside an image; nothing for a table of regions."""
    if compared.x_mm is None:
        return
    best = frame.nsmallest(BEST, "p_tail")
    x_mm = compared.x_mm.astype(np.float32)
    (block,) = blocks_of(model.drawable, x_mm, list(best.index), size=len(best))
    genes = [
        pictures.Pair(row.gene, values, f"r = {row.r_voxel:.2f}, p = {row.p_null:.2g}")
        for (_, row), values in zip(best.iterrows(), block.mean.T, strict=True)
    ]
    path = folder / "best_genes.png"
    pictures.draw_best(path, compared.name, x_mm, compared.y, genes)


def _entrez(run: Run) -> dict[str, str]:
    """Entrez ids of the genes, where the source has them and is at hand."""
    source = run.config.source
    if source.name != "allen_export" or not has_values(run.source):
        return {}
    return entrez_of_export(source.path)


def _scores(run: Run) -> dict[str, dict]:
    """Held-out scores by gene."""
    drawn = run.drawn == "structure"
    return tables.of_maps(read_scores_of(run.workdir), sees_structures=drawn)[1]


def asked_of(run: Run, atlas: str | None, atlas_info: str | None) -> Asked:
    """How to compare, by the settings and the flags."""
    asked = Asked(**run.config.associate.to_dict())
    if atlas is None:
        return asked
    if not atlas_info:
        expected, fix = f"the table of {atlas}", "give --atlas_info=TABLE.csv"
        raise InputError("--atlas_info", expected=expected, found="none", fix=fix)
    return asked._replace(atlas=atlas, atlas_info=atlas_info)


def _folders(run: Run, names: list[str]) -> list[Path]:
    """A folder for each map, by its name; of equal names the later get a number."""
    plain = [re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-") for text in names]
    unique = numbered([name or "map" for name in plain])
    return [run.workdir.associate / name for name in unique]


def printable_lines(text: str) -> str:
    """Lines whose control characters are written out."""
    return "\n".join(map(printable, text.split("\n")))
