"""New genes by steps of Adam, where values are not linear in what is a gene's own.

A gene's own numbers start at the mean of the trunk's genes, as in functa (Dupont et al.
2022, arXiv 2201.12204), where that is 0. Where a gene is its code alone (`concat`), the
code is what is learned; it is one for all members.

Axis letters: G new genes, E members, C code width.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from inr_jax.fields.model import Model
from inr_jax.fitting.data import FitData
from inr_jax.fitting.loss import loss
from inr_jax.fitting.recipe import Preprocessing, Recipe

STEPS = 50
LEARNING_RATE = 0.03


def adapted_by_steps(
    recipe: Recipe,
    trunk: Model,
    preprocessing: Preprocessing,
    data: FitData,
    *,
    steps: int = STEPS,
) -> Model:
    """The model of G genes after so many steps.

    Args:
        recipe: Of networks that share a trunk, for G genes.
        trunk: A model of other genes.
        preprocessing: Of the new genes; its codes are ignored.
        data: Their wells, as `fitted_data.pack_wells` packs them.
        steps: Of Adam; 0 leaves every gene at the mean.
    """
    genes = len(preprocessing.codes)
    start = {
        "genes": jax.tree.map(partial(_mean_gene, genes), trunk.params["genes"]),
        "codes": jnp.tile(jnp.mean(jnp.asarray(trunk.codes), 0), (genes, 1)),
    }
    if jax.tree.leaves(start["genes"]):
        fixed = {"codes": start.pop("codes")}
    else:
        fixed = {"genes": start.pop("genes")}
    fixed["shared"] = trunk.params["shared"]
    fitted = _fitted(recipe, steps, fixed, start, data)
    params = {**trunk.params, "genes": fitted["genes"]}
    codes = np.asarray(fitted["codes"])
    return Model(params, trunk.inputs, preprocessing.standardiser, codes)


def _mean_gene(genes: int, leaf: jax.Array) -> jax.Array:
    """`(E, G', ...)` of other genes to `(E, G, ...)`, each their mean."""
    leaf = jnp.asarray(leaf)
    return jnp.repeat(leaf.mean(1, keepdims=True), genes, axis=1)


def _fitted(
    recipe: Recipe, steps: int, fixed: dict, start: dict, data: FitData
) -> dict:
    """What is fixed, and what was learned from its start on."""
    base = jax.random.key(recipe.seed)
    trainer, data = recipe.trainer, data.of_network(0)
    optimizer = optax.adam(LEARNING_RATE)
    jitter = jnp.float32(trainer.jitter_mm) if trainer.jitter_mm else None

    def mean_loss(learned: dict, key: jax.Array) -> jax.Array:
        both = learned | fixed
        wells = data._replace(codes=both["codes"])

        def of_member(shared, genes) -> jax.Array:
            params = {"shared": shared, "genes": genes}
            return loss(
                trainer.conditioning,
                params,
                wells,
                key,
                jitter_mm=jitter,
                points=trainer.points,
            )

        return jnp.mean(jax.vmap(of_member)(both["shared"], both["genes"]))

    def step(carry: tuple, number: jax.Array) -> tuple[tuple, None]:
        learned, state = carry
        slope = jax.grad(mean_loss)(learned, jax.random.fold_in(base, number))
        update, state = optimizer.update(slope, state, learned)
        return (optax.apply_updates(learned, update), state), None

    @jax.jit
    def run(learned: dict) -> dict:
        carry = learned, optimizer.init(learned)
        return jax.lax.scan(step, carry, jnp.arange(steps))[0][0]

    return run(start) | fixed
