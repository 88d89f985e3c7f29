"""New genes on a trunk: heads that are there to be found, and what is refused."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np
import pytest
from given import input_error, random_samples

from inr_jax.fitting import recipe
from inr_jax.fitting.adapt import adapt, head_rows, member_features
from inr_jax.run import build, config
from inr_jax.samples.support import Support
from inr_jax.stats.scores import score

pytestmark = pytest.mark.usefixtures("quick_compiling")
TINY = {
    "field__hidden": 8,
    "field__depth": 1,
    "fit__members": 2,
    "fit__targets": "wells",
    "fit__jitter_mm": 0.0,
}


def plan_of(genes, **changes):
    settings = config.with_settings(config.default(), **TINY | changes)
    return build.make_recipe(settings, genes)


def trunk_of(plan, samples):
    """A model before its first step."""
    return recipe.make_model(
        recipe.make_preprocessing(plan, samples), recipe.first_state(plan)
    )


def made_of(trunk, plan, samples, theta):
    """The samples with values of heads `(G, E, D)` that are known."""
    features = member_features(plan, trunk, samples)
    values = np.einsum("ned,ged->ng", features, theta) / features.shape[1]
    return dataclasses.replace(samples, values=np.float32(values))


@pytest.mark.parametrize(
    "changes", [{}, {"conditioning__name": "low_rank", "conditioning__rank": 3}]
)
def test_genes_that_the_trunk_can_tell_are_told(rng, changes):
    old, new = random_samples(rng, 40, 3), random_samples(rng, 60, 4, donors="ABC")
    trunk = trunk_of(plan_of(3, **changes), old)
    theta = head_rows(trunk.params["genes"])
    same = rng.normal(size=(4, 1, theta.shape[2]))  # members agree: so does their mean
    plan = plan_of(4, **changes)
    for member in range(2):
        one = np.where(np.arange(2)[None, :, None] == member, 2 * same, 0)
        wells = made_of(trunk, plan, new, one)
        adapted = adapt(plan, trunk, wells).model
        shared = jax.tree.map(
            np.array_equal, adapted.params["shared"], trunk.params["shared"]
        )
        assert all(jax.tree.leaves(shared))
        # The member that made the values has them, but for the least penalty.
        rows = head_rows(adapted.params["genes"])[:, member]
        features = member_features(plan, trunk, wells)[:, member]
        told = adapted.standardiser.values(features @ rows.T)
        assert score(wells.values, told).r2.min() > 0.95


def test_features_of_a_support_are_the_mean_over_its_points(rng):
    samples = random_samples(rng, 12, 2)
    plan = plan_of(2)
    trunk = trunk_of(plan, samples)
    points = random_samples(rng, 24, 2)
    single = member_features(plan, trunk, points)
    support = Support(points.x_mm, points.tissue, np.full(12, 2, np.int32))
    pairs = dataclasses.replace(samples, support=support)
    expected = single.reshape(12, 2, *single.shape[1:]).mean(1)
    np.testing.assert_allclose(member_features(plan, trunk, pairs), expected, atol=1e-6)


def test_steps_from_the_mean_code_bring_a_gene_nearer(rng):
    changes = {"conditioning__name": "concat", "conditioning__frequencies": 2}
    old = random_samples(rng, 40, 3)
    trunk = trunk_of(plan_of(3, **changes), old)
    plan, new = plan_of(2, **changes), random_samples(rng, 30, 2)

    def error(steps):
        model = adapt(plan, trunk, new, steps=steps).model
        assert model.codes.shape == (2, 5)
        mean = recipe.predict_at(plan.renderer, model, new.sites()).mean
        return score(new.values, mean).mse, model

    before, start = error(0)
    np.testing.assert_allclose(start.codes, np.tile(trunk.codes.mean(0), (2, 1)))
    after, _ = error(30)
    assert (after < before).all()


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"conditioning__name": "independent"}, "a network of its own")],
)
def test_networks_that_share_no_trunk_are_refused(rng, changes, why):
    samples = random_samples(rng, 20, 2)
    plan = plan_of(2, **changes)
    trunk = trunk_of(plan, samples)
    assert why in str(input_error(adapt, plan, trunk, samples))
