"""Derivatives of maps by place: the size of the gradient, and the Laplacian.

    gradient   sqrt(sum_d (df / dx_d)^2)     units a mm
    laplacian  sum_d d^2 f / dx_d^2          units a mm^2

By forward differentiation, three directions at a point: a trunk that genes share is
differentiated once for all of them. A map is the mean of its ensemble, so its slopes
are means of slopes, of which the size is taken last. Tissue and memberships are held
fixed. Where left and right are one a map has a crease at x = 0: derivatives there are
those of the side.

Axis letters: V places, G genes, E members, M networks of K genes (M K = G), D = 3.
Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp

from inr_jax.brain.space import Array, folded
from inr_jax.errors import unknown_name
from inr_jax.fields.conditioning import Conditioning
from inr_jax.fields.field import Params
from inr_jax.fields.inputs import Inputs, Places, side_of
from inr_jax.fields.model import Model, Renderer, networks_of_members
from inr_jax.fields.numerics import sharding
from inr_jax.fields.numerics.groups import default_group, map_groups

VALUE, GRADIENT, LAPLACIAN = "value", "gradient", "laplacian"
UNITS = {
    GRADIENT: "expression a mm, in the units of the source",
    LAPLACIAN: "expression a mm^2, in the units of the source",
}
OfPlace = Callable[[jax.Array], jax.Array]  # x_mm (3,) to values of any shape


def check_quantity(quantity: str) -> None:
    """Refuse another word.

    Raises:
        InputError: Names the nearest.
    """
    if quantity not in (VALUE, *UNITS):
        raise unknown_name("quantity", quantity, (VALUE, *UNITS))


def slopes(function: OfPlace, x_mm: Array) -> jax.Array:
    """Slopes `(..., 3)` of a function at a place `(3,)`."""
    return jax.jacfwd(function)(jnp.asarray(x_mm, jnp.float32))


def laplacian(function: OfPlace, x_mm: Array) -> jax.Array:
    """Sum of the second derivatives along the axes at a place `(3,)`."""
    x_mm = jnp.asarray(x_mm, jnp.float32)

    def second(axis: jax.Array) -> jax.Array:
        def slope(x: jax.Array) -> jax.Array:
            return jax.jvp(function, (x,), (axis,))[1]

        return jax.jvp(slope, (x_mm,), (axis,))[1]

    return jax.vmap(second)(jnp.eye(3)).sum(0)


def size_of(slope: jax.Array) -> jax.Array:
    """Length of slopes `(..., 3)`."""
    return jnp.sqrt(jnp.sum(slope**2, axis=-1))


def derived(function: OfPlace, quantity: str) -> OfPlace:
    """The quantity of a function of a place, as such a function; pure.

    Args:
        function: x_mm `(3,)` to values of any shape, such as `model.function(gene)`.
        quantity: "value", "gradient" or "laplacian".

    Raises:
        InputError: Another quantity.
    """
    check_quantity(quantity)
    if quantity == GRADIENT:
        return lambda x_mm: size_of(slopes(function, x_mm))
    if quantity == LAPLACIAN:
        return lambda x_mm: laplacian(function, x_mm)
    return function


def on_its_side(inputs: Inputs, place: Places) -> tuple[OfPlace, jax.Array]:
    """Features of a place by x_mm `(3,)` without the crease, and where to ask them."""
    smooth = dataclasses.replace(inputs, mirror=False)

    def features(x_mm: jax.Array) -> jax.Array:
        return smooth.features(place._replace(x_mm=x_mm), side_of(place))

    return features, jnp.asarray(folded(place.x_mm, inputs.mirror))


def make_derivative_renderer(renderer: Renderer, quantity: str) -> Renderer:
    """A renderer of a quantity of the same networks.

    Args:
        renderer: Of values; its chunk and networks are kept.
        quantity: "value", "gradient" or "laplacian".

    Returns:
        Its program gives the quantity of the ensemble's mean `(chunk, G)`, and zeros
        for a spread, which it does not have.

    Raises:
        InputError: Another quantity.
    """
    check_quantity(quantity)
    if quantity == VALUE:
        return renderer
    conditioning = renderer.conditioning

    def program(model: Model, places: Places) -> tuple[jax.Array, jax.Array]:
        values = _mean_derivative(conditioning, quantity, model, places)
        values = values * model.standardiser.scale[None, :, None]
        made = size_of(values) if quantity == GRADIENT else values[..., 0]
        return made, jnp.zeros_like(made)

    return renderer._replace(program=jax.jit(sharding.over_rows(program)))


def _mean_derivative(
    conditioning: Conditioning, quantity: str, model: Model, places: Places
) -> jax.Array:
    """`(V, G, 3)` slopes, or `(V, G, 1)` Laplacians; means over members."""
    count, genes = len(places.x_mm), len(model.standardiser.scale)
    networks = conditioning.networks_of(genes)

    def at_place(params: Params, place: Places) -> jax.Array:
        features, x_mm = on_its_side(model.inputs, place)

        def values(x_mm: jax.Array) -> jax.Array:
            return conditioning.apply(params, model.codes, features(x_mm))

        if quantity == GRADIENT:
            return slopes(values, x_mm)
        return laplacian(values, x_mm)[:, None]

    def one_member(params: Params) -> jax.Array:
        group = default_group(params, 3 * count)
        one_network = jax.vmap(at_place, (None, 0))
        rows = map_groups(lambda p: one_network(p, places), params, networks, group)
        return jnp.moveaxis(rows, 0, 1).reshape(count, genes, -1)

    def add(total: jax.Array, params: Params) -> tuple[jax.Array, None]:
        return total + one_member(params), None

    params = networks_of_members(conditioning, model)
    members = len(jax.tree.leaves(params)[0])
    zero = jnp.zeros((count, genes, 3 if quantity == GRADIENT else 1))
    return jax.lax.scan(add, zero, params)[0] / members
