"""What shards of the genes leave, woven to what one run would: gene by gene."""

from __future__ import annotations

import numpy as np
import pytest

from inr_jax.brain.matter import MATTERS
from inr_jax.maps.calibration import Calibrated
from inr_jax.maps.held_out_file import HeldOutPredictions
from inr_jax.run.merged_models import joined_calibration, joined_held_out
from inr_jax.stats.conformal import Calibration

GENES = tuple("ABCDE")


@pytest.fixture
def calibrated(rng):
    """The calibration of a shard: its genes, width and coverage."""
    x_mm, size = rng.normal(size=(4, 3)), np.ones(4, int)

    def made(genes, width_mm, share):
        number = np.array([GENES.index(gene) for gene in genes], float)
        calibration = Calibration(
            1 + number,
            2 + number,
            x_mm,
            size,
            np.full(4, share),
            width_mm,
            np.array([1, share, 2]),
            True,
        )
        row = {"wells": 4, "donors": 2, "coverage": share, "validated": True}
        coverage = {"overall": {"coverage": share, "wells": 4}}
        matters = dict.fromkeys(MATTERS, row)
        return Calibrated(calibration, genes, coverage, matters, 9.0, "{}", {})

    return made


def test_each_gene_keeps_its_own_numbers_and_shared_ones_are_means(calibrated):
    parts = [calibrated(("A", "C", "E"), 8.0, 0.9), calibrated(("B", "D"), 12.0, 0.8)]
    whole = joined_calibration(parts, "settings")
    assert whole.genes == GENES and whole.config == "settings"
    np.testing.assert_array_equal(whole.calibration.residual_sd, 1 + np.arange(5))
    np.testing.assert_array_equal(whole.calibration.quantile, 2 + np.arange(5))
    np.testing.assert_allclose(whole.calibration.squared_residual, 0.86)
    np.testing.assert_allclose(whole.calibration.matter_factor, [1, 0.86, 2])
    assert whole.calibration.width_mm == 8.0
    assert whole.coverage["overall"] == {"coverage": 0.86, "wells": 4}
    assert whole.matters[MATTERS[0]]["coverage"] == 0.86


def test_predictions_of_held_out_wells_stand_in_the_order_of_all_genes(rng):
    tables = rng.normal(size=(3, 6, 5)).astype(np.float32)
    fold = np.array(list("ababab"), object)
    whole = HeldOutPredictions(GENES, np.arange(6), fold, *tables)
    parts = [
        whole._replace(
            genes=GENES[k::2],
            value=whole.value[:, k::2],
            prediction=whole.prediction[:, k::2],
            sd=whole.sd[:, k::2],
        )
        for k in range(2)
    ]
    again = joined_held_out(parts)
    assert again.genes == GENES
    for name in ("value", "prediction", "sd", "well", "fold"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))
