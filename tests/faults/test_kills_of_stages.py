"""Killed before any write of any stage, the same command ends as if nothing had been.

A kill leaves what the disk held: `killing.recorded` copies it before each write of one
run. From such a copy the command is given again, from all of them where the environment
has INR_JAX_EVERY_KILL (half an hour). Replaced exports and merges: test_leftovers;
evaluations: test_kills.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

import killing
import nibabel as nib
import numpy as np
import pytest
from reader_cases import surface_bytes
from workdirs import SMALL

from inr_jax import cli
from inr_jax.brain.template import brain_mask
from inr_jax.run.stages import evaluate

pytestmark = pytest.mark.usefixtures("quick_compiling")
EVERY = "INR_JAX_EVERY_KILL" in os.environ
FIT = [*SMALL, "--config.fit.steps=4"]
FIT += ["--config.fit.chunk=2", "--config.checkpoint.every=2"]
FIT += ["--config.anatomy.steps=2", "--config.anatomy.field_steps=2"]
FIT += ["--config.anatomy.hidden=8", "--config.evaluate.baselines=plain"]
GENES = "--config.source.genes=ABCA1,ABCA7,ADAM17"
SHARD = ["--config.render.store=factored", "--config.fit.mixtures=2"]
SHARD += ["--noconfig.anatomy.enabled"]
SWEEP = 'def get_sweep():\n    return [{}, {"fit.members": 1}]\n'
ALONE = "--config.associate.refit=never --config.associate.nulls=99"


class Case(NamedTuple):
    """A command that is killed.

    Attributes:
        flags: Of the verb, separated by blanks; {0} is the folder of what is given.
        base: What lies in the workdir before: "none", "fit", "run" or "drawn".
        before: Flags of an earlier call of the verb, whose results are replaced.
        kills: How many states are tried, of all.
    """

    flags: str = ""
    base: str = "run"
    before: str | None = None
    kills: int = 1


CASES = {
    "fit": Case(f"{' '.join(FIT)} {GENES}", "none", kills=3),
    "run": Case(f"{' '.join(FIT)} {GENES}", "none", kills=2),
    "evaluate": Case(base="fit"),
    "evaluate others": Case("--config.evaluate.blocks_mm=40"),
    "render": Case(),
    "render store": Case("--config.render.store=factored", kills=2),
    "render surface": Case("--config.render.surface={0}/lh.gii --genes=ABCA7"),
    "render gradient": Case("--config.render.quantity=gradient"),
    "render between": Case("--genes=ABCA1~ABCA7:3"),
    "regions": Case(),
    "figures": Case("--genes=ABCA7"),
    "latents": Case(),
    "report": Case(),
    "crosswalk": Case(),
    "compare": Case(base="drawn"),
    "adapt": Case("--config.source.genes=BIN1,CLU", kills=2),
    "adapt others": Case("--config.source.genes=BIN1", before=GENES),
    "associate": Case(f"--map={{0}}/map.nii.gz {ALONE}"),
    "associate again": Case(
        f"--map={{0}}/map.nii.gz {ALONE} --config.associate.seed=1",
        before=f"--map={{0}}/map.nii.gz {ALONE} --genesets={{0}}/sets.gmt",
    ),
    "sweep": Case("--sweep={0}/sweep.py --donors=9861", kills=2),
    "merge": Case("{0}/shard1 {0}/shard2", "none", kills=2),
    "export": Case(),
    "export zarr": Case("--format=zarr", kills=2),
    "export other zarr": Case("--format=zarr --genes=ABCA7", before="--format=zarr"),
    "export parquet": Case("--format=parquet"),
}


def put_inputs(folder: Path) -> None:
    """What commands are given beside a workdir."""
    mask, grid = brain_mask(3)
    x, y, z = (grid.points_mm(mask) / 25).T
    values = np.zeros(mask.shape, np.float32)
    values[mask] = np.sin(x) * np.cos(y) + np.sin(z + y)
    nib.save(nib.Nifti1Image(values, grid.affine), folder / "map.nii.gz")
    (folder / "lh.gii").write_bytes(surface_bytes())
    (folder / "sweep.py").write_text(SWEEP)
    (folder / "sets.gmt").write_text("all\tx\tABCA1\tABCA7\tADAM17\n")


def call(*words: object) -> None:
    assert cli.main([str(word) for word in words]) == 0, words


@pytest.fixture(scope="module")
def bases(made_once):
    """Workdirs after a fit, its evaluation and its maps; shards; what is given."""

    def make(folder):
        folder.mkdir()
        put_inputs(folder)
        call("fit", f"--workdir={folder / 'fit'}", GENES, *FIT)
        for verb, before, after in (
            ("evaluate", "fit", "run"),
            ("render", "run", "drawn"),
        ):
            shutil.copytree(folder / before, folder / after)
            call(verb, f"--workdir={folder / after}")
        for part in (1, 2):
            shard = f"--config.source.genes_shard={part}/2"
            out = f"--workdir={folder}/shard{part}"
            call("run", out, GENES + ",APOE", shard, *FIT, *SHARD)

    return made_once("killed", make)


def command(name: str, flags: str, workdir: Path, inputs: Path) -> int:
    words = [word.format(inputs) for word in flags.split()]
    return cli.main([name.split()[0], *words, f"--workdir={workdir}"])


def begun(name: str, case: Case, folder: Path, bases: Path) -> Path:
    """A workdir as it is before the command."""
    if case.base == "none":
        folder.mkdir(parents=True)
    else:
        shutil.copytree(bases / case.base, folder)
    if case.before is not None:
        assert command(name, case.before, folder, bases) == 0
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_stage_that_was_killed_is_done_again(
    name, bases, tmp_path, capsys, monkeypatch
):
    case = CASES[name]
    monkeypatch.setattr(evaluate, "is_large", lambda *_: True)  # folds are kept
    folder = begun(name, case, tmp_path / "whole" / "out", bases)
    with killing.recorded(folder, tmp_path / "killed") as states:
        assert command(name, case.flags, folder, bases) == 0
    whole = killing.products(folder)
    assert states
    for state in states if EVERY else killing.spread(states, case.kills):
        told = f"{name}: {state.parent.name} of {len(states)}"
        status = command(name, case.flags, state, bases)
        assert status == 0, (told, capsys.readouterr().err)
        assert not killing.differences(killing.products(state), whole), told
        shutil.rmtree(state.parent)
