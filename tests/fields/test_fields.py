"""One contract for all fields in all conditionings, under jit."""

from __future__ import annotations

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inr_jax.brain.space import Box
from inr_jax.errors import InputError
from inr_jax.fields import conditioning as conditionings
from inr_jax.fields.architectures import FIELDS, make_field, settings_of
from inr_jax.fields.conditioning import CONDITIONINGS, make_conditioning
from inr_jax.fields.gene_codes import CODES, LEARNED
from inr_jax.fields.inputs import Inputs, make_places
from inr_jax.fitting import checkpoint, fit
from inr_jax.fitting.data import pack
from inr_jax.fitting.optimizer import make_adam
from inr_jax.fitting.recipe import Preprocessing
from inr_jax.run import build, config
from inr_jax.run.settings_table import TABLE
from inr_jax.samples.standardise import Standardiser

SETTINGS = {
    "siren": {"hidden": 16, "depth": 2, "omega": 5.0},
    "wire": {"hidden": 17, "depth": 2, "omega": 5.0, "scale": 2.5},
    "wire2d": {"hidden": 24, "depth": 2, "omega": 5.0, "scale": 2.5},
    "gauss": {"hidden": 16, "depth": 2, "sigma": 0.5},
    "mfn": {"hidden": 16, "depth": 2, "input_scale": 5.0, "alpha": 6.0, "beta": 1.0},
    "relu": {"hidden": 16, "depth": 2, "frequencies": 2},
    "oinr": {"hidden": 12, "depth": 2, "grid": 5, "channels": 6, "frequencies": 2},
}
G, F, C = 5, 4, 3
POINTS = 4**F  # of one program, so that a case compiles once
# What modulates layers works in each field that has them (test_modulation.py); the
# whole contract is held to it in one that is real and one of filters.
PAIRED = ("siren", "mfn")
LAYERS = {f: make_field(f, features=F, outputs=1, **SETTINGS[f]).layers for f in FIELDS}
FIRST = ("heads", "independent", "concat", "low_rank")
CASES = [
    (field, cond)
    for field in FIELDS
    for cond in CONDITIONINGS
    if cond in FIRST or (field in PAIRED and LAYERS[field])
]
CODED = [c for c in CONDITIONINGS if "code" in conditionings.settings_of(c)]
BOX = Box(np.array([5.0, -20.0, 5.0], np.float32), np.float32(80))


pytestmark = pytest.mark.usefixtures("quick_compiling")


@cache
def make(field, conditioning, genes=G, features=F, code=C):
    maker = partial(make_field, field, **SETTINGS[field])
    sizes = {"code": code, "rank": 8}
    taken = {key: sizes[key] for key in conditionings.settings_of(conditioning)}
    return make_conditioning(
        conditioning, maker, genes=genes, features=features, **taken
    )


@cache
def init_of(field, conditioning):
    return jax.jit(make(field, conditioning).init)


@cache
def params_of(field, conditioning, seed=0):
    return init_of(field, conditioning)(jax.random.key(seed))


@cache
def values_and_slopes(field, conditioning):
    """Values at many points, and slopes of their sums by parameters and place."""
    made = make(field, conditioning)

    def both(params, codes, x):
        def total(params, x):
            values = made.apply(params, codes, x)
            return values.sum(), values

        (_, values), slopes = jax.value_and_grad(total, (0, 1), has_aux=True)(params, x)
        return values, slopes

    return jax.jit(jax.vmap(both, (None, None, 0)))


@pytest.fixture
def codes(rng):
    return rng.normal(size=(G, C)).astype(np.float32)


@pytest.mark.usefixtures("strict_types")
@pytest.mark.parametrize(("field", "conditioning"), CASES)
class TestContract:
    def test_networks_times_outputs_are_the_genes(self, field, conditioning):
        made = make(field, conditioning)
        assert made.networks * made.outputs == G

    def test_the_same_key_gives_the_same_bits(self, field, conditioning):
        one, other = (params_of(field, conditioning, seed) for seed in (0, 1))
        again = init_of(field, conditioning)(jax.random.key(0))
        jax.tree.map(np.testing.assert_array_equal, one, again)
        for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
            assert not (a == b).all() or not a.any()  # but biases that start at 0

    def test_parameters_are_real_float32(self, field, conditioning):
        for leaf in jax.tree.leaves(params_of(field, conditioning)):
            assert leaf.dtype == jnp.float32
            assert np.isfinite(leaf).all()

    def test_value_and_gradient_are_finite_in_the_cube_and_around(
        self, field, conditioning, codes
    ):
        # Jitter carries a well out of the cube; 0 and +-1 are voxel centres of O-INR.
        made, params = make(field, conditioning), params_of(field, conditioning)
        ticks = np.array([-1.3, -1.0, 0.0, 1.0], np.float32)
        points = np.stack(np.meshgrid(*[ticks] * F), -1).reshape(-1, F)
        value, slope = values_and_slopes(field, conditioning)(params, codes, points)
        assert value.shape == (len(points), made.outputs)
        assert value.dtype == jnp.float32
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((value, slope)))

    def test_vmap_over_points_equals_a_loop_in_any_order(
        self, field, conditioning, codes, rng
    ):
        made, params = make(field, conditioning), params_of(field, conditioning)
        points = rng.uniform(-1, 1, (POINTS, F)).astype(np.float32)
        batch = values_and_slopes(field, conditioning)
        apply, traces = counted(made.apply)
        loop = np.stack([apply(params, codes, x) for x in points[:9]])
        value, _ = batch(params, codes, points)
        np.testing.assert_allclose(value[:9], loop, atol=2e-6)
        shuffle = rng.permutation(POINTS)
        shuffled, _ = batch(params, codes, points[shuffle])
        np.testing.assert_allclose(shuffled, value[shuffle], atol=2e-6)
        apply(params_of(field, conditioning, 1), codes, points[0])
        assert len(traces) == 1  # compiled once for one shape


def counted(function):
    """The function under jit, and a list that grows at each trace."""
    traces = []

    @jax.jit
    def call(*args):
        traces.append(1)
        return function(*args)

    return call, traces


def smooth_wells(rng, n=64):
    """Two smooth functions of the place on random wells."""
    u = rng.uniform(-1, 1, (n, 3))
    one = np.sin(2 * u[:, 0]) * np.cos(u[:, 1])
    values = np.stack([one, u[:, 2] - one**2], axis=1)
    x_mm = np.asarray(BOX.centre_mm) + u * float(BOX.half_mm)
    return {"places": make_places(x_mm, np.zeros((n, 2))), "standard": values}


@pytest.mark.slow
@pytest.mark.parametrize("conditioning", ["independent", "concat"])
@pytest.mark.parametrize("field", FIELDS)
def test_200_steps_leave_a_hundredth_of_the_loss_on_a_smooth_function(
    field, conditioning, rng
):
    code = 1 if conditioning == "concat" else 0
    made = make(field, conditioning, genes=2, features=3, code=code)
    adam = make_adam(2e-2, decay=0.1, decay_steps=150, weight_decay=0.0)
    trainer = fit.Trainer(made, adam, 0.0, 1, 0, 0)
    codes = np.array([[-1.0], [1.0]], np.float32)[:, :code]
    data = pack(made, Inputs(BOX, False), **smooth_wells(rng), codes=codes, rows=64)
    state = fit.init(trainer, jax.random.key(0))
    _, info = fit.fit(trainer, state, data, steps=200, chunk=200)
    assert info.losses[-1] < 0.01 * info.losses[0]


@pytest.mark.parametrize("field", FIELDS)
def test_a_checkpoint_gives_back_the_same_bits(field, tmp_path):
    params, noise = params_of(field, "independent"), jnp.arange(2, dtype=jnp.uint32)
    state = fit.FitState(params, {"moments": params}, noise, jnp.int32(3))
    other = jax.tree.map(jnp.zeros_like, state)
    ones = np.ones(2, np.float32)
    preprocessing = Preprocessing(
        Inputs(BOX), Standardiser(ones, ones), np.zeros((2, 0), np.float32)
    )
    meta = {"config": "", "genes": ["A", "B"], "mirror": True, "tissue": "none"}
    bundle = checkpoint.Bundle(state, preprocessing, meta)
    checkpoint.save(tmp_path / "kept", bundle, keep=1)
    found = checkpoint.restore(tmp_path / "kept", other, genes=2, code=0).state
    assert jax.tree.structure(found) == jax.tree.structure(state)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(state), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("conditioning", FIRST)
def test_a_thousand_points_cost_the_convolutions_of_oinr_once(conditioning, codes):
    made, params = make("oinr", conditioning), params_of("oinr", conditioning)

    def flops(points):
        batch = jax.jit(jax.vmap(made.apply, (None, None, 0)))
        x = jnp.zeros((points, F))
        return batch.lower(params, codes, x).cost_analysis()["flops"]

    s = SETTINGS["oinr"]
    weights = 27 * s["channels"] * (6 * s["frequencies"] + s["channels"])
    convolutions = 2 * s["grid"] ** 3 * weights
    assert flops(1) > convolutions
    assert flops(1000) - flops(1) < 1000 * convolutions / 100


def test_a_code_is_read_just_where_it_is_asked_for(rng):
    for name in CONDITIONINGS:
        params, x = params_of("siren", name), np.zeros((POINTS, F), np.float32)
        params = jax.tree.map(lambda leaf: leaf + jnp.float32(0.1), params)
        one, two = (
            values_and_slopes("siren", name)(params, np.float32(codes), x)[0]
            for codes in rng.normal(size=(2, G, C))
        )
        assert bool((one == two).all()) == (name not in CODED)


def test_low_rank_outputs_are_a_mix_of_as_many_patterns_as_told(rng):
    maker = partial(make_field, "siren", **SETTINGS["siren"])
    made = make_conditioning("low_rank", maker, genes=G, features=F, rank=2)
    params = jax.jit(made.init)(jax.random.key(0))
    rows = params["genes"]
    rows["bias"] = jnp.float32(rng.normal(size=G))
    x = np.float32(rng.uniform(-1, 1, (50, F)))
    values = jax.vmap(made.apply, (None, None, 0))(params, np.zeros((G, C)), x)
    spread = np.linalg.svd(np.asarray(values - rows["bias"][None]), compute_uv=False)
    assert spread[1] > 1e-3 and (spread[2:] < 1e-5).all()
    field = maker(features=F, outputs=2)
    patterns = field.apply(params["shared"], x[0])
    expected = [
        sum(patterns[k] * rows["mix"][g, k] for k in range(2)) + rows["bias"][g]
        for g in range(G)
    ]
    np.testing.assert_allclose(values[0], expected, atol=1e-6)


def test_unknown_names_list_the_known_ones():
    with pytest.raises(InputError, match=r"siren.*did you mean 'siren'"):
        make_field("sirn", features=3, outputs=1)
    with pytest.raises(
        InputError, match=r"concat, film, heads, hyper, independent, low_rank, shift"
    ):
        make_conditioning("head", make_field, genes=1, features=3)


def test_a_setting_that_a_conditioning_does_not_take_lists_those_it_takes():
    with pytest.raises(
        InputError, match="low_rank: expected one of rank, found 'code'"
    ):
        make_conditioning("low_rank", make_field, genes=1, features=3, code=0)


def test_a_setting_that_a_field_does_not_take_lists_those_it_takes():
    with pytest.raises(InputError, match=r"gauss: .* depth, hidden, sigma, found 'om"):
        make_field("gauss", features=3, outputs=1, hidden=4, depth=1, omega=5.0)


def test_the_config_has_every_field_and_every_setting_of_one():
    default = config.default()
    assert set(TABLE["field.name"].check.known) == set(FIELDS)
    assert set(TABLE["conditioning.name"].check.known) == set(CONDITIONINGS)
    assert set(TABLE["conditioning.code"].check.known) <= {*CODES, LEARNED}
    taken = {key for name in FIELDS for key in settings_of(name)}
    assert taken == set(default.field) - {"name"}


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_built_from_the_config_with_its_own_settings(field):
    settings = config.default()
    settings.field.name = field
    for key, value in SETTINGS[field].items():
        settings.field[key] = value
    config.validate(settings)
    plan = build.make_recipe(settings, genes=2)
    shapes = jax.eval_shape(plan.conditioning.init, jax.random.key(0))
    direct = make(field, "heads", genes=2, features=3, code=0)
    assert shapes == jax.eval_shape(direct.init, jax.random.key(0))


@pytest.mark.parametrize("key", ["scale", "sigma", "input_scale", "grid", "channels"])
def test_a_setting_out_of_range_is_refused_by_name(key):
    settings = config.default()
    settings.field[key] = type(settings.field[key])(0)
    with pytest.raises(InputError, match=f"config.field.{key}: expected .*found 0"):
        config.validate(settings)
