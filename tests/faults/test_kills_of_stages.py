"""Killed before any write of any stage, the same command ends as if nothing had been.

A kill leaves what the disk held: `killing.recorded` copies it before each write of one
run. From each copy the command is given again; in the suite from a few, of stages that
take little, in the slow step from all.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import killing
import numpy as np
import pytest
from given import write_image
from workdirs import SMALL

from inr_jax import cli
from inr_jax.brain.template import brain_mask

pytestmark = pytest.mark.usefixtures("quick_compiling")
FIT = [*SMALL, "--config.fit.steps=4"]
FIT += ["--config.source.genes=ABCA1,ABCA7,ADAM17"]
FIT += ["--config.fit.chunk=2", "--config.checkpoint.every=2"]
FIT += ["--config.anatomy.steps=2", "--config.anatomy.field_steps=2"]
FIT += ["--config.anatomy.hidden=8"]
FIT += ["--config.render.resolution_mm=3", "--config.evaluate.baselines=plain"]
LESS = shutil.ignore_patterns("maps", "figures", "report.html", "*.lock")


class Case(NamedTuple):
    """A command that is killed.

    Attributes:
        verb: The verb.
        flags: Its flags; `{here}` is a folder with what they name.
        base: What lies in the workdir before: "nothing", "fit" or "run".
        kept: Whether maps are there as well.
    """

    verb: str
    flags: tuple[str, ...] = ()
    base: str = "run"
    kept: bool = False


CASES = {
    "fit": Case("fit", tuple(FIT), "nothing"),
    "evaluate": Case("evaluate", base="fit"),
    "render": Case("render"),
    "store": Case("render", ("--config.render.store=factored",)),
    "surfaces": Case("render", ("--config.render.surface=fsaverage5", "--genes=ABCA7")),
    "report": Case("report"),
    "regions": Case("regions"),
    "figures": Case("figures", ("--genes=ABCA7",)),
    "crosswalk": Case("crosswalk"),
    "export": Case("export"),
    "export zarr": Case("export", ("--format=zarr",)),
    "export other zarr": Case("export", ("--format=zarr", "--genes=ABCA7"), kept=True),
    "export parquet": Case("export", ("--format=parquet",)),
    "adapt": Case("adapt", ("--config.source.genes=BIN1,CLU",)),
    "adapt again": Case("adapt", ("--config.source.genes=BIN1,CLU",), kept=True),
    "associate": Case(
        "associate", ("--map={here}/map.nii.gz", "--config.associate.nulls=19")
    ),
    "compare": Case("compare", kept=True),
    "sweep": Case("sweep", (*FIT, "--sweep={here}/sweep.py"), "nothing"),
    "merge": Case("merge", ("{here}/b", "{here}/a"), "nothing"),
}
SWEEP = "def get_sweep():\n    return [{}, {'fit.members': 1}]\n"


@pytest.fixture(scope="module")
def bases(made_once):
    """Workdirs after a fit and after a whole run, and a folder of what flags name."""

    def make(folder):
        here = folder / "here"
        here.mkdir(parents=True)
        fit = folder / "fit"
        assert cli.main(["fit", f"--workdir={fit}", *FIT]) == 0
        shutil.copytree(fit, folder / "run")
        assert cli.main(["evaluate", f"--workdir={folder / 'run'}"]) == 0
        (folder / "nothing").mkdir()
        mask, grid = brain_mask(3)
        values = np.zeros(mask.shape, np.float32)
        values[mask] = np.sin(grid.points_mm(mask) / 25).sum(1)
        write_image(here / "map.nii.gz", values, grid.affine)
        (here / "sweep.py").write_text(SWEEP)

    return made_once("killed", make)


def command(case: Case, here: Path) -> Callable[[Path], int]:
    flags = [flag.format(here=here) for flag in case.flags]
    return lambda folder: cli.main([case.verb, f"--workdir={folder}", *flags])


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_stage_that_was_killed_is_done_again(name, bases, tmp_path, capsys):
    case = CASES[name]
    call = command(case, bases / "here")
    folder = tmp_path / "whole" / "out"
    shutil.copytree(bases / case.base, folder, ignore=None if case.kept else LESS)
    with killing.recorded(folder, tmp_path / "killed") as states:
        assert call(folder) == 0
    whole = killing.products(folder)
    assert states
    for state in states:
        assert call(state) == 0, (state, capsys.readouterr().err)
        assert not killing.differences(killing.products(state), whole), state
        shutil.rmtree(state.parent)
