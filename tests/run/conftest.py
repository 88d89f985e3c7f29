"""One run that nothing stopped, and copies of it to go on with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from workdirs import TINY, started


@pytest.fixture(scope="session")
def done(made_once):
    """The workdir of a whole run, by a process of its own."""
    genes = "--config.source.genes=HLA-DRA,APOE"

    def run(folder):
        process = started("run", f"--workdir={folder}", genes, *TINY)
        _, told = process.communicate()
        assert process.returncode == 0, told

    return made_once("done", run)


@pytest.fixture
def copy(done, tmp_path):
    """A copy of it to go on with, without its maps."""
    kept = shutil.ignore_patterns("maps", "figures")
    return Path(shutil.copytree(done, tmp_path / "copy", ignore=kept))
