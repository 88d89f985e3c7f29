"""`inr-jax associate`, as users type it, and the same from Python."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from given import write_smooth_map

import inr_jax
from inr_jax.brain.atlas import atlas_files
from inr_jax.brain.surfaces import fsaverage5
from inr_jax.brain.value_maps import read_value_map
from inr_jax.cli import main
from inr_jax.errors import InputError
from inr_jax.run import build
from inr_jax.run import config as settings
from inr_jax.run import flags as command
from inr_jax.run.verbs import OWN_FLAGS

pytestmark = pytest.mark.slow
NULLS = "--config.associate.nulls=99"


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    """A smooth map that has nothing to do with any gene, on a grid of its own."""
    return write_smooth_map(tmp_path_factory.mktemp("maps") / "smooth.nii.gz")


def associate(workdir, picture, *more):
    return main(["associate", f"--workdir={workdir}", f"--map={picture}", NULLS, *more])


def test_a_map_against_all_genes_of_a_run(copy, picture, tmp_path, capsys):
    sets = tmp_path / "sets.gmt"
    sets.write_text("both\tof two\tAPOE\tHLA-DRA\n")
    assert associate(copy, picture) == 0
    folder = copy / "associate" / "smooth"
    table = pd.read_csv(folder / "associations.csv")
    assert set(table.gene) == {"APOE", "HLA-DRA"}
    for column in ("r_voxel", "r_region", "r_well", "p_null", "p_tail", "q", "p_well"):
        assert table[column].between(-1, 1).all(), column
    assert table.held_out_r2.notna().all()  # the run was evaluated
    assert (table.ci_lo < table.r_voxel).all() and (table.r_voxel < table.ci_hi).all()
    assert table.p_specific.between(1 / 200, 1).all()
    assert {c for c in table if c.startswith("r_H")} or "donors_agree" in table
    ranked = (folder / "ranked.rnk").read_text().splitlines()
    assert [len(line.split("\t")) for line in ranked] == [2, 2]
    assert set((folder / "background.txt").read_text().split()) == set(table.gene)
    nulls = json.loads((folder / "nulls.json").read_text())
    assert nulls["nulls"] == 99 and set(nulls["strata"]) <= {"cortex", "subcortex"}
    for figure in ("variogram.png", "best_genes.png"):
        assert (folder / figure).stat().st_size > 1000
    told = capsys.readouterr().out
    assert "99 null maps" in told and "APOE" in told
    # The same again is the same, bit for bit.
    before = (folder / "associations.csv").read_bytes()
    assert associate(copy, picture) == 0
    assert (folder / "associations.csv").read_bytes() == before
    assert associate(copy, picture, f"--genesets={sets}") == 2  # sets of 2 are too few
    assert "none of which has" in capsys.readouterr().err


def test_a_map_on_cortex_goes_with_genes_as_the_volume_it_is_cut_from(
    copy, picture, tmp_path
):
    volume = read_value_map(str(picture))
    paths = []
    for side in fsaverage5():
        values = np.float32(volume.at(side.at(0.5)))
        array = nib.gifti.GiftiDataArray(values, "NIFTI_INTENT_SHAPE")
        paths.append(tmp_path / f"cut_hemi-{side.hemi}.func.gii")
        nib.save(nib.gifti.GiftiImage(darrays=[array]), paths[-1])
    assert associate(copy, ",".join(map(str, paths))) == 0
    folder = copy / "associate"
    table = pd.read_csv(folder / "cut" / "associations.csv", index_col="gene")
    model = inr_jax.load(copy)
    same = inr_jax.associate(model, paths, nulls=99, resolution_mm=3)
    assert list(same) == ["cut"]
    r_voxel = same["cut"].table.set_index("gene").r_voxel[table.index]
    np.testing.assert_allclose(r_voxel, table.r_voxel, atol=0.02)  # 3 mm, and 2 mm
    x_mm = same["cut"].compared.x_mm
    beside = volume.at(x_mm)
    known = np.isfinite(beside)
    # Cortex folds between two vertices: what lies across a sulcus is another value.
    r = np.corrcoef(same["cut"].compared.y[known], beside[known])[0, 1]
    assert known.mean() > 0.9 and r > 0.95
    with pytest.raises(InputError, match=r"a volume's.*values of vertices"):
        inr_jax.associate(model, paths[0], mask=str(picture))


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--map="], "--map: expected a NIfTI in MNI mm, found none"),
        (["--map=nowhere.nii.gz"], "no such file"),
        (["--config.associate.trend=cubic"], "expected one of"),
        (["--zeros=none"], "--zeros: expected one of"),
        (["--atlas=a.nii.gz"], "expected the table of a.nii.gz"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(copy, picture, flags, words, capsys):
    assert associate(copy, picture, *flags) == 2
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert told.startswith("inr-jax: ") and words in told
    assert not (copy / "associate").exists()


def test_from_python_with_and_without_the_wells_expression(copy, picture):
    model = inr_jax.load(copy)
    samples = build.load_source(settings.from_json(model.config)).samples
    how = {"nulls": 99, "resolution_mm": 3}
    found = inr_jax.associate(model, nib.load(picture), samples=samples, **how)
    assert set(found.compared.levels) == {"voxel", "region", "well"}
    alone = inr_jax.associate(model, picture, **how)
    assert set(alone.compared.levels) == {"voxel", "region"}
    assert alone.table.ci_lo.isna().all() and found.table.ci_lo.notna().all()
    np.testing.assert_array_equal(found.table.p_null, alone.table.p_null)
    assert "null maps" in repr(found)
    assert found.table.held_out_r.notna().all()  # kept in the workdir
    with pytest.raises(InputError, match="did you mean 'nulls'"):
        inr_jax.associate(model, picture, null=99)
    with pytest.raises(InputError, match="the wells and genes that the model"):
        inr_jax.associate(model, picture, samples=samples.take(slice(9)))


def test_tables_and_several_maps_from_python(copy, picture, tmp_path):
    model, how = inr_jax.load(copy), {"nulls": 99, "resolution_mm": 3}
    ids = pd.read_csv(atlas_files("desikan_killiany", "")[1]).id
    tau, amyloid = np.random.default_rng(0).standard_normal((2, len(ids)))
    frame = pd.DataFrame({"id": ids, "tau": tau, "amyloid": amyloid})
    both = inr_jax.associate(model, frame, **how)
    assert set(both) == {"tau", "amyloid"}
    frame[["id", "tau"]].to_csv(tmp_path / "TAU.csv", index=False)
    one = inr_jax.associate(model, tmp_path / "TAU.csv", **how)
    np.testing.assert_array_equal(one.table.p_region, both["tau"].table.p_region)
    indexed = inr_jax.associate(model, frame[["id", "tau"]].set_index("id"), **how)
    np.testing.assert_array_equal(indexed.table.r_region, one.table.r_region)
    twice = inr_jax.associate(model, [picture, nib.load(picture)], **how)
    assert list(twice) == ["smooth", "map"]
    assert (twice["smooth"].table.p_null == twice["map"].table.p_null).all()
    with pytest.raises(InputError, match="a map, found none"):
        inr_jax.associate(model, [], **how)
    with pytest.raises(InputError, match="4242"):
        inr_jax.associate(model, pd.DataFrame({"id": [4242], "tau": [1.0]}), **how)


def documented():
    """Every command of docs/associate.md, as words."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "associate.md").read_text()
    return [shlex.split(line)[1:] for line in re.findall(r"^inr-jax .*", text, re.M)]


@pytest.mark.parametrize("words", documented(), ids=" ".join)
def test_what_the_page_says_can_be_typed(words):
    """Its first and last command are run by the tests above and below."""
    verb, *flags = words
    call = command.parse(flags, OWN_FLAGS[verb], needs_workdir=True)
    assert call.own["map"] or call.own["table"]


def test_values_of_regions_of_an_atlas(copy, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    image, table = atlas_files("desikan_killiany", "")
    ids = pd.read_csv(table).id
    values = np.random.default_rng(0).standard_normal(len(ids))
    pd.DataFrame({"id": ids, "tau": values}).to_csv("TAU.csv", index=False)
    atlas = [f"--atlas={image}", f"--atlas_info={table}", "--table=TAU.csv"]
    assert main(["associate", f"--workdir={copy}", NULLS, *atlas]) == 0
    folder = copy / "associate" / "tau"
    found = pd.read_csv(folder / "associations.csv")
    assert found.r_voxel.isna().all() and found.p_null.between(0.01, 1).all()
    np.testing.assert_allclose(found.p_null, found.p_region)
    assert "correlated with 2 genes at" in (folder / "methods.md").read_text()
    Path("TAU.csv").write_text("id,tau\n4242,1\n")
    assert main(["associate", f"--workdir={copy}", NULLS, *atlas]) == 2
    assert "TAU.csv, line 2" in capsys.readouterr().err
