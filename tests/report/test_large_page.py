"""A page of the whole transcriptome is not much larger than one of a hundred genes."""

from __future__ import annotations

import numpy as np
import pytest
from pages import data_of, report_of, shown

from inr_jax.brain import template
from inr_jax.report.page import make_page
from inr_jax.report.viewer_page import ViewerData
from inr_jax.report.viewer_volumes import (
    agreement,
    make_volumes,
    most_volumes,
    weights_of_examples,
)

GENES, FEATURES = 15_633, 384


@pytest.mark.slow
def test_15633_genes_are_less_than_10_mb_and_shown_with_r_above_99_percent(rng):
    mask, grid = template.brain_mask(2)
    x_mm = grid.points_mm(mask)
    right = x_mm[x_mm[:, 0] > -1e-3]
    waves = rng.normal(size=(3, FEATURES)) / 25  # features that vary over some 25 mm
    features = np.cos(right @ waves + rng.uniform(0, 6, FEATURES)).astype(np.float32)
    weights = rng.normal(size=(GENES, FEATURES)) * rng.uniform(0.1, 10, (GENES, 1))
    mean = make_volumes(features, weights, error=0.007, most=most_volumes(GENES))
    rows = rng.permutation(len(right))[:1000]
    true = features[rows] @ weights.T
    r = agreement(mean.at(rows), true)
    assert np.median(r) >= 0.99
    sds = 1 + features[:, :100] / 4
    there = 1 + true / np.abs(true).max(0) / 4
    sd_weights = weights_of_examples(sds[rows], there)
    sd_features = np.hstack([sds, np.ones((len(sds), 1), np.float32)])
    most = most_volumes(GENES) // 4
    viewer = ViewerData(
        grid=grid,
        mask=mask,
        mirrored=True,
        t1=mask * rng.uniform(0.3, 1, mask.shape),
        mean=mean,
        sd=make_volumes(sd_features, sd_weights, error=0.02, most=most, by_mean=True),
        calibrated=True,
        distance_mm=np.abs(x_mm[:, 1]) / 3,
        validated=x_mm[:, 2] > 0,
        wells_mm=x_mm[::60],
        shown_r=r,
    )
    page = make_page(report_of([f"GENE{n}" for n in range(GENES)], viewer))
    assert len(page.encode()) < 10e6
    data, _ = data_of(page)
    again = shown(data, "mean", GENES - 1)[rows]
    assert np.corrcoef(again, true[:, -1])[0, 1] == pytest.approx(r[-1], abs=1e-3)
