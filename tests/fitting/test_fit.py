"""Fitting against closed forms, loops and itself."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from given import BOX

from inr_jax.fields.architectures import make_field
from inr_jax.fields.conditioning import make_conditioning
from inr_jax.fields.conditioning.conditioning import Conditioning
from inr_jax.fields.inputs import Inputs, make_places
from inr_jax.fitting import fit
from inr_jax.fitting.data import pack
from inr_jax.fitting.joint import join, setting_of, with_numbers
from inr_jax.fitting.optimizer import make_adam

pytestmark = pytest.mark.usefixtures("quick_compiling")

N, G, E = 40, 6, 2
FIELD = partial(make_field, "siren", hidden=12, depth=2, omega=5.0)


def wells(rng, n=N, genes=G):
    return {
        "places": make_places(rng.uniform(-70, 70, (n, 3)), rng.uniform(0, 1, (n, 2))),
        "standard": rng.normal(size=(n, genes)),
    }


def trainer(name="heads", *, jitter=3.0, members=E, batch=0, group=0, genes=G):
    made = make_conditioning(name, FIELD, genes=genes, features=3)
    adam = make_adam(1e-2, decay=1.0, decay_steps=1, weight_decay=0.0)
    return fit.Trainer(made, adam, jitter, members, batch, group)


def data_for(plan, some, rows=None):
    codes = np.zeros((some["standard"].shape[1], 0), np.float32)
    rows = rows or len(some["places"].x_mm)
    return pack(plan.conditioning, Inputs(BOX), **some, codes=codes, rows=rows)


def with_last(data, **values):
    """The data with other numbers in the padded rows."""
    places = {k: getattr(data.places, k).at[N:].set(v) for k, v in values.items()}
    return data._replace(places=data.places._replace(**places))


def fitted(plan, data, steps=10, chunk=5, seed=0):
    state = fit.init(plan, jax.random.key(seed))
    return fit.fit(plan, state, data, steps=steps, chunk=chunk)


def assert_close(one, two, atol=2e-5):
    jax.tree.map(partial(np.testing.assert_allclose, atol=atol), one, two)


def assert_same(one, two):
    jax.tree.map(np.testing.assert_array_equal, one, two)


def test_a_linear_network_without_jitter_reaches_least_squares(rng):
    some = wells(rng, genes=1)
    linear = Conditioning(
        1, 1, lambda key: jnp.zeros(4), lambda p, codes, x: p[:3] @ x[:, None] + p[3:]
    )
    adam = make_adam(0.05, decay=1.0, decay_steps=1, weight_decay=0.0)
    plan = fit.Trainer(linear, adam, 0.0, 1, 0, 0)
    state, _ = fitted(plan, data_for(plan, some), steps=1500, chunk=500)
    x, *yz = np.float64(some["places"].x_mm).T
    u = (np.c_[abs(x), *yz] - BOX.centre_mm) / 80
    exact, *_ = np.linalg.lstsq(np.c_[u, np.ones(N)], some["standard"][:, 0])
    np.testing.assert_allclose(state.params[0], exact, atol=1e-3)


@pytest.mark.parametrize("name", ["heads", "independent"])
def test_the_loss_at_the_first_step_is_the_mean_squared_error(rng, name):
    some, plan = wells(rng), trainer(name, jitter=0.0, members=1)
    data = data_for(plan, some)
    state = fit.init(plan, jax.random.key(0))
    points = [data.inputs.features(data.places.take(row)) for row in range(N)]
    apply = jax.jit(plan.conditioning.apply)
    nets = [
        jax.tree.map(lambda leaf, i=i: leaf[i], state.params)
        for i in range(plan.conditioning.networks)
    ]
    predicted = [[apply(net, data.codes, x) for x in points] for net in nets]
    expected = np.mean((np.array(predicted) - np.asarray(data.targets)) ** 2)
    _, info = fitted(plan, data, steps=1)
    assert info.losses[0] == pytest.approx(expected, rel=1e-4)


def test_genes_trained_side_by_side_are_the_genes_trained_alone(rng):
    some, plan = wells(rng), trainer("independent")
    together, _ = fitted(plan, data_for(plan, some))
    for gene in range(G):
        alone = trainer("independent", genes=1)
        state = fit.init(plan, jax.random.key(0))
        rows = np.arange(E) * G + gene
        state = jax.tree.map(lambda leaf, r=rows: leaf[r] if leaf.ndim else leaf, state)
        one = {**some, "standard": some["standard"][:, [gene]]}
        state, _ = fit.fit(alone, state, data_for(alone, one), steps=10, chunk=5)
        expected = jax.tree.map(lambda leaf, r=rows: leaf[r], together.params)
        assert_close(state.params, expected)


@pytest.mark.parametrize("group", [1, 5])
def test_the_group_size_is_irrelevant(rng, group):
    some = wells(rng)
    whole, _ = fitted(trainer("independent"), data_for(trainer("independent"), some))
    plan = trainer("independent", group=group)
    grouped, _ = fitted(plan, data_for(plan, some))
    assert_close(grouped.params, whole.params)


def test_padding_rows_do_not_matter(rng):
    some, plan = wells(rng), trainer(jitter=0.0)
    bare, _ = fitted(plan, data_for(plan, some))
    padded, _ = fitted(plan, data_for(plan, some, rows=64))
    assert_close(padded.params, bare.params)
    poisoned = data_for(plan, some, rows=64)
    junk = np.full((64 - N, 3), 1e4, np.float32)
    poisoned = with_last(poisoned, x_mm=junk)
    same, _ = fitted(plan, poisoned)
    assert_same(same.params, padded.params)


def test_a_batch_never_draws_padding(rng):
    some, plan = wells(rng), trainer(batch=16)
    data = data_for(plan, some, rows=64)
    state, _ = fitted(plan, data)
    nan = jnp.full((64 - N, 3), jnp.nan)
    same, _ = fitted(plan, with_last(data, x_mm=nan))
    assert_same(same.params, state.params)


def test_the_same_seed_gives_the_same_bits_and_another_does_not(rng):
    some, plan = wells(rng), trainer()
    one, _ = fitted(plan, data_for(plan, some))
    two, _ = fitted(trainer(), data_for(plan, some))
    other, _ = fitted(plan, data_for(plan, some), seed=1)
    assert_same(one, two)
    assert float(
        jnp.abs(one.params["shared"]["params"]["Dense_0"]["bias"]).sum()
    ) != float(jnp.abs(other.params["shared"]["params"]["Dense_0"]["bias"]).sum())


def test_members_of_the_ensemble_differ(rng):
    state = fit.init(trainer(members=3), jax.random.key(0))
    kernel = np.asarray(state.params["shared"]["params"]["Dense_0"]["kernel"])
    assert len({row.tobytes() for row in kernel}) == 3


def test_cutting_a_fit_between_chunks_changes_no_bit(rng):
    some, plan = wells(rng), trainer()
    data = data_for(plan, some)
    whole, _ = fitted(plan, data, steps=15)
    part, _ = fitted(plan, data, steps=10)
    rest, info = fit.fit(plan, part, data, steps=15, chunk=5)
    assert_same(rest, whole)
    assert len(info.losses) == 5


def test_jitter_moves_wells_by_its_standard_deviation(rng):
    seen = []

    def spy(params, codes, x):
        jax.debug.callback(
            lambda value: seen.append(np.asarray(value)), x, ordered=False
        )
        return params * x[:1]

    probe = Conditioning(1, 1, lambda key: jnp.zeros(1), spy)
    still = make_adam(0.0, decay=1.0, decay_steps=1, weight_decay=0.0)
    plan = fit.Trainer(probe, still, 4.0, 1, 0, 0)
    some = {
        **wells(rng, n=400, genes=1),
        "places": make_places(np.full((400, 3), 50.0), np.zeros((400, 2))),
    }
    fitted(plan, data_for(plan, some), steps=2, chunk=2)
    jax.effects_barrier()
    moved = np.concatenate([np.atleast_2d(row) for row in seen])
    moved = moved * BOX.half_mm + BOX.centre_mm - 50
    assert moved.std(0) == pytest.approx([4, 4, 4], rel=0.1)
    assert moved.mean(0) == pytest.approx([0, 0, 0], abs=0.5)


def test_learning_rate_falls_in_a_staircase():
    adam = make_adam(1.0, decay=0.5, decay_steps=3, weight_decay=0.0)
    params, steps = jnp.zeros(()), []
    state = adam.init(params)
    for _ in range(7):
        update, state = adam.update(jnp.ones(()), state, params)
        steps.append(float(update))
    expected = [-1, -1, -1, -0.5, -0.5, -0.5, -0.25]
    assert steps == pytest.approx(expected, rel=1e-4)


def test_weight_decay_shrinks_what_the_loss_does_not_hold():
    adamw = make_adam(0.1, decay=1.0, decay_steps=1, weight_decay=0.5)
    params = jnp.ones(())
    update, _ = adamw.update(jnp.zeros(()), adamw.init(params), params)
    assert float(update) == pytest.approx(-0.1 * 0.5)


SETTINGS = (
    {"learning_rate": 1e-2, "decay": 1.0, "decay_steps": 4, "weight_decay": 0.0},
    {"learning_rate": 3e-3, "decay": 0.5, "decay_steps": 4, "weight_decay": 0.1},
    {"learning_rate": 3e-2, "decay": 0.9, "decay_steps": 2, "weight_decay": 0.0},
)


def of_setting(plan, settings, jitter):
    return plan._replace(optimizer=make_adam(**settings), jitter_mm=jitter)


@pytest.mark.slow
def test_settings_fitted_together_are_the_settings_fitted_alone(rng):
    some, jitters, plan = wells(rng), (3.0, 0.0, 5.0), trainer("independent")
    data = data_for(plan, some)
    plans = [of_setting(plan, s, j) for s, j in zip(SETTINGS, jitters, strict=True)]
    alone = [fitted(one, data)[0] for one in plans]
    assert not np.allclose(
        *(s.params["genes"]["params"]["Dense_0"]["bias"] for s in alone[:2])
    )
    start = fit.init(plan, jax.random.key(0))
    state = join([with_numbers(start, one) for one in plans])
    together, _ = fit.fit(plan, state, data, steps=10, chunk=5)
    for number, expected in enumerate(alone):
        settled = setting_of(together, number, 3)
        assert_close(settled.params, expected.params)


def test_numbers_are_data_so_one_program_serves_all_bit_for_bit(rng):
    made, traces = counting(trainer(jitter=2.0))
    plan, data = made, data_for(made, wells(rng))
    other = of_setting(plan, SETTINGS[1], 5.0)
    own, _ = fitted(other, data)
    before = len(traces)
    start = fit.init(plan, jax.random.key(0))
    fit.fit(plan, jax.tree.map(jnp.copy, start), data, steps=10, chunk=5)
    once = len(traces)
    same, _ = fit.fit(plan, with_numbers(start, other), data, steps=10, chunk=5)
    assert before < once == len(traces)
    assert_same(same, own)


def counting(plan):
    """The trainer, and a list that grows where its networks are traced."""
    traces, inner = [], plan.conditioning.apply

    def apply(*arguments):
        traces.append(1)
        return inner(*arguments)

    return plan._replace(conditioning=plan.conditioning._replace(apply=apply)), traces


def test_any_optax_transformation_and_schedule_fits(rng):
    schedule = optax.cosine_decay_schedule(3e-3, 60)
    optimizers = (
        optax.lion(schedule),
        optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(1e-2, momentum=0.9)),
    )
    for optimizer in optimizers:
        plan = trainer()._replace(optimizer=optimizer)
        data = data_for(plan, wells(rng))
        whole, info = fitted(plan, data, steps=60, chunk=30)
        assert info.losses.shape == (60,) and info.losses[-1] < info.losses[0]
        part, _ = fitted(plan, data, steps=30, chunk=30)
        assert_same(fit.fit(plan, part, data, steps=60, chunk=30)[0], whole)


def test_settings_may_have_targets_of_their_own(rng):
    some, plan = wells(rng), trainer("independent")
    two = [
        data_for(plan, {**some, "standard": scale * some["standard"]})
        for scale in (1, 3)
    ]
    both = two[0]._replace(targets=jnp.concatenate([data.targets for data in two]))
    state = join([fit.init(plan, jax.random.key(0))] * 2)
    together, _ = fit.fit(plan, state, both, steps=5, chunk=5)
    for number, data in enumerate(two):
        alone, _ = fitted(plan, data, steps=5)
        assert_close(setting_of(together, number, 2).params, alone.params)


def test_a_fit_without_jitter_draws_no_noise(rng):
    some, states = wells(rng), []
    for jitter, drawn in ((0.0, False), (3.0, True)):
        plan = trainer(jitter=jitter)
        states.append(fit.init(plan, jax.random.key(0)))
        program = jax.make_jaxpr(partial(fit.advance, plan, 1, 1))
        assert ("erf_inv" in str(program(states[-1], data_for(plan, some)))) == drawn
    np.testing.assert_array_equal(join(states).jitter_mm, [0.0, 0.0, 3.0, 3.0])
