"""Genes in blocks are all genes at once, whatever looks at them."""

from __future__ import annotations

import numpy as np
import pytest
from given import structured_samples

from inr_jax.samples import gene_blocks
from inr_jax.samples.standardise import standardiser
from inr_jax.stats import baselines, hold_out, normal_law
from inr_jax.stats.conformal_fit import calibrate
from inr_jax.stats.coverage import donor_intervals, inside_of
from inr_jax.stats.folds import donor_folds
from inr_jax.stats.kriging import fitted_variances
from inr_jax.stats.noise_ceiling import noise_ceiling
from inr_jax.stats.predictor import Prediction
from inr_jax.stats.residuals import HeldOut, held_out_wells

GENES = 7


@pytest.fixture
def samples(rng):
    return structured_samples(rng, per=12, genes=GENES)


@pytest.fixture
def in_blocks(samples, monkeypatch):
    """Turns blocks of two genes on."""

    def turn_on():
        monkeypatch.setattr(gene_blocks, "VALUES", 2 * len(samples.well))

    return turn_on


@pytest.mark.parametrize(
    ("wells", "genes", "values", "lengths"),
    [(10, 7, 30, [3, 3, 1]), (10, 7, 5, [1] * 7), (0, 3, 2, [2, 1]), (5, 0, 10, [0])],
)
def test_blocks_are_all_genes_in_their_order(wells, genes, values, lengths):
    blocks = gene_blocks.gene_blocks(wells, genes, values)
    assert [len(range(*b.indices(genes))) for b in blocks] == lengths
    covered = [g for b in blocks for g in range(*b.indices(genes))]
    assert covered == list(range(genes))


def test_some_hundred_genes_at_all_wells_are_one_block():
    assert len(gene_blocks.gene_blocks(3702, 1100)) == 1
    assert not gene_blocks.is_large(3702, 1100) and gene_blocks.is_large(3702, 1200)


METHODS = {**baselines.BASELINES, **baselines.STRUCTURE_BASELINES}
PLAIN = [name for name in METHODS if not name.endswith("_targets")]


@pytest.mark.parametrize("name", PLAIN)
def test_a_baseline_predicts_each_gene_as_among_all(samples, in_blocks, name):
    folds = donor_folds(samples)

    def predicted():
        predict = METHODS[name]
        return hold_out.hold_out(
            lambda wells, sites: predict(wells, sites, mirror=True), samples, folds
        )

    whole = predicted()
    in_blocks()
    light = predicted()
    assert whole.mean.dtype == np.float64 and light.mean.dtype == np.float32
    np.testing.assert_allclose(light.mean, whole.mean, atol=2e-4)
    if whole.spread is not None:
        np.testing.assert_allclose(light.spread, whole.spread, atol=2e-4)


def test_what_is_told_of_each_gene_is_the_same(samples, in_blocks):
    def told():
        ceiling, n = noise_ceiling(samples)
        return [*standardiser(samples.values), *ceiling, n]

    whole = told()
    in_blocks()
    for array, other in zip(told(), whole, strict=True):
        np.testing.assert_allclose(array, other, rtol=1e-12)


def test_wells_x_wells_stand_for_all_genes_in_a_likelihood(rng):
    z, root = rng.normal(size=(9, 40)), rng.normal(size=(9, 9))
    covariance = root @ root.T + np.eye(9)
    whole = normal_law.log_likelihood_slope(covariance, z)
    few = normal_law.log_likelihood_slope(covariance, normal_law.condensed(z))
    np.testing.assert_allclose(few[0], whole[0], rtol=1e-9)
    np.testing.assert_allclose(few[1], whole[1], atol=1e-9)


def test_variances_of_many_genes_are_those_of_all(samples, in_blocks):
    z = standardiser(samples.values).standard(np.asarray(samples.values, float))
    whole = fitted_variances(samples.sites(), z, mirror=True)
    in_blocks()
    few = fitted_variances(samples.sites(), z, mirror=True)
    np.testing.assert_allclose(few, whole, rtol=1e-3, atol=1e-5)


def test_intervals_of_blocks_are_those_of_all_genes(samples, in_blocks, rng):
    spread = rng.uniform(0, 0.3, samples.values.shape)
    mean = samples.values + rng.normal(size=samples.values.shape)
    held: HeldOut = held_out_wells(samples, Prediction(mean, spread))
    held = held._replace(matter=rng.integers(0, 2, len(held.donor)))

    def calibrated():
        half = donor_intervals(held, mirror=True)
        return calibrate(held, mirror=True), half, inside_of(held, half)

    (whole, half, inside) = calibrated()
    in_blocks()
    (light, light_half, light_inside) = calibrated()
    for name, array in whole._asdict().items():
        np.testing.assert_allclose(getattr(light, name), array, rtol=1e-5)
    np.testing.assert_allclose(light_half, half, rtol=1e-5)
    np.testing.assert_array_equal(light_inside, inside)
    rest = held.donor != held.donor[0]
    one, other = (
        calibrate(held, mirror=True, rows=rest),
        calibrate(held.take(rest), mirror=True),
    )
    for name, array in other._asdict().items():
        np.testing.assert_allclose(getattr(one, name), array, rtol=1e-5)
