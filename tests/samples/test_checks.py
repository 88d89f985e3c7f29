"""What samples must obey, whoever hands them in: arrays, reach of float32, sides."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest
from given import head_mm, input_error, random_samples

from inr_jax.errors import InputError, unknown_name
from inr_jax.samples.ahba.wells import wells
from inr_jax.samples.checks import pick_genes
from inr_jax.samples.samples import Samples, make_samples


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v + 1e8,
        lambda v: 1 + 1e-9 * v,
        lambda v: 1e-44 * v,
        lambda v: 1e39 * v,
        lambda v: np.where(v == v.max(), 1e300, v),
        lambda v: np.where(v == v.max(), 1e30, v),
    ],
)
def test_values_out_of_reach_of_float32_are_refused_by_gene(rng, change):
    values = rng.normal(size=(60, 3))
    values[:, 1] = change(values[:, 1])
    assert "G1" in str(input_error(random_samples, rng, genes=3, values=values))


@pytest.mark.parametrize("change", [lambda v: v + 1e4, lambda v: 1e-9 * v])
def test_values_in_reach_of_float32_keep_their_variation(rng, change):
    values = rng.normal(size=(60, 3))
    samples = random_samples(rng, genes=3, values=change(values))
    z = (samples.values.astype(float) - samples.values.mean(0, float)) / (
        samples.values.astype(float).std(0)
    )
    np.testing.assert_allclose(z, (values - values.mean(0)) / values.std(0), atol=0.02)


@pytest.mark.parametrize(
    "given",
    [
        {"x_mm": "here"},
        {"x_mm": [[1, 2, 3], [1, 2]]},
        {"x_mm": [["a", 2, 3]] * 60},
        {"values": [[1, 2], [3]] * 30},
        {"values": np.full((60, 4), pd.NA, object)},
        {"values": np.zeros((60, 7))},
        {"tissue": np.full((60, 3), 0.3)},
        {"tissue": np.full((60, 2), np.nan)},
        {"tissue": np.full((60, 2), 50.0)},
        {"genes": ["G0", "G1", "G2", "G" * 200]},
    ],
)
def test_arrays_that_are_none_are_refused_in_one_line(rng, given):
    drawn = {"x_mm": head_mm(rng, 60), "values": rng.normal(size=(60, 4))}
    drawn |= {"genes": ["G0", "G1", "G2", "G3"], "where": "test"}
    input_error(make_samples, **drawn | given)


def test_missing_numbers_of_pandas_are_missing(rng):
    frame = pd.DataFrame(head_mm(rng, 5), columns=list("xyz")).astype(object)
    frame["G"] = rng.normal(size=5)
    frame.loc[2, "x"] = pd.NA
    assert "row 3" in str(input_error(Samples.from_frame, frame))
    ragged = {"x": [1, 2], "y": [1, 2], "z": [1, 2], "G": [1]}
    input_error(Samples.from_frame, ragged)


def test_structures_lie_on_the_side_that_their_names_say(rng):
    x_mm = wells().x_mm[::40]
    right = x_mm[:, 0] > 0
    names = np.where(right, "cuneus, right", "cuneus, left")
    given = {"values": rng.normal(size=(len(x_mm), 2)), "genes": ["A", "B"]}
    given |= {"where": "test", "parent": None}
    make_samples(x_mm=x_mm, structure=list(names), **given)
    make_samples(x_mm=abs(x_mm[:, :1]) * [1, 0, 0] + x_mm * [0, 1, 1], **given)
    with pytest.raises(InputError, match="left at x below 0"):
        make_samples(x_mm=x_mm * [-1, 1, 1], structure=list(names), **given)


def test_wells_outside_the_brain_are_told_by_their_share(rng, caplog):
    x_mm = wells().x_mm[::40]
    far = np.where(np.arange(len(x_mm))[:, None] % 3 == 0, [0.0, 100, 80], x_mm)
    given = {"values": rng.normal(size=(len(x_mm), 2)), "genes": ["A", "B"]}
    given["where"] = "test"
    with caplog.at_level(logging.WARNING, "inr_jax"):
        make_samples(x_mm=far, **given)
    assert "of the wells lie outside" in caplog.text


@pytest.mark.parametrize("missing", ["n/a", "N/A", "NULL", "nan", "#N/A", " ", None])
def test_a_missing_name_is_no_structure(rng, missing):
    n = 60
    samples = random_samples(rng, n, structure=[missing, "s"] * (n // 2))
    assert samples.structures == ("s",) and (samples.structure[::2] < 0).all()


def test_a_name_is_suggested_only_where_it_is_alike():
    assert "did you mean 'APOE'?" in str(
        input_error(pick_genes, ["APOE"], ["APOe"], "")
    )
    assert "did you mean" not in str(input_error(pick_genes, ["APOE"], ["ZZZ9"], ""))
    assert "did you mean" not in str(unknown_name("x", "qqqq", ["table", "ahba"]))
    assert "did you mean 'ahba'" in str(unknown_name("x", "ahb", ["table", "ahba"]))
    assert len(str(unknown_name("x", "q" * 10_000, ["table"]))) < 400
