"""The folder of a run: what lies where, and one run in it at a time."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from inr_jax.errors import InputError
from inr_jax.files import remove_temporary

SUFFIXES = {"place": "", "structure": "_structure"}  # of what a model leaves


class Workdir(NamedTuple):
    """Names that others read; all below `root`."""

    root: Path

    @property
    def config(self) -> Path:
        """Settings of the run."""
        return self.root / "config.json"

    @property
    def provenance(self) -> Path:
        """Versions, seed, device, checksums, times."""
        return self.root / "provenance.json"

    def checkpoints_of(self, model: str) -> Path:
        """Orbax bundles of a model, a folder a step."""
        return self.root / f"checkpoints{SUFFIXES[model]}"

    def calibration_of(self, model: str) -> Path:
        """From the spread of a model's ensemble to intervals."""
        return self.root / f"calibration{SUFFIXES[model]}.npz"

    @property
    def checkpoints(self) -> Path:
        """Those of the place model."""
        return self.checkpoints_of("place")

    @property
    def calibration(self) -> Path:
        """That of the place model."""
        return self.calibration_of("place")

    @property
    def wells(self) -> Path:
        """Where the wells lie and what they are called, without expression."""
        return self.root / "wells.npz"

    @property
    def losses(self) -> Path:
        """Loss by step of each model's fit."""
        return self.root / "losses.csv"

    @property
    def maps(self) -> Path:
        """NIfTI volumes and their sidecars."""
        return self.root / "maps"

    @property
    def scores(self) -> Path:
        """Held-out scores of every method and gene."""
        return self.root / "scores.csv"

    @property
    def phantom_uncertainty(self) -> Path:
        """Errors and intervals at the phantom's voxels."""
        return self.root / "phantom_uncertainty.csv"

    @property
    def summary(self) -> Path:
        """Mean scores, times, counts."""
        return self.root / "summary.json"

    @property
    def regions(self) -> Path:
        """Tables of regions: labels x genes."""
        return self.root / "regions"

    @property
    def comparison(self) -> Path:
        """Agreement with abagen of every gene."""
        return self.root / "abagen_comparison.csv"

    @property
    def crosswalk(self) -> Path:
        """What each region of the atlas says of structures."""
        return self.root / "crosswalk.csv"

    @property
    def figures(self) -> Path:
        """Pictures."""
        return self.root / "figures"


def check_there(path: str | Path) -> None:
    """A verb that goes on from a run makes no folder for it.

    Raises:
        InputError: There is no such folder.
    """
    if not Path(path).is_dir():
        raise InputError(
            path,
            expected="the folder of a run",
            found="none",
            fix="check --workdir, or run `inr-jax fit` first",
        )


@contextlib.contextmanager
def opened(path: str | Path) -> Iterator[Workdir]:
    """Make the folder if need be, and hold its lock.

    Raises:
        InputError: It cannot be written, or another run is in it.
    """
    root = Path(path)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = open(root / ".lock", "w")  # noqa: SIM115 - held for the whole run
    except OSError as error:
        raise InputError(
            root,
            expected="a folder to write into",
            found=error.strerror or str(error),
            fix="give another --workdir",
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                root,
                expected="no other run in this folder",
                found="one at work",
                fix="wait for it or give another --workdir",
            ) from error
        workdir = Workdir(root)
        for folder in (root, workdir.maps, workdir.figures):
            remove_temporary(folder)
        yield workdir
