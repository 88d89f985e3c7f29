"""Features of a place: folded, scaled and with its tissue."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_jax.brain.space import Box, folded
from inr_jax.errors import InputError
from inr_jax.fields.inputs import (
    TISSUE_FEATURES,
    Inputs,
    Places,
    feature_count,
    make_places,
    tissue_class,
)

pytestmark = pytest.mark.usefixtures("strict_types")

BOX = Box(np.array([20.0, -18, 9], np.float32), np.float32(90))
MIRRORED = np.array([-1, 1, 1], np.float32)


@pytest.fixture
def places(rng) -> tuple[np.ndarray, np.ndarray]:
    """Nine points, mm, and their probabilities of grey and white."""
    x_mm = rng.normal(0, 40, (9, 3)).astype(np.float32)
    return x_mm, rng.dirichlet([1, 1, 1], 9)[:, :2].astype(np.float32)


def test_folding_makes_x_its_absolute_value_and_no_more(places):
    x_mm, _ = places
    assert (x_mm[:, 0] < 0).any()
    expected = [[abs(x), y, z] for x, y, z in x_mm]
    np.testing.assert_array_equal(folded(x_mm), expected)
    np.testing.assert_array_equal(folded(x_mm[0]), expected[0])


def test_folding_twice_is_folding_once_and_left_is_right(places):
    x_mm, _ = places
    np.testing.assert_array_equal(folded(folded(x_mm)), folded(x_mm))
    np.testing.assert_array_equal(folded(x_mm * MIRRORED), folded(x_mm))


def test_folding_is_the_same_in_numpy_and_jax(places):
    x_mm, _ = places
    right = folded(x_mm)
    assert isinstance(right, np.ndarray)
    assert right.dtype == np.float32
    np.testing.assert_array_equal(folded(jnp.asarray(x_mm)), right)
    np.testing.assert_array_equal(jax.jit(jax.vmap(folded))(x_mm), right)


@pytest.mark.parametrize(
    ("grey", "white", "expected"),
    [
        (0.0, 0.0, 0.0),
        (1.0, 0.0, -1.0),
        (0.0, 1.0, 1.0),
        (0.5, 0.25, -1.0),
        (0.25, 0.5, 1.0),
        (0.5, 0.5, 0.0),
        (0.49, 0.2, 0.0),
        (0.2, 0.49, 0.0),
    ],
)
def test_the_class_is_white_plus_grey_minus_neither_zero(grey, white, expected):
    found = tissue_class(jnp.array([grey, white]))
    assert found.shape == (1,)
    assert float(found[0]) == expected


def by_hand(x_mm: np.ndarray, tissue: np.ndarray, inputs: Inputs) -> list[float]:
    """Features of one point in plain Python."""
    x, y, z = (float(v) for v in x_mm)
    x = abs(x) if inputs.mirror else x
    u = [(x - 20) / 90, (y + 18) / 90, (z - 9) / 90]
    grey, white = (float(v) for v in tissue)
    kind = 0.0
    if max(grey, white) >= 0.5:
        kind = 1.0 if white > grey else -1.0
    return u + {"none": [], "soft": [grey, white], "class": [kind]}[inputs.tissue]


@pytest.mark.parametrize("tissue", ["none", "soft", "class"])
@pytest.mark.parametrize("mirror", [True, False])
def test_features_are_those_by_hand_under_vmap_and_jit(places, mirror, tissue):
    inputs = Inputs(BOX, mirror=mirror, tissue=tissue)
    expected = [by_hand(x, t, inputs) for x, t in zip(*places, strict=True)]
    for features in (jax.vmap(inputs.features), jax.jit(jax.vmap(inputs.features))):
        found = features(make_places(*places))
        assert found.shape == (9, feature_count(tissue))
        assert found.dtype == jnp.float32
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    one = inputs.features(make_places(*places).take(4))
    np.testing.assert_allclose(one, expected[4], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("tissue", ["none", "soft", "class"])
def test_with_the_mirror_left_is_right_and_without_it_is_not(places, tissue):
    x_mm, probability = places
    for mirror in (True, False):
        features = jax.vmap(Inputs(BOX, mirror=mirror, tissue=tissue).features)
        right, left = (
            features(make_places(x_mm, probability)),
            features(make_places(x_mm * MIRRORED, probability)),
        )
        assert bool((right == left).all()) is mirror


def test_features_change_with_the_coordinates_at_one_over_the_half_side(places):
    place = make_places(*places).take(0)
    slope = jax.jacobian(Inputs(BOX, mirror=False).features)(place)
    np.testing.assert_allclose(slope.x_mm, np.eye(3) / 90, rtol=1e-6)
    left = make_places(np.array([-5.0, 1, 2]), place.tissue)
    folded = jax.jacobian(Inputs(BOX).features)(left)
    np.testing.assert_allclose(folded.x_mm, np.diag([-1, 1, 1]) / 90, rtol=1e-6)


def test_the_default_sees_folded_coordinates_alone():
    assert Inputs(BOX) == Inputs(BOX, mirror=True, tissue="none")


def test_the_counts_are_three_and_what_tissue_adds():
    assert set(TISSUE_FEATURES) == {"none", "soft", "class"}
    assert [feature_count(kind) for kind in ("none", "class", "soft")] == [3, 4, 5]


def test_places_keep_their_memberships_last_and_have_none_unless_given(places):
    bare = make_places(*places)
    assert bare.membership.shape == (9, 0)
    named = make_places(*places, np.eye(9))
    assert isinstance(named, Places) and named.take(slice(2, 5)).x_mm.shape == (3, 3)
    features = jax.vmap(Inputs(BOX, tissue="class").features)
    np.testing.assert_array_equal(features(named)[:, :4], features(bare))
    np.testing.assert_array_equal(features(named)[:, 4:], np.eye(9))


def test_an_unknown_tissue_is_refused_with_the_nearest_known_one():
    with pytest.raises(InputError, match=r"inputs\.tissue.*did you mean 'soft'\?"):
        feature_count("sofd")


def test_inputs_go_through_jit_with_the_box_traced_and_the_kinds_static(places):
    place = make_places(*places).take(0)
    inputs = Inputs(BOX, mirror=False, tissue="class")
    assert len(jax.tree.leaves(inputs)) == 2
    found = jax.jit(Inputs.features)(inputs, place)
    np.testing.assert_allclose(
        found, by_hand(place.x_mm, place.tissue, inputs), rtol=1e-5
    )
