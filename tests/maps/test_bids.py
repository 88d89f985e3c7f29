"""Names of maps: letters and digits, and no two the same."""

from __future__ import annotations

import pytest
from given import SHAPE, oblique

from inr_jax.brain.space import Grid
from inr_jax.errors import InputError
from inr_jax.maps import bids


def test_descs_are_letters_and_digits_and_never_collide():
    genes = ["HLA-DRA", "HLADRA", "hla-dra", "HLADRA2", "HLA.DRA", "--", "βγ", "CYP1A1"]
    descs = bids.gene_desc(genes)
    assert list(descs) == genes
    assert descs["HLADRA"] == "HLADRA" and descs["HLADRA2"] == "HLADRA2"
    assert descs["CYP1A1"] == "CYP1A1"
    assert bids.gene_desc(["HLA-DRA"]) == {"HLA-DRA": "HLADRA"}
    assert len({desc.lower() for desc in descs.values()}) == len(genes)
    assert all(desc.isascii() and desc.isalnum() for desc in descs.values())
    assert bids.gene_desc(genes[::-1]) == descs


def test_resolution_is_the_voxel_size_whatever_the_rotation():
    for sides, name in {
        (2, 2, 2): "2mm",
        (1.5, 1.5, 1.5): "1p5mm",
        (2, 2, 3): "2x2x3mm",
        (1, 1.25, 10): "1x1p25x10mm",
    }.items():
        assert bids.resolution_name(Grid(SHAPE, oblique(0.4, sides))) == name


def test_map_names_follow_the_template_and_refuse_paths():
    name = bids.map_name("HLADRA", "MNI152", "2mm")
    assert name == "source-inrjax_desc-HLADRA_space-MNI152_res-2mm_feature"
    assert bids.map_name("A", "B", "2mm", "std").endswith("_std")
    for space in ("../up", "", "a_b"):
        with pytest.raises(InputError, match="letters and digits"):
            bids.map_name("A", space, "2mm")
