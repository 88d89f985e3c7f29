"""Rendering against loops over points and members."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from field_models import GENES, MEMBERS, model_of

from inr_jax.fields import model as render
from inr_jax.fields.conditioning.conditioning import rows_of_genes
from inr_jax.fields.inputs import make_places

pytestmark = pytest.mark.usefixtures("quick_compiling", "strict_types")

G, E, V = GENES, MEMBERS, 53


def places(rng):
    return make_places(rng.uniform(-70, 70, (V, 3)), rng.uniform(0, 1, (V, 2)))


def by_loops(made, model, places):
    """`(E, V, G)`: one network, one point at a time, in the units of the source."""
    values, networks = np.zeros((E, V, G)), rows_of_genes(model.params, made.outputs)
    apply = jax.jit(made.apply)
    for member in range(E):
        for network in range(made.networks):
            row = member * made.networks + network
            params = jax.tree.map(lambda leaf, r=row: leaf[r], networks)
            first = network * made.outputs
            for v in range(V):
                x = model.inputs.features(places.take(v))
                values[member, v, first : first + made.outputs] = apply(
                    params, model.codes, x
                )
    return values * model.standardiser.scale + model.standardiser.offset


@pytest.mark.parametrize("name", ["heads", "independent", "concat"])
def test_mean_and_spread_are_those_of_a_loop(rng, name):
    made, model = model_of(rng, name)
    where = places(rng)
    renderer = render.make_renderer(made, chunk=16, group=0)
    mean, spread = render.render(renderer, model, where)
    loop = by_loops(made, model, where)
    np.testing.assert_allclose(mean, loop.mean(0), atol=1e-5)
    np.testing.assert_allclose(spread, loop.std(0, ddof=1), atol=1e-5)


@pytest.mark.parametrize("chunk", [1, 7, 53, 64])
@pytest.mark.parametrize("group", [0, 1, 3])
def test_chunk_and_group_are_irrelevant(rng, chunk, group):
    made, model = model_of(rng, "independent")
    where = places(rng)
    one = render.render(render.make_renderer(made, chunk=V, group=0), model, where)
    two = render.render(
        render.make_renderer(made, chunk=chunk, group=group), model, where
    )
    np.testing.assert_allclose(one[0], two[0], atol=1e-5)
    np.testing.assert_allclose(one[1], two[1], atol=1e-5)


def test_it_compiles_once_for_any_number_of_voxels(rng):
    made, model = model_of(rng, "heads")
    renderer = render.make_renderer(made, chunk=16, group=0)
    where = places(rng)
    for count in (1, 16, 17, V):
        render.render(renderer, model, where.take(slice(count)))
    assert renderer.program._cache_size() == 1


def test_one_member_has_no_spread(rng):
    made, model = model_of(rng, "heads")
    params = jax.tree.map(lambda leaf: leaf[:1], model.params)
    renderer = render.make_renderer(made, chunk=16, group=0)
    _, spread = render.render(renderer, model._replace(params=params), places(rng))
    assert (spread == 0).all()


def test_a_mirrored_model_is_symmetric(rng):
    made, model = model_of(rng, "heads", tissue="none")
    renderer = render.make_renderer(made, chunk=16, group=0)
    where = places(rng)
    left, _ = render.render(renderer, model, where)
    right, _ = render.render(
        renderer, model, where._replace(x_mm=where.x_mm * [-1, 1, 1])
    )
    np.testing.assert_array_equal(left, right)


def test_progress_ends_at_the_number_of_voxels(rng):
    made, model = model_of(rng, "heads")
    renderer = render.make_renderer(made, chunk=20, group=0)
    done = []
    render.render(renderer, model, places(rng), on_chunk=done.append)
    assert done == [20, 40, 53]


@pytest.mark.parametrize("name", ["heads", "independent", "concat"])
def test_the_mean_at_a_place_is_that_of_rendering_and_its_gradient_the_slope(rng, name):
    made, model = model_of(rng, name)
    renderer = render.make_renderer(made, chunk=16, group=0)
    place = make_places(np.array([31.0, -24.0, 12.0]), np.array([0.6, 0.3]))
    h = 0.5  # mm, far below a wave of the networks and far above rounding
    steps = np.concatenate([np.zeros((1, 3)), h * np.eye(3), -h * np.eye(3)])
    near = make_places(place.x_mm + steps, np.tile(place.tissue, (7, 1)))
    (centre, *sides), _ = render.render(renderer, model, near)

    def mean(x_mm):
        return render.mean_at(made, model, place._replace(x_mm=x_mm))

    np.testing.assert_allclose(mean(place.x_mm), centre, atol=1e-5)
    slope = (np.array(sides[:3]) - np.array(sides[3:])).T / (2 * h)
    gradient = jax.jit(jax.jacobian(mean))(place.x_mm)
    np.testing.assert_allclose(gradient, slope, rtol=2e-3, atol=2e-5)
