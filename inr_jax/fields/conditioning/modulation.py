"""One field for all genes, whose hidden layers a gene's code modulates.

What shift, FiLM and the low-rank hypernetwork have in common: f_g(x) = net(x) with the
outputs of its hidden layers modulated by c_g. The last layer is never modulated. Maps
from codes start at 0, so that all genes start as the unconditioned field (as in COIN++,
Dupont et al. 2022, arXiv 2201.12904).
"""

from __future__ import annotations

from collections.abc import Callable

import jax

from inr_jax.brain.space import Array
from inr_jax.errors import InputError
from inr_jax.fields.conditioning.conditioning import Conditioning
from inr_jax.fields.field import Field, Modulate, Params


def modulated(
    field: Field,
    *,
    genes: int,
    code: int,
    first: Callable[[jax.Array], Params],
    modulation: Callable[[Params, Array], Modulate],
) -> Conditioning:
    """The field, modulated by the codes of G genes.

    Args:
        field: Of one output.
        genes: G.
        code: C.
        first: PRNG key to the maps before the first step.
        modulation: (maps, a code `(C,)`) to what acts on the layers.

    Raises:
        InputError: The field has no layer that a gene could modulate.
    """
    check_layers(field)

    def init(key: jax.Array) -> Params:
        field_key, map_key = jax.random.split(key)
        shared = {"field": field.init(field_key), "maps": first(map_key)}
        return {"shared": shared, "genes": {}}

    def apply(params: Params, codes: Array, x: Array) -> jax.Array:
        shared = params["shared"]

        def value(c: Array) -> jax.Array:
            return field.apply(shared["field"], x, modulation(shared["maps"], c))[0]

        return jax.vmap(value)(codes)

    return Conditioning(1, genes, init, apply, code=code)


def check_layers(field: Field) -> None:
    """Refuse a field without hidden layers of one point.

    Raises:
        InputError: Says why.
    """
    if not field.layers:
        raise InputError(
            "conditioning.name",
            expected="a field whose hidden layers are functions of a single place",
            found="one without such layers (oinr convolves a grid of all places; mfn "
            "of depth 1 has filters alone)",
            fix="take another field, more depth, or conditioning.name=heads",
        )
