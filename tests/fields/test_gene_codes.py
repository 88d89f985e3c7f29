"""Gene codes against closed forms and against planted orders."""

from __future__ import annotations

import numpy as np
import pytest

from inr_jax.errors import InputError
from inr_jax.fields.encodings import fourier
from inr_jax.fields.gene_codes import (
    CODES,
    ORDERS,
    gene_codes,
    make_codes,
    pc1_order,
    spectral_order,
)

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


MADE = {
    "position": {"order": "spectral", "frequencies": 3},
    "spectral": {"width": 4},
    "pca": {"width": 4},
    "table": {
        "width": 4,
        "rows": lambda genes: np.arange(len(genes) * 3).reshape(-1, 3),
    },
}


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("genes", [1, 3, 30])
def test_codes_have_their_width_whatever_the_genes(rng, name, genes):
    codes = make_codes(name, **MADE[name])
    made = codes.of(rng.normal(size=(9, genes)), tuple(map(str, range(genes))))
    assert made.shape == (genes, codes.width) and made.dtype == np.float32
    assert np.isfinite(made).all()


def test_codes_of_pca_tell_correlated_genes_by_their_distance(rng):
    values = chain(rng)
    codes = make_codes("pca", width=2).of(values, ())
    # Two patterns: the genes lie on an arc, their products are their covariances.
    covariance = np.cov(values.T)
    products = codes @ codes.T
    np.testing.assert_allclose(
        products / products[0, 0], covariance / covariance[0, 0], atol=1e-4
    )


def test_an_embedding_of_one_dimension_is_the_spectral_order(rng):
    values = chain(rng)
    embedding = make_codes("spectral", width=1).of(values, ())[:, 0]
    r = np.corrcoef(embedding, spectral_order(values))[0, 1]
    assert abs(r) > 0.999999


def test_codes_of_a_table_keep_distances_between_its_genes(rng):
    rows = rng.normal(size=(7, 300))
    rows = (rows - rows.mean(0)) / rows.std(0)
    codes = make_codes("table", width=32, rows=lambda genes: rows).of(rows, ())
    assert codes.shape == (7, 32) and not codes[:, 7:].any()

    def distances(x):
        return np.linalg.norm(x[:, None] - x[None], axis=-1)

    ratio = distances(codes)[0, 1:] / distances(rows)[0, 1:]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)
