"""Each part of a run is made once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from given import SHAPE, oblique, write_image

from inr_jax import cli
from inr_jax.run import build

pytestmark = pytest.mark.usefixtures("quick_compiling")
TINY = [
    "--config.phantom.n_wells=60",
    "--config.phantom.n_genes=2",
    "--config.field.hidden=8",
    "--config.field.depth=1",
    "--config.fit.members=1",
    "--config.fit.steps=10",
    "--config.anatomy.steps=10",
    "--config.anatomy.field_steps=0",
    "--config.anatomy.hidden=8",
]
MADE = ("make_canvas", "make_recipe", "make_structure_recipe", "make_phantom")


@pytest.mark.slow
def test_a_whole_run_makes_its_grid_recipes_and_phantom_once(tmp_path, monkeypatch):
    calls = dict.fromkeys(MADE, 0)
    for name in MADE:
        original = getattr(build, name)

        def counted(*arguments, name=name, original=original, **named):
            calls[name] += 1
            return original(*arguments, **named)

        monkeypatch.setattr(build, name, counted)
    image = write_image(tmp_path / "mask.nii", np.ones(SHAPE), oblique())
    keys = [*TINY, f"--config.render.mask={image}"]
    assert cli.main(["run", f"--workdir={tmp_path}/out", *keys]) == 0
    assert calls == dict.fromkeys(MADE, 1)


@pytest.mark.slow
def test_losses_are_kept_once_when_a_fit_goes_on(tmp_path):
    run = ["fit", f"--workdir={tmp_path}", *TINY, "--config.fit.chunk=5"]
    assert cli.main(run) == 0
    losses = (tmp_path / "losses.csv").read_text()
    rows = [line.split(",") for line in losses.splitlines()[1:]]
    steps = [(step, model) for step, _, model in rows]
    assert steps == [(s, m) for m in ("place", "structure") for s in ("5", "10")]
    assert cli.main(run) == 0
    assert (tmp_path / "losses.csv").read_text() == losses


def kept(folder):
    """When the figures were drawn, and the times of rendering."""
    (slices,) = (folder / "figures").glob("slices.png")
    summary = json.loads((folder / "summary.json").read_text())
    provenance = json.loads((folder / "provenance.json").read_text())
    return slices.stat().st_mtime_ns, summary["render"], provenance["seconds"]


@pytest.mark.slow
def test_some_genes_of_a_finished_run_are_drawn_without_a_fit(done, tmp_path, capsys):
    finished = shutil.ignore_patterns("maps")
    folder = Path(shutil.copytree(done, tmp_path / "copy", ignore=finished))
    before, render = kept(folder), ["render", f"--workdir={folder}"]
    assert cli.main([*render, "--genes=APOE"]) == 0
    assert kept(folder) == before and len(before) == 3
    drawn = list((folder / "maps").glob("*_feature.nii.gz"))
    assert len(drawn) == 1 and "desc-APOE_" in drawn[0].name
    assert cli.main([*render, "--genes=APOF"]) == 2
    assert "did you mean 'APOE'" in capsys.readouterr().err
