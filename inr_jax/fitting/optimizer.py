"""Adam whose numbers are data of a fit.

A fit takes any optax transformation. `optax.inject_hyperparams` keeps the numbers of
this one in its state, so that one compiled program serves every value of them, and
several values side by side.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax


def make_adam(
    learning_rate: float,
    *,
    decay: float = 1.0,
    decay_steps: int = 1,
    weight_decay: float = 0.0,
) -> optax.GradientTransformation:
    """AdamW (Loshchilov & Hutter 2019) with a staircase of learning rates.

    Args:
        learning_rate: Of the first steps.
        decay: What the rate is multiplied by every `decay_steps`; 1 leaves it.
        decay_steps: Steps of a stair.
        weight_decay: Decoupled, multiplied by the rate as in AdamW.
    """
    return optax.inject_hyperparams(_staircase_adamw)(
        learning_rate=float(learning_rate),
        decay=float(decay),
        decay_steps=float(decay_steps),
        weight_decay=float(weight_decay),
    )


def _staircase_adamw(
    learning_rate: jax.Array,
    decay: jax.Array,
    decay_steps: jax.Array,
    weight_decay: jax.Array,
) -> optax.GradientTransformation:
    def rate(count: jax.Array) -> jax.Array:
        """learning_rate decay^floor(count / decay_steps)."""
        stair = jnp.floor(count.astype(jnp.float32) / decay_steps)
        return learning_rate * jnp.power(decay, stair)

    return optax.adamw(rate, weight_decay=weight_decay)
