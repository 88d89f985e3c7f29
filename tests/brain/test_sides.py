"""Regions whose names carry a side are paired where left and right are one."""

from __future__ import annotations

import logging

import nibabel as nib
import numpy as np
import pytest
from fake_export import COLUMNS, CONTENTS, Export

from inr_jax import cli
from inr_jax.brain.atlas import read_labels, read_regions
from inr_jax.brain.atlas_tables import read_table
from inr_jax.brain.label_images import region_at
from inr_jax.brain.sides import paired, side_of
from inr_jax.brain.space import folded
from inr_jax.errors import InputError
from inr_jax.samples.ahba import wells

AFFINE = np.diag([4.0, 4, 4, 1])
AFFINE[:3, 3] = [-78, -110, -70]


@pytest.mark.parametrize(
    ("name", "plain", "side"),
    [
        ("AMY-lh", "AMY", "L"),
        ("HIP-head-m1-rh", "HIP-head-m1", "R"),
        ("Left-Accumbens-area", "Accumbens-area", "L"),
        ("ctx_rh_G_and_S_frontomargin", "ctx_G_and_S_frontomargin", "R"),
        ("L G_and_S_frontomargin", "G_and_S_frontomargin", "L"),
        ("7Networks_LH_Vis_1", "7Networks_Vis_1", "L"),
        ("Cerebelum_Crus1_R", "Cerebelum_Crus1", "R"),
        ("Amygdala (R)", "Amygdala", "R"),
        ("Brain-Stem", "Brain-Stem", ""),
        ("Rolandic operculum", "Rolandic operculum", ""),
        ("bright left", "bright", "L"),
        ("area l", "area l", ""),
        ("", "", ""),
    ],
)
def test_a_side_is_a_word_of_the_name(name, plain, side):
    assert side_of(name) == (plain, side)


def write_atlas(folder, header="id,label"):
    """Cortex and nuclei a side, the stem between, and a part of the left alone."""
    data = np.zeros((40, 46, 40), np.int16)
    data[4:16, 10:20, 10:30], data[24:36, 10:20, 10:30] = 1, 2
    data[4:16, 24:34, 10:30], data[24:36, 24:34, 10:30] = 3, 4
    data[18:22, 20:24, 4:12], data[4:8, 36:40, 10:20] = 5, 6
    nib.save(nib.Nifti1Image(data, AFFINE), folder / "sides.nii.gz")
    names = ("Left-Back", "Right-Back", "FRONT-lh", "FRONT-rh", "Stem", "Left-Tip")
    rows = [f"{n},{name}" for n, name in enumerate(names, start=1)]
    (folder / "sides.csv").write_text("\n".join([header, *rows]) + "\n")
    return folder / "sides.nii.gz", folder / "sides.csv"


def test_paired_regions_have_the_voxels_of_both_sides(tmp_path, caplog):
    files = write_atlas(tmp_path)
    plain = read_regions(*files)
    with caplog.at_level(logging.INFO, "inr_jax"):
        joined = paired(plain)
    assert joined.names == ("", "Back", "FRONT", "Stem")
    assert "1 regions of the left alone are left out" in caplog.text
    assert "Left-Tip" in caplog.text
    x_mm = plain.grid.points_mm(plain.region >= 0)
    before = np.array(plain.names)[region_at(plain, x_mm)]
    after = np.array(joined.names)[region_at(joined, x_mm)]
    truth = {"Left-Tip": "", "": "", "Stem": "Stem"}
    truth |= {f"{side}-Back": "Back" for side in ("Left", "Right")}
    truth |= {f"FRONT-{side}": "FRONT" for side in ("lh", "rh")}
    assert after.tolist() == [truth[name] for name in before]


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_index_and_name_serve_as_id_and_label(tmp_path, suffix):
    image, table = write_atlas(tmp_path, header="index,name")
    if suffix == "tsv":  # BIDS' dseg.tsv has more columns
        lines = table.read_text().splitlines()
        rows = [f"{line},n/a,#ff0000" for line in lines[1:]]
        text = "\n".join(["index,name,abbreviation,color", *rows]).replace(",", "\t")
        table = tmp_path / "sides.tsv"
        table.write_text(text)
    assert read_labels(image, table).names[1:3] == ("Left-Back", "Right-Back")


def test_a_table_of_other_columns_names_those_that_it_has(tmp_path):
    (tmp_path / "odd.csv").write_text("number,title\n1,a\n")
    with pytest.raises(InputError) as caught:
        read_table(tmp_path / "odd.csv")
    told = str(caught.value)
    assert "expected columns id, label, found no id, label (but number, title)" in told
    assert "index and name" in told


def test_the_crosswalk_of_an_atlas_with_sides_finds_the_wells_of_both(
    tmp_path, rng, capsys, caplog
):
    image, table = write_atlas(tmp_path)
    labels = paired(read_regions(image, table))
    known = wells.wells()
    at = np.array(labels.names)[region_at(labels, folded(known.x_mm))]
    rows = np.concatenate(
        [np.flatnonzero(at == name)[:40] for name in ("Back", "FRONT")]
    )
    export = Export(rng)
    export.contents = CONTENTS.format("SAMPLES")
    export.columns = [COLUMNS] + [
        f'{known.donor[n]},"H0351",{known.well[n]},74,{len(at[n])},"in {at[n]}"'
        for n in rows
    ]
    values = rng.normal(size=(5, len(rows)))
    export.expression = [
        ",".join([key, *map(str, line)])
        for key, line in zip(export.ids, values, strict=True)
    ]
    given = ["crosswalk", f"--workdir={tmp_path / 'out'}", "--config=allen_export"]
    given += [f"--config.source.path={export.folder(tmp_path / 'export')}"]
    given += ["--config.source.wells=none", "--config.anatomy.blur_mm=0"]
    given += [f"--config.anatomy.atlas={image}", f"--config.anatomy.atlas_info={table}"]
    assert cli.main(given) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    for region in ("Back", "FRONT"):
        assert " 40.0 " in lines[region] and f"in {region} 0.9" in lines[region]
    assert caplog.text.count("1 of 3 regions hold no well") == 1
    assert caplog.text.count("regions are structures by name") == 1
