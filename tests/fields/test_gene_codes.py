"""Gene codes against closed forms and against planted orders."""

from __future__ import annotations

import numpy as np
import pytest

from inr_jax.errors import InputError
from inr_jax.fields.encodings import fourier
from inr_jax.fields.gene_codes import ORDERS, gene_codes, pc1_order, spectral_order

pytestmark = pytest.mark.usefixtures("strict_types")


def chain(rng, wells=400, genes=30):
    """Genes along a line: neighbours are alike, ends are opposite."""
    angle = np.linspace(0, np.pi, genes)
    patterns = rng.normal(size=(wells, 2))
    return patterns @ np.stack([np.cos(angle), np.sin(angle)])


def test_fourier_features_are_sines_then_cosines_of_doubling_frequency():
    expected = [np.sin(np.pi * 2**k * 0.3) for k in range(4)]
    expected += [np.cos(np.pi * 2**k * 0.3) for k in range(4)]
    np.testing.assert_allclose(fourier(np.float32(0.3), 4), expected, atol=1e-6)


@pytest.mark.parametrize("order", ORDERS)
def test_positions_fill_the_unit_range(rng, order):
    position = ORDERS[order](chain(rng))
    assert position.min() == 0
    assert position.max() == 1


def test_spectral_order_finds_a_planted_chain_whatever_the_order_of_genes(rng):
    values = chain(rng)
    shuffle = rng.permutation(values.shape[1])
    position = spectral_order(values)
    steps = np.diff(position)
    assert (steps > 0).all() or (steps < 0).all()
    np.testing.assert_allclose(
        spectral_order(values[:, shuffle]), position[shuffle], atol=1e-6
    )


def test_pc1_order_is_the_first_right_singular_vector(rng):
    values = rng.normal(size=(50, 7)) * np.arange(1, 8)
    _, _, rows = np.linalg.svd(values - values.mean(0))
    position = pc1_order(values)
    assert abs(np.corrcoef(position, rows[0])[0, 1]) == pytest.approx(1)


@pytest.mark.parametrize("order", ORDERS)
def test_the_sign_does_not_depend_on_the_sign_of_an_eigenvector(rng, order):
    # An eigensolver may return v or -v; flipping all values flips PC1's data too.
    values = rng.gamma(2.0, size=(60, 12))
    first = ORDERS[order](values)
    again = ORDERS[order](values[rng.permutation(60)])
    np.testing.assert_allclose(first, again, atol=1e-6)


def test_codes_have_one_row_a_gene_and_start_with_the_position(rng):
    values = chain(rng)
    codes = gene_codes(values, order="spectral", frequencies=11)
    assert codes.shape == (30, 23)
    np.testing.assert_allclose(codes[:, 0], spectral_order(values), atol=1e-6)


def test_an_unknown_order_names_the_known_ones(rng):
    with pytest.raises(InputError, match=r"pc1, spectral.*did you mean 'spectral'"):
        gene_codes(chain(rng), order="spectrl", frequencies=1)


@pytest.mark.parametrize("order", ["spectral", "pc1"])
def test_one_gene_alone_stands_at_zero(rng, order):
    found = gene_codes(rng.normal(size=(9, 1)), order=order, frequencies=2)
    np.testing.assert_allclose(found, [[0, 0, 0, 1, 1]], atol=1e-7)
