"""Errors and intervals at voxels: against drawn measurements and by hand."""

from __future__ import annotations

import csv
import math

import numpy as np

from inr_jax.report.voxel_errors import (
    COLUMNS,
    by_distance,
    make_figure,
    table,
    write_rows,
)
from inr_jax.stats.conformal import NORMAL_90


def rows_of(rng, *, tau, sd=1.0, n=400):
    truth = rng.normal(size=(n, 3))
    error = 0.5 * rng.normal(size=(n, 3))
    distance = np.repeat([1.0, 3.0, 25.0], [n // 2, n // 4, n // 4])
    rows = by_distance(
        truth,
        truth - error,
        None if sd is None else np.full((n, 3), sd),
        distance_mm=distance,
        noise_sd=tau,
    )
    return rows, error, distance


def test_the_covered_share_of_new_measurements_is_that_of_drawn_ones(rng):
    rows, error, distance = rows_of(rng, tau=0.8)
    drawn = error + 0.8 * rng.normal(size=(500, *error.shape))
    inside = (abs(drawn) <= NORMAL_90).mean((0, 2))
    for row, own in zip(
        rows, (distance < 2, distance == 3, distance > 20), strict=False
    ):
        assert row["voxels"] == own.sum()
        assert abs(row["covered_measurement"] - inside[own].mean()) < 0.005
        assert row["covered_truth"] == (abs(error[own]) <= NORMAL_90).mean()
        np.testing.assert_allclose(row["rmse"], math.sqrt((error[own] ** 2).mean()))
    assert rows[-1]["voxels"] == 400 and len(rows) == 4


def test_a_calibrated_normal_law_covers_90_percent_of_measurements_and_more_truth(rng):
    rows, _, _ = rows_of(rng, tau=0.8, sd=math.hypot(0.5, 0.8), n=20_000)
    for row in rows:
        assert abs(row["covered_measurement"] - 0.9) < 0.01
        assert row["covered_truth"] > 0.99


def test_without_noise_a_measurement_is_the_truth(rng):
    for row in rows_of(rng, tau=0.0)[0]:
        assert row["covered_measurement"] == row["covered_truth"]


def test_without_a_calibration_only_errors_are_told(rng, tmp_path):
    rows, _, _ = rows_of(rng, tau=0.8, sd=None)
    assert all(row["covered_truth"] is None for row in rows)
    write_rows(tmp_path / "rows.csv", rows)
    with open(tmp_path / "rows.csv", newline="") as file:
        read = list(csv.DictReader(file))
    assert tuple(read[0]) == COLUMNS and read[-1]["to_mm"] == "inf"
    assert {row["covered_measurement"] for row in read} == {""}
    assert [float(row["rmse"]) for row in read] == [
        float(f"{row['rmse']:.6g}") for row in rows
    ]
    assert table(rows).splitlines()[-1].split() == [
        "all",
        "400",
        f"{rows[-1]['rmse']:.3f}",
        *["-"] * 3,
    ]
    assert len(make_figure(rows).axes[1].lines) == 1


def test_the_picture_shows_each_bin_and_both_kinds_of_coverage(rng):
    rows, _, _ = rows_of(rng, tau=0.8)
    left, right = make_figure(rows).axes
    np.testing.assert_array_equal(
        left.lines[0].get_ydata(), [row["rmse"] for row in rows[:-1]]
    )
    labels = [line.get_label() for line in right.lines]
    assert labels == ["a new measurement", "the truth, free of noise", "90 %"]
