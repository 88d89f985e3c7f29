"""Killed before any write of any stage, the same command ends as if nothing had been.

A kill leaves what the disk held: `killing.recorded` copies it before each write of one
run. From each copy the command is given again. Replaced exports, merges and adapted
genes: test_leftovers; evaluations: test_kills.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import killing
import pytest
from workdirs import SMALL

from inr_jax import cli

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
        flags: Its flags.
        base: What lies in the workdir before: "fit" or "run".
        kept: Whether maps are there as well.
    """

    verb: str
    flags: tuple[str, ...] = ()
    base: str = "run"
    kept: bool = False


CASES = {
    "report": Case("report"),
    "crosswalk": Case("crosswalk"),
    "export": Case("export"),
    "export zarr": Case("export", ("--format=zarr",)),
    "export other zarr": Case("export", ("--format=zarr", "--genes=ABCA7"), kept=True),
    "export parquet": Case("export", ("--format=parquet",)),
}


@pytest.fixture(scope="module")
def bases(made_once):
    """Workdirs after a fit, and after fit and evaluation."""

    def make(folder):
        fit = folder / "fit"
        assert cli.main(["fit", f"--workdir={fit}", *FIT]) == 0
        shutil.copytree(fit, folder / "run")
        assert cli.main(["evaluate", f"--workdir={folder / 'run'}"]) == 0

    return made_once("killed", make)


def command(case: Case) -> Callable[[Path], int]:
    return lambda folder: cli.main([case.verb, f"--workdir={folder}", *case.flags])


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_stage_that_was_killed_is_done_again(name, bases, tmp_path, capsys):
    case = CASES[name]
    call = command(case)
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
