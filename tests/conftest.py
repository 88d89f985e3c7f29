"""Strict numerics for every test, and where the real data lie when they do."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))  # its folder lib is tested, too
SHARED = Path(__file__).resolve().parents[2] / "shared"


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


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
    """Programs that tests compile are kept for the session, not in the user's home."""
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


@pytest.fixture
def rng() -> np.random.Generator:
    """Seeded random numbers, the same in every run."""
    return np.random.default_rng(20261124)


@pytest.fixture(scope="session")
def cyp() -> Path:
    """The real export of 61 CYP genes; skips where a clone has no shared/."""
    path = SHARED / "data" / "allen-export-cyp"
    if not path.is_dir():
        pytest.skip("real AHBA export not here (shared/data/allen-export-cyp)")
    return path


@pytest.fixture(scope="session")
def coarse() -> Path:
    """The real export at Coarse resolution; skips where a clone has no shared/."""
    path = SHARED / "data" / "allen-export-alzheimer-coarse"
    if not path.is_dir():
        pytest.skip("real AHBA export not here (allen-export-alzheimer-coarse)")
    return path


@pytest.fixture(scope="session")
def real_wells() -> Path:
    """The atlas's wells and ontology; skips where a clone has no shared/."""
    path = SHARED / "data" / "ahba-wells"
    if not path.is_dir():
        pytest.skip("real table of wells not here (shared/data/ahba-wells)")
    return path


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
