"""A recipe: nothing of a held-out donor reaches training, and the phantom is found."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import references

from inr_jax.brain import template
from inr_jax.brain.space import box_around, folded
from inr_jax.errors import InputError
from inr_jax.fields import model as render
from inr_jax.fields.inputs import make_places
from inr_jax.fitting import fitted_data, recipe
from inr_jax.fitting.held_out_fit import make_predictor
from inr_jax.run import build, config
from inr_jax.samples import phantom
from inr_jax.samples.sites import UNNAMED
from inr_jax.stats import hold_out

pytestmark = pytest.mark.usefixtures("quick_compiling")

CHUNK = 5
RECIPES: dict[str, dict] = {
    "default": {},
    "minmax": {
        "conditioning.name": "independent",
        "fit.scale": "minmax",
        "inputs.tissue": "soft",
        "fit.batch": 16,
    },
    # Gene codes and the joint box are statistics of the wells, too.
    "concat": {"conditioning.name": "concat", "inputs.box": "joint"},
    "pca": {"conditioning.name": "shift", "conditioning.code": "pca"},
    "latent": {"conditioning.name": "film", "conditioning.code": "latent"},
}


def settings_of(changes):
    """Tiny settings, with changes by dotted key."""
    settings = config.default()
    tiny = {"phantom.n_wells": 60, "phantom.n_genes": 3, "field.hidden": 8}
    tiny |= {"field.depth": 1, "fit.members": 2, "fit.steps": CHUNK, "fit.chunk": CHUNK}
    for key, value in (tiny | changes).items():
        section, name = key.split(".")
        settings[section][name] = value
    return settings


def plan_of(changes):
    return build.make_recipe(settings_of(changes), 3)


@pytest.fixture(scope="module")
def plan():
    """One plan, so that its programs are compiled once."""
    return plan_of({})


@pytest.fixture(scope="module")
def samples():
    """Wells of six donors with structures, so that every kind of target is made."""
    found = build.load_source(settings_of({})).samples
    n = len(found.well)
    return dataclasses.replace(
        found,
        structure=np.arange(n, dtype=np.int32) % 7,
        parent=np.arange(n, dtype=np.int32) % 7 % 2,
        structures=tuple("abcdefg"),
        parents=("p", "q"),
    )


def poisoned(samples, donor, rng):
    """The samples with junk in all that was measured in, or said of, one donor."""
    held = samples.donor == donor
    values = samples.values.copy()
    values[held] = rng.normal(1e4, 1e4, values[held].shape)
    junk = np.full(int(held.sum()), UNNAMED)
    structure, parent = samples.structure.copy(), samples.parent.copy()
    structure[held], parent[held] = junk, junk
    return dataclasses.replace(
        samples, values=values, structure=structure, parent=parent
    )


@pytest.mark.parametrize("changes", RECIPES.values(), ids=RECIPES)
def test_junk_in_a_held_out_donor_changes_no_bit_of_its_prediction(
    changes, samples, rng
):
    plan = plan_of(changes)
    predict = make_predictor(plan, len(samples.well))
    honest = hold_out.leave_one_donor_out(predict, samples).mean
    for donor in (0, 3):
        held = samples.donor == donor
        junk = poisoned(samples, donor, rng)
        again = hold_out.leave_one_donor_out(predict, junk).mean
        np.testing.assert_array_equal(again[held], honest[held])
        assert (again[~held] != honest[~held]).any()  # there it was trained on
    # All folds, padded to one shape, have shared one program.
    assert len(recipe.fit._programs(plan.trainer)) == 1
    assert plan.renderer.program._cache_size() == 1


def test_the_frame_is_that_of_the_training_wells_alone(plan, samples):
    training = samples.take(samples.donor != 0)
    preprocessing = recipe.make_preprocessing(plan, training)
    values = np.asarray(training.values, np.float64)
    np.testing.assert_allclose(
        preprocessing.standardiser.offset, values.mean(0), rtol=1e-5
    )
    np.testing.assert_allclose(
        preprocessing.standardiser.scale, values.std(0), rtol=1e-5
    )
    box = box_around(folded(training.x_mm), "cube")
    np.testing.assert_array_equal(preprocessing.inputs.box.centre_mm, box.centre_mm)
    everything = recipe.make_preprocessing(plan, samples).standardiser
    assert (preprocessing.standardiser.offset != everything.offset).all()


def test_wells_that_all_lie_at_one_place_are_told_in_one_line(plan, samples):
    training = samples.take(samples.donor != 0)
    one = np.tile(training.x_mm[:1], (len(training.well), 1)) * [[-1.0, 1, 1]]
    one[::2, 0] *= -1  # the same place, left and right
    x_mm = one.astype(np.float32)
    told = (
        r"wells to fit, of donor .*: expected two places or more, found all \d+ at \("
    )
    with pytest.raises(InputError, match=told):
        recipe.make_preprocessing(plan, dataclasses.replace(training, x_mm=x_mm))


def test_padding_weighs_nothing(plan, samples):
    training, sites = samples.take(slice(0, 50)), samples.sites()
    one, other = (make_predictor(plan, rows)(training, sites).mean for rows in (50, 73))
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_seed_decides_every_bit(plan, samples):
    training, sites = samples.take(slice(0, 50)), samples.sites()
    zero, again, one = (
        make_predictor(plan._replace(seed=seed), 50)(training, sites).mean
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(zero, again)
    assert (zero != one).all()


def test_an_unfitted_model_is_centred_on_the_training_wells(plan, samples):
    preprocessing = recipe.make_preprocessing(plan, samples)
    model = recipe.make_model(preprocessing, recipe.first_state(plan))
    places = make_places(samples.x_mm, samples.tissue)
    mean, spread = render.render(plan.renderer, model, places)
    assert mean.shape == spread.shape == samples.values.shape
    z = (mean - samples.values.mean(0)) / samples.values.std(0)
    assert abs(z).max() < 3


@pytest.mark.slow
def test_the_phantom_is_recovered_well_within_its_noise():
    """The default field, fitted to a third of the wells and genes, and so shorter.

    Of a phantom without regions, whose edges no field of place alone can follow.
    """
    settings = config.default()
    settings.phantom.structure_sd, settings.phantom.named = 0.0, False
    settings.phantom.n_wells, settings.phantom.n_genes = 1000, 20
    settings.fit.steps, settings.fit.members = 150, 2
    brain = build.make_phantom(settings)
    samples = build.load_source(settings).samples
    mask, grid = template.brain_mask(3)
    x_mm = grid.points_mm(mask)[::37].astype(np.float32)
    tissue = template.tissue_at(x_mm)
    truth = phantom.truth(brain, x_mm, tissue)

    plan = build.make_recipe(settings, 20)
    preprocessing = recipe.make_preprocessing(plan, samples)
    state, _ = recipe.fit.fit(
        plan.trainer,
        recipe.first_state(plan),
        fitted_data.make_data(plan, preprocessing, samples),
        steps=plan.steps,
        chunk=plan.chunk,
    )
    model = recipe.make_model(preprocessing, state)
    mean, _ = render.render(plan.renderer, model, make_places(x_mm, tissue))

    def error(predicted):
        return np.sqrt(np.mean((predicted - truth) ** 2))

    some = rows_of(x_mm, 100)
    near = references.nearest(
        references.folded(samples.x_mm),
        samples.values,
        references.folded(x_mm[some]),
    )
    noise = settings.phantom.noise_sd
    assert error(mean) < noise / 2
    assert error(truth.mean(0)) > 0.6  # so a constant would not do
    assert np.sqrt(np.mean((near - truth[some]) ** 2)) > noise  # as it keeps the noise


def rows_of(x_mm, count):
    return np.arange(count) * len(x_mm) // count
