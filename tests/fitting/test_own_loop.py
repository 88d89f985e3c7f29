"""The example of a training loop of one's own runs and learns."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "docs" / "own_loop.py"


@pytest.mark.slow
@pytest.mark.usefixtures("quick_compiling")
def test_the_example_predicts_wells_of_a_donor_it_never_saw():
    r = runpy.run_path(str(EXAMPLE))["main"](wells=400, genes=4, steps=150)
    assert r.shape == (4,) and r.mean() > 0.3
