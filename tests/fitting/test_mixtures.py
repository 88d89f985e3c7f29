"""Heads of mixtures of genes are heads of genes, by linearity."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from given import input_error, structured_samples

from inr_jax.fields import model as fields_model
from inr_jax.fields.inputs import make_places
from inr_jax.fitting import checkpoint, mixtures, recipe
from inr_jax.run import build, config, fitted


def standard(values):
    """Values that are in standard units already."""
    genes = np.shape(values)[1]
    units = recipe.Standardiser(np.zeros(genes, "f"), np.ones(genes, "f"))
    return recipe.Standardised(values, units)


pytestmark = pytest.mark.usefixtures("quick_compiling")


def test_values_of_few_patterns_are_what_their_mixtures_say(rng):
    values = rng.normal(size=(50, 3)) @ rng.normal(size=(3, 30))
    mix = mixtures.make_mix(standard(values), 5)
    y = mixtures.values_of_mixtures(standard(values), 5)
    assert mix.shape == (5, 30) and y.shape == (50, 5)
    np.testing.assert_allclose(y @ mix, values, atol=1e-4)


def test_mixtures_have_about_one_variance_and_span_the_leading_directions(rng):
    scale = 2.0 ** -np.arange(20)
    values = (
        rng.normal(size=(300, 20)) * scale @ np.linalg.qr(rng.normal(size=(20, 20)))[0]
    )
    mix = mixtures.make_mix(standard(values), 4)
    y = mixtures.values_of_mixtures(standard(values), 4)
    np.testing.assert_allclose((y**2).mean(), 1, rtol=1e-3)
    left, size, right = np.linalg.svd(values, full_matrices=False)
    leading = left[:, :4] * size[:4] @ right[:4]
    np.testing.assert_allclose(y @ mix, leading, atol=1e-3)


def test_with_fewer_wells_than_mixtures_the_wells_are_kept(rng):
    values = rng.normal(size=(6, 40)).astype(np.float32)
    mix = mixtures.make_mix(standard(values), 10)
    assert mix.shape == (10, 40) and np.isfinite(mix).all()
    y = mixtures.values_of_mixtures(standard(values), 10)
    np.testing.assert_allclose(y @ mix, values, atol=1e-3)


def test_a_shard_has_the_columns_of_all_genes(rng):
    values = rng.normal(size=(60, 40)).astype(np.float32)
    mix = mixtures.make_mix(standard(values), 8)
    shard = mixtures.make_mix(standard(values), 8, genes=standard(values[:, 1::3]))
    np.testing.assert_allclose(shard, mix[:, 1::3], atol=1e-5)


TINY = {"fit.steps": 3, "fit.members": 2, "field.hidden": 4, "field.depth": 1}


@pytest.fixture
def begun(rng):
    samples = structured_samples(rng, per=10, genes=9)
    c = config.changed(config.default(), TINY | {"fit.mixtures": 4})
    plan = build.make_recipe(c, 9)
    bundle, data = fitted.begin(
        plan, samples, config=config.to_json(c), files={}, coordinates=""
    )
    bundle, _ = fitted.go_on(plan, bundle, data, lambda now, loss: None)
    return samples, plan, bundle


@pytest.mark.slow
def test_a_gene_is_the_mix_of_what_networks_give_for_mixtures(begun):
    samples, plan, bundle = begun
    places = make_places(samples.x_mm, samples.tissue)
    model = recipe.make_model(bundle.preprocessing, bundle.state)
    mean, _ = fields_model.render(plan.renderer, model, places)
    assert mean.shape == (30, 9)
    alone = model._replace(
        params=recipe.rows_of_genes(bundle.state.params, 4),
        standardiser=recipe.Standardiser(np.zeros(4, "f"), np.ones(4, "f")),
        codes=np.zeros((4, 0), np.float32),
    )
    of_mixtures, _ = fields_model.render(plan.renderer, alone, places)
    exact = model.standardiser.values(of_mixtures @ bundle.preprocessing.mix)
    np.testing.assert_allclose(mean, exact, atol=1e-4)


def test_the_mix_is_kept_in_a_checkpoint(begun, tmp_path):
    samples, plan, bundle = begun
    checkpoint.save(tmp_path / "checkpoints", bundle, keep=1)
    again = fitted.restore(tmp_path / "checkpoints", plan, samples)
    np.testing.assert_array_equal(again.preprocessing.mix, bundle.preprocessing.mix)
    for one, other in zip(
        *map(jax.tree.leaves, (again.state, bundle.state)), strict=True
    ):
        np.testing.assert_array_equal(
            jax.random.key_data(one)
            if jax.dtypes.issubdtype(one.dtype, jax.dtypes.prng_key)
            else one,
            jax.random.key_data(other)
            if jax.dtypes.issubdtype(other.dtype, jax.dtypes.prng_key)
            else other,
        )


def test_no_more_genes_than_mixtures_are_fitted_each_alone():
    c = config.changed(config.default(), {"fit.mixtures": 9})
    assert build.make_recipe(c, 9).mixtures == 0
    c = config.changed(c, {"conditioning.name": "concat"})
    assert "conditioning.name=heads" in str(input_error(build.make_recipe, c, 20))
