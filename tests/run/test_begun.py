"""A model before its first step: its program is compiled beside its targets."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from given import structured_samples

from inr_jax.errors import InputError
from inr_jax.fitting import fit, fitted_data, recipe
from inr_jax.run import build, config, fitted

TINY = {"fit.steps": 3, "fit.members": 2, "field.hidden": 4, "field.depth": 1}


def begun(samples, **changes):
    c = config.changed(config.default(), TINY | changes)
    plan = build.make_recipe(c, len(samples.genes))
    text = config.to_json(c)
    return plan, fitted.begin(plan, samples, config=text, files={}, coordinates="")


@pytest.mark.parametrize("changes", [{}, {"fit.mixtures": 4}, {"fit.batch": 7}])
def test_it_is_what_one_after_the_other_gives_and_compiles_once(rng, changes):
    samples = structured_samples(rng, per=10, genes=9)
    plan, (bundle, data) = begun(samples, **changes)
    preprocessing = recipe.make_preprocessing(plan, samples)
    wanted, steps = fitted_data.make_data_and_steps(plan, preprocessing, samples)
    assert bundle.meta["steps"] == steps
    state = recipe.first_state(plan)
    jax.tree.map(np.testing.assert_array_equal, (bundle.state, data), (state, wanted))
    programs = dict(fit._programs(plan.trainer))
    assert len(programs) == 1
    fit.fit(plan.trainer, bundle.state, data, steps=steps, chunk=plan.chunk)
    assert fit._programs(plan.trainer) == programs


def test_wells_that_cannot_be_fitted_are_told_of_as_before(rng):
    samples = structured_samples(rng, per=10, genes=9)
    samples = samples.take(np.zeros(4, int))
    with pytest.raises(InputError, match="two places or more"):
        begun(samples)
