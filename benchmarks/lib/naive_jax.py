"""SIRENs in plain JAX: XLA's own sine, one vmap over networks, or a Python loop.

Axis letters: M networks, N wells, K outputs. Params: per network a list of (W, b).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax


def apply(params, x, omega):
    """Features `(N, F)` to values `(N, K)`."""
    for w, b in params[:-1]:
        x = jnp.sin(omega * (x @ w + b[None]))
    w, b = params[-1]
    return x @ w + b[None]


def make_step(omega: float, optimizer: optax.GradientTransformation):
    """One step of one network: (params, state, x, y) to (params, state, loss)."""

    def step(params, state, x, y):
        def loss(params):
            return jnp.mean((apply(params, x, omega) - y) ** 2)

        value, slope = jax.value_and_grad(loss)(params)
        update, state = optimizer.update(slope, state, params)
        return optax.apply_updates(params, update), state, value

    return step


def vmapped(params, x, ys, *, omega: float, rate: float, steps: int):
    """A run of `steps` steps with all M networks under one vmap; gives losses `(M,)`.

    `params` has a leading axis of networks; `ys` `(M, N, K)`.
    """
    optimizer = optax.adam(rate)
    step = jax.jit(jax.vmap(make_step(omega, optimizer), (0, 0, None, 0)))
    state = jax.vmap(optimizer.init)(params)

    def run():
        now, kept = params, state
        for _ in range(steps):
            now, kept, loss = step(now, kept, x, ys)
        return jax.block_until_ready(loss)

    return run


def looped(params, x, ys, *, omega: float, rate: float, steps: int):
    """The same, one network after another, each by one jitted step at a time."""
    optimizer = optax.adam(rate)
    step = jax.jit(make_step(omega, optimizer))
    networks = [jax.tree.map(lambda leaf, m=m: leaf[m], params) for m in range(len(ys))]

    def run():
        losses = []
        for now, y in zip(networks, ys, strict=True):
            state = optimizer.init(now)
            for _ in range(steps):
                now, state, loss = step(now, state, x, y)
            losses.append(loss)
        return jax.block_until_ready(jnp.stack(losses))

    return run
