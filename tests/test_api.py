"""The package from Python: the block of the README, and what it refuses."""

from __future__ import annotations

import multiprocessing
import pickle
import subprocess
import sys

import jax
import nibabel as nib
import numpy as np
import pytest
from given import input_error

import inr_jax
from inr_jax import cli
from inr_jax.brain.matter import GREY
from inr_jax.run import build, config
from inr_jax.stats.matters import matter_at, matter_of

pytestmark = pytest.mark.usefixtures("quick_compiling")
TINY = {
    "fit__steps": 20,
    "fit__members": 2,
    "field__hidden": 8,
    "field__depth": 1,
    "anatomy__steps": 10,
    "anatomy__field_steps": 0,
    "anatomy__hidden": 8,
}
X_MM = np.array([[-24.0, 8, -6], [30, -60, 20], [10, -20, 5]], np.float32)


@pytest.fixture(scope="module")
def samples():
    c = config.with_settings(config.default(), phantom__n_wells=60, phantom__n_genes=3)
    return build.load_source(c).samples


@pytest.fixture(scope="module")
def model(samples):
    return inr_jax.fit(samples, **TINY)


def test_importing_is_quick_and_starts_no_backend():
    code = (
        "import sys, time; start = time.perf_counter(); import inr_jax\n"
        "assert time.perf_counter() - start < 0.2\n"
        "assert not {'jax', 'numpy', 'absl'} & set(sys.modules)\n"
        "assert 'fit' in dir(inr_jax) and inr_jax.__version__"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_table_is_read_fitted_and_says_what_it_is(tmp_path, rng):
    path = tmp_path / "wells.csv"
    rows = [[*rng.uniform(-40, 40, 3), k % 2, *rng.normal(size=2)] for k in range(24)]
    lines = [",".join(map(str, row)) for row in rows]
    path.write_text("\n".join(["x,y,z,donor,A,B", *lines]) + "\n")
    samples = inr_jax.read_samples(path)
    assert isinstance(samples, inr_jax.Samples) and samples.genes == ("A", "B")
    text = repr(inr_jax.fit(samples, **TINY)).splitlines()
    assert len(text) == 3 and "2 genes (A, B)" in text[0] and "20 steps" in text[1]


def test_lists_frames_and_arrays_are_places(model):
    import pandas as pd

    mean, sd = model(X_MM)
    assert mean.shape == sd.shape == (3, 3)
    for places in (X_MM.tolist(), pd.DataFrame(X_MM, columns=list("xyz"))):
        np.testing.assert_array_equal(model(places)[0], mean)


def test_distances_are_to_the_nearest_well_of_either_side(model, samples):
    wells = np.abs(samples.x_mm * [1, 0, 0]) + samples.x_mm * [0, 1, 1]
    folded = np.abs(X_MM * [1, 0, 0]) + X_MM * [0, 1, 1]
    exact = np.linalg.norm(folded[:, None] - wells, axis=-1).min(1)
    np.testing.assert_allclose(model.distance_mm(X_MM), exact, rtol=1e-5)
    grey_mm = samples.x_mm[matter_of(samples) == GREY]
    tested = np.array([row["validated"] for row in model.validity.matters.values()])
    inside = (exact <= model.range_mm) & tested[matter_at(X_MM, grey_mm, mirror=True)]
    np.testing.assert_array_equal(model.validated(X_MM), inside)


def test_a_function_is_the_model_and_has_its_slope(model):
    column = 1
    expression = model.function(model.genes[column])
    values = jax.jit(jax.vmap(expression))(X_MM)
    np.testing.assert_allclose(values, model(X_MM)[0][:, column], atol=1e-5)
    slope = jax.grad(expression)(X_MM[0])
    step = 0.05
    for axis in range(3):
        shift = step * np.eye(3, dtype=np.float32)[axis]
        rise = expression(X_MM[0] + shift) - expression(X_MM[0] - shift)
        np.testing.assert_allclose(slope[axis], rise / (2 * step), atol=2e-3)


def test_images_are_the_model_at_the_voxels_of_a_mask(model):
    mask = np.zeros((7, 8, 9), np.uint8)
    mask[2:5, 2:5, 2:5] = 1
    affine = np.diag([3.0, 4, 5, 1])
    affine[:3, 3] = -10, -20, 5
    image = nib.Nifti1Image(mask, affine)
    image.set_sform(affine, code=4)
    gene = model.genes[2]
    means, stds = model.render(genes=[gene], mask=image, std=True)
    assert list(means) == list(stds) == [gene]
    x_mm = np.argwhere(mask) @ affine[:3, :3].T + affine[:3, 3]
    mean, sd = model(x_mm)
    np.testing.assert_allclose(means[gene].get_fdata()[mask > 0], mean[:, 2], atol=1e-5)
    np.testing.assert_allclose(stds[gene].get_fdata()[mask > 0], sd[:, 2], atol=1e-5)


def predicted(model):
    return model(X_MM)[0]


def test_a_pickled_model_is_the_same_here_and_in_a_spawned_process(model):
    np.testing.assert_array_equal(
        predicted(pickle.loads(pickle.dumps(model))), predicted(model)
    )
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        (there,) = pool.map(predicted, [model])
    np.testing.assert_allclose(there, predicted(model), atol=1e-5)


def test_a_saved_model_is_loaded_and_drawn_without_its_source(model, tmp_path):
    folder = tmp_path / "out"
    model.save(folder)
    loaded = inr_jax.load(folder)
    np.testing.assert_array_equal(predicted(loaded), predicted(model))
    assert jax.tree.structure(loaded.params) == jax.tree.structure(model.params)
    np.testing.assert_array_equal(loaded.distance_mm(X_MM), model.distance_mm(X_MM))
    assert "without a model" in str(input_error(model.save, folder))
    gene = model.genes[1]
    flags = [f"--genes={gene}", "--config.render.resolution_mm=3"]
    assert cli.main(["render", f"--workdir={folder}", *flags]) == 0
    (path,) = (folder / "maps").glob("*_feature.nii.gz")
    drawn, image = nib.load(path), model.render(genes=gene, resolution_mm=3)[gene]
    np.testing.assert_allclose(drawn.get_fdata(), image.get_fdata(), atol=1e-5)


def test_scores_are_a_frame(samples):
    scores = inr_jax.evaluate(samples, **TINY)
    assert list(scores) == ["method", "protocol", "gene", "n", "r", "r2", "mse"]
    assert {"inr", "kriging"} <= set(scores.method)
    assert set(scores.protocol) == {"donor", "donor+anatomy"}


@pytest.mark.slow
def test_the_structure_model_is_fitted_asked_and_kept(samples, tmp_path):
    model = inr_jax.fit(samples, model="structure", **TINY)
    assert "structure model" in repr(model)
    model.save(tmp_path / "out")
    loaded = inr_jax.load(tmp_path / "out", model="structure")
    np.testing.assert_allclose(predicted(loaded), predicted(model), atol=1e-6)


def test_wrong_input_is_refused_in_one_line(model, samples, tmp_path, capsys):
    assert "fit.steps" in str(input_error(inr_jax.fit, samples, fit__stepz=1))
    assert "steps" in str(input_error(inr_jax.fit, samples, fit__steps=0))
    assert "read_samples" in str(input_error(inr_jax.fit, X_MM))
    assert "V, 3" in str(input_error(model, [1, 2, 3]))
    assert "outside the head" in str(input_error(model, [[900, 0, 0]]))
    assert model.genes[0] in str(input_error(model.function, model.genes[0] + "X"))
    assert "place" in str(input_error(inr_jax.load, tmp_path, model="plaice"))
    told = str(input_error(inr_jax.read_samples, tmp_path / "none.csv"))
    assert cli.main(
        [
            "run",
            f"--workdir={tmp_path}/w",
            "--config.source.name=table",
            f"--config.source.path={tmp_path}/none.csv",
        ]
    )
    assert told.split(":")[0] in capsys.readouterr().err
