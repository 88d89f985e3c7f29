"""From regions to structures: learned, by name, by hand, and in maps."""

from __future__ import annotations

import csv
import json

import nibabel as nib
import numpy as np
import pytest

from inr_jax import cli
from inr_jax.brain.atlas import desikan_killiany
from inr_jax.brain.label_images import LabelImage, region_at, shares_at
from inr_jax.brain.space import Grid
from inr_jax.errors import InputError
from inr_jax.maps import places
from inr_jax.maps.crosswalk import PSEUDO_COUNT, learn, override, write
from inr_jax.run import build, config, pipeline
from inr_jax.run.regions import make_regions
from inr_jax.run.stages import crosswalk
from inr_jax.run.workdir import Workdir
from inr_jax.samples.samples import make_samples
from inr_jax.samples.structures import known_structures

pytestmark = pytest.mark.usefixtures("quick_compiling")

REGIONS = ("", "Left Insula", "nowhere", "block")
AFFINE = np.array([[-2.0, 0, 0, 20], [0, 2, 0, -30], [0, 0, 2, 5], [0, 0, 0, 1]])
# Structures and parents of wells, and the region that each lies in.
WELLS = [("a", "A", 3), ("a", "A", 3), ("b", "B", 3), ("left insula", "A", 0)]


@pytest.fixture
def samples(rng):
    structure, parent, _ = zip(*WELLS, strict=True)
    return make_samples(
        x_mm=rng.uniform(-50, 50, (4, 3)),
        values=rng.normal(size=(4, 2)),
        genes=["G", "H"],
        structure=list(structure),
        parent=list(parent),
        where="test",
    )


@pytest.fixture
def learned(samples):
    shares = np.eye(4, dtype=np.float32)[[region for *_, region in WELLS]]
    return learn(samples, known_structures(samples), REGIONS, shares)


def half_block(blur_axis_voxels=9):
    """Region 1 fills one half of the image along its first axis, up to x = 3 mm."""
    region = np.zeros((18, 7, 9), np.int16)
    region[blur_axis_voxels:] = 1
    return LabelImage(region, Grid(region.shape, AFFINE), ("", "half"), ("", "P"))


def test_a_region_is_the_mean_of_its_wells_and_a_little_unknown(learned):
    # Columns: parents A, B; structures a, b, left insula.
    unknown = np.array([0.75, 0.25, 0, 0, 0])
    inside = np.array([[1, 0, 1, 0, 0]] * 2 + [[0, 1, 0, 1, 0]])
    block = (inside.sum(0) + PSEUDO_COUNT * unknown) / (3 + PSEUDO_COUNT)
    np.testing.assert_allclose(learned[3], block, rtol=1e-6)
    np.testing.assert_allclose(learned[2], unknown, rtol=1e-6)


def test_a_region_named_as_a_structure_is_that_structure(learned):
    np.testing.assert_array_equal(learned[1], [1, 0, 0, 0, 1])


def test_parents_of_a_region_sum_to_one(learned):
    np.testing.assert_allclose(learned[:, :2].sum(1), 1, rtol=1e-6)


def test_a_table_written_and_read_back_is_the_crosswalk(tmp_path, samples, learned):
    path = tmp_path / "crosswalk.csv"
    write(path, learned, REGIONS, samples)
    lines = list(csv.DictReader(path.open()))
    assert {line["region"] for line in lines} == {"(outside)", *REGIONS[1:]}
    found = override(path, np.zeros_like(learned), REGIONS, samples)
    np.testing.assert_allclose(found, learned, atol=1e-3)


def test_a_table_replaces_the_regions_it_names_and_no_other(tmp_path, samples, learned):
    path = tmp_path / "mine.csv"
    path.write_text("region,kind,name,weight\nblock,structure,b,0.5\n")
    found = override(path, learned, REGIONS, samples)
    np.testing.assert_array_equal(found[:3], learned[:3])
    np.testing.assert_array_equal(found[3], [0, 0, 0, 0.5, 0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("region,kind,name,weight\nblok,structure,b,1\n", "did you mean 'block'"),
        ("region,kind,name,weight\nblock,structure,bb,1\n", "did you mean 'b'"),
        ("region,kind,name,weight\nblock,structur,b,1\n", "structur: expected"),
        ("region,kind,name,weight\nblock,structure,b,2\n", "from 0 to 1, found 2"),
        (
            "region,kind,name,weight\nblock,structure,b\n",
            r"4 cells in .* found 3 in line 2",
        ),
        ("region,kind,name,weight\nblock,structure,b,nan\n", "from 0 to 1, found nan"),
        ("region,kind,name,weight\nblock,structure,b,-1\n", "from 0 to 1, found -1"),
        ("", "found an empty file"),
        ("region,name\nblock,b\n", r"found no kind, weight \(but region, name\)"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(tmp_path, samples, learned, text, message):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        override(path, learned, REGIONS, samples)
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="no such file"):
        override(tmp_path / "none.csv", learned, REGIONS, samples)


def test_blurred_shares_are_the_normal_law_of_the_distance_to_the_edge():
    from scipy.stats import norm

    labels = half_block()
    # Voxels' edge at ijk 8.5, x = 3 mm; the region lies below it.
    x = np.array([[3.0, -24, 13], [1.0, -24, 13], [5.0, -24, 13], [7.0, -24, 13]])
    found = shares_at(labels, x, 2.0)
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-6)
    # The image ends near by; a little of the blur is lost there.
    exact = norm.cdf((3.0 - x[:, 0]) / 2.0)
    across = found[0, 1] / exact[0]
    np.testing.assert_allclose(found[:, 1] / across, exact, atol=0.03)
    assert 0.9 < across <= 1.01


def test_without_blur_a_point_is_all_in_its_region(rng):
    atlas = desikan_killiany()
    x = rng.uniform([-60, -90, -40], [60, 60, 70], size=(200, 3))
    sharp = shares_at(atlas, x, 0.0)
    np.testing.assert_array_equal(sharp.argmax(1), region_at(atlas, x))
    assert (sharp.max(1) == 1).all()


def test_blur_leaves_the_middle_of_a_region_and_the_far_outside():
    atlas = desikan_killiany()
    thalamus = atlas.names.index("thalamusproper")
    shares = shares_at(atlas, np.array([[12.0, -18, 8], [300, 0, 0]]), 1.0)
    assert shares[0, thalamus] > 0.95 and shares[1, 0] == 1


def tiny(tmp_path, **overrides):
    mask = np.zeros((7, 8, 9), np.uint8)
    mask[1:6, 1:7, 1:8] = 1
    affine = np.diag([8.0, 8, 8, 1])
    affine[:3, 3] = -28, -60, -20
    nib.save(nib.Nifti1Image(mask, affine), tmp_path / "mask.nii.gz")
    c = config.default()
    c.update_from_flattened_dict(
        {
            "phantom.n_wells": 120,
            "phantom.n_genes": 2,
            "phantom.named": True,
            "phantom.structure_sd": 0.5,
            "render.mask": str(tmp_path / "mask.nii.gz"),
            "fit.steps": 2,
            "fit.members": 2,
            "field.hidden": 8,
            "anatomy.steps": 2,
            "anatomy.hidden": 8,
            "anatomy.maps": True,
            **overrides,
        }
    )
    return c


@pytest.mark.slow
def test_a_run_renders_with_the_atlas_and_says_so(tmp_path, monkeypatch):
    workdir = Workdir(tmp_path / "out")
    workdir.root.mkdir()
    monkeypatch.setattr(places, "SLAB", 100)
    pipeline.do("run", tiny(tmp_path), workdir)
    sidecars = [json.loads(path.read_text()) for path in workdir.maps.glob("*.json")]
    of_genes = [sidecar for sidecar in sidecars if "HeldOutR" in sidecar]
    assert len(of_genes) == 4  # mean and spread of two
    for sidecar in of_genes:
        assert sidecar["Atlas"] == "Desikan-Killiany, blurred 1 mm"
        assert sidecar["HeldOutProtocol"] == "leave one donor out, structures known"
    scores = json.loads(workdir.summary.read_text())["scores"]
    assert list(scores) == ["donor", "donor+anatomy"]
    assert (workdir.figures / "held_out_anatomy.png").exists()
    assert workdir.crosswalk.read_text().startswith("region,kind,name,weight\n")


@pytest.mark.slow
def test_slabs_do_not_matter(tmp_path, monkeypatch):
    c = tiny(tmp_path)
    regions = make_regions(c, build.load_source(c).samples)
    x_mm = np.random.default_rng(0).uniform(-50, 50, (90, 3)).astype(np.float32)
    whole = places.places_at(x_mm, regions=regions)
    monkeypatch.setattr(places, "SLAB", 40)
    parts = list(places.slabs_at(x_mm, regions=regions, mirror=True)())
    assert [len(part.x_mm) for part in parts] == [40, 40, 10]
    for name in whole._fields:
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_allclose(joined, getattr(whole, name), atol=1e-6)


def test_a_table_of_ones_own_is_used_and_written(tmp_path):
    c, workdir = tiny(tmp_path), Workdir(tmp_path)
    mine = tmp_path / "mine.csv"
    mine.write_text("region,kind,name,weight\n(outside),parent,cortex,0.1\n")
    c.anatomy.crosswalk = str(mine)
    samples = build.load_source(c).samples
    run = pipeline.make_run(c, workdir)
    table = run.regions.table
    crosswalk.write_crosswalk(run)
    assert run.regions.beyond is None  # what lies outside is what the user says
    expected = np.zeros(len(samples.parents) + len(samples.structures), np.float32)
    expected[samples.parents.index("cortex")] = 0.1
    np.testing.assert_array_equal(table[0], expected)
    lines = workdir.crosswalk.read_text().splitlines()
    assert lines[1] == "(outside),parent,cortex,0.1000"
    assert lines[2].startswith("accumbensarea,")


def test_maps_without_names_are_refused(tmp_path):
    c = tiny(tmp_path, **{"phantom.named": False})
    samples = build.load_source(c).samples
    with pytest.raises(InputError, match="expected wells with named structures"):
        make_regions(c, samples)


FLAGS = ["--config.phantom.n_wells=120", "--config.phantom.n_genes=2"]
FLAGS += ["--config.render.resolution_mm=3"]


@pytest.mark.slow
def test_the_verb_prints_and_writes_it_without_a_fit(tmp_path, capsys):
    assert cli.main(["crosswalk", f"--workdir={tmp_path}", *FLAGS]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].split() == ["region", "wells", "by", "is", "(share)"]
    (gyrus,) = (line for line in told if line.startswith("precentral "))
    assert gyrus.split()[2:5] == ["name", "precentral", "1.00,"]
    assert gyrus.endswith("in cortex 1.00") and len(told) == 1 + 43
    assert not (tmp_path / "checkpoints").exists()
    table = tmp_path / "crosswalk.csv"
    mine = tmp_path / "mine.csv"
    mine.write_text(table.read_text().replace("(outside),parent,cortex", "X,parent,a"))
    bad = [f"--config.anatomy.crosswalk={mine}", "--config.anatomy.maps"]
    for verb in ("crosswalk", "run"):  # told before the fit
        assert cli.main([verb, f"--workdir={tmp_path}", *FLAGS, *bad]) == 2
        assert "mine.csv: region: expected a known name" in capsys.readouterr().err
    bad[0] = f"--config.anatomy.crosswalk={tmp_path / 'none.csv'}"
    assert cli.main(["crosswalk", f"--workdir={tmp_path}", *FLAGS, *bad]) == 2
    (line,) = (e for e in capsys.readouterr().err.splitlines() if "inr-jax:" in e)
    assert (
        "none.csv: expected columns region, kind, name, weight, found no such file"
        in line
    )
