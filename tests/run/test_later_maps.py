"""Maps drawn later: without the data, and of the structure model with its std."""

from __future__ import annotations

import json
import shutil

import nibabel as nib
import numpy as np
import pytest
from given import SHAPE, oblique, structured_samples, write_image
from workdirs import maps

import inr_jax
from inr_jax import cli
from inr_jax.maps.places import places_at

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick_compiling")]
TINY = [
    "--config.field.hidden=8",
    "--config.field.depth=1",
    "--config.fit.members=2",
    "--config.fit.steps=5",
    "--config.anatomy.steps=5",
    "--config.anatomy.field_steps=0",
    "--config.anatomy.hidden=8",
    "--config.render.std=true",
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run that draws maps of the structure model, from a table that is gone since."""
    folder = tmp_path_factory.mktemp("later")
    samples = structured_samples(np.random.default_rng(4))
    names = [samples.structures[s] for s in samples.structure]
    header = ["x", "y", "z", "donor", "structure", "parent", *samples.genes]
    rows = [
        [*map(str, x), f"d{d}", name, "Cx", *map(str, values)]
        for x, d, name, values in zip(
            samples.x_mm.tolist(),
            samples.donor.tolist(),
            names,
            samples.values.tolist(),
            strict=True,
        )
    ]
    table = folder / "wells.csv"
    table.write_text("\n".join(",".join(row) for row in [header, *rows]))
    image = write_image(folder / "mask.nii", np.ones(SHAPE), oblique())
    keys = [f"--config.render.mask={image}", "--config.anatomy.maps=true", *TINY]
    assert cli.main(["run", str(table), f"--workdir={folder}/out", *keys]) == 0
    table.rename(folder / "moved.csv")
    return folder / "out"


@pytest.mark.parametrize("suffix", ["feature", "std"])
def test_maps_are_drawn_again_byte_for_byte_when_the_table_is_gone(
    runs, tmp_path, suffix
):
    again = shutil.copytree(runs, tmp_path / "again")
    drawn = {name: path.read_bytes() for name, path in maps(runs, suffix).items()}
    shutil.rmtree(again / "maps")
    assert cli.main(["render", f"--workdir={again}"]) == 0
    redrawn = {name: path.read_bytes() for name, path in maps(again, suffix).items()}
    assert drawn and redrawn == drawn


def test_std_maps_of_the_structure_model_are_its_own_calibrated_sd(runs):
    model = inr_jax.load(runs, model="structure")
    assert model.calibrated is not None
    for gene, path in maps(runs, "std").items():
        image = nib.load(path)
        told = json.loads(path.with_name(path.name[:-7] + ".json").read_text())
        assert told["Calibrated"]
        inside = np.argwhere(np.asarray(image.dataobj) > 0)[::97]
        x_mm = nib.affines.apply_affine(image.affine, inside)
        _, sd = model(x_mm)
        column = model.genes.index(gene)
        values = np.asarray(image.dataobj)[tuple(inside.T)]
        np.testing.assert_allclose(values, sd[:, column], rtol=1e-3, atol=1e-4)


def test_places_of_the_structure_model_hold_its_memberships(runs):
    model = inr_jax.load(runs, model="structure")
    places = places_at(np.float32([[-24, 8, -6]]), None, regions=model.memberships)
    assert places.membership.shape[1] > 0
