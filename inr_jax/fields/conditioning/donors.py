"""A field that sees whose brain it is in: a learned latent of each donor.

    z = sum_d share_d latent_d,
    f(x, donor) = net([(F + W) / F x, z])

A latent is W numbers, the same for all genes of a network. All start at 0, where a
field does not know donors apart, and are held there by the normal prior

    prior sum_d |latent_d|^2 / wells      (added to the mean squared error).

A well is whole its donor's. To predict, donors are averaged out: a member becomes one
for each donor that the fit saw, with that donor's latent in every row (`of_donors`), so
that the ensemble's mean is the mean over donors and its spread holds how they differ.
The field at the mean latent is worse than either (benchmarks/README.md, new_donor.py).
A new donor's latent is found with all else fixed (`fitting.donor_latents`).

A network draws the weights of its first layer for F + W inputs; places are enlarged by
as much as that makes weights smaller, so that it starts as the field of F inputs.

Axis letters: F features of a place, D donors, W numbers of a latent, A memberships in
structures, E members, G genes.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inr_jax.brain.space import Array
from inr_jax.fields.conditioning.conditioning import Conditioning
from inr_jax.fields.field import Params

LATENTS = "donor"  # the table among a network's parameters


class DonorEmbedding(NamedTuple):
    """Sizes and settings of the latents.

    Attributes:
        donors: D.
        width: W.
        prior: On their squares: variance of noise over that of latents.
    """

    donors: int
    width: int
    prior: float


def with_donors(
    inner: Conditioning, latents: DonorEmbedding, features: int
) -> Conditioning:
    """Let networks of F + W inputs see F features and D memberships in donors.

    Args:
        inner: Networks of F + W inputs, and A memberships behind them or none.
        latents: Sizes and settings.
        features: F.

    Returns:
        Networks of F + D + A inputs; they keep `inner`'s penalty.
    """
    each, enlarged = inner.own, (features + latents.width) / features

    def init(key: jax.Array) -> Params:
        params = inner.init(key)
        table = jnp.zeros((latents.donors, latents.width))
        table = table[None] if each == "genes" else table
        return {**params, each: {"inner": params[each], LATENTS: table}}

    def opened(params: Params) -> tuple[Params, jax.Array]:
        """The params of `inner`, and the latents of one network."""
        table = params[each][LATENTS]
        table = jnp.squeeze(table, 0) if each == "genes" else table
        return {**params, each: params[each]["inner"]}, table

    def apply(params: Params, codes: Array, x: Array) -> jax.Array:
        place, share, others = jnp.split(x, [features, features + latents.donors])
        params, table = opened(params)
        seen = jnp.concatenate([enlarged * place, share @ table, others])
        return inner.apply(params, codes, seen)

    def penalty(params: Params) -> jax.Array:
        params, table = opened(params)
        value = latents.prior * jnp.sum(table**2)
        return value + inner.penalty(params) if inner.penalty else value

    return inner._replace(init=init, apply=apply, penalty=penalty)


def of_donors(params: Params, donors: np.ndarray) -> Params:
    """Parameters of E members as those of E n, one for each of n donors.

    Args:
        params: `{"shared": (E, ...), "genes": (E, G, ...)}`, with latents.
        donors: `(n,)` rows of the tables.
    """
    latents = params[_holder(params)][LATENTS]  # (E, D, W), or (E, G, D, W)
    repeated = jax.tree.map(lambda leaf: jnp.repeat(leaf, len(donors), axis=0), params)
    chosen = jnp.moveaxis(latents[..., donors, :], -2, 1)  # (E, n, ..., W)
    chosen = chosen.reshape(-1, *chosen.shape[2:])
    return with_latent(repeated, chosen)


def with_latent(params: Params, latent: jax.Array) -> Params:
    """Parameters with one latent a member in every row of its table.

    Args:
        params: Of E members, with latents.
        latent: `(E, W)`, or `(E, G, W)` where each gene has a network.
    """
    each = _holder(params)
    table = jnp.broadcast_to(latent[..., None, :], params[each][LATENTS].shape)
    return {**params, each: {**params[each], LATENTS: table}}


def _holder(params: Params) -> str:
    """The part of the parameters that holds the latents: "shared", or "genes"."""
    return "shared" if LATENTS in params["shared"] else "genes"
