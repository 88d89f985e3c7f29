"""The stage `associate`: which genes go with a user's map."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from inr_jax.brain.value_maps import read_value_map
from inr_jax.errors import InputError, printable
from inr_jax.files.reading import user_path
from inr_jax.files.writing import make_folder
from inr_jax.report import association as pictures
from inr_jax.report import tables
from inr_jax.run.association import Compared, compare
from inr_jax.run.association_stage import Asked, Scenery, make_stage
from inr_jax.run.association_tables import (
    as_frame,
    describe_nulls,
    printed,
    write_tables,
)
from inr_jax.run.consistency import read_scores_of
from inr_jax.run.provenance import timed
from inr_jax.run.run import Run
from inr_jax.run.stages.render import expression_model

log = logging.getLogger("inr_jax")


def associate_stage(
    run: Run,
    map: str | None = None,
    *,
    mask: str | None = None,
    zeros: str | None = None,
    atlas: str | None = None,
    atlas_info: str | None = None,
) -> None:
    """Compare maps with all genes of a run; a folder in `associate/` for each.

    Args:
        run: With the checkpoint of the model.
        map: Paths of NIfTI images in MNI mm, comma separated.
        mask: A NIfTI mask; where maps are looked at.
        zeros: What zeros mean: "auto", "values" or "outside".
        atlas: A NIfTI of labels of regions; the Desikan-Killiany atlas where absent.
        atlas_info: Its table.

    Raises:
        InputError: No map, a bad one, or no checkpoint.
    """
    paths = [name.strip() for name in (map or "").split(",") if name.strip()]
    if not paths:
        fix = "as --map=PET.nii.gz, or several with commas"
        raise InputError("--map", expected="a NIfTI in MNI mm", found="none", fix=fix)
    given = mask or ""
    maps = [
        read_value_map(user_path(path), mask=given, zeros=zeros or "auto")
        for path in paths
    ]
    asked = asked_of(run, atlas, atlas_info)
    with timed(run.workdir, "associate"):
        model = expression_model(run)
        stage = make_stage(model, run.source.samples, run.canvas, asked)
        for value_map, folder in zip(maps, _folders(run, paths), strict=True):
            log.info("%s: %s", value_map.name, value_map.rule)
            _write(run, stage, compare(stage, value_map, asked), folder, asked)


def asked_of(run: Run, atlas: str | None, atlas_info: str | None) -> Asked:
    """How to compare, by the settings and the flags."""
    asked = Asked(**run.config.associate.to_dict())
    if atlas is None:
        return asked
    if not atlas_info:
        expected, fix = f"the table of {atlas}", "give --atlas_info=TABLE.csv"
        raise InputError("--atlas_info", expected=expected, found="none", fix=fix)
    return asked._replace(atlas=atlas, atlas_info=atlas_info)


def _folders(run: Run, paths: list[str]) -> list[Path]:
    """A folder for each map, by its name; of equal names the later get a number."""
    folders: list[Path] = []
    for path in paths:
        name = Path(path).name.removesuffix(".gz").removesuffix(".nii")
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "map"
        folder, number = run.workdir.associate / name, 2
        while folder in folders:
            folder = run.workdir.associate / f"{name}-{number}"
            number += 1
        folders.append(folder)
    return folders


def _write(
    run: Run, stage: Scenery, compared: Compared, folder: Path, asked: Asked
) -> None:
    drawn = run.drawn == "structure"
    _, scores = tables.of_maps(read_scores_of(run.workdir), sees_structures=drawn)
    frame = as_frame(compared, stage.model.genes, scores)
    make_folder(folder, fix="check the workdir")
    main = "r_voxel" if "voxel" in compared.levels else "r_region"
    write_tables(folder, frame, describe_nulls(compared, asked), main)
    pictures.draw_variograms(folder / "variogram.png", _variograms(compared))
    print(printable_lines(printed(frame, compared)), flush=True)
    log.info("associations of %d genes in %s", len(frame), folder)


def printable_lines(text: str) -> str:
    """Lines whose control characters are written out."""
    return "\n".join(map(printable, text.split("\n")))


def _variograms(compared: Compared) -> dict[str, pictures.Curves]:
    model = compared.model
    return {
        name: pictures.Curves(plan.centre_mm, fit.observed, fit.expected, fit.misfit)
        for name, plan, fit in zip(
            compared.ground.strata, model.plans, model.fits, strict=True
        )
    }
