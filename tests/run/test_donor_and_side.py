"""Donors and the side of the brain as conditions of a run: fitted, kept, drawn."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np
import pytest

import inr_jax
from inr_jax.fitting.donor_latents import adapted_to_donor
from inr_jax.fitting.held_out_fit import fitted
from inr_jax.fitting.recipe import make_model, predict_at
from inr_jax.run import build, config
from inr_jax.run.stores import factored_of
from inr_jax.samples.samples import Samples

pytestmark = pytest.mark.usefixtures("quick_compiling")

TINY = {
    "phantom.n_wells": 120,
    "phantom.n_genes": 5,
    "fit.targets": "wells",
    "fit.steps": 30,
    "fit.members": 2,
    "fit.jitter_mm": 0.0,
    "field.hidden": 16,
    "field.depth": 2,
    "render.resolution_mm": 3,
}
DONORS = {"conditioning.donor_width": 2, "conditioning.donor_prior": 0.1}
SIDES = {"inputs.hemisphere": True}


def settings(**overrides):
    c = config.default()
    c.update_from_flattened_dict(TINY | overrides)
    return c


@pytest.fixture(scope="module")
def samples():
    return build.load_source(settings()).samples


@pytest.fixture(scope="module")
def of_donors(samples):
    return inr_jax.fit(samples, settings(**DONORS))


@pytest.mark.slow
def test_a_kept_model_of_donors_is_the_same_model(of_donors, samples, tmp_path):
    assert of_donors.model.members == 2 * 6, "a member for each donor"
    of_donors.save(tmp_path / "kept")
    again = inr_jax.load(tmp_path / "kept")
    for one, two in zip(of_donors(samples.x_mm), again(samples.x_mm), strict=True):
        np.testing.assert_array_equal(one, two)
    images = again.render(genes=[again.genes[1]], resolution_mm=3)
    image = images[again.genes[1]]
    voxels = np.argwhere(image.get_fdata() != 0)[::5000]
    x_mm = voxels @ image.affine[:3, :3].T + image.affine[:3, 3]
    drawn = image.get_fdata()[tuple(voxels.T)]
    np.testing.assert_allclose(drawn, again(x_mm)[0][:, 1], atol=1e-5)


def test_what_a_held_out_donor_was_measured_at_changes_no_bit(samples):
    plan = build.make_model_recipe(settings(**DONORS), samples, "place")
    held = samples.donor == 3
    other = np.where(held[:, None], 99.0, samples.values).astype(np.float32)
    states = [
        fitted(plan, dataclasses.replace(samples, values=values).take(~held), 120)
        for values in (samples.values, other)
    ]
    jax.tree.map(np.testing.assert_array_equal, *(s[1].params for s in states))
    preprocessing, state = states[0]
    table = np.asarray(state.params["shared"]["donor"])
    assert not table[:, 3].any() and table[:, [0, 1, 2, 4, 5]].all(axis=-1).any()
    assert make_model(preprocessing, state).members == 2 * 5


@pytest.mark.slow
def test_a_donor_made_with_a_latent_is_found_from_its_wells(samples):
    plan = build.make_model_recipe(
        settings(**DONORS | {"conditioning.donor_prior": 0.0}), samples, "place"
    )
    preprocessing, state = fitted(plan, samples)
    state = state._replace(
        params=jax.tree.map(lambda leaf: leaf[:1], state.params)  # one member
    )
    latent = np.float32([[0.3, -0.2]])
    table = np.broadcast_to(latent[:, None], state.params["shared"]["donor"].shape)
    shared = {**state.params["shared"], "donor": table}
    true = make_model(
        preprocessing, state._replace(params={**state.params, "shared": shared})
    )
    sites = samples.sites()
    values = predict_at(plan.renderer, true, sites).mean
    wells = dataclasses.replace(samples, values=values).take(samples.donor == 2)
    model = adapted_to_donor(plan, preprocessing, state, wells)
    found = predict_at(plan.renderer, model, sites).mean
    before = predict_at(plan.renderer, make_model(preprocessing, state), sites).mean
    scale = values.std(0)
    assert np.abs((before - values) / scale).max() > 0.1
    np.testing.assert_allclose(found / scale, values / scale, atol=0.01)


@pytest.mark.slow
def test_adapt_donor_takes_the_networks_own_latents(of_donors, samples):
    wells = dataclasses.replace(samples.take(samples.donor == 1), donors=("new",) * 6)
    donor = of_donors.adapt_donor(wells)
    assert donor.latent is None and donor.penalty == pytest.approx(0.1)
    error = [
        np.mean((mean - wells.values) ** 2)
        for mean in (donor(wells.x_mm), of_donors(wells.x_mm)[0])
    ]
    assert error[0] < error[1]
    of_genes = inr_jax.fit(
        samples, settings(**DONORS, **{"conditioning.name": "independent"})
    )
    with pytest.raises(inr_jax.InputError, match="each its own latents"):
        of_genes.adapt_donor(wells)
    others = dataclasses.replace(samples, genes=("A", "B", "C", "D", "E"))
    with pytest.raises(inr_jax.InputError, match="a trunk without latents of donors"):
        of_donors.adapt(others)


@pytest.mark.slow
def test_a_model_that_sees_the_side_draws_two_sides(samples):
    left = samples.x_mm[:, :1] < 0
    values = np.where(left, 1.0, -1.0) + 0.01 * samples.values
    sided = dataclasses.replace(samples, values=values.astype(np.float32))
    model = inr_jax.fit(sided, settings(**SIDES, **{"fit.learning_rate": 1e-2}))
    x_mm = np.float32([[-30, -20, 10], [30, -20, 10]])
    mean, _ = model(x_mm)
    assert (mean[0] - mean[1] > 1).all()
    image = next(iter(model.render(resolution_mm=3).values())).get_fdata()
    half = image.shape[0] // 2
    assert image[:half].sum() * image[half + 1 :].sum() < 0
    assert not model.recipe.symmetric
    bare = inr_jax.fit(sided, settings())
    np.testing.assert_array_equal(*bare(x_mm)[0])


@pytest.mark.slow
@pytest.mark.parametrize("conditions", [DONORS, SIDES])
def test_a_store_of_factors_holds_the_same_maps(conditions, samples):
    model = inr_jax.fit(samples, settings(**conditions))
    right = np.float32([[30, -20, 10], [12, 40, 0], [40, -60, -20]])
    x_mm = np.concatenate([right, right * np.float32([-1, 1, 1])])
    mean, spread = factored_of(model.drawable, x_mm).genes(range(5), std=True)
    expected = model(x_mm)
    np.testing.assert_allclose(mean, expected[0], atol=1e-4)
    np.testing.assert_allclose(spread, expected[1], atol=1e-4)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (DONORS | {"fit.targets": "effects"}, "set fit.targets=wells"),
        (SIDES | {"fit.targets": "effects"}, "inputs.hemisphere: expected the wells"),
        (DONORS | {"fit.places": "kriged"}, "set fit.places=wells"),
        (SIDES | {"inputs.mirror": False}, "leave inputs.hemisphere out"),
    ],
)
def test_conditions_that_what_is_fitted_does_not_hold_are_refused(
    changes, told, samples
):
    with pytest.raises(inr_jax.InputError, match=told):
        inr_jax.fit(samples, settings(**changes))


def test_latents_of_one_donor_are_refused(samples):
    only = samples.take(samples.donor == 0)
    assert isinstance(only, Samples)
    with pytest.raises(inr_jax.InputError, match="expected two donors, found all"):
        inr_jax.fit(only, settings(**DONORS))
