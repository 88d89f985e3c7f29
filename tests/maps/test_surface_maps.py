"""Maps on cortex: GIFTI files, equal to the field at the vertices."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
from workdirs import load

import inr_jax
from inr_jax import cli
from inr_jax.brain import surfaces
from inr_jax.maps.surfaces import SurfaceNames, density_name, gifti_bytes
from inr_jax.report import figures_surface
from inr_jax.run.surface_maps import Surface

pytestmark = pytest.mark.usefixtures("quick_compiling")


def read(path):
    image = nib.load(path)
    (array,) = image.darrays
    return array.data, dict(image.meta), array


def files_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
def test_values_at_vertices_are_those_of_the_field_there(done, copy):
    assert cli.main(["surfaces", f"--workdir={copy}", "--genes=APOE"]) == 0
    assert not (copy / "maps").exists()
    model = inr_jax.load(done)
    folder = copy / "surfaces"
    for side in surfaces.fsaverage5():
        x_mm = side.at(0.5).astype(np.float32)
        mean, sd = (values[:, model.genes.index("APOE")] for values in model(x_mm))
        for suffix, expected in (("feature", mean), ("std", sd)):
            stem = f"source-phantom_desc-APOE_space-fsaverage_den-10k_hemi-{side.hemi}"
            values, meta, array = read(folder / f"{stem}_{suffix}.func.gii")
            np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-4)
            assert values.dtype == np.float32 and array.meta["Name"] == "APOE"
            structure = {"L": "CortexLeft", "R": "CortexRight"}[side.hemi]
            assert meta["AnatomicalStructurePrimary"] == structure
    told = load(
        folder / "source-phantom_desc-APOE_space-fsaverage_den-10k_feature.json"
    )
    assert told["Gene"] == "APOE" and "MNI305" in told["Coordinates152"]
    assert len(list(folder.iterdir())) == 6
    for ending in ("png", "svg"):
        assert (copy / f"figures/surfaces.{ending}").stat().st_size > 10_000
    # `render` writes the same beside maps of voxels.
    alone = files_in(folder)
    flags = ["--config.render.surface=fsaverage5", "--genes=APOE"]
    assert cli.main(["render", f"--workdir={copy}", *flags]) == 0
    assert files_in(folder) == alone


def test_python_gives_means_over_depths(done):
    model = inr_jax.load(done)
    sides = model.on_surface(genes="APOE", depths=(0, 1))
    column = model.genes.index("APOE")
    for side in surfaces.fsaverage5():
        values = [model(side.at(depth))[0][:, column] for depth in (0, 1)]
        mean = sides[side.hemi].mean[:, 0]
        np.testing.assert_allclose(mean, np.mean(values, 0), rtol=1e-4, atol=1e-4)
        assert sides[side.hemi].validated.mean() > 0.5
        # At the midline white and pial are one: a patch of a few hundred vertices.
        wall = ~sides[side.hemi].cortex
        assert 500 < wall.sum() < 900 and abs(side.white[wall, 0]).mean() < 20


def test_equal_values_are_equal_files_whose_names_say_what_they_are(rng):
    values = rng.normal(size=12)
    assert gifti_bytes(values, "L", "A") == gifti_bytes(values.copy(), "L", "A")
    names = SurfaceNames("fsLR", density_name(32492))
    stem = "source-inrjax_desc-APOE_space-fsLR_den-32k"
    assert names.stem("APOE", "feature", "L") == f"{stem}_hemi-L_feature"
    assert names.stem("APOE", "feature") == f"{stem}_feature"
    assert density_name(10242) == "10k" and density_name(7) == "1k"


def test_other_vertices_and_other_depths_have_files_of_their_own():
    left, right = surfaces.fsaverage5()
    moved = left._replace(pial=left.pial + np.float32(0.5))
    files = "hemi-L_space-fsLR_mid.surf.gii,hemi-R_space-fsLR_mid.surf.gii"
    stems = {
        Surface(name, [side, right], depths, {}).names("inrjax").stem("A", "std")
        for name in (files, surfaces.FSAVERAGE5)
        for side in (left, moved)
        for depths in ((0.5,), (0.25, 0.75))
    }
    assert len(stems) == 7  # fsaverage5 has one set of vertices
    plain = "source-inrjax_desc-A_space-fsaverage_den-10k_std"
    assert plain in stems
    assert all("_mesh-" in stem for stem in stems - {plain})


@pytest.mark.parametrize(
    "flag",
    [
        "--config.render.surface=absent.gii",
        "--config.render.depths=0,2",
        "--config.render.surface_space=Talairach",
    ],
)
def test_bad_surfaces_are_refused_before_anything_is_written(copy, capsys, flag):
    before = sorted(copy.rglob("*"))
    flags = (
        [flag] if "surface=" in flag else [flag, "--config.render.surface=fsaverage5"]
    )
    assert cli.main(["render", f"--workdir={copy}", "--genes=APOE", *flags]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert sum("inr-jax:" in line for line in lines) == 1
    assert sorted(copy.rglob("*")) == before


def test_a_viewer_sees_the_nearest_triangle_where_it_lies():
    x_mm = np.array([[-60.0, -9, -9], [-60, 9, -9], [-60, 0, 9], [-10, 0, 0]])
    faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])
    shape = figures_surface.Shape(x_mm, faces, *np.ones((2, 4), bool))
    left = figures_surface.look_at(shape, -1)
    seen = left.share.any(-1)
    assert set(np.unique(left.corners[seen])) == {0, 1, 2}
    # The front (y = 9, vertex 1) is on the left of a viewer on the left.
    middle = seen.shape[1] / 2
    at = np.unravel_index(
        (left.share * (left.corners == 1)).sum(-1).argmax(), seen.shape
    )
    assert at[1] < middle
    right = figures_surface.look_at(shape, 1)
    assert 3 in right.corners[right.share.any(-1)]
    alone = shape._replace(triangles=faces[:1])  # faces one of the two viewers
    seen = [figures_surface.look_at(alone, at).share.any() for at in (-1, 1)]
    assert sorted(seen) == [False, True]
