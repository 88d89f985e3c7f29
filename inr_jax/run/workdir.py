"""The folder of a run: what lies where, and one run in it at a time."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from inr_jax.errors import InputError

log = logging.getLogger("inr_jax")
LOCK = ".lock"
_FOLDERS = "checkpoints checkpoints_structure maps figures regions surfaces store"
FOLDERS = tuple(f"{_FOLDERS} export sweep associate evaluating".split())
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
    def store(self) -> Path:
        """Maps of many genes in a few files."""
        return self.root / "store"

    @property
    def scores(self) -> Path:
        """Held-out scores of every method and gene."""
        return self.root / "scores.csv"

    @property
    def held_out(self) -> Path:
        """Value, prediction and sd of every held-out well and gene."""
        return self.root / "held_out.parquet"

    @property
    def evaluating(self) -> Path:
        """Folds of an evaluation of many genes that is not finished."""
        return self.root / "evaluating"

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
    def surfaces(self) -> Path:
        """Maps on cortex, GIFTI."""
        return self.root / "surfaces"

    @property
    def comparison(self) -> Path:
        """Agreement with abagen of every gene."""
        return self.root / "abagen_comparison.csv"

    @property
    def crosswalk(self) -> Path:
        """What each region of the atlas says of structures."""
        return self.root / "crosswalk.csv"

    @property
    def report(self) -> Path:
        """The page that shows all of it."""
        return self.root / "report.html"

    @property
    def sweep(self) -> Path:
        """Finished folds of a sweep."""
        return self.root / "sweep"

    @property
    def associate(self) -> Path:
        """Associations with users' maps, a folder a map."""
        return self.root / "associate"

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
def opened(path: str | Path, *, linked: bool = False) -> Iterator[Workdir]:
    """Make the folder if need be, and hold its lock.

    A folder that was made here and holds nothing at the end is gone again.

    Args:
        path: The folder.
        linked: Whether links in it are ours.

    Raises:
        InputError: It cannot be written, leads outside itself by links, or another
            run is in it.
    """
    root = Path(path)
    made = [folder for folder in (root, *root.parents) if not folder.exists()]
    try:
        root.mkdir(parents=True, exist_ok=True)
        if not linked:
            _check_links(root)
        lock = _open_lock(root / LOCK)
    except OSError as error:
        _remove_empty(made)
        raise InputError(
            root,
            expected="a folder to write into",
            found=error.strerror or str(error),
            fix="give another --workdir",
        ) from error
    with lock:
        _hold(lock, root)
        try:
            yield Workdir(root)
        finally:
            _remove_empty(made)


def _open_lock(path: Path) -> IO[bytes]:
    """The lock's file, made if need be, left as it is; not what a link leads to."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    number = os.open(path, flags, 0o666)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(errno.EINVAL, f"{path.name} that is no plain file")
    return os.fdopen(number, "r+b")


def _hold(lock: IO[bytes], root: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InputError(
            root,
            expected="no other run in this folder",
            found="one at work",
            fix="wait for it or give another --workdir",
        ) from error
    except OSError as error:  # as some file systems of clusters
        why = "%s: files cannot be locked here (%s); let one run at a time work in it"
        log.warning(why, root, error.strerror)


def _check_links(root: Path) -> None:
    """Refuse a folder of somebody else's that would be written through a link."""
    for top in FOLDERS:
        for path in _links_in(root / top, files=top == "export"):
            raise InputError(
                path,
                expected="a folder inside the workdir",
                found=f"a link to {os.readlink(path)}",
                fix="move what it leads to here, or give another --workdir",
            )


def _links_in(folder: Path, *, files: bool) -> Iterator[Path]:
    """Links to folders, in a folder or in its place; to files where others write."""
    if folder.is_symlink():
        yield folder
    for parent, folders, names in os.walk(folder):
        for name in (*folders, *(names if files else ())):
            if (path := Path(parent, name)).is_symlink():
                yield path


def _remove_empty(made: list[Path]) -> None:
    """Remove folders that were made for a run which left nothing; innermost first."""
    with contextlib.suppress(OSError):
        if made and os.listdir(made[0]) == [LOCK]:
            (made[0] / LOCK).unlink()
        for folder in made:
            folder.rmdir()
