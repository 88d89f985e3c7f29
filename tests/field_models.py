"""Small models with random parameters, for tests of what evaluates them."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np

from inr_jax.brain.space import Box
from inr_jax.fields.architectures import make_field
from inr_jax.fields.conditioning import make_conditioning, settings_of
from inr_jax.fields.conditioning.conditioning import rows_of_genes
from inr_jax.fields.inputs import Inputs
from inr_jax.fields.model import Model
from inr_jax.samples.standardise import Standardiser

GENES, MEMBERS, CODE = 4, 3, 5
FIELDS = {
    "siren": {"hidden": 8, "depth": 2, "omega": 5.0},
    "mfn": {"hidden": 8, "depth": 2, "input_scale": 5.0, "alpha": 6.0, "beta": 1.0},
}
SIZES = {"code": CODE, "rank": 6}
FEATURES = {"none": 3, "class": 4, "soft": 5}


def model_of(rng, name, *, field="siren", members=MEMBERS, tissue="soft"):
    """A conditioning by name and a model of it, of `GENES` genes."""
    maker = partial(make_field, field, **FIELDS[field])
    taken = {key: SIZES[key] for key in settings_of(name) if key in SIZES}
    made = make_conditioning(
        name, maker, genes=GENES, features=FEATURES[tissue], **taken
    )
    keys = jax.random.split(jax.random.key(0), members * made.networks)
    box = Box(np.array([30.0, -20.0, 5.0], np.float32), np.float32(80))
    scale = rng.uniform(1, 2, GENES).astype(np.float32)
    standardiser = Standardiser(rng.normal(size=GENES).astype(np.float32), scale)
    codes = rng.normal(size=(GENES, CODE)).astype(np.float32)
    params = rows_of_genes(jax.vmap(made.init)(keys), GENES)
    inputs = Inputs(box, mirror=True, tissue=tissue)
    return made, Model(params, inputs, standardiser, codes)
