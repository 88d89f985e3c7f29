"""Fit networks to wells: loss, step, scan over steps, map over networks.

Everything below `advance` is written for one network; `advance` maps it over the
S E M networks of a run, in groups of networks trained side by side: all at once suits
a GPU, a few at a time keep a CPU's cache. Learning rate, its decay, weight decay and
jitter are data of a fit, so that settings share a program and may be fitted together.

Axis letters: N wells, G genes, M networks of K genes (M K = G), E ensemble members,
S settings fitted together (1 but in a sweep), C code width.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from inr_jax.fields.conditioning import Conditioning
from inr_jax.fields.numerics import sharding
from inr_jax.fields.numerics.groups import default_group, map_groups
from inr_jax.fitting.data import FitData
from inr_jax.fitting.optimizer import Adam, Hyper, stack


class FitState(NamedTuple):
    """All that the next step needs, with a leading axis of S E M networks.

    Attributes:
        params: Network parameters.
        optimizer: State of the optimizer.
        noise: `(S E M, ...)` key data of the jitter; the networks of one member share
            it, so that genes fitted side by side see the same wells.
        step: `()` int32, steps done.
    """

    params: Any
    optimizer: Any
    noise: jax.Array
    step: jax.Array


class Trainer(NamedTuple):
    """How to fit; the same trainer serves every fold without compiling again.

    Attributes:
        conditioning: The networks.
        optimizer: Adam; its numbers are those of a fit that is given no others.
        jitter_mm: sd of noise on coordinates at every step, mm; None draws none.
        members: E.
        batch: Wells a step; 0 takes all.
        group: Networks trained side by side; 0 takes `default_group` of them.
        programs: Compiled programs by shape, filled as they are needed.
    """

    conditioning: Conditioning
    optimizer: Adam
    jitter_mm: float | jax.Array | None
    members: int
    batch: int
    group: int
    programs: dict


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


def hyper_of(trainer: Trainer) -> Hyper:
    """The numbers of a trainer, to `stack` with those of others of its kind."""
    return Hyper(trainer.optimizer, trainer.jitter_mm or None)


def init(trainer: Trainer, key: jax.Array) -> FitState:
    """The state before the first step, from one PRNG key."""
    if "init" not in trainer.programs:
        trainer.programs["init"] = jax.jit(partial(_init, trainer))
    return trainer.programs["init"](key)


def _init(trainer: Trainer, key: jax.Array) -> FitState:
    networks = trainer.conditioning.networks

    def one(index: jax.Array) -> tuple[Any, Any, jax.Array]:
        member = jax.random.fold_in(key, index // networks)
        init_key, noise = jax.random.split(member)
        init_key = jax.random.fold_in(init_key, index % networks)
        params = trainer.conditioning.init(init_key)
        return params, trainer.optimizer.init(params), jax.random.key_data(noise)

    indices = jnp.arange(trainer.members * networks)
    params, optimizer, noise = jax.vmap(one)(indices)
    return FitState(params, optimizer, noise, jnp.int32(0))


def loss(
    trainer: Trainer, params: Any, data: FitData, targets: jax.Array, key: jax.Array
) -> jax.Array:
    """Mean squared error of one network `(N, K)` at jittered wells, drawn by `key`.

    A conditioning's penalty is added, divided by the number of wells.
    """
    jitter_key, batch_key = jax.random.split(key)
    places = data.places
    if trainer.batch:
        rows = jax.random.randint(batch_key, (trainer.batch,), 0, data.wells)
        places, targets = places.take(rows), targets[rows]
    if trainer.jitter_mm is not None:
        noise = jax.random.normal(jitter_key, places.x_mm.shape)
        places = places._replace(x_mm=places.x_mm + trainer.jitter_mm * noise)
    features = jax.vmap(data.inputs.features)(places)
    apply = jax.vmap(trainer.conditioning.apply, (None, None, 0))
    error = jnp.mean((apply(params, data.codes, features) - targets) ** 2, axis=1)
    if trainer.batch:
        value = jnp.mean(error)
    else:
        real = jnp.arange(error.shape[0]) < data.wells
        value = jnp.sum(jnp.where(real, error, 0.0)) / data.wells
    penalty = trainer.conditioning.penalty
    return value + penalty(params) / data.wells if penalty else value


def _advance_one(
    trainer: Trainer, steps: int, data: FitData, first: jax.Array, network: tuple
) -> tuple:
    """Take `steps` steps from step `first` with one network."""
    params, optimizer, noise, targets = network
    base = jax.random.wrap_key_data(noise)

    def step(carry: tuple, number: jax.Array) -> tuple[tuple, jax.Array]:
        params, optimizer = carry
        key = jax.random.fold_in(base, number)
        value, slope = jax.value_and_grad(loss, argnums=1)(
            trainer, params, data, targets, key
        )
        update, optimizer = trainer.optimizer.update(slope, optimizer, params)
        return (optax.apply_updates(params, update), optimizer), value

    carry, losses = jax.lax.scan(step, (params, optimizer), first + jnp.arange(steps))
    return *carry, losses


def advance(
    trainer: Trainer, steps: int, state: FitState, data: FitData, hyper: Hyper
) -> tuple[FitState, jax.Array]:
    """Take `steps` steps with every network; also the mean losses `(steps,)`.

    Networks beyond those of the settings are padding (`sharding.padded`).
    """
    networks, rates = trainer.conditioning.networks, hyper.optimizer.learning_rate

    def some(held: tuple, rows: tuple) -> tuple:
        step, data, hyper = held

        def one(network: tuple) -> tuple:
            *rest, index = network
            setting = index // (trainer.members * networks)
            own = jax.tree.map(lambda leaf: leaf[setting], hyper)._asdict()
            target = (setting * networks + index % networks) % len(data.targets)
            plan, rest = trainer._replace(**own), (*rest, data.targets[target])
            return _advance_one(plan, steps, data, step, rest)

        group = trainer.group or default_group(rows[0], len(data.places.x_mm))
        return map_groups(one, rows, len(rows[-1]), group)

    count = len(rates) * trainer.members * networks
    index = jnp.minimum(jnp.arange(len(state.noise)), count - 1)
    rows = (state.params, state.optimizer, state.noise, index)
    held = (state.step, data, hyper)
    params, optimizer, losses = sharding.over_rows(some)(held, rows)
    new = FitState(params, optimizer, state.noise, state.step + steps)
    return new, losses[:count].mean(0)


def _split(state: FitState) -> FitState:
    """Its networks split over the devices; nothing with one device."""
    return FitState(*sharding.padded(state[:-1]), sharding.replicated(state.step))


def _whole(state: FitState, count: int) -> FitState:
    """The inverse of `_split`, for so many networks."""
    return FitState(*sharding.trimmed(state[:-1], count), state.step)


def fit(
    trainer: Trainer,
    state: FitState,
    data: FitData,
    *,
    steps: int,
    chunk: int,
    on_chunk: Callable[[FitState, float], bool] | None = None,
    hyper: Hyper | None = None,
) -> tuple[FitState, FitInfo]:
    """Take the steps from `state.step` to `steps`, `chunk` a call.

    Args:
        trainer: How to fit.
        state: Where to start; its buffers are given away.
        data: What to fit.
        steps: Step to stop at; a state that is there already stays as it is.
        chunk: Steps inside one jitted program. Results do not depend on where a
            run was cut, as long as it was cut between chunks.
        on_chunk: Called with (state, loss) after each; True stops the fit.
        hyper: The numbers of S settings, whose networks stand one setting after the
            other in `state`; None takes the trainer's own.
    """
    hyper = stack([hyper_of(trainer)]) if hyper is None else hyper
    losses, seconds, compile_seconds = [], 0.0, 0.0
    done, networks = int(state.step), len(state.noise)
    state, data, hyper = _split(state), *sharding.replicated((data, hyper))
    while done < steps:
        count = min(chunk, steps - done)
        start = time.perf_counter()
        program = _program(trainer, count, state, data, hyper)
        compiled = time.perf_counter()
        state, chunk_losses = program(state, data, hyper)
        losses.append(sharding.local(chunk_losses))
        compile_seconds += compiled - start
        seconds += time.perf_counter() - compiled
        done += count
        last = float(losses[-1][-1])
        if on_chunk and on_chunk(_whole(state, networks), last):
            break
    joined = np.concatenate([np.zeros(0, np.float32), *losses])
    return _whole(state, networks), FitInfo(joined, seconds, compile_seconds)


def _program(trainer: Trainer, steps: int, *arguments: Any):
    """Compiled for the shapes of state, data and numbers, which it does not keep."""
    shapes = tuple(leaf.shape for leaf in jax.tree.leaves(arguments))
    if (steps, shapes) not in trainer.programs:
        program = jax.jit(partial(advance, trainer, steps), donate_argnums=0)
        trainer.programs[steps, shapes] = program.lower(*arguments).compile()
    return trainer.programs[steps, shapes]
