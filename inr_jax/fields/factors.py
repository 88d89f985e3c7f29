"""Maps of all genes as a product: features of places times weights of genes.

Where values are linear in the parameters of a gene, the derivative by these
parameters is the same for all genes: the features. Beside members there is a last
feature, 1, whose weight is the gene's offset:

    mean(x, g) = F(x) . W(g),    member e's value = E F_e(x) . W_e(g) + W_last(g)

with W_e(g) = scale_g theta_eg / E. It is exact up to the rounding of float32.

Axis letters: V places, G genes, E members, D numbers of a gene in one member,
R = E D + 1.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from inr_jax.brain.space import Array
from inr_jax.errors import InputError
from inr_jax.fields.conditioning import Conditioning
from inr_jax.fields.conditioning.conditioning import rows_of_genes
from inr_jax.fields.inputs import Places
from inr_jax.fields.model import Model, call_size, keep_genes

ROWS = 2048  # places at a time


def check_linear(conditioning: Conditioning) -> None:
    """Refuse networks in which a gene is more than a row of weights.

    Raises:
        InputError: Values are not linear in the gene arrays.
    """
    if not conditioning.linear:
        raise InputError(
            "conditioning.name",
            expected="one whose genes are weights of common features (heads, low_rank)",
            found="one whose values are not linear in what is a gene's own",
            fix="fit with --config.conditioning.name=heads, or draw maps gene by gene",
        )


def gene_weights(model: Model) -> np.ndarray:
    """Weights `(G, R)` float32 of the genes of a linear model, units of the source."""
    leaves = jax.tree.leaves(model.params["genes"])
    members, genes = np.shape(leaves[0])[:2]
    rows = [np.reshape(leaf, (members, genes, -1)) for leaf in leaves]
    theta = np.concatenate(rows, axis=2).transpose(1, 0, 2).reshape(genes, -1)
    scale = np.asarray(model.standardiser.scale)[:, None]
    offset = np.asarray(model.standardiser.offset)[:, None]
    weights = np.concatenate([scale * theta / members, offset], axis=1)
    return np.asarray(weights, np.float32)


def member_count(model: Model) -> int:
    """E of a model."""
    return len(jax.tree.leaves(model.params["genes"])[0])


@jax.jit(static_argnums=0)
def features_at(conditioning: Conditioning, model: Model, places: Places) -> jax.Array:
    """Features `(V, R)` float32 of places under a linear model; pure, for `jax.jit`.

    Args:
        conditioning: Linear networks.
        model: Of any genes: features are the same for all, so one is enough.
        places: V places.
    """

    def value(genes: Array, shared: Array, code: Array, features: Array) -> jax.Array:
        network = {"shared": shared, "genes": genes}
        return conditioning.apply(network, code, features).sum()

    def of_place(place: Places) -> jax.Array:
        features = model.inputs.features(place)
        slope = jax.vmap(jax.grad(value), (0, 0, None, None))
        rows = slope(params["genes"], params["shared"], model.codes[:1], features)
        members = [leaf.reshape(len(leaf), -1) for leaf in jax.tree.leaves(rows)]
        flat = jnp.concatenate(members, axis=1).reshape(-1)
        return jnp.append(flat.astype(jnp.float32), jnp.float32(1))

    # Any gene's parameters do: the derivative does not depend on them.
    params = rows_of_genes(keep_genes(model, [0]).params, 1)
    return jax.vmap(of_place)(places)


def place_features(
    conditioning: Conditioning, model: Model, places: Places, *, chunk: int = 8192
) -> np.ndarray:
    """Features `(V, R)` float32 of any number of places, some at a time.

    Raises:
        InputError: The networks are not linear in the genes.
    """
    check_linear(conditioning)
    first_gene = keep_genes(model, [0])
    total = len(places.x_mm)
    size = call_size(chunk, total)
    features = None
    for first in range(0, total, size):
        rows = slice(first, min(first + size, total))
        missing = ((0, size - (rows.stop - first)), (0, 0))
        part = [np.pad(a, missing, mode="edge") for a in places.take(rows)]
        values = np.asarray(features_at(conditioning, first_gene, Places(*part)))
        if features is None:
            features = np.empty((total, values.shape[1]), np.float32)
        features[rows] = values[: rows.stop - first]
    return np.empty((0, 0), np.float32) if features is None else features


def mean_and_spread(
    features: np.ndarray, weights: np.ndarray, members: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation over members `(V, G)` from their factors.

    Args:
        features: `(V, R)`.
        weights: `(G, R)`.
        members: E.

    Returns:
        As `fields.model.render` gives; the standard deviation is 0 with one member.
    """
    mean = features @ weights.T
    spread = np.zeros_like(mean)
    if members == 1:
        return mean, spread
    width = (features.shape[1] - 1) // members
    for first in range(0, len(features), ROWS):  # few, so that they stay in the cache
        rows = slice(first, first + ROWS)
        squares = spread[rows]
        for member in range(members):
            part = slice(member * width, (member + 1) * width)
            value = members * features[rows, part] @ weights[:, part].T
            squares += (value + weights[:, -1] - mean[rows]) ** 2
        np.sqrt(squares / (members - 1), out=squares)
    return mean, spread
