"""Eight devices against one, printed as JSON; run by test_sharding.py."""

from __future__ import annotations

import itertools
import json
import sys
from functools import partial

import jax
import numpy as np

from inr_jax.brain.space import Box
from inr_jax.fields import model as render
from inr_jax.fields.architectures import make_field
from inr_jax.fields.conditioning import make_conditioning
from inr_jax.fields.conditioning.conditioning import rows_of_genes
from inr_jax.fields.inputs import Inputs, make_places
from inr_jax.fields.numerics import sharding
from inr_jax.fitting import fit
from inr_jax.fitting.data import pack
from inr_jax.fitting.optimizer import make_adam
from inr_jax.samples.standardise import Standardiser

N, V = 20, 1001
CASES = {"independent 5": (5, 1), "independent 9": (9, 1), "heads 6": (3, 6)}
INPUTS = Inputs(Box(np.zeros(3, np.float32), np.float32(80)))


def case(name):
    """Fit a few steps and render; parameters, losses and maps as lists."""
    genes, members = CASES[name]
    rng = np.random.default_rng(0)
    maker = partial(make_field, "siren", hidden=4, depth=1, omega=5.0)
    made = make_conditioning(name.split()[0], maker, genes=genes, features=3)
    optimizer = make_adam(1e-2, decay=1, decay_steps=1, weight_decay=0)
    trainer = fit.Trainer(made, optimizer, 2.0, members, 0, 2)
    places = make_places(rng.uniform(-70, 70, (V, 3)), np.zeros((V, 2)))
    standard = rng.normal(size=(N, genes)).astype(np.float32)
    wells = {"places": places.take(slice(N)), "standard": standard}
    codes = np.zeros((genes, 0), np.float32)
    data = pack(made, INPUTS, **wells, codes=codes, rows=N)
    shapes = []
    spread = fit._split(fit.init(trainer, jax.random.key(1)))
    shapes += [shard.data.shape[0] for shard in spread.noise.addressable_shards]
    state = fit.init(trainer, jax.random.key(1))
    state, info = fit.fit(trainer, state, data, steps=6, chunk=3)
    one = np.ones(genes, np.float32)
    params = rows_of_genes(state.params, genes)
    model = render.Model(params, INPUTS, Standardiser(0 * one, one), codes)
    renderer = render.make_renderer(made, chunk=64, group=2)
    mean, sd = render.render(renderer, model, places)
    count = render.call_size(64, V)
    places = make_places(np.zeros((count, 3)), np.zeros((count, 2)))
    places = sharding.rows_split(places)
    values, _ = renderer.program(sharding.replicated(model), places)
    voxels = [shard.data.shape[0] for shard in values.addressable_shards]
    leaves = [np.asarray(leaf).ravel().tolist() for leaf in jax.tree.leaves(state[:2])]
    numbers = {"leaves": list(itertools.chain(*leaves)), "losses": info.losses.tolist()}
    numbers |= {"mean": mean.ravel().tolist(), "sd": sd.ravel().tolist()}
    return numbers | {"networks_each": shapes, "voxels_each": voxels}


if __name__ == "__main__":
    cases = list(CASES)
    if len(sys.argv) > 1:  # a port and a number: one of two hosts of one device each
        port, number = map(int, sys.argv[1:])
        jax.distributed.initialize(f"127.0.0.1:{port}", 2, number)
        cases = cases[:1]
    json.dump({"devices": jax.device_count()} | {n: case(n) for n in cases}, sys.stdout)
