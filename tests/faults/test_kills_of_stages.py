"""Killed before any write of any stage, the same command ends as if nothing had been.

A kill leaves what the disk held: `killing.recorded` copies it before each write of one
run. From such a copy the command is given again: from a few, of commands that go
on from what is there; for all commands and from all copies where the environment has
INR_JAX_EVERY_KILL (an hour; `-m slow -n 2`). In the suite: test_kills, test_leftovers
and test_associations.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import killing
import pytest
from given import write_smooth_map
from reader_cases import surface_bytes
from workdirs import SMALL

from inr_jax import cli
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
        flags: Of the verb, separated by blanks; <NAME> is a base.
        base: What lies in the workdir before: "none", "fit", "run" or "drawn".
        before: Flags of an earlier call of the verb, whose results are replaced.
        kills: How many states are tried, of all; 0 for none but of every kill.
    """

    flags: str = ""
    base: str = "run"
    before: str | None = None
    kills: int = 0


CASES = {
    "fit": Case(f"{' '.join(FIT)} {GENES}", "none", kills=2),
    "run": Case(f"{' '.join(FIT)} {GENES}", "none"),
    "evaluate": Case(base="fit"),
    "evaluate others": Case("--config.evaluate.blocks_mm=40"),
    "render": Case(),
    "render store": Case("--config.render.store=factored"),
    "render surface": Case("--config.render.surface=<given>/lh.gii --genes=ABCA7"),
    "surfaces": Case("--config.render.surface=<given>/lh.gii --genes=ABCA7"),
    "render gradient": Case("--config.render.quantity=gradient"),
    "render between": Case("--genes=ABCA1~ABCA7:3"),
    "regions": Case(),
    "figures": Case("--genes=ABCA7"),
    "latents": Case(),
    "report": Case(),
    "crosswalk": Case(),
    "compare": Case(base="drawn"),
    "adapt": Case("--config.source.genes=BIN1,CLU"),
    "adapt others": Case(
        "--config.source.genes=BIN1", before="--config.source.genes=CLU"
    ),
    "associate": Case(f"--map=<given>/map.nii.gz {ALONE}"),
    "associate again": Case(
        f"--map=<given>/map.nii.gz {ALONE} --config.associate.seed=1",
        before=f"--map=<given>/map.nii.gz {ALONE}",
    ),
    "sweep": Case("--sweep=<given>/sweep.py --donors=9861", kills=1),
    "merge": Case("<shard1> <shard2>", "none", kills=2),
    "export": Case(),
    "export zarr": Case("--format=zarr"),
    "export other zarr": Case("--format=zarr --genes=ABCA7", before="--format=zarr"),
    "export parquet": Case("--format=parquet"),
}


def put_inputs(folder: Path) -> None:
    """What commands are given beside a workdir."""
    folder.mkdir()
    write_smooth_map(folder / "map.nii.gz")
    (folder / "lh.gii").write_bytes(surface_bytes())
    (folder / "sweep.py").write_text(SWEEP)


def call(*words: object) -> None:
    assert cli.main([str(word) for word in words]) == 0, words


@pytest.fixture(scope="module")
def base(made_once):
    """Name to a folder: "fit", "run" (evaluated), "drawn", shards, or what is given."""

    def shard(folder, part):
        asked = [f"{GENES},APOE", f"--config.source.genes_shard={part}/2"]
        call("run", f"--workdir={folder}", *asked, *FIT, *SHARD)

    def after(folder, before, verb):
        shutil.copytree(base_of(before), folder)
        call(verb, f"--workdir={folder}")

    makers = {
        "given": put_inputs,
        "fit": lambda folder: call("fit", f"--workdir={folder}", GENES, *FIT),
        "run": lambda folder: after(folder, "fit", "evaluate"),
        "drawn": lambda folder: after(folder, "run", "render"),
        "shard1": lambda folder: shard(folder, 1),
        "shard2": lambda folder: shard(folder, 2),
    }

    def base_of(name):
        return made_once(f"killed-{name}", makers[name])

    return base_of


def command(name: str, flags: str, workdir: Path, base: Callable[[str], Path]) -> int:
    words = flags.split()
    for given in ("given", "shard1", "shard2"):
        mark = f"<{given}>"
        if mark in flags:
            words = [word.replace(mark, str(base(given))) for word in words]
    return cli.main([name.split()[0], *words, f"--workdir={workdir}"])


def begun(name: str, case: Case, folder: Path, base: Callable[[str], Path]) -> Path:
    """A workdir as it is before the command."""
    if case.base == "none":
        folder.mkdir(parents=True)
    else:
        shutil.copytree(base(case.base), folder)
    if case.before is not None:
        assert command(name, case.before, folder, base) == 0
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in CASES if EVERY or CASES[n].kills])
def test_a_stage_that_was_killed_is_done_again(
    name, base, tmp_path, capsys, monkeypatch
):
    case = CASES[name]
    monkeypatch.setattr(evaluate, "is_large", lambda *_: True)  # folds are kept
    folder = begun(name, case, tmp_path / "whole" / "out", base)
    with killing.recorded(folder, tmp_path / "killed") as states:
        assert command(name, case.flags, folder, base) == 0
    whole = killing.products(folder)
    assert states
    for state in states if EVERY else killing.spread(states, case.kills):
        told = f"{name}: {state.parent.name} of {len(states)}"
        status = command(name, case.flags, state, base)
        assert status == 0, (told, capsys.readouterr().err)
        assert not killing.differences(killing.products(state), whole), told
        shutil.rmtree(state.parent)
