"""Coverage of donors nobody calibrated on, parts of the brain."""

from __future__ import annotations

import csv
import dataclasses
import logging

import numpy as np
import pytest

from inr_jax.brain.divisions import NO_PART, PARTS, parts_of
from inr_jax.brain.matter import SPACES, WHITE
from inr_jax.samples.samples import make_samples
from inr_jax.samples.sources import allen_export
from inr_jax.samples.support import single_points
from inr_jax.stats.coverage import (
    coverage,
    coverage_table,
    donor_intervals,
)
from inr_jax.stats.hold_out import leave_one_donor_out
from inr_jax.stats.matters import matter_of
from inr_jax.stats.predictor import Prediction
from inr_jax.stats.residuals import HeldOut, held_out_wells


@pytest.fixture
def samples(rng):
    n = 90
    return make_samples(
        x_mm=rng.uniform([-60, -90, -40], [60, 60, 70], size=(n, 3)),
        values=rng.normal(size=(n, 4)) + 3,
        genes=["G0", "G1", "G2", "G3"],
        donor=[("B", "A", "C")[i] for i in rng.permutation(np.arange(n) % 3)],
        where="test",
    )


def mean_and_first_x(training, sites):
    """A mean that depends on the fold and a spread that depends on the site."""
    mean = np.tile(training.values.mean(0), (len(sites.x_mm), 1))
    return Prediction(mean, np.tile(sites.x_mm[:, :1], (1, 4)))


def test_the_spread_of_each_well_is_kept_beside_its_mean(samples):
    prediction = leave_one_donor_out(mean_and_first_x, samples)
    held = held_out_wells(samples, prediction)
    np.testing.assert_array_equal(held.spread, np.tile(samples.x_mm[:, :1], (1, 4)))
    for row, donor in enumerate(samples.donor):
        others = samples.values[samples.donor != donor].mean(0)
        expected = samples.values[row] - others
        np.testing.assert_allclose(held.residual[row], expected, atol=1e-5)


def test_a_method_without_spread_cannot_be_calibrated(samples):
    prediction = leave_one_donor_out(
        lambda *fold: mean_and_first_x(*fold)._replace(spread=None), samples
    )
    assert prediction.spread is None
    with pytest.raises(ValueError, match="expected a prediction with spread"):
        held_out_wells(samples, prediction)


def test_copies_do_not_calibrate(samples):
    copies = dataclasses.replace(samples, mirrored=np.arange(90) % 3 == 0)
    held = held_out_wells(copies, leave_one_donor_out(mean_and_first_x, copies))
    assert len(held.residual) == 60
    np.testing.assert_array_equal(held.support.x_mm, copies.originals().x_mm)


def noisy(rng, n=600):
    x_mm = rng.uniform(-60, 60, (n, 3))
    points = single_points(x_mm, np.zeros((n, 2)))
    residual, donor = rng.normal(size=(n, 3)), np.arange(n) % 6
    return HeldOut(residual, np.ones((n, 3)), donor, points, np.zeros(n, int))


def test_a_donors_own_residuals_do_not_reach_its_intervals(rng):
    held = noisy(rng)
    own = held.donor == 2
    half = donor_intervals(held, mirror=True)
    junk = np.where(own[:, None], 1e6 * held.residual, held.residual)
    again = donor_intervals(held._replace(residual=junk), mirror=True)
    np.testing.assert_array_equal(again[own], half[own])
    assert (again[~own] != half[~own]).all()


def test_what_a_donor_is_calibrated_on_can_be_given(rng):
    held, asked = noisy(rng), []

    def calibrating(donor):
        asked.append(donor)
        rest = held.take(held.donor != donor)
        return rest._replace(residual=2 * rest.residual, spread=2 * rest.spread)

    twice = donor_intervals(
        held._replace(spread=2 * held.spread), mirror=True, calibrating=calibrating
    )
    assert asked == list(range(6))
    np.testing.assert_allclose(twice, 2 * donor_intervals(held, mirror=True), rtol=1e-5)


def test_coverage_is_counted_over_wells_and_genes_of_each_part(rng):
    inside = rng.random((40, 3)) < 0.7
    part = np.repeat([0, 2, 3, NO_PART], 10)
    found = coverage(inside, part)
    assert list(found) == ["overall", "cortex", "cerebellum", "brainstem", "elsewhere"]
    assert found["overall"] == {"coverage": round(inside.mean(), 4), "wells": 40}
    assert found["cerebellum"]["coverage"] == round(sum(inside[10:20].flat) / 30, 4)
    assert list(coverage(inside, np.full(40, NO_PART))) == ["overall"]
    lines = coverage_table(found, "here").splitlines()
    assert lines[0] == "90 % intervals, here"
    assert f"{found['cortex']['coverage']:.1%}" in lines[3] and lines[3].endswith("10")


def test_names_of_several_atlases_lie_in_the_same_parts(caplog):
    names = ("frontal lobe", "Hippocampal  formation", "striatum", "dorsal thalamus")
    names += ("cerebellar nuclei", "pontine tegmentum", "cortex", "cerebellum")
    names += ("subcortex/brainstem", "brainstem", "white matter", "FL")
    names += ("sulci & spaces", "Piriform cortex, left")
    with caplog.at_level(logging.INFO, "inr_jax"):
        found = parts_of(names, np.array([*range(14), -1]))
    named = [PARTS[part] if part >= 0 else "" for part in found]
    wanted = "cortex cortex subcortex subcortex cerebellum brainstem cortex cerebellum"
    wanted = [*wanted.split(), "subcortex", "brainstem", "white matter", ""]
    assert named == [*wanted, "spaces", "cortex", ""]
    assert "in no part of the brain: FL" in caplog.text


def test_a_structure_speaks_where_its_parent_tells_no_part():
    parents, structures = ("brain", "frontal lobe"), ("piriform cortex", "fornix")
    parent, structure = np.array([0, 0, 1, -1, -1, 0]), np.array([0, 1, 1, 1, -1, -1])
    found = parts_of(parents, parent, structures, structure)
    names = [PARTS[part] if part >= 0 else "" for part in found]
    assert names == ["cortex", "white matter", "cortex", "white matter", "", ""]


def part_in_ontology(path: str) -> str:
    """The part of the brain on a path of ids in the Allen Institute's ontology."""
    parts = {"4008": "cortex", "4275": "subcortex", "4391": "subcortex"}
    parts |= {
        "9218": "white matter",
        "9352": "spaces",
        "4696": "cerebellum",
        "9001": "brainstem",
        "9131": "brainstem",
    }
    parts |= {"9512": "brainstem"}
    return next((parts[step] for step in path.split("/") if step in parts), "")


def test_parts_of_the_real_export_are_those_of_the_ontology(cyp):
    ontology = cyp.parent / "ahba-wells" / "ontology.csv"
    if not ontology.exists():
        pytest.skip("the ontology is not here (ahba-wells/ontology.csv)")
    with open(ontology, newline="") as file:
        path_of = {row["id"]: row["structure_id_path"] for row in csv.DictReader(file)}
    with open(cyp / "Columns.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["sample_well"] != "-1"]
    exact = [part_in_ontology(path_of[row["structure_id"]]) for row in rows]
    samples = allen_export.load(str(cyp), probes="mean", genes=("CYP46A1",)).samples
    assert samples.well.tolist() == [int(row["sample_well"]) for row in rows]
    part = parts_of(
        samples.parents, samples.parent, samples.structures, samples.structure
    )
    assert [PARTS[number] for number in part] == exact
    counts = {name: exact.count(name) for name in ("white matter", "spaces")}
    assert counts == {"white matter": 7, "spaces": 3}
    np.testing.assert_array_equal(matter_of(samples) == WHITE, part == 4)
    np.testing.assert_array_equal(matter_of(samples) == SPACES, part == 5)
