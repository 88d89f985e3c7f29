"""Strict numerics for every test, and where the real data lie when they do."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import jax
import jaxlib
import numpy as np
import pytest
from workdirs import TINY, started

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))  # its folder lib is tested, too
SHARED = Path(__file__).resolve().parents[2] / "shared"


# A second's less compiling a program: LLVM fuses what XLA's own emitters would. Read by
# jaxlib at its first program; a version that lacks the flag would refuse it.
if jaxlib.__version__.startswith("0.10."):
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false")


def pytest_configure():
    """Let Ctrl-C reach what tests start, where a shell ignores it: `pytest &`."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config) -> int:
    """Use four cores at most for the suite, and one process for named modules."""
    whole = config.args_source == pytest.Config.ArgsSource.TESTPATHS
    if whole:
        # Processes that are as many as cores: more threads only wait for each other.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    return min(os.cpu_count() or 1, 4) if whole else 0


@pytest.fixture(autouse=True)
def strict_numerics():
    """Ranks promote only when written out; a test that needs less says so."""
    with jax.numpy_rank_promotion("raise"):
        yield


@pytest.fixture
def strict_types():
    """Dtypes promote only when written out, too.

    Not for every test: Adam of optax raises a float to a whole number of steps.
    """
    with jax.numpy_dtype_promotion("strict"):
        yield


@pytest.fixture(scope="module")
def quick_compiling():
    """Many small programs, each run once or twice: compile them the short way."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
    jax.clear_caches()  # other modules compile theirs in full, and memory is given back


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Path:
    """A folder of this session, which all of its processes share."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each has a folder below
        folder = folder.parent
    folder = folder / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def made_once(shared) -> Callable[[str, Callable[[Path], None]], Path]:
    """A folder by its name; whichever process asks first makes what is in it."""

    def folder_of(name: str, make: Callable[[Path], None]) -> Path:
        folder = shared / name
        with open(shared / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (shared / f"{name}.made").exists():
                shutil.rmtree(folder, ignore_errors=True)
                make(folder)
                (shared / f"{name}.made").touch()
        return folder

    return folder_of


@pytest.fixture(autouse=True, scope="session")
def own_cache(shared):
    """Programs that tests compile are kept for the session, not in the user's home."""
    cache = shared / "cache"
    programs = cache / "inr_jax" / "programs"
    programs.mkdir(parents=True, exist_ok=True)
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_CACHE_HOME", str(cache))
    patch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # in processes that tests start
    patch.setenv("JAX_COMPILATION_CACHE_DIR", str(programs))
    patch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")
    jax.config.update("jax_compilation_cache_dir", str(programs))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    yield
    patch.undo()


@pytest.fixture
def command_on_path(tmp_path_factory, monkeypatch) -> None:
    """`inr-jax` as a user's shell knows it, of this clone whatever is installed."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "inr-jax"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m inr_jax.cli "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)


@pytest.fixture
def rng() -> np.random.Generator:
    """Seeded random numbers, the same in every run."""
    return np.random.default_rng(20261124)


def shared_data(name: str, what: str) -> Path:
    """A folder of shared/data; skips where a clone has no shared/."""
    path = SHARED / "data" / name
    if not path.is_dir():
        pytest.skip(f"{what} not here (shared/data/{name})")
    return path


@pytest.fixture(scope="session")
def cyp() -> Path:
    """The real export of 61 CYP genes."""
    return shared_data("allen-export-cyp", "real AHBA export")


@pytest.fixture(scope="session")
def coarse() -> Path:
    """The real export at Coarse resolution."""
    return shared_data("allen-export-alzheimer-coarse", "real AHBA export")


@pytest.fixture(scope="session")
def real_wells() -> Path:
    """The atlas's wells and ontology."""
    return shared_data("ahba-wells", "real table of wells")


@pytest.fixture(scope="session")
def ahba_dir(tmp_path_factory) -> Path:
    """Two donors of a small atlas with 60 probes, in abagen's layout; not to change."""
    import fake_ahba

    return fake_ahba.write_atlas(tmp_path_factory.mktemp("ahba"), every=12, probes=60)


@pytest.fixture(scope="session")
def sparse_ahba_dir(tmp_path_factory) -> Path:
    """Two donors with every 20th well and 40 probes, in abagen's layout."""
    import fake_ahba

    return fake_ahba.write_atlas(tmp_path_factory.mktemp("ahba"))


@pytest.fixture
def ahba_copy(ahba_dir, tmp_path) -> Path:
    """A copy of `ahba_dir`, to damage."""
    return shutil.copytree(ahba_dir, tmp_path / "atlas")


@pytest.fixture(scope="session")
def coarse_regions(tmp_path_factory) -> tuple[str, str]:
    """abagen's Desikan-Killiany image at 3 mm, and its table."""
    import nibabel as nib

    from inr_jax.brain.shipped import package_file

    image = nib.load(package_file("atlas-desikankilliany.nii.gz"))
    path = tmp_path_factory.mktemp("atlas") / "desikan.nii.gz"
    nib.save(image.slicer[::3, ::3, ::3], path)
    return str(path), str(package_file("atlas-desikankilliany.csv"))


@pytest.fixture(scope="session")
def done(made_once):
    """The workdir of a whole run, by a process of its own."""
    genes = "--config.source.genes=HLA-DRA,APOE"

    def run(folder):
        page = "--config.report.page=true"
        process = started("run", f"--workdir={folder}", genes, *TINY, page)
        _, told = process.communicate()
        assert process.returncode == 0, told

    return made_once("done", run)


@pytest.fixture
def copy(done, tmp_path):
    """A copy of it to go on with, without its maps."""
    kept = shutil.ignore_patterns("maps", "figures")
    return Path(shutil.copytree(done, tmp_path / "copy", ignore=kept))
