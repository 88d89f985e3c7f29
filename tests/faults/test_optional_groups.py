"""What a study may lack: each optional group absent, there, empty, or one value.

A group of size 0 (structures without a parent, a gene alone) takes the same way as any.
"""

from __future__ import annotations

import itertools

import jax
import numpy as np
import pandas as pd
import pytest
from given import head_mm

import inr_jax
from inr_jax.run import build
from inr_jax.run import config as settings

N = 12
LEVELS = ("absent", "present", "empty", "one")
COLUMNS = {
    "structure": {"present": [f"s{n % 3}" for n in range(N)], "one": ["s"] * N},
    "parent": {"present": [f"p{n % 3 % 2}" for n in range(N)], "one": ["p"] * N},
    "donor": {"present": [f"d{n % 2}" for n in range(N)], "one": ["d"] * N},
    "well": {"present": list(range(N)), "one": list(range(7, 7 + N))},
    "tissue": {"present": [0.5] * N, "one": [1.0] * N},
}
SMALL = {"fit__steps": 1, "fit__members": 1, "fit__chunk": 1}
SMALL |= {"anatomy__steps": 1, "anatomy__field_steps": 1, "anatomy__width": 2}
SMALL |= {"field__hidden": 4, "anatomy__hidden": 4}


def study(rng, genes=2, **levels):
    """A frame of N wells whose optional columns are as the levels say."""
    values = rng.normal(size=(N, genes))
    columns = dict(zip("xyz", head_mm(rng, N).T, strict=True))
    columns |= {f"G{g}": values[:, g] for g in range(genes)}
    for group, level in levels.items():
        cells = COLUMNS[group].get(level, [""] * N)
        if level != "absent" and group == "tissue":
            columns |= {"grey": cells, "white": [1 - cell for cell in cells]}
        elif level != "absent":
            columns[group] = cells
    if levels.get("structure") == "one" and levels.get("parent") == "present":
        columns["parent"] = ["p0"] * N  # a structure has one
    return pd.DataFrame(columns)


WALK = [
    {group: level}
    for group in COLUMNS
    for level in LEVELS
    if (group, level)
    not in [("well", "empty"), ("tissue", "empty"), ("donor", "empty")]
]
WALK += [
    {"structure": structure, "parent": parent, "donor": "present"}
    for structure, parent in itertools.product(LEVELS, repeat=2)
]


@pytest.mark.parametrize("levels", WALK, ids=lambda levels: "-".join(levels.values()))
def test_networks_have_a_place_for_each_group_whatever_its_size(rng, levels):
    """By shapes alone: init, storage and apply for memberships of any size."""
    genes = 1
    samples = inr_jax.Samples.from_frame(study(rng, genes, **levels))
    config = settings.with_settings(settings.default(), **SMALL)
    networks = build.make_structure_recipe(config, samples).trainer.conditioning
    params = jax.eval_shape(networks.init, jax.random.key(0))
    assert all(leaf.size for leaf in jax.tree.leaves(params))  # Orbax stores no other
    memberships = len(samples.parents) + len(samples.structures)
    shapes = (genes, 0), (3 + memberships,)
    codes, x = (jax.ShapeDtypeStruct(shape, np.float32) for shape in shapes)
    # Of a member, as `rows_of_genes` hands it to a network.
    member = jax.tree.map(lambda s: jax.ShapeDtypeStruct(s.shape, s.dtype), params)
    assert jax.eval_shape(networks.apply, member, codes, x).shape == (genes,)


@pytest.mark.slow
@pytest.mark.parametrize("levels", WALK, ids=lambda levels: "-".join(levels.values()))
@pytest.mark.usefixtures("quick_compiling")
def test_a_study_is_evaluated_whatever_it_lacks(rng, levels):
    samples = inr_jax.Samples.from_frame(study(rng, 1, **levels))
    scores = inr_jax.evaluate(samples, **SMALL, evaluate__blocks_mm="40")
    assert np.isfinite(scores[scores.method == "inr"].mse).all()
    assert "inr" in set(scores.method)
