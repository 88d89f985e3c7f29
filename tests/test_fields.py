"""One contract for all fields in all conditionings, under jit; SIREN's statistics."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from inr_jax.conditioning import CONDITIONINGS, make_conditioning
from inr_jax.errors import InputError
from inr_jax.fields import FIELDS, make_field
from inr_jax.fields.siren import Siren

SETTINGS = {"siren": {"hidden": 16, "depth": 2, "omega": 5.0}}
G, F, C = 5, 4, 3
CASES = [(field, cond) for field in FIELDS for cond in CONDITIONINGS]


def make(field, conditioning):
    maker = partial(make_field, field, **SETTINGS[field])
    return make_conditioning(conditioning, maker, genes=G, features=F, code=C)


@pytest.fixture
def codes(rng):
    return rng.normal(size=(G, C)).astype(np.float32)


@pytest.mark.parametrize(("field", "conditioning"), CASES)
class TestContract:
    def test_networks_times_outputs_are_the_genes(self, field, conditioning):
        made = make(field, conditioning)
        assert made.networks * made.outputs == G

    def test_the_same_key_gives_the_same_bits(self, field, conditioning):
        made = make(field, conditioning)
        one, two = (made.init(jax.random.key(3)) for _ in range(2))
        jax.tree.map(np.testing.assert_array_equal, one, two)
        other = made.init(jax.random.key(4))
        same = jax.tree.map(lambda a, b: bool((a == b).all()), one, other)
        assert not any(jax.tree.leaves(same))

    def test_value_and_gradient_are_finite_at_the_corners(
        self, field, conditioning, codes
    ):
        made = make(field, conditioning)
        params = made.init(jax.random.key(0))
        slope = jax.jit(jax.jacrev(made.apply, argnums=(0, 2)))
        for corner in (-1.0, 0.0, 1.0):
            x = jnp.full(F, corner)
            value = jax.jit(made.apply)(params, codes, x)
            assert value.shape == (made.outputs,)
            assert value.dtype == jnp.float32
            leaves = jax.tree.leaves((value, slope(params, codes, x)))
            assert all(np.isfinite(leaf).all() for leaf in leaves)

    def test_vmap_over_points_equals_a_loop_in_any_order(
        self, field, conditioning, codes, rng
    ):
        made = make(field, conditioning)
        params = made.init(jax.random.key(0))
        points = rng.uniform(-1, 1, (9, F)).astype(np.float32)
        batch = jax.jit(jax.vmap(made.apply, (None, None, 0)))
        loop = np.stack([made.apply(params, codes, x) for x in points])
        np.testing.assert_allclose(batch(params, codes, points), loop, atol=2e-6)
        shuffle = rng.permutation(9)
        np.testing.assert_allclose(
            batch(params, codes, points[shuffle]), loop[shuffle], atol=2e-6
        )

    def test_it_compiles_once_for_one_shape(self, field, conditioning, codes):
        made, traces = make(field, conditioning), []

        @jax.jit
        def apply(params, x):
            traces.append(1)
            return made.apply(params, codes, x)

        for seed in range(3):
            apply(made.init(jax.random.key(seed)), jnp.full(F, seed / 3))
        assert len(traces) == 1


def test_only_concat_reads_the_code(rng):
    for name in CONDITIONINGS:
        made = make("siren", name)
        params, x = made.init(jax.random.key(0)), jnp.zeros(F)
        one = made.apply(params, rng.normal(size=(G, C)).astype(np.float32), x)
        two = made.apply(params, rng.normal(size=(G, C)).astype(np.float32), x)
        assert bool((one == two).all()) == (name != "concat")


def test_concat_gives_each_gene_the_network_at_its_own_code(codes, rng):
    made = make("siren", "concat")
    field = make_field("siren", features=F + C, outputs=1, **SETTINGS["siren"])
    params = made.init(jax.random.key(0))
    x = rng.uniform(-1, 1, F).astype(np.float32)
    loop = [field.apply(params, jnp.concatenate([x, code]))[0] for code in codes]
    np.testing.assert_allclose(made.apply(params, codes, x), loop, atol=1e-6)


def test_unknown_names_list_the_known_ones():
    with pytest.raises(InputError, match=r"siren.*did you mean 'siren'"):
        make_field("sirn", features=3, outputs=1)
    with pytest.raises(InputError, match=r"concat, heads, independent"):
        make_conditioning("head", make_field, genes=1, features=3, code=0)


def siren_layers(depth, omega, width=1024, points=200):
    """Inputs to each sine of a SIREN at random points of the cube."""
    module = Siren(outputs=1, hidden=width, depth=depth, omega=omega)
    params = module.init(jax.random.key(0), jnp.zeros(3))["params"]
    x = np.random.default_rng(0).uniform(-1, 1, (points, 3))
    inside = []
    for layer in range(depth):
        dense = params[f"Dense_{layer}"]
        before = omega * (x @ np.float64(dense["kernel"]) + np.float64(dense["bias"]))
        inside.append(before)
        x = np.sin(before)
    return inside, x


def test_weights_are_uniform_with_the_papers_bounds():
    n, omega = 1024, 30.0
    module = Siren(outputs=2, hidden=n, depth=2, omega=omega)
    params = module.init(jax.random.key(1), jnp.zeros(3))["params"]
    bounds = {"Dense_0": 1 / 3, "Dense_1": np.sqrt(6 / n) / omega}
    for layer, bound in bounds.items():
        weights = np.ravel(params[layer]["kernel"])
        uniform = stats.uniform(-bound, 2 * bound)
        assert stats.kstest(weights[:20_000], uniform.cdf).pvalue > 1e-3


def test_hidden_inputs_are_near_standard_normal_at_any_depth():
    # Sitzmann et al. 2020, theorem 1.8: from the second layer on, N(0, 1). The
    # biases, which the theorem leaves out, add var (omega / sqrt(n))^2 / 3.
    inside, _ = siren_layers(depth=6, omega=30.0)
    bias = 30.0**2 / 1024 / 3
    for before in inside[1:]:
        assert before.mean() == pytest.approx(0, abs=0.05)
        assert before.std() == pytest.approx(np.sqrt(1 + bias), rel=0.05)
        assert abs(stats.kurtosis(before.ravel())) < 0.1


def test_outputs_of_a_sine_layer_follow_the_arcsine_law():
    # The arcsine law on [-1, 1] has variance 1/2; sines of N(0, s^2) approach it.
    inside, last = siren_layers(depth=5, omega=30.0)
    expected = (1 - np.exp(-2 * inside[-1].var())) / 2
    assert last.var() == pytest.approx(expected, rel=0.03)
    assert last.var() == pytest.approx(0.5, rel=0.15)
