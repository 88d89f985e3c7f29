"""First weights of each conditioning against draws of its field by the same keys."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_jax.fields.architectures import make_field
from inr_jax.fields.conditioning import (
    StructureEmbedding,
    make_conditioning,
    with_structures,
)

pytestmark = pytest.mark.usefixtures("quick_compiling", "strict_types")

G, F, C, R = 5, 4, 3, 2
FIELD = partial(make_field, "siren", hidden=6, depth=1, omega=5.0)
KEY = jax.random.key(7)


def heads():
    """A network of G outputs; its last layer, a row a gene."""
    layers = FIELD(features=F, outputs=G).init(KEY)["params"]
    last = layers.pop("Dense_1")
    rows = {"Dense_1": {"kernel": last["kernel"].T, "bias": last["bias"]}}
    return {"shared": {"params": layers}, "genes": {"params": rows}}


def independent():
    """A network of a single output, as a row."""
    network = FIELD(features=F, outputs=1).init(KEY)
    return {"shared": {}, "genes": jax.tree.map(lambda leaf: leaf[None], network)}


def concat():
    """A network of a place and a code, with a single output."""
    return {"shared": FIELD(features=F + C, outputs=1).init(KEY), "genes": {}}


def low_rank():
    """A network of R patterns, and normal weights of variance 1 / R."""
    first, second = jax.random.split(KEY)
    mix = jax.random.normal(second, (R, G)) / np.sqrt(R).astype(np.float32)
    rows = {"mix": mix.T, "bias": np.zeros(G, np.float32)}
    return {"shared": FIELD(features=F, outputs=R).init(first), "genes": rows}


CASES = {
    "heads": (heads, {}),
    "independent": (independent, {}),
    "concat": (concat, {"code": C}),
    "low_rank": (low_rank, {"rank": R}),
}


def assert_same(drawn, expected):
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-6), drawn, expected)


@pytest.mark.parametrize("name", CASES)
def test_first_weights_are_those_of_its_field_by_the_same_key(name):
    expected, settings = CASES[name]
    made = make_conditioning(name, FIELD, genes=G, features=F, **settings)
    assert_same(made.init(KEY), expected())


@pytest.mark.parametrize(
    ("name", "each"), [("heads", "shared"), ("independent", "genes")]
)
def test_an_embedding_draws_its_parents_by_a_key_beside_that_of_the_network(name, each):
    embedding = StructureEmbedding(2, 3, width=4, spread=0.6, scale=0.5, penalty=0.1)
    inner = make_conditioning(name, FIELD, genes=G, features=F + 4)
    params = with_structures(inner, embedding, F).init(KEY)
    first, second = jax.random.split(KEY)
    network, tables = inner.init(first), params[each]
    assert_same(params | {each: tables["inner"]}, network)
    parent, structure = (tables[key].reshape(-1, 4) for key in ("parent", "structure"))
    assert_same(parent, jnp.float32(0.6) * jax.random.normal(second, (2, 4)))
    assert_same(structure, np.zeros((3, 4), np.float32))
