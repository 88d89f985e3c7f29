"""Kriging with lengths that follow the wells, against its formula written out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from inr_jax.samples.samples import make_samples
from inr_jax.samples.support import Support, single_points
from inr_jax.stats import kriging_targets as kriging_targets_module
from inr_jax.stats import local_kriging as module
from inr_jax.stats.baselines import ON_TARGETS, baselines, structure_baselines
from inr_jax.stats.kernels import matern32
from inr_jax.stats.kriging_targets import kriging_targets
from inr_jax.stats.scores import score

DONORS = 4


def samples_of(x_mm, values):
    return make_samples(
        x_mm=x_mm,
        values=values,
        genes=[f"G{g}" for g in range(values.shape[1])],
        donor=[f"d{n % DONORS}" for n in range(len(values))],
        where="test",
    )


@pytest.fixture
def two_parts(rng):
    """Wells 25 mm apart in a smooth half, 4 mm apart in a rough one; eight genes."""
    wide = rng.uniform(-80, 0, (160, 3)) * [1, 1, 1] + [-20, 0, 0]
    dense = rng.uniform(30, 50, (160, 3))
    x_mm = np.concatenate([wide, dense])
    covariance = np.zeros((320, 320))
    covariance[:160, :160] = matern32(wide, wide, 60.0)
    covariance[160:, 160:] = matern32(dense, dense, 6.0)
    field = np.linalg.cholesky(covariance + 1e-9 * np.eye(320))
    field = field @ rng.normal(size=(320, 8))
    return samples_of(x_mm, field + 0.2 * rng.normal(size=field.shape))


def test_equal_lengths_make_the_plain_matern_kernel(rng):
    x_mm, other_mm = rng.normal(0, 30, (9, 3)), rng.normal(0, 30, (5, 3))
    given = module.local_matern32(x_mm, other_mm, np.full(9, 12.0), np.full(5, 12.0))
    np.testing.assert_allclose(given, matern32(x_mm, other_mm, 12.0), atol=1e-14)


def test_it_is_a_covariance_of_variance_1_whatever_the_lengths(rng):
    x_mm, length_mm = rng.normal(0, 20, (120, 3)), rng.uniform(2, 60, 120)
    kernel = module.local_matern32(x_mm, x_mm, length_mm, length_mm)
    np.testing.assert_allclose(np.diag(kernel), 1, atol=1e-12)
    np.testing.assert_allclose(kernel, kernel.T, atol=1e-12)
    assert np.linalg.eigvalsh(kernel)[0] > -1e-10


def test_lengths_grow_as_the_distance_to_the_tenth_neighbour(rng):
    x_mm = rng.uniform(0, 100, (200, 3))
    points = single_points(x_mm, np.zeros((200, 2)))
    length_mm, spacing_mm = module.point_lengths(points, 10.0)
    apart = np.sort(np.linalg.norm(x_mm[:, None] - x_mm[None], axis=2), axis=1)[:, 10]
    assert spacing_mm == pytest.approx(np.median(apart))
    np.testing.assert_allclose(length_mm, 10 * apart / np.median(apart))


def test_what_it_gives_is_the_best_linear_predictor_written_out(rng):
    size = np.array([1, 3, 2] * 20)
    x_mm = rng.uniform(0, 60, (size.sum(), 3))
    support = Support(x_mm, np.zeros((len(x_mm), 2)), size)
    length_mm, spacing_mm = module.point_lengths(support, 8.0)
    targets = rng.normal(size=(60, 2)) + 3
    within = module.mean_local_matern32(support, length_mm) + 0.1 * np.eye(60)
    offset, scale = targets.mean(0), targets.std(0)
    weights = np.linalg.solve(within, (targets - offset) / scale)
    units = module.standardiser(targets)
    named = module.structure_points(np.arange(60) % 3, support)
    effects = rng.normal(size=(3, 2))
    field = module.LocalKriging(
        support, length_mm, spacing_mm, 8.0, weights, units, named, effects
    )
    at_mm = rng.uniform(0, 60, (7, 3))
    wanted = np.empty((7, 2))
    for row, place in enumerate(at_mm):
        apart = np.linalg.norm(x_mm - place, axis=1)
        length_there = np.clip(8 * np.sort(apart)[9] / spacing_mm, 2, 60)
        q = (length_there**2 + length_mm**2) / 2
        s = np.sqrt(3 / q) * apart
        kernel = (length_there * length_mm / q) ** 1.5 * (1 + s) * np.exp(-s)
        mean = [part.mean() for part in np.split(kernel, np.cumsum(size)[:-1])]
        near = np.exp(-(apart**2) / (2 * 3.0**2))
        of = np.repeat(np.arange(60) % 3, size)
        shares = np.array([near[of == s].sum() for s in range(3)]) / near.sum()
        standard = np.array(mean) @ weights + shares @ effects
        wanted[row] = standard * scale + offset
    np.testing.assert_allclose(field.at(at_mm), wanted, atol=1e-5)


def test_where_roughness_goes_with_density_it_beats_every_single_length(two_parts):
    training = two_parts.take(two_parts.donor > 0)
    held = two_parts.take(two_parts.donor == 0)
    r = {
        method.__name__: score(
            held.values, method(training, held.sites(), mirror=False).mean
        ).r.mean()
        for method in (module.kriging_local, kriging_targets)
    }
    assert r["kriging_local"] > r["kriging_targets"] + 0.01


def test_wells_at_one_place_and_few_wells_are_told_finite_values(rng):
    x_mm = np.repeat(rng.uniform(0, 20, (2, 3)), 4, axis=0)
    samples = samples_of(x_mm, rng.normal(size=(8, 2)))
    given = module.kriging_local(samples, samples.sites(), mirror=True).mean
    assert np.isfinite(given).all()


def test_a_shard_chooses_as_all_genes_together(two_parts):
    alone = module._chosen(two_parts, False)
    for genes in (["G0"], ["G5", "G7"]):
        shard = dataclasses.replace(
            two_parts.keep_genes(genes), context=two_parts.values
        )
        assert module._chosen(shard, False) == alone


def test_baselines_that_clean_values_first_are_known_by_name(two_parts):
    cleaning = []

    def targets_of(*arguments, **options):
        cleaning.append(arguments)
        return real(*arguments, **options)

    real = kriging_targets_module.targets_of
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kriging_targets_module, "targets_of", targets_of)
        for name, method in {**baselines(False), **structure_baselines(False)}.items():
            cleaning.clear()
            method(two_parts, two_parts.sites())
            assert bool(cleaning) == (name in ON_TARGETS), name
