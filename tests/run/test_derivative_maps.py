"""Gradients and Laplacians on the phantom, by command and from Python."""

from __future__ import annotations

import jax
import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from given import input_error
from workdirs import load, maps

import inr_jax
from inr_jax import cli
from inr_jax.run import build, config
from inr_jax.samples.gene_table import read_gene_table

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick_compiling")]
H = 1.0  # mm


@pytest.fixture(scope="module")
def model():
    c = config.with_settings(config.default(), phantom__n_wells=60, phantom__n_genes=3)
    settings = {"fit__steps": 20, "fit__members": 2, "field__hidden": 8}
    return inr_jax.fit(build.load_source(c).samples, **settings, field__depth=2)


@pytest.fixture(scope="module")
def mask():
    """Voxels of 1 mm, apart from the plane where left meets right."""
    affine = np.diag([H, H, H, 1.0])
    affine[:3, 3] = [20, -30, 10]
    return nib.Nifti1Image(np.ones((7, 8, 9), np.uint8), affine)


def test_maps_are_differences_between_voxels_and_leave_values_alone(
    model, mask, tmp_path
):
    gene, folder = model.genes[1], tmp_path / "out"
    model.save(folder)
    nib.save(mask, tmp_path / "mask.nii.gz")
    keys = [f"--workdir={folder}", f"--config.render.mask={tmp_path}/mask.nii.gz"]
    assert cli.main(["render", *keys, f"--genes={gene}"]) == 0
    (path,) = maps(folder).values()
    value, before = nib.load(path).get_fdata(), path.read_bytes()
    for quantity in ("gradient", "laplacian"):
        one = f"--config.render.quantity={quantity}"
        assert cli.main(["render", *keys, one, f"--genes={gene}"]) == 0
        (drawn,) = maps(folder, quantity).values()
        told = load(drawn.with_name(drawn.name.replace(".nii.gz", ".json")))
        assert told["Quantity"] == quantity and " a mm" in told["Units"]
        image = model.render(gene, mask=mask, quantity=quantity)[gene]
        np.testing.assert_array_equal(nib.load(drawn).get_fdata(), image.get_fdata())
    inner = (slice(1, -1),) * 3
    slopes = np.array(np.gradient(value, H))[(slice(None), *inner)]
    size = nib.load(*maps(folder, "gradient").values()).get_fdata()[inner]
    np.testing.assert_allclose(size, np.sqrt((slopes**2).sum(0)), rtol=0.02)
    curved = sum(np.diff(value, 2, axis=d)[_inner(d)] for d in range(3)) / H**2
    drawn = nib.load(*maps(folder, "laplacian").values()).get_fdata()[inner]
    np.testing.assert_allclose(drawn, curved, atol=0.05 * abs(drawn).max())
    assert path.read_bytes() == before


def _inner(axis):
    return tuple(slice(None) if d == axis else slice(1, -1) for d in range(3))


def test_a_function_of_the_quantity_is_the_map_at_a_place(model, mask):
    gene = model.genes[0]
    size = jax.jit(model.function(gene, quantity="gradient"))([20.0, -30.0, 10.0])
    drawn = model.render(gene, mask=mask, quantity="gradient")[gene].get_fdata()
    np.testing.assert_allclose(size, drawn[0, 0, 0], rtol=1e-4)


def test_what_they_do_not_have_is_refused_in_a_line(model, mask, tmp_path, capsys):
    line = str(input_error(model.render, mask=mask, std=True, quantity="laplacian"))
    assert "std=True with quantity='value' alone" in line
    model.save(tmp_path / "out")
    keys = ["--config.render.quantity=gradient", "--config.render.store=factored"]
    assert cli.main(["render", f"--workdir={tmp_path}/out", *keys]) == 2
    assert "factored, which holds values" in capsys.readouterr().err
    keys = ["--config.render.quantity=slope"]
    assert cli.main(["render", f"--workdir={tmp_path}/out", *keys]) == 2


def test_latents_and_maps_between_genes_by_command(model, mask, tmp_path, capsys):
    folder = tmp_path / "out"
    model.save(folder)
    assert cli.main(["latents", f"--workdir={folder}"]) == 0
    table = pd.read_parquet(folder / "latents.parquet")
    assert list(table.gene) == list(model.genes)
    assert {"entrez", "z1", "training_r", "held_out_r"} <= set(table)
    kept = read_gene_table(folder / "latents.npz")  # a table for conditioning.table
    np.testing.assert_allclose(kept.vectors[:, 0], table.z1)
    assert (folder / "figures" / "latents.png").stat().st_size > 10_000
    nib.save(mask, tmp_path / "mask.nii.gz")
    keys = [f"--workdir={folder}", f"--config.render.mask={tmp_path}/mask.nii.gz"]
    first, last = model.genes[:2]
    assert cli.main(["render", *keys, f"--genes={first}~{last}:3"]) == 0
    drawn = maps(folder)
    assert list(drawn) == [
        f"{first}to{last}{percent}" for percent in ("000", "050", "100")
    ]
    images = model.render([first, last], mask=mask)
    for desc, gene in ((f"{first}to{last}000", first), (f"{first}to{last}100", last)):
        np.testing.assert_allclose(
            nib.load(drawn[desc]).get_fdata(), images[gene].get_fdata(), rtol=1e-5
        )
    assert cli.main(["render", *keys, f"--genes={first}~{last}:1"]) == 2
    assert "as APOE~MAPT:5" in capsys.readouterr().err
