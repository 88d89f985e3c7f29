"""The verb `regions`: tables of any atlas from a finished run."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from workdirs import load, maps

import inr_jax
from inr_jax import cli
from inr_jax.brain import template
from inr_jax.brain.label_images import region_at
from inr_jax.run import atlases

pytestmark = pytest.mark.usefixtures("quick_compiling")
AFFINE = np.diag([4.0, 4, 4, 1])
AFFINE[:3, 3] = [-60, -80, -20]


def write_atlas(path, *, at_mm=(0, 0, 0), table=True):
    """Boxes of 4 mm voxels: left, right, and one outside the brain."""
    labels = np.zeros((30, 30, 25), np.int16)
    labels[3:9, 8:14, 8:12] = 7
    labels[22:27, 8:14, 8:12] = 20
    labels[15, 29, 24] = 31
    affine = AFFINE.copy()
    affine[:3, 3] += at_mm
    nib.save(nib.Nifti1Image(labels, affine), path)
    if table:
        text = "id,label\n7,left, box\n".replace("left, box", '"left, box"')
        path.with_name(f"{path.name.split('.')[0]}.csv").write_text(
            text + "20,=right\n31,nowhere\n"
        )
    return str(path)


def tables(folder, name):
    read = {
        ending: pd.read_csv(folder / "regions" / f"{name}{ending}.csv", index_col=0)
        for ending in ("", "_sd", "_regions", "_held_out")
    }
    return read.values()


def test_a_regions_mean_is_that_of_the_maps_voxels(done, copy, tmp_path, capsys):
    atlas = write_atlas(tmp_path / "boxes.nii.gz")
    flag = f"--config.regions.atlas=desikan_killiany,{atlas}"
    stored = (copy / "config.json").read_bytes()
    assert cli.main(["regions", f"--workdir={copy}", flag]) == 0
    assert (copy / "config.json").read_bytes() == stored
    assert "desikan_killiany: 83 regions, 2 genes" in capsys.readouterr().out
    mean, sd, regions, held_out = tables(copy, "boxes")
    assert list(mean.index) == list(sd.index) == [7, 20, 31]
    assert list(regions["name"]) == ["left, box", "'=right", "nowhere"]
    (image,) = atlases.read_atlases(atlas, "").values()
    mask, grid = template.brain_mask(3)
    label = region_at(image, grid.points_mm(mask))
    np.testing.assert_array_equal(
        regions["voxels"], np.bincount(label, minlength=4)[1:]
    )
    for gene, desc in (("HLA-DRA", "HLADRA"), ("APOE", "APOE")):
        volume = np.asarray(nib.load(maps(done)[desc]).dataobj)[mask]
        drawn = [volume[label == row].mean() for row in (1, 2)]
        np.testing.assert_allclose(mean[gene].iloc[:2], drawn, atol=1e-4)
        assert np.isnan(mean[gene].iloc[2]) and np.isnan(sd[gene].iloc[2])
        assert (sd[gene].iloc[:2] > 0).all()
    assert set(held_out["gene"]) <= {"HLA-DRA", "APOE"}
    parquet = pd.read_parquet(copy / "regions/boxes.parquet")
    assert parquet.index.name == "label" and parquet.columns.name == "gene_symbol"
    np.testing.assert_allclose(parquet, mean, rtol=1e-6)


def test_default_atlas_is_calibrated_and_the_same_from_python(copy, capsys):
    assert cli.main(["regions", f"--workdir={copy}"]) == 0
    assert "90 % intervals held" in capsys.readouterr().out
    mean, sd, regions, _ = tables(copy, "desikan_killiany")
    notes = load(copy / "regions/desikan_killiany.json")
    assert notes["Calibrated"] and 0.6 < notes["HeldOutCoverage"] <= 1
    model = inr_jax.load(copy)
    found = model.regions(genes="APOE", resolution_mm=3)
    np.testing.assert_allclose(found.mean["APOE"], mean["APOE"], rtol=1e-6)
    np.testing.assert_allclose(found.sd["APOE"], sd["APOE"], rtol=1e-6)
    assert found.regions["wells"].tolist() == regions["wells"].tolist()
    assert set(regions["held_out_wells"]) <= {"in", "near", "none"}


def test_without_an_evaluation_sd_is_the_ensembles_and_says_so(copy, capsys):
    (copy / "held_out.parquet").unlink()
    (copy / "summary.json").unlink()
    (copy / "scores.csv").unlink()
    assert cli.main(["regions", f"--workdir={copy}"]) == 0
    assert "not calibrated" in capsys.readouterr().out
    assert not load(copy / "regions/desikan_killiany.json")["Calibrated"]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda p: write_atlas(p / "a.nii", at_mm=(0, 0, 400)), "labels in the brain"),
        (lambda p: str(p / "absent.nii.gz"), "absent.nii.gz"),
        (lambda p: f"{write_atlas(p / 'a.nii')},{p / 'a.nii'}", "atlases of other"),
        (lambda p: " , ", "desikan_killiany or label images"),
    ],
)
def test_bad_atlases_are_refused_before_anything_is_written(
    copy, tmp_path, capsys, make, told
):
    flag = f"--config.regions.atlas={make(tmp_path)}"
    before = sorted(copy.rglob("*"))
    assert cli.main(["regions", f"--workdir={copy}", flag]) == 2
    lines = [
        line for line in capsys.readouterr().err.splitlines() if "inr-jax:" in line
    ]
    assert len(lines) == 1 and told in lines[0]
    assert sorted(copy.rglob("*")) == before


def test_a_table_for_each_image_or_none(tmp_path):
    atlas = write_atlas(tmp_path / "a.nii", table=False)
    (labels,) = atlases.read_atlases(atlas, "").values()
    assert labels.names == ("", "7", "20", "31") and labels.labels == (0, 7, 20, 31)
    with pytest.raises(inr_jax.InputError, match="a table for each of 1"):
        atlases.read_atlases(f"desikan_killiany,{atlas}", "a.csv,b.csv")


@pytest.mark.slow
@pytest.mark.parametrize("order", [("place", "structure"), ("structure", "place")])
def test_a_kept_model_still_knows_what_its_folds_predicted(done, tmp_path, order):
    folder = tmp_path / "kept"
    for name in order:
        inr_jax.load(done, model=name).save(folder)
    for name in order:
        before, kept = inr_jax.load(done, model=name), inr_jax.load(folder, model=name)
        for column, again in zip(before.held_out, kept.held_out, strict=True):
            np.testing.assert_array_equal(column, again)
    notes = inr_jax.load(folder).regions(genes="APOE", resolution_mm=3).notes
    assert notes["Calibrated"]


@pytest.mark.parametrize("name", ["inr", "abagen", "abagen-donor9861"])
def test_an_atlas_named_as_a_table_of_compare_is_refused(copy, tmp_path, capsys, name):
    flag = f"--config.regions.atlas={write_atlas(tmp_path / f'{name}.nii.gz')}"
    assert cli.main(["regions", f"--workdir={copy}", flag]) == 2
    told = capsys.readouterr().err
    assert "inr-jax compare" in told and "rename" in told


def test_labels_of_vertices_give_means_of_the_field_there(done, tmp_path, capsys):
    row = np.arange(10242, dtype=np.int32) % 4
    paths = [tmp_path / f"mine.{hemi}.label.gii" for hemi in "LR"]
    for path in paths:
        array = nib.gifti.GiftiDataArray(row, "NIFTI_INTENT_LABEL")
        nib.save(nib.gifti.GiftiImage(darrays=[array]), path)
    model = inr_jax.load(done)
    tables = model.regions(",".join(map(str, paths)), genes="APOE", resolution_mm=3)
    sides = model.on_surface(genes="APOE")
    drawn = [sides[h].mean[row == k, 0].mean() for h in "LR" for k in (1, 2, 3)]
    assert list(tables.mean.index) == [1001, 1002, 1003, 2001, 2002, 2003]
    np.testing.assert_allclose(tables.mean["APOE"], drawn, rtol=1e-4)
    assert tables.regions["vertices"].tolist() == [2561, 2560, 2560] * 2
    assert tables.notes["Calibrated"] and (tables.sd["APOE"] > 0).all()
    assert (tables.regions["wells"] > 0).all()
    nib.save(nib.gifti.GiftiImage(darrays=[_labels(5)]), paths[1])
    flag = f"--config.regions.atlas={paths[0]},{paths[1]}"
    assert cli.main(["regions", f"--workdir={done}", flag]) == 2
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert "the 10242 vertices of fsaverage5, R, found 5" in told
    assert not (done / "regions" / "mine.csv").exists()


def _labels(count):
    return nib.gifti.GiftiDataArray(np.ones(count, np.int32), "NIFTI_INTENT_LABEL")
