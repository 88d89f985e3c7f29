"""Fit networks to wells: a step, a scan over steps, a map over networks.

Everything below `advance` is written for one network; `advance` maps it over the
S E M networks of a run, in groups of networks trained side by side: all at once suits
a GPU, a few at a time keep a CPU's cache. The numbers of the optimizer and the jitter
stand in the state, so that settings share a program and may be fitted together.

Axis letters: N wells, G genes, M networks of K genes (M K = G), E ensemble members,
S settings fitted together (1 but in a sweep), C code width.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from inr_jax.fields.conditioning import Conditioning
from inr_jax.fields.field import Params
from inr_jax.fields.numerics import sharding
from inr_jax.fields.numerics.groups import default_group, map_groups
from inr_jax.fitting.data import FitData
from inr_jax.fitting.loss import loss
from inr_jax.fitting.smoothness import ROUGH, Smoothness


class FitState(NamedTuple):
    """All that the next step needs, with a leading axis of S E M networks.

    Attributes:
        params: Network parameters.
        optimizer: State of the optimizer.
        noise: `(S E M, ...)` key data of the jitter; the networks of one member share
            it, so that genes fitted side by side see the same wells.
        step: `()` int32, steps done.
        jitter_mm: `(S E M,)` sd of the noise on coordinates at every step, mm; None
            draws none.
    """

    params: Params
    optimizer: Any
    noise: jax.Array
    step: jax.Array
    jitter_mm: jax.Array | None = None

    def rows(self) -> FitState:
        """What has a row a network."""
        return self._replace(step=None)  # type: ignore[arg-type]


class Trainer(NamedTuple):
    """How to fit; the same trainer serves every fold without compiling again.

    Attributes:
        conditioning: The networks.
        optimizer: Any optax transformation.
        jitter_mm: sd of noise on coordinates at every step, mm.
        members: E.
        batch: Wells a step; 0 takes all.
        group: Networks trained side by side; 0 takes `default_group` of them.
        points: Points of each well's support drawn a step; 0 takes all.
        pairs: Of a well and a gene, drawn a step; 0 takes all genes.
        smoothness: Penalties on slopes.
    """

    conditioning: Conditioning
    optimizer: optax.GradientTransformation
    jitter_mm: float
    members: int
    batch: int
    group: int
    points: int = 0
    pairs: int = 0
    smoothness: Smoothness = ROUGH


class FitInfo(NamedTuple):
    """What a person looks at.

    Attributes:
        losses: `(steps,)` mean over networks of the loss at each step done here.
        seconds: Wall time of the steps.
        compile_seconds: Wall time of compiling.
    """

    losses: np.ndarray
    seconds: float
    compile_seconds: float


@partial(jax.jit, static_argnums=0)
def init(trainer: Trainer, key: jax.Array) -> FitState:
    """The state before the first step, from one PRNG key."""
    networks = trainer.conditioning.networks

    def network(index: jax.Array) -> tuple[Params, Any, jax.Array]:
        member = jax.random.fold_in(key, index // networks)
        init_key, noise = jax.random.split(member)
        init_key = jax.random.fold_in(init_key, index % networks)
        params = trainer.conditioning.init(init_key)
        return params, trainer.optimizer.init(params), jax.random.key_data(noise)

    count = trainer.members * networks
    params, optimizer, noise = jax.vmap(network)(jnp.arange(count))
    jitter_mm = jitter_of(trainer, count)
    return FitState(params, optimizer, noise, jnp.int32(0), jitter_mm)


def jitter_of(trainer: Trainer, networks: int) -> jax.Array | None:
    """`FitState.jitter_mm` of so many networks; None for a trainer without jitter."""
    jitter_mm = trainer.jitter_mm
    return jnp.full(networks, jitter_mm, jnp.float32) if jitter_mm else None


def _advance_one(
    trainer: Trainer, steps: int, data: FitData, first: jax.Array, network: FitState
) -> tuple:
    """Take `steps` steps from step `first` with one network."""
    base = jax.random.wrap_key_data(network.noise)

    def step(carry: tuple, number: jax.Array) -> tuple[tuple, jax.Array]:
        params, optimizer = carry
        value, slope = jax.value_and_grad(loss, argnums=1)(
            trainer.conditioning,
            params,
            data,
            jax.random.fold_in(base, number),
            jitter_mm=network.jitter_mm,
            batch=trainer.batch,
            points=trainer.points,
            pairs=trainer.pairs,
            smoothness=trainer.smoothness,
        )
        update, optimizer = trainer.optimizer.update(slope, optimizer, params)
        return (optax.apply_updates(params, update), optimizer), value

    start = network.params, network.optimizer
    carry, losses = jax.lax.scan(step, start, first + jnp.arange(steps))
    return *carry, losses


def advance(
    trainer: Trainer, steps: int, settings: int, state: FitState, data: FitData
) -> tuple[FitState, jax.Array]:
    """Take `steps` steps with every network; also the mean losses `(steps,)`.

    Networks beyond those of the S settings are padding (`sharding.padded`).
    """
    networks = trainer.conditioning.networks

    def on_one_device(held: tuple, rows: tuple) -> tuple:
        step, data = held

        def one_network(row: tuple) -> tuple:
            network, index = row
            setting = index // (trainer.members * networks)
            target = (setting * networks + index % networks) % len(data.targets)
            return _advance_one(trainer, steps, data.of_network(target), step, network)

        wells = trainer.pairs or len(data.places.x_mm)
        group = trainer.group or default_group(rows[0].params, wells)
        return map_groups(one_network, rows, len(rows[-1]), group)

    count = settings * trainer.members * networks
    index = jnp.minimum(jnp.arange(len(state.noise)), count - 1)
    rows, held = (state.rows(), index), (state.step, data)
    params, optimizer, losses = sharding.over_rows(on_one_device)(held, rows)
    new = state._replace(params=params, optimizer=optimizer, step=state.step + steps)
    return new, losses[:count].mean(0)


def _split(state: FitState) -> FitState:
    """Its networks split over the devices; nothing with one device."""
    step = sharding.replicated(state.step)
    return sharding.padded(state.rows())._replace(step=step)


def _whole(state: FitState, count: int) -> FitState:
    """The inverse of `_split`, for so many networks."""
    return sharding.trimmed(state.rows(), count)._replace(step=state.step)


def fit(
    trainer: Trainer,
    state: FitState,
    data: FitData,
    *,
    steps: int,
    chunk: int,
    on_chunk: Callable[[FitState, float], bool | None] | None = None,
) -> tuple[FitState, FitInfo]:
    """Take the steps from `state.step` to `steps`, `chunk` a call.

    Args:
        trainer: How to fit.
        state: Where to start; its buffers are given away. The networks of S settings
            stand one setting after the other (`joint.join`).
        data: What to fit.
        steps: Step to stop at; a state that is there already stays as it is.
        chunk: Steps a program; a run that is cut between chunks ends the same.
        on_chunk: Called with (state, loss) after each; True stops the fit.
    """
    losses, seconds, compile_seconds = [], 0.0, 0.0
    done, networks = int(state.step), len(state.noise)
    state, data = _split(state), sharding.replicated(data)
    while done < steps:
        count = min(chunk, steps - done)
        start = time.perf_counter()
        program = _program(trainer, count, networks, state, data)
        compiled = time.perf_counter()
        state, chunk_losses = program(state, data)
        losses.append(sharding.local(chunk_losses))
        compile_seconds += compiled - start
        seconds += time.perf_counter() - compiled
        done += count
        if on_chunk and on_chunk(_whole(state, networks), float(losses[-1][-1])):
            break
    joined = np.concatenate([np.zeros(0, np.float32), *losses])
    return _whole(state, networks), FitInfo(joined, seconds, compile_seconds)


def compile_ahead(trainer: Trainer, state: FitState, data: FitData, steps: int) -> None:
    """Compile what `fit` runs for so many steps a call, of data of these shapes."""
    _program(trainer, steps, len(state.noise), _split(state), sharding.replicated(data))


def _program(
    trainer: Trainer, steps: int, networks: int, state: FitState, data: FitData
) -> Callable[[FitState, FitData], tuple[FitState, jax.Array]]:
    """Compiled for the shapes of state and data, which it does not keep."""
    settings = networks // (trainer.members * trainer.conditioning.networks)
    leaves, tree = jax.tree.flatten((state, data))
    key = (steps, settings, tree, tuple(leaf.shape for leaf in leaves))
    programs = _programs(trainer)
    if key not in programs:
        program = partial(advance, trainer, steps, settings)
        programs[key] = jax.jit(program, donate_argnums=0).lower(state, data).compile()
    return programs[key]


@lru_cache(maxsize=32)
def _programs(trainer: Trainer) -> dict:
    """The compiled programs of a trainer; those of the last 32 trainers are kept."""
    return {}
