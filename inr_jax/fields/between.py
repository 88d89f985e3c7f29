"""Models of what lies between two genes: their weights and codes, mixed.

    theta_t = (1 - t) theta_a + t theta_b,    t from 0 to 1 in even steps

and likewise codes and units. Where values are linear in what is a gene's own (heads,
low_rank), a map between is the same mix of the two maps; elsewhere it is what the
networks make of a code that no gene has.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from inr_jax.fields.conditioning import Conditioning
from inr_jax.fields.conditioning.conditioning import check_shared
from inr_jax.fields.model import Model, keep_genes
from inr_jax.samples.standardise import Standardiser


def between(conditioning: Conditioning, model: Model, ends: list[int], count: int):
    """A model of `count` mixes of two genes, both ends included.

    Args:
        conditioning: The networks, one for all genes.
        model: Of all genes.
        ends: The two genes.
        count: 2 or more.

    Raises:
        InputError: Each gene has a network of its own.
    """
    check_shared(conditioning, "render --genes=A~B", "; a mix of two is neither")
    pair = keep_genes(model, ends)
    share = np.linspace(0, 1, count, dtype=np.float32)

    def mixed(leaf, axis: int = 0):
        first, last = (jnp.take(jnp.asarray(leaf), k, axis) for k in (0, 1))
        shape = (1,) * axis + (count,) + (1,) * (first.ndim - axis)
        t = share.reshape(shape)
        first, last = (jnp.expand_dims(end, axis) for end in (first, last))
        return (1 - t) * first + t * last

    genes = jax.tree.map(lambda leaf: mixed(leaf, 1), pair.params["genes"])
    units = Standardiser(*(np.asarray(mixed(part)) for part in pair.standardiser))
    params = {**pair.params, "genes": genes}
    return pair._replace(
        params=params, standardiser=units, codes=np.asarray(mixed(pair.codes))
    )
