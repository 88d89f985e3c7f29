"""One run that nothing stopped, and copies of it to go on with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from workdirs import TINY

from inr_jax import cli


@pytest.fixture(scope="session")
def done(tmp_path_factory):
    """The workdir of a whole run."""
    folder = tmp_path_factory.mktemp("pipeline") / "done"
    genes = "--config.source.genes=HLA-DRA,APOE"
    assert cli.main(["run", f"--workdir={folder}", genes, *TINY]) == 0
    return folder


@pytest.fixture
def copy(done, tmp_path):
    """A copy of it to go on with, without its maps."""
    kept = shutil.ignore_patterns("maps", "figures")
    return Path(shutil.copytree(done, tmp_path / "copy", ignore=kept))
