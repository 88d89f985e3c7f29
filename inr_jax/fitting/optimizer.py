"""The optimizer, and the numbers of a fit that are data of its program.

Learning rate, its decay, weight decay and jitter may be traced, so that one compiled
program serves every value of them, and several values side by side.

Axis letter: S settings.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax


class Adam(NamedTuple):
    """Adam with decoupled weight decay and a staircase of learning rates.

    Has the interface of an optax transformation.

    Attributes:
        learning_rate: Of the first steps.
        decay: What the rate is multiplied by every `decay_steps`; None for a rate
            that stays, whose state then needs no count of its own.
        decay_steps: Steps of a stair.
        weight_decay: As in AdamW (Loshchilov & Hutter 2019).
    """

    learning_rate: float | jax.Array
    decay: float | jax.Array | None
    decay_steps: float | jax.Array
    weight_decay: float | jax.Array

    def init(self, params: Any) -> Any:
        """The state before the first step."""
        return self._optax().init(params)

    def update(self, slope: Any, state: Any, params: Any) -> tuple[Any, Any]:
        """What to add to the params, and the next state."""
        return self._optax().update(slope, state, params)

    def rate(self, count: jax.Array) -> jax.Array:
        """learning_rate decay^floor(count / decay_steps)."""
        stair = jnp.floor(count / self.decay_steps)
        return self.learning_rate * jnp.power(self.decay, stair)

    def _optax(self) -> optax.GradientTransformation:
        rate = self.learning_rate if self.decay is None else self.rate
        return optax.adamw(rate, weight_decay=self.weight_decay)


class Hyper(NamedTuple):
    """The numbers of a setting, or `(S,)` of each.

    Attributes:
        optimizer: Its numbers; all settings decay, or none.
        jitter_mm: sd of the noise on coordinates at every step, mm; None where no
            setting has any, so that none is drawn.
    """

    optimizer: Adam
    jitter_mm: float | jax.Array | None


def stack(settings: list[Hyper]) -> Hyper:
    """S settings as one of arrays `(S,)` float32."""
    if any(one.jitter_mm is not None for one in settings):
        settings = [one._replace(jitter_mm=one.jitter_mm or 0.0) for one in settings]
    return jax.tree.map(lambda *numbers: jnp.asarray(numbers, jnp.float32), *settings)


def make_adam(
    learning_rate: float,
    *,
    decay: float = 1.0,
    decay_steps: int = 1,
    weight_decay: float = 0.0,
) -> Adam:
    """Adam of these numbers; a decay of 1 is none."""
    falls = decay if decay != 1 else None
    return Adam(learning_rate, falls, float(decay_steps), weight_decay)
