"""A field that sees structures: its equation, penalty and padding."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from given import BOX

from inr_jax.fields.architectures import make_field
from inr_jax.fields.conditioning import (
    StructureEmbedding,
    make_conditioning,
    with_structures,
)
from inr_jax.fields.inputs import Inputs, make_places
from inr_jax.fitting import fit
from inr_jax.fitting.data import pack
from inr_jax.fitting.optimizer import make_adam
from inr_jax.samples.structures import (
    KnownStructures,
    memberships,
)

pytestmark = pytest.mark.usefixtures("quick_compiling")

P, S, W, G, N = 2, 5, 6, 4, 30
EMBEDDING = StructureEmbedding(
    parents=P, structures=S, width=W, spread=0.6, scale=0.5, penalty=0.3
)
FIELD = partial(make_field, "siren", hidden=12, depth=2, omega=4.0)


def trainer(batch=0, jitter=3.0):
    inner = make_conditioning("heads", FIELD, genes=G, features=3 + W)
    made = with_structures(inner, EMBEDDING, 3)
    adam = make_adam(1e-2, decay=1.0, decay_steps=1, weight_decay=0.0)
    return fit.Trainer(made, adam, jitter, 2, batch, 0)


def data_for(rng, plan, rows=N, unseen=4):
    """Wells of every structure but one."""
    structure = rng.choice([s for s in range(S) if s != unseen], N)
    anatomy = KnownStructures(np.float32([0.5, 0.5]), np.arange(S) != unseen)
    return pack(
        plan.conditioning,
        Inputs(BOX),
        places=make_places(
            rng.uniform(-70, 70, (N, 3)),
            np.zeros((N, 2)),
            memberships(anatomy, structure, structure // 3),
        ),
        standard=rng.normal(size=(N, G)),
        codes=np.zeros((G, 0), np.float32),
        rows=rows,
    )


def fitted(plan, data, steps=12):
    state = fit.init(plan, jax.random.key(0))
    return fit.fit(plan, state, data, steps=steps, chunk=4)


def assert_same(one, two):
    jax.tree.map(np.testing.assert_array_equal, one, two)


def test_the_field_sees_the_scaled_place_and_the_sum_of_its_rows(rng):
    inner = make_conditioning("heads", FIELD, genes=G, features=3 + W)
    made = with_structures(inner, EMBEDDING, 3)
    params = made.init(jax.random.key(1))
    tables = params["shared"]
    assert not tables["structure"].any() and tables["structure"].shape == (S, W)
    tables["structure"] = jnp.asarray(rng.normal(size=(S, W)), jnp.float32)
    place = rng.normal(size=3).astype(np.float32)
    x = np.concatenate([place, [0, 1], np.eye(S)[3]]).astype(np.float32)
    inside = {"shared": tables["inner"], "genes": params["genes"]}
    seen = np.concatenate([0.5 * place, tables["parent"][1] + tables["structure"][3]])
    codes = np.zeros((G, 0), np.float32)
    np.testing.assert_allclose(
        made.apply(params, codes, x), inner.apply(inside, codes, seen), 1e-5
    )
    squares = float((np.asarray(tables["structure"], np.float64) ** 2).sum())
    assert float(made.penalty(params)) == pytest.approx(0.3 * squares, rel=1e-5)
    twice = with_structures(made, EMBEDDING._replace(width=P + S), 3)
    more = {"structure": jnp.ones((S, P + S)), "parent": None}
    outer = {**params, "shared": {"inner": tables, **more}}
    expected = 0.3 * squares + 0.3 * S * (P + S)
    assert float(twice.penalty(outer)) == pytest.approx(expected, rel=1e-5)


def test_parents_start_apart_by_the_spread():
    inner = make_conditioning("heads", FIELD, genes=G, features=3 + 50)
    wide = EMBEDDING._replace(parents=40, width=50)
    parent = with_structures(inner, wide, 3).init(jax.random.key(0))["shared"]["parent"]
    assert float(parent.std()) == pytest.approx(0.6, rel=0.05)


@pytest.mark.parametrize("batch", [0, 16])
def test_the_penalty_is_added_to_the_error_by_the_well(rng, batch):
    plan = trainer(batch=batch, jitter=0.0)
    data = data_for(rng, plan)
    params = plan.conditioning.init(jax.random.key(0))
    params["shared"]["structure"] += 0.7
    bare = plan.conditioning._replace(penalty=None)
    values = [
        float(
            fit.loss(some, params, data.of_network(0), jax.random.key(3), batch=batch)
        )
        for some in (plan.conditioning, bare)
    ]
    expected = 0.3 * S * W * 0.7**2 / N
    assert values[0] - values[1] == pytest.approx(expected, rel=1e-4)


def test_a_structure_never_seen_stays_its_parent(rng):
    plan = trainer()
    state, _ = fitted(plan, data_for(rng, plan, unseen=4))
    moved = np.abs(np.asarray(state.params["shared"]["structure"])).sum((0, 2))
    assert moved[4] == 0 and (moved[:4] > 0).all()


def test_padding_rows_do_not_matter_and_are_never_drawn(rng):
    for batch in (0, 16):
        plan = trainer(batch=batch)
        data = data_for(rng, plan, rows=40)
        state, _ = fitted(plan, data)
        junk = data.places.membership.at[N:].set(1e3)
        junk = data._replace(places=data.places._replace(membership=junk))
        assert_same(fitted(plan, junk)[0].params, state.params)


def test_cutting_a_fit_between_chunks_changes_no_bit(rng):
    plan = trainer()
    data = data_for(rng, plan)
    whole, _ = fitted(plan, data, steps=12)
    part, _ = fitted(plan, data, steps=8)
    rest, _ = fit.fit(plan, part, data, steps=12, chunk=4)
    assert_same(rest, whole)
