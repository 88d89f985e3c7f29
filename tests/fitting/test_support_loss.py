"""The loss of observations that are means over points, against a loop over them."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from inr_jax.brain.space import box_around
from inr_jax.fields.architectures import make_field
from inr_jax.fields.conditioning import make_conditioning
from inr_jax.fields.inputs import Inputs, make_places
from inr_jax.fitting.data import pack
from inr_jax.fitting.loss import loss

SIZE, GENES = np.array([3, 1, 5, 12]), 2


@pytest.fixture
def made(rng):
    x_mm = rng.normal(0, 30, (int(SIZE.sum()), 3))
    field = partial(make_field, "siren", hidden=8, depth=1, omega=3.0)
    networks = make_conditioning("heads", field, genes=GENES, features=3)
    inputs = Inputs(box_around(x_mm), mirror=False)
    places = make_places(x_mm, np.zeros((len(x_mm), 2)))
    targets = rng.normal(size=(len(SIZE), GENES)).astype(np.float32)
    codes = np.zeros((GENES, 0), np.float32)
    given = {"places": places, "standard": targets, "codes": codes, "size": SIZE}
    params = networks.init(jax.random.key(1))
    data = pack(networks, inputs, rows=7, **given).of_network(0)
    at_points = jax.vmap(lambda x: networks.apply(params, codes, x))(
        jax.vmap(inputs.features)(places)
    )
    return networks, params, data, np.asarray(at_points), targets


def test_the_loss_is_of_means_over_supports_and_padding_weighs_nothing(made):
    networks, params, data, at_points, targets = made
    assert len(data.targets) == 7 and len(data.places.x_mm) > SIZE.sum()
    means = [part.mean(0) for part in np.split(at_points, np.cumsum(SIZE)[:-1])]
    slow = np.mean((np.stack(means) - targets) ** 2)
    given = loss(networks, params, data, jax.random.key(0))
    np.testing.assert_allclose(given, slow, rtol=1e-5)


def test_drawn_points_are_of_the_well_and_all_alike(made):
    networks, params, data, at_points, targets = made
    # One well, one point drawn: the loss is one of its points', each as often.
    single = data._replace(
        targets=data.targets[2:3],
        wells=jnp.int32(1),
        points=data.points._replace(
            first=data.points.first[2:3], size=data.points.size[2:3]
        ),
    )
    of_its_points = np.mean((at_points[4:9] - targets[2]) ** 2, axis=1)
    drawn = jax.vmap(lambda key: loss(networks, params, single, key, points=1))(
        jax.random.split(jax.random.key(3), 2000)
    )
    nearest = np.abs(np.asarray(drawn)[:, None] - of_its_points[None])
    assert nearest.min(1).max() < 1e-4
    counts = np.bincount(nearest.argmin(1), minlength=5)
    assert (abs(counts - 400) < 5 * np.sqrt(400 * 0.8)).all()


def test_the_slope_through_the_means_is_that_of_differences(made):
    networks, params, data, *_ = made
    value = lambda params: loss(networks, params, data, jax.random.key(0))  # noqa: E731
    check_grads(value, (params,), order=1, modes=["rev"], rtol=2e-2)
