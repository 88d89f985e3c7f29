"""Two real exports of the Allen web search, where shared/ has them."""

from __future__ import annotations

import csv
import io
import logging
import time

import numpy as np
import pytest

from inr_jax.samples.ahba import wells
from inr_jax.samples.sources import allen_export


def test_the_real_export_is_read_whole_and_fast(cyp):
    start = time.perf_counter()
    source = allen_export.load(cyp, wells="none")
    assert time.perf_counter() - start < 1.0
    samples = source.samples
    assert (len(samples.genes), len(samples.well), len(samples.donors)) == (61, 841, 6)
    assert samples.values.shape == (841, 61)
    assert source.notes["n_columns_without_sample"] == 1014 - 841
    assert source.notes["n_structures"] == 169
    assert len(source.notes["warnings"]) == 1
    assert "fetch --wells" in source.notes["warnings"][0]


def test_the_real_export_lies_where_the_atlas_says(cyp):
    samples = allen_export.load(cyp).samples
    known = wells.wells()
    order = np.argsort(known.well)
    rows = order[np.searchsorted(known.well, samples.well, sorter=order)]
    np.testing.assert_array_equal(known.well[rows], samples.well)
    np.testing.assert_allclose(samples.x_mm, known.x_mm[rows], rtol=1e-6)


def test_the_real_export_agrees_with_a_plain_reading_of_its_files(cyp):
    samples = allen_export.load(cyp).samples
    table = csv.DictReader(io.StringIO((cyp / "Columns.csv").read_text("utf-8")))
    column = [int(row["sample_well"]) for row in table]
    rows = [line.split(",") for line in (cyp / "Expression.csv").open()]
    with (cyp / "Probes.csv").open(encoding="utf-8") as file:
        symbols = [row["gene-symbol"] for row in csv.DictReader(file)]
    for n, g in [(0, 0), (840, 60), (400, 30), (17, 5)]:
        cell = column.index(samples.well[n]) + 1
        mine = [r for r, s in enumerate(symbols) if s == samples.genes[g]]
        truth = sum(float(rows[r][cell]) for r in mine) / len(mine)
        assert samples.values[n, g] == pytest.approx(truth, rel=1e-6)


def test_the_real_coarse_export_warns_that_a_column_is_a_region(coarse, caplog):
    with caplog.at_level(logging.WARNING, "inr_jax"):
        source = allen_export.load(coarse)
    assert source.samples.values.shape == (152, 12)
    assert source.notes["resolution"] == "Coarse"
    assert "average of a whole region" in caplog.text
