"""Candidates of a sweep: how they are written, grouped and fitted together."""

from __future__ import annotations

import runpy
from pathlib import Path

import jax
import numpy as np
import pytest
from sweeps import SOME, tiny

from inr_jax.errors import InputError
from inr_jax.fitting import fit, joint
from inr_jax.fitting.held_out_fit import make_predictor
from inr_jax.fitting.joint import Reading
from inr_jax.run import build, config
from inr_jax.run.sweep import candidates
from inr_jax.run.sweep import plan as config_sweep
from inr_jax.stats import hold_out

pytestmark = pytest.mark.usefixtures("quick_compiling")

SWEEPS = Path(__file__).resolve().parents[2] / "configs" / "sweeps"


@pytest.mark.slow  # settings of one fit: tests/fitting/test_fit.py
def test_candidates_read_along_and_together_are_those_fitted_alone():
    some = [tiny(**changes) for changes in SOME]
    samples = build.load_source(some[0]).samples
    held = samples.donor == 2
    training, sites = samples.take(~held), samples.take(held).sites().unnamed()
    plans = [build.make_recipe(c, 3) for c in some]
    alone = [
        make_predictor(plan, len(training.well))(training, sites).mean for plan in plans
    ]
    compiled = len(fit._programs(plans[0].trainer))
    readings = [Reading(0, 20, 2), Reading(0, 10, 2), Reading(0, 20, 1)]
    readings += [Reading(1, 20, 2), Reading(2, 20, 2)]
    found = joint.predict(
        [plans[0], plans[3], plans[4]],
        readings,
        training,
        sites,
        rows=len(training.well),
    )
    assert len(fit._programs(plans[0].trainer)) == compiled + 1  # of three settings
    np.testing.assert_allclose(found, alone, atol=2e-4)
    assert abs(found[0] - found[1:]).max((1, 2)).min() > 2e-3


def test_what_is_read_along_one_fit_or_differs_in_numbers_is_one_group():
    some = [*SOME, {"field.omega": 9.0}, {"fit.steps": 40}, {"seed": 1}]
    c = tiny()
    found = config_sweep.groups_of(candidates_of(some, c), "donor")
    # The first is read along the fit of 40 steps, which others need not make.
    assert found == [[0, 1, 2, 6], [3, 4, 7], [5]]


def test_jitter_is_refused_where_kriging_says_what_lies_around_wells():
    c = tiny(**{"fit.places": "kriged"})
    with pytest.raises(InputError, match=r"found fit.jitter_mm; add fit.places=wells"):
        candidates_of([{"fit.jitter_mm": 1.0}], c)
    both = {"fit.jitter_mm": 1.0, "fit.places": "wells"}
    groups = config_sweep.groups_of(candidates_of([{}, both], c), "donor")
    assert groups == [[0], [1]]


def test_places_are_kriged_where_values_are_means_of_several_wells():
    c = tiny(**{"fit.places": "auto"})
    assert build.make_recipe(c, 3).places == "wells"
    kriged = build.make_recipe(c, 3, supports=True)
    assert (kriged.places, kriged.trainer.jitter_mm) == ("kriged", 0.0)
    c.field.omega *= build.KRIGED  # sines take a higher frequency there
    started = (
        plan.conditioning.init(jax.random.key(0))
        for plan in (kriged, build.make_recipe(c, 3))
    )
    assert jax.tree.all(jax.tree.map(np.array_equal, *started))
    for asked in ("kriged", "wells"):
        c = tiny(**{"fit.places": asked})
        for supports in (False, True):
            assert build.make_recipe(c, 3, supports=supports).places == asked


def candidates_of(some, c, protocol="donor"):
    return [
        config_sweep.Candidate(
            candidates.label(one),
            one,
            config_sweep._applied(c, one, "here", protocol),
        )
        for one in some
    ]


def test_helpers_write_every_combination_or_one_change():
    choices = {"fit.steps": [1, 2], "seed": [3, 4]}
    assert candidates.grid(choices)[1] == {"fit.steps": 1, "seed": 4}
    assert len(candidates.grid(choices)) == 4
    one = candidates.one_at_a_time(choices)
    assert one[0] == {} and one[-1] == {"seed": 4} and len(one) == 5


@pytest.mark.parametrize("protocol", candidates.DEFAULT)
def test_the_default_candidates_can_be_used_and_differ(protocol):
    found = config_sweep.load_candidates(None, config.default(), protocol)
    assert len(found) == len(candidates.DEFAULT[protocol])
    for one in found:
        config.validate(one.config)


@pytest.mark.parametrize("path", sorted(SWEEPS.glob("*.py")), ids=lambda p: p.stem)
def test_the_files_in_configs_sweeps_can_be_used(path):
    used = config_sweep.load_candidates(str(path), config.default(), "donor")
    sweep = runpy.run_path(str(path))["get_sweep"]()
    assert all(isinstance(overrides, dict) for overrides in sweep)
    # Values that are those of the configuration are no candidates of their own.
    assert len(sweep) * 2 / 3 < len(used) <= len(sweep) and len(used) > 1


def test_a_key_that_the_second_fit_does_not_read_is_answered_with_its_own():
    with pytest.raises(InputError, match=r"write anatomy\.hidden"):
        config_sweep._applied(
            tiny(), {"field.hidden": 4}, "x", hold_out.DONOR_STRUCTURE
        )
