"""What held-out wells were measured and predicted at, in the bytes of a page."""

from __future__ import annotations

import numpy as np

from inr_jax.report.viewer_packs import unpack
from inr_jax.report.viewer_pairs import MOST, HeldOutPairs, pairs_json


def test_pairs_come_back_to_a_step_of_their_range(rng):
    value = rng.normal(size=(200, 3)) * [1, 100, 0] + [0, -50, 2]
    pairs = HeldOutPairs(value, value / 2)
    data = pairs_json(pairs)
    low, high = np.array(data["low"])[:, None], np.array(data["high"])[:, None]
    for name, true in zip(("value", "prediction"), pairs, strict=True):
        again = low + (high - low) * unpack(data[name]) / 255
        # Wells keep their order; all are kept where there is room.
        assert (np.abs(again - true.T) <= (high - low) / 255 + 1e-3).all()


def test_many_genes_have_some_wells_each_and_too_many_none(rng):
    value = rng.normal(size=(3000, 1000)).astype(np.float32)
    data = pairs_json(HeldOutPairs(value, value))
    assert data["wells"] == 3000 and unpack(data["value"]).shape == (1000, MOST // 1000)
    assert (
        pairs_json(HeldOutPairs(np.zeros((100, 7000)), np.zeros((100, 7000)))) is None
    )
    assert (
        pairs_json(HeldOutPairs(np.zeros((20, 7000)), np.zeros((20, 7000)))) is not None
    )
    assert pairs_json(None) is None
